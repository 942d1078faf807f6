/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "damage/harm.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES 400
#define NAME 24
#define PAGE 4096

struct names {
	char name[NAMES][NAME];
	size_t count;
};

struct harm {
	struct random *chance;
	const char *folder, *older;
	struct names here;
};

/* --- files ----------------------------------------------------------------------------------------- */

static int
by_name(const void *one, const void *other)
{
	return strcmp(one, other);
}

/* Segments and the state, in an order that is the same in every run. */
static void
list_names(const char *folder, struct names *names)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	names->count = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0 && names->count < NAMES)
			(void)snprintf(names->name[names->count++], NAME, "%.*s", NAME - 1, entry->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	qsort(names->name, names->count, NAME, by_name);
}

static const char *
any(struct random *chance, const struct names *names)
{
	return names->count > 0 ? names->name[random_below(chance, names->count)] : NULL;
}

static const char *
any_segment(struct random *chance, const struct names *names)
{
	const char *name = any(chance, names);

	return name != NULL && strstr(name, ".seg") != NULL ? name : NULL;
}

static const char *
path_of(const char *folder, const char *name)
{
	static char path[2][HARM_PATH];
	static int at;

	at = 1 - at;
	(void)snprintf(path[at], HARM_PATH, "%s/%s", folder, name);
	return path[at];
}

static uint64_t
length_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void
overwrite(const char *path, const void *bytes, size_t length, uint64_t at)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, bytes, length, (off_t)at) != (ssize_t)length)
		abort();
	(void)close(fd);
}

void
harm_copy(const char *from, const char *to)
{
	static char bytes[1 << 16];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t length;

	if (in < 0 || out < 0)
		abort();
	while ((length = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)length) != length)
			abort();
	(void)close(in);
	(void)close(out);
}

/* --- what befalls them ----------------------------------------------------------------------------- */

static bool
flip_bits(struct harm *harm)
{
	const char *name = any(harm->chance, &harm->here);
	const char *path = name != NULL ? path_of(harm->folder, name) : NULL;
	const uint64_t length = path != NULL ? length_of(path) : 0;
	unsigned char byte;

	for (uint64_t i = random_from(harm->chance, 1, 3); i > 0 && length > 0; i--) {
		const uint64_t at = random_below(harm->chance, length);
		int fd = open(path, O_RDONLY);

		if (fd < 0 || pread(fd, &byte, 1, (off_t)at) != 1)
			abort();
		(void)close(fd);
		byte ^= (unsigned char)(1 << random_below(harm->chance, 8));
		overwrite(path, &byte, 1, at);
	}
	return length > 0;
}

static bool
zero_page(struct harm *harm)
{
	static const char zeros[PAGE];
	const char *name = any(harm->chance, &harm->here);
	const char *path = name != NULL ? path_of(harm->folder, name) : NULL;
	const uint64_t length = path != NULL ? length_of(path) : 0;
	const uint64_t size = random_one_in(harm->chance, 2) ? PAGE : 512;
	uint64_t at;

	if (length == 0)
		return false;
	at = random_below(harm->chance, length) / size * size;
	overwrite(path, zeros, (size_t)(at + size < length ? size : length - at), at);
	return true;
}

static bool
cut(struct harm *harm)
{
	const char *name = any(harm->chance, &harm->here);
	const char *path = name != NULL ? path_of(harm->folder, name) : NULL;

	return path != NULL && truncate(path, (off_t)random_below(harm->chance, length_of(path) + 1)) == 0;
}

static bool
swap_names(struct harm *harm)
{
	const char *one = any_segment(harm->chance, &harm->here), *other = any_segment(harm->chance, &harm->here);

	if (one == NULL || other == NULL || strcmp(one, other) == 0)
		return false;
	(void)rename(path_of(harm->folder, one), path_of(harm->folder, "aside"));
	(void)rename(path_of(harm->folder, other), path_of(harm->folder, one));
	return rename(path_of(harm->folder, "aside"), path_of(harm->folder, other)) == 0;
}

/* The state, or a segment, as it once was. */
static bool
bring_back(struct harm *harm, bool state)
{
	struct names older;
	const char *name;

	list_names(harm->older, &older);
	name = state ? "state" : any_segment(harm->chance, &older);
	if (older.count == 0 || name == NULL || access(path_of(harm->older, name), R_OK) < 0)
		return false;
	harm_copy(path_of(harm->older, name), path_of(harm->folder, name));
	return true;
}

static bool
older_state(struct harm *harm)
{
	return bring_back(harm, true);
}

static bool
older_segment(struct harm *harm)
{
	return bring_back(harm, false);
}

static bool
remove_one(struct harm *harm)
{
	const char *name = any(harm->chance, &harm->here);

	return name != NULL && unlink(path_of(harm->folder, name)) == 0;
}

/* The same once more, with a number in front of it, behind all, or of one that has gone. */
static bool
double_one(struct harm *harm)
{
	const char *name = any_segment(harm->chance, &harm->here);
	char other[NAME];

	if (name == NULL)
		return false;
	(void)snprintf(other, sizeof(other), "%016" PRIx64 ".seg", random_below(harm->chance, 200));
	if (access(path_of(harm->folder, other), R_OK) == 0)
		return false;
	harm_copy(path_of(harm->folder, name), path_of(harm->folder, other));
	return true;
}

static bool
append_garbage(struct harm *harm)
{
	const char *name = any(harm->chance, &harm->here);
	const char *path = name != NULL ? path_of(harm->folder, name) : NULL;
	uint64_t garbage[64];

	if (path == NULL)
		return false;
	for (size_t i = 0; i < 64; i++)
		garbage[i] = random_next(harm->chance);
	overwrite(path, garbage, (size_t)random_from(harm->chance, 1, sizeof(garbage)), length_of(path));
	return true;
}

/* A part of one over a part of another: blocks at places where they never were. */
static bool
graft(struct harm *harm)
{
	static char bytes[3 * PAGE];
	const char *name = any_segment(harm->chance, &harm->here), *other = any_segment(harm->chance, &harm->here);
	uint64_t length;
	ssize_t got;
	int fd;

	if (name == NULL || other == NULL || (length = length_of(path_of(harm->folder, name))) == 0)
		return false;
	if ((fd = open(path_of(harm->folder, name), O_RDONLY)) < 0)
		abort();
	got = pread(fd, bytes, (size_t)random_from(harm->chance, 1, sizeof(bytes)), (off_t)random_below(harm->chance, length));
	(void)close(fd);
	if (got > 0)
		overwrite(path_of(harm->folder, other), bytes, (size_t)got,
		    random_below(harm->chance, length_of(path_of(harm->folder, other)) + 1));
	return got > 0;
}

static const struct {
	bool (*harm)(struct harm *harm);
	const char *name;
} harms[] = {
	{ flip_bits, "bits" },
	{ zero_page, "a page of zeros" },
	{ cut, "cut" },
	{ swap_names, "swapped" },
	{ older_state, "an older state" },
	{ older_segment, "an older segment" },
	{ remove_one, "removed" },
	{ double_one, "doubled" },
	{ append_garbage, "garbage behind" },
	{ graft, "a part elsewhere" },
};

const char *
harm_some(struct random *chance, const char *folder, const char *older)
{
	static struct harm harm;
	const size_t which = (size_t)random_below(chance, sizeof(harms) / sizeof(harms[0]));

	harm.chance = chance;
	harm.folder = folder;
	harm.older = older;
	list_names(folder, &harm.here);
	return harms[which].harm(&harm) ? harms[which].name : NULL;
}
