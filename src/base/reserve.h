/*
 * Room on the disk before it is needed.
 */
#ifndef BASE_RESERVE_H
#define BASE_RESERVE_H

#include <sys/types.h>

/* Reserves room for length bytes of fd from offset on; its size stays. Returns 0, also where
 * the file system cannot do that; -1 with errno when there is no room (ENOSPC, EDQUOT). */
int reserve_room(int fd, off_t offset, off_t length);

#endif
