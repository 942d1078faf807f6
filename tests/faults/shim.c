/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrapped is whatever weir calls that can fail with valid arguments: see `nm -D --undefined-only weir`.  Not
 * sigaction, sigprocmask, sysconf(_SC_PAGESIZE) and clock_gettime, which cannot.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "shim.h"
#include "../unit/random.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ways to fault a call that are not an errno. */
#define CUT (-1)
#define WAKE (-2)

#define PIECES_MOST 16
#define PRIVATE_MOST 16

enum call {
	CALL_CALLOC,
	CALL_CLOSE,
	CALL_DUP2,
	CALL_EXECVP,
	CALL_FCNTL,
	CALL_FDATASYNC,
	CALL_FLOCK,
	CALL_FORK,
	CALL_FSTAT,
	CALL_FSTATAT,
	CALL_FSYNC,
	CALL_FTRUNCATE,
	CALL_GETSOCKOPT,
	CALL_IOCTL,
	CALL_ISATTY,
	CALL_KILL,
	CALL_LANDLOCK, /* a syscall() too, but nothing that can be cut */
	CALL_LSEEK,
	CALL_LSTAT,
	CALL_MADVISE,
	CALL_MALLOC,
	CALL_MEMFD_CREATE,
	CALL_MKDIR,
	CALL_MMAP,
	CALL_MUNMAP,
	CALL_OPEN,
	CALL_OPENAT,
	CALL_PIPE,
	CALL_PIPE2,
	CALL_POLL,
	CALL_PPOLL,
	CALL_PRCTL,
	CALL_PREAD,
	CALL_PSELECT,
	CALL_PTHREAD_CREATE,
	CALL_PWRITE,
	CALL_PWRITEV,
	CALL_READ,
	CALL_READV,
	CALL_REALLOC,
	CALL_RECV,
	CALL_RECVMSG,
	CALL_RENAMEAT,
	CALL_SEND,
	CALL_SENDMSG,
	CALL_SETPGID,
	CALL_SHUTDOWN,
	CALL_SOCKETPAIR,
	CALL_SPLICE,
	CALL_STAT,
	CALL_SYSCALL,
	CALL_TEE,
	CALL_UNLINKAT,
	CALL_VFORK,
	CALL_WAITPID,
	CALL_WRITE,
	CALL_WRITEV,
	CALLS,
};

/* By which name the real one is found, and what may happen to it at random: `rare` where weir calls it once or
 * twice in a run, so that per mille would come to nothing. */
static const struct {
	const char *name;
	int ways[4];
	bool rare;
} calls[] = {
	[CALL_CALLOC] = { .name = "calloc" },
	[CALL_CLOSE] = { .name = "close", .ways = { EINTR }, .rare = true },
	[CALL_DUP2] = { .name = "dup2" },
	[CALL_EXECVP] = { .name = "execvp" },
	[CALL_FCNTL] = { .name = "fcntl", .ways = { EPERM, EBUSY }, .rare = true },
	[CALL_FDATASYNC] = { .name = "fdatasync", .ways = { EIO, ENOSPC } },
	[CALL_FLOCK] = { .name = "flock" },
	[CALL_FORK] = { .name = "fork" },
	[CALL_FSTAT] = { .name = "fstat" },
	[CALL_FSTATAT] = { .name = "fstatat" },
	[CALL_FSYNC] = { .name = "fsync", .ways = { EIO, ENOSPC } },
	[CALL_FTRUNCATE] = { .name = "ftruncate" },
	[CALL_GETSOCKOPT] = { .name = "getsockopt" },
	[CALL_IOCTL] = { .name = "ioctl" },
	[CALL_ISATTY] = { .name = "isatty" },
	[CALL_KILL] = { .name = "kill" },
	[CALL_LANDLOCK] = { .name = "syscall", .ways = { ENOSYS, EOPNOTSUPP, EPERM }, .rare = true },
	[CALL_LSEEK] = { .name = "lseek" },
	[CALL_LSTAT] = { .name = "lstat" },
	[CALL_MADVISE] = { .name = "madvise", .ways = { ENOMEM } },
	[CALL_MALLOC] = { .name = "malloc", .ways = { ENOMEM } },
	[CALL_MEMFD_CREATE] = { .name = "memfd_create" },
	[CALL_MKDIR] = { .name = "mkdir" },
	[CALL_MMAP] = { .name = "mmap" },
	[CALL_MUNMAP] = { .name = "munmap" },
	[CALL_OPEN] = { .name = "open", .ways = { EACCES, ENOENT, EMFILE }, .rare = true },
	[CALL_OPENAT] = { .name = "openat", .ways = { EACCES, ENOSPC, EMFILE }, .rare = true },
	[CALL_PIPE] = { .name = "pipe" },
	[CALL_PIPE2] = { .name = "pipe2", .ways = { EMFILE, ENFILE }, .rare = true },
	[CALL_POLL] = { .name = "poll" },
	[CALL_PPOLL] = { .name = "ppoll", .ways = { EINTR, WAKE } },
	[CALL_PRCTL] = { .name = "prctl" },
	[CALL_PREAD] = { .name = "pread" },
	[CALL_PSELECT] = { .name = "pselect", .ways = { EINTR, WAKE } },
	[CALL_PTHREAD_CREATE] = { .name = "pthread_create" },
	[CALL_PWRITE] = { .name = "pwrite", .ways = { CUT, EINTR, ENOSPC, EIO } },
	[CALL_PWRITEV] = { .name = "pwritev", .ways = { CUT, EINTR, ENOSPC, EIO } },
	[CALL_READ] = { .name = "read", .ways = { CUT, EINTR, EAGAIN } },
	[CALL_READV] = { .name = "readv", .ways = { CUT, EINTR, EAGAIN } },
	[CALL_REALLOC] = { .name = "realloc", .ways = { ENOMEM } },
	[CALL_RECV] = { .name = "recv" },
	[CALL_RECVMSG] = { .name = "recvmsg", .ways = { CUT, EINTR, EAGAIN } },
	[CALL_RENAMEAT] = { .name = "renameat", .ways = { EACCES, ENOSPC, EIO }, .rare = true },
	[CALL_SEND] = { .name = "send" },
	[CALL_SENDMSG] = { .name = "sendmsg", .ways = { CUT, EINTR, EAGAIN } },
	[CALL_SETPGID] = { .name = "setpgid" },
	[CALL_SHUTDOWN] = { .name = "shutdown" },
	[CALL_SOCKETPAIR] = { .name = "socketpair" },
	[CALL_SPLICE] = { .name = "splice", .ways = { CUT, EINTR, EAGAIN, EINVAL } },
	[CALL_STAT] = { .name = "stat" },
	[CALL_SYSCALL] = { .name = "syscall", .ways = { CUT, EINTR, EAGAIN, EOPNOTSUPP } },
	[CALL_TEE] = { .name = "tee", .ways = { CUT, EINTR, EAGAIN, EINVAL } },
	[CALL_UNLINKAT] = { .name = "unlinkat" },
	[CALL_VFORK] = { .name = "vfork", .ways = { EAGAIN, ENOMEM } },
	[CALL_WAITPID] = { .name = "waitpid", .ways = { EINTR } },
	[CALL_WRITE] = { .name = "write", .ways = { CUT, EINTR, EAGAIN } },
	[CALL_WRITEV] = { .name = "writev", .ways = { CUT, EINTR, EAGAIN } },
};

static struct {
	enum shim_mode mode;
	uint64_t which;
	int what;
	enum call same;
	bool same_known;
	bool renamed;   /* a file, once */
	bool ample;     /* never short of memory */
	bool waited;    /* or read: weir is up */
	uint64_t again; /* faults that said "try again" */
	uint64_t asked; /* calls for memory */
	struct shim_counts *counts; /* NULL until all is set up */
	int private[PRIVATE_MOST]; /* descriptors of pipes that weir made for itself, plus 1; of sockets the same below 0 */
} shim;

/* Each thread draws for itself, so that what befalls one does not hang on the other, and all else is behind a
 * lock.  Which call is the k-th of all (SHIM_ONCE and so on) does hang on it once there are two. */
static _Thread_local struct random dice;
static _Thread_local bool spared; /* libc calls for itself, and counts on errno to be as it is from a kernel */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(call, function) ((__typeof__(&function))real(call))

static void *
real(enum call call)
{
	static void *found[CALLS];

	if (found[call] == NULL && (found[call] = dlsym(RTLD_NEXT, calls[call].name)) == NULL)
		abort();
	return found[call];
}

__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv(SHIM_VARIABLE);
	const char *program = getenv(SHIM_PROGRAM);
	unsigned mode;
	void *map;
	int fd;

	if (program != NULL && strcmp(program, program_invocation_short_name) != 0)
		return;
	if (text == NULL || sscanf(text, "%u %" SCNu64 " %d %d", &mode, &shim.which, &shim.what, &fd) != 4)
		return;
	map = REAL(CALL_MMAP, mmap)(NULL, sizeof(*shim.counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return;
	(void)REAL(CALL_CLOSE, close)(fd);
	for (int i = 0; i < CALLS; i++)
		(void)real((enum call)i);
	shim.ample = mode == SHIM_AMPLE;
	shim.mode = shim.ample ? SHIM_RANDOM : (enum shim_mode)mode;
	dice.state = shim.which;
	shim.counts = map;
}

/* --- which calls ---------------------------------------------------------------------------------- */

static int *
find_private(int wanted)
{
	for (int i = 0; i < PRIVATE_MOST; i++)
		if (shim.private[i] == wanted)
			return &shim.private[i];
	return NULL;
}

static void
note_private(int fd, bool socket)
{
	int *slot;

	(void)pthread_mutex_lock(&lock);
	slot = find_private(0);
	if (slot != NULL)
		*slot = socket ? -(fd + 1) : fd + 1;
	(void)pthread_mutex_unlock(&lock);
}

/* What the kernel could not do: make a program wait for a file, or do half of what is promised for a pipe that
 * nobody else has; or have no room for a message in a socket that holds none. */
static bool
possible(int way, enum call call, int fd)
{
	struct stat status;

	if (fd < 0)
		return true;
	if (find_private(fd + 1) != NULL)
		return way == EAGAIN && call == CALL_WRITEV;
	if (find_private(-(fd + 1)) != NULL)
		return way != EAGAIN || call != CALL_SENDMSG;
	return way != EAGAIN || (REAL(CALL_FSTAT, fstat)(fd, &status) == 0 && !S_ISREG(status.st_mode));
}

static bool
asks_for_memory(enum call call)
{
	return call == CALL_CALLOC || call == CALL_MALLOC || call == CALL_REALLOC || call == CALL_MMAP;
}

static int
random_way(enum call call, int fd)
{
	const int *ways = calls[call].ways;
	uint64_t of = calls[call].rare ? 50 : 1000;
	uint64_t count = 0;
	int way;

	while (count < sizeof(calls[call].ways) / sizeof(*ways) && ways[count] != 0)
		count++;
	/* without memory for what it has been told to do weir rightly does nothing */
	if ((!shim.waited && call == CALL_MALLOC) || (shim.ample && asks_for_memory(call)))
		return 0;
	if (count == 0 || random_below(&dice, of) >= (uint64_t)shim.what)
		return 0;
	way = ways[random_below(&dice, count)];
	return possible(way, call, fd) ? way : 0;
}

static bool
is_due(enum call call, uint64_t number)
{
	if (shim.mode == SHIM_MEMORY)
		return asks_for_memory(call) && ++shim.asked == shim.which;
	if (shim.mode == SHIM_ALL)
		return number >= shim.which;
	if (number == shim.which) {
		shim.same = call;
		shim.same_known = true;
		return true;
	}
	return shim.mode == SHIM_SAME && shim.same_known && call == shim.same;
}

static void
count(enum call call, int way)
{
	static const int kinds[SHIM_KINDS] = {
		[SHIM_SHORT] = CUT,
		[SHIM_SPURIOUS] = WAKE,
		[SHIM_EINTR] = EINTR,
		[SHIM_EAGAIN] = EAGAIN,
		[SHIM_EOPNOTSUPP] = EOPNOTSUPP,
	};
	int kind = 0;

	while (kind < SHIM_OTHER && kinds[kind] != way)
		kind++;
	shim.counts->faults[kind]++;
	if (shim.counts->first[0] == '\0')
		(void)strncpy(shim.counts->first, calls[call].name, sizeof(shim.counts->first) - 1);
}

static int
choose_fault(enum call call, int fd)
{
	uint64_t number;
	int way = 0;

	shim.waited |= call == CALL_PPOLL || call == CALL_PSELECT || call == CALL_SYSCALL || call == CALL_READ ||
	    call == CALL_READV || call == CALL_RECVMSG;
	number = __atomic_add_fetch(&shim.counts->calls, 1, __ATOMIC_RELAXED); /* a child that was forked counts as well */
	if (shim.mode == SHIM_RANDOM)
		way = random_way(call, fd);
	else if (is_due(call, number))
		way = shim.what;
	if (shim.mode != SHIM_RANDOM && (way == EINTR || way == EAGAIN) && shim.again++ >= SHIM_PATIENCE)
		way = 0;
	if (way != 0)
		count(call, way);
	return way;
}

/* How this call is to be faulted: CUT, WAKE, an errno, which is set as well, or 0 for not at all. */
static int
fault(enum call call, int fd)
{
	int way;

	if (shim.counts == NULL || spared)
		return 0;
	(void)pthread_mutex_lock(&lock);
	way = choose_fault(call, fd);
	(void)pthread_mutex_unlock(&lock);
	if (way > 0)
		errno = way;
	return way;
}

/* From now on every call is the real one: for what has to be written at the end ("make coverage"). */
void shim_disarm(void);

void
shim_disarm(void)
{
	shim.counts = NULL;
}

/* --- bytes ---------------------------------------------------------------------------------------- */

static size_t
shorter(size_t length)
{
	return length > 1 ? (size_t)random_from(&dice, 1, length - 1) : length;
}

/* The pieces, or a copy of some of them where less is to be transferred than all. */
static const struct iovec *
cut(int way, const struct iovec *piece, int *pieces)
{
	static _Thread_local struct iovec part[PIECES_MOST];
	size_t length = 0;
	int parts = 0;

	if (way != CUT || *pieces > PIECES_MOST)
		return piece;
	for (int i = 0; i < *pieces; i++)
		length += piece[i].iov_len;
	length = shorter(length);
	for (; parts < *pieces && length > 0; parts++) {
		part[parts] = piece[parts];
		if (part[parts].iov_len > length)
			part[parts].iov_len = length;
		length -= part[parts].iov_len;
	}
	*pieces = parts;
	return part;
}

ssize_t
read(int fd, void *to, size_t length)
{
	int way = fault(CALL_READ, fd);

	return way > 0 ? -1 : REAL(CALL_READ, read)(fd, to, way == CUT ? shorter(length) : length);
}

ssize_t
write(int fd, const void *from, size_t length)
{
	int way = fault(CALL_WRITE, fd);

	return way > 0 ? -1 : REAL(CALL_WRITE, write)(fd, from, way == CUT ? shorter(length) : length);
}

ssize_t
readv(int fd, const struct iovec *piece, int pieces)
{
	int way = fault(CALL_READV, fd);

	piece = cut(way, piece, &pieces);
	return way > 0 ? -1 : REAL(CALL_READV, readv)(fd, piece, pieces);
}

ssize_t
writev(int fd, const struct iovec *piece, int pieces)
{
	int way = fault(CALL_WRITEV, fd);

	piece = cut(way, piece, &pieces);
	return way > 0 ? -1 : REAL(CALL_WRITEV, writev)(fd, piece, pieces);
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	int way = fault(CALL_SENDMSG, fd);
	int pieces = (int)message->msg_iovlen;
	struct msghdr part = *message;

	part.msg_iov = (struct iovec *)(uintptr_t)cut(way, message->msg_iov, &pieces);
	part.msg_iovlen = (__typeof__(part.msg_iovlen))pieces;
	return way > 0 ? -1 : REAL(CALL_SENDMSG, sendmsg)(fd, &part, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	int way = fault(CALL_RECVMSG, fd);
	int pieces = (int)message->msg_iovlen;
	struct msghdr part = *message;

	part.msg_iov = (struct iovec *)(uintptr_t)cut(way, message->msg_iov, &pieces);
	part.msg_iovlen = (__typeof__(part.msg_iovlen))pieces;
	return way > 0 ? -1 : REAL(CALL_RECVMSG, recvmsg)(fd, &part, flags);
}

ssize_t
pread(int fd, void *to, size_t length, off_t at)
{
	return fault(CALL_PREAD, -1) > 0 ? -1 : REAL(CALL_PREAD, pread)(fd, to, length, at);
}

ssize_t
pwrite(int fd, const void *from, size_t length, off_t at)
{
	int way = fault(CALL_PWRITE, -1);

	return way > 0 ? -1 : REAL(CALL_PWRITE, pwrite)(fd, from, way == CUT ? shorter(length) : length, at);
}

ssize_t
pwritev(int fd, const struct iovec *piece, int pieces, off_t at)
{
	int way = fault(CALL_PWRITEV, -1);

	piece = cut(way, piece, &pieces);
	return way > 0 ? -1 : REAL(CALL_PWRITEV, pwritev)(fd, piece, pieces, at);
}

int
fdatasync(int fd)
{
	return fault(CALL_FDATASYNC, -1) > 0 ? -1 : REAL(CALL_FDATASYNC, fdatasync)(fd);
}

int
fsync(int fd)
{
	return fault(CALL_FSYNC, -1) > 0 ? -1 : REAL(CALL_FSYNC, fsync)(fd);
}

int
mkdir(const char *path, mode_t mode)
{
	return fault(CALL_MKDIR, -1) > 0 ? -1 : REAL(CALL_MKDIR, mkdir)(path, mode);
}

ssize_t
send(int fd, const void *from, size_t length, int flags)
{
	return fault(CALL_SEND, -1) > 0 ? -1 : REAL(CALL_SEND, send)(fd, from, length, flags);
}

ssize_t
recv(int fd, void *to, size_t length, int flags)
{
	return fault(CALL_RECV, -1) > 0 ? -1 : REAL(CALL_RECV, recv)(fd, to, length, flags);
}

/* weir only has preadv2 and pwritev2 made by number. */
long
syscall(long number, ...)
{
	const struct iovec *piece;
	long argument[6];
	va_list arguments;
	int pieces, way;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_preadv2 || number == SYS_pwritev2) {
		way = fault(CALL_SYSCALL, (int)argument[0]);
		pieces = (int)argument[2];
		piece = cut(way, (const struct iovec *)argument[1], &pieces);
		if (way > 0)
			return -1;
		argument[1] = (long)piece;
		argument[2] = pieces;
	} else if (fault(CALL_LANDLOCK, -1) > 0) {
		return -1;
	}
	return REAL(CALL_SYSCALL, syscall)(number, argument[0], argument[1], argument[2], argument[3],
	    argument[4], argument[5]);
}

ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags)
{
	int way = fault(CALL_SPLICE, from);

	return way > 0 ? -1 : REAL(CALL_SPLICE, splice)(from, from_at, to, to_at,
	    way == CUT ? shorter(length) : length, flags);
}

ssize_t
tee(int from, int to, size_t length, unsigned flags)
{
	int way = fault(CALL_TEE, from);

	return way > 0 ? -1 : REAL(CALL_TEE, tee)(from, to, way == CUT ? shorter(length) : length, flags);
}

/* --- waiting -------------------------------------------------------------------------------------- */

int
poll(struct pollfd *set, nfds_t size, int timeout)
{
	return fault(CALL_POLL, -1) > 0 ? -1 : REAL(CALL_POLL, poll)(set, size, timeout);
}

/* Woken for nothing: what poll says of the descriptors is true, but the time is not up. */
int
ppoll(struct pollfd *set, nfds_t size, const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec none;
	int way = fault(CALL_PPOLL, -1);

	return way > 0 ? -1 : REAL(CALL_PPOLL, ppoll)(set, size, way == WAKE ? &none : timeout, mask);
}

int
pselect(int size, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout,
    const sigset_t *mask)
{
	static const struct timespec none;
	int way = fault(CALL_PSELECT, -1);

	return way > 0 ? -1 : REAL(CALL_PSELECT, pselect)(size, in, out, other,
	    way == WAKE ? &none : timeout, mask);
}

/* What a build with _FORTIFY_SOURCE calls instead. */
int __poll_chk(struct pollfd *set, nfds_t size, int timeout, size_t room);
int __ppoll_chk(struct pollfd *set, nfds_t size, const struct timespec *timeout, const sigset_t *mask,
    size_t room);
ssize_t __read_chk(int fd, void *to, size_t length, size_t room);

int
__poll_chk(struct pollfd *set, nfds_t size, int timeout, size_t room)
{
	(void)room;
	return poll(set, size, timeout);
}

int
__ppoll_chk(struct pollfd *set, nfds_t size, const struct timespec *timeout, const sigset_t *mask,
    size_t room)
{
	(void)room;
	return ppoll(set, size, timeout, mask);
}

ssize_t
__read_chk(int fd, void *to, size_t length, size_t room)
{
	(void)room;
	return read(fd, to, length);
}

/* --- descriptors ---------------------------------------------------------------------------------- */

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;

	/* At random only where there is another way: an output's own description. */
	if (flags & O_CREAT) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	if (shim.mode == SHIM_RANDOM && ((flags & (O_CREAT | O_DIRECTORY)) || (flags & O_ACCMODE) != O_WRONLY))
		return REAL(CALL_OPEN, open)(path, flags, mode);
	return fault(CALL_OPEN, -1) > 0 ? -1 : REAL(CALL_OPEN, open)(path, flags, mode);
}

/* The first page of metrics tells whether there can be any; a later one may fail at random. */
static bool
is_first_page(void)
{
	return shim.mode == SHIM_RANDOM && !shim.renamed;
}

int
openat(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;

	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return !is_first_page() && fault(CALL_OPENAT, -1) > 0 ? -1 : REAL(CALL_OPENAT, openat)(directory, path, flags, mode);
}

int
renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	if (!is_first_page() && fault(CALL_RENAMEAT, -1) > 0)
		return -1;
	shim.renamed = true;
	return REAL(CALL_RENAMEAT, renameat)(from_directory, from, to_directory, to);
}

int
unlinkat(int directory, const char *path, int flags)
{
	return fault(CALL_UNLINKAT, -1) > 0 ? -1 : REAL(CALL_UNLINKAT, unlinkat)(directory, path, flags);
}

int
fstatat(int directory, const char *path, struct stat *status, int flags)
{
	return fault(CALL_FSTATAT, -1) > 0 ? -1 : REAL(CALL_FSTATAT, fstatat)(directory, path, status, flags);
}

int
socketpair(int domain, int type, int protocol, int fd[2])
{
	int result = fault(CALL_SOCKETPAIR, -1) > 0 ? -1 : REAL(CALL_SOCKETPAIR, socketpair)(domain, type, protocol, fd);

	for (int i = 0; i < 2 && result == 0; i++)
		note_private(fd[i], true);
	return result;
}

int
shutdown(int fd, int how)
{
	return fault(CALL_SHUTDOWN, -1) > 0 ? -1 : REAL(CALL_SHUTDOWN, shutdown)(fd, how);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *state)
{
	int way = fault(CALL_PTHREAD_CREATE, -1);

	if (way > 0)
		return way;
	spared = true;
	way = REAL(CALL_PTHREAD_CREATE, pthread_create)(thread, attributes, function, state);
	spared = false;
	return way;
}

int
close(int fd)
{
	int way = fault(CALL_CLOSE, -1);
	int result, *private;

	(void)pthread_mutex_lock(&lock);
	private = find_private(fd + 1) != NULL ? find_private(fd + 1) : find_private(-(fd + 1));
	if (private != NULL && fd >= 0)
		*private = 0;
	(void)pthread_mutex_unlock(&lock);
	result = REAL(CALL_CLOSE, close)(fd);
	if (way > 0)
		errno = way;
	return way > 0 ? -1 : result;
}

int
dup2(int from, int to)
{
	return fault(CALL_DUP2, -1) > 0 ? -1 : REAL(CALL_DUP2, dup2)(from, to);
}

int
pipe2(int fd[2], int flags)
{
	int result = fault(CALL_PIPE2, -1) > 0 ? -1 : REAL(CALL_PIPE2, pipe2)(fd, flags);

	for (int i = 0; i < 2 && result == 0; i++)
		note_private(fd[i], false);
	return result;
}

/* COMMAND's: nothing is promised for it. */
int
pipe(int fd[2])
{
	return fault(CALL_PIPE, -1) > 0 ? -1 : REAL(CALL_PIPE, pipe)(fd);
}

int
memfd_create(const char *name, unsigned flags)
{
	return fault(CALL_MEMFD_CREATE, -1) > 0 ? -1 : REAL(CALL_MEMFD_CREATE, memfd_create)(name, flags);
}

int
flock(int fd, int operation)
{
	return fault(CALL_FLOCK, -1) > 0 ? -1 : REAL(CALL_FLOCK, flock)(fd, operation);
}

int
getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	return fault(CALL_GETSOCKOPT, -1) > 0 ? -1 : REAL(CALL_GETSOCKOPT, getsockopt)(fd, level, name, value, length);
}

int
fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	/* At random only what the kernel may refuse. */
	if ((shim.mode != SHIM_RANDOM || command == F_SETPIPE_SZ) && fault(CALL_FCNTL, -1) > 0)
		return -1;
	return REAL(CALL_FCNTL, fcntl)(fd, command, argument);
}

#ifdef __GLIBC__
typedef unsigned long request_type;
#else
typedef int request_type; /* as POSIX has it */
#endif

int
ioctl(int fd, request_type request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return fault(CALL_IOCTL, -1) > 0 ? -1 : REAL(CALL_IOCTL, ioctl)(fd, request, argument);
}

int
isatty(int fd)
{
	return fault(CALL_ISATTY, -1) > 0 ? 0 : REAL(CALL_ISATTY, isatty)(fd);
}

int
stat(const char *path, struct stat *status)
{
	return fault(CALL_STAT, -1) > 0 ? -1 : REAL(CALL_STAT, stat)(path, status);
}

int
lstat(const char *path, struct stat *status)
{
	return fault(CALL_LSTAT, -1) > 0 ? -1 : REAL(CALL_LSTAT, lstat)(path, status);
}

int
prctl(int option, ...)
{
	unsigned long argument[4];
	va_list arguments;

	va_start(arguments, option);
	for (int i = 0; i < 4; i++)
		argument[i] = va_arg(arguments, unsigned long);
	va_end(arguments);
	return fault(CALL_PRCTL, -1) > 0 ? -1 : REAL(CALL_PRCTL, prctl)(option, argument[0], argument[1],
	    argument[2], argument[3]);
}

int
fstat(int fd, struct stat *status)
{
	return fault(CALL_FSTAT, -1) > 0 ? -1 : REAL(CALL_FSTAT, fstat)(fd, status);
}

off_t
lseek(int fd, off_t offset, int whence)
{
	return fault(CALL_LSEEK, -1) > 0 ? -1 : REAL(CALL_LSEEK, lseek)(fd, offset, whence);
}

int
ftruncate(int fd, off_t length)
{
	return fault(CALL_FTRUNCATE, -1) > 0 ? -1 : REAL(CALL_FTRUNCATE, ftruncate)(fd, length);
}

/* --- processes ------------------------------------------------------------------------------------ */

/* What is forked goes on as its parent does, with dice of its own. */
static pid_t
fork_faulted(enum call call)
{
	pid_t pid = fault(call, -1) > 0 ? -1 : REAL(CALL_FORK, fork)();

	if (pid == 0)
		dice.state = ~dice.state;
	return pid;
}

pid_t
fork(void)
{
	return fork_faulted(CALL_FORK);
}

/* It may be a fork, and has to be: this function returns, with the stack that the parent goes on with. */
pid_t
vfork(void)
{
	return fork_faulted(CALL_VFORK);
}

int
execvp(const char *file, char *const argv[])
{
	return fault(CALL_EXECVP, -1) > 0 ? -1 : REAL(CALL_EXECVP, execvp)(file, argv);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	/* Who does not wait is not interrupted. */
	if (shim.mode == SHIM_RANDOM && (options & WNOHANG))
		return REAL(CALL_WAITPID, waitpid)(pid, status, options);
	return fault(CALL_WAITPID, -1) > 0 ? -1 : REAL(CALL_WAITPID, waitpid)(pid, status, options);
}

int
kill(pid_t pid, int number)
{
	return fault(CALL_KILL, -1) > 0 ? -1 : REAL(CALL_KILL, kill)(pid, number);
}

int
setpgid(pid_t pid, pid_t group)
{
	return fault(CALL_SETPGID, -1) > 0 ? -1 : REAL(CALL_SETPGID, setpgid)(pid, group);
}

/* --- memory --------------------------------------------------------------------------------------- */

void *
malloc(size_t size)
{
	return fault(CALL_MALLOC, -1) > 0 ? NULL : REAL(CALL_MALLOC, malloc)(size);
}

void *
calloc(size_t count, size_t size)
{
	return fault(CALL_CALLOC, -1) > 0 ? NULL : REAL(CALL_CALLOC, calloc)(count, size);
}

void *
realloc(void *old, size_t size)
{
	return fault(CALL_REALLOC, -1) > 0 ? NULL : REAL(CALL_REALLOC, realloc)(old, size);
}

void *
mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
	return fault(CALL_MMAP, -1) > 0 ? MAP_FAILED
	                                : REAL(CALL_MMAP, mmap)(at, length, protection, flags, fd, offset);
}

int
munmap(void *at, size_t length)
{
	return fault(CALL_MUNMAP, -1) > 0 ? -1 : REAL(CALL_MUNMAP, munmap)(at, length);
}

int
madvise(void *at, size_t length, int advice)
{
	return fault(CALL_MADVISE, -1) > 0 ? -1 : REAL(CALL_MADVISE, madvise)(at, length, advice);
}
