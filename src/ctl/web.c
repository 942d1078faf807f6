/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/figures.h"
#include "ctl/escape.h"
#include "ctl/style.h"
#include "ctl/web.h"

#include <inttypes.h>
#include <string.h>

/* How often a browser asks anew, in seconds. */
#define REFRESH 2

#define FIGURE 40

/* --- texts ---------------------------------------------------------------------------------------- */

static const char *
name_of(const struct stage *stage)
{
	return stage->weir->report != NULL ? stage->weir->told.name : stage->weir->socket.name;
}

static const char *
pressure_class(unsigned share)
{
	static const char *const classes[] = { [PACE_GOOD] = "good", [PACE_SOME] = "some", [PACE_MUCH] = "much" };

	return classes[pace_pressure(share)];
}

static unsigned
percent(unsigned share)
{
	return (share * 100 + PACE_ALL / 2) / PACE_ALL;
}

/* Records, or bytes where those are no records. */
static const char *
amount(char text[FIGURE], const struct told *told, struct tally tally)
{
	if (told->bytes)
		figures_bytes(text, FIGURE, tally.bytes, tally.bytes);
	else
		figures_count(text, FIGURE, tally.records);
	return text;
}

static bool
answers(const struct stage *stage)
{
	return stage->weir->report != NULL && !stage->weir->silent && !stage->weir->failed;
}

static unsigned
output_share(const struct stage *stage)
{
	return stage->pace.waited[WAIT_OUTPUT];
}

/* The stage behind one, in the same pipeline; NULL: it is the last. */
static const struct stage *
behind(const struct stages *stages, size_t i)
{
	return i + 1 < stages->count && stages->one[i + 1].behind ? &stages->one[i + 1] : NULL;
}

/* --- who holds up whom ----------------------------------------------------------------------------- */

/* A program reads what it writes: what it has started, or another that is no weir. */
static bool
has_program(const struct stage *stage)
{
	return stage->reader != 0 || stage->weir->told.command[0] != '\0';
}

static void
put_program(FILE *page, const struct stage *stage)
{
	escape_html(page, stage->weir->told.command[0] != '\0' ? stage->weir->told.command : stage->reader_name);
}

/* A program that writes to a weir which does not read, since its buffer is full, is not to blame. */
static bool
is_programs_fault(const struct stages *stages, size_t i)
{
	const struct stage *next = behind(stages, i);

	return has_program(&stages->one[i]) && (next == NULL || pace_pressure(next->pace.paused) != PACE_MUCH);
}

/* Who holds up this stage. */
static void
put_culprit(FILE *page, const struct stages *stages, size_t i)
{
	const struct stage *next = behind(stages, i);

	if (is_programs_fault(stages, i))
		put_program(page, &stages->one[i]);
	else if (next != NULL)
		escape_html(page, name_of(next));
	else
		(void)fputs("what reads it", page);
}

/* A weir may do so by its rate. */
static void
put_why(FILE *page, const struct stages *stages, size_t i)
{
	const struct stage *next = behind(stages, i);

	if (next == NULL || is_programs_fault(stages, i) || next->weir->told.rate[0] == '\0' ||
	    pace_pressure(next->pace.waited[WAIT_RATE]) != PACE_MUCH)
		return;
	(void)fputs(", by its rate of ", page);
	escape_html(page, next->weir->told.rate);
}

static size_t
most_held_up(const struct stages *stages, size_t pipeline)
{
	size_t most = ORDER_NOBODY;

	for (size_t i = 0; i < stages->count; i++)
		if (stages->one[i].pipeline == pipeline &&
		    (most == ORDER_NOBODY || output_share(&stages->one[i]) > output_share(&stages->one[most])))
			most = i;
	return most;
}

void
web_verdict(FILE *page, const struct stages *stages, size_t pipeline)
{
	size_t held_up = stages_held_up(stages, pipeline);

	if (held_up == ORDER_NOBODY)
		held_up = most_held_up(stages, pipeline);
	if (held_up == ORDER_NOBODY || pace_pressure(output_share(&stages->one[held_up])) == PACE_GOOD) {
		(void)fputs("<p class=\"verdict good\">Nobody holds up anybody.</p>\n", page);
		return;
	}
	(void)fprintf(page, "<p class=\"verdict %s\"><b>", pressure_class(output_share(&stages->one[held_up])));
	put_culprit(page, stages, held_up);
	(void)fputs("</b> holds up <b>", page);
	escape_html(page, name_of(&stages->one[held_up]));
	(void)fprintf(page, "</b>: %u%% of the time", percent(output_share(&stages->one[held_up])));
	put_why(page, stages, held_up);
	(void)fputs(".</p>\n", page);
}

/* --- the drawing ----------------------------------------------------------------------------------- */

static void
put_part(FILE *page, const char *class, unsigned share)
{
	if (share > 0)
		(void)fprintf(page, "<span class=\"%s\" style=\"width:%u.%u%%\"></span>", class, share / 10, share % 10);
}

/* For those who do not see it there are words. */
static void
put_bar(FILE *page, const struct pace *pace)
{
	unsigned busy = PACE_ALL;

	(void)fputs("<div class=\"bar\" role=\"img\" aria-label=\"waits:", page);
	for (int i = 0; i < WAITS; i++) {
		(void)fprintf(page, " %s %u%%,", awaited_name((enum awaited)i), percent(pace->waited[i]));
		busy -= pace->waited[i];
	}
	(void)fprintf(page, " busy %u%%\">", percent(busy));
	for (int i = 0; i < WAITS; i++)
		put_part(page, i == WAIT_OUTPUT ? pressure_class(pace->waited[i]) : awaited_name((enum awaited)i), pace->waited[i]);
	(void)fputs("</div>", page);
}

static void
put_drops(FILE *page, const struct told *told)
{
	char text[FIGURE];

	if (told->lost.bytes > 0)
		(void)fprintf(page, "<p class=\"lost\">%s lost</p>", amount(text, told, told->lost));
	if (told->sampled.bytes > 0)
		(void)fprintf(page, "<p class=\"left\">%s left out</p>", amount(text, told, told->sampled));
}

static void
put_figures(FILE *page, const struct stage *stage)
{
	const struct told *told = &stage->weir->told;
	char in[FIGURE], out[FIGURE], age[FIGURE] = "";

	if (told->oldest_ns != TOLD_UNKNOWN)
		figures_ns(age, sizeof(age), told->oldest_ns);
	(void)fprintf(page, "<p>%s/s in, %s/s out</p>", amount(in, told, stage->pace.in_per_s),
	    amount(out, told, stage->pace.out_per_s));
	(void)fprintf(page, "<p>%u%% full%s%s</p><div class=\"fill\"><span%s style=\"width:%u%%\"></span></div>",
	    percent(stage->pace.fill), age[0] != '\0' ? ", oldest " : "", age,
	    stage->pace.fill >= PACE_ALL * 9 / 10 ? " class=\"much\"" : "", percent(stage->pace.fill));
	put_bar(page, &stage->pace);
	put_drops(page, told);
	if (told->breaker == TOLD_OPEN)
		(void)fputs("<p class=\"lost\">breaker open</p>", page);
	if (told->halted)
		(void)fputs("<p class=\"left\">paused</p>", page);
}

static void
put_stage(FILE *page, const struct stage *stage, bool culprit)
{
	(void)fprintf(page, "<li class=\"stage%s%s\"><h2>", culprit ? " culprit" : "", answers(stage) ? "" : " silent");
	escape_html(page, name_of(stage));
	(void)fprintf(page, "</h2><small>%jd ", (intmax_t)stage->weir->socket.pid);
	escape_html(page, stage->weir->told.policy);
	if (stage->weir->told.rate[0] != '\0') {
		(void)fputs(", rate ", page);
		escape_html(page, stage->weir->told.rate);
	}
	(void)fputs("</small>", page);
	if (answers(stage))
		put_figures(page, stage);
	else
		(void)fputs("<p>no answer</p>", page);
	(void)fputs("</li>\n", page);
}

/* Behind a stage: how much of the time it waits, for what it writes to. */
static void
put_edge(FILE *page, const struct stage *stage)
{
	if (answers(stage))
		(void)fprintf(page, "<li class=\"edge %s\"><i aria-hidden=\"true\">&rarr;</i>waits %u%%</li>\n",
		    pressure_class(output_share(stage)), percent(output_share(stage)));
	else
		(void)fputs("<li class=\"edge\"><i aria-hidden=\"true\">&rarr;</i></li>\n", page);
}

/* A program that reads it, between this weir and the next, or at the end. */
static void
put_other(FILE *page, const struct stages *stages, size_t i, bool culprit)
{
	const struct stage *stage = &stages->one[i];

	if (!has_program(stage))
		return;
	(void)fprintf(page, "<li class=\"other%s\">", culprit ? " culprit" : "");
	put_program(page, stage);
	if (stage->weir->told.command[0] == '\0')
		(void)fprintf(page, " <small>%jd</small>", (intmax_t)stage->reader);
	(void)fputs("</li>\n", page);
	if (behind(stages, i) != NULL)
		(void)fputs("<li class=\"edge\"><i aria-hidden=\"true\">&rarr;</i></li>\n", page);
}

/* From its first stage to its last; returns the one behind that. */
static size_t
put_pipeline(FILE *page, const struct stages *stages, size_t first)
{
	const size_t pipeline = stages->one[first].pipeline;
	const size_t held_up = stages_held_up(stages, pipeline);
	const bool program = held_up != ORDER_NOBODY && is_programs_fault(stages, held_up);
	size_t i = first;

	(void)fprintf(page, "<section class=\"pipeline\" aria-label=\"pipeline %zu\"><ol>\n", pipeline + 1);
	for (; i < stages->count && stages->one[i].pipeline == pipeline; i++) {
		put_stage(page, &stages->one[i], held_up != ORDER_NOBODY && i == held_up + 1 && !program);
		if (behind(stages, i) != NULL || has_program(&stages->one[i]))
			put_edge(page, &stages->one[i]);
		put_other(page, stages, i, i == held_up && program);
	}
	(void)fputs("</ol>\n", page);
	web_verdict(page, stages, pipeline);
	(void)fputs("</section>\n", page);
	return i;
}

/* --- the table ------------------------------------------------------------------------------------- */

static void
put_cell(FILE *page, const char *label, const char *class, const char *text)
{
	(void)fprintf(page, "<td data-label=\"%s\"%s%s%s>", label, *class != '\0' ? " class=\"" : "", class,
	    *class != '\0' ? "\"" : "");
	escape_html(page, text);
	(void)fputs("</td>", page);
}

static void
put_rates(FILE *page, const struct stage *stage)
{
	const struct told *told = &stage->weir->told;
	char text[FIGURE];

	put_cell(page, "in/s", "", amount(text, told, stage->pace.in_per_s));
	put_cell(page, "out/s", "", amount(text, told, stage->pace.out_per_s));
	(void)snprintf(text, sizeof(text), "%u%%", percent(stage->pace.fill));
	put_cell(page, "fill", "", text);
	if (told->oldest_ns != TOLD_UNKNOWN)
		figures_ns(text, sizeof(text), told->oldest_ns);
	put_cell(page, "oldest", "", told->oldest_ns != TOLD_UNKNOWN ? text : "-");
	(void)fputs("<td data-label=\"waits\">", page);
	put_bar(page, &stage->pace);
	(void)fputs("</td>", page);
	put_cell(page, "left out", told->sampled.bytes > 0 ? "left" : "", amount(text, told, told->sampled));
	put_cell(page, "lost", told->lost.bytes > 0 ? "lost" : "", amount(text, told, told->lost));
	put_cell(page, "breaker", told->breaker == TOLD_OPEN ? "lost" : "",
	    told->breaker == TOLD_OPEN ? "open" : told->breaker == TOLD_CLOSED ? "ok" : "-");
}

static void
put_row(FILE *page, const struct stage *stage)
{
	char pid[FIGURE];

	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)stage->weir->socket.pid);
	(void)fputs("<tr><th scope=\"row\">", page);
	escape_html(page, name_of(stage));
	(void)fputs("</th>", page);
	put_cell(page, "pid", "", pid);
	put_cell(page, "policy", "text", stage->weir->told.policy);
	if (answers(stage))
		put_rates(page, stage);
	else
		(void)fputs("<td class=\"text\" colspan=\"8\">no answer</td>", page);
	(void)fputs("</tr>\n", page);
}

static void
put_table(FILE *page, const struct stages *stages)
{
	(void)fputs("<table><caption>All weirs</caption><thead><tr><th scope=\"col\">name</th><th scope=\"col\">pid</th>"
	    "<th scope=\"col\" class=\"text\">policy</th><th scope=\"col\">in/s</th><th scope=\"col\">out/s</th>"
	    "<th scope=\"col\">fill</th><th scope=\"col\">oldest</th><th scope=\"col\">waits</th>"
	    "<th scope=\"col\">left out</th><th scope=\"col\">lost</th><th scope=\"col\">breaker</th></tr></thead><tbody>\n", page);
	for (size_t i = 0; i < stages->count; i++)
		put_row(page, &stages->one[i]);
	(void)fputs("</tbody></table>\n", page);
}

/* --- the page -------------------------------------------------------------------------------------- */

static void
put_head(FILE *page, size_t weirs, size_t pipelines)
{
	(void)fprintf(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	    "<meta http-equiv=\"refresh\" content=\"%d\"><title>weir: %zu running</title>\n<style>%s</style></head><body>\n",
	    REFRESH, weirs, style_text);
	(void)fprintf(page, "<header><h1>weir</h1><p>%zu weir%s in %zu pipeline%s</p></header>\n<main>\n", weirs,
	    weirs == 1 ? "" : "s", pipelines, pipelines == 1 ? "" : "s");
}

static const char legend[] = "<p class=\"legend\"><span>busy</span><span class=\"input\">waits for input</span>"
    "<span class=\"some\">waits for output, some of the time</span><span class=\"much\">more than half of it</span>"
    "<span class=\"rate\">held by its rate</span><span class=\"halted\">paused, or until nothing more comes</span></p>\n";

void
web_write(FILE *page, const struct stages *stages)
{
	put_head(page, stages->count, stages->count > 0 ? stages->one[stages->count - 1].pipeline + 1 : 0);
	if (stages->count == 0)
		(void)fputs("<p>No weir --control of this user runs.</p>\n", page);
	for (size_t i = 0; i < stages->count;)
		i = put_pipeline(page, stages, i);
	if (stages->count > 0) {
		(void)fputs(legend, page);
		put_table(page, stages);
	}
	(void)fputs("</main></body></html>\n", page);
}
