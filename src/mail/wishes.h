/*
 * What a sender may wish of those who carry his mail, beyond that they do: reports (RFC 3461),
 * haste (RFC 2852), delay (RFC 4865), TLS all the way (RFC 8689), and whom he submits it for
 * (RFC 4954 section 5). A record, and the readers of its words.
 */
#ifndef MAIL_WISHES_H
#define MAIL_WISHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* When a report is wanted. NEVER stands alone; 0: nothing was said. */
enum {
	WISHES_NEVER = 1 << 0,
	WISHES_SUCCESS = 1 << 1,
	WISHES_FAILURE = 1 << 2,
	WISHES_DELAY = 1 << 3
};

/* How much of the message comes back with a report. */
enum wishes_return { WISHES_RETURN_UNSAID, WISHES_RETURN_FULL, WISHES_RETURN_HEADERS };

enum { WISHES_ENVELOPE_ID_MAX = 100, WISHES_SECONDS_MAX = 999999999 };

/* All zero: no wishes. Strings are borrowed. */
struct wishes {
	unsigned notify; /* of WISHES_* */
	enum wishes_return ret;
	const char *envelope_id; /* printable ASCII, WISHES_ENVELOPE_ID_MAX bytes; or NULL */
	int deliver_by;          /* seconds, 0: no limit */
	char deliver_by_mode;    /* 'R': return it then; 'N': tell the sender then */
	bool deliver_by_trace;   /* and tell him where the way leaves RFC 2852 */
	int hold_for;            /* seconds, 0: not */
	int64_t hold_until;      /* seconds since the epoch, 0: not */
	bool require_tls;
	const char *submitter; /* a canonical address, "" for the null one; NULL: not said */
};

/* Each reads one word into *w, and returns 0 or -1 with *error (local, usage) that shows it. */
/* "never", or some of success, failure and delay with commas between. "off": nothing said. */
int wishes_set_notify(struct wishes *w, const char *word, struct error *error);
/* "full", or "hdrs" or "headers". "off": nothing said. */
int wishes_set_return(struct wishes *w, const char *word, struct error *error);
/* Any printable ASCII. Borrowed. */
int wishes_set_envelope_id(struct wishes *w, const char *word, struct error *error);
/* Seconds; then, behind a comma or semicolon, R (the default) or N, and T for a trace:
 * "3600,NT". "off": no limit. */
int wishes_set_deliver_by(struct wishes *w, const char *word, struct error *error);
/* Seconds. */
int wishes_set_hold_for(struct wishes *w, const char *word, struct error *error);
/* A time of RFC 3339: "2026-12-24T18:00:00+01:00". */
int wishes_set_hold_until(struct wishes *w, const char *word, struct error *error);

#endif
