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
	bool right;
	uint64_t began_ns, most;

	left_behind(1, 200);
	spool = spool_open(&rules);
	disk.read = EIO;
	began_ns = loop_now();
	is(load_lines(spool, 1, 150, &right), 0, "nothing can be read");
	disk.read = 0;
	is(spool->figures.corrupt.records, 0, "that is no damage yet");
	/* However long 150 looks took, on a machine that does other things. */
	most = 2 + (loop_now() - began_ns) / SPOOL_RETRY_NS;
	ok(spool->figures.failures > 0 && spool->figures.failures <= most, "nor is it tried all the time");
	is(load_lines(spool, 1, 500, &right), 200, "it comes when it can be read");
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
	is(load_lines(spool, 1, 3000, &right), 0, "nothing can be read");
	is(spool->figures.corrupt.records, 200, "in the end it is counted");
	disk.read = 0;
	ok(spool_is_level(spool) && spool->ahead.bytes == 0, "and the run goes on");
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	(void)put_lines(spool, spool_serial(spool), 1, true);
	spool_settle(spool, (struct tally){ 0, 0 }, 0);
	is(spool_end(spool, loop_now() + 10 * NS_PER_S), 0, "it ends");
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
	is(load_lines(spool, 1, 500, &right), 200, "all comes");
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
