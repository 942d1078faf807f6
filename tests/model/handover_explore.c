/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every state that the real pump and the real feed, or jobs, can come to under tiny limits, and everything that can
 * happen there.
 *
 *      handover_explore [FIRST-ROW [LAST-ROW [STATES]]]
 *
 * From a state, one pass for each combination of: what the input says (nothing, a byte, a record of 2 or of 3 bytes, its
 * end), what the reader takes (nothing, 1 byte, all), and when (at once, or when the next thing is due); and instead of
 * a pass, each thing that the reader's side can say: it confirms or rejects any that it was given, or one that is not in
 * flight, all up to one, reads some of its pipe, grants a credit, dies, closes its input; a batch that runs succeeds,
 * fails, says 65, finds no process, in any order, and the wait after a failure is the shortest or the longest.
 *
 * A state is gone back to by doing again all that has led to it, from the beginning: so nothing has to know what a state
 * consists of, but for when two are the same.  That is what the future depends on, of the real code and of the model:
 * serials and times as differences.  Not where bytes stand in the segments (that is explore.c's).  States are known by
 * 128 bits of hash.
 *
 * Breadth first, so that a failure is shown with one of the shortest ways to it.
 */
#include "../unit/tap.h"

#include "base/mapped.h"
#include "play.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>

#define STATES_SHORT 1500 /* of a row, unless rows are given */
#define STATES_MOST 300000
#define DEPTH_MOST 64
#define ROWS (sizeof(rows) / sizeof(rows[0]))

enum input { NOTHING, A_BYTE, TWO_BYTES, THREE_BYTES, THE_END, INPUTS };

static const uint64_t takes[] = { 0, 1, UINT64_MAX };
#define TAKES (sizeof(takes) / sizeof(takes[0]))

/* What the reader's side may do; `which` is the n-th that it was given, or that runs. */
enum doing { A_PASS, CONFIRMS, REJECTS, CONFIRMS_UP_TO, CONFIRMS_ANOTHER, READS, GRANTS, DIES, CLOSES, SUCCEEDS, FAILS,
	FAILS_SOON, SAYS_DATA, FINDS_NONE };
#define DOINGS ((size_t)FINDS_NONE + 1)

static const char *const doing_names[] = { "a pass", "confirms", "rejects", "confirms up to", "confirms another than",
	"reads", "grants a credit", "dies", "closes its input", "succeeds", "fails, the wait is long", "fails, there is no wait",
	"ends with 65", "finds no process" };

struct event {
	uint8_t doing;
	uint8_t which;
	uint8_t input;
	uint8_t takes;
	bool later;
};

static char *command[] = { (char[]){ "x" }, NULL };

/* One of the searches. */
static const struct row {
	const char *name;
	struct options options;
	size_t unit;
	uint8_t inflight; /* so many of those that it was given are answered for */
} rows[] = {
#define COMMON .name = "weir", .framing = { .kind = FRAMING_LINES, .delimiter = '\n' }, .sample = { 1, 1 }
#define MARKS(most, low, count, few) .buffer_bytes = (most), .high_bytes = (most), .low_bytes = (low), \
	.max_records = (count), .high_records = (count), .low_records = (few), .max_record_bytes = 4
#define ANY UINT64_MAX
#define FED(how) .command = command, .restart = true, .confirm = (how), .batch_records = ANY, \
	.batch_bytes = ANY, .jobs = 1, .backoff_least_ns = 1, .backoff_most_ns = 4
#define BATCHED(count, bytes, running) .command = command, .batching = true, .confirm = CONFIRM_EXIT, .window_records = ANY, \
	.window_bytes = ANY, .batch_records = (count), .batch_bytes = (bytes), .jobs = (running), .backoff_least_ns = 1, \
	.backoff_most_ns = 4, .linger_ns = 3
	{ "line, window of 2, retry 1", { COMMON, MARKS(8, 4, ANY, ANY), .reader = { FED(CONFIRM_LINE), .window_records = 2, .window_bytes = ANY,
	    .retries = 1 } }, 4096, 1 },
	{ "number, window of 3", { COMMON, MARKS(7, 3, ANY, ANY), .reader = { FED(CONFIRM_NUMBER), .window_records = 3, .window_bytes = ANY,
	    .retries = ANY } }, 4096, 3 },
	{ "number, window of 4 bytes, drop-oldest, 2 records", { COMMON, .policy = POLICY_DROP_OLDEST, MARKS(8, 4, 2, 1),
	    .reader = { FED(CONFIRM_NUMBER), .window_records = ANY, .window_bytes = 4, .retries = 0 } }, 4, 2 },
	{ "upto, drop-newest, credits", { COMMON, .policy = POLICY_DROP_NEWEST, MARKS(7, 3, 2, 1),
	    .reader = { FED(CONFIRM_UPTO), .window_records = ANY, .window_bytes = ANY, .credits_path = "x", .retries = ANY } }, 4096, 2 },
	{ "read, window of 1, drop-oldest, 1 record", { COMMON, .policy = POLICY_DROP_OLDEST, MARKS(8, 4, 1, 0),
	    .reader = { FED(CONFIRM_READ), .window_records = 1, .window_bytes = ANY, .retries = ANY } }, 4096, 1 },
	{ "batches of 2, retry 1", { COMMON, MARKS(10, 4, ANY, ANY), .reader = { BATCHED(2, ANY, 1), .retries = 1 } },
	    4096, 0 },
	{ "batches of 3, bisect, 65 and retry 0", { COMMON, MARKS(12, 4, ANY, ANY), .reader = { BATCHED(3, ANY, 1),
	    .retries = 0, .bisect = true } }, 4096, 0 },
	{ "batches of 4 bytes, 2 jobs", { COMMON, MARKS(16, 4, ANY, ANY), .reader = { BATCHED(ANY, 4, 2), .retries = 1 } },
	    4096, 0 },
	{ "batches of 2, 2 jobs, drop-oldest, bisect", { COMMON, .policy = POLICY_DROP_OLDEST, MARKS(12, 4, 3, 1),
	    .reader = { BATCHED(2, ANY, 2), .retries = 1, .bisect = true } }, 4096, 0 },
	{ "batches of 1, for ever: the breaker", { COMMON, MARKS(6, 3, ANY, ANY), .reader = { BATCHED(1, ANY, 2),
	    .retries = ANY } }, 4096, 0 },
};

/* How a state was found first. */
struct origin {
	uint32_t from;
	uint32_t depth;
	struct event event;
};

struct state_key {
	uint64_t a, b;
};

static struct search {
	const struct row *row;
	struct origin *origin;
	size_t room, states, next;
	struct state_key *seen; /* open addressing; {0, 0} is free */
	size_t seen_room;
	uint64_t passes;
	uint64_t shortest, longest; /* states of chance that draw the least, and the most */
} search;

/* In place of src/base/mapped.c: pages that are mapped and given back for each event are most of what it costs. */
void *
mapped_new(size_t length)
{
	return calloc(1, length);
}

void
mapped_free(void *base, size_t length)
{
	(void)length;
	free(base);
}

void
mapped_prefer_huge(void *base, size_t length)
{
	(void)base;
	(void)length;
}

static void *
must_have(void *memory)
{
	if (memory == NULL) {
		diag("out of memory");
		exit(99);
	}
	return memory;
}

/* --- states ---------------------------------------------------------------------------------------- */

static void
put(struct state_key *key, uint64_t value)
{
	key->a = (key->a ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	key->a ^= key->a >> 29;
	key->b = (key->b + value) * UINT64_C(0xbf58476d1ce4e5b9);
	key->b ^= key->b >> 31;
}

/* A time to come, as a difference; what has passed is all the same. */
static uint64_t
until(uint64_t ns)
{
	return ns == UINT64_MAX ? ns : ns > play.now ? ns - play.now : 0;
}

static void
put_pump(struct state_key *key)
{
	const struct pump *p = &play.pump;
	const struct queue *q = &p->queue;
	const struct flight *f = &p->flight;
	const struct toll *t = &p->outlet.toll;
	const uint64_t values[] = { p->input, p->output, p->input_waits, p->outlet.absent, level_is_paused(&p->level),
		pressure_is_on(&p->level.pressure), p->batching.open, p->batching.begun_ns > 0, p->batching.hurried,
		q->ready, q->records, q->admitted, q->transit.begun, q->elsewhere, q->unended, chain_used(&q->chain),
		p->intake.open, p->intake.skipping, f->count, f->open, f->begun, f->again, f->again_offset, f->again_done,
		f->held.records, f->held.bytes, t->credits, t->batch.open, t->batch.begun, t->batch.records, t->batch.bytes,
		until(t->batch.due_ns), t->due_ns[TOLL_BATCH] > 0, t->due_ns[TOLL_WINDOW] > 0, t->due_ns[TOLL_CREDITS] > 0 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put(key, values[i]);
}

static size_t
first_held(void)
{
	size_t first = 0;

	while (first < handing.coming && handing.record[first].life == LEFT)
		first++;
	return first;
}

/* The place of a part in the list, rather than its name. */
static uint64_t
place_of(unsigned name)
{
	for (size_t i = 0; i < handing.parts; i++)
		if (handing.part[i].name == name)
			return i + 1;
	return name == HANDING_MAKING ? UINT64_MAX : 0;
}

static void
put_records(struct state_key *key, size_t first)
{
	const bool ages = play.options.reader.batching;
	const bool reads = play.options.reader.confirm == CONFIRM_READ;

	for (size_t i = first; i < handing.planned; i++) {
		const struct hand_record *r = &handing.record[i];
		const uint64_t age = play.now - r->arrived_ns, linger = play.options.reader.linger_ns;

		put(key, (uint64_t)r->life << 32 | r->length << 24 | r->here << 16 | r->sent << 8 | (uint64_t)r->flown << 2 |
		    (uint64_t)r->skipped << 1 | (r->wire > 0));
		put(key, reads && r->wire > 0 ? handing.given - r->wire : 0);
		put(key, ages && r->life == WAITING ? (age < linger ? age : linger) : 0);
		put(key, place_of(r->part));
	}
}

static void
put_hand(struct state_key *key, size_t first)
{
	const struct handing *m = &handing;
	const struct feed *f = &play.feed;
	const uint64_t values[] = { m->planned - m->coming, m->input_over, scene.ended, scene.gone, scene.unread, m->at,
		m->credits, m->runs, m->over, m->starts > 0, m->died_at > first ? m->died_at - first : 0, m->deaths, m->making,
		m->begun, m->begun ? m->batch_room : 0, m->full, m->made.records, m->made.bytes, m->parts, m->failures < 5 ? m->failures : 5,
		until(m->due_ns), until(m->again_ns) };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put(key, values[i]);
	for (size_t i = 0; i < m->parts; i++) {
		const struct hand_part *part = &m->part[i];

		put(key, part->records << 32 | part->bytes << 8 | (uint64_t)(part->id != 0) << 1 | part->halved);
		put(key, part->tries < 6 ? part->tries : 6);
		put(key, i > 0 && m->part[i - 1].batch == part->batch);
	}
	if (play.jobs == NULL) {
		put(key, (uint64_t)f->state << 8 | (uint64_t)f->end);
		put(key, until(f->look_ns));
		put(key, f->look_wait_ns);
	} else {
		put(key, play.jobs->has_run);
	}
}

/* Whether the search is in a state for the first time. */
static bool
is_new(void)
{
	const size_t first = first_held();
	struct state_key key = { 1, 2 };
	size_t at;

	put_pump(&key);
	put_records(&key, first);
	put_hand(&key, first);
	for (at = key.a % search.seen_room; search.seen[at].a != 0; at = (at + 1) % search.seen_room)
		if (search.seen[at].a == key.a && search.seen[at].b == key.b)
			return false;
	search.seen[at] = key;
	return true;
}

static void
add_state(uint32_t from, const struct event *event)
{
	if (search.states == search.room) {
		search.room = search.room > 0 ? 2 * search.room : 1024;
		search.origin = must_have(realloc(search.origin, search.room * sizeof(*search.origin)));
	}
	search.origin[search.states] = (struct origin){ from, search.states > 0 ? search.origin[from].depth + 1 : 0, *event };
	search.states++;
}

/* --- events ---------------------------------------------------------------------------------------- */

/* The n-th that runs, its id; 0 for none. */
static uint64_t
nth_running(size_t n)
{
	for (size_t i = 0; i < handing.parts; i++)
		if (handing.part[i].id != 0 && n-- == 0)
			return handing.part[i].id;
	return 0;
}

static bool
is_possible(const struct event *event)
{
	const struct reader_options *r = &play.options.reader;
	const bool answered = r->confirm == CONFIRM_LINE || r->confirm == CONFIRM_NUMBER || r->confirm == CONFIRM_UPTO;
	const size_t given = handing_nth_given(event->which) != 0;

	switch ((enum doing)event->doing) {
	case A_PASS:
		return (event->input != THE_END || !scene.ended) && (event->input == NOTHING || !handing.input_over) &&
		    (event->input == THE_END || event->input == NOTHING || !scene.ended);
	case CONFIRMS:
	case REJECTS:
		return answered && handing.runs && given && event->which < search.row->inflight &&
		    (r->confirm != CONFIRM_LINE || event->which == 0) && (r->confirm != CONFIRM_UPTO || event->doing == REJECTS);
	case CONFIRMS_UP_TO:
		return r->confirm == CONFIRM_UPTO && handing.runs && given && event->which < search.row->inflight;
	case CONFIRMS_ANOTHER:
		return r->confirm != CONFIRM_LINE && answered && handing.runs && event->which == 0;
	case READS:
		return r->confirm == CONFIRM_READ && handing.runs && event->which == 0 && scene.unread > 0;
	case GRANTS:
		return r->credits_path != NULL && event->which == 0 && handing.credits < 2;
	case DIES:
		return !r->batching && handing.runs && event->which < 2;
	case CLOSES:
		return !r->batching && handing.runs && event->which == 0 && !scene.gone;
	case SUCCEEDS:
	case FAILS:
	case FAILS_SOON:
	case SAYS_DATA:
	case FINDS_NONE:
		return r->batching && nth_running(event->which) != 0;
	}
	return false;
}

static void
bring(enum input input)
{
	static const uint64_t bytes[] = { 0, 1, 2, 3, 0 };

	scene.available = bytes[input];
	scene.ended |= input == THE_END;
	if (input == A_BYTE && handing.coming == handing.planned)
		handing_plan(3);
	for (uint64_t left = bytes[input]; input >= TWO_BYTES && input <= THREE_BYTES && left > 0; left = 0)
		if (handing.coming == handing.planned)
			handing_plan(left);
		else
			scene.available = handing.record[handing.coming].length - handing.record[handing.coming].here;
}

/* The clock goes no further than to the next thing that is due. */
static bool
play_on(const struct event *event)
{
	const uint64_t due = play_deadline_ns();

	if (event->later && due != UINT64_MAX && due > play.now)
		play.now = due;
	bring((enum input)event->input);
	scene.takes = takes[event->takes];
	return play_pass() && play_step();
}

static bool
says(const struct event *event)
{
	const uint64_t serial = handing_nth_given(event->which);
	const bool line = play.options.reader.confirm == CONFIRM_LINE;

	if (event->doing == REJECTS)
		return play_say(line ? REJECTS_OLDEST : REJECTS_NUMBER, serial, "", false);
	return play_say(line ? SAYS_OLDEST : SAYS_NUMBER, serial, "", false);
}

/* What the warden tells is followed by a step. */
static bool
ends(const struct event *event, int status)
{
	play_ended(nth_running(event->which), status);
	return play_step();
}

static bool
happens(const struct event *event)
{
	play.breaker.chance.state = event->doing == FAILS || (event->doing == DIES && event->which == 1) ? search.longest
	    : search.shortest;
	switch ((enum doing)event->doing) {
	case A_PASS:
		return play_on(event);
	case CONFIRMS:
	case REJECTS:
		return says(event);
	case CONFIRMS_UP_TO:
		return play_say(SAYS_UP_TO, handing_nth_given(event->which), "", false);
	case CONFIRMS_ANOTHER:
		return play_say(play.options.reader.confirm == CONFIRM_UPTO ? SAYS_UP_TO : SAYS_NUMBER,
		    play.options.reader.confirm == CONFIRM_UPTO ? first_held() : handing.coming + 1, "", false);
	case READS:
		return play_look(2);
	case GRANTS:
		play_grant(1);
		return true;
	case DIES:
		play_die(1 << 8);
		return play_step();
	case CLOSES:
		scene.gone = true;
		return true;
	case SUCCEEDS:
		return ends(event, 0);
	case FAILS:
	case FAILS_SOON:
		return ends(event, 1 << 8);
	case SAYS_DATA:
		return ends(event, 65 << 8);
	case FINDS_NONE:
		play_short(nth_running(event->which));
		return play_step();
	}
	return false;
}

/* --- the search ------------------------------------------------------------------------------------ */

static void
show(const struct event *event)
{
	static const char *const inputs[] = { "nothing comes", "a byte", "a record of 2", "a record of 3", "the input ends" };

	if (event->doing == A_PASS)
		diag("  %s, the reader takes %s%s", inputs[event->input],
		    event->takes == 0 ? "nothing" : event->takes == 1 ? "1" : "all", event->later ? ", when it is due" : "");
	else
		diag("  %s (%u)", doing_names[event->doing], event->which);
}

static void
show_way(uint32_t state)
{
	if (state == 0)
		return;
	show_way(search.origin[state].from);
	show(&search.origin[state].event);
}

static struct {
	uint32_t state;
	struct event event;
} at;

static void
tell(const char *complaint)
{
	diag("%s: %s, after", search.row->name, complaint);
	show_way(at.state);
	show(&at.event);
}

static void
on_abort(int which)
{
	(void)signal(which, SIG_DFL);
	tell("an invariant of weir's does not hold");
	(void)fflush(stdout);
}

/* All that has led there, again. */
static void
go_to(uint32_t state)
{
	const struct event *way[DEPTH_MOST];
	size_t steps = 0;

	scene = (struct scene){ .unit = search.row->unit, .next_fd = 1000 };
	play.options = search.row->options;
	play.timeless = !search.row->options.reader.batching;
	play.now = NS_PER_S;
	if (!play_begin(1))
		exit(99);
	if (play.jobs == NULL)
		play_feed_up();
	for (; state != 0; state = search.origin[state].from)
		way[steps++] = &search.origin[state].event;
	while (steps > 0)
		(void)happens(way[--steps]);
}

/* One event from a state; *possible: it could happen there. */
static bool
follow(uint32_t state, const struct event *event, bool *possible)
{
	bool good = true;

	at.state = state;
	at.event = *event;
	go_to(state);
	*possible = is_possible(event);
	if (*possible) {
		search.passes++;
		good = happens(event) && handing_complaint() == NULL;
		if (good && play_is_over())
			good = handing.over ? true : handing_agrees_over();
		else if (good && search.origin[state].depth + 1 < DEPTH_MOST && is_new())
			add_state(state, event);
	}
	if (!good)
		tell(handing_complaint());
	play_end();
	return good;
}

static bool
follow_passes(uint32_t state)
{
	struct event event = { .doing = A_PASS };
	bool possible;

	for (event.input = 0; event.input < INPUTS; event.input++)
		for (event.takes = search.row->options.reader.batching ? TAKES - 1 : 0; event.takes < TAKES; event.takes++)
			for (int later = 0; later < 2; later++) {
				event.later = later > 0;
				if (!follow(state, &event, &possible))
					return false;
				if (!possible)
					break;
			}
	return true;
}

static bool
expand(uint32_t state)
{
	struct event event = { .doing = A_PASS };

	for (event.doing = A_PASS + 1; event.doing < DOINGS; event.doing++) {
		bool possible = true;

		for (event.which = 0; event.which < 3 && possible; event.which++)
			if (!follow(state, &event, &possible))
				return false;
	}
	return follow_passes(state);
}

static bool
explore(const struct row *row, size_t states_most)
{
	bool good = true;

	search.row = row;
	search.states = search.next = search.room = 0;
	search.passes = 0;
	search.origin = NULL;
	search.seen_room = 2 * states_most + 1000;
	search.seen = must_have(calloc(search.seen_room, sizeof(*search.seen)));
	add_state(0, &(struct event){ .doing = A_PASS });
	while (good && search.next < search.states && search.states < states_most)
		good = expand((uint32_t)search.next++);
	diag("%s: %zu states, %" PRIu64 " events, up to %" PRIu32 " of them in a row, %s", row->name, search.states,
	    search.passes, search.origin[search.states - 1].depth,
	    search.next == search.states ? "all there are" : "and there are more");
	free(search.origin);
	free(search.seen);
	return good;
}

/* A state of chance from which the next number is as small, or as large, as it can be of few. */
static uint64_t
find_chance(bool large)
{
	for (uint64_t state = 1;; state++) {
		struct chance chance = { state };
		uint64_t drawn = chance_below(&chance, 4096);

		if (drawn == (large ? 4095 : 0))
			return state;
	}
}

int
main(int argc, char *argv[])
{
	const char *under = getenv("WEIR_UNDER");
	const size_t first = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	const size_t last = argc > 2 ? strtoul(argv[2], NULL, 10) : ROWS - 1;
	const size_t most = argc > 3 ? strtoul(argv[3], NULL, 10) : argc > 1 ? STATES_MOST
	    : under != NULL && under[0] != '\0' ? STATES_SHORT / 10 : STATES_SHORT;

	(void)signal(SIGABRT, on_abort);
	(void)signal(SIGSEGV, on_abort);
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 30); /* each event takes all of its memory anew */
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
	search.shortest = find_chance(false);
	search.longest = find_chance(true);
	for (size_t i = first; i <= last && i < ROWS; i++)
		ok(explore(&rows[i], most), "%s", rows[i].name);
	return done_testing();
}
