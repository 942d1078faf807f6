#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A header is the contract: no source reads or writes a field of a struct that another layer defines, unless that is
# a value.  The compiler says so: each layer is compiled beside headers in which all other layers' fields have
# another name, so that a type, an array or a local variable of the same name is not taken for one.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}" "${LIBRARY_CFLAGS?}" "${XXHASH_CFLAGS?}"
. "$top_srcdir/tests/build/judge.sh"

# What is handed over for its fields, and has no rule that only its own room can keep: the name, and what it is.
values='tally      a sum
ledger     figures, which every room counts in
framing    how records end, as the options have it
frame      what a header says
lines      which go together, as the options have it
rate       an amount in a period
line       a text in room that was given, and how long it is
share      so many of so many
looks      figures of a pattern
chain_place  a place, which its owner gets from the chain and walks on with
broom      two of them
key        a piece of text
key_rule   how to find one, as the options have it
latency    figures
top_key    a row of a table
newest_entry  another
flight_load   what a batch is: handed over, its list too
flight_record of such a list: a row
inside     which part of a text is what
inside_misfit figures
gap        what is missing: a row of a list
queue_record  a piece of text
queue_mark    a place
queue_limits  what a queue is to have
sweep      what to ask of each record
sweep_fate    and what is answered
shed_rules    what a shed is to have
age_outlet    whom age asks
mark_style    what a mark says
watermarks    two levels
warden_job    what is to be started
warden_told and what came of it
loop_watch    what to wait for, and whether it came
answer        what a line says
spool_load    records to be put: handed over
spool_evicted figures
block_gap     a row of a list
serials_gap   another
spool_next    records that were read back: handed over
spool_figures figures
visit_found   what the state of a spool says
visit_segment figures of a file
options    the command line
reader_options  a part of it
reader_figures  figures
tap_record  a piece of text
tuning     what of it may change'

command -v gcc >/dev/null && compiler=gcc || compiler=clang
if ! command -v "$compiler" >/dev/null; then
	echo '1..0 # SKIP neither gcc nor clang is installed'
	exit 0
fi

# The members of each struct in a header that is no value get another name; of a function that stands there only what it
# promises is left.
# shellcheck disable=SC2016 # $ is awk's
rename='
BEGIN { n = split(values, list, "\n"); for (i = 1; i <= n; i++) { split(list[i], words, " "); value[words[1]] = 1 } }
/^struct [a-z_0-9]+ \{/ { inside = !($2 in value) }
/^static inline / { sub(/^static inline /, ""); inline = 1 }
inline && /^\{/ { print ";" >file; body = 1 }
inline && body { if (/^\}/) inline = body = 0; next }
/^\}/ { inside = 0 }
!inside || !/^\t/ { print >file; next }
{
	done = ""
	left = $0
	comment = ""
	if ((at = index(left, "/*")) > 0) {
		comment = substr(left, at)
		left = substr(left, 1, at - 1)
	}
	if (sub(/\(\*[a-z_0-9]+/, "&_other", left)) {
		print left comment >file
		next
	}
	while (match(left, /[a-z_0-9]+(\[[^]]*\])*[ \t]*[,;]/)) {
		member = substr(left, RSTART, RLENGTH)
		sub(/^[a-z_0-9]+/, "&_other", member)
		done = done substr(left, 1, RSTART - 1) member
		left = substr(left, RSTART + RLENGTH)
	}
	print done left comment >file
}'

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The headers as the others see them, once for all layers: awk goes from one into the next.
renamed=$work/renamed
mkdir "$renamed"
(
	cd "$top_srcdir/src" || exit
	for folder in */; do
		mkdir "$renamed/$folder"
	done
	awk -v values="$values" -v into="$renamed/" 'FNR == 1 { close(file); file = into FILENAME; inside = inline = body = 0 }'"$rename" */*.h
) || exit 99

# reads LAYER SRC: each field of another layer that a file of this one (src for those of none) reads, and all else
# that the compiler does not take
reads() {
	rm -rf "$work/tree"
	cp -R "$renamed" "$work/tree"
	chmod -R u+w "$work/tree"
	cp "$2"/*.h "$work/tree" 2>/dev/null
	if [ "$1" = src ]; then
		cp "$2"/*.c "$work/tree"
		set -- "$work/tree"/*.c
	else
		cp "$2/$1"/*.[ch] "$work/tree/$1"
		set -- "$work/tree/$1"/*.c
	fi
	# shellcheck disable=SC2086 # flags are words
	"$compiler" -std=gnu11 -w -fsyntax-only -DHAVE_CONFIG_H $LIBRARY_CFLAGS $XXHASH_CFLAGS \
	    -I"$top_builddir" -I"$work/tree" "$@" 2>&1 | grep 'error:' |
	    sed "s,^$work/tree/,,; s/:[0-9]*:[0-9]*: .*member named '\([a-z_0-9]*\)'.*/ reads \1/
	    s/:[0-9]*:[0-9]*: .*field designator '\([a-z_0-9]*\)'.*/ reads \1/" | sort -u
}

# unknown SRC: each value in the list that no header defines
unknown() {
	printf '%s\n' "$values" | while read -r name reason; do
		grep -qs "^struct $name {" "$1"/*/*.h || echo "no header defines $name, $reason"
	done
}

layers=
for folder in "$top_srcdir"/src/*/; do
	layers="$layers $(basename "$folder")"
done

# shellcheck disable=SC2086 # names without spaces
set -- $layers src
echo 1..$(($# + 4))
for layer; do
	judge "$layer: no field of another layer" "$(reads "$layer" "$top_srcdir/src")"
done
judge 'each value is one' "$(unknown "$top_srcdir/src")"

copy=$work/copy
cp -R "$top_srcdir/src" "$copy"
chmod -R u+w "$copy"
printf 'int planted(const struct pump *pump);\nint planted(const struct pump *pump) { return pump->input; }\n' >>"$copy/run.c"
planted 'one that is read is found' "$(reads src "$copy")" 'run.c reads input'
printf 'void planted(struct queue *q);\nvoid planted(struct queue *q) { q->limits.bytes = 1; }\n' >>"$copy/flow/toll.c"
planted 'so is one behind which there is a value' "$(reads flow "$copy")" 'flow/toll.c reads limits'
printf 'struct marks planted(void);\nstruct marks planted(void) { return (struct marks){ .sent = 1 }; }\n' >>"$copy/tell/page.c"
sed 's,#include "tell/page.h",#include "hold/mark.h"\n&,' "$copy/tell/page.c" >"$copy/tell/page.new"
mv "$copy/tell/page.new" "$copy/tell/page.c"
planted 'and one that is set where it is made' "$(reads tell "$copy")" 'tell/page.c reads sent'
