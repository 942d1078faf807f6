#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every input of the corpus holds, with whatever compiler built this weir.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}"

set -- framer member options queue record spool units words
echo "1..$#"
number=0
for name; do
	number=$((number + 1))
	harness=$top_builddir/tests/fuzz/fuzz_$name
	# shellcheck disable=SC2086 # nothing, or the emulator of another processor
	if said=$(${EMULATOR-} "$harness" "$top_srcdir/tests/fuzz/corpus/$name"/* 2>&1); then
		echo "ok $number - $name"
		continue
	fi
	echo "not ok $number - $name"
	printf '%s\n' "$said" | sed 's/^/# /'
	for input in "$top_srcdir/tests/fuzz/corpus/$name"/*; do
		${EMULATOR-} "$harness" "$input" >/dev/null 2>&1 || echo "# to reproduce: $harness $input"
	done
done
