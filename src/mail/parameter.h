/*
 * Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2183) whose
 * values hold raw UTF-8, as extended parameters in ASCII (RFC 2231 sections 3 and 4): so a file
 * keeps its name.
 */
#ifndef MAIL_PARAMETER_H
#define MAIL_PARAMETER_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends body, a field's body, with such parameters rewritten, each on a line of its own, a
 * long one in pieces. Left as they are: values that are not UTF-8, what is no parameter, a
 * boundary or charset, a parameter whose extended form is there as well or whose name is longer
 * than any that is known, and all behind the first hundred that might be rewritten. Returns
 * whether something was. */
bool parameter_encode(struct buf *out, struct span body);
/* Appends "; attribute=value" on a line of its own: value as a quoted string where it is ASCII,
 * not too long for that and nothing that readers might decode, else as an extended parameter.
 * value is UTF-8 without control characters. */
void parameter_add(struct buf *out, const char *attribute, struct span value);

#endif
