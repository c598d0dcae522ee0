/*
 * The account that --configure makes: its words as lines of the configuration, and what they
 * come to, so that what is tried is what is written.
 */
#ifndef CMD_CONFIGURE_DRAFT_H
#define CMD_CONFIGURE_DRAFT_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

struct draft {
	struct buf text;
	struct account account;
	bool secret; /* the text holds one, or may: it is for the user's eyes alone */
};

/* Begins with "account NAME". Returns 0, or -1 with *error; draft_clear() is due either way. */
int draft_init(struct draft *d, const char *name, struct error *error);
void draft_clear(struct draft *d);
/* One line of comment, escaped. */
void draft_remark(struct draft *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One word. Returns 0, or -1 with *error (local, stage usage) when it is none, or no line can
 * hold the value. */
int draft_word(struct draft *d, const char *key, const char *value, struct error *error);
/* To be called when all is said: whether it makes sense. Returns 0, or -1 with *error. */
int draft_settle(struct draft *d, struct error *error);

#endif
