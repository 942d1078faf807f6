/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/staging.h"

#include <stdlib.h>
#include <string.h>

/* Any two neighbours have more than a unit, or one of them is longer or in use: so this many batches are
 * enough, unless a unit is less than this. */
#define UNIT_LEAST ((size_t)512)
#define BATCHES_BESIDE 8
#define BATCHES_MOST ((size_t)8192)

/* What is committed without asking for room again: what was put aside, a part, and its end. */
#define BATCHES_LEFT 3

int
staging_init(struct staging *staging, size_t room, size_t unit)
{
	size_t most = 2 * (room / (unit < UNIT_LEAST ? UNIT_LEAST : unit)) + BATCHES_BESIDE;

	if (most > BATCHES_MOST)
		most = BATCHES_MOST;
	*staging = (struct staging){ .most = most, .unit = unit };
	staging->batches = calloc(most, sizeof(*staging->batches));
	if (staging->batches == NULL || ring_init(&staging->ring, room) < 0) {
		staging_free(staging);
		return -1;
	}
	return 0;
}

void
staging_free(struct staging *staging)
{
	ring_free(&staging->ring);
	free(staging->batches);
	staging->batches = NULL;
}

size_t
staging_room(const struct staging *staging)
{
	return staging->in - staging->out < staging->most - BATCHES_LEFT ? ring_room(&staging->ring) : 0;
}

void
staging_put(struct staging *staging, const char *bytes, size_t length)
{
	struct iovec piece[2];
	int pieces = ring_prepare(&staging->ring, length, piece);

	for (int i = 0; i < pieces; i++) {
		memcpy(piece[i].iov_base, bytes, piece[i].iov_len);
		bytes += piece[i].iov_len;
	}
	ring_commit(&staging->ring, length);
	staging->loose += length;
}

void
staging_retract(struct staging *staging)
{
	ring_retract(&staging->ring, staging->loose);
	staging->loose = 0;
}

static struct batch *
batch_at(const struct staging *staging, uint64_t number)
{
	return &staging->batches[number % staging->most];
}

/* Whole records go together, and so do parts of the same record. */
static bool
belongs_to(const struct batch *batch, const struct batch *last, size_t unit)
{
	bool both_whole = !last->continues && !last->open && !batch->continues && !batch->open;
	bool same_record = last->open && batch->continues;

	return (both_whole || same_record) && last->owed == 0 && last->length + batch->length <= unit;
}

void
staging_commit(struct staging *staging, struct batch batch)
{
	struct batch *last = batch_at(staging, staging->in - 1);

	batch.length = staging->loose;
	staging->loose = 0;
	if (staging->in - staging->out > staging->taken && belongs_to(&batch, last, staging->unit)) {
		last->length += batch.length;
		last->records += batch.records;
		last->payload += batch.payload;
		last->open = batch.open;
		last->owed = batch.owed;
		return;
	}
	*batch_at(staging, staging->in++) = batch;
}

bool
staging_take(struct staging *staging, struct batch *batch, struct iovec piece[2], int *pieces)
{
	if (staging->in == staging->out)
		return false;
	*batch = *batch_at(staging, staging->out);
	*pieces = ring_peek(&staging->ring, 0, batch->length, piece);
	staging->taken = true;
	return true;
}

void
staging_consume(struct staging *staging)
{
	ring_consume(&staging->ring, batch_at(staging, staging->out++)->length);
	staging->taken = false;
}

void
staging_check(const struct staging *staging)
{
	size_t sum = staging->loose;

	ring_check(&staging->ring);
	if (staging->in - staging->out > staging->most)
		abort();
	for (uint64_t i = staging->out; i != staging->in; i++)
		sum += batch_at(staging, i)->length;
	if (sum != ring_used(&staging->ring))
		abort();
}
