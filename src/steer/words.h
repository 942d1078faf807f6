/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: a line that somebody has sent, as what is asked for.
 *
 *      report                 how it stands
 *      set OPTION=VALUE...    others from now on
 *      pause, resume          nothing leaves; it does again
 *      drain                  no more comes in, what is held leaves, and the run ends
 *      purge                  what waits is dropped
 *      watch TIME             a report every TIME
 *      tap in|out [1/N]       records, as they come in or leave: one in N
 *
 * Words are split as sh splits them (POSIX 2018, XCU 2.2): blanks between them, and quotes that hold them together:
 * '...' as it stands; "..." in which \ keeps the meaning of " \ $ and ` from them; \ before any other byte.  Nothing is
 * expanded: $, * and the like are bytes like any other.
 *
 * Pure: knows what there is to ask, and does nothing of it.  What an option may be set to is cli/change's to judge.
 */
#ifndef WEIR_STEER_WORDS_H
#define WEIR_STEER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a line without its newline, words in it, and bytes of what is said of one that is wrong, with the final NUL. */
#define WORDS_LINE_MOST 8192
#define WORDS_COUNT_MOST 64
#define WORDS_ERROR_MOST 512

/* At least so long from one report to the next. */
#define WORDS_WATCH_LEAST_NS UINT64_C(10000000)

enum order_kind {
	ORDER_REPORT,
	ORDER_SET,
	ORDER_PAUSE,
	ORDER_RESUME,
	ORDER_DRAIN,
	ORDER_PURGE,
	ORDER_WATCH,
	ORDER_TAP,
};
#define ORDERS 8

/* What is asked for. */
struct order {
	enum order_kind kind;
	char *setting[WORDS_COUNT_MOST]; /* of SET: each word behind it, in the line */
	unsigned settings;
	uint64_t every_ns;               /* of WATCH: WORDS_WATCH_LEAST_NS to UNITS_TIME_MAX_NS */
	bool out;                        /* of TAP: as they leave, not as they come */
	uint64_t one_in;                 /* of TAP: 1 in so many, at least 1 */
};

/* Reads line[0..length) (length up to WORDS_LINE_MOST; there is room for a NUL behind it), which is overwritten, and then
 * belongs to *order.  A carriage return at its end is not of it.  False for one that cannot be followed: printable text in
 * `error` says why, and what is accepted. */
bool words_read(struct order *order, char *line, size_t length, char error[WORDS_ERROR_MOST]);

#endif
