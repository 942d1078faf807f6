/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "confine.h"

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

static uint64_t
lowest_bits(unsigned count)
{
	return (UINT64_C(1) << count) - 1;
}

bool
confine(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, ASK_VERSION);
	bool confined;
	struct ruleset ruleset;
	long fd;

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
	confined = syscall(SYS_landlock_restrict_self, fd, 0UL) == 0;
	(void)close((int)fd);
	return confined;
}

#elif defined(HAVE_PLEDGE)

#include <stddef.h>
#include <unistd.h>

bool
confine(void)
{
	return unveil("/", "") == 0 && unveil(NULL, NULL) == 0 && pledge("stdio", NULL) == 0;
}

#else

bool
confine(void)
{
	return false;
}

#endif
