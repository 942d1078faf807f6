/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/diag.h"
#include "os/door.h"
#include "steer/client.h"
#include "steer/control.h"
#include "steer/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two passes: so many are let in, and so many lines of each followed. */
#define GUESTS_AT_ONCE 8
#define LINES_AT_ONCE 8

/* How long nobody is let in where the system is short of something. */
#define SHORT_NS (100 * NS_PER_MS)

struct control {
	struct door door;
	struct client *client[CONTROL_CLIENTS]; /* the first `clients` */
	unsigned clients;
	bool knocked;         /* somebody may wait outside */
	bool unheard;         /* somebody has said more than was followed */
	uint64_t closed_ns;   /* nobody is let in until then; 0 */
	struct steered steered;
};

/* --- beginning ------------------------------------------------------------------------------------- */

static void
not_listening(const char *path, int error)
{
	const char *visible = diag_visible(path);

	if (error == EADDRINUSE)
		diag_error("--control=%s: another weir listens there; accepted: another name", visible);
	else if (error == EEXIST)
		diag_error("--control=%s: something else has this name; accepted: a name that is free, or a socket that nobody "
		    "listens at", visible);
	else if (error == ENAMETOOLONG)
		diag_error("--control=%s: too long; accepted: a name of at most %zu bytes", visible, RENDEZVOUS_PATH_MOST - 1);
	else
		diag_errno(error, "--control=%s", visible);
}

/* The directory for this user's, which is made if need be; -1 when the reason has been told. */
static int
open_directory(char directory[RENDEZVOUS_PATH_MOST])
{
	int fd = -1;

	if (rendezvous_directory(directory) < 0) {
		diag_error("--control: $XDG_RUNTIME_DIR is too long; accepted: --control=SOCKET");
	} else if ((fd = rendezvous_open(directory, true)) < 0) {
		if (errno == EPERM || errno == ENOTDIR)
			diag_error("--control: %s is not a directory that is yours alone (0700); accepted: --control=SOCKET",
			    diag_visible(directory));
		else
			diag_errno(errno, "--control: %s", diag_visible(directory));
	}
	return fd;
}

/* Where nothing else is said others find it.  One elsewhere stays where it is at the end, for to remove it would take a right
 * that a confined weir is not to have there. */
static bool
listen_by(struct door *door, const struct options *options)
{
	char directory[RENDEZVOUS_PATH_MOST], path[RENDEZVOUS_PATH_MOST];
	const char *socket = options->control_path;
	int fd = -1;

	if (socket == NULL) {
		if ((fd = open_directory(directory)) < 0)
			return false;
		if (rendezvous_path(path, directory, options->name, getpid()) < 0) {
			diag_error("--control: no name fits behind %s; accepted: --control=SOCKET", diag_visible(directory));
			return false;
		}
		socket = path;
	}
	if (door_open(door, socket, fd) == 0)
		return true;
	not_listening(socket, errno);
	return false;
}

struct control *
control_open(struct options *options)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		diag_errno(errno, "--control");
		return NULL;
	}
	if (!listen_by(&control->door, options)) {
		free(control); /* what was opened goes with the process */
		return NULL;
	}
	control->steered.options = options;
	return control;
}

struct confine_place
control_place(const struct control *control)
{
	char *slash;
	static char directory[RENDEZVOUS_PATH_MOST];

	if (control == NULL || door_directory(&control->door) < 0)
		return (struct confine_place){ -1, NULL, CONFINE_REMOVE };
	(void)snprintf(directory, sizeof(directory), "%s", door_path(&control->door));
	slash = strrchr(directory, '/');
	*slash = '\0';
	return (struct confine_place){ door_directory(&control->door), directory, CONFINE_REMOVE };
}

void
control_begin(struct control *control, struct pump *pump, struct reader *reader, struct lookout *lookout)
{
	control->steered.pump = pump;
	control->steered.reader = reader;
	control->steered.lookout = lookout;
}

/* --- waiting --------------------------------------------------------------------------------------- */

int
control_watch(const struct control *control, struct loop_watch watch[CONTROL_WATCHES])
{
	watch[0] = (struct loop_watch){ .fd = control->closed_ns == 0 ? door_fd(&control->door) : -1, .input = true };
	for (unsigned i = 0; i < control->clients; i++)
		watch[1 + i] = client_watch(control->client[i]);
	return 1 + (int)control->clients;
}

uint64_t
control_deadline_ns(const struct control *control)
{
	uint64_t deadline = control->closed_ns != 0 ? control->closed_ns : LOOP_FOREVER;

	if (control->knocked || control->unheard)
		return 0;
	for (unsigned i = 0; i < control->clients; i++) {
		const uint64_t due_ns = follow_due_ns(control->client[i]);

		deadline = due_ns < deadline ? due_ns : deadline;
	}
	return deadline;
}

void
control_waited(struct control *control, const struct loop_watch *watch)
{
	control->knocked |= watch[0].ready;
	for (unsigned i = 0; i < control->clients; i++) {
		client_waited(control->client[i], &watch[1 + i]);
		control->unheard |= watch[1 + i].ready || watch[1 + i].gone;
	}
}

/* --- who comes in ---------------------------------------------------------------------------------- */

static void
send_away(struct control *control, unsigned place)
{
	follow_leave(&control->steered, control->client[place]);
	client_free(control->client[place]);
	control->client[place] = control->client[--control->clients];
}

/* The place of him who has been silent longest, of those who do not watch; -1: all do. */
static int
most_silent(const struct control *control)
{
	int place = -1;

	for (unsigned i = 0; i < control->clients; i++) {
		const struct client *client = control->client[i];

		if (client->every_ns == 0 && client->tap == NULL &&
		    (place < 0 || client->heard_ns < control->client[place]->heard_ns))
			place = (int)i;
	}
	return place;
}

static void
let_in(struct control *control, int fd, uint64_t now_ns)
{
	static const char full[] = "{\"error\":\"all places are taken by those who watch\"}\n";
	const int place = control->clients < CONTROL_CLIENTS ? 0 : most_silent(control);

	if (place < 0) {
		(void)door_send(fd, full, sizeof(full) - 1);
		door_part(fd);
		return;
	}
	if (control->clients == CONTROL_CLIENTS)
		send_away(control, (unsigned)place);
	if ((control->client[control->clients] = client_new(fd, now_ns)) != NULL)
		control->clients++;
}

/* Where the system is short of something who waits outside stays there: to be told of him again and again would be of no
 * use. */
static void
answer_door(struct control *control, uint64_t now_ns)
{
	control->knocked = false;
	control->closed_ns = 0;
	for (int i = 0; i < GUESTS_AT_ONCE; i++) {
		const int fd = door_accept(&control->door);

		if (fd >= 0) {
			let_in(control, fd, now_ns);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EPERM) {
			control->closed_ns = now_ns + SHORT_NS;
			return;
		}
	}
	control->knocked = true;
}

/* --- the step -------------------------------------------------------------------------------------- */

/* Whether he has said more. */
static bool
attend(struct control *control, struct client *client, uint64_t now_ns)
{
	bool too_long = false;
	size_t length;
	char *line;

	for (int i = 0; i < LINES_AT_ONCE && (line = client_line(client, &length, &too_long)) != NULL; i++) {
		if (too_long)
			follow_nothing(client, true);
		else
			follow_line(&control->steered, client, line, length, now_ns);
	}
	if (client_is_cut_short(client)) {
		follow_nothing(client, false);
		client_deafen(client);
	}
	return client_has_line(client);
}

void
control_step(struct control *control, uint64_t now_ns)
{
	const bool heard = control->unheard;

	control->unheard = false;
	if (control->knocked || (control->closed_ns != 0 && now_ns >= control->closed_ns))
		answer_door(control, now_ns);
	for (unsigned i = 0; i < control->clients;) {
		struct client *client = control->client[i];

		if (heard)
			control->unheard |= attend(control, client, now_ns);
		follow_client(&control->steered, client, now_ns);
		client_send(client);
		if (client_is_over(client))
			send_away(control, i);
		else
			i++;
	}
}

bool
control_drains(const struct control *control)
{
	return control != NULL && control->steered.drains;
}

void
control_close(struct control *control)
{
	if (control == NULL)
		return;
	door_close(&control->door);
	while (control->clients > 0) {
		client_send(control->client[0]);
		send_away(control, 0);
	}
	change_free(control->steered.change);
	free(control);
}
