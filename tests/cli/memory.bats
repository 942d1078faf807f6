#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Memory: what the buffer may hold, the longest record, and 1 MiB; whatever the stream is, and however long the reader stalls.

load common

case $WEIR_UNDER in
asan | valgrind | qemu) million=50000 megabyte=50000 ;;
*) million=1000000 megabyte=1000000 ;;
esac

# most_anonymous: the most memory of its own, in KiB, that weir is known to have had: what it has, or what it had at its
# peak less all of the files that are mapped now.
most_anonymous()
{
	awk '$1 == "RssAnon:" { now = $2 }
		$1 == "VmHWM:" { peak = $2 }
		$1 == "RssFile:" || $1 == "RssShmem:" { mapped += $2 }
		END { print (peak - mapped > now ? peak - mapped : now) }' "/proc/$(<pid)/status"
}

# bounded BUFFER LONGEST, in bytes. The figures of a sanitizer or valgrind are not weir's.
bounded()
{
	local kib most=$((($1 + $2 + 1048576) / 1024))
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || return 0
	kib=$(most_anonymous)
	[[ $kib -gt 0 && $kib -le $most ]] || fail "$kib KiB where $most were enough" "$(grep -E 'Rss|HWM' "/proc/$(<pid)/status")"
}

# feed COMMAND...: what it writes goes into weir, whose input stays open.
feed()
{
	timeout $((4 * PATIENCE)) "$@" >&9 3>&- 6>&- 7>&- 8>&- 2>/dev/null
}

stalled()
{
	producer in.fifo
	stalled_reader out.fifo
	IN=in.fifo OUT=out.fifo start "$@"
	producer_holds in.fifo
	reader_holds
}

# stall_of_two_million POLICY [OPTION]...: the reader takes nothing while two million lines of 40 bytes come; under block, what
# there is room for.  BESIDES: bytes that may be used for each record that is held or has just been read, besides.
stall_of_two_million()
{
	local bytes lines=$((2 * million))
	for bytes in 4096 1048576 33554432; do
		stalled -p "$@" -m "$bytes"
		feed "$HELPERS/lines" -n "$lines" -l 40 3>&- &
		if [[ $1 == block && $bytes -lt $((lines * 40)) ]]; then
			snapshot_until ".paused.count == 1 and .held.bytes >= $bytes"
		else
			snapshot_until ".in.records == $lines"
			snap ".held.bytes + .out.bytes > ([$bytes, $lines * 40] | min) * ${FREED:-1} - 40 and .held.records <= $bytes / 40"
		fi
		bounded "$((bytes + BESIDES * (bytes + 262144) / 40))" 40
		sig KILL
		finish "signal 9"
		producer_ends
		reader_goes
		rm in.fifo out.fifo
	done
}

@test "block: two million lines for a reader that is stalled" {
	stall_of_two_million block
}

@test "drop-oldest: two million lines for a reader that is stalled" {
	stall_of_two_million drop-oldest
}

@test "drop-newest: two million lines for a reader that is stalled" {
	stall_of_two_million drop-newest
}

# What a sweep has freed is free: an eighth, or by lot about a quarter, and more than half of it as good as never.
@test "shed, codel, drop-random: two million lines for a reader that is stalled" {
	FREED=1/2
	for policy in shed:10 codel drop-random; do
		stall_of_two_million "$policy"
	done
}

@test "--keep: two million lines for a reader that is stalled" {
	needs_patterns
	FREED=1/2
	for policy in drop-oldest drop-newest drop-random; do
		stall_of_two_million "$policy" --keep='00\b' --max-age=1h
	done
}

@test "latest: two million lines, each with a key of its own, for a reader that is stalled" {
	FREED=1/2
	BESIDES=96 # sixteen bytes for each key, in a table of which a fifth is used at least, in pieces of 2 MiB
	stall_of_two_million latest -k 1
}

# Two in three records are left out, each of them for itself.
@test "--mark-drops: a gap before each record takes a 32nd of the buffer" {
	producer in.fifo
	stalled_reader out.fifo
	IN=in.fifo OUT=out.fifo start -p shed:3 -m 16M --high=1% --low=0% --mark-drops
	producer_holds in.fifo
	reader_holds
	feed "$HELPERS/lines" -n "$((million * 6 / 5))" -l 40
	snapshot_until ".in.records == $million * 6 / 5"
	[[ $million -lt 1000000 ]] || snap '.held.records > 390000'
	bounded $(((16 << 20) + (16 << 20) / 32)) 40
	sig KILL
	finish "signal 9"
}

# A huge page is eight reads of the longest: while the system finds it the producer waits.
@test "the memory of a large buffer is had as it is read into, not in huge pages" {
	[[ -r /proc/self/smaps ]] && grep -q '^VmFlags:' /proc/self/smaps || skip "the system does not say"
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "the memory is $WEIR_UNDER's"
	stalled -p drop-oldest -m 256M
	feed "$HELPERS/lines" -n 100000 -l 40
	snapshot_until '.in.records == 100000'
	is "$(grep -c '^VmFlags:.* hg' "/proc/$(<pid)/smaps")" 0
	sig KILL
	finish "signal 9"
}

@test "--drop-over by key: a million keys in 128 MiB, and more keys take no more" {
	producer in.fifo
	IN=in.fifo OUT=/dev/null start --drop-over=1/h --rate-by=key -k 1
	producer_holds in.fifo
	feed "$HELPERS/lines" -n "$million" -l 20
	snapshot_until ".in.records == $million"
	snap '.dropped.records == 0'
	if [[ $WEIR_UNDER != @(asan|valgrind|qemu) ]]; then
		kib=$(most_anonymous)
		((kib > 60 * 1024 && kib < 128 * 1024)) || fail "$kib KiB"
	fi
	feed "$HELPERS/lines" -n "$million" -l 20
	snapshot_until ".in.records == 2 * $million"
	snap ".dropped.by.over.records == $million"
	feed "$HELPERS/lines" -n "$((2 * million))" -l 20
	snapshot_until ".in.records == 4 * $million"
	bounded $((127 << 20)) 0
}

@test "a record of 100 MB is dropped as oversize, in no more memory than others" {
	producer in.fifo
	IN=in.fifo start -p drop-oldest
	producer_holds in.fifo
	echo before >&9
	feed head -c $((100 * megabyte)) /dev/zero
	snapshot_until ".in.bytes >= 7 and .dropped.by.oversize.bytes + .held.bytes == 100 * $megabyte"
	snap '.held.bytes <= 1048576 and .dropped.records == 0 and .out.records == 1'
	bounded 1048576 1048576
	printf '\nafter\n' >&9
	producer_ends
	finish "exit 0"
	final ".dropped.by.oversize == {records: 1, bytes: (100 * $megabyte + 1)} and .dropped.records == 1 and .out.records == 2"
	same out <(printf 'before\nafter\n')
}

@test "under a sample, too, a record of 100 MB takes no more memory than others" {
	producer in.fifo
	IN=in.fifo OUT=/dev/null start -s 2 -m 64K
	producer_holds in.fifo
	feed head -c $((100 * megabyte)) /dev/zero
	snapshot_until ".out.bytes + .held.bytes == 100 * $megabyte"
	bounded 65536 65536
	echo >&9
	feed head -c $((100 * megabyte)) /dev/zero
	echo >&9
	snapshot_until '.dropped.by.sample.records == 1'
	snap ".out.records == 1 and .out.bytes == 100 * $megabyte + 1 and .dropped == {records: 1, bytes: .out.bytes, by: .dropped.by}"
	bounded 65536 65536
}

# stream OPTION...: 300 MB of lines go through, nobody stalls
stream()
{
	producer in.fifo
	mkfifo out.fifo
	bg dd if=out.fifo of=/dev/null bs=64K status=none
	IN=in.fifo OUT=out.fifo start "$@"
	producer_holds in.fifo
	feed "$HELPERS/lines" -n $((3 * million)) -l 100
	snapshot_until ".in.bytes == 300 * $million and .held.bytes == 0"
	bounded 1048576 100
	producer_ends
	finish "exit 0"
}

@test "--sample: 300 MB go through" {
	stream --sample=1000
	final ".out.records == 3 * $million / 1000"
}

@test "--bytes: 300 MB go through" {
	stream -b
	final ".out.bytes == 300 * $million"
}

under_4_mib()
{
	(($(rss_anon "$(<pid)") < 4096))
}

@test "what a burst of 64 MB took is given back once it is gone" {
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "the memory is $WEIR_UNDER's"
	stalled -m 64M
	feed "$HELPERS/lines" -n 1000000 -l 100 3>&- &
	snapshot_until '.paused.count == 1 and .held.bytes == 67108864'
	! under_4_mib || fail "nothing was held in memory?"
	timeout "$PATIENCE" head -c $((FILLED + 100000000)) <&8 >nothing 3>&-
	snapshot_until '.out.records == 1000000 and .held.bytes == 0'
	# POSIX has no way to give it back.
	[[ $WEIR_UNDER == portable ]] || until_true under_4_mib
}

@test "a standing queue takes memory by its length, not by the buffer's" {
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "the memory is $WEIR_UNDER's"
	local sent=0 turn
	producer in.fifo
	stalled_reader out.fifo
	IN=in.fifo OUT=out.fifo start -p drop-oldest -m 64M
	producer_holds in.fifo
	reader_holds
	"$HELPERS/lines" -n 4000 -l 100 >block
	# 400 KB wait; then as much comes as goes, twice the buffer
	feed cat block
	for ((turn = 0; turn < 320; turn++)); do
		feed cat block
		sent=$((sent + 400000))
		timeout "$PATIENCE" head -c 400000 <&8 >taken 3>&-
	done
	snapshot_until '.in.records == 1284000'
	snap '.dropped.bytes == 0 and .held.bytes > 300000'
	# four times the queue, which has up to 800 KB, and 4 MiB
	[[ $(most_anonymous) -le $((4 * 800 + 4096)) ]] || fail "$(most_anonymous) KiB"
}

@test "too little memory to begin with: status 1, and a message that says for what" {
	local status=0
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "the memory is $WEIR_UNDER's"
	seq 3 >in
	(ulimit -v 60000 && "$WEIR" --drop-over=1/s --rate-by=key -k 1 <in >out 2>err) || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: --buffer=1048576 and --rate-by=key: [^:]+$'
	is "$(cat out)" ""
	(ulimit -v 60000 && "$WEIR" -q --drop-over=1/s <in >out)
	is "$(paste -sd ' ' out)" 1
}
