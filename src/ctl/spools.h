/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for spools: each returns the exit status, and has said what is wrong.
 *
 * All of them look only: who has the spool goes on, and nothing in it is changed.
 */
#ifndef WEIR_SPOOLS_H
#define WEIR_SPOOLS_H

#include "base/record.h"
#include "ctl/words.h"
#include "spool/visit.h"

/* What is in it, and what is missing: on standard output. */
int spools_check(const struct asked *asked);

/* The records that are not confirmed, as they came: on standard output. */
int spools_dump(const struct asked *asked);

/* Opens what the operand names, if it is a spool.  NULL when it has been said why not. */
struct visit *spools_open(const struct asked *asked);

/* "12 records, 1200 bytes"; where bytes are no records "1200 bytes". */
#define SPOOLS_AMOUNT 96
const char *spools_amount(char text[SPOOLS_AMOUNT], const struct framing *framing, struct tally tally);

#endif
