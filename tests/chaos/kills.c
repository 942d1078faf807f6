/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kills: SIGKILL to the reader, to the producer, or to weir, at places in the stream that only the seed knows.
 *
 * The reader killed: weir ends as weir(1) says, its report adds up, and what it says the reader took is what
 * the reader took; also where it stands still, or has taken all there was and nothing moves.  The producer
 * killed: all that it wrote is delivered, and weir ends well.  weir killed, in the modes that write whole
 * records, while records of up to PIPE_BUF bytes flow: what the reader finds ends with a record's end.  The
 * control is the same with longer records, of which some must be seen torn, or the test could not have seen
 * a torn one.
 */
#include "config.h"

#include "policies.h"
#include "watched.h"
#include "../unit/tap.h"

#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

static bool
ended_by(const struct rig *rig, enum role role, int signal)
{
	return WIFSIGNALED(rig->status[role]) && WTERMSIG(rig->status[role]) == signal;
}

static bool
source_waited(const struct rig *rig)
{
	return WIFEXITED(rig->status[SOURCE]) && WEXITSTATUS(rig->status[SOURCE]) == SOURCE_WAITED;
}

/* Where the source was not killed: it came to its end, to a place where it had to wait, or learned by SIGPIPE
 * that weir has gone. */
static void
examine_source_end(struct rig *rig)
{
	if (!source_waited(rig) && !ended_by(rig, SOURCE, SIGPIPE))
		rig_ended(rig, SOURCE, 0);
}

/* What went into weir is what the source has written, as far as the source came to count it. */
static void
examine_intake(struct rig *rig)
{
	uint64_t in = rig->reports.last.tally[IN][BYTES], written = rig->stream->source.bytes;

	if (in > written + (rig->status[SOURCE] == 0 ? 0 : STREAM_MOST))
		rig_wrong(rig, "in is %" PRIu64 " bytes, and written were %" PRIu64, in, written);
	if (rig->reports.finals != 1)
		rig_wrong(rig, "%u final reports (%s)", rig->reports.finals, rig->reports.message);
}

/* All that went out was read, and all that was written went in. */
static void
examine_end_of_input(struct rig *rig, const struct policy_case *policy)
{
	const struct sink *sink = &rig->stream->sink;
	const struct report *last = &rig->reports.last;
	uint64_t records = policy->bytes ? 0 : sink->records + (sink->at > 0);

	rig_ended(rig, WEIR, 0);
	if (last->tally[OUT][BYTES] != sink->bytes - sink->marks.bytes || last->tally[OUT][RECORDS] != records)
		rig_wrong(rig, "out is %" PRIu64 " records, %" PRIu64 " bytes, read were %" PRIu64 ", %"
		    PRIu64, last->tally[OUT][RECORDS], last->tally[OUT][BYTES], records,
		    sink->bytes - sink->marks.bytes);
	if (last->tally[IN][BYTES] < rig->stream->source.bytes ||
	    last->tally[UNDELIVERED][BYTES] != 0 || last->status != 0 ||
	    strcmp(last->reason, "end of input") != 0)
		rig_wrong(rig, "in %" PRIu64 " of %" PRIu64 " bytes, undelivered %" PRIu64 ", status %u, %s",
		    last->tally[IN][BYTES], rig->stream->source.bytes, last->tally[UNDELIVERED][BYTES],
		    last->status, last->reason);
	if (policy->stride == 1 && last->tally[IN][BYTES] != last->tally[OUT][BYTES])
		rig_wrong(rig, "in is not out");
	if (policy->watched)
		watched_examine(rig, true, false);
}

static void
examine_source(struct rig *rig, const struct policy_case *policy)
{
	if (!ended_by(rig, SOURCE, SIGKILL))
		rig_ended(rig, SOURCE, 0); /* it was done before */
	rig_ended(rig, SINK, 0);
	examine_intake(rig);
	examine_end_of_input(rig, policy);
}

/* The status of a weir whose reader has gone. */
static void
examine_status(struct rig *rig)
{
	const struct report *last = &rig->reports.last;
	bool left = last->tally[UNDELIVERED][BYTES] > 0;
	bool cut_short = left || ended_by(rig, SOURCE, SIGPIPE) ||
	    last->tally[IN][BYTES] < rig->stream->source.bytes;
	unsigned by_signal = rig->setup.sigpipe_ignored ? 1 : 128 + SIGPIPE;

	if (last->status != 0 ? last->status != by_signal || !cut_short : left)
		rig_wrong(rig, "the reader has gone, status %u, undelivered %" PRIu64 " bytes",
		    last->status, last->tally[UNDELIVERED][BYTES]);
	if (last->status < 128 ? WEXITSTATUS(rig->status[WEIR]) != (int)last->status
	    : !ended_by(rig, WEIR, SIGPIPE))
		rig_wrong(rig, "the report says status %u, waitpid %#x", last->status,
		    (unsigned)rig->status[WEIR]);
	if ((last->status == 1) != (strstr(rig->reports.message, "the reader has gone") != NULL))
		rig_wrong(rig, "the message is \"%s\"", rig->reports.message);
}

static void
examine_sink(struct rig *rig, const struct policy_case *policy)
{
	const struct report *last = &rig->reports.last;
	uint64_t taken = last->tally[OUT][BYTES] + last->tally[MARKS][BYTES] - last->unread_bytes;
	uint64_t seen = rig->stream->sink.bytes;

	examine_intake(rig);
	if (strcmp(last->reason, "reader gone") != 0) {
		if (ended_by(rig, SINK, SIGKILL)) /* weir was done; the reader had not read all */
			rig_ended(rig, WEIR, 0);
		else
			examine_end_of_input(rig, policy);
		return;
	}
	examine_source_end(rig);
	if (seen > taken || taken > seen + STREAM_MOST)
		rig_wrong(rig, "the reader took %" PRIu64 " bytes by the report, %" PRIu64 " by its own count",
		    taken, seen);
	examine_status(rig);
	if (policy->watched)
		watched_examine(rig, false, false);
}

/* The reader stood still, with all or a part of what there was, so that its count is exact. */
static void
examine_quiet(struct rig *rig, const struct policy_case *policy)
{
	const struct report *last = &rig->reports.last;
	uint64_t seen = rig->stream->sink.bytes;

	examine_sink(rig, policy);
	if (strcmp(last->reason, "reader gone") != 0 || last->tally[OUT][BYTES] - last->unread_bytes != seen)
		rig_wrong(rig, "%s, out %" PRIu64 ", unread %" PRIu64 " bytes, read %" PRIu64, last->reason,
		    last->tally[OUT][BYTES], last->unread_bytes, seen);
	if (seen == rig->stream->source.bytes && source_waited(rig))
		rig_ended(rig, WEIR, 0);
}

static void
examine_weir(struct rig *rig, const struct policy_case *policy)
{
	(void)policy;
	examine_source_end(rig);
	if (!ended_by(rig, WEIR, SIGKILL))
		rig_ended(rig, WEIR, 0);
	rig_ended(rig, SINK, 0);
	if (rig->stream->sink.at > 0 && rig->setup.longest <= PIPE_BUF)
		rig_wrong(rig, "torn: record %" PRIu64 " of %" PRIu64 " bytes ends after %zu",
		    rig->stream->sink.now.number, rig->stream->sink.now.length, rig->stream->sink.at);
}

/* Kills at the source's first point or shortly after it, while everything runs, or while one of the others
 * stands, so that the pipes are full. */
static void
slay_running(struct rig *rig, enum role role, struct random *random)
{
	enum role stands = (enum role)random_below(random, ROLES + 2);
	bool stopped;

	stopped = stands < ROLES && rig_stop(rig, stands);
	rest_us(random_magnitude(random, 11));
	rig_signal(rig, role, SIGKILL);
	if (stopped)
		rig_continue(rig, stands);
}

/* Kills when the reader has all it wants; or all that was written, and the source waits. */
static void
slay_quiet(struct rig *rig, enum role role, struct random *random)
{
	const volatile uint64_t *read = &rig->stream->sink.bytes;

	(void)random;
	while (*read < rig->setup.most && !(rig_waits_at_point(rig, 1) && *read == rig->stream->source.bytes))
		rest_us(200);
	rig_signal(rig, role, SIGKILL);
}

static const struct victim {
	const char *name;
	void (*slay)(struct rig *rig, enum role role, struct random *random);
	void (*examine)(struct rig *rig, const struct policy_case *policy);
	enum role role;
	uint64_t shortest, longest; /* records */
	bool whole, all, control;   /* only policies that write whole records, that lose nothing; a control */
	unsigned runs[2];           /* for each policy: in "make check", in the long form */
} victims[] = {
	{ "reader", slay_running, examine_sink, SINK, 1, 9000, false, false, false, { 4, 250 } },
	{ "reader at rest", slay_quiet, examine_quiet, SINK, 1, 9000, false, true, false, { 4, 100 } },
	{ "producer", slay_running, examine_source, SOURCE, 1, 9000, false, false, false, { 4, 250 } },
	{ "weir", slay_running, examine_weir, WEIR, 1, PIPE_BUF, true, false, false, { 7, 125 } },
	{ "weir, with longer records", slay_running, examine_weir, WEIR, PIPE_BUF + 1, 40000, true, false,
	    true, { 4, 60 } },
};

struct count {
	unsigned runs, killed, torn;
};

/* False once something was wrong. */
static bool
kill_once(const struct victim *victim, const struct policy_case *policy, struct random *random,
    struct count *count)
{
	/* At a second point, where it is quiet at the first, the source waits for ever: then there is an end
	 * before the kill for nobody. */
	bool quiet = victim->slay == slay_quiet;
	bool waits = quiet || random_one_in(random, 2);
	struct setup setup = { .count = 64 + (random_next(random) & 0x3fff), .points = waits && !quiet ? 2 : 1,
		.stride = policy->stride, .most = quiet ? 1 + random_magnitude(random, 30) : 0,
		.shortest = victim->shortest, .longest = victim->longest, .watched = policy->watched, .full = policy->full,
		.seed = random_next(random),
		.in_pipe = pipe_sizes[random_below(random, PIPE_SIZES)],
		.out_pipe = pipe_sizes[random_below(random, PIPE_SIZES)],
		.fifo = random_one_in(random, 2), .sigpipe_ignored = random_one_in(random, 2) };
	struct rig rig;

	memcpy(setup.options, policy->options, sizeof(policy->options));
	rig_start(&rig, &setup);
	if (!quiet && !rig_point(&rig))
		rig_wrong(&rig, "the source ended before its point");
	victim->slay(&rig, victim->role, random);
	reports_finish(&rig.reports); /* weir ends before the source learns that it waits in vain */
	rig_finish(&rig);
	rig_examine(&rig);
	victim->examine(&rig, policy);
	if (waits && !ended_by(&rig, victim->role, SIGKILL))
		rig_wrong(&rig, "an end before the kill");
	count->runs++;
	count->killed += ended_by(&rig, victim->role, SIGKILL);
	count->torn += rig.stream->sink.at > 0;
	rig_free(&rig);
	return rig_judge(&rig, victim->name);
}

static void
play(const struct campaign *campaign, const struct victim *victim)
{
	struct random random = { campaign->seed * 1000 + (uint64_t)(victim - victims) };
	struct count count = { 0, 0, 0 };
	bool good = true;

	for (size_t i = 0; i < POLICIES; i++)
		for (unsigned k = 0; k < victim->runs[campaign->full] && good; k++) {
			if (victim->whole > policies[i].whole || (victim->all && policies[i].stride != 1) ||
			    policies[i].fails || policies[i].framed)
				break;
			good = kill_once(victim, &policies[i], &random, &count);
			if (!good)
				diag("under \"%s\", run %u", policies[i].name, k + 1);
		}
	diag("%u runs, in %u the %s was killed in time, in %u the last record was a part", count.runs,
	    count.killed, victim->role == WEIR ? "weir" : victim->name, count.torn);
	ok(good, "%s killed", victim->name);
	if (victim->control)
		ok(count.torn > 0, "%s: a torn record can be seen", victim->name);
}

/* LeakSanitizer stops a process that ends to look at it, and complains when it is killed meanwhile. */
static void
look_for_no_leaks(void)
{
	const char *options = getenv("ASAN_OPTIONS");
	char more[512];

	if (options != NULL && snprintf(more, sizeof(more), "%s:detect_leaks=0", options) < (int)sizeof(more))
		(void)setenv("ASAN_OPTIONS", more, 1);
}

int
main(int argc, char **argv)
{
	struct campaign campaign;

	look_for_no_leaks();
	campaign_begin(&campaign, false, argc, argv);
	for (size_t i = 0; i < sizeof(victims) / sizeof(victims[0]); i++)
		if (campaign_wants(&campaign, victims[i].name))
			play(&campaign, &victims[i]);
	return done_testing();
}
