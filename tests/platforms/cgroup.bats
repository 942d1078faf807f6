#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# weir in a control group that may have 64 MiB of memory. weir takes memory as it fills its buffer, so a group that is too
# small shows only then, and by SIGKILL: even that leaves no torn record.

load ../cli/common

# The hierarchy of the memory controller, version 2 or 1, and the names of its files.
if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
	groups=/sys/fs/cgroup limit=memory.max
else
	groups=/sys/fs/cgroup/memory limit=memory.limit_in_bytes
fi
name=weir${BATS_FILE_TMPDIR//[^[:alnum:]]/}

# confined: what start and run_weir run is in a group of its own.
confined()
{
	group=$groups/$name.$BATS_TEST_NUMBER
	[[ ! -e $groups/cgroup.subtree_control ]] || echo +memory >"$groups/cgroup.subtree_control"
	mkdir "$group" && echo 64M >"$group/$limit" || fail "no control group for memory can be made here; be root" || return
	[[ ! -e $group/memory.swap.max ]] || echo 0 >"$group/memory.swap.max"
	printf '#!/bin/sh\necho $$ >"%s/cgroup.procs" && exec "%s" "$@"\n' "$group" "$WEIR" >confined
	chmod +x confined
	WEIR=./confined
}

teardown_file()
{
	rmdir "$groups/$name."*
}

@test "a buffer of 1 GiB in a group of 64 MiB: what is not used costs nothing" {
	confined
	"$HELPERS/lines" -n 320000 -l 100 >in
	stalled_reader fifo
	IN=in OUT=fifo start -m 1G
	reader_holds
	snapshot_until ".in.records == 320000 and .held.bytes > 30000000"
	drain out
	finish "exit 0"
	same in out
}

@test "a buffer of 32 MiB in a group of 64 MiB: ten times as much with the reader stalled, and every record accounted for" {
	local policy
	confined
	for policy in drop-oldest drop-newest; do
		rm -f fifo in.fifo
		stalled_reader fifo
		producer in.fifo
		IN=in.fifo OUT=fifo start -p "$policy" -m 32M
		producer_holds in.fifo
		reader_holds
		timeout "$PATIENCE" "$HELPERS/lines" -n 3200000 -l 100 >&9
		producer_ends
		snapshot_until ".in.records == 3200000"
		snap ".held.bytes > 33000000 and .held.bytes <= 33554432 and .dropped.records == 3200000 - .held.records"
		drain out
		finish "exit 0"
		is "$(lines_of out)" "$(jq .out.records <<<"$FINAL")" "$policy: lines"
	done
}

@test "a buffer of 1 GiB is killed when it outgrows the group, and no record is torn" {
	confined
	"$HELPERS/lines" -n 2000000 -l 100 >in
	empty_reader fifo
	IN=in OUT=fifo start -p drop-oldest -m 1G
	reader_holds
	finish "signal 9"
	timeout "$PATIENCE" cat <&8 >out
	(($(stat -c %s out) > 4096)) || fail "nothing came out"
	is "$(($(stat -c %s out) % 100))" 0 "the rest of a record"
	cmp -n "$(stat -c %s out)" in out
}
