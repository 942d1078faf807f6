#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2086,SC2154
#
# --header: the first records pass every gate, leave first, and give way to nothing.

load common

# few NAME EXPECTED: what came out, in one line
few()
{
	is "$ENDED $(paste -sd ' ' out)" "exit 0 $2" "$1"
}

# can OPTIONS: without PCRE2 there are no patterns
can()
{
	[[ $1 != *--keep=* && $1 != *-k?/* ]] || has_patterns
}

@test "the gates in: each lets the header in, and counts from behind it" {
	{ echo name,value; seq 20; } >in
	while read -r options expected; do
		can "$options" || continue
		IN=in run_weir ${options//+/ } --header=1 || return
		few "$options" "name,value $expected" || return
	done <<-'end'
		-s+10 1 11
		-s+10% 1 11
		-s+10+--keep=1[0-9]$ 1 10 11 12 13 14 15 16 17 18 19
		--drop-over=1/h+--burst=2 1 2
		--drop-over=3B/h+--burst=3 1
		--drop-over=1/h+--burst=1+--rate-by=key+-k+/(.)$/ 1 2 3 4 5 6 7 8 9 10
		-s+20+--sample-by=each-key+-k+/(.)$/ 1 2 3 4 5 6 7 8 9 10
		-s+1/h 1
	end
	final '.dropped.by.sample.records == 19 and .out.records == 2'
	IN=in run_weir -s 1000 --sample-by=random --seed=1 --header=3
	few random "name,value 1 2"
	IN=in run_weir -s 1000 --sample-by=key -k 1 --header=3
	few key "name,value 1 2"
}

@test "every policy: what gives way is behind it, also where --max-records is less" {
	local policy expected
	while read -r policy expected; do
		can "$policy" || continue
		fed "-p ${policy//+/ } --header=2 --max-records=3" 'h1 h2 1 2 3' '4 5 6' '7 8 9' || return
		[[ $expected ]] || expected="h1 h2 ${GOT#h1 h2 }"
		is "$GOT" "$expected" "$policy" || return
		is "$(lines_of got)" 5 "$policy" || return
		snap '.held.records == 5 and .dropped.records == 6' || return
		fed "-p ${policy//+/ } --header=4 --max-records=1" 'h1' 'h2 h3 h4 1 2' '3' || return
		is "${GOT%?}" 'h1 h2 h3 h4 ' "$policy" || return
	done <<-'end'
		drop-oldest h1 h2 7 8 9
		drop-oldest+--keep=5 h1 h2 5 8 9
		drop-newest h1 h2 1 2 3
		drop-newest+--keep=[89] h1 h2 3 8 9
		drop-random
		drop-random+--keep=[19]
		latest+-k+1 h1 h2 7 8 9
		fair+-k+1
		shed:2 h1 h2 1 2 3
		codel h1 h2 7 8 9
		codel+--keep=1 h1 h2 1 8 9
	end
}

@test "latest, fair: it is of no key" {
	needs_patterns
	fed '-p latest -k /(.)/ --header=1 --max-records=2' 'ah' 'a1 a2 a3' 'a4 b1'
	is "$GOT" 'ah a4 b1'
	fed '-p fair -k /(.)/ --header=1 --max-records=2' 'ah b1' 'a1' 'a2' 'a3'
	is "$GOT" 'ah b1 a1'
}

@test "fail: it ends the run all the same, with the header out" {
	ENDS='exit 3'
	stalled_reader full
	printf '%s\n' h1 h2 1 2 3 >in
	IN=in OUT=full start -p fail --header=2 --max-records=2
	reader_holds
	snapshot_until '.in.records >= 5'
	drain got
	finish 'exit 3'
	is "$(paste -sd ' ' got)" 'h1 h2 1 2 3'
}

# bats test_tags=clock
@test "--max-age, codel: it does not become too old, and what is behind it does" {
	fed '-p drop-oldest --header=1 --max-age=1ms' 'h' '1 2 3'
	is "$GOT" 'h'
	final '.dropped.by.expired.records == 3'
	fed '--header=1 --max-age=1ms' 'h 1'
	is "$GOT" 'h'
}

@test "--number: serials as ever; a mark stands behind it, where records are missing" {
	fed '-p drop-oldest --header=2 --max-records=3 --number={n}:' 'h1 h2 1 2 3' '4 5 6' '7 8 9'
	is "$GOT" '1:h1 2:h2 9:7 10:8 11:9'
	fed '-p drop-newest --header=2 --max-records=3 --number={n}:' 'h1 h2 1 2 3' '4 5 6' '7 8 9'
	is "$GOT" '1:h1 2:h2 3:1 4:2 5:3'
	fed '-p drop-oldest --header=2 --max-records=3 --mark-drops=-{records}' 'h1 h2 1 2 3' '4 5 6' '7 8 9'
	is "$GOT" 'h1 h2 -6 7 8 9'
	fed '-p drop-newest --header=2 --max-records=3 --mark-drops=-{records}' 'h1 h2 1 2 3' '4 5 6'
	is "$GOT" 'h1 h2 1 2 3 -3'
	fed '-p drop-oldest --header=2 --max-records=1 --mark-drops=-{records} --number={n}:' 'h1 h2 1 2 3' '4 5 6'
	is "$GOT" '1:h1 2:h2 7:-5 8:6'
	needs_patterns
	fed '-p drop-random --header=2 --max-records=3 --number={n}: --keep=[59]' 'h1 h2 1 2 3' '4 5 6' '7 8 9'
	like "$GOT" '^1:h1 2:h2 .*7:5 .*11:9$'
}

@test "fewer than that come; none; the last has no delimiter; each byte on its own" {
	printf 'h1\nh2' >in
	IN=in run_weir -p drop-oldest --header=9
	few fewer 'h1 h2'
	is "$(stat -c %s out)" 5
	run_weir -p drop-oldest --header=9
	few none ''
	printf 'h' >in
	IN=in run_weir -s 10 --header=1
	few unended h
	is "$(stat -c %s out)" 1
	{ echo h1; seq 30; } | while IFS= read -rn 1 byte; do printf '%s' "${byte:-$'\n'}"; done | "$WEIR" -q -s 10 --header=2 >out
	is "$(paste -sd ' ' out)" 'h1 1 2 12 22'
	printf 'h1\0h\n2\0x\0y\0z\0' | "$WEIR" -q -0 -s 3 --header=2 | tr '\0' ' ' >out
	is "$(paste -sd '#' out)" 'h1 h#2 x '
	printf 'h1h2aabbcc' | "$WEIR" -q --fixed=2 -s 3 --header=2 >out
	is "$(cat out)" 'h1h2aa'
	head -c 1000000 /dev/urandom >in
	IN=in run_weir -p drop-oldest --header=100000 -m 4M
	same in out
}

@test "plain block: nothing else happens, and an incomplete line is not held back" {
	producer fifo
	IN=fifo start --header=3
	producer_holds fifo
	printf 'password: ' >&9
	snapshot_until '.out.bytes == 10'
	producer_ends
	finish 'exit 0'
	is "$(cat out)" 'password: '
}

@test "longer than --max-record: the run ends with an error; where nothing gives way it leaves in parts" {
	{ printf 'h1\n'; head -c 6000 /dev/zero | tr '\0' x; printf '\n1\n2\n'; } >in
	IN=in run_weir -p drop-oldest -m 4K --header=2
	is "$ENDED" 'exit 1'
	is "$(cat out)" h1
	like "$(cat err)" '^weir: --header=2: not read to the end: one of these records is longer than --max-record'
	final '.exit.reason == "header too long" and .dropped.records == 0 and .out.records == 1'
	IN=in run_weir -p drop-oldest -m 4K --header=1
	is "$ENDED" 'exit 0'
	final '.dropped.by.oversize.records == 1'
	IN=in run_weir -s 2 -m 4K --header=2
	is "$ENDED" 'exit 0'
	is "$(tail -n +3 out)" 1
	final '.dropped.records == 1 and .out.records == 3'
	IN=in run_weir -p drop-oldest -m 8K --spool=spool --header=2 --max-record=4K
	is "$ENDED" 'exit 1'
}

@test "more of them than the buffer holds: they are waited for, and none is lost" {
	seq 1 200000 >in
	stalled_reader full
	IN=in OUT=full start -p drop-oldest -m 4K --header=150000
	reader_holds
	snapshot_until '.held.bytes > 4096 and .waited_ns.output > 0'
	snap '.in.records < 150000 and .dropped.records == 0'
	drain got
	finish 'exit 0'
	is "$(head -n 150000 got | cksum)" "$(seq 1 150000 | cksum)"
	sort -nc got
	final '.buffer.peak_bytes <= 4096 and .out.records >= 150000'
}

@test "the gates out: it pays for them as others do, and is handed over again" {
	printf '%s\n' h1 h2 1 2 3 4 >in
	IN=in start -p drop-oldest --header=2 --max-records=1 -L 1/h --drain-timeout=0
	snapshot_until '.out.records == 1'
	snap '.held.records == 2 and .dropped.records == 3'
	sig TERM
	finish 'signal 15'
	is "$(cat out)" h1
	printf '%s\n' h1 h2 1 2 >in
	IN=in run_weir -q --header=2 --batch=2 --confirm=exit sh -c 'test $WEIR_TRY -gt 1 && cat; test $WEIR_TRY -gt 1' 
	few batches 'h1 h2 1 2'
	IN=in run_weir -p drop-oldest --header=2 --confirm=line --restart --backoff=1ms sh -c 'read -r a; echo "$a" >>seen; test -e once || { : >once; exit 1; }; echo ok; while read -r a; do echo "$a" >>seen; echo ok; done'
	is "$(paste -sd ' ' seen)" 'h1 h1 h2 1 2'
}

@test "--batch: only the first has it" {
	printf '%s\n' h 1 2 3 4 5 >in
	IN=in run_weir -s 2 --header=1 --batch=2 sh -c 'echo "<$(paste -sd " " -)>"'
	few batch '<h 1> <3 5>'
}

@test "nobody reads any more: it goes too, and is undelivered, or dropped" {
	{ echo h1; echo h2; seq 5; } >in
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p drop-oldest --header=2 --max-records=3 --reader-gone=discard
	producer_holds fifo
	reader_holds
	cat in >&9
	snapshot_until '.in.records == 7'
	snap '.held.records == 5'
	reader_goes
	snapshot_until '.held.records == 0'
	printf '%s\n' 6 >&9
	snapshot_until '.in.records == 8'
	producer_ends
	finish 'exit 0'
	final '.out.records == 0 and .dropped.by.gone.records == 6'
	rm full
	stalled_reader full
	IN=in OUT=full start -p drop-oldest --header=9
	reader_holds
	snapshot_until '.in.records == 7'
	reader_goes
	finish 'signal 13'
	final '.undelivered.records == 7'
}

@test "purge leaves it; and while it has not left, what was a stream stays one" {
	export XDG_RUNTIME_DIR=$PWD
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --control=socket -p drop-oldest --header=2
	producer_holds fifo
	reader_holds
	printf '%s\n' h1 h2 1 2 3 >&9
	snapshot_until '.in.records == 5'
	"$HELPERS/ask" socket purge >answer || :
	snapshot_until '.dropped.by.purged.records == 3'
	printf '%s\n' 4 >&9
	snapshot_until '.in.records == 6'
	producer_ends
	drain got
	finish 'exit 0'
	is "$(paste -sd ' ' got)" 'h1 h2 4'
}

@test "--spool: no segment gives way that has it" {
	local policy
	numbers() { seq -f '%099.0f' "$1" "$2"; }
	{ echo name,value; numbers 1 30000; } >in
	for policy in drop-oldest drop-newest; do
		rm -rf spool full
		stalled_reader full
		IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p $policy --header=1
		reader_holds
		snapshot_until '.in.records == 30001'
		snap '.dropped.records > 15000'
		drain got
		finish 'exit 0'
		is "$(head -n 1 got)" name,value "$policy"
		tail -n +2 got | sort -c
		final '.out.records == .in.records - .dropped.records and .held.records == 0'
	done
}

@test "--spool: one that finds no room there waits, and is not what gives way" {
	local policy
	seq -f '%099.0f' 30000 >in
	{ printf name; head -c 64000 /dev/zero | tr '\0' ,; echo; } >header # longer than what is left of the last segment
	for policy in drop-newest drop-oldest block; do
		rm -rf spool full fifo
		stalled_reader full
		IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p drop-newest
		reader_holds
		snapshot_until '.in.records == 30000'
		sig TERM
		finish 'signal 15'
		reader_goes
		rm full
		stalled_reader full
		producer fifo
		IN=fifo OUT=full start --spool=spool --pipe-size=keep --spool-size=1M -m 64K -p $policy --header=1
		producer_holds fifo
		reader_holds
		cat header >&9
		snapshot_until '.in.records == 1'
		snap '.recovered.records > 1000 and .dropped.by.newest.records == 0'
		cat in >&9 &
		snapshot_until '.elapsed_ns > 100000000'
		producer_ends
		drain got
		wait
		finish 'exit 0'
		is "$(grep -c name got)" 1 "$policy"
	done
}

# bats test_tags=clock
@test "--spool, --max-age: it stays, and with it what is behind it, until it has left" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep --header=1 --max-age=1ms
	producer_holds fifo
	reader_holds
	printf '%s\n' h 1 2 >&9
	snapshot_until '.in.records == 3'
	snapshot_until '.elapsed_ns > 50000000'
	snap '.dropped.records == 0'
	producer_ends
	drain got
	finish 'exit 0'
	is "$(head -n 1 got)" h
}

@test "--spool: what an earlier run has left comes first, then the header of this one" {
	printf '%s\n' h 1 2 3 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --header=1 --drain-timeout=0
	reader_holds
	snapshot_until '.in.records == 4'
	sig TERM
	finish
	reader_goes
	printf '%s\n' h 4 >in
	IN=in run_weir --spool=spool --header=1
	few spool 'h 1 2 3 h 4'
}

@test "set: where bytes go on as they come nothing can be had that drops, until it has left; the number is fixed" {
	export XDG_RUNTIME_DIR=$PWD
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --control=socket --pipe-size=keep --header=1
	producer_holds fifo
	reader_holds
	printf '%s\n' h 1 2 >&9
	snapshot_until '.in.records == 3'
	"$HELPERS/ask" socket 'set policy=drop-oldest' >answers || :
	like "$(cat answers)" 'header: as long as its records have not left, nothing can be had by which'
	"$HELPERS/ask" socket 'set header=2' >answers || :
	like "$(cat answers)" 'header=2: cannot be set while weir runs'
	timeout "$PATIENCE" head -c "$((FILLED + 6))" <&8 >filling
	snapshot_until '.out.records == 3'
	"$HELPERS/ask" socket 'set policy=drop-oldest max-records=1' >answers
	is "$(cat answers)" '{"ok":true}'
	producer_ends
	FILLED=0 drain got
	finish 'exit 0'
	rm fifo full
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --control=socket -p drop-oldest --header=2
	producer_holds fifo
	reader_holds
	printf '%s\nhal' h >&9
	snapshot_until '.in.bytes == 5'
	"$HELPERS/ask" socket 'set policy=block' >answers
	printf 'f\n1\n2\n' >&9
	snapshot_until '.in.records == 4'
	"$HELPERS/ask" socket 'set policy=drop-oldest max-records=1' >answers
	is "$(cat answers)" '{"ok":true}'
	snapshot_until '.dropped.by.oldest.records == 1'
	producer_ends
	drain got
	finish 'exit 0'
	is "$(paste -sd ' ' got)" 'h half 2'
}

@test "records that a byte does not tell: joined lines, a string, lengths in front; and repeats" {
	printf 'h\r\n\r\nx\r\n\r\ny\r\n\r\nz\r\n\r\n' | "$WEIR" -q -d '\r\n\r\n' -s 3 --header=1 -p drop-oldest >out
	is "$(tr -d '\r\n' <out)" hx
	printf '\001h\0022\n\001x\001y\001z' | "$WEIR" -q --frame=u8 -s 3 --header=2 -p drop-oldest | od -An -c | tr -s ' ' >out
	is "$(cat out)" ' 001 h 002 2 \n 001 x'
	printf 'h\nh\na\na\n' | "$WEIR" -q --collapse=1h --header=2 >out
	is "$(head -n 3 out | paste -sd ' ' -)" 'h h a'
	if "$WEIR" -q --join='^ ' <nothing 2>/dev/null; then
		printf 'h\n  2\na\n b\nc\nd\ne\n' | "$WEIR" -q --join='^ ' -s 3 --header=1 -p drop-oldest >out
		is "$(paste -sd , out)" 'h,  2,a, b,e'
		printf 'h\n  2' | "$WEIR" -q --join='^ ' --header=1 -p drop-oldest >out
		is "$(paste -sd , out)" 'h,  2'
	fi
}
