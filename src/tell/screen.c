/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/units.h"
#include "base/visible.h"
#include "os/loop.h"
#include "tell/screen.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24
#define COLUMNS_MOST 10000

/* How long the turn to draw is waited for where something has to be written: another weir has it
 * for microseconds, unless somebody has stopped it. */
#define TURN_NS (20 * NS_PER_MS)
#define TURN_STEP_NS NS_PER_MS

/* Process ids are below it, on every system there is; and so many bytes are the range of a group. */
#define PID_LIMIT ((off_t)1 << 22)
#define RANGE (PID_LIMIT * 2)

/* --- the terminal -------------------------------------------------------------------------------- */

static void
take_size(struct screen *screen)
{
	struct winsize size = { 0 };
	const char *columns = getenv("COLUMNS");
	uint64_t count;

	(void)ioctl(io_fd(&screen->port), TIOCGWINSZ, &size);
	screen->rows = size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
	screen->columns = size.ws_col;
	if (size.ws_col == 0)
		screen->columns = columns != NULL && units_count(columns, &count) == NULL && count <= COLUMNS_MOST ?
		    (unsigned)count : COLUMNS_DEFAULT;
}

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

/* Also where it is the terminal of nobody's session, or of another one: then nobody is in front
 * of us. */
static bool
in_foreground(const struct screen *screen)
{
	pid_t group = tcgetpgrp(io_fd(&screen->port));

	return group < 0 || group == getpgrp();
}

/* --- locks --------------------------------------------------------------------------------------- */

#ifdef F_OFD_SETLK

/* 0, or errno: EAGAIN or EACCES where somebody else has it. */
static int
set_lock(const struct screen *screen, short type, off_t byte)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = screen->range + byte, .l_len = 1,
	};

	return fcntl(io_fd(&screen->port), F_OFD_SETLK, &lock) < 0 ? errno : 0;
}

/* How many others hold one, of the bytes from..to.  The kernel names one that does, not the first;
 * so what is left and right of it is asked for again. */
static unsigned
count_locks(const struct screen *screen, off_t from, off_t to)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = screen->range + from, .l_len = to - from + 1,
	};
	off_t first;

	if (from > to || fcntl(io_fd(&screen->port), F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	first = lock.l_start - screen->range;
	return 1 + count_locks(screen, from, first - 1) +
	    (lock.l_len > 0 ? count_locks(screen, first + lock.l_len, to) : 0);
}

#else

static int
set_lock(const struct screen *screen, short type, off_t byte)
{
	(void)screen;
	(void)type;
	(void)byte;
	return ENOSYS;
}

static unsigned
count_locks(const struct screen *screen, off_t from, off_t to)
{
	(void)screen;
	(void)from;
	(void)to;
	return 0;
}

#endif

static off_t
own_byte(void)
{
	return 1 + (off_t)getpid() % PID_LIMIT;
}

/* Whether it is our turn to draw. */
static bool
take_turn(struct screen *screen)
{
	int error;

	if (screen->drawing || !screen->sharing)
		return true;
	error = set_lock(screen, F_WRLCK, 0);
	screen->sharing = error == 0 || error == EAGAIN || error == EACCES;
	screen->drawing = error == 0;
	return screen->drawing || !screen->sharing;
}

/* The same, but after a while all the same: what has to be said is said. */
static void
insist_on_turn(struct screen *screen)
{
	uint64_t deadline_ns = loop_now() + TURN_NS;

	while (!take_turn(screen) && loop_now() < deadline_ns)
		(void)loop_wait(NULL, 0, loop_now() + TURN_STEP_NS);
}

static void
give_turn(struct screen *screen)
{
	if (screen->drawing)
		(void)set_lock(screen, F_UNLCK, 0);
	screen->drawing = false;
}

static unsigned
lines_above(const struct screen *screen)
{
	return screen->sharing ? count_locks(screen, 1, own_byte() - 1) : 0;
}

static unsigned
lines_below(const struct screen *screen)
{
	return screen->sharing ? count_locks(screen, own_byte() + 1, PID_LIMIT) : 0;
}

static bool
join(struct screen *screen)
{
	int error = screen->sharing ? set_lock(screen, F_WRLCK, own_byte()) : 0;

	screen->joined = error == 0;
	return screen->joined;
}

static void
leave(struct screen *screen)
{
	if (screen->joined && screen->sharing)
		(void)set_lock(screen, F_UNLCK, own_byte());
	screen->joined = screen->cleared = false;
}

/* --- writing ------------------------------------------------------------------------------------- */

static void add(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct screen *screen, const char *format, ...)
{
	size_t room = sizeof(screen->text) - screen->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(screen->text + screen->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		screen->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Moves down by so many rows, and more rows come where there are none. */
static void
add_rows(struct screen *screen, unsigned rows)
{
	while (rows-- > 0)
		add(screen, "\n");
}

static void
add_way_up(struct screen *screen, unsigned rows)
{
	if (rows > 0)
		add(screen, "\033[%uA", rows);
}

/* Writes what the terminal takes. */
static void
push(struct screen *screen)
{
	struct iovec piece = { screen->text + screen->sent, screen->length - screen->sent };
	size_t done;
	enum io_result result = io_write(&screen->port, &piece, 1, piece.iov_len, &done);

	screen->sent += done;
	if (result == IO_ALL || result == IO_GONE || result == IO_ERROR)
		screen->length = screen->sent = 0;
}

/* Writes what has been added: whether any of it was taken.  The rest is on its way. */
static bool
push_new(struct screen *screen)
{
	push(screen);
	if (screen->length == 0 || screen->sent > 0)
		return true;
	screen->length = 0;
	return false;
}

/* --- the line ------------------------------------------------------------------------------------ */

bool
screen_open(struct screen *screen, int fd)
{
	const char *term = getenv("TERM");

	*screen = (struct screen){ .open = false };
	if (isatty(fd) != 1)
		return false;
	io_open_beside(&screen->port, fd); /* we may just have become a background job */
	screen->open = true;
	screen->dumb = term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
	screen->colour = !screen->dumb && !is_set("NO_COLOR");
	screen->utf8 = visible_locale_is_utf8();
	/* The inherited description is everybody's, and so would its locks be. */
	screen->sharing = io_fd(&screen->port) != fd;
	screen->range = tcgetpgrp(io_fd(&screen->port)) < 0 ? 0 : (off_t)getpgrp() * RANGE;
	take_size(screen);
	return true;
}

/* Over a line of spaces: what stood there may have been longer. */
static void
add_on_dumb(struct screen *screen, const char *line, size_t length)
{
	add(screen, "\r%*s\r%.*s\r", (int)screen->columns - 1, "", (int)length, line);
}

/* Not wrapped: a terminal may have become narrower, and we may not have been told yet.  The first
 * time the others make room.  Rows below the cursor may have to be made first.  Whoever is the last
 * erases what a killed weir may have left. */
static void
add_line(struct screen *screen, bool first, unsigned above, const char *line, size_t length)
{
	unsigned below = lines_below(screen);

	if (first && below > 0) {
		add_rows(screen, above + below);
		add_way_up(screen, above + below);
	}
	add_rows(screen, above);
	add(screen, "\r%s\033[?7l%.*s\033[%s\033[?7h", first && below > 0 ? "\033[L" : "", (int)length, line,
	    below > 0 ? "K" : "J");
	add_way_up(screen, above);
	add(screen, "\r");
}

void
screen_draw(struct screen *screen, const char *line, size_t length)
{
	bool first = !screen->joined;
	unsigned above;

	if (!in_foreground(screen)) {
		screen_forget(screen);
		return;
	}
	if (screen_busy(screen) || screen->cleared || length > SCREEN_LINE_MOST || !take_turn(screen))
		return;
	above = lines_above(screen);
	/* More lines than rows would scroll for ever; where the cursor cannot go up there is one. */
	if (above + 1 >= screen->rows || (screen->dumb && above > 0)) {
		leave(screen);
	} else if (screen->joined || join(screen)) {
		if (screen->dumb)
			add_on_dumb(screen, line, length);
		else
			add_line(screen, first, above, line, length);
		if (!push_new(screen) && first)
			leave(screen);
	}
	if (!screen_busy(screen))
		give_turn(screen);
}

bool
screen_busy(const struct screen *screen)
{
	return screen->length > 0;
}

void
screen_step(struct screen *screen)
{
	if (!screen_busy(screen))
		return;
	if (!in_foreground(screen)) {
		screen_forget(screen);
		return;
	}
	push(screen);
	if (!screen_busy(screen) && !screen->cleared)
		give_turn(screen);
}

/* Everything from the first line down.  Whether it was taken, at least in part. */
static bool
erase(struct screen *screen)
{
	if (screen->dumb)
		add_on_dumb(screen, "", 0);
	else
		add(screen, "\r\033[J");
	return push_new(screen);
}

bool
screen_make_way(struct screen *screen)
{
	if (!screen->open)
		return true;
	if (!in_foreground(screen)) {
		screen_forget(screen);
		return true;
	}
	screen_step(screen);
	if (!screen_busy(screen) && !screen->cleared &&
	    (screen->joined || lines_above(screen) + lines_below(screen) > 0)) {
		insist_on_turn(screen);
		screen->cleared = erase(screen);
		if (!screen->cleared) {
			give_turn(screen);
			return false;
		}
	}
	return !screen_busy(screen);
}

void
screen_resume(struct screen *screen)
{
	screen->cleared = false;
	if (!screen_busy(screen))
		give_turn(screen);
}

void
screen_settle(struct screen *screen, uint64_t deadline_ns)
{
	struct loop_watch watch = { .fd = io_fd(&screen->port), .output = true };

	while (!screen_make_way(screen) && loop_now() < deadline_ns)
		(void)loop_wait(&watch, 1, deadline_ns);
}

void
screen_resized(struct screen *screen)
{
	if (!screen->open)
		return;
	take_size(screen);
	if (screen->joined && screen_make_way(screen) && !screen_busy(screen))
		leave(screen);
	screen_resume(screen);
}

void
screen_forget(struct screen *screen)
{
	screen->length = screen->sent = 0;
	leave(screen);
	give_turn(screen);
}

void
screen_close(struct screen *screen)
{
	if (screen->open && io_fd(&screen->port) != io_inherited(&screen->port))
		(void)close(io_fd(&screen->port));
	screen->open = false;
}
