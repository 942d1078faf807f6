#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The pages for users: weir takes each command line that they show.  (recipes.bats runs recipes, tests/build/install.bats
# follows links, man.bats has the manual.)

load common

# command_lines PAGE...: each weir that a code block or a `weir ...` of the text starts, up to what the shell makes of the rest.
command_lines()
{
	sed -n -e '/^    /p' -e 's/`\(weir -[^`]*\)`/\n    \1\n/gp' "$@" | sed -n 's/^    //p' |
		sed -e :more -e '/[|\\]$/{ N; s/\\\{0,1\}\n */ /; b more' -e '}' -e 's/^ *# .*//' -e 's/"\$weir/weir/g; s/ [0-9]*\([<>]\)/ \1/g' |
		grep -oE "(^|[(|;!$] *|\./)weir ('[^']*'|[^|<>)';\`\"&])*" | sed -E 's/^[^w]*//; s/ +(#.*)?$//' | sort -u
}

@test "weir takes each command line that the pages show" {
	local line checked=0
	# In benchmarks.md and its like they are names of rows.
	command_lines "$top_srcdir"/README.md "$top_srcdir"/docs/{choosing,monitoring,reading-reports,recipes,gallery/README}.md >lines
	grep -qxF -e '-p drop-oldest -m 1M' <(sed 's/^weir //' lines) || fail "not found: $(cat lines)"
	while IFS= read -r line; do
		# What stands for something else, and what only a terminal has.
		[[ ! $line =~ \.\.\. && ! $line =~ [\ :=/](TARGET|TIME|KEY|RATE|SIZE|FILE|N|NAME)($|[\ /]) ]] || continue
		line=${line/ -v/}
		eval "set -- ${line#weir}"
		timeout "$PATIENCE" "$WEIR" "$@" <nothing >out 2>err || fail "$line: $(cat err)"
		checked=$((checked + 1))
	done <lines
	((checked > 40)) || fail "only $checked lines found"
}
