/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The COMMAND of a feed is started: with a pipe to read from, one to answer by, and what it is told by its environment.
 */
#include "config.h"

#include "flow/handed.h"
#include "hand/feed.h"
#include "hand/refusal.h"
#include "hand/words.h"
#include "os/diag.h"
#include "os/pipes.h"
#include "os/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define COMMAND 0 /* of those that the warden has */

enum answers_by
feed_answers_by(enum confirm confirm)
{
	return confirm == CONFIRM_LINE ? ANSWERS_BY_LINE : confirm == CONFIRM_NUMBER ? ANSWERS_BY_NUMBER : ANSWERS_UP_TO;
}

static void
ask_for(struct feed *feed, int output, uint64_t now_ns)
{
	struct words words;
	struct warden_job job = {
		.id = ++feed->id,
		.command = COMMAND,
		.streams = { feed->next_input, output, WARDEN_OWN },
		.environment = words.list,
		.leaderless = true,
	};

	words_init(&words, feed->options->name);
	words_count(&words, "WEIR_TRY", feed->starts + 1);
	words_count(&words, "WEIR_FIRST", pump_next_serial(feed->pump));
	words_spool(&words, feed->pump);
	feed->started_ns = now_ns;
	feed->failed = READER_GOES_ON;
	feed->starts++;
	feed->state = FEED_STARTING;
	if (!warden_start(feed->warden, &job)) {
		refusal_tell_lost(feed->rules->command[0], errno);
		feed->end = READER_BROKEN;
	}
}

static bool
answers_itself(const struct feed *feed)
{
	return feed->answered && feed->rules->answers_path == NULL && feed->rules->command != NULL;
}

/* Its answers come from a pipe of its own; those of the last one that were not read yet are lost with it. */
static int
open_answers(struct feed *feed)
{
	int ends[2];

	if (feed->answers_from >= 0)
		(void)close(feed->answers_from);
	feed->answers_from = -1;
	if (pipes_make(ends) < 0)
		return -1;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	feed->answers_from = ends[0];
	feed->answers_over = false;
	answers_init(&feed->answers, feed_answers_by(feed->rules->confirm), feed->rules->answer);
	return ends[1];
}

static void
no_pipe(struct feed *feed)
{
	diag_errno(errno, "a pipe for %s", diag_visible(feed->rules->command[0]));
	feed->end = READER_BROKEN;
}

static void
start(struct feed *feed, uint64_t now_ns)
{
	int output = WARDEN_OWN;

	if (answers_itself(feed) && (output = open_answers(feed)) < 0) {
		no_pipe(feed);
		return;
	}
	ask_for(feed, output, now_ns);
	if (output >= 0)
		(void)close(output);
	(void)close(feed->next_input);
	feed->next_input = -1;
	feed->progress_ns = now_ns;
}

/* Where it is not the first: with a pipe of its own, and what is in flight once more. */
void
feed_start_again(struct feed *feed, uint64_t now_ns)
{
	struct io_port port;
	int ends[2];

	if (pipes_make(ends) < 0) {
		no_pipe(feed);
		return;
	}
	feed->next_input = ends[0];
	io_open_output(&port, ends[1]);
	feed_size_pipe(feed->rules, &port);
	pump_change_reader(feed->pump, &port);
	pump_revoke(feed->pump);
	start(feed, now_ns);
}

void
feed_begin(struct feed *feed, struct pump *pump, uint64_t now_ns)
{
	feed->pump = pump;
	feed->progress_ns = now_ns;
	if (feed->rules->timeout_ns != 0 || feed->rules->stall_ns != 0)
		signals_watch_continue();
	if (feed->rules->command != NULL)
		start(feed, now_ns);
}
