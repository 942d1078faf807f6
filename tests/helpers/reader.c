/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: reads the records of `lines` from standard input and says what came, as one line of JSON on standard output:
 *
 *   records, bytes   what came, all told
 *   first, last      numbers of the first and the last whole record (0: none came)
 *   head_run         how many from the first on were 1, 2, 3, ...
 *   tail_run         how many up to the last followed each other without a gap; tail_bytes: their bytes
 *   gaps             places where a number is missing
 *   disorder         records that came after one with the same or a larger number
 *   torn             records that are not byte for byte what `lines` wrote
 *   partial          bytes after the last delimiter at the end of input
 *
 * Status 1 if disorder or torn is not 0, or bytes are left over (-P: they may be).
 *
 *   -l LENGTHS, -d BYTE   as given to lines
 *   -s SIZE      bytes a read (default 65536)
 *   -b FIFO      before the first read, wait until someone opens and closes FIFO
 *   -p N:FIFO    wait so once N bytes are read, too (no byte more is read before)
 *   -x N         exit once N bytes are read (no byte more is read)
 *   -P           bytes left over are no error
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbered.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
	struct lengths lengths;
	int delimiter;
	/* The record being read: number known once a byte that is no digit came. */
	struct record now;
	bool known, bad;
	char digits[DIGITS_MAX + 1];
	uint64_t at;
	uint64_t records, bytes, first, last, head_run, tail_run, tail_bytes, gaps, disorder, torn;
	bool some;
};

static void count(struct reader *s)
{
	uint64_t n = s->now.number;

	s->records++;
	if (!s->some) {
		s->first = n;
		s->head_run = n == 1;
		s->tail_run = 1;
		s->tail_bytes = s->now.length;
	} else if (n == s->last + 1) {
		s->head_run += s->head_run == s->last && s->gaps == 0 && s->disorder == 0;
		s->tail_run++;
		s->tail_bytes += s->now.length;
	} else {
		s->disorder += n <= s->last;
		s->gaps += n > s->last;
		s->tail_run = 1;
		s->tail_bytes = s->now.length;
	}
	s->last = n;
	s->some = true;
}

static void next(struct reader *s)
{
	s->at = 0;
	s->known = false;
	s->bad = false;
}

/* A record that is not what it should be: it counts as torn, up to and with the next delimiter. */
static size_t skip(struct reader *s, const char *p, size_t n)
{
	const char *end = s->delimiter == NO_DELIMITER ? NULL : memchr(p, s->delimiter, n);

	s->bad = true;
	s->known = false;
	if (end == NULL) {
		s->at += n;
		return n;
	}
	s->torn++;
	s->records++;
	next(s);
	return (size_t)(end - p) + 1;
}

/* Collects digits until the number is known. Returns how many bytes it took; 0 where it is no number. */
static size_t learn(struct reader *s, const char *p, size_t n)
{
	size_t i = 0;

	/* Records of one length that have no delimiter may consist of digits alone: then the length ends the number. */
	while (i < n && p[i] >= '0' && p[i] <= '9' && s->at < DIGITS_MAX
	       && (s->delimiter != NO_DELIMITER || s->at < s->lengths.turn[0]))
		s->digits[s->at++] = p[i++];
	bool full = s->delimiter == NO_DELIMITER && s->at == s->lengths.turn[0];
	if (i == n && !full)
		return i;
	s->digits[s->at] = '\0';
	if (s->at == 0 || s->at == DIGITS_MAX || (s->digits[0] == '0' && s->at > 1)) {
		s->bad = true;
		return i;
	}
	record_set(&s->now, &s->lengths, s->delimiter, number_parse(s->digits));
	s->known = true;
	return i;
}

static void take(struct reader *s, const char *p, size_t n)
{
	while (n > 0 || (s->known && s->at == s->now.length)) {
		size_t k;
		if (s->bad)
			k = skip(s, p, n);
		else if (!s->known)
			k = learn(s, p, n);
		else {
			uint64_t left = s->now.length - s->at;
			k = left < n ? (size_t)left : n;
			if (!record_matches(&s->now, s->at, p, k))
				k = skip(s, p, n);
			else if ((s->at += k) == s->now.length) {
				count(s);
				next(s);
			}
		}
		p += k;
		n -= k;
	}
}

/* What is left at the end of input: a whole record without its delimiter is a record. Returns the bytes that are none. */
static uint64_t finish(struct reader *s)
{
	if (!s->bad && !s->known && s->at > 0 && s->at < DIGITS_MAX) {
		s->digits[s->at] = '\0';
		record_set(&s->now, &s->lengths, s->delimiter, number_parse(s->digits));
		s->known = true;
	}
	if (s->known && s->delimiter != NO_DELIMITER && s->at == s->now.length - 1) {
		s->now.length--;
		count(s);
		return 0;
	}
	return s->at;
}

static size_t read_some(char *buffer, size_t n)
{
	for (;;) {
		ssize_t k = read(STDIN_FILENO, buffer, n);
		if (k >= 0)
			return (size_t)k;
		if (errno == EAGAIN) {
			struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
			poll(&in, 1, -1);
		} else if (errno != EINTR) {
			die("reader: standard input");
		}
	}
}

static size_t upto(size_t n, uint64_t limit, uint64_t done)
{
	return limit > done && limit - done < n ? (size_t)(limit - done) : n;
}

static int say(struct reader *s, bool partial_ok)
{
	uint64_t partial = finish(s);

	printf("{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"first\":%" PRIu64 ",\"last\":%" PRIu64
	       ",\"head_run\":%" PRIu64 ",\"tail_run\":%" PRIu64 ",\"tail_bytes\":%" PRIu64 ",\"gaps\":%" PRIu64
	       ",\"disorder\":%" PRIu64 ",\"torn\":%" PRIu64 ",\"partial\":%" PRIu64 "}\n",
	       s->records, s->bytes, s->first, s->last, s->head_run, s->tail_run, s->tail_bytes, s->gaps, s->disorder, s->torn,
	       partial);
	if (fflush(stdout) != 0)
		die("reader: standard output");
	return s->torn != 0 || s->disorder != 0 || (partial != 0 && !partial_ok);
}

int main(int argc, char **argv)
{
	struct reader s = { .delimiter = '\n' };
	size_t size = 65536;
	uint64_t pause_after = 0, stop = 0;
	const char *begin = NULL, *pause = NULL;
	bool partial_ok = false;
	int c;

	lengths_parse(&s.lengths, "100");
	while ((c = getopt(argc, argv, "l:d:s:b:p:x:P")) != -1)
		switch (c) {
		case 'l': lengths_parse(&s.lengths, optarg); break;
		case 'd': s.delimiter = delimiter_parse(optarg); break;
		case 's': size = (size_t)number_parse(optarg); break;
		case 'b': begin = optarg; break;
		case 'p': barrier_parse(optarg, &pause_after, &pause); break;
		case 'x': stop = number_parse(optarg); break;
		case 'P': partial_ok = true; break;
		default: return 2;
		}
	char *buffer = malloc(size);
	if (buffer == NULL)
		die("malloc");
	if (begin != NULL)
		barrier_wait(begin);
	for (size_t k; (stop == 0 || s.bytes < stop)
		       && (k = read_some(buffer, upto(upto(size, stop, s.bytes), pause_after, s.bytes))) > 0;) {
		s.bytes += k;
		take(&s, buffer, k);
		if (pause != NULL && s.bytes == pause_after)
			barrier_wait(pause);
	}
	free(buffer);
	return say(&s, partial_ok);
}
