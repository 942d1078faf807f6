#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# How a run ends: what is delivered, what the status is, what the report says. The law of the ledger holds in each report;
# `finish` sees to that.

load common

reason()
{
	is "$(figures exit.status exit.reason)" "$1" "exit in the report"
}

# complains TEXT: weir has said so, in a line of its own, beside its report
complains()
{
	grep -qxF "weir: $1" err || fail "expected on standard error: weir: $1" "seen: $(cat err)"
}

# --- End of input -----------------------------------------------------------------------------------------------------------

@test "end of input: all that is held is delivered" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -p drop-newest
	reader_holds
	snapshot_until '.held.records == 1000'
	drain got
	finish "exit 0"
	same got in
	reason "0 end of input"
	is "$(cat err)" ""
}

@test "end of input while the reader stands still is no reason to give up" {
	stalled_reader full
	seq 10 >in
	IN=in OUT=full start -p drop-newest --drain-timeout=0
	reader_holds
	snapshot_until '.held.records == 10'
	snapshot
	snapshot
	drain got
	finish "exit 0"
	same got in
}

# --- The reader goes away ---------------------------------------------------------------------------------------------------

# What can be seen to have lost its reader while nothing is written to it. (select() cannot tell that of a socket or a terminal.)
noticed="pipe fifo socket pty"
[[ $WEIR_UNDER != portable ]] || noticed="pipe fifo"

@test "the reader goes away while the input is idle: weir ends by itself, with status 0" {
	seq 3 >in
	for kind in $noticed; do
		for options in "" "-p drop-oldest" "-L 1000/s" "-b" "-s 1" "--max-records=5"; do
			rm -f report
			status=0
			# The input stays open and idle; the reader has got all that there was.
			# shellcheck disable=SC2086
			timeout "$PATIENCE" "$HELPERS/over" -k -x 6 -o "$kind" -I in -O out \
				"$WEIR" --format=json --report=report $options || status=$?
			is "$status" 0 "status when the reader of a $kind goes, weir $options"
			law report
			is "$(figures exit.reason out.bytes undelivered.bytes)" "reader gone 6 0" "weir $options over $kind"
			same in out
		done
	done
}

@test "the reader goes away before anything came" {
	for kind in $noticed; do
		status=0
		timeout "$PATIENCE" "$HELPERS/over" -k -x 0 -o "$kind" "$WEIR" --format=json --report=report || status=$?
		is "$status" 0 "status over $kind"
		is "$(figures exit.status exit.reason in.bytes)" "0 reader gone 0"
	done
}

@test "the reader goes away, and something is held: SIGPIPE" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p drop-newest
	producer_holds fifo
	reader_holds
	seq 5 >&9
	snapshot_until '.held.records == 5'
	reader_goes
	finish "signal 13"
	final '.undelivered == {records: 5, bytes: 10} and .exit.reason == "reader gone"'
	is "$(cat err)" ""
}

@test "the reader goes away, and something waits in the input: SIGPIPE" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --max-records=1 --pipe-size=keep
	producer_holds fifo
	reader_holds
	echo 1 >&9
	snapshot_until '.held.records == 1 and .paused.count == 1'
	echo 2 >&9
	reader_goes
	finish "signal 13"
	final '.undelivered.records >= 1 and .exit.reason == "reader gone"'
}

@test "the reader goes away, nothing is held, but input is there that nobody read: SIGPIPE" {
	# A file always has more to read, until its end.
	seq 200000 >in
	status=0
	timeout "$PATIENCE" "$HELPERS/over" -i file -I in -x 10 "$WEIR" --format=json --report=report || status=$?
	is "$status" 141
	is "$(figures exit.reason)" "reader gone"
}

@test "the reader goes away while the rate holds a record back: SIGPIPE at once" {
	seq 3 >in
	empty_reader fifo
	IN=in OUT=fifo start -L 1/h
	reader_holds
	snapshot_until '.out.records == 1'
	reader_goes
	finish "signal 13"
	is "$(figures exit.reason undelivered.records)" "reader gone 2"
}

@test "head -1 as with cat: status 0 under pipefail" {
	set -o pipefail
	for options in "" "-p drop-oldest" "-b"; do
		# The one line is read and gone before the producer ends; what weir writes last has been taken by then.
		# shellcheck disable=SC2086
		is "$( (echo a && until_true test -e "taken $options") | "$WEIR" -q $options | { head -n 1 && : >"taken $options"; })" a
	done
}

@test "SIGPIPE ignored when weir started: status 1 and a message" {
	for options in "" "-p drop-oldest" "-L 100MB/s"; do
		rm -f full fifo
		stalled_reader full
		producer fifo
		# shellcheck disable=SC2086
		IGNORE=PIPE IN=fifo OUT=full start $options --pipe-size=keep
		producer_holds fifo
		reader_holds
		seq 5 >&9
		snapshot_until '.held.records == 5'
		reader_goes
		finish "exit 1"
		final '.undelivered.records == 5 and .exit.status == 1'
		like "$(cat err)" '^weir: standard output: [A-Za-z ]+$'
		producer_ends
	done
}

@test "SIGPIPE ignored, nothing left to deliver: status 0 all the same" {
	empty_reader fifo
	producer in_fifo
	IGNORE=PIPE IN=in_fifo OUT=fifo start
	producer_holds in_fifo
	reader_holds
	echo 1 >&9
	snapshot_until '.out.records == 1'
	reader_goes
	finish "exit 0"
	reason "0 reader gone"
	is "$(cat err)" ""
}

@test "the reader goes away in the middle of much data" {
	# more than pipes hold, and a buffer that holds it all where records could be dropped
	"$HELPERS/lines" -n 50000 >in
	for kind in pipe fifo socket pty; do
		for options in "" "-p drop-oldest -m 16M" "-L 1000MB/s" "-b"; do
			status=0
			# shellcheck disable=SC2086
			timeout "$PATIENCE" "$HELPERS/over" -i file -x 100000 -o "$kind" -I in -O out \
				"$WEIR" --format=json --report=report $options || status=$?
			is "$status" 141 "status over $kind, weir $options"
			law report
			is "$(figures exit.reason)" "reader gone"
			same out <(head -c 100000 in)
		done
	done
}

@test "unread_bytes: what is in the pipe that the reader has not taken" {
	empty_reader fifo
	printf '1\n2\n3\n' >in
	IN=in OUT=fifo start
	reader_holds
	finish "exit 0"
	final '.unread_bytes == 6'
	exec 8<&-
	rm fifo
	# a reader that has gone
	empty_reader fifo
	producer in_fifo
	IN=in_fifo OUT=fifo start
	producer_holds in_fifo
	reader_holds
	printf '1\n2\n' >&9
	snapshot_until '.out.records == 2'
	snap '.unread_bytes == 4'
	is "$(timeout "$PATIENCE" head -c 2 <&8)" 1
	reader_goes
	finish "exit 0"
	final '.unread_bytes == 2'
	# no pipe
	IN=in run_weir
	final '.unread_bytes == null'
}

# --- Signals ----------------------------------------------------------------------------------------------------------------

@test "INT, TERM, HUP: weir ends by that signal, having delivered what is held" {
	for signal in "INT 2" "TERM 15" "HUP 1"; do
		rm -f full fifo
		stalled_reader full
		producer fifo
		IN=fifo OUT=full start -p drop-newest --drain-timeout=1h
		producer_holds fifo
		reader_holds
		seq 1000 >&9
		snapshot_until '.held.records == 1000'
		sig "${signal% *}"
		snapshot
		producer_ends
		drain got
		finish "signal ${signal#* }"
		same got <(seq 1000)
		final ".undelivered.records == 0 and .exit.reason == \"signal ${signal% *}\" and .exit.status == 128 + ${signal#* }"
	done
}

@test "a stop signal, and then the producer's end: weir ends, whatever the timeout" {
	for options in "" "-p drop-oldest" "-L 10/s" "-b"; do
		rm -f fifo
		producer fifo
		# shellcheck disable=SC2086
		IN=fifo start --drain-timeout=1h $options
		producer_holds fifo
		feed 'a\nb\n'
		snapshot_until '.out.bytes == 4'
		heeded TERM
		producer_ends
		finish "signal 15"
		reason "143 signal TERM"
		same out <(printf 'a\nb\n')
	done
}

@test "after a signal the last words of the producer arrive, past the gates and the policy" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p drop-newest --max-records=3 -s 1/2 --drain-timeout=1h
	producer_holds fifo
	reader_holds
	seq 2 >&9
	snapshot_until '.held.records == 1'
	heeded TERM
	seq 3 10 >&9
	snapshot_until '.in.records == 10'
	snap '.held.records == 3 and .dropped.by.sample.records == 5 and .dropped.by.newest.records == 2'
	producer_ends
	drain got
	finish "signal 15"
	same got <(printf '1\n3\n5\n')
	final '.exit == {status: 143, reason: "signal TERM"} and .unread_input_bytes == 0'
}

@test "after a signal a producer that goes on costs the drain timeout, once, and its last record is whole" {
	local options before
	for options in "" "-b" "-p drop-oldest" "-L 1000000/s"; do
		# shellcheck disable=SC2086
		rm -f fifo
		mkfifo fifo
		bg sh -c 'trap "" PIPE; yes 0123456789 2>/dev/null >fifo'
		# shellcheck disable=SC2086
		IN=fifo OUT=/dev/null start --drain-timeout=300ms $options
		snapshot_until '.out.records > 0 or .out.bytes > 0'
		before=$(figures elapsed_ns)
		sig TERM
		finish "signal 15"
		final ".elapsed_ns - $before >= 270000000 and .unread_input_bytes != null"
		ended_job "$BG" || :
	done
}

@test "a file, a device or a terminal has no last words: nothing more is read after a signal" {
	stalled_reader full
	"$HELPERS/lines" -n 100000 -l 100 >in
	IN=in OUT=full start -m 64K --drain-timeout=1h
	reader_holds
	snapshot_until '.paused.count == 1'
	heeded TERM
	drain got
	finish "signal 15"
	final '.in.records < 2000 and .out.records == .in.records and .unread_input_bytes == null'
	IN=/dev/zero OUT=/dev/null start --drain-timeout=1h -b
	snapshot_until '.out.bytes > 0'
	sig TERM
	finish "signal 15"
}

@test "unread_input_bytes: what weir leaves in the input's pipe; the producer is told at once" {
	producer fifo
	IN=fifo OUT=/dev/null start -L 1/h -m 4K --pipe-size=keep --drain-timeout=0
	producer_holds fifo
	"$HELPERS/lines" -n 400 -l 100 >&9
	snapshot_until '.paused.count == 1 and .in.bytes + .unread_input_bytes == 40000'
	sig TERM
	finish "signal 15"
	final '.in.bytes + .unread_input_bytes == 40000 and .unread_input_bytes > 30000'
}

# told: whether nobody reads what the producer writes.
told()
{
	local status=0
	timeout "$PATIENCE" sh -c 'trap "" PIPE; echo more' >&9 2>nothing || status=$?
	[[ $status -ne 0 && $status -ne 124 ]]
}

@test "who writes into weir learns that it is over before the last report is out, or the last record saved" {
	local how
	mkfifo err.fifo saved
	for how in "-p drop-newest" "-p drop-newest --dropped=saved --drain-timeout=1h" "-p fail --max-record=10"; do
		rm -f fifo full
		# a standard error, or a file of what is dropped, that takes nothing more
		exec 6<>err.fifo 5<>saved
		"$HELPERS/fill" err.fifo >nothing
		empty_reader full
		producer fifo
		# shellcheck disable=SC2086
		ERR=err.fifo IN=fifo OUT=full start -m 4K $how
		producer_holds fifo
		reader_holds
		if [[ $how == *fail* ]]; then
			seq 100 >&9
			snapshot_until '.in.records == 100'
			printf 'longer than ten bytes\n' >&9
		else
			"$HELPERS/lines" -n 200000 -l 100 >&9
			reader_goes
		fi
		until_true told
		if [[ $how == *1h* ]]; then
			is "$(cat status 2>nothing || echo still there)" "still there"
			bg timeout "$PATIENCE" cat saved >nothing
		fi
		[[ $how != *fail* ]] || reader_goes
		exec 5<&- 6<&-
		finish
	done
}

@test "the same signal again ends at once; the rest is undelivered" {
	for signals in "TERM 15" "INT 2" "HUP 1"; do
		read -r first number <<<"$signals"
		rm -f full
		stalled_reader full
		seq 1000 >in
		IN=in OUT=full start -p drop-newest --drain-timeout=1h
		reader_holds
		snapshot_until '.held.records == 1000'
		sig "$first"
		snapshot
		# it has lived through a pass with the first, and half a second: sooner it would be the same one
		snapshot
		sleep 0.6
		sig "$first"
		finish "signal $number"
		final ".undelivered.records == 1000 and .exit.reason == \"signal $first\""
		exec 8<&-
	done
}

@test "the same signal within half a second is the same one" {
	local first tries
	for ((tries = 0; tries < 20; tries++)); do
		rm -f full
		stalled_reader full
		seq 1000 >in
		IN=in OUT=full start -p drop-newest --drain-timeout=1h
		reader_holds
		snapshot_until '.held.records == 1000'
		first=$(date +%s%3N)
		sig INT
		sig INT
		# on a machine that takes longer for that nothing is shown
		if (($(date +%s%3N) - first < 450)); then
			snapshot
			drain got
			finish "signal 2"
			same got in
			return
		fi
		sig KILL
		finish
		exec 8<&-
	done
	skip "this machine takes half a second for two signals"
}

@test "a signal that was blocked when weir started is let in" {
	local signal
	for signal in "TERM 15" "INT 2" "HUP 1"; do
		rm -f fifo
		producer fifo
		BLOCK=${signal% *} IN=fifo start
		producer_holds fifo
		echo a >&9
		until_true test -s out
		sig "${signal% *}"
		producer_ends
		finish "signal ${signal#* }"
		same out <(echo a)
	done
	# one that came before weir could heed it is not lost, and does not kill
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || return 0 # which is there before weir, and keeps it
	rm -f fifo
	producer fifo
	BLOCK=USR1 SEND=USR1 IN=fifo start
	producer_holds fifo
	until_true test "$(lines_of report)" -gt 0
	producer_ends
	finish "exit 0"
	is "$(jq -r .event report | paste -sd ' ')" "signal final"
}

@test "another signal changes nothing: what is held is delivered, and the first is the status" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -p drop-newest --drain-timeout=1h
	reader_holds
	snapshot_until '.held.records == 1000'
	sig TERM
	sig HUP
	sig INT
	snapshot
	snap '.held.records == 1000'
	drain got
	finish "signal 15"
	same got in
}

@test "a signal, while the input is always ready" {
	for options in "" "-p drop-oldest" "-b" "-s 2 --fixed=4K"; do
		# shellcheck disable=SC2086
		IN=/dev/zero OUT=/dev/null start --drain-timeout=0 $options
		snapshot_until '.in.bytes > 1000000'
		sig TERM
		finish "signal 15"
	done
}

@test "a standard output that is open for reading is an error before anything comes" {
	mkfifo fifo
	exec 7<>fifo
	exits 1 bash -c 'timeout 20 "$WEIR" -q <fifo 1<&0 2>err 7>&-'
	grep -qxF "weir: standard output: Bad file descriptor" err
}

@test "a standard output that is open for reading is an error" {
	echo hi >in
	mkfifo fifo
	exits 1 bash -c '(echo hi | timeout 20 "$WEIR" -q 1<&0) 2>err'
	grep -qxF "weir: standard output: Bad file descriptor" err
}

@test "the drain timeout" {
	for options in "-p drop-newest" "-p drop-oldest" "" "-L 1000/s"; do
		rm -f full
		stalled_reader full
		seq 1000 >in
		# shellcheck disable=SC2086
		IN=in OUT=full start --drain-timeout=100ms --pipe-size=keep $options
		reader_holds
		snapshot_until '.in.records == 1000'
		before=$(figures elapsed_ns)
		sig TERM
		finish "signal 15"
		final ".undelivered.records == 1000 and .exit == {status: 143, reason: \"signal TERM\"}
			and .elapsed_ns - $before >= 99000000"
		exec 8<&-
	done
}

@test "--drain-timeout=0 delivers nothing more" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start --drain-timeout=0 --pipe-size=keep
	reader_holds
	snapshot_until '.held.records == 1000'
	sig TERM
	finish "signal 15"
	final '.undelivered.records == 1000'
}

@test "--drain-timeout=0: not even what the reader could take by now" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -p drop-newest --drain-timeout=0
	reader_holds
	snapshot_until '.held.records == 1000'
	# when it goes on, the signal and the room are there at once
	kill -STOP "$(<pid)"
	until_true is_stopped "$(<pid)"
	kill -TERM "$(<pid)"
	timeout "$PATIENCE" head -c "$FILLED" <&8 >nothing
	kill -CONT "$(<pid)"
	finish "signal 15"
	final '.out.records == 0 and .undelivered.records == 1000'
}

@test "the default drain timeout is longer than none and shorter than for ever" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start --pipe-size=keep
	reader_holds
	snapshot_until '.held.records == 1000'
	before=$(figures elapsed_ns)
	sig TERM
	finish "signal 15"
	final ".elapsed_ns - $before >= 1990000000"
}

@test "TERM while the output is blocked in the middle of a record" {
	empty_reader fifo
	"$HELPERS/lines" -n 3 -l 200000 >in
	IN=in OUT=fifo start -p drop-newest --drain-timeout=100ms
	reader_holds
	snapshot_until '.in.records == 3 and .out.bytes > 0'
	sig TERM
	finish "signal 15"
	final '.undelivered.records == 3 and .out.records == 0'
	drain got
	is "$(stat -c %s got)" "$(figures out.bytes)" "bytes out"
	same got <(head -c "$(stat -c %s got)" in)
}

@test "plain block waits for the end of the record within the drain timeout" {
	producer fifo
	IN=fifo start --drain-timeout=100ms
	producer_holds fifo
	feed 'whole\npar'
	snapshot_until '.out.bytes == 9'
	sig TERM
	finish "signal 15"
	same out <(printf 'whole\npar')
	final '.in.records == 1 and .out == {records: 1, bytes: 9}'
}

@test "a record of which the end has not come, under a gate, when the signal comes" {
	for options in "-p drop-newest" "-L 1000/s" "-s 2"; do
		rm -f fifo
		producer fifo
		# shellcheck disable=SC2086
		IN=fifo start --drain-timeout=1h $options
		producer_holds fifo
		feed 'whole\npar'
		snapshot_until '.in.bytes == 9 and .out.bytes == 6'
		heeded TERM
		producer_ends
		finish "signal 15"
		same <(head -c 6 out) <(echo whole)
		like "$(tail -c +7 out)" '^(par)?$'
		is "$(figures out.bytes)" "$(stat -c %s out)" "bytes out"
	done
}

@test "signals ignored at the start stay ignored" {
	for signal in HUP INT TERM; do
		rm -f fifo
		producer fifo
		IGNORE=$signal IN=fifo start
		producer_holds fifo
		sig "$signal"
		feed '1\n'
		snapshot_until '.out.records == 1'
		sig "$signal"
		feed '2\n'
		producer_ends
		finish "exit 0"
		same out <(seq 2)
	done
}

@test "USR1 while the output is blocked" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start --pipe-size=keep
	reader_holds
	snapshot_until '.held.records == 1000'
	snap '.event == "signal" and .unread_bytes == '"$FILLED"
	drain got
	finish "exit 0"
	same got in
	is "$(tail -n 1 report | jq -r .event)" final
}

@test "USR1 does not end anything, however often it comes" {
	seq 300000 >in
	rm -f pid status
	"$HELPERS/launch" -s status -p pid "$WEIR" --report=report <in | {
		for _ in {1..50}; do
			until_true test -e report
			until_true test -s pid
			kill -USR1 "$(<pid)" 2>/dev/null
			head -c 20000
		done
		cat
	} >out
	same out in
	until_true test -e status
	is "$(cat status)" "exit 0"
}

# --- Errors -----------------------------------------------------------------------------------------------------------------

@test "/dev/full" {
	seq 1000 >in
	for options in "" "-p drop-oldest" "-L 1000/s" "-b" "-s 2"; do
		# shellcheck disable=SC2086
		IN=in OUT=/dev/full run_weir $options
		is "$ENDED" "exit 1" "weir $options"
		reason "1 write error"
		complains "standard output: No space left on device"
		final '.out.bytes == 0 and .undelivered.bytes > 0'
	done
}

@test "an error amid a record: it is said that it was cut short" {
	{ head -c 10000 /dev/zero | tr '\0' x; echo; } >in
	# units of 1024 bytes; the report is shorter
	(ulimit -f 4 && IN=in run_weir -p drop-oldest && echo "$ENDED" >ended)
	is "$(cat ended)" "exit 1"
	is "$(stat -c %s out)" 4096
	complains "standard output: File too large"
	complains "standard output: the last record was cut short"
}

@test "an error before a mark: nothing was cut short; and in it" {
	printf '%s\n' far-too-long b >in
	IN=in OUT=/dev/full run_weir -p drop-newest --max-record=5 --mark-drops
	is "$ENDED" "exit 1"
	complains "standard output: No space left on device"
	unlike "$(cat err)" 'cut short'
	[[ $WEIR_UNDER != valgrind ]] || return 0 # whose own files would be too long
	{ yes | head -n 500; echo far-too-long; } >in
	(ulimit -f 4 && IN=in run_weir -p drop-newest --max-record=5 --mark-drops="$(printf 'M%.0s' {1..4000})")
	is "$(stat -c %s out)" 4096
	complains "standard output: the last record was cut short"
}

@test "an error amid a mark: so is that" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind's own files would be too long"
	echo 'too long' >in
	(ulimit -f 3 && IN=in run_weir -p drop-oldest --max-record=5 --mark-drops="$(printf '%04000d' 0)" && echo "$ENDED" >ended)
	is "$(cat ended)" "exit 1"
	is "$(stat -c %s out)" 3072
	complains "standard output: the last record was cut short"
	final '.marks.records == 0 and .marks.bytes == 3072 and .dropped.records == 1'
}

@test "closing standard output is checked" {
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	seq 1000 >in
	: >out
	status=0
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -o trace -P "$PWD/out" -e inject=close:error=ENOSPC \
		"$WEIR" --format=json --report=report <in >out 2>err || status=$?
	is "$status" 1
	is "$(figures exit.reason out.records)" "write error 1000"
	complains "standard output: No space left on device"
}

@test "RLIMIT_FSIZE" {
	seq 100000 >in
	for options in "" "-p drop-oldest -m 16M" "-L 1000MB/s" "-b"; do
		# 8 units of 1024 bytes; the report is shorter
		# shellcheck disable=SC2086
		(ulimit -f 8 && IN=in run_weir $options && echo "$ENDED" >ended && echo "$FINAL" >final)
		is "$(cat ended)" "exit 1" "weir $options"
		is "$(stat -c %s out)" 8192
		same out <(head -c 8192 in)
		is "$(figures out.bytes exit.reason)" "8192 write error"
		complains "standard output: File too large"
		jq -e '.undelivered.bytes > 0 and .out.records == 1859' final || [[ $options == -b ]]
	done
}

@test "a file system that is full" {
	mkdir full
	if ! mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
		[[ ${CI-} ]] && fail "cannot mount a tmpfs; /dev/full and RLIMIT_FSIZE stand in for it only by hand"
		skip "cannot mount a tmpfs here"
	fi
	seq 100000 >in
	for options in "" "-p drop-oldest -m 16M" "-b"; do
		# shellcheck disable=SC2086
		IN=in OUT=full/out run_weir $options
		is "$ENDED" "exit 1"
		complains "standard output: No space left on device"
		is "$(figures out.bytes)" "$(stat -c %s full/out)" "bytes out"
		same full/out <(head -c "$(stat -c %s full/out)" in)
		final '.out.bytes > 0 and .undelivered.bytes > 0 and .exit.reason == "write error"'
	done
}

@test "standard input is a directory" {
	IN=/ run_weir
	is "$ENDED" "exit 1"
	reason "1 read error"
	complains "standard input: Is a directory"
}

@test "standard input is not open for reading, standard output not for writing" {
	status=0
	"$WEIR" -q 0>some 2>err || status=$?
	is "$status" 1
	complains "standard input: Bad file descriptor"
	echo x >some
	status=0
	echo y | "$WEIR" -q 1<some 2>err || status=$?
	is "$status" 1
	complains "standard output: Bad file descriptor"
	is "$(cat some)" x
}

@test "a read error delivers what is held" {
	seq 1000 >in
	for options in "" "-p drop-newest" "-L 10000/s"; do
		status=0
		# shellcheck disable=SC2086
		timeout "$PATIENCE" "$HELPERS/over" -i socket -R -I in -O out \
			"$WEIR" --format=json --report=report $options 2>err || status=$?
		is "$status" 1
		law report
		is "$(figures exit.reason in.records out.records)" "read error 1000 1000"
		complains "standard input: Connection reset by peer"
		same out in
	done
}

@test "a socket that failed is a write error, whether a write or a wait is told" {
	# of a datagram that nobody takes the error comes at once, for whoever asks next: here the wait, there the write
	(: >/dev/udp/127.0.0.1/9) || skip "no such socket here"
	producer in
	IN=in OUT=/dev/udp/127.0.0.1/9 start
	echo 1 >&9
	# without ppoll no wait tells it, but the next write does
	if [[ $WEIR_UNDER == portable ]]; then
		snapshot_until '.out.records == 1' || true
		echo 2 >&9
	fi
	finish "exit 1"
	reason "1 write error"
	complains "standard output: Connection refused"
}

@test "a read error, and then a write error: both are told" {
	[[ $WEIR_UNDER != coverage ]] || skip "its figures are a file larger than the limit, too"
	seq 1000 >in
	status=0
	# 2 units of 1024 bytes; what is held waits for the rate until long after the read error
	(ulimit -f 2 && timeout "$PATIENCE" "$HELPERS/over" -i socket -R -I in -o file -O out \
		"$WEIR" -q -L 10000/s 2>err) || status=$?
	is "$status" 1
	complains "standard input: Connection reset by peer"
	complains "standard output: File too large"
	is "$(stat -c %s out)" 2048
}

@test "<&-, >&-: an error that names it" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind opens files of its own where descriptors are closed"
	status=0
	"$WEIR" <&- >out 2>err || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: standard input: Bad file descriptor'
	status=0
	echo x | "$WEIR" >&- 2>err || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: standard output: Bad file descriptor'
	status=0
	"$WEIR" <&- >&- 2>err || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: standard (input|output): Bad file descriptor'
	status=0
	"$WEIR" <&- >out 2>&- || status=$?
	is "$status" 1
	status=0
	echo x | "$WEIR" --report=report >&- 2>err || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: standard output: Bad file descriptor'
	[[ ! -e report ]]
}

@test "<&-, >&-: not reused for a file that weir opens" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind opens files of its own where descriptors are closed"
	echo secret >in
	"$WEIR" --report=report >&- <in 2>err && fail "status 0"
	unlike "$(cat report 2>/dev/null)" secret
	echo secret >report
	"$WEIR" --report=report <&- >out 2>err && fail "status 0"
	is "$(cat out)" ""
	rm report
	"$WEIR" --report=report <&- >&- 2>&- && fail "status 0"
	unlike "$(cat report 2>/dev/null)" 'Bad file descriptor'
}

@test "2>&-: /dev/null takes its place" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind opens files of its own where descriptors are closed"
	seq 1000 >in
	status=0
	"$WEIR" --report=report --format=json <in >out 2>&- || status=$?
	is "$status" 0
	same in out
	law report
	is "$(lines_of report)" 1
	status=0
	"$WEIR" --nonsense <in >out 2>&- || status=$?
	is "$status" 2
	is "$(cat out)" ""
	status=0
	"$WEIR" <in >/dev/full 2>&- || status=$?
	is "$status" 1
	# a message does not get into the report
	status=0
	"$WEIR" --report=report --format=json <in >/dev/full 2>&- || status=$?
	is "$status" 1
	law report
	is "$(lines_of report)" 1
	"$WEIR" <in >out 2>&-
	same in out
}

# --- Status 3, and what goes before it --------------------------------------------------------------------------------------

@test "--fail-on-drop: all is delivered, status 3" {
	seq 1000 >in
	for policy in drop-oldest drop-newest; do
		rm -f full
		stalled_reader full
		IN=in OUT=full start -p "$policy" --max-records=10 --fail-on-drop
		reader_holds
		snapshot_until '.in.records == 1000'
		drain got
		finish "exit 3"
		reason "3 records dropped"
		is "$(lines_of got)" 10
		is "$(cat err)" "weir: --fail-on-drop: dropped 990 of 1000 records (99.0%, ${policy#drop-})"
	done
	printf '%05000d\nx\n' 1 >in
	IN=in run_weir -p drop-oldest --max-record=4K --fail-on-drop
	is "$ENDED" "exit 3"
	same out <(echo x)
}

@test "--fail-on-drop and nothing dropped: status 0" {
	seq 1000 >in
	IN=in run_weir -p drop-oldest --fail-on-drop
	is "$ENDED" "exit 0"
	reason "0 end of input"
}

@test "drops without --fail-on-drop: status 0" {
	printf '%05000d\nx\n' 1 >in
	IN=in run_weir -p drop-oldest --max-record=4K
	is "$ENDED" "exit 0"
	final '.dropped.records == 1'
}

@test "a signal goes before status 3, an error before both" {
	seq 1000 >in
	stalled_reader full
	IN=in OUT=full start -p drop-oldest --max-records=10 --fail-on-drop --drain-timeout=0
	reader_holds
	snapshot_until '.in.records == 1000'
	sig TERM
	finish "signal 15"
	reason "143 signal TERM"
	exec 8<&-
	printf '%05000d\nx\n' 1 >in
	IN=in OUT=/dev/full run_weir -p drop-oldest --max-record=4K --fail-on-drop
	is "$ENDED" "exit 1"
	reason "1 write error"
}

@test "the reader goes away after a signal: the signal was first" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -p drop-newest --drain-timeout=1h
	reader_holds
	snapshot_until '.held.records == 1000'
	sig TERM
	snapshot
	snapshot
	reader_goes
	finish
	final '.undelivered.records == 1000'
	like "$ENDED" '^signal (15|13)$'
}

# --- A standard error that does not move ------------------------------------------------------------------------------------

@test "a blocked standard error stops neither the data nor the exit" {
	mkfifo blocked
	exec 7<>blocked
	"$HELPERS/fill" blocked >/dev/null
	seq 10000 >in
	rm -f status
	bg sh -c '"$HELPERS/launch" -s status "$WEIR" <in >out 2>blocked'
	until_true test -e status
	is "$(cat status)" "exit 0"
	same in out
	exec 7>&-
}

@test "a report asked for while standard error is blocked does not stop the data" {
	mkfifo blocked
	exec 7<>blocked
	"$HELPERS/fill" blocked >/dev/null
	producer fifo
	rm -f status pid
	bg sh -c '"$HELPERS/launch" -p pid -s status "$WEIR" <fifo >out 2>blocked'
	until_true test -e pid
	feed '1\n'
	until_true test -s out
	producer_holds fifo
	for i in 2 3 4; do
		sig USR1
		feed "$i\n"
		until_true more_lines_than out $((i - 1))
	done
	producer_ends
	until_true test -e status
	is "$(cat status)" "exit 0"
	same out <(seq 4)
	exec 7>&-
}

@test "a report that nobody took comes as soon as somebody does" {
	local full
	mkfifo blocked
	exec 7<>blocked
	full=$("$HELPERS/fill" blocked)
	producer fifo
	rm -f status pid
	bg sh -c '"$HELPERS/launch" -p pid -s status "$WEIR" <fifo >out 2>blocked'
	until_true test -e pid
	feed '1\n'
	until_true test -s out
	producer_holds fifo
	sig USR1
	# by the time that this is out, the report has been refused
	feed '2\n'
	until_true more_lines_than out 1
	timeout "$PATIENCE" head -c "$full" <&7 >filling
	timeout "$PATIENCE" head -n 1 <&7 >taken
	like "$(cat taken)" '^weir: in 2 \(.* out 2 \('
	producer_ends
	until_true test -e status
	exec 7>&-
}

@test "a blocked --report FIFO stops neither the data nor the exit" {
	mkfifo blocked
	exec 7<>blocked
	"$HELPERS/fill" blocked >/dev/null
	seq 10000 >in
	"$HELPERS/launch" -t "$PATIENCE" -s status "$WEIR" --report=blocked <in >out 7>&-
	like "$(cat status)" '^exit [01]$'
	same in out
	exec 7>&-
}

@test "standard error without a reader is no reason to fail" {
	mkfifo gone
	exec 7<>gone
	seq 1000 >in
	bg sh -c '"$HELPERS/launch" -s status "$WEIR" <in >out 2>gone'
	until_true test -e status
	is "$(cat status)" "exit 0"
	exec 7>&-
	status=0
	{ "$HELPERS/launch" "$WEIR" <in 2>&1 >out; echo "$?" >code; } | true
	is "$(cat code)" 0
	same in out
}

# --- And again: what is easily got wrong ------------------------------------------------------------------------------------

case $WEIR_UNDER in
*asan* | *valgrind* | *qemu*) rounds=5 ;;
*) rounds=30 ;;
esac

# five_held [OPTION]...: weir with its output full, 995 records dropped and 5 held, and its input (descriptor 9) open.
five_held()
{
	rm -f full in
	stalled_reader full
	producer in
	IN=in OUT=full start -p drop-oldest --max-records=5 "$@"
	reader_holds
	seq 1000 >&9
	snapshot_until '.in.records == 1000 and .held.records == 5'
}

# heeded SIGNAL: sends it, and waits until weir has taken note, which it has once it answers to a later one.
heeded()
{
	sig "$1" && snapshot
}

# exits STATUS COMMAND...
exits()
{
	local expected=$1 seen=0
	shift
	"$@" || seen=$?
	is "$seen" "$expected" "status of $* (standard error: $(cat err 2>/dev/null))"
}

is_stopped()
{
	local stat
	stat=$(cat "/proc/$1/stat") && stat=${stat##*) } && [[ ${stat:0:1} == T ]]
}

@test "the reader goes, nothing is held, but something came into the idle input: SIGPIPE" {
	local policy
	for policy in block drop-oldest; do
		rm -f slow in
		empty_reader slow
		producer in
		IN=in OUT=slow start -p "$policy"
		reader_holds
		sig STOP
		until_true is_stopped "$(<pid)"
		echo a >&9
		reader_goes
		sig CONT
		finish "signal 13"
		final '.exit == {status: 141, reason: "reader gone"} and .out.bytes == 0'
	done
}

@test "the reader goes while a part of a record is held: SIGPIPE" {
	empty_reader slow
	producer in
	IN=in OUT=slow start -p drop-newest
	reader_holds
	printf 'one\ntwo' >&9
	snapshot_until '.in.bytes == 7 and .out.bytes == 4'
	reader_goes
	finish "signal 13"
	final '.undelivered == {records: 0, bytes: 3} and .exit.reason == "reader gone"'
}

@test "the reader goes while a part of a record is out: only the report speaks of it" {
	{ head -c 100000 /dev/zero | tr '\0' x; echo; } >in
	empty_reader slow
	IN=in OUT=slow start -p drop-oldest
	reader_holds
	snapshot_until '.out.bytes > 0'
	reader_goes
	finish "signal 13"
	final '.undelivered.records == 1 and .exit.reason == "reader gone"'
	is "$(cat err)" ""
}

@test "SIGPIPE ignored: the message says that the reader has gone" {
	IGNORE=PIPE five_held
	reader_goes
	finish "exit 1"
	final '.exit == {status: 1, reason: "reader gone"} and .undelivered.records == 5'
	like "$(cat err)" '^weir: .*: the reader has gone$'
}

@test "under pipefail, again and again, a reader that has what it wants is no failure" {
	local i
	set -o pipefail
	for ((i = 0; i < rounds; i++)); do
		is "$( (echo a && sleep .003) | "$WEIR" -q | head -n 1)" a "round $i"
		seq 20 | "$WEIR" -q | grep -q 7 || fail "round $i: status $?"
	done
}

@test "the law holds while a byte stream is held at the end of input" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -b --pipe-size=keep
	reader_holds
	snapshot_until '.held.bytes == 3893 and .held.records == 0'
	snapshot
	snap '.held == {records: 0, bytes: 3893}'
	reader_goes
	finish "signal 13"
	final '.undelivered == {records: 0, bytes: 3893} and .buffer.peak_records == 0'
}

@test "after a signal the rate holds, within the drain timeout" {
	# one goes at once, the others would take hours
	producer in
	seq 5 >&9
	IN=in start -L 1/h --drain-timeout=200ms
	snapshot_until '.out.records == 1 and .held.records == 4'
	sig TERM
	finish "signal 15"
	final ".out.records == 1 and .undelivered.records == 4 and .elapsed_ns - $(jq .elapsed_ns <<<"$SNAP") >= 200000000"
	rm -f in
	producer in
	seq 10 >&9
	IN=in start -L 10/s --drain-timeout=1h
	snapshot_until '.in.records == 10'
	heeded TERM
	producer_ends
	finish "signal 15"
	same out <(seq 10)
	final '.elapsed_ns >= 880000000'
}

@test "plain block: a record that was cut short is spoken of" {
	producer in
	printf 'one\ntw' >&9
	IN=in start --drain-timeout=100ms
	snapshot_until '.out.bytes == 6'
	sig TERM
	finish "signal 15"
	final '.in == {records: 1, bytes: 6} and .out == .in'
	[[ -s err ]] || fail "no word of the record that was cut short"
}

@test "USR1: ignored at the start, it stays ignored; else it asks at any time" {
	producer in
	IGNORE=USR1 IN=in start
	sig USR1
	echo a >&9
	until_true test -s out
	producer_ends
	finish "exit 0"
	is "$(lines_of report)" 1 "reports"
	rm -f in
	producer in
	IN=in start
	snapshot
	snap '.event == "signal" and .in.records == 0 and .exit == {status: null, reason: null}'
	producer_ends
	finish "exit 0"
	five_held
	snapshot
	seq 1001 1010 >&9
	snapshot_until '.in.records == 1010'
	snap '.event == "signal" and .held.records == 5 and .dropped.records == 1005 and .out.records == 0'
	producer_ends
	drain got
	finish "exit 0"
	same got <(seq 1006 1010)
}

@test "USR1 before the command line has been read does not kill" {
	[[ $WEIR_UNDER != @(valgrind|asan|qemu) ]] || skip "strace would see $WEIR_UNDER"
	# the first call of fcntl (or fcntl64) looks whether standard error is open
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -o trace -e inject=/^fcntl:signal=USR1:when=1 "$WEIR" <nothing >out 2>err
	like "$(cat trace)" 'F_GETFD.*SIGUSR1' "what strace saw"
}

@test "a full disk, also where none can be mounted" {
	local message='No space left on device' options
	"$HELPERS/lines" -n 1000 -l 200 >in
	mkdir full
	# Only the superuser can; RLIMIT_FSIZE does the same to the others.
	mount -t tmpfs -o size=64k weir-test full 2>/dev/null || message='File too large'
	for options in "" "-b" "-p drop-oldest"; do
		rm -f full/out
		[[ $message == No* ]] || ulimit -S -f 64
		# shellcheck disable=SC2086
		IN=in OUT=full/out run_weir $options
		ulimit -S -f unlimited
		is "$ENDED" "exit 1"
		final ".exit.status == 1 and .out.bytes == $(stat -c %s full/out) and .undelivered.bytes > 0 and .out.bytes <= 65536"
		cmp -n "$(stat -c %s full/out)" in full/out
		like "$(cat err)" "^weir: standard output: $message"
	done
}

@test "2>&-: descriptor 2 is /dev/null while weir runs" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind opens files of its own where descriptors are closed"
	producer in
	echo a >&9
	bg closed_error
	until_true test -s out
	until_true test -s pid
	is "$(readlink "/proc/$(<pid)/fd/2")" /dev/null "descriptor 2"
	producer_ends
	finish "exit 0"
}

closed_error()
{
	exec "$HELPERS/launch" -p pid -s status "$WEIR" --format=json --report=report <in >out 2>&-
}

@test "an error wins over a signal" {
	# the file has room for some of the record that TERM lets weir finish
	head -c 8190 /dev/zero | tr '\0' x >first
	producer in
	ulimit -S -f 8
	IN=in start --drain-timeout=1h
	ulimit -S -f unlimited
	cat first >&9
	snapshot_until '.out.bytes == 8190'
	heeded TERM
	echo xxxx >&9
	finish "exit 1"
	final '.exit.status == 1 and (.exit.reason | test("error")) and .out.bytes == 8192 and .undelivered.bytes > 0'
	like "$(cat err)" 'File too large'
}

@test "a signal that lets all be delivered wins over status 3" {
	five_held --fail-on-drop --drain-timeout=1h
	heeded TERM
	producer_ends
	drain got
	finish "signal 15"
	final '.exit == {status: 143, reason: "signal TERM"} and .dropped.records == 995'
}

@test "messages do not wait for a blocked standard error, either" {
	seq 100 >in
	mkfifo blocked
	exec 4<>blocked
	"$HELPERS/fill" blocked >filled
	exits 0 timeout 20 "$WEIR" -p drop-oldest --format=json <in >out 2>blocked 3>&- 4>&-
	same in out
	exits 1 timeout 20 "$WEIR" <. >out 2>blocked 3>&- 4>&-
	exits 2 timeout 20 "$WEIR" --policy=nonsense <in >out 2>blocked 3>&- 4>&-
	exits 0 "$WEIR" <in >out 2>/dev/full
	same in out
}

@test "a usage error: status 2, and what was not read is there for the next reader" {
	local arguments
	for arguments in "--policy=nonsense" "-" "-m 1" "--drain-timeout=x"; do
		# shellcheck disable=SC2086
		seq 3 | { exits 2 "$WEIR" $arguments 2>err && cat >rest; }
		same rest <(seq 3)
		is "$(lines_of err)" 1 "lines of the message"
	done
}
