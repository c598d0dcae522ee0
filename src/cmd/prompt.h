/*
 * Questions to the person at the terminal. Without one nothing is ever asked: what has no
 * answer then is an error that names the option to give it by. What is shown is escaped.
 */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct prompt {
	bool terminal; /* somebody is there: standard input and standard error are a terminal */
	bool yes;      /* --yes: what has a usual answer is not asked */
};

enum { PROMPT_ANSWER_MAX = 1024, PROMPT_SECRET_MAX = 4096 };

/* Looks whether somebody is there. */
void prompt_init(struct prompt *p, bool yes);
/* Whether the usual answer is to be taken. */
bool prompt_may_ask(const struct prompt *p);

/* All of these return -1 with *error when nobody is there, or nothing more comes from him. */

/* May it be done? --yes says so, too; option, "--yes" as a rule, is what to say without a
 * terminal. usual is the answer of an empty line. Returns 1 or 0. */
int prompt_consent(const struct prompt *p, const char *option, bool usual, const char *question,
		   struct error *error);
/* Is it wanted? Not when nobody is asked. Returns 1 or 0; never fails without a terminal. */
int prompt_offer(const struct prompt *p, const char *question, struct error *error);
/* A line of text, appended to out; an empty one is the usual, which may be NULL: then the
 * question comes again, and without a terminal option is named. */
int prompt_line(const struct prompt *p, const char *option, const char *usual,
		const char *question, struct buf *out, struct error *error);
/* A number from 1 to count, 1 for an empty line, and when nobody is asked. */
int prompt_number(const struct prompt *p, int count, struct error *error);
/* The same as prompt_line() without echo; out is one that is wiped. It is asked with --yes,
 * too: there is no usual answer. */
int prompt_secret(const struct prompt *p, const char *option, const char *question,
		  struct buf *out, struct error *error);
/* One line to standard error, escaped. */
void prompt_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
