/*
 * AUTH (RFC 4954) where whoever logs in is welcome: PLAIN (RFC 4616) and LOGIN are heard for
 * their form, and what they say is forgotten. It is for a server that keeps messages for who
 * develops a program, on his own machine; the program may insist on a login.
 *
 * Pure steps: a line in, a reply out. The caller wipes the lines.
 */
#ifndef SMTP_ANYBODY_H
#define SMTP_ANYBODY_H

#include <stdbool.h>

#include "base/buf.h"
#include "smtp/answer.h"

enum anybody_step { ANYBODY_PLAIN, ANYBODY_NAME, ANYBODY_PASSWORD };

/* One AUTH command. */
struct anybody {
	enum anybody_step step; /* what comes next */
};

/* The words behind AUTH. Returns whether one more line is wanted; *a is the reply: 334 then,
 * else 235, or a refusal of what is malformed. */
bool anybody_begin(struct anybody *n, struct span argument, struct answer *a);
/* The same of that line. */
bool anybody_go_on(struct anybody *n, struct span line, struct answer *a);

#endif
