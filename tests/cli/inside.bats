#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --number and --weight where records have their length in front: they are inside the payload, and the length is made anew. What
# comes out is read by helpers/frames, which knows the formats by itself.

bats_require_minimum_version 1.5.0
load common

formats='u8 u16be u16le u32be u32le varint varint:3 netstring octets'

# make FORMAT LENGTH...: ./in, frames with such payloads.
make()
{
	"$HELPERS/frames" make "$@" >in
	FRAME=${1%:*}
}

# shown [FILE]: what is in it; SHOWN.
shown()
{
	SHOWN=$("$HELPERS/frames" show "$FRAME" <"${1:-out}") || fail "$FRAME: $SHOWN"
}

# as_it_came: but for what is in front, the same payloads, of as many records, in the same order.
as_it_came()
{
	is "$(wc -l <<<"$SHOWN")" "$("$HELPERS/frames" show "$FRAME" <in | wc -l)" "records of $FRAME" || return
	! grep -v ' ok$' <<<"$SHOWN"
}

# each_byte_counted: what was written is what is out, the marks, and what was added.
each_byte_counted()
{
	final ".out.bytes + .marks.bytes + .added_bytes == $(stat -c %s out) and .undelivered.bytes == 0"
}

# lengths_for FORMAT: payloads near to where its header grows, or cannot any more.
lengths_for()
{
	case $1 in
	u8) echo 0 1 9 10 99 100 127 128 200 240 ;;
	octets) echo 1 2 4 5 6 7 8 9 10 93 95 97 98 99 100 127 128 990 997 999 1000 9995 9999 10000 16383 ;;
	*) echo 0 1 2 4 5 6 7 8 9 10 93 97 98 99 100 120 123 124 125 126 127 128 254 255 256 990 997 999 1000 9995 16377 16380 16383 16384 65500 ;;
	esac
}

@test "every format: number, weight, and both, inside; every byte is counted" {
	local format options
	for format in $formats; do
		# shellcheck disable=SC2046
		make "$format" $(lengths_for "$format")
		for options in '--number=<{n}>' '--weight=<w{n}>' '--number=<{n}> --weight=<w{n}>' '--weight=<w{n}> --number=<{n}> -p fail -L 100000/s'; do
			# shellcheck disable=SC2086
			IN=in run_weir --frame="$FRAME" $options
			is "$ENDED" "exit 0" "$format $options"
			shown
			as_it_came
			each_byte_counted
			final ".out.bytes == $(stat -c %s in) and .added_bytes > 0"
			[[ $options != *--number* ]] || is "$(grep -oE ' <[0-9]+>' <<<"$SHOWN" | tr -d ' <>')" "$(seq "$(wc -l <<<"$SHOWN")")"
			[[ $options != *--weight* ]] || is "$(grep -c '<w1> ok' <<<"$SHOWN")" "$(wc -l <<<"$SHOWN")"
		done
	done
}

@test "every format: a byte at a time it is the same" {
	local format
	for format in $formats; do
		make "$format" 1 2 3 9 10 98 99 100 126 127 128 200
		IN=in run_weir --frame="$FRAME" --number='<{n}>' --weight='<w{n}>'
		mv out whole
		dd if=in bs=1 status=none | timeout "$PATIENCE" "$WEIR" -q --frame="$FRAME" --number='<{n}>' --weight='<w{n}>' >out
		same whole out || fail "$format"
		dd if=in bs=1 status=none | timeout "$PATIENCE" "$WEIR" -q --frame="$FRAME" --number='<{n}>' --weight='<w{n}>' -m 4K --max-record=1K -p fail | dd bs=1 status=none >out
		same whole out || fail "$format, and it is read a byte at a time"
	done
}

@test "what a length cannot say: an error at that record, what is in front of it is out, the rest undelivered" {
	make u8 10 251 252 253 10
	IN=in run_weir --frame=u8 --number='<{n}>'
	is "$ENDED" "exit 1"
	is "$(<err)" "weir: --frame=u8: record 4: its payload of 253 bytes and the 3 of --number are more than the 255 that its length can say"
	shown
	is "$(wc -l <<<"$SHOWN")" 3
	final '.exit.reason == "no room for number" and .out.records == 3 and .added_bytes == 9 and .undelivered.records == 2 and .dropped.records == 0'
	make u16be 65531 65532 1
	IN=in run_weir --frame=u16be --weight='<w{n}>'
	is "$ENDED" "exit 1"
	is "$(<err)" "weir: --frame=u16be: a record: its payload of 65532 bytes and the 4 of --weight are more than the 65535 that its length can say"
	shown
	is "$(wc -l <<<"$SHOWN")" 1
	IN=in run_weir --frame=u16be --weight='<w{n}>' --number='<{n}>' cat
	is "$ENDED" "exit 1"
	like "$(<err)" "record 1: its payload of 65531 bytes and the 7 of --number and --weight are"
	make u16le 65532
	IN=in run_weir --frame=u16le --number='<{n}>'
	is "$ENDED" "exit 0"
	shown
	is "$SHOWN" "65535 2 <1> ok"
}

@test "what a length cannot say, in a batch, with a spool: nothing is lost" {
	make u8 10 11 254 10
	IN=in run_weir --frame=u8 --number='<{n}>' --batch=10 cat
	is "$ENDED" "exit 1"
	final '.undelivered.records == 4 and .out.records == 0'
	IN=in run_weir --frame=u8 --number='<{n}>' --spool=spool
	is "$ENDED" "exit 1"
	final '.out.records == 2 and .kept.records == 2 and .undelivered.records == 0'
	IN=nothing run_weir --frame=u8 --spool=spool
	is "$ENDED" "exit 0"
	final '.recovered.records == 2 and .out.records == 2'
	same <(tail -c 266 in) out
}

@test "a mark has the number of the last that it stands for, and is cut where that does not fit" {
	# shellcheck disable=SC2046
	make netstring $(seq 1 20)
	IN=in run_weir --frame=netstring --drop-over=1/h --mark-drops='M{records}' --number='<{n}>'
	shown
	is "$(sed 's/^[0-9]* [0-9]* //' <<<"$SHOWN" | paste -sd ,)" "<1> ok,<20> mark M19"
	each_byte_counted
	final '.marks.records == 1'
	make u8 5 5 5
	IN=in run_weir --frame=u8 --drop-over=1/h --mark-drops="M$(printf '%0300d' 0)" --number='<{n}>'
	shown
	is "$(sed 's/0*$//' <<<"$SHOWN")" $'8 1 <1> ok\n255 1 <3> mark M'
	each_byte_counted
}

@test "number and weight of a sample: each record its own, and what came is what they add up to" {
	local format
	for format in u16be varint octets; do
		# shellcheck disable=SC2046
		make "$format" $(seq 100 399)
		IN=in run_weir --frame="$FRAME" -s 7 --seed=3 --weight='<w{n}>' --number='<{n}>'
		shown
		as_sampled
		each_byte_counted
	done
}

as_sampled()
{
	awk -F '[ <>w]+' '{ if ($1 != $3 + 99 + length("<" $3 "><w7>") || $4 != 7 || (NR > 1 && $3 != last + 7)) exit 1; last = $3 }' <<<"$SHOWN" ||
		fail "$SHOWN"
}

@test "COMMAND: what was in flight is handed over again as it was, whatever it had taken" {
	local format
	for format in u16be varint:2 netstring; do
		# shellcheck disable=SC2046
		make "$format" $(lengths_for "$format")
		# shellcheck disable=SC2016
		COUNT=$(lengths_for "$format" | wc -w) IN=in run_weir --frame="$FRAME" --number='<{n}>' --weight='<w{n}>' --restart --backoff=1ms..1ms --confirm=upto --window=200KB sh -c '
			if [ "$WEIR_TRY" -lt 4 ]; then head -c $((WEIR_TRY * 17)) >/dev/null; exit 1; fi
			cat >all; echo "$COUNT"'
		is "$ENDED" "exit 0" "$format"
		shown all
		as_it_came
		final ".redelivered.records >= 0 and .out.bytes == $(stat -c %s in)"
	done
}

@test "a batch that is given up: its dead letters are as they came" {
	local format options
	for format in u8 varint:4 netstring octets u32le; do
		make "$format" 1 2 9 10 99 100 127 128 130
		for options in '' --bisect '--bisect --mark-drops' '-k 1 --top-keys=2'; do
			for what in '--number=<{n}>' '--weight=<w{n}>' '--number=<{n}> --weight=<w{n}>'; do
				[[ $options != *top* || $what == *number* ]] || continue
				rm -f lost
				# shellcheck disable=SC2086
				IN=in run_weir --frame="$FRAME" $what --batch=4 --retry=0 --backoff=1ms..1ms --dropped=lost ${options/-k 1 --top-keys=2/} sh -c 'exit 65'
				is "$ENDED" "exit 5"
				same in lost || fail "$format $what $options"
				final ".dropped.by.rejected.bytes == $(stat -c %s in)"
			done
		done
	done
}

@test "with a spool: what is recovered has the number it had, and weirctl puts it inside" {
	local format ctl="$top_builddir/weirctl"
	for format in u16be varint:3 netstring octets; do
		# shellcheck disable=SC2046
		make "$format" $(seq 90 130)
		rm -rf spool full
		stalled_reader full
		IN=in OUT=full start --spool=spool --frame="$FRAME" --number='<{n}>' -s 2 --pipe-size=keep
		reader_holds
		snapshot_until '.in.records == 41'
		kill -KILL "$(<pid)"
		until_true has_ended
		reader_goes
		timeout "$PATIENCE" ${EMULATOR:-} "$ctl" spool dump --number spool >dumped
		rm -rf kept
		cp -a spool kept
		IN=nothing run_weir --spool=kept --frame="$FRAME" --number
		same dumped out
		each_byte_counted
		IN=nothing run_weir --spool=spool --frame="$FRAME" --number='<{n}>'
		shown
		is "$(sed 's/.*<\(.*\)>.*/\1/' <<<"$SHOWN" | paste -sd ' ')" "$(seq 1 2 41 | paste -sd ' ')"
		! grep -v 'ok$' <<<"$SHOWN"
		each_byte_counted
	done
}

@test "weirctl spool dump --number: a record that has no room for it ends the dump" {
	# shellcheck disable=SC2046
	make u8 10 250 255 3 $(yes 250 | head -n 1000) # of several blocks
	rm -f full
	stalled_reader full
	IN=in OUT=full start --spool=spool --frame=u8 --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 1004'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	run --separate-stderr timeout "$PATIENCE" ${EMULATOR:-} "$top_builddir/weirctl" spool dump --number spool
	is "$status" 1
	like "$stderr" '^weirctl: spool: --frame=u8: record 3: its payload of 255 bytes and the 2 of --number are more than the 255'
	is "${#output}" "$((2 + 11 + 2 + 251))"
}

@test "a frame that the end of input has cut goes out as it came, and those in front of it with their numbers" {
	printf '5:hello,5:he' >in
	IN=in run_weir --frame=netstring --number='<{n}>'
	is "$ENDED" "exit 0"
	is "$(<out)" "8:<1>hello,5:he"
	each_byte_counted
	printf '5:hello,5' >in
	IN=in run_weir --frame=netstring --number='<{n}>' --weight='{n}' -p fail
	is "$(<out)" "9:<1>1hello,5"
	each_byte_counted
}

@test "a frame that was cut is handed over again as it came" {
	printf '5:hello,5:he' >in
	# shellcheck disable=SC2016
	IN=in run_weir --frame=netstring --number='<{n}>' --weight='<w{n}>' --restart --backoff=1ms..1ms --confirm=line sh -c '
		if [ "$WEIR_TRY" -lt 3 ]; then cat >/dev/null; exit 1; fi
		cat >all; echo; echo'
	is "$ENDED" "exit 0"
	is "$(<all)" "12:<1><w1>hello,5:he"
	final '.redelivered.records == 4 and .redelivered.bytes == 24'
}

@test "a mark of a sample, a header, a rate by key: with numbers inside" {
	printf '1:h,1:a,1:b,1:a,1:c,' >in
	IN=in run_weir --frame=netstring --header=1 -s 2 --number='{n}'
	is "$(<out)" "2:1h,2:2a,2:4a,"
	IN=in run_weir --frame=netstring -k 1 -L 100000/s --rate-by=key --number='{n}.'
	is "$(<out)" "3:1.h,3:2.a,3:3.b,3:4.a,3:5.c,"
	IN=in run_weir --frame=netstring -L 1MB/s --number='{n}.'
	is "$(<out)" "3:1.h,3:2.a,3:3.b,3:4.a,3:5.c,"
	each_byte_counted
}

@test "packets have no room for numbers" {
	local option
	for option in --number '--weight={n}'; do
		run "$WEIR" --frame=pcap "$option"
		is "$status" 2
		like "$output" "not with --frame=pcap, whose records are packets; accepted: the other formats"
	done
}
