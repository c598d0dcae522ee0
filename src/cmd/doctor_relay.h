/*
 * The doctor's checks of the way to the relay: its addresses, a connection to each, and then
 * one look at it, which says hello, starts TLS and no more (as --server-info does).
 */
#ifndef CMD_DOCTOR_RELAY_H
#define CMD_DOCTOR_RELAY_H

#include "cmd/doctor_report.h"

void doctor_lookup(struct doctor *d);
/* Each address with the time it took; the others of 465 and 587 when none answers. */
void doctor_connect(struct doctor *d);
/* These three are of the look; a relay that speaks TLS in the other way is found here. */
void doctor_greeting(struct doctor *d);
void doctor_hello(struct doctor *d);
void doctor_starttls(struct doctor *d);
/* The EHLO that counts, under TLS or where there is none: what is offered. */
void doctor_capabilities(struct doctor *d);

/* Looks at the relay, once: d->look. */
void doctor_look(struct doctor *d);

#endif
