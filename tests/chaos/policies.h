/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to run weir that the campaigns go through. */
#ifndef CHAOS_POLICIES_H
#define CHAOS_POLICIES_H

#include "rig.h"

#define GATE "--rate=1000000000000/s" /* whole records, and no wait for it */

static const struct policy_case {
	const char *name;
	const char *options[WEIR_OPTIONS_MOST];
	uint64_t stride; /* see struct sink; 0 where records are dropped */
	bool whole;      /* each write is whole records; else bytes go on as they come */
	bool bytes;      /* no records at all */
	bool watched;    /* see struct setup */
	bool full;       /* the same */
} policies[] = {
	{ "block", { "--policy=block" }, .stride = 1 },
	{ "block, small", { "--buffer=4K", "--pipe-size=keep" }, .stride = 1 },
	{ "block, whole records", { GATE }, .stride = 1, .whole = true },
	{ "block, watermarks", { GATE, "--max-records=500", "--high=80%", "--low=20%" }, .stride = 1, .whole = true },
	{ "drop-oldest", { "--policy=drop-oldest", "--buffer=64K" }, .whole = true },
	{ "drop-newest", { "--policy=drop-newest", "--buffer=64K" }, .whole = true },
	{ "drop-oldest, 50 records", { "--policy=drop-oldest", "--max-records=50" }, .whole = true },
	{ "drop-newest and a rate", { "--policy=drop-newest", "--rate=2000k/s", "--buffer=16K" }, .whole = true },
	{ "sample:7", { "--policy=sample:7" }, .stride = 7, .whole = true },
	{ "rate", { "--policy=rate:3000k/s" }, .stride = 1, .whole = true },
	{ "rate in bytes", { "--rate=800MB/s" }, .stride = 1, .whole = true },
	{ "bytes", { "--bytes" }, .stride = 1, .bytes = true },
	{ "drop-oldest, watched", { "--policy=drop-oldest", "--buffer=64K" }, .whole = true, .watched = true },
	{ "drop-newest, watched", { "--policy=drop-newest", "--buffer=64K", "--dropped-reason" }, .whole = true,
	    .watched = true },
	{ "drop-oldest, 50 short records, watched", { "--policy=drop-oldest", "--max-records=50",
	    "--max-record=1000", "--dropped-reason" }, .whole = true, .watched = true },
	{ "drop-newest and a rate, watched, a file that fills up", { "--policy=drop-newest", "--rate=2000k/s",
	    "--buffer=16K", "--max-record=2000" }, .whole = true, .watched = true, .full = true },
};

#define POLICIES (sizeof(policies) / sizeof(policies[0]))

/* Sizes of pipes to choose from; 0 is the system's own. */
static const int pipe_sizes[] = { 0, 4096, 8192, 16384, 65536, 1048576 };

#define PIPE_SIZES (sizeof(pipe_sizes) / sizeof(pipe_sizes[0]))

#endif
