/* SPDX-License-Identifier: BSD-2-Clause */
/* style: how the page of `web` looks. */
#ifndef WEIR_STYLE_H
#define WEIR_STYLE_H

/* CSS, with nothing in it that ends a style element. */
extern const char style_text[];

#endif
