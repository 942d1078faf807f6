# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests in front of real servers share.  Each page of docs/recipes has a file of them: the blocks behind
# "<!-- test: NAME -->" there are taken from the page and run as they stand, against the server itself, on a free port of
# 127.0.0.1, with its files in the test's own directory, and ended by its process id.
#
#   BROKER_RECORDS   how many records go through (default 20000)
#   BROKER_PAUSE     for how many seconds the server is stopped (default: until weir has seen it)
#   BROKER_FIGURES   a file that gets what was measured
#
# Where a server or its client is not installed the test is skipped; "make check-brokers" takes that for a failure.

load ../cli/common

RECORDS=${BROKER_RECORDS:-20000}
PAUSE=${BROKER_PAUSE:-0}
LONG=$((RECORDS > 100000))
SERVER='' SERVING=()

# A path that is short enough for a socket, and a PATH that begins with what the recipe is to find.
eval "common_$(declare -f setup)"
setup()
{
	common_setup
	mkdir bin
	OLD_PATH=$PATH
	PATH=$PWD/bin:$PATH
	# The report is one that can be held against what the server has.
	printf '#!/bin/sh\necho $$ >"%s/pid.new" && mv "%s/pid.new" "%s/pid"\nexec "%s" --format=json --report="%s/report" "$@"\n' \
		"$PWD" "$PWD" "$PWD" "$WEIR" "$PWD" >bin/weir
	chmod +x bin/weir
	mkfifo gate
}

eval "common_$(declare -f teardown)"
teardown()
{
	local pid
	for pid in "${SERVING[@]}"; do
		tell KILL "$pid"
		wait "$pid"
	done 2>/dev/null
	# The recipe, and what it and the others have started.
	for pid in $(jobs -p); do
		tell KILL "$pid"
	done
	[[ ! -e recipe.pid ]] || kill -KILL -- "-$(<recipe.pid)" 2>/dev/null
	if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
		tail -n 20 err server.log 2>/dev/null >&2
	fi
	common_teardown
}

# needs PROGRAM...
needs()
{
	local program
	for program; do
		PATH=$OLD_PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# needs_python MODULE: of Debian's
needs_python()
{
	/usr/bin/python3 -c "import $1" 2>/dev/null || skip "/usr/bin/python3 has no $1"
}

# --- The page ---------------------------------------------------------------------------------------------------------------

# each_block_is_tested: by the name of the file that asks, and each block of the page has a name or is none to be run.
each_block_is_tested()
{
	sed -n 's/^<!-- test: \(.*\) -->$/\1/p' "$page" | sort >said
	sed -nE 's/^\tblock ([a-z][a-z-]*).*$/\1/p' "$BATS_TEST_FILENAME" | sort -u >tested
	diff said tested >&2 || fail "the page has other blocks (left) than are tested (right)"
	awk '/^<!-- (test|shown)/ { marked = 1 }
		/^    / && !marked { print FILENAME ":" FNR ": " $0; bad = 1 }
		/^[^ <]/ { marked = 0 }
		END { exit bad }' "$page" >&2 || fail "these are blocks that nobody runs"
}

# program NAME COMMAND...: a script, in bin
program()
{
	printf '#!/bin/bash\n%s\n' "${*:2}" >bin/"$1"
	chmod +x bin/"$1"
}

# reach PROGRAM FROM TO [ARGUMENT]...: what the recipe calls is the real one, with TO in place of FROM in what it is told, for the
# server is not where users have it; and ARGUMENTs first.
reach()
{
	local real
	real=$(PATH=$OLD_PATH command -v "$1")
	{
		printf '#!/bin/bash\nexec %q' "$real"
		((${#} < 4)) || printf ' %q' "${@:4}"
		# shellcheck disable=SC2016
		printf ' "${@//%s/%s}"\n' "${2:-\$^}" "$3"
	} >bin/"$1"
	chmod +x bin/"$1"
}

# here FILE FROM TO: the same, in a script of the page that names the place itself
here()
{
	sed "s|$2|$3|g" "$1" >"$1.here"
	! cmp -s "$1" "$1.here" || fail "$1 does not name $2"
	cat "$1.here" >"$1"
}

# --- The server -------------------------------------------------------------------------------------------------------------

# free_port: PORT, of 127.0.0.1
free_port()
{
	while PORT=$((20000 + RANDOM % 10000)); do
		(: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || return 0
	done
}

answers()
{
	{ : <"/dev/tcp/127.0.0.1/${1:-$PORT}"; } 2>/dev/null
}

# serve COMMAND...: in the background; SERVER: its process id
serve()
{
	SERVED=("$@")
	"$@" </dev/null >>server.log 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	SERVER=$!
	SERVING+=("$SERVER")
}

# serve_port COMMAND...: until it answers at PORT
serve_port()
{
	serve "$@"
	until_true answers_or_gone
	answers || fail "the server does not come up" "$(tail -n 5 server.log)"
}

answers_or_gone()
{
	answers || gone_or_zombie "$SERVER"
}

# family PID: it, and what it has started
family()
{
	local child
	printf '%s ' "$1"
	for child in $(pgrep -P "$1"); do
		family "$child"
	done
}

# tell SIGNAL PID: that family; who has ended meanwhile does not mind
tell()
{
	local pid
	for pid in $(family "$2"); do
		kill "-$1" "$pid" 2>/dev/null || :
	done
}

# rabbit [PLUGIN]: RabbitMQ as a process of its own, and epmd with it, all on loopback and in this directory, until it is served.
rabbit()
{
	needs rabbitmq-server erl
	local old=$PORT
	mkdir rabbit
	free_port
	EPMD=$PORT
	free_port
	printf 'listeners.tcp.1 = 127.0.0.1:%s\n' "$old" >rabbit/rabbitmq.conf
	printf '[%s].\n' "${1-}" >rabbit/plugins
	export HOME=$PWD/rabbit RABBITMQ_NODENAME=weir@localhost ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$EPMD RABBITMQ_DIST_PORT=$PORT \
		RABBITMQ_CONFIG_FILE=$PWD/rabbit/rabbitmq RABBITMQ_MNESIA_BASE=$PWD/rabbit/mnesia RABBITMQ_LOG_BASE=$PWD/rabbit/log \
		RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/rabbit/plugins \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}'
	PORT=$EPMD
	serve_port epmd -address 127.0.0.1 -port "$EPMD"
	PORT=$old
	serve_port /usr/lib/rabbitmq/bin/rabbitmq-server
	until_true served
}

# It stands still, for as long as weir needs to see that, and PAUSE; goes on; is killed; comes up again.
server_stops()
{
	tell STOP "$SERVER"
}

server_goes_on()
{
	((PAUSE == 0)) || PATH=$OLD_PATH sleep "$PAUSE"
	tell CONT "$SERVER"
}

server_dies()
{
	tell KILL "$SERVER"
	until_true gone_or_zombie "$SERVER"
	wait "$SERVER" 2>/dev/null || :
}

server_is_back()
{
	serve_port "${SERVED[@]}"
}

# --- A run ------------------------------------------------------------------------------------------------------------------

# follow [STATUS]: runs ./recipe; its output is ./out, its error ./err; FINAL is its report
follow()
{
	follow_on
	followed "${1:-0}"
}

# follow_on: the same in the background
follow_on()
{
	rm -f pid status report
	# shellcheck disable=SC2217 # the command reads it
	bg "$HELPERS/launch" -p recipe.pid -s status setsid bash ./recipe <nothing >out 2>err
	WEIR_JOB=$BG
}

# followed [STATUS]: it has ended
followed()
{
	local PATIENCE=$((PATIENCE + LONG * 3600))
	finish "exit ${1:-0}"
}

# ask EXPRESSION: weir is asked until jq finds its report so
ask()
{
	local PATIENCE=$((PATIENCE + LONG * 3600))
	until_true hears_usr1
	until_true test -e report
	snapshot_until "$1"
}

# of PATH: a figure of the last report
of()
{
	figures "$1"
}

# thirds: a producer of RECORDS numbers that waits at the gate after each third; A and B are where.
thirds()
{
	A=$((RECORDS / 3000 * 1000)) B=$((RECORDS / 3000 * 2000))
	program producer "seq 1 $A; cat gate; seq $((A + 1)) $B; cat gate; seq $((B + 1)) $RECORDS"
}

# troubles [DEATH]: the recipe runs, and its server stops and goes on while the second third comes, and dies and comes back while
# the third does.
troubles()
{
	follow_on
	ask ".out.records >= $A"
	server_stops
	release gate
	ask '.in_flight.records > 0'
	server_goes_on
	ask ".out.records >= $B"
	# What is killed has something to do: it stands still until weir waits for it, or, in the long form, is at work.
	((LONG)) || server_stops
	release gate
	if ((LONG)); then ask ".out.records > $B + ($RECORDS - $B) / 4"; else ask '.in_flight.records > 0'; fi
	"${1:-server_dies}"
	ask '.reader.failures > 0'
	server_is_back
	followed
}

# twice [FROM]: what the server has, numbers in ./had, is each from 1 to RECORDS, in any order; MISSING, and TWICE, how many are
# there more than once.
twice()
{
	read -r MISSING TWICE < <(sort -n had | awk -v all="$RECORDS" '
		{ if ($1 == last) twice++; else { distinct++; if ($1 < 1 || $1 > all || $1 != int($1)) bad = 1 } last = $1 }
		END { print bad ? "wrong" : all - distinct, twice + 0 }')
}

# exact: nothing is missing, and nothing is there twice
exact()
{
	twice
	is "$MISSING" 0 "records that the server does not have"
	is "$TWICE" 0 "records that it has twice"
	is "$(of out.records)" "${1:-$RECORDS}" "out"
}

# at_least_once: nothing is missing, and no more is there twice than was handed over again, or than the server itself may have (AGAIN)
at_least_once()
{
	twice
	is "$MISSING" 0 "records that the server does not have"
	is "$(of out.records)" "${1:-$RECORDS}" "out"
	((TWICE <= $(of redelivered.records) + ${UNDER_WAY:-0} + ${AGAIN:-0})) ||
		fail "$TWICE twice, though $(of redelivered.records) were handed over again${UNDER_WAY:+, and $UNDER_WAY had been when weir was killed}"
}

# figure WHAT VALUE [WHAT VALUE]...: of this test, for the table of make check-brokers
figure()
{
	[[ ${BROKER_FIGURES-} ]] || return 0
	local line="$BATS_TEST_DESCRIPTION:"
	while (($#)); do
		line+=" $1 $2,"
		shift 2
	done
	printf '%s\n' "${line%,}" >>"$BROKER_FIGURES"
}

# counted: the figures of a run
counted()
{
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'handed over again' "$(of redelivered.records)${UNDER_WAY:+ and $UNDER_WAY}" \
		'the server has' "$(wc -l <had)" missing "$MISSING" twice "$TWICE" seconds $(($(of elapsed_ns) / 1000000000)) "$@"
}

# weir_dies_too [COMMAND]: half of the records come while the server stands still, weir is killed, and what it held is for the next, in front
# of the other half; the server goes on, and dies and comes back on the way.  COMMAND is done before weir begins again.  UNDER_WAY:
# what was in flight when weir was killed, and may come twice, too: FLIGHT at least.  FIRST: so many are out before the server stands still.
weir_dies_too()
{
	local half=$((RECORDS / 2)) first=${FIRST:-0}
	program producer "seq $first; (($first == 0)) || cat gate; seq $((first + 1)) $half; cat gate"
	((first > 0)) || server_stops
	follow_on
	if ((first > 0)); then
		ask ".out.records == $first"
		server_stops
		release gate
	fi
	ask ".in.records == $half and .in_flight.records >= ${FLIGHT:-1}"
	((PAUSE == 0)) || PATH=$OLD_PATH sleep "$PAUSE"
	UNDER_WAY=$(of in_flight.records)
	kill -KILL "$(<pid)"
	# Its producer does not know of it, and neither does the batch that is under way.
	release gate
	until_true test -e status
	tell CONT "$SERVER"
	${1-}
	program producer "seq $((half + 1)) $RECORDS"
	follow_on
	((! LONG)) || ask ".out.records > $RECORDS / 4"
	server_dies
	server_is_back
	followed
}

# --- A reader that stands still ---------------------------------------------------------------------------------------------

# flood MANY: so many are published, in turns, each of which weir has read before the next. The file says how: publish FIRST LAST.
flood()
{
	local sent
	for ((sent = 0; sent < $1; sent += 5000)); do
		publish $((sent + 1)) $((sent + 5000))
		ask ".in.records == $sent + 5000"
	done
}

# drops_exactly MANY: once the server has gone and the reader reads on, it has what is out, and the others are dropped; the last is there.
drops_exactly()
{
	server_dies
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" "$1" "out and dropped"
	is "$(tail -n 1 got | sed 's/^0*//')" "$1"
}
