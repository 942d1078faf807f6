/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/units.h"
#include "base/visible.h"
#include "os/diag.h"
#include "os/io.h"
#include "os/loop.h"
#include "os/put.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VISIBLE_MOST 200

#define PATIENCE_NS NS_PER_S

/* Priorities, as sd-daemon(3) has them. */
#define AN_ERROR "<3>"
#define A_NOTE "<6>"

static const char *prefix = "weir";
static bool journal;
static bool ascii_only;
static uint64_t deadline_ns; /* 0: none set */
static void (*guard)(void *state, bool before);
static void *guarded;
static char *diverted; /* NULL: to standard error */
static size_t diverted_size;

void
diag_set_name(const char *name, bool for_journal)
{
	prefix = name;
	journal = for_journal;
}

void
diag_set_deadline(uint64_t deadline)
{
	deadline_ns = deadline;
}

void
diag_set_guard(void (*new_guard)(void *state, bool before), void *state)
{
	guard = new_guard;
	guarded = state;
}

void
diag_divert(char *text, size_t size)
{
	diverted = text;
	diverted_size = size;
}

/* Text of most bytes at most, not cut within a character. */
static size_t
whole(const char *text, size_t most)
{
	size_t length = most;

	while (length > 0 && most - length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return most - length < 4 ? length : most;
}

static void message(const char *priority, const char *cause, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void
message(const char *priority, const char *cause, const char *format, va_list arguments)
{
	char text[DIAG_TEXT_MOST];
	char line[DIAG_TEXT_MOST + 376];
	struct io_port port;
	int length;

	(void)vsnprintf(text, sizeof(text), format, arguments);
	if (diverted != NULL) {
		(void)snprintf(diverted, diverted_size, "%s%s%s", text, cause != NULL ? ": " : "", cause != NULL ? cause : "");
		return;
	}
	length = snprintf(line, sizeof(line), "%s%s: %s%s%s\n", journal ? priority : "", prefix, text,
	    cause != NULL ? ": " : "", cause != NULL ? cause : "");
	if (length <= 0)
		return;
	if (guard != NULL)
		guard(guarded, true);
	io_open_output(&port, STDERR_FILENO);
	port.unstopped = true;
	(void)put_all(&port, line, strlen(line), deadline_ns != 0 ? deadline_ns : loop_now() + PATIENCE_NS);
	if (port.fd != STDERR_FILENO)
		(void)close(port.fd);
	if (guard != NULL)
		guard(guarded, false);
}

void
diag_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(AN_ERROR, NULL, format, arguments);
	va_end(arguments);
}

void
diag_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(A_NOTE, NULL, format, arguments);
	va_end(arguments);
}

void
diag_errno(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(AN_ERROR, strerror(error), format, arguments);
	va_end(arguments);
}

void
diag_set_ascii(bool only)
{
	ascii_only = only;
}

bool
diag_is_ascii(void)
{
	return ascii_only;
}

static const char *
show(const char *text, bool ascii)
{
	static const char more[] = "...";
	static char visible[4 * VISIBLE_MOST + sizeof(more)];
	const size_t length = strlen(text);
	const size_t shown = visible_write(visible, sizeof(visible) - (sizeof(more) - 1), text,
	    length < VISIBLE_MOST ? length : whole(text, VISIBLE_MOST), ascii);

	if (shown < length)
		memcpy(visible + strlen(visible), more, sizeof(more));
	return visible;
}

const char *
diag_visible(const char *text)
{
	return show(text, ascii_only);
}

const char *
diag_visible_data(const char *text)
{
	return show(text, false);
}
