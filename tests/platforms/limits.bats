#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Where a process may have little: address space, memory, descriptors. What weir cannot have it says before it reads, in one
# line; what it can do without it does without, and nothing is lost.

load ../cli/common

# limited LETTER AMOUNT: what start and run_weir run, and what $WEIR is, has that limit (ulimit).
limited()
{
	[[ $WEIR_UNDER != @(asan|valgrind|qemu|coverage|without-proc) ]] || skip "the limits are met by $WEIR_UNDER first"
	printf '#!/bin/sh\nexec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-\nulimit -%s %s && exec "%s" "$@"\n' "$1" "$2" "$WEIR" >limited
	chmod +x limited
	WEIR=./limited
}

# refused WHAT OPTION...: one line that begins so, status 1, nothing written, and nothing read: the next reader has it all.
refused()
{
	local what=$1
	shift
	seq 1000 >in
	rm -f status
	{
		{ "$WEIR" "$@" 2>err || echo $? >status; } | cat >out
		cat >rest
	} <in
	is "$(cat status)" 1 "status"
	like "$(<err)" "^weir: $what: [A-Z][A-Za-z ]*\$"
	is "$(stat -c %s out)" 0 "what came out"
	same in rest
}

@test "a buffer larger than the address space may be (ulimit -v): one line, status 1, nothing read" {
	limited v 204800
	refused --buffer=1073741824 -m 1G
}

@test "a buffer larger than the data may be (ulimit -d): one line, status 1, nothing read" {
	limited d 204800
	refused --buffer=1073741824 -m 1G
}

@test "a buffer within ulimit -v can be filled to the last byte" {
	limited v 204800
	"$HELPERS/lines" -n 700000 -l 100 >in
	stalled_reader fifo
	IN=in OUT=fifo start -m 64M
	reader_holds
	snapshot_until ".paused.count == 1 and .held.bytes >= 67108864"
	drain out
	finish "exit 0"
	same in out
}

@test "the default buffer needs no more than 16 MiB of address space, whatever the policy" {
	local policy
	limited v 16384
	seq 100000 >in
	for policy in block drop-oldest drop-newest sample:3 rate:1GB/s; do
		IN=in run_weir -p "$policy"
		is "$ENDED" "exit 0" "weir -p $policy: $(cat err)"
		final '.in.records == 100000'
	done
}

@test "one descriptor to be had (ulimit -n 4): the ways that need more are done without" {
	local policy
	limited n 4
	"$HELPERS/lines" -n 100000 -l 100 >in
	for policy in block drop-oldest drop-newest rate:10MB/s; do
		# shellcheck disable=SC2002 # a pipe on both sides
		cat in | "$WEIR" -p "$policy" -m 16M 2>err | cat >out
		same in out
		like "$(<err)" '^weir: in 100000 records .*, out 100000,' "weir -p $policy"
	done
	# shellcheck disable=SC2002
	cat in | "$WEIR" -b 2>err | cat >out
	same in out
}

@test "none left for the report (ulimit -n 4): one line, status 1, nothing read" {
	[[ $WEIR_UNDER != portable ]] || skip "it needs one less"
	limited n 4
	refused --report=report --report=report
}
