/* Room on the disk: see reserve.h. */
#include "base/reserve.h"

#include <errno.h>
#include <fcntl.h>

int reserve_room(int fd, off_t offset, off_t length)
{
	int failed;

	do
		failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
	while (failed && errno == EINTR);
	return failed && (errno == ENOSPC || errno == EDQUOT) ? -1 : 0;
}
