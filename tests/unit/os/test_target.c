/* SPDX-License-Identifier: BSD-2-Clause */
/* Files to append to, and files of reports that others write to; more of those in test_reporter.c. */
#include "../tap.h"

#include "../pipe.h"
#include "os/target.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>

static char path[] = "/tmp/weir-unit-XXXXXX"; /* a directory */

static const char *
in_directory(const char *name)
{
	static char full[2][64];
	static int turn;

	turn = !turn;
	(void)snprintf(full[turn], sizeof(full[turn]), "%s/%s", path, name);
	return full[turn];
}

static void
make(const char *name, const char *text)
{
	int fd = open(in_directory(name), O_WRONLY | O_CREAT, 0640);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

/* Appends text to what is opened by that name; returns what is in the file then. */
static const char *
append(const char *name, const char *text)
{
	static char got[64];
	int fd = target_open(in_directory(name), TARGET_APPEND);
	ssize_t length;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		return "?";
	fd = open(in_directory(name), O_RDONLY);
	length = read(fd, got, sizeof(got) - 1);
	must(length >= 0 && close(fd) == 0);
	got[length] = '\0';
	return got;
}

static bool
refused(const char *name, int error)
{
	errno = 0;
	return target_open(in_directory(name), TARGET_APPEND) == -1 && errno == error;
}

static void
files(void)
{
	struct stat status;
	int fd;

	make("old", "old\n");
	is_text(append("old", "new\n"), "old\nnew\n", "what is in a file stays");
	ok(stat(in_directory("old"), &status) == 0 && (status.st_mode & 0777) == 0640, "and so does its mode");
	is_text(append("new", "new\n"), "new\n", "a file that is not there is made");
	ok(stat(in_directory("new"), &status) == 0 && (status.st_mode & 0777) == 0600, "for its owner alone");
	fd = target_open(in_directory("old"), TARGET_APPEND);
	make("old", "short\n");
	must(truncate(in_directory("old"), 2) == 0 && write(fd, "end\n", 4) == 4 && close(fd) == 0);
	ok(stat(in_directory("old"), &status) == 0 && status.st_size == 6, "it is the end that is written to");
	ok(refused("no/such", ENOENT) && refused(".", EISDIR), "what is no file is refused");
	must(mkfifo(in_directory("fifo"), 0600) == 0);
	ok(refused("fifo", ENXIO), "and a FIFO that nobody reads, without waiting");
	fd = open(in_directory("fifo"), O_RDONLY | O_NONBLOCK);
	ok(target_open(in_directory("fifo"), TARGET_APPEND) >= 0, "one that somebody does is not");
	(void)close(fd);
}

static void
links(void)
{
	int fd;
	char name[32];

	make("victim", "safe\n");
	must(symlink("victim", in_directory("link")) == 0 && symlink("nothing", in_directory("dangling")) == 0);
	ok(refused("link", ELOOP), "a symbolic link to a file is refused");
	ok(refused("dangling", ENOENT) && access(in_directory("nothing"), F_OK) < 0, "and one to nothing makes nothing");
	fd = open(in_directory("victim"), O_RDONLY);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	must(fd >= 0);
#ifdef __linux__
	ok(target_open(name, TARGET_APPEND) >= 0, "but not to one that was open already");
#endif
	(void)close(fd);
	fd = open(in_directory("victim"), O_RDONLY);
	must(pread(fd, name, sizeof(name), 0) == 5);
	ok(memcmp(name, "safe\n", 5) == 0, "which is as it was");
	(void)close(fd);
}

/* What the call itself says, not what was looked at after it. */
static void
errors(void)
{
	struct rlimit limit;
	int lowest = open(path, O_RDONLY);
	bool both;

	must(lowest >= 0 && close(lowest) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)lowest, limit.rlim_max }) == 0);
	errno = 0;
	both = refused("none", EMFILE) && target_open(in_directory("none"), TARGET_REPORT) == -1 && errno == EMFILE;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	ok(both, "no descriptor is left: that is said, and not that the file is not there");
}

/* --- files of reports ---------------------------------------------------------------------------- */

static int
open_reports(const char *name)
{
	int fd = target_open(name, TARGET_REPORT);

	must(fd >= 0);
	return fd;
}

static void
put(int fd, const char *text)
{
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static const char *
text_of(const char *name)
{
	static char got[64];
	int fd = open(in_directory(name), O_RDONLY);
	ssize_t length = read(fd, got, sizeof(got) - 1);

	must(length >= 0 && close(fd) == 0);
	got[length] = '\0';
	return got;
}

/* As logrotate(8) does with copytruncate. */
static void
cut_short(void)
{
	int fd = open_reports(in_directory("shared"));

	put(fd, "one\n");
	must(truncate(in_directory("shared"), 0) == 0);
	put(fd, "two\n");
	is_text(text_of("shared"), "two\n", "a file that is cut short has no hole");
	(void)close(fd);
}

static void
two_writers(void)
{
	int one = open_reports(in_directory("shared"));
	int two, three;

	is_text(text_of("shared"), "", "what an ended run has left is gone");
	put(one, "one\n");
	two = open_reports(in_directory("shared"));
	put(two, "two\n");
	put(one, "one again\n");
#ifdef HAVE_FLOCK
	is_text(text_of("shared"), "one\ntwo\none again\n", "two write to one file, and neither loses anything");
	(void)close(one);
	three = open_reports(in_directory("shared"));
	put(three, "three\n");
	is_text(text_of("shared"), "one\ntwo\none again\nthree\n", "nor does a third, when the first has ended");
	(void)close(two);
	(void)close(three);
	(void)close(open_reports(in_directory("shared")));
	is_text(text_of("shared"), "", "once all have ended, it is begun anew");
#else
	is_text(text_of("shared"), "two\none again\n", "the second begins anew, and has no hole");
	(void)three;
	(void)close(one);
	(void)close(two);
#endif
}

/* A description that somebody else has opened: /dev/fd/N, where that is a link to it. */
static void
by_description(void)
{
	int fd = open(in_directory("shared"), O_WRONLY | O_TRUNC), reports;
	char name[32];

	must(fd >= 0);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	put(fd, "before\n");
#ifdef __linux__
	reports = open_reports(name);
	ok(reports != fd && (fcntl(reports, F_GETFD) & FD_CLOEXEC) != 0, "what is open already is not opened anew");
	put(reports, "report\n");
	put(fd, "behind\n");
	is_text(text_of("shared"), "before\nreport\nbehind\n", "so its owner's words stay, and follow");
	(void)close(reports);
#else
	(void)reports;
#endif
	(void)close(fd);
}

/* --- files of the data --------------------------------------------------------------------------- */

/* fd is taken for the time of the call. */
static bool
refused_while(int standard, const char *name)
{
	int saved = dup(standard), fd = open(in_directory(name), O_RDWR);
	bool right;

	(void)fflush(stdout);
	must(dup2(fd, standard) == standard);
	right = refused(name, EBUSY);
	must(dup2(saved, standard) == standard);
	(void)close(saved);
	(void)close(fd);
	return right;
}

static void
in_use(void)
{
	int saved = dup(STDERR_FILENO), fd = open(in_directory("new"), O_RDWR | O_APPEND);

	ok(refused_while(STDIN_FILENO, "new"), "the file that standard input is is refused");
	ok(refused_while(STDOUT_FILENO, "new"), "and the one that standard output is");
	must(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	is(target_open(in_directory("new"), TARGET_APPEND), STDERR_FILENO, "standard error by its name is that");
	must(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
	(void)close(saved);
	(void)close(fd);
}

/* Whoever may only write to it may do so. */
static void
write_only(void)
{
	make("mailbox", "old\n");
	must(chmod(in_directory("mailbox"), 0200) == 0);
	ok(target_open(in_directory("mailbox"), TARGET_APPEND) >= 0, "a file that cannot be read is opened");
}

int
main(void)
{
	static const char *const names[] = { "old", "new", "fifo", "victim", "link", "dangling", "mailbox",
		"shared" };

	pipe_init();
	must(mkdtemp(path) != NULL);
	files();
	links();
	errors();
	cut_short();
	two_writers();
	by_description();
	in_use();
	write_only();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_directory(names[i]));
	(void)rmdir(path);
	return done_testing();
}
