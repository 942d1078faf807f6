/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "ctl/tapped.h"

#include <stdlib.h>
#include <string.h>

/* No terminal shows more of a line. */
#define SHOWN_MOST 1024

void
tapped_begin(struct tapped *tapped, bool ascii)
{
	*tapped = (struct tapped){ .wire = { .fd = -1 }, .ascii = ascii };
}

void
tapped_end(struct tapped *tapped)
{
	wire_close(&tapped->wire);
	for (size_t i = 0; i < TAPPED_LINES; i++)
		free(tapped->line[i]);
	tapped_begin(tapped, tapped->ascii);
}

static void
keep(struct tapped *tapped, const char *text, size_t length)
{
	char **place = &tapped->line[tapped->count++ % TAPPED_LINES];
	char shown[SHOWN_MOST];

	(void)visible_write(shown, sizeof(shown), text, length, tapped->ascii);
	free(*place);
	*place = strdup(shown);
}

bool
tapped_take(struct tapped *tapped)
{
	enum wire_got got = WIRE_MORE;
	char *line;
	size_t length;

	while (tapped->wire.fd >= 0 && (got = wire_next(&tapped->wire, &line, &length)) == WIRE_LINE)
		keep(tapped, line, length);
	if (got == WIRE_MORE)
		return true;
	wire_close(&tapped->wire);
	return false;
}

const char *
tapped_line(const struct tapped *tapped, size_t shown, size_t i)
{
	return tapped->line[(tapped->count - shown + i) % TAPPED_LINES];
}
