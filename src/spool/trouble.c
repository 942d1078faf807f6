/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a disk would not do: counted each time, said when it begins and when it is over.
 */
#include "config.h"

#include "base/units.h"
#include "os/diag.h"
#include "os/loop.h"
#include "spool/inside.h"

#include <errno.h>

/* It is over when something was done, and for so long nothing was refused: a disk that is full refuses and takes in turn. */
#define CALM_NS (5 * NS_PER_S)

static const char *const names[SPOOL_DOINGS] = {
	[SPOOL_WRITING] = "writing",
	[SPOOL_SYNCING] = "syncing",
	[SPOOL_READING] = "reading",
};

bool
spool_will_pass(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE || error == EINTR || error == EAGAIN;
}

bool
spool_is_space(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

void
spool_note_failure(struct spool *spool, enum spool_doing doing, int error)
{
	struct spool_trouble *trouble = &spool->trouble[doing];

	spool->figures.failures++;
	spool->figures.error = error;
	if (trouble->error != error)
		diag_errno(error, "--spool=%s: %s", diag_visible(spool->rules.path), names[doing]);
	*trouble = (struct spool_trouble){ error, loop_now() };
	if (doing == SPOOL_READING)
		return;
	spool->retry_ns = trouble->last_ns + SPOOL_RETRY_NS;
	if (doing == SPOOL_SYNCING)
		spool->sync_again_ns = spool->retry_ns;
	spool->no_space = spool_is_space(error);
	if (spool->no_space)
		spool->disk_room = spool->segments.bytes > 0 ? spool->segments.bytes : 1;
}

void
spool_note_success(struct spool *spool, enum spool_doing doing)
{
	struct spool_trouble *trouble = &spool->trouble[doing];

	if (trouble->error == 0 || loop_now() < trouble->last_ns + CALM_NS)
		return;
	trouble->error = 0;
	diag_note("--spool=%s: %s again", diag_visible(spool->rules.path), names[doing]);
}
