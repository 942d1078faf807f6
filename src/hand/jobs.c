/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/handed.h"
#include "hand/cause.h"
#include "hand/jobs.h"
#include "hand/refusal.h"
#include "hand/words.h"
#include "os/command.h"
#include "os/diag.h"
#include "os/signals.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND 0 /* of those that the warden has */

/* Where the system, or the warden, is short of something. */
#define AGAIN_NS (10 * NS_PER_MS)

/* sysexits.h: the data is at fault, and would be the next time. */
#define STATUS_DATA 65

struct jobs *
jobs_new(const struct options *options, struct warden *warden, struct breaker *breaker)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL)
		return NULL;
	jobs->options = options;
	jobs->rules = &options->reader;
	jobs->warden = warden;
	jobs->breaker = breaker;
	jobs->last = &jobs->oldest;
	jobs->next_id = 1;
	jobs->figures.status = -1;
	return jobs;
}

/* --- the list ------------------------------------------------------------------------------------ */

void
job_free(struct job *job)
{
	parcel_free(job->parcel);
	free(job->load.list);
	free(job);
}

void
jobs_find_last(struct jobs *jobs)
{
	jobs->last = &jobs->oldest;
	while (*jobs->last != NULL)
		jobs->last = &(*jobs->last)->next;
}

void
jobs_let_go(struct jobs *jobs, struct job *job)
{
	struct job **link = &jobs->oldest;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	if (--*job->parts == 0) {
		free(job->parts);
		jobs->made--;
	}
	job_free(job);
	jobs_find_last(jobs);
}

void
jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	while (jobs->oldest != NULL)
		jobs_let_go(jobs, jobs->oldest);
	if (jobs->making)
		parcel_free(jobs->parcel);
	free(jobs);
}

/* --- making -------------------------------------------------------------------------------------- */

static void
fail_run(struct jobs *jobs, const char *what)
{
	diag_errno(errno, "%s", what);
	jobs->end = READER_BROKEN;
}

/* Another batch that ends gives back what there is too little of. */
static bool
is_short(int error)
{
	return error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* What has been written into the parcel is a batch. */
static void
take_batch(struct jobs *jobs)
{
	struct job *job = calloc(1, sizeof(*job));
	unsigned *parts = malloc(sizeof(*parts));

	if (job == NULL || parts == NULL || !parcel_seal(jobs->parcel)) {
		free(job);
		free(parts);
		fail_run(jobs, "a batch");
		return;
	}
	*parts = 1;
	*job = (struct job){ .parcel = jobs->parcel, .load = pump_take_batch(jobs->pump), .parts = parts,
		.timeout_ns = UINT64_MAX };
	jobs->making = false;
	jobs->made++;
	*jobs->last = job;
	jobs->last = &job->next;
}

/* NULL with errno also where no descriptor would be left to open it anew. */
static struct parcel *
new_parcel(void)
{
	struct parcel *parcel = parcel_new();
	int spare, error;

	if (parcel == NULL)
		return NULL;
	spare = fcntl(parcel_fd(parcel), F_DUPFD_CLOEXEC, 0);
	if (spare >= 0) {
		(void)close(spare);
		return parcel;
	}
	error = errno;
	parcel_free(parcel);
	errno = error;
	return NULL;
}

static void
open_batch(struct jobs *jobs)
{
	struct io_port port;

	if ((jobs->parcel = new_parcel()) == NULL) {
		if (jobs->made == 0 || !is_short(errno))
			fail_run(jobs, "a batch");
		return;
	}
	jobs->making = true;
	io_open_output(&port, parcel_fd(jobs->parcel));
	pump_open_batch(jobs->pump, &port);
}

void
jobs_begin(struct jobs *jobs, struct pump *pump)
{
	jobs->pump = pump;
	if (jobs->rules->timeout_ns != 0)
		signals_watch_continue();
	open_batch(jobs); /* the first pass may bring one that is full */
}

/* --- running ------------------------------------------------------------------------------------- */

static void
fill_words(struct words *words, const struct jobs *jobs, const struct job *job)
{
	words_init(words, jobs->options->name);
	words_count(words, "WEIR_TRY", job->tries + 1);
	words_count(words, "WEIR_FIRST", job->load.first);
	words_count(words, "WEIR_LAST", job->load.last);
	words_count(words, "WEIR_RECORDS", job->load.sum.records);
	words_count(words, "WEIR_BYTES", job->load.sum.bytes);
	words_spool(words, jobs->pump);
}

/* False where it has to be tried later. */
static bool
run_job(struct jobs *jobs, struct job *job, uint64_t now_ns)
{
	struct words words;
	struct warden_job asked_for = { .id = jobs->next_id, .command = COMMAND,
		.streams = { -1, WARDEN_OWN, WARDEN_OWN }, .environment = words.list };
	bool asked;
	int input = parcel_open(job->parcel);

	jobs->again_ns = now_ns + AGAIN_NS;
	if (input < 0) {
		if (jobs->running == 0 || !is_short(errno))
			fail_run(jobs, "a batch");
		return false;
	}
	fill_words(&words, jobs, job);
	asked_for.streams[0] = input;
	asked = warden_start(jobs->warden, &asked_for);
	if (!asked && errno != EAGAIN) {
		refusal_tell_lost(jobs->rules->command[0], errno);
		jobs->end = READER_BROKEN;
	}
	(void)close(input);
	if (!asked)
		return false;
	jobs->again_ns = 0;
	job->id = jobs->next_id++;
	job->late = false;
	job->timeout_ns = jobs->rules->timeout_ns == 0 ? UINT64_MAX : now_ns + jobs->rules->timeout_ns;
	jobs->running++;
	jobs->figures.starts++;
	return true;
}

/* Those that may run now: all, or while the breaker is open the oldest alone; none before it is due. */
static void
run_due(struct jobs *jobs, uint64_t now_ns)
{
	if (jobs->ending || now_ns < jobs->again_ns)
		return;
	for (struct job *job = jobs->oldest; job != NULL; job = job->next) {
		if (jobs->running >= jobs->rules->jobs || !breaker_allows(jobs->breaker, now_ns, jobs->running))
			return;
		if (job->id == 0 && !run_job(jobs, job, now_ns))
			return;
	}
}

static void
note_failure(const struct jobs *jobs, const struct job *job, int status)
{
	const char *name = diag_visible(jobs->rules->command[0]);
	const unsigned long long tries = (unsigned long long)job->tries;

	if (job->late)
		diag_note("%s took longer than --timeout (try %llu)", name, tries);
	else if (WIFSIGNALED(status))
		diag_note("%s was ended by signal %d (try %llu)", name, WTERMSIG(status), tries);
	else
		diag_note("%s ended with status %d (try %llu)", name, WEXITSTATUS(status), tries);
}

static void
has_ended(struct jobs *jobs, struct job *job, int status, uint64_t now_ns)
{
	const bool by_itself = !job->late && WIFEXITED(status);
	struct cause cause;

	job->id = 0;
	jobs->running--;
	if (jobs->end != READER_CANNOT_RUN) /* it was ended because another could not be run */
		jobs->figures.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	pump_blame(jobs->pump, job->late ? cause_late : cause_status(&cause, status));
	if (by_itself && WEXITSTATUS(status) == 0) {
		jobs_confirm(jobs, job, now_ns);
	} else if (by_itself && WEXITSTATUS(status) == STATUS_DATA) {
		breaker_succeeded(jobs->breaker, now_ns);
		jobs_give_up(jobs, job, now_ns);
	} else if (!jobs->ending) {
		job->tries++;
		jobs->figures.failures++;
		breaker_failed(jobs->breaker, now_ns, !job->part);
		if (breaker_failures(jobs->breaker) == 1 && !job->part)
			note_failure(jobs, job, status);
		if (jobs->rules->retries != UINT64_MAX && job->tries > jobs->rules->retries)
			jobs_give_up(jobs, job, now_ns);
	}
}

static struct job *
find(struct jobs *jobs, uint64_t id)
{
	struct job *job = jobs->oldest;

	while (job != NULL && job->id != id)
		job = job->next;
	return job;
}

/* At the first start it will not be otherwise at the next. */
static void
cannot_run(struct jobs *jobs, struct job *job, int error, uint64_t now_ns)
{
	if (jobs->has_run) {
		has_ended(jobs, job, command_status(error) << 8, now_ns);
		return;
	}
	job->id = 0;
	jobs->running--;
	if (jobs->end == READER_GOES_ON)
		refusal_tell(jobs->rules->command[0], error);
	jobs->figures.status = error == ENOENT ? 127 : 126;
	jobs->end = READER_CANNOT_RUN;
}

/* The warden is short of something.  Descriptors are its own: where nothing that runs has any, there will be no more. */
static void
wait_for_more(struct jobs *jobs, int error, uint64_t now_ns)
{
	const char *name = diag_visible(jobs->rules->command[0]);

	jobs->again_ns = now_ns + jobs->rules->backoff_least_ns;
	if (error == EMFILE && jobs->running == 0) {
		diag_errno(error, "%s", name);
		jobs->end = READER_BROKEN;
	} else if (!jobs->short_told) {
		diag_note("%s: %s: tried again", name, strerror(error));
	}
	jobs->short_told = true;
}

void
jobs_told(struct jobs *jobs, enum warden_event event, const struct warden_told *told, uint64_t now_ns)
{
	struct job *job = find(jobs, told->id);

	switch (event) {
	case WARDEN_NONE:
		break;
	case WARDEN_STOPPED:
		if (job != NULL)
			refusal_tell_stopped(jobs->rules->command[0], told->value);
		break;
	case WARDEN_STARTED:
		jobs->has_run = true;
		jobs->short_told = false;
		if (job != NULL)
			job->runs++;
		if (job != NULL && (job->tries > 0 || job->part))
			pump_repeat_batch(jobs->pump, job->load.sum);
		break;
	case WARDEN_FAILED:
		if (job != NULL)
			cannot_run(jobs, job, told->value, now_ns);
		break;
	case WARDEN_SHORT:
		if (job == NULL)
			break;
		job->id = 0; /* it is no failure of COMMAND */
		jobs->running--;
		wait_for_more(jobs, told->value, now_ns);
		break;
	case WARDEN_ENDED:
		if (job != NULL)
			has_ended(jobs, job, told->value, now_ns);
		break;
	case WARDEN_GONE:
		if (jobs->end == READER_DONE)
			break;
		if (jobs->end == READER_GOES_ON)
			refusal_tell_lost(jobs->rules->command[0], EPIPE);
		jobs->end = READER_BROKEN;
		break;
	}
}

/* --- the step ------------------------------------------------------------------------------------ */

/* Time for which weir was stopped counts for nothing: those that run have all of it again. */
static void
begin_times_anew(struct jobs *jobs, uint64_t now_ns)
{
	for (struct job *job = jobs->oldest; job != NULL; job = job->next)
		if (job->timeout_ns != UINT64_MAX)
			job->timeout_ns = now_ns + jobs->rules->timeout_ns;
}

/* Where the warden has not come to what it was asked before, it is told later. */
static void
end_late(struct jobs *jobs, struct job *job, uint64_t now_ns)
{
	if (job->id == 0 || now_ns < job->timeout_ns)
		return;
	job->late = warden_terminate(jobs->warden, job->id) || errno != EAGAIN;
	job->timeout_ns = job->late ? UINT64_MAX : now_ns + AGAIN_NS;
}

void
jobs_step(struct jobs *jobs, uint64_t now_ns)
{
	struct pump *pump = jobs->pump;

	if (jobs->rules->timeout_ns != 0 && signals_take_continue() && !jobs->ending)
		begin_times_anew(jobs, now_ns);
	for (struct job *job = jobs->oldest; job != NULL; job = job->next)
		end_late(jobs, job, now_ns);
	if (jobs->making && pump_has_batch(pump, now_ns))
		take_batch(jobs);
	if (!jobs->making && !jobs->ending && jobs->made < jobs->rules->jobs &&
	    (pump_is_reading(pump) || pump_wants_batch(pump)))
		open_batch(jobs);
	run_due(jobs, now_ns);
	if (jobs->end == READER_GOES_ON && pump_done(pump) && jobs->made == 0) /* a mark may be due when nothing is held */
		jobs->end = READER_DONE;
}

/* Whether what does not run waits for one that does to end, or is not run any more: then no time helps it. */
static bool
is_crowded(const struct jobs *jobs)
{
	return jobs->ending || jobs->running >= jobs->rules->jobs ||
	    (jobs->running > 0 && breaker_is_open(jobs->breaker));
}

uint64_t
jobs_deadline_ns(const struct jobs *jobs)
{
	uint64_t deadline_ns = UINT64_MAX;

	for (const struct job *job = jobs->oldest; job != NULL; job = job->next) {
		uint64_t due_ns = job->id == 0 ? breaker_due_ns(jobs->breaker) : job->timeout_ns;

		if (job->id == 0 && is_crowded(jobs))
			continue;
		if (job->id == 0 && due_ns < jobs->again_ns)
			due_ns = jobs->again_ns;
		if (due_ns < deadline_ns)
			deadline_ns = due_ns;
	}
	return deadline_ns;
}

void
jobs_tell_to_end(struct jobs *jobs, uint64_t now_ns)
{
	jobs->ending = true;
	for (struct job *job = jobs->oldest; job != NULL; job = job->next) {
		if (job->id != 0 && !job->late)
			job->timeout_ns = now_ns;
		end_late(jobs, job, now_ns);
	}
}

bool
jobs_run(const struct jobs *jobs)
{
	return jobs->running > 0;
}

enum reader_end
jobs_state(const struct jobs *jobs)
{
	return jobs->end;
}

void
jobs_figures(const struct jobs *jobs, struct reader_figures *figures)
{
	*figures = jobs->figures;
	figures->running = jobs->running;
	figures->tries = jobs->oldest != NULL ? jobs->oldest->tries : 0;
	if (jobs->end != READER_GOES_ON)
		figures->phase = READER_OVER;
	else if (jobs->running > 0)
		figures->phase = READER_RUNNING;
	else
		figures->phase = figures->tries > 0 ? READER_RETRYING : READER_IDLE;
}
