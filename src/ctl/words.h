/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: what weirctl can be asked to do, a row each; and from a command line to the row that is meant.
 *
 * Says what is wrong with the rest, as weir does: one line that names it, and what is accepted.
 */
#ifndef WEIR_WORDS_CTL_H
#define WEIR_WORDS_CTL_H

#include <stdbool.h>

#define CTL_GOOD 0
#define CTL_BAD 1   /* an error, or damage was found */
#define CTL_USAGE 2

enum word_option {
	WORD_ALL,
	WORD_JSON,
	WORD_NUMBER,
	WORD_HELP,
	WORD_VERSION,
};
#define WORD_OPTIONS 5

struct asked {
	const char *operand;
	bool on[WORD_OPTIONS];
};

struct word {
	const char *name[2];  /* "spool", "check" */
	const char *operand;  /* "DIR": one, and no more; NULL: none */
	unsigned options;     /* a bit each, but for those of all words */
	const char *help;
	int (*run)(const struct asked *asked); /* the exit status */
};

/* Asks all that the command line says; the exit status. */
int words_run(int argc, char *argv[]);

#endif
