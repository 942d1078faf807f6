/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: what is put into the environment of what is started: "WEIR_TRY=1" and its like, WEIR_NAME first.
 *
 * Copies its texts, and is good as long as it lasts: until the warden has been asked.
 */
#ifndef WEIR_WORDS_H
#define WEIR_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_MOST 8
#define WORDS_LENGTH 160 /* of one, with its NUL; what is longer is cut */

struct pump;

struct words {
	char text[WORDS_MOST][WORDS_LENGTH];
	const char *list[WORDS_MOST + 1]; /* as warden_job has it: ends with NULL */
	size_t count;
};

/* Those that an outer weir has put into weir's own environment are taken out of it: they are not of this one. */
void words_forget(void);

void words_init(struct words *words, const char *name);

/* One more (there is room). */
void words_put(struct words *words, const char *variable, const char *value);
void words_count(struct words *words, const char *variable, uint64_t value);

/* WEIR_SPOOL, its id, where there is one: with a serial it tells a record from all others that were ever put anywhere. */
void words_spool(struct words *words, const struct pump *pump);

#endif
