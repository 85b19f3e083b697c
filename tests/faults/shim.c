/* Preloaded into a process: sees what it does to files below one folder, and at the n-th match kills it or lets the call
 * fail. See __init__.py for why this is ours, and shim.py for the other side of `struct order`.
 *
 * Orbax and TensorStore write from threads of C++, safetensors from Rust, so that nothing above libc sees all of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum op { OP_OPEN, OP_WRITE, OP_READ, OP_FSYNC, OP_RENAME, OP_MKDIR, OP_UNLINK, OP_TRUNCATE, OP_COUNT };
static const char *const OP_NAMES[OP_COUNT] = {"open", "write", "read", "fsync", "rename", "mkdir", "unlink", "truncate"};

enum action { NONE, KILL_BEFORE, KILL_AFTER, KILL_TORN, FAIL };

/* One file, mapped by every process of a trial, so that calls are counted over all of them. */
struct order {
    int op;              /* which calls; -1 for those that take space on the disk (a full disk) */
    int action;
    int error;           /* errno of FAIL */
    int whole_group;     /* kill the process group rather than the process */
    long first;          /* the first match that is met, from 1 */
    long last;           /* the last one */
    long free_bytes;     /* of a full disk: what may still be written; -1 for no such limit */
    long count;          /* matches so far */
    long written;        /* bytes so far, as a disk counts them */
    long landed;         /* how often the fault was done */
    int landed_op;
    int trace;           /* write "op\tpath" of every call to the file beside this one */
    char root[1024];     /* only below this folder, with a slash at its end */
    char pattern[1024];  /* regular expression on the path below `root` */
    char trace_path[1024];
    char landed_path[1024];
};

static struct order *order;
static regex_t pattern;
static int trace_fd = -1;
static __thread int inside;

/* Called by the constructor for processes that inherit the environment, and by a forked child for itself. */
void faults_attach(const char *path) {
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof(struct order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED) return;
    struct order *found = mapped;
    if (regcomp(&pattern, found->pattern, REG_EXTENDED | REG_NOSUB)) return;
    if (found->trace)
        trace_fd = syscall(SYS_openat, AT_FDCWD, found->trace_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    order = found;
}

__attribute__((constructor)) static void attach_by_environment(void) {
    const char *path = getenv("FAULTS_ORDER");
    if (path && *path) faults_attach(path);
}

size_t faults_order_size(void) { return sizeof(struct order); }

static void die(void) {
    kill(order->whole_group ? -getpgrp() : getpid(), SIGKILL);
    for (;;) pause();
}

/* What is to be done about one call on `path`: NONE, or the order's action where this is the call that it means. */
static int judge(enum op op, const char *path, long num_bytes) {
    if (!order || inside) return NONE;
    size_t root = strlen(order->root);
    if (strncmp(path, order->root, root)) return NONE;
    inside = 1;
    int saved = errno, result = NONE;
    const char *below = path + root;
    if (trace_fd >= 0) {
        char line[1200];
        int length = snprintf(line, sizeof line, "%s\t%s\n", OP_NAMES[op], below);
        if (length > 0 && length < (int)sizeof line) (void)!syscall(SYS_write, trace_fd, line, length);
    }
    /* As a disk counts: bytes, and names, for which a folder may need a block. */
    int takes = op == OP_WRITE || op == OP_OPEN || op == OP_MKDIR;
    long written = 0;
    if (takes) written = __atomic_add_fetch(&order->written, op == OP_WRITE ? num_bytes : 64, __ATOMIC_SEQ_CST);
    if (order->action != NONE && regexec(&pattern, below, 0, NULL, 0) == 0) {
        if (order->free_bytes >= 0) {
            if (takes && written > order->free_bytes) result = order->action;
        } else if (order->op == (int)op) {
            long number = __atomic_add_fetch(&order->count, 1, __ATOMIC_SEQ_CST);
            if (number >= order->first && number <= order->last) result = order->action;
        }
    }
    if (result != NONE && __atomic_fetch_add(&order->landed, 1, __ATOMIC_SEQ_CST) == 0) {
        order->landed_op = op;
        snprintf(order->landed_path, sizeof order->landed_path, "%s", below);
    }
    inside = 0;
    errno = saved;
    return result;
}

static const char *of_fd(int fd, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, PATH_MAX - 1);
    buffer[length < 0 ? 0 : length] = 0;
    return buffer;
}

static const char *absolute(int dirfd, const char *path, char *buffer) {
    if (!path) path = "";
    if (path[0] == '/') {
        snprintf(buffer, PATH_MAX, "%s", path);
        return buffer;
    }
    char folder[PATH_MAX];
    if (dirfd == AT_FDCWD) {
        if (syscall(SYS_getcwd, folder, sizeof folder) < 0) folder[0] = 0;
    } else
        of_fd(dirfd, folder);
    snprintf(buffer, PATH_MAX, "%s/%.2000s", folder, path);
    return buffer;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* A call that either is made or is not. */
#define AROUND(op, path, call) \
    do { \
        if (!order || inside) return call; \
        char buffer[PATH_MAX]; \
        const char *where = path; \
        int todo = judge(op, where, 0); \
        if (todo == KILL_BEFORE || todo == KILL_TORN) die(); \
        if (todo == FAIL) { errno = order->error; return -1; } \
        __typeof__(call) made = call; \
        if (todo == KILL_AFTER) die(); \
        return made; \
    } while (0)

/* A call that moves bytes, of which half may be moved before the process dies. */
#define MOVING(op, fd, whole, half, num_bytes) \
    do { \
        if (!order || inside) return whole; \
        char buffer[PATH_MAX]; \
        int todo = judge(op, of_fd(fd, buffer), num_bytes); \
        if (todo == KILL_BEFORE) die(); \
        if (todo == KILL_TORN) { (void)!(half); die(); } \
        if (todo == FAIL) { errno = order->error; return -1; } \
        __typeof__(whole) made = whole; \
        if (todo == KILL_AFTER) die(); \
        return made; \
    } while (0)

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); } \
        if (!writes(flags)) return real(path, flags, mode); \
        AROUND(OP_OPEN, absolute(AT_FDCWD, path, buffer), real(path, flags, mode)); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int dirfd, const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); } \
        if (!writes(flags)) return real(dirfd, path, flags, mode); \
        AROUND(OP_OPEN, absolute(dirfd, path, buffer), real(dirfd, path, flags, mode)); \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    MOVING(OP_WRITE, fd, real(fd, data, n), real(fd, data, n / 2), n);
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    REAL(pwrite);
    MOVING(OP_WRITE, fd, real(fd, data, n, at), real(fd, data, n / 2, at), n);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    REAL(pwrite64);
    MOVING(OP_WRITE, fd, real(fd, data, n, at), real(fd, data, n / 2, at), n);
}
static size_t total(const struct iovec *parts, int n) {
    size_t bytes = 0;
    for (int i = 0; i < n; i++) bytes += parts[i].iov_len;
    return bytes;
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(writev);
    MOVING(OP_WRITE, fd, real(fd, parts, n), real(fd, parts, n / 2), total(parts, n));
}
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) {
    REAL(pwritev);
    MOVING(OP_WRITE, fd, real(fd, parts, n, at), real(fd, parts, n / 2, at), total(parts, n));
}
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at) {
    REAL(pwritev64);
    MOVING(OP_WRITE, fd, real(fd, parts, n, at), real(fd, parts, n / 2, at), total(parts, n));
}
ssize_t sendfile(int to, int from, off_t *at, size_t n) {
    REAL(sendfile);
    MOVING(OP_WRITE, to, real(to, from, at, n), real(to, from, at, n / 2), n);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t n) {
    REAL(sendfile64);
    MOVING(OP_WRITE, to, real(to, from, at, n), real(to, from, at, n / 2), n);
}
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *to_at, size_t n, unsigned int flags) {
    REAL(copy_file_range);
    MOVING(OP_WRITE, to, real(from, at, to, to_at, n, flags), real(from, at, to, to_at, n / 2, flags), n);
}
ssize_t read(int fd, void *data, size_t n) {
    REAL(read);
    MOVING(OP_READ, fd, real(fd, data, n), 0, n);
}
ssize_t pread(int fd, void *data, size_t n, off_t at) {
    REAL(pread);
    MOVING(OP_READ, fd, real(fd, data, n, at), 0, n);
}
ssize_t pread64(int fd, void *data, size_t n, off64_t at) {
    REAL(pread64);
    MOVING(OP_READ, fd, real(fd, data, n, at), 0, n);
}
/* NumPy's `tofile` writes by the C library's streams, whose own calls of write are not seen from outside. */
size_t fwrite(const void *data, size_t size, size_t n, FILE *file) {
    REAL(fwrite);
    if (!order || inside) return real(data, size, n, file);
    char buffer[PATH_MAX];
    int todo = judge(OP_WRITE, of_fd(fileno(file), buffer), size * n);
    if (todo == KILL_BEFORE) die();
    if (todo == KILL_TORN) { (void)!real(data, size, n / 2, file); fflush(file); die(); }
    if (todo == FAIL) { errno = order->error; return 0; }
    size_t made = real(data, size, n, file);
    if (todo == KILL_AFTER) { fflush(file); die(); }
    return made;
}
int fsync(int fd) {
    REAL(fsync);
    AROUND(OP_FSYNC, of_fd(fd, buffer), real(fd));
}
int fdatasync(int fd) {
    REAL(fdatasync);
    AROUND(OP_FSYNC, of_fd(fd, buffer), real(fd));
}
/* A rename is known by where it leads. */
int rename(const char *from, const char *to) {
    REAL(rename);
    AROUND(OP_RENAME, absolute(AT_FDCWD, to, buffer), real(from, to));
}
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    REAL(renameat);
    AROUND(OP_RENAME, absolute(to_dir, to, buffer), real(from_dir, from, to_dir, to));
}
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
    REAL(renameat2);
    AROUND(OP_RENAME, absolute(to_dir, to, buffer), real(from_dir, from, to_dir, to, flags));
}
int link(const char *from, const char *to) {
    REAL(link);
    AROUND(OP_RENAME, absolute(AT_FDCWD, to, buffer), real(from, to));
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    AROUND(OP_MKDIR, absolute(AT_FDCWD, path, buffer), real(path, mode));
}
int mkdirat(int dirfd, const char *path, mode_t mode) {
    REAL(mkdirat);
    AROUND(OP_MKDIR, absolute(dirfd, path, buffer), real(dirfd, path, mode));
}
int unlink(const char *path) {
    REAL(unlink);
    AROUND(OP_UNLINK, absolute(AT_FDCWD, path, buffer), real(path));
}
int unlinkat(int dirfd, const char *path, int flags) {
    REAL(unlinkat);
    AROUND(OP_UNLINK, absolute(dirfd, path, buffer), real(dirfd, path, flags));
}
int rmdir(const char *path) {
    REAL(rmdir);
    AROUND(OP_UNLINK, absolute(AT_FDCWD, path, buffer), real(path));
}
int ftruncate(int fd, off_t length) {
    REAL(ftruncate);
    AROUND(OP_TRUNCATE, of_fd(fd, buffer), real(fd, length));
}
int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    AROUND(OP_TRUNCATE, of_fd(fd, buffer), real(fd, length));
}
/* Another convention: the error is what it returns. */
#define ALLOCATE(name, type) \
    int name(int fd, type at, type length) { \
        REAL(name); \
        char buffer[PATH_MAX]; \
        int todo = judge(OP_TRUNCATE, of_fd(fd, buffer), 0); \
        if (todo == KILL_BEFORE || todo == KILL_TORN) die(); \
        return todo == FAIL ? order->error : real(fd, at, length); \
    }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)
