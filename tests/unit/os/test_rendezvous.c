/* SPDX-License-Identifier: BSD-2-Clause */
/* Where weirs are found: the directory, who may own it, and names that are made and read back. */
#include "../tap.h"

#include "../pipe.h"

#include "os/rendezvous.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>

static char top[] = "/tmp/weir-rendezvous-XXXXXX";
static char path[RENDEZVOUS_PATH_MOST], name[RENDEZVOUS_PATH_MOST], longer[4096];

static void
directories(void)
{
	char expected[64];

	must(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1) == 0);
	ok(rendezvous_directory(path) == 0 && strcmp(path, "/run/user/7/weir") == 0, "beneath XDG_RUNTIME_DIR");
	(void)snprintf(expected, sizeof(expected), geteuid() == 0 ? "/run/weir" : "/tmp/weir-%u", (unsigned)geteuid());
	must(setenv("XDG_RUNTIME_DIR", "run/user/7", 1) == 0);
	ok(rendezvous_directory(path) == 0 && strcmp(path, expected) == 0, "one that is not absolute is ignored");
	must(setenv("XDG_RUNTIME_DIR", "", 1) == 0);
	ok(rendezvous_directory(path) == 0 && strcmp(path, expected) == 0, "so is an empty one");
	must(unsetenv("XDG_RUNTIME_DIR") == 0);
	ok(rendezvous_directory(path) == 0 && strcmp(path, expected) == 0, "and one that is not there");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	must(setenv("XDG_RUNTIME_DIR", longer, 1) == 0);
	errno = 0;
	ok(rendezvous_directory(path) < 0 && errno == ENAMETOOLONG, "one that is too long is an error");
}

static void
making(void)
{
	struct stat status;
	char link[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/weir", top);
	(void)snprintf(link, sizeof(link), "%s/link", top);
	ok(rendezvous_open(path, false) < 0 && errno == ENOENT, "who only looks makes none");
	fd = rendezvous_open(path, true);
	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "it is made, and closed by exec");
	ok(fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0700, "for its owner alone");
	(void)close(fd);
	ok((fd = rendezvous_open(path, true)) >= 0, "and found when it is there");
	(void)close(fd);
	must(symlink(path, link) == 0);
	ok(rendezvous_open(link, true) < 0 && errno == ENOTDIR, "a link to it is none");
	must(chmod(path, 0710) == 0);
	ok(rendezvous_open(path, true) < 0 && errno == EPERM, "one that others have a right to is refused");
	must(rmdir(path) == 0 && unlink(link) == 0);
	must((fd = open(path, O_CREAT | O_WRONLY, 0600)) >= 0 && close(fd) == 0);
	ok(rendezvous_open(path, true) < 0 && errno == ENOTDIR, "a file is none");
	must(unlink(path) == 0 && mkdir(path, 0700) == 0);
	if (geteuid() == 0)
		must(chown(path, 4711, 4711) == 0);
	else
		must(chmod(path, 0701) == 0);
	ok(rendezvous_open(path, true) < 0 && errno == EPERM, "one of another user is refused");
	must(rmdir(path) == 0);
}

static void
names(void)
{
	pid_t pid;
	size_t length;

	ok(rendezvous_path(path, "/run/weir", "nightly", 12) == 0 && strcmp(path, "/run/weir/nightly.12") == 0, "NAME.PID");
	ok(rendezvous_path(path, "/run/weir", "../a b\xc3\xa9/c", 7) == 0 &&
	    strcmp(path, "/run/weir/.._a_b___c.7") == 0, "what a name of a file should not have is _");
	length = strlen(longer);
	must(length > RENDEZVOUS_PATH_MOST);
	ok(rendezvous_path(path, "/run/weir", longer + 1, INT_MAX) == 0 && strlen(path) == RENDEZVOUS_PATH_MOST - 1,
	    "a long name is cut");
	ok(strcmp(path + strlen(path) - 11, ".2147483647") == 0, "and the process id is not");
	longer[RENDEZVOUS_PATH_MOST - 1 - 4] = '\0';
	ok(rendezvous_path(path, longer, "name", 1) == 0 && strlen(path) == RENDEZVOUS_PATH_MOST - 1 &&
	    strcmp(path + RENDEZVOUS_PATH_MOST - 5, "/n.1") == 0, "down to one byte");
	ok(rendezvous_path(path, longer, "name", 10) < 0 && errno == ENAMETOOLONG, "and not to none");
	ok(rendezvous_path(path, "/run/weir", "", 10) < 0, "nor is one made of none");

	ok(rendezvous_parse("nightly.12", name, &pid) && strcmp(name, "nightly") == 0 && pid == 12, "and back");
	ok(rendezvous_parse("a.b.3.45", name, &pid) && strcmp(name, "a.b.3") == 0 && pid == 45, "from the last dot on");
	ok(rendezvous_parse("..1", name, &pid) && strcmp(name, ".") == 0 && pid == 1, "be it the second");
}

static void
strangers(void)
{
	static const char *const strange[] = { "", ".", "..", ".12", "nightly", "nightly.", "nightly.0", "nightly.012",
		"nightly.+1", "nightly.1x", "nightly.-1", "nightly.2147483648", "nightly.99999999999999999999", "a b.1",
		"a/b.1", "a.1\n" };
	pid_t pid;

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		ok(!rendezvous_parse(strange[i], name, &pid), "name %zu is none of these", i + 1);
	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer + sizeof(longer) - 3, ".1", 3);
	ok(!rendezvous_parse(longer, name, &pid), "nor what no address would hold");
}

int
main(void)
{
	must(mkdtemp(top) != NULL);
	(void)umask(0);
	directories();
	making();
	names();
	strangers();
	must(rmdir(top) == 0);
	return done_testing();
}
