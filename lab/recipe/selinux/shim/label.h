/* Labels of files: which type a path has, and which one a new file gets. */
#ifndef LABEL_H
#define LABEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define TYPE_MAX 64

/* Which set of transitions holds for what this process creates. */
enum domain { UNCONFINED, HTTPD };

/*
 * The canonical path of what `path` names, or would name once created (`exists` is false then).
 * Returns false where that can't be told, for example without /proc.
 */
bool canonical_path(int dirfd, const char *path, bool follow, char *out, bool *exists);

/* The type of a canonical path: its own, else what its directory would have given it. */
void type_of(const char *canonical, char type[TYPE_MAX]);

/* The whole label, "user:role:type:level". */
void context_of(const char *canonical, char *context, size_t size);

/* The type that a file new in a directory of `directory` type gets. */
const char *type_for_new(enum domain domain, const char *directory);

/* Labels what was created at `path`, or behind `fd` when that is not negative. */
void label_new(enum domain domain, int dirfd, const char *path, int fd);

#endif
