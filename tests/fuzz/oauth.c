/* The JSON with which a relay refuses an access token. */
#include <stdint.h>
#include <stdlib.h>

#include "sasl/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sasl_credentials who = {.user = "u", .password = {"t", 1}};
	struct sasl_exchange x;
	struct error error;
	struct buf out;

	buf_init(&out, SASL_RESPONSE_MAX);
	if (sasl_begin(&x, &sasl_oauthbearer, &who, &error) ||
	    sasl_respond(&x, (struct span){0}, &out, &error))
		abort();
	buf_reset(&out);
	if (sasl_respond(&x, (struct span){(const char *)data, size}, &out, &error) ||
	    out.len != 1 || x.complaint.len == 0 || buf_failed(&x.complaint))
		abort();
	for (size_t i = 0; i < x.complaint.len; i++)
		if ((unsigned char)x.complaint.data[i] < ' ')
			abort();
	sasl_end(&x);
	buf_wipe(&out);
	return 0;
}
