/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * launch: runs a command with known signal dispositions, and says truly how it ended. A shell can do neither: it cannot
 * undo an ignored signal that it inherited, ignores INT for what it puts in the background, and calls both exit 143 and
 * death by TERM "143".
 *
 *   launch [-t SECONDS] [-i SIGNAL[,SIGNAL]...] [-b SIGNAL] [-k SIGNAL] [-p FILE] [-s FILE] COMMAND [ARGUMENT]...
 *
 * All signals are set to their default and unblocked, those of -i (HUP INT PIPE TERM USR1 XFSZ) to be ignored.
 * That of -b is blocked, and that of -k has been sent before the command is there, which is for a blocked one.
 * Without -s the command takes launch's place. With -s launch stays, with no descriptor open, and writes "exit N" or
 * "signal N" to FILE once the command has ended; and the command's process id to the FILE of -p as soon as it is known.
 * With -t, a command that takes longer is killed, and FILE says "timeout 0". The files appear complete, by rename.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "PIPE", SIGPIPE }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "XFSZ", SIGXFSZ },
};

static int number_of(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].number;
	fprintf(stderr, "launch: what signal is %s?\n", name);
	exit(125);
}

static void block(int signal_number)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_BLOCK, &one, NULL);
}

static volatile sig_atomic_t late;
static pid_t child;

static void on_alarm(int signal_number)
{
	late = signal_number;
	kill(child, SIGKILL);
}

static void reset(void)
{
	sigset_t none;

	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void put(const char *name, const char *word, int number)
{
	char temporary[4096];

	snprintf(temporary, sizeof temporary, "%s.new", name);
	FILE *f = fopen(temporary, "w");
	if (f == NULL)
		_exit(125);
	fprintf(f, "%s%d\n", word, number);
	if (fclose(f) != 0 || rename(temporary, name) != 0)
		_exit(125);
}

static void watch(const char *status_file)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(125);
	if (late)
		put(status_file, "timeout ", 0);
	else if (WIFSIGNALED(status))
		put(status_file, "signal ", WTERMSIG(status));
	else
		put(status_file, "exit ", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	const char *status_file = NULL, *pid_file = NULL;
	unsigned seconds = 0;
	int c, sent = 0, blocked = 0;

	reset();
	while ((c = getopt(argc, argv, "+b:i:k:p:s:t:")) != -1)
		switch (c) {
		case 'i':
			for (char *p = strtok(optarg, ","); p != NULL; p = strtok(NULL, ","))
				signal(number_of(p), SIG_IGN);
			break;
		case 'b': blocked = number_of(optarg); break;
		case 'k': sent = number_of(optarg); break;
		case 'p': pid_file = optarg; break;
		case 's': status_file = optarg; break;
		case 't': seconds = (unsigned)atoi(optarg); break;
		default: return 125;
		}
	if (optind == argc)
		return 125;
	child = status_file == NULL ? 0 : fork();
	if (child < 0) {
		perror("launch: fork");
		return 125;
	}
	if (child == 0) {
		if (blocked != 0)
			block(blocked);
		if (sent != 0)
			raise(sent);
		execvp(argv[optind], argv + optind);
		perror(argv[optind]);
		_exit(127);
	}
	for (int fd = 0; fd < 256; fd++)
		close(fd);
	if (pid_file != NULL)
		put(pid_file, "", (int)child);
	signal(SIGALRM, on_alarm);
	alarm(seconds);
	watch(status_file);
	return 0;
}
