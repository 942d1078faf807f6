/* SPDX-License-Identifier: BSD-2-Clause */
/* What stays in a file of what cannot be finished there; without the thread. */
#include "../tap.h"

#include "../pipe.h"
#include "os/scribe.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>

static const struct framing lines = { .kind = FRAMING_LINES, .delimiter = '\n' };
static const struct framing fixed = { .kind = FRAMING_FIXED, .size = 4 };

static const struct batch whole = { .records = 1 }, first = { .open = true }, next = { .continues = true, .open = true },
	last = { .continues = true, .records = 1 };

static char path[] = "/tmp/weir-unit-XXXXXX";
static char got[1 << 20];
static struct scribe scribe;
static struct tally lost;

/* Writes text as such a batch; `prefix` bytes of it are not payload. */
static void
add(struct batch batch, const char *text, size_t prefix)
{
	struct iovec piece[2] = { { (void *)(uintptr_t)text, strlen(text) } };
	struct tally more;

	batch.length = strlen(text);
	batch.payload = batch.length - prefix;
	if (batch.length > 2) {
		piece[0].iov_len = 2;
		piece[1] = (struct iovec){ (void *)(uintptr_t)(text + 2), batch.length - 2 };
	}
	more = scribe_write(&scribe, &batch, piece, (batch.length > 0) + (batch.length > 2));
	ledger_count(&lost, more.records, more.bytes);
}

static void
open_file(const char *before, const struct framing *framing)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(write(fd, before, strlen(before)) == (ssize_t)strlen(before) && close(fd) == 0);
	fd = open(path, O_RDWR | O_APPEND);
	must(fd >= 0);
	scribe_open(&scribe, fd, framing, false, -1);
	lost = (struct tally){ 0, 0 };
}

static void
close_scribe(void)
{
	struct tally more = scribe_close(&scribe);

	ledger_count(&lost, more.records, more.bytes);
}

static const char *
text_in_file(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, got, sizeof(got) - 1);

	must(length >= 0 && close(fd) == 0);
	got[length] = '\0';
	return got;
}

/* Of the file: how long it may become. */
static void
limit(rlim_t bytes)
{
	struct rlimit now;

	must(getrlimit(RLIMIT_FSIZE, &now) == 0);
	now.rlim_cur = bytes < now.rlim_max ? bytes : now.rlim_max;
	must(setrlimit(RLIMIT_FSIZE, &now) == 0);
}

#define lost_is(want_records, want_bytes, what) \
	ok(lost.records == (want_records) && lost.bytes == (want_bytes), what)

static void
as_it_comes(void)
{
	open_file("", &lines);
	add(whole, "one\n", 0);
	add(first, "tw", 0);
	add(next, "", 0);
	add(next, "o", 0);
	add(last, "\n", 0);
	add((struct batch){ .records = 1, .owed = 1 }, "three", 0);
	close_scribe();
	is_text(text_in_file(), "one\ntwo\nthree", "batches follow each other, the last record as it came");
	lost_is(0, 0, "and nothing is lost");
	is(scribe.error, 0, "there is no error");
}

static void
delimiters(void)
{
	open_file("before", &lines);
	add((struct batch){ .records = 1, .owed = 1 }, "one", 0);
	add(whole, "two\n", 0);
	add(whole, "three\n", 0);
	close_scribe();
	is_text(text_in_file(), "before\none\ntwo\nthree\n", "a record without its delimiter gets one before the next");
	open_file("before\n", &lines);
	add(whole, "one\n", 0);
	close_scribe();
	is_text(text_in_file(), "before\none\n", "and one that has it does not");
	open_file("before", &lines);
	close_scribe();
	is_text(text_in_file(), "before", "nor does one that none follows");
	open_file("", &fixed);
	add((struct batch){ .records = 1, .owed = scribe_owed(&fixed, 3) }, "abc", 0);
	add(whole, "defg", 0);
	close_scribe();
	must(truncate(path, 4) == 0);
	is(scribe_owed(&fixed, 4) + scribe_owed(&fixed, 8), 0, "whole records of a fixed size lack nothing");
	is_text(text_in_file(), "abc", "and others as many zero bytes as they do");
}

/* --- what cannot be finished ---------------------------------------------------------------------- */

static void
full(void)
{
	open_file("", &lines);
	limit(6);
	add(whole, "one\n", 0);
	add(whole, "two\n", 0);
	lost_is(1, 4, "a record that does not fit is lost");
	is_text(text_in_file(), "one\n", "and nothing of it stays");
	is(scribe.error, EFBIG, "the error is known");
	limit(16);
	add(whole, "three\n", 0);
	add((struct batch){ .records = 3 }, "4\n5\n6666\n", 0);
	lost_is(2, 9, "of a batch what does not fit is lost");
	is_text(text_in_file(), "one\nthree\n4\n5\n", "and what does stays, whole");
	limit(RLIM_INFINITY);
	add(whole, "seven\n", 0);
	close_scribe();
	is_text(text_in_file(), "one\nthree\n4\n5\nseven\n", "when there is room again it goes on");
	is(scribe.error, EFBIG, "the first error is kept");
}

/* Whole records are told by what they are, reasons and all. */
static void
full_of(const struct framing *framing, bool with_reason, const char *text, size_t prefixes, rlim_t most,
    const char *stays)
{
	open_file("", framing);
	scribe.with_reason = with_reason;
	limit(most);
	add((struct batch){ .records = 3 }, text, prefixes);
	limit(RLIM_INFINITY);
	close_scribe();
	is_text(text_in_file(), stays, "what fits stays, whole");
}

static void
full_of_others(void)
{
	static const struct framing tabs = { .kind = FRAMING_DELIMITER, .delimiter = '\t' };

	full_of(&lines, true, "oldest\ta\nnewest\tbc\noldest\td\n", 21, 20, "oldest\ta\nnewest\tbc\n");
	lost_is(1, 2, "and a reason is no part of what is lost");
	full_of(&lines, true, "oldest\ta\nnewest\tbc\noldest\td\n", 21, 18, "oldest\ta\n");
	lost_is(2, 5, "nor where it was cut short itself");
	full_of(&tabs, true, "oldest\ta\tnewest\tbc\toldest\td\t", 21, 26, "oldest\ta\tnewest\tbc\t");
	lost_is(1, 2, "though the delimiter be a tab");
	full_of(&fixed, true, "oldest\tabcdnewest\tefgholdest\tijkl", 21, 32, "oldest\tabcdnewest\tefgh");
	lost_is(1, 4, "or there be none");
	full_of(&fixed, false, "abcdefghijkl", 0, 11, "abcdefgh");
	lost_is(1, 4, "and without reasons");
	full_of(&lines, false, "a\nb\nc\n", 0, 4, "a\nb\n");
	lost_is(1, 2, "also where nothing is cut short");
}

static void
full_within(void)
{
	open_file("old\n", &lines);
	limit(12);
	add(first, "newest\tabc", 7);
	lost_is(0, 3, "the beginning of a record that does not fit is lost");
	add(next, "def", 0);
	add(last, "ghi\n", 0);
	lost_is(1, 10, "and so is what follows of it");
	add(first, "ab", 0);
	add(next, "cd", 0);
	add(next, "xxxxxx", 0);
	lost_is(1, 20, "or what preceded");
	is_text(text_in_file(), "old\n", "nothing of it stays");
	add(last, "\n", 0);
	limit(RLIM_INFINITY);
	lost_is(2, 21, "its end counts");
	add(first, "half", 0);
	add(whole, "one\n", 0);
	lost_is(2, 25, "a record whose end does not come is lost in bytes");
	add(first, "half", 0);
	close_scribe();
	lost_is(2, 29, "at the end, too");
	is_text(text_in_file(), "old\none\n", "and nothing of it stays");
}

/* Somebody else has written to the file: it is not cut back. */
static void
shared(void)
{
	int other;

	open_file("", &lines);
	other = open(path, O_WRONLY | O_APPEND);
	must(other >= 0);
	add(first, "half", 0);
	must(write(other, "theirs\n", 7) == 7);
	add(whole, "one\n", 0);
	lost_is(0, 0, "what stays of a record is not lost");
	is_text(text_in_file(), "halftheirs\n\none\n", "and what others have written stays");
	limit(40);
	add(first, "half", 0);
	must(write(other, "theirs\n", 7) == 7);
	add(last, "more than there is room for\n", 0);
	limit(RLIM_INFINITY);
	add(whole, "two\n", 0);
	close_scribe();
	ok(strncmp(text_in_file(), "halftheirs\n\none\nhalftheirs\nmore than the\ntwo\n", 45) == 0,
	    "a part stays, and ends in a delimiter");
	lost_is(1, 15, "the rest of it is lost");
	(void)close(other);
}

static void
pipe_of(const struct framing *framing, int both[2], int call)
{
	must(pipe(both) == 0);
	scribe_open(&scribe, both[1], framing, true, call);
	lost = (struct tally){ 0, 0 };
}

/* What a pipe has taken, it has; it is given up when the call comes. */
static void
torn(void)
{
	int both[2], call[2];
	size_t filled, length;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, call) == 0);
	pipe_of(&lines, both, call[1]);
	is(scribe_unit(&scribe), 4096, "a pipe takes a page of whole records at once");
	add(first, "oldest\thalf", 7);
	filled = pipe_fill(both[1]);
	must(shutdown(call[0], SHUT_WR) == 0);
	add(last, "rest\n", 0);
	lost_is(1, 5, "the rest of a record that nobody takes is lost");
	is(scribe.error, 0, "which is no error");
	must(pipe_drain(both[0], got, 11 + filled) == 11 + filled);
	add(whole, "one\n", 0);
	add(first, "half", 0);
	close_scribe();
	length = pipe_drain(both[0], got, sizeof(got) - 1);
	got[length] = '\0';
	is_text(got, "\none\nhalf\n", "a part ends in a delimiter, also where no record follows");
	(void)close(both[0]);

	pipe_of(&lines, both, call[1]);
	filled = pipe_fill(both[1]);
	pipe_forget(both[0], 4096);
	memset(got, 'a', 5000);
	memcpy(got, "newest\t", 7);
	got[5000] = '\0';
	add(whole, got, 7);
	lost_is(1, 5000 - 4096, "a reason is no part of what is lost");
	(void)scribe_close(&scribe);
	(void)close(both[0]);

	pipe_of(&fixed, both, -1);
	add(first, "abcdef", 5);
	add(whole, "ghij", 0);
	close_scribe();
	length = pipe_drain(both[0], got, sizeof(got));
	ok(length == 13 && memcmp(got, "abcdef\0\0\0ghij", 13) == 0, "or in zero bytes, up to the size of a record");
	(void)close(both[0]);
	(void)close(call[0]);
	(void)close(call[1]);
}

static void
nobody(void)
{
	int both[2];

	pipe_of(&lines, both, -1);
	(void)close(both[0]);
	add(whole, "one\n", 0);
	lost_is(1, 4, "without a reader it is lost");
	is(scribe.error, EPIPE, "and the error is known");
	close_scribe();
}

static void
unit_of_socket(int type, size_t unit, const char *what)
{
	int both[2];

	must(socketpair(AF_UNIX, type, 0, both) == 0);
	scribe_open(&scribe, both[1], &lines, false, -1);
	ok(unit == 1 ? scribe_unit(&scribe) == 1 : scribe_unit(&scribe) >= unit, "%s", what);
	close_scribe();
	(void)close(both[0]);
}

static void
units(void)
{

	open_file("", &lines);
	ok(scribe_unit(&scribe) > 4096, "a regular file takes more at once");
	close_scribe();
	unit_of_socket(SOCK_STREAM, 512, "so does a socket that is a stream");
	unit_of_socket(SOCK_DGRAM, 1, "one that keeps messages apart takes one record");
}

int
main(void)
{
	int fd;

	pipe_init();
	fd = mkstemp(path);
	must(fd >= 0 && close(fd) == 0);
	as_it_comes();
	delimiters();
	full();
	full_of_others();
	full_within();
	shared();
	torn();
	nobody();
	units();
	(void)unlink(path);
	return done_testing();
}
