/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench.h - what the benchmark programs share: a clock, sizes and times, and the test record.
 *
 * Does not share code with weir itself: a mistake there must not be able to hide here.
 *
 * A test record is always `length` bytes: a decimal number padded with zeros, filler, and the
 * delimiter (if any). Numbers too large for the room are taken modulo 10^digits, so that a record
 * of one byte is only its delimiter.
 */
#ifndef WEIR_BENCH_H
#define WEIR_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* vmsplice, preadv2, F_SETPIPE_SZ */
#endif

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define STATS_FD_VARIABLE "RIG_STATS_FD" /* set by rig for the first and the last stage */

static inline uint64_t
now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		err(1, "clock_gettime");
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline void
sleep_until_ns(uint64_t when_ns)
{
	struct timespec t = { .tv_sec = (time_t)(when_ns / NS_PER_S),
		.tv_nsec = (long)(when_ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* "64K", "1.5M", "1000": bytes, powers of 1024. Ends the program on anything else. */
static inline uint64_t
parse_size(const char *text)
{
	static const char suffixes[] = "KMGT";
	char *end;
	double value = strtod(text, &end);

	if (*end != '\0') {
		const char *suffix = strchr(suffixes, *end);

		if (suffix == NULL || end[1] != '\0')
			errx(2, "%s: not a size", text);
		value *= (double)(UINT64_C(1) << (10 * (suffix - suffixes + 1)));
	}
	if (end == text || !(value >= 0 && value < 1e18))
		errx(2, "%s: not a size", text);
	return (uint64_t)value;
}

/* "20ms", "1.5s", "3": nanoseconds, bare numbers are seconds. */
static inline uint64_t
parse_time(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (strcmp(end, "ms") == 0)
		value /= 1000;
	else if (*end != '\0' && strcmp(end, "s") != 0)
		errx(2, "%s: not a time", text);
	if (end == text || !(value >= 0 && value < 1e9))
		errx(2, "%s: not a time", text);
	return (uint64_t)(value * (double)NS_PER_S);
}

/* "newline", "nul" or "none". */
static inline int
parse_delimiter(const char *text)
{
	if (strcmp(text, "newline") == 0)
		return '\n';
	if (strcmp(text, "nul") == 0)
		return '\0';
	if (strcmp(text, "none") == 0)
		return -1;
	errx(2, "%s: delimiters are newline, nul and none", text);
}

static inline void *
must_allocate(size_t size)
{
	void *p = NULL;

	if (posix_memalign(&p, 4096, size + 4096) != 0)
		errx(1, "out of memory");
	return p;
}

struct layout {
	size_t length;    /* bytes of a record, with its delimiter; at least 1 */
	size_t digits;    /* of the number: at most 19, at most length less the delimiter */
	uint64_t modulus; /* 10^digits */
	int delimiter;    /* -1: none */
};

static inline struct layout
layout_of(uint64_t length, int delimiter)
{
	struct layout l = { .length = (size_t)length, .delimiter = delimiter, .modulus = 1 };
	size_t room = l.length - (delimiter >= 0);

	if (length < 1 || length > (1 << 24))
		errx(2, "a record has 1 byte to 16 MiB");
	for (l.digits = 0; l.digits < room && l.digits < 19; l.digits++)
		l.modulus *= 10;
	return l;
}

static inline void
record_number(char *record, const struct layout *l, uint64_t number)
{
	number %= l->modulus;
	for (size_t i = l->digits; i-- > 0; number /= 10)
		record[i] = (char)('0' + number % 10);
}

/* Returns false when there are other things than digits. */
static inline bool
record_read_number(const char *record, const struct layout *l, uint64_t *number)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->digits; i++) {
		if (record[i] < '0' || record[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(record[i] - '0');
	}
	*number = n;
	return true;
}

static inline void
record_fill(char *record, const struct layout *l, uint64_t number)
{
	record_number(record, l, number);
	for (size_t i = l->digits; i < l->length; i++)
		record[i] = (char)('a' + i % 26);
	if (l->delimiter >= 0)
		record[l->length - 1] = (char)l->delimiter;
}

/*
 * The block that source repeats and sink compares with: whole records, 256 KiB or more, so that it
 * stays in the cache.
 */
static inline size_t
block_records(const struct layout *l)
{
	return ((256 << 10) + l->length - 1) / l->length;
}

static inline char *
block_of(const struct layout *l, size_t *size)
{
	size_t records = block_records(l);
	char *block = must_allocate(records * l->length);

	for (size_t i = 0; i < records; i++)
		record_fill(block + i * l->length, l, i);
	*size = records * l->length;
	return block;
}

/*
 * Where source and sink put their line of JSON: to rig if that started them, else to standard
 * error.
 */
static inline FILE *
stats_stream(void)
{
	const char *fd = getenv(STATS_FD_VARIABLE);
	FILE *f = fd != NULL ? fdopen(atoi(fd), "w") : stderr;

	if (f == NULL)
		err(1, "%s=%s", STATS_FD_VARIABLE, fd);
	return f;
}

#endif
