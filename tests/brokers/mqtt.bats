#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/mqtt.md, with a mosquitto.

load brokers

page=$top_srcdir/docs/recipes/mqtt.md

# broker [LINE]...: lines of its configuration
broker()
{
	needs mosquitto mosquitto_pub mosquitto_sub mawk stdbuf
	free_port
	printf '%s\n' "listener $PORT 127.0.0.1" 'allow_anonymous true' 'persistence false' "user $(id -un)" 'log_type subscribe' 'log_type error' "$@" >mosquitto.conf
	serve_port mosquitto -c mosquitto.conf
	reach mosquitto_pub '' '' -p "$PORT"
	reach mosquitto_sub '' '' -p "$PORT"
}

# listens TOPIC: somebody has subscribed to it
listens()
{
	grep -qE " [012] $1\$" server.log
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "mqtt: PUBACKs as answers, the broker stopped: nothing is anywhere else" {
	broker 'max_queued_messages 0'
	block puback
	mosquitto_sub -q 1 -c -i had -t sensors >had 3>&- &
	SERVING+=($!)
	until_true listens sensors
	A=$((RECORDS / 2))
	program producer "seq $A; cat gate; seq $((A + 1)) $RECORDS"
	follow_on
	ask ".out.records == $A"
	server_stops
	release gate
	ask ".in_flight.records == 20 and .out.records == $A"
	server_goes_on
	followed
	until_true grep -qx "$RECORDS" had
	exact
	counted
}

# It dies only when who waits for the answers has been connected: mosquitto_sub connects again, but not for the first time.
eval "brokers_$(declare -f server_dies)"
server_dies()
{
	until_true listens taken
	brokers_server_dies
}

# The next weir's answers come by a FIFO of their own, from who has to be connected, too.
anew()
{
	rm answers
	: >server.log
}

# taker: the one who takes runs, and had gets what he took
taker()
{
	block take take
	bg ./take
	until_true listens sensors
}

had()
{
	cut -f 2 taken >had
}

@test "mqtt: who takes it answers; the broker stopped and killed" {
	broker
	taker
	block to
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "mqtt: and weir killed, with a spool" {
	broker
	taker
	block to
	weir_dies_too anew
	had
	at_least_once
	counted
}

@test "mqtt: the broker drops what a subscriber does not take; with weir it is counted" {
	broker
	local many=$RECORDS flood=$((RECORDS * (LONG ? 1 : 5))) sent
	# Without it.
	mkfifo printed
	mosquitto_sub -t other/a >printed 3>&- &
	SERVING+=($!)
	(cat gate; exec cat) <printed >direct 3>&- &
	until_true listens other/a
	seq -f %099.0f "$flood" | mosquitto_pub -l -t other/a
	release gate
	until_true ends direct
	(($(wc -l <direct) < flood))
	kill "${SERVING[-1]}"

	: >server.log
	block from
	program reader 'cat gate; cat >got'
	follow_on
	until_true listens 'sensors/#'
	for ((sent = 0; sent < many; sent += 500)); do
		seq -f %099.0f $((sent + 1)) $((sent + 500)) | mosquitto_pub -l -t sensors/b
		ask ".in.records == $sent + 500"
	done
	kill -TERM "$(pgrep -g "$(<recipe.pid)" -x mosquitto_sub)"
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" "$many" "out and dropped"
	is "$(tail -n 1 got | sed 's/^0*//')" "$many"
	figure published "$flood" 'without weir' $(($(wc -l <direct) - 1)) "with it, of $many, in" "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}

ends()
{
	mosquitto_pub -t other/a -m end
	grep -qx end direct
}
