/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the reader of a feed has confirmed: told by its pipe, or by its answers.
 */
#include "config.h"

#include "flow/handed.h"
#include "hand/cause.h"
#include "hand/feed.h"
#include "os/diag.h"
#include "os/pipes.h"

#include <errno.h>
#include <unistd.h>

/* What fails without need is tried again, and not for ever. */
#define TRIES 100

/* How often the pipe is asked how much of it has been read, where poll cannot tell. */
#define LOOK_LEAST_NS NS_PER_MS
#define LOOK_MOST_NS (100 * NS_PER_MS)

/* How much of what is said without end is heard at once: so many reads of so many bytes. */
#define READS 8
#define AT_ONCE 16384

/* What is there, and a read has not got, is asked for again so often. */
#define AGAIN_MOST 2000

/* How often answers are heard that nobody waits for. */
#define HEAR_NS NS_PER_MS

void
feed_size_pipe(const struct reader_options *rules, struct io_port *port)
{
	const uint64_t bytes = rules->window_records == 1 ? 1 : rules->window_bytes;

	if (rules->confirm == CONFIRM_READ && bytes != UINT64_MAX)
		pipes_resize(port, (size_t)bytes);
}

/* Nobody tells what of the pipe has been read; in the long run nothing would ever be confirmed. */
static void
tell_nothing(struct feed *feed)
{
	feed->look_wait_ns = LOOK_LEAST_NS;
	if (++feed->untold < TRIES || feed->end != READER_GOES_ON)
		return;
	diag_error("--confirm=read: the system does not tell what of the pipe has been read");
	feed->end = READER_BROKEN;
}

/* What of the pipe has been read, and so is confirmed. */
static void
look_at_pipe(struct feed *feed, uint64_t now_ns)
{
	uint64_t unread, wire = pump_wire(feed->pump);

	if (pump_in_flight(feed->pump).bytes == 0 || !pump_has_reader(feed->pump))
		return;
	if (!pump_output_unread(feed->pump, &unread)) {
		tell_nothing(feed);
		return;
	}
	feed->untold = 0;
	if (unread > wire)
		return;
	if (pump_confirm_wire(feed->pump, wire - unread)) {
		feed->progress_ns = now_ns;
		feed->look_wait_ns = LOOK_LEAST_NS;
	}
}

void
feed_look(struct feed *feed, uint64_t now_ns)
{
	if (feed->rules->confirm != CONFIRM_READ)
		return;
	look_at_pipe(feed, now_ns);
	if (pump_in_flight(feed->pump).bytes == 0 || !pump_has_reader(feed->pump)) {
		feed->look_ns = UINT64_MAX;
		feed->look_wait_ns = LOOK_LEAST_NS;
	} else if (feed->look_ns == UINT64_MAX || now_ns >= feed->look_ns) {
		if (feed->look_wait_ns < LOOK_LEAST_NS)
			feed->look_wait_ns = LOOK_LEAST_NS; /* something was in flight before the first look */
		feed->look_ns = now_ns + feed->look_wait_ns;
		feed->look_wait_ns = 2 * feed->look_wait_ns < LOOK_MOST_NS ? 2 * feed->look_wait_ns : LOOK_MOST_NS;
	}
}

/* For who reads what was rejected; if anybody does. */
static void
blame(struct feed *feed, const struct answer *answer)
{
	struct cause cause;

	if (feed->options->dropped_reason)
		pump_blame(feed->pump, cause_answer(&cause, answer));
}

static void
heed(struct feed *feed, const struct answer *answer, uint64_t now_ns)
{
	struct pump *pump = feed->pump;
	bool known = true;

	switch (answer->kind) {
	case ANSWER_OTHER:
		break;
	case ANSWER_OLDEST:
		known = pump_confirm_oldest(pump);
		break;
	case ANSWER_NUMBER:
		known = pump_confirm(pump, answer->number);
		break;
	case ANSWER_UP_TO:
		known = pump_confirm_upto(pump, answer->number);
		break;
	case ANSWER_REJECT_OLDEST:
		blame(feed, answer);
		known = pump_reject_oldest(pump, now_ns);
		break;
	case ANSWER_REJECT_NUMBER:
		blame(feed, answer);
		known = pump_reject(pump, answer->number, now_ns);
		break;
	}
	feed->ignored += !known;
}

static void
heed_all(struct feed *feed, uint64_t now_ns)
{
	struct answer answer;

	while (answers_next(&feed->answers, &answer))
		heed(feed, &answer, now_ns);
}

bool
feed_is_listening(const struct feed *feed)
{
	return feed->answered && feed->listening && !feed->answers_over;
}

static bool
may_say_more(const struct feed *feed)
{
	return feed->answers_from >= 0 && !feed->answers_over;
}

/* Reads once.  How much it was; 0 where no more will come; -1 with errno: where it is to be tried again. */
static ssize_t
hear(struct feed *feed, uint64_t now_ns)
{
	char text[AT_ONCE];
	const ssize_t length = read(feed->answers_from, text, sizeof(text));

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return -1;
	if (length < 0) {
		diag_errno(errno, "answers"); /* what it says is never heard again, though it lives */
		feed->end = READER_BROKEN;
	}
	if (length <= 0) {
		feed->answers_over = true; /* a line that was cut says nothing: 12 may have been to be 123 */
		return 0;
	}
	feed->progress_ns = now_ns; /* it lives */
	feed->listening = false;
	feed->hear_ns = now_ns + HEAR_NS;
	answers_feed(&feed->answers, text, (size_t)length);
	heed_all(feed, now_ns);
	return length;
}

void
feed_hear(struct feed *feed, uint64_t now_ns)
{
	ssize_t length;

	for (int reads = 0; may_say_more(feed) && reads < READS; reads++) {
		length = hear(feed, now_ns);
		if (length < AT_ONCE && (length >= 0 || errno != EINTR))
			return;
	}
	feed->hear_ns = now_ns; /* there may be more, and the data goes on meanwhile */
}

void
feed_hear_rest(struct feed *feed, uint64_t now_ns)
{
	uint64_t left = 1;
	ssize_t length;
	int again = 0;

	if (!may_say_more(feed))
		return;
	(void)pipes_readable(feed->answers_from, &left);
	do {
		length = hear(feed, now_ns);
		if (length > 0)
			left -= (uint64_t)length < left ? (uint64_t)length : left;
	} while (may_say_more(feed) && left > 0 && (length > 0 || ++again < AGAIN_MOST));
}

void
feed_hear_last(struct feed *feed, uint64_t now_ns)
{
	if (!feed->answered || feed->rules->answers_path != NULL)
		return;
	answers_feed(&feed->answers, "", 0);
	answers_end(&feed->answers);
	heed_all(feed, now_ns);
}
