#define _GNU_SOURCE
#include "policy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "label.h"

/* The data is text that the tools write; reading it again at each question keeps reloads honest. */
#define CONFIG "/etc/selinux/config"
#define MODE_NOW "/run/selinux/enforce"
#define BOOLEANS "/etc/selinux/targeted/booleans"
#define BOOLEANS_LOCAL "/etc/selinux/targeted/booleans.local"
#define BOOLEANS_NOW "/run/selinux/booleans"
#define PORTS "/etc/selinux/targeted/ports"
#define PORTS_LOCAL "/etc/selinux/targeted/ports.local"

static const char *readable[] = {
    "etc_t",         "usr_t",           "lib_t",         "bin_t",          "cert_t",
    "locale_t",      "net_conf_t",      "passwd_file_t", "ld_so_cache_t",  "etc_runtime_t",
    "proc_t",        "sysfs_t",         "device_t",      "public_content_t", "systemd_unit_file_t",
    "httpd_exec_t",  "httpd_config_t",  "httpd_log_t",   "httpd_modules_t", "httpd_var_run_t",
    "httpd_var_lib_t", "httpd_cache_t", "httpd_tmp_t",   "httpd_sys_content_t",
    "httpd_sys_rw_content_t", "httpd_sys_ra_content_t", "httpd_sys_script_exec_t", NULL};
static const char *writable[] = {"httpd_var_run_t", "httpd_var_lib_t",        "httpd_cache_t",
                                 "httpd_tmp_t",     "httpd_sys_rw_content_t", "device_t",
                                 "proc_t",          NULL};
static const char *appendable[] = {"httpd_log_t", "httpd_sys_ra_content_t", NULL};
/* Where httpd_t may make files; the transitions of label.c give them their type. */
static const char *roomy[] = {"var_log_t", "var_run_t", "tmp_t", NULL};
static const char *bindable[] = {"http_port_t",  "http_cache_port_t",       "ntop_port_t",
                                 "jboss_management_port_t", "jboss_messaging_port_t", NULL};

static bool among(const char *type, const char *const *list) {
  for (; *list; list++)
    if (strcmp(*list, type) == 0) return true;
  return false;
}

/* The whole of a small file; empty when there is none. */
static char *text_of(const char *file, char *buffer, size_t size) {
  long length = 0;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) {
    length = syscall(SYS_read, fd, buffer, size - 1);
    syscall(SYS_close, fd);
  }
  buffer[length > 0 ? length : 0] = '\0';
  return buffer;
}

static bool enforcing(void) {
  char text[512];
  if (*text_of(MODE_NOW, text, sizeof text)) return text[0] == '1';
  return strstr(text_of(CONFIG, text, sizeof text), "\nSELINUX=enforcing") != NULL ||
         strncmp(text, "SELINUX=enforcing", 17) == 0;
}

/* A boolean's value: as set now, else as kept, else as the policy has it. */
static bool is_on(const char *name) {
  static const char *const files[] = {BOOLEANS_NOW, BOOLEANS_LOCAL, BOOLEANS};
  char text[16384], wanted[128], *rest;
  snprintf(wanted, sizeof wanted, "%s=", name);
  for (size_t i = 0; i < 3; i++) {
    text_of(files[i], text, sizeof text);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
      if (strncmp(line, wanted, strlen(wanted)) == 0) return line[strlen(wanted)] == '1';
  }
  return false;
}

/* A line is "type protocol ports", ports being "80,81,8000-8010"; local lines come first. */
static void type_of_port(int port, char type[TYPE_MAX]) {
  static const char *const files[] = {PORTS_LOCAL, PORTS};
  char text[16384], protocol[8], ports[1024], *line_end, *port_end;
  for (size_t i = 0; i < 2; i++) {
    text_of(files[i], text, sizeof text);
    for (char *line = strtok_r(text, "\n", &line_end); line; line = strtok_r(NULL, "\n", &line_end)) {
      if (sscanf(line, "%63s %7s %1023[0-9,-]", type, protocol, ports) != 3) continue;
      if (strcmp(protocol, "tcp") != 0) continue;
      for (char *p = strtok_r(ports, ",", &port_end); p; p = strtok_r(NULL, ",", &port_end)) {
        int low = atoi(p), high = strchr(p, '-') ? atoi(strchr(p, '-') + 1) : low;
        if (port >= low && port <= high) return;
      }
    }
  }
  snprintf(type, TYPE_MAX, "unreserved_port_t");
}

/* One line to syslog, as auditd's dispatcher or the kernel would write it. */
static void tell(const char *permission, const char *what, const char *type, const char *class) {
  struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
  char line[PATH_MAX + 512], command[16] = "";
  prctl(PR_GET_NAME, command);
  int length = snprintf(line, sizeof line,
                        "<5>audit: type=1400 avc:  denied  { %s } for  pid=%d comm=\"%s\" %s "
                        "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:%s:s0 "
                        "tclass=%s permissive=%d",
                        permission, getpid(), command, what, type, class,
                        !enforcing());
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  syscall(SYS_sendto, fd, line, length, MSG_DONTWAIT, &log, sizeof log);
  syscall(SYS_close, fd);
}

bool may_touch(const char *path, enum access access) {
  static const char *const names[] = {"read", "getattr", "append", "write", "create"};
  char type[TYPE_MAX], directory[PATH_MAX], what[PATH_MAX + 16];
  bool allowed;
  if (access == CREATE) {
    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash) slash[slash == directory ? 1 : 0] = '\0';
    type_of(directory, type);
    allowed = among(type, writable) || among(type, appendable) || among(type, roomy);
  } else {
    type_of(path, type);
    allowed = access == WRITE    ? among(type, writable)
              : access == APPEND ? among(type, writable) || among(type, appendable)
                                 : among(type, readable) || among(type, writable);
    bool content_of_users = strcmp(type, "user_home_t") == 0;
    if (!allowed && content_of_users && access <= GETATTR)
      allowed = is_on("httpd_read_user_content") || is_on("httpd_enable_homedirs");
  }
  if (allowed) return true;
  snprintf(what, sizeof what, "path=\"%s\"", path);
  tell(names[access], what, type, "file");
  return !enforcing();
}

static int port_of(const struct sockaddr *address) {
  if (address->sa_family == AF_INET)
    return ntohs(((const struct sockaddr_in *)address)->sin_port);
  if (address->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  return 0;
}

static bool refuse_port(const char *permission, int port, const char *type) {
  char what[32];
  snprintf(what, sizeof what, "%s=%d", strcmp(permission, "name_bind") ? "dest" : "src", port);
  tell(permission, what, type, "tcp_socket");
  return !enforcing();
}

bool may_bind(const struct sockaddr *address) {
  char type[TYPE_MAX];
  int port = port_of(address);
  if (port == 0) return true;
  type_of_port(port, type);
  return among(type, bindable) || refuse_port("name_bind", port, type);
}

bool may_connect(const struct sockaddr *address) {
  char type[TYPE_MAX];
  if (address->sa_family == AF_UNIX) {
    char path[PATH_MAX];
    bool exists;
    const char *name = ((const struct sockaddr_un *)address)->sun_path;
    if (name[0] != '/' || !canonical_path(AT_FDCWD, name, true, path, &exists) || !exists)
      return true;
    return may_touch(path, WRITE);
  }
  int port = port_of(address);
  if (port == 0) return true;
  type_of_port(port, type);
  bool http = strcmp(type, "http_port_t") == 0;
  bool database = strcmp(type, "postgresql_port_t") == 0 || strcmp(type, "mysqld_port_t") == 0;
  bool relay = http || strcmp(type, "http_cache_port_t") == 0 || strcmp(type, "squid_port_t") == 0;
  if (is_on("httpd_can_network_connect")) return true;
  if (strcmp(type, "dns_port_t") == 0) return true;
  if (http && is_on("httpd_graceful_shutdown")) return true;
  if (relay && is_on("httpd_can_network_relay")) return true;
  if (database && is_on("httpd_can_network_connect_db")) return true;
  return refuse_port("name_connect", port, type);
}
