#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/recipes/postgresql.md, with a PostgreSQL.

load brokers

page=$top_srcdir/docs/recipes/postgresql.md

# database: a server, as another user where we are root, for it will not be root's
database()
{
	local bin
	needs psql setpriv
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
	[[ -x $bin/postgres ]] || skip "the server of PostgreSQL is not installed"
	free_port
	DATA=$(mktemp -d /tmp/weir-test.XXXXXX)
	AS=()
	if ((UID == 0)); then
		AS=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/)
		chown nobody:nogroup "$DATA"
	fi
	(cd / && "${AS[@]}" "$bin/initdb" -D "$DATA" -U weir -A trust --no-sync -E UTF8 --locale=C) >server.log 2>&1
	export PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=weir PGDATABASE=postgres
	serve_port "${AS[@]}" "$bin/postgres" -D "$DATA" -p "$PORT" -h 127.0.0.1 -k ''
	until_true ready
	block table
	bash ./recipe
}

ready()
{
	psql -qXc 'SELECT 1' >said 2>&1
}

eval "brokers_$(declare -f teardown)"
teardown()
{
	brokers_teardown
	[[ ${DATA-} != /tmp/weir-test.* ]] || { until_true nobody_writes; rm -rf "$DATA"; }
}

# Its children end by themselves when it has gone.
nobody_writes()
{
	! pgrep -f -- "-D $DATA" >/dev/null
}

# What it leaves says that it runs.
eval "brokers_$(declare -f server_dies)"
server_dies()
{
	brokers_server_dies
	rm -f "$DATA/postmaster.pid"
}

# What one that was killed has started holds its memory until it has noticed: then the next one ends at once.
server_is_back()
{
	until_true came_up
	until_true ready
}

came_up()
{
	serve "${SERVED[@]}"
	until_true answers_or_gone
	answers || { rm -f "$DATA/postmaster.pid"; return 1; }
}

had()
{
	psql -qXAtc 'SELECT line FROM event' >had
}

@test "each block of the page is run" {
	each_block_is_tested
}

@test "postgresql: batches, the server stopped and killed" {
	database
	block to
	block copy copy
	((LONG)) || sed -i 's/--batch=10000/--batch=1000/' recipe
	thirds
	troubles
	had
	exact
	counted
}

@test "postgresql: and weir killed, with a spool" {
	database
	block to
	block copy copy
	((LONG)) || sed -i 's/--batch=10000/--batch=1000/' recipe
	weir_dies_too
	had
	exact
	counted
}

@test "postgresql: lines are stored as they are; one that cannot be is alone in the dead letters" {
	database
	block to
	block copy copy
	program producer "seq 300; printf '%s\n' 'a\\b\"c' '\\.' '' 'x	y'; printf 'no \\377\n'; seq 301 600"
	follow 5
	is "$(psql -qXAtc "SELECT count(*), count(*) FILTER (WHERE line ~ '^[0-9]+\$') FROM event")" '604|600'
	is "$(psql -qXAtc "SELECT string_agg(line, '|' ORDER BY number) FROM event WHERE line !~ '^[0-9]+\$'")" $'a\\b"c|\\.||x\ty'
	is "$(cat dead.txt)" $'no \377'
	is "$(of out.records)" 604
}

@test "postgresql: a query into a pipe" {
	database
	psql -qXc 'INSERT INTO event SELECT n, n::text FROM generate_series(1, 5000) n'
	block from
	program reader 'cat >got'
	follow
	same got <(seq 5000)
}
