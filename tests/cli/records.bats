#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Records that a byte does not tell: several lines, a delimiter of several bytes, lengths in front.

load common

# out_of OPTION...: what weir makes of ./in, by OPTION and --quiet; the status is weir's.
out_of()
{
	timeout "$PATIENCE" "$WEIR" -q "$@" <in
}

# ends_with STATUS COMMAND...: what it says goes to OUTPUT.
ends_with()
{
	local status=0
	OUTPUT=$("${@:2}" 2>&1 </dev/null) || status=$?
	is "$status" "$1" "status of ${*:2}"
}

# in_steps BYTES: ./in, so many bytes at a time, each a write of its own.
in_steps()
{
	dd if=in bs="$1" status=none iflag=fullblock
}

# whole_under OPTION...: of ./in, whose records are in ./records (NUL after each) or every other of them in ./half, every policy
# and every read size makes whole records: with room for all, all of them; of 1 in 2 every other.
whole_under()
{
	local options=("$@") policy step
	[[ ! -e records ]] || awk 'BEGIN { RS = "\0"; ORS = "" } NR % 2 == 1' records >half
	for policy in '' '-p drop-oldest' '-p drop-newest' '-p drop-random' '-p latest -k 1' '-p fair -k 1' '-p shed:3' '-p codel' '-p fail' '--max-age=1h'; do
		# shellcheck disable=SC2086
		out_of "${options[@]}" $policy >out && same in out || fail "$policy" || return
		# shellcheck disable=SC2086
		in_steps 7 | timeout "$PATIENCE" "$WEIR" -q "${options[@]}" $policy -s 2 >out || return
		same half out || fail "$policy, 7 bytes at a time" || return
	done
	for step in 1 2 100 100000; do
		in_steps "$step" | timeout "$PATIENCE" "$WEIR" -q "${options[@]}" -p drop-oldest -s 2 >out || return
		same half out || fail "$step at a time" || return
	done
	out_of "${options[@]}" -s 2 --confirm=exit --batch=3 cat >out && same half out || fail "in batches" || return
	out_of "${options[@]}" -s 2 --spool=spool >out && same half out || fail "with a spool" || return
}

# --- several lines ----------------------------------------------------------------------------------------------------------

# As the runtimes print them: each record in a file, with a NUL behind it into ./records.
make_traces()
{
	: >records
	: >in
	local record
	for record in "$@"; do
		printf '%s\0' "$record" >>records
		printf '%s' "$record" >>in
	done
}

java=$'2026-11-30 12:00:00 ERROR c.e.Shop - order failed
java.lang.IllegalStateException: no stock
\tat com.example.Shop.order(Shop.java:42)
\tat com.example.Main.main(Main.java:7)
Caused by: java.io.IOException: closed
\tat com.example.Store.read(Store.java:99)
\t... 2 more
'
python=$'2026-11-30 12:00:01 ERROR shop: order failed
Traceback (most recent call last):
  File "shop.py", line 42, in order
    stock[item] -= 1
    ~~~~~^^^^^^
KeyError: \'tea\'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "main.py", line 7, in <module>
    order("tea")
RuntimeError: no stock
'
go=$'2026-11-30 12:00:02 panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.order(...)
\t/src/shop.go:42
main.main()
\t/src/main.go:7 +0x1d
exit status 2
'

@test "--start: stack traces of Java, Python and Go stay whole, under every policy and for every read" {
	needs_patterns
	make_traces "$java" "$python" $'2026-11-30 12:00:02 INFO fine\n' "$go" $'2026-11-30 12:00:03 INFO bye\n'
	whole_under '--start=^\d{4}-\d\d-\d\d '
}

@test "--join: what is indented, and what Java says of a cause" {
	needs_patterns
	make_traces "${java#*failed$'\n'}" $'INFO fine\n' "${java#*failed$'\n'}" $'INFO bye\n'
	whole_under '--join=^(\s|Caused by:)'
}

@test "--continued: with the next line, whatever that is; CRLF is no part of it" {
	needs_patterns
	make_traces $'a \\\nb \\\nc\n' $'d\n' $'e \\\n f\n' $'\n'
	whole_under '--continued=\\$'
	make_traces $'a \\\r\nb\r\n' $'c\r\n' $'d\r\n'
	whole_under '--continued=\\$'
	make_traces $'1 stdout P be\n1 stdout F gin\n' $'1 stdout F whole\n' $'1 stdout F bye\n'
	whole_under '--continued=^\S+ \S+ P '
}

@test "--start and --continued together; what stands before the first start is a record" {
	needs_patterns
	make_traces $' before\n all\n' $'X \\\nX goes on\n more\n' $'X\n' $'X end\n'
	whole_under --start=^X '--continued=\\$'
}

# bats test_tags=clock
@test "a record has ended when the input has, when weir is told to end, and after --record-linger" {
	needs_patterns
	printf 'a\n b' >in
	is "$(out_of --join='^ ' | od -c)" "$(od -c in)"
	mkfifo to
	exec 4<>to
	bg "$WEIR" -q --join='^ ' --record-linger=50ms <to >out
	printf 'a\n b\n' >&4
	until_true grep -q b out
	printf ' c\nd\n' >&4 # too late to be of the first
	until_true grep -q c out
	exec 4>&-
	ended_job "$BG"
	is "$(paste -sd , out)" "a, b, c,d"
	exec 4<>to
	bg "$WEIR" -q --continued='\\$' --record-linger=1h <to >out
	printf 'a \\\nb\n' >&4
	until_true grep -q b out # no line behind it tells
	printf 'c\\\n' >&4
	exec 4>&-
	ended_job "$BG"
	same out <(printf 'a \\\nb\nc\\\n')
	exec 4<>to
	bg "$HELPERS/launch" -p pid -s status "$WEIR" --format=json --report=report --join='^ ' --record-linger=1h <to >out
	export WEIR_JOB=$BG
	until_true is_up
	printf 'a\n b\nleft' >&4 # which is read at once
	snapshot_until '.in.bytes == 5'
	sig TERM
	until_true test -e status
	exec 4>&-
	is "$(paste -sd , out)" "a, b"
	is "$(figures in.records in.bytes out.records out.bytes undelivered.records undelivered.bytes)" "1 9 1 5 0 4"
}

@test "a line that is longer than 64 KiB is judged by its beginning; a record that is longer than the buffer leaves in parts" {
	needs_patterns
	{ printf 'x'; head -c 300000 /dev/zero | tr '\0' y; printf '\n z\n'; printf 'x\n'; } >in
	in_steps 1000 | timeout "$PATIENCE" "$WEIR" -q --start=^x -m 8K >out
	same in out
	IN=in run_weir --start=^x
	is "$(figures in.records out.records)" "2 2"
	IN=in run_weir --start=^x -p drop-newest --max-record=1000
	is "$(figures in.records out.records)" "2 1"
	is "$(<out)" x
}

@test "what is dropped of them is saved as it came, though their ends come late" {
	needs_patterns
	mkfifo to
	exec 4<>to
	bg "$HELPERS/launch" -p pid -s status "$WEIR" --format=json --report=report --join='^ ' --record-linger=1h -s 2 --dropped=d <to >out
	export WEIR_JOB=$BG
	until_true is_up
	local bytes=0
	for record in $'a\n b\n' $'c\n d\n' $'e\n f\n' $'g\n h\n' $'i\n'; do
		printf '%s' "$record" >&4
		bytes=$((bytes + ${#record}))
		snapshot_until ".in.bytes == $bytes" # each is a read of its own
	done
	exec 4>&-
	until_true test -e status
	is "$(paste -sd , out)" "a, b,e, f,i"
	is "$(paste -sd , d)" "c, d,g, h"
}

@test "they are the same records when they come from a spool" {
	needs_patterns
	printf 'a\n b\nc\n d\ne\n' >in
	leave_in_spool --join='^ '
	IN=nothing run_weir --spool=spool --join='^ ' -s 1 --batch=1 awk '{ print NR, $0 }'
	is "$(paste -sd , out)" "1 a,2  b,1 c,2  d,1 e"
	is "$(figures recovered.records recovered.bytes out.records)" "3 12 3"
	printf 'a--b--c' >in
	leave_in_spool -d --
	printf 'd--' >more
	IN=more run_weir --spool=spool -d --
	is "$(<out)" "a--b--c--d--"
	is "$(figures recovered.records out.records)" "3 4"
}

# leave_in_spool OPTION...: all of ./in is in ./spool when weir ends, and none of it is out: nobody takes it.
leave_in_spool()
{
	rm -rf spool status pid
	bg "$HELPERS/launch" -p pid -s status "$WEIR" --format=json --report=report --spool=spool --drain-timeout=0 --backoff=1h "$@" \
	    --batch=1000 false <in >leftover 2>err
	export WEIR_JOB=$BG
	until_true is_up
	snapshot_until '.held.bytes == '"$(stat -c %s in)"
	sig TERM
	until_true test -e status
}

# --- a delimiter of several bytes -------------------------------------------------------------------------------------------

@test "-d STRING: up to 16 bytes, also where it repeats itself" {
	needs_patterns
	make_traces $'GET /\r\nHost: a\r\n\r\n' $'GET /b\r\n\r\n' $'\r\n\r\n' $'POST\n\r\n\r\n'
	whole_under -d '\r\n\r\n'
	make_traces 1aa 2aa aa 3baa 4aa
	whole_under -d aa
	make_traces 1abababac 2ababac 3ababac
	whole_under -d ababac
	make_traces 'a0123456789abcdef' '0123456789abcdef'
	whole_under -d 0123456789abcdef
}

@test "-d STRING: keys, patterns, marks and dead letters go by it" {
	needs_patterns
	printf 'one yes--two no--three yes--four' >in
	is "$(out_of -d -- -s 4 --keep='s$')" "one yes--two no--three yes--"
	is "$(out_of -d -- -s 2 --dropped=d)" "one yes--three yes--"
	is "$(<d)" "two no--four"
	printf 'first--x 1--x 2--' >in
	is "$(out_of -d -- --drop-over=1/h --mark-drops='{records} gone')" "first--2 gone--"
	ends_with 2 "$WEIR" -d -- -p drop-newest --mark-drops='a--b'
	like "$OUTPUT" 'would contain the records. delimiter'
}

# --- lengths in front -------------------------------------------------------------------------------------------------------

@test "--frame: every format, under every policy and for every read" {
	make_frames u8 '\x05' '\x00' '\x03'
	whole_under --frame=u8
	make_frames u16be '\x00\x05' '\x00\x00' '\x00\x03'
	whole_under --frame=u16be
	make_frames u16le '\x05\x00' '\x00\x00' '\x03\x00'
	whole_under --frame=u16le
	make_frames u32be '\x00\x00\x00\x05' '\x00\x00\x00\x00' '\x00\x00\x00\x03'
	whole_under --frame=u32be
	make_frames u32le '\x05\x00\x00\x00' '\x00\x00\x00\x00' '\x03\x00\x00\x00'
	whole_under --frame=u32le
	make_frames varint '\x85\x00' '\x00' '\x03'
	whole_under --frame=varint
}

# make_frames FORMAT FIVE NOTHING THREE: five frames with such headers; the records of 1 in 2 in ./half.
make_frames()
{
	# shellcheck disable=SC2059
	printf "$2hello$3$4a\nb$3$2world" >in
	# shellcheck disable=SC2059
	printf "$2hello$4a\nb$2world" >half
}

@test "--frame=netstring and octets: text; what cannot be ends the input, at which byte" {
	printf '5:hello,0:,3:a\nb,0:,5:world,' >in
	printf '5:hello,3:a\nb,5:world,' >half
	whole_under --frame=netstring
	printf '5 hello1 x3 a\nb1 y5 world' >in
	printf '5 hello3 a\nb5 world' >half
	whole_under --frame=octets
	printf '5:hello,3:abc;' >in
	ends_with 1 out_of --frame=netstring -p drop-newest
	like "$OUTPUT" '^5:hello,weir: --frame=netstring: standard input: no record at byte 14; accepted: a length in digits'
	IN=in run_weir --frame=netstring -p drop-newest || :
	is "$(figures in.records in.bytes out.records out.bytes undelivered.records undelivered.bytes)" "1 14 1 8 0 6"
	printf '5 hello03 abc' >in
	ends_with 1 out_of --frame=octets
	like "$OUTPUT" '^5 helloweir: --frame=octets: standard input: no record at byte 8; '
}

@test "--frame: one that the end of input has cut goes out as it came" {
	printf '5:hello,5:he' >in
	ends_with 0 out_of --frame=netstring
	is "$OUTPUT" "5:hello,5:heweir: standard input: it ended within a record, which is left as it came"
	printf '5:hello,5' >in
	ends_with 0 out_of --frame=netstring -p drop-newest
	like "$OUTPUT" '^5:hello,5weir: standard input: it ended within'
}

@test "--frame=pcap: the file's header is a record, in both orders of bytes" {
	{ printf '\xd4\xc3\xb2\xa1\2\0\4\0'; head -c 16 /dev/zero; } >in
	for i in 1 2 3; do printf "%b" '\1\0\0\0\2\0\0\0\3\0\0\0\3\0\0\0' "ab$i" >>in; done
	IN=in run_weir --frame=pcap
	same in out
	is "$(figures in.records)" 4
	{ printf '\xa1\xb2\x3c\x4d\0\2\0\4'; head -c 16 /dev/zero; printf '\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\3abc'; } >in
	IN=in run_weir --frame=pcap
	same in out
	is "$(figures in.records)" 2
	{ head -c 24 in; for i in {1..2000}; do printf '%b%05d' '\0\0\0\1\0\0\0\2\0\0\0\5\0\0\0\5' "$i"; done; } >long
	stalled long --frame=pcap -p drop-oldest -m 4K # the header stays, and with it what is left can be read
	is "$(head -c 24 got | cksum) $(tail -c 5 got)" "$(head -c 24 long | cksum) 02000"
	is "$((($(stat -c %s got) - 24) % 21)) $(($(stat -c %s got) < 20000))" "0 1"
	timeout "$PATIENCE" "$WEIR" -q --frame=pcap -s 1000 --sample-by=random --seed=7 <long >got
	is "$(head -c 24 got | cksum)" "$(head -c 24 long | cksum)"
	printf '\n\r\r\n' >in
	ends_with 1 out_of --frame=pcap
	like "$OUTPUT" 'no record at byte 1; accepted: the header of a pcap file'
}

@test "--frame: patterns and keys see the payload; a mark is a frame of its own" {
	needs_patterns
	printf '1:a,1:b,2:ab,1:b,' >in
	is "$(out_of --frame=netstring -s 100 --keep=^b)" "1:a,1:b,1:b,"
	is "$(out_of --frame=netstring -s 1 --sample-by=each-key -k 1)" "$(<in)"
	is "$(out_of --frame=netstring -s 9 --sample-by=each-key -k 1)" "1:a,1:b,2:ab,"
	is "$(out_of --frame=netstring --drop-over=1/h --mark-drops='{records} gone')" "1:a,6:3 gone,"
	printf '\1a\1b\1c' >in
	is "$(out_of --frame=u8 --drop-over=1/h --mark-drops="$(printf '%0300d' 0){records}" | wc -c)" 258
}

@test "hostile lengths take no memory and end as they should" {
	printf '\xff\xff\xff\xffabc' >in
	is "$(out_of --frame=u32be 2>/dev/null | wc -c)" 7
	ends_with 0 out_of --frame=u32be -p drop-newest
	like "$OUTPUT" 'abcweir: standard input: it ended within'
	printf '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc' >in
	ends_with 1 out_of --frame=varint
	like "$OUTPUT" 'no record at byte 1; accepted: a length of at most 10 bytes, below 2\^62'
}

# --- what does not go together ----------------------------------------------------------------------------------------------

@test "what does not go together is said" {
	needs_patterns
	local rows row options error
	rows='--start=a -0|only lines are joined
--start=a --join=b|not with --start
--record-linger=1s|no record waits for more lines
--start=|empty
--start=(|missing closing parenthesis
--frame=pcap --number|not with --frame=pcap
--frame=pcap --weight={n}|not with --frame=pcap
--frame=u32be --dropped=f --dropped-reason|not with --frame
--frame=pcap --spool=s|not with --spool
--frame=pcap --mark-drops|not with --frame=pcap
--frame=u64|no such format'
	while IFS='|' read -r options error; do
		# shellcheck disable=SC2086
		ends_with 2 "$WEIR" $options
		like "$OUTPUT" "$error" "$options"
	done <<<"$rows"
}
