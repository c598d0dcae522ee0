/*
 * Reports on what became of a message, as mail: a multipart/report (RFC 6522) of words for a
 * person, a message/delivery-status for programs (RFC 3464), and the message that it is about,
 * whole or its header. Pure text, given out piece by piece; memory does not grow with the
 * message or the number of recipients.
 *
 * The second part is ASCII whatever the addresses are: those beyond ASCII are of the type utf-8
 * of RFC 6533, in its \x{HEX} form. What is quoted from the message or from a relay is data: no
 * control character of it reaches the words, and the boundary is random.
 */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/report_fields.h"

enum {
	REPORT_BOUNDARY_LENGTH = 28,
	REPORT_NAMED_MAX = 100, /* recipients of a message in the words; the second part has all
				 */
	REPORT_TEXT_MAX = 1024  /* bytes that are quoted of a relay's words or a field */
};

enum report_action { REPORT_FAILED, REPORT_DELAYED };

/* The last part. */
enum report_quote {
	REPORT_QUOTE_NOTHING,
	REPORT_QUOTE_HEADER, /* the source gives the header alone */
	REPORT_QUOTE_MESSAGE
};

/* A recipient of whom there is something to tell. */
struct report_recipient {
	const char *path;
	int code;         /* SMTP, of the relay's last words about him; 0: ours */
	int enhanced[3];  /* RFC 3463; all 0: made from the code */
	const char *text; /* those words, with or without the codes, escaped; NULL: none */
};

/* A message that there is something to tell of. */
struct report_message {
	const char *id;          /* in the queue */
	const char *envelope_id; /* ENVID, or NULL */
	int64_t arrived;         /* seconds */
	int64_t tried;           /* seconds, 0: never */
	struct report_fields fields;
	struct report_recipient *recipients;
	size_t count;
};

/* Where the last part comes from: 1 with the next piece, 0 at the end, -1 with *error. */
typedef int report_source(void *context, struct span *piece, struct error *error);

/* All of a report. Borrowed. */
struct report {
	enum report_action action;
	const char *host;    /* that reports */
	const char *from;    /* address of the From field */
	const char *to;      /* the reverse-path of what it is about */
	const char *relay;   /* that spoke the words of recipients with a code, or NULL */
	int64_t now;         /* seconds */
	int64_t retry_until; /* of a delay, seconds */
	const struct report_message *messages;
	size_t count; /* more than one: a digest, with nothing in the last part */
	enum report_quote quote;
	bool is_utf8; /* the quoted header is 8-bit: message/global (RFC 6532) */
	bool is_8bit; /* anything that is quoted is */
	report_source *source;
	void *context;
	char boundary[REPORT_BOUNDARY_LENGTH + 1]; /* of report_draw_boundary() */
};

/* A boundary that nobody can foresee. */
void report_draw_boundary(struct report *r);
/* The status code for a recipient. */
void report_status(const struct report_recipient *to, enum report_action action, int status[3]);

/* A report while it is read. */
struct report_reader {
	const struct report *report;
	unsigned stage;
	size_t message, recipient; /* the next in this stage */
	struct buf text;
};

/* Begins, also again if the source does. Allocates nothing. */
void report_reader_init(struct report_reader *r, const struct report *report);
/* The next piece, LF line ends but in what is quoted, borrowed until the next call: 1, 0 at the
 * end, -1 with *error, that of the source or no memory. `reader` is a struct report_reader. */
int report_reader_next(void *reader, struct span *piece, struct error *error);
void report_reader_clear(struct report_reader *r);

#endif
