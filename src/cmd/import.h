/* --import: another program's configuration, written as ours. */
#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include "cmd/context.h"

/* Reads the files of the program that options.import names, from where it keeps them or from
 * the file or directory that is the operand, and writes ours to standard output. A password is
 * written only to a regular file that is closed to all but its owner, or, with
 * options.with_passwords, to a pipe; else a remark stands in its place, and standard error says
 * so. Returns the exit status: 78 when there is nothing to read. */
int cmd_import(struct context *x);

#endif
