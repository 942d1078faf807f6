#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of the storm: random command lines, streams, producers and readers, first as they come, then
# with faults, then with faults over the weir that uses every fallback.
set -u
: "${builddir:?is set by make check}" "${WEIR:?}" "${PORTABLE:?}"

storm=$builddir/tests/faults/storm
shim=$builddir/tests/faults/shim.so
seeds=60

# judge DESCRIPTION ARGUMENT...: a line of TAP for one run of the storm, and what it has to say where it fails.
number=0
judge() {
	number=$((number + 1))
	description=$1
	shift
	if said=$("$storm" "$@"); then
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

if [ "${WEIR_UNDER:-}" = valgrind ]; then
	echo '1..0 # SKIP valgrind takes longer to start than a drain timeout lasts'
	exit 0
fi
echo 1..3
judge 'what has to hold, holds' --seeds="1-$seeds" "$WEIR"
case ${WEIR_UNDER:-} in
musl | i686 | qemu | without-proc)
	skip 'with faults' "nothing can be preloaded into weir under $WEIR_UNDER"
	skip 'with faults and fallbacks' "nothing can be preloaded into weir under $WEIR_UNDER"
	;;
*)
	# (There is none beside ThreadSanitizer, see Makefile.am.)
	[ -e "$shim" ] || { skip 'with faults' 'no shim was built'; skip 'with faults and fallbacks' 'no shim was built'; exit; }
	judge 'with faults' --faults=200 --shim="$shim" --seeds="1-$seeds" "$WEIR"
	judge 'with faults and fallbacks' --faults=200 --shim="$shim" --seeds=1-20 "$PORTABLE"
	;;
esac
