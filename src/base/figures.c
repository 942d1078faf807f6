/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define KILO UINT64_C(1000)

struct step {
	uint64_t from; /* used from here on, and worth so much */
	const char *unit;
};

static const struct step sizes[] = {
	{ 1, "B" },
	{ KILO, "kB" },
	{ KILO * KILO, "MB" },
	{ KILO * KILO * KILO, "GB" },
	{ KILO * KILO * KILO * KILO, "TB" },
	{ UINT64_MAX, NULL },
};

static const struct step *
suiting_size(uint64_t bytes)
{
	const struct step *size = sizes;

	while (size[1].unit != NULL && bytes >= size[1].from)
		size++;
	return size;
}

void
figures_bytes(char *text, size_t size, uint64_t bytes, uint64_t like)
{
	const struct step *unit = suiting_size(like);
	uint64_t tenths;

	if (bytes < unit->from / 20 || bytes == 0)
		unit = suiting_size(bytes);
	if (unit->from == 1) {
		(void)snprintf(text, size, "%" PRIu64 " B", bytes);
		return;
	}
	tenths = bytes / (unit->from / 10);
	tenths += bytes % (unit->from / 10) >= unit->from / 20;
	(void)snprintf(text, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, unit->unit);
}

/* In the largest unit that it has one of, with a decimal below 100 of them. */
static void
format_in_steps(char *text, size_t size, uint64_t value, const struct step *step)
{
	uint64_t tenths;

	while (value < step->from)
		step++;
	if (step->from <= 1) {
		(void)snprintf(text, size, "%" PRIu64 "%s", value, step->unit);
		return;
	}
	tenths = value / step->from * 10 + value % step->from * 10 / step->from;
	if (tenths < 1000)
		(void)snprintf(text, size, "%" PRIu64 ".%u%s", tenths / 10, (unsigned)(tenths % 10), step->unit);
	else
		(void)snprintf(text, size, "%" PRIu64 "%s", tenths / 10, step->unit);
}

void
figures_count(char *text, size_t size, uint64_t count)
{
	static const struct step steps[] = {
		{ KILO * KILO * KILO * KILO, "T" }, { KILO * KILO * KILO, "G" }, { KILO * KILO, "M" },
		{ KILO, "k" }, { 0, "" },
	};

	format_in_steps(text, size, count, steps);
}

void
figures_ns(char *text, size_t size, uint64_t ns)
{
	static const struct step steps[] = {
		{ 86400 * NS_PER_S, "d" }, { 3600 * NS_PER_S, "h" }, { 60 * NS_PER_S, "min" },
		{ NS_PER_S, "s" }, { NS_PER_MS, "ms" }, { 1000, "us" }, { 0, "ns" },
	};

	format_in_steps(text, size, ns, steps);
}

void
figures_moment(char *text, size_t size, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	char date[40];
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		*date = '\0';
	(void)snprintf(text, size, "%s.%03uZ", date, (unsigned)(ns % NS_PER_S / NS_PER_MS));
}

unsigned
figures_percent(uint64_t part, uint64_t whole)
{
	return (unsigned)((double)part * 100 / (double)whole + 0.5);
}
