/* Preloaded, it counts the fsyncs of a program and makes them as slow as an ordinary disk's.
 *
 * RATIOS_FSYNC names a file of three 64-bit integers that both sides see: calls so far (fsync and fdatasync),
 * the least number of nanoseconds a call takes, and how often this library was loaded. Without it nothing changes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic uint64_t calls;
    _Atomic uint64_t least_nanos;
    _Atomic uint64_t loaded;
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RATIOS_FSYNC");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared == MAP_FAILED) return;
    control = shared;
    atomic_fetch_add(&control->loaded, 1);
}

static int64_t nanos_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The disk does its work first; only what it was too fast is waited. */
static int slowed(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int64_t start = nanos_now();
    int result = real(file);
    if (!control) return result;
    atomic_fetch_add(&control->calls, 1);
    int64_t rest = (int64_t)atomic_load(&control->least_nanos) - (nanos_now() - start);
    if (rest > 0) {
        struct timespec pause = {rest / 1000000000, rest % 1000000000};
        /* A server's processes wake each other by signals. */
        while (nanosleep(&pause, &pause) != 0 && errno == EINTR) continue;
    }
    return result;
}

int fsync(int file) { return slowed("fsync", file); }
int fdatasync(int file) { return slowed("fdatasync", file); }
