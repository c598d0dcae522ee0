/*
 * The readers of other programs' configurations, all of them: the first byte chooses one, the
 * files follow, each ended by a NUL. What comes out must be a configuration of ours that is
 * read without an error or a warning, with and without its secrets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/import_dma.h"
#include "conf/import_esmtp.h"
#include "conf/import_msmtp.h"
#include "conf/import_nullmailer.h"
#include "conf/import_ssmtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 10 };

static int parse(struct span text, size_t *warnings)
{
	struct config c = {.home = "/home/joe"};
	struct error error;
	int failed = config_parse(&c, "made", text, &error);

	*warnings = c.warnings.count;
	config_clear(&c);
	return failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static import_reader *const readers[] = {import_msmtp, import_ssmtp, import_dma,
						 import_nullmailer, import_esmtp};
	struct import_source files[FILES] = {0};
	struct import out = {.home = "/home/joe"};
	struct span rest = {(const char *)data, size};
	import_reader *read;
	size_t warnings;
	bool ours = true;

	if (size < 1 || size > 8192)
		return 0;
	read = readers[data[0] % (sizeof(readers) / sizeof(readers[0]))];
	rest = (struct span){rest.data + 1, rest.len - 1};
	for (size_t n = 0; n < FILES; n++) {
		const char *end = rest.len > 0 ? memchr(rest.data, '\0', rest.len) : NULL;
		size_t len = end ? (size_t)(end - rest.data) : rest.len;

		files[n] = (struct import_source){.path = "file", .text = {rest.data, len}};
		files[n].there = n == 0 || len > 0;
		len += end != NULL;
		rest = (struct span){rest.data + len, rest.len - len};
	}
	read(&out, files);
	if (out.failed)
		abort();
	/* What of msmtp's is an error in itself (words that contradict, names given twice) is
	 * one in ours. */
	if (read == import_msmtp)
		ours = parse(files[0].text, &warnings) == 0;
	for (int secrets = 0; secrets < 2; secrets++) {
		struct buf text;

		buf_init(&text, IMPORT_OUT_MAX);
		import_write(&out, secrets, &text);
		if (buf_failed(&text))
			abort();
		if (ours && (parse(buf_span(&text), &warnings) || warnings > 0))
			abort();
		buf_clear(&text);
	}
	import_clear(&out);
	return 0;
}
