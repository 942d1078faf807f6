/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool check: a line a segment and the sum of them, or all of it in one line of JSON.
 *
 * Reads all that is there twice: each file from end to end, for what is in it, and what is held in its order, for what is
 * missing.  Only the second knows of copies and of what was settled.
 */
#include "config.h"

#include "ctl/spools.h"
#include "os/diag.h"
#include "spool/segments.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct sums {
	struct visit_found found;
	uint64_t file_bytes;
	struct tally records; /* on disk */
	uint64_t other, torn;
	struct tally held;    /* not confirmed, and there */
	struct tally missing;
	bool damaged;
	bool json;
};

/* --- a segment ----------------------------------------------------------------------------------- */

static const char *
use_of(const struct visit_segment *segment, const struct sums *sums)
{
	if (segment->spare)
		return "spare";
	if (sums->found.known && segment->after.bytes <= sums->found.confirmed.bytes)
		return "confirmed";
	return sums->found.known && segment->before.bytes < sums->found.confirmed.bytes ? "confirmed in part" : "held";
}

static void
print_segment(const struct visit_segment *segment, const char *name, const struct sums *sums)
{
	char text[SPOOLS_AMOUNT];

	printf("%s: %" PRIu64 " bytes: ", name, segment->length);
	if (segment->blocks == 0)
		printf("nothing");
	else
		printf("%s", spools_amount(text, &sums->found.framing, segment->records));
	if (segment->blocks > 0 && sums->found.framing.kind != FRAMING_BYTES)
		printf(", serials %" PRIu64 " to %" PRIu64, segment->first, segment->last);
	printf(", %s", use_of(segment, sums));
	if (segment->other > 0)
		printf("; %" PRIu64 " bytes are no block", segment->other);
	if (segment->torn > 0)
		printf("; the last %" PRIu64 " bytes are a torn tail", segment->torn);
	printf("\n");
}

static void
print_segment_json(const struct visit_segment *segment, const char *name, const struct sums *sums, bool first)
{
	printf("%s{\"name\":\"%s\",\"file_bytes\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"records\":%" PRIu64
	    ",\"bytes\":%" PRIu64, first ? "" : ",", name, segment->length, segment->blocks, segment->records.records,
	    segment->records.bytes);
	if (segment->blocks > 0 && sums->found.framing.kind != FRAMING_BYTES)
		printf(",\"first_serial\":%" PRIu64 ",\"last_serial\":%" PRIu64, segment->first, segment->last);
	else
		printf(",\"first_serial\":null,\"last_serial\":null");
	printf(",\"use\":\"%s\",\"other_bytes\":%" PRIu64 ",\"torn_bytes\":%" PRIu64 "}", use_of(segment, sums),
	    segment->other, segment->torn);
}

/* One that cannot be read is said, and is damage if what was in it is missing. */
static bool
look_at(struct visit *visit, uint64_t index, struct sums *sums, bool first)
{
	struct visit_segment segment;
	char name[SEGMENT_NAME];
	int error = 0;

	if (visit_segment(visit, index, &segment) < 0)
		error = errno;
	segment_name(name, segment.number);
	if (error == ENOENT && sums->found.held)
		return false; /* it has gone since */
	if (error != 0) {
		diag_errno(error, "%s", name);
		sums->damaged |= !segment.spare;
	}
	sums->file_bytes += segment.length;
	ledger_count(&sums->records, segment.records.records, segment.records.bytes);
	sums->other += segment.other;
	sums->torn += segment.torn;
	if (sums->json)
		print_segment_json(&segment, name, sums, first);
	else
		print_segment(&segment, name, sums);
	return true;
}

static void
look_at_segments(struct visit *visit, struct sums *sums)
{
	bool first = true;

	for (uint64_t i = 0; i < sums->found.segments; i++)
		if (look_at(visit, i, sums, first))
			first = false;
}

/* --- the sum ------------------------------------------------------------------------------------- */

static void
look_at_records(struct visit *visit, struct sums *sums, const char *path)
{
	struct spool_next next;

	while (visit_next(visit, &next))
		ledger_count(&sums->held, next.records, next.length);
	sums->missing = visit_missing(visit);
	if (visit_error(visit) != 0)
		diag_errno(visit_error(visit), "%s", path);
	sums->damaged |= sums->missing.bytes > 0 || !sums->found.known || visit_error(visit) != 0;
}

static const char *
framing_text(char text[SPOOLS_AMOUNT], const struct framing *framing)
{
	size_t ends;
	const char *end = framing_end(framing, &ends);
	int length = snprintf(text, SPOOLS_AMOUNT, "%s", framing_name(framing));

	if (framing->kind == FRAMING_FIXED)
		(void)snprintf(text + length, SPOOLS_AMOUNT - (size_t)length, ", %" PRIu64 " bytes each", framing->size);
	for (size_t i = 0; i < ends && (framing->kind == FRAMING_DELIMITER || framing->kind == FRAMING_STRING); i++)
		length += snprintf(text + length, SPOOLS_AMOUNT - (size_t)length, "%s\\%03o", i == 0 ? " " : "", (unsigned char)end[i]);
	return text;
}

static void
print_head(const struct sums *sums)
{
	const struct visit_found *found = &sums->found;
	char text[SPOOLS_AMOUNT];

	if (found->known)
		printf("spool: id %s, framing %s\n", found->id, framing_text(text, &found->framing));
	else
		printf("spool: no state that can be read: id, framing and what is confirmed are not known\n");
	if (found->held && found->holder > 0)
		printf("in use by process %ld: what follows may have moved meanwhile\n", (long)found->holder);
	else if (found->held)
		printf("in use: what follows may have moved meanwhile\n");
	else if (found->known)
		printf("last run: %s\n", found->clean ? "ended in order" : "not ended in order");
}

static void
print_sums(const struct sums *sums)
{
	const struct visit_found *found = &sums->found;
	const struct framing *framing = &found->framing;
	char text[SPOOLS_AMOUNT];

	printf("on disk: %" PRIu64 " segment%s of %" PRIu64 " bytes, with %s\n", found->segments,
	    found->segments == 1 ? "" : "s", sums->file_bytes, spools_amount(text, framing, sums->records));
	if (!found->known)
		printf("confirmed: not known; all of it counts as held\n");
	else if (framing->kind == FRAMING_BYTES)
		printf("confirmed: %s\n", spools_amount(text, framing, found->confirmed));
	else
		printf("confirmed: %s, all before serial %" PRIu64 "\n", spools_amount(text, framing, found->confirmed),
		    found->first);
	printf("held: %s\n", spools_amount(text, framing, sums->held));
	printf("missing: %s\n", sums->missing.bytes > 0 ? spools_amount(text, framing, sums->missing) : "nothing");
	if (found->given_way.bytes > 0)
		printf("given way: %s\n", spools_amount(text, framing, found->given_way));
	if (found->others > 0)
		printf("not of this spool, left alone: %" PRIu64 " segment%s\n", found->others, found->others == 1 ? "" : "s");
	if (sums->other > 0)
		printf("no blocks: %" PRIu64 " bytes\n", sums->other);
	if (sums->torn > 0)
		printf("torn tail: %" PRIu64 " bytes\n", sums->torn);
	if (framing->kind != FRAMING_BYTES)
		printf("next serial: %" PRIu64 "\n", found->next);
}

/* --- JSON ---------------------------------------------------------------------------------------- */

static void
print_string(const char *text)
{
	printf("\"");
	for (; *text != '\0'; text++)
		printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	printf("\"");
}

static const char *
truth(bool is)
{
	return is ? "true" : "false";
}

static void
print_head_json(const struct sums *sums, const char *path)
{
	const struct visit_found *found = &sums->found;

	printf("{\"schema\":1,\"spool\":");
	print_string(diag_visible_data(path));
	printf(",\"id\":");
	if (found->known)
		print_string(found->id);
	else
		printf("null");
	printf(",\"state\":%s,\"in_use\":%s,\"holder\":", truth(found->known), truth(found->held));
	if (found->holder > 0)
		printf("%ld", (long)found->holder);
	else
		printf("null");
	printf(",\"clean\":%s,\"framing\":\"%s\"", truth(found->known && found->clean), framing_name(&found->framing));
	if (framing_delimited(&found->framing))
		printf(",\"delimiter\":%u", found->framing.delimiter);
	if (found->framing.kind == FRAMING_FIXED)
		printf(",\"record_bytes\":%" PRIu64, found->framing.size);
	printf(",\"segments\":[");
}

static void
print_tally_json(const char *label, struct tally tally)
{
	printf(",\"%s\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", label, tally.records, tally.bytes);
}

static void
print_sums_json(const struct sums *sums)
{
	const struct visit_found *found = &sums->found;

	printf("],\"file_bytes\":%" PRIu64, sums->file_bytes);
	print_tally_json("on_disk", sums->records);
	print_tally_json("confirmed", found->confirmed);
	printf(",\"first_serial\":%" PRIu64 ",\"next_serial\":%" PRIu64, found->first, found->next);
	print_tally_json("held", sums->held);
	print_tally_json("missing", sums->missing);
	print_tally_json("given_way", found->given_way);
	printf(",\"other_segments\":%" PRIu64 ",\"other_bytes\":%" PRIu64 ",\"torn_bytes\":%" PRIu64 ",\"damaged\":%s}\n", found->others, sums->other, sums->torn,
	    truth(sums->damaged));
}

/* ------------------------------------------------------------------------------------------------- */

int
spools_check(const struct asked *asked)
{
	struct visit *visit = spools_open(asked);
	struct sums sums = { .json = asked->on[WORD_JSON] };

	if (visit == NULL)
		return CTL_BAD;
	sums.found = visit_found(visit);
	if (sums.json)
		print_head_json(&sums, asked->words[0]);
	else
		print_head(&sums);
	look_at_segments(visit, &sums);
	look_at_records(visit, &sums, diag_visible(asked->words[0]));
	if (sums.json)
		print_sums_json(&sums);
	else
		print_sums(&sums);
	visit_close(visit);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		diag_errno(errno, "standard output");
		return CTL_BAD;
	}
	return sums.damaged ? CTL_BAD : CTL_GOOD;
}
