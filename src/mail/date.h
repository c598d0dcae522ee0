/* Dates and identifiers that we add to a message. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <time.h>

#include "base/buf.h"

/* Appends the date-time of RFC 5322 section 3.3 in local time with its offset: "Mon, 23 Nov
 * 2026 11:04:00 +0100". Independent of the locale. */
void date_rfc5322(struct buf *out, time_t when);
/* Appends a fresh msg-id of RFC 5322 section 3.6.4, angle brackets included: time and 80 random
 * bits at the domain, which is made safe for a dot-atom first. */
void date_message_id(struct buf *out, time_t when, const char *domain);

#endif
