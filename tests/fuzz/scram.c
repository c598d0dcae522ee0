/* The server's two messages of SCRAM, with a line end between them, on digests that anybody can
 * compute: so that a fuzzer can get through to the end. */
#include "sasl/scram.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int easy_hmac(enum crypto_digest d, struct span key, struct span data,
		     unsigned char out[CRYPTO_DIGEST_MAX])
{
	(void)key, (void)data;
	memset(out, 'a', CRYPTO_DIGEST_MAX);
	return d == CRYPTO_SHA1 ? 20 : 32;
}

static int easy_digest(enum crypto_digest d, struct span data,
		       unsigned char out[CRYPTO_DIGEST_MAX])
{
	return easy_hmac(d, data, data, out);
}

static int easy_pbkdf2(enum crypto_digest d, struct span password, struct span salt,
		       unsigned iterations, unsigned char out[CRYPTO_DIGEST_MAX])
{
	if (iterations < SCRAM_ITERATIONS_MIN || iterations > SCRAM_ITERATIONS_MAX ||
	    salt.len == 0)
		abort();
	return easy_hmac(d, password, salt, out);
}

static const struct crypto easy = {
	.abi = CRYPTO_ABI, .digest = easy_digest, .hmac = easy_hmac, .pbkdf2 = easy_pbkdf2};

/* What a server may prove here: twenty times "a". */
static void check_end(const struct scram *s, struct span last, const struct buf *complaint)
{
	if (s->proven && !span_starts_nocase(last, "v=YWFhYWFhYWFhYWFhYWFhYWFhYWE="))
		abort();
	for (size_t i = 0; i < complaint->len; i++)
		if ((unsigned char)complaint->data[i] < ' ' || s->proven)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sasl_credentials who = {.user = "u", .password = {"p", 1}};
	struct span one = {(const char *)data, size};
	struct span two = {0};
	const char *line = size > 0 ? memchr(data, '\n', size) : NULL;
	struct buf out, complaint;
	struct scram s;
	struct error error;

	if (line) {
		one.len = (size_t)(line - one.data);
		two = (struct span){line + 1, size - one.len - 1};
	}
	crypto_linked = &easy;
	buf_init(&out, SASL_RESPONSE_MAX);
	buf_init(&complaint, SASL_COMPLAINT_MAX);
	scram_init(&s, CRYPTO_SHA1);
	if (scram_first(&s, &who, false, "abc", &out, &error))
		abort();
	buf_reset(&out);
	if (scram_final(&s, &who, one, &out, &error) == 0) {
		if (one.len < 6 || memcmp(one.data, "r=abc", 5) != 0 || s.length != 20)
			abort();
		scram_verify(&s, two, &complaint, &error);
		check_end(&s, two, &complaint);
	} else if (out.len > 0) {
		abort();
	}
	scram_clear(&s);
	buf_wipe(&out);
	buf_clear(&complaint);
	return 0;
}
