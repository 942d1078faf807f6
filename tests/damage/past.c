/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "damage/past.h"

#include "base/units.h"
#include "damage/harm.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST 24 /* bytes of a record: room for its number */
#define STEPS 120

void
past_text(char *text, const struct record *record)
{
	char head[LEAST];
	int length = snprintf(head, sizeof(head), "%" PRIu64 " ", record->serial);

	memset(text, 'a' + (int)(record->serial % 26), record->length);
	memcpy(text, head, (size_t)length);
	if (!record->unended)
		text[record->length - 1] = '\n';
}

struct record *
past_find(struct past *past, const char *text, size_t length)
{
	static char want[PAST_LONGEST];
	char number[LEAST] = "";
	size_t low = 0, high = past->count;
	uint64_t serial;

	memcpy(number, text, length < LEAST ? length : LEAST - 1);
	serial = strtoull(number, NULL, 10);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (past->record[middle].serial < serial)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == past->count || past->record[low].serial != serial || past->record[low].length > length)
		return NULL;
	past_text(want, &past->record[low]);
	return memcmp(want, text, past->record[low].length) == 0 ? &past->record[low] : NULL;
}

/* --- what is done ---------------------------------------------------------------------------------- */

bool
past_put(struct past *past, struct spool *spool, bool forward, bool unended)
{
	static char text[BLOCK_MOST + PAST_LONGEST];
	struct random *chance = &past->chance;
	struct block_gap gap[BLOCK_GAPS];
	struct iovec piece[2];
	struct spool_load load = { .pieces = 1, .gap = gap, .unended = unended };
	uint64_t serial = spool_serial(spool) + (random_one_in(chance, 5) ? random_below(chance, 50) : 0);
	const size_t first = past->count;
	const bool one = random_one_in(chance, 60);
	size_t done;

	load.records = one ? 1 : random_from(chance, 1, 12);
	if (first + load.records > PAST_MOST)
		return false;
	load.first = serial;
	for (uint64_t i = 0; i < load.records; i++) {
		struct record *record = &past->record[past->count++];

		if (i > 0 && random_one_in(chance, 8)) {
			gap[load.gaps] = (struct block_gap){ (uint32_t)i, random_from(chance, 1, 9) };
			serial += gap[load.gaps++].missing;
		}
		*record = (struct record){ .serial = serial++, .in_memory = forward, .unended = unended && i + 1 == load.records,
			.length = one ? PAST_LONGEST : LEAST + (size_t)random_below(chance, random_one_in(chance, 8) ? 4000 : 200) };
		past_text(text + load.length, record);
		load.length += record->length;
		record->end = spool->next.bytes + load.length;
	}
	piece[1] = (struct iovec){ text, load.length };
	if (spool_put(spool, &load, 1, piece, forward, past->now_ns, &done) == SPOOL_DONE)
		return true;
	past->count = first;
	return false;
}

static bool
is_waiting(const struct record *record)
{
	return !record->settled && !record->gone;
}

/* A last record that lacks its delimiter has got it, in memory, where it is of an earlier life. */
static struct tally
pending(const struct past *past)
{
	struct tally sum = { 0, 0 };

	for (size_t i = 0; i < past->count; i++)
		if (past->record[i].in_memory && is_waiting(&past->record[i]))
			ledger_count(&sum, 1, past->record[i].length + past->record[i].unended);
	return sum;
}

static void
load(struct past *past, struct spool *spool)
{
	struct spool_next next;

	if (!spool_next(spool, &next) || next.length == 0)
		return;
	for (size_t done = 0; done < next.length;) {
		struct record *record = past_find(past, next.text + done, next.length - done);

		if (record == NULL)
			abort(); /* nothing is damaged yet */
		record->in_memory = true;
		done += record->length;
	}
	if (!spool_loaded(spool, next.unended))
		abort();
}

static void
settle(struct past *past, struct spool *spool)
{
	uint64_t most = random_below(&past->chance, 40);

	for (size_t i = 0; i < past->count && most > 0; i++) {
		struct record *record = &past->record[i];

		if (!is_waiting(record))
			continue;
		if (!record->in_memory)
			break;
		record->settled = true;
		most--;
	}
	spool_settle(spool, pending(past), 0);
}

static void
mark_gone(struct past *past, bool in_memory, uint64_t stay, uint64_t go)
{
	for (size_t i = 0; i < past->count && go > 0; i++) {
		struct record *record = &past->record[i];

		if (!is_waiting(record) || record->in_memory != in_memory)
			continue;
		if (stay > 0) {
			stay--;
			continue;
		}
		record->gone = true;
		go--;
	}
}

static void
evict(struct past *past, struct spool *spool)
{
	const uint64_t most = pending(past).records;
	struct spool_evicted evicted;

	if (!spool_evict(spool, random_one_in(&past->chance, 2) ? 0 : random_below(&past->chance, most + 1), &evicted))
		return;
	mark_gone(past, true, evicted.behind, evicted.in_memory.records);
	mark_gone(past, false, evicted.ahead, evicted.on_disk.records);
	spool_settle(spool, pending(past), 0);
}

/* --- lives ----------------------------------------------------------------------------------------- */

/* From one opening to an end: a clean one, or none. */
static bool
live(struct past *past, bool evicts)
{
	struct random *chance = &past->chance;
	struct spool *spool = spool_open(&past->rules);

	if (spool == NULL)
		return false;
	for (size_t i = 0; i < past->count; i++)
		past->record[i].in_memory = false;
	for (int i = 0; i < STEPS; i++) {
		const uint64_t what = random_below(chance, 100);

		past->now_ns += NS_PER_MS;
		if (what < 50)
			(void)past_put(past, spool, spool_is_level(spool) && random_one_in(chance, 2), false);
		else if (what < 65)
			load(past, spool);
		else if (what < 85)
			settle(past, spool);
		else if (what < 90 && evicts)
			evict(past, spool);
		else if (what == 99 && random_one_in(chance, 3))
			past_copy_all(past->folder, past->older);
		spool_step(spool, past->now_ns);
		spool_look(spool, past->now_ns);
	}
	if (random_one_in(chance, 6))
		(void)past_put(past, spool, false, true); /* the last of its input */
	spool_step(spool, past->now_ns + NS_PER_S);
	spool_look(spool, past->now_ns + NS_PER_S);
	if (random_one_in(chance, 2) && spool_end(spool, loop_now() + NS_PER_S) != 0)
		abort();
	spool_free(spool);
	return true;
}

bool
past_live(struct past *past)
{
	struct random *chance = &past->chance;
	const uint64_t lives = random_from(chance, 1, 3);
	const bool evicts = random_one_in(chance, 2);

	past->count = 0;
	past->now_ns = loop_now();
	past->rules = (struct spool_rules){ .path = past->folder, .framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.most = (uint64_t)1 << random_from(chance, 17, 20),
		.sync_ns = random_one_in(chance, 3) ? SPOOL_SYNC_ALWAYS
		    : random_one_in(chance, 3) ? SPOOL_SYNC_NEVER : 5 * NS_PER_MS };
	past_empty(past->folder);
	past_empty(past->older);
	for (uint64_t i = 0; i < lives; i++)
		if (!live(past, evicts))
			return false;
	return true;
}

/* --- directories ----------------------------------------------------------------------------------- */

static void
each_file(const char *folder, void (*one)(const char *path, const char *name, const char *state), const char *state)
{
	char path[HARM_PATH];
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			one(path, entry->d_name, state);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

static void
copy_there(const char *path, const char *name, const char *folder)
{
	char to[HARM_PATH];

	(void)snprintf(to, sizeof(to), "%s/%s", folder, name);
	harm_copy(path, to);
}

static void
remove_it(const char *path, const char *name, const char *state)
{
	(void)name;
	(void)state;
	(void)unlink(path);
}

void
past_empty(const char *folder)
{
	each_file(folder, remove_it, NULL);
}

void
past_copy_all(const char *from, const char *to)
{
	past_empty(to);
	each_file(from, copy_there, to);
}
