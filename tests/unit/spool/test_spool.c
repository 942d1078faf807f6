/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spool against a plain list of all records: put, read back, settled, given way, in any order, through ends of any
 * kind.  What was put and not settled comes again, in order, with its serial; nothing else does.
 */
#include "../tap.h"

#include "../random.h"
#include "base/units.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <dirent.h>
#include <unistd.h>

#define RECORDS 20000
#define LONGEST 3000

enum status {
	ON_DISK,
	IN_MEMORY,
	SETTLED,
	GONE, /* it gave way */
};

struct line {
	uint64_t serial;
	size_t length;
	enum status status;
};

static struct line list[RECORDS];
static size_t count;    /* of all records that were ever put */
static size_t oldest;   /* the first that is not settled, or count */
static uint64_t serial; /* of the next record */
static struct spool *spool;
static char folder[] = "/tmp/weir-spool-XXXXXX";
static struct spool_rules rules = { .path = folder, .most = (uint64_t)1 << 20, .framing = { .kind = FRAMING_LINES, .delimiter = '\n' } };
static struct random chance;
static uint64_t now_ns;

/* The text of a record tells which it is. */
static void
make_line(char *text, const struct line *line)
{
	char head[32];
	int length = snprintf(head, sizeof(head), "%" PRIu64 " ", line->serial);

	memset(text, 'a' + (int)(line->serial % 26), line->length);
	memcpy(text, head, (size_t)length < line->length ? (size_t)length : line->length);
	text[line->length - 1] = '\n';
}

static void
skip_settled(void)
{
	while (oldest < count && (list[oldest].status == SETTLED || list[oldest].status == GONE))
		oldest++;
}

static struct tally
sum_of(enum status status)
{
	struct tally sum = { 0, 0 };

	for (size_t i = oldest; i < count; i++)
		if (list[i].status == status)
			ledger_count(&sum, 1, list[i].length);
	return sum;
}

/* --- what is done ---------------------------------------------------------------------------------- */

static bool
put(void)
{
	static char text[64 * LONGEST];
	struct block_gap gap[BLOCK_GAPS];
	struct iovec piece[3];
	const size_t records = 1 + (size_t)random_below(&chance, 30);
	const bool forward = spool_is_level(spool) && random_one_in(&chance, 2);
	struct spool_load load = { .gap = gap };
	uint64_t next = serial + (random_one_in(&chance, 5) ? random_below(&chance, 100) : 0);
	const uint64_t first = next;
	size_t done;

	if (count + records > RECORDS)
		return true;
	for (size_t i = 0; i < records; i++) {
		struct line *line = &list[count + i];

		if (i > 0 && random_one_in(&chance, 10) && load.gaps < BLOCK_GAPS) {
			gap[load.gaps] = (struct block_gap){ (uint32_t)i, 1 + random_below(&chance, 9) };
			next += gap[load.gaps++].missing;
		}
		*line = (struct line){ next++, 12 + (size_t)random_below(&chance, random_one_in(&chance, 9) ? LONGEST : 100), ON_DISK };
		make_line(text + load.length, line);
		load.length += line->length;
	}
	load.first = first;
	load.records = records;
	piece[1] = (struct iovec){ text, load.length / 2 };
	piece[2] = (struct iovec){ text + load.length / 2, load.length - load.length / 2 };
	load.pieces = 2;
	if (spool_put(spool, &load, 1, piece, forward, now_ns, &done) != SPOOL_DONE)
		return true;
	for (size_t i = 0; i < records; i++)
		list[count + i].status = forward ? IN_MEMORY : ON_DISK;
	count += records;
	serial = next;
	return true;
}

/* The next that is on disk only. */
static bool
load(void)
{
	static char text[LONGEST + 64];
	struct spool_next next;
	uint64_t number;
	size_t at = oldest, done = 0;
	unsigned gap = 0;

	if (!spool_next(spool, &next))
		return spool_is_level(spool) || spool->loader.filling;
	if (next.lost.bytes > 0 || next.length == 0) {
		diag("%" PRIu64 " bytes are missing: loaded %" PRIu64 ", block %" PRIu64 ", next %" PRIu64 ", hole %" PRIu64 " to %" PRIu64 ", segments %zu", next.lost.bytes, spool->loaded.bytes, spool->block.before.bytes, spool->next.bytes, spool->hole_from.bytes, spool->hole_to.bytes, spool->segments.count);
		for (size_t i = 0; i < spool->segments.count; i++) diag("segment %" PRIu64 " before %" PRIu64 " length %" PRIu64, spool->segments.list[i].number, spool->segments.list[i].before.bytes, spool->segments.list[i].length);
		return false;
	}
	while (at < count && list[at].status != ON_DISK)
		at++;
	number = next.first;
	for (uint64_t i = 0; i < next.skipped + next.records; i++) {
		while (gap < next.gaps && next.gap[gap].at == i)
			number += next.gap[gap++].missing;
		if (i < next.skipped) {
			number++;
			continue;
		}
		if (at == count || list[at].status != ON_DISK || list[at].serial != number ||
		    done + list[at].length > next.length) {
			diag("record %" PRIu64 " came, not %" PRIu64, number, at < count ? list[at].serial : 0);
			return false;
		}
		make_line(text, &list[at]);
		if (memcmp(text, next.text + done, list[at].length) != 0) {
			diag("record %" PRIu64 " is another", number);
			return false;
		}
		done += list[at].length;
		list[at++].status = IN_MEMORY;
		number++;
	}
	return done == next.length && spool_loaded(spool, 0);
}

static bool
settle(void)
{
	uint64_t most = random_below(&chance, 100);
	struct tally pending;

	skip_settled();
	for (size_t i = oldest; i < count && most > 0 && list[i].status == IN_MEMORY; i++, most--)
		list[i].status = SETTLED;
	skip_settled();
	pending = sum_of(IN_MEMORY);
	spool_settle(spool, pending, 0);
	spool_step(spool, now_ns);
	return true;
}

static bool
evict(void)
{
	const struct tally memory = sum_of(IN_MEMORY);
	const uint64_t flying = memory.records > 0 && random_one_in(&chance, 2) ? random_below(&chance, memory.records) : 0;
	struct spool_evicted evicted;
	uint64_t behind, left;
	size_t at = oldest;

	if (!spool_evict(spool, flying, &evicted))
		return true;
	behind = evicted.behind;
	if (evicted.in_memory.records > 0 && behind < flying) {
		diag("what is in flight gave way");
		return false;
	}
	for (left = evicted.in_memory.records; left > 0; at++) {
		if (at == count)
			return false;
		if (list[at].status != IN_MEMORY)
			continue;
		if (behind > 0) {
			behind--;
			continue;
		}
		list[at].status = GONE;
		evicted.in_memory.bytes -= list[at].length;
		left--;
	}
	/* on disk: a run, the first of which is behind a hole or behind what is in memory; found by its sum */
	left = evicted.on_disk.records;
	if (left > 0) {
		uint64_t skip = evicted.ahead;

		for (at = oldest; left > 0 && at < count; at++) {
			if (list[at].status != ON_DISK)
				continue;
			if (skip > 0) {
				skip--;
				continue;
			}
			list[at].status = GONE;
			evicted.on_disk.bytes -= list[at].length;
			left--;
		}
	}
	skip_settled();
	spool_settle(spool, sum_of(IN_MEMORY), 0);
	spool_step(spool, now_ns);
	if (evicted.in_memory.bytes != 0 || evicted.on_disk.bytes != 0)
		diag("bytes that gave way: %" PRIu64 " and %" PRIu64 " too many (behind %" PRIu64 ", in memory %" PRIu64 ", on disk %" PRIu64 ", loaded %" PRIu64 ", next %" PRIu64 ", hole %" PRIu64 " to %" PRIu64 ")", evicted.in_memory.bytes, evicted.on_disk.bytes, evicted.behind, evicted.in_memory.records, evicted.on_disk.records, spool->loaded.records, spool->next.records, spool->hole_from.records, spool->hole_to.records);
	return evicted.in_memory.bytes == 0 && evicted.on_disk.bytes == 0;
}

static bool
open_again(void)
{
	struct spool_figures figures;
	struct tally held;

	spool = spool_open(&rules);
	if (spool == NULL)
		return false;
	skip_settled();
	for (size_t i = oldest; i < count; i++)
		if (list[i].status == IN_MEMORY)
			list[i].status = ON_DISK;
	held = sum_of(ON_DISK);
	figures = spool_figures(spool);
	if (figures.recovered.records != held.records || figures.recovered.bytes != held.bytes || figures.corrupt.bytes != 0)
		diag("recovered %" PRIu64 " records, %" PRIu64 " bytes, not %" PRIu64 ", %" PRIu64 "; %" PRIu64 " bytes corrupt",
		    figures.recovered.records, figures.recovered.bytes, held.records, held.bytes, figures.corrupt.bytes);
	if (figures.recovered.bytes != held.bytes) {
		diag("state: before %" PRIu64 ", segment %" PRIu64 ", offset %" PRIu64 ", synced %" PRIu64 ", tail %" PRIu64 " %" PRIu64 ", hole %" PRIu64 " to %" PRIu64 ", next %" PRIu64, spool->state.before.bytes, spool->state.segment, spool->state.offset, spool->state.synced.bytes, spool->state.tail_segment, spool->state.tail_offset, spool->state.hole_from.bytes, spool->state.hole_to.bytes, spool->next.bytes);
		for (size_t i = 0; i < spool->segments.count; i++) diag("segment %" PRIu64 " before %" PRIu64 " length %" PRIu64, spool->segments.list[i].number, spool->segments.list[i].before.bytes, spool->segments.list[i].length);
	}
	if (spool_serial(spool) < serial)
		diag("serial %" PRIu64 " after %" PRIu64, spool_serial(spool), serial);
	if (spool_serial(spool) < serial || figures.recovered.records != held.records ||
	    figures.recovered.bytes != held.bytes || figures.corrupt.bytes != 0)
		return false;
	serial = spool_serial(spool);
	return true;
}

static bool
restart(void)
{
	const uint64_t next = serial;

	if (random_one_in(&chance, 2)) {
		int error = spool_end(spool, loop_now() + 600 * NS_PER_S);

		if (error != 0)
			diag("the end: %s", strerror(error));
		spool_free(spool);
		if (error != 0 || !open_again())
			return false;
		if (serial != next)
			diag("serial %" PRIu64 " after a clean end at %" PRIu64, serial, next);
		return serial == next;
	}
	spool_step(spool, now_ns);
	spool_free(spool);
	return open_again();
}

static void
empty_folder(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[300];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static bool
play(uint64_t seed)
{
	bool good;

	chance = (struct random){ seed };
	count = oldest = 0;
	serial = 1;
	now_ns = loop_now();
	empty_folder();
	rules.sync_ns = random_one_in(&chance, 3) ? SPOOL_SYNC_ALWAYS : random_one_in(&chance, 3) ? SPOOL_SYNC_NEVER : NS_PER_MS;
	rules.most = (uint64_t)1 << random_from(&chance, 17, 21);
	good = open_again();
	for (int i = 0; good && i < 400; i++) {
		const uint64_t what = random_below(&chance, 100);

		now_ns = loop_now() + (uint64_t)i * NS_PER_MS;
		good = what < 45 ? put() : what < 70 ? load() : what < 90 ? settle() : what < 94 ? evict() : what < 98 ? restart() : true;
		spool_step(spool, now_ns);
	}
	while (good && !spool_is_level(spool))
		good = load();
	if (!good)
		diag("seed %" PRIu64, seed);
	if (spool != NULL)
		(void)spool_end(spool, loop_now() + 600 * NS_PER_S);
	spool_free(spool);
	return good;
}

int
main(void)
{
	bool good = mkdtemp(folder) != NULL;

	for (uint64_t seed = 1; good && seed <= 300; seed++)
		good = play(seed);
	ok(good, "what was put and is not settled comes again, in order, and nothing else does");
	empty_folder();
	(void)rmdir(folder);
	return done_testing();
}
