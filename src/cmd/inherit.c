/* What is done with inherited descriptors: see inherit.h. */
#include "cmd/inherit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/process.h"
#include "cmd/listen.h"
#include "cmd/option.h"
#include "net/endpoint.h"

enum { INHERIT_SPARED_MAX = 64, INHERIT_DESCRIPTOR_MAX = 65535 };

static int inherit_number(const char *url)
{
	struct error ignored;
	struct endpoint e;
	int fd = -1;

	if (strncmp(url, "fd:", 3) != 0 || endpoint_parse(&e, span_of(url), &ignored))
		return -1;
	fd = e.fd;
	endpoint_clear(&e);
	return fd;
}

/* The one that a relay's URL names, or -1. */
static int inherit_relay(int argc, char *const argv[])
{
	const char *url = getenv("PENNYPOST_RELAY");

	if (argc < 1 || options_is_sendmail(argv[0]))
		return -1;
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--relay=", 8) == 0)
			url = argv[i] + 8;
		else if (strcmp(argv[i], "--relay") == 0 && i + 1 < argc)
			url = argv[++i];
	return url ? inherit_number(url) : -1;
}

/* The number behind text, or -1. */
static int inherit_named(const char *argument, const char *text)
{
	const char *at = strstr(argument, text);
	int fd = 0;

	if (!at || !chars_is(at[strlen(text)], CHARS_DIGIT))
		return -1;
	for (at += strlen(text); chars_is(*at, CHARS_DIGIT) && fd <= INHERIT_DESCRIPTOR_MAX;
	     at++)
		fd = fd * 10 + (*at - '0');
	return fd <= INHERIT_DESCRIPTOR_MAX ? fd : -1;
}

/* Those that arguments name as shells do for <(command). Returns how many. */
static size_t inherit_files(int *spared, int keep, int argc, char *const argv[])
{
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	size_t count = 0;

	if (argc < 1 || options_is_sendmail(argv[0]))
		return 0;
	for (int i = 1; i < argc; i++)
		for (int k = 0; k < 2 && count < INHERIT_SPARED_MAX; k++) {
			int fd = inherit_named(argv[i], folders[k]);

			if (fd >= keep && fcntl(fd, F_GETFD) >= 0)
				spared[count++] = fd;
		}
	return count;
}

int inherit_descriptors(int argc, char *const argv[])
{
	int listening = listen_inherited();
	int spared[INHERIT_SPARED_MAX];
	size_t count = inherit_files(spared, 3 + listening, argc, argv);

	process_spare(listening ? -1 : inherit_relay(argc, argv));
	process_clean(3 + listening, spared, count);
	return listening;
}
