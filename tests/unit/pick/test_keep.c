/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes, by the first pattern that matches. */
#include "../tap.h"

#include "pick/keep.h"

static unsigned
class_of(const struct keep *keep, const char *text)
{
	return keep_class(keep, text, strlen(text));
}

int
main(void)
{
	char error[PATTERN_ERROR_MOST] = "";
	struct keep *keep = keep_new();

	is(keep_count(NULL), 0, "without --keep there is no pattern");
	is(class_of(NULL, "FATAL"), 0, "and no record is precious");
	is(keep_count(keep), 0, "none at first");
	is(class_of(keep, "FATAL"), 0, "so none is precious");
	keep_free(NULL);
#ifdef HAVE_PCRE2
	ok(keep_add(keep, "FATAL", error) && keep_add(keep, "ERROR|FATAL", error) &&
	    keep_add(keep, "WARN", error), "three");
	is(keep_count(keep), 3, "counted");
	is(class_of(keep, "FATAL, ERROR, WARN"), 3, "the first that matches is it");
	is(class_of(keep, "WARN of ERROR"), 2, "not the first that the record has");
	is(class_of(keep, "WARN"), 1, "down to the last");
	is(class_of(keep, "INFO"), 0, "or none");
	is(class_of(keep, ""), 0, "as nothing does");
	is(keep_class(keep, "WARN", 3), 0, "no further than the record goes");
	is_text(keep_regex(keep, 3), "FATAL", "the first pattern's class is the highest");
	is_text(keep_regex(keep, 2), "ERROR|FATAL", "one below");
	is_text(keep_regex(keep, 1), "WARN", "the lowest");

	is(keep_looks(keep, 3).asked, 6, "the first is asked each time");
	is(keep_looks(keep, 3).found, 1, "and matched once");
	is(keep_looks(keep, 1).asked, 4, "the last where no other matched");
	is(keep_looks(keep, 1).found, 1, "and once did");
	is(keep_add(keep, "(", error), false, "no pattern");
	is_text(error, "at offset 1: missing closing parenthesis", "says why");
	is(keep_add(keep, "", error), false, "nor an empty one");
	is(keep_add(keep, "//", error) || keep_add(keep, "//i", error), false, "nor one between slashes");
	is(keep_count(keep), 3, "and is none");
	for (int i = 3; i < KEEP_MOST; i++)
		(void)keep_add(keep, keep_count(keep) % 2 == 0 ? "x" : "/X/i", error);
	is(keep_count(keep), KEEP_MOST, "as many as there may be");
	is(class_of(keep, "FATAL"), KEEP_MOST, "all of them count");
	is(class_of(keep, "x"), KEEP_MOST - 3, "of equals the first");
	is(keep_add(keep, "y", error), false, "one more");
	is_text(error, "more than 16 patterns", "is too many");
	is(keep_count(keep), KEEP_MOST, "and is not there");
#else
	is(keep_add(keep, "FATAL", error), false, "there are no patterns");
	is_text(error, "this weir was built without PCRE2", "says why");
	is(keep_count(keep), 0, "and none is there");
#endif
	keep_free(keep);
	return done_testing();
}
