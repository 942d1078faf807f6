/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "diag.h"
#include "compat.h"
#include "io.h"
#include "loop.h"
#include "units.h"

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
static uint64_t deadline_ns; /* 0: none set */
static void (*guard)(void *state, bool before);
static void *guarded;

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

static void message(const char *priority, const char *cause, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void
message(const char *priority, const char *cause, const char *format, va_list arguments)
{
	char text[1024];
	char line[1400];
	struct io_port port;
	int length;

	(void)vsnprintf(text, sizeof(text), format, arguments);
	length = snprintf(line, sizeof(line), "%s%s: %s%s%s\n", journal ? priority : "", prefix, text,
	    cause != NULL ? ": " : "", cause != NULL ? cause : "");
	if (length <= 0)
		return;
	if (guard != NULL)
		guard(guarded, true);
	io_open_output(&port, STDERR_FILENO);
	(void)io_put(&port, line, strlen(line), deadline_ns != 0 ? deadline_ns : loop_now() + PATIENCE_NS);
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

const char *
diag_visible(const char *text)
{
	static const char more[] = "...";
	static char visible[4 * VISIBLE_MOST + sizeof(more)];
	char cut[VISIBLE_MOST + 1];
	size_t length = strnlen(text, VISIBLE_MOST);
	int shown;

	memcpy(cut, text, length);
	cut[length] = '\0';
	shown = strvis(visible, cut, VIS_OCTAL | VIS_TAB | VIS_NL | VIS_NOSLASH);
	if (text[length] != '\0')
		memcpy(visible + shown, more, sizeof(more));
	return visible;
}
