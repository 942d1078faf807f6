#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# ./bootstrap brings what building needs and no more, what the tests need where it is asked to, and is silent where nothing is
# left to do.  Here is a Debian that has what the file installed names: apt-get, make and the rest write down that they ran.

load ../cli/common

# What building weir takes on Debian, and some of what its tests take.
BUILD='gcc libc6-dev make autoconf automake autoconf-archive pkg-config libbsd-dev libpcre2-dev libxxhash-dev libjansson-dev libncurses-dev libmicrohttpd-dev'
TESTS='bats bash-completion zsh fish mandoc jq curl sqlite3 gnuplot-nox strace procps util-linux tmux valgrind libc6-dbg'

# stub NAME [COMMAND...]: a program that says it ran, and then does that.
stub()
{
	printf '#!/bin/sh\necho "%s $*" >>"%s/ran"\n%s\n' "$1" "$PWD" "${*:2}" >bin/"$1"
	chmod +x bin/"$1"
}

# checkout UID: a tree that is built, on a machine that lacks nothing.
checkout()
{
	mkdir bin tree
	cp "$top_srcdir/bootstrap" tree/
	touch tree/configure.ac tree/Makefile.am
	sleep 0.01
	touch tree/configure tree/Makefile.in tree/config.status
	chmod +x tree/configure tree/config.status
	# shellcheck disable=SC2086 # words
	printf '%s\n' $BUILD $TESTS clang >installed
	: >ran
	# shellcheck disable=SC2016 # the stubs'
	printf '#!/bin/sh\nshift 3\nfor p; do grep -qx -e "$p" "%s" && echo "install ok installed $p"; done\n' "$PWD/installed" >bin/dpkg-query
	chmod +x bin/dpkg-query
	# shellcheck disable=SC2016
	stub apt-get 'for p; do case $p in -*) ;; *) echo $p >>'"$PWD/installed ;; esac; done"
	# shellcheck disable=SC2016
	stub sudo 'case $1 in -v) exit ;; -n) shift ;; esac; exec "$@"'
	stub gmake
	stub autoreconf
	printf '#!/bin/sh\necho %s\n' "$1" >bin/id
	chmod +x bin/id
	printf '#!/bin/sh\necho "configure $*" >>"%s/ran"\n' "$PWD" >tree/configure
	printf '#!/bin/sh\n[ "$1" != --config ] || cat "%s/configured" 2>/dev/null || :\n' "$PWD" >tree/config.status
}

lacks()
{
	local package
	for package; do
		sed -i "/^$package\$/d" installed
	done
}

# bootstrap [ARGUMENT]...: as here, with CI set or not as the test has it.
bootstrap()
{
	PATH=$PWD/bin:$PATH tree/bootstrap "$@" >out 2>err
}

# What was asked of apt-get to install.
brought()
{
	sed -n 's/^apt-get .* install //p' ran
}

@test "where nothing is missing it says nothing, asks for no password and only calls make" {
	unset CI
	checkout 1000
	bootstrap
	is "$(cat out err)" ""
	is "$(sed 's/ .*//' ran)" gmake
	: >ran
	bootstrap --tests
	is "$(cat out err)" ""
	is "$(sed 's/ .*//' ran)" gmake
}

@test "it brings what building needs and is missing, and nothing for the tests" {
	local ci
	checkout 0
	for ci in '' true; do
		: >ran
		lacks libxxhash-dev automake fish zsh gnuplot-nox tmux clang
		CI=$ci bootstrap
		is "$(brought)" "automake libxxhash-dev"
		like "$(cat err)" 'bootstrap: .*apt-get .* install automake libxxhash-dev' # what it runs, it says
		unlike "$(cat ran)" sudo
	done
}

@test "with --tests it brings what they need, in continuous integration clang too" {
	checkout 0
	lacks automake fish tmux clang
	CI='' bootstrap --tests
	is "$(brought)" "automake fish tmux"
	: >ran
	lacks fish
	CI=true bootstrap --tests
	is "$(brought)" "fish clang"
}

@test "sudo only where something has to be brought by somebody else than root" {
	unset CI
	checkout 1000
	lacks jq
	bootstrap
	unlike "$(cat ran)" '(sudo|apt-get)'
	bootstrap --tests
	like "$(cat ran)" $'sudo -v\nsudo env .*apt-get .* install jq'
}

@test "--tests is not configure's, the rest is" {
	unset CI
	checkout 0
	bootstrap --prefix=/opt/weir --tests 'CFLAGS=-O2 -g'
	is "$(grep configure ran)" "configure --prefix=/opt/weir CFLAGS=-O2 -g"
	echo "'--prefix=/opt/weir' 'CFLAGS=-O2 -g'" >configured
	: >ran
	bootstrap --tests --prefix=/opt/weir 'CFLAGS=-O2 -g'
	is "$(grep configure ran)" ""
}

@test "--help says what it does and does nothing" {
	checkout 0
	lacks gcc
	bootstrap --help
	like "$(cat out)" '^From a fresh checkout .* --tests '
	is "$(cat ran err)" ""
}

# --- The command for the tests ----------------------------------------------------------------------------------------------

@test "continuous integration runs the command that README and HACKING give" {
	local ci=$top_srcdir/.ci/run command
	[[ -e $ci ]] || skip "no .ci/run: it is no part of a release"
	command=$(sed -n "s/^command='\\(.*\\)'\$/\\1/p" "$ci")
	like "$command" '^\./bootstrap .*check$'
	is "$(grep -cxF "    $command" "$top_srcdir/README.md")" 1 "README: $command"
	is "$(grep -cE "^    $command( |\$)" "$top_srcdir/HACKING.md")" 1 "HACKING.md: $command"
	# shellcheck disable=SC2016 # its text
	grep -q '^timeout .* sh -c "$command"$' "$ci" || fail ".ci/run runs something else"
}

# --- What the tests in front of real servers want ----------------------------------------------------------------------------

# servers [STATUS]: tests/brokers/install where nothing of it is there; what the policy said while apt-get ran is in ./asked
servers()
{
	printf '#!/bin/sh\n' >bin/dpkg-query
	printf '#!/bin/sh\n%s/policy; echo "$? $*" >>%s/asked; exit %s\n' "$PWD" "$PWD" "${1:-0}" >bin/apt-get
	printf '#!/bin/sh\necho "npm $*" >>%s/asked\n' "$PWD" >bin/npm
	chmod +x bin/dpkg-query bin/apt-get bin/npm
	POLICY_RC_D=$PWD/policy KINESALITE=$PWD/none PATH=$PWD/bin:$PATH "$top_srcdir/tests/brokers/install" >out 2>err
}

@test "servers are installed and not started, and who decides that decides as before" {
	mkdir bin
	servers
	like "$(head -n 1 asked)" '^101 .* install .*redis-server'
	like "$(tail -n 1 asked)" '^npm install --global .* kinesalite@'
	[[ ! -e policy ]]

	printf '#!/bin/sh\nexit 7\n' >policy
	chmod 750 policy
	cp -p policy before
	servers
	is "$(grep -c '^101 ' asked)" 2
	same policy before
	is "$(stat -c %a policy)" 750

	# With a new list, and again; and it does not help.
	: >asked
	! servers 1 || fail "it says that all is well"
	is "$(grep -c '^101 ' asked)" 2
	same policy before
}

@test "where the servers are there nothing is said and nothing done" {
	mkdir bin
	printf '#!/bin/sh\nshift 3; for p; do echo "install ok installed $p"; done\n' >bin/dpkg-query
	printf '#!/bin/sh\n: >%s/ran\n' "$PWD" >bin/apt-get
	printf '#!/bin/sh\n' >bin/kinesalite
	chmod +x bin/dpkg-query bin/apt-get bin/kinesalite
	POLICY_RC_D=$PWD/policy PATH=$PWD/bin:$PATH "$top_srcdir/tests/brokers/install" >out 2>err
	is "$(cat out err)" ""
	[[ ! -e ran && ! -e policy ]]
}
