# SPDX-License-Identifier: BSD-2-Clause
#
# judge: lines of TAP, for tests of what lies in src.  Read by another script; "number" is of the last line.

number=0
# judge DESCRIPTION WRONG: good where nothing is wrong
judge() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# planted DESCRIPTION FOUND WHAT: good where that was found, and nothing else
planted() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "# found: $2"
	fi
}
