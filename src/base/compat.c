/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/compat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef HAVE_STRTONUM
long long
strtonum(const char *text, long long least, long long most, const char **error)
{
	char *end;
	int saved = errno;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	*error = NULL;
	if (end == text || *end != '\0')
		*error = "invalid";
	else if (value < least)
		*error = "too small";
	else if (value > most || errno == ERANGE)
		*error = "too large";
	errno = saved;
	return *error == NULL ? value : 0;
}
#endif

#ifndef HAVE_STRVIS
int
strvis(char *dst, const char *src, int flags)
{
	char *to = dst;

	(void)flags; /* the one form that weir asks for: octal, tabs and newlines too, no slash doubled */
	for (; *src != '\0'; src++) {
		unsigned char c = (unsigned char)*src;

		if (c >= 0x20 && c < 0x7f) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '\\';
		*to++ = (char)('0' + (c >> 6));
		*to++ = (char)('0' + ((c >> 3) & 7));
		*to++ = (char)('0' + (c & 7));
	}
	*to = '\0';
	return (int)(to - dst);
}
#endif

#ifndef HAVE_ARC4RANDOM_BUF
static bool
random_from_file(const char *path, void *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return false;
	do
		done = read(fd, to, size);
	while (done < 0 && errno == EINTR);
	(void)close(fd);
	return done >= 0 && (size_t)done == size;
}

void
arc4random_buf(void *to, size_t size)
{
	struct timespec now = { 0 };
	int saved = errno;
	uint64_t ns;

#ifdef HAVE_GETENTROPY
	if (getentropy(to, size) == 0)
		return;
#endif
	if (!random_from_file("/dev/urandom", to, size)) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		memset(to, 0, size);
		memcpy(to, &ns, size < sizeof(ns) ? size : sizeof(ns));
	}
	errno = saved;
}
#endif

typedef int compat_is_not_empty; /* ISO C wants a declaration in every translation unit */
