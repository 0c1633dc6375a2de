#define _GNU_SOURCE
#include "label.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Raw system calls throughout: the library's own functions of these names are replaced by ours. */
#define OWN "security.selinux"
#define OWN_OF_USERS "user.selinux"

/* What lies on file systems made at boot has no label until somebody gives it one. */
static const struct {
  const char *path, *type;
} mounts[] = {
    {"/", "root_t"},      {"/run", "var_run_t"}, {"/tmp", "tmp_t"},
    {"/dev", "device_t"}, {"/proc", "proc_t"},   {"/sys", "sysfs_t"},
};

static const struct {
  enum domain domain;
  const char *directory, *type;
} transitions[] = {
    {UNCONFINED, "root_t", "default_t"},            {UNCONFINED, "home_root_t", "user_home_dir_t"},
    {UNCONFINED, "user_home_dir_t", "user_home_t"},
    {UNCONFINED, "tmp_t", "user_tmp_t"},            {HTTPD, "tmp_t", "httpd_tmp_t"},
    {HTTPD, "var_log_t", "httpd_log_t"},            {HTTPD, "var_run_t", "httpd_var_run_t"},
};

static bool path_of_fd(int fd, char *out) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
  if (length <= 0 || out[0] != '/') return false;
  out[length] = '\0';
  return true;
}

static bool path_of_existing(int dirfd, const char *path, int flags, char *out) {
  int fd = (int)syscall(SYS_openat, dirfd, path, O_PATH | O_CLOEXEC | flags, 0);
  if (fd < 0) return false;
  bool found = path_of_fd(fd, out);
  syscall(SYS_close, fd);
  return found;
}

bool canonical_path(int dirfd, const char *path, bool follow, char *out, bool *exists) {
  *exists = true;
  if (path_of_existing(dirfd, path, follow ? 0 : O_NOFOLLOW, out)) return true;
  *exists = false;
  char directory[PATH_MAX];
  if (snprintf(directory, sizeof directory, "%s", path) >= (int)sizeof directory) return false;
  size_t length = strlen(directory);
  while (length > 1 && directory[length - 1] == '/') directory[--length] = '\0';
  char *slash = strrchr(directory, '/');
  const char *name = slash ? slash + 1 : directory;
  char base[NAME_MAX + 1];
  snprintf(base, sizeof base, "%s", name);
  if (slash == directory)
    directory[1] = '\0';
  else if (slash)
    *slash = '\0';
  else
    strcpy(directory, ".");
  if (!path_of_existing(dirfd, directory, O_DIRECTORY, out)) return false;
  size_t used = strlen(out);
  if (used == 1) used = 0;
  return snprintf(out + used, PATH_MAX - used, "/%s", base) < (int)(PATH_MAX - used);
}

static bool own_context(const char *path, char *context, size_t size) {
  long length = syscall(SYS_lgetxattr, path, OWN, context, size - 1);
  if (length <= 0) length = syscall(SYS_lgetxattr, path, OWN_OF_USERS, context, size - 1);
  if (length <= 0) return false;
  context[length] = '\0';
  return true;
}

static bool type_in(const char *context, char type[TYPE_MAX]) {
  const char *start = strchr(context, ':');
  start = start ? strchr(start + 1, ':') : NULL;
  if (!start) return false;
  size_t length = strcspn(++start, ":");
  if (length == 0 || length >= TYPE_MAX) return false;
  memcpy(type, start, length);
  type[length] = '\0';
  return true;
}

const char *type_for_new(enum domain domain, const char *directory) {
  for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
    if (transitions[i].domain == domain && strcmp(transitions[i].directory, directory) == 0)
      return transitions[i].type;
  return directory;
}

void type_of(const char *canonical, char type[TYPE_MAX]) {
  char path[PATH_MAX], context[256];
  snprintf(path, sizeof path, "%s", canonical);
  for (bool inherited = false;; inherited = true) {
    const char *known = NULL;
    bool own = own_context(path, context, sizeof context) && type_in(context, type);
    for (size_t i = 0; !own && i < sizeof mounts / sizeof *mounts; i++)
      if (strcmp(mounts[i].path, path) == 0) known = mounts[i].type;
    if (known) snprintf(type, TYPE_MAX, "%s", known);
    if (own || known) {
      if (inherited) {
        char directory[TYPE_MAX];
        memcpy(directory, type, TYPE_MAX);
        snprintf(type, TYPE_MAX, "%s", type_for_new(UNCONFINED, directory));
      }
      return;
    }
    char *slash = strrchr(path, '/');
    if (!slash || path[1] == '\0') {
      snprintf(type, TYPE_MAX, "unlabeled_t");
      return;
    }
    slash[slash == path ? 1 : 0] = '\0';
  }
}

void context_of(const char *canonical, char *context, size_t size) {
  if (own_context(canonical, context, size)) return;
  char type[TYPE_MAX];
  type_of(canonical, type);
  snprintf(context, size, "system_u:object_r:%s:s0", type);
}

void label_new(enum domain domain, int dirfd, const char *path, int fd) {
  int before = errno;
  char canonical[PATH_MAX], directory[PATH_MAX], type[TYPE_MAX], context[128];
  bool exists;
  bool known = fd >= 0 ? path_of_fd(fd, canonical)
                       : canonical_path(dirfd, path, false, canonical, &exists) && exists;
  char *slash = known ? strrchr(canonical, '/') : NULL;
  if (slash) {
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - canonical), canonical);
    type_of(slash == canonical ? "/" : directory, type);
    /* Devices and the kernel's files need none, and there are many of them. */
    if (strcmp(type, "device_t") && strcmp(type, "proc_t") && strcmp(type, "sysfs_t")) {
      const char *user = getuid() == 0 && getpid() == 1 ? "system_u" : "unconfined_u";
      int length = snprintf(context, sizeof context, "%s:object_r:%s:s0",
                            domain == HTTPD ? "system_u" : user, type_for_new(domain, type));
      /* An unnamed file (O_TMPFILE) has no path that could be labelled by name. */
      long done = fd >= 0 ? syscall(SYS_fsetxattr, fd, OWN, context, length, 0)
                          : syscall(SYS_lsetxattr, canonical, OWN, context, length, 0);
      if (done != 0 && fd >= 0) syscall(SYS_fsetxattr, fd, OWN_OF_USERS, context, length, 0);
      if (done != 0 && fd < 0) syscall(SYS_lsetxattr, canonical, OWN_OF_USERS, context, length, 0);
    }
  }
  errno = before;
}
