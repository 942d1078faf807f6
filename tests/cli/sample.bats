#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Sampling: which records come in, and what becomes of those that do not.

load common

@test "seq 1000 | weir -p sample:10 gives the first of every ten" {
	seq 1000 | "$WEIR" -p sample:10 2>err >out
	same out <(seq 1 10 1000)
	like "$(cat err)" 'dropped 900 \(90\.0%, sample\)'
}

@test "1 in N, and what is left over at the end" {
	seq 1003 >in
	for n in 1 2 3 7 1002 1003 1004 1000000; do
		IN=in run_weir --sample="$n"
		same out <(seq 1 "$n" 1003)
		final ".dropped.by.sample.records == .dropped.records and .in.records == 1003
			and .out.records == (1003 + $n - 1 - ((1003 + $n - 1) % $n)) / $n"
	done
}

# percent P: record floor(k*100/P) for k = 0, 1, 2...; P with at most one decimal
percent()
{
	awk -v p="$1" 'BEGIN { p10 = p * 10; for (k = 0; (i = int(k * 1000 / p10)) < 1000; k++) print i + 1 }'
}

@test "P%: record k of those kept is input record floor(k*100/P)" {
	seq 1000 >in
	for p in 1 10 12.5 25 30 33.3 50 66.6 75 90 99 99.9 100; do
		IN=in run_weir --sample="$p%"
		same out <(percent "$p")
	done
}

@test "what a sample leaves out is dropped, reason sample, and --fail-on-drop does not mind" {
	seq 100 >in
	IN=in run_weir -s 4 --fail-on-drop
	is "$ENDED" "exit 0"
	final '.out.records == 25 and .dropped.by.sample.records == 75 and .dropped.records == 75
		and .exit == {status: 0, reason: "end of input"}'
	final '[.dropped.by | to_entries[] | select(.key != "sample") | .value.records] | add == 0'
}

@test "other framings" {
	printf 'a\nb\0c\0d\0e' | "$WEIR" -q -0 -s 2 >out
	same out <(printf 'a\nb\0d\0')
	printf 'a,b,c,d,e' | "$WEIR" -q -d , -s 4 >out
	same out <(printf 'a,e')
	printf '00112233445' | "$WEIR" -q --fixed=2 -s 5 >out
	same out <(printf '005')
}

@test "however the bytes arrive" {
	seq 500 >in
	for size in 1 3 4096; do
		"$HELPERS/over" -I in -O out -f "$size" "$WEIR" -q -s 7
		same out <(seq 1 7 500)
	done
}

@test "records longer than the buffer: passed on whole, or skipped whole" {
	"$HELPERS/lines" -n 60 -l 100,20000,5,4096,4097,12288 >in
	for n in 2 3 5 7; do
		IN=in run_weir -m 4K -s "$n"
		is "$ENDED" "exit 0"
		same out <(awk -v n="$n" 'NR % n == 1' in)
		final '.in.records == 60 and .dropped.by.oversize.records == 0'
	done
}

@test "the sample comes before the policy" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -s 10 -p drop-oldest --max-records=5
	reader_holds
	snapshot_until '.in.records == 1000 and .held.records == 5'
	snap '.dropped.by.sample.records == 900 and .dropped.by.oldest.records == 95'
	drain got
	finish "exit 0"
	same got <(seq 951 10 1000)
}

@test "the sample counts input records, not those that found room" {
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start -s 10 -p drop-newest --max-records=5
	reader_holds
	snapshot_until '.in.records == 1000 and .held.records == 5'
	snap '.dropped.by.sample.records == 900 and .dropped.by.newest.records == 95'
	drain got
	finish "exit 0"
	same got <(seq 1 10 50)
}

@test "a sample and a rate together" {
	seq 1000 >in
	IN=in run_weir -s 100 -L 100000/s
	same out <(seq 1 100 1000)
	final '.dropped.by.sample.records == 990 and .rate == "100000/s"'
}

@test "a record that is left out takes no room however long it is" {
	head -c 30000000 /dev/zero | tr '\0' x >big
	{ echo first; cat big; echo; echo third; } >in
	IN=in run_weir -m 4K -s 2
	same out <(printf 'first\nthird\n')
	final '.dropped.by.sample == {records: 1, bytes: 30000001}'
	final '.buffer.peak_bytes <= 1100000'
}
