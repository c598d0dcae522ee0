/* Loadable modules: see module.h. */
#include "base/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const void *module_load(const char *path, const char *symbol, const char **why)
{
	void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	const void *data = module ? dlsym(module, symbol) : NULL;

	if (!data) {
		*why = path ? dlerror() : NULL;
		if (!*why)
			*why = "no path to it was built in";
	}
	return data;
}

const char *module_beside(char *out, size_t size, const char *path, const char *file)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	int len = -1;

	if (slash)
		len = snprintf(out, size, "%.*s/%s", (int)(slash - path), path, file);
	return len < 0 || (size_t)len >= size ? NULL : out;
}
