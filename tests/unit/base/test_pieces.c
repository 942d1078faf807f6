/* SPDX-License-Identifier: BSD-2-Clause */
/* Cut at each length that there is. */
#include "../tap.h"

#include "base/pieces.h"

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
	is(pieces_cut(NULL, piece, 0, 5), 0, "of no pieces none");
	return done_testing();
}
