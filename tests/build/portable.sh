#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The tests of what differs between systems, over the weir that uses none of the differences.
set -eu

: "${top_srcdir:?is set by make check}" "${BATS:?}"
WEIR=${PORTABLE:?}
WEIR_UNDER=portable
export WEIR WEIR_UNDER

set --
for theme in io endings policies usage; do
	file=$top_srcdir/tests/cli/$theme.bats
	if [ -e "$file" ]; then
		set -- "$@" "$file"
	fi
done
if [ $# -eq 0 ]; then
	echo '1..0 # SKIP there is no test to run'
	exit 0
fi
# bats exits with 1 for a test that failed, which has been counted by then.
"$BATS" --tap "$@" || [ $? -eq 1 ]
