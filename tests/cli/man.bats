#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual page: it is well-formed, it has the options that --help has, and its examples are true.
# (completion.bats holds the completions against --help.)

load common

page=$top_srcdir/man/weir.1

@test "mandoc has nothing to say" {
	command -v mandoc >/dev/null || skip "no mandoc"
	mandoc -T lint -W warning "$page" "$top_srcdir"/man/{weirctl.1,weir-spool.5} >lint 2>&1 || fail "$(cat lint)"
	is "$(cat lint)" ""
}

@test "each section that the text refers to is there" {
	sed -n 's/^\.S[hs] //p' "$page" | sort >sections
	sed -n 's/^\.Sx \(.*[^ .,;]\)\( [.,;]\)*$/\1/p' "$page" | sort -u >referred
	like "$(paste -sd ' ' referred)" '^CLASSES .*RECORDS'
	is "$(grep -vxFf sections referred)" ""
}

# --- The same options -------------------------------------------------------------------------------------------------------

# section FROM TO: the page from one section (or subsection) to another
section()
{
	sed -n "/^\.S[hs] $1\$/,/^\.S[hs] $2\$/p" "$page"
}

# The options that mdoc has after Fl; in ".Op Fl b | l | z" there are three of them.
flags()
{
	grep '^\.[A-Z]' | sed ':more; s/\(Fl [A-Za-z0-9]\) | \([A-Za-z0-9]\)\( \|$\)/\1 Fl \2\3/; t more' |
		grep -oE '\bFl -?[A-Za-z0-9][A-Za-z0-9-]*' | sed 's/^Fl /-/'
}

# A line for each option: "-m, -B, --buffer"
options_of_help()
{
	"$WEIR" --help | sed -n 's/^  -/-/p' | sed 's/  .*//; s/\[*=.*//'
}

@test "--help and the list of options have the same, long and short" {
	options_of_help | tr -s ', ' '\n' | sort >help
	like "$(paste -sd ' ' help)" '^--answers .*--version --weight --window -0 -B .*-z$'
	is "$(uniq -d help)" "" "twice in --help"
	section OPTIONS Values | grep '^\.It ' | flags | sort | diff help - >&2
}

@test "--help and the list of options have the same groups, and the same order" {
	"$WEIR" --help | sed -n '/^POLICY is/q; s/^\([A-Z][A-Za-z ]*\):$/\1/p; s/^  -/-/p' | sed 's/  .*//; s/\[*=.*//; s/.*, //' >help
	like "$(paste -sd ' ' help)" '^Buffer and policy --policy .*Keys --key .*--version$'
	section OPTIONS Values | grep -oE '^\.Ss .*|^\.It .*' | grep -v 'Values$' |
		grep -oE '^\.Ss .*|Fl -[a-z-]+' | sed 's/^\.Ss //; s/^Fl /-/' | diff help - >&2
}

@test "where --help has an argument the list of options has one" {
	"$WEIR" --help | grep -oE '^  -[^ ]*(, -[^ ]*)*' | grep -oE -- '--[a-z-]+\[?=' | sort >help
	like "$(paste -sd ' ' help)" '^--answers= .*--sample= .*--window=$'
	section OPTIONS Values | grep '^\.It ' | grep -oE 'Fl -[a-z-]+ Ns (Op )?= Ns (Ar|Cm)' |
		sed 's/^Fl /-/; s/ Ns Op .*/[=/; s/ .*/=/' | sort |
		diff help - >&2
}

@test "the synopsis has each option, by one of its names" {
	section SYNOPSIS DESCRIPTION | flags | sort >synopsis
	is "$(uniq -d synopsis)" ""
	while IFS= read -r names; do
		tr -s ', ' '\n' <<<"$names" | grep -qxFf synopsis || fail "not in the synopsis: $names"
	done < <(options_of_help)
	options_of_help | tr -s ', ' '\n' >help
	is "$(grep -vxFf help synopsis)" "" "in the synopsis, not in --help"
}

@test "the text speaks of no option that is not there" {
	options_of_help | tr -s ', ' '\n' >help
	flags <"$page" | sort -u >spoken
	is "$(grep -vxFf help spoken)" ""
	like "$(paste -sd ' ' spoken)" '--drain-timeout .*--sample'
}

# --- The examples -----------------------------------------------------------------------------------------------------------

# "$ COMMAND", and the lines after it, in the literal blocks of EXAMPLES. Each goes to files of its own, N.command, N.expected.
examples()
{
	awk '
		/^\.Sh / { inside = $2 == "EXAMPLES" }
		!inside { next }
		/^\.Bd -literal -offset indent$/ { block = 1; next }
		/^\.Ed/ { block = 0; file = "" }
		!block { next }
		{ gsub(/\\e/, "\\") }
		/^\$ / { file = ++n ".expected"; print substr($0, 3) >(n ".command"); printf "" >file; next }
		file == "" { print "what is this: " $0; exit 1 }
		{ print >file }
		END { print n }' "$page"
}

# A report says how long it took: that differs.
without_times()
{
	sed -E '/^[^ ]+: in /s/[0-9]+\.[0-9]{3}s/N.NNNs/g'
}

@test "the examples print what the page says" {
	local n i ran=0 patterns=
	! has_patterns || patterns=yes
	mkdir bin work
	ln -s "$WEIR" bin/weir
	# Where weir is slow, so is its reader.
	if [[ $WEIR_UNDER == @(asan|valgrind|qemu) ]]; then
		# shellcheck disable=SC2016
		printf '#!/bin/sh\nPATH=${PATH#*:} exec sleep $(($1 * 5))\n' >bin/sleep
		chmod +x bin/sleep
	fi
	n=$(examples) || fail "$n"
	((n > 8)) || fail "only $n examples"
	grep -q '\\[^\\ntr0x]' ./*.command && fail "an escape that is not \\e in $(grep -l '\\[^\\ntr0x]' ./*.command)"
	for ((i = 1; i <= n; i++)); do
		[[ $(cat $i.command) =~ ^\(?(seq|printf|head|echo)\  ]] || continue
		grep -q weir $i.command || fail "no weir in $(cat $i.command)"
		[[ $patterns || $(cat $i.command) != *--keep=* ]] || continue
		(cd work && PATH=$BATS_TEST_TMPDIR/bin:$PATH timeout "$PATIENCE" "$HELPERS/launch" sh "../$i.command" 2>&1 3>&-) |
			without_times >$i.seen
		without_times <$i.expected | diff --label=page --label=seen -u - $i.seen >&2 || fail "$(cat $i.command)"
		ran=$((ran + 1))
	done
	((ran >= 8)) || [[ ! $patterns && $ran -ge 7 ]] || fail "only $ran examples ran"
}

# What does not run anywhere: weir must at least take the command line.
@test "the other examples have options that weir has" {
	local n i line checked=0
	n=$(examples)
	for ((i = 1; i <= n; i++)); do
		line=$(grep -oE "(^|[(|] *)weir( ('[^']*'|[^|<>'])*)?" $i.command | sed 's/^[(| ]*//') || continue
		[[ $line && ! $(cat $i.command) =~ ^\(?(seq|printf|head|echo)\  ]] || continue
		eval "set -- ${line#weir}"
		"$WEIR" "$@" <nothing >out 2>err || fail "$line: $(cat err)"
		checked=$((checked + 1))
	done
	((checked >= 3)) || fail "only $checked looked at"
}
