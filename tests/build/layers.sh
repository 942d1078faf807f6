#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The folders of src/ are layers: a file includes its own and those that stand before it, never a later one.
# Each has a README and a line in the map of main.c, and tests/unit has the same folders.
set -eu
top_srcdir=${top_srcdir-$(dirname "$0")/../..} # set by make check
. "$top_srcdir/tests/build/judge.sh"

layers='base os pick hold spool cli flow hand tell steer ctl'

# upward SRC: each include of a layer that is not above its own, and each folder that is no layer, a line each
upward() {
	find "$1" -path "$1/*/*.[ch]" | LC_ALL=C sort | xargs awk -v layers="$layers" -v top="$1/" '
		BEGIN { count = split(layers, name, " "); for (i = 1; i <= count; i++) rank[name[i]] = i }
		FNR == 1 { file = substr(FILENAME, length(top) + 1); own = file; sub(/\/.*/, "", own) }
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			include = $0
			sub(/^[^"]*"/, "", include)
			sub(/".*/, "", include)
			layer = include
			sub(/\/.*/, "", layer)
			if (include != "config.h" && own in rank && !(layer in rank && include ~ /\// && rank[layer] <= rank[own]))
				print file " includes " include
		}'
	for layer in "$1"/*/; do
		layer=${layer%/}
		case " $layers " in
		*" ${layer##*/} "*) ;;
		*) echo "${layer##*/} is no layer" ;;
		esac
	done
}

# undocumented SRC: each folder without a line in the map, and each module that its README does not name
undocumented() {
	for folder in "$1"/*/; do
		folder=${folder%/}
		for module in "$folder"/*.c; do
			[ -e "$module" ] || continue
			module=${module##*/}
			echo "${module%.c}"
		done | awk -v folder="${folder##*/}" -v readme="$folder/README.md" -v map="$1/main.c" '
			BEGIN {
				while ((getline line <readme) > 0)
					if (split(line, part, "`") > 2 && index(line, "- `" part[2] "`: ") == 1)
						named[part[2]] = 1
				while ((getline line <map) > 0)
					there = there || index(line, " *   " folder "/ ") == 1
			}
			NR == 1 && !there { print "main.c has no line of the map for " folder "/" }
			!($0 in named) { print "src/" folder "/README.md does not name " $0 }'
	done
}

# unmirrored UNIT SRC: each unit test that is not where its module is
unmirrored() {
	for file in "$1"/*/test_*.c "$1"/test_*.c; do
		[ -e "$file" ] || continue
		folder=${file%/*}
		folder=${folder##*/}
		module=${file##*/}
		module=${module%.c}
		[ -e "$2/$folder/${module#test_}.c" ] || echo "$folder/$module.c tests no src/$folder/${module#test_}.c"
	done
}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM

echo 1..8
judge 'no include goes up' "$(upward "$top_srcdir/src")"
judge 'each folder is described, and each module in it' "$(undocumented "$top_srcdir/src")"
judge 'unit tests stand where their modules do' "$(unmirrored "$top_srcdir/tests/unit" "$top_srcdir/src")"

cp -R "$top_srcdir/src" "$top_srcdir/tests/unit" "$copy"
chmod -R u+w "$copy"
printf '#include "tell/report.h"\n' >>"$copy/src/hold/queue.c"
planted 'one that goes up is found' "$(upward "$copy/src")" 'hold/queue.c includes tell/report.h'
cp "$top_srcdir/src/hold/queue.c" "$copy/src/hold/queue.c"
printf '  # include "queue.h"\n' >>"$copy/src/hold/policy.h"
planted 'so is one without its layer' "$(upward "$copy/src")" 'hold/policy.h includes queue.h'
mkdir "$copy/src/attic"
cp "$top_srcdir/src/hold/policy.h" "$copy/src/hold/policy.h"
planted 'and a folder that is no layer' "$(upward "$copy/src")" 'attic is no layer'
sed '/`queue`/d' "$top_srcdir/src/hold/README.md" >"$copy/src/hold/README.md"
planted 'and a module that its folder does not name' "$(undocumented "$copy/src")" \
	'src/hold/README.md does not name queue'
mv "$copy/unit/hold/test_queue.c" "$copy/unit/flow"
planted 'and a test elsewhere than its module' "$(unmirrored "$copy/unit" "$copy/src")" \
	'flow/test_queue.c tests no src/flow/queue.c'
