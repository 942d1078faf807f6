/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of COMMANDs that run beside each other, through a whole pump, with a warden that the test is. */
#include "../pumped.h"

#include "hand/jobs.h"

static struct breaker breaker;
static struct jobs *jobs;
static uint64_t asked;    /* for so many COMMANDs */
static uint64_t terminated; /* the id of the last that was told to end */

bool
warden_start(struct warden *warden, const struct warden_job *job)
{
	(void)warden;
	asked = job->id;
	return true;
}

bool
warden_terminate(struct warden *warden, uint64_t id)
{
	(void)warden;
	terminated = id;
	return true;
}

/* As the run does: a pass, then the step. */
static void
turn(uint64_t later_ns)
{
	rig.now += later_ns;
	pass();
	jobs_step(jobs, rig.now);
}

static void
begin_jobs(const char *command_line, unsigned records)
{
	struct chance chance;

	asked = terminated = 0;
	begin(command_line);
	chance_init(&chance, true, 1);
	breaker_init(&breaker, NS_PER_MS, NS_PER_MS, chance);
	must((jobs = jobs_new(&rig.options, NULL, &breaker)) != NULL);
	jobs_begin(jobs, &rig.pump);
	feed(records, 10);
	for (unsigned i = 0; i < 4 + 2 * records; i++)
		turn(0);
}

static void
finish_jobs(void)
{
	jobs_free(jobs);
	finish();
}

static void
tell(enum warden_event event, uint64_t id, int value)
{
	jobs_told(jobs, event, &(struct warden_told){ id, value }, rig.now);
}

static struct reader_figures
figures(void)
{
	struct reader_figures now = { .status = -1 };

	jobs_figures(jobs, &now);
	return now;
}

static void
cannot_run(void)
{
	begin_jobs("--batch=1 -j2 command", 2);
	ok(asked == 2 && figures().running == 2, "two batches are handed over beside each other");
	tell(WARDEN_FAILED, 1, EACCES);
	ok(jobs_state(jobs) == READER_CANNOT_RUN && figures().status == 126, "the first cannot be run: 126, as a shell has it");
	tell(WARDEN_STARTED, 2, 1);
	tell(WARDEN_ENDED, 2, 7 << 8);
	ok(jobs_state(jobs) == READER_CANNOT_RUN && figures().status == 126, "it stays, however the other ends");
	ok(figures().running == 0 && books()->out.records == 0, "none of them runs, and nothing is out");
	finish_jobs();
	begin_jobs("--batch=1 -j2 command", 2);
	tell(WARDEN_FAILED, 2, ENOENT);
	tell(WARDEN_FAILED, 1, ENOENT);
	ok(figures().status == 127 && figures().running == 0, "none can, there is no such command: 127");
	finish_jobs();
}

static void
could_run(void)
{
	begin_jobs("--batch=1 -j2 command", 2);
	tell(WARDEN_STARTED, 2, 1);
	tell(WARDEN_FAILED, 1, EACCES);
	ok(jobs_state(jobs) == READER_GOES_ON && figures().failures == 1,
	    "one that cannot be run, though another could, has failed");
	turn(NS_PER_S);
	ok(asked == 3, "and is tried again");
	tell(WARDEN_STARTED, 3, 1);
	tell(WARDEN_ENDED, 3, 0);
	tell(WARDEN_ENDED, 2, 0);
	ok(books()->out.records == 2 && figures().status == 0, "both are out");
	finish_jobs();
}

static void
gone(void)
{
	begin_jobs("--batch=1 -j2 command", 2);
	tell(WARDEN_STARTED, 1, 1);
	tell(WARDEN_GONE, 0, 0);
	ok(jobs_state(jobs) == READER_BROKEN && books()->out.records == 0, "without the warden nothing is known of any");
	finish_jobs();
}

static void
strangers(void)
{
	begin_jobs("--batch=1 -j2 command", 2);
	tell(WARDEN_STARTED, 9, 1);
	tell(WARDEN_SHORT, 9, EAGAIN);
	tell(WARDEN_FAILED, 9, ENOENT);
	tell(WARDEN_ENDED, 9, 0);
	ok(jobs_state(jobs) == READER_GOES_ON && figures().running == 2 && books()->out.records == 0,
	    "what is told of one that nobody asked for changes nothing");
	finish_jobs();
}

static void
late(void)
{
	begin_jobs("--batch=1 -j2 --timeout=1s command", 2);
	tell(WARDEN_STARTED, 1, 1);
	tell(WARDEN_STARTED, 2, 1);
	turn(NS_PER_S / 2);
	ok(terminated == 0 && jobs_deadline_ns(jobs) == rig.now + NS_PER_S / 2, "half a second of one: nobody is ended");
	tell(WARDEN_ENDED, 1, 0);
	turn(NS_PER_S / 2);
	ok(terminated == 2, "then the one that still runs is");
	tell(WARDEN_ENDED, 2, SIGTERM);
	ok(figures().failures == 1 && figures().status == 128 + SIGTERM, "and has failed");
	finish_jobs();
}

int
main(void)
{
	pipe_init();
	cannot_run();
	could_run();
	gone();
	strangers();
	late();
	return done_testing();
}
