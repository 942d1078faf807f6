# SPDX-License-Identifier: BSD-2-Clause
# HTML of mandoc: what it refers to is linked only where it is one of weir's own pages.
{
	done = ""
	line = $0
	while (match(line, /<a class="Xr" href="[^"]*"/)) {
		link = substr(line, RSTART, RLENGTH)
		done = done substr(line, 1, RSTART - 1)
		line = substr(line, RSTART + RLENGTH)
		if (link !~ /"weir(ctl|-plot|-spool)?\.[15]\.html"$/)
			sub(/ href="[^"]*"$/, "", link)
		done = done link
	}
	print done line
}
