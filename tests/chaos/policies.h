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
	bool fails;      /* the same */
	bool waits;      /* the same */
	bool framed;     /* the same */
	bool kept;       /* some are kept, so few that none may be lost */
	unsigned keys;   /* the last so many have each another key, and come, whatever is dropped */
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
	{ "drop-oldest, a header that fills the buffer, watched", { "--policy=drop-oldest", "--buffer=64K", "--header=5000",
	    "--dropped-reason" }, .whole = true, .watched = true, .waits = true },
	{ "drop-newest, 50 records behind a header", { "--policy=drop-newest", "--max-records=50", "--header=3" }, .whole = true },
	{ "block, a pause before anything leaves", { "--settle=100us", "--buffer=64K" }, .stride = 1, .whole = true },
	{ "drop-newest, a pause before anything leaves, watched", { "--policy=drop-newest", "--settle=20us", "--buffer=256K",
	    "--dropped-reason" }, .whole = true, .watched = true },
	{ "block, frames", { "--frame=octets" }, .stride = 1, .whole = true, .framed = true },
	{ "drop-oldest, frames", { "--policy=drop-oldest", "--frame=octets", "--buffer=64K" }, .whole = true, .framed = true },
	{ "drop-random, frames", { "--policy=drop-random", "--frame=octets", "--max-records=50" }, .whole = true, .framed = true },
	{ "sample:7, frames", { "--sample=7", "--frame=octets" }, .stride = 7, .whole = true, .framed = true },
	{ "fail", { "--policy=fail", "--buffer=64K" }, .stride = 1, .whole = true, .fails = true },
	{ "shed, watermarks", { "--policy=shed:5", "--buffer=64K", "--high=60%", "--low=30%" }, .whole = true },
#ifdef HAVE_PCRE2
	{ "drop-oldest, kept", { "--policy=drop-oldest", "--buffer=64K" }, .whole = true, .kept = true },
	{ "drop-newest, kept, watched", { "--policy=drop-newest", "--buffer=64K" }, .whole = true, .watched = true,
	    .kept = true },
	{ "drop-random, kept, watched", { "--policy=drop-random", "--buffer=64K", "--seed=1" }, .whole = true,
	    .watched = true, .kept = true },
	{ "latest", { "--policy=latest", "--buffer=64K", KEY_OF_100 }, .whole = true, .keys = 100 },
	{ "latest, 200 records, kept, watched", { "--policy=latest", "--max-records=200", KEY_OF_100,
	    "--dropped-reason", "--top-keys=9" }, .whole = true, .watched = true, .kept = true },
	{ "fair", { "--policy=fair", "--buffer=64K", KEY_OF_100 }, .whole = true },
	{ "fair, 200 records, kept, watched", { "--policy=fair", "--max-records=200", KEY_OF_100, "--dropped-reason",
	    "--top-keys=9" }, .whole = true, .watched = true, .kept = true },
	{ "shed, kept, watched", { "--policy=shed:10", "--buffer=64K", "--high=80%", "--low=10%",
	    "--dropped-reason" }, .whole = true, .watched = true, .kept = true },
	{ "codel, watched", { "--policy=codel:1ms/1ms", "--buffer=64K", "--keep=7\\b", "--dropped-reason" },
	    .whole = true, .watched = true },
	{ "drop-oldest, --max-age, watched", { "--policy=drop-oldest", "--max-age=1ms", "--dropped-reason" },
	    .whole = true, .watched = true },
	{ "sample by chance, kept", { "--sample=7", "--sample-by=random", "--seed=7" }, .whole = true,
	    .kept = true, .waits = true },
	{ "sample by key, kept", { "--sample=7", "--sample-by=key", "--key=1" }, .whole = true, .kept = true,
	    .waits = true },
	{ "sample by each key, kept", { "--sample=7", "--sample-by=each-key", KEY_OF_100 }, .whole = true, .kept = true,
	    .waits = true },
	{ "--drop-over by key, kept, watched", { "--drop-over=1/s", "--burst=5", "--rate-by=key", KEY_OF_10,
	    "--top-keys=9" }, .whole = true, .watched = true, .kept = true, .waits = true },
	{ "--collapse, masked, drop-oldest, watched", { "--policy=drop-oldest", "--buffer=64K", "--collapse=5ms",
	    "--mask=^[0-9]*(?=[0-9]{3}\\b)", "--mask= .*", "--dropped-reason" }, .whole = true, .watched = true },
	{ "block, lines that may go on", { "--start=^[1-9]" }, .stride = 1, .whole = true },
	{ "drop-oldest, lines that may go on, kept, watched", { "--policy=drop-oldest", "--buffer=64K", "--join=^ ",
	    "--dropped-reason" }, .whole = true, .watched = true, .kept = true },
	{ "fair, lines that may go on", { "--policy=fair", "--buffer=64K", "--continued=x\\\\$", KEY_OF_100 }, .whole = true },
	{ "rate by key", { "--rate=100k/s", "--rate-by=key", KEY_OF_10 }, .stride = 1, .whole = true },
	{ "all at once, watched", { "--policy=drop-random", "--buffer=16K", "--keep=7\\b", "--drop-over=500k/s",
	    "--rate=200k/s", "--rate-by=key", KEY_OF_10, "--max-age=20ms", "--top-keys=9" }, .whole = true,
	    .watched = true },
#endif
};

#define POLICIES (sizeof(policies) / sizeof(policies[0]))

/* Sizes of pipes to choose from; 0 is the system's own. */
static const int pipe_sizes[] = { 0, 4096, 8192, 16384, 65536, 1048576 };

#define PIPE_SIZES (sizeof(pipe_sizes) / sizeof(pipe_sizes[0]))

#endif
