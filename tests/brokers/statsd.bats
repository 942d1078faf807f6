#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/statsd.md, with a receiver that writes down what comes.

load brokers

page=$top_srcdir/docs/recipes/statsd.md

# receiver: each datagram goes to ./had
receiver()
{
	needs socat
	free_port
	serve socat -u "UDP-RECV:$PORT,bind=127.0.0.1,rcvbuf=4194304" "OPEN:had,creat,append"
	block send send
	here send localhost/8125 "127.0.0.1/$PORT"
	until_true heard
	: >had
}

heard()
{
	echo hello >"/dev/udp/127.0.0.1/$PORT"
	[[ -s had ]]
}

# settled: all that was sent before is there
settled()
{
	echo end >"/dev/udp/127.0.0.1/$PORT"
	grep -q end had
}

# A datagram each, and so few at once that the socket holds them.
@test "statsd: a receiver that stands still loses nothing that is not counted" {
	needs socat
	free_port
	block from
	here recipe 8125 "$PORT"
	program reader 'cat gate; cat >got'
	sed -i 's/-m 16M/-m 64K/' recipe
	follow_on
	until_true bound
	local sent
	for ((sent = 0; sent < 3000; sent += 100)); do
		seq -f 'name.%0499.0f:1|c' $((sent + 1)) $((sent + 100)) | while IFS= read -r line; do printf '%s\n' "$line"; done >"/dev/udp/127.0.0.1/$PORT"
		ask ".in.records == $sent + 100"
	done
	kill -TERM "$(pgrep -g "$(<recipe.pid)" -x socat)"
	release gate
	followed
	is "$(wc -l <got)" "$(of out.records)" "what the receiver has"
	is "$(($(of out.records) + $(of dropped.records)))" 3000 "out and dropped"
	(($(of dropped.records) > 0))
	like "$(tail -n 1 got)" '^name\.0*3000:1.c$'
}

# bound: somebody has the port
bound()
{
	grep -qi "^ *[0-9]*: 0100007F:$(printf %04X "$PORT") " /proc/net/udp
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "statsd: gauges, each name's last value arrives" {
	receiver
	block gauges
	program producer "awk 'BEGIN { for (i = 1; i <= $RECORDS; i++) print \"name\" i % 100 \":\" i \"|g\" }'"
	follow
	until_true settled
	is "$(grep -v -e end -e hello had | wc -l)" "$(of out.records)" "datagrams"
	is "$(sed -n 's/^name\([0-9]*\):\([0-9]*\)|g/\1 \2/p' had | awk '{ last[$1] = $2 } END { for (k in last) if (last[k] > '"$RECORDS"' - 100) n++; print n }')" 100 \
		"names of which the last value is there"
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)" datagrams "$(grep -c g had)"
}

@test "statsd: counts, a tenth of them, and the sum is near" {
	receiver
	block counts
	program producer "yes 'hits:1|c' | head -n $RECORDS"
	follow
	until_true settled
	local sent
	sent=$(grep -c '^hits:1|c|@0.1$' had)
	is "$sent" "$(of out.records)" "datagrams"
	# Five standard deviations: the square root of N * 0.1 * 0.9.
	awk -v n="$RECORDS" -v sent="$sent" 'BEGIN { d = sent - n / 10; exit d * d > 25 * n * 0.09 }' || fail "$sent of $RECORDS"
	figure in "$(of in.records)" sent "$sent" 'reckoned up' $((sent * 10))
}
