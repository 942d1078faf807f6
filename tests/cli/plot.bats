#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# weir-plot: the command line, what it makes of reports for gnuplot, and the pictures. (Its completions are in
# completion.bats.)
#
# shellcheck disable=SC2016,SC2094,SC2154

load common

plot=$top_srcdir/plot/weir-plot
page=$top_srcdir/man/weir-plot.1

setup_file()
{
	for program in jq gnuplot; do
		command -v $program >/dev/null || skip "no $program"
	done
}

# report SECONDS IN OUT OLDEST SAMPLE DEPTH [CHANGE]: an interval report, records of 10 bytes; CHANGE is a jq filter.
report()
{
	jq -nc --argjson t "$1" --argjson in "$2" --argjson out "$3" --argjson oldest "$4" --argjson sample "$5" --argjson depth "$6" '
	def counts($n): {records: $n, bytes: ($n * 10)};
	{schema: 1, event: "interval", name: "weir", policy: "drop-oldest", sample: "1", rate: null, framing: "lines",
	 elapsed_ns: ($t * 1e9), in: counts($in), out: counts($out),
	 dropped: (counts($oldest + $sample) + {by: {oldest: counts($oldest), newest: counts(0), sample: counts($sample)}}),
	 held: counts($depth), undelivered: counts(0),
	 buffer: {capacity_bytes: 65536, capacity_records: null, depth_bytes: ($depth * 10), depth_records: $depth,
	   peak_bytes: ($depth * 10), peak_records: $depth, high_bytes: 52429, low_bytes: 32768},
	 waited_ns: {input: ($t * 25e7), output: ($t * 5e8), rate: 0},
	 interval: {ns: 1e9, latency_ns: {p50: 1000000, p90: 2000000, p95: 3000000, p99: 4000000, max: 5000000}}}
	| '"${7:-.}"
}

# 10 a second, then 1000, then a half second more; 5000 records in the buffer are 50 kB of 65.5.
reports()
{
	report 1 10 10 0 0 0
	report 2 1010 20 300 40 5000
	report 2.5 1010 30 300 40 0 '.event = "final"'
}

# script ARGUMENT...: runs weir-plot with a gnuplot that keeps what it is given, in ./script
script()
{
	mkdir -p bin
	printf '#!/bin/sh\ncat >script\n' >bin/gnuplot
	chmod +x bin/gnuplot
	PATH=$PWD/bin:$PATH "$plot" "$@" >out 2>err
}

# The rows of a panel: "ROW; ROW". Panels are counted from 0.
data()
{
	sed -n "/^\$d$1 << END/,/^END/p" script | sed '1d; $d' | paste -sd ';' | sed 's/;/; /g'
}

# labels N: the texts of that label, one for each time it is set
labels()
{
	sed -n "s/^set label $1 \"\(.*\)\" at .*/\1/p" script | paste -sd '|'
}

# --- The command line -------------------------------------------------------------------------------------------------------

@test "--version is that of weir" {
	is "$("$plot" --version)" "weir-plot $(sed -n 's/^AC_INIT(\[weir\], \[\(.*\)\])/\1/p' "$top_srcdir/configure.ac")"
	is "$("$plot" -V)" "$("$plot" --version)"
}

options_of_help()
{
	"$plot" --help | sed -n 's/^  \(    \)\{0,1\}-/-/p' | sed 's/  .*//; s/=[^,]*//g'
}

flags()
{
	grep '^\.[A-Z]' | sed 's/\(Fl [A-Za-z]\) | \([A-Za-z]\)$/\1 Fl \2/' | grep -oE '\bFl -?[A-Za-z][A-Za-z-]*' | sed 's/^Fl /-/'
}

@test "the manual page is well-formed, and has the options of --help" {
	command -v mandoc >/dev/null || skip "no mandoc"
	mandoc -T lint -W warning "$page" >lint 2>&1 || fail "$(cat lint)"
	options_of_help | tr -s ', ' '\n' | sort >help
	is "$(paste -sd ' ' help)" "$(printf '%s\n' --help --output --panels --size --title --type --version -T -V -h -o |
		sort | paste -sd ' ')"
	sed -n '/^\.Sh OPTIONS/,/^\.Sh PANELS/p' "$page" | grep '^\.It ' | flags | sort | diff help - >&2
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page" | flags | sort >synopsis
	while IFS= read -r names; do
		is "$(tr -s ', ' '\n' <<<"$names" | grep -cxFf synopsis)" 1 "times in the synopsis: $names"
	done < <(options_of_help)
	# What else it speaks of is weir's.
	"$WEIR" --help | sed -n 's/^  -/-/p' | sed 's/  .*//; s/=.*//' | tr -s ', ' '\n' >weir-help
	is "$(flags <"$page" | sort -u | grep -vxFf help | grep -vxFf weir-help)" ""
}

@test "a wrong command line is one line that says what would be right, and status 2" {
	reports >reports
	while IFS='|' read -r words expected; do
		# shellcheck disable=SC2086 # words
		"$plot" $words reports >out 2>err && fail "$words: no error"
		# shellcheck disable=SC2086
		"$plot" $words reports >out 2>err || is $? 2 "status of $words"
		is "$(cat err)" "weir-plot: $expected"
		is "$(lines_of out)" 0
	done <<'END'
-o x.pdf|--output=x.pdf: no kind of picture has such a name; accepted: FILE.svg, FILE.png, FILE.txt, or another name with -T
--type=gif|--type=gif: no such kind of picture; accepted: svg, png, text
-Tgif|--type=gif: no such kind of picture; accepted: svg, png, text
--size=900|--size=900: not a size; accepted: WIDTHxHEIGHT in pixels, of text in characters, each up to 20000, such as 900x700
--size=900x|--size=900x: not a size; accepted: WIDTHxHEIGHT in pixels, of text in characters, each up to 20000, such as 900x700
--size=0x9|--size=0x9: not a size; accepted: WIDTHxHEIGHT in pixels, of text in characters, each up to 20000, such as 900x700
--size=9x20001|--size=9x20001: too large; accepted: WIDTHxHEIGHT in pixels, of text in characters, each up to 20000, such as 900x700
--size=900x100|--size=900x100: too small for 5 panels; accepted: at least 314x386
--panels=rates,fish|--panels=rates,fish: no panel is named "fish"; accepted: a list of rates,depth,drops,latency,waiting
--panels=|--panels=: no panel is named ""; accepted: a list of rates,depth,drops,latency,waiting
--panels=rates,|--panels=rates,: no panel is named ""; accepted: a list of rates,depth,drops,latency,waiting
--help=x|--help takes no value; weir-plot --help lists the options
--fish|--fish: no such option; weir-plot --help lists the options
-x|-x: no such option; weir-plot --help lists the options
END
	"$plot" reports --title 2>err && fail "no error"
	is "$(cat err)" "weir-plot: --title needs a value; accepted: a line of text"
}

@test "each form of an option, before and after the files" {
	reports >reports
	"$plot" reports >plain.svg
	"$plot" -o a.svg reports
	"$plot" reports -oa2.svg
	"$plot" --output=a3.svg -- reports
	"$plot" --output a4.svg - <reports
	"$plot" -T svg <reports >a5.svg
	"$plot" -o gone.svg --type svg -o a6 reports
	for file in a.svg a2.svg a3.svg a4.svg a5.svg a6; do
		same "$file" plain.svg
	done
	[[ ! -e gone.svg ]] || fail "the first of two was written"
	reports >-odd
	"$plot" -- -odd | cmp - plain.svg
}

@test "without jq or gnuplot: one line that says what to install" {
	mkdir few
	for program in sh cat tr sed; do ln -s "$(command -v $program)" few/; done
	for program in jq gnuplot; do
		PATH=few "$plot" <nothing 2>err && fail "no error"
		is "$(cat err)" \
			"weir-plot: $program is not installed; needed are jq and gnuplot (Debian: apt install jq gnuplot-nox)"
		ln -s "$(command -v $program)" few/
	done
}

# --- Input ------------------------------------------------------------------------------------------------------------------

@test "what is no report is an error that names file and line" {
	reports >good
	while IFS='|' read -r line expected; do
		{ reports; printf '%s\n' "$line"; reports; } >input
		"$plot" good input good >out 2>err && fail "no error: $line"
		is "$(cat err)" "weir-plot: input: line 4: $expected"
		is "$(lines_of out)" 0
	done <<'END'
tail: file truncated|neither JSON nor a message of weir
{"schema":2,|neither JSON nor a message of weir
"buffer":{}}}|neither JSON nor a message of weir
[1]|neither JSON nor a message of weir
{}|not a report of weir
{"schema":2}|a report of schema 2, where weir-plot knows 1
{"schema":1,"name":"weir"}|not a report of weir
END
	report 1 -1 0 0 0 0 | "$plot" 2>err && fail "no error"
	is "$(cat err)" "weir-plot: standard input: line 1: not a report of weir"
}

@test "files that cannot be read, and nothing in them, are errors" {
	while IFS='|' read -r file expected; do
		"$plot" "$file" >out 2>err && fail "no error: $file"
		is "$(cat err)" "weir-plot: $expected"
	done <<'END'
missing|missing: no such file
.|.: cannot be read
nothing|no report in the input; weir --format=json -i 1s writes them
END
	reports | "$plot" -o missing/a.svg 2>err && fail "no error"
	is "$(cat err)" "weir-plot: missing/a.svg: cannot be written"
}

@test "what weir itself writes between its reports is skipped and counted, and so are levels for the journal" {
	reports >reports
	script --panels=rates reports
	mv script expected
	{ echo "weir: standard output: disk full"; sed 's/^/<6>/' reports; echo; echo "<4>weir: in 3 records"; } >mixed
	script --panels=rates mixed
	is "$(cat err)" "weir-plot: 2 lines of text skipped"
	sed '/^# note/d' script | diff expected - >&2
	reports | sed 's/"name":"weir"/"name":"a"/' >named
	script named mixed
	echo 'a: reader gone' >>mixed
	script named mixed
	is "$(cat err)" "weir-plot: 3 lines of text skipped"
	sed -i 's/^a: /b: /' mixed
	script named mixed && fail "no error"
	is "$(cat err)" "weir-plot: mixed: line 7: neither JSON nor a message of weir"
}

@test "parts of reports, where the log was cut or the disk was full, are skipped and counted" {
	reports >reports
	script reports
	mv script expected
	# The end of one at the top, beginnings anywhere, the last without its newline.
	{ tail -n 1 reports | tail -c 100; head -n 1 reports; head -c 500 reports; echo; tail -n 2 reports; head -c 5 reports; } >cut
	script cut
	is "$(cat err)" "weir-plot: 3 reports that are cut short skipped"
	sed '/^# note/d' script | diff expected - >&2
	{ sed 's/^/<6>/' reports; printf '<6>'; head -c 500 reports; } | script
	is "$(cat err)" "weir-plot: 1 report that is cut short skipped"
	sed '/^# note/d' script | diff expected - >&2
	head -c 500 reports | script && fail "no error"
	is "$(cat err)" "weir-plot: no report in the input; weir --format=json -i 1s writes them"
}

@test "a single report is drawn, with a word that it is no curve" {
	report 4 100 80 20 0 0 '.event = "final"' | script
	is "$(cat err)" "weir-plot: weir: a single report is a point and no curve; weir -i 1s writes one every second"
	is "$(data 0_0)" "0 25 20 5; 4 25 20 5"
	report 0 0 0 0 0 0 '.event = "final"' | "$plot" -T svg >out 2>err
	is "$(lines_of err)" 1
	like "$(cat out)" "</svg>"
}

# --- What reaches gnuplot ---------------------------------------------------------------------------------------------------

@test "rates are the differences of totals, from the beginning to the end of each interval" {
	reports >reports
	script --panels=rates reports
	is "$(cat err)" ""
	is "$(labels 3)" "weir: drop-oldest, lines"
	is "$(labels 1)" "rates, k records/s"
	is "$(data 0_0)" "0 0.01 0.01 0; 1 0.01 0.01 0; 1 1 0.01 0.34; 2 1 0.01 0.34; 2 0 0.02 0; 2.5 0 0.02 0"
	for title in "in 1010" "out 30" "dropped 340"; do
		grep -q "title \"$title\"" script || fail "no $title"
	done
	# In bytes where there are no records.
	jq -c '.framing = "bytes" | .policy = "block" | .in.records = 0 | .out.records = 0' reports | script --panels=rates
	is "$(labels 1)" "rates, kB/s"
	like "$(data 0_0)" "; 1 10 0.1 3.4; 2 10 0.1 3.4; "
	like "$(cat script)" "title \"in 10.1 kB\""
}

@test "depth in the unit of the nearer limit, with capacity and watermarks" {
	reports >reports
	script --panels=depth reports
	is "$(labels 1)" "depth, kB"
	is "$(data 0_0)" "1 0 0; 2 50 50; 2.5 0 0"
	for title in "capacity 65.5 kB" "high 52.4 kB" "low 32.8 kB"; do
		grep -q "title \"$title\"" script || fail "no $title"
	done
	like "$(cat script)" "65.536 with lines"
	jq -c '.buffer.capacity_records = 6000' reports | script --panels=depth
	is "$(labels 1)" "depth, k records"
	is "$(data 0_0)" "1 0 0; 2 5 5; 2.5 0 0"
	like "$(cat script)" "title \"capacity 6000\""
	jq -c '.buffer.high_bytes = .buffer.capacity_bytes' reports | script --panels=depth
	unlike "$(cat script)" "title .high"
	# All but empty: the axis ends where the depth does.
	jq -c '.buffer.depth_bytes /= 100 | .buffer.peak_bytes = .buffer.depth_bytes' reports | script --panels=depth
	like "$(cat script)" "set yrange \[0:540\]"
}

@test "drops by reason, stacked, each with its total and its own colour" {
	reports >reports
	script --panels=drops reports
	is "$(labels 1)" "dropped, by reason, records/s"
	is "$(data 0_0)" "0 0 0; 1 0 0; 1 340 300; 2 340 300; 2 0 0; 2.5 0 0"
	like "$(cat script)" "1:2 with filledcurves x1 lc rgb \"#CC79A7\" title \"sample 40\", .* 1:3 .*#D55E00\" title \"oldest 300\""
	# A reason that is new has a place; one for which nothing was dropped is left out.
	jq -c '.dropped.by.codel = .dropped.by.sample | .dropped.by.sample = .dropped.by.newest' reports | script --panels=drops
	like "$(cat script)" "#56B4E9\" title \"codel 40\""
	unlike "$(cat script)" "title .sample"
	jq -c '.dropped.records = 0' reports | script --panels=drops
	is "$(labels 2)" "nothing was dropped"
	# Reports of a weir that knew no reader, and of one that does, are one picture: a reason has its colour in both.
	jq -c '.dropped.by.rejected = .dropped.by.sample | .dropped.by.gone = .dropped.by.newest | .added_bytes = 7
		| (.in_flight, .sent, .redelivered) = {records: 5, bytes: 50} | .reader = {command: "load", confirm: "exit",
		  fell_back: false, state: "retrying", running: 0, starts: 3, failures: 3, batches: 0, ignored: 0, tries: 3,
		  next_try_ns: 5, status: 75, breaker: {open: false, opened: 0, open_ns: 0}}' reports >later
	script --panels=drops reports later
	is "$(labels 1)" "dropped, by reason, records/s|dropped, by reason, records/s"
	is "$(grep -c '#D55E00" title "oldest 300"' script)" 2
	is "$(cat err)" ""
	# However many reasons weir has, no two look alike.
	seq 9 | "$WEIR" --format=json 2>one
	jq -c '.dropped.by[] = {records: 1, bytes: 1} | .dropped.records = 10' one | script --panels=drops
	is "$(grep -o '#[0-9A-F]\{6\}. title' script | sort -u | wc -l)" "$(jq '.dropped.by | length' one)"
}

@test "time in the buffer, in seconds on a logarithmic axis; nothing where nothing left" {
	{ reports; report 3 1010 30 300 40 0 '.interval.latency_ns |= map_values(null)'; } >reports
	script --panels=latency reports
	is "$(data 0_0)" "0 0.005 0.004 0.002 0.001; 1 0.005 0.004 0.002 0.001; 1 0.005 0.004 0.002 0.001; 2 0.005 0.004 0.002 0.001; \
2 0.005 0.004 0.002 0.001; 2.5 0.005 0.004 0.002 0.001; 2.5 NaN NaN NaN NaN; 3 NaN NaN NaN NaN"
	like "$(cat script)" "set logscale y"
	like "$(cat script)" "set yrange \[0.001:0.01\]"
	jq -c '.interval.latency_ns.p50 = 0' reports | script --panels=latency
	like "$(data 0_0)" "^0 0.005 0.004 0.002 1e-06; "
	jq -c 'del(.interval)' reports | script --panels=latency
	is "$(labels 2)" "no record has left, or not in these reports"
}

@test "shares of waiting, stacked, in percent of the interval" {
	{ reports; report 3 1010 30 300 40 0 '.waited_ns.rate = 25e7 | .waited_ns.output = 125e7'; } >reports
	script --panels=waiting reports
	is "$(data 0_0)" "0 75 50 50; 1 75 50 50; 1 75 50 50; 2 75 50 50; 2 75 50 50; 2.5 75 50 50; 2.5 75 50 0; 3 75 50 0"
	like "$(cat script)" "title \"input\", .*title \"rate\", .*title \"output\""
	# No rate, no legend for it.
	reports | script --panels=waiting
	like "$(cat script)" "title \"input\", .*title \"output\""
	unlike "$(cat script)" "title \"rate\""
	reports | jq -c '.rate = "5/s"' | script --panels=waiting
	like "$(cat script)" "title \"input\", .*title \"rate\", .*title \"output\""
}

@test "panels in the order asked for, over one axis" {
	reports >reports
	script --panels=waiting,rates,latency reports
	is "$(labels 1)" "waiting for, % of the time|rates, k records/s|time in the buffer"
	is "$(grep -c '^set xlabel' script)" 1
	is "$(grep -c '^plot' script)" 3
	like "$(cat script)" "set xlabel \"seconds since the start\""
	jq -c '.elapsed_ns *= 3600 | .interval.ns *= 3600' reports | script --panels=rates
	like "$(cat script)" "set xlabel \"minutes since the start\""
	like "$(data 0_0)" "^0 0.002777778 "
}

@test "the title says what this weir was told" {
	while IFS=@ read -r change expected; do
		report 1 1 1 0 0 0 "$change" | script
		is "$(labels 3)" "$expected"
	done <<'END'
.@weir: drop-oldest, lines
.name = "nginx" | .sample = "10" | .rate = "500/s"@nginx: drop-oldest, 1 in 10, out at most 500/s, lines
.sample = "10" | .sample_by = "key" | .drop_over = "6000/min"@weir: drop-oldest, 1 in 10 by key, in at most 6000/min, lines
.sample_by = "random" | .max_age_ns = 25e8@weir: drop-oldest, at most 2.5s old, lines
END
	report 1 1 1 0 0 0 '.sample = "37.5%" | .rate = "10000000B/s" | .framing = "null"' | script
	is "$(labels 3)" "weir: drop-oldest, sample 37.5%, out at most 10 MB/s, null"
	report 1 1 1 0 0 0 | script --title="it's mine"
	is "$(labels 3)" "it's mine"
}

@test "several weirs by name, by file and by run" {
	reports >one
	reports | sed 's/"name":"weir"/"name":"b"/' >two
	reports | sed 's/"name":"weir"/"name":"a"/' >>two
	script two
	is "$(labels 3 | tr '|' '\n' | uniq | paste -sd '|')" "b: drop-oldest, lines|a: drop-oldest, lines"
	# The axis has its words below the last panel of each.
	is "$(awk '/^(un)?set xlabel/ { last = /^set/ } /^plot/ { printf "%d", last }' script)" 0000100001
	script one two --title=all
	is "$(labels 3 | tr '|' '\n' | uniq | paste -sd '|')" \
		"weir [one]: drop-oldest, lines|b [two]: drop-oldest, lines|a [two]: drop-oldest, lines"
	is "$(labels 4)" "all"
	is "$(data 2_0)" "$(data 0_0)"
	cp one other
	script one other
	is "$(labels 3 | tr '|' '\n' | uniq | paste -sd '|')" "weir [one]: drop-oldest, lines|weir [other]: drop-oldest, lines"
	cat one one >again
	script again
	is "$(labels 3 | tr '|' '\n' | uniq | paste -sd '|')" "weir: drop-oldest, lines|weir (run 2): drop-oldest, lines"
	like "$(data 1_0)" "^0 0.01 "
	for ((i = 0; i < 25; i++)); do cat one; done >again
	script again && fail "no error"
	is "$(cat err)" "weir-plot: 25 runs of weir are more than the 24 that a picture can take; if several had one name at a time, \
tell them apart with weir --name"
}

# ranges: of each range of a vertical axis how many have it
ranges()
{
	grep "^set yrange" script | sort | uniq -c | tr '[]:' '   ' | awk '{ print $1, $4 + 0, $5 + 0 }' | paste -sd ';'
}

@test "several weirs have one scale, for each panel and unit" {
	reports >one
	reports | jq -c '.name = "b" | .in.records *= 7 | .buffer.capacity_bytes *= 3 | .dropped.by.oldest.records *= 2 | .dropped.records *= 2
		| .interval.latency_ns.max *= 1000 | .interval.latency_ns.p50 /= 100' >two
	script one two
	is "$(ranges)" "2 0 100;2 0 212.337;2 0 7.56;2 0 734.4;2 1e-05 10"
	is "$(labels 1 | tr '|' '\n' | sort | uniq -c | awk '{ print $1 }' | sort -u)" 2
	# Bytes are no records.
	jq -c '.framing = "bytes"' two >three
	script one three --panels=rates
	is "$(labels 1)" "rates, k records/s|rates, kB/s"
	is "$(grep -c "^set yrange" script)" "$(grep "^set yrange" script | sort -u | wc -l)"
}

@test "three weirs in a row, four in a square, as text one below the other" {
	for name in a b c d e; do
		reports | sed "s/\"name\":\"weir\"/\"name\":\"$name\"/"
	done >reports
	script reports
	like "$(cat script)" "svg size 1860,1522 "
	# Where each title stands.
	places() { sed -n 's/^set label 3 .* at screen \([0-9.]*\),\([0-9.]*\) .*/\1 \2/p' script | uniq; }
	is "$(places | awk '{ print $1 }' | sort -u | wc -l) $(places | awk '{ print $2 }' | sort -u | wc -l)" "3 2"
	grep -v '"name":"e"' reports | script
	is "$(places | awk '{ print $1 }' | sort -u | wc -l) $(places | awk '{ print $2 }' | sort -u | wc -l)" "2 2"
	script -T text reports
	is "$(places | awk '{ print $1 }' | sort -u | wc -l) $(places | awk '{ print $2 }' | sort -u | wc -l)" "1 5"
}

@test "reports that begin later: the first is where the picture begins" {
	reports | tail -n 2 | jq -c '.interval.ns = 500000000' | script --panels=rates
	is "$(data 0_0)" "2 NaN NaN NaN; 2 NaN NaN NaN; 2 0 20 0; 2.5 0 20 0"
	like "$(cat script)" "set xrange \[2:2.5\]"
}

# counting_jq: jq, which writes down how many lines it was given to read, into ./given
counting_jq()
{
	mkdir -p bin
	printf '#!/bin/sh\ncase "$*" in *--arg\ file*) tee -a "%s/given" | exec "%s" "$@" ;; *) exec "%s" "$@" ;; esac\n' \
		"$PWD" "$(command -v jq)" "$(command -v jq)" >bin/jq
	chmod +x bin/jq
}

@test "of many reports no more are read than a picture can show, and nothing in them is lost" {
	counting_jq
	# Two names in turn, in two runs; all that is no total stands in one report that is nothing else.
	report 1 0 0 0 0 0 '.interval.latency_ns |= map_values(1000)' >one
	jq -c '(0, 1) as $run | range(1; 6001) as $i | .elapsed_ns = $i * 1e9 | .in.records = $i * 100
		| if $i == 2502 then .buffer.depth_bytes = 40000 | .interval.latency_ns.p99 = 7000000
			elif $i == 2503 then .interval.latency_ns.max = 9000000 else . end
		| .buffer.peak_bytes = 40000 | (., (.name = "other" | .in.records *= 2))' one >many
	{ echo "weir: a message"; cat many; echo '{"schema":1,"event":"inter'; } >log
	script log
	is "$(sed 's/^/  /' err)" "  weir-plot: 1 report that is cut short skipped
  weir-plot: 1 line of text skipped"
	(($(lines_of given) < 4 * 2 * 2048 + 10)) || fail "$(lines_of given) lines of $(lines_of log)"
	is "$(labels 3 | tr '|' '\n' | uniq | paste -sd '|')" "weir: drop-oldest, lines|weir (run 2): drop-oldest, lines|\
other: drop-oldest, lines|other (run 2): drop-oldest, lines"
	for weir in 0 1 2 3; do
		is "$(data ${weir}_0 | tr ';' '\n' | awk 'NR % 2 { from = $1; next } { sum += ($1 - from) * 60 * $2 } END { printf "%.0f", sum }')" \
			$((600000 * (1 + weir / 2))) "what came in of weir $weir"
		is "$(data ${weir}_1 | tr ';' '\n' | awk '$2 == 40' | wc -l)" 1 "times the depth of weir $weir"
		is "$(data ${weir}_3 | awk -v RS='; ' '{ print $2, $3 }' | sort -g | tail -n 1)" "0.009 0.007" "highest latency of weir $weir"
	done
	# An error is found wherever it stands.
	sed '7000s/.*/{"schema":1,"event":"interval"}/' many >wrong
	script wrong && fail "no error"
	is "$(cat err)" "weir-plot: wrong: line 7000: not a report of weir"
}

@test "more reports than a picture can show: the means of rates, the highest depth" {
	# Only one in 5000 has depth; the totals are all there.
	report 1 0 0 0 0 0 >one
	jq -c 'range(1; 5001) as $i | .elapsed_ns = $i * 1e9 | .in.records = $i * 100 | .buffer.depth_bytes = (if $i == 2502 then 40000 else 0 end)
		| .buffer.peak_bytes = 40000' one >many
	script --panels=rates,depth many
	(($(data 0_0 | tr ';' '\n' | wc -l) < 2000)) || fail "more points than pixels"
	is "$(data 0_0 | tr ';' '\n' | awk 'NR % 2 { from = $1; next } { sum += ($1 - from) * 60 * $2 } END { printf "%.0f", sum }')" 500000
	is "$(data 0_1 | tr ';' '\n' | awk '$2 == 40' | wc -l)" 1
}

# --- Pictures ---------------------------------------------------------------------------------------------------------------

@test "SVG is whole, and as large as asked for" {
	reports >reports
	"$plot" --size=640x700 reports >out 2>err
	is "$(cat err)" ""
	like "$(cat out)" '^<\?xml .*viewBox="0 0 640 700".*</svg>'
	is "$(grep -o '<g[ >]' out | wc -l)" "$(grep -o '</g>' out | wc -l)"
	grep -qF '<title>weir: drop-oldest, lines</title>' out || fail "another title: $(grep -m 1 '<title>' out)"
	unlike "$(cat out)" '>Gnuplot<'
	"$plot" --title='a < b & \c' reports >titled
	grep -qF '<title>a &lt; b &amp; \c</title>' titled || fail "another title: $(grep -m 1 '<title>' titled)"
	jq -c '.name = "b"' reports | "$plot" reports - >both
	grep -qF '<title>weir [reports]: drop-oldest, lines; b [standard input]: drop-oldest, lines</title>' both ||
		fail "another title: $(grep -m 1 '<title>' both)"
	for text in "weir: drop-oldest, lines" "depth, kB" "oldest 300" "capacity 65.5 kB" "seconds since the start"; do
		grep -qF ">$text<" out || fail "no $text"
	done
}

@test "PNG is whole, and as large as asked for" {
	reports >reports
	"$plot" --size=640x700 -o out.png reports 2>err
	is "$(cat err)" ""
	is "$(head -c 24 out.png | od -An -tx1 | tr -d ' \n')" 89504e470d0a1a0a0000000d4948445200000280000002bc
	is "$(tail -c 8 out.png | od -An -tx1 | tr -d ' \n')" 49454e44ae426082
}

@test "text fits its size, and has no escape codes" {
	reports >reports
	"$plot" -T text --size=90x40 --panels=rates,depth,drops reports >out 2>err
	is "$(cat err)" ""
	(($(lines_of out) <= 40 && $(lines_of out) >= 35)) || fail "$(lines_of out) lines"
	is "$(awk 'length > 90' out)" ""
	is "$(tr -d '\n -~' <out)" ""
	for text in "weir: drop-oldest, lines" "rates, k records/s" "in 1010" "depth, kB" "dropped, by reason, records/s" "oldest 300"; do
		grep -qF "$text" out || fail "no $text in" "$(cat out)"
	done
	grep -q '^ *0  *0.5  *1  *1.5  *2  *2.5$' out || fail "no axis in" "$(cat out)"
}

@test "as text no label is written over another" {
	# From a microsecond to a thousand seconds, more powers of ten than there are lines.
	reports | jq -c '.interval.latency_ns.p50 = 1000 | .interval.latency_ns.max = 9e11' >wide
	for rows in 11 14 18 30; do
		script -T text --panels=latency --size=80x$rows wide
		"$plot" -T text --panels=latency --size=80x$rows wide >out
		is "$(grep -oE '^ *(1|10|100|1000) (us|ms|s) [|+]' out | sort -u | wc -l)" \
			"$(grep -o '"[0-9]* [a-z]*" [0-9e.-]*' <<<"$(grep '^set ytics' script)" | wc -l)" "labels in $rows lines: $(cat out)"
		like "$(cat out)" '(^|
) *1 us \+'
	done
	# In the narrowest window that there may be, times of many digits.
	reports | jq -c '.elapsed_ns = .elapsed_ns / 70' >narrow
	for columns in 44 50 80 200; do
		"$plot" -T text --panels=rates --size=${columns}x20 narrow >out
		like "$(tail -n 2 out | head -n 1)" '^ *0(  +[0-9]+)+$' "$columns columns"
		((columns < 80)) || like "$(cat out)" "milliseconds since the start"
	done
	for change in 40000 1000000 100 7; do
		reports | jq -c "(.elapsed_ns, .interval.ns) *= $change" | "$plot" -T text --panels=rates --size=44x20 >out
		like "$(tail -n 2 out | head -n 1)" '^ *0(  +[0-9.]+)+$' "$change"
	done
	# A title that is too long ends where its weir does.
	"$plot" -T text --title="$(printf '%0200d' 0)" --size=60x60 wide >out
	is "$(awk 'length > 60' out)" ""
	like "$(cat out)" '0\.\.\.'
}

# on_terminal COLUMNS COMMAND: ./out is what it writes to a terminal of that width
on_terminal()
{
	printf '#!/bin/sh\nstty cols %d rows 60\n%s\necho "status $?"\n' "$1" "$2" >run
	chmod +x run
	TERM=xterm timeout "$PATIENCE" script -qc ./run /dev/null <nothing 3>&- | tr -d '\r' >out
}

@test "on a terminal it is text, as wide as the window, with colours unless NO_COLOR" {
	command -v script >/dev/null || skip "no script"
	reports >reports
	on_terminal 110 "env -u NO_COLOR $plot reports"
	grep -q $'\e\\[' out || fail "no colours"
	sed 's/\x1b\[[0-9;]*m//g' out >plain
	is "$(awk '{ gsub(/ +$/, "") } length > most { most = length } END { print (most > 90 && most <= 110) }' plain)" 1
	(($(lines_of plain) > 50 && $(lines_of plain) <= 61)) || fail "$(lines_of plain) lines of 60"
	on_terminal 110 "NO_COLOR=1 $plot reports"
	like "$(cat out)" "status 0"
	is "$(tr -d '\n -~' <out)" ""
	on_terminal 110 "$plot -T png reports"
	like "$(cat out)" "^weir-plot: --type=png: not to a terminal; accepted: with --output=FILE, or into a pipe"
	like "$(cat out)" "status 2"
}

@test "nothing in a report is anything to gnuplot but text" {
	cat >names <<'END'
it's
'; system "touch here" #
"; system "touch here" #
\"; system "touch here" #
`touch here`
\140touch here\140
@GPVAL_VERSION $(touch here)
END
	# In one line of a name, and in lines of their own; in whatever else is a text.
	jq -Rsr '., gsub("\n"; " ")' names | jq -Rs '[., (split("\n")[] | select(. != "")), "x\nsystem \"touch here\"\n"]' >texts
	report 1 10 5 5 0 0 >plain
	for ((i = 0; i < $(jq length texts); i++)); do
		jq -c --slurpfile texts texts --argjson i $i '$texts[0][$i] as $text | .name = $text | .policy = $text | .sample = $text
			| .rate = $text | .sample_by = $text | .drop_over = $text | .framing = $text | .dropped.by = {($text): .dropped.by.oldest}' plain >reports
		for type in svg png text; do
			"$plot" -T $type reports >out 2>err || fail "$type: $(cat err)"
			is "$(lines_of err)" 1 "$(cat err)"
		done
	done
	[[ ! -e here ]] || fail "a command in a report was run"
	"$plot" --title="$(sed -n 5p names)é" -T svg plain >out
	grep -qF '>`touch here`é<' out || fail "the title is not as it was"
}

@test "gnuplot's failure is weir-plot's" {
	reports >reports
	mkdir bin
	printf '#!/bin/sh\ncat >/dev/null\nexit 1\n' >bin/gnuplot
	chmod +x bin/gnuplot
	for type in svg text; do
		PATH=$PWD/bin:$PATH "$plot" -T $type reports >out && fail "$type: status 0"
	done
	true
}

@test "what this weir reports can be drawn" {
	seq 20000 | "$WEIR" -N real -p drop-oldest -s 2 -i 10ms --format=json --report=reports | cat >out
	"$plot" -o real.svg reports 2>err || fail "$(cat err)"
	like "$(cat real.svg)" ">real: drop-oldest, 1 in 2, lines<"
	like "$(cat real.svg)" ">in 20000<"
	like "$(cat real.svg)" ">sample 10000<"
}
