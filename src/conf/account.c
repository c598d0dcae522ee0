/*
 * An account as a record: see account.h. One table lists the members that words can set, so
 * that clearing, copying and inheriting are loops which no new member can be forgotten in.
 */
#include "conf/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/match.h"

enum field_kind { FIELD_STRING, FIELD_INT, FIELD_STRINGS, FIELD_SECRET, FIELD_RELAY };

struct field {
	size_t offset;
	enum field_kind kind;
};

#define FIELD(kind, member)                                                                    \
	{                                                                                      \
		offsetof(struct account, member), FIELD_##kind                                 \
	}

/* The place of a member here is that of its word in `words`. The relay's port is a field of its
 * own, because `port` may stand in defaults and `host` in an account. */
static const struct field fields[] = {
	FIELD(RELAY, relay),
	FIELD(STRINGS, more_relays),
	FIELD(INT, relay.port),
	FIELD(INT, lmtp),
	FIELD(STRING, source_ip),
	FIELD(STRING, bind_interface),
	FIELD(INT, address_family),
	FIELD(RELAY, proxy),
	FIELD(INT, proxy.port),
	FIELD(STRING, proxy_passwordeval),
	FIELD(STRING, proxy_password_file),
	FIELD(INT, proxy_cleartext),
	FIELD(INT, timeout),
	FIELD(INT, attempt_timeout),
	FIELD(INT, timeout_scale),
	FIELD(INT, flight),
	FIELD(INT, flight_size),
	FIELD(STRING, domain),
	FIELD(STRINGS, from),
	FIELD(INT, auto_from),
	FIELD(STRING, maildomain),
	FIELD(STRING, from_full_name),
	FIELD(STRING, sender_map),
	FIELD(INT, align_from),
	FIELD(INT, allow_from_override),
	FIELD(INT, set_from_header),
	FIELD(INT, set_date_header),
	FIELD(INT, set_msgid_header),
	FIELD(INT, undisclosed_recipients),
	FIELD(INT, auth),
	FIELD(STRING, user),
	FIELD(STRING, auth_identity),
	FIELD(SECRET, password),
	FIELD(STRING, password_file),
	FIELD(STRING, passwordeval),
	FIELD(STRING, password_credential),
	FIELD(STRING, password_keyring),
	FIELD(INT, tls),
	FIELD(INT, tls_starttls),
	FIELD(INT, tls_certcheck),
	FIELD(INT, tls_trust),
	FIELD(STRING, tls_trust_file),
	FIELD(STRING, dane_resolver),
	FIELD(STRING, dane_trust_anchor),
	FIELD(STRING, tls_crl_file),
	FIELD(STRING, tls_cert_file),
	FIELD(STRING, tls_key_file),
	FIELD(STRING, tls_key_password_file),
	FIELD(STRING, tls_key_passwordeval),
	FIELD(STRING, tls_fingerprint),
	FIELD(STRING, tls_pin),
	FIELD(INT, tls_min_version),
	FIELD(STRING, tls_priorities),
	FIELD(STRING, tls_host_override),
	FIELD(INT, tls_session_cache),
	FIELD(STRING, dsn_notify),
	FIELD(STRING, dsn_return),
	FIELD(STRING, deliver_by),
	FIELD(STRING, submitter),
	FIELD(INT, require_tls),
	FIELD(INT, queue),
	FIELD(STRING, queue_dir),
	FIELD(INT, delivery),
	FIELD(INT, queue_lifetime),
	FIELD(INT, delay_notice),
	FIELD(INT, duplicates),
	FIELD(INT, connections),
	FIELD(INT, rate_count),
	FIELD(INT, rate_seconds),
	FIELD(INT, report_limit),
	FIELD(STRING, failure_command),
	FIELD(INT, runner),
	FIELD(STRING, aliases),
	FIELD(INT, aliases_include),
	FIELD(STRINGS, local_domains),
	FIELD(INT, rewrite_headers),
	FIELD(STRING, logfile),
	FIELD(STRING, log_format),
	FIELD(STRING, logfile_time_format),
	FIELD(INT, syslog),
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

_Static_assert((int)FIELD_COUNT <= (int)ACCOUNT_WORDS_MAX, "a word a field");
_Static_assert(sizeof(enum setting) == sizeof(int), "switches are copied as int");
_Static_assert(sizeof(enum account_auth) == sizeof(int), "so is auth");
_Static_assert(sizeof(enum account_family) == sizeof(int), "so is address_family");
_Static_assert(sizeof(enum account_delivery) == sizeof(int), "so is delivery");
_Static_assert(sizeof(enum account_trust) == sizeof(int), "so is trust");

static void *field_in(struct account *a, const struct field *f)
{
	return (char *)a + f->offset;
}

static const void *field_of(const struct account *a, const struct field *f)
{
	return (const char *)a + f->offset;
}

static void field_clear(struct account *a, const struct field *f)
{
	void *p = field_in(a, f);

	switch (f->kind) {
	case FIELD_STRING: free(*(char **)p); break;
	case FIELD_STRINGS: strv_clear(p); break;
	case FIELD_SECRET: buf_wipe(p); break;
	case FIELD_RELAY: endpoint_clear(p); break;
	case FIELD_INT: break;
	}
}

void account_clear(struct account *a)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		field_clear(a, &fields[i]);
	free(a->name);
	free(a->origin);
	*a = (struct account){0};
}

/* Replaces *to by a copy of from, NULL included. */
static int string_copy(char **to, const char *from)
{
	char *copy = NULL;

	if (from && !(copy = strdup(from)))
		return -1;
	free(*to);
	*to = copy;
	return 0;
}

static int strings_copy(struct strv *to, const struct strv *from)
{
	strv_clear(to);
	for (size_t i = 0; i < from->count; i++)
		if (strv_add(to, span_of(from->items[i])))
			return -1;
	return 0;
}

static int secret_copy(struct buf *to, const struct buf *from)
{
	buf_wipe(to);
	buf_init_secret(to, from->max);
	buf_add_span(to, buf_span(from));
	return buf_failed(to) ? -1 : 0;
}

/* All but the port. */
static int relay_copy(struct endpoint *to, const struct endpoint *from)
{
	struct endpoint copy;

	if (endpoint_copy(&copy, from))
		return -1;
	copy.port = to->port;
	endpoint_clear(to);
	*to = copy;
	return 0;
}

static int field_copy(struct account *a, const struct account *base, const struct field *f)
{
	void *to = field_in(a, f);
	const void *from = field_of(base, f);

	switch (f->kind) {
	case FIELD_STRING: return string_copy(to, *(char *const *)from);
	case FIELD_STRINGS: return strings_copy(to, from);
	case FIELD_SECRET: return secret_copy(to, from);
	case FIELD_RELAY: return relay_copy(to, from);
	case FIELD_INT: memcpy(to, from, sizeof(int)); break;
	}
	return 0;
}

int account_copy(struct account *a, const struct account *base)
{
	int result = 0;

	for (size_t i = 0; i < FIELD_COUNT; i++)
		result |= field_copy(a, base, &fields[i]);
	a->here = base->here;
	memcpy(a->words, base->words, sizeof(a->words));
	result |= string_copy(&a->name, base->name);
	return result | string_copy(&a->origin, base->origin);
}

void account_mark(struct account *a, size_t offset)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].offset == offset) {
			a->words[i] = a->here;
			a->words[i].own = true;
		}
}

bool account_is_list(size_t offset)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].offset == offset)
			return fields[i].kind == FIELD_STRINGS;
	return false;
}

struct account_word account_word(const struct account *a, size_t offset)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].offset == offset)
			return a->words[i];
	return (struct account_word){0};
}

void account_disown(struct account *a)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		a->words[i].own = false;
}

int account_inherit(struct account *a, const struct account *base)
{
	int result = 0;

	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (base->words[i].own) {
			result |= field_copy(a, base, &fields[i]);
			a->words[i] = base->words[i];
		}
	return result;
}

void account_forget_secret(struct account *a)
{
	a->secret_withheld = a->password.len > 0 || a->password_file || a->passwordeval ||
			     a->password_credential || a->password_keyring;
	buf_wipe(&a->password);
	free(a->password_file);
	free(a->passwordeval);
	free(a->password_credential);
	free(a->password_keyring);
	a->password_file = a->passwordeval = a->password_credential = NULL;
	a->password_keyring = NULL;
}

/* The first word that asks something of a server, where there is none; or NULL. */
static const char *account_word_for_server(const struct account *a)
{
	if (a->tls == SETTING_ON || a->tls == SETTING_AUTO)
		return "tls";
	if (a->require_tls == SETTING_ON)
		return "require_tls";
	if (a->auth != ACCOUNT_AUTH_UNSET && a->auth != ACCOUNT_AUTH_OFF)
		return "auth";
	if (a->user)
		return "user";
	if (a->auth_identity)
		return "auth_identity";
	if (a->password.len > 0)
		return "password";
	if (a->password_file)
		return "password_file";
	if (a->passwordeval)
		return "passwordeval";
	if (a->password_credential)
		return "password_credential";
	if (a->password_keyring)
		return "password_keyring";
	return a->lmtp != SETTING_UNSET ? "protocol" : NULL;
}

static int account_check_store(const struct account *a, struct error *error)
{
	const char *word = account_word_for_server(a);
	bool is_switch =
		word && (strcmp(word, "tls") == 0 || strcmp(word, "require_tls") == 0 ||
			 strcmp(word, "auth") == 0);
	char shown[300];

	if (!word)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "%s contradicts the relay %s, where no server is asked: %s", word,
			 endpoint_show(&a->relay, shown, sizeof(shown)),
			 is_switch ? "say \"off\", or drop the word"
				   : "say it without a value, or drop the word");
}

/* Two ways to say who is trusted cannot both be meant. */
static int account_check_trust(const struct account *a, struct error *error)
{
	const char *other = a->tls_trust_file    ? "tls_trust_file"
			    : a->tls_crl_file    ? "tls_crl_file"
			    : a->tls_fingerprint ? "tls_fingerprint"
						 : NULL;

	if (a->tls_certcheck == SETTING_OFF && (a->tls_pin || a->tls_trust != ACCOUNT_TRUST_CA))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls_certcheck off contradicts %s: drop one of them",
				 a->tls_pin ? "tls_pin" : "tls_trust");
	if (a->tls_trust == ACCOUNT_TRUST_FIRST_USE && other)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls_trust first-use contradicts %s: drop one of them", other);
	if (a->tls_trust != ACCOUNT_TRUST_CA && a->tls_fingerprint)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"tls_trust dane contradicts tls_fingerprint: drop one of them");
	return 0;
}

void account_forget_proxy_secret(struct account *a)
{
	free(a->proxy_passwordeval);
	free(a->proxy_password_file);
	a->proxy_passwordeval = a->proxy_password_file = NULL;
}

/* account_check() of one relay. */
static int account_check_one(const struct account *a, struct error *error)
{
	enum endpoint_scheme scheme = a->relay.scheme;

	if (account_is_store(a))
		return account_check_store(a, error);
	if (account_check_trust(a, error))
		return -1;
	if (scheme == ENDPOINT_SUBMISSIONS && (a->tls == SETTING_OFF || a->tls == SETTING_AUTO))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"tls %s contradicts the relay submissions://, which is TLS from "
			"the first byte: write submission:// or smtp://, or drop the word",
			a->tls == SETTING_OFF ? "off" : "auto");
	if (scheme == ENDPOINT_SRV && (a->tls == SETTING_OFF || a->tls == SETTING_AUTO))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls %s contradicts the relay srv://, which demands TLS: name "
				 "the relay itself, or drop the word",
				 a->tls == SETTING_OFF ? "off" : "auto");
	if (scheme == ENDPOINT_SRV && a->tls_trust == ACCOUNT_TRUST_FIRST_USE)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls_trust first-use contradicts the relay srv://, where a "
				 "forged answer would be trusted the first time: name the "
				 "relay itself");
	if (scheme == ENDPOINT_SUBMISSIONS && a->tls_starttls == SETTING_ON)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"tls_starttls on contradicts the relay submissions://, which is "
			"TLS from the first byte: write submission:// or drop the word");
	if (a->lmtp == SETTING_ON && (scheme == ENDPOINT_SUBMISSIONS ||
				      scheme == ENDPOINT_SUBMISSION || scheme == ENDPOINT_SMTP))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"protocol lmtp contradicts the relay's URL: write lmtp:// or drop "
			"the word");
	if (a->lmtp == SETTING_OFF && scheme == ENDPOINT_LMTP)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "protocol smtp contradicts the relay lmtp://: drop the word");
	if (a->align_from == SETTING_ON && !account_sender(a) &&
	    !(account_user(a) && strchr(account_user(a), '@')))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "align_from on needs an address to align with: name it with "
				 "\"from\"");
	if (scheme != ENDPOINT_SUBMISSIONS && a->tls == SETTING_AUTO &&
	    a->tls_starttls == SETTING_OFF)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"tls auto contradicts tls_starttls off: TLS from the first byte "
			"cannot depend on what the relay offers");
	if (!endpoint_is_bare(&a->relay) && scheme != ENDPOINT_SUBMISSIONS &&
	    a->tls != SETTING_OFF && a->tls_starttls == SETTING_OFF)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"tls_starttls off contradicts the relay's URL: TLS from the first "
			"byte is written submissions://");
	return 0;
}

int account_view(const struct account *a, size_t n, struct account *view,
		 struct endpoint *owned)
{
	struct error error;

	*view = *a;
	*owned = (struct endpoint){0};
	view->more_relays = (struct strv){0};
	if (n == 0)
		return 1;
	if (n > a->more_relays.count)
		return 0;
	if (endpoint_parse(owned, span_of(a->more_relays.items[n - 1]), &error))
		return -1;
	view->relay = *owned;
	return 1;
}

bool account_is_simple(const struct account *a)
{
	return a->more_relays.count == 0 && a->relay.scheme != ENDPOINT_SRV;
}

int account_check(const struct account *a, struct error *error)
{
	struct endpoint owned;
	struct account view;
	int failed = 0;

	for (size_t n = 0; !failed && account_view(a, n, &view, &owned) > 0; n++) {
		failed = account_check_one(&view, error);
		endpoint_clear(&owned);
	}
	return failed;
}

/* Whether TLS would have to look at a certificate for a name that nobody said. */
static bool account_lacks_name(const struct account *a)
{
	return (a->relay.scheme == ENDPOINT_PIPE || a->relay.scheme == ENDPOINT_FD) &&
	       !a->relay.host && !a->tls_host_override && !a->tls_fingerprint &&
	       a->tls_certcheck != SETTING_OFF && account_tls_mode(a) != ACCOUNT_TLS_NEVER;
}

int account_check_relay(const struct account *a, struct error *error)
{
	if (account_check(a, error))
		return error_prefix(error, "account %s",
				    TEXT_SHOW(span_of(a->name ? a->name : "(unnamed)")));
	if (account_lacks_name(a))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "account %s does not say what the relay is called, which TLS "
				 "has to know: add \"host\" or \"tls_host_override\"",
				 TEXT_SHOW(span_of(a->name ? a->name : "(unnamed)")));
	if (a->relay.host || a->relay.path || a->relay.scheme != ENDPOINT_NONE)
		return 0;
	return error_set(
		error, ERROR_LOCAL, STAGE_CONFIG,
		"%s: account %s does not say where its relay is: add \"relay\" or \"host\"",
		a->origin ? a->origin : "configuration",
		TEXT_SHOW(span_of(a->name ? a->name : "(unnamed)")));
}

/* Whether host and port without a URL come to TLS from the first byte. */
static bool host_is_implicit(const struct account *a)
{
	if (a->tls == SETTING_OFF || a->tls == SETTING_AUTO)
		return false;
	if (a->tls_starttls != SETTING_UNSET)
		return a->tls_starttls == SETTING_OFF;
	return a->relay.port == 465;
}

enum account_tls account_tls_mode(const struct account *a)
{
	enum endpoint_scheme scheme = a->relay.scheme;

	if (scheme == ENDPOINT_SUBMISSIONS)
		return ACCOUNT_TLS_IMPLICIT;
	if (a->tls == SETTING_OFF ||
	    (a->tls == SETTING_UNSET && scheme != ENDPOINT_SUBMISSION &&
	     endpoint_is_local(&a->relay) &&
	     (a->relay.path || a->proxy.scheme == ENDPOINT_NONE)))
		return ACCOUNT_TLS_NEVER;
	if (a->tls == SETTING_AUTO)
		return ACCOUNT_TLS_IF_OFFERED;
	if (endpoint_is_bare(&a->relay) && host_is_implicit(a))
		return ACCOUNT_TLS_IMPLICIT;
	return ACCOUNT_TLS_REQUIRED;
}

bool account_is_store(const struct account *a)
{
	return endpoint_is_store(&a->relay);
}

bool account_is_lmtp(const struct account *a)
{
	return a->relay.scheme == ENDPOINT_LMTP || a->lmtp == SETTING_ON;
}

bool account_wants_dane(const struct account *a)
{
	return a->tls_trust == ACCOUNT_TRUST_DANE || a->tls_trust == ACCOUNT_TRUST_DANE_ONLY;
}

bool account_wants_auth(const struct account *a)
{
	if (a->auth == ACCOUNT_AUTH_UNSET)
		return account_user(a) != NULL;
	return a->auth != ACCOUNT_AUTH_OFF;
}

const char *account_user(const struct account *a)
{
	return a->user ? a->user : a->relay.user;
}

int account_port(const struct account *a)
{
	if (a->relay.port != 0)
		return a->relay.port;
	if (!endpoint_is_bare(&a->relay))
		return endpoint_port(&a->relay);
	if (account_is_lmtp(a))
		return 24;
	if (account_tls_mode(a) == ACCOUNT_TLS_IMPLICIT)
		return 465;
	return account_wants_auth(a) ? 587 : 25;
}

static bool account_matches(const struct account *a, const char *address)
{
	for (size_t i = 0; i < a->from.count; i++)
		if (match_address(a->from.items[i], address))
			return true;
	return false;
}

bool account_has_address(const struct account *a, const char *address)
{
	const char *at = strrchr(address, '@');
	const char *plus = strchr(address, '+');
	struct buf plain;
	bool matches = account_matches(a, address);

	if (matches || !at || !plus || plus > at || plus == address)
		return matches;
	buf_init(&plain, strlen(address) + 1);
	buf_add(&plain, address, (size_t)(plus - address));
	buf_add_string(&plain, at);
	matches = !buf_failed(&plain) && account_matches(a, plain.data);
	buf_clear(&plain);
	return matches;
}

const char *account_sender(const struct account *a)
{
	for (size_t i = 0; i < a->from.count; i++)
		if (!strpbrk(a->from.items[i], "*?["))
			return a->from.items[i];
	return NULL;
}

void account_show(const struct account *a, struct buf *out)
{
	if (a->name && a->origin && strcmp(a->name, a->origin) != 0)
		buf_printf(out, "%s, ", a->name);
	buf_add_string(out, a->origin ? a->origin : "(unknown)");
}
