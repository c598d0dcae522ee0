/* The envelope of a kept message: see trace.h. */
#include "mail/trace.h"

#include "base/chars.h"
#include "mail/date.h"

void trace_sender(struct buf *out, const char *sender)
{
	buf_printf(out, "Return-Path: <%s>\n", sender);
}

void trace_recipient(struct buf *out, const char *recipient)
{
	buf_printf(out, "X-Original-To: %s\n", recipient);
}

void trace_separator(struct buf *out, const char *sender, time_t when)
{
	buf_add_string(out, "From ");
	for (const char *c = sender; *c; c++)
		buf_add_char(out, chars_is(*c, CHARS_BLANK) ? '-' : *c);
	if (!*sender)
		buf_add_string(out, "MAILER-DAEMON");
	buf_add_char(out, ' ');
	date_mbox(out, when);
	buf_add_char(out, '\n');
}
