/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chaos: numbered records through weir while its reader and weir itself are stopped and continued, and weir
 * is asked for reports, at places in the stream that only the seed knows.
 *
 * For each policy: nothing torn, doubled or out of order; the law in every report; what the reader counts is
 * what weir says went out; what is not there was dropped, and only where the policy drops; and all of that
 * only counts if the stops were seen to happen and, under a policy that drops, records were dropped.  Where weir
 * is watched each mark is right, and what came and what was saved are the input; see watched.h.  None that is kept is
 * lost, and the last of each key comes, where there is always room for these; under fail what comes is the beginning
 * of the stream, and nothing was dropped.
 */
#include "config.h"

#include "policies.h"
#include "watched.h"
#include "../unit/tap.h"

#include <signal.h>
#include <sys/wait.h>

/* Of what is kept altogether, in bytes. */
#define KEPT_MOST 40000

/* Faults for each policy: in "make check", and in the long form. */
static const struct scale {
	uint64_t records;
	unsigned reader_stops, weir_stops, usr1;
	uint64_t kept; /* each so many of which one is kept, */
	const char *keep[2]; /* and how; for others there is as much room as they find */
} scales[] = {
	{ 100000, 40, 20, 20, 1000, { "--keep=000\\b", "--keep=7\\b" } },
	{ 10000000, 1000, 500, 500, 100000, { "--keep=00000\\b", "--keep=7\\b" } },
};

enum fault { STOP_READER, STOP_WEIR, ASK, FAULTS };

/* What there is to do, each so often, in any order: it is drawn from like an urn. */
struct urn {
	unsigned left[FAULTS];
	struct random random;
};

static enum fault
draw(struct urn *urn)
{
	uint64_t n = random_below(&urn->random, urn->left[STOP_READER] + urn->left[STOP_WEIR] +
	    urn->left[ASK]);
	enum fault fault = STOP_READER;

	while (n >= urn->left[fault])
		n -= urn->left[fault++];
	urn->left[fault]--;
	return fault;
}

/* Asked for a report it may be while it stands. */
static void
stand(struct rig *rig, enum role role, struct urn *urn, unsigned *owed)
{
	/* Policies that drop let the source go on: then until it has gone on far enough to see some dropped. */
	bool until_point = role == SINK && rig->setup.stride == 0 && !rig->setup.waits &&
	    random_one_in(&urn->random, 2);

	if (!rig_stop(rig, role)) {
		if (!rig->setup.fails)
			rig_wrong(rig, "there was nothing left to stop");
		return;
	}
	if (until_point)
		(void)rig_waits_at_point(rig, -1);
	else
		rest_us(random_below(&urn->random, rig->setup.fails ? 50000 : 3000));
	for (; *owed > 0; --*owed) {
		rig_signal(rig, WEIR, SIGUSR1);
		rest_us(random_below(&urn->random, 500));
	}
	rig_continue(rig, role);
}

static void
mistreat(struct rig *rig, struct urn *urn)
{
	unsigned owed = 0; /* reports to ask for at the next stop */

	for (uint64_t i = 1; rig->wrong[0] == '\0'; i++) {
		if (!rig_point(rig)) {
			if (!rig->setup.fails)
				rig_wrong(rig, "the source ended before its point %" PRIu64, i);
			break;
		}
		if (i == rig->setup.points)
			break; /* at which it had to wait until the last fault was over */
		if (i == 1)
			rig_await_data(rig);
		switch (draw(urn)) {
		case STOP_READER:
			stand(rig, SINK, urn, &owed);
			break;
		case STOP_WEIR:
			stand(rig, WEIR, urn, &owed);
			break;
		case ASK:
			if (random_one_in(&urn->random, 2))
				owed++;
			else
				rig_signal(rig, WEIR, SIGUSR1);
			break;
		case FAULTS:
			break;
		}
	}
}

static bool
came(const struct rig *rig, uint64_t number)
{
	return (rig->stream->sink.seen[number / 8] >> number % 8 & 1) != 0;
}

/* Few enough that they fit into any buffer here, with a long record beside them. */
static void
examine_kept(struct rig *rig, uint64_t each)
{
	struct sum sum = { 0, 0 };

	if (rig->reports.last.lost > 0)
		rig_wrong(rig, "%" PRIu64 " that are kept were dropped", rig->reports.last.lost);
	for (uint64_t number = each; number <= rig->setup.count; number += each) {
		sum_records(&sum, &rig->stream->sink.lengths, number, number + 1);
		if (!came(rig, number))
			rig_wrong(rig, "record %" PRIu64 " is kept, and did not come", number);
	}
	if (sum.bytes > KEPT_MOST)
		rig_wrong(rig, "%" PRIu64 " bytes are kept: too many", sum.bytes);
}

static void
examine_latest(struct rig *rig, unsigned keys)
{
	uint64_t count = rig->setup.count;

	if (rig->reports.last.oldest > 0)
		rig_wrong(rig, "%" PRIu64 " of the oldest went where one of each key fits",
		    rig->reports.last.oldest);
	for (uint64_t number = count - keys + 1; number <= count; number++)
		if (!came(rig, number))
			rig_wrong(rig, "record %" PRIu64 " is the last of its key, and did not come", number);
}

/* What came is the beginning, as the sink has seen; and all of it that weir has read whole. */
static void
examine_failed(struct rig *rig)
{
	const struct report *last = &rig->reports.last;
	const struct sink *sink = &rig->stream->sink;

	rig_examine(rig);
	if (WEXITSTATUS(rig->status[WEIR]) != 3 || last->status != 3 || strcmp(last->reason, "buffer full") != 0)
		rig_wrong(rig, "status %#x, reported as %u, %s", (unsigned)rig->status[WEIR], last->status,
		    last->reason);
	if (last->tally[DROPPED][BYTES] != 0 || last->tally[UNDELIVERED][RECORDS] != 0 ||
	    last->tally[OUT][RECORDS] != sink->records || last->tally[OUT][BYTES] != sink->bytes)
		rig_wrong(rig, "dropped %" PRIu64 " bytes, undelivered %" PRIu64 " records, out %" PRIu64
		    ", and read were %" PRIu64, last->tally[DROPPED][BYTES], last->tally[UNDELIVERED][RECORDS],
		    last->tally[OUT][RECORDS], sink->records);
}

static void
examine(struct rig *rig, const struct policy_case *policy, unsigned usr1)
{
	const struct source *source = &rig->stream->source;
	const struct sink *sink = &rig->stream->sink;
	const struct report *last = &rig->reports.last;
	uint64_t records = policy->bytes ? 0 : source->records;
	uint64_t through = policy->stride == 0 ? source->records - last->tally[DROPPED][RECORDS]
	    : (source->records + policy->stride - 1) / policy->stride;

	rig_examine(rig);
	for (int role = 0; role < ROLES; role++)
		rig_ended(rig, (enum role)role, 0);
	if (source->records != rig->setup.count || last->tally[IN][RECORDS] != records ||
	    last->tally[IN][BYTES] != source->bytes)
		rig_wrong(rig, "in is %" PRIu64 " records, %" PRIu64 " bytes, written were %" PRIu64
		    ", %" PRIu64, last->tally[IN][RECORDS], last->tally[IN][BYTES], source->records,
		    source->bytes);
	if (last->tally[OUT][BYTES] != sink->bytes - sink->marks.bytes || sink->at + sink->headed != 0 ||
	    (!policy->bytes && last->tally[OUT][RECORDS] != sink->records))
		rig_wrong(rig, "out is %" PRIu64 " records, %" PRIu64 " bytes, read were %" PRIu64 ", %"
		    PRIu64 " and %zu of them no record", last->tally[OUT][RECORDS], last->tally[OUT][BYTES],
		    sink->records, sink->bytes - sink->marks.bytes, sink->at + sink->headed);
	if (sink->records != through || strcmp(last->reason, "end of input") != 0)
		rig_wrong(rig, "%" PRIu64 " records came, and %" PRIu64 " should have; %s", sink->records,
		    through, last->reason);
	if (policy->stride == 0 && last->tally[DROPPED][RECORDS] == 0)
		rig_wrong(rig, "nothing was dropped: this proves nothing");
	if (rig->reports.finals != 1 || rig->reports.signals < 1 || rig->reports.signals > usr1)
		rig_wrong(rig, "%u reports for %u signals, and %u at the end", rig->reports.signals, usr1,
		    rig->reports.finals);
	if (policy->watched)
		watched_examine(rig, true, true);
	if (policy->full && last->tally[UNSAVED][RECORDS] == 0)
		rig_wrong(rig, "the file did not fill up");
}

static void
add_option(struct setup *setup, const char *option)
{
	size_t n = 0;

	while (setup->options[n] != NULL)
		n++;
	setup->options[n] = option;
}

static void
examine_all(struct rig *rig, const struct policy_case *policy, const struct scale *scale)
{
	if (policy->fails) {
		examine_failed(rig);
		return;
	}
	examine(rig, policy, scale->usr1);
	if (policy->kept)
		examine_kept(rig, scale->kept);
	if (policy->keys > 0)
		examine_latest(rig, policy->keys);
}

static void
play(const struct campaign *campaign, const struct policy_case *policy, const struct scale *scale)
{
	struct urn urn = { { scale->reader_stops, scale->weir_stops, scale->usr1 },
		{ campaign->seed * 1000 + (uint64_t)(policy - policies) } };
	struct setup setup = { .count = scale->records, .stride = policy->stride,
		.points = scale->reader_stops + scale->weir_stops + scale->usr1 + 1,
		.shortest = 1, .longest = 9000, .watched = policy->watched, .full = policy->full,
		.fails = policy->fails, .framed = policy->framed, .waits = policy->waits, .tracks = policy->kept || policy->keys > 0,
		.seed = random_next(&urn.random) };
	struct rig rig;
	bool good;

	memcpy(setup.options, policy->options, sizeof(policy->options));
	for (int i = 0; i < 2 && policy->kept; i++)
		add_option(&setup, scale->keep[i]);
	setup.in_pipe = pipe_sizes[random_below(&urn.random, PIPE_SIZES)];
	setup.out_pipe = pipe_sizes[random_below(&urn.random, PIPE_SIZES - (policy->stride == 0))];
	setup.fifo = random_one_in(&urn.random, 2);
	rig_start(&rig, &setup);
	mistreat(&rig, &urn);
	rig_finish(&rig);
	examine_all(&rig, policy, scale);
	good = rig_judge(&rig, policy->name);
	diag("%" PRIu64 " records, %" PRIu64 " MB, %u reader stops, %u weir stops, %u of %u reports, "
	    "dropped %" PRIu64, rig.stream->source.records, rig.stream->source.bytes / 1000000,
	    scale->reader_stops, scale->weir_stops, rig.reports.signals, scale->usr1,
	    rig.reports.last.tally[DROPPED][RECORDS]);
	if (policy->watched)
		diag("%" PRIu64 " marks, %" PRIu64 " not saved, %u reports of intervals, %" PRIu64 " skipped",
		    rig.stream->sink.marks.records, rig.reports.last.tally[UNSAVED][RECORDS], rig.reports.intervals,
		    rig.reports.last.skipped);
	ok(good, "%s", policy->name);
}

int
main(int argc, char **argv)
{
	struct campaign campaign;

	campaign_begin(&campaign, false, argc, argv);
	for (size_t i = 0; i < POLICIES; i++)
		if (campaign_wants(&campaign, policies[i].name))
			play(&campaign, &policies[i], &scales[campaign.full]);
	return done_testing();
}
