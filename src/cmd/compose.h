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
	char *edited;      /* the file with the text that was written in an editor; or NULL */
};

/* Composes what x->options.pieces say. Returns 1; 0 when there is nothing to send and
 * --skip-empty was said; -1 with *error: usage for what is wrong on the command line, file for
 * a file that cannot be had, input for standard input, message for text that is not in the
 * charset it is said to be in. compose_finish() is due either way. */
int compose(const struct context *x, struct composed *c, struct error *error);
/* The message has gone its way with this exit status: frees what *c holds. The text that was
 * written in an editor is removed, or kept when it did not go, and it is said where. */
void compose_finish(const struct context *x, struct composed *c, int code);

#endif
