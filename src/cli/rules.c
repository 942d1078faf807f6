/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "cli/draft.h"
#include "hold/mark.h"
#include "hold/number.h"
#include "pick/bucket.h"

#include <stdio.h>

/* Enough room for a read. */
#define ROOM_BYTES ((uint64_t)64 << 10)
#define ROOM_RECORDS ((uint64_t)512)

static bool
check_bytes(const struct draft *draft)
{
	static const enum id refused[] = { ID_SAMPLE, ID_MAX_RECORDS, ID_MAX_AGE, ID_KEEP, ID_KEY, ID_DROP_OVER,
		ID_COLLAPSE, ID_BISECT, ID_HEADER };
	static const char why[] = "not with --bytes, which has no records; use --fixed=SIZE to cut the "
	    "stream into records";

	if (draft->options->framing.kind != FRAMING_BYTES)
		return true;
	if (policy_drops(draft->options->policy))
		return draft_refuse(&draft->last[ID_POLICY], why);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (draft->is_given[refused[i]])
			return draft_refuse(&draft->last[refused[i]], why);
	return true;
}

/* An eighth of the buffer, so that one record does not displace all the others; but lines of a megabyte are
 * no rarity, and fit if the buffer is that large. */
static uint64_t
default_max_record(uint64_t buffer_bytes)
{
	const uint64_t least = UINT64_C(1) << 20;

	if (buffer_bytes / 8 > least)
		return buffer_bytes / 8;
	return buffer_bytes < least ? buffer_bytes : least;
}

/* What goes out in parts, as records of any length do under block, could not be handed over again. */
static bool
has_longest_record(const struct options *options)
{
	return policy_drops(options->policy) || options->reader.confirm != CONFIRM_WRITTEN;
}

static bool
check_max_record(const struct draft *draft)
{
	struct options *options = draft->options;

	if (!draft->is_given[ID_MAX_RECORD])
		options->max_record_bytes = default_max_record(options->buffer_bytes);
	if (options->max_record_bytes > options->buffer_bytes)
		return draft_bad_value(&draft->last[ID_MAX_RECORD], "larger than the buffer");
	if (has_longest_record(options) && options->framing.kind == FRAMING_FIXED &&
	    options->framing.size > options->max_record_bytes) {
		const bool drops = policy_drops(options->policy);
		char why[192];
		(void)snprintf(why, sizeof(why), "longer than --max-record, so --%s=%s would drop every record; "
		    "accepted: 1 byte up to %llu bytes, or a larger --max-record", drops ? "policy" : "confirm",
		    drops ? policy_name(options->policy) : options_confirm(options),
		    (unsigned long long)options->max_record_bytes);
		return draft_refuse(&draft->last[ID_FIXED], why);
	}
	return true;
}

/* Reading goes on where there is room to read at once, or each record that leaves would be a read: an eighth of the
 * buffer, or as much as is enough. */
static uint64_t
with_room_to_read(uint64_t low, uint64_t all, uint64_t enough)
{
	const uint64_t room = all / 8 < enough ? all / 8 : enough;

	return all == UINT64_MAX || low < all - room ? low : all - room;
}

static bool
check_watermarks(struct draft *draft)
{
	struct options *options = draft->options;
	static const enum id marks[] = { ID_HIGH, ID_LOW };
	const uint64_t whole = UINT64_C(100) * UNITS_MILLI;
	const uint64_t all = options->spool_path != NULL ? options->spool_bytes : options->buffer_bytes;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (draft->is_given[marks[i]] && !policy_has_marks(options->policy)) {
			char why[128];
			(void)snprintf(why, sizeof(why), "not with --policy=%s, which has no use for it; accepted "
			    "with --policy=block or shed:N", policy_name(options->policy));
			return draft_refuse(&draft->last[marks[i]], why);
		}
	}
	if (!draft->is_given[ID_LOW] && draft->low_milli > draft->high_milli)
		draft->low_milli = draft->high_milli;
	if (draft->low_milli > draft->high_milli)
		return draft_bad_value(&draft->last[ID_LOW], "over --high");
	/* Split, so that no product overflows: the buffer is up to 2^44 bytes, a spool 2^50, milli up to 10^5. */
	options->high_bytes = all / whole * draft->high_milli + all % whole * draft->high_milli / whole;
	options->low_bytes = all / whole * draft->low_milli + all % whole * draft->low_milli / whole;
	if (options->high_bytes == 0)
		options->high_bytes = 1;
	options->high_records = options->low_records = UINT64_MAX;
	if (options->max_records != UINT64_MAX) {
		options->high_records = (options->max_records * draft->high_milli + whole - 1) / whole;
		options->low_records = options->max_records * draft->low_milli / whole;
	}
	if (options->policy == POLICY_BLOCK) {
		options->low_bytes = with_room_to_read(options->low_bytes, all, ROOM_BYTES);
		options->low_records = with_room_to_read(options->low_records, options->max_records, ROOM_RECORDS);
	}
	return true;
}

static bool
check_burst(const struct draft *draft)
{
	struct options *options = draft->options;
	const struct given *given = &draft->last[ID_BURST];
	const char *error;

	/* What --drop-over lets in at once: a log's burst is not an offence. */
	if (options->policing)
		options->police_burst = bucket_depth_of(options->police.amount, options->police.period_ns, NS_PER_S);
	if (!draft->is_given[ID_BURST])
		return true;
	error = options->rated ? units_amount(given->value, options->rate.bytes, &options->burst)
	    : units_amount(given->value, options->police.bytes, &options->police_burst);
	return error == NULL ? true : draft_bad_value(given, error);
}

/* Which lines are one record; and frames. */
static bool
check_records(const struct draft *draft)
{
	static const enum id joining[] = { ID_START, ID_JOIN, ID_CONTINUED };
	const struct options *options = draft->options;

	for (size_t i = 0; i < sizeof(joining) / sizeof(joining[0]); i++)
		if (draft->is_given[joining[i]] && options->framing.kind != FRAMING_JOINED)
			return draft_refuse(&draft->last[joining[i]], "only lines are joined; accepted with --lines, the default");
	if (draft->is_given[ID_START] && draft->is_given[ID_JOIN])
		return draft_refuse(&draft->last[ID_JOIN], "not with --start, which says as well where a record begins; accepted: one of "
		    "the two");
	if (draft->is_given[ID_DROPPED_REASON] && options->framing.kind == FRAMING_FRAME)
		return draft_refuse(&draft->last[ID_DROPPED_REASON], "not with --frame, in front of whose records nothing can stand");
	if (draft->is_given[ID_SPOOL] && options->framing.kind == FRAMING_FRAME && options->framing.format == FRAME_PCAP)
		return draft_refuse(&draft->last[ID_FRAME], "not with --spool: each run begins with the header of a file; accepted: the "
		    "other formats");
	if (draft->is_given[ID_RECORD_LINGER] && options->framing.kind != FRAMING_JOINED)
		return draft_refuse(&draft->last[ID_RECORD_LINGER], "no record waits for more lines; accepted with --start, --join or "
		    "--continued");
	return true;
}

/* Options that only mean something beside others. */
static bool
check_company(const struct draft *draft)
{
	const struct options *o = draft->options;
	const bool sampling = draft->is_given[ID_SAMPLE];
	const bool by_key = sampling && (o->sample_by == SAMPLE_BY_KEY || o->sample_by == SAMPLE_BY_EACH_KEY);
	const bool held_by_key = o->policy == POLICY_LATEST || o->policy == POLICY_FAIR;
	const bool choosing = policy_drops(o->policy) && o->policy != POLICY_FAIL;
	const struct {
		enum id id;
		bool good;
		const char *why;
	} rules[] = {
		{ ID_BURST, o->rated || o->policing, "without a rate there is nothing to burst; accepted with "
		    "--rate=RATE or --drop-over=RATE" },
		{ ID_DROPPED_REASON, draft->is_given[ID_DROPPED], "without a file there is nothing to write it to; "
		    "accepted with --dropped=FILE" },
		{ ID_SAMPLE_BY, sampling, "without --sample nothing is chosen; accepted with --sample=N" },
		{ ID_SAMPLE_BY, o->budget.amount == 0, "not with a budget, which chooses by itself, with --key by key; accepted with "
		    "--sample=N" },
		{ ID_SAMPLE_BY, !by_key || draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_RATE_BY, o->rated || o->policing, "without a rate; accepted with --rate=RATE or "
		    "--drop-over=RATE" },
		{ ID_RATE_BY, draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_POLICY, o->policy != POLICY_LATEST || draft->is_given[ID_KEY],
		    "the latest of which key? accepted with --key=KEY" },
		{ ID_POLICY, o->policy != POLICY_FAIR || draft->is_given[ID_KEY],
		    "fair to which keys? accepted with --key=KEY" },
		{ ID_TOP_KEYS, draft->is_given[ID_KEY], "which key? accepted with --key=KEY" },
		{ ID_TOP_KEYS, choosing || o->policing || o->collapse_ns != 0 || o->max_age_ns != 0,
		    "nothing is dropped; accepted with a policy that drops, --drop-over, --collapse or "
		    "--max-age" },
		{ ID_KEY, by_key || o->budget.amount > 0 || o->rate_by_key || held_by_key || o->top_keys > 0,
		    "nothing uses it; accepted with --sample-by=key or each-key, --sample=N/s, --rate-by=key, --policy=latest or "
		    "fair, or --top-keys" },
		{ ID_MASK, o->collapse_ns != 0, "nothing is compared; accepted with --collapse" },
		{ ID_SEPARATOR, o->key.field > 0, "without fields; accepted with --key=N" },
		{ ID_SEED, draft->is_given[ID_WEIGHT] || (sampling && (o->sample_by == SAMPLE_BY_RANDOM || o->sample_by == SAMPLE_BY_KEY)) ||
		    o->policy == POLICY_DROP_RANDOM,
		    "nothing is left to chance; accepted with --sample-by=random, --sample-by=key, --weight or "
		    "--policy=drop-random" },
		{ ID_KEEP, choosing || sampling || o->policing,
		    "nothing gives way that could be kept; accepted with a policy that drops, --sample or "
		    "--drop-over" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (draft->is_given[rules[i].id] && !rules[i].good)
			return draft_refuse(&draft->last[rules[i].id], rules[i].why);
	}
	return true;
}

/* Why no record can be one that is added; NULL: it can. */
static const char *
lacks_marks(const struct framing *framing)
{
	if (framing->kind == FRAMING_FRAME)
		return framing->format == FRAME_PCAP ? "not with --frame=pcap, whose records are packets" : NULL;
	return framing_has_end(framing) ? NULL : "not where records have no delimiter, as with --fixed and --bytes";
}

/* The text of marks of repeats: that of all others where it has been chosen, so that who reads them by a machine can. */
static void
settle_repeated(const struct draft *draft)
{
	struct options *options = draft->options;
	const bool chosen = draft->is_given[ID_MARK_DROPS] && draft->last[ID_MARK_DROPS].value != NULL;

	if (options->collapse_ns != 0 && lacks_marks(&options->framing) == NULL)
		options->repeated_template = chosen ? options->mark_template : MARK_REPEATED;
}

static bool
check_marks(const struct draft *draft)
{
	const struct options *options = draft->options;
	const struct mark_style style = { options->mark_template, options->name, options->framing.delimiter, &options->framing, NULL };
	struct mark_style repeated = style;
	const char *error;

	settle_repeated(draft);
	if (draft->is_given[ID_MARK_DROPS]) {
		error = lacks_marks(&options->framing);
		if (error == NULL)
			error = mark_check(&style);
		if (error != NULL)
			return draft_bad_value(&draft->last[ID_MARK_DROPS], error);
	}
	repeated.pattern = options->repeated_template;
	if (options->repeated_template == NULL || mark_check(&repeated) == NULL)
		return true;
	return draft_refuse(&draft->last[ID_COLLAPSE], "its marks, \"" MARK_REPEATED "\", would contain the records' delimiter; "
	    "accepted with --mark-drops=TEMPLATE");
}

/* Of what the sample lets in, and the shedding. */
static uint64_t
most_weight(const struct options *options)
{
	const uint64_t sample = weight_of_share(&options->sample);

	return options->policy == POLICY_SHED ? weight_of_both(sample, weight_of_share(&options->shed)) : sample;
}

/* What is dropped for any other reason than that it was not chosen leaves none behind that stands for it. */
static bool
check_weight(const struct draft *draft)
{
	const struct options *o = draft->options;
	const struct given *given = &draft->last[ID_WEIGHT];
	const struct {
		bool good;
		const char *why;
	} rules[] = {
		{ delivery_lacks_number(&o->framing) == NULL, delivery_lacks_number(&o->framing) },
		{ o->policy == POLICY_BLOCK || o->policy == POLICY_SHED || o->policy == POLICY_FAIL, "not with a policy that drops what "
		    "nothing stands for; accepted with --policy=block, shed:N or fail" },
		{ o->policy != POLICY_SHED || o->keep == NULL, "not with --policy=shed:N and --keep, where what stands for others gives "
		    "way to what is kept; accepted without --keep" },
		{ !o->policing, "not with --drop-over, which drops what nothing stands for; accepted with --sample" },
		{ o->collapse_ns == 0, "not with --collapse, which drops what nothing stands for; accepted without" },
		{ o->max_age_ns == 0, "not with --max-age, which drops what nothing stands for; accepted without" },
		{ most_weight(o) < WEIGHT_MOST, "not with so small a sample: one would stand for too many; accepted with less than 1 in "
		    "1000000000000, --sample and shed:N together" },
	};
	const char *error;

	if (!draft->is_given[ID_WEIGHT])
		return true;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].good)
			return draft_refuse(given, rules[i].why);
	error = number_check_weight(o->weight_template, o->framing.delimiter);
	return error == NULL ? true : draft_bad_value(given, error);
}

/* Quietly, an interval is that of the live line or of the metrics where there is one, and no report comes of
 * it; but for a file that reports are to go to. */
static void
settle_reporting(struct options *options)
{
	if (options->quiet && (options->progress || options->metrics_path != NULL) && options->report_path == NULL)
		options->reporting = false;
}

/* Lines that are joined are a framing of its own.  A carriage return before the newline is of the line's end. */
static void
tell_framing(struct options *options)
{
	if (options->framing.kind != FRAMING_LINES)
		return;
	keep_set_lines(options->keep);
	mask_set_lines(options->mask);
	key_set_lines(&options->key);
	if (!lines_are_joined(&options->lines))
		return;
	options->framing.kind = FRAMING_JOINED;
	lines_set_lines(&options->lines);
}

/* Without the header of the file nobody reads its packets. */
static void
settle_headers(struct options *options)
{
	if (options->framing.kind == FRAMING_FRAME && options->framing.format == FRAME_PCAP)
		options->header_records++;
}

/* A budget goes its own way, and no other can be given beside it. */
static void
settle_sample(struct options *options)
{
	if (options->budget.amount > 0)
		options->sample_by = SAMPLE_BY_BUDGET;
}

bool
rules_hold(struct draft *draft)
{
	settle_reporting(draft->options);
	tell_framing(draft->options);
	settle_headers(draft->options);
	delivery_settle(draft);
	settle_sample(draft->options);
	return check_bytes(draft) && check_records(draft) && check_company(draft) && delivery_holds(draft) && spool_rules_hold(draft) &&
	    check_max_record(draft) && check_watermarks(draft) &&
	    check_burst(draft) && check_marks(draft) && check_weight(draft);
}

/* Of two records that do not fit together one goes whenever the other comes, and while the first is being
 * sent it cannot. */
static bool
doubt_frame(const struct options *options, char text[OPTIONS_DOUBT_MOST])
{
	const uint64_t size = options->framing.size;

	if (options->framing.kind != FRAMING_FIXED || !policy_drops(options->policy) || options->policy == POLICY_FAIL ||
	    size <= options->buffer_bytes / 2)
		return false;
	(void)snprintf(text, OPTIONS_DOUBT_MOST, "--fixed=%llu is over half of the buffer, which holds one record and no "
	    "more: while it leaves, --policy=%s drops what comes; --buffer=%llu holds two", (unsigned long long)size,
	    policy_name(options->policy), (unsigned long long)(2 * size));
	return true;
}

/* What waits for a batch to be full is too old before it goes. */
static bool
doubt_linger(const struct options *options, char text[OPTIONS_DOUBT_MOST])
{
	char age[32], linger[32];

	if (!options->reader.batching || options->max_age_ns == 0 || options->max_age_ns > options->reader.linger_ns)
		return false;
	figures_ns(age, sizeof(age), options->max_age_ns);
	figures_ns(linger, sizeof(linger), options->reader.linger_ns);
	(void)snprintf(text, OPTIONS_DOUBT_MOST, "--max-age of %s is no longer than --linger, %s: of a batch that is not full all is "
	    "too old before it goes", age, linger);
	return true;
}

/* The same of what waits until nothing more comes. */
static bool
doubt_settle(const struct options *options, char text[OPTIONS_DOUBT_MOST])
{
	char age[32], settle[32];

	if (options->max_age_ns == 0 || options->max_age_ns >= options->settle_ns)
		return false;
	figures_ns(age, sizeof(age), options->max_age_ns);
	figures_ns(settle, sizeof(settle), options->settle_ns);
	(void)snprintf(text, OPTIONS_DOUBT_MOST, "--max-age of %s is less than --settle, %s: all is too old before it leaves, but for "
	    "what comes last", age, settle);
	return true;
}

bool
options_doubt(const struct options *options, char text[OPTIONS_DOUBT_MOST])
{
	return doubt_frame(options, text) || doubt_linger(options, text) || doubt_settle(options, text);
}
