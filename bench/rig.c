/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig - runs a pipeline of stages without a shell and tells what each cost.
 *
 *   rig [OPTION]... STAGE... [:: STAGE...]...        rig source --seconds=1 :: cat :: sink
 *   rig --startup=N COMMAND...                       how long N runs on an empty input take
 *
 * It makes the pipes (so that their size is known), starts every stage, waits, and prints one line
 * of JSON: for each stage its exit status, when it ended, its resources (getrusage) and, from the
 * first and the last, the line they left on the descriptor that RIG_STATS_FD names. All times are
 * CLOCK_MONOTONIC, so they can be compared with those in that line.
 *
 * Does not judge: what a figure means is for bench/run to say. Linux only.
 */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define STAGES_MAX 64
#define STATS_FD 3
#define RSS_LARGE_KIB 4096
#define RSS_PERIOD_NS (5 * NS_PER_S / 1000)

struct stage {
	char **argv;
	pid_t pid; /* 0: has ended */
	int stats; /* -1: none */
	int status;
	bool killed;
	uint64_t end_ns;
	struct rusage usage;
	uint64_t rss_anon_peak_kib, rss_large_ns; /* when RssAnon was last seen over RSS_LARGE_KIB */
};

struct rig {
	struct stage stages[STAGES_MAX];
	int n, running;
	uint64_t pipe_bytes;        /* 0: as the kernel makes them */
	uint64_t limit_ns;          /* for the whole run */
	uint64_t after_last_ns;     /* how long the others may outlive the last stage */
	bool release;               /* USR1 to the last stage once the first has ended */
	bool rss;                   /* watch RssAnon of the stages in the middle */
	const char *errors;         /* where their standard error goes */
	uint64_t start_ns, kill_ns; /* kill_ns: when those that still run are killed */
	bool timed_out;
};

static int
must_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void
must_move(int from, int to)
{
	if (dup2(from, to) < 0)
		err(1, "dup2");
}

static _Noreturn void
become(const struct rig *r, const struct stage *stage, int in, int out, bool last)
{
	sigset_t set;

	sigemptyset(&set);
	if (last)
		sigaddset(
		    &set, SIGUSR1); /* so that it is not killed by the release before it listens */
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (r->errors != NULL)
		must_move(must_open(r->errors, O_WRONLY | O_CREAT | O_APPEND), STDERR_FILENO);
	must_move(in, STDIN_FILENO);
	must_move(out, STDOUT_FILENO);
	if (stage->stats >= 0) {
		must_move(stage->stats, STATS_FD);
		setenv(STATS_FD_VARIABLE, "3", 1);
	}
	execvp(stage->argv[0], stage->argv);
	err(127, "%s", stage->argv[0]);
}

static void
must_pipe(int ends[2], uint64_t bytes)
{
	if (pipe2(ends, O_CLOEXEC) != 0)
		err(1, "pipe");
	if (bytes != 0 && fcntl(ends[1], F_SETPIPE_SZ, (int)bytes) < 0)
		err(1, "a pipe of %" PRIu64 " bytes", bytes);
}

/*
 * Descriptors 0 to 3 are taken in rig itself (main sees to that), so none made here is overwritten
 * in the child.
 */
static void
start(struct rig *r)
{
	int in = must_open("/dev/null", O_RDONLY), ends[2];

	r->start_ns = now_ns();
	for (int i = 0; i < r->n; i++) {
		struct stage *stage = &r->stages[i];
		bool last = i == r->n - 1;

		if (last)
			ends[1] = must_open("/dev/null", O_WRONLY);
		else
			must_pipe(ends, r->pipe_bytes);
		stage->stats = -1;
		if ((i == 0 || last) && (stage->stats = memfd_create("stats", MFD_CLOEXEC)) < 0)
			err(1, "memfd_create");
		stage->pid = fork();
		if (stage->pid < 0)
			err(1, "fork");
		if (stage->pid == 0)
			become(r, stage, in, ends[1], last);
		close(in);
		close(ends[1]);
		in = ends[0];
		r->running++;
	}
}

static void
sample_rss(struct stage *stage)
{
	char path[64], line[256];
	uint64_t kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)stage->pid);
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "RssAnon: %" SCNu64, &kib) != 1)
			continue;
		if (kib > stage->rss_anon_peak_kib)
			stage->rss_anon_peak_kib = kib;
		if (kib > RSS_LARGE_KIB)
			stage->rss_large_ns = now_ns();
	}
	fclose(f);
}

static void
reap(struct rig *r)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		uint64_t now = now_ns();

		for (int i = 0; i < r->n; i++) {
			struct stage *stage = &r->stages[i];

			if (stage->pid != pid)
				continue;
			stage->pid = 0;
			stage->status = status;
			stage->usage = usage;
			stage->end_ns = now;
			r->running--;
			if (i == 0 && r->release && r->stages[r->n - 1].pid != 0)
				kill(r->stages[r->n - 1].pid, SIGUSR1);
			if (i == r->n - 1 && r->kill_ns > now + r->after_last_ns)
				r->kill_ns = now + r->after_last_ns;
		}
	}
}

static void
kill_rest(struct rig *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->stages[i].pid != 0) {
			r->stages[i].killed = true;
			kill(r->stages[i].pid, SIGKILL);
		}
	r->timed_out = r->stages[r->n - 1].killed;
	r->kill_ns = UINT64_MAX;
}

static void
wait_for_all(struct rig *r, const sigset_t *child)
{
	r->kill_ns = r->start_ns + r->limit_ns;
	for (reap(r); r->running > 0; reap(r)) {
		uint64_t now = now_ns(), wait_ns = r->kill_ns > now ? r->kill_ns - now : 0;
		struct timespec t;

		if (wait_ns == 0) {
			kill_rest(r);
			wait_ns = NS_PER_S;
		}
		for (int i = 1; r->rss && i < r->n - 1; i++)
			if (r->stages[i].pid != 0)
				sample_rss(&r->stages[i]);
		if (r->rss && wait_ns > RSS_PERIOD_NS)
			wait_ns = RSS_PERIOD_NS;
		t.tv_sec = (time_t)(wait_ns / NS_PER_S);
		t.tv_nsec = (long)(wait_ns % NS_PER_S);
		sigtimedwait(child, NULL, &t);
	}
}

static uint64_t
timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

static void
print_stats(int fd)
{
	char text[4096];
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof(text), 0) : 0;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0)
		printf("%.*s", (int)n, text);
	else
		printf("null");
}

static void
print_stage(const struct stage *s)
{
	printf("{\"exit\":%d,\"signal\":%d,\"killed\":%s",
	    WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -1,
	    WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0, s->killed ? "true" : "false");
	printf(",\"end_ns\":%" PRIu64 ",\"user_ns\":%" PRIu64 ",\"system_ns\":%" PRIu64, s->end_ns,
	    timeval_ns(s->usage.ru_utime), timeval_ns(s->usage.ru_stime));
	printf(",\"switches\":%ld,\"preempted\":%ld,\"maxrss_kib\":%ld", s->usage.ru_nvcsw,
	    s->usage.ru_nivcsw, s->usage.ru_maxrss);
	printf(",\"rss_anon_peak_kib\":%" PRIu64 ",\"rss_large_ns\":%" PRIu64, s->rss_anon_peak_kib,
	    s->rss_large_ns);
	printf(",\"stats\":");
	print_stats(s->stats);
	printf("}");
}

static void
report(const struct rig *r)
{
	printf("{\"start_ns\":%" PRIu64 ",\"timed_out\":%s,\"stages\":[", r->start_ns,
	    r->timed_out ? "true" : "false");
	for (int i = 0; i < r->n; i++) {
		printf(i > 0 ? "," : "");
		print_stage(&r->stages[i]);
	}
	printf("]}\n");
}

static int
ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* From before fork to after wait; the input is at its end, the output has a reader. */
static uint64_t
one_startup_ns(const struct rig *r, int *status)
{
	struct stage stage = { .argv = r->stages[0].argv, .stats = -1 };
	int in[2], out[2];
	uint64_t begin;

	must_pipe(in, 0);
	must_pipe(out, 0);
	close(in[1]);
	begin = now_ns();
	stage.pid = fork();
	if (stage.pid < 0)
		err(1, "fork");
	if (stage.pid == 0)
		become(r, &stage, in[0], out[1], false);
	if (waitpid(stage.pid, status, 0) != stage.pid)
		err(1, "waitpid");
	begin = now_ns() - begin;
	close(in[0]);
	close(out[0]);
	close(out[1]);
	return begin;
}

static int
time_startups(const struct rig *r, size_t n)
{
	uint64_t *ns = calloc(n, sizeof(*ns));
	int status = 0;

	if (ns == NULL)
		errx(1, "out of memory");
	for (size_t i = 0; i < n && status == 0; i++)
		ns[i] = one_startup_ns(r, &status);
	qsort(ns, n, sizeof(*ns), ascending);
	printf("{\"status\":%d,\"runs\":%zu,\"min_ns\":%" PRIu64 ",\"median_ns\":%" PRIu64
	       ",\"p90_ns\":%" PRIu64 "}\n",
	    status, n, ns[0], ns[n / 2], ns[n * 9 / 10]);
	free(ns);
	return 0;
}

static void
split(struct rig *r, char **argv)
{
	r->stages[r->n++].argv = argv;
	for (; *argv != NULL; argv++)
		if (strcmp(*argv, "::") == 0) {
			if (r->n == STAGES_MAX)
				errx(2, "more than %d stages", STAGES_MAX);
			*argv = NULL;
			r->stages[r->n++].argv = argv + 1;
		}
	for (int i = 0; i < r->n; i++)
		if (r->stages[i].argv[0] == NULL)
			errx(2, "stage %d is empty", i + 1);
}

static const char usage[] =
    "usage: rig [--pipe=SIZE] [--limit=TIME] [--after-last=TIME] [--release] [--rss]\n"
    "           [--errors=FILE] STAGE... [:: STAGE...]...\n"
    "       rig --startup=N [--errors=FILE] COMMAND...\n";

static const struct option options[] = {
	{ "pipe", required_argument, NULL, 'p' },
	{ "limit", required_argument, NULL, 'l' },
	{ "after-last", required_argument, NULL, 'a' },
	{ "release", no_argument, NULL, 'r' },
	{ "rss", no_argument, NULL, 'm' },
	{ "errors", required_argument, NULL, 'e' },
	{ "startup", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

int
main(int argc, char **argv)
{
	static struct rig r = { .limit_ns = 60 * NS_PER_S, .after_last_ns = NS_PER_S };
	uint64_t startups = 0;
	sigset_t child;
	int c;

	while (must_open("/dev/null", O_RDWR) <= STATS_FD)
		;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'p': r.pipe_bytes = parse_size(optarg); break;
		case 'l': r.limit_ns = parse_time(optarg); break;
		case 'a': r.after_last_ns = parse_time(optarg); break;
		case 'r': r.release = true; break;
		case 'm': r.rss = true; break;
		case 'e': r.errors = optarg; break;
		case 's': startups = parse_size(optarg); break;
		default: fputs(usage, stderr); return 2;
		}
	}
	split(&r, argv + optind);
	if (startups > 0)
		return time_startups(&r, (size_t)startups);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	start(&r);
	wait_for_all(&r, &child);
	report(&r);
	return 0;
}
