/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree: JSON, read by libjansson: numbers and texts by where they stand, "in.records".
 *
 * The one user of that library.  Where weirctl was built without it nothing is ever read.
 */
#ifndef WEIR_TREE_H
#define WEIR_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;

/* A number that is not there, or null. */
#define TREE_UNKNOWN UINT64_MAX

/* Whether this build can read any; and what is to be said where it cannot. */
bool tree_is_possible(void);
#define TREE_IMPOSSIBLE "this weirctl was built without libjansson, which reads what weirs answer"

/* Reads an object.  malloc'd, to be freed by tree_free, which takes NULL too; NULL for a text that is none, and where there
 * is no memory. */
struct tree *tree_read(const char *text, size_t length);
void tree_free(struct tree *tree);

/* Whether something stands there, be it null. */
bool tree_has(const struct tree *tree, const char *path);

/* The whole number there, from 0 on (true is 1, false 0); TREE_UNKNOWN for anything else. */
uint64_t tree_number(const struct tree *tree, const char *path);

/* The text there, as it may be shown to people and programs, cut where there is no room; empty for anything else.  Returns
 * whether there is one. */
bool tree_text(const struct tree *tree, const char *path, char *text, size_t size);

/* How long the list there is (0 for anything else), and each of its members, which is the tree's. */
size_t tree_length(const struct tree *tree, const char *path);
const struct tree *tree_member(const struct tree *tree, const char *path, size_t index);

#endif
