/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c: the checksum of what is on disk: CRC-32C (Castagnoli), as RFC 3720, appendix B.4, and RFC 3385 have it.
 *
 * A pure function.  With the processor's own instruction where it has one, else by tables.
 */
#ifndef WEIR_CRC32C_H
#define WEIR_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of what came before (0: nothing did) and these bytes: crc32c(crc32c(0, a), b) is that of a and b, one behind the other. */
uint32_t crc32c(uint32_t before, const void *bytes, size_t length);

#endif
