/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"
#include "hand/cause.h"
#include "hand/feed.h"
#include "hand/refusal.h"
#include "os/diag.h"
#include "os/loop.h"
#include "os/signals.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_NS (10 * NS_PER_MS) /* where the warden has not come to what it was asked before */

#define COMMAND 0 /* of those that the warden has */

static void
later(uint64_t *deadline_ns, uint64_t by_ns)
{
	if (by_ns < *deadline_ns)
		*deadline_ns = by_ns;
}

static bool
is_answered(const struct reader_options *rules)
{
	return rules->confirm == CONFIRM_LINE || rules->confirm == CONFIRM_NUMBER || rules->confirm == CONFIRM_UPTO;
}

static bool
has_command(const struct feed *feed)
{
	return feed->rules->command != NULL;
}

bool
feed_runs(const struct feed *feed)
{
	return has_command(feed) && (feed->state == FEED_STARTING || feed->state == FEED_UP || feed->state == FEED_DEAF);
}

void
feed_init(struct feed *feed, const struct options *options, struct warden *warden, struct breaker *breaker, int input,
    int answers_from)
{
	*feed = (struct feed){
		.options = options,
		.rules = &options->reader,
		.warden = warden,
		.breaker = breaker,
		.state = options->reader.command != NULL ? FEED_DOWN : FEED_UP,
		.next_input = input,
		.answers_from = answers_from,
		.tell_ns = UINT64_MAX,
		.refused_ns = UINT64_MAX,
		.look_ns = UINT64_MAX,
		.listening = true,
		.status = -1,
	};
	feed->answered = is_answered(feed->rules);
	if (feed->answered)
		answers_init(&feed->answers, feed_answers_by(feed->rules->confirm), feed->rules->answer);
}

/* --- ends ---------------------------------------------------------------------------------------- */

static const char *
cause_of(const struct feed *feed, struct cause *cause, int status)
{
	if (feed->failed == READER_SILENT)
		return cause_late;
	return feed->failed == READER_STALLED ? cause_stalled : cause_status(cause, status);
}

/* Once more than --retry allows it has failed at the oldest record that it was given: that is rejected. */
static void
give_up_oldest(struct feed *feed, int status, uint64_t now_ns)
{
	const uint64_t oldest = pump_first_given(feed->pump);
	struct cause cause;

	feed->deaths = oldest != 0 && oldest == feed->died_at ? feed->deaths + 1 : 1;
	feed->died_at = oldest;
	if (oldest == 0 || feed->rules->retries == UINT64_MAX || feed->deaths <= feed->rules->retries)
		return;
	pump_blame(feed->pump, cause_of(feed, &cause, status));
	(void)pump_reject_oldest(feed->pump, now_ns);
	feed->died_at = 0;
	feed->excused = true;
}

static void
describe(char *text, size_t size, int status)
{
	if (WIFSIGNALED(status))
		(void)snprintf(text, size, "was ended by signal %d", WTERMSIG(status));
	else
		(void)snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

static bool
is_all_handed(const struct feed *feed)
{
	return !pump_is_reading(feed->pump) && pump_due_bytes(feed->pump) == 0;
}

static bool
is_to_follow(const struct feed *feed)
{
	return feed->rules->restart && !feed->dismissed && !is_all_handed(feed);
}

/* Of its own, and not since who reads what it writes has gone; and not all is confirmed, or has come. */
static bool
is_early_failure(const struct feed *feed, int status)
{
	const bool pipe = (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGPIPE); /* as a shell has it */

	return status != 0 && !pipe && !feed->dismissed && feed->failed == READER_GOES_ON && !is_all_handed(feed);
}

static void
lose_reader(struct feed *feed)
{
	feed->tell_ns = UINT64_MAX;
	feed->told = false;
	feed->refused_ns = UINT64_MAX;
	if (pump_has_reader(feed->pump))
		pump_change_reader(feed->pump, NULL);
}

/* It runs no more: is it to be started again? */
static void
ended(struct feed *feed, int status, uint64_t now_ns)
{
	char how[64];

	feed_look(feed, now_ns);
	feed_hear_rest(feed, now_ns);
	if (status == 0)
		feed_hear_last(feed, now_ns);
	feed->status = status;
	feed->excused = false;
	lose_reader(feed);
	if (feed->rules->outlive && !is_all_handed(feed)) {
		feed->state = FEED_OVER;
		pump_discard(feed->pump);
		return;
	}
	describe(how, sizeof(how), status);
	if (!is_to_follow(feed)) {
		feed->state = FEED_OVER;
		if (is_early_failure(feed, status))
			diag_note("%s %s before all was out", diag_visible(feed->rules->command[0]), how);
		if (feed->end != READER_BROKEN)
			feed->end = is_all_handed(feed) ? READER_DONE : feed->failed == READER_STALLED ? READER_STALLED : READER_ENDED;
		return;
	}
	if (now_ns - feed->started_ns >= BREAKER_LIFE_NS)
		breaker_succeeded(feed->breaker, now_ns);
	give_up_oldest(feed, status, now_ns);
	feed->failures++;
	breaker_failed(feed->breaker, now_ns, true);
	if (breaker_failures(feed->breaker) == 1)
		diag_note("%s %s: try %llu follows", diag_visible(feed->rules->command[0]), how, (unsigned long long)feed->starts + 1);
	feed->state = FEED_DOWN;
}

/* The system has no process for it: nobody has died of a record.  Descriptors are the warden's own, and nothing else has
 * any of them: there will be no more. */
static void
was_short(struct feed *feed, int error, uint64_t now_ns)
{
	const char *name = diag_visible(feed->rules->command[0]);

	if (!is_to_follow(feed)) {
		diag_errno(error, "%s", name);
		feed->failed = READER_BROKEN;
		ended(feed, 0x7f00, now_ns);
		return;
	}
	lose_reader(feed);
	breaker_failed(feed->breaker, now_ns, true);
	feed->state = FEED_DOWN;
	if (error == EMFILE) {
		diag_errno(error, "%s", name);
		feed->state = FEED_OVER;
		feed->end = READER_BROKEN;
	} else if (breaker_failures(feed->breaker) == 1) {
		diag_note("%s: %s: tried again", name, strerror(error));
	}
}

static void
cannot_run(struct feed *feed, int error)
{
	feed->exec_error = error;
	feed->state = FEED_OVER;
	feed->end = READER_CANNOT_RUN;
	refusal_tell(feed->rules->command[0], error);
}

void
feed_told(struct feed *feed, enum warden_event event, const struct warden_told *told, uint64_t now_ns)
{
	if (told->id != feed->id && event != WARDEN_GONE)
		return;
	switch (event) {
	case WARDEN_NONE:
		break;
	case WARDEN_STARTED:
		if (feed->state == FEED_STARTING)
			feed->state = FEED_UP;
		break;
	case WARDEN_FAILED:
		cannot_run(feed, told->value);
		break;
	case WARDEN_SHORT:
		was_short(feed, told->value, now_ns);
		break;
	case WARDEN_STOPPED:
		refusal_tell_stopped(feed->rules->command[0], told->value);
		break;
	case WARDEN_ENDED:
		ended(feed, told->value, now_ns);
		break;
	case WARDEN_GONE:
		if (feed_runs(feed) || feed->state == FEED_DOWN) {
			if (feed->end != READER_BROKEN)
				refusal_tell_lost(feed->rules->command[0], EPIPE);
			feed->end = READER_BROKEN;
			feed->state = FEED_OVER;
		}
		break;
	}
}

/* To end, and is waited for. */
static bool
is_told(const struct feed *feed)
{
	return feed->told || feed->tell_ns != UINT64_MAX;
}

/* As soon as the warden takes it; nothing more can be done. */
static void
tell_late(struct feed *feed, uint64_t now_ns)
{
	if (now_ns < feed->tell_ns)
		return;
	feed->told = warden_terminate(feed->warden, feed->id) || errno != EAGAIN;
	feed->tell_ns = feed->told ? UINT64_MAX : now_ns + AGAIN_NS;
}

static void
tell_to_end(struct feed *feed, uint64_t now_ns)
{
	if (feed_runs(feed) && !is_told(feed))
		feed->tell_ns = now_ns;
	tell_late(feed, now_ns);
}

void
feed_tell_to_end(struct feed *feed, uint64_t now_ns)
{
	feed->dismissed = true;
	tell_to_end(feed, now_ns);
}

/* --- the step ------------------------------------------------------------------------------------ */

/* Its input is closed: nothing more is fed. */
static void
stop_feeding(struct feed *feed)
{
	if (pump_has_reader(feed->pump))
		pump_change_reader(feed->pump, NULL);
	if (feed->state == FEED_UP || feed->state == FEED_STARTING)
		feed->state = FEED_DEAF;
}

/* All that is to be handed over has been, and no more comes: its input ends, under `read` once it has read all. */
static bool
is_fed(const struct feed *feed)
{
	const struct tally flight = pump_in_flight(feed->pump);

	if (!pump_done(feed->pump) || pump_due_bytes(feed->pump) > flight.bytes)
		return false;
	return feed->rules->confirm != CONFIRM_READ || flight.bytes == 0;
}

/* It takes nothing now, of what is due: the pipe or the window is full, or it has closed its input. */
static bool
is_refusing(const struct feed *feed)
{
	if (feed->state == FEED_DEAF)
		return pump_due_bytes(feed->pump) > (feed->answered ? feed->seen.bytes : 0);
	return pump_has_reader(feed->pump) && pump_is_refused(feed->pump);
}

static void
watch_time(struct feed *feed, uint64_t now_ns)
{
	const struct ledger *ledger = pump_ledger(feed->pump);
	const uint64_t taken = ledger->out.bytes + ledger->sent.bytes + ledger->redelivered.bytes;
	const struct tally flight = pump_in_flight(feed->pump);
	const bool timed = feed->rules->timeout_ns != 0 || feed->rules->stall_ns != 0;
	const bool continued = timed && signals_take_continue(); /* the time for which weir was stopped counts for nothing */

	if (continued || (feed->seen.bytes == 0 && flight.bytes > 0))
		feed->progress_ns = now_ns;
	feed->seen = flight;
	if (!is_refusing(feed))
		feed->refused_ns = UINT64_MAX;
	else if (feed->refused_ns == UINT64_MAX || taken != feed->taken || continued)
		feed->refused_ns = now_ns;
	feed->taken = taken;
}

static uint64_t
silent_until_ns(const struct feed *feed)
{
	if (feed->rules->timeout_ns == 0 || feed->seen.bytes == 0 || feed->state == FEED_DOWN ||
	    feed->state == FEED_OVER || is_told(feed))
		return UINT64_MAX;
	return feed->progress_ns + feed->rules->timeout_ns;
}

static uint64_t
stalled_until_ns(const struct feed *feed)
{
	if (feed->rules->stall_ns == 0 || feed->refused_ns == UINT64_MAX || is_told(feed))
		return UINT64_MAX;
	return feed->refused_ns + feed->rules->stall_ns;
}

/* An answer wakes nobody while it need not: heard for each record, weir and the reader would take turns. */
static void
listen_again(struct feed *feed, uint64_t now_ns)
{
	feed->listening |= feed->state != FEED_UP || !pump_is_reading(feed->pump) || pump_flight_presses(feed->pump) ||
	    pump_is_discarding(feed->pump);
	if (!feed->answered || (now_ns < silent_until_ns(feed) && (feed->listening || now_ns < feed->hear_ns)))
		return;
	feed->listening = true;
	if (loop_ready(feed->answers_from, false)) /* where nobody has opened it to write a read would find an end */
		feed_hear(feed, now_ns);
}

/* It has failed though it runs: it is ended, or if it is not ours the run is. */
static void
fail(struct feed *feed, enum reader_end why, const char *what, uint64_t now_ns)
{
	if (has_command(feed)) {
		diag_note("%s %s: it is ended", diag_visible(feed->rules->command[0]), what);
		feed->failed = why;
		tell_to_end(feed, now_ns);
	} else {
		diag_error("standard output: the reader %s", what);
		feed->end = why;
	}
}

/* Where it would be started again, but for nothing: all is settled, and the input has ended meanwhile. */
static void
look_for_end(struct feed *feed)
{
	if (feed->state != FEED_DOWN || feed->starts == 0 || feed->end != READER_GOES_ON || !is_all_handed(feed))
		return;
	feed->state = FEED_OVER;
	feed->end = READER_DONE;
}

static void
look_at_clock(struct feed *feed, uint64_t now_ns)
{
	look_for_end(feed);
	if (feed->state == FEED_DOWN && now_ns >= breaker_due_ns(feed->breaker) && feed->end == READER_GOES_ON)
		feed_start_again(feed, now_ns);
	if (now_ns >= silent_until_ns(feed))
		fail(feed, READER_SILENT, "has confirmed nothing for --timeout", now_ns);
	if (now_ns >= stalled_until_ns(feed))
		fail(feed, READER_STALLED, "has taken nothing for --stall", now_ns);
	tell_late(feed, now_ns);
}

/* Nobody reads standard output, or answers, any more. */
static void
look_at_others(struct feed *feed)
{
	if (feed->answers_over && !has_command(feed) && feed->answered && !is_all_handed(feed) &&
	    feed->end == READER_GOES_ON) {
		diag_error("%s: no more answers come", diag_visible(feed->rules->answers_path));
		feed->end = READER_SILENT;
	}
	if (!has_command(feed) && feed->end == READER_GOES_ON && is_all_handed(feed) && is_fed(feed))
		feed->end = READER_DONE;
}

void
feed_heed_pipe(struct feed *feed, uint64_t now_ns)
{
	feed_look(feed, now_ns); /* it may have read before it went */
	if (pump_output(feed->pump) != OUTLET_GONE)
		return;
	if (has_command(feed))
		stop_feeding(feed);
	else if (feed->rules->outlive)
		pump_discard(feed->pump);
}

void
feed_step(struct feed *feed, uint64_t now_ns)
{
	listen_again(feed, now_ns);
	feed_heed_pipe(feed, now_ns);
	if (pump_is_discarding(feed->pump)) {
		if (feed->end == READER_GOES_ON && !pump_is_reading(feed->pump) &&
		    pump_due_bytes(feed->pump) == pump_in_flight(feed->pump).bytes)
			feed->end = READER_DONE;
		return;
	}
	watch_time(feed, now_ns);
	if (feed_runs(feed) && is_fed(feed))
		stop_feeding(feed);
	if (!has_command(feed) && feed->answered && is_fed(feed) && pump_has_reader(feed->pump))
		pump_change_reader(feed->pump, NULL); /* a reader that answers at the end gets one */
	look_at_clock(feed, now_ns);
	look_at_others(feed);
}

uint64_t
feed_deadline_ns(const struct feed *feed)
{
	uint64_t deadline_ns = feed->tell_ns;

	if (feed->dismissed || pump_is_discarding(feed->pump))
		return deadline_ns; /* it is waited for, or nobody is there: nothing else is to come in time */
	later(&deadline_ns, feed->look_ns);
	if (feed->answered && !feed->listening && !feed->answers_over)
		later(&deadline_ns, feed->hear_ns);
	later(&deadline_ns, silent_until_ns(feed));
	later(&deadline_ns, stalled_until_ns(feed));
	if (feed->state == FEED_DOWN)
		later(&deadline_ns, breaker_due_ns(feed->breaker));
	return deadline_ns;
}

void
feed_free(struct feed *feed)
{
	if (feed->answers_from >= 0)
		(void)close(feed->answers_from);
	if (feed->next_input >= 0)
		(void)close(feed->next_input);
}
