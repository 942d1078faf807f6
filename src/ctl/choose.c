/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/line.h"
#include "ctl/choose.h"
#include "os/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many are named where several are meant. */
#define NAMED_MOST 8
#define NAMES_MOST (NAMED_MOST * (RENDEZVOUS_PATH_MOST + 24))

struct wanted {
	const char *name; /* NULL: any */
	pid_t pid;        /* 0: any */
};

void
choose_say_no_sockets(int error)
{
	char directory[RENDEZVOUS_PATH_MOST];

	if (rendezvous_directory(directory) < 0)
		diag_errno(error, "the directory of sockets");
	else if (error == EPERM)
		diag_error("%s: not a directory of this user's alone; accepted: one of mode 0700", diag_visible(directory));
	else
		diag_errno(error, "%s", diag_visible(directory));
}

static bool
reads_wanted(struct wanted *wanted, const struct asked *asked)
{
	const char *error = NULL;

	*wanted = (struct wanted){ asked->value[WORD_NAME], 0 };
	if (asked->on[WORD_PID]) {
		wanted->pid = (pid_t)strtonum(asked->value[WORD_PID], 1, INT_MAX, &error);
		if (error != NULL)
			diag_error("--pid: %s: not a process id; accepted: a whole number from 1 on",
			    diag_visible(asked->value[WORD_PID]));
	}
	if (error == NULL && wanted->name != NULL && *wanted->name == '\0')
		diag_error("--name: an empty name; accepted: what a weir has as --name");
	return error == NULL && (wanted->name == NULL || *wanted->name != '\0');
}

static bool
is_wanted(const struct wanted *wanted, const struct socket_of *one)
{
	return (wanted->pid == 0 || wanted->pid == one->pid) &&
	    (wanted->name == NULL || sockets_is_named(one, wanted->name));
}

/* Somebody listens there; where nobody does the socket is removed. */
static bool
is_alive(const struct socket_of *one)
{
	const int fd = sockets_connect(one);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || (errno != ENOENT && errno != EPERM);
}

static void
keep_wanted(struct sockets *sockets, const struct wanted *wanted)
{
	size_t left = 0;

	for (size_t i = 0; i < sockets->count; i++)
		if (is_wanted(wanted, &sockets->one[i]) && is_alive(&sockets->one[i]))
			sockets->one[left++] = sockets->one[i];
	sockets->count = left;
}

static void
say_none(const struct wanted *wanted)
{
	if (wanted->pid != 0 && wanted->name != NULL)
		diag_error("no weir --control is named %s and has process id %jd; 'weirctl list' shows those there are",
		    diag_visible(wanted->name), (intmax_t)wanted->pid);
	else if (wanted->pid != 0)
		diag_error("no weir --control has process id %jd; 'weirctl list' shows those there are", (intmax_t)wanted->pid);
	else if (wanted->name != NULL)
		diag_error("no weir --control is named %s; 'weirctl list' shows those there are", diag_visible(wanted->name));
	else
		diag_error("no weir --control of this user runs");
}

static void
say_several(const struct sockets *sockets, const struct wanted *wanted)
{
	char names[NAMES_MOST];
	struct line line = { names, 0, sizeof(names) };

	for (size_t i = 0; i < sockets->count && i < NAMED_MOST; i++)
		line_add(&line, "%s%s (%jd)", i > 0 ? ", " : "", sockets->one[i].name, (intmax_t)sockets->one[i].pid);
	if (sockets->count > NAMED_MOST)
		line_add(&line, ", ...");
	diag_error("%zu weirs are meant: %s; %s-p PID says which", sockets->count, names,
	    wanted->name == NULL ? "-n NAME or " : "");
}

int
choose(struct socket_of *one, const struct asked *asked)
{
	struct wanted wanted;
	struct sockets sockets;
	size_t count;

	if (!reads_wanted(&wanted, asked))
		return CTL_USAGE;
	if (!sockets_find(&sockets)) {
		choose_say_no_sockets(errno);
		return CTL_BAD;
	}
	keep_wanted(&sockets, &wanted);
	count = sockets.count;
	if (count == 1)
		*one = sockets.one[0];
	else if (count == 0)
		say_none(&wanted);
	else
		say_several(&sockets, &wanted);
	sockets_free(&sockets);
	return count == 1 ? CTL_GOOD : CTL_BAD;
}
