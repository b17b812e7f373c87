/* SPDX-License-Identifier: MIT
 *
 * file_io.h - files read and written as a whole at an offset, synced, renamed; whatever fails
 * says which file, where in it, why, and what to do. */
#ifndef PHASEBENCH_KIT_FILE_IO_H
#define PHASEBENCH_KIT_FILE_IO_H

#include "stage.h"

#define FILE_IO_BYTES_MAX ((uint64_t)1 << 40)

/* An open file. The path is for messages. */
struct file_io {
  const struct stage_ctx *ctx;
  const char *path;
  int fd; /* -1: none */
};

/* open(2), for the owner and whoever the umask lets. STAGE_IO. */
int file_io_open(struct file_io *file, int flags);
void file_io_close(struct file_io *file);
/* STAGE_IO; STAGE_CORRUPT where the file ends before offset + bytes. */
int file_io_read(const struct file_io *file, uint64_t offset, void *out, size_t bytes);
int file_io_write(const struct file_io *file, uint64_t offset, const void *bytes, size_t length);
int file_io_length(const struct file_io *file, uint64_t *length);
int file_io_sync(const struct file_io *file);
/* Takes the file's lock for writing without waiting for it. STAGE_IO where another process, or
 * another open file of this one, has it. */
int file_io_lock(const struct file_io *file);
void file_io_unlock(const struct file_io *file);
/* Whether the path still leads to this open file. */
bool file_io_is_at_path(const struct file_io *file);
int file_io_rename(const struct stage_ctx *ctx, const char *from, const char *to);
/* Makes a rename in the folder durable. */
int file_io_sync_folder(const struct stage_ctx *ctx, const char *folder);

#endif
