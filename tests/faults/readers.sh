#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of the hostile readers: random ones as they come, then with faults; then SIGKILL to the reader, to weir
# and to the warden.
set -u
: "${builddir:?is set by make check}" "${WEIR:?}" "${HELPERS:?}"

readers=$builddir/tests/faults/readers
shim=$builddir/tests/faults/shim.so

# judge DESCRIPTION ARGUMENT...: a line of TAP for one run, and what it has to say where it fails.
number=0
judge() {
	number=$((number + 1))
	description=$1
	shift
	if said=$("$readers" --hostile="$HELPERS/hostile" "$@" "$WEIR"); then
		echo "ok $number - $description"
	else
		echo "not ok $number - $description"
	fi
	echo "$said" | sed 's/^/# /'
}

case ${WEIR_UNDER:-} in
valgrind)
	echo '1..0 # SKIP valgrind takes longer to start than a --timeout lasts'
	exit 0
	;;
without-proc)
	echo '1..0 # SKIP without /proc nobody can tell who was left behind'
	exit 0
	;;
esac
echo 1..5
judge 'what has to hold, holds' --seeds=1-12
case ${WEIR_UNDER:-} in
musl | i686 | qemu)
	number=$((number + 1))
	echo "ok $number - with faults # SKIP nothing can be preloaded into weir under $WEIR_UNDER"
	;;
*)
	if [ -e "$shim" ]; then
		judge 'with faults' --faults=200 --shim="$shim" --seeds=1-12
	else
		number=$((number + 1))
		echo "ok $number - with faults # SKIP no shim was built"
	fi
	;;
esac
judge 'the reader killed' --kill=reader --kills=10 --seeds=1-20
judge 'weir killed' --kill=weir --kills=10 --seeds=1-20
judge 'the warden killed' --kill=warden --kills=5 --seeds=1-20
