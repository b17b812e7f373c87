/* SPDX-License-Identifier: MIT
 *
 * stage_module.c - loads one stage's module and refuses, with a sentence that helps,
 * everything that is not a stage of this build. Checked are, in this order, the file's ELF
 * headers, the export, the versions and sizes, and each field and hook of the table. The ELF
 * headers come before dlopen, since its own messages are terse and a file that was cut short
 * ends the process in it. */
#include "stage_module.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/count.h"
#include "base/interrupt.h"
#include "base/json_out.h"

#define ELSE_REBUILD "rebuild it against this phases/stage.h"

/* ---- the file ---- */

static const char *machine_name(unsigned machine) {
  static const struct {
    unsigned machine;
    const char *name;
  } known[] = {{EM_386, "i386"},     {EM_X86_64, "x86-64"},    {EM_ARM, "ARM"},    {EM_AARCH64, "AArch64"},
               {EM_RISCV, "RISC-V"}, {EM_PPC64, "PowerPC 64"}, {EM_S390, "S/390"}, {EM_MIPS, "MIPS"}};
  for (size_t i = 0; i < COUNT(known); i++) {
    if (known[i].machine == machine) return known[i].name;
  }
  return "an unknown machine";
}

/* e_ident, e_type and e_machine stand at the same place in both classes. */
static bool read_elf_start(const char *path, Elf64_Ehdr *header, size_t *got, uint64_t *file_bytes,
                           struct fault *fault) {
  struct stat status;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0 || fstat(file, &status) < 0) {
    fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened as a stage: %s", path, strerror(errno));
    if (file >= 0) close(file);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    close(file);
    return fault_set(fault, EXIT_CODE_INPUT, "%s: is not a file; expected a stage's module (NAME.so)", path);
  }
  ssize_t n = pread(file, header, sizeof *header, 0);
  int error = errno;
  close(file);
  if (n < 0) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", path, strerror(error));
  *got = (size_t)n;
  *file_bytes = (uint64_t)status.st_size;
  return true;
}

/* The end of what the headers speak of: the loader maps that much, and touching pages
 * past a file's end ends the process with SIGBUS. 0: the headers cannot be read; errno is 0
 * where they make no sense. Only
 * for a file of this program's own class (the build is for 64-bit machines). */
static uint64_t end_by_headers(int file, const Elf64_Ehdr *header, uint64_t file_bytes) {
  errno = 0;
  uint64_t end = sizeof *header, programs_end, sections_end;
  if (header->e_phnum > 0 && header->e_phentsize != sizeof(Elf64_Phdr)) return 0;
  if (__builtin_add_overflow(header->e_phoff, (uint64_t)header->e_phnum * header->e_phentsize, &programs_end)) return 0;
  if (__builtin_add_overflow(header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize, &sections_end)) return 0;
  if (end < programs_end) end = programs_end;
  if (end < sections_end) end = sections_end;
  if (programs_end > file_bytes) return end; /* the program headers are not there to be read */
  for (unsigned i = 0; i < header->e_phnum; i++) {
    Elf64_Phdr program;
    uint64_t segment_end;
    if (pread(file, &program, sizeof program, (off_t)(header->e_phoff + i * sizeof program)) != sizeof program)
      return 0;
    if (__builtin_add_overflow(program.p_offset, program.p_filesz, &segment_end)) return 0;
    if (end < segment_end) end = segment_end;
  }
  return end;
}

static bool check_length(const char *path, const Elf64_Ehdr *header, uint64_t file_bytes, struct fault *fault) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", path, strerror(errno));
  uint64_t end = end_by_headers(file, header, file_bytes);
  int error = end == 0 ? errno : 0;
  close(file);
  if (error) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", path, strerror(error));
  if (end == 0)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: its ELF headers make no sense; build the module again", path);
  if (end > file_bytes)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is cut short: its headers speak of %" PRIu64 " bytes, the file has %" PRIu64
                     "; copy or build it again",
                     path, end, file_bytes);
  return true;
}

static bool check_elf(const char *path, struct fault *fault) {
  Elf64_Ehdr header, own;
  size_t got, own_got;
  uint64_t file_bytes, own_bytes;
  if (!read_elf_start(path, &header, &got, &file_bytes, fault) ||
      !read_elf_start("/proc/self/exe", &own, &own_got, &own_bytes, fault))
    return false;
  if (got < offsetof(Elf64_Ehdr, e_version) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is not a shared object (no ELF header); expected a stage's module, "
                     "as `gcc -shared -fPIC` makes it",
                     path);
  if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || header.e_ident[EI_DATA] != own.e_ident[EI_DATA])
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is %s-bit %s-endian code; this program is %s-bit %s-endian; compile it "
                     "for this machine",
                     path, header.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
                     header.e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big",
                     own.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
                     own.e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big");
  if (header.e_machine != own.e_machine)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is code for %s (ELF machine %u); this program runs on %s (%u); compile "
                     "it for this machine",
                     path, machine_name(header.e_machine), header.e_machine, machine_name(own.e_machine),
                     own.e_machine);
  if (header.e_type != ET_DYN)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is ELF but not a shared object (type %u, expected %d); link it with "
                     "-shared",
                     path, header.e_type, ET_DYN);
  if (got < sizeof header)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is cut short: an ELF header has %zu bytes, the file has %zu; copy or "
                     "build it again",
                     path, sizeof header, got);
  return check_length(path, &header, file_bytes, fault);
}

/* ---- the table ---- */

static bool check_header(const char *path, const struct stage_hdr *hdr, struct fault *fault) {
  if (hdr->abi_version != STAGE_ABI_VERSION)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: speaks stage ABI version %u; this program speaks %u; " ELSE_REBUILD,
                     path, hdr->abi_version, STAGE_ABI_VERSION);
  if (hdr->ops_bytes != sizeof(struct stage_ops) || hdr->ctx_bytes != sizeof(struct stage_ctx))
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: its stage_ops has %u bytes and its stage_ctx %u; here they have %zu and "
                     "%zu; " ELSE_REBUILD,
                     path, hdr->ops_bytes, hdr->ctx_bytes, sizeof(struct stage_ops), sizeof(struct stage_ctx));
  if (hdr->layout != STAGE_LAYOUT)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: was compiled against other struct layouts (fingerprint %08x, here %08x); " ELSE_REBUILD, path,
                     hdr->layout, STAGE_LAYOUT);
  return true;
}

static bool check_name(const char *path, const struct stage_ops *ops, struct fault *fault) {
  const char *name = ops->name ? ops->name : "";
  size_t length = strlen(name);
  if (length == 0 || length > 15 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: its name is '%s'; expected 1 to 15 characters of a-z, 0-9 and _",
                     path, name);
  const char *slash = strrchr(path, '/');
  const char *file = slash ? slash + 1 : path;
  if (strncmp(file, name, length) != 0 || strcmp(file + length, ".so") != 0)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: the stage in it is named '%s'; the file must be %s.so, since "
                     "combinations and results name stages by their files",
                     path, name, name);
  return true;
}

static bool check_roles(const char *path, const struct stage_ops *ops, struct fault *fault) {
  const uint32_t roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE;
  const uint32_t kinds = (1u << STAGE_KIND_COUNT) - 1;
  const uint32_t flags =
      STAGE_NEEDS_GRAMMAR | STAGE_KEEPS_NOTHING | STAGE_NOT_STANDARD | STAGE_PACKS_NODES | STAGE_USES_DISK;
  if (!ops->summary)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: `summary` is NULL; expected one line for people", path);
  if (ops->roles == 0 || (ops->roles & ~roles))
    return fault_set(fault, EXIT_CODE_INPUT, "%s: `roles` is 0x%x; expected STAGE_TREE_CODEC, STAGE_BLOB_STORE or both",
                     path, ops->roles);
  if (ops->flags & ~flags)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: `flags` is 0x%x, with bits that enum stage_flag does not have", path,
                     ops->flags);
  bool is_blob_store = ops->roles & STAGE_BLOB_STORE;
  if ((ops->keeps & ~kinds) || (ops->keeps != 0) != is_blob_store)
    return fault_set(fault, EXIT_CODE_INPUT, "%s: `keeps` is 0x%x; expected %s", path, ops->keeps,
                     is_blob_store ? "a bit for each kind that this blob store keeps" : "0, since it is no blob store");
  if ((ops->order == 0 || (ops->flags & STAGE_KEEPS_NOTHING)) && (ops->roles != roles || ops->keeps != kinds))
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is the base stage (order 0) or keeps nothing, and so must be codec and blob store "
                     "of both kinds; its roles are 0x%x and it keeps 0x%x",
                     path, ops->roles, ops->keeps);
  return true;
}

static bool check_options(const char *path, const struct stage_ops *ops, struct fault *fault) {
  if (ops->option_count > STAGE_OPTIONS_MAX || (ops->option_count > 0 && !ops->options))
    return fault_set(fault, EXIT_CODE_INPUT, "%s: has %u options; expected a table of at most %u", path,
                     ops->option_count, STAGE_OPTIONS_MAX);
  for (uint32_t i = 0; i < ops->option_count; i++) {
    const struct stage_option *option = &ops->options[i];
    const char *name = option->name ? option->name : "";
    size_t length = strlen(name);
    if (length == 0 || length > 31 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: option %u is named '%s'; expected 1 to 31 characters of a-z, 0-9 "
                       "and _",
                       path, i, name);
    if (!option->summary || option->value < option->min || option->value > option->max)
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: option '%s' has no summary, or its value is not between its min "
                       "and max",
                       path, name);
    if (option->value >= JSON_INTEGER_MAX)
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: option '%s': its value is not below 2^53, and results cannot hold it", path, name);
  }
  return true;
}

/* Every hook of the table: its role, 0 for all stages; required or not. */
#define HOOKS(X)                                         \
  X(open, 0, true)                                       \
  X(close, 0, true)                                      \
  X(put, STAGE_BLOB_STORE, true)                         \
  X(length, STAGE_BLOB_STORE, true)                      \
  X(pin, STAGE_BLOB_STORE, true)                         \
  X(unpin, STAGE_BLOB_STORE, true)                       \
  X(drop, STAGE_BLOB_STORE, true)                        \
  X(evict, STAGE_BLOB_STORE, false)                      \
  X(commit, STAGE_BLOB_STORE, false)                     \
  X(catalogue, STAGE_BLOB_STORE, false)                  \
  X(verify, STAGE_BLOB_STORE, false)                     \
  X(put_tree, STAGE_TREE_CODEC, true)                    \
  X(edit_tree, STAGE_TREE_CODEC, false)                  \
  X(live_tree, STAGE_TREE_CODEC, false)                  \
  X(drop_tree, STAGE_TREE_CODEC, true)                   \
  X(strip, STAGE_TREE_CODEC, false)                      \
  X(reconstruct, STAGE_TREE_CODEC, false)                \
  X(save, STAGE_TREE_CODEC, false)                       \
  X(load, STAGE_TREE_CODEC, false)                       \
  X(symbol_name, STAGE_TREE_CODEC, true)                 \
  X(field_name, STAGE_TREE_CODEC, true)                  \
  X(cursor_new, STAGE_TREE_CODEC, true)                  \
  X(cursor_open, STAGE_TREE_CODEC, true)                 \
  X(cursor_close, STAGE_TREE_CODEC, true)                \
  X(cursor_delete, STAGE_TREE_CODEC, true)               \
  X(goto_first_child, STAGE_TREE_CODEC, true)            \
  X(goto_next_sibling, STAGE_TREE_CODEC, true)           \
  X(goto_parent, STAGE_TREE_CODEC, true)                 \
  X(goto_previous_sibling, STAGE_TREE_CODEC, true)       \
  X(goto_last_child, STAGE_TREE_CODEC, true)             \
  X(goto_child, STAGE_TREE_CODEC, true)                  \
  X(goto_child_by_field, STAGE_TREE_CODEC, true)         \
  X(goto_first_child_for_byte, STAGE_TREE_CODEC, true)   \
  X(goto_descendant_for_bytes, STAGE_TREE_CODEC, true)   \
  X(goto_descendant_for_points, STAGE_TREE_CODEC, false) \
  X(goto_index, STAGE_TREE_CODEC, true)                  \
  X(goto_next_symbol, STAGE_TREE_CODEC, false)           \
  X(count_symbol, STAGE_TREE_CODEC, false)               \
  X(extent, STAGE_TREE_CODEC, true)                      \
  X(walk, STAGE_TREE_CODEC, true)

static bool check_hooks(const char *path, const struct stage_ops *ops, struct fault *fault) {
  const struct {
    const char *name;
    uint32_t role;
    bool required, there;
  } hooks[] = {
#define X(hook, role, required) {#hook, role, required, ops->hook != NULL},
    HOOKS(X)
#undef X
  };
  for (size_t i = 0; i < COUNT(hooks); i++) {
    bool fills = hooks[i].role == 0 || (ops->roles & hooks[i].role);
    const char *role = hooks[i].role == 0                  ? "every stage"
                       : hooks[i].role == STAGE_TREE_CODEC ? "a tree codec"
                                                           : "a blob store";
    if (fills && hooks[i].required && !hooks[i].there)
      return fault_set(fault, EXIT_CODE_INPUT, "%s: stage '%s' lacks the hook `%s`, which %s must have", path,
                       ops->name, hooks[i].name, role);
    if (!fills && hooks[i].there)
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: stage '%s' has the hook `%s` of %s, but its `roles` do not say that it "
                       "is one",
                       path, ops->name, hooks[i].name, role);
  }
  return true;
}

static bool check_table(const char *path, const struct stage_ops *ops, struct fault *fault) {
  if (!ops) return fault_set(fault, EXIT_CODE_INPUT, "%s: phasebench_stage() returned NULL", path);
  return check_header(path, &ops->hdr, fault) && check_name(path, ops, fault) && check_roles(path, ops, fault) &&
         check_options(path, ops, fault) && check_hooks(path, ops, fault);
}

/* ---- trying it in a child ---- */

/* The child's exit code when loading came back. An unusual number, so that a constructor that
 * calls exit is noticed, too. */
#define CAME_BACK 87

#define TRY_TIMEOUT_S 30

/* Never returns. Signals are handled as in a fresh process: the parent's handlers (or a
 * test's, or a sanitizer's) would hide by which one it ended. */
static void load_and_exit(const char *path) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  interrupt_reset_child();
  alarm(TRY_TIMEOUT_S);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const struct stage_ops *(*entry)(void) = NULL;
  if (handle) *(void **)&entry = dlsym(handle, "phasebench_stage");
  if (entry) entry();
  _exit(CAME_BACK); /* also when it was refused: the load that follows says why */
}

bool stage_module_probe(const char *path, struct fault *fault) {
  if (!check_elf(path, fault)) return false;
  fflush(NULL);
  pid_t child = fork();
  if (child < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be tried in a process of its own: %s", path, strerror(errno));
  if (child == 0) load_and_exit(path);
  int status;
  pid_t ended;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: waiting for the process that tries it: %s", path, strerror(errno));
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: loading it has no end after %d s; look at its constructors and at "
                     "phasebench_stage()",
                     path, TRY_TIMEOUT_S);
  if (WIFSIGNALED(status)) {
    const char *name = sigabbrev_np(WTERMSIG(status));
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: loading it ends the process with SIG%s (signal %d); look at its "
                     "constructors and at phasebench_stage()",
                     path, name ? name : "?", WTERMSIG(status));
  }
  if (WEXITSTATUS(status) != CAME_BACK)
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: loading it ends the process with exit code %d; look at its "
                     "constructors and at phasebench_stage()",
                     path, WEXITSTATUS(status));
  return true;
}

/* ---- public ---- */

bool stage_module_load(const char *path, struct stage_module *module, struct fault *fault) {
  *module = (struct stage_module){.handle = NULL};
  if (!check_elf(path, fault)) return false;
  module->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  int error = errno;
  if (!module->handle) return fault_loading(fault, "the module", dlerror(), error);
  const struct stage_ops *(*entry)(void);
  *(void **)&entry = dlsym(module->handle, "phasebench_stage");
  if (!entry) {
    fault_set(fault, EXIT_CODE_INPUT,
              "%s: is not a stage: it does not export phasebench_stage (see phases/stage.h; "
              "was it compiled with STAGE_EXPORT?)",
              path);
  } else {
    module->ops = entry();
    if (check_table(path, module->ops, fault)) return true;
  }
  stage_module_unload(module);
  return false;
}

void stage_module_unload(struct stage_module *module) {
  if (module->handle) dlclose(module->handle);
  module->handle = NULL;
  module->ops = NULL;
}
