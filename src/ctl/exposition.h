/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: the reports of all weirs as one page for Prometheus.
 *
 * Families have the names, types and helps of weir's own page (tell/page), as far as a report has their figures; a label `pid`
 * tells weirs of one name apart.  Text exposition format 0.0.4.
 */
#ifndef WEIR_EXPOSITION_H
#define WEIR_EXPOSITION_H

#include "ctl/survey.h"

#include <stddef.h>
#include <stdio.h>

void exposition_write(FILE *page, const struct survey *survey);

/* The name of the i-th family that it knows, without "weir_"; NULL behind the last. */
const char *exposition_family(size_t i);

#endif
