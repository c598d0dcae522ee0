/*
 * The relay's side of an authentication, a challenge in base64 a line: every mechanism answers
 * within bounds or says why not, and never goes on for ever.
 */
#include "sasl/sasl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"

enum { STEPS_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not a digest, but it reads all that a digest would. */
static int sum(enum crypto_digest d, struct span key, struct span data,
	       unsigned char out[CRYPTO_DIGEST_MAX])
{
	(void)d;
	memset(out, 0, 16);
	for (size_t i = 0; i < key.len; i++)
		out[i % 16] ^= (unsigned char)key.data[i];
	for (size_t i = 0; i < data.len; i++)
		out[i % 16] ^= (unsigned char)data.data[i];
	return 16;
}

static struct span next_line(struct span *rest)
{
	const char *lf = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	struct span line = {rest->data, lf ? (size_t)(lf - rest->data) : rest->len};
	size_t used = line.len + (lf != NULL);

	rest->data += used;
	rest->len -= used;
	return line;
}

static void converse(const struct sasl_mechanism *m, struct span rest)
{
	const struct sasl_credentials who = {
		.identity = "", .user = "tim", .password = {"secret", 6}, .host = "relay"};
	struct sasl_exchange x;
	struct buf challenge, response;
	struct error error = {0};
	unsigned step = 0;
	int failed = sasl_begin(&x, m, &who, &error);

	buf_init(&challenge, SASL_CHALLENGE_MAX);
	buf_init(&response, SASL_RESPONSE_MAX);
	if (!failed && m->client_first)
		failed = sasl_respond(&x, (struct span){0}, &response, &error);
	while (!failed && rest.len > 0) {
		buf_reset(&challenge);
		buf_reset(&response);
		if (base64_decode(&challenge, span_trim(next_line(&rest))))
			break;
		failed = sasl_respond(&x, buf_span(&challenge), &response, &error);
		if (buf_failed(&response) || ++step > STEPS_MAX)
			abort();
	}
	if (failed && (error.class == ERROR_NONE || !error.text[0]))
		abort();
	sasl_end(&x);
	buf_wipe(&challenge);
	buf_wipe(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct crypto table = {.abi = CRYPTO_ABI, .hmac = sum};
	struct span rest = {(const char *)data, size};

	crypto_linked = &table;
	converse(&sasl_plain, rest);
	converse(&sasl_login, rest);
	converse(&sasl_cram_md5, rest);
	return 0;
}
