#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of the torture of the spool: of all faults one in a prime number.
set -u
: "${builddir:?is set by make check}" "${WEIR:?}"

case ${WEIR_UNDER:-} in
valgrind | musl | i686 | qemu | without-proc)
	echo "1..0 # SKIP nothing can be preloaded into weir under $WEIR_UNDER"
	exit 0
	;;
esac
[ -e "$builddir/tests/faults/shim.so" ] || { echo '1..0 # SKIP no shim was built'; exit 0; }
exec "$builddir/tests/spool/torture" --stride=601 --shim="$builddir/tests/faults/shim.so" "$WEIR"
