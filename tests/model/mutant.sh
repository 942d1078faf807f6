#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The explorer finds a bug that was planted: explore_evicting is built with a queue that evicts a record of
# which a part is out.
set -u
: "${top_builddir:?is set by make check}"

echo 1..2
# shellcheck disable=SC2086 # nothing, or the emulator of another processor
said=$(${EMULATOR-} "$top_builddir/tests/model/explore_evicting" 0 0)
if [ $? -eq 1 ]; then
	echo 'ok 1 - a queue that evicts a part-sent record fails'
else
	echo 'not ok 1 - a queue that evicts a part-sent record fails'
fi
if printf '%s\n' "$said" | grep -q '^# drop-oldest, lines, 4 bytes: .* the model says .*, after$'; then
	echo 'ok 2 - and it is the model that finds it'
else
	echo 'not ok 2 - and it is the model that finds it'
fi
printf '%s\n' "$said" | sed 's/^/# /'
