/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal, life by life: what each COMMAND was given, in which order, and what it said of it.
 *
 * What it said is heard in the order in which it was said: so the first answers of a life are for the first records of
 * it where answers are lines, and no answer is lost that was written before its writer died.
 */
#include "config.h"

#include "readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST 8 /* bytes of a record */

enum fate_of_life { LIVES, ENDED, SIGNALLED };

struct life {
	int32_t pid;
	uint64_t try, first, last, records;
	uint64_t previous, taken, again, again_bytes;
	uint64_t *items;   /* of what it was given: numbers, 0 for a mark */
	size_t count;
	bool *rejects;     /* for each answer */
	size_t answers, unsaid; /* those at the end may not have been said */
	uint64_t about_to_read, got, used; /* bytes */
	bool dumb, settled;
	enum fate_of_life fate;
	size_t ended_at;   /* number of the note */
	int status;
};

struct lives {
	const struct reading_plan *plan;
	struct reading_facts *facts;
	const struct note *notes;
	size_t count;
	struct life *lives;
	size_t lives_count, live, live_most;
	uint64_t excused; /* records that may have been read */
	const char *wrong;
};

static void
wrong(struct lives *lives, const char *why)
{
	static char first[1024]; /* readers_wrong writes over what it wrote before */

	if (lives->wrong != NULL)
		return;
	(void)snprintf(first, sizeof(first), "%s", why);
	lives->wrong = first;
}

static bool
is_known(const struct lives *lives, uint64_t number)
{
	return number >= 1 && number <= lives->facts->count;
}

static struct record_fate *
fate(const struct lives *lives, uint64_t number)
{
	return &lives->facts->fates[number];
}

static struct life *
find(struct lives *lives, int32_t pid)
{
	for (size_t i = lives->lives_count; i > 0; i--)
		if (lives->lives[i - 1].pid == pid)
			return &lives->lives[i - 1];
	return NULL;
}

/* --- what was said ------------------------------------------------------------------------------- */

/* No answer went astray, and none was for something else than it says. */
static bool
is_exact(const struct lives *lives)
{
	return (lives->plan->habits & HABIT_TWICE) == 0 || lives->plan->reading != BY_LINE;
}

static void
confirm(struct lives *lives, uint64_t number, bool sure)
{
	if (!is_known(lives, number))
		return;
	fate(lives, number)->maybe = true;
	fate(lives, number)->sure |= sure;
}

/* By line: which records these answers were for. */
static void
settle_lines(struct lives *lives, struct life *life)
{
	const bool exact = is_exact(lives) && !life->dumb;
	uint64_t beyond = life->previous;
	size_t i = 0;

	for (; i < life->count && i < life->answers; i++) {
		const bool sure = exact && i < life->answers - life->unsaid;

		if (life->items[i] == 0)
			continue;
		if (!sure || !life->rejects[i])
			confirm(lives, life->items[i], sure);
		if (!sure || life->rejects[i])
			fate(lives, life->items[i])->refused = true;
	}
	/* What had been handed over, and not read yet. */
	if (life->previous == 0)
		beyond = life->first > 0 ? life->first - 1 : 0;
	for (; i < life->answers && is_known(lives, beyond + 1); beyond++) {
		confirm(lives, beyond + 1, false);
		fate(lives, beyond + 1)->refused = true;
		i += !fate(lives, beyond + 1)->dead;
	}
}

/* The range of a batch, all of it. */
static void
settle_batch(struct lives *lives, const struct life *life)
{
	const struct reading_plan *plan = lives->plan;
	const bool failed = life->fate != ENDED || (life->status != 0 && life->status != 65);

	for (uint64_t n = life->first; n > 0 && n <= life->last && is_known(lives, n); n++) {
		if (life->fate == ENDED && life->status == 0 && !fate(lives, n)->dead)
			confirm(lives, n, !plan->timed && plan->victim == NOBODY);
		if (life->fate == ENDED && life->status == 65)
			fate(lives, n)->refused = true;
		if ((failed || plan->timed) && life->try > plan->retries)
			fate(lives, n)->refused = true;
	}
}

/* Before the next one begins, or at the end. */
static void
settle(struct lives *lives, struct life *life)
{
	const struct reading_plan *plan = lives->plan;

	if (life->settled)
		return;
	life->settled = true;
	if (plan->reading == BY_LINE)
		settle_lines(lives, life);
	if (plan->reading == BY_BATCH)
		settle_batch(lives, life);
	else
		lives->facts->deaths++;
	/* What it has read, or was about to, and did not come to tell of. */
	lives->excused += (life->about_to_read + life->got - life->used) / SHORTEST;
	lives->facts->slack += (life->about_to_read + life->got - life->used) / SHORTEST;
	if (plan->reading == BY_BATCH || plan->reading == BY_WRITTEN)
		return;
	if (plan->window_records != UINT64_MAX && plan->reading != BY_READ && life->again > plan->window_records)
		wrong(lives, readers_wrong("%" PRIu64 " records came twice in try %" PRIu64, life->again, life->try));
	if (plan->window_bytes != UINT64_MAX && life->again_bytes > plan->window_bytes + plan->most + 1)
		wrong(lives, readers_wrong("%" PRIu64 " bytes came twice in try %" PRIu64, life->again_bytes, life->try));
}

/* --- notes ---------------------------------------------------------------------------------------- */

static void
begin_life(struct lives *lives, const struct note *note)
{
	struct life *life;

	if (lives->plan->reading != BY_BATCH && lives->lives_count > 0) {
		settle(lives, &lives->lives[lives->lives_count - 1]);
		if (lives->plan->permille == 0 && lives->plan->victim == NOBODY && !lives->plan->timed && !lives->plan->stalls && note->number != lives->lives[lives->lives_count - 1].try + 1)
			wrong(lives, readers_wrong("try %" PRIu64 " follows %" PRIu64, note->number,
			    lives->lives[lives->lives_count - 1].try));
	}
	life = &lives->lives[lives->lives_count++];
	*life = (struct life){ .pid = note->pid, .try = note->number, .first = note->more };
	life->items = malloc((lives->count + 1) * sizeof(*life->items));
	life->rejects = malloc((lives->count + 1) * sizeof(*life->rejects));
	if (life->items == NULL || life->rejects == NULL)
		abort();
	lives->facts->lives++;
	if (++lives->live > lives->live_most)
		lives->live_most = lives->live;
}

static void
begin_batch(struct lives *lives, struct life *life, const struct note *note)
{
	const struct life *before = NULL;
	uint64_t wanted;

	life->last = note->number;
	life->records = note->more;
	for (size_t i = lives->lives_count - 1; i > 0 && before == NULL; i--)
		if (lives->lives[i - 1].first == life->first && lives->lives[i - 1].last == life->last)
			before = &lives->lives[i - 1];
	wanted = before != NULL ? before->try + 1 : 1;
	if (life->try != wanted && life->first > 0 && lives->plan->error == 0 && lives->plan->victim == NOBODY && !lives->plan->timed)
		wrong(lives, readers_wrong("batch %" PRIu64 " to %" PRIu64 ": try %" PRIu64 " and not %" PRIu64, life->first,
		    life->last, life->try, wanted));
	if (before != NULL && lives->plan->victim == NOBODY && before->fate == ENDED && (before->status == 0 || before->status == 65) &&
	    !lives->plan->timed && life->first > 0)
		wrong(lives, readers_wrong("batch %" PRIu64 " to %" PRIu64 " was run again after status %d", life->first,
		    life->last, before->status));
	for (uint64_t n = life->first; n > 0 && n <= life->last && is_known(lives, n); n++)
		fate(lives, n)->given++;
	if (life->records > lives->plan->batch_records)
		wrong(lives, readers_wrong("a batch of %" PRIu64 " records", life->records));
}

/* What is missing between this one and the one before. */
static void
look_at_gap(struct lives *lives, struct life *life, uint64_t number)
{
	const enum reading reading = lives->plan->reading;
	uint64_t from = life->taken > 0 ? life->previous + 1 : reading == BY_BATCH ? life->first : 1;
	uint64_t *excused = &lives->excused;

	if (life->taken == 0 && reading == BY_WRITTEN)
		return;
	for (uint64_t n = from; n < number; n++) {
		if (fate(lives, n)->dead || fate(lives, n)->maybe)
			continue;
		if (reading == BY_READ && *excused > 0) {
			--*excused;
			fate(lives, n)->maybe = true;
			continue;
		}
		if (lives->facts->skipped++ == 0)
			lives->facts->slain = n;
	}
}

static void
take(struct lives *lives, struct life *life, const struct note *note)
{
	const uint64_t number = note->number;
	struct record_fate *its = fate(lives, number);
	const bool batch = lives->plan->reading == BY_BATCH;

	if (!is_known(lives, number) || (batch && (number < life->first || number > life->last))) {
		wrong(lives, readers_wrong("record %" PRIu64 " in a batch of %" PRIu64 " to %" PRIu64, number, life->first,
		    life->last));
		return;
	}
	if (number <= life->previous)
		wrong(lives, readers_wrong("record %" PRIu64 " behind %" PRIu64, number, life->previous));
	if (its->sure)
		wrong(lives, readers_wrong("record %" PRIu64 " was handed over again, though it was confirmed", number));
	look_at_gap(lives, life, number);
	if (its->taken++ > 0) {
		life->again++;
		life->again_bytes += note->more;
		lives->facts->again++;
	}
	life->items[life->count++] = number;
	life->previous = number;
	life->taken++;
	life->used += note->more;
	lives->facts->taken++;
	if (lives->plan->reading == BY_READ || lives->plan->reading == BY_WRITTEN)
		confirm(lives, number, lives->plan->reading == BY_READ);
}

static void
answer(struct lives *lives, struct life *life, const struct note *note)
{
	life->rejects[life->answers++] = note->kind == NOTE_NO;
	life->unsaid++;
	if (lives->plan->reading == BY_NUMBER && note->kind == NOTE_YES)
		confirm(lives, note->number, false);
	if (lives->plan->reading == BY_UPTO && note->kind == NOTE_UPTO)
		for (uint64_t n = 1; n <= note->number; n++)
			confirm(lives, n, false);
	if (lives->plan->reading != BY_LINE && note->kind == NOTE_NO && is_known(lives, note->number))
		fate(lives, note->number)->refused = true;
}

/* What has been said by number is certain: of what it has taken, and not rejected. */
static void
said(struct lives *lives, struct life *life)
{
	life->unsaid = 0;
	if (life->dumb || (lives->plan->reading != BY_NUMBER && lives->plan->reading != BY_UPTO))
		return;
	for (size_t i = 0; i < life->count; i++)
		if (life->items[i] != 0 && fate(lives, life->items[i])->maybe && !fate(lives, life->items[i])->refused)
			confirm(lives, life->items[i], true);
}

static void
end_input(struct lives *lives, const struct life *life)
{
	if (lives->plan->reading != BY_BATCH || life->taken == life->records)
		return;
	wrong(lives, readers_wrong("a batch of %" PRIu64 " records, %" PRIu64 " to %" PRIu64 ", has %" PRIu64, life->records,
	    life->first, life->last, life->taken));
}

static void
part(struct lives *lives, const struct life *life, const struct note *note)
{
	/* The rest of a record that the one before had the beginning of. */
	if (lives->plan->reading == BY_WRITTEN && life->count == 0 && life->try > 1)
		return;
	wrong(lives, readers_wrong("a record is torn, perhaps %" PRIu64 ", of %" PRIu64 " bytes, behind %" PRIu64, note->number,
	    note->more, life->previous));
}

static void
end(struct lives *lives, struct life *life, const struct note *note)
{
	life->ended_at = (size_t)(note - lives->notes);
	life->fate = note->kind == NOTE_END ? ENDED : SIGNALLED;
	life->status = (int)note->number + (life->fate == SIGNALLED ? 128 : 0);
	lives->live--;
	if (lives->plan->reading == BY_BATCH)
		settle(lives, life);
}

static void
heed(struct lives *lives, const struct note *note)
{
	struct life *life = find(lives, note->pid);

	if (note->kind != NOTE_START && life == NULL) /* who only holds pipes */
		return;
	switch ((enum note_kind)note->kind) {
	case NOTE_START:
		begin_life(lives, note);
		break;
	case NOTE_BATCH:
		begin_batch(lives, life, note);
		break;
	case NOTE_READ:
		life->about_to_read = note->number;
		break;
	case NOTE_GOT:
		life->about_to_read = 0;
		life->got += note->number;
		break;
	case NOTE_TAKE:
		take(lives, life, note);
		break;
	case NOTE_MARK:
		life->items[life->count++] = 0;
		break;
	case NOTE_TORN:
		part(lives, life, note);
		break;
	case NOTE_PART:
		if (lives->plan->reading == BY_BATCH)
			part(lives, life, note);
		break;
	case NOTE_EOF:
		end_input(lives, life);
		break;
	case NOTE_YES:
	case NOTE_UPTO:
	case NOTE_NO:
		answer(lives, life, note);
		break;
	case NOTE_SAID:
		said(lives, life);
		break;
	case NOTE_DUMB:
		life->dumb = true;
		break;
	case NOTE_END:
	case NOTE_SIGNAL:
		end(lives, life, note);
		break;
	case NOTE_FALSE:
	case NOTE_HANG:
	case NOTE_DEAF:
	case NOTE_FORK:
	case NOTE_HOLDER:
	case NOTES:
		break;
	}
}

/* Where weir was killed, or the warden: who ran has come to the end of what it was given, and nobody has begun since. */
static void
look_at_ends(struct lives *lives, const struct reading_outcome *outcome)
{
	size_t late = 0;

	for (size_t i = outcome->notes_then; i < lives->count; i++)
		late += lives->notes[i].kind == NOTE_START;
	if (late > lives->plan->jobs)
		wrong(lives, readers_wrong("%zu COMMANDs have begun since", late));
	for (size_t i = 0; i < lives->lives_count; i++)
		if (lives->lives[i].fate == LIVES)
			wrong(lives, readers_wrong("try %" PRIu64 " of COMMAND did not come to its end", lives->lives[i].try));
}

static void
conclude(struct lives *lives, const struct reading_outcome *outcome)
{
	const struct life *last;

	for (size_t i = 0; i < lives->lives_count; i++)
		settle(lives, &lives->lives[i]);
	if (lives->live_most > lives->plan->jobs && !lives->plan->timed && !lives->plan->stalls && lives->plan->victim == NOBODY)
		wrong(lives, readers_wrong("%zu COMMANDs at once", lives->live_most));
	if (lives->plan->victim == KILL_WEIR && outcome->killed > 0)
		look_at_ends(lives, outcome);
	if (lives->lives_count == 0)
		return;
	last = &lives->lives[lives->lives_count - 1];
	lives->facts->last_known = last->fate != LIVES;
	lives->facts->last_status = last->status;
}

static void
release(struct life *life)
{
	free(life->items);
	free(life->rejects);
}

const char *
lives_judge(const struct reading_plan *plan, const struct reading_outcome *outcome, struct reading_facts *facts)
{
	struct lives lives = { .plan = plan, .facts = facts, .notes = (const void *)outcome->journal.bytes,
		.count = outcome->journal.length / sizeof(struct note) };
	size_t starts = 0;

	for (size_t i = 0; i < lives.count; i++)
		starts += lives.notes[i].kind == NOTE_START;
	lives.lives = calloc(starts + 1, sizeof(*lives.lives));
	if (lives.lives == NULL)
		abort();
	for (size_t i = 0; i < lives.count; i++)
		heed(&lives, &lives.notes[i]);
	conclude(&lives, outcome);
	for (size_t i = 0; i < lives.lives_count; i++)
		release(&lives.lives[i]);
	free(lives.lives);
	return lives.wrong;
}
