/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keep {
	unsigned count;
	struct {
		const char *regex;
		struct pattern *pattern;
	} rules[KEEP_MOST]; /* the most precious first */
};

struct keep *
keep_new(void)
{
	return calloc(1, sizeof(struct keep));
}

void
keep_free(struct keep *keep)
{
	for (unsigned i = 0; i < keep_count(keep); i++)
		pattern_free(keep->rules[i].pattern);
	free(keep);
}

bool
keep_add(struct keep *keep, const char *regex, char error[PATTERN_ERROR_MOST])
{
	const bool enclosed = pattern_is_enclosed(regex);
	struct pattern *pattern;

	if (*regex == '\0' || strcmp(regex, "//") == 0 || strcmp(regex, "//i") == 0) {
		(void)snprintf(error, PATTERN_ERROR_MOST, "an empty pattern matches everything");
		return false;
	}
	if (keep->count == KEEP_MOST) {
		(void)snprintf(error, PATTERN_ERROR_MOST, "more than %d patterns", KEEP_MOST);
		return false;
	}
	pattern = enclosed ? pattern_new_enclosed(regex, error) : pattern_new(regex, error);
	if (pattern == NULL)
		return false;
	keep->rules[keep->count].regex = regex;
	keep->rules[keep->count++].pattern = pattern;
	return true;
}

void
keep_set_lines(struct keep *keep)
{
	for (unsigned i = 0; i < keep_count(keep); i++)
		pattern_set_lines(keep->rules[i].pattern);
}

unsigned
keep_count(const struct keep *keep)
{
	return keep != NULL ? keep->count : 0;
}

unsigned
keep_class(const struct keep *keep, const char *text, size_t length)
{
	const unsigned count = keep_count(keep);
	unsigned i = 0;

	while (i < count && !pattern_matches(keep->rules[i].pattern, text, length))
		i++;
	return count - i;
}

const char *
keep_regex(const struct keep *keep, unsigned class)
{
	return keep->rules[keep->count - class].regex;
}

struct looks
keep_looks(const struct keep *keep, unsigned class)
{
	return pattern_looks(keep->rules[keep->count - class].pattern);
}
