/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches in a bounded area: what goes together, what is found again, and what there is no room for. */
#include "../tap.h"

#include "../random.h"
#include "os/staging.h"

#include "../pipe.h"

static struct staging staging;

static void
commit(struct batch batch, const char *text)
{
	staging_put(&staging, text, strlen(text));
	batch.payload = strlen(text);
	staging_commit(&staging, batch);
	staging_check(&staging);
}

/* The oldest batch: "text records payload flags", "-" for none. */
static const char *
oldest(void)
{
	static char said[128];
	struct batch batch;
	struct iovec piece[2];
	int pieces;

	if (!staging_take(&staging, &batch, piece, &pieces))
		return "-";
	(void)snprintf(said, sizeof(said), "%.*s%.*s %u %u%s%s%s", pieces > 0 ? (int)piece[0].iov_len : 0,
	    (char *)piece[0].iov_base, pieces > 1 ? (int)piece[1].iov_len : 0, (char *)piece[1].iov_base,
	    (unsigned)batch.records, (unsigned)batch.payload, batch.continues ? " continues" : "",
	    batch.open ? " open" : "", batch.owed > 0 ? " owed" : "");
	return said;
}

static const char *
next(void)
{
	const char *said = oldest();

	if (strcmp(said, "-") != 0)
		staging_consume(&staging);
	staging_check(&staging);
	return said;
}

static const struct batch whole = { .records = 1 }, first = { .open = true },
	middle = { .continues = true, .open = true }, last = { .continues = true, .records = 1 };

static void
together(void)
{
	must(staging_init(&staging, 64, 8) == 0);
	is_text(next(), "-", "there is nothing at first");
	commit(whole, "aa.");
	commit(whole, "bb.");
	commit(whole, "ccc.");
	is_text(next(), "aa.bb. 2 6", "whole records go together, as many as a unit holds");
	is_text(next(), "ccc. 1 4", "and the next with others");
	commit(whole, "aa.");
	is_text(oldest(), "aa. 1 3", "what is in use");
	commit(whole, "bb.");
	is_text(next(), "aa. 1 3", "stays as it is");
	is_text(next(), "bb. 1 3", "and what comes then is for itself");
	commit(whole, "a.");
	commit(first, "b");
	commit(middle, "c");
	commit(last, "d.");
	commit(whole, "e.");
	is_text(next(), "a. 1 2", "whole records");
	is_text(next(), "bcd.e. 2 6", "do not go with the beginning of one, which goes with the rest of it");
	commit(first, "123456");
	commit(last, "78.");
	commit(whole, "9.");
	is_text(next(), "123456 0 6 open", "no more than a unit");
	is_text(next(), "78. 1 3 continues", "of parts either");
	is_text(next(), "9. 1 2", "and what follows the last is for itself");
	commit(first, "1");
	commit(whole, "2.");
	is_text(next(), "1 0 1 open", "a part that no other follows");
	is_text(next(), "2. 1 2", "is for itself, too");
	commit((struct batch){ .records = 1, .owed = 1 }, "a");
	commit(whole, "b.");
	is_text(next(), "a 1 1 owed", "a record without its delimiter is the last of its batch");
	is_text(next(), "b. 1 2", "and the next is the first of another");
	staging_put(&staging, "loose", 5);
	staging_retract(&staging);
	commit(whole, "a.");
	is_text(next(), "a. 1 2", "what is retracted was never there");
	staging_free(&staging);
}

/* Against a queue of plain bytes: nothing is lost, doubled or out of its order, wherever the area wraps. */
static void
in_order(void)
{
	struct random random = { 7 };
	uint64_t put = 0, taken = 0, records_put = 0, records_taken = 0;
	bool good = true;

	must(staging_init(&staging, 100, 10) == 0);
	for (unsigned i = 0; i < 100000 && good; i++) {
		size_t length = (size_t)random_from(&random, 1, 15);
		struct batch batch;
		struct iovec piece[2];
		int pieces;
		char text[16];

		if (random_one_in(&random, 2) && staging_room(&staging) >= length) {
			for (size_t j = 0; j < length; j++)
				text[j] = (char)(put++ % 251);
			staging_put(&staging, text, length);
			records_put++;
			staging_commit(&staging, (struct batch){ .records = 1, .payload = length });
		} else if (staging_take(&staging, &batch, piece, &pieces)) {
			for (int j = 0; j < pieces; j++)
				for (size_t k = 0; k < piece[j].iov_len; k++)
					good &= ((char *)piece[j].iov_base)[k] == (char)(taken++ % 251);
			records_taken += batch.records;
			good &= batch.payload == batch.length;
			staging_consume(&staging);
		}
		staging_check(&staging);
	}
	ok(good && taken > 100000, "batches come out as they went in");
	for (struct batch batch; strcmp(oldest(), "-") != 0; staging_consume(&staging)) {
		struct iovec piece[2];
		int pieces;
		must(staging_take(&staging, &batch, piece, &pieces));
		records_taken += batch.records;
		taken += batch.length;
	}
	ok(taken == put && records_taken == records_put, "all of them");
	is(staging_room(&staging), 100, "and then there is all the room again");
	staging_free(&staging);
}

/* The number of batches is bounded, too. */
static void
bounded(void)
{
	size_t count = 0;

	must(staging_init(&staging, 4096, 1) == 0);
	for (; staging_room(&staging) > 0; count++)
		commit(whole, "a.");
	ok(count < 2048 && ring_room(&staging.ring) > 0, "there is no room where no batch is left");
	commit(first, "");
	commit(middle, "");
	commit(last, "");
	ok(true, "but for the end of what has been begun");
	for (size_t i = 0; i < count; i++)
		if (strcmp(next(), "a. 1 2") != 0)
			count = 0;
	ok(count > 0, "and none is overwritten");
	is_text(next(), " 1 0", "a batch may be empty");
	staging_free(&staging);
}

int
main(void)
{
	together();
	in_order();
	bounded();
	return done_testing();
}
