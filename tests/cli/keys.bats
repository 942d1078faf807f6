#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# What goes by a record's key, or by chance: --key, --sample-by, --seed, --drop-over, --rate-by, --top-keys.
# shellcheck disable=SC2030,SC2031,SC1003

load common

# lost_keys: the keys of the final report, with how much each lost, "KEY N" a line.
lost_keys()
{
	jq -r '.top_keys[] | "\(.key) \(.dropped)"' <<<"$FINAL"
}

# --- keys -------------------------------------------------------------------------------------------------------------------

# keys OPTION...: the keys of ./in, each a line: of all records that are dropped but the very first, by what lost most.
keys()
{
	IN=in run_weir --drop-over=1/h --top-keys=100 "$@"
	is "$ENDED" "exit 0" && lost_keys
}

@test "--key: fields, by blanks as in awk, or by a byte as in cut" {
	printf '%s\n' first '  a  b' $'\ta b' 'x a b' 'a' '' ' ' 'b:a: c:d' >in
	is "$(keys -k 1 | sort | paste -sd ,)" " 2,a 3,b:a: 1,x 1"
	is "$(keys -k 2 | sort | paste -sd ,)" " 3,a 1,b 2,c:d 1"
	is "$(keys -k 2 -t : | sort | paste -sd ,)" " 6,a 1"
	is "$(keys -k 3 -t : | sort | paste -sd ,)" " 6, c 1"
	is "$(keys -k 1 -t ' ' | sort | paste -sd ,)" " 3,\\011a 1,a 1,b:a: 1,x 1"
	is "$(keys -k 2 -t '\t' | sort | paste -sd ,)" " 6,a b 1"
	printf 'first\0a=1\0b=1\nx\0a=' >in
	is "$(keys -0 -k 2 -t = | sort | paste -sd ,)" " 1,1 1,1\\012x 1"
	printf 'firsta=1\nb=2\nc=' >in
	is "$(keys --fixed=5 -k 2 -t = | sort | paste -sd ,)" "1\012b 1,2\012c 1"
}

@test "--key: /REGEX/, its first group, or all that matches" {
	needs_patterns
	printf '%s\n' first 'user=ann 1' 'user=bob 2' 'user=ann 3' 'nobody' 'User=ann' >in
	is "$(keys -k '/user=([a-z]+)/' | sort | paste -sd ,)" " 2,ann 2,bob 1"
	is "$(keys -k '/user=[a-z]/' | sort | paste -sd ,)" " 2,user=a 2,user=b 1"
	is "$(keys -k '/a(x)?n/' | sort | paste -sd ,)" " 5"
	is "$(keys -k '/$/' | sort | paste -sd ,)" " 5"
}

@test "--key: members of a JSON object, of whatever else is in it" {
	printf '%s\n' first '{"user":"ann","at":{"host":"a"}}' '{"x":[{"user":"no"}], "user" : "bob"}' '{"user":"\u0061nn"}' \
	    '{"user":7}' '{"at":{"user":"eve"}}' 'user' '' >in
	is "$(keys -k .user | sort | paste -sd ,)" " 3,7 1,ann 2,bob 1"
	is "$(keys -k .at.host | sort | paste -sd ,)" " 6,a 1"
	is "$(keys -k .x.0.user | sort | paste -sd ,)" " 6,no 1"
	is "$(keys -k '."user"' | sort | paste -sd ,)" " 3,7 1,ann 2,bob 1"
	printf '%s\0' first $'{\n "user": "ann\\nx"\n}' >in
	is "$(keys -0 -k .user)" 'ann\012x 1'
}

@test "--key: several together, of which each pair is told apart" {
	printf '%s\n' first 'a b  c' 'a b c' 'a  c b' 'b' '' >in
	is "$(keys -k 1,2 | sort | paste -sd ,)" " 1,a b 2,a c 1,b  1"
	is "$(keys -k 3,1 | sort | paste -sd ,)" " 1, b 1,b a 1,c a 2"
	printf '%s\n' first 'a,b c,d' 'a,b,c d' >in
	is "$(keys -t , -k 1,2 | sort | paste -sd ';')" "a,b 1;a,b c 1"
	printf '%s\n' first '{"a":"x","b":"y z"}' '{"b":"y z","a":"x"}' '{"a":"x y","b":"z"}' '{"a":1}' '{}' >in
	is "$(keys -k .a,.b | sort | paste -sd ,)" ' 1,1\037 1,x y\037z 1,x\037y z 2'
	has_patterns || return 0
	printf '%s\n' first 'GET /a 200' 'PUT /a 200' 'GET /b 200' 'GET /a' 'none' >in
	is "$(keys -k '/([A-Z]+) .*( 200)?$/' | sort | paste -sd ,)" ' 1,GET\037 3,PUT\037 1'
	is "$(keys -k '/([A-Z]+) (\/[a-z]) 200/' | sort | paste -sd ,)" ' 2,GET\037/a 1,GET\037/b 1,PUT\037/a 1'
}

# Two keys that XXH3 cannot tell apart where it has the seed 0: whoever knows the seed finds as many as he likes, and more
# quickly still such as only meet in a table.
@test "--policy=latest: keys that are made to collide are two keys, whatever --seed says" {
	local a='\xb9\x39\x42\xea\x7b\x73\x82\x67\x23\x4c\xaf\x33\x2d\xb0\x56\xaf' option
	local b='\xb9\x39\x4e\xfc\x41\x4a\x9c\x7e\x3a\x52\x96\x09\x3b\xbc\x56\xaf'
	# shellcheck disable=SC2059 # bytes
	printf "$a,1\n$a,2\n$b,3\nx,4\n" >in
	for option in '' --seed=0; do
		# shellcheck disable=SC2086
		stalled in -p latest -k 1 -t , --max-records=3 ${option:+--sample=100% --sample-by=key $option}
		is "$(cut -d , -f 2 got | paste -sd ,)" 2,3,4 "with ${option:-no seed}"
	done
}

# --- --sample-by -----------------------------------------------------------------------------------------------------------------

@test "--sample-by=random: each with the same chance; the same again with the same seed" {
	seq 100000 >in
	IN=in run_weir --sample=10 --sample-by=random --seed=5
	# 9.7 to 10.3 %, which is 3.2 standard deviations; the seed is fixed.
	final '.out.records > 9700 and .out.records < 10300 and .dropped.by.sample.records == .dropped.records and .sample_by == "random"'
	cp out one
	IN=in run_weir --sample=10 --sample-by=random --seed=5
	same out one
	IN=in run_weir --sample=10 --sample-by=random --seed=6
	[[ $(sha256sum <out) != $(sha256sum <one) ]]
	# Without one, no two are the same.
	IN=in run_weir --sample=10 --sample-by=random
	cp out one
	IN=in run_weir --sample=10 --sample-by=random
	[[ $(sha256sum <out) != $(sha256sum <one) ]]
	# However the bytes arrive.
	IN=in run_weir --sample=12.5% --sample-by=random --seed=1
	head -n 500 in >some
	"$HELPERS/over" -I some -O got -f 3 "$WEIR" -q --sample=12.5% --sample-by=random --seed=1
	same got <(head -n "$(lines_of got)" out)
}

@test "--sample-by=random does not go by where a record stands, as by count it does" {
	# Two sources by turns: one in 2 by count is all of the one and nothing of the other.
	awk 'BEGIN { for (i = 1; i <= 10000; i++) print i % 2 ? "a" : "b" }' >in
	IN=in run_weir -s 2
	is "$(sort -u out | paste -sd ' ')" a
	IN=in run_weir -s 2 --sample-by=random --seed=1
	is "$(($(grep -c a out) > 2300 && $(grep -c b out) > 2300))" 1
}

@test "--sample-by=key: a key is in or out as a whole, and every weir agrees" {
	awk 'BEGIN { for (i = 1; i <= 60000; i++) print i, "key" (i * 7919 % 10000) }' >in
	IN=in run_weir --sample=10 --sample-by=key -k 2
	awk '{ n[$2]++ } END { for (k in n) if (n[k] != 6) { print k, n[k]; exit 1 } }' out
	cp out tenth
	# 10000 keys: 1000 of them, give or take 3.29 standard deviations of the binomial distribution.
	keys=$(cut -d ' ' -f 2 tenth | sort -u | wc -l)
	is "$((keys > 1000 - 99 && keys < 1000 + 99))" 1 "$keys of 10000 keys"
	# others, over part of it, in another order, with other company
	tac in | awk 'NR % 3' >other
	IN=other run_weir --sample=10% --sample-by=key -k '2' --drop-over=1000000000/s
	same <(sort -n out) <(awk 'NR == FNR { in_it[$0]; next } $0 in in_it' other tenth | sort -n)
	# a smaller share is part of a larger one
	IN=in run_weir --sample=100 --sample-by=key -k 2
	is "$(sort out | comm -23 - <(sort tenth) | wc -l)" 0
	keys=$(cut -d ' ' -f 2 out | sort -u | wc -l)
	is "$((keys > 100 - 33 && keys < 100 + 33))" 1 "$keys of 10000 keys"
	# another sample
	IN=in run_weir --sample=10 --sample-by=key -k 2 --seed=1
	keys=$(cut -d ' ' -f 2 out | sort -u | wc -l)
	is "$((keys > 1000 - 99 && keys < 1000 + 99))" 1 "$keys of 10000 keys"
	keys=$(comm -12 <(cut -d ' ' -f 2 out | sort -u) <(cut -d ' ' -f 2 tenth | sort -u) | wc -l)
	is "$((keys > 100 - 33 && keys < 100 + 33))" 1 "$keys keys in both samples"
}

# As libxxhash says: those whose XXH3_64bits_withSeed() is below 2^61.
@test "--sample-by=key: the same keys on every machine, in this version and the next" {
	for i in {1..64}; do echo "host-$i"; done >in
	IN=in run_weir --sample=8 --sample-by=key -k 1
	is "$(paste -sd ' ' out)" "host-4 host-12 host-24 host-29 host-35 host-44 host-55 host-56 host-57 host-63"
	IN=in run_weir --sample=8 --sample-by=key -k 1 --seed=42
	is "$(paste -sd ' ' out)" "host-4 host-8 host-15 host-17 host-27 host-30 host-55"
}

@test "--sample-by=key: long records, other framings, the last without delimiter" {
	"$HELPERS/lines" -n 300 -l 100,5000,20 | awk '{ print "k" NR % 50, $0 }' >in
	printf 'k7 end' >>in
	IN=in run_weir -m 4K --sample=3 --sample-by=key -k 1
	cut -d ' ' -f 1 out | sort -u >those
	same out <(awk 'NR == FNR { in_it[$1]; next } $1 in in_it' those in | head -c "$(stat -c %s out)")
	final '.dropped.by.oversize.records == 0 and .in.records == 301'
	is "$(($(lines_of those) > 5 && $(lines_of those) < 30))" 1
	tr '\n' '\0' <in >in0
	IN=in0 run_weir -0 -m 4K --sample=3 --sample-by=key -k 1
	is "$(tr '\0' '\n' <out | cut -d ' ' -f 1 | sort -u)" "$(<those)"
}

# --- --drop-over -------------------------------------------------------------------------------------------------------------------

@test "--drop-over: what comes faster goes, reason over; the first second's worth does not" {
	seq 1000 >in
	IN=in run_weir --drop-over=10/h
	is "$(cat out)" 1
	final '.dropped.by.over.records == 999 and .dropped.records == 999 and .drop_over == "10/h"'
	IN=in run_weir --drop-over=100/s
	is "$(head -n 100 out | paste -sd ' ')" "$(seq -s ' ' 100)"
	IN=in run_weir --drop-over=10/h --burst=50
	same out <(seq 50)
	IN=in run_weir --drop-over=10B/h --burst=60
	same out <(awk '{ used += length($0) + 1 } used <= 60' in)
	for rate in 1000000/s 10TB/us 1000000000000000/us; do
		IN=in run_weir --drop-over=$rate
		same out in
	done
	IN=in run_weir --drop-over=10/h --fail-on-drop
	is "$ENDED" "exit 3"
}

@test "--drop-over with --rate: the burst is the rate's" {
	seq 100 >in
	IN=in run_weir --drop-over=3/s -L 1000/s --burst=50
	final '.dropped.by.over.records >= 90'
	is "$(head -n 3 out | paste -sd ' ')" "1 2 3"
}

@test "--drop-over for each key" {
	awk 'BEGIN { for (i = 1; i <= 1000; i++) print i % 10 }' >in
	IN=in run_weir --drop-over=1/h --rate-by=key -k 1
	same out <(head -n 10 in)
	IN=in run_weir --drop-over=1/h --rate-by=key -k 1 --burst=7
	same out <(head -n 70 in)
}

@test "--drop-over comes behind the sample, and the policy behind it" {
	seq 1000 >in
	IN=in run_weir --sample=100 --drop-over=1/h --burst=5
	same out <(seq 1 100 401)
	final '.dropped.by.sample.records == 990 and .dropped.by.over.records == 5'
	stalled in --drop-over=1/h --burst=50 -p drop-oldest --max-records=10
	same got <(seq 41 50)
	final '.dropped.by.over.records == 950 and .dropped.by.oldest.records == 40'
}

# --- --rate-by -----------------------------------------------------------------------------------------------------------------

@test "--rate-by=key: each key has a rate of its own; the first that has to wait holds up the others" {
	printf '%s\n' a b c a d e >in
	IN=in start -L 1/h --rate-by=key -k 1 --drain-timeout=0
	snapshot_until '.in.records == 6 and .out.records == 3'
	snap '.held.records == 3'
	sig TERM
	finish "signal 15"
	is "$(paste -sd ' ' out)" "a b c"
	IN=in start -L 1/h --burst=2 --rate-by=key -k 1 --drain-timeout=0
	finish "exit 0"
	same in out
}

@test "--sample-by=each-key: of each key the first of every N, and so each key" {
	awk 'BEGIN { for (i = 1; i <= 60000; i++) print i, "key" (i % 100 ? i * 7919 % 5 : "rare" i) }' >in
	IN=in run_weir --sample=100 --sample-by=each-key -k 2
	same out <(awk '{ if (n[$2]++ % 100 == 0) print }' in)
	final '.sample_by == "each-key" and .dropped.by.sample.records == .dropped.records'
	IN=in run_weir --sample=2.5% --sample-by=each-key -k 2
	same out <(awk '{ k = $2; if (n[k] == int(c[k] * 40)) { c[k]++; print } n[k]++ }' in)
	# what is kept counts for nothing
	if has_patterns; then
		IN=in run_weir --sample=100 --sample-by=each-key -k 2 --keep='7 '
		same out <(awk '/7 / || n[$2]++ % 100 == 0' in)
	fi
	IN=in run_weir --sample=1 --sample-by=each-key -k 2
	same out in
}

@test "--sample-by=each-key: a million keys and more in bounded memory; who is forgotten begins anew" {
	seq 1200000 >in
	{ cat in; echo 1; echo 1200000; } >twice
	IN=twice run_weir --sample=2 --sample-by=each-key -k 1
	same <(tail -n 2 out) <(printf '%s\n' 1200000 1)
	is "$(lines_of out)" 1200001
}

@test "--sample=N/s: a budget, whatever comes; of what comes no faster all" {
	seq 400000 >in
	IN=in run_weir --sample=500/s
	final '.sample == "500/s" and .sample_by == "budget" and .dropped.by.sample.records == .dropped.records'
	# whatever the machine makes of it: no more than is saved, and comes in meanwhile
	is "$(jq '.out.records <= 1000 + .elapsed_ns / 1e9 * 500 + 1 and .out.records > 100' <<<"$FINAL")" true
	same out <(awk 'NR == FNR { out[$0]; next } $0 in out' out in)
	seq 200 >in
	IN=in run_weir --sample=1000/s
	same out in
	seq 100000 >in
	IN=in run_weir -s 10 -s 100/min
	is "$(($(lines_of out) < 1000))" 1 "of two the last one counts"
	IN=in run_weir -s 100/min -s 10
	is "$(lines_of out)" 10000
}

@test "--sample=N/s -k: what is rare comes in whole; what is kept, too" {
	awk 'BEGIN { for (i = 1; i <= 300000; i++) print i % 3000 ? "loud" : "rare" i, i }' >in
	IN=in run_weir --sample=100k/s -k 1
	is "$(grep -c rare out)" 100
	is "$(jq '.out.records <= 200000 + .elapsed_ns / 1e9 * 100000' <<<"$FINAL")" true
	has_patterns || return 0
	IN=in run_weir --sample=1/min -k 1 --keep=rare
	is "$(grep -c rare out)" 100
	is "$(($(grep -c loud out) < 10))" 1
}

# --- --top-keys -------------------------------------------------------------------------------------------------------------------

@test "--top-keys: which lost most, in falling order, in both reports" {
	{ yes x | head -n 50; yes y | head -n 30; yes z | head -n 20; echo u; } >in
	IN=in run_weir --drop-over=1/h --rate-by=key -k 1 --top-keys=2
	is "$(lost_keys | paste -sd ,)" "x 49,y 29"
	final '[.top_keys[].error] == [0, 0]'
	"$WEIR" --drop-over=1/h --rate-by=key -k 1 --top-keys=3 <in 2>err >out
	like "$(cat err)" '\(96.0%, over\), most of x 49, y 29, z 19, '
	# of what the buffer drops, too; not of what a sample leaves out
	stalled in -p drop-newest --max-records=60 -k 1 --top-keys=9 -s 1
	is "$(lost_keys | paste -sd ,)" "y 20,z 20,u 1"
	IN=in run_weir -s 10 -k 1 --top-keys=9 --max-age=1h
	final '.dropped.by.sample.records == 90 and .top_keys == []'
}

@test "--top-keys: before the end there are none; keys of every policy" {
	for policy in drop-oldest drop-newest drop-random latest shed:2; do
		fed "-p $policy -k 1 --top-keys=5 --max-records=4" "a a a a" "b b b b b b"
		snap '.top_keys == []'
		is "$(jq '[.top_keys[].dropped] | add' <<<"$FINAL")" "$(figures dropped.records)" "$policy"
		is "$(($(figures dropped.records) >= 5))" 1
	done
}

@test "--top-keys: whatever the keys are made of, JSON is JSON, and a terminal is safe" {
	printf 'x\0"q"\\\0\033[31m\a\0\303\244\377\0%s\0\n\t \0' "$(printf '%200s' '' | tr ' ' k)" >in
	IN=in run_weir -0 --drop-over=1/h -k 1 -t '\x01' --top-keys=100
	is "$(jq -r '.top_keys[].key' <<<"$FINAL" | sort)" "$(printf '%s\n' '"q"\' '\012\011 ' '\033[31m\007' 'ä\377' "$(printf '%64s' '' | tr ' ' k)" | sort)"
	"$WEIR" -0 --drop-over=1/h -k 1 -t '\x01' --top-keys=100 <in 2>err >out
	is "$(tr -d ' -~' <err | od -An -c | tr -d ' ')" '303244\n'
	# NUL in a key
	printf 'x\na\0b\n' >in
	IN=in run_weir --drop-over=1/h -k 1 --top-keys=1
	is "$(jq -r '.top_keys[0].key' <<<"$FINAL")" 'a\000b'
}

@test "--top-keys: of more keys than there is room for, the count may be too high, and says by how much" {
	awk 'BEGIN { for (i = 0; i < 100000; i++) print i % 4 ? i : "often" }' >in
	IN=in run_weir --drop-over=1/h -k 1 --top-keys=3
	final '.top_keys[0].key == "often" and .top_keys[0].dropped - .top_keys[0].error <= 24999 and .top_keys[0].dropped >= 24999
		and (.top_keys | length) == 3 and .top_keys[1].error > 0'
}

@test "latest: in a small buffer that much more comes into at once than it holds" {
	# More records of a key in a read than a batch of them can count.
	yes '' | head -c 600000 >in
	stalled_reader fifo
	IN=in OUT=fifo start -p latest -k 1 -m 4096
	reader_holds
	snapshot_until '.in.records == 600000'
	snap '.dropped.by.oldest.records == 0 and .dropped.by.superseded.records > 500000'
	drain got
	finish "exit 0"
}
