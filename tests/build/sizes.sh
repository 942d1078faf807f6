#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# No file of src/ is longer than 500 lines, no function longer than 60, and half of them are not longer than 8: what does
# not fit has more than one job.
set -eu
top_srcdir=${top_srcdir-$(dirname "$0")/../..} # set by make check
. "$top_srcdir/tests/build/judge.sh"

# overlong SRC: each file that is too long, a line each
overlong() {
	find "$1" -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 500 { print $2 " has " $1 " lines" }' |
		sed "s|^$1/||"
}

# functions SRC: of each function the lines between its braces, its file and its name.  A body begins with a line that is
# a brace and no more, behind one that begins with a name, and ends with the next that begins with a brace.
functions() {
	find "$1" -name '*.[ch]' -exec awk '
		FNR == 1 { begin = 0 }
		/^[a-z_A-Z][a-zA-Z_0-9 *]*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^\{$/ { begin = FNR }
		/^\}/ && begin { print FNR - begin - 1, FILENAME, name; begin = 0 }' {} + | sed "s|$1/||"
}

# overgrown SRC: each function that is too long
overgrown() {
	functions "$1" | awk '$1 > 60 { print $2 ": " $3 " has " $1 " lines" }'
}

# median SRC: of the lengths of all functions, where it is too large
median() {
	functions "$1" | sort -n | awk '{ length_of[NR] = $1 } END { m = length_of[int((NR + 1) / 2)]; if (NR < 500 || m > 8) print m " lines, of " NR " functions" }'
}

# repeat COUNT LINE
repeat() {
	awk -v count="$1" -v line="$2" 'BEGIN { while (count-- > 0) print line }'
}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM

echo 1..6
judge 'no file has over 500 lines' "$(overlong "$top_srcdir/src")"
judge 'no function has over 60' "$(overgrown "$top_srcdir/src")"
judge 'half of them have no more than 8' "$(median "$top_srcdir/src")"

mkdir "$copy/hold"
repeat 501 '' >"$copy/hold/long.h"
repeat 500 '' >"$copy/hold/full.c"
planted 'a file that is too long is found' "$(overlong "$copy")" 'hold/long.h has 501 lines'
rm "$copy"/hold/*
{
	printf 'static const char *\ngrown_up(const char *text,\n    int more)\n{\n'
	repeat 60 '	x();'
	printf '}\n\nvoid\novergrown(struct x *x)\n{\n'
	repeat 61 '	x();'
	printf '}\n\nstatic const int table[] = {\n'
	repeat 100 '	1,'
	printf '};\n'
} >"$copy/hold/grown.c"
planted 'so is a function, and nothing but that' "$(overgrown "$copy")" 'hold/grown.c: overgrown has 61 lines'
planted 'and functions that are long on average' "$(median "$copy")" '60 lines, of 2 functions'
