/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stages: the weirs of a survey as stages of their pipelines, with what has become of each since the report before.
 */
#ifndef WEIR_STAGES_H
#define WEIR_STAGES_H

#include "ctl/pace.h"
#include "ctl/processes.h"
#include "ctl/survey.h"

struct stage {
	const struct surveyed *weir; /* of the survey, as long as that is not asked anew */
	struct pace pace;
	size_t pipeline;
	bool behind;                 /* the stage before it is of the same pipeline, and writes to it */
	pid_t reader;                /* the process that reads what it writes, where that is no weir; 0: none, or not known */
	char reader_name[PROCESSES_NAME];
};

struct stages {
	struct stage *one;
	size_t count;
};

/* In the order of their pipelines, and these by name.  To be freed by stages_free.  False where there is no memory. */
bool stages_find(struct stages *stages, const struct survey *survey);
void stages_free(struct stages *stages);

/* The stage of a pipeline that holds up what is before it: the last one whose output is waited for most of the time is
 * held up by what stands behind that.  ORDER_NOBODY: nobody does. */
size_t stages_held_up(const struct stages *stages, size_t pipeline);

#endif
