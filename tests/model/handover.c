/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real pump, feed and jobs against the model of a reader, on random records, options and readers, by seed.
 *
 *      handover [FIRST-SEED [COUNT]]
 *
 * A failure says its seed; with that as FIRST-SEED and a COUNT of 1 it comes again.
 */
#include "../unit/tap.h"

#include "../unit/random.h"
#include "play.h"

#include <signal.h>

#define COUNT_SHORT 1500
#define STEPS_MOST 4000
#define NEVER_NS (UINT64_C(10000000) * NS_PER_S) /* no run takes so long */
#define LATE 250 /* from this step on everybody is willing */

static char *command[] = { (char[]){ "x" }, NULL };

static struct rig {
	struct random random;
	unsigned steps;
	uint64_t records;  /* that will come at most */
	uint64_t longest;
	unsigned eager;    /* the reader */
	unsigned replanned; /* the plan is another once in so many steps; 0: never */
	unsigned grim;     /* COMMAND: it fails once in so many times; 0: never */
	uint64_t gone_at;
	uint64_t started[HANDING_PARTS]; /* what runs and was not told to be started yet */
	size_t untold;
	uint64_t least_seen;
} rig;

static struct sums {
	uint64_t passes, records, redelivered, tried, bisected, failed, rejected, replans, refused;
} sums;

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

/* --- options -------------------------------------------------------------------------------------- */

static void
choose_watermarks(struct options *o)
{
	const uint64_t high = one_in(2) ? 100 : from(30, 100), low = from(0, high);

	o->high_bytes = o->buffer_bytes * high / 100;
	o->low_bytes = o->buffer_bytes * low / 100;
	o->high_bytes += o->high_bytes == 0;
	o->high_records = o->low_records = UINT64_MAX;
	if (o->max_records == UINT64_MAX)
		return;
	o->high_records = (o->max_records * high + 99) / 100;
	o->low_records = o->max_records * low / 100;
}

static void
choose_policy(struct options *o)
{
	static const enum policy policies[] = { POLICY_BLOCK, POLICY_DROP_OLDEST, POLICY_DROP_NEWEST, POLICY_LATEST,
		POLICY_DROP_RANDOM, POLICY_SHED, POLICY_CODEL, POLICY_FAIR };

	o->policy = one_in(2) ? POLICY_BLOCK : policies[below(8)];
	o->max_records = one_in(2) ? UINT64_MAX : from(1, 8);
	if (o->policy == POLICY_BLOCK && one_in(2))
		o->max_records = UINT64_MAX;
	o->shed = (struct share){ 1, from(2, 4) };
	o->codel_target_ns = 1 + below(NS_PER_MS);
	o->codel_interval_ns = 1 + below(NS_PER_S);
	o->seeded = true;
	o->seed = random_next(&rig.random);
	if (one_in(4))
		o->max_age_ns = 1 + below(one_in(2) ? 2 * NS_PER_S : 50 * NS_PER_MS);
}

static void
choose_batches(struct options *o)
{
	struct reader_options *r = &o->reader;

	r->batching = true;
	r->confirm = CONFIRM_EXIT;
	r->command = command;
	r->jobs = (unsigned)(one_in(2) ? 1 : from(2, 4));
	r->batch_records = one_in(3) ? UINT64_MAX : from(1, 9);
	r->batch_bytes = r->batch_records != UINT64_MAX && one_in(2) ? UINT64_MAX : from(1, o->buffer_bytes / 2 / r->jobs);
	r->linger_ns = one_in(3) ? 0 : below(one_in(2) ? NS_PER_S : NS_PER_MS);
	r->timeout_ns = one_in(3) ? from(1, 5 * NS_PER_S) : 0;
	r->bisect = one_in(2);
	if (one_in(4) && o->framing.kind != FRAMING_FRAME)
		r->number_template = NUMBER_DEFAULT;
}

static void
choose_window(struct options *o)
{
	struct reader_options *r = &o->reader;

	r->window_records = r->window_bytes = UINT64_MAX;
	if (one_in(2))
		r->window_records = from(1, 6);
	else if (one_in(2))
		r->window_bytes = from(1, o->buffer_bytes);
	r->window_given = r->window_records != UINT64_MAX || r->window_bytes != UINT64_MAX;
	o->rated = one_in(6);
	o->rate = (struct rate){ from(1, 1000), NS_PER_S, one_in(2) };
}

static void
choose_feed(struct options *o)
{
	static const enum confirm confirms[] = { CONFIRM_LINE, CONFIRM_NUMBER, CONFIRM_UPTO, CONFIRM_READ };
	struct reader_options *r = &o->reader;

	r->confirm = confirms[below(4)];
	r->command = one_in(4) ? NULL : command;
	r->restart = r->command != NULL;
	if (o->framing.kind == FRAMING_FRAME) /* in front of which are no numbers */
		r->confirm = one_in(2) ? CONFIRM_LINE : CONFIRM_READ;
	else if (r->confirm == CONFIRM_NUMBER || r->confirm == CONFIRM_UPTO || one_in(4))
		r->number_template = NUMBER_DEFAULT;
	r->answers_path = r->command == NULL ? "x" : NULL;
	r->credits_path = one_in(4) ? "x" : NULL;
	choose_window(o);
}

/* Records that a byte does not tell, by a seed of their own: so others are what they were. */
static void
choose_framing(struct options *o, uint64_t seed)
{
	char error[PATTERN_ERROR_MOST];

	if (seed % 3 == 0)
		o->framing = (struct framing){ .kind = FRAMING_FRAME, .format = FRAME_U16BE };
#ifdef HAVE_PCRE2
	if (seed % 3 != 1)
		return;
	o->framing.kind = FRAMING_JOINED;
	if ((o->lines.continued = pattern_new(",$", error)) == NULL)
		abort();
	o->record_linger_ns = NEVER_NS;
#else
	(void)error;
#endif
}

static void
choose_options(uint64_t seed)
{
	struct options *o = &play.options;
	char error[PATTERN_ERROR_MOST];

	*o = (struct options){ .name = "weir", .framing = { .kind = FRAMING_LINES, .delimiter = '\n' }, .sample = { 1, 1 } };
	choose_framing(o, seed);
	o->buffer_bytes = from(one_in(3) ? 16 : 60, 600);
	o->max_record_bytes = one_in(2) ? o->buffer_bytes : from(4, o->buffer_bytes);
	o->reader = (struct reader_options){ .window_records = UINT64_MAX, .window_bytes = UINT64_MAX,
		.batch_records = UINT64_MAX, .batch_bytes = UINT64_MAX, .jobs = 1, .confirm_given = true };
	o->reader.retries = one_in(3) ? UINT64_MAX : below(4);
	o->reader.backoff_least_ns = from(1, one_in(2) ? 10 : NS_PER_S);
	o->reader.backoff_most_ns = o->reader.backoff_least_ns * from(1, 40);
	choose_policy(o);
	o->key.separator = ',';
	if ((o->policy == POLICY_LATEST || o->policy == POLICY_FAIR) && key_parse(&o->key, "2", error) != NULL)
		abort();
	choose_watermarks(o);
	if (one_in(2))
		choose_batches(o);
	else
		choose_feed(o);
}

static bool
begin(uint64_t seed)
{
	rig = (struct rig){ .random.state = seed * 1000003 };
	choose_options(seed);
	scene = (struct scene){ .unit = one_in(2) ? 4096 : from(1, 60), .next_fd = 1000 };
	rig.records = one_in(30) ? 0 : from(1, 300);
	rig.longest = from(4, 4 + play.options.buffer_bytes / (one_in(3) ? 1 : 6));
	rig.eager = (unsigned)below(4);
	rig.replanned = one_in(2) ? (unsigned)from(3, 20) : 0;
	rig.grim = one_in(3) ? 0 : (unsigned)from(2, 6);
	play.now = NS_PER_S;
	if (play_begin(random_next(&rig.random)))
		return true;
	diag("out of memory");
	return false;
}

/* --- what happens ----------------------------------------------------------------------------------- */

static bool
is_late(void)
{
	return rig.steps > LATE;
}

static void
choose_time(void)
{
	uint64_t due = play_deadline_ns();

	if (due > NEVER_NS)
		due = UINT64_MAX;
	if (due != UINT64_MAX && (is_late() || one_in(2)))
		play.now = due > play.now ? due : play.now;
	else if (one_in(2))
		play.now += below(one_in(8) ? 15 * NS_PER_S : one_in(2) ? NS_PER_S : NS_PER_MS);
	if (one_in(20) && play.now > NS_PER_S && due != UINT64_MAX && due > play.now + 1)
		play.now = due - 1; /* just too early */
}

static void
choose_input(void)
{
	uint64_t left;

	while (handing.planned < rig.records && (is_late() || one_in(2)))
		handing_plan(one_in(40) ? from(4, 3 * play.options.buffer_bytes) : from(4, rig.longest));
	left = 0;
	for (size_t i = handing.coming; i < handing.planned; i++)
		left += handing.record[i].length - handing.record[i].read;
	scene.available = is_late() ? left : one_in(3) ? 0 : from(0, left);
	if (is_late() && handing.planned == rig.records && one_in(30) && left > 0 && !scene.ended)
		scene.available = left - 1; /* the last one lacks its delimiter */
	if (is_late() && handing.planned == rig.records && scene.available + (left > 0) >= left)
		scene.ended = true;
	if (scene.ended)
		rig.records = handing.planned;
}

static void
choose_output(void)
{
	scene.takes = rig.eager == 0 || one_in(1 + rig.eager) ? 0 : from(0, play.options.buffer_bytes / (one_in(3) ? 1 : 8));
	if (is_late())
		scene.takes = UINT64_MAX;
}

/* --- batches --------------------------------------------------------------------------------------- */

static int
choose_status(void)
{
	static const int failures[] = { 1 << 8, 75 << 8, SIGKILL, SIGTERM, 255 << 8 };

	if (rig.grim == 0 || (is_late() && rig.steps > 4 * LATE) || !one_in(rig.grim))
		return 0;
	return one_in(4) ? 65 << 8 : failures[below(5)];
}

static uint64_t
any_running(bool told)
{
	const size_t first = handing.parts > 0 ? (size_t)below(handing.parts) : 0;

	for (size_t i = 0; i < handing.parts; i++) {
		const uint64_t id = handing.part[(first + i) % handing.parts].id;

		if (id != 0 && (id <= rig.least_seen) == told)
			return id;
	}
	return 0;
}

/* The warden tells in the order of what was started. */
static bool
batch_events(void)
{
	uint64_t id;

	if (one_in(100))
		play_hurry();
	while (rig.least_seen < handing.last_id && (is_late() || one_in(2))) {
		if (one_in(20) && !is_late())
			play_short(++rig.least_seen);
		else
			play_started(++rig.least_seen);
	}
	while ((id = any_running(true)) != 0 && (is_late() || one_in(3))) {
		play_ended(id, choose_status());
		handing_same_books();
	}
	if (one_in(30))
		scene.warden_busy = false;
	return handing_complaint() == NULL;
}

/* --- a feed ----------------------------------------------------------------------------------------- */

static uint64_t
choose_serial(void)
{
	const uint64_t given = handing_nth_given((size_t)below(4));

	return one_in(6) ? below(handing.coming + 3) : given;
}

static bool
answer(void)
{
	static const char *const words[] = { "", " ok", "\r", " 17 -5 reject", "\t" };
	const char *word = words[below(5)];
	const bool rejects = one_in(15);

	if (one_in(10) && play.options.reader.confirm != CONFIRM_LINE && play.options.reader.confirm != CONFIRM_READ)
		return play_say(SAYS_NOTHING, 0, "rejected: none", one_in(3));
	switch (play.options.reader.confirm) {
	case CONFIRM_LINE:
		return play_say(rejects ? REJECTS_OLDEST : SAYS_OLDEST, 0, word, one_in(5));
	case CONFIRM_NUMBER:
		return play_say(rejects ? REJECTS_NUMBER : SAYS_NUMBER, choose_serial(), word, one_in(5));
	case CONFIRM_UPTO:
		return play_say(rejects ? REJECTS_NUMBER : SAYS_UP_TO, choose_serial(), word, one_in(5));
	case CONFIRM_READ:
		return play_look(below(one_in(2) ? 20 : 400));
	case CONFIRM_WRITTEN:
	case CONFIRM_EXIT:
		break;
	}
	return true;
}

/* Everybody says all that there is to say. */
static bool
answer_all(void)
{
	uint64_t serial;

	if (play.options.reader.confirm == CONFIRM_READ)
		return play_look(UINT64_MAX);
	while ((serial = handing_nth_given(0)) != 0) {
		const enum saying saying = play.options.reader.confirm == CONFIRM_LINE ? SAYS_OLDEST
		    : play.options.reader.confirm == CONFIRM_NUMBER ? SAYS_NUMBER : SAYS_UP_TO;

		if (!play_say(saying, serial, "", false))
			return false;
	}
	return true;
}

static bool
feed_events(void)
{
	if (play.options.reader.credits_path != NULL && (is_late() || one_in(3)))
		play_grant(is_late() ? 1000 : below(8));
	if (handing.runs && play.feed.state == FEED_STARTING && one_in(2))
		play_feed_up();
	if (handing.runs && !is_late() && rig.grim > 0 && one_in(10 * rig.grim)) {
		play_die((int)below(3) << 8);
		return handing_complaint() == NULL;
	}
	if (handing.runs && !is_late() && rig.grim > 0 && one_in(100))
		scene.gone = true;
	if (handing.runs && is_late() && !answer_all())
		return false;
	if (handing.runs && play.feed.state == FEED_DEAF && (is_late() || one_in(5))) {
		play_die(0);
		return handing_complaint() == NULL;
	}
	if (handing.over || (handing.absent && play.options.reader.command != NULL && !handing.runs))
		return true;
	if (is_late())
		return answer_all();
	for (uint64_t i = below(3); i > 0; i--)
		if (!answer())
			return false;
	return true;
}

/* --- steps ----------------------------------------------------------------------------------------- */

/* Some of what can be set. */
static void
choose_next_reader(struct options *o)
{
	const bool bisect = o->reader.bisect;
	const char *number = o->reader.number_template;

	o->reader.retries = one_in(3) ? UINT64_MAX : below(4);
	o->reader.backoff_least_ns = from(1, one_in(2) ? 10 : NS_PER_S);
	o->reader.backoff_most_ns = o->reader.backoff_least_ns * from(1, 40);
	if (o->reader.batching)
		choose_batches(o);
	else
		choose_window(o);
	o->reader.bisect = bisect;
	o->reader.number_template = number;
}

static void
replan(void)
{
	struct options next = play.options;
	const uint64_t seed = next.seed;

	if (one_in(3)) {
		next.buffer_bytes = from(one_in(3) ? 16 : 60, 600);
		if (next.max_record_bytes == play.options.buffer_bytes || next.max_record_bytes > next.buffer_bytes)
			next.max_record_bytes = next.buffer_bytes;
	}
	if (one_in(3))
		choose_policy(&next);
	if (one_in(3))
		next.max_age_ns = 0;
	if ((next.policy == POLICY_LATEST || next.policy == POLICY_FAIR) && options_key(&next) == NULL)
		return;
	next.seed = seed;
	choose_watermarks(&next);
	if (one_in(2))
		choose_next_reader(&next);
	*(play_replan(&next) ? &sums.replans : &sums.refused) += 1;
}

static bool
step(void)
{
	choose_time();
	while (rig.replanned > 0 && one_in(rig.replanned))
		replan();
	choose_input();
	choose_output();
	rig.steps++;
	if (!play_pass())
		return false;
	if (play.jobs != NULL && !batch_events())
		return false;
	if (!play_step())
		return false;
	return play.jobs != NULL || feed_events();
}

static void
describe(uint64_t seed)
{
	const struct options *o = &play.options;
	const struct reader_options *r = &o->reader;

	diag("seed %" PRIu64 ", step %u, record %zu: %s", seed, rig.steps, handing.coming,
	    handing_complaint() != NULL ? handing_complaint() : "it does not come to an end");
	diag("framing %s, policy %s, buffer %" PRIu64 ", high %" PRIu64 ", low %" PRIu64 ", records %" PRIu64 ", longest %" PRIu64
	     ", age %" PRIu64 ", unit %zu, %s", framing_name(&o->framing), policy_name(o->policy), o->buffer_bytes, o->high_bytes, o->low_bytes,
	    o->max_records, o->max_record_bytes, o->max_age_ns, scene.unit, o->rated ? "rated" : "no rate");
	diag("%s, window %" PRIu64 " records %" PRIu64 " bytes%s%s, retries %" PRIu64 ", backoff %" PRIu64 "..%" PRIu64,
	    options_confirm(o), r->window_records, r->window_bytes, r->credits_path != NULL ? ", credits" : "",
	    r->number_template != NULL ? ", numbers" : "", r->retries, r->backoff_least_ns, r->backoff_most_ns);
	if (r->batching)
		diag("batches of %" PRIu64 ", %" PRIu64 " bytes, %u jobs, linger %" PRIu64 ", timeout %" PRIu64 "%s",
		    r->batch_records, r->batch_bytes, r->jobs, r->linger_ns, r->timeout_ns, r->bisect ? ", bisect" : "");
	diag("again: tests/model/handover %" PRIu64 " 1", seed);
}

static bool
run(uint64_t seed)
{
	bool good = true;

	do
		good = step();
	while (good && !play_is_over() && rig.steps < STEPS_MOST);
	good = good && rig.steps < STEPS_MOST && handing_agrees_over();
	if (!good)
		describe(seed);
	return good;
}

static void
add_up(void)
{
	sums.passes += play.passes;
	sums.records += handing.coming;
	sums.redelivered += handing.redelivered;
	sums.tried += handing.tried;
	sums.bisected += handing.bisected;
	sums.failed += handing.failed;
	sums.rejected += handing.rejected;
}

static uint64_t at_seed; /* for what ends by abort() */

static void
on_abort(int which)
{
	(void)signal(which, SIG_DFL);
	diag("an invariant of weir's does not hold");
	describe(at_seed);
	(void)fflush(stdout);
}

static unsigned
slowness(void)
{
	const char *under = getenv("WEIR_UNDER");

	return under != NULL && under[0] != '\0' ? 10 : 1;
}

int
main(int argc, char *argv[])
{
	const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : COUNT_SHORT / slowness();
	uint64_t seed = first;
	bool good = true;

	(void)signal(SIGABRT, on_abort);
	(void)signal(SIGSEGV, on_abort);
	(void)signal(SIGFPE, on_abort);
	for (; seed - first < count && (good || getenv("ALL")); seed++) {
		at_seed = seed;
		good = begin(seed) && run(seed);
		add_up();
		play_end();
		key_clear(&play.options.key);
		lines_free(&play.options.lines);
		if (scene_parcels() > 0) {
			diag("%u parcels are left", scene_parcels());
			good = false;
		}
	}
	diag("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " passes, %" PRIu64 " records, %" PRIu64 " handed over again",
	    seed - first, first, sums.passes, sums.records, sums.redelivered);
	diag("%" PRIu64 " failures, %" PRIu64 " tries more, %" PRIu64 " batches halved, %" PRIu64 " records rejected",
	    sums.failed, sums.tried, sums.bisected, sums.rejected);
	diag("%" PRIu64 " replans, %" PRIu64 " refused", sums.replans, sums.refused);
	ok(good, "the reader's side and the model agree");
	return done_testing();
}
