/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a port has, for those outside: apart from io.c, so that a test may have another one in its place.
 */
#include "config.h"

#include "os/io.h"

int
io_fd(const struct io_port *port)
{
	return port->fd;
}

int
io_inherited(const struct io_port *port)
{
	return port->inherited;
}

size_t
io_unit(const struct io_port *output)
{
	return output->unit;
}

bool
io_tears_nothing(const struct io_port *output)
{
	return output->pipe;
}

bool
io_takes_little(const struct io_port *output)
{
	return output->way == IO_WAY_POLLED || output->way == IO_WAY_PLAIN;
}

bool
io_keeps_messages(const struct io_port *output)
{
	return output->messages;
}

uint64_t
io_overruns(const struct io_port *input)
{
	return input->overruns;
}
