/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pass of the loop waits for a key, for answers, for what is tapped, or for the next second, and then draws.  Between
 * one survey and the next the stages stay as they are.  What is chosen is a process, not a row: rows come and go.
 */
#include "config.h"

#include "ctl/panel.h"
#include "os/diag.h"

#ifdef HAVE_NCURSES

#include "base/units.h"
#include "base/visible.h"
#include "ctl/exchange.h"
#include "ctl/quote.h"
#include "ctl/table.h"
#include "ctl/tapped.h"
#include "os/loop.h"

#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_NS NS_PER_S
#define PATIENCE_NS NS_PER_S

#define TAP "tap out 1/100\n"

#define SAID_MOST 512
#define TYPED_MOST 64
#define KEY_ESCAPE 27
#define ROW_HEADING 0
#define ROW_FIRST 1

enum mode { LOOKING, TYPING, TAPPING };

struct panel {
	struct survey *survey;
	struct stages stages;
	enum mode mode;
	bool ascii, colour;
	size_t chosen;            /* a stage; there may be none */
	pid_t chosen_pid;
	size_t first;             /* the first that is shown */
	char said[SAID_MOST];     /* what came of the last key */
	char typed[TYPED_MOST];
	size_t typed_length;
	struct tapped tapped;
};

static volatile sig_atomic_t enough;

static void
note_signal(int signal)
{
	(void)signal;
	enough = 1;
}

bool
panel_is_possible(void)
{
	return true;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static attr_t
attribute_of(const struct panel *panel, enum tone tone)
{
	const bool colour = panel->colour;

	switch (tone) {
	case PLAIN:
		return A_NORMAL;
	case FAINT:
		return A_DIM;
	case STRONG:
		return A_BOLD;
	case GOOD:
		return colour ? (attr_t)COLOR_PAIR(GOOD) : A_NORMAL;
	case WARNING:
		return colour ? (attr_t)COLOR_PAIR(WARNING) : A_BOLD;
	case BAD:
		return (colour ? (attr_t)COLOR_PAIR(BAD) : A_NORMAL) | A_BOLD;
	}
	return A_NORMAL;
}

/* Text at a place, of this row no more than there is. */
static void
put(int row, int column, attr_t attribute, const char *text)
{
	(void)attrset((int)attribute);
	(void)mvaddnstr(row, column, text, (int)visible_fitting(text, (unsigned)(COLS > column ? COLS - column : 0)));
	(void)attrset((int)A_NORMAL);
}

static void
put_bar(const struct panel *panel, int row, int column, attr_t besides, const struct table_cell *cell,
    const struct stage *stage)
{
	char part[2] = { '\0', '\0' };

	for (int i = 0; cell->text[i] != '\0'; i++) {
		part[0] = cell->text[i];
		put(row, column + i, attribute_of(panel, table_bar_tone(part[0], &stage->pace)) | besides, part);
	}
}

static void
draw_stage(const struct panel *panel, const struct table *table, int row, const struct stage *stage, bool chosen)
{
	const attr_t besides = chosen ? A_REVERSE : A_NORMAL;
	const bool answers = stage->weir->report != NULL && !stage->weir->silent;
	int at = 0;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		const enum table_column column = (enum table_column)i;
		struct table_cell cell;
		int from;

		if (table->width[i] == 0)
			continue;
		table_cell(&cell, table, column, stage);
		from = table_is_left(column) ? at : at + (int)(table->width[i] - cell.columns);
		if (column == TABLE_WAITS && answers)
			put_bar(panel, row, from, besides, &cell, stage);
		else
			put(row, from, attribute_of(panel, cell.tone) | (column == TABLE_NAME ? besides : A_NORMAL), cell.text);
		at += (int)table->width[i] + 1;
	}
}

static void
draw_headings(const struct table *table)
{
	int at = 0;

	for (int i = 0; i < TABLE_COLUMNS; i++) {
		const enum table_column column = (enum table_column)i;
		const char *heading = table_heading(column);

		if (table->width[i] == 0)
			continue;
		put(ROW_HEADING, table_is_left(column) ? at : at + (int)table->width[i] - (int)strlen(heading), A_BOLD, heading);
		at += (int)table->width[i] + 1;
	}
}

/* Those that fit above row `end`, the chosen one among them. */
static void
draw_stages(struct panel *panel, const struct table *table, int end)
{
	const size_t room = end > ROW_FIRST ? (size_t)(end - ROW_FIRST) : 0;

	if (panel->chosen < panel->first)
		panel->first = panel->chosen;
	if (room > 0 && panel->chosen >= panel->first + room)
		panel->first = panel->chosen - room + 1;
	for (size_t i = panel->first; i < panel->stages.count && i < panel->first + room; i++)
		draw_stage(panel, table, ROW_FIRST + (int)(i - panel->first), &panel->stages.one[i], i == panel->chosen);
	if (panel->stages.count == 0)
		put(ROW_FIRST, 0, A_DIM, "no weir --control of this user runs");
}

static void
draw_tapped(const struct panel *panel, int from, int end)
{
	size_t shown = (size_t)(end - from);

	if (shown > TAPPED_LINES)
		shown = TAPPED_LINES;
	if (shown > panel->tapped.count)
		shown = panel->tapped.count;
	for (size_t i = 0; i < shown; i++) {
		const char *line = tapped_line(&panel->tapped, shown, i);

		put(from + (int)i, 0, A_NORMAL, line != NULL ? line : "");
	}
}

static void
draw_last_row(const struct panel *panel)
{
	char text[SAID_MOST + TYPED_MOST];

	if (panel->mode == TYPING)
		(void)snprintf(text, sizeof(text), "rate of %s (Enter: as in the beginning; Esc: leave it): %s",
		    panel->stages.one[panel->chosen].weir->socket.name, panel->typed);
	else if (panel->said[0] != '\0')
		(void)snprintf(text, sizeof(text), "%s", panel->said);
	else
		(void)snprintf(text, sizeof(text), "p pause  r rate  t tap  q quit");
	put(LINES - 1, 0, panel->mode == TYPING ? A_BOLD : A_DIM, text);
}

static void
draw(struct panel *panel)
{
	const struct table table = table_make((unsigned)COLS, panel->ascii);
	const int end = panel->mode == TAPPING ? LINES / 2 : LINES - 1;

	(void)erase();
	draw_headings(&table);
	draw_stages(panel, &table, end);
	if (panel->mode == TAPPING)
		draw_tapped(panel, end, LINES - 1);
	draw_last_row(panel);
	(void)refresh();
}

/* --- what there is ------------------------------------------------------------------------------- */

static void
choose_again(struct panel *panel)
{
	size_t i = 0;

	while (i < panel->stages.count && panel->stages.one[i].weir->socket.pid != panel->chosen_pid)
		i++;
	if (i < panel->stages.count)
		panel->chosen = i;
	else if (panel->chosen >= panel->stages.count)
		panel->chosen = panel->stages.count > 0 ? panel->stages.count - 1 : 0;
	panel->chosen_pid = panel->stages.count > 0 ? panel->stages.one[panel->chosen].weir->socket.pid : 0;
	if (panel->stages.count == 0 && panel->mode == TYPING)
		panel->mode = LOOKING;
}

static void
arrange(struct panel *panel)
{
	stages_free(&panel->stages);
	if (!stages_find(&panel->stages, panel->survey))
		(void)snprintf(panel->said, sizeof(panel->said), "%s", strerror(errno));
	choose_again(panel);
}

static void
ask_all(struct panel *panel)
{
	stages_free(&panel->stages); /* they point into what is asked anew */
	if (!survey_ask(panel->survey))
		(void)snprintf(panel->said, sizeof(panel->said), "%s", strerror(errno));
	arrange(panel);
}

static const struct stage *
chosen_stage(const struct panel *panel)
{
	return panel->chosen < panel->stages.count ? &panel->stages.one[panel->chosen] : NULL;
}

/* --- steering ------------------------------------------------------------------------------------ */

static void
say(struct panel *panel, const struct socket_of *one, const char *what, const char *result)
{
	char shown[SAID_MOST];

	(void)snprintf(shown, sizeof(shown), "%s (%jd): %.*s: %s", one->name, (intmax_t)one->pid, (int)strcspn(what, "\n"), what,
	    result);
	(void)visible_write(panel->said, sizeof(panel->said), shown, strlen(shown), panel->ascii);
}

static void
send_line(struct panel *panel, const char *line)
{
	const struct socket_of *one = &chosen_stage(panel)->weir->socket;
	char *answer, error[SAID_MOST];
	struct wire wire = { .fd = -1 };
	size_t length;
	int failed = exchange_begin(&wire, one, line);

	if (failed == 0)
		failed = exchange_answer(&wire, &answer, &length, loop_now() + PATIENCE_NS);
	if (failed != 0)
		say(panel, one, line, exchange_error(failed));
	else
		say(panel, one, line, told_error(error, sizeof(error), answer, length) ? error : "done");
	wire_close(&wire);
}

static void
send_rate(struct panel *panel)
{
	char word[TYPED_MOST + 8], line[5 * TYPED_MOST] = "set ";
	char *words[] = { word };
	const char *wrong;

	(void)snprintf(word, sizeof(word), "rate=%s", panel->typed);
	if (quote_words(line + 4, sizeof(line) - 4, words, 1, &wrong))
		send_line(panel, line);
}

static void
begin_tap(struct panel *panel)
{
	const struct socket_of *one = &chosen_stage(panel)->weir->socket;
	const int failed = exchange_begin(&panel->tapped.wire, one, TAP);

	say(panel, one, TAP, failed != 0 ? exchange_error(failed) : "any key ends it");
	panel->mode = failed == 0 ? TAPPING : LOOKING;
}

/* --- keys ---------------------------------------------------------------------------------------- */

static void
type(struct panel *panel, int key)
{
	if (key == KEY_ESCAPE || key == '\n' || key == '\r' || key == KEY_ENTER)
		panel->mode = LOOKING;
	if (key == '\n' || key == '\r' || key == KEY_ENTER)
		send_rate(panel);
	else if ((key == KEY_BACKSPACE || key == '\b' || key == 127) && panel->typed_length > 0)
		panel->typed[--panel->typed_length] = '\0';
	else if (key > ' ' && key < 127 && panel->typed_length < TYPED_MOST - 1) {
		panel->typed[panel->typed_length++] = (char)key;
		panel->typed[panel->typed_length] = '\0';
	}
}

static void
step(struct panel *panel, bool down)
{
	if (down && panel->chosen + 1 < panel->stages.count)
		panel->chosen++;
	else if (!down && panel->chosen > 0)
		panel->chosen--;
	if (chosen_stage(panel) != NULL)
		panel->chosen_pid = chosen_stage(panel)->weir->socket.pid;
}

static void
steer(struct panel *panel, int key)
{
	if (chosen_stage(panel) == NULL)
		return;
	if (key == 'p')
		send_line(panel, chosen_stage(panel)->weir->told.halted ? "resume\n" : "pause\n");
	else if (key == 't')
		begin_tap(panel);
	else if (key == 'r') {
		panel->mode = TYPING;
		panel->typed[panel->typed_length = 0] = '\0';
	}
}

static void
press(struct panel *panel, int key)
{
	if (key == KEY_RESIZE)
		return; /* it is drawn anew in any case */
	panel->said[0] = '\0';
	if (panel->mode == TYPING)
		type(panel, key);
	else if (panel->mode == TAPPING) {
		tapped_end(&panel->tapped);
		panel->mode = LOOKING;
	} else if (key == 'q')
		enough = 1;
	else if (key == KEY_UP || key == 'k' || key == KEY_DOWN || key == 'j')
		step(panel, key == KEY_DOWN || key == 'j');
	else
		steer(panel, key);
}

/* --- the terminal -------------------------------------------------------------------------------- */

static void
wait_for(struct panel *panel, uint64_t deadline_ns)
{
	struct pollfd set[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = panel->tapped.wire.fd, .events = POLLIN } };

	if (survey_take(panel->survey, deadline_ns, STDIN_FILENO))
		(void)wire_poll(set, 2, deadline_ns);
}

static void
run(struct panel *panel)
{
	uint64_t next_ns = loop_now();
	bool asked = false;
	int key;

	while (!enough) {
		if (loop_now() >= next_ns) {
			ask_all(panel);
			next_ns = loop_now() + TICK_NS;
			asked = true;
		}
		if (asked && survey_take(panel->survey, next_ns, STDIN_FILENO)) {
			arrange(panel);
			asked = false;
		}
		while ((key = getch()) != ERR)
			press(panel, key);
		if (!tapped_take(&panel->tapped))
			(void)snprintf(panel->said, sizeof(panel->said), "it has ended; any key goes back");
		draw(panel);
		if (!asked && !enough)
			wait_for(panel, next_ns);
		if (loop_gone(STDIN_FILENO))
			enough = 1;
	}
}

static bool
has_colours(void)
{
	const char *unwanted = getenv("NO_COLOR");

	if (!has_colors() || (unwanted != NULL && *unwanted != '\0') || start_color() == ERR)
		return false;
	(void)use_default_colors();
	(void)init_pair(GOOD, COLOR_GREEN, -1);
	(void)init_pair(WARNING, COLOR_YELLOW, -1);
	(void)init_pair(BAD, COLOR_RED, -1);
	return true;
}

static void
watch_signals(void)
{
	struct sigaction action = { .sa_handler = note_signal };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
}

bool
panel_run(struct survey *survey)
{
	static struct panel panel;
	SCREEN *screen;

	(void)setlocale(LC_CTYPE, "");
	watch_signals();
	if ((screen = newterm(NULL, stdout, stdin)) == NULL) {
		diag_error("top: the terminal cannot be used; TERM says what it is");
		return false;
	}
	panel = (struct panel){ .survey = survey, .ascii = !visible_locale_is_utf8() };
	tapped_begin(&panel.tapped, panel.ascii);
	panel.colour = has_colours();
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(25);
	run(&panel);
	tapped_end(&panel.tapped);
	stages_free(&panel.stages);
	(void)endwin();
	delscreen(screen);
	return true;
}

#else

bool
panel_is_possible(void)
{
	return false;
}

bool
panel_run(struct survey *survey)
{
	(void)survey;
	diag_error("top: " PANEL_IMPOSSIBLE);
	return false;
}

#endif
