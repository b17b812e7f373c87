/* SPDX-License-Identifier: MIT
 *
 * What is no regular file is refused at once, by all that reads a file that was named: a pipe as a results file
 * blocked for ever, and /dev/zero was read to the end of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "json_out.h"
#include "open_file.h"

static char folder[] = "/tmp/test_open_file.XXXXXX";

static void refused(const char *path, const char *word) {
  const char *why = NULL;
  struct fault fault = {0};
  cJSON *root = NULL;
  alarm(10); /* a reader that blocks ends the test */
  assert_int_equal(open_file(path, NULL, &why), -1);
  assert_non_null(strstr(why, word));
  assert_null(open_file_stream(path, NULL, &why));
  assert_false(json_read_file(path, &root, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_non_null(strstr(fault.message, word));
  alarm(0);
}

static void what_is_no_file(void **state) {
  (void)state;
  assert_int_equal(mkfifo("pipe", 0600), 0);
  refused("pipe", "a pipe");
  assert_int_equal(symlink("pipe", "link"), 0);
  refused("link", "a pipe");
  refused("/dev/zero", "a device");
  refused(".", "a folder");
  refused("nothing", "No such file");
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
  refused("socket", "a socket");
  close(fd);
}

static void files(void **state) {
  (void)state;
  struct fault fault = {0};
  assert_true(json_write_bytes("file", "{}", 2, &fault));
  uint64_t bytes = 0;
  const char *why = NULL;
  int fd = open_file("file", &bytes, &why);
  assert_true(fd >= 0);
  assert_int_equal(bytes, 2);
  close(fd);
  cJSON *root = NULL;
  assert_true(json_read_file("file", &root, &fault));
  cJSON_Delete(root);
}

/* Its memory would be many times its size. A file of holes costs nothing. */
static void larger_than_json_may_be(void **state) {
  (void)state;
  struct fault fault = {0};
  cJSON *root = NULL;
  int fd = open("large", O_WRONLY | O_CREAT, 0600);
  assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
  close(fd);
  assert_false(json_read_file("large", &root, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_non_null(strstr(fault.message, "256 MiB"));
}

int main(void) {
  if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_file),
      cmocka_unit_test(files),
      cmocka_unit_test(larger_than_json_may_be),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  static const char *const made[] = {"pipe", "link", "socket", "file", "large"};
  for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) unlink(made[i]);
  if (chdir("/") == 0) rmdir(folder);
  return failed;
}
