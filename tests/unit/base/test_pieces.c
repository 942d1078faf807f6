/* SPDX-License-Identifier: BSD-2-Clause */
/* Cut at each length that there is. */
#include "../tap.h"

#include "base/pieces.h"

#include <string.h>

int
main(void)
{
	static char text[] = "abbccc";
	const struct iovec piece[3] = { { text, 1 }, { text + 1, 2 }, { text + 3, 3 } };
	bool good = true;

	for (size_t most = 0; most < 9; most++) {
		struct iovec part[3];
		int parts = pieces_cut(part, piece, 3, most);
		size_t sum = 0;

		for (int i = 0; i < parts; i++) {
			good = good && part[i].iov_base == piece[i].iov_base && part[i].iov_len > 0;
			sum += part[i].iov_len;
		}
		good = good && sum == (most < 6 ? most : 6) && parts == (most == 0 ? 0 : most == 1 ? 1 : most <= 3 ? 2 : 3);
	}
	ok(good, "as many bytes as may be, in as few pieces");
	good = true;
	for (size_t skipped = 0; skipped < 9; skipped++) {
		struct iovec rest[3];
		char copied[8] = "";
		int rests = pieces_behind(rest, piece, 3, skipped);
		size_t sum = pieces_copy(copied, rest, rests, sizeof(copied));

		good = good && sum == (skipped < 6 ? 6 - skipped : 0) && memcmp(copied, text + 6 - sum, sum) == 0;
		good = good && pieces_copy(copied, rest, rests, 2) == (sum < 2 ? sum : 2);
		for (int i = 0; i < rests; i++)
			good = good && rest[i].iov_len > 0;
	}
	ok(good, "what is behind, and its first bytes in one place");
	is(pieces_cut(NULL, piece, 0, 5), 0, "of no pieces none");
	return done_testing();
}
