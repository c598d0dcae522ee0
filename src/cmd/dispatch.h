/*
 * What becomes of a message while its caller waits: an attempt, an entry of the queue, or one
 * after the other, as `delivery` says; what he is told of it, and his exit status.
 *
 * Interactive, nothing is written to disk unless the attempt leaves somebody over who may yet
 * get the message: then that is queued, and the exit status is 0 or that of the refusals. What
 * nobody could send later (an account made on the command line, a typed password), or what
 * finds no place, is not queued: 75. Troubles of the relay, our account or trust in it that do
 * not pass by themselves are queued under sendmail's names alone, because cron and its like
 * ignore exit codes.
 */
#ifndef CMD_DISPATCH_H
#define CMD_DISPATCH_H

#include <stdbool.h>

#include "cmd/context.h"
#include "cmd/result.h"
#include "deliver/attempt.h"
#include "deliver/channel.h"

/* How the caller is told; the lines are in the log, too. */
typedef void dispatch_tell(void *context, const char *line);

struct dispatch {
	const struct context *x; /* borrowed */
	dispatch_tell *tell;
	void *tell_context;
	bool one_line; /* a message is told of in one line, and not in one a recipient */
	/* There is one answer to it all: when it was sent to some, or will be, the sender gets
	 * a report on those who were refused. */
	bool one_answer;
	/* That the queue has what was meant for it is nothing to tell: Emacs takes whatever is
	 * said for a failure. */
	bool hushed;
	/* For --json: where a message of many stands, and the microseconds that it took so far.
	 */
	const char *file;
	size_t number;
	int64_t prepared;
	struct result_kept kept; /* of the last message */

	/* Private. */
	struct spool *spool;
	const struct account *account; /* whose spool it is */
	const struct account *looked;  /* whose queue was looked at */
	char *config;                  /* the file of -C, absolute */
	struct course *course;         /* of the message's channel, or NULL */
	struct error why;              /* why nothing can be queued */
	bool tried;                    /* an attempt was made */
	bool waited;                   /* or attempt_wait() took its place */
	bool why_told, remedy_told;
	bool off;   /* because the account says so */
	bool wakes; /* something was queued that a runner can send soon */
};

void dispatch_init(struct dispatch *d, const struct context *x, dispatch_tell *tell,
		   void *tell_context);
/* One message, for which an attempt is ready, over a channel to its account's relay that need
 * not be open; follower as in attempt_make(), of the same account. Returns its exit status; all
 * has been told. */
int dispatch_message(struct dispatch *d, struct attempt *a, struct channel *c,
		     struct attempt *follower, bool last);
/* Behind the last message: a runner is started where one has something to do. */
void dispatch_finish(struct dispatch *d);

#endif
