/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a confined process cannot do any more, and what it still can: each tried in a child of its own,
 * confined and, to see that the attempt itself is sound, not confined.
 */
#include "../tap.h"

#include "../pipe.h"
#include "os/confine.h"
#include "os/io.h"
#include "os/put.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>

#define NOT_DENIED 0

#ifdef O_PATH
#define FOR_NAMES O_PATH
#else
#define FOR_NAMES O_RDONLY
#endif

/* Names in a directory, for which an exception may be made, and in another one. */
static struct place {
	char directory[64];
	char file[80], other[80], missing[80];
} inside, outside;
static const struct place *at; /* the one that is tried */
static int exception;          /* a descriptor of the directory `inside` */
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
	return closed(open(at->file, O_RDONLY));
}

static int
write_file(void)
{
	return closed(open(at->file, O_WRONLY));
}

static int
read_directory(void)
{
	return closed(open(at->directory, O_RDONLY | O_DIRECTORY));
}

static int
open_device(void)
{
	return closed(open("/dev/null", O_RDWR));
}

static int
make_file(void)
{
	return closed(open(at->missing, O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static int
make_directory(void)
{
	return mkdir(at->missing, 0700);
}

static int
make_link(void)
{
	return symlink(at->file, at->missing);
}

static int
make_fifo(void)
{
	return mkfifo(at->missing, 0600);
}

static int
make_hard_link(void)
{
	return link(at->file, at->missing);
}

static int
remove_file(void)
{
	return unlink(at->other);
}

static int
remove_directory(void)
{
	return mkdir(at->missing, 0700) == 0 ? rmdir(at->missing) : -1;
}

/* As metrics.c does. */
static int
replace_file(void)
{
	return renameat(exception, "other", exception, "file");
}

static int
rename_file(void)
{
	return rename(at->other, at->missing);
}

static int
bring_file(void)
{
	return rename(outside.other, inside.missing);
}

static int
take_file(void)
{
	return rename(inside.other, outside.missing);
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
	return truncate(at->file, 0);
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

/* How a child is confined: not at all, wholly, but for a directory in which a socket is left, a file is replaced, or files are
 * kept. */
enum how { FREE, CONFINED, LEFT, REPLACED, KEPT, NEVER };

/* Since: the ABI of Landlock that denies it.  Allowed: from which exception on. */
static const struct attempt {
	const char *what;
	int (*try)(void);
	long since;
	int error;
	enum how allowed;
} attempts[] = {
	{ "to read a file", read_file, 1, EACCES, KEPT },
	{ "to write a file", write_file, 1, EACCES, REPLACED },
	{ "to read a directory", read_directory, 1, EACCES, KEPT },
	{ "to open a device", open_device, 1, EACCES, NEVER },
	{ "to make a file", make_file, 1, EACCES, REPLACED },
	{ "to make a directory", make_directory, 1, EACCES, NEVER },
	{ "to make a symbolic link", make_link, 1, EACCES, NEVER },
	{ "to make a FIFO", make_fifo, 1, EACCES, NEVER },
	{ "to make a hard link", make_hard_link, 1, EACCES, REPLACED },
	{ "to remove a file", remove_file, 1, EACCES, LEFT },
	{ "to make and remove a directory", remove_directory, 1, EACCES, NEVER },
	{ "to replace a file", replace_file, 1, EACCES, REPLACED },
	{ "to rename a file", rename_file, 1, EACCES, REPLACED },
	{ "to bring a file into the directory", bring_file, 1, 0, NEVER },
	{ "to take a file out of the directory", take_file, 1, 0, NEVER },
	{ "to run a program", execute, 1, EACCES, NEVER },
	{ "to truncate a file", truncate_file, 3, EACCES, KEPT },
	{ "to connect", connect_tcp, 4, EACCES, NEVER },
	{ "to signal another process", signal_parent, 6, EPERM, NEVER },
};

static void
furnish(const struct place *place)
{
	(void)unlink(place->missing);
	(void)rmdir(place->missing);
	(void)closed(open(place->file, O_WRONLY | O_CREAT, 0600));
	(void)closed(open(place->other, O_WRONLY | O_CREAT, 0600));
}

/* The error an attempt ends with in a child; NOT_DENIED where there is none. */
static int
error_of(const struct attempt *attempt, const struct place *place, enum how how)
{
	static const enum confine_use uses[] = {
		[LEFT] = CONFINE_REMOVE,
		[REPLACED] = CONFINE_REPLACE,
		[KEPT] = CONFINE_KEEP,
	};
	int status = -1;
	pid_t child = fork();

	at = place;
	if (child == 0) {
		const struct confine_place place_of_own = { exception, inside.directory, uses[how] };

		if (how != FREE)
			(void)confine(&place_of_own, how == CONFINED ? 0 : 1, false);
		_exit(attempt->try() == 0 ? NOT_DENIED : errno);
	}
	(void)waitpid(child, &status, 0);
	furnish(&inside);
	furnish(&outside);
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

/* To move a file to another directory is answered as if it were another file system by ABI 1. */
static bool
is_denied(int error, const struct attempt *attempt)
{
	return attempt->error != 0 ? error == attempt->error : error == EXDEV || error == EACCES;
}

static void
denied(long abi)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *attempt = &attempts[i];
		bool confined = abi >= attempt->since;
		/* There is but one directory to replace_file, and two to those that move files. */
		bool is_inside = attempt->try == replace_file;
		int error = error_of(attempt, &inside, CONFINED);

		is(error_of(attempt, &inside, FREE), NOT_DENIED, "%s can be done", attempt->what);
		ok(confined ? is_denied(error, attempt) : error == NOT_DENIED, "%s, confined: %s (%d)",
		    attempt->what, confined ? "denied" : "not denied here", error);
		for (enum how how = LEFT; how <= KEPT; how++) {
			const bool allowed = attempt->allowed <= how;

			error = error_of(attempt, &inside, how);
			ok(confined && !allowed ? is_denied(error, attempt) : error == NOT_DENIED,
			    "%s, where %s: %s (%d)", attempt->what,
			    how == KEPT ? "files are kept" : how == LEFT ? "a socket is left" : "a file may be replaced",
			    allowed ? "not denied" : confined ? "denied" : "not denied here", error);
		}
		error = is_inside ? attempt->error : error_of(attempt, &outside, KEPT);
		ok(confined ? is_denied(error, attempt) : is_inside || error == NOT_DENIED,
		    "%s, elsewhere: %s (%d)", attempt->what, confined ? "denied" : "not denied here",
		    error);
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
	if (!put_all(&port, "abc", 3, 0))
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
		_exit(confine(NULL, 0, true) != expected ? 99 : confine(NULL, 0, false) != expected ? 98 : work());
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

		(void)confine(NULL, 0, false);
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

static void
make_place(struct place *place)
{
	(void)snprintf(place->directory, sizeof(place->directory), "/tmp/weir-unit-XXXXXX");
	must(mkdtemp(place->directory) != NULL);
	(void)snprintf(place->file, sizeof(place->file), "%s/file", place->directory);
	(void)snprintf(place->other, sizeof(place->other), "%s/other", place->directory);
	(void)snprintf(place->missing, sizeof(place->missing), "%s/missing", place->directory);
	furnish(place);
}

static void
remove_place(const struct place *place)
{
	(void)unlink(place->file);
	(void)unlink(place->other);
	(void)rmdir(place->directory);
}

int
main(void)
{
	long abi = landlock_abi();
	int fd;

	pipe_init();
	make_place(&inside);
	make_place(&outside);
	exception = open(inside.directory, FOR_NAMES | O_DIRECTORY);
	must(exception >= 0);
	fd = listener();
	allowed(abi > 0);
	denied(abi > 0 ? abi : 0);
#ifdef __linux__
	no_new_privileges();
#endif
	(void)close(fd);
	remove_place(&inside);
	remove_place(&outside);
	return done_testing();
}
