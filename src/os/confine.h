/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: once weir has opened all it will ever need, nothing more can be opened.  Where it replaces a
 * file (--metrics), keeps files of its own (--spool), or has a socket to remove (--control): nothing outside of those
 * directories, and in there no more than that takes.
 *
 * What is open stays as it is: a confined weir reads, writes, polls and ends as before.  Whoever
 * took it over by way of its input could not open, make, run or connect to anything.
 *
 *      Linux     no_new_privs, and a Landlock domain without a rule: every file system access that the
 *                kernel can deny is denied, TCP too, and signals to others (prctl(2), landlock(7)).  Or
 *                with a rule for each directory: beneath it regular files can be made, opened for writing,
 *                renamed within their directory, and removed; where they are kept, read and cut, too;
 *                where a socket is left nothing but to be removed
 *      OpenBSD   unveil nothing, then pledge "stdio" (unveil(2), pledge(2)).  Or the directory, and
 *                files in it: rename(2) asks for leave to read as well
 *
 * Does not confine what was open before: what the descriptors are good for is the caller's business.
 */
#ifndef WEIR_CONFINE_H
#define WEIR_CONFINE_H

#include <stdbool.h>

/* What a directory is still used for. */
enum confine_use {
	CONFINE_REPLACE, /* files there are made, written, and removed; */
	CONFINE_KEEP,    /* and read and cut as well; */
	CONFINE_REMOVE,  /* or nothing but removed */
};

/* A directory that stays usable. */
struct confine_place {
	int directory;    /* open (O_PATH will do), or -1: there is none */
	const char *path; /* a name of it, or NULL */
	enum confine_use use;
};

/* For good, for this process and those it might start.  Whether opens are denied from now on: where the
 * system cannot do it, weir works all the same.  terminal: the size and the foreground group of one will be asked for. */
bool confine(const struct confine_place *place, unsigned places, bool terminal);

#endif
