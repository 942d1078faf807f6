/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir-fleet - what a thousand weirs in front of one broker do to a burst of a hundred times: discrete events in virtual
 * time, so that a fleet costs a second and nothing else on the machine matters.
 *
 *   weir-fleet             each way to share what the broker takes, hosts that are alike and hosts that are not: a table, in Markdown
 *   weir-fleet WAY LOAD    a line for each second of that run: the time, and in thousands of records a second what came, what was
 *                          offered to the broker, what it did that somebody still waited for, and how old that was (seconds)
 *   --seed=N               another draw
 *   --backoff=SECONDS      the longest wait of the breaker (default 30)
 *
 * Hosts: as many records come at all as half of what the broker takes; from second 60 to 70 a hundred times that.  LOAD alike: each
 * host has as much; skew: host i has 1/i.  At second 150 every host begins again (a release), with an empty buffer, and
 * at 200 the broker is down for ten seconds.
 *
 * The broker takes CAPACITY records a second, in order, and keeps what waits, up to QUEUE records; what finds no room is refused at
 * once.  Who sent a batch waits for its answer up to TIMEOUT (2 s without a weir, 30 s with one); what he no longer waits for the broker does
 * all the same, and it was done for nobody.
 *
 * A weir: a buffer in records, oldest first out when it is full, batches of BATCH or what has waited for a second, one at a time,
 * and after a failure weir's own breaker (src/hand/breaker.c). WAY:
 *
 *   none     no weir: an unbounded buffer, NONE_TIMEOUT, tried again after NONE_AGAIN
 *   block    the producer waits, which is an unbounded buffer, too, with the breaker
 *   oldest   -p drop-oldest
 *   divided  and -L, each a thousandth of what the broker takes
 *   budget   and in place of that --sample with a thousandth of it as a budget
 *   key      and in place of that one key in KEY_SHARE, the same on every host, from second 62 to 72: somebody has looked, and told
 *            them all (weirctl set sample=...), and told them again when it was over
 *
 * A story is STORY records of one key in one second, each on a host of its own: it is whole when all of them were done.
 */
#include "base/chance.h"
#include "base/units.h"
#include "hand/breaker.h"

#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS 1000
#define CAPACITY 100000.0 /* records a second */
#define QUEUE 300000.0
#define BATCH 500.0
#define BUFFER 1000.0
#define TIMEOUT_NS (30 * NS_PER_S)
#define NONE_TIMEOUT_NS (2 * NS_PER_S)
#define NONE_AGAIN_NS (100 * NS_PER_MS)
#define LINGER_NS NS_PER_S
#define TICK_NS (100 * NS_PER_MS)
#define WAY_THERE_NS NS_PER_MS
#define SECONDS 300
#define BURST 100.0
#define KEY_SHARE 200.0
#define STORY 10

enum way { NONE, BLOCK, OLDEST, DIVIDED, BUDGET, KEY, WAYS };
static const char *const way_names[WAYS] = { "none", "block", "oldest", "divided", "budget", "key" };

/* What came in one tick, or is left of it. */
struct chunk {
	uint64_t ns;
	double records;
};

struct host {
	double rate; /* records a second, without the burst */
	struct chunk *chunks; /* a ring that grows */
	size_t room, first, count;
	double held, sending; /* those that are sent are held until they are done */
	double tokens; /* of -L */
	uint64_t tokens_ns;
	bool under_way;
	uint64_t serial; /* of what is under way: an answer to another one is late */
	uint64_t again_ns; /* not before, without a weir */
	bool wakes; /* it will be asked again when it may be tried */
	struct breaker breaker;
	double came[SECONDS], done[SECONDS]; /* by when it came */
};

enum kind { TICK, ARRIVE, ANSWER, GIVE_UP, WAKE };

struct event {
	uint64_t ns;
	enum kind kind;
	int host;
	uint64_t serial;
	bool refused;
};

static struct host hosts[HOSTS];
static struct event *heap;
static size_t events, heap_room;
static enum way way;
static struct chance dice;
static uint64_t most_ns = 30 * NS_PER_S;
static double waiting_until; /* seconds: when the broker has done all it has */

static struct {
	double offered[SECONDS], good[SECONDS], age[SECONDS];
	double came, done, dropped, refused, wasted, peak_age, held_peak;
} told;

static void push(struct event event)
{
	size_t i = events++;

	if (events > heap_room && (heap = realloc(heap, (heap_room = 2 * events) * sizeof *heap)) == NULL)
		err(1, "events");
	for (; i > 0 && heap[(i - 1) / 2].ns > event.ns; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = event;
}

static struct event pop(void)
{
	const struct event first = heap[0], last = heap[--events];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < events) {
		child += child + 1 < events && heap[child + 1].ns < heap[child].ns;
		if (heap[child].ns >= last.ns)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

static size_t second_of(uint64_t ns)
{
	return ns / NS_PER_S < SECONDS ? (size_t)(ns / NS_PER_S) : SECONDS - 1;
}

static bool broker_is_down(uint64_t ns)
{
	return ns >= 200 * NS_PER_S && ns < 210 * NS_PER_S;
}

/* ---- A host ---------------------------------------------------------------------------------------------------------------- */

static void append(struct host *host, uint64_t ns, double records)
{
	if (host->count == host->room) {
		struct chunk *more = malloc((2 * host->room + 64) * sizeof *more);

		if (more == NULL)
			err(1, "chunks");
		for (size_t i = 0; i < host->count; i++)
			more[i] = host->chunks[(host->first + i) % host->room];
		free(host->chunks);
		host->chunks = more;
		host->room = 2 * host->room + 64;
		host->first = 0;
	}
	host->chunks[(host->first + host->count++) % host->room] = (struct chunk){ ns, records };
	host->held += records;
}

/* Lets so many of the oldest go, behind those that are sent; where done is not NULL they were done now. */
static void leave(struct host *host, double records, bool done, uint64_t now)
{
	while (records > 1e-9 && host->count > 0) {
		struct chunk *oldest = &host->chunks[host->first % host->room];
		const double part = fmin(records, oldest->records);

		if (done) {
			const double age = (double)(now - oldest->ns) / NS_PER_S;

			host->done[second_of(oldest->ns)] += part;
			told.good[second_of(now)] += part;
			told.age[second_of(now)] = fmax(told.age[second_of(now)], age);
			told.peak_age = fmax(told.peak_age, age);
			told.done += part;
		} else
			told.dropped += part;
		oldest->records -= part;
		host->held -= part;
		records -= part;
		if (oldest->records <= 1e-9) {
			host->first = (host->first + 1) % host->room;
			host->count--;
		}
	}
}

/* What waits and is not sent gives way, the oldest of it.  Approximately: what is sent is the oldest, so the count is all that is kept. */
static void make_room(struct host *host)
{
	if (way != NONE && way != BLOCK && host->held > BUFFER + host->sending)
		leave(host, host->held - BUFFER - host->sending, false, 0);
}

static void come(struct host *host, uint64_t now)
{
	const size_t second = second_of(now);
	double records = host->rate * ((double)TICK_NS / NS_PER_S), in;

	records *= second >= 60 && second < 70 ? BURST : 1;
	in = records;
	host->came[second] += records;
	told.came += records;
	if (way == BUDGET)
		in = fmin(in, CAPACITY / HOSTS * ((double)TICK_NS / NS_PER_S));
	if (way == KEY && second >= 62 && second < 72)
		in /= KEY_SHARE;
	told.dropped += records - in;
	if (in > 0)
		append(host, now, in);
	make_room(host);
	told.held_peak = fmax(told.held_peak, host->held);
}

static void refill(struct host *host, uint64_t now)
{
	host->tokens = fmin(BATCH, host->tokens + (double)(now - host->tokens_ns) / NS_PER_S * (CAPACITY / HOSTS));
	host->tokens_ns = now;
}

static void send_batch(int number, uint64_t now)
{
	struct host *host = &hosts[number];
	double batch = fmin(BATCH, host->held);

	if (host->under_way || host->count == 0)
		return;
	if (way == NONE ? now < host->again_ns : !breaker_allows(&host->breaker, now, 0)) {
		if (!host->wakes)
			push((struct event){ way == NONE ? host->again_ns : breaker_due_ns(&host->breaker), WAKE, number, 0, false });
		host->wakes = true;
		return;
	}
	if (host->held < BATCH && now - host->chunks[host->first % host->room].ns < LINGER_NS)
		return; /* the next tick asks again */
	if (way == DIVIDED) {
		refill(host, now);
		batch = fmin(batch, host->tokens);
		if (batch < 1)
			return;
		host->tokens -= batch;
	}
	host->under_way = true;
	host->sending = batch;
	host->serial++;
	push((struct event){ now + WAY_THERE_NS, ARRIVE, number, host->serial, false });
	push((struct event){ now + (way == NONE ? NONE_TIMEOUT_NS : TIMEOUT_NS), GIVE_UP, number, host->serial, false });
}

/* ---- The broker ------------------------------------------------------------------------------------------------------------ */

static void arrive(const struct event *event, uint64_t now)
{
	const double seconds = (double)now / NS_PER_S, batch = hosts[event->host].sending;
	double waiting = (waiting_until - seconds) * CAPACITY;

	told.offered[second_of(now)] += batch;
	if (broker_is_down(now)) {
		waiting_until = 210;
		push((struct event){ now + WAY_THERE_NS, ANSWER, event->host, event->serial, true });
		return;
	}
	if (waiting < 0) {
		waiting = 0;
		waiting_until = seconds;
	}
	if (waiting + batch > QUEUE) {
		told.refused += batch;
		push((struct event){ now + WAY_THERE_NS, ANSWER, event->host, event->serial, true });
		return;
	}
	waiting_until += batch / CAPACITY;
	push((struct event){ (uint64_t)(waiting_until * NS_PER_S) + WAY_THERE_NS, ANSWER, event->host, event->serial, false });
	if ((waiting + batch) / CAPACITY * NS_PER_S > (double)(way == NONE ? NONE_TIMEOUT_NS : TIMEOUT_NS))
		told.wasted += batch;
}

/* ---- A run ----------------------------------------------------------------------------------------------------------------- */

static void ended(int number, uint64_t now, bool failed)
{
	struct host *host = &hosts[number];

	host->under_way = false;
	if (failed) {
		breaker_failed(&host->breaker, now, true);
		host->again_ns = now + NONE_AGAIN_NS;
	} else {
		breaker_succeeded(&host->breaker, now);
		leave(host, host->sending, true, now);
	}
	host->sending = 0;
	send_batch(number, now);
}

static void begin_again(struct host *host)
{
	leave(host, host->held, false, 0);
	host->under_way = false;
	host->sending = 0;
	host->serial++;
}

static void happen(const struct event *event)
{
	struct host *host = &hosts[event->host];

	switch (event->kind) {
	case TICK:
		if (event->ns >= 150 * NS_PER_S && event->ns < 150 * NS_PER_S + TICK_NS)
			begin_again(host);
		come(host, event->ns);
		send_batch(event->host, event->ns);
		push((struct event){ event->ns + TICK_NS, TICK, event->host, 0, false });
		break;
	case ARRIVE:
		arrive(event, event->ns);
		break;
	case ANSWER:
		if (host->under_way && event->serial == host->serial)
			ended(event->host, event->ns, event->refused);
		break;
	case GIVE_UP:
		if (host->under_way && event->serial == host->serial)
			ended(event->host, event->ns, true);
		break;
	case WAKE:
		host->wakes = false;
		send_batch(event->host, event->ns);
		break;
	}
}

static void run(enum way chosen, bool skew, uint64_t seed)
{
	double sum = 0;

	way = chosen;
	waiting_until = 0;
	events = 0;
	memset(&told, 0, sizeof told);
	chance_init(&dice, true, seed);
	for (int i = 0; i < HOSTS; i++)
		sum += skew ? 1.0 / (i + 1) : 1;
	for (int i = 0; i < HOSTS; i++) {
		free(hosts[i].chunks);
		memset(&hosts[i], 0, sizeof hosts[i]);
		hosts[i].rate = CAPACITY / 2 * (skew ? 1.0 / (i + 1) : 1) / sum;
		breaker_init(&hosts[i].breaker, 200 * NS_PER_MS, most_ns, (struct chance){ chance_next(&dice) });
		push((struct event){ chance_next(&dice) % TICK_NS, TICK, i, 0, false });
	}
	while (heap[0].ns < (uint64_t)SECONDS * NS_PER_S) {
		const struct event event = pop();

		happen(&event);
	}
}

/* ---- What is told ----------------------------------------------------------------------------------------------------------- */

/* Of the seconds from first to last the part of what came that was done. */
static double part(const struct host *host, size_t first, size_t last)
{
	double came = 0, done = 0;

	for (size_t s = first; s < last; s++) {
		came += host->came[s];
		done += host->done[s];
	}
	return came > 0 ? fmin(1, done / came) : 1;
}

/* The part of the stories that began in those seconds that is whole: each of its records is of a host by the hosts' rates. */
static double whole(size_t first, size_t last)
{
	double came = 0, mean = 0;

	/* Those of a key that was chosen are all chosen; what else happens to them does so host by host. */
	for (int i = 0; i < HOSTS; i++)
		came += hosts[i].rate;
	for (int i = 0; i < HOSTS; i++) {
		const double let_in = way == KEY ? fmin(1, part(&hosts[i], first, last) * KEY_SHARE) : part(&hosts[i], first, last);

		mean += hosts[i].rate / came * let_in;
	}
	return pow(mean, STORY) / (way == KEY ? KEY_SHARE : 1);
}

static double good_of(size_t first, size_t last)
{
	double sum = 0;

	for (size_t s = first; s < last; s++)
		sum += told.good[s];
	return sum / (double)(last - first) / CAPACITY;
}

/* How many seconds after this one nothing more is done that is older than 5 s, for good; -1: it did not get there. */
static int fresh_after(size_t from, size_t until)
{
	size_t last = from;

	for (size_t s = from; s < until; s++)
		if (told.age[s] > 5 || told.good[s] <= 0)
			last = s + 1;
	return last >= until ? -1 : (int)(last - from);
}

static void tell_fresh(int seconds)
{
	if (seconds < 0)
		printf(" | not within 80 s");
	else
		printf(" | %d s", seconds);
}

static void row(enum way chosen, bool skew, uint64_t seed)
{
	double quiet = 0, calm = 0, came = 0;

	run(chosen, skew, seed);
	for (int i = HOSTS / 2; i < HOSTS; i++)
		quiet += part(&hosts[i], 64, 70) / (HOSTS / 2);
	for (int i = 0; i < HOSTS; i++) {
		calm += part(&hosts[i], 10, 50) * hosts[i].rate;
		came += hosts[i].rate;
	}
	printf("| %s | %s | %.1f%% | %.0f%% | %.2f%% | %.1f%%", way_names[chosen], skew ? "skew" : "alike", 100 * (1 - calm / came), 100 * good_of(64, 70),
	    100 * whole(64, 70), 100 * quiet);
	tell_fresh(fresh_after(70, 150));
	tell_fresh(fresh_after(210, 290));
	printf(" | %.0f | %.1f | %.1f |\n", told.held_peak, told.refused / 1e6, told.wasted / 1e6);
}

static void table(uint64_t seed)
{
	printf("| way | hosts | lost in calm | of what the broker can do, in the burst | stories whole, in it | of the quiet half's records, in it | fresh again after the burst | after the broker was down | most that a host held | refused, millions | done for nobody, millions |\n"
	    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
	for (int skew = 0; skew < 2; skew++)
		for (int w = 0; w < WAYS; w++)
			row((enum way)w, skew, seed);
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;

	for (; argc > 1 && argv[1][0] == '-'; argv++, argc--)
		if (strncmp(argv[1], "--seed=", 7) == 0)
			seed = strtoull(argv[1] + 7, NULL, 10);
		else if (strncmp(argv[1], "--backoff=", 10) == 0)
			most_ns = strtoull(argv[1] + 10, NULL, 10) * NS_PER_S;
		else
			break;
	if (argc == 1) {
		table(seed);
		return 0;
	}
	for (int w = 0; argc == 3 && w < WAYS; w++)
		if (strcmp(argv[1], way_names[w]) == 0) {
			run((enum way)w, strcmp(argv[2], "skew") == 0, seed);
			for (size_t s = 0; s < SECONDS; s++) {
				double came = 0;

				for (int i = 0; i < HOSTS; i++)
					came += hosts[i].came[s];
				printf("%zu %.1f %.1f %.1f %.2f\n", s, came / 1000, told.offered[s] / 1000, told.good[s] / 1000, told.age[s]);
			}
			return 0;
		}
	errx(2, "usage: weir-fleet [--seed=N] [--backoff=SECONDS] [none|block|oldest|divided|budget|key alike|skew]");
}
