#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The command line: what is refused, and how; help and version. (man.bats and completion.bats hold their options against --help.)

load common

# refused STRING... -- [ARGUMENT]...: weir with these arguments ends with status 2, says so in one line that has each STRING
# in it, writes nothing and reads nothing: whoever shares its input finds it whole.
refused()
{
	local wanted=() status=0 said rest=
	while [[ $1 != -- ]]; do
		wanted+=("$1")
		shift
	done
	shift
	printf 'untouched\n' >input
	{
		timeout "$PATIENCE" "$WEIR" "$@" >out 2>err || status=$?
		read -r rest || :
	} <input
	is "$status" 2 "status of weir $*" || return
	is "$rest" untouched "what weir $* left in its input" || return
	[[ ! -s out ]] || fail "output of weir $*: $(<out)" || return
	mapfile -t said <err
	is "${#said[@]}" 1 "number of lines said by weir $*: ${said[*]}" || return
	like "${said[0]}" '^[^ ]*weir: ' "weir $*" || return
	for string in "${wanted[@]}"; do
		[[ ${said[0]} == *"$string"* ]] || fail "weir $*" "  says: ${said[0]}" "  without: $string" || return
	done
}

# refused_values OPTION VALUE...: each is refused by a line with the option, the value, and more than that: what is accepted.
refused_values()
{
	local option=$1 value line
	shift
	for value; do
		refused "$option" "$value" -- "$option=$value" || return
		read -r line <err
		[[ $line =~ $option.*$value.*[[:alnum:]]{3} || -z $value ]] ||
			fail "does not say what is accepted: $line" || return
	done
}

# accepted [ARGUMENT]...
accepted()
{
	timeout "$PATIENCE" "$WEIR" -q "$@" <nothing >out 2>err ||
		fail "weir $* is refused: $(cat err)"
}

@test "an operand is COMMAND, which has a name" {
	refused "COMMAND is empty; accepted: a program" -- ''
	refused "COMMAND is empty; accepted: a program" -- -q ''
	refused "COMMAND is empty; accepted: a program" -- -- '' x
	refused "-: no COMMAND; accepted: a program" "weir reads standard input" -- -
	refused "-: no COMMAND; accepted: a program" -- -- -
}

@test "what stands behind COMMAND is COMMAND's" {
	refused "--nope: no such option" -- --nope cmd
	unlike "$("$WEIR" cmd --nope <nothing 2>&1)" 'no such option'
	unlike "$("$WEIR" cmd --help <nothing 2>&1)" Usage
	unlike "$("$WEIR" -- --help <nothing 2>&1)" Usage
	unlike "$(POSIXLY_CORRECT=1 "$WEIR" cmd -m 1 <nothing 2>&1)" 'too small'
}

@test "an unknown option is refused, with a hint at --help" {
	refused frobnicate --help -- --frobnicate
	refused Z --help -- -Z
	refused -X --help -- -qX
}

@test "an abbreviation that could be two options is refused" {
	refused --max-rec=10 "accepted: --max-records, --max-record" -- --max-rec=10
}

@test "did you mean: options, policies, values" {
	refused "--polcy=x: no such option; did you mean --policy?" -- --polcy=x
	refused "-M: no such option; did you mean -m?" -- -M 4K
	refused "--drop-oldest: no such option; did you mean --policy=drop-oldest?" -- --drop-oldest
	refused "--drop-oldset: no such option; did you mean --policy=drop-oldest?" -- --drop-oldset
	refused "--shed=3: no such option; did you mean --policy=shed:N?" -- --shed=3
	refused "did you mean --buffer?" -- --buffer-size=4M
	refused "did you mean --rate?" -- --rate-limit=4M
	refused "no such policy; did you mean drop-oldest?" "accepted: block" -- -p drop_oldest
	refused "no such format; did you mean json?" "accepted: text" -- --format=JSON
	refused "did you mean random?" -- -s 2 --sample-by=rnadom
	refused "no such occasion; did you mean loss?" -- --report-on=los
	refused "no such way; did you mean key?" -- -L 1/s -k 1 --rate-by=kye
	refused "no such policy; did you mean shed?" -- -p shde:10
	refused "no such policy; did you mean codel?" -- -p codle
	refused "no such policy; did you mean codel?" -- -p codle:5ms/50ms
	refused "no such policy; did you mean sample?" -- -p smaple:10
	refused "no such policy; did you mean rate?" -- -p ratee:10/s
	refused "did you mean 80.0%" -- --high=0.8
	accepted --high=0.8%
	accepted --low=0.0 --high=1
}

@test "a policy that is nearly right shows its own form" {
	refused "--policy=shed: needs a value; accepted: shed:N" -- -p shed
	refused "--policy=codel:abc: not a time; accepted: codel, codel:TARGET, or codel:TARGET/INTERVAL" -- -p codel:abc
	refused "--policy=codel:1s/100ms: an INTERVAL shorter than TARGET; did you mean codel:100ms/1s?" -- -p codel:1s/100ms
	refused "--policy=rate: needs a value; accepted: rate:RATE" -- -p rate
	refused "--policy=fail:3: takes no value; accepted: fail" -- -p fail:3
	for option in shed codel:abc rate; do
		"$WEIR" -p $option 2>err || [[ $(cat err) != *drop-newest* ]] || fail "lists others: $(cat err)"
	done
	accepted -p codel:1s/1s
}

@test "a rate has several periods, or bits, in either case; and the message says which" {
	while read -r rate shown; do
		run_weir -L "$rate"
		final ".rate == \"$shown\"" || fail "$rate: $(jq .rate <<<"$FINAL")"
	done <<-'END'
		1000/30s 2000/min
		7/second 7/s
		7/minute 7/min
		7/m 7/min
		7/day 7/d
		1/7s 1/7s
		10Mbit/s 1250000B/s
		10mb/s 10000000B/s
		64kib/s 65536B/s
	END
	refused "no such period" "s, min, h or d" 1000/30s -- -L 10/fortnight
	refused "10m" ambiguous -- -L 10m
	refused "bits or bytes" -- -L 10Mb/s
	# what a burst has to be is said in words that a burst may have
	refused "write 10MB for bytes, 10000k for records" -- -L 5/s --burst=10M
	accepted -L 5MB/s --burst=10MB
	accepted -L 5/s --burst=10000k
	# the periods of rates are times
	accepted --max-age=5minute -i 1hour --drain-timeout=1second
	accepted --max-age=1day
	accepted -m 64kb
	accepted -m 64KIB
}

@test "an unambiguous abbreviation is accepted" {
	accepted --buf=64K --fail
}

@test "a value that is missing, and one that has no place" {
	refused --buffer -- --buffer
	refused --policy -- -p
	refused --quiet -- --quiet=yes
	refused --fail-on-drop -- --fail-on-drop=1
}

@test "--policy: what is no policy" {
	refused_values --policy nonsense '' drop blocks drop-oldest:3 block: sample rate
	refused drop-oldest drop-newest block sample rate -- -p nonsense
}

@test "--policy=sample:N and rate:RATE: what is no N or RATE" {
	refused_values --policy sample: sample:0 sample:x sample:-1 sample:1/0 sample:0% sample:101% rate: rate:0 rate:x rate:-5/s \
		rate:5/fortnight
}

@test "--buffer: what is no size, or too small, or too large" {
	refused_values --buffer '' x 3x -1 0 1K 4095 1.5.5M 1MM K 10X 99999999999999999999 99999999999T 1e6 0x1000 4K4
	refused 3x -- -m3x
	refused 3x -- -B 3x
}

@test "--max-records: a whole number from 1" {
	refused_values --max-records '' x 0 -1 1.5 99999999999999999999999
}

@test "--max-record: a size from 1 up to the buffer" {
	refused_values --max-record '' x 0 -1 1.5.5M
	refused --max-record 2M -- --max-record=2M
	refused --max-record 64K -- --max-record=64K --buffer=32K
	refused --max-record 64K -- --buffer=32K --max-record=64K
	accepted --max-record=64K --buffer=64K
}

@test "--high and --low: percentages" {
	refused_values --high '' x -1% 101% %
	refused_values --low '' x -1% 101% %
	accepted --low=0%
	accepted --high=100% --low=100%
}

@test "--low above --high" {
	refused --low 60% -- --high=50% --low=60%
	refused --low 60% -- --low=60% --high=50%
}

@test "--high and --low have no use under a policy that drops" {
	refused --high -- -p drop-oldest --high=80%
	refused --high -- --high=80% -p drop-newest
	refused --low -- -p drop-oldest --low=20%
}

@test "--sample: N, 1/N or P%" {
	refused_values --sample '' x 0 -1 1/0 2/10 1/ /10 1/x 0% -5% 101% 1.5 % 99999999999999999999999
	accepted --sample=1
	accepted --sample=1/1
	accepted --sample=100%
	accepted --sample=12.5%
}

@test "--rate: what is no rate" {
	refused_values --rate '' x 0 0/s -1 -1/s 10/fortnight 10/ /s 10kk/s 99999999999999999999/s 10/s/s
}

@test "--rate: m and g without a B are refused, with both ways to write it" {
	for value in 10m 10M 10m/s 10M/s 10M/min; do
		refused --rate "$value" "10MB for bytes" "10000k for records" -- --rate="$value"
	done
	for value in 2g 2G 2G/s; do
		refused --rate "$value" MB/s k/s -- --rate="$value"
	done
	refused "10MB for bytes" "10000k for records" -- --rate=10m
	refused "10MB for bytes" "10000k for records" -- -p rate:10M
}

@test "--burst: an amount, and only with a rate" {
	refused_values --burst '' x 0 -1
	refused --burst -- --burst=x --rate=10/s
	refused --burst 0 -- --burst=0 --rate=10/s
	refused --burst --rate -- --burst=10
	accepted --burst=10 --rate=10/s
	accepted --burst=10 -p rate:10/s
}

@test "--delimiter: one byte, or up to 16" {
	refused_values --delimiter '' '\q' '\x' '\x1' '\xgg' abcdefghijklmnopq
	accepted -d '\x100'
	accepted -d '\r\n\r\n'
	accepted -d ';'
	accepted -d '\x3B'
	accepted -d $'\t'
}

@test "--fixed: a size from 1" {
	refused_values --fixed '' x 0 -1
	accepted --fixed=1
}

@test "--fixed larger than the longest record that a policy that drops will hold" {
	refused --fixed 8K -- --fixed=8K --max-record=4K -p drop-oldest
	refused --fixed 8K -- -p drop-newest -m 4K --fixed=8K
	refused --fixed 3M -- --fixed=3M -m 16M -p drop-newest
	accepted --fixed=2M -m 16M -p drop-newest
	accepted --fixed=8K -m 4K
	accepted --fixed=2M -m 16M --max-record=2M -p drop-newest
}

@test "--fixed over half of the buffer: a message, and the data flows" {
	head -c 1200K /dev/zero >in
	"$WEIR" -q --fixed=600K -p drop-oldest <in >out 2>err
	is "$(lines_of err)" 1
	like "$(cat err)" '^weir: --fixed=614400 is over half of the buffer, .*--policy=drop-oldest drops .*; --buffer=1228800 holds two$'
	cmp in out
	for options in '--fixed=512K -p drop-oldest' '--fixed=600K' '--fixed=600K -p fail' '--fixed=600K -m 1200K -p codel'; do
		# shellcheck disable=SC2086
		"$WEIR" -q $options <nothing >out 2>err
		is "$(cat err)" "" "$options"
	done
}

@test "--max-record grows with the buffer: 16M take a line of 2 MB" {
	{ head -c 2000000 /dev/zero | tr '\0' x && echo; } >in
	IN=in run_weir -p drop-oldest -m 16M
	final '.out.records == 1 and .dropped.records == 0'
	IN=in run_weir -p drop-oldest -m 8M
	final '.out.records == 0 and .dropped.by.oversize.records == 1'
}

@test "--bytes has no records to drop, to sample or to count: --fixed has" {
	refused --bytes --fixed drop-oldest -- -b -p drop-oldest
	refused --bytes --fixed drop-newest -- -p drop-newest -b
	refused --bytes --fixed sample -- -b -s 10
	refused --bytes --fixed sample -- -b -p sample:10
	refused --bytes --fixed --max-records -- -b --max-records=10
	accepted -b --rate=10MB/s
	accepted -b -l -p drop-oldest
}

@test "--format, --drain-timeout, --pipe-size" {
	refused_values --format '' xml JSON
	refused text json -- --format=xml
	refused_values --drain-timeout '' x -1 5y 5ss 99999999999999999999h
	refused_values --pipe-size '' x -1 0 keeps
	refused keep -- --pipe-size=x
	accepted --drain-timeout=0
	accepted --pipe-size=keep
	accepted --pipe-size=64K
}

@test "what is not printable is escaped, and what is long is cut, in every message" {
	local length long
	refused 'one\012two\033three' -- -m $'one\ntwo\033three'
	refused 'caf\303\302\205\177' -- -m $'caf\303\302\205\177'
	refused 'café 日本 \342\200\256' -- -m $'café 日本 \xe2\x80\xae'
	refused 'no\012policy' -- $'--policy=no\npolicy'
	refused 'no\033option' -- $'--no\033option'
	status=0
	"$WEIR" $'--report=nowhere/one\ntwo' <nothing >out 2>err || status=$?
	is "$status $(lines_of err)" "1 1"
	like "$(cat err)" 'nowhere/one\\012two'
	for length in 199 200 201; do
		long=--$(printf '%*s' "$((length - 2))" '' | tr ' ' x)
		refused -- "$long"
		((length > 200)) && long=${long:0:200}...
		is "$(cut -d : -f 2 err)" " $long"
	done
}

@test "a bad value that a later one replaces is refused all the same" {
	refused 3x -- --buffer=3x --buffer=64K
}

@test "nothing is opened or truncated before all of the command line is valid" {
	echo precious >report
	refused --buffer -- --report=report --buffer=0
	refused COMMAND -- --report=report ''
	is "$(cat report)" precious
	refused --sample -- --report=new --sample=0
	[[ ! -e new ]]
}

@test "an empty name of a report is refused or cannot be opened, and nothing is read" {
	echo untouched >input
	{
		"$WEIR" --report= >out 2>err && fail "accepted"
		cat >rest
	} <input
	is "$(cat rest)" untouched
}

@test "- is no file: what is meant has a name" {
	refused "--answers=-: " "/dev/stdin" -- --confirm=line --answers=-
	refused "--credits=-: " "/dev/stdin" -- --credits=-
	refused "--report=-: " "/dev/stderr" -- --report=-
	refused "--report=-: " "/dev/stderr" -- --report -
	refused "--dropped=-: " "/dev/stderr" -- -p drop-oldest --dropped=-
	refused "--metrics=-: " "/dev/stderr" -- --metrics=-
	[[ ! -e ./- ]]
	accepted --report=./-
}

@test "the last of each option wins" {
	IN=nothing run_weir -p drop-oldest -p drop-newest -m 64K -m 128K -s 3 -s 5 -L 7/s -L 9/s -l -0 --name=a --name=b
	final '.policy == "drop-newest" and .buffer.capacity_bytes == 131072 and .sample == "5" and .rate == "9/s"
		and .framing == "null" and .name == "b"'
}

@test "sample:N and rate:RATE are expanded where they stand" {
	run_weir -p sample:10
	final '.policy == "block" and .sample == "10" and .rate == null'
	run_weir -p rate:5/s -p drop-oldest
	final '.policy == "drop-oldest" and .rate == "5/s"'
	run_weir -p drop-oldest -p rate:5/s
	final '.policy == "block" and .rate == "5/s"'
	run_weir -s 3 -p sample:10
	final '.sample == "10"'
	run_weir -p sample:10 -s 3
	final '.sample == "3"'
	run_weir -p sample:10 -p rate:5/s
	final '.policy == "block" and .sample == "10" and .rate == "5/s"'
}

@test "short and long forms mean the same" {
	run_weir -p drop-oldest -m 64K -s 3 -L 7/s -0 -N x
	is "$(jq -c 'del(.time, .pid, .elapsed_ns, .waited_ns, .interval)' <<<"$FINAL")" "$(
		run_weir --policy drop-oldest --buffer 64K --sample 3 --rate 7/s --null --name x
		jq -c 'del(.time, .pid, .elapsed_ns, .waited_ns, .interval)' <<<"$FINAL"
	)"
	run_weir -pdrop-oldest -B64K -z
	final '.policy == "drop-oldest" and .buffer.capacity_bytes == 65536 and .framing == "null"'
	run_weir -b
	final '.framing == "bytes"'
	run_weir -0l
	final '.framing == "lines"'
}

@test "--help and --version go to standard output, with status 0" {
	for option in -h --help -V --version; do
		"$WEIR" "$option" <&- >out 2>err
		[[ -s out ]]
		is "$(cat err)" ""
	done
	like "$("$WEIR" --version)" '^weir [0-9]+\.[0-9]'
	like "$("$WEIR" --help)" '^Usage: weir '
	like "$("$WEIR" -h)" '^Usage: weir '
	is "$("$WEIR" -V)" "$("$WEIR" --version)"
}

@test "--help that cannot be written is an error" {
	for option in --help --version; do
		status=0
		"$WEIR" "$option" >/dev/full 2>err || status=$?
		is "$status" 1 "status of $option >/dev/full"
		like "$(cat err)" 'No space left on device'
	done
}

@test "--help and -h fit a terminal of 80 columns, and -h one of 24 lines" {
	for option in --help -h; do
		"$WEIR" $option >out
		is "$(awk 'length > 79' out)" "" "too wide in $option"
	done
	(($(lines_of out) <= 24)) || fail "-h has $(lines_of out) lines"
}

@test "-h has some of the options that --help has, and says where the others are" {
	"$WEIR" -h | grep -oE '^  (-., )*--[a-z-]+' | sort >short
	"$WEIR" --help | grep -oE '^  (-., )*--[a-z-]+' | sort >long
	is "$(comm -23 short long)" ""
	like "$(paste -sd ' ' short)" '--keep .*--rate .*--policy .*--sample '
	(($(lines_of short) < $(lines_of long) / 2)) || fail "-h has $(lines_of short) of $(lines_of long) options"
	like "$("$WEIR" -h)" "'weir --help' has all"
}

@test "--help has its options in groups" {
	"$WEIR" --help >out
	is "$(sed -n 's/^\([A-Z][A-Za-z ]*\):$/\1/p' out | paste -sd ,)" "Buffer and policy,Keys,Gates in,Gates out,Framing,Reader,Spool,Reports,What \
was dropped,Steering,Ending and the system,POLICY is one of these,Examples"
	is "$(sed -n '/^Gates out:$/,/^$/s/^  \(-., \)*--\([a-z-]*\).*/\2/p' out | paste -sd ,)" rate,burst,rate-by,settle
}

@test "--help has each policy, and three examples that weir takes" {
	local checked=0
	"$WEIR" --help >out
	is "$(sed -n '/^POLICY is/,/^$/s/^  \([a-z-]\{1,\}\).*/\1/p' out | paste -sd ,)" \
		block,drop-oldest,drop-newest,drop-random,latest,fair,shed,codel,fail,sample,rate
	sed -n '/^Examples:$/,/^$/s/^  [^#].*\(weir [^|]*\)|.*/\1/p' out >examples
	while read -r line; do
		[[ $line == *--keep* ]] && ! has_patterns && continue
		eval "set -- ${line#weir}"
		[[ $1 == -v ]] && shift # there is no terminal
		accepted "$@"
		checked=$((checked + 1))
	done <examples
	is "$(lines_of examples)" 3
	((checked > 1))
}

# The portable weir is for the processor that weir is for.
native_portable()
{
	[[ $WEIR_UNDER != qemu ]] || skip "the portable weir is for another processor"
}

@test "--version says what is built in" {
	native_portable
	"$WEIR" --version >out
	is "$(sed -n 's/^\([^:]*\): ..*/\1/p' out | head -n 3 | paste -sd ,)" "regular expressions,confinement,from pipe to pipe"
	if has_patterns; then
		like "$(cat out)" 'regular expressions: PCRE2 [0-9]+\.[0-9]+.*, (as machine code|interpreted)'
	else
		like "$(cat out)" 'regular expressions: none, built without PCRE2'
	fi
	"$PORTABLE" --version >out
	like "$(cat out)" 'regular expressions: none, built without PCRE2'
	like "$(cat out)" 'confinement: none'
	like "$(cat out)" 'from pipe to pipe: copied'
}

@test "without PCRE2 --help says so" {
	native_portable
	is "$("$PORTABLE" --help | grep -c -e --keep=ERROR)" 0
	is "$("$PORTABLE" --help | tr -s ' \n' ' ' | grep -o 'not in this build, which has no PCRE2' | wc -l)" 6
	! has_patterns || is "$("$WEIR" --help | grep -c 'not in this build')" 0
}

# --- What is shed -----------------------------------------------------------------------------------------------------------

@test "--policy: shed:N, codel:TARGET/INTERVAL" {
	for value in shed shed: shed:0 shed:x shed:200% shed:1/0; do
		refused "--policy=$value: " "accepted: shed:N with N" -- -p "$value"
	done
	for value in codel: codel:0 codel:x codel:-1 codel:400d codel:5ms/ codel:/5ms codel:1ms/0 codel:1ms/x codel:1ms/1ms/1ms codel:2ms/1ms \
		codel:11111111111111111111111111111111111111111s; do
		refused "--policy=$value: " "accepted: codel, codel:TARGET" -- -p "$value"
	done
	for value in fail:3 latest:1 fair:1 drop-random:2; do
		refused "--policy=$value: takes no value; accepted: ${value%:*}" -- -p "$value"
	done
	for value in shed:3 shed:1/3 shed:12.5% codel codel:5ms codel:5ms/100ms codel:1s/1s fail drop-random; do
		accepted -p "$value"
	done
	refused --policy=latest "accepted with --key" -- -p latest
	accepted -p latest -k 1
	refused --policy=fair "fair to which keys? accepted with --key" -- -p fair
	accepted -p fair -k 1
}

@test "--max-age, --seed, --top-keys, --sample-by, --rate-by, --drop-over: what is no value" {
	refused_values --max-age 0 0s x '' -1 400d 5xs
	refused_values --seed x '' -1 1.5 1e3 9223372036854775808
	refused_values --settle 0 0s x '' -1 400d 5xs
	refused_values --header 0 x '' -1 1.5 1e3 5% 1099511627777
	accepted --header=1099511627776 --settle=366d
	refused_values --top-keys 0 101 x '' -1 1.5 99999999999999999999
	refused_values --sample-by x '' COUNT count,key
	refused_values --rate-by x '' count
	refused_values --drop-over 0 x '' -1/s 10/fortnight 10M 5g
	refused "--drop-over=10M" "10MB for bytes" "10000k for records" -- --drop-over=10M
	refused "--burst=64Q" accepted -- --drop-over=1/s --burst=64Q
	accepted --drop-over=10MB/s --burst=64K
	accepted --seed=9223372036854775807 -p drop-random
	accepted --seed=0 -p drop-random
}

@test "--collapse, --mask: what is no value, and what does not go together" {
	refused_values --collapse 0 0s x '' -1 400d 5xs
	accepted --collapse
	accepted --collapse=1ms
	refused "--collapse: not with --bytes" "--fixed=SIZE" -- -b --collapse
	refused "--collapse=1s: not with --bytes" "--fixed=SIZE" -- -b --collapse=1s
	refused "--collapse: its marks" "delimiter" "accepted with --mark-drops=TEMPLATE" -- --collapse -d 5
	accepted --collapse -d 5 --mark-drops=lost
	if "$WEIR" -q --collapse --mask=x <nothing 2>err; then # else no PCRE2
		refused "--mask=x: " "accepted with --collapse" -- --mask=x
		refused "--mask=(: at offset 1" "accepted: up to 16" -- --collapse "--mask=("
		refused_values --mask '' // //i
		refused "--mask=y: more than 16 patterns" -- --collapse $(printf -- '--mask=x %.0s' {1..16}) --mask=y
	fi
}

@test "--sample: what is no share and no budget" {
	for value in 10MB/s 0/s 10/x /s 10/ 1e3/s; do
		refused "--sample=$value: " "accepted: N or 1/N with N from 1" -- --sample="$value"
	done
	for value in 1/10 500/s 10k/min 0.5/s 1000/30s 1/s; do
		accepted --sample="$value"
	done
	accepted -p sample:500/s
	refused "--sample-by=random: not with a budget" "--sample=N" -- -s 500/s --sample-by=random
	accepted -s 500/s -k 1
}

@test "--key, --field-separator: what is no key, and what is no byte" {
	for value in 0 '' x -1 1.5 99999999999999999999 /a /; do
		refused "--key=$value: " "accepted: fields from 1" -- -p latest -k "$value"
	done
	for value in '' ab '\q' '\x1'; do
		refused "--field-separator=$value: " "accepted: one byte" -- -p latest -k 1 -t "$value"
	done
	for value in . .a..b '.a b' '."a' .a,2 2,.a 2, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17; do
		refused "--key=$value: " "members of a JSON object, such as .user" -- -p latest -k "$value"
	done
	accepted -p latest -k 2,3 -t ,
	accepted -p latest -k '.a.b,."c d"'
	refused "--field-separator=,: without fields" accepted -- -p latest -k .a -t ,
	accepted -p latest -k 1 -t '\t'
	refused "--key=//: an empty pattern" "accepted: fields" -- -p latest -k //
	if ! has_patterns; then refused "--key=/(/: $WITHOUT" accepted -- -p latest -k '/(/'; return; fi
	refused "--key=/(/: at offset 1: " accepted -- -p latest -k '/(/'
	accepted -p latest -k '/a(b)?/'
}

@test "--keep: what is no pattern, and one too many" {
	local many=()
	refused "--keep=: an empty pattern matches everything" "accepted: " -- -p drop-oldest --keep=
	refused "--keep=//: an empty pattern" "accepted: " -- -p drop-oldest --keep=//
	if ! has_patterns; then refused "--keep=a(: $WITHOUT" accepted -- -p drop-oldest --keep='a('; return; fi
	refused "--keep=a(: at offset 2: " "accepted: up to 16 regular expressions" -- -p drop-oldest --keep='a('
	refused "--keep=*: at offset 0: " "accepted: up to 16 regular expressions" -- -p drop-oldest --keep=x --keep='*'
	for i in {1..16}; do many+=("--keep=x$i"); done
	accepted -p drop-oldest "${many[@]}"
	refused "--keep=x17: more than 16" "accepted: up to 16" -- -p drop-oldest "${many[@]}" --keep=x17
}

@test "without PCRE2 a pattern is refused, and says so" {
	native_portable
	WEIR=$PORTABLE # it always is
	refused "--keep=x: $WITHOUT; accepted: none; regular expressions need a weir with PCRE2" -- -p drop-oldest --keep=x
	refused "--key=/x/: $WITHOUT" -- -p latest -k /x/
	accepted -p latest -k 1
}

# Each line: an option, what else is said, and the company that it is good in; after a colon company that is not enough.
@test "an option without its company is refused, and the message says what it is accepted with" {
	while IFS='|' read -r option wanted good bad; do
		if [[ $option == --keep* ]]; then "$WEIR" -q -p drop-oldest --keep=x <nothing 2>err || continue; fi # no PCRE2
		# shellcheck disable=SC2086
		refused "$option: " "accepted with" "$wanted" -- "$option" || return
		# shellcheck disable=SC2086
		[[ -z $bad ]] || refused "$option: " "accepted with" -- "$option" $bad || return
		# shellcheck disable=SC2086
		accepted "$option" $good || return
	done <<-'END'
		--sample-by=random|--sample=N|-s 10|-p drop-oldest
		--sample-by=count|--sample=N|-s 10|-L 1/s
		--sample-by=key|--sample=N|-s 10 -k 1|-s 10
		--sample-by=each-key|--sample=N|-s 10 -k 1|-s 10
		--rate-by=key|--rate=RATE or --drop-over=RATE|-L 1/s -k 1|-L 1/s
		--rate-by=key|--rate=RATE or --drop-over=RATE|--drop-over=1/s -k 1|--drop-over=1/s
		--policy=latest|--key=KEY|-k 1|
		--policy=fair|--key=KEY|-k 1|
		--top-keys=5|--key=KEY|-k 1 -p drop-oldest|-k 1
		--top-keys=5|--key=KEY|-k 1 --drop-over=1/s|-k 1 -s 10
		--top-keys=5|--key=KEY|-k 1 --max-age=1s|-k 1 -p fail
		--key=1|--sample-by=key or each-key, --sample=N/s, --rate-by=key, --policy=latest or fair, or --top-keys|-p latest|-p drop-oldest
		--key=1|--sample-by=key|-s 10 --sample-by=key|-s 10
		--field-separator=,|--key=N|-p latest -k 1|-p drop-oldest
		--seed=1|--sample-by=random|-s 10 --sample-by=random|-s 10
		--seed=1|--weight|-s 10 --weight={n}|-s 10
		--seed=1|--policy=drop-random|-p drop-random|-p drop-oldest
		--seed=1|--sample-by=key|-s 10 --sample-by=key -k 1|-s 10 --sample-by=count
		--keep=x|a policy that drops|-p drop-oldest|-p fail
		--keep=x|--sample|-s 10|-L 1/s
		--keep=x|--drop-over|--drop-over=1/s|--max-age=1s
		--top-keys=5|--key=KEY|-k 1 --collapse|-k 1 -s 10
		--keep=x|a policy that drops|-p drop-newest --collapse|--collapse
		--burst=5|--rate=RATE or --drop-over=RATE|--drop-over=1/s|-s 10
	END
}

# Each line: what is given, and what the message begins with. (The unit tests hold each of them whole.)
@test "the options for the reader: what is no value, and what does not go together" {
	while IFS='|' read -r given said; do
		eval "set -- $given"
		refused "weir: $said" "accepted" -- "$@" || return
	done <<-'END'
		--confirm=Read|--confirm=Read: no such confirmation; did you mean read?
		--confirm=exit cmd|--confirm=exit: without a COMMAND for each batch
		--confirm=read --batch=5 cmd|--confirm=read: not with --batch
		--confirm=number cmd|--confirm=number: the reader does not learn the numbers
		--confirm=upto cmd|--confirm=upto: the reader does not learn the numbers
		--confirm=line|--confirm=line: nobody answers
		-b --confirm=line cmd|--confirm=line: not with --bytes
		--answers=f cmd|--answers=f: no answer is waited for
		--window=5|--window=5: not with --confirm=written
		--window=10M --confirm=line cmd|--window=10M: ambiguous: bytes or records? write 10MB for bytes, 10000k for records
		--batch=500,1MB|--batch=500,1MB: there is nothing to run
		--batch=1,2 cmd|--batch=1,2: two numbers of records
		-b --batch=500 cmd|--batch=500: a number of records, and --bytes has none
		-m 1M --batch=1MB cmd|--buffer=1M: less than twice what --jobs=1 batches of 1000000 bytes take
		-j0 --batch=5 cmd|--jobs=0: too small
		-j2 cmd|--jobs=2: there are no batches
		--linger=1 cmd|--linger=1: there are no batches
		--retry=3 cmd|--retry=3: nothing is tried again
		--retry=ever --restart cmd|--retry=ever: not a whole number; did you mean forever?
		--backoff=2s..1s --restart cmd|--backoff=2s..1s: MAX is less than MIN; did you mean --backoff=1s..2s?
		--backoff=1s cmd|--backoff=1s: nothing is tried again
		--timeout=1s|--timeout=1s: not with --confirm=written
		--restart|--restart: there is nothing to start
		--reader-gone=discard --restart cmd|--reader-gone=discard: not with --restart
		--reader-gone=stay|--reader-gone=stay: no such way
		--foreground|--foreground: there is nothing to start
		--on-high=|--on-high=: empty
		--number=x|--number=x: without {n}
		--number -d '\t'|--number: would contain the records' delimiter
	END
	refused "--restart: not with --batch" "--retry" -- --restart --batch=5 cmd
	refused "--stall=1s: not with --batch" "--timeout" -- --stall=1s --batch=5 cmd
	refused "--window=5: not with --batch" "--jobs" -- --window=5 --batch=5 cmd
	refused "--number: not where records have no delimiter" -- --fixed=5 --number
	refused "--bisect: not with --bytes" -- -b --batch=1KB --bisect cmd
}

@test "--high and --low: with block and shed:N only" {
	for policy in drop-oldest drop-newest drop-random codel fail; do
		refused --high=80% "--policy=$policy" "accepted with --policy=block or shed:N" -- -p "$policy" --high=80%
		refused --low=10% "--policy=$policy" "accepted with --policy=block or shed:N" -- -p "$policy" --low=10%
	done
	accepted -p shed:2 --high=80% --low=10%
}

@test "--bytes: nothing that looks at records" {
	for option in --header=1 --max-age=1s --key=1 --drop-over=1/s --drop-over=1B/s --policy=shed:2 --policy=codel --policy=fail --policy=drop-random \
		--policy=latest; do
		refused "$option: " "--bytes" "--fixed=SIZE" -- -b "$option"
	done
}

@test "--name: printable UTF-8, as it is in each format; nothing that acts on a terminal" {
	for name in $'\xe2\x80\xae' $'\xe2\x81\xa6x' $'a\xe2\x80\x8bb' $'\xef\xbb\xbf' $'\xc2\x85' $'\xc2\x9b31m' \
		$'\x9b31m' $'e\xcc\x81' $'caf\xc3' $'\xc2\xad'; do
		refused "--name=" "not printable; accepted: 1 to 64 bytes of printable text" -- -N "$name" || return
	done
	seq 3 >in
	"$WEIR" -N 'café 日本 "😀"' <in 2>err >out
	like "$(cat err)" '^café 日本 "😀": in 3 records'
	IN=in run_weir -N 'café 日本 "😀"' --metrics=m.prom
	final '.name == "café 日本 \"😀\""'
	grep -q 'name="café 日本 \\"😀\\""' m.prom
	accepted -N "$(printf 'é%.0s' {1..32})"
	refused "--name=" "too long" -- -N "$(printf 'é%.0s' {1..33})"
}

@test "--weight: templates that cannot be, and what drops records that nothing stands for" {
	local template="accepted: text that holds {n}, such as '{n} ', and not the records' delimiter"
	refused "--weight=: empty" "$template" -- --weight=
	refused "--weight=x: without {n}" "$template" -- --weight=x
	refused "--weight={records}: no such placeholder" "$template" -- --weight='{records}'
	refused "--weight={n}: would contain the records' delimiter" "$template" -- --weight='{n}' -d .
	refused "--weight={n}: would contain the records' delimiter" "$template" -- --weight='{n}' -d 7
	refused "--weight={n}: not where records have no delimiter" "--fixed and --bytes" -- --weight='{n}' -b
	refused "--weight={n}: not where records have no delimiter" "--fixed and --bytes" -- --weight='{n}' --fixed=5
	for policy in drop-oldest drop-newest drop-random 'latest -k 1' 'fair -k 1' codel; do
		# shellcheck disable=SC2086 # words
		refused "--weight={n}: not with a policy that drops what nothing stands for" "--policy=block, shed:N or fail" -- \
			--weight='{n}' -p $policy
	done
	! has_patterns || refused "--weight={n}: not with --policy=shed:N and --keep" "without --keep" -- --weight='{n}' -p shed:3 --keep=x
	refused "--weight={n}: not with --drop-over" "with --sample" -- --weight='{n}' --drop-over=1/s
	refused "--weight={n}: not with --collapse" "without" -- --weight='{n}' --collapse
	refused "--weight={n}: not with --max-age" "without" -- --weight='{n}' --max-age=1s
	refused "--weight={n}: not with so small a sample" "1000000000000" -- --weight='{n}' -s 1000000000000
	refused "--weight={n}: not with so small a sample" "1000000000000" -- --weight='{n}' -s 1000000 -p shed:1000000
	refused "--weight needs a value" "text that holds {n}" -- --weight
}
