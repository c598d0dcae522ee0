/* Dates and identifiers that we add to a message. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Appends the date-time of RFC 5322 section 3.3 in local time with its offset: "Mon, 23 Nov
 * 2026 11:04:00 +0100". Independent of the locale. */
void date_rfc5322(struct buf *out, time_t when);
/* Appends local time as the lists of mail queues do, without year: "Mon Nov 23 11:04:00". */
void date_short(struct buf *out, time_t when);
/* Appends UTC as asctime(3) does, for the lines between the messages of an mbox file (RFC
 * 4155): "Mon Nov 23 11:04:00 2026". Independent of the locale. */
void date_mbox(struct buf *out, time_t when);
/* Appends a fresh msg-id of RFC 5322 section 3.6.4, angle brackets included: time and 80 random
 * bits at the domain, which is made safe for a dot-atom first. */
void date_message_id(struct buf *out, time_t when, const char *domain);
/* The date-time of RFC 3339 section 5.6 in UTC: appends "2026-11-23T11:24:06Z"; and reads one
 * with any offset into seconds since the epoch (a fraction is dropped). Returns 0, or -1 when
 * it is none. */
void date_rfc3339(struct buf *out, int64_t when);
int date_parse_rfc3339(struct span text, int64_t *when);
/* A time to come as a person says it: one of RFC 3339; "2026-12-24 18:30", "today 18:30",
 * "tomorrow 08:00" and "18:30" (the next time that it is) in local time; "+2h", a duration
 * (base/duration.h) from now. Returns 0, or -1 when it is none of these, when no clock shows it
 * on that day (the spring's lost hour) or when it has passed. */
int date_parse_future(struct span text, int64_t now, int64_t *when);

#endif
