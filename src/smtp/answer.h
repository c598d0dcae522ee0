/*
 * What a server says: one reply (RFC 5321 section 4.2) with its enhanced status code (RFC 2034,
 * RFC 3463), made where the decision falls and written by the session.
 */
#ifndef SMTP_ANSWER_H
#define SMTP_ANSWER_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum { ANSWER_TEXT_MAX = 4096 };

struct answer {
	int code;                   /* 0: none yet */
	const char *enhanced;       /* "5.5.1"; a constant or own; NULL: none */
	char own[16];               /* where an enhanced code that is no constant stands */
	char text[ANSWER_TEXT_MAX]; /* lines with LF between them */
};

/* Writes all of it. A text beyond ANSWER_TEXT_MAX is cut. Returns -1, so that a refusal can be
 * returned. */
int answer_set(struct answer *a, int code, const char *enhanced, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int answer_vset(struct answer *a, int code, const char *enhanced, const char *format,
		va_list ap) __attribute__((format(printf, 4, 0)));
/* The reply to whom an error befell: its SMTP code where that is a refusal that says nothing of
 * our own session, else one by its class. */
void answer_from_error(struct answer *a, const struct error *error);
/* The codes of a refusal by somebody else, made fit to be ours: what is none becomes "451". */
void answer_set_codes(struct answer *a, int code, const int enhanced[3]);
/* Appends the reply as it goes over the wire: each line in bounds, without control characters,
 * and in ASCII unless utf8. */
void answer_write(const struct answer *a, bool utf8, struct buf *out);

#endif
