/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen: a line of the terminal that is kept up to date, beside those of other weirs.
 *
 * What is drawn is the caller's.  Nothing of the terminal is changed or asked for but its size: no
 * termios, no mode, no question that the user's next line of typing would be mixed up with.  Nothing
 * waits for the terminal: a line that it does not take at once is not drawn.  Only a weir in the
 * foreground draws.
 *
 * The weirs of one pipeline each have a line, in the order of their process ids:
 *
 *      > weir in the first place          The cursor rests on the first column of the first line.  Whoever
 *        weir in the second place         draws goes down to its own by newlines, so that a terminal's last
 *        weir in the third place          row scrolls, and comes back, in one write.
 *
 * So what anybody else writes scrolls past above the lines, which are all below the cursor: they can be
 * erased without knowing how many rows they take, also after the terminal has wrapped them anew.
 *
 * They agree by locks on the terminal's inode, through an open file description of weir's own (OFD
 * locks, fcntl(2)); a killed weir leaves none behind.  Each process group has a range of bytes
 * there: one that is locked to draw, and one for each process id that has a line.  Where there are
 * no such locks, each weir draws as if it were alone.
 *
 * Sources: ECMA-48 (CUU, ED, EL, IL, SGR), tty_ioctl(4), credentials(7).
 */
#ifndef WEIR_SCREEN_H
#define WEIR_SCREEN_H

#include "os/io.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line that can be drawn, in bytes. */
#define SCREEN_LINE_MOST 2048

struct screen {
	bool open;
	bool dumb;        /* no escape sequences: carriage return and spaces */
	bool colour;      /* it shows colour, and the user has nothing against it */
	bool utf8;        /* by the user's locale, which the process does not take up */
	unsigned columns;
	unsigned rows;
	struct io_port port;
	off_t range;      /* of the process group: of its bytes the first, the one that is locked to draw */
	bool sharing;     /* there are locks */
	bool drawing;     /* that byte is ours */
	bool joined;      /* we have a line */
	bool cleared;     /* but nothing stands there, and somebody may be writing */
	char text[SCREEN_LINE_MOST + 512];
	size_t length;    /* of what is on its way, 0 for nothing */
	size_t sent;
};

/* Takes up the terminal that fd is.  False where it is none.  Opens files: before confine(). */
bool screen_open(struct screen *screen, int fd);

/* Draws the line (of fewer columns than the terminal has), or does not: where the terminal
 * takes nothing now, or is somebody else's, or another weir draws. */
void screen_draw(struct screen *screen, const char *line, size_t length);

/* Whether part of a line has been taken, so that its rest waits to be written; and writes it, as
 * far as it goes. */
bool screen_busy(const struct screen *screen);
void screen_step(struct screen *screen);

/* Erases what all weirs of the group have drawn, so that whoever may write here can: they draw
 * theirs anew when they next do.  Until screen_resume no other weir draws.  False where it has to
 * be tried again, when the terminal takes more. */
bool screen_make_way(struct screen *screen);
void screen_resume(struct screen *screen);

/* The same at the end, waiting until deadline_ns of loop_now at most. */
void screen_settle(struct screen *screen, uint64_t deadline_ns);

/* The terminal's size has changed: erases, and forgets the line. */
void screen_resized(struct screen *screen);

/* Somebody else had the terminal: what was drawn may be anywhere. */
void screen_forget(struct screen *screen);

/* Closes what screen_open has opened.  The line is not erased. */
void screen_close(struct screen *screen);

#endif
