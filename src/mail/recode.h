/*
 * A message made fit for a relay that cannot take it as it is: parts with 8-bit bytes, lines
 * that are too long, NULs or lone CRs are written in quoted-printable or base64 (RFC 2045
 * section 6), so that nothing is refused or damaged. What needs nothing leaves as it came.
 *
 * Two walks over the message, in constant memory: the first notes for each part what it needs
 * (recode_plan()), the second gives the message out (recode_next()). Text becomes
 * quoted-printable, or base64 where that is shorter, with CRLF line ends in it; all else
 * becomes base64 over its exact bytes. A part that is encoded already, but not as RFC 2045
 * wants it, is mended. A message without MIME fields gets them.
 *
 * For a relay that takes BINARYMIME (RFC 3030) the content of parts that are said to be binary
 * goes as it is: text with CRLF line ends, all else octet for octet. But where none of them
 * holds anything that could not be a line, they are encoded there, too.
 *
 * What is signed (a DKIM-Signature, multipart/signed), message/partial, message/external-body
 * and a multipart that cannot be understood are left: long lines and 8-bit bytes in there go as
 * they are, with a warning; a NUL or a lone CR there refuses the message, unless it goes as
 * BINARYMIME and the part is said to be binary (a multipart/signed is made to say it). In the
 * header of a part 8-bit text becomes encoded words or extended parameters where it can and "?"
 * where not, a NUL "?", and long lines are folded; so it is with the text before and behind the
 * parts of a multipart, which no reader shows. The message's own header is only folded.
 */
#ifndef MAIL_RECODE_H
#define MAIL_RECODE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/message.h"
#include "mail/part.h"
#include "mail/weigh.h"

enum { RECODE_PARTS_MAX = 256 * 1024 /* parts noted; those behind are encoded unseen */ };

struct recode {
	const struct message *message;
	unsigned forbidden; /* WEIGH_*: what must not be left in what is not binary */
	bool is_binary;     /* it has to go as BINARYMIME */
	uint64_t size;      /* of the new message in wire form, without dot transparency: exact
			       or, where lines of quoted-printable break, a little more */
	char warning[256];  /* a sentence on what goes as it is though it should not, or "" */
	struct buf choices; /* one byte a leaf or sealed part, in order */
};

/* What must not be left in the message (WEIGH_*) when the relay takes 8-bit bytes or does not;
 * 0 when nothing of it is there: send it as it is. */
unsigned recode_needs(const struct message *m, bool takes_8bit);
/* The same for a mailbox: it keeps lines of any length and lone CRs as they are. */
unsigned recode_needs_kept(const struct message *m);
/* Makes the plan, for a relay that takes BINARYMIME or does not. Returns 0, or -1 with *error:
 * that of reading; class message, stage syntax, for a NUL or lone CR in a part that must not be
 * changed. recode_clear() is due either way. */
int recode_plan(struct recode *r, const struct message *m, unsigned forbidden,
		bool takes_binary, struct error *error);
void recode_clear(struct recode *r);

/* The message as planned. May be read more than once. */
struct recode_reader;

/* NULL with *error when there is no memory. Borrows the plan. */
struct recode_reader *recode_reader_new(const struct recode *r, struct error *error);
/* The next piece, as message_reader_next() gives it: line ends as they come, for a wireform. */
int recode_reader_next(struct recode_reader *reader, struct span *piece, struct error *error);
/* WEIGH_BINARY_TEXT or WEIGH_BINARY_BYTES: the piece given last is binary content and goes as
 * it is, without a wireform. Else WEIGH_KEEP. */
enum weigh_choice recode_reader_form(const struct recode_reader *reader);
void recode_reader_free(struct recode_reader *reader);

#endif
