/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/compat.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A decimal as it was written: digits / 10^decimals. */
struct decimal {
	uint64_t digits;
	unsigned decimals;
};

struct suffix {
	const char *text;
	uint64_t factor;
};

#define KIB UINT64_C(1024)
#define KILO UINT64_C(1000)

/* In any case; but see is_in_bits. */
static const struct suffix size_suffixes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", KIB }, { "Ki", KIB }, { "KiB", KIB },
	{ "M", KIB * KIB }, { "Mi", KIB * KIB }, { "MiB", KIB * KIB },
	{ "G", KIB * KIB * KIB }, { "Gi", KIB * KIB * KIB }, { "GiB", KIB * KIB * KIB },
	{ "T", KIB * KIB * KIB * KIB }, { "Ti", KIB * KIB * KIB * KIB }, { "TiB", KIB * KIB * KIB * KIB },
	{ "KB", KILO },
	{ "MB", KILO * KILO },
	{ "GB", KILO * KILO * KILO },
	{ "TB", KILO * KILO * KILO * KILO },
	{ NULL, 0 },
};

/* Of rates, which networks have in bits. */
static const struct suffix bit_suffixes[] = {
	{ "bit", 1 },
	{ "kbit", KILO },                { "Kibit", KIB },
	{ "Mbit", KILO * KILO },         { "Mibit", KIB * KIB },
	{ "Gbit", KILO * KILO * KILO },  { "Gibit", KIB * KIB * KIB },
	{ "Tbit", KILO * KILO * KILO * KILO }, { "Tibit", KIB * KIB * KIB * KIB },
	{ NULL, 0 },
};

#define BITS_PER_BYTE 8

/* Of records only thousands have a short form: M without a B is taken for megabytes by pv's users. */
static const struct suffix record_suffixes[] = {
	{ "", 1 },
	{ "K", KILO },
	{ NULL, 0 },
};

/* Rates are shown in the first of them that will do. */
static const struct suffix periods[] = {
	{ "s", NS_PER_S },           { "min", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },    { "d", 86400 * NS_PER_S },
	{ "sec", NS_PER_S },         { "second", NS_PER_S },
	{ "m", 60 * NS_PER_S },      { "minute", 60 * NS_PER_S },
	{ "hour", 3600 * NS_PER_S }, { "day", 86400 * NS_PER_S },
	{ "ms", NS_PER_MS },         { "us", 1000 },
	{ NULL, 0 },
};

static const uint64_t powers[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

#define MOST_DECIMALS 9

static const char too_large[] = "too large";

/* The factor of the suffix that is exactly text[0..length), or 0. */
static uint64_t
suffix_factor(const struct suffix *table, const char *text, size_t length)
{
	for (; table->text != NULL; table++)
		if (strlen(table->text) == length && memcmp(table->text, text, length) == 0)
			return table->factor;
	return 0;
}

/* The same in any case. */
static uint64_t
caseless_factor(const struct suffix *table, const char *text, size_t length)
{
	for (; table->text != NULL; table++)
		if (strlen(table->text) == length && strncasecmp(table->text, text, length) == 0)
			return table->factor;
	return 0;
}

/* "Mb", "Kib": by its case a number of bits, and elsewhere often one of bytes. */
static bool
is_in_bits(const char *suffix, size_t length)
{
	return length > 1 && suffix[length - 1] == 'b' && suffix[0] >= 'A' && suffix[0] <= 'Z';
}

static const char bits_or_bytes[] = "ambiguous: bits or bytes? write MB for bytes, or in a rate Mbit";

/* Reads a decimal and returns what follows it, or NULL where there is none.  One with more digits
 * than can be kept, 64 bits of them, is too large whatever its unit: digits becomes UINT64_MAX. */
static const char *
read_decimal(const char *text, struct decimal *decimal)
{
	bool point = false;
	bool any = false;

	*decimal = (struct decimal){ 0, 0 };
	for (;; text++) {
		const uint64_t digit = (uint64_t)(*text - '0');

		if (*text == '.' && !point && text[1] >= '0' && text[1] <= '9') {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			break;
		any = true;
		if (point && decimal->decimals == MOST_DECIMALS)
			continue; /* finer than anything here can tell apart */
		if (decimal->digits > (UINT64_MAX - 1 - digit) / 10) {
			decimal->digits = UINT64_MAX;
			continue;
		}
		decimal->digits = decimal->digits * 10 + digit;
		decimal->decimals += point;
	}
	return any ? text : NULL;
}

/* decimal * factor, cut to a whole number; false when over most. */
static bool
scale(const struct decimal *decimal, uint64_t factor, uint64_t most, uint64_t *value)
{
	uint64_t power = powers[decimal->decimals];
	uint64_t whole = decimal->digits / power;
	uint64_t rest = decimal->digits % power;
	uint64_t part;

	if (decimal->digits == UINT64_MAX || whole > most / factor)
		return false;
	/* rest < 10^9; a factor over 2^34 would overflow, and is a multiple of 2^10 or of 10^3 */
	if (factor > UINT64_C(1) << 34) {
		uint64_t unit = factor % KILO == 0 ? KILO * KILO : KIB * KIB;
		part = rest * (factor / unit) / power * unit +
		    rest * (factor / unit) % power * unit / power;
	} else {
		part = rest * factor / power;
	}
	if (whole * factor + part > most)
		return false;
	*value = whole * factor + part;
	return true;
}

const char *
units_size(const char *text, uint64_t *bytes)
{
	struct decimal decimal;
	const char *rest = read_decimal(text, &decimal);
	uint64_t factor;

	if (rest == NULL || (factor = caseless_factor(size_suffixes, rest, strlen(rest))) == 0)
		return "not a size";
	if (is_in_bits(rest, strlen(rest)))
		return bits_or_bytes;
	return scale(&decimal, factor, UNITS_SIZE_MAX, bytes) ? NULL : too_large;
}

const char *
units_count(const char *text, uint64_t *count)
{
	const char *error = NULL;
	long long value;

	if (strspn(text, "0123456789") != strlen(text) || *text == '\0')
		return "not a whole number"; /* strtonum would take a sign or leading space */
	value = strtonum(text, 0, (long long)UNITS_AMOUNT_MAX, &error);
	if (error != NULL)
		return too_large;
	if (value == 0)
		return "zero has no meaning here";
	*count = (uint64_t)value;
	return NULL;
}

const char *
units_time(const char *text, uint64_t *ns)
{
	struct decimal decimal;
	const char *rest = read_decimal(text, &decimal);
	uint64_t factor;

	if (rest == NULL)
		return "not a time";
	factor = *rest == '\0' ? NS_PER_S : suffix_factor(periods, rest, strlen(rest));
	if (factor == 0)
		return "not a time";
	return scale(&decimal, factor, UNITS_TIME_MAX_NS, ns) ? NULL : too_large;
}

const char *
units_percent(const char *text, uint32_t *milli)
{
	struct decimal decimal;
	const char *rest = read_decimal(text, &decimal);
	uint64_t value;

	if (rest == NULL || (strcmp(rest, "%") != 0 && *rest != '\0'))
		return "not a percentage";
	if (!scale(&decimal, UNITS_MILLI, UINT64_C(100) * UNITS_MILLI, &value))
		return "more than 100%";
	*milli = (uint32_t)value;
	return NULL;
}

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

const char *
units_share(const char *text, struct share *share)
{
	struct decimal decimal;
	const char *rest = read_decimal(text, &decimal);
	uint64_t count, most, divisor;

	if (rest == NULL || strcmp(rest, "%") != 0) {
		const char *error = units_count(strncmp(text, "1/", 2) == 0 ? text + 2 : text, &count);
		if (error == NULL)
			*share = (struct share){ 1, count };
		return error;
	}
	most = 100 * powers[decimal.decimals];
	if (decimal.digits > most)
		return "more than 100%";
	if (decimal.digits == 0)
		return "zero has no meaning here";
	divisor = greatest_common_divisor(decimal.digits, most);
	*share = (struct share){ decimal.digits / divisor, most / divisor };
	return NULL;
}

/* What the suffix counts: the factor is of bytes, of records, or of bits, of which *parts are one byte.
 * 0 and *error for none. */
static uint64_t
amount_factor(const char *suffix, size_t length, bool bytes, bool *in_bytes, uint64_t *parts, const char **error)
{
	uint64_t factor = caseless_factor(bit_suffixes, suffix, length);

	*in_bytes = true;
	*parts = factor != 0 ? BITS_PER_BYTE : 1;
	if (factor != 0)
		return factor;
	*in_bytes = bytes || (length > 0 && (suffix[length - 1] == 'B' || suffix[length - 1] == 'b'));
	factor = caseless_factor(*in_bytes ? size_suffixes : record_suffixes, suffix, length);
	*error = "not a rate";
	if (factor == 0 && length == 1 && strchr("mMgGtT", *suffix) != NULL)
		*error = "ambiguous: bytes or records? write 10MB for bytes, 10000k for records";
	if (factor != 0 && is_in_bits(suffix, length)) {
		*error = bits_or_bytes;
		return 0;
	}
	return factor;
}

/* Reads text[0..length), a decimal and its suffix, exactly: amount every `scaled` periods, so that
 * "0.5" becomes 1 in 2.  *in_bytes says what was counted. */
static const char *
read_amount(const char *text, size_t length, bool bytes, uint64_t *amount, uint64_t *scaled,
    bool *in_bytes)
{
	struct decimal decimal;
	const char *suffix = read_decimal(text, &decimal);
	const char *error;
	uint64_t factor, divisor, power, digits, parts;

	if (suffix == NULL || suffix > text + length)
		return "not a rate";
	factor = amount_factor(suffix, length - (size_t)(suffix - text), bytes, in_bytes, &parts, &error);
	if (factor == 0)
		return error;
	if (decimal.digits == 0)
		return "zero has no meaning here";
	if (decimal.digits == UINT64_MAX)
		return too_large;
	digits = decimal.digits;
	power = powers[decimal.decimals] * parts;
	divisor = greatest_common_divisor(factor, power);
	factor /= divisor;
	power /= divisor;
	divisor = greatest_common_divisor(digits, power);
	digits /= divisor;
	power /= divisor;
	if (digits > UNITS_AMOUNT_MAX / factor)
		return too_large;
	*amount = digits * factor;
	*scaled = power;
	return NULL;
}

/* "s", "min", or several, as in "30s"; in nanoseconds. */
static const char *
read_period(const char *text, uint64_t *period)
{
	struct decimal decimal;
	const char *unit = read_decimal(text, &decimal);
	uint64_t factor = suffix_factor(periods, unit != NULL ? unit : text, strlen(unit != NULL ? unit : text));

	if (factor == 0)
		return "no such period";
	*period = factor;
	if (unit != NULL && !scale(&decimal, factor, UNITS_PERIOD_MAX_NS, period))
		return "too long a period";
	return *period > 0 ? NULL : "no such period";
}

const char *
units_rate(const char *text, bool bytes, struct rate *rate)
{
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t period = NS_PER_S;
	uint64_t amount, scaled, divisor;
	bool in_bytes;
	const char *error = read_amount(text, length, bytes, &amount, &scaled, &in_bytes);

	if (error == NULL && slash != NULL)
		error = read_period(slash + 1, &period);
	if (error != NULL)
		return error;
	if (period > UNITS_PERIOD_MAX_NS / scaled)
		return "too small";
	period *= scaled;
	divisor = greatest_common_divisor(amount, period);
	*rate = (struct rate){ amount / divisor, period / divisor, in_bytes };
	return NULL;
}

/* Without a period. */
static const char *
read_bare_amount(const char *text, bool bytes, uint64_t *amount, uint64_t *scaled, bool *in_bytes)
{
	const char *error = read_amount(text, strlen(text), bytes, amount, scaled, in_bytes);

	return error != NULL && strcmp(error, "not a rate") == 0 ? "not an amount" : error;
}

const char *
units_amount(const char *text, bool bytes, uint64_t *amount)
{
	uint64_t value, scaled;
	bool in_bytes;
	const char *error = read_bare_amount(text, bytes, &value, &scaled, &in_bytes);

	if (error != NULL)
		return error;
	if (in_bytes != bytes)
		return "bytes, but the rate counts records";
	if (value / scaled == 0)
		return "less than 1";
	*amount = value / scaled;
	return NULL;
}

const char *
units_quantity(const char *text, bool *bytes, uint64_t *amount)
{
	uint64_t value, scaled;
	bool in_bytes;
	const char *error = read_bare_amount(text, false, &value, &scaled, &in_bytes);

	if (error != NULL)
		return error;
	if (!in_bytes && value % scaled != 0)
		return "not a whole number";
	if (value / scaled == 0)
		return "less than 1";
	*bytes = in_bytes;
	*amount = value / scaled;
	return NULL;
}

/* value / 10^decimals, without needless digits' places. */
static void
format_decimal(char *text, size_t size, uint64_t value, unsigned decimals, const char *unit)
{
	if (decimals == 0)
		(void)snprintf(text, size, "%" PRIu64 "%s", value, unit);
	else
		(void)snprintf(text, size, "%" PRIu64 ".%0*" PRIu64 "%s", value / powers[decimals],
		    (int)decimals, value % powers[decimals], unit);
}

/* The first of s, min, h, d in which the rate is a decimal with no end cut off; where there is none, a
 * whole number in so many seconds. */
void
units_format_rate(char *text, size_t size, const struct rate *rate)
{
	unsigned decimals = MOST_DECIMALS;
	uint64_t seconds = rate->period_ns;
	char span[32];

	for (const struct suffix *period = periods; period->text != NULL; period++) {
		for (decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
			uint64_t shared = greatest_common_divisor(rate->period_ns, powers[decimals]);
			uint64_t left = rate->period_ns / shared;
			uint64_t factor, digits, power;
			char unit[16];

			if (period->factor % left != 0)
				continue;
			factor = period->factor / left * (powers[decimals] / shared);
			digits = rate->amount * factor;
			power = powers[decimals] / greatest_common_divisor(digits, powers[decimals]);
			/* What could not be read again: 2^50 every 3 us is no number of bytes a minute. */
			if (rate->amount > UINT64_MAX / factor || digits / (powers[decimals] / power) > UNITS_AMOUNT_MAX ||
			    period->factor > UNITS_PERIOD_MAX_NS / power)
				break;
			(void)snprintf(unit, sizeof(unit), "%s/%s", rate->bytes ? "B" : "", period->text);
			format_decimal(text, size, digits, decimals, unit);
			return;
		}
	}
	for (decimals = MOST_DECIMALS; decimals > 0 && seconds % 10 == 0; decimals--)
		seconds /= 10;
	format_decimal(span, sizeof(span), seconds, decimals, "s");
	(void)snprintf(text, size, "%" PRIu64 "%s/%s", rate->amount, rate->bytes ? "B" : "", span);
}

void
units_format_share(char *text, size_t size, const struct share *share)
{
	unsigned decimals = 0;

	if (share->num == 1) {
		(void)snprintf(text, size, "%" PRIu64, share->den);
		return;
	}
	/* Read from a percentage of at most nine decimals, den divides 100 * 10^9. */
	while (decimals < MOST_DECIMALS && 100 * powers[decimals] % share->den != 0)
		decimals++;
	format_decimal(text, size, 100 * powers[decimals] / share->den * share->num, decimals, "%");
}
