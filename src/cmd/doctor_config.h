/* The doctor's checks of what is written: the configuration, its account, aliases, log, secret.
 */
#ifndef CMD_DOCTOR_CONFIG_H
#define CMD_DOCTOR_CONFIG_H

#include "cmd/doctor_report.h"

/* Reads it; who can read and write its files; words that are not known. */
void doctor_configuration(struct doctor *d);
/* Which account, and why; whether its words agree. Copies it into d. */
void doctor_account(struct doctor *d);
void doctor_aliases(struct doctor *d);
/* Whether the log file can be written. */
void doctor_log(struct doctor *d);
/* Whether the secret is to be had, and from where; it is kept for the login, and never shown.
 */
void doctor_secret(struct doctor *d);

#endif
