/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames: records that have their length in front, written and read without weir's code.
 *
 *   frames make FORMAT LENGTH...   a record for each of these payloads' lengths, from number 1 on; of "varint:N" each header has at
 *                                  least N bytes.  Its payload is bytes from 128 on, which depend on its number and their place.
 *   frames show FORMAT             a line a frame that is read: its length and its header's, what stands in front of its payload, as
 *                                  "<...>" one or more times, and what the payload is: "ok" that of the record with the number after
 *                                  the first "<" (or, without one, of the next), "mark" and its text, or "bad".
 *
 * Ends with 1 where a frame is bad, or what is no frame is left: then "rest" says how many bytes that is.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FIXED, VARINT, NETSTRING, OCTETS };

static enum kind kind;
static unsigned bytes = 1; /* of FIXED, and the least of VARINT */
static bool big;

static _Noreturn void usage(void)
{
	fprintf(stderr, "frames: make FORMAT LENGTH... | show FORMAT\n");
	exit(2);
}

static void take_format(const char *name)
{
	if (strncmp(name, "varint", 6) == 0) {
		kind = VARINT;
		bytes = name[6] == ':' ? (unsigned)atoi(name + 7) : 1;
	} else if (strcmp(name, "netstring") == 0) {
		kind = NETSTRING;
	} else if (strcmp(name, "octets") == 0) {
		kind = OCTETS;
	} else if (name[0] == 'u') {
		bytes = (unsigned)atoi(name + 1) / 8;
		big = strstr(name, "be") != NULL;
	} else {
		usage();
	}
}

static unsigned char byte_of(unsigned long number, unsigned long at)
{
	return (unsigned char)(128 + (number * 7 + at * 5 + at / 100) % 127);
}

static void make(unsigned long number, unsigned long length)
{
	unsigned long left = length;

	switch (kind) {
	case FIXED:
		for (unsigned i = 0; i < bytes; i++)
			putchar((int)(length >> 8 * (big ? bytes - 1 - i : i) & 255));
		break;
	case VARINT:
		for (unsigned n = 1; left > 127 || n < bytes; n++, left /= 128)
			putchar((int)(left % 128 + 128));
		putchar((int)left);
		break;
	case NETSTRING:
	case OCTETS:
		printf("%lu%c", length, kind == OCTETS ? ' ' : ':');
		break;
	}
	for (unsigned long at = 0; at < length; at++)
		putchar(byte_of(number, at));
	if (kind == NETSTRING)
		putchar(',');
}

/* How long the header is; 0: there is none. */
static size_t read_head(const unsigned char *text, size_t left, unsigned long *length)
{
	size_t at = 0;

	*length = 0;
	switch (kind) {
	case FIXED:
		for (unsigned i = 0; i < bytes && bytes <= left; i++)
			*length |= (unsigned long)text[i] << 8 * (big ? bytes - 1 - i : i);
		return bytes <= left ? bytes : 0;
	case VARINT:
		for (; at < left && at < 9; at++) {
			*length += (unsigned long)(text[at] % 128) << 7 * at;
			if (text[at] < 128)
				return at + 1;
		}
		return 0;
	case NETSTRING:
	case OCTETS:
		for (; at < left && text[at] >= '0' && text[at] <= '9'; at++)
			*length = *length * 10 + text[at] - '0';
		return at > 0 && at < left && text[at] == (kind == OCTETS ? ' ' : ':') && (text[0] != '0' || at == 1) ? at + 1 : 0;
	}
	return 0;
}

/* What stands in front of it, and what it is. */
static bool show(const unsigned char *payload, unsigned long length)
{
	static unsigned long next = 1;
	unsigned long number = 0, at = 0, begin;

	while (at < length && payload[at] == '<') {
		const unsigned char *end = memchr(payload + at, '>', length - at);

		if (end == NULL)
			break;
		if (at == 0)
			number = strtoul((const char *)payload + 1, NULL, 10);
		printf(" %.*s", (int)(end + 1 - (payload + at)), payload + at);
		at = (unsigned long)(end + 1 - payload);
	}
	if (at < length && payload[at] == 'M') {
		printf(" mark %.*s\n", (int)(length - at), payload + at);
		return true;
	}
	if (number == 0)
		number = next++;
	for (begin = at; at < length && payload[at] == byte_of(number, at - begin); at++)
		continue;
	printf(" %s\n", at == length ? "ok" : "bad");
	return at == length;
}

static int show_all(void)
{
	static unsigned char text[64L << 20];
	const size_t length = fread(text, 1, sizeof(text), stdin);
	size_t at = 0, head;
	unsigned long payload;
	bool good = true;

	while (at < length && (head = read_head(text + at, length - at, &payload)) > 0) {
		if (payload > length - at - head || payload + (kind == NETSTRING) > length - at - head)
			break;
		printf("%lu %zu", payload, head);
		good = show(text + at + head, payload) && good;
		at += head + payload;
		if (kind == NETSTRING && text[at++] != ',')
			return 1;
	}
	if (at < length)
		printf("rest %zu\n", length - at);
	return good && at == length ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		usage();
	take_format(argv[2]);
	if (strcmp(argv[1], "show") == 0)
		return show_all();
	for (int i = 3; i < argc; i++)
		make((unsigned long)i - 2, strtoul(argv[i], NULL, 10));
	return fflush(stdout) == 0 ? 0 : 1;
}
