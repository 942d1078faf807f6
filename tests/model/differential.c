/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real pump against the model, on random streams, options and events, by seed.
 *
 *      differential [FIRST-SEED [COUNT]]
 *
 * A failure says its seed; with that as FIRST-SEED and a COUNT of 1 it comes again.
 */
#include "../unit/tap.h"

#include "../unit/random.h"
#include "flow/replan.h"
#include "script.h"

#include <signal.h>

#define STREAM_MOST ((size_t)1536 << 10)
#define COUNT_SHORT 6000
#define STEPS_MOST 20000

static const struct size_class {
	uint64_t buffer_least, buffer_most;
	uint64_t stream_most;
	uint64_t read_most;
	uint64_t record_least; /* of fixed ones, and of the longest allowed */
	bool tiny_slack; /* so that a ring with slack wraps, too */
	bool splices;
} classes[] = {
	{ 1, 12, 400, 9, 1, true, false },
	{ 4, 300, 4000, 400, 1, true, false },
	{ 4, 300, 4000, 400, 1, false, false },
	{ 4096, 60000, 200000, 300000, 64, false, true },
	{ 70000, 300000, STREAM_MOST, 600000, 64, false, true },
};

static struct rig {
	struct random random;
	const struct size_class *class;
	struct options options;
	struct script_setup setup;
	struct pump pump;
	struct sojourn *sojourn;
	uint64_t now;
	unsigned steps;
	unsigned eager;    /* the reader: with 0 it is stalled until the end is near */
	unsigned hasty;    /* the producer */
	uint64_t stop_at;  /* the step before which a signal comes */
	uint64_t gone_at;  /* the reader goes, or the output fails */
	char stream[STREAM_MOST];
	uint64_t length;   /* of the stream */
	bool weighed;      /* records have weights */
	bool strung;       /* what else ends in a byte ends in two, */
	bool marked;       /* or it is lines that go together, or frames: */
	struct marked_rules rules; /* of the lines */
	struct marked marks;
	unsigned char mark[STREAM_MOST];
	uint32_t known[STREAM_MOST];
	bool tuned;        /* values change now and then; */
	unsigned replanned; /* the plan does once in so many steps; 0: never */
	bool longest_is_given; /* --max-record, which is the buffer's size otherwise */
	unsigned retunes, replans, refusals;
	struct model model;
} rig;

/* --- options -------------------------------------------------------------------------------------- */

static uint64_t
below(uint64_t most)
{
	return random_below(&rig.random, most);
}

static uint64_t
from(uint64_t least, uint64_t most)
{
	return random_from(&rig.random, least, most);
}

static bool
one_in(uint64_t n)
{
	return random_one_in(&rig.random, n);
}

static void
choose_marks(struct options *o)
{
	uint64_t high = one_in(2) ? 100 : from(1, 100);
	uint64_t low = from(0, high);

	o->high_bytes = o->buffer_bytes * high / 100;
	o->low_bytes = o->buffer_bytes * low / 100;
	if (o->high_bytes == 0)
		o->high_bytes = 1;
	o->high_records = o->low_records = UINT64_MAX;
	if (o->max_records == UINT64_MAX)
		return;
	o->high_records = (o->max_records * high + 99) / 100;
	o->low_records = o->max_records * low / 100;
}

static void
choose_rate(struct options *o)
{
	static const uint64_t amounts[] = { 1, 3, 7, 50, 1000, 12345, 1000000, 1000000000 };

	o->rated = one_in(3);
	o->rate.amount = amounts[rig.class->splices ? from(6, 7) : below(8)];
	o->rate.period_ns = NS_PER_S;
	o->rate.bytes = one_in(2) || o->framing.kind == FRAMING_BYTES;
	o->burst = one_in(2) ? 0 : from(1, o->rate.bytes ? o->buffer_bytes : 9);
}

/* What records say: of few letters, so that keys and patterns are found. */
static void
choose_texts(struct options *o)
{
	static const char *const patterns[] = { "x", "^y", "z$", "[ab]{2}", "^$" };
	static const char *const keys[] = { "1", "2", "/([xyz])/" };
	bool needs_key = o->policy == POLICY_LATEST || o->policy == POLICY_FAIR || o->sample_by == SAMPLE_BY_KEY ||
	    o->sample_by == SAMPLE_BY_EACH_KEY;
	char error[PATTERN_ERROR_MOST];
	unsigned count = one_in(3) ? (unsigned)from(1, 3) : 0;
	size_t rules = sizeof(keys) / sizeof(keys[0]);

#ifndef HAVE_PCRE2
	count = 0;
	rules--;
#endif
#ifdef HAVE_PCRE2
	if (o->collapse_ns != 0 && one_in(2) && ((o->mask = mask_new()) == NULL || !mask_add(o->mask, "a+", error)))
		abort(); /* the model knows which that is */
#endif
	if (count > 0 && (o->keep = keep_new()) == NULL)
		abort();
	while (count-- > 0)
		if (!keep_add(o->keep, patterns[below(5)], error))
			abort();
	if (!needs_key && one_in(2))
		return;
	o->key.separator = one_in(2) ? KEY_BLANKS : ',';
	if (key_parse(&o->key, keys[below(rules)], error) != NULL)
		abort();
	o->rate_by_key = (o->rated || o->policing) && one_in(2);
}

static struct share
choose_share(void)
{
	static const struct share shares[] = { { 1, 2 }, { 1, 7 }, { 2, 5 }, { 5, 9 }, { 99, 100 } };

	return shares[below(sizeof(shares) / sizeof(shares[0]))];
}

/* Where the sample is by that. */
static void
choose_budget(struct options *o)
{
	if (o->sample_by != SAMPLE_BY_BUDGET)
		return;
	o->sample = (struct share){ 1, 1 };
	o->budget = (struct rate){ one_in(2) ? from(1, 100) : from(100, 1000000), one_in(2) ? NS_PER_S : 60 * NS_PER_S, false };
}

static uint64_t
choose_repeats(void)
{
	return 1 + below(one_in(2) ? 5 * NS_PER_S : 5 * NS_PER_MS);
}

static void
choose_values(struct options *o)
{
	o->collapse_ns = choose_repeats();
	o->sample = one_in(4) ? (struct share){ 1, 1 } : choose_share();
	choose_budget(o);
	o->police = (struct rate){ one_in(2) ? from(1, 100) : from(100, 1000000), NS_PER_S, false };
	o->police_burst = from(1, rig.options.police.bytes ? o->buffer_bytes : 9);
	o->max_age_ns = one_in(2) ? 0 : 1 + below(one_in(2) ? 2 * NS_PER_S : 5 * NS_PER_MS);
}

static void
choose_control(struct options *o)
{
	o->shed = (struct share){ 1, from(1, 5) };
	o->codel_target_ns = below(one_in(2) ? 200 * NS_PER_MS : NS_PER_MS);
	o->codel_interval_ns = 1 + below(one_in(2) ? NS_PER_S : NS_PER_MS);
}

static void
choose_gates(struct options *o)
{
	o->seeded = true;
	o->seed = random_next(&rig.random);
	if (one_in(3)) {
		o->sample = choose_share();
		o->sample_by = (enum sample_by)below(5);
		choose_budget(o);
	}
	o->policing = one_in(4);
	o->police = (struct rate){ one_in(2) ? from(1, 100) : from(100, 1000000), NS_PER_S, one_in(2) };
	o->police_burst = from(1, o->police.bytes ? o->buffer_bytes : 9);
	if (one_in(4))
		o->max_age_ns = 1 + below(one_in(2) ? 2 * NS_PER_S : 5 * NS_PER_MS);
	o->collapse_ns = one_in(4) ? choose_repeats() : 0;
}

/* What drops only what the weights stand for. */
static void
choose_weighed(struct options *o)
{
	o->weight_template = "{n}";
	o->policing = false;
	o->max_age_ns = o->collapse_ns = 0;
	if (o->policy != POLICY_BLOCK && o->policy != POLICY_FAIL)
		o->policy = o->keep == NULL ? POLICY_SHED : POLICY_BLOCK;
	choose_marks(o);
}

static void
choose_settle(struct options *o)
{
	o->settle_ns = one_in(5) ? 1 + below(one_in(2) ? NS_PER_S : 2 * NS_PER_MS) : 0;
}

/* Lines that go together, or frames, of any kind. */
static void
choose_marked(struct options *o)
{
	const enum frame_format format = (enum frame_format)below(FRAME_FORMATS);

	rig.rules = (struct marked_rules){ one_in(3), one_in(2), one_in(2) };
	rig.rules.join &= !rig.rules.start;
	o->framing = (struct framing){ .kind = FRAMING_FRAME, .format = format };
#ifdef HAVE_PCRE2
	if (one_in(2))
		return;
	rig.rules.continued |= !rig.rules.start && !rig.rules.join;
	o->framing = (struct framing){ .kind = FRAMING_JOINED, .delimiter = '\n' };
	marked_patterns(&rig.rules, &o->lines);
	o->record_linger_ns = one_in(4) ? 0 : 1 + below(one_in(2) ? 2 * NS_PER_S : 2 * NS_PER_MS);
#endif
}

static bool
is_marked(const struct options *o)
{
	return o->framing.kind == FRAMING_JOINED || o->framing.kind == FRAMING_FRAME;
}

static bool
is_pcap(const struct options *o)
{
	return o->framing.kind == FRAMING_FRAME && o->framing.format == FRAME_PCAP;
}

static void
choose_options(void)
{
	static const struct framing framings[] = { { .kind = FRAMING_LINES, .delimiter = '\n' }, { .kind = FRAMING_NULL },
		{ .kind = FRAMING_DELIMITER, .delimiter = 0xff }, { .kind = FRAMING_FIXED }, { .kind = FRAMING_BYTES } };
	static const struct framing string = { .kind = FRAMING_STRING, .delimiter = 'z', .string = "zz", .string_length = 2 };
	const struct size_class *class = rig.class = &classes[one_in(40) ? 3 + below(2) : below(3)];
	struct options *o = &rig.options;

	*o = (struct options){ .policy = (enum policy)below(POLICIES), .sample = { 1, 1 } };
	o->buffer_bytes = from(class->buffer_least, class->buffer_most);
	o->max_records = one_in(2) ? UINT64_MAX : from(1, 6);
	o->framing = framings[below(o->policy == POLICY_BLOCK && o->max_records == UINT64_MAX ? 5 : 4)];
	if (rig.strung && o->framing.kind == FRAMING_DELIMITER)
		o->framing = string;
	if (rig.marked)
		choose_marked(o);
	rig.longest_is_given = one_in(2);
	o->max_record_bytes = rig.longest_is_given ? from(class->record_least, o->buffer_bytes) : o->buffer_bytes;
	if (o->framing.kind == FRAMING_FIXED)
		o->framing.size = from(class->record_least,
		    (o->max_record_bytes - class->record_least) / (one_in(3) ? 1 : 10) + class->record_least);
	choose_marks(o);
	choose_rate(o);
	choose_control(o);
	if (o->framing.kind != FRAMING_BYTES) {
		choose_gates(o);
		choose_texts(o);
		o->header_records = (one_in(4) ? from(1, one_in(4) ? 50 : 3) : 0) + is_pcap(o);
	}
	choose_settle(o);
	if (rig.weighed && (framing_delimited(&o->framing) || o->framing.kind == FRAMING_JOINED))
		choose_weighed(o);
	rig.setup = (struct script_setup){
		.way = (enum io_way)below(5),
		.unit = class->splices ? 4096 : from(1, 50),
		.slack = class->tiny_slack ? from(4, 400) : 0,
	};
	if (is_marked(o) && rig.setup.slack > 0) /* in which what is kept back always has room */
		rig.setup.slack = from(2 * FRAMER_KEPT, 400);
}

/* Most records are short, some as long as the buffer, few are longer than several. */
static uint64_t
choose_length(void)
{
	uint64_t most = rig.options.buffer_bytes;

	if (one_in(30))
		return from(1, 3 * most);
	if (one_in(4))
		return from(1, most);
	return one_in(10) ? 1 : from(1, 1 + most / 10);
}

static char
choose_byte(void)
{
	static const char letters[] = "xyzab , ";

	return rig.options.keep != NULL || options_key(&rig.options) != NULL || rig.options.collapse_ns != 0 ? letters[below(8)]
	                                                                      : (char)random_next(&rig.random);
}

static char
choose_letter(void)
{
	static const char letters[] = "xyzab , ";

	return letters[below(8)];
}

static void
make_marked(void)
{
	const bool joined = rig.options.framing.kind == FRAMING_JOINED;
	const struct marked_maker maker = { &rig.random, choose_length, joined ? choose_letter : choose_byte };

	rig.marks = (struct marked){ .mark = rig.mark, .known = rig.known };
	if (joined)
		marked_lines(&rig.marks, &rig.rules, &maker, rig.stream, rig.length);
	else
		marked_frames(&rig.marks, rig.options.framing.format, &maker, rig.stream, rig.length);
}

static void
make_stream(void)
{
	char delimiter = (char)rig.options.framing.delimiter;

	rig.length = one_in(50) ? 0 : from(1, rig.class->stream_most);
	if (is_marked(&rig.options)) {
		make_marked();
		return;
	}
	for (uint64_t at = 0; at < rig.length;) {
		for (uint64_t left = choose_length(); left > 0 && at < rig.length; left--) {
			char byte = choose_byte();

			if (left == 1 && rig.options.framing.kind == FRAMING_STRING && at + 1 < rig.length)
				rig.stream[at++] = delimiter;
			rig.stream[at++] = left == 1 ? delimiter : (char)(byte ^ (byte == delimiter && (rig.options.framing.kind != FRAMING_STRING || !one_in(4))));
		}
	}
}

static bool
begin(uint64_t seed)
{
	rig.random.state = seed * 1000003;
	rig.weighed = seed % 5 == 0;
	rig.strung = seed % 3 == 0;
	rig.marked = seed % 3 == 1;
	choose_options();
	make_stream();
	rig.tuned = one_in(2);
	rig.replanned = one_in(2) ? (unsigned)from(2, 20) : 0;
	rig.now = NS_PER_S;
	rig.steps = rig.retunes = rig.replans = rig.refusals = 0;
	rig.eager = (unsigned)below(4);
	rig.hasty = (unsigned)from(1, 3);
	rig.stop_at = one_in(4) ? below(100) : UINT64_MAX;
	rig.gone_at = one_in(6) ? below(100) : UINT64_MAX;
	script = (struct script){
		.model = &rig.model,
		.stream = rig.stream,
		.marks = is_marked(&rig.options) ? &rig.marks : NULL,
		.window = STREAM_MOST,
		.whole = one_in(2),
		.can_splice = rig.class->splices && one_in(2),
		.can_look = rig.class->splices || one_in(2),
		.batch_room = one_in(2) ? 0 : from(1, SCRIPT_CHUNKS),
	};
	rig.sojourn = sojourn_new();
	if (script_begin(&rig.pump, &rig.options, &rig.setup, rig.now) == 0 && rig.sojourn != NULL) {
		pump_observe(&rig.pump, rig.sojourn, NULL, NULL, NULL);
		return true;
	}
	diag("out of memory");
	return false;
}

static void
end(void)
{
	pump_free(&rig.pump);
	sojourn_free(rig.sojourn);
	keep_free(rig.options.keep);
	mask_free(rig.options.mask);
	key_clear(&rig.options.key);
	lines_free(&rig.options.lines);
}

/* --- steps ---------------------------------------------------------------------------------------- */

/* Whether the input and the output are willing from now on, so that the run must come to its end. */
static bool
is_late(void)
{
	return rig.steps > 300;
}

static void
choose_input(void)
{
	uint64_t left = rig.length - script.at - script.available;
	uint64_t most = rig.class->read_most < left ? rig.class->read_most : left;

	if (most > 0 && one_in(rig.hasty))
		script.available += from(1, one_in(3) ? most : (most + 9) / 10);
	if (is_late())
		script.available = rig.length - script.at;
	if (script.at + script.available == rig.length && (is_late() || one_in(4)))
		*(one_in(8) && !script.ended ? &script.failed : &script.ended) = true;
	script.read_again = one_in(20);
}

static void
choose_output(void)
{
	uint64_t most = rig.class->buffer_most;

	script.takes = rig.eager == 0 || one_in(1 + rig.eager) ? 0 : from(0, one_in(3) ? most : most / 10);
	if (is_late())
		script.takes = UINT64_MAX;
	script.write_again = one_in(20);
	if (rig.steps < rig.gone_at)
		return;
	script.gone = rig.gone_at % 2 == 0;
	script.write_failed = !script.gone;
}

static void
choose_time(void)
{
	uint64_t due = pump_deadline_ns(&rig.pump);

	if ((rig.pump.output == OUTLET_HELD && is_late()) || (due != UINT64_MAX && one_in(2)))
		rig.now = due + (one_in(2) ? 0 : one_in(2) ? below(20 * NS_PER_MS) : below(1000));
	else if (one_in(2))
		rig.now += below(one_in(4) ? NS_PER_S : NS_PER_MS);
}

static bool
is_over(void)
{
	return rig.pump.output == OUTLET_GONE || rig.pump.output == OUTLET_ERROR || pump_done(&rig.pump);
}

/* Other values for what the options have. */
static void
retune(void)
{
	struct options o = rig.options;
	struct tuning tuning;
	bool by_bytes = o.rate.bytes;

	choose_marks(&o);
	choose_rate(&o);
	o.rated = rig.options.rated;
	o.rate.bytes = by_bytes;
	if (o.framing.kind != FRAMING_BYTES) {
		bool police_bytes = o.police.bytes;

		choose_values(&o);
		o.police.bytes = police_bytes;
		o.police.period_ns = one_in(4) ? NS_PER_MS : NS_PER_S;
	}
	if (rig.pump.plan.stream)
		o.max_age_ns = 0;
	if (!rig.pump.plan.sampling)
		o.sample = (struct share){ 1, 1 };
	choose_control(&o);
	if (rig.weighed && rig.options.weight_template != NULL)
		o.max_age_ns = 0;
	tuning = tuning_of(&o);
	if (one_in(3)) { /* the rest as it was */
		const struct tuning before = rig.pump.tuning;
		const struct watermarks marks = tuning.marks;

		tuning = before;
		tuning.marks = marks;
	}
	if (!plan_allows(&rig.pump.plan, &rig.pump.tuning, &tuning))
		abort();
	pump_retune(&rig.pump, &tuning, rig.now);
	model_retune(&rig.model, &tuning, rig.now);
	rig.retunes++;
}

/* --- other plans ---------------------------------------------------------------------------------- */

static void
choose_no_sample(struct options *o)
{
	o->sample = (struct share){ 1, 1 };
	o->budget = (struct rate){ 0 };
	if (o->sample_by == SAMPLE_BY_BUDGET)
		o->sample_by = SAMPLE_BY_COUNT;
}

/* How it is drawn stays; but a budget can come instead of a share by count, or the other way round. */
static void
settle_sample_by(struct options *o, enum sample_by by)
{
	const bool either = by == SAMPLE_BY_COUNT || by == SAMPLE_BY_BUDGET;

	if (either && o->budget.amount > 0)
		o->sample_by = SAMPLE_BY_BUDGET;
	else
		o->sample_by = by == SAMPLE_BY_BUDGET ? SAMPLE_BY_COUNT : by;
	if (o->sample_by != SAMPLE_BY_BUDGET)
		o->budget = (struct rate){ 0 };
}

/* Of what records have to pass or give way by, what can be set. */
static void
choose_next_records(struct options *o)
{
	static const enum policy knowing[] = { POLICY_SHED, POLICY_CODEL }; /* something of what has been */
	const uint64_t seed = o->seed;
	const enum sample_by by = o->sample_by;

	if (one_in(2))
		o->policy = one_in(3) ? knowing[below(2)] : (enum policy)below(POLICIES);
	if (one_in(4))
		choose_control(o);
	if (one_in(3))
		choose_gates(o);
	else if (one_in(3))
		choose_no_sample(o);
	if (one_in(3))
		o->max_age_ns = 0;
	if (one_in(3))
		o->collapse_ns = 0;
	if (one_in(4))
		o->max_records = one_in(2) ? UINT64_MAX : from(1, 6);
	o->seed = seed;
	settle_sample_by(o, by);
	if (one_in(50))
		o->keep = NULL; /* which is refused, if there is one */
}

/* Whether they are valid. */
static bool
choose_next(struct options *o)
{
	const uint64_t period_ns = o->police.period_ns;

	if (one_in(3))
		o->buffer_bytes = from(rig.class->buffer_least, rig.class->buffer_most);
	if (!rig.longest_is_given)
		o->max_record_bytes = o->buffer_bytes;
	if (o->framing.kind != FRAMING_BYTES)
		choose_next_records(o);
	o->police.period_ns = one_in(2) ? period_ns : NS_PER_S;
	if (one_in(2))
		choose_rate(o);
	if (one_in(4))
		choose_settle(o);
	if (o->weight_template != NULL)
		choose_weighed(o);
	choose_marks(o);
	if (one_in(8)) { /* as little as can be asked of records */
		o->policy = POLICY_BLOCK;
		o->rated = o->policing = false;
		choose_no_sample(o);
		o->max_age_ns = o->collapse_ns = o->settle_ns = 0;
	}
	return o->max_record_bytes <= o->buffer_bytes && ((o->policy != POLICY_LATEST && o->policy != POLICY_FAIR) || options_key(o) != NULL) &&
	    (!policy_drops(o->policy) || o->framing.kind != FRAMING_FIXED || o->framing.size <= o->max_record_bytes);
}

static void
replan(void)
{
	struct options next = rig.options;

	if (!choose_next(&next))
		return;
	if (pump_refuses(&rig.pump, &next) != NULL) {
		rig.refusals++;
		return;
	}
	if (script_replan(&rig.pump, &next, &rig.setup, rig.now) < 0)
		abort();
	rig.options = next;
	rig.replans++;
}

static bool
step(void)
{
	choose_time();
	if (rig.tuned && one_in(20))
		retune();
	while (rig.replanned > 0 && one_in(rig.replanned))
		replan();
	choose_input();
	choose_output();
	if (rig.steps++ == rig.stop_at) {
		pump_stop(&rig.pump, rig.now);
		model_stop(&rig.model, rig.now);
	}
	return script_pass(&rig.pump, rig.now);
}

static void
describe(uint64_t seed)
{
	const struct options *o = &rig.options;

	diag("header %" PRIu64 ", settle %" PRIu64 ", start %d, join %d, continued %d, linger %" PRIu64 ", wrong at %" PRIu64,
	    o->header_records, o->settle_ns, rig.rules.start, rig.rules.join, rig.rules.continued, o->record_linger_ns,
	    is_marked(o) ? rig.marks.wrong_at : UINT64_MAX);
	diag("seed %" PRIu64 ", step %u, byte %" PRIu64 " of %" PRIu64 ": %s", seed, rig.steps, script.at,
	    rig.length, model_complaint() != NULL ? model_complaint() : "it does not come to an end");
	diag("policy %s, framing %s, size %" PRIu64 ", buffer %" PRIu64 ", high %" PRIu64 ", low %" PRIu64
	     ", records %" PRIu64 ", high %" PRIu64 ", low %" PRIu64 ", longest %" PRIu64, policy_name(o->policy),
	    framing_name(&o->framing), o->framing.size, o->buffer_bytes, o->high_bytes, o->low_bytes,
	    o->max_records, o->high_records, o->low_records, o->max_record_bytes);
	diag("sample %" PRIu64 " in %" PRIu64 ", %s %" PRIu64 " %s/s, burst %" PRIu64 ", way %d, unit %zu, slack "
	     "%zu, splice %d, look %d, batches of %zu", o->sample.num, o->sample.den,
	    o->rated ? "rate" : "no rate, not", o->rate.amount, o->rate.bytes ? "bytes" : "records", o->burst,
	    (int)rig.setup.way, rig.setup.unit, rig.setup.slack, script.can_splice, script.can_look,
	    script.batch_room);
	diag("seed %" PRIu64 ", sample by %s, drop over %" PRIu64 " %s/s, burst %" PRIu64 "%s, age %" PRIu64
	     ", shed %" PRIu64 ", codel %" PRIu64 "/%" PRIu64 ", key %" PRIu64 "%s, %u patterns%s%s", o->seed,
	    options_sample_by(o), o->policing ? o->police.amount : 0, o->police.bytes ? "bytes" : "records",
	    o->police_burst, o->rate_by_key ? " by key" : "", o->max_age_ns, o->shed.den, o->codel_target_ns,
	    o->codel_interval_ns, o->key.field, o->key.pattern != NULL ? " pattern" : "", keep_count(o->keep),
	    keep_count(o->keep) > 0 ? " from " : "", keep_count(o->keep) > 0 ? keep_regex(o->keep, 1) : "");
	diag("collapse %" PRIu64 "%s", o->collapse_ns, o->mask != NULL ? ", masked" : "");
	diag("%u times other values (which are not shown), %u times other plans (the last is shown), %u times refused",
	    rig.retunes, rig.replans, rig.refusals);
	diag("again: tests/model/differential %" PRIu64 " 1", seed);
}

/* Until the end; or, where a second signal comes, somewhere before it. */
static bool
run(uint64_t seed)
{
	uint64_t most = one_in(10) ? below(100) : STEPS_MOST;
	bool good = true;

	do
		good = step();
	while (good && !is_over() && rig.steps < most);
	if (good && rig.steps < STEPS_MOST) {
		pump_close_books(&rig.pump, rig.now);
		good = model_agrees_closed(&rig.model, &rig.pump);
	} else {
		good = false;
	}
	if (!good)
		describe(seed);
	return good;
}

static uint64_t running; /* the seed, for what ends by abort() */

static void
on_abort(int which)
{
	(void)signal(which, SIG_DFL);
	diag("an invariant of weir's does not hold");
	describe(running);
	(void)fflush(stdout);
}

int
main(int argc, char *argv[])
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : COUNT_SHORT / script_slowness();
	uint64_t seed = first, steps = 0, bytes = 0, retunes = 0, replans = 0, refusals = 0;
	bool good = true;

	(void)signal(SIGABRT, on_abort);
	(void)signal(SIGSEGV, on_abort); /* the model does not go on long where it has found a difference */
	for (; seed - first < count && good; seed++) {
		running = seed;
		good = begin(seed) && run(seed);
		steps += rig.steps;
		bytes += script.at;
		retunes += rig.retunes;
		replans += rig.replans;
		refusals += rig.refusals;
		end();
	}
	diag("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " passes, %" PRIu64 " bytes, %" PRIu64 " retunes, %" PRIu64
	     " replans, %" PRIu64 " refused", seed - first, first, steps, bytes, retunes, replans, refusals);
	ok(good, "the pump and the model agree");
	return done_testing();
}
