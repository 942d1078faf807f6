/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match - counts the lines that one of the regular expressions matches, as grep -c does, by the code of
 * weir --keep.
 *
 *      match REGEX... <FILE
 */
#include "config.h"

#include "pick/keep.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char text[256 * 1024]; /* the longest line */

/* Takes the lines in text[0..length): returns how much they are, and counts those that match. */
static size_t
take_lines(const struct keep *keep, size_t length, uint64_t *count)
{
	const char *line = text, *end;

	while ((end = memchr(line, '\n', (size_t)(text + length - line))) != NULL) {
		*count += keep_class(keep, line, (size_t)(end - line)) > 0;
		line = end + 1;
	}
	return (size_t)(line - text);
}

int
main(int argc, char **argv)
{
	char error[PATTERN_ERROR_MOST];
	struct keep *keep = keep_new();
	uint64_t count = 0;
	size_t held = 0, done;
	ssize_t got;

	if (keep == NULL)
		err(1, "no memory");
	for (int i = 1; i < argc; i++)
		if (!keep_add(keep, argv[i], error))
			errx(2, "%s: %s", argv[i], error);
	while (held < sizeof(text) && (got = read(STDIN_FILENO, text + held, sizeof(text) - held)) > 0) {
		held += (size_t)got;
		done = take_lines(keep, held, &count);
		held -= done;
		memmove(text, text + done, held);
	}
	if (held > 0)
		errx(1, "a line too long, or without an end");
	printf("%" PRIu64 "\n", count);
	keep_free(keep);
	return 0;
}
