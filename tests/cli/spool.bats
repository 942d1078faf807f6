#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --spool: what is held outlives weir. What was put on disk and is not out comes again, in order; what is out does not.

load common

# numbers FROM TO: as lines of 100 bytes
numbers()
{
	seq "$1" "$2" | awk '{ printf "%099d\n", $1 }'
}

segments()
{
	(cd spool && ls ./*.seg 2>/dev/null | wc -l)
}

@test "what comes goes out, and nothing is left but the state" {
	numbers 1 20000 >in
	IN=in run_weir --spool=spool
	is "$ENDED" "exit 0"
	same out in
	final '.out == .in and .recovered.bytes == 0 and .kept.bytes == 0 and .spool.read_back_bytes == 0'
	is "$(segments)" 0
	is "$(ls spool | paste -sd ' ')" "lock state"
}

@test "a reader that has gone: what is left is kept, and the next weir begins with it" {
	numbers 1 20000 >in
	"$WEIR" -N one --spool=spool --format=json --report=first <in 2>err | head -n 100 >head || :
	numbers 1 100 >expected
	same head expected
	jq -e '.kept.records > 1000 and .undelivered.bytes == 0 and .in.records == .out.records + .kept.records' first
	numbers 20001 20010 >more
	IN=more run_weir --spool=spool
	is "$ENDED" "exit 0"
	final '.recovered.records > 1000 and .in.records == 10 and .out.records == .recovered.records + 10'
	first=$(head -n 1 out)
	numbers "$((10#$first))" 20010 >expected
	same out expected
	is "$(jq .kept.records first)" "$(jq .recovered.records report)"
}

@test "SIGKILL: what was read and is not out comes again, whole and in order" {
	mkfifo in out
	bg "$WEIR" -q --spool=spool <in >out
	weir=$BG
	exec 8>in 9<out
	numbers 1 5000 >&8
	head -n 10 <&9 >head
	until_true spooled 5000
	kill -KILL "$weir"
	wait "$weir" 2>/dev/null || :
	exec 8>&- 9<&-
	IN=nothing run_weir --spool=spool
	is "$ENDED" "exit 0"
	first=$(head -n 1 out.2 2>/dev/null || head -n 1 out)
	final '.recovered.records > 0 and .out == .recovered and .spool.unclean'
}

@test "two weirs on one directory: the second says who has it" {
	mkfifo in
	bg "$WEIR" -q --spool=spool <in >out
	weir=$BG
	exec 8>in
	until_true test -e spool/lock
	run "$WEIR" -q --spool=spool <nothing
	is "$status" 1
	is "$output" "weir: --spool=spool: in use by process $weir"
	exec 8>&-
	wait "$weir"
}

@test "no directory, somebody else's, a symbolic link" {
	: >file
	run "$WEIR" -q --spool=file <nothing
	is "$status" 1
	is "$output" "weir: --spool=file: not a directory"
	mkdir real
	ln -s real link
	run "$WEIR" -q --spool=link <nothing
	is "$status" 1
	is "$output" "weir: --spool=link: not a directory"
	run "$WEIR" -q --spool=no/such <nothing
	is "$status" 1
	is "$output" "weir: --spool=no/such: No such file or directory"
	chmod 777 real
	run "$WEIR" -q --spool=real <nothing
	is "$status" 1
	is "$output" "weir: --spool=real: belongs to another user, or others may write to it"
}

@test "usage" {
	run "$WEIR" --spool-size=1M <nothing
	is "$status" 2
	run "$WEIR" --spool=spool -p drop-random <nothing
	is "$status" 2
	run "$WEIR" --spool=spool --max-records=10 <nothing
	is "$status" 2
	run "$WEIR" --spool=spool --spool-sync=0 <nothing
	is "$status" 2
	[[ ! -e spool ]]
}
