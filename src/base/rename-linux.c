/* Renaming without replacing, by renameat2(2), which not every C library offers: see rename.h.
 */
#include "base/rename.h"

#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

int rename_exclusive(int directory, const char *from, const char *to)
{
	return (int)syscall(SYS_renameat2, directory, from, directory, to, RENAME_NOREPLACE);
}
