/*
 * What mends a fault, in the words of the account at hand: with a URL for a relay it is another
 * URL, with `host` it is `port` or `tls_starttls`.
 */
#ifndef CMD_DOCTOR_MEND_H
#define CMD_DOCTOR_MEND_H

#include "cmd/doctor_report.h"

/* Each cuts what is too long. */
struct doctor_mend doctor_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct doctor_mend doctor_command(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
struct doctor_mend doctor_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another port of the same relay, with TLS as is usual there. */
struct doctor_mend doctor_line_port(const struct doctor *d, int port);
/* TLS from the first byte, or by STARTTLS, at the same port. */
struct doctor_mend doctor_line_tls(const struct doctor *d, bool implicit);
/* A command that stores another password where the account takes it from. */
struct doctor_mend doctor_store_password(const struct doctor *d);
/* The path in single quotes for a shell, into out. Returns out. */
const char *doctor_quote(struct buf *out, const char *path);

/* What cmd/advice.h says of the error: into *mend, and behind "; " its meaning into the other.
 * Returns whether there is nothing to do but wait. */
bool doctor_mend_error(const struct doctor *d, const struct error *error,
		       struct doctor_mend *mend, struct buf *meaning);
/* Appends the file of the account; false when it stands in none. */
bool doctor_mend_file(const struct doctor *d, struct buf *out);

#endif
