#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# A reader that weir starts itself, and one that answers: what it is given, what it confirms, how it ends, and what is then
# handed over again, dropped or left. Batches have a file of their own.

load common

# What weir starts is not the test's child: each COMMAND that may outlive its test writes its number to a file *.ours, and is
# ended if it still runs in the test's directory.
eval "common_$(declare -f teardown)"
teardown()
{
	local pid
	for pid in $(cat ./*.ours 2>/dev/null); do
		[[ $(readlink "/proc/$pid/cwd") == "$BATS_TEST_TMPDIR" ]] && kill -KILL "$pid" 2>/dev/null
	done
	common_teardown
}

# children_of PID: their numbers. (Of all processes one may end between the listing and the look: cat goes on.)
children_of()
{
	cat /proc/[0-9]*/status 2>/dev/null |
		awk -v parent="$1" '$1 == "Pid:" { pid = $2 } $1 == "PPid:" && $2 == parent { print pid }'
}

# up_with_warden: sets WARDEN, the process beside weir, and READER, what it has started; both are there.
up_with_warden()
{
	until_true has_reader
}

has_reader()
{
	WARDEN=$(children_of "$(<pid)") && [[ $WARDEN ]] && READER=$(children_of "$WARDEN") && [[ $READER ]]
}

# A program that is not there any more, or that nobody but init has yet to bury.
all_gone()
{
	local pid
	for pid; do
		gone_or_zombie "$pid" || return
	done
}

in_words()
{
	paste -sd ' ' "$1"
}

# a shell program for COMMAND that answers every line but what begins with "bad"; and one that takes its time
cat_lines='while read -r x; do printf "%s\n" "$x" >>seen; echo ok; done'

# --- How it ends ------------------------------------------------------------------------------------------------------------

@test "what goes to standard output goes to COMMAND, and what that writes is weir's output" {
	seq 100000 >in
	IN=in run_weir tr 0-9 a-j
	is "$ENDED" "exit 0"
	tr 0-9 a-j <in >expected
	same out expected
	final '.out == .in and .sent == .out and .undelivered.bytes == 0 and .in_flight.bytes == 0'
	is "$(<err)" ""
}

@test "options end at the first operand, and at --" {
	seq 3 >in
	IN=in run_weir sed -n 2p
	is "$(<out)" 2
	IN=in run_weir -- sed -n 2p
	is "$(<out)" 2
}

@test "the status of COMMAND is that of weir" {
	seq 3 >in
	for status in 0 1 2 3 64 125 128 255; do
		IN=in run_weir sh -c "cat >/dev/null; exit $status"
		is "$ENDED" "exit $status"
		final '.undelivered.bytes == 0'
		[[ $status -eq 0 ]] || final '.exit.reason == "command ended"'
	done
}

@test "a COMMAND that dies of a signal is 128 and its number, as in a shell" {
	seq 3 >in
	for signal in 9 6 15 2; do
		IN=in run_weir sh -c "cat >/dev/null; kill -$signal \$\$"
		is "$ENDED" "exit $((128 + signal))"
	done
}

@test "a COMMAND that is not there is 127, and what cannot be run 126" {
	seq 3 >in
	IN=in run_weir no-such-program
	is "$ENDED" "exit 127"
	like "$(<err)" '^weir: no-such-program: [^;]*$'
	final '.out.bytes == 0'
	mkdir directory
	IN=in run_weir ./directory
	is "$ENDED" "exit 126"
	unlike "$(<err)" 'to read it'
	[[ $WEIR_UNDER != valgrind ]] || return 0 # which does not live through such an exec
	: >script
	chmod 755 script
	printf '#!/no/such/interpreter\n' >script
	IN=in run_weir ./script
	is "$ENDED" "exit 127"
	unlike "$(<err)" 'to read it'
}

@test "where it is a file that is to be read, a message says how" {
	seq 3 >in
	: >data
	IN=in run_weir ./data
	is "$ENDED" "exit 126"
	like "$(<err)" '^weir: \./data: .*; to read it: weir <\./data$'
	IN=in run_weir data # along PATH there is none
	is "$ENDED" "exit 127"
	like "$(<err)" '^weir: data: no such command; to read that file: weir <data$'
}

@test "COMMAND is not tried again when it cannot be run, also with --restart" {
	IN=nothing run_weir --restart no-such-program
	is "$ENDED" "exit 127"
	is "$(lines_of err)" 1
}

@test "a stop of weir itself counts for no timeout" {
	mkfifo go
	producer in
	IN=in start --confirm=line --timeout=1h sh -c 'echo $$ >command.ours; read -r x; read -r y <go; echo ok; cat >/dev/null'
	producer_holds in
	feed 'a\n'
	snapshot_until '.sent.records == 1'
	# the handler is there, and nothing else comes of it
	mask=$(awk '$1 == "SigCgt:" { print $2 }' "/proc/$(<pid)/status")
	((0x$mask >> 17 & 1)) || fail "CONT is not noted"
	kill -STOP "$(<pid)"
	kill -CONT "$(<pid)"
	release go
	snapshot_until '.out.records == 1'
	producer_ends
	finish "exit 0"
}

@test "a message shows no control character of COMMAND's name" {
	seq 3 >in
	IN=in run_weir $'a\e[2Jb'
	is "$ENDED" "exit 127"
	unlike "$(<err)" $'\e'
	printf '#!/bin/sh\nread -r x; test "$WEIR_TRY" != 1 || exit 1; cat\n' >$'a\e[2Jb'
	chmod 755 $'a\e[2Jb'
	IN=in run_weir --restart --backoff=1ms $'./a\e[2Jb'
	is "$ENDED" "exit 0"
	like "$(<err)" 'ended with status 1: try 2 follows'
	unlike "$(<err)" $'\e'
}

@test "a COMMAND that ends with 0 before it has read all is a reader that has gone" {
	seq 100000 >in
	IN=in run_weir sh -c 'read -r x'
	is "$ENDED" "signal 13"
	final '.undelivered.records > 0'
	IGNORE=PIPE IN=in run_weir sh -c 'read -r x'
	is "$ENDED" "exit 1"
	is "$(<err)" "weir: sh has ended, and had not taken everything"
}

@test "but with a status of its own it is that one, and one that had nothing to read is no failure" {
	seq 100000 >in
	IN=in run_weir sh -c 'read -r x; exit 7'
	is "$ENDED" "exit 7"
	final '.undelivered.records > 0 and .exit.reason == "command ended"'
	IN=nothing run_weir true
	is "$ENDED" "exit 0"
}

@test "weir ends with COMMAND, also while nothing comes" {
	producer idle
	IN=idle start sh -c 'exit 5'
	producer_holds idle
	finish "exit 5"
}

@test "an error of weir goes before the status of COMMAND" {
	mkdir d
	IN=d run_weir sh -c 'cat >/dev/null; exit 7'
	is "$ENDED" "exit 1"
	final '.exit.reason == "read error"'
}

@test "the output of COMMAND cannot be the input" {
	seq 5 >both
	status=0
	timeout -k 1 "$PATIENCE" "$WEIR" cat <both >>both 2>err || status=$?
	is "$status" 1
	is "$(<err)" "weir: standard input and standard output are the same file"
	is "$(lines_of both)" 5
}

@test "the status of COMMAND goes before what was dropped" {
	printf 'a\nbb\n' >in
	IN=in run_weir -p drop-newest --max-record=2 --fail-on-drop sh -c 'cat >/dev/null; exit 7'
	is "$ENDED" "exit 7"
	IN=in run_weir -p drop-newest --max-record=2 --fail-on-drop sh -c 'cat >/dev/null'
	is "$ENDED" "exit 3"
}

@test "a COMMAND that closes its input and lives is not fed, and waited for" {
	mkfifo go
	producer in
	IN=in start sh -c 'echo $$ >command.ours; exec <&-; : >closed; read -r x <go; exit 7'
	producer_holds in
	until_true test -e closed
	feed 'one\ntwo\n'
	snapshot_until '.in.records == 2 and .held.records == 2'
	producer_ends
	snapshot_until '.input.ended // true'
	release go
	finish "exit 7"
	final '.out.bytes == 0 and .undelivered.records == 2'
}

@test "one that closes its output and lives is waited for" {
	mkfifo go
	seq 3 >in
	IN=in start sh -c 'echo $$ >command.ours; exec >&-; cat >got; : >read; read -r x <go; exit 7'
	until_true test -e read
	snapshot_until '.out.records == 3'
	release go
	finish "exit 7"
	same got in
}

@test "a child of COMMAND that holds the pipe does not keep weir" {
	producer idle
	mkfifo go
	IN=idle start sh -c 'exec 3<&0; { read -r x <go; } <&3 3<&- & echo $! >child.ours; exit 3'
	producer_holds idle
	finish "exit 3"
	release go
}

@test "nor does one that holds the answers" {
	mkfifo go
	seq 3 >in
	IN=in start --confirm=line sh -c "echo \$\$ >command.ours; { read -r x <go; } & echo \$! >child.ours; $cat_lines; exit 3"
	finish "exit 3"
	final '.out.records == 3'
	release go
}

@test "when nobody reads COMMAND's output any more the run ends, also while nothing comes" {
	empty_reader slow
	producer idle
	IN=idle OUT=slow start sh -c 'echo $$ >command.ours; exec cat'
	producer_holds idle
	reader_holds
	up_with_warden
	reader_goes
	finish "exit 0"
	all_gone "$WARDEN" "$READER"
}

# --- What it is given -------------------------------------------------------------------------------------------------------

@test "COMMAND has what weir was given, and nothing that weir opened" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has descriptors of its own"
	mkfifo credits answers dropped
	exec 8<>credits
	seq 3 >in
	exec 5<nothing
	"$HELPERS/launch" "$HELPERS/given" <nothing >expected 3>&- 4>&-
	"$HELPERS/launch" -s status "$WEIR" --report=r --metrics=m.prom --dropped=d -p drop-oldest \
		"$HELPERS/given" <nothing >out 3>&- 4>&-
	is "$(<status)" "exit 0"
	is "$(grep '^descriptors' out)" "$(grep '^descriptors' expected)"
	like "$(grep '^descriptors' out)" 'descriptors 0 1 2 5'
	"$HELPERS/launch" -s status "$WEIR" -q --credits=credits --answers=answers --confirm=line \
		"$HELPERS/given" <nothing >out 3>&- 4>&-
	is "$(<status)" "exit 0"
	is "$(grep '^descriptors' out)" "$(grep '^descriptors' expected)"
	# shellcheck disable=SC2016
	"$HELPERS/launch" -s status "$WEIR" -q --confirm=line \
		sh -c 'exec "$1" >&2' sh "$HELPERS/given" <nothing 2>out 3>&- 4>&-
	is "$(grep '^descriptors' out)" "$(grep '^descriptors' expected)"
	exec 5<&-
}

@test "signals are as weir found them" {
	IGNORE=INT,PIPE BLOCK=USR1 start "$HELPERS/given"
	finish "exit 0"
	is "$(grep '^ignored' out)" "ignored 2 13"
	is "$(grep '^blocked' out)" "blocked 10"
	run_weir "$HELPERS/given"
	is "$(grep '^ignored' out | sed 's/ *$//')" "ignored"
	is "$(grep '^blocked' out | sed 's/ *$//')" "blocked"
}

@test "COMMAND is in a process group of its own and does not lead it, with --foreground it is in weir's" {
	local group

	run_weir "$HELPERS/given"
	group=$(sed -n 's/^group //p' out)
	[[ $group != "$(ps -o pgid= -p $$ | tr -d ' ')" && $group != "$(sed -n 's/^pid //p' out)" ]] # who leads one is refused setsid(2)
	run_weir --foreground sh -c '"$1"; ps -o pgid= -p "$PPID" | tr -d " " >warden' sh "$HELPERS/given"
	is "$ENDED" "exit 0"
	is "$(sed -n 's/^group //p' out)" "$(<warden)"
}

is_confined()
{
	process "$1" && [[ $PROCESS =~ NoNewPrivs:[[:space:]]*1 ]]
}

@test "COMMAND is not confined, though weir is" {
	[[ -e /proc/self/status ]] || skip "no /proc"
	[[ $("$WEIR" --version) != *"confinement: none"* ]] || skip "this weir has no confinement"
	producer in
	IN=in start sh -c 'grep NoNewPrivs /proc/self/status >privs; echo more >made; cat >got'
	producer_holds in
	until_true test -s made
	is "$(awk '{ print $2 }' privs)" 0
	until_true is_confined "$(<pid)"
	producer_ends
	finish "exit 0"
}

@test "its environment is weir's, with what it may want to know" {
	OTHER=thing WEIR_TRY=77 WEIR_NAME=wrong run_weir --name=mine "$HELPERS/given"
	is "$(grep -c '^WEIR_NAME=' out)" 1
	is "$(grep -c '^WEIR_TRY=' out)" 1
	is "$(grep '^WEIR_NAME=' out)" "WEIR_NAME=mine"
	is "$(grep '^WEIR_TRY=' out)" "WEIR_TRY=1"
	is "$(grep '^WEIR_FIRST=' out)" "WEIR_FIRST=1"
	is "$(grep '^OTHER=' out)" "OTHER=thing"
}

@test "what an outer weir says in the environment is not of the inner one" {
	seq 3 >in
	IN=in run_weir --batch=3 "$WEIR" -q --name=inner -- sh -c 'cat >/dev/null; exec "$0"' "$HELPERS/given"
	is "$ENDED" "exit 0"
	is "$(grep -c '^WEIR_NAME=inner$\|^WEIR_TRY=1$\|^WEIR_FIRST=1$' out)" 3
	is "$(grep -c '^WEIR_LAST\|^WEIR_RECORDS\|^WEIR_BYTES' out)" 0
}

@test "it is found along PATH, and run in the directory of weir" {
	mkdir bin
	printf '#!/bin/sh\npwd\n' >bin/where-am-i
	chmod 755 bin/where-am-i
	PATH=$PWD/bin:$PATH run_weir where-am-i
	is "$(<out)" "$PWD"
}

@test "it may have a session of its own" {
	command -v setsid >/dev/null || skip "no setsid"
	seq 100000 >in
	IN=in run_weir -- setsid cat
	is "$ENDED" "exit 0"
	same in out
	IN=in run_weir --batch=50000 -- setsid -w cat # there it leads its group: setsid forks
	is "$ENDED" "exit 0"
	same in out

	producer fifo
	IN=fifo start --confirm=line --timeout=20ms setsid sh -c 'sleep 300 & echo $$ $! >command.ours; wait'
	producer_holds fifo
	until_true test -s command.ours
	feed 'a\n'
	finish "exit 143"
	until_true all_gone $(<command.ours) # as for any: with what it has started
}

@test "the window that nobody asked for leaves half of a small buffer to what can still give way" {
	seq 30000 >in
	IN=in start -m 32K --pipe-size=keep -p drop-oldest -- sh -c 'until [ -e full ]; do sleep 0.01; done; cat'
	snapshot_until '.in.records == 30000'
	touch full
	finish "exit 0"
	final '.dropped.by.newest.records == 0 and .dropped.by.oldest.records > 0'
	is "$(tail -n 1 out)" 30000
}

@test "one that asks at the terminal from the background is named" {
	command -v script >/dev/null || skip "no script"
	cat >inside <<'EOF'
mkfifo idle
exec 9<>idle
"$WEIR" --drain-timeout=10ms sh -c 'echo $$ >command.ours; read -r x </dev/tty' <idle >out 2>err &
until grep -q -e --foreground err; do sleep 0.01; done
kill -TERM $!
wait $!
EOF
	timeout -k 1 "$PATIENCE" script -qec "sh ./inside" /dev/null >typescript 2>&1 </dev/null 3>&- 4>&- || :
	like "$(<err)" '^weir: sh was stopped.*--foreground'
	until_true all_gone "$(<command.ours)"
}

# --- Nothing is left --------------------------------------------------------------------------------------------------------

@test "neither a process nor a zombie stays behind" {
	producer in
	IN=in start cat
	producer_holds in
	up_with_warden
	feed 'one\n'
	producer_ends
	finish "exit 0"
	[[ ! -e /proc/$WARDEN && ! -e /proc/$READER ]] || until_true all_gone "$WARDEN" "$READER"
}

@test "when weir is killed COMMAND sees the end of its input, and the warden goes" {
	producer in
	IN=in start sh -c 'echo $$ >command.ours; cat >got; : >over'
	producer_holds in
	up_with_warden
	feed 'one\n'
	until_true test -s got
	kill -KILL "$(<pid)"
	until_true test -e over
	until_true all_gone "$WARDEN" "$READER"
	finish "signal 9"
}

@test "when the warden is killed weir says so, and ends with status 1" {
	producer in
	IN=in start sh -c 'echo $$ >command.ours; cat >got; : >over'
	producer_holds in
	up_with_warden
	feed 'one\n'
	until_true test -s got
	kill -KILL "$WARDEN"
	finish "exit 1"
	like "$(<err)" '^weir: weir-warden has gone'
	until_true test -e over
}

@test "a warden that cannot tell weir anything any more is none: that is said, and over" {
	[[ $WEIR_UNDER != @(valgrind|qemu|asan|tsan|msan|coverage) ]] || skip "the system calls are $WEIR_UNDER's"
	mkfifo go
	producer in
	IN=in start --restart sh -c 'echo $$ >command.ours; : <go'
	producer_holds in
	up_with_warden
	bg strace -o trace -e trace=sendmsg -e inject=sendmsg:error=EACCES -p "$WARDEN" 2>strace.err
	until_true test -s strace.err
	release go
	finish "exit 1"
	like "$(<err)" '^weir: weir-warden has gone'
	ended_job "$BG" || :
}

@test "COMMAND is there and cannot be written to: an error, as it is for standard output" {
	[[ $WEIR_UNDER != @(valgrind|qemu|asan|tsan|msan|coverage) ]] || skip "the system calls are $WEIR_UNDER's"
	local status=0
	producer in
	bg strace -o trace -e trace=write,writev -e inject=write,writev:error=EINVAL:when=2 \
		"$WEIR" --format=json --report=report --confirm=line --restart sh -c "$cat_lines" <in >out 2>err
	feed 'one\n'
	until_true test -s seen
	feed 'two\n'
	ended_job "$BG" || status=$?
	is "$status $(<err)" "1 weir: sh: Invalid argument"
	reports
	FINAL=$REPORT
	final '.exit == {"status": 1, "reason": "write error"} and .out.records == 1 and .undelivered.records == 1'
	law report
}

@test "answers and credits that cannot be read are an error that names the option" {
	local option
	mkdir there
	for option in answers credits; do
		set --
		run_weir --confirm=line --answers=nothing --$option=not-there
		is "$ENDED $(<err)" "exit 1 weir: --$option=not-there: No such file or directory"
		run_weir --confirm=line --answers=nothing --$option=there
		is "$ENDED $(<err)" "exit 1 weir: --$option=there: Is a directory"
		status=0
		[[ $option == credits ]] || set -- --confirm=line
		seq 3 | "$WEIR" -q "$@" "--$option=/dev/stdin" >out 2>err || status=$?
		is "$status $(<err)" "1 weir: --$option=/dev/stdin: standard input, which is the data; accepted: another FIFO or file"
	done
}

@test "read: a standard output that is no pipe is an error before anything is written" {
	seq 3 >in
	IN=in run_weir --confirm=read
	is "$ENDED $(<err)" "exit 1 weir: --confirm=read: standard output is no pipe: nobody can tell what of it has been read"
	is "$(lines_of out)" 0
}

@test "read: where the system does not tell any more what has been read, that is said, and over" {
	[[ $WEIR_UNDER != @(valgrind|qemu|asan|tsan|msan|coverage) ]] || skip "the system calls are $WEIR_UNDER's"
	local status=0
	seq 3 >in
	timeout -k 1 "$PATIENCE" strace -o trace -e trace=ioctl -e inject=ioctl:error=EIO \
		"$WEIR" --format=json --report=report --confirm=read cat <in >out 2>err 3>&- 4>&- || status=$?
	is "$status $(<err)" "1 weir: --confirm=read: the system does not tell what of the pipe has been read"
	reports
	FINAL=$REPORT
	final '.out.records == 0 and .undelivered.records == 3'
	law report
}

@test "when COMMAND has gone for good, nobody misses it" {
	mkfifo go
	producer in
	# shellcheck disable=SC2016
	IN=in start --reader-gone=discard sh -c 'echo $$ >command.ours; read -r x <go; exit 0'
	producer_holds in
	up_with_warden
	release go
	snapshot_until '.reader.state == "over"'
	kill -KILL "$WARDEN"
	until_true gone_or_zombie "$WARDEN"
	feed 'one\n'
	snapshot_until '.dropped.by.gone.records == 1'
	producer_ends
	finish "exit 0"
	is "$(<err)" ""
}

@test "when it was there for hooks alone, the data flows on without them" {
	producer in
	IN=in start --on-high=true --on-low=true
	producer_holds in
	feed 'one\n'
	snapshot_until '.out.records == 1'
	WARDEN=$(children_of "$(<pid)")
	kill -KILL "$WARDEN"
	until_true test -s err
	like "$(<err)" '^weir: weir-warden has gone: --on-high and --on-low'
	feed 'two\n'
	snapshot_until '.out.records == 2'
	producer_ends
	finish "exit 0"
	is "$(lines_of err)" 1
}

# --- Confirmed by reading ---------------------------------------------------------------------------------------------------

@test "read: what COMMAND had not read when it died is undelivered" {
	printf 'a\nb\nc\n' >in
	IN=in run_weir sh -c 'read -r x; exit 5'
	is "$ENDED" "exit 5"
	final '.out == {records: 1, bytes: 2} and .undelivered == {records: 2, bytes: 4}'
}

@test "read: with --restart that is handed over again, and nothing else" {
	printf 'a\nb\nc\n' >in
	IN=in run_weir --restart --backoff=1ms sh -c 'echo $WEIR_TRY $WEIR_FIRST >>tries
		test $WEIR_TRY -lt 3 || exec cat; read -r x; echo "$x" >>first; exit 1'
	is "$ENDED" "exit 0"
	is "$(in_words first)" "a b"
	is "$(<out)" c
	is "$(cut -d ' ' -f 1 tries | paste -sd ' ')" "1 2 3"
	final '.out.records == 3 and .undelivered.bytes == 0 and .redelivered.records == 3 and .sent == .out'
	like "$(<err)" '^weir: sh ended with status 1: try 2 follows$'
}

@test "read: of a record that was read in part the whole is handed over again" {
	printf 'abc\ndef\n' >in
	IN=in run_weir --restart --backoff=1ms sh -c 'test $WEIR_TRY = 1 || exec cat; dd bs=1 count=6 of=first 2>/dev/null; exit 1'
	is "$ENDED" "exit 0"
	is "$(in_words first)" "abc de"
	is "$(<out)" def
}

@test "read: a COMMAND that closed its input and then died had read what it had read" {
	printf 'a\nb\nc\n' >in
	mkfifo go
	IN=in start sh -c 'read -r x; exec <&-; : >closed; read -r y <go; exit 5'
	until_true test -e closed
	snapshot_until '.out.records == 1'
	release go
	finish "exit 5"
	final '.out.records == 1 and .undelivered.records == 2'
}

@test "read: with --window=1 who comes back from a pause finds at most one old record" {
	mkfifo go
	producer in
	IN=in start -p drop-oldest --max-records=1 --window=1 sh -c ': >up; read -r x <go; cat'
	producer_holds in
	until_true test -e up
	for i in 1 2 3 4 5 6 7 8 9; do
		feed '%s\n' $i
		snapshot_until ".in.records == $i"
	done
	snap '.in_flight.records == 1'
	release go
	producer_ends
	finish "exit 0"
	is "$(in_words out)" "1 9"
}

@test "read: without COMMAND too, where standard output is a pipe" {
	empty_reader slow
	printf 'a\nb\nc\n' >in
	producer idle
	IN=idle OUT=slow start --confirm=read
	producer_holds idle
	reader_holds
	feed 'a\nb\nc\n'
	snapshot_until '.sent.records == 3'
	snap '.out.records == 0 and .in_flight.records == 3 and .held.records == 3'
	timeout "$PATIENCE" head -c 2 <&8 >got
	snapshot_until '.out.records == 1 and .in_flight.records == 2'
	producer_ends
	drain got
	finish "exit 0"
	final '.out.records == 3'
}

# --- Confirmed by answers ---------------------------------------------------------------------------------------------------

@test "line: each line confirms the oldest in flight" {
	seq 1000 >in
	IN=in run_weir --confirm=line --window=10 sh -c "$cat_lines"
	is "$ENDED" "exit 0"
	same in seen
	is "$(stat -c %s out)" 0 "bytes of answers on standard output"
	final '.out.records == 1000 and .sent == .out and .redelivered.records == 0'
}

@test "line: no more than the window is in flight, and nothing is out before it is answered" {
	mkfifo go
	producer in
	IN=in start --confirm=line --window=2 sh -c 'echo $$ >command.ours
		while read -r x; do echo "$x" >>seen; read -r y <go; echo ok; done'
	producer_holds in
	feed '%s\n' a b c d
	until_true test -s seen
	snapshot_until '.in.records == 4 and .in_flight.records == 2'
	snap '.out.records == 0 and .sent.records == 2 and .held.records == 4'
	for i in 1 2 3 4; do
		release go
		snapshot_until ".out.records == $i"
	done
	producer_ends
	finish "exit 0"
	is "$(in_words seen)" "a b c d"
}

@test "line:REGEX: only what matches does, and other lines say nothing" {
	needs_patterns
	seq 5 >in
	IN=in run_weir --confirm='line:^ok [0-9]$' sh -c 'echo hello; while read -r x; do echo "not ok $x"; echo "ok $x"; echo bye; done'
	is "$ENDED" "exit 0"
	final '.out.records == 5 and .reader.ignored == 0'
}

@test "line: reject drops, the file of --dropped has it, and the status is 5" {
	printf '%s\n' good bad1 fine bad2 >in
	IN=in run_weir --confirm=line --dropped=file --dropped-reason sh -c 'while read -r x; do case $x in bad*) echo "reject $x" ;; *) echo ok ;; esac; done'
	is "$ENDED" "exit 5"
	is "$(cut -f 1 file)" "rejected tries=1 first=2 last=2 answer=reject bad1
rejected tries=1 first=4 last=4 answer=reject bad2"
	is "$(cut -f 2 file | paste -sd ' ')" "bad1 bad2"
	final '.out.records == 2 and .dropped.records == 2 and .dropped.by.rejected.records == 2 and .exit.reason == "rejected"'
}

@test "line: rejected goes before --fail-on-drop, and the status of COMMAND before both" {
	printf '%s\n' a b >in
	answer='while read -r x; do echo reject; done; exit'
	IN=in run_weir -p drop-oldest --fail-on-drop --confirm=line sh -c "$answer 0"
	is "$ENDED" "exit 5"
	IN=in run_weir -p drop-oldest --fail-on-drop --confirm=line sh -c "$answer 7"
	is "$ENDED" "exit 7"
}

@test "line: answers for what is not in flight are ignored, and counted" {
	seq 3 >in
	IN=in run_weir --confirm=line sh -c 'while read -r x; do echo ok; done; echo ok; echo reject; printf ok'
	is "$ENDED" "exit 0"
	final '.out.records == 3 and .dropped.records == 0 and .reader.ignored == 3'
}

@test "line: answers that come at the end are waited for, and any bytes are answers" {
	seq 3 >in
	IN=in run_weir --confirm=line sh -c 'cat >seen; printf "\0\377\n\r\n"; head -c 100000 /dev/zero; echo; exit 0'
	is "$ENDED" "exit 0"
	same in seen
	final '.out.records == 3'
}

@test "line: what was not answered when COMMAND ended is undelivered, or handed over again" {
	printf '%s\n' a b c >in
	IN=in run_weir --confirm=line sh -c 'cat >/dev/null; echo ok; exit 0'
	is "$ENDED" "signal 13"
	final '.out.records == 1 and .undelivered.records == 2'
	IN=in run_weir --confirm=line --restart --backoff=1ms sh -c "test \$WEIR_TRY = 1 && { cat >/dev/null; echo ok; exit 0; }; $cat_lines"
	is "$ENDED" "exit 0"
	is "$(in_words seen)" "b c"
	final '.out.records == 3 and .redelivered.records == 2 and .reader.starts == 2'
}

@test "answers of COMMAND may come by a FIFO, and its output is weir's" {
	mkfifo answers
	printf '%s\n' a b c >in
	IN=in run_weir --confirm=line --answers=answers sh -c 'exec 5>answers; while read -r x; do echo "$x"; echo ok >&5; done; exit 7'
	is "$ENDED" "exit 7"
	same in out
	final '.out.records == 3'
}

@test "and by the same FIFO when it is started again" {
	mkfifo answers
	seq 50 >in
	IN=in run_weir --confirm=line --answers=answers --restart --backoff=1ms sh -c 'exec 5>answers
		read -r x; echo "$x"; echo ok >&5; test "$x" -ge 5 || exit 1
		while read -r x; do echo "$x"; echo ok >&5; done'
	is "$ENDED" "exit 0"
	same in out
	final '.out.records == 50 and .reader.starts == 5'
}

@test "answers of who reads standard output" {
	mkfifo answers
	producer in
	IN=in start --confirm=line --answers=answers
	producer_holds in
	exec 6>answers
	feed '%s\n' a b c
	snapshot_until '.sent.records == 3'
	snap '.out.records == 0 and .in_flight.records == 3'
	echo ok >&6
	snapshot_until '.out.records == 1'
	printf o >&6
	snapshot
	snap '.out.records == 1'
	printf 'k\nreject\n' >&6
	snapshot_until '.out.records == 2 and .dropped.by.rejected.records == 1'
	exec 6>&-
	producer_ends
	finish "exit 5"
	is "$(in_words out)" "a b c"
}

@test "an answer that is cut off counts only when COMMAND has ended well" {
	seq 12 >in
	for how in 'exit 3' 'kill -KILL $$' 'exit 0'; do
		IN=in run_weir --number --confirm=number sh -c 'cat >seen
			echo 2; printf 1; '"$how"
		final ".reader.ignored == 0 and .out.records == $([[ $how == 'exit 0' ]] && echo 2 || echo 1)" || return
	done
	mkfifo answers
	producer pipe
	IGNORE=PIPE IN=pipe start --confirm=line --answers=answers
	producer_holds pipe
	exec 6>answers
	feed '%s\n' a b
	snapshot_until '.sent.records == 2'
	printf 'ok\nok' >&6
	exec 6>&-
	finish "exit 1"
	final '.out.records == 1 and .undelivered.records == 1'
}

@test "when those end and something is in flight, nobody will confirm it" {
	mkfifo answers
	producer in
	IGNORE=PIPE IN=in start --confirm=line --answers=answers
	producer_holds in
	exec 6>answers
	feed '%s\n' a b
	snapshot_until '.sent.records == 2'
	echo ok >&6
	exec 6>&-
	finish "exit 1"
	like "$(<err)" '^weir: answers: no more answers come$'
	final '.out.records == 1 and .undelivered.records == 1'
}

@test "what was answered before the reader went is out" {
	mkfifo answers
	empty_reader slow
	producer in
	IGNORE=PIPE IN=in OUT=slow start --confirm=line --answers=answers
	producer_holds in
	reader_holds
	exec 6>answers
	feed '%s\n' a b c
	snapshot_until '.sent.records == 3'
	# Of these weir hears the first when it comes, and would hear the second a little later.
	echo ok >&6
	echo ok >&6
	reader_goes
	finish "exit 1"
	exec 6>&-
	final '.out.records == 2 and .undelivered.records == 1 and .reader.state == "over"'
}

@test "answers and credits without end hold up neither the data nor a signal" {
	[[ -r /dev/zero ]] || skip "no /dev/zero"
	for options in "--confirm=line --answers=/dev/zero" "--credits=/dev/zero"; do
		rm -f in
		producer in
		# shellcheck disable=SC2086
		IN=in start --drain-timeout=0 $options
		producer_holds in
		feed 'a\n'
		snapshot_until '.in.records == 1'
		sig TERM
		finish "signal 15"
		producer_ends
	done
}

# --- Credits ----------------------------------------------------------------------------------------------------------------

@test "credits: nothing leaves but what was granted" {
	mkfifo credits
	seq 10 >in
	IN=in start --credits=credits
	exec 6>credits
	snapshot_until '.in.records == 10'
	snap '.out.records == 0'
	echo 2 >&6
	snapshot_until '.out.records == 2'
	env printf '1\nmany\n-1\n0\n' >&6
	snapshot_until '.out.records == 3 and .reader.ignored == 2'
	env printf '99999999999999999999999\n18446744073709551615\n5\n' >&6
	finish "exit 0"
	same in out
	exec 6>&-
}

@test "credits: when no more come, what is held is undelivered" {
	mkfifo credits
	seq 10 >in
	IN=in start --credits=credits
	exec 6>credits
	env printf '2\n1' >&6
	exec 6>&-
	finish "exit 1"
	is "$(in_words out)" "1 2 3"
	final '.undelivered.records == 7 and .exit.reason == "credits ended"'
	like "$(<err)" '^weir: credits: no more credits come$'
}

@test "credits: to COMMAND too, which is told that its input ends" {
	mkfifo credits
	seq 3 >in
	IN=in run_weir --credits=credits sh -c 'exec 5>credits; echo 1 >&5; while read -r x; do echo "$x"; echo 1 >&5; done'
	is "$ENDED" "exit 0"
	same in out
}

# --- Started again ----------------------------------------------------------------------------------------------------------

@test "--restart --retry=N: the record at which it dies N + 1 times is rejected" {
	printf '%s\n' a bad b >in
	IN=in run_weir --restart --retry=2 --backoff=1ms --confirm=line --dropped=file sh -c 'while read -r x; do
		echo "$x" >>seen; case $x in bad) exit 1 ;; esac; echo ok; done'
	is "$ENDED" "exit 5"
	is "$(in_words seen)" "a bad bad bad b"
	is "$(<file)" bad
	final '.out.records == 2 and .dropped.by.rejected.records == 1 and .reader.starts == 4 and .reader.failures == 3'
}

@test "a dead letter says of a COMMAND that was ended what for" {
	printf '%s\n' bad >in
	IN=in run_weir --restart --retry=0 --backoff=1ms --timeout=20ms --confirm=line --dropped=file --dropped-reason sleep 300
	is "$(<file)" $'rejected tries=1 first=1 last=1 timeout\tbad'
	rm file
	yes | head -c 300000 >in
	IN=in run_weir --restart --retry=0 --backoff=1ms --stall=20ms --max-records=1 --window=1 --confirm=line --dropped=file --dropped-reason \
		sh -c 'read -r x; [ "$WEIR_TRY" = 1 ] && exec sleep 300; exec sed -u s/.*/ok/'
	is "$(head -n 1 file)" $'rejected tries=1 first=1 last=1 stall\ty'
}

@test "a COMMAND that fails before all is out is named, one that fails at its end or is done early is not" {
	seq 100000 >in
	IN=in run_weir sh -c 'read -r x; exit 3'
	is "$ENDED" "exit 3"
	like "$(<err)" '^weir: sh ended with status 3 before all was out$'
	IN=in run_weir sh -c 'read -r x; kill -KILL $$'
	like "$(<err)" '^weir: sh was ended by signal 9 before all was out$'
	IN=in run_weir sh -c 'cat >/dev/null; exit 3'
	is "$ENDED" "exit 3"
	unlike "$(<err)" 'before all'
	IN=in run_weir sh -c 'read -r x'
	unlike "$(<err)" 'before all'
}

@test "a dead letter says how often it was handed over, and what the reader said last" {
	printf '%s\n' a bad b >in
	IN=in run_weir --restart --retry=2 --backoff=1ms --confirm=line --dropped=file --dropped-reason sh -c 'while read -r x; do
		case $x in bad) kill -KILL $$ ;; esac; echo ok; done'
	is "$(<file)" $'rejected tries=3 first=2 last=2 signal=9\tbad'
	rm file
	# What went with it was handed over as often, and an answer of any length and content is one field.
	IN=in run_weir --restart --backoff=1ms --number --confirm=number --dropped=file --dropped-reason sh -c 'read -r x; read -r x; read -r x
		[ "$WEIR_TRY" = 1 ] && { echo 1; exit 1; }
		printf "reject 3 \033[1m\ttoo\377 %0300d\n2\n" 0'
	is "$ENDED" "exit 5"
	is "$(cut -f 2- file)" b
	like "$(cut -f 1 file)" '^rejected tries=2 first=3 last=3 answer=reject 3 \\033\[1m\\011too\\377 0{80,}$'
}

@test "--restart: too few descriptors for any COMMAND: said, and over" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has descriptors of its own"
	local most
	seq 30 >in
	for most in 6 7 8 9 10 12; do
		IN=in with_descriptors "$most" run_weir --restart --backoff=1ms..1ms cat
		[[ $ENDED == "exit 0" ]] || { is "$ENDED" "exit 1" && is "$(grep -cE 'Too many open files|No file descriptors available' err)" 1; }
	done
}

@test "--restart --retry=0: at the first time" {
	printf '%s\n' a bad b worse >in
	IN=in run_weir --restart --retry=0 --backoff=1ms --confirm=line sh -c 'while read -r x; do
		echo "$x" >>seen; case $x in bad | worse) exit 1 ;; esac; echo ok; done'
	is "$(in_words seen)" "a bad b worse"
	final '.out.records == 2 and .dropped.by.rejected.records == 2'
}

@test "--restart: a COMMAND that ends when all is taken is not started again, and its status counts" {
	seq 3 >in
	IN=in run_weir --restart --backoff=1ms sh -c 'echo >>starts; cat >/dev/null; exit 7'
	is "$ENDED" "exit 7"
	is "$(lines_of starts)" 1
	printf '%s\n' bad a >in
	IN=in run_weir --restart --retry=0 --backoff=1ms --confirm=line sh -c 'read -r x; [ "$x" != bad ] || exit 1; echo ok; exit 7'
	is "$ENDED" "exit 7"
	final '.out.records == 1 and .dropped.by.rejected.records == 1'
}

@test "--restart: one that is down when the input ends, with nothing left, is not started for nothing" {
	producer in
	IN=in start --restart --backoff=1h sh -c 'echo >>starts; read -r x; exit 7'
	producer_holds in
	feed 'a\n'
	until_true grep -q 'try 2 follows' err
	producer_ends
	finish "exit 7"
	is "$(lines_of starts)" 1
	final '.out.records == 1 and .reader.state == "over" and .reader.status == 7'
	# Not either where what it died of was the last of all; that is what counts then.
	echo bad >bad
	IN=bad run_weir --restart --retry=0 --backoff=1h --confirm=line sh -c 'echo >>starts; read -r x; exit 7'
	is "$ENDED" "exit 5"
	is "$(lines_of starts)" 2
	final '.dropped.by.rejected.records == 1 and .reader.status == 7'
}

@test "--restart: another COMMAND without credits, and none that come, is the end" {
	seq 10 >in
	echo 5 >granted
	# shellcheck disable=SC2016
	IN=in run_weir --restart --backoff=1ms..1ms --confirm=line --credits=granted sh -c 'read -r a; [ "$WEIR_TRY" = 1 ] && exit 1
		echo ok; while read -r x; do echo ok; done'
	is "$ENDED" "exit 1"
	like "$(<err)" 'granted: no more credits come'
	final '.out.records == 0 and .undelivered.records == 10 and .reader.starts == 2'
}

# It has the last twentieth of the drain timeout for that, which a busy machine may take from it: tried more than once.
@test "a signal: where the end of a record that is partly out does not come COMMAND gets the end of its input all the same" {
	local try
	for try in 1 2 3 4 5; do
		rm -f fifo
		producer in
		IN=in start --confirm=written --drain-timeout="${try}s" sort
		producer_holds in
		feed 'b\na\nhalf'
		snapshot_until '.out.records == 2'
		sig TERM
		finish "signal 15"
		producer_ends
		[[ $(<out) != $'a\nb\nhalf' ]] || return 0
	done
	fail "sort never saw the end of its input"
}

@test "--restart: one that weir ends is not started again" {
	producer in
	IN=in start --restart --backoff=1ms --drain-timeout=10ms sh -c 'echo $$ >>command.ours; echo >>starts; exec sleep 300'
	producer_holds in
	feed 'a\n'
	until_true test -s starts
	snapshot_until '.sent.records == 1'
	sig TERM
	finish "signal 15"
	is "$(lines_of starts)" 1
	unlike "$(<err)" 'follows'
	until_true all_gone "$(<command.ours)"
	final '.undelivered.records == 1'
}

@test "--restart: while it waits for the next try a signal ends weir" {
	seq 3 >in
	IN=in start --restart --backoff=1h --drain-timeout=10ms false
	until_true grep -q 'try 2 follows' err
	sig TERM
	finish "signal 15"
	final '.undelivered.records == 3 and (.reader | .state == "over" and .next_try_ns == null)'
}

# --- Ended ------------------------------------------------------------------------------------------------------------------

@test "--timeout: a reader that confirms nothing for so long is ended, and killed where it does not heed that" {
	seq 3 >in
	IN=in run_weir --confirm=line --timeout=20ms sh -c 'echo $$ >command.ours; exec sleep 300'
	is "$ENDED" "exit 143"
	like "$(<err)" '^weir: sh has confirmed nothing for --timeout: it is ended$'
	final '.out.records == 0 and .undelivered.records == 3'
	producer fifo
	rm command.ours
	IN=fifo start --confirm=line --timeout=20ms sh -c 'trap "" TERM; echo $$ >command.ours; sleep 300'
	producer_holds fifo
	until_true test -s command.ours
	feed 'a\n'
	finish "exit 137"
	until_true all_gone "$(<command.ours)"
}

@test "what a COMMAND that was ended leaves in its process group is killed two seconds later, and waited for" {
	local how again

	# A restart, and the end of the run: in the meantime another COMMAND runs, or none.
	for how in restart once; do
		again=()
		[[ $how = once ]] || again=(--restart --backoff=1ms..1ms)
		producer $how
		IN=$how start --confirm=line --timeout=20ms "${again[@]}" sh -c '[ "$WEIR_TRY" = 1 ] || exec sed -u s/.*/ok/
			sh -c "trap : TERM; echo \$\$ >child.ours; while :; do sleep 300; done" & exec sleep 300'
		producer_holds $how
		until_true test -s child.ours
		feed 'a\n'
		case $how in
		restart)
			until_true all_gone "$(<child.ours)"
			producer_ends
			finish "exit 0"
			;;
		once)
			finish "exit 143"
			until_true all_gone "$(<child.ours)"
			producer_ends
			;;
		esac
		rm child.ours
	done
}

@test "as process 1, where nobody else reaps what COMMAND leaves behind, weir does not wait for the dead" {
	[[ -z $WEIR_UNDER ]] || skip "too slow under $WEIR_UNDER"
	local new=(unshare --user --map-root-user --pid --fork --mount-proc) begun try
	"${new[@]}" true 2>/dev/null || skip "no namespaces"
	for try in 1 2 3 4 5 6 7 8 9 10; do
		begun=$(date +%s%N)
		# The first of the group ends before the other, which so is nobody's.
		echo a | "${new[@]}" "$WEIR" -q --batch=1 --timeout=500ms --retry=0 sh -c '
			sh -c "trap \"sleep 0.1; exit\" TERM; sleep 300 & wait" & exec sleep 300' 2>err || :
		(($(date +%s%N) - begun >= 2000000000)) || return 0 # a busy machine may need more tries than one
	done
	fail "it takes two seconds each time: $(<err)"
}

@test "--timeout: with --restart another one takes it up" {
	seq 3 >in
	IN=in run_weir --confirm=line --timeout="$PATIENCE" --restart --backoff=1ms sh -c "$cat_lines"
	is "$ENDED" "exit 0"
	final '.reader.starts == 1'
	# a busy machine may make a second one late as well, but not all of them
	IN=in run_weir --confirm=read --timeout=100ms --restart --backoff=1ms..1ms sh -c 'echo $$ >>command.ours
		test $WEIR_TRY = 1 && exec sleep 300; cat'
	is "$ENDED" "exit 0"
	final '.out.records == 3 and .reader.starts > 1'
	like "$(<err)" '^weir: sh has confirmed nothing for --timeout: it is ended'
}

@test "--timeout: without COMMAND the run ends" {
	mkfifo answers
	seq 3 >in
	exec 6<>answers
	IGNORE=PIPE IN=in run_weir --confirm=line --answers=answers --timeout=20ms
	exec 6>&-
	is "$ENDED" "exit 1"
	like "$(<err)" '^weir: standard output: the reader has confirmed nothing for --timeout$'
	final '.undelivered.records == 3'
}

@test "--stall: a reader that takes nothing is given up with status 4" {
	stalled_reader full
	seq 3 >in
	IN=in OUT=full start -p drop-newest --stall=20ms
	reader_holds
	finish "exit 4"
	final '.exit.reason == "stalled" and .undelivered.records == 3'
}

@test "--stall: COMMAND is ended, and the status is 4, whatever confirms" {
	seq 100000 >in
	for confirm in read written; do
		IN=in run_weir --confirm=$confirm --stall=20ms sh -c 'echo $$ >command.ours; exec sleep 300'
		is "$ENDED" "exit 4" "$confirm"
		like "$(<err)" '^weir: sh has taken nothing for --stall: it is ended$'
		final '.exit.reason == "stalled" and .undelivered.records > 0'
		until_true all_gone "$(<command.ours)"
	done
}

@test "--stall: one that has closed its input takes nothing either" {
	seq 3 >in
	IN=in run_weir --stall=20ms sh -c 'echo $$ >command.ours; exec sleep 300 <&-'
	is "$ENDED" "exit 4"
	final '.undelivered.records == 3'
}

@test "--stall: what credits hold up, and an idle input, is no stall" {
	mkfifo credits
	producer in
	IN=in start --credits=credits --stall=1ms cat
	producer_holds in
	exec 6>credits
	snapshot
	snapshot
	feed 'a\nb\n'
	snapshot_until '.in.records == 2'
	snapshot
	snapshot
	echo 2 >&6
	snapshot_until '.out.records == 2'
	producer_ends
	finish "exit 0"
	exec 6>&-
}

@test "--stall: with --restart another one takes it up" {
	seq 100000 >in
	IN=in run_weir --stall=100ms --restart --backoff=1ms..1ms sh -c 'echo $$ >>command.ours
		test $WEIR_TRY = 1 && exec sleep 300; cat >/dev/null'
	is "$ENDED" "exit 0"
	final '.out.records == 100000 and .reader.starts > 1'
}

@test "a signal: what is held gets out, COMMAND sees its end, and weir ends by the signal" {
	producer in
	for signal in TERM INT HUP; do
		IN=in start sh -c 'cat >got; echo over >>got'
		until_true test -e got
		exec 6>in
		exec 9>&-
		feed_to_6 'one\n'
		snapshot_until '.out.records == 1'
		sig $signal
		printf 'two\n' >&6
		exec 6>&-
		finish "signal $(kill -l $signal)"
		is "$(in_words got)" "one two over"
		rm got
		exec 9<>in
	done
}

feed_to_6()
{
	env printf "$@" >&6
}

@test "a signal: a COMMAND that hangs is ended when the drain timeout is over, and killed if need be" {
	producer in
	IN=in start --drain-timeout=10ms sh -c 'trap "" TERM; echo $$ >command.ours; sleep 300 & echo $! >child.ours; wait'
	producer_holds in
	until_true test -s child.ours
	sig TERM
	finish "signal 15"
	until_true all_gone "$(<command.ours)" "$(<child.ours)" # the whole process group
}

@test "a signal: the same one again does not wait for COMMAND" {
	producer in
	IN=in start --drain-timeout=1h sh -c 'echo $$ >command.ours; exec sleep 300'
	producer_holds in
	up_with_warden
	feed 'a\n'
	snapshot_until '.sent.records == 1'
	sig INT
	until_true again_ended INT
	finish "signal 2"
	final '.undelivered.records == 1'
	until_true all_gone "$WARDEN" "$READER"
}

# again_ended SIGNAL: one that comes soon is the same one, so that it is sent again and again
again_ended()
{
	[[ -e status ]] || kill "-$1" "$(<pid)" 2>/dev/null
	[[ -e status ]]
}

# --- What weir itself does --------------------------------------------------------------------------------------------------

@test "nothing is opened once the first byte has been read, with a COMMAND neither" {
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	case $WEIR_UNDER in asan | coverage) skip "it writes files of its own" ;; esac
	mkfifo answers
	seq 3 >in
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout -k 1 "$PATIENCE" strace -o trace "$WEIR" -q --restart --backoff=1ms \
		--confirm=line sh -c "test \$WEIR_TRY = 1 && { read -r x; echo ok; exit 1; }; $cat_lines" <in >out 2>err 3>&- 4>&-
	is "$(in_words seen)" "2 3"
	data=$(grep -nE '^(readv|preadv2|recvmsg|splice|tee)\(' trace | head -n 1 | cut -d : -f 1)
	tail -n "+$data" trace >rest
	! grep -E '^(open|openat|openat2|creat|execve|socket|connect|unlink|rename|mkdir|fork|vfork|clone|clone3)\(' rest
	grep -q '^prctl(PR_SET_NO_NEW_PRIVS, 1' trace
}

@test "without a reader of its own weir starts nothing, and asks for nothing" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	case $WEIR_UNDER in asan | coverage | tsan) skip "it does things of its own" ;; esac
	seq 3 >in
	timeout -k 1 "$PATIENCE" strace -f -o trace "$WEIR" -q <in >out 2>err 3>&- 4>&-
	same in out
	! grep -E ' (fork|vfork|clone|clone3|socketpair|socket|pipe|pipe2|memfd_create)\(' trace
	is "$(grep -c ' execve(' trace)" 1
}

@test "--restart: a mark behind the last record, which has no delimiter, stands apart from it" {
	local number
	printf 'one\ntwo\nthree' >in
	for number in '' --number; do
		# All is handed over before the first one ends, and so rejects the first record.
		IN=in run_weir --restart --retry=0 --backoff=1ms --confirm=line --mark-drops='-{records}' $number sh -c 'read -r a
			case $WEIR_TRY in 1) cat >/dev/null; exit 1 ;; esac
			{ echo "$a"; cat; } >got; echo; echo; echo'
		is "$ENDED $(cut -f 2 got | paste -sd,)" "exit 5 two,three,-1"
	done
}
