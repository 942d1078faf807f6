/* SPDX-License-Identifier: BSD-2-Clause */
/* How the file of --metrics is replaced, and what happens to it where it cannot be. */
#include "../tap.h"

#include "../pipe.h"
#include "tell/metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>

static struct options options;
static struct snapshot snapshot;

#define LABELS "name=\"weir\",policy=\"drop-oldest\""

static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.sample = { 1, 1 },
		.name = "weir",
	};
	snapshot = (struct snapshot){ .event = REPORT_INTERVAL, .options = &options, .ledger.in = { 1, 2 } };
}

static char directory[] = "/tmp/weir-unit-XXXXXX";
static char path[64];
static struct metrics metrics;

static int
entries(void)
{
	DIR *open = opendir(directory);
	int count = 0;

	must(open != NULL);
	for (struct dirent *entry; (entry = readdir(open)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(open);
	return count;
}

static void
put_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* What is in a file, "" where it is empty, NULL where there is none. */
static const char *
text_of(const char *name)
{
	static char text[PAGE_MOST];
	FILE *file = fopen(name, "r");
	size_t length;

	if (file == NULL)
		return NULL;
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	return text;
}

static bool
is_page(const char *name)
{
	const char *text = text_of(name);

	return text != NULL && strcmp(text, metrics.text) == 0 && strncmp(text, "# HELP ", 7) == 0;
}

static void
none(void)
{
	is(metrics_open(&metrics, NULL), 0, "no file is asked for");
	is(metrics.directory, -1, "then there is no directory");
	metrics_close(&metrics, 0);
}

static void
replaced(void)
{
	mode_t mask = umask(027);
	struct stat before, after;

	begin();
	is(metrics_open(&metrics, path), 0, "a file that is not there yet");
	is(entries(), 0, "is not made by opening");
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "but by writing");
	must(stat(path, &before) == 0);
	is(before.st_mode & 07777, 0640, "for others to read, as far as the umask has it");
	ok(strstr(metrics.text, "weir_update_time_seconds{" LABELS "} 1") != NULL, "with the time");
	ok(metrics.about.start_ns <= metrics.about.now_ns, "which is not before the start");
	snapshot.ledger.in.records = 77;
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "written again");
	must(stat(path, &after) == 0);
	ok(before.st_ino != after.st_ino, "it is another file");
	is(entries(), 1, "and nothing else is there");
	is(metrics.about.failures, 0, "nothing has failed");
	metrics_close(&metrics, 0);
	is(entries(), 1, "the last page stays");
	(void)umask(mask);
}

static void
where_it_is(void)
{
	static const char *const paths[] = { "plain", "./plain", "sub/../plain" };
	char here[1024];

	must(getcwd(here, sizeof(here)) != NULL && chdir(directory) == 0 && mkdir("sub", 0700) == 0);
	for (size_t i = 0; i < 3; i++) {
		ok(metrics_open(&metrics, paths[i]) == 0 && metrics_write(&metrics, &snapshot),
		    "--metrics=%s", paths[i]);
		must(chdir("/") == 0);
		ok(metrics_write(&metrics, &snapshot), "and from anywhere else");
		must(chdir(directory) == 0);
		ok(is_page("plain"), "is written there");
		(void)unlink("plain");
		metrics_close(&metrics, 0);
	}
	must(chdir(here) == 0 && rmdir(strcat(strcpy(here, directory), "/sub")) == 0);
	is(metrics_open(&metrics, "/weir-unit.prom"), 0, "the root directory is one too");
	is_text(metrics.directory_path, "/", "by its name");
	metrics_close(&metrics, 0);
}

static void
refused(const char *name, int error, const char *what)
{
	is(metrics_open(&metrics, name) < 0 ? errno : 0, error, "%s", what);
	is(metrics.directory, -1, "and no directory stays open");
}

static void
refusals(void)
{
	char name[128];
	int fd;

	refused(directory, EISDIR, "a directory");
	refused(strcat(strcpy(name, directory), "/"), EISDIR, "a name that ends in a slash");
	refused(strcat(strcpy(name, directory), "/.."), EISDIR, "two dots");
	refused("/nowhere/at/all", ENOENT, "a directory that is not there");
	refused("/dev/null/x", ENOTDIR, "or none at all");
	refused("/dev/null", EINVAL, "a device");
	(void)snprintf(name, sizeof(name), "%s/fifo", directory);
	must(mkfifo(name, 0600) == 0);
	refused(name, EINVAL, "a FIFO");
	must(unlink(name) == 0);
	put_file(path, "precious\n");
	fd = open(path, O_WRONLY | O_APPEND);
	must(fd >= 0);
	refused(path, EBUSY, "a file that is open");
	(void)close(fd);
	is_text(text_of(path), "precious\n", "nothing has happened to it");
	is(metrics_open(&metrics, path), 0, "nor is it refused once it is closed");
	metrics_close(&metrics, 0);
}

static void
links(void)
{
	char other[128];
	struct stat file;
	int fd;

	(void)snprintf(other, sizeof(other), "%s/other", directory);
	put_file(other, "precious\n");
	(void)unlink(path);
	must(symlink(other, path) == 0);
	ok(metrics_open(&metrics, path) == 0 && metrics_write(&metrics, &snapshot), "a symbolic link");
	ok(lstat(path, &file) == 0 && S_ISREG(file.st_mode), "is replaced itself");
	is_text(text_of(other), "precious\n", "what it led to stays");
	metrics_close(&metrics, 0);
	(void)unlink(path);
	must(symlink("/dev/null", path) == 0);
	refused(path, EINVAL, "a link to what is no file");
	(void)unlink(path);
	must(symlink(directory, path) == 0);
	refused(path, EISDIR, "a link to a directory");
	(void)unlink(path);
	must((fd = open(other, O_RDONLY)) >= 0 && symlink(other, path) == 0);
	refused(path, EBUSY, "a link to a file that is open");
	(void)close(fd);
	(void)unlink(path);
	must(symlink("nowhere", path) == 0);
	is(metrics_open(&metrics, path), 0, "a link to nothing is good");
	metrics_close(&metrics, 0);
	(void)unlink(path);
	(void)unlink(other);
}

static void
temporary_name(char name[128], int i)
{
	(void)snprintf(name, 128, "%s/.weir-%ld-%d", directory, (long)getpid(), i);
}

static void
left_behind(void)
{
	char name[128], other[128];

	temporary_name(name, 0);
	temporary_name(other, 1);
	put_file(name, "stale");
	must(symlink("/nowhere", other) == 0);
	ok(metrics_open(&metrics, path) == 0 && metrics_write(&metrics, &snapshot) && is_page(path),
	    "a temporary file of another weir does not disturb");
	is_text(text_of(name), "stale", "nor is it disturbed");
	for (int i = 2; i < 16; i++) {
		temporary_name(name, i);
		put_file(name, "stale");
	}
	ok(!metrics_write(&metrics, &snapshot) && errno == EEXIST, "too many do");
	is(metrics.about.failures, 1, "that counts as a failure");
	for (int i = 0; i < 16; i++) {
		temporary_name(name, i);
		must(unlink(name) == 0);
	}
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "once they are gone it is written again");
	ok(strstr(text_of(path), "weir_metrics_failures_total{" LABELS "} 1\n") != NULL, "and tells of it");
	metrics_close(&metrics, 0);
}

/* A page that the file system does not take whole. */
static void
too_large(void)
{
	struct rlimit before, little;

	must(getrlimit(RLIMIT_FSIZE, &before) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	must(metrics_open(&metrics, path) == 0);
	put_file(path, "old\n");
	little = (struct rlimit){ 1000, before.rlim_max };
	must(setrlimit(RLIMIT_FSIZE, &little) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, EFBIG, "a page that does not fit");
	must(setrlimit(RLIMIT_FSIZE, &before) == 0);
	is_text(text_of(path), "old\n", "leaves the old one");
	is(entries(), 1, "and nothing else");
	metrics_close(&metrics, 0);
}

static void
gone(void)
{
	must(metrics_open(&metrics, path) == 0 && unlink(path) == 0 && mkdir(path, 0700) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, EISDIR, "a directory has taken its place");
	is(entries(), 1, "no temporary file stays");
	must(rmdir(path) == 0);
	ok(metrics_write(&metrics, &snapshot) && is_page(path), "and when that is gone it is written");
	must(unlink(path) == 0 && rmdir(directory) == 0);
	is(metrics_write(&metrics, &snapshot) ? 0 : errno, ENOENT, "the directory itself is gone");
	is(metrics.about.failures, 2, "failures are counted");
	metrics_close(&metrics, 0);
}

int
main(void)
{
	pipe_init();
	must(mkdtemp(directory) != NULL);
	(void)snprintf(path, sizeof(path), "%s/weir.prom", directory);
	none();
	replaced();
	where_it_is();
	refusals();
	links();
	left_behind();
	too_large();
	gone();
	return done_testing();
}
