#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# weirctl: what is in a spool, as weir has left it or as it was damaged; and that looking changes nothing.

load common

# ctl WORD...: weirctl over what a test has made; nothing in ./spool is changed by it, whatever it says.
ctl()
{
	local before after
	before=$(traces)
	run --separate-stderr timeout "$PATIENCE" ${EMULATOR:-} "$top_builddir/weirctl" "$@"
	after=$(traces)
	is "$after" "$before" "what is in the directory"
}
bats_require_minimum_version 1.5.0

# All that is in ./spool: names, kinds, modes, lengths, when each was changed, and the bytes.
traces()
{
	[[ -d spool ]] || return 0
	find spool -printf '%p %y %m %s %T@ %C@ %i\n' | LC_ALL=C sort
	find spool -type f -readable -exec cksum {} + | LC_ALL=C sort
}

# numbers FROM TO: as lines of 100 bytes
numbers()
{
	seq "$1" "$2" | awk '{ printf "%099d\n", $1 }'
}

# kept FILE [OPTION]...: a weir that has read all of FILE, of which nothing is out, is killed.
kept()
{
	local file=$1
	shift
	rm -f full
	stalled_reader full
	IN=$file OUT=full start --spool=spool --pipe-size=keep "$@"
	reader_holds
	snapshot_until ".in.bytes == $(stat -c %s "$file")" || return
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
}

# flip FILE OFFSET: one bit of it is another.
flip()
{
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# sees EXPRESSION: what jq must find true of spool check --json.
sees()
{
	ctl spool check --json spool
	is "$stderr" ""
	is "$(wc -l <<<"$output")" 1
	jq -e "$1" <<<"$output" >/dev/null || fail "not so: $1" "$output"
}

# finds_what_weir_finds: the figures of the next weir are those that were told before; what comes out is what was dumped.
finds_what_weir_finds()
{
	local told
	ctl spool check --json spool
	told=$(jq -c '[.held.records + .missing.records, .held.records, .missing]' <<<"$output")
	timeout "$PATIENCE" ${EMULATOR:-} "$top_builddir/weirctl" spool dump spool >dumped 2>said || :
	IN=nothing run_weir --spool=spool
	is "$ENDED" "exit 0"
	is "$(jq -c '[.recovered.records, .out.records, .dropped.by.corrupt]' <<<"$FINAL")" "$told" "what weir finds"
	same dumped out
}

# --- check ------------------------------------------------------------------------------------------------------------------

@test "a weir that was killed: all of it is held" {
	numbers 1 5000 >in
	kept in
	sees '.held == {"records":5000,"bytes":500000} and .on_disk == .held and .missing.bytes == 0 and (.damaged | not)
		and .state and (.clean | not) and (.in_use | not) and .holder == null and .framing == "lines" and .delimiter == 10
		and .confirmed == {"records":0,"bytes":0} and .first_serial == 1 and .next_serial > 5000 and .torn_bytes == 0
		and (.id | test("^[0-9a-f]{32}$")) and ([.segments[].records] | add) == 5000
		and .segments[0].first_serial == 1 and .segments[-1].last_serial == 5000 and .schema == 1 and .spool == "spool"'
	is "$status" 0
	ctl spool check spool
	is "$status" 0
	like "$output" '^spool: id [0-9a-f]{32}, framing lines'
	like "$output" 'last run: not ended in order'
	like "$output" '0000000000000001.seg: [0-9]+ bytes: 5000 records, 500000 bytes, serials 1 to 5000, held'
	like "$output" 'on disk: 1 segment of [0-9]+ bytes, with 5000 records, 500000 bytes'
	like "$output" 'confirmed: 0 records, 0 bytes, all before serial 1'
	like "$output" 'held: 5000 records, 500000 bytes'
	like "$output" 'missing: nothing'
	finds_what_weir_finds
}

@test "what is confirmed is told apart, and dumped only if asked for" {
	numbers 1 20000 >in
	stalled_reader full
	IN=in OUT=full start --spool=spool --pipe-size=keep --spool-size=16M --rate=1000000/s
	reader_holds
	snapshot_until '.in.records == 20000'
	head -c $((FILLED + 150000)) <&8 >taken
	snapshot_until '.out.records > 1000'
	kill -KILL "$(<pid)"
	until_true has_ended
	reader_goes
	sees '.confirmed.records > 1000 and .first_serial == .confirmed.records + 1 and .held.records == 20000 - .confirmed.records
		and .on_disk.records == 20000 and .segments[0].use == "confirmed in part"'
	first=$(jq .first_serial <<<"$output")
	ctl spool dump spool
	is "$status" 0
	is "$output" "$(numbers "$first" 20000)"
	ctl spool dump --number spool
	is "$output" "$(numbers "$first" 20000 | awk -v n="$first" '{ print n++ "\t" $0 }')"
	ctl spool dump --all spool
	is "$output" "$(<in)"
	finds_what_weir_finds
}

@test "serials with gaps: each record has its own" {
	numbers 1 3000 >in
	kept in --sample=3
	sees '.held.records == 1000 and .segments[0].first_serial == 1 and .segments[-1].last_serial == 2998'
	ctl spool dump --number spool
	is "$output" "$(awk 'NR % 3 == 1 { print NR "\t" $0 }' in)"
}

@test "a flipped byte: a block is missing, exactly, before which record, and the rest is there" {
	numbers 1 5000 >in
	kept in
	flip spool/0000000000000001.seg 100000
	sees '.damaged and .missing.records > 100 and .missing.records < 1000 and .missing.bytes == .missing.records * 100
		and .held.records == 5000 - .missing.records and .segments[0].other_bytes == .other_bytes and .other_bytes > .missing.bytes'
	is "$status" 1
	missing=$(jq .missing.records <<<"$output")
	ctl spool check spool
	is "$status" 1
	like "$output" "missing: $missing records, ${missing}00 bytes"
	ctl spool dump --number spool
	is "$status" 1
	like "$stderr" "^weirctl: spool: missing: $missing records, ${missing}00 bytes, before serial [0-9]+\$"
	before=${stderr##* }
	is "$output" "$(awk -v from=$((before - missing)) -v to="$before" 'NR < from || NR >= to { print NR "\t" $0 }' in)"
	finds_what_weir_finds
}

@test "a segment that is gone, one that is cut short: exactly what was in them" {
	numbers 1 20000 >in
	kept in --spool-size=4M --spool-sync=always
	sees '.segments | length > 3'
	jq -r '.segments[].name' <<<"$output" >names
	lost=$(jq '.segments[1].records' <<<"$output")
	rm "spool/$(sed -n 2p names)"
	sees ".damaged and .missing == {\"records\":$lost,\"bytes\":${lost}00}"
	truncate -s -1000 "spool/$(sed -n 1p names)"
	sees ".damaged and .missing.records > $lost and .segments[0].other_bytes > 0 and .torn_bytes == 0"
	is "$status" 1
	finds_what_weir_finds
}

@test "the end: a torn tail is none, what was synced and is gone is" {
	numbers 1 5000 >in
	kept in --spool-sync=always
	cp -a spool kept
	printf 'half of a block' >>spool/0000000000000001.seg
	sees '(.damaged | not) and .torn_bytes == 15 and .held.records == 5000'
	is "$status" 0
	ctl spool check spool
	like "$output" 'torn tail: 15 bytes'
	finds_what_weir_finds
	rm -rf spool && mv kept spool
	truncate -s -1 spool/0000000000000001.seg
	sees '.damaged and .missing.records > 0 and .held.records + .missing.records == 5000 and .torn_bytes > 0'
	ctl spool dump spool
	is "$status" 1
	like "$stderr" 'missing: [0-9]+ records, [0-9]+ bytes, at the end$'
	finds_what_weir_finds
}

@test "no state: what is confirmed is not known" {
	numbers 1 2000 >in
	kept in
	rm spool/state
	sees '.damaged and (.state | not) and .id == null and .held.records == 2000 and .missing.bytes == 0'
	is "$status" 1
	ctl spool check spool
	like "$output" '^spool: no state that can be read'
	ctl spool dump spool
	is "$status" 1
	is "$output" "$(<in)"
	is "$stderr" "weirctl: spool: no state that can be read: what was confirmed before is there as well"
}

@test "after a clean end nothing is held" {
	numbers 1 2000 >in
	IN=in run_weir --spool=spool
	sees '.clean and .held.bytes == 0 and .confirmed.records == 2000 and .next_serial == 2001 and .segments == []'
	is "$status" 0
	ctl spool dump --all spool
	is "$status:$output:$stderr" 0::
}

@test "other framings; a last record without its end comes as it came" {
	printf 'one\0two\0three' >in
	kept in --null
	sees '.framing == "null" and .delimiter == 0 and .held == {"records":3,"bytes":13}'
	"$top_builddir/weirctl" spool dump spool >got
	same got in
	"$top_builddir/weirctl" spool dump --number spool | tr '\0' , >got
	is "$(<got)" $'1\tone,2\ttwo,3\tthree'
	rm -rf spool
	numbers 1 1000 >in
	kept in --fixed=50
	sees '.framing == "fixed" and .record_bytes == 50 and .held == {"records":2000,"bytes":100000}'
	ctl spool dump --number spool
	is "$status" 1
	is "$stderr" "weirctl: spool: --number: its records have a fixed size; accepted without"
	rm -rf spool
	kept in --bytes
	sees '.framing == "bytes" and .held == {"records":0,"bytes":100000} and .segments[0].first_serial == null'
	ctl spool check spool
	like "$output" 'held: 100000 bytes'
	"$top_builddir/weirctl" spool dump spool >got
	same got in
	ctl spool dump --number spool
	is "$stderr" "weirctl: spool: --number: its bytes are no records; accepted without"
}

@test "while a weir has it: that is said, and it goes on" {
	numbers 1 5000 >in
	stalled_reader full
	producer fifo
	IN=fifo OUT=full start --spool=spool --pipe-size=keep
	producer_holds fifo
	reader_holds
	cat in >&9
	snapshot_until '.in.records == 5000'
	"$top_builddir/weirctl" spool check --json spool >told
	jq -e ".in_use and .holder == $(<pid) and .held.records == 5000 and (.damaged | not)" told
	"$top_builddir/weirctl" spool check spool >told
	like "$(<told)" "in use by process $(<pid): what follows may have moved meanwhile"
	"$top_builddir/weirctl" spool dump spool >got 2>said
	same got in
	is "$(<said)" "weirctl: spool: in use by process $(<pid): it may have moved meanwhile"
	producer_ends
	drain got
	finish "exit 0"
	same got in
}

# --- what is no spool -------------------------------------------------------------------------------------------------------

@test "a file that is foreign, a segment that is empty, one of another spool: nothing is missing for them" {
	numbers 1 1000 >in
	kept in
	mv spool other
	kept in
	cp other/0000000000000001.seg spool/00000000000000ff.seg
	: >spool/00000000000000fe.seg
	echo text >spool/notes
	mkfifo spool/00000000000000fd.seg
	ln -s ../in spool/00000000000000fc.seg
	ctl spool check --json spool
	is "$status" 0
	jq -e '.held.records == 1000 and ([.segments[] | select(.use == "spare")] | length) == 1 and .other_segments == 3' <<<"$output"
	ctl spool dump spool
	is "$output" "$(<in)"
}

@test "an empty directory, one of something else, a file, a link, nothing" {
	mkdir spool
	for word in check dump; do
		ctl spool $word spool
		is "$status:$output" 1:
		is "$stderr" "weirctl: spool: not a spool: neither a state nor a segment is there"
	done
	echo text >spool/notes
	ctl spool check spool
	is "$status" 1
	is "$(ls spool)" notes
	ln -s spool link
	ctl spool check link
	is "$status" 1
	is "$stderr" "weirctl: link: not a directory; accepted: that of a weir --spool, and no symbolic link to it"
	ctl spool dump nothing
	is "$status" 1
	like "$stderr" '^weirctl: nothing: not a directory'
	ctl spool check none
	is "$status" 1
	is "$stderr" "weirctl: none: No such file or directory"
	[[ ! -e none ]]
}

@test "one that may not be read" {
	local launch=()

	((EUID != 0)) || launch=(setpriv --bounding-set=-dac_override,-dac_read_search) # that root may read all
	mkdir spool
	chmod 0 spool
	run "${launch[@]}" "$top_builddir/weirctl" spool check spool
	chmod 700 spool
	is "$status:$output" "1:weirctl: spool: Permission denied"
}

@test "one that may only be read" {
	numbers 1 1000 >in
	kept in
	chmod 400 spool/*
	chmod 500 spool
	ctl spool dump spool
	is "$status" 0
	is "$output" "$(<in)"
	chmod 700 spool
}

# --- the program ------------------------------------------------------------------------------------------------------------

@test "nothing is opened for writing, made, cut, renamed or removed" {
	command -v strace >/dev/null || skip "no strace"
	[[ ! $WEIR_UNDER && ! ${EMULATOR:-} ]] || skip "under $WEIR_UNDER"
	numbers 1 5000 >in
	kept in
	printf 'half of a block' >>spool/0000000000000001.seg
	for word in check dump; do
		strace -f -o calls "$top_builddir/weirctl" spool $word spool >out 2>err || skip "strace: $(cat err)"
		grep -q 'openat([0-9]*, "0000000000000001.seg", O_RDONLY' calls || fail "$(cat calls)"
		! grep -E 'open.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)' calls | grep -vE '"/dev/null"|/proc/self/fd/1"' || fail "written to"
		! grep -E '^[0-9]* *(f?truncate|unlink|rename|mkdir|link|symlink|chmod|fchmod|pwrite|fsync|fdatasync|utime)' calls ||
			fail "changed"
		! grep -E 'F_SETLK|F_OFD_SETLK|flock\(' calls || fail "locked"
	done
}

@test "a reader that has gone, an output that is full" {
	numbers 1 20000 >in
	kept in
	(
		set +o pipefail
		"$top_builddir/weirctl" spool dump spool 2>err | head -n 3 >got
		echo "${PIPESTATUS[0]}" >status
	)
	is "$(<status)" 141
	is "$(<err)" ""
	is "$(<got)" "$(numbers 1 3)"
	[[ -w /dev/full ]] || return 0
	for word in check dump; do
		run --separate-stderr sh -c '"$1" spool $2 spool >/dev/full' sh "$top_builddir/weirctl" $word
		is "$status" 1
		is "$stderr" "weirctl: standard output: No space left on device"
	done
	run --separate-stderr sh -c '"$1" spool dump spool >&-' sh "$top_builddir/weirctl"
	is "$status" 1
	is "$stderr" "weirctl: standard output: Bad file descriptor"
}

@test "memory does not grow with the spool" {
	[[ ! $WEIR_UNDER ]] || skip "under $WEIR_UNDER"
	seq 1 4000000 | awk '{ printf "%099d\n", $1 }' | head -c 100000000 >in
	kept in
	for words in "dump --number" dump check; do
		# shellcheck disable=SC2086 # words
		(ulimit -v 20000 && "$top_builddir/weirctl" spool $words spool >out) || fail "$words"
	done
	like "$(<out)" 'held: 1000000 records, 100000000 bytes'
}

@test "what cannot be asked: the word, and what is accepted" {
	usage()
	{
		local said=$1
		shift
		ctl "$@"
		is "$status:$output:$stderr" "2::weirctl: $said"
	}
	words=$("$top_builddir/weirctl" --help | sed -n '/^Words/,/^$/s/^  \([a-z]\{1,\}\).*/\1/p' | uniq | paste -sd , | sed 's/,/, /g')
	options=$("$top_builddir/weirctl" --help | grep -oE '^  (-., )?--[a-z]+' | grep -oE -- '--[a-z]+' | paste -sd , | sed 's/,/, /g')
	usage "a word is missing; accepted: $words; 'weirctl --help' says more"
	usage "spol: no such word; did you mean spool? accepted: $words" spol
	usage "zzz: no such word; accepted: $words" zzz check
	usage "spool needs another word; accepted: check, dump" spool
	usage "spool chek: no such word; did you mean check? accepted: check, dump" spool chek spool
	usage "spool check needs DIR; accepted: the directory of a weir --spool" spool check
	usage "spool check: an empty DIR; accepted: the directory of a weir --spool" spool check ''
	usage "more: one too many for spool dump; accepted: DIR" spool dump spool more
	usage "--all: not with spool check; accepted: --json, --help, --version" spool check --all spool
	usage "--jsn: no such option; did you mean --json? accepted: $options" spool check --jsn spool
	usage "-x: no such option; accepted: $options" -x
	usage "--json takes no value, but --json=yes gives one" spool check --json=yes spool
	usage "sp\\033ool: no such word; did you mean spool? accepted: $words" $'sp\eool'
}

@test "--help, --version; the page has each word and each option" {
	ctl --help
	is "$status:$stderr" 0:
	like "$output" '^Usage: weirctl '
	(($(awk '{ print length }' <<<"$output" | sort -n | tail -n 1) < 80)) || fail "too wide"
	for option in $(grep -oE -- '^  (-., )?--[a-z]+' <<<"$output" | grep -oE -- '--[a-z]+'); do
		grep -qE "^\.It .*Fl ,? ?-${option#--}\b|^\.It .*, -${option#--}\b" "$top_srcdir/man/weirctl.1" || fail "$option is not in the page"
	done
	grep -oE '^  spool [a-z]+' <<<"$output" | while read -r group word; do
		grep -qx "\.It Cm $group $word Ar dir" "$top_srcdir/man/weirctl.1" || fail "$group $word is not in the page"
	done
	ctl spool dump -h
	like "$output" '^Usage: weirctl '
	ctl -V
	is "$status:$stderr" 0:
	like "$output" '^weirctl [0-9]+\.[0-9]+'
}
