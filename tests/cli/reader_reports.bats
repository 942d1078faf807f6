#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What reports, metrics and the journal tell of the reader: where there is none nothing, and JSON that there is none.

load common

# load_is LINE...: ./load, a COMMAND.
load_is()
{
	printf '%s\n' '#!/bin/sh' "$@" >load
	chmod +x load
}

# value FAMILY: of the one sample of a family that has only name and policy.
value()
{
	sed -n "s/^weir_$1{name=\"[^\"]*\",policy=\"[^\"]*\"} //p" m.prom
}

says()
{
	[[ $(value "$1") == "$2" ]]
}

strict()
{
	local said
	said=$(awk -f "$BATS_TEST_DIRNAME/prometheus.awk" m.prom) || fail "$said"
}

# no_wider FILE: what stands in it fits into 100 columns.
no_wider()
{
	is "$(awk 'length > 100' "$1")" "" "wider than 100 columns"
}

nothing='{"records":0,"bytes":0}'

# --- Nothing is asked of the reader -----------------------------------------------------------------------------------------

@test "without a reader JSON has the keys, text and metrics have nothing" {
	seq 10 >in
	IN=in run_weir --metrics=m.prom
	is "$ENDED" "exit 0"
	is "$(jq -c '[.reader, .in_flight, .sent, .redelivered, .added_bytes]' <<<"$FINAL")" "[null,$nothing,$nothing,$nothing,0]"
	is "$(grep -c weir_reader_ m.prom)" 0
	"$WEIR" <in >out 2>err
	is "$(lines_of err)" 1
	unlike "$(cat err)" reader
}

# --- Batches ----------------------------------------------------------------------------------------------------------------

@test "batches that fail once: sent, redelivered, failures" {
	seq 4 >in
	# shellcheck disable=SC2016
	load_is '[ "$WEIR_TRY" -gt 1 ] || exit 75' 'cat >>taken'
	IN=in run_weir --batch=2 --backoff=1ms --metrics=m.prom ./load
	is "$ENDED" "exit 0"
	same taken in
	final '.out == {records: 4, bytes: 8} and .sent == .out and .redelivered == .out and .in_flight.records == 0'
	is "$(jq -c .reader <<<"$FINAL")" '{"command":"./load","confirm":"exit","fell_back":false,"state":"over","running":0,"starts":4,"failures":2,"batches":2,"ignored":0,"tries":0,"next_try_ns":null,"status":0,"breaker":{"open":false,"opened":0,"open_ns":0}}'
	strict
	grep -qxF 'weir_reader_info{name="weir",policy="block",command="./load",confirm="exit"} 1' m.prom
	for sample in starts_total:4 failures_total:2 batches_total:2 sent_records_total:4 redelivered_records_total:4 \
		redelivered_bytes_total:8 in_flight_bytes:0 running:0 last_status:0 breaker_open:0; do
		is "$(value "reader_${sample%:*}")" "${sample#*:}" "$sample"
	done
}

@test "text has a line for it; of a run in which all is well one that says how it was confirmed" {
	seq 4 >in
	# shellcheck disable=SC2016
	load_is '[ "$WEIR_TRY" -gt 1 ] || exit 75' 'cat >/dev/null'
	"$WEIR" --batch=2 --backoff=1ms ./load <in >out 2>err
	is "$(grep -v try err | tail -n 1)" "weir: reader load, --confirm=exit: 2 batches, redelivered 4 records 8 B, 2 failures"
	no_wider err
	load_is 'cat >/dev/null'
	"$WEIR" --batch=2 -N other ./load <in >out 2>err
	is "$(lines_of err)" 2
	is "$(tail -n 1 err)" "other: reader load, --confirm=exit: 2 batches"
	"$WEIR" -q --batch=2 ./load <in >out 2>err
	is "$(cat err)" ""
	"$WEIR" --report-on=loss --batch=2 ./load <in >out 2>err
	is "$(cat err)" ""
	"$WEIR" --format=journal --batch=2 ./load <in >out 2>err
	is "$(sed 's/weir: in .*/weir: in/' err)" $'<6>weir: in\n<6>weir: reader load, --confirm=exit: 2 batches'
}

@test "what COMMAND will not have is dropped, rejected" {
	seq 4 >in
	# shellcheck disable=SC2016
	load_is '[ "$WEIR_FIRST" -gt 2 ] || exit 65'
	IN=in run_weir --batch=2 --metrics=m.prom ./load
	is "$ENDED" "exit 5"
	final '.exit.reason == "rejected" and .dropped.by.rejected == {records: 2, bytes: 4} and .out.records == 2'
	final '.redelivered.records == 0 and (.reader | .failures == 0 and .batches == 1)'
	grep -qxF 'weir_dropped_records_total{name="weir",policy="block",reason="rejected"} 2' m.prom
	"$WEIR" --batch=2 ./load <in >out 2>err || is "$?" 5
	like "$(cat err)" "out 2, dropped 2 \(50\.0%, rejected\)"
}

# --- While it goes on -------------------------------------------------------------------------------------------------------

@test "what is in flight is a part of what is held" {
	mkfifo gate
	producer fifo
	# shellcheck disable=SC2016
	load_is '[ "$WEIR_FIRST" -gt 1 ] || read -r _ <gate' 'cat >>taken'
	IN=fifo start --batch=2 --metrics=m.prom -i 10ms ./load
	producer_holds fifo
	feed 'a\nb\nc\n'
	snapshot_until '.in_flight.records == 2 and .held.records == 3 and .reader.running == 1'
	snap '.in_flight.bytes == 4 and .held.bytes == 6 and .sent.records == 2 and .redelivered.records == 0 and .out.records == 0'
	snap '.reader | .state == "running" and .starts == 1 and .batches == 0 and .status == null and .tries == 0'
	until_true says reader_in_flight_records 2
	is "$(value reader_running)" 1
	is "$(value reader_last_status)" NaN
	release gate
	snapshot_until '.out.records >= 2'
	producer_ends
	finish "exit 0"
	is "$(cat taken)" $'a\nb\nc'
	final '.in_flight.records == 0 and .out.records == 3 and .sent.records == 3 and .reader.batches == 2'
	strict
}

@test "what is in flight when weir has to end is undelivered" {
	mkfifo gate
	producer fifo
	load_is 'read -r _ <gate'
	IN=fifo start --batch=2 --drain-timeout=0 ./load
	producer_holds fifo
	feed 'a\nb\n'
	snapshot_until '.in_flight.records == 2 and .reader.running == 1'
	sig TERM
	finish
	like "$ENDED" '^signal (15|TERM)'
	final '.undelivered.records == 2 and .in_flight.records == 0 and .sent.records == 2 and .out.records == 0'
}

@test "the breaker opens, and closes" {
	seq 2 >in
	load_is '[ -e well ] || exit 75' 'cat >>taken'
	IN=in start --batch=10 --backoff=1ms..20ms --metrics=m.prom -i 10ms ./load
	snapshot_until '.reader.breaker.open'
	snap '.reader | .breaker.opened == 1 and .failures >= 5 and .tries >= 5 and .batches == 0 and .status == 75'
	snap '.in_flight.records == 2 and .out.records == 0'
	snapshot_until '.reader.state == "retrying" and .reader.next_try_ns <= 20e6'
	until_true says reader_breaker_open 1
	: >well
	finish "exit 0"
	same taken in
	final '.reader.breaker | .open == false and .opened == 1 and .open_ns > 0'
	final '.reader | .failures == .starts - 1 and .batches == 1 and .tries == 0'
	final '.redelivered.records == 2 * .reader.failures'
	is "$(value reader_breaker_open)" 0
	is "$(value reader_breaker_opened_total)" 1
	strict
}

@test "text every interval: what is in flight, the breaker, the tries" {
	seq 2 >in
	load_is '[ -e well ] || exit 75' 'cat >/dev/null'
	bg "$WEIR" --report=text -i 10ms --batch=10 --backoff=1ms..20ms ./load <in >out 2>err
	until_true grep -qE '^weir: [0-9:.]+ reader load, --confirm=exit: in flight 2 records 4 B, breaker open for [0-9.]+(ns|us|ms|s)$' text
	until_true grep -qE '^weir: [0-9:.]+ reader: [0-9]+ tries failed' text
	: >well
	ended_job "$BG"
	like "$(cat text)" "reader load, --confirm=exit: 1 batch, redelivered [0-9]+ records [0-9.kM]+ ?B, [0-9]+ failures"
	like "$(cat text)" "breaker opened 1 time for "
	no_wider <(grep -v ' in 2 ' text)
}

# --- Answers ----------------------------------------------------------------------------------------------------------------

@test "answers: numbers that are not in flight are ignored, and counted; so is what numbers add" {
	seq 3 >in
	# shellcheck disable=SC2016
	load_is 'while IFS="	" read -r n text; do echo "$n"; echo "$n"; done'
	IN=in run_weir --number --confirm=number ./load
	is "$ENDED" "exit 0"
	final '.out == {records: 3, bytes: 6} and .sent == .out'
	final '.reader | .confirm == "number" and .ignored == 3 and .starts == 1 and .status == 0 and .batches == 0'
	final '.added_bytes == 6'
	"$WEIR" --number --confirm=number ./load <in >out 2>err
	is "$(tail -n 1 err)" "weir: reader load, --confirm=number: 3 answers ignored, numbers 6 B"
}

@test "--number alone: there is nobody to confirm, but what numbers add is told" {
	seq 3 >in
	IN=in run_weir --number
	is "$(cat out)" $'1\t1\n2\t2\n3\t3'
	final '.out.bytes == 6 and .added_bytes == 6 and .sent.records == 0 and (.reader | .command == null and .confirm == "written")'
	"$WEIR" --number <in >out 2>err
	is "$(tail -n 1 err)" "weir: reader: numbers 6 B"
}

@test "the confirmation that nobody chose is told" {
	seq 3 >in
	IN=in run_weir cat
	same out in
	"$WEIR" cat <in >out 2>err
	if [[ $(uname) == Linux && $WEIR_UNDER != portable ]]; then
		final '.reader | .confirm == "read" and .fell_back == false'
		is "$(tail -n 1 err)" "weir: reader cat, --confirm=read"
	else
		final '.reader | .confirm == "written" and .fell_back'
		is "$(tail -n 1 err)" "weir: reader cat, --confirm=written (what is read cannot be told)"
	fi
	IN=in run_weir --confirm=written cat
	final '.reader | .confirm == "written" and .fell_back == false'
}

@test "a reader that is started again" {
	mkfifo gate
	producer fifo
	load_is 'if [ ! -e begun ]; then : >begun; read -r _ <gate; exit 1; fi' \
		'while read -r line; do echo "$line" >>taken; echo; done'
	IN=fifo start --restart --backoff=1ms --confirm=line ./load
	producer_holds fifo
	feed 'a\nb\n'
	snapshot_until '.in_flight.records == 2 and .reader.running == 1'
	release gate
	snapshot_until '.out.records == 2'
	snap '.reader | .state == "running" and .starts == 2 and .failures == 1 and .status == 1 and .tries == 0'
	producer_ends
	finish "exit 0"
	is "$(cat taken)" $'a\nb'
	final '.sent == {records: 2, bytes: 4} and .redelivered == .sent'
	final '.reader | .state == "over" and .running == 0 and .starts == 2 and .failures == 1 and .status == 0'
}

# --- What was lost, by what was in it -----------------------------------------------------------------------------------------

# lost_by_content REASON OPTION...: of these six "good" comes out, and all the rest is lost for that reason.
lost_by_content()
{
	local reason=$1
	shift
	needs_patterns
	printf '%s\n' "good 1" "bad 22" "worse 333" "bad 22" "worst 4444" "bad 22" >in
	IN=in run_weir -p drop-newest --keep='^w' --key=1 --top-keys=2 "$@"
	final ".dropped.by.$reason.records == 5 and .out.records == 1 and .keep[0].dropped == {records: 2, bytes: 21}" || return
	final '.top_keys[0] == {key: "bad", dropped: 3, error: 0}' || return
}

@test "by class and by key: what a reader rejects, one by one, at its death, and by batch" {
	lost_by_content rejected --confirm=line sh -c 'read -r x; echo ok; while read -r x; do echo reject; done'
	lost_by_content rejected --number --confirm=number sh -c 'read -r x; echo 1; while read -r n x; do echo "reject $n"; done'
	lost_by_content rejected --restart --retry=0 --backoff=1ms..1ms --confirm=line sh -c 'read -r x; case $x in good*) echo ok ;; esac; exit 1'
	lost_by_content rejected --batch=1 sh -c 'grep -q good || exit 65'
	lost_by_content rejected --batch=6 --bisect --retry=0 --backoff=1ms..1ms sh -c '! grep -q "bad\|wors"'
}

@test "by class and by key: what nobody reads any more" {
	needs_patterns
	printf '%s\n' "good 1" "worse 333" "bad 22" "worst 4444" "bad 22" >in
	IN=in run_weir -p drop-newest --keep='^w' --key=1 --top-keys=2 --confirm=line --window=1 --reader-gone=discard \
		sh -c 'read -r x; echo ok; read -r x; echo ok; exec <&-; exit 0'
	final '.dropped.by.gone.records + .undelivered.records == 3 and .out.records == 2 and .keep[0].dropped == {records: 1, bytes: 11}'
	final '.top_keys[0].dropped + .undelivered.records == 2'
}
