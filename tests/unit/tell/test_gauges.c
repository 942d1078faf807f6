/* SPDX-License-Identifier: BSD-2-Clause */
/* One gauge at a time, in each of its lengths; lines of several are in test_meter.c. */
#include "../tap.h"

#include "tell/gauges.h"

static struct options options;
static struct snapshot snapshot;

static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = 1000000,
		.max_records = UINT64_MAX,
		.name = "weir",
	};
	snapshot = (struct snapshot){
		.options = &options,
		.tuning.marks = { { UINT64_MAX, 1000000 }, { UINT64_MAX, 500000 } },
		.ledger = { .out = { 9000, 900000 } },
		.depth = { 420, 420000 },
		.elapsed_ns = 61 * NS_PER_S,
		.size_bytes = 2000000,
		.until_done_ns = 83 * NS_PER_S,
		.interval = { .ns = NS_PER_S, .in = { 12345, 1234500 }, .out = { 999, 99900 }, .dropped = { 350, 35000 },
			.waited_ns = { [WAIT_INPUT] = 30 * NS_PER_MS, [WAIT_OUTPUT] = 950 * NS_PER_MS },
			.latency = { .count = 999, .p50_ns = 1234567, .p99_ns = 12345678 } },
	};
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 2000, 200000 };
}

static const char *
shown(enum gauge gauge, int form, unsigned cells)
{
	static char text[1000];
	struct gauges g = { .ink = { .line = { text, 0, sizeof(text) } }, .snapshot = &snapshot, .cells = cells };

	text[0] = '\0';
	gauges_put(&g, gauge, form);
	return g.ink.columns == strlen(text) ? text : "columns are not counted";
}

static void
forms(void)
{
	static const struct {
		enum gauge gauge;
		int form;
		const char *text;
	} table[] = {
		{ GAUGE_NAME, NAME_SHORT, "weir" }, { GAUGE_NAME, NAME_LONG, "weir" },
		{ GAUGE_IN, RATE_BARE, "12.3k/s" }, { GAUGE_IN, RATE_NAMED, "in 12.3k/s" },
		{ GAUGE_OUT, RATE_BOTH, "out   999/s 99.9kB/s" },
		{ GAUGE_TOTAL, TOTAL_ONE, "total  9.0k" }, { GAUGE_TOTAL, TOTAL_BOTH, "total  9.0k  900kB" },
		{ GAUGE_DROPPED, DROP_BARE, "drop  2.0k" }, { GAUGE_DROPPED, DROP_RATE, "dropped  2.0k +  350/s" },
		{ GAUGE_DROPPED, DROP_REASONS, "dropped  2.0k +  350/s (oldest 2.0k)" }, { GAUGE_PAUSED, 1, "" },
		{ GAUGE_WAITED, WAIT_GREATEST, "output  95%" }, { GAUGE_WAITED, WAIT_ALL, "input   3% OUTPUT  95%" },
		{ GAUGE_WAITED, WAIT_WORDY, "waiting for input   3% OUTPUT  95%" },
		{ GAUGE_LATENCY, LATENCY_P99, "p99 12.3ms" }, { GAUGE_LATENCY, LATENCY_BOTH, "p50  1.2ms p99 12.3ms" },
		{ GAUGE_ELAPSED, 1, " 1:01" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		is_text(shown(table[i].gauge, table[i].form, 0), table[i].text, "gauge %u, form %d", table[i].gauge,
		    table[i].form);
}

static void
bars(void)
{
	is(gauges_bar_cells(BAR_NONE), 0, "the shortest bar is none");
	ok(gauges_bar_cells(BAR_SHORT) < gauges_bar_cells(BAR_MIDDLE) &&
	    gauges_bar_cells(BAR_MIDDLE) < gauges_bar_cells(BAR_LONG), "a longer one has more cells");
	is_text(shown(GAUGE_BAR, BAR_NONE, 0), " 42%", "without cells a number");
	is_text(shown(GAUGE_BAR, BAR_LONG, 10), "[####      ]  42%", "and with ten");
	options.policy = POLICY_BLOCK;
	is_text(shown(GAUGE_BAR, BAR_LONG, 10), "[#### :    ]  42%", "and the watermark, where there is one");
}

static void
readers(void)
{
	begin();
	is_text(shown(GAUGE_FLIGHT, FLIGHT_NAMED, 0), "", "where nothing has to be confirmed nothing is in flight,");
	is_text(shown(GAUGE_BREAKER, 1, 0), "", "and a breaker that is closed is no news");
	options.reader.confirm = CONFIRM_EXIT;
	is_text(shown(GAUGE_FLIGHT, FLIGHT_BARE, 0), "flight     0", "where it has to, nothing is something");
	snapshot.in_flight = (struct tally){ 1500, 250000 };
	is_text(shown(GAUGE_FLIGHT, FLIGHT_NAMED, 0), "in flight  1.5k", "records");
	is_text(shown(GAUGE_FLIGHT, FLIGHT_BOTH, 0), "in flight  1.5k  250kB", "and bytes");
	options.framing.kind = FRAMING_BYTES;
	is_text(shown(GAUGE_FLIGHT, FLIGHT_BARE, 0), "flight  250kB", "of a stream of bytes there are no others");
	snapshot.reader.open = true;
	is_text(shown(GAUGE_BREAKER, 1, 0), "breaker open", "the breaker");
}

static void
unknown(void)
{
	snapshot.interval.ns = 0;
	is_text(shown(GAUGE_IN, RATE_BARE, 0), "    -/s", "before the first interval is over no rate is known,");
	is_text(shown(GAUGE_WAITED, WAIT_ALL, 0), "input   -% output   -%", "and no share");
	snapshot.interval.latency.count = 0;
	is_text(shown(GAUGE_LATENCY, LATENCY_P99, 0), "p99      -", "nor how long records wait");
	snapshot.size_bytes = 0;
	is_text(shown(GAUGE_DONE, DONE_LEFT, 0), "", "nor how much will come");
}

int
main(void)
{
	begin();
	forms();
	bars();
	readers();
	begin();
	unknown();
	return done_testing();
}
