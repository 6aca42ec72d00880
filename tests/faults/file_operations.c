/* Loaded into a program with LD_PRELOAD: records what it does to the files below one directory, and makes operations
 * fail. faults/disk.py reads the recording, faults/program.py starts programs with it. What the environment says:
 *
 *   FAULTS_ROOT=DIR        absolute; nothing outside is touched
 *   FAULTS_LOG=FILE        the recording (struct entry, names, bytes), appended to; outside of DIR
 *   FAULTS_AT=WHAT:N:DO[:NAME],...
 *                          WHAT any, write, sync (fsync and fdatasync); N from 1, of those whose name contains NAME;
 *                          DO kill (before it), tear (half of it, then killed), eio, enospc; `+` behind: and all later
 *   FAULTS_DROP_SYNC=GLOB  syncs of these files do nothing and say that they did
 *   FAULTS_STEADY=1        stat() gives inodes made of names and no times, so that a copy passes for the original
 *
 * A lock makes the operations of all threads happen one after the other: the order in the recording is the real one.
 * What goes through stdio (RocksDB's LOG) and memory maps is not seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
  kind_create = 1,
  kind_write,
  kind_sync,
  kind_datasync,
  kind_rename,
  kind_link,
  kind_unlink,
  kind_truncate,
  kind_mkdir,
  kind_rmdir,
  kind_allocate, /* of `offset` bytes from the start; the size grows */
  kind_output,   /* bytes to stdout */
  kind_hint,     /* sync_file_range: promises nothing */
  kind_start     /* of a process */
};

struct entry {
  uint32_t magic;
  uint32_t kind;
  int64_t time_ns; /* CLOCK_MONOTONIC, when it was done */
  uint64_t inode;
  uint64_t offset;
  int32_t error; /* errno, 0 when it was done */
  uint32_t process;
  uint32_t name_size;
  uint32_t other_size; /* the second name of rename and link */
  uint64_t data_size;
};

enum { magic = 0x544c4146, max_faults = 8, max_descriptors = 65536 };

struct fault {
  char what;
  long at, seen;
  char action;
  bool later;
  char name[64];
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_size;
static int log_fd = -1;
static bool steady;
static const char* drop_sync;
static struct fault faults[max_faults];
static int fault_count;
static char* names[max_descriptors]; /* of descriptors below root, else null */

#define REAL(function) ((__typeof__(&function))real(#function))

static void* real(const char* name) { return dlsym(RTLD_NEXT, name); }

static void parse_faults(char* text) {
  char* rest = NULL;
  for (char* one = strtok_r(text, ",", &rest); one && fault_count < max_faults; one = strtok_r(NULL, ",", &rest)) {
    struct fault* fault = &faults[fault_count];
    char what[8], action[12];
    if (sscanf(one, "%7[a-z]:%ld:%11[a-z+]:%63s", what, &fault->at, action, fault->name) < 3) abort();
    fault->what = what[0];
    fault->action = action[0] == 'e' && action[1] == 'n' ? 'n' : action[0]; /* k, t, e: EIO, n: ENOSPC */
    fault->later = strchr(action, '+') != NULL;
    ++fault_count;
  }
}

static void append(const void* bytes, size_t size) {
  const char* at = bytes;
  while (size > 0) {
    const long put = syscall(SYS_write, log_fd, at, size);
    if (put <= 0) abort();
    at += put;
    size -= (size_t)put;
  }
}

static void record(enum kind kind, uint64_t inode, uint64_t offset, int error, const char* name, const char* other,
                   const void* data, size_t size) {
  if (log_fd < 0) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const struct entry entry = {.magic = magic,
                              .kind = kind,
                              .time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                              .inode = inode,
                              .offset = offset,
                              .error = error,
                              .process = (uint32_t)getpid(),
                              .name_size = name ? (uint32_t)strlen(name) : 0,
                              .other_size = other ? (uint32_t)strlen(other) : 0,
                              .data_size = size};
  append(&entry, sizeof entry);
  if (name) append(name, strlen(name));
  if (other) append(other, strlen(other));
  if (size > 0) append(data, size);
}

static void set_up(void) {
  const char* text = getenv("FAULTS_ROOT");
  if (!text || text[0] != '/') return;
  snprintf(root, sizeof root, "%s", text);
  root_size = strlen(root);
  steady = getenv("FAULTS_STEADY") != NULL;
  drop_sync = getenv("FAULTS_DROP_SYNC");
  if (getenv("FAULTS_AT")) parse_faults(strdup(getenv("FAULTS_AT")));
  const char* file = getenv("FAULTS_LOG");
  if (file) log_fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  record(kind_start, 0, 0, 0, NULL, NULL, NULL, 0);
}

static void enter(void) {
  pthread_once(&once, set_up);
  pthread_mutex_lock(&turn);
}

static void leave(void) {
  const int kept = errno;
  pthread_mutex_unlock(&turn);
  errno = kept;
}

/* The name of `path` below the root, "." for the root itself; null for others. */
static const char* below(int directory, const char* path, char* room) {
  pthread_once(&once, set_up);
  if (root_size == 0 || !path) return NULL;
  char whole[2 * PATH_MAX];
  if (path[0] == '/') {
    snprintf(whole, sizeof whole, "%s", path);
  } else {
    char link[64], base[PATH_MAX] = "";
    if (directory == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    const ssize_t size = readlink(link, base, sizeof base - 1);
    if (size <= 0) return NULL;
    base[size] = 0;
    snprintf(whole, sizeof whole, "%s/%s", base, path);
  }
  /* "//" and "/./" are not names. */
  char* out = room;
  for (const char* in = whole; *in && out - room < PATH_MAX - 1; ++in) {
    if (in[0] == '/' && in[1] == '/') continue;
    if (in[0] == '/' && in[1] == '.' && (in[2] == '/' || in[2] == 0)) {
      ++in;
      continue;
    }
    *out++ = *in;
  }
  while (out > room + 1 && out[-1] == '/') --out;
  *out = 0;
  if (strncmp(room, root, root_size) != 0) return NULL;
  if (room[root_size] == 0) return ".";
  return room[root_size] == '/' ? room + root_size + 1 : NULL;
}

static const char* name_of(int fd) { return fd >= 0 && fd < max_descriptors ? names[fd] : NULL; }

static uint64_t inode_of(int fd) {
  struct stat about;
  return REAL(fstat)(fd, &about) == 0 ? about.st_ino : 0;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* What happens to an operation on `name`: 0 nothing, -1 half of it and death, else the errno it fails with. */
static int decide(char what, const char* name) {
  for (int i = 0; i < fault_count; ++i) {
    struct fault* fault = &faults[i];
    if (fault->what != 'a' && fault->what != what) continue;
    if (fault->name[0] && (!name || !strstr(name, fault->name))) continue;
    ++fault->seen;
    if (fault->seen != fault->at && !(fault->later && fault->seen > fault->at)) continue;
    if (fault->action == 'k') die();
    if (fault->action == 't') return -1;
    return fault->action == 'e' ? EIO : ENOSPC;
  }
  return 0;
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static int do_open(int directory, const char* path, int flags, mode_t mode) {
  char room[2 * PATH_MAX];
  const char* name = below(directory, path, room);
  if (!name) return (int)syscall(SYS_openat, directory, path, flags, mode);
  enter();
  struct stat about;
  const bool was_there = REAL(fstatat)(directory, path, &about, AT_SYMLINK_NOFOLLOW) == 0;
  const bool creates = (flags & O_CREAT) && !was_there;
  const bool cuts = (flags & O_TRUNC) && was_there && about.st_size > 0;
  int fault = creates || cuts ? decide('o', name) : 0;
  int fd = -1;
  if (fault > 0) {
    errno = fault;
  } else {
    fd = (int)syscall(SYS_openat, directory, path, flags, mode);
    if (fd >= 0 && creates) record(kind_create, inode_of(fd), 0, 0, name, NULL, NULL, 0);
    if (fd >= 0 && cuts) record(kind_truncate, inode_of(fd), 0, 0, name, NULL, NULL, 0);
    if (fault < 0) die();
    if (fd >= 0 && fd < max_descriptors) {
      free(names[fd]);
      names[fd] = strdup(name);
    }
  }
  leave();
  return fd;
}

#define MODE(flags, last)             \
  mode_t mode = 0;                    \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list more;                     \
    va_start(more, last);             \
    mode = va_arg(more, mode_t);      \
    va_end(more);                     \
  }

int open(const char* path, int flags, ...) {
  MODE(flags, flags)
  return do_open(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE(flags, flags)
  return do_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  MODE(flags, flags)
  return do_open(directory, path, flags, mode);
}
int openat64(int directory, const char* path, int flags, ...) {
  MODE(flags, flags)
  return do_open(directory, path, flags | O_LARGEFILE, mode);
}
int __open_2(const char* path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
int creat(const char* path, mode_t mode) { return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* Streams of libstdc++: they write through write() and writev(). */
static FILE* do_fopen(const char* path, const char* how, FILE* (*next)(const char*, const char*)) {
  char room[2 * PATH_MAX];
  const char* name = how[0] == 'r' && !strchr(how, '+') ? NULL : below(AT_FDCWD, path, room);
  if (!name || strstr(name, "/LOG")) return next(path, how);
  enter();
  struct stat about;
  const bool was_there = REAL(stat)(path, &about) == 0;
  FILE* file = next(path, how);
  if (file) {
    const int fd = fileno(file);
    if (!was_there) record(kind_create, inode_of(fd), 0, 0, name, NULL, NULL, 0);
    else if (how[0] == 'w') record(kind_truncate, inode_of(fd), 0, 0, name, NULL, NULL, 0);
    if (fd < max_descriptors) {
      free(names[fd]);
      names[fd] = strdup(name);
    }
  }
  leave();
  return file;
}
FILE* fopen(const char* path, const char* how) { return do_fopen(path, how, REAL(fopen)); }
FILE* fopen64(const char* path, const char* how) { return do_fopen(path, how, REAL(fopen64)); }

static void forget(int fd) {
  if (!name_of(fd)) return;
  enter();
  free(names[fd]);
  names[fd] = NULL;
  leave();
}
int close(int fd) {
  forget(fd);
  return (int)syscall(SYS_close, fd);
}
int fclose(FILE* file) {
  forget(fileno(file));
  return REAL(fclose)(file);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static ssize_t do_write(int fd, const void* data, size_t size, off_t offset, bool moves) {
  const char* name = name_of(fd);
  if (!name) {
    if (fd != STDOUT_FILENO || log_fd < 0) {
      return moves ? syscall(SYS_write, fd, data, size) : syscall(SYS_pwrite64, fd, data, size, offset);
    }
    /* Recorded before it is out: nobody has seen it at an earlier point of the recording. */
    enter();
    record(kind_output, 0, 0, 0, NULL, NULL, data, size);
    const ssize_t put = syscall(SYS_write, fd, data, size);
    leave();
    return put;
  }
  enter();
  const int fault = decide('w', name);
  const int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
  struct stat about;
  if (REAL(fstat)(fd, &about) != 0) about.st_ino = 0, about.st_size = 0;
  if (moves) offset = flags & O_APPEND ? about.st_size : lseek(fd, 0, SEEK_CUR);
  ssize_t put = -1;
  if (fault > 0) {
    record(kind_write, about.st_ino, (uint64_t)offset, fault, name, NULL, NULL, 0);
    errno = fault;
  } else {
    const size_t whole = fault < 0 ? size / 2 : size;
    put = moves ? syscall(SYS_write, fd, data, whole) : syscall(SYS_pwrite64, fd, data, whole, offset);
    if (put > 0) record(kind_write, about.st_ino, (uint64_t)offset, 0, name, NULL, data, (size_t)put);
    if (fault < 0) die();
  }
  leave();
  return put;
}

ssize_t write(int fd, const void* data, size_t size) { return do_write(fd, data, size, 0, true); }
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) { return do_write(fd, data, size, offset, false); }
ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) { return do_write(fd, data, size, offset, false); }

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (!name_of(fd) && fd != STDOUT_FILENO) return syscall(SYS_writev, fd, parts, count);
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  char* whole = malloc(size + 1);
  size_t at = 0;
  for (int i = 0; i < count; at += parts[i++].iov_len) memcpy(whole + at, parts[i].iov_base, parts[i].iov_len);
  const ssize_t put = do_write(fd, whole, size, 0, true);
  free(whole);
  return put;
}

static int do_size(int fd, uint64_t size, enum kind kind, int (*next)(int, off_t, off_t, int), off_t a, off_t b, int c) {
  const char* name = name_of(fd);
  if (!name) return next(fd, a, b, c);
  enter();
  const int fault = decide('w', name);
  int done = -1;
  if (fault > 0) {
    errno = fault;
  } else {
    done = next(fd, a, b, c);
    if (done == 0) record(kind, inode_of(fd), size, 0, name, NULL, NULL, 0);
    if (fault < 0) die();
  }
  leave();
  return done;
}

static int next_truncate(int fd, off_t size, off_t unused, int also) {
  (void)unused, (void)also;
  return (int)syscall(SYS_ftruncate, fd, size);
}
static int next_allocate(int fd, off_t from, off_t size, int mode) {
  return (int)syscall(SYS_fallocate, fd, mode, from, size);
}
int ftruncate(int fd, off_t size) { return do_size(fd, (uint64_t)size, kind_truncate, next_truncate, size, 0, 0); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int fallocate(int fd, int mode, off_t from, off_t size) {
  /* With a mode the size stays as it is. */
  return do_size(fd, mode == 0 ? (uint64_t)(from + size) : 0, kind_allocate, next_allocate, from, size, mode);
}
int fallocate64(int fd, int mode, off_t from, off_t size) { return fallocate(fd, mode, from, size); }
int posix_fallocate(int fd, off_t from, off_t size) { return fallocate(fd, 0, from, size) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off_t from, off_t size) { return posix_fallocate(fd, from, size); }

/* ---- syncing ----------------------------------------------------------------------------------------------------- */

static int do_sync(int fd, long call, enum kind kind) {
  const char* name = name_of(fd);
  if (!name) return (int)syscall(call, fd);
  enter();
  int fault = decide('s', name), done = -1;
  if (fault > 0) {
    record(kind, inode_of(fd), 0, fault, name, NULL, NULL, 0);
    errno = fault;
  } else if (drop_sync && fnmatch(drop_sync, name, 0) == 0) {
    done = 0;
  } else {
    /* The recording decides what is on a disk; the real one need not be waited for. */
    done = log_fd >= 0 ? 0 : (int)syscall(call, fd);
    if (done == 0) record(kind, inode_of(fd), 0, 0, name, NULL, NULL, 0);
  }
  if (fault < 0) die();
  leave();
  return done;
}

int fsync(int fd) { return do_sync(fd, SYS_fsync, kind_sync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync, kind_datasync); }
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned int flags) {
  if (name_of(fd)) {
    enter();
    (void)decide('h', name_of(fd));
    record(kind_hint, inode_of(fd), (uint64_t)offset, 0, name_of(fd), NULL, NULL, 0);
    leave();
  }
  return (int)syscall(SYS_sync_file_range, fd, offset, size, flags);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static int do_names(enum kind kind, int one, const char* from, int two, const char* to, int flags, mode_t mode) {
  char room[2 * PATH_MAX], other_room[2 * PATH_MAX];
  const char* name = below(one, from, room);
  const char* other = to ? below(two, to, other_room) : NULL;
  enter();
  const int fault = name || other ? decide('n', other ? other : name) : 0;
  int done = -1;
  if (fault > 0) {
    errno = fault;
  } else {
    switch (kind) {
      case kind_rename: done = (int)syscall(SYS_renameat2, one, from, two, to, flags); break;
      case kind_link: done = (int)syscall(SYS_linkat, one, from, two, to, flags); break;
      case kind_mkdir: done = (int)syscall(SYS_mkdirat, one, from, mode); break;
      default: done = (int)syscall(SYS_unlinkat, one, from, flags); break;
    }
    if (done == 0 && (name || other)) {
      uint64_t inode = 0;
      struct stat about;
      if (other && REAL(fstatat)(two, to, &about, AT_SYMLINK_NOFOLLOW) == 0) inode = about.st_ino;
      record(kind, inode, 0, 0, name, other, NULL, 0);
    }
    if (fault < 0) die();
  }
  leave();
  return done;
}

int rename(const char* from, const char* to) { return do_names(kind_rename, AT_FDCWD, from, AT_FDCWD, to, 0, 0); }
int renameat(int one, const char* from, int two, const char* to) {
  return do_names(kind_rename, one, from, two, to, 0, 0);
}
int renameat2(int one, const char* from, int two, const char* to, unsigned int flags) {
  return do_names(kind_rename, one, from, two, to, (int)flags, 0);
}
int link(const char* from, const char* to) { return do_names(kind_link, AT_FDCWD, from, AT_FDCWD, to, 0, 0); }
int linkat(int one, const char* from, int two, const char* to, int flags) {
  return do_names(kind_link, one, from, two, to, flags, 0);
}
int unlink(const char* path) { return do_names(kind_unlink, AT_FDCWD, path, AT_FDCWD, NULL, 0, 0); }
int unlinkat(int directory, const char* path, int flags) {
  return do_names(flags & AT_REMOVEDIR ? kind_rmdir : kind_unlink, directory, path, AT_FDCWD, NULL, flags, 0);
}
int rmdir(const char* path) { return do_names(kind_rmdir, AT_FDCWD, path, AT_FDCWD, NULL, AT_REMOVEDIR, 0); }
int remove(const char* path) {
  struct stat about;
  if (REAL(lstat)(path, &about) == 0 && S_ISDIR(about.st_mode)) return rmdir(path);
  return unlink(path);
}
int mkdir(const char* path, mode_t mode) { return do_names(kind_mkdir, AT_FDCWD, path, AT_FDCWD, NULL, 0, mode); }
int mkdirat(int directory, const char* path, mode_t mode) {
  return do_names(kind_mkdir, directory, path, AT_FDCWD, NULL, 0, mode);
}

int stat(const char* path, struct stat* about) {
  const int done = REAL(stat)(path, about);
  char room[2 * PATH_MAX];
  pthread_once(&once, set_up);
  const char* name = done == 0 && steady ? below(AT_FDCWD, path, room) : NULL;
  if (name) {
    uint64_t hash = 14695981039346656037u;
    for (; *name; ++name) hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    about->st_ino = hash >> 1;
    memset(&about->st_mtim, 0, sizeof about->st_mtim);
    about->st_ctim = about->st_mtim;
  }
  return done;
}
