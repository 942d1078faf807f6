/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill: fills a FIFO to the last byte, so that the next write to it must wait, and prints how many bytes that took.
 * Someone else must hold the FIFO open, or what was written is gone.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char buffer[4096];
	long long total = 0;
	int fd;

	if (argc != 2 || (fd = open(argv[1], O_RDWR | O_NONBLOCK)) < 0) {
		fprintf(stderr, "usage: fill FIFO\n");
		return 2;
	}
	memset(buffer, '#', sizeof buffer);
	for (size_t size = sizeof buffer; size >= 1; size /= sizeof buffer) {
		ssize_t k;
		while ((k = write(fd, buffer, size)) > 0)
			total += k;
		if (k < 0 && errno != EAGAIN) {
			perror(argv[1]);
			return 1;
		}
	}
	printf("%lld\n", total);
	return 0;
}
