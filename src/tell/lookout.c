/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/confine.h"
#include "os/diag.h"
#include "os/io.h"
#include "os/target.h"
#include "tell/lookout.h"
#include "tell/report.h"

#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

/* Gaps that are held to be marked: as many as this part of the buffer's size has memory for, within limits. */
#define GAPS_PART 32
#define GAPS_LEAST_BYTES ((uint64_t)256 << 10)
#define GAPS_MOST_BYTES ((uint64_t)128 << 20)

#define RECORDS_SPILLED 4

/* The last page has this long at least. */
#define PAGE_NS (500 * NS_PER_MS)

#define STATUS_ERROR 1

/* --- beginning ----------------------------------------------------------------------------------- */

static void
not_opened(const char *option, const char *path)
{
	int error = errno;
	const char *visible = diag_visible(path);
	struct stat file;
	mode_t kind = stat(path, &file) == 0 ? file.st_mode : 0;

	if (error == EBUSY && (S_ISREG(kind) || S_ISFIFO(kind) || S_ISSOCK(kind))) /* a device may be busy for reasons of its own */
		diag_error("%s=%s: standard input or output; accepted: another file", option, visible);
	else if (error == ENXIO && S_ISSOCK(kind))
		diag_error("%s=%s: a socket; accepted: a file, or a FIFO with a reader", option, visible);
	else if (error == ENXIO)
		diag_error("%s=%s: a FIFO that nobody reads, or a device that is not there; accepted: a file, or a "
		    "FIFO with a reader", option, visible);
	else if (error == ELOOP && S_ISREG(kind)) /* links may lead nowhere but to each other */
		diag_error("%s=%s: a symbolic link to a file; accepted: the file itself", option, visible);
	else
		diag_errno(error, "%s=%s", option, visible);
}

static bool
is_one_regular_file(int fd, int other)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && target_is_open_as(&file, other);
}

/* Room for a few of the longest records that may be dropped out of the buffer at once. */
static size_t
spill_room(const struct options *options)
{
	size_t longest = policy_drops(options->policy) ? (size_t)options->max_record_bytes : 0;

	if (longest <= SPILL_ROOM / RECORDS_SPILLED)
		return SPILL_ROOM;
	return longest <= SIZE_MAX / RECORDS_SPILLED ? RECORDS_SPILLED * longest : SIZE_MAX;
}

/* Where dropped records go, if anywhere.  False with errno: EEXIST for the file that reports
 * go to. */
static bool
open_spill(struct lookout *lookout)
{
	const struct options *options = lookout->options;
	int fd;

	if (options->dropped_path == NULL)
		return true;
	fd = target_open(options->dropped_path, TARGET_APPEND);
	if (fd >= 0 && options->report_path != NULL &&
	    is_one_regular_file(fd, io_fd(&lookout->reporter.port))) {
		(void)close(fd);
		errno = EEXIST;
	} else if (fd >= 0) {
		lookout->spill = spill_open(&options->framing, fd, options->dropped_reason, spill_room(options));
	}
	return lookout->spill != NULL;
}

/* What is asked for besides the data.  False with errno. */
static bool
observe(struct lookout *lookout)
{
	const struct options *options = lookout->options;
	const struct mark_style style = { options->mark_template, options->name, options->framing.delimiter,
		&options->framing, options->repeated_template };
	uint64_t bytes = options->buffer_bytes / GAPS_PART;

	lookout->sojourn = sojourn_new();
	if (options_mark(options))
		lookout->marks = marks_new(gaps_in((size_t)(bytes < GAPS_LEAST_BYTES ? GAPS_LEAST_BYTES
		    : bytes > GAPS_MOST_BYTES ? GAPS_MOST_BYTES : bytes)), &style);
	if (options->top_keys > 0)
		lookout->top = top_new(options->top_keys);
	pump_observe(lookout->pump, lookout->sojourn, lookout->marks, lookout->spill, lookout->top);
	return lookout->sojourn != NULL && (lookout->marks != NULL || !options_mark(options)) &&
	    (lookout->top != NULL || options->top_keys == 0);
}

void
lookout_take(struct lookout *lookout, const struct baseline *since, enum report_event event, struct snapshot *snapshot,
    uint64_t now)
{
	snapshot_take(snapshot, event, lookout->pump, since, now);
	if (lookout->reader != NULL) {
		snapshot->has_reader = true;
		snapshot->reader = reader_figures(lookout->reader, now);
	}
	snapshot->reports_skipped = lookout->reporter.skipped;
	snapshot->top = lookout->top;
	snapshot->host = *lookout->host != '\0' ? lookout->host : NULL;
	if (lookout->spill != NULL)
		snapshot->unsaved = spill_unsaved(lookout->spill);
}

static void
take_snapshot(struct lookout *lookout, enum report_event event, struct snapshot *snapshot, uint64_t now)
{
	lookout_take(lookout, &lookout->baseline, event, snapshot, now);
}

/* The file itself, or where that was `opened` its first page. */
static void
metrics_not_opened(const char *path, bool opened)
{
	int error = errno;
	const char *visible = diag_visible(path);

	if (error == EBUSY && opened)
		diag_error("--metrics=%s: a mount point, which cannot be replaced; accepted: a file in a directory "
		    "that is mounted", visible);
	else if (error == EBUSY)
		diag_error("--metrics=%s: open already, as input, output or report; accepted: another file",
		    visible);
	else if (error == EINVAL)
		diag_error("--metrics=%s: not a regular file; accepted: a file to be replaced",
		    visible);
	else
		diag_errno(error, "--metrics=%s", visible);
}

/* The first page, so that what is wrong with the file is known before anything is read.  False when it
 * has been told. */
static bool
begin_metrics(struct lookout *lookout, uint64_t now)
{
	const char *path = lookout->options->metrics_path;
	struct snapshot snapshot;
	bool opened = metrics_open(&lookout->metrics, path) == 0;

	if (path == NULL)
		return true;
	take_snapshot(lookout, REPORT_INTERVAL, &snapshot, now);
	if (opened && metrics_write(&lookout->metrics, &snapshot))
		return true;
	metrics_not_opened(path, opened);
	return false;
}

bool
lookout_open(struct lookout *lookout, const struct options *options)
{
	lookout->options = options;
	lookout->tick_at_ns = LOOP_FOREVER;
	if (reporter_open(&lookout->reporter, options->report_path) < 0)
		not_opened("--report", options->report_path);
	else if (open_spill(lookout))
		return true;
	else if (errno == EEXIST)
		diag_error("--dropped=%s: the file of --report; accepted: another file",
		    diag_visible(options->dropped_path));
	else
		not_opened("--dropped", options->dropped_path);
	return false;
}

/* What reports say besides, and what cannot be found out any more once weir is confined: only for those
 * that do say it. */
static void
learn_where_and_when(struct lookout *lookout)
{
	const struct options *options = lookout->options;

	if ((options->format == FORMAT_JSON || options->control) && gethostname(lookout->host, sizeof(lookout->host) - 1) < 0)
		lookout->host[0] = '\0';
	if (options->format == FORMAT_TEXT && (options->reporting || options->control))
		tzset();
}

void
lookout_retune(struct lookout *lookout, uint64_t now)
{
	const struct options *options = lookout->options;
	const bool ticks = options->reporting || options->progress || options->metrics_path != NULL;

	lookout->tick_at_ns = ticks ? now + options->interval_ns : LOOP_FOREVER;
}

bool
lookout_begin(struct lookout *lookout, struct pump *pump, const struct reader *reader, uint64_t now)
{
	const struct options *options = lookout->options;

	lookout->pump = pump;
	lookout->reader = reader;
	if (!observe(lookout)) {
		diag_errno(errno, "--buffer=%llu", (unsigned long long)options->buffer_bytes);
		return false;
	}
	snapshot_begin(&lookout->baseline, now);
	learn_where_and_when(lookout);
	if (options->progress)
		live_begin(&lookout->live, pump, &lookout->baseline, now);
	lookout_retune(lookout, now);
	return begin_metrics(lookout, now);
}

bool
lookout_start(struct lookout *lookout, const struct spool *spool, const struct confine_place *more)
{
	const struct options *options = lookout->options;
	const struct confine_place places[] = {
		{ lookout->metrics.directory, lookout->metrics.directory_path, CONFINE_REPLACE },
		{ spool != NULL ? spool_folder(spool) : -1, options->spool_path, CONFINE_KEEP },
		*more,
	};

	/* Where the system can. */
	(void)confine(places, sizeof(places) / sizeof(places[0]), live_is_drawn(&lookout->live));
	if (lookout->spill != NULL && (errno = spill_start(lookout->spill)) != 0)
		not_opened("--dropped", options->dropped_path);
	else if (options->metrics_path != NULL && metrics_start(&lookout->metrics) < 0)
		metrics_not_opened(options->metrics_path, true);
	else if (options->reporting && reporter_start(&lookout->reporter) < 0)
		diag_errno(errno, "--interval");
	else
		return true;
	return false;
}

/* --- reports ------------------------------------------------------------------------------------- */

void
lookout_ask(struct lookout *lookout)
{
	lookout->reporter.due = true;
}

static void
take_for_signal(void *state, struct snapshot *snapshot)
{
	take_snapshot(state, REPORT_SIGNAL, snapshot, loop_now());
}

/* A page that cannot be written is no reason to stop, or to wait: it is told once, between reports and if
 * standard error takes it at once (at the end, until the deadline), and the next page that can be
 * written counts them. */
static void
tell_metrics_error(struct lookout *lookout, int error, uint64_t deadline_ns)
{
	if (lookout->metrics_told || reporter_busy(&lookout->reporter))
		return;
	lookout->metrics_told = true;
	diag_set_deadline(deadline_ns);
	diag_errno(error, "--metrics=%s: not replaced", diag_visible(lookout->options->metrics_path));
	diag_set_deadline(0);
}

static void
renew_metrics(struct lookout *lookout, const struct snapshot *snapshot)
{
	if (lookout->options->metrics_path != NULL && !metrics_offer(&lookout->metrics, snapshot)) {
		int error = errno;

		tell_metrics_error(lookout, error, loop_now());
	}
}

static void
finish_metrics(struct lookout *lookout, const struct snapshot *snapshot, uint64_t deadline_ns)
{
	if (lookout->options->metrics_path == NULL)
		return;
	if (!metrics_finish(&lookout->metrics, snapshot, deadline_ns))
		tell_metrics_error(lookout, errno, deadline_ns);
	metrics_close(&lookout->metrics, deadline_ns);
}

/* The live line stands where reports would be written. */
static bool
shares_terminal(const struct lookout *lookout)
{
	return live_is_drawn(&lookout->live) && io_inherited(&lookout->reporter.port) == STDERR_FILENO;
}

/* Nobody has asked for this report, and all may be well. */
static bool
is_wanted(const struct lookout *lookout, const struct snapshot *snapshot)
{
	return !lookout->options->losses_only || snapshot_lost(snapshot) ||
	    (snapshot->event == REPORT_FINAL && snapshot_failed(snapshot));
}

/* The end of an interval; the next one ends a whole number of intervals after the first began. */
static void
tick(struct lookout *lookout, uint64_t now)
{
	uint64_t interval_ns = lookout->options->interval_ns;
	struct snapshot snapshot;

	if (now < lookout->tick_at_ns)
		return;
	lookout->tick_at_ns += ((now - lookout->tick_at_ns) / interval_ns + 1) * interval_ns;
	take_snapshot(lookout, REPORT_INTERVAL, &snapshot, now);
	snapshot_next_interval(&lookout->baseline, &snapshot, lookout->pump, now);
	renew_metrics(lookout, &snapshot);
	live_show(&lookout->live, &snapshot, now);
	if (lookout->options->reporting && !shares_terminal(lookout) && is_wanted(lookout, &snapshot))
		reporter_offer(&lookout->reporter, &snapshot);
}

static void
step_reporter(struct lookout *lookout)
{
	if (!reporter_busy(&lookout->reporter) || (shares_terminal(lookout) && !live_make_way(&lookout->live)))
		return;
	reporter_step(&lookout->reporter, take_for_signal, lookout);
	if (shares_terminal(lookout) && !reporter_busy(&lookout->reporter))
		live_resume(&lookout->live);
}

/* --- dropped records ------------------------------------------------------------------------------ */

/* Says why not all can be saved: once, as soon as that does not hold up the data, or stand in the middle
 * of a report. */
static void
tell_spill_error(struct lookout *lookout, uint64_t deadline_ns)
{
	if (lookout->spill != NULL && lookout->spill_error == 0)
		lookout->spill_error = spill_take_error(lookout->spill);
	if (lookout->spill_error == 0 ||
	    (deadline_ns == 0 && (reporter_begun(&lookout->reporter) || !loop_ready(STDERR_FILENO, true))))
		return;
	diag_set_deadline(deadline_ns == 0 ? loop_now() : deadline_ns);
	diag_errno(lookout->spill_error, "--dropped=%s", diag_visible(lookout->options->dropped_path));
	lookout->spill_error = 0;
}

/* --- what the input could not keep ---------------------------------------------------------------- */

/* Says that something was lost before it could be read: the first time, as soon as that does not hold up the data, or
 * stand in the middle of a report; and at the end how often in all. */
static void
tell_overruns(struct lookout *lookout, uint64_t deadline_ns)
{
	uint64_t overruns = pump_overruns(lookout->pump);
	bool ends = deadline_ns != 0;

	if (overruns == lookout->overruns_told || (!ends && (lookout->overruns_told > 0 ||
	    reporter_begun(&lookout->reporter) || !loop_ready(STDERR_FILENO, true))))
		return;
	diag_set_deadline(ends ? deadline_ns : loop_now());
	if (ends && overruns > 1)
		diag_error("standard input: %" PRIu64 " overruns in all, each a loss before it could be read", overruns);
	else
		diag_error("standard input: overrun: something was lost before it could be read");
	diag_set_deadline(ends ? deadline_ns : 0);
	lookout->overruns_told = overruns;
}

/* --- all of it ----------------------------------------------------------------------------------- */

void
lookout_step(struct lookout *lookout, uint64_t now)
{
	tick(lookout, now);
	step_reporter(lookout);
	tell_spill_error(lookout, 0);
	tell_overruns(lookout, 0);
	live_step(&lookout->live, now);
}

uint64_t
lookout_deadline_ns(const struct lookout *lookout)
{
	uint64_t draw_at_ns = live_deadline_ns(&lookout->live);

	return draw_at_ns < lookout->tick_at_ns ? draw_at_ns : lookout->tick_at_ns;
}

void
lookout_watch(const struct lookout *lookout, struct loop_watch watch[LOOKOUT_WATCHES])
{
	watch[0] = reporter_watch(&lookout->reporter);
	watch[1] = live_watch(&lookout->live);
}

/* --- ending -------------------------------------------------------------------------------------- */

void
lookout_books(struct lookout *lookout, uint64_t now)
{
	take_snapshot(lookout, REPORT_FINAL, &lookout->last, now);
	lookout->last.reader_gone = pump_output(lookout->pump) == OUTLET_GONE ||
	    (lookout->last.unread_bytes > 0 && pump_reader_gone(lookout->pump));
}

void
lookout_stop(struct lookout *lookout, uint64_t drain_until_ns)
{
	if (lookout->spill == NULL)
		return;
	if (drain_until_ns == LOOP_FOREVER)
		drain_until_ns = loop_now() + lookout->options->drain_timeout_ns;
	spill_close(lookout->spill, drain_until_ns);
	lookout->last.unsaved = spill_unsaved(lookout->spill);
}

void
lookout_quieten(struct lookout *lookout, uint64_t deadline)
{
	diag_set_guard(NULL, NULL);
	live_settle(&lookout->live, deadline);
	(void)reporter_settle(&lookout->reporter, deadline);
}

/* Whoever asked for a status that tells of a loss, and for no report where messages go, is told how much. */
static void
tell_loss(const struct lookout *lookout)
{
	const struct options *options = lookout->options;
	bool reported = !options->quiet && io_inherited(&lookout->reporter.port) == STDERR_FILENO;
	char text[REPORT_LOSS_MOST];

	if (!options->fail_on_drop || reported || !ledger_lost(&lookout->last.ledger))
		return;
	report_loss(text, &lookout->last);
	diag_error("--fail-on-drop: %s", text);
}

int
lookout_close(struct lookout *lookout, int status, const char *reason, uint64_t deadline)
{
	const struct options *options = lookout->options;
	struct snapshot *last = &lookout->last;
	bool taken;
	int error;

	tell_spill_error(lookout, deadline);
	tell_loss(lookout);
	tell_overruns(lookout, deadline);
	last->reports_skipped = lookout->reporter.skipped;
	last->exit_status = status;
	last->exit_reason = reason;
	taken = reporter_close(&lookout->reporter, options->quiet || !is_wanted(lookout, last) ? NULL : last,
	    deadline);
	error = errno;
	if (!taken && options->report_path != NULL && status == 0) {
		diag_errno(error, "--report=%s", diag_visible(options->report_path));
		last->exit_status = status = STATUS_ERROR;
	}
	/* A report that nobody takes has used up the time, which is not the page's fault. */
	finish_metrics(lookout, last, deadline > loop_now() + PAGE_NS ? deadline : loop_now() + PAGE_NS);
	live_close(&lookout->live);
	marks_free(lookout->marks);
	sojourn_free(lookout->sojourn);
	top_free(lookout->top);
	spill_free(lookout->spill);
	return status;
}
