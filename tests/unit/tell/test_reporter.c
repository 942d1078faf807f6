/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports to files, FIFOs and standard error, taken at once, late, in parts, or not at all. */
#include "../tap.h"

#include "../pipe.h"
#include "os/loop.h"
#include "tell/reporter.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>

static const struct options options = { .framing = { .kind = FRAMING_LINES, .delimiter = '\n' }, .sample = { 1, 1 },
	.name = "weir", .format = FORMAT_JSON };

static char path[] = "/tmp/weir-unit-XXXXXX"; /* a directory */
static struct reporter reporter;
static char got[4 * REPORT_MOST];
static unsigned asked; /* how often the figures were */

/* The figures of the moment: so many records as they were asked for. */
static void
take_snapshot(void *state, struct snapshot *into)
{
	++*(unsigned *)state;
	*into = (struct snapshot){ .event = REPORT_SIGNAL, .options = &options,
		.tuning = tuning_of(&options), .ledger = { .in = { asked, asked } } };
}

static struct snapshot
last_snapshot(void)
{
	return (struct snapshot){ .event = REPORT_FINAL, .options = &options, .tuning = tuning_of(&options),
		.ledger = { .in = { 99, 99 } },
		.exit_reason = "end of input" };
}

static void
step(void)
{
	reporter_step(&reporter, take_snapshot, &asked);
}

static const char *
in_directory(const char *name)
{
	static char full[64];

	(void)snprintf(full, sizeof(full), "%s/%s", path, name);
	return full;
}

/* The numbers of records in the reports in text, in their order; "?" for what is no whole report. */
static const char *
numbers(const char *text, size_t length)
{
	static char list[64];
	char *to = list;

	*to = '\0';
	for (const char *end; length > 0 && to < list + 50; length -= (size_t)(end - text), text = end) {
		unsigned number = 0;
		const char *in = strstr(text, "\"in\":{\"records\":");

		end = memchr(text, '\n', length);
		if (end == NULL || strncmp(text, "{\"schema\":1,", 12) != 0 || in == NULL || in > end)
			return "?";
		end++;
		(void)sscanf(in, "\"in\":{\"records\":%u", &number);
		to += sprintf(to, "%u ", number);
	}
	return list;
}

static const char *
numbers_in_pipe(int fd)
{
	size_t length = pipe_drain(fd, got, sizeof(got) - 1);

	got[length] = '\0';
	return numbers(got, length);
}

static const char *
numbers_in_file(const char *name)
{
	int fd = open(in_directory(name), O_RDONLY);
	const char *list = numbers_in_pipe(fd);

	(void)close(fd);
	return list;
}

/* A FIFO of that name with a reader. */
static int
fifo_reader(const char *name)
{
	int fd;

	must(mkfifo(in_directory(name), 0600) == 0);
	fd = open(in_directory(name), O_RDONLY | O_NONBLOCK);
	must(fd >= 0);
	return fd;
}

/* For all that is waited for at the end: short, but enough for what need not wait. */
static uint64_t
soon(void)
{
	return loop_now() + 300 * NS_PER_MS;
}

/* --- where reports go ----------------------------------------------------------------------------- */

static void
make_link(const char *to)
{
	char target[64];

	(void)snprintf(target, sizeof(target), "%s", in_directory(to));
	(void)unlink(in_directory("link"));
	must(symlink(target, in_directory("link")) == 0);
}

/* A link that somebody has put there leads to nothing but what the caller has open anyway. */
static void
links(void)
{
	struct stat status;
	int fd = open(in_directory("victim"), O_RDWR | O_CREAT, 0600);
	int device;

	must(fd >= 0 && write(fd, "kept\n", 5) == 5);
	make_link("victim");
	ok(reporter_open(&reporter, in_directory("link")) == 0 && reporter_close(&reporter, NULL, soon()),
	    "a link to a file that is open already is followed");
	must(write(fd, "kept\n", 5) == 5 && close(fd) == 0);
	ok(reporter_open(&reporter, in_directory("link")) == -1 && errno == ELOOP, "one to another file is refused");
	ok(stat(in_directory("victim"), &status) == 0 && status.st_size == 10, "and nothing is truncated");
	make_link("nothing");
	ok(reporter_open(&reporter, in_directory("link")) == -1 && errno == ENOENT, "one to nothing");
	ok(stat(in_directory("nothing"), &status) == -1, "makes nothing");
	must(unlink(in_directory("link")) == 0 && symlink("/dev/null", in_directory("link")) == 0);
	device = reporter_open(&reporter, in_directory("link"));
	ok(device == 0 && reporter_close(&reporter, NULL, soon()), "one to a device is followed");
	must(unlink(in_directory("link")) == 0 && unlink(in_directory("victim")) == 0);
}

static void
opens(void)
{
	struct stat status;
	int fd = open(in_directory("old"), O_WRONLY | O_CREAT, 0644);

	must(write(fd, "old\n", 4) == 4 && close(fd) == 0);
	is(reporter_open(&reporter, in_directory("old")), 0, "a file that is there is opened");
	ok(reporter_close(&reporter, NULL, soon()) && stat(in_directory("old"), &status) == 0 && status.st_size == 0,
	    "and truncated");
	is(reporter_open(&reporter, in_directory("new")), 0, "one that is not there is made");
	ok(reporter_close(&reporter, NULL, soon()) && stat(in_directory("new"), &status) == 0 && S_ISREG(status.st_mode) &&
	    (status.st_mode & 077) == 0, "for its owner alone");
	ok(reporter_open(&reporter, path) == -1 && errno == EISDIR, "a directory is refused");
	ok(reporter_open(&reporter, in_directory("no/such")) == -1 && errno == ENOENT, "and one that is missing");
	links();
	must(mkfifo(in_directory("lonely"), 0600) == 0);
	ok(reporter_open(&reporter, in_directory("lonely")) == -1 && errno == ENXIO,
	    "and a FIFO that nobody reads, without waiting");
}

/* Standard error by another name is not opened anew, and the files of the data are left alone. */
static void
files_in_use(void)
{
	int fd = open(in_directory("log"), O_RDWR | O_CREAT, 0600), error = dup(STDERR_FILENO);
	int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
	bool refused;

	must(fd >= 0 && write(fd, "log\n", 4) == 4 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	is(reporter_open(&reporter, in_directory("log")), 0, "standard error by its name is opened");
	is(reporter.port.inherited, STDERR_FILENO, "as it is");
	ok(reporter_close(&reporter, NULL, soon()) && lseek(fd, 0, SEEK_END) == 4, "and not truncated");
	must(dup2(error, STDERR_FILENO) == STDERR_FILENO);
	(void)fflush(stdout);
	must(dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	refused = reporter_open(&reporter, in_directory("log")) == -1 && errno == EBUSY;
	must(dup2(out, STDOUT_FILENO) == STDOUT_FILENO && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	ok(reporter_open(&reporter, in_directory("log")) == -1 && errno == EBUSY, "standard input is refused");
	must(dup2(in, STDIN_FILENO) == STDIN_FILENO);
	ok(refused && lseek(fd, 0, SEEK_END) == 4, "and standard output, and left as they are");
	(void)close(in);
	(void)close(fd);
	(void)close(error);
	(void)close(out);
}

static void
file(void)
{
	struct snapshot last = last_snapshot();

	asked = 0;
	must(reporter_open(&reporter, in_directory("file")) == 0);
	ok(!reporter_busy(&reporter), "nothing waits to be written");
	step();
	is(asked, 0, "and nothing is asked for");
	reporter.due = true;
	ok(reporter_busy(&reporter), "a report that is asked for does");
	step();
	ok(asked == 1 && !reporter_busy(&reporter), "it is made and written");
	step();
	is(asked, 1, "once");
	reporter.due = true;
	step();
	is_text(numbers_in_file("file"), "1 2 ", "then the next");
	ok(reporter_close(&reporter, &last, soon()), "and the last");
	is_text(numbers_in_file("file"), "1 2 99 ", "one line each");
}

static void
standard_error(const char *name)
{
	struct snapshot last = last_snapshot();
	int both[2], saved = dup(STDERR_FILENO), flags;

	asked = 0;
	must(pipe(both) == 0 && dup2(both[1], STDERR_FILENO) == STDERR_FILENO);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	must(reporter_open(&reporter, name) == 0);
	reporter.due = true;
	step();
	ok(reporter_close(&reporter, &last, soon()), "%s: all is written", name != NULL ? name : "standard error");
	is_text(numbers_in_pipe(both[0]), "1 99 ", "in its order");
	ok(fcntl(STDERR_FILENO, F_GETFL) == flags, "the descriptor stays open, its flags as they are");
	must(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
	(void)close(saved);
	(void)close(both[0]);
	(void)close(both[1]);
}

/* --- a reader that does not read ------------------------------------------------------------------- */

static void
blocked(void)
{
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("blocked");
	size_t full;

	asked = 0;
	must(reporter_open(&reporter, in_directory("blocked")) == 0);
	full = pipe_fill(reporter.port.fd);
	reporter.due = true;
	step();
	step();
	ok(reporter_busy(&reporter), "a report that nobody takes stays due");
	pipe_forget(reader, full);
	asked = 7;
	step();
	ok(!reporter_busy(&reporter), "until somebody does");
	is_text(numbers_in_pipe(reader), "8 ", "and then has the figures of that moment");
	full = pipe_fill(reporter.port.fd);
	reporter.due = true;
	step();
	ok(!reporter_close(&reporter, &last, soon()) && errno == EAGAIN, "the end does not wait for ever");
	(void)close(reader);
}

/* A terminal takes 512 bytes at a time, so a report goes in parts: the first of them. */
static void
begin_in_parts(const char *name)
{
	must(reporter_open(&reporter, in_directory(name)) == 0);
	reporter.port.way = IO_WAY_POLLED;
	reporter.port.terminal = true;
	reporter.due = true;
	step();
}

/* What has been begun is finished, though nothing more is taken for a while. */
static void
in_parts_with_a_pause(void)
{
	int reader = fifo_reader("pause");
	size_t length, full;

	asked = 0;
	begin_in_parts("pause");
	length = pipe_drain(reader, got, sizeof(got) - 1);
	full = pipe_fill(reporter.port.fd);
	step();
	step();
	ok(length > 0 && reporter_busy(&reporter), "a part of a report is written, and then nothing is taken");
	pipe_forget(reader, full);
	for (int i = 0; i < 10 && reporter_busy(&reporter); i++)
		step();
	length += pipe_drain(reader, got + length, sizeof(got) - 1 - length);
	got[length] = '\0';
	is_text(numbers(got, length), "1 ", "the rest follows");
	ok(reporter_close(&reporter, NULL, soon()), "and that is all");
	(void)close(reader);
}

static void
in_parts(void)
{
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("parts");

	asked = 0;
	begin_in_parts("parts");
	ok(asked == 1 && reporter_busy(&reporter), "a part of a report is written");
	reporter.due = true;
	for (int i = 0; i < 10 && reporter_busy(&reporter); i++)
		step();
	is(asked, 2, "meanwhile the next is asked for");
	is_text(numbers_in_pipe(reader), "1 2 ", "and follows when the first is whole");
	reporter.due = true;
	step();
	ok(reporter_close(&reporter, &last, soon()), "at the end the rest is written");
	is_text(numbers_in_pipe(reader), "3 99 ", "before the last report");

	begin_in_parts("parts");
	ok(reporter_settle(&reporter, soon()), "or before what else there is to say");
	is_text(numbers_in_pipe(reader), "4 ", "and whole");
	ok(reporter_settle(&reporter, soon()), "once");
	ok(reporter_close(&reporter, &last, soon()), "and the last one");
	is_text(numbers_in_pipe(reader), "99 ", "follows");
	(void)close(reader);
}

/* What was begun and cannot be finished in time is no part of the next line. */
static void
cut_short(void)
{
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("cut");
	size_t length, full;

	begin_in_parts("cut");
	length = pipe_drain(reader, got, sizeof(got) - 1);
	full = pipe_fill(reporter.port.fd);
	ok(length > 0 && !reporter_settle(&reporter, soon()) && errno == EAGAIN, "nobody takes the rest of a report");
	pipe_forget(reader, full);
	ok(reporter_close(&reporter, &last, soon()), "but the last one is taken");
	length = pipe_drain(reader, got, sizeof(got) - 1);
	got[length] = '\0';
	ok(length > 0 && got[0] == '\n', "on a line of its own");
	is_text(numbers(got + 1, length - 1), "99 ", "and whole");
	(void)close(reader);
}

static void
offer(unsigned records)
{
	const struct snapshot snapshot = { .event = REPORT_INTERVAL, .options = &options,
		.tuning = tuning_of(&options), .ledger = { .in = { records, records } }, .reports_skipped = records };

	reporter_offer(&reporter, &snapshot);
	step();
}

/* Reports of intervals: the newest that has not been begun, whole, and what it took the place of counted. */
static void
offered(void)
{
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("offered");
	size_t full;

	must(reporter_open(&reporter, in_directory("offered")) == 0);
	offer(1);
	ok(!reporter_busy(&reporter), "the report of an interval is written");
	is_text(numbers_in_pipe(reader), "1 ", "at once");
	full = pipe_fill(reporter.port.fd);
	offer(2);
	offer(3);
	is(reporter.skipped, 1, "one that nobody takes before the next is skipped");
	pipe_forget(reader, full);
	step();
	is_text(numbers_in_pipe(reader), "3 ", "and the next is written");
	full = pipe_fill(reporter.port.fd);
	offer(4);
	ok(reporter_settle(&reporter, soon()) && reporter.skipped == 2, "the last one takes its place too");
	pipe_forget(reader, full);
	ok(reporter_close(&reporter, &last, soon()), "and is written");
	is_text(numbers_in_pipe(reader), "99 ", "alone");

	asked = 6;
	begin_in_parts("offered");
	offer(8);
	is(reporter.skipped, 1, "it gives way to one that has been begun");
	for (int i = 0; i < 10 && reporter_busy(&reporter); i++)
		step();
	is_text(numbers_in_pipe(reader), "7 ", "which is finished");
	ok(strstr(got, "\"reports_skipped\":0") != NULL, "as it was begun");
	ok(reporter_close(&reporter, NULL, soon()), "and that is all");
	(void)close(reader);
}

/* --- a file that nothing can be said of ------------------------------------------------------------ */

/* A report is written, beside, as soon as that goes. */
static void
await_report(void)
{
	while (reporter_busy(&reporter)) {
		struct loop_watch watch = reporter_watch(&reporter);

		(void)loop_wait(&watch, 1, loop_now() + 60 * NS_PER_S);
		step();
	}
}

static void
beside(void)
{
	struct snapshot last = last_snapshot();

	asked = 0;
	must(reporter_open(&reporter, in_directory("beside")) == 0 && reporter_start(&reporter) == 0);
	ok(reporter.worker != NULL, "a regular file has a worker");
	offer(1);
	await_report();
	offer(2);
	reporter.due = true;
	await_report();
	is_text(numbers_in_file("beside"), "1 2 1 ", "which writes the reports, in their order");
	is(reporter.skipped, 0, "and leaves none out");
	ok(reporter_close(&reporter, &last, soon()), "and the last");
	is_text(numbers_in_file("beside"), "1 2 1 99 ", "like the others");
}

/* A file system that takes its time: the worker writes to a full FIFO instead. */
static void
hanging(void)
{
	static struct io_port file;
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("hanging");
	int writer = open(in_directory("hanging"), O_WRONLY);
	size_t full, length;
	char *line = got;

	asked = 0;
	must(writer >= 0);
	must(reporter_open(&reporter, in_directory("beside")) == 0 && reporter_start(&reporter) == 0);
	file = reporter.port;
	io_open_output(&reporter.port, writer);
	full = pipe_fill(reporter.port.fd);
	offer(1);
	ok(reporter_begun(&reporter) && !loop_ready(reporter_watch(&reporter).fd, false),
	    "a report that is not written holds up nobody");
	ok(reporter_watch(&reporter).fd != io_fd(&reporter.port) && !reporter_watch(&reporter).output,
	    "the worker is waited for, not its file, which is always writable");
	for (unsigned i = 0; reporter.skipped == 0 && i < 1000; i++)
		offer(2);
	ok(reporter.later > REPORT_MOST && reporter.later < 2 * REPORT_MOST,
	    "those of some intervals wait for it, the next are left out");
	offer(3);
	is(reporter.skipped, 2, "and counted");
	reporter.due = true;
	step();
	is(asked, 0, "nor are the figures asked for before they can be told");
	ok(!reporter_settle(&reporter, soon()) && errno == EAGAIN, "the end does not wait for ever");
	pipe_forget(reader, full);
	for (length = 0; reporter_busy(&reporter); step())
		length += pipe_drain(reader, got + length, sizeof(got) - 1 - length);
	length += pipe_drain(reader, got + length, sizeof(got) - 1 - length);
	got[length] = '\0';
	ok(strncmp(numbers(got, length), "1 2 2 2", 7) == 0, "they are written once that goes, in their order");
	for (char *next = got; next != NULL && next[0] != '\0'; next = strchr(next, '\n') + 1)
		line = next;
	is_text(numbers(line, strlen(line)), "1 ", "and what was asked for");
	is(asked, 1, "once");
	ok(reporter_close(&reporter, &last, soon()), "and the last");
	is_text(numbers_in_pipe(reader), "99 ", "as well");
	(void)io_close(&file);
	(void)close(reader);
}

/* What a worker could not write whole. */
static void
no_room(void)
{
	struct snapshot last = last_snapshot();
	struct rlimit limit;
	struct stat status;

	must(reporter_open(&reporter, in_directory("beside")) == 0 && reporter_start(&reporter) == 0);
	must(getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, limit.rlim_max }) == 0);
	offer(1);
	await_report();
	ok(reporter.torn && reporter.skipped == 1, "a report of which a part is there is none, and is counted");
	offer(2);
	await_report();
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	ok(reporter.torn && reporter.skipped == 2, "one of which nothing is, too");
	ok(reporter_close(&reporter, NULL, soon()), "what is said by then has been said");
	must(reporter_open(&reporter, in_directory("beside")) == 0 && reporter_start(&reporter) == 0);
	must(stat(in_directory("beside"), &status) == 0 && status.st_size == 0);
	must(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, limit.rlim_max }) == 0);
	ok(!reporter_close(&reporter, &last, soon()) && errno == EFBIG, "the last one tells why");
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void
broken(void)
{
	struct snapshot last = last_snapshot();
	int reader = fifo_reader("broken");

	must(reporter_open(&reporter, in_directory("broken")) == 0);
	(void)close(reader);
	reporter.due = true;
	step();
	ok(!reporter_busy(&reporter), "a report that cannot be written is given up");
	ok(!reporter_close(&reporter, &last, soon()) && errno == EPIPE, "the last one tells");
#ifdef __linux__
	must(reporter_open(&reporter, "/dev/full") == 0);
	reporter.due = true;
	step();
	ok(!reporter_busy(&reporter), "also where the disk is full");
	ok(!reporter_close(&reporter, &last, soon()) && errno == ENOSPC, "which the last one tells");
#endif
}

/* A file that takes part of a report and no more, and later takes all. */
static void
torn(void)
{
	struct snapshot last = last_snapshot();
	struct rlimit limit;
	rlim_t most;
	size_t length;
	const char *part, *next;
	int fd;

	must(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && getrlimit(RLIMIT_FSIZE, &limit) == 0);
	most = limit.rlim_cur;
	asked = 0;
	must(reporter_open(&reporter, in_directory("torn")) == 0);
	reporter.due = true;
	step();
	limit.rlim_cur = (rlim_t)lseek(reporter.port.fd, 0, SEEK_END) + 100;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	for (int i = 0; i < 2; i++) {
		reporter.due = true;
		step();
		step();
	}
	ok(!reporter_busy(&reporter), "what does not go into a file is given up");
	ok(reporter.skipped == 2, "and counted");
	limit.rlim_cur = most;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	reporter.due = true;
	step();
	ok(reporter_settle(&reporter, soon()) && reporter_close(&reporter, &last, soon()), "the next ones are taken");
	must((fd = open(in_directory("torn"), O_RDONLY)) >= 0);
	length = (size_t)read(fd, got, sizeof(got) - 1);
	got[length] = '\0';
	(void)close(fd);
	part = strchr(got, '\n') + 1;
	next = strchr(part, '\n') + 1;
	is(next - part, 101, "the part is a line");
	is_text(numbers(next, strlen(next)), "4 99 ", "the next begin on their own");
	ok(strstr(got, "\"reports_skipped\":2") != NULL, "and tell of the others");
}

static void
clean_up(void)
{
	static const char *const names[] = { "old", "new", "log", "lonely", "file", "blocked", "parts", "pause", "cut",
		"offered", "broken", "torn", "beside", "hanging" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_directory(names[i]));
	(void)rmdir(path);
}

int
main(void)
{
	pipe_init();
	must(mkdtemp(path) != NULL);
	opens();
	files_in_use();
	file();
	standard_error(NULL);
	standard_error("/dev/stderr");
	blocked();
	in_parts();
	in_parts_with_a_pause();
	cut_short();
	offered();
	beside();
	hanging();
	no_room();
	broken();
	torn();
	clean_up();
	return done_testing();
}
