/*
 * SCRAM: see scram.h. Grammar and computations are those of RFC 5802 sections 3 and 7.
 *
 * User name and password are brought into the form of RFC 8265 where they are not ASCII. What
 * cannot be is used as it is: a server that took such a password took its bytes.
 */
#include "sasl/scram.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/chars.h"
#include "base/text.h"

enum { SCRAM_NONCE_BYTES = 18, SCRAM_TEXT_MAX = 4 * SASL_RESPONSE_MAX };

void scram_init(struct scram *s, enum crypto_digest digest)
{
	*s = (struct scram){.digest = digest};
	buf_init(&s->header, SCRAM_MESSAGE_MAX);
	buf_init(&s->message, SCRAM_MESSAGE_MAX);
}

void scram_clear(struct scram *s)
{
	buf_wipe(&s->header);
	buf_wipe(&s->message);
	explicit_bzero(s, sizeof(*s));
}

/* Appends text in the form that both sides compute with. */
static void scram_prepare(const struct crypto *crypto, struct span text, struct buf *out)
{
	size_t before = out->len;

	if (text_is_8bit(text) && crypto->normalize(text, out) == 0 && !buf_failed(out))
		return;
	buf_truncate(out, before);
	buf_add_span(out, text);
}

/* gs2-header = gs2-cbind-flag "," [ authzid ] ","; the flag is "p=TYPE" when we bind, "y" when
 * we could but the server does not seem to, "n" otherwise. */
static void scram_add_header(struct scram *s, const struct sasl_credentials *who, bool plus)
{
	if (plus)
		buf_printf(&s->header, "p=%s,", who->binding_type);
	else
		buf_add_string(&s->header,
			       who->binding_type && !who->binding_offered ? "y," : "n,");
	if (who->identity && *who->identity) {
		buf_add_string(&s->header, "a=");
		sasl_add_name(&s->header, span_of(who->identity));
	}
	buf_add_char(&s->header, ',');
}

int scram_first(struct scram *s, const struct sasl_credentials *who, bool plus,
		const char *nonce, struct buf *out, struct error *error)
{
	const struct crypto *crypto = crypto_load(error);
	struct buf user;

	if (!crypto)
		return -1;
	snprintf(s->nonce, sizeof(s->nonce), "%s", nonce);
	buf_init(&user, SCRAM_TEXT_MAX);
	scram_prepare(crypto, span_of(who->user), &user);
	scram_add_header(s, who, plus);
	buf_add_string(&s->message, "n=");
	sasl_add_name(&s->message, buf_span(&user));
	buf_printf(&s->message, ",r=%s", s->nonce);
	buf_add_span(out, buf_span(&s->header));
	buf_add_span(out, buf_span(&s->message));
	if (plus)
		buf_add_span(&s->header, who->binding);
	buf_clear(&user);
	return 0;
}

/* One attribute, name "=" value, off the front of rest, with the comma behind it. */
static bool scram_take(struct span *rest, char name, struct span *value)
{
	const char *comma;
	size_t len;

	if (rest->len < 2 || rest->data[0] != name || rest->data[1] != '=')
		return false;
	comma = memchr(rest->data, ',', rest->len);
	len = comma ? (size_t)(comma - rest->data) : rest->len;
	*value = (struct span){rest->data + 2, len - 2};
	len += comma != NULL;
	*rest = (struct span){rest->data + len, rest->len - len};
	return true;
}

/* posit-number = %x31-39 *DIGIT; 0 when it is none, one more than the most we do when it is
 * larger. */
static unsigned scram_number(struct span text)
{
	unsigned number = 0;

	if (text.len == 0 || text.data[0] == '0')
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!chars_is(text.data[i], CHARS_DIGIT))
			return 0;
		number = number * 10 + (unsigned)(text.data[i] - '0');
		if (number > SCRAM_ITERATIONS_MAX)
			number = SCRAM_ITERATIONS_MAX + 1;
	}
	return number;
}

static bool scram_nonce_is_sane(const struct scram *s, struct span nonce)
{
	size_t ours = strlen(s->nonce);

	for (size_t i = 0; i < nonce.len; i++)
		if (!chars_is(nonce.data[i], CHARS_GRAPHIC))
			return false;
	return nonce.len > ours && memcmp(nonce.data, s->nonce, ours) == 0;
}

/* What server-first-message says. */
struct scram_challenge {
	struct span nonce;
	struct buf salt;
	unsigned iterations;
};

/* server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count
 *                        ["," extensions]
 * A reserved-mext ("m=") is a demand that nobody can know: it fails as it should. */
static int scram_parse_first(const struct scram *s, struct span text,
			     struct scram_challenge *found, struct error *error)
{
	struct span salt = {0}, count = {0};

	if (!scram_take(&text, 'r', &found->nonce) || !scram_take(&text, 's', &salt) ||
	    !scram_take(&text, 'i', &count) || salt.len == 0 ||
	    base64_decode(&found->salt, salt) || (found->iterations = scram_number(count)) == 0)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "the relay's challenge is not one of SCRAM");
	if (!scram_nonce_is_sane(s, found->nonce))
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "the relay's SCRAM challenge does not answer ours: its nonce "
				 "is not an extension of the one we sent");
	if (found->iterations < SCRAM_ITERATIONS_MIN ||
	    found->iterations > SCRAM_ITERATIONS_MAX)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "the relay asks for %s iterations of SCRAM's hash (%s), fewer "
				 "or more than the %d to %d that are sound: tell its operator, "
				 "or set auth to another method",
				 found->iterations < SCRAM_ITERATIONS_MIN ? "too few"
									  : "too many",
				 TEXT_SHOW(count), SCRAM_ITERATIONS_MIN, SCRAM_ITERATIONS_MAX);
	return 0;
}

static struct span digest_span(const unsigned char *digest, int len)
{
	return (struct span){(const char *)digest, (size_t)len};
}

/* The secrets of one computation, to be wiped together. */
struct scram_keys {
	unsigned char salted[CRYPTO_DIGEST_MAX];
	unsigned char client[CRYPTO_DIGEST_MAX];
	unsigned char stored[CRYPTO_DIGEST_MAX];
	unsigned char server[CRYPTO_DIGEST_MAX];
	unsigned char proof[CRYPTO_DIGEST_MAX];
};

/* RFC 5802 section 3: fills proof, and the signature that the server must show. Returns the
 * length of both, -1 when the digest is not to be had. */
static int scram_compute(struct scram *s, const struct crypto *crypto, struct span password,
			 const struct scram_challenge *c, struct scram_keys *k)
{
	struct span message = buf_span(&s->message);
	int len = crypto->pbkdf2(s->digest, password, buf_span(&c->salt), c->iterations,
				 k->salted);
	struct span salted;

	if (len < 0)
		return -1;
	salted = digest_span(k->salted, len);
	if (crypto->hmac(s->digest, salted, span_of("Client Key"), k->client) != len ||
	    crypto->digest(s->digest, digest_span(k->client, len), k->stored) != len ||
	    crypto->hmac(s->digest, digest_span(k->stored, len), message, k->proof) != len ||
	    crypto->hmac(s->digest, salted, span_of("Server Key"), k->server) != len ||
	    crypto->hmac(s->digest, digest_span(k->server, len), message, s->signature) != len)
		return -1;
	for (int i = 0; i < len; i++)
		k->proof[i] ^= k->client[i];
	return len;
}

/* client-final-message = channel-binding "," nonce "," proof. What stands before the proof is
 * the end of AuthMessage, too. */
static int scram_answer(struct scram *s, const struct sasl_credentials *who,
			const struct scram_challenge *c, struct buf *out, struct error *error)
{
	const struct crypto *crypto = crypto_load(error);
	struct scram_keys keys;
	struct buf password;
	size_t bare;

	if (!crypto)
		return -1;
	buf_add_char(&s->message, ',');
	bare = s->message.len;
	buf_add_string(&s->message, "c=");
	base64_encode(&s->message, buf_span(&s->header));
	buf_add_string(&s->message, ",r=");
	buf_add_span(&s->message, c->nonce);
	if (buf_failed(&s->header) || buf_failed(&s->message))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "user name or auth_identity is too long");
	buf_init_secret(&password, SCRAM_TEXT_MAX);
	scram_prepare(crypto, who->password, &password);
	s->length = scram_compute(s, crypto, buf_span(&password), c, &keys);
	if (s->length > 0) {
		buf_add(out, s->message.data + bare, s->message.len - bare);
		buf_add_string(out, ",p=");
		base64_encode(out, digest_span(keys.proof, s->length));
	}
	explicit_bzero(&keys, sizeof(keys));
	buf_wipe(&password);
	if (s->length > 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_AUTH,
			 "the digest of SCRAM is not to be had here");
}

int scram_final(struct scram *s, const struct sasl_credentials *who, struct span challenge,
		struct buf *out, struct error *error)
{
	struct scram_challenge found = {0};
	int failed;

	buf_init(&found.salt, SASL_CHALLENGE_MAX);
	failed = scram_parse_first(s, challenge, &found, error);
	if (!failed) {
		buf_add_char(&s->message, ',');
		buf_add_span(&s->message, challenge);
		failed = scram_answer(s, who, &found, out, error);
	}
	buf_clear(&found.salt);
	return failed;
}

/* server-error-value. The first ones mean that what was said is not what was heard. */
static const struct {
	const char *value;
	const char *words;
	bool tampered;
} scram_errors[] = {
	{"server-does-support-channel-binding",
	 "the relay offers channel binding, but the offer did not reach us: somebody may stand "
	 "between it and us",
	 true},
	{"channel-bindings-dont-match",
	 "the relay sees another TLS session than we do: somebody may stand between it and us",
	 true},
	{"channel-binding-not-supported", "the relay cannot bind to the TLS session", false},
	{"unsupported-channel-binding-type",
	 "the relay does not know our kind of binding to the TLS session", false},
	{"invalid-proof", "the password is wrong", false},
	{"unknown-user", "the relay does not know the user", false},
};

static int scram_explain(struct span value, struct buf *complaint, struct error *error)
{
	for (size_t i = 0; i < sizeof(scram_errors) / sizeof(scram_errors[0]); i++) {
		if (!span_equals(value, scram_errors[i].value))
			continue;
		if (scram_errors[i].tampered)
			return error_set(error, ERROR_RELAY, STAGE_AUTH, "%s (%s)",
					 scram_errors[i].words, scram_errors[i].value);
		buf_printf(complaint, "%s (%s)", scram_errors[i].words, scram_errors[i].value);
		return 0;
	}
	buf_printf(complaint, "the relay says \"%s\"", TEXT_SHOW(value));
	return 0;
}

/* Takes as long for equal bytes as for others. */
static bool scram_equals(const struct scram *s, struct span signature)
{
	unsigned difference = signature.len != (size_t)s->length;

	for (size_t i = 0; i < signature.len && i < (size_t)s->length; i++)
		difference |= s->signature[i] ^ (unsigned char)signature.data[i];
	return difference == 0;
}

/* server-final-message = (server-error / verifier) ["," extensions] */
int scram_verify(struct scram *s, struct span challenge, struct buf *complaint,
		 struct error *error)
{
	struct span value;
	struct buf signature;

	if (scram_take(&challenge, 'e', &value))
		return scram_explain(value, complaint, error);
	buf_init(&signature, SASL_CHALLENGE_MAX);
	s->proven = s->length > 0 && scram_take(&challenge, 'v', &value) &&
		    base64_decode(&signature, value) == 0 &&
		    scram_equals(s, buf_span(&signature));
	buf_clear(&signature);
	if (s->proven)
		return 0;
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay could not prove that it knows our password: it may not be "
			 "the one we take it for");
}

static int scram_begin(struct sasl_exchange *x, enum crypto_digest digest, struct buf *out,
		       struct error *error)
{
	unsigned char random[SCRAM_NONCE_BYTES];
	struct buf nonce;
	int failed;

	buf_init(&nonce, SCRAM_NONCE_MAX);
	arc4random_buf(random, sizeof(random));
	base64_encode(&nonce, digest_span(random, sizeof(random)));
	scram_init(x->state, digest);
	failed = buf_failed(&nonce) ? error_set_memory(error)
				    : scram_first(x->state, x->who, x->mechanism->binds,
						  nonce.data, out, error);
	buf_clear(&nonce);
	return failed;
}

static int scram_respond(struct sasl_exchange *x, enum crypto_digest digest,
			 struct span challenge, struct buf *out, struct error *error)
{
	switch (x->step) {
	case 0: return scram_begin(x, digest, out, error);
	case 1: return scram_final(x->state, x->who, challenge, out, error);
	case 2: return scram_verify(x->state, challenge, &x->complaint, error);
	default: return sasl_unexpected(x, error);
	}
}

static int scram_respond_sha_1(struct sasl_exchange *x, struct span challenge, struct buf *out,
			       struct error *error)
{
	return scram_respond(x, CRYPTO_SHA1, challenge, out, error);
}

static int scram_respond_sha_256(struct sasl_exchange *x, struct span challenge,
				 struct buf *out, struct error *error)
{
	return scram_respond(x, CRYPTO_SHA256, challenge, out, error);
}

static int scram_finish(const struct sasl_exchange *x, struct error *error)
{
	const struct scram *s = x->state;

	if (s->proven)
		return 0;
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay lets us in without proving that it knows our password: it "
			 "may not be the one we take it for");
}

static void scram_end(struct sasl_exchange *x)
{
	scram_clear(x->state);
}

#define SCRAM_COMMON                                                                           \
	.proof = "user name or password", .client_first = true, .hides_secret = true,          \
	.takes_identity = true, .needs_user = true, .needs_secret = true,                      \
	.state_size = sizeof(struct scram), .finish = scram_finish, .clear = scram_end

const struct sasl_mechanism sasl_scram_sha_1 = {
	.name = "SCRAM-SHA-1", .respond = scram_respond_sha_1, SCRAM_COMMON};

const struct sasl_mechanism sasl_scram_sha_1_plus = {.name = "SCRAM-SHA-1-PLUS",
						     .binds = true,
						     .respond = scram_respond_sha_1,
						     SCRAM_COMMON};

const struct sasl_mechanism sasl_scram_sha_256 = {
	.name = "SCRAM-SHA-256", .respond = scram_respond_sha_256, SCRAM_COMMON};

const struct sasl_mechanism sasl_scram_sha_256_plus = {.name = "SCRAM-SHA-256-PLUS",
						       .binds = true,
						       .respond = scram_respond_sha_256,
						       SCRAM_COMMON};
