/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neither side waits for the other: weir is told EAGAIN, and the warden keeps with each of its wards what it has yet to
 * tell, which is as much as there are kinds of events, however often they happen.  Where a system takes a part of a
 * message, the rest is waited for; Linux was not seen to.
 *
 * An end that is asked for comes behind all starts that were.  A weir that was killed asks for nothing: then its socket
 * has hung up, which is looked at before each start.
 */
#include "config.h"

#include "base/units.h"
#include "os/command.h"
#include "os/keeper.h"
#include "os/loop.h"
#include "os/signals.h"
#include "os/wards.h"

#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100
#define AGAIN_NS (10 * NS_PER_MS)

/* At the end, where nobody else tells: how often it is looked whether who was told to end has. */
#define LOOK_NS (20 * NS_PER_MS)

#define INHERITED_MOST 256 /* descriptors; shells give out numbers well below, and weir has opened few yet */

static_assert(WARDEN_STREAMS == COMMAND_STREAMS, "the standard streams");

extern char **environ;

struct keeper {
	int fd;
	bool behind;          /* there is something to tell, and no room to */
	unsigned failures;    /* to tell it, in a row, and not for room */
	char *const *const *commands;
	size_t command_count;
	char **environment;   /* of weir, or of a job */
	struct wards wards;
	char strings[WARDEN_STRINGS_BYTES];
};

bool
keeper_send(int fd, struct msghdr *message)
{
	const char *bytes = message->msg_iov->iov_base;
	size_t length = message->msg_iov->iov_len, sent = 0;
	int tries = 0;

	while (sent < length) {
		ssize_t more = sent == 0 ? sendmsg(fd, message, MSG_DONTWAIT)
		    : send(fd, bytes + sent, length - sent, MSG_DONTWAIT);

		if (more > 0)
			sent += (size_t)more;
		else if ((sent == 0 && errno != EINTR) || ++tries == TRIES || errno == EPIPE)
			return false;
		else if (sent > 0)
			(void)loop_await_output(fd, -1);
	}
	return true;
}

/* The rest of what has begun to come.  False at the end. */
static bool
receive_rest(int fd, char *into, size_t length)
{
	int tries = 0;

	while (length > 0) {
		ssize_t more = recv(fd, into, length, 0);

		if (more == 0 || (more < 0 && ++tries == TRIES))
			return false;
		if (more > 0) {
			into += more;
			length -= (size_t)more;
		}
	}
	return true;
}

/* How many there are of fds. */
static size_t
take_descriptors(struct msghdr *message, int fds[WARDEN_STREAMS])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count;

	if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); /* of one that was cut, too */
	if (count > WARDEN_STREAMS)
		count = WARDEN_STREAMS;
	memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	return count;
}

/* weir is confined since who feeds it may have taken it over, and may then say anything here. */
static bool
is_sound(const struct keeper *keeper, const struct keeper_request *request)
{
	return request->strings_bytes <= sizeof(keeper->strings) &&
	    (request->kind != KEEPER_START || request->value < keeper->command_count);
}

/* Of the environment weir says what begins with WEIR_, and not which library or program is to be found. */
static bool
are_words(const char *strings, size_t bytes)
{
	const char *end = strings + bytes;
	size_t count = 0;

	if (bytes > 0 && end[-1] != '\0')
		return false;
	for (; strings < end; strings += strlen(strings) + 1)
		if (++count > WARDEN_STRINGS_MOST || strncmp(strings, "WEIR_", 5) != 0 || strchr(strings, '=') == NULL)
			return false;
	return true;
}

/* 1 where there is a request, 0 where there is none for now, -1 at the end, or where no weir asks like that. */
static int
receive(struct keeper *keeper, struct keeper_request *request, int fds[WARDEN_STREAMS], size_t *count)
{
	union keeper_control control;
	struct iovec piece = { request, sizeof(*request) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = control.bytes };
	ssize_t length;

	message.msg_controllen = (socklen_t)CMSG_LEN(WARDEN_STREAMS * sizeof(int)); /* no more; size_t, or less elsewhere */
	length = recvmsg(keeper->fd, &message, MSG_DONTWAIT);
	*count = 0;
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	if (length <= 0)
		return -1;
	*count = take_descriptors(&message, fds);
	if (!receive_rest(keeper->fd, (char *)request + length, sizeof(*request) - (size_t)length) ||
	    !is_sound(keeper, request) || !receive_rest(keeper->fd, keeper->strings, request->strings_bytes))
		return -1;
	return are_words(keeper->strings, request->strings_bytes) ? 1 : -1;
}

static bool
is_of_name(const char *entry, const char *string)
{
	size_t length = strcspn(string, "=");

	return strncmp(entry, string, length + 1) == 0;
}

/* weir's environment with these strings in it. */
static void
compose(struct keeper *keeper, size_t strings_bytes)
{
	const char *end = keeper->strings + strings_bytes;
	size_t count = 0;

	for (char **entry = environ; *entry != NULL; entry++) {
		const char *string = keeper->strings;

		while (string < end && !is_of_name(*entry, string))
			string += strlen(string) + 1;
		if (string == end)
			keeper->environment[count++] = *entry;
	}
	for (char *string = keeper->strings; string < end; string += strlen(string) + 1)
		keeper->environment[count++] = string;
	keeper->environment[count] = NULL;
}

/* Each stream its descriptor, as far as they have come. */
static bool
assign(struct command *command, const struct keeper_request *request, const int fds[], size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < WARDEN_STREAMS; i++) {
		command->streams[i] = -1;
		if ((request->passed & 1U << i) == 0)
			continue;
		if (used == count)
			return false;
		command->streams[i] = fds[used++];
	}
	return true;
}

static void
start(struct keeper *keeper, struct ward *ward, const struct keeper_request *request, const int fds[], size_t count)
{
	struct command command = { .argv = keeper->commands[request->value], .environment = keeper->environment,
		.own_group = !keeper->wards.foreground, .leaderless = (request->passed & KEEPER_LEADERLESS) != 0 };
	bool refused;
	pid_t pid;

	ward->id = request->id;
	if (!assign(&command, request, fds, count)) {
		ward_note(ward, WARDEN_SHORT, EMFILE);
		return;
	}
	compose(keeper, request->strings_bytes);
	pid = command_start(&command, &refused);
	if (pid < 0) {
		ward_note(ward, refused ? WARDEN_FAILED : WARDEN_SHORT, errno);
	} else {
		ward->pid = pid;
		ward_note(ward, WARDEN_STARTED, (int)pid);
	}
}

/* One request, if there is one.  False when it is time to end. */
static bool
serve(struct keeper *keeper)
{
	struct ward *ward = wards_free(&keeper->wards);
	struct keeper_request request;
	int fds[WARDEN_STREAMS];
	size_t count;
	int got;

	if (ward == NULL)
		return true;
	got = receive(keeper, &request, fds, &count);
	if (got > 0 && request.kind == KEEPER_START && !loop_gone(keeper->fd))
		start(keeper, ward, &request, fds, count);
	if (got > 0 && request.kind == KEEPER_TERMINATE)
		wards_terminate(&keeper->wards, request.id);
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	return got == 0 || (got > 0 && request.kind != KEEPER_END);
}

static bool
send_news(int fd, uint64_t id, enum warden_event event, int value)
{
	struct keeper_news news = { id, (int32_t)event, value };
	struct iovec piece = { &news, sizeof(news) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	return keeper_send(fd, &message);
}

/* False where weir can be told no more: then it is to learn that nobody is here. */
static bool
tell(struct keeper *keeper)
{
	keeper->behind = false;
	for (size_t i = 0; i < keeper->wards.capacity; i++) {
		struct ward *ward = &keeper->wards.list[i];

		for (enum warden_event event = 0; event < WARDEN_GONE; event++) {
			if (!ward->news[event].due)
				continue;
			if (!send_news(keeper->fd, ward->id, event, ward->news[event].value)) {
				keeper->behind = true;
				keeper->failures = errno == EAGAIN || errno == EWOULDBLOCK ? 0 : keeper->failures + 1;
				return keeper->failures < TRIES;
			}
			keeper->failures = 0;
			ward->news[event].due = false;
		}
	}
	return true;
}

/* Without memory for one ward more it reads nothing: those that end make room.  What cannot be told though there is room
 * for it is tried again a little later. */
static void
keep(struct keeper *keeper)
{
	struct loop_watch watch = { .fd = keeper->fd };
	uint64_t until_ns;

	do {
		if (!wards_reap(&keeper->wards) || !tell(keeper))
			return;
		wards_kill_late(&keeper->wards);
		watch.input = wards_free(&keeper->wards) != NULL;
		watch.output = keeper->behind && keeper->failures == 0;
		until_ns = wards_next_kill_ns(&keeper->wards);
		if (keeper->failures > 0 && until_ns > loop_now() + AGAIN_NS)
			until_ns = loop_now() + AGAIN_NS;
	} while (loop_wait(&watch, 1, until_ns) && !watch.gone && serve(keeper));
}

/* Who was told to end, and has not yet, is killed all the same when it is time. */
static void
finish(struct keeper *keeper)
{
	struct loop_watch none = { .fd = -1 };

	while (wards_reap(&keeper->wards) && wards_next_kill_ns(&keeper->wards) != LOOP_FOREVER &&
	    loop_wait(&none, 1, loop_now() + LOOK_NS))
		wards_kill_late(&keeper->wards);
}

/* What weir opened is to be closed by exec, what it was given is not. */
static bool
keep_descriptors(int own, int null)
{
	for (int fd = 0; fd < WARDEN_STREAMS; fd++)
		if (dup2(null, fd) < 0)
			return false;
	for (int fd = WARDEN_STREAMS; fd < INHERITED_MOST; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (fd != own && flags >= 0 && (flags & FD_CLOEXEC) != 0)
			(void)close(fd);
	}
	return true;
}

static bool
make_room(struct keeper *keeper)
{
	size_t count = 0;

	while (environ[count] != NULL)
		count++;
	keeper->environment = calloc(count + WARDEN_STRINGS_MOST + 1, sizeof(*keeper->environment));
	return keeper->environment != NULL && wards_free(&keeper->wards) != NULL;
}

_Noreturn void
keeper_run(int fd, int null, char *const *const commands[], size_t count, bool foreground)
{
	static struct keeper keeper; /* larger than a stack frame should be */

	keeper.fd = fd;
	keeper.commands = commands;
	keeper.command_count = count;
	keeper.wards.foreground = foreground;
	signals_shield();
#ifdef __linux__
	(void)prctl(PR_SET_NAME, "weir-warden", 0, 0, 0);
#endif
	if (!keep_descriptors(fd, null) || !make_room(&keeper))
		_exit(EXIT_FAILURE);
	keep(&keeper);
	finish(&keeper);
	_exit(EXIT_SUCCESS);
}
