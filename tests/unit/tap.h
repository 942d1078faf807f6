/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: what a unit test has to say, in the Test Anything Protocol.
 *
 *      ok(condition, "what should hold");
 *      is(got, want, "what should be equal");        integers, enums and bools
 *      is_text(got, want, "what should be equal");   strings
 *      return done_testing();                        the last thing in main
 *
 * Each returns whether it held, and takes a printf format; a failure is shown with file, line and
 * values.  A property of many cases is one test: look at the cases quietly, diag() the first that
 * breaks it, and ok() the whole.  Not for use in child processes: those leave by _exit().
 */
#ifndef WEIR_TAP_H
#define WEIR_TAP_H

#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned tap_count;
static unsigned tap_failures;

#define ok(condition, ...) tap_ok((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)

#define is(got, want, ...) \
	tap_is((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, __VA_ARGS__)

#define is_text(got, want, ...) tap_is_text((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* A comment on what was or comes. */
static inline void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool tap_ok(bool good, const char *condition, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
static inline bool tap_failed_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool tap_is(intmax_t got, intmax_t want, const char *file, int line, const char *format,
    ...) __attribute__((format(printf, 5, 6)));
static inline bool tap_is_text(const char *got, const char *want, const char *file, int line,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Before the first line: a buffer that is not on the heap, where a child that is killed would leave it
 * for valgrind to find. */
static inline void
tap_begin(void)
{
	static char buffer[BUFSIZ];
	static bool begun;

	if (!begun)
		begun = setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)) == 0;
}

static inline void
diag(const char *format, ...)
{
	va_list arguments;

	tap_begin();
	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	(void)fflush(stdout);
}

static inline bool tap_result(bool good, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static inline bool
tap_result(bool good, const char *format, va_list arguments)
{
	tap_begin();
	tap_failures += !good;
	printf("%sok %u - ", good ? "" : "not ", ++tap_count);
	vprintf(format, arguments);
	printf("\n");
	(void)fflush(stdout); /* before anything forks */
	return good;
}

static inline bool
tap_failed_at(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("#   %s:%d: ", file, line);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	(void)fflush(stdout);
	return false;
}

static inline bool
tap_ok(bool good, const char *condition, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)tap_result(good, format, arguments);
	va_end(arguments);
	return good || tap_failed_at(file, line, "this does not hold: %s", condition);
}

static inline bool
tap_is(intmax_t got, intmax_t want, const char *file, int line, const char *format, ...)
{
	va_list arguments;
	bool good;

	va_start(arguments, format);
	good = tap_result(got == want, format, arguments);
	va_end(arguments);
	return good || tap_failed_at(file, line, "got %" PRIdMAX ", want %" PRIdMAX, got, want);
}

static inline bool
tap_is_text(const char *got, const char *want, const char *file, int line, const char *format, ...)
{
	va_list arguments;
	bool good = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

	va_start(arguments, format);
	(void)tap_result(good, format, arguments);
	va_end(arguments);
	return good || tap_failed_at(file, line, "got  '%s'\n#   want '%s'", got != NULL ? got : "(null)",
	    want != NULL ? want : "(null)");
}

/* Whether this runs under that tool. */
static inline bool
is_under(const char *tool)
{
	const char *under = getenv("WEIR_UNDER");

	return under != NULL && strcmp(under, tool) == 0;
}

/* Instead of any test; the exit status. */
static inline int
skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return EXIT_SUCCESS;
}

/* The plan; the exit status. */
static inline int
done_testing(void)
{
	printf("1..%u\n", tap_count);
	if (tap_failures > 0)
		diag("%u of %u failed", tap_failures, tap_count);
	return tap_failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
