# SPDX-License-Identifier: BSD-2-Clause
#
# Whether a page is strict Prometheus text format 0.0.4, and keeps the law of the ledger. Says what is wrong with each line
# that is not so, and ends with status 1.
#
# Stricter than the format: a family has its HELP, its TYPE, then its samples; counters, and nothing else, end in _total; units
# are seconds and bytes; every sample has the labels name and policy first, the same ones; whatever is a time is not negative.

function wrong(why)
{
	printf "%d: %s: %s\n", NR, why, $0
	bad = 1
}

# Takes what matches off the front of rest; returns it.
function take(regex)
{
	if (!match(rest, "^(" regex ")")) {
		token = ""
		return 0
	}
	token = substr(rest, 1, RLENGTH)
	rest = substr(rest, RLENGTH + 1)
	return 1
}

function heading(kind)
{
	rest = $0
	if (!take("# " kind " ") || !take(NAME) || length(token) < 6)
		return ""
	return token
}

function labels(    common, n, name)
{
	if (!take("\\{"))
		return wrong("no labels")
	common = ""
	delete_labels()
	for (n = 0; take("[a-zA-Z_][a-zA-Z0-9_]*"); n++) {
		name = token
		if (name in label)
			return wrong("a label twice")
		if (!take("=\"([^\"\\\\]|\\\\[\"\\\\n])*\""))
			return wrong("value of label " name)
		label[name] = substr(token, 3, length(token) - 3)
		if (n < 2)
			common = common name token
		if (!take(","))
			break
	}
	if (!take("\\}"))
		return wrong("labels do not end")
	if (!("name" in label) || !("policy" in label))
		return wrong("no name, or no policy")
	if (commons == "")
		commons = common
	if (common != commons)
		return wrong("not the labels of the others")
}

function delete_labels(    name)
{
	for (name in label)
		delete label[name]
}

function sample(    name, series)
{
	rest = $0
	if (!take(NAME))
		return wrong("neither a comment nor a sample")
	name = token
	if (name != family && !(type == "summary" && (name == family "_sum" || name == family "_count")))
		return wrong("not of the family " family)
	labels()
	series = substr($0, 1, length($0) - length(rest))
	if (series in seen)
		return wrong("twice")
	seen[series] = 1
	if (!take(" "))
		return wrong("no space before the value")
	if (rest !~ /^[0-9]+(\.[0-9]*[1-9])?$/ && rest != "NaN" && rest != "+Inf")
		return wrong("value")
	if (type == "counter" && rest !~ /^[0-9.]+$/)
		return wrong("value of a counter")
	samples++
	for (i = 1; i <= 2; i++)
		if (name ~ ("_(in|held)_" unit[i] "(_total)?$"))
			sum[i, name ~ /_in_/ ? "in" : "rest"] += rest
		else if (name ~ ("_(out|dropped|undelivered)_" unit[i] "_total$"))
			sum[i, "rest"] += rest
}

BEGIN {
	NAME = "weir_[a-z_]*[a-z]"
	unit[1] = "records"
	unit[2] = "bytes"
	before = "sample"
}

/^# HELP / {
	family = heading("HELP")
	if (family == "" || family in families || rest !~ /^ [A-Z].*\.$/ || rest ~ /\\/)
		wrong("help")
	if (before != "sample")
		wrong("help of a family without samples before it")
	families[family] = 1
	before = "help"
	next
}

/^# TYPE / {
	if (before != "help" || heading("TYPE") != family || rest !~ /^ (counter|gauge|summary)$/)
		wrong("type")
	type = substr(rest, 2)
	if ((type == "counter") != (family ~ /_total$/))
		wrong("counters end in _total, and nothing else does")
	if (family ~ /(milliseconds|nanoseconds|_ns|_ms|kilobytes|percent|_(sum|count|bucket))/)
		wrong("unit or suffix")
	before = "type"
	next
}

{
	if (before == "help")
		wrong("no type before it")
	sample()
	before = "sample"
}

END {
	if (before != "sample" || samples == 0) {
		print "it ends too early"
		bad = 1
	}
	for (i = 1; i <= 2; i++)
		if (sum[i, "in"] + 0 != sum[i, "rest"] + 0) {
			printf "the law: in %d %s, accounted for %d\n", sum[i, "in"], unit[i], sum[i, "rest"]
			bad = 1
		}
	exit bad
}
