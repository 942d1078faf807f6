/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "run.h"
#include "../unit/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ONE_OF(random, list) ((list)[random_below((random), COUNT(list))])

enum { BLOCK, DROP_OLDEST, DROP_NEWEST, SAMPLE, RATE, DROP_RANDOM, LATEST, SHED, CODEL, FAIL, FAIR };

/* How many there were when seeds began to be quoted. */
#define SEEDS_APART 5

const char *const plan_policies[PLAN_POLICIES] = {
	[BLOCK] = "block",
	[DROP_OLDEST] = "drop-oldest",
	[DROP_NEWEST] = "drop-newest",
	[SAMPLE] = "sample",
	[RATE] = "rate",
	[DROP_RANDOM] = "drop-random",
	[LATEST] = "latest",
	[SHED] = "shed",
	[CODEL] = "codel",
	[FAIL] = "fail",
	[FAIR] = "fair",
};

#define BIT(reason) (1u << (reason))

/* What each drops for when it is full; 0 for those that wait. */
static const unsigned sheds[PLAN_POLICIES] = {
	[DROP_OLDEST] = BIT(REASON_OLDEST) | BIT(REASON_NEWEST),
	[DROP_NEWEST] = BIT(REASON_NEWEST),
	[DROP_RANDOM] = BIT(REASON_RANDOM) | BIT(REASON_NEWEST),
	[LATEST] = BIT(REASON_SUPERSEDED) | BIT(REASON_OLDEST) | BIT(REASON_NEWEST),
	[FAIR] = BIT(REASON_FAIR) | BIT(REASON_NEWEST) | BIT(REASON_OLDEST), /* the oldest where memory lacks */
	[SHED] = BIT(REASON_SHED) | BIT(REASON_NEWEST),
	[CODEL] = BIT(REASON_CODEL) | BIT(REASON_OLDEST) | BIT(REASON_NEWEST),
};

/* Of more that are let in it does not know all that say the same. */
#define REPEATS_KNOWN 60000

/* Reads and writes of one byte make a stream of this length long enough. */
#define LITTLE 3000

bool plan_patterns;

void
plan_add(struct plan *plan, const char *format, ...)
{
	char *at = plan->text + plan->text_length;
	size_t room = sizeof(plan->text) - plan->text_length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(at, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room || plan->arguments == ARGUMENTS_MOST)
		abort();
	plan->text_length += (size_t)length + 1;
	plan->argument[plan->arguments++] = at;
	plan->argument[plan->arguments] = NULL;
}

void
plan_keep(struct plan *plan, unsigned below)
{
	plan->keep_below[plan->keeps++] = below;
	plan_add(plan, KEEP_OPTION, below - 1);
}

static void
choose_sizes(struct plan *plan, struct random *random, uint64_t buffer)
{
	static const uint64_t buffers[] = { 4096, 4096, 5000, 8192, 65536, 200000, 1 << 20 };
	static const size_t totals[] = { 0, 1, 1000, LITTLE, 50000, 50000, 300000, 300000, 1000000 };
	uint64_t m = plan->buffer = buffer != 0 ? buffer : ONE_OF(random, buffers);
	size_t const mosts[] = { 1, 10, 100, 150, 3000, 9000, (size_t)m + 1, 2 * (size_t)m, 300000 };

	plan_add(plan, "--buffer=%" PRIu64, m);
	plan->total = ONE_OF(random, totals);
	plan->most = ONE_OF(random, mosts);
	plan->least = random_one_in(random, 3) ? plan->most : 1;
	plan->unended = random_one_in(random, 2);
	plan->max_records = plan->high_records = UINT64_MAX;
	plan->max_record = plan->high_bytes = m;
	plan->delimiter = '\n';
	plan->kept = plan->of = 1;
}

/* Records of several lines: what says so stands in each, and is not waited for.  Where such a run ends before its input does it
 * depends on the clock what is the last. */
static void
choose_lines(struct plan *plan, struct random *random)
{
	static const char *const rules[] = { "--join=^\\xfe", "--start=^(?!\\xfe)", "--continued=\\xfd$" };
	const size_t rule = (size_t)random_below(random, COUNT(rules));

	plan->lines = rule == 2 ? CONTINUED : JOINED;
	plan->unended &= plan->lines == JOINED;
	plan_add(plan, "%s", rules[rule]);
	plan_add(plan, "--record-linger=1h");
}

/* What a byte does not tell, from a seed of its own. */
static bool
choose_records(struct plan *plan, uint64_t seed, int policy)
{
	struct random random = { (seed * PLAN_POLICIES + (uint64_t)policy) ^ UINT64_C(0xf4a3e5) };

	if (!random_one_in(&random, 3))
		return false;
	if (plan_patterns && !plan->fails && random_one_in(&random, 2)) {
		choose_lines(plan, &random);
		return true;
	}
	plan->framed = true;
	plan->delimiter = NO_DELIMITER;
	plan->format = (enum frame_format)random_below(&random, FRAME_FORMATS);
	plan->headers = plan->format == FRAME_PCAP;
	plan->most += FRAME_MORE_MOST;
	plan_add(plan, "--frame=%s", frame_name(plan->format));
	return true;
}

static void
choose_framing(struct plan *plan, struct random *random, bool may_be_bytes)
{
	static const size_t sizes[] = { 1, 2, 7, 100, 4000, 4096, 5000 };

	switch (random_below(random, 8)) {
	case 0:
		plan_add(plan, random_one_in(random, 2) ? "-0" : "--null");
		plan->delimiter = 0;
		break;
	case 1:
		plan_add(plan, "-dx");
		plan->delimiter = 'x';
		break;
	case 2:
		plan_add(plan, "--delimiter=\\xff");
		plan->delimiter = 0xff;
		break;
	case 3:
	case 4:
		plan->delimiter = NO_DELIMITER;
		if (may_be_bytes && random_one_in(random, 2)) {
			plan_add(plan, "--bytes");
			break;
		}
		do
			plan->fixed = ONE_OF(random, sizes);
		while (plan->fixed > plan->buffer);
		plan_add(plan, "--fixed=%zu", plan->fixed);
		plan->most = plan->fixed;
		break;
	default:
		if (random_one_in(random, 2))
			plan_add(plan, "--lines");
		break;
	}
}

static void
choose_limits(struct plan *plan, struct random *random)
{
	static const uint64_t counts[] = { 1, 2, 10, 100, 5000 };
	bool bytes = plan_is_bytes(plan);
	bool has_watermarks = !plan->drops || (plan->may & BIT(REASON_SHED)) != 0;

	if (!bytes && random_one_in(random, 3)) {
		plan->max_records = ONE_OF(random, counts);
		plan_add(plan, "--max-records=%" PRIu64, plan->max_records);
	}
	if (plan->drops && plan->max_record > 1 << 20)
		plan->max_record = 1 << 20;
	if (plan->drops && random_one_in(random, 3)) {
		uint64_t least = plan->fixed > 0 ? plan->fixed : plan->framed ? 64 : 1; /* more than a header */
		plan->max_record = random_from(random, least, plan->max_record);
		plan_add(plan, "--max-record=%" PRIu64, plan->max_record);
	}
	if (has_watermarks && random_one_in(random, 3)) {
		uint64_t high = random_from(random, 1, 100);
		plan_add(plan, "--high=%" PRIu64 "%%", high);
		if (random_one_in(random, 2))
			plan_add(plan, "--low=%" PRIu64 "%%", random_below(random, high + 1));
		plan->high_bytes = plan->buffer / 100 * high; /* at least */
		if (plan->max_records != UINT64_MAX)
			plan->high_records = plan->max_records / 100 * high;
	}
}

static void
choose_sample(struct plan *plan, struct random *random, const char *option)
{
	static const uint64_t of[] = { 2, 3, 10, 1000 };

	if (random_one_in(random, 3)) {
		plan->kept = random_from(random, 1, 100);
		plan->of = 100;
		plan_add(plan, "%s%" PRIu64 "%%", option, plan->kept);
		return;
	}
	plan->kept = 1;
	plan->of = ONE_OF(random, of);
	plan_add(plan, "%s%" PRIu64, option, plan->of);
}

/* So that all of it takes a hundredth of a second or so. */
static void
choose_rate(struct plan *plan, struct random *random, const char *option)
{
	size_t length = plan->fixed > 0 ? plan->fixed : (plan->least + plan->most) / 2;
	bool bytes = plan_is_bytes(plan);

	plan->rated = true;
	if (bytes || random_one_in(random, 2))
		plan_add(plan, "%s%zuB/s", option, 100 * (plan->total + plan->most) + 10000);
	else
		plan_add(plan, "%s%zu/s", option, 100 * (plan->total / length + 1) + 10000);
	if (random_one_in(random, 3))
		plan_add(plan, "--burst=%" PRIu64, random_from(random, 1, 10000));
}

static void
choose_report(struct plan *plan, struct random *random)
{
	static const char *const pipes[] = { "keep", "4K", "64K", "1M" };

	plan_add(plan, "--format=json");
	plan->report_file = random_one_in(random, 4); /* where it is, the rig knows */
	plan->fail_on_drop = random_one_in(random, 5);
	if (plan->fail_on_drop)
		plan_add(plan, "--fail-on-drop");
	if (random_one_in(random, 3))
		plan_add(plan, "--pipe-size=%s", ONE_OF(random, pipes));
	plan->pipe_ignored = random_one_in(random, 5);
	plan->usr1_one_in = random_one_in(random, 3) ? 20 : 0;
}

static void
choose_sides(struct plan *plan, struct random *random)
{
	static const enum end_kind ends[] = { END_PIPE, END_PIPE, END_PIPE, END_FIFO, END_SOCKET, END_FILE };
	static const size_t amounts[] = { 1, 100, 4096, 65536, 65536, 1 << 20 };
	static const enum stall stalls[] = { STALL_NONE, STALL_PAUSES, STALL_FED, STALL_SETTLED };
	size_t length = plan->total + plan->most;
	size_t from = length <= 2 * LITTLE ? 0 : length <= 100000 ? 1 : 2;

	plan->input = ONE_OF(random, ends);
	plan->output = ONE_OF(random, ends);
	plan->input_nonblock = random_one_in(random, 4);
	plan->output_nonblock = random_one_in(random, 4);
	plan->write_most = amounts[random_from(random, from, COUNT(amounts) - 1)];
	plan->read_most = amounts[random_from(random, from, COUNT(amounts) - 1)];
	plan->stall = ONE_OF(random, stalls);
	plan->report_file &= plan->stall != STALL_SETTLED;
	if (plan->stall == STALL_SETTLED && (plan->lines != ONE_LINE || !plan->drops || plan->fails || plan->output == END_FILE))
		plan->stall = STALL_FED;
}

static void
choose_ending(struct plan *plan, struct random *random)
{
	static const char *const timeouts[] = { "0", "20ms", "60", "60" };
	size_t timeout = random_below(random, COUNT(timeouts));

	plan->term_at = plan->leave_at = NEVER;
	plan->drains_all = true;
	if (plan->stall == STALL_SETTLED || plan->lines != ONE_LINE)
		return;
	if (random_one_in(random, 6)) {
		plan->term_at = random_below(random, plan->total + 1);
		plan->term_twice = random_one_in(random, 4);
		plan->drains_all = timeout >= 2 && !plan->term_twice;
		plan_add(plan, "--drain-timeout=%s", timeouts[timeout]);
	}
	if (random_one_in(random, 6) && plan->output != END_FILE)
		plan->leave_at = random_below(random, plan->total / plan->of + 1);
}

/* Whether all that comes out can be told apart: no part of a mark, or of a weight, is the last of it. */
static bool
ends_whole(const struct plan *plan)
{
	return plan->term_at == NEVER && plan->leave_at == NEVER && !plan->unended;
}

static bool
may_be_marked(const struct plan *plan)
{
	return plan->delimiter != NO_DELIMITER || (plan->framed && plan->format != FRAME_PCAP && ends_whole(plan));
}

/* Of records that are looked at whole, where it is known which come in; where there are marks the oracle knows them. */
static void
choose_collapse(struct plan *plan, uint64_t seed)
{
	struct random random = { seed ^ UINT64_C(0xc0ffee) };
	const bool whole = plan->drops || plan->most < plan->high_bytes;
	const bool known = !plan->policed || plan->police_tokens > 0;

	const bool few = plan->total / ((plan->least + plan->most - (plan->framed ? FRAME_MORE_MOST : 0)) / 2 + 1) < REPEATS_KNOWN;
	const bool marked = may_be_marked(plan) || plan->fixed > 0 || plan->format == FRAME_PCAP;

	if (plan_is_bytes(plan) || !whole || !known || !few || !marked || plan->weighed || !random_one_in(&random, 4))
		return;
	plan->collapses = true;
	plan->may |= BIT(REASON_REPEATED);
	plan_add(plan, "--collapse=1h");
	if (may_be_marked(plan) && !plan->marks) {
		plan->marks = true;
		plan_add(plan, "--mark-drops=" MARK_BEGIN "{records} {bytes}");
	}
}

/* From a seed of its own, so that what was found by a seed before there was this is found by it still. */
static void
choose_watch(struct plan *plan, uint64_t seed)
{
	struct random random = { ~seed };

	if (random_one_in(&random, 3))
		plan_add(plan, "--interval=%" PRIu64 "ms", random_from(&random, 10, 20));
	plan->metrics_file = random_one_in(&random, 6);
	if (plan->delimiter == NO_DELIMITER && !plan->framed)
		return;
	plan->marks = (plan->may & ~BIT(REASON_SAMPLE)) != 0 && random_one_in(&random, 2) && may_be_marked(plan) && !plan->weighed;
	if (plan->marks)
		plan_add(plan, "--mark-drops=" MARK_BEGIN "{records} {bytes}");
	plan->saves = (plan->drops || plan->of > 1) && random_one_in(&random, 2);
}

/* --- by class, key, age and chance ------------------------------------------------------------------ */

static void
choose_policy(struct plan *plan, struct random *random, int policy)
{
	static const struct {
		const char *option;
		uint64_t target_ns;
	} codels[] = {
		{ "codel", 100000000 },
		{ "codel:1ms", 1000000 },
		{ "codel:1ms/2ms", 1000000 },
		{ "codel:5ms/20ms", 5000000 },
		{ "codel:1h/1h", NEVER_NS },
	};

	plan->may = sheds[policy] | (plan->drops ? BIT(REASON_OVERSIZE) : 0);
	if (policy == SHED) {
		plan->shed = random_from(random, 1, 10);
		plan_add(plan, "--policy=shed:%" PRIu64, plan->shed);
	} else if (policy == CODEL) {
		size_t codel = random_below(random, COUNT(codels));

		plan->target_ns = codels[codel].target_ns;
		plan_add(plan, "--policy=%s", codels[codel].option);
	} else {
		plan_add(plan, "--policy=%s", plan_policies[policy]);
	}
}

/* So slow that the first few come in and no more, or as the clock has it. */
static void
choose_police(struct plan *plan, struct random *random)
{
	plan->policed = true;
	plan->may |= BIT(REASON_OVER);
	if (random_one_in(random, 3)) {
		plan_add(plan, "--drop-over=%s", random_one_in(random, 2) ? "100000/s" : "10MB/s");
		return;
	}
	plan_add(plan, "--drop-over=1/h");
	plan->police_tokens = 1;
	if (!plan->rated && random_one_in(random, 2)) {
		plan->police_tokens = random_from(random, 1, 1000);
		plan_add(plan, "--burst=%" PRIu64, plan->police_tokens);
	}
}

static void
choose_age(struct plan *plan, struct random *random)
{
	static const unsigned ages_ms[] = { 1, 3, 20, 200, 3600000 };
	unsigned ms = ONE_OF(random, ages_ms);

	plan_add(plan, "--max-age=%ums", ms);
	plan->max_age_ns = (uint64_t)ms * 1000000;
	plan->may |= BIT(REASON_EXPIRED);
}

/* The key, and those of its uses that the rest of the plan has room for. */
static void
choose_key(struct plan *plan, struct random *random, bool latest)
{
	const bool samples = plan->sample_by == SAMPLE_BY_KEY || plan->sample_by == SAMPLE_BY_EACH_KEY;

	plan->by_key = (plan->rated || plan->policed) && random_one_in(random, 2);
	if (plan->by_key)
		plan_add(plan, "--rate-by=key");
	if ((plan->may & ~(BIT(REASON_SAMPLE) | BIT(REASON_OVERSIZE))) != 0 && random_one_in(random, 2)) {
		plan->top_keys = (unsigned)random_from(random, 1, 100);
		plan_add(plan, "--top-keys=%u", plan->top_keys);
	}
	plan->keyed = latest || samples || plan->by_key || plan->top_keys > 0;
	if (plan->keyed)
		plan_add(plan, KEY_OPTION);
}

static void
choose_keep(struct plan *plan, struct random *random)
{
	static const unsigned few[] = { 1, 1, 8, 64 };
	unsigned below = ONE_OF(random, few);

	plan_keep(plan, below);
	if (random_one_in(random, 2))
		plan_keep(plan, 2 * below);
	if ((plan->may & (BIT(REASON_NEWEST) | BIT(REASON_RANDOM))) == BIT(REASON_NEWEST))
		plan->may |= BIT(REASON_OLDEST); /* what arrives displaces what is less precious */
}

static void
choose_sample_by(struct plan *plan, struct random *random)
{
	static const char *const ways[] = {
		[SAMPLE_BY_COUNT] = "count",
		[SAMPLE_BY_RANDOM] = "random",
		[SAMPLE_BY_KEY] = "key",
		[SAMPLE_BY_EACH_KEY] = "each-key",
	};

	plan->sample_by = (enum sample_by)random_below(random, plan_patterns ? COUNT(ways) : SAMPLE_BY_KEY);
	plan_add(plan, "--sample-by=%s", ways[plan->sample_by]);
}

/* These came later, too: half of the runs of a policy that does without are as they were. */
static void
choose_gates(struct plan *plan, uint64_t seed, int policy)
{
	struct random random = { seed ^ UINT64_C(0x5eedfeed) };
	bool bytes = plan_is_bytes(plan);
	bool plain = policy < SEEDS_APART && random_one_in(&random, 2);

	plan->may |= plan->of > 1 ? BIT(REASON_SAMPLE) : 0;
	if (bytes || plain)
		return;
	if (plan->of > 1)
		choose_sample_by(plan, &random);
	if (random_one_in(&random, 3) && !plan->weighed)
		choose_police(plan, &random);
	if (random_one_in(&random, 4) && !plan->weighed)
		choose_age(plan, &random);
	if (((plan->drops && !plan->fails) || plan->of > 1 || plan->policed) && plan_patterns && !plan->weighed &&
	    random_one_in(&random, 2))
		choose_keep(plan, &random);
	if (plan_patterns)
		choose_key(plan, &random, policy == LATEST || policy == FAIR);
	else if (policy == LATEST || policy == FAIR)
		plan_add(plan, "--key=1");
	if (policy == DROP_RANDOM || (plan->of > 1 && (plan->sample_by == SAMPLE_BY_RANDOM || plan->sample_by == SAMPLE_BY_KEY))) {
		plan->seed = seed;
		plan_add(plan, "--seed=%" PRIu64, seed);
	}
}

/* The first ones, which come in and stay; a pause before anything leaves; what each stands for.  From a seed of its own, as what
 * came before there was this. */
static void
choose_later(struct plan *plan, uint64_t seed, int policy)
{
	struct random random = { (seed * PLAN_POLICIES + (uint64_t)policy) ^ UINT64_C(0x1a7e5) };
	const bool fits = !plan->drops || plan->most <= plan->max_record;
	const bool may_weigh = plan->delimiter != NO_DELIMITER && plan->of == 1 && (policy == BLOCK || policy == RATE || policy == FAIL || policy == SHED);

	if (!plan_is_bytes(plan) && fits && random_one_in(&random, 4)) {
		const size_t headers = (size_t)random_from(&random, 1, 5);

		plan->headers += headers;
		plan_add(plan, "--header=%zu", headers);
	}
	if (plan->total / plan->buffer <= 32 && random_one_in(&random, 6)) {
		plan->settles = true;
		plan_add(plan, "--settle=%" PRIu64 "us", random_from(&random, 1, 3000));
	}
	if (may_weigh && ends_whole(plan) && random_one_in(&random, 4)) {
		plan->weighed = true;
		plan->weight_most = policy == SHED ? plan->shed : 1;
		plan_add(plan, "%s", WEIGHT_OPTION);
	}
}

void
plan_random(struct plan *plan, uint64_t seed, int policy, uint64_t buffer)
{
	struct random random = { seed * SEEDS_APART + (uint64_t)policy };
	bool sampled;

	*plan = (struct plan){ .drops = sheds[policy] != 0 || policy == FAIL, .fails = policy == FAIL };
	choose_sizes(plan, &random, buffer);
	sampled = policy == SAMPLE || (policy != BLOCK && random_one_in(&random, 4));
	if (!choose_records(plan, seed, policy))
		choose_framing(plan, &random, !plan->drops && !sampled);
	if (plan->drops)
		choose_policy(plan, &random, policy);
	if (sampled)
		choose_sample(plan, &random, policy == SAMPLE ? "--policy=sample:" : "--sample=");
	if (policy == RATE || (policy != BLOCK && random_one_in(&random, 4)))
		choose_rate(plan, &random, policy == RATE ? "--policy=rate:" : "--rate=");
	choose_limits(plan, &random);
	choose_report(plan, &random);
	choose_sides(plan, &random);
	choose_ending(plan, &random);
	choose_later(plan, seed, policy);
	choose_gates(plan, seed, policy);
	choose_watch(plan, seed);
	choose_collapse(plan, seed);
	/* what the first records take up, or what has waited for a pause, is another question */
	plan->evicts = policy == DROP_OLDEST && plan->keeps == 0 && plan->headers == 0 && !plan->settles;
	plan->refuses = policy == DROP_NEWEST && plan->keeps == 0 && plan->headers == 0 && !plan->settles;
}
