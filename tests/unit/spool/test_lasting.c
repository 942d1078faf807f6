/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a spool syncs, what waits for it, and what it does on a disk that refuses.  There is no thread here: a step is done
 * as soon as it is begun.
 */
#include "spools.h"

static struct spool *spool;
static uint64_t now_ns;

static void
begin(uint64_t most, uint64_t sync_ns)
{
	(void)names_in("", true);
	rules.most = most;
	rules.sync_ns = sync_ns;
	spool = spool_open(&rules);
	now_ns = loop_now();
}

static void
end(void)
{
	disk.read = disk.write = disk.state = disk.sync = disk.sync_names = disk.remove = 0;
	disk.room = UINT64_MAX;
	spool_free(spool);
	spool = NULL;
}

/* A pass later: syncs that are due are made, step by step. */
static void
pass(uint64_t later_ns)
{
	now_ns = (now_ns > loop_now() ? now_ns : loop_now()) + later_ns;
	for (int i = 0; i < 3; i++) {
		spool_look(spool, now_ns);
		spool_step(spool, now_ns);
	}
}

static void
test_bound(void)
{
	const uint64_t half = SPOOL_BOUND_AHEAD / 2;

	begin((uint64_t)1 << 20, 3600 * NS_PER_S);
	is(put_lines(spool, 1, 1, true), SPOOL_DONE, "serials are there");
	pass(0);
	is(spool->figures.syncs, 0, "no sync is due");
	is(put_lines(spool, half, 10, true), SPOOL_DONE, "half of them are given");
	pass(0);
	is(spool->figures.syncs, 1, "the bound is renewed long before it is reached");
	is(put_lines(spool, 4 * SPOOL_BOUND_AHEAD, 1, true), SPOOL_WAITS, "no serial above it is given");
	ok(!spool_wants_room(spool), "and nothing has to give way for it");
	pass(0);
	is(put_lines(spool, 4 * SPOOL_BOUND_AHEAD, 1, true), SPOOL_DONE, "but for as long as a sync takes");
	end();
}

static void
test_room(void)
{
	uint64_t first = 1;
	enum spool_result result;

	begin((uint64_t)128 << 10, 3600 * NS_PER_S);
	for (; (result = put_lines(spool, first, 100, true)) == SPOOL_DONE; first += 100)
		pass(0);
	is(result, SPOOL_FULL, "it is full");
	ok(spool_wants_room(spool), "for want of room");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(put_lines(spool, first, 100, true), SPOOL_WAITS, "when all is settled it is not, but for as long as a sync takes");
	pass(0);
	is(put_lines(spool, first, 100, true), SPOOL_DONE, "then there is room");
	end();
}

/* Blocks of seven lines, so many at once, until none fits: as many as were asked for, or those that there is room for. */
static void
test_bound_of_many(void)
{
	static char text[SPOOL_LOADS * 7 * LINE];
	struct iovec piece[2 * SPOOL_LOADS];
	struct spool_load load[SPOOL_LOADS];
	enum spool_result result;
	uint64_t first = 1, most = 0;
	size_t done;

	begin((uint64_t)128 << 10, 3600 * NS_PER_S);
	memset(text, 'x', sizeof(text));
	do {
		for (size_t i = 0; i < SPOOL_LOADS; i++) {
			load[i] = (struct spool_load){ .pieces = 1, .length = 7 * LINE, .records = 7, .first = first + 7 * i };
			piece[2 * i + 1] = (struct iovec){ text + 7 * LINE * i, 7 * LINE };
		}
		result = spool_put(spool, load, SPOOL_LOADS, piece, true, loop_now(), &done);
		first += 7 * done;
		if (spool->segments.bytes > most)
			most = spool->segments.bytes;
		pass(0);
	} while (result == SPOOL_DONE);
	is(result, SPOOL_FULL, "blocks that are put at once: until it is full");
	ok(most <= (uint64_t)128 << 10 && most > 130000, "and not beyond: %" PRIu64, most);
	ok(spool_figures(spool).ahead.records == 0 && spool->next.records == first - 1, "each of them is there");
	end();
}

/* What never was in it has serials all the same. */
static void
test_bound_of_what_passes(void)
{
	const uint64_t half = SPOOL_BOUND_AHEAD / 2;

	begin((uint64_t)1 << 20, 3600 * NS_PER_S);
	ok(spool_is_empty(spool) && spool_may_pass(spool, 11), "records may pass by what is empty");
	spool_passed(spool, 11);
	is(put_lines(spool, 11, 1, true), SPOOL_DONE, "others are put behind them");
	ok(!spool_is_empty(spool), "then none may");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	ok(spool_is_empty(spool), "until they are settled");
	ok(spool_may_pass(spool, half + 20), "half of the serials are given");
	pass(0);
	is(spool->figures.syncs, 1, "the bound is renewed long before it is reached");
	ok(!spool_may_pass(spool, 4 * SPOOL_BOUND_AHEAD), "none above it is given");
	pass(0);
	ok(spool_may_pass(spool, 4 * SPOOL_BOUND_AHEAD), "but for as long as a sync takes");
	spool_passed(spool, 4 * SPOOL_BOUND_AHEAD);
	end();

	spool = spool_open(&rules);
	ok(spool->figures.unclean && spool_serial(spool) > 4 * SPOOL_BOUND_AHEAD, "after SIGKILL none is given again");
	end();

	begin((uint64_t)1 << 20, SPOOL_SYNC_NEVER);
	ok(spool_may_pass(spool, 4 * SPOOL_BOUND_AHEAD), "where nothing is synced any may");
	spool_passed(spool, 4 * SPOOL_BOUND_AHEAD);
	end();
	spool = spool_open(&rules);
	ok(spool_serial(spool) > 4 * SPOOL_BOUND_AHEAD, "and none is given again either");
	end();
}

/* A copy of all that was not synced may be longer than a segment is to be, and the one that is written to. */
static void
test_full_copy(void)
{
	begin((uint64_t)128 << 10, NS_PER_MS);
	for (uint64_t first = 1; first < 900; first += 300)
		(void)put_lines(spool, first, 300, true);
	disk.sync = EIO;
	pass(NS_PER_S);
	disk.sync = 0;
	pass(NS_PER_S);
	is(spool->segments.count, 1, "what could not be synced is in one segment");
	spool->retry_ns = 0; /* it was long ago */
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(put_lines(spool, 901, 580, true), SPOOL_WAITS, "all of it is settled: there will be room");
	pass(NS_PER_S);
	is(put_lines(spool, 901, 580, true), SPOOL_DONE, "and there is");
	end();
}

/* Room that a sync is to bring, where it cannot: who decides then is the policy. */
static void
test_no_help(const char *what, int *refused)
{
	uint64_t first = 1;

	begin((uint64_t)128 << 10, NS_PER_MS);
	for (; put_lines(spool, first, 100, true) == SPOOL_DONE; first += 100)
		pass(NS_PER_MS);
	*refused = EIO;
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	pass(NS_PER_S);
	pass(NS_PER_S);
	spool->retry_ns = 0; /* else it is that */
	is(put_lines(spool, first, 300, true), SPOOL_FULL, "%s: it is full, and does not only take a moment", what);
	*refused = 0;
	pass(NS_PER_S);
	pass(NS_PER_S);
	spool->retry_ns = 0;
	is(put_lines(spool, first, 300, true), SPOOL_DONE, "until that can be done again");
	end();
}

static void
test_state_alone(void)
{
	uint64_t syncs, calls;

	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	(void)put_lines(spool, 1, 100, true);
	pass(501 * NS_PER_MS);
	is(spool->figures.syncs, 1, "what was put is synced");
	ok(spool_deadline_ns(spool) == UINT64_MAX, "and nothing else is due");
	spool_settle(spool, (struct tally){ 50, 50 * LINE }, 0);
	pass(0);
	ok(spool_deadline_ns(spool) <= now_ns + 500 * NS_PER_MS, "what was settled is to be synced, too");
	pass(501 * NS_PER_MS);
	is(spool->figures.syncs, 2, "it is");
	syncs = spool->figures.syncs;
	calls = disk.syncs;
	for (int i = 0; i < 20; i++)
		pass(NS_PER_S);
	ok(spool->figures.syncs == syncs && disk.syncs == calls && spool_deadline_ns(spool) == UINT64_MAX,
	    "who is idle syncs nothing");
	end();
}

static void
test_always(void)
{
	begin((uint64_t)1 << 20, SPOOL_SYNC_ALWAYS);
	ok(spool_takes(spool) && spool_lets(spool), "nothing is to be synced");
	(void)put_lines(spool, 1, 10, false);
	ok(!spool_takes(spool), "nothing is read before what was put is synced, be it on disk only");
	pass(0);
	ok(spool_takes(spool), "then it is");
	end();
}

static void
test_longest(void)
{
	begin((uint64_t)1 << 20, SPOOL_SYNC_ALWAYS);
	(void)put_lines(spool, 1, 10, true);
	now_ns = loop_now();
	spool_step(spool, now_ns);
	spool->syncer.took_ns = 70;
	spool_look(spool, now_ns);
	spool->syncer.took_ns = 5;
	spool_look(spool, now_ns);
	is(spool->figures.longest_ns, 75, "a sync is data, names and state");
	end();
}

static void
test_full_disk(void)
{
	struct spool_evicted evicted;
	uint64_t first = 1, most;
	int times = 0;

	begin((uint64_t)1 << 30, 500 * NS_PER_MS);
	disk.room = 1000 * 1000;
	for (; put_lines(spool, first, 100, true) == SPOOL_DONE; first += 100)
		pass(0);
	ok(spool_wants_room(spool), "the disk is the bound");
	ok(spool->segments.count == 1 && spool_evict(spool, 0, &evicted), "the active segment gives way, where it is the only one");
	is(evicted.in_memory.records, first - 1, "with all that is in it");
	most = 0;
	for (int i = 0; i < 300; i++) {
		const enum spool_result result = put_lines(spool, first, 100, true);

		if (result == SPOOL_DONE)
			first += 100;
		else if (result == SPOOL_FULL && spool_wants_room(spool) && spool_evict(spool, 0, &evicted))
			times++;
		else
			break;
		if (evicted.in_memory.bytes > most && times > 0)
			most = evicted.in_memory.bytes;
		pass(0);
	}
	ok(times > 3 && most > 0 && most <= 1000 * 1000 / SPOOL_SEGMENTS + 100 * LINE,
	    "from then on an eighth of what there is does (%d times, %" PRIu64 " bytes)", times, most);
	disk.room = 0;
	disk.write = ENOSPC;
	is(put_lines(spool, first, 100, true), SPOOL_FULL, "it is full again");
	ok(spool_evict(spool, 0, &evicted), "something gives way");
	is(put_lines(spool, first, 100, true), SPOOL_WAITS, "and that is no room yet: nothing more does for a while");
	ok(spool_deadline_ns(spool) > loop_now() && spool_deadline_ns(spool) <= loop_now() + SPOOL_RETRY_NS,
	    "in which it is not tried again");
	end();
}

/* Nothing gives way, as under block: what is settled is the room that there will be. */
static void
test_full_disk_settled(void)
{
	enum spool_result result = SPOOL_DONE;
	uint64_t first = 1;

	begin((uint64_t)1 << 30, 500 * NS_PER_MS);
	disk.room = 100 * 1000;
	for (; put_lines(spool, first, 100, true) == SPOOL_DONE; first += 100)
		pass(0);
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	spool->retry_ns = 0;
	is(put_lines(spool, first, 100, true), SPOOL_WAITS, "the disk is full, and all of it is settled");
	for (int i = 0; i < 5 && result != SPOOL_DONE; i++) {
		pass(0); /* as often as it is tried: that does not put off the sync */
		spool->retry_ns = 0;
		result = put_lines(spool, first, 100, true);
	}
	is(result, SPOOL_DONE, "with a sync there is room");
	end();
}

static void
test_broken_disk(void)
{
	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	(void)put_lines(spool, 1, 100, true);
	disk.write = EIO;
	is(put_lines(spool, 101, 100, true), SPOOL_FULL, "a disk that fails is full");
	ok(!spool_wants_room(spool), "and it does not help if something gives way");
	ok(spool_deadline_ns(spool) > loop_now() && spool_deadline_ns(spool) <= loop_now() + SPOOL_RETRY_NS,
	    "it is tried again after a while");
	disk.write = 0;
	pass(SPOOL_RETRY_NS);
	spool->retry_ns = 0;
	is(put_lines(spool, 101, 100, true), SPOOL_DONE, "when it takes something again so it does");
	disk.sync = EIO;
	disk.write = ENOSPC;
	pass(501 * NS_PER_MS);
	for (int i = 0; i < 20; i++)
		pass(NS_PER_S);
	ok(spool->broken && names_in(".seg", false) <= 2, "what cannot be written anew leaves nothing behind");
	end();
}

/* What a sync that failed was for cannot be read back, either: it is given up in the end, and the run goes on. */
static void
test_lost_pages(void)
{
	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	(void)put_lines(spool, 1, 100, true);
	disk.sync = disk.read = EIO;
	pass(501 * NS_PER_MS);
	disk.sync = 0;
	for (int i = 0; i < 2; i++)
		pass(NS_PER_S);
	ok(spool->broken, "it is tried again");
	for (int i = 0; i < 15; i++)
		pass(NS_PER_S);
	ok(!spool->broken, "and not for ever");
	spool->retry_ns = 0;
	is(put_lines(spool, 101, 100, true), SPOOL_DONE, "more can be put");
	end();
	is(names_in("0000000000000001.seg", false), 1, "what could not be read is not removed");
}

static void
test_dropped(void)
{
	struct tally dropped[REASONS] = { [REASON_NEWEST] = { 3, 300 } };

	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	spool_note_dropped(spool, dropped);
	pass(0);
	dropped[REASON_NEWEST] = (struct tally){ 5, 500 };
	dropped[REASON_OLDEST] = (struct tally){ 1, 100 };
	spool_note_dropped(spool, dropped);
	pass(0);
	spool_free(spool); /* without a word */
	spool = spool_open(&rules);
	ok(spool->state.dropped[REASON_NEWEST].records == 5 && spool->state.dropped[REASON_OLDEST].bytes == 100,
	    "what was dropped is in the state");
	memset(dropped, 0, sizeof(dropped));
	dropped[REASON_NEWEST] = (struct tally){ 1, 10 };
	spool_note_dropped(spool, dropped);
	ok(spool->state.dropped[REASON_NEWEST].records == 6 && spool->state.dropped[REASON_OLDEST].records == 1,
	    "and what another run drops comes to it");
	end();
}

static void
test_made(void)
{
	static const uint64_t times[] = { NS_PER_S, SPOOL_SYNC_ALWAYS, SPOOL_SYNC_NEVER };
	static const unsigned syncs[] = { 2, 2, 0 }; /* of the parent, and of the folder itself */
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/made", folder);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		for (int again = 0; again < 2; again++) {
			rules.path = path;
			disk.names = 0;
			rules.sync_ns = times[i];
			spool = spool_open(&rules);
			is(disk.names, syncs[i] - (again > 0 && syncs[i] > 0), again ? "one that is there: its own" : "a folder that is made: also the one above it");
			end();
		}
		(void)unlink(path_of("made/lock"));
		(void)unlink(path_of("made/state"));
		(void)rmdir(path);
		rules.path = folder;
	}
	disk.sync_names = EIO;
	rules.sync_ns = NS_PER_S;
	rules.path = path;
	ok(spool_open(&rules) == NULL, "where that fails it cannot be opened");
	disk.sync_names = 0;
	rules.path = folder;
	(void)rmdir(path);
}

static void
test_end(void)
{
	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	(void)put_lines(spool, 1, 100, true);
	disk.sync = EIO;
	is(spool_end(spool, loop_now() + NS_PER_S), EIO, "what cannot be synced in the end is an error");
	end();
}

/* By the wall clock, whole blocks, from the oldest on. */
static void
test_age(void)
{
	const uint64_t wall_ns = spool_wall_ns();
	uint64_t later_ns;

	begin((uint64_t)1 << 20, 500 * NS_PER_MS);
	for (uint64_t i = 0; i < 4; i++)
		(void)put_lines(spool, 1 + 10 * i, 10, true);
	is(spool_older(spool, NS_PER_S, &later_ns), 0, "nothing is old");
	ok(later_ns > 0 && later_ns <= NS_PER_S + 1, "it will be");
	entries_at(&spool->entries, 0)->time_ns = wall_ns - 3 * NS_PER_S;
	entries_at(&spool->entries, 1)->time_ns = wall_ns - 2 * NS_PER_S;
	entries_at(&spool->entries, 2)->time_ns = wall_ns + 3600 * NS_PER_S;
	entries_at(&spool->entries, 3)->time_ns = wall_ns - 2 * NS_PER_S;
	is(spool_older(spool, NS_PER_S, &later_ns), 20, "two blocks are; what is behind one that is to come is not");
	ok(later_ns > 3600 * NS_PER_S, "for as long as that says");
	spool_settle(spool, (struct tally){ 35, 35 * LINE }, 0);
	is(spool_older(spool, NS_PER_S, &later_ns), 15, "those that are not settled");
	is(spool_older(spool, UINT64_MAX, &later_ns), 0, "for any time");
	end();
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	test_bound();
	test_room();
	test_bound_of_many();
	test_bound_of_what_passes();
	test_full_copy();
	test_no_help("the state cannot be written", &disk.state);
	test_no_help("nothing can be removed", &disk.remove);
	test_state_alone();
	test_always();
	test_longest();
	test_full_disk();
	test_full_disk_settled();
	test_broken_disk();
	test_lost_pages();
	test_dropped();
	test_made();
	test_end();
	test_age();
	(void)names_in("", true);
	(void)rmdir(folder);
	return done_testing();
}
