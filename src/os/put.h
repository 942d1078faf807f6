/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * put: all of a text to a port, however many writes that takes.
 *
 * For messages, reports and pages: these wait, where io does not.  Not for data.
 */
#ifndef WEIR_PUT_H
#define WEIR_PUT_H

#include "os/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes all of text, waiting for it until deadline_ns of loop_now at most; once part of it is out, a moment
 * longer.  Whether it was all taken; errno otherwise. */
bool put_all(struct io_port *port, const char *text, size_t length, uint64_t deadline_ns);

/* The same for a thread of its own: waits for as long as it takes, and lets no signal in.  Returns how much was
 * taken; errno where that is not all. */
size_t put_beside(struct io_port *port, const char *text, size_t length);

#endif
