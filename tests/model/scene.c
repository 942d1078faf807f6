/* SPDX-License-Identifier: BSD-2-Clause */
/* See scene.h. */
#include "config.h"

#include "os/parcel.h"
#include "os/pipes.h"
#include "os/put.h"
#include "os/warden.h"
#include "scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PARCEL_MOST ((size_t)1 << 16)
#define PARCELS_MOST 160

struct parcel {
	int fd;
	bool written; /* by weir itself: it is no half of another */
	bool sealed;
	size_t length;
	char bytes[PARCEL_MOST];
};

struct scene scene;

static struct parcel *parcels[PARCELS_MOST]; /* that there are */

static size_t
least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

/* --- parcels -------------------------------------------------------------------------------------- */

unsigned
scene_parcels(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < PARCELS_MOST; i++)
		count += parcels[i] != NULL;
	return count;
}

static struct parcel *
parcel_of(int fd)
{
	for (size_t i = 0; i < PARCELS_MOST; i++)
		if (parcels[i] != NULL && parcels[i]->fd == fd)
			return parcels[i];
	return NULL;
}

struct parcel *
parcel_new(void)
{
	for (size_t i = 0; i < PARCELS_MOST; i++) {
		if (parcels[i] != NULL)
			continue;
		if ((parcels[i] = malloc(sizeof(*parcels[i]))) == NULL)
			abort();
		parcels[i]->fd = ++scene.next_fd;
		parcels[i]->length = 0;
		parcels[i]->written = parcels[i]->sealed = false;
		return parcels[i];
	}
	abort();
}

static void
append(struct parcel *parcel, const void *bytes, size_t length)
{
	if (parcel->sealed || parcel->length + length > PARCEL_MOST)
		abort();
	memcpy(parcel->bytes + parcel->length, bytes, length);
	parcel->length += length;
}

bool
parcel_copy(struct parcel *parcel, const struct parcel *from, uint64_t offset, uint64_t length)
{
	if (offset + length > from->length)
		abort();
	append(parcel, from->bytes + offset, (size_t)length);
	return true;
}

int
parcel_fd(const struct parcel *parcel)
{
	return parcel->fd;
}

/* A half of a batch is copied. */
bool
parcel_seal(struct parcel *parcel)
{
	parcel->sealed = true;
	if (parcel->written)
		handing_sealed(parcel->length);
	return true;
}

int
parcel_open(const struct parcel *parcel)
{
	if (!parcel->sealed)
		abort();
	return parcel->fd;
}

ssize_t
parcel_read(const struct parcel *parcel, uint64_t offset, void *into, size_t size)
{
	size_t length = least(size, parcel->length - offset);

	memcpy(into, parcel->bytes + offset, length);
	return (ssize_t)length;
}

uint64_t
parcel_length(const struct parcel *parcel)
{
	return parcel->length;
}

void
parcel_free(struct parcel *parcel)
{
	for (size_t i = 0; i < PARCELS_MOST; i++)
		if (parcels[i] == parcel)
			parcels[i] = NULL;
	free(parcel);
}

/* --- the warden ----------------------------------------------------------------------------------- */

bool
warden_start(struct warden *warden, const struct warden_job *job)
{
	const struct parcel *parcel = handing.rules->batching ? parcel_of(job->streams[0]) : NULL;

	(void)warden;
	if (scene.warden_busy) {
		scene.warden_busy = false;
		errno = EAGAIN;
		return false;
	}
	handing_started(job->id, job->environment, parcel != NULL ? parcel->bytes : NULL, parcel != NULL ? parcel->length : 0);
	scene.started = scene.alive = job->id;
	return true;
}

bool
warden_terminate(struct warden *warden, uint64_t id)
{
	(void)warden;
	handing_terminated(id);
	return true;
}

/* --- input ---------------------------------------------------------------------------------------- */

enum io_result
io_read(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	size_t left = *done = least(length, scene.available);

	(void)port;
	if (*done == 0) {
		if (scene.ended)
			handing_input_over();
		return scene.ended ? IO_END : IO_AGAIN;
	}
	for (int i = 0; i < count && left > 0; i++) {
		size_t here = least(piece[i].iov_len, left);

		handing_read(piece[i].iov_base, here);
		left -= here;
	}
	scene.available -= *done;
	return *done == length ? IO_ALL : IO_SHORT;
}

enum io_result
pipes_look(struct io_port *input, void *room, size_t length, size_t *done)
{
	(void)input;
	(void)room;
	(void)length;
	*done = 0;
	return IO_ERROR;
}

/* --- output --------------------------------------------------------------------------------------- */

enum io_result
io_write(struct io_port *port, const struct iovec *piece, int count, size_t length, size_t *done)
{
	struct parcel *parcel = parcel_of(port->fd);
	enum io_result result;

	handing_offered(parcel != NULL, piece, count, length);
	*done = parcel != NULL ? length : scene.gone ? 0 : least(length, scene.takes);
	result = scene.gone && parcel == NULL ? IO_GONE : *done == length ? IO_ALL : *done > 0 ? IO_SHORT : IO_AGAIN;
	for (size_t i = 0, left = *done; parcel != NULL && left > 0; left -= piece[i++].iov_len)
		append(parcel, piece[i].iov_base, piece[i].iov_len);
	if (parcel != NULL) {
		parcel->written = true;
	} else {
		scene.takes -= *done;
		scene.unread += *done;
	}
	handing_took(parcel != NULL, result, *done);
	return result;
}

bool
io_has_room(const struct io_port *output)
{
	(void)output;
	return scene.takes > 0 && !scene.gone;
}

bool
pipes_unread(const struct io_port *port, uint64_t *bytes)
{
	(void)port;
	*bytes = scene.unread;
	return true;
}

bool
pipes_readable(int fd, uint64_t *bytes)
{
	(void)fd;
	*bytes = scene.answers_length;
	return true;
}

void
io_open_output(struct io_port *port, int fd)
{
	*port = (struct io_port){ .fd = fd, .inherited = fd, .output = true, .way = IO_WAY_OWN, .unit = scene.unit,
		.stage = { -1, -1 } };
}

void
io_open_input(struct io_port *port, int fd)
{
	*port = (struct io_port){ .fd = fd, .inherited = fd, .way = IO_WAY_OWN, .stage = { -1, -1 } };
}

int
io_close(struct io_port *port)
{
	port->fd = -1;
	return 0;
}

/* A new reader has a pipe of its own, and answers that begin. */
int
pipes_make(int ends[2])
{
	ends[0] = ++scene.next_fd;
	ends[1] = ++scene.next_fd;
	scene.unread = 0;
	scene.gone = false;
	scene.answers_length = 0;
	scene.answers_over = false;
	return 0;
}

void
pipes_resize(const struct io_port *port, size_t bytes)
{
	(void)port;
	(void)bytes;
}

/* --- what src/hand asks for itself ------------------------------------------------------------------ */

int
scene_close(int fd)
{
	(void)fd;
	return 0;
}

int
scene_fcntl(int fd, int command, int argument)
{
	(void)fd;
	(void)command;
	(void)argument;
	return 0;
}

ssize_t
scene_read(int fd, void *to, size_t size)
{
	size_t length = scene.answers_length;

	(void)fd;
	if (length > size)
		abort();
	if (length == 0 && !scene.answers_over) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(to, scene.answers, length);
	scene.answers_length = 0;
	return (ssize_t)length;
}

void
scene_watch_continue(void)
{
}

bool
scene_take_continue(void)
{
	return false;
}

void
scene_tell(const char *format, ...)
{
	(void)format;
}

void
scene_tell_errno(int error, const char *format, ...)
{
	(void)error;
	(void)format;
}

/* --- nothing that is asked for here ----------------------------------------------------------------- */

/* Each must be here all the same: see scene.h. */

int
io_output_error(struct io_port *port)
{
	(void)port;
	abort();
}

bool
io_has_producer(const struct io_port *input)
{
	(void)input;
	abort();
}

bool
pipes_can_splice(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	return false;
}

enum io_result
pipes_splice(struct io_port *input, struct io_port *output, size_t length, size_t *done)
{
	(void)input;
	(void)output;
	(void)length;
	(void)done;
	abort();
}

size_t
pipes_batch_room(struct io_port *port)
{
	(void)port;
	return 0;
}

bool
pipes_batch_add(struct io_port *port, const struct iovec *piece, int count, size_t length)
{
	(void)port;
	(void)piece;
	(void)count;
	(void)length;
	abort();
}

enum io_result
pipes_batch_write(struct io_port *port, size_t *done)
{
	(void)port;
	(void)done;
	abort();
}

void
pipes_enlarge(const struct io_port *port, size_t bytes)
{
	(void)port;
	(void)bytes;
	abort();
}

bool
put_all(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns)
{
	(void)port;
	(void)text;
	(void)length;
	(void)deadline_ns;
	abort();
}

bool
io_waiting(const struct io_port *port)
{
	(void)port;
	abort();
}

bool
io_same_file(const struct io_port *input, const struct io_port *output)
{
	(void)input;
	(void)output;
	abort();
}
