/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answers: what the lines of a reader say of the records that it was handed.
 *
 *      by line     each line, or each that matches a pattern, is the oldest in flight taken; "reject" is it refused
 *      by number   the first number in a line is that record taken; after "reject" it is that one refused
 *      up to       the same, but all up to that one are taken
 *
 * The word reject is at the beginning of a line, alone or with a blank behind it; then whatever else is in the line
 * takes nothing.  A line ends with \n or \r\n, where answers_end says so the last one with the end as well; NULs are bytes as others are.  Of one
 * that is longer than ANSWERS_LINE_MOST that much is looked at.
 *
 * Numbers are runs of digits.  One that is too large for 64 bits, or may go on where a line is not looked at any more,
 * is UINT64_MAX, and one behind a minus that nothing but a blank is before is 0: neither is ever in flight.
 *
 * Does not know what is in flight, reads no descriptor, and cannot fail.
 */
#ifndef WEIR_ANSWERS_H
#define WEIR_ANSWERS_H

#include "pick/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWERS_LINE_MOST ((size_t)4096)

enum answers_by {
	ANSWERS_BY_LINE,
	ANSWERS_BY_NUMBER,
	ANSWERS_UP_TO,
};

enum answer_kind {
	ANSWER_OTHER, /* it says nothing of any record, but that the reader lives */
	ANSWER_OLDEST,
	ANSWER_NUMBER,
	ANSWER_UP_TO,
	ANSWER_REJECT_OLDEST,
	ANSWER_REJECT_NUMBER,
};

struct answer {
	enum answer_kind kind;
	uint64_t number;
	const char *text; /* the line without its end, as far as it is looked at, until answers_next is called again */
	size_t length;
};

struct answers {
	enum answers_by by;
	struct pattern *pattern;
	const char *feed; /* left bytes that nothing has been looked for in */
	size_t left;
	size_t held;      /* bytes of a line that has begun, */
	bool cut;         /* and more, which are not kept */
	bool over;        /* the line ends with the feed */
	char line[ANSWERS_LINE_MOST];
};

/* The pattern, by line, stays the caller's; NULL for each line. */
void answers_init(struct answers *answers, enum answers_by by, struct pattern *pattern);

/* What has come next, in any cut.  The bytes are to stay where they are until answers_next has said that there is no
 * more. */
void answers_feed(struct answers *answers, const char *bytes, size_t length);

/* Nothing more comes, from this reader: what has come of a line is one.  The next thing fed begins another. */
void answers_end(struct answers *answers);

/* The next line.  False where there is none for now. */
bool answers_next(struct answers *answers, struct answer *answer);

#endif
