# SPDX-License-Identifier: BSD-2-Clause
# HTML of lowdown: each heading gets the name that links to it use, as forges make it; a link to a Markdown page or to one of
# the manual leads to its HTML; and a cell of a table says what column it is in, for windows in which they stand below each other.
function anchor(text) {
	gsub(/<[^>]*>/, "", text)
	gsub(/&#?[a-zA-Z0-9]+;/, "", text) # punctuation, all of it
	text = tolower(text)
	gsub(/[^a-z0-9 _-]/, "", text)
	gsub(/ /, "-", text)
	return text
}

function settled(line,   done, link) {
	done = ""
	while (match(line, /href="[^":]*"/)) {
		link = substr(line, RSTART, RLENGTH)
		done = done substr(line, 1, RSTART - 1)
		line = substr(line, RSTART + RLENGTH)
		sub(/README\.md/, "index.html", link)
		sub(/\.md/, ".html", link)
		if (link ~ /\.[15]"$/)
			sub(/"$/, ".html\"", link)
		sub(/\/"$/, "/index.html\"", link)
		sub(/LICENSE"$/, "LICENSE.txt\"", link)
		done = done link
	}
	return done line
}

/^<h[1-6]>/ {
	name = anchor($0)
	if (seen[name]++)
		name = name "-" (seen[name] - 1)
	sub(/>/, " id=\"" name "\">")
}
/^<table/ {
	columns = cell = 0
	print "<div class=\"wide\">"
}
/^<tr>/ { cell = 0 }
/^<th[ >]/ {
	column[++columns] = $0
	gsub(/<[^>]*>/, "", column[columns])
	gsub(/"/, "\\&quot;", column[columns])
}
/^<td[ >]/ && column[++cell] != "" && cell > 1 { sub(/^<td/, "<td data-column=\"" column[cell] "\"") }
{
	# an option is not to be broken at its hyphens
	gsub(/<code>[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?[^<]?<\/code>/, "\001&")
	gsub(/\001<code>/, "<code class=\"short\">")
	print settled($0)
}
/^<\/table>/ { print "</div>" }
