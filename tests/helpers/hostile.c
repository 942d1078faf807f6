/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile: a COMMAND that misbehaves, by seed, and keeps a journal of it (hostile.h).
 *
 *      hostile JOURNAL MODE SEED DEEDS HABITS POISON
 *
 * MODE is batch, line, number, upto, or read (which answers nothing); DEEDS and HABITS are sums of bits, POISON so many
 * records of a thousand that it will not have: a batch with one ends with 65, an answer is a rejection, and with
 * HABIT_CRASHES it ends there.  What a life comes to hangs on the seed, on $WEIR_TRY and $WEIR_FIRST: after
 * TRIES_MOST tries it is patient, so that all runs end.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "hostile.h"
#include "../unit/random.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES_MOST 12
#define ROOM (256 << 10)
#define NOTES_MOST 512
#define PENDING_MOST 256
#define LIFE_S 300 /* whoever forgets it */
#define HANG_US 1500000
#define QUIET_MS 10 /* nothing comes any more, it thinks */

enum mode { BATCH, LINE, NUMBER, UPTO, READ, MODES };

static struct {
	int journal;
	enum mode mode;
	uint64_t seed, try, first, poison;
	unsigned deeds, habits;
	struct random random;
	enum deed deed;
	uint64_t at;               /* after so many records */
	uint64_t taken;
	bool rotten;               /* a batch has poison in it */
	bool dumb;
	char bytes[ROOM];
	size_t have;
	struct note notes[NOTES_MOST];
	size_t noted;
	struct {
		uint64_t number;
		bool rejected;
	} pending[PENDING_MOST];   /* answers */
	size_t pendings, lot;      /* said when there are so many */
} me;

/* --- the journal --------------------------------------------------------------------------------- */

static void
write_notes(void)
{
	const char *from = (const char *)me.notes;
	size_t left = me.noted * sizeof(*me.notes);

	if (left > 0 && write(me.journal, from, left) != (ssize_t)left)
		_exit(99);
	me.noted = 0;
}

static void
note(enum note_kind kind, uint64_t number, uint64_t more)
{
	if (me.noted == NOTES_MOST)
		write_notes();
	me.notes[me.noted++] = (struct note){ kind, (int32_t)getpid(), number, more, 0 };
}

static void
tell(enum note_kind kind, uint64_t number)
{
	note(kind, number, 0);
	write_notes();
}

static void
rest_us(uint64_t us)
{
	const struct timespec time = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };

	(void)nanosleep(&time, NULL);
}

/* --- ends ---------------------------------------------------------------------------------------- */

static _Noreturn void
end(int status)
{
	tell(NOTE_END, (uint64_t)status);
	_exit(status);
}

static _Noreturn void
end_by_signal(void)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE, SIGINT };
	int number = signals[random_below(&me.random, sizeof(signals) / sizeof(signals[0]))];
	sigset_t none;

	tell(NOTE_SIGNAL, (uint64_t)number);
	(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)raise(number);
	_exit(98);
}

static int
some_status(void)
{
	static const int statuses[] = { 1, 75, 2, 3, 4, 5, 64, 126, 127, 128, 143, 255 };

	return statuses[random_below(&me.random, sizeof(statuses) / sizeof(statuses[0]))];
}

/* --- answers ------------------------------------------------------------------------------------- */

static void
say(const char *text, size_t length)
{
	while (!me.dumb && length > 0) {
		ssize_t done = write(STDOUT_FILENO, text, length);

		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			text += done;
			length -= (size_t)done;
		}
	}
}

static void
say_nonsense(void)
{
	static const char *const texts[] = { "what?\n", "\n", "rejecting\n", "-1\n", "0\n", "99999999999999999999999\n",
		"n 4000000000\n" };
	char longer[9000];
	const size_t count = sizeof(texts) / sizeof(texts[0]) - (me.mode == UPTO ? 2 : 0); /* the greatest confirm all */
	size_t which = random_below(&me.random, count + 1);

	tell(NOTE_FALSE, 0);
	if (which < count) {
		say(texts[which], strlen(texts[which]));
		return;
	}
	memset(longer, '.', sizeof(longer));
	longer[5] = '\0';
	longer[sizeof(longer) - 1] = '\n';
	say(longer, sizeof(longer));
}

static size_t
spell(char *to, size_t room, size_t which)
{
	const bool no = me.pending[which].rejected;
	const uint64_t number = me.pending[which].number;

	if (me.mode == LINE)
		return (size_t)snprintf(to, room, "%s\n", no ? "reject" : "ok");
	return (size_t)snprintf(to, room, "%s%" PRIu64 "%s\n", no ? "reject " : "", number,
	    random_one_in(&me.random, 4) ? " 7 done" : "");
}

static void
shuffle(void)
{
	for (size_t i = me.pendings; i > 1; i--) {
		size_t other = random_below(&me.random, i);
		const uint64_t number = me.pending[i - 1].number;
		const bool rejected = me.pending[i - 1].rejected;

		me.pending[i - 1] = me.pending[other];
		me.pending[other].number = number;
		me.pending[other].rejected = rejected;
	}
}

/* `upto`: one answer for all that are no poison up to the next that is. */
static bool
is_covered(size_t which)
{
	return me.mode == UPTO && !me.pending[which].rejected && which + 1 < me.pendings && !me.pending[which + 1].rejected;
}

static void
answer_all(void)
{
	char text[PENDING_MOST * 2 * 48];
	size_t length = 0;

	if (me.pendings == 0)
		return;
	if ((me.habits & HABIT_SHUFFLED) != 0 && me.mode == NUMBER)
		shuffle();
	for (size_t i = 0; i < me.pendings; i++) {
		bool twice = (me.habits & HABIT_TWICE) != 0 && random_one_in(&me.random, 8);

		if (is_covered(i))
			continue;
		for (int times = 0; times <= twice; times++) {
			note(me.pending[i].rejected ? NOTE_NO : me.mode == UPTO ? NOTE_UPTO : NOTE_YES, me.pending[i].number,
			    (uint64_t)times);
			length += spell(text + length, sizeof(text) - length, i);
		}
	}
	write_notes();
	say(text, length);
	if (!me.dumb)
		tell(NOTE_SAID, 0);
	me.pendings = 0;
	me.lot = (me.habits & HABIT_LATE) != 0 ? 1 + random_magnitude(&me.random, 7) : 1;
	if ((me.habits & HABIT_GARBAGE) != 0 && random_one_in(&me.random, 4))
		say_nonsense();
}

static void
answer(uint64_t number, bool rejected)
{
	if (me.mode == BATCH || me.mode == READ)
		return;
	me.pending[me.pendings].number = number;
	me.pending[me.pendings++].rejected = rejected;
	if (me.pendings >= me.lot || me.pendings == PENDING_MOST)
		answer_all();
}

/* --- misdeeds ------------------------------------------------------------------------------------ */

static void
hold_pipes(void)
{
	pid_t pid;

	tell(NOTE_FORK, 0);
	pid = fork();
	if (pid == 0) {
		(void)alarm(LIFE_S);
		tell(NOTE_HOLDER, (uint64_t)getpid());
		for (;;)
			(void)pause();
	}
	if (pid > 0)
		tell(NOTE_HOLDER, (uint64_t)pid);
}

static _Noreturn void
hang(bool deaf)
{
	if (deaf)
		(void)signal(SIGTERM, SIG_IGN);
	tell(NOTE_HANG, deaf);
	if (me.mode == BATCH)
		for (;;)
			(void)pause();
	rest_us(HANG_US); /* who waits for nothing of it waits for its end */
	end(0);
}

static void
do_deed(void)
{
	if (random_one_in(&me.random, 2))
		answer_all();
	switch (me.deed) {
	case DEED_NONE:
	case DEEDS:
		return;
	case DEED_EXIT:
		end(some_status());
	case DEED_SIGNAL:
		end_by_signal();
	case DEED_DATA:
		end(65);
	case DEED_EARLY:
		end(0);
	case DEED_HANG:
	case DEED_HANG_DEAF:
		hang(me.deed == DEED_HANG_DEAF);
	case DEED_CLOSE_IN:
		tell(NOTE_DEAF, 0);
		(void)close(STDIN_FILENO);
		rest_us(random_below(&me.random, 5000));
		answer_all();
		rest_us(random_below(&me.random, 5000));
		end(random_one_in(&me.random, 2) ? 0 : 3);
	case DEED_CLOSE_OUT:
		tell(NOTE_DUMB, 0);
		(void)close(STDOUT_FILENO);
		me.dumb = true;
		me.deed = DEED_NONE;
	}
}

static bool
may(enum deed deed)
{
	return (me.deeds >> deed & 1) != 0;
}

static void
choose_life(void)
{
	uint64_t mixed = me.seed ^ me.first * UINT64_C(0x9e3779b97f4a7c15) ^ me.try << 48;

	me.random.state = mixed;
	me.lot = (me.habits & HABIT_LATE) != 0 ? 1 + random_magnitude(&me.random, 7) : 1;
	me.at = UINT64_MAX;
	if (me.try > TRIES_MOST || random_one_in(&me.random, (me.habits & HABIT_CALM) != 0 ? 2 : 8))
		return;
	me.deed = (enum deed)random_below(&me.random, DEEDS);
	if (!may(me.deed))
		me.deed = DEED_NONE;
	if (me.deed != DEED_NONE)
		me.at = random_below(&me.random, 3) == 0 ? 0 : random_magnitude(&me.random, 9);
}

/* --- records ------------------------------------------------------------------------------------- */

/* A record as it should be, of this number. */
static bool
is_whole(const char *text, size_t length, uint64_t number, uint64_t wanted)
{
	char head[48];
	size_t at = (size_t)snprintf(head, sizeof(head), "%" PRIu64 " %" PRIu64 " ", number, wanted);

	if (wanted != length || at > length || memcmp(text, head, at) != 0)
		return false;
	for (; at < length; at++)
		if (text[at] != (char)('a' + number % 26))
			return false;
	return true;
}

static void
meet_poison(uint64_t number)
{
	if (!is_poison(me.seed, number, me.poison)) {
		answer(number, false);
	} else if ((me.habits & HABIT_CRASHES) != 0) {
		answer_all();
		end(some_status());
	} else {
		me.rotten = true;
		answer(number, true);
	}
}

/* A line without its end. */
static void
take(const char *text, size_t length, bool ended)
{
	uint64_t serial = 0, number = 0, wanted = 0;
	const char *tab = memchr(text, '\t', length);
	bool good = true;

	if (me.habits & HABIT_NUMBERED) {
		good = tab != NULL && sscanf(text, "%" SCNu64, &serial) == 1;
		length -= good ? (size_t)(tab + 1 - text) : 0;
		text = good ? tab + 1 : text;
	}
	if (good && length > 0 && text[0] == '!') {
		note(NOTE_MARK, serial, 0);
		if (me.mode == LINE)
			answer(0, false);
		return;
	}
	good = good && sscanf(text, "%" SCNu64 " %" SCNu64, &number, &wanted) == 2 && is_whole(text, length, number, wanted) &&
	    (serial == 0 || serial == number);
	if (!good) {
		note(ended ? NOTE_TORN : NOTE_PART, number, length);
		if (ended)
			answer(number, false);
		return;
	}
	note(NOTE_TAKE, number, length + ended);
	me.taken++;
	meet_poison(number);
	if (me.taken == me.at)
		do_deed();
	if ((me.habits & HABIT_SLOW) != 0 && random_one_in(&me.random, 32))
		rest_us(random_below(&me.random, 3000));
}

/* The lines that are there; over: and what is behind them. */
static void
take_lines(bool over)
{
	size_t at = 0;
	char *newline;

	while ((newline = memchr(me.bytes + at, '\n', me.have - at)) != NULL) {
		size_t length = (size_t)(newline - (me.bytes + at));

		*newline = '\0';
		take(me.bytes + at, length, true);
		at += length + 1;
	}
	me.bytes[me.have] = '\0';
	if (over && me.have > at) {
		take(me.bytes + at, me.have - at, false);
		at = me.have;
	}
	me.have -= at;
	memmove(me.bytes, me.bytes + at, me.have);
}

/* --- its life ------------------------------------------------------------------------------------ */

/* False: there is no more, or who answers no more has waited in vain. */
static bool
read_more(void)
{
	static const size_t sizes[] = { 1, 50, 512, 4096, 65536 };
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t size = sizes[random_below(&me.random, sizeof(sizes) / sizeof(sizes[0]))];
	ssize_t length;

	if (me.pendings > 0 || me.dumb) {
		if (poll(&input, 1, QUIET_MS) == 0) {
			answer_all();
			return !me.dumb;
		}
	}
	if (size > sizeof(me.bytes) - 1 - me.have)
		size = sizeof(me.bytes) - 1 - me.have;
	if (size == 0)
		_exit(97);
	tell(NOTE_READ, size);
	do
		length = read(STDIN_FILENO, me.bytes + me.have, size);
	while (length < 0 && errno == EINTR);
	if (length <= 0)
		return false;
	me.have += (size_t)length;
	note(NOTE_GOT, (uint64_t)length, 0);
	take_lines(false);
	write_notes();
	return true;
}

static uint64_t
count_of(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static enum mode
mode_of(const char *name)
{
	static const char *const names[MODES] = { "batch", "line", "number", "upto", "read" };
	enum mode mode = BATCH;

	while (mode < MODES && strcmp(names[mode], name) != 0)
		mode++;
	return mode;
}

static void
begin(char *argv[])
{
	static const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(LIFE_S);
	me.journal = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
	me.mode = mode_of(argv[2]);
	me.seed = strtoull(argv[3], NULL, 10);
	me.deeds = (unsigned)strtoul(argv[4], NULL, 10);
	me.habits = (unsigned)strtoul(argv[5], NULL, 10);
	me.poison = strtoull(argv[6], NULL, 10);
	me.try = count_of("WEIR_TRY");
	me.first = count_of("WEIR_FIRST");
	if (me.journal < 0 || me.mode == MODES)
		_exit(96);
	note(NOTE_START, me.try, me.first);
	if (me.mode == BATCH)
		note(NOTE_BATCH, count_of("WEIR_LAST"), count_of("WEIR_RECORDS"));
	write_notes();
	choose_life();
}

int
main(int argc, char *argv[])
{
	if (argc != 7)
		_exit(96);
	begin(argv);
	if ((me.habits & HABIT_HOLDER) != 0 && random_one_in(&me.random, 2))
		hold_pipes();
	if (me.at == 0)
		do_deed();
	while (read_more())
		continue;
	if (!me.dumb) {
		take_lines(true);
		tell(NOTE_EOF, 0);
	}
	answer_all();
	if (me.mode == BATCH && me.rotten)
		end(65);
	if (me.deed == DEED_EXIT && me.mode != BATCH && random_one_in(&me.random, 4))
		end(some_status());
	end(me.dumb && random_one_in(&me.random, 2) ? 7 : 0);
}
