#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Where records end, and that bytes are bytes.

load common

# counted RECORDS [OPTION]...: weir finds so many records in ./in, of ${bytes} bytes, and lets every byte of it through.
counted()
{
	local records=$1 bytes=${bytes:-$(stat -c %s in)}
	shift
	IN=in run_weir "$@" || return
	[[ $ENDED == "exit 0" ]] || fail "weir $*: $ENDED: $(<err)" || return
	same in out || return
	is "$(figures in.records in.bytes out.records out.bytes)" "$records $bytes $records $bytes" "weir $*"
}

# Every policy there is, with room for all: framing must be the same under each.
policies=(
	""
	"-p drop-oldest"
	"-p drop-newest"
	"-L 1000000/s --burst=1000000"
	"-s 1"
	"--max-records=7"
)

# framed RECORDS OPTION...
framed()
{
	local policy bytes
	bytes=$(stat -c %s in)
	for policy in "${policies[@]}"; do
		# shellcheck disable=SC2086
		counted "$@" $policy || return
	done
}

@test "lines: the newline belongs to the line it ends" {
	printf 'a\nbb\nccc\n' >in
	framed 3
	framed 3 --lines
	final '.framing == "lines"'
}

@test "what stands after the last delimiter is a record, and gets no delimiter" {
	printf 'a\nbb\nccc' >in
	framed 3
	printf 'a\0bb\0ccc' >in
	framed 3 -0
	printf 'x' >in
	framed 1
	printf 'x' >in
	framed 1 -d ,
}

@test "empty input has no record" {
	: >in
	framed 0
	framed 0 -0
	framed 0 --fixed=10
	counted 0 -b
}

@test "empty records are records" {
	printf '\n' >in
	framed 1
	printf '\n\n\na\n\n' >in
	framed 5
	printf '\0\0\0' >in
	framed 3 -z
}

@test "NUL: -0, -z and --null; newlines are nothing special" {
	printf 'a\nb\0c\0\n\0' >in
	framed 3 -0
	framed 3 -z
	framed 3 --null
	final '.framing == "null"'
	framed 3 -l
}

@test "any other byte" {
	printf 'a,b\n,c,' >in
	framed 3 -d ,
	final '.framing == "delimiter"'
	framed 3 --delimiter=,
	framed 3 -d '\x2c'
	framed 3 -d '\x2C'
	printf 'a\tb\tc' >in
	framed 3 -d '\t'
	printf 'a\0b\0' >in
	framed 2 -d '\0'
	printf 'a\nb\n' >in
	framed 2 -d '\n'
	printf 'a\377b\377\376' >in
	framed 3 -d '\xff'
}

@test "records of a fixed size; the last may be short" {
	printf '0123456789\n12345678\n\n\n45678' >in
	framed 3 --fixed=10
	final '.framing == "fixed"'
	framed 27 --fixed=1
	framed 1 --fixed=4000
	framed 1 --fixed=27
	framed 2 --fixed=25
	framed 3 --fixed=13
}

@test "a byte stream has bytes and no records" {
	printf 'a\nb\nc' >in
	counted 0 -b
	final '.framing == "bytes" and ([.. | .records? | numbers] | all(. == 0))'
	counted 0 --bytes -L 10MB/s
	# a rate's default burst is a millisecond's worth: part by part, then
	seq 5000 >in
	counted 0 -b -L 100MB/s
}

@test "the last framing option counts" {
	printf 'a\nb\0c' >in
	framed 2 -0 -l
	framed 2 -l -0
	framed 5 -b --fixed=1
	framed 3 --fixed=1 -d ',' -d '\0' --fixed=2
	counted 0 --fixed=1 -b
}

@test "bytes are bytes: all 256, CR, invalid UTF-8" {
	for i in {0..255}; do
		# shellcheck disable=SC2059
		printf "\\x$(printf %02x "$i")\\n"
	done >in
	framed 257
	printf 'caf\351\r\n\377\376\r\n\r\n' >in
	framed 3
}

@test "records of 1 byte to 3 times the buffer, under every framing" {
	"$HELPERS/lines" -n 400 -l 1,2,7,100,4000,4095,4096,4097,8192,12288 >in
	for options in "" "-L 1000000000B/s --burst=1MB" "-s 1" "--max-records=3" "--high=50% --low=10%"; do
		# shellcheck disable=SC2086
		counted 400 -m 4K $options
	done
	tr '\n' '\0' <in >null
	mv null in
	counted 400 -m 4K -0
	counted 400 -m 4K -0 -L 1000000/s --burst=1000
}

@test "framing does not depend on how the bytes arrive" {
	"$HELPERS/lines" -n 300 -l 1,2,30,100,7 >in
	for size in 1 2 3 7 100 4095; do
		for options in "" "-p drop-newest" "-s 1"; do
			# shellcheck disable=SC2086
			"$HELPERS/over" -I in -O out -f "$size" "$WEIR" --format=json --report=report $options
			same in out
			is "$(figures in.records out.records)" "300 300"
		done
	done
}
