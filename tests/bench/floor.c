/*
 * The least that a durable enqueue can do, as the yardstick of tests/bench/queue.
 *
 *	floor DIRECTORY
 *
 * reads standard input to its end, writes it into a file without a name in DIRECTORY, makes
 * that durable, gives it a name, and makes the name durable. Nothing is checked but errors.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	static char block[256 * 1024];
	char from[64], to[64];
	ssize_t got;
	int dir, fd;

	if (argc != 2)
		errx(64, "usage: floor DIRECTORY");
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (dir < 0 || fd < 0)
		err(75, "%s", argv[1]);
	while ((got = read(STDIN_FILENO, block, sizeof(block))) > 0)
		if (write(fd, block, (size_t)got) != got)
			err(75, "write");
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "floor%ld", (long)getpid());
	if (got < 0 || fsync(fd) || linkat(AT_FDCWD, from, dir, to, AT_SYMLINK_FOLLOW) ||
	    fsync(dir))
		err(75, "%s", argv[1]);
	return 0;
}
