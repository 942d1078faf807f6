#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/amqp.md, with a small broker of AMQP 1.0, and in the long form with RabbitMQ.

load brokers

page=$top_srcdir/docs/recipes/amqp.md

# broker [WORD]...: with words it is the small one, which can do what they say
broker()
{
	needs_python proton
	free_port
	cp "$top_srcdir/docs/examples/amqp10.py" .
	if ((LONG)) && (($# == 0)); then
		rabbit rabbitmq_amqp1_0
	else
		serve_port /usr/bin/python3 "$BATS_TEST_DIRNAME/amqp_broker.py" "$PORT" "$@"
		# A message costs it some 200 us.
		((LONG)) || RECORDS=3000
	fi
}

# RabbitMQ listens before it answers: with what it can speak
served()
{
	printf 'AMQP\3\1\0\0' | timeout 5 bash -c "exec 2>/dev/null 3<>/dev/tcp/127.0.0.1/$PORT && cat >&3 && head -c 4 <&3" 2>/dev/null | grep -q AMQP
}

server_is_back()
{
	serve_port "${SERVED[@]}"
	until_true served
}

at_port()
{
	here recipe localhost:5672 "127.0.0.1:$PORT"
}

# had: what is in the queue; of RabbitMQ what a consumer is sent
had()
{
	if ((! LONG)); then
		cut -f 2 queue >had
		return
	fi
	local consumer
	printf 'end\tend\n' | ./amqp10.py send "127.0.0.1:$PORT" /queue/events >/dev/null
	bg ./amqp10.py receive "127.0.0.1:$PORT" /queue/events 1000 >all
	consumer=$BG
	PATIENCE=$((PATIENCE + LONG * 3600)) until_true grep -q '^end' all
	kill "$consumer"
	grep -v '^end' all | cut -f 2 >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "amqp: credits and dispositions, the broker stopped and killed" {
	broker
	block to
	at_port
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "amqp: and weir killed, with a spool" {
	broker
	block to
	at_port
	sed -i 's/^mkfifo/[ -p credits ] || &/' recipe
	# One that stands still before it has granted anything has nothing in flight.
	FIRST=$((RECORDS / 10)) weir_dies_too
	had
	at_least_once $((RECORDS - RECORDS / 10))
	counted
}

@test "amqp: what is rejected is dropped, and what is released is sent again" {
	broker credit=10 release=7
	block to
	at_port
	program producer 'seq 500; echo POISON; seq 501 1000; cat gate'
	follow_on
	ask '.in.records == 1001 and .out.records == 1000'
	release gate
	followed 5
	cut -f 2 queue >had
	RECORDS=1000
	exact
	is "$(<dead.txt)" POISON
	is "$(of dropped.records)" 1
	is "$(of redelivered.records)" 0
}

@test "amqp: a broker that grants no more: what it does not take is dropped in weir, and what is out is there" {
	broker credit=50
	block overload
	at_port
	program producer "seq 1000; cat gate; seq -f '%.0f.$(printf %0999d 0)' 5000; cat gate"
	follow_on
	ask '.out.records == 1000'
	server_stops
	release gate
	ask '.in.records == 6000 and .dropped.records > 0'
	(($(of in_flight.records) <= 50)) || fail "$(of in_flight.records) are on their way"
	server_goes_on
	release gate
	followed
	is "$(wc -l <queue)" "$(of out.records)" "what the broker has"
	is "$(($(of out.records) + $(of dropped.records)))" 6000 "out and dropped"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" 'the server has' "$(wc -l <queue)"
}

@test "amqp: a consumer grants, and accepts what it has handed on" {
	broker
	block from
	at_port
	seq 3000 | sed 's/.*/&\t&/' | ./amqp10.py send "127.0.0.1:$PORT" /queue/events >/dev/null
	program reader 'cat >got'
	follow_on
	ask '.out.records == 3000'
	server_dies
	followed
	same <(cut -f 1 got) <(seq 3000)
}

@test "amqp: a consumer whose reader stands still reads on, and what is lost is counted" {
	broker
	block newest
	at_port
	seq -f "%0999.0f" 3000 | ./amqp10.py send "127.0.0.1:$PORT" /queue/events >/dev/null
	program reader 'cat gate; cat >got'
	sed -i 's/-m 1M/-m 64K/' recipe
	follow_on
	ask '.in.records == 3000'
	drops_exactly 3000
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}
