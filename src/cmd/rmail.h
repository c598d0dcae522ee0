/* rmail: mail that came by UUCP, on standard input. */
#ifndef CMD_RMAIL_H
#define CMD_RMAIL_H

#include "base/error.h"
#include "mail/message.h"

/* Reads the message as message_read() does, less the lines of mail/uucp.h above it, and what
 * these come to as *sender, the caller's; NULL when there are none. Returns NULL with *error.
 */
struct message *rmail_read(const struct message_options *options, char **sender,
			   struct error *error);

#endif
