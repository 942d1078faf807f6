#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion, in the real shells: keys go into a line editor, and "weir", "weir-plot" and "weirctl", there functions, write down
# the arguments that they are given. fish completes a line from a script.

load common

need()
{
	command -v "$1" >/dev/null || skip "no $1"
}

# A directory for the shell to work in, with files that a policy's name or a command could be mistaken for; and all the programs
# there are for it to find.
files()
{
	export HOME=$BATS_TEST_TMPDIR TERM=dumb
	mkdir work bin programs else work/queue
	touch work/drfile "work/block it" else/dull
	printf '#!/bin/sh\n' >programs/drain
	chmod +x programs/drain
	cp programs/drain else/dry
	ln -s "$WEIR" bin/weir
	ln -s "$top_srcdir/plot/weir-plot" bin/weir-plot
	ln -s "$top_builddir/weirctl" bin/weirctl
}

# Three weirs run.
weirs_run()
{
	printf '#!/bin/sh\n[ "$1" != list ] || printf "PID NAME IN\\n12 shop 1\\n345 shelf 2\\n6 mail 3\\n"\n' >programs/weirctl
	chmod +x programs/weirctl
}

# typed SHELL: types each line of ./keys into it, <ALL> being the key that puts in all that is on offer, and <TAB> the one
# that completes. A line of ./seen for each: the arguments that came of it, in brackets.
typed()
{
	sed 's/<ALL>/\x18a/g; s/<TAB>/\t/g' keys >input
	"in_$1" >output 2>&1 3>&- || fail "$1 failed:" "$(cat -v output)" || return
	is "$(lines_of seen)" "$(lines_of keys)" "answers ($(cat -v output))"
}

# completes SHELL: the standard input has lines "KEYS => ARGUMENTS"; what comes of KEYS must be ARGUMENTS.
completes()
{
	cat >table
	sed 's/ => .*//' table >keys
	typed "$1"
	paste -d '\t' keys seen | sed 's/\t/ => /' | diff table - >&2
}

# offers_all_options SHELL [ELSE]: at "--" all long options of --help and nothing else; at "-" the short ones too; and at
# nothing as well, or ELSE. Of PROGRAM, if that is not weir.
offers_all_options()
{
	local long all
	"bin/${PROGRAM:-weir}" --help | sed -n 's/^  \(    \)\{0,1\}-/-/p' | sed 's/  .*//; s/\[*=.*//' | tr -s ', ' '\n' >all
	grep -e -- all >long
	long=$(brackets <long) all=$(brackets <all)
	like "$long" '<--help>.*<--version>'
	like "$all" '<-V>.*<-h>'
	printf "${PROGRAM:-weir} %s<ALL>\\n" -- - '' >keys
	rm -f seen
	typed "$1"
	sed 's/=>/>/g' seen | while IFS= read -r line; do grep -o '<[^>]*>' <<<"$line" | sort -u | tr -d '\n' && echo; done >options
	is "$(sed -n 1p options)" "$long"
	is "$(sed -n 2p options)" "$all"
	is "$(sed -n 3p options)" "${2-$all}"
}

brackets()
{
	sed 's/.*/<&>/' | sort | tr -d '\n'
}

# --- bash -------------------------------------------------------------------------------------------------------------------

in_bash()
{
	{ cat "${RC:-/dev/null}" && cat <<'END'; } >bashrc
PS1='' PS2='' HISTFILE=
weir() { printf '<%s>' "$@"; echo; } >>../seen
weir-plot() { weir "$@"; }
weirctl() { weir "$@"; }
bind '"\C-xa": insert-completions'
PATH=$HOME/programs
cd work
END
	timeout "$PATIENCE" bash --noprofile --rcfile bashrc -i <input
}

plain_bash()
{
	files
	RC=rc
	# shellcheck disable=SC2016
	printf '. "$top_srcdir/completions/%s.bash"\n' weir weir-plot weirctl >rc
}

# As where both are installed: bash-completion finds the file by the command's name.
bash_with_completion()
{
	local lib
	lib=$(pkg-config --variable=datadir bash-completion 2>/dev/null || echo /usr/share)/bash-completion/bash_completion
	[[ -e $lib ]] || skip "no bash-completion"
	plain_bash
	mkdir -p share/completions
	cp "$top_srcdir/completions/weir.bash" share/completions/weir
	cp "$top_srcdir/completions/weir-plot.bash" share/completions/weir-plot
	cp "$top_srcdir/completions/weirctl.bash" share/completions/weirctl
	printf 'BASH_COMPLETION_USER_DIR=%q BASH_COMPLETION_COMPAT_DIR=/nowhere\n. %q\n' "$PWD/share" "$lib" >rc
}

values_in_bash()
{
	completes bash <<'END'
weir -p dr<ALL> => <-p><drop-newest><drop-oldest><drop-random>
weir -pdr<ALL> => <-pdrop-newest><-pdrop-oldest><-pdrop-random>
weir --policy dr<ALL> => <--policy><drop-newest><drop-oldest><drop-random>
weir --policy=dr<ALL> => <--policy=drop-newest><drop-oldest><drop-random>
weir --policy=<ALL> => <--policy=block><codel><codel:><drop-newest><drop-oldest><drop-random><fail><fair><latest><rate:><sample:><shed:>
weir -p <ALL> => <-p><block><codel><codel:><drop-newest><drop-oldest><drop-random><fail><fair><latest><rate:><sample:><shed:>
weir --pol<TAB>drop-o<TAB>-q => <--policy=drop-oldest><-q>
weir -p samp<TAB>1%<TAB>-q => <-p><sample:1%><-q>
weir -p she<TAB>1%<TAB>-q => <-p><shed:1%><-q>
weir -p codel:10s<TAB>-q => <-p><codel:10s><-q>
weir --sample-by=<ALL> => <--sample-by=count><each-key><key><random>
weir --rate-by <TAB>-q => <--rate-by><key><-q>
weir --keep -<ALL> => <--keep><->
weir -k3<TAB>-q => <-k3><-q>
weir --format=<ALL> => <--format=journal><json><text>
weir --format js<TAB>-q => <--format><json><-q>
weir --report=dr<TAB>-q => <--report=drfile><-q>
weir --dropped=dr<TAB>-q => <--dropped=drfile><-q>
weir --metrics dr<TAB>-q => <--metrics><drfile><-q>
weir --report bl<TAB>-q => <--report><block it><-q>
weir --answers=dr<ALL> => <--answers=drfile>
weir --confirm=<ALL> => <--confirm=exit><line><line:><number><read><upto><written>
weir --confirm=li<ALL> => <--confirm=line><line:>
weir --spool=que<TAB>x => <--spool=queue/x>
weir --spool <TAB>x -q dr<TAB> => <--spool><queue/x><-q><drain>
weir --spool-sync=a<TAB>-q => <--spool-sync=always><-q>
weir --retry fo<TAB>-q => <--retry><forever><-q>
weir -j8<TAB>-q => <-j8><-q>
weir --reader-gone=d<TAB>-q => <--reader-gone=discard><-q>
weir --batch 500<TAB>-q => <--batch><500,1MB><-q>
weir --backoff=20<TAB>-q => <--backoff=200ms..30s><-q>
weir dr<TAB>-q => <drain><-q>
weir -q dr<TAB>-q => <-q><drain><-q>
weir -q bl<ALL> => <-q><bl>
weir -p block dr<TAB>-q => <-p><block><drain><-q>
weir -qp block --batch=5 --number dr<TAB>-q => <-qp><block><--batch=5><--number><drain><-q>
weir --number={n} dr<TAB>-q => <--number={n}><drain><-q>
weir -prate:5/s dr<TAB>-q => <-prate:5/s><drain><-q>
weir --confirm=line:x=y dr<TAB>-q => <--confirm=line:x=y><drain><-q>
weir -- dr<TAB>-q => <--><drain><-q>
weir -q -- dr<TAB>-q => <-q><--><drain><-q>
weir ../else/d<TAB>-q => <../else/dry><-q>
weir ../el<TAB>dry => <../else/dry>
weir nope drf<TAB>-q => <nope><drfile><-q>
weir -q nope -x drf<TAB>-q => <-q><nope><-x><drfile><-q>
weir nope --pol<TAB>-q => <nope><--pol-q>
weir -- nope -p drf<TAB>-q => <--><nope><-p><drfile><-q>
END
}

@test "bash: values of options, files where there is one to give, and a command" {
	plain_bash
	values_in_bash
}

@test "bash: all options" {
	plain_bash
	offers_all_options bash
}

@test "bash that does not split words at = and :" {
	plain_bash
	# shellcheck disable=SC2016
	echo 'COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]}' >>rc
	completes bash <<'END'
weir --policy=dr<ALL> => <--policy=drop-newest><--policy=drop-oldest><--policy=drop-random>
weir -p rate:1M<TAB>-q => <-p><rate:1MB/s><-q>
weir --policy=sample:1%<TAB>-q => <--policy=sample:1%><-q>
weir --report=bl<TAB>-q => <--report=block it><-q>
weir --confirm=line:x -q dr<TAB>-q => <--confirm=line:x><-q><drain><-q>
END
}

@test "bash with bash-completion: found by name, and the same" {
	bash_with_completion
	values_in_bash
	offers_all_options bash
}

plots_in_bash()
{
	completes bash <<'END'
weir-plot -T <ALL> => <-T><png><svg><text>
weir-plot -Ts<TAB> => <-Tsvg>
weir-plot --type=p<TAB> => <--type=png>
weir-plot --type t<TAB> => <--type><text>
weir-plot -o dr<TAB> => <-o><drfile>
weir-plot --output=bl<TAB>-h => <--output=block it><-h>
weir-plot --panels=rates,d<ALL> => <--panels=rates,depth><rates,drops>
weir-plot --panels dr<TAB>,wai<TAB> => <--panels><drops,waiting>
weir-plot --panels=rates,la<TAB> => <--panels=rates,latency>
weir-plot dr<TAB> -h bl<TAB> => <drfile><-h><block it>
weir-plot -- dr<TAB> => <--><drfile>
END
}

@test "bash: weir-plot" {
	plain_bash
	plots_in_bash
	PROGRAM=weir-plot offers_all_options bash '<block it><drfile><queue>'
}

@test "bash with bash-completion: weir-plot" {
	bash_with_completion
	plots_in_bash
}

@test "bash: weirctl" {
	plain_bash
	weirs_run
	completes bash <<'END'
weirctl -n <ALL> => <-n><mail><shelf><shop>
weirctl --name sh<ALL> pause => <--name><shelf><shop><pause>
weirctl --name=m<TAB>pau<TAB> => <--name=mail><pause>
weirctl -p 3<TAB>rep<TAB> => <-p><345><report>
weirctl -n shop set ra<TAB>5/s bu<ALL> => <-n><shop><set><rate=5/s><buffer=><burst=>
weirctl tap o<TAB>1<TAB> => <tap><out><1/100>
weirctl pause <TAB>x => <pause><x>
weirctl serve --lis<TAB>127<TAB> => <serve><--listen><127.0.0.1:19347>
weirctl sp<TAB>dum<TAB>--al<TAB>que<TAB>x => <spool><dump><--all><queue/x>
weirctl spool <ALL> => <spool><check><dump>
weirctl --json spool check <TAB> => <--json><spool><check><queue/>
weirctl spool check queue <TAB>x => <spool><check><queue><x>
END
	PROGRAM=weirctl offers_all_options bash '<drain><list><pause><purge><report><resume><serve><set><spool><tap><top><watch>'
}

# --- zsh --------------------------------------------------------------------------------------------------------------------

in_zsh()
{
	cat >zshrc <<'END'
PS1='' PS2=''
fpath=($top_srcdir/completions $fpath)
autoload -Uz compinit
compinit -u -D
zle -C all-of-them complete-word _generic
zstyle ':completion:all-of-them:*' completer _all_matches _complete
zstyle ':completion:all-of-them:*' insert true
bindkey '^Xa' all-of-them '^I' complete-word
typeset -i n=0
weir() { print -rn -- "<${(pj:><:)@}>" >>../seen; print >>../seen; print said $((++n)); }
weir-plot() { weir "$@"; }
weirctl() { weir "$@"; }
path=($HOME/programs)
cd work
print said 0
END
	# Each line is typed when the one before has been run: until then the terminal is not the line editor's.
	cat >zsh-in-zpty <<'END'
zmodload zsh/zpty
zpty z TERM=dumb zsh -f -i
zpty -w z '. ./zshrc'
typeset -i n=0
zpty -r z said "*said 0*"
while IFS= read -r line; do
	zpty -w z $line
	zpty -r z said "*said $((++n))*" || exit
	print -r -- $said
done
zpty -d z
END
	timeout "$PATIENCE" zsh -f zsh-in-zpty <input
}

@test "zsh: values of options, files where there is one to give, and a command" {
	need zsh
	files
	completes zsh <<'END'
weir -p dr<ALL> => <-p><drop-newest><drop-oldest><drop-random>
weir -pdr<ALL> => <-pdrop-newest><-pdrop-oldest><-pdrop-random>
weir --policy dr<ALL> => <--policy><drop-newest><drop-oldest><drop-random>
weir --policy=dr<ALL> => <--policy=drop-newest><--policy=drop-oldest><--policy=drop-random>
weir -p <ALL> => <-p><block><codel><codel:><drop-newest><drop-oldest><drop-random><fail><fair><latest><rate:><sample:><shed:>
weir --pol<TAB>drop-o<TAB>-q => <--policy=drop-oldest><-q>
weir -p samp<TAB>1%<TAB>-q => <-p><sample:1%><-q>
weir -p she<TAB>1%<TAB>-q => <-p><shed:1%><-q>
weir -p codel:10s<TAB>-q => <-p><codel:10s><-q>
weir --sample-by=<ALL> => <--sample-by=count><--sample-by=each-key><--sample-by=key><--sample-by=random>
weir --rate-by <TAB>-q => <--rate-by><key><-q>
weir --keep -<ALL> => <--keep><->
weir -k3<TAB>-q => <-k3><-q>
weir --format=<ALL> => <--format=journal><--format=json><--format=text>
weir --format js<TAB>-q => <--format><json><-q>
weir --report=dr<TAB>-q => <--report=drfile><-q>
weir --dropped=dr<TAB>-q => <--dropped=drfile><-q>
weir --metrics dr<TAB>-q => <--metrics><drfile><-q>
weir --report bl<TAB>-q => <--report><block it><-q>
weir --answers=dr<ALL> => <--answers=drfile>
weir --confirm=<ALL> => <--confirm=exit><--confirm=line><--confirm=line:><--confirm=number><--confirm=read><--confirm=upto><--confirm=written>
weir --spool=que<TAB>x => <--spool=queue/x>
weir --spool <TAB>x -q dr<TAB> => <--spool><queue/x><-q><drain>
weir --spool-sync=a<TAB>-q => <--spool-sync=always><-q>
weir --retry fo<TAB>-q => <--retry><forever><-q>
weir -j8<TAB>-q => <-j8><-q>
weir --reader-gone=d<TAB>-q => <--reader-gone=discard><-q>
weir --batch 500<TAB>-q => <--batch><500,1MB><-q>
weir --backoff=20<TAB>-q => <--backoff=200ms..30s><-q>
weir dra<TAB>-q => <drain><-q>
weir -q bl<ALL> => <-q><bl>
weir -p block dra<TAB>-q => <-p><block><drain><-q>
weir --batch=5 --number dra<TAB>-q => <--batch=5><--number><drain><-q>
weir -- dra<TAB>-q => <--><drain><-q>
weir nope drf<TAB>-q => <nope><drfile><-q>
weir -q nope -x drf<TAB>-q => <-q><nope><-x><drfile><-q>
weir nope --pol<TAB>-q => <nope><--pol-q>
END
}

@test "zsh: all options" {
	need zsh
	files
	offers_all_options zsh '<drain>'
}

@test "zsh: weir-plot" {
	need zsh
	files
	completes zsh <<'END'
weir-plot -T <ALL> => <-T><png><svg><text>
weir-plot -Ts<TAB> => <-Tsvg>
weir-plot --type=p<TAB> => <--type=png>
weir-plot -o dr<TAB> => <-o><drfile>
weir-plot --panels=rates,la<TAB> => <--panels=rates,latency>
weir-plot --panels dr<TAB>,wai<TAB> => <--panels><drops,waiting>
weir-plot dr<TAB> --size=9<TAB> bl<TAB> => <drfile><--size=900x700><block it>
END
	PROGRAM=weir-plot offers_all_options zsh '<block it><drfile><queue>'
}

@test "zsh: weirctl" {
	need zsh
	files
	weirs_run
	completes zsh <<'END'
weirctl -n <ALL> => <-n><mail><shelf><shop>
weirctl --name=m<TAB>pau<TAB> => <--name=mail><pause>
weirctl -p 3<TAB>rep<TAB> => <-p><345><report>
weirctl -n shop set ra<TAB>5/s bu<ALL> => <-n><shop><set><rate=5/s><buffer=><burst=>
weirctl tap o<TAB> => <tap><out>
weirctl sp<TAB>dum<TAB>--al<TAB>que<TAB>x => <spool><dump><--all><queue/x>
weirctl spool <ALL> => <spool><check><dump>
weirctl --json spool check <TAB> => <--json><spool><check><queue>
END
	PROGRAM=weirctl offers_all_options zsh '<drain><list><pause><purge><report><resume><serve><set><spool><tap><top><watch>'
}

# --- fish -------------------------------------------------------------------------------------------------------------------

# complete -C gives whole words in the place of the last one, each with its description behind a tab.
in_fish()
{
	cat >fish-script <<'END'
set -p fish_complete_path $top_srcdir/completions
set PATH $HOME/programs $HOME/bin
cd work
while read -l line
	complete -C $line | string replace -r '\t.*' '' | string replace -r '.*' '<$0>' | string join '' | read -l answer
	echo $answer >>../seen
end <../input
END
	sed -i 's/\x18a//' input
	PATH=$PWD/bin:$PATH timeout "$PATIENCE" fish --no-config fish-script
}

@test "fish: values of options, files where there is one to give, and a command" {
	need fish
	files
	completes fish <<'END'
weir -p dr<ALL> => <drop-newest><drop-oldest><drop-random>
weir -pdr<ALL> => <-pdrop-newest><-pdrop-oldest><-pdrop-random>
weir --policy dr<ALL> => <drop-newest><drop-oldest><drop-random>
weir --policy=dr<ALL> => <--policy=drop-newest><--policy=drop-oldest><--policy=drop-random>
weir -p <ALL> => <block><codel><codel:><drop-newest><drop-oldest><drop-random><fail><fair><latest><rate:><sample:><shed:>
weir --sample-by <ALL> => <count><each-key><key><random>
weir --format <ALL> => <journal><json><text>
weir --format=j<ALL> => <--format=journal><--format=json>
weir --report=dr<ALL> => <--report=drfile>
weir --report dr<ALL> => <drfile>
weir --confirm <ALL> => <exit><line><line:><number><read><upto><written>
weir --spool que<ALL> => <queue/>
weir --spool-sync a<ALL> => <always>
weir --retry fo<ALL> => <forever>
weir --reader-gone=d<ALL> => <--reader-gone=discard>
weir --batch 500<ALL> => <500,1MB>
weir --answers drf<ALL> => <drfile>
weir dr<ALL> => <drain>
weir -q bl<ALL> => 
weir -p block dr<ALL> => <drain>
weir --batch 5 --number dr<ALL> => <drain>
weir -- dr<ALL> => <drain>
weir -q -- dr<ALL> => <drain>
weir nope drf<ALL> => <drfile>
weir nope --pol<ALL> => 
weir -q nope -p drf<ALL> => <drfile>
END
}

@test "fish: all options" {
	need fish
	files
	offers_all_options fish '<drain><queue/><weir-plot><weir><weirctl>'
}

@test "fish: weir-plot" {
	need fish
	files
	completes fish <<'END'
weir-plot -T <ALL> => <png><svg><text>
weir-plot --type=p<ALL> => <--type=png>
weir-plot -o dr<ALL> => <drfile>
weir-plot --panels rates,d<ALL> => <rates,depth><rates,drops>
weir-plot dr<ALL> => <drfile>
END
	PROGRAM=weir-plot offers_all_options fish '<block it><drfile><queue/>'
}

@test "fish: weirctl" {
	need fish
	files
	weirs_run
	completes fish <<'END'
weirctl -n <ALL> => <mail><shelf><shop>
weirctl --name=m<ALL> => <--name=mail>
weirctl -p 3<ALL> => <345>
weirctl -n shop set ra<ALL> => <rate=>
weirctl -n shop tap <ALL> => <in><out>
weirctl sp<ALL> => <spool>
weirctl spool <ALL> => <check><dump>
weirctl --json spool check qu<ALL> => <queue/>
weirctl spool dump --a<ALL> => <--all>
END
	PROGRAM=weirctl offers_all_options fish '<drain><list><pause><purge><report><resume><serve><set><spool><tap><top><watch>'
}
