/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "pick/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- how it is written ---------------------------------------------------------------------------- */

/* The length of what is between the slashes, *caseless for an i behind them; -1 where there are none. */
static int
enclosed_length(const char *value, bool *caseless)
{
	const size_t length = strlen(value);

	*caseless = length > 2 && strcmp(value + length - 2, "/i") == 0;
	if (value[0] != '/' || length < 2 || (!*caseless && value[length - 1] != '/'))
		return -1;
	return (int)length - (*caseless ? 3 : 2);
}

bool
pattern_is_enclosed(const char *value)
{
	bool caseless;

	return enclosed_length(value, &caseless) >= 0;
}

#ifdef HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_PER_BYTE 4 /* .*x comes back over all of the text */
#define MEMORY_MOST_KIB 1024
#define STACK_LEAST 32768 /* bytes; the rest is reserved, and touched only by a match that needs it */

static bool stay_plain;

struct pattern {
	pcre2_code *code;
	pcre2_match_data *found;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack; /* NULL for PCRE2's own of 32 KiB */
	struct looks looks;
	bool lines;             /* a carriage return at the end is none of the text, */
	bool names_return;      /* but the expression may mean one */
	bool bare;              /* machine code, and no UTF-8 that would have to be looked over before */
};

void
pattern_stay_plain(void)
{
	stay_plain = true;
}

bool
pattern_engine(char text[PATTERN_ENGINE_MOST])
{
	char version[32] = ""; /* at most 24 bytes, says pcre2api(3) */
	uint32_t compiles = 0;

	(void)pcre2_config(PCRE2_CONFIG_VERSION, version);
	(void)pcre2_config(PCRE2_CONFIG_JIT, &compiles);
	(void)snprintf(text, PATTERN_ENGINE_MOST, "PCRE2 %s, %s", version,
	    compiles != 0 ? "as machine code" : "interpreted");
	return true;
}

static pcre2_code *
compile(const char *regex, size_t size, bool caseless, char *error)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	size_t offset;
	int number, length;

	if (context == NULL)
		return NULL;
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)regex, size, caseless ? PCRE2_CASELESS : 0, &number, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		length = snprintf(error, PATTERN_ERROR_MOST, "at offset %zu: ", offset);
		(void)pcre2_get_error_message(number, (PCRE2_UCHAR *)error + length,
		    PATTERN_ERROR_MOST - (size_t)length);
	}
	return code;
}

static uint32_t
ask(const pcre2_code *code, uint32_t what)
{
	uint32_t answer = 0;

	(void)pcre2_pattern_info(code, what, &answer);
	return answer;
}

/* False on some processors, with a kernel that lets no memory be written and then run, and after (*NO_JIT),
 * which pcre2_jit_compile does not tell. */
static bool
make_machine_code(pcre2_code *code)
{
	size_t size = 0;

	return pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0 &&
	    pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &size) == 0 && size > 0;
}

/* Whether it may ask for a carriage return by name: as itself, \r, \s, \R or its number; or by a class of POSIX or
 * Unicode that it is in. */
static bool
may_name_return(const char *regex, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const size_t left = size - i;

		if (regex[i] == '\r' ||
		    (regex[i] == '\\' && left > 1 && strchr("rRsvxocp0123456789", regex[i + 1]) != NULL) ||
		    (left > 9 && (memcmp(regex + i, "[:space:]", 9) == 0 || memcmp(regex + i, "[:cntrl:]", 9) == 0)))
			return true;
	}
	return false;
}

static struct pattern *
make(const char *regex, size_t size, bool caseless, char error[PATTERN_ERROR_MOST])
{
	struct pattern *p = calloc(1, sizeof(*p));

	(void)snprintf(error, PATTERN_ERROR_MOST, "out of memory");
	if (p == NULL || (p->code = compile(regex, size, caseless, error)) == NULL) {
		pattern_free(p);
		return NULL;
	}
	/* Room for no more than what is asked for, which a match would take time to fill. */
	p->found = pcre2_match_data_create(ask(p->code, PCRE2_INFO_CAPTURECOUNT) > 0 ? 2 : 1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->found == NULL || p->limits == NULL) {
		pattern_free(p);
		return NULL;
	}
	(void)pcre2_set_heap_limit(p->limits, MEMORY_MOST_KIB);
	if (!stay_plain && make_machine_code(p->code)) {
		p->stack = pcre2_jit_stack_create(STACK_LEAST, (size_t)MEMORY_MOST_KIB * 1024, NULL);
		pcre2_jit_stack_assign(p->limits, NULL, p->stack);
		p->bare = (ask(p->code, PCRE2_INFO_ALLOPTIONS) & PCRE2_UTF) == 0;
	}
	p->names_return = may_name_return(regex, size);
	return p;
}

struct pattern *
pattern_new(const char *regex, char error[PATTERN_ERROR_MOST])
{
	return make(regex, strlen(regex), false, error);
}

struct pattern *
pattern_new_enclosed(const char *value, char error[PATTERN_ERROR_MOST])
{
	bool caseless;
	int length = enclosed_length(value, &caseless);

	return make(value + 1, (size_t)length, caseless, error);
}

void
pattern_set_lines(struct pattern *pattern)
{
	pattern->lines = true;
}

struct looks
pattern_looks(const struct pattern *pattern)
{
	return pattern->looks;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_jit_stack_free(pattern->stack);
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->found);
	pcre2_code_free(pattern->code);
	free(pattern);
}

/* How many pairs of offsets were found, 0 if there was no room for all of them; negative for no match. */
static int
match(const struct pattern *p, const char *text, size_t length, size_t at, uint32_t how)
{
	const uint64_t steps = PATTERN_STEPS + STEPS_PER_BYTE * (uint64_t)length;

	(void)pcre2_set_match_limit(p->limits, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
	return (p->bare ? pcre2_jit_match : pcre2_match)(p->code, (PCRE2_SPTR)text, length, at, how,
	    p->found, p->limits);
}

/* The same, with the return at the end of a line apart; counted. */
static bool
finds(struct pattern *p, const char *text, size_t length)
{
	const bool returns = p->lines && length > 0 && text[length - 1] == '\r';
	const bool found = match(p, text, length - returns, 0, 0) >= 0 ||
	    (returns && p->names_return && match(p, text, length, 0, 0) >= 0);

	p->looks.asked++;
	p->looks.found += found;
	return found;
}

bool
pattern_matches(struct pattern *pattern, const char *text, size_t length)
{
	return finds(pattern, text, length);
}

/* \K in a lookahead can put the begin of a match behind its end. */
static bool
take_pair(const size_t *pair, size_t *from, size_t *to)
{
	if (pair[0] == PCRE2_UNSET || pair[0] > pair[1])
		return false;
	*from = pair[0];
	*to = pair[1];
	return true;
}

bool
pattern_group(struct pattern *pattern, const char *text, size_t length, size_t *from, size_t *to)
{
	const size_t *pairs = pcre2_get_ovector_pointer(pattern->found);

	return finds(pattern, text, length) &&
	    take_pair(pairs + (pcre2_get_ovector_count(pattern->found) > 1 ? 2 : 0), from, to);
}

bool
pattern_find(struct pattern *pattern, const char *text, size_t length, size_t at, size_t *from, size_t *to)
{
	const bool returns = pattern->lines && length > at && text[length - 1] == '\r';

	if (match(pattern, text, length - returns, at, PCRE2_NOTEMPTY) < 0 &&
	    !(returns && pattern->names_return && match(pattern, text, length, at, PCRE2_NOTEMPTY) >= 0))
		return false;
	if (!take_pair(pcre2_get_ovector_pointer(pattern->found), from, to))
		return false;
	if (*from < at)
		*from = at; /* \K in a lookbehind */
	return *from < *to;
}

unsigned
pattern_groups(const struct pattern *pattern)
{
	return ask(pattern->code, PCRE2_INFO_CAPTURECOUNT);
}

bool
pattern_want_groups(struct pattern *pattern)
{
	pcre2_match_data *all = pcre2_match_data_create(pattern_groups(pattern) + 1, NULL);

	if (all == NULL)
		return false;
	pcre2_match_data_free(pattern->found);
	pattern->found = all;
	return true;
}

bool
pattern_group_of(const struct pattern *pattern, unsigned group, size_t *from, size_t *to)
{
	return take_pair(pcre2_get_ovector_pointer(pattern->found) + 2 * (size_t)group, from, to);
}

#else

void
pattern_stay_plain(void)
{
}

bool
pattern_engine(char text[PATTERN_ENGINE_MOST])
{
	text[0] = '\0';
	return false;
}

struct pattern *
pattern_new_enclosed(const char *value, char error[PATTERN_ERROR_MOST])
{
	return pattern_new(value, error);
}

struct pattern *
pattern_new(const char *regex, char error[PATTERN_ERROR_MOST])
{
	(void)regex;
	(void)snprintf(error, PATTERN_ERROR_MOST, "this weir was built without PCRE2");
	return NULL;
}

/* Without any pattern the rest is never called. */

void
pattern_free(struct pattern *pattern)
{
	(void)pattern;
}

void
pattern_set_lines(struct pattern *pattern)
{
	(void)pattern;
}

struct looks
pattern_looks(const struct pattern *pattern)
{
	(void)pattern;
	return (struct looks){ 0, 0 };
}

bool
pattern_matches(struct pattern *pattern, const char *text, size_t length)
{
	(void)pattern;
	(void)text;
	(void)length;
	return false;
}

bool
pattern_group(struct pattern *pattern, const char *text, size_t length, size_t *from, size_t *to)
{
	(void)from;
	(void)to;
	return pattern_matches(pattern, text, length);
}

bool
pattern_find(struct pattern *pattern, const char *text, size_t length, size_t at, size_t *from, size_t *to)
{
	(void)at;
	(void)from;
	(void)to;
	return pattern_matches(pattern, text, length);
}

unsigned
pattern_groups(const struct pattern *pattern)
{
	(void)pattern;
	return 0;
}

bool
pattern_want_groups(struct pattern *pattern)
{
	(void)pattern;
	return true;
}

bool
pattern_group_of(const struct pattern *pattern, unsigned group, size_t *from, size_t *to)
{
	(void)pattern;
	(void)group;
	(void)from;
	(void)to;
	return false;
}

#endif
