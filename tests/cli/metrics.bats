#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# --metrics: the page is what Prometheus reads (prometheus.awk; the real thing is "make check-prometheus"), it is there
# before the first read and after the end, it is replaced whole, and what goes wrong with it does not touch the data.

load common

# page [FILE]: it is strict, and keeps the law. A page without its last newline is torn.
page()
{
	local said
	said=$(awk -f "$BATS_TEST_DIRNAME/prometheus.awk" "${1-m.prom}") || fail "$said" || return
	[[ -z $(tail -c 1 "${1-m.prom}") ]] || fail "it does not end in a newline"
}

# value FAMILY [LABELS]: of a sample; LABELS are what follows name and policy.
value()
{
	awk -v start="weir_$1{" -v end="${2-}}" '
		index($1, start) == 1 && substr($0, index($0, "} ") - length(end) + 1, length(end)) == end &&
		(end != "}" || gsub(/,/, ",") == 1) { print $NF }' "${PAGE-m.prom}"
}

says()
{
	[[ $(value "$1" "${3-}") == "$2" ]]
}

# said FAMILY VALUE [LABELS]
said()
{
	is "$(value "$1" "${3-}")" "$2" "$1${3-}"
}

# as_reported "PATH FAMILY [LABELS]"...: each of these samples is what the report has at that path.
as_reported()
{
	local one path family labels lines line paths=() wanted=() figures at=0
	local -A sample
	mapfile -t lines <"${PAGE-m.prom}"
	for line in "${lines[@]}"; do
		[[ $line =~ ^weir_([a-z_]+)\{name=\"[^\"]*\",policy=\"[^\"]*\"(.*)\}\ ([^ ]+)$ ]] || continue
		sample[${BASH_REMATCH[1]}${BASH_REMATCH[2]}]=${BASH_REMATCH[3]}
	done
	for one; do
		read -r path family labels <<<"$one"
		paths+=("$path") wanted+=("$family${labels:+,$labels}")
	done
	read -ra figures <<<"$(figures "${paths[@]}")"
	for one in "${wanted[@]}"; do
		is "${sample[$one]-nothing}" "${figures[at++]}" "$one" || return
	done
}

# The names of all that is in a directory.
names()
{
	find "${1-.}" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' '
}

# joined FILE: a trace of several threads, each call in one line, where it began
joined()
{
	awk '
		{ pid = $1 }
		/ <unfinished \.\.\.>$/ { sub(/ <unfinished \.\.\.>$/, ""); open[pid] = NR }
		/<\.\.\. [a-z0-9_]+ resumed>/ && pid in open {
			sub(/^.*<\.\.\. [a-z0-9_]+ resumed>/, "")
			sub(/^\) +=/, ") =")
			line[open[pid]] = line[open[pid]] $0
			delete open[pid]
			next
		}
		{ line[NR] = $0 }
		END { for (i = 1; i <= NR; i++) if (i in line) print line[i] }' "$1"
}

# meanwhile COMMAND...: while weir is stopped, so that no page comes in between.
meanwhile()
{
	kill -STOP "$(<pid)"
	until_true is_stopped
	"$@" || return
	kill -CONT "$(<pid)"
}

is_stopped()
{
	grep -q '^State:.T' "/proc/$(<pid)/status"
}

@test "a page of every kind of run is strict, and keeps the law" {
	seq 100000 >in
	for options in '' '-p drop-oldest' '-p drop-newest --max-records=10' '-s 10' '-s 12.5% -L 10MB/s' '-b' '--fixed=7' \
		'-L 100MB/s -m 4K' '-p drop-oldest --max-record=3' '--mark-drops -p drop-newest -m 4K' \
		'-p drop-random -m 4K' '-p shed:3 -m 4K' '-p latest -k 1 -m 4K' '-p codel:1ms -m 4K' '--drop-over=10/h' '-L 20/s --max-age=1ms'; do
		# shellcheck disable=SC2086 # words
		IN=in run_weir --metrics=m.prom $options
		is "$ENDED" "exit 0"
		page || fail "$options"
		samples=("marks.records marks_total" "buffer.peak_bytes buffer_peak_bytes" "paused.count pauses_total")
		for unit in records bytes; do
			for figure in in out undelivered; do
				samples+=("$figure.$unit ${figure}_${unit}_total")
			done
			for reason in oldest newest oversize sample superseded random shed codel over expired rejected gone fair repeated; do
				samples+=("dropped.by.$reason.$unit dropped_${unit}_total reason=\"$reason\"")
			done
		done
		as_reported "${samples[@]}"
	done
}

@test "what --keep matches is counted by pattern, and the label's value is escaped" {
	needs_patterns
	seq 100000 >in
	IN=in run_weir --metrics=m.prom -p drop-oldest
	is "$(grep -c dropped_kept m.prom)" 0
	stalled_reader full
	IN=in OUT=full start --metrics=m.prom -p drop-oldest -m 4K --keep='^9"?\d' --keep=$'\t' --keep=5
	reader_holds
	snapshot_until '.in.records == 100000'
	drain got
	finish "exit 0"
	page
	is "$(grep -c '^weir_dropped_kept_' m.prom)" 6
	while read -r at labels; do
		for unit in records bytes; do
			grep -qxF "weir_dropped_kept_${unit}_total{name=\"weir\",policy=\"drop-oldest\",$labels} $(figures "keep.$at.dropped.$unit")" m.prom ||
				fail "not there: $labels, $unit" "$(grep kept m.prom)"
		done
	done <<-'END'
		0 class="3",pattern="^9\"?\\d"
		1 class="2",pattern="\\011"
		2 class="1",pattern="5"
	END
	final '.keep[0].dropped.records > 1000 and .keep[1].dropped.records == 0 and .keep[2].dropped.records > 1000'
}

@test "and the check of that sees what is wrong" {
	seq 10 | "$WEIR" -q --metrics=good >out
	page good
	while read -r edit; do
		sed -E "$edit" good >bad
		! cmp -s good bad || fail "no change: $edit"
		! page bad 2>said || fail "not seen: $edit"
	done <<-'END'
		s/weir_in_records_total/weir_in_records/
		s/(TYPE weir_held_bytes) gauge/\1 counter/
		/TYPE weir_up /d
		/HELP weir_up /d
		/^weir_up/d
		/^weir_pauses_total/p
		s/^(weir_up.*) 0/\1 -1/
		s/^(weir_up.*) 0/\10/
		s/^(weir_up.*) 0/\1 0.0/
		s/^(weir_start.*) .*/\1 1.7e9/
		s/name="weir"/name="we"ir"/
		s/name="weir"/name="we\\ir"/
		s/^(weir_up\{)name="weir",/\1/
		s/^(weir_up\{name=")weir/\1other/
		s/^(weir_dropped_bytes_total.*,reason="oldest").*/\1} NaN/
		s/reason="newest"/reason="oldest"/
		s/^(weir_in_records_total.*) 10/\1 11/
		s/^(weir_out_bytes_total.*) 21/\1 20/
		$s/^weir/other/
		$d
		2,$d
		$s/$/ 1700000000000/
		3s/^/\n/
	END
	head -c -1 good >bad
	if page bad; then fail "not seen: no newline at the end"; fi
}

@test "it is there before the first read, renewed while nothing moves, and tells the end" {
	producer in
	IN=in start --metrics=m.prom -i 10ms
	until_true test -e m.prom
	page
	said up 1
	said in_records_total 0
	said latency_seconds NaN ',quantile="0.5"'
	said exit_status ""
	producer_holds in
	first=$(value update_time_seconds)
	until_true newer "$first"
	feed 'one\ntwo\n'
	until_true says out_records_total 2
	page
	said latency_seconds_count 2
	producer_ends
	finish "exit 0"
	page
	said up 0
	said exit_status 0
	said interval_seconds 0.01
	awk -v start="$(value start_time_seconds)" -v now="$(date +%s)" 'BEGIN { exit !(start <= now + 1 && now - start < 600) }'
}

newer()
{
	awk -v then="$1" -v now="$(value update_time_seconds)" 'BEGIN { exit !(now - then >= 0.01) }'
}

@test "it goes on while the output is blocked" {
	stalled_reader out.fifo
	producer in
	IN=in OUT=out.fifo start --metrics=m.prom -i 10ms -p drop-oldest --max-records=3 -m 4K
	reader_holds
	producer_holds in
	feed 'a\nb\nc\nd\ne\n'
	until_true says dropped_records_total 2 ',reason="oldest"'
	page
	said buffer_depth_records 3
	said buffer_depth_bytes 6
	said buffer_capacity_records 3
	said buffer_capacity_bytes 4096
	said held_bytes 6
	said pressure_periods_total 1
	producer_ends
	drain out
	finish "exit 0"
	is "$(paste -sd ' ' out)" "c d e"
}

@test "a second is how often where nothing else is said" {
	producer in
	IN=in start --metrics=m.prom
	until_true test -e m.prom
	said interval_seconds 1
	first=$(value update_time_seconds)
	until_true newer "$first"
	is "$(lines_of report)" 0 "reports"
	sig TERM
	finish "signal 15"
}

@test "the last page has the exit status, whatever it is" {
	seq 1000 | "$WEIR" -q -p drop-newest --max-record=2 --fail-on-drop --metrics=m.prom >out || status=$?
	is "$status" 3
	said exit_status 3
	seq 10 | "$WEIR" -q --metrics=m.prom >/dev/full 2>err || status=$?
	is "$status" 1
	said exit_status 1
	said undelivered_records_total 10
	page
	producer in
	IN=in start --metrics=m.prom
	sig TERM
	finish "signal 15"
	said exit_status 143
	said up 0
	page
}

@test "a name is escaped" {
	seq 3 | "$WEIR" -q --metrics=m.prom --name='a "b" \ {c},d=' >out
	grep -qF 'weir_up{name="a \"b\" \\ {c},d=",policy="block"} 0' m.prom
	page
}

@test "it is replaced whole: whoever reads it never sees a part, or nothing" {
	producer in
	IN=in start --metrics=m.prom -i 10ms
	until_true test -e m.prom
	for ((i = 0; i < 300; i++)); do
		mapfile seen <m.prom || fail "it was not there"
		[[ ${seen[-1]} =~ ^weir_latency_max_seconds\{.*\}\ NaN$'\n'$ ]] || fail "part of it: ${seen[-1]}"
		[[ ${seen[0]} == '# HELP weir_build_info '* ]]
	done
	printf %s "${seen[@]}" >seen
	page seen
	first=$(value start_time_seconds)
	is "$(PAGE=seen value start_time_seconds)" "$first"
	sig TERM
	finish "signal 15"
	is "$(names)" "err in m.prom nothing out pid report seen status"
}

@test "by the book: a new file, not by any link, written, closed, and renamed; and nothing else" {
	[[ $WEIR_UNDER != @(valgrind|qemu|asan|coverage) ]] || skip "strace would see $WEIR_UNDER"
	mkdir d
	producer in
	# shellcheck disable=SC2217 # bg hands it on
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 bg strace -f -o trace "$WEIR" -q --metrics=d/m.prom -i 10ms <in >out 2>err
	producer_holds in
	until_true test -e d/m.prom
	feed 'one\n'
	PAGE=d/m.prom until_true says out_records_total 1
	producer_ends
	until_true gone_or_zombie "$BG"
	joined trace >whole && mv whole trace
	# musl opens by open(2) what glibc opens by openat(2)
	sed -i -E 's/^([0-9]+ +)open\(/\1openat(AT_FDCWD, /; s/O_LARGEFILE\|//' trace
	# the calls by which a page is made, without the process in front; the first must come before the first read
	grep -E '(openat|rename|renameat|renameat2|unlink|unlinkat|ftruncate|fsync|fdatasync)\(' trace | sed -n 's/^[0-9]* *//; /openat.*d\/"/,$p' >calls
	like "$(sed -n 1p calls)" '^openat\(AT_FDCWD, "d/", O_.*O_DIRECTORY'
	sed 1d calls | grep -vE '^openat\([0-9]+, "\.weir-[0-9]+-0", O_WRONLY\|O_CREAT\|O_EXCL\|(O_NOCTTY\|)?O_NOFOLLOW\|O_CLOEXEC, 0644\) = [0-9]+$|^renameat2?\(([0-9]+), "\.weir-[0-9]+-0", \2?[0-9]+, "m\.prom"(, 0)?\) += 0$' >others || :
	is "$(cat others)" "" "other calls"
	# in their order, for each page
	awk '
		{ sub(/^[0-9]* */, "") }
		/^openat\(.*O_EXCL/ { if (state) exit bad = 1; fd = $NF; state = "opened" }
		index($0, "writev(" fd ",") == 1 && state { state = "written" }
		index($0, "close(" fd ")") == 1 && state { if (state != "written") exit bad = 1; state = "closed" }
		/^renameat/ { if (state != "closed") exit bad = 1; state = "" }
		END { exit bad || state != "" }' trace || fail "not in order: $(grep -E -A 9 O_EXCL trace | head -n 9)"
	opened=$(grep -c O_EXCL calls) renamed=$(grep -c '^renameat' calls)
	((opened >= 3 && opened == renamed))
	made=$(grep -n 'renameat' trace | head -n 1 | cut -d : -f 1)
	data=$(grep -nE '(readv|preadv2|recvmsg|splice|tee)\(' trace | head -n 1 | cut -d : -f 1)
	((made < data)) || fail "the first page comes after the first read"
	is "$(names d)" m.prom
}

@test "others may read it, as far as the umask has it" {
	(umask 0 && seq 3 | "$WEIR" -q --metrics=m.prom >out)
	is "$(stat -c %a m.prom)" 644
	(umask 077 && seq 3 | "$WEIR" -q --metrics=m.prom >out)
	is "$(stat -c %a m.prom)" 600
}

@test "a symbolic link is replaced itself" {
	mkdir d
	echo precious >d/precious
	ln -s d/precious m.prom
	seq 3 | "$WEIR" -q --metrics=m.prom >out
	[[ ! -L m.prom ]]
	page
	is "$(cat d/precious)" precious
	is "$(names d)" precious
}

@test "but not one that leads to the output, be it a file or a pipe" {
	ln -s /proc/self/fd/1 link
	seq 3 >in
	for out in out >(cat); do
		status=0
		"$WEIR" --metrics=link <in >"$out" 2>err || status=$?
		is "$status" 1
		like "$(cat err)" "^weir: --metrics=link: .*; accepted: "
		[[ -L link ]]
	done
}

# refused MESSAGE OPTION...: an error at once, with nothing read. Standard input is ./in.
refused()
{
	local message=$1 status=0
	shift
	seq 9 >in
	{ "$WEIR" "$@" >>out 2>err || status=$?; cat >rest; } <in
	is "$status" 1 "status of $*"
	is "$(cat err)" "weir: $message"
	is "$(lines_of rest)" 9 "what was left to read"
}

@test "what cannot be replaced is an error at once" {
	mkdir d
	mkfifo fifo
	refused "--metrics=d: Is a directory" --metrics=d
	refused "--metrics=d/: Is a directory" --metrics=d/
	refused "--metrics=/: Is a directory" --metrics=/
	refused "--metrics=none/m.prom: No such file or directory" --metrics=none/m.prom
	refused "--metrics=in/m.prom: Not a directory" --metrics=in/m.prom
	refused "--metrics=fifo: not a regular file; accepted: a file to be replaced" --metrics=fifo
	refused "--metrics=/dev/null: not a regular file; accepted: a file to be replaced" --metrics=/dev/null
	[[ -p fifo && -c /dev/null ]]
	is "$(names d)" ""
}

@test "a mount point cannot be replaced, and that is what is said" {
	[[ $(id -u) == 0 ]] || skip "only root can mount"
	echo old >full
	echo below >below
	mount --bind below full 2>/dev/null || skip "no file can be mounted"
	status=0
	seq 9 | "$WEIR" --metrics=full >out 2>err || status=$?
	umount full
	is "$status" 1
	is "$(cat err)" "weir: --metrics=full: a mount point, which cannot be replaced; accepted: a file in a directory that is mounted"
	is "$(cat below full)" $'below\nold'
	is "$(find . -name '.weir*')" ""
}

@test "nor a file that is open: input, output, standard error, report, or another" {
	open="open already, as input, output or report; accepted: another file"
	: >out
	ln out hard
	for name in in out err ./out "$PWD/in" hard; do
		refused "--metrics=$name: $open" --metrics="$name"
	done
	refused "--metrics=report: $open" --metrics=report --report=report
	refused "--metrics=other: $open" --metrics=other 5>other
	is "$(lines_of in)" 9
}

@test "a directory that takes no file is an error at once" {
	[[ $WEIR_UNDER != valgrind ]] || skip "valgrind has a file of its own to make"
	((EUID == 0)) || skip "has to change the user"
	mkdir d
	chmod 755 d .
	launch=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${launch[@]}" test -x "$WEIR" || skip "another user cannot run it"
	status=0
	seq 9 | "${launch[@]}" "$WEIR" --metrics=d/m.prom >out 2>err || status=$?
	is "$status" 1
	is "$(cat err)" "weir: --metrics=d/m.prom: Permission denied"
	[[ $WEIR_UNDER != portable ]] || return 0
	# one that cannot be listed will do
	chown 65534 d
	chmod 311 d
	seq 9 | "${launch[@]}" "$WEIR" -q --metrics=d/m.prom >out
	page d/m.prom
}

# One is there for as long as a page is replaced, and not for longer.
no_temporary_file()
{
	[[ "$(names)" == "err in m.prom nothing out pid report" ]]
}

@test "what goes wrong later is told once, counted, and made good; the data goes on" {
	producer in
	IN=in start -q --metrics=m.prom -i 10ms
	producer_holds in
	until_true test -e m.prom
	meanwhile eval 'rm m.prom && mkdir m.prom'
	until_true test -s err
	like "$(cat err)" '^weir: --metrics=m\.prom: not replaced: (Is a directory|Permission denied)$'
	feed 'one\n'
	until_true grep -q one out
	until_true no_temporary_file
	rmdir m.prom
	until_true test -e m.prom
	page
	(($(value metrics_failures_total) > 0))
	said out_records_total 1
	producer_ends
	finish "exit 0"
	is "$(lines_of err)" 1
	said exit_status 0
	page
}

@test "the directory may go; a full disk leaves the old page" {
	mkdir d
	producer in
	IN=in start --metrics=d/m.prom -i 10ms
	producer_holds in
	until_true test -e d/m.prom
	meanwhile rm -r d
	until_true test -s err
	is "$(cat err)" "weir: --metrics=d/m.prom: not replaced: No such file or directory"
	feed 'one\n'
	until_true grep -q one out
	producer_ends
	finish "exit 0"
	# A limit on the size of a file: the page does not fit, its beginning does.
	echo old >m.prom
	(ulimit -f 1 && seq 3 | "$WEIR" -q --metrics=m.prom >out 2>err) && fail "it should not fit"
	like "$(cat err)" "weir: --metrics=m.prom: File too large"
	is "$(cat m.prom)" old
	is "$(names | grep -c weir-)" 0 "temporary files"
}

@test "killed, it leaves a whole page that says it is up; the next one does not mind" {
	producer in
	IN=in start --metrics=m.prom -i 10ms
	until_true test -e m.prom
	kill -KILL "$(<pid)"
	finish "signal 9"
	page
	said up 1
	rm -f .weir-*
	touch .weir-{1..9}-0
	seq 5 | "$WEIR" -q --metrics=m.prom >out
	page
	said up 0
	said in_records_total 5
}

@test "reports and pages have one interval, and neither is in the way of the other" {
	producer in
	IN=in start --metrics=m.prom -i 10ms
	producer_holds in
	feed 'one\n'
	until_true says out_records_total 1
	until_true more_lines_than report 5
	is "$(jq -r 'select(.event == "interval") | .event' report | sort -u)" interval
	producer_ends
	finish "exit 0"
	page
	# without -i there are pages, but no reports
	seq 3 | "$WEIR" --metrics=m.prom --report=report >out
	is "$(lines_of report)" 1
}

told_in_vain()
{
	joined trace | grep -q 'writev.*"weir: --metrics=m\.prom: not repl.*EAGAIN\|poll(.*{fd=2, events=POLLOUT}\], 1, 0) *= 0'
}

@test "a message about it does not wait for a standard error that takes nothing" {
	[[ $WEIR_UNDER != @(valgrind|qemu) ]] || skip "strace would see $WEIR_UNDER"
	stalled_reader err.fifo
	producer in
	# shellcheck disable=SC2217 # bg hands it on
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 bg strace -f -o trace "$WEIR" -q --report=report --metrics=m.prom -i 10ms <in >out 2>err.fifo
	reader_holds
	producer_holds in
	until_true test -e m.prom
	until_true make_way
	until_true told_in_vain
	feed 'one\n'
	until_true grep -q one out
	producer_ends
	until_true gone_or_zombie "$BG"
	# It alone, for some time.
	is "$(grep -cE 'ppoll\(\[\{fd=[0-9]+, events=POLLOUT\}\], 1, \{tv_sec=0, tv_nsec=[1-9]' trace)" 0 "waits for it"
}

make_way()
{
	rm -f m.prom 2>/dev/null
	mkdir m.prom 2>/dev/null || [[ -d m.prom ]]
}
