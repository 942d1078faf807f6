#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What goes in comes out, byte for byte, over everything that a descriptor can be; and whoever shares a descriptor with weir
# finds it as it was. `over` fails by itself, with status 99, if a flag of a shared description changes.

load common

# through [OVER-OPTION]... -- [OPTION]...: ./in comes out as it was, the law holds, and the report says what went through.
through()
{
	local over=() status=0
	while [[ $1 != -- ]]; do
		over+=("$1")
		shift
	done
	shift
	: >out
	: >report
	timeout $((2 * PATIENCE)) "$HELPERS/over" -I in -O out "${over[@]}" "$WEIR" --format=json --report=report "$@" 2>err || status=$?
	is "$status" 0 "status over ${over[*]} of weir $*: $(<err)" || return
	[[ ! -s err ]] || fail "over ${over[*]} weir $* said: $(<err)" || return
	same in out || fail "over ${over[*]}: weir $*" || return
	is "$(figures in.bytes out.bytes exit.status)" "$(stat -c '%s %s' in) 0" "over ${over[*]}: weir $*"
}

inputs=(pipe fifo socket pty file)
outputs=(pipe fifo socket pty master file)

# everywhere [OPTION]...: over each kind of input, with each kind of output
everywhere()
{
	local i o
	for i in "${inputs[@]}"; do
		for o in "${outputs[@]}"; do
			through -i "$i" -o "$o" -- "$@" || return
		done
	done
}

# Records of 1 byte to 3 times a buffer of 4K, and no delimiter at the end.
mixed()
{
	"$HELPERS/lines" -n 200 -l 1,12288,2,100,4000,4096,31 -d "${1-\\n}" -e >in
}

@test "lines, over everything" {
	mixed
	everywhere -m 4K
}

@test "NUL, over everything" {
	mixed '\0'
	everywhere -m 4K -0
}

@test "bytes, over everything" {
	head -c 300000 /dev/urandom >in
	everywhere -b
}

@test "lines with a rate, over everything" {
	mixed
	everywhere -m 4K -L 1000MB/s
}

@test "NUL with a rate, over everything" {
	mixed '\0'
	everywhere -0 -p rate:10000000/s
}

@test "bytes with a rate, over everything" {
	head -c 300000 /dev/urandom >in
	everywhere -b -m 4K -L 1000MB/s
}

@test "whole records with room enough, over everything" {
	mixed
	everywhere -p drop-oldest -m 16M
}

@test "O_NONBLOCK inherited on both sides loses nothing" {
	mixed
	for i in "${inputs[@]}"; do
		for o in "${outputs[@]}"; do
			through -n -i "$i" -o "$o" -- -m 4K
		done
		through -n -i "$i" -o "$i" -- -m 4K -L 1000MB/s
		through -n -i "$i" -o pipe -- -b
		through -n -i "$i" -o fifo -- -b -m 4K
	done
}

@test "O_NONBLOCK inherited and a reader that takes a byte at a time" {
	"$HELPERS/lines" -n 100 -l 1,700,2,100,4100,31 >in
	for o in "${outputs[@]}"; do
		through -n -c 1 -i pipe -o "$o" -- -m 4K
		through -n -c 1 -i socket -o "$o" -- -m 4K -p rate:1000000/s
	done
}

@test "writes of one byte, and reads of one byte" {
	"$HELPERS/lines" -n 60 -l 1,1300,2,100,31 -e >in
	for i in pipe fifo socket pty; do
		through -f 1 -i "$i" -o pipe -- -m 4K
		through -f 1 -i "$i" -o pipe -- -m 4K -s 1
	done
	for o in pipe fifo socket pty master; do
		through -c 1 -i pipe -o "$o" -- -m 4K
		through -c 1 -i pipe -o "$o" -- -m 4K -L 1000MB/s
	done
	through -f 1 -c 1 -- -b
	through -f 1 -c 1 -- -b -L 1000MB/s
	through -f 7 -c 3 -- --fixed=5
}

@test "empty input, over everything" {
	: >in
	everywhere
	through -- -b
	through -i socket -o fifo -- -p drop-newest
}

@test "a single record without delimiter, over everything" {
	printf x >in
	everywhere -p drop-newest
}

@test "binary: all 256 bytes, over everything, raw terminals too" {
	for i in {0..255}; do
		# shellcheck disable=SC2059
		printf "\\x$(printf %02x "$i")"
	done >all
	cat all all all >in
	everywhere
	through -i fifo -o fifo -- -p drop-oldest
}

@test "megabytes through pipes" {
	"$HELPERS/lines" -n 20000 -l 12,700,33,4000,1,150 >in
	for options in "" "-m 4K" "-m 16M" "-L 100000MB/s" "-s 1" "-b" "-b -m 4K" "-m 64K --high=30% --low=0%" "--max-records=5" \
		"-b -L 100000MB/s"; do
		# shellcheck disable=SC2086
		through -- $options
	done
}

@test "what keeps messages apart is read and written whole" {
	mixed
	for options in "" -b "-L 1000MB/s" "-m 4K" "-p drop-newest -m 8M"; do
		# shellcheck disable=SC2086
		through -i packets -f 8000 -- $options || return
		# shellcheck disable=SC2086
		through -o packets -- $options || return
		# shellcheck disable=SC2086
		through -i packets -f 8000 -o packets -- $options || return
	done
}

@test "records go whole into a message where they fit" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	"$HELPERS/lines" -n 10000 -l 100 >in
	for options in "" "-L 1000MB/s"; do
		# shellcheck disable=SC2086
		ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$PATIENCE" "$HELPERS/over" -i file -I in -o packets -O out strace -o trace -e trace=sendmsg "$WEIR" -q $options
		same in out || return
		sed -n 's/^sendmsg.* = \([0-9]*\)$/\1/p' trace >lengths
		is "$(awk '{ sum += $1; torn += $1 % 100 != 0 } END { print sum, torn + 0 }' lengths)" "1000000 0" || return
	done
}

@test "what an input could not keep is said, and reading goes on" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	[[ -c /dev/zero ]] || skip "no /dev/zero"
	for when in 2 "2..4"; do
		ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$PATIENCE" strace -o trace -e "inject=readv:error=EPIPE:when=$when" \
			"$WEIR" -q --fixed=512 </dev/zero 2>err | head -c 3000000 >out
		is "$(stat -c %s out)" 3000000 "bytes after a loss" || return
		is "$(head -n 1 err)" "weir: standard input: overrun: something was lost before it could be read" || return
	done
	is "$(sed -n 2p err)" "weir: standard input: 3 overruns in all, each a loss before it could be read"
	status=0
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$PATIENCE" strace -o trace -e inject=readv:error=EPIPE:when=2+ \
		"$WEIR" -q --fixed=512 </dev/zero >out 2>err || status=$?
	is "$status" 1
	grep -q "^weir: standard input: Broken pipe" err
	# a message that is longer than the room for it
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$PATIENCE" strace -o trace -e inject=readv:error=EINVAL:when=2 \
		"$WEIR" -q --fixed=512 </dev/zero 2>err | head -c 3000000 >out
	is "$(stat -c %s out)" 3000000
	grep -q '^read(0, ' trace
}

@test "system calls that a sandbox forbids are done without" {
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	"$HELPERS/lines" -n 3000 -l 12,700,33,150 >in
	for calls in preadv2,pwritev2 splice tee pipe2; do
		for options in "" -b "-L 1000MB/s"; do
			rm -f out report
			# shellcheck disable=SC2002,SC2086 # a pipe is what it is about
			cat in | ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout "$PATIENCE" strace -f -o trace \
				-e inject=$calls:error=EPERM "$WEIR" --format=json --report=report $options 2>err | cat >out
			same in out || fail "without $calls: weir $options: $(cat err)"
			is "$(figures out.bytes exit.status)" "$(stat -c %s in) 0" "without $calls: weir $options"
		done
	done
}

@test "pipes of any capacity" {
	"$HELPERS/lines" -n 20000 -l 12,700,33 >in
	for size in keep 4K 64K 1M 3M; do
		through -- --pipe-size="$size"
		through -- --pipe-size="$size" -p drop-oldest -m 64M
		through -- --pipe-size="$size" -b
	done
}

@test "a pipe is never made smaller" {
	perl -e 'pipe R, W; fcntl(W, 1031, 1 << 20) or die $!; pipe S, T; fcntl(T, 1031, 1 << 20) or die $!;
		my $pid = fork; if (!$pid) { open STDIN, "<&R"; open STDOUT, ">&T"; close $_ for *R, *W, *S, *T; exec @ARGV or die }
		print W "x"; close W; waitpid $pid, 0;
		print fcntl(R, 1032, 0), " ", fcntl(S, 1032, 0), "\n"' "$WEIR" -q --pipe-size=64K >capacity
	is "$(cat capacity)" "1048576 1048576"
}

@test "how large a pipe is asked for, and which" {
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	while IFS=: read -r options expected; do
		[[ $WEIR_UNDER != portable ]] || expected=
		# shellcheck disable=SC2086
		: | ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -o trace -e trace=/^fcntl "$WEIR" -q $options | cat
		is "$(sed -n 's/^fcntl[64]*(\([01]\), F_SETPIPE_SZ, \([0-9]*\)).*/\1 \2/p' trace | paste -sd " ")" "$expected" \
			"descriptors and sizes, weir $options"
	done <<-end
		:0 262144 1 262144
		-m 128K:0 131072 1 131072
		-m 4K:
		-L 1/s:0 262144 1 262144
		-b -m 4K:0 1048576 1 1048576
		-p drop-oldest:0 262144
		-p drop-newest:0 262144
		--max-age=1s:0 262144
		--max-age=1s --pipe-size=128K:0 131072 1 131072
		-p drop-newest --pipe-size=128K:0 131072 1 131072
		-p drop-oldest --pipe-size=128K:0 131072 1 131072
		--pipe-size=keep:
	end
}

@test "two programs that write to one pipe, at the same time" {
	"$HELPERS/lines" -n 50000 -l 100 >a
	"$HELPERS/lines" -n 50000 -f 50001 -l 100 >b
	for options in "" "-m 4K" "-b" "-L 1000MB/s" "-p drop-oldest -m 64M"; do
		# shellcheck disable=SC2086
		{
			cat a &
			"$WEIR" -q $options <b &
			wait
		} | { "$HELPERS/reader" -s 2000 -P >seen || true; }
		is "$(jq .bytes seen)" 10000000 "bytes with weir $options"
	done
	# Whole records, at most PIPE_BUF at once: those are not even torn.
	for options in "-L 1000MB/s" "-p drop-oldest -m 64M"; do
		# shellcheck disable=SC2086
		{
			"$HELPERS/lines" -n 50000 -l 100 -w 4000 &
			"$WEIR" -q $options <b &
			wait
		} | sort -n >sorted
		cat a b >both
		same sorted both
	done
}

@test "one program after the other on one pipe, and on one input" {
	seq 10000 >a
	seq 20000 >b
	{ cat a; "$WEIR" -q <b; cat a; } | cat >out
	same out <(cat a b a)
	{ "$WEIR" -q; cat b; } <a >out
	same out <(cat a b)
	# what it does not read is there for the next
	{ "$WEIR" --nonsense 2>/dev/null || true; cat; } <a >out
	same out a
}

@test "weir 2>&1 | x loses nothing" {
	seq 100000 >in
	"$WEIR" <in 2>&1 | cat >out
	same <(head -n 100000 out) in
	is "$(lines_of out)" 100001
	like "$(tail -n 1 out)" '^weir: in 100000 records .* out 100000, '
	mixed
	status=0
	"$HELPERS/over" -e -n -I in -O out "$WEIR" -m 4K || status=$?
	is "$status" 0
	same <(head -c "$(stat -c %s in)" out) in
}

@test "a flag that weir would set on what it inherits is seen by these tests" {
	printf x >in
	status=0
	"$HELPERS/over" -I in perl -MFcntl -e 'fcntl STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK; print <STDIN>' 2>err || status=$?
	is "$status" 99
	like "$(cat err)" 'flags of standard output'
}

@test "one terminal for output and error" {
	printf 'x\n' >in
	"$HELPERS/over" -e -i pty -o pty -I in -O out "$WEIR"
	is "$(head -n 1 out)" x
	like "$(tail -n 1 out)" '^weir: in 1 record.* out 1, '
}

@test "several weirs in a row" {
	"$HELPERS/lines" -n 20000 -l 12,700,33 >in
	"$WEIR" -q <in | "$WEIR" -q -L 1000MB/s | "$WEIR" -q -b | "$WEIR" -q -p drop-oldest -m 64M | "$WEIR" -q -s 1 >out
	same in out
}

@test "a regular file is written where the others have left off" {
	printf 'before\n' >out
	{
		printf 'first\n'
		printf 'through weir\n' | "$WEIR" -q
		printf 'last\n'
	} >>out
	same out <(printf 'before\nfirst\nthrough weir\nlast\n')
	{
		printf 'first\n'
		printf 'through weir\n' | "$WEIR" -q -p drop-oldest
		printf 'last\n'
	} >out
	same out <(printf 'first\nthrough weir\nlast\n')
}

@test "a regular file is read from where the others have left off" {
	seq 1000 >in
	{ read -r _; "$WEIR" -q; } <in >out
	same out <(seq 2 1000)
}

@test "stopped and continued, nothing is lost" {
	stalled_reader full
	seq 30000 >in
	IN=in OUT=full start -L 1000000/s --burst=1000000 --pipe-size=keep
	reader_holds
	snapshot_until '.in.records > 0'
	sig STOP
	sig CONT
	snapshot
	drain got
	finish "exit 0"
	same got in
}

@test "a prompt without a newline is not held back under plain block" {
	for options in "" "--max-records=5" "--high=50% --low=10%" "-m 4K" "-b" "-0"; do
		rm -f fifo gone
		producer fifo
		mkfifo gone
		exec 7<>gone
		# shellcheck disable=SC2086
		IN=fifo OUT=gone start $options
		producer_holds fifo
		exec 8<gone 7>&-
		feed 'login: '
		is "$(timeout "$PATIENCE" head -c 7 <&8)" "login: " "weir $options"
		feed 'x'
		is "$(timeout "$PATIENCE" head -c 1 <&8)" "x" "weir $options"
		producer_ends
		finish "exit 0"
		exec 8<&-
	done
}

@test "under all else a record goes out once it is complete" {
	for options in "-p drop-oldest" "-p drop-newest" "-L 1000/s"; do
		rm -f fifo
		producer fifo
		# shellcheck disable=SC2086
		IN=fifo start $options
		producer_holds fifo
		feed 'log'
		snapshot_until '.held.bytes == 3'
		snapshot
		snap '.in.records == 0 and .in.bytes == 3 and .out.bytes == 0'
		feed 'in\nnex'
		snapshot_until '.out.records == 1'
		snap '.out.bytes == 6 and .held == {records: 0, bytes: 3}'
		feed 't'
		producer_ends
		finish "exit 0"
		same out <(printf 'login\nnext')
		final '.out.records == 2'
	done
}

# What weir writes to a pipe, as strace sees it: the sizes of the writes that have 64-byte records in them.
writes_of()
{
	sed -n 's/.*\(write\|writev\|pwritev2\|pwritev\|sendmsg\)(.*[a-z]\{8\}.* = \([0-9]\+\)$/\2/p' trace
}

@test "each write to a pipe is whole records of at most PIPE_BUF bytes together" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	"$HELPERS/lines" -n 20000 -l 64 >in
	for options in "-p drop-newest -m 4M" "-p drop-oldest -m 4M" "-L 1000MB/s"; do
		# shellcheck disable=SC2086
		ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -o trace -s 64 \
			-e trace=write,writev,pwritev,pwritev2,sendmsg "$WEIR" -q $options <in | cat >out
		same in out
		writes_of >writes
		(($(lines_of writes) >= 20000 * 64 / 4096))
		is "$(awk '$1 > 4096 || $1 % 64' writes)" "" "writes that are too large or tear records, weir $options"
	done
}

@test "not even SIGKILL leaves a torn record" {
	for options in "-p drop-oldest" "-p drop-newest" "-L 1000MB/s" "-p drop-oldest -m 4K"; do
		for _ in 1 2 3; do
			rm -f fifo seen barrier
			mkfifo fifo barrier
			bg sh -c '"$HELPERS/lines" -n 100000000 -l 12,700,33,4000,150 2>/dev/null | "$HELPERS/launch" -s status -p pid "$@" >fifo' \
				sh "$WEIR" -q $options
			bg sh -c 'exec "$HELPERS/reader" -l 12,700,33,4000,150 -p 100000:barrier <fifo >seen'
			reader=$BG
			until_true test -e pid
			# once something has come through
			release barrier
			sig KILL
			until_true gone_or_zombie "$reader"
			is "$(jq -c '[.torn, .disorder, .partial]' seen)" "[0,0,0]" "torn, disorder, partial: weir $options"
			is "$(jq '.records > 0' seen)" true
			rm -f pid status
		done
	done
}

# --- Much at once -----------------------------------------------------------------------------------------------------------

# counted RECORDS [OPTION]...: ./in through a weir between pipes comes out as it was, and each of its records is counted once.
counted()
{
	local records=$1 bytes
	shift
	rm -f report
	bytes=$(stat -c %s in)
	# shellcheck disable=SC2002
	cat in | "$WEIR" --format=json --report=report "$@" | cat >out
	same in out || fail "weir $*" || return
	law report
	is "$(figures in.bytes out.bytes in.records out.records)" "$bytes $bytes $records $records" "weir $*"
}

@test "megabytes of any framing are counted exactly" {
	"$HELPERS/lines" -n 120000 -l 12,700,33,1,150 >in
	bytes=$(stat -c %s in)
	((bytes >= 20000000))
	counted 120000
	counted $(((bytes + 6) / 7)) --fixed=7
	counted 1 -0
	counted 0 -b
	counted "$(LC_ALL=C tr -cd x <in | wc -c | awk '{ print $1 + 1 }')" -d x
	"$HELPERS/lines" -n 120000 -l 12,700,33,1,150 -d '\0' >in
	counted 120000 -0
}

@test "megabytes without a last delimiter" {
	"$HELPERS/lines" -n 120000 -l 12,700,33,1,150 -e >in
	counted 120000 --pipe-size=1M
	counted 120000 --pipe-size=keep
	counted 120000 -m 4K
	"$HELPERS/lines" -n 120000 -l 12,700,33,1,150 -d ';' -e >in
	counted 120000 -d ';' --pipe-size=1M
}

@test "much at once to a reader that stalls, and reads little at a time" {
	for options in "--pipe-size=1M" "--pipe-size=keep" "-m 256K" "-m 16M"; do
		rm -f barrier seen fifo in_fifo figures
		mkfifo barrier fifo in_fifo
		# shellcheck disable=SC2016
		bg sh -c '"$HELPERS/reader" -s 1000 -l 12,700,33,1,150 -p 3000000:barrier <fifo >seen'
		reader=$BG
		# shellcheck disable=SC2016
		bg sh -c 'exec "$HELPERS/lines" -n 120000 -l 12,700,33,1,150 -r figures >in_fifo'
		# shellcheck disable=SC2086
		IN=in_fifo OUT=fifo start $options
		snapshot_until '.paused.count >= 1 and .out.bytes >= 3000000 and .held.bytes > 0 or .in.bytes > 18000000'
		release barrier
		finish "exit 0"
		ended_job "$reader"
		is "$(jq -c '[.records, .torn, .gaps, .disorder]' seen)" "[120000,0,0,0]" "records, torn, gaps, disorder: weir $options"
		is "$(figures in.records out.records out.bytes)" "120000 120000 $(jq .bytes figures)" "weir $options"
	done
}

# enlarge FD BYTES: the pipe's capacity.
enlarge()
{
	perl -e 'open my $pipe, "+<&=", $ARGV[0] or die; fcntl($pipe, 1031, 0 + $ARGV[1]) or die "F_SETPIPE_SZ: $!"' "$@"
}

# traced [OPTION]...: weir from the FIFO of `producer` to that of `empty_reader`; ./trace has how it moves bytes.
traced()
{
	# shellcheck disable=SC2217
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 bg strace -f -o trace -e trace=tee,splice "$WEIR" -q "$@" <in_fifo >fifo 2>err
	WEIR_JOB=$BG
}

# How many bytes CALL moved, all told.
moved_by()
{
	sed -n "s/.* $1(.* = \\([0-9]\\+\\)\$/\\1/p; s/^$1(.* = \\([0-9]\\+\\)\$/\\1/p" trace | awk '{ sum += $1 } END { print sum + 0 }'
}

@test "a pipe full of records passes to an empty one without passing through memory, but for the first read" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	"$HELPERS/lines" -n 11000 -l 100 | head -c 1048576 >in
	for options in "" "-0" "-d 7" "--fixed=7" "-b"; do
		rm -f fifo in_fifo
		producer in_fifo
		empty_reader fifo
		enlarge 9 1048576
		enlarge 8 1048576
		dd if=in bs=1M status=none >&9
		# shellcheck disable=SC2086
		traced $options
		producer_holds in_fifo
		producer_ends
		reader_holds
		drain out
		ended_job "$WEIR_JOB"
		same in out
		looked=786432 spliced=786432
		case $WEIR_UNDER$options in
		portable* | without-splice* | without-proc*) looked=0 spliced=0 ;;
		*fixed* | *-b) looked=0 spliced=1048576 ;;
		esac
		is "$(moved_by tee) $(moved_by splice)" "$looked $spliced" "bytes looked at and spliced, weir $options"
	done
}

@test "a trickle of records is not looked at" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	"$HELPERS/lines" -n 100 -l 100 >few
	producer in_fifo
	empty_reader fifo
	traced
	producer_holds in_fifo
	reader_holds
	for _ in {1..40}; do
		cat few >&9
		timeout "$PATIENCE" head -c 10000 <&8 >got
		same few got
	done
	producer_ends
	drain rest
	ended_job "$WEIR_JOB"
	is "$(stat -c %s rest)" 0
	is "$(moved_by tee) $(moved_by splice)" "0 0" "bytes looked at and spliced"
	unlike "$(cat trace)" 'tee|splice'
}
