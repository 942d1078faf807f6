/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every state that the real pump can come to under tiny limits, and everything that can happen there.
 *
 *      explore [FIRST-ROW [LAST-ROW]]
 *
 * From a state, one pass for each combination of: what the input says (nothing, 1 or more bytes, each an end
 * of a record or not; its end; an error), what the output takes (0, 1, 2 bytes, all; the reader gone), and a
 * signal before it.  After each pass the pump must be where the model says.  A state that has been seen
 * before is not followed again, so that a search that ends has seen schedules of every length, over inputs
 * of every length, with records of up to a row's longest.
 *
 * Where a row has records of two kinds, each byte that is no end may be an X besides: a record with an X in it is kept
 * (--keep=X), or has another key (--key=/X/).
 *
 * What makes a state is what the future depends on: cursors and flags, of the pump and of the model, and the
 * lengths and kinds of the records.  Not the bytes, which were compared with the model's; not the counters (but the
 * peaks), which are equal here and only ever added to.  States are known by 128 bits of hash.
 *
 * Breadth first, so that a failure is shown with one of the shortest ways to it.
 */
#include "../unit/short_history.h" /* first: it sets what others have defaults for */

#include "../unit/tap.h"

#include "script.h"

#include <signal.h>

#define WINDOW 64      /* more than is ever held */
#define SLOTS_MOST 32 /* segments of the chain */
#define SEGMENT_MOST 8
#define HELD_MOST 24
#define STATES_SHORT 6000 /* of a row, unless rows are given */
#define STATES_MOST 1000000
#define ROWS (sizeof(rows) / sizeof(rows[0]))

enum input_event { NOTHING, BYTES, END, READ_ERROR, INPUT_EVENTS };

/* The output takes as many bytes, or has gone. */
static const uint64_t takes[] = { 0, 1, 2, UINT64_MAX, 0 };
#define TAKES (sizeof(takes) / sizeof(takes[0]))
#define GONE (TAKES - 1)

struct event {
	uint8_t input;
	uint8_t count; /* of bytes */
	uint8_t ends;  /* a bit for each: it ends a record */
	uint8_t kinds; /* a bit for each: it is an X */
	uint8_t takes;
	bool stop;
	uint8_t later; /* ns */
};

/* One of the searches. */
static const struct row {
	const char *name;
	struct options options;
	struct script_setup setup;
	uint8_t longest; /* records are ended at this length */
	uint8_t reads;   /* bytes that come at once, at most */
	uint8_t later;   /* ns that pass between two passes, at most */
	bool whole;
	enum { PLAIN, KEPT, KEYED } kinds;
} rows[] = {
#define MARKS(most, low, records, few) \
	.buffer_bytes = (most), .high_bytes = (most), .low_bytes = (low), .max_records = (records), \
	.high_records = (records), .low_records = (few)
#define ANY UINT64_MAX
#define LINES .framing = { .kind = FRAMING_LINES, .delimiter = '\n' }
#define FIXED(n) .framing = { .kind = FRAMING_FIXED, .size = (n) }
#define ALL .sample = { 1, 1 }
#define ONE_IN(n) .sample = { 1, (n) }
#define RATE(n, unit) .rated = true, .rate = { 1, (n), (unit) }
	{ "drop-oldest, lines, 4 bytes", { .policy = POLICY_DROP_OLDEST, LINES, ALL, MARKS(4, 2, ANY, ANY),
	    .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 6, 3, 0, false, PLAIN },
	{ "drop-newest, lines, 4 bytes", { .policy = POLICY_DROP_NEWEST, LINES, ALL, MARKS(4, 2, ANY, ANY),
	    .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 6, 3, 0, false, PLAIN },
	{ "drop-oldest, lines, 5 bytes, 2 records", { .policy = POLICY_DROP_OLDEST, LINES, ALL,
	    MARKS(5, 2, 2, 1), .max_record_bytes = 4 }, { IO_WAY_PLAIN, 3, 5 }, 5, 3, 0, true, PLAIN },
	{ "drop-newest, lines, 5 bytes, 2 records", { .policy = POLICY_DROP_NEWEST, LINES, ALL,
	    MARKS(5, 2, 2, 1), .max_record_bytes = 3 }, { IO_WAY_OWN, 1, 5 }, 5, 3, 0, true, PLAIN },
	{ "drop-oldest, fixed 3, 7 bytes", { .policy = POLICY_DROP_OLDEST, FIXED(3), ALL,
	    MARKS(7, 3, ANY, ANY), .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 0, 4, 0, false, PLAIN },
	{ "drop-newest, fixed 2, 5 bytes, 1 in 2", { .policy = POLICY_DROP_NEWEST, FIXED(2), ONE_IN(2),
	    MARKS(5, 3, ANY, ANY), .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 0, 4, 0, false, PLAIN },
	{ "block, lines, 4 bytes", { .policy = POLICY_BLOCK, LINES, ALL, MARKS(4, 2, ANY, ANY) },
	    { IO_WAY_OWN, 2, 0 }, 6, 4, 0, false, PLAIN },
	{ "block, lines, 5 bytes, 2 records", { .policy = POLICY_BLOCK, LINES, ALL, MARKS(5, 0, 2, 1) },
	    { IO_WAY_POLLED, 2, 0 }, 4, 4, 0, false, PLAIN },
	{ "block, lines, 4 bytes, 1 in 2", { .policy = POLICY_BLOCK, LINES, ONE_IN(2),
	    MARKS(4, 2, ANY, ANY) }, { IO_WAY_OWN, 2, 3 }, 6, 3, 0, false, PLAIN },
	{ "block, fixed 3, 4 bytes, 1 in 3", { .policy = POLICY_BLOCK, FIXED(3), ONE_IN(3),
	    MARKS(4, 2, 2, 0) }, { IO_WAY_OWN, 2, 3 }, 0, 4, 0, false, PLAIN },
	{ "block, fixed 6, 4 bytes, a rate in bytes", { .policy = POLICY_BLOCK, FIXED(6), ALL,
	    MARKS(4, 2, ANY, ANY), RATE(2, true), .burst = 3 }, { IO_WAY_OWN, 2, 0 }, 0, 3, 5, false, PLAIN },
	{ "block, lines, 4 bytes, a rate in records", { .policy = POLICY_BLOCK, LINES, ALL,
	    MARKS(4, 2, ANY, ANY), RATE(2, false), .burst = 2 }, { IO_WAY_OWN, 2, 0 }, 6, 3, 5, false, PLAIN },
	{ "drop-oldest, lines, 4 bytes, a rate in bytes", { .policy = POLICY_DROP_OLDEST, LINES, ALL,
	    MARKS(4, 2, ANY, ANY), .max_record_bytes = 4, RATE(2, true), .burst = 3 },
	    { IO_WAY_OWN, 2, 4 }, 4, 2, 5, false, PLAIN },
	{ "bytes, 4 bytes, a rate", { .policy = POLICY_BLOCK, .framing = { .kind = FRAMING_BYTES }, ALL,
	    MARKS(4, 1, ANY, ANY), RATE(2, true), .burst = 4 }, { IO_WAY_OWN, 2, 0 }, 0, 3, 5, false, PLAIN },
	{ "drop-oldest, lines, 5 bytes, --keep", { .policy = POLICY_DROP_OLDEST, LINES, ALL,
	    MARKS(5, 2, ANY, ANY), .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 4, 2, 0, false, KEPT },
	{ "drop-newest, lines, 5 bytes, 3 records, --keep", { .policy = POLICY_DROP_NEWEST, LINES, ALL,
	    MARKS(5, 2, 3, 1), .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 4, 2, 0, false, KEPT },
	{ "shed:2, lines, 6 bytes, --keep", { .policy = POLICY_SHED, LINES, ALL, .buffer_bytes = 6,
	    .high_bytes = 4, .low_bytes = 2, .max_records = ANY, .high_records = ANY, .low_records = ANY,
	    .shed = { 1, 2 }, .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 4, 2, 0, false, KEPT },
	{ "shed:3, lines, 6 bytes, 3 records", { .policy = POLICY_SHED, LINES, ALL, .buffer_bytes = 6,
	    .high_bytes = 5, .low_bytes = 1, .max_records = 3, .high_records = 2, .low_records = 1,
	    .shed = { 1, 3 }, .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 4, 3, 0, false, PLAIN },
	{ "latest, lines, 5 bytes, 3 records", { .policy = POLICY_LATEST, LINES, ALL, MARKS(5, 2, 3, 1),
	    .max_record_bytes = 4 }, { IO_WAY_OWN, 2, 4 }, 4, 2, 0, false, KEYED },
	{ "fail, lines, 4 bytes", { .policy = POLICY_FAIL, LINES, ALL, MARKS(4, 2, ANY, ANY),
	    .max_record_bytes = 3 }, { IO_WAY_OWN, 2, 4 }, 5, 3, 0, false, PLAIN },
};

/* A state, to come back to. */
struct node {
	struct pump pump;
	char segments[SLOTS_MOST * SEGMENT_MOST];
	struct chain_segment list[2 * SLOTS_MOST];
	uint32_t free[SLOTS_MOST];
	struct chain_segment apart[SLOTS_MOST];
	size_t arena_used, arena_live; /* what latest knows; */
	char *arena;                   /* malloc'd */
	char stream[WINDOW];
	uint64_t at;
	uint64_t now;
	struct model_record held[HELD_MOST];
	uint32_t number; /* of the state */
	bool stopped;
	char model[]; /* its fields before held */
};
#define NODE_MODEL offsetof(struct model, held)

/* How a state was found first. */
struct origin {
	uint32_t from;
	struct event event;
};

struct state_key {
	uint64_t a, b;
};

static struct search {
	const struct row *row;
	struct options options;
	struct pump pump;
	struct model model;
	char stream[WINDOW];
	uint64_t now;
	bool stopped;
	struct node **fringe; /* states to go on from: those from `next` on, each at its number */
	struct origin *origin;
	size_t room;
	size_t states;
	size_t next;
	struct state_key *seen; /* open addressing; {0, 0} is free */
	size_t seen_room;
	uint64_t passes;
} search;

static void *
must_have(void *memory)
{
	if (memory == NULL) {
		diag("out of memory");
		exit(99);
	}
	return memory;
}

/* --- states --------------------------------------------------------------------------------------- */

static void
put(struct state_key *key, uint64_t value)
{
	key->a = (key->a ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	key->a ^= key->a >> 29;
	key->b = (key->b + value) * UINT64_C(0xbf58476d1ce4e5b9);
	key->b ^= key->b >> 31;
}

/* Where there are no records, it does not matter for how long the one there is has gone on. */
static bool
counts_records(void)
{
	return search.row->options.framing.kind != FRAMING_BYTES;
}

static void
put_pump(struct state_key *key, const struct pump *pump)
{
	const struct queue *q = &pump->queue;
	const struct intake *intake = &pump->intake;
	const struct outlet *outlet = &pump->outlet;
	const struct toll *toll = &outlet->toll;
	const uint64_t values[] = { q->ready, q->admitted, q->records, q->admitted_records,
		q->transit.begun, q->transit.open, q->transit.phase, q->head_length,
		q->unended, q->chain.shared, chain_apart(&q->chain), q->chain.count, q->chain.prepared, chain_used(&q->chain),
		intake->gap, intake->gate.gap, pressure_is_on(&pump->level.pressure),
		pump->plan.shedding && pump->shed.sampled == pressure_number(&pump->level.pressure), pump->shed.gap,
		pump->shed.sample.run.next, pump->shed.sample.run.rest, pump->failed,
		counts_records() ? intake->open : 0, intake->skipping, intake->reason, intake->gate.rules.sample.run.rest,
		outlet->parts_from, toll->paid, toll->due_ns[TOLL_RATE] > 0 ? toll->due_ns[TOLL_RATE] - search.now : 0,
		(uint64_t)toll->bucket.level, toll->bucket.rest, pump->input, pump->output,
		pump->input_waits, level_is_paused(&pump->level), pump->bypass.bulk, pump->ledger.peak.records,
		pump->ledger.peak.bytes };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put(key, values[i]);
	for (size_t i = q->chain.first; i < q->chain.first + q->chain.count; i++) {
		put(key, q->chain.list[i].begin);
		put(key, q->chain.list[i].end);
	}
	for (size_t i = q->chain.apart_first; i < q->chain.apart_first + q->chain.apart_count; i++) {
		put(key, q->chain.apart[i].begin);
		put(key, q->chain.apart[i].end);
	}
	for (unsigned i = 0; i < q->marks; i++)
		put(key, q->mark[i].offset);
}

/* Whether there is an X in a record. */
static bool
is_other(const struct model_record *record)
{
	for (uint64_t i = 0; i < record->length; i++)
		if (search.stream[(record->start + i) % WINDOW] == 'X')
			return true;
	return false;
}

static void
put_model(struct state_key *key, const struct model *m)
{
	const uint64_t values[] = { m->open, counts_records() ? m->begun : 0, m->left_out, m->why, m->share.number, m->share.kept, m->input,
		m->parts, m->paused, (uint64_t)m->common.level, m->noting, m->pressed, m->pressed_number % 6, m->failed, m->due_ns > 0 ? m->due_ns - search.now : 0, m->count };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		put(key, values[i]);
	for (size_t i = 0; i < m->count; i++) {
		const struct model_record *r = &m->held[i];
		uint64_t sent = counts_records() ? r->sent : r->sent > 0;

		put(key, (r->length - r->sent) << 32 | sent << 3 | (uint64_t)r->ended << 2 | (uint64_t)r->admitted << 1 |
		    (uint64_t)r->paid);
		put(key, is_other(r));
		put(key, r->batch > 0 ? 1 + r->batch - m->held[0].batch : 0);
		put(key, r->batch > 0 && r->batch == m->broken);
	}
}

/* Whether the search is in a state for the first time. */
static bool
is_new(void)
{
	struct state_key key = { 1, 2 };
	size_t at;

	put_pump(&key, &search.pump);
	put_model(&key, &search.model);
	put(&key, search.stopped);
	for (at = key.a % search.seen_room; search.seen[at].a != 0; at = (at + 1) % search.seen_room)
		if (search.seen[at].a == key.a && search.seen[at].b == key.b)
			return false;
	search.seen[at] = key;
	return true;
}

static struct node *
save(void)
{
	struct node *node = must_have(calloc(1, sizeof(*node) + NODE_MODEL));
	const struct queue *q = &search.pump.queue;
	const struct chain *chain = &q->chain;

	if (chain->slots->count > SLOTS_MOST || chain->segment > SEGMENT_MOST || search.model.count > HELD_MOST) {
		diag("a state is too large");
		exit(99);
	}
	node->pump = search.pump;
	memcpy(node->segments, chain->slots->base, chain->slots->count * chain->segment);
	memcpy(node->list, chain->list, chain->list_size * sizeof(chain->list[0]));
	memcpy(node->free, chain->slots->free, chain->slots->count * sizeof(chain->slots->free[0]));
	memcpy(node->apart, chain->apart, chain->slots->count * sizeof(chain->apart[0]));
	node->arena_used = short_arena.used;
	node->arena_live = short_arena.live;
	node->arena = must_have(malloc(short_arena.used + 1));
	memcpy(node->arena, short_arena.bytes, short_arena.used);
	memcpy(node->stream, search.stream, WINDOW);
	node->at = script.at;
	node->now = search.now;
	memcpy(node->held, search.model.held, search.model.count * sizeof(node->held[0]));
	node->stopped = search.stopped;
	memcpy(node->model, &search.model, NODE_MODEL);
	return node;
}

static void
restore(const struct node *node)
{
	char *room = search.pump.bypass.look_room; /* one for all: no look lasts beyond the read that follows it */
	const struct chain *chain = &search.pump.queue.chain;

	search.pump = node->pump;
	search.pump.bypass.look_room = room;
	memcpy(chain->slots->base, node->segments, chain->slots->count * chain->segment);
	memcpy(chain->list, node->list, chain->list_size * sizeof(chain->list[0]));
	memcpy(chain->slots->free, node->free, chain->slots->count * sizeof(chain->slots->free[0]));
	memcpy(chain->apart, node->apart, chain->slots->count * sizeof(chain->apart[0]));
	short_arena.used = node->arena_used;
	short_arena.live = node->arena_live;
	memcpy(short_arena.bytes, node->arena, node->arena_used);
	memcpy(search.stream, node->stream, WINDOW);
	script.at = node->at;
	search.now = node->now;
	memcpy(&search.model, node->model, NODE_MODEL);
	memcpy(search.model.held, node->held, search.model.count * sizeof(node->held[0]));
	search.stopped = node->stopped;
}

/* The search goes on from here some time. */
static void
add_state(uint32_t from, const struct event *event)
{
	if (search.states == search.room) {
		search.room = search.room > 0 ? 2 * search.room : 1024;
		search.fringe = must_have(realloc(search.fringe, search.room * sizeof(*search.fringe)));
		search.origin = must_have(realloc(search.origin, search.room * sizeof(*search.origin)));
	}
	search.fringe[search.states] = save();
	search.fringe[search.states]->number = (uint32_t)search.states;
	search.origin[search.states++] = (struct origin){ from, *event };
}

/* --- events --------------------------------------------------------------------------------------- */

/* The bytes of an event; a record of the longest is ended in any case.  Bytes that are no end tell where in
 * the stream they are. */
static void
bring_bytes(const struct event *event)
{
	uint64_t begun = search.model.open ? search.model.begun : 0;

	for (uint8_t i = 0; i < event->count; i++) {
		uint64_t at = script.at + i;
		bool end = framing_delimited(&search.row->options.framing) &&
		    ((event->ends >> i & 1) || ++begun >= search.row->longest);

		if (end)
			begun = 0;
		search.stream[at % WINDOW] = end ? '\n' : event->kinds >> i & 1 ? 'X' : (char)('a' + at % 26);
	}
	script.available = event->count;
}

/* Plays an event; whether the model agrees with what came of it. */
static bool
play(const struct event *event)
{
	script.available = 0;
	script.ended = event->input == END;
	script.failed = event->input == READ_ERROR;
	script.takes = takes[event->takes];
	script.gone = event->takes == GONE;
	if (event->input == BYTES)
		bring_bytes(event);
	search.now += event->later;
	if (event->stop) {
		search.stopped = true;
		pump_stop(&search.pump, search.now);
		model_stop(&search.model, search.now);
	}
	search.passes++;
	return script_pass(&search.pump, search.now);
}

static void
show(const struct event *event)
{
	static const char *const inputs[] = { "nothing comes", "", "the input ends", "a read fails" };
	char bytes[16] = "";

	for (uint8_t i = 0; i < event->count; i++)
		bytes[i] = event->ends >> i & 1 ? ';' : event->kinds >> i & 1 ? 'X' : 'x';
	diag("  %s%s%s, the output %s%s; %u ns later", event->stop ? "a signal, then " : "", inputs[event->input],
	    bytes, event->takes == GONE ? "has gone" : "takes ",
	    event->takes == GONE ? "" : takes[event->takes] == UINT64_MAX ? "all"
	    : takes[event->takes] == 2 ? "2" : takes[event->takes] == 1 ? "1" : "nothing", event->later);
}

static void
show_way(uint32_t state)
{
	if (state == 0)
		return;
	show_way(search.origin[state].from);
	show(&search.origin[state].event);
}

/* --- the search ------------------------------------------------------------------------------------ */

/* The end of a run: everything that is held is undelivered then. */
static bool
is_over(void)
{
	return search.pump.output == OUTLET_GONE || search.pump.output == OUTLET_ERROR ||
	    pump_done(&search.pump);
}

static bool
close_books(void)
{
	pump_close_books(&search.pump, search.now);
	return model_agrees_closed(&search.model, &search.pump);
}

/* Where the search is, for what ends it by abort(). */
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
on_abort(int signal)
{
	(void)signal;
	tell("an invariant of weir's does not hold");
	(void)fflush(stdout);
}

/* One event from a state. */
static bool
follow(const struct node *node, const struct event *event)
{
	bool good;

	at.state = node->number;
	at.event = *event;
	restore(node);
	good = play(event);
	if (good && !is_over() && is_new())
		add_state(node->number, event);
	good = good && close_books(); /* a second signal may come anywhere */
	if (!good)
		tell(model_complaint());
	return good;
}

/* With one thing that the input says, everything else that may happen. */
static bool
follow_all(const struct node *node, struct event event)
{
	for (event.stop = false;; event.stop = true) {
		for (event.takes = 0; event.takes < TAKES; event.takes++) {
			for (event.later = 0; event.later <= search.row->later; event.later++)
				if (!follow(node, &event))
					return false;
		}
		if (event.stop || node->stopped)
			return true;
	}
}

/* With this many bytes, each ends that they may have, and of the kinds that matter; a byte that is an end is no X. */
static bool
follow_bytes(const struct node *node, uint8_t input, uint8_t count)
{
	uint8_t ends_most = framing_delimited(&search.row->options.framing) ? (uint8_t)(1 << count) : 1;
	uint8_t kinds_most = search.row->kinds != PLAIN ? (uint8_t)(1 << count) : 1;

	for (uint8_t ends = 0; ends < ends_most; ends++) {
		for (uint8_t kinds = 0; kinds < kinds_most; kinds++) {
			struct event event = { .input = input, .count = count, .ends = ends, .kinds = kinds };
			if ((kinds & ends) == 0 && !follow_all(node, event))
				return false;
		}
	}
	return true;
}

static bool
expand(const struct node *node)
{

	for (uint8_t input = 0; input < INPUT_EVENTS; input++) {
		uint8_t most = input == BYTES ? search.row->reads : 0;
		for (uint8_t count = input == BYTES; count <= most; count++)
			if (!follow_bytes(node, input, count))
				return false;
	}
	return true;
}

/* The kinds of a row, in its options. */
static void
name_kinds(void)
{
	struct options *options = &search.options;
	char error[PATTERN_ERROR_MOST];

	options->key.separator = KEY_BLANKS;
#ifdef HAVE_PCRE2
	if ((search.row->kinds == KEPT && !keep_add(options->keep = must_have(keep_new()), "X", error)) ||
	    (search.row->kinds == KEYED && key_parse(&options->key, "/X/", error) != NULL))
		abort();
#else /* none is kept, and each record has a key of its own */
	if (key_parse(&options->key, "1", error) != NULL)
		abort();
#endif
}

static bool
begin(const struct row *row, size_t states_most)
{
	search = (struct search){ .row = row, .options = row->options, .now = NS_PER_S };
	name_kinds();
	search.seen_room = 2 * states_most + 10000; /* of which the last state may bring a few too many */
	search.seen = must_have(calloc(search.seen_room, sizeof(*search.seen)));
	script = (struct script){ .model = &search.model, .stream = search.stream, .window = WINDOW,
		.whole = row->whole, .can_look = true };
	return script_begin(&search.pump, &search.options, &row->setup, search.now) == 0;
}

static bool
explore(const struct row *row, size_t states_most)
{
	bool good = begin(row, states_most);

	add_state(0, &(struct event){ .input = NOTHING });
	while (good && search.next < search.states && search.states < states_most) {
		struct node *node = search.fringe[search.next++];
		good = expand(node);
		free(node->arena);
		free(node);
	}
	diag("%s: %zu states, %" PRIu64 " passes, %s", row->name, search.states, search.passes,
	    search.next == search.states ? "all there are" : "and there are more");
	for (size_t i = search.next; i < search.states; i++) {
		free(search.fringe[i]->arena);
		free(search.fringe[i]);
	}
	free(search.fringe);
	free(search.origin);
	free(search.seen);
	pump_free(&search.pump);
	keep_free(search.options.keep);
	key_clear(&search.options.key);
	return good;
}

int
main(int argc, char *argv[])
{
	size_t first = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	size_t last = argc > 2 ? strtoul(argv[2], NULL, 10) : ROWS - 1;
	size_t states_most = argc > 1 ? STATES_MOST : STATES_SHORT / script_slowness();

	(void)signal(SIGABRT, on_abort);
	for (size_t i = first; i <= last && i < ROWS; i++)
		ok(explore(&rows[i], states_most), "%s", rows[i].name);
	return done_testing();
}
