#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/kinesis.md, with a stand-in for what goes there, and kinesalite.

load brokers

page=$top_srcdir/docs/recipes/kinesis.md

# kinesis [WORD]...
kinesis()
{
	needs node curl jq
	free_port
	serve_port node "$BATS_TEST_DIRNAME/kinesis.js" "$PORT" taken "$@"
	to_it
	# As the page has it, in less time.
	sed -i 's/--timeout=2min/& --backoff=1ms..100ms/' recipe
	program sleep :
	# Three programs for each 500 records.
	((LONG)) || RECORDS=6000
}

to_it()
{
	export KEY=key SECRET=secret URL=http://127.0.0.1:$PORT
	block to
	block put-records put-records
}

had()
{
	cut -f 2 taken >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "kinesis: some fail for themselves, calls fail, stopped and killed" {
	kinesis full=177 busy=11
	thirds
	troubles
	had
	at_least_once
	# What was taken is not sent again because others failed: only what was under way is there twice.
	((TWICE <= 1000)) || fail "$TWICE twice"
	counted
}

@test "kinesis: and weir killed, with a spool" {
	kinesis full=177
	weir_dies_too
	had
	at_least_once
	counted
}

@test "kinesis: one of four fails each time, and nothing is there twice" {
	kinesis full=4
	program producer "seq 2000"
	follow
	had
	RECORDS=2000
	exact
	is "$(of reader.failures)" 0
}

@test "kinesis: no call is too large, and what is too large for itself is alone in the dead letters" {
	kinesis
	program producer "seq 300; seq -f '%.0f	$(printf %09999d 0)' 301 1500; printf '%01048576d\n' 0; seq 1501 2000"
	follow 5
	had
	RECORDS=2000
	exact
	is "$(wc -lc <dead.txt | tr -s ' ' ' ' | sed 's/^ //')" "1 1048577" "the dead letters"
	is "$(of dropped.records)" 1
}

# In the stream log of two shards, and read back from both, with a break.
@test "kinesis: kinesalite takes it, and it is fetched, from where it was left" {
	needs node curl jq kinesalite
	free_port
	serve_port kinesalite --port "$PORT" --createStreamMs 0
	to_it
	program producer 'seq 1200'
	program sleep :
	sent CreateStream '{"StreamName":"log","ShardCount":2}'
	until_true active
	follow
	block from
	block fetch fetch
	program reader 'cat >>got'
	# The third time it has nothing to do: it ends with the server, as it would with any error.
	sed 's/^while.*/for n in 1 2 3 4; do/' fetch >four
	chmod +x four
	mv fetch fetch.page
	mv four fetch
	follow
	(($(wc -l <got) == 400)) || fail "$(wc -l <got) of one shard at once"
	mv fetch.page fetch
	follow_on
	until_true read_it shardId-000000000000
	tell TERM "$(pgrep -g "$(<recipe.pid)" -f ./fetch | head -n 1)"
	followed
	sed -i s/000000000000/000000000001/ recipe
	follow_on
	until_true read_it shardId-000000000001
	tell TERM "$(pgrep -g "$(<recipe.pid)" -f ./fetch | head -n 1)"
	followed
	cut -f 2 got >had
	RECORDS=1200
	exact "$(of out.records)"
}

sent()
{
	curl -sS --aws-sigv4 aws:amz:eu-central-1:kinesis --user "$KEY:$SECRET" -H 'Content-Type: application/x-amz-json-1.1' \
		-H "X-Amz-Target: Kinesis_20131202.$1" -d "$2" "$URL"
}

active()
{
	sent DescribeStream '{"StreamName":"log"}' | grep -q '"StreamStatus":"ACTIVE"'
}

# read_it SHARD: what it remembers is the last of that shard
read_it()
{
	local iterator
	[[ -s $1 ]] || return
	iterator=$(sent GetShardIterator '{"StreamName":"log","ShardId":"'"$1"'","ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"'"$(<"$1")"'"}' | jq -r .ShardIterator)
	sent GetRecords '{"ShardIterator":"'"$iterator"'"}' | jq -e '.Records == []' >/dev/null
}
