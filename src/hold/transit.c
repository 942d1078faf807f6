/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/cut.h"
#include "hold/transit.h"

#include <stdlib.h>

bool
transit_is_begun(const struct transit *transit)
{
	return transit->begun;
}

bool
transit_is_open(const struct transit *transit)
{
	return transit->open;
}

bool
transit_is_whole(const struct transit *transit)
{
	return transit->begun && !transit->open;
}

void
transit_begin(struct transit *transit, struct chain *chain, size_t rest)
{
	transit->begun = true;
	chain_set_apart(chain, rest);
}

void
transit_begin_open(struct transit *transit, struct chain *chain, uint64_t out)
{
	*transit = (struct transit){ .begun = true, .open = true, .phase = out + chain_used(chain) };
	chain_set_apart(chain, chain_used(chain));
}

bool
transit_follow(struct transit *transit, struct chain *chain, const struct framing *framing, bool ends)
{
	size_t length = chain_used(chain);

	if (ends) {
		length = cut_first(chain, framing, 0, length, transit->phase);
		transit->open = false;
	}
	transit->phase += length;
	chain_set_apart(chain, length);
	return ends;
}

bool
transit_end(struct transit *transit, const struct chain *chain)
{
	transit->open = false;
	transit->begun = chain_apart(chain) > 0;
	return transit->begun;
}

bool
transit_leave(struct transit *transit, struct chain *chain, size_t length)
{
	chain_release(chain, length);
	transit->out += length;
	if (transit->open || chain_apart(chain) > 0)
		return false;
	transit->begun = false;
	return true;
}

void
transit_check(const struct transit *transit, const struct chain *chain)
{
	if ((transit->open && (!transit->begun || chain_used(chain) > 0)) ||
	    (chain_apart(chain) > 0) != (transit->begun && (!transit->open || chain_apart(chain) > 0)))
		abort();
}
