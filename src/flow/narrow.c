/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lets go besides the rate: who has halted it, that nothing more comes, a batch, credits, the window.
 */
#include "config.h"

#include "flow/toll.h"

void
toll_halt(struct toll *toll, bool on)
{
	toll->halted = on;
}

bool
toll_is_halted(const struct toll *toll)
{
	return toll->halted;
}

void
toll_settle(struct toll *toll, uint64_t settled_ns)
{
	toll->settled_ns = settled_ns;
}

bool
toll_is_settled(const struct toll *toll, uint64_t now_ns)
{
	return now_ns >= toll->settled_ns;
}

void
toll_set_flight(struct toll *toll, const struct flight *flight, const struct tally *window)
{
	toll->flight = flight;
	toll->window = *window;
}

void
toll_use_credits(struct toll *toll)
{
	toll->crediting = true;
	toll->credits = 0;
}

void
toll_grant(struct toll *toll, uint64_t records)
{
	toll->credits = records < UINT64_MAX - toll->credits ? toll->credits + records : UINT64_MAX;
}

void
toll_revoke(struct toll *toll)
{
	toll->credits = 0;
}

bool
toll_lacks_credits(const struct toll *toll)
{
	return toll->due_ns[TOLL_CREDITS] > 0;
}

bool
toll_lacks_window(const struct toll *toll)
{
	return toll->due_ns[TOLL_WINDOW] > 0;
}

void
toll_use_batches(struct toll *toll)
{
	toll->batch = (struct toll_batch){ .asked = true, .due_ns = UINT64_MAX };
}

void
toll_open_batch(struct toll *toll, const struct tally *most)
{
	toll->batch = (struct toll_batch){ .asked = true, .open = true, .records = most->records, .bytes = most->bytes };
	toll->due_ns[TOLL_BATCH] = 0; /* what was held was, for want of it */
}

void
toll_close_batch(struct toll *toll)
{
	toll_use_batches(toll);
}

void
toll_expect_batch(struct toll *toll, uint64_t due_ns)
{
	toll->batch.due_ns = due_ns;
}

bool
toll_batch_is_open(const struct toll *toll)
{
	return toll->batch.open;
}

bool
toll_batch_is_begun(const struct toll *toll)
{
	return toll->batch.begun;
}

bool
toll_batch_is_full(const struct toll *toll)
{
	return toll->batch.open && toll->due_ns[TOLL_BATCH] > 0;
}

/* --- how much may leave --------------------------------------------------------------------------- */

/* Of bytes any number may leave, of records whole ones. */
bool
toll_is_in_bytes(const struct toll *toll, enum toll_form form)
{
	return form == TOLL_STREAM || (form == TOLL_AGAIN && flight_is_bytes(toll->flight));
}

/* So much of something may go: of records those up to there, of bytes whole records, or one longer one where nothing
 * else is there.  False, and held until then, where nothing may. */
static bool
lessen(struct toll *toll, enum toll_reason reason, struct queue *queue, struct toll_ask *ask, struct tally room,
    bool empty, uint64_t due_ns)
{
	bool fits = room.records > 0 && room.bytes > 0;

	if (fits && ask->form == TOLL_WHOLE && !empty)
		fits = queue_head(queue) <= room.bytes;
	if (!fits) {
		toll->due_ns[reason] = due_ns;
		return false;
	}
	if (ask->records > room.records)
		ask->records = room.records;
	if (ask->most > room.bytes)
		ask->most = (size_t)room.bytes;
	return true;
}

static bool
batch_lets(struct toll *toll, struct queue *queue, struct toll_ask *ask)
{
	const struct toll_batch *batch = &toll->batch;

	if (batch->open) /* once it is full, no time helps it */
		return lessen(toll, TOLL_BATCH, queue, ask, (struct tally){ batch->records, batch->bytes }, !batch->begun,
		    UINT64_MAX);
	toll->due_ns[TOLL_BATCH] = batch->due_ns;
	return false;
}

static bool
window_lets(struct toll *toll, struct queue *queue, struct toll_ask *ask)
{
	const struct tally held = flight_held(toll->flight);
	const uint64_t records = held.records + flight_marks(toll->flight);
	struct tally room = {
		toll->window.records > records ? toll->window.records - records : 0,
		toll->window.bytes > held.bytes ? toll->window.bytes - held.bytes : 0,
	};
	const uint64_t left = flight_left(toll->flight);

	/* what is settled behind what is not takes up memory, though it is in flight no more */
	if (room.bytes > left)
		room.bytes = left;
	return lessen(toll, TOLL_WINDOW, queue, ask, room, held.bytes == 0, UINT64_MAX);
}

bool
toll_narrow(struct toll *toll, struct queue *queue, struct toll_ask *ask, uint64_t now_ns)
{
	const bool bytes = toll_is_in_bytes(toll, ask->form);

	if (ask->form == TOLL_REST)
		return true; /* it has been let go when it was begun */
	if (toll->halted) {
		toll->due_ns[TOLL_HALT] = UINT64_MAX;
		return false;
	}
	if (ask->form != TOLL_AGAIN && !toll_is_settled(toll, now_ns)) {
		toll->due_ns[TOLL_SETTLE] = toll->settled_ns;
		return false;
	}
	if (toll->batch.asked && !batch_lets(toll, queue, ask))
		return false;
	if (toll->crediting && !lessen(toll, TOLL_CREDITS, queue, ask, (struct tally){
	    bytes ? UINT64_MAX : toll->credits, bytes ? toll->credits : UINT64_MAX }, true, UINT64_MAX))
		return false;
	return ask->form == TOLL_AGAIN || toll->flight == NULL || window_lets(toll, queue, ask);
}

/* --- what has left -------------------------------------------------------------------------------- */

void
toll_charge(struct toll *toll, size_t done, uint64_t begun)
{
	struct toll_batch *batch = &toll->batch;

	if (toll->crediting && toll->credits != UINT64_MAX)
		toll->credits -= toll_is_in_bytes(toll, toll->form) ? done : begun;
	if (batch->open) {
		batch->records -= batch->records != UINT64_MAX ? begun : 0;
		batch->bytes -= batch->bytes == UINT64_MAX ? 0 : done < batch->bytes ? done : batch->bytes;
		batch->begun |= done > 0;
	}
}

