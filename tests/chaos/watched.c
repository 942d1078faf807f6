/* SPDX-License-Identifier: BSD-2-Clause */
/* Marks, dead letters and reports of one run; see watched.h. */
#include "config.h"

#include "base/ledger.h"
#include "watched.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_same(const struct sum *sum, const uint64_t tally[UNITS])
{
	return sum->records == tally[RECORDS] && sum->bytes == tally[BYTES];
}

static void
differ(struct rig *rig, const char *what, const struct sum *sum, const uint64_t tally[UNITS])
{
	if (!is_same(sum, tally))
		rig_wrong(rig, "%s %" PRIu64 " records, %" PRIu64 " bytes, and by the report %" PRIu64 ", %" PRIu64,
		    what, sum->records, sum->bytes, tally[RECORDS], tally[BYTES]);
}

/* --- the file of what was dropped ------------------------------------------------------------------ */

static bool
has_reasons(const struct rig *rig)
{
	for (size_t i = 0; rig->setup.options[i] != NULL; i++)
		if (strcmp(rig->setup.options[i], "--dropped-reason") == 0)
			return true;
	return false;
}

/* What stands behind the reason; NULL where there is none. */
static const char *
behind_reason(const char *line)
{
	for (int i = 0; i < REASONS; i++) {
		const char *name = reason_name((enum reason)i);

		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '\t')
			return line + strlen(name) + 1;
	}
	return NULL;
}

/* Whether these are the first bytes of a record, and not all, with or without a delimiter that is not its own. */
static bool
is_cut(const struct record *record, const char *bytes, size_t *length)
{
	size_t own = *length - (bytes[*length - 1] == '\n');

	if (own >= record->length || !record_matches(record, 0, bytes, own))
		return false;
	*length = own;
	return true;
}

/* One record, without its reason.  A part of one can only be the last of a source that was killed; something may
 * have been dropped after it all the same, so that it was given a delimiter. */
static void
take_letter(struct rig *rig, struct sum *sum, const char *bytes, size_t length, bool *may_be_cut)
{
	struct sink *sink = &rig->stream->sink;
	uint64_t number = strtoull(bytes, NULL, 10);
	struct record record;
	bool cut;

	record_set(&record, &sink->lengths, '\n', number);
	cut = record.length != length && *may_be_cut && is_cut(&record, bytes, &length);
	sum->records++;
	sum->bytes += length;
	*may_be_cut &= !cut;
	if (cut)
		return;
	if (number == 0 || number > rig->setup.count || record.length != length ||
	    !record_matches(&record, 0, bytes, length))
		rig_wrong(rig, "saved is no record: %.60s", bytes);
	else if (seen_before(sink->seen, number))
		rig_wrong(rig, "record %" PRIu64 " is saved, and came or is saved before", number);
}

static struct sum
read_letters(struct rig *rig, bool may_be_cut)
{
	FILE *file = fdopen(dup(rig->letters), "r");
	bool reasons = has_reasons(rig);
	struct sum sum = { 0, 0 };
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while (file != NULL && (length = getline(&line, &room, file)) > 0 && rig->wrong[0] == '\0') {
		const char *record = reasons ? behind_reason(line) : line;

		campaign_alive();
		if (record == NULL || record == line + length)
			rig_wrong(rig, "saved without a reason, or without a record: %.60s", line);
		else
			take_letter(rig, &sum, record, (size_t)(line + length - record), &may_be_cut);
	}
	if (file == NULL || fclose(file) != 0)
		rig_wrong(rig, "the file of what was dropped cannot be read");
	free(line);
	return sum;
}

/* Those that neither came nor were saved. */
static struct sum
count_unseen(const struct rig *rig)
{
	const struct sink *sink = &rig->stream->sink;
	struct sum unseen = { 0, 0 };

	for (uint64_t number = 1; number <= rig->setup.count; number++)
		if ((sink->seen[number / 8] >> number % 8 & 1) == 0)
			sum_records(&unseen, &sink->lengths, number, number + 1);
	return unseen;
}

/* --- all of it --------------------------------------------------------------------------------------- */

static void
examine_letters(struct rig *rig, bool whole)
{
	const struct report *last = &rig->reports.last;
	struct sum sum = read_letters(rig, !whole), unseen;

	if (whole) {
		unseen = count_unseen(rig);
		differ(rig, "neither came nor were saved", &unseen, last->tally[UNSAVED]);
	}
	sum.records += last->tally[UNSAVED][RECORDS];
	sum.bytes += last->tally[UNSAVED][BYTES];
	if (whole || last->tally[UNDELIVERED][BYTES] == 0)
		differ(rig, "saved and unsaved are", &sum, last->tally[DROPPED]);
	else if (sum.records != last->tally[DROPPED][RECORDS] || sum.bytes > last->tally[DROPPED][BYTES])
		differ(rig, "saved and unsaved are", &sum, last->tally[DROPPED]);
}

static void
examine_marks(struct rig *rig, bool whole)
{
	const struct report *last = &rig->reports.last;
	struct sink *sink = &rig->stream->sink;

	differ(rig, "marks say that there are missing", &sink->said, last->tally[DROPPED]);
	differ(rig, "of marks there came", &sink->marks, last->tally[MARKS]);
	if (!whole)
		return;
	sum_records(&sink->missing, &sink->lengths, sink->last + 1, rig->setup.count + 1);
	differ(rig, "missing are", &sink->missing, last->tally[DROPPED]);
}

static void
examine_intervals(struct rig *rig)
{
	const struct report *last = &rig->reports.last;
	uint64_t most = last->elapsed_ns / (WATCH_INTERVAL_MS * 1000000);

	if (rig->reports.intervals + last->skipped > most)
		rig_wrong(rig, "%u reports of intervals, %" PRIu64 " skipped, where there were %" PRIu64,
		    rig->reports.intervals, last->skipped, most);
}

void
watched_examine(struct rig *rig, bool delivered, bool whole)
{
	if (delivered)
		examine_marks(rig, whole);
	examine_letters(rig, whole);
	examine_intervals(rig);
}
