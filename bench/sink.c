/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink - the reader of every benchmark: reads standard input, throws it away, and ends with one
 * line of JSON.
 *
 * It checks what it reads: --check=spot looks at the first bytes of every read (cheap enough for a
 * timed run; for streams that repeat source's block and lose nothing), the others at every byte of
 * every record. It measures what only a reader can: the age of stamped records (--latency) and how
 * evenly bytes arrive (--windows).
 *
 * Does not write, but for a newline for each record where it is asked to answer (--answers), and is not nice: it stops reading when told to (--wait, --stop-for) and leaves
 * when told to (--bytes).
 */
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

enum check { CHECK_NOTHING, CHECK_SPOT, CHECK_ALL, CHECK_GAPS, CHECK_EVERY };

struct arrival {
	uint64_t at_ns;
	uint64_t bytes;
};

struct sink {
	struct layout layout;
	size_t read_bytes;
	enum check check;
	uint64_t every;
	bool wait, latency, windows;
	double nominal; /* bytes a second that windows are compared with; 0: the mean of the run */
	uint64_t limit_bytes, limit_ns;
	uint64_t stop_after_ns, stop_for_ns;
	double slow;       /* read no more than this many bytes a second; 0: any */
	uint64_t stale_ns; /* records older than this are counted */
	int answers;       /* a newline for each record goes there; -1 */
	uint64_t answered;

	uint64_t bytes, reads, records, errors;
	uint64_t first_ns, last_ns, end_ns;
	char first_error[160];

	char *block; /* what source repeats */
	size_t block_bytes;
	char *record; /* a record being put together from several reads */
	size_t record_bytes;
	uint64_t expected; /* number of the next record */

	uint64_t *ages_ns;
	size_t ages, ages_room;
	uint64_t stale;
	struct arrival *arrivals;
	size_t arrived, arrivals_room;
};

static void
note_error(struct sink *s, const char *what, uint64_t number)
{
	if (s->errors++ == 0)
		snprintf(s->first_error, sizeof(s->first_error),
		    "record %" PRIu64 ": %s, number %" PRIu64 ", expected %" PRIu64, s->records,
		    what, number, s->expected);
}

static void *
grown(void *p, size_t used, size_t *room, size_t size)
{
	if (used < *room)
		return p;
	*room = *room != 0 ? *room * 2 : 65536;
	p = realloc(p, *room * size);
	if (p == NULL)
		errx(1, "out of memory");
	return p;
}

/*
 * Numbers that have wrapped (short records) cannot tell a gap from a repetition: then only the form
 * is checked.
 */
static void
check_record(struct sink *s, const char *record)
{
	const struct layout *l = &s->layout;
	bool exact = s->check != CHECK_GAPS;
	uint64_t number = 0;

	if (memcmp(record + l->digits, s->block + l->digits, l->length - l->digits) != 0)
		note_error(s, "damaged", 0);
	else if (!record_read_number(record, l, &number))
		note_error(s, "no number", 0);
	else if (exact && number != s->expected % l->modulus)
		note_error(s, "out of sequence", number);
	else if (!exact && l->digits == 19 && number < s->expected)
		note_error(s, "out of order", number);
	s->expected = (exact ? s->expected : number) + (s->check == CHECK_EVERY ? s->every : 1);
}

static void
take_record(struct sink *s, const char *record, uint64_t now)
{
	uint64_t stamp;

	if (s->check > CHECK_SPOT)
		check_record(s, record);
	if (s->latency) {
		if (!record_read_number(record, &s->layout, &stamp) || stamp > now) {
			note_error(s, "no stamp", 0);
		} else {
			s->ages_ns = grown(s->ages_ns, s->ages, &s->ages_room, sizeof(*s->ages_ns));
			s->ages_ns[s->ages++] = now - stamp;
			s->stale += now - stamp > s->stale_ns;
		}
	}
	s->records++;
}

static void
take_records(struct sink *s, const char *data, size_t size, uint64_t now)
{
	size_t length = s->layout.length;

	while (size > 0) {
		size_t n = length - s->record_bytes < size ? length - s->record_bytes : size;

		if (n == length) {
			take_record(s, data, now);
		} else {
			memcpy(s->record + s->record_bytes, data, n);
			s->record_bytes += n;
			if (s->record_bytes == length) {
				take_record(s, s->record, now);
				s->record_bytes = 0;
			}
		}
		data += n;
		size -= n;
	}
}

static void
check_spot(struct sink *s, const char *data, size_t size)
{
	size_t at = (size_t)(s->bytes % s->block_bytes);
	size_t n = size < 64 ? size : 64;

	if (n > s->block_bytes - at)
		n = s->block_bytes - at;
	if (memcmp(data, s->block + at, n) != 0)
		note_error(s, "not what was written", 0);
}

static void
take(struct sink *s, const char *data, size_t size, uint64_t now)
{
	if (s->check == CHECK_SPOT)
		check_spot(s, data, size);
	else if (s->check != CHECK_NOTHING || s->latency)
		take_records(s, data, size, now);
	if (s->windows) {
		s->arrivals =
		    grown(s->arrivals, s->arrived, &s->arrivals_room, sizeof(*s->arrivals));
		s->arrivals[s->arrived++] = (struct arrival){ .at_ns = now, .bytes = size };
	}
	s->bytes += size;
	s->reads++;
}

/* Each record that has come to its end. */
static void
answer(struct sink *s)
{
	static char newlines[4096];
	uint64_t due = s->bytes / s->layout.length;

	if (newlines[0] == 0)
		memset(newlines, '\n', sizeof(newlines));
	while (s->answered < due) {
		size_t n = due - s->answered < sizeof(newlines) ? due - s->answered : sizeof(newlines);

		if (write(s->answers, newlines, n) != (ssize_t)n)
			err(1, "answers");
		s->answered += n;
	}
}

static void
nothing(int signal_number)
{
	(void)signal_number;
}

/* Interrupts a read that lasts beyond the limit; again and again, should it begin just then. */
static void
wake_at(uint64_t ns)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval timer = {
		.it_value = { .tv_sec = (time_t)(ns / NS_PER_S),
		    .tv_usec = (suseconds_t)(ns % NS_PER_S / 1000) },
		.it_interval = { .tv_usec = 50000 },
	};

	if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &timer, NULL) != 0)
		err(1, "setitimer");
}

static void
run(struct sink *s)
{
	bool clocked = s->latency || s->windows || s->limit_ns != UINT64_MAX || s->stop_for_ns != 0 ||
	    s->slow > 0;
	char *data = must_allocate(s->read_bytes);
	uint64_t now = 0, due = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, data, s->read_bytes)) != 0) {
		if (n < 0 && errno != EINTR)
			err(1, "standard input");
		if (clocked || s->first_ns == 0)
			now = now_ns();
		if (s->first_ns == 0) {
			s->first_ns = now;
			if (s->limit_ns != UINT64_MAX)
				wake_at(s->limit_ns);
		}
		if (now - s->first_ns >= s->limit_ns)
			break;
		if (n > 0) {
			take(s, data, (size_t)n, now);
			s->last_ns = now;
			if (s->answers >= 0)
				answer(s);
		}
		if (s->bytes >= s->limit_bytes)
			break;
		if (s->slow > 0 && n > 0) {
			due = (due > now ? due : now) + (uint64_t)((double)n / s->slow * (double)NS_PER_S);
			sleep_until_ns(due);
		}
		if (s->stop_for_ns != 0 && now - s->first_ns >= s->stop_after_ns) {
			sleep_until_ns(now + s->stop_for_ns);
			s->stop_for_ns = 0;
		}
	}
	s->end_ns = now_ns();
	close(STDIN_FILENO); /* here a reader that leaves is gone */
	if (s->record_bytes != 0)
		note_error(s, "ends in the middle", 0);
}

static int
ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
percentile(const uint64_t *sorted, size_t n, double p)
{
	size_t i = (size_t)(p * (double)n);

	return sorted[i < n ? i : n - 1];
}

static void
report_latency(FILE *f, struct sink *s)
{
	qsort(s->ages_ns, s->ages, sizeof(*s->ages_ns), ascending);
	fprintf(f,
	    ",\"latency_ns\":{\"n\":%zu,\"p50\":%" PRIu64 ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64
	    ",\"max\":%" PRIu64 ",\"stale\":%" PRIu64 "}",
	    s->ages, percentile(s->ages_ns, s->ages, 0.5), percentile(s->ages_ns, s->ages, 0.9),
	    percentile(s->ages_ns, s->ages, 0.99), s->ages_ns[s->ages - 1], s->stale);
}

/*
 * The most bytes that arrived in any window of this width: it is enough to look at those that
 * begin with an arrival.
 */
static uint64_t
fullest_window(const struct sink *s, uint64_t width_ns)
{
	uint64_t bytes = 0, most = 0;
	size_t end = 0;

	for (size_t begin = 0; begin < s->arrived; begin++) {
		for (; end < s->arrived &&
		     s->arrivals[end].at_ns < s->arrivals[begin].at_ns + width_ns;
		     end++)
			bytes += s->arrivals[end].bytes;
		if (bytes > most)
			most = bytes;
		bytes -= s->arrivals[begin].bytes;
	}
	return most;
}

/*
 * The bytes that 99.9% of windows do not exceed; the windows begin a tenth of their width apart,
 * from end to end.
 */
static uint64_t
usual_window(const struct sink *s, uint64_t width_ns)
{
	uint64_t step = width_ns / 10, bytes = 0, usual;
	uint64_t steps = (s->last_ns - s->first_ns) / step + 1;
	uint64_t *bins = calloc(steps + 1, sizeof(*bins)), *sums = calloc(steps + 1, sizeof(*sums));
	size_t n = 0;

	if (bins == NULL || sums == NULL)
		errx(1, "out of memory");
	for (size_t i = 0; i < s->arrived; i++)
		bins[(s->arrivals[i].at_ns - s->first_ns) / step] += s->arrivals[i].bytes;
	for (size_t i = 0; i < steps; i++) {
		bytes += bins[i];
		if (i >= 10)
			bytes -= bins[i - 10];
		if (i >= 9)
			sums[n++] = bytes;
	}
	qsort(sums, n, sizeof(*sums), ascending);
	usual = n > 0 ? percentile(sums, n, 0.999) : 0;
	free(bins);
	free(sums);
	return usual;
}

/*
 * Bytes a second. The first arrival is left out: n arrivals bound n - 1 intervals. The time ends
 * with the last arrival, unless the silence after it is none of the stream's own pauses.
 */
static double
mean_rate(const struct sink *s)
{
	uint64_t pause = 0, span = s->last_ns - s->first_ns;

	for (size_t i = 1; i < s->arrived; i++)
		if (s->arrivals[i].at_ns - s->arrivals[i - 1].at_ns > pause)
			pause = s->arrivals[i].at_ns - s->arrivals[i - 1].at_ns;
	if (s->end_ns - s->last_ns > 2 * pause)
		span = s->end_ns - s->first_ns;
	if (span == 0)
		return 0;
	return (double)(s->bytes - s->arrivals[0].bytes) / (double)span * (double)NS_PER_S;
}

/*
 * Windows are compared with what perfectly even sending of whole records would put there: the mean,
 * rounded up to a record.
 */
static void
report_windows(FILE *f, const struct sink *s)
{
	static const uint64_t widths_ms[] = { 1, 10, 100 };
	double length = (double)s->layout.length, rate = mean_rate(s);

	fprintf(f, ",\"mean_bytes_per_s\":%.6f,\"windows\":{", rate);
	for (size_t i = 0; i < sizeof(widths_ms) / sizeof(*widths_ms); i++) {
		uint64_t width = widths_ms[i] * NS_PER_S / 1000;
		double even = (s->nominal > 0 ? s->nominal : rate) * (double)widths_ms[i] / 1000;
		double records = even / length, whole = (double)(uint64_t)records;

		even = (records - whole > 1e-3 || whole < 1 ? whole + 1 : whole) * length;
		fprintf(f, "%s\"%" PRIu64 "ms\":{\"fullest\":%.6f,\"p999\":%.6f}", i > 0 ? "," : "",
		    widths_ms[i], (double)fullest_window(s, width) / even,
		    (double)usual_window(s, width) / even);
	}
	fputs("}", f);
}

static void
report(struct sink *s)
{
	FILE *f = stats_stream();

	fprintf(f, "{\"bytes\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"records\":%" PRIu64, s->bytes,
	    s->reads,
	    s->check > CHECK_SPOT || s->latency ? s->records : s->bytes / s->layout.length);
	fprintf(f, ",\"first_ns\":%" PRIu64 ",\"last_ns\":%" PRIu64 ",\"end_ns\":%" PRIu64,
	    s->first_ns, s->last_ns, s->end_ns);
	fprintf(f, ",\"errors\":%" PRIu64 ",\"first_error\":\"%s\"", s->errors, s->first_error);
	if (s->ages > 0)
		report_latency(f, s);
	if (s->arrived > 1)
		report_windows(f, s);
	fputs("}\n", f);
	fclose(f);
}

static const char usage[] =
    "usage: sink [--length=SIZE] [--delimiter=newline|nul|none] [--read=SIZE]\n"
    "            [--check=spot|all|gaps|every:N]\n"
    "            [--latency [--stale=TIME]] [--windows[=BYTES/S]] [--seconds=TIME] [--bytes=SIZE]\n"
    "            [--wait (for USR1)] [--stop-after=TIME --stop-for=TIME] [--slow=BYTES/S]\n"
    "            [--answers=FILE]\n";

static const struct option options[] = {
	{ "length", required_argument, NULL, 'l' },
	{ "delimiter", required_argument, NULL, 'd' },
	{ "read", required_argument, NULL, 'r' },
	{ "check", required_argument, NULL, 'c' },
	{ "latency", no_argument, NULL, 'a' },
	{ "windows", optional_argument, NULL, 'w' },
	{ "seconds", required_argument, NULL, 't' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "wait", no_argument, NULL, 'u' },
	{ "stop-after", required_argument, NULL, 's' },
	{ "stop-for", required_argument, NULL, 'f' },
	{ "stale", required_argument, NULL, 'o' },
	{ "slow", required_argument, NULL, 'S' },
	{ "answers", required_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

static void
parse_check(struct sink *s, const char *text)
{
	static const char *const names[] = {
		[CHECK_SPOT] = "spot", [CHECK_ALL] = "all", [CHECK_GAPS] = "gaps"
	};

	if (strncmp(text, "every:", 6) == 0) {
		s->check = CHECK_EVERY;
		s->every = parse_size(text + 6);
		return;
	}
	for (enum check c = CHECK_SPOT; c <= CHECK_GAPS; c++)
		if (strcmp(text, names[c]) == 0) {
			s->check = c;
			return;
		}
	errx(2, "%s: not a check", text);
}

static struct sink
parse(int argc, char **argv)
{
	struct sink s = {
		.read_bytes = 128 << 10, .limit_bytes = UINT64_MAX, .limit_ns = UINT64_MAX, .answers = -1
	};
	uint64_t length = 100;
	int c, delimiter = '\n';

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l': length = parse_size(optarg); break;
		case 'd': delimiter = parse_delimiter(optarg); break;
		case 'r': s.read_bytes = (size_t)parse_size(optarg); break;
		case 'c': parse_check(&s, optarg); break;
		case 'a': s.latency = true; break;
		case 'w':
			s.windows = true;
			s.nominal = optarg != NULL ? strtod(optarg, NULL) : 0;
			break;
		case 't': s.limit_ns = parse_time(optarg); break;
		case 'b': s.limit_bytes = parse_size(optarg); break;
		case 'u': s.wait = true; break;
		case 's': s.stop_after_ns = parse_time(optarg); break;
		case 'f': s.stop_for_ns = parse_time(optarg); break;
		case 'o': s.stale_ns = parse_time(optarg); break;
		case 'S': s.slow = strtod(optarg, NULL); break;
		case 'A':
			s.answers = open(optarg, O_WRONLY);
			if (s.answers < 0)
				err(1, "%s", optarg);
			break;
		default: fputs(usage, stderr); exit(2);
		}
	}
	s.layout = layout_of(length, delimiter);
	if (s.read_bytes == 0)
		errx(2, "--read is at least 1");
	return s;
}

int
main(int argc, char **argv)
{
	struct sink s = parse(argc, argv);
	sigset_t set;
	int which;

	s.block = block_of(&s.layout, &s.block_bytes);
	s.record = must_allocate(s.layout.length);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	/* rig blocks it before this program starts, so that none is lost. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (s.wait && sigwait(&set, &which) != 0)
		errx(1, "sigwait");
	run(&s);
	report(&s);
	return s.errors > 0;
}
