/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refusal: what is said of a COMMAND that the system would not execute.
 *
 * "weir FILE" is most often meant to be "weir <FILE": where the operand is a file that is no program, that is said too.
 */
#ifndef WEIR_REFUSAL_H
#define WEIR_REFUSAL_H

/* error: the errno of exec. */
void refusal_tell(const char *name, int error);

#endif
