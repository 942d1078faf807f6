/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/choose.h"
#include "ctl/exchange.h"
#include "ctl/list.h"
#include "ctl/survey.h"
#include "os/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define COLUMNS "%-8s %-24s %12s %12s %12s  %s\n"

/* Records; of bytes that are no records, bytes. */
static const char *
amount(char text[32], const struct told *told, struct tally tally)
{
	if (told->bytes)
		(void)snprintf(text, 32, "%" PRIu64 "B", tally.bytes);
	else
		(void)snprintf(text, 32, "%" PRIu64, tally.records);
	return text;
}

static void
print(const struct surveyed *one)
{
	char pid[32], in[32], out[32], held[32];

	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)one->socket.pid);
	if (one->report != NULL)
		printf(COLUMNS, pid, one->socket.name, amount(in, &one->told, one->told.in), amount(out, &one->told, one->told.out),
		    amount(held, &one->told, one->told.held), one->told.policy);
	else
		printf(COLUMNS, pid, one->socket.name, "-", "-", "-", one->failed ? exchange_error(one->error) : "no answer");
}

int
list_run(const struct asked *asked)
{
	struct survey survey;

	(void)asked;
	if (!tree_is_possible()) {
		diag_error("list: " TREE_IMPOSSIBLE);
		return CTL_BAD;
	}
	survey_begin(&survey);
	if (!survey_take_all(&survey)) {
		choose_say_no_sockets(errno);
		return CTL_BAD;
	}
	printf(COLUMNS, "PID", "NAME", "IN", "OUT", "HELD", "POLICY");
	for (size_t i = 0; i < survey.count; i++)
		print(&survey.one[i]);
	survey_end(&survey);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CTL_GOOD;
	diag_errno(errno, "standard output");
	return CTL_BAD;
}
