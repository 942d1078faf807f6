/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse: a command line, what comes of it, and what is said about it on standard error.
 *
 *      PARSE(&o, "-m", "4K")    its result; message is what was said; what o has of its arguments is good until the next
 *      joined(arguments)        " -m 4K", until the next call
 */
#ifndef WEIR_UNIT_PARSE_H
#define WEIR_UNIT_PARSE_H

#include "tap.h"

#include "cli/options.h"

#include <unistd.h>

#define ARGUMENTS_MOST 8

static char message[16384]; /* what the last parse said on standard error */

static inline void
read_message(int fd)
{
	ssize_t length = read(fd, message, sizeof(message) - 1);

	message[length > 0 ? length : 0] = '\0';
}

/* Between these two, standard error is a pipe. */
static inline void
catch_message(int *saved, int *reader)
{
	int both[2];

	*saved = dup(STDERR_FILENO);
	if (*saved < 0 || pipe(both) < 0 || dup2(both[1], STDERR_FILENO) < 0)
		abort();
	(void)close(both[1]);
	*reader = both[0];
}

static inline void
release_message(int saved, int reader)
{
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	read_message(reader);
	(void)close(reader);
}

static inline enum options_result
parse(const char *const *arguments, struct options *options)
{
	static char *argv[ARGUMENTS_MOST + 2] = { (char *)(uintptr_t)"weir" };
	int argc = 1, saved, reader;
	enum options_result result;

	for (; argc <= ARGUMENTS_MOST && arguments[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
	argv[argc] = NULL;
	catch_message(&saved, &reader);
	result = options_parse(argc, argv, options);
	release_message(saved, reader);
	return result;
}

#define PARSE(options, ...) parse((const char *const[]){ __VA_ARGS__, NULL }, options)

static inline const char *
joined(const char *const *arguments)
{
	static char text[256];
	size_t length = 0;

	text[0] = '\0';
	for (int i = 0; i < ARGUMENTS_MOST && arguments[i] != NULL && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, " %s", arguments[i]);
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~' || *c == '#')
			*c = '?';
	return text;
}

#endif
