/* What is done with inherited descriptors: see inherit.h. */
#include "cmd/inherit.h"

#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "cmd/listen.h"
#include "cmd/option.h"
#include "net/endpoint.h"

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

int inherit_descriptors(int argc, char *const argv[])
{
	int listening = listen_inherited();

	process_spare(listening ? -1 : inherit_relay(argc, argv));
	process_clean(3 + listening);
	return listening;
}
