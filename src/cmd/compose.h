/*
 * A message composed of options, of text that is read or typed, and of files.
 */
#ifndef CMD_COMPOSE_H
#define CMD_COMPOSE_H

#include "base/buf.h"
#include "base/error.h"
#include "cmd/context.h"
#include "mail/message.h"

struct composed {
	struct message *message;
	struct strv recipients; /* all of them, each an address list in UTF-8 */
	const char *
		save_sent; /* where a copy is to be kept (cmd/sent_copy.h); or NULL; borrowed */
};

/* Composes what x->options.pieces say. Returns 1; 0 when there is nothing to send and
 * --skip-empty was said; -1 with *error: usage for what is wrong on the command line, file for
 * a file that cannot be had, input for standard input, message for text that is not in the
 * charset it is said to be in. compose_clear() is due either way. What a person types or
 * edits is noted (cmd/written.h). */
int compose(struct context *x, struct composed *c, struct error *error);
void compose_clear(struct composed *c);

#endif
