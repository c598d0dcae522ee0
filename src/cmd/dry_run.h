/* --dry-run: what a submission would do, shown instead of done. */
#ifndef CMD_DRY_RUN_H
#define CMD_DRY_RUN_H

#include <stdio.h>

#include "base/error.h"
#include "conf/account.h"
#include "mail/envelope.h"
#include "mail/message.h"

/* Writes "key: value" lines for relay, login and account, escaped. */
void dry_run_route(const struct account *a, FILE *out);
/* Writes "key: value" lines for relay, login, account, sender, each recipient and the size, an
 * empty line, and the bytes that DATA would carry to a relay with 8BITMIME, dot transparency
 * and closing dot included. Everything but those bytes is escaped. Returns 0, or -1 with *error
 * (stage input). */
int cmd_dry_run(const struct account *a, const struct envelope *e, const struct message *m,
		FILE *out, struct error *error);

#endif
