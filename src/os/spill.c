/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two staging areas, so that a record that comes in parts and the whole records dropped meanwhile do not
 * end up in one another:
 *
 *                    a record in parts            other records
 *      usually       side, until it is whole      through
 *      too long      through                      side, until its end
 *
 * A worker writes what is in `through`.  What is in `side` follows at the end of the record in parts.
 *
 * The worker is called when there is something to write and it is not at that: `working`, which is behind the same
 * lock as what it works on, so that none is called in vain, and none who has just seen that nothing is left is taken
 * for one who will see what comes.
 *
 * The lock is held for a copy, never for a call that could wait.
 */
#include "config.h"

#include "base/units.h"
#include "os/loop.h"
#include "os/scribe.h"
#include "os/spill.h"
#include "os/staging.h"
#include "os/tail.h"
#include "os/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a worker that was told to end may take for it, unless a write keeps it. */
#define GRACE_NS NS_PER_S

/* An area is at least so many units. */
#define UNITS_LEAST 4

/* A stream of records from one side. */
struct lane {
	struct staging *to; /* of the open record */
	uint64_t length;    /* bytes of the open record, 0 where there is none */
	uint64_t loose;     /* those of them that are staged and not committed */
	bool begun;         /* part of it has been committed */
	bool lost;          /* no room was found for it */
	struct tail tail;   /* of it, where only who drops it may know that it has ended */
};

struct spill {
	struct framing framing;
	bool with_reason;
	struct worker *worker; /* NULL where there is none, yet or any more */
	struct scribe scribe; /* the worker's while that is working */

	pthread_mutex_t lock; /* of all that follows */
	struct staging through, side;
	struct lane lane[2];  /* by enum spill_from */
	bool passing;         /* the record that comes in parts goes through */
	bool working;         /* the worker has been called, and has not seen yet that nothing is left */
	bool closing;         /* nothing more will come, */
	bool over;            /* and what is staged is not to be written any more */
	bool closed;          /* the scribe is */
	bool left_behind;     /* the worker does not come back from a write */
	struct tally unsaved;
	int error;            /* to be told, */
	bool told;            /* which it has been */
};

/* --- staging: the lock is held -------------------------------------------------------------------- */

static void
lose(struct spill *spill, uint64_t records, uint64_t bytes)
{
	ledger_count(&spill->unsaved, records, bytes);
}

/* The oldest batch of the side, if there is one, goes through; or is lost. */
static bool
move_batch(struct spill *spill)
{
	struct batch batch;
	struct iovec piece[2];
	int pieces;

	if (!staging_take(&spill->side, &batch, piece, &pieces))
		return false;
	if (staging_room(&spill->through) >= batch.length) {
		for (int i = 0; i < pieces; i++)
			staging_put(&spill->through, piece[i].iov_base, piece[i].iov_len);
		staging_commit(&spill->through, batch);
	} else {
		lose(spill, batch.records, batch.payload);
	}
	staging_consume(&spill->side);
	return true;
}

static void
commit(struct lane *lane, const struct batch *end)
{
	staging_commit(lane->to, (struct batch){
		.records = end->records,
		.payload = lane->loose,
		.continues = lane->begun,
		.open = end->open,
		.owed = end->owed,
	});
	lane->loose = 0;
	lane->begun = true;
}

/* No record is in the way of others any more. */
static void
stop_passing(struct spill *spill)
{
	spill->passing = false;
	while (move_batch(spill))
		continue;
}

/* The open record of intake is too long to wait at the side. */
static void
pass_through(struct spill *spill)
{
	struct lane *lane = &spill->lane[SPILL_INTAKE];

	if (lane->to->loose > 0) {
		commit(lane, &(struct batch){ .open = true });
		(void)move_batch(spill);
	}
	lane->to = &spill->through;
	spill->passing = true;
}

/* No room for the open record: the rest of it is lost as it comes. */
static void
lose_record(struct spill *spill, struct lane *lane)
{
	staging_retract(lane->to);
	lose(spill, 0, lane->loose);
	lane->loose = 0;
	lane->lost = true;
	if (lane == &spill->lane[SPILL_INTAKE])
		stop_passing(spill);
}

static void
put(struct spill *spill, struct lane *lane, const char *bytes, size_t length)
{
	bool waits = lane == &spill->lane[SPILL_INTAKE] && lane->to == &spill->side;

	if (!lane->lost && staging_room(lane->to) < length) {
		if (waits && staging_room(&spill->through) >= lane->to->loose + length)
			pass_through(spill);
		else
			lose_record(spill, lane);
	}
	if (!lane->lost)
		staging_put(lane->to, bytes, length);
}

static void
begin_record(struct spill *spill, enum spill_from from, const char *why, bool is_whole)
{
	struct lane *lane = &spill->lane[from];
	bool at_side = from == SPILL_QUEUE ? spill->passing : !is_whole;

	*lane = (struct lane){ .to = at_side ? &spill->side : &spill->through };
	if (!spill->with_reason)
		return;
	put(spill, lane, why, strlen(why));
	put(spill, lane, "\t", 1);
}

static void
end_record(struct spill *spill, struct lane *lane, uint64_t owed)
{
	if (lane->lost)
		lose(spill, 1, 0);
	else
		commit(lane, &(struct batch){ .records = 1, .owed = owed });
	lane->length = 0;
	if (lane == &spill->lane[SPILL_INTAKE])
		stop_passing(spill);
}

/* One record, as far as it is here; returns how far. */
static size_t
add_part(struct spill *spill, enum spill_from from, const char *why, const char *piece, size_t length)
{
	struct lane *lane = &spill->lane[from];
	size_t end = record_first(&spill->framing, lane->length, piece, length);
	size_t done = end > 0 ? end : length;

	if (lane->length == 0)
		begin_record(spill, from, why, end > 0);
	put(spill, lane, piece, done);
	lane->length += done;
	if (framing_noted(&spill->framing))
		tail_add(&lane->tail, piece, done);
	if (lane->lost)
		lose(spill, 0, done);
	else
		lane->loose += done;
	if (end > 0)
		end_record(spill, lane, 0);
	else if (!lane->lost && lane == &spill->lane[SPILL_INTAKE] && spill->passing)
		commit(lane, &(struct batch){ .open = true });
	return done;
}

/* Whole records, as many as go into a batch; where there is no room for one, all that are here are lost.
 * Returns how far that is, 0 where they have to be looked at one by one. */
static size_t
add_whole(struct spill *spill, enum spill_from from, const char *piece, size_t length)
{
	struct staging *to = from == SPILL_QUEUE && spill->passing ? &spill->side : &spill->through;
	const struct framing *framing = &spill->framing;
	bool full = staging_room(to) < to->unit;
	size_t end;

	if (spill->with_reason && !full)
		return 0;
	end = record_last(framing, 0, piece, full || length < to->unit ? length : to->unit);
	if (end == 0)
		return 0;
	if (full) {
		lose(spill, record_count(framing, 0, piece, end), end);
		return end;
	}
	staging_put(to, piece, end);
	staging_commit(to, (struct batch){ .records = record_count(framing, 0, piece, end), .payload = end });
	return end;
}

static void
lose_staged(struct spill *spill, struct staging *staging)
{
	struct batch batch;
	struct iovec piece[2];
	int pieces;

	while (staging_take(staging, &batch, piece, &pieces)) {
		lose(spill, batch.records, batch.payload);
		staging_consume(staging);
	}
}

/* --- the worker ----------------------------------------------------------------------------------- */

/* What to write next; false where there is nothing. */
static bool
take_batch(struct spill *spill, struct batch *batch, struct iovec piece[2], int *pieces)
{
	if (spill->over)
		lose_staged(spill, &spill->through);
	return staging_take(&spill->through, batch, piece, pieces);
}

static void
note(struct spill *spill, struct tally lost)
{
	lose(spill, lost.records, lost.bytes);
	spill->error = spill->scribe.error;
}

static void
close_file(struct spill *spill)
{
	struct tally lost;

	(void)pthread_mutex_unlock(&spill->lock);
	lost = scribe_close(&spill->scribe);
	(void)pthread_mutex_lock(&spill->lock);
	if (!spill->left_behind)
		note(spill, lost);
	spill->closed = true;
}

/* Its job: writes until nothing is left. */
static void
save(void *state)
{
	struct spill *spill = state;
	struct batch batch;
	struct iovec piece[2];
	struct tally lost;
	int pieces;

	(void)pthread_mutex_lock(&spill->lock);
	while (take_batch(spill, &batch, piece, &pieces)) {
		(void)pthread_mutex_unlock(&spill->lock);
		lost = scribe_write(&spill->scribe, &batch, piece, pieces);
		(void)pthread_mutex_lock(&spill->lock);
		if (spill->left_behind)
			break; /* all has been counted */
		note(spill, lost);
		staging_consume(&spill->through);
	}
	if (spill->closing)
		close_file(spill);
	spill->working = false;
	(void)pthread_mutex_unlock(&spill->lock);
}

/* Has it do its job if it is not at that.  The lock is held. */
static void
set_to_work(struct spill *spill)
{
	if (!spill->working)
		spill->working = worker_call(spill->worker);
}

static void
write_staged(struct spill *spill)
{
	if (spill->through.in != spill->through.out)
		set_to_work(spill);
}

/* --- the pump's side ------------------------------------------------------------------------------ */

struct spill *
spill_open(const struct framing *framing, int fd, bool with_reason, size_t room)
{
	struct spill *spill = calloc(1, sizeof(*spill));
	size_t side = room / 4, unit;

	if (spill == NULL)
		return NULL;
	spill->framing = *framing;
	spill->with_reason = with_reason;
	scribe_open(&spill->scribe, fd, framing, with_reason, -1);
	unit = scribe_unit(&spill->scribe);
	if (unit > side / UNITS_LEAST)
		unit = side / UNITS_LEAST;
	if ((errno = pthread_mutex_init(&spill->lock, NULL)) != 0 ||
	    staging_init(&spill->side, side, unit) < 0 || staging_init(&spill->through, room - side, unit) < 0) {
		int error = errno;
		spill_free(spill);
		errno = error;
		return NULL;
	}
	return spill;
}

int
spill_start(struct spill *spill)
{
	spill->worker = worker_start(save, spill);
	if (spill->worker == NULL)
		return errno;
	(void)pthread_mutex_lock(&spill->lock);
	spill->scribe.call = worker_hurry_fd(spill->worker);
	write_staged(spill);
	(void)pthread_mutex_unlock(&spill->lock);
	return 0;
}

void
spill_note_ends(struct spill *spill, struct ends *ends)
{
	if (spill != NULL)
		spill->framing.ends = ends;
}

bool
spill_explains(const struct spill *spill)
{
	return spill->with_reason;
}

void
spill_add(struct spill *spill, enum spill_from from, const char *why, const char *piece, size_t length)
{
	(void)pthread_mutex_lock(&spill->lock);
	while (length > 0) {
		size_t done = 0;

		if (spill->lane[from].length == 0)
			done = add_whole(spill, from, piece, length);
		if (done == 0)
			done = add_part(spill, from, why, piece, length);
		piece += done;
		length -= done;
	}
	write_staged(spill);
#ifdef WEIR_DEBUG
	staging_check(&spill->through);
	staging_check(&spill->side);
#endif
	(void)pthread_mutex_unlock(&spill->lock);
}

void
spill_end(struct spill *spill, enum spill_from from)
{
	struct lane *lane = &spill->lane[from];

	(void)pthread_mutex_lock(&spill->lock);
	if (lane->length > 0)
		end_record(spill, lane, framing_noted(&spill->framing) && tail_is_end(&lane->tail, &spill->framing, lane->length) ? 0
		    : scribe_owed(&spill->framing, lane->length));
	write_staged(spill);
	(void)pthread_mutex_unlock(&spill->lock);
}

void
spill_miss(struct spill *spill, struct tally missed)
{
	(void)pthread_mutex_lock(&spill->lock);
	lose(spill, missed.records, missed.bytes);
	(void)pthread_mutex_unlock(&spill->lock);
}

struct tally
spill_unsaved(struct spill *spill)
{
	struct tally unsaved;

	(void)pthread_mutex_lock(&spill->lock);
	unsaved = spill->unsaved;
	(void)pthread_mutex_unlock(&spill->lock);
	return unsaved;
}

int
spill_take_error(struct spill *spill)
{
	int error;

	(void)pthread_mutex_lock(&spill->lock);
	error = spill->told ? 0 : spill->error;
	spill->told |= error != 0;
	(void)pthread_mutex_unlock(&spill->lock);
	return error;
}

/* What is staged is not to be written any more. */
static void
give_up(struct spill *spill)
{
	(void)pthread_mutex_lock(&spill->lock);
	spill->over = true;
	(void)pthread_mutex_unlock(&spill->lock);
	worker_hurry(spill->worker);
}

void
spill_close(struct spill *spill, uint64_t deadline_ns)
{
	struct lane *intake = &spill->lane[SPILL_INTAKE];
	bool left_behind = false;

	(void)pthread_mutex_lock(&spill->lock);
	if (intake->length > 0 && !intake->lost)
		lose_record(spill, intake); /* its end was never read */
	spill->closing = true;
	set_to_work(spill);
	(void)pthread_mutex_unlock(&spill->lock);
	if (spill->worker != NULL) {
		if (!worker_await_unless_urged(spill->worker, deadline_ns))
			give_up(spill);
		left_behind = !worker_close(spill->worker, loop_now() + GRACE_NS);
		spill->worker = NULL;
	}
	(void)pthread_mutex_lock(&spill->lock);
	spill->left_behind = left_behind; /* whatever has become of what it was writing */
	lose_staged(spill, &spill->through);
	(void)pthread_mutex_unlock(&spill->lock);
}

void
spill_free(struct spill *spill)
{
	if (spill == NULL || spill->left_behind)
		return; /* the worker may still come back to it */
	if (!spill->closed)
		(void)scribe_close(&spill->scribe);
	staging_free(&spill->through);
	staging_free(&spill->side);
	(void)pthread_mutex_destroy(&spill->lock);
	free(spill);
}
