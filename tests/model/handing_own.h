/* SPDX-License-Identifier: BSD-2-Clause */
/* What handing.c and trying.c have in common. */
#ifndef WEIR_MODEL_HANDING_OWN_H
#define WEIR_MODEL_HANDING_OWN_H

#include "handing.h"

void handing_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
void handing_same(const char *what, uint64_t got, uint64_t want);
uint64_t handing_length(const struct hand_record *r);
size_t handing_number_text(size_t record, char text[24]);
struct hand_record *handing_oldest_given(void);
void handing_settle(struct hand_record *r, bool rejects);
void handing_restart(void);
uint64_t handing_next_serial(void);
uint64_t handing_linger_ns(void);
void handing_rewait(const struct reader_options *next);

#endif
