/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "hand/cause.h"

#include <sys/wait.h>

#include <stdio.h>
#include <string.h>

const char cause_late[] = "timeout", cause_stalled[] = "stall";

const char *
cause_status(struct cause *cause, int status)
{
	if (WIFSIGNALED(status))
		(void)snprintf(cause->text, sizeof(cause->text), "signal=%d", WTERMSIG(status));
	else
		(void)snprintf(cause->text, sizeof(cause->text), "status=%d", WEXITSTATUS(status));
	return cause->text;
}

const char *
cause_answer(struct cause *cause, const struct answer *answer)
{
	static const char name[] = "answer=";
	const size_t begin = sizeof(name) - 1;

	memcpy(cause->text, name, sizeof(name));
	(void)visible_write(cause->text + begin, sizeof(cause->text) - begin, answer->text, answer->length, false);
	return cause->text;
}
