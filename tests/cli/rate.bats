#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The gate out. A machine may always be slow, so only what must not be too fast is held here; how exact the pace is, the
# benchmarks say.

load common

# not_before MS: weir's own clock says that the run, or the report, is not sooner than that
not_before()
{
	is "$(($(figures elapsed_ns) / 1000000 >= $1))" 1 "$(figures elapsed_ns) ns are not less than $1 ms: 1 means so"
}

@test "seq 100 | weir -p rate:20/s takes 4.95 s, no less, and loses nothing" {
	seq 100 >in
	IN=in run_weir -p rate:20/s
	is "$ENDED" "exit 0"
	same in out
	not_before 4940
	final '.waited_ns.rate > .waited_ns.input + .waited_ns.output and .paused.count == 0'
}

@test "the first record leaves at once" {
	seq 3 >in
	IN=in start -L 1/h --drain-timeout=0
	snapshot_until '.out.records == 1'
	snap '.held.records == 2'
	sig TERM
	finish "signal 15"
	same out <(echo 1)
}

@test "records, per second and per minute" {
	seq 41 >in
	IN=in run_weir -L 100/s
	same in out
	not_before 399
	IN=in run_weir -L 6000/min -p drop-oldest
	same in out
	not_before 399
}

@test "bytes, with lines" {
	"$HELPERS/lines" -n 400 -l 100 >in
	IN=in run_weir -L 100kB/s
	same in out
	not_before 395
	IN=in run_weir -L 100kB/s -p drop-newest
	same in out
	not_before 395
}

@test "bytes, without records" {
	head -c 40000 /dev/urandom >in
	IN=in run_weir -b -L 100kB/s
	same in out
	not_before 395
}

@test "a record larger than the bucket leaves when it is full, and is paid for afterwards" {
	"$HELPERS/lines" -n 3 -l 20000 >in
	IN=in run_weir -L 100kB/s
	same in out
	not_before 395
}

@test "a rate in bytes charges each part of a record longer than the buffer" {
	"$HELPERS/lines" -n 1 -l 40000 >in
	IN=in run_weir -m 4K -L 100kB/s
	same in out
	not_before 350
}

@test "a rate in records charges such a record once, at its first part" {
	{
		"$HELPERS/lines" -n 1 -l 100000
		echo next
	} >in
	# Were it charged for each part, this would take hours.
	IN=in start -m 4K -L 1/h --drain-timeout=0
	snapshot_until '.out.records == 1'
	snap '.out.bytes == 100000'
	sig TERM
	finish "signal 15"
	same out <(head -n 1 in)
}

@test "--burst: so much may leave at once" {
	seq 100 >in
	IN=in start -L 1/h --burst=30 --drain-timeout=0
	snapshot_until '.held.records == 70'
	sig TERM
	finish "signal 15"
	same out <(seq 30)
	IN=in run_weir -L 100/s --burst=70
	same in out
	not_before 299
	"$HELPERS/lines" -n 100 -l 100 >in
	IN=in start -L 3600B/h --burst=2000 --drain-timeout=0
	snapshot_until '.held.bytes < 9000 and .out.bytes >= 2000'
	snap '.out.bytes <= 2100'
	sig TERM
	finish "signal 15"
}

@test "time in which nothing came is not saved up" {
	producer fifo
	IN=fifo start -L 100/s
	producer_holds fifo
	feed '0\n'
	snapshot_until '.out.records == 1'
	# half a second in which 50 records could have left
	snapshot_until '.elapsed_ns > 500000000'
	before=$(figures elapsed_ns)
	seq 41 >&9
	producer_ends
	finish "exit 0"
	final ".out.records == 42 and .elapsed_ns - $before >= 385000000"
}

@test "time in which the reader stood still is not saved up" {
	stalled_reader full
	seq 41 >in
	IN=in OUT=full start -L 100/s --pipe-size=keep
	reader_holds
	snapshot_until '.elapsed_ns > 500000000'
	snap '.out.records == 0'
	before=$(figures elapsed_ns)
	drain got
	finish "exit 0"
	same got in
	final ".elapsed_ns - $before >= 380000000"
}

@test "at the end of input the rate holds, without a time limit" {
	seq 41 >in
	IN=in run_weir -L 100/s --drain-timeout=10ms
	is "$ENDED" "exit 0"
	same in out
	not_before 399
}

@test "after a signal the rate holds, within the drain timeout" {
	producer fifo
	IN=fifo start -L 20/s --drain-timeout=300ms -p drop-newest
	producer_holds fifo
	seq 1000 >&9
	snapshot_until '.in.records == 1000'
	before=$(figures out.records)
	sig TERM
	finish "signal 15"
	# 6 more by the clock; with what left before the signal was seen, on a slow machine, not all of them by far
	final ".undelivered.records > 0 and .out.records >= $before and .out.records < 500"
	same out <(head -n "$(figures out.records)" <(seq 1000))
}

@test "what waits for the rate fills the buffer, and block stops reading" {
	mkfifo fifo
	bg sh -c '"$HELPERS/lines" -n 20000 -l 100 >fifo'
	IN=fifo start -m 4K -L 100/s --drain-timeout=0
	snapshot_until '.paused.count > 0'
	snap '.buffer.peak_bytes >= 4000 and .in.bytes < 1000000 and .dropped.bytes == 0'
	sig TERM
	finish "signal 15"
}

@test "a rate that the buffer is full for is read for in large pieces, whatever the framing" {
	local options
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	seq -f '%09.0f' 200000 >in
	for options in "-L 1000k/s" "-L 10MB/s" "-b -L 10MB/s" "--fixed=10 -L 1000k/s" "-d 9 -L 1000k/s" \
		"-L 1000k/s --max-records=50000" "-k1 --rate-by=key -L 1000k/s"; do
		# shellcheck disable=SC2086
		timeout "$PATIENCE" strace -f -o trace -e trace=read,readv,preadv2 "$WEIR" -q -m 256K $options <in >out
		same in out
		# 2 MB, half a buffer at a time: 16; and what a process reads to begin with
		is "$(($(grep -c '(0, ' trace) <= 40))" 1 "$options: $(grep -c '(0, ' trace) reads, at most 40: 1 means so"
	done
	# Where it is to go on at once, an eighth of the buffer at a time: 64.
	for options in "--low=100%" "--low=99%" "--low=100% --max-records=100000000"; do
		# shellcheck disable=SC2086
		timeout "$PATIENCE" strace -f -o trace -e trace=read,readv,preadv2 "$WEIR" -q -m 256K -L 1000k/s $options <in >out
		same in out
		is "$(($(grep -c '(0, ' trace) <= 160))" 1 "$options: $(grep -c '(0, ' trace) reads, at most 160: 1 means so"
	done
}

@test "under a rate for each key records leave many in a write, up to the first that waits" {
	[[ $WEIR_UNDER != @(asan|valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	seq -f '%09.0f' 20000 >in
	timeout "$PATIENCE" strace -f -o trace -e trace=write,writev,pwritev2 "$WEIR" -q -k1 --rate-by=key -L 1000/s <in >out
	same in out
	is "$(($(grep -c '(1, ' trace) <= 1000))" 1 "$(grep -c '(1, ' trace) writes for 20000 records, at most 1000: 1 means so"
	printf '%s\n' a b c a d >in
	timeout "$PATIENCE" strace -f -o trace -e trace=write,writev,pwritev2 "$WEIR" -q -k1 --rate-by=key -L 10/s <in >out
	same in out
	is "$(grep -c '(1, ' trace)" 2 "writes: a, b and c, then a and d"
}

@test "a rate that is no limit here changes nothing" {
	"$HELPERS/lines" -n 20000 -l 12,700,33 >in
	for options in "-L 1000000000/s" "-L 1000GB/s" "-b -L 1000GB/s" "-L 1000000000/s -p drop-oldest"; do
		# shellcheck disable=SC2086
		IN=in run_weir $options
		same in out
	done
}

@test "a record longer than the buffer is metered to its end" {
	# its end is read while most of it is still held
	{ head -c 300000 /dev/zero | tr '\0' x; echo; } >in
	IN=in run_weir -m 256K -L 1MB/s
	same in out
	not_before 280
}
