/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hand/credits.h"

#include <errno.h>
#include <unistd.h>

#define READS 8 /* at once, of what may have no end */

void
credits_init(struct credits *credits, int fd)
{
	*credits = (struct credits){ .fd = fd };
}

void
credits_free(struct credits *credits)
{
	if (credits->fd >= 0)
		(void)close(credits->fd);
	credits->fd = -1;
}

static uint64_t
add(uint64_t sum, uint64_t more)
{
	return more < UINT64_MAX - sum ? sum + more : UINT64_MAX;
}

/* A line ends: what it grants. */
static uint64_t
end_line(struct credits *credits)
{
	const bool good = credits->digits && !credits->other;
	const uint64_t number = good ? credits->number : 0;

	credits->ignored += !good;
	credits->number = 0;
	credits->digits = credits->other = false;
	return number;
}

static void
take(struct credits *credits, char byte)
{
	const unsigned digit = (unsigned)(byte - '0');

	if (byte == ' ' || byte == '\t' || byte == '\r')
		return;
	if (byte < '0' || byte > '9') {
		credits->other = true;
		return;
	}
	credits->digits = true;
	credits->number = credits->number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : credits->number * 10 + digit;
}

uint64_t
credits_read(struct credits *credits)
{
	uint64_t granted = 0;
	char text[4096];
	ssize_t length;
	int reads = 0;

	do {
		length = read(credits->fd, text, sizeof(text));
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return granted;
		for (ssize_t i = 0; i < length; i++) {
			if (text[i] == '\n')
				granted = add(granted, end_line(credits));
			else
				take(credits, text[i]);
		}
	} while (length == (ssize_t)sizeof(text) && ++reads < READS);
	if (length <= 0) {
		credits->over = true;
		if (credits->digits || credits->other)
			granted = add(granted, end_line(credits));
	}
	return granted;
}
