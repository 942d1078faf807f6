/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command line comes to, by example; and what holds for any of them.
 */
#include "../tap.h"

#include "flow/plan.h"

#define ANY UINT64_MAX
#define NEVER SIZE_MAX
#define READ PLAN_READ_MOST
#define ARGUMENTS_MOST 16

static struct options options;
static char words[2][128]; /* by turns: getopt keeps a pointer into the last one */

/* The plan for a command line. */
static struct plan
plan(const char *command_line, bool messages, bool can_splice)
{
	static unsigned turn;
	char *argv[ARGUMENTS_MOST], *text = words[++turn % 2];
	int argc = 0;

	(void)snprintf(text, sizeof(words[0]), "weir %s", command_line);
	for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (options_parse(argc, argv, &options) != OPTIONS_RUN)
		abort();
	return plan_of(&options, (struct plan_ports){ messages, can_splice });
}

/* --- modes ---------------------------------------------------------------------------------------- */

static const struct mode {
	const char *command_line;
	bool messages;
	bool can_splice;
	bool drops, stream, splicing, looking;
	size_t parts_from;
} modes[] = {
	/* plain block is a stream, from pipe to pipe where that can be done */
	{ "-q", false, false, false, true, false, true, NEVER },
	{ "-q", false, true, false, true, true, true, NEVER },
	{ "--fixed=100 -q", false, true, false, true, true, false, NEVER },
	{ "--bytes -q", false, true, false, true, true, false, NEVER },
	/* not where a record is a message; without records it is one all the same */
	{ "-m 8K -q", true, true, false, false, false, true, 8192 },
	{ "--bytes -m 8K -q", true, true, false, true, true, false, NEVER },
	/* what is asked of records makes them leave whole, and from the high watermark on in parts */
	{ "-m 8K -L 10/s", false, true, false, false, false, true, 8192 },
	{ "-m 8K --high=50% -L 10/s", false, true, false, false, false, true, 4096 },
	{ "-m 8K -s 3", false, true, false, false, false, true, 8192 },
	{ "-m 8K --drop-over=10/s", false, true, false, false, false, true, 8192 },
	{ "-m 8K --max-age=1", false, true, false, false, false, true, 8192 },
	{ "-m 8K -s 100%", false, true, false, true, true, true, NEVER },
	/* a rate of bytes leaves a stream one, that is not spliced */
	{ "--bytes -L 10KB/s", false, true, false, true, false, false, NEVER },
	/* a policy that drops */
	{ "-p drop-oldest", false, true, true, false, false, true, NEVER },
	{ "-p fail --fixed=4", true, true, true, false, false, false, NEVER },
	{ "-p shed:3 -L 10/s", false, false, true, false, false, true, NEVER },
};

static void
has_modes(void)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const struct mode *m = &modes[i];
		const struct plan p = plan(m->command_line, m->messages, m->can_splice);
		const struct tuning t = tuning_of(&options);

		ok(p.drops == m->drops && p.stream == m->stream && p.splicing == m->splicing &&
		    p.looking == m->looking && plan_parts_from(&p, &t) == m->parts_from,
		    "weir %s%s%s: modes", m->command_line, m->messages ? ", of messages" : "",
		    m->can_splice ? ", between pipes" : "");
		options_free(&options);
	}
}

/* --- limits --------------------------------------------------------------------------------------- */

static const struct limits {
	const char *command_line;
	struct queue_limits limits;
	uint64_t max_record, judge_at;
} limits[] = {
	/* nothing that is read is more than the buffer holds, and no record is too long */
	{ "-m 8K", { 8192, ANY, 0, 0, 0, 0 }, ANY, 8192 },
	{ "-m 8K --max-records=7 --high=50%", { 8192, 7, 0, 0, 0, 0 }, ANY, 4096 },
	{ "-m 8K -L 10/s", { 8192, ANY, 0, 0, 0, 0 }, ANY, 8192 },
	/* a gate takes less than it reads, */
	{ "-m 8K -s 3", { 8192, ANY, READ, 0, 0, 0 }, ANY, 8192 },
	{ "-m 8K --drop-over=10/s", { 8192, ANY, READ, 0, 0, 0 }, ANY, 8192 },
	{ "-m 8K --max-age=1", { 8192, ANY, READ, 0, 0, 0 }, ANY, 8192 },
	{ "-m 8K --collapse", { 8192, ANY, READ, 0, READ + 8192, 0 }, ANY, 8192 },
	/* and where there is a key a record is looked at in one piece, as far as it is judged */
	{ "-m 8K --drop-over=10/s --key=1 --rate-by=key --high=50%", { 8192, ANY, READ, 0, READ + 8192, 0 }, ANY, 4096 },
	/* what drops assembles a record beside a full buffer, up to the longest, and judges it whole */
	{ "-p drop-oldest -m 8K", { 8192, ANY, READ, 8192, 0, 0 }, 8192, ANY },
	{ "-p drop-oldest -m 8K --max-records=7 --max-record=1K", { 8192, 7, READ, 1024, 0, 0 }, 1024, ANY },
	{ "-p latest --key=2 -m 8K --max-record=1K", { 8192, ANY, READ, 1024, READ + 1024, 0 }, 1024, ANY },
	/* with a spool what has been read is beside it, a read and the longest record */
	{ "-m 8K --spool=/tmp --spool-size=1M", { 8192, ANY, READ, 8192, 0, 2 * READ + 8192 }, 8192, ANY },
};

static void
has_limits(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct limits *l = &limits[i];
		const struct plan p = plan(l->command_line, false, true);
		const struct tuning t = tuning_of(&options);

		ok(p.limits.bytes == l->limits.bytes && p.limits.records == l->limits.records &&
		    p.limits.slack == l->limits.slack && p.limits.record == l->limits.record &&
		    p.limits.view == l->limits.view && p.limits.beside == l->limits.beside, "weir %s: limits", l->command_line);
		ok(p.max_record == l->max_record && plan_judge_at(&p, &t) == l->judge_at, "weir %s: how long records are",
		    l->command_line);
		options_free(&options);
	}
}

/* --- gates, chance -------------------------------------------------------------------------------- */

static const struct gates {
	const char *command_line;
	bool sampling, policing, collapsing, rated, by_key, ends_run, shedding, controlled;
	bool seeded, salted;
} gates[] = {
	{ "-q", .seeded = true },
	{ "-s 3", .sampling = true, .seeded = true },
	{ "-s 3 --sample-by=random", .sampling = true },
	{ "-s 3 --sample-by=random --seed=5", .sampling = true, .seeded = true },
	{ "-s 3 --sample-by=key --key=1", .sampling = true, .seeded = true },
	{ "--drop-over=10/s", .policing = true, .seeded = true },
	{ "--collapse", .collapsing = true, .seeded = true, .salted = true },
	{ "-L 10/s", .rated = true, .seeded = true },
	{ "-L 10/s --drop-over=5/s --rate-by=key --key=1", .rated = true, .policing = true, .by_key = true, .seeded = true,
	    .salted = true },
	{ "-p drop-random", .seeded = false },
	{ "-p drop-random --seed=5", .seeded = true },
	{ "-p latest --key=1", .seeded = true, .salted = true },
	{ "-p shed:3", .shedding = true, .seeded = true },
	{ "-p codel", .controlled = true, .seeded = true },
	{ "-p fail", .ends_run = true, .seeded = true },
};

static void
has_gates(void)
{
	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		const struct gates *g = &gates[i];
		const struct plan p = plan(g->command_line, false, true);

		ok(p.sampling == g->sampling && p.policing == g->policing && p.collapsing == g->collapsing && p.rated == g->rated &&
		    p.by_key == g->by_key && p.ends_run == g->ends_run, "weir %s: gates", g->command_line);
		ok(p.shedding == g->shedding && p.controlled == g->controlled, "weir %s: what gives way",
		    g->command_line);
		ok(p.seeded == g->seeded && p.salted == g->salted && p.seed == options.seed,
		    "weir %s: what the system is asked for", g->command_line);
		options_free(&options);
	}
}

/* --- tuning --------------------------------------------------------------------------------------- */

static void
has_tuning(void)
{
	struct tuning t, other;
	struct plan p;

	p = plan("-m 8K --max-records=10 --high=50% --low=25% -L 5000/s -s 40%", false, false);
	t = tuning_of(&options);
	ok(t.rate.amount == 1 && t.rate.period_ns == NS_PER_S / 5000 && !t.rate.bytes && t.burst == 5,
	    "a rate, and a millisecond's worth of it");
	ok(t.marks.high.bytes == 4096 && t.marks.high.records == 5 && t.marks.low.bytes == 2048 &&
	    t.marks.low.records == 2, "watermarks");
	ok(t.sample.num == 2 && t.sample.den == 5 && t.max_age_ns == 0, "a sample, and any age");
	ok(plan_allows(&p, &t, &t), "what is so may be so");
	other = t;
	other.rate = (struct rate){ 9, 7, false };
	other.police.bytes = !t.police.bytes;
	other.max_age_ns = 5;
	other.sample = (struct share){ 1, 1 };
	ok(plan_allows(&p, &t, &other), "values may be others, where there is no police of any unit");
	other.rate.bytes = true;
	ok(!plan_allows(&p, &t, &other), "but not a rate's unit");
	options_free(&options);
	p = plan("-p shed:7 --drop-over=9/s --max-age=2 --burst=44", false, false);
	t = other = tuning_of(&options);
	ok(t.shed.den == 7 && t.police.amount == 9 && t.police_burst == 44 && t.max_age_ns == 2 * NS_PER_S,
	    "a share, a police and its burst, an age");
	other.police.bytes = true;
	ok(!plan_allows(&p, &t, &other), "nor a police's");
	options_free(&options);
	p = plan("-p codel:3ms/40ms -L 5/s --burst=8", false, false);
	t = tuning_of(&options);
	ok(t.codel_target_ns == 3 * NS_PER_MS && t.codel_interval_ns == 40 * NS_PER_MS && t.burst == 8,
	    "CoDel's times, and a burst");
	options_free(&options);
	p = plan("-q", false, false);
	t = other = tuning_of(&options);
	other.marks.high.bytes = 77;
	ok(plan_allows(&p, &t, &other), "a stream has watermarks");
	other.max_age_ns = 1;
	ok(!plan_allows(&p, &t, &other), "and no age");
	other.max_age_ns = 0;
	other.sample = (struct share){ 1, 2 };
	ok(!plan_allows(&p, &t, &other), "nor a sample, where there is none");
	options_free(&options);
}

/* --- who reads ------------------------------------------------------------------------------------ */

static const struct readers {
	const char *command_line;
	bool stream, splicing, flying, batching, listed, crediting, numbered, marks_answered;
	uint64_t window_records, window_bytes, max_record;
	size_t record; /* of the limits */
} readers[] = {
	/* who confirms nothing changes nothing, */
	{ "-m 8K --confirm=written cat", true, true, .window_records = ANY, .window_bytes = ANY, .max_record = ANY },
	/* but that records are told apart where there is something to count */
	{ "-m 8K --credits=x", .crediting = true, .window_records = ANY, .window_bytes = ANY, .max_record = ANY },
	{ "-m 8K --number", .numbered = true, .window_records = ANY, .window_bytes = ANY, .max_record = ANY },
	{ "-m 8K --weight={n}", .window_records = ANY, .window_bytes = ANY, .max_record = ANY },
	/* what is in flight fits the buffer, and a record is bounded */
	{ "-m 8K --confirm=line --answers=x", .flying = true, .numbered = true, .marks_answered = true,
	    .window_records = 1000, .window_bytes = 8192, .max_record = 8192, .record = 8192 },
	{ "-m 8K --confirm=line --answers=x --window=7 --max-record=1K", .flying = true, .numbered = true,
	    .marks_answered = true, .window_records = 7, .window_bytes = 8192, .max_record = 1024, .record = 1024 },
	{ "-m 8K --confirm=upto --number --answers=x --window=2KiB", .flying = true, .numbered = true,
	    .window_records = ANY, .window_bytes = 2048, .max_record = 8192, .record = 8192 },
	{ "-m 8K --confirm=upto -b --answers=x", true, .flying = true, .numbered = true,
	    .window_records = 1000, .window_bytes = 8192, .max_record = ANY },
	/* of what is to be read half of the buffer, if nobody says how much */
	{ "-m 8K --confirm=read cat", .flying = true, .numbered = true,
	    .window_records = ANY, .window_bytes = 4096, .max_record = 8192, .record = 8192 },
	{ "-m 8K --confirm=read --window=8KiB cat", .flying = true, .numbered = true,
	    .window_records = ANY, .window_bytes = 8192, .max_record = 8192, .record = 8192 },
	{ "-m 8K --batch=5 cat", .flying = true, .batching = true, .numbered = true,
	    .window_records = ANY, .window_bytes = ANY, .max_record = 8192, .record = 8192 },
	/* records of batches are told apart where they are asked for one by one */
	{ "-m 8K --batch=5 --bisect cat", .flying = true, .batching = true, .listed = true, .numbered = true,
	    .window_records = ANY, .window_bytes = ANY, .max_record = 8192, .record = 8192 },
	{ "-m 8K -b --batch=1KB cat", true, .flying = true, .batching = true, .numbered = true,
	    .window_records = ANY, .window_bytes = ANY, .max_record = ANY },
};

static void
has_readers(void)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		const struct readers *r = &readers[i];
		const struct plan p = plan(r->command_line, false, true);
		const struct tuning t = tuning_of(&options);

		ok(p.stream == r->stream && p.splicing == r->splicing && (p.stream || r->flying || plan_parts_from(&p, &t) == 8192) &&
		    (!r->flying || plan_parts_from(&p, &t) == NEVER), "weir %s: modes", r->command_line);
		ok(p.flying == r->flying && p.batching == r->batching && p.listed == r->listed && p.crediting == r->crediting &&
		    p.numbered == r->numbered && p.marks_answered == r->marks_answered, "weir %s: who reads", r->command_line);
		ok((p.framing.kind == FRAMING_BYTES || p.window.records == r->window_records) &&
		    p.window.bytes == r->window_bytes && p.max_record == r->max_record && p.limits.record == r->record,
		    "weir %s: how much is in flight", r->command_line);
		options_free(&options);
	}
	{
		const struct plan p = plan("--batch=500,1MB --linger=3 cat", false, false);

		ok(p.batch.records == 500 && p.batch.bytes == 1000000 && p.linger_ns == 3 * NS_PER_S, "batches, and how long");
		options_free(&options);
	}
}

/* --- any ------------------------------------------------------------------------------------------ */

/* Of each policy, with each gate and each kind of ports. */
static void
holds_for_any(void)
{
	static const char *const policies[] = { "block", "drop-oldest", "drop-newest", "drop-random", "latest --key=1",
		"shed:2", "codel", "fail" };
	static const char *const asked[] = { "", "-s 2", "--drop-over=9/s", "-L 9/s", "--max-age=1", "--max-records=5", "--fixed=3", "--max-record=4K" };
	char line[100];
	bool good = true;

	for (unsigned i = 0; i < 8 * 8 * 4; i++) {
		const bool messages = i & 1, can_splice = i & 2;
		struct plan p, again;
		struct tuning t;

		(void)snprintf(line, sizeof(line), "-p %s %s", policies[i / 4 % 8], asked[i / 32]);
		p = plan(line, messages, can_splice);
		t = tuning_of(&options);
		again = plan_of(&options, (struct plan_ports){ messages, can_splice });
		good = good && p.drops == policy_drops(p.policy) && !(p.drops && p.stream) &&
		    (!p.splicing || (p.stream && can_splice)) && (plan_parts_from(&p, &t) == NEVER) == (p.drops || p.stream) &&
		    (p.max_record == ANY) == !p.drops && (plan_judge_at(&p, &t) == ANY) == p.drops &&
		    p.limits.record <= p.limits.bytes && (!p.drops || p.limits.slack > 0) &&
		    p.stream == again.stream && p.seed == again.seed && p.limits.view == again.limits.view &&
		    p.policy == options.policy && p.key == options_key(&options) && p.keep == options.keep;
		options_free(&options);
		if (!good) {
			diag("weir %s, messages %d, splice %d", line, messages, can_splice);
			break;
		}
	}
	ok(good, "what any plan is like");
}

int
main(void)
{
	has_modes();
	has_limits();
	has_gates();
	has_tuning();
	has_readers();
	holds_for_any();
	return done_testing();
}
