/* The bytes of a message as they come in: see intake.h. */
#include "mail/intake.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

int intake_init(struct intake *i, int fd, bool end_at_dot, struct error *error)
{
	*i = (struct intake){.fd = fd, .end_at_dot = end_at_dot};
	/* One byte in front: a CR held back at the end of a block may have to go before the
	 * next. */
	i->block = malloc(1 + INTAKE_BLOCK);
	return i->block ? 0 : error_set_memory(error);
}

void intake_clear(struct intake *i)
{
	free(i->block);
	i->block = NULL;
}

/* read(2), over signals, waiting for input where that is for us to do. */
static ssize_t read_block(int fd, char *data, size_t size)
{
	for (;;) {
		ssize_t got = read(fd, data, size);

		if (got >= 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
			return got;
		if (errno != EINTR && clock_poll(fd, POLLIN, CLOCK_NEVER) < 0)
			return -1;
	}
}

/* Takes leading dots off in, moving what stays to out, which may lie in front of in by a byte.
 * Stops behind the end dot. Returns the bytes put in out; *used are those taken. */
static size_t strip_dots(struct intake *i, const char *in, size_t len, char *out, size_t *used)
{
	const char *p = in, *end = in + len, *lf;
	char *o = out;

	while (p < end && !i->ended) {
		switch (i->dot) {
		case INTAKE_LINE_START:
			i->dot = *p == '.' ? INTAKE_DOT : INTAKE_LINE;
			p += *p == '.';
			break;
		case INTAKE_DOT:
			i->ended = *p == '\n';
			i->dot = *p == '\r' ? INTAKE_DOT_CR : INTAKE_LINE;
			p += *p == '\r' || *p == '\n';
			break;
		case INTAKE_DOT_CR:
			i->ended = *p == '\n';
			i->dot = INTAKE_LINE;
			if (i->ended)
				p++;
			else
				*o++ = '\r';
			break;
		case INTAKE_LINE:
			lf = memchr(p, '\n', (size_t)(end - p));
			len = (size_t)((lf ? lf + 1 : end) - p);
			memmove(o, p, len);
			o += len;
			p += len;
			if (lf)
				i->dot = INTAKE_LINE_START;
			break;
		}
	}
	*used = (size_t)(p - in);
	return (size_t)(o - out);
}

/* Reads what follows the end dot, so that the writer is not killed by SIGPIPE. A person at a
 * terminal has nothing more to say, and trouble here no longer concerns the message. */
static void drain(struct intake *i)
{
	ssize_t got;

	if (isatty(i->fd))
		return;
	while ((got = read_block(i->fd, i->block, INTAKE_BLOCK)) > 0)
		i->drained += (uint64_t)got;
}

int intake_next(struct intake *i, struct span *bytes, struct error *error)
{
	char *data = i->block + 1;

	while (!i->ended) {
		ssize_t got = read_block(i->fd, data, INTAKE_BLOCK);
		size_t used;

		if (got < 0)
			return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
					       "cannot read the message");
		/* A dot at the very end, without its line end, is an end dot too. */
		if (got == 0)
			return 0;
		*bytes = (struct span){data, used = (size_t)got};
		if (i->end_at_dot) {
			bytes->data = i->block;
			bytes->len = strip_dots(i, data, (size_t)got, i->block, &used);
		}
		i->count += used;
		i->drained = (uint64_t)got - used;
		if (bytes->len > 0)
			return 1;
	}
	drain(i);
	return 0;
}
