#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/loki.md, with a stand-in.

load brokers

page=$top_srcdir/docs/recipes/loki.md

# loki [WORD]...
loki()
{
	needs node curl jq mawk
	free_port
	serve_port node "$BATS_TEST_DIRNAME/loki.js" "$PORT" taken "$@"
	export URL=http://127.0.0.1:$PORT
	block to
	block push push
	# As the page has it, in less time.
	sed -i 's/--timeout=2min/& --backoff=1ms..100ms/' recipe
	program sleep 'echo "$@" >>slept'
}

# Each line once, by what it is itself.
had()
{
	cut -f 2 taken >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "loki: busy, stopped and killed" {
	loki busy=5
	thirds
	troubles
	had
	exact
	is "$(sort -u slept)" 7 "the wait that the server asked for"
	counted
}

@test "loki: and weir killed, with a spool" {
	loki
	weir_dies_too
	had
	exact
	counted
}

@test "loki: a call that is too large is halved, whatever word there is for it, and of one that is refused the others are stored" {
	loki limit=3000
	program producer "seq 100; echo old; seq 101 200; printf '%0300000d\n' 0"
	sed -i 's/systime()/($0 == "old" ? 1 : systime())/' recipe
	follow 5
	RECORDS=200
	had
	exact
	is "$(head -n 1 dead.txt)" $'1000000101\told'
	like "$(sed 1d dead.txt)" $'^[0-9]{19}\t0+$'
	is "$(of dropped.records)" 2
}

@test "loki: what is there is fetched in pieces, in order" {
	loki
	program producer 'seq 2500'
	follow
	block from
	block fetch fetch
	program reader 'cat >got'
	follow
	same got <(seq 2500)
}
