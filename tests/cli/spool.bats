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
	jq -e '.kept.records > 1000 and .undelivered.records == 0 and .in.records == .out.records + .kept.records' first
	numbers 20001 20010 >more
	IN=more run_weir --spool=spool
	is "$ENDED" "exit 0"
	final '.recovered.records > 1000 and .in.records == 10 and .out.records == .recovered.records + 10'
	first=$(head -n 1 out)
	{ numbers "$((10#$first))" "$(jq .in.records first)"; cat more; } >expected
	same out expected
	is "$(jq .kept.records first)" "$(jq .recovered.records report)"
}

@test "SIGKILL: what was read and is not out comes again, whole and in order" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep
	producer_holds fifo
	reader_holds
	numbers 1 5000 >&9
	snapshot_until '.in.records == 5000'
	snap '.out.bytes == 0 and .held.records == 5000'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	IN=nothing run_weir --spool=spool
	is "$ENDED" "exit 0"
	numbers 1 5000 >expected
	same out expected
	final '.recovered.records == 5000 and .out == .recovered and .in.records == 0 and .spool.unclean and (.spool.replayed | not)'
	is "$(segments)" 0
}

@test "more than the buffer: it is read back, in order" {
	numbers 1 50000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep -m 64K
	reader_holds
	snapshot_until '.in.records == 50000'
	snap '.spool.on_disk_only.records > 40000'
	drain got
	finish "exit 0"
	same got in
	final '.spool.read_back_bytes > 4000000 and .recovered.records == 0'
	is "$(segments)" 0
}

@test "a signal: what is not out is kept, and nothing waits for the reader" {
	numbers 1 5000 >in
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep --drain-timeout=20s
	producer_holds fifo
	reader_holds
	cat in >&9
	snapshot_until '.in.records == 5000'
	sig TERM
	producer_ends
	finish "signal 15"
	final '.kept.records == 5000 and .undelivered.bytes == 0'
	reader_goes
	IN=nothing run_weir --spool=spool
	same out in
	final '.spool.unclean | not'
}

@test "drop-oldest: whole segments give way, and are counted" {
	numbers 1 60000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p drop-oldest
	reader_holds
	snapshot_until '.in.records == 60000'
	snap '.dropped.by.oldest.records > 45000 and .spool.bytes <= 1300000'
	drain got
	finish "exit 0"
	final '.out.records == .in.records - .dropped.records and .held.records == 0'
	is "$(tail -n 1 got)" "$(numbers 60000 60000)"
	sort -c got
}

@test "drop-newest, block: a spool that is full" {
	numbers 1 30000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p drop-newest
	reader_holds
	snapshot_until '.in.records == 30000'
	snap '.dropped.by.newest.records > 15000'
	drain got
	finish "exit 0"
	sort -c got
	rm -rf spool full
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K
	reader_holds
	snapshot_until '.paused.count > 0'
	drain got
	finish "exit 0"
	same got in
}

@test "a last line without its end, kept: it gets one when it is recovered" {
	printf 'one\ntwo' >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 2'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	echo three >more
	IN=more run_weir --spool=spool
	is "$(paste -sd ' ' out)" "one two three"
	final '.recovered == {"records":2,"bytes":8}'
}

@test "two weirs on one directory: the second says who has it" {
	producer fifo
	IN=fifo start --spool=spool
	producer_holds fifo
	until_true test -e spool/state
	run "$WEIR" -q --spool=spool <nothing
	is "$status" 1
	is "$output" "weir: --spool=spool: in use by process $(<pid)"
	echo line >&9
	producer_ends
	finish "exit 0"
	is "$(<out)" line
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
