/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"

int
pieces_cut(struct iovec *part, const struct iovec *piece, int count, size_t most)
{
	int parts = 0;

	for (; parts < count && most > 0; parts++) {
		part[parts] = piece[parts];
		if (part[parts].iov_len > most)
			part[parts].iov_len = most;
		most -= part[parts].iov_len;
	}
	return parts;
}
