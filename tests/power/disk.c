/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "power/disk.h"

#include "../unit/random.h"
#include "os/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILES 400
#define WRITES 4000
#define NAMES 400
#define NAME 32
#define FD 100000 /* of file 0 */
#define DEPTH 2   /* cuts, one in what comes up after another */

/* A write, or with no bytes a cut, that is not on the disk. */
struct write {
	int file;
	uint64_t offset;
	size_t length;
	char *bytes; /* malloc'd; NULL: a cut */
	bool grows;  /* it stands behind what was there */
};

struct file {
	char *now, *synced; /* malloc'd */
	size_t now_length, synced_length;
};

/* A name was made, or with file -1 removed. */
struct change {
	char name[NAME];
	int file;
};

struct name {
	char name[NAME];
	int file;
};

struct disk {
	struct file file[FILES];
	int files;
	struct write write[WRITES];
	size_t writes;
	struct name name[NAMES], synced_name[NAMES];
	size_t names, synced_names;
	struct change change[NAMES];
	size_t changes;
};

static struct disk disk, left[DEPTH]; /* as they were before each cut */
static int depth;
static uint64_t calls, stop_call, room;
static void (*stop)(void);
static bool failing;

static void *
copy_of(const void *bytes, size_t length)
{
	void *copy = malloc(length > 0 ? length : 1);

	if (copy == NULL)
		abort();
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

static void
clear(struct disk *d)
{
	for (int i = 0; i < d->files; i++) {
		free(d->file[i].now);
		free(d->file[i].synced);
	}
	for (size_t i = 0; i < d->writes; i++)
		free(d->write[i].bytes);
	memset(d, 0, sizeof(*d));
}

void
disk_init(void)
{
	clear(&disk);
	calls = stop_call = 0;
	room = UINT64_MAX;
	failing = false;
}

size_t
disk_pending(void)
{
	return disk.writes + disk.changes;
}

uint64_t
disk_calls(void)
{
	return calls;
}

void
disk_stop_at(uint64_t call, void (*at)(void))
{
	stop_call = call;
	stop = at;
}

void
disk_fail_syncs(bool fail)
{
	failing = fail;
}

bool
disk_fails_syncs(void)
{
	return failing;
}

void
disk_set_room(uint64_t bytes)
{
	room = bytes;
}

uint64_t
disk_room(void)
{
	return room;
}

/* Something is about to be changed. */
static void
step(void)
{
	if (++calls == stop_call)
		stop();
}

/* --- content ------------------------------------------------------------------------------------- */

static void
put(char **text, size_t *length, uint64_t offset, const char *bytes, size_t count)
{
	if (offset + count > *length) {
		char *longer = realloc(*text, offset + count);

		if (longer == NULL)
			abort();
		if (offset > *length)
			memset(longer + *length, 0, offset - *length);
		*text = longer;
		*length = offset + count;
	}
	memcpy(*text + offset, bytes, count);
}

static void
apply(struct file *file, const struct write *write)
{
	if (write->bytes != NULL)
		put(&file->synced, &file->synced_length, write->offset, write->bytes, write->length);
	else if (write->offset < file->synced_length)
		file->synced_length = write->offset;
}

static void
add_write(int file, uint64_t offset, const char *bytes, size_t length, bool grows)
{
	if (disk.writes == WRITES)
		abort();
	disk.write[disk.writes++] = (struct write){ file, offset, length, bytes != NULL ? copy_of(bytes, length) : NULL, grows };
}

static void
forget_write(size_t index)
{
	free(disk.write[index].bytes);
	disk.writes--;
	memmove(&disk.write[index], &disk.write[index + 1], (disk.writes - index) * sizeof(disk.write[0]));
}

static int
find(const struct name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void
set_name(struct name *names, size_t *count, const char *name, int file)
{
	int i = find(names, *count, name);

	if (file < 0 && i >= 0) {
		names[i] = names[--*count];
	} else if (file >= 0) {
		if (i < 0)
			i = (int)(*count)++;
		memcpy(names[i].name, name, NAME);
		names[i].file = file;
	}
}

static void
change_name(const char *name, int file)
{
	struct change *change = &disk.change[disk.changes++];

	if (disk.changes == NAMES)
		abort();
	memset(change->name, 0, NAME);
	memcpy(change->name, name, strlen(name) < NAME ? strlen(name) : NAME - 1);
	change->file = file;
	set_name(disk.name, &disk.names, change->name, file);
}

/* --- power --------------------------------------------------------------------------------------- */

/* A sector that was just being written cannot be read, or is nonsense, with all that stands in it. */
static void
spoil(struct file *file, uint64_t at, size_t sector, struct random *random)
{
	for (uint64_t end = at + sector; at < end && at < file->synced_length; at++)
		file->synced[at] = (char)random_next(random);
}

/* A write that is there in part: of its sectors some, and some are spoilt.  Where a file has grown its length is another thing
 * than its sectors: some of those end at any byte. */
static void
tear(struct file *file, const struct write *write, struct random *random)
{
	const size_t sector = random_one_in(random, 2) ? SECTOR_LEAST : SECTOR_MOST;

	for (uint64_t at = write->offset; at < write->offset + write->length;) {
		uint64_t end = (at / sector + 1) * sector;

		if (end > write->offset + write->length)
			end = write->offset + write->length;
		switch (random_below(random, 3)) {
		case 0:
			put(&file->synced, &file->synced_length, at, write->bytes + (at - write->offset), (size_t)(end - at));
			break;
		case 2:
			if (!write->grows) {
				spoil(file, at / sector * sector, sector, random);
				break;
			}
			put(&file->synced, &file->synced_length, at, write->bytes + (at - write->offset),
			    (size_t)random_below(random, end - at));
			break;
		}
		at = end;
	}
}

/* The disk before the last cut. */
static struct disk *
was(void)
{
	return &left[depth - 1];
}

/* What was synced is there. */
static void
begin_cut(void)
{
	if (depth == DEPTH)
		abort();
	left[depth++] = disk;
	memset(&disk, 0, sizeof(disk));
	disk.files = was()->files;
	for (int i = 0; i < was()->files; i++) {
		disk.file[i].synced = copy_of(was()->file[i].synced, was()->file[i].synced_length);
		disk.file[i].synced_length = was()->file[i].synced_length;
	}
	memcpy(disk.synced_name, was()->synced_name, sizeof(disk.synced_name));
	disk.synced_names = was()->synced_names;
}

/* And nothing else. */
static void
end_cut(void)
{
	for (int i = 0; i < disk.files; i++) {
		disk.file[i].now = copy_of(disk.file[i].synced, disk.file[i].synced_length);
		disk.file[i].now_length = disk.file[i].synced_length;
	}
	memcpy(disk.name, disk.synced_name, sizeof(disk.name));
	disk.names = disk.synced_names;
}

static void
keep_write(size_t index)
{
	apply(&disk.file[was()->write[index].file], &was()->write[index]);
}

static void
keep_change(size_t index)
{
	set_name(disk.synced_name, &disk.synced_names, was()->change[index].name, was()->change[index].file);
}

/* Nothing of it, all of it, a beginning, or any of it. */
void
disk_cut(uint64_t seed)
{
	struct random random = { seed };
	const uint64_t how = random_below(&random, 5);
	size_t last;

	begin_cut();
	last = (size_t)random_below(&random, was()->writes + 1);
	for (size_t i = 0; i < was()->writes; i++) {
		const struct write *write = &was()->write[i];
		const uint64_t fate = how == 0 ? 0 : how == 1 ? 1 : how == 2 ? i < last : random_below(&random, 3);

		if (fate == 1)
			keep_write(i);
		else if (fate == 2 && write->bytes != NULL)
			tear(&disk.file[write->file], write, &random);
	}
	last = (size_t)random_below(&random, was()->changes + 1);
	for (size_t i = 0; i < was()->changes; i++)
		if (how == 1 || (how == 2 && i < last) || (how > 2 && random_one_in(&random, 2)))
			keep_change(i);
	end_cut();
}

void
disk_cut_to(uint64_t kept)
{
	begin_cut();
	for (size_t i = 0; i < was()->writes; i++, kept >>= 1)
		if (kept & 1)
			keep_write(i);
	for (size_t i = 0; i < was()->changes; i++, kept >>= 1)
		if (kept & 1)
			keep_change(i);
	end_cut();
}

void
disk_restore(void)
{
	clear(&disk);
	disk = left[--depth];
	memset(&left[depth], 0, sizeof(left[depth]));
}

/* --- as os/folder has it --------------------------------------------------------------------------- */

int
folder_open(struct folder *folder, const char *path)
{
	(void)path;
	*folder = (struct folder){ FD - 1, -1 };
	return 0;
}

int
folder_fd(const struct folder *folder)
{
	return folder->fd;
}

void
folder_close(struct folder *folder)
{
	*folder = (struct folder){ -1, -1 };
}

int
folder_lock(struct folder *folder, const char *name, pid_t *holder)
{
	(void)name;
	*holder = 0;
	folder->lock = FD - 2;
	return 0;
}

int
folder_list(const struct folder *folder, bool (*one)(void *state, const char *name), void *state)
{
	(void)folder;
	for (size_t i = 0; i < disk.names; i++)
		if (!one(state, disk.name[i].name))
			break;
	return 0;
}

int
folder_make(const struct folder *folder, const char *name)
{
	(void)folder;
	step();
	if (find(disk.name, disk.names, name) >= 0) {
		errno = EEXIST;
		return -1;
	}
	if (disk.files == FILES)
		abort();
	disk.file[disk.files] = (struct file){ copy_of("", 0), copy_of("", 0), 0, 0 };
	change_name(name, disk.files);
	return FD + disk.files++;
}

int
folder_take(const struct folder *folder, const char *name)
{
	int i = find(disk.name, disk.names, name);

	(void)folder;
	if (i < 0) {
		errno = ENOENT;
		return -1;
	}
	return FD + disk.name[i].file;
}

void
folder_drop(int fd)
{
	(void)fd;
}

int64_t
folder_length(int fd)
{
	return (int64_t)disk.file[fd - FD].now_length;
}

int
folder_append(int fd, const struct iovec *piece, int pieces, uint64_t *length)
{
	struct file *file = &disk.file[fd - FD];
	uint64_t sum = 0, at = 0, done;
	char *all;

	step();
	for (int i = 0; i < pieces; i++)
		sum += piece[i].iov_len;
	if ((all = malloc(sum)) == NULL)
		abort();
	for (int i = 0; i < pieces; at += piece[i++].iov_len)
		memcpy(all + at, piece[i].iov_base, piece[i].iov_len);
	done = sum < room ? sum : room;
	if (room != UINT64_MAX)
		room -= done;
	put(&file->now, &file->now_length, *length, all, done);
	add_write(fd - FD, *length, all, done, true);
	free(all);
	*length += done;
	errno = ENOSPC;
	return done < sum ? -1 : 0;
}

int
folder_write(int fd, const void *bytes, size_t length, uint64_t offset)
{
	struct file *file = &disk.file[fd - FD];

	step();
	put(&file->now, &file->now_length, offset, bytes, length);
	add_write(fd - FD, offset, bytes, length, false);
	return 0;
}

ssize_t
folder_read(int fd, void *bytes, size_t length, uint64_t offset)
{
	const struct file *file = &disk.file[fd - FD];

	if (offset >= file->now_length)
		return 0;
	if (length > file->now_length - offset)
		length = file->now_length - offset;
	memcpy(bytes, file->now + offset, length);
	return (ssize_t)length;
}

int
folder_cut(int fd, uint64_t length)
{
	struct file *file = &disk.file[fd - FD];

	step();
	if (room == 0 && length % 2 == 0) { /* on a disk that is full some of that fails, too */
		errno = EIO;
		return -1;
	}
	if (length < file->now_length)
		file->now_length = length;
	add_write(fd - FD, length, NULL, 0, false);
	return 0;
}

int
folder_sync_file(int fd)
{
	step();
	for (size_t i = 0; i < disk.writes;) {
		if (disk.write[i].file != fd - FD) {
			i++;
			continue;
		}
		if (!failing)
			apply(&disk.file[fd - FD], &disk.write[i]);
		forget_write(i); /* one that failed is clean, and lost */
	}
	if (failing)
		errno = EIO;
	return failing ? -1 : 0;
}

int
folder_sync(const struct folder *folder)
{
	(void)folder;
	step();
	for (size_t i = 0; i < disk.changes; i++)
		set_name(disk.synced_name, &disk.synced_names, disk.change[i].name, disk.change[i].file);
	disk.changes = 0;
	return 0;
}

int
folder_remove(const struct folder *folder, const char *name)
{
	(void)folder;
	step();
	if (find(disk.name, disk.names, name) < 0) {
		errno = ENOENT;
		return -1;
	}
	change_name(name, -1);
	return 0;
}

int
folder_found(const char *path, bool lasting)
{
	(void)path;
	(void)lasting;
	return 0;
}
