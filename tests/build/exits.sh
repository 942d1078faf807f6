#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# weir under valgrind where it ends before it has begun: what such an end looks at or frees was set before.
set -u
: "${WEIR:?is set by make check}" "${builddir:?}" "${top_srcdir:?}"

# What valgrind ends with if it has found something; weir has no such status.
found=99
shim=$builddir/tests/faults/shim.so
# As shim.h has it: the k-th call for memory fails with ENOMEM; what is counted, and where the name of the
# call that failed stands.
memory=4
enomem=12
counts_bytes=128
name_at=57

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 99

# The shim's malloc is not valgrind's to replace.
check() {
	valgrind --quiet --error-exitcode=$found --leak-check=full --log-file=log \
		--suppressions="$top_srcdir/tests/build/memcheck.supp" \
		--soname-synonyms=somalloc=nouserintercepts -- "$@"
}

if [ -n "${WEIR_UNDER-}" ]; then
	echo "1..0 # SKIP one tool at a time: this runs under $WEIR_UNDER"
	exit 0
fi
if ! check true; then
	echo '1..0 # SKIP there is no valgrind, or it does not work'
	exit 0
fi

number=0
# judge STATUS EXPECTED DESCRIPTION: a line of TAP.
judge() {
	number=$((number + 1))
	if [ "$1" -eq "$2" ]; then
		echo "ok $number - $3"
		return
	fi
	echo "not ok $number - $3"
	echo "# status $1, where it should be $2"
	sed 's/^/# /' log err
}

# ends STATUS WORD...: a weir that has nothing to read.
ends() {
	expected=$1
	shift
	check "$WEIR" "$@" </dev/null >out 2>err
	judge $? "$expected" "weir $*"
}

ends 0 --help
ends 0 --version
ends 0 -q
ends 2 --no-such-option
ends 2 -x
ends 2 -m
ends 2 ''
ends 2 -q -
ends 2 --batch=5,6
ends 2 --batch=5
ends 2 -m 1
ends 2 -qqqqqqqqqqqqqqqqqqqqqqqq -m 1x
ends 2 -k 1 -k 0
ends 2 -p latest
ends 2 -p none
ends 2 -p shed:0
ends 0 -v
ends 1 --report=missing/report
ends 1 --report=.
ends 1 --dropped=missing/dropped
ends 1 --metrics=missing/metrics
ends 1 --report=report --dropped=report -p drop-oldest

# Closed is what valgrind does not leave them.
: >file
check "$WEIR" -q 0>file >out 2>err
judge $? 1 'standard input is open for writing'
check "$WEIR" -q </dev/null 1<file 2>err
judge $? 1 'standard output is open for reading'
check "$WEIR" --help </dev/null 1<file 2>err
judge $? 1 'standard output is open for reading, --help'
if [ -w /dev/full ]; then
	check "$WEIR" --version </dev/null >/dev/full 2>err
	judge $? 1 'a standard output that takes nothing'
fi
echo >same
check "$WEIR" -q <same >>same 2>err
judge $? 1 'input and output are one file'
# More than a process may have; valgrind itself needs some.
(ulimit -v 4000000 && check "$WEIR" -q -m 1T) </dev/null >out 2>err
judge $? 1 'a buffer for which there is no memory'

if "$WEIR" -q --drop-over=1/s --keep=x </dev/null 2>err; then
	patterns='--keep=a --key=1'
	ends 2 --drop-over=1/s --keep='('
	ends 2 --key='/('
	ends 2 --keep=a --key=/b/ --key='/(/'
	ends 2 --confirm=line:a --confirm=line:b
	ends 2 --confirm=line:a --confirm='line:('
else
	patterns='--key=1'
fi

# with_failing K WORD...: the K-th call for memory fails; which it was, in $failed, empty if there was none.
with_failing() {
	which=$1
	shift
	truncate -s $counts_bytes counts
	WEIR_SHIM="$memory $which $enomem 9" WEIR_SHIM_PROGRAM=${WEIR##*/} LD_PRELOAD=$shim \
		check "$WEIR" "$@" </dev/null >out 2>err 9<>counts
	status=$?
	failed=$(tail -c +$name_at counts | tr -d '\0')
	rm counts
}

if [ -e "$shim" ]; then
	k=1
	# shellcheck disable=SC2086 # words
	while with_failing $k -q -p drop-random $patterns --top-keys=1 --drop-over=9/s --rate-by=key --seed=1 \
		--mark-drops --dropped=dropped --metrics=metrics --report=report -i 1h; [ -n "$failed" ]; do
		# What it can do without, it does without; what else it ends with is no matter here.
		case $status in
		1 | 2) expected=$status ;;
		*) expected=0 ;;
		esac
		judge "$status" "$expected" "call $k for memory fails, $failed"
		k=$((k + 1))
	done
	judge "$((k > 10))" 1 'calls for memory were there to fail'
fi
echo "1..$number"
