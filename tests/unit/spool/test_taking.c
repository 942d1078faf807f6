/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read back from a disk that cannot always be read: it is tried again, and when it is given up it is counted, and
 * the file stays.
 */
#include "spools.h"

static void
test_passing_error(void)
{
	struct spool *spool;
	struct spool_next next;
	uint64_t before_ns;
	bool right;

	left_behind(1, 200);
	spool = spool_open(&rules);
	disk.read = EIO;
	before_ns = loop_now();
	while (spool->figures.failures < 2 && !spool_next(spool, &next))
		(void)usleep(1000);
	is(spool->figures.failures, 2, "nothing can be read");
	ok(loop_now() - before_ns >= 100 * NS_PER_MS, "nor is it tried all the time");
	disk.read = 0;
	is(spool->figures.corrupt.records, 0, "that is no damage yet");
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 200, "it comes when it can be read");
	ok(right, "in order");
	spool_free(spool);
	(void)names_in("", true);
}

static void
test_lasting_error(void)
{
	struct spool *spool;
	bool right;

	left_behind(1, 200);
	spool = spool_open(&rules);
	disk.read = EIO;
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 0, "nothing can be read");
	is(spool->figures.corrupt.records, 200, "in the end it is counted");
	disk.read = 0;
	ok(spool_is_level(spool) && spool->ahead.bytes == 0, "and the run goes on");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	(void)put_lines(spool, spool_serial(spool), 1, true);
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(spool_end(spool, loop_now() + PATIENCE_NS), 0, "it ends");
	spool_free(spool);
	is(names_in(".seg", false), 1, "what could not be read is not removed");
	(void)names_in("", true);
}

static void
test_hunger(void)
{
	struct spool *spool;
	bool right;

	left_behind(1, 200);
	spool = spool_open(&rules);
	disk.read = ENOMEM;
	is(load_lines(spool, 1, 1500, &right), 0, "there is no memory");
	disk.read = 0;
	is(spool->figures.corrupt.records, 0, "that is never damage");
	is(load_lines(spool, 1, PATIENCE_TRIES, &right), 200, "all comes");
	spool_free(spool);
	(void)names_in("", true);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	test_passing_error();
	test_lasting_error();
	test_hunger();
	(void)rmdir(folder);
	return done_testing();
}
