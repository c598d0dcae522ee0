/*
 * Core dumps, which must not hold a password. What a system has beyond limits is in a file that
 * Meson chooses.
 */
#ifndef BASE_DUMP_H
#define BASE_DUMP_H

/* From here on the process leaves no core, not even to a collector in a pipe, and other
 * processes of the user cannot look into its memory where the system can see to that. The limit
 * on cores is inherited by the commands we run: they handle passwords, too. */
void dump_forbid(void);

#endif
