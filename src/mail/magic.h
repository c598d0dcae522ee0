/*
 * What the content of a file says of its type, by the system's libmagic. That library is linked
 * with a module of its own, magic.so beside the one of cryptography, loaded for the first file
 * whose name says nothing; magic.c asks it, magic_module.c is the module, and magic_absent.c
 * stands for both in a build without (-Dmagic=disabled).
 */
#ifndef MAIL_MAGIC_H
#define MAIL_MAGIC_H

#include <stddef.h>

#include "base/buf.h"

enum { MAGIC_ABI = 1 };

/* What the module exports. */
struct magic {
	unsigned abi; /* MAGIC_ABI */
	/* The type of what begins so, without parameters, into out. 0 or -1. */
	int (*type)(struct span start, char *out, size_t size);
};

#define MAGIC_FILE_NAME "magic.so"
#define MAGIC_SYMBOL    "magic_module"

/* The type of a file that begins with start, into out. Returns 0; -1 when nobody knows it, or
 * can tell: there is no module, or no database. */
int magic_type(struct span start, char *out, size_t size);

#endif
