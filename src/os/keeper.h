/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: what the warden is once it has been forked, and how the two sides talk.
 *
 * A pair of stream sockets, which every system has (SOCK_SEQPACKET macOS has not): requests one way, of which all but
 * the environment has the same length, news of one length the other.  Descriptors come with the first byte of the
 * request that they are for.
 *
 * What both are for is in warden.h, the only one that needs this.
 */
#ifndef WEIR_KEEPER_H
#define WEIR_KEEPER_H

#include "os/warden.h"

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

enum keeper_kind { KEEPER_START, KEEPER_TERMINATE, KEEPER_END };

#define KEEPER_LEADERLESS (1U << WARDEN_STREAMS)

/* Neither has padding. */
struct keeper_request {
	uint64_t id;
	uint32_t kind;
	uint32_t value;         /* which command */
	uint32_t passed;        /* bit by bit, the streams that a descriptor comes for; the others are /dev/null; KEEPER_LEADERLESS */
	uint32_t strings_bytes; /* of the environment, which follows: at most WARDEN_STRINGS_BYTES, each with its NUL */
};

struct keeper_news {
	uint64_t id;
	int32_t event;
	int32_t value;
};

/* Room for the descriptors of a request: more than CMSG_SPACE, which is no constant everywhere. */
union keeper_control {
	struct cmsghdr alignment;
	char bytes[128];
};

/* The message, which is in one piece; or false with errno and, but where the other side has gone, nothing of it. */
bool keeper_send(int fd, struct msghdr *message);

/* Is the warden of so many commands until weir, at the other end of fd, asks for the end or has gone, or asks for what weir
 * never would: it ends then, and has done nothing of it.  null is /dev/null, open both ways. */
_Noreturn void keeper_run(int fd, int null, char *const *const commands[], size_t count, bool foreground);

#endif
