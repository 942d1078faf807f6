/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: what is drawn of which pipeline, who holds up whom, and that no name gets out of its place. */
#include "../tap.h"

#include "ctl/style.h"
#include "ctl/web.h"

#define PAGE 131072

static char page[PAGE];
static struct surveyed weirs[4];
static struct stage stage[4];
static struct stages stages;

/* A weir that waits for its output so much of the time. */
static struct stage *
add(const char *name, bool behind, unsigned output)
{
	const size_t i = stages.count++;

	weirs[i] = (struct surveyed){ .socket = { .pid = (pid_t)(100 + i) }, .report = (struct tree *)(void *)&weirs[i] };
	weirs[i].told.oldest_ns = TOLD_UNKNOWN;
	(void)snprintf(weirs[i].told.name, sizeof(weirs[i].told.name), "%s", name);
	(void)snprintf(weirs[i].told.policy, sizeof(weirs[i].told.policy), "block");
	stage[i] = (struct stage){ .weir = &weirs[i], .behind = behind };
	stage[i].pipeline = i == 0 ? 0 : stage[i - 1].pipeline + !behind;
	stage[i].pace.waited[WAIT_OUTPUT] = output;
	return &stage[i];
}

static void
begin(void)
{
	stages = (struct stages){ stage, 0 };
}

static void
has_program(struct stage *one, const char *name)
{
	one->reader = 4242;
	(void)snprintf(one->reader_name, sizeof(one->reader_name), "%s", name);
}

static const char *
verdict(void)
{
	FILE *file = fmemopen(page, sizeof(page), "w");

	if (file == NULL)
		return "no memory";
	web_verdict(file, &stages, 0);
	(void)fclose(file);
	return page;
}

static const char *
whole(void)
{
	FILE *file = fmemopen(page, sizeof(page), "w");

	if (file == NULL)
		return "no memory";
	web_write(file, &stages);
	(void)fclose(file);
	return page;
}

static void
verdicts(void)
{
	begin();
	add("a", false, 100);
	add("b", true, 0);
	is_text(verdict(), "<p class=\"verdict good\">Nobody holds up anybody.</p>\n", "nobody");
	stage[0].pace.waited[WAIT_OUTPUT] = 300;
	is_text(verdict(), "<p class=\"verdict some\"><b>b</b> holds up <b>a</b>: 30% of the time.</p>\n", "some of the time");
	stage[0].pace.waited[WAIT_OUTPUT] = 970;
	is_text(verdict(), "<p class=\"verdict much\"><b>b</b> holds up <b>a</b>: 97% of the time.</p>\n", "most of it");
	stage[1].pace.waited[WAIT_RATE] = 990;
	(void)snprintf(weirs[1].told.rate, sizeof(weirs[1].told.rate), "5/s");
	is_text(verdict(), "<p class=\"verdict much\"><b>b</b> holds up <b>a</b>: 97% of the time, by its rate of 5/s.</p>\n", "by its rate");
	has_program(&stage[0], "sed");
	is_text(verdict(), "<p class=\"verdict much\"><b>sed</b> holds up <b>a</b>: 97% of the time.</p>\n", "a program in between");
	stage[1].pace.paused = 900;
	is_text(verdict(), "<p class=\"verdict much\"><b>b</b> holds up <b>a</b>: 97% of the time, by its rate of 5/s.</p>\n",
	    "which is not to blame where the next does not read");
	begin();
	add("a", false, 900);
	add("b", true, 800);
	add("c", true, 0);
	is_text(verdict(), "<p class=\"verdict much\"><b>c</b> holds up <b>b</b>: 80% of the time.</p>\n", "the last one that waits");
	stage[2].pace.waited[WAIT_OUTPUT] = 700;
	is_text(verdict(), "<p class=\"verdict much\"><b>what reads it</b> holds up <b>c</b>: 70% of the time.</p>\n", "somebody behind them");
	(void)snprintf(weirs[2].told.command, sizeof(weirs[2].told.command), "load");
	is_text(verdict(), "<p class=\"verdict much\"><b>load</b> holds up <b>c</b>: 70% of the time.</p>\n", "or what it has started");
}

/* How often that is in the page. */
static unsigned
times(const char *text)
{
	unsigned count = 0;

	for (const char *at = page; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void
pages(void)
{
	begin();
	ok(strstr(whole(), "No weir --control of this user runs.") != NULL && times("<table") == 0, "nobody");
	add("<script>alert(1)</script>", false, 0);
	has_program(&stage[0], "\"><img alt=x onerror=y>");
	add("b", true, 900);
	add("c", true, 0);
	add("d", false, 0);
	(void)whole();
	is(times("<script") + times("<img"), 0, "no name gets out of its place");
	is(times("&lt;script&gt;"), 2, "it is shown where it belongs");
	is(times("<section"), 2, "two pipelines");
	is(times("<li class=\"stage"), 4, "a box each");
	is(times("<li class=\"stage culprit\"><h2>c<"), 1, "one of which holds up the others");
	is(times("culprit\">"), 1, "and no other");
	is(times("<li class=\"edge much\">"), 1, "an edge in red");
	is(times("<li class=\"edge good\">"), 1, "one in green");
	is(times("<li class=\"other"), 1, "a program");
	is(times("<tr>"), 5, "a row each, and the headings");
	is(times("http://") + times("https://") + times(" src=") + times("<link") + times("@import") + times("url("), 0,
	    "nothing comes from elsewhere");
	weirs[3].report = NULL;
	(void)snprintf(weirs[3].socket.name, sizeof(weirs[3].socket.name), "mute");
	ok(strstr(whole(), "<li class=\"stage silent\"><h2>mute</h2>") != NULL && times("no answer") == 2, "one that does not answer");
	ok(strstr(style_text, "</") == NULL, "the style stays in its element");
}

int
main(void)
{
	verdicts();
	pages();
	return done_testing();
}
