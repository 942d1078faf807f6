#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/nats.md, with a nats-server.

load brokers

page=$top_srcdir/docs/recipes/nats.md

# nats [LINE]...: a server with JetStream; lines of its configuration
nats()
{
	needs nats-server mawk
	free_port
	MONITOR=$PORT
	free_port
	printf '%s\n' "listen: 127.0.0.1:$PORT" "http: 127.0.0.1:$MONITOR" "jetstream { store_dir: \"$PWD/data\" }" "$@" >nats.conf
	serve_port nats-server -c nats.conf
}

# stream: the stream, and its consumer
stream()
{
	block stream stream
	here stream localhost/4222 "127.0.0.1/$PORT"
	until_true made
	is "$(grep -c '"error"' made)" 0 "$(<made)"
}

made()
{
	timeout 10 bash ./stream >made && grep -q '"durable_name":"shell"' made
}

# Who reads all of the stream at its end is pushed it as fast as the server can, and is no slow consumer if it takes its time.
unhurried=('max_pending: 1GB' 'write_deadline: "60s"')

# had: what is in the stream, to ./had: a consumer that is pushed all of it, and then what was not asked for ends it
had()
{
	local all
	all=$(timeout 60 bash -c '
		exec 3<>/dev/tcp/127.0.0.1/'"$PORT"'
		printf "CONNECT {\"verbose\":false}\r\nSUB _INBOX.i 1\r\nPUB \$JS.API.STREAM.INFO.events _INBOX.i 0\r\n\r\n" >&3
		sed -n "/^MSG/ { n; p; q }" <&3' | jq '.state.messages')
	# shellcheck disable=SC2016
	timeout 600 bash -c '
		exec 3<>/dev/tcp/127.0.0.1/'"$PORT"'
		config="{\"stream_name\":\"events\",\"config\":{\"deliver_subject\":\"all\",\"ack_policy\":\"none\"}}"
		printf "CONNECT {\"verbose\":false}\r\nSUB all 1\r\nPUB \$JS.API.CONSUMER.CREATE.events %d\r\n%s\r\n" ${#config} "$config" >&3
		mawk -W interactive -v all='"$all"' "
			/^H?MSG/ { if (/^HMSG/) while (getline && \$0 != \"\\r\") ; getline; sub(/\\r/, \"\"); print; if (++n == all) exit }" <&3' >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

to_stream()
{
	block to-jetstream to-jetstream
	here to-jetstream localhost/4222 "127.0.0.1/$PORT"
}

@test "nats: JetStream, the server stopped and killed" {
	nats "${unhurried[@]}"
	stream
	block to
	to_stream
	thirds
	troubles
	had
	exact
	counted
}

@test "nats: JetStream, and weir killed, with a spool" {
	nats "${unhurried[@]}"
	stream
	block to
	to_stream
	weir_dies_too
	had
	exact
	counted
}

@test "nats: a subscriber whose reader stands still stays connected, and what is lost is counted" {
	nats 'max_pending: 1MB' 'write_deadline: "2s"'
	local many=$((RECORDS * (LONG ? 1 : 10)))
	# Without it: cut off.
	(exec 4<>"/dev/tcp/127.0.0.1/$PORT"
		printf 'CONNECT {"verbose":false}\r\nSUB ticks 1\r\n' >&4
		: >on
		cat gate
		cat <&4) >direct 3>&- &
	local direct=$!
	until_true test -e on
	publish 1 "$many"
	until_true grep -q 'Slow Consumer' server.log
	release gate
	wait "$direct"
	(($(grep -c ^MSG direct) < many))

	block subscribe
	here recipe localhost/4222 "127.0.0.1/$PORT"
	program reader 'cat gate; cat >got'
	follow_on
	until_true listened
	flood "$many"
	is "$(grep -c 'Slow Consumer' server.log)" 1 "those who were cut off"
	drops_exactly "$many"
	figure published "$many" 'without weir' "$(grep -c ^MSG direct)" 'with it, in' "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}

listened()
{
	curl -s "http://127.0.0.1:$MONITOR/subsz?subs=1" | grep -q '"subject": "ticks"'
}

# publish FIRST LAST: 100 bytes each, and the server has read them
publish()
{
	(exec 4<>"/dev/tcp/127.0.0.1/$PORT"
		{ printf 'CONNECT {"verbose":false}\r\n'; seq "$1" "$2" | awk '{ printf "PUB ticks 99\r\n%099d\r\n", $1 }'; printf 'PING\r\n'; } >&4
		sed '/^PONG/q' <&4 >/dev/null)
}

@test "nats: a consumer of JetStream pulls, and acknowledges what it has handed on" {
	nats
	stream
	block to
	to_stream
	program producer 'seq 5000'
	follow
	block from
	block pull pull
	here pull localhost/4222 "127.0.0.1/$PORT"
	program reader 'cat >got'
	follow_on
	ask '.out.records == 5000'
	server_dies
	followed
	same got <(seq 5000)
}
