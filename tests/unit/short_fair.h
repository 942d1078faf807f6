/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of few places, in which keys meet, for tests of fair. */
#ifndef WEIR_SHORT_FAIR_H
#define WEIR_SHORT_FAIR_H

#define FAIR_PLACES 8
#define FAIR_PLACES_LEAST FAIR_PLACES
#define FAIR_PLACES_MOST FAIR_PLACES
#define FAIR_SLICE(...) 200
#define STRETCHES_FEW 4
#define STRETCHES_SPARE 4

#endif
