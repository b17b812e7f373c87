/* SPDX-License-Identifier: MIT
 *
 * plot.c - starts gnuplot. No shell is in the way: arguments go by posix_spawn,
 * gnuplot runs in the folder of the data, and file names are our own plain ones (a
 * name that begins with '<' would be a command to gnuplot). Titles go as arguments,
 * which gnuplot keeps as strings. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/paths.h"
#include "report.h"

#define PATH_BYTES 4352
#define LOG "gnuplot.log"

static bool plain_name(const char *name) {
  return name[0] && name[0] != '.' && name[0] != '-' &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(name);
}

/* The user's environment without what would change a picture. */
static char **clean_environment(void) {
  static const char *const dropped[] = {"GNUPLOT_", "GNUTERM=", "GNUHELP=", "LC_", "LANG=", "GDFONTPATH="};
  size_t count = 0, used = 0;
  while (environ[count]) count++;
  char **clean = calloc(count + 2, sizeof *clean);
  if (!clean) return NULL;
  for (size_t i = 0; i < count; i++) {
    bool drop = false;
    for (size_t d = 0; d < COUNT(dropped); d++) {
      drop = drop || strncmp(environ[i], dropped[d], strlen(dropped[d])) == 0;
    }
    if (!drop) clean[used++] = environ[i];
  }
  clean[used] = "LC_ALL=C.UTF-8";
  return clean;
}

/* Our words and gnuplot's: the log's text, on one line. */
static bool fail_with_log(const struct report_picture *picture, const char *what, struct fault *fault) {
  char path[PATH_BYTES], text[500] = "";
  snprintf(path, sizeof path, "%s/" LOG, picture->directory);
  FILE *log = fopen(path, "r");
  size_t got = log ? fread(text, 1, sizeof text - 1, log) : 0;
  if (log) fclose(log);
  text[got] = '\0';
  for (size_t i = 0; i < got; i++) {
    if ((unsigned char)text[i] < ' ') text[i] = ' ';
  }
  return fault_set(fault, EXIT_CODE_SYSTEM, "drawing '%s' with %s/%s.gp: gnuplot %s%s%s", picture->out,
                   paths_reports_dir(), picture->script, what, got ? ": " : "", text);
}

static int spawn(const char *directory, char *const *arguments, char *const *environment, pid_t *child) {
  posix_spawn_file_actions_t actions;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = posix_spawn_file_actions_addchdir_np(&actions, directory);
  if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (!error) error = posix_spawn_file_actions_addopen(&actions, 1, LOG, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
  if (!error) error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

static bool run(const struct report_picture *picture, char *const *arguments, struct fault *fault) {
  pid_t child;
  int status;
  char **environment = clean_environment();
  if (!environment) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while starting gnuplot");
  int error = spawn(picture->directory, arguments, environment, &child);
  free(environment);
  if (error == ENOENT) {
    return fault_set(fault, EXIT_CODE_SYSTEM,
                     "gnuplot is not installed or not in PATH; Debian's package is gnuplot-nox (scripts/setup.sh)");
  }
  if (error) return fault_set(fault, EXIT_CODE_SYSTEM, "gnuplot cannot be started: %s", strerror(error));
  pid_t ended;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0) return fault_set(fault, EXIT_CODE_SYSTEM, "waiting for gnuplot: %s", strerror(errno));
  char what[80];
  if (WIFSIGNALED(status)) {
    snprintf(what, sizeof what, "was killed by signal %d", WTERMSIG(status));
    return fail_with_log(picture, what, fault);
  }
  if (WEXITSTATUS(status) == 0) return true;
  snprintf(what, sizeof what, "ended with exit code %d", WEXITSTATUS(status));
  return fail_with_log(picture, what, fault);
}

static bool draw_one(const struct report_picture *picture, const char *terminal, struct fault *fault) {
  char script[PATH_BYTES], out[300], width[16], height[16], path[PATH_BYTES];
  struct stat info;
  snprintf(script, sizeof script, "%s/%s.gp", paths_reports_dir(), picture->script);
  snprintf(out, sizeof out, "%s.%s", picture->out, terminal);
  snprintf(width, sizeof width, "%u", picture->width_px);
  snprintf(height, sizeof height, "%u", picture->height_px);
  if (access(script, R_OK) != 0) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: the gnuplot script cannot be read: %s", script, strerror(errno));
  }
  char *const arguments[] = {"gnuplot",
                             "-d",
                             "-c",
                             script,
                             (char *)terminal,
                             out,
                             width,
                             height,
                             (char *)picture->title,
                             (char *)picture->data,
                             (char *)(picture->data2 ? picture->data2 : "-"),
                             (char *)paths_reports_dir(),
                             (char *)picture->numbers,
                             NULL};
  if (!run(picture, arguments, fault)) return false;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", picture->directory, out) >= sizeof path)
    return fault_set(fault, EXIT_CODE_USAGE, "%s: the path is too long", picture->directory);
  if (stat(path, &info) != 0 && errno != ENOENT)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be looked at: %s", path, strerror(errno));
  return access(path, R_OK) == 0 && info.st_size >= 200 ? true : fail_with_log(picture, "left no picture", fault);
}

bool report_draw(const struct report_picture *picture, struct fault *fault) {
  if (!plain_name(picture->data) || !plain_name(picture->out) || (picture->data2 && !plain_name(picture->data2))) {
    return fault_set(fault, EXIT_CODE_INTERNAL, "a picture's file name is not plain: '%s'", picture->out);
  }
  char log[PATH_BYTES];
  bool ok = draw_one(picture, "svg", fault) && draw_one(picture, "png", fault);
  snprintf(log, sizeof log, "%s/" LOG, picture->directory);
  unlink(log);
  return ok;
}
