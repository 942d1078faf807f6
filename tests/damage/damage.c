/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * damage [FIRST LAST]: spools in a real directory, by seed, that are made, damaged, opened and emptied by the real code.
 *
 *      it never crashes, and always opens
 *      what comes was put, is whole, has its serial, and comes in order and once
 *      recovered is what comes and what is said to be missing, which is what is missing: records and bytes
 *      the next run finds what this one has left, and nothing else is missing any more
 *
 * DAMAGE_FOLDER says where; it is better in memory.  A failure says the seed, and what was done to the files.
 */
#include "config.h"

#include "damage/harm.h"
#include "damage/past.h"

#include "../unit/slots.h"
#include "../unit/tap.h"
#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <fcntl.h>
#include <unistd.h>

#define HARMS 4

/* Of a spool that was just opened: ordinals, in bytes. */
struct range {
	uint64_t first, next, hole_from, hole_to;
	uint64_t tail;  /* from here to the end all is missing, and was said to be when it was opened */
	size_t records; /* that had been put */
};

struct run {
	struct past *past;
	struct spool *spool;
	struct range range;
	bool here[PAST_MOST]; /* what came */
	size_t came_to;       /* the record behind the last that came */
	struct tally came, in, out;
	struct tally pending; /* of what came */
	bool failed;
};

static struct past past;
static struct run run;
static uint64_t seed;
static char said[400];

static void
wrong(const char *what, uint64_t one, uint64_t other)
{
	if (!run.failed)
		diag("seed %" PRIu64 " (%s): %s: %" PRIu64 ", %" PRIu64, seed, said, what, one, other);
	run.failed = true;
}

/* What was put last, and was not synced, is lost, and nobody can say so: its ordinals are given again.  Where another spool
 * begins serials are as well. */
static void
forget_lost(const struct spool *spool)
{
	const bool other = spool->figures.rebuilt || spool->next.bytes == 0;

	while (past.count > 0 && (past.record[past.count - 1].end > spool->next.bytes ||
	    (other && past.record[past.count - 1].serial >= spool_serial(spool))))
		past.count--;
}

static bool
begin_run(void)
{
	struct state state;
	const bool found = slots_read(past.folder, &state);
	const struct spool *spool = spool_open(&past.rules);

	run = (struct run){ .past = &past, .spool = (struct spool *)(uintptr_t)spool };
	if (spool == NULL) {
		wrong("it cannot be opened", 0, 0);
		return false;
	}
	forget_lost(spool);
	run.range = (struct range){ found ? state.before.bytes : spool->loaded.bytes, spool->next.bytes, state.hole_from.bytes,
		state.hole_to.bytes, spool->next.bytes - spool->figures.corrupt.bytes, past.count };
	return true;
}

/* --- what comes ------------------------------------------------------------------------------------ */

/* The serial of one of a block's records, counted from its first. */
static uint64_t
serial_of(const struct spool_next *next, uint64_t record)
{
	uint64_t serial = next->first + record;

	for (unsigned i = 0; i < next->gaps && next->gap[i].at <= record; i++)
		serial += next->gap[i].missing;
	return serial;
}

static void
take(const struct spool_next *next)
{
	uint64_t records = 0;

	for (size_t done = 0; done < next->length && !run.failed; records++) {
		struct record *record = past_find(&past, next->text + done, next->length - done);
		size_t at;

		if (record == NULL) {
			wrong("what comes was never put", next->first, next->length - done);
			return;
		}
		at = (size_t)(record - past.record);
		if (record->serial != serial_of(next, next->skipped + records))
			wrong("it has another serial", record->serial, serial_of(next, next->skipped + records));
		if (at < run.came_to || at >= run.range.records)
			wrong("it comes in another order, or twice", record->serial, run.came_to);
		run.came_to = at + 1;
		run.here[at] = true;
		ledger_count(&run.came, 1, record->length + record->unended);
		ledger_count(&run.pending, 1, record->length + record->unended);
		done += record->length;
	}
	if (!run.failed && records != next->records)
		wrong("of so many records so many come", next->records, records);
}

/* Up to so many blocks; whether that is all there is. */
static bool
drain(uint64_t blocks)
{
	struct spool_next next;

	for (; !run.failed && blocks > 0; blocks--) {
		if (!spool_next(run.spool, &next))
			return true;
		if (next.length == 0)
			continue;
		if (next.unended != (next.text[next.length - 1] != '\n'))
			wrong("it lacks its delimiter, or has it", next.unended, next.first);
		take(&next);
		if (!run.failed && !spool_loaded(run.spool, next.unended && next.of_old))
			abort();
	}
	return false;
}

static void
judge_law(void)
{
	const struct spool_figures figures = spool_figures(run.spool);
	struct tally missing = { 0, 0 };
	uint64_t ends = 0; /* delimiters that were never there, and would have been put */

	if (figures.recovered.records != run.came.records + figures.corrupt.records)
		wrong("records: recovered, come and missing", figures.recovered.records, run.came.records + figures.corrupt.records);
	if (figures.recovered.bytes != run.came.bytes + figures.corrupt.bytes)
		wrong("bytes: recovered, come and missing", figures.recovered.bytes, run.came.bytes + figures.corrupt.bytes);
	for (size_t i = 0; i < run.range.records; i++) {
		const struct record *record = &past.record[i];

		if (run.here[i] && (record->end <= run.range.first || record->end > run.range.next))
			wrong("it comes, and was settled, or is behind the end", record->serial, run.range.first);
		if (!run.here[i] && record->end > run.range.first && record->end <= run.range.next &&
		    (record->end <= run.range.hole_from || record->end > run.range.hole_to))
			ledger_count(&missing, 1, record->length), ends += record->unended;
	}
	if (figures.corrupt.records != missing.records)
		wrong("records that are missing: said, and so", figures.corrupt.records, missing.records);
	if (figures.corrupt.bytes < missing.bytes || figures.corrupt.bytes > missing.bytes + ends)
		wrong("bytes that are missing: said, and so", figures.corrupt.bytes, missing.bytes);
}

/* --- what is done ---------------------------------------------------------------------------------- */

/* Some of what came is out. */
static void
settle(uint64_t most)
{
	for (size_t i = 0; i < past.count && most > 0; i++) {
		const size_t length = past.record[i].length + past.record[i].unended;

		if (!run.here[i] || past.record[i].settled)
			continue;
		past.record[i].settled = true;
		run.pending.records--;
		run.pending.bytes -= length;
		ledger_count(&run.out, 1, length);
		most--;
	}
	spool_settle(run.spool, run.pending, 0);
	past.now_ns += NS_PER_MS;
	spool_look(run.spool, past.now_ns);
	spool_step(run.spool, past.now_ns);
}

/* Some is taken, some of that is out, some comes in; the end, or none.  What is kept then, by the law. */
static struct tally
work(void)
{
	struct spool_figures figures;
	const bool ends = random_one_in(&past.chance, 2);

	for (uint64_t i = random_below(&past.chance, 30); i > 0 && !run.failed; i--) {
		const size_t before = past.count;

		if (random_one_in(&past.chance, 2))
			(void)drain(random_from(&past.chance, 1, 6));
		else if (past_put(&past, run.spool, false, false))
			for (size_t k = before; k < past.count; k++)
				ledger_count(&run.in, 1, past.record[k].length);
		settle(random_below(&past.chance, 60));
		run.range.records = past.count; /* what was put just now comes as well */
	}
	if (ends && !run.failed && spool_end(run.spool, loop_now() + NS_PER_S) != 0)
		wrong("it does not end", 0, 0);
	figures = spool_figures(run.spool);
	spool_free(run.spool);
	run.spool = NULL;
	return spool_less(spool_sum(figures.recovered, run.in), spool_sum(run.out, figures.corrupt));
}

/* All there is. */
static void
empty(void)
{
	while (!run.failed && !drain(1000))
		settle(random_below(&past.chance, 60));
	settle(UINT64_MAX);
	if (!run.failed && !spool_is_level(run.spool))
		wrong("it is not empty", run.spool->ahead.bytes, run.spool->next.bytes - run.spool->loaded.bytes);
	judge_law();
}

static void
end_run(void)
{
	spool_free(run.spool);
	run.spool = NULL;
}

/* What one run says that it has kept is what the next recovers; and what is missing behind it is missing again. */
static void
compare(struct tally kept, const struct run *first)
{
	const struct spool_figures figures = spool_figures(run.spool);
	uint64_t ends = 0;

	for (size_t i = 0; i < past.count; i++) {
		const struct record *record = &past.record[i];
		const bool given_way = record->end > run.range.hole_from && record->end <= run.range.hole_to;
		const bool was_said = !first->here[i] && (i < first->came_to ||
		    (record->end > first->range.tail && record->end <= first->range.next));

		if (record->settled && record->end > run.range.first)
			wrong("what was settled would come again", record->serial, run.range.first);
		if (was_said && record->end > run.range.first && record->end <= run.range.next && !given_way)
			ledger_count(&kept, 1, record->length), ends += record->unended;
	}
	if (figures.recovered.records != kept.records)
		wrong("records: kept, and recovered", kept.records, figures.recovered.records);
	if (figures.recovered.bytes < kept.bytes || figures.recovered.bytes > kept.bytes + ends)
		wrong("bytes: kept, and recovered", kept.bytes, figures.recovered.bytes);
}

static void
go_through(void)
{
	static struct run first;

	for (size_t i = 0; i < past.count; i++)
		past.record[i].settled = false; /* what was may come again */
	if (random_one_in(&past.chance, 2) && begin_run()) {
		const struct tally kept = work();

		first = run;
		if (run.failed || !begin_run())
			return;
		compare(kept, &first);
	} else if (run.failed || !begin_run()) {
		return;
	}
	empty();
	end_run();
	if (run.failed || !begin_run())
		return;
	if (spool_figures(run.spool).recovered.bytes > 0)
		wrong("all is out, and something comes again", spool_figures(run.spool).recovered.bytes, 0);
	end_run();
}

static bool
play(void)
{
	said[0] = '\0';
	run = (struct run){ .past = &past };
	past.chance = (struct random){ seed };
	if (!past_live(&past))
		wrong("it cannot be opened, and is not damaged", 0, 0);
	for (uint64_t i = random_below(&past.chance, HARMS + 1); i > 0; i--) {
		const char *what = harm_some(&past.chance, past.folder, past.older);

		if (what != NULL)
			(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s", said[0] != '\0' ? ", " : "", what);
	}
	if (!run.failed)
		go_through();
	end_run();
	return !run.failed;
}

int
main(int argc, char *argv[])
{
	const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, last = argc > 2 ? strtoull(argv[2], NULL, 10) : 1200;
	const char *where = getenv("DAMAGE_FOLDER");
	char folder[HARM_PATH], older[HARM_PATH];
	uint64_t failures = 0;
	int quiet = open("/dev/null", O_WRONLY);

	(void)snprintf(folder, sizeof(folder), "%s/weir-damage-XXXXXX", where != NULL ? where : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	(void)snprintf(older, sizeof(older), "%s", folder);
	if (mkdtemp(folder) == NULL || mkdtemp(older) == NULL || quiet < 0)
		return 1;
	past.folder = folder;
	past.older = older;
	(void)dup2(quiet, STDERR_FILENO); /* what the spool has to say of the damage */
	for (seed = first; seed <= last && failures < 20; seed++)
		failures += !play();
	ok(failures == 0, "whatever has befallen a spool, what comes is right, and what does not is counted");
	diag("%" PRIu64 " seeds, %" PRIu64 " wrong", seed - first, failures);
	past_empty(folder);
	past_empty(older);
	(void)rmdir(folder);
	(void)rmdir(older);
	return done_testing();
}
