/* The module as the program loads it, and its operations that need no peer. */
#include "base/crypto.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/conn.h"
#include "test.h"

static struct error error;

static void a_missing_module_is_told(void)
{
	crypto_module_path = "/nonexistent/crypto.so";
	CHECK(crypto_load(&error) == NULL);
	CHECK(crypto_linked == NULL);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_TLS);
}

static void loads_once(void)
{
	const struct crypto *table;

	crypto_module_path = CRYPTO_MODULE;
	table = crypto_load(&error);
	CHECK(table != NULL);
	CHECK(crypto_load(&error) == table && crypto_linked == table);
	if (!table)
		exit(1);
}

static void hex(const unsigned char *data, int len, char *out)
{
	out[0] = '\0';
	for (int i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", data[i]);
}

static void computes_digests(void)
{
	const struct crypto *table = crypto_load(&error);
	unsigned char out[CRYPTO_DIGEST_MAX];
	char text[2 * CRYPTO_DIGEST_MAX + 1];

	hex(out, table->digest(CRYPTO_MD5, span_of("abc"), out), text);
	CHECK_STR(text, "900150983cd24fb0d6963f7d28e17f72");
	hex(out, table->digest(CRYPTO_SHA1, span_of("abc"), out), text);
	CHECK_STR(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
	hex(out, table->digest(CRYPTO_SHA256, span_of("abc"), out), text);
	CHECK_STR(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* RFC 2202 section 2, test 2; RFC 4231 section 4.3. */
	hex(out,
	    table->hmac(CRYPTO_MD5, span_of("Jefe"), span_of("what do ya want for nothing?"),
			out),
	    text);
	CHECK_STR(text, "750c783e6ab0b503eaa86e310a5db738");
	hex(out,
	    table->hmac(CRYPTO_SHA256, span_of("Jefe"), span_of("what do ya want for nothing?"),
			out),
	    text);
	CHECK_STR(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	/* The key of CRAM-MD5's example, RFC 2195 section 2. */
	hex(out,
	    table->hmac(CRYPTO_MD5, span_of("tanstaaftanstaaf"),
			span_of("<1896.697170952@postoffice.reston.mci.net>"), out),
	    text);
	CHECK_STR(text, "b913a602c7eda7a495b4e6e7334d3890");
	CHECK_INT(table->digest(CRYPTO_SHA1, (struct span){0}, out), 20);
	CHECK_INT(table->hmac(CRYPTO_SHA1, (struct span){0}, (struct span){0}, out), 20);
}

/* RFC 6070 section 2, and the same for SHA-256 as RFC 7914 section 11 has it (its first 32
 * bytes). */
static void derives_keys(void)
{
	const struct crypto *table = crypto_load(&error);
	unsigned char out[CRYPTO_DIGEST_MAX];
	char text[2 * CRYPTO_DIGEST_MAX + 1];

	hex(out, table->pbkdf2(CRYPTO_SHA1, span_of("password"), span_of("salt"), 4096, out),
	    text);
	CHECK_STR(text, "4b007901b765489abead49d926f721d065a429c1");
	hex(out,
	    table->pbkdf2(CRYPTO_SHA1, (struct span){"pass\0word", 9},
			  (struct span){"sa\0lt", 5}, 1, out),
	    text);
	CHECK_INT(strlen(text), 40);
	hex(out, table->pbkdf2(CRYPTO_SHA256, span_of("passwd"), span_of("salt"), 1, out),
	    text);
	CHECK_STR(text, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
	CHECK_INT(table->pbkdf2(CRYPTO_SHA256, span_of("passwd"), span_of("salt"), 0, out), -1);
}

/* RFC 8265 section 4.3 */
static void normalizes_secrets(void)
{
	const struct crypto *table = crypto_load(&error);
	static const char *const pairs[][2] = {
		{"correct horse battery staple", "correct horse battery staple"},
		{"Correct Horse", "Correct Horse"},
		{"\xcf\x80\xc3\x9f\xc3\xa5", "\xcf\x80\xc3\x9f\xc3\xa5"},
		{"Jack of \xe2\x99\xa6s", "Jack of \xe2\x99\xa6s"},
		{"foo\xe1\x9a\x80"
		 "bar",
		 "foo bar"},
		{"u\xcc\x88", "\xc3\xbc"},
	};
	static const char *const bad[] = {"my cat is a \tby", "\xff", "caf\xe9"};
	struct buf out;

	buf_init(&out, 300);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		CHECK_INT(table->normalize(span_of(pairs[i][0]), &out), 0);
		CHECK_STR(out.data, pairs[i][1]);
		buf_reset(&out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(table->normalize(span_of(bad[i]), &out), -1);
		CHECK_STR(out.data, "");
	}
	buf_clear(&out);
}

static void maps_domains(void)
{
	const struct crypto *table = crypto_load(&error);
	static const char *const bad[] = {"", "a\xff", "\xe2\x80\xae", "b\xc3\xbc b",
					  "b\xc3\xbc\r\n"};
	struct buf out;

	buf_init(&out, 300);
	CHECK_INT(table->idna(span_of("\xc3\xbc.example"), &out), 0);
	CHECK_STR(out.data, "xn--tda.example");
	buf_reset(&out);
	CHECK_INT(table->idna(span_of("example.org"), &out), 0);
	CHECK_STR(out.data, "example.org");
	buf_reset(&out);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(table->idna(span_of(bad[i]), &out), -1);
		CHECK_STR(out.data, "");
	}
	CHECK_INT(table->idna((struct span){"a\0b", 3}, &out), -1);
	buf_clear(&out);
}

static void shakes_no_hands_with_a_stranger(void)
{
	struct tls_policy policy = {.host = "localhost", .verify = true};
	struct conn *c;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	c = conn_new(fds[0]);
	CHECK_INT(write(fds[1], "220 hi\r\n", 8), 8);
	CHECK_INT(conn_start_tls(c, &policy, clock_in(5000), &error), -1);
	CHECK_INT(error.stage, STAGE_TLS);
	conn_free(c);
	close(fds[1]);
}

int main(void)
{
	TEST_RUN(a_missing_module_is_told);
	TEST_RUN(loads_once);
	TEST_RUN(computes_digests);
	TEST_RUN(derives_keys);
	TEST_RUN(normalizes_secrets);
	TEST_RUN(maps_domains);
	TEST_RUN(shakes_no_hands_with_a_stranger);
	return test_done();
}
