/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask: somebody at a control socket.
 *
 *      ask SOCKET LINE...      sends each line, and writes the line that answers it
 *      ask -n N SOCKET LINE    N lines that answer it
 *      ask -r SOCKET           sends standard input as it is, then that no more comes; writes all that is answered
 *      ask -s SOCKET LINE      sends the line, and reads nothing until it is killed
 *      ask -c N SOCKET         as many clients that say nothing, until standard input ends; one that is sent away stays away
 *
 * Exits with 1 where an answer ends before its line does, with 2 where there is no socket to connect to.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd >= 0 && strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path) + 1);
		/* A name is there a moment before anybody listens. */
		for (int tries = 0; tries < 100; tries++) {
			if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
				return fd;
			if (errno != ECONNREFUSED)
				break;
			(void)nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
		}
	}
	fprintf(stderr, "ask: %s: %s\n", path, strerror(errno));
	exit(2);
}

/* False where nobody listens any more. */
static bool
send_all(int fd, const char *text, size_t length)
{
	ssize_t done;

	for (; length > 0; text += done, length -= (size_t)done)
		if ((done = send(fd, text, length, MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

static void
ask(int fd, const char *line, int answers)
{
	char byte;

	(void)(send_all(fd, line, strlen(line)) && send_all(fd, "\n", 1));
	while (answers > 0) {
		if (read(fd, &byte, 1) != 1)
			exit(1);
		(void)putchar(byte);
		if (byte != '\n')
			continue;
		answers--;
		if (fflush(stdout) != 0)
			exit(1);
	}
}

/* Both ways at once: who answers while he is still told more is not to be kept waiting, and may follow no more before. */
static int
relay(int fd)
{
	struct pollfd ends[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	char text[65536], said[65536];
	size_t length = 0, sent = 0;
	ssize_t got;

	for (;;) {
		ends[0].events = sent == length ? POLLIN : 0;
		ends[1].events = sent == length ? POLLIN : POLLIN | POLLOUT;
		if (poll(ends, 2, -1) < 0)
			return 1;
		if ((ends[1].revents & ~POLLOUT) != 0) {
			if ((got = read(fd, text, sizeof(text))) <= 0)
				return 0;
			(void)fwrite(text, 1, (size_t)got, stdout);
			(void)fflush(stdout);
		}
		if ((ends[1].revents & POLLOUT) != 0 && sent < length) {
			got = send(fd, said + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (got < 0 && errno != EAGAIN)
				return 0;
			sent += got > 0 ? (size_t)got : 0;
		} else if (sent == length && ends[0].fd >= 0 && ends[0].revents != 0) {
			got = read(STDIN_FILENO, said, sizeof(said));
			length = got > 0 ? (size_t)got : 0;
			sent = 0;
			if (got <= 0) {
				(void)shutdown(fd, SHUT_WR);
				ends[0].fd = -1;
			}
		}
	}
}

static int
crowd(int count, const char *path)
{
	char byte;

	for (int i = 0; i < count; i++)
		(void)connect_to(path);
	printf("%d\n", count);
	(void)fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}

int
main(int argc, char *argv[])
{
	int option, answers = 1, clients = 0;
	bool raw = false, stalls = false;

	while ((option = getopt(argc, argv, "+n:rsc:")) != -1) {
		if (option == 'n')
			answers = atoi(optarg);
		else if (option == 'c')
			clients = atoi(optarg);
		raw |= option == 'r';
		stalls |= option == 's';
	}
	if (optind == argc)
		return 64;
	if (clients > 0)
		return crowd(clients, argv[optind]);
	if (raw)
		return relay(connect_to(argv[optind]));
	{
		const int fd = connect_to(argv[optind]);

		for (int i = optind + 1; i < argc; i++)
			ask(fd, argv[i], stalls ? 0 : answers);
		while (stalls)
			(void)pause();
	}
	return 0;
}
