/*
 * The table of system calls (calls.h). Machines differ in which of them exist; what is not in
 * the table changes nothing that a later run or a peer could see, or is not used by anything we
 * trace.
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct call table[] = {
#ifdef SYS_open
	{SYS_open, "open", CALL_OPEN, -1, 0, -1, 1},
	{SYS_creat, "creat", CALL_NAMES, -1, 0, -1, -1},
	{SYS_rename, "rename", CALL_NAMES, -1, 1, -1, -1},
	{SYS_link, "link", CALL_NAMES, -1, 1, -1, -1},
	{SYS_symlink, "symlink", CALL_NAMES, -1, 1, -1, -1},
	{SYS_unlink, "unlink", CALL_NAMES, -1, 0, -1, -1},
	{SYS_rmdir, "rmdir", CALL_NAMES, -1, 0, -1, -1},
	{SYS_mkdir, "mkdir", CALL_NAMES, -1, 0, -1, -1},
	{SYS_chmod, "chmod", CALL_DATA, -1, 0, -1, -1},
	{SYS_fork, "fork", CALL_PROCESS, -1, -1, -1, -1},
	{SYS_vfork, "vfork", CALL_PROCESS, -1, -1, -1, -1},
#endif
#ifdef SYS_renameat
	{SYS_renameat, "renameat", CALL_NAMES, 2, 3, -1, -1},
#endif
	{SYS_openat, "openat", CALL_OPEN, 0, 1, -1, 2},
	{SYS_renameat2, "renameat2", CALL_NAMES, 2, 3, -1, -1},
	{SYS_linkat, "linkat", CALL_NAMES, 2, 3, -1, -1},
	{SYS_symlinkat, "symlinkat", CALL_NAMES, 1, 2, -1, -1},
	{SYS_unlinkat, "unlinkat", CALL_NAMES, 0, 1, -1, -1},
	{SYS_mkdirat, "mkdirat", CALL_NAMES, 0, 1, -1, -1},
	{SYS_write, "write", CALL_DATA, -1, -1, 0, -1},
	{SYS_pwrite64, "pwrite", CALL_DATA, -1, -1, 0, -1},
	{SYS_writev, "writev", CALL_DATA, -1, -1, 0, -1},
	{SYS_pwritev, "pwritev", CALL_DATA, -1, -1, 0, -1},
	{SYS_sendto, "sendto", CALL_DATA, -1, -1, 0, -1},
	{SYS_sendmsg, "sendmsg", CALL_DATA, -1, -1, 0, -1},
	{SYS_sendfile, "sendfile", CALL_DATA, -1, -1, 0, -1},
	{SYS_splice, "splice", CALL_DATA, -1, -1, 2, -1},
	{SYS_copy_file_range, "copy_file_range", CALL_DATA, -1, -1, 2, -1},
	{SYS_ftruncate, "ftruncate", CALL_DATA, -1, -1, 0, -1},
	{SYS_truncate, "truncate", CALL_DATA, -1, 0, -1, -1},
	{SYS_fallocate, "fallocate", CALL_DATA, -1, -1, 0, -1},
	{SYS_fchmod, "fchmod", CALL_DATA, -1, -1, 0, -1},
	{SYS_fchmodat, "fchmodat", CALL_DATA, 0, 1, -1, -1},
	{SYS_fchown, "fchown", CALL_DATA, -1, -1, 0, -1},
	{SYS_utimensat, "utimensat", CALL_DATA, 0, 1, -1, -1},
	{SYS_fsync, "fsync", CALL_SYNC, -1, -1, 0, -1},
	{SYS_fdatasync, "fdatasync", CALL_SYNC, -1, -1, 0, -1},
	{SYS_flock, "flock", CALL_LOCK, -1, -1, 0, -1},
	{SYS_fcntl, "fcntl", CALL_LOCK, -1, -1, 0, -1},
	{SYS_close, "close", CALL_CLOSE, -1, -1, 0, -1},
	{SYS_read, "read", CALL_READ, -1, -1, 0, -1},
	{SYS_connect, "connect", CALL_PEER, -1, -1, 0, -1},
	{SYS_shutdown, "shutdown", CALL_PEER, -1, -1, 0, -1},
	{SYS_clone, "clone", CALL_PROCESS, -1, -1, -1, -1},
	{SYS_clone3, "clone3", CALL_PROCESS, -1, -1, -1, -1},
	{SYS_kill, "kill", CALL_PROCESS, -1, -1, -1, -1},
	{SYS_exit_group, "exit_group", CALL_PROCESS, -1, -1, -1, -1},
};

static const struct call *find(long number)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (table[i].number == number)
			return &table[i];
	}
	return NULL;
}

/* The string at an address of the process, byte by byte at the end of a page. */
static void read_string(pid_t pid, uint64_t address, char *out, size_t size)
{
	size_t have = 0;

	while (have < size - 1) {
		size_t part = 256 - (address + have) % 256;
		struct iovec to = {out + have, part < size - 1 - have ? part : size - 1 - have};
		struct iovec from = {(void *)(uintptr_t)(address + have), to.iov_len};
		ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

		if (n <= 0 || memchr(out + have, '\0', (size_t)n) != NULL) {
			have += n > 0 ? strlen(out + have) : 0;
			break;
		}
		have += (size_t)n;
	}
	out[have] = '\0';
}

static void read_link(pid_t pid, const char *what, char *out, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
	n = readlink(path, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
}

static void read_fd(pid_t pid, int fd, char *out, size_t size)
{
	char what[32];

	snprintf(what, sizeof what, "fd/%d", fd);
	read_link(pid, what, out, size);
}

static void find_target(struct called *c)
{
	const struct call *call = c->call;
	char path[PATH_MAX] = "";
	size_t len;

	c->target[0] = '\0';
	if (call->fd >= 0)
		read_fd(c->pid, (int)c->arguments[call->fd], c->target, sizeof c->target);
	if (call->path < 0)
		return;
	read_string(c->pid, c->arguments[call->path], path, sizeof path);
	if (path[0] != '/' && call->directory >= 0 &&
	    (int)c->arguments[call->directory] != AT_FDCWD)
		read_fd(c->pid, (int)c->arguments[call->directory], c->target, PATH_MAX / 2);
	else if (path[0] != '/')
		read_link(c->pid, "cwd", c->target, PATH_MAX / 2);
	len = strlen(c->target);
	snprintf(c->target + len, sizeof c->target - len, "%s%s", path[0] == '/' ? "" : "/",
		 path);
}

int call_open_flags(const struct called *c)
{
	return (int)c->arguments[c->call->flags];
}

bool call_look(struct called *c, pid_t pid, long number, const uint64_t arguments[6])
{
	const struct call *call = find(number);
	int command = (int)arguments[1];

	if (call == NULL)
		return false;
	c->pid = pid;
	c->call = call;
	memcpy(c->arguments, arguments, sizeof c->arguments);
	if (call->kind == CALL_OPEN && (call_open_flags(c) & (O_CREAT | O_TRUNC)) == 0 &&
	    (call_open_flags(c) & O_TMPFILE) != O_TMPFILE)
		return false;
	if (call->number == SYS_fcntl && command != F_SETLK && command != F_SETLKW &&
	    command != F_OFD_SETLK && command != F_OFD_SETLKW)
		return false;
	find_target(c);
	return call->kind != CALL_READ;
}

bool call_is_below(const struct called *c, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(c->target, folder, len) == 0 &&
	       (c->target[len] == '/' || c->target[len] == ' ' || c->target[len] == '\0');
}

bool call_is_quick(const struct called *c)
{
	switch (c->call->kind) {
	case CALL_OPEN:
	case CALL_NAMES:
	case CALL_SYNC: return true;
	case CALL_DATA: return c->target[0] == '/' && strncmp(c->target, "/dev/", 5) != 0;
	case CALL_LOCK:
		return c->call->number == SYS_flock && ((int)c->arguments[1] & LOCK_NB) != 0;
	case CALL_CLOSE:
	case CALL_PROCESS:
	case CALL_PEER:
	case CALL_READ: break;
	}
	return false;
}
