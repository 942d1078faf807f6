/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a pattern matches next, as far as it has been looked for. */
struct rule {
	struct pattern *pattern;
	bool over; /* it matches nothing any more */
	size_t from;
	size_t to; /* 0: it has not been looked for */
};

struct mask {
	const char *text; /* the record */
	size_t length;
	unsigned count;
	struct rule rules[MASK_MOST];
};

struct mask *
mask_new(void)
{
	return calloc(1, sizeof(struct mask));
}

void
mask_free(struct mask *mask)
{
	for (unsigned i = 0; mask != NULL && i < mask->count; i++)
		pattern_free(mask->rules[i].pattern);
	free(mask);
}

bool
mask_add(struct mask *mask, const char *regex, char error[PATTERN_ERROR_MOST])
{
	struct pattern *pattern;

	if (*regex == '\0' || strcmp(regex, "//") == 0 || strcmp(regex, "//i") == 0) {
		(void)snprintf(error, PATTERN_ERROR_MOST, "an empty pattern leaves out nothing");
		return false;
	}
	if (mask->count == MASK_MOST) {
		(void)snprintf(error, PATTERN_ERROR_MOST, "more than %d patterns", MASK_MOST);
		return false;
	}
	pattern = pattern_is_enclosed(regex) ? pattern_new_enclosed(regex, error) : pattern_new(regex, error);
	if (pattern == NULL)
		return false;
	mask->rules[mask->count++].pattern = pattern;
	return true;
}

void
mask_set_lines(struct mask *mask)
{
	for (unsigned i = 0; mask != NULL && i < mask->count; i++)
		pattern_set_lines(mask->rules[i].pattern);
}

void
mask_begin(struct mask *mask, const char *text, size_t length)
{
	mask->text = text;
	mask->length = length;
	for (unsigned i = 0; i < mask->count; i++) {
		mask->rules[i].over = false;
		mask->rules[i].to = 0;
	}
}

/* Whether it has a match from there on, which may be one that another's has overtaken in part. */
static bool
seek(const struct mask *mask, struct rule *rule, size_t at)
{
	if (!rule->over && (rule->to == 0 || rule->from < at))
		rule->over = !pattern_find(rule->pattern, mask->text, mask->length, at, &rule->from, &rule->to);
	return !rule->over;
}

bool
mask_next(struct mask *mask, size_t at, size_t *from, size_t *to)
{
	const struct rule *first = NULL;

	for (unsigned i = 0; i < mask->count && at < mask->length; i++) {
		struct rule *rule = &mask->rules[i];

		if (seek(mask, rule, at) && (first == NULL || rule->from < first->from ||
		    (rule->from == first->from && rule->to > first->to)))
			first = rule;
	}
	if (first == NULL)
		return false;
	*from = first->from;
	*to = first->to;
	return true;
}
