/*
 * What a mailbox of this machine says of the envelope: the fields that stand on top of a kept
 * message, and the line before it in a file of the mbox format.
 *
 *     Return-Path: <ann@example.org>          RFC 5321 section 4.4
 *     X-Original-To: bob@example.net          one a recipient, as Postfix has it
 *
 * Not Delivered-To, by which mail servers find loops: who sends a kept message on would be told
 * that it has been there. The addresses are canonical (mail/address.h) and hold no control
 * character; none makes a line longer than 998 bytes.
 */
#ifndef MAIL_TRACE_H
#define MAIL_TRACE_H

#include <time.h>

#include "base/buf.h"

enum { TRACE_LINE_MAX = 1024 /* bytes that each of them appends at the most */ };

/* sender: without angle brackets; "" is the null one. Each appends a line, with LF. */
void trace_sender(struct buf *out, const char *sender);
void trace_recipient(struct buf *out, const char *recipient);
/* RFC 4155: "From ann@example.org Mon Nov 23 09:04:05 2026", in UTC; MAILER-DAEMON is the null
 * sender, and blanks in an address become "-". */
void trace_separator(struct buf *out, const char *sender, time_t when);

#endif
