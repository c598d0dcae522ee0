/*
 * A writer of JSON (RFC 8259): values one after the other into a buffer, commas where they
 * belong. What it writes is ASCII without control characters, so that it fits every locale and
 * does nothing to a terminal; bytes that are no UTF-8 become U+FFFD. Whether objects and arrays
 * are closed is the caller's affair.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
	struct buf *out; /* borrowed; its failure mark is the writer's */
	bool comma;      /* the next value needs one before it */
};

void json_init(struct json *j, struct buf *out);
void json_open_object(struct json *j);
void json_close_object(struct json *j);
void json_open_array(struct json *j);
void json_close_array(struct json *j);
/* The name of a member; its value comes next. */
void json_name(struct json *j, const char *name);
void json_string(struct json *j, struct span text);
void json_number(struct json *j, int64_t number);
void json_bool(struct json *j, bool value);
void json_null(struct json *j);

#endif
