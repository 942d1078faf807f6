#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The sources compile with headers that have nothing but POSIX in them, as those of a system may that nobody has tried yet:
# no Linux, no GNU, and none of the functions that configure looks for. With HEADERS_CC, a compiler for another system ("diet
# gcc") with its flags, they are compiled with the headers of that one as they come; its warnings are shown.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}" "${XXHASH_CFLAGS?}"

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
sed -n '/^#define PACKAGE/p' "$top_builddir/config.h" >"$work/config.h"

# What <stdlib.h> of macOS, and of older BSDs, has besides: a name that is theirs.
echo 'union wait { int status; };' >"$work/theirs.h"

number=0
# compile DESCRIPTION COMPILER [FLAG]...: a line of TAP, and before it what went wrong.
compile() {
	description=$1
	number=$((number + 1))
	result=ok
	shift
	for file in "$top_srcdir"/src/*.c "$top_srcdir"/src/*/*.c; do
		"$@" -I"$work" -I"$top_srcdir/src" -S "$file" -o /dev/null >"$work/said" 2>&1 || result='not ok'
		sed 's/^/# /' "$work/said"
	done
	echo "$result $number - $description"
}

if [ -n "${HEADERS_CC-}" ]; then
	echo 1..2
	# What C11 has in <assert.h>, and dietlibc has not.
	for portable in '' -DWEIR_PORTABLE=1; do
		# shellcheck disable=SC2086 # words
		compile "src, with $HEADERS_CC $portable" $HEADERS_CC -std=gnu11 -Dstatic_assert=_Static_assert $portable
	done
	exit 0
fi

# MAP_ANON: every system has it, POSIX since 2024.
# shellcheck disable=SC2086 # flags are words
set -- cc $XXHASH_CFLAGS -std=c11 -pedantic -Wall -Wextra -Werror -U__linux__ -DMAP_ANON=0x20
echo 1..3
compile 'src, with the headers of POSIX.1-2008' "$@" -D_POSIX_C_SOURCE=200809L
compile 'src, with the headers of X/Open 7' "$@" -D_XOPEN_SOURCE=700
compile 'src, with names that are taken on BSDs' "$@" -D_POSIX_C_SOURCE=200809L -include "$work/theirs.h"
