/*
 * What mends a fault, in the words of the account at hand: with a URL for a relay it is another
 * URL, with `host` it is `port` or `tls_starttls`.
 */
#ifndef CMD_REMEDY_H
#define CMD_REMEDY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"
#include "conf/secret.h"

enum { REMEDY_MAX = 1024 };

enum remedy_kind {
	REMEDY_NONE,
	REMEDY_LINE,    /* of the configuration: it takes the place of one of its word */
	REMEDY_COMMAND, /* for a shell */
	REMEDY_DO       /* words: for a person */
};

struct remedy {
	enum remedy_kind kind;
	char text[REMEDY_MAX];
};

/* Each cuts what is too long. */
struct remedy remedy_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct remedy remedy_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct remedy remedy_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another port of the account's relay, with TLS as is usual there. */
struct remedy remedy_line_port(const struct account *a, int port);
/* TLS from the first byte, or by STARTTLS, at the same port. */
struct remedy remedy_line_tls(const struct account *a, bool implicit);
/* A command that stores another password where the account takes it from. */
struct remedy remedy_password(const struct account *a, const struct secret_sources *s);
/* The path in single quotes for a shell, into out. Returns out. */
const char *remedy_quote(struct buf *out, const char *path);

/* What cmd/advice.h has on an error of the account's relay: *r, and behind "; " its meaning
 * into the other. Returns whether there is a row; one for which nothing can be done but to wait
 * has *waits. */
bool remedy_find(const struct account *a, const struct secret_sources *s,
		 const struct error *error, struct remedy *r, struct buf *meaning, bool *waits);
/* Appends "write: ", "run: " or "do: ", what it is, and where a line belongs; a NULL account
 * has no place for one. */
void remedy_show(const struct remedy *r, const struct account *a, struct buf *out);
/* Appends the file that the account stands in; false when it stands in none. */
bool remedy_file(const struct account *a, struct buf *out);

#endif
