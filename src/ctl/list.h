/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list: the weirs of this user that can be talked to, a line each.
 */
#ifndef WEIR_LIST_H
#define WEIR_LIST_H

#include "ctl/words.h"

int list_run(const struct asked *asked);

#endif
