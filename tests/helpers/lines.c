/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines: writes numbered records to standard output, and measures how long it was made to wait.
 *
 *   -n COUNT    how many (default 1000); -f FIRST the first number (default 1)
 *   -l LENGTHS  see numbered.h (default 100)      -d BYTE  delimiter: \n (default), \0, any byte, or none
 *   -w SIZE     bytes a write (default 65536); 0: each record in a write of its own
 *   -e          leave out the last delimiter
 *   -b FIFO     before the first write, wait until someone opens and closes FIFO
 *   -p N:FIFO   wait so once N records are written, too
 *   -k FIFO     when all is written, keep standard output open and wait so once more
 *   -r FILE     when all is written, the figures go there: {"records":N,"bytes":N,"stall_ns":N}, stall_ns being the longest
 *               that a single write took; FILE appears complete, by rename
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbered.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct lines {
	struct lengths lengths;
	uint64_t count, first, pause_after;
	size_t write_size;
	int delimiter;
	bool no_last;
	const char *begin, *pause, *keep, *report;
	char *buffer;
	size_t used, capacity;
	uint64_t records, bytes, stall_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void write_all(struct lines *s, const char *p, size_t n)
{
	while (n > 0) {
		uint64_t before = now_ns();
		ssize_t k = write(STDOUT_FILENO, p, n);
		uint64_t took = now_ns() - before;
		if (took > s->stall_ns)
			s->stall_ns = took;
		if (k < 0 && errno == EAGAIN) {
			struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
			poll(&out, 1, -1);
			continue;
		}
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			die("lines: standard output");
		p += k;
		n -= (size_t)k;
		s->bytes += (uint64_t)k;
	}
}

static void flush(struct lines *s)
{
	write_all(s, s->buffer, s->used);
	s->used = 0;
}

static void put(struct lines *s, const struct record *r)
{
	uint64_t from = 0;

	while (from < r->length) {
		size_t k = record_spell(r, from, s->buffer + s->used, s->capacity - s->used);
		s->used += k;
		from += k;
		if (s->used == s->capacity)
			flush(s);
	}
	if (s->write_size == 0)
		flush(s);
}

static void run(struct lines *s)
{
	struct record r;

	for (uint64_t i = 0; i < s->count; i++) {
		record_set(&r, &s->lengths, s->delimiter, s->first + i);
		if (s->no_last && i + 1 == s->count && s->delimiter != NO_DELIMITER) {
			r.length--;
			r.delimiter = NO_DELIMITER;
		}
		put(s, &r);
		s->records++;
		if (s->pause != NULL && s->records == s->pause_after) {
			flush(s);
			barrier_wait(s->pause);
		}
	}
	flush(s);
}

static void report(const struct lines *s)
{
	char name[4096];

	snprintf(name, sizeof name, "%s.new", s->report);
	FILE *f = fopen(name, "w");
	if (f == NULL)
		die(name);
	fprintf(f, "{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"stall_ns\":%" PRIu64 "}\n", s->records, s->bytes,
		s->stall_ns);
	if (fclose(f) != 0 || rename(name, s->report) != 0)
		die(name);
}

int main(int argc, char **argv)
{
	struct lines s = { .count = 1000, .first = 1, .write_size = 65536, .delimiter = '\n' };
	int c;

	lengths_parse(&s.lengths, "100");
	while ((c = getopt(argc, argv, "n:f:l:d:w:eb:p:k:r:")) != -1)
		switch (c) {
		case 'n': s.count = number_parse(optarg); break;
		case 'f': s.first = number_parse(optarg); break;
		case 'l': lengths_parse(&s.lengths, optarg); break;
		case 'd': s.delimiter = delimiter_parse(optarg); break;
		case 'w': s.write_size = (size_t)number_parse(optarg); break;
		case 'e': s.no_last = true; break;
		case 'b': s.begin = optarg; break;
		case 'p': barrier_parse(optarg, &s.pause_after, &s.pause); break;
		case 'k': s.keep = optarg; break;
		case 'r': s.report = optarg; break;
		default: return 2;
		}
	/* A record longer than this, in a "write of its own", takes several. */
	s.capacity = s.write_size != 0 ? s.write_size : 1 << 20;
	s.buffer = malloc(s.capacity);
	if (s.buffer == NULL)
		die("malloc");
	if (s.begin != NULL)
		barrier_wait(s.begin);
	run(&s);
	if (s.report != NULL)
		report(&s);
	if (s.keep != NULL)
		barrier_wait(s.keep);
	free(s.buffer);
	return 0;
}
