/*
 * XOAUTH2 and OAUTHBEARER: an access token instead of a password (RFC 7628, and Google's
 * description of its forerunner). Getting and renewing the token is somebody else's task.
 *
 * A refusal comes as a challenge with JSON in it, which must be answered before the relay says
 * its 535. Of the JSON only the few texts that help a person are picked out.
 */
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "sasl/sasl.h"

/* A token of RFC 6750 section 2.1 is made of letters, digits and some signs; what must not be
 * in it is anything that ends it here. */
static int oauth_check_token(const struct sasl_exchange *x, struct error *error)
{
	struct span token = x->who->password;

	if (token.len == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the access token is empty");
	for (size_t i = 0; i < token.len; i++)
		if (!chars_is(token.data[i], CHARS_GRAPHIC))
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "the access token for %s holds a character that no "
					 "token has: what is fetched as the password must be "
					 "the token alone",
					 x->mechanism->name);
	return 0;
}

/* Takes a JSON string off the front of text, behind its first quote. Escapes stay as they are.
 * False when it does not end. */
static bool json_take_string(struct span *text, struct span *string)
{
	size_t i = 0;

	while (i < text->len && text->data[i] != '"')
		i += text->data[i] == '\\' ? 2 : 1;
	if (i >= text->len)
		return false;
	*string = (struct span){text->data, i};
	*text = (struct span){text->data + i + 1, text->len - i - 1};
	return true;
}

static void json_skip_blanks(struct span *text)
{
	while (text->len > 0 && chars_is(*text->data, CHARS_BLANK | CHARS_NEWLINE)) {
		text->data++;
		text->len--;
	}
}

/* The value behind a member's name: the inside of a string, or a number or word as it is. */
static bool json_take_value(struct span *text, struct span *value)
{
	size_t len = 0;

	if (text->len > 0 && *text->data == '"') {
		*text = (struct span){text->data + 1, text->len - 1};
		return json_take_string(text, value);
	}
	while (len < text->len && chars_is(text->data[len], CHARS_ALNUM))
		len++;
	*value = (struct span){text->data, len};
	*text = (struct span){text->data + len, text->len - len};
	return len > 0;
}

/* Looks for a member called name, at any depth, in one pass; its text, or nothing. */
static struct span json_find(struct span text, const char *name)
{
	struct span string, value;

	while (text.len > 0) {
		bool quote = *text.data == '"';

		text = (struct span){text.data + 1, text.len - 1};
		if (!quote)
			continue;
		if (!json_take_string(&text, &string))
			break;
		json_skip_blanks(&text);
		if (text.len == 0 || *text.data != ':')
			continue;
		text = (struct span){text.data + 1, text.len - 1};
		json_skip_blanks(&text);
		if (span_equals(string, name) && json_take_value(&text, &value))
			return value;
	}
	return (struct span){0};
}

/* What the values of status mean: those of RFC 7628 section 3.2.2, and HTTP's numbers, which
 * XOAUTH2 has. */
static const struct {
	const char *status;
	const char *words;
} oauth_words[] = {
	{"invalid_token", "the access token is expired, revoked or not meant for this relay: "
			  "get a new one"},
	{"401", "the access token is expired, revoked or not meant for this relay: get a new "
		"one"},
	{"400", "the access token is not one that the relay can use, or it has expired: get a "
		"new one"},
	{"insufficient_scope", "the access token does not allow to send mail: get one with the "
			       "right scope"},
	{"403", "the access token does not allow to send mail: get one with the right scope"},
	{"invalid_request", "the relay does not understand how we presented the access token"},
};

/* error-response of RFC 7628 section 3.2.2, for a person. */
static void oauth_explain(struct span json, struct buf *out)
{
	static const char *const members[] = {"status", "error", "error_description", "scope"};
	struct span status = json_find(json, "status");
	const char *words = "the relay does not accept the access token";
	const char *before = " (";

	if (status.len == 0)
		status = json_find(json, "error");
	for (size_t i = 0; i < sizeof(oauth_words) / sizeof(oauth_words[0]); i++)
		if (span_equals(status, oauth_words[i].status))
			words = oauth_words[i].words;
	buf_add_string(out, words);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		struct span value = json_find(json, members[i]);

		if (value.len == 0)
			continue;
		buf_printf(out, "%s%s: %s", before, members[i], TEXT_SHOW(value));
		before = ", ";
	}
	if (*before == ',')
		buf_add_char(out, ')');
	else if (json.len > 0)
		buf_printf(out, ": %s", TEXT_SHOW(span_trim(json)));
}

/* initial_client_response = "user=" USER %x01 "auth=Bearer " TOKEN %x01 %x01. The error is
 * answered with nothing. */
static int xoauth2_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			   struct error *error)
{
	if (x->step > 1)
		return sasl_unexpected(x, error);
	if (x->step == 1) {
		oauth_explain(challenge, &x->complaint);
		return 0;
	}
	if (oauth_check_token(x, error))
		return -1;
	buf_printf(out,
		   "user=%s\x01"
		   "auth=Bearer ",
		   x->who->user);
	buf_add_span(out, x->who->password);
	buf_add_string(out, "\x01\x01");
	return 0;
}

/* client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep (RFC 7628 section 3.1); the latter is
 * the answer to an error. */
static int oauthbearer_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			       struct error *error)
{
	const struct sasl_credentials *who = x->who;
	bool named = who->identity && *who->identity;

	if (x->step > 1)
		return sasl_unexpected(x, error);
	if (x->step == 1) {
		oauth_explain(challenge, &x->complaint);
		buf_add_char(out, '\x01');
		return 0;
	}
	if (oauth_check_token(x, error))
		return -1;
	buf_add_string(out, "n,a=");
	sasl_add_name(out, span_of(named ? who->identity : who->user));
	buf_add_string(out, ",\x01");
	if (who->host)
		buf_printf(out, "host=%s\x01", who->host);
	if (who->port > 0)
		buf_printf(out, "port=%d\x01", who->port);
	buf_add_string(out, "auth=Bearer ");
	buf_add_span(out, who->password);
	buf_add_string(out, "\x01\x01");
	return 0;
}

const struct sasl_mechanism sasl_xoauth2 = {
	.name = "XOAUTH2",
	.proof = "user name or access token",
	.client_first = true,
	.needs_user = true,
	.needs_secret = true,
	.respond = xoauth2_respond,
};

const struct sasl_mechanism sasl_oauthbearer = {
	.name = "OAUTHBEARER",
	.proof = "user name or access token",
	.client_first = true,
	.takes_identity = true,
	.needs_user = true,
	.needs_secret = true,
	.respond = oauthbearer_respond,
};
