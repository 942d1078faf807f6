/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that `lines` writes and `reader` recognises; see numbered.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbered.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LETTERS = 26, FILL = 1 << 16 };

/* The alphabet over and over: letters of any record are a stretch of it. */
static char fill[FILL + LETTERS];

_Noreturn void die(const char *what)
{
	if (errno != 0)
		perror(what);
	else
		fprintf(stderr, "%s\n", what);
	_exit(2);
}

uint64_t number_parse(const char *text)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-') {
		errno = 0;
		die(text);
	}
	return n;
}

static size_t lengths_list(uint64_t *to, char *text)
{
	size_t n = 0;

	for (char *p = strtok(text, ","); p != NULL && n < LENGTHS_MAX; p = strtok(NULL, ","))
		to[n++] = number_parse(p);
	return n;
}

void lengths_parse(struct lengths *l, const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		die("strdup");
	memset(l, 0, sizeof *l);
	char *plus = strchr(copy, '+');
	if (plus != NULL) {
		*plus = '\0';
		l->n_once = lengths_list(l->once, copy);
	}
	l->n_turn = lengths_list(l->turn, plus != NULL ? plus + 1 : copy);
	free(copy);
	if (l->n_turn == 0) {
		errno = 0;
		die("no length");
	}
}

int delimiter_parse(const char *text)
{
	if (strcmp(text, "none") == 0)
		return NO_DELIMITER;
	if (strcmp(text, "\\n") == 0)
		return '\n';
	if (strcmp(text, "\\0") == 0 || *text == '\0')
		return 0;
	return (unsigned char)*text;
}

void record_set(struct record *r, const struct lengths *l, int delimiter, uint64_t number)
{
	char *p = r->digits + DIGITS_MAX;
	uint64_t n = number;

	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	r->n_digits = (size_t)(r->digits + DIGITS_MAX - p);
	memmove(r->digits, p, r->n_digits + 1);

	uint64_t i = number == 0 ? 0 : number - 1;
	r->length = i < l->n_once ? l->once[i] : l->turn[(i - l->n_once) % l->n_turn];
	uint64_t least = r->n_digits + (delimiter != NO_DELIMITER);
	if (r->length < least)
		r->length = least;
	r->number = number;
	r->delimiter = delimiter;
}

static void fill_once(void)
{
	if (fill[0] != '\0')
		return;
	for (size_t i = 0; i < sizeof fill; i++)
		fill[i] = (char)('a' + i % LETTERS);
}

/*
 * The stretch of the record from `from` on that is contiguous somewhere: its digits, the space, a run of letters, the
 * delimiter. Returns its length and points *p to it.
 */
static size_t stretch(const struct record *r, uint64_t from, const char **p)
{
	static const char space = ' ';
	static char last;
	uint64_t body = r->length - (r->delimiter != NO_DELIMITER);

	fill_once();
	if (from >= r->length)
		return 0;
	if (from < r->n_digits) {
		*p = r->digits + from;
		return r->n_digits - (size_t)from;
	}
	if (from >= body) {
		last = (char)r->delimiter;
		*p = &last;
		return 1;
	}
	if (from == r->n_digits) {
		*p = &space;
		return 1;
	}
	*p = fill + (r->number + from) % LETTERS;
	return body - from < FILL ? (size_t)(body - from) : FILL;
}

size_t record_spell(const struct record *r, uint64_t from, char *to, size_t n)
{
	size_t done = 0;
	const char *p;

	while (done < n) {
		size_t k = stretch(r, from + done, &p);
		if (k == 0)
			break;
		if (k > n - done)
			k = n - done;
		memcpy(to + done, p, k);
		done += k;
	}
	return done;
}

bool record_matches(const struct record *r, uint64_t from, const char *q, size_t n)
{
	size_t done = 0;
	const char *p;

	while (done < n) {
		size_t k = stretch(r, from + done, &p);
		if (k > n - done)
			k = n - done;
		if (k == 0 || memcmp(q + done, p, k) != 0)
			return false;
		done += k;
	}
	return true;
}

void barrier_wait(const char *fifo)
{
	char c;
	int fd = open(fifo, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(fifo);
	while (read(fd, &c, 1) > 0)
		;
	close(fd);
}

void barrier_parse(const char *text, uint64_t *n, const char **fifo)
{
	const char *colon = strchr(text, ':');
	char number[DIGITS_MAX + 1];

	errno = 0;
	if (colon == NULL || (size_t)(colon - text) > DIGITS_MAX)
		die(text);
	memcpy(number, text, (size_t)(colon - text));
	number[colon - text] = '\0';
	*n = number_parse(number);
	*fifo = colon + 1;
}
