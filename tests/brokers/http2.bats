#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/http2.md, with the HTTP/2 server of node.

load brokers

page=$top_srcdir/docs/recipes/http2.md

server()
{
	needs node curl
	curl --version | grep -q HTTP2 || skip "this curl knows no HTTP/2"
	free_port
	serve_port node "$BATS_TEST_DIRNAME/h2.js" "$PORT" taken "$RECORDS"
	reach curl localhost:8080 "127.0.0.1:$PORT"
}

had()
{
	cut -f 2 taken >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "http2: batches, the server stopped and killed" {
	server
	block to
	block post post
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "http2: and weir killed, with a spool" {
	server
	block to
	block post post
	weir_dies_too
	had
	at_least_once
	counted
}

@test "http2: a stream, the server stopped: what gives no window is dropped in weir, and what is out arrives" {
	server
	block stream
	program producer "seq -f %0999.0f 5000; cat gate; seq -f %0999.0f 5001 $((RECORDS + 5000))"
	follow_on
	ask '.out.records >= 1'
	server_stops
	release gate
	ask ".in.records == $RECORDS + 5000 and .dropped.records > 0"
	server_goes_on
	followed
	is "$(wc -l <taken)" "$(of out.records)" "what the server has"
	is "$(($(of out.records) + $(of dropped.records)))" $((RECORDS + 5000)) "out and dropped"
	is "$(tail -n 1 taken | sed 's/^0*//')" $((RECORDS + 5000))
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'the server has' "$(wc -l <taken)"
}

@test "http2: the server of a stream whose reader stands still does not wait, and what is lost is counted" {
	server
	block from
	program reader 'cat gate; cat >got'
	follow_on
	ask ".in.records == $RECORDS and .dropped.records > 0"
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" "$RECORDS" "out and dropped"
	is "$(tail -n 1 got | sed 's/^0*//')" "$RECORDS"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}
