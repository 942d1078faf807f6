/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hooks: what is run when pressure begins, and when it ends.
 *
 * One at a time: while one runs the latest state waits, and is run afterwards if it is another one.  Which jobs of the
 * warden they are is said at the beginning.
 */
#ifndef WEIR_HOOKS_H
#define WEIR_HOOKS_H

#include "flow/pump.h"
#include "os/warden.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hook { HOOK_LOW, HOOK_HIGH };

struct hooks {
	const struct options *options;
	struct warden *warden; /* not owned */
	bool given[2];
	size_t command[2];     /* of the warden's */
	enum hook told;        /* the last state that one was run for, or that needed none */
	bool running;
	uint64_t id;           /* of the job */
};

/* None is given: nothing is ever run. */
void hooks_init(struct hooks *hooks, const struct options *options, struct warden *warden, size_t low, size_t high,
    uint64_t first_id);

/* After each pass: runs what is due. */
void hooks_step(struct hooks *hooks, const struct pump *pump);

/* At the end: whether one is due and waits for the other; and runs what is due, beside one that does not end. */
bool hooks_wait(const struct hooks *hooks, const struct pump *pump);
void hooks_end(struct hooks *hooks, const struct pump *pump);

/* What the warden has told; whether it was about one of these. */
bool hooks_told(struct hooks *hooks, enum warden_event event, const struct warden_told *told);

#endif
