/*
 * The functions of the C library that make, open, look at or label files, and those that bind and
 * connect. Each does what the original does; before it asks the policy if this process is confined,
 * after it labels what is new.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "label.h"
#include "policy.h"

#define REAL(name) ((__typeof__(&name))real((void **)&real_##name, #name))
#define ORIGINAL(name) static __typeof__(&name) real_##name

static enum domain domain = UNCONFINED;

static void *real(void **kept, const char *name) {
  if (!*kept) *kept = dlsym(RTLD_NEXT, name);
  return *kept;
}

/* httpd_exec_t becomes httpd_t when systemd runs it; from a shell it stays unconfined. */
__attribute__((constructor)) static void choose_domain(void) {
  char executable[PATH_MAX], type[TYPE_MAX];
  if (getppid() != 1) return;
  long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable, PATH_MAX - 1);
  if (length <= 0) return;
  executable[length] = '\0';
  type_of(executable, type);
  if (strcmp(type, "httpd_exec_t") == 0) domain = HTTPD;
}

static int refused(void) {
  errno = EACCES;
  return -1;
}

static bool is_there(int dirfd, const char *path) {
  int before = errno;
  bool there = syscall(SYS_faccessat, dirfd, path, F_OK) == 0;
  errno = before;
  return there;
}

static bool may_open(int dirfd, const char *path, int flags) {
  char canonical[PATH_MAX];
  bool exists;
  if (domain == UNCONFINED || !canonical_path(dirfd, path, !(flags & O_NOFOLLOW), canonical, &exists))
    return true;
  if (!exists) return !(flags & O_CREAT) || may_touch(canonical, CREATE);
  if (flags & O_DIRECTORY) return true;
  int mode = flags & O_ACCMODE;
  if (mode != O_RDONLY && !may_touch(canonical, flags & O_APPEND ? APPEND : WRITE)) return false;
  return mode == O_WRONLY || may_touch(canonical, READ);
}

static int open_labelled(int dirfd, const char *path, int flags, mode_t mode) {
  if (!may_open(dirfd, path, flags)) return refused();
  bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
  bool makes = unnamed || ((flags & O_CREAT) && !is_there(dirfd, path));
  /* The call itself, as glibc makes it. */
  int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
  if (fd >= 0 && makes) label_new(domain, dirfd, path, unnamed ? -1 : fd);
  return fd;
}

#define OPEN(name, parameters, dirfd, path)                            \
  int name parameters {                                                \
    mode_t mode = 0;                                                   \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {       \
      va_list rest;                                                    \
      va_start(rest, flags);                                           \
      mode = va_arg(rest, mode_t);                                     \
      va_end(rest);                                                    \
    }                                                                  \
    return open_labelled(dirfd, path, flags, mode);                    \
  }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int dirfd, const char *path, int flags, ...), dirfd, path)
OPEN(openat64, (int dirfd, const char *path, int flags, ...), dirfd, path)

int creat(const char *path, mode_t mode) {
  return open_labelled(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

#define FOPEN(name)                                                                \
  ORIGINAL(name);                                                                  \
  FILE *name(const char *path, const char *mode) {                                 \
    bool plus = strchr(mode, '+') != NULL;                                         \
    int flags = mode[0] == 'r'   ? (plus ? O_RDWR : O_RDONLY)                      \
                : mode[0] == 'a' ? (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND \
                                 : (plus ? O_RDWR : O_WRONLY) | O_CREAT;           \
    if (!may_open(AT_FDCWD, path, flags)) {                                        \
      refused();                                                                   \
      return NULL;                                                                 \
    }                                                                              \
    bool makes = (flags & O_CREAT) && !is_there(AT_FDCWD, path);                   \
    FILE *file = REAL(name)(path, mode);                                           \
    if (file && makes) label_new(domain, AT_FDCWD, path, fileno(file));            \
    return file;                                                                   \
  }
FOPEN(fopen)
FOPEN(fopen64)

#define MKSTEMP(name, parameters, ...)                             \
  ORIGINAL(name);                                                  \
  int name parameters {                                            \
    int fd = REAL(name)(__VA_ARGS__);                              \
    if (fd >= 0) label_new(domain, AT_FDCWD, template, fd);        \
    return fd;                                                     \
  }
MKSTEMP(mkstemp, (char *template), template)
MKSTEMP(mkstemp64, (char *template), template)
MKSTEMP(mkostemp, (char *template, int flags), template, flags)
MKSTEMP(mkostemp64, (char *template, int flags), template, flags)
MKSTEMP(mkstemps, (char *template, int suffix), template, suffix)
MKSTEMP(mkstemps64, (char *template, int suffix), template, suffix)
MKSTEMP(mkostemps, (char *template, int suffix, int flags), template, suffix, flags)
MKSTEMP(mkostemps64, (char *template, int suffix, int flags), template, suffix, flags)

ORIGINAL(mkdtemp);
char *mkdtemp(char *template) {
  char *made = REAL(mkdtemp)(template);
  if (made) label_new(domain, AT_FDCWD, made, -1);
  return made;
}

static bool may_make(int dirfd, const char *path) {
  char canonical[PATH_MAX];
  bool exists;
  return domain == UNCONFINED || !canonical_path(dirfd, path, false, canonical, &exists) || exists ||
         may_touch(canonical, CREATE);
}

#define MAKE(name, parameters, dirfd, ...)                   \
  ORIGINAL(name);                                            \
  int name parameters {                                      \
    if (!may_make(dirfd, path)) return refused();            \
    int failed = REAL(name)(__VA_ARGS__);                    \
    if (!failed) label_new(domain, dirfd, path, -1);         \
    return failed;                                           \
  }
MAKE(mkdir, (const char *path, mode_t mode), AT_FDCWD, path, mode)
MAKE(mkdirat, (int dirfd, const char *path, mode_t mode), dirfd, dirfd, path, mode)
MAKE(mkfifo, (const char *path, mode_t mode), AT_FDCWD, path, mode)
MAKE(mkfifoat, (int dirfd, const char *path, mode_t mode), dirfd, dirfd, path, mode)
MAKE(mknod, (const char *path, mode_t mode, dev_t device), AT_FDCWD, path, mode, device)
MAKE(mknodat, (int dirfd, const char *path, mode_t mode, dev_t device), dirfd, dirfd, path, mode,
     device)
MAKE(symlink, (const char *target, const char *path), AT_FDCWD, target, path)
MAKE(symlinkat, (const char *target, int dirfd, const char *path), dirfd, target, dirfd, path)

/* Files only: a directory may be looked at, as httpd_t may search most of them. */
static bool may_stat(int dirfd, const char *path, int flags) {
  char canonical[PATH_MAX];
  struct stat found;
  bool exists;
  if (domain == UNCONFINED || path[0] == '\0') return true;
  if (syscall(SYS_newfstatat, dirfd, path, &found, flags) != 0 || !S_ISREG(found.st_mode)) return true;
  return !canonical_path(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), canonical, &exists) ||
         may_touch(canonical, GETATTR);
}

#define STAT(name, type, parameters, dirfd, flags, ...)          \
  ORIGINAL(name);                                                \
  int name parameters {                                          \
    if (!may_stat(dirfd, path, flags)) return refused();         \
    return REAL(name)(__VA_ARGS__);                              \
  }
STAT(stat, struct stat, (const char *path, struct stat *out), AT_FDCWD, 0, path, out)
STAT(stat64, struct stat64, (const char *path, struct stat64 *out), AT_FDCWD, 0, path, out)
STAT(lstat, struct stat, (const char *path, struct stat *out), AT_FDCWD, AT_SYMLINK_NOFOLLOW, path,
     out)
STAT(lstat64, struct stat64, (const char *path, struct stat64 *out), AT_FDCWD, AT_SYMLINK_NOFOLLOW,
     path, out)
STAT(fstatat, struct stat, (int dirfd, const char *path, struct stat *out, int flags), dirfd, flags,
     dirfd, path, out, flags)
STAT(fstatat64, struct stat64, (int dirfd, const char *path, struct stat64 *out, int flags), dirfd,
     flags, dirfd, path, out, flags)

static bool is_tcp(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

ORIGINAL(bind);
int bind(int fd, const struct sockaddr *address, socklen_t size) {
  bool local = address->sa_family == AF_UNIX;
  if (domain == HTTPD && !local && is_tcp(fd) && !may_bind(address)) return refused();
  int failed = REAL(bind)(fd, address, size);
  const char *path = local ? ((const struct sockaddr_un *)address)->sun_path : "";
  if (!failed && local && size > sizeof(sa_family_t) && path[0] == '/')
    label_new(domain, AT_FDCWD, path, -1);
  return failed;
}

ORIGINAL(connect);
int connect(int fd, const struct sockaddr *address, socklen_t size) {
  if (domain == HTTPD && is_tcp(fd) && !may_connect(address)) return refused();
  return REAL(connect)(fd, address, size);
}

#define LABEL "security.selinux"
#define LABEL_OF_USERS "user.selinux"

static ssize_t read_label(const char *path, bool follow, int fd, void *value, size_t size) {
  char canonical[PATH_MAX], link[64], context[256];
  bool exists;
  if (fd >= 0) snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (!canonical_path(AT_FDCWD, fd >= 0 ? link : path, follow || fd >= 0, canonical, &exists) ||
      !exists) {
    errno = ENODATA;
    return -1;
  }
  context_of(canonical, context, sizeof context);
  size_t length = strlen(context) + 1;
  if (size == 0) return (ssize_t)length;
  if (size < length) {
    errno = ERANGE;
    return -1;
  }
  memcpy(value, context, length);
  return (ssize_t)length;
}

#define GETXATTR(name, kind, argument, path, follow, fd)                                       \
  ORIGINAL(name);                                                                              \
  ssize_t name(kind argument, const char *attribute, void *value, size_t size) {               \
    if (strcmp(attribute, LABEL) == 0) {                                                       \
      if (fd >= 0 || is_there(AT_FDCWD, path)) return read_label(path, follow, fd, value, size); \
    }                                                                                          \
    return REAL(name)(argument, attribute, value, size);                                       \
  }
GETXATTR(getxattr, const char *, path, path, true, -1)
GETXATTR(lgetxattr, const char *, path, path, false, -1)
GETXATTR(fgetxattr, int, fd, "", true, fd)

#define SETXATTR(name, kind, argument)                                                            \
  ORIGINAL(name);                                                                                 \
  int name(kind argument, const char *attribute, const void *value, size_t size, int flags) {     \
    int failed = REAL(name)(argument, attribute, value, size, flags);                             \
    if (failed && errno == EPERM && strcmp(attribute, LABEL) == 0)                                \
      return REAL(name)(argument, LABEL_OF_USERS, value, size, flags);                            \
    return failed;                                                                                \
  }
SETXATTR(setxattr, const char *, path)
SETXATTR(lsetxattr, const char *, path)
SETXATTR(fsetxattr, int, fd)
