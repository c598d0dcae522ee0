/* --help and --version: the option table, shown. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdio.h>

#include "base/error.h"

/* Both write to out and flush it. Return 0, or -1 with *error (local, stage input: exit 74)
 * when that failed. */
int cmd_help(FILE *out, struct error *error);
int cmd_version(FILE *out, struct error *error);

#endif
