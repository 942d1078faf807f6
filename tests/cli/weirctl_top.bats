#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# weirctl top in a real terminal, one of tmux's: what the screen shows is compared with tests/cli/top/NAME.txt, once it has come
# to stand still: stand-ins say the same again and again, so the figures are those of their last two reports.

load common
load standins
bats_require_minimum_version 1.5.0

eval "common_$(declare -f teardown)"

EXPECTED=$BATS_TEST_DIRNAME/top

teardown()
{
	[[ -z ${TERMINAL-} ]] || tmux_ kill-server 2>/dev/null
	common_teardown
}

tmux_()
{
	LC_ALL=C.UTF-8 timeout "$PATIENCE" tmux -L "$TERMINAL" -f /dev/null -u "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# needs_top: before there is anybody who is asked
needs_top()
{
	needs_json
	! { "$top_builddir/weirctl" top 2>&1 || :; } | grep -q 'without ncurses;' || skip "weirctl was built without ncurses"
	command -v tmux >/dev/null || skip "tmux is not there"
}

# terminal COLUMNSxROWS [NAME=VALUE]...: weirctl top in a shell in a terminal of its own.
terminal()
{
	local size=$1
	shift
	TERMINAL=weirctl-$$-$BATS_TEST_NUMBER
	printf '%s\n' "PS1='\$ '" 'unset HISTFILE' 'set +o history' 'bind "set enable-bracketed-paste off"' >rc
	mkdir -p bin
	ln -sf "$top_builddir/weirctl" bin/weirctl
	tmux_ new-session -d -x "${size%x*}" -y "${size#*x}" env "PATH=$PWD/bin:$PATH" "XDG_RUNTIME_DIR=$PWD/run" LC_ALL=C.UTF-8 \
		TERM=screen "$@" bash --noprofile --rcfile rc -i
	until_true shows_prompt
	tmux_ send-keys -l 'weirctl top' && tmux_ send-keys Enter
}

shows_prompt()
{
	[[ $(tmux_ capture-pane -p 2>/dev/null) == *'$'* ]]
}

# What the screen shows, without blanks at the ends, process ids masked, and with -e, how.
screen()
{
	local socket mask=''
	for socket in "$SOCKETS"/*; do
		[[ -e $socket ]] || continue
		mask+="s/$(printf %7d "${socket##*.}")/    PID/;s/(${socket##*.})/(PID)/;"
	done
	tmux_ capture-pane -p "$@" | sed "$mask" | sed -e 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

is_shown()
{
	screen >seen && cmp -s seen "$EXPECTED/$1.txt"
}

# shows NAME: in the end.
shows()
{
	if [[ ${WEIR_ACCEPT-} ]]; then sleep 3; screen >"$EXPECTED/$1.txt"; fi
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

# pid_of NAME: by its socket
pid_of()
{
	local socket=$(echo "$SOCKETS/$1".*)
	echo "${socket##*.}"
}

was_asked()
{
	grep -qxF -- "$2" "$1.asked"
}

@test "40, 80, 132 columns, one after the other: what matters less is left out" {
	needs_top
	pipeline
	terminal 80x10
	shows 80
	tmux_ resize-window -x 40 -y 10
	shows 40
	tmux_ resize-window -x 132 -y 10
	shows 132
	tmux_ resize-window -x 5 -y 3
	on_screen NAME
	tmux_ resize-window -x 80 -y 10
	shows 80
	tmux_ send-keys q
	on_screen '\$$'
}

@test "colours: who waits for his reader, what is lost; none with NO_COLOR" {
	needs_top
	pipeline
	terminal 80x10
	shows 80
	screen -e | grep -q $'\e\\[31m.*oooo' || fail "$(screen -e | cat -v)" # red
	screen -e | grep -q $'\e\\[33m' || fail "$(screen -e | cat -v)" # yellow
	tmux_ send-keys q
	on_screen '\$$'
	tmux_ kill-server
	terminal 80x10 NO_COLOR=1
	on_screen 'ant .* 7 '
	! screen -e | grep -q $'\e\\[3[1-6]m' || fail "$(screen -e | cat -v)"
	tmux_ send-keys q
	on_screen '\$$'
}

@test "keys: choose one, pause it, give it a rate, tap it, quit" {
	needs_top
	pipeline
	printf '%s\n' 'pause {"ok":true}' 'set {"error":"--rate: no"}' >>zoo.says
	printf '%s\n' 'tap {"record":"one"}' 'tap {"record":"\u001b[31mtwo"}' >>ant.says
	falls "$(pid_of zoo)"
	falls "$(pid_of ant)"
	stand zoo
	stand ant
	terminal 80x10
	on_screen 'ant.*cow.*zoo'
	tmux_ send-keys p
	on_screen 'ant \(PID\): pause: it does not answer|ant \(PID\): pause: '
	tmux_ send-keys Down Down Down Down Down p # the last is the last
	until_true was_asked zoo pause
	on_screen 'zoo \(PID\): pause: done'
	tmux_ send-keys r
	on_screen 'rate of zoo'
	tmux_ send-keys 1 2 BSpace M B / s Enter
	until_true was_asked zoo 'set rate=1MB/s'
	on_screen 'zoo \(PID\): set rate=1MB/s: --rate: no'
	tmux_ send-keys r 5 Escape
	on_screen 'p pause  r rate  t tap  q quit'
	! grep -q 'rate=5' zoo.asked
	tmux_ send-keys k k k t
	until_true was_asked ant 'tap out 1/100'
	on_screen '"record":"one".*u001b\[31mtwo"'
	on_screen 'it has ended; any key goes back'
	tmux_ send-keys x
	on_screen 'p pause'
	tmux_ send-keys q
	on_screen '\$$'
}

@test "^Z and back; ^C; a terminal that goes; one that is none" {
	needs_top
	pipeline
	terminal 80x10
	shows 80
	tmux_ send-keys C-z
	on_screen 'Stopped'
	tmux_ send-keys -l fg && tmux_ send-keys Enter
	shows 80
	tmux_ send-keys C-c
	on_screen '\$$'
	tmux_ send-keys -l 'echo status $?; TERM=nonesuch weirctl top; echo then $?' && tmux_ send-keys Enter
	on_screen 'status 0'
	on_screen 'the terminal cannot be used.*then'
	[[ $WEIR_UNDER == asan ]] || on_screen 'then 1' # there ncurses leaks what it had begun
}

@test "sixty weirs in a few rows: the chosen one is among those that are shown; none at all" {
	needs_top
	for i in {10..69}; do
		figures_of "w$i" 1 "$i" "$i" 0 0 0 0 0 0 >"w$i.says"
		: >"w$i.asked"
		bg "$HELPERS/standin" "w$i" "w$i.says" "w$i.asked" >ready
		pids[i]=$BG
	done
	until_true eval '[[ $(ls run/weir/ | wc -l) == 60 ]]'
	terminal 80x10
	on_screen 'w10.*w17'
	tmux_ send-keys -N 70 j
	on_screen 'w62.*w69'
	kill -KILL "${pids[@]}"
	on_screen 'no weir --control of this user runs'
	tmux_ send-keys p r t q
	on_screen '\$$'
}

@test "one that stands still: its row says so, and the others go on" {
	needs_top
	pipeline
	terminal 80x10
	shows 80
	kill -STOP "$(pid_of cow)"
	on_screen 'cow .*no answer'
	on_screen 'bee .*iiirrrrr'
	kill -CONT "$(pid_of cow)"
	shows 80
	tmux_ send-keys q
	on_screen '\$$'
}
