/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The producer, the reader and who listens to standard error are one process and one poll, so that a weir that
 * waits for one of them can never be waited for by another.
 */
#include "config.h"

#include "run.h"
#include "tested.h"
#include "../unit/random.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The watchdog: so long without a byte in or out, or for the whole run, on a machine however busy. */
#define PROGRESS_MS 120000
#define RUN_MS 600000

#define STEP_MS 1       /* between looks while something has to be waited for that poll cannot tell */
#define PAUSE_MS 3      /* a reader's rest */
#define FED_MOST_MS 20  /* a reader that waits for a producer that has to wait for it gives in */

static char directory[64];
static const char *weir_path, *shim_path;

struct ends {
	int ours, theirs;
};

struct rig {
	const struct plan *plan;
	const struct stream *stream;
	struct outcome *outcome;
	struct random random;
	pid_t pid;
	struct ends in, out, errors;
	bool catches;        /* weir has set up its signal handlers */
	bool stalled;        /* the reader reads nothing yet */
	bool fed_and_closed;
	uint64_t rests_until_ms, progress_ms, start_ms;
};

static _Noreturn void
give_up(const char *what)
{
	perror(what);
	rig_end();
	exit(99);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- files ---------------------------------------------------------------------------------------- */

static const char *
path_of(const char *name)
{
	static char path[sizeof(directory) + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

void
rig_begin(const char *weir, const char *shim)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(directory, sizeof(directory), "%.40s/weir.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(directory) == NULL)
		give_up(directory);
	weir_path = weir;
	shim_path = shim;
	plan_patterns = takes_patterns(weir);
	(void)signal(SIGPIPE, SIG_IGN);
}

void
rig_end(void)
{
	DIR *names = opendir(directory);
	struct dirent *name;

	/* A weir that was failed at every turn may have left anything. */
	while (names != NULL && (name = readdir(names)) != NULL)
		if (strcmp(name->d_name, ".") != 0 && strcmp(name->d_name, "..") != 0)
			(void)unlinkat(dirfd(names), name->d_name, 0);
	if (names != NULL)
		(void)closedir(names);
	(void)rmdir(directory);
}

/* A file that is gone as soon as it is no longer open. */
static int
make_file(void)
{
	const char *path = path_of("file");
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || unlink(path) < 0)
		give_up(path);
	return fd;
}

static struct ends
make_fifo(bool input)
{
	const char *path = path_of("fifo");
	int reader, writer;

	if (mkfifo(path, 0600) < 0 || (reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0 ||
	    (writer = open(path, O_WRONLY | O_CLOEXEC)) < 0 || unlink(path) < 0)
		give_up(path);
	return input ? (struct ends){ writer, reader } : (struct ends){ reader, writer };
}

static void
set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		give_up("fcntl");
}

static struct ends
make_ends(enum end_kind kind, bool input, bool nonblock)
{
	struct ends ends = { -1, -1 };
	int pair[2];

	switch (kind) {
	case END_PIPE:
		if (pipe2(pair, O_CLOEXEC) < 0)
			give_up("pipe2");
		ends = (struct ends){ pair[input], pair[!input] };
		break;
	case END_FIFO:
		ends = make_fifo(input);
		break;
	case END_SOCKET:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			give_up("socketpair");
		ends = (struct ends){ pair[0], pair[1] };
		break;
	case END_FILE:
	case END_KINDS:
		ends.theirs = make_file();
		return ends;
	}
	set_nonblock(ends.ours, true);
	set_nonblock(ends.theirs, nonblock);
	return ends;
}

static void
fill_file(int fd, const struct stream *stream)
{
	if (pwrite(fd, stream->bytes, stream->length, 0) != (ssize_t)stream->length)
		give_up("pwrite");
}

static void
add_text(struct text *text, const char *bytes, size_t length)
{
	if (text->length + length + 1 > text->room) {
		text->room = 2 * (text->length + length + 1);
		if ((text->bytes = realloc(text->bytes, text->room)) == NULL)
			give_up("realloc");
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

static void
add_file(struct text *text, int fd)
{
	char bytes[65536];
	ssize_t length;

	for (off_t at = 0; (length = pread(fd, bytes, sizeof(bytes), at)) > 0; at += length)
		add_text(text, bytes, (size_t)length);
}

/* --- weir ----------------------------------------------------------------------------------------- */

static void
set_shim(const struct plan *plan, int counts)
{
	char order[80];

	(void)snprintf(order, sizeof(order), "%d %" PRIu64 " %d %d", (int)plan->mode, plan->which, plan->what,
	    counts);
	(void)fcntl(counts, F_SETFD, 0);
	preload(shim_path);
	(void)setenv(SHIM_VARIABLE, order, 1);
}

static _Noreturn void
be_weir(const struct rig *rig, int counts)
{
	static const int caught[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1 };
	const struct plan *plan = rig->plan;
	char *argv[ARGUMENTS_MOST + 5];
	const struct {
		bool wanted;
		const char *option;
	} files[] = {
		{ plan->report_file, "report" },
		{ plan->saves, "dropped" },
		{ plan->metrics_file, "metrics" },
	};
	char path[sizeof(files) / sizeof(files[0])][128];
	int count = 0;

	argv[count++] = (char *)(uintptr_t)"weir";
	for (int i = 0; i < plan->arguments; i++)
		argv[count++] = plan->argument[i];
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!files[i].wanted)
			continue;
		(void)snprintf(path[i], sizeof(path[i]), "--%s=%s", files[i].option, path_of(files[i].option));
		argv[count++] = path[i];
	}
	argv[count] = NULL;
	/* Also where the driver runs in the background, or by nohup. */
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)signal(caught[i], SIG_DFL);
	(void)signal(SIGPIPE, plan->pipe_ignored ? SIG_IGN : SIG_DFL);
	if (counts >= 0)
		set_shim(plan, counts);
	if (dup2(rig->in.theirs, 0) == 0 && dup2(rig->out.theirs, 1) == 1 && dup2(rig->errors.theirs, 2) == 2)
		(void)execv(weir_path, argv);
	_exit(127);
}

/* Whether it has set up its signal handlers, or else a signal would just end it. */
static bool
catches(struct rig *rig)
{
	char path[64], line[128];
	uint64_t caught = 0;
	FILE *status;

	if (rig->catches)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)rig->pid);
	if ((status = fopen(path, "r")) == NULL)
		return false;
	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "SigCgt: %" SCNx64, &caught) == 1)
			break;
	(void)fclose(status);
	return rig->catches = (caught >> (SIGHUP - 1) & caught >> (SIGTERM - 1) & 1) != 0;
}

/* --- both sides ----------------------------------------------------------------------------------- */

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
feed(struct rig *rig)
{
	struct outcome *outcome = rig->outcome;
	size_t left = rig->stream->length - outcome->fed;
	size_t length = (size_t)random_from(&rig->random, 1, rig->plan->write_most);
	ssize_t done = 0;

	if (length > left)
		length = left;
	if (length > 0)
		done = write(rig->in.ours, rig->stream->bytes + outcome->fed, length);
	if (done > 0) {
		outcome->fed += (size_t)done;
		rig->progress_ms = now_ms();
	}
	if (done < 0 && errno != EAGAIN) {
		close_end(&rig->in.ours); /* weir takes no more */
	} else if (outcome->fed == rig->stream->length) {
		close_end(&rig->in.ours);
		outcome->fed_all = true;
	}
}

static void
take(struct rig *rig)
{
	static char bytes[1 << 20];
	struct outcome *outcome = rig->outcome;
	size_t left = rig->plan->leave_at - outcome->out.length;
	size_t length = (size_t)random_from(&rig->random, 1, rig->plan->read_most);
	ssize_t done;

	if (rig->plan->stall == STALL_PAUSES && random_one_in(&rig->random, 20))
		rig->rests_until_ms = now_ms() + PAUSE_MS;
	done = left > 0 ? read(rig->out.ours, bytes, length < left ? length : left) : -1;
	if (done > 0) {
		add_text(&outcome->out, bytes, (size_t)done);
		rig->progress_ms = now_ms();
	}
	if (left == 0) {
		close_end(&rig->out.ours);
		outcome->left = true;
	} else if (done == 0 || (done < 0 && errno != EAGAIN)) {
		close_end(&rig->out.ours);
	}
}

static void
hear(struct rig *rig)
{
	char bytes[16384];
	ssize_t done = read(rig->errors.ours, bytes, sizeof(bytes));

	if (done > 0)
		add_text(&rig->outcome->errors, bytes, (size_t)done);
	else if (done == 0 || errno != EAGAIN)
		close_end(&rig->errors.ours);
}

/* Signals, as planned. */
static void
prod(struct rig *rig)
{
	const struct plan *plan = rig->plan;
	struct outcome *outcome = rig->outcome;

	if (rig->errors.ours < 0 || !catches(rig))
		return;
	if (plan->usr1_one_in > 0 && random_one_in(&rig->random, plan->usr1_one_in))
		(void)kill(rig->pid, SIGUSR1);
	if (outcome->fed < plan->term_at)
		return;
	if (!outcome->terminated || plan->term_twice)
		(void)kill(rig->pid, SIGTERM);
	outcome->terminated = true;
}

/* Whether the last whole report says that all has been read: then what is held is what the policy has left.  Asks
 * for another where it does not. */
static void
settle(struct rig *rig)
{
	struct outcome *outcome = rig->outcome;
	const char *last = NULL;
	char wanted[64];

	if (outcome->fed < rig->stream->length)
		return;
	(void)snprintf(wanted, sizeof(wanted), ",\"bytes\":%zu},\"out\":{", rig->stream->length);
	for (const char *at = outcome->errors.bytes; at != NULL && (at = strstr(at, wanted)) != NULL; at++)
		last = strchr(at, '\n') != NULL ? at : last;
	if (last != NULL) {
		while (last > outcome->errors.bytes && last[-1] != '\n')
			last--;
		outcome->settled_at = (size_t)(last - outcome->errors.bytes);
		outcome->settled = true;
		rig->stalled = false;
	} else if (catches(rig)) {
		(void)kill(rig->pid, SIGUSR1);
	}
}

static void
end_stall(struct rig *rig)
{
	bool fed = rig->in.ours < 0;

	if (rig->errors.ours < 0)
		rig->stalled = false;
	else if (rig->plan->stall == STALL_SETTLED)
		settle(rig);
	else if ((fed && rig->fed_and_closed) || now_ms() - rig->start_ms > FED_MOST_MS)
		rig->stalled = false;
	rig->fed_and_closed = fed; /* one look later, so that weir has had the time to read it */
}

static void
watch(struct rig *rig)
{
	uint64_t now = now_ms();

	if (now - rig->progress_ms < PROGRESS_MS && now - rig->start_ms < RUN_MS)
		return;
	rig->outcome->hung = now - rig->progress_ms >= PROGRESS_MS ? "no progress" : "no end";
	(void)kill(rig->pid, SIGKILL);
	rig->progress_ms = rig->start_ms = now;
}

static void
step(struct rig *rig)
{
	bool rests = rig->stalled || now_ms() < rig->rests_until_ms;
	struct pollfd set[] = {
		{ .fd = rig->in.ours, .events = POLLOUT },
		{ .fd = rests ? -1 : rig->out.ours, .events = POLLIN },
		{ .fd = rig->errors.ours, .events = POLLIN },
	};
	bool looks = rests || (rig->outcome->fed >= rig->plan->term_at && !rig->outcome->terminated);

	(void)poll(set, 3, looks ? STEP_MS : 1000);
	if (set[0].revents != 0)
		feed(rig);
	if (set[1].revents != 0)
		take(rig);
	if (set[2].revents != 0)
		hear(rig);
	prod(rig);
	if (rig->stalled)
		end_stall(rig);
	watch(rig);
}

/* --- a run ---------------------------------------------------------------------------------------- */

static void
start(struct rig *rig, int counts)
{
	const struct plan *plan = rig->plan;

	rig->in = make_ends(plan->input, true, plan->input_nonblock);
	rig->out = make_ends(plan->output, false, plan->output_nonblock);
	rig->errors = make_ends(END_PIPE, false, false);
	if (plan->input == END_FILE) {
		fill_file(rig->in.theirs, rig->stream);
		rig->outcome->fed = rig->stream->length;
		rig->outcome->fed_all = true;
	}
	rig->stalled = plan->output != END_FILE && plan->stall >= STALL_FED;
	rig->start_ms = rig->progress_ms = now_ms();
	rig->pid = fork();
	if (rig->pid < 0)
		give_up("fork");
	if (rig->pid == 0)
		be_weir(rig, counts);
	close_end(&rig->in.theirs);
	close_end(&rig->errors.theirs);
	if (plan->output != END_FILE)
		close_end(&rig->out.theirs);
}

/* What weir has written there, if it has. */
static void
take_file(struct text *text, const char *name)
{
	int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	add_file(text, fd);
	(void)close(fd);
	(void)unlink(path_of(name));
}

static void
collect(struct rig *rig, int counts)
{
	struct outcome *outcome = rig->outcome;
	struct rusage used;

	if (wait4(rig->pid, &outcome->status, 0, &used) != rig->pid)
		give_up("wait4");
	outcome->cpu_ms = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	    (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	close_end(&rig->in.ours);
	if (rig->plan->output == END_FILE)
		add_file(&outcome->out, rig->out.theirs);
	close_end(&rig->out.theirs);
	take_file(&outcome->report, "report");
	take_file(&outcome->saved, "dropped");
	(void)unlink(path_of("metrics"));
	if (counts >= 0)
		(void)!pread(counts, &outcome->counts, sizeof(outcome->counts), 0);
}

void
rig_run(const struct plan *plan, const struct stream *stream, uint64_t seed, struct outcome *outcome)
{
	struct rig rig = { .plan = plan, .stream = stream, .outcome = outcome, .random = { seed } };
	int counts = -1;

	*outcome = (struct outcome){ .hung = NULL };
	if (plan->what != 0) {
		/* Written out: a hole would end weir by SIGBUS when the disk is full. */
		counts = make_file();
		if (pwrite(counts, &outcome->counts, sizeof(outcome->counts), 0) !=
		    (ssize_t)sizeof(outcome->counts))
			give_up("pwrite");
	}
	add_text(&outcome->out, "", 0);
	add_text(&outcome->errors, "", 0);
	add_text(&outcome->report, "", 0);
	add_text(&outcome->saved, "", 0);
	start(&rig, counts);
	while (rig.errors.ours >= 0 || rig.out.ours >= 0)
		step(&rig);
	collect(&rig, counts);
	close_end(&counts);
}

void
rig_free(struct outcome *outcome)
{
	free(outcome->out.bytes);
	free(outcome->errors.bytes);
	free(outcome->report.bytes);
	free(outcome->saved.bytes);
}
