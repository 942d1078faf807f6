/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that ask scene.c for what they ask of the system, in place of those of libweir.a.
 */
#include "config.h"

#include "os/diag.h"
#include "os/signals.h"
#include "scene.h"

#include <fcntl.h>
#include <unistd.h>

#define close scene_close
#define fcntl scene_fcntl
#define signals_watch_continue scene_watch_continue
#define signals_take_continue scene_take_continue
#define diag_note scene_tell
#define diag_error scene_tell
#define diag_errno scene_tell_errno
#include "hand/jobs.c"
