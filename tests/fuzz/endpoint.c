/*
 * Relay URLs. What is taken is fit for a lookup, for SNI and for a terminal, and a password
 * never comes back in an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "net/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

static void check_taken(const struct endpoint *e)
{
	char text[512];
	bool here = e->scheme == ENDPOINT_UNIX || endpoint_is_store(e);

	bool nameless = here || e->scheme == ENDPOINT_PIPE || e->scheme == ENDPOINT_FD;

	demand(e->scheme != ENDPOINT_NONE && (e->host == NULL) == nameless);
	demand((e->command != NULL) == (e->scheme == ENDPOINT_PIPE));
	demand((e->fd > 2) == (e->scheme == ENDPOINT_FD));
	demand((e->path != NULL) == (here && e->scheme != ENDPOINT_DISCARD));
	if (e->host)
		demand(endpoint_host_is_sane(span_of(e->host)) &&
		       (endpoint_port(e) > 0) == (e->scheme != ENDPOINT_SRV) &&
		       endpoint_port(e) < 65536);
	for (const char *p = e->user; p && *p; p++)
		demand(!chars_is(*p, CHARS_CONTROL));
	for (const char *p = endpoint_show(e, text, sizeof(text)); *p; p++)
		demand(!chars_is(*p, CHARS_CONTROL));
	endpoint_is_local(e);
}

/* Puts the input where a password stands: "smtp://ann:" INPUT "s3cret" INPUT "@mail". */
static void check_password(struct span input)
{
	struct error error;
	struct endpoint e;
	struct buf url;

	buf_init(&url, 1 << 20);
	buf_add_string(&url, "smtp://ann:");
	buf_add_span(&url, input);
	buf_add_string(&url, "s3cret");
	buf_add_span(&url, input);
	buf_add_string(&url, "@mail");
	if (!buf_failed(&url)) {
		demand(endpoint_parse(&e, buf_span(&url), &error) == -1);
		demand(memmem(input.data, input.len, "s3cret", 6) != NULL ||
		       strstr(error.text, "s3cret") == NULL);
	}
	buf_clear(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = {(const char *)data, size};
	struct error error;
	struct endpoint e;

	if (endpoint_parse(&e, input, &error) == 0)
		check_taken(&e);
	else
		for (const char *p = error.text; *p; p++)
			demand(!chars_is(*p, CHARS_CONTROL));
	endpoint_clear(&e);
	if (endpoint_parse_proxy(&e, input, &error) == 0)
		demand(e.host && endpoint_port(&e) > 0);
	else
		for (const char *p = error.text; *p; p++)
			demand(!chars_is(*p, CHARS_CONTROL));
	endpoint_clear(&e);
	if (size > 0 && size < 1 << 16)
		check_password(input);
	return 0;
}
