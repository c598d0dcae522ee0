/* newaliases, -bi, -I: there is nothing to rebuild, so the files of aliases are checked. */
#ifndef CMD_NEWALIASES_H
#define CMD_NEWALIASES_H

#include "cmd/context.h"

/* Checks the file of each account that may be used, or /etc/aliases where no account names one.
 * Tells all that is wrong on standard error, and the size of a file that is fine on standard
 * output. Returns the exit status: 78 when a file has an error, else 0, also when there is
 * none.
 */
int cmd_newaliases(struct context *x);

#endif
