/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "ctl/listening.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define WAITING_MOST 64

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Splits "HOST:PORT" or "[HOST]:PORT"; the port may be missing (*port is then NULL). */
static bool
split(const char *text, char host[LISTENING_TEXT], const char **port)
{
	const bool bracketed = *text == '[';
	const char *begin = text + bracketed;
	const size_t length = strcspn(begin, bracketed ? "]" : ":");
	const char *rest = begin + length + bracketed;

	if (length == 0 || length >= LISTENING_TEXT || (bracketed && begin[length] != ']') || (*rest != '\0' && *rest != ':'))
		return false;
	memcpy(host, begin, length);
	host[length] = '\0';
	*port = *rest == ':' ? rest + 1 : NULL;
	return true;
}

/* 127.0.0.0/8 and ::1 (RFC 6761, RFC 4291). */
static bool
read_host(const char *host, union address *address)
{
	*address = (union address){ .v4 = { .sin_family = AF_INET } };
	if (inet_pton(AF_INET, strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address->v4.sin_addr) == 1)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	*address = (union address){ .v6 = { .sin6_family = AF_INET6 } };
	return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static bool
read_address(const char *text, union address *address)
{
	char host[LISTENING_TEXT];
	const char *port, *error = NULL;
	uint16_t number;

	if (!split(text, host, &port) || port == NULL || *port < '0' || *port > '9' || !read_host(host, address))
		return false;
	number = htons((uint16_t)strtonum(port, 0, 65535, &error));
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = number;
	else
		address->v6.sin6_port = number;
	return error == NULL;
}

/* Where it listens, in case the port was to be a free one. */
static void
write_text(int fd, char text[LISTENING_TEXT])
{
	union address address = { .v4 = { .sin_family = AF_INET } };
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";

	(void)getsockname(fd, &address.any, &length);
	if (address.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
		(void)snprintf(text, LISTENING_TEXT, "%s:%u", host, (unsigned)ntohs(address.v4.sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(text, LISTENING_TEXT, "[%s]:%u", host, (unsigned)ntohs(address.v6.sin6_port));
	}
}

int
listening_open(const char *text, char at[LISTENING_TEXT])
{
	const int on = 1;
	union address address;
	int fd;

	if (!read_address(text, &address)) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = socket(address.any.sa_family, SOCK_STREAM, 0)) < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* of a server that has just ended */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    bind(fd, &address.any, address.any.sa_family == AF_INET ? sizeof(address.v4) : sizeof(address.v6)) < 0 ||
	    listen(fd, WAITING_MOST) < 0) {
		const int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	write_text(fd, at);
	return fd;
}

bool
listening_is_local(const char *host)
{
	char name[LISTENING_TEXT];
	const char *port;
	union address address;

	return host != NULL && split(host, name, &port) && read_host(name, &address);
}
