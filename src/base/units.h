/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * units: what people write ("1.5M", "6000/min", "250ms", "80%") to exact integers, and back.
 *
 * Knows no option and prints nothing.  Every reader takes the whole string, stores its result only on
 * success, and returns NULL then; otherwise a short static phrase that says what is wrong with the
 * text ("not a size"), for the caller to put into a message.  None of them accepts a sign, leading
 * space, or trailing text.  Decimal fractions are exact: no floating point anywhere.
 */
#ifndef WEIR_UNITS_H
#define WEIR_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* amount things every period_ns nanoseconds; 1 <= amount <= UNITS_AMOUNT_MAX. */
struct rate {
	uint64_t amount;
	uint64_t period_ns;
	bool bytes; /* the things are bytes, otherwise records */
};

/* num records of every den, as a fraction in lowest terms; 1 <= num <= den. */
struct share {
	uint64_t num;
	uint64_t den;
};

#define UNITS_SIZE_MAX (UINT64_C(1) << 50)     /* bytes: 1 PiB */
#define UNITS_AMOUNT_MAX (UINT64_C(1) << 50)   /* tokens */
#define UNITS_TIME_MAX_NS (UINT64_C(366) * 86400 * NS_PER_S)
#define UNITS_PERIOD_MAX_NS (UINT64_C(1) << 60) /* 36 years */
#define UNITS_MILLI 1000                       /* thousandths of a percent in a percent */

/* Bytes, 0 to UNITS_SIZE_MAX: K M G T (KiB ...) are powers of 1024, KB MB GB TB of 1000, B is 1,
 * in upper and lower case.  A fraction of a byte is cut off. */
const char *units_size(const char *text, uint64_t *bytes);

/* A whole number from 1 to UNITS_AMOUNT_MAX. */
const char *units_count(const char *text, uint64_t *count);

/* Nanoseconds, 0 to UNITS_TIME_MAX_NS: us ms s min m h d; a bare number is seconds. */
const char *units_time(const char *text, uint64_t *ns);

/* Thousandths of a percent, 0 to 100 * UNITS_MILLI; the sign % may be left out. */
const char *units_percent(const char *text, uint32_t *milli);

/* "10" and "1/10" are one in ten, "12.5%" is one in eight. */
const char *units_share(const char *text, struct share *share);

/* "100", "10k/s", "6000/min", "5/h", "1000/30s" count records, "10MB/s", "64KiB/s", "10Mbit/s" bytes.
 * With `bytes` every rate is in bytes and a bare suffix follows units_size. */
const char *units_rate(const char *text, bool bytes, struct rate *rate);

/* An amount in a rate's unit, for a bucket's depth: as units_rate without a period. */
const char *units_amount(const char *text, bool bytes, uint64_t *amount);

/* An amount that says by its suffix what it counts, 1 to UNITS_AMOUNT_MAX: whole records ("500", "10k"), or bytes
 * ("64KiB", "1MB", "10kbit"), of which a fraction is cut off.  Both are set, or neither. */
const char *units_quantity(const char *text, bool *bytes, uint64_t *amount);

/* The reverse: the texts read back to the same value.  Each writes at most size bytes with the final NUL; they
 * cannot fail.  What is only to be shown is figures'. */
void units_format_rate(char *text, size_t size, const struct rate *rate);
void units_format_share(char *text, size_t size, const struct share *share);

#endif
