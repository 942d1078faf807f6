#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --weight: how many each record stands for. That this is so on average is test_weighing's; here what a user sees, and that a
# weight goes with its record, wherever that has been.

load common

setup_file()
{
	seq 10000 >"$BATS_FILE_TMPDIR/in"
}

# The weights of ./out are all these, and the sum of them is between.
weighs()
{
	is "$(cut -d ' ' -f 1 out | sort -nu | paste -sd ' ')" "$1" weights || return
	awk -v from="$2" -v to="$3" '{ sum += $1 } END { if (sum < from || sum > to) { print sum; exit 1 } }' out
}

@test "weight: 1 in N, from anywhere in the first N on" {
	local seed
	cp "$BATS_FILE_TMPDIR/in" in
	for seed in 1 2 3 4 5 6; do
		IN=in run_weir -s 97 --weight='{n} ' --seed=$seed
		is "$ENDED" "exit 0"
		weighs 97 9900 10100
		awk 'NR > 1 && $2 != last + 97 { exit 1 } { last = $2 }' out
		head -n 1 out | cut -d ' ' -f 2
	done >begins
	[[ $(sort -u begins | wc -l) -gt 3 && $(sort -n begins | tail -n 1) -le 97 ]]
	final ".added_bytes + .out.bytes == $(wc -c <out) and .outside_weights == 0"
}

@test "weight: the ways to sample, each with its own" {
	cp "$BATS_FILE_TMPDIR/in" in
	IN=in run_weir --weight='{n} '
	weighs 1 10000 10000
	IN=in run_weir -s 30% --weight='{n} '
	weighs 3.333333 9996 10004
	IN=in run_weir -s 10 --sample-by=random --seed=1 --weight='{n} '
	weighs 10 9000 11000
	awk '{ print $1 % 100, $1 }' in >keyed
	IN=keyed run_weir -s 10 --sample-by=key -k 1 --seed=3 --weight='{n} '
	is "$(cut -d ' ' -f 1 out | uniq)" 10
	IN=keyed run_weir -s 10 --sample-by=each-key -k 1 --seed=3 --weight='{n} '
	weighs '1 10' 9400 10600
	is "$(grep -c '^1 ' out)" 100 "the first of each key stands for itself"
	is "$(grep '^1 ' out | cut -d ' ' -f 2 | sort -u | wc -l)" 100
}

@test "weight: what --keep matches stands for itself" {
	needs_patterns
	cp "$BATS_FILE_TMPDIR/in" in
	IN=in run_weir -s 100 --seed=2 --keep='/7$/' --weight='{n} '
	awk '($2 % 10 == 7) != ($1 == 1) { print; exit 1 }' out
	is "$(grep -c '^1 ' out)" 1000
}

@test "weight: a budget's are of two digits, and 1 while it lasts" {
	seq 100 >in
	IN=in run_weir -s 500/s --weight='{n} '
	weighs 1 100 100
	seq 300000 >in
	IN=in run_weir -s 500/s --seed=9 --weight='{n} '
	awk '{ x = $1; while (x >= 100) x /= 10; if (x * 10 % 1 > 0.001 || $1 < 1 || (x > 10 && x % 1 > 0.001)) { print; exit 1 } }' out
}

@test "weight: behind the number, in front of the record; as JSON" {
	seq 9 >in
	IN=in run_weir -s 3 --seed=1 --number='{n}:' --weight='<{n}> '
	is "$(lines_of out) $(sed -n 's/^\([0-9]*\):<3> \1$/&/p' out | wc -l)" "3 3"
	seq 9 | awk '{ print "{\"a\":" $1 "}" }' >in
	IN=in run_weir -s 2 --weight='{"n":{n}}	'
	is "$(cut -f 1 out | jq -c .n | sort -u)" 2
	IN=in run_weir -d '}' -s 2 --weight='{n} '
	is "$ENDED" "exit 0"
}

@test "weight: NUL, the last without its delimiter, empty records, bytes one by one, nothing at all" {
	printf 'a\0\0b' >in
	IN=in run_weir -0 --weight='{n}:'
	is "$(tr '\0' , <out)" "1:a,1:,1:b"
	IN=in run_weir -0 --weight='{n}:' -s 1/3 --seed=4
	is "$(lines_of report)" 1
	: >in
	IN=in run_weir -s 5 --weight='{n} '
	is "$ENDED $(wc -c <out)" "exit 0 0"
	seq 1000 | while read -r line; do printf '%s' "$line"; echo; done | "$WEIR" -q -s 10 --weight='{n} ' --seed=1 >out
	weighs 10 1000 1000
	"$HELPERS/lines" -n 1000 >in
	"$WEIR" -q -s 10 --weight='{n} ' --seed=1 <in >out
	same <(cut -d ' ' -f 2- out) <(awk -v first="$(head -n 1 out | cut -d ' ' -f 2-)" '$0 == first { on = NR } on && (NR - on) % 10 == 0' in)
}

@test "weight: a record longer than the buffer has one, and is whole" {
	head -c 300000 /dev/zero | tr '\0' x >in
	echo >>in
	cp in long
	IN=in run_weir -m 64K --weight='{n} '
	same <(cut -d ' ' -f 2- out) long
	is "$(head -c 2 out)" "1 "
}

@test "weight: in batches, tried again, and to a reader that is started again" {
	cp "$BATS_FILE_TMPDIR/in" in
	IN=in run_weir -s 100 --seed=5 --weight='{n} ' --batch=7 --retry=3 --backoff=1ms \
		sh -c 'cat >got; [ "$WEIR_TRY" -gt 1 ] || exit 1; cat got'
	weighs 100 10000 10000
	IN=in run_weir -s 100 --seed=5 --weight='{n} ' --number='{n} ' --confirm=number --restart --backoff=1ms..2ms --window=5 \
		sh -c 'for i in 1 2 3 4 5 6 7; do read -r n rest || exit 0; echo "$n $rest" >>all; echo "$n"; done; read -r n rest && echo "again $n $rest" >>all; exit 1'
	awk '{ sub(/^again /, ""); if ($2 != 100 || $1 != $3) { print; exit 1 } }' all
	is "$(sed 's/^again //' all | sort -u | wc -l)" 100
}

@test "weight: what shedding has no room for is outside, and the report says so" {
	seq 10000 >in
	stalled_reader full
	IN=in OUT=full start -p shed:10 --seed=1 -m 4K --high=50% --weight='{n} '
	reader_holds
	snapshot_until '.in.records == 10000'
	drain out
	finish "exit 0"
	final '.dropped.by.newest.records > 0 and .dropped.by.shed.records > 0'
	final '.outside_weights == .dropped.by.newest.records and .dropped.by.oldest.records == 0'
	is "$(cut -d ' ' -f 1 out | sort -nu | paste -sd ' ')" "1 10"
	"$WEIR" -p drop-newest --max-record=3 <in >/dev/null 2>err
	unlike "$(<err)" outside
	"$WEIR" -p fail -s 2 --weight='{n} ' --max-record=3 <in >/dev/null 2>err || :
	like "$(<err)" ', 1 outside the weights'
}

@test "weight: in a spool it stays with its record, whichever run sends it" {
	cp "$BATS_FILE_TMPDIR/in" in
	for options in '-s 3' '-s 200/s' '-s 20 --sample-by=each-key -k 1 -t 7'; do
		rm -rf spool fifo full
		stalled_reader full
		producer fifo
		# shellcheck disable=SC2086 # words
		IN=fifo OUT=full start --spool=spool --pipe-size=keep $options --seed=5 --weight='{n} '
		producer_holds fifo
		reader_holds
		cat in >&9
		snapshot_until '.in.records == 10000'
		kill -KILL "$(<pid)"
		until_true has_ended
		producer_ends
		reader_goes
		seq 20001 20010 >more
		cp -r spool again
		IN=more run_weir --spool=spool --weight='{n} '
		is "$ENDED" "exit 0"
		final '.recovered.records > 100 and .out.records == .recovered.records + 10'
		head -n -10 out >recovered
		is "$(tail -n 10 out | cut -d ' ' -f 1 | sort -u)" 1 "what comes now stands for itself"
		is "$(cut -d ' ' -f 2 recovered | sort -nu | wc -l)" "$(wc -l <recovered)"
		[[ $options != '-s 3' ]] || is "$(cut -d ' ' -f 1 recovered | sort -u)" 3
		awk '{ sum += $1 } END { if (sum < 5000 || sum > 20000) { print sum; exit 1 } }' recovered
		IN=nothing run_weir --spool=again
		same out <(cut -d ' ' -f 2 recovered)
		rm -r again
	done
}

@test "weight: many runs of weights in a spool, read back" {
	awk '{ print $1 % 7 ? "a" : $1, $1 }' "$BATS_FILE_TMPDIR/in" >in
	"$WEIR" -q -s 50 --sample-by=each-key -k 1 --seed=5 --weight='{n} ' <in >expected
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep -m 4K --max-record=1K -s 50 --sample-by=each-key -k 1 --seed=5 --weight='{n} '
	reader_holds
	snapshot_until '.in.records == 10000'
	drain out
	finish "exit 0"
	final '.spool.read_back_bytes > 0'
	same out expected
}

@test "weight: of a block of which the reader has taken a part, the rest has its own" {
	awk '{ print $1 % 7 ? "a" : $1, $1 }' "$BATS_FILE_TMPDIR/in" >in
	"$WEIR" -q -s 9 --sample-by=each-key -k 1 --seed=5 --weight='{n} ' <in >expected
	"$WEIR" -q -s 9 --sample-by=each-key -k 1 --seed=5 --weight='{n} ' --spool=spool --confirm=line -- \
		sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11; do read -r _; echo; done' <in 2>err || :
	IN=nothing run_weir --spool=spool --weight='{n} '
	is "$ENDED" "exit 0"
	same out <(tail -n +12 expected)
}

@test "weight: while weir runs a sample may change, and each has the weight of its own; a policy that loses some is refused" {
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --control="$PWD/sock" -s 10 --seed=1 --weight='{n} '
	producer_holds fifo
	reader_holds
	seq 1000 >&9
	snapshot_until '.in.records == 1000'
	is "$("$HELPERS/ask" sock 'set sample=50')" '{"ok":true}'
	seq 1000 >&9
	snapshot_until '.in.records == 2000'
	like "$("$HELPERS/ask" sock 'set policy=drop-oldest')" 'not with a policy that drops'
	like "$("$HELPERS/ask" sock 'set weight=x')" 'weight=x: cannot be set while weir runs'
	producer_ends
	drain out
	finish "exit 0"
	is "$(cut -d ' ' -f 1 out | uniq -c | awk '{ print $1, $2 }' | paste -sd ,)" "100 10,20 50"
}

@test "weight: the first records, which pass every gate, stand for themselves" {
	{ echo name; seq 1000; } >in
	IN=in run_weir --header=1 -s 10 --seed=1 --weight='{n} '
	is "$(head -n 1 out)" "1 name"
	is "$(tail -n +2 out | cut -d ' ' -f 1 | sort -u) $(lines_of out)" "10 101"
	stalled in -p shed:10 --seed=1 -m 4K --high=20% --header=1 --weight='{n} ' --pipe-size=keep || :
	is "$(head -n 1 got)" "1 name"
}

@test "weight: the dead letters of a batch are without" {
	seq 9 >in
	IN=in run_weir --weight='{n} ' --batch=4 --retry=0 --dropped=lost sh -c 'exit 65'
	is "$ENDED" "exit 5"
	same in lost
}
