/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * held: what is put into a queue of lines and what is in it, as text; and what was dropped, likewise.  For tests by
 * example.
 */
#ifndef WEIR_TEST_HELD_H
#define WEIR_TEST_HELD_H

#include "hold/queue.h"
#include "reads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* It is read, in as many reads as that takes. */
static inline void
held_put(struct queue *queue, const char *text)
{
	const struct framing *lines = &queue->framing;
	size_t length, all = strlen(text);

	for (size_t at = 0; at < all; at += length) {
		const char *part = text + at;

		if ((length = reads_put(queue, part, all - at)) == 0)
			abort();
		queue_append(queue, 0, length, record_count(lines, 0, part, length),
		    length - record_last(lines, 0, part, length));
	}
}

/* All that is held, with blanks between records, until the next call. */
static inline const char *
held_text(const struct queue *queue)
{
	static char text[500];
	size_t held = (size_t)queue_held(queue).bytes, at = 0;
	struct iovec piece[QUEUE_PIECES];
	int pieces = queue_peek(queue, 0, &held, piece);

	for (int i = 0; i < pieces && held > 0; at += piece[i++].iov_len)
		memcpy(text + at, piece[i].iov_base, piece[i].iov_len);
	text[at > 0 ? at - 1 : 0] = '\0';
	for (char *end = text; (end = strchr(end, '\n')) != NULL;)
		*end = ' ';
	return text;
}

/* What was dropped, as "oldest 2 newest 1", until the next call. */
static inline const char *
dropped_text(const struct ledger *ledger)
{
	static char text[200];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < REASONS; i++)
		if (ledger->dropped[i].records > 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %" PRIu64, at > 0 ? " " : "",
			    reason_name((enum reason)i), ledger->dropped[i].records);
	return text;
}

#endif
