/* A line of the configuration, written: what config.h reads back as the same. */
#ifndef CONF_WORD_H
#define CONF_WORD_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the value as it stands behind its key, in quotes where it needs them. Returns false,
 * with nothing appended, for one that no line can hold (empty, or with a control character). */
bool word_write(struct buf *out, const char *key, struct span value);
/* Appends "# " and the text, escaped, on one line. */
void word_remark(struct buf *out, const char *text);

#endif
