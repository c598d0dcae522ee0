/*
 * Records of the spool: fields with a name and a length-prefixed value, so that no address and
 * no words of a server can forge another field, and a checksum that shows a torn or damaged
 * one.
 *
 *     field  = name SP length ":" value LF      name: lower-case letters, digits, "-"
 *     record = 1*field "end 8:" crc LF          crc: 8 hexadecimal digits, CRC-32C (RFC 3720,
 *                                               appendix B.4) of all bytes of the fields
 *
 * Readable for a person, and appended in one write.
 */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include <stdint.h>

#include "base/buf.h"

enum { RECORD_NAME_MAX = 32 };

/* Appends a field. What does not fit marks the buffer failed. */
void record_add(struct buf *out, const char *name, struct span value);
void record_add_number(struct buf *out, const char *name, int64_t value);
/* Ends the record whose fields begin at start of out. */
void record_end(struct buf *out, size_t start);

/* A field as read; both borrowed. */
struct record_field {
	struct span name;
	struct span value;
};

/* The next field of *fields, which is moved behind it. Returns 1, 0 at the end, -1 when the
 * rest is no field. */
int record_next(struct span *fields, struct record_field *field);
/* The next whole record of *records, which is moved behind it: *fields are its fields without
 * the end. Returns 1, 0 at the end, -1 when what is left is torn or damaged. */
int record_split(struct span *records, struct span *fields);
/* A whole decimal value from 0 to INT64_MAX. Returns 0 or -1. */
int record_number(struct span value, int64_t *number);

#endif
