/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"
#include "hand/credits.h"
#include "hand/feed.h"
#include "hand/hooks.h"
#include "hand/jobs.h"
#include "hand/reader.h"
#include "hand/words.h"
#include "os/command.h"
#include "os/diag.h"
#include "os/pipes.h"
#include "os/signals.h"
#include "os/target.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is watched besides what the pump does. */
enum { WARDEN, ANSWERS, CREDITS, OUTPUT };

/* What may be started, in the warden's order. */
enum { COMMAND, ON_LOW, ON_HIGH, COMMANDS };

/* COMMAND has so long at the end from being told to being gone. */
#define END_NS (3 * NS_PER_S)

/* Jobs of the hooks have numbers of their own, from here on. */
#define HOOKS_FROM (UINT64_C(1) << 62)

struct reader {
	const struct options *options;
	const struct reader_options *rules;
	struct pump *pump;
	struct warden *warden;   /* NULL: there is nothing to start */
	char *hook[2];           /* strdup'd */
	struct breaker breaker;
	struct feed feed;        /* where there are no batches */
	struct jobs *jobs;       /* NULL: there are none */
	struct credits credits;
	struct hooks hooks;
	bool warden_speaks;      /* poll says so, and it has not been heard since */
	bool over;               /* it has been ended (reader_end) */
	enum reader_end end;     /* GOES_ON, or what ends the run for another reason than theirs */
};

/* --- opening ------------------------------------------------------------------------------------- */

static bool
open_warden(struct reader *reader)
{
	static char shell[] = "sh", c[] = "-c";
	const struct reader_options *rules = reader->rules;
	char *const nothing[] = { NULL };
	char *low[] = { shell, c, NULL, NULL }, *high[] = { shell, c, NULL, NULL };
	char *const *const commands[COMMANDS] = { rules->command != NULL ? rules->command : nothing, low, high };

	if (rules->command == NULL && rules->on_high == NULL && rules->on_low == NULL)
		return true;
	words_forget();
	low[2] = reader->hook[0] = strdup(rules->on_low != NULL ? rules->on_low : "");
	high[2] = reader->hook[1] = strdup(rules->on_high != NULL ? rules->on_high : "");
	if (low[2] != NULL && high[2] != NULL)
		reader->warden = warden_open(commands, COMMANDS, rules->foreground);
	if (reader->warden == NULL)
		diag_errno(errno, "weir-warden");
	return reader->warden != NULL;
}

/* COMMAND's first pipe: the pump's end is the output. */
static bool
open_pipe(struct reader *reader, struct io_port *output, int *input)
{
	int ends[2];

	*input = -1;
	if (reader->rules->command == NULL || reader->rules->batching) {
		feed_size_pipe(reader->rules, output);
		return true;
	}
	if (pipes_make(ends) < 0) {
		diag_errno(errno, "a pipe for %s", diag_visible(reader->rules->command[0]));
		return false;
	}
	io_open_output(output, ends[1]);
	feed_size_pipe(reader->rules, output);
	*input = ends[0];
	return true;
}

/* Of which nobody has to be there yet.  kept: a FIFO does not end with its writer, for another one follows.  -1 for
 * none; false when the reason has been told. */
static bool
open_source(const char *option, const char *path, bool kept, int *fd)
{
	struct stat file;
	bool known, lists;

	*fd = -1;
	if (path == NULL)
		return true;
	known = stat(path, &file) == 0;
	if (known && S_ISFIFO(file.st_mode) && target_is_open_as(&file, STDIN_FILENO)) {
		diag_error("--%s=%s: standard input, which is the data; accepted: another FIFO or file", option, diag_visible(path));
		return false;
	}
	lists = known && S_ISDIR(file.st_mode);
	kept = kept && known && S_ISFIFO(file.st_mode);
	errno = EISDIR;
	if (!lists)
		*fd = open(path, (kept ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0 && kept)
		*fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		diag_errno(errno, "--%s=%s", option, diag_visible(path));
	return *fd >= 0;
}

static bool
open_all(struct reader *reader, struct io_port *output)
{
	const struct options *options = reader->options;
	int input, answers, credits;
	struct chance chance; /* of waits: no seed repeats them */

	if (!open_warden(reader) ||
	    !open_source("answers", reader->rules->answers_path, reader->rules->restart, &answers) ||
	    !open_source("credits", reader->rules->credits_path, reader->rules->restart, &credits) ||
	    !open_pipe(reader, output, &input))
		return false;
	chance_init(&chance, false, 0);
	breaker_init(&reader->breaker, reader->rules->backoff_least_ns, reader->rules->backoff_most_ns, chance);
	credits_init(&reader->credits, credits);
	hooks_init(&reader->hooks, options, reader->warden, ON_LOW, ON_HIGH, HOOKS_FROM);
	feed_init(&reader->feed, options, reader->warden, &reader->breaker, input, answers);
	if (reader->rules->batching) {
		reader->jobs = jobs_new(options, reader->warden, &reader->breaker);
		if (reader->jobs == NULL)
			diag_errno(errno, "batches");
		return reader->jobs != NULL;
	}
	return true;
}

struct reader *
reader_open(const struct options *options, struct io_port *output)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL) {
		diag_errno(errno, "the reader");
		return NULL;
	}
	reader->options = options;
	reader->rules = &options->reader;
	if (open_all(reader, output))
		return reader;
	warden_close(reader->warden, loop_now() + END_NS);
	free(reader->hook[0]);
	free(reader->hook[1]);
	free(reader); /* what was opened goes with the process */
	return NULL;
}

void
reader_begin(struct reader *reader, struct pump *pump, uint64_t now_ns)
{
	reader->pump = pump;
	if (reader->jobs != NULL)
		jobs_begin(reader->jobs, pump);
	else
		feed_begin(&reader->feed, pump, now_ns);
}

/* --- the step ------------------------------------------------------------------------------------ */

static enum reader_end
theirs(const struct reader *reader)
{
	return reader->jobs != NULL ? jobs_state(reader->jobs) : reader->feed.end;
}

/* Where it was there for the hooks alone, or COMMAND has gone for good, the data flows on without it; nor is it missed
 * where all is done. */
static void
lose_warden(struct reader *reader)
{
	const struct reader_options *rules = reader->rules;

	if (rules->command != NULL && !pump_is_discarding(reader->pump) && theirs(reader) != READER_DONE) {
		reader->end = READER_BROKEN;
		return;
	}
	if (rules->on_high != NULL || rules->on_low != NULL)
		diag_error("weir-warden has gone: --on-high and --on-low are not run any more");
	warden_close(reader->warden, loop_now() + END_NS);
	reader->warden = NULL;
}

static void
hear_warden(struct reader *reader, uint64_t now_ns)
{
	struct warden_told told;
	enum warden_event event;

	reader->warden_speaks = false;
	while (reader->warden != NULL && (event = warden_next(reader->warden, &told)) != WARDEN_NONE) {
		if (hooks_told(&reader->hooks, event, &told))
			continue;
		if (reader->jobs != NULL)
			jobs_told(reader->jobs, event, &told, now_ns);
		else if (reader->rules->command != NULL)
			feed_told(&reader->feed, event, &told, now_ns);
		if (event == WARDEN_GONE) {
			lose_warden(reader);
			return;
		}
	}
}

void
reader_step(struct reader *reader, uint64_t now_ns)
{
	if (reader->warden_speaks)
		hear_warden(reader, now_ns);
	if (reader->jobs != NULL)
		jobs_step(reader->jobs, now_ns);
	else
		feed_step(&reader->feed, now_ns);
	if (reader->warden != NULL && reader->end == READER_GOES_ON)
		hooks_step(&reader->hooks, reader->pump);
	if (reader->credits.over && reader_state(reader) == READER_GOES_ON &&
	    pump_lacks_credits(reader->pump) && !pump_is_given(reader->pump)) {
		diag_error("%s: no more credits come", diag_visible(reader->rules->credits_path));
		reader->end = READER_NO_CREDITS;
	}
}

enum reader_end
reader_state(const struct reader *reader)
{
	return reader->end != READER_GOES_ON ? reader->end : theirs(reader);
}

void
reader_watch(struct reader *reader, struct loop_watch watch[READER_WATCHES])
{
	const struct feed *feed = &reader->feed;
	const bool hears = reader->jobs == NULL && feed_is_listening(feed);

	watch[WARDEN] = (struct loop_watch){ .fd = reader->warden != NULL ? warden_fd(reader->warden) : -1, .input = true };
	watch[ANSWERS] = (struct loop_watch){ .fd = hears ? feed->answers_from : -1, .input = true };
	watch[CREDITS] = (struct loop_watch){ .fd = reader->credits.over ? -1 : reader->credits.fd, .input = true };
	watch[OUTPUT] = (struct loop_watch){ .fd = reader->rules->command != NULL ? STDOUT_FILENO : -1 };
}

void
reader_waited(struct reader *reader, const struct loop_watch watch[READER_WATCHES])
{
	const uint64_t now_ns = loop_now();

	if (reader->jobs == NULL && pump_output(reader->pump) == OUTLET_GONE)
		feed_heed_pipe(&reader->feed, now_ns);
	reader->warden_speaks |= watch[WARDEN].ready;
	if (watch[ANSWERS].ready)
		feed_hear(&reader->feed, now_ns);
	if (watch[CREDITS].ready)
		pump_grant(reader->pump, credits_read(&reader->credits));
	if (watch[OUTPUT].gone && reader->end == READER_GOES_ON)
		reader->end = READER_OUTPUT_GONE;
}

uint64_t
reader_deadline_ns(const struct reader *reader)
{
	return reader->jobs != NULL ? jobs_deadline_ns(reader->jobs) : feed_deadline_ns(&reader->feed);
}

void
reader_hurry(struct reader *reader)
{
	if (reader->jobs != NULL)
		pump_hurry_batches(reader->pump);
}

void
reader_retune(struct reader *reader, uint64_t now_ns)
{
	const struct reader_options *rules = reader->rules;

	breaker_retune(&reader->breaker, rules->backoff_least_ns, rules->backoff_most_ns, now_ns);
	if (rules->timeout_ns != 0 || rules->stall_ns != 0)
		signals_watch_continue();
	if (reader->jobs == NULL && pump_output_port(reader->pump) != NULL)
		feed_size_pipe(rules, pump_output_port(reader->pump));
}

/* --- the end ------------------------------------------------------------------------------------- */

static bool
is_running(const struct reader *reader)
{
	return reader->jobs != NULL ? jobs_run(reader->jobs) : feed_runs(&reader->feed);
}

static bool
has_warden(const struct reader *reader)
{
	return reader->warden != NULL && reader->end != READER_BROKEN;
}

/* One that still runs has so long to end: what slowed the producer is not to be overtaken by what lets it go. */
static void
end_hooks(struct reader *reader)
{
	const uint64_t until_ns = loop_now() + END_NS;
	struct loop_watch watch;

	while (has_warden(reader) && hooks_wait(&reader->hooks, reader->pump) && loop_now() < until_ns) {
		watch = (struct loop_watch){ .fd = warden_fd(reader->warden), .input = true };
		(void)loop_wait(&watch, 1, until_ns);
		hear_warden(reader, loop_now());
	}
	if (has_warden(reader))
		hooks_end(&reader->hooks, reader->pump);
}

void
reader_end(struct reader *reader)
{
	const uint64_t until_ns = loop_now() + END_NS;
	struct loop_watch watch;

	if (reader->jobs == NULL && reader_state(reader) != READER_BROKEN)
		feed_hear_rest(&reader->feed, loop_now()); /* what has been said by now was said in time */
	while (reader->end != READER_BROKEN && is_running(reader) && loop_now() < until_ns) {
		uint64_t now_ns = loop_now(), deadline_ns;

		if (reader->jobs != NULL)
			jobs_tell_to_end(reader->jobs, now_ns);
		else
			feed_tell_to_end(&reader->feed, now_ns);
		deadline_ns = reader_deadline_ns(reader);
		watch = (struct loop_watch){ .fd = warden_fd(reader->warden), .input = true };
		(void)loop_wait(&watch, 1, deadline_ns < until_ns ? deadline_ns : until_ns);
		hear_warden(reader, loop_now());
	}
	end_hooks(reader);
	warden_close(reader->warden, loop_now() + END_NS);
	reader->warden = NULL;
	reader->over = true;
}

static bool
last_status(const struct reader *reader, int *status)
{
	const struct feed *feed = &reader->feed;
	struct reader_figures figures;

	if (reader->jobs != NULL) {
		jobs_figures(reader->jobs, &figures);
		*status = figures.status;
		return jobs_state(reader->jobs) == READER_CANNOT_RUN;
	}
	if (feed->exec_error != 0)
		*status = command_status(feed->exec_error);
	else if (feed->status >= 0)
		*status = WIFEXITED(feed->status) ? WEXITSTATUS(feed->status) : 128 + WTERMSIG(feed->status);
	return feed->exec_error != 0 || feed->status >= 0;
}

bool
reader_status(const struct reader *reader, int *status)
{
	return last_status(reader, status) && (reader->jobs != NULL || !reader->feed.excused);
}

/* --- what is told -------------------------------------------------------------------------------- */

static enum reader_phase
phase_of_feed(const struct feed *feed)
{
	if (feed->rules->command == NULL && feed->pump != NULL &&
	    (pump_output(feed->pump) == OUTLET_GONE || pump_is_discarding(feed->pump)))
		return READER_OVER;
	switch (feed->state) {
	case FEED_DOWN:
		return feed->failures > 0 ? READER_RETRYING : READER_IDLE;
	case FEED_STARTING:
	case FEED_UP:
		return feed->pump == NULL || pump_has_reader(feed->pump) ? READER_RUNNING : READER_FINISHING;
	case FEED_DEAF:
		return READER_FINISHING;
	case FEED_OVER:
		break;
	}
	return READER_OVER;
}

static void
figures_of_feed(const struct reader *reader, struct reader_figures *figures)
{
	const struct feed *feed = &reader->feed;
	int status;

	figures->phase = feed->end != READER_GOES_ON ? READER_OVER : phase_of_feed(feed);
	figures->running = feed_runs(feed);
	figures->starts = feed->starts;
	figures->failures = feed->failures;
	if (feed->died_at != 0 && pump_first_in_flight(feed->pump) == feed->died_at)
		figures->tries = feed->deaths;
	if (last_status(reader, &status))
		figures->status = status;
}

struct reader_figures
reader_figures(const struct reader *reader, uint64_t now_ns)
{
	const struct reader_options *rules = reader->rules;
	const uint64_t due_ns = reader->jobs != NULL ? jobs_deadline_ns(reader->jobs) : breaker_due_ns(&reader->breaker);
	struct reader_figures figures = { .status = -1 };

	if (reader->jobs != NULL)
		jobs_figures(reader->jobs, &figures);
	else
		figures_of_feed(reader, &figures);
	if (reader->over)
		figures.phase = READER_OVER;
	figures.command = rules->command != NULL ? rules->command[0] : NULL;
	figures.confirm = options_confirm(reader->options);
	figures.fell_back = rules->command != NULL && rules->confirm == CONFIRM_WRITTEN && !rules->confirm_given;
	figures.next_try_ns = figures.phase != READER_RETRYING ? UINT64_MAX : due_ns > now_ns ? due_ns - now_ns : 0;
	figures.ignored = reader->feed.ignored + reader->credits.ignored;
	figures.open = breaker_is_open(&reader->breaker);
	figures.opened = breaker_opened(&reader->breaker);
	figures.open_ns = breaker_open_ns(&reader->breaker, now_ns);
	figures.open_for_ns = figures.open ? now_ns - breaker_since_ns(&reader->breaker) : 0;
	return figures;
}

void
reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->jobs == NULL)
		feed_free(&reader->feed);
	jobs_free(reader->jobs);
	credits_free(&reader->credits);
	free(reader->hook[0]);
	free(reader->hook[1]);
	free(reader);
}
