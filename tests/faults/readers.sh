#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of the hostile readers: random ones as they come, then with faults; one that does as it should while each
# call of weir's and of the warden's fails; then SIGKILL to the reader, to weir and to the warden.
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

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
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
echo 1..6
judge 'what has to hold, holds' --seeds=1-8
case ${WEIR_UNDER:-} in
musl | i686 | qemu) without="nothing can be preloaded into weir under $WEIR_UNDER" ;;
*) [ -e "$shim" ] && without= || without='no shim was built' ;;
esac
if [ -z "$without" ]; then
	judge 'with faults' --faults=200 --shim="$shim" --seeds=1-8
	judge 'each call fails in turn' --each=1999 --shim="$shim"
else
	skip 'with faults' "$without"
	skip 'each call fails in turn' "$without"
fi
judge 'the reader killed' --kill=reader --kills=10 --seeds=1-20
judge 'weir killed' --kill=weir --kills=10 --seeds=1-20
judge 'the warden killed' --kill=warden --kills=5 --seeds=1-20
