/* SPDX-License-Identifier: MIT
 *
 * page_cache.h - which files the kernel keeps in memory: looks, and drops them. */
#ifndef PHASEBENCH_STORE_PAGE_CACHE_H
#define PHASEBENCH_STORE_PAGE_CACHE_H

enum store_cached {
  STORE_CACHED_NOT,
  STORE_CACHED_YES,     /* at least a page of it */
  STORE_CACHED_UNKNOWN, /* the system or the file system does not tell */
};
/* Looks at all pages of a file, without reading any in. */
enum store_cached store_file_cached(const char *path);
/* Writes a file out, drops it from the page cache, and then looks whether it is gone. A file that is not there
 * counts as gone. The second does so for all files in a folder. */
enum store_cached store_file_drop_cached(const char *path);
enum store_cached store_directory_drop_cached(const char *path);

#endif
