/* What is done with inherited descriptors (base/process.h: process_clean()). */
#ifndef CMD_INHERIT_H
#define CMD_INHERIT_H

/* Closes all but the sockets that systemd left to --listen (listen_inherited()), whose number
 * it returns; or the one of the last `--relay fd:N` of the command line, without a --relay that
 * of PENNYPOST_RELAY; and those that arguments name as /dev/fd/N, as shells do for <(command).
 * The last two are nobody's when the name we were called by is sendmail's. */
int inherit_descriptors(int argc, char *const argv[]);

#endif
