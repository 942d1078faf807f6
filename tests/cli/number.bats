#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --number, and --reader-gone=discard: what stands in front of a record, and what becomes of those that nobody reads any
# more. Each record says which it is, so that its number is held against what was fed.

load common

# Each line of ./out: its number, and what it says it is, are the same; and there are so many.
all_numbered()
{
	awk '$1 != $2 { print "not so: " $0; exit 1 }' out || return
	is "$(lines_of out)" "$1" "lines"
}

@test "number: by default a tab stands behind it" {
	seq 3 >in
	IN=in run_weir --number
	is "$ENDED $(cat -A out | paste -sd ' ')" 'exit 0 1^I1$ 2^I2$ 3^I3$'
	final '.added_bytes == 6 and .out == {records: 3, bytes: 6} and .in == .out'
}

@test "number: each record has that which it came with" {
	seq 100000 >in
	IN=in run_weir --number='{n} '
	is "$ENDED" "exit 0"
	all_numbered 100000
	final ".added_bytes + .out.bytes == $(wc -c <out)"
}

@test "number: what is missing is missing" {
	printf '%s\n' 1 tooooo 3 4 tooooo 6 >in
	IN=in run_weir --number='{n} ' -p drop-newest --max-record=4
	is "$(paste -sd, out)" "1 1,3 3,4 4,6 6"
	seq 1000 >in
	IN=in run_weir --number='{n} ' --sample=1/7
	all_numbered "$(lines_of out)"
	final '.out.records > 100 and .out.records < 200'
}

@test "number: a mark bears that of the last record which it stands for" {
	printf '%s\n' 1 tooooo tooooo 4 tooooo >in
	IN=in run_weir --number='{n} ' --mark-drops='-{records}' -p drop-newest --max-record=4
	is "$(paste -sd, out)" "1 1,3 -2,4 4,5 -1"
}

@test "number: a record longer than a write, and than the buffer, has one, at its beginning" {
	local i
	for i in 1 2 3; do
		printf '%s ' "$i"
		head -c $((i * 70000)) /dev/zero | tr '\0' x
		echo
	done >in
	IN=in run_weir --number='{n} ' -m 64K
	is "$ENDED" "exit 0"
	all_numbered 3
	same <(cut -d ' ' -f 2- out) in
}

@test "number: records that end with NUL" {
	seq 5 | tr '\n' '\0' >in
	IN=in run_weir -0 --number='{n}:'
	is "$(tr '\0' ' ' <out)" "1:1 2:2 3:3 4:4 5:5 "
}

@test "number: with a batch, and not in what is dropped of it" {
	seq 6 >in
	# shellcheck disable=SC2016
	IN=in run_weir --number='{n} ' --batch=4 --retry=0 --bisect --backoff=1ms --dropped=dead \
		sh -c 'cat >batch; grep -qw 3 batch && exit 65; cat batch >>got; printf "%s " $WEIR_FIRST $WEIR_LAST >>which'
	is "$ENDED $(paste -sd, got)" "exit 5 1 1,2 2,4 4,5 5,6 6"
	is "$(cat which)" "1 2 4 4 5 6 "
	is "$(cat dead)" 3
}

@test "number: what the reader confirms by it is out, in any order" {
	seq 5 >in
	# shellcheck disable=SC2016
	IN=in run_weir --number='{n} ' --confirm=number sh -c 'cat >all; echo got 4; echo 2 1 1; echo reject 3; echo 1; echo 9; echo 5'
	is "$ENDED" "exit 5"
	final '.out.records == 4 and .dropped.by.rejected.records == 1 and .reader.ignored == 1'
}

@test "number: of those up to it all are" {
	seq 100 >in
	# shellcheck disable=SC2016
	IN=in run_weir --number='{n} ' --confirm=upto sh -c 'cat >/dev/null; echo 40; echo 7; echo 100'
	is "$ENDED" "exit 0"
	final '.out.records == 100'
}

@test "number: up to one that it was never handed none are" {
	seq 100 >in
	# shellcheck disable=SC2016
	IN=in run_weir --number='{n} ' --confirm=upto sh -c 'cat >/dev/null; echo 40; echo 101; echo 2026; echo 99999999999999999999999'
	is "$ENDED" "signal 13"
	final '.out.records == 40 and .undelivered.records == 60 and .reader.ignored == 3'
	IN=in run_weir -b --confirm=upto sh -c 'cat >/dev/null; echo 40; echo 293; echo 292'
	is "$ENDED" "exit 0"
	final '.out.bytes == 292 and .reader.ignored == 1'
}

@test "number: another COMMAND gets what was in flight by the numbers that it had" {
	seq 200 >in
	# shellcheck disable=SC2016
	IN=in run_weir --number='{n} ' --confirm=line --window=7 --restart --backoff=1ms..1ms sh -c '
		k=0; while read -r n x; do echo "$n $x" >>seen; k=$((k + 1)); [ $k = 60 ] && exit 1; echo ok; done; exit 0'
	is "$ENDED" "exit 0"
	cp seen out
	awk '$1 != $2 { exit 1 }' out
	is "$(sort -nu seen | lines_of /dev/stdin)" 200
	final '.redelivered.records > 0 and .out.records == 200'
}

# --- The reader goes, and weir does not -------------------------------------------------------------------------------------

# A producer of 100000 lines whose reader takes one and goes.
@test "discard: the producer goes on to its end, and what nobody reads is counted" {
	seq 100000 >in
	OUT=pipe
	mkfifo pipe
	head -n 1 pipe >one &
	IN=in run_weir --reader-gone=discard
	is "$ENDED $(cat one)" "exit 0 1"
	final '.in.records == 100000 and .dropped.by.gone.records > 0 and .undelivered.bytes == 0 and .exit.reason == "end of input"'
}

@test "discard: COMMAND that ends is not the end; what it was given and had not read is undelivered" {
	seq 100000 >in
	IN=in run_weir --reader-gone=discard head -n 1
	is "$ENDED $(cat out)" "exit 0 1"
	final '.in.records == 100000 and .dropped.by.gone.records > 0'
}

@test "discard: records are saved whole, but for the one that the reader had begun" {
	seq 100000 >in
	IN=in run_weir --reader-gone=discard -p drop-newest --dropped=dead sh -c 'exec <&-; exit 1'
	is "$ENDED" "exit 1"
	final '.dropped.by.gone.records > 0 and .dropped_unsaved.records == 0'
	is "$(lines_of dead)" "$(jq '.dropped.records' <<<"$FINAL")"
	is "$(sort dead | comm -23 - <(sort in) | lines_of /dev/stdin)" 0 "what was not fed, or is no whole record"
}

@test "discard: records are saved whole however they come, also under plain block" {
	local words
	for words in "" "--dropped-reason" "--max-age=1h" "-p drop-oldest"; do
		rm -f dead fifo in
		empty_reader fifo
		producer in
		# shellcheck disable=SC2086
		IN=in OUT=fifo start --reader-gone=discard --dropped=dead $words
		producer_holds in
		reader_holds
		reader_goes
		feed 'one\ntw'
		snapshot_until '.dropped.by.gone.records == 1'
		feed 'o\nth'
		snapshot_until '.dropped.by.gone.records == 2'
		feed re
		feed 'e\nfour'
		snapshot_until '.dropped.by.gone.records == 3'
		producer_ends
		finish "exit 0"
		final '.dropped.by.gone == {"records": 4, "bytes": 18} and .out.records == 0'
		is "$(cut -f 2 dead | paste -sd ' ')" "one two three four" "$words"
		[[ $words != --dropped-reason ]] || is "$(cut -f 1 dead | sort -u)" gone
	done
}

@test "discard: a stream without an end of a record" {
	head -c 5000000 /dev/zero >in
	OUT=pipe
	mkfifo pipe
	head -c 1 pipe >one &
	IN=in run_weir --reader-gone=discard
	is "$ENDED" "exit 0"
	final '.in.bytes == 5000000 and .dropped.by.gone.records == 1 and .out.records == 0 and .out.bytes + .dropped.bytes == 5000000'
	OUT=pipe
	head -c 1 pipe >one &
	IN=in run_weir -b --reader-gone=discard
	final '.in.bytes == 5000000 and .out.bytes + .dropped.bytes == 5000000'
	# One that nobody has begun to read.
	{ seq 3; head -c 5000000 /dev/zero; } >in
	OUT=out
	IN=in run_weir --reader-gone=discard sh -c 'read -r x; exec <&-; exit 0'
	is "$ENDED" "exit 5"
	final '.dropped.by.oversize.bytes == 5000000'
	IN=in run_weir --confirm=written --reader-gone=discard sh -c 'read -r x; exec <&-; exit 0'
	is "$ENDED" "exit 0"
	final '.in.bytes == 5000006 and .dropped.by.gone.bytes > 4000000'
}

@test "discard: what is in flight for ever does not hold up the producer" {
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		printf '%03000d\n' "$i"
	done >in
	IN=in run_weir --confirm=line --reader-gone=discard -m8192 sh -c 'head -c 5000 >/dev/null; exit 0'
	is "$ENDED" "exit 0"
	final '.in.records == 9 and .out.records == 0 and .undelivered.records > 0 and .in.records == .undelivered.records + .dropped.by.gone.records'
}
