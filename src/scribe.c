/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "scribe.h"
#include "loop.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

uint64_t
scribe_owed(const struct framing *framing, uint64_t length)
{
	return framing->kind == FRAMING_FIXED ? (framing->size - length % framing->size) % framing->size : 1;
}

static char
end_byte(const struct framing *framing)
{
	return framing->kind == FRAMING_FIXED ? '\0' : (char)framing->delimiter;
}

/* What an earlier run has left. */
static uint64_t
owed_by_file(const struct scribe *scribe, off_t size)
{
	const struct framing *framing = &scribe->framing;
	char last;

	if (size == 0)
		return 0;
	if (framing->kind == FRAMING_FIXED)
		return 0; /* reasons may be among the records, so its size says nothing */
	return pread(scribe->port.inherited, &last, 1, size - 1) == 1 && last != end_byte(framing);
}

void
scribe_open(struct scribe *scribe, int fd, const struct framing *framing, int call)
{
	struct stat status;

	*scribe = (struct scribe){ .framing = *framing, .call = call };
	io_open_output(&scribe->port, fd);
	scribe->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	if (scribe->regular)
		scribe->owed = owed_by_file(scribe, status.st_size);
}

size_t
scribe_unit(const struct scribe *scribe)
{
	/* A terminal or a socket may take any part, so each record is for itself. */
	return scribe->regular || scribe->port.pipe ? scribe->port.unit : 1;
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
	char ends[512];

	memset(ends, end_byte(&scribe->framing), sizeof(ends));
	while (scribe->owed > 0) {
		size_t length = scribe->owed < sizeof(ends) ? (size_t)scribe->owed : sizeof(ends);
		struct iovec piece[2] = { { ends, length } };
		bool all;

		scribe->written = 0;
		all = put(scribe, piece, 1);
		scribe->owed -= scribe->written;
		if (!all)
			return false;
	}
	scribe->torn = false;
	return true;
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

struct tally
scribe_write(struct scribe *scribe, const struct batch *batch, struct iovec piece[2], int pieces)
{
	const size_t reason = batch->length - (size_t)batch->payload; /* the prefix, of one record */
	struct tally lost = { 0, 0 };
	uint64_t before, done, taken;

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
	done = scribe->written - before;
	taken = done > reason ? done - reason : 0;
	if (give_up(scribe, scribe->payload + taken))
		ledger_count(&lost, batch->records, scribe->payload + batch->payload);
	else /* of several records that stay it cannot be told which are whole */
		ledger_count(&lost, batch->records, batch->payload - (batch->records > 1 ? 0 : taken));
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
