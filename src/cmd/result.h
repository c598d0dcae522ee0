/*
 * What became of a message, as an object of JSON: --json of a submission. pennypost(1)
 * has its schema. Pure: from records to bytes.
 */
#ifndef CMD_RESULT_H
#define CMD_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/course.h"
#include "deliver/attempt.h"
#include "queue/spool.h"

/* What is in the queue: by fate, the ID. */
struct result_kept {
	unsigned fates; /* bits 1 << fate */
	char ids[ATTEMPT_FATES][SPOOL_ID_MAX + 1];
	int64_t release; /* seconds; 0 or past: as soon as may be */
};

/* A message and what is known of it. All but code may be missing (NULL); all is borrowed. */
struct result {
	const struct submission *submission;
	const struct attempt *attempt;  /* NULL: none was made, and WAITS is what is kept */
	bool untried;                   /* it was not made, though it tells what is kept */
	const struct result_kept *kept; /* NULL: nothing is */
	const struct course *course;    /* NULL: there is no record of time */
	const struct error *trouble;    /* why no attempt was made */
	const char *file;               /* --batch: where the message stands */
	size_t number;                  /* and which it is there */
	int64_t prepared;               /* microseconds before the attempt */
	int64_t total;                  /* and in all */
	int code;                       /* the exit status of this message */
};

/* One object and a line end. */
void result_format(struct buf *out, const struct result *r);
/* The same to standard output. Returns 0, or -1 with *error. */
int result_print(const struct result *r, struct error *error);

#endif
