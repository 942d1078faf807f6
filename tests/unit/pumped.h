/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pumped: a pump for a command line, between two pipes of which the test holds the other ends, by a clock that the test
 * sets; and readers that come and go.
 *
 * Its records say which they are: each begins with its serial, six digits.
 */
#ifndef WEIR_TEST_PUMPED_H
#define WEIR_TEST_PUMPED_H

#include "tap.h"

#include "pipe.h"
#include "random.h"
#include "flow/handed.h"

#include <errno.h>

#define PUMPED_ARGUMENTS 24
#define PUMPED_MOST ((size_t)1 << 20)

static struct rig {
	char words[2][256]; /* by turns: getopt keeps a pointer into the last one */
	char *argv[2][PUMPED_ARGUMENTS]; /* the options point to COMMAND in it */
	unsigned turn;
	struct options options;
	struct pump pump;
	struct sojourn *sojourn;
	struct marks *marks;
	uint64_t now;
	int writer; /* of what the pump reads, or -1 */
	int reader; /* of what it writes, or -1 */
	bool little; /* the output takes 512 bytes at a time */
	bool numbers; /* --number is written; else only the record says which it is */
	uint64_t serial;   /* of the last record that was made */
	char left[16384];  /* of the last records what is not written yet */
	size_t left_at, left_length;
	char got[PUMPED_MOST]; /* what this reader has read, */
	size_t got_length;
	size_t seen;           /* and how much of it the test has looked at */
} rig;

/* A pipe, as small as can be had; the port is its one end, the test's is the other. */
static inline int
open_reader(struct io_port *port)
{
	int out[2];

	must(pipe(out) == 0);
#ifdef F_SETPIPE_SZ
	if (rig.little)
		(void)fcntl(out[1], F_SETPIPE_SZ, 4096);
#endif
	io_open_output(port, out[1]);
	if (rig.little) {
		port->way = IO_WAY_POLLED;
		port->terminal = true;
	}
	rig.got_length = rig.seen = 0;
	return out[0];
}

/* Whether this weir takes it: there is nothing in it that was not built. */
static inline bool
can_begin(const char *command_line)
{
#ifdef HAVE_PCRE2
	(void)command_line;
	return true;
#else
	return strstr(command_line, "--keep=") == NULL;
#endif
}

static inline void
begin(const char *command_line)
{
	char *words = rig.words[++rig.turn % 2], **argv = rig.argv[rig.turn % 2];
	struct io_port input, output;
	int argc = 0, in[2];

	memset(rig.words, '\0', sizeof(rig.words));
	(void)snprintf(words, sizeof(rig.words[0]), "weir %s", command_line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	must(options_parse(argc, argv, &rig.options) == OPTIONS_RUN);
	if (!rig.numbers)
		rig.options.reader.number_template = NULL; /* what comes has a number of its own */
	must(pipe(in) == 0);
	rig.writer = in[1];
	rig.now = NS_PER_S;
	rig.serial = 0;
	rig.left_at = rig.left_length = 0;
	io_open_input(&input, in[0]);
	pipe_find_way(&input);
	rig.reader = open_reader(&output);
	must(pump_init(&rig.pump, &rig.options, &input, &output, rig.now) == 0);
	must((rig.sojourn = sojourn_new()) != NULL);
	rig.marks = NULL;
	if (options_mark(&rig.options)) {
		const struct mark_style style = { .pattern = rig.options.mark_template, .name = "weir",
			.delimiter = rig.options.framing.delimiter, .framing = &rig.options.framing,
			.repeated = rig.options.repeated_template };

		must((rig.marks = marks_new(4096, &style)) != NULL);
	}
	pump_observe(&rig.pump, rig.sojourn, rig.marks, NULL, NULL);
}

static inline void
end_input(void)
{
	(void)close(rig.writer);
	rig.writer = -1;
}

static inline void
finish(void)
{
	(void)io_close(&rig.pump.input_port);
	if (!rig.pump.outlet.absent && !rig.pump.plan.batching)
		(void)io_close(&rig.pump.outlet.port);
	if (rig.reader >= 0)
		(void)close(rig.reader);
	if (rig.writer >= 0)
		end_input();
	pump_free(&rig.pump);
	options_free(&rig.options);
	marks_free(rig.marks);
	sojourn_free(rig.sojourn);
}

/* Another reader, or none. */
static inline void
change_reader(bool another)
{
	struct io_port port;
	int reader = another ? open_reader(&port) : -1;

	pump_change_reader(&rig.pump, another ? &port : NULL);
	if (rig.reader >= 0)
		(void)close(rig.reader);
	rig.reader = reader;
}

/* As many bytes as fit into the pipe; whether all are there. */
static inline bool
write_left(void)
{
	size_t length = rig.left_length - rig.left_at;
	ssize_t done;

	if (length > 0 && pipe_ready(rig.writer, POLLOUT)) {
		done = write(rig.writer, rig.left + rig.left_at, length < PIPE_BUF ? length : PIPE_BUF);
		must(done > 0);
		rig.left_at += (size_t)done;
	}
	return rig.left_at == rig.left_length;
}

/* One more record, of this length at least (of 10 at least), whose second word is this letter. */
static inline void
make_record(size_t length, char word, unsigned char delimiter)
{
	char *text = rig.left + rig.left_length;

	must(rig.left_length + length <= sizeof(rig.left));
	memset(text, 'x', length);
	(void)snprintf(text, 10, "%06u %c ", (unsigned)++rig.serial % 1000000, word);
	text[9] = 'x';
	text[length - 1] = (char)delimiter;
	rig.left_length += length;
}

static inline void
feed(unsigned records, size_t length)
{
	rig.left_at = rig.left_length = 0;
	for (; records > 0; records--)
		make_record(length, 'a', '\n');
	while (!write_left())
		must(pipe_ready(rig.writer, POLLOUT));
}

/* Some records more, some of which may be written later. */
static inline void
feed_some(struct random *random, uint64_t longest, unsigned char delimiter)
{
	if (rig.left_at == rig.left_length) {
		rig.left_at = rig.left_length = 0;
		for (uint64_t i = random_from(random, 1, 6); i > 0; i--)
			make_record((size_t)random_from(random, 10, longest), (char)('a' + random_below(random, 4)), delimiter);
	}
	(void)write_left();
}

/* Whether what holds after each step does: the law, and of memory no more than one record beyond the buffer. */
static inline bool
is_sound(void)
{
	const struct pump *pump = &rig.pump;
	const size_t used = (size_t)queue_held(&pump->queue).bytes + (pump->plan.flying ? flight_used(&pump->flight) : 0);

	queue_check(&pump->queue);
	if (pump->plan.flying)
		flight_check(&pump->flight);
	if (!ledger_balances(&pump->ledger, pump_held(pump))) {
		diag("the law does not hold");
		return false;
	}
	if (pump->plan.limits.slack == 0 && used > pump->plan.limits.bytes + pump->plan.limits.record) {
		diag("%zu bytes are held, %zu of them in flight", used, flight_used(&pump->flight));
		return false;
	}
	return true;
}

/* As the run does: what poll would say, then a pass. */
static inline void
pass(void)
{
	struct pump *pump = &rig.pump;

	if (pipe_ready(pump->input_port.fd, POLLIN | POLLHUP))
		pump->input_waits = false;
	pump_pass(pump, rig.now);
}

static inline void
passes(int count)
{
	while (count-- > 0)
		pass();
}

/* The reader takes so many bytes, if they are there. */
static inline void
read_some(size_t most)
{
	const size_t room = sizeof(rig.got) - rig.got_length;

	rig.got_length += pipe_drain(rig.reader, rig.got + rig.got_length, most < room ? most : room);
}

static inline uint64_t
number_of(const char *text)
{
	uint64_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = 10 * number + (uint64_t)(*text - '0');
	return number;
}

/* The next whole line that was read and not looked at: its length, 0 for none. */
static inline size_t
next_line(const char **text)
{
	const char *end = memchr(rig.got + rig.seen, '\n', rig.got_length - rig.seen);

	*text = rig.got + rig.seen;
	if (end == NULL)
		return 0;
	rig.seen += (size_t)(end + 1 - *text);
	return (size_t)(end + 1 - *text);
}

static inline const struct ledger *
books(void)
{
	return &rig.pump.ledger;
}

#endif
