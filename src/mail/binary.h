/*
 * Whether a part of a message is said to be binary (RFC 2045 section 6.2), found without taking
 * the message apart: nothing else shows that the line ends in it are none.
 */
#ifndef MAIL_BINARY_H
#define MAIL_BINARY_H

#include <stdbool.h>

#include "mail/message.h"

/* Whether it may be: the body has what looks like the field that says so. Only a message of
 * parts is read for it. True also when that fails: whoever reads it next has the error. */
bool binary_is_said(const struct message *m);

#endif
