/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: an HTTP server on 127.0.0.1 that behaves as those of logs and objects do, in what matters to who sends to them.
 *
 *   endpoint PORT [WORD=NUMBER]...
 *
 *   POST anything/_bulk   pairs of lines, {"create":{"_id":"..."}} and a document, into the file "stored", a document a line,
 *                         before it answers.  Each has a status of its own: 201, 409 for an id that is there (its number, behind
 *                         the last "-"), 400 for a document in which POISON stands, and every so many-th 429 (full=N).  The whole is
 *                         413 if its body is longer than limit=BYTES, and every so many-th request 429 (busy=N).
 *   PUT /NAME             the body becomes the file objects/NAME, "/" in it "_", by rename; every so many-th is 503 (busy=N)
 *   GET anything          events: "data: N" and an empty line, from 1 to events=N, as fast as they are taken; then "data: [DONE]".
 *                         What was written when who asked has gone is told on standard error.
 *
 * One request after the other, but for events, each of a connection of its own.  What is in "stored" when it begins is there.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BODY_MAX (16L << 20)
#define IDS (1L << 24)

static long limit = BODY_MAX, busy, full, events = 10;
static unsigned char known[IDS];
static char *answer;
static size_t answer_length;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "endpoint: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		const ssize_t n = write(fd, text, length);

		if (n <= 0)
			die("write");
		text += n;
		length -= (size_t)n;
	}
}

/* Who is gone is gone. */
static void reply(int fd, const char *status, const char *text, size_t length)
{
	char head[256];
	const int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n", status, length);

	if (write(fd, head, (size_t)n) != n)
		return;
	while (length > 0) {
		const ssize_t sent = write(fd, text, length);

		if (sent <= 0)
			return;
		text += sent;
		length -= (size_t)sent;
	}
}

/* The number in the id of an action, or -1. */
static long number_of(const char *action)
{
	const char *id = strstr(action, "\"_id\":\""), *dash;
	char *end;
	long number;

	if (id == NULL)
		return -1;
	id += 7;
	dash = strchr(id, '-');
	number = strtol(dash != NULL ? dash + 1 : id, &end, 10);
	return *end == '"' && number >= 0 && number < IDS ? number : -1;
}

/* The status of a document; what is to be stored of it is appended to *to. */
static int settle(long number, const char *document, char **to)
{
	static long seen;

	if (number < 0 || strstr(document, "POISON") != NULL)
		return 400;
	if (full > 0 && ++seen % full == 0)
		return 429;
	if (known[number])
		return 409;
	known[number] = 1;
	*to += sprintf(*to, "%ld\t%s\n", number, document);
	return 201;
}

static void bulk(int fd, char *body)
{
	static char stored[2 * BODY_MAX];
	char *to = stored, *line = strtok(body, "\n");
	int file, errors = 0;
	size_t length = 0;

	while (line != NULL) {
		const long number = number_of(line);
		const char *document = strtok(NULL, "\n");
		const int status = document != NULL ? settle(number, document, &to) : 400;

		if (answer_length < length + 256 && (answer = realloc(answer, answer_length += 1 << 20)) == NULL)
			die("answer");
		errors |= status >= 300;
		length += (size_t)sprintf(answer + length, "%s{\"create\":{\"_id\":\"%ld\",\"status\":%d}}",
		    length > 0 ? "," : "{\"items\":[", number, status);
		line = strtok(NULL, "\n");
	}
	if (length == 0) {
		reply(fd, "400 Bad Request", "", 0);
		return;
	}
	file = open("stored", O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (file < 0)
		die("stored");
	write_all(file, stored, (size_t)(to - stored));
	close(file);
	length += (size_t)sprintf(answer + length, "],\"errors\":%s}\n", errors ? "true" : "false");
	reply(fd, "200 OK", answer, length);
}

static void put(int fd, const char *name, const char *body, size_t length)
{
	char path[512] = "objects/", *slash;
	int file;

	mkdir("objects", 0777);
	snprintf(path + 8, sizeof path - 8, "%s", name + 1);
	for (slash = path + 8; (slash = strchr(slash, '/')) != NULL; )
		*slash = '_';
	file = open("arriving", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (file < 0)
		die("arriving");
	write_all(file, body, length);
	close(file);
	if (rename("arriving", path) < 0)
		die(path);
	reply(fd, "200 OK", "", 0);
}

static void tell(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
	char event[64];
	long i;

	if (write(fd, head, sizeof head - 1) < 0)
		return;
	for (i = 1; i <= events + 1; i++) {
		const int n = i <= events ? sprintf(event, "data: %ld\n\n", i) : sprintf(event, "data: [DONE]\n\n");

		if (write(fd, event, (size_t)n) != n) {
			fprintf(stderr, "gone after %ld\n", i - 1);
			return;
		}
	}
	fprintf(stderr, "all told\n");
}

/* The length of the body, which is in *body, or -1. */
static long read_request(FILE *from, int fd, char *request, size_t size, char *body)
{
	char line[4096];
	long length = 0;

	if (fgets(request, (int)size, from) == NULL)
		return -1;
	while (fgets(line, sizeof line, from) != NULL && line[0] != '\r' && line[0] != '\n') {
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtol(line + 15, NULL, 10);
		if (strncasecmp(line, "Expect:", 7) == 0 && write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0)
			return -1;
	}
	if (length < 0 || length > BODY_MAX || fread(body, 1, (size_t)length, from) != (size_t)length)
		return -1;
	body[length] = 0;
	return length;
}

static void serve(int fd, char *request, char *body, long length)
{
	static long requests;
	char *name = strchr(request, ' '), *end = name != NULL ? strchr(name + 1, ' ') : NULL;

	if (end == NULL)
		return;
	*end = 0;
	name++;
	if (strncmp(request, "GET", 3) == 0) {
		const pid_t child = fork();

		if (child == 0) {
			tell(fd);
			_exit(0);
		}
		return;
	}
	if (length > limit)
		reply(fd, "413 Content Too Large", "", 0);
	else if (busy > 0 && ++requests % busy == 0)
		reply(fd, strncmp(request, "PUT", 3) == 0 ? "503 Slow Down" : "429 Too Many Requests", "", 0);
	else if (strncmp(request, "PUT", 3) == 0)
		put(fd, name, body, (size_t)length);
	else
		bulk(fd, body);
}

static int listen_at(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)strtol(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
		die("listen");
	return fd;
}

/* What was stored before this began. */
static void remember(void)
{
	FILE *file = fopen("stored", "r");
	long number;

	while (file != NULL && fscanf(file, "%ld%*[^\n]", &number) == 1)
		if (number >= 0 && number < IDS)
			known[number] = 1;
	if (file != NULL)
		fclose(file);
}

static void set(const char *word)
{
	static const struct {
		const char *name;
		long *value;
	} words[] = { { "limit=", &limit }, { "busy=", &busy }, { "full=", &full }, { "events=", &events } };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(word, words[i].name, strlen(words[i].name)) == 0) {
			*words[i].value = strtol(word + strlen(words[i].name), NULL, 10);
			return;
		}
	fprintf(stderr, "endpoint: what is %s?\n", word);
	exit(2);
}

int main(int argc, char **argv)
{
	static char body[BODY_MAX + 1], request[4096];
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: endpoint PORT [WORD=NUMBER]...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		set(argv[i]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	remember();
	fd = listen_at(argv[1]);
	for (;;) {
		const int connection = accept(fd, NULL, NULL);
		FILE *from = connection < 0 ? NULL : fdopen(connection, "r");
		long length;

		if (from == NULL)
			die("accept");
		length = read_request(from, connection, request, sizeof request, body);
		if (length >= 0)
			serve(connection, request, body, length);
		fclose(from);
	}
}
