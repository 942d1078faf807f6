/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refusal: what is said of a COMMAND that the system would not execute, that it stopped, or that there is no way to any
 * more.
 *
 * "weir FILE" is most often meant to be "weir <FILE": where the operand is a file that is no program, that is said too.
 */
#ifndef WEIR_REFUSAL_H
#define WEIR_REFUSAL_H

/* error: the errno of exec. */
void refusal_tell(const char *name, int error);

/* It was stopped by this signal: for asking at the terminal, which it may not from the background. */
void refusal_tell_stopped(const char *name, int signal);

/* The warden could not be asked for it, with this errno: that it has gone, or else; or it has gone (EPIPE). */
void refusal_tell_lost(const char *name, int error);

#endif
