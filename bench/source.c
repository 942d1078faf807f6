/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source - the producer of every benchmark: writes test records (bench.h) to standard output.
 *
 * At full speed it repeats a block made beforehand, so that a write costs the kernel's copy and
 * nothing else (with --vmsplice not even that). Numbered without repetition (--unique), paced
 * (--rate) or stamped with the time (--stamp) it makes each record anew. Ends with one line of
 * JSON: what it wrote, when, and the longest that one write took.
 *
 * Does not read anything, does not measure its reader, and never makes up for time lost when paced.
 */
#include "bench.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>

struct source {
	struct layout layout;
	size_t chunk_bytes;
	size_t batch_records;
	uint64_t period_ns; /* of a batch; 0: as fast as the reader takes them */
	uint64_t limit_bytes, limit_ns;
	uint64_t warm_bytes; /* written before the clock starts */
	uint64_t idle_after_bytes, idle_ns;
	uint64_t lead_ns, hold_ns;
	bool unique, stamp, vmsplice;

	uint64_t written_bytes;
	uint64_t start_ns, start_bytes, last_ns, longest_write_ns;
	bool reader_gone;
};

/* Writes all of it; notes how long the longest call took. */
static void
put(struct source *s, char *data, size_t size)
{
	while (size > 0 && !s->reader_gone) {
		struct iovec v = { .iov_base = data, .iov_len = size };
		ssize_t n = s->vmsplice ? vmsplice(STDOUT_FILENO, &v, 1, 0)
					: write(STDOUT_FILENO, data, size);
		uint64_t now = now_ns();

		if (n < 0 && errno == EPIPE)
			s->reader_gone = true;
		else if (n < 0 && errno != EINTR)
			err(1, "standard output");
		if (now - s->last_ns > s->longest_write_ns)
			s->longest_write_ns = now - s->last_ns;
		s->last_ns = now;
		if (n > 0) {
			s->written_bytes += (uint64_t)n;
			data += n;
			size -= (size_t)n;
		}
	}
}

static void
start_clock(struct source *s)
{
	s->start_ns = s->last_ns = now_ns();
	s->start_bytes = s->written_bytes;
	s->longest_write_ns = 0;
}

/*
 * After each write: starts the clock when warm, idles once where told to, and says whether to go
 * on.
 */
static bool
more(struct source *s)
{
	if (s->warm_bytes != 0 && s->written_bytes >= s->warm_bytes) {
		s->warm_bytes = 0;
		start_clock(s);
	}
	if (s->idle_after_bytes != 0 && s->written_bytes >= s->idle_after_bytes) {
		s->idle_after_bytes = 0;
		sleep_until_ns(now_ns() + s->idle_ns);
		s->last_ns = now_ns();
	}
	return !s->reader_gone && s->written_bytes - s->start_bytes < s->limit_bytes &&
	    (s->warm_bytes != 0 || s->last_ns - s->start_ns < s->limit_ns);
}

/*
 * The block is followed by as much of itself as one chunk needs, so that no write is cut at the
 * block's end.
 */
static void
repeat_block(struct source *s)
{
	size_t size, rest;
	char *one = block_of(&s->layout, &size);
	char *data = must_allocate(size + s->chunk_bytes);

	for (size_t i = 0; i < size + s->chunk_bytes; i++)
		data[i] = one[i % size];
	start_clock(s);
	while (more(s)) {
		uint64_t left = s->limit_bytes - (s->written_bytes - s->start_bytes);

		put(s, data + s->written_bytes % size,
		    left < s->chunk_bytes ? (size_t)left : s->chunk_bytes);
	}
	rest = s->written_bytes % s->layout.length;
	if (rest != 0)
		put(s, data + s->written_bytes % size, s->layout.length - rest);
}

static void
make_records(struct source *s)
{
	size_t length = s->layout.length;
	char *data = must_allocate(s->batch_records * length);
	uint64_t number = 0, due = now_ns();

	for (size_t i = 0; i < s->batch_records; i++)
		record_fill(data + i * length, &s->layout, i);
	start_clock(s);
	while (more(s)) {
		uint64_t left =
		    (s->limit_bytes - (s->written_bytes - s->start_bytes) - 1) / length + 1;
		size_t records = left < s->batch_records ? (size_t)left : s->batch_records;

		if (s->period_ns != 0) {
			sleep_until_ns(due);
			s->last_ns = now_ns();
			due = (s->last_ns > due + s->period_ns ? s->last_ns : due) + s->period_ns;
		}
		for (size_t i = 0; i < records; i++, number++)
			record_number(data + i * length, &s->layout, s->stamp ? now_ns() : number);
		put(s, data, records * length);
	}
}

static void
report(const struct source *s)
{
	FILE *f = stats_stream();

	fprintf(f, "{\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"timed_bytes\":%" PRIu64,
	    s->written_bytes, s->written_bytes / s->layout.length,
	    s->written_bytes - s->start_bytes);
	fprintf(f, ",\"start_ns\":%" PRIu64 ",\"end_ns\":%" PRIu64 ",\"longest_write_ns\":%" PRIu64,
	    s->start_ns, s->last_ns, s->longest_write_ns);
	fprintf(f, ",\"reader_gone\":%s}\n", s->reader_gone ? "true" : "false");
	fclose(f);
}

/* Keeps the output open, for that long or until the reader has gone. */
static void
hold_output(uint64_t ns)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	if (ns != 0)
		poll(&p, 1, (int)(ns / (NS_PER_S / 1000)));
}

static const char usage[] =
    "usage: source [--length=SIZE] [--delimiter=newline|nul|none]\n"
    "              [--bytes=SIZE] [--records=N] [--seconds=TIME]\n"
    "              [--chunk=SIZE] [--vmsplice] [--warm=SIZE]      at full speed\n"
    "              [--unique] [--stamp] [--rate=RECORDS/S] [--batch=RECORDS]\n"
    "              [--idle-after=SIZE --idle=TIME] [--lead=TIME] [--hold=TIME]\n";

static const struct option options[] = {
	{ "length", required_argument, NULL, 'l' },
	{ "delimiter", required_argument, NULL, 'd' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "records", required_argument, NULL, 'n' },
	{ "seconds", required_argument, NULL, 't' },
	{ "chunk", required_argument, NULL, 'c' },
	{ "vmsplice", no_argument, NULL, 'v' },
	{ "warm", required_argument, NULL, 'w' },
	{ "unique", no_argument, NULL, 'u' },
	{ "stamp", no_argument, NULL, 's' },
	{ "rate", required_argument, NULL, 'r' },
	{ "batch", required_argument, NULL, 'B' },
	{ "idle-after", required_argument, NULL, 'a' },
	{ "idle", required_argument, NULL, 'i' },
	{ "lead", required_argument, NULL, 'L' },
	{ "hold", required_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static struct source
parse(int argc, char **argv)
{
	struct source s = {
		.chunk_bytes = 128 << 10,
		.batch_records = 1,
		.limit_bytes = UINT64_MAX,
		.limit_ns = UINT64_MAX,
		.lead_ns = 20 * NS_PER_S / 1000,
	};
	uint64_t length = 100, records = 0;
	double rate = 0;
	int c, delimiter = '\n';
	bool batch = false;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l': length = parse_size(optarg); break;
		case 'd': delimiter = parse_delimiter(optarg); break;
		case 'b': s.limit_bytes = parse_size(optarg); break;
		case 'n': records = parse_size(optarg); break;
		case 't': s.limit_ns = parse_time(optarg); break;
		case 'c': s.chunk_bytes = (size_t)parse_size(optarg); break;
		case 'v': s.vmsplice = true; break;
		case 'w': s.warm_bytes = parse_size(optarg); break;
		case 'u': s.unique = true; break;
		case 's': s.stamp = true; break;
		case 'r': rate = strtod(optarg, NULL); break;
		case 'B':
			s.batch_records = (size_t)parse_size(optarg);
			batch = true;
			break;
		case 'a': s.idle_after_bytes = parse_size(optarg); break;
		case 'i': s.idle_ns = parse_time(optarg); break;
		case 'L': s.lead_ns = parse_time(optarg); break;
		case 'h': s.hold_ns = parse_time(optarg); break;
		default: fputs(usage, stderr); exit(2);
		}
	}
	s.layout = layout_of(length, delimiter);
	if (records != 0)
		s.limit_bytes = records * length;
	if (!batch && rate <= 0) /* numbered at full speed: as many as make a chunk */
		s.batch_records = (s.chunk_bytes + length - 1) / length;
	if (s.chunk_bytes == 0 || s.batch_records == 0 || (s.stamp && s.layout.digits < 19))
		errx(2, "--chunk and --batch are at least 1; --stamp needs records of 20 bytes");
	if (rate > 0)
		s.period_ns = (uint64_t)((double)s.batch_records * (double)NS_PER_S / rate);
	return s;
}

int
main(int argc, char **argv)
{
	struct source s = parse(argc, argv);

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	sleep_until_ns(now_ns() + s.lead_ns); /* the command is up before the clock starts */
	if (s.unique || s.stamp || s.period_ns != 0)
		make_records(&s);
	else
		repeat_block(&s);
	report(&s);
	hold_output(s.hold_ns);
	return 0;
}
