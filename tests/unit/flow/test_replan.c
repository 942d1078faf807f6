/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run that goes on by other plans, again and again, at random: the law, the order, nothing torn, and what the plan in force
 * says: under block nothing is lost, of a rate no more leaves, halted nothing does.
 */
#include "../tap.h"

#include "../pumped.h"
#include "cli/change.h"
#include "flow/replan.h"
#include "flow/steered.h"
#include "flow/tap.h"

#define SEEDS 300
#define STEPS 400
#define RECORDS_MOST 4096
#define LONGEST 300

static struct change *change;
static struct random dice;
static size_t length_of[RECORDS_MOST]; /* of each record that was made */
static uint64_t told_drops;            /* what had been dropped when something was told last */
static struct tally told_out;
static uint64_t told_ns;
static unsigned replans, refusals;
static char why[512]; /* the last was refused; or "" */

static void
start(const char *command_line)
{
	begin(command_line);
	must((change = change_new(&rig.options)) != NULL);
}

static void
stop(void)
{
	change_free(change);
	finish();
}

/* As steer/set.c does. */
static bool
set(const char *setting)
{
	char text[160], *settings[16];
	const struct options before = rig.options;
	struct options next;
	unsigned count = 0;
	bool good;

	(void)snprintf(text, sizeof(text), "%s", setting);
	for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
		settings[count++] = word;
	good = change_try(change, settings, count, &next, why, sizeof(why)) && pump_refuses(&rig.pump, &next) == NULL &&
	    pump_replan(&rig.pump, &next, rig.now) == 0;
	if (good) {
		rig.options = next;
		rig.options.keep = before.keep;
		rig.options.key = before.key;
		rig.options.lines = before.lines;
		rig.options.given = before.given;
		rig.options.given_count = before.given_count;
		next.given = NULL;
		change_accept(change);
	}
	options_free(&next);
	return good;
}

/* --- one after the other --------------------------------------------------------------------------- */

static void
refused(void)
{
	struct options next = { .name = NULL };
	char *latest[] = { strdup("policy=latest") };

	start("--control -p drop-oldest -k 1 --top-keys=3");
	ok(change_try(change, latest, 1, &next, why, sizeof(why)) && pump_refuses(&rig.pump, &next) != NULL,
	    "latest has to know from the start what waits");
	options_free(&next);
	free(latest[0]);
	stop();
	start("--control -p latest -k 1 --top-keys=3");
	ok(set("policy=drop-oldest") && !set("policy=latest"), "it can be left, and not be come back to");
	stop();
	start("--control -b");
	ok(!set("policy=drop-oldest") && set("rate=10MB/s") && !set("sample=3"), "bytes are no records");
	stop();
}

/* So many are held while nobody reads. */
static void
fill(unsigned records, size_t length)
{
	feed(records, length);
	passes(4);
}

static void
room(void)
{
	rig.little = true;
	start("--control -p drop-newest -m 8K");
	fill(100, 100);
	is(pump_held(&rig.pump).records + books()->out.records, 100 - books()->dropped[REASON_NEWEST].records, "some are dropped");
	ok(books()->dropped[REASON_NEWEST].records > 0, "for there is no room");
	ok(set("buffer=64K"), "there is more");
	{
		const uint64_t before = ledger_dropped(books()).records;

		fill(100, 100);
		is(ledger_dropped(books()).records, before, "then all come in");
		ok(set("buffer=4K policy=drop-oldest"), "there is less");
		pass();
		ok(pump_depth(&rig.pump).bytes <= 4096 && books()->dropped[REASON_OLDEST].records > 0, "at once the oldest go");
	}
	stop();
	start("--control -m 4K");
	fill(60, 100);
	ok(level_is_paused(&rig.pump.level), "reading is paused");
	ok(set("policy=drop-oldest") && !level_is_paused(&rig.pump.level), "not where something gives way");
	ok(set("policy=block buffer=1M"), "nor where there is room again");
	pass();
	ok(!level_is_paused(&rig.pump.level) && pump_wants_input(&rig.pump), "it reads");
	stop();
	rig.little = false;
}

/* A record of which a part is out when its length begins to matter; and one of which none is. */
static void
too_long(void)
{
	rig.little = true;
	start("--control -m 4K");
	rig.left_at = rig.left_length = 0;
	make_record(9000, 'a', '\n');
	(void)write_left();
	passes(6);
	ok(books()->out.bytes > 0 && queue_sends_unread(&rig.pump.queue), "a part of one is out");
	ok(set("policy=drop-newest rate=1/h"), "no longer ones are held from now on");
	for (int i = 0; i < 200 && books()->out.records == 0; i++) {
		(void)write_left();
		read_some(4096);
		pass();
	}
	is(books()->out.records, 1, "this one goes on to its end");
	rig.left_at = rig.left_length = 0;
	make_record(9000, 'b', '\n');
	for (int i = 0; i < 20; i++) {
		(void)write_left();
		pass();
	}
	is(books()->dropped[REASON_OVERSIZE].records, 1, "the next as long does not come in");
	ok(set("policy=fail") && pump_is_reading(&rig.pump), "nor does what was too long before end a run that fails by it");
	pass();
	ok(!pump_failed(&rig.pump), "afterwards either");
	stop();
	rig.little = false;
}

/* The first so many bytes of a record, and its rest. */
static void
begin_record(size_t length, size_t first)
{
	rig.left_at = rig.left_length = 0;
	make_record(length, 'c', '\n');
	rig.left_length = first;
	while (!write_left())
		passes(1);
	passes(3);
}

static void
end_record(size_t length)
{
	rig.left_length = length;
	while (!write_left())
		passes(1);
	passes(3);
}

/* One that is being left out, or has been looked at, when what it is left out for begins to matter. */
static void
half_read(void)
{
	start("--control -p drop-newest -m 4K");
	begin_record(9000, 6000);
	ok(set("policy=fail"), "a record has been too long before that ends a run");
	end_record(9000);
	ok(!pump_failed(&rig.pump) && books()->dropped[REASON_OVERSIZE].records == 1, "its rest does not end it either");
	begin_record(9000, 6000);
	ok(pump_failed(&rig.pump), "the next one does");
	stop();
	start("--control -m 8K");
	pump_halt(&rig.pump, true, rig.now);
	begin_record(9000, 6000);
	ok(set("policy=fail buffer=4K"), "and one that is too long from then on, of which no part is out,");
	pass();
	ok(pump_failed(&rig.pump), "does at once");
	stop();
	start("--control -m 4K --drop-over=1/h");
	pump_halt(&rig.pump, true, rig.now);
	begin_record(9000, 6000);
	ok(set("policy=drop-newest"), "one has been let in by the police, and is too long now");
	end_record(9000);
	feed(1, 100);
	passes(2);
	is(books()->dropped[REASON_OVERSIZE].records, 1, "it is left out;");
	is(books()->dropped[REASON_OVER].records, 1, "the next one is judged for itself");
	stop();
}

#ifdef HAVE_PCRE2
/* The beginning of a line is kept back when there is less room for what is read than it takes. */
static void
kept_back(void)
{
	char setting[40];
	uint64_t fed = 0, room;

	rig.little = true;
	start("--control -m 900K -p drop-newest --max-record=8K --start=^[0-9]");
	for (; fed < 900 << 10; fed += 10000)
		fill(100, 100);
	begin_record(3000, 2000);
	fed += 3000;
	room = pump_held(&rig.pump).bytes - plan_of(&rig.options, rig.pump.ports).limits.slack - (8 << 10);
	(void)snprintf(setting, sizeof(setting), "buffer=%" PRIu64, room + 1000);
	ok(set(setting), "there is less room, by as much as is read at once, than is held");
	end_record(3000);
	end_input();
	for (int i = 0; i < 100000 && !pump_done(&rig.pump); i++) {
		pass();
		rig.got_length = 0;
		read_some(65536);
	}
	ok(pump_done(&rig.pump) && books()->in.bytes == fed, "nothing of it is lost");
	stop();
	rig.little = false;
}
#endif

/* Nothing is read any more but for the end of what has been begun, and then nothing at all. */
static void
finishing(void)
{
	start("--control -m 4K");
	pump_halt(&rig.pump, true, rig.now);
	begin_record(9000, 3000);
	pump_stop(&rig.pump, rig.now);
	ok(set("rate=1000000/s") && pump_is_reading(&rig.pump),
	    "a record longer than the buffer is to be read to its end");
	pump_halt(&rig.pump, false, rig.now);
	rig.left_length = 9000;
	for (int i = 0; i < 20; i++) {
		(void)write_left();
		passes(2);
		read_some(65536);
	}
	ok(pump_done(&rig.pump) && books()->out.records == 1, "it leaves in parts");
	stop();
	start("--control -m 4K -L 1000000/s");
	begin_record(900, 300);
	pump_stop(&rig.pump, rig.now);
	ok(set("rate=") && !pump_is_reading(&rig.pump),
	    "one that is not to be read to its end does not matter any more");
	passes(3);
	ok(pump_done(&rig.pump) && books()->out.bytes == 0, "no part of it leaves");
	stop();
}

/* By policies that do not look for victims among those that were let in. */
static void
less_room(void)
{
	static const char *const lines[] = { "--control -m 8K -p drop-newest", "--control -m 8K -p shed:2",
		"--control -m 8K -p drop-oldest --keep=000001", "--control -m 8K -p drop-newest --keep=000001" };

	rig.little = true;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!can_begin(lines[i]))
			continue;
		start(lines[i]);
		fill(150, 100);
		ok(set("buffer=4K"), "there is less room: %s", lines[i]);
		pass();
		ok(pump_depth(&rig.pump).bytes <= 4096 && queue_held(&rig.pump.queue).bytes <= 4096,
		    "at once something goes");
		fill(100, 100);
		ok(queue_held(&rig.pump.queue).bytes <= 4096, "and no more comes in than there is room for");
		stop();
	}
	rig.little = false;
}

/* One was due, and what it is written to took nothing. */
static void
batches(void)
{
	static char some[PIPE_BUF];
	struct io_port port;
	int ends[2];

	start("--control --batch=2 cat");
	must(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(ends[1], some, sizeof(some)) > 0)
		continue;
	io_open_output(&port, ends[1]);
	pump_open_batch(&rig.pump, &port);
	feed(2, 20);
	passes(2);
	ok(pump_output(&rig.pump) == OUTLET_REFUSED && set("batch=1000 linger=1h"),
	    "a batch that is due is to be larger");
	(void)pipe_drain(ends[0], rig.got, sizeof(rig.got));
	rig.now += NS_PER_S;
	passes(2);
	is(pump_in_flight(&rig.pump).records + queue_part_sent(&rig.pump.queue), 0, "it is not due any more");
	ok(set("batch=2"), "it is to be as it was");
	passes(2);
	is(pump_in_flight(&rig.pump).records, 2, "and goes");
	(void)close(ends[0]);
	(void)close(ends[1]);
	stop();
}

/* What CoDel knows is of a time in which it has ruled. */
static void
controlled(void)
{
	uint64_t dropped;

	start("--control -p codel -m 64K -L 10/s");
	feed(500, 30);
	for (int i = 0; i < 20; i++) {
		passes(2);
		rig.now += 250 * NS_PER_MS;
	}
	dropped = books()->dropped[REASON_CODEL].records;
	ok(dropped > 1, "some have waited for too long");
	ok(set("policy=drop-oldest") && set("policy=codel"), "another policy, and the same again");
	pass();
	rig.now += 900 * NS_PER_MS;
	pass();
	is(books()->dropped[REASON_CODEL].records, dropped, "none have within an interval");
	rig.now += 900 * NS_PER_MS;
	pass();
	ok(books()->dropped[REASON_CODEL].records > dropped, "but afterwards");
	stop();
}

/* Which of 60 records come in, as a number of so many bits. */
static uint64_t
drawn(const char *command_line, const char *setting)
{
	uint64_t numbers = 0;
	const char *text;

	start(command_line);
	if (setting != NULL)
		ok(set(setting), "a sample is begun later");
	feed(60, 20);
	passes(3);
	read_some(65536);
	while (next_line(&text) > 0)
		numbers |= (uint64_t)1 << number_of(text);
	stop();
	return numbers;
}

static void
by_chance(void)
{
	const uint64_t one = drawn("--control -s 2 --sample-by=random --seed=1", NULL);

	ok(drawn("--control -s 1 --sample-by=random --seed=1", "sample=2") == one, "it is drawn by the same seed");
	ok(drawn("--control -s 1 --sample-by=random --seed=2", "sample=2") != one, "and not by any");
	ok(drawn("--control -s 1 --sample-by=random", "sample=2") !=
	    drawn("--control -s 1 --sample-by=random", "sample=2"), "without one it is not to be foreseen");
}

/* What a sample leaves out is left out to its end, though what comes may go by the buffer from now on. */
static void
past_the_buffer(void)
{
	start("--control -s 2");
	rig.left_at = rig.left_length = 0;
	make_record(100, 'a', '\n');
	make_record(100, 'b', '\n');
	rig.left_length -= 50;
	(void)write_left();
	passes(2);
	ok(set("sample=") && rig.pump.plan.splicing, "all come in from now on, and go by the buffer");
	rig.pump.bypass.bulk = true;
	rig.left_length += 50;
	make_record(100, 'c', '\n');
	(void)write_left();
	passes(3);
	read_some(1000);
	is(rig.got_length, 200, "but not the rest of what was left out");
	ok(books()->in.records == 3 && books()->dropped[REASON_SAMPLE].bytes == 100 && ledger_balances(books(), pump_held(&rig.pump)),
	    "which is accounted for");
	stop();
}

/* --- at random ------------------------------------------------------------------------------------- */

static const char *const settings[] = {
	"policy=block", "policy=drop-oldest", "policy=drop-newest", "policy=drop-random", "policy=shed:3", "policy=codel:5ms/20ms",
	"policy=", "buffer=4K", "buffer=5000B", "buffer=64K", "buffer=", "max-records=3", "max-records=40", "max-records=",
	"rate=100/s burst=1", "rate=20kB/s burst=100", "rate= burst= drop-over=", "rate=1000/s burst=", "sample=3", "sample=",
	"drop-over=100/s burst=", "drop-over= burst= rate=", "max-age=30ms", "max-age=", "high=60% low=10%", "high= low=",
	"policy=block max-age= sample= drop-over= rate= burst= max-records=",
};

static bool
loses_nothing(void)
{
	const struct options *o = &rig.options;

	return o->policy == POLICY_BLOCK && o->sample.den == 1 && !o->policing && o->max_age_ns == 0;
}

static bool
tell(void)
{
	replans++;
	rig.pump.bypass.bulk |= random_one_in(&dice, 2); /* as if much came at once */
	if (!set(settings[random_below(&dice, sizeof(settings) / sizeof(settings[0]))]))
		refusals++;
	if (random_one_in(&dice, 8))
		pump_halt(&rig.pump, !pump_is_halted(&rig.pump), rig.now);
	if (random_one_in(&dice, 30))
		(void)pump_purge(&rig.pump, rig.now);
	told_drops = ledger_dropped(books()).bytes;
	told_out = books()->out;
	told_ns = rig.now;
	return true;
}

/* What holds after each pass. */
static bool
holds(bool was_skipping)
{
	const struct pump *pump = &rig.pump;
	const uint64_t out = books()->out.records - told_out.records;

	queue_check(&pump->queue);
	if (!ledger_balances(books(), pump_held(pump))) {
		diag("the law does not hold");
		return false;
	}
	if (was_skipping) /* the rest of what was left out before */
		told_drops = ledger_dropped(books()).bytes;
	if (loses_nothing() && ledger_dropped(books()).bytes != told_drops) {
		diag("something was lost under block");
		return false;
	}
	if (pump_is_halted(pump) && out > 1) {
		diag("%u have left though it is halted", (unsigned)out);
		return false;
	}
	if (pump->plan.rated && !pump->tuning.rate.bytes && pump->tuning.burst == 1 && pump->tuning.rate.amount == 100 &&
	    out > 3 + (rig.now - told_ns) / (10 * NS_PER_MS)) {
		diag("%u have left in %u ms", (unsigned)out, (unsigned)((rig.now - told_ns) / NS_PER_MS));
		return false;
	}
	return true;
}

/* As feed_some, with how long each is noted. */
static void
feed_noted(void)
{
	if (rig.left_at == rig.left_length && rig.serial + 6 < RECORDS_MOST) {
		rig.left_at = rig.left_length = 0;
		for (uint64_t i = random_from(&dice, 1, 6); i > 0; i--) {
			const size_t length = random_one_in(&dice, 40) ? 2500 : (size_t)random_from(&dice, 10, LONGEST);

			make_record(length, 'a', '\n');
			length_of[rig.serial] = length;
		}
	}
	(void)write_left();
}

/* Whole records, in their order, as they were made. */
static bool
is_in_order(void)
{
	uint64_t last = 0, lines = 0;
	const char *text;
	size_t length;

	for (rig.seen = 0; (length = next_line(&text)) > 0; lines++) {
		const uint64_t number = number_of(text);

		if (number <= last || number > rig.serial || length != length_of[number]) {
			diag("line %u is %.20s, behind %u", (unsigned)lines + 1, text, (unsigned)last);
			return false;
		}
		last = number;
	}
	if (rig.seen != rig.got_length || lines != books()->out.records) {
		diag("%u lines have come out, %u were counted", (unsigned)lines, (unsigned)books()->out.records);
		return false;
	}
	return true;
}

static bool
drained(void)
{
	bool was_skipping;

	for (int i = 0; i < 20000 && !pump_done(&rig.pump); i++) {
		if (rig.writer >= 0 && write_left())
			end_input();
		rig.now += NS_PER_MS;
		was_skipping = rig.pump.intake.skipping;
		pass();
		read_some(65536);
		if (!holds(was_skipping))
			return false;
	}
	read_some(sizeof(rig.got));
	return pump_done(&rig.pump);
}

static bool
play(uint64_t seed)
{
	static const char *const lines[] = { "--control -m 4K --max-record=3000", "--control -m 16K -p drop-oldest --max-record=3000",
		"--control -L 200/s --max-record=4000 -m 8K", "--control -s 2 --max-record=2000" };

	bool was_skipping;

	dice = (struct random){ seed };
	rig.little = random_one_in(&dice, 2);
	start(lines[random_below(&dice, sizeof(lines) / sizeof(lines[0]))]);
	told_drops = 0;
	told_out = (struct tally){ 0, 0 };
	told_ns = rig.now;
	for (int i = 0; i < STEPS; i++) {
		if (random_one_in(&dice, 12))
			(void)tell();
		if (random_one_in(&dice, 2))
			feed_noted();
		if (random_one_in(&dice, 3))
			read_some((size_t)random_from(&dice, 1, 4000));
		rig.now += random_below(&dice, 4) * NS_PER_MS;
		was_skipping = rig.pump.intake.skipping;
		pass();
		if (!holds(was_skipping))
			return false;
	}
	pump_halt(&rig.pump, false, rig.now);
	told_drops = ledger_dropped(books()).bytes;
	if (!set("policy=block max-age= sample= drop-over= rate= burst= max-records= high= low= buffer=1M")) {
		diag("what there was at the start is not had again: %s", why);
		return false;
	}
	told_drops = ledger_dropped(books()).bytes;
	told_out = books()->out;
	if (!drained() || !is_in_order() || books()->in.records != rig.serial) {
		diag("in %u of %u", (unsigned)books()->in.records, (unsigned)rig.serial);
		return false;
	}
	stop();
	return true;
}

static void
campaign(uint64_t first, uint64_t seeds)
{
	uint64_t seed = first;

	while (seed < first + seeds && play(seed))
		seed++;
	ok(seed == first + seeds, "%u runs with %u changes, of which %u were refused (seed %u: test_replan SEED 1)", (unsigned)seeds,
	    replans, refusals, (unsigned)seed);
}

int
main(int argc, char *argv[])
{
	if (argc > 2) {
		campaign((uint64_t)atoll(argv[1]), (uint64_t)atoll(argv[2]));
		return done_testing();
	}
	refused();
	room();
	too_long();
	half_read();
#ifdef HAVE_PCRE2
	kept_back();
#endif
	finishing();
	less_room();
	controlled();
	batches();
	by_chance();
	past_the_buffer();
	campaign(1, SEEDS);
	return done_testing();
}
