/*
 * The bytes of a message as they come in: from any descriptor, in blocks, over every trick that
 * read(2) knows. With end_at_dot the line that is just a dot ends the
 * message and a leading dot of other lines is taken off (sendmail without -i).
 */
#ifndef MAIL_INTAKE_H
#define MAIL_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { INTAKE_BLOCK = 64 * 1024 };

/* Where a line stands that may be the end dot. */
enum intake_dot {
	INTAKE_LINE_START,
	INTAKE_DOT,    /* a dot at the start of a line, held back */
	INTAKE_DOT_CR, /* and a CR behind it */
	INTAKE_LINE
};

struct intake {
	int fd;
	bool end_at_dot;
	bool ended; /* the end dot was seen */
	enum intake_dot dot;
	uint64_t count;   /* bytes read, but for the drained ones */
	uint64_t drained; /* bytes read and thrown away behind the end dot */
	char *block;
};

/* Borrows fd. Returns 0, or -1 without memory. */
int intake_init(struct intake *i, int fd, bool end_at_dot, struct error *error);
/* The next bytes, borrowed until the next call. 1, 0 at the end, -1 with *error: class local,
 * stage input, when reading failed, which is never taken for the end. Waits as long as it
 * takes, on a non-blocking descriptor too. */
int intake_next(struct intake *i, struct span *bytes, struct error *error);
void intake_clear(struct intake *i);

#endif
