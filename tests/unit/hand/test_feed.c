/* SPDX-License-Identifier: BSD-2-Clause */
/* When a feed hears the answers of a reader that is not its own, through a whole pump, by a clock of its own. */
#include "../pumped.h"
#include "../effort.h"

#include "hand/feed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct feed feeding;
static struct breaker breaker;
static int answers; /* written to by the reader */

bool
warden_start(struct warden *warden, const struct warden_job *job)
{
	(void)warden;
	answers = dup(job->streams[1]);
	return true;
}

bool
warden_terminate(struct warden *warden, uint64_t id)
{
	(void)warden;
	(void)id;
	return true;
}

static void
begin_feed(const char *command_line)
{
	struct chance chance;
	int ends[2];

	begin(command_line);
	chance_init(&chance, true, 1);
	breaker_init(&breaker, NS_PER_S, NS_PER_S, chance);
	must(pipe(ends) == 0);
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
	answers = ends[1];
	feed_init(&feeding, &rig.options, NULL, &breaker, -1, ends[0]);
	feed_begin(&feeding, &rig.pump, rig.now);
}

static void
finish_feed(void)
{
	(void)close(answers);
	feed_free(&feeding);
	finish();
}

static uint64_t
in_flight(void)
{
	return pump_in_flight(&rig.pump).records;
}

/* As the run does: a pass, then the step. */
static void
turn(uint64_t later_ns)
{
	rig.now += later_ns;
	pass();
	feed_step(&feeding, rig.now);
}

static void
answer(const char *text)
{
	must(write(answers, text, strlen(text)) == (ssize_t)strlen(text));
}

/* One record more, answered, and heard. */
static void
begin_conversation(void)
{
	feed(1, 10);
	turn(0);
	answer("\n");
	feed_hear(&feeding, rig.now);
	must(in_flight() == 0);
}

static void
waits(void)
{
	uint64_t heard;

	begin_feed("--confirm=line --answers=x --window=10");
	feed(1, 10);
	turn(0);
	ok(feed_is_listening(&feeding), "the first answer is heard when it comes");
	answer("\n");
	feed_hear(&feeding, rig.now);
	heard = rig.now;
	feed(1, 10);
	turn(1);
	answer("\n");
	ok(!feed_is_listening(&feeding), "the next one, that nobody waits for, wakes nobody");
	ok(feed_deadline_ns(&feeding) == heard + NS_PER_MS, "but it will be heard a millisecond later");
	turn(NS_PER_MS - 2);
	ok(in_flight() == 1, "it is not before");
	turn(1);
	ok(in_flight() == 0, "then it is");
	turn(NS_PER_MS);
	ok(feed_is_listening(&feeding) && feed_deadline_ns(&feeding) == UINT64_MAX, "where none came the next one wakes, and no clock");
	finish_feed();
}

static void
wanted(void)
{
	begin_feed("--confirm=line --answers=x --window=10");
	begin_conversation();
	feed(4, 10);
	turn(1);
	ok(!feed_is_listening(&feeding), "four in flight, of ten: nobody waits");
	feed(1, 10);
	turn(1);
	ok(feed_is_listening(&feeding), "five of ten: it is listened for");
	finish_feed();
	begin_feed("--confirm=line --answers=x --window=100B");
	begin_conversation();
	feed(4, 10);
	turn(1);
	ok(!feed_is_listening(&feeding), "40 bytes of 100: not");
	feed(1, 10);
	turn(1);
	ok(feed_is_listening(&feeding), "50: it is");
	finish_feed();
	begin_feed("--confirm=line --answers=x --window=1");
	begin_conversation();
	turn(1);
	ok(feed_is_listening(&feeding), "with a window of one always");
	finish_feed();
	begin_feed("--confirm=line --answers=x -p drop-oldest --max-records=5");
	begin_conversation();
	rig.little = true;
	change_reader(true);
	rig.little = false;
	feed(100, 100);
	turn(1);
	ok(pump_is_refused(&rig.pump) && feed_is_listening(&feeding), "and where the pipe is full");
	finish_feed();
}

static void
ends(void)
{
	begin_feed("--confirm=line --answers=x");
	begin_conversation();
	feed(1, 10);
	turn(1);
	ok(pump_awaited(&rig.pump) == WAIT_INPUT, "while it is read it is the input that is waited for");
	end_input();
	turn(1);
	ok(feed_is_listening(&feeding), "where no more is read it is listened for");
	ok(pump_awaited(&rig.pump) == WAIT_OUTPUT, "and it is the reader that is waited for");
	finish_feed();
}

/* As at a signal: no more is read, and what has begun to come never ends. */
static void
stops_within_a_record(void)
{
	begin_feed("--confirm=line --answers=x");
	begin_conversation();
	feed(1, 10);
	must(write(rig.writer, "half", 4) == 4);
	turn(1);
	ok(pump_has_reader(&rig.pump) && pump_held(&rig.pump).bytes == 14 && pump_due_bytes(&rig.pump) == 14,
	    "while weir reads, what is begun is due as well");
	pump_stop(&rig.pump, rig.now);
	turn(1);
	ok(pump_held(&rig.pump).bytes == 14 && pump_due_bytes(&rig.pump) == 10, "once it does not, it is held, and not due");
	ok(!pump_has_reader(&rig.pump), "all that is due has gone: the reader's input ends");
	ok(feeding.end == READER_GOES_ON, "what has gone is not confirmed yet");
	answer("\n");
	feed_hear(&feeding, rig.now);
	turn(1);
	ok(pump_done(&rig.pump) && feeding.end == READER_DONE && pump_held(&rig.pump).bytes == 4, "once it is, it is over");
	finish_feed();
}

static void
silent(void)
{
	begin_feed("--confirm=line --answers=x --timeout=1us");
	begin_conversation();
	feed(1, 10);
	turn(1);
	answer("\n");
	turn((NS_PER_MS / 1000));
	ok(in_flight() == 0 && feeding.end == READER_GOES_ON, "an answer that is there is heard before --timeout is over");
	feed(1, 10);
	turn(1);
	ok(!feed_is_listening(&feeding) && feed_deadline_ns(&feeding) == rig.now + (NS_PER_MS / 1000), "that is when weir wakes");
	turn((NS_PER_MS / 1000));
	ok(feeding.end == READER_SILENT, "and without one it has failed");
	finish_feed();
	begin_feed("--confirm=line --answers=x --timeout=10ms");
	begin_conversation();
	feed(1, 10);
	turn(1);
	answer("\n");
	turn(NS_PER_MS);
	feed(1, 10);
	turn(NS_PER_S);
	ok(feeding.end == READER_GOES_ON && feed_deadline_ns(&feeding) <= rig.now + 10 * NS_PER_MS,
	    "while nothing was in flight it had no time to keep");
	finish_feed();
}

static void
lose_reader(void)
{
	feed(1, 10);
	turn(1);
	(void)close(rig.reader);
	rig.reader = -1;
	feed(1, 10);
	turn(1);
	turn(1);
	turn(NS_PER_MS);
	turn(NS_PER_S);
}

static void
discarding(void)
{
	static const char *const ways[] = { "read", "line", "line --answers=x --timeout=1s", "read --timeout=1s",
		"read --stall=1s", "line --stall=1s" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "--reader-gone=discard --confirm=%s%s", ways[i],
		    strncmp(ways[i], "line", 4) == 0 ? " --answers=x" : "");
		begin_feed(line);
		lose_reader();
		ok(pump_is_discarding(&rig.pump) && feeding.end == READER_GOES_ON && in_flight() > 0,
		    "--confirm=%s: the reader has gone, and weir goes on", ways[i]);
		ok(feed_deadline_ns(&feeding) == UINT64_MAX, "and no clock wakes it");
		finish_feed();
	}
	begin_feed("--confirm=line --answers=x --reader-gone=discard");
	begin_conversation();
	lose_reader();
	ok(feed_is_listening(&feeding) && feed_deadline_ns(&feeding) == UINT64_MAX, "nor what was to be heard later");
	answer("\n");
	feed_hear(&feeding, rig.now);
	ok(in_flight() == 0, "what it had said before is heard");
	turn(1);
	ok(feed_is_listening(&feeding), "and whatever else it had");
	finish_feed();
}

/* A FIFO that nobody has opened yet has no end. */
static void
unopened(void)
{
	char folder[] = "/tmp/weir-unit-XXXXXX", path[64];
	int fifo;

	must(mkdtemp(folder) != NULL);
	(void)snprintf(path, sizeof(path), "%s/fifo", folder);
	must(mkfifo(path, 0600) == 0);
	must((fifo = open(path, O_RDONLY | O_NONBLOCK)) >= 0);
	begin_feed("--confirm=line --answers=x --timeout=1s");
	must(dup2(fifo, feeding.answers_from) >= 0);
	feed(1, 10);
	turn(0);
	turn(NS_PER_S / 2);
	ok(feeding.end == READER_GOES_ON && !feeding.answers_over, "answers of which nobody has opened the FIFO yet may come");
	turn(NS_PER_S / 2);
	ok(feeding.end == READER_SILENT && !feeding.answers_over, "until --timeout is over, and not for longer");
	finish_feed();
	(void)close(fifo);
	(void)unlink(path);
	(void)rmdir(folder);
}

/* What has ended the run is not forgotten since nobody reads. */
static void
broken(void)
{
	begin_feed("--confirm=line --answers=x --reader-gone=discard");
	begin_conversation();
	feeding.end = READER_BROKEN;
	pump_discard(&rig.pump);
	end_input();
	turn(1);
	turn(1);
	ok(feeding.end == READER_BROKEN, "answers that could not be read end the run, also where nobody reads any more");
	finish_feed();
}

/* --- the last words ------------------------------------------------------------------------------- */

/* Answers to five records: more than is heard at once. */
static int
say_much(void)
{
	static char line[60000];
	FILE *file = tmpfile();

	must(file != NULL);
	memset(line, '.', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 5; i++)
		must(write(fileno(file), line, sizeof(line)) == sizeof(line));
	must(lseek(fileno(file), 0, SEEK_SET) == 0);
	must(dup2(fileno(file), feeding.answers_from) >= 0);
	return fclose(file);
}

static void
last_words(void)
{
	struct warden_told told = { .id = 1 };

	begin_feed("--confirm=line --answers=x --window=10");
	feed(5, 10);
	turn(0);
	must(say_much() == 0);
	feed_hear(&feeding, rig.now);
	ok(in_flight() == 3 && feed_deadline_ns(&feeding) == rig.now, "of much that is said the data does not wait for all");
	feed_hear_rest(&feeding, rig.now);
	ok(in_flight() == 0 && !feeding.answers_over, "but where it is the last time for what is there");
	finish_feed();

	begin_feed("--confirm=line --restart --window=10 cat");
	feed_told(&feeding, WARDEN_STARTED, &told, rig.now);
	feed(5, 10);
	turn(0);
	must(in_flight() == 5 && say_much() == 0);
	feed_told(&feeding, WARDEN_ENDED, &told, rig.now);
	ok(in_flight() == 0 && feeding.failures == 1, "COMMAND has ended: all that it had said is heard");
	finish_feed();
}

/* A child of COMMAND's, say. */
static void
without_end(void)
{
	static const char text[4096];
	pid_t child;

	begin_feed("--confirm=line --answers=x");
	child = fork();
	must(child >= 0);
	if (child == 0) {
		while (write(answers, text, sizeof(text)) > 0)
			continue;
		_exit(0);
	}
	while (!loop_ready(feeding.answers_from, false))
		continue;
	effort_limit(); /* for ever, if it is */
	feed_hear_rest(&feeding, rig.now);
	effort_free();
	ok(!feeding.answers_over, "who goes on talking is not waited for");
	must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	finish_feed();
}

int
main(void)
{
	pipe_init();
	waits();
	wanted();
	ends();
	stops_within_a_record();
	silent();
	discarding();
	unopened();
	broken();
	last_words();
	without_end();
	return done_testing();
}
