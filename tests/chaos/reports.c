/* SPDX-License-Identifier: BSD-2-Clause */
/* weir's reports, held to their law; see reports.h. */
#include "config.h"

#include "reports.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const tally_names[] = { "\"in\":{", "\"out\":{", "\"dropped\":{", "\"dropped_unsaved\":{",
	"\"marks\":{", "\"held\":{", "\"undelivered\":{" };
static const char *const unit_names[] = { "\"records\":", "\"bytes\":" };

static void
wrong(struct reports *reports, const char *what, const char *line)
{
	if (reports->wrong[0] == '\0')
		(void)snprintf(reports->wrong, sizeof(reports->wrong), "%s: %.1900s", what, line);
}

/* The number that follows name, from *at on; moves *at behind it.  False where there is none. */
static bool
number_after(const char **at, const char *name, uint64_t *number)
{
	const char *found = strstr(*at, name);
	char *end;

	if (found == NULL)
		return false;
	found += strlen(name);
	*number = strtoull(found, &end, 10);
	*at = end;
	return end != found;
}

static bool
is_interval(const char *line)
{
	return strstr(line, "\"event\":\"interval\"") != NULL;
}

static bool
parse(const char *line, struct report *report)
{
	const char *at = line, *oldest = line, *keep = strstr(line, "\"keep\":[{");
	uint64_t number;

	*report = (struct report){ .status = NO_STATUS };
	if (!number_after(&at, "\"elapsed_ns\":", &report->elapsed_ns))
		return false;
	if (!number_after(&oldest, "\"oldest\":{\"records\":", &report->oldest) ||
	    (keep != NULL && !number_after(&keep, "\"dropped\":{\"records\":", &report->lost)))
		return false;
	for (int t = 0; t < TALLIES; t++) {
		if ((at = strstr(at, tally_names[t])) == NULL)
			return false;
		for (int u = 0; u < UNITS; u++)
			if (!number_after(&at, unit_names[u], &report->tally[t][u]))
				return false;
	}
	if (!number_after(&at, "\"reports_skipped\":", &report->skipped))
		return false;
	if (strstr(line, "\"event\":\"signal\"") != NULL || is_interval(line))
		return strstr(at, "\"exit\":{\"status\":null,\"reason\":null}") != NULL;
	if (!number_after(&at, "\"unread_bytes\":", &report->unread_bytes) ||
	    !number_after(&at, "\"exit\":{\"status\":", &number))
		return false;
	report->status = (unsigned)number;
	return strstr(line, "\"event\":\"final\"") != NULL &&
	    sscanf(at, ",\"reason\":\"%31[^\"]\"}}", report->reason) == 1;
}

/* What was dropped for each reason adds up to what was dropped. */
static bool
reasons_add_up(const char *line, const struct report *report)
{
	const char *at = strstr(line, "\"by\":{");
	const char *end = at != NULL ? strstr(at, "}}") : NULL;
	uint64_t sum[UNITS] = { 0, 0 };

	while (at != NULL && at < end)
		for (int u = 0; u < UNITS; u++) {
			uint64_t number;

			if (!number_after(&at, unit_names[u], &number))
				return false;
			sum[u] += number;
		}
	return end != NULL && sum[RECORDS] == report->tally[DROPPED][RECORDS] &&
	    sum[BYTES] == report->tally[DROPPED][BYTES];
}

static const char *
breach(const struct report *report, const struct report *before)
{
	bool final = report->status != NO_STATUS;

	for (int u = 0; u < UNITS; u++) {
		if (report->tally[IN][u] != report->tally[OUT][u] + report->tally[DROPPED][u] +
		    report->tally[HELD][u] + report->tally[UNDELIVERED][u])
			return "in is not out + dropped + held + undelivered";
		if (report->tally[final ? HELD : UNDELIVERED][u] != 0)
			return final ? "held at the end" : "undelivered before the end";
		if (report->tally[UNSAVED][u] > report->tally[DROPPED][u])
			return "more is unsaved than was dropped";
		for (int t = IN; t <= MARKS; t++)
			if (report->tally[t][u] < before->tally[t][u])
				return "a counter went back";
	}
	return NULL;
}

static void
take_line(struct reports *reports, const char *line)
{
	struct report report;
	const char *what;

	if (line[0] != '{') {
		/* that a file of dropped records is full may be said at any time, also last */
		if (strstr(line, ": --dropped=") == NULL)
			(void)snprintf(reports->message, sizeof(reports->message), "%.200s", line);
		return;
	}
	if (!parse(line, &report)) {
		wrong(reports, "not a report", line);
		return;
	}
	if ((what = breach(&report, &reports->last)) != NULL)
		wrong(reports, what, line);
	if (!reasons_add_up(line, &report))
		wrong(reports, "dropped is not the sum of its reasons", line);
	if (reports->finals > 0)
		wrong(reports, "a report after the final one", line);
	reports->intervals += is_interval(line);
	reports->signals += report.status == NO_STATUS && !is_interval(line);
	reports->finals += report.status != NO_STATUS;
	reports->last = report;
}

void
reports_read(struct reports *reports)
{
	ssize_t n;
	char *end;

	while (reports->fd >= 0 && (n = read(reports->fd, reports->text + reports->used,
	    sizeof(reports->text) - reports->used - 1)) >= 0) {
		reports->used += (size_t)n;
		reports->text[reports->used] = '\0';
		while ((end = strchr(reports->text, '\n')) != NULL) {
			*end++ = '\0';
			take_line(reports, reports->text);
			reports->used -= (size_t)(end - reports->text);
			memmove(reports->text, end, reports->used + 1);
		}
		if (n == 0) {
			if (reports->used > 0)
				wrong(reports, "a line without an end", reports->text);
			(void)close(reports->fd);
			reports->fd = -1;
		}
	}
}

void
reports_finish(struct reports *reports)
{
	while (reports->fd >= 0) {
		struct pollfd more = { .fd = reports->fd, .events = POLLIN };

		(void)poll(&more, 1, -1);
		reports_read(reports);
	}
}
