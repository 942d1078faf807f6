/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: holds JSON reports to their law, fast enough to do so after every run of every test.
 *
 *   ledger FILE [PATH]...
 *
 * In each line of FILE, in records and in bytes: recovered + in = out + dropped + held + undelivered + kept, and dropped is the sum of
 * its reasons, and no less than what --keep matches of it; what is in flight is a part of what is held, and of what was
 * sent; nothing is undelivered while weir runs, nothing held when it has ended. Then prints what the
 * last line has at each PATH ("in.records", "exit.reason", "keep.0.pattern"), in one line. Status 1, and the reason on
 * standard error, where the law does not hold, FILE has no line, or a PATH is not there.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 512, PATH_SIZE = 128, VALUE_SIZE = 1024 };

struct member {
	char path[PATH_SIZE];
	char value[VALUE_SIZE];
};

static struct member members[MEMBERS_MAX];
static size_t n_members;
static const char *at;	 /* where the parser is */
static const char *line; /* what it reads, for messages */

static _Noreturn void bad(const char *what)
{
	fprintf(stderr, "ledger: %s\n%s", what, line);
	exit(1);
}

static void space(void)
{
	while (isspace((unsigned char)*at))
		at++;
}

static void expect(char c)
{
	space();
	if (*at != c)
		bad("no JSON");
	at++;
}

/* A string with its escapes as they stand. */
static void string(char *to, size_t size)
{
	size_t n = 0;

	expect('"');
	while (*at != '"') {
		if (*at == '\0' || n + 2 >= size)
			bad("string without end");
		if (*at == '\\')
			to[n++] = *at++;
		to[n++] = *at++;
	}
	at++;
	to[n] = '\0';
}

static void value(const char *path);

static void object(const char *path)
{
	char name[PATH_SIZE], inner[PATH_SIZE];

	expect('{');
	space();
	while (*at != '}') {
		string(name, sizeof name);
		expect(':');
		if ((size_t)snprintf(inner, sizeof inner, "%s%s%s", path, *path != 0 ? "." : "", name) >= sizeof inner)
			bad("path too long");
		value(inner);
		space();
		if (*at == ',')
			at++;
		else if (*at != '}')
			bad("no JSON");
		space();
	}
	at++;
}

static void array(const char *path)
{
	char inner[PATH_SIZE];

	expect('[');
	space();
	for (int i = 0; *at != ']'; i++) {
		if ((size_t)snprintf(inner, sizeof inner, "%s.%d", path, i) >= sizeof inner)
			bad("path too long");
		value(inner);
		space();
		if (*at == ',')
			at++;
		else if (*at != ']')
			bad("no JSON");
		space();
	}
	at++;
}

static void value(const char *path)
{
	size_t n = 0;

	space();
	if (*at == '{') {
		object(path);
		return;
	}
	if (*at == '[') {
		array(path);
		return;
	}
	if (n_members == MEMBERS_MAX)
		bad("too many members");
	struct member *m = &members[n_members++];
	strcpy(m->path, path); /* fits: object() made it so */
	if (*at == '"') {
		string(m->value, sizeof m->value);
		return;
	}
	while (isalnum((unsigned char)*at) || *at == '-' || *at == '+' || *at == '.') {
		if (n + 1 >= sizeof m->value)
			bad("number without end");
		m->value[n++] = *at++;
	}
	m->value[n] = '\0';
	if (n == 0)
		bad("no JSON");
}

static const char *find(const char *path)
{
	for (size_t i = 0; i < n_members; i++)
		if (strcmp(members[i].path, path) == 0)
			return members[i].value;
	fprintf(stderr, "ledger: nothing at %s\n%s", path, line);
	exit(1);
}

static long long count(const char *what, const char *unit)
{
	char path[PATH_SIZE], *end;

	snprintf(path, sizeof path, "%s.%s", what, unit);
	const char *text = find(path);
	long long n = strtoll(text, &end, 10);
	if (*end != '\0' || !isdigit((unsigned char)*text))
		bad("what should be a count is none");
	return n;
}

static long long sum_of(const char *prefix, const char *unit)
{
	long long sum = 0;

	for (size_t i = 0; i < n_members; i++) {
		const char *path = members[i].path, *dot = strrchr(path, '.');
		if (strncmp(path, prefix, strlen(prefix)) == 0 && strcmp(dot + 1, unit) == 0)
			sum += strtoll(members[i].value, NULL, 10);
	}
	return sum;
}

static void law(const char *unit)
{
	long long dropped = count("dropped", unit), held = count("held", unit), undelivered = count("undelivered", unit);

	if (count("recovered", unit) + count("in", unit) != count("out", unit) + dropped + held + undelivered + count("kept", unit))
		bad("recovered + in is not out + dropped + held + undelivered + kept");
	if (dropped != sum_of("dropped.by.", unit))
		bad("dropped is not the sum of its reasons");
	if (dropped < sum_of("keep.", unit))
		bad("more dropped of what --keep matches than at all");
	if (count("in_flight", unit) > held || count("in_flight", unit) > count("sent", unit))
		bad("more is in flight than is held, or was sent");
	if (strcmp(find("event"), "final") == 0) {
		if (held != 0)
			bad("held at the end");
	} else if (undelivered != 0 || strcmp(find("exit.status"), "null") != 0) {
		bad("an end before the end");
	}
}

int main(int argc, char **argv)
{
	static char text[65536];
	size_t lines = 0;
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;

	if (f == NULL) {
		fprintf(stderr, "ledger: cannot open %s\n", argc > 1 ? argv[1] : "nothing");
		return 1;
	}
	while (fgets(text, sizeof text, f) != NULL) {
		line = at = text;
		n_members = 0;
		object("");
		if (*at != '\n')
			bad("not one object a line");
		law("records");
		law("bytes");
		lines++;
	}
	fclose(f);
	if (lines == 0) {
		fprintf(stderr, "ledger: %s has no report\n", argv[1]);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		printf("%s%c", find(argv[i]), i + 1 < argc ? ' ' : '\n');
	return 0;
}
