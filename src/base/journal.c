/* An entry for the journal: see journal.h. */
#include "base/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

const char *journal_socket = "/run/systemd/journal/socket";

/* A value with a line end has its length before it, 64 bits with the lowest first. */
void journal_field(struct buf *out, const char *name, struct span value)
{
	uint64_t left = value.len;

	buf_add_string(out, name);
	if (value.len == 0 || !memchr(value.data, '\n', value.len)) {
		buf_add_char(out, '=');
	} else {
		buf_add_char(out, '\n');
		for (int i = 0; i < 8; i++, left >>= 8)
			buf_add_char(out, (char)(left & 0xff));
	}
	buf_add_span(out, value);
	buf_add_char(out, '\n');
}

int journal_open(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (access(journal_socket, W_OK) || strlen(journal_socket) >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, journal_socket, strlen(journal_socket));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

int journal_send(int fd, const struct buf *entry, int milliseconds)
{
	int64_t deadline = 0;

	while (send(fd, entry->data, entry->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (deadline == 0)
			deadline = clock_in(milliseconds);
		if (clock_left(deadline) == 0 || clock_poll(fd, POLLOUT, deadline) <= 0) {
			errno = EAGAIN;
			return -1;
		}
	}
	return 0;
}
