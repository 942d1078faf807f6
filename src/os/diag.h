/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diag: messages to the user on standard error: "weir: standard output: No space left on device".
 *
 * One line a message, in one write.  A standard error that takes nothing delays the caller by a
 * second at most, or until a deadline for all that is left to say.  What comes from outside is
 * shown with unprintable bytes escaped.
 */
#ifndef WEIR_DIAG_H
#define WEIR_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a message, with the final NUL: what is longer is cut. */
#define DIAG_TEXT_MOST 1024

/* The name before the colon; "weir" until set.  The string is kept, not copied.  With for_journal each
 * message has its priority in front, as sd-daemon(3) has it: "<3>" for an error, "<6>" for a note. */
void diag_set_name(const char *name, bool for_journal);

/* No message waits beyond this moment of loop_now any more. */
void diag_set_deadline(uint64_t deadline_ns);

/* guard is called with true before each message and with false after it: whoever has a line on the
 * same terminal makes way.  NULL for none. */
void diag_set_guard(void (*guard)(void *state, bool before), void *state);

/* From now on what would be said is written there instead, without the name in front, the last if there are several: for who
 * asks in another way.  NULL: it is said again. */
void diag_divert(char *text, size_t size);

void diag_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is no error, but not as the user may think. */
void diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As diag_error, with ": " and the text of this errno value behind it. */
void diag_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where the terminal may take parts of UTF-8 for controls, nothing but ASCII is shown to people. */
void diag_set_ascii(bool only);
bool diag_is_ascii(void);

/* text as it may be shown on this terminal: see visible.h; in static storage until the next call, cut
 * where it is longer than a message should be.  And as a program gets it, in JSON or a page of metrics. */
const char *diag_visible(const char *text);
const char *diag_visible_data(const char *text);

#endif
