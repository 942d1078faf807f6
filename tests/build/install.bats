#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The pages in the tree and those that "make install" puts into a directory lead nowhere that is not there, what is installed is
# what tests/build/installed lists, and "make uninstall" takes away what "make install" has brought.

load ../cli/common

# leads_nowhere ROOT: each relative link and picture in a Markdown page below it that names a file or a heading which is not
# there, as "PAGE: TARGET".  A heading's name is what forges make of it: small letters, no punctuation, "-" for blanks.
leads_nowhere()
{
	local page target file heading
	while IFS= read -r page; do
		grep -v '^    ' "$page" | grep -oE '\]\([^()]*\)' | sed 's/^](//; s/)$//' | while IFS= read -r target; do
			[[ $target != *://* ]] || continue
			file=$page
			[[ $target == '#'* ]] || file=$(dirname "$page")/${target%%#*}
			if [[ ! -e $file ]]; then
				printf '%s: %s\n' "${page#"$1"/}" "$target"
			elif [[ $target == *'#'* ]]; then
				heading=${target#*#}
				headings "$file" | grep -qxF -e "$heading" || printf '%s: %s\n' "${page#"$1"/}" "$target"
			fi
		done
	done < <(pages "$1")
}

pages()
{
	if [[ $1 == "$top_srcdir" ]]; then
		printf '%s\n' "$1"/*.md "$1"/bench/*.md "$1"/docs/*.md "$1"/docs/*/*.md
	else
		find "$1" -name '*.md'
	fi
}

headings()
{
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; y/ /-/'
}

# make is not the one that runs the tests: what it builds has been built.
make_()
{
	"${MAKE:-make}" -s -C "$top_builddir" DESTDIR="$PWD/root" "$@" >said 2>&1 || fail "make $*: $(cat said)"
}

# unlisted ROOT: what is installed below it, at PREFIX, and no line of tests/build/installed is for; and each line that nothing
# is for, behind "missing".
unlisted()
{
	local path pattern found
	local -A met=()
	local -a patterns
	mapfile -t patterns <"$top_srcdir/tests/build/installed"
	while read -r path; do
		found=
		for pattern in "${patterns[@]}"; do
			# A * stands for no more than a name.
			# shellcheck disable=SC2053
			if [[ $path == $pattern && ${path//[!\/]/} == "${pattern//[!\/]/}" ]]; then
				found=$pattern
				break
			fi
		done
		if [[ -n $found ]]; then met[$found]=1; else printf '%s\n' "$path"; fi
	done < <(cd "$1" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort)
	for pattern in "${patterns[@]}"; do
		[[ -n ${met[$pattern]-} ]] || printf 'missing %s\n' "$pattern"
	done
}

@test "what leads nowhere is found" {
	mkdir -p "tree/sub"
	printf '%s\n' '# One' '## A b, c!' '[a](sub/page.md) [b](sub/none.md) ![c](none.svg) [d](#a-b-c) [e](#other)' \
		'    [f](none.md)' '[g](https://example.org/)' >tree/top.md
	printf '%s\n' '# Two' '[a](../top.md#one) [b](../top.md#two)' >tree/sub/page.md
	is "$(leads_nowhere tree | sort)" $'sub/page.md: ../top.md#two\ntop.md: #other\ntop.md: none.svg\ntop.md: sub/none.md'
}

@test "in the tree every link leads somewhere" {
	((60 < $(pages "$top_srcdir" | while read -r page; do grep -oE '\]\([^()]*\)' "$page"; done | wc -l)))
	is "$(leads_nowhere "$top_srcdir")" ""
}

@test "README has fewer than 200 lines" {
	(($(wc -l <"$top_srcdir/README.md") < 200))
}

@test "what is installed leads nowhere that is not there, and can be taken away" {
	local docs page
	make_ install
	docs=$(dirname "$(find root -name README.md -path '*/doc/weir/README.md')")
	[[ -e $docs/CHANGELOG.md && -e $docs/LICENSE ]]
	grep -q '](docs/recipes.md)' "$docs/README.md" || fail "no link is left in $docs/README.md"
	is "$(leads_nowhere "$docs")" ""
	# A link to what is not there has become its text.
	grep -q '](man/weir.1)' "$top_srcdir/README.md"
	grep -q '^manual' "$docs/README.md"
	# What the pages of the manual refer to, of ours.
	sed -n 's/^\.Xr \(weir[a-z-]*\) \([0-9]\).*/\1.\2/p' "$(find root -name weir.1)" "$(find root -name weir-plot.1)" | sort -u >referred
	grep -qx weir-plot.1 referred
	while read -r page; do
		[[ -n $(find root -name "$page") ]] || fail "no $page is installed"
	done <referred

	make_ uninstall
	is "$(find root ! -type d)" ""
	is "$(find root -path '*/doc/weir*')" ""
}

@test "what is installed is what the list says, stripped if asked for, and below any prefix" {
	local home="$PWD/root/a b/.local"
	# As configure --prefix="$HOME/.local" would have it: each directory that is not told by itself is below the prefix.
	make_ install-strip DESTDIR= prefix="$home"
	is "$(unlisted "$home")" ""
	is "$(find root ! -type d ! -path "root/a b/.local/*")" ""
	[[ $("$home/bin/weir-plot" --version) == "weir-plot "* ]]
	# Another processor's program is not run here.
	if [[ -z ${WEIR_UNDER-} ]]; then
		is "$(printf '1\n2\n' | "$home/bin/weir" -q)" $'1\n2'
	fi
	[[ ! -x $home/share/man/man1/weir.1 && ! -x $home/share/doc/weir/README.md ]]
	make_ uninstall DESTDIR= prefix="$home"
	is "$(find root ! -type d)" ""
}

@test "an installed file that no line is for is found, and a line that no file is for" {
	local root="$PWD/root"
	make_ install DESTDIR= prefix="$root"
	touch "$root/bin/other" "$root/share/doc/weir/docs/gallery/more.md"
	rm "$root/share/man/man5/weir-spool.5"
	is "$(unlisted "$root")" $'bin/other\nshare/doc/weir/docs/gallery/more.md\nmissing share/man/man5/weir-spool.5'
}
