#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Marks in the output: where records are missing, how many, and nowhere else. (test_pump.c holds each gap of any
# stream against its mark.)

load common

# gaps FIRST LAST FILE: the file has the numbers from FIRST to LAST, each a line, but for those missing that the line
# before the next one says are: "M records bytes", each number a line as long as it is printed.
gaps()
{
	awk -v next_number="$1" -v last="$2" '
		$1 == "M" { records += $2; bytes += $3; marks++; next }
		{ check($1 + 0); next_number = $1 + 1 }
		END { check(last + 1); if (bad) exit 1; print marks + 0 }
		function check(number,   i, missing) {
			missing = 0
			for (i = next_number; i < number; i++) missing += length(i "") + 1
			if (records != number - next_number || bytes != missing) {
				print "before " number ": " records " records, " bytes " bytes, not " number - next_number ", " missing
				bad = 1
			}
			records = bytes = 0
		}' "$3" >marks || fail "$(cat marks)"
	MARKS=$(cat marks)
}

@test "each gap is marked, and the marks add up" {
	seq 300000 >in
	for options in "-p drop-oldest -m 32K" "-p drop-newest -m 32K" "-p drop-oldest --max-records=7" "-p drop-newest --max-records=7"; do
		rm -f fifo
		empty_reader fifo
		# shellcheck disable=SC2086
		IN=in OUT=fifo start $options --mark-drops='M {records} {bytes}'
		reader_holds
		# a reader that takes its time
		: >seen
		for part in 1000 3 20000 1 7777; do
			timeout "$PATIENCE" head -c "$part" <&8 >>seen
			snapshot || true
		done
		timeout "$PATIENCE" cat <&8 >>seen
		finish "exit 0"
		gaps 1 300000 seen
		final ".marks.records == $MARKS and .dropped.records == 300000 - .out.records and .dropped.records > 0"
		final ".out.bytes + .marks.bytes == $(wc -c <seen)"
	done
}

@test "the default, and every placeholder" {
	stalled_reader fifo
	seq 2000 >in
	rm -f pid status
	IN=in OUT=fifo start -p drop-oldest --max-records=2 --mark-drops
	reader_holds
	snapshot_until '.in.records == 2000'
	drain seen
	finish "exit 0"
	like "$(head -n 1 seen)" '^weir: 1998 records \(8883 bytes\) dropped in [0-9.]+(ns|us|ms|s)$'
	is "$(sed 1d seen | paste -sd ' ')" "1999 2000"
	rm fifo
	stalled_reader fifo
	IN=in OUT=fifo start -p drop-oldest --max-records=2 -N left \
		--mark-drops='{"name":"{name}","by":"{reasons}","n":[{records},{bytes},{oldest},{newest},{oversize},{sample},{ns}],"time":"{time}","first":"{first}","last":"{last}"}'
	reader_holds
	snapshot_until '.in.records == 2000'
	drain seen
	finish "exit 0"
	head -n 1 seen | jq -e '.name == "left" and .by == "oldest 1998" and .n[:6] == [1998,8883,1998,0,0,0] and (.n[6] | type) == "number" and
		(.first | sub("\\.[0-9]{3}Z$"; "Z") | fromdate) > 1600000000 and .first <= .last' || fail "$(cat seen)"
}

@test "records that end in NUL, and in another byte: so do marks" {
	for options in "-0 0" "-d; ;"; do
		# shellcheck disable=SC2086
		set -- $options
		delimiter=${2/#0/\\0}
		seq 2000 | tr '\n' "$delimiter" >in
		rm -f fifo
		stalled_reader fifo
		IN=in OUT=fifo start "$1" -p drop-oldest --max-records=1 --mark-drops=$'lost\n{records}'
		reader_holds
		snapshot_until '.in.records == 2000'
		drain seen
		finish "exit 0"
		is "$(tr "$delimiter" '|' <seen)" $'lost\n1999|2000|'
	done
}

@test "when the stream goes quiet the mark comes" {
	producer fifo
	IN=fifo start -p drop-newest --max-record=4 --mark-drops='M {records}'
	producer_holds fifo
	feed 'a\nfar too long\n'
	until_true grep -q 'M 1' out
	is "$(cat out)" $'a\nM 1'
	feed 'b\ntoo long again\nc\n'
	until_true grep -q c out
	is "$(cat out)" $'a\nM 1\nb\nM 1\nc'
	feed 'and again\n'
	sig TERM
	finish "signal 15"
	# whether it was read before the signal or not, nothing is missing unmarked
	is "$(sed 1,5d out)" "$( (($(jq .dropped.records <<<"$FINAL") == 2)) || echo 'M 1')"
	is "$(figures marks.records)" "$(figures dropped.records)"
}

@test "a sample is not missing; what does not drop has no marks" {
	seq 100 >in
	for options in "-s 10" "-m 4K" "-L 100000/s" "-p drop-oldest"; do
		# shellcheck disable=SC2086
		IN=in run_weir $options --mark-drops
		final '.marks.records == 0 and .marks.bytes == 0'
		unlike "$(cat out)" weir
	done
}

@test "a long record that goes on in parts has the mark in front of it" {
	producer in.fifo
	IN=in.fifo start -m 4K --drop-over=1/h -k 1 --rate-by=key --mark-drops=M{records}
	producer_holds in.fifo
	feed 'a\na\n'
	snapshot_until '.dropped.records == 1'
	feed 'b%05000d' 0
	snapshot_until '.out.bytes > 2000'
	producer_ends
	finish "exit 0"
	is "$(cut -c 1-3 out)" $'a\nM1\nb00'
	final '.out.records == 2 and .marks.records == 1'
}

@test "fail: a record that was too long is marked, though nothing comes behind it" {
	seq -f '%05000.0f' 2 >in
	IN=in run_weir -p fail -m 4K --mark-drops=M{records}
	is "$ENDED" "exit 3"
	is "$(cat out)" M1
	final '.marks.records == 1 and .dropped.by.oversize.records == 1 and .undelivered.records == 1'
}

@test "no template: what is wrong is said, and what there is" {
	while IFS='|' read -r value options why; do
		status=0
		# shellcheck disable=SC2086
		"$WEIR" $options --mark-drops="$value" <nothing >out 2>err || status=$?
		is "$status" 2 "$value"
		like "$(cat err)" "^weir: --mark-drops=.*: $why; accepted: text "
		is "$(lines_of err)" 1
	done <<'END'
{record}||no such placeholder
{records||a placeholder without its closing brace
||empty
a;b|-d ;|would contain the records' delimiter
{name}|-d x -N foxy|would contain the records' delimiter
{first}|-d 7|would contain the records' delimiter
{reasons}|-d ,|would contain the records' delimiter
{time}|-d s|would contain the records' delimiter
{first}|-d Z|would contain the records' delimiter
M|--fixed=10|not where records have no delimiter, as with --fixed and --bytes
M|-b|not where records have no delimiter, as with --fixed and --bytes
END
	status=0
	"$WEIR" --mark-drops=$'a\nb' <nothing 2>err || status=$?
	is "$status" 2
	like "$(cat err)" "^weir: --mark-drops=a.012b: would contain"
}
