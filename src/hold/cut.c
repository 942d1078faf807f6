/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/cut.h"

uint64_t
cut_count(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase)
{
	struct chain_place place = chain_at(chain, offset);
	uint64_t count = 0;

	while (length > 0) {
		struct iovec piece = chain_next(chain, &place, length);
		count += record_count(framing, phase, piece.iov_base, piece.iov_len);
		phase = record_phase(framing, phase, piece.iov_base, piece.iov_len);
		length -= piece.iov_len;
	}
	return count;
}

size_t
cut_first_from(const struct chain *chain, const struct framing *framing, struct chain_place place, size_t length, uint64_t phase)
{
	size_t before = 0;

	while (before < length) {
		struct iovec piece = chain_next(chain, &place, length - before);
		size_t end = record_first(framing, phase, piece.iov_base, piece.iov_len);
		if (end > 0)
			return before + end;
		phase = record_phase(framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
	}
	return 0;
}

size_t
cut_first(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase)
{
	return cut_first_from(chain, framing, chain_at(chain, offset), length, phase);
}

size_t
cut_last(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase)
{
	struct chain_place place = chain_at(chain, offset);
	size_t before = 0, last = 0;

	while (before < length) {
		struct iovec piece = chain_next(chain, &place, length - before);
		size_t end = record_last(framing, phase, piece.iov_base, piece.iov_len);
		if (end > 0)
			last = before + end;
		phase = record_phase(framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
	}
	return last;
}

size_t
cut_skip(const struct chain *chain, const struct framing *framing, size_t offset, size_t length, uint64_t phase, uint64_t *count)
{
	struct chain_place place = chain_at(chain, offset);
	size_t before = 0, last = 0;

	while (before < length && *count > 0) {
		struct iovec piece = chain_next(chain, &place, length - before);
		size_t end = record_skip(framing, phase, piece.iov_base, piece.iov_len, count);
		if (end > 0)
			last = before + end;
		phase = record_phase(framing, phase, piece.iov_base, piece.iov_len);
		before += piece.iov_len;
	}
	return last;
}

uint64_t
cut_phase(const struct chain *chain, const struct framing *framing, size_t length, uint64_t phase)
{
	struct chain_place place = chain_at(chain, 0);

	while (length > 0) {
		struct iovec piece = chain_next(chain, &place, length);
		phase = record_phase(framing, phase, piece.iov_base, piece.iov_len);
		length -= piece.iov_len;
	}
	return phase;
}
