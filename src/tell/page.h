/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: a snapshot as a page for Prometheus.
 *
 * That is Prometheus' text exposition format 0.0.4, from one table of families.  Seconds and counts are written from
 * integers, exactly.  Quantiles of the latency are those of the last interval, as is the custom for a summary; its
 * sum and count are those of the whole run.
 *
 * Knows no file and no clock: metrics.h has both.
 */
#ifndef WEIR_PAGE_H
#define WEIR_PAGE_H

#include "tell/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any page. */
#define PAGE_MOST 131072

/* What the page tells and the snapshot does not know; times by the clock on the wall. */
struct page_about {
	uint64_t start_ns;
	uint64_t now_ns;
	uint64_t failures; /* pages that could not be written */
};

/* Writes the page into text (PAGE_MOST bytes) and returns its length.  Cannot fail. */
size_t page_write(char *text, const struct snapshot *snapshot, const struct page_about *about);

/* A family of the page, by its name without "weir_": its type and its help, which are static.  False: there is none. */
bool page_family(const char *name, const char **type, const char **help);

/* The name of the i-th family, from 0; NULL behind the last. */
const char *page_family_name(size_t i);

#endif
