/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a confined process cannot do any more, and what it still can: each tried in a child of its own,
 * confined and, to see that the attempt itself is sound, not confined.
 */
#include "tap.h"

#include "confine.h"
#include "io.h"
#include "pipes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>

#define NOT_DENIED 0

static char directory[] = "/tmp/weir-unit-XXXXXX";
static char file[64], other[64], missing[64];
static struct sockaddr_in listening = { .sin_family = AF_INET };

/* 0, or -1 with errno. */
static int
closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int
read_file(void)
{
	return closed(open(file, O_RDONLY));
}

static int
write_file(void)
{
	return closed(open(file, O_WRONLY));
}

static int
read_directory(void)
{
	return closed(open(directory, O_RDONLY | O_DIRECTORY));
}

static int
open_device(void)
{
	return closed(open("/dev/null", O_RDWR));
}

static int
make_file(void)
{
	return closed(open(missing, O_WRONLY | O_CREAT, 0600));
}

static int
make_directory(void)
{
	return mkdir(missing, 0700);
}

static int
make_link(void)
{
	return symlink(file, missing);
}

static int
make_fifo(void)
{
	return mkfifo(missing, 0600);
}

static int
remove_file(void)
{
	return unlink(other);
}

static int
execute(void)
{
	/* Where that is denied this returns. */
	return execl("/bin/sh", "sh", "-c", ":", (char *)NULL);
}

static int
truncate_file(void)
{
	return truncate(file, 0);
}

static int
connect_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&listening, sizeof(listening));
}

static int
signal_parent(void)
{
	return kill(getppid(), 0);
}

/* Since: the ABI of Landlock that denies it. */
static const struct attempt {
	const char *what;
	int (*try)(void);
	long since;
	int error;
} attempts[] = {
	{ "to read a file", read_file, 1, EACCES },
	{ "to write a file", write_file, 1, EACCES },
	{ "to read a directory", read_directory, 1, EACCES },
	{ "to open a device", open_device, 1, EACCES },
	{ "to make a file", make_file, 1, EACCES },
	{ "to make a directory", make_directory, 1, EACCES },
	{ "to make a symbolic link", make_link, 1, EACCES },
	{ "to make a FIFO", make_fifo, 1, EACCES },
	{ "to remove a file", remove_file, 1, EACCES },
	{ "to run a program", execute, 1, EACCES },
	{ "to truncate a file", truncate_file, 3, EACCES },
	{ "to connect", connect_tcp, 4, EACCES },
	{ "to signal another process", signal_parent, 6, EPERM },
};

/* The error an attempt ends with in a child; NOT_DENIED where there is none. */
static int
error_of(const struct attempt *attempt, bool confined)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (confined)
			(void)confine();
		_exit(attempt->try() == 0 ? NOT_DENIED : errno);
	}
	(void)waitpid(child, &status, 0);
	(void)unlink(missing);
	(void)rmdir(missing);
	(void)closed(open(other, O_WRONLY | O_CREAT, 0600));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the kernel has, asked apart from what is tested. */
static long
landlock_abi(void)
{
#ifdef HAVE_LANDLOCK
	return syscall(SYS_landlock_create_ruleset, NULL, 0UL, 1UL);
#else
	return 0;
#endif
}

static void
denied(long abi)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *attempt = &attempts[i];

		is(error_of(attempt, false), NOT_DENIED, "%s can be done", attempt->what);
		is(error_of(attempt, true), abi >= attempt->since ? attempt->error : NOT_DENIED,
		    "%s, confined: %s", attempt->what, abi >= attempt->since ? "denied" : "not denied here");
	}
}

/* All that weir does once it runs; the number of the first step that failed, or 0. */
static int
work(void)
{
	int in[2], out[2];
	struct io_port port;
	char text[4];
	void *memory;

	if (pipe(in) < 0 || pipe(out) < 0)
		return 1;
	io_open_output(&port, in[1]);
	if (!io_put(&port, "abc", 3, 0))
		return 2;
	if (read(in[0], text, sizeof(text)) != 3)
		return 3;
	memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || munmap(memory, 1 << 20) < 0)
		return 4;
	if (signal(SIGUSR1, SIG_IGN) == SIG_ERR || raise(SIGUSR1) != 0)
		return 5;
	return 0;
}

static void
allowed(bool expected)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(confine() != expected ? 99 : confine() != expected ? 98 : work());
	(void)waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "confined %s, twice, and what weir does still works (%d)", expected ? "where it can be" : "not here",
	    WEXITSTATUS(status));
}

#ifdef __linux__
static void
no_new_privileges(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		char line[256];
		FILE *self = fopen("/proc/self/status", "r");
		int value = 9;

		(void)confine();
		while (self != NULL && fgets(line, sizeof(line), self) != NULL)
			(void)sscanf(line, "NoNewPrivs: %d", &value);
		if (self != NULL)
			(void)fclose(self);
		_exit(value);
	}
	(void)waitpid(child, &status, 0);
#ifdef HAVE_LANDLOCK
	is(WEXITSTATUS(status), 1, "no new privileges");
#else
	is(WEXITSTATUS(status), 0, "a build without it asks for nothing");
#endif
}
#endif

static int
listener(void)
{
	socklen_t length = sizeof(listening);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	listening.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&listening, length) == 0 && listen(fd, 100) == 0 &&
	    getsockname(fd, (struct sockaddr *)&listening, &length) == 0);
	return fd;
}

int
main(void)
{
	long abi = landlock_abi();
	int fd;

	pipes_init();
	must(mkdtemp(directory) != NULL);
	(void)snprintf(file, sizeof(file), "%s/file", directory);
	(void)snprintf(other, sizeof(other), "%s/other", directory);
	(void)snprintf(missing, sizeof(missing), "%s/missing", directory);
	must(closed(open(file, O_WRONLY | O_CREAT, 0600)) == 0 && closed(open(other, O_WRONLY | O_CREAT, 0600)) == 0);
	fd = listener();
	allowed(abi > 0);
	denied(abi > 0 ? abi : 0);
#ifdef __linux__
	no_new_privileges();
#endif
	(void)close(fd);
	(void)unlink(file);
	(void)unlink(other);
	(void)rmdir(directory);
	return done_testing();
}
