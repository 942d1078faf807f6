#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --collapse and --mask: which records repeat another one, and the marks that say how many are missing, where, and when.
# (What repeats what is held by tests/model and tests/unit/pick/test_repeats, test_mask.)

load common

# marked FILE: its lines in one, and of a mark only how many.
marked()
{
	sed -E 's/^repeated ([0-9]+) times in [0-9.]+(ns|us|ms|s|min)$/x\1/' "$1" | paste -sd ' '
}

@test "repeats are dropped, wherever they stand, and a mark is left where they are missing" {
	printf '%s\n' a a a b a b c a >in
	IN=in run_weir --collapse --fail-on-drop
	is "$ENDED" "exit 0"
	is "$(marked out)" "a x2 b x2 c x1"
	final '.dropped.by.repeated == {records: 5, bytes: 10} and .dropped.records == 5 and .marks.records == 3'
	final '.collapse_ns == 10000000000 and .out.bytes == 6'
	is "$(sed -n 2p out)" "$(sed -n '/^repeated 2 times in /p' out | head -n 1)"
	"$WEIR" --report-on=loss --collapse=1m <in >out 2>err
	is "$(cat err)" "" "what is left out on purpose is no loss"
}

@test "which are equal: to the byte, but for the delimiter" {
	printf 'a\nA\n a\na \na\r\na\0\n\n\naa\na' >in
	IN=in run_weir --collapse
	is "$(figures dropped.by.repeated.records)" 2
	is "$(tr '\0\r' '@%' <out | sed 's/^repeated.*/x/' | paste -sd '|')" 'a|A| a|a |a%|a@||x|aa|x'
}

@test "all framings: marks end as records do; of --fixed there are none" {
	printf 'a\nb\0a\nb\0c\0' >in
	IN=in run_weir -0 --collapse
	is "$(tr '\0\n' '|@' <out | sed 's/in [^|]*/in T/')" 'a@b|repeated 1 times in T|c|'
	printf 'a;a;b;' >in
	IN=in run_weir '-d;' --collapse
	is "$(sed 's/in [^;]*/in T/' out)" 'a;repeated 1 times in T;b;'
	printf 'aabbaaccbb' >in
	IN=in run_weir --fixed=2 --collapse
	is "$(cat out)" aabbcc
	final '.dropped.by.repeated == {records: 2, bytes: 4} and .marks.records == 0'
	refused=$("$WEIR" -d ' ' --collapse <in 2>&1) && fail "a mark of several records"
	like "$refused" "^weir: --collapse: its marks, .* would contain the records' delimiter; accepted with --mark-drops=TEMPLATE$"
	printf 'a a b ' >in
	IN=in run_weir -d ' ' --collapse --mark-drops='{repeated}'
	is "$(cat out)" 'a 1 b '
}

@test "they come one by one: until TIME is over, when the mark comes, and no longer" {
	producer fifo
	IN=fifo start --collapse=700ms
	producer_holds fifo
	feed 'a\n'
	until_true grep -q a out
	feed 'a\n'
	feed 'a\n'
	until_true grep -q '^repeated ' out
	is "$(marked out)" "a x2"
	feed 'a\n'
	until_true eval '(($(grep -c a$ out) == 2))'
	is "$(marked out)" "a x2 a"
	feed 'a\nb\n'
	until_true grep -q b out
	is "$(marked out)" "a x2 a x1 b"
	producer_ends
	finish "exit 0"
}

@test "nothing comes any more: at the end of the input, and after a signal, there is a mark too" {
	producer fifo
	IN=fifo start --collapse=1h
	producer_holds fifo
	feed 'a\na\na\n'
	snapshot_until '.in.records == 3'
	is "$(marked out)" a
	producer_ends
	finish "exit 0"
	is "$(marked out)" "a x2"
	rm -f fifo
	producer fifo
	IN=fifo start --collapse=1h
	producer_holds fifo
	feed 'a\na\na\n'
	snapshot_until '.in.records == 3'
	sig TERM
	producer_ends
	finish "signal 15"
	is "$(marked out)" "a x2"
}

@test "TIME counts from what was let in; the mark says since when" {
	producer fifo
	IN=fifo start --collapse=1h
	producer_holds fifo
	feed 'a\n'
	until_true grep -q a out
	sleep 1.1
	feed 'a\nb\n'
	until_true grep -q b out
	like "$(sed -n 2p out)" '^repeated 1 times in ([1-9][0-9]*\.[0-9]s|[0-9.]+min)$'
	producer_ends
	finish "exit 0"
}

@test "--mask: what differs in what matches only is equal" {
	needs_patterns
	printf '%s\n' 'id=1 ok' 'id=22 ok' 'id=3 failed' 'id= ok' 'ok' 'id=4 failed at 10:00' 'id=5 failed at 23:59' >in
	IN=in run_weir --collapse --mask='[0-9]+'
	is "$(marked out)" "id=1 ok x1 id=3 failed id= ok ok id=4 failed at 10:00 x1"
	printf '%s\n' 'a1 X' 'b1 x' 'a2 Y' >in
	IN=in run_weir --collapse --mask='/x|y/i' --mask='^[a-z]' --mask='[0-9]$|(?<=[ab])[0-9]'
	is "$(marked out)" "a1 X x2"
	yes 'a 1 b' | head -n 1000 | awk '{ print $1, NR, $3 }' >in
	IN=in run_weir --collapse --mask='[0-9]' --mask='[0-9]+'
	is "$(marked out)" "a 1 b x999"
}

@test "before all other gates: repeats use up nothing, and are no part of a sample" {
	printf '%s\n' a a a b a b c a d >in
	IN=in run_weir --collapse --drop-over=1/h --burst=2
	is "$(marked out)" "a x2 b x3"
	final '.dropped.by.over.records == 2 and .dropped.by.repeated.records == 5'
	IN=in run_weir --collapse -s 2
	is "$(marked out)" "a x3 b x1 d"
	final '.dropped.by.sample.records == 2'
	IN=in run_weir --collapse -s 1/h
	is "$(marked out)" "a x4"
	printf '%s\n' a a b b >in
	IN=in run_weir --collapse --drop-over=1/h --mark-drops='{repeated} of {records}'
	is "$(paste -sd '|' out)" "a|1 of 3" "b has not been let in: it is no repeat"
}

@test "what --keep matches is dropped too when it repeats, and counted there" {
	needs_patterns
	printf '%s\n' E E a a E >in
	IN=in run_weir --collapse -p drop-oldest --keep=E
	is "$(marked out)" "E x1 a x2"
	final '.keep[0].dropped == {records: 2, bytes: 4} and .dropped.records == 3'
}

@test "whose repeats: --top-keys" {
	printf '%s\n' 'x 1' 'x 1' 'x 1' 'y 1' 'y 1' 'z 1' >in
	IN=in run_weir --collapse -k 1 --top-keys=2
	is "$(jq -c '[.top_keys[] | [.key, .dropped]]' <<<"$FINAL")" '[["x",2],["y",1]]'
}

@test "--mark-drops: the text of each gap" {
	printf '%s\n' a a bbbbbbbbbb c c dddddddddd d d >in
	IN=in run_weir --collapse -p drop-oldest --max-record=8 --mark-drops
	is "$(sed -E 's/ in .*//' out | paste -sd '|')" "a|weir: 2 records (13 bytes) dropped|c|weir: 2 records (13 bytes) dropped|d|repeated 1 times"
	IN=in run_weir --collapse -p drop-oldest --max-record=8 --mark-drops='{"lost":{oversize},"repeated":{repeated}}'
	is "$(paste -sd '|' out)" 'a|{"lost":1,"repeated":1}|c|{"lost":1,"repeated":1}|d|{"lost":0,"repeated":1}'
	IN=in run_weir --collapse -p drop-oldest --max-record=8
	is "$(marked out)" "a x1 c x1 d x1" "without it, no other gap is marked"
}

# stalled_with_marks FILE [OPTION]...: as stalled of common.bash, where more comes out than records.
stalled_with_marks()
{
	local file=$1
	shift
	rm -f full
	stalled_reader full
	IN=$file OUT=full start "$@"
	reader_holds
	snapshot_until ".in.bytes == $(stat -c %s "$file")" || return
	drain got || return
	finish "exit 0" || return
	final ".out.bytes + .marks.bytes == $(stat -c %s got)"
}

@test "the reader is slow: each mark stands in its place, whatever gives way around it" {
	for policy in "-p drop-oldest" "-p drop-newest" "-p drop-random --seed=3" "-p shed:3" "-p latest -k 1" "-p fair -k 1" "--max-age=1h"; do
		# each number, and now and then one of them again
		seq 3000 | awk '{ print } NR % 7 == 0 { print; print NR - 3 }' >in
		# shellcheck disable=SC2086
		stalled_with_marks in --collapse $policy -m 8K --mark-drops='M {repeated} {records}' || return
		final '.dropped.by.repeated.records == 856 and .marks.records > 0 and .dropped.records >= 856' || return
		is "$(awk '$1 == "M" { r += $2; n += $3 } END { print r, n }' got)" "856 $(figures dropped.records)" "$policy" || return
		# shellcheck disable=SC2086
		stalled_with_marks in --collapse $policy -m 8K || return
		final '.dropped.by.repeated.records == 856 and .marks.records > 0' || return
		is "$(awk '$1 == "repeated" { r += $2 } END { print r }' got)" 856 "$policy" || return
		# in front of each number the repeats of all that stand between it and the one before
		awk '$1 == "repeated" { marks += $2; next }
			{ wanted = 0
			  for (i = last; i < $1; i++) if (i > 0 && i % 7 == 0) wanted += 2
			  if ($1 <= last || marks != wanted) exit 1
			  last = $1; marks = 0 }' got || fail "$policy: $(head -c 300 got)" || return
	done
}

@test "--number, --dropped, --confirm, --batch, --spool: as with other drops" {
	printf '%s\n' a a a b a >in
	IN=in run_weir --collapse --number --dropped=lost --dropped-reason
	is "$(sed 's/ in .*//' out | paste -sd '|')" "1	a|3	repeated 2 times|4	b|5	repeated 1 times"
	is "$(paste -sd '|' lost)" "repeated	a|repeated	a|repeated	a"
	IN=in run_weir --collapse --spool=dir
	is "$(marked out)" "a x2 b x1"
	final '.dropped.by.repeated.records == 3 and .out.records == 2'
	# shellcheck disable=SC2016
	COMMAND=(sh -c 'while read -r line; do echo "$line" >>got; echo ok; done')
	"$WEIR" -q --collapse --confirm=line "${COMMAND[@]}" <in
	is "$(marked got)" "a x2 b x1"
	rm got
	"$WEIR" -q --collapse --batch=1 sh -c 'cat >>got; echo end >>got' <in
	like "$(sed 's/ in .*//' got | paste -sd '|')" "a|.*repeated 2 times.*|b|"
}

@test "set collapse: another time, none, and again; what was not there at the start cannot be had" {
	producer fifo
	IN=fifo start --control=s --collapse=1h
	producer_holds fifo
	feed 'a\na\n'
	snapshot_until '.in.records == 2 and .dropped.records == 1'
	is "$("$HELPERS/ask" s 'set collapse=')" '{"ok":true}'
	feed 'a\na\n'
	until_true eval '(($(grep -c ^a out) == 3))'
	is "$("$HELPERS/ask" s 'set collapse=2h')" '{"ok":true}'
	feed 'a\na\n'
	snapshot_until '.in.records == 6 and .dropped.by.repeated.records == 2 and .collapse_ns == 7200000000000'
	is "$("$HELPERS/ask" s 'set collapse=1us')" '{"ok":true}'
	feed 'a\n'
	until_true eval '(($(grep -c ^a out) == 5))'
	producer_ends
	finish "exit 0"
	is "$(marked out)" "a x1 a a a x1 a"
	rm -f fifo
	producer fifo
	IN=fifo start --control=s
	producer_holds fifo
	like "$("$HELPERS/ask" s 'set collapse=1s')" 'collapse: cannot be had while weir runs, unless it was given at the start'
	producer_ends
	finish "exit 0"
}

@test "idle costs one wake-up: when the mark is due" {
	command -v strace >/dev/null || skip "no strace"
	[[ $WEIR_UNDER != @(asan|valgrind|qemu|msan|tsan) ]] || skip "it calls more than weir does"
	(printf 'a\na\n'; sleep 1.5) | strace -f -o trace -e trace=poll,ppoll,read,write "$WEIR" -q --collapse=500ms >out
	is "$(marked out)" "a x1"
	(($(grep -c poll trace) <= 8)) || fail "$(cat trace)"
}

@test "a million different lines: what is known of them is bounded" {
	[[ $WEIR_UNDER != @(asan|valgrind|qemu|msan|tsan) ]] || skip "its memory is not weir's"
	producer fifo
	IN=fifo OUT=/dev/null start --collapse=1h
	producer_holds fifo
	seq 1000000 >&9
	snapshot_until '.in.records == 1000000'
	snap '.dropped.records == 0'
	kib=$(rss_anon "$(<pid)")
	((kib > 3 * 1024 && kib < 7 * 1024)) || fail "$kib KiB"
	seq 2000000 >&9
	snapshot_until '.in.records == 3000000'
	more=$(rss_anon "$(<pid)")
	((more < 7 * 1024)) || fail "$more KiB"
	producer_ends
	finish "exit 0"
}
