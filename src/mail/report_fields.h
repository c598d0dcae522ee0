/*
 * The fields of a message by which its sender knows it, made fit to be shown in a report:
 * without control characters, and of bounded length.
 */
#ifndef MAIL_REPORT_FIELDS_H
#define MAIL_REPORT_FIELDS_H

#include "base/buf.h"
#include "base/error.h"

/* NULL: there is none. */
struct report_fields {
	char *subject; /* as it stands there */
	char *title;   /* the same with encoded words read */
	char *date;
	char *message_id; /* with its angle brackets, and nothing but graphic ASCII */
};

/* Reads them from a header section with LF or CRLF line ends. Returns 0, or -1 without memory;
 * report_fields_clear() is due either way. */
int report_fields_read(struct report_fields *f, struct span header, struct error *error);
void report_fields_clear(struct report_fields *f);

#endif
