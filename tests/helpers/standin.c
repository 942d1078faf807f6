/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standin NAME ANSWERS ASKED: listens where a weir --control --name=NAME would, and says what the file ANSWERS has.
 *
 * Each of its lines is a word, a blank, and an answer.  A line that begins with that word is answered with the first of them,
 * the next time with the second, in the end always with the last; "watch" and "tap" with all of them, and then the
 * connection is closed.  The answer "-" is none at all.  Each line that comes is appended to the file ASKED.  It ends by a
 * signal, and leaves its socket behind, as a weir that was killed does.  "ready" goes to standard output when it listens.
 */
#include "config.h"

#include "os/rendezvous.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS_MOST 64
#define ANSWERS_MOST 64

struct client {
	int fd;
	char text[65536];
	size_t length;
};

static struct client clients[CLIENTS_MOST];
static size_t count;
static char *answers[ANSWERS_MOST + 1];
static const char *asked_path;

static void
read_answers(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t room = 0, read = 0;
	ssize_t length;

	if (file == NULL)
		err(1, "%s", path);
	while (read < ANSWERS_MOST && (length = getline(&answers[read], &room, file)) > 0) {
		answers[read++][length - 1] = '\0';
		room = 0;
	}
	(void)fclose(file);
}

static int
listen_as(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char directory[RENDEZVOUS_PATH_MOST];
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int dir;

	if (rendezvous_directory(directory) < 0 || (dir = rendezvous_open(directory, true)) < 0)
		err(1, "the directory of sockets");
	(void)close(dir);
	if (rendezvous_path(address.sun_path, directory, name, getpid()) < 0 || fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, CLIENTS_MOST) < 0)
		err(1, "%s", address.sun_path);
	return fd;
}

static void
send_line(int fd, const char *text)
{
	if (strcmp(text, "-") != 0 && (write(fd, text, strlen(text)) < 0 || write(fd, "\n", 1) < 0))
		warn("write");
}

static bool
is_for(const char *text, const char *line, size_t word)
{
	return strncmp(text, line, word) == 0 && text[word] == ' ';
}

static bool
comes_again(char *const *from, const char *line, size_t word)
{
	for (; *from != NULL; from++)
		if (is_for(*from, line, word))
			return true;
	return false;
}

/* Whether more may be asked.  An answer that was given, and is not the last, loses its word. */
static bool
answer(int fd, const char *line)
{
	const size_t word = strcspn(line, " ");
	const bool all = strncmp(line, "watch ", 6) == 0 || strncmp(line, "tap ", 4) == 0;

	for (char **text = answers; *text != NULL; text++) {
		if (!is_for(*text, line, word))
			continue;
		send_line(fd, *text + word + 1);
		if (all)
			continue;
		if (comes_again(text + 1, line, word))
			**text = '#';
		break;
	}
	return !all;
}

static void
note(const char *line)
{
	FILE *file = fopen(asked_path, "a");

	if (file == NULL || fprintf(file, "%s\n", line) < 0 || fclose(file) != 0)
		err(1, "%s", asked_path);
}

/* Whether the connection stays. */
static bool
serve(struct client *client)
{
	const ssize_t got = read(client->fd, client->text + client->length, sizeof(client->text) - client->length);
	char *end;

	if (got <= 0)
		return false;
	client->length += (size_t)got;
	while ((end = memchr(client->text, '\n', client->length)) != NULL) {
		bool more;

		*end = '\0';
		note(client->text);
		more = answer(client->fd, client->text);
		client->length -= (size_t)(end + 1 - client->text);
		memmove(client->text, end + 1, client->length);
		if (!more)
			return false;
	}
	return client->length < sizeof(client->text);
}

static void
serve_all(const struct pollfd *set)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		const bool stays = set[i + 1].revents == 0 || serve(&clients[i]);

		if (!stays)
			(void)close(clients[i].fd);
		else if (left++ != i)
			clients[left - 1] = clients[i];
	}
	count = left;
}

int
main(int argc, char *argv[])
{
	struct pollfd set[CLIENTS_MOST + 1];
	int fd;

	if (argc != 4)
		errx(2, "usage: standin NAME ANSWERS ASKED");
	read_answers(argv[2]);
	asked_path = argv[3];
	fd = listen_as(argv[1]);
	(void)printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		set[0] = (struct pollfd){ .fd = count < CLIENTS_MOST ? fd : -1, .events = POLLIN };
		for (size_t i = 0; i < count; i++)
			set[i + 1] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
		if (poll(set, (nfds_t)count + 1, -1) < 0)
			err(1, "poll");
		serve_all(set);
		if (set[0].revents != 0)
			clients[count++] = (struct client){ .fd = accept(fd, NULL, NULL) };
	}
}
