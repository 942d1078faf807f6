/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "ctl/survey.h"
#include "os/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char question[] = "report\n";

void
survey_begin(struct survey *survey)
{
	*survey = (struct survey){ NULL, 0 };
}

static void
let_go(struct surveyed *one)
{
	wire_close(&one->wire);
	tree_free(one->report);
}

void
survey_end(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++)
		let_go(&survey->one[i]);
	free(survey->one);
	survey_begin(survey);
}

/* --- who there is -------------------------------------------------------------------------------- */

/* A weir that was there before: it is moved, and the old place forgets it. */
static bool
move_known(struct survey *survey, const struct socket_of *socket, struct surveyed *to)
{
	for (size_t i = 0; i < survey->count; i++) {
		if (strcmp(survey->one[i].socket.path, socket->path) != 0)
			continue;
		*to = survey->one[i];
		survey->one[i] = (struct surveyed){ .wire = { .fd = -1 } };
		return true;
	}
	return false;
}

static bool
find_all(struct survey *survey)
{
	struct sockets sockets;
	struct survey now;

	if (!sockets_find(&sockets))
		return false;
	now.count = sockets.count;
	if ((now.one = calloc(now.count > 0 ? now.count : 1, sizeof(now.one[0]))) == NULL) {
		sockets_free(&sockets);
		return false;
	}
	for (size_t i = 0; i < now.count; i++)
		if (!move_known(survey, &sockets.one[i], &now.one[i]))
			now.one[i] = (struct surveyed){ .socket = sockets.one[i], .wire = { .fd = -1 } };
	sockets_free(&sockets);
	survey_end(survey);
	*survey = now;
	return true;
}

/* Nobody is there any more, or it is another's: it is no weir of ours. */
static void
remove_absent(struct survey *survey)
{
	size_t left = 0;

	for (size_t i = 0; i < survey->count; i++) {
		struct surveyed *one = &survey->one[i];

		if (one->failed && (one->error == ENOENT || one->error == EPERM))
			let_go(one);
		else
			survey->one[left++] = *one;
	}
	survey->count = left;
}

/* --- question and answer ------------------------------------------------------------------------- */

static void
fail(struct surveyed *one, int error)
{
	wire_close(&one->wire);
	one->asked = false;
	one->failed = true;
	one->error = error;
}

static void
ask(struct surveyed *one)
{
	int fd;

	if (one->asked) {
		one->silent = true;
		return;
	}
	one->failed = false;
	if (one->wire.fd < 0) {
		if ((fd = sockets_connect(&one->socket)) < 0) {
			fail(one, errno);
			return;
		}
		wire_open(&one->wire, fd);
	}
	if (wire_send(&one->wire, question, sizeof(question) - 1))
		one->asked = true;
	else
		fail(one, errno);
}

bool
survey_ask(struct survey *survey)
{
	if (!find_all(survey))
		return false;
	for (size_t i = 0; i < survey->count; i++)
		ask(&survey->one[i]);
	remove_absent(survey);
	return true;
}

static void
note(struct surveyed *one, const char *line, size_t length)
{
	struct tree *report = tree_read(line, length);
	struct told told;

	if (report == NULL || !told_read(&told, report)) {
		tree_free(report);
		fail(one, EPROTO);
		return;
	}
	if (one->report != NULL && told.elapsed_ns != one->told.elapsed_ns) {
		one->before = one->told; /* else there is no time that anything could have come in */
		one->twice = true;
	}
	one->told = told;
	tree_free(one->report);
	one->report = report;
	one->asked = one->silent = false;
}

/* The end of a connection is a weir that has ended, or that has had enough of us: it is asked anew next time. */
static void
take(struct surveyed *one)
{
	char *line;
	size_t length;

	switch (wire_next(&one->wire, &line, &length)) {
	case WIRE_LINE:
		note(one, line, length);
		break;
	case WIRE_MORE:
		break;
	case WIRE_ENDED:
		fail(one, ECONNRESET);
		break;
	case WIRE_BAD:
		fail(one, errno);
		break;
	}
}

/* Whether an answer is waited for. */
static bool
fill_set(const struct survey *survey, struct pollfd *set, int also)
{
	bool waits = false;

	set[survey->count] = (struct pollfd){ .fd = also, .events = POLLIN };
	for (size_t i = 0; i < survey->count; i++) {
		const struct surveyed *one = &survey->one[i];

		set[i] = (struct pollfd){ .fd = one->asked ? one->wire.fd : -1, .events = POLLIN };
		waits |= one->asked && !one->silent;
	}
	return waits;
}

bool
survey_take(struct survey *survey, uint64_t deadline_ns, int also)
{
	struct pollfd *set = calloc(survey->count + 1, sizeof(*set));
	bool waits = set != NULL, over = false;

	while (waits && (waits = fill_set(survey, set, also)) && !over) {
		over = loop_now() >= deadline_ns; /* and then it is looked once more */
		if (wire_poll(set, survey->count + 1, over ? 0 : deadline_ns) < 0)
			break;
		for (size_t i = 0; i < survey->count; i++)
			if (set[i].revents != 0)
				take(&survey->one[i]);
		over |= set[survey->count].revents != 0;
	}
	free(set);
	return !waits;
}

bool
survey_take_all(struct survey *survey)
{
	if (!survey_ask(survey))
		return false;
	(void)survey_take(survey, loop_now() + SURVEY_PATIENCE_NS, -1);
	return true;
}
