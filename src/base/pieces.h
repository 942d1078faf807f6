/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pieces: bytes in several places, as readv(2) and writev(2) have them.
 */
#ifndef WEIR_PIECES_H
#define WEIR_PIECES_H

#include <sys/uio.h>

#include <stddef.h>

/* The first `most` bytes of the pieces (count of them, none empty) into part, where there is room for as many; returns
 * how many pieces that are. */
int pieces_cut(struct iovec *part, const struct iovec *piece, int count, size_t most);

/* The same of what is behind the first `skipped` bytes. */
int pieces_behind(struct iovec *rest, const struct iovec *piece, int count, size_t skipped);

/* Their first bytes, at most `most`, in one place; returns how many those are. */
size_t pieces_copy(char *text, const struct iovec *piece, int count, size_t most);

#endif
