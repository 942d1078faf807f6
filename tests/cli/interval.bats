#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Reports every interval: they come whatever the data does, never hold it up, and their figures add up.

load common

eval "common_$(declare -f teardown)"
teardown()
{
	if mountpoint -q full; then fsfreeze -u full 2>/dev/null || :; fi
	common_teardown
}

# intervals: how many reports of an interval there are, whole
intervals()
{
	jq -rR 'fromjson? | select(.event == "interval") | 1' report | wc -l
}

has_intervals()
{
	(($(intervals) >= $1))
}

@test "-i: reports come while nothing else does" {
	producer fifo
	IN=fifo start -i 20ms
	producer_holds fifo
	until_true has_intervals 5
	feed 'a\nb\n'
	until_true grep -q '"in":{"records":2' report
	producer_ends
	finish "exit 0"
	is "$(jq -r .event report | uniq | paste -sd ' ')" "interval final"
	# each ends a whole number of intervals after the start, or as soon afterwards as weir had the processor
	is "$(jq -s '[.[].elapsed_ns] | . == sort' report)" true
	is "$(jq -s '[.[:-1] | .[] | .interval.ns] | [.[:-1], .[1:]] | transpose | map(add) | min >= 20e6' report)" true
	# the time of all intervals is the time of the run
	is "$(jq -s '(map(.interval.ns) | add) == .[-1].elapsed_ns' report)" true
}

@test "-i: reports come while the output is blocked" {
	for options in "-p drop-oldest" "-p drop-newest" "" "-b" "-L 1000/s"; do
		rm -f fifo in_fifo rest
		stalled_reader fifo
		producer in_fifo
		# shellcheck disable=SC2086
		IN=in_fifo OUT=fifo start -i 20ms --pipe-size=keep $options
		producer_holds in_fifo
		reader_holds
		feed 'a\nb\n'
		until_true grep -q '"held":{"records":[02],"bytes":4}' report
		until_true has_intervals $(($(intervals) + 3))
		jq -se '.[-1].interval.waited_ns.output > 0 and .[-1].buffer.depth_bytes == 4' report ||
			fail "weir $options: $(tail -n 1 report)"
		producer_ends
		drain rest
		finish "exit 0"
		is "$(cat rest)" $'a\nb'
	done
}

@test "-i: reports that a stop has kept from coming are left out, and the next one comes when it would have" {
	producer fifo
	IN=fifo start -i 20ms
	producer_holds fifo
	until_true has_intervals 3
	sig STOP
	sleep 0.2
	sig CONT
	until_true has_intervals $(($(intervals) + 20))
	producer_ends
	finish "exit 0"
	# However late: of three in a row the last two together are an interval at least; and not each is longer than one.
	jq -se 'map(select(.event == "interval") | .interval.ns) |
		([.[:-1], .[1:]] | transpose | map(add) | min >= 20e6) and min < 20e6' report || fail "$(jq -c .interval.ns report)"
}

@test "-i: what happened in the intervals is what happened in the run" {
	"$HELPERS/lines" -n 20000 >in
	bg sh -c 'while read -r line; do echo "$line"; done <in | exec "$HELPERS/launch" -p pid -s status \
		"$WEIR" -p drop-newest -m 4K --format=json --report=report -i 10ms | cat >out'
	until_true test -e status
	law report
	jq -se '
		def sum(f): map(f) | add;
		def near($a; $b): ($a - $b) >= -($b / 100 + length) and ($a - $b) <= $b / 100 + length;
		.[-1] as $final |
		near(sum(.interval | .in_per_s.bytes * .ns / 1e9); $final.in.bytes) and
		near(sum(.interval | .out_per_s.records * .ns / 1e9); $final.out.records) and
		near(sum(.interval | .dropped_per_s.records * .ns / 1e9); $final.dropped.records) and
		sum(.interval.waited_ns.input) == $final.waited_ns.input and
		sum(.interval.waited_ns.output) == $final.waited_ns.output and
		sum(.interval.pressure_ns) == $final.pressure.ns and
		(map(select(.interval.latency_ns.max != null) | .interval.latency_ns.max) | max) == $final.latency_ns.max
	' report || fail "$(tail -n 2 report)"
}

@test "-i: a reader of the reports that stalls stops no data; reports are skipped, and counted" {
	stalled_reader reports
	producer fifo
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" -i 10ms --format=json --report=reports \
		--metrics=page <fifo >out'
	until_true test -e pid
	producer_holds fifo
	feed '%s\n' before
	until_true grep -q before out
	until_true grep -qE '^weir_reports_skipped_total.* ([4-9]|[1-9][0-9]+)$' page
	"$HELPERS/lines" -n 100000 >in
	bg sh -c 'cat in >fifo'
	until_true sh -c 'test $(wc -c <out) -eq $(($(wc -c <in) + 7))'
	reader_holds
	timeout "$PATIENCE" head -c "$FILLED" <&8 >filling
	# the reader comes back: the next report is whole, and has the number
	timeout "$PATIENCE" head -n 3 <&8 >seen
	is "$(jq -s 'map(.reports_skipped) | .[0] <= .[1] and .[2] > 3' seen)" true "$(cat seen)"
	law seen
	producer_ends
	timeout "$PATIENCE" cat <&8 >seen
	until_true test -e status
	is "$(cat status)" "exit 0"
	is "$(tail -n 1 seen | jq -r '.event, .reports_skipped > 3' | paste -sd ' ')" "final true"
}

@test "-i: a report that the last one takes the place of is counted" {
	stalled_reader reports
	producer fifo
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" -i 500ms --metrics=page --report=reports <fifo >out'
	until_true test -e pid
	producer_holds fifo
	feed 'a\nb\n'
	until_true grep -q 'weir_in_records_total.* 2$' page # the first interval has ended, and nobody takes its report
	producer_ends
	until_true test -e status
	is "$(grep -c 'reports_skipped.* [1-9]' page)" 1 "$(cat page)"
}

# Where the kernel answers nothing at all: all of weir but what writes goes on.
@test "-i, --metrics: a file system that hangs stops no data" {
	[[ $(id -u) == 0 ]] || skip "only root can freeze a file system"
	command -v fsfreeze mkfs.ext4 >/dev/null || skip "needs fsfreeze and mkfs.ext4"
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "its own threads would be frozen"
	truncate -s 16M disk && mkfs.ext4 -q disk && mkdir full
	mount -o loop disk full 2>/dev/null || skip "no file system can be mounted"
	producer in
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" -i 10ms --format=json --report=full/report --metrics=full/m.prom <in >out 2>err'
	until_true grep -qs interval full/report
	producer_holds in
	fsfreeze -f full || skip "it cannot be frozen"
	until_true hang 2
	before=$(lines_of full/report)
	"$HELPERS/lines" -n 10000 -l 100 >input
	cat input >&9
	until_true sh -c 'test $(wc -c <out) -eq 1000000'
	is "$(lines_of full/report)" "$before" "reports of a file system that is frozen"
	ticks=$(waits)
	until_true more_waits_than $((ticks + 5))
	fsfreeze -u full
	until_true more_lines_than full/report "$before"
	producer_ends
	until_true test -e status
	is "$(cat status)" "exit 0"
	same input out
	law full/report
	is "$(tail -n 1 full/report | jq '.event == "final" and .in.records == 10000')" true
	grep -q '^weir_exit_status{.*} 0$' full/m.prom
	(($(sed -n 's/^weir_metrics_failures_total{.*} //p' full/m.prom) > 0))
	is "$(cat err)" ""
}

# waits: how often weir's first thread has begun to wait; where nothing else happens, for an interval to end
waits()
{
	awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$(<pid)/task/$(<pid)/status"
}

more_waits_than()
{
	(($(waits) > $1))
}

# hang COUNT: so many of its threads wait for the kernel, and cannot be woken
hang()
{
	(($(cat /proc/"$(<pid)"/task/*/stat | grep -c ') D ') == $1))
}

@test "-i: text, with rates, to standard error; -q leaves out the last one only" {
	producer fifo
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" -q -N here -i 20ms <fifo >out 2>err'
	until_true test -e pid
	producer_holds fifo
	feed 'a\nb\n'
	until_true grep -q 'in 2 ' err
	producer_ends
	until_true test -e status
	bytes='[0-9]+ B|[0-9.]+ [kM]B' clock='[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}'
	while IFS= read -r line; do
		like "$line" "^here: $clock in [02] \([0-9.]+k?/s\), out [02] \([0-9.]+k?/s ($bytes)/s\), buffer 0%, (input|busy) [0-9]+%(, p99 [0-9.]+[num]?s)?$"
	done <err
	unlike "$(cat err)" $'\e'
}

@test "-i: the time of day is local, though weir may open no file any more" {
	zone=Asia/Kolkata
	[[ -e /usr/share/zoneinfo/$zone ]] || skip "the system has no time zones"
	before=$(date +%s)
	TZ=$zone "$WEIR" -i 1s <nothing 2>err
	for ((then = before, end = $(date +%s); then <= end; then++)); do
		TZ=$zone date -d "@$then" +"weir: %T in 0 records"
	done >expected
	is "$(grep -oFf expected err | wc -l)" 1 "$(cat err)"
}

# comes EVENTS FILE [OPTION]...: the kinds of report that there are in FILE of a run of many intervals.
comes()
{
	local expected=$1 file=$2
	shift 2
	rm -f fifo pid status out err report page
	producer fifo
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" --format=json "$@" <fifo >out 2>err' sh "$@"
	until_true test -e pid
	producer_holds fifo
	feed 'a\n'
	until_true test -s out
	until_true has_run_on "$file"
	producer_ends
	until_true test -e status
	is "$(cat status)" "exit 0"
	is "$(jq -rR 'fromjson? | .event | select(. != "signal")' "$file" | sort -u | paste -sd ' ')" "$expected" "weir $*"
	[[ $file != report ]] || is "$(grep -v progress err)" ""
}

has_run_on()
{
	sig USR1 && jq -nRe '[inputs | fromjson? | .elapsed_ns] | max > 100e6' "$1"
}

@test "who gets reports every interval, and at the end" {
	comes "final" err
	comes "" err -q
	comes "final interval" err -i 10ms
	# quietly, the interval is for the reports that somebody asked for by name, and none comes at the end
	comes "interval" err -q -i 10ms
	comes "final interval" report -i 10ms --report=report
	comes "interval" report -q -i 10ms --report=report
	# one that is (also) that of the metrics
	comes "final" err --metrics=page
	comes "final interval" err --metrics=page -i 10ms
	comes "" err -q --metrics=page -i 10ms
	comes "interval" report -q --metrics=page -i 10ms --report=report
	# the page is renewed all the same
	comes "" err -q --metrics=page -i 10ms
	grep -q '^weir_exit_status' page
	# or that of a live line, for which there is no terminal here
	comes "final" err -v
	comes "final interval" err -v -i 10ms
	comes "" err -q -v -i 10ms
	comes "interval" report -q -v -i 10ms --report=report
	# the order does not matter
	comes "" err -i 10ms --metrics=page -q
}

@test "--report-on=loss: of intervals, those in which something was lost; the last, if something was" {
	producer in
	IN=in start --report-on=loss -i 10ms -p drop-newest --max-record=2
	producer_holds in
	snapshot_until '.elapsed_ns > 50e6'
	is "$(jq -r .event report | sort -u)" signal
	feed 'long\n'
	until_true has_intervals 1
	snapshot
	snapshot_until ".elapsed_ns > $(jq .elapsed_ns <<<"$SNAP") + 50e6"
	is "$(jq -r 'select(.event == "interval") | .dropped.records' report)" 1
	producer_ends
	finish "exit 0"
	final '.event == "final" and .dropped.records == 1'
}

@test "--format=journal: one line each, with a priority" {
	[[ $WEIR_UNDER != valgrind ]] || skip "which signals weir hears is not to be seen"
	seq 3 | "$WEIR" --format=journal 2>err >out
	like "$(cat err)" '^<6>weir: in 3 records [^<]*$'
	is "$(lines_of err)" 1
	stalled_reader fifo
	seq 2000 >in
	rm -f pid status
	bg sh -c 'exec "$HELPERS/launch" -p pid -s status "$WEIR" --format=journal -p drop-oldest --max-records=10 <in >fifo 2>err'
	until_true hears_usr1
	reader_holds
	until_true sh -c 'kill -USR1 $(cat pid); sleep 0.01; grep -q "dropped 1990" err'
	# what is lost in this interval, which began with the run
	like "$(tail -n 1 err)" '^<4>weir: '
	drain rest
	until_true test -e status
	like "$(tail -n 1 err)" '^<4>weir: in 2000 records .*dropped 1990 '
}

@test "-i: what is no interval" {
	for value in 0 9ms -1 1x 367d ''; do
		status=0
		"$WEIR" --interval="$value" <nothing >out 2>err || status=$?
		is "$status" 2
		like "$(cat err)" "^weir: --interval=$value: .*; accepted: 10ms to 366d"
	done
}
