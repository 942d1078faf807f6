#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# A weir that has nothing to do does nothing: it is in one wait without a time limit, and makes no system call.

load common

# How the trace ends while weir is in a wait that has no end: with that call, which has no result yet.
waits_for_ever()
{
	local last
	last=$(tail -n 1 trace 2>/dev/null)
	[[ $last =~ (ppoll\(.*\],\ [0-9]+,\ NULL,|pselect6\(.*\],\ NULL,\ NULL,) && $last != *" = "* ]]
}

# is_idle: waits for weir to settle; then, for one second, the trace must not grow by a byte. That weir lives, and that the
# trace would have shown it, is seen by asking for a report.
is_idle()
{
	local tracer settled
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "the system calls are $WEIR_UNDER's"
	bg strace -f -o trace -p "$(<pid)" 2>strace.err
	tracer=$BG
	until_true waits_for_ever || fail "$(tail -n 5 strace.err trace)" || return
	settled=$(stat -c %s trace)
	sleep 1
	is "$(tail -c "+$((settled + 1))" trace)" "" "calls of an idle weir, after $(tail -n 1 <(head -c "$settled" trace))" ||
		return
	snapshot || return
	until_true grep -q SIGUSR1 trace || return
	kill -INT "$tracer"
	ended_job "$tracer" || :
}

# between FIFOs OPTION...: weir with an input that is open, and a reader that is there.
between()
{
	producer in.fifo
	empty_reader out.fifo
	IN=in.fifo OUT=out.fifo start "$@"
	producer_holds in.fifo
	reader_holds
}

# stalled OPTION...: the same, but the reader takes nothing.
stalled()
{
	producer in.fifo
	stalled_reader out.fifo
	IN=in.fifo OUT=out.fifo start "$@"
	producer_holds in.fifo
	reader_holds
}

# start_anew: what the last weir had is gone, for another one.
start_anew()
{
	sig KILL
	finish "signal 9"
	producer_ends
	reader_goes
	rm in.fifo out.fifo trace
}

# Writes more than any buffer here holds. (Not by bg, which closes 9.)
pour()
{
	timeout 300 "$HELPERS/lines" -n 1000000 >&9 3>&- 6>&- 7>&- 8>&- 2>/dev/null &
}

@test "block: nothing has come yet" {
	between
	is_idle
}

@test "block: all that came is out" {
	between
	seq 1000 >&9
	snapshot_until '.out.records == 1000'
	is_idle
}

@test "--control: somebody has come in, and says nothing; another one has gone" {
	XDG_RUNTIME_DIR=$PWD between --control
	until_true test -S "weir/weir.$(<pid)"
	"$HELPERS/ask" weir/* report 'set rate=10/s' 'set rate=' >answers
	mkfifo hold
	exec 5<>hold
	bg "$HELPERS/ask" -c 3 weir/* <hold >crowd
	until_true test -s crowd
	seq 1000 >&9
	snapshot_until '.out.records == 1000'
	is_idle
	echo >&5
}

@test "--bytes: all that came is out" {
	between -b
	seq 1000 >&9
	snapshot_until '.out.bytes == 3893'
	is_idle
}

@test "drop-oldest: all that came is out, but for a record without its end" {
	between -p drop-oldest
	{ seq 1000; printf 'more'; } >&9
	snapshot_until '.out.records == 1000 and .held.bytes == 4'
	is_idle
}

@test "rate: its work is done" {
	between -L 1000/s
	seq 100 >&9
	snapshot_until '.out.records == 100'
	snap '.waited_ns.rate > 0'
	is_idle
}

@test "rate: the buffer is empty, and the sample leaves out what comes" {
	between -L 1/h -s 1000
	seq 1000 >&9
	snapshot_until '.out.records == 1 and .dropped.records == 999'
	is_idle
}

@test "block: the output is blocked and the buffer full" {
	stalled -m 64K
	pour
	snapshot_until '.paused.count == 1 and .held.bytes >= 65536'
	is_idle
	snap '.paused.count == 1'
}

@test "--bytes: the output is blocked and the buffer full" {
	stalled -b -m 64K
	pour
	snapshot_until '.paused.count == 1 and .held.bytes >= 65536'
	is_idle
}

@test "rate: the output is blocked and the buffer full" {
	stalled -L 10000k/s -m 64K
	pour
	snapshot_until '.paused.count == 1 and .held.bytes >= 65536'
	is_idle
}

@test "drop-oldest: the output is blocked and the input idle" {
	stalled -p drop-oldest -m 4K
	seq 100000 >&9
	snapshot_until '.in.records == 100000'
	snap '.dropped.records > 0 and .held.records > 0'
	is_idle
}

@test "drop-random, latest, shed, codel, fail: all that came is out" {
	for options in "drop-random" "latest -k 1" "shed:2 --high=1%" "codel:1ms/1ms" "fail"; do
		# shellcheck disable=SC2086
		between -p $options
		seq 1000 >&9
		snapshot_until '.out.records + .dropped.records == 1000 and .held.records == 0'
		echo "under $options"
		is_idle
		start_anew
	done
}

@test "drop-random, latest, shed, codel: the output is blocked and the input idle" {
	for options in "drop-random" "latest -k 1" "shed:2" "codel:1ms/1ms"; do
		# shellcheck disable=SC2086
		stalled -m 4K -p $options
		seq 100000 >&9
		snapshot_until '.in.records == 100000'
		snap '.dropped.records > 0 and .held.records > 0'
		echo "under $options"
		is_idle
		start_anew
	done
}

@test "--max-age: all that came is out" {
	between --max-age=1ms
	seq 1000 >&9
	snapshot_until '.out.records + .dropped.records == 1000'
	is_idle
}

@test "--max-age: the output is blocked, and all that was held has expired" {
	stalled --max-age=100ms -p drop-oldest
	seq 1000 >&9
	snapshot_until '.dropped.by.expired.records == 1000'
	is_idle
}

@test "--drop-over and --rate by key: their work is done" {
	between --drop-over=10/s --rate=1000/s --rate-by=key -k 1
	{ seq 100 && seq 100; } >&9
	snapshot_until '.out.records == 200'
	is_idle
}

@test "the reader has gone for good, and no more comes" {
	local options
	mkfifo answers
	for options in "" "-p drop-oldest --confirm=read" "--confirm=read --timeout=1ms --stall=1ms" \
		"--confirm=line --answers=answers"; do
		# shellcheck disable=SC2086
		between --reader-gone=discard $options
		reader_goes
		is_idle || fail "$options" || return
		seq 10 >&9
		snapshot_until '.dropped.by.gone.records == 10'
		start_anew
	done
}

@test "the reader has gone for good, and had not confirmed all that it was given" {
	local options
	mkfifo answers
	for options in "--confirm=read" "--confirm=read --timeout=1h --stall=1h" "--confirm=line --answers=answers --timeout=1h"; do
		# shellcheck disable=SC2086
		between --reader-gone=discard $options
		seq 10 >&9
		snapshot_until '.sent.records == 10 and .out.records == 0'
		reader_goes
		seq 10 >&9
		snapshot_until '.dropped.by.gone.records == 10 and .in_flight.records == 10'
		is_idle || fail "$options" || return
		start_anew
	done
}

@test "COMMAND has gone for good, and had not read all that it was given" {
	mkfifo go
	producer in.fifo
	# shellcheck disable=SC2016
	IN=in.fifo start --reader-gone=discard sh -c 'echo $$ >command.ours; read -r x <go'
	producer_holds in.fifo
	seq 10 >&9
	snapshot_until '.sent.records == 10'
	release go
	snapshot_until '.reader.running == 0'
	seq 10 >&9
	snapshot_until '.dropped.by.gone.records == 10 and .in_flight.records == 10'
	is_idle
}

@test "COMMAND has closed its input, or is to be started much later, and has something in flight" {
	mkfifo go
	producer in.fifo
	# shellcheck disable=SC2016
	IN=in.fifo start sh -c 'echo $$ >command.ours; read -r x; exec <&-; : >deaf; read -r x <go'
	producer_holds in.fifo
	seq 10 >&9
	until_true test -e deaf
	snapshot_until '.reader.state == "finishing"'
	is_idle
	release go
	producer_ends
	until_true test -e status
	rm in.fifo trace
	producer in.fifo
	IN=in.fifo start --restart --backoff=1h..1h sh -c 'echo $$ >command.ours; read -r x; exit 1'
	producer_holds in.fifo
	seq 10 >&9
	snapshot_until '.reader.state == "retrying"'
	# (That is a wait with an end.)
	bg strace -o trace -p "$(<pid)" 2>strace.err
	until_true test -s trace
	sleep 0.5
	is "$(grep -c ppoll trace)" 1 "waits"
	kill -INT "$BG"
	ended_job "$BG" || :
}

@test "COMMAND is to end, and does not heed it" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "the system calls are $WEIR_UNDER's"
	local options tracer
	for options in --confirm=read "--confirm=line --timeout=1h"; do
		producer in.fifo
		# shellcheck disable=SC2016,SC2086
		IN=in.fifo start --drain-timeout=0 $options sh -c 'trap "" TERM; echo $$ >command.ours
			read -r x; echo ok; exec sleep 1000'
		producer_holds in.fifo
		seq 10 >&9
		snapshot_until '.out.records >= 1 and .in_flight.records > 0'
		bg strace -f -o trace -p "$(<pid)" 2>strace.err
		tracer=$BG
		until_true test -s strace.err
		sig TERM
		# Two seconds later it is killed.
		finish "signal 15"
		ended_job "$tracer" || :
		# From then on: however long it took to get there, the pipe was looked at meanwhile.
		sed '/SIGTERM/,$!d' trace >ending
		grep -q SIGTERM ending || fail "$options: no signal in the trace" || return
		(($(grep -c ppoll ending) < 40)) || fail "$options: $(grep -c ppoll ending) waits" || return
		producer_ends
		rm in.fifo trace
	done
}

@test "COMMAND waits for more" {
	local options
	for options in "--confirm=read" "--confirm=line" "--restart --confirm=upto --number" "--batch=5" "--batch=5 --jobs=3 --linger=0"; do
		producer in.fifo
		# shellcheck disable=SC2016,SC2086
		IN=in.fifo start $options sh -c 'echo $$ >command.ours; exec sed -u "s/[^0-9].*//"'
		producer_holds in.fifo
		seq 10 >&9
		snapshot_until '.out.records == 10'
		is_idle || fail "$options" || return
		sig KILL
		finish "signal 9"
		producer_ends
		rm in.fifo trace
	done
}

@test "batches that run fill the buffer, and more waits" {
	local policy
	for policy in block drop-oldest; do
		producer in.fifo
		# shellcheck disable=SC2016
		IN=in.fifo start -m 64K -p "$policy" --batch=100k --jobs=100 --linger=10ms sh -c 'echo $$ >>command.ours; cat >/dev/null; exec sleep 1000'
		producer_holds in.fifo
		# Each is longer than the part of a job, and a batch by itself.
		printf '%07229d\n' 1 2 3 4 5 6 7 8 9 >&9
		snapshot_until '.in_flight.bytes == 65070'
		seq 100000 100200 >&9
		nap
		is_idle || fail "$policy" || return
		kill $(<command.ours)
		sig KILL
		finish "signal 9"
		producer_ends
		rm in.fifo trace command.ours
	done
}
