/* The doctor's checks of what is kept on this machine: the mailbox that takes the place of a
 * relay; the queue, what is in it, and who runs it. */
#ifndef CMD_DOCTOR_QUEUE_H
#define CMD_DOCTOR_QUEUE_H

#include "cmd/doctor_report.h"

/* Whether a Maildir or mbox file can be written. */
void doctor_mailbox(struct doctor *d);
/* Where the queue is, who owns it, whether it can be written, room. */
void doctor_queue(struct doctor *d);
/* What waits, is held, dead or damaged; relays that are down. */
void doctor_backlog(struct doctor *d);
/* A runner, a timer, a line of cron. */
void doctor_runner(struct doctor *d);

#endif
