/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/lines.h"

void
lines_free(struct lines *lines)
{
	pattern_free(lines->start);
	pattern_free(lines->join);
	pattern_free(lines->continued);
	*lines = (struct lines){ NULL, NULL, NULL };
}

void
lines_set_lines(struct lines *lines)
{
	struct pattern *const all[] = { lines->start, lines->join, lines->continued };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			pattern_set_lines(all[i]);
}

bool
lines_are_joined(const struct lines *lines)
{
	return lines->start != NULL || lines->join != NULL || lines->continued != NULL;
}

bool
lines_look_ahead(const struct lines *lines)
{
	return lines->start != NULL || lines->join != NULL;
}

bool
lines_go_on(const struct lines *lines, const char *text, size_t length)
{
	if (lines->start != NULL)
		return !pattern_matches(lines->start, text, length);
	return lines->join != NULL && pattern_matches(lines->join, text, length);
}

bool
lines_are_continued(const struct lines *lines, const char *text, size_t length)
{
	return lines->continued != NULL && pattern_matches(lines->continued, text, length);
}
