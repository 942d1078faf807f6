/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/loop.h"
#include "spool/segments.h"
#include "spool/syncer.h"

#include <errno.h>

void
syncer_init(struct syncer *syncer, const struct folder *folder, int state_fd, bool never)
{
	*syncer = (struct syncer){ .folder = folder, .state_fd = state_fd, .never = never };
}

static int
sync_data(struct syncer *syncer)
{
	if (syncer->state_first && folder_sync_file(syncer->state_fd) < 0)
		return errno;
	syncer->state_done = syncer->state_first;
	for (size_t i = 0; i < syncer->files; i++)
		if (folder_sync_file(syncer->file[i]) < 0)
			return errno;
	if (syncer->names && folder_sync(syncer->folder) < 0)
		return errno;
	return 0;
}

/* What is not there has been removed before. */
static int
remove_all(struct syncer *syncer)
{
	for (; syncer->removed < syncer->removes; syncer->removed++) {
		char name[SEGMENT_NAME];

		segment_name(name, syncer->remove[syncer->removed]);
		if (folder_remove(syncer->folder, name) < 0 && errno != ENOENT)
			return errno;
	}
	return 0;
}

static int
sync_state(struct syncer *syncer)
{
	if (!syncer->never && folder_sync_file(syncer->state_fd) < 0)
		return errno;
	return remove_all(syncer);
}

static void
work(void *state)
{
	struct syncer *syncer = state;

	syncer->removed = 0;
	syncer->state_done = false;
	syncer->error = syncer->step == SYNCER_STATE ? sync_state(syncer) : syncer->never ? 0 : sync_data(syncer);
	syncer->took_ns = loop_now() - syncer->began_ns;
}

int
syncer_start(struct syncer *syncer)
{
	syncer->worker = worker_start(work, syncer);
	return syncer->worker != NULL ? 0 : errno;
}

bool
syncer_close(struct syncer *syncer, uint64_t deadline_ns)
{
	const bool done = worker_close(syncer->worker, deadline_ns);

	syncer->worker = NULL;
	return done;
}

void
syncer_begin(struct syncer *syncer, enum syncer_step step)
{
	syncer->step = step;
	syncer->began_ns = loop_now();
	if (!worker_call(syncer->worker))
		work(syncer);
}

bool
syncer_busy(struct syncer *syncer)
{
	return worker_busy(syncer->worker);
}

int
syncer_fd(const struct syncer *syncer)
{
	return syncer->worker != NULL ? worker_fd(syncer->worker) : -1;
}

bool
syncer_await(struct syncer *syncer, uint64_t deadline_ns)
{
	return worker_await(syncer->worker, deadline_ns);
}
