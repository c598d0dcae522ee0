/*
 * A name that changes and never takes the place of another file.
 */
#ifndef BASE_RENAME_H
#define BASE_RENAME_H

/* Renames from to to, both in the directory, in one step. Returns 0, or -1 with errno: EEXIST
 * when there is one called to; EINVAL or ENOSYS where system or file system cannot do it. */
int rename_exclusive(int directory, const char *from, const char *to);

#endif
