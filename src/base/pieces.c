/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/pieces.h"

#include <string.h>

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

int
pieces_behind(struct iovec *rest, const struct iovec *piece, int count, size_t skipped)
{
	int rests = 0;

	for (int i = 0; i < count; i++) {
		const size_t step = piece[i].iov_len < skipped ? piece[i].iov_len : skipped;

		skipped -= step;
		if (step < piece[i].iov_len)
			rest[rests++] = (struct iovec){ (char *)piece[i].iov_base + step, piece[i].iov_len - step };
	}
	return rests;
}

size_t
pieces_copy(char *text, const struct iovec *piece, int count, size_t most)
{
	size_t length = 0;

	for (int i = 0; i < count && length < most; i++) {
		const size_t step = piece[i].iov_len < most - length ? piece[i].iov_len : most - length;

		memcpy(text + length, piece[i].iov_base, step);
		length += step;
	}
	return length;
}
