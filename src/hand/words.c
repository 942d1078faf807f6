/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/pump.h"
#include "hand/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
words_forget(void)
{
	static const char *const variables[] = { "WEIR_NAME", "WEIR_TRY", "WEIR_FIRST", "WEIR_LAST", "WEIR_RECORDS", "WEIR_BYTES", "WEIR_SPOOL",
		"WEIR_STATE", "WEIR_FILL", "WEIR_HELD_RECORDS", "WEIR_HELD_BYTES", "WEIR_DROPPED_RECORDS" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
}

void
words_init(struct words *words, const char *name)
{
	*words = (struct words){ .count = 0 };
	words_put(words, "WEIR_NAME", name);
}

void
words_put(struct words *words, const char *variable, const char *value)
{
	char *text = words->text[words->count];

	(void)snprintf(text, WORDS_LENGTH, "%s=%s", variable, value);
	words->list[words->count++] = text;
}

void
words_spool(struct words *words, const struct pump *pump)
{
	struct spool_figures figures;

	if (pump_spool(pump, &figures))
		words_put(words, "WEIR_SPOOL", figures.id);
}

void
words_count(struct words *words, const char *variable, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
	words_put(words, variable, digits);
}
