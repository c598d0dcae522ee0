/*
 * What a person at a terminal sees of something that takes longer than a second: one line on
 * standard error, drawn again in place as things move, and gone when there is something to say
 * or nothing to wait for.
 *
 * The line never wraps: the width is asked each time, and a character beyond ASCII is taken for
 * two columns. In the background, and on a terminal that cannot clear a line (TERM), nothing is
 * drawn.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/course.h"

struct progress;

/* Standard error is a terminal. NULL where nothing is to be drawn there, or without memory;
 * every function takes that. */
struct progress *progress_new(void);
void progress_free(struct progress *p);
/* Something begins: what is over within a second from now is not shown. */
void progress_begin(struct progress *p);
/* It is the number-th of so many (0: nobody knows how many), or with 0 the only one. */
void progress_count(struct progress *p, size_t number, size_t of);
/* For struct course_watch: draws where it is time. context is a struct progress. */
void progress_look(void *context, const struct course *c);
/* Draws, where it is time, how far many things are: "4 of 10 messages, 1 in vain". */
void progress_show(struct progress *p, const char *text);
/* Takes the line away: before anything is said. */
void progress_hide(struct progress *p);
/* The same for good. */
void progress_stop(struct progress *p);

/* What the line says. */
struct progress_view {
	const struct course *course;
	size_t number, of; /* as progress_count() */
	int64_t now;       /* microseconds of course_clock() */
	uint64_t unsent;   /* course_unsent() */
};

/* Appends it, at most so many columns; colour: with the escapes of ECMA-48. */
void progress_line(struct buf *out, const struct progress_view *v, size_t columns, bool colour);

#endif
