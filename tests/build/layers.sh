#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The folders of src/ are layers: a file includes its own and those that stand before it, never a later one.
# Each has a README and a line in the map of main.c, and tests/unit has the same folders.
set -eu
top_srcdir=${top_srcdir-$(dirname "$0")/../..} # set by make check
. "$top_srcdir/tests/build/judge.sh"

layers='base os pick hold spool cli flow hand tell steer'

# upward SRC: each include of a layer that is not above its own, and each folder that is no layer, a line each
upward() {
	allowed=
	known=
	for layer in $layers; do
		known="$known $layer"
		[ -d "$1/$layer" ] || continue
		allowed="$allowed $layer"
		for file in "$1/$layer"/*.[ch]; do
			sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\(.*\)".*/\1/p' "$file" | while read -r name; do
				case " $allowed config.h " in
				*" ${name%/*} "*) ;;
				*) echo "${file#"$1"/} includes $name" ;;
				esac
			done
		done
	done
	for layer in "$1"/*/; do
		layer=$(basename "$layer")
		case " $known " in
		*" $layer "*) ;;
		*) echo "$layer is no layer" ;;
		esac
	done
}

# undocumented SRC: each folder without a README or a line in the map, and each module its README does not name
undocumented() {
	for file in "$1"/*/*.c; do
		folder=$(basename "$(dirname "$file")")
		module=$(basename "$file" .c)
		grep -q "^- \`$module\`: " "$1/$folder/README.md" || echo "src/$folder/README.md does not name $module"
		grep -q "^ \*   $folder/ " "$1/main.c" || echo "main.c's map has no $folder/"
	done | sort -u
}

# unmirrored UNIT SRC: each unit test that is not where its module is
unmirrored() {
	for file in "$1"/*/test_*.c "$1"/test_*.c; do
		[ -e "$file" ] || continue
		folder=$(basename "$(dirname "$file")")
		module=$(basename "$file" .c)
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
