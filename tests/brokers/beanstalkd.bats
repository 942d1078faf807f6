#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/beanstalkd.md, with a beanstalkd.

load brokers

page=$top_srcdir/docs/recipes/beanstalkd.md

# queue: a server that has on disk what it has said it has
queue()
{
	needs beanstalkd mawk
	free_port
	mkdir jobs
	serve_port beanstalkd -l 127.0.0.1 -p "$PORT" -b jobs -F
	block put put
	here put localhost/11300 "127.0.0.1/$PORT"
}

# had: what is in the tube, to ./had: taken out, and that is the end of it
had()
{
	local jobs
	jobs=$(timeout 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT; printf 'stats-tube events\r\nquit\r\n' >&3; cat <&3" | sed -n 's/current-jobs-ready: //p' | tr -d '\r')
	# shellcheck disable=SC2016
	timeout 600 bash -c 'exec 3<>/dev/tcp/127.0.0.1/'"$PORT"'; { printf "watch events\r\n"; yes "reserve-with-timeout 0"$'\''\r'\'' | head -n '"$jobs"'; printf "quit\r\n"; } >&3 &
		grep -A 1 ^RESERVED <&3' | sed -n 's/^[0-9]* \([0-9]*\)\r$/\1/p' >had
	is "$(wc -l <had)" "$jobs" "jobs"
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "beanstalkd: answers in order, the server stopped and killed" {
	queue
	block to
	thirds
	troubles
	had
	at_least_once
	counted
}

@test "beanstalkd: and weir killed, with a spool" {
	queue
	block to
	weir_dies_too
	had
	at_least_once
	counted
}

@test "beanstalkd: what is too big is a dead letter" {
	needs_patterns
	queue
	block to
	program producer 'seq 10; printf "%070000d\n" 0; seq 11 20'
	follow 5
	had
	is "$(sort -n had | paste -sd ' ')" "$(seq -s ' ' 20)"
	is "$(wc -c <dead.txt)" 70001
	is "$(of out.records)" 20
}

@test "beanstalkd: jobs are taken and deleted" {
	queue
	block to
	program producer 'seq 5000'
	follow
	block from
	block take take
	here take localhost/11300 "127.0.0.1/$PORT"
	program reader 'cat >got'
	follow_on
	ask '.out.records == 5000'
	server_dies
	followed
	same <(cut -d ' ' -f 2 got) <(seq 5000)
}
