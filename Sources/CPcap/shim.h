#include <pcap/pcap.h>
#include <spawn.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/types.h>

/* glibc and musl declare these only under _GNU_SOURCE, which Swift's import of libc does not define; the names here are
   the project's own, so that no later import can clash. */

/* The callbacks of fopencookie(3). */
typedef struct {
  ssize_t (*read)(void *cookie, char *buffer, size_t size);
  ssize_t (*write)(void *cookie, const char *buffer, size_t size);
  int (*seek)(void *cookie, off_t *offset, int whence);
  int (*close)(void *cookie);
} stream_functions;

/* fopencookie(3). */
FILE *stream_open(void *cookie, const char *mode, stream_functions functions) __asm__("fopencookie");

/* pipe2(2). */
int pipe_open(int descriptors[2], int flags) __asm__("pipe2");

/* posix_spawn_file_actions_addclosefrom_np(3), glibc 2.34. */
int spawn_close_from(posix_spawn_file_actions_t *actions, int descriptor)
    __asm__("posix_spawn_file_actions_addclosefrom_np");
