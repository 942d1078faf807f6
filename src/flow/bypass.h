/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass: bytes that go from pipe to pipe, and do not pass through the buffer.
 *
 * Only of a stream, and only while nothing is held: whoever moves bytes sees to that.  Where records are counted by
 * their delimiters the bytes are looked at before, by a copy of what the input holds; that pays only while
 * much comes at once, so that little of it turns the bypass off (`bulk`) and a read that brings much turns it
 * on.  A full output is waited for a while before the buffer is put to use: as long as it makes room soon, copying
 * bytes into memory only costs time.
 *
 * Once much has gone by, the pipes at both ends are made larger, where that has been asked for: it is whoever moves so
 * much who is worth the memory.
 *
 * Counts what it moves, in and out.  Does not read into the queue, and does not wait itself.
 */
#ifndef WEIR_BYPASS_H
#define WEIR_BYPASS_H

#include "base/ledger.h"
#include "flow/intake.h"
#include "hold/queue.h"
#include "os/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bypass {
	bool able;              /* until the kernel says no, */
	bool bulk;              /* and enough comes at once */
	char *look_room;        /* malloc'd, or NULL before the first look */
	const char *looked;     /* in there: bytes that the input pipe still holds, */
	size_t looked_length;   /* and how many they are */
	uint64_t hold_until_ns; /* until then a full output is waited for; or 0 */
	size_t grow_to;         /* once much has gone by the pipes are to be of this capacity; 0: they stay as they are */
	uint64_t small_bytes;   /* what has gone by until then */
};

/* Where the bytes go by; none is owned. */
struct bypass_road {
	struct io_port *input;
	struct io_port *output;
	struct intake *intake;
	struct queue *queue;
	struct ledger *ledger;
};

/* How moving them ended. */
enum bypass_state {
	BYPASS_MORE,  /* it is another's turn: as much has gone as may, or it does not pay, or cannot be done */
	BYPASS_DRY,   /* nothing is there to read */
	BYPASS_FULL,  /* the output takes nothing: it is waited for from the first time on */
	BYPASS_ENDED, /* the input has ended */
	BYPASS_GONE,  /* the reader has gone */
};

/* able: the ports can do it, and all is a stream.  looking: records are counted by their delimiters. */
void bypass_init(struct bypass *bypass, bool able, bool looking);
void bypass_free(struct bypass *bypass);

/* Once 64 MiB have gone by both pipes are made as large as this, in bytes, once. */
void bypass_grow(struct bypass *bypass, size_t bytes);

/* From now on they can, or not.  What is waited for is waited for no more. */
void bypass_allow(struct bypass *bypass, bool able);

/* Whether it pays now. */
bool bypass_is_open(const struct bypass *bypass);

/* Moves bytes until an obstacle, or until at least budget bytes have gone. */
enum bypass_state bypass_move(struct bypass *bypass, const struct bypass_road *road, size_t budget, uint64_t now_ns);

/* The input was read instead, and that brought `done` bytes, or its end: what was looked at is there no more. */
void bypass_was_read(struct bypass *bypass, size_t done);

/* Of what comes, not a byte of the next record: how much of it to read, up to an end that can be seen, or
 * byte by byte.  At least 1. */
size_t bypass_rest_of_record(struct bypass *bypass, struct io_port *input, const struct intake *intake);

/* Whether a full output is waited for; until when, or UINT64_MAX; whether for long enough, by now. */
bool bypass_is_holding(const struct bypass *bypass);
uint64_t bypass_due_ns(const struct bypass *bypass);
bool bypass_has_held(const struct bypass *bypass, uint64_t now_ns);

/* It is waited for no more. */
void bypass_let_go(struct bypass *bypass);

#endif
