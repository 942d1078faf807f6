#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Sizes, rates, times and percentages as the command line takes them and the report gives them back.
# What is refused stands in usage.bats.

load common

# capacity SIZE BYTES
capacity()
{
	run_weir --buffer="$1" || return
	is "$ENDED" "exit 0" "--buffer=$1: $(cat err)" || return
	is "$(figures buffer.capacity_bytes)" "$2" "--buffer=$1"
}

# rate RATE TEXT [OPTION]...: what the report calls it
rate()
{
	local rate=$1 text=$2
	shift 2
	run_weir "$@" --rate="$rate" || return
	is "$ENDED" "exit 0" "--rate=$rate $*: $(cat err)" || return
	is "$(figures rate)" "$text" "--rate=$rate $*"
}

@test "sizes: bare numbers are bytes" {
	capacity 4096 4096
	capacity 5000 5000
	capacity 1048576 1048576
}

@test "sizes: K M G in either case, and KiB, MiB, are powers of 1024" {
	capacity 4K 4096
	capacity 4k 4096
	capacity 4KiB 4096
	capacity 2M 2097152
	capacity 2m 2097152
	capacity 2MiB 2097152
	capacity 1G 1073741824
	capacity 1g 1073741824
	capacity 1GiB 1073741824
}

@test "sizes: KB MB GB are powers of 1000" {
	capacity 5KB 5000
	capacity 5kB 5000
	capacity 2MB 2000000
	capacity 1GB 1000000000
}

@test "sizes: decimals" {
	capacity 1.5M 1572864
	capacity 0.5M 524288
	capacity 4.5KB 4500
	capacity 1.25MiB 1310720
}

@test "the default buffer is 1M" {
	run_weir
	final '.buffer.capacity_bytes == 1048576 and .buffer.high_bytes == 1048576 and .buffer.low_bytes == 524288'
}

@test "percentages: watermarks are shares of the buffer" {
	run_weir --buffer=100000 --high=80% --low=20%
	final '.buffer.high_bytes == 80000 and .buffer.low_bytes == 20000'
	run_weir --buffer=100000 --low=0%
	final '.buffer.high_bytes == 100000 and .buffer.low_bytes == 0'
	run_weir --buffer=100000 --high=12.5% --low=10%
	final '.buffer.high_bytes == 12500 and .buffer.low_bytes == 10000'
}

@test "sizes elsewhere: --max-record, --fixed, --pipe-size" {
	printf '%02000d\n%02048d\n' 1 2 >in
	IN=in run_weir -p drop-newest --max-record=2KB
	final '.dropped.by.oversize == {records: 2, bytes: 4050}'
	IN=in run_weir -p drop-newest --max-record=2K
	final '.dropped.by.oversize == {records: 1, bytes: 2049}'
	IN=in run_weir --fixed=1K
	final '.in == {records: 4, bytes: 4050}'
	IN=in run_weir --pipe-size=64KiB
	is "$ENDED" "exit 0"
}

@test "rates: records" {
	rate 100 100/s
	rate 100/s 100/s
	rate 10k/s 10000/s
	rate 10k 10000/s
	rate 10000k/s 10000000/s
	rate 1/sec 1/s
}

@test "rates: bytes" {
	rate 10MB/s 10000000B/s
	rate 10MB 10000000B/s
	rate 64KiB/s 65536B/s
	rate 64KiB 65536B/s
	rate 5kB/s 5000B/s
	rate 100B/s 100B/s
	rate 1GB/s 1000000000B/s
}

@test "rates: a minute, an hour, a day" {
	for value in 6000/min 5/h 5/hour 3/d 90MB/min 6k/min; do
		run_weir --rate="$value"
		is "$ENDED" "exit 0" "--rate=$value: $(cat err)"
		final '.rate | type == "string" and test("^[0-9.]+B?/(s|min|h|d)$")'
	done
	rate 6000/min 100/s
}

@test "rates: under --bytes all are bytes, and bare suffixes are those of sizes" {
	rate 100 100B/s -b
	rate 10k/s 10240B/s -b
	rate 10M 10485760B/s -b
	rate 10m/s 10485760B/s -b
	rate 2G/s 2147483648B/s -b
	rate 10MB/s 10000000B/s -b
	rate 64KiB 65536B/s --bytes
}

@test "rates: --bytes counts wherever it stands" {
	run_weir -L 10M -b
	final '.rate == "10485760B/s"'
	run_weir -p rate:10M -b
	final '.rate == "10485760B/s" and .policy == "block"'
}

@test "times" {
	for value in 250ms 5s 1.5m 2h 3 0.5 0 0s 1.5; do
		run_weir --drain-timeout="$value"
		is "$ENDED" "exit 0" "--drain-timeout=$value: $(cat err)"
	done
}

@test "samples: as a number, a fraction, a percentage" {
	for value in 10 1/10 10%; do
		seq 1000 >in
		IN=in run_weir --sample="$value"
		final '.out.records == 100 and .sample == "10"'
		same out <(seq 1 10 1000)
	done
	IN=in run_weir --sample=12.5%
	final '.sample == "8" or .sample == "12.5%"'
	IN=in run_weir --sample=37.5%
	final '.sample == "37.5%" and .out.records == 375'
	IN=in run_weir
	final '.sample == "1"'
}
