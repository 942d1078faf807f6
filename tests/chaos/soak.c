/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak: some weirs for a long time under bursts and faults of all kinds, with every record checked, every
 * report held to the law, and the kernel asked again and again what each weir uses.  Ends in figures, as a
 * page of Markdown; it fails where anything was lost, memory grows or descriptors leak.
 *
 * Memory is RssAnon: the least of each thirtieth of the time, since a burst is held in memory for a while.
 * Its slope, by least squares without the first fifth of the time, is judged in runs of LEAST_S or more.
 */
#include "config.h"

#include "../unit/tap.h"
#include "base/units.h"
#include "rig.h"

#include <sys/utsname.h>

#include <dirent.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define SLOPE_MOST 64.0 /* KiB an hour */
#define LEAST_S 300
#define SHORT_S 2       /* in "make check" */

enum { WINDOWS = 30, WARM_UP = WINDOWS / 5, BURST_BITS = 16 };

static const struct soaked {
	const char *name;
	const char *options[WEIR_OPTIONS_MOST];
	uint64_t stride;
} soaked[] = {
	{ "block", { "--policy=block" }, 1 },
	{ "drop-oldest", { "--policy=drop-oldest", "--buffer=256K" }, 0 },
	{ "rate", { "--policy=rate:20MB/s", "--buffer=4M" }, 1 },
	{ "shed", { "--policy=shed:10", "--buffer=256K", "--high=80%", "--drop-over=1000k/s", "--max-age=1s" }, 0 },
#ifdef HAVE_PCRE2
	{ "latest", { "--policy=latest", "--buffer=256K", KEY_OF_100, "--keep=7\\b", "--top-keys=9" }, 0 },
	{ "drop-random", { "--policy=drop-random", "--buffer=256K", "--drop-over=20k/s", "--rate-by=key",
	    KEY_OF_10, "--sample=2", "--sample-by=random" }, 0 },
#endif
};

enum { SOAKED = sizeof(soaked) / sizeof(soaked[0]) };

/* Of the private pipes that weir makes when it first has a use for them: more than that is a leak. */
#define PRIVATE_DESCRIPTORS 4

/* What the kernel says of a weir in each window: the least memory, the most descriptors. */
struct usage {
	uint64_t rss_kib[WINDOWS];
	uint64_t size_kib[WINDOWS];
	unsigned descriptors_least, descriptors_most[2]; /* in each half of the time */
};

enum fault { STOP_READER, STOP_WEIR, STOP_SOURCE, ASK, REPLACE_READER, FAULTS };

static const char *const fault_names[] = {
	"reader stopped", "weir stopped", "producer stopped", "report asked for", "reader replaced",
};

struct soak {
	struct random random;
	struct rig rig[SOAKED];
	struct usage usage[SOAKED];
	unsigned faults[SOAKED][FAULTS];
	uint64_t time_ns;
	struct timespec start;
};

static uint64_t
elapsed_ns(const struct soak *soak)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((int64_t)(now.tv_sec - soak->start.tv_sec) * (int64_t)NS_PER_S +
	    (now.tv_nsec - soak->start.tv_nsec));
}

/* --- the load --------------------------------------------------------------------------------------- */

/* Of the source: after a burst a rest of many times what it took, so that the load is about the same on a
 * fast machine and on a slow one. */
static void
burst(struct source *source, void *state)
{
	static struct timespec since;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (since.tv_sec > 0) {
		int64_t took_us = (int64_t)(now.tv_sec - since.tv_sec) * 1000000 +
		    (now.tv_nsec - since.tv_nsec) / 1000;

		took_us *= (int64_t)random_from(state, 5, 25);
		rest_us(took_us < 1000000 ? (uint64_t)took_us : 1000000);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &since);
	source->point += 1 + random_magnitude(state, BURST_BITS);
}

/* --- faults ------------------------------------------------------------------------------------------- */

static void
stand(struct soak *soak, struct rig *rig, enum role role)
{
	/* now and then for long enough that every buffer is full */
	uint64_t most_us = random_one_in(&soak->random, 50) ? 1500000 : 30000;

	if (!rig_stop(rig, role))
		rig_wrong(rig, "there was nothing left to stop");
	rest_us(random_below(&soak->random, most_us));
	rig_continue(rig, role);
}

static void
mistreat(struct soak *soak, unsigned i)
{
	struct rig *rig = &soak->rig[i];
	enum fault fault = (enum fault)random_below(&soak->random, FAULTS);

	soak->faults[i][fault]++;
	switch (fault) {
	case STOP_READER:
		stand(soak, rig, SINK);
		break;
	case STOP_WEIR:
		stand(soak, rig, WEIR);
		break;
	case STOP_SOURCE:
		stand(soak, rig, SOURCE);
		break;
	case ASK:
		rig_signal(rig, WEIR, SIGUSR1);
		break;
	case REPLACE_READER:
		rig_replace_sink(rig);
		break;
	case FAULTS:
		break;
	}
	reports_read(&rig->reports);
	rig_examine(rig);
}

/* --- what the kernel says ----------------------------------------------------------------------------- */

static uint64_t
status_kib(pid_t pid, const char *label)
{
	char path[64], line[256];
	uint64_t kib = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((file = fopen(path, "r")) == NULL)
		return 0;
	while (kib == 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, label, strlen(label)) == 0)
			kib = strtoull(line + strlen(label), NULL, 10);
	(void)fclose(file);
	return kib;
}

static unsigned
descriptors(pid_t pid)
{
	char path[64];
	unsigned count = 0;
	DIR *directory;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if ((directory = opendir(path)) == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += entry->d_name[0] != '.';
	(void)closedir(directory);
	return count;
}

static void
sample(struct soak *soak, unsigned i, unsigned window)
{
	struct usage *usage = &soak->usage[i];
	pid_t pid = soak->rig[i].pid[WEIR];
	uint64_t rss_kib = status_kib(pid, "RssAnon:");
	unsigned open = descriptors(pid);
	unsigned *most = &usage->descriptors_most[window >= WINDOWS / 2];

	if (rss_kib == 0 || open == 0)
		rig_wrong(&soak->rig[i], "/proc says nothing of the process");
	if (usage->rss_kib[window] == 0 || rss_kib < usage->rss_kib[window])
		usage->rss_kib[window] = rss_kib;
	usage->size_kib[window] = status_kib(pid, "VmSize:");
	if (usage->descriptors_least == 0 || open < usage->descriptors_least)
		usage->descriptors_least = open;
	if (open > *most)
		*most = open;
}

/* KiB an hour, by least squares over the windows after the first ones. */
static double
slope(const struct soak *soak, unsigned i)
{
	double window_h = (double)soak->time_ns / 3600e9 / WINDOWS;
	double n = 0, x_sum = 0, y_sum = 0, xx_sum = 0, xy_sum = 0;

	for (int w = WARM_UP; w < WINDOWS; w++) {
		double x = w * window_h, y = (double)soak->usage[i].rss_kib[w];

		if (soak->usage[i].rss_kib[w] == 0)
			continue; /* a machine asleep: no sample */
		n += 1;
		x_sum += x;
		y_sum += y;
		xx_sum += x * x;
		xy_sum += x * y;
	}
	return n < 2 ? 0 : (n * xy_sum - x_sum * y_sum) / (n * xx_sum - x_sum * x_sum);
}

/* --- the verdict ---------------------------------------------------------------------------------------- */

static void
examine(struct soak *soak, unsigned i)
{
	struct rig *rig = &soak->rig[i];
	const struct source *source = &rig->stream->source;
	const struct sink *sink = &rig->stream->sink;
	const struct report *last = &rig->reports.last;
	const struct usage *usage = &soak->usage[i];
	uint64_t lost = soaked[i].stride == 0 ? last->tally[DROPPED][RECORDS] : 0;

	rig_examine(rig);
	for (int role = 0; role < ROLES; role++)
		rig_ended(rig, (enum role)role, 0);
	if (last->tally[IN][RECORDS] != source->records || last->tally[IN][BYTES] != source->bytes ||
	    last->tally[OUT][RECORDS] != sink->records || last->tally[OUT][BYTES] != sink->bytes ||
	    sink->records + lost != source->records)
		rig_wrong(rig, "written %" PRIu64 ", in %" PRIu64 ", out %" PRIu64 ", read %" PRIu64,
		    source->records, last->tally[IN][RECORDS], last->tally[OUT][RECORDS], sink->records);
	if (rig->reports.finals != 1 || rig->reports.signals > soak->faults[i][ASK] ||
	    (rig->reports.signals == 0 && soak->faults[i][ASK] > 0))
		rig_wrong(rig, "%u reports for %u signals", rig->reports.signals, soak->faults[i][ASK]);
	/* In a short run on a slow machine there may be no sample in a half. */
	if (usage->descriptors_most[0] > 0 &&
	    usage->descriptors_most[1] > usage->descriptors_most[0] + PRIVATE_DESCRIPTORS)
		rig_wrong(rig, "descriptors leak: %u in the first half, then %u",
		    usage->descriptors_most[0], usage->descriptors_most[1]);
	if (soak->time_ns >= LEAST_S * NS_PER_S && slope(soak, i) > SLOPE_MOST)
		rig_wrong(rig, "memory grows by %.1f KiB an hour", slope(soak, i));
}

/* --- the page --------------------------------------------------------------------------------------------- */

static double
get_records(const struct soak *soak, unsigned i)
{
	return (double)soak->rig[i].stream->source.records;
}

static double
get_megabytes(const struct soak *soak, unsigned i)
{
	return (double)soak->rig[i].stream->source.bytes / 1e6;
}

static double
get_read(const struct soak *soak, unsigned i)
{
	return (double)soak->rig[i].stream->sink.records;
}

static double
get_dropped(const struct soak *soak, unsigned i)
{
	return (double)soak->rig[i].reports.last.tally[DROPPED][RECORDS];
}

static double
get_reports(const struct soak *soak, unsigned i)
{
	return soak->rig[i].reports.signals + soak->rig[i].reports.finals;
}

static double
get_first_rss(const struct soak *soak, unsigned i)
{
	return (double)soak->usage[i].rss_kib[WARM_UP];
}

static double
get_last_rss(const struct soak *soak, unsigned i)
{
	return (double)soak->usage[i].rss_kib[WINDOWS - 1];
}

static double
get_last_size(const struct soak *soak, unsigned i)
{
	return (double)soak->usage[i].size_kib[WINDOWS - 1];
}

static double
get_descriptors_least(const struct soak *soak, unsigned i)
{
	return soak->usage[i].descriptors_least;
}

static double
get_descriptors_most(const struct soak *soak, unsigned i)
{
	const unsigned *most = soak->usage[i].descriptors_most;

	return most[0] > most[1] ? most[0] : most[1];
}

static double
get_cpu(const struct soak *soak, unsigned i)
{
	return soak->rig[i].weir_cpu_s;
}

static const struct figure {
	const char *name;
	int decimals;
	double (*get)(const struct soak *soak, unsigned i);
} figures[] = {
	{ "records written", 0, get_records },
	{ "megabytes written", 0, get_megabytes },
	{ "records read, each checked byte for byte", 0, get_read },
	{ "records dropped, all accounted for", 0, get_dropped },
	{ "reports, in each of which the law held", 0, get_reports },
	{ "RssAnon after warm-up, KiB", 0, get_first_rss },
	{ "RssAnon at the end, KiB", 0, get_last_rss },
	{ "slope of RssAnon, KiB an hour", 2, slope },
	{ "VmSize at the end, KiB", 0, get_last_size },
	{ "descriptors, least", 0, get_descriptors_least },
	{ "descriptors, most", 0, get_descriptors_most },
	{ "CPU time, s", 1, get_cpu },
};

static void
print_page(const struct soak *soak, const struct campaign *campaign)
{
	struct utsname system = { .sysname = "" };
	char day[16] = "";
	time_t now = time(NULL);

	(void)uname(&system);
	(void)strftime(day, sizeof(day), "%Y-%m-%d", gmtime(&now));
	printf("# Soak\n\n`make soak SOAK_TIME=%" PRIu64 "s CHAOS_ARGS=--seed=%" PRIu64 "`, %s, %s %s on "
	    "%s.\n\n|", campaign->time_ns / NS_PER_S, campaign->seed, day, system.sysname, system.release,
	    system.machine);
	for (unsigned i = 0; i < SOAKED; i++)
		printf(" | `%s`%s", soaked[i].options[0], i + 1 < SOAKED ? "" : " |\n|---|");
	for (unsigned i = 0; i < SOAKED; i++)
		printf("--:|%s", i + 1 < SOAKED ? "" : "\n");
	for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
		printf("| %s |", figures[f].name);
		for (unsigned i = 0; i < SOAKED; i++)
			printf(" %.*f |", figures[f].decimals, figures[f].get(soak, i));
		printf("\n");
	}
	for (int fault = 0; fault < FAULTS; fault++) {
		printf("| %s, times |", fault_names[fault]);
		for (unsigned i = 0; i < SOAKED; i++)
			printf(" %u |", soak->faults[i][fault]);
		printf("\n");
	}
	printf("\nThe limit: %.0f KiB an hour, by least squares over the least memory in each of %d parts of\n"
	    "the time but the first %d; at most %d descriptors more in the second half than in the first.\n\n",
	    SLOPE_MOST, WINDOWS, WARM_UP, PRIVATE_DESCRIPTORS);
}

/* --- the run ------------------------------------------------------------------------------------------------ */

static void
start(struct soak *soak)
{
	for (unsigned i = 0; i < SOAKED; i++) {
		struct setup setup = { .count = UINT64_MAX, .stride = soaked[i].stride, .shortest = 1,
			.longest = 9000, .seed = random_next(&soak->random), .keep_out = true,
			.hook = burst };

		memcpy(setup.options, soaked[i].options, sizeof(soaked[i].options));
		rig_start(&soak->rig[i], &setup);
		rig_await_data(&soak->rig[i]);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &soak->start);
}

static void
go_on(struct soak *soak)
{
	uint64_t now_ns;
	bool good = true;

	while (good && (now_ns = elapsed_ns(soak)) < soak->time_ns) {
		unsigned i = (unsigned)random_below(&soak->random, SOAKED);

		mistreat(soak, i);
		sample(soak, i, (unsigned)(now_ns * WINDOWS / soak->time_ns));
		rest_us(random_below(&soak->random, 60000));
		campaign_alive();
		good = soak->rig[i].wrong[0] == '\0';
	}
}

int
main(int argc, char **argv)
{
	static struct soak soak;
	struct campaign campaign;

	campaign_begin(&campaign, true, argc, argv);
	if (access("/proc/self/status", R_OK) < 0) {
		printf("1..0 # SKIP there is no /proc to ask what a process uses\n");
		return 0;
	}
	if (campaign.time_ns == 0)
		campaign.time_ns = SHORT_S * NS_PER_S;
	soak.time_ns = campaign.time_ns;
	soak.random.state = campaign.seed;
	(void)!nice(10);
	start(&soak);
	go_on(&soak);
	for (unsigned i = 0; i < SOAKED; i++)
		soak.rig[i].stream->source.finish = true;
	for (unsigned i = 0; i < SOAKED; i++) {
		rig_finish(&soak.rig[i]);
		examine(&soak, i);
	}
	if (soak.time_ns >= LEAST_S * NS_PER_S)
		print_page(&soak, &campaign);
	for (unsigned i = 0; i < SOAKED; i++) {
		diag("%.0f records, %.0f MB, dropped %.0f, %.0f reports", get_records(&soak, i),
		    get_megabytes(&soak, i), get_dropped(&soak, i), get_reports(&soak, i));
		ok(rig_judge(&soak.rig[i], soaked[i].name), "%s", soaked[i].name);
	}
	return done_testing();
}
