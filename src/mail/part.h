/*
 * The walk over a message's parts (RFC 2046 section 5): a stream of pieces that, laid end to
 * end, are the message, each with what it is. Multiparts and message/rfc822 are gone into;
 * memory does not grow with the message, nor time more than its size.
 *
 * A line is a boundary when it is one whole (blanks behind it allowed), so that a boundary
 * which begins like another is not taken for it. The innermost open multipart is asked first;
 * the boundary of an outer one ends those within, closed or not. The line end before a boundary
 * is the boundary's; a CR in it is content where the part is said to be binary and the line
 * ends around it are LF.
 */
#ifndef MAIL_PART_H
#define MAIL_PART_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/content.h"

enum {
	PART_DEPTH_MAX = 100,             /* multiparts within each other */
	PART_HEADER_MAX = 8 * 1024 * 1024 /* bytes of one header */
};

/* Where the message comes from: 1 with the next piece, 0 at the end, -1 with *error. */
typedef int part_source(void *context, struct span *piece, struct error *error);

enum part_kind {
	PART_LEAF,      /* content as such */
	PART_MULTIPART, /* parts between boundaries */
	PART_MESSAGE,   /* message/rfc822: the header and content of a message */
	PART_SEALED /* content that must not be changed, and is not gone into: see part_seal */
};

enum part_seal {
	PART_SEAL_NONE,
	PART_SEAL_DKIM,    /* the message has a DKIM-Signature */
	PART_SEAL_SIGNED,  /* multipart/signed (RFC 1847) */
	PART_SEAL_FIXED,   /* message/partial, message/external-body */
	PART_SEAL_UNKNOWN, /* a multipart without a boundary that can be used */
	PART_SEAL_DEEP     /* a multipart deeper than PART_DEPTH_MAX */
};

enum part_event {
	PART_HEADER,  /* text: a part's fields, LF line ends; see has_blank */
	PART_CONTENT, /* text: some of the content of a leaf or a sealed part */
	PART_END,     /* text empty: the end of a leaf or a sealed part */
	PART_GLUE /* text: what is no part: boundaries, and what is before and behind them */
};

struct part_piece {
	enum part_event event;
	struct span text; /* borrowed until the next call */
};

struct part_boundary {
	size_t length;
	char text[CONTENT_BOUNDARY_MAX];
	bool is_digest;
};

/* What callers read, from a PART_HEADER until the next: */
struct part_walk {
	enum part_kind kind;
	enum part_seal seal;
	struct content content;
	struct buf head; /* the text of the header */
	bool has_blank;  /* a blank line ended the header; it is not in any text */
	bool is_first;   /* the part is the message itself */
	bool is_message; /* it is that, or the message in a message/rfc822 */

	/* The rest is the walk's own. */
	part_source *source;
	void *context;
	struct span input; /* what the source gave and the window has no room for yet */
	char *window;
	size_t at, filled; /* of the window: what has not been given out */
	bool has_begun;
	bool input_ended;
	bool mid_line;   /* the window goes on in the middle of a line */
	bool in_message; /* the header that comes is that of a message/rfc822 */
	bool in_digest;  /* the part whose header comes is one of a multipart/digest */
	bool closes;     /* the boundary found is a closing one */
	bool keeps_cr;   /* a CR before the LF before a boundary is content */
	unsigned state;
	size_t depth;
	struct part_boundary *boundaries; /* the open ones, outermost first */
	size_t found;                     /* of which a line was found */
	size_t found_length;              /* with its line, and the line end before it */
};

/* Returns 0, or -1 without memory. */
int part_walk_init(struct part_walk *w, part_source *source, void *context,
		   struct error *error);
/* The next piece. 1, 0 at the end, -1 with *error: that of the source; class message, stage
 * syntax, for a part's header beyond PART_HEADER_MAX. */
int part_walk_next(struct part_walk *w, struct part_piece *piece, struct error *error);
void part_walk_clear(struct part_walk *w);

#endif
