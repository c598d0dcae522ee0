/* An account in the making: see configure_draft.h. */
#include "cmd/configure_draft.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "conf/keys.h"
#include "conf/word.h"

enum { DRAFT_MAX = 256 * 1024, DRAFT_REMARK_MAX = 4096 };

int draft_init(struct draft *d, const char *name, struct error *error)
{
	*d = (struct draft){0};
	buf_init_secret(&d->text, DRAFT_MAX);
	d->account.name = span_dup(span_of(name));
	d->account.origin = span_dup(span_of("command line"));
	buf_add_string(&d->text, "account ");
	if (!word_write(&d->text, "account", span_of(name)))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "\"%s\" cannot be the name of an account",
				 TEXT_SHOW(span_of(name)));
	buf_add_char(&d->text, '\n');
	return d->account.name && d->account.origin ? 0 : error_set_memory(error);
}

void draft_clear(struct draft *d)
{
	buf_wipe(&d->text);
	account_clear(&d->account);
}

void draft_remark(struct draft *d, const char *format, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, DRAFT_REMARK_MAX);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	word_remark(&d->text, text.data);
	buf_clear(&text);
}

int draft_word(struct draft *d, const char *key, const char *value, struct error *error)
{
	if (keys_set_value(&d->account, key, value, error)) {
		error->stage = STAGE_USAGE;
		return -1;
	}
	buf_add_string(&d->text, key);
	if (value) {
		buf_add_char(&d->text, ' ');
		if (!word_write(&d->text, key, span_of(value)))
			return error_set(error, ERROR_LOCAL, STAGE_USAGE,
					 "no line of the configuration can hold what %s is to "
					 "be",
					 key);
	}
	buf_add_char(&d->text, '\n');
	/* A command may have a password among its words. */
	d->secret = d->secret || keys_flags(key) & KEYS_SECRET || strstr(key, "passwordeval");
	return 0;
}

int draft_settle(struct draft *d, struct error *error)
{
	if (buf_failed(&d->text))
		return error_set_memory(error);
	return keys_settle(&d->account, error) || account_check_relay(&d->account, error) ? -1
											  : 0;
}
