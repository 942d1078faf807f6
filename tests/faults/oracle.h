/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle: what oracle.c and whose.c have in common. */
#ifndef WEIR_TEST_ORACLE_H
#define WEIR_TEST_ORACLE_H

#include "run.h"

#define TOP_MOST 100

/* What a report says. */
struct figures {
	struct tally in, out, dropped, by[REASONS], kept[KEEPS_MOST], unsaved, marks, held, undelivered;
	uint64_t added_bytes;
	uint64_t capacity, peak_bytes, peak_records, unread, latency_most_ns;
	struct {
		unsigned key;
		uint64_t records, error;
	} top[TOP_MOST];
	unsigned tops;
	bool unread_known, final;
	int status;
	char reason[32];
};

/* A record that the gates let in, and what became of it. */
struct fate {
	size_t start, length;
	bool out;
	size_t at; /* in the output */
};

struct match {
	struct fate *fates;
	size_t count;
	uint64_t records; /* whole ones in the output, */
	size_t part;      /* and how many bytes of one that is not */
	bool gap;         /* one was left out before one that came out */
};

/* What is wrong, from then on. */
const char *complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of any report: what was too old, or fresh enough. */
const char *whose_report(const struct plan *plan, const struct figures *f);

/* Of a run: says is what gates_judge said, out is the output without marks. */
const char *whose_judge(const struct plan *plan, const struct stream *stream, const unsigned char *says,
    const struct outcome *outcome, const struct text *out, const struct figures *f);

#endif
