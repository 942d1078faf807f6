/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/stages.h"

#include <stdlib.h>
#include <string.h>

static struct stage
stage_of(const struct survey *survey, const struct processes *processes, const struct order_place *place)
{
	const struct surveyed *weir = &survey->one[place->node]; /* the weirs are the first nodes */
	const size_t next = processes->nodes[place->node].next;
	struct stage stage = { .weir = weir, .pipeline = place->pipeline };

	if (weir->report != NULL)
		stage.pace = pace_between(weir->twice ? &weir->before : NULL, &weir->told);
	if (next != ORDER_NOBODY && !processes->nodes[next].weir) {
		stage.reader = processes->nodes[next].pid;
		processes_name(stage.reader, stage.reader_name);
	}
	return stage;
}

static bool
fill(struct stages *stages, const struct survey *survey, struct processes *processes, struct order_place *places)
{
	if (!order_find(processes->nodes, processes->count, places))
		return false;
	for (size_t i = 0; i < survey->count; i++) {
		stages->one[i] = stage_of(survey, processes, &places[i]);
		stages->one[i].behind = i > 0 && places[i].pipeline == places[i - 1].pipeline;
	}
	stages->count = survey->count;
	return true;
}

static bool
look_at_processes(struct processes *processes, const struct survey *survey, pid_t *pids)
{
	for (size_t i = 0; i < survey->count; i++)
		pids[i] = survey->one[i].socket.pid;
	return processes_look(processes, pids, survey->count);
}

bool
stages_find(struct stages *stages, const struct survey *survey)
{
	const size_t room = survey->count > 0 ? survey->count : 1;
	pid_t *pids = calloc(room, sizeof(*pids));
	struct order_place *places = calloc(room, sizeof(*places));
	struct processes processes = { NULL, 0 };
	bool good;

	*stages = (struct stages){ calloc(room, sizeof(*stages->one)), 0 };
	good = pids != NULL && places != NULL && stages->one != NULL && look_at_processes(&processes, survey, pids) &&
	    fill(stages, survey, &processes, places);
	processes_free(&processes);
	free(places);
	free(pids);
	if (!good)
		stages_free(stages);
	return good;
}

void
stages_free(struct stages *stages)
{
	free(stages->one);
	*stages = (struct stages){ NULL, 0 };
}

size_t
stages_held_up(const struct stages *stages, size_t pipeline)
{
	size_t held_up = ORDER_NOBODY;

	for (size_t i = 0; i < stages->count; i++)
		if (stages->one[i].pipeline == pipeline && pace_pressure(stages->one[i].pace.waited[WAIT_OUTPUT]) == PACE_MUCH)
			held_up = i;
	return held_up;
}
