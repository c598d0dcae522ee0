/*
 * What the fields of a part say of its content: Content-Type and Content-Transfer-Encoding (RFC
 * 2045 sections 5 and 6). Lenient: what mailers have got away with is read as they meant it.
 */
#ifndef MAIL_CONTENT_H
#define MAIL_CONTENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/header.h"

enum content_encoding {
	CONTENT_7BIT, /* also where no field says anything */
	CONTENT_8BIT,
	CONTENT_BINARY,
	CONTENT_QUOTED_PRINTABLE,
	CONTENT_BASE64,
	CONTENT_UNKNOWN /* no encoding that we know: what stands there is what is meant */
};

enum { CONTENT_BOUNDARY_MAX = 200 /* RFC 2046 section 5.1.1 allows 70 */ };

struct content {
	bool has_type;    /* there is a Content-Type, valid or not */
	bool has_version; /* there is a MIME-Version */
	bool is_sealed;   /* there is a DKIM-Signature (RFC 6376) */
	bool is_text;     /* text/anything, message/anything, or what counts as text/plain */
	bool is_wide;     /* text in UTF-16 or UTF-32: its bytes are no lines */
	bool is_multipart;
	bool is_signed; /* multipart/signed */
	bool is_digest; /* multipart/digest */
	bool is_rfc822; /* message/rfc822 */
	bool is_fixed;  /* message/partial, message/external-body: no encoding may change them
			 */
	enum content_encoding encoding;
	size_t boundary_length; /* 0: none that can be used */
	char boundary[CONTENT_BOUNDARY_MAX];
};

/* Reads the first field of each name. in_digest: without a Content-Type it is message/rfc822
 * (RFC 2046 section 5.1.5), else text/plain. */
void content_read(struct content *c, const struct header *h, bool in_digest);
/* Whether the content stands there as it is, not encoded. */
bool content_is_identity(const struct content *c);

#endif
