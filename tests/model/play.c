/* SPDX-License-Identifier: BSD-2-Clause */
/* See play.h. */
#include "config.h"

#include "flow/replan.h"
#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLACK 700 /* more than is ever read at once in a pass that has room for it */

struct play play;

static struct warden *
no_warden(void)
{
	return NULL; /* the scene needs none */
}

/* How much a read brings beyond the buffer, where it may: little, so that the chain is short. */
static bool
shorten_slack(void)
{
	struct queue *queue = &play.pump.queue;
	struct queue_limits limits = queue->limits;
	const unsigned marks = queue->marks;
	struct watch *watch = queue->watch;

	if (limits.slack == 0)
		return true;
	limits.slack = SLACK;
	queue_free(queue);
	if (queue_init(queue, &play.pump.plan.framing, &limits) < 0)
		return false;
	queue->marks = marks;
	queue->watch = watch;
	return true;
}

bool
play_begin(uint64_t seed)
{
	const struct reader_options *rules = &play.options.reader;
	struct io_port input, output;
	struct chance chance;

	io_open_input(&input, ++scene.next_fd);
	io_open_output(&output, ++scene.next_fd);
	play.passes = 0;
	play.jobs = NULL;
	if (pump_init(&play.pump, &play.options, &input, &output, play.now) < 0 || !shorten_slack())
		return false;
	play.sojourn = play.timeless ? NULL : sojourn_new();
	pump_observe(&play.pump, play.sojourn, NULL, NULL, NULL);
	chance_init(&chance, true, seed);
	breaker_init(&play.breaker, rules->backoff_least_ns, rules->backoff_most_ns, chance);
	handing_begin(&play.options, &play.pump, &play.breaker, play.now);
	if (rules->batching) {
		play.jobs = jobs_new(&play.options, no_warden(), &play.breaker);
		jobs_begin(play.jobs, &play.pump);
		handing.making = play.jobs->making;
		return true;
	}
	scene.next_fd++;
	feed_init(&play.feed, &play.options, no_warden(), &play.breaker, rules->command != NULL ? scene.next_fd : -1,
	    rules->command != NULL ? -1 : scene.next_fd);
	feed_begin(&play.feed, &play.pump, play.now);
	return true;
}

void
play_end(void)
{
	if (play.jobs != NULL)
		jobs_free(play.jobs);
	pump_free(&play.pump);
	sojourn_free(play.sojourn);
}

bool
play_pass(void)
{
	if (scene.available > 0 || scene.ended)
		play.pump.input_waits = false;
	play.passes++;
	handing_begin_pass(play.now);
	pump_pass(&play.pump, play.now);
	return handing_agrees();
}

bool
play_step(void)
{
	if (play.jobs != NULL) {
		handing_begin_step(play.now);
		jobs_step(play.jobs, play.now);
		return handing_agrees_batched(play.jobs, play.now);
	}
	feed_step(&play.feed, play.now);
	if (play.options.reader.confirm == CONFIRM_READ)
		handing_unread(scene.unread);
	return handing_agrees_fed(&play.feed, play.now);
}

/* As steer/set.c and hand/reader.c do. */
bool
play_replan(const struct options *next)
{
	const struct reader_options *rules = &play.options.reader;
	struct queue_limits limits;

	if (pump_refuses(&play.pump, next) != NULL)
		return false;
	handing_replan(next, play.now);
	if (pump_replan(&play.pump, next, play.now) < 0)
		abort();
	play.options = *next;
	breaker_retune(&play.breaker, rules->backoff_least_ns, rules->backoff_most_ns, play.now);
	limits = play.pump.queue.limits;
	if (limits.slack == 0)
		return true;
	limits.slack = SLACK;
	if (queue_limit(&play.pump.queue, &limits) < 0)
		abort();
	return true;
}

/* --- the reader says ------------------------------------------------------------------------------- */

static void
hear(const char *text, size_t length)
{
	memcpy(scene.answers, text, length);
	scene.answers_length = length;
	feed_hear(&play.feed, play.now);
}

static void
tell_model(enum saying saying, uint64_t serial)
{
	switch (saying) {
	case SAYS_NOTHING:
		break;
	case SAYS_OLDEST:
	case REJECTS_OLDEST:
		handing_oldest(saying == REJECTS_OLDEST);
		break;
	case SAYS_NUMBER:
	case REJECTS_NUMBER:
		handing_number(serial, saying == REJECTS_NUMBER);
		break;
	case SAYS_UP_TO:
		handing_up_to(serial);
		break;
	}
}

bool
play_say(enum saying saying, uint64_t serial, const char *beside, bool cut)
{
	char text[200];
	size_t length = 0, half;

	if (saying == REJECTS_OLDEST || saying == REJECTS_NUMBER)
		length = (size_t)snprintf(text, sizeof(text), saying == REJECTS_NUMBER ? "reject " : "reject");
	if (saying == SAYS_NUMBER || saying == SAYS_UP_TO || saying == REJECTS_NUMBER)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%" PRIu64, serial);
	length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n", beside);
	half = cut ? length / 2 : 0;
	if (half > 0)
		hear(text, half);
	hear(text + half, length - half);
	tell_model(saying, serial);
	handing_same_books();
	return handing_complaint() == NULL;
}

bool
play_look(uint64_t bytes)
{
	scene.unread -= bytes < scene.unread ? bytes : scene.unread;
	feed_look(&play.feed, play.now);
	handing_unread(scene.unread);
	handing_same_books();
	return handing_complaint() == NULL;
}

void
play_grant(uint64_t credits)
{
	pump_grant(&play.pump, credits);
	handing_grant(credits);
}

/* --- the warden tells ------------------------------------------------------------------------------ */

void
play_feed_up(void)
{
	feed_told(&play.feed, WARDEN_STARTED, &(struct warden_told){ play.feed.id, 1 }, play.now);
}

void
play_die(int status)
{
	feed_told(&play.feed, WARDEN_ENDED, &(struct warden_told){ play.feed.id, status }, play.now);
	if (play.options.reader.confirm == CONFIRM_READ)
		handing_unread(scene.unread);
	handing_died(play.now);
	scene.gone = true;
}

void
play_started(uint64_t id)
{
	jobs_told(play.jobs, WARDEN_STARTED, &(struct warden_told){ id, 1 }, play.now);
	handing_is_started(id);
}

void
play_ended(uint64_t id, int status)
{
	jobs_told(play.jobs, WARDEN_ENDED, &(struct warden_told){ id, status }, play.now);
	handing_ended(id, status, play.now);
}

void
play_short(uint64_t id)
{
	jobs_told(play.jobs, WARDEN_SHORT, &(struct warden_told){ id, 1 }, play.now);
	handing_short(id, play.now + play.options.reader.backoff_least_ns);
}

void
play_hurry(void)
{
	if (play.jobs == NULL)
		return;
	pump_hurry_batches(&play.pump);
	handing_hurry();
}

uint64_t
play_deadline_ns(void)
{
	const uint64_t pump = pump_deadline_ns(&play.pump);
	const uint64_t hand = play.jobs != NULL ? jobs_deadline_ns(play.jobs) : feed_deadline_ns(&play.feed);

	return pump < hand ? pump : hand;
}

bool
play_is_over(void)
{
	return pump_done(&play.pump) && (play.jobs != NULL ? jobs_state(play.jobs) : play.feed.end) != READER_GOES_ON;
}
