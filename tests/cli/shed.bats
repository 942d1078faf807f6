#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The policies that choose: drop-random, latest, shed:N, codel, fail; and --max-age. Batches that are read at once while the
# reader stands still make it known to the record what has to give way.
# shellcheck disable=SC2030,SC2031,SC1003

load common

# ascends FILE: its lines are some of 1, 2, 3..., in their order
ascends()
{
	awk '$0 !~ /^[0-9]+$/ || $0 + 0 <= last { exit 1 } { last = $0 + 0 }' "$1" || fail "$1 is out of order"
}

# --- drop-random ----------------------------------------------------------------------------------------------------------------

@test "drop-random: all fits at the end, in order, and the same again with the same seed" {
	seq 20000 >in
	for limits in '-m 4K' '--max-records=100' '-m 8K --max-records=1000'; do
		# shellcheck disable=SC2086
		stalled in -p drop-random --seed=7 $limits
		ascends got
		final '.dropped.by.random.records == .dropped.records and .out.records == 20000 - .dropped.records and .out.records > 50'
	done
	fed "-p drop-random --seed=1 --max-records=100" "$(seq -s ' ' 90)" "$(seq -s ' ' 91 200)" "$(seq -s ' ' 201 290)"
	one=$GOT
	fed "-p drop-random --seed=1 --max-records=100" "$(seq -s ' ' 90)" "$(seq -s ' ' 91 200)" "$(seq -s ' ' 201 290)"
	is "$GOT" "$one"
	fed "-p drop-random --seed=2 --max-records=100" "$(seq -s ' ' 90)" "$(seq -s ' ' 91 200)" "$(seq -s ' ' 201 290)"
	[[ $GOT != "$one" ]]
}

# 900 records where 800 may wait: 300 have to go, each with the same chance. The seeds are fixed, and so is the outcome.
@test "drop-random: none is more likely to go than another" {
	[[ -z $WEIR_UNDER ]] || skip "the draw is the same everywhere"
	seq 100 999 >in
	: >gone
	for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
		stalled in -p drop-random --max-records=800 --seed="$seed"
		comm -23 in got >>gone
	done
	# Chi-squared with 17 degrees of freedom, for each 50 numbers: 40.8 is what 1 in 1000 exceeds; even, it would be
	# under 2.3 as often.
	awk '{ n[int(($1 - 100) / 50)]++; all++ }
		END { for (i = 0; i < 18; i++) x += (n[i] - all / 18) ^ 2 / (all / 18); print all, x; exit !(all > 3400 && all < 3800 && x > 2.3 && x < 40.8) }' gone
}

# --- fair -------------------------------------------------------------------------------------------------------------------

# kept_of KEY: its records in ./got, a line.
kept_of()
{
	sed -n "s/^$1 //p" got | paste -sd ' '
}

@test "fair: one that is loud loses, ten others nothing; the order stays" {
	awk 'BEGIN { for (i = 1; i <= 40000; i++) print i % 200 ? "loud" : "quiet" (i / 200) % 10, i }' >in
	stalled in -p fair -k 1 -m 64K
	final '.dropped.by.fair.records == .dropped.records and .dropped.records > 0 and .policy == "fair"'
	same <(grep -v loud in) <(grep -v loud got)
	same got <(awk 'NR == FNR { out[$0]; next } $0 in out' got in)
	# the buffer is full of what there was
	is "$(($(stat -c %s got) > 50000))" 1
	stalled in -p fair -k 1 --max-records=300 -m 1M
	same <(grep -v loud in) <(grep -v loud got)
	# and so it is in records, but for a 64th, of which all may go where one must
	is "$(($(lines_of got) > 295))" 1
}

@test "fair: of equal ones each has as much, whatever the others' records are like" {
	local key least=0 most=0 bytes
	awk 'BEGIN { for (i = 1; i <= 60000; i++) print "k" i * 7919 % 8, i }' >in
	stalled in -p fair -k 1 -m 64K
	for key in 0 1 2 3 4 5 6 7; do
		bytes=$(grep -c "^k$key " got)
		((most == 0 || bytes < least)) && least=$bytes
		((bytes > most)) && most=$bytes
	done
	is "$((most - least < most / 10))" 1 "from $least to $most"
	# what counts is bytes: short records and long ones
	awk -v long="$(printf '%200s' '' | tr ' ' x)" 'BEGIN { for (i = 1; i <= 20000; i++) print i % 2 ? "short " i : "long " i " " long }' >in
	stalled in -p fair -k 1 -m 64K
	most=$(grep long got | wc -c) least=$(grep short got | wc -c)
	is "$((least > 22000 && most > 22000))" 1 "short $least, long $most"
}

@test "fair: what --keep matches gives way last, and counts all the same" {
	needs_patterns
	awk 'BEGIN { for (i = 1; i <= 20000; i++) print i % 3 ? "loud" : "other", i % 50 ? i : "KEEP" i }' >in
	stalled in -p fair -k 1 -m 64K --keep=KEEP --top-keys=2
	is "$(grep -c KEEP got)" 400
	final '.keep[0].dropped.records == 0 and .top_keys[0].key == "loud"'
	# of a flood of what is kept, the key that has most of it
	awk 'BEGIN { for (i = 1; i <= 20000; i++) print i % 200 ? "loud" : "quiet", "KEEP" i; print "quiet last" }' >in
	stalled in -p fair -k 1 -m 64K --keep=KEEP
	is "$(kept_of quiet | wc -w)" 100
}

@test "fair: records of any framing, that come bit by bit, and are saved when they go" {
	awk 'BEGIN { for (i = 1; i <= 9000; i++) printf "%s %d%c", i % 100 ? "a" : "b", i, 0 }' >in
	stalled in -0 -p fair -k 1 -m 8K --dropped=lost --top-keys=1
	is "$(tr '\0' '\n' <got | grep -c b)" 90
	is "$(tr '\0' '\n' <lost | grep -c .)" "$(figures dropped.records)"
	printf 'a%05d' {1..2000} >in
	printf 'b%05d' 1 2 >>in
	stalled in --fixed=6 -p fair -k 1 -m 4K -t 0 --max-age=1h
	is "$(grep -o b0000 got | wc -l)" 2
	seq 2000 >in
	"$HELPERS/over" -I in -O got -f 3 "$WEIR" -q -p fair -k 1 -m 4K
	same got in
}

# --- latest -------------------------------------------------------------------------------------------------------------------

@test "latest: what is superseded goes first, then the oldest" {
	local latest="-p latest -k 1 -t = --max-records=8"
	fed "$latest" "a=1 b=1 a=2 c=1 a=3 b=2 d=1 e=1" "f=1"
	left "c=1 a=3 b=2 d=1 e=1 f=1" '.dropped.by.superseded.records == 3 and .dropped.records == 3'
	fed "$latest" "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1" "i=1"
	left "b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1" '.dropped.by.oldest.records == 1 and .dropped.records == 1'
	fed "$latest" "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1" "h=2"
	left "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=2" '.dropped.by.superseded.records == 1 and .dropped.records == 1'
	fed "$latest" "a=1 a=2 a=3 a=4 b=1"
	left "a=1 a=2 a=3 a=4 b=1" '.dropped.records == 0'
}

@test "latest: of a few keys, the last value of each comes out, whatever came" {
	awk 'BEGIN { for (i = 1; i <= 50000; i++) print "key" (i * 7919 % 40), i }' >in
	stalled in -p latest -k 1 -m 4K
	final '.dropped.by.oldest.records == 0 and .dropped.by.superseded.records == .dropped.records'
	is "$(awk '{ last[$1] = $2 } END { for (k in last) print k, last[k] }' got | sort)" \
		"$(awk '{ last[$1] = $2 } END { for (k in last) print k, last[k] }' in | sort)"
	awk '{ print $2 }' got >numbers
	ascends numbers
}

@test "latest: without a key all are the same; the delimiter is no part of a key" {
	needs_patterns
	fed "-p latest -k 5 --max-records=4" "a b c d" "e"
	left "e" '.dropped.by.superseded.records == 4'
	fed "-p latest -k /[a-z]+/ --max-records=4" "1a 2b 3a 4b" "5"
	left "3a 4b 5"
	printf 'x\0y\0x\0y\0x' >in
	stalled in -0 -p latest -k 1 --max-records=3
	is "$(tr '\0' , <got)" "x,y,x"
}

# --- shed:N ------------------------------------------------------------------------------------------------------------------

@test "shed:N: from --high on 1 in N comes in, the first of every N" {
	fed "-p shed:3 --max-records=16 --high=25% --low=0%" "1 2 3 4 5 6 7 8 9 10 11 12"
	left "1 2 3 4 5 8 11" '.dropped.by.shed.records == 5 and .dropped.records == 5'
	fed "-p shed:3 --max-records=16 --high=25% --low=0%" "1 2 3" "4" "5 6" "7 8 9" "10 11 12"
	left "1 2 3 4 5 8 11"
	fed "-p shed:50% --max-records=16 --high=25% --low=0%" "1 2 3 4 5 6 7 8 9 10"
	left "1 2 3 4 5 7 9"
	fed "-p shed:3 -m 4K --max-records=1000 --high=1% --low=0%" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b c d e f"
	left "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b e"
}

@test "shed:N: without --high it begins with what does not fit; full all the same, the newest goes" {
	fed "-p shed:2 --max-records=4" "1 2 3 4 5 6 7 8"
	left "1 2 3 4" '.dropped.by.shed.records == 2 and .dropped.by.newest.records == 2'
	fed "-p shed:1 --max-records=4" "1 2 3 4 5 6 7 8"
	left "1 2 3 4" '.dropped.by.newest.records == 4'
}

@test "shed:N: it ends at --low, and the sample begins anew with the next" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start -p shed:3 --max-records=16 --high=25% --low=0%
	producer_holds fifo
	reader_holds
	feed '1\n2\n3\n4\n5\n6\n7\n8\n'
	snapshot_until '.in.records == 8'
	snap '.dropped.by.shed.records == 2 and .held.records == 6'
	exec 7>full
	timeout "$PATIENCE" head -c "$FILLED" <&8 >filling
	snapshot_until '.held.records == 0'
	FILLED=$("$HELPERS/fill" full)
	exec 7>&-
	feed '9\n10\n11\n12\n13\n14\n15\n16\n'
	snapshot_until '.in.records == 16'
	producer_ends
	timeout "$PATIENCE" cat <&8 | tr -d '#' >got
	finish "exit 0"
	is "$(paste -sd ' ' got)" "1 2 3 4 5 8 9 10 11 12 13 16"
}

# --- codel -----------------------------------------------------------------------------------------------------------------

@test "codel: when it is full, as drop-oldest; while the reader takes nothing, it drops nothing" {
	fed "-p codel:1h/1h --max-records=8" "1 2 3 4 5 6 7 8" "9 10"
	left "3 4 5 6 7 8 9 10" '.dropped.by.oldest.records == 2 and .dropped.records == 2'
	stalled_reader full2
	producer fifo2
	IN=fifo2 OUT=full2 start -p codel:1ms/1ms
	producer_holds fifo2
	reader_holds
	feed '1\n2\n'
	snapshot_until '.in.records == 2'
	feed '3\n'
	snapshot_until '.in.records == 3'
	snapshot
	snap '.dropped.records == 0 and .held.records == 3'
	producer_ends
	drain got
	finish "exit 0"
}

@test "codel: what has waited for too long goes while the reader takes some, and the last does not" {
	seq 2000 >in
	IN=in run_weir -p codel:1ms/2ms -L 500/s
	is "$ENDED" "exit 0"
	ascends out
	is "$(tail -n 1 out)" 2000
	final '.dropped.by.codel.records == .dropped.records and .dropped.records > 100 and .policy == "codel"'
	IN=in run_weir -p codel:1h -L 20000/s
	final '.dropped.records == 0'
	same in out
}

# --- fail -----------------------------------------------------------------------------------------------------------------

@test "fail: what was read until then is delivered, and the status is 3" {
	seq 100000 >in
	stalled_reader full
	IN=in OUT=full start -p fail -m 4K
	reader_holds
	snapshot_until '.in.records > 0' # which is more than fits
	drain got
	finish "exit 3"
	final '.exit == {status: 3, reason: "buffer full"} and .dropped.records == 0'
	is "$(grep -v '^{' err)" "weir: --policy=fail: not read to the end: a record did not fit"
	same <(head -c "$(stat -c %s got)" in) got
	is "$(($(stat -c %s got) >= 4096 && $(lines_of got) < 100000))" 1
}

@test "fail: to the record; what is not at its end is undelivered" {
	ENDS="exit 3" fed "-p fail --max-records=4" "1 2 3" "4 5"
	left "1 2 3 4 5" '.exit.reason == "buffer full"'
	fed "-p fail --max-records=4" "1 2 3" "4"
	left "1 2 3 4" '.exit.reason == "end of input"'
	stalled_reader full2
	producer fifo2
	IN=fifo2 OUT=full2 start -p fail --max-records=4
	producer_holds fifo2
	reader_holds
	feed '1\n2\n3\n4\n5\nhalf'
	snapshot_until '.in.records == 5'
	drain got
	finish "exit 3"
	is "$(paste -sd ' ' got)" "1 2 3 4 5"
	final '.undelivered == {records: 0, bytes: 4}'
	producer_ends
}

@test "fail: a record that is too long ends it, too; nothing ends it while the reader keeps up" {
	{ seq 3; "$HELPERS/lines" -n 1 -l 9000; seq 4 6; } >in
	IN=in run_weir -p fail -m 4K
	is "$ENDED" "exit 3"
	same out <(seq 3)
	final '.exit.reason == "record too long" and .dropped.by.oversize == {records: 1, bytes: 9000} and .dropped.records == 1'
	final '.undelivered == {records: 3, bytes: 6}'
	is "$(grep -v '^{' err)" "weir: --policy=fail: not read to the end: a record was longer than --max-record"
	seq 100000 >in
	"$WEIR" -q -p fail --max-records=1 <in >out
	same in out
}

# --- --max-age --------------------------------------------------------------------------------------------------------------

# bats test_tags=clock
@test "--max-age: what has waited longer is gone when the reader comes back, kept or not" {
	for options in "-p drop-oldest" "--pipe-size=keep" "-p latest -k 1" "-p shed:2 --max-records=100" "-p codel"; do
		rm -f full fifo
		stalled_reader full
		producer fifo
		# shellcheck disable=SC2086
		IN=fifo OUT=full start --max-age=20ms $options
		producer_holds fifo
		reader_holds
		feed '1\n2\n'
		snapshot_until '.in.records == 2'
		feed '3\n4'
		# It wakes for them: nothing else happens.
		snapshot_until '.dropped.by.expired.records == 3'
		snap '.held == {records: 0, bytes: 1}'
		producer_ends
		until_true has_ended
		drain got
		finish "exit 0"
		is "$(cat got)" ""
		final '.dropped.records == 4 and .in.records == 4 and .max_age_ns == 20000000'
	done
}

@test "--max-age: and nothing else is" {
	fed "--max-age=1h --pipe-size=keep" "1 2 3 4 5" "6"
	left "1 2 3 4 5 6" '.dropped.records == 0'
	needs_patterns
	fed "--max-age=1h -p drop-oldest --keep=3 --max-records=4" "1 2 3 4 5" "6"
	left "3 4 5 6" '.dropped.by.expired.records == 0 and .dropped.by.oldest.records == 2'
}

# bats test_tags=clock
@test "--max-age: a record that is partly written is exempt" {
	empty_reader fifo
	{ "$HELPERS/lines" -n 1 -l 300000; seq 3; } >in
	IN=in OUT=fifo start -p drop-oldest -m 512K --max-record=512K --max-age=20ms
	reader_holds
	snapshot_until '.in.records == 4 and .out.bytes > 0'
	drain got
	finish "exit 0"
	same <(head -n 1 got) <(head -n 1 in)
	final '.out.records + .dropped.by.expired.records == 4'
}

# The file says when they went: asking weir would wake it.
# bats test_tags=clock
@test "--max-age: what waits behind a record that is partly written expires in its time, and makes room" {
	"$HELPERS/lines" -n 1 -l 300000 >long
	for options in "-p drop-oldest" "-p drop-newest" "--pipe-size=keep" "-p shed:2" "-L 100/s" "-L 1MB/s --burst=300000"; do
		rm -f full fifo lost
		empty_reader full
		producer fifo
		# shellcheck disable=SC2086
		IN=fifo OUT=full start $options -m 512K --max-record=512K --max-age=20ms --dropped=lost
		producer_holds fifo
		reader_holds
		cat long >&9
		snapshot_until '.in.records == 1 and .out.bytes > 0'
		feed '1\n2\n'
		feed '3\n'
		until_true more_lines_than lost 2
		snapshot
		snap '.dropped.by.expired == {records: 3, bytes: 6} and .held.records == 1 and .held.bytes + .out.bytes == 300000'
		producer_ends
		drain got
		finish "exit 0"
		same got long
		same lost <(seq 3)
	done
}

# bats test_tags=clock
@test "--max-age and a rate: what the rate holds back for too long expires" {
	seq 5 >in
	IN=in start -L 1/h --max-age=20ms
	finish "exit 0"
	is "$(cat out)" 1
	final '.dropped.by.expired.records == 4'
}

# --- all of them ----------------------------------------------------------------------------------------------------------------

# Whole records only, in their order, whatever they are made of, through the buffer many times, with a reader that comes and goes.
@test "every policy: other framings, NUL and empty records, no delimiter at the end, a reader that comes and goes" {
	awk 'BEGIN { for (i = 1; i <= 8000; i++) printf "%d%s,%s", i, substr("\001\303xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 1, i * 31 % 37), i % 5 ? "" : "," }' >plain
	for framing in "-d ," "-0" "-l"; do
		case $framing in
		-0) tr , '\0' <plain >in ;;
		-l) tr ',\001' '\n\0' <plain >in ;;
		*) cp plain in ;;
		esac
		printf 9999end >>in
		for policy in drop-random latest fair shed:3 codel:1ms drop-oldest drop-newest; do
			rm -f full
			stalled_reader full
			# shellcheck disable=SC2046,SC2086
			IN=in OUT=full start -p $policy $framing -m 4K $([[ $policy != latest && $policy != fair ]] || echo -k 1) --max-age=1h
			reader_holds
			snapshot_until '.dropped.records > 0'
			timeout "$PATIENCE" head -c $((FILLED + 5000)) <&8 | tail -c +$((FILLED + 1)) >got
			FILLED=0
			cp got first
			drain rest
			cat first rest >got
			finish "exit 0"
			case $framing in
			-0) tr '\0' , <got >plain_got ;;
			-l) tr '\n\0' ',\001' <got >plain_got ;;
			*) cp got plain_got ;;
			esac
			# each record that came out is one that went in, in order
			{ cat plain; printf '9999end'; } | tr , '\n' >all
			tr , '\n' <plain_got >some
			awk 'NR == FNR { all[++n] = $0; next } { while (++at <= n && all[at] != $0); if (at > n) { print "not there: " $0; exit 1 } }' all some ||
				fail "$policy $framing"
			final '.in.records == 9601 and .out.records + .dropped.records == 9601 and .dropped.records > 0'
		done
	done
}

@test "every policy: --fixed, with a last record that is short" {
	seq 10000 59999 | tr -d '\n' >in
	printf 123 >>in
	for policy in drop-random latest fair shed:3 codel:1ms fail; do
		rm -f full
		stalled_reader full
		# shellcheck disable=SC2046,SC2086
		IN=in OUT=full start -p $policy --fixed=5 -m 4K $([[ $policy != latest && $policy != fair ]] || echo -k 1)
		reader_holds
		[[ $policy == fail ]] || snapshot_until '.in.records == 50001'
		drain got
		finish
		fold -w 5 got | sed '$a\' >numbers
		[[ $policy == shed:3 || $policy == fail ]] || is "$(tail -n 1 numbers)" 123 "$policy"
		sed '/^123$/d' numbers >whole
		ascends whole
	done
}
