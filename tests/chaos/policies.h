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
} policies[] = {
	{ "block", { "--policy=block" }, 1, false, false },
	{ "block, small", { "--buffer=4K", "--pipe-size=keep" }, 1, false, false },
	{ "block, whole records", { GATE }, 1, true, false },
	{ "block, watermarks", { GATE, "--max-records=500", "--high=80%", "--low=20%" }, 1, true, false },
	{ "drop-oldest", { "--policy=drop-oldest", "--buffer=64K" }, 0, true, false },
	{ "drop-newest", { "--policy=drop-newest", "--buffer=64K" }, 0, true, false },
	{ "drop-oldest, 50 records", { "--policy=drop-oldest", "--max-records=50" }, 0, true, false },
	{ "drop-newest and a rate", { "--policy=drop-newest", "--rate=2000k/s", "--buffer=16K" }, 0, true,
	    false },
	{ "sample:7", { "--policy=sample:7" }, 7, true, false },
	{ "rate", { "--policy=rate:3000k/s" }, 1, true, false },
	{ "rate in bytes", { "--rate=800MB/s" }, 1, true, false },
	{ "bytes", { "--bytes" }, 1, false, true },
};

#define POLICIES (sizeof(policies) / sizeof(policies[0]))

/* Sizes of pipes to choose from; 0 is the system's own. */
static const int pipe_sizes[] = { 0, 4096, 8192, 16384, 65536, 1048576 };

#define PIPE_SIZES (sizeof(pipe_sizes) / sizeof(pipe_sizes[0]))

#endif
