/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spool dump: records as they came, in their order, each once.  What is missing is said where it is, on standard error.
 *
 * A block at a time, in constant memory.
 */
#include "config.h"

#include "ctl/spools.h"
#include "hold/inside.h"
#include "os/diag.h"
#include "os/io.h"
#include "os/put.h"
#include "os/signals.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)64 << 10)

/* So many places are said where something is missing; the sum is in any case. */
#define PLACES_MOST 10

struct dump {
	struct visit *visit;
	struct framing framing;
	const char *path;
	const char *template; /* NULL: no numbers */
	struct io_port port;
	char room[ROOM];      /* what is to be written next */
	size_t used;
	int error;            /* of a write */
	bool unended;         /* the record that was put last lacks its delimiter */
	bool misfit;          /* a record has no room for its number */
	uint64_t places;
};

/* --- out ----------------------------------------------------------------------------------------- */

static void
write_out(struct dump *dump, const char *text, size_t length)
{
	if (dump->error == 0 && put_beside(&dump->port, text, length) < length)
		dump->error = errno;
}

static void
flush(struct dump *dump)
{
	write_out(dump, dump->room, dump->used);
	dump->used = 0;
}

static void
put(struct dump *dump, const char *text, size_t length)
{
	if (length > ROOM - dump->used)
		flush(dump);
	if (length > ROOM) {
		write_out(dump, text, length);
		return;
	}
	memcpy(dump->room + dump->used, text, length);
	dump->used += length;
}

/* --- records ------------------------------------------------------------------------------------- */

/* Inside the payload.  False: it does not fit. */
static bool
put_number_inside(struct dump *dump, const char *record, size_t length, uint64_t serial)
{
	const enum frame_format format = dump->framing.format;
	char number[NUMBER_MOST], text[INSIDE_MOST], why[INSIDE_TELL_MOST];
	const size_t number_length = number_format(number, dump->template, serial);
	const struct inside inside = inside_write(text, format, record, length, length, number, number_length);

	if (!inside.fits) {
		inside_tell(why, &(struct inside_misfit){ format, serial, inside.payload, number_length, "--number" });
		flush(dump); /* so that it is said behind those in front of it */
		diag_error("%s: %s", dump->path, why);
		dump->misfit = true;
		return false;
	}
	put(dump, text, inside.added + inside.head);
	put(dump, record + inside.head, length - inside.head);
	return true;
}

static bool
put_with_number(struct dump *dump, const char *record, size_t length, uint64_t serial)
{
	char number[NUMBER_MOST];

	if (dump->framing.kind == FRAMING_FRAME)
		return put_number_inside(dump, record, length, serial);
	put(dump, number, number_format(number, dump->template, serial));
	put(dump, record, length);
	return true;
}

static void
put_numbered(struct dump *dump, const struct spool_next *next)
{
	const char *text = next->text;
	size_t left = next->length;

	for (uint64_t i = 0; left > 0; i++) {
		size_t length = next->lengths != NULL ? block_length_at(next->lengths, i) : record_first(&dump->framing, 0, text, left);

		if (length == 0)
			length = left; /* it lacks its delimiter, or is the only one of which nothing tells where it ends */
		if (!put_with_number(dump, text, length, visit_serial(next, i)))
			return;
		text += length;
		left -= length;
	}
}

/* As they came; but where more follows, a record ends. */
static void
put_records(struct dump *dump, const struct spool_next *next)
{
	size_t length;
	const char *end = framing_end(&dump->framing, &length);

	if (next->length == 0)
		return;
	if (dump->unended)
		put(dump, end, length);
	if (dump->template != NULL)
		put_numbered(dump, next);
	else
		put(dump, next->text, next->length);
	dump->unended = next->unended;
}

/* --- what is missing ----------------------------------------------------------------------------- */

static void
say_missing(struct dump *dump, const struct spool_next *next)
{
	char text[SPOOLS_AMOUNT];

	if (next->lost.bytes == 0 || dump->places++ >= PLACES_MOST)
		return;
	(void)spools_amount(text, &dump->framing, next->lost);
	if (next->length > 0 && dump->framing.kind != FRAMING_BYTES)
		diag_error("%s: missing: %s, before serial %" PRIu64, dump->path, text, visit_serial(next, 0));
	else if (next->length > 0)
		diag_error("%s: missing: %s", dump->path, text);
	else
		diag_error("%s: missing: %s, at the end", dump->path, text);
}

/* Before anything is written: what would be another thing than the user takes it for. */
static bool
may_begin(struct dump *dump, const struct asked *asked)
{
	const struct visit_found found = visit_found(dump->visit);
	const char *error = NULL;

	if (asked->on[WORD_NUMBER]) {
		dump->template = NUMBER_DEFAULT;
		error = found.framing.kind == FRAMING_BYTES ? "its bytes are no records"
		    : found.framing.kind == FRAMING_FIXED ? "its records have a fixed size"
		    : found.framing.kind == FRAMING_FRAME && found.framing.format >= FRAME_PCAP ? "its records are packets"
		    : number_check(NUMBER_DEFAULT, found.framing.delimiter);
	}
	if (error != NULL) {
		diag_error("%s: --number: %s; accepted without", dump->path, error);
		return false;
	}
	if (found.held && found.holder > 0)
		diag_note("%s: in use by process %ld: it may have moved meanwhile", dump->path, (long)found.holder);
	else if (found.held)
		diag_note("%s: in use: it may have moved meanwhile", dump->path);
	if (!found.known)
		diag_error("%s: no state that can be read: what was confirmed before is there as well", dump->path);
	return true;
}

/* Records, until there are no more, or nobody takes them. */
static void
dump_all(struct dump *dump)
{
	struct spool_next next;

	while (dump->error == 0 && !dump->misfit && visit_next(dump->visit, &next)) {
		if (next.lost.bytes > 0)
			flush(dump); /* so that it is said where it is */
		say_missing(dump, &next);
		put_records(dump, &next);
	}
	flush(dump);
	if (io_close(&dump->port) < 0 && dump->error == 0)
		dump->error = errno;
}

static int
status_of(const struct dump *dump)
{
	const struct tally missing = visit_missing(dump->visit);
	char text[SPOOLS_AMOUNT];

	if (dump->error == EPIPE)
		signals_die(SIGPIPE);
	if (dump->error != 0) {
		diag_errno(dump->error, "standard output");
		return CTL_BAD;
	}
	if (dump->places > 1)
		diag_error("%s: missing in all: %s", dump->path, spools_amount(text, &dump->framing, missing));
	if (visit_error(dump->visit) != 0)
		diag_errno(visit_error(dump->visit), "%s", dump->path);
	return dump->misfit || missing.bytes > 0 || !visit_found(dump->visit).known || visit_error(dump->visit) != 0 ? CTL_BAD : CTL_GOOD;
}

int
spools_dump(const struct asked *asked)
{
	static struct dump dump;
	int status = CTL_BAD;

	if ((dump.visit = spools_open(asked)) == NULL)
		return CTL_BAD;
	dump.path = diag_visible(asked->words[0]);
	dump.framing = visit_found(dump.visit).framing;
	if (may_begin(&dump, asked)) {
		io_open_output(&dump.port, STDOUT_FILENO);
		dump_all(&dump);
		status = status_of(&dump);
	}
	visit_close(dump.visit);
	return status;
}
