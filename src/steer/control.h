/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control: the socket of --control: who has come in, and what he says.
 *
 * The data never waits for any of them, nor for all: so many at most are inside, so many lines are followed between two
 * passes, and none is waited for.  Where all places are taken the one that has been silent longest makes place, unless he
 * watches.  Without the option nothing of it is there.
 *
 * What is done with a line is follow.h's.
 */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include "cli/options.h"
#include "flow/pump.h"
#include "hand/reader.h"
#include "os/confine.h"
#include "os/loop.h"
#include "tell/lookout.h"

#include <stdbool.h>
#include <stdint.h>

#define CONTROL_CLIENTS 32

/* Before confinement and any thread, and behind the warden, which would have the socket, too: listens.  malloc'd; NULL when the
 * reason has been told. */
struct control *control_open(struct options *options);

/* The directory from which the socket is to be removed, if it is. */
struct confine_place control_place(const struct control *control);

/* What is steered; none of it is owned.  reader: NULL for none. */
void control_begin(struct control *control, struct pump *pump, struct reader *reader, struct lookout *lookout);

/* What to wait for, and until when (LOOP_FOREVER): CONTROL_WATCHES at most, and how many. */
#define CONTROL_WATCHES (1 + CONTROL_CLIENTS)
int control_watch(const struct control *control, struct loop_watch watch[CONTROL_WATCHES]);
uint64_t control_deadline_ns(const struct control *control);

/* What came of it: `watch` as control_watch had it. */
void control_waited(struct control *control, const struct loop_watch *watch);

/* After a pass: what has been said is done, and what is due told. */
void control_step(struct control *control, uint64_t now_ns);

/* Whether the run is to end, since somebody has asked for that. */
bool control_drains(const struct control *control);

/* The run is over: nobody is let in or heard any more, and the socket goes.  Frees it; NULL is fine. */
void control_close(struct control *control);

#endif
