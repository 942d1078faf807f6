/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/keeper.h"
#include "os/loop.h"
#include "os/warden.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Calls that fail without need are tried again, and not for ever. */
#define TRIES 100

#define NEWS_AT_ONCE 16

struct warden {
	int fd;
	pid_t pid;
	size_t command_count;
	bool gone;
	size_t have, taken; /* bytes of news */
	char news[NEWS_AT_ONCE * sizeof(struct keeper_news)];
	char message[sizeof(struct keeper_request) + WARDEN_STRINGS_BYTES];
};

/* A process of its own, or -1 with errno. */
static pid_t
fork_keeper(const int pair[2], int null, char *const *const commands[], size_t count, bool foreground)
{
	pid_t pid;

	for (int i = 0; i < 2; i++)
		(void)fcntl(pair[i], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == 0)
		keeper_run(pair[1], null, commands, count, foreground);
	return pid;
}

/* Both sides, and the process behind one.  False with errno. */
static bool
begin(struct warden *warden, char *const *const commands[], bool foreground)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pair[2], error;

	if (null < 0)
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		warden->fd = pair[0];
		warden->pid = fork_keeper(pair, null, commands, warden->command_count, foreground);
		error = errno;
		(void)close(pair[1]);
		if (warden->pid < 0)
			(void)close(pair[0]);
		errno = error;
	}
	error = errno;
	(void)close(null);
	errno = error;
	return warden->pid > 0;
}

struct warden *
warden_open(char *const *const commands[], size_t count, bool foreground)
{
	struct warden *warden = calloc(1, sizeof(*warden));
	int error;

	if (warden == NULL)
		return NULL;
	warden->command_count = count;
	if (begin(warden, commands, foreground))
		return warden;
	error = errno;
	free(warden);
	errno = error;
	return NULL;
}

int
warden_fd(const struct warden *warden)
{
	return warden->fd;
}

pid_t
warden_pid(const struct warden *warden)
{
	return warden->pid;
}

/* More messages, or more descriptors, on their way than may be. */
static bool
is_behind(int error)
{
#ifdef ETOOMANYREFS
	if (error == ETOOMANYREFS)
		return true;
#endif
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

/* The request is at the beginning of the message, and so many strings are behind it. */
static bool
ask(struct warden *warden, const struct keeper_request *request, const int fds[], size_t count)
{
	union keeper_control control;
	struct iovec piece = { warden->message, sizeof(*request) + request->strings_bytes };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	struct cmsghdr *header;

	memcpy(warden->message, request, sizeof(*request));
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	if (keeper_send(warden->fd, &message))
		return true;
	if (is_behind(errno))
		errno = EAGAIN;
	return false;
}

/* How many bytes the strings are in the message; or -1, they are too many. */
static ssize_t
put_strings(struct warden *warden, const char *const *strings)
{
	char *into = warden->message + sizeof(struct keeper_request);
	size_t left = WARDEN_STRINGS_BYTES;

	for (int i = 0; strings != NULL && strings[i] != NULL; i++) {
		size_t length = strlen(strings[i]) + 1;

		if (i == WARDEN_STRINGS_MOST || length > left)
			return -1;
		memcpy(into, strings[i], length);
		into += length;
		left -= length;
	}
	return (ssize_t)(WARDEN_STRINGS_BYTES - left);
}

bool
warden_start(struct warden *warden, const struct warden_job *job)
{
	struct keeper_request request = { .id = job->id, .kind = KEEPER_START, .value = (uint32_t)job->command };
	ssize_t strings_bytes = put_strings(warden, job->environment);
	int fds[WARDEN_STREAMS];
	size_t count = 0;

	if (strings_bytes < 0 || job->command >= warden->command_count) {
		errno = strings_bytes < 0 ? E2BIG : EINVAL;
		return false;
	}
	request.strings_bytes = (uint32_t)strings_bytes;
	request.passed = job->leaderless ? KEEPER_LEADERLESS : 0;
	for (int i = 0; i < WARDEN_STREAMS; i++) {
		if (job->streams[i] == WARDEN_NULL)
			continue;
		request.passed |= 1U << i;
		fds[count++] = job->streams[i] == WARDEN_OWN ? i : job->streams[i];
	}
	return ask(warden, &request, fds, count);
}

bool
warden_terminate(struct warden *warden, uint64_t id)
{
	const struct keeper_request request = { .id = id, .kind = KEEPER_TERMINATE };

	return ask(warden, &request, NULL, 0);
}

/* What has come meanwhile. */
static void
hear(struct warden *warden)
{
	ssize_t length;

	warden->have -= warden->taken;
	memmove(warden->news, warden->news + warden->taken, warden->have);
	warden->taken = 0;
	length = recv(warden->fd, warden->news + warden->have, sizeof(warden->news) - warden->have, MSG_DONTWAIT);
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		warden->gone = true;
	if (length > 0)
		warden->have += (size_t)length;
}

static bool
has_news(const struct warden *warden)
{
	return warden->have - warden->taken >= sizeof(struct keeper_news);
}

enum warden_event
warden_next(struct warden *warden, struct warden_told *told)
{
	struct keeper_news news;

	*told = (struct warden_told){ 0, 0 };
	if (!has_news(warden) && !warden->gone)
		hear(warden);
	if (!has_news(warden))
		return warden->gone ? WARDEN_GONE : WARDEN_NONE;
	memcpy(&news, warden->news + warden->taken, sizeof(news));
	warden->taken += sizeof(news);
	*told = (struct warden_told){ .id = news.id, .value = news.value };
	return (enum warden_event)news.event;
}

static void
await_end(struct warden *warden, uint64_t deadline_ns)
{
	struct loop_watch watch = { .fd = warden->fd, .input = true };
	struct warden_told told;
	bool over = false;

	while (!over) {
		over = loop_now() >= deadline_ns || !loop_wait(&watch, 1, deadline_ns);
		while (!warden->gone)
			if (warden_next(warden, &told) == WARDEN_NONE)
				break;
		over = over || warden->gone;
	}
}

void
warden_close(struct warden *warden, uint64_t deadline_ns)
{
	const struct keeper_request end = { .kind = KEEPER_END };

	if (warden == NULL)
		return;
	if (ask(warden, &end, NULL, 0))
		await_end(warden, deadline_ns);
	(void)close(warden->fd);
	for (int i = 0; i < TRIES; i++) /* one that has gone is ending, if it has not ended */
		if (waitpid(warden->pid, NULL, warden->gone ? 0 : WNOHANG) >= 0 || errno != EINTR)
			break;
	free(warden);
}
