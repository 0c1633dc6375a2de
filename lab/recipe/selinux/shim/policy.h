/* What httpd_t may do. */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <sys/socket.h>

/* How a file is about to be touched. */
enum access { READ, GETATTR, APPEND, WRITE, CREATE };

/*
 * Whether the confined process may; a refusal is logged as the kernel would, and is none while the
 * host is permissive. For CREATE `path` is the canonical path of the file to be.
 */
bool may_touch(const char *path, enum access access);

/* Whether the confined process may bind or connect to that address. */
bool may_bind(const struct sockaddr *address);
bool may_connect(const struct sockaddr *address);

#endif
