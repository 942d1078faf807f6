/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/confine.h"

#if defined(HAVE_LANDLOCK)

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <stdint.h>
#include <unistd.h>

/* What the kernel is asked to deny, as landlock(7) has it.  The kernel's header of the machine that built
 * this may be older than the kernel that runs it, so what the kernel knows is asked at run time. */
struct ruleset {
	uint64_t file_access; /* bit by bit, since ABI 1 */
	uint64_t net_access;  /* since ABI 4 */
	uint64_t scoped;      /* since ABI 6 */
};

/* How many kinds of access each ABI can deny; a later one has those of the last. */
static const struct abi {
	unsigned file, net, scoped;
} abis[] = {
	{ 0, 0, 0 },
	{ 13, 0, 0 }, /* execute, write, read, and all that makes or removes a name */
	{ 14, 0, 0 }, /* rename or link to another directory */
	{ 15, 0, 0 }, /* truncate */
	{ 15, 2, 0 }, /* bind and connect with TCP */
	{ 16, 2, 0 }, /* ioctl of devices opened from then on */
	{ 16, 2, 2 }, /* abstract UNIX sockets, and signals, to outside */
};
#define ABI_LAST ((long)(sizeof(abis) / sizeof(abis[0])) - 1)

#define ASK_VERSION 1UL

/* What replacing a file takes: to make a regular file and write to it, and to take a name away, be it
 * the temporary file's or the old file's.  Bits of file_access; all of them are in ABI 1. */
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIRECTORY (UINT64_C(1) << 3)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_REGULAR (UINT64_C(1) << 8)
#define TRUNCATE (UINT64_C(1) << 14) /* since ABI 3 */

#define RULE_PATH_BENEATH 1UL

struct path_beneath {
	uint64_t allowed;
	int32_t directory;
} __attribute__((packed));

static uint64_t
lowest_bits(unsigned count)
{
	return (UINT64_C(1) << count) - 1;
}

static bool
allow(int ruleset, uint64_t known, const struct confine_place *place)
{
	struct path_beneath rule = { REMOVE_FILE, place->directory };

	if (place->use != CONFINE_REMOVE)
		rule.allowed |= WRITE_FILE | MAKE_REGULAR;
	if (place->use == CONFINE_KEEP)
		rule.allowed |= (READ_FILE | READ_DIRECTORY | TRUNCATE) & known;
	return place->directory < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0UL) == 0;
}

bool
confine(const struct confine_place *place, unsigned places, bool terminal)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, ASK_VERSION);
	bool confined;
	struct ruleset ruleset;
	long fd;

	(void)terminal;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 || abi <= 0)
		return false;
	if (abi > ABI_LAST)
		abi = ABI_LAST;
	ruleset.file_access = lowest_bits(abis[abi].file);
	ruleset.net_access = lowest_bits(abis[abi].net);
	ruleset.scoped = lowest_bits(abis[abi].scoped);
	/* An older kernel takes a longer struct as long as what it does not know is 0. */
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0UL);
	if (fd < 0)
		return false;
	confined = true;
	for (unsigned i = 0; i < places; i++)
		confined = confined && allow((int)fd, ruleset.file_access, &place[i]);
	confined = confined && syscall(SYS_landlock_restrict_self, fd, 0UL) == 0;
	(void)close((int)fd);
	return confined;
}

#elif defined(HAVE_PLEDGE)

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

bool
confine(const struct confine_place *place, unsigned places, bool terminal)
{
	char promises[sizeof("stdio rpath wpath cpath flock unix tty")];
	bool done = unveil("/", "") == 0, any = false, door = false;

	for (unsigned i = 0; i < places; i++) {
		any = any || place[i].path != NULL;
		door = door || (place[i].path != NULL && place[i].use == CONFINE_REMOVE);
		done = done && (place[i].path == NULL ||
		    unveil(place[i].path, place[i].use == CONFINE_REMOVE ? "c" : "rwc") == 0);
	}
	(void)snprintf(promises, sizeof(promises), "stdio%s%s%s", any ? " rpath wpath cpath flock" : "", door ? " unix" : "",
	    terminal ? " tty" : "");
	return done && unveil(NULL, NULL) == 0 && pledge(promises, NULL) == 0;
}

#else

bool
confine(const struct confine_place *place, unsigned places, bool terminal)
{
	(void)place;
	(void)places;
	(void)terminal;
	return false;
}

#endif
