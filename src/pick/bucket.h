/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bucket: a token bucket, in integers.
 *
 * Tokens are records or bytes; the bucket does not care which.  It fills at amount tokens every
 * period_ns up to its depth (the burst), and a thing that costs c leaves when the level is at least
 * min(c, depth), which may put the bucket in debt: so a thing larger than the depth passes at the
 * right long-run rate.  The level is whole tokens plus a remainder in 1/period_ns of a token, so
 * nothing is rounded away and the rate is exact for years.  The caller hands in `now`
 * (CLOCK_MONOTONIC in ns, never running backwards).  Nothing here can fail.
 *
 * After the token bucket of RFC 2697 and of tc-tbf(8).
 */
#ifndef WEIR_BUCKET_H
#define WEIR_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint64_t amount;    /* tokens every period; 1 to 2^50 */
	uint64_t period_ns; /* 1 to 2^60 */
	uint64_t depth;     /* tokens; 1 to 2^50 */
	uint64_t batch;     /* tokens that a wait brings at least; up to half the depth */
	int64_t level;      /* at most depth, but for the credit of bucket_refill */
	uint64_t rest;      /* token * ns, below period_ns */
	uint64_t then_ns;   /* when level and rest were right */
};

/* The most lateness of a timer that is made good. */
#define BUCKET_CREDIT_NS UINT64_C(10000000)

/* Full at now_ns.  amount and period_ns as struct rate has them. */
void bucket_init(struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth,
    uint64_t now_ns);

/* What comes in so long, at least 1, and no more than a bucket can be deep; and in a millisecond: the depth where none
 * is asked for. */
uint64_t bucket_depth_of(uint64_t amount, uint64_t period_ns, uint64_t ns);
uint64_t bucket_default_depth(uint64_t amount, uint64_t period_ns);

/* From now on it has these figures.  What is in it stays: only what is above its depth by now goes, and with another
 * period a part of a token.  Nothing happens where the figures are the same. */
void bucket_retune(struct bucket *bucket, uint64_t amount, uint64_t period_ns, uint64_t depth, uint64_t now_ns);

/* Lets in what has come since the last call.  late_ns is by how much the caller overslept a wait for
 * this bucket: that long, up to BUCKET_CREDIT_NS, the bucket goes on filling above its depth. */
void bucket_refill(struct bucket *bucket, uint64_t now_ns, uint64_t late_ns);

/* Whether a thing of this cost may leave now. */
bool bucket_allows(const struct bucket *bucket, uint64_t cost);

/* Tokens that may be spent now without going into debt. */
uint64_t bucket_tokens(const struct bucket *bucket);

/* Whether it is worth while to let a part of a thing leave that can be cut anywhere: a batch is here. */
bool bucket_allows_part(const struct bucket *bucket);

/* It left.  Or it did not after all: what was charged since the last refill is given back. */
void bucket_charge(struct bucket *bucket, uint64_t cost);
void bucket_refund(struct bucket *bucket, uint64_t cost);

/* How long from the last refill until a thing of this cost may leave and, so that a steady flow
 * does not wake for each token, a batch has come together.  May be less where the sum would
 * overflow (decades): the caller looks again then. */
uint64_t bucket_delay_ns(const struct bucket *bucket, uint64_t cost);

#endif
