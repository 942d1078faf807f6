/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "tell/gauges.h"
#include "tell/meter.h"

#include <assert.h>

/* Two spaces between gauges, one on a terminal that is narrower than this. */
#define AIRY_COLUMNS 60

#define BAR_MOST 40 /* cells */

static_assert(METER_COLUMNS_MOST <= INK_COLUMNS_MOST, "a line of one gauge");

/* What the room is used for, the most important first.  What does not fit is passed over:
 * something shorter that comes later may. */
static const struct {
	enum gauge gauge;
	int form;
} wishes[] = {
	{ GAUGE_BAR, BAR_NONE },
	{ GAUGE_BAR, BAR_SHORT },
	{ GAUGE_OUT, RATE_BARE },
	{ GAUGE_BREAKER, 1 },
	{ GAUGE_WAITED, WAIT_GREATEST },
	{ GAUGE_DROPPED, DROP_BARE },
	{ GAUGE_FLIGHT, FLIGHT_BARE },
	{ GAUGE_DONE, DONE_PERCENT },
	{ GAUGE_NAME, NAME_SHORT },
	{ GAUGE_IN, RATE_BARE },
	{ GAUGE_OUT, RATE_NAMED },
	{ GAUGE_IN, RATE_NAMED },
	{ GAUGE_FLIGHT, FLIGHT_NAMED },
	{ GAUGE_DONE, DONE_LEFT },
	{ GAUGE_BAR, BAR_MIDDLE },
	{ GAUGE_ELAPSED, 1 },
	{ GAUGE_LATENCY, LATENCY_P99 },
	{ GAUGE_DROPPED, DROP_RATE },
	{ GAUGE_PAUSED, 1 },
	{ GAUGE_BAR, BAR_LONG },
	{ GAUGE_OUT, RATE_BOTH },
	{ GAUGE_IN, RATE_BOTH },
	{ GAUGE_FLIGHT, FLIGHT_BOTH },
	{ GAUGE_TOTAL, TOTAL_ONE },
	{ GAUGE_WAITED, WAIT_ALL },
	{ GAUGE_DROPPED, DROP_REASONS },
	{ GAUGE_TOTAL, TOTAL_BOTH },
	{ GAUGE_LATENCY, LATENCY_BOTH },
	{ GAUGE_WAITED, WAIT_WORDY },
	{ GAUGE_NAME, NAME_LONG },
};

/* The line with these forms; its columns. */
static unsigned
assemble(struct gauges *g, const int forms[GAUGES], const char *gap)
{
	struct ink *ink = &g->ink;

	ink->line.length = ink->columns = 0;
	ink->line.text[0] = '\0';
	for (int i = 0; i < GAUGES; i++) {
		struct ink before = *ink;
		unsigned begun;

		if (forms[i] == 0)
			continue;
		if (ink->columns > 0)
			ink_say(ink, PLAIN, "%s", gap);
		begun = ink->columns;
		gauges_put(g, (enum gauge)i, forms[i]);
		if (ink->columns == begun) { /* it has nothing to say */
			*ink = before;
			ink->line.text[ink->line.length] = '\0';
		}
	}
	return ink->columns;
}

/* As many of the wishes as there is room for. */
static void
choose(struct gauges *g, int forms[GAUGES], const char *gap, unsigned room)
{
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		int before = forms[wishes[i].gauge];

		forms[wishes[i].gauge] = wishes[i].form;
		g->cells = gauges_bar_cells(forms[GAUGE_BAR]);
		if (assemble(g, forms, gap) > room)
			forms[wishes[i].gauge] = before;
	}
	g->cells = gauges_bar_cells(forms[GAUGE_BAR]);
}

size_t
meter_line(char *text, const struct snapshot *snapshot, const struct meter_style *style)
{
	unsigned room = style->columns > METER_COLUMNS_MOST ? METER_COLUMNS_MOST : style->columns;
	const char *gap = style->columns < AIRY_COLUMNS ? " " : "  ";
	struct gauges g = { .ink = { .line = { text, 0, METER_MOST }, .colour = style->colour }, .snapshot = snapshot,
		.utf8 = style->utf8 };
	int forms[GAUGES] = { 0 };
	unsigned columns;

	room -= room > 0;
	choose(&g, forms, gap, room);
	columns = assemble(&g, forms, gap);
	if (g.cells > 0) {
		g.cells += room - columns;
		g.cells = g.cells < BAR_MOST ? g.cells : BAR_MOST;
		(void)assemble(&g, forms, gap);
	}
	return g.ink.line.length;
}
