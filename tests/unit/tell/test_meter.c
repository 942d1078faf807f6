/* SPDX-License-Identifier: BSD-2-Clause */
/* The live line as exact strings, and over random figures and widths what must hold of any. */
#include "../tap.h"

#include "../random.h"
#include "tell/meter.h"

#include <ctype.h>

static struct options options;
static struct snapshot snapshot;

/* A weir that drops, whose output is slow. */
static void
begin(void)
{
	options = (struct options){
		.policy = POLICY_DROP_OLDEST,
		.framing = { .kind = FRAMING_LINES, .delimiter = '\n' },
		.buffer_bytes = 1000000,
		.max_records = UINT64_MAX,
		.high_bytes = 1000000,
		.low_bytes = 500000,
		.sample = { 1, 1 },
		.name = "weir",
	};
	snapshot = (struct snapshot){
		.event = REPORT_INTERVAL,
		.options = &options,
		.ledger = { .in = { 12000, 1200000 }, .out = { 9000, 900000 } },
		.depth = { 420, 420000 },
		.elapsed_ns = 2 * NS_PER_S,
		.interval = {
			.ns = NS_PER_S,
			.in = { 12345, 1234500 },
			.out = { 999, 99900 },
			.dropped = { 350, 35000 },
			.waited_ns = { [WAIT_INPUT] = 30 * NS_PER_MS, [WAIT_OUTPUT] = 950 * NS_PER_MS },
			.latency = { .count = 999, .p50_ns = 1234567, .p99_ns = UINT64_C(12345678) },
		},
	};
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 2000, 200000 };
}

static const char *
line(unsigned columns, bool utf8, bool colour)
{
	const struct meter_style style = { columns, utf8, colour };
	static char text[METER_MOST + 1];

	memset(text, '#', sizeof(text));
	snapshot.tuning.marks.high.bytes = options.high_bytes;
	snapshot.tuning.marks.low.bytes = options.low_bytes;
	if (meter_line(text, &snapshot, &style) != strlen(text))
		return "the length is wrong";
	return text[METER_MOST] == '#' ? text : "written beyond the end";
}

static const char *
plain(unsigned columns)
{
	return line(columns, false, false);
}

/* --- as it looks --------------------------------------------------------------------------------- */

static void
widths(void)
{
	begin();
	is_text(plain(0), "", "no columns");
	is_text(plain(4), "", "too few for anything");
	is_text(plain(5), " 42%", "5 columns: how full it is");
	is_text(plain(20), "[##  ]  42%   999/s", "20: the buffer, and what goes out");
	is_text(plain(40), "weir [###    ]  42%   999/s output  95%", "40: the bottleneck");
	is_text(plain(80), "weir  in 12.3k/s  [####     ]  42%  out   999/s  drop  2.0k  output  95%   "
	    "0:02", "80: what comes in, and what got lost");
	is_text(plain(132), "weir  in 12.3k/s  1.2MB/s  [########           ]  42%  out   999/s 99.9kB/s "
	    " dropped  2.0k +  350/s  output  95%  p99 12.3ms   0:02",
	    "132: all waits, bytes, latency");
	is_text(plain(160), "weir  in 12.3k/s  1.2MB/s  [#######         ]  42%  out   999/s 99.9kB/s  "
	    "total  9.0k  900kB  dropped  2.0k +  350/s  input   3% OUTPUT  95%  p99 "
	    "12.3ms   0:02", "160: reasons");
	is_text(plain(200), "weir  in 12.3k/s  1.2MB/s  [########           ]  42%  out   999/s 99.9kB/s "
	    " total  9.0k  900kB  dropped  2.0k +  350/s (oldest 2.0k)  waiting for "
	    "input   3% OUTPUT  95%  p50  1.2ms p99 12.3ms   0:02", "200: all there is");
	is_text(plain(1000), plain(200), "no wider than that");
}

static void
progress(void)
{
	begin();
	snapshot.size_bytes = 2000000;
	snapshot.until_done_ns = 83 * NS_PER_S;
	snapshot.ledger.in.bytes = 1200000;
	snapshot.held.bytes = 1;
	is_text(plain(20), "[##  ]  42%   999/s", "20: with a size");
	is_text(plain(50), "weir [###   ]  42%   999/s drop  2.0k output  95%",
	    "50: with a size, percent");
	is_text(plain(80), "weir  in 12.3k/s  [##   ]  42%  out   999/s  drop  2.0k  output  95%  done  "
	    "59%", "80: the same, where something gets lost");
	is_text(plain(132), "weir  in 12.3k/s  [######         ]  42%  out   999/s  dropped  2.0k +  "
	    "350/s  output  95%  p99 12.3ms   0:02  done  59% left  1:23",
	    "132: with a size");
	snapshot.elapsed_ns = 3600 * NS_PER_S + 61 * NS_PER_S;
	snapshot.until_done_ns = SNAPSHOT_NEVER;
	ok(strstr(plain(132), "  1:01:01  done  59% left     -") != NULL, "no time where nothing goes; hours");
	snapshot.until_done_ns = UINT64_C(100) * 3600 * NS_PER_S;
	snapshot.ledger.in.bytes = snapshot.size_bytes;
	ok(strstr(plain(132), "  1:01:01  done  99% left 4d04h") != NULL, "not all is done before all is; days");
	options.policy = POLICY_BLOCK;
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.until_done_ns = 83 * NS_PER_S;
	ok(strstr(plain(80), "  done  99% left  1:23") != NULL, "80: and the time that is left");
	options.policy = POLICY_DROP_OLDEST;
	snapshot.draining = true;
	is_text(plain(44), "[##   ]  42%   999/s drop     0    draining", "44: draining");
	is_text(plain(200), "weir  in 12.3k/s  1.2MB/s  [#####       ]  42%  out   999/s 99.9kB/s  total "
	    " 9.0k  900kB  dropped     0 +  350/s  draining input   3% OUTPUT  95%  p50  "
	    "1.2ms p99 12.3ms  1:01:01  done  99% left  1:23",
	    "200: draining, and on what it waits");
}

static void
bars(void)
{
	begin();
	options.policy = POLICY_BLOCK;
	options.low_bytes = 250000;
	options.high_bytes = 750000;
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.depth = (struct tally){ 0, 0 };
	is_text(plain(44), "weir [ :   : ]   0% out   999/s output  95%", "watermarks");
	is_text(line(44, true, false), "weir ▕ ┊   ┊ ▏   0% out   999/s output  95%", "in UTF-8");
	snapshot.depth = (struct tally){ 1, 1 };
	is_text(line(44, true, false), "weir ▕▏┊   ┊ ▏   0% out   999/s output  95%", "a byte is not nothing");
	snapshot.depth = (struct tally){ 450, 450000 };
	is_text(plain(44), "weir [#|#  : ]  45% out   999/s output  95%", "the bar goes over a watermark");
	is_text(line(44, true, false), "weir ▕█▓█▏ ┊ ▏  45% out   999/s output  95%", "by eighths");
	snapshot.depth = (struct tally){ 1200, 1200000 };
	is_text(plain(44), "weir [#|###|#] 100% out   999/s output  95%", "no fuller than full");
	options.low_bytes = 0;
	options.high_bytes = 1000000;
	is_text(plain(44), "weir [#######] 100% out   999/s output  95%", "none to be seen at the ends");
	options.low_bytes = 500000;
	options.policy = POLICY_SHED;
	is_text(plain(24), "[##|#] 100% out   999/s", "nor only under block");
	options.policy = POLICY_DROP_NEWEST;
	is_text(plain(24), "[####] 100% out   999/s", "none where they do not act");
}

static void
not_known_yet(void)
{
	begin();
	snapshot.interval = (struct interval){ .ns = 0 };
	snapshot.ledger = (struct ledger){ .paused_ns = 0 };
	snapshot.depth = (struct tally){ 0, 0 };
	is_text(plain(80), "weir  in     -/s  [         ]   0%  out     -/s  drop     0   input   -%   "
	    "0:02", "before the first interval has ended");
	is_text(plain(160), "weir  in     -/s     -B/s  [                ]   0%  out     -/s     -B/s  "
	    "total     0     0B  dropped     0 +    -/s  input   -% output   -%  p99     "
	    " -   0:02", "the same with more room");
}

static void
kinds(void)
{
	begin();
	options.framing.kind = FRAMING_BYTES;
	options.policy = POLICY_BLOCK;
	options.rated = true;
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.interval.paused_ns = NS_PER_S / 4;
	is_text(plain(132), "weir  in  1.2MB/s  [########## :           ]  42%  out 99.9kB/s  total  "
	    "900kB  paused  25%  input   3% OUTPUT  95% rate   0%   0:02",
	    "a stream of bytes");
	begin();
	options.name = "a name that is as long as a line of some terminals is wide, it seems";
	options.max_records = 500;
	snapshot.ledger.dropped[REASON_OVERSIZE] = (struct tally){ 0, 10 };
	snapshot.ledger.dropped[REASON_SAMPLE] = (struct tally){ 5000000, 10 };
	snapshot.interval.waited_ns[WAIT_OUTPUT] = NS_PER_MS;
	is_text(plain(80), "a name that   in 12.3k/s  [####### ]  84%  out   999/s  drop  5.0M    busy  97%",
	    "a long name; fuller by records than by bytes; busy");
	snapshot.interval.waited_ns[WAIT_RATE] = NS_PER_S;
	options.rated = true;
	is_text(plain(160), "a name that   in 12.3k/s  1.2MB/s  [################   ]  84%  out   999/s "
	    "99.9kB/s  total  9.0k  900kB  dropped  5.0M +  350/s    rate 100%  p99 "
	    "12.3ms   0:02", "the rate");
}

static void
reasons(void)
{
	begin();
	options.name = "w";
	snapshot.ledger.dropped[REASON_SAMPLE] = (struct tally){ 7, 10 };
	is_text(plain(160), "w     in 12.3k/s  1.2MB/s  [#######         ]  42%  out   999/s 99.9kB/s  "
	    "total  9.0k  900kB  dropped  2.0k +  350/s  input   3% OUTPUT  95%  p99 "
	    "12.3ms   0:02", "by reasons");
}

static void
readers(void)
{
	begin();
	options.reader.confirm = CONFIRM_EXIT;
	snapshot.in_flight = (struct tally){ 500, 50000 };
	is_text(plain(80), "weir  12.3k/s  [##   ]  42%  flight   500  out   999/s  drop  2.0k  output  95%",
	    "80: what is in flight");
	is_text(plain(200), "weir  in 12.3k/s  1.2MB/s  [########          ]  42%  in flight   500 50.0kB  out   999/s "
	    "99.9kB/s  total  9.0k  900kB  dropped  2.0k +  350/s (oldest 2.0k)  input   3% OUTPUT  95%  p99 12.3ms   0:02",
	    "200: in bytes, too");
	snapshot.reader.open = true;
	is_text(plain(40), "weir [###   ]  42%   999/s breaker open", "40: an open breaker is the bottleneck");
	is_text(plain(80), "weir  [##  ]  42%  flight   500    999/s  drop  2.0k  breaker open  output  95%",
	    "80: and all the rest");
	is_text(line(44, false, true), "[\033[32m##  \033[m]\033[32m  42%\033[m   999/s \033[1;31mdrop \033[m\033[1;31m 2.0k"
	    "\033[m \033[1;31mbreaker open\033[m", "it stands out");
}

static void
colours(void)
{
	begin();
	is_text(line(80, false, true), "\033[1mweir\033[m  \033[2min \033[m12.3k/s  [\033[32m####     "
	    "\033[m]\033[32m  42%\033[m  \033[2mout \033[m  999/s  \033[1;31mdrop "
	    "\033[m\033[1;31m 2.0k\033[m  \033[1moutput  95%\033[m   0:02",
	    "something is being lost");
	snapshot.interval.dropped.bytes = 0;
	snapshot.depth.bytes = 500000;
	is_text(line(44, true, true), "▕\033[33m██▌  \033[m▏\033[33m  50%\033[m   999/s "
	    "\033[33mdrop \033[m\033[33m 2.0k\033[m \033[1moutput  95%\033[m", "something was lost; half full");
	snapshot.ledger.dropped[REASON_OLDEST] = (struct tally){ 0, 0 };
	snapshot.ledger.dropped[REASON_SAMPLE] = (struct tally){ 5, 50 };
	snapshot.interval.dropped.bytes = 50;
	snapshot.depth.bytes = 990000;
	is_text(line(44, true, true), "▕\033[1;31m████▉\033[m▏\033[1;31m  99%\033[m   999/s "
	    "\033[2mdrop \033[m    5 \033[1moutput  95%\033[m", "a sample is no loss; full");
}

/* --- over anything ------------------------------------------------------------------------------- */

/* The columns of a line: of UTF-8 a byte that begins a character, and of SGR none; or UINT_MAX
 * for what has no business in it.  Without colour it goes to shown, in small letters. */
static unsigned
columns_of(const char *text, char *shown)
{
	unsigned columns = 0;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '\033') {
			text += strcspn(text, "m");
			continue;
		}
		if (byte < ' ' || byte == 0x7f)
			return UINT32_MAX;
		columns += (byte & 0xc0) != 0x80;
		*shown++ = (char)tolower(byte);
	}
	*shown = '\0';
	return columns;
}

static uint64_t
any(struct random *random)
{
	return random_next(random) >> random_below(random, 64);
}

static void
any_snapshot(struct random *random)
{
	static const char name[] = "a name of 64 characters is the longest that the options will take";

	begin();
	options.policy = (enum policy)random_below(random, POLICIES);
	options.framing.kind = (enum framing_kind)random_below(random, 5);
	options.buffer_bytes = 4096 + any(random) / 2;
	options.high_bytes = 1 + any(random) % options.buffer_bytes;
	options.low_bytes = any(random) % options.high_bytes;
	options.max_records = any(random) | 1;
	options.rated = random_below(random, 2) == 0;
	options.name = name + random_below(random, sizeof(name) - 1);
	for (int i = 0; i < REASONS; i++)
		snapshot.ledger.dropped[i] = (struct tally){ any(random) / 8, any(random) / 8 };
	snapshot.depth = (struct tally){ any(random), any(random) };
	snapshot.ledger.paused_count = any(random);
	snapshot.ledger.in = snapshot.ledger.out = (struct tally){ any(random), any(random) };
	snapshot.held.bytes = any(random) % (snapshot.ledger.in.bytes + 1);
	snapshot.size_bytes = random_below(random, 2) * (snapshot.ledger.in.bytes + any(random) / 2);
	snapshot.until_done_ns = any(random);
	snapshot.elapsed_ns = any(random);
	snapshot.draining = random_below(random, 2) == 0;
	options.reader.confirm = (enum confirm)random_below(random, CONFIRM_UPTO + 1);
	snapshot.in_flight = (struct tally){ any(random), any(random) };
	snapshot.reader.open = random_below(random, 2) == 0;
	snapshot.interval.ns = any(random);
	snapshot.interval.in = (struct tally){ any(random), any(random) };
	snapshot.interval.out = (struct tally){ any(random), any(random) };
	snapshot.interval.dropped = (struct tally){ any(random), any(random) };
	snapshot.interval.paused_ns = any(random);
	for (int i = 0; i < WAITS; i++)
		snapshot.interval.waited_ns[i] = any(random) / 4;
	snapshot.interval.latency = (struct latency){ .count = any(random), .p50_ns = any(random), .p99_ns = any(random) };
}

/* What waits is on disk, and may be far more than memory has room for. */
static void
spools(void)
{
	begin();
	options.spool_bytes = 4200000;
	snapshot.depth = (struct tally){ 2100, 2100000 };
	snapshot.has_spool = true;
	is_text(plain(20), "[##  ]  50%   999/s", "with a spool: how full that is");
}

static void
fits_always(void)
{
	struct random random = { 42 };
	unsigned wide = 0, altered = 0;

	for (int i = 0; i < 20000; i++) {
		unsigned room = (unsigned)random_below(&random, 200);
		char shown[METER_MOST], coloured[METER_MOST];

		any_snapshot(&random);
		wide += columns_of(line(room, i % 2 == 0, false), shown) > (room > 0 ? room - 1 : 0);
		(void)columns_of(line(room, i % 2 == 0, true), coloured);
		altered += strcmp(shown, coloured) != 0;
	}
	is(wide, 0, "never wider than the terminal, less one column; nothing but text and SGR");
	is(altered, 0, "colour takes no columns");
}

int
main(void)
{
	widths();
	progress();
	bars();
	not_known_yet();
	kinds();
	reasons();
	readers();
	colours();
	spools();
	fits_always();
	return done_testing();
}
