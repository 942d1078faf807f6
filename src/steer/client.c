/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/tap.h"
#include "os/door.h"
#include "steer/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for what one is told, at first and when all of it has been taken. */
#define ROOM_LEAST ((size_t)4096)

/* Of answers, before more is followed. */
#define UNTAKEN_MOST ((size_t)256 << 10)

struct client *
client_new(int fd, uint64_t now_ns)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		door_part(fd);
		return NULL;
	}
	client->fd = fd;
	client->speaks = true;
	client->heard_ns = now_ns;
	client->due_ns = LOOP_FOREVER;
	return client;
}

void
client_free(struct client *client)
{
	door_part(client->fd);
	tap_free(client->tap);
	free(client->out);
	free(client);
}

/* --- what comes ------------------------------------------------------------------------------------ */

/* Who has not taken what he was answered is not heard for so long: he may be about to say a million things first. */
static bool
is_behind(const struct client *client)
{
	return client_pending(client) > UNTAKEN_MOST;
}

static bool
is_heard(const struct client *client)
{
	return client->speaks && !client->deaf && !client->gone && !is_behind(client);
}

void
client_hear(struct client *client)
{
	ssize_t got;

	if (!is_heard(client))
		return;
	memmove(client->in, client->in + client->in_done, client->in_length - client->in_done);
	client->in_length -= client->in_done;
	client->in_done = 0;
	if (client->in_length == WORDS_LINE_MOST + 1)
		return; /* a line is here, or it is too long */
	got = door_receive(client->fd, client->in + client->in_length, WORDS_LINE_MOST + 1 - client->in_length);
	if (got > 0)
		client->in_length += (size_t)got;
	else if (got == 0)
		client->speaks = false;
	else if (errno != EAGAIN)
		client->gone = true;
}

static const char *
end_of_line(const struct client *client)
{
	return memchr(client->in + client->in_done, '\n', client->in_length - client->in_done);
}

/* Or it is too long to be one. */
static bool
is_line_here(const struct client *client)
{
	return end_of_line(client) != NULL || client->in_length - client->in_done == WORDS_LINE_MOST + 1;
}

bool
client_has_line(const struct client *client)
{
	return !client->deaf && !client->gone && !is_behind(client) && is_line_here(client);
}

char *
client_line(struct client *client, size_t *length, bool *too_long)
{
	char *line = client->in + client->in_done;
	const char *end = end_of_line(client);

	*too_long = end == NULL && client->in_length - client->in_done == WORDS_LINE_MOST + 1;
	if (!client_has_line(client))
		return NULL;
	*length = *too_long ? 0 : (size_t)(end - line);
	client->in_done += *length + 1;
	if (*too_long)
		client_deafen(client);
	return line;
}

bool
client_is_cut_short(const struct client *client)
{
	return !client->speaks && !client->deaf && !is_line_here(client) && client->in_done < client->in_length;
}

void
client_deafen(struct client *client)
{
	client->deaf = true;
}

/* --- what he is told ------------------------------------------------------------------------------- */

static bool
make_room(struct client *client, size_t length)
{
	size_t room = client->out_room > 0 ? client->out_room : ROOM_LEAST;
	char *out;

	if (client->out_sent > 0)
		memmove(client->out, client->out + client->out_sent, client->out_length - client->out_sent);
	client->out_length -= client->out_sent;
	client->out_sent = 0;
	while (room < client->out_length + length)
		room *= 2;
	if (room == client->out_room)
		return true;
	out = realloc(client->out, room);
	if (out == NULL)
		return false;
	client->out = out;
	client->out_room = room;
	return true;
}

void
client_tell(struct client *client, const char *text, size_t length)
{
	if (client->gone)
		return;
	if (client_pending(client) + length > CLIENT_PENDING_MOST ||
	    (client->out_length + length > client->out_room && !make_room(client, length))) {
		client->gone = true;
		return;
	}
	memcpy(client->out + client->out_length, text, length);
	client->out_length += length;
}

size_t
client_pending(const struct client *client)
{
	return client->out_length - client->out_sent;
}

void
client_send(struct client *client)
{
	ssize_t done = 0;

	while (!client->gone && !client->full && client->out_sent < client->out_length) {
		done = door_send(client->fd, client->out + client->out_sent, client->out_length - client->out_sent);
		if (done < 0)
			break;
		client->out_sent += (size_t)done;
	}
	if (done < 0 && errno == EAGAIN)
		client->full = true;
	else if (done < 0)
		client->gone = true;
	if (client->out_sent < client->out_length)
		return;
	client->out_length = client->out_sent = 0;
	if (client->out_room > ROOM_LEAST) {
		free(client->out);
		client->out = NULL;
		client->out_room = 0;
	}
}

/* --- waiting --------------------------------------------------------------------------------------- */

/* Where nothing is to be read a hang-up alone is told; and who has said all may still be listening. */
struct loop_watch
client_watch(const struct client *client)
{
	return (struct loop_watch){ .fd = client->fd, .input = is_heard(client) && !client_has_line(client),
		.output = client_pending(client) > 0 };
}

void
client_waited(struct client *client, const struct loop_watch *watch)
{
	if (watch->gone)
		client->gone = true;
	if (watch->ready && watch->input)
		client_hear(client);
	if (watch->ready && watch->output) {
		client->full = false;
		client_send(client);
	}
}

bool
client_is_over(const struct client *client)
{
	if (client->gone)
		return true;
	if (client->every_ns != 0 || client->tap != NULL || client_has_line(client))
		return false;
	return client_pending(client) == 0 && !is_heard(client);
}
