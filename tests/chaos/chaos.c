/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chaos: numbered records through weir while its reader and weir itself are stopped and continued, and weir
 * is asked for reports, at places in the stream that only the seed knows.
 *
 * For each policy: nothing torn, doubled or out of order; the law in every report; what the reader counts is
 * what weir says went out; what is not there was dropped, and only where the policy drops; and all of that
 * only counts if the stops were seen to happen and, under a policy that drops, records were dropped.  Where weir
 * is watched each mark is right, and what came and what was saved are the input; see watched.h.
 */
#include "policies.h"
#include "watched.h"
#include "../unit/tap.h"

#include <signal.h>

/* Faults for each policy: in "make check", and in the long form. */
static const struct scale {
	uint64_t records;
	unsigned reader_stops, weir_stops, usr1;
} scales[] = {
	{ 100000, 40, 20, 20 },
	{ 10000000, 1000, 500, 500 },
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
	bool until_point = role == SINK && rig->setup.stride == 0 && random_one_in(&urn->random, 2);

	if (!rig_stop(rig, role)) {
		rig_wrong(rig, "there was nothing left to stop");
		return;
	}
	if (until_point)
		(void)rig_waits_at_point(rig, -1);
	else
		rest_us(random_below(&urn->random, 3000));
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
	if (last->tally[OUT][BYTES] != sink->bytes - sink->marks.bytes || sink->at != 0 ||
	    (!policy->bytes && last->tally[OUT][RECORDS] != sink->records))
		rig_wrong(rig, "out is %" PRIu64 " records, %" PRIu64 " bytes, read were %" PRIu64 ", %"
		    PRIu64 " and %zu of them no record", last->tally[OUT][RECORDS], last->tally[OUT][BYTES],
		    sink->records, sink->bytes - sink->marks.bytes, sink->at);
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
play(const struct campaign *campaign, const struct policy_case *policy, const struct scale *scale)
{
	struct urn urn = { { scale->reader_stops, scale->weir_stops, scale->usr1 },
		{ campaign->seed * 1000 + (uint64_t)(policy - policies) } };
	struct setup setup = { .count = scale->records, .stride = policy->stride,
		.points = scale->reader_stops + scale->weir_stops + scale->usr1 + 1,
		.shortest = 1, .longest = 9000, .watched = policy->watched, .full = policy->full,
		.seed = random_next(&urn.random) };
	struct rig rig;
	bool good;

	memcpy(setup.options, policy->options, sizeof(policy->options));
	setup.in_pipe = pipe_sizes[random_below(&urn.random, PIPE_SIZES)];
	setup.out_pipe = pipe_sizes[random_below(&urn.random, PIPE_SIZES - (policy->stride == 0))];
	setup.fifo = random_one_in(&urn.random, 2);
	rig_start(&rig, &setup);
	mistreat(&rig, &urn);
	rig_finish(&rig);
	examine(&rig, policy, scale->usr1);
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
