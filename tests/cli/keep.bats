#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --keep: what gives way first, and what is spared, under each policy and at each gate. Batches that are read at once while the
# reader stands still make it known to the record. A record more than 8 means that two have to go: all must fit, and an eighth
# be free.

load common

setup_file()
{
	export OLDEST="-p drop-oldest --max-records=8"
}

@test "drop-oldest: what matches nothing goes first, the oldest first" {
	needs_patterns
	fed "$OLDEST --keep=E" "1 E1 2 E2 3 4 5 6" "7"
	left "E1 E2 3 4 5 6 7" '.dropped.by.oldest.records == 2 and .dropped.records == 2 and (.keep | map(del(.asked, .matched))) == [{pattern: "E", dropped: {records: 0, bytes: 0}}]'
	fed "$OLDEST --keep=E" "E1 1 E2" "2 3 4 5 6" "7" "E3 E4 E5"
	left "E1 E2 5 6 7 E3 E4 E5" '.dropped.by.oldest.records == 4'
}

@test "drop-oldest: classes in their order, the first pattern is the most precious" {
	needs_patterns
	local precious="$OLDEST --keep=A --keep=B"
	fed "$precious" "A1 B1 1 A2 B2 2 B3 3" "A3"
	left "A1 B1 A2 B2 B3 3 A3"
	fed "$precious" "A1 B1 1 A2 B2 2 B3 3" "A3" "A4 A5"
	left "A1 B1 A2 B2 B3 A3 A4 A5" '(.keep | map(del(.asked, .matched))) == [{pattern: "A", dropped: {records: 0, bytes: 0}}, {pattern: "B", dropped: {records: 0, bytes: 0}}]'
	fed "$precious" "A1 B1 1 A2 B2 2 B3 3" "A3" "A4 A5" "A6 A7" "A8 A9"
	left "A3 A4 A5 A6 A7 A8 A9" '(.keep | map(del(.asked, .matched))) == [{pattern: "A", dropped: {records: 2, bytes: 6}}, {pattern: "B", dropped: {records: 3, bytes: 9}}]'
}

@test "the first pattern that matches decides, and the delimiter is no part of what is matched" {
	needs_patterns
	fed "$OLDEST --keep=A --keep=B" "AB1 AB2 B1 B2 B3 B4 B5 B6" "B7 B8 B9 B10 B11 AB3"
	left "AB1 AB2 B7 B8 B9 B10 B11 AB3" '.keep[0].dropped.records == 0 and .keep[1].dropped.records == 6'
	fed "$OLDEST --keep=^E$" "E EE E EE E EE E EE" "EE"
	left "E E E EE E EE EE"
	IN=nothing run_weir -p drop-oldest --keep='\n'
	is "$ENDED" "exit 0"
}

@test "all of a class gives way before one of the next, also by bytes" {
	needs_patterns
	"$HELPERS/lines" -n 5000 -l 100 | awk '{ if (NR % 100 == 0) gsub(/.$/, "E"); print }' >in
	is "$(grep -c 'E$' in)" 50
	stalled in -p drop-oldest -m 8K --keep='E$'
	# 50 are 5000 bytes: they fit, and the newest of the others besides.
	grep 'E$' in >wanted
	same <(grep 'E$' got) wanted
	same <(grep -v 'E$' got) <(grep -v 'E$' in | tail -n "$(grep -vc 'E$' got)")
	is "$(($(stat -c %s got) > 8192 * 7 / 8 - 200))" 1 "seven eighths of the buffer are full"
	final '.keep[0].dropped.records == 0'
	# Without room for all, the oldest of them go, and nothing else is left.
	stalled in -p drop-oldest -m 4K --keep='E$'
	same <(grep 'E$' got) <(tail -n "$(grep -c 'E$' got)" wanted)
	is "$(($(grep -c 'E$' got) >= 30))" 1
}

@test "by bytes, too, an eighth is free behind a sweep" {
	needs_patterns
	"$HELPERS/lines" -n 40 -l 100 | tr " " _ >some
	"$HELPERS/lines" -f 41 -n 1 -l 200 | tr " " _ >more
	# 4200 bytes, 104 too many: those and 512 more have to go.
	fed "-p drop-oldest -m 4K --keep=E" "$(paste -sd " " some)" "$(cat more)"
	same got <(tail -n +8 some; cat more)
	final ".dropped.by.oldest == {records: 7, bytes: 700}"
}

@test "drop-newest: a precious arrival takes the room of others, the others are refused" {
	needs_patterns
	local newest="-p drop-newest --max-records=8"
	fed "$newest --keep=E" "1 2 3 4 5 6 7 8" "9 E1 10"
	left "3 4 5 6 7 8 E1 10" '.dropped.by.newest.records == 1 and .dropped.by.oldest.records == 2 and .dropped.records == 3'
	fed "$newest --keep=E" "E1 E2 E3 E4 E5 E6 E7 E8" "E9 1"
	left "E1 E2 E3 E4 E5 E6 E7 E8" '.dropped.by.newest.records == 2 and .keep[0].dropped == {records: 1, bytes: 3}'
	fed "$newest --keep=A --keep=B" "B1 B2 A1 A2 A3 A4 A5 A6" "B3 1 A7 A8 A9"
	left "A1 A2 A3 A4 A5 A6 A7 A8" '.keep[1].dropped.records == 3 and .keep[0].dropped.records == 1 and .dropped.by.oldest.records == 2'
}

@test "drop-random: the lot falls among the least precious" {
	needs_patterns
	seq 1000 | sed '0~10s/^/E/' >in
	stalled in -p drop-random --max-records=200 --keep=E --seed=1
	same <(grep E got) <(grep E in)
	final '.keep[0].dropped.records == 0 and .dropped.by.random.records == .dropped.records and .dropped.records >= 800'
	stalled in -p drop-random --max-records=50 --keep=E --seed=1
	is "$(grep -vc E got)" 0
	final '.keep[0].dropped.records == 100 - .out.records and .out.records >= 30 and .out.records <= 50'
}

@test "latest: what is precious is not superseded, and is the last to go as the oldest" {
	needs_patterns
	local latest="-p latest -k 1 -t = --max-records=8"
	fed "$latest --keep==1\$" "a=1 a=2 a=3 b=2 b=1 b=3 c=2 d=2" "e=2"
	left "a=1 a=3 b=1 b=3 c=2 d=2 e=2" '.dropped.by.superseded.records == 2 and .dropped.records == 2'
	fed "$latest --keep==1\$" "a=1 b=1 c=1 d=2 e=2 f=2 g=2 h=1" "i=1"
	left "a=1 b=1 c=1 f=2 g=2 h=1 i=1" '.dropped.by.oldest.records == 2 and .dropped.records == 2'
}

@test "codel: when it is full, as drop-oldest" {
	needs_patterns
	fed "-p codel:1h/1h --max-records=8 --keep=E" "1 E1 2 E2 3 4 5 6" "7"
	left "E1 E2 3 4 5 6 7" '.dropped.by.oldest.records == 2 and .dropped.records == 2'
}

@test "shed:N: what is precious is let in under pressure, and does not count" {
	needs_patterns
	fed "-p shed:3 --max-records=16 --high=25% --keep=E" "1 2 3 4 5 E1 6 E2 7 8 E3 9 10 11"
	left "1 2 3 4 5 E1 E2 8 E3 11" '.dropped.by.shed.records == 4 and .dropped.records == 4'
	fed "-p shed:2 --max-records=8 --high=25% --keep=E" "1 2 3 4 5 6 7 8 9 10 11 12 13" "E1"
	left "3 5 7 9 11 13 E1" '.dropped.by.shed.records == 5 and .dropped.by.oldest.records == 2'
}

@test "--sample: what is precious comes in, and does not count" {
	needs_patterns
	seq 1000 >in
	IN=in run_weir --sample=10 --keep='^7|0$'
	same out <(awk '/^7|0$/ { print; next } n++ % 10 == 0' in)
	final '.dropped.by.sample.records == .dropped.records and .dropped.records > 500'
	IN=in run_weir --sample=25% --keep='^7|0$'
	same out <(awk '/^7|0$/ { print; next } n++ % 4 == 0' in)
	IN=in run_weir --sample=1000000 --sample-by=random --seed=3 --keep='^7|0$'
	same out <(grep -E '^7|0$' in)
	IN=in run_weir --sample=1000000 --sample-by=key -k 1 --keep='^7|0$'
	same out <(grep -E '^7|0$' in)
}

@test "--drop-over: what is precious comes in, and uses what there is" {
	needs_patterns
	printf '%s\n' E1 E2 1 2 E3 3 E4 >in
	IN=in run_weir --drop-over=3/h --burst=3 --keep=E
	is "$(paste -sd ' ' out)" "E1 E2 1 E3 E4"
	final '.dropped.by.over.records == 2 and .dropped.records == 2 and .keep[0].dropped.records == 0'
	IN=in run_weir --drop-over=9B/h --burst=9 --keep=E
	is "$(paste -sd ' ' out)" "E1 E2 1 E3 E4"
	printf '%s\n' E1 1 E2 2 >in
	IN=in run_weir --drop-over=1/h --keep=E
	is "$(paste -sd ' ' out)" "E1 E2"
}

@test "the report says how much of each was dropped, only where something was" {
	needs_patterns
	seq 10 >in
	"$WEIR" -p drop-oldest --keep=1 --keep=2 <in 2>err >out
	unlike "$(cat err)" "of them"
	stalled_reader full
	# shellcheck disable=SC2217
	bg "$HELPERS/launch" -p pid -s status "$WEIR" -p drop-oldest --keep=9 --keep='\d' --max-records=4 --report=report <in >full
	export WEIR_JOB=$BG
	until_true is_up
	reader_holds
	until_true has_read_10
	drain got
	until_true test -e status
	like "$(cat report)" "dropped 6 \([0-9.]+%, oldest\), of them 9 0, \\\\d 6, "
}

has_read_10()
{
	sig USR1 && grep -q 'in 10 ' report
}

@test "matching is of bytes: NUL, UTF-8 that is not valid, empty records" {
	needs_patterns
	printf 'a\n\n\377E\nb\n\n\303\nE\na\000E' >in
	stalled in -p drop-oldest --max-records=4 --keep=E
	same got <(printf '\377E\n\303\nE\na\000E')
	printf 'a\0E\n\0\0\nE\0E' >in
	stalled in -0 -p drop-oldest --max-records=3 --keep='^E'
	is "$(tr '\0\n' ,_ <got)" "E_,_E,E"
	printf 'aaaEbbbbccEcdddd' >in
	stalled in --fixed=4 -p drop-oldest --max-records=2 --keep='^..E'
	is "$(<got)" "ccEcdddd"
	stalled in --fixed=4 -p drop-oldest --max-records=3 --keep='E'
	is "$(<got)" "aaaEccEcdddd"
}

# --- How it is written, and whether it matched ------------------------------------------------------------------------------

@test "--keep=/RE/ means RE, as -k does, and /RE/i in any case" {
	needs_patterns
	printf '%s\n' one 'an error' two ERROR three >in
	for keep in error /error/ /err/; do
		is "$("$WEIR" -q -s 100 --keep="$keep" <in | paste -sd ,)" "one,an error" "--keep=$keep"
	done
	is "$("$WEIR" -q -s 100 --keep=/error/i <in | paste -sd ,)" "one,an error,ERROR"
	is "$(printf '%s\n' x /var/log/y a/b | "$WEIR" -q -s 100 --keep=/var/log | paste -sd ,)" "x,/var/log/y" "a path is no pattern in slashes"
	is "$(printf '%s\n' 'u=A' 'u=a' 'U=A' | "$WEIR" -q -s 1 -p latest --max-records=1 -k '/u=(a)/i' --format=text | paste -sd ,)" "u=A,u=a,U=A"
}

@test "a pattern or a key that found nothing is said at the end, and counted in every format" {
	needs_patterns
	seq 100 >in
	"$WEIR" -s 10 --sample-by=key -k 7 --keep=ERROR --keep=42 --metrics=m.prom <in 2>err >out
	like "$(cat err)" ', --keep=ERROR matched nothing, --key found nothing,'
	[[ $(cat err) != *42\ matched* ]]
	"$WEIR" -s 10 --sample-by=key -k 7 --keep=ERROR --keep=42 --format=journal <in 2>err >out
	like "$(cat err)" ', --keep=ERROR matched nothing, --key found nothing,'
	IN=in run_weir -s 10 --sample-by=key -k 7 --keep=ERROR --keep=42
	final '.keep[0].asked == 100 and .keep[0].matched == 0 and .keep[1].asked == 100 and .keep[1].matched == 1
		and .key == {"asked": 100, "found": 0}'
	grep -qx 'weir_keep_asked_total{.*pattern="ERROR"} 100' m.prom
	grep -qx 'weir_keep_matched_total{.*pattern="ERROR"} 0' m.prom
	grep -qx 'weir_keep_matched_total{.*pattern="42"} 1' m.prom
	grep -qx 'weir_key_asked_total{.*} 100' m.prom
	grep -qx 'weir_key_found_total{.*} 0' m.prom
}

@test "a pattern that nobody had to ask is not said to have found nothing" {
	needs_patterns
	seq 100 >in
	"$WEIR" -p drop-oldest --keep=ERROR <in 2>err >out
	[[ $(cat err) != *matched* ]]
	IN=in run_weir -p drop-oldest --keep=ERROR
	final '.keep[0].asked == 0 and .key == {"asked": 0, "found": 0}'
}

@test "CRLF: with lines, \$ matches before it too, and the last field has none of it" {
	needs_patterns
	printf '%s\r\n' 'x 1' 'a done' 'b done.' >in
	is "$("$WEIR" -q -s 100 --keep='done$' <in | cut -c 1 | paste -sd ,)" x,a
	is "$("$WEIR" -q -s 100 --keep='done\r$' <in | cut -c 1 | paste -sd ,)" x,a
	"$WEIR" -q -s 100 --keep='done$' <in >out
	is "$(tail -n 1 out | od -An -c | tr -s ' ')" ' a d o n e \r \n' "what goes out has it"
	is "$(tr '\n' '\0' <in | "$WEIR" -q -0 -s 100 --keep='done$' | tr '\0' '\n' | cut -c 1 | paste -sd ,)" x "with lines only"
	printf '%s\r\n' 'x a' 'y a' >in
	printf 'z a\n' >>in
	IN=in run_weir --drop-over=1/h --rate-by=key -k 2 --top-keys=3
	final '.out.records == 1 and [.top_keys[] | .key] == ["a"]'
}
