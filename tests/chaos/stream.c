/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbered records at both ends of a pipeline; see stream.h. */
#include "config.h"

#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
lengths_random(struct lengths *lengths, struct random *random, uint64_t least, uint64_t most)
{
	*lengths = (struct lengths){ .n_turn = LENGTHS_MAX };
	for (size_t i = 0; i < LENGTHS_MAX; i++) {
		uint64_t limit = i == 0 ? most : i % 16 == 0 ? most / 8 : most / 64;

		lengths->turn[i] = random_from(random, least, limit > least ? limit : least);
	}
}

/* --- source --------------------------------------------------------------------------------------- */

static void
write_all(struct source *source, int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			die("source");
		bytes += done;
		n -= (size_t)done;
		source->bytes += (size_t)done;
	}
}

void
source_run(struct source *source, int fd, struct random *random, source_hook *hook, void *state)
{
	static char buffer[STREAM_MOST];
	size_t used = 0, size = sizeof(buffer);
	uint64_t done = 0;
	char head[HEAD_MOST];

	while (done < source->count && !source->finish) {
		struct record record;
		uint64_t from = 0;

		if (done == source->point) {
			write_all(source, fd, buffer, used);
			used = 0;
			source->records = done;
			hook(source, state);
		}
		record_set(&record, &source->lengths, '\n', done + 1);
		if (source->framed) {
			if (size - used < HEAD_MOST) {
				write_all(source, fd, buffer, used);
				source->records = done;
				used = 0;
				size = sizeof(buffer);
			}
			used += (size_t)snprintf(head, sizeof(head), "%" PRIu64 " ", record.length);
			memcpy(buffer + used - strlen(head), head, strlen(head));
		}
		while (from < record.length) {
			size_t n = record_spell(&record, from, buffer + used, size - used);

			from += n;
			used += n;
			if (used < size)
				continue;
			write_all(source, fd, buffer, used);
			source->records = done + (from == record.length);
			used = 0;
			size = 1 + (size_t)random_magnitude(random, 16) % sizeof(buffer);
		}
		done++;
	}
	write_all(source, fd, buffer, used);
	source->records = done;
}

/* --- sums and bits ---------------------------------------------------------------------------------- */

bool
seen_before(unsigned char *seen, uint64_t number)
{
	unsigned char bit = (unsigned char)(1u << number % 8);
	bool before = (seen[number / 8] & bit) != 0;

	seen[number / 8] |= bit;
	return before;
}

void
sum_records(struct sum *sum, const struct lengths *lengths, uint64_t from, uint64_t to)
{
	for (; from < to; from++) {
		struct record record;

		record_set(&record, lengths, '\n', from);
		sum->records++;
		sum->bytes += record.length;
	}
}

/* --- sink ------------------------------------------------------------------------------------------- */

static void wrong(struct sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
wrong(struct sink *sink, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sink->wrong, sizeof(sink->wrong), format, arguments);
	va_end(arguments);
}

/* The number of the record at hand is in: what must it be, and may it come now? */
static void
identify(struct sink *sink)
{
	uint64_t number = 0;

	for (size_t i = 0; i < sink->at; i++)
		number = number * 10 + (uint64_t)(sink->now.digits[i] - '0');
	if (sink->at == 0 || sink->now.digits[0] == '0')
		wrong(sink, "torn: no number after record %" PRIu64, sink->last);
	else if (number <= sink->last)
		wrong(sink, "record %" PRIu64 " came after %" PRIu64, number, sink->last);
	else if (sink->stride > 0 && number != (sink->last == 0 ? 1 : sink->last + sink->stride))
		wrong(sink, "record %" PRIu64 " came next to %" PRIu64, number, sink->last);
	record_set(&sink->now, &sink->lengths, '\n', number);
	sink->known = true;
	if (!sink->marked || sink->wrong[0] != '\0')
		return;
	sum_records(&sink->missing, &sink->lengths, sink->last + 1, number);
	if (sink->said.records != sink->missing.records || sink->said.bytes != sink->missing.bytes)
		wrong(sink, "between %" PRIu64 " and %" PRIu64 " marks come to %" PRIu64 " records, %" PRIu64
		    " bytes, and %" PRIu64 ", %" PRIu64 " are missing", sink->last, number, sink->said.records,
		    sink->said.bytes, sink->missing.records, sink->missing.bytes);
}

/* Some of the bytes of a mark.  Returns how many. */
static size_t
take_mark(struct sink *sink, const char *bytes, size_t n)
{
	const char *end = memchr(bytes, '\n', n);
	size_t k = end != NULL ? (size_t)(end - bytes) + 1 : n;
	uint64_t records, lost;
	int length = 0;

	sink->in_mark = true;
	if (sink->at + k >= sizeof(sink->mark)) {
		wrong(sink, "a mark without an end after record %" PRIu64, sink->last);
		return n;
	}
	memcpy(sink->mark + sink->at, bytes, k);
	sink->at += k;
	if (end == NULL)
		return k;
	sink->mark[sink->at] = '\0';
	if (sscanf(sink->mark, "!%" SCNu64 " %" SCNu64 "\n%n", &records, &lost, &length) != 2 ||
	    (size_t)length != sink->at)
		wrong(sink, "no mark after record %" PRIu64 ": %s", sink->last, sink->mark);
	sink->said = (struct sum){ sink->said.records + records, sink->said.bytes + lost };
	sink->marks = (struct sum){ sink->marks.records + 1, sink->marks.bytes + sink->at };
	sink->at = 0;
	sink->in_mark = false;
	return k;
}

/* Some of the bytes of what is in front of a record.  Returns how many. */
static size_t
take_head(struct sink *sink, const char *bytes, size_t n)
{
	size_t k = 0;

	while (k < n && sink->headed < HEAD_MOST - 1 && (sink->headed == 0 || sink->head[sink->headed - 1] != ' '))
		sink->head[sink->headed++] = bytes[k++];
	if (k == 0)
		wrong(sink, "torn: no length after record %" PRIu64, sink->last);
	return k;
}

/* What was in front of the record says how long it is. */
static void
check_head(struct sink *sink)
{
	char head[HEAD_MOST];

	(void)snprintf(head, sizeof(head), "%" PRIu64 " ", sink->now.length);
	if (sink->headed != strlen(head) || memcmp(sink->head, head, sink->headed) != 0)
		wrong(sink, "in front of record %" PRIu64 " stands '%.*s', and not '%s'", sink->now.number, (int)sink->headed, sink->head, head);
	sink->headed = 0;
}

/* Some of the bytes: digits of a number, or what follows them in the record.  Returns how many. */
static size_t
take_some(struct sink *sink, const char *bytes, size_t n)
{
	size_t left, k = 0;

	if (sink->in_mark || (sink->marked && !sink->known && sink->at == 0 && *bytes == '!'))
		return take_mark(sink, bytes, n);
	if (sink->framed && !sink->known && (sink->headed == 0 || sink->head[sink->headed - 1] != ' '))
		return take_head(sink, bytes, n);
	if (!sink->known) {
		while (k < n && bytes[k] >= '0' && bytes[k] <= '9' && sink->at < DIGITS_MAX)
			sink->now.digits[sink->at++] = bytes[k++];
		if (k < n) {
			identify(sink);
			if (sink->framed)
				check_head(sink);
		}
		return k;
	}
	left = (size_t)sink->now.length - sink->at;
	k = left < n ? left : n;
	if (!record_matches(&sink->now, sink->at, bytes, k))
		wrong(sink, "torn: record %" PRIu64 " is not itself after its first %zu bytes",
		    sink->now.number, sink->at);
	sink->at += k;
	if (k < left)
		return k;
	sink->records++;
	sink->last = sink->now.number;
	if (sink->seen != NULL)
		(void)seen_before(sink->seen, sink->last);
	sink->at = 0;
	sink->known = false;
	return k;
}

void
sink_take(struct sink *sink, const char *bytes, size_t n)
{
	sink->bytes += n;
	while (n > 0 && sink->wrong[0] == '\0') {
		size_t done = take_some(sink, bytes, n);

		bytes += done;
		n -= done;
	}
}

void
sink_run(struct sink *sink, int fd, struct random *random)
{
	static char buffer[STREAM_MOST];

	while (!sink->leave) {
		size_t most = (size_t)random_from(random, 1, sizeof(buffer));
		ssize_t n;

		if (sink->most > 0 && most > sink->most - sink->bytes)
			most = (size_t)(sink->most - sink->bytes);
		if (most == 0)
			(void)pause();
		n = read(fd, buffer, most);
		if (n == 0 && most > 0)
			return;
		if (n < 0 && errno != EINTR)
			die("sink");
		if (n > 0)
			sink_take(sink, buffer, (size_t)n);
	}
}
