/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * number: what --number and --weight put in front of a record, its serial or its weight, made from a template.
 *
 * In a template {n} stands for that.  A brace that no lower-case letter follows is itself, as in that of a mark
 * (mark.h), so that a template may be JSON.  Does not know which serial or weight a record has, and counts nothing.
 */
#ifndef WEIR_NUMBER_H
#define WEIR_NUMBER_H

#include "pick/weight.h"

#include <stddef.h>
#include <stdint.h>

#define NUMBER_DEFAULT "{n}\t"

/* Nothing that is made of a template is longer. */
#define NUMBER_MOST 256

/* NULL, or what is wrong with the template, given the records' delimiter: a short static phrase. */
const char *number_check(const char *template, unsigned char delimiter);

/* Writes what the template says of this serial into text, without a final NUL, and returns its length: at least 1.
 * number_check() has taken the template.  Cannot fail. */
size_t number_format(char text[NUMBER_MOST], const char *template, uint64_t serial);

/* The same of a weight. */
const char *number_check_weight(const char *template, unsigned char delimiter);
size_t number_format_weight(char text[NUMBER_MOST], const char *template, uint64_t weight);

#endif
