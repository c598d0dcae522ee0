/* The doctor's checks of TLS, by what the look at the relay (cmd/doctor_relay.h) has brought.
 */
#ifndef CMD_DOCTOR_TLS_H
#define CMD_DOCTOR_TLS_H

#include "cmd/doctor_report.h"

/* Whether what the relay's certificate is judged by is to be had: the keys that were there
 * before, the records of its zone, the password of our own key. */
void doctor_trust(struct doctor *d);
/* The handshake: version and cipher. */
void doctor_tls(struct doctor *d);
/* Whether this machine's clock can be right: our own program was installed in the past, and no
 * relay's certificate begins in the future or its greeting tells another time. */
void doctor_clock(struct doctor *d);
/* Chain, name, dates, fingerprint, pin. */
void doctor_certificate(struct doctor *d);

#endif
