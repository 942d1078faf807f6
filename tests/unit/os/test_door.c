/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket that others of the same user come in by: its name, what may be there before, who is let in, how it goes. */
#include "../tap.h"

#include "../pipe.h"

#include "os/door.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

static char top[] = "/tmp/weir-door-XXXXXX";
static char path[RENDEZVOUS_PATH_MOST];

static int
open_directory(void)
{
	const int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

/* A client, connected. */
static int
knock(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	must(fd >= 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	must(close(fd) == 0);
	return -1;
}

static bool
is_there(void)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void
opening(void)
{
	struct door door, other;
	struct stat status;
	int fd;

	ok(door_open(&door, path, open_directory()) == 0, "it is opened");
	ok(lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && (status.st_mode & 0777) == 0600, "for its owner alone");
	ok(fcntl(door.fd, F_GETFD) == FD_CLOEXEC && (fcntl(door.fd, F_GETFL) & O_NONBLOCK) != 0, "closed by exec, and never waits");
	ok(door_open(&other, path, -1) < 0 && errno == EADDRINUSE, "not once more while somebody listens");
	ok(is_there(), "which leaves it there");
	door_close(&door);
	ok(!is_there(), "its name goes with it");
	door_close(&door);
	ok(door.fd == -1, "once");

	must(door_open(&door, path, -1) == 0);
	door_close(&door);
	ok(is_there(), "where its directory is not given, its name stays");
	ok(door_open(&door, path, open_directory()) == 0, "and whoever comes next takes its place");
	must(unlink(path) == 0 && door_open(&other, path, -1) == 0);
	door_close(&door);
	ok(is_there(), "a name that is another's by now is left alone");
	door_close(&other);
	must(unlink(path) == 0);

	must((fd = open(path, O_CREAT | O_WRONLY, 0600)) >= 0 && close(fd) == 0);
	ok(door_open(&door, path, -1) < 0 && errno == EEXIST && is_there(), "a file in its place stays");
	must(unlink(path) == 0 && symlink("nowhere", path) == 0);
	ok(door_open(&door, path, -1) < 0 && errno == EEXIST && is_there(), "so does a link");
	must(unlink(path) == 0);
	door_close(&door);
}

static void
too_long(void)
{
	char longer[2 * RENDEZVOUS_PATH_MOST];
	struct door door;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ok(door_open(&door, longer, -1) < 0 && errno == ENAMETOOLONG, "a name that does not fit is an error");
	longer[RENDEZVOUS_PATH_MOST] = '\0';
	ok(door_open(&door, longer, -1) < 0 && errno == ENAMETOOLONG, "be it by the NUL");
}

static void
talking(void)
{
	static char much[4 << 20];
	struct door door;
	char text[16];
	int client, inside;
	size_t sent = 0;
	ssize_t done;

	must(door_open(&door, path, open_directory()) == 0);
	ok(door_accept(&door) < 0 && errno == EAGAIN, "nobody has come");
	must((client = knock()) >= 0);
	inside = door_accept(&door);
	ok(inside >= 0 && fcntl(inside, F_GETFD) == FD_CLOEXEC && (fcntl(inside, F_GETFL) & O_NONBLOCK) != 0,
	    "who comes is let in, and never waited for");
	ok(door_receive(inside, text, sizeof(text)) < 0 && errno == EAGAIN, "has said nothing yet");
	must(write(client, "hello", 5) == 5);
	is(door_receive(inside, text, sizeof(text)), 5, "is heard");
	while ((done = door_send(inside, much, sizeof(much))) > 0)
		sent += (size_t)done;
	ok(done < 0 && errno == EAGAIN && sent > 0, "is told as much as goes without waiting");
	must(close(client) == 0);
	ok(door_send(inside, "x", 1) < 0 && errno == EPIPE, "and has gone, without a signal");
	door_part(inside);
	ok(fcntl(inside, F_GETFD) < 0, "is let go");
	door_close(&door);
}

/* Whoever is neither root nor the owner of the process: as root only another user can be played. */
static void
strangers(void)
{
	struct door door;
	int status = -1, inside = -1;
	pid_t child;

	if (geteuid() != 0) {
		ok(true, "another user cannot be played");
		ok(true, "nor one who may come in");
		return;
	}
	must(chmod(top, 0755) == 0 && door_open(&door, path, open_directory()) == 0 && chmod(path, 0666) == 0);
	child = fork();
	if (child == 0)
		_exit(setgid(4711) < 0 || setuid(4711) < 0 || knock() < 0);
	must(waitpid(child, &status, 0) == child && status == 0);
	ok(door_accept(&door) < 0 && errno == EPERM, "another user is sent away");
	must(setegid(4711) == 0 && seteuid(4711) == 0);
	child = fork(); /* it is root by its real user id, and becomes so again */
	if (child == 0)
		_exit(seteuid(0) < 0 || knock() < 0);
	must(waitpid(child, &status, 0) == child && status == 0);
	inside = door_accept(&door);
	ok(inside >= 0, "root may come in to anybody");
	must(seteuid(0) == 0 && setegid(0) == 0);
	door_part(inside);
	door_close(&door);
}

int
main(void)
{
	must(mkdtemp(top) != NULL);
	(void)snprintf(path, sizeof(path), "%s/socket", top);
	(void)umask(0);
	(void)signal(SIGPIPE, SIG_DFL);
	opening();
	too_long();
	talking();
	strangers();
	must(rmdir(top) == 0);
	return done_testing();
}
