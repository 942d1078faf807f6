#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The live line, as a user sees it: weir is started by an interactive shell in a terminal of tmux's, and what the screen shows
# is compared with tests/cli/meter/NAME.txt, once it has come to stand still: the producer and the reader are FIFOs that the
# test holds, so after some intervals of nothing every rate is 0. Only for figures that are never the same there is a mask.

load common
bats_require_minimum_version 1.5.0

eval "common_$(declare -f teardown)"

EXPECTED=$BATS_TEST_DIRNAME/meter

tmux_()
{
	LC_ALL=C.UTF-8 timeout "$PATIENCE" tmux -L "$SERVER" -f /dev/null -u "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# terminal COLUMNSxROWS [NAME=VALUE]...: a shell in a terminal of its own, ready.
terminal()
{
	local size=$1
	shift
	command -v tmux >/dev/null || skip "tmux is not there"
	[[ $WEIR_UNDER != qemu || "$*" != *UTF-8* ]] || skip "a static program finds no locale of another processor's"
	SERVER=weir-$$-$BATS_TEST_NUMBER
	export SERVER
	printf '%s\n' "PS1='\$ '" 'unset HISTFILE' 'set +o history' 'bind "set enable-bracketed-paste off"' >rc
	# weir under its own name, and as a process of the shell's: what it really is replaces it.
	mkdir bin
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$WEIR" >bin/weir
	chmod +x bin/weir
	tmux_ new-session -d -x "${size%x*}" -y "${size#*x}" env "PATH=$PWD/bin:$PATH" LC_ALL=C TERM=screen "$@" bash --noprofile --rcfile rc -i
	until_true shows_prompt
}

shows_prompt()
{
	[[ $(tmux_ capture-pane -p 2>/dev/null) == *'$ '* || $(tmux_ capture-pane -p 2>/dev/null) == *'$' ]]
}

teardown()
{
	[[ -z ${SERVER-} ]] || tmux_ kill-server 2>/dev/null
	common_teardown
}

type_()
{
	tmux_ send-keys -l "$1" && tmux_ send-keys Enter
}

key()
{
	tmux_ send-keys "$@"
}

# What the screen shows, without blanks at the ends; lines that the terminal has wrapped are one. Masked: times, and a
# share of the time that is more than half, which is 100% where the machine has nothing else to do. A rate that is not yet 0
# where it has to become that does not match, and is asked for again.
screen()
{
	tmux_ capture-pane -p ${JOIN:+-J} | sed -E "s/[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}/CLOCK/; s/ {1,2}[ 0-9][0-9]:[0-5][0-9] *$//; s/((in|out)put) {1,2}[5-9][0-9]%/\1 100%/; ${MASK:-}" | sed -e 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

is_shown()
{
	screen >seen && cmp -s seen "$EXPECTED/$1.txt"
}

# shows NAME: in the end.
shows()
{
	if [[ ${WEIR_ACCEPT-} ]]; then sleep 2; screen >"$EXPECTED/$1.txt"; fi
	until_true is_shown "$1" || fail "expected ($1.txt):" "$(cat "$EXPECTED/$1.txt")" "seen:" "$(cat seen)"
}

is_on_screen()
{
	[[ $(screen) =~ $1 ]]
}

# on_screen REGEX: in the end.
on_screen()
{
	until_true is_on_screen "$1" || fail "expected to match: $1" "seen:" "$(screen)"
}

is_not_on_screen()
{
	! is_on_screen "$1"
}

# --- What weir is given to do -----------------------------------------------------------------------------------------------

# held: FIFOs for weir, of which nobody reads the one, and the other has what the test feeds into it. Once weir has opened
# them, weir_holds.
held()
{
	producer in.fifo
	stalled_reader out.fifo
}

weir_holds()
{
	producer_holds in.fifo
	reader_holds
}

# records N: of 8 bytes
records()
{
	seq -f %07.0f "$1" >&9
}

pid_of()
{
	ps -t "$(tmux_ display -p '#{pane_tty}')" -o pid=,args= | awk -v name="-N $1" '($0 " ") ~ name " " { print $1; found = 1 } END { exit !found }'
}

# signal SIGNAL NAME: to the weir of that name
signal()
{
	kill "-$1" "$(pid_of "$2")"
}

has_lines()
{
	[[ $(wc -l <"$1" 2>/dev/null) == "$2" ]]
}

ended()
{
	! pid_of "$1" >/dev/null
}

# --- Sizes and alphabets ----------------------------------------------------------------------------------------------------

# A buffer of 512 records, after 1000: 488 dropped.
sized()
{
	held
	terminal "$1" LC_ALL="$2"
	type_ 'weir -vqi 100ms -p drop-oldest -m 4K <in.fifo >out.fifo'
	on_screen ' 0%'
	records 1000
	shows "$3"
	weir_holds
}

@test "40x10, ASCII" {
	sized 40x10 C ascii-40
}

@test "40x10, UTF-8" {
	sized 40x10 C.UTF-8 utf8-40
}

@test "80x24, ASCII" {
	sized 80x24 C ascii-80
}

@test "80x24, UTF-8" {
	sized 80x24 C.UTF-8 utf8-80
}

@test "132x30, ASCII" {
	sized 132x30 C ascii-132
}

@test "132x30, UTF-8" {
	sized 132x30 C.UTF-8 utf8-132
}

@test "20x5, the smallest that is of use" {
	sized 20x5 C.UTF-8 utf8-20
}

# blocked NAME=VALUE...: a quarter full, watermarks at 25% and 75%
blocked()
{
	held
	terminal 80x24 "$@"
	type_ 'weir -vqi 100ms -m 4K --high=75% --low=25% <in.fifo >out.fifo'
	on_screen ' 0%'
	records 256
	on_screen '50%'
	weir_holds
}

@test "watermarks, ASCII" {
	blocked
	shows watermarks-ascii
}

@test "watermarks, UTF-8" {
	blocked LC_ALL=C.UTF-8
	shows watermarks-utf8
}

@test "before the first interval is over" {
	terminal 80x24
	producer in.fifo
	type_ 'weir -vqi 1h <in.fifo >/dev/null'
	shows beginning
}

@test "colour, but not where NO_COLOR says so" {
	blocked
	shows watermarks-ascii
	like "$(tmux_ capture-pane -pe)" $'\e\\[' "with colour"
	key C-c
	until_true is_not_on_screen 50%
	type_ 'clear; NO_COLOR=1 weir -vqi 100ms -m 4K <in.fifo >out.fifo'
	on_screen ' 0%'
	unlike "$(tmux_ capture-pane -pe | grep 0%)" $'\e\\[' "without"
}

# recorded COMMAND: types it, and from then on what comes to the terminal also goes to the file raw
recorded()
{
	tmux_ pipe-pane 'cat >raw'
	type_ "$1"
}

@test "a dumb terminal gets no escape sequence" {
	held
	terminal 80x24 TERM=dumb
	recorded 'weir -vqi 100ms -m 4K --high=75% --low=25% <in.fifo >out.fifo'
	on_screen ' 0%'
	records 256
	shows watermarks-ascii
	key C-c
	until_true is_not_on_screen '50%'
	until_true grep -q 50% raw
	! grep -q $'\e' raw || fail "$(cat -v raw)"
}

@test "without a terminal there is a note, no line, and the data flows" {
	seq 10 | "$WEIR" -v >out 2>err
	same out <(seq 10)
	is "$(sed 1q err)" "weir: --progress: no live line: standard error is not a terminal (-i TIME writes reports anywhere)"
	like "$(sed 1d err)" '^weir: in 10 records 21 B, out 10, paused 0\.000s in [0-9.]+s$'
	seq 10 | "$WEIR" -qv -N here --format=journal >out 2>err
	same out <(seq 10)
	is "$(cat err)" "<6>here: --progress: no live line: standard error is not a terminal (-i TIME writes reports anywhere)"
	# nobody reads the note, or nobody ever will
	for reader in holds goes; do
		rm -f full
		stalled_reader full
		exec 9>full
		reader_holds
		[[ $reader == holds ]] || reader_goes
		seq 10 | "$WEIR" -qv >out 2>&9
		exec 9>&-
		same out <(seq 10)
	done
}

@test "without a line there are no intervals either" {
	[[ $WEIR_UNDER != @(valgrind|qemu|portable) ]] || skip "the system calls are $WEIR_UNDER's"
	producer in.fifo
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 bg strace -o trace "$WEIR" -qvi 10ms <in.fifo >out 2>err
	producer_holds in.fifo
	records 1
	until_true test -s out
	until_true grep -q '^ppoll' trace # which strace writes when it likes
	waits=$(grep -c '^ppoll' trace)
	records 1
	until_true has_lines out 2
	(($(grep -c '^ppoll' trace) <= waits + 2)) || fail "$(cat trace)"
	producer_ends
	ended_job "$BG"
}

@test "where the data goes to the same terminal: the same" {
	terminal 80x24
	type_ 'clear; seq 3 | weir -vq; echo status $?'
	JOIN=1 shows same-terminal
}

@test "of a file, and of what is to come, percent; draining, once nothing more comes" {
	held
	terminal 80x24
	seq -f %07.0f 256 >file
	type_ 'clear; weir -vqi 100ms -m 4K <file >out.fifo'
	on_screen 'draining .*done   0% left     -'
	weir_holds
	key C-c
	key C-c
	until_true is_not_on_screen draining
	type_ 'clear; weir -vqi 100ms --size=4096 <in.fifo >out'
	on_screen ' 0%'
	exec 9>in.fifo
	records 256
	on_screen 'done  50% left'
	exec 9>&-
}

# --- How it ends ------------------------------------------------------------------------------------------------------------

# flowing [OPTION]...: a weir named w between the test's producer and a file
flowing()
{
	producer in.fifo
	terminal 80x24
	type_ "weir -v -i 100ms -N w $* <in.fifo >out"
	on_screen ' 0%'
	records 256
	on_screen 'in +0/s.*input 100%'
}

# A final report: its times are of no interest here.
MASK_FINAL='s/[0-9.]+(ns|us|ms|s)\b/T/g; s/, p99 T//'

@test "end of input: the line is gone, the report in its place" {
	flowing
	exec 9>&-
	JOIN=1 MASK=$MASK_FINAL shows end
}

@test "end of input, quietly: nothing is left" {
	flowing -q
	exec 9>&-
	shows end-quiet
}

@test "^C" {
	flowing
	key C-c
	JOIN=1 MASK=$MASK_FINAL shows interrupt
}

@test "the reader goes" {
	held
	terminal 80x24
	type_ 'weir -v -i 100ms -N w -m 4K <in.fifo >out.fifo'
	on_screen ' 0%'
	weir_holds
	records 256
	on_screen 'in +0/s.*output 100%'
	reader_goes
	JOIN=1 MASK=$MASK_FINAL shows gone
}

@test "a report that is asked for stands above the line" {
	flowing
	signal USR1 w
	# On a busy machine weir itself is what took longest.
	JOIN=1 MASK="$MASK_FINAL;s/[0-9]+%/N%/g;s/busy N/input N/;s/ +([0-9]|in )/ \1/g" shows usr1
	exec 9>&-
}

@test "a message stands above the line" {
	held
	terminal 80x24
	type_ "weir -vqi 100ms -N w -p drop-oldest -m 4K --dropped=/dev/full <in.fifo >out.fifo"
	on_screen " 0%"
	weir_holds
	records 1000
	JOIN=1 shows message
}

@test "reports to a file every interval, and the line" {
	flowing --format=json --report=report
	until_true more_lines_than report 5
	is "$(jq -r .event report | sort -u)" interval
	until_true is_on_screen 'in +0/s.*input 100%'
	exec 9>&-
	shows end-reported
	law report
}

@test "no reports every interval where the line is" {
	flowing
	signal USR1 w
	# (Where it is slow to start it was busy so far.)
	on_screen 'buffer 0%, (input|busy)'
	until_true is_on_screen 'in +0/s.*input 100%'
	is "$(JOIN=1 screen | grep -cE 'buffer 0%, (input|busy)')" 1 "reports"
}

# --- Who has the terminal ---------------------------------------------------------------------------------------------------

state_of()
{
	sed -E 's/.*\) (.) .*/\1/' "/proc/$(pid_of "$1")/stat"
}

is_in_state()
{
	[[ $(state_of "$1") == "$2" ]]
}

@test "^Z erases it, fg draws it again" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind does not let it stop itself"
	flowing -q
	key C-z
	JOIN=1 MASK='s/ +/ /g' shows stopped
	is "$(state_of w)" T
	type_ 'clear; fg'
	shows continued
}

@test "^Z and bg: data goes on, nothing is drawn; until fg" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind does not let it stop itself"
	flowing -q
	key C-z
	on_screen Stopped
	type_ 'clear; bg'
	on_screen 'weir.*&'
	records 100
	until_true has_lines out 356
	type_ 'echo still "nothing"'
	on_screen 'still nothing'
	shows background
	type_ 'clear; fg'
	shows continued
}

@test "a report from the background does not stop the job, with TOSTOP" {
	producer in.fifo
	terminal 100x24
	type_ 'stty tostop; clear; weir -N w <in.fifo >out &'
	producer_holds in.fifo
	until_true pid_of w
	records 3
	until_true has_lines out 3
	signal USR1 w
	on_screen 'w: in 3 '
	unlike "$(state_of w)" T
	records 100
	until_true has_lines out 103
	producer_ends
	on_screen 'w: in 103,? '
}

@test "started in the background, with TOSTOP: it is neither drawn nor stopped" {
	producer in.fifo
	terminal 80x24
	type_ 'stty tostop; clear; weir -vqi 100ms -N w <in.fifo >out &'
	until_true pid_of w
	records 256
	until_true has_lines out 256
	records 1
	until_true has_lines out 257
	like "$(state_of w)" '[SR]'
	unlike "$(screen)" 'in .*out'
	type_ 'clear; fg'
	on_screen 'in +0/s.*input 100%'
}

@test "stopped and continued by signals: drawn again" {
	producer in.fifo
	terminal 80x24
	type_ "weir -vqi 1h -N w <in.fifo >out"
	on_screen " 0%"
	signal STOP w
	on_screen Stopped
	type_ 'clear; fg'
	shows continued-signal
}

@test "^S: the data goes on; ^Q: so does the line" {
	flowing -q
	key C-s
	records 100
	until_true has_lines out 356
	signal USR1 w
	records 100
	until_true has_lines out 456
	key C-q
	JOIN=1 on_screen 'w: in [0-9]+ '
	on_screen 'in +0/s.*input 100%'
	exec 9>&-
	until_true is_not_on_screen 'in +0/s'
}

@test "^S does not hold up the end for long" {
	flowing -q
	key C-s
	exec 9>&-
	until_true ended w
	key C-q
}

# Lines that are drawn, in the trace.
frames()
{
	grep -c '^writev*(.*33\[?7l' trace 2>/dev/null
}

has_frames()
{
	[[ $(frames) -ge $1 ]]
}

@test "an idle weir wakes up once for each line" {
	[[ $WEIR_UNDER != @(valgrind|qemu|portable) ]] || skip "the system calls are $WEIR_UNDER's"
	flowing -q
	bg strace -o trace -p "$(pid_of w)" 2>strace.err
	until_true has_frames 10
	kill -INT "$BG"
	ended_job "$BG" || :
	drawn=$(frames) waits=$(grep -c '^ppoll' trace)
	((drawn >= 10 && waits <= drawn + 1)) || fail "$drawn lines, $waits waits" "$(cat trace)"
}

# --- Several on one terminal ------------------------------------------------------------------------------------------------

# three: weirs in a pipeline, the buffer of the last of them full, that of the first half full. In the order of their process
# ids, which the shell gives them from the left to the right; but for the one time in thousands in which these start again.
three()
{
	[[ $WEIR_UNDER != portable ]] || skip "without locks each draws as if it were alone"
	held
	terminal "$1" LC_ALL=C.UTF-8
	type_ 'clear; weir -vqi 100ms -m 4K -N one <in.fifo | weir -vqi 100ms -m 4K -N two --pipe-size=keep | weir -vqi 100ms -m 4K -N three >out.fifo'
	on_screen "three.* 0%"
	records 1000
}

@test "three in a pipeline have a line each" {
	three 100x24
	shows three-100
}

@test "three, made narrower and wider, lower and higher" {
	three 100x24
	shows three-100
	tmux_ resize-window -x 60 -y 24
	on_screen $'\nthree[^\n]*output 100%$'
	shows three-60
	tmux_ resize-window -x 132 -y 24
	shows three-132
	tmux_ resize-window -x 100 -y 6
	shows three-100
	tmux_ resize-window -x 100 -y 2
	shows three-2
}

@test "three, where the screen has no rows left below them" {
	three 100x5
	shows three-100
	key C-c
	until_true ended three
	type_ 'seq 100; weir -vqi 100ms -m 4K -N one <in.fifo | weir -vqi 100ms -m 4K -N two >out.fifo'
	weir_holds
	shows scrolled
}

# apart: three that end each for itself, reading what the test writes to it
apart()
{
	[[ $WEIR_UNDER != portable ]] || skip "without locks each draws as if it were alone"
	mkfifo 1.fifo 2.fifo 3.fifo
	exec 9<>1.fifo 8<>2.fifo 7<>3.fifo
	terminal 80x24
	type_ 'clear; (weir -vi 100ms -N one <1.fifo >/dev/null & weir -vi 100ms -N two <2.fifo >/dev/null & weir -vi 100ms -N three <3.fifo >/dev/null & wait)'
	shows apart
}

@test "one of three ends: its report stands above the lines of the others" {
	apart
	signal TERM two
	JOIN=1 MASK=$MASK_FINAL shows apart-end
}

@test "one of three is killed: its row goes to the others" {
	apart
	signal KILL two
	shows apart-killed
	signal KILL three
	shows apart-killed-last
}

@test "a report of one of three stands above all lines" {
	local begin=$SECONDS
	# On a machine that has no time for it weir itself is what most of the interval was spent on.
	local mostly='s/ +(input|busy) N%/ mostly N%/'
	apart
	sleep $((SECONDS - begin + 1)) # it has waited for longer than it took to begin
	signal USR1 three
	JOIN=1 MASK="$MASK_FINAL;s/[0-9]+%/N%/g;$mostly;s/ +([0-9]|in )/ \1/g" shows apart-usr1
}
