/*
 * SMTP replies (RFC 5321 sections 4.2 and 4.2.1), parsed strictly and kept in bounds.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	REPLY_LINE_MAX = 16384, /* bytes of a line with its CRLF that we read: an AUTH challenge
				   may have 12288 (RFC 4954), others 512 */
	REPLY_LINES_MAX = 1000,
	REPLY_TEXT_MAX = 16384, /* bytes of text kept of a reply, lines joined by LF */
	REPLY_SHOWN_MAX = 1024  /* bytes of it in an error or a log line */
};

/* One reply. All zero: none yet. */
struct reply {
	int code;        /* 200-599; 0 while there is none */
	int enhanced[3]; /* of its first line (RFC 2034), all 0 if none */
	int lines;
	struct buf text; /* without codes; raw bytes of the server, to be escaped when shown */
};

void reply_init(struct reply *r);
void reply_clear(struct reply *r);

/* Takes the next line of a reply off input: 1 when the reply is complete with it, 0 when more
 * is needed (*used is what was taken so far), -1 with *error (relay, stage of the caller to be
 * set) when it is no reply: not ^[2-5][0-9][0-9]([ -]|$), a code unlike the line before, too
 * long, too many lines. A line ends in CRLF; a lone LF is taken too (FACTS.md), a CR alone is
 * not. */
int reply_parse(struct reply *r, struct span input, size_t *used, struct error *error);

bool reply_is_positive(const struct reply *r);     /* 2yz */
bool reply_is_intermediate(const struct reply *r); /* 3yz */
bool reply_is_transient(const struct reply *r);    /* 4yz */
bool reply_is_permanent(const struct reply *r);    /* 5yz */
bool reply_is_refusal(const struct reply *r);      /* 4yz or 5yz */
/* Appends "550 5.1.1 no such user", escaped, all lines joined by " / ", REPLY_SHOWN_MAX bytes
 * at most. */
void reply_show(const struct reply *r, struct buf *out);
/* A reply that is not the hoped-for one, as an error at stage: 4yz temporary, 5yz of the class
 * permanent, any other a breach of protocol (relay, stage protocol). what names the command.
 * Returns -1. */
int reply_refuse(const struct reply *r, enum error_class permanent, enum error_stage stage,
		 const char *what, struct error *error);

#endif
