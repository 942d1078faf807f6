#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2086,SC2154
#
# --settle: nothing leaves before nothing has come for a while.  Where it is to hold, that is an hour.

load common

# quiet [OPTION]...: weir, whose producer has said a line and may say more
quiet()
{
	producer fifo
	IN=fifo start "$@"
	producer_holds fifo
	echo 1 >&9
	snapshot_until '.in.bytes == 2'
}

# held: nothing of it leaves, and a report says why
held()
{
	snapshot_until '.waited_ns.settle > 1000000'
	snap '.out.bytes == 0 and .held.bytes > 0 and .waited_ns.output == 0'
}

@test "it waits until nothing more comes; the end of the input is that" {
	quiet --settle=1h
	held
	echo 2 >&9
	snapshot_until '.in.records == 2'
	held
	producer_ends
	finish 'exit 0'
	is "$(paste -sd ' ' out)" '1 2'
}

@test "a signal, and what has waited leaves at once; so does what comes until the end" {
	quiet --settle=1h
	held
	sig TERM
	until_true more_lines_than out 0
	echo 2 >&9
	until_true more_lines_than out 1
	producer_ends
	finish 'signal 15'
	is "$(paste -sd ' ' out)" '1 2'
	final '.undelivered.records == 0'
}

@test "a burst is one record, with --max-records=1; and its time comes by itself" {
	producer fifo
	IN=fifo start -p drop-oldest --max-records=1 --settle=1h
	producer_holds fifo
	for n in 1 2 3; do
		echo $n >&9
		snapshot_until ".in.records == $n"
	done
	snap '.held.records == 1 and .dropped.by.oldest.records == 2 and .out.records == 0'
	producer_ends
	finish 'exit 0'
	is "$(cat out)" 3
	rm fifo
	quiet -p latest -k 1 --max-records=1 --settle=1ms
	until_true more_lines_than out 0
	producer_ends
	finish 'exit 0'
}

@test "block, and a full buffer: then nothing comes, and so it leaves" {
	seq 100000 >in
	IN=in run_weir -m 4K --settle=1ms
	same in out
	final '.paused.count > 10'
	IN=in run_weir -m 4K --max-records=1 --settle=1us
	same in out
	head -c 100000 /dev/zero >in # one record, in parts
	IN=in run_weir -m 4K --settle=1ms
	same in out
}

@test "with --bytes, and with each policy" {
	local policy
	quiet -b --settle=1h
	held
	producer_ends
	finish 'exit 0'
	is "$(cat out)" 1
	seq 1000 >in
	for policy in block drop-oldest drop-newest drop-random 'latest -k 1' 'fair -k 1' shed:2 codel fail; do
		IN=in run_weir -p $policy --settle=1h
		is "$ENDED" 'exit 0' "$policy"
		same in out
	done
}

# bats test_tags=clock
@test "CoDel does not take it for a slow reader; --max-age counts all the same" {
	quiet -p codel:1us/1us --settle=1h
	held
	echo 2 >&9
	snapshot_until '.in.records == 2'
	snap '.dropped.records == 0'
	producer_ends
	finish 'exit 0'
	is "$(paste -sd ' ' out)" '1 2'
	rm fifo
	quiet -p drop-oldest --max-age=1ms --settle=1h
	snapshot_until '.dropped.by.expired.records == 1'
	producer_ends
	finish 'exit 0'
	like "$(cat err)" '^weir: --max-age of 1.0ms is less than --settle, 1.0h: all is too old before it leaves, but for what comes last'
}

@test "marks and numbers wait, too" {
	producer fifo
	IN=fifo start -p drop-newest --max-records=1 --mark-drops=-{records} --number={n}: --settle=1h
	producer_holds fifo
	printf '1\n2\n3\n' >&9
	snapshot_until '.in.records == 3'
	snap '.dropped.records == 2 and .marks.records == 0 and .added_bytes == 0'
	producer_ends
	finish 'exit 0'
	is "$(paste -sd ' ' out)" '1:1 3:-2'
}

@test "a batch is made once it has settled, all of what waits; what is handed over again has" {
	quiet --settle=1h --batch=1 --linger=0 sh -c 'echo "<$(paste -sd " " -)>"'
	echo 2 >&9
	snapshot_until '.in.records == 2'
	held
	producer_ends
	finish 'exit 0'
	is "$(paste -sd ' ' out)" '<1> <2>'
	printf '%s\n' 1 2 >in
	IN=in run_weir --settle=1h --confirm=line --restart --backoff=1ms sh -c 'read -r a; echo "$a" >>seen; test -e once || { : >once; exit 1; }; echo ok; while read -r a; do echo "$a" >>seen; echo ok; done'
	is "$(paste -sd ' ' seen)" '1 1 2'
	rm fifo
	quiet --settle=1h --credits=<(echo 5)
	held
	producer_ends
	finish 'exit 0'
	is "$(cat out)" 1
}

@test "--spool: what has come waits on disk; what an earlier run has left does not wait for it" {
	quiet --spool=spool --settle=1h
	held
	kill -KILL "$(<pid)"
	finish 'signal 9' || :
	rm fifo
	producer fifo
	IN=fifo start --spool=spool --settle=1h
	producer_holds fifo
	until_true more_lines_than out 0
	producer_ends
	finish 'exit 0'
	is "$(cat out)" 1
}

@test "set: another time, and none; pause is apart" {
	export XDG_RUNTIME_DIR=$PWD
	quiet --control=socket --settle=1h
	held
	"$HELPERS/ask" socket 'set settle=2h' >answers
	"$HELPERS/ask" socket 'set settle=0' >answers || :
	like "$(cat answers)" 'settle=0: .*accepted: a time over 0 up to 366d'
	held
	"$HELPERS/ask" socket pause 'set settle=' >answers || :
	snapshot_until '.waited_ns.halted > 0'
	snap '.out.bytes == 0'
	"$HELPERS/ask" socket resume >answers
	until_true more_lines_than out 0
	echo 2 >&9
	until_true more_lines_than out 1
	"$HELPERS/ask" socket 'set settle=1h' >answers
	echo 3 >&9
	snapshot_until '.in.records == 3'
	snap '.out.records == 2'
	"$HELPERS/ask" socket 'set settle=1us' >answers
	until_true more_lines_than out 2
	producer_ends
	finish 'exit 0'
}

@test "usage: no time, and what is no value" {
	local value
	for value in 0 x '' -1 367d 1e3; do
		run "$WEIR" "--settle=$value" <nothing
		is "$status" 2 "$value"
		like "$output" "^weir: --settle=$value: .*accepted: a time over 0 up to 366d" "$value"
	done
}
