/*
 * What the doctor knows, and how he says it: one line a check on standard output, and behind
 * what is not well the line of the configuration or the command that mends it; or the same as
 * JSON, an object a line. What came from a relay or a file is escaped; no secret gets here.
 */
#ifndef CMD_DOCTOR_REPORT_H
#define CMD_DOCTOR_REPORT_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/context.h"
#include "cmd/remedy.h"
#include "deliver/relay_trust.h"
#include "smtp/client.h"

enum { DOCTOR_TEXT_MAX = 4096, DOCTOR_NOTES_MAX = 64 * 1024 };

enum doctor_status { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE, DOCTOR_UNCHECKED };

/* An address of the relay, or of the proxy before it. */
enum { DOCTOR_TARGETS_MAX = 16, DOCTOR_ADDRESS_MAX = 64, DOCTOR_HOST_MAX = 256 };
struct doctor_target {
	char address[DOCTOR_ADDRESS_MAX];
	char host[DOCTOR_HOST_MAX]; /* the relay, also behind a proxy */
	int port;
};

/* How far the look at the relay got: a session that sends no secret. */
enum doctor_step {
	DOCTOR_STEP_DIAL,
	DOCTOR_STEP_GREETING,
	DOCTOR_STEP_HELLO,
	DOCTOR_STEP_STARTTLS,
	DOCTOR_STEP_TLS,
	DOCTOR_STEP_INSIDE, /* the EHLO that counts */
	DOCTOR_STEP_DONE
};

struct doctor_look {
	bool done;
	enum doctor_step step; /* that failed; DOCTOR_STEP_DONE: none */
	struct error error;
	struct smtp *session; /* as long as it lasts */
	struct relay_trust trust;
	bool tls;
	struct tls_info info;
	struct buf before; /* what was offered before TLS, in words */
};

/* The doctor. */
struct doctor {
	struct context *x;
	struct account
		account; /* a copy, with shorter waits, and the secret once it is known */
	bool has_account;
	const char *why;      /* that account */
	enum account_tls tls; /* of the relay that comes first */
	struct doctor_target targets[DOCTOR_TARGETS_MAX];
	size_t target_count;
	struct doctor_look look;
	struct smtp *session; /* the one that logs in */
	struct buf sender;    /* of the probe; empty: the null path */

	const char *check; /* that runs */
	bool passed;       /* it has, so far */
	unsigned warnings, failures;
	const char *first; /* check that failed */
	int code;          /* exit status for it */
};

void doctor_init(struct doctor *d, struct context *x);
void doctor_clear(struct doctor *d);

/* One line each. mend may be NULL. A failure has the exit status; one of an error has that of
 * sysexits(3) and, with mend NULL, what cmd/advice.h knows of it. What can only be waited for
 * is a warning, as long as there is a queue to wait in, but no check that depends on it runs.
 */
void doctor_ok(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor *d, const struct remedy *mend, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_fail(struct doctor *d, int code, const struct remedy *mend, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void doctor_fail_error(struct doctor *d, const struct error *error, const struct remedy *mend);
/* The check did not run because of another one. */
void doctor_unchecked(struct doctor *d, const char *because);
/* The last line: whether mail would go. Returns 0, or -1 when standard output is broken. */
int doctor_conclude(struct doctor *d);

#endif
