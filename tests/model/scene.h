/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scene: an input, a reader, its answers, a warden and parcels that do what a test says, in place of src/os.
 *
 * As in script.h, every function of src/os/io.h, pipes.h, warden.h and parcel.h that is asked for is defined here, so
 * that the real ones cannot be called by mistake.  What src/hand asks of the system besides is replaced in
 * scene_feed.c and scene_jobs.c.  There is no process and no descriptor.
 *
 * Every call is told to the model, with the answer it got.
 */
#ifndef WEIR_MODEL_SCENE_H
#define WEIR_MODEL_SCENE_H

#include "handing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

struct scene {
	uint64_t available;   /* bytes of the input that can be read now; behind them: */
	bool ended;           /* it ends */
	uint64_t takes;       /* bytes that the reader takes now, */
	uint64_t unread;      /* and how many of those it has taken it has not looked at */
	bool gone;            /* nobody reads */
	size_t unit;          /* the most whole records in a write */
	bool stepwise;        /* a short write says nothing of the next */
	char answers[4096];   /* that can be read now, */
	size_t answers_length;
	bool answers_over;    /* and are the last */
	bool warden_busy;     /* the next start has to be tried later */
	bool resized;         /* the warden was asked in this step */
	uint64_t started;     /* the id of the last COMMAND */
	uint64_t alive;       /* that of the one that is fed, 0 for none */
	int next_fd;
};

extern struct scene scene;

/* Where the real code calls the system itself. */
int scene_close(int fd);
int scene_fcntl(int fd, int command, int argument);
ssize_t scene_read(int fd, void *to, size_t size);
void scene_watch_continue(void);
bool scene_take_continue(void);
void scene_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void scene_tell_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Parcels that have not been freed. */
unsigned scene_parcels(void);

#endif
