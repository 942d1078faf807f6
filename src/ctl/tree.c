/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/visible.h"
#include "ctl/tree.h"

#include <string.h>

#ifdef HAVE_JANSSON

#include <jansson.h>

/* No name of a report is longer. */
#define NAME_MOST 64

bool
tree_is_possible(void)
{
	return true;
}

/* A struct tree is a json_t under another name: nobody else looks into either. */
static const json_t *
node_of(const struct tree *tree)
{
	return (const json_t *)(const void *)tree;
}

struct tree *
tree_read(const char *text, size_t length)
{
	json_t *root = json_loadb(text, length, 0, NULL);

	if (root != NULL && !json_is_object(root)) {
		json_decref(root);
		root = NULL;
	}
	return (struct tree *)(void *)root;
}

void
tree_free(struct tree *tree)
{
	json_decref((json_t *)(void *)tree);
}

/* What stands at a path of names with dots between them; NULL: nothing. */
static const json_t *
at(const struct tree *tree, const char *path)
{
	const json_t *node = node_of(tree);
	char name[NAME_MOST];

	while (node != NULL && *path != '\0') {
		const size_t length = strcspn(path, ".");

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		node = json_object_get(node, name);
		path += length + (path[length] == '.');
	}
	return node;
}

bool
tree_has(const struct tree *tree, const char *path)
{
	return at(tree, path) != NULL;
}

uint64_t
tree_number(const struct tree *tree, const char *path)
{
	const json_t *node = at(tree, path);

	if (json_is_boolean(node))
		return json_is_true(node);
	if (!json_is_integer(node) || json_integer_value(node) < 0)
		return TREE_UNKNOWN;
	return (uint64_t)json_integer_value(node);
}

bool
tree_text(const struct tree *tree, const char *path, char *text, size_t size)
{
	const json_t *node = at(tree, path);

	*text = '\0';
	if (!json_is_string(node))
		return false;
	(void)visible_write(text, size, json_string_value(node), json_string_length(node), false);
	return true;
}

size_t
tree_length(const struct tree *tree, const char *path)
{
	return json_array_size(at(tree, path));
}

const struct tree *
tree_member(const struct tree *tree, const char *path, size_t index)
{
	return (const struct tree *)(const void *)json_array_get(at(tree, path), index);
}

#else

bool
tree_is_possible(void)
{
	return false;
}

struct tree *
tree_read(const char *text, size_t length)
{
	(void)text;
	(void)length;
	return NULL;
}

void
tree_free(struct tree *tree)
{
	(void)tree;
}

bool
tree_has(const struct tree *tree, const char *path)
{
	(void)tree;
	(void)path;
	return false;
}

uint64_t
tree_number(const struct tree *tree, const char *path)
{
	(void)tree;
	(void)path;
	return TREE_UNKNOWN;
}

bool
tree_text(const struct tree *tree, const char *path, char *text, size_t size)
{
	(void)tree;
	(void)path;
	(void)size;
	*text = '\0';
	return false;
}

size_t
tree_length(const struct tree *tree, const char *path)
{
	(void)tree;
	(void)path;
	return 0;
}

const struct tree *
tree_member(const struct tree *tree, const char *path, size_t index)
{
	(void)tree;
	(void)path;
	(void)index;
	return NULL;
}

#endif
