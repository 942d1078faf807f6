/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * panel: the table in a terminal, drawn anew each second, and keys to steer one of its rows.
 *
 * The one user of ncurses; where weirctl was built without it there is no panel.
 */
#ifndef WEIR_PANEL_H
#define WEIR_PANEL_H

#include "ctl/survey.h"

#include <stdbool.h>

bool panel_is_possible(void);
#define PANEL_IMPOSSIBLE "this weirctl was built without ncurses"

/* Until the user has had enough, or INT, TERM or HUP comes.  Standard input and output are a terminal.  False when it has been
 * said what went wrong. */
bool panel_run(struct survey *survey);

#endif
