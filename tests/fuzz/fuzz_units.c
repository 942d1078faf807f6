/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people write against exact arithmetic: the text is taken apart here once more, and what units.h
 * makes of it is compared as a product of factors, of any size, so that nothing can overflow unseen.
 * What is accepted must be exact and in its range; what is refused must be out of it, or no number, or
 * be called ambiguous.
 * What is formatted must read back the same.
 */
#include "config.h"

#include "base/figures.h"
#include "base/units.h"
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#define TEXT_MOST 200
#define DECIMALS_MOST 9 /* finer ones are cut off */

/* --- numbers of any size -------------------------------------------------------------------------- */

/* In 32-bit limbs, the least first. */
struct big {
	uint32_t limb[20];
};
#define LIMBS 20

/* number = number * factor + more */
static void
big_multiply(struct big *number, uint64_t factor, uint64_t more)
{
	const uint64_t halves[2] = { factor & UINT32_MAX, factor >> 32 };
	struct big product = { { 0 } };

	for (size_t half = 0; half < 2; half++) {
		uint64_t carry = half == 0 ? more & UINT32_MAX : more >> 32;

		for (size_t i = 0; i + half < LIMBS; i++) {
			uint64_t sum = halves[half] * number->limb[i];
			carry += sum & UINT32_MAX;
			carry += product.limb[i + half];
			product.limb[i + half] = (uint32_t)carry;
			carry = (carry >> 32) + (sum >> 32);
		}
	}
	*number = product;
}

/* The product of count factors. */
static struct big
big_product(const uint64_t *factors, size_t count)
{
	struct big number = { { 1 } };

	while (count-- > 0)
		big_multiply(&number, factors[count], 0);
	return number;
}

static int
big_compare(const struct big *a, const struct big *b)
{
	for (size_t i = LIMBS; i-- > 0;)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

#define PRODUCT(...) \
	big_product((const uint64_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* How one product compares with another: negative, 0, positive. */
static int
compare(struct big a, struct big b)
{
	return big_compare(&a, &b);
}

/* --- the text taken apart ------------------------------------------------------------------------- */

struct number {
	uint64_t digits;
	uint64_t power; /* 10 for each decimal */
	bool any;
	bool many;      /* more digits than can be kept */
	const char *suffix;
};

static struct number
take_apart(const char *text)
{
	struct number n = { .power = 1 };
	unsigned decimals = 0;
	bool point = false;

	for (;; text++) {
		if (!point && text[0] == '.' && strspn(text + 1, "0123456789") > 0) {
			point = true;
			continue;
		}
		if (*text == '\0' || strchr("0123456789", *text) == NULL)
			break;
		n.any = true;
		if (point && decimals == DECIMALS_MOST)
			continue;
		if (n.many || n.digits > (UINT64_MAX - 1 - (uint64_t)(*text - '0')) / 10) {
			n.many = true; /* as many as 64 bits hold, but for all of them set */
			continue;
		}
		n.digits = n.digits * 10 + (uint64_t)(*text - '0');
		decimals += point;
		n.power *= point ? 10 : 1;
	}
	n.suffix = text;
	return n;
}

struct unit {
	const char *names; /* each between spaces; in lower case where any will do */
	uint64_t factor;
};

#define K UINT64_C(1024)
#define S NS_PER_S

static const struct unit sizes[] = {
	{ "  b ", 1 },
	{ " k ki kib ", K }, { " m mi mib ", K * K }, { " g gi gib ", K * K * K },
	{ " t ti tib ", K * K * K * K },
	{ " kb ", 1000 }, { " mb ", 1000000 }, { " gb ", 1000000000 },
	{ " tb ", UINT64_C(1000000000000) }, { NULL, 0 },
};
static const struct unit bits[] = {
	{ " bit ", 1 },
	{ " kibit ", K }, { " mibit ", K * K }, { " gibit ", K * K * K }, { " tibit ", K * K * K * K },
	{ " kbit ", 1000 }, { " mbit ", 1000000 }, { " gbit ", 1000000000 },
	{ " tbit ", UINT64_C(1000000000000) }, { NULL, 0 },
};
static const struct unit counts[] = { { "  ", 1 }, { " k ", 1000 }, { NULL, 0 } };
static const struct unit times[] = {
	{ "  s sec second ", S }, { " ms ", S / 1000 }, { " us ", S / 1000000 }, { " m min minute ", 60 * S },
	{ " h hour ", 3600 * S }, { " d day ", 86400 * S }, { NULL, 0 },
};
static const struct unit periods[] = {
	{ " us ", S / 1000000 }, { " ms ", S / 1000 }, { " s sec second ", S }, { " m min minute ", 60 * S },
	{ " h hour ", 3600 * S }, { " d day ", 86400 * S }, { NULL, 0 },
};
static const struct unit percents[] = { { "  % ", UNITS_MILLI }, { NULL, 0 } };

/* What may be bits, and what may be bytes where records are counted; worth nothing. */
static const struct unit maybe_bits[] = {
	{ " Kb Mb Gb Tb Kib Mib Gib Tib KIb MIb GIb TIb ", 1 }, { NULL, 0 },
};
static const struct unit maybe_bytes[] = { { " m g t ", 1 }, { NULL, 0 } };

/* The factor of the unit of that name, or 0. */
static uint64_t
factor_of(const struct unit *units, const char *name, size_t length)
{
	char wanted[TEXT_MOST + 3] = " ";

	if (memchr(name, ' ', length) != NULL)
		return 0;
	memcpy(wanted + 1, name, length);
	wanted[length + 1] = ' ';
	for (; units->names != NULL; units++)
		if (strstr(units->names, wanted) != NULL)
			return units->factor;
	return 0;
}

/* The same for a name in any case. */
static uint64_t
factor_in_any_case(const struct unit *units, const char *name, size_t length)
{
	char lower[TEXT_MOST + 1];

	for (size_t i = 0; i < length; i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	return factor_of(units, lower, length);
}

static bool
says_ambiguous(const char *error)
{
	return error != NULL && strncmp(error, "ambiguous:", strlen("ambiguous:")) == 0;
}

/* --- decimals of a unit ---------------------------------------------------------------------------- */

/* value is digits * factor / power, cut to a whole number and at most `most`, or it was refused because
 * that cannot be.  A factor of 0 is that of no unit. */
static void
check_scaled(const char *what, struct number n, uint64_t factor, uint64_t most, const char *error,
    uint64_t value)
{
	bool good = n.any && factor > 0 && !n.many &&
	    compare(PRODUCT(n.digits, factor), PRODUCT(most + 1, n.power)) < 0;

	expect_equal(what, error == NULL, good);
	if (!good)
		return;
	expect(compare(PRODUCT(value, n.power), PRODUCT(n.digits, factor)) <= 0, what, value, n.digits);
	expect(compare(PRODUCT(value + 1, n.power), PRODUCT(n.digits, factor)) > 0, what, value, n.digits);
}

static void
check_decimals(const char *text)
{
	struct number n = take_apart(text);
	size_t length = strlen(n.suffix);
	bool ambiguous = n.any && factor_of(maybe_bits, n.suffix, length) > 0;
	uint64_t value = 0;
	uint32_t milli = 0;
	const char *error;

	error = units_size(text, &value);
	expect_equal("an ambiguous size", says_ambiguous(error), ambiguous);
	check_scaled("size", n, ambiguous ? 0 : factor_in_any_case(sizes, n.suffix, length), UNITS_SIZE_MAX,
	    error, value);
	error = units_time(text, &value);
	check_scaled("time", n, factor_of(times, n.suffix, length), UNITS_TIME_MAX_NS, error, value);
	error = units_percent(text, &milli);
	check_scaled("percent", n, factor_of(percents, n.suffix, length), 100 * UNITS_MILLI, error, milli);
}

/* --- counts and shares ----------------------------------------------------------------------------- */

static void
check_count(const char *text)
{
	struct number n = take_apart(text);
	uint64_t count = 0;
	bool good = n.any && *n.suffix == '\0' && strchr(text, '.') == NULL && !n.many && n.digits > 0 &&
	    n.digits <= UNITS_AMOUNT_MAX;

	expect_equal("count", units_count(text, &count) == NULL, good);
	if (good)
		expect_equal("count", count, n.digits);
}

static uint64_t
divisor_of(uint64_t a, uint64_t b)
{
	return b == 0 ? a : divisor_of(b, a % b);
}

static void
check_share(const char *text)
{
	struct share share, again = { 0, 0 };
	struct number n = take_apart(text);
	bool percent = n.any && strcmp(n.suffix, "%") == 0;
	const char *error = units_share(text, &share);
	uint64_t count = 0;
	char shown[64];

	if (percent)
		expect_equal("share", error == NULL, !n.many && n.digits > 0 && n.digits <= 100 * n.power);
	else
		expect_equal("share", error == NULL,
		    units_count(text + (strncmp(text, "1/", 2) == 0 ? 2 : 0), &count) == NULL);
	if (error != NULL)
		return;
	expect(share.num >= 1 && share.num <= share.den, "share", share.num, share.den);
	expect_equal("lowest terms", divisor_of(share.num, share.den), 1);
	if (percent)
		expect_equal("share", compare(PRODUCT(share.num, 100, n.power), PRODUCT(share.den, n.digits)), 0);
	else
		expect_equal("share", share.den, count);
	units_format_share(shown, sizeof(shown), &share);
	expect_equal("a share read back", units_share(shown, &again) == NULL, true);
	expect_equal("a share read back", again.num == share.num && again.den == share.den, true);
}

/* --- rates ---------------------------------------------------------------------------------------- */

/* Takes what both have in common out of power and one of the other two. */
static void
reduce(uint64_t *power, uint64_t *a, uint64_t *b)
{
	static const uint64_t primes[] = { 2, 5 };

	for (size_t i = 0; i < 2; i++) {
		uint64_t prime = primes[i];

		while (*power % prime == 0 && (*a % prime == 0 || *b % prime == 0)) {
			*power /= prime;
			*(*a % prime == 0 ? a : b) /= prime;
		}
	}
}

/* The amount before the slash: what is wrong with it, or 0. */
enum fault { FINE, NO_NUMBER, AMBIGUOUS, ZERO, TOO_LARGE };

/* Of the suffix; 0 for none.  *parts of what it counts are one byte, or one record. */
static uint64_t
factor_of_amount(const char *suffix, size_t length, bool bytes, uint64_t *parts, bool *in_bytes)
{
	uint64_t factor = factor_in_any_case(bits, suffix, length);

	*parts = factor > 0 ? 8 : 1;
	*in_bytes = true;
	if (factor > 0)
		return factor;
	*in_bytes = bytes || (length > 0 && strchr("Bb", suffix[length - 1]) != NULL);
	return factor_in_any_case(*in_bytes ? sizes : counts, suffix, length);
}

static enum fault
amount_of(const char *text, size_t length, bool bytes, struct number *n, uint64_t *factor, bool *in_bytes)
{
	char amount[TEXT_MOST + 1] = "";
	size_t left;
	uint64_t parts;

	memcpy(amount, text, length);
	*n = take_apart(amount);
	left = strlen(n->suffix);
	*factor = factor_of_amount(n->suffix, left, bytes, &parts, in_bytes);
	if (n->any && (factor_of(maybe_bits, n->suffix, left) > 0 ||
	    (!bytes && factor_in_any_case(maybe_bytes, n->suffix, left) > 0)))
		return AMBIGUOUS;
	if (!n->any || *factor == 0)
		return NO_NUMBER;
	if (n->digits == 0)
		return ZERO;
	n->power *= parts;
	reduce(&n->power, &n->digits, factor);
	if (n->many || compare(PRODUCT(n->digits, *factor), PRODUCT(UNITS_AMOUNT_MAX)) > 0)
		return TOO_LARGE;
	return FINE;
}

/* Of "min" or "1.5min", in nanoseconds, cut to a whole number; 0 for none, or one that is too long. */
static uint64_t
period_of(const char *text)
{
	struct number n = take_apart(text);
	const char *unit = n.any ? n.suffix : text;
	uint64_t factor = factor_of(periods, unit, strlen(unit));
	uint64_t period = 0;

	if (!n.any || factor == 0)
		return factor;
	if (n.many || compare(PRODUCT(n.digits, factor), PRODUCT(UNITS_PERIOD_MAX_NS + 1, n.power)) >= 0)
		return 0;
	for (uint64_t bit = UNITS_PERIOD_MAX_NS; bit > 0; bit >>= 1)
		if (compare(PRODUCT(period + bit, n.power), PRODUCT(n.digits, factor)) <= 0)
			period += bit;
	return period;
}

static void
check_rate_format(const struct rate *rate, bool bytes)
{
	struct rate again = { 0, 0, false };
	char shown[64];

	units_format_rate(shown, sizeof(shown), rate);
	expect_equal("a rate read back", units_rate(shown, bytes, &again) == NULL, true);
	expect_equal("its amount", again.amount, rate->amount);
	expect_equal("its period", again.period_ns, rate->period_ns);
	expect_equal("its unit", again.bytes, rate->bytes);
}

static void
check_rate(const char *text, bool bytes)
{
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t period = slash != NULL ? period_of(slash + 1) : S;
	struct number n;
	uint64_t factor;
	bool in_bytes;
	enum fault fault = amount_of(text, length, bytes, &n, &factor, &in_bytes);
	bool good = fault == FINE && period > 0 &&
	    compare(PRODUCT(n.power, period), PRODUCT(UNITS_PERIOD_MAX_NS)) <= 0;
	struct rate rate;
	const char *error = units_rate(text, bytes, &rate);

	expect_equal("rate", error == NULL, good);
	expect_equal("an ambiguous rate", says_ambiguous(error), fault == AMBIGUOUS);
	if (!good)
		return;
	expect_equal("the unit", rate.bytes, in_bytes);
	expect_equal("lowest terms", divisor_of(rate.amount, rate.period_ns), 1);
	expect_equal("rate", compare(PRODUCT(rate.amount, n.power, period),
	    PRODUCT(n.digits, factor, rate.period_ns)), 0);
	check_rate_format(&rate, bytes);
}

static void
check_amount(const char *text, bool bytes)
{
	struct number n;
	uint64_t factor, amount = 0;
	bool in_bytes;
	enum fault fault = amount_of(text, strlen(text), bytes, &n, &factor, &in_bytes);
	bool good = fault == FINE && in_bytes == bytes &&
	    compare(PRODUCT(n.digits, factor), PRODUCT(n.power)) >= 0;
	const char *error = units_amount(text, bytes, &amount);

	expect_equal("amount", error == NULL, good);
	expect_equal("an ambiguous amount", says_ambiguous(error), fault == AMBIGUOUS);
	if (good)
		expect_equal("amount", amount, n.digits * factor / n.power);
}

static void
check_quantity(const char *text)
{
	struct number n;
	uint64_t factor, amount = 0;
	bool in_bytes, bytes = false;
	enum fault fault = amount_of(text, strlen(text), false, &n, &factor, &in_bytes);
	bool good = fault == FINE && (in_bytes ? compare(PRODUCT(n.digits, factor), PRODUCT(n.power)) >= 0 : n.power == 1);
	const char *error = units_quantity(text, &bytes, &amount);

	expect_equal("quantity", error == NULL, good);
	expect_equal("an ambiguous quantity", says_ambiguous(error), fault == AMBIGUOUS);
	if (!good)
		return;
	expect_equal("what it counts", bytes, in_bytes);
	expect_equal("quantity", amount, n.digits * factor / n.power);
}

/* --- bytes shown ----------------------------------------------------------------------------------- */

/* A decimal, rounded, that is off by half of its last place at most, and never 0.0. */
static void
check_bytes(uint64_t bytes, uint64_t like)
{
	char shown[64], whole[64];
	struct number n;
	uint64_t factor;
	struct big exact, low, high;

	figures_bytes(shown, sizeof(shown), bytes, like);
	if (strchr(shown, '.') == NULL) {
		(void)snprintf(whole, sizeof(whole), "%" PRIu64 " B", bytes);
		expect_equal("bytes without a decimal", strcmp(shown, whole), 0);
		return;
	}
	n = take_apart(shown);
	expect_equal("a space", *n.suffix, ' ');
	factor = factor_in_any_case(sizes, n.suffix + 1, strlen(n.suffix + 1));
	expect(n.digits > 0 && !n.many && n.power == 10 && factor > 0, "one decimal", n.digits, bytes);
	/* In twentieths of a unit. */
	exact = PRODUCT(bytes, 20);
	low = PRODUCT(2 * n.digits - 1, factor);
	high = PRODUCT(2 * n.digits + 1, factor);
	expect(big_compare(&exact, &low) >= 0 && big_compare(&exact, &high) <= 0, "rounded", n.digits, bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	char text[TEXT_MOST + 1];
	size_t length = size < TEXT_MOST ? size : TEXT_MOST;

	for (size_t i = 0; i < length; i++)
		text[i] = (char)data[i];
	text[length] = '\0';
	check_decimals(text);
	check_count(text);
	check_share(text);
	for (int bytes = 0; bytes < 2; bytes++) {
		check_rate(text, bytes != 0);
		check_amount(text, bytes != 0);
	}
	check_quantity(text);
	check_bytes(input_number(&input), input_number(&input));
	return 0;
}
