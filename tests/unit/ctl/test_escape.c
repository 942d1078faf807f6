/* SPDX-License-Identifier: BSD-2-Clause */
/* Text as it may stand in a page, byte by byte. */
#include "../tap.h"

#include "ctl/escape.h"

static const char *
written(void (*escape)(FILE *page, const char *text), const char *text)
{
	static char page[2048];
	FILE *file = fmemopen(page, sizeof(page), "w");

	if (file == NULL)
		return "no memory";
	escape(file, text);
	(void)fclose(file);
	return page;
}

int
main(void)
{
	char all[256];
	bool good = true;

	is_text(written(escape_html, "<a href=\"x\" title='y'>&amp;</a>"),
	    "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;", "HTML");
	is_text(written(escape_html, "a \303\244 \\033"), "a \303\244 \\033", "anything else is as it is");
	is_text(written(escape_label, "a\"b\\c\nd"), "a\\\"b\\\\c\\nd", "a label");
	is_text(written(escape_label, "<&>'"), "<&>'", "needs nothing else");
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	for (const char *byte = written(escape_html, all); *byte != '\0'; byte++)
		good &= strchr("<>\"'", *byte) == NULL;
	ok(good, "no byte is left that ends a text or a value");
	return done_testing();
}
