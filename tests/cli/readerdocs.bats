#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/reader.md: what stands behind "<!-- test: NAME -->" there is taken from the page and run, with programs of the test's
# in place of those that it names: a server, a loader, a worker.  What they wait for are FIFOs: gates that the test opens.

load common

page=$top_srcdir/docs/reader.md

# recipe NAME: the block as ./recipe; its PATH will begin with ./bin, where weir is the one under test.
recipe()
{
	mkdir -p bin
	# shellcheck disable=SC2016 # the stub's
	printf '#!/bin/sh\necho $$ >"%s/weir.pid"\nexec "%s" "$@"\n' "$PWD" "$WEIR" >bin/weir
	chmod +x bin/weir
	mkfifo gate
	block "$1"
}

# program NAME COMMAND...: a script, in bin
program()
{
	printf '#!/bin/bash\n%s\n' "${*:2}" >bin/"$1"
	chmod +x bin/"$1"
}

# follow [STATUS]: runs the recipe; its output is ./out, its error ./err
follow()
{
	local status=0
	PATH=$PWD/bin:$PATH timeout $((4 * PATIENCE)) "$HELPERS/launch" bash ./recipe >out 2>err 3>&- || status=$?
	is "$status" "${1:-0}" "status ($(cat err))"
}

# follow_on: the same in the background
follow_on()
{
	[[ $WEIR_UNDER != valgrind ]] || skip "which signals weir hears is not to be seen"
	rm -f pid status
	# shellcheck disable=SC2217 # the command reads it
	bg env PATH="$PWD/bin:$PATH" "$HELPERS/launch" -p pid -s status bash ./recipe <nothing >out 2>err
}

# followed: that one has ended, and well
followed()
{
	until_true test -e status
	is "$(<status)" "exit 0" "how it ended ($(cat err))"
}

# asked REGEX: asks weir for reports until one says that
asked()
{
	until_true test -s weir.pid
	local weir
	weir=$(<weir.pid)
	until_true catches_usr1 "$weir"
	until_true says "$weir" "$1"
}

catches_usr1()
{
	[[ -e /proc/self/status ]] || return 0
	local mask
	mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") || return
	((0x${mask:-0} >> 9 & 1))
}

says()
{
	grep -qE -- "$2" err && return
	kill -USR1 "$1" 2>/dev/null
	sleep 0.05
	grep -qE -- "$2" err
}

# server ANSWER...: see tests/helpers/httpd.c; the recipe is told its port. What it took is in ./bodies.
server()
{
	bg "$HELPERS/httpd" port bodies "$@"
	: >bodies
	until_true test -s port
	sed "s/localhost:9200/127.0.0.1:$(<port)/" recipe >recipe.here
	mv recipe.here recipe
}

# lines_are N FILE
lines_are()
{
	is "$(wc -l <"$2")" "$1" "lines of $2"
}

@test "each block that says it is tested is" {
	sed -n 's/^<!-- test: \(.*\) -->$/\1/p' "$page" | sort >said
	sed -n 's/^\t\(recipe\|block\) \([a-z][a-z]*\).*$/\2/p' "$BATS_TEST_FILENAME" | sort -u >tested
	(($(wc -l <said) >= 11))
	diff said tested >&2
}

# --- HTTP -------------------------------------------------------------------------------------------------------------------

@test "an endpoint that is down, busy and slow gets all, in order, once each" {
	recipe curl
	block deliver deliver
	program producer 'seq 2000'
	program sleep 'echo "$@" >>slept'
	server 503 429:7 500 gate:gate 200
	follow_on
	release gate
	followed
	same bodies <(seq 2000)
	is "$(<slept)" 7 "the wait that the server asked for"
	like "$(<err)" 'deliver ended with status 75 \(try 1\)'
	like "$(<err)" 'in 2000 .*out 2000, dropped 0'
	like "$(<err)" '3 failures'
}

@test "a line that the endpoint will not have is alone in the dead letters" {
	recipe curl
	block deliver deliver
	program producer 'seq 700; echo POISON; seq 701 1000'
	server but:POISON
	follow 5
	same bodies <(seq 1000)
	is "$(<dead.txt)" POISON
	like "$(<err)" 'in 1001 .*out 1000, dropped 1 \(0.1%, rejected\)'
	unlike "$(<err)" 'failure' # 422 is an answer
}

# --- A database -------------------------------------------------------------------------------------------------------------

@test "a database takes batches as transactions, and what is wrong is set aside" {
	recipe sqlite
	block store store
	sqlite3 app.db 'CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT NOT NULL)'
	program producer 'seq -f "INSERT OR IGNORE INTO event VALUES (%.0f, '"'it'"');" 300
		echo "INSERT INTO event VALUES (1, '"'again'"');"; echo "INSERT OR NONSENSE;"
		seq -f "INSERT OR IGNORE INTO event VALUES (%.0f, '"'it'"');" 301 2500'
	follow 5
	is "$(sqlite3 app.db 'SELECT count(*), sum(id) FROM event')" '2500|3126250'
	is "$(<dead.sql)" $'INSERT INTO event VALUES (1, \'again\');\nINSERT OR NONSENSE;'
	like "$(<err)" 'in 2502 .*out 2500, dropped 2'
}

@test "a database that cannot be opened is tried until it can" {
	recipe sqlite
	block store store
	mkdir app.db
	program producer 'seq -f "INSERT OR IGNORE INTO event VALUES (%.0f);" 10'
	follow_on
	until_true grep -q 'store ended with status 75' err
	sqlite3 good.db 'CREATE TABLE event (id INTEGER PRIMARY KEY)'
	rmdir app.db
	mv good.db app.db
	followed
	is "$(sqlite3 app.db 'SELECT count(*) FROM event')" 10
	[[ ! -s dead.sql ]]
}

# --- Answers ----------------------------------------------------------------------------------------------------------------

@test "an awk that answers confirms while more is still to come" {
	recipe awk
	# Another awk reads what there is, and has no such option.
	# shellcheck disable=SC2016
	command -v mawk >/dev/null || program mawk 'shift 2; exec awk "$@"'
	program producer 'seq -f a%.0f 10; cat gate; seq -f a%.0f 11 5000'
	follow_on
	asked 'in 10 .*out 10'
	release gate
	followed
	same upper.txt <(seq -f A%.0f 5000)
	like "$(<err)" 'in 5000 .*out 5000, dropped 0'
}

# As redis-cli 7.0.15 answers into a pipe: an id for XADD, for an error a line and an empty one; --pipe does all, and says 1.
redis_cli()
{
	# shellcheck disable=SC2016
	program redis-cli 'n=0 bad=0
	while IFS= read -r line; do
		if [[ $line == XADD\ * ]]; then
			echo "$line" >>stored
			[[ $1 == --pipe ]] || echo "1795948975299-$((n++))"
		else
			bad=$((bad + 1))
			printf "ERR unknown command\n\n"
		fi
	done
	[[ $1 != --pipe ]] || exit $((bad > 0))'
}

@test "redis-cli answers line by line; an error is a dead letter" {
	needs_patterns
	recipe redis
	redis_cli
	program producer 'seq -f "XADD log * line %.0f" 150; echo NONSENSE; seq -f "XADD log * line %.0f" 151 300'
	follow 5
	same stored <(seq -f "XADD log * line %.0f" 300)
	is "$(<dead.txt)" NONSENSE
	like "$(<err)" 'in 301 .*out 300, dropped 1'
}

@test "redis-cli --pipe speaks by its status" {
	recipe pipe
	redis_cli
	program producer 'seq -f "XADD log * line %.0f" 3; echo NONSENSE'
	sed 's/--batch=1000/& --backoff=1ms..10ms/' recipe >recipe.here # as the page has it, in less time
	mv recipe.here recipe
	follow 5
	is "$(<dead.txt)" NONSENSE
	is "$(sort -u stored)" "$(seq -f "XADD log * line %.0f" 3)" "what was stored, at least once each"
	like "$(<err)" 'in 4 .*out 3, dropped 1'
}

# --- Credits, windows, the breaker, hooks -----------------------------------------------------------------------------------

@test "what a reader has not granted stays in the buffer" {
	recipe credits
	program producer 'seq 100'
	# shellcheck disable=SC2016
	program work '[[ -e open ]] || cat gate; echo "$1" >>did'
	follow_on
	# The shell has read one and works at it; nine more are in the pipe, which could take them all.
	asked 'in flight 9 records'
	like "$(<err)" 'in 100 .*out 1 '
	: >open
	release gate
	followed
	same did <(seq 100)
	like "$(<err)" 'in 100 .*out 100'
}

@test "a dashboard finds one old record at most, and next the newest" {
	recipe dashboard
	program producer 'echo first; cat began >nothing; seq 100000; cat gate2 >nothing'
	mkfifo began gate2
	# shellcheck disable=SC2016
	program dashboard 'IFS= read -r line; echo "$line"; : >began; cat gate; cat'
	follow_on
	asked 'in 100001\b'
	release gate
	until_true grep -qx 100000 out
	release gate2
	followed
	is "$(head -n 1 out)" first
	is "$(tail -n 1 out)" 100000
	(($(wc -l <out) <= 3)) || fail "$(cat out)"
}

@test "the breaker opens, and the first batch that is taken closes it" {
	recipe breaker
	program producer 'seq 5000; cat gate; seq 5001 6000'
	program loader '[[ -e up ]] || exit 1; cat >>got'
	follow_on
	asked 'breaker open'
	like "$(<err)" 'loader ended with status 1 \(try 1\)'
	: >up
	until_true has_line 5000 got
	release gate
	followed
	same got <(seq 6000)
	like "$(<err)" 'in 6000 .*out 6000, dropped 0'
	like "$(<err)" 'breaker opened 1 time'
}

has_line()
{
	[[ -e $2 ]] && grep -qx "$1" "$2"
}

@test "under pressure a second reader is started, and no line is torn" {
	recipe second
	# The first does nothing until the second has begun.  (Pressure may come more often, and a third one with it.)
	# shellcheck disable=SC2016
	program worker '
		if mkdir first 2>/dev/null; then cat gate; elif mkdir second 2>/dev/null; then : >gate; fi
		exec dd bs=4096 status=none'
	program producer 'seq -f %099.0f 50000'
	follow
	same <(sort done.txt) <(seq -f %099.0f 50000)
	[[ -d first ]]
	like "$(<err)" 'in 50000 .*out 50000'
	like "$(<err)" 'pressure is over: 0 dropped'
}

# --- What surprises ---------------------------------------------------------------------------------------------------------

@test "a file in COMMAND's place is named, and how to read it" {
	echo hello >access.log
	run_weir access.log
	finish "exit 127"
	like "$(<err)" 'access.log: no such command; to read that file: weir <access.log'
	run_weir ./access.log
	finish "exit 126"
	like "$(<err)" 'cannot be run: Permission denied; to read it: weir <./access.log'
}

@test "what a reader had read when it went is out, and no more" {
	local read
	seq 100000 >in
	for _ in 1 2 3 4 5; do
		IN=in run_weir dd bs=4096 count=1 status=none
		finish "signal 13"
		# A record is out with its last byte.
		read=$(($(wc -c <out) - $(tail -c 16 out | tr '\n' ' ' | sed 's/.* //' | tr -d '\n' | wc -c)))
		((read > 0))
		# Where the system cannot tell, the report says so, and what it can.
		final ".reader.confirm == \"written\" or .out.bytes == $read"
	done
}

@test "a reader that never answers is ended, and named once" {
	echo one >in
	IN=in run_weir --confirm=line --timeout=10ms sleep 1000
	is "$ENDED" "exit 143"
	is "$(grep -c 'has confirmed nothing for --timeout' err)" 1
}
