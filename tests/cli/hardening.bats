#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2030,SC2031
#
# The program as it was built: what makes an exploit harder, and that nothing can be opened once it runs.
# docs/threat-model.md says what for.

load common

# Whether this is a build of the usual kind: others are made to be tested, not to be installed.
usual()
{
	case $WEIR_UNDER in
	'' | debug) [[ $(head -c 4 "$WEIR") == $'\x7fELF' ]] || skip "not an ELF program" ;;
	*) skip "built for $WEIR_UNDER" ;;
	esac
}

has()
{
	readelf "$1" --wide "$WEIR" | grep -Eq -- "$2" || fail "readelf $1 shows no $2"
}

has_not()
{
	! readelf "$1" --wide "$WEIR" | grep -E -- "$2" || fail "readelf $1 shows $2"
}

@test "its address is not known beforehand" {
	usual
	has -h 'Type: +DYN'
	has -d 'FLAGS_1.*PIE'
	has_not -d 'TEXTREL'
}

@test "no memory is both writable and executable, the stack least of all" {
	usual
	has -l 'GNU_STACK .* RW +0x'
	has_not -l 'LOAD.* RWE '
}

@test "what the loader has set up is read-only before main" {
	usual
	has -l 'GNU_RELRO'
	has -d 'FLAGS.*(BIND_NOW|NOW)'
}

@test "overflows of a buffer on the stack, or known to libc, end the program" {
	usual
	has --dyn-syms '__stack_chk_fail'
	has --dyn-syms 'UND.*__[a-z]+_chk'
}

@test "it looks for libraries where the system does, and for few" {
	usual
	has_not -d 'RPATH|RUNPATH'
	needed=$(readelf -d --wide "$WEIR" | sed -n 's/.*(NEEDED).*\[\(.*\)]/\1/p' | grep -Ev '^(lib(c|bsd|pcre2-8)\.so|ld-linux)' || :)
	is "$needed" "" "libraries"
}

# trace_a_run [OPTION]...: strace of a weir that reports to a file, on request too, and ends by TERM.
trace_a_run()
{
	[[ $WEIR_UNDER != valgrind ]] || skip "strace would see valgrind"
	producer in
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 bg strace -f -o trace "$WEIR" --report=report --policy=drop-oldest "$@" <in >out 2>err
	producer_holds in
	feed 'one\ntwo\n'
	until_true grep -qs two out
	pid=$(awk '{ print $1; exit }' trace)
	kill -USR1 "$pid"
	until_true test -s report
	kill -TERM "$pid"
	until_true gone_or_zombie "$BG"
	[[ $# -gt 0 ]] || is "$(lines_of report)" 2
	# the first call that moves data
	data=$(grep -nE '(readv|preadv2|recvmsg|splice|tee)\(' trace | head -n 1 | cut -d : -f 1)
}

@test "nothing is opened once the first byte has been read" {
	case $WEIR_UNDER in asan | coverage) skip "it writes files of its own" ;; esac
	trace_a_run
	tail -n "+$data" trace >rest
	! grep -E '(open|openat|openat2|creat|execve|socket|connect|unlink|rename|mkdir)\(' rest
}

@test "nor with patterns, keys, rates and chance" {
	case $WEIR_UNDER in asan | coverage) skip "it writes files of its own" ;; esac
	needs_patterns
	trace_a_run --policy=drop-random --keep=one --key='/(t)/' --top-keys=3 --drop-over=1k/s --rate=1k/s --rate-by=key \
		--sample=1 --sample-by=random --max-age=1h
	tail -n "+$data" trace >rest
	! grep -E '(open|openat|openat2|creat|execve|socket|connect|unlink|rename|mkdir)\(' rest
}

@test "and it has told the kernel so" {
	usual
	trace_a_run
	told=$(grep -n 'prctl(PR_SET_NO_NEW_PRIVS, 1' trace | head -n 1 | cut -d : -f 1)
	((told < data))
	if grep -q 'landlock_create_ruleset(.*= -1' trace; then
		return 0 # by a kernel that does not know it
	fi
	told=$(grep -n 'landlock_restrict_self(.*= 0' trace | head -n 1 | cut -d : -f 1)
	((told < data))
	opened=$(grep -nE ' open(at)?\(' trace | tail -n 1 | cut -d : -f 1)
	((opened < told))
	! grep 'landlock_add_rule' trace || fail "it allows something all the same"
}

@test "with --metrics nothing is opened but its next page" {
	case $WEIR_UNDER in asan | coverage) skip "it writes files of its own" ;; esac
	mkdir d
	trace_a_run --metrics=d/m.prom -i 10ms
	tail -n "+$data" trace >rest
	grep -q 'renameat' rest
	grep -E '(open|openat|openat2|creat|execve|socket|connect|unlink|unlinkat|rename|renameat|renameat2|link|linkat|mkdir|mkdirat)\(' rest |
		grep -vE 'openat\([0-9]+, "\.weir-[0-9]+-0", O_WRONLY\|O_CREAT\|O_EXCL|renameat2?\([0-9]+, "\.weir-[0-9]+-0", [0-9]+, "m\.prom"' >others || :
	is "$(cat others)" "" "other calls"
}

@test "and the kernel has been told to allow that, in that directory" {
	usual
	mkdir d
	trace_a_run --metrics=d/m.prom -i 10ms
	if grep -q 'landlock_create_ruleset(.*= -1' trace; then
		return 0 # by a kernel that does not know it
	fi
	directory=$(sed -n 's/.*openat(AT_FDCWD, "d\/", .*) = \([0-9]*\)$/\1/p' trace)
	is "$(grep -c landlock_add_rule trace)" 1
	grep -qF "{allowed_access=LANDLOCK_ACCESS_FS_WRITE_FILE|LANDLOCK_ACCESS_FS_REMOVE_FILE|LANDLOCK_ACCESS_FS_MAKE_REG, parent_fd=$directory}" trace ||
		grep -F landlock_add_rule trace | fail "$(cat)"
	told=$(grep -n 'landlock_restrict_self(.*= 0' trace | head -n 1 | cut -d : -f 1)
	((told < data))
}

@test "with --control nothing is opened either, and nothing removed but the socket, in its own directory" {
	case $WEIR_UNDER in asan | coverage) skip "it writes files of its own" ;; esac
	XDG_RUNTIME_DIR=$PWD trace_a_run --control
	tail -n "+$data" trace >rest
	grep -E '(open|openat|openat2|creat|execve|socket|connect|bind|unlink|unlinkat|rename|renameat|renameat2|link|linkat|mkdir|mkdirat)\(' rest |
		grep -vE 'unlinkat\([0-9]+, "weir\.[0-9]+", 0\) += 0' >others || :
	is "$(cat others)" "" "other calls"
	grep -q 'unlinkat' rest || fail "the socket is left behind"
}

@test "and the kernel has been told to allow that, and no more" {
	usual
	XDG_RUNTIME_DIR=$PWD trace_a_run --control
	if grep -q 'landlock_create_ruleset(.*= -1' trace; then
		return 0 # by a kernel that does not know it
	fi
	directory=$(sed -n 's/.*openat(AT_FDCWD, "[^"]*\/weir", .*) = \([0-9]*\)$/\1/p' trace)
	is "$(grep -c landlock_add_rule trace)" 1
	grep -qF "{allowed_access=LANDLOCK_ACCESS_FS_REMOVE_FILE, parent_fd=$directory}" trace ||
		grep -F landlock_add_rule trace | fail "$(cat)"
	told=$(grep -n 'landlock_restrict_self(.*= 0' trace | head -n 1 | cut -d : -f 1)
	bound=$(grep -n ' bind(' trace | head -n 1 | cut -d : -f 1)
	((bound < told && told < data))
}

@test "a socket that is given a name elsewhere leaves no right at all" {
	usual
	trace_a_run --control=here
	! grep 'landlock_add_rule' trace || fail "it allows something all the same"
	[[ -S here ]] || fail "it has gone"
}

@test "what is made is for its owner alone" {
	(umask 0 && seq 3 | "$WEIR" --report=report >out)
	is "$(stat -c %a report)" 600
}

@test "a message shows no control character of an argument" {
	for value in $'\e[2Jx' $'\a' $'a\rb' $'\x9b31m' $'\x7f'; do
		status=0
		"$WEIR" --buffer="$value" <nothing 2>err || status=$?
		is "$status" 2
		unlike "$(cat err)" $'[\x01-\x08\x0b-\x1f\x7f\x9b]'
	done
}
