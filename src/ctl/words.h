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
	WORD_BATCH,
	WORD_JSON,
	WORD_LISTEN, /* with a value, as the next two */
	WORD_NAME,
	WORD_NUMBER,
	WORD_PID,
	WORD_HELP,
	WORD_VERSION,
};
#define WORD_OPTIONS 9

struct asked {
	char *const *words;   /* the operands, behind the words that name the row */
	int count;
	const struct word *word;
	bool on[WORD_OPTIONS];
	const char *value[WORD_OPTIONS]; /* of those that have one and are on */
};

struct word {
	const char *name[2];  /* "spool", "check" */
	const char *operands; /* "DIR"; NULL: none */
	const char *accepted; /* what they are */
	int least, most;      /* so many of them */
	unsigned options;     /* a bit each, but for those of all words */
	const char *help;
	int (*run)(const struct asked *asked); /* the exit status */
};

/* Asks all that the command line says; the exit status. */
int words_run(int argc, char *argv[]);

#endif
