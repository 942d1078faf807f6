/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has waited too long, by a clock that the test sets.  CoDel's law itself is held against the RFC in
 * test_codel.c, and all of this against a model in tests/model.
 */
#include "../tap.h"

#include "../effort.h"
#include "../reads.h"
#include "../pipe.h"
#include "hold/age.h"
#include "hold/fit.h"

#define MS NS_PER_MS

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };

static struct rig {
	struct queue queue;
	struct shed shed;
	struct age age;
	struct ledger ledger;
	struct loss loss;
	bool has_room;  /* the output */
	unsigned asked; /* how often that was */
} rig;

static void
begin(uint64_t most_ns, uint64_t target_ns, uint64_t interval_ns)
{
	const struct queue_limits limits = { .bytes = 100, .records = UINT64_MAX, .slack = 100, .record = 100 };

	rig = (struct rig){ .age = { .most_ns = most_ns, .controlled = interval_ns > 0 }, .has_room = true };
	must(queue_init(&rig.queue, &lines, &limits) == 0);
	must((rig.queue.sojourn = sojourn_new()) != NULL);
	codel_init(&rig.age.codel, target_ns, interval_ns);
	rig.loss = (struct loss){ .ledger = &rig.ledger };
}

static void
finish(void)
{
	sojourn_free(rig.queue.sojourn);
	queue_free(&rig.queue);
}

static void
at(uint64_t now_ns)
{
	rig.loss.now_ns = now_ns;
	sojourn_pass(rig.queue.sojourn, now_ns);
}

static void
arrive(const char *text)
{
	size_t length, all = strlen(text);

	for (size_t done = 0; done < all; done += length) {
		const char *part = text + done;

		must((length = reads_put(&rig.queue, part, all - done)) > 0);
		queue_append(&rig.queue, 0, length, record_count(&lines, 0, part, length),
		    length - record_last(&lines, 0, part, length));
	}
}

static bool
has_room(const void *state)
{
	const struct rig *asked = state;

	must(asked == &rig);
	rig.asked++;
	return rig.has_room;
}

/* Sheds; says how many were dropped for the reason. */
static uint64_t
shed(enum reason reason)
{
	uint64_t before = rig.ledger.dropped[reason].records;

	age_shed(&rig.age, &rig.shed, &rig.queue, &rig.loss, &(struct age_outlet){ has_room, &rig });
	queue_check(&rig.queue);
	return rig.ledger.dropped[reason].records - before;
}

static uint64_t
due(void)
{
	return age_due_ns(&rig.age, &rig.queue);
}

static void
expires(void)
{
	begin(10 * MS, 0, 0);
	at(5 * MS);
	is(due(), UINT64_MAX, "age: where nothing waits nothing becomes too old");
	is(shed(REASON_EXPIRED), 0, "age: in the first instants nothing can be");
	arrive("1\n2\n");
	at(6 * MS);
	arrive("3\n");
	at(15 * MS);
	is(due(), 15 * MS + 1, "age: a record may wait so long");
	is(shed(REASON_EXPIRED), 0, "age: not one too early");
	at(15 * MS + 1);
	is(shed(REASON_EXPIRED), 2, "age: all that have waited longer go at once");
	is(due(), 16 * MS + 1, "age: then it is the next one's turn");
	(void)queue_take(&rig.queue, 1);
	is(due(), UINT64_MAX, "age: one that is part-sent is not waited for");
	at(40 * MS);
	arrive("4\n");
	is(due(), 50 * MS + 1, "age: but what is behind it");
	at(50 * MS);
	is(shed(REASON_EXPIRED), 0, "age: which may wait as long as any other,");
	at(50 * MS + 1);
	arrive("5\n");
	is(shed(REASON_EXPIRED), 1, "age: and then goes,");
	is(queue_rest(&rig.queue), 1, "age: but not the rest of what is part-sent");
	is(queue_held(&rig.queue).bytes, 3, "age: nor what has just come");
	is(due(), 60 * MS + 2, "age: whose turn is next");
	(void)queue_take(&rig.queue, 1);
	is(due(), 60 * MS + 2, "age: with what was part-sent before it, or without");
	finish();

	begin(10 * MS, 0, 0);
	at(5 * MS);
	arrive("1\n22\n");
	at(6 * MS);
	arrive("3\n4");
	fit_admit(&rig.queue);
	queue_finish(&rig.queue);
	at(15 * MS + 1);
	is(shed(REASON_EXPIRED), 2, "age: of what was let in, and what was not,");
	is(rig.queue.admitted, 2, "age: the first was and is,");
	at(17 * MS);
	is(shed(REASON_EXPIRED), 2, "age: and the last, which has no delimiter, goes with it");
	is(queue_held(&rig.queue).bytes + rig.queue.admitted, 0, "age: then nothing is left");
	finish();

	begin(0, 0, 0);
	at(MS);
	arrive("1\n");
	at(3600 * NS_PER_S);
	ok(shed(REASON_EXPIRED) == 0 && due() == UINT64_MAX, "age: without a limit nothing is ever too old");
	finish();
}

/* A part-sent record is not among those that the times are known of. */
static void
expires_behind_what_is_in_transit(void)
{
	begin(10 * MS, 0, 0);
	at(MS);
	arrive("1234567890123456789012345678901234567890\n");
	(void)queue_take(&rig.queue, 1);
	at(2 * MS);
	arrive("2345678901234567890123456789012345678901\n");
	arrive("3456789012345678901234567890123456789012\n");
	fit_evict(&rig.queue, &rig.loss, REASON_OLDEST, REASON_NEWEST);
	at(12 * MS);
	is(shed(REASON_EXPIRED), 0, "transit: not one too early");
	at(12 * MS + 1);
	is(shed(REASON_EXPIRED), 1, "transit: all behind it go");
	is(queue_rest(&rig.queue), 40, "transit: and it stays");
	finish();
}

/* The rest of a long record that is part-sent is set apart once.  Who would leave it in front of the others moves it,
 * or them, whenever one becomes too old: a million times two mebibytes take many minutes. */
static void
expires_behind_a_long_one(void)
{
	const struct queue_limits limits = { .bytes = 8 << 20, .records = UINT64_MAX, .slack = 4096, .record = 2 << 20 };
	static char head[2 << 20], line[2000];

	begin(2000, 0, 0);
	sojourn_free(rig.queue.sojourn);
	queue_free(&rig.queue);
	must(queue_init(&rig.queue, &lines, &limits) == 0);
	must((rig.queue.sojourn = sojourn_new()) != NULL);
	memset(head, 'h', sizeof(head) - 1);
	head[sizeof(head) - 2] = '\n';
	head[sizeof(head) - 1] = '\0';
	memset(line, 'l', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	arrive(head);
	(void)queue_take(&rig.queue, 1);
	effort_limit();
	for (uint64_t ns = 1; ns <= 1000000; ns++) {
		at(ns);
		arrive(line);
		age_shed(&rig.age, &rig.shed, &rig.queue, &rig.loss, &(struct age_outlet){ has_room, &rig });
	}
	effort_free();
	queue_check(&rig.queue);
	is(rig.ledger.dropped[REASON_EXPIRED].records, 1000000 - 2001, "long: a million times one behind a long record goes");
	is(queue_rest(&rig.queue), sizeof(head) - 2, "long: and not the rest of that one");
	finish();
}

static void
is_controlled(void)
{
	begin(0, 10 * MS, 100 * MS);
	at(MS);
	arrive("1\n2\n3\n4\n5\n");
	at(11 * MS - 1);
	is(shed(REASON_CODEL) + rig.asked, 0, "codel: the output is not asked about a record in time");
	at(11 * MS);
	is(shed(REASON_CODEL), 0, "codel: the target is not over for an interval yet");
	is(rig.asked, 1, "codel: about one that is late it is");
	age_sent(&rig.age, &rig.queue, 11 * MS);
	at(110 * MS);
	is(shed(REASON_CODEL), 0, "codel: not one too early");
	at(111 * MS);
	is(shed(REASON_CODEL), 1, "codel: then one goes");
	at(300 * MS);
	rig.has_room = false;
	is(shed(REASON_CODEL), 0, "codel: it is not asked while the output has no room");
	rig.has_room = true;
	is(shed(REASON_CODEL), 2, "codel: but then, for the two pauses that have gone by");
	finish();
}

/* Records that leave in time end what has begun. */
static void
is_told(void)
{
	for (int told = 0; told < 3; told++) {
		begin(0, 10 * MS, 100 * MS);
		at(MS);
		arrive("1\n2\n3\n");
		at(50 * MS);
		is(shed(REASON_CODEL), 0, "codel: an interval begins");
		if (told == 1) {
			(void)queue_take(&rig.queue, 6);
			age_sent(&rig.age, &rig.queue, 50 * MS);
			arrive("4\n5\n6\n");
		} else if (told == 2) {
			(void)queue_take(&rig.queue, 6);
			arrive("4\n5\n6\n");
			at(55 * MS);
			(void)queue_take(&rig.queue, 2);
			age_sent(&rig.age, &rig.queue, 55 * MS);
		}
		at(150 * MS);
		is(shed(REASON_CODEL), told == 0, "codel: %s", told == 0 ? "and ends with a drop"
		    : told == 1 ? "but not if it has run empty" : "or if one has left that had waited less");
		finish();
	}
}

static void
is_retuned(void)
{
	begin(10 * MS, 0, 0);
	at(100 * MS);
	arrive("a\n");
	is(due(), 110 * MS + 1, "retuned: at first it is due then");
	age_retune(&rig.age, 3 * MS, 0, 0);
	is(due(), 103 * MS + 1, "retuned: and then earlier, by when it came");
	at(103 * MS + 1);
	is(shed(REASON_EXPIRED), 1, "retuned: when it goes");
	arrive("b\n");
	age_retune(&rig.age, 0, 0, 0);
	at(NS_PER_S);
	ok(due() == UINT64_MAX && shed(REASON_EXPIRED) == 0, "retuned: or never");
	finish();
	begin(0, 10 * MS, 100 * MS);
	rig.age.codel.above_ns = 7;
	age_retune(&rig.age, 0, 10 * MS, 100 * MS);
	is(rig.age.codel.above_ns, 7, "retuned: CoDel goes on with the same limits");
	age_retune(&rig.age, 0, 10 * MS, 101 * MS);
	ok(rig.age.codel.above_ns == 0 && rig.age.codel.interval_ns == 101 * MS, "retuned: and begins anew with others");
	finish();
}

int
main(void)
{
	pipe_init();
	expires();
	expires_behind_what_is_in_transit();
	expires_behind_a_long_one();
	is_controlled();
	is_told();
	is_retuned();
	return done_testing();
}
