/*
 * What to do about a failure: a table from the step that failed, the relay's codes and its
 * words to what it means and what mends it. Pure text: nothing is asked, opened or printed
 * here.
 *
 * The codes are those of RFC 5321 and RFC 3463; the words are what large providers and common
 * servers say with them, in any case, anywhere in the error's text. The first row that fits is
 * taken, so that what says more stands before what says less.
 */
#ifndef CMD_ADVICE_H
#define CMD_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* What is known besides the error. Strings are borrowed, and may be NULL. */
struct advice_facts {
	int port;
	bool login;       /* the account wants to authenticate */
	bool local;       /* the relay is on this machine */
	const char *host; /* of the relay */
	const char *user; /* the login */
	const char *from; /* the account's own address */
};

enum advice_kind {
	ADVICE_DO,       /* words: only a person can do it, here or elsewhere */
	ADVICE_LINE,     /* a line of the configuration */
	ADVICE_PORT,     /* the number of the port to use instead, TLS as is usual there */
	ADVICE_PASSWORD, /* another password is to be put where the account takes it from */
	ADVICE_WAIT      /* nothing: it passes by itself, and the queue tries again */
};

struct advice {
	const char *name;    /* one word for those who look for it, "application-password" */
	const char *meaning; /* a sentence */
	enum advice_kind kind;
	const char *mend; /* {user}, {from}, {domain} and {host} stand for facts */
};

/* The row for an error, or NULL. Rows whose mend needs a fact that is missing do not fit. */
const struct advice *advice_find(const struct error *e, const struct advice_facts *f);
/* Appends the row's mend with the facts in their places. */
void advice_fill(const struct advice *a, const struct advice_facts *f, struct buf *out);
/* Appends the command in an error of this program that ends in the command that mends it, as
 * those of conf and queue do ("... is open to others: chmod 600 FILE"). Returns whether there
 * is one that a shell can be given as it stands; never of an error that is not one of the
 * configuration (class local, stage config), because a relay may have chosen its words. */
bool advice_command(const struct error *e, struct buf *out);
/* The n-th row, NULL behind the last: for tests. */
const struct advice *advice_row(size_t n);

#endif
