/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On pseudo-terminals: what comes out at the other end, byte by byte.  What a terminal makes of it, and job
 * control, are in tests/cli/meter.bats.
 */
#include "../tap.h"

#include "os/diag.h"
#include "os/loop.h"
#include "tell/screen.h"

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* A line below which there is nothing, and one above others. */
#define FRAME(text) "\r\033[?7l" text "\033[J\033[?7h\r"
#define FRAME_ABOVE(text) "\r\033[?7l" text "\033[K\033[?7h\r"

static int terminal_end, user_end;

static void
set_size(unsigned short columns, unsigned short rows)
{
	const struct winsize size = { .ws_col = columns, .ws_row = rows };

	(void)ioctl(terminal_end, TIOCSWINSZ, &size);
}

/* A terminal of 80x24 that passes on what it gets as it is. */
static bool
begin(void)
{
	struct termios modes;
	const char *name;

	terminal_end = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal_end < 0 || grantpt(terminal_end) < 0 || unlockpt(terminal_end) < 0 ||
	    (name = ptsname(terminal_end)) == NULL || (user_end = open(name, O_RDWR | O_NOCTTY)) < 0 ||
	    tcgetattr(user_end, &modes) < 0)
		return false;
	modes.c_oflag &= ~(tcflag_t)OPOST;
	modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	set_size(80, 24);
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	(void)unsetenv("COLUMNS");
	return tcsetattr(user_end, TCSANOW, &modes) == 0;
}

static void
end(void)
{
	(void)close(user_end);
	(void)close(terminal_end);
}

/* What has come out so far.  A mark of our own, behind it, says where it ends. */
static const char *
seen(void)
{
	static char text[65536];
	size_t length = 0;

	if (write(user_end, "\a", 1) != 1)
		return "cannot be asked";
	while (length + 1 < sizeof(text) && (length == 0 || text[length - 1] != '\a')) {
		ssize_t more = read(terminal_end, text + length, sizeof(text) - 1 - length);

		if (more <= 0)
			return "cannot be read";
		length += (size_t)more;
	}
	text[length > 0 ? length - 1 : 0] = '\0';
	return text;
}

static void
draw(struct screen *screen, const char *line)
{
	screen_draw(screen, line, strlen(line));
}

/* --- what there is -------------------------------------------------------------------------------- */

static void
terminals(void)
{
	struct screen screen;
	int ends[2];

	ok(pipe(ends) == 0 && !screen_open(&screen, ends[1]) && !screen.open, "a pipe is no terminal");
	ok(screen_make_way(&screen) && !screen_busy(&screen), "and nothing is in anybody's way there");
	screen_close(&screen);
	(void)close(ends[0]);
	(void)close(ends[1]);

	set_size(132, 43);
	ok(screen_open(&screen, user_end) && screen.columns == 132 && screen.rows == 43, "its size");
	set_size(40, 10);
	screen_resized(&screen);
	ok(screen.columns == 40 && screen.rows == 10, "it changes");
	is_text(seen(), "", "which erases nothing where nothing stands");
	set_size(0, 0);
	screen_resized(&screen);
	is(screen.columns, 80, "where it says none, it has 80 columns");
	(void)setenv("COLUMNS", "99", 1);
	screen_resized(&screen);
	is(screen.columns, 99, "or what COLUMNS says");
	(void)setenv("COLUMNS", "wide", 1);
	screen_resized(&screen);
	is(screen.columns, 80, "if that is a number");
	(void)setenv("COLUMNS", "18446744073709551615", 1);
	screen_resized(&screen);
	is(screen.columns, 80, "of columns");
	screen_close(&screen);
}

static void
abilities(void)
{
	static const struct {
		const char *name, *value;
		bool colour, dumb;
	} cases[] = {
		{ "TERM", "xterm", true, false },
		{ "NO_COLOR", "", true, false },
		{ "NO_COLOR", "1", false, false },
		{ "TERM", "dumb", false, true },
		{ "TERM", "", false, true },
	};
	struct screen screen;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)setenv("TERM", "xterm", 1);
		(void)unsetenv("NO_COLOR");
		(void)setenv(cases[i].name, cases[i].value, 1);
		ok(screen_open(&screen, user_end) && screen.colour == cases[i].colour && screen.dumb == cases[i].dumb,
		    "%s='%s': %s", cases[i].name, cases[i].value, cases[i].colour ? "colour" : "no colour");
		screen_close(&screen);
	}
	(void)setenv("TERM", "xterm", 1);
	(void)setenv("LC_ALL", "C", 1);
	ok(screen_open(&screen, user_end) && !screen.utf8, "no UTF-8 in the locale C");
	screen_close(&screen);
}

/* --- a line --------------------------------------------------------------------------------------- */

static void
alone(void)
{
	struct screen screen;

	(void)screen_open(&screen, user_end);
	draw(&screen, "one");
	is_text(seen(), FRAME("one"), "a line, and back to its beginning");
	draw(&screen, "two");
	is_text(seen(), FRAME("two"), "over it the next");
	ok(screen_make_way(&screen), "makes way");
	is_text(seen(), "\r\033[J", "by erasing it, and what it may have been wrapped to");
	ok(screen_make_way(&screen), "there is nothing more to do");
	draw(&screen, "three");
	is_text(seen(), "", "nothing is drawn while somebody else writes");
	screen_resume(&screen);
	draw(&screen, "four");
	is_text(seen(), FRAME("four"), "afterwards it is");
	screen_resized(&screen);
	is_text(seen(), "\r\033[J", "a new size: it is erased");
	screen_resized(&screen);
	is_text(seen(), "", "once");
	draw(&screen, "five");
	screen_forget(&screen);
	ok(screen_make_way(&screen), "what is forgotten");
	is_text(seen(), FRAME("five"), "is not erased");
	draw(&screen, "six");
	screen_settle(&screen, loop_now());
	is_text(seen(), FRAME("six") "\r\033[J", "gone at the end");
	screen_close(&screen);
}

static void
dumb(void)
{
	struct screen screen;

	(void)setenv("TERM", "dumb", 1);
	set_size(8, 24);
	(void)screen_open(&screen, user_end);
	draw(&screen, "12345");
	draw(&screen, "1");
	ok(screen_make_way(&screen), "makes way");
	is_text(seen(), "\r       \r12345\r" "\r       \r1\r" "\r       \r\r", "spaces where there are no escape sequences");
	screen_close(&screen);
	(void)setenv("TERM", "xterm", 1);
	set_size(80, 24);
}

static void
too_long(void)
{
	static char line[SCREEN_LINE_MOST + 2];
	struct screen screen;

	(void)screen_open(&screen, user_end);
	memset(line, 'x', SCREEN_LINE_MOST + 1);
	draw(&screen, line);
	is_text(seen(), "", "a line that is too long is not drawn");
	line[SCREEN_LINE_MOST] = '\0';
	draw(&screen, line);
	is(strlen(seen()), SCREEN_LINE_MOST + strlen(FRAME("")), "one that is not is drawn whole");
	screen_close(&screen);
}

/* --- a terminal that takes nothing, or not all ---------------------------------------------------- */

static void
stopped(void)
{
	struct screen screen;

	(void)screen_open(&screen, user_end);
	(void)tcflow(user_end, TCOOFF);
	draw(&screen, "not to be seen");
	ok(!screen_busy(&screen), "stopped: the line is not drawn, and does not wait to be");
	(void)tcflow(user_end, TCOON);
	draw(&screen, "seen");
	(void)tcflow(user_end, TCOOFF);
	draw(&screen, "not to be seen");
	ok(!screen_make_way(&screen), "nor can it be erased");
	screen_settle(&screen, loop_now() + 1);
	(void)tcflow(user_end, TCOON);
	is_text(seen(), FRAME("seen"), "nothing has come out");
	ok(screen_make_way(&screen), "until it goes on");
	is_text(seen(), "\r\033[J", "and then it does");
	screen_close(&screen);
}

/* Of these and what erases them, or 0 where there is anything else. */
static size_t
frames_in(const char *text, size_t length, const char *frame)
{
	size_t frames = 0;

	for (size_t at = 0; at < length;) {
		if (memcmp(text + at, frame, strlen(frame)) == 0) {
			at += strlen(frame);
			frames++;
		} else if (memcmp(text + at, "\r\033[J", 4) == 0) {
			at += 4;
		} else {
			return 0;
		}
	}
	return frames;
}

/* Takes as much as it can hold, and a little is read at a time: what has been begun is finished
 * before anything else comes. */
static void
full(void)
{
	static char all[1 << 20];
	char line[1200], frame[sizeof(line) + sizeof(FRAME(""))];
	struct screen screen;
	size_t length = 0, filled = 0, frames;
	ssize_t more;
	int parts = 0, in_the_way = 0;

	(void)screen_open(&screen, user_end);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	(void)snprintf(frame, sizeof(frame), FRAME("%s"), line);
	(void)fcntl(user_end, F_SETFL, fcntl(user_end, F_GETFL) | O_NONBLOCK);
	(void)fcntl(terminal_end, F_SETFL, fcntl(terminal_end, F_GETFL) | O_NONBLOCK);
	while ((more = write(user_end, "................................", 32)) > 0)
		filled += (size_t)more;
	for (int i = 0; i < 2000; i++) {
		draw(&screen, line);
		if (screen_busy(&screen)) {
			parts++;
			in_the_way += !screen_make_way(&screen);
			screen_resume(&screen);
		}
		more = read(terminal_end, all + length, 100);
		length += more > 0 ? (size_t)more : 0;
		screen_step(&screen);
	}
	(void)fcntl(user_end, F_SETFL, fcntl(user_end, F_GETFL) & ~O_NONBLOCK);
	do {
		screen_step(&screen);
		more = read(terminal_end, all + length, 4096);
		length += more > 0 ? (size_t)more : 0;
	} while (more > 0 || screen_busy(&screen));
	(void)fcntl(terminal_end, F_SETFL, fcntl(terminal_end, F_GETFL) & ~O_NONBLOCK);
	frames = frames_in(all + filled, length - filled, frame);
	diag("%zu bytes of filling, %d looks at part of a line, %zu lines", filled, parts, frames);
	ok(in_the_way > 0, "what has been begun is in the way");
	ok(parts > 0 && frames > 1, "part of a line was taken, and later the rest: each is whole, and so is what erases it");
	screen_close(&screen);
}

/* --- several -------------------------------------------------------------------------------------- */

static int commands[2], answers[2];

/* Another weir does as it is told, a letter a command: d to draw, w to make way, r to resume, s
 * to see the size, f to forget. */
static void
other(void)
{
	struct screen screen;
	char command;

	(void)screen_open(&screen, user_end);
	while (read(commands[0], &command, 1) == 1) {
		if (command == 'd')
			draw(&screen, "other");
		else if (command == 'w')
			(void)screen_make_way(&screen);
		else if (command == 's')
			screen_resized(&screen);
		else if (command == 'r')
			screen_resume(&screen);
		else
			screen_forget(&screen);
		(void)!write(answers[1], "", 1);
	}
	_exit(0);
}

static void
tell(const char *command)
{
	char answer;

	(void)!write(commands[1], command, 1);
	(void)!read(answers[0], &answer, 1);
}

/* Whose process id is greater than ours: process ids start again when they are used up. */
static pid_t
start_other(void)
{
	for (;;) {
		pid_t child = fork();

		if (child == 0)
			other();
		if (child < 0 || child > getpid())
			return child;
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
}

static void
two_in_turn(struct screen *screen)
{
	tell("d");
	is_text(seen(), FRAME("other"), "the other one has a line");
	draw(screen, "own");
	is_text(seen(), "\n\033[1A" "\r\033[L\033[?7lown\033[K\033[?7h\r", "who comes before it makes room in front of it");
	tell("d");
	is_text(seen(), "\n" "\r\033[?7lother\033[J\033[?7h\033[1A\r", "the other one now is in the second row");
	draw(screen, "own");
	is_text(seen(), FRAME_ABOVE("own"), "our own stays in the first");
	tell("w");
	is_text(seen(), "\r\033[J", "the other one erases both");
	draw(screen, "own");
	is_text(seen(), "", "until it has said what it wants to, we do not draw");
	tell("r");
	draw(screen, "own");
	is_text(seen(), FRAME_ABOVE("own"), "then we do");
	tell("f");
	tell("d");
	is_text(seen(), "\n" "\r\033[?7lother\033[J\033[?7h\033[1A\r", "the last one needs no room behind it");
	set_size(80, 2);
	screen_resized(screen);
	tell("s");
	(void)seen();
	draw(screen, "own");
	tell("d");
	is_text(seen(), FRAME("own"), "in a terminal of two rows there is one line");
}

static void
two(void)
{
	struct screen screen;
	pid_t child;

	(void)screen_open(&screen, user_end);
	if (!screen.sharing || pipe(commands) < 0 || pipe(answers) < 0) {
		diag("no locks here: each draws as if it were alone");
		screen_close(&screen);
		return;
	}
	child = start_other();
	two_in_turn(&screen);
	set_size(80, 24);
	screen_resized(&screen);
	draw(&screen, "own");
	tell("s");
	tell("d");
	tell("w");
	(void)seen();
	ok(screen_make_way(&screen), "who has something to say does not wait for ever for one that is stopped");
	is_text(seen(), "\r\033[J", "but erases");
	screen_resume(&screen);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	draw(&screen, "own");
	is_text(seen(), FRAME("own"), "a weir that was killed holds up nobody, and takes no room");
	screen_close(&screen);
}

/* --- messages ------------------------------------------------------------------------------------- */

static void
guard(void *state, bool before)
{
	if (before)
		(void)screen_make_way(state);
	else
		screen_resume(state);
}

static void
messages(void)
{
	struct screen screen;
	int standard_error = dup(STDERR_FILENO);

	(void)screen_open(&screen, user_end);
	draw(&screen, "line");
	(void)dup2(user_end, STDERR_FILENO);
	diag_set_guard(guard, &screen);
	diag_error("a message");
	diag_set_guard(NULL, NULL);
	(void)dup2(standard_error, STDERR_FILENO);
	(void)close(standard_error);
	draw(&screen, "line");
	is_text(seen(), FRAME("line") "\r\033[J" "weir: a message\n" FRAME("line"), "a message stands in the line's place");
	screen_close(&screen);
}

int
main(void)
{
	if (!begin())
		return skip_all("no pseudo-terminals");
	terminals();
	(void)unsetenv("COLUMNS");
	set_size(80, 24);
	abilities();
	alone();
	dumb();
	too_long();
	stopped();
	full();
	two();
	messages();
	end();
	return done_testing();
}
