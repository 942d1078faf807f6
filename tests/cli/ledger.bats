#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Reports: the law of the ledger at every moment, the form of the text and of the JSON, and where they go.

load common

# The last line of standard error is a report of this form; $1 is a regular expression for what follows the name.
text_report()
{
	like "$(tail -n 1 err)" "^weir: $1\$" "text report"
}

bytes='([0-9]{1,3} B|[0-9]{1,3}\.[0-9] [kMGT]B)'
span='[0-9]+(\.[0-9])?(ns|us|ms|s|min|h|d)'
seconds='[0-9]+\.[0-9]{3}s'
late="(p99 $span, )?"
times="${late}in $seconds"
paused="${late}paused $seconds in $seconds"
rates='\([0-9.]+[kMG]?/s( [0-9.]+ [kMG]?B/s)?\)'
mostly='(input|output|rate|busy) [0-9]+%'
records="[0-9]+ records? $bytes"

# --- Text -------------------------------------------------------------------------------------------------------------------

@test "text: one line on standard error at the end" {
	seq 1000 | "$WEIR" 2>err >out
	is "$(lines_of err)" 1
	text_report "in 1000 records 3\.9 kB, out 1000, $paused"
	: | "$WEIR" 2>err
	text_report "in 0 records 0 B, out 0, $paused"
}

@test "text: figures of bytes" {
	# bytes, and what the report calls them
	while read -r n text; do
		head -c "$n" /dev/zero | "$WEIR" -b 2>err >out
		text_report "in $text, out $text, $paused"
	done <<-'END'
		0 0 B
		1 1 B
		999 999 B
		1000 1\.0 kB
		1500 1\.5 kB
		99900 99\.9 kB
		1000000 1\.0 MB
		12300000 12\.3 MB
	END
}

@test "text: --bytes has no figures of records" {
	seq 1000 | "$WEIR" -b 2>err >out
	text_report "in 3\.9 kB, out 3\.9 kB, $paused"
	unlike "$(cat err)" record
}

@test "text: what was dropped, in percent, and why; where something can be" {
	{ seq 999; printf '%05000d\n' 1; } | "$WEIR" -s 10 -p drop-oldest --max-record=4K 2>err >out
	text_report "in 1000 records $bytes, out 100, dropped 900 \(90\.0%, sample\), $times"
	{ seq 9; printf '%05000d\n' 1; } | "$WEIR" -p drop-newest --max-record=4K 2>err >out
	text_report "in 10 records $bytes, out 9, dropped 1 \(10\.0%, of bytes 99\.6%, oversize\), $times"
	seq 1000 | "$WEIR" -p drop-newest 2>err >out
	text_report "in 1000 records 3\.9 kB, out 1000, dropped 0, $times"
	seq 10 | "$WEIR" --drop-over=1000000/s 2>err >out
	text_report "in 10 records 21 B, out 10, dropped 0, $paused"
}

# text_until REGEX: asks until a text report in ./report is like that.
text_until()
{
	until_true asked "$1"
}

asked()
{
	sig USR1 && grep -qE "$1" report
}

@test "text: what did not wait has no latency, what did has" {
	seq 1000 >in
	"$WEIR" -p drop-oldest <in 2>err >out
	unlike "$(cat err)" p99
	stalled_reader full
	IN=in OUT=full start --format=text -p drop-newest --max-records=10
	reader_holds
	text_until "in 1000 "
	drain rest
	until_true has_ended
	like "$(tail -n 1 report)" "^weir: in 1000 records 3\.9 kB, out 10, dropped 990 \(99\.0%, newest\), p99 $span, in $seconds$"
}

@test "text: what a reader that has gone leaves unread, though nothing was left to write" {
	empty_reader full
	producer fifo
	IN=fifo OUT=full start --format=text
	producer_holds fifo
	reader_holds
	feed 'a\nb\nc\n'
	text_until "out 3 .*, 6 bytes unread by the reader, "
	is "$(head -c 2 <&8)" a
	reader_goes
	until_true has_ended
	like "$(tail -n 1 report)" "^weir: in 3 records 6 B, out 3, 4 bytes unread by the reader, $paused$"
	producer_ends
	# one that is still there may yet read
	rm -f full
	empty_reader full
	seq 3 >in
	IN=in OUT=full start --format=text
	reader_holds
	until_true has_ended
	like "$(tail -n 1 report)" "^weir: in 3 records 6 B, out 3, $paused$"
	exec 8<&-
	# gone, and weir has had no reason to look
	rm -f full
	stalled_reader full
	exec 9>full
	reader_holds
	reader_goes
	"$WEIR" <nothing >&9 2>err
	exec 9>&-
	text_report "in 0 records 0 B, out 0, $FILLED bytes unread by the reader, $paused"
}

@test "text: several reasons; what is held, what is undelivered" {
	mkfifo blocked
	exec 7<>blocked
	FILLED=$("$HELPERS/fill" blocked)
	exec 8<blocked
	{ seq 999; printf '%05000d\n' 1; seq 1000; } >in
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" "$@" <in >blocked 2>err' sh --report=report \
		-p drop-oldest --max-records=10 --max-record=4K --drain-timeout=0
	until_true test -e report -a -e pid
	exec 7>&-
	ask()
	{
		: >report
		sig USR1
		until_true test -s report
		grep -q "$1" report
	}
	until_true ask "in 2000 "
	like "$(cat report)" "^weir: in 2000 $rates, out 0 $rates, dropped 1990 \(99\.5%, oldest 1989, oversize 1(, [0-9.]+[kMG]?/s)?\), held 10 records 41 B, $FILLED bytes unread by the reader, buffer 100%(, full in $span)?(, empty in $span)?(, $mostly)?, $times"
	: >report
	sig TERM
	until_true test -e status
	like "$(tail -n 1 report | tr -d '\0')" "undelivered 10 records 41 B, $times"
	is "$(cat err)" ""
}

@test "text: --name stands in front, of messages too" {
	seq 3 | "$WEIR" --name=left 2>err >out
	like "$(cat err)" '^left: in 3 records '
	seq 3 | "$WEIR" -N left -q 2>err >/dev/full || true
	like "$(cat err)" '^left: standard output: No space left on device$'
}

@test "--quiet: no report at the end" {
	seq 3 | "$WEIR" -q 2>err >out
	is "$(cat err)" ""
	seq 3 | "$WEIR" --quiet --report=report >out
	is "$(cat report)" ""
	# what is wrong is said all the same
	seq 3 | "$WEIR" -q 2>err >/dev/full || true
	like "$(cat err)" 'No space left'
}

@test "--quiet: a report that is asked for comes" {
	producer fifo
	IN=fifo start -q
	producer_holds fifo
	snapshot
	snap '.event == "signal"'
	producer_ends
	finish "exit 0"
	is "$(jq -r .event report)" signal
}

@test "--report-on=loss: nothing where all went well" {
	seq 10 | "$WEIR" --report-on=loss -p drop-newest 2>err >out
	is "$(cat err)" ""
	seq 10 | "$WEIR" --report-on=loss -s 2 2>err >out
	is "$(cat err)" "" "a sample is no loss"
	seq 10 | "$WEIR" --report-on=loss --report-on=always 2>err >out
	is "$(lines_of err)" 1 "the last one counts"
	producer fifo
	IN=fifo start --report-on=loss
	producer_holds fifo
	feed '1\n'
	until_true test -s out
	sig TERM
	producer_ends
	finish
	is "$(cat report)" "" "to be stopped is no failure"
}

@test "--report-on=loss: a loss, and a failure" {
	{ seq 9; printf '%05000d\n' 1; } >in
	"$WEIR" --report-on=loss -p drop-newest --max-record=4K <in 2>err >out
	like "$(cat err)" "^weir: in 10 records .*oversize"
	"$WEIR" --report-on=loss -p drop-newest --max-record=4K -q <in 2>err >out
	is "$(cat err)" "" "quietly, not even that"
	"$WEIR" --report-on=loss <in 2>err >/dev/full || status=$?
	is "$status" 1
	like "$(tail -n 1 err)" "^weir: in 10 records .*undelivered"
	"$WEIR" --report-on=loss -p fail --max-record=4K <in 2>err >out || status=$?
	is "$status" 3
	like "$(tail -n 1 err)" "^weir: in 10 records "
	# left unread by a reader that has gone
	stalled_reader full
	exec 9>full
	reader_holds
	reader_goes
	"$WEIR" --report-on=loss <nothing >&9 2>err
	exec 9>&-
	like "$(cat err)" "unread by the reader"
	# could not be saved: here, a sample
	seq 1000 | "$WEIR" --report-on=loss -s 2 --dropped=/dev/full 2>err >out
	like "$(tail -n 1 err)" "not saved"
}

@test "--fail-on-drop: quietly, and where reports go elsewhere, a message says how much" {
	{ seq 9; printf '%05000d\n' 1; } >in
	"$WEIR" -q --fail-on-drop -p drop-newest --max-record=4K <in 2>err >out || status=$?
	is "$status" 3
	is "$(cat err)" "weir: --fail-on-drop: dropped 1 of 10 records (10.0%, of bytes 99.6%, oversize)"
	"$WEIR" --report=report --fail-on-drop -p drop-newest --max-record=4K <in 2>err >out || status=$?
	is "$(cat err)" "weir: --fail-on-drop: dropped 1 of 10 records (10.0%, of bytes 99.6%, oversize)"
	"$WEIR" --fail-on-drop -p drop-newest --max-record=4K <in 2>err >out || status=$?
	is "$(lines_of err)" 1 "the report says it"
	like "$(cat err)" "^weir: in 10 "
	"$WEIR" -q --fail-on-drop -s 2 <in 2>err >out
	is "$(cat err)" ""
	"$WEIR" -q -p drop-newest --max-record=4K <in 2>err >out
	is "$(cat err)" ""
}

# --- JSON -------------------------------------------------------------------------------------------------------------------

# What `paths` finds in a report, and of what kind it is.
schema='
def kinds: [paths(type != "object") as $p | ($p | join(".")) + " " + (getpath($p) | type)] | sort;
'
expected()
{
	local count
	{
		printf '%s boolean\n' halted.now
		printf '%s number\n' schema pid elapsed_ns added_bytes buffer.capacity_bytes buffer.peak_bytes buffer.peak_records buffer.high_bytes \
			buffer.low_bytes paused.count paused.ns halted.count halted.ns waited_ns.{input,output,rate,halted,settle}
		printf '%s number\n' buffer.depth_bytes buffer.depth_records pressure.count pressure.ns interval.ns interval.paused_ns \
			interval.pressure_ns interval.waited_ns.{input,output,rate,halted,settle} reports_skipped
		for count in in out dropped dropped.by.{oldest,newest,oversize,sample,superseded,random,shed,codel,over,expired,rejected,gone,corrupt,purged,fair,repeated} recovered held in_flight undelivered kept sent redelivered \
			dropped_unsaved marks interval.in_per_s interval.out_per_s interval.dropped_per_s; do
			printf '%s number\n' "$count.records" "$count.bytes"
		done
		printf '%s string\n' event time name host policy sample sample_by framing
		printf '%s\n' "$@"
	} | sort
}

@test "JSON: exactly these keys, of these kinds" {
	seq 10 >in
	IN=in run_weir
	is "$(jq -r "$schema kinds[]" <<<"$FINAL" | sort)" \
		"$(expected {rate,drop_over,collapse_ns,max_age_ns,outside_weights,reader,spool}' null' {keep,top_keys}' array' key.{asked,found}' number' {unread_bytes,unread_input_bytes}' null' 'exit.status number' 'exit.reason string' 'buffer.capacity_records null' \
			'buffer.oldest_ns null' 'buffer.until_full_ns null' 'buffer.until_empty_ns null' {,interval.}latency_ns.{p50,p90,p95,p99,max}' number')"
	is "$(jq -c 'keys_unsorted' <<<"$FINAL")" \
		'["schema","event","time","name","pid","host","policy","sample","rate","sample_by","drop_over","collapse_ns","max_age_ns","framing","elapsed_ns","recovered","in","out","dropped","keep","key","top_keys","dropped_unsaved","marks","added_bytes","outside_weights","held","in_flight","undelivered","kept","sent","redelivered","buffer","paused","pressure","halted","waited_ns","latency_ns","interval","reports_skipped","unread_bytes","unread_input_bytes","reader","spool","exit"]'
	# the same while it runs, over pipes, with a rate, dropping
	empty_reader fifo
	producer in_fifo
	IN=in_fifo OUT=fifo start -L 10/s -p drop-oldest --max-records=3
	producer_holds in_fifo
	reader_holds
	seq 5 >&9
	snapshot_until '.in.records == 5'
	is "$(jq -r "$schema kinds[]" <<<"$SNAP" | sort)" \
		"$(expected 'rate string' {drop_over,collapse_ns,max_age_ns,outside_weights,reader,spool}' null' {keep,top_keys}' array' key.{asked,found}' number' {unread_bytes,unread_input_bytes}' number' 'exit.status null' 'exit.reason null' 'buffer.capacity_records number' \
			"$(jq -r '.buffer | to_entries[] | select(.key | startswith("until") or . == "oldest_ns") | "buffer." + .key + " " + (.value | type)' <<<"$SNAP")" \
			{,interval.}latency_ns.{p50,p90,p95,p99,max}"$(jq -r '" " + (.latency_ns.p50 | type)' <<<"$SNAP")")"
	snap '.event == "signal" and .schema == 1 and .name == "weir"'
}

@test "JSON: every number is a plain integer, one object a line" {
	"$HELPERS/lines" -n 100000 >in
	IN=in run_weir -p drop-newest -L 1000MB/s
	is "$(lines_of report)" 1
	is "$(jq -c '[.. | numbers | select(. != floor)]' report)" "[]"
	unlike "$(sed 's/"[^"]*"//g' report)" '[0-9][.eE]|[+-][0-9]|[^0-9]0[0-9]'
	[[ $(head -c 1 report) == '{' ]]
	is "$(tail -c 2 report)" '}'
}

@test "JSON: to standard error without --report" {
	seq 10 | "$WEIR" --format=json 2>err >out
	law err
	is "$(lines_of err)" 1
	# diagnostics stay text
	seq 10 | "$WEIR" --format=json 2>err >/dev/full || true
	is "$(head -n 1 err)" "weir: standard output: No space left on device"
	law <(tail -n 1 err)
}

@test "JSON: framing and policy by their names" {
	while read -r framing options; do
		# shellcheck disable=SC2086
		run_weir $options
		is "$(figures framing)" "$framing"
	done <<-'END'
		lines -l
		null -0
		delimiter -d ;
		fixed --fixed=7
		bytes -b
	END
	for policy in block drop-oldest drop-newest; do
		run_weir -p "$policy"
		is "$(figures policy)" "$policy"
	done
}

@test "JSON: any name is a valid string" {
	for name in 'with "quotes"' 'back\slash' '{}' 'sp ace'; do
		run_weir --name="$name"
		is "$ENDED" "exit 0" "$name: $(cat err)"
		jq -e '.name | type == "string"' report
		is "$(jq -j .name report | od -c)" "$(printf %s "$name" | od -c)"
	done
}

@test "a name that is not printable is refused, or does no harm" {
	for name in $'new\nline' $'tab\tbell\a' $'escape\e[31m' $'delete\177' größe; do
		run_weir --name="$name"
		if [[ $ENDED == "exit 2" ]]; then
			like "$(cat err)" '--name'
			continue
		fi
		is "$ENDED" "exit 0"
		is "$(lines_of report)" 1
		is "$(jq -j .name report | od -c)" "$(printf %s "$name" | od -c)"
		"$WEIR" --name="$name" <nothing 2>err
		is "$(lines_of err)" 1
	done
}

# --- The law ----------------------------------------------------------------------------------------------------------------

@test "the law holds at every snapshot of a run that drops, with a reader that comes and goes" {
	for options in "-p drop-oldest -m 64K" "-p drop-newest -m 64K" "-m 64K" "-L 300000/s -p drop-oldest -m 8K" "-s 3 -m 64K" \
		"-b -m 64K" "-s 3 -p drop-newest --max-records=100" "-p drop-oldest --max-record=700"; do
		rm -f fifo in_fifo figures seen part? rest
		mkfifo in_fifo
		empty_reader fifo
		# shellcheck disable=SC2016
		bg sh -c 'exec "$HELPERS/lines" -n 10000 -l 12,700,33,1300,150,5000 -r figures >in_fifo'
		# shellcheck disable=SC2086
		IN=in_fifo OUT=fifo start $options
		reader_holds
		# between the parts of what is read, weir is asked
		for part in 1 2 3 4; do
			head -c 50000 <&8 >"part$part" || true
			snapshot || break
		done
		FILLED=0
		drain rest
		finish "exit 0"
		is "$(figures in.bytes)" "$(jq .bytes figures)" "bytes in, weir $options"
		is "$(figures out.bytes)" "$(cat part? rest | wc -c)" "bytes out, weir $options"
		[[ $options == -b* ]] || {
			is "$(figures in.records)" 10000 "weir $options"
			cat part? rest | "$HELPERS/reader" -l 12,700,33,1300,150,5000 >seen
			is "$(figures out.records)" "$(jq .records seen)" "records out, weir $options"
		}
	done
}

# Of records of one length, so that the bytes say how many there are.
@test "the law holds at every snapshot while much comes at once" {
	for options in "" "--pipe-size=1M" "--pipe-size=keep -m 64M" "--fixed=100" "-m 256K --max-records=1000"; do
		rm -f fifo in_fifo part? rest
		mkfifo in_fifo
		empty_reader fifo
		# shellcheck disable=SC2016
		bg sh -c 'exec "$HELPERS/lines" -n 210000 -l 100 >in_fifo'
		# shellcheck disable=SC2086
		IN=in_fifo OUT=fifo start $options
		reader_holds
		for part in 1 2 3 4 5 6; do
			timeout "$PATIENCE" head -c 3000017 <&8 >"part$part"
			snapshot || break
			snap '.in.records == (.in.bytes / 100 | floor) and .out.records == (.out.bytes / 100 | floor)'
			snap ".out.bytes >= $part * 3000017"
		done
		FILLED=0
		drain rest
		finish "exit 0"
		is "$(figures in.records out.records out.bytes)" "210000 210000 21000000" "weir $options"
		is "$(cat part? rest | "$HELPERS/reader" -l 100 | jq -c '[.records, .gaps]')" "[210000,0]" "weir $options"
	done
}

@test "the law holds in the middle of a record, on either side" {
	empty_reader fifo
	producer in_fifo
	IN=in_fifo OUT=fifo start -p drop-newest -m 1M --pipe-size=keep
	producer_holds in_fifo
	reader_holds
	"$HELPERS/lines" -n 1 -l 300000 >&9
	snapshot_until '.in.records == 1'
	snap '.out.records == 0 and .out.bytes > 0 and .held.records == 1 and .held.bytes == 300000 - .out.bytes'
	feed 'part'
	snapshot_until '.in.bytes == 300004'
	snap '.in.records == 1 and .held.records == 1'
	# a record that is too long is dropped while it comes, and counted when its end does
	head -c 2000000 /dev/zero | tr '\0' x >&9
	snapshot_until '.in.bytes == 2300004'
	snap '.dropped.bytes > 1000000 and .dropped.records == 0 and .in.records == 1 and .held.bytes < 2300000'
	feed '\n'
	snapshot_until '.in.records == 2'
	snap '.dropped.by.oversize == {records: 1, bytes: 2000005} and .held.bytes == 300000 - .out.bytes'
	producer_ends
	drain got
	finish "exit 0"
	is "$(stat -c %s got)" 300000
}

@test "a record of which the end is never read counts in bytes only" {
	producer in_fifo
	IN=in_fifo start -p drop-oldest -m 64K --drain-timeout=0
	producer_holds in_fifo
	head -c 200000 /dev/zero | tr '\0' x >&9
	snapshot_until '.in.bytes == 200000'
	sig TERM
	finish "signal 15"
	final '.in.records == 0 and .dropped.records == 0 and .dropped.bytes + .undelivered.bytes == 200000'
}

# --- Times and watermarks ---------------------------------------------------------------------------------------------------

# bats test_tags=clock
@test "paused: how often, and how long" {
	stalled_reader full
	mkfifo fifo
	bg sh -c '"$HELPERS/lines" -n 2000 >fifo'
	IN=fifo OUT=full start -m 64K --pipe-size=keep
	reader_holds
	snapshot_until '.paused.count == 1'
	first=$(jq .paused.ns <<<"$SNAP")
	snapshot_until ".paused.ns > $first"
	snap '.paused.count == 1'
	drain got
	finish "exit 0"
	final '.paused.count >= 1 and .paused.ns <= .elapsed_ns'
	# draining at the end is not pausing
	rm -f full
	stalled_reader full
	seq 10000 >in
	IN=in OUT=full start -m 1M --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 10000'
	drain got
	finish "exit 0"
	final '.paused == {count: 0, ns: 0}'
}

# bats test_tags=clock
@test "buffer.oldest_ns: for how long the oldest record has waited" {
	stalled_reader fifo
	seq 3 >in
	IN=in OUT=fifo start -p drop-oldest --pipe-size=keep
	reader_holds
	snapshot_until '.in.records == 3 and .buffer.oldest_ns > 50000000'
	snap '.buffer.oldest_ns <= .elapsed_ns'
	drain got
	finish "exit 0"
	final '.buffer.oldest_ns == null'
}

# bats test_tags=clock
@test "waited_ns: what weir was waiting for" {
	producer fifo
	IN=fifo start
	producer_holds fifo
	snapshot_until '.waited_ns.input > 50000000'
	snap '.waited_ns.output == 0 and .waited_ns.rate == 0'
	producer_ends
	finish "exit 0"
	stalled_reader full
	seq 1000 >in
	IN=in OUT=full start --pipe-size=keep
	reader_holds
	snapshot_until '.waited_ns.output > 50000000'
	snap '.waited_ns.rate == 0'
	drain got
	finish "exit 0"
	IN=in start -L 1/h --drain-timeout=0
	snapshot_until '.waited_ns.rate > 50000000'
	snap '.waited_ns.output < .waited_ns.rate'
	sig TERM
	finish "signal 15"
	final '.waited_ns.input + .waited_ns.output + .waited_ns.rate <= .elapsed_ns'
}

@test "buffer: the most that was held" {
	stalled_reader full
	"$HELPERS/lines" -n 500 -l 100 >in
	IN=in OUT=full start -p drop-newest -m 64K
	reader_holds
	snapshot_until '.in.records == 500'
	drain got
	finish "exit 0"
	final '.buffer.peak_bytes == 50000 and .buffer.peak_records == 500 and .buffer.capacity_bytes == 65536'
}

# --- Where reports go -------------------------------------------------------------------------------------------------------

@test "--report truncates what is there" {
	head -c 100000 /dev/zero >report
	seq 3 | "$WEIR" --report=report >out 2>err
	like "$(cat report)" '^weir: in 3 records'
	is "$(lines_of report)" 1
	is "$(cat err)" ""
}

@test "--report is opened before the first read" {
	mkdir directory
	for file in directory missing/report; do
		status=0
		{
			"$WEIR" --report="$file" >out 2>err || status=$?
			cat >rest
		} < <(seq 3)
		is "$status" 1
		is "$(cat rest)" "$(seq 3)"
		is "$(lines_of err)" 1
		like "$(cat err)" "^weir: .*$file.*: (Is a directory|No such file or directory)"
	done
}

@test "--report to a FIFO without a reader is an error" {
	mkfifo lonely
	status=0
	{
		timeout "$PATIENCE" "$WEIR" --report=lonely >out 2>err || status=$?
		cat >rest
	} < <(seq 3)
	is "$status" 1
	is "$(cat rest)" "$(seq 3)"
	like "$(cat err)" '^weir: .*lonely'
	is "$(lines_of err)" 1
}

@test "a report that cannot be written: all is delivered, status 1" {
	[[ -e /dev/full ]] || skip "there is no /dev/full"
	seq 1000 >in
	status=0
	"$WEIR" --report=/dev/full <in >out 2>err || status=$?
	is "$status" 1
	same in out
	is "$(cat err)" "weir: --report=/dev/full: No space left on device"
}

@test "--report to a FIFO with a reader, to a device by a symbolic link, to /dev/stderr, to >(...)" {
	mkfifo fifo
	exec 7<>fifo
	seq 3 | "$WEIR" --report=fifo >out
	is "$(timeout "$PATIENCE" head -n 1 <&7 | cut -c 1-20)" "weir: in 3 records 6"
	exec 7>&-
	ln -s /dev/null link
	seq 3 | "$WEIR" --report=link >out 2>err
	is "$(cat err)" ""
	seq 3 | "$WEIR" --report=/dev/stderr --format=json 2>err >out
	law err
	{ seq 3 | "$WEIR" --report=/dev/fd/5 --format=json >out; } 5>five
	law five
	seq 3 | "$WEIR" --report=>(cat >there; : >done) >out
	until_true test -e done
	like "$(cat there)" '^weir: in 3 records'
}

@test "--report goes on where it was: each report is a line" {
	producer fifo
	IN=fifo start
	producer_holds fifo
	for _ in 1 2 3; do
		snapshot
	done
	producer_ends
	finish "exit 0"
	is "$(jq -r .event report | paste -sd ' ')" "signal signal signal final"
}

# bats test_tags=tools
@test "the report comes after standard output was closed" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	seq 3 >in
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -o trace -s 100 -e trace=close,write,writev "$WEIR" <in >out 2>err
	closed=$(grep -n 'close(1)' trace | head -n 1 | cut -d : -f 1)
	reported=$(grep -n 'weir: in 3 records' trace | head -n 1 | cut -d : -f 1)
	((closed < reported))
	# in one write
	is "$(grep -c 'write[v]*(2' trace)" 1
}

# --- Input and output the same ----------------------------------------------------------------------------------------------

@test "a file that is both input and output is refused" {
	seq 1000 >file
	cp file copy
	status=0
	timeout "$PATIENCE" "$WEIR" <file >>file 2>err || status=$?
	is "$status" 1
	same file copy
	like "$(head -n 1 err)" '^weir: .*(input|output).*(input|output)'
	ln file other
	status=0
	timeout "$PATIENCE" "$WEIR" <other >>file 2>err || status=$?
	is "$status" 1
	same file copy
}

# bats test_tags=tools
@test "what only looks like one file is not refused" {
	"$WEIR" -q </dev/null >/dev/null
	seq 3 >one
	cp one two
	"$WEIR" -q <one >>two
	is "$(lines_of two)" 6
	# a socket in both directions
	perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die; if (!fork) { open STDIN, "<&B"; open STDOUT, ">&B"; close A;
		close B; exec @ARGV or die } close B; syswrite A, "hello\n"; shutdown A, 1; print <A>; wait; exit($? >> 8)' "$WEIR" -q >out
	is "$(cat out)" hello
}

# --- Where reports must not go ----------------------------------------------------------------------------------------------

@test "--report is not the file that standard output is, by any name" {
	for name in /dev/stdout /dev/fd/1 out; do
		status=0
		seq 5 | "$WEIR" --report="$name" >out 2>err || status=$?
		is "$status" 1
		like "$(cat err)" "--report=$name"
		is "$(cat out)" ""
	done
}

@test "nor the pipe or FIFO that standard input or output is; and the same for --dropped" {
	local option name
	mkfifo fifo
	for option in report dropped; do
		for name in /dev/stdin /dev/stdout /proc/self/fd/0; do
			status=0
			seq 5 | timeout "$PATIENCE" "$WEIR" -p drop-newest "--$option=$name" 2>err | cat >out || status=$?; status=${PIPESTATUS[1]}
			is "$status" 1 "$option $name"
			is "$(cat err)" "weir: --$option=$name: standard input or output; accepted: another file"
			is "$(cat out)" ""
		done
		status=0
		exec 7<>fifo
		timeout "$PATIENCE" "$WEIR" -p drop-newest "--$option=fifo" <fifo >out 2>err 7<&- || status=$?
		exec 7<&-
		is "$status" 1
		like "$(cat err)" '--(report|dropped)=fifo: standard input or output; accepted: another file$'
	done
	# A device is there for all.
	seq 5 | "$WEIR" --report=/dev/null >/dev/null
}

@test "--report follows no symbolic link to a file" {
	echo kept >victim
	ln -s victim link
	status=0
	seq 5 | "$WEIR" --report=link >out 2>err || status=$?
	is "$status" 1
	like "$(cat err)" '^weir: --report=link: a symbolic link to a file; accepted: the file itself$'
	is "$(cat victim) $(cat out)" "kept "
}

@test "--report by a name of standard error does not truncate a log" {
	for name in /dev/stderr /dev/fd/2 /proc/self/fd/2 log; do
		echo kept >log
		seq 5 | "$WEIR" --report="$name" 2>>log >out
		is "$(head -n 1 log)" kept "$name"
		is "$(lines_of log)" 2 "$name"
	done
}
