# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2013,SC2015,SC2094,SC2119,SC2120
#
# What every test of the command line tool shares. By hand, after a make: bats tests/cli/THEME.bats
#
#   WEIR          the program under test, absolute      WEIR_UNDER  what it runs under: asan, valgrind, ... or empty
#   HELPERS       the built programs of tests/helpers   top_srcdir, top_builddir
#
# A test runs in an empty directory of its own. Nothing waits for a time to pass: events are ordered by FIFOs, or by asking
# weir itself (USR1) until it has got to where the test wants it. PATIENCE is only how long a test that fails may hang: far
# longer than a machine that does ten other things needs.
#
# Most of the time that the tests take goes into starting programs: what is done over and over here is done by the shell.

top_srcdir=${top_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir}
WEIR=${WEIR:-$top_builddir/weir}
HELPERS=${HELPERS:-$top_builddir/tests/helpers}
WEIR_UNDER=${WEIR_UNDER:-}
PATIENCE=${PATIENCE:-120}
export WEIR HELPERS top_srcdir top_builddir LC_ALL=C

# bats looks where it is before each command, which takes longer than most of them: only in the test itself, where it tells
# which line failed, not in the functions that it calls.
setup()
{
	set +T
	declare -ft "$BATS_TEST_NAME"
	cd "$BATS_TEST_TMPDIR" || return
	BG='' WEIR_JOB=''
	: >nothing
}

# Ends only what the test itself started: its jobs, and the programs whose parent is one of them.
teardown()
{
	local file pid live parent='PPid:[[:space:]]*([0-9]+)'
	live=$(jobs -p)
	if [[ $live ]]; then
		for file in ./pid ./*.pid; do
			[[ -f $file ]] && read -r pid <"$file" && process "$pid" && [[ $PROCESS =~ $parent ]] || continue
			[[ " ${live//$'\n'/ } " == *" ${BASH_REMATCH[1]} "* ]] && kill -KILL "$pid" 2>/dev/null
		done
		# shellcheck disable=SC2086 # words
		kill -KILL $live 2>/dev/null
		wait 2>/dev/null
	fi
	if [[ -d $BATS_TEST_TMPDIR/full ]] && mountpoint -q "$BATS_TEST_TMPDIR/full"; then umount "$BATS_TEST_TMPDIR/full"; fi
	return 0
}

# --- Pages ------------------------------------------------------------------------------------------------------------------

# block NAME [FILE]: what stands behind that mark on $page, as the executable FILE (default ./recipe)
block()
{
	awk -v mark="<!-- test: $1 -->" '
		$0 == mark { inside = 1; next }
		inside && /^    / { print substr($0, 5); found = 1; next }
		inside && found && /[^ ]/ { exit }' "$page" >"${2:-recipe}"
	[[ -s ${2:-recipe} ]] || fail "no block $1 in $page"
	chmod +x "${2:-recipe}"
}

# --- Saying what went wrong -------------------------------------------------------------------------------------------------

fail()
{
	printf '%s\n' "$@" >&2
	return 1
}

# is SEEN EXPECTED [WHAT]
is()
{
	[[ $1 == "$2" ]] || fail "${3:-value}:" "  expected: $2" "  seen:     $1"
}

# like SEEN REGEX [WHAT]
like()
{
	[[ $1 =~ $2 ]] || fail "${3:-text}:" "  expected to match: $2" "  seen: $1"
}

unlike()
{
	[[ ! $1 =~ $2 ]] || fail "${3:-text}:" "  expected not to match: $2" "  seen: $1"
}

# same FILE FILE: the same bytes
same()
{
	cmp -- "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# until_true COMMAND...: asks again and again until it is true, for PATIENCE seconds.
until_true()
{
	local end=$((SECONDS + PATIENCE))
	until "$@"; do
		((SECONDS < end)) || fail "still not true after $PATIENCE s: $*" || return
		nap
	done
}

# nap: a hundredth of a second. Nobody ever writes to that FIFO.
nap()
{
	local quiet=$BATS_FILE_TMPDIR/quiet
	[[ -p $quiet ]] || mkfifo "$quiet" 2>/dev/null || :
	read -rt 0.01 <>"$quiet" || :
}

# --- In the background ------------------------------------------------------------------------------------------------------

# bg COMMAND...: with none of the test's own descriptors, or a reader would never see the end of a FIFO. Sets BG. (Without
# <&0 the shell would give it /dev/null to read.)
bg()
{
	"$@" <&0 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	BG=$!
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# ended_job PID: waits for a background job; its status is this function's.
ended_job()
{
	until_true gone_or_zombie "$1" && wait "$1"
}

gone_or_zombie()
{
	process "$1" || return 0
	[[ $PROCESS =~ State:[[:space:]]*[ZX] ]]
}

# process PID: what the kernel says of it, in one line: PROCESS. It fails where there is no such process (or no /proc).
process()
{
	local lines
	{ mapfile -t lines <"/proc/$1/status"; } 2>/dev/null && [[ ${#lines[@]} -gt 0 ]] || return
	PROCESS=" ${lines[*]}"
}

# release FIFO: lets go who waits at that barrier (helpers' -b, -p, -k).  Who is to wait there once more has to be seen beyond it before it is
# released again: two openings, while he still reads the first, are one to him.
release()
{
	# shellcheck disable=SC2016
	timeout "$PATIENCE" sh -c ': >"$1"' sh "$1" 3>&-
}

# --- weir in the background -------------------------------------------------------------------------------------------------

# start [OPTION]...: weir with JSON reports to ./report, standard input from $IN (default: nothing), output to $OUT
# (default ./out), error to $ERR (default ./err), the signals of $IGNORE ignored, those of $BLOCK blocked, and $SEND sent to
# it already. Waits until weir is up, or has ended.
start()
{
	afresh
	bg start_now "$@"
	WEIR_JOB=$BG
	until_true is_up
}

# afresh: nothing is there of the last weir.
afresh()
{
	[[ ! -e pid && ! -e status && ! -e report ]] || rm -f pid status report
}

start_now()
{
	exec "$HELPERS/launch" ${IGNORE:+-i "$IGNORE"} ${BLOCK:+-b "$BLOCK"} ${SEND:+-k "$SEND"} -p pid -s status "$WEIR" --format=json --report=report "$@" \
		<"${IN:-nothing}" >"${OUT:-out}" 2>"${ERR:-err}"
}

# The report is opened after the signals are caught and before the first read.
is_up()
{
	[[ -e status || ( -e pid && -e report ) ]] || gone_or_zombie "$WEIR_JOB"
}

# hears_usr1: weir, whose number is in pid, has got so far that USR1 does not end it; where that is not known, pid is there.
hears_usr1()
{
	local pid mask='SigCgt:[[:space:]]*([0-9a-f]+)'
	[[ -e pid ]] || return
	[[ -e /proc/self/status ]] || return 0
	read -r pid <pid && process "$pid" && [[ $PROCESS =~ $mask ]] && ((0x${BASH_REMATCH[1]} >> 9 & 1))
}

# sig SIGNAL: weir has got it, that is, its handler has run, or it has ended: of two signals that wait, the kernel delivers the
# one with the lower number first, and of two of a kind only one.
sig()
{
	local pid
	read -r pid <pid && kill "-$1" "$pid" || return
	until_true none_waits
}

none_waits()
{
	local pid waits='S[ih][gd]Pnd:[[:space:]]*0*[1-9a-f]'
	read -r pid <pid && process "$pid" || return 0
	[[ ! $PROCESS =~ $waits ]]
}

# finish ["exit N" | "signal N"]: waits for the end of weir. Sets ENDED, FINAL (the last report); the law must hold in every
# report there is.
finish()
{
	until_true has_ended || fail "weir does not end" || return
	[[ -e status ]] || fail "weir could not be started: $(cat err)" || return
	read -r ENDED <status
	[[ $# -eq 0 || $ENDED == "$1" ]] ||
		is "$ENDED" "$1" "how weir ended (standard error: $(cat "${ERR:-err}" 2>/dev/null))" || return
	FINAL=
	[[ ! -s report ]] || { reports && FINAL=$REPORT && law report; }
}

# run_weir [OPTION]...: as start and finish, in the foreground.
run_weir()
{
	afresh
	"$HELPERS/launch" -t "$PATIENCE" ${IGNORE:+-i "$IGNORE"} -s status "$WEIR" --format=json --report=report "$@" \
		<"${IN:-nothing}" >"${OUT:-out}" 2>"${ERR:-err}" 3>&- 6>&- 7>&- 8>&- 9>&-
	finish
}

# with_descriptors COUNT COMMAND...: COMMAND, for which weir may have no more of them; the shell needs more for itself, and
# so does AddressSanitizer, to look for leaks.
with_descriptors()
{
	# shellcheck disable=SC2016 # the other shell's
	printf '#!/bin/sh\nulimit -n %s\nASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 exec "%s" "$@"\n' "$1" "$WEIR" >limited
	chmod +x limited
	shift
	WEIR=./limited "$@"
}

has_ended()
{
	[[ -e status ]] || { [[ $WEIR_JOB ]] && gone_or_zombie "$WEIR_JOB"; }
}

lines_of()
{
	wc -l <"$1"
}

more_lines_than()
{
	local lines
	mapfile -t lines <"$1"
	((${#lines[@]} > $2)) || [[ -e status ]]
}

# reports: REPORTS, how many whole ones are in ./report, and REPORT, the last of them.
reports()
{
	local lines
	mapfile lines <report || return
	REPORTS=${#lines[@]}
	[[ $REPORTS -eq 0 || ${lines[-1]} == *$'\n' ]] || REPORTS=$((REPORTS - 1))
	REPORT=
	[[ $REPORTS -eq 0 ]] || REPORT=${lines[REPORTS - 1]%$'\n'}
}

more_reports_than()
{
	reports && ((REPORTS > $1)) || [[ -e status ]]
}

# snapshot: asks for a report, sets SNAP. The law must hold in it.
snapshot()
{
	local before
	reports && before=$REPORTS || return
	sig USR1 || fail "weir is gone: $(cat status err 2>/dev/null)" || return
	until_true more_reports_than "$before" || return
	[[ ! -e status ]] || fail "weir ended: $(cat status err)" || return
	SNAP=$REPORT
	law report
}

# snapshot_until EXPRESSION: asks again and again until jq finds the report so.
snapshot_until()
{
	local end=$((SECONDS + PATIENCE))
	while snapshot; do
		jq -e "$1" <<<"$SNAP" >/dev/null && return
		((SECONDS < end)) || fail "still not so after $PATIENCE s: $1" "$SNAP" || return
		nap
	done
	return 1
}

# --- Reports ----------------------------------------------------------------------------------------------------------------

# law FILE: the law of the ledger, in each of its reports.
law()
{
	"$HELPERS/ledger" "$1" >&2
}

# figures PATH...: what the last report in ./report has there, in one line.
figures()
{
	"$HELPERS/ledger" report "$@"
}

# final EXPRESSION, snap EXPRESSION: what jq must find true of the last report.
final()
{
	jq -e "$1" <<<"$FINAL" >/dev/null || fail "not so in the final report: $1" "$FINAL" "standard error: $(cat err 2>/dev/null)"
}

snap()
{
	jq -e "$1" <<<"$SNAP" >/dev/null || fail "not so in the report: $1" "$SNAP"
}

# --- A reader that stalls ---------------------------------------------------------------------------------------------------

# stalled_reader FIFO: makes it, full to the last byte, and holds it open: whatever is written to it has to wait. Start weir
# with OUT=FIFO, then call reader_holds, after which the test's descriptor 8 is the only reader. FILLED: the bytes in it.
stalled_reader()
{
	mkfifo "$1"
	exec 7<>"$1"
	FILLED=$("$HELPERS/fill" "$1")
	exec 8<"$1"
}

# empty_reader FIFO: the same, but the FIFO is empty, and takes what fits into it.
empty_reader()
{
	mkfifo "$1"
	exec 7<>"$1"
	FILLED=0
	exec 8<"$1"
}

reader_holds()
{
	exec 7>&-
}

# reader_goes: the last reader of the FIFO is gone.
reader_goes()
{
	exec 8<&-
}

# drain FILE: takes all that is to come out of the FIFO, up to its end, less what it had been filled with.
drain()
{
	timeout "$PATIENCE" head -c "$FILLED" <&8 >filling || return
	timeout $((4 * PATIENCE)) cat <&8 >"$1" || return
	exec 8<&-
}

# --- A producer that the test leads by the hand -----------------------------------------------------------------------------

# producer FIFO: makes the FIFO, and holds it open for writing as descriptor 9. Start weir with IN=FIFO.
producer()
{
	mkfifo "$1"
	exec 9<>"$1"
}

# After weir has opened it: descriptor 9 is a writer only, so that weir sees the end of input at producer_ends.
producer_holds()
{
	exec 6>"$1"
	exec 9>&-
	exec 9>&6
	exec 6>&-
}

producer_ends()
{
	exec 9>&-
}

# stalled FILE [OPTION]...: weir takes all of FILE while its reader stands still, then the reader takes all it gets: ./got.
# SNAP: the last report of the stall; FINAL the one at the end.
stalled()
{
	local file=$1
	shift
	[[ ! -e full ]] || rm full
	stalled_reader full
	IN=$file OUT=full start "$@"
	reader_holds
	snapshot_until ".in.bytes == $(stat -c %s "$file")" || return
	snap '.out.bytes == 0' || return
	drain got || return
	finish "exit 0" || return
	final '.held.bytes == 0 and .undelivered.bytes == 0' || return
	is "$(figures out.bytes)" "$(stat -c %s got)" "bytes that came out"
}

# fed OPTIONS BATCH...: weir, while its reader stands still, reads each BATCH at once, its words as records; then the reader
# takes all it gets: ./got, and GOT, in one line. SNAP and FINAL as for stalled. ENDS: how it has to end, if not with status 0.
fed()
{
	local options=$1 batch count=0
	shift
	[[ ! -e full && ! -e fifo ]] || rm -f full fifo
	stalled_reader full
	producer fifo
	# shellcheck disable=SC2086 # words
	IN=fifo OUT=full start $options
	producer_holds fifo
	reader_holds
	for batch; do
		# shellcheck disable=SC2086
		printf '%s\n' $batch >feeding
		cat feeding >&9
		count=$((count + $(lines_of feeding)))
		snapshot_until ".in.records == $count" || return
	done
	snap '.out.bytes == 0' || return
	producer_ends
	drain got || return
	finish "${ENDS:-exit 0}" || return
	GOT=$(paste -sd ' ' got)
}

# left RECORDS [EXPRESSION]: what must have come out, and what must be true of the final report.
left()
{
	is "$GOT" "$1" "what came out" && final "${2:-true}"
}

# Memory, in KiB, as the kernel counts it.
rss_anon()
{
	awk '$1 == "RssAnon:" { print $2 }' "/proc/$1/status"
}

# feed FORMAT [ARGUMENT]...: what printf makes of it goes to the producer's FIFO, in one write. (The shell's own printf makes a
# write of each line.)
feed()
{
	env printf "$@" >&9
}

# --- What this weir is built with -------------------------------------------------------------------------------------------

# has_patterns: whether weir was built with PCRE2; otherwise it says that it was WITHOUT.
WITHOUT="this weir was built without PCRE2"
has_patterns()
{
	local said
	said=$("$WEIR" -q -p drop-oldest --keep=x <nothing 2>&1) || [[ $said != *"$WITHOUT"* ]]
}

# needs_patterns: skips where it was not.
needs_patterns()
{
	has_patterns || skip "weir was built without PCRE2"
}
