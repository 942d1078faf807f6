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

@test "what leaves in the pass that it came in never comes onto disk, and has its serials" {
	producer fifo
	mkfifo output
	exec 8<>output
	IN=fifo OUT=output start --spool=spool --sample=3
	producer_holds fifo
	for i in {1..30}; do
		feed "$i\n"
		((i % 3 == 1)) || continue
		read -r -t "$PATIENCE" line <&8
		is "$line" "$i"
	done
	feed par
	snapshot_until '.in.bytes == 81 + 3'
	snap '.out.records == 10 and .dropped.records == 20 and .held.bytes == 3 and .spool.bytes == 0 and .spool.segments == 0'
	feed 't\n'
	read -r -t "$PATIENCE" line <&8
	is "$line" part
	producer_ends
	finish "exit 0"
	final '.out.records == 11 and .kept.bytes == 0'
	like "$(${EMULATOR:-} "$top_builddir/weirctl" spool check spool)" 'next serial: 32$'
}

@test "always: nothing leaves before it was put, and synced" {
	command -v strace >/dev/null || skip "there is no strace"
	for i in {1..5}; do
		echo "$i"
		nap
	done | strace -f -o trace -e trace=write,writev,pwritev,fdatasync "$WEIR" -q --spool=spool --spool-sync=always | cat >out
	same out <(seq 5)
	# P: into a segment, S: synced, R: out
	sed -n 's/.* pwritev(.*/P/p; s/.* fdatasync(.*= 0$/S/p; s/.*fdatasync resumed.*= 0$/S/p; s/.* writev\{0,1\}(.*[1-5]\\n".*/R/p' trace |
		tr -d '\n' >order
	like "$(<order)" '^(S*P+S+R+)+S*$'
}

@test "what the reader has a part of is on disk, whole" {
	mkfifo output
	exec 8<>output
	head -c 200000 /dev/zero | tr '\0' x >in
	echo >>in
	IN=in OUT=output start --spool=spool --pipe-size=keep
	snapshot_until '.held.records == 1 and .spool.bytes > 200001'
	kill -KILL "$(<pid)"
	until_true has_ended
	exec 8>&-
	IN=nothing run_weir --spool=spool
	same out in
}

@test "a reader that has gone: what is left is kept, and the next weir begins with it" {
	numbers 1 20000 >in
	"$WEIR" -N one --spool=spool --format=json --report=first <in 2>err | head -n 100 >head || :
	numbers 1 100 >expected
	same head expected
	jq -e '.undelivered.records == 0 and .in.records == .out.records + .kept.records' first
	numbers 20001 20010 >more
	IN=more run_weir --spool=spool
	is "$ENDED" "exit 0"
	final '.in.records == 10 and .out.records == .recovered.records + 10'
	first=$(head -n 1 out)
	{ numbers "$((10#$first))" "$(jq .in.records first)"; cat more; } >expected
	same out expected
	is "$(jq .kept.records first)" "$(jq .recovered.records report)"
}

@test "a reader that has gone just when it had taken something: that does not come again, and all else does" {
	numbers 1 20000 >in
	for _ in {1..5}; do
		rm -rf spool
		"$WEIR" -N one --spool=spool --spool-size=1M --format=json --report=first <in 2>err | head -n 100 >head || :
		jq -e '.undelivered.records == 0 and .in.records == .out.records + .kept.records' first
		IN=nothing run_weir --spool=spool
		final '(.spool.unclean | not) and .out == .recovered'
		is "$(jq .kept.records first)" "$(wc -l <out)"
		numbers "$(($(jq .out.records first) + 1))" "$(jq .in.records first)" >expected
		same out expected
	done
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

@test "more than the buffer, and each record is to be confirmed" {
	numbers 1 20000 >in
	for confirm in --confirm=read "--confirm=line --window=100" --batch=100; do
		rm -rf spool got
		# shellcheck disable=SC2086
		IN=in run_weir --spool=spool -m 64K $confirm sh -c 'tee -a got'
		is "$ENDED" "exit 0" "$confirm"
		same got in
		final '.out == .in and .kept.bytes == 0 and .undelivered.bytes == 0'
		is "$(segments)" 0
	done
}

@test "what was confirmed is written down before anything is handed over in its place" {
	command -v strace >/dev/null || skip "there is no strace"
	numbers 1 50 >in
	strace -o trace -e trace=write,writev,pwrite64 "$WEIR" -q --spool=spool --confirm=line --window=1 \
		sh -c 'while read -r line; do echo "$line"; done' <in || fail "$?"
	# S: the state, R: a record to COMMAND
	sed -n 's/^pwrite64(.*, 512, [0-9]*) = 512$/S/p; s/^writev\{0,1\}(.* = 100$/R/p' trace | uniq >order
	is "$(grep -c R order)" 50 "with the state between any two"
}

@test "the input fails amid a record: what has come before that goes out, and nothing is waited for" {
	{ seq 1000; printf part; } >in
	status=0
	timeout "$PATIENCE" "$HELPERS/over" -i socket -R -I in -O out \
		"$WEIR" --spool=spool --format=json --report=report 2>err || status=$?
	is "$status" 1
	law report
	is "$(jq -r .exit.reason report)" "read error"
	is "$(jq -c .undelivered report)" '{"records":0,"bytes":4}'
	same out <(seq 1000)
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
	# All of it is on disk only, the reader takes it at once, and no sync wakes anybody.
	IN=nothing run_weir --spool=spool --spool-sync=never -m 64K
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

@test "block, a spool that is full, and a signal: what had come and found no room is kept" {
	numbers 1 30000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K
	reader_holds
	snapshot_until '.paused.count > 0'
	sig TERM
	finish "signal 15"
	final '.undelivered.records == 0 and .in.records == .out.records + .kept.records and .spool.bytes > 1048576'
	jq -s '.[-1].kept.records' report >kept
	reader_goes
	IN=nothing run_weir --spool=spool
	is "$ENDED" "exit 0"
	numbers 1 "$(<kept)" >expected
	same out expected
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
	if has_patterns; then
		run "$WEIR" --spool=spool --sample=2 --keep=x <nothing
		is "$status" 2
		like "$output" "--keep.*not with --spool"
	fi
	[[ ! -e spool ]]
}

@test "COMMAND and batches are told which spool it is" {
	seq 3 >in
	WEIR_SPOOL=wrong IN=in run_weir --spool=spool "$HELPERS/given"
	is "$ENDED" "exit 0"
	is "$(grep -c '^WEIR_SPOOL=' out)" 1
	is "$(grep '^WEIR_SPOOL=' out)" "WEIR_SPOOL=$(jq -r .spool.id report)"
	rm -rf spool
	IN=in run_weir --spool=spool --batch=3 sh -c 'cat >/dev/null; echo "$WEIR_SPOOL"'
	is "$(<out)" "$(jq -r .spool.id report)"
	WEIR_SPOOL=wrong IN=in run_weir --batch=3 sh -c 'cat >/dev/null; echo "${WEIR_SPOOL-none}"'
	is "$(<out)" none
}

@test "a record that is too long for it: dropped, told once, status 5" {
	{ echo one; printf '%02000000d\n%02000000d\n' 1 2; echo two; } >in
	IN=in run_weir --spool=spool --max-record=1M
	is "$ENDED" "exit 5"
	is "$(paste -sd ' ' out)" "one two"
	is "$(grep -c 'longer than --max-record' err)" 1
	final '.dropped.by.oversize.records == 2 and .exit.reason == "record too long"'
}

@test "--max-age: by the time in the spool, and of what an earlier run has left" {
	numbers 1 1000 >in
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep -m 64K --max-age=50ms
	producer_holds fifo
	reader_holds
	cat in >&9
	snapshot_until '.dropped.by.expired.records == 1000'
	snap '.held.records == 0'
	producer_ends
	reader_goes
	finish
	rm -rf spool full fifo
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep -m 64K
	producer_holds fifo
	reader_holds
	cat in >&9
	snapshot_until '.in.records == 1000'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	numbers 1001 1010 >more
	IN=more run_weir --spool=spool --max-age=1h
	is "$ENDED" "exit 0"
	cat in more | cmp - out
}

@test "--max-age: what an earlier run has left is as old as it is" {
	numbers 1 1000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep -m 64K
	reader_holds
	snapshot_until '.in.records == 1000'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	producer fifo
	IN=fifo start --spool=spool --max-age=1ms --confirm=written
	producer_holds fifo
	snapshot_until '.held.records == 0'
	snap '.recovered.records == 1000 and .dropped.by.expired.records == 1000 and .out.records == 0'
	producer_ends
	finish "exit 0"
}

@test "nothing is left: another framing takes it over; something is: it does not" {
	printf 'one\ntwo\n' >in
	IN=in run_weir --spool=spool
	is "$ENDED" "exit 0"
	printf 'one\0two\0' >in0
	IN=in0 run_weir --spool=spool -0
	is "$ENDED" "exit 0"
	same out in0
	stalled_reader full
	IN=in0 OUT=full start --spool=spool -0 --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 2'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	run "$WEIR" -q --spool=spool <nothing
	is "$status" 1
	is "$output" "weir: --spool=spool: its records are framed otherwise (null)"
}

@test "drop-oldest at full speed: nothing that comes is refused" {
	seq 1 2000000 >in
	empty_reader slow
	IN=in OUT=slow start --spool=spool --spool-size=8M -p drop-oldest --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 2000000'
	snap '.dropped.by.newest.records == 0 and .dropped.by.oldest.records > 500000'
	drain got
	finish "exit 0"
	final '.dropped.by.newest.records == 0'
	is "$(tail -n 1 got)" 2000000
	sort -nc got
}

@test "a disk that is full: drop-oldest gives up the oldest, and it is said once" {
	[[ $(id -u) == 0 ]] || skip "only root can mount"
	mkdir full
	mount -t tmpfs -o size=2m none full || skip "no file system can be mounted"
	numbers 1 60000 >in
	stalled_reader slow
	IN=in OUT=slow start --spool=full/spool --pipe-size=keep -m 64K -p drop-oldest
	reader_holds
	snapshot_until '.in.records == 60000'
	snap '.dropped.by.newest.records == 0 and .dropped.by.oldest.records > 35000 and .spool.failures > 0'
	drain got
	finish "exit 0"
	is "$(tail -n 1 got)" "$(numbers 60000 60000)"
	sort -c got
	is "$(<err)" "weir: --spool=full/spool: writing: No space left on device"
}

@test "a disk that is full: block waits for it" {
	[[ $(id -u) == 0 ]] || skip "only root can mount"
	mkdir full
	mount -t tmpfs -o size=1m none full || skip "no file system can be mounted"
	numbers 1 30000 >in
	stalled_reader slow
	IN=in OUT=slow start --spool=full/spool --pipe-size=keep -m 64K
	reader_holds
	snapshot_until '.spool.failures > 2'
	mount -o remount,size=16m full
	snapshot_until '.in.records == 30000'
	drain got
	finish "exit 0"
	same got in
}

@test "a disk that is full: block, and what the reader takes makes room" {
	[[ $(id -u) == 0 ]] || skip "only root can mount"
	mkdir full
	mount -t tmpfs -o size=1m none full || skip "no file system can be mounted"
	numbers 1 60000 >in
	stalled_reader slow
	IN=in OUT=slow start --spool=full/spool --pipe-size=keep -m 64K
	reader_holds
	snapshot_until '.spool.failures > 2'
	snap '.spool.failures < 100'
	drain got
	finish "exit 0"
	same got in
}

@test "what cannot be synced in the end: status 1" {
	command -v strace >/dev/null || skip "there is no strace"
	numbers 1 100 >in
	# shellcheck disable=SC2016 # the other shell's
	printf '#!/bin/sh\nexec strace -f -o trace -e trace=fdatasync -e inject=fdatasync:error=EIO:when=2+ "%s" "$@"\n' "$WEIR" >traced
	chmod +x traced
	IN=in WEIR=./traced run_weir --spool=spool --drain-timeout=1s
	is "$ENDED" "exit 1"
	same out in
	like "$(<err)" "weir: --spool=spool: syncing: (Input/output|I/O) error" # musl
	final '.exit.reason == "spool error"'
}

@test "what was on disk for sure is gone: it is counted, and the run ends" {
	numbers 1 5000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep -m 64K --spool-sync=10ms
	reader_holds
	snapshot_until '.in.records == 5000 and .spool.syncs > 0 and .spool.since_sync_ns > 20000000'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	truncate -s -1000 spool/*.seg
	numbers 5001 5010 >more
	IN=more run_weir --spool=spool
	is "$ENDED" "exit 0"
	final '.recovered.records == 5000 and .dropped.by.corrupt.records > 0 and .kept.records == 0 and .held.records == 0'
	is "$(tail -n 1 out)" "$(numbers 5010 5010)"
	is "$(segments)" 0
}

@test "--dropped: what gave way on disk is read back, or said to be not saved" {
	numbers 1 60000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p drop-oldest --dropped=lost
	reader_holds
	snapshot_until '.in.records == 60000'
	drain got
	finish "exit 0"
	final '.dropped.by.oldest.records > 45000 and .dropped_unsaved.records < .dropped.records'
	is "$(jq -n '[inputs][-1] | .dropped.records - .dropped_unsaved.records' report)" "$(lines_of lost)"
	is "$(jq -n '[inputs][-1] | .dropped.bytes - .dropped_unsaved.bytes' report)" "$(stat -c %s lost)"
	sort got lost | uniq -d >twice
	is "$(<twice)" ""
	[[ $(comm -23 <(sort got lost) <(sort in) | wc -l) == 0 ]]
}
