/*
 * Loadable modules: code whose libraries cost too much to be loaded when nobody needs them.
 */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include <stddef.h>

/* The data called symbol in the module at path, an absolute path fixed at build time. It is
 * loaded whole (RTLD_NOW), for itself alone, and never unloaded. NULL with *why, a text of the
 * loader's. */
const void *module_load(const char *path, const char *symbol, const char **why);
/* The path of another module in the same folder as path, into out. Returns out, NULL when it
 * does not fit. */
const char *module_beside(char *out, size_t size, const char *path, const char *file);

#endif
