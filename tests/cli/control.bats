#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2030,SC2031,SC2154
#
# --control: what weir can be asked and told while it runs, by whom, and that its data does not notice.

load common

# steered [OPTION]...: as start, with a socket where weirctl looks for it: SOCKET.
steered()
{
	export XDG_RUNTIME_DIR=$PWD
	start --control "$@"
	SOCKET=
	until_true find_socket
}

find_socket()
{
	local there=(weir/*)
	[[ -e status ]] && return
	[[ -S ${there[0]} ]] && SOCKET=${there[0]}
}

# ask LINE...: sets ANSWERS, a line for each; the law holds in the reports among them.
ask()
{
	"$HELPERS/ask" "$SOCKET" "$@" >answers || fail "no answer: $(cat answers err 2>/dev/null)" || return
	ANSWERS=$(<answers)
	grep '^{"schema"' answers >asked || return 0
	law asked
}

# told LINE...: all of it is done.
told()
{
	ask "$@" || return
	! grep -v '^{"ok":true}$' answers >&2
}

# refused LINE ERROR: it is not, for this reason.
refused()
{
	ask "$1" || return
	is "$(jq -r '.error' answers)" "$2" "error"
}

# asked EXPRESSION: what jq finds in a report that is asked for.
asked()
{
	ask report && jq -r "$1" answers
}

asked_is()
{
	[[ $(asked "$1") == "$2" ]]
}

# become EXPRESSION VALUE: a report says so, sooner or later.
become()
{
	until_true asked_is "$@"
}

# ended_or EXPRESSION: weir has ended, or a report says so.
ended_or()
{
	[[ -e status ]] || asked_is "$1" true
}

# held RECORDS [OPTION]...: so many numbered records wait while the reader stands still.
held()
{
	seq 1000001 $((1000000 + $1)) >in.txt
	stalled_reader full
	producer fifo
	shift
	IN=fifo OUT=full steered --pipe-size=keep "$@"
	producer_holds fifo
	reader_holds
	cat in.txt >&9
	become .in.records "$(lines_of in.txt)"
}

# let_out: the rest comes, and the end.
let_out()
{
	producer_ends
	drain got && finish "${1:-exit 0}"
}

@test "report: the report as it is" {
	held 10
	ask report report
	is "$(lines_of answers)" 2
	is "$(jq -r '[.event, .in.records, .held.records, .exit.status] | @csv' answers | sort -u)" '"control",10,10,'
	is "$(jq -r .host answers | sort -u)" "$(uname -n)"
	snapshot
	is "$(jq -c keys_unsorted <<<"$SNAP")" "$(jq -c keys_unsorted answers | sort -u)" "the keys"
	let_out
	same got in.txt
}

@test "what is no word, or has too many behind it, is answered by an error, and weir goes on" {
	held 1
	words='report, set, pause, resume, drain, purge, watch, tap'
	refused 'frobnicate "it' 'it: a " without another'
	refused frobnicate "frobnicate: no such word; accepted: $words"
	refused Drain "Drain: no such word; did you mean drain?; accepted: $words"
	refused '' "no word; accepted: $words"
	refused 'report now' 'now: one word too many'
	refused 'pause 5s' '5s: one word too many'
	refused set 'set: accepted: set OPTION=VALUE..., such as set rate=10MB/s'
	refused 'watch 1us' '1us: too small; accepted: 10ms to 366d, such as 500ms, 5s or 1m'
	refused 'tap up' 'up: neither end; accepted: in, out'
	refused "$(printf '\001\377"\\x')" '\001\377\x: a " without another'
	let_out
	same got in.txt
}

@test "set: what is wrong is said as the command line says it, and changes nothing" {
	held 1 -L 5/s
	for wrong in rate=x rate=0/s buffer=1 burst=x max-records=0 high=101% low=-1 sample=0 drop-over=x max-age=0 \
		policy=drop-oldes policy=latest policy=shed: jobs=0 retry=-1 backoff=2s..1s window=0 interval=1ms linger=x \
		timeout=0 stall=0 batch=1,2 "high=50%"; do
		said=$("$WEIR" -L 5/s "--$wrong" 2>&1 <nothing) && { [[ $wrong == high=50% ]] || fail "$wrong is fine"; }
		[[ $wrong == high=50% ]] || refused "set $wrong" "${said#weir: }" || fail "$wrong"
		[[ $wrong == high=50% ]] || refused "set rate=77/s $wrong" "${said#weir: }" || fail "$wrong, behind what is right"
	done
	is "$(asked '[.rate, .buffer.high_bytes, .policy] | @csv')" '"5/s",1048576,"block"'
	settable='policy, buffer, max-records, high, low, max-age, keep, sample, drop-over, collapse, rate, burst, settle, window, batch, linger, jobs, timeout, retry, backoff, stall, interval'
	refused 'set name=x' "name=x: cannot be set while weir runs; accepted: $settable"
	refused 'set rat=1/s' "rat=1/s: no such option; did you mean rate?; accepted: $settable"
	refused 'set --rate=1/s' "--rate=1/s: no such option; did you mean rate?; accepted: $settable"
	refused 'set rate' 'rate: no value; accepted: rate=VALUE, or rate= for what it is where it is not given'
	refused 'set =' "=: no such option; accepted: $settable"
	let_out
}

@test "set: options are held against those that were given at the start, and those that were set before" {
	held 1 -p drop-oldest
	refused 'set high=80%' "--high=80%: not with --policy=drop-oldest, which has no use for it; accepted with --policy=block or shed:N"
	told 'set policy=block high=80% low=20%'
	refused 'set policy=fail' "--high=80%: not with --policy=fail, which has no use for it; accepted with --policy=block or shed:N"
	told 'set policy=fail high= low='
	refused 'set burst=5' "--burst=5: without a rate there is nothing to burst; accepted with --rate=RATE or --drop-over=RATE"
	told 'set rate=10/s burst=5'
	refused 'set rate=' "--burst=5: without a rate there is nothing to burst; accepted with --rate=RATE or --drop-over=RATE"
	told 'set rate= burst='
	told 'set policy='
	is "$(asked '[.policy, .rate, .buffer.high_bytes] | @csv')" '"block",,1048576'
	let_out
}

@test "set rate: holds from the next record on, is loosened, and taken away" {
	seq 1000000 >in.txt
	empty_reader fifo
	IN=in.txt OUT=fifo steered
	reader_holds
	told 'set rate=1/min'
	bg timeout "$PATIENCE" cat <&8 >got
	reading=$BG
	exec 8<&-
	until_true asked_is '.waited_ns.rate > 0' true
	before=$(asked .out.records)
	[[ $before -lt 1000000 ]] || fail "all of it has left"
	told 'set rate=200000/s'
	until_true ended_or ".out.records > $before"
	[[ -e status ]] || told 'set rate=' || [[ -e status ]]
	finish "exit 0"
	ended_job "$reading"
	same got in.txt
}

@test "set rate: bytes may leave slower, too, and go past the buffer again when they may" {
	head -c 3000000 /dev/urandom >in.bin
	empty_reader fifo
	producer in.fifo
	IN=in.fifo OUT=fifo steered -b
	producer_holds in.fifo
	reader_holds
	told 'set rate=64KiB/s'
	bg cat in.bin >&9
	feeding=$BG
	producer_ends
	bg timeout "$PATIENCE" cat <&8 >got
	exec 8<&-
	until_true ended_or '.waited_ns.rate > 0'
	told 'set rate='
	ended_job "$feeding"
	finish "exit 0"
	final '.waited_ns.rate > 0'
	until_true gone_or_zombie "$BG"
	same got in.bin
}

@test "set policy and buffer: what waits gives way by the policy in force, and a record that is on its way does not" {
	held 100000 -m 2M
	is "$(asked .held.records)" 100000
	told 'set buffer=4K policy=drop-newest'
	is "$(asked '.policy')" drop-newest
	told 'set policy=drop-oldest'
	echo 2000000 >>in.txt
	feed '2000000\n'
	become .in.records 100001
	is "$(asked '.dropped.by.oldest.records > 0 and .held.bytes <= 4096 and .buffer.capacity_bytes == 4096')" true
	let_out
	final '.dropped.by.oldest.records + .dropped.by.newest.records + .out.records == 100001'
	is "$(tail -n 1 got)" 2000000 "the newest"
	is "$(comm -13 <(sort in.txt) <(sort got))" "" "what came out and never came in"
	sort -c got
}

@test "set policy=fair: who holds most gives way from then on, and no more behind another one; sample=N/s is a budget" {
	producer fifo
	stalled_reader full
	IN=fifo OUT=full steered -m 4K -p drop-newest -k 1 --top-keys=3
	producer_holds fifo
	reader_holds
	told 'set policy=fair'
	{ yes "loud x" | head -n 5000; echo "quiet 1"; yes "loud x" | head -n 2000; echo "quiet 2"; } >feeding
	cat feeding >&9
	become .in.records 7002
	is "$(asked '.dropped.by.fair.records == .dropped.records and .policy == "fair" and .held.bytes <= 4096')" true
	told 'set policy=drop-oldest'
	feed 'last 1\n'
	become .in.records 7003
	told 'set sample=1/h'
	feed 'x %s\n' {1..40}
	become .in.records 7043
	is "$(asked '.sample == "60/h" or .sample == "1/h"')" true
	is "$(asked '.dropped.by.sample.records >= 38')" true
	told 'set sample='
	let_out
	is "$(grep -c 'quiet 2' got)" 1
}

@test "set buffer: larger, too, while it is full" {
	seq 1000001 1300000 >in.txt
	stalled_reader full
	IN=in.txt OUT=full steered -m 64K
	reader_holds
	become .paused.count 1
	told 'set buffer=16M'
	become .in.records 300000
	is "$(asked '.buffer.capacity_bytes')" 16777216
	told 'set buffer=4K' 'set buffer=64M'
	let_out
	same got in.txt
}

@test "set max-age, sample, drop-over, max-records, high, low: what was not there at the start is there then" {
	held 100 --max-record=64K
	told 'set policy=drop-oldest max-records=50'
	feed '2000000\n'
	become .dropped.by.oldest.records 51
	told 'set max-records= sample=2'
	feed '%s\n' {2000001..2000010}
	become .dropped.by.sample.records 5
	told 'set sample= drop-over=1/h burst=3'
	feed '%s\n' {2000011..2000020}
	become .dropped.by.over.records 7
	told 'set drop-over= burst= policy=block max-age=1ms'
	become .held.records 0
	is "$(asked .dropped.by.expired.records)" 58
	told 'set max-age= high=50% low=10%'
	is "$(asked '[.buffer.high_bytes, .buffer.low_bytes, .max_age_ns] | @csv')" '524288,104857,'
	feed 'last\n'
	become .in.records 122
	let_out
	is "$(<got)" last
}

@test "set: what went as it came becomes records at a record's end" {
	head -c 300000 /dev/zero | tr '\0' x >long
	stalled_reader full
	producer fifo
	IN=fifo OUT=full steered -m 64K --pipe-size=keep
	producer_holds fifo
	reader_holds
	bg cat long >&9
	feeding=$BG
	become .paused.count 1
	head -c "$FILLED" <&8 >/dev/null
	until_true asked_is '.out.bytes > 0' true
	told 'set policy=drop-oldest buffer=1M rate=1/h'
	bg timeout "$PATIENCE" cat <&8 >got
	exec 8<&-
	ended_job "$feeding"
	feed '\none\ntwo\n'
	become .in.records 3
	until_true asked_is '.waited_ns.rate > 0 and .out.bytes >= 300000' true || fail "$(<answers)"
	told 'set rate='
	producer_ends
	finish "exit 0"
	until_true gone_or_zombie "$BG"
	final '.in.records == 3 and .out.records == 3'
	same got <(cat long; printf '\none\ntwo\n')
}

@test "set: thousands of changes while records flow: the law, the order, and nothing torn" {
	local policies=(block drop-oldest drop-newest drop-random shed:3 codel fail) i
	empty_reader fifo
	producer in.fifo
	IN=in.fifo OUT=fifo steered
	producer_holds in.fifo
	reader_holds
	bg timeout "$PATIENCE" cat <&8 >got
	reading=$BG
	exec 8<&-
	bg seq 1 3000000 >&9
	writing=$BG
	RANDOM=7
	for ((i = 0; i < 3000; i++)); do
		case $((RANDOM % 9)) in
		0) echo "set policy=${policies[RANDOM % 6]}" ;;
		1) echo "set buffer=$((4 << RANDOM % 10))K" ;;
		2) echo "set rate=$((RANDOM % 9 + 1))000000/s" ;;
		3) echo "set rate=" ;;
		4) echo "set max-records=$((RANDOM % 5000 + 1))" ;;
		5) echo "set max-records= sample=" ;;
		6) echo "set sample=$((RANDOM % 3 + 1))" ;;
		7) echo "set rate=$((RANDOM % 900 + 100))MB/s drop-over= max-age=" ;;
		8) echo "set drop-over=$((RANDOM % 9 + 1))000000/s max-age=$((RANDOM % 9 + 1))00ms" ;;
		esac
		((i % 100)) || echo report
	done >changes
	"$HELPERS/ask" -r "$SOCKET" <changes >answers || :
	! grep -v -e '^{"ok":true}$' -e '^{"schema"' answers >&2 || fail "not all is done"
	grep '^{"schema"' answers >asked && law asked
	told 'set rate= max-age= sample= drop-over='
	ended_job "$writing"
	producer_ends
	finish "exit 0"
	is "$(figures in.records)" 3000000
	ended_job "$reading"
	sort -nc got
	is "$(grep -cvE '^[1-9][0-9]{0,6}$' got)" 0 "torn records"
	is "$(lines_of got)" "$(figures out.records)"
}

@test "set: a reader's options: batches, tries, windows" {
	producer fifo
	IN=fifo steered --batch=2 --linger=1h -j 1 sh -c 'cat; test ! -e broken'
	producer_holds fifo
	feed 'a\nb\nc\n'
	become .out.records 2
	told 'set batch=1'
	become .out.records 3
	told 'set batch=10 linger=1ms jobs=2'
	feed 'd\n'
	become .out.records 4
	: >broken
	told 'set retry=0'
	feed 'e\n'
	become .dropped.by.rejected.records 1
	told 'set retry= backoff=1h batch=1'
	feed 'f\n'
	become .reader.state retrying
	rm broken
	told 'set backoff=1ms'
	become .out.records 5
	refused 'set linger= jobs= retry= backoff= batch=' 'batch: whether there are batches cannot be changed while weir runs'
	producer_ends
	finish "exit 5"
	is "$(sort -u out | paste -sd ' ')" "a b c d e f"
}

@test "set: what cannot be had while weir runs is refused, and nothing changes" {
	producer fifo
	IN=fifo steered -p drop-oldest -k 1 --top-keys=3
	producer_holds fifo
	refused 'set buffer=8K policy=latest' "policy=latest: cannot be had while weir runs, unless it was given at the start: what waits has not been noted by its keys"
	is "$(asked .buffer.capacity_bytes)" 1048576
	refused 'set stall=1s' "stall: cannot be had while weir runs, unless it was given at the start"
	if has_patterns; then
		refused 'set keep=x' "keep: cannot be changed while weir runs: what waits has been looked at by the other expressions"
	fi
	told 'set keep='
	producer_ends
	finish "exit 0"
}

@test "set: expressions are read again, and not made into machine code, which would take memory that is run" {
	command -v strace >/dev/null || skip "there is no strace"
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	has_patterns || skip "$WITHOUT"
	local keeps=()
	for i in {1..16}; do
		keeps+=("--keep=(error|fatal)[0-9]+.*host$i")
	done
	producer fifo
	export XDG_RUNTIME_DIR=$PWD
	bg strace -f -o trace -e trace=mmap,mprotect,accept "$WEIR" -q --control -p drop-oldest "${keeps[@]}" <fifo >out 2>err
	until_true find_socket
	until_true test -S "$SOCKET"
	producer_holds fifo
	for i in {1..20}; do
		told "set max-age=${i}s"
	done
	producer_ends
	ended_job "$BG"
	like "$(<trace)" 'accept\([0-9]+, NULL, NULL\) += [0-9]'
	unlike "$(sed -n '/accept(/,$p' trace)" 'PROT_EXEC'
}

@test "set interval: reports come where there were none" {
	producer fifo
	IN=fifo steered
	producer_holds fifo
	told 'set interval=10ms'
	until_true more_reports_than 5
	told 'set interval='
	producer_ends
	finish "exit 0"
}

@test "pause: nothing leaves, and is not the reader's fault; resume: it does" {
	producer fifo
	IN=fifo steered --stall=100ms
	producer_holds fifo
	feed 'one\n'
	become .out.records 1
	told pause pause
	feed 'two\n'
	become .held.records 1
	until_true asked_is '.waited_ns.halted > 200000000' true
	is "$(asked '[.halted.now, .halted.count, .halted.ns >= .waited_ns.halted, .paused.count] | @csv')" true,1,true,0
	is "$(<out)" one
	told resume resume
	become .out.records 2
	is "$(asked '[.halted.now, .halted.count] | @csv')" false,1
	producer_ends
	finish "exit 0"
	is "$(paste -sd ' ' out)" "one two"
}

@test "pause: where there is no room the policy decides, and a signal or drain lets what is held out" {
	seq 100000 200000 >in.txt
	for ending in TERM drain; do
		rm -rf weir
		IN=in.txt steered -L 1/h -m 64K -p drop-oldest
		told pause 'set rate='
		become .in.records 100001
		is "$(asked '.dropped.by.oldest.records > 0 and .out.records <= 1')" true
		if [[ $ending == TERM ]]; then
			sig TERM
			finish "signal 15"
		else
			told drain
			finish "exit 0"
		fi
		final '.undelivered.records == 0 and .halted.count == 1 and (.halted.now | not)'
		is "$(tail -n 1 out)" 200000
	done
}

@test "drain: as TERM, but status 0 and the reason drained; whatever COMMAND ends with" {
	producer fifo
	IN=fifo steered --drain-timeout=1h
	producer_holds fifo
	feed 'one\n'
	become .out.records 1
	told drain
	feed 'two\n'
	refused pause "pause: weir is about to end; nothing is held up any more"
	producer_ends
	finish "exit 0"
	final '.exit == {"status": 0, "reason": "drained"} and .out.records == 2'
	is "$(ls weir)" ""

	rm fifo
	producer fifo
	IN=fifo steered --drain-timeout=50ms sh -c 'cat; exit 7'
	producer_holds fifo
	feed 'one\n'
	become .out.records 1
	told drain drain
	finish "exit 0"
	final '.exit == {"status": 0, "reason": "drained"}'
}

@test "drain: what the reader does not take in time is undelivered" {
	held 1000 --drain-timeout=50ms
	told drain
	finish "exit 0"
	final '.undelivered.records == 1000 and .exit.reason == "drained"'
	exec 8<&-
}

@test "purge: what waits is dropped, marked and saved; not what is on its way" {
	held 1000 -p drop-oldest --mark-drops --dropped=dropped --dropped-reason
	told purge purge
	is "$(asked '[.dropped.by.purged.records, .dropped.records, .held.records] | @csv')" 1000,1000,0
	feed 'last\n'
	become .in.records 1001
	let_out
	is "$(cut -f 1 dropped | sort -u)" purged
	same <(cut -f 2 dropped) in.txt
	like "$(head -n 1 got)" '1000 records'
	is "$(tail -n 1 got)" last

	held_bytes()
	{
		rm -rf weir full fifo
		head -c 100000 /dev/zero >in.bin
		stalled_reader full
		IN=in.bin OUT=full steered -b --pipe-size=keep
		reader_holds
		become .in.bytes 100000
	}
	held_bytes
	told purge
	drain got
	finish "exit 0"
	final '.dropped.by.purged.bytes == 100000 and .out.bytes == 0'
}

@test "purge: a record of which a part is out goes on" {
	head -c 300000 /dev/zero | tr '\0' x >long
	echo >>long
	echo next >>long
	stalled_reader full
	producer fifo
	IN=fifo OUT=full steered -m 1M --pipe-size=keep -p drop-oldest
	producer_holds fifo
	reader_holds
	cat long >&9
	become .in.records 2
	head -c $((FILLED + 1)) <&8 >/dev/null
	FILLED=0
	until_true asked_is '.waited_ns.output > 0' true
	told purge
	let_out
	final '.dropped.by.purged.records + .out.records == 2'
	[[ $(figures out.records) -eq 0 ]] || is "$(wc -c <got)" 300000
}

@test "purge: not with a spool" {
	producer fifo
	IN=fifo steered --spool=spool
	producer_holds fifo
	refused purge "purge: not with --spool, whose records are on disk; set max-age=TIME drops what is old"
	refused 'set buffer=8K' "buffer: cannot be changed while weir runs with --spool"
	refused 'set policy=drop-oldest' "policy: cannot be changed while weir runs with --spool"
	told 'set rate=10/s' 'set rate='
	producer_ends
	finish "exit 0"
}

@test "watch: a report at once, and then every so often, until the client goes" {
	producer fifo
	IN=fifo steered
	producer_holds fifo
	"$HELPERS/ask" -n 5 "$SOCKET" 'watch 10ms' >watched
	law watched
	is "$(jq -r .event watched | sort | uniq -c | tr -s ' ')" " 5 control"
	is "$(jq -s '[.[1:][].interval.ns] | min >= 5000000' watched)" true
	feed 'one\n'
	become .out.records 1
	told 'set rate=1/s'
	producer_ends
	finish "exit 0"
}

@test "watch: one who takes nothing is cut off, and the data does not wait for him" {
	seq 1 200000 >in.txt
	producer fifo
	IN=fifo steered
	producer_holds fifo
	bg "$HELPERS/ask" -s "$SOCKET" 'watch 10ms'
	stalled=$BG
	for ((i = 0; i < 600; i++)); do echo report; done | "$HELPERS/ask" -r "$SOCKET" >many
	is "$(lines_of many)" 600
	law many
	cat in.txt >&9
	become .out.records 200000
	producer_ends
	finish "exit 0"
	same out in.txt
	kill "$stalled"
}

@test "tap: records as they come in, and as they leave, one in N, whatever is in them" {
	producer fifo
	IN=fifo steered -s 2
	producer_holds fifo
	bg "$HELPERS/ask" -n 4 "$SOCKET" 'tap in' >in.tap
	in=$BG
	bg "$HELPERS/ask" -n 2 "$SOCKET" 'tap out' >out.tap
	out=$BG
	bg "$HELPERS/ask" -n 2 "$SOCKET" 'tap in 1/2' >half.tap
	half=$BG
	become .in.records 0
	until_true three_inside
	feed 'a"\\b\n\001\377\303\251\n\nlast one\n'
	ended_job "$in" && ended_job "$out" && ended_job "$half"
	is "$(jq -c '[.record, .bytes, .cut, .skipped]' in.tap | paste -sd ' ')" \
		'["a\"\\b",4,false,0] ["\u0001�é",4,false,0] ["",0,false,0] ["last one",8,false,0]'
	! grep -q '[^ -~]' <(LC_ALL=C tr -d '\303\251\n' <in.tap) || fail "what a terminal might follow: $(cat -v in.tap)"
	is "$(jq -r .record out.tap | paste -sd ,)" 'a"\b,'
	is "$(jq -r .bytes half.tap | paste -sd ,)" 4,0
	producer_ends
	finish "exit 0"
}

three_inside()
{
	local inside
	inside=$(find "/proc/$(<pid)/fd" -lname 'socket:*' | wc -l)
	((inside >= 4))
}

@test "tap: much, long records, and one who does not look: some are skipped, and the data does not notice" {
	{ head -c 5000 /dev/zero | tr '\0' x; echo; seq 1 500000; } >in.txt
	producer fifo
	IN=fifo steered
	producer_holds fifo
	bg "$HELPERS/ask" -s "$SOCKET" 'tap in'
	stalled=$BG
	bg "$HELPERS/ask" -n 200 "$SOCKET" 'tap out' >tapped
	tapping=$BG
	until_true two_inside
	cat in.txt >&9
	ended_job "$tapping"
	is "$(jq -c '[(.record | length), .cut]' tapped | head -n 1)" '[2048,true]'
	jq -se 'length == 200 and (.[1:] | map(.record | tonumber) | . == sort)' tapped >/dev/null || fail "not in order"
	become .out.records 500001
	producer_ends
	finish "exit 0"
	same out in.txt
	kill "$stalled"
}

two_inside()
{
	local inside
	inside=$(find "/proc/$(<pid)/fd" -lname 'socket:*' | wc -l)
	((inside >= 3))
}

@test "tap: what would go by the buffer is seen, and goes by it again" {
	seq 1 300000 >in.txt
	empty_reader out.fifo
	producer fifo
	IN=fifo OUT=out.fifo steered
	producer_holds fifo
	reader_holds
	bg timeout "$PATIENCE" cat <&8 >got
	exec 8<&-
	bg "$HELPERS/ask" -n 3 "$SOCKET" 'tap out 1/10' >tapped
	tapping=$BG
	until_true one_inside
	bg cat in.txt >&9
	ended_job "$tapping"
	producer_ends
	finish "exit 0"
	is "$(lines_of tapped)" 3
	is "$(figures out.records)" 300000
	rm -rf weir
	producer in.fifo
	IN=in.fifo steered -b
	producer_holds in.fifo
	refused 'tap in' 'tap: not with --bytes, which has no records'
	producer_ends
	finish "exit 0"
}

one_inside()
{
	local inside
	inside=$(find "/proc/$(<pid)/fd" -lname 'socket:*' | wc -l)
	((inside >= 2))
}

# --- who comes in ----------------------------------------------------------------------------------------------------------

@test "garbage, half lines, ten megabytes without a newline, a NUL: an error at most, and the next is answered" {
	held 1000
	head -c 100000 /dev/urandom | "$HELPERS/ask" -r "$SOCKET" >garbage || :
	! grep -av '^{"error":"' garbage || fail "something else than an error"
	printf 'dra' | "$HELPERS/ask" -r "$SOCKET" >half
	is "$(<half)" '{"error":"a line without a newline at its end, which is not followed"}'
	printf 'drain' | "$HELPERS/ask" -r "$SOCKET" >half
	is "$(<half)" '{"error":"a line without a newline at its end, which is not followed"}'
	head -c 10000000 /dev/zero | tr '\0' x | "$HELPERS/ask" -r "$SOCKET" >long || :
	is "$(<long)" '{"error":"a line of more than 8192 bytes"}'
	printf 'report\0\n' | "$HELPERS/ask" -r "$SOCKET" >nul
	is "$(<nul)" '{"error":"a NUL byte, which no word has"}'
	printf 'report\nreport\r\n' | "$HELPERS/ask" -r "$SOCKET" >both
	is "$(jq -r .in.records both | paste -sd ,)" 1000,1000
	is "$(asked '.in.records')" 1000
	let_out
	same got in.txt
}

@test "one who goes at any byte of what he says, and of what he is told" {
	local line=$'set rate=1/s high=90%\nreport\nwatch 10ms\n' i
	held 1000 -L 1/h
	for ((i = 0; i <= ${#line}; i++)); do
		printf '%s' "${line:0:i}" | timeout 0.02 "$HELPERS/ask" -r "$SOCKET" | head -c "$i" >/dev/null || :
	done
	is "$(asked '[.in.records, .policy] | @csv')" '1000,"block"'
	like "$(asked .rate)" '^1/(h|s)$'
	told 'set rate='
	let_out
	same got in.txt
}

@test "a hundred who say nothing: the next is let in and answered" {
	held 1000
	mkfifo hold
	exec 5<>hold
	bg "$HELPERS/ask" -c 100 "$SOCKET" <hold >crowd
	crowd=$BG
	until_true test -s crowd
	is "$(asked .in.records)" 1000
	told 'set rate=1000000/s'
	echo >&5
	ended_job "$crowd"
	is "$(asked .in.records)" 1000
	let_out
	same got in.txt
}

@test "all places are taken by those who watch: who comes is told so" {
	producer fifo
	IN=fifo steered
	producer_holds fifo
	watching=()
	for ((i = 0; i < 32; i++)); do
		bg "$HELPERS/ask" -n 1000000 "$SOCKET" 'watch 1h' >"watch.$i"
		watching+=("$BG")
		until_true test -s "watch.$i"
	done
	is "$("$HELPERS/ask" -r "$SOCKET" <nothing)" '{"error":"all places are taken by those who watch"}'
	kill "${watching[0]}"
	until_true ask_is_let_in
	producer_ends
	finish "exit 0"
}

ask_is_let_in()
{
	"$HELPERS/ask" "$SOCKET" report 2>/dev/null | grep -q '^{"schema"'
}

@test "no descriptors are left: who comes has to wait, and the data does not" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind needs descriptors of its own"
	seq 1 100000 >in.txt
	producer fifo
	IN=fifo with_descriptors 12 steered
	producer_holds fifo
	mkfifo hold
	exec 5<>hold
	bg "$HELPERS/ask" -c 14 "$SOCKET" <hold >crowd
	crowd=$BG
	until_true test -s crowd
	cat in.txt >&9
	until_true test "$(lines_of out)" -ge 0
	until_true all_is_out
	echo >&5
	ended_job "$crowd"
	until_true ask_is_let_in
	producer_ends
	finish "exit 0"
	same out in.txt
}

all_is_out()
{
	[[ $(lines_of out) -eq 100000 ]]
}

@test "another user is not let in" {
	[[ $EUID -eq 0 ]] || skip "only root can be another user"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	producer fifo
	IN=fifo steered
	producer_holds fifo
	chmod 711 . weir && chmod 666 "$SOCKET"
	cp "$HELPERS/ask" ask && chmod 755 ask
	out=$(setpriv --reuid=4711 --regid=4711 --clear-groups ./ask "$SOCKET" report 2>&1) && fail "he is answered: $out"
	is "$(asked .in.records)" 0
	producer_ends
	finish "exit 0"
}

# --- the socket ------------------------------------------------------------------------------------------------------------

@test "its name is weir's and the process id, and nobody else may use it" {
	producer fifo
	IN=fifo steered -N 'a b/../ü$'
	producer_holds fifo
	is "$SOCKET" "weir/a_b_..____.$(<pid)"
	is "$(stat -c '%a %F' weir "$SOCKET" | paste -sd ,)" "700 directory,600 socket"
	producer_ends
	finish "exit 0"
	unset XDG_RUNTIME_DIR
	is "$(XDG_RUNTIME_DIR=$PWD/none "$WEIR" --control <nothing 2>&1)" "weir: --control: $PWD/none/weir: No such file or directory"
}

# ends_by STATUS: weir has ended so, and its socket has gone.
ends_by()
{
	finish "$1"
	is "$(ls weir)" "" "what is left behind"
}

@test "it is gone after each ending" {
	producer fifo
	IN=fifo steered
	producer_holds fifo
	producer_ends
	ends_by "exit 0"
	for signal in INT TERM HUP; do
		rm -f fifo
		producer fifo
		IN=fifo steered --drain-timeout=10ms
		producer_holds fifo
		sig "$signal"
		ends_by "signal $(kill -l "$signal")"
	done
	rm -f fifo
	producer fifo
	empty_reader out.fifo
	IN=fifo OUT=out.fifo steered
	producer_holds fifo
	reader_holds
	reader_goes
	finish
	like "$ENDED" '^(exit 0|signal 13)$'
	is "$(ls weir)" "" "what is left behind by a reader that has gone"
	rm -f fifo
	producer fifo
	IN=fifo OUT=/dev/full steered
	producer_holds fifo
	feed 'one\n'
	ends_by "exit 1"
	rm -f fifo
	producer fifo
	IN=fifo steered sh -c 'exit 9'
	producer_holds fifo
	ends_by "exit 9"
	"$WEIR" --control --spool=nothing <nothing 2>err && fail "that is no directory"
	is "$(ls weir)" "" "after a start that failed"
	rm -f fifo
	producer fifo
	IN=fifo steered
	producer_holds fifo
	sig KILL
	finish "signal 9"
	is "$(ls weir)" "${SOCKET#weir/}" "after SIGKILL"
}

@test "one elsewhere stays, and the next takes its place; while somebody listens nobody does" {
	producer fifo
	IN=fifo start --control="$PWD/here"
	producer_holds fifo
	until_true test -S here
	SOCKET=$PWD/here
	is "$(asked .in.records)" 0
	is "$("$WEIR" --control="$PWD/here" <nothing 2>&1)" "weir: --control=$PWD/here: another weir listens there; accepted: another name"
	is "$(asked .in.records)" 0
	producer_ends
	finish "exit 0"
	[[ -S here ]] || fail "it has gone"
	"$WEIR" -q --control=here <nothing
	: >file
	ln -s here link
	mkdir directory
	for there in file link directory; do
		is "$("$WEIR" --control="$there" <nothing 2>&1)" \
			"weir: --control=$there: something else has this name; accepted: a name that is free, or a socket that nobody listens at"
		[[ -e $there ]] || fail "$there has gone"
	done
	long=$(printf 'x%.0s' {1..110})
	like "$("$WEIR" --control="$long" <nothing 2>&1)" 'too long; accepted: a name of at most 107 bytes'
	is "$("$WEIR" --control=none/socket <nothing 2>&1)" "weir: --control=none/socket: No such file or directory"
	like "$("$WEIR" --control= <nothing 2>&1)" 'weir: --control=: empty; accepted: '
	like "$("$WEIR" --control=- <nothing 2>&1)" 'weir: --control=-: neither standard input nor standard output'
}

@test "a directory that is not ours alone is refused" {
	export XDG_RUNTIME_DIR=$PWD
	refusal="weir: --control: $PWD/weir is not a directory that is yours alone (0700); accepted: --control=SOCKET"
	mkdir -m 0750 weir
	is "$("$WEIR" --control <nothing 2>&1)" "$refusal"
	rmdir weir
	mkdir -m 0700 elsewhere
	ln -s elsewhere weir
	is "$("$WEIR" --control <nothing 2>&1)" "$refusal"
	rm weir
	: >weir
	is "$("$WEIR" --control <nothing 2>&1)" "$refusal"
	rm weir
	if [[ $EUID -eq 0 ]]; then
		mkdir -m 0700 weir
		chown 4711 weir
		is "$("$WEIR" --control <nothing 2>&1)" "$refusal"
	fi
}

@test "without the option there is no socket, and no call for one" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "the system calls are $WEIR_UNDER's"
	export XDG_RUNTIME_DIR=$PWD
	seq 10 | ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -o trace "$WEIR" 2>err | cat >out
	! grep -E 'socket|bind|listen|accept|umask' trace || fail "without --control"
	[[ ! -e weir ]] || fail "a directory"
	seq 10 | ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -o trace "$WEIR" --control 2>err | cat >out
	grep -q 'bind(' trace || fail "with --control neither"
}
