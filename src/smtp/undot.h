/*
 * The other end of DATA: the end of data found, dot transparency undone (RFC 5321 section
 * 4.5.2), and bare CR and LF told.
 *
 * What ends a line is settled before: CRLF alone, so that neither <LF>.<LF> nor <LF>.<CRLF> nor
 * <CR>.<CR> can end the message of a client that writes CRLF and pass what follows off as
 * commands of its own ("SMTP smuggling"); or, for a client that writes LF, LF with or without a
 * CR before it.
 */
#ifndef SMTP_UNDOT_H
#define SMTP_UNDOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum undot_place {
	UNDOT_LINE_START,
	UNDOT_DOT,    /* a dot at the start of a line, held back */
	UNDOT_DOT_CR, /* and a CR behind it */
	UNDOT_CR,
	UNDOT_LINE
};

/* All zero at the start of the data. */
struct undot {
	bool lf_ends; /* LF ends a line too */
	bool ended;
	enum undot_place place;
};

/* Takes from *in, which is advanced, until it is used up or the data has ended. out has room
 * for one byte more than *in has. Returns the bytes put there. */
size_t undot_feed(struct undot *u, struct span *in, char *out);

/* Whether lines end in CRLF and there is no other CR or LF. All zero at the start. */
struct undot_check {
	bool bare;
	bool after_cr;
};

void undot_check_feed(struct undot_check *c, struct span text);

#endif
