// What Linux and the processor offer and Swift's Glibc module does not: epoll, eventfd, signalfd, pidfd, flock and
// the CRC32C instruction. Inline functions only, so that there is nothing to compile.
#ifndef LODESTONE_CPLATFORM_H
#define LODESTONE_CPLATFORM_H
#include <stddef.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// Nanoseconds since 1970-01-01T00:00:00Z by the machine's clock.
static inline int64_t lodestone_wall_clock_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Opens a descriptor that becomes readable when the process `pid` ends; -1 with errno set on failure.
static inline int lodestone_pidfd_open(int pid) { return (int)syscall(434 /* pidfd_open */, pid, 0); }

/// Sends `signal` to the very process a pidfd was opened for, never to a later one with the same number.
static inline int lodestone_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(424 /* pidfd_send_signal */, pidfd, signal, NULL, 0);
}

/// The flag of posix_spawnattr_setflags that gives the new process its own session and so its own process group.
static inline short lodestone_spawn_setsid(void) { return 0x80; }

/// Has the new process close every descriptor from `from` up, so that nothing of ours leaks into it (glibc 2.34).
static inline int lodestone_spawn_close_from(posix_spawn_file_actions_t *actions, int from) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

/// Has the new process start in the directory `path` (glibc 2.29).
static inline int lodestone_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

/// Names the calling thread for ps and debuggers; Linux keeps the first 15 bytes.
static inline void lodestone_set_thread_name(const char *name) { (void)prctl(PR_SET_NAME, name); }

/// The height in lines of the terminal behind a descriptor; 0 if it is none or does not say.
static inline int lodestone_terminal_rows(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

/// Whether the processor has the CRC32C instruction.
static inline int lodestone_has_crc32c(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2");
#else
    return 0;
#endif
}

/// Extends a raw CRC32C state (not inverted) over `size` bytes. Call only if `lodestone_has_crc32c()`.
#if defined(__x86_64__)
__attribute__((target("sse4.2")))
#endif
static inline uint32_t lodestone_crc32c(uint32_t state, const uint8_t *bytes, size_t size) {
#if defined(__x86_64__)
    uint64_t crc = state;
    while (size >= 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes, 8);
        crc = __builtin_ia32_crc32di(crc, word);
        bytes += 8;
        size -= 8;
    }
    uint32_t rest = (uint32_t)crc;
    while (size > 0) {
        rest = __builtin_ia32_crc32qi(rest, *bytes++);
        size -= 1;
    }
    return rest;
#else
    (void)bytes;
    (void)size;
    return state;
#endif
}

/// Reserves the blocks for the first `size` bytes of a file without changing its size; -1 with errno set on failure.
static inline int lodestone_reserve(int descriptor, int64_t size) {
    return (int)syscall(SYS_fallocate, descriptor, 1 /* FALLOC_FL_KEEP_SIZE */, (int64_t)0, size);
}

/// Has the kernel begin to write a range of a file to the disk, without waiting for it.
static inline int lodestone_begin_writing(int descriptor, int64_t offset, int64_t size) {
    return (int)syscall(SYS_sync_file_range, descriptor, offset, size, 2 /* SYNC_FILE_RANGE_WRITE */);
}
#endif
