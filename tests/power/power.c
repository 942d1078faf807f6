/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power [FIRST LAST]: runs of a spool on a disk in memory, by seed, whose power is cut at each call that changes
 * something, in several ways; and what the real code makes of what is left.
 *
 *      what was synced and is not settled is there, whole, once and in order; of what was, none is said to be lost
 *      what was settled, or gave way, when the state was synced does not come again
 *      recovered is what comes and what is said to be missing, which is what is missing, in records and in bytes
 *      no serial is given twice
 *
 * The same holds where the power is cut once more while the next weir comes up.
 *
 * What gave way and was not synced as such may be missing, and then it is said to be; or come again.  On a disk whose syncs
 * fail what failed is written anew: nothing that was synced is lost by that either.  On one that is full nothing is put, and
 * what there was stays.
 *
 * Where little is not on the disk each combination of it is a state; where it is more some are drawn, with torn sectors.
 */
#include "config.h"

#include "power/disk.h"
#include "power/history.h"

#include "../unit/random.h"
#include "../unit/slots.h"
#include "../unit/tap.h"
#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <fcntl.h>
#include <unistd.h>

#define STEPS 240
#define CUTS 2      /* at a call, by chance */
#define ALL_OF 4    /* of so many writes and names each combination */
#define LOADS 3     /* that are put at once */

static struct history history;
static struct spool *spool;
static struct random chance, apart;
static const struct spool_rules *rules;
static uint64_t seed, states, now_ns;
static size_t settling;       /* what a state says that is being synced: */
static unsigned giving_way;
static bool given_next;       /* by spool_next, and not in memory yet */
static struct spool_next coming;
static bool failed;
static uint64_t cut_twice;    /* of the states so many are of what was coming up after another cut */

static void cut_again(void);

/* --- what is left ---------------------------------------------------------------------------------- */

/* What is there is what a power cut has left, and the next weir comes; whose power may be cut, too. */
static void
judge(bool again)
{
	struct state state;
	uint64_t figure[2] = { 0, 0 };
	struct spool *left;
	const char *what;

	states++;
	(void)slots_read(rules->path, &state);
	if (!again && random_one_in(&chance, 4))
		disk_stop_at(disk_calls() + 1 + random_below(&chance, 6), cut_again);
	left = spool_open(rules);
	disk_stop_at(0, NULL);
	what = failed ? NULL : left != NULL ? history_judge(&history, left, &state, figure) : "it cannot be opened";
	if (what != NULL)
		diag("seed %" PRIu64 ", call %" PRIu64 "%s: %s: %" PRIu64 ", %" PRIu64, seed, disk_calls(),
		    again ? ", in what comes up" : "", what, figure[0], figure[1]);
	failed |= what != NULL;
	spool_free(left);
}

static void
cut_again(void)
{
	cut_twice++;
	disk_stop_at(0, NULL);
	disk_cut(random_next(&chance));
	judge(true);
	disk_restore();
}

static void
look(void)
{
	const bool fails = disk_fails_syncs();

	disk_fail_syncs(false); /* it is another one that comes up again */
	history.synced = spool->state.synced.bytes;
	judge(false);
	disk_restore();
	disk_fail_syncs(fails);
}

static void
cut_here(void)
{
	const size_t pending = disk_pending();
	const uint64_t room = disk_room();

	disk_set_room(UINT64_MAX);
	for (uint64_t kept = 0; spool != NULL && pending <= ALL_OF && kept >> pending == 0 && !failed; kept++) {
		disk_cut_to(kept);
		look();
	}
	for (int i = 0; spool != NULL && i < CUTS && !failed; i++) {
		disk_cut(random_next(&chance));
		look();
	}
	disk_set_room(room);
	disk_stop_at(disk_calls() + 1 + random_below(&chance, 8), cut_here);
}

/* --- what is done ---------------------------------------------------------------------------------- */

static void
skip_settled(void)
{
	while (history.oldest < history.count &&
	    (history.line[history.oldest].settled || history.line[history.oldest].gone > 0))
		history.oldest++;
}

/* In memory, and neither settled nor gone. */
static struct tally
pending(void)
{
	struct tally sum = { 0, 0 };

	for (size_t i = history.oldest; i < history.count; i++)
		if (history.line[i].in_memory && !history.line[i].settled && history.line[i].gone == 0)
			ledger_count(&sum, 1, history.line[i].length);
	return sum;
}

/* So many that are in memory, or are not, behind others that are alike, gave way. */
static void
mark_gone(bool in_memory, uint64_t stay, uint64_t go)
{
	for (size_t i = history.oldest; i < history.count && go > 0; i++) {
		struct line *line = &history.line[i];

		if (line->in_memory != in_memory || line->settled || line->gone > 0)
			continue;
		if (stay > 0) {
			stay--;
			continue;
		}
		go--;
		line->gone = history.evictions;
	}
}

/* The segment that is not there any more, of those that were. */
static void
mark_removed(const struct segments *were, uint64_t next)
{
	size_t gone = 0;

	while (gone < were->count && segments_find(&spool->segments, segments_at(were, gone)->number) != SIZE_MAX)
		gone++;
	if (gone == were->count)
		return;
	if (gone + 1 < were->count)
		next = segments_at(were, gone + 1)->before.bytes;
	for (size_t i = 0; i < history.count; i++)
		if (history.line[i].end > segments_at(were, gone)->before.bytes && history.line[i].end <= next)
			history.line[i].removed = true;
}

/* The oldest segment of which the first `flying` are no part. */
static void
evict(uint64_t flying)
{
	struct spool_evicted evicted;
	struct segments were = { .count = spool->segments.count };
	bool done;

	were.list = malloc(were.count * sizeof(*were.list));
	if (were.list == NULL)
		abort();
	memcpy(were.list, spool->segments.list, were.count * sizeof(*were.list));
	if (given_next)
		spool_put_back(spool);
	given_next = false;
	history.giving_way = &were;
	done = spool_evict(spool, flying, &evicted);
	history.giving_way = NULL;
	if (done)
		mark_removed(&were, spool->next.bytes);
	segments_free(&were);
	if (!done)
		return;
	history.evictions++;
	mark_gone(true, evicted.behind, evicted.in_memory.records);
	mark_gone(false, evicted.ahead, evicted.on_disk.records);
	skip_settled();
	spool_settle(spool, pending(), 0);
}

/* Records that are to come, behind each other, and become a block. */
static void
make_load(struct spool_load *load, struct iovec *piece, char *text, uint64_t before, bool forward)
{
	*load = (struct spool_load){ .pieces = 1, .first = history.serial, .records = 1 + random_below(&chance, 6) };
	for (uint64_t i = 0; i < load->records; i++) {
		struct line *line = &history.line[history.count++];

		*line = (struct line){ .serial = history.serial++, .length = 12 + (size_t)random_below(&chance, 3000) };
		history_text(text + load->length, line);
		load->length += line->length;
		line->end = before + load->length;
		line->in_memory = forward;
	}
	piece[1] = (struct iovec){ text, load->length };
}

/* Some leave that were never put. */
static void
pass_by(void)
{
	const uint64_t serial = history.serial + 1 + random_below(&apart, random_one_in(&apart, 4) ? SPOOL_BOUND_AHEAD : 10);

	if (given_next || !spool_is_empty(spool) || !spool_may_pass(spool, serial))
		return;
	history.given = history.serial = serial;
	spool_passed(spool, serial);
}

static void
put(bool evicting)
{
	static char text[LOADS][6 * HISTORY_LONGEST];
	struct iovec piece[2 * LOADS];
	struct spool_load load[LOADS];
	const bool forward = spool_is_level(spool) && !given_next && random_one_in(&chance, 2);
	const size_t loads = random_one_in(&chance, 3) ? 1 + random_below(&chance, LOADS) : 1;
	const uint64_t given = history.given;
	size_t first = history.count, done;
	uint64_t before = spool->next.bytes;

	if (first + 6 * loads > HISTORY_MOST)
		return;
	if (random_one_in(&chance, 8)) /* so many were left out on the way in */
		history.serial += SPOOL_BOUND_AHEAD / 3;
	for (size_t i = 0; i < loads; i++) {
		make_load(&load[i], &piece[2 * i], text[i], before, forward);
		before += load[i].length;
	}
	history.given = history.serial;
	(void)spool_put(spool, load, loads, piece, forward, now_ns, &done);
	if (done == loads)
		return;
	for (size_t i = 0; i < done; i++)
		first += load[i].records;
	history.count = first;
	history.serial = history.given = done > 0 ? load[done].first : given;
	if (evicting && done == 0 && spool_wants_room(spool))
		evict(random_one_in(&chance, 2) ? 0 : random_below(&chance, pending().records + 1));
}

/* What comes is given, and is in memory then or later. */
static void
load(void)
{
	size_t at = history.oldest;

	if (!given_next && (!spool_next(spool, &coming) || coming.length == 0))
		return;
	given_next = random_one_in(&chance, 4);
	if (given_next)
		return;
	while (at < history.count && (history.line[at].in_memory || history.line[at].settled || history.line[at].gone > 0))
		at++;
	for (uint64_t i = 0; i < coming.records && at < history.count; at++)
		if (history.line[at].gone == 0) {
			history.line[at].in_memory = true;
			i++;
		}
	if (!spool_loaded(spool, 0))
		abort();
}

static void
settle(void)
{
	uint64_t most = random_below(&chance, random_one_in(&chance, 4) ? 100 : 6);

	for (skip_settled(); history.oldest < history.count && history.line[history.oldest].in_memory && most-- > 0; skip_settled())
		history.line[history.oldest].settled = true;
	spool_settle(spool, pending(), 0);
}

/* What the state says that is being synced is for sure as soon as its slot is the one that holds. */
static void
note_sync(void)
{
	static int slot;

	while (history.settled_for_sure < history.count && history.line[history.settled_for_sure].end <= spool->settled)
		history.settled_for_sure++;
	if (spool->syncer.step == SYNCER_STATE) {
		slot = spool->synced_slot;
		settling = history.oldest;
		giving_way = history.evictions;
		return;
	}
	if (settling > history.settled_for_sure && spool->synced_slot != slot)
		history.settled_for_sure = settling;
	if (giving_way > history.gone_for_sure && spool->synced_slot != slot)
		history.gone_for_sure = giving_way;
	settling = 0;
	giving_way = 0;
}

static void
step(void)
{
	spool_look(spool, now_ns);
	note_sync();
	spool_step(spool, now_ns);
	note_sync();
}

/* SIGKILL, and the next weir on the same machine: what was not on the disk is not there now either. */
static void
restart(void)
{
	disk_stop_at(0, NULL);
	spool_free(spool);
	spool = spool_open(rules);
	if (spool == NULL)
		abort();
	given_next = false;
	settling = 0;
	giving_way = 0;
	skip_settled();
	for (size_t i = history.oldest; i < history.count; i++)
		history.line[i].in_memory = false;
	history.given = history.serial = spool_serial(spool);
	disk_stop_at(disk_calls() + 1 + random_below(&chance, 8), cut_here);
}

/* What befalls the disk: of each four seeds one whose syncs fail at times, and one that is full at times. */
static void
trouble(void)
{
	if (seed % 4 == 0 && random_one_in(&chance, 20))
		disk_fail_syncs(random_one_in(&chance, 2));
	if (seed % 4 == 1 && random_one_in(&chance, 20))
		disk_set_room(random_one_in(&chance, 2) ? UINT64_MAX : random_below(&chance, 20000));
}

static void
play(void)
{
	struct spool_rules own = { .path = "simulated", .most = (uint64_t)1 << 17, .framing = { .kind = FRAMING_LINES, .delimiter = '\n' } };
	uint64_t settles;

	chance = (struct random){ seed };
	apart = (struct random){ ~seed };
	history = (struct history){ .serial = 1, .given = 1 };
	settling = 0;
	giving_way = 0;
	given_next = false;
	disk_init();
	own.sync_ns = random_one_in(&chance, 3) ? SPOOL_SYNC_ALWAYS : random_one_in(&chance, 2) ? 3 * NS_PER_MS : 600 * NS_PER_MS;
	settles = random_from(&chance, 1, 3);
	rules = &own;
	spool = NULL;
	if ((spool = spool_open(&own)) == NULL)
		abort();
	disk_stop_at(disk_calls() + 1, cut_here);
	now_ns = loop_now();
	for (int i = 0; i < STEPS && !failed; i++) {
		const uint64_t what = random_below(&chance, 10);

		now_ns += 40 * NS_PER_MS;
		trouble();
		if (random_one_in(&apart, 3))
			pass_by();
		if (what < 4)
			put(seed % 3 != 0);
		else if (what < 6)
			load();
		else if (what < 6 + settles)
			settle();
		step();
		if (seed % 4 != 0 && random_one_in(&chance, 60)) /* whose syncs had failed: that nobody can know who comes later */
			restart();
	}
	disk_fail_syncs(false);
	disk_set_room(UINT64_MAX);
	disk_stop_at(0, NULL);
	spool_free(spool);
	spool = NULL;
}

/* Beyond the first ones: copies have to take along what is given; a first block is torn, and what is in front of it is not. */
static const uint64_t seeds[] = { 1604, 385 };

int
main(int argc, char *argv[])
{
	const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, last = argc > 2 ? strtoull(argv[2], NULL, 10) : 160;
	const int quiet = open("/dev/null", O_WRONLY);
	uint64_t evictions = 0, synced = 0;

	(void)dup2(quiet, STDERR_FILENO); /* what the spool has to say of the disk */
	for (seed = first; seed <= last && !failed; seed++) {
		play();
		evictions += history.evictions;
		synced += history.settled_for_sure;
	}
	for (size_t i = 0; argc == 1 && i < sizeof(seeds) / sizeof(seeds[0]) && !failed; i++) {
		seed = seeds[i];
		play();
	}
	ok(!failed, "what another weir finds after a power cut is what was promised");
	diag("%" PRIu64 " states, %" PRIu64 " of them after a second cut; in the histories %" PRIu64 " evictions, %" PRIu64
	    " records settled for sure", states, cut_twice, evictions, synced);
	return done_testing();
}
