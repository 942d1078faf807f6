/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A feed that asks scene.c for what it asks of the system, in place of that of libweir.a.
 */
#include "config.h"

#include "os/diag.h"
#include "os/signals.h"
#include "scene.h"

#include <fcntl.h>
#include <unistd.h>

#define close scene_close
#define fcntl scene_fcntl
#define read scene_read
#define signals_watch_continue scene_watch_continue
#define signals_take_continue scene_take_continue
#define diag_note scene_tell
#define diag_error scene_tell
#define diag_errno scene_tell_errno
#include "hand/confirmed.c"

#include "hand/feed.c"

#include "hand/start.c"
