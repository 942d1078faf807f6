#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of the torture: of all faults one in a prime number, so that it takes some of everything.
set -u
: "${builddir:?is set by make check}" "${WEIR:?}"

case ${WEIR_UNDER:-} in
valgrind | musl | i686 | qemu | without-proc)
	echo "1..0 # SKIP nothing can be preloaded into weir under $WEIR_UNDER"
	exit 0
	;;
esac
exec "$builddir/tests/faults/torture" --stride=67 --shim="$builddir/tests/faults/shim.so" "$WEIR"
