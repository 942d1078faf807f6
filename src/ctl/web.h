/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web: the stages as one page of HTML: pipelines drawn, with who holds up whom, and a table.
 *
 * Nothing comes from elsewhere, and there is no script: the page asks for itself anew.  No record is on it.
 */
#ifndef WEIR_WEB_H
#define WEIR_WEB_H

#include "ctl/stages.h"

#include <stdio.h>

void web_write(FILE *page, const struct stages *stages);

/* In one sentence who holds up a pipeline, as HTML. */
void web_verdict(FILE *page, const struct stages *stages, size_t pipeline);

#endif
