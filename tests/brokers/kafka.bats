#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/kafka.md, with the mock cluster of librdkafka.

load brokers

page=$top_srcdir/docs/recipes/kafka.md

setup_file()
{
	${CC:-cc} -O2 -Wall -Werror -o "$BATS_FILE_TMPDIR/mock_kafka" "$BATS_TEST_DIRNAME/mock_kafka.c" -lrdkafka 2>"$BATS_FILE_TMPDIR/said" || :
}

# kafka: the cluster, and who writes all of its log to ./taken: number, tab, record
kafka()
{
	needs kcat
	local mock=$BATS_FILE_TMPDIR/mock_kafka
	[[ -x $mock ]] || skip "the mock cluster cannot be compiled: $(tail -n 1 "$BATS_FILE_TMPDIR/said")"
	serve "$mock" port
	until_true test -s port
	PORT=$(<port)
	reach kcat localhost:9092 "127.0.0.1:$PORT"
	: >taken
	bg consume 2>consumer.log
}

# It ends when its broker is gone; the next goes on where it was.
consume()
{
	while [[ ! -e over ]]; do
		PATH=$OLD_PATH kcat -C -b "127.0.0.1:$PORT" -t log -q -u -o "$(wc -l <taken)" -f '%k\t%s\n' >>taken || nap
	done
}

# A broker that dies is down with its connections, and comes up with its log.
server_dies()
{
	kill -USR1 "$SERVER"
	kill -CONT "$SERVER"
}

server_is_back()
{
	kill -USR2 "$SERVER"
}

# had COLUMN: of what is in the log up to now
had()
{
	PATH=$OLD_PATH kcat -P -b "127.0.0.1:$PORT" -t log -X message.timeout.ms=60000 <<<end
	until_true grep -q 'end$' taken
	grep -v 'end$' taken | cut -f 2 >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

# As the page has it, but not faster than who reads the log, of which the mock keeps 5 MB; and in short batches, so that a broker that
# stands still has some of them before it.
slower()
{
	sed -i 's/weir /weir -L 40k\/s /' recipe
	((LONG)) || sed -i 's/--batch=10000,/--batch=1000,/; s/message.timeout.ms=60000/message.timeout.ms=1000/' recipe
}

@test "kafka: batches, the broker stopped and down" {
	kafka
	block to
	slower
	sed -i 's/message.timeout.ms=[0-9]*/message.timeout.ms=1000/' recipe
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "kafka: and weir killed, with a spool" {
	kafka
	block to
	slower
	FLIGHT=$((LONG ? 10000 : 1000)) weir_dies_too
	had
	at_least_once
	counted
}

@test "kafka: more than it takes: what is out is what it has" {
	kafka
	block overload
	program producer "seq $RECORDS; seq -f '%.0f.$(printf %0200d 0)' 50000"
	server_stops
	follow_on
	ask ".in.records == $RECORDS + 50000 and .dropped.records > 0"
	server_goes_on
	followed
	had
	is "$(wc -l <had)" "$(of out.records)" "what the broker has"
	is "$(($(of out.records) + $(of dropped.records)))" $((RECORDS + 50000)) "out and dropped"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'the server has' "$(wc -l <had)"
}

@test "kafka: each batch is a transaction" {
	kafka
	block transaction
	slower
	program producer 'seq 3000'
	follow
	had
	RECORDS=3000
	exact
	is "$(grep -c 'Transaction successfully committed' err)" 3 "transactions"
}

# What Java's clients make of them is in the tests of Kafka itself: their murmur2 of these keys, of four partitions.
@test "kafka: keys go where those of Java's clients go" {
	kafka
	block keyed
	program producer "printf '%s\\t&\\n' 21 foobar abc a-little-bit-long-string a-little-bit-longer-string"
	follow
	PATH=$OLD_PATH timeout "$PATIENCE" kcat -C -b "127.0.0.1:$PORT" -t joined -q -e -f '%p %k\n' >divided
	same <(sort divided) <(sort <<-END
		0 21
		2 foobar
		3 abc
		0 a-little-bit-long-string
		3 a-little-bit-longer-string
	END
	)
}

# The mock forms a group in half of a session's time.
@test "kafka: one of a group goes on behind what it has committed" {
	kafka
	reach kcat localhost:9092 "127.0.0.1:$PORT" -X session.timeout.ms=6000 -X heartbeat.interval.ms=200
	block group
	program reader 'cat >>got'
	local last
	for last in 2000 5000; do
		seq $((last == 2000 ? 1 : 2001)) $last | PATH=$OLD_PATH kcat -P -b "127.0.0.1:$PORT" -t log
		follow_on
		ask ".out.records == $((last == 2000 ? 2000 : 3000))"
		kill -TERM "$(pgrep -g "$(<recipe.pid)" -x kcat)"
		followed
	done
	same got <(seq 5000)
}

@test "kafka: a consumer whose reader stands still reads on, and what is lost is counted" {
	kafka
	block from
	local sent
	program reader 'cat gate; cat >got'
	PATH=$OLD_PATH kcat -P -b "127.0.0.1:$PORT" -t log <<<first
	follow_on
	for ((sent = 0; sent < RECORDS; sent += 10000)); do
		seq -f %099.0f $((sent + 1)) $((sent + 10000)) | PATH=$OLD_PATH kcat -P -b "127.0.0.1:$PORT" -t log
		ask ".in.records >= $sent + 10000"
	done
	kill -TERM "$(pgrep -g "$(<recipe.pid)" -x kcat)"
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" "$(of in.records)" "out and dropped"
	is "$(tail -n 1 got | sed 's/^0*//')" "$RECORDS"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}
