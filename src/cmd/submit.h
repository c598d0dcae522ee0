/* The main job: a message on standard input goes to the relay. */
#ifndef CMD_SUBMIT_H
#define CMD_SUBMIT_H

#include "cmd/context.h"
#include "cmd/dispatch.h"
#include "deliver/submission.h"
#include "mail/message.h"

/* Returns the exit status; every failure has been told on standard error and in the log. */
int cmd_submit(struct context *x);
/* What the caller asked for, for whatever message; it borrows from x. */
struct submission_request submit_request(const struct context *x);
/* Who is refused by the aliases of a message that is shown and not sent, each in a line.
 * Returns the exit status that is due for that; 0: nobody. */
int submit_tell_refused(const struct submission *s, dispatch_tell *tell, void *context);
/* How messages are read: where their temporary files go. */
struct message_options submit_options(void);

#endif
