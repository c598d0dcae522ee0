/*
 * The doctor's checks of what the relay lets us do: the login, the sender, a recipient. They go
 * over a session like that of a submission, which demands a good certificate before a secret.
 */
#ifndef CMD_DOCTOR_LOGIN_H
#define CMD_DOCTOR_LOGIN_H

#include "cmd/doctor_report.h"

/* Mechanisms and AUTH. */
void doctor_login(struct doctor *d);
/* MAIL with the address that the account sends from. */
void doctor_sender(struct doctor *d);
/* RCPT of the same address, or of that of --send-test; then RSET. */
void doctor_recipient(struct doctor *d);
/* A message, where --send-test was said. */
void doctor_send_test(struct doctor *d);

#endif
