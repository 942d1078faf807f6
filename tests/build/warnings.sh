#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every C file compiles without a warning, with gcc and with clang, whichever of them built weir.
# Compiled and optimized, not only parsed: some warnings of gcc follow the flow of data; those of clang do without.
# What make itself has just built in that way (BUILT_WITH: compiler and flags) is not built once more.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}" "${WARNINGS:?}" "${LIBRARY_CFLAGS?}" "${XXHASH_CFLAGS?}"
: "${BUILT_WITH?}"

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo 'int main(void) { return 0; }' >"$work/empty.c"

# known COMPILER: the warnings among ours that it knows.
known() {
	for warning in $WARNINGS; do
		if "$1" -Werror "$warning" -c "$work/empty.c" -o "$work/empty.o" 2>/dev/null; then
			echo "$warning"
		fi
	done
}

# compile COMPILER FLAGS FILES: the flags are words; says what went wrong as TAP comments.
compile() {
	compiler=$1
	flags=$2
	shift 2
	case $compiler in
	clang) flags="$flags -fsyntax-only" ;;
	*) flags="$flags -O2 -S" ;;
	esac
	failed=0
	for file; do
		# shellcheck disable=SC2086 # flags are words
		if ! "$compiler" -std=gnu11 -Werror -DHAVE_CONFIG_H $flags $XXHASH_CFLAGS \
		    -I"$top_builddir" -I"$top_srcdir/src" "$file" -o /dev/null >"$work/said" 2>&1; then
			failed=1
			sed 's/^/# /' "$work/said"
		fi
	done
	return $failed
}

number=0
# judge DESCRIPTION COMMAND...: a line of TAP.
judge() {
	number=$((number + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $number - $description"
	else
		echo "not ok $number - $description"
	fi
}

# existing FILE...: those that are there
existing() {
	for file; do
		if [ -e "$file" ]; then
			echo "$file"
		fi
	done
}

tests=$(existing "$top_srcdir"/tests/unit/*/*.c "$top_srcdir"/tests/helpers/*.c "$top_srcdir"/tests/model/*.c \
	"$top_srcdir"/tests/faults/*.c "$top_srcdir"/tests/chaos/*.c "$top_srcdir"/tests/fuzz/*.c)
# What make does not build with these flags, or not for the tests.
beside=$(existing "$top_srcdir"/tests/faults/shim.c "$top_srcdir"/bench/*.c)

echo 1..6
for compiler in gcc clang; do
	if ! command -v "$compiler" >/dev/null; then
		for what in src 'src, portable and debug' 'tests and benchmarks'; do
			number=$((number + 1))
			echo "ok $number - $compiler: $what # SKIP $compiler is not installed"
		done
		continue
	fi
	warnings=$(known "$compiler")
	case $BUILT_WITH in
	"$compiler "*" -Werror "*" -O2"*)
		judge "$compiler: src, by make" true
		these=$beside
		;;
	*)
		judge "$compiler: src" \
		    compile "$compiler" "$warnings $LIBRARY_CFLAGS" "$top_srcdir"/src/*.c "$top_srcdir"/src/*/*.c
		these="$tests $beside"
		;;
	esac
	judge "$compiler: src, portable and debug" \
	    compile "$compiler" "$warnings -DWEIR_PORTABLE=1 -DWEIR_DEBUG=1" "$top_srcdir"/src/*.c "$top_srcdir"/src/*/*.c
	# shellcheck disable=SC2086 # names without spaces: configure refuses a directory that has some
	judge "$compiler: tests and benchmarks" \
	    compile "$compiler" "$warnings $LIBRARY_CFLAGS" $these
done
