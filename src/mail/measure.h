/*
 * What has to be known of a body before it is sent, gathered while its bytes stream by: its
 * size on the wire, 8-bit bytes, NULs, lone CRs, the longest line. The input may be cut
 * anywhere.
 */
#ifndef MAIL_MEASURE_H
#define MAIL_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	MEASURE_LINE_MAX = 998 /* RFC 5322 section 2.1.1, without CRLF */
};

/* Zero it before use. Read it after measure_finish(). */
struct measure {
	bool has_8bit;
	bool has_lone_cr;
	bool has_nul;
	uint64_t size;         /* bytes in wire form, without dot transparency */
	uint64_t longest_line; /* bytes, exact when over MEASURE_LINE_MAX, else 0 */
	uint64_t line;         /* of the line at the end of what was seen; a CR counts */
	char last;             /* the byte seen last */
};

void measure_feed(struct measure *m, struct span bytes);
/* The end of the body: a last line without an end will get one. */
void measure_finish(struct measure *m);

#endif
