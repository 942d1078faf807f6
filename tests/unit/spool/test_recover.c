/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is found when a spool is opened, and must not be touched: what another version has written, what cannot be read now,
 * what is of another spool.
 */
#include "spools.h"

#define FIRST "0000000000000001.seg"
#define SECOND "0000000000000002.seg"

static unsigned char was[1 << 20], is_now[1 << 20];

/* It cannot be opened, and nothing is another than it was. */
static bool
refuses(void)
{
	const size_t length = contents(FIRST, was, sizeof(was));
	struct spool *spool = spool_open(&rules);
	const bool refused = spool == NULL;

	spool_free(spool);
	return refused && contents(FIRST, is_now, sizeof(is_now)) == length && memcmp(was, is_now, length) == 0;
}

/* The head of the first block says that it is of this version, and is whole. */
static void
set_version(uint64_t place, unsigned version)
{
	unsigned char head[BLOCK_HEADER], *at = head + 8;

	(void)contents(FIRST, was, sizeof(was));
	memcpy(head, was + place, sizeof(head));
	little_put(&at, version, 2);
	at = head + 84;
	little_put(&at, crc32c(0, head, 84), 4);
	change(FIRST, place, head, sizeof(head));
}

static void
test_versions(void)
{
	const uint64_t second = BLOCK_HEADER + 50 * LINE;
	unsigned char own[STATE_SLOT], slot[STATE_SLOT], *at = slot + 8;
	struct spool *spool;
	bool right;

	left_behind(1, 100);
	set_version(0, 3);
	ok(refuses(), "a block of another version: refused, nothing touched");
	set_version(0, 1);
	set_version(second, 4);
	ok(refuses(), "also behind others");
	set_version(second, 1);
	change(FIRST, 8, "\2", 1);
	spool = spool_open(&rules);
	ok(spool != NULL && spool->figures.corrupt.records == 0, "a version that is a bit that is another one is damage");
	is(load_lines(spool, 51, PATIENCE_TRIES, &right), 50, "and the rest comes");
	spool_free(spool);
	(void)names_in("", true);

	left_behind(1, 100);
	(void)contents("state", slot, sizeof(slot));
	memcpy(own, slot, sizeof(own));
	little_put(&at, 2, 2);
	at = slot + STATE_SLOT - 4;
	little_put(&at, crc32c(0, slot, STATE_SLOT - 4), 4);
	change("state", STATE_PAGE, slot, STATE_SLOT);
	ok(refuses(), "a state of another version in one slot: refused, nothing touched");
	change("state", 0, slot, STATE_SLOT);
	ok(refuses(), "in both");
	change("state", 0, own, STATE_SLOT);
	change("state", STATE_PAGE, own, STATE_SLOT);
	spool = spool_open(&rules);
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 100, "as it was it is read");
	ok(right, "in order");
	spool_free(spool);
	(void)names_in("", true);
}

static void
test_errors(void)
{
	static const int errors[] = { EIO, ENXIO };
	struct spool *spool;
	bool right;

	left_behind(1, 200);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		disk.read = errors[i];
		ok(refuses(), "what cannot be read is no damage: %s", strerror(errors[i]));
		disk.read = 0;
	}
	(void)rename(path_of("state"), path_of("aside"));
	disk.read = EIO;
	ok(refuses(), "without a state neither");
	disk.read = 0;
	(void)unlink(path_of("state"));
	(void)rename(path_of("aside"), path_of("state"));
	spool = spool_open(&rules);
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 200, "when it can be read all is there");
	ok(right, "in order");
	spool_free(spool);
	(void)names_in("", true);
}

/* A segment of another spool, newer than all that is there. */
static void
plant(void)
{
	char own[300];

	(void)snprintf(own, sizeof(own), "%s/own", folder);
	(void)mkdir(own, 0700);
	rules.path = own;
	left_behind(1001, 50);
	rules.path = folder;
	(void)rename(path_of("own/" FIRST), path_of("0000000000000009.seg"));
	(void)unlink(path_of("own/state"));
	(void)unlink(path_of("own/lock"));
	(void)rmdir(own);
}

static void
test_strangers(void)
{
	struct spool *spool;
	bool right;

	left_behind(1, 100);
	plant();
	spool = spool_open(&rules);
	ok(spool != NULL && spool->figures.recovered.records == 100, "a segment of another spool is none of this one's");
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 100, "which is all there");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(spool_end(spool, loop_now() + PATIENCE_NS), 0, "it ends");
	spool_free(spool);
	is(names_in(".seg", false), 1, "and the stranger is left");
	(void)names_in("", true);

	left_behind(1, 100);
	plant();
	(void)unlink(path_of("state"));
	spool = spool_open(&rules);
	ok(spool != NULL && spool->figures.recovered.records == 50 && spool->figures.corrupt.records == 0,
	    "without a state it is that of the newest");
	is(load_lines(spool, 1001, PATIENCE_TRIES, &right), 50, "which is all there");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(spool_end(spool, loop_now() + PATIENCE_NS), 0, "it ends");
	spool_free(spool);
	is(contents(FIRST, was, sizeof(was)), 2 * (BLOCK_HEADER + 50 * LINE), "and the other is left as it was");
	(void)names_in("", true);
}

/* What is no file is none of weir's making; what was read to its end and holds no block is of no use. */
static void
test_names(void)
{
	struct spool *spool;

	(void)mkdir(path_of(FIRST), 0700);
	ok(symlink("nowhere", path_of(SECOND)) == 0, "a link");
	(void)close(open(path_of("0000000000000003.seg"), O_CREAT | O_WRONLY, 0600));
	spool = spool_open(&rules);
	is(spool_end(spool, loop_now() + PATIENCE_NS), 0, "directories and links that are named as segments are");
	spool_free(spool);
	is(names_in(".seg", false), 2, "they are left, and a file without a block is not");
	(void)rmdir(path_of(FIRST));
	(void)names_in("", true);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	test_versions();
	test_errors();
	test_strangers();
	test_names();
	(void)rmdir(folder);
	return done_testing();
}
