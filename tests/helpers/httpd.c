/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * httpd: an HTTP server on 127.0.0.1 that answers as it is told, one request after the other, each on a connection of its own.
 *
 *   httpd PORT BODIES ANSWER...
 *
 * Writes the number of its port to the file PORT, which appears complete, by rename.  The first request gets the first ANSWER,
 * and so on; all that follow get the last one:
 *
 *   200          that status, and no more
 *   429:7        with "Retry-After: 7"
 *   gate:FIFO    nothing, until someone opens FIFO for writing and closes it; then 200
 *   but:WORD     422 if WORD is in the body, else 200
 *
 * The body of each request that is answered with 200 is appended to the file BODIES, before the answer.  A body has to have a
 * Content-Length.  Ends when it is killed, or with status 1 when something is wrong.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MAX (1 << 20)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say_port(const char *path, int port)
{
	char temporary[4096];
	FILE *file;

	snprintf(temporary, sizeof temporary, "%s.new", path);
	file = fopen(temporary, "w");
	if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0 || rename(temporary, path) < 0)
		die(path);
}

static int listen_somewhere(const char *path)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		die("listen");
	say_port(path, ntohs(address.sin_port));
	return fd;
}

static void send_text(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void send_text(int fd, const char *format, ...)
{
	char text[512];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(text, sizeof text, format, values);
	va_end(values);
	(void)!write(fd, text, (size_t)length); /* who is gone is gone */
}

/* Reads one request; the length of its body, which is in *body, or -1 where there was none. */
static long read_request(FILE *from, int fd, char *body)
{
	char line[4096];
	long length = 0;

	if (fgets(line, sizeof line, from) == NULL)
		return -1;
	while (fgets(line, sizeof line, from) != NULL && line[0] != '\r' && line[0] != '\n') {
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtol(line + 15, NULL, 10);
		if (strncasecmp(line, "Expect:", 7) == 0)
			send_text(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	if (length < 0 || length > BODY_MAX || fread(body, 1, (size_t)length, from) != (size_t)length)
		return -1;
	body[length] = 0;
	return length;
}

static void wait_at(const char *gate)
{
	char byte;
	int fd = open(gate, O_RDONLY);

	if (fd < 0)
		die(gate);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
}

static void keep(const char *path, const char *body, long length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);

	if (fd < 0 || write(fd, body, (size_t)length) != length)
		die(path);
	close(fd);
}

static void answer(int fd, const char *what, const char *bodies, const char *body, long length)
{
	const char *colon;

	if (strncmp(what, "gate:", 5) == 0) {
		wait_at(what + 5);
		what = "200";
	} else if (strncmp(what, "but:", 4) == 0) {
		what = strstr(body, what + 4) != NULL ? "422" : "200";
	}
	colon = strchr(what, ':');
	if (strcmp(what, "200") == 0)
		keep(bodies, body, length);
	send_text(fd, "HTTP/1.1 %.3s As told\r\n%s%s%sContent-Length: 0\r\nConnection: close\r\n\r\n", what,
	    colon != NULL ? "Retry-After: " : "", colon != NULL ? colon + 1 : "", colon != NULL ? "\r\n" : "");
}

int main(int argc, char **argv)
{
	static char body[BODY_MAX + 1];
	int next = 3, fd;

	if (argc < 4) {
		fprintf(stderr, "usage: httpd PORT BODIES ANSWER...\n");
		return 1;
	}
	fd = listen_somewhere(argv[1]);
	for (;;) {
		int connection = accept(fd, NULL, NULL);
		FILE *from = connection < 0 ? NULL : fdopen(connection, "r");
		long length;

		if (from == NULL)
			die("accept");
		length = read_request(from, connection, body);
		if (length >= 0) {
			answer(connection, argv[next], argv[2], body, length);
			next += next < argc - 1;
		}
		fclose(from);
	}
}
