/* SPDX-License-Identifier: MIT
 *
 * fetch.c - see fetch.h. The manifest is read here and handed to the
 * script as arguments, so that a shell need not read JSON. */
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/paths.h"
#include "base/open_file.h"

struct arguments {
  char **list; /* NULL-terminated; each string is ours */
  size_t count;
};

static bool add(struct arguments *arguments, const char *text) {
  char **grown = realloc(arguments->list, (arguments->count + 2) * sizeof *grown);
  if (!grown) return false;
  arguments->list = grown;
  grown[arguments->count] = strdup(text);
  grown[arguments->count + 1] = NULL;
  return grown[arguments->count++] != NULL;
}

static bool add_option(struct arguments *arguments, const char *option, const char *value) {
  return add(arguments, option) && add(arguments, value);
}

static void clear(struct arguments *arguments) {
  for (size_t i = 0; i < arguments->count; i++) free(arguments->list[i]);
  free(arguments->list);
}

static bool add_packages(struct arguments *arguments, const struct manifest *manifest) {
  for (size_t i = 0; i < manifest->package_count; i++) {
    char text[512];
    int length = snprintf(text, sizeof text, "%s=%s", manifest->packages[i].name, manifest->packages[i].version);
    if (length >= (int)sizeof text || !add_option(arguments, "--package", text)) return false;
  }
  for (size_t i = 0; manifest->keep[i]; i++) {
    if (!add_option(arguments, "--keep", manifest->keep[i])) return false;
  }
  return !manifest->archive || add_option(arguments, "--archive", manifest->archive);
}

static bool build_arguments(const struct manifest *manifest, bool again, struct arguments *arguments,
                            struct fault *fault) {
  char script[PATH_MAX], folder[PATH_MAX], from[PATH_MAX];
  const char *slash = strrchr(manifest->path, '/');
  if (!manifest_download_folder(manifest, folder, fault)) return false;
  if (snprintf(script, sizeof script, "%s/fetch.sh", paths_corpora_dir()) >= PATH_MAX ||
      snprintf(from, sizeof from, "%.*s/%s", (int)(slash - manifest->path), manifest->path,
               manifest->folder ? manifest->folder : "") >= PATH_MAX) {
    return fault_set(fault, EXIT_CODE_INPUT, "the path of the corpora folder is too long");
  }
  if (access(script, R_OK) != 0) {
    return fault_set(fault, exit_code_of_errno(errno), "cannot read %s, which fetches corpora: %s", script,
                     strerror(errno));
  }
  bool ok = add(arguments, "bash") && add(arguments, script) &&
            add(arguments, manifest->source == MANIFEST_NPM ? "npm" : "deb") && add_option(arguments, "--into", folder);
  if (again) ok = ok && add(arguments, "--again");
  if (manifest->source == MANIFEST_NPM) ok = ok && add_option(arguments, "--from", from);
  else ok = ok && add_packages(arguments, manifest);
  return ok || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory, or a package's version is too long");
}

/* Ctrl-C reaches the script too, which cleans up; we wait for it. */
static bool run(char *const *arguments, int *status, struct fault *fault) {
  struct interrupt_lent lent;
  interrupt_lend(&lent);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    interrupt_take_back(&lent);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execvp(arguments[0], arguments);
    fprintf(stderr, "phasebench: cannot start %s: %s\n", arguments[0], strerror(errno));
    _exit(EXIT_CODE_SYSTEM);
  }
  int error = errno;
  pid_t got = child;
  while (child > 0 && (got = waitpid(child, status, 0)) < 0 && errno == EINTR) continue;
  interrupt_take_back(&lent);
  if (child > 0 && got == child) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "cannot start the script that fetches: %s", strerror(error));
}

bool corpus_fetch(const struct manifest *manifest, bool again, struct fault *fault) {
  char root[PATH_MAX];
  bool fetched = false;
  if (!manifest_root(manifest, root, &fetched, fault)) return false;
  if (manifest->source == MANIFEST_DIRECTORY) {
    if (fetched) return true;
    return fault_set(fault, EXIT_CODE_INPUT,
                     "the corpus '%s' is not fetched but comes with the build, and %s is not there: "
                     "run the set-up script",
                     manifest->name, root);
  }
  struct arguments arguments = {0};
  int status = 0;
  bool ok = build_arguments(manifest, again, &arguments, fault) && run(arguments.list, &status, fault);
  clear(&arguments);
  if (!ok) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == EXIT_CODE_INTERRUPTED || code == 128 + SIGINT || code == 128 + SIGTERM) {
    return fault_set(fault, EXIT_CODE_INTERRUPTED, "interrupted while the corpus '%s' was fetched", manifest->name);
  }
  return fault_set(fault, code == EXIT_CODE_INPUT ? EXIT_CODE_INPUT : EXIT_CODE_SYSTEM,
                   "the corpus '%s' was not fetched; the reason stands above", manifest->name);
}

bool corpus_fetched_version(const struct manifest *manifest, const char *package, char *version, size_t version_bytes) {
  struct fault ignored = {0};
  char folder[PATH_MAX], path[PATH_MAX], line[512];
  if (!manifest->download || !manifest_download_folder(manifest, folder, &ignored)) return false;
  if (snprintf(path, sizeof path, "%s/fetched", folder) >= PATH_MAX) return false;
  const char *why;
  FILE *file = open_file_stream(path, NULL, &why);
  if (!file) return false;
  bool found = false;
  while (!found && fgets(line, sizeof line, file)) {
    char name[128], got[256];
    found =
        sscanf(line, "got %127s %255s", name, got) == 2 && strcmp(name, package) == 0 && strlen(got) < version_bytes;
    if (found) memcpy(version, got, strlen(got) + 1);
  }
  fclose(file);
  return found;
}
