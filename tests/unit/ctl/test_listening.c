/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of the loopback, and what a Host header may say. */
#include "../tap.h"

#include "ctl/listening.h"

#include <errno.h>
#include <unistd.h>

static void
hosts(void)
{
	static const char *const good[] = { "localhost", "localhost:19347", "LocalHost:1", "127.0.0.1", "127.0.0.1:80", "127.1.2.3:9",
		"[::1]", "[::1]:19347" };
	static const char *const bad[] = { "", ":80", "example.org", "example.org:19347", "localhost.example.org", 
		"128.0.0.1", "10.0.0.1:19347", "[::2]:1", "::1", "[::1", "[::1]x", "127.0.0.1.example.org", "0.0.0.0", "0177.0.0.1",
		"[127.0.0.1", "2130706433", "127.1", "[::ffff:127.0.0.1]" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(listening_is_local(good[i]), "this machine's: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!listening_is_local(bad[i]), "not: %s", bad[i]);
	ok(!listening_is_local(NULL), "nor is none");
}

static void
addresses(void)
{
	static const char *const bad[] = { "", "19347", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
		"127.0.0.1: 1", "127.0.0.1:1x", "0.0.0.0:19347", "192.0.2.1:19347", "[::]:19347", ":19347", "example.org:1", "[::1]9" };
	char at[LISTENING_TEXT];
	int fd;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		fd = listening_open(bad[i], at);
		ok(fd < 0 && errno == EINVAL, "not accepted: %s", bad[i]);
	}
	fd = listening_open("localhost:0", at);
	ok(fd >= 0 && strncmp(at, "127.0.0.1:", 10) == 0 && strcmp(at, "127.0.0.1:0") != 0, "a port that is free: %s", at);
	ok(listening_open(at, at) < 0 && errno == EADDRINUSE, "which is taken then");
	(void)close(fd);
}

int
main(void)
{
	hosts();
	addresses();
	return done_testing();
}
