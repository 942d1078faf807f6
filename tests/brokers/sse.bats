#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/sse.md, with a stand-in.

load brokers

page=$top_srcdir/docs/recipes/sse.md

# model EVENTS
model()
{
	free_port
	serve_port "$HELPERS/endpoint" "$PORT" "events=$1"
	reach curl localhost:8080 "127.0.0.1:$PORT"
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "sse: a reader that stands still cancels upstream" {
	model 100000000
	block from
	sed -i 's/--stall=30s/--stall=1s/' recipe
	program reader 'head -n 1 >got; cat gate'
	follow_on
	# weir is not the last of the pipeline, whose status it is that ends it.
	until_true grep -q '^gone after ' server.log
	release gate
	until_true has_ended
	is "$(<got)" 1
	FINAL=$(tail -n 1 report)
	final '.exit == {"status": 4, "reason": "stalled"}'
	figure 'events that were sent before the server knew' "$(sed -n 's/^gone after //p' server.log)" 'the reader got' 1
}

@test "sse: a reader that keeps up gets every event" {
	model "$RECORDS"
	block from
	program reader 'cat >got'
	follow
	same got <(seq "$RECORDS"; echo '[DONE]')
	figure events "$RECORDS" out "$(of out.records)"
}

@test "sse: a reader that comes back finds the newest" {
	model "$RECORDS"
	block newest
	program reader 'cat gate; cat >got'
	follow_on
	ask ".in.records == $RECORDS + 1"
	release gate
	followed
	is "$(tail -n 1 got)" '[DONE]'
	is "$(wc -l <got)" "$(of out.records)"
	is "$(($(of out.records) + $(of dropped.records)))" $((RECORDS + 1))
	figure events "$RECORDS" out "$(of out.records)" dropped "$(of dropped.records)"
}
