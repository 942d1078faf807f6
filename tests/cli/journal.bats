#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --format=journal: what systemd's journal makes a message and a priority of. One line each, "<3>" an error, "<4>" a loss,
# "<6>" the rest; no escape codes.

load common

# Every line has a priority, and one that sd-daemon(3) knows.
priorities()
{
	unlike "$(cat "$1")" $'\e'
	is "$(grep -vcE '^<[346]>[^<]' "$1")" 0 "lines without a priority"
}

@test "a report that has nothing to complain of" {
	seq 10 | "$WEIR" --format=journal --name=tap 2>err >out
	like "$(cat err)" '^<6>tap: in 10 records .* paused 0\.000s in [0-9.]+s$'
	is "$(lines_of err)" 1
}

@test "one that tells of a loss; a sample is none" {
	{ seq 9; printf '%05000d\n' 1; } | "$WEIR" --format=journal -p drop-newest --max-record=4K 2>err >out
	like "$(cat err)" '^<4>weir: in 10 records .*, oversize\)'
	seq 100 | "$WEIR" --format=journal -s 10 2>err >out
	like "$(cat err)" '^<6>weir: in 100 records .*, sample\)'
	producer in
	IN=in start --format=journal -i 10ms -s 10
	producer_holds in
	feed '1\n2\n3\n'
	until_true grep -q 'dropped 2 (66.7%, sample' report
	producer_ends
	until_true has_ended
	is "$(grep -cv '^<6>' report)" 0 "reports of an interval that complain of a sample"
}

@test "in an interval, a loss counts where it falls" {
	producer in
	IN=in start --format=journal -i 10ms -p drop-newest --max-record=2
	producer_holds in
	until_true grep -q '^<6>' report
	feed 'long\n'
	until_true grep -q '^<4>' report
	seen=$(lines_of report)
	until_true more_lines_than report $((seen + 2))
	like "$(tail -n 1 report)" '^<6>'
	is "$(grep -c '^<4>' report)" 1 "intervals with a loss"
	priorities report
	producer_ends
	until_true has_ended
	like "$(tail -n 1 report)" '^<4>' "the whole run"
}

@test "messages are errors, and have the priority of one" {
	seq 10 | "$WEIR" --format=journal --name=tap 2>err >/dev/full || status=$?
	is "$status" 1
	priorities err
	is "$(head -n 1 err)" "<3>tap: standard output: No space left on device"
	like "$(tail -n 1 err)" '^<3>tap: in 10 records'
	seq 3 | "$WEIR" --format=journal --report=none/report 2>err >out || status=$?
	is "$(cat err)" "<3>weir: --report=none/report: No such file or directory"
	"$WEIR" --format=journal --metrics=. 2>err >out <nothing || status=$?
	is "$(cat err)" "<3>weir: --metrics=.: Is a directory"
}

@test "other forms have none" {
	for format in text json; do
		seq 10 | "$WEIR" --format=$format 2>err >/dev/full || status=$?
		unlike "$(cat err)" '<[0-9]>'
	done
}
