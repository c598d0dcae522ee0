/*
 * Ctrl-C, and its like, while a person waits: the terminal is left clean, and one line says
 * where the message is, and what a person wrote for it (cmd/written.h). A command that is
 * waited for, such as passwordeval, is ended, too.
 *
 * SIGINT, SIGQUIT, SIGTERM and SIGHUP end the process at once, as they do without us, but for
 * the moment in which the message goes into the queue: that is finished and told first. What
 * was ignored stays ignored. There is one of it in a process, because signals are the
 * process's.
 */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/course.h"

/* From now on signals are caught; name is what we were called. Without it all of these do
 * nothing. */
void interrupt_begin(const char *name);
/* There is no message: what a line says instead (borrowed). */
void interrupt_words(const char *words);
/* The message that is under way: its course (borrowed until the next call; NULL: it is not
 * tried yet), its number of recipients, and what stands before a line about it ("" or "box:
 * message 3: "). */
void interrupt_subject(const struct course *c, size_t recipients, const char *what);
/* Whether to wait with the end until false is said, */
void interrupt_hold(bool hold);
/* or until what became of the message has been told: then nothing more is said of it, and the
 * end waits for interrupt_end(). */
void interrupt_told(void);
/* What became of the last message is settled: a signal waits for interrupt_end(). */
void interrupt_done(void);
/* Whether one came meanwhile: nothing new may begin. */
bool interrupt_came(void);
/* Whether a line of progress stands on the terminal. */
void interrupt_line(bool shown);
/* One that came meanwhile ends the process now; else signals are again what they were. */
void interrupt_end(void);

#endif
