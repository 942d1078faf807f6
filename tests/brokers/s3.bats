#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/s3.md, with a stand-in.

load brokers

page=$top_srcdir/docs/recipes/s3.md

# store WORD...
store()
{
	needs gzip
	free_port
	serve_port "$HELPERS/endpoint" "$PORT" "$@"
	reach curl localhost:9000 "127.0.0.1:$PORT"
	export KEY=key SECRET=secret
	mkdir objects
}

# What is uploaded at once, here in less time.
upload()
{
	block to
	block upload upload
	((LONG)) || sed -i 's/--batch=50000,/--batch=1000,/' recipe
	sed -i 's/--linger=1min/--linger=1s/; s/--timeout=5min/& --backoff=1ms..100ms/' recipe
}

had()
{
	cat objects/*.gz | gzip -dc | cut -f 2 >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "s3: a batch is an object; the store busy, stopped and killed" {
	store busy=5
	upload
	thirds
	troubles
	had
	exact
	counted objects "$(ls objects | wc -l)"
}

@test "s3: and weir killed, with a spool" {
	store busy=5
	upload
	weir_dies_too
	had
	exact
	counted objects "$(ls objects | wc -l)"
}

@test "s3: an object is read at a rate" {
	store
	seq 5000 | gzip -c >day.gz
	block from
	program reader 'cat >got'
	program curl 'exec cat day.gz'
	follow
	same got <(seq 5000)
}
