/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve: the weirs of this user by HTTP, on this machine's loopback: a page to look at, and one for Prometheus.
 *
 * Read only.  HTTP is libmicrohttpd's; where weirctl was built without it nothing is served.
 */
#ifndef WEIR_SERVE_H
#define WEIR_SERVE_H

#include "ctl/listening.h"
#include "ctl/words.h"

#define SERVE_DEFAULT LISTENING_DEFAULT

int serve_run(const struct asked *asked);

#endif
