#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2030,SC2031
#
# --dropped: what is dropped is in the file, what is not is in the output, and together they are the input; what the file
# does not take is counted, and holds up nothing.

load common

eval "common_$(declare -f teardown)"
teardown()
{
	if mountpoint -q full; then fsfreeze -u full 2>/dev/null || :; fi
	exec 5>&- 7>&- 8>&-
	common_teardown
}

# input LENGTHS COUNT [OPTION]...: numbered records into ./input.
input()
{
	"$HELPERS/lines" -l "$1" -n "$2" "${@:3}" >input
}

# stalled [OPTION]...: weir from ./input, all of it, while its output is full; then what is left to come, into ./got.
stalled()
{
	rm -f slow lost
	stalled_reader slow
	IN=input OUT=slow start --pipe-size=keep --dropped=lost "$@"
	reader_holds
	snapshot_until ".in.bytes == $(stat -c %s input)"
	drain got
	finish "exit 0"
}

# as_lines WIDTH FILE...: fixed records as lines, and those of any framing by number.
as_lines()
{
	local width=$1 file
	shift
	for file; do
		if [[ $width == 0 ]]; then tr '\0' '\n' <"$file" | tr ';' '\n'; else fold -b -w "$width" <"$file"; echo; fi
	done | grep -v '^$' | sort -n
}

# together [WIDTH]: the output and the file are the input.
together()
{
	as_lines "${1:-0}" got lost >both
	as_lines "${1:-0}" input >all
	same both all || return
	is "$(($(stat -c %s got) + $(stat -c %s lost)))" "$(stat -c %s input)" "bytes"
}

# all_saved RECORDS: so many were dropped, all of which are in the file.
all_saved()
{
	final ".dropped.records == $1 and .dropped.bytes == $(stat -c %s lost)" || return
	final '.dropped_unsaved == {records: 0, bytes: 0}'
}

in_order()
{
	sort -n -c lost || fail "the file is not in order"
}

# --- together they are the input ----------------------------------------------------------------------------------------------

@test "drop-oldest, drop-newest: the output and the file are the input, in order" {
	input 8,100,333,2000,17 4000
	for policy in drop-oldest drop-newest; do
		for size in 4096 5000 65536; do
			stalled -p "$policy" -m "$size"
			together
			in_order
			all_saved "$(lines_of lost)"
			(($(lines_of lost) > 3000 || size > 5000))
		done
	done
}

@test "other framings" {
	input 8,100,333 9000 -d '\0'
	stalled -p drop-oldest -m 8K -0
	together
	input 8,100,333 9000 -d ';'
	stalled -p drop-newest -m 8K -d ';'
	together
	input 100 9000 -d none
	stalled -p drop-oldest -m 8K --fixed=100
	together 100
	final '.dropped_unsaved.bytes == 0 and .dropped.records > 8000'
}

@test "sample: what is left out, and what gives way besides" {
	input 30 50000
	stalled -s 10
	together
	in_order
	is "$(head -n 3 lost | cut -d ' ' -f 1 | paste -sd ' ')" "2 3 4"
	all_saved 45000
	stalled -s 3 -p drop-oldest -m 8K
	together
	final '.dropped.by.sample.records == 33333 and .dropped.by.oldest.records > 10000'
	all_saved "$(lines_of lost)"
}

@test "records too long to hold are whole, whatever comes between their parts" {
	input 30,70,5000,8,40000,100,2001 300
	stalled -p drop-oldest -m 8K --max-record=2000
	together
	final '.dropped.by.oversize.records == 128'
	stalled -p drop-newest -m 8K --max-record=2000 -s 2
	together
	final '.dropped.by.oversize.records > 50 and .dropped.by.sample.records == 150'
	input 3000000,20 2
	stalled -p drop-newest
	together
	all_saved 1
}

@test "the last record lacks its delimiter there, too, and gets it before another" {
	printf 'one\ntwo\nthree' >input
	stalled -s 2
	is "$(cat lost)" "two"
	printf 'one\ntwo' >input
	stalled -s 2
	is "$(od -An -c lost | tr -d ' ')" "two"
	final '.dropped == (.dropped | .records = 1 | .bytes = 3)'
	cp lost before
	IN=input run_weir -s 2 --dropped=before
	is "$(od -An -c before | tr -d ' ')" 'two\ntwo'
	input 100 3000 -e
	stalled -p drop-newest -m 8K
	together
	all_saved $(($(lines_of lost) + 1))
}

@test "--dropped-reason puts the reason and a tab before each" {
	input 20,3000,50 1500
	stalled -p drop-oldest -m 4K --max-record=2000 -s 2 --dropped-reason
	is "$(grep -Pnv '^(oldest|oversize|sample)\t[0-9]+( [a-z]*)?$' lost)" ""
	cut -f 2 lost >bare
	mv bare lost
	together
	all_saved "$(lines_of lost)"
}

@test "a reader that stalls and goes on, by turns" {
	mkfifo slow go
	input 10,200,35 30000
	"$HELPERS/reader" -l 10,200,35 -p 100:go <slow >figures &
	IN=input OUT=slow start -p drop-oldest -m 16K --dropped=lost
	snapshot_until '.dropped.records > 5000'
	release go
	finish "exit 0"
	wait
	final ".out.records == $(jq .records figures) and .dropped.records == $(lines_of lost)"
	is "$(($(jq .records figures) + $(lines_of lost)))" 30000
	all_saved "$(lines_of lost)"
}

@test "nothing is dropped: the file is empty" {
	input 100 1000
	stalled -m 1M -p drop-oldest
	is "$(stat -c '%s %a' lost)" "0 600"
	same got input
}

@test "TERM: what has been dropped until then is in the file" {
	producer in
	IN=in start -s 10 --dropped=lost
	producer_holds in
	input 50 1000
	cat input >&9
	snapshot_until '.in.records == 1000'
	feed 'the beginning of another'
	snapshot_until '.in.bytes == 50024'
	sig TERM
	finish "signal 15"
	cp out got
	together
	# of a record whose end was not read nothing was dropped yet: its first byte is one of the next sample
	final '.dropped.records == 900 and .dropped_unsaved.records == 0'
}

# --- what the file does not take ----------------------------------------------------------------------------------------------

@test "a full disk is told once, counted, and hurts nobody" {
	[[ -c /dev/full ]] || skip "no /dev/full"
	input 100 20000
	stalled -p drop-newest -m 8K --dropped=/dev/full
	is "$(cat err)" "weir: --dropped=/dev/full: No space left on device"
	final '.exit.status == 0 and .dropped.records > 19000 and .dropped_unsaved == (.dropped | del(.by))'
	final ".out.bytes == $(stat -c %s got)"
	same got <(head -c "$(stat -c %s got)" input)
	seq 10 >input # a run that may end before it is known
	for _ in 1 2 3 4 5; do
		IN=input run_weir -s 2 --dropped=/dev/full
		is "$(cat err)" "weir: --dropped=/dev/full: No space left on device"
		final '.dropped_unsaved == {records: 5, bytes: 11}'
	done
}

# partly_saved: ./lost has whole records, and what it lacks is counted. With UNSAVED the least that is.
partly_saved()
{
	together_with_holes || return
	final ".dropped.records == .dropped_unsaved.records + $(lines_of lost)" || return
	final ".dropped.bytes == .dropped_unsaved.bytes + $(stat -c %s lost)" || return
	final '.dropped_unsaved.records > 0'
}

# What is in ./lost and ./got is in ./input, once, and whole.
together_with_holes()
{
	sort got lost >both
	sort input >all
	is "$(comm -23 both all | cut -c 1-60)" "" "records that are not in the input" || return
	is "$(uniq -d both)" "" "records that are there twice"
}

@test "a file system that is full, and then is not" {
	[[ $(id -u) == 0 ]] || skip "only root can mount"
	mkdir full
	mount -t tmpfs -o size=64k none full || skip "no file system can be mounted"
	input 100 20000
	stalled_reader slow
	producer in
	IN=in OUT=slow start -p drop-newest -m 8K --dropped=full/lost
	producer_holds in
	reader_holds
	head -n 10000 input >&9
	snapshot_until '.in.records == 10000 and .dropped_unsaved.records + 655 >= .dropped.records'
	is "$(lines_of full/lost)" 655 "records that fit"
	mount -o remount,size=16m full
	tail -n 10000 input >&9
	snapshot_until '.in.records == 20000'
	producer_ends
	drain got
	finish "exit 0"
	is "$(cat err)" "weir: --dropped=full/lost: No space left on device"
	cp full/lost lost
	partly_saved
	(($(lines_of lost) > 9000)) || fail "only $(lines_of lost) records were saved"
}

@test "a file that may not grow any more has whole records" {
	input 10,100,777,3000 5000
	stalled_reader slow
	(
		ulimit -S -f 100
		IN=input OUT=slow start -p drop-newest -m 8K --max-record=2000 --dropped=lost
	)
	reader_holds
	snapshot_until '.in.records == 5000'
	drain got
	finish "exit 0"
	is "$(cat err)" "weir: --dropped=lost: File too large"
	(($(stat -c %s lost) <= 102400))
	partly_saved
}

@test "a FIFO that nobody reads: the data goes on, and the end does not wait for ever" {
	input 100 60000
	mkfifo lost.fifo
	exec 5<>lost.fifo
	before=$("$HELPERS/fill" lost.fifo)
	stalled_reader slow
	IN=input OUT=slow start -p drop-oldest -m 8K --dropped=lost.fifo --drain-timeout=100ms
	reader_holds
	snapshot_until '.in.records == 60000'
	snap '.dropped_unsaved.records > 10000'
	drain got
	finish "exit 0"
	is "$(cat err)" ""
	final '.dropped_unsaved == (.dropped | del(.by)) and .dropped.records == 60000 - .out.records'
	same got <(tail -n "$(lines_of got)" input)
	is "$(timeout "$PATIENCE" head -c "$before" <&5 | wc -c)" "$before"
}

@test "a FIFO whose reader is slow: saved and unsaved are all that was dropped" {
	input 10,100,777,5000 5000
	mkfifo lost.fifo go
	exec 5<>lost.fifo
	stalled_reader slow
	IN=input OUT=slow start -p drop-newest -m 8K --max-record=2000 --dropped=lost.fifo
	reader_holds
	snapshot_until '.in.records == 5000'
	# shellcheck disable=SC2217 # bg hands it on
	bg cat <lost.fifo >lost
	reader=$BG
	exec 5>&-
	drain got
	finish "exit 0"
	ended_job "$reader"
	partly_saved
}

@test "a disk that is dead: the data goes on, and the report comes" {
	[[ $(id -u) == 0 ]] || skip "only root can freeze a file system"
	command -v fsfreeze mkfs.ext4 >/dev/null || skip "needs fsfreeze and mkfs.ext4"
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "its own threads would be frozen"
	truncate -s 16M disk && mkfs.ext4 -q disk && mkdir full
	mount -o loop disk full 2>/dev/null || skip "no file system can be mounted"
	input 100 60000
	stalled_reader slow
	producer in
	IN=in OUT=slow start -p drop-oldest -m 8K --dropped=full/lost --drain-timeout=100ms
	producer_holds in
	reader_holds
	fsfreeze -f full || skip "it cannot be frozen"
	cat input >&9
	snapshot_until '.in.records == 60000'
	producer_ends
	drain got
	until_true grep -qs '"event":"final"' report
	fsfreeze -u full
	finish "exit 0"
	final '.dropped_unsaved == (.dropped | del(.by)) and .dropped.records == 60000 - .out.records'
	same got <(tail -n "$(lines_of got)" input)
}

# --- which file ---------------------------------------------------------------------------------------------------------------

@test "what is in the file stays" {
	seq 10 >input
	echo before >lost
	IN=input run_weir -s 2 --dropped=lost
	IN=input run_weir -s 2 --dropped=lost
	is "$(paste -sd ' ' lost)" "before 2 4 6 8 10 2 4 6 8 10"
}

# refused FILE REASON: nothing is read, and nothing written.
refused()
{
	seq 10 >"${IN:-input}"
	status=0
	timeout "$PATIENCE" "$WEIR" -s 2 --dropped="$1" <"${IN:-input}" >"${OUT:-out}" 2>err || status=$?
	is "$status" 1 || return
	is "$(cat err)" "weir: --dropped=$1: $2"
}

@test "a file of the data, a link to a file, and what cannot be opened are refused" {
	IN=both refused both "standard input or output; accepted: another file"
	OUT=same refused same "standard input or output; accepted: another file"
	echo safe >victim
	ln -s victim link
	refused link "a symbolic link to a file; accepted: the file itself"
	is "$(cat victim)" safe
	refused no/such "No such file or directory"
	refused . "Is a directory"
	mkfifo lonely
	refused lonely "a FIFO that nobody reads, or a device that is not there; accepted: a file, or a FIFO with a reader"
}

@test "standard error may be the file" {
	seq 10 >input
	"$WEIR" -q -s 2 --dropped=/dev/stderr <input >out 2>err
	is "$(paste -sd ' ' err)" "2 4 6 8 10"
}

@test "many short records at once are saved, whatever the file is" {
	# all of them dropped from one read, and more than the batches that may wait
	head -c 60000 /dev/zero | tr '\0' '\n' >input
	"$WEIR" --drop-over=1/d --dropped=/dev/null --format=json <input >out 2>report
	law report
	is "$(figures dropped.records dropped_unsaved.records)" "59999 0" "/dev/null"
	for kind in pipe socket pty file; do
		timeout "$PATIENCE" "$HELPERS/over" -o "$kind" -e -I input -O out \
			"$WEIR" --drop-over=1/d --dropped=/dev/stderr --drain-timeout=1m --format=json --report=report
		law report
		is "$(figures dropped.records dropped_unsaved.records)" "59999 0" "a $kind"
		same out input
	done
}

# --- the thread ---------------------------------------------------------------------------------------------------------------

threads()
{
	ls "/proc/$(<pid)/task"
}

has_threads()
{
	[[ $(threads | wc -l) -eq $1 ]]
}

@test "there is a second thread with --dropped only, and no signal comes to it" {
	[[ -d /proc/self/task ]] || skip "no /proc"
	case $WEIR_UNDER in *valgrind* | *qemu* | asan) skip "it has threads of its own" ;; esac
	producer in
	IN=in start -p drop-oldest
	is "$(threads | wc -l)" 1
	sig KILL
	until_true has_ended
	IN=in start -p drop-oldest --dropped=lost
	until_true has_threads 2
	second=$(threads | grep -vx "$(<pid)")
	blocked=$((16#$(awk '$1 == "SigBlk:" { print substr($2, 9) }' "/proc/$(<pid)/task/$second/status")))
	for signal in 1 2 10 13 15 25; do
		((blocked & 1 << (signal - 1))) || fail "signal $signal is let in"
	done
}

@test "each file that may take its time has a thread, and nothing else has" {
	[[ -d /proc/self/task ]] || skip "no /proc"
	case $WEIR_UNDER in *valgrind* | *qemu* | asan) skip "it has threads of its own" ;; esac
	producer in
	while read -r count options; do
		# shellcheck disable=SC2086
		IN=in start $options
		until_true has_threads "$count" || fail "with $options" || return
		sig USR1
		until_true more_lines_than report 0
		is "$(threads | wc -l)" "$count" "threads with $options, after a report"
		sig KILL
		until_true has_ended
	done <<-'END'
		1 -p block
		2 -i 1h
		2 --metrics=m.prom
		3 --metrics=m.prom -i 1h
		4 --metrics=m.prom -i 1h -p drop-oldest --dropped=lost
	END
}

@test "it is confined as well" {
	case $WEIR_UNDER in '' | debug) ;; *) skip "built for $WEIR_UNDER" ;; esac
	strace -f -o trace "$WEIR" -s 2 --dropped=lost <nothing >out 2>err
	grep -q 'landlock_restrict_self(.*= 0' trace || skip "no Landlock here"
	confined=$(grep -n 'landlock_restrict_self(.*= 0' trace | head -n 1 | cut -d : -f 1)
	threaded=$(grep -nE 'clone3?\(' trace | head -n 1 | cut -d : -f 1)
	opened=$(grep -nE ' open(at)?\(' trace | tail -n 1 | cut -d : -f 1)
	((confined < threaded && opened < confined))
}

@test "the file of reports is refused: the two would write over each other" {
	for file in both ./both "$PWD/both"; do
		rm -f both
		status=0
		seq 3 | "$WEIR" --report=both --dropped="$file" >out 2>err || status=$?
		is "$status" 1
		like "$(cat err)" "^weir: --dropped=.*both: the file of --report; accepted: another file\$"
	done
	status=0
	seq 3 | "$WEIR" --dropped=both >out 2>both || status=$?
	is "$status" 0 "standard error may have both"
	seq 3 | "$WEIR" --report=/dev/null --dropped=/dev/null >out
}

# both_stalled OPTION...: neither the output nor the file of dropped records takes anything more.
both_stalled()
{
	rm -f full lost in
	mkfifo lost
	exec 5<>lost
	stalled_reader full
	producer in
	IN=in OUT=full start -p drop-newest -m 4K --dropped=lost "$@"
	producer_holds in
	reader_holds
	"$HELPERS/lines" -n 200000 -l 100 >&9
	snapshot_until '.in.records == 200000'
}

@test "a second signal ends at once, whatever still is to be saved" {
	both_stalled --drain-timeout=1h
	sig TERM
	snapshot
	sleep 0.6
	sig TERM
	finish "signal 15"
	final '.undelivered.bytes > 0 and .dropped_unsaved.bytes > 0'
	exec 5<&-
}

@test "the drain timeout is spent once: what is dropped has no time of its own" {
	local began
	both_stalled --drain-timeout=5s
	began=$SECONDS
	sig TERM
	finish "signal 15"
	# and not ten seconds
	is "$((SECONDS - began < 9))" 1 "$((SECONDS - began)) seconds: 1 means soon enough"
	final '.undelivered.bytes > 0 and .dropped_unsaved.bytes > 0'
	exec 5<&-
}
