#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/bulk.md, with a stand-in.

load brokers

page=$top_srcdir/docs/recipes/bulk.md

# endpoint WORD...
endpoint()
{
	free_port
	serve_port "$HELPERS/endpoint" "$PORT" "$@"
	reach curl localhost:9200 "127.0.0.1:$PORT"
	block to
	block bulk bulk
	# As the page has it, in less time.
	sed -i 's/--timeout=2min/& --backoff=1ms..100ms/' recipe
}

had()
{
	jq -r .n <<<"$(cut -f 2 stored)" >had
}

# documents: the producer's numbers become documents
documents()
{
	mv bin/producer bin/numbers
	printf '#!/bin/bash\nnumbers | sed -u "/^[0-9]/s/.*/{\\"n\\":&}/"\n' >bin/producer
	chmod +x bin/producer
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "bulk: busy, full for some, stopped and killed" {
	endpoint busy=7 full=1999
	thirds
	documents
	troubles
	had
	exact
	counted
}

@test "bulk: and weir killed, with a spool" {
	endpoint busy=7
	eval "thirds_$(declare -f program)"
	program()
	{
		thirds_program "$@"
		documents
	}
	weir_dies_too
	had
	exact
	counted
}

@test "bulk: what is too large is halved, what is refused is alone in the dead letters" {
	endpoint limit=20000
	program producer "seq 700; echo '\"POISON\"'; seq 701 1500; printf '\"%030000d\"\n' 0"
	documents
	follow 5
	had
	RECORDS=1500
	exact
	is "$(wc -l <dead.txt)" 2
	is "$(head -n 1 dead.txt)" '"POISON"'
	is "$(of dropped.records)" 2
}
