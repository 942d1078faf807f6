#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/grpc.md, with a server of python3-grpcio.

load brokers

page=$top_srcdir/docs/recipes/grpc.md

# grpc [WORD]...
grpc()
{
	needs_python grpc
	free_port
	serve_port /usr/bin/python3 "$BATS_TEST_DIRNAME/grpc_server.py" "$PORT" taken "$@"
	cp "$top_srcdir/docs/examples/grpc_records.py" .
}

at_port()
{
	here recipe localhost:50051 "127.0.0.1:$PORT"
}

had()
{
	cut -f 2 taken >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "grpc: each record answered, the server stopped and killed" {
	grpc
	block to
	at_port
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "grpc: and weir killed, with a spool" {
	grpc
	block to
	at_port
	weir_dies_too
	had
	at_least_once
	counted
}

@test "grpc: RESOURCE_EXHAUSTED again and again, and what is rejected is dropped" {
	grpc quota=700
	block to
	at_port
	sed -i 's/--restart/& --backoff=1ms..10ms/' recipe
	program producer 'seq 1500; echo POISON; seq 1501 3000'
	follow 5
	had
	RECORDS=3000
	at_least_once
	(($(of reader.failures) >= 4)) || fail "$(of reader.failures) failures"
	is "$(<dead.txt)" POISON
	is "$(of dropped.records)" 1
}

@test "grpc: a server that grants no window: what it does not take is dropped in weir, and what is out arrives" {
	grpc "hold=$PWD/granted"
	block feed
	at_port
	program producer "seq -f %0999.0f $((RECORDS + 5000))"
	follow_on
	ask ".in.records == $RECORDS + 5000 and .dropped.records > 0"
	[[ ! -s taken ]]
	: >granted
	followed
	is "$(wc -l <taken)" "$(of out.records)" "what the server has"
	is "$(<out)" "$(of out.records)" "what the server says"
	is "$(($(of out.records) + $(of dropped.records)))" $((RECORDS + 5000)) "out and dropped"
	is "$(tail -n 1 taken | sed 's/^0*//')" $((RECORDS + 5000))
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'the server has' "$(wc -l <taken)"
}

@test "grpc: the server of a call whose reader stands still does not wait, and what is lost is counted" {
	grpc
	block from
	at_port
	seq -f %0999.0f "$RECORDS" >subscription
	program reader 'cat gate; cat >got'
	follow_on
	ask ".in.records == $RECORDS and .dropped.records > 0"
	is "$(wc -l <taken)" "$RECORDS" "what the server has been through"
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" "$RECORDS" "out and dropped"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}
