/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one weir, run with a producer and a reader of the test's making, and judged.
 *
 *      plan.c     a plan from a seed: the command line, the stream, how both sides behave
 *      stream.c   the records of a plan
 *      framing.c  what of them is payload, and where they end
 *      gates.c    which of them weir has to let in
 *      rig.c      carries it out: producer and reader at once, and a watchdog
 *      oracle.c   what must hold afterwards
 *      whose.c    the same, by class, by key and by age
 *
 * What is random follows from the seed, except what the kernel decides about who runs when.
 */
#ifndef WEIR_TEST_RUN_H
#define WEIR_TEST_RUN_H

#include "base/frame.h"
#include "base/ledger.h"
#include "pick/sample.h"
#include "shim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGUMENTS_MOST 32
#define NO_DELIMITER (-1)

/* Of records of several lines: a line that begins with the first of these goes on with the one before, one that ends in the
 * second with the one behind; no other does. */
#define GOES_ON 0xfe
#define IS_CONTINUED 0xfd
#define NEVER SIZE_MAX
#define NEVER_NS UINT64_C(3600000000000) /* within a run */

/* Longer than any record that is the same by chance, and without a delimiter of any plan. */
#define MARK_BEGIN "!here was "

/* In front of a record: no other begins with a digit. */
#define WEIGHT_OPTION "--weight={n} "

/* What a record is about: its first byte is its key where that is one of the first KEYS - 1, and else the key is
 * empty; its second one says how precious it is. */
#define KEYS 65
#define KEY_OPTION "--key=/\\A([\\x00-\\x3f])/"
#define KEEP_OPTION "--keep=(?s)\\A.[\\x00-\\x%02x]"
#define KEEPS_MOST 2

enum end_kind {
	END_PIPE,
	END_FIFO,
	END_SOCKET,
	END_FILE,
	END_KINDS,
};

enum stall {
	STALL_NONE,
	STALL_PAUSES,  /* the reader rests now and then */
	STALL_FED,     /* it reads nothing until all has been written, or for a while */
	STALL_SETTLED, /* nor until weir says that it has read all; what is held then is judged as well */
};

struct plan {
	char *argument[ARGUMENTS_MOST + 1]; /* after weir's name; ends in NULL */
	int arguments;
	char text[1024]; /* what argument[] points into */
	size_t text_length;

	/* what the arguments say */
	bool drops, evicts, refuses, fails; /* when full; the least there is to do, by drop-oldest or -newest alone */
	bool rated, fail_on_drop, report_file, drains_all;
	unsigned may;    /* drop: a bit for each reason */
	int delimiter;   /* a byte, or NO_DELIMITER */
	size_t fixed;    /* with NO_DELIMITER: bytes a record; 0 for a stream of bytes, or where they are framed: */
	bool framed;     /* a length is in front of each, */
	enum frame_format format; /* in this format; of pcap the first is the file's header */
	enum { ONE_LINE, JOINED, CONTINUED } lines; /* with a delimiter: records of several */
	size_t headers;  /* so many of the first records come in and stay */
	bool settles;    /* nothing leaves before nothing has come for a while */
	bool weighed;    /* each says in front what it stands for: WEIGHT_TEMPLATE, */
	uint64_t weight_most; /* which is 1, or this */
	uint64_t buffer, max_record, max_records;
	bool marks, saves;  /* MARK_BEGIN begins a mark; what is dropped is saved in a file */
	bool metrics_file;
	uint64_t kept, of; /* the share that is sampled */
	uint64_t shed;     /* of shed: one in so many */
	enum sample_by sample_by;
	uint64_t seed;
	unsigned keeps;                  /* patterns, the most precious first, each of them of */
	unsigned keep_below[KEEPS_MOST]; /* a second byte below this; the greatest is last */
	bool keyed, by_key;              /* there is a key; rates are by key */
	bool policed;                    /* by --drop-over, */
	uint64_t police_tokens;          /* so that just so many come in; 0 where the clock decides */
	bool collapses;                  /* of equal records the first alone comes in */
	uint64_t max_age_ns;             /* 0 for none; NEVER_NS does not come */
	uint64_t target_ns;              /* of codel */
	uint64_t high_bytes, high_records;
	unsigned top_keys;

	/* the stream */
	size_t least, most, total; /* record lengths, bytes altogether */
	bool unended;              /* it is cut off anywhere, as by a producer that dies */

	/* both sides */
	enum end_kind input, output;
	bool input_nonblock, output_nonblock, pipe_ignored;
	size_t write_most, read_most;
	enum stall stall;
	unsigned usr1_one_in;   /* at each step; 0 for never */
	size_t term_at;         /* TERM when so much has been written; NEVER */
	bool term_twice;
	size_t leave_at;        /* the reader goes when it has read so much; NEVER */

	/* faults */
	enum shim_mode mode;
	uint64_t which; /* as in shim.h */
	int what;       /* 0: no shim */
};

struct stream {
	char *bytes;
	size_t length;
	size_t *ends; /* of each record: the offset behind it */
	size_t records;
	bool unended; /* the last one lacks its delimiter, or some of its bytes */
};

struct text {
	char *bytes; /* with a 0 behind them */
	size_t length, room;
};

struct outcome {
	const char *hung; /* NULL, or what it hung in */
	int status;       /* as wait(2) has it */
	uint64_t cpu_ms;
	struct text out, errors, report, saved;
	size_t fed;       /* bytes that weir's input has taken */
	bool fed_all;     /* and that was all, and the end as well */
	bool left;        /* the reader went before the end */
	bool terminated;  /* TERM was sent */
	bool settled;     /* the last report in `errors` before the reader went on is at settled_at */
	size_t settled_at;
	struct shim_counts counts;
};

/* Whether the weir under test knows regular expressions; without them there are no classes here, nor keys. */
extern bool plan_patterns;

/* Where runs keep their files: made anew, and taken away.  Sets plan_patterns. */
void rig_begin(const char *weir, const char *shim);
void rig_end(void);

/* plan_random: the rest is up to the seed.  policy is a number below PLAN_POLICIES; buffer 0 for any. */
#define PLAN_POLICIES 11
extern const char *const plan_policies[PLAN_POLICIES];
void plan_random(struct plan *plan, uint64_t seed, int policy, uint64_t buffer);
void plan_add(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The option for a pattern that matches where the second byte is below this. */
void plan_keep(struct plan *plan, unsigned below);

/* There are no records. */
bool plan_is_bytes(const struct plan *plan);

/* What is in front of a payload, at least; and at most, with what is behind it.  How long the payload may be. */
#define FRAME_MORE_MOST 25
size_t framing_put_head(const struct plan *plan, uint64_t payload, char *to);
uint64_t framing_most(const struct plan *plan);
size_t framing_tail(const struct plan *plan);

/* Of a record, or of the first part of one: its payload, without header, comma and delimiter. */
const char *framing_payload(const struct plan *plan, const char *record, size_t length, size_t *payload);

/* How much of the beginning of a record tells nothing of it yet. */
size_t framing_untold(const struct plan *plan, const char *record, size_t length);

/* The next record in what came out: up to its end, or what there is; and whether that is all of it. */
size_t piece_length(const struct plan *plan, const char *at, size_t left);
bool piece_is_whole(const struct plan *plan, const char *piece, size_t length);

void stream_make(struct stream *stream, const struct plan *plan, uint64_t seed);
void stream_free(struct stream *stream);

size_t stream_start(const struct stream *stream, size_t record);

/* Of a record, or of the part of one that came. */
struct nature {
	unsigned class; /* 0 to plan->keeps */
	unsigned key;   /* below KEYS */
};
struct nature nature_of(const struct plan *plan, const char *text, size_t length);

/* Whether that gate looks at a record before it lets it in. */
bool plan_looks(const struct plan *plan, enum reason reason);

/* For each record LET_IN, or the reason for which it must not come in.  To be freed. */
#define LET_IN REASONS
unsigned char *gates_judge(const struct plan *plan, const struct stream *stream);

void rig_run(const struct plan *plan, const struct stream *stream, uint64_t seed,
    struct outcome *outcome);
void rig_free(struct outcome *outcome);

/* What is wrong, or NULL.  The text is valid until the next call. */
const char *oracle_judge(const struct plan *plan, const struct stream *stream,
    const struct outcome *outcome);

/* All of it as comments in TAP. */
void oracle_show(const struct plan *plan, const struct outcome *outcome);

#endif
