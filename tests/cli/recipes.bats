#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes.md: what stands behind "<!-- test: NAME -->" there is taken from the page and run, with programs of the test's
# in place of those that it names.  What they wait for are FIFOs: gates that the test opens.

load common

page=$top_srcdir/docs/recipes.md

# recipe NAME: the block behind that mark, as the script ./recipe; PATH begins with ./bin, where weir is the one under test.
recipe()
{
	mkdir bin
	# shellcheck disable=SC2016 # the stub's
	printf '#!/bin/sh\necho $$ >"%s/weir.pid"\nexec "%s" "$@"\n' "$PWD" "$WEIR" >bin/weir
	chmod +x bin/weir
	PATH=$PWD/bin:$PATH
	mkfifo gate
	block "$1"
}

# program NAME COMMAND...: a script, in bin
program()
{
	printf '#!/bin/bash\n%s\n' "${*:2}" >bin/"$1"
	chmod +x bin/"$1"
}

# follow: runs the recipe; its output is ./out, its error ./err
follow()
{
	timeout $((4 * PATIENCE)) "$HELPERS/launch" bash ./recipe >out 2>err 3>&- || fail "status $?" "$(cat err)"
}

# follow_on: the same in the background, in a session of its own, so that its process group can be signalled
follow_on()
{
	rm -f pid status
	# shellcheck disable=SC2217 # the command reads it
	bg "$HELPERS/launch" -p pid -s status setsid bash ./recipe <nothing >out 2>err
}

# has LINES FILE
has()
{
	[[ -e $2 ]] && (($(wc -l <"$2") >= $1))
}

ended()
{
	[[ -e status ]]
}

@test "each recipe that says it is tested is" {
	sed -n 's/^<!-- test: \(.*\) -->$/\1/p' "$page" | sort >said
	sed -n 's/^\trecipe \([a-z]*\)$/\1/p' "$BATS_TEST_FILENAME" | sort -u >tested
	has 8 said
	diff said tested >&2
}

@test "what matters goes last" {
	needs_patterns
	recipe keep
	follow
	is "$(cat out)" 10
}

@test "the last word of everyone" {
	recipe latest
	follow
	is "$(sort out)" $'door closed\ntemp 100000'
}

@test "each his share, and whole stories" {
	recipe shares
	follow
	# A hundred events of each user; who is looked at gets five, and more only where it takes longer than a second.
	awk '{ n[$1]++ } END { for (user in n) { users++; if (n[user] < 5) exit 1 } exit users < 50 || users > 200 }' out ||
		fail "$(wc -l <out) lines of $(cut -d ' ' -f 1 out | sort -u | wc -l) users"
	like "$(cat err)" 'sample 90[0-9]{3}.*over [0-9]+.*user[0-9]+'
}

@test "a slow branch does not stop the other" {
	recipe tee
	program producer seq 3000000
	program slow-reader 'cat gate; cat; : >slow.end'
	program fast-reader 'cat >fast; : >gate'
	follow # would never end if tee had to wait for a reader that waits for tee
	same fast <(seq 3000000)
	until_true test -e slow.end
	is "$(tail -n 1 slow.out)" 3000000
	(($(wc -l <slow.out) < 3000000))
}

@test "readers come and go" {
	recipe readers
	program producer 'echo one; cat gate; echo two; cat gate; echo three'
	follow_on
	until_true test -p feed
	is "$(timeout "$PATIENCE" head -n 1 feed)" one
	release gate
	is "$(timeout "$PATIENCE" head -n 1 feed)" two
	exec 7<>feed # what the FIFO holds stays when weir has ended
	release gate
	until_true ended
	is "$(cat status)" "exit 0"
	is "$(timeout "$PATIENCE" head -n 1 <&7)" three
	exec 7>&-
}

@test "Ctrl-C ends the producer, and nothing is lost" {
	recipe interrupt
	program producer 'seq 100000; : >sent; exec sleep 1000'
	program consumer 'cat gate; cat >got'
	follow_on
	until_true test -e sent
	# The terminal's Ctrl-C: to all of them, and again.
	kill -INT -- "-$(<pid)"
	kill -INT -- "-$(<pid)"
	release gate
	until_true ended
	same got <(seq 100000)
}

@test "a log that is rotated by copytruncate" {
	recipe copytruncate
	program producer 'seq 1000; cat gate; seq 1001 2000'
	follow_on
	until_true has 1000 app.log
	kill -USR1 "$(<weir.pid)"
	until_true has 1 weir.log
	cp app.log app.log.1
	: >app.log
	: >weir.log
	release gate
	until_true ended
	cmp weir.log <(tr -d "\000" <weir.log) >&2
	like "$(cat weir.log)" "^weir: in 2000 "
	same app.log.1 <(seq 1000)
	same app.log <(seq 1001 2000)
}

@test "a log that takes at most 1 MB a day" {
	local began=$SECONDS
	recipe capped
	program producer "seq -f %099.0f 50000"
	follow
	# Half a megabyte at once, and after that 5.8 bytes a second.
	(($(wc -c <app.log) >= 499000)) || fail "only $(wc -c <app.log) bytes"
	(($(wc -c <app.log) <= 500000 + 6 * (SECONDS - began + 1))) || fail "$(wc -c <app.log) bytes"
	like "$(cat err)" 'dropped 4[0-9]{4} .*over'
}

@test "dd behind a rate" {
	recipe dd
	program producer head -c 1000000 /dev/zero
	follow
	is "$(wc -c <image)" 307200
}

@test "a supervised pipeline dies as a whole, whoever dies first" {
	recipe supervised

	# The consumer: weir sees it, and the producer, which says nothing more, is told.
	program producer 'echo $$ >producer.pid; echo hello; exec sleep 1000'
	program consumer 'read -r line; exit 7'
	follow_on
	until_true ended
	gone "$(<producer.pid)" || fail "the producer is still there"
	gone "$(<weir.pid)" || fail "weir is still there"

	# weir
	program consumer 'cat >got; : >consumer.end'
	follow_on
	until_true has 1 got
	kill -KILL "$(<weir.pid)"
	until_true ended
	# The consumer ends too, and it may be that the shell hears of it first.
	like "$(cat status)" "^exit (137|0)\$"
	[[ -e consumer.end ]]
	gone "$(<producer.pid)" || fail "the producer is still there"

	# The producer: what weir holds is delivered.
	program producer 'seq 100000'
	follow_on
	until_true ended
	is "$(cat status)" "exit 0"
	same got <(seq 100000)

	# TERM, to the script alone.
	rm got
	program producer 'echo $$ >producer.pid; seq 1000; exec sleep 1000'
	follow_on
	until_true has 1000 got
	kill -TERM "$(<pid)"
	until_true ended
	same got <(seq 1000)
	gone "$(<producer.pid)" || fail "the producer is still there"
}

@test "a job that speaks up only where something was lost" {
	recipe loss
	program producer 'seq 1000'
	program consumer 'cat >got'
	follow
	is "$(cat err)" ""
	same got <(seq 1000)

	# More than the buffer holds, before anything is read.
	program producer 'seq 1000000; : >gate'
	program consumer 'cat gate; cat >got'
	follow
	like "$(cat err)" '^weir: in 1000000 .*dropped [0-9]+ .*oldest'
	is "$(tail -n 1 got)" 1000000
}
