/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * over: runs a command with its standard input and output over a chosen kind of thing, feeds the one from a file and
 * collects the other into a file.
 *
 *   over [-i KIND] [-o KIND] [-I FILE] [-O FILE] [OPTION]... COMMAND [ARGUMENT]...
 *
 * KIND is pipe (the default), fifo, socket (a UNIX stream), packets (one that keeps apart what is
 * written to it at once, up to 16 KiB), pty (a raw terminal), master (its other side; output only), or
 * file (the very file of -I or -O).
 *
 *   -f SIZE  bytes a write when feeding, -c SIZE bytes a read when collecting (default 65536; 1 is worth a try)
 *   -n       O_NONBLOCK is set on what the command inherits as 0 and 1
 *   -k       keep the input open, and idle, after all of it is fed; the command has to end by itself
 *   -x N     the reader goes away once N bytes came
 *   -R       end the input with a connection reset (socket only)
 *   -e       standard error goes where standard output goes
 *   -p FILE  the command's process id, as soon as it is known
 *
 * over holds the descriptions that the command inherits, as a sibling in a shell's { ...; } would, and looks at
 * their F_GETFL all the time: if a flag changes, it says so and ends with status 99. Else its status is the
 * command's, 128+N when that died by signal N. A terminal's input ends as a user ends it: by ^D, once all of it was
 * read.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { STATUS_FLAGS_CHANGED = 99, STATUS_OVER_FAILED = 98, SIZE_MAX_IO = 1 << 16, IDLE_ENOUGH = 50 };

/* One side: what the command inherits, and our end of it. */
struct side {
	const char *kind;
	const char *file;
	int theirs;
	int ours; /* -1: none, or closed */
	int flags;
	size_t size;
};

struct over {
	struct side in, out;
	int source, sink; /* files of -I and -O */
	char feed[SIZE_MAX_IO];
	size_t feed_from, feed_to;
	bool source_done, keep, reset, nonblock, join;
	bool child_done;
	long long stop_after, fed, collected;
	int idle; /* how often in a row the terminal had nothing to read */
	const char *pid_file;
	int status;
};

/* The longest that an end of the command goes unseen, where it comes just before a wait; and how often flags are looked at. */
#define SOON_MS 2

static volatile sig_atomic_t child_ended;

static void on_child(int signal_number)
{
	child_ended = signal_number;
}

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(STATUS_OVER_FAILED);
}

static int cloexec(int fd)
{
	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		die("over: descriptor");
	return fd;
}

static void nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		die("over: F_SETFL");
}

static void make_fifo(int ends[2])
{
	char directory[] = "/tmp/over.XXXXXX", name[64];

	if (mkdtemp(directory) == NULL)
		die("over: mkdtemp");
	snprintf(name, sizeof name, "%s/fifo", directory);
	if (mkfifo(name, 0600) < 0)
		die("over: mkfifo");
	ends[0] = open(name, O_RDONLY | O_NONBLOCK);
	ends[1] = open(name, O_WRONLY);
	unlink(name);
	rmdir(directory);
	if (ends[0] < 0 || ends[1] < 0)
		die("over: fifo");
	nonblocking(ends[0], false);
}

/* ends[0]: the master, ends[1]: the slave, raw. */
static void make_pty(int ends[2])
{
	struct termios t;

	ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (ends[0] < 0 || grantpt(ends[0]) < 0 || unlockpt(ends[0]) < 0)
		die("over: posix_openpt");
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	if (ends[1] < 0 || tcgetattr(ends[1], &t) < 0)
		die("over: pty");
	t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF | IXANY);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	t.c_cflag |= CS8;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(ends[1], TCSANOW, &t) < 0)
		die("over: tcsetattr");
}

static void make_file(struct side *s, bool output)
{
	if (s->file == NULL) {
		fprintf(stderr, "over: what file?\n");
		exit(STATUS_OVER_FAILED);
	}
	s->ours = -1;
	s->theirs = output ? open(s->file, O_WRONLY | O_CREAT | O_TRUNC, 0666) : open(s->file, O_RDONLY);
	if (s->theirs < 0)
		die(s->file);
}

/* Opens the side; `output`: the command writes to it. */
static void make(struct side *s, bool output, bool nonblock)
{
	int ends[2];

	if (strcmp(s->kind, "file") == 0) {
		make_file(s, output);
	} else {
		int theirs = output ? 1 : 0;
		if (strcmp(s->kind, "pipe") == 0) {
			if (pipe(ends) < 0)
				die("over: pipe");
		} else if (strcmp(s->kind, "fifo") == 0) {
			make_fifo(ends);
		} else if (strcmp(s->kind, "socket") == 0 || strcmp(s->kind, "packets") == 0) {
			bool stream = strcmp(s->kind, "socket") == 0;
			int most = 8192; /* doubled by the kernel */

			if (socketpair(AF_UNIX, stream ? SOCK_STREAM : SOCK_SEQPACKET, 0, ends) < 0)
				die("over: socketpair");
			if (!stream)
				for (int i = 0; i < 2; i++)
					(void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
		} else if (strcmp(s->kind, "pty") == 0 || (output && strcmp(s->kind, "master") == 0)) {
			make_pty(ends);
			theirs = strcmp(s->kind, "pty") == 0;
		} else {
			fprintf(stderr, "over: what is a %s?\n", s->kind);
			exit(STATUS_OVER_FAILED);
		}
		s->theirs = ends[theirs];
		s->ours = cloexec(ends[!theirs]);
		nonblocking(s->ours, true);
	}
	cloexec(s->theirs);
	if (nonblock)
		nonblocking(s->theirs, true);
	s->flags = fcntl(s->theirs, F_GETFL);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void watch_flags(struct over *o, const struct side *s, const char *name)
{
	int flags = fcntl(s->theirs, F_GETFL);

	if (flags == s->flags || o->status == STATUS_FLAGS_CHANGED)
		return;
	fprintf(stderr, "over: flags of standard %s (%s) were %#o and became %#o\n", name, s->kind, (unsigned)s->flags,
		(unsigned)flags);
	o->status = STATUS_FLAGS_CHANGED;
}

static bool is_idle(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/*
 * Whether the command has read all that the terminal had for it. A terminal that has nothing to read may yet have
 * to move up more from behind, which only its reader sets going: so it counts when all of it came out again, or
 * after a while.
 */
static bool has_read_all(struct over *o)
{
	struct stat file;
	long long out = o->collected;

	if (o->out.ours < 0 && fstat(o->out.theirs, &file) == 0)
		out = file.st_size;
	o->idle = is_idle(o->in.theirs) ? o->idle + 1 : 0;
	return o->idle > 0 && (out == o->fed || o->idle > IDLE_ENOUGH);
}

/* All is fed: end the input in the way of its kind. May have to be called again. */
static void end_input(struct over *o)
{
	struct side *s = &o->in;

	if (o->keep || s->ours < 0)
		return;
	if (strcmp(s->kind, "pty") == 0) {
		struct termios t;
		if (!has_read_all(o))
			return;
		if (tcgetattr(s->theirs, &t) < 0)
			die("over: tcgetattr");
		t.c_lflag |= ICANON;
		t.c_cc[VEOF] = 4;
		if (tcsetattr(s->theirs, TCSANOW, &t) < 0 || write(s->ours, "\004", 1) != 1)
			die("over: end of terminal input");
		o->keep = true;
		return;
	}
	/* A UNIX socket that is closed with bytes unread resets the other side. */
	if (o->reset && send(s->theirs, "x", 1, MSG_NOSIGNAL) != 1)
		die("over: reset");
	shut(&s->ours);
}

static void feed(struct over *o)
{
	if (o->feed_from == o->feed_to && !o->source_done) {
		ssize_t k = read(o->source, o->feed, sizeof o->feed);
		if (k < 0)
			die(o->in.file);
		o->source_done = k == 0;
		o->feed_from = 0;
		o->feed_to = (size_t)k;
	}
	if (o->feed_from == o->feed_to) {
		end_input(o);
		return;
	}
	size_t n = o->feed_to - o->feed_from;
	ssize_t k = write(o->in.ours, o->feed + o->feed_from, n < o->in.size ? n : o->in.size);
	if (k > 0) {
		o->feed_from += (size_t)k;
		o->fed += k;
	} else if (k < 0 && errno != EAGAIN && errno != EINTR) {
		shut(&o->in.ours); /* the command stopped reading */
	}
}

static void save(struct over *o, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(o->sink, p, n);
		if (k < 0)
			die(o->out.file);
		p += k;
		n -= (size_t)k;
	}
}

/* Returns false when there is nothing more, for now or for ever. */
static bool collect(struct over *o)
{
	static char buffer[SIZE_MAX_IO];
	size_t n = o->out.size;

	if (o->stop_after >= 0 && o->stop_after - o->collected < (long long)n)
		n = (size_t)(o->stop_after - o->collected);
	ssize_t k = n == 0 ? 0 : read(o->out.ours, buffer, n);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (k > 0) {
		save(o, buffer, (size_t)k);
		o->collected += k;
	}
	if (k <= 0 || o->collected == o->stop_after) {
		shut(&o->out.ours);
		return false;
	}
	return true;
}

static void start(struct over *o, char **command)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid < 0)
		die("over: fork");
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(o->in.theirs, 0) < 0 || dup2(o->out.theirs, 1) < 0 || (o->join && dup2(1, 2) < 0))
			die("over: dup2");
		execvp(command[0], command);
		die(command[0]);
	}
	if (o->pid_file != NULL) {
		char name[4096];
		snprintf(name, sizeof name, "%s.new", o->pid_file);
		FILE *f = fopen(name, "w");
		if (f == NULL || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f) != 0 || rename(name, o->pid_file) < 0)
			die(o->pid_file);
	}
}

static void look(struct over *o)
{
	watch_flags(o, &o->in, "input");
	watch_flags(o, &o->out, "output");
}

/* Waits for whichever side moves first, or for the end of the command. */
static void wait_and_move(struct over *o)
{
	bool feeding = o->in.ours >= 0 && !(o->source_done && o->feed_from == o->feed_to);
	struct pollfd p[2] = {
		{ .fd = feeding ? o->in.ours : -1, .events = POLLOUT },
		{ .fd = o->out.ours, .events = POLLIN },
	};

	if (!child_ended && poll(p, 2, SOON_MS) < 0 && errno != EINTR)
		die("over: poll");
	if (feeding && p[0].revents != 0)
		feed(o);
	else if (o->in.ours >= 0 && !feeding)
		end_input(o);
	if (o->out.ours >= 0 && p[1].revents != 0)
		collect(o);
	look(o);
}

static int run(struct over *o, char **command)
{
	int status;

	signal(SIGCHLD, on_child);
	signal(SIGPIPE, SIG_IGN);
	start(o, command);
	if (o->stop_after == 0)
		collect(o);
	while (!child_ended)
		wait_and_move(o);
	if (wait(&status) < 0)
		die("over: wait");
	look(o);
	/* What the command wrote last is still on its way to us; a terminal hands it on when it is polled. */
	if (o->out.ours >= 0)
		while (o->out.ours >= 0 && !is_idle(o->out.ours) && collect(o))
			;
	if (o->status != 0)
		return o->status;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static size_t size_of(const char *text)
{
	long n = strtol(text, NULL, 10);

	return n >= 1 && n <= SIZE_MAX_IO ? (size_t)n : SIZE_MAX_IO;
}

int main(int argc, char **argv)
{
	static struct over o;
	int c;

	o.in = (struct side){ .kind = "pipe", .size = SIZE_MAX_IO, .ours = -1 };
	o.out = o.in;
	o.stop_after = -1;
	while ((c = getopt(argc, argv, "+i:o:I:O:f:c:nkx:Rep:")) != -1)
		switch (c) {
		case 'i': o.in.kind = optarg; break;
		case 'o': o.out.kind = optarg; break;
		case 'I': o.in.file = optarg; break;
		case 'O': o.out.file = optarg; break;
		case 'f': o.in.size = size_of(optarg); break;
		case 'c': o.out.size = size_of(optarg); break;
		case 'n': o.nonblock = true; break;
		case 'k': o.keep = true; break;
		case 'x': o.stop_after = strtoll(optarg, NULL, 10); break;
		case 'R': o.reset = true; break;
		case 'e': o.join = true; break;
		case 'p': o.pid_file = optarg; break;
		default: return STATUS_OVER_FAILED;
		}
	if (optind == argc)
		return STATUS_OVER_FAILED;
	make(&o.in, false, o.nonblock);
	make(&o.out, true, o.nonblock);
	o.source_done = o.in.ours < 0;
	o.source = cloexec(open(o.in.file != NULL ? o.in.file : "/dev/null", O_RDONLY));
	o.sink = cloexec(o.out.ours < 0 || o.out.file == NULL ? open("/dev/null", O_WRONLY)
							       : open(o.out.file, O_WRONLY | O_CREAT | O_TRUNC, 0666));
	return run(&o, argv + optind);
}
