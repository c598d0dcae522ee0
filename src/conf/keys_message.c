/* The keys of THE MESSAGE: whom it is from, its header, what it wishes, and its addresses. */
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "conf/expand.h"
#include "conf/key.h"
#include "mail/address.h"
#include "mail/wishes.h"

/* One address or pattern of `from`: what cannot stand in either is refused here, the rest where
 * the address is used. */
static int from_add(struct strv *from, const struct key *key, struct span word,
		    struct error *error)
{
	char *copy = span_dup(word);
	int result = 0;

	if (copy && strpbrk(copy, "<>()\";"))
		result = key_refuse(key, copy,
				    "a bare address or pattern, as in joe@example.org", error);
	else if (strv_add(from, word))
		result = error_set_memory(error);
	free(copy);
	return result;
}

static int set_from(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	struct strv from = {0};

	while (value && *value) {
		size_t len = strcspn(value, ", \t");

		if (len > 0 && from_add(&from, key, (struct span){value, len}, error)) {
			strv_clear(&from);
			return -1;
		}
		value += len + (value[len] != '\0');
	}
	strv_clear(&a->from);
	a->from = from;
	account_mark(a, KEY_AT(from));
	return 0;
}

static int set_full_name(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && strlen(value) > ADDRESS_NAME_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: the name is longer than %d bytes", key->name,
				 ADDRESS_NAME_MAX);
	return key_put_text(a, key->offset, value, error);
}

/* msmtp's older add_missing_..._header: on is auto now. */
static int set_missing(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	key_put_number(a, key->offset,
		       value && strcmp(value, "off") == 0 ? SETTING_OFF : SETTING_AUTO);
	return 0;
}

/* Whether Bcc is kept, which it never is. */
static int set_bcc(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	(void)a;
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	return 0;
}

/* A word that mail/wishes.h reads when it is used: here only whether it can. */
static int set_wish(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	struct wishes read = {0};
	int failed = 0;

	if (value && *value)
		failed = key->offset == KEY_AT(dsn_notify)
				 ? wishes_set_notify(&read, value, error)
			 : key->offset == KEY_AT(dsn_return)
				 ? wishes_set_return(&read, value, error)
				 : wishes_set_deliver_by(&read, value, error);
	if (!failed)
		return key_put_text(a, key->offset, value, error);
	error->stage = STAGE_CONFIG;
	return error_prefix(error, "%s", key->name);
}

static int set_submitter(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	struct address read = {0};
	int failed;

	if (!value || !*value)
		return key_put_text(a, key->offset, NULL, error);
	if (address_parse(&read, span_of(value), error))
		return key_refuse(key, value, "an address, or <> for none", error);
	failed = key_put_text(a, key->offset, read.text[0] ? read.text : "<>", error);
	address_clear(&read);
	return failed;
}

/* What a domain or a pattern of one is made of. */
static bool is_domain_pattern(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!chars_is(word.data[i], CHARS_ALNUM | CHARS_UTF8) &&
		    !strchr("-._*?[]!^", word.data[i]))
			return false;
	return word.len > 0;
}

static int set_domains(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	struct strv domains = {0};
	int failed = 0;

	while (!failed && value && *value) {
		struct span word = {value, strcspn(value, ", \t")};

		value += word.len + (value[word.len] != '\0');
		if (word.len == 0)
			continue;
		if (!is_domain_pattern(word))
			failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					   "%s: \"%s\" is not a domain or a pattern, as in "
					   "*.example.org",
					   key->name, TEXT_SHOW(word));
		else if (strv_add(&domains, word))
			failed = error_set_memory(error);
	}
	if (failed) {
		strv_clear(&domains);
		return -1;
	}
	strv_clear(&a->local_domains);
	a->local_domains = domains;
	account_mark(a, KEY_AT(local_domains));
	return 0;
}

const struct key keys_message[] = {
	{"from", set_from, KEYS_KIND_LIST, KEY_AT(from), KEYS_NAMES | KEYS_PASSING},
	{"from_full_name", set_full_name, KEYS_KIND_TEXT, KEY_AT(from_full_name), KEYS_PASSING},
	{"sender_map", key_set_text, KEYS_KIND_TEXT, KEY_AT(sender_map),
	 KEYS_FILE | KEYS_PASSING},
	{"align_from", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(align_from), KEYS_PASSING,
	 KEY_ON_OFF},
	{"allow_from_override", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(allow_from_override),
	 KEYS_PASSING, KEY_ON_OFF},
	{"auto_from", key_set_switch, KEYS_KIND_NONE, KEY_AT(auto_from), KEYS_PASSING,
	 KEY_ON_OFF, "is obsolete: write \"from %U@example.org\", with your own domain",
	 KEY_ASKS_UNLESS_OFF},
	{"maildomain", key_set_host_name, KEYS_KIND_NONE, KEY_AT(maildomain), KEYS_PASSING, 0,
	 "is obsolete: write \"from %U@example.org\", with your own domain"},
	{"set_from_header", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(set_from_header),
	 KEYS_PASSING, KEY_ON_OFF_AUTO},
	{"add_missing_from_header", set_missing, KEYS_KIND_NONE, KEY_AT(set_from_header),
	 KEYS_PASSING, 0, "is obsolete: write \"set_from_header auto\", or off"},
	{"set_date_header", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(set_date_header),
	 KEYS_PASSING, KEY_AUTO_OFF},
	{"add_missing_date_header", set_missing, KEYS_KIND_NONE, KEY_AT(set_date_header),
	 KEYS_PASSING, 0, "is obsolete: write \"set_date_header auto\", or off"},
	{"set_msgid_header", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(set_msgid_header),
	 KEYS_PASSING, KEY_AUTO_OFF},
	{"remove_bcc_headers", set_bcc, KEYS_KIND_NONE, 0, KEYS_PASSING, 0,
	 "is not followed: Bcc fields are removed, because every recipient could read them",
	 KEY_ASKS_IF_OFF},
	{"keepbcc", set_bcc, KEYS_KIND_NONE, 0, KEYS_PASSING, 0,
	 "is not followed: Bcc fields are removed, because every recipient could read them",
	 KEY_ASKS_UNLESS_OFF},
	{"undisclosed_recipients", key_set_switch, KEYS_KIND_SWITCH,
	 KEY_AT(undisclosed_recipients), KEYS_PASSING, KEY_ON_OFF},
	{"dsn_notify", set_wish, KEYS_KIND_TEXT, KEY_AT(dsn_notify), KEYS_PASSING},
	{"dsn_return", set_wish, KEYS_KIND_TEXT, KEY_AT(dsn_return), KEYS_PASSING},
	{"deliver_by", set_wish, KEYS_KIND_TEXT, KEY_AT(deliver_by), KEYS_PASSING},
	{"require_tls", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(require_tls), KEYS_PASSING,
	 KEY_ON_OFF},
	{"submitter", set_submitter, KEYS_KIND_TEXT, KEY_AT(submitter), KEYS_PASSING},
	{"aliases", key_set_text, KEYS_KIND_TEXT, KEY_AT(aliases), KEYS_FILE | KEYS_PASSING},
	{"aliases_include", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(aliases_include),
	 KEYS_PASSING, KEY_ON_OFF},
	{"local_domains", set_domains, KEYS_KIND_LIST, KEY_AT(local_domains),
	 KEYS_NAMES | KEYS_PASSING},
	{"rewrite_headers", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(rewrite_headers),
	 KEYS_PASSING, KEY_ON_OFF},
	{.name = NULL},
};

int keys_settle(struct account *a, struct error *error)
{
	struct key from = {.name = "auto_from"};
	struct buf address;
	int failed;

	if (a->auto_from != SETTING_ON)
		return 0;
	buf_init(&address, ADDRESS_NAME_MAX);
	buf_printf(&address, "%%U%s%s", a->maildomain ? "@" : "",
		   a->maildomain ? a->maildomain : "");
	a->here = account_word(a, KEY_AT(auto_from));
	failed = expand_names(&address, error) || set_from(a, &from, address.data, error);
	buf_clear(&address);
	return failed ? -1 : 0;
}
