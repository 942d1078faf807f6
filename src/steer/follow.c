/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/line.h"
#include "base/units.h"
#include "base/visible.h"
#include "flow/steered.h"
#include "os/diag.h"
#include "os/signals.h"
#include "steer/follow.h"
#include "steer/set.h"
#include "tell/json.h"
#include "tell/report.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Records that are shown between two passes, how often, and the most that is not taken of what was shown before. */
#define SHOWN_AT_ONCE 64
#define SHOWN_EVERY_NS (5 * NS_PER_MS)
#define SHOWN_PENDING_MOST ((size_t)64 << 10)

static_assert(REPORT_MOST + 1 < CLIENT_PENDING_MOST, "a report fits");

/* --- answers --------------------------------------------------------------------------------------- */

static void
tell_good(struct client *client)
{
	static const char good[] = "{\"ok\":true}\n";

	client_tell(client, good, sizeof(good) - 1);
}

static void
tell_error(struct client *client, const char *why)
{
	char text[2 * DIAG_TEXT_MOST];
	struct line line = { text, 0, sizeof(text) - 1 };

	json_error(&line, why);
	line.most++;
	line_add(&line, "\n");
	client_tell(client, text, line.length);
}

static void
tell_report(struct client *client, const struct snapshot *snapshot)
{
	static char text[REPORT_MOST];
	struct line line = { text, 0, sizeof(text) };

	json_write(&line, snapshot);
	line_add(&line, "\n");
	client_tell(client, text, line.length);
}

/* --- orders ---------------------------------------------------------------------------------------- */

static void
set(struct steered *steered, struct client *client, const struct order *order, uint64_t now_ns)
{
	char why[DIAG_TEXT_MOST];

	if (set_options(steered, order->setting, order->settings, why, now_ns))
		tell_good(client);
	else
		tell_error(client, why);
}

/* What drains is not held up. */
static void
halt(struct steered *steered, struct client *client, bool on, uint64_t now_ns)
{
	if (on && (steered->drains || signals_stop() != 0)) {
		tell_error(client, "pause: weir is about to end; nothing is held up any more");
		return;
	}
	pump_halt(steered->pump, on, now_ns);
	tell_good(client);
}

static void
drain(struct steered *steered, struct client *client)
{
	steered->drains = true;
	tell_good(client);
}

static void
purge(struct steered *steered, struct client *client, uint64_t now_ns)
{
	if (steered->options->spool_path != NULL) {
		tell_error(client, "purge: not with --spool, whose records are on disk; set max-age=TIME drops what is old");
		return;
	}
	(void)pump_purge(steered->pump, now_ns);
	tell_good(client);
}

static void
show_report(struct steered *steered, struct client *client, uint64_t now_ns)
{
	struct snapshot snapshot;

	client->due_ns += ((now_ns - client->due_ns) / client->every_ns + 1) * client->every_ns;
	lookout_look_again(steered->lookout, &client->since, &snapshot, now_ns);
	tell_report(client, &snapshot);
}

/* The first at once. */
static void
watch(struct steered *steered, struct client *client, uint64_t every_ns, uint64_t now_ns)
{
	client_deafen(client);
	client->every_ns = every_ns;
	client->due_ns = now_ns;
	lookout_begin_looking(steered->lookout, &client->since, now_ns);
	show_report(steered, client, now_ns);
}

/* --- records --------------------------------------------------------------------------------------- */

static void
tell_record(struct client *client, const struct tap_record *record)
{
	char text[6 * TAP_TEXT_MOST + 128];
	struct line line = { text, 0, sizeof(text) };

	line_add(&line, "{\"record\":\"");
	visible_json(&line, record->text, record->length);
	line_add(&line, "\",\"bytes\":");
	if (record->known)
		line_add(&line, "%" PRIu64, record->bytes);
	else
		line_add(&line, "null");
	line_add(&line, ",\"cut\":%s,\"skipped\":%" PRIu64 "}\n", !record->known || record->bytes > record->length ? "true" : "false",
	    record->skipped);
	client_tell(client, text, line.length);
}

/* So many at a time, and that not too often: to write them down takes longer than it does to let them pass. */
static void
show_records(struct client *client, uint64_t now_ns)
{
	struct tap_record record;

	if (now_ns < client->shown_ns || client_pending(client) > SHOWN_PENDING_MOST)
		return;
	client->shown_ns = 0;
	for (int i = 0; i < SHOWN_AT_ONCE; i++) {
		if (!tap_take(client->tap, &record))
			return;
		tell_record(client, &record);
	}
	client->shown_ns = now_ns + SHOWN_EVERY_NS;
}

static void
tap(struct steered *steered, struct client *client, const struct order *order)
{
	if (steered->options->framing.kind == FRAMING_BYTES) {
		tell_error(client, "tap: not with --bytes, which has no records");
		return;
	}
	client->tap = tap_new(order->one_in);
	if (client->tap == NULL) {
		tell_error(client, "tap: no memory");
		return;
	}
	client_deafen(client);
	client->tap_out = order->out;
	pump_tap(steered->pump, client->tap, order->out);
}

void
follow_client(struct steered *steered, struct client *client, uint64_t now_ns)
{
	if (now_ns >= client->due_ns)
		show_report(steered, client, now_ns);
	if (client->tap != NULL)
		show_records(client, now_ns);
}

uint64_t
follow_due_ns(const struct client *client)
{
	return client->shown_ns != 0 && client->shown_ns < client->due_ns ? client->shown_ns : client->due_ns;
}

void
follow_leave(struct steered *steered, const struct client *client)
{
	if (client->tap != NULL)
		pump_untap(steered->pump, client->tap, client->tap_out);
}

void
follow_line(struct steered *steered, struct client *client, char *text, size_t length, uint64_t now_ns)
{
	char error[WORDS_ERROR_MOST];
	struct snapshot snapshot;
	struct order order;

	client->heard_ns = now_ns;
	if (!words_read(&order, text, length, error)) {
		tell_error(client, error);
		return;
	}
	switch (order.kind) {
	case ORDER_REPORT:
		lookout_look(steered->lookout, &snapshot, now_ns);
		tell_report(client, &snapshot);
		break;
	case ORDER_SET:
		set(steered, client, &order, now_ns);
		break;
	case ORDER_PAUSE:
	case ORDER_RESUME:
		halt(steered, client, order.kind == ORDER_PAUSE, now_ns);
		break;
	case ORDER_DRAIN:
		drain(steered, client);
		break;
	case ORDER_PURGE:
		purge(steered, client, now_ns);
		break;
	case ORDER_WATCH:
		watch(steered, client, order.every_ns, now_ns);
		break;
	case ORDER_TAP:
		tap(steered, client, &order);
		break;
	}
}

void
follow_nothing(struct client *client, bool too_long)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "a line of more than %d bytes", WORDS_LINE_MOST);
	tell_error(client, too_long ? text : "a line without a newline at its end, which is not followed");
}
