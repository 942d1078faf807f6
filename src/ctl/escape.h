/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape: printable text as it may stand in a page.  Pure.
 */
#ifndef WEIR_ESCAPE_H
#define WEIR_ESCAPE_H

#include <stdio.h>

/* In HTML, between tags or in the value of an attribute between double quotes. */
void escape_html(FILE *page, const char *text);

/* As the value of a label of Prometheus, between double quotes. */
void escape_label(FILE *page, const char *text);

#endif
