/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "spool/lives.h"

#include "os/folder.h"
#include "spool/scan.h"
#include "spool/segments.h"

#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART ((size_t)1 << 16)
#define LONGEST 120
#define HANGS_US 20000000 /* so long nobody waits for the end */

/* With `written` it is what is written in a pass; with `read` what a pipe holds, and that; the others are told. */
const struct way lives_ways[] = {
	{ "written", { "--confirm=written" }, NULL, 65536, false },
	{ "trickle", { "--confirm=written" }, NULL, 65536, true },
	{ "read", { "--confirm=read" }, "plain", 65536, false },
	{ "line", { "--confirm=line" }, "answer", 1000, false },
	{ "exit", { "--batch=300", "--linger=10ms", "--backoff=1ms" }, "plain", 300, false },
	{ NULL, { NULL }, NULL, 0, false },
};

static void
die(const char *what)
{
	perror(what);
	exit(99);
}

/* --- records --------------------------------------------------------------------------------------- */

/* A line that begins with its number, and whose length and filling follow from it. */
static size_t
make_line(char *line, uint64_t number)
{
	int length = snprintf(line, LONGEST, "%" PRIu64 " ", number);
	const size_t end = (size_t)length + number * 7 % 90;

	memset(line + length, 'a' + (int)(number % 26), end - (size_t)length);
	line[end] = '\n';
	return end + 1;
}

static bool
is_line(const char *text, size_t length, uint64_t *number)
{
	char line[LONGEST];

	*number = strtoull(text, NULL, 10);
	return *number > 0 && make_line(line, *number) == length && memcmp(line, text, length) == 0;
}

static void
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		const ssize_t done = write(fd, text, length);

		if (done < 0)
			_exit(0); /* weir has gone */
		text += done;
		length -= (size_t)done;
	}
}

/* All of it; or in parts, with pauses in which weir has nothing to do. */
static void
give(int fd, const char *text, size_t length, struct random *chance)
{
	size_t part;

	if (chance == NULL) {
		write_all(fd, text, length);
		return;
	}
	for (; length > 0; text += part, length -= part) {
		part = 1 + (size_t)random_below(chance, random_one_in(chance, 20) ? 20000 : 2000);
		if (part > length)
			part = length;
		write_all(fd, text, part);
		if (random_one_in(chance, 4))
			(void)usleep(1);
	}
}

/* The producer: so many, and then it waits, or ends.  chance: NULL for as fast as it goes. */
static void
produce(int fd, uint64_t from, uint64_t to, bool ends, struct random *chance)
{
	static char text[PART];
	size_t length = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	for (; from <= to; from++) {
		if (length > sizeof(text) - LONGEST) {
			give(fd, text, length, chance);
			length = 0;
		}
		length += make_line(text + length, from);
	}
	give(fd, text, length, chance);
	if (!ends)
		(void)poll(&(struct pollfd){ .fd = fd }, 1, -1); /* until nobody reads any more */
	_exit(0);
}

/* --- the reader ------------------------------------------------------------------------------------ */

/* The journal is written before anything is answered. */
static int
keep_journal(int in, int journal, bool answers)
{
	static char text[PART];
	static char words[PART];
	ssize_t length;

	memset(words, '\n', sizeof(words));
	while ((length = read(in, text, sizeof(text))) > 0) {
		size_t lines = 0;

		write_all(journal, text, (size_t)length);
		for (ssize_t i = 0; i < length; i++)
			lines += text[i] == '\n';
		if (answers)
			write_all(STDOUT_FILENO, words, lines);
		if (length % 5 == 0)
			(void)usleep(1000); /* so that something has to wait */
	}
	return 0;
}

int
lives_reader(int argc, char *argv[])
{
	const int journal = argc == 2 ? open(argv[1], O_WRONLY | O_APPEND) : -1;

	(void)signal(SIGPIPE, SIG_IGN);
	return journal < 0 ? 98 : keep_journal(STDIN_FILENO, journal, strcmp(argv[0], "answer") == 0);
}

static void
read_more(struct journal *journal)
{
	static char part[PART];
	const ssize_t length = pread(journal->fd, part, sizeof(part), (off_t)journal->end);

	if (length <= 0)
		return;
	if (journal->at > 0)
		memmove(journal->text, journal->text + journal->at, journal->length - journal->at);
	journal->length -= journal->at;
	journal->at = 0;
	journal->text = realloc(journal->text, journal->length + (size_t)length);
	if (journal->text == NULL)
		die("memory");
	memcpy(journal->text + journal->length, part, (size_t)length);
	journal->length += (size_t)length;
	journal->end += (uint64_t)length;
}

bool
journal_next(struct journal *journal, uint64_t *number)
{
	const uint64_t begin = journal->end;
	const char *text = journal->text + journal->at;
	const char *end = journal->length > journal->at ? memchr(text, '\n', journal->length - journal->at) : NULL;

	if (end == NULL) {
		read_more(journal);
		return journal->end > begin && journal_next(journal, number);
	}
	journal->damaged |= !is_line(text, (size_t)(end - text) + 1, number);
	journal->at += (size_t)(end - text) + 1;
	return !journal->damaged;
}

/* A record that was cut by the end of weir was never whole: it comes again, or was never settled. */
static void
cut_journal(struct journal *journal)
{
	off_t length = lseek(journal->fd, 0, SEEK_END);
	char byte;

	while (length > 0 && pread(journal->fd, &byte, 1, length - 1) == 1 && byte != '\n')
		length--;
	if (ftruncate(journal->fd, length) < 0)
		die("journal");
}

/* --- what is on disk ------------------------------------------------------------------------------- */

static const char *
path_of(const struct lives *lives, const char *name)
{
	static char path[2][LIVES_PATH + 32];
	static int at;

	at = 1 - at;
	(void)snprintf(path[at], sizeof(path[at]), "%s/%s", lives->folder, name);
	return path[at];
}

struct looking {
	const struct folder *folder;
	uint64_t greatest;
	size_t segments;
};

static void
look_at_block(struct looking *looking, const char *records, size_t length)
{
	const char *last = length > 1 ? memrchr(records, '\n', length - 1) : NULL;
	const uint64_t number = strtoull(last != NULL ? last + 1 : records, NULL, 10);

	if (number > looking->greatest)
		looking->greatest = number;
}

static bool
look_at_file(void *state, const char *name)
{
	struct looking *looking = state;
	struct block block;
	struct scan scan;
	enum scan_found found;
	const char *records;
	uint64_t number, place;
	int fd;

	if (!segment_number(name, &number) || (fd = folder_take(looking->folder, name)) < 0)
		return true;
	looking->segments++;
	scan_init(&scan);
	scan_begin(&scan, fd, 0, (uint64_t)folder_length(fd));
	while ((found = scan_next(&scan, NULL, NULL, &block, &place, &records)) != SCAN_END) {
		if (found == SCAN_WANTS)
			scan_fill(&scan);
		else
			look_at_block(looking, records, (size_t)block.length);
	}
	scan_free(&scan);
	folder_drop(fd);
	return true;
}

static struct looking
look(const struct lives *lives)
{
	struct looking looking = { 0 };
	struct folder folder;

	if (folder_found(path_of(lives, "spool"), false) < 0 || folder_open(&folder, path_of(lives, "spool")) < 0)
		die("spool");
	looking.folder = &folder;
	if (folder_list(&folder, look_at_file, &looking) < 0)
		die("spool");
	folder_close(&folder);
	return looking;
}

size_t
lives_left(const struct lives *lives)
{
	return look(lives).segments;
}

/* --- processes ------------------------------------------------------------------------------------- */

/* What weir is told; a life differs from the next in what may be different each time. */
static void
execute(struct lives *lives, const struct life *life)
{
	static const char *const syncs[] = { "500ms", "1ms", "always", "never" };
	const char *argument[24], **next = argument;
	char spool[LIVES_PATH + 40], report[LIVES_PATH + 40], sync[40], point[40];

	(void)snprintf(spool, sizeof(spool), "--spool=%s", path_of(lives, "spool"));
	(void)snprintf(report, sizeof(report), "--report=%s", path_of(lives, "report"));
	(void)snprintf(sync, sizeof(sync), "--spool-sync=%s", life->point != NULL ? "1ms" : syncs[random_below(&lives->chance, 4)]);
	if (life->point != NULL) {
		(void)snprintf(point, sizeof(point), "%s %u", life->point, life->passing);
		(void)setenv("WEIR_STOP_AT", point, 1);
	}
	*next++ = "weir";
	*next++ = "--format=json";
	*next++ = report;
	*next++ = spool;
	*next++ = sync;
	*next++ = "--spool-size=1M";
	*next++ = random_one_in(&lives->chance, 2) ? "-m64K" : "-m1M";
	for (size_t i = 0; i < 3 && lives->way->option[i] != NULL; i++)
		*next++ = lives->way->option[i];
	if (lives->way->reader != NULL) {
		*next++ = lives->self;
		*next++ = READER;
		*next++ = lives->way->reader;
		*next++ = path_of(lives, "journal");
	}
	*next = NULL;
	(void)execv(lives->weir, (char *const *)(uintptr_t)argument);
	_exit(97);
}

static pid_t
start(struct lives *lives, const struct life *life, int in, int out)
{
	const pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	(void)dup2(in, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)close(in);
	if (out > STDERR_FILENO)
		(void)close(out);
	execute(lives, life);
	return -1;
}

static pid_t
start_producer(struct lives *lives, const struct life *life, const int in[2])
{
	const uint64_t most = lives->known + life->quota;
	const pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		(void)close(in[0]);
		produce(in[1], lives->known + 1, life->to_the_end || most > life->records ? life->records : most, life->to_the_end,
		    lives->way->trickles ? &lives->chance : NULL);
	}
	return pid;
}

/* Of weir's standard output; COMMAND is started by weir. */
static pid_t
start_reader(const struct lives *lives, const int out[2])
{
	const pid_t pid = lives->way->reader == NULL ? fork() : 0;

	if (pid < 0)
		die("fork");
	if (pid == 0 && lives->way->reader == NULL) {
		(void)close(out[1]);
		_exit(keep_journal(out[0], lives->journal.fd, false));
	}
	return pid;
}

/* Waits for weir, which is killed when its time is over; or has ended at a point, or for good. */
static void
await(struct lives *lives, const struct life *life, pid_t weir)
{
	int status = 0;
	bool ended = false;

	for (uint64_t us = 0; !ended && us < (life->to_the_end ? HANGS_US : life->wait_us); us += 300) {
		(void)usleep(300);
		ended = waitpid(weir, &status, WNOHANG) == weir;
	}
	lives->hangs = !ended && life->to_the_end;
	if (!ended)
		(void)kill(weir, SIGKILL);
	if (!ended && waitpid(weir, &status, 0) != weir)
		die("waitpid");
	lives->stopped = ended && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	lives->status = WIFEXITED(status) ? WEXITSTATUS(status) : life->to_the_end || WTERMSIG(status) != SIGKILL ? 128 + WTERMSIG(status) : 0;
}

/* Nobody is left that would write to the journal. */
static void
end_all(struct lives *lives, pid_t producer, pid_t reader, int all)
{
	char byte;

	(void)kill(producer, SIGKILL);
	(void)waitpid(producer, NULL, 0);
	if (reader > 0)
		(void)waitpid(reader, NULL, 0);
	while (read(all, &byte, 1) < 0 && errno == EINTR)
		continue;
	(void)close(all);
	cut_journal(&lives->journal);
}

static void
note_known(struct lives *lives)
{
	const struct looking looking = look(lives);

	if (lives->delivered > lives->known)
		lives->known = lives->delivered;
	if (looking.greatest > lives->known)
		lives->known = looking.greatest;
}

static void
make_pipe(int fd[2])
{
	if (pipe(fd) < 0)
		die("pipe");
	for (int i = 0; i < 2; i++)
		(void)fcntl(fd[i], F_SETFD, FD_CLOEXEC);
}

void
lives_live(struct lives *lives, const struct life *life)
{
	int in[2], out[2], all[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t producer, reader, weir;

	make_pipe(in);
	make_pipe(out);
	make_pipe(all);
	(void)fcntl(all[1], F_SETFD, 0); /* what weir was given is passed on: this ends when the last COMMAND does */
	note_known(lives);
	producer = start_producer(lives, life, in);
	(void)close(in[1]);
	reader = start_reader(lives, out);
	weir = start(lives, life, in[0], lives->way->reader == NULL ? out[1] : null);
	(void)close(in[0]);
	(void)close(out[0]);
	(void)close(out[1]);
	(void)close(null);
	(void)close(all[1]);
	await(lives, life, weir);
	end_all(lives, producer, reader, all[0]);
	lives->count++;
}

/* --- all of them ----------------------------------------------------------------------------------- */

void
lives_init(struct lives *lives, const char *weir, const char *self, uint64_t seed)
{
	*lives = (struct lives){ .weir = weir, .seed = seed };
	lives->self = realpath(self, NULL);
	lives->chance = (struct random){ seed };
	if (weir == NULL || lives->self == NULL)
		die("WEIR");
	(void)signal(SIGPIPE, SIG_IGN);
}

void
lives_begin(struct lives *lives, const struct way *way)
{
	const char *where = getenv("TMPDIR");

	lives->way = way;
	lives->count = lives->delivered = lives->known = 0;
	(void)snprintf(lives->folder, sizeof(lives->folder), "%s/weir-kills-XXXXXX", where != NULL ? where : "/tmp");
	if (mkdtemp(lives->folder) == NULL)
		die("folder");
	lives->journal = (struct journal){ .fd = open(path_of(lives, "journal"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600) };
	if (lives->journal.fd < 0)
		die("journal");
}

void
lives_end(struct lives *lives, bool good)
{
	static const char *const names[] = { "spool/state", "spool/lock", "journal", "report" };

	(void)close(lives->journal.fd);
	free(lives->journal.text);
	for (size_t i = 0; good && i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(lives, names[i]));
	if (good && (rmdir(path_of(lives, "spool")) < 0 || rmdir(lives->folder) < 0))
		die(lives->folder);
}

bool
lives_has_points(const struct lives *lives)
{
	char text[4096];
	int fd[2];
	pid_t pid;
	ssize_t step;
	size_t length = 0;

	if (pipe(fd) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		(void)execl(lives->weir, "weir", "--version", "--verbose", (char *)NULL);
		_exit(97);
	}
	(void)close(fd[1]);
	while ((step = read(fd[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)step;
	text[length] = '\0';
	(void)close(fd[0]);
	(void)waitpid(pid, NULL, 0);
	return strstr(text, "checked at run time") != NULL;
}
