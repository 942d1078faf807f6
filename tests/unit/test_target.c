/* SPDX-License-Identifier: BSD-2-Clause */
/* Files to append to; those of reports are in test_reporter.c. */
#include "tap.h"

#include "pipes.h"
#include "target.h"

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
	static const char *const names[] = { "old", "new", "fifo", "victim", "link", "dangling", "mailbox" };

	pipes_init();
	must(mkdtemp(path) != NULL);
	files();
	links();
	in_use();
	write_only();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_directory(names[i]));
	(void)rmdir(path);
	return done_testing();
}
