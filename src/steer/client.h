/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: one who has come in at the control socket: lines from him, and what he is told, in bounded memory.
 *
 *      speaks -> bids farewell or is sent away -> takes what is left to take -> gone
 *
 * Nothing here waits.  Who does not take what he is answered is not heard for so long, who does not take what he watches is
 * dropped once CLIENT_PENDING_MOST bytes of it have come together;
 * who says more than a line may be is told so and sent away.  A line that has no end, since he went before it, is none: half
 * an order is not followed.  Does not know what is said.
 */
#ifndef WEIR_CLIENT_H
#define WEIR_CLIENT_H

#include "os/loop.h"
#include "steer/words.h"
#include "tell/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_PENDING_MOST ((size_t)1 << 20)

struct client {
	int fd;
	char in[WORDS_LINE_MOST + 1]; /* what has come, from the beginning of a line on; */
	size_t in_length;
	size_t in_done;       /* the lines before that were taken */
	bool speaks;          /* more may come */
	bool deaf;            /* what comes is not read any more */
	char *out;            /* malloc'd; what he is to be told, */
	size_t out_room, out_length;
	size_t out_sent;      /* and how much of it has been sent */
	bool full;            /* he takes nothing until poll says so */
	bool gone;            /* he can be told nothing any more, or will not be */
	uint64_t heard_ns;    /* when he last said something whole */
	uint64_t every_ns;    /* a report so often; 0: none */
	uint64_t due_ns;      /* the next; LOOP_FOREVER */
	struct baseline since; /* when the last one was */
	struct tap *tap;      /* records he is shown; NULL: none; owned, */
	bool tap_out;         /* as they leave; */
	uint64_t shown_ns;    /* the next then */
};

/* calloc'd; the descriptor is his from here on.  NULL with errno, and then it is closed. */
struct client *client_new(int fd, uint64_t now_ns);
void client_free(struct client *client);

/* Reads what has come. */
void client_hear(struct client *client);

/* The next line of it, which may be overwritten up to the byte behind it, and is good until the next client_hear; NULL where
 * there is no whole one.  A line that is too long is one that says so: *too_long, and he is heard no more. */
char *client_line(struct client *client, size_t *length, bool *too_long);

/* Whether there may be another line already. */
bool client_has_line(const struct client *client);

/* Whether he has gone in the middle of a line. */
bool client_is_cut_short(const struct client *client);

/* He is told this, as soon as he takes it. */
void client_tell(struct client *client, const char *text, size_t length);

/* What he says from now on is not heard. */
void client_deafen(struct client *client);

/* Bytes that he has not taken yet. */
size_t client_pending(const struct client *client);

/* Sends as much of what he is to be told as he takes now. */
void client_send(struct client *client);

/* What to wait for; and what came of it. */
struct loop_watch client_watch(const struct client *client);
void client_waited(struct client *client, const struct loop_watch *watch);

/* Whether nothing is left to do for him: he has been told all, and will say nothing, or has gone. */
bool client_is_over(const struct client *client);

#endif
