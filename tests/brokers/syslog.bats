#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/syslog.md, with an rsyslog.

load brokers

page=$top_srcdir/docs/recipes/syslog.md

# rsyslog CONFIGURATION: what comes at PORT goes to that
rsyslog()
{
	needs rsyslogd mawk logger
	free_port
	mkdir -p work
	cat >rsyslog.conf <<-END
		global(workDirectory="$PWD/work" processInternalMessages="off")
		module(load="imptcp")
		input(type="imptcp" address="127.0.0.1" port="$PORT")
		template(name="message" type="string" string="%msg%\n")
		$1
	END
	serve_port rsyslogd -n -iNONE -f rsyslog.conf
	reach logger 514 "$PORT"
}

# The first message may come before the file is there.
arrived()
{
	[[ -e had ]] && (($(wc -l <had) >= $1))
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "syslog: logger, the server stopped: what is out arrives" {
	rsyslog "action(type=\"omfile\" file=\"$PWD/had\" template=\"message\")"
	block to
	thirds
	follow_on
	ask ".out.records == $A"
	server_stops
	release gate
	# The producer is behind the gate: one that has not seen its end yet takes the next opening for the same, and waits for ever.
	ask ".in.records == $B"
	server_goes_on
	release gate
	followed
	until_true arrived "$RECORDS"
	exact
	counted
}

@test "syslog: logger, the server killed: what is out and has not arrived is lost" {
	rsyslog "action(type=\"omfile\" file=\"$PWD/had\" template=\"message\" ioBufferSize=\"4k\")"
	block to
	program producer "seq $RECORDS; cat gate"
	follow_on
	ask ".out.records >= $((RECORDS / 2))"
	server_dies
	until_true may_go_on
	server_is_back
	release gate
	followed
	is "$(of out.records)" "$RECORDS"
	program settled "logger -T -n localhost -P 514 -t app end"
	bin/settled
	until_true grep -q end had
	sed -i '/^[ ]*[0-9][0-9]*$/!d' had
	twice
	((MISSING >= 0))
	counted
}

# What has not been sent is not, or all of it was.
may_go_on()
{
	gone_or_zombie "$(<pid)" || { snapshot && snap '.reader.failures > 0 or .held.records == 0'; } 2>/dev/null
}

# feed N: to rsyslog, as others would
feed_messages()
{
	seq "$1" | logger -T -n localhost -P 514 -t app
}

# configured: the block in ./conf, with the template that has the message alone
configured()
{
	sed -i "s|RSYSLOG_FileFormat|message|; s|/usr/local/bin/|$PWD/bin/|g; s|/var/log/weir.log|$PWD/report|" conf
	cat conf
}

@test "syslog: omprog and a reader that stands still: rsyslog does not wait, and what is lost is counted" {
	program reader "cd $PWD && cat gate && sed 's/^ //' >got; : >over"
	sed -i 's/ --report="[^"]*"//' bin/weir
	block omprog conf
	sed -i 's/-m 16M/-m 64K/' conf
	rsyslog "$(configured)"
	feed_messages "$RECORDS"
	feed_messages "$RECORDS"
	until_true test -e pid
	ask ".in.records == $((2 * RECORDS))"
	kill -KILL "$SERVER"
	release gate
	until_true test -e over
	FINAL=$(tail -n 1 report)
	is "$(wc -l <got)" "$(of out.records)" "what the reader has"
	is "$(($(of out.records) + $(of dropped.records)))" $((2 * RECORDS)) "out and dropped"
	is "$(tail -n 1 got)" "$RECORDS"
	(($(of dropped.records) > 0))
	figure in "$(of in.records)" out "$(of out.records)" dropped "$(of dropped.records)"
}

@test "syslog: omprog with confirmations: the reader killed, and weir" {
	# One at a time.
	local PATIENCE=$((PATIENCE + LONG * 3600)) RECORDS=$((LONG ? RECORDS : 3000))
	block deliver bin/deliver
	block confirmed bin/confirmed
	here bin/confirmed /var/spool/confirmed "$PWD"
	here bin/confirmed ./deliver "$PWD/bin/deliver"
	block confirm conf
	rsyslog "$(configured)"
	feed_messages "$RECORDS" 3>&- &
	local feeding=$!
	until_true done_lines $((RECORDS / 4))
	kill -KILL "$(pgrep -f "mawk.*done.txt" -s "$(ps -o sid= -p "$(<pid)" | tr -d ' ')" | head -n 1)"
	until_true done_lines $((RECORDS / 2))
	kill -KILL "$(<pid)"
	until_true done_lines "$RECORDS"
	wait "$feeding"
	until_true done_has "$RECORDS"
	sed 's/^ //' done.txt >had
	twice
	is "$MISSING" 0 "records that were not done"
	((TWICE <= 2)) || fail "$TWICE twice"
	figure sent "$RECORDS" done "$(wc -l <had)" missing "$MISSING" twice "$TWICE"
}

done_lines()
{
	[[ -e done.txt ]] && (($(wc -l <done.txt) >= $1))
}

done_has()
{
	grep -qxE " ?$1" done.txt
}
