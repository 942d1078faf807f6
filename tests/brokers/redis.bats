#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/redis.md, with a Redis.

load brokers

page=$top_srcdir/docs/recipes/redis.md

# redis [OPTION]...: a server that keeps what it has said it has
redis()
{
	needs redis-server redis-cli
	free_port
	mkdir data
	serve_port redis-server --port "$PORT" --bind 127.0.0.1 --dir "$PWD/data" --save '' --appendonly yes "$@"
	until_true ready
	reach redis-cli '' '' -p "$PORT"
}

ready()
{
	[[ $(redis-cli -p "$PORT" PING 2>/dev/null) == PONG ]]
}

server_is_back()
{
	serve_port "${SERVED[@]}"
	until_true ready
}

# had: the values of the stream, to ./had
had()
{
	redis-cli XRANGE log - + | awk 'NR % 3 == 0' >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "redis: batches, the server stopped and killed" {
	redis
	block to
	block to-stream to-stream
	thirds
	troubles
	had
	exact
	counted
}

@test "redis: and weir killed, with a spool" {
	redis
	block to
	block to-stream to-stream
	weir_dies_too
	had
	exact
	counted
}

@test "redis: plain commands, the server stopped and killed: twice what was under way" {
	redis
	block plain
	thirds
	troubles
	had
	at_least_once
	((TWICE <= 2000)) || fail "$TWICE twice"
	counted
}

@test "redis: more than it takes: what is out is what it has" {
	redis
	block overload
	program producer "seq -f 'XADD log * line %.0f' $RECORDS; seq -f 'XADD log * line %.0f.$(printf %0200d 0)' 10000; : >produced; cat gate"
	server_stops
	follow_on
	ask ".in.records == $RECORDS + 10000 and .dropped.records > 0"
	server_goes_on
	release gate
	followed
	had
	is "$(wc -l <had)" "$(of out.records)" "what the server has"
	is "$(($(of out.records) + $(of dropped.records)))" $((RECORDS + 10000)) "out and dropped"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'the server has' "$(wc -l <had)"
}

# publish FIRST LAST: to the channel, in order; each 100 bytes
publish()
{
	seq -f "PUBLISH news %099.0f" "$1" "$2" | redis-cli --pipe >published
}

subscribed()
{
	[[ $(redis-cli PUBSUB NUMSUB news) == *1 ]]
}

none_subscribed()
{
	(($(clients) == 0))
}

clients()
{
	redis-cli CLIENT LIST TYPE pubsub | wc -l
}

@test "redis: a subscriber whose reader stands still stays connected, and what is lost is counted" {
	redis --client-output-buffer-limit 'pubsub 1mb 1mb 0'
	command -v mawk >/dev/null || skip "mawk is not installed"
	local many=$((RECORDS * (LONG ? 1 : 5)))
	block subscribe
	# Without it: cut off.
	(status=0; redis-cli SUBSCRIBE news 3>&- || status=$?; echo "status $status" >cut) | (cat gate; cat) >direct 3>&- &
	local direct=$!
	until_true subscribed
	publish 1 "$many"
	until_true none_subscribed
	release gate
	wait "$direct"
	is "$(<cut)" "status 1"
	(($(wc -l <direct) / 3 < many))

	# shellcheck disable=SC2016
	program reader 'cat gate; cat >got'
	follow_on
	until_true subscribed
	# What redis-cli itself can take is not the question: it is given half of what the server would owe it.
	flood "$many"
	is "$(clients)" 1 "who is connected"
	drops_exactly "$many"
	figure published "$many" 'without weir' $(($(wc -l <direct) / 3 - 1)) 'with it, in' "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}

@test "redis: a stream is fetched in batches, and what was fetched is acknowledged" {
	redis
	block group
	block fetch fetch
	redis-cli XGROUP CREATE log g 0 MKSTREAM >/dev/null
	seq -f 'XADD log * line %.0f' 5000 | redis-cli --pipe >/dev/null
	program reader 'cat >got'
	follow_on
	ask '.out.records == 5000'
	: >stop
	followed
	same <(cut -f 2 got) <(seq 5000)
	is "$(redis-cli XPENDING log g | head -n 1)" 0
}

# readers NAME: a block of docs/reader.md, where it is tried with a stand-in
readers()
{
	local page=$top_srcdir/docs/reader.md
	block "$1"
}

@test "redis: the reader's examples, with the real one" {
	needs_patterns
	redis
	readers redis
	program producer 'seq -f "XADD log * line %.0f" 150; echo NONSENSE; seq -f "XADD log * line %.0f" 151 300'
	follow 5
	had
	same had <(seq 300)
	is "$(<dead.txt)" NONSENSE
	is "$(of out.records)" 300

	readers pipe
	reach redis-cli '' '' -p "$PORT"
	sed -i 's/--batch=1000/& --backoff=1ms..10ms/' recipe
	program producer 'seq -f "XADD log * line %.0f" 301 303; echo NONSENSE'
	follow 5
	is "$(of out.records)" 3
	had
	is "$(sort -nu had | wc -l)" 303
}
