/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes around weir; see rig.h. */
#include "config.h"

#include "base/units.h"
#include "rig.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Without a sign of life for so long, something hangs. */
#define PATIENCE_S 1200

#define RIGS_MOST 8
#define DESCRIPTORS_MOST 128

static const char *const role_names[] = { "source", "weir", "sink" };

/* Every process that there is, for whoever has to end them. */
static volatile pid_t living[RIGS_MOST * ROLES];

static char scratch[] = "/tmp/weir-chaos-XXXXXX"; /* where weir saves what it drops, */
static bool has_scratch;                          /* as long as there is such a file */

static char again[256]; /* the command that does the same once more */
static const char *weir;

/* --- the campaign --------------------------------------------------------------------------------- */

static void
drop_scratch(void)
{
	if (has_scratch)
		(void)unlink(scratch);
	has_scratch = false;
}

static void
kill_all(void)
{
	drop_scratch();
	for (size_t i = 0; i < sizeof(living) / sizeof(living[0]); i++)
		if (living[i] > 0)
			(void)kill(living[i], SIGKILL);
}

static void
on_end(int signal)
{
	static const char hangs[] = "Bail out! nothing moves any more; to see it again: ";

	kill_all();
	if (signal == SIGALRM) {
		(void)!write(STDOUT_FILENO, hangs, sizeof(hangs) - 1);
		(void)!write(STDOUT_FILENO, again, strlen(again));
		(void)!write(STDOUT_FILENO, "\n", 1);
	}
	_exit(1);
}

static _Noreturn void
usage(const char *program, bool soaks)
{
	fprintf(stderr, "usage: %s [--seed=N] %s\n", program,
	    soaks ? "[--time=TIME]" : "[--long] [--only=CASE]");
	exit(2);
}

static void
read_command_line(struct campaign *campaign, bool soaks, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "long", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "time", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*campaign = (struct campaign){ .seed = 1 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			campaign->seed = number_parse(optarg);
		else if (c == 'l' && !soaks)
			campaign->full = true;
		else if (c == 'o' && !soaks)
			campaign->only = optarg;
		else if (c != 't' || !soaks || units_time(optarg, &campaign->time_ns) != NULL)
			usage(argv[0], soaks);
	}
	if (optind < argc)
		usage(argv[0], soaks);
	(void)snprintf(again, sizeof(again), "%s --seed=%" PRIu64 "%s", argv[0], campaign->seed,
	    campaign->full ? " --long" : "");
	if (campaign->time_ns > 0)
		(void)snprintf(again + strlen(again), sizeof(again) - strlen(again), " --time=%" PRIu64 "s",
		    campaign->time_ns / NS_PER_S);
}

void
campaign_begin(struct campaign *campaign, bool soaks, int argc, char **argv)
{
	static const int ends[] = { SIGALRM, SIGHUP, SIGINT, SIGTERM };

	read_command_line(campaign, soaks, argc, argv);
	weir = getenv("WEIR") != NULL ? getenv("WEIR") : "./weir";
	if (access(weir, X_OK) < 0)
		die(weir);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)signal(ends[i], on_end);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)atexit(kill_all);
	campaign_alive();
}

bool
campaign_wants(const struct campaign *campaign, const char *name)
{
	return campaign->only == NULL || strstr(name, campaign->only) != NULL;
}

void
campaign_alive(void)
{
	(void)alarm(PATIENCE_S);
}

void
rest_us(uint64_t us)
{
	struct timespec left = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* --- pipes and processes --------------------------------------------------------------------------- */

static void
make_fifo(int end[2])
{
	char path[] = "/tmp/weir-chaos-XXXXXX";
	char name[sizeof(path) + 8];

	if (mkdtemp(path) == NULL)
		die(path);
	(void)snprintf(name, sizeof(name), "%s/fifo", path);
	if (mkfifo(name, 0600) < 0 || (end[0] = open(name, O_RDONLY | O_NONBLOCK)) < 0 ||
	    (end[1] = open(name, O_WRONLY)) < 0 || fcntl(end[0], F_SETFL, 0) < 0)
		die(name);
	(void)unlink(name);
	(void)rmdir(path);
}

static void
make_pipe(int end[2], bool fifo, int bytes)
{
	if (fifo)
		make_fifo(end);
	else if (pipe(end) < 0)
		die("pipe");
#ifdef F_SETPIPE_SZ
	if (bytes > 0)
		(void)fcntl(end[1], F_SETPIPE_SZ, bytes);
#else
	(void)bytes;
#endif
	for (int i = 0; i < 2; i++)
		(void)fcntl(end[i], F_SETFD, FD_CLOEXEC);
}

/* Of the child: it goes when the driver goes, takes signals as they come, and has these as its standard
 * descriptors, where -1 is what the driver has; nothing else is open but the two of keep. */
static void
be_child(int in, int out, int error, const int keep[2])
{
	const int from[] = { in, out, error };

#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	(void)alarm(0);
	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			(void)signal(s, SIG_DFL);
	for (int fd = 0; fd < 3; fd++)
		if (from[fd] >= 0 && dup2(from[fd], fd) < 0)
			die("dup2");
	for (int fd = 3; fd < DESCRIPTORS_MOST; fd++)
		if (fd != keep[0] && fd != keep[1])
			(void)close(fd);
}

static volatile pid_t *
find_living(pid_t pid)
{
	for (size_t i = 0; i < sizeof(living) / sizeof(living[0]); i++)
		if (living[i] == pid)
			return &living[i];
	errno = 0;
	die("too many processes");
}

/* As fork, for a process of the rig. */
static pid_t
begin(struct rig *rig, enum role role)
{
	volatile pid_t *place = find_living(0);
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0)
		*place = rig->pid[role] = pid;
	return pid;
}

static void
has_ended(struct rig *rig, enum role role, int status)
{
	*find_living(rig->pid[role]) = 0;
	rig->pid[role] = 0;
	rig->status[role] = status;
}

static void
wait_for(struct rig *rig, enum role role)
{
	struct rusage usage;
	int status;

	if (rig->pid[role] == 0)
		return;
	while (wait4(rig->pid[role], &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait4");
	has_ended(rig, role, status);
	if (role == WEIR)
		rig->weir_cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- the three ------------------------------------------------------------------------------------- */

struct points {
	struct rig *rig;
	struct random *random;
	uint64_t passed;
	int arrived, pass;
};

static void
set_point(struct points *points, struct source *source)
{
	const struct setup *setup = &points->rig->setup;
	uint64_t every = setup->points > 0 ? setup->count / (setup->points + 1) : 0;

	if (points->passed == setup->points || every == 0)
		source->point = UINT64_MAX;
	else
		source->point = points->passed * every + 1 + random_below(points->random, every);
}

static void
at_point(struct source *source, void *state)
{
	struct points *points = state;
	char byte = 0;

	if (write(points->arrived, &byte, 1) < 0 || read(points->pass, &byte, 1) <= 0)
		_exit(SOURCE_WAITED);
	points->passed++;
	set_point(points, source);
}

/* The ends of pipes that the three get. */
struct ends {
	int in[2], out[2], error[2];
	int arrived[2], pass[2];
};

static void
begin_source(struct rig *rig, const struct ends *ends)
{
	struct random random = { rig->setup.seed };
	struct points points = { .rig = rig, .random = &random, .arrived = ends->arrived[1],
		.pass = ends->pass[0] };
	const int keep[] = { points.arrived, points.pass };
	struct source *source = &rig->stream->source;

	if (begin(rig, SOURCE) > 0)
		return;
	be_child(-1, ends->in[1], -1, keep);
	if (rig->setup.hook != NULL) {
		source_run(source, STDOUT_FILENO, &random, rig->setup.hook, &random);
	} else {
		set_point(&points, source);
		source_run(source, STDOUT_FILENO, &random, at_point, &points);
	}
	_exit(0);
}

static int
make_scratch(void)
{
	int fd;

	memset(scratch + strlen(scratch) - 6, 'X', 6);
	fd = mkstemp(scratch);
	if (fd < 0)
		die(scratch);
	has_scratch = true;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static void
begin_weir(struct rig *rig, const struct ends *ends)
{
	static const int none[] = { -1, -1 };
	char *argv[WEIR_OPTIONS_MOST + 6];
	char option[64];
	size_t n = 0;

	if (begin(rig, WEIR) > 0)
		return;
	be_child(ends->in[0], ends->out[1], ends->error[1], none);
	if (rig->setup.sigpipe_ignored)
		(void)signal(SIGPIPE, SIG_IGN);
	argv[n++] = strdup(weir);
	argv[n++] = strdup("--format=json");
	for (size_t i = 0; rig->setup.options[i] != NULL; i++)
		argv[n++] = strdup(rig->setup.options[i]);
	if (rig->setup.full && setrlimit(RLIMIT_FSIZE, &(struct rlimit){ FULL_BYTES, FULL_BYTES }) < 0)
		die("setrlimit");
	if (rig->setup.watched) {
		argv[n++] = strdup("--mark-drops=!{records} {bytes}");
		(void)snprintf(option, sizeof(option), "--interval=%dms", WATCH_INTERVAL_MS);
		argv[n++] = strdup(option);
		(void)snprintf(option, sizeof(option), "--dropped=%s", scratch);
		argv[n++] = strdup(option);
	}
	argv[n] = NULL;
	(void)execv(argv[0], argv);
	die(argv[0]);
}

static void
begin_sink(struct rig *rig)
{
	static const int none[] = { -1, -1 };
	struct random random = { ~rig->setup.seed ^ rig->stream->sink.bytes };

	if (begin(rig, SINK) > 0)
		return;
	be_child(rig->out, -1, -1, none);
	sink_run(&rig->stream->sink, STDIN_FILENO, &random);
	_exit(0);
}

static void
close_both(const int end[2])
{
	(void)close(end[0]);
	(void)close(end[1]);
}

static void *
share(size_t bytes)
{
	void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		die("mmap");
	return shared;
}

/* Of the bits of all records. */
static size_t
seen_bytes(const struct setup *setup)
{
	return (size_t)(setup->count / 8 + 1);
}

static void
share_stream(struct rig *rig)
{
	const struct setup *setup = &rig->setup;
	struct random random = { setup->seed };
	struct stream *stream = share(sizeof(*stream));

	lengths_random(&stream->source.lengths, &random, setup->shortest, setup->longest);
	stream->source.count = setup->count;
	stream->source.framed = stream->sink.framed = setup->framed;
	stream->sink.lengths = stream->source.lengths;
	stream->sink.stride = setup->stride;
	stream->sink.most = setup->most;
	stream->sink.marked = setup->watched;
	if (setup->watched || setup->tracks)
		stream->sink.seen = share(seen_bytes(setup));
	rig->stream = stream;
}

void
rig_start(struct rig *rig, const struct setup *setup)
{
	struct ends ends;

	*rig = (struct rig){ .setup = *setup };
	rig->letters = setup->watched ? make_scratch() : -1;
	share_stream(rig);
	make_pipe(ends.in, setup->fifo, setup->in_pipe);
	make_pipe(ends.out, setup->fifo, setup->out_pipe);
	make_pipe(ends.error, false, 0);
	make_pipe(ends.arrived, false, 0);
	make_pipe(ends.pass, false, 0);
	rig->out = ends.out[0];
	rig->arrived = ends.arrived[0];
	rig->pass = ends.pass[1];
	rig->reports.fd = ends.error[0];
	(void)fcntl(rig->reports.fd, F_SETFL, O_NONBLOCK);
	begin_sink(rig);
	begin_weir(rig, &ends);
	begin_source(rig, &ends);
	close_both(ends.in);
	if (!setup->keep_out) {
		(void)close(rig->out);
		rig->out = -1;
	}
	(void)close(ends.out[1]);
	(void)close(ends.error[1]);
	(void)close(ends.arrived[1]);
	(void)close(ends.pass[0]);
	campaign_alive();
}

/* --- the driver's hands ------------------------------------------------------------------------------ */

bool
rig_point(struct rig *rig)
{
	char byte = 0;

	campaign_alive();
	reports_read(&rig->reports);
	return write(rig->pass, &byte, 1) == 1 && read(rig->arrived, &byte, 1) == 1;
}

void
rig_await_data(struct rig *rig)
{
	while (rig->stream->sink.bytes == 0 && rig->reports.fd >= 0) {
		reports_read(&rig->reports);
		rest_us(500);
	}
}

bool
rig_waits_at_point(struct rig *rig, int ms)
{
	struct pollfd point = { .fd = rig->arrived, .events = POLLIN };

	return poll(&point, 1, ms) > 0;
}

void
rig_signal(struct rig *rig, enum role role, int signal)
{
	if (rig->pid[role] > 0)
		(void)kill(rig->pid[role], signal);
}

bool
rig_stop(struct rig *rig, enum role role)
{
	int status;

	if (rig->pid[role] == 0 || kill(rig->pid[role], SIGSTOP) < 0)
		return false;
	while (waitpid(rig->pid[role], &status, WUNTRACED) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (WIFSTOPPED(status))
		return true;
	has_ended(rig, role, status);
	return false;
}

void
rig_continue(struct rig *rig, enum role role)
{
	rig_signal(rig, role, SIGCONT);
}

void
rig_replace_sink(struct rig *rig)
{
	rig->stream->sink.leave = true;
	wait_for(rig, SINK);
	rig->stream->sink.leave = false;
	begin_sink(rig);
}

void
rig_finish(struct rig *rig)
{
	campaign_alive();
	(void)close(rig->pass);
	if (rig->out >= 0)
		(void)close(rig->out);
	reports_finish(&rig->reports);
	for (int role = 0; role < ROLES; role++)
		wait_for(rig, (enum role)role);
	(void)close(rig->arrived);
	drop_scratch();
}

void
rig_free(struct rig *rig)
{
	if (rig->setup.watched)
		(void)close(rig->letters);
	if (rig->stream->sink.seen != NULL)
		(void)munmap(rig->stream->sink.seen, seen_bytes(&rig->setup));
	(void)munmap(rig->stream, sizeof(*rig->stream));
	rig->stream = NULL;
}

/* --- what is wrong ----------------------------------------------------------------------------------- */

void
rig_wrong(struct rig *rig, const char *format, ...)
{
	va_list arguments;

	if (rig->wrong[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(rig->wrong, sizeof(rig->wrong), format, arguments);
	va_end(arguments);
}

void
rig_ended(struct rig *rig, enum role role, int signal)
{
	int status = rig->status[role];

	if (signal == 0 ? status != 0 : !WIFSIGNALED(status) || WTERMSIG(status) != signal)
		rig_wrong(rig, "%s ended with %s %d, and that should be %s %d (%s)", role_names[role],
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		    signal == 0 ? "status" : "signal", signal, rig->reports.message);
}

void
rig_examine(struct rig *rig)
{
	if (rig->stream->sink.wrong[0] != '\0')
		rig_wrong(rig, "%s", rig->stream->sink.wrong);
	if (rig->reports.wrong[0] != '\0')
		rig_wrong(rig, "%s", rig->reports.wrong);
}

bool
rig_judge(const struct rig *rig, const char *name)
{
	if (rig->wrong[0] == '\0')
		return true;
	printf("# %s: %s\n# to see it again: %s\n", name, rig->wrong, again);
	return false;
}
