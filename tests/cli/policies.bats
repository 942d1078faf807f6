#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What gives way when a record does not fit. The reader's FIFO is full before weir starts: so weir cannot write anything
# until the test wants it to, and what must come out is known to the record.

load common

# fits FILE SIZE RECORDS oldest|newest [LONGEST]: the records of FILE that a buffer of SIZE bytes and RECORDS records is left
# with, by the letter of the policy.
fits()
{
	awk -v size="$2" -v most="$3" -v policy="$4" -v longest="${5:-$2}" '
		{ len = length($0) + 1 }
		len > longest { next }
		policy == "newest" {
			if (used + len <= size && n < most) { print; used += len; n++ }
			next
		}
		{
			while (n > 0 && (used + len > size || n >= most)) { used -= length(held[first]) + 1; delete held[first++]; n-- }
			held[first + n++] = $0; used += len
		}
		END { if (policy == "oldest") for (i = 0; i < n; i++) print held[first + i] }' "$1"
}

@test "drop-newest drops nothing that the reader takes: 1000 lines through a buffer of 10" {
	is "$(seq 1000 | "$WEIR" -q -p drop-newest --max-records=10 | cat | wc -l)" 1000
	is "$(seq 1000 | "$WEIR" -q -p drop-oldest --max-records=10 | cat | wc -l)" 1000
	seq 1000 >in
	IN=in run_weir -p drop-newest --max-records=1
	same in out
	IN=in run_weir -p drop-oldest --max-records=1 -m 4K
	same in out
}

@test "drop-oldest by count: the newest N are left" {
	seq 100000 >in
	for n in 1 2 10 1000; do
		stalled in -p drop-oldest --max-records="$n"
		same got <(tail -n "$n" in)
		final ".dropped.by.oldest.records == 100000 - $n and .dropped.records == 100000 - $n"
	done
}

@test "drop-newest by count: the first N are left" {
	seq 100000 >in
	for n in 1 2 10 1000; do
		stalled in -p drop-newest --max-records="$n"
		same got <(head -n "$n" in)
		final ".dropped.by.newest.records == 100000 - $n and .dropped.records == 100000 - $n"
	done
}

@test "drop-oldest by bytes: the longest run of newest records that fits" {
	"$HELPERS/lines" -n 5000 -l 100 >in
	stalled in -p drop-oldest -m 64K
	same got <(tail -n 655 in)
	"$HELPERS/lines" -n 5000 -l 12,700,33,4000,1,150 >in
	for size in 4096 5000 10000 65536; do
		stalled in -p drop-oldest -m "$size"
		fits in "$size" 1000000 oldest >wanted
		same got wanted
	done
}

@test "drop-newest by bytes: what fits is let in, also after a larger one was refused" {
	"$HELPERS/lines" -n 5000 -l 12,700,33,4000,1,150 >in
	for size in 4096 5000 10000 65536; do
		stalled in -p drop-newest -m "$size"
		fits in "$size" 1000000 newest >wanted
		same got wanted
		final '.dropped.by.newest.records == .dropped.records'
	done
}

@test "by bytes and by count together" {
	"$HELPERS/lines" -n 3000 -l 12,700,33,150 >in
	for n in 3 20 100; do
		stalled in -p drop-oldest -m 8K --max-records="$n"
		same got <(fits in 8192 "$n" oldest)
		stalled in -p drop-newest -m 8K --max-records="$n"
		same got <(fits in 8192 "$n" newest)
	done
}

@test "evicts as few as let the new one in" {
	"$HELPERS/lines" -n 41 -l 100 >in
	stalled in -p drop-oldest -m 4K
	final '.dropped.by.oldest.records == 1'
	{
		"$HELPERS/lines" -n 40 -l 100
		"$HELPERS/lines" -f 41 -n 1 -l 296
	} >in
	stalled in -p drop-oldest -m 4K
	final '.dropped.by.oldest.records == 2'
	same got <(tail -n +3 in)
}

@test "a record as long as the buffer fits, one byte more is oversize and displaces nothing" {
	{
		"$HELPERS/lines" -n 10 -l 100
		"$HELPERS/lines" -f 11 -n 1 -l 4097
	} >in
	for policy in drop-oldest drop-newest; do
		stalled in -p "$policy" -m 4K
		same got <(head -n 10 in)
		final '.dropped.by.oversize == {records: 1, bytes: 4097} and .dropped.records == 1'
	done
	{
		"$HELPERS/lines" -n 10 -l 100
		"$HELPERS/lines" -f 11 -n 1 -l 4096
	} >in
	stalled in -p drop-oldest -m 4K
	same got <(tail -n 1 in)
	final '.dropped.by.oldest.records == 10'
}

@test "--max-record: longer ones are dropped whole, whether or not there is room" {
	"$HELPERS/lines" -n 100 -l 100,200,201,5000 >in
	for policy in drop-oldest drop-newest; do
		IN=in run_weir -p "$policy" --max-record=200
		same out <(awk 'length($0) < 200' in)
		final '.dropped.by.oversize.records == 50 and .dropped.records == 50'
	done
	# not under block
	IN=in run_weir --max-record=200
	same in out
	IN=in run_weir --max-record=200 -L 1000000/s --burst=1000
	same in out
}

@test "a record without its delimiter at the end is subject to the policy as any other" {
	{ seq 1000 && printf 'end'; } >in
	stalled in -p drop-oldest --max-records=2
	same got <(printf '1000\nend')
	stalled in -p drop-newest --max-records=2
	same got <(printf '1\n2\n')
	final '.in.records == 1001 and .dropped.records == 999'
}

@test "other framings drop whole records, too" {
	seq 1000 | tr '\n' '\0' >in
	stalled in -0 -p drop-oldest --max-records=3
	same got <(printf '998\000999\0001000\0')
	stalled in -z -p drop-newest --max-records=3
	same got <(printf '1\0002\0003\0')
	seq 10000 99999 | tr -d '\n' >in
	stalled in --fixed=5 -p drop-oldest --max-records=3
	same got <(printf 999979999899999)
	stalled in --fixed=5 -p drop-oldest -m 4K
	same got <(tail -c 4095 in)
	stalled in --fixed=5 -p drop-newest -m 4K
	same got <(head -c 4095 in)
}

# A reader that takes what its FIFO holds and no more: the record that weir is in the middle of is not let go.
@test "a record that is partly written is not evicted" {
	empty_reader fifo
	{
		"$HELPERS/lines" -n 1 -l 300000
		"$HELPERS/lines" -f 2 -n 50000 -l 100
	} >in
	IN=in OUT=fifo start -p drop-oldest -m 512K --max-record=512K
	reader_holds
	snapshot_until '.in.records == 50001 and .out.bytes > 0'
	drain got
	finish "exit 0"
	head -n 1 got >first
	same first <(head -n 1 in)
	"$HELPERS/reader" -l 300000+100 <got >seen
	final '.dropped.by.oldest.records == .dropped.records and .dropped.records > 0'
	is "$(jq .records seen)" "$(figures out.records)"
	is "$(jq .last seen)" 50001
	# what followed it fills the rest of the buffer: what the FIFO took of the long one was room for others
	is "$(jq .gaps seen)" 1
}

@test "if nothing can be evicted, the arriving record is dropped, reason newest" {
	empty_reader fifo
	{
		"$HELPERS/lines" -n 1 -l 290000
		"$HELPERS/lines" -f 2 -n 1 -l 250000
		"$HELPERS/lines" -f 3 -n 2 -l 100
	} >in
	IN=in OUT=fifo start -p drop-oldest -m 300000 --max-record=300000
	reader_holds
	snapshot_until '.in.records == 4 and .out.bytes > 0'
	snap '.dropped.by.newest == {records: 1, bytes: 250000} and .dropped.records == 1'
	drain got
	finish "exit 0"
	same got <(sed 2d in)
}

@test "a record that is partly written does not count towards --max-records" {
	empty_reader fifo
	{
		"$HELPERS/lines" -n 1 -l 290000
		"$HELPERS/lines" -f 2 -n 1000 -l 100
	} >in
	IN=in OUT=fifo start -p drop-newest -m 1M --max-records=7
	reader_holds
	snapshot_until '.in.records == 1001 and .out.bytes > 0'
	snap '.dropped.by.newest.records == 993'
	drain got
	finish "exit 0"
	same got <(head -n 8 in)
}

@test "under a policy that drops the producer never waits" {
	for policy in drop-oldest drop-newest; do
		rm -f full fifo figures
		stalled_reader full
		mkfifo fifo
		bg sh -c '"$HELPERS/lines" -n 200000 -r figures >fifo'
		producer=$BG
		IN=fifo OUT=full start -p "$policy" -m 4K
		reader_holds
		# It ends while the reader takes nothing: 20 MB.
		ended_job "$producer"
		snapshot_until '.in.records == 200000'
		snap '.out.records == 0 and .paused == {count: 0, ns: 0}'
		drain got
		finish "exit 0"
		"$HELPERS/reader" <got >seen
		is "$(jq .records seen)" "$(figures out.records)"
	done
}

@test "block: the producer waits, nothing is lost, and the wait is counted" {
	stalled_reader full
	mkfifo fifo
	bg sh -c '"$HELPERS/lines" -n 20000 -r figures >fifo'
	IN=fifo OUT=full start -m 4K --pipe-size=keep
	reader_holds
	snapshot_until '.paused.count == 1'
	snap '.in.bytes < 2000000 and .dropped.bytes == 0 and .held.bytes >= 4096 and .held.bytes <= 4096 + 1048576'
	[[ ! -e figures ]]
	drain got
	finish "exit 0"
	same got <("$HELPERS/lines" -n 20000)
	final '.paused.count >= 1 and .paused.ns > 0 and .dropped.records == 0'
}

@test "block: --max-records stops reading at N, and holds what the same read brought" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --max-records=3 --pipe-size=keep
	producer_holds fifo
	reader_holds
	feed '1\n'
	snapshot_until '.held.records == 1'
	snap '.paused.count == 0'
	feed '2\n3\n4\n5\n'
	snapshot_until '.held.records == 5'
	snap '.paused.count == 1'
	feed '6\n'
	snapshot
	snapshot
	snap '.in.records == 5 and .paused.count == 1'
	producer_ends
	drain got
	finish "exit 0"
	same got <(seq 6)
}

@test "block: stops reading at --high, resumes at --low" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -m 100000 --high=50% --low=20% --pipe-size=keep
	producer_holds fifo
	reader_holds
	"$HELPERS/lines" -n 49 -l 1000 >&9
	snapshot_until '.held.records == 49'
	snap '.paused.count == 0'
	"$HELPERS/lines" -f 50 -n 1 -l 1000 >&9
	snapshot_until '.held.bytes == 50000'
	snap '.paused.count == 1'
	feed 'next\n'
	# Page by page out: while more than 20000 are held, nothing is read.
	until [[ $(value held.bytes) -le 24096 ]]; do
		head -c 4096 <&8 >>took
		snapshot_until ".out.bytes > $(value out.bytes)"
		snap '.in.records == 50 and .paused.count == 1 or .held.bytes < 20100'
	done
	snap '.in.records == 50'
	while [[ $(value in.records) == 50 ]]; do
		is "$(($(value held.bytes) > 20000 || ++idle < 100))" 1 "still paused with $(value held.bytes) held: 1 means no"
		head -c 4096 <&8 >>took
		snapshot
	done
	snap '.in.records == 51 and .paused == {count: 1, ns: .paused.ns} and .paused.ns > 0'
	producer_ends
	cat <&8 >>took
	finish "exit 0"
	same <(tail -c +$((FILLED + 1)) took) <("$HELPERS/lines" -n 50 -l 1000; echo next)
}

value()
{
	jq -r ".$1" <<<"$SNAP"
}

@test "block: a record longer than the buffer goes through, under every gate" {
	"$HELPERS/lines" -n 7 -l 20000,100 >in
	for options in "" "--max-records=1" "-s 1" "-L 1000/s" "-L 100MB/s" "--high=50% --low=0%" "-L 1000/s --max-records=1"; do
		# shellcheck disable=SC2086
		IN=in run_weir -m 4K $options
		is "$ENDED" "exit 0" "$options"
		same in out
		final '.dropped.bytes == 0 and .in.records == 7 and .out.records == 7'
	done
}

@test "gates compose: sample, drop-oldest and rate" {
	seq 10000 >in
	stalled in -s 10 -p drop-oldest --max-records=50 -L 10000/s
	same got <(seq 9501 10 10000)
}

@test "the rate says wait: that is a reader that does not keep up" {
	seq 1000 >in
	# 1 an hour: the first leaves at once; then the rate holds back the rest, and the newest of them are dropped.
	IN=in start -p drop-newest --max-records=5 -L 1/h --drain-timeout=0
	snapshot_until '.in.records == 1000 and .held.records == 5'
	snap '.out.records == 1 and .dropped.by.newest.records == 994'
	sig TERM
	finish "signal 15"
	same out <(echo 1)
	IN=in start -p drop-oldest --max-records=5 -L 1/h --drain-timeout=0
	snapshot_until '.in.records == 1000 and .held.records == 5'
	sig TERM
	finish "signal 15"
	final '.dropped.by.oldest.records == 994 and .undelivered.records == 5'
}

@test "after a stall, what comes when there is room again is let in" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p drop-newest --max-records=10
	producer_holds fifo
	reader_holds
	seq 1000 >&9
	snapshot_until '.in.records == 1000'
	timeout "$PATIENCE" head -c "$FILLED" <&8 >/dev/null
	snapshot_until '.held.records == 0'
	seq 2001 2005 >&9
	producer_ends
	FILLED=0
	drain got
	finish "exit 0"
	same got <(seq 10; seq 2001 2005)
}
