/* The doctor's checks of this machine: its name, what a sandbox takes away, who is sendmail. */
#ifndef CMD_DOCTOR_SYSTEM_H
#define CMD_DOCTOR_SYSTEM_H

#include "cmd/doctor_report.h"

/* What we call ourselves in EHLO. */
void doctor_name(struct doctor *d);
/* Network interfaces, sockets, the home directory, /proc, confinement. */
void doctor_sandbox(struct doctor *d);
/* Whether those who call sendmail get us. */
void doctor_sendmail(struct doctor *d);

#endif
