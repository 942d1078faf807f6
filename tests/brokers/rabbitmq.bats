#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/rabbitmq.md, with garagemq, and in the long form with RabbitMQ.

load brokers

page=$top_srcdir/docs/recipes/rabbitmq.md

# broker: a garagemq, or in the long form RabbitMQ
broker()
{
	needs garagemq amqp-publish amqp-consume
	free_port
	local program
	for program in publish consume declare-queue get; do
		reach amqp-$program '' ''
		sed -i "s/ \"\${@/ --server=127.0.0.1 --port=$PORT \"\${@/; s/\${@\/\/[^}]*}/\$@/" bin/amqp-$program
	done
	if ((LONG)); then rabbit; else garage; fi
}

garage()
{
	sed "s/port: 5672/port: $PORT/; s/port: 15672/port: $((PORT + 1))/; s|/var/lib/garagemq/db|$PWD/db|" /etc/garagemq/config.yaml >garage.yaml
	serve_port garagemq --config garage.yaml
}

served()
{
	amqp-declare-queue -d -q events >/dev/null 2>&1
}

server_is_back()
{
	serve_port "${SERVED[@]}"
	until_true served
}

taker()
{
	block take take
	block consume consume
	: >taken
	bg bash ./consume
}

# A message that was taken, and the broker killed before it knew of it, is delivered again: one, as the consumer has it, of a batch.
AGAIN=1000

had()
{
	: >stop
	cut -f 2 taken >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "rabbitmq: who takes it answers; the broker stopped and killed" {
	broker
	taker
	block to
	block deliver deliver
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "rabbitmq: and weir killed, with a spool" {
	broker
	taker
	block to
	block deliver deliver
	weir_dies_too
	had
	at_least_once
	counted
}

@test "rabbitmq: a consumer whose reader stands still reads on, and what is lost is counted" {
	broker
	block from
	amqp-declare-queue -d -q lines >/dev/null
	seq -f %0999.0f 3000 | amqp-publish -l -r lines
	program reader 'cat gate; cat >got'
	sed -i 's/-m 1M/-m 64K/' recipe
	follow_on
	ask '.in.records == 3000'
	drops_exactly 3000
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}
