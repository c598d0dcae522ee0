/* The text of an EHLO reply: keywords within bounds, each of which is found again. */
#include "smtp/capability.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/chars.h"
#include "smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct capabilities *c, const struct capability *one)
{
	char *name = span_dup(one->keyword);
	const char *end = c->text.data + c->text.len;

	if (!name || !name[0] || !capabilities_have(c, name, NULL))
		abort();
	for (const char *p = name; *p; p++)
		if (!chars_is(*p, CHARS_GRAPHIC))
			abort();
	if (one->parameters.len > 0 && (one->parameters.data < c->text.data ||
					one->parameters.data + one->parameters.len > end))
		abort();
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size < REPLY_TEXT_MAX ? size : REPLY_TEXT_MAX};
	struct capabilities c = {0};
	struct span parameters;

	if (capabilities_parse(&c, text))
		abort();
	for (size_t i = 0; i < c.count; i++)
		check(&c, &c.items[i]);
	if (capabilities_have_auth(&c, "PLAIN") && !capabilities_have(&c, "AUTH", NULL))
		abort();
	if (capabilities_size(&c) > 0 && !capabilities_have(&c, "SIZE", &parameters))
		abort();
	/* A second EHLO starts anew. */
	if (capabilities_parse(&c, (struct span){0}) || c.count > 0)
		abort();
	capabilities_clear(&c);
	return 0;
}
