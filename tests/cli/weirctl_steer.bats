#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# weirctl with weirs that run: list, words, errors, stale sockets. Where figures have to be known a stand-in listens
# (tests/helpers/standin.c), which says what a file has.

load common
load standins
bats_require_minimum_version 1.5.0

REPORT='report {"name":"shop","elapsed_ns":1000000000,"policy":"drop-oldest","framing":"lines","in":{"records":10,"bytes":100},"out":{"records":4,"bytes":40},"held":{"records":5,"bytes":50}}'

@test "nobody is there: an empty list, and words for nobody" {
	needs_json
	ctl list
	is "$status:$output:$stderr" "0:PID      NAME                               IN          OUT         HELD  POLICY:"
	ctl report
	is "$status:$output:$stderr" "1::weirctl: no weir --control of this user runs"
	ctl -n shop pause
	is "$status:$output:$stderr" "1::weirctl: no weir --control is named shop; 'weirctl list' shows those there are"
	ctl -p 12 pause
	is "$status:$output:$stderr" "1::weirctl: no weir --control has process id 12; 'weirctl list' shows those there are"
	ctl -p 12 -n shop pause
	is "$stderr" "weirctl: no weir --control is named shop and has process id 12; 'weirctl list' shows those there are"
	[[ ! -e $SOCKETS ]] # and nothing was made
}

@test "list: a line each, by name; bytes where those are no records; one that does not answer holds up nobody" {
	needs_json
	says shop "$REPORT"
	says bytes 'report {"name":"bytes","elapsed_ns":1,"policy":"block","framing":"bytes","in":{"records":0,"bytes":9000000000}}'
	says mute 'report -'
	says junk 'report [1]'
	stand shop
	shop=$STOOD
	stand bytes
	bytes=$STOOD
	stand mute
	mute=$STOOD
	stand junk
	ctl list
	is "$status:$stderr" 0:
	is "$(sed -n 2p <<<"$output" | xargs)" "$bytes bytes 9000000000B 0B 0B block"
	is "$(sed -n 3p <<<"$output" | xargs)" "$STOOD junk - - - Protocol error"
	is "$(sed -n 4p <<<"$output" | xargs)" "$mute mute - - - no answer"
	is "$(sed -n 5p <<<"$output" | xargs)" "$shop shop 10 4 5 drop-oldest"
	is "${#lines[@]}" 5
}

@test "words go as they are given, and come back as they were" {
	says shop 'set {"ok":true}' 'pause {"ok":true}' 'report {"a": 1}'
	stand shop
	ctl set rate=5MB/s 'keep=a b' "policy=it's" 'interval=' '$HOME' a\"b\\
	is "$status:$output:$stderr" '0:{"ok":true}:'
	ctl -n shop -- set -x
	ctl pause
	ctl --pid="$STOOD" report
	is "$status:$output:$stderr" '0:{"a": 1}:'
	is "$(<shop.asked)" "set rate=5MB/s 'keep=a b' 'policy=it'\\''s' interval= '\$HOME' 'a\"b\\'
set -x
pause
report"
}

@test "an error is a message, and status 1" {
	needs_json
	says shop 'set {"error":"--rate: x: not a \"rate\"\u001b"}' 'tap {"error":"no"}'
	stand shop
	ctl set rate=x
	is "$status:$output:$stderr" "1::weirctl: shop ($STOOD): --rate: x: not a \"rate\"\\033"
	ctl tap in
	is "$status:$output:$stderr" "1::weirctl: shop ($STOOD): no"
}

@test "watch and tap: line by line, until the weir ends or nobody reads them" {
	says shop 'watch {"a":1}' 'watch {"a":2}' 'tap {"b":1}'
	stand shop
	ctl watch 1s
	is "$status:$output:$stderr" $'0:{"a":1}\n{"a":2}:'
	ctl tap out 1/10
	is "$status:$output:$stderr" '0:{"b":1}:'
	is "$(<shop.asked)" $'watch 1s\ntap out 1/10'
	run sh -c '"$1" watch 1s | :' sh "$top_builddir/weirctl"
	is "$status:$output" 0:
}

@test "several of a name: which is meant" {
	needs_json
	says shop 'pause {"ok":true}'
	stand shop
	first=$STOOD
	stand shop
	second=$STOOD
	cp shop.says other.says
	stand other
	both="shop ($first), shop ($second)"
	((first < second)) || both="shop ($second), shop ($first)"
	ctl pause
	is "$status:$output:$stderr" "1::weirctl: 3 weirs are meant: other ($STOOD), $both; -n NAME or -p PID says which"
	ctl -n shop pause
	is "$status:$output:$stderr" "1::weirctl: 2 weirs are meant: $both; -p PID says which"
	ctl -n shop -p "$first" pause
	is "$status:$output:$stderr" '0:{"ok":true}:'
	ctl -n other pause
	is "$status:$output:$stderr" '0:{"ok":true}:'
}

@test "a name is found as weir has made a socket's of it" {
	says a 'pause {"ok":true}'
	name='a/b "c"'
	: >a.asked
	bg "$HELPERS/standin" "$name" a.says a.asked >ready
	until_true test -s ready
	ctl -n "$name" pause
	is "$status:$output:$stderr" '0:{"ok":true}:'
	ctl -n a_b__c_ pause
	is "$status:$output:$stderr" '0:{"ok":true}:'
	ctl -n a_b pause
	is "$status" 1
}

@test "what a killed weir has left is removed, and nothing else" {
	needs_json
	says shop "$REPORT"
	stand shop
	falls "$STOOD"
	stale=shop.$STOOD
	stand shop
	: >"$SOCKETS/file.2147483646"
	: >"$SOCKETS/notes"
	[[ -S $SOCKETS/$stale ]]
	ctl list
	is "$status:$stderr" 0:
	is "${#lines[@]}" 2
	is "$(ls "$SOCKETS" | sort | xargs)" "file.2147483646 notes shop.$STOOD"
	falls "$STOOD"
	ctl -n shop report
	is "$status:$output" 1:
	is "$stderr" "weirctl: no weir --control is named shop; 'weirctl list' shows those there are"
	is "$(ls "$SOCKETS" | sort | xargs)" "file.2147483646 notes"
}

@test "one whose name has another process id than it has, as one in a container has: not shown, not asked, not removed" {
	needs_json
	[[ -e /proc/self/status ]] || skip "the system does not say who listens"
	says shop "$REPORT"
	stand shop
	mv "$SOCKETS/shop.$STOOD" "$SOCKETS/shop.$$"
	ctl list
	is "$status:${#lines[@]}:$stderr" 0:1:
	ctl report
	is "$status:$stderr" "1:weirctl: no weir --control of this user runs"
	[[ -S $SOCKETS/shop.$$ ]]
	is "$(<shop.asked)" ""
}

@test "a directory that others may use is not used" {
	needs_json
	mkdir -m 755 "$SOCKETS"
	for word in list report; do
		ctl $word
		is "$status:$output" 1:
		is "$stderr" "weirctl: $SOCKETS: not a directory of this user's alone; accepted: one of mode 0700"
	done
	rmdir "$SOCKETS"
	: >"$SOCKETS"
	ctl list
	is "$status:$stderr" "1:weirctl: $SOCKETS: Not a directory"
}

@test "top -b: a pipeline in its order, rates of a second, who waits for whom" {
	needs_json
	pipeline
	ctl top -b
	is "$status:$stderr" 0:
	is "$(awk '{ $(/^>/ ? 3 : 2) = "PID"; print }' <<<"$output")" "NAME PID POLICY IN/s OUT/s FILL AGE WAITS LEFT LOST BRK
zoo PID drop-oldest 2.0k 1.0k 99% 1.5s oooooooooo 0 0 -
> ant PID drop-oldest 1.0k 500 50% 1.5s oooooorrr. 7 100 -
> bee PID drop-oldest 500 499 1% 1.5s iiirrrrr.. 0 0 -
cow PID drop-oldest 0 0 0% 1.5s iiiiiiiiii 0 0 -"
}

@test "top in no terminal" {
	needs_json
	ctl top
	is "$status:$output" 1:
	like "$stderr" '^weirctl: top: (standard input and output have to be a terminal|this weirctl was built without ncurses); -b prints one table$'
}

# --- serve ------------------------------------------------------------------------------------------------------------------

# serves [ADDRESS]: sets URL
serves()
{
	needs_json
	command -v curl >/dev/null || skip "no curl"
	bg "$top_builddir/weirctl" serve --listen="${1:-127.0.0.1:0}" 2>serving
	SERVER=$BG
	until_true test -s serving
	! grep -q 'built without' serving || skip "$(<serving)"
	URL=$(grep -o 'http://.*/' serving)
	[[ $URL ]] || fail "$(<serving)"
}

# get [OPTION]... PATH: CODE, and the body in ./got, the head in ./head
get()
{
	CODE=$(curl -s --max-time "$PATIENCE" -o got -D head -w '%{http_code}' "${@:1:$#-1}" "$URL${*: -1}")
}

# stops [SIGNAL]
stops()
{
	kill "-${1:-TERM}" "$SERVER"
	ended_job "$SERVER"
}

@test "serve: a page for Prometheus, of all weirs" {
	pipeline
	serves
	get metrics
	is "$CODE" 200
	like "$(<head)" 'Content-Type: text/plain; version=0.0.4'
	for name in zoo ant bee cow; do
		# One weir's part of it is a page like weir's own: a family without samples of this one loses its heading.
		awk -v name="{name=\"$name\"," '/^# HELP/ { help = $0; next } /^# TYPE/ { type = $0; next }
			index($0, name) { if (type) print help "\n" type; type = ""; print }' got >one
		said=$(awk -f "$BATS_TEST_DIRNAME/prometheus.awk" one) || fail "$name: $said" "$(<one)"
		like "$(<one)" "weir_up\{name=\"$name\",policy=\"drop-oldest\",pid=\"[0-9]+\"\} 1"
	done
	is "$(grep -c '^# TYPE weir_in_records_total counter$' got)" 1
	if command -v promtool >/dev/null; then
		promtool check metrics <got >said 2>&1 || fail "$(<said)"
		is "$(<said)" ""
	fi
	stops
}

@test "serve: the page has each weir, in a drawing and in a table; and the pipeline's one who holds it up" {
	pipeline
	serves
	get ''
	is "$CODE" 200
	get '' # the second reports
	like "$(<head)" 'Content-Type: text/html; charset=utf-8'
	like "$(<head)" "Content-Security-Policy: default-src 'none'"
	for name in zoo ant bee cow; do
		is "$(grep -c "<h2>$name</h2>" got)" 1
		is "$(grep -c "<th scope=\"row\">$name</th>" got)" 1
	done
	is "$(grep -c '<section' got)" 2
	stops
}

@test "serve: nothing but to be read, and by nobody who was led here" {
	needs_json
	says shop "$REPORT"
	stand shop
	serves
	get healthz
	is "$CODE:$(<got)" 200:ok
	for path in favicon.ico metrics/ healthz/x '%2e%2e/etc/passwd' METRICS; do
		get "$path"
		is "$path:$CODE" "$path:404"
	done
	get 'metrics?x=1'
	is "$CODE" 200
	for method in POST PUT DELETE OPTIONS TRACE PATCH FOO; do
		get -X $method metrics
		is "$method:$CODE" "$method:405"
		like "$(<head)" 'Allow: GET, HEAD'
	done
	get -d x=1 metrics
	is "$CODE" 405
	get -I metrics
	is "$CODE:$(wc -c <got)" "200:$(wc -c <head)"
	for host in example.org 'example.org:80' '10.0.0.1' 'localhost.example.org' ''; do
		get -H "Host: $host" metrics
		[[ $CODE == 403 || $CODE == 400 ]] || fail "Host: $host: $CODE"
		unlike "$(<got)" shop
	done
	for host in localhost 'localhost:1' '127.0.0.1' '[::1]:9'; do
		get -H "Host: $host" metrics
		is "$host:$CODE" "$host:200"
	done
	is "$(sort -u shop.asked)" report # and nothing else was asked of it
	stops
}

@test "serve: clients that say nothing, or little, or too much, do not hold up the others" {
	says shop "$REPORT"
	stand shop
	serves
	address=${URL#http://} address=${address%/}
	fds=()
	for i in {1..20}; do
		exec {fd}<>"/dev/tcp/${address%:*}/${address#*:}"
		fds+=("$fd")
		printf 'GET /metrics HTT' >&"$fd"
	done
	get healthz
	is "$CODE" 200
	get -H "X: $(head -c 30000 /dev/zero | tr '\0' x)" metrics
	like "$CODE" '^4[0-9][0-9]$'
	get metrics
	is "$CODE" 200
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
	stops
}

@test "serve: a weir that stands still, one that comes, one that goes" {
	says shop "$REPORT"
	says mute 'report -'
	stand mute
	serves
	get metrics
	like "$(<got)" 'weir_up\{name="mute",policy="",pid="[0-9]+"\} 0'
	stand shop
	until_true sees 'weir_up{name="shop",policy="drop-oldest",pid="'
	falls "$STOOD"
	until_true misses 'name="shop"'
	stops
}

sees()
{
	get metrics && grep -qF "$1" got
}

misses()
{
	get metrics && ! grep -qF "$1" got
}

@test "serve: it ends by a signal, with status 0, and its port is free again" {
	for signal in TERM HUP; do
		serves
		get healthz
		is "$CODE" 200
		stops $signal
		is "$?" 0
		serves "${URL:7:-1}"
		get healthz
		is "$CODE" 200
		stops $signal
	done
}

@test "serve: on the loopback alone" {
	needs_json
	for address in 0.0.0.0:19347 '[::]:19347' 192.0.2.1:80 19347 127.0.0.1 127.0.0.1:65536 example.org:80 ''; do
		ctl serve --listen="$address"
		[[ $stderr != *"built without"* ]] || skip "$stderr"
		is "$status:$output" 2:
		is "$stderr" "weirctl: --listen: $address: not an address of the loopback; accepted: 127.0.0.1:PORT, [::1]:PORT or localhost:PORT, with a port from 0 to 65535"
	done
	serves
	ctl serve --listen="${URL:7:-1}"
	is "$status:$output:$stderr" "1::weirctl: --listen: ${URL:7:-1}: Address already in use"
	stops
}

# --- the real thing ---------------------------------------------------------------------------------------------------------

# weir_as NAME IN OUT [OPTION]...: in the background; its process id is in NAME.pid.
weir_as()
{
	# shellcheck disable=SC2016 # the other shell's
	bg sh -c 'name=$1 weir=$2; echo $$ >"$name.pid"; exec <"$3" >"$4"; shift 4; exec "$weir" --control --name="$name" "$@" 2>"$name.err"' \
		sh "$1" "$WEIR" "$2" "$3" "${@:4}"
}

# real_pipeline: head | middle, which lets out 1000 records in a second | tail
real_pipeline()
{
	mkfifo in between behind
	weir_as head in between -m 64K
	weir_as middle between behind -m 64K --rate=1000/s
	weir_as tail behind out
	# shellcheck disable=SC2016
	bg sh -c 'echo $$ >yes.pid; exec yes >in'
	until_true has_sockets 3
}

has_sockets()
{
	[[ $(find "$SOCKETS" -type s 2>/dev/null | wc -l) == "$1" ]]
}

# shows_all COMMAND REGEX...: what it prints matches each, in this order
shows_all()
{
	local regex=$2
	[[ $# -lt 3 ]] || regex+=$(printf '.*%s' "${@:3}")
	[[ $(eval "$1" 2>&1) =~ $regex ]]
}

@test "three weirs in a pipeline of which the middle is slow: top and the page say so" {
	real_pipeline
	serves
	# A reader who does not take it for a second is what most of it was spent on.
	until_true shows_all '"$top_builddir/weirctl" top -b' 'head [^>]* o{6,10}' '> middle [^>]* r{6,10}' '> tail .* i{6,10}'
	until_true shows_all 'get ""; cat got' '<b>middle</b> holds up <b>head</b>: [0-9]+% of the time, by its rate of 1000/s'
	is "$(grep -c '<section' got)" 1
	is "$(grep -o 'class="stage culprit"><h2>[a-z]*' got)" 'class="stage culprit"><h2>middle'
	stops
}

@test "a weir is told: set, pause, resume, purge, watch, tap, drain" {
	needs_json
	seq 1000000 >in
	mkfifo between
	bg sh -c 'exec cat between >got'
	weir_as shop in between --rate=100/s
	until_true has_sockets 1
	ctl set rate=1k/s buffer=64K
	is "$status:$output:$stderr" '0:{"ok":true}:'
	ctl report
	jq -e '.rate == "1000/s" and .buffer.capacity_bytes == 65536 and .event == "control"' <<<"$output"
	ctl set rate=soon
	is "$status:$output" 1:
	like "$stderr" "^weirctl: shop \\($(<shop.pid)\\): --rate=soon: not a rate; accepted: "
	ctl pause
	is "$status:$output" '0:{"ok":true}'
	ctl report
	jq -e .halted.now <<<"$output"
	ctl top -b
	like "$output" 'shop .* h{6,10} '
	ctl purge
	is "$status:$output" '0:{"ok":true}'
	ctl report
	jq -e '.dropped.by.purged.records > 0' <<<"$output"
	ctl resume
	is "$(timeout "$PATIENCE" "$top_builddir/weirctl" watch 10ms | head -n 3 | jq -s 'map(.event == "control") | all')" true
	like "$(timeout "$PATIENCE" "$top_builddir/weirctl" tap out | head -n 1)" '"record":"[0-9]+"'
	ctl set rate=50k/s
	ctl drain
	is "$status:$output" '0:{"ok":true}'
	until_true has_sockets 0
	ctl list
	is "${#lines[@]}" 1
}

@test "a weir that is stopped, one that is killed" {
	needs_json
	real_pipeline
	kill -STOP "$(<head.pid)"
	ctl list
	is "$status" 0
	like "$output" "$(<head.pid) +head +- +- +- +no answer"
	like "$output" "$(<tail.pid) +tail +[0-9]+ +[0-9]+ +[0-9]+ +block"
	kill -KILL "$(<head.pid)"
	until_true gone_or_zombie "$(<head.pid)"
	ctl -n head report
	is "$status" 1
	is "$stderr" "weirctl: no weir --control is named head; 'weirctl list' shows those there are"
	[[ ! -e $SOCKETS/head.$(<head.pid) ]]
}

@test "what cannot be asked: the word, and what is accepted" {
	usage()
	{
		local said=$1
		shift
		ctl "$@"
		is "$status:$output:$stderr" "2::weirctl: $said"
	}
	usage "set needs OPTION=VALUE...; accepted: an option of weir, without its hyphens, as rate=5MB/s" set
	usage "now: one too many for pause; accepted: nothing" pause now
	usage "watch needs TIME; accepted: how often, from 10ms on, as 1s" watch
	usage "x: one too many for tap; accepted: in|out [1/N]" tap in 1/2 x
	ctl pasue
	is "$status:$output" 2:
	like "$stderr" '^weirctl: pasue: no such word; did you mean pause\? accepted: .*list, .*spool$'
	usage "--pid: 0: not a process id; accepted: a whole number from 1 on" -p 0 pause
	usage "--pid: 1x: not a process id; accepted: a whole number from 1 on" -p 1x pause
	usage "--name: an empty name; accepted: what a weir has as --name" -n '' pause
	usage "-n needs NAME; accepted: the weir with this --name; neither this nor -p is needed where one weir runs" pause -n
	usage "--name: not with spool check; accepted: --json, --help, --version" spool check -n x DIR
	usage 'a\012b: a newline in it; accepted: one line of less than 8192 bytes' set $'a\nb'
}
