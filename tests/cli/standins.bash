# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# Weirs of which a test knows what they say: stand-ins (tests/helpers/standin.c), in a directory of sockets of the test's own.

eval "common_$(declare -f setup)"

setup()
{
	common_setup
	mkdir -m 700 run
	export XDG_RUNTIME_DIR=$PWD/run
	SOCKETS=$PWD/run/weir
}

eval "bare_$(declare -f teardown)"

# Ends what stands in a pipeline as well, which is no job of the test's: by the sockets, in a directory of its own.
teardown()
{
	local socket comm
	for socket in "$SOCKETS"/*.*; do
		[[ -S $socket ]] && { read -r comm <"/proc/${socket##*.}/comm"; } 2>/dev/null && [[ $comm == standin ]] &&
			kill -KILL "${socket##*.}"
	done
	bare_teardown
}

# ctl WORD...
ctl()
{
	run --separate-stderr timeout "$PATIENCE" ${EMULATOR:-} "$top_builddir/weirctl" "$@"
}

needs_json()
{
	! { "$top_builddir/weirctl" list 2>&1 || :; } | grep -q 'built without libjansson' || skip "weirctl was built without libjansson"
}

# stand NAME: a stand-in, with the answers of NAME.says; what it is asked is in NAME.asked. STOOD: its process id.
stand()
{
	: >"$1.asked"
	bg "$HELPERS/standin" "$1" "$1.says" "$1.asked" >"$1.ready"
	STOOD=$BG
	until_true test -s "$1.ready"
}

# falls PID: who stood there is killed, and leaves its socket.
falls()
{
	kill -KILL "$1"
	until_true gone_or_zombie "$1"
}

says()
{
	local name=$1
	shift
	printf '%s\n' "$@" >"$name.says"
}

# figures_of NAME ELAPSED_S IN OUT LOST SAMPLED DEPTH WAITED_INPUT WAITED_OUTPUT WAITED_RATE: an answer, waits in ms
figures_of()
{
	printf 'report {"name":"%s","elapsed_ns":%d000000000,"policy":"drop-oldest","framing":"lines","in":{"records":%d,"bytes":%d},"out":{"records":%d,"bytes":%d},"held":{"records":%d,"bytes":%d},"dropped":{"records":%d,"bytes":%d,"by":{"sample":{"records":%d,"bytes":%d},"oldest":{"records":%d,"bytes":%d}}},"buffer":{"capacity_bytes":1000,"capacity_records":null,"depth_bytes":%d,"depth_records":5,"oldest_ns":1500000000},"waited_ns":{"input":%d,"output":%d,"rate":%d},"reader":null}\n' \
		"$1" "$2" "$3" $((100 * $3)) "$4" $((100 * $4)) $(($3 - $4 - $5 - $6)) $((100 * ($3 - $4 - $5 - $6))) $(($5 + $6)) $((100 * ($5 + $6))) "$6" $((100 * $6)) "$5" $((100 * $5)) "$7" $((1000000 * $8)) $((1000000 * $9)) $((1000000 * ${10}))
}

# pipeline: three stand-ins, zoo | (sed) | ant | bee, of which ant is held up by bee, and one apart. Of two reports the second is
# a second later.
pipeline()
{
	{ figures_of zoo 1 1000 1000 0 0 0 100 0 0 && figures_of zoo 2 3000 2000 0 0 990 100 950 0; } >zoo.says
	{ figures_of ant 1 1000 1000 0 0 0 100 0 0 && figures_of ant 2 2000 1500 100 7 500 100 600 300; } >ant.says
	{ figures_of bee 1 1000 1000 0 0 0 0 0 0 && figures_of bee 2 1500 1499 0 0 10 250 0 500; } >bee.says
	figures_of cow 1 0 0 0 0 0 1000 0 0 >cow.says
	for name in zoo ant bee cow; do
		: >$name.asked
	done
	# shellcheck disable=SC2016 # the other shell's
	bg sh -c 's=$1/standin; $s zoo zoo.says zoo.asked | sed "s/$/ zoo/" | $s ant ant.says ant.asked | $s bee bee.says bee.asked >bee.out & exec $s cow cow.says cow.asked >cow.out' sh "$HELPERS"
	until_true eval '[[ $(ls run/weir/ 2>/dev/null | wc -l) == 4 ]]'
}
