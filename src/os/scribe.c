/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "os/loop.h"
#include "os/scribe.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

uint64_t
scribe_owed(const struct framing *framing, uint64_t length)
{
	size_t end;

	if (framing->kind == FRAMING_FIXED)
		return (framing->size - length % framing->size) % framing->size;
	(void)framing_end(framing, &end); /* none of bytes: the next batch goes on where one ends that was refused */
	return end;
}

/* What an earlier run has left. */
static uint64_t
owed_by_file(const struct scribe *scribe, off_t size)
{
	const struct framing *framing = &scribe->framing;
	char last[FRAMING_STRING_MOST];
	size_t length;
	const char *end = framing_end(framing, &length);
	const size_t there = size < (off_t)length ? (size_t)size : length;

	if (there == 0)
		return 0; /* of a fixed size: reasons may be among the records, so its own says nothing */
	if (pread(scribe->port.inherited, last, there, size - (off_t)there) != (ssize_t)there)
		return 0;
	return there < length || memcmp(last, end, length) != 0 ? length : 0;
}

void
scribe_open(struct scribe *scribe, int fd, const struct framing *framing, bool with_reason, int call)
{
	struct stat status;

	*scribe = (struct scribe){ .framing = *framing, .with_reason = with_reason, .call = call };
	io_open_output(&scribe->port, fd);
	scribe->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	if (scribe->regular)
		scribe->owed = owed_by_file(scribe, status.st_size);
}

size_t
scribe_unit(const struct scribe *scribe)
{
	/* What takes a part of it and then fails has the whole records of that part, see keep_whole(), if they can be told apart
	 * there.  Of what keeps messages apart each record is one. */
	return scribe->port.messages || framing_noted(&scribe->framing) ? 1 : scribe->port.unit;
}

/* Keeps in mind where in the file it began. */
static void
note_written(struct scribe *scribe, size_t done)
{
	if (scribe->regular && scribe->written == 0)
		scribe->begin = lseek(scribe->port.fd, 0, SEEK_CUR) - (off_t)done;
	scribe->written += done;
}

/* The pieces, less what was written of them; returns how many are left. */
static int
advance(struct iovec *piece, int pieces, size_t done)
{
	while (pieces > 0 && done >= piece[0].iov_len) {
		done -= piece[0].iov_len;
		piece[0] = piece[1];
		pieces--;
	}
	if (pieces > 0) {
		piece[0].iov_base = (char *)piece[0].iov_base + done;
		piece[0].iov_len -= done;
	}
	return pieces;
}

/* Writes the pieces (none of them empty), and waits for it.  False where they are not all written. */
static bool
put(struct scribe *scribe, struct iovec piece[2], int pieces)
{
	while (pieces > 0) {
		size_t length = piece[0].iov_len + (pieces > 1 ? piece[1].iov_len : 0);
		size_t done;

		switch (io_write(&scribe->port, piece, pieces, length, &done)) {
		case IO_ALL:
		case IO_SHORT:
			note_written(scribe, done);
			pieces = advance(piece, pieces, done);
			break;
		case IO_AGAIN:
			if (!loop_await_output(scribe->port.fd, scribe->call))
				return false;
			break;
		case IO_RETRY:
			break;
		case IO_END:
		case IO_GONE:
		case IO_ERROR:
			if (scribe->error == 0)
				scribe->error = errno;
			return false;
		}
	}
	return true;
}

/* Pays what is owed, as far as that can be done. */
static bool
mend(struct scribe *scribe)
{
	char ends[512] = { 0 };
	size_t most;
	const char *end = framing_end(&scribe->framing, &most);

	while (scribe->owed > 0) {
		size_t length = scribe->owed < sizeof(ends) ? (size_t)scribe->owed : sizeof(ends);
		struct iovec piece[2] = { { ends, length } };
		bool all;

		if (most > 0) /* all of it, or its rest */
			memcpy(ends, end + most - length, length);
		scribe->written = 0;
		all = put(scribe, piece, 1);
		scribe->owed -= scribe->written;
		if (!all)
			return false;
	}
	scribe->torn = false;
	return true;
}

/* The bytes from `at` on, as far as they lie together and at most up to `end`. */
static size_t
together(const struct iovec piece[2], size_t at, size_t end, const char **text)
{
	const bool second = at >= piece[0].iov_len;
	const size_t offset = second ? at - piece[0].iov_len : at;
	const size_t length = piece[second].iov_len - offset;

	*text = (const char *)piece[second].iov_base + offset;
	return length < end - at ? length : end - at;
}

/* Where behind its reason the record itself begins; `end` where that is not there any more. */
static size_t
behind_reason(const struct scribe *scribe, const struct iovec piece[2], size_t at, size_t end)
{
	const char *text, *tab;

	if (!scribe->with_reason)
		return at;
	for (size_t length; at < end; at += length) {
		length = together(piece, at, end, &text);
		tab = memchr(text, '\t', length);
		if (tab != NULL)
			return at + (size_t)(tab - text) + 1;
	}
	return end;
}

/* Where the record that begins there ends, or 0. */
static size_t
end_of(const struct scribe *scribe, const struct iovec piece[2], size_t at, size_t end)
{
	uint64_t before = 0;
	const char *text;

	for (size_t length; at < end; at += length, before += length) {
		size_t found;

		length = together(piece, at, end, &text);
		found = record_first(&scribe->framing, before, text, length);
		if (found > 0)
			return at + found;
	}
	return 0;
}

/* How many of the first `done` bytes of a batch are whole records, which *tally counts. */
static size_t
whole_records(const struct scribe *scribe, const struct iovec piece[2], size_t done, struct tally *tally)
{
	size_t at = 0;

	for (;;) {
		size_t begin = behind_reason(scribe, piece, at, done);
		size_t end = end_of(scribe, piece, begin, done);

		if (end == 0)
			return at;
		ledger_count(tally, 1, end - begin);
		at = end;
	}
}

/* Cuts the file back to where what has been begun begins; false where that cannot be done. */
static bool
cut_back(struct scribe *scribe)
{
	int fd = scribe->port.fd;
	off_t end = scribe->begin + (off_t)scribe->written;
	struct stat status;

	if (!scribe->regular || fstat(fd, &status) < 0 || status.st_size != end ||
	    lseek(fd, 0, SEEK_CUR) != end || ftruncate(fd, scribe->begin) < 0)
		return false;
	(void)lseek(fd, scribe->begin, SEEK_SET); /* standard error may not append */
	return true;
}

/* What has been begun will not be finished.  Whether nothing stays of it: otherwise, of a record, `taken`
 * bytes. */
static bool
give_up(struct scribe *scribe, uint64_t taken)
{
	scribe->open = false;
	if (scribe->written == 0 || cut_back(scribe))
		return true;
	scribe->owed = scribe_owed(&scribe->framing, taken);
	scribe->torn = true;
	return false;
}

/* Only the first `done` bytes of the batch could be written: whole records stay.  What is lost by that. */
static struct tally
keep_whole(struct scribe *scribe, const struct batch *batch, const struct iovec piece[2], size_t done)
{
	struct tally kept = { 0, 0 }, lost = { 0, 0 };
	size_t whole = batch->continues ? 0 : whole_records(scribe, piece, done, &kept);
	size_t begin = batch->continues ? 0 : behind_reason(scribe, piece, whole, done);
	const uint64_t taken = done - begin; /* of the record that is cut short */

	scribe->begin += (off_t)whole;
	scribe->written -= whole;
	if (give_up(scribe, scribe->payload + taken))
		ledger_count(&lost, 0, scribe->payload);
	else
		ledger_count(&kept, 0, taken);
	ledger_count(&lost, batch->records - kept.records, batch->payload - kept.bytes);
	return lost;
}

struct tally
scribe_write(struct scribe *scribe, const struct batch *batch, struct iovec piece[2], int pieces)
{
	const struct iovec all[2] = { piece[0], pieces > 1 ? piece[1] : (struct iovec){ NULL, 0 } };
	struct tally lost = { 0, 0 }, more;
	uint64_t before;

	if (scribe->open && !batch->continues && give_up(scribe, scribe->payload))
		lost.bytes = scribe->payload; /* its end will not come */
	if (batch->continues ? !scribe->open : !mend(scribe)) {
		ledger_count(&lost, batch->records, batch->payload);
		return lost;
	}
	if (!batch->continues)
		scribe->written = scribe->payload = 0;
	before = scribe->written;
	if (put(scribe, piece, pieces)) {
		scribe->payload += batch->payload;
		scribe->open = batch->open;
		scribe->owed = batch->owed;
		return lost;
	}
	more = keep_whole(scribe, batch, all, (size_t)(scribe->written - before));
	ledger_count(&lost, more.records, more.bytes);
	return lost;
}

struct tally
scribe_close(struct scribe *scribe)
{
	struct tally lost = { 0, 0 };

	if (scribe->open && give_up(scribe, scribe->payload))
		lost.bytes = scribe->payload;
	if (scribe->torn)
		(void)mend(scribe);
	if (scribe->port.inherited != STDERR_FILENO && io_close(&scribe->port) < 0 && scribe->error == 0)
		scribe->error = errno;
	return lost;
}
