#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The pages for users: weir takes each command line that they show.  (recipes.bats runs recipes, tests/build/install.bats
# follows links, man.bats has the manual.)

load common

# command_lines PAGE...: each weir that a code block or a `weir ...` of the text starts, up to what the shell makes of the rest.
command_lines()
{
	sed -n -e '/^    /p' -e 's/`\(weir -[^`]*\)`/\n    \1\n/gp' "$@" | sed -n 's/^    //p' |
		sed -e :more -e '/[|\\]$/{ N; s/\\\{0,1\}\n */ /; b more' -e '}' -e 's/^ *# .*//' -e 's/"\$weir/weir/g; s/ [0-9]*\([<>]\)/ \1/g' |
		grep -oE "(^|[(|;!$] *|\./)weir ('[^']*'|[^|<>)';\`\"&])*" | sed -E 's/^[^w]*//; s/ +(#.*)?$//' | sort -u
}

@test "weir takes each command line that the pages show" {
	local line checked=0
	# In benchmarks.md and its like they are names of rows.
	command_lines "$top_srcdir"/README.md "$top_srcdir"/docs/{choosing,monitoring,reading-reports,recipes,gallery/README}.md >lines
	grep -qxF -e '-p drop-oldest -m 1M' <(sed 's/^weir //' lines) || fail "not found: $(cat lines)"
	while IFS= read -r line; do
		# What stands for something else, and what only a terminal has.
		[[ ! $line =~ \.\.\. && ! $line =~ [\ :=/](TARGET|TIME|KEY|RATE|SIZE|FILE|N|NAME)($|[\ /]) ]] || continue
		line=${line/ -v/}
		eval "set -- ${line#weir}"
		timeout "$PATIENCE" "$WEIR" "$@" <nothing >out 2>err || grep -qF "$WITHOUT" err || fail "$line: $(cat err)"
		checked=$((checked + 1))
	done <lines
	((checked > 40)) || fail "only $checked lines found"
}

# --- Reports that the pages show --------------------------------------------------------------------------------------------

# What a report says without its figures, a line for each thing.
shapes()
{
	sed -E 's/^[^ ]*: //; s/[0-9]{2}:[0-9]{2}:[0-9.]+ /CLOCK /; s/ \([^()]*%[^()]*\)/ (WHY)/; s/ records?//; s/[0-9][0-9.]*(ns|us|ms|s|min|h|d)\b/TIME/g
		s/[0-9][0-9.]* ?[kMGT]?B\b/SIZE/g; s/[0-9][0-9.]*[kMGT]?\/s/RATE/g; s/[0-9][0-9.]*%/PCT/g; s/\b[0-9][0-9.]*[kMGT]?\b/N/g
		s/\b(input|output|rate|busy) PCT/WAIT PCT/' "$@" | sed 's/, /\n/g' | sort -u
}

# regular OPTION...: adds what is reported every interval, once at least.
regular()
{
	(seq 1000; until_true grep -q '^weir: [0-9:.]* in ' now) | "$WEIR" -i 0.1s "$@" 2>now >/dev/null
	cat now >>written
}

@test "the reports that the pages show are such as weir writes" {
	needs_patterns
	local page=$top_srcdir/docs/reading-reports.md
	# The first two batches fail once.
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$WEIR_TRY" -gt 1 ] || [ "$WEIR_FIRST" -gt 101 ] || exit 75\n' >load
	chmod +x load
	{
		seq 2000 | "$WEIR" -p drop-oldest --max-records=10 -L 10k/s
		seq 2000 | sed 's/0$/0 ERROR/' | "$WEIR" -p drop-oldest --max-records=10 -L 10k/s --keep=ERROR
		seq 2000 | "$WEIR" --max-records=10 -L 10k/s
		seq 100 | "$WEIR" -k 1 -s 2 --drop-over=1/s --top-keys=3
		seq 1000 | "$WEIR" --batch=100 --backoff=1ms ./load
	} 2>written >/dev/null
	regular -L 5k/s
	regular -b
	regular -p drop-oldest -L 5k/s
	sed -n 's/^ *\(weir: .*\)/\1/p' "$top_srcdir/README.md" "$page" "$top_srcdir/docs/choosing.md" | grep -v '^weir: --' | sed 's/^weir: \.\.\. /weir: /; s/, \.\.\.$//' >shown
	(($(wc -l <shown) >= 8)) || fail "not found: $(cat shown)"
	shapes written >real
	grep -qxF 'CLOCK in N (RATE)' real || fail "$(cat real)"
	shapes shown | grep -vxFf real >other || return 0
	fail "weir writes nothing like these:" "$(cat other)" "but:" "$(cat real)"
}

# --- Tests that a page names -------------------------------------------------------------------------------------------------

@test "each test that the page of backpressure names is there" {
	local line file name
	grep -oE '`tests/[a-z]+/[a-z_]+\.bats` "[^"]*"' "$top_srcdir/docs/backpressure.md" | sort -u >named
	(($(wc -l <named) > 35)) || fail "only $(wc -l <named) found"
	while IFS= read -r line; do
		file=${line#\`} name=${line#*' "'}
		file=${file%%\`*}
		grep -qF -e "@test \"${name%\"}\" {" "$top_srcdir/$file" || fail "no such test: $line"
	done <named
	# And what it says of each of the systems that it is for.
	for name in TCP Go Node Flink 'Kafka Streams' Kafka Pulsar RabbitMQ 'AMQP 1.0' 'Redis Streams' JetStream gRPC HTTP/2 Kinesis \
		'Reactive Streams' StatsD Prometheus WebSocket; do
		grep -qF "**$name**" "$top_srcdir/docs/backpressure.md" || grep -qF "**NATS $name**" "$top_srcdir/docs/backpressure.md" || fail "$name is not there"
	done
}
