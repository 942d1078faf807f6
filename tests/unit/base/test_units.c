/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of what is accepted, with its exact value, and of what is refused, with the phrase that the user
 * will see.  What is refused must leave the result alone.
 */
#include "../tap.h"

#include "../random.h"
#include "../wide.h"
#include "base/units.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED UINT64_C(0x5555555555555555)

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define TIB (KIB * GIB)
#define SECOND NS_PER_S
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* What is a number nowhere. */
#define NO_NUMBERS "", " ", "-", "+", ".", "%", "x", "-1", "+1", " 1", "1 ", "1\n", "1\t", "0x10", \
	"0x", "1e3", "1.", "1..5", "1.5.5", "1,5", "1_000", "1'000", "inf", "nan", "one", "--1", "1-", \
	"\xc2\xb2", "1\xa0"

struct number {
	const char *text;
	uint64_t value;
};

typedef const char *reader(const char *text, uint64_t *value);

static const char *
read_percent(const char *text, uint64_t *value)
{
	uint32_t milli = (uint32_t)UNTOUCHED;
	const char *error = units_percent(text, &milli);

	*value = error == NULL || milli != (uint32_t)UNTOUCHED ? milli : UNTOUCHED;
	return error;
}

static const char *
read_amount(const char *text, uint64_t *value)
{
	return units_amount(text, false, value);
}

static const char *
read_amount_bytes(const char *text, uint64_t *value)
{
	return units_amount(text, true, value);
}

/* The value is half of what it should be where it counts the other thing, or touches what it counts on an error. */
static const char *
read_quantity(const char *text, bool want_bytes, uint64_t *value)
{
	bool bytes = !want_bytes;
	const char *error = units_quantity(text, &bytes, value);

	if ((error == NULL) != (bytes == want_bytes))
		*value /= 2;
	return error;
}

static const char *
read_quantity_records(const char *text, uint64_t *value)
{
	return read_quantity(text, false, value);
}

static const char *
read_quantity_bytes(const char *text, uint64_t *value)
{
	return read_quantity(text, true, value);
}

static void
accepts(reader *read, const char *what, const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		const char *error = read(numbers[i].text, &value);

		if (error != NULL)
			diag("refused: %s", error);
		is(value, numbers[i].value, "%s '%s'", what, numbers[i].text);
	}
}

/* One test for the whole table, which shows each text that is let through. */
static void
refuses(reader *read, const char *what, const char *phrase, const char *const *texts, size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		const char *error = read(texts[i], &value);

		if (error != NULL && strcmp(error, phrase) == 0 && value == UNTOUCHED)
			continue;
		diag("%s '%s': %s, value %" PRIu64 "%s", what, texts[i], error != NULL ? error : "accepted", value,
		    value == UNTOUCHED ? " (untouched)" : "");
		good = false;
	}
	ok(good, "%s: %zu texts are refused, \"%s\"", what, count, phrase);
}

#define ACCEPTS(read, what, numbers) accepts(read, what, numbers, LENGTH(numbers))
#define REFUSES(read, what, phrase, ...) \
	refuses(read, what, phrase, (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* --- numbers -------------------------------------------------------------------------------------- */

static void
sizes(void)
{
	static const struct number good[] = {
		{ "0", 0 }, { "1", 1 }, { "4096", 4096 }, { "17B", 17 }, { "007", 7 },
		{ "4K", 4096 }, { "4k", 4096 }, { "4Ki", 4096 }, { "4KiB", 4096 }, { "4KB", 4000 },
		{ "4kB", 4000 },
		{ "3M", 3 * MIB }, { "3m", 3 * MIB }, { "3Mi", 3 * MIB }, { "3MiB", 3 * MIB },
		{ "3MB", 3000000 },
		{ "2G", 2 * GIB }, { "2g", 2 * GIB }, { "2GiB", 2 * GIB }, { "2GB", 2000000000 },
		{ "1T", TIB }, { "1t", TIB }, { "1TiB", TIB }, { "1TB", 1000000000000 },
		{ "4kib", 4096 }, { "4KIB", 4096 }, { "4kb", 4000 }, { "3mb", 3000000 }, { "3MIB", 3 * MIB },
		{ "2gb", 2000000000 }, { "2gib", 2 * GIB }, { "1tb", 1000000000000 }, { "17b", 17 },
		{ "1.5M", MIB + MIB / 2 }, { "0.5K", 512 }, { ".5K", 512 }, { "1.25MB", 1250000 },
		{ "0.001K", 1 }, { "0.0009K", 0 }, { "1.9", 1 }, { "1.999999999999", 1 },
		{ "1.000000001TB", 1000000001000 }, { "1.000000001T", TIB + 1099 },
		{ "0.999999999T", TIB - 1100 }, { "123.456789012GB", 123456789012 },
		{ "0000000000000000000000000000001K", 1024 }, { "1.0000000000000000000000000000K", 1024 },
		{ "1024T", UNITS_SIZE_MAX }, { "1125899906842624", UNITS_SIZE_MAX },
		{ "1125.899906842TB", 1125899906842000 },
	};

	ACCEPTS(units_size, "size", good);
	REFUSES(units_size, "size", "not a size", NO_NUMBERS, "K", "MB", "1 K", "1K ", "1KK", "1K5", "1KiBB",
	    "1P", "1bytes", "1/s", "1%", ".K", "1.K", "-0", "1bit", "1Mbit");
	REFUSES(units_size, "size", "ambiguous: bits or bytes? write MB for bytes, or in a rate Mbit", "1Kib", "1Mb",
	    "10Gb", "1Tib");
	REFUSES(units_size, "size", "too large", "1125899906842625", "1025T", "1024.000000001T", "1048577G",
	    "1126TB", "1125.899906843TB", "999999999999999999", "1000000000000000000", "9999999999999999999",
	    "18446744073709551615", "18446744073709551616", "18446744073709551617",
	    "99999999999999999999999999999999999999999999", "99999999999999999999.5",
	    "16777216T", "17179869184G", "18014398509481984K", "999999999999999999T");
}

static void
counts(void)
{
	static const struct number good[] = { { "1", 1 }, { "10", 10 }, { "00010", 10 },
		{ "1125899906842624", UNITS_AMOUNT_MAX } };

	ACCEPTS(units_count, "count", good);
	REFUSES(units_count, "count", "not a whole number", NO_NUMBERS, "1.0", "10K", "1/10", "10%");
	REFUSES(units_count, "count", "zero has no meaning here", "0", "000");
	REFUSES(units_count, "count", "too large", "1125899906842625", "9223372036854775808",
	    "18446744073709551617", "99999999999999999999999999999999999999");
}

static void
times(void)
{
	static const struct number good[] = {
		{ "0", 0 }, { "0s", 0 }, { "5", 5 * SECOND }, { "5s", 5 * SECOND }, { "5sec", 5 * SECOND },
		{ "250ms", 250000000 }, { "10us", 10000 }, { "0.5us", 500 }, { "1.5m", 90 * SECOND },
		{ "1.5min", 90 * SECOND }, { "2h", 2 * HOUR }, { "0.5d", DAY / 2 }, { "1.5", SECOND * 3 / 2 },
		{ "0.000000001", 1 }, { "0.0000000009", 0 }, { "1.000000001h", HOUR + 3600 },
		{ "0.000000001d", 86400 }, { "1.123456789d", UINT64_C(97066666569600) },
		{ "366d", UNITS_TIME_MAX_NS }, { "5second", 5 * SECOND }, { "1.5minute", 90 * SECOND },
		{ "2hour", 2 * HOUR }, { "0.5day", DAY / 2 },
	};

	ACCEPTS(units_time, "time", good);
	REFUSES(units_time, "time", "not a time", NO_NUMBERS, "s", "5 s", "5S", "5s ", "1h30m", "5secs", "5/s",
	    "ms", "1M", "5%");
	REFUSES(units_time, "time", "too large", "367d", "366.000000001d", "31622401", "31622400.000000001",
	    "8785h", "31622400001ms", "999999999999999999d", "9999999999999999999", "213503982334602d");
}

static void
percents(void)
{
	static const struct number good[] = { { "0", 0 }, { "0%", 0 }, { "80%", 80000 }, { "80", 80000 },
		{ "12.5%", 12500 }, { "0.001%", 1 }, { "0.0009%", 0 }, { "33.333333%", 33333 },
		{ "100%", 100000 }, { "100.000%", 100000 }, { "100", 100000 } };

	ACCEPTS(read_percent, "percentage", good);
	REFUSES(read_percent, "percentage", "not a percentage", NO_NUMBERS, "80%%", "80 %", "80% ", "%80", "8K",
	    "1/2");
	REFUSES(read_percent, "percentage", "more than 100%", "101", "100.001%", "1000%", "4294967396%",
	    "18446744073709551616%", "99999999999999999999999%");
}

static void
amounts(void)
{
	static const char unit[] = "bytes, but the rate counts records";
	static const char ambiguous[] =
	    "ambiguous: bytes or records? write 10MB for bytes, 10000k for records";
	static const struct number records[] = { { "1", 1 }, { "10", 10 }, { "10k", 10000 }, { "10K", 10000 },
		{ "1.5k", 1500 }, { "1.5", 1 }, { "1.999", 1 }, { "1125899906842624", UNITS_AMOUNT_MAX } };
	static const struct number bytes[] = { { "1", 1 }, { "1B", 1 }, { "64K", 65536 }, { "64k", 65536 },
		{ "64KiB", 65536 }, { "64KB", 64000 }, { "10M", 10 * MIB }, { "0.5K", 512 }, { "1024T", 1024 * TIB } };

	ACCEPTS(read_amount, "amount of records", records);
	ACCEPTS(read_amount_bytes, "amount of bytes", bytes);
	REFUSES(read_amount, "amount of records", "not an amount", NO_NUMBERS, "k", "10/s", "10kk", "10Ki", "10 k");
	REFUSES(read_amount, "amount of records", unit, "10B", "10KB", "10MiB");
	REFUSES(read_amount, "amount of records", ambiguous, "10M", "10m", "10G", "10g");
	REFUSES(read_amount, "amount of records", "zero has no meaning here", "0", "0.0k", "0B");
	REFUSES(read_amount, "amount of records", "less than 1", "0.5", "0.999999999", "0.0009k");
	REFUSES(read_amount, "amount of records", "too large", "1125899906842625", "1125899906843k",
	    "99999999999999999999", "18446744073709552k");
	REFUSES(read_amount_bytes, "amount of bytes", "not an amount", NO_NUMBERS, "K", "10/s", "10Kk");
	REFUSES(read_amount_bytes, "amount of bytes", "too large", "1025T", "18014398509481985K");
}

static void
quantities(void)
{
	static const char ambiguous[] =
	    "ambiguous: bytes or records? write 10MB for bytes, 10000k for records";
	static const struct number records[] = { { "1", 1 }, { "500", 500 }, { "10k", 10000 }, { "10K", 10000 },
		{ "1.5k", 1500 }, { "2.0", 2 }, { "0.001k", 1 }, { "1125899906842624", UNITS_AMOUNT_MAX } };
	static const struct number bytes[] = { { "1B", 1 }, { "1b", 1 }, { "64KiB", 65536 }, { "64KB", 64000 },
		{ "64kb", 64000 }, { "1MB", 1000000 }, { "1.5MiB", MIB * 3 / 2 }, { "1.9B", 1 }, { "10kbit", 1250 },
		{ "9bit", 1 }, { "1024TiB", UNITS_AMOUNT_MAX } };

	ACCEPTS(read_quantity_records, "quantity of records", records);
	ACCEPTS(read_quantity_bytes, "quantity of bytes", bytes);
	REFUSES(read_quantity_records, "quantity", "not an amount", NO_NUMBERS, "k", "B", "10/s", "10kk", "10Ki", "10 k",
	    "10BB", "1,1MB");
	REFUSES(read_quantity_records, "quantity", ambiguous, "10M", "10m", "10G", "10g", "1T");
	REFUSES(read_quantity_records, "quantity", "ambiguous: bits or bytes? write MB for bytes, or in a rate Mbit", "10Mb",
	    "1Kb");
	REFUSES(read_quantity_records, "quantity", "zero has no meaning here", "0", "0.0k", "0B", "0KB");
	REFUSES(read_quantity_records, "quantity", "not a whole number", "1.5", "0.5", "0.0009k", "1.9999k");
	REFUSES(read_quantity_records, "quantity", "less than 1", "0.5B", "7bit");
	REFUSES(read_quantity_records, "quantity", "too large", "1125899906842625", "1125899906843k", "1025TiB",
	    "99999999999999999999", "99999999999999999999B", "18446744073709552k");
}

/* --- shares --------------------------------------------------------------------------------------- */

static const char *
read_share(const char *text, uint64_t *value)
{
	struct share share = { UNTOUCHED, UNTOUCHED };
	const char *error = units_share(text, &share);

	*value = share.num == UNTOUCHED && share.den == UNTOUCHED ? UNTOUCHED : share.num;
	return error;
}

static void
shares(void)
{
	static const struct {
		const char *text;
		struct share share;
		const char *shown;
	} good[] = {
		{ "1", { 1, 1 }, "1" }, { "10", { 1, 10 }, "10" }, { "1/10", { 1, 10 }, "10" },
		{ "1/1", { 1, 1 }, "1" }, { "010", { 1, 10 }, "10" }, { "12.5%", { 1, 8 }, "8" },
		{ "50%", { 1, 2 }, "2" }, { "100%", { 1, 1 }, "1" }, { "100.000%", { 1, 1 }, "1" },
		{ "66.6%", { 333, 500 }, "66.6%" }, { "75%", { 3, 4 }, "75%" }, { "99%", { 99, 100 }, "99%" },
		{ "33.333333333%", { 33333333333, 100000000000 }, "33.333333333%" },
		{ "0.000000003%", { 3, 100000000000 }, "0.000000003%" },
		{ "0.000000001%", { 1, 100000000000 }, "100000000000" },
		{ "1125899906842624", { 1, UNITS_AMOUNT_MAX }, "1125899906842624" },
	};

	for (size_t i = 0; i < LENGTH(good); i++) {
		struct share share = { 0, 0 };
		char shown[32];
		const char *error = units_share(good[i].text, &share);

		ok(error == NULL && share.num == good[i].share.num && share.den == good[i].share.den,
		    "share '%s' is %" PRIu64 " in %" PRIu64, good[i].text, good[i].share.num, good[i].share.den);
		units_format_share(shown, sizeof(shown), &share);
		is_text(shown, good[i].shown, "and is shown as '%s'", good[i].shown);
	}
	REFUSES(read_share, "share", "not a whole number", NO_NUMBERS, "1/", "/10", "1/x", "2/3", "1/-10", "1/ 10",
	    "1/1/2", "1/10%", "10 %", "1%%", "%10", "1.5", "1/1.5", "10K", "01/10");
	REFUSES(read_share, "share", "zero has no meaning here", "0", "0%", "0.0%", "1/0", "0.0000000001%");
	REFUSES(read_share, "share", "more than 100%", "101%", "100.000000001%", "99999999999999999999%");
	REFUSES(read_share, "share", "too large", "1125899906842625", "1/1125899906842625",
	    "99999999999999999999");
}

static void
shares_read_back(void)
{
	struct random random = { 11 };
	bool good = true;

	for (unsigned i = 0; i < 3000 && good; i++) {
		char text[32], shown[32];
		struct share share, again = { 0, 0 };

		(void)snprintf(text, sizeof(text), "%u.%.*u%%", (unsigned)random_below(&random, 100),
		    (int)random_from(&random, 1, 9), (unsigned)random_magnitude(&random, 29));
		if (units_share(text, &share) != NULL)
			continue;
		units_format_share(shown, sizeof(shown), &share);
		good = units_share(shown, &again) == NULL && again.num == share.num && again.den == share.den;
		if (!good)
			diag("'%s' is %" PRIu64 " in %" PRIu64 ", shown as '%s'", text, share.num, share.den, shown);
	}
	ok(good, "every share that is read is shown so that it reads back");
}

/* --- rates ---------------------------------------------------------------------------------------- */

static bool
same_rate(const struct rate *a, const struct rate *b)
{
	return a->bytes == b->bytes &&
	    (unsigned_wide)a->amount * b->period_ns == (unsigned_wide)b->amount * a->period_ns;
}

struct written_rate {
	const char *text;
	struct rate rate;
	const char *shown; /* by units_format_rate */
};

static void
accepts_rates(bool bytes, const struct written_rate *rates, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rate rate = { 1, 1, !rates[i].rate.bytes };
		char shown[48];
		const char *error = units_rate(rates[i].text, bytes, &rate);

		if (!ok(error == NULL && same_rate(&rate, &rates[i].rate), "rate '%s'%s", rates[i].text,
		    bytes ? " of bytes" : ""))
			diag("%s: %" PRIu64 " every %" PRIu64 " ns", error != NULL ? error : "read", rate.amount,
			    rate.period_ns);
		units_format_rate(shown, sizeof(shown), &rate);
		is_text(shown, rates[i].shown, "and is shown as '%s'", rates[i].shown);
	}
}

static void
rates(void)
{
	static const struct written_rate of_records[] = {
		{ "100", { 100, SECOND, false }, "100/s" }, { "100/s", { 100, SECOND, false }, "100/s" },
		{ "100/sec", { 100, SECOND, false }, "100/s" }, { "10k/s", { 10000, SECOND, false }, "10000/s" },
		{ "10K/s", { 10000, SECOND, false }, "10000/s" }, { "10k", { 10000, SECOND, false }, "10000/s" },
		{ "10000k/s", { 10000000, SECOND, false }, "10000000/s" },
		{ "6000/min", { 100, SECOND, false }, "100/s" }, { "7/min", { 7, MINUTE, false }, "7/min" },
		{ "5/h", { 5, HOUR, false }, "5/h" }, { "5/hour", { 5, HOUR, false }, "5/h" },
		{ "7/d", { 7, DAY, false }, "7/d" }, { "0.5/s", { 1, 2 * SECOND, false }, "0.5/s" },
		{ ".5/s", { 1, 2 * SECOND, false }, "0.5/s" }, { "1.5k/min", { 25, SECOND, false }, "25/s" },
		{ "0.333/s", { 333, 1000 * SECOND, false }, "0.333/s" },
		{ "0.000000001/s", { 1, SECOND * SECOND, false }, "0.000000001/s" },
		{ "10MB/s", { 10000000, SECOND, true }, "10000000B/s" },
		{ "10MB", { 10000000, SECOND, true }, "10000000B/s" },
		{ "64KiB/s", { 65536, SECOND, true }, "65536B/s" }, { "1B/s", { 1, SECOND, true }, "1B/s" },
		{ "1.5kB/s", { 1500, SECOND, true }, "1500B/s" }, { "1GiB/d", { GIB, DAY, true }, "1073741824B/d" },
		{ "100/second", { 100, SECOND, false }, "100/s" }, { "7/m", { 7, MINUTE, false }, "7/min" },
		{ "7/minute", { 7, MINUTE, false }, "7/min" }, { "7/day", { 7, DAY, false }, "7/d" },
		{ "5/ms", { 5000, SECOND, false }, "5000/s" }, { "1000/30s", { 2000, MINUTE, false }, "2000/min" },
		{ "1000/1s", { 1000, SECOND, false }, "1000/s" }, { "1/7s", { 1, 7 * SECOND, false }, "1/7s" },
		{ "3/0.7s", { 30, 7 * SECOND, false }, "3/0.7s" }, { "1/100ms", { 10, SECOND, false }, "10/s" },
		{ "0.25/1.5min", { 10, HOUR, false }, "10/h" }, { "10MB/5min", { 2000000, MINUTE, true }, "2000000B/min" },
		{ "10mb/s", { 10000000, SECOND, true }, "10000000B/s" },
		{ "64kib/s", { 65536, SECOND, true }, "65536B/s" },
		{ "10Mbit/s", { 1250000, SECOND, true }, "1250000B/s" },
		{ "10mbit", { 1250000, SECOND, true }, "1250000B/s" },
		{ "1bit/s", { 1, 8 * SECOND, true }, "0.125B/s" }, { "1Kibit/s", { 128, SECOND, true }, "128B/s" },
		{ "1125899906842624/s", { UNITS_AMOUNT_MAX, SECOND, false }, "1125899906842624/s" },
		{ "1125899906842624/d", { UNITS_AMOUNT_MAX, DAY, false }, "1125899906842624/d" },
	};
	static const struct written_rate of_bytes[] = {
		{ "100", { 100, SECOND, true }, "100B/s" }, { "10k/s", { 10240, SECOND, true }, "10240B/s" },
		{ "10M", { 10 * MIB, SECOND, true }, "10485760B/s" },
		{ "10m/s", { 10 * MIB, SECOND, true }, "10485760B/s" },
		{ "10MB/s", { 10000000, SECOND, true }, "10000000B/s" },
		{ "1G/min", { GIB, MINUTE, true }, "1073741824B/min" },
		{ "1.5G", { GIB + GIB / 2, SECOND, true }, "1610612736B/s" },
	};

	accepts_rates(false, of_records, LENGTH(of_records));
	accepts_rates(true, of_bytes, LENGTH(of_bytes));
}

static bool rate_of_bytes;

static const char *
read_rate(const char *text, uint64_t *value)
{
	struct rate rate = { UNTOUCHED, UNTOUCHED, false };
	const char *error = units_rate(text, rate_of_bytes, &rate);

	*value = rate.amount == UNTOUCHED && rate.period_ns == UNTOUCHED ? UNTOUCHED : rate.amount;
	return error;
}

static void
refused_rates(void)
{
	static const char ambiguous[] =
	    "ambiguous: bytes or records? write 10MB for bytes, 10000k for records";

	for (int i = 0; i < 2; i++) {
		const char *what = i > 0 ? "rate of bytes" : "rate";

		rate_of_bytes = i > 0;
		REFUSES(read_rate, what, "not a rate", NO_NUMBERS, "/s", "/", "k", "k/s", "B/s", "5 /s", "-5/s", "+5/s",
		    " 5/s", "5kk/s", "5k5/s", "0x5/s", "1e3/s", "10kBB/s", "10%", "10s", "M/s", "5.k/s", "bit/s",
		    "5bits/s", "5Mibits");
		REFUSES(read_rate, what, "no such period", "5/", "5//s", "5/s/s", "5/S", "5/M", "5/Day", "5/0s", "5/0.0s",
		    "5/ s", "5/s ", "5/-s", "5/30", "5/1.5", "5/s.", "5/30 s", "5/30s2", "10kB/x", "5/fortnight", "5/ns");
		REFUSES(read_rate, what, "too long a period", "5/100000d", "5/99999999999999999999s", "5/1152921505s");
		REFUSES(read_rate, what, "ambiguous: bits or bytes? write MB for bytes, or in a rate Mbit", "10Mb/s",
		    "10Kb", "1Gib/s");
		REFUSES(read_rate, what, "zero has no meaning here", "0", "0/s", "0.000k/min", "0B/s", "0.0000000001/s");
		REFUSES(read_rate, what, "too large", "1125899906842625/s", "1126TB/s", "99999999999999999999/s",
		    "1000000000000000000kB/s", "18446744073709551617", "18446744073709552KB/s");
		REFUSES(read_rate, what, "too small", "0.000000001/d", "0.000000001/h", "0.000001/d");
	}
	rate_of_bytes = false;
	REFUSES(read_rate, "rate", ambiguous, "10M", "10m", "10G", "10g", "10M/s", "10m/s", "10G/min", "10g/h",
	    "0.5M/d");
	REFUSES(read_rate, "rate", "not a rate", "10Ki/s", "10Mi/s");
}

/* Or is no rate. */
static bool
reads_back(const char *text, unsigned *read)
{
	char shown[48];
	struct rate rate, again = { 1, 1, false };

	if (units_rate(text, false, &rate) != NULL)
		return true;
	++*read;
	units_format_rate(shown, sizeof(shown), &rate);
	if (units_rate(shown, false, &again) == NULL && same_rate(&rate, &again))
		return true;
	diag("'%s' is %" PRIu64 " every %" PRIu64 " ns, shown as '%s'", text, rate.amount, rate.period_ns, shown);
	return false;
}

static void
rates_read_back(void)
{
	static const char *const suffixes[] = { "", "k", "B", "kB", "KiB", "MB", "GiB", "TB", "bit", "Mbit", "kib" };
	static const char *const periods[] = { "", "/s", "/min", "/h", "/d", "/7s", "/0.9min", "/13.000000001h", "/31d",
		"/day", "/3us" };
	struct random random = { 12 };
	unsigned read = 0;
	bool good = reads_back("1961741002.06775625bit/min", &read); /* of 20 digits */

	for (unsigned i = 0; i < 20000 && good; i++) {
		char text[64];
		/* one after the other: of arguments a compiler chooses which comes first */
		const uint64_t whole = random_magnitude(&random, 40);
		const int digits = (int)random_from(&random, 1, 9);
		const unsigned rest = (unsigned)random_magnitude(&random, 29);
		const char *suffix = suffixes[random_below(&random, LENGTH(suffixes))];

		(void)snprintf(text, sizeof(text), "%" PRIu64 ".%.*u%s%s", whole, digits, rest, suffix,
		    periods[random_below(&random, LENGTH(periods))]);
		good = reads_back(text, &read);
	}
	ok(good && read > 5000, "every rate that is read is shown so that it reads back (%u rates)", read);
}

/* --- room ----------------------------------------------------------------------------------------- */

static void
small_buffers(void)
{
	const struct rate rate = { 12345, SECOND, true };
	const struct share share = { 333, 500 };
	bool good = true;

	for (size_t size = 1; size < 12; size++) {
		char text[16];

		memset(text, '#', sizeof(text));
		units_format_rate(text, size, &rate);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
		units_format_share(text, size, &share);
		good = good && text[size] == '#' && memchr(text, '\0', size) != NULL;
	}
	ok(good, "a text that does not fit is cut, and ended");
}

int
main(void)
{
	sizes();
	counts();
	times();
	percents();
	amounts();
	quantities();
	shares();
	shares_read_back();
	rates();
	refused_rates();
	rates_read_back();
	small_buffers();
	return done_testing();
}
