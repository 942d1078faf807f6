#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# A reader that stalls while the input goes on: exactly the records that the policy says are lost, none is torn, and the
# ledger says what the reader saw.

load common

case $WEIR_UNDER in
*asan* | *valgrind* | *qemu*) million=100000 ten_million=100000 ;;
*) million=1000000 ten_million=10000000 ;;
esac

# newest_run LENGTHS COUNT BYTES: of the COUNT records of `lines -l LENGTHS`, the longest run of the newest that BYTES hold.
# Sets RUN_RECORDS, RUN_BYTES.
newest_run()
{
	read -r RUN_RECORDS RUN_BYTES < <(awk -v lengths="$1" -v count="$2" -v most="$3" '
		BEGIN {
			turns = split(lengths, turn, ",")
			for (i = count; i > 0; i--) {
				n = turn[(i - 1) % turns + 1]
				if (n < length(i) + 1)
					n = length(i) + 1
				if (bytes + n > most)
					break
				bytes += n
			}
			print count - i, bytes + 0
		}')
}

# first_bytes LENGTHS COUNT: how many bytes the first COUNT of them are; each must be longer than its number.
first_bytes()
{
	awk -v lengths="$1" -v count="$2" '
		BEGIN {
			turns = split(lengths, turn, ",")
			for (i = 0; i < count; i++)
				bytes += turn[i % turns + 1]
			print bytes + 0
		}'
}

# produce FIRST COUNT LENGTHS [OPTION]...: numbered lines into ./in, whose writer is descriptor 9. The figures of how long
# a write took are in ./produced.
produce()
{
	local first=$1 count=$2 lengths=$3
	shift 3
	timeout $((4 * PATIENCE)) "$HELPERS/lines" -f "$first" -n "$count" -l "$lengths" -r produced "$@" \
		>&9 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-
}

# longest_stall: says what it was, and holds it to a bound that only a producer that had to wait would break.
longest_stall()
{
	local us
	us=$(jq '.stall_ns / 1000 | floor' produced)
	echo "# ${BATS_TEST_DESCRIPTION%%:*}: the producer's longest write took $us us" >&3
	[[ $WEIR_UNDER == @(valgrind|qemu) ]] || ((us < 1000000)) || fail "the producer waited $us us"
}

# read_out LENGTHS [OPTION]...: reads descriptor 8 up to the end as numbered records; nothing may be torn, doubled or out of
# order. Sets READ.
read_out()
{
	local lengths=$1
	shift
	timeout $((4 * PATIENCE)) "$HELPERS/reader" -l "$lengths" "$@" <&8 >read_figures || fail "reader: $(cat read_figures)" || return
	exec 8<&-
	READ=$(cat read_figures)
}

# read_beside OPTION...: the same in the background, up to read_has_ended. Sets READER.
read_beside()
{
	"$HELPERS/reader" "$@" <&8 >read_figures 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	READER=$!
	exec 8<&-
}

read_has_ended()
{
	ended_job "$READER" || fail "reader: $(cat read_figures)" || return
	READ=$(cat read_figures)
}

# read_is EXPRESSION: what jq must find true of what the reader saw.
read_is()
{
	jq -e "$1" <<<"$READ" >/dev/null || fail "not so of what was read: $1" "$READ" "$(cat report)"
}

# accounted REASON COUNT: the ledger has COUNT records in, what the reader saw out, and the others dropped for that reason.
accounted()
{
	final ".out == {records: $(jq .records <<<"$READ"), bytes: $(jq .bytes <<<"$READ")}" || return
	final ".in.records == $2 and .dropped == (.dropped | .records = .by.$1.records | .bytes = .by.$1.bytes)" || return
	final '.undelivered == {records: 0, bytes: 0}'
}

# stall_weir [OPTION]...: weir from ./in, which the test writes to, to ./slow, which nobody reads for now and which takes
# what fits into a pipe.
stall_weir()
{
	empty_reader slow
	producer in
	IN=in OUT=slow start "$@"
	producer_holds in
	reader_holds
}

# full_weir [OPTION]...: the same, but ./full takes nothing at all.
full_weir()
{
	stalled_reader full
	producer in
	IN=in OUT=full start "$@"
	producer_holds in
	reader_holds
}

# in_is COUNT: waits until weir has read so many records.
in_is()
{
	snapshot_until ".in.records == $1"
}

# --- drop-oldest ------------------------------------------------------------------------------------------------------------

@test "drop-oldest, 10^7 lines: in order, and then the longest run of newest records that the buffer holds" {
	mkfifo slow go
	exec 7<>slow
	producer in
	IN=in OUT=slow start -p drop-oldest
	producer_holds in
	exec 8<slow
	exec 7>&-
	read_beside -l 30 -p 100000:go
	produce 1 "$ten_million" 30
	in_is "$ten_million"
	newest_run 30 "$ten_million" 1048576
	snap ".held == {records: $RUN_RECORDS, bytes: $RUN_BYTES}"
	[[ $WEIR_UNDER && $WEIR_UNDER != portable ]] || (($(rss_anon "$(<pid)") <= 1024 + 1024 + 1)) ||
		fail "anonymous memory: $(rss_anon "$(<pid)") KiB"
	release go
	producer_ends
	finish "exit 0"
	read_has_ended
	read_is ".first == 1 and .last == $ten_million and .tail_run == $RUN_RECORDS and .tail_bytes == $RUN_BYTES"
	accounted oldest "$ten_million"
	longest_stall
}

@test "drop-oldest: what the pipe took, and the longest run of newest records, for many sizes" {
	local size
	for size in 4096 5000 65536 1000000; do
		rm -f in slow
		stall_weir -p drop-oldest -m "$size"
		produce 1 $((million / 10)) 8,100,333,2000,17
		in_is $((million / 10))
		newest_run 8,100,333,2000,17 $((million / 10)) "$size"
		snap ".held == {records: $RUN_RECORDS, bytes: $RUN_BYTES}"
		producer_ends
		read_out 8,100,333,2000,17
		finish "exit 0"
		read_is ".head_run > 0 and .gaps == 1 and .head_run + .tail_run == .records"
		read_is ".last == $((million / 10)) and .tail_run == $RUN_RECORDS and .tail_bytes == $RUN_BYTES"
		accounted oldest $((million / 10))
	done
}

@test "drop-oldest: nothing came out, so the newest records are all there is" {
	full_weir -p drop-oldest -m 64K
	produce 1 "$million" 40
	in_is "$million"
	producer_ends
	drain got
	finish "exit 0"
	final '.out == {records: 1638, bytes: 65520}'
	same got <("$HELPERS/lines" -f $((million - 1637)) -n 1638 -l 40)
}

@test "drop-oldest, other framings" {
	full_weir -p drop-oldest -m 4K --fixed=100
	produce 1 20000 100 -d none
	snapshot_until '.in.bytes == 2000000'
	producer_ends
	drain got
	finish "exit 0"
	same got <("$HELPERS/lines" -f 19961 -n 40 -l 100 -d none)
	rm -f full in
	full_weir -p drop-oldest -m 4K -0
	produce 1 20000 100 -d '\0'
	in_is 20000
	producer_ends
	drain got
	finish "exit 0"
	same got <("$HELPERS/lines" -f 19961 -n 40 -l 100 -d '\0')
}

# --- drop-newest ------------------------------------------------------------------------------------------------------------

@test "drop-newest, 10^6 lines: a prefix, and then what came when there was room" {
	stall_weir -p drop-newest
	produce 1 "$million" 100
	in_is "$million"
	# 100 does not divide the buffer
	snap '.held == {records: 10485, bytes: 1048500} and .out.records > 0'
	local prefix
	prefix=$(jq '.out.records + .held.records' <<<"$SNAP")
	longest_stall
	read_beside -l 100
	snapshot_until '.held.records == 0'
	produce $((million + 1)) 1000 100
	producer_ends
	finish "exit 0"
	read_has_ended
	read_is ".head_run == $prefix and .gaps == 1 and .tail_run == 1000 and .last == $((million + 1000))
		and .records == $prefix + 1000"
	accounted newest $((million + 1000))
}

@test "drop-newest: nothing came out, so the first records are all there is" {
	full_weir -p drop-newest -m 64K
	produce 1 "$million" 40
	in_is "$million"
	producer_ends
	drain got
	finish "exit 0"
	same got <("$HELPERS/lines" -n 1638 -l 40)
}

@test "drop-newest: a later record that fits is let in" {
	full_weir -p drop-newest -m 4K
	# 4000 fits, 200 does not, 50 does, 60 does not, 46 does, to the last byte, and then there is no room for 2
	produce 1 6 4000,200,50,60,46,2
	in_is 6
	snap '.held == {records: 3, bytes: 4096} and .dropped.by.newest == {records: 3, bytes: 262}'
	producer_ends
	drain got
	finish "exit 0"
	is "$(cut -d ' ' -f 1 got | paste -sd ' ')" "1 3 5"
	final '.out == {records: 3, bytes: 4096}'
}

# --- --max-records ----------------------------------------------------------------------------------------------------------

@test "--max-records=N holds exactly N" {
	local n
	for n in 1 2 10 1000; do
		rm -f full in
		full_weir -p drop-oldest --max-records="$n"
		produce 1 "$((million / 10))" 20
		in_is "$((million / 10))"
		snap ".held.records == $n"
		producer_ends
		drain got
		finish "exit 0"
		same got <("$HELPERS/lines" -f $((million / 10 - n + 1)) -n "$n" -l 20)

		rm -f full in
		full_weir -p drop-newest --max-records="$n"
		produce 1 "$((million / 10))" 20
		in_is "$((million / 10))"
		snap ".held.records == $n"
		producer_ends
		drain got
		finish "exit 0"
		same got <("$HELPERS/lines" -n "$n" -l 20)
	done
}

@test "--max-records does not count a record that is part-sent" {
	local policy
	for policy in drop-oldest drop-newest; do
		rm -f slow in
		stall_weir -p "$policy" --max-records=5
		# longer than the pipe: its rest has to wait
		produce 1 1000 100000+50
		in_is 1000
		snap '.out.records == 0 and .out.bytes > 0 and .held == {records: 6, bytes: (100000 - .out.bytes + 250)}'
		producer_ends
		read_out 100000+50
		finish "exit 0"
		case $policy in
		drop-oldest) read_is '.records == 6 and .first == 1 and .tail_run == 5 and .last == 1000' ;;
		drop-newest) read_is '.records == 6 and .head_run == 6' ;;
		esac
	done
}

# --- Long records -----------------------------------------------------------------------------------------------------------

long=5000,20000,100000,300,70000

@test "drop-oldest: records longer than PIPE_BUF and than the pipe, one of them part-sent" {
	local sent rest head
	stall_weir -p drop-oldest -m 256K
	produce 1 1000 "$long"
	in_is 1000
	sent=$(jq '.out.bytes' <<<"$SNAP")
	# 5000 and 20000 are out, of the 100000 that follow the pipe takes a part; their rest takes room in the buffer
	snap '.out.records == 2 and .out.bytes > 25000'
	rest=$((125000 - sent))
	newest_run "$long" 1000 $((262144 - rest))
	snap ".held == {records: ($RUN_RECORDS + 1), bytes: ($RUN_BYTES + $rest)}"
	producer_ends
	read_out "$long"
	finish "exit 0"
	read_is ".head_run == 3 and .gaps == 1 and .last == 1000 and .tail_run == $RUN_RECORDS and .tail_bytes == $RUN_BYTES"
	accounted oldest 1000
}

@test "drop-newest: records longer than PIPE_BUF and than the pipe, one of them part-sent" {
	local first
	stall_weir -p drop-newest -m 256K
	produce 1 1000 "$long"
	in_is 1000
	snap '.out.records == 2 and .out.bytes > 25000'
	# 3 to 7 are 295300 bytes, less what is out of 3; then what fits
	first=$(jq '.held.records' <<<"$SNAP")
	snap '.held.bytes <= 262144 and .held.bytes + 300 > 262144'
	producer_ends
	read_out "$long"
	finish "exit 0"
	read_is ".records == 2 + $first and .head_run >= 6"
	accounted newest 1000
}

@test "a part-sent record that is longer than the room: the buffer makes do with what it leaves" {
	stall_weir -p drop-oldest -m 100K --max-record=100K
	# 102400 - 65536 at least are left of the first one
	produce 1 1000 102400+9000
	in_is 1000
	local rest
	rest=$(jq '102400 - .out.bytes' <<<"$SNAP")
	snap ".out.records == 0 and .held == {records: (1 + ((102400 - $rest) / 9000 | floor)),
		bytes: ($rest + 9000 * ((102400 - $rest) / 9000 | floor))}"
	producer_ends
	read_out 102400+9000
	finish "exit 0"
	read_is '.head_run == 1 and .gaps == 1 and .last == 1000'
	accounted oldest 1000
}

# --- A reader that is stopped and continued ---------------------------------------------------------------------------------

is_stopped()
{
	local stat
	stat=$(cat "/proc/$1/stat") && stat=${stat##*) } && [[ ${stat:0:1} == T ]]
}

# stop_and_go ROUNDS POLICY LENGTHS: rounds of lines, each of which comes while the reader is stopped, into a buffer that is too
# small for them, and then a few while it reads.
stop_and_go()
{
	local round writer each=10000 at=1
	mkfifo slow
	exec 7<>slow
	producer in
	IN=in OUT=slow start -p "$2" -m 64K
	producer_holds in
	exec 8<slow
	exec 7>&-
	read_beside -l "$3" -s 5000
	for ((round = 0; round < $1; round++)); do
		kill -STOP "$READER"
		until_true is_stopped "$READER" || return
		produce "$at" "$each" "$3" 3>&- &
		writer=$!
		at=$((at + each))
		case $2 in
		block) snapshot_until '.held.bytes >= 65536' || return ;;
		*) in_is $((at - 1)) || return ;;
		esac
		kill -CONT "$READER"
		ended_job "$writer" || fail "the producer failed in round $round" || return
		# now there is room again
		snapshot_until '.held.records == 0' || return
		produce "$at" 50 "$3" || return
		at=$((at + 50))
	done
	producer_ends
	finish "exit 0" || return
	read_has_ended || return
	TOTAL=$((at - 1))
}

@test "drop-oldest, a reader stopped and continued 20 times: nothing torn, doubled or out of order" {
	stop_and_go 20 drop-oldest 60
	final '.dropped.by.oldest.records > 0'
	read_is ".first == 1 and .last == $TOTAL and .gaps == 20"
	accounted oldest "$TOTAL"
}

@test "drop-newest, a reader stopped and continued 20 times: nothing torn, doubled or out of order" {
	stop_and_go 20 drop-newest 60
	final '.dropped.by.newest.records > 0'
	read_is ".first == 1 and .last == $TOTAL and .gaps == 20"
	accounted newest "$TOTAL"
}

@test "drop-oldest and drop-newest, long records, a reader stopped and continued 5 times" {
	stop_and_go 5 drop-oldest 60,7000,300
	read_is ".first == 1 and .last == $TOTAL"
	accounted oldest "$TOTAL"
	rm -f in slow
	stop_and_go 5 drop-newest 60,7000,300
	read_is ".first == 1 and .last == $TOTAL"
	accounted newest "$TOTAL"
}

@test "block, a reader stopped and continued 10 times: everything arrives" {
	stop_and_go 10 block 60
	read_is ".records == $TOTAL and .head_run == $TOTAL"
	final ".in.records == $TOTAL and .out.records == $TOTAL and .dropped.records == 0 and .paused.count >= 10"
}
