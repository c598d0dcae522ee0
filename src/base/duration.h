/* Lengths of time as a person writes them. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

#include "base/buf.h"

enum { DURATION_MAX = 999999999 }; /* seconds: more than thirty years */

/* "30s", "15m", "4h", "5d", "2w", or several of them from the longest unit to the shortest:
 * "1d12h". A number always has its unit. Returns 0, or -1 when it is none, or beyond
 * DURATION_MAX; zero is one. */
int duration_parse(struct span text, int *seconds);

#endif
