/* SPDX-License-Identifier: BSD-2-Clause */
/* One who has come in: lines however they come, too long or cut short; what he is told, however slowly he takes it. */
#include "../tap.h"

#include "../pipe.h"
#include "flow/tap.h"
#include "steer/client.h"

#include <sys/socket.h>

#include <errno.h>
#include <signal.h>

static int outside;
static struct client *client;

static void
come(void)
{
	int both[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	must(fcntl(both[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(both[1], F_SETFL, O_NONBLOCK) == 0);
	outside = both[1];
	must((client = client_new(both[0], 7)) != NULL);
}

static void
go(void)
{
	client_free(client);
	(void)close(outside);
}

static void
say(const char *text)
{
	must(write(outside, text, strlen(text)) == (ssize_t)strlen(text));
	client_hear(client);
}

/* The next line is this. */
static bool
has_line(const char *text)
{
	size_t length;
	bool too_long;
	const char *line = client_line(client, &length, &too_long);

	return line != NULL && !too_long && length == strlen(text) && memcmp(line, text, length) == 0;
}

static bool
has_none(void)
{
	size_t length;
	bool too_long;

	return !client_has_line(client) && client_line(client, &length, &too_long) == NULL && !too_long;
}

static void
lines(void)
{
	struct loop_watch watch;

	come();
	is(client->heard_ns, 7, "when he came is known");
	watch = client_watch(client);
	ok(watch.input && !watch.output, "he is waited for");
	ok(has_none() && !client_is_over(client), "and has said nothing");
	say("rep");
	ok(has_none(), "half a line is none");
	say("ort\nset a=1\n\npau");
	ok(client_has_line(client) && !client_watch(client).input, "what is there is taken before more is read");
	ok(has_line("report") && has_line("set a=1") && has_line("") && has_none(), "three are three");
	say("se\n");
	ok(has_line("pause"), "and the rest of the fourth makes it one");
	must(shutdown(outside, SHUT_WR) == 0);
	client_hear(client);
	ok(client_is_over(client) && !client_is_cut_short(client), "who will say no more, and is to be told nothing, is done with");
	go();

	come();
	say("drain");
	must(shutdown(outside, SHUT_WR) == 0);
	client_hear(client);
	ok(has_none() && client_is_cut_short(client), "a line without its end is none");
	client_deafen(client);
	ok(!client_is_cut_short(client), "which is said once");
	go();
}

static void
long_lines(void)
{
	static char much[3 * WORDS_LINE_MOST];
	size_t length;
	bool too_long;
	char *line;

	memset(much, 'x', sizeof(much));
	come();
	much[WORDS_LINE_MOST] = '\n';
	must(write(outside, much, WORDS_LINE_MOST + 1) == WORDS_LINE_MOST + 1);
	client_hear(client);
	line = client_line(client, &length, &too_long);
	ok(line != NULL && !too_long && length == WORDS_LINE_MOST, "the longest line there may be");
	line[length] = '\0';
	say("report\n");
	ok(has_line("report"), "is followed by another");
	much[WORDS_LINE_MOST] = 'x';
	must(write(outside, much, sizeof(much)) == (ssize_t)sizeof(much));
	client_hear(client);
	line = client_line(client, &length, &too_long);
	ok(line != NULL && too_long, "one byte more is too long");
	ok(has_none() && !client_watch(client).input, "and he is not heard any more");
	client_hear(client);
	ok(has_none(), "whatever he says");
	ok(client_is_over(client), "and goes, once he has been told why");
	go();
}

/* How much of what he is told comes out. */
static size_t
take(void)
{
	static char text[65536];
	ssize_t got;
	size_t sum = 0;

	while ((got = read(outside, text, sizeof(text))) > 0)
		sum += (size_t)got;
	return sum;
}

static void
told(void)
{
	static char much[100000];
	struct loop_watch watch;
	size_t sum = 0, sent = 0;

	come();
	client_tell(client, "hello", 5);
	client_tell(client, " you", 4);
	is(client_pending(client), 9, "what he is told waits");
	ok(client_watch(client).output, "for him to take it");
	client_send(client);
	ok(client_pending(client) == 0 && take() == 9, "he takes it");
	while (!client->gone && sum < 2 * CLIENT_PENDING_MOST) {
		client_tell(client, much, sizeof(much));
		client_send(client);
		if (!client->gone)
			sum += sizeof(much);
	}
	ok(client->gone && client_is_over(client), "who takes nothing is done with in the end");
	sent = sum - client_pending(client);
	ok(client_pending(client) <= CLIENT_PENDING_MOST && client_pending(client) > CLIENT_PENDING_MOST - sizeof(much),
	    "before 1 MiB of it has come together (%zu)", client_pending(client));
	is(take(), sent, "what was sent is whole");
	go();

	come();
	for (int i = 0; i < 6; i++) /* more than a socket takes */
		client_tell(client, much, sizeof(much));
	client_send(client);
	must(write(outside, "report\n", 7) == 7);
	client_hear(client);
	ok(client_pending(client) > 256 << 10 && !client_watch(client).input && !client_has_line(client) && !client_is_over(client),
	    "who does not take what he is answered is not heard");
	while (client_pending(client) > 0) {
		(void)take();
		client->full = false;
		client_send(client);
	}
	ok(client_watch(client).input, "until he does");
	client_hear(client);
	ok(client_has_line(client), "and then he is");
	(void)take();
	go();

	come();
	for (int i = 0; i < 40; i++)
		client_tell(client, much, sizeof(much) / 4);
	client_send(client);
	sum = 0;
	while (client_pending(client) > 0) {
		watch = client_watch(client);
		sum += take();
		watch.ready = true;
		client_waited(client, &watch);
	}
	sum += take();
	is(sum, 1000000, "who takes it bit by bit gets all of it");
	ok(!client->gone && client->out_room <= 4096, "and the memory is given back");
	client->every_ns = 1;
	must(shutdown(outside, SHUT_WR) == 0);
	client_hear(client);
	ok(!client_is_over(client), "who watches stays, though he says no more");
	must(close(outside) == 0);
	client_tell(client, "x", 1);
	client_send(client);
	ok(client->gone && client_is_over(client), "until he has gone");
	client_free(client);

	come();
	watch = client_watch(client);
	watch.gone = true;
	client_waited(client, &watch);
	ok(client_is_over(client), "poll tells that, too");
	go();
}

int
main(void)
{
	lines();
	long_lines();
	told();
	return done_testing();
}
