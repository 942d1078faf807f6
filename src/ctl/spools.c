/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/spools.h"
#include "os/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct visit *
spools_open(const struct asked *asked)
{
	const char *path = diag_visible(asked->words[0]);
	struct visit *visit = visit_open(asked->words[0], asked->on[WORD_ALL]);

	if (visit == NULL && errno == ENOTDIR)
		diag_error("%s: not a directory; accepted: that of a weir --spool, and no symbolic link to it", path);
	else if (visit == NULL && errno == EPROTO)
		diag_error("%s: written by another version of weir", path);
	else if (visit == NULL)
		diag_errno(errno, "%s", path);
	if (visit == NULL)
		return NULL;
	if (visit_found(visit).none) {
		diag_error("%s: not a spool: neither a state nor a segment is there", path);
		visit_close(visit);
		return NULL;
	}
	return visit;
}

const char *
spools_amount(char text[SPOOLS_AMOUNT], const struct framing *framing, struct tally tally)
{
	int length = 0;

	if (framing->kind != FRAMING_BYTES)
		length = snprintf(text, SPOOLS_AMOUNT, "%" PRIu64 " record%s, ", tally.records,
		    tally.records == 1 ? "" : "s");
	(void)snprintf(text + length, SPOOLS_AMOUNT - (size_t)length, "%" PRIu64 " byte%s", tally.bytes,
	    tally.bytes == 1 ? "" : "s");
	return text;
}
