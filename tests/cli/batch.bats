#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2010,SC2012,SC2016,SC2030,SC2031,SC2034,SC2046,SC2238
#
# COMMAND run once for each batch: what is in one, when it goes, and what becomes of it.

load common

# What COMMAND does: it appends what it has been told of its batch to ./log, and the batch to ./got.
take='echo "$WEIR_FIRST $WEIR_LAST $WEIR_RECORDS $WEIR_BYTES $WEIR_TRY" >>log; cat >>got'

# The same, but first it says that it has it (a line in ./begun), and waits at the barrier ./go.FIRST, which is there.
wait_and_take='echo "$WEIR_FIRST" >>begun; : <"go.$WEIR_FIRST"; '$take

eval "common_$(declare -f setup)"
setup()
{
	common_setup || return
	: >log
	: >got
	: >begun
}

# barriers FIRST...: those that COMMANDs are to wait at
barriers()
{
	local first
	for first; do
		mkfifo "go.$first"
	done
}

# fed_by_hand [OPTION]...: weir, which reads what the test feeds.
fed_by_hand()
{
	producer fifo
	IN=fifo start "$@"
	producer_holds fifo
}

logged()
{
	paste -sd, log
}

# has_begun COUNT: so many COMMANDs have come to their barriers.
has_begun()
{
	more_lines_than begun $(($1 - 1))
}

nobody_is_here()
{
	local process
	while read -r process; do
		process=${process#/proc/}
		[[ $process == "$$" || $process == "$BASHPID" ]] || is_of_test "$process" || return
	done < <(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$PWD" -printf '%h\n' 2>/dev/null)
}

# The test itself: bats has some processes between it and its end.
is_of_test()
{
	local name
	name=$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) || return 0
	[[ $name == *bats* || ! $name ]]
}

# --- What is in a batch -----------------------------------------------------------------------------------------------------

@test "a batch is so many records" {
	seq 10 >in
	IN=in run_weir --batch=3 sh -c "$take"
	is "$ENDED" "exit 0"
	is "$(logged)" "1 3 3 6 1,4 6 3 6 1,7 9 3 6 1,10 10 1 3 1"
	same in got
	final '.out == {records: 10, bytes: 21} and .sent == .out and .redelivered.records == 0'
	final '.reader | .batches == 4 and .starts == 4 and .failures == 0 and .running == 0 and .status == 0'
	is "$(cat err)" ""
}

@test "a batch is so many bytes, or the first of both" {
	seq 9 >in
	IN=in run_weir --batch=7B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 3 3 6 1,4 6 3 6 1,7 9 3 6 1"
	: >log
	IN=in run_weir --batch=8B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 4 4 8 1,5 8 4 8 1,9 9 1 2 1"
	: >log
	IN=in run_weir --batch=2,7B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 2 2 4 1,3 4 2 4 1,5 6 2 4 1,7 8 2 4 1,9 9 1 2 1"
	: >log
	IN=in run_weir --batch=5,7B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 3 3 6 1,4 6 3 6 1,7 9 3 6 1"
}

@test "a batch of one, and one of all" {
	seq 3 >in
	IN=in run_weir --batch=1 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 1 1 2 1,2 2 1 2 1,3 3 1 2 1"
	: >log
	IN=in run_weir --batch=1000000 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 3 3 6 1"
	IN=nothing run_weir --batch=1 sh -c "$take"
	is "$ENDED $(lines_of log)" "exit 0 1"
	final '.reader.starts == 0 and .exit.reason == "end of input"'
}

@test "a record that is longer than a batch goes alone" {
	printf '%s\n' 1 2 longlong 3 4 5 >in
	IN=in run_weir --batch=5B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 2 2 4 1,3 3 1 9 1,4 5 2 4 1,6 6 1 2 1"
	same in got
}

@test "a long one goes whole, though not in one write" {
	head -c 3000000 /dev/zero | tr '\0' x >in
	printf '\nshort\n' >>in
	IN=in run_weir -m 16M --max-record=8M --batch=100B sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 1 1 3000001 1,2 2 1 6 1"
	same in got
}

@test "the last record has no end: it goes as it is" {
	printf '1\n2\n3' >in
	IN=in run_weir --batch=2 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 2 2 4 1,3 3 1 1 1"
	same in got
	for options in --bisect --mark-drops; do
		: >log
		IN=in run_weir --batch=2 -p drop-newest $options sh -c "$take"
		is "$ENDED $(logged)" "exit 0 1 2 2 4 1,3 3 1 1 1" "with $options"
	done
}

@test "records of other kinds" {
	printf 'a\0b\0c\0' >in
	IN=in run_weir -0 --batch=2 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 2 2 4 1,3 3 1 2 1"
	same in got
	: >log
	: >got
	printf aabbccd >in
	IN=in run_weir --fixed=2 --batch=3 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 3 3 6 1,4 4 1 1 1"
	same in got
}

@test "bytes: batches of so many, and no serials" {
	seq 400000 >in
	IN=in run_weir -b --batch=1MB sh -c "$take"
	is "$ENDED" "exit 0"
	same in got
	is "$(logged)" "0 0 0 1000000 1,0 0 0 1000000 1,0 0 0 688895 1"
	final '.out.bytes == 2688895 and .reader.batches == 3'
}

@test "serials have gaps where records were dropped" {
	printf '%s\n' 1 tooooo 3 4 tooooo 6 >in
	IN=in run_weir -p drop-newest --max-record=4 --batch=2 sh -c "$take"
	is "$(logged)" "1 3 2 4 1,4 6 2 4 1"
	is "$(paste -sd, got)" "1,3,4,6"
	final '.dropped.by.oversize.records == 2'
}

@test "what is longer than --max-record is not handed over, whatever the policy: under block that is status 5" {
	printf '%s\n' 1 tooooo 3 tooooo >in
	IN=in run_weir --max-record=4 --batch=2 sh -c "$take"
	is "$ENDED $(paste -sd, got)" "exit 5 1,3"
	is "$(cat err)" "weir: standard input: what was longer than --max-record was dropped"
	final '.exit.reason == "record too long" and .dropped.by.oversize.records == 2'
	: >got
	IN=in run_weir -p drop-oldest --max-record=4 --batch=2 sh -c "$take"
	is "$ENDED $(paste -sd, got) $(cat err)" "exit 0 1,3 "
	final '.exit.reason == "end of input" and .dropped.by.oversize.records == 2'
}

@test "marks go with their batch, and are none of its records" {
	printf '%s\n' 1 tooooo 3 4 tooooo 6 >in
	IN=in run_weir -p drop-newest --max-record=4 --mark-drops='<{records}>' --batch=2 sh -c "$take"
	is "$(logged)" "1 3 2 4 1,4 6 2 4 1"
	is "$(paste -sd, got)" "1,<1>,3,4,<1>,6"
	final '.marks.records == 2 and .out == {records: 4, bytes: 8}'
}

@test "a mark at the end, with nothing behind it, is a batch that is waited for" {
	printf '%s\n' 1 tooooo >in
	IN=in run_weir -p drop-newest --max-record=4 --mark-drops='<{records}>' --batch=1 sh -c "sleep 0.1; $take"
	is "$(logged)" "1 1 1 2 1,0 0 0 0 1"
	is "$(paste -sd, got)" "1,<1>"
	printf '%s\n' tooooo >in
	: >log
	: >got
	IN=in run_weir -p drop-newest --max-record=4 --mark-drops='<{records}>' --batch=5 sh -c "sleep 0.1; $take"
	is "$(paste -sd, got)" "<1>"
	is "$(cat err)" "$(grep -v 'sh was ended' err)"
}

# --- When it goes -----------------------------------------------------------------------------------------------------------

@test "linger: what is not full waits, and goes when it is full" {
	fed_by_hand --batch=3 --linger=1h sh -c "$take"
	feed '1\n2\n'
	snapshot_until '.in.records == 2'
	snap '.held.records == 2 and .in_flight.records == 0 and .out.records == 0 and .reader.starts == 0'
	snap '.reader.state == "idle"'
	feed '3\n4\n'
	snapshot_until '.out.records == 3'
	snap '.held.records == 1 and .reader.starts == 1'
	producer_ends
	finish "exit 0"
	is "$(logged)" "1 3 3 6 1,4 4 1 2 1"
}

@test "linger: it goes when its oldest has waited for so long, and not before" {
	fed_by_hand --batch=3 --linger=300ms sh -c 'cut -d" " -f1 /proc/uptime >>when; '"$take"
	cut -d" " -f1 /proc/uptime >fed
	feed '1\n'
	snapshot_until '.out.records == 1'
	awk 'NR == 1 { fed = $1; next } { exit !($1 - fed >= 0.28) }' fed when || fail "$(cat fed when)"
	producer_ends
	finish "exit 0"
	is "$(logged)" "1 1 1 2 1"
}

@test "linger: 0 is at once" {
	fed_by_hand --batch=3 --linger=0 sh -c "$take"
	for i in 1 2 3; do
		feed "$i\n"
		snapshot_until ".out.records == $i"
	done
	producer_ends
	finish "exit 0"
	is "$(logged)" "1 1 1 2 1,2 2 1 2 1,3 3 1 2 1"
}

@test "a full buffer: it goes, however long it may linger" {
	for policy in block drop-newest drop-oldest; do
		rm -f fifo
		: >got
		fed_by_hand -p $policy --max-records=3 --batch=1000 --linger=1h sh -c "$take"
		feed '1\n2\n3\n4\n'
		snapshot_until '.out.records >= 3' || fail "under $policy"
		producer_ends
		finish "exit 0"
		[[ $policy != block ]] || is "$(paste -sd, got)" "1,2,3,4"
	done
}

@test "the buffer is full of bytes: the same" {
	fed_by_hand -m 8K --batch=1000000 --linger=1h sh -c "$take"
	seq 5000 >in
	bg cat in >&9
	producer_ends
	finish "exit 0"
	same in got
	final '.paused.count > 0'
}

@test "the input ends: it goes" {
	fed_by_hand --batch=1000 --linger=1h sh -c "$take"
	feed '1\n2\n'
	snapshot_until '.in.records == 2'
	producer_ends
	finish "exit 0"
	is "$(logged)" "1 2 2 4 1"
}

@test "a signal: it goes, before the input ends" {
	fed_by_hand --batch=1000 --linger=1h --drain-timeout=1h sh -c "$take"
	feed '1\n2\n'
	snapshot_until '.in.records == 2'
	sig TERM
	snapshot_until '.out.records == 2'
	feed '3\n'
	snapshot_until '.out.records == 3'
	producer_ends
	finish "signal 15"
	final '.undelivered.records == 0 and .exit.reason == "signal TERM"'
	is "$(logged)" "1 2 2 4 1,3 3 1 2 1"
}

@test "the rate holds the rest of it back: it goes when it has lingered" {
	fed_by_hand -L 1/h --burst=2 --batch=5 --linger=100ms sh -c "$take"
	feed '1\n2\n3\n'
	snapshot_until '.out.records == 2'
	snap '.held.records == 1'
	sig KILL
	finish "signal 9"
	is "$(logged)" "1 2 2 4 1"
}

@test "no more credits come: what has been let out is taken first" {
	seq 5 >in
	echo 3 >granted
	IN=in run_weir --batch=2 --credits=granted --linger=10ms sh -c "sleep 0.1; $take"
	is "$ENDED $(logged)" "exit 1 1 2 2 4 1,3 3 1 2 1"
	final '.exit.reason == "credits ended" and .undelivered.records == 2 and .out.records == 3'
}

@test "what comes at once is in a batch before anything gives way to it" {
	seq 20 >in
	IN=in run_weir -p drop-newest --max-records=20 --batch=20 sh -c "$take"
	is "$ENDED $(logged)" "exit 0 1 20 20 51 1"
	: >got
	IN=in run_weir -p drop-oldest --max-records=3 --batch=5 --linger=1h sh -c "$take"
	like "$(paste -sd, got)" "^1,2,3,4,5"
}

# --- So many at once --------------------------------------------------------------------------------------------------------

@test "jobs: so many run at once, never more, and end in any order" {
	barriers 1 2 3 4 5
	seq 5 >in
	IN=in start --batch=1 -j 3 sh -c "$wait_and_take"
	until_true has_begun 3
	snapshot
	snap '.reader | .running == 3 and .starts == 3 and .state == "running"'
	snap '.in_flight == {records: 3, bytes: 6} and .held.records == 5 and .out.records == 0'
	is "$(sort begun | paste -sd,)" "1,2,3"
	release go.2
	until_true has_begun 4
	snapshot_until '.out.records == 1 and .reader.running == 3'
	snap '.in_flight.records == 3 and .held.records == 4 and .reader.starts == 4'
	is "$(paste -sd, got)" 2
	release go.4
	until_true has_begun 5
	for i in 5 3 1; do
		release "go.$i"
		[[ $i == 1 ]] || snapshot_until ".out.records == $((i == 5 ? 3 : 4))"
	done
	finish "exit 0"
	is "$(paste -sd, got)" "2,4,5,3,1"
	final '.reader | .starts == 5 and .batches == 5'
}

@test "one at a time unless more are asked for" {
	barriers 1 2 3
	seq 3 >in
	IN=in start --batch=1 sh -c "$wait_and_take"
	for i in 1 2 3; do
		until_true has_begun $i
		snapshot
		snap ".reader.running == 1 and .reader.starts == $i and .in_flight.records == 1"
		release "go.$i"
	done
	finish "exit 0"
	is "$(paste -sd, got)" "1,2,3"
}

@test "more jobs than there are descriptors: so many as there can be" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has descriptors of its own"
	seq 40 >in
	(ulimit -n 24 && IN=in run_weir --batch=1 -j 1000 sh -c 'sleep 0.1; cat >>got' && is "$ENDED" "exit 0")
	is "$(sort -n got | paste -sd,)" "$(paste -sd, in)"
}

@test "too few descriptors for any: said, and over" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has descriptors of its own"
	local most
	seq 30 >in
	for most in 6 7 8 9 10 12; do
		IN=in with_descriptors "$most" run_weir --batch=10 -j 100 cat
		[[ $ENDED == "exit 0" ]] || { is "$ENDED" "exit 1" && like "$(<err)" 'Too many open files|No file descriptors available'; }
	done
}

@test "the warden does not come to what it is asked: what is late is ended all the same" {
	local warden
	producer pipe
	IN=pipe start --batch=1 -j 320 --timeout=100ms --retry=0 --backoff=1ms..1ms sleep 300
	producer_holds pipe
	until_true has_warden
	kill -STOP "$warden"
	seq 320 >feeding
	cat feeding >&9
	snapshot_until '.in_flight.records == 320'
	sleep 0.5 # all have had their time
	kill -CONT "$warden"
	producer_ends
	finish "exit 5"
	final '.dropped.by.rejected.records == 320'
}

has_warden()
{
	warden=$(pgrep -x -P "$(<pid)" weir-warden)
}

# --- Its standard input -----------------------------------------------------------------------------------------------------

@test "standard input is a file with a length, which is COMMAND's to read only" {
	printf '%s\n' 1 2 >in
	IN=in run_weir --batch=2 sh -c '
		stat -L -c "%F %s" /dev/stdin >>log
		sed -n "s/^pos:[^0-9]*/pos /p" /proc/self/fdinfo/0 >>log
		(echo x >&0) 2>/dev/null && echo "written to" >>log
		(echo x >>/proc/self/fd/0) 2>/dev/null && echo "written to by its name" >>log
		(: >/proc/self/fd/0) 2>/dev/null
		cat >>got'
	is "$ENDED $(logged)" "exit 0 regular file 4,pos 0"
	same in got
}

@test "each try has it from the beginning, though the last one has read a part" {
	seq 1000 >in
	IN=in run_weir --batch=1000 --backoff=1ms sh -c '
		sed -n "s/^pos:[^0-9]*//p" /proc/self/fdinfo/0 >>log
		[ "$WEIR_TRY" -ge 3 ] || { head -c 100 >/dev/null; exit 1; }
		cat >got'
	is "$ENDED $(logged)" "exit 0 0,0,0"
	same in got
	final '.reader | .starts == 3 and .failures == 2 and .batches == 1'
}

@test "COMMAND has weir's output, and nothing that weir has opened" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has descriptors of its own"
	seq 1 >in
	"$HELPERS/given" <in >mine 3>&- 6>&- 7>&- 8>&- 9>&-
	IN=in run_weir --batch=1 --dropped=lost -p drop-newest "$HELPERS/given"
	is "$ENDED" "exit 0"
	is "$(grep ^descriptors out)" "$(grep ^descriptors mine)"
	is "$(grep -c '^WEIR_NAME=\|^WEIR_TRY=1$\|^WEIR_FIRST=1$\|^WEIR_LAST=1$\|^WEIR_RECORDS=1$\|^WEIR_BYTES=2$' out)" 6
}

@test "COMMAND that reads nothing, or closes its input, has taken it all the same" {
	seq 5 >in
	IN=in run_weir --batch=2 true
	is "$ENDED" "exit 0"
	final '.out.records == 5'
	IN=in run_weir --batch=2 sh -c 'exec <&-; exit 0'
	is "$ENDED" "exit 0"
	final '.out.records == 5'
}

@test "children that COMMAND leaves are not waited for" {
	mkfifo never
	seq 2 >in
	IN=in run_weir --batch=2 sh -c 'sh -c ": <never" & cat >got'
	is "$ENDED" "exit 0"
	same in got
	release never
}

# --- Failures ---------------------------------------------------------------------------------------------------------------

@test "a failure: tried again until it is taken, and said once" {
	seq 2 >in
	IN=in run_weir --batch=2 --backoff=1ms..1ms sh -c 'echo "$WEIR_TRY" >>log; [ "$WEIR_TRY" -ge 4 ] || exit 9; cat >got'
	is "$ENDED $(logged)" "exit 0 1,2,3,4"
	is "$(cat err)" "weir: sh ended with status 9 (try 1)"
	final '.reader | .failures == 3 and .starts == 4 and .batches == 1'
	final '.sent.records == 2 and .redelivered.records == 6 and .dropped.records == 0'
}

@test "a failure is said anew after a success" {
	seq 2 >in
	IN=in run_weir --batch=1 --backoff=1ms sh -c '[ "$WEIR_TRY" -ge 2 ] || kill -KILL $$'
	is "$ENDED" "exit 0"
	is "$(cat err)" "weir: sh was ended by signal 9 (try 1)
weir: sh was ended by signal 9 (try 1)"
}

@test "retry: after so many tries it is dropped, and the next one is tried" {
	seq 4 >in
	for retries in 0 2; do
		: >log
		IN=in run_weir --batch=2 --backoff=1ms..1ms --retry=$retries --dropped=lost -p drop-newest \
			sh -c 'echo "$WEIR_FIRST.$WEIR_TRY" >>log; [ "$WEIR_FIRST" != 1 ] || exit 1; cat >got'
		is "$ENDED" "exit 5" || fail "with --retry=$retries"
		final '.dropped.by.rejected == {records: 2, bytes: 4} and .out.records == 2 and .exit.reason == "rejected"'
		final ".reader.failures == $((retries + 1))"
		is "$(logged)" "$(for ((i = 1; i <= retries + 1; i++)); do echo "1.$i"; done | paste -sd,),3.1"
		is "$(paste -sd, lost) $(paste -sd, got)" "1,2 3,4"
		rm lost
	done
}

@test "status 65 is an answer: rejected at once, and no failure" {
	seq 4 >in
	IN=in run_weir --batch=2 sh -c 'echo "$WEIR_FIRST.$WEIR_TRY" >>log; [ "$WEIR_FIRST" != 1 ] || exit 65; cat >got'
	is "$ENDED $(logged)" "exit 5 1.1,3.1"
	final '.dropped.by.rejected == {records: 2, bytes: 4} and .out.records == 2 and .reader.failures == 0'
	is "$(paste -sd, got)" "3,4"
}

# bisected POISON...: what is left of eight, by each way of refusing
bisected()
{
	local status want
	printf '%s\n' "$@" >poison
	seq 8 >in
	want=$(grep -vxFf poison in | paste -sd,) || :
	for status in 65 1; do
		rm -f lost
		: >got
		IN=in run_weir -p drop-newest --batch=8 --bisect --retry=0 --backoff=1ms..1ms --dropped=lost sh -c '
			cat >batch.$$
			! grep -qxFf poison batch.$$ || exit '$status'
			cat batch.$$ >>got'
		is "$ENDED" "exit 5" || return
		is "$(paste -sd, lost)" "$(paste -sd, poison)" "dead letters of $*, status $status" || return
		is "$(paste -sd, got)" "$want" "what was taken, but for $*, status $status" || return
		final ".dropped.by.rejected.records == $# and .out.records == $((8 - $#))" || return
	done
}

@test "bisect: the poison is found, and all else is taken, in order" {
	bisected 3
	bisected 1
	bisected 8
	bisected 3 4
	bisected 2 7
	bisected 1 3 5 7
	bisected 1 2 3 4 5 6 7 8
}

@test "bisect: parts that fail have tries of their own, and open no breaker" {
	seq 8 >in
	IN=in run_weir --batch=8 --bisect --retry=2 --backoff=1ms..1ms sh -c 'echo "$WEIR_FIRST-$WEIR_LAST.$WEIR_TRY" >>log; ! grep -qx 8'
	is "$ENDED" "exit 5"
	is "$(logged)" "1-8.1,1-8.2,1-8.3,1-4.1,5-8.1,5-8.2,5-8.3,5-6.1,7-8.1,7-8.2,7-8.3,7-7.1,8-8.1,8-8.2,8-8.3"
	final '.reader.breaker.opened == 0 and .dropped.by.rejected.records == 1 and .out.records == 7'
}

@test "a dead letter says which batch it was in, how often that was tried, and how it ended" {
	seq 6 >in
	IN=in run_weir --batch=4 --retry=1 --backoff=1ms..1ms --dropped=lost --dropped-reason sh -c '[ "$WEIR_FIRST" = 1 ] && exit 7; kill -KILL $$'
	is "$(<lost)" "$(printf 'rejected tries=2 first=1 last=4 status=7\t%s\n' 1 2 3 4
		printf 'rejected tries=2 first=5 last=6 signal=9\t%s\n' 5 6)"
	rm lost
	IN=in run_weir --batch=6 --bisect --retry=0 --backoff=1ms..1ms --dropped=lost --dropped-reason sh -c '! grep -q 5 || exit 65'
	is "$(<lost)" $'rejected tries=4 first=5 last=5 status=65\t5'
	rm lost
	IN=in run_weir --batch=6 --retry=0 --timeout=10ms --dropped=lost --dropped-reason sh -c 'exec sleep 300'
	is "$(cut -f 1 lost | uniq)" "rejected tries=1 first=1 last=6 timeout"
	rm lost
	IN=in run_weir -b --batch=4B --retry=0 --dropped=lost --dropped-reason sh -c 'exit 65'
	is "$(<lost)" $'rejected tries=1 status=65\t1\n2\nrejected tries=1 status=65\t3\n4\nrejected tries=1 status=65\t5\n6'
}

@test "dead letters are whole, and without the marks of their batch" {
	printf '%s\n' 1 tooooo 3 4 tooooo 6 >in
	for bisect in "" --bisect; do
		rm -f lost
		IN=in run_weir -p drop-newest --max-record=4 --mark-drops='<{records}>' --dropped=lost --batch=4 $bisect sh -c 'exit 65'
		is "$ENDED" "exit 5"
		is "$(paste -sd, lost)" "tooooo,tooooo,1,3,4,6" "dead letters, $bisect"
		final '.dropped.by.rejected == {records: 4, bytes: 8} and .out.records == 0 and .dropped_unsaved.records == 0'
	done
}

@test "dead letters of more than one read" {
	seq 20000 >in
	IN=in run_weir -p drop-newest --dropped=lost --batch=20000 --linger=1h sh -c 'exit 65'
	is "$ENDED" "exit 5"
	same in lost
}

@test "timeout: COMMAND that takes longer is ended, with its children, and has failed" {
	mkfifo never
	seq 2 >in
	IN=in run_weir --batch=2 --timeout=100ms --backoff=1ms sh -c '
		[ "$WEIR_TRY" = 1 ] || { cat >got; exit; }
		sh -c ": <never"
		exit 0'
	is "$ENDED" "exit 0"
	same in got
	is "$(cat err)" "weir: sh took longer than --timeout (try 1)"
	final '.reader.failures == 1'
	until_true nobody_is_here
}

@test "timeout: one that takes no notice of TERM is killed" {
	mkfifo never
	seq 2 >in
	IN=in run_weir --batch=2 --timeout=100ms --backoff=1ms sh -c '
		[ "$WEIR_TRY" = 1 ] || { cat >got; exit; }
		trap "" TERM
		: <never
		exit 0'
	is "$ENDED" "exit 0"
	same in got
	until_true nobody_is_here
}

# sleeps_until_go [OPTION]...: COMMANDs that end when they are let, and what is in flight meanwhile, once all has been read.
sleeps_until_go()
{
	rm -f go
	IN=in start -m 64K --batch=100k "$@" sh -c 'cat >/dev/null; echo "$WEIR_BYTES" >>sizes; until [ -e go ]; do sleep 0.05; done'
	snapshot_until ".in.records == $(wc -l <in) and .reader.running > 0"
	FLIES=$(jq '.in_flight.bytes' <<<"$SNAP")
	: >go
	finish "exit 0"
	final '.reader.failures == 0 and .undelivered.records == 0 and .dropped.records > 0'
}

@test "what runs is bounded by the buffer: a policy drops, and the next batch waits for the end of one" {
	seq 100000 200000 >in
	sleeps_until_go -p drop-oldest -j 8
	((FLIES <= 65536)) || fail "$FLIES bytes are in flight" || return
	# Each job has a part of it.
	is "$(sort -n sizes | tail -n 1)" 8190 # of 7 bytes each
	# But for a single longer record.
	seq -f '%08999.0f' 1000 >in
	rm sizes
	sleeps_until_go -p drop-oldest -j 100 --buffer=32K
	((FLIES <= 32768 + 9000)) || fail "$FLIES bytes are in flight" || return
	is "$(sort -u sizes)" 9000
}

@test "codel: what no batch has room for waits, and is not dropped for it" {
	local i
	producer in.fifo
	IN=in.fifo start -m 100K -p codel:300ms/600ms -j 100 --batch=100k --linger=10ms sh -c 'cat >/dev/null; until [ -e go ]; do sleep 0.05; done'
	producer_holds in.fifo
	# Each is longer than the part of a job, and a batch by itself; a job is left, and no room.
	for i in 1 2 3 4 5 6 7 8 9 10; do printf '%010199d\n' "$i"; done >&9
	snapshot_until '.in_flight.bytes == 102000'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		printf '%d\n' "$i" >&9
		sleep 0.2
		snapshot
	done
	is "$(jq -c '[.held.records, .dropped.records]' <<<"$SNAP")" '[20,0]'
	: >go
	producer_ends
	finish "exit 0"
	final '.out.records == 20'
}

@test "where a batch has ended, what waits lingers: there is room again" {
	seq -f '%099.0f' 5000 >in
	local jobs
	for jobs in 1 2 5; do
		rm -f sizes
		IN=in run_weir -m 64K -j "$jobs" --batch=100k --linger=1h sh -c 'cat >/dev/null; echo "$WEIR_BYTES" >>sizes; sleep 0.1'
		is "$ENDED" "exit 0"
		# The last may be of what is left.
		is "$(head -n -1 sizes | awk '$1 < 8192' | wc -l)" 0 "small batches with $jobs jobs: $(paste -sd ' ' sizes)" || return
	done
}

@test "bytes: dead letters are the bytes, and nothing between them" {
	seq 3000 >in
	: >lost
	IN=in run_weir -b --batch=1000B --dropped=lost sh -c 'exit 65'
	is "$ENDED" "exit 5"
	same in lost
	final '.dropped.by.rejected == {records: 0, bytes: 13893} and .dropped_unsaved == {records: 0, bytes: 0}'
}

@test "the mark of what was rejected goes with what comes next" {
	seq 6 >in
	IN=in run_weir -p drop-newest --mark-drops='<{records} {reasons}>' --batch=2 sh -c '[ "$WEIR_FIRST" != 3 ] || exit 65; cat >>got'
	is "$ENDED $(paste -sd, got)" "exit 5 1,2,<2 rejected 2>,5,6"
}

@test "the warden is killed: weir says so, and ends" {
	barriers 1
	seq 3 >in
	IN=in start --batch=1 sh -c 'kill -KILL $PPID; '"$wait_and_take"
	finish "exit 1"
	like "$(cat err)" "weir-warden has gone"
	final '.undelivered.records == 3 and .exit.reason == "reader lost"'
	until_true has_begun 1
	release go.1
	until_true nobody_is_here
}

# --- COMMAND that cannot be started -----------------------------------------------------------------------------------------

@test "COMMAND is not there, or no program: 127 and 126, at the first start, and never again" {
	seq 4 >in
	: >file
	for jobs in 1 3; do
		IN=in run_weir --batch=1 -j $jobs ./there-is-none
		is "$ENDED" "exit 127"
		like "$(cat err)" "^weir: ./there-is-none: No such file or directory"
		final '.reader.failures == 0 and .undelivered.records == 4 and .out.records == 0 and .exit.status == 127'
		IN=in run_weir --batch=1 -j $jobs ./file
		is "$ENDED" "exit 126"
		like "$(cat err)" "^weir: ./file: cannot be run: Permission denied; to read it: weir <./file"
		IN=in run_weir --batch=1 -j $jobs .
		is "$ENDED" "exit 126"
	done
}

@test "COMMAND goes away later: a failure, and when it is there again it goes on" {
	seq 3 >in
	printf '#!/bin/sh\ncat >>got\n[ "$WEIR_FIRST" != 1 ] || mv command away\n' >command
	chmod +x command
	IN=in start --batch=1 --backoff=1ms..10ms ./command
	snapshot_until '.reader.failures > 0'
	snap '.reader.status == 127 and .out.records == 1 and .in_flight.records == 1'
	mv away command
	finish "exit 0"
	same in got
	like "$(cat err)" "^weir: ./command.*127 \(try 1\)"
}

@test "COMMAND goes away while the first one still runs: that is later" {
	barriers 1
	seq 2 >in
	printf '#!/bin/sh\n[ "$WEIR_FIRST" != 1 ] || { mv command away; : >gone; : <go.1; }\ncat >>got\n' >command
	chmod +x command
	fed_by_hand --batch=1 -j 2 --backoff=1ms..10ms ./command
	feed '1\n'
	until_true test -e gone
	feed '2\n'
	snapshot_until '.reader.failures > 0 and .reader.running == 1 and .in_flight.records == 2'
	mv away command
	release go.1
	producer_ends
	finish "exit 0"
	is "$(sort got | paste -sd,)" "1,2"
}

# --- The breaker ------------------------------------------------------------------------------------------------------------

@test "the breaker: after five failures in a row the oldest alone is tried, until one is taken" {
	mkfifo go
	seq 3 >in
	# Nothing can have been tried so often before the breaker is open, and then the oldest alone.
	IN=in start --batch=1 -j 3 --backoff=1ms..1ms sh -c '
		[ "$WEIR_TRY" != 15 ] || { echo "$WEIR_FIRST" >>begun; : <go; }
		[ -e well ] || exit 1
		cat >>got'
	until_true has_begun 1
	snapshot
	snap '.reader | .breaker.open and .breaker.opened == 1 and .running == 1 and .tries == 14 and .state == "running"'
	snap '.in_flight.records == 3 and .out.records == 0'
	is "$(cat begun)" 1
	: >well
	release go
	finish "exit 0"
	final '.reader.breaker | (.open | not) and .opened == 1 and .open_ns > 0'
	is "$(sort got | paste -sd,)" "1,2,3"
	is "$(cat begun)" 1
	is "$(cat err)" "weir: sh ended with status 1 (try 1)"
}

@test "the breaker is open while the oldest is waited for: weir waits, and does not spin" {
	local before after
	mkfifo go
	seq 3 >in
	IN=in start --batch=1 -j 3 --backoff=1ms..1ms sh -c '
		[ "$WEIR_TRY" != 15 ] || { echo "$WEIR_FIRST" >>begun; : <go; }
		[ -e well ] || exit 1'
	until_true has_begun 1
	snapshot
	before=$(switches)
	sleep 0.5
	after=$(switches)
	((after - before < 50)) || fail "weir was at work $((after - before)) times while there was nothing to do"
	ticks=$(cpu_ticks)
	sleep 0.5
	(($(cpu_ticks) - ticks < 10)) || fail "weir was busy for $(($(cpu_ticks) - ticks)) ticks of 10 ms"
	: >well
	release go
	finish "exit 0"
}

# How often weir has given up the processor by itself, and how much of it it has used.
switches()
{
	sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$(<pid)/status"
}

cpu_ticks()
{
	local stat
	stat=$(<"/proc/$(<pid)/stat")
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo $((${12} + ${13}))
}

@test "while the breaker is open the policy rules, and the law holds" {
	producer fifo
	IN=fifo start -p drop-oldest --max-records=2 --batch=1 --backoff=1ms..2ms sh -c '[ -e well ] || exit 1; cat >>got'
	producer_holds fifo
	feed '1\n'
	snapshot_until '.reader.breaker.open and .in_flight.records == 1'
	for i in 2 3 4 5; do
		feed "$i\n"
		snapshot_until ".in.records == $i"
	done
	snap '.in_flight.records == 1 and .held.records == 3 and .dropped.by.oldest.records == 2'
	: >well
	snapshot_until '.out.records == 3'
	snap '.reader.breaker.open | not'
	producer_ends
	finish "exit 0"
	is "$(paste -sd, got)" "1,4,5"
}

# --- Policies ---------------------------------------------------------------------------------------------------------------

@test "drop-oldest: what runs cannot give way, what waits does" {
	barriers 1 3
	fed_by_hand -p drop-oldest --max-records=2 --batch=2 --linger=0 sh -c "$wait_and_take"
	feed '1\n'
	until_true has_begun 1
	feed '2\n3\n4\n'
	snapshot_until '.in.records == 4'
	snap '.held.records == 3 and .in_flight.records == 1 and .dropped.by.oldest.records == 1'
	release go.1
	until_true has_begun 2
	release go.3
	producer_ends
	finish "exit 0"
	is "$(logged)" "1 1 1 2 1,3 4 2 4 1"
}

@test "latest: of what waits the newest of each key goes" {
	barriers 1 3
	fed_by_hand -p latest -k 1 --max-records=2 --batch=5 --linger=0 sh -c "$wait_and_take"
	feed 'a 1\n'
	until_true has_begun 1
	feed 'a 2\nb 3\na 4\n'
	snapshot_until '.in.records == 4'
	release go.1
	until_true has_begun 2
	release go.3
	producer_ends
	finish "exit 0"
	is "$(paste -sd, got)" "a 1,b 3,a 4"
	is "$(logged)" "1 1 1 4 1,3 4 2 8 1"
}

@test "block: reading is paused while a batch runs, and nothing is lost" {
	seq 60000 >in
	IN=in run_weir -m 64K --batch=1000 -j 4 sh -c 'cat >"part.$WEIR_FIRST"'
	is "$ENDED" "exit 0"
	cat $(ls part.* | sort -t. -k2n) >got
	same in got
	final '.paused.count > 0 and .reader.batches >= 60'
}

@test "the law holds in every report while batches run, fail, are halved and rejected" {
	seq 300 >in
	IN=in run_weir -p drop-newest -m 16K --interval=10ms --batch=16 -j 4 --retry=1 --bisect --backoff=1ms..2ms --dropped=lost sh -c '
		cat >"batch.$$"
		! grep -q 77 "batch.$$" || exit 65
		[ $((WEIR_FIRST % 3)) != 0 ] || [ "$WEIR_TRY" != 1 ] || exit 1
		cat "batch.$$" >>got'
	is "$ENDED" "exit 5"
	[[ $(jq -s 'map(select(.in_flight.records > .held.records or .in_flight.bytes > .held.bytes)) | length' report) == 0 ]] ||
		fail "more in flight than is held"
	[[ $(jq -s 'map(select(.reader.running > 4)) | length' report) == 0 ]] || fail "more than four at once"
	is "$(paste -sd, lost)" "77,177,277"
	is "$(sort -n got | paste -sd,)" "$(grep -v 77 in | paste -sd,)"
}

# --- The end ----------------------------------------------------------------------------------------------------------------

@test "weir is killed: the batch that runs is left to finish, and no other is started" {
	barriers 1
	seq 3 >in
	IN=in start --batch=1 sh -c 'echo $PPID >warden; '"$wait_and_take"'; echo "$WEIR_FIRST" >finished'
	until_true has_begun 1
	snapshot
	kill -KILL "$(<pid)"
	finish "signal 9"
	until_true gone_or_zombie "$(<warden)"
	release go.1
	until_true test -s finished
	is "$(logged) $(cat begun) $(cat got)" "1 1 1 2 1 1 1"
	until_true nobody_is_here
}

@test "TERM: what runs has the drain timeout, then it is ended, and what it had is undelivered" {
	barriers 1
	seq 3 >in
	IN=in start --batch=1 --drain-timeout=200ms sh -c "$wait_and_take"
	until_true has_begun 1
	sig TERM
	finish "signal 15"
	final '.undelivered == {records: 3, bytes: 6} and .out.records == 0 and .in_flight.records == 0 and .reader.running == 0'
	is "$(cat got)" ""
	until_true nobody_is_here
}

@test "TERM: what runs is waited for within the drain timeout, and so is the rest" {
	barriers 1 2 3
	seq 3 >in
	IN=in start --batch=1 --drain-timeout=1h sh -c "$wait_and_take"
	until_true has_begun 1
	sig TERM
	for i in 1 2 3; do
		until_true has_begun $i
		release go.$i
	done
	finish "signal 15"
	final '.undelivered.records == 0 and .out.records == 3'
	same in got
}

@test "a second signal, later: weir ends at once, and COMMAND with it" {
	barriers 1
	seq 3 >in
	IN=in start --batch=1 --drain-timeout=1h sh -c "$wait_and_take"
	until_true has_begun 1
	sig TERM
	snapshot
	until_true ends_by TERM
	finish "signal 15"
	final '.undelivered.records == 3'
	until_true nobody_is_here
}

# ends_by SIGNAL: it is sent once more; the same within half a second is the same one.
ends_by()
{
	kill "-$1" "$(<pid)" 2>/dev/null
	has_ended
}

@test "a batch that fails for ever does not outlive the drain timeout" {
	seq 3 >in
	IN=in start --batch=1 --backoff=1ms..1ms --drain-timeout=200ms false
	snapshot_until '.reader.failures >= 5'
	sig TERM
	finish "signal 15"
	final '.undelivered.records == 3 and .reader.breaker.open'
}

@test "nobody reads what COMMAND would write: the run is over" {
	barriers 1
	empty_reader out.fifo
	seq 3 >in
	IN=in OUT=out.fifo start --batch=1 sh -c "$wait_and_take"
	reader_holds
	until_true has_begun 1
	reader_goes
	finish "signal 13"
	final '.exit.reason == "reader gone" and .undelivered.records == 3'
	until_true nobody_is_here
}

@test "no process, zombie or descriptor is left by a hundred batches" {
	local before
	fed_by_hand --batch=1 -j 4 --linger=0 true
	feed '1\n'
	snapshot_until '.out.records == 1 and .reader.running == 0'
	before=$(ls "/proc/$(<pid)/fd" | wc -l)
	seq 100 >feeding
	cat feeding >&9
	snapshot_until '.out.records == 101 and .reader.running == 0'
	is "$(ls "/proc/$(<pid)/fd" | wc -l)" "$before" "descriptors"
	is "$(cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk -v pid="$(<pid)" '$2 == pid' | wc -l)" 1 "children of weir: the warden"
	producer_ends
	finish "exit 0"
	until_true nobody_is_here
}

# --- Hooks ------------------------------------------------------------------------------------------------------------------

# held_up [OPTION]...: weir with a buffer of ten records, which its reader does not take; hooks that say so in ./hooks
held_up()
{
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p drop-newest --max-records=10 "$@"
	producer_holds fifo
	reader_holds
}

# drains: in the background; it keeps the reader's end, 8, and not the producer's.
drains()
{
	drain got
}

has_lines()
{
	(($(wc -l <"$1" 2>/dev/null || echo 0) >= $2))
}

hook='echo "$WEIR_STATE $WEIR_HELD_RECORDS $WEIR_HELD_BYTES $WEIR_DROPPED_RECORDS" >>hooks'

@test "hooks: run when pressure begins, and when it ends" {
	held_up --on-high="$hook" --on-low="$hook"
	seq 12 >feeding
	cat feeding >&9
	snapshot_until '.in.records == 12'
	until_true has_lines hooks 1
	is "$(cat hooks)" "high 10 21 2"
	drains 3>&- 9>&- &
	DRAIN=$!
	producer_ends
	finish "exit 0"
	until_true has_lines hooks 2
	like "$(tail -n 1 hooks)" "^low [0-9]+ [0-9]+ 2$"
	is "$(lines_of hooks)" 2
	final '.reader.command == null'
}

@test "hooks: one at a time, and the latest state wins" {
	mkfifo go
	barriers 1
	fed_by_hand -p drop-newest --max-records=4 --batch=4 --linger=0 --on-high='echo high >>hooks; : <go' --on-low='echo low >>hooks' \
		sh -c '[ "$WEIR_FIRST" != 1 ] || : <go.1; cat >>got'
	feed '1\n'
	snapshot_until '.in_flight.records == 1'
	feed '2\n3\n4\n5\n'
	snapshot_until '.pressure.count == 1'
	until_true has_lines hooks 1
	release go.1
	snapshot_until '.out.records == 5'
	is "$(paste -sd, hooks)" high
	producer_ends
	release go
	finish "exit 0"
	until_true has_lines hooks 2
	is "$(paste -sd, hooks)" "high,low"
}

@test "hooks: a failure is a message, and no more" {
	held_up --on-high='exit 3' --on-low='kill -9 $$'
	seq 12 >feeding
	cat feeding >&9
	snapshot_until '.in.records == 12'
	until_true grep -q on-high err
	drains 3>&- 9>&- &
	DRAIN=$!
	snapshot_until '.out.records == 10'
	until_true grep -q on-low err
	producer_ends
	finish "exit 0"
	is "$(cat err)" "weir: --on-high ended with status 3
weir: --on-low was ended by signal 9"
}

@test "hooks: standard input is empty, what they say goes to standard error, and the data is their command's no more" {
	held_up --on-high='cat; echo said; exec readlink /proc/self/fd/0 >&2'
	seq 12 >feeding
	cat feeding >&9
	snapshot_until '.in.records == 12'
	until_true grep -q null err
	drains 3>&- 9>&- &
	DRAIN=$!
	producer_ends
	finish "exit 0"
	ended_job "$DRAIN"
	is "$(cat err)" "said
/dev/null"
	is "$(lines_of got)" 10
}

@test "hooks: one that is due at the end is still run, though another one is running" {
	mkfifo go
	held_up --on-high='echo high >>hooks; : <go; echo over >>hooks' --on-low='echo low >>hooks'
	seq 12 >feeding
	cat feeding >&9
	until_true has_lines hooks 1
	drains 3>&- 9>&- &
	DRAIN=$!
	producer_ends
	finish "exit 0"
	release go
	until_true has_lines hooks 3
	is "$(sort hooks | paste -sd,)" "high,low,over"
}

@test "a mark that is refused as a batch of its own is not marked again" {
	printf '%s\n' 1 2 3 >in
	IN=in run_weir --batch=1 --retry=0 --backoff=1ms --mark-drops='-{records}' sh -c 'cat >>got; exit 65'
	is "$ENDED" "exit 5"
	final '.dropped.by.rejected.records == 3 and .marks.records <= 3 and .held.bytes == 0'
}
