/*
 * The configuration: text in, accounts out, and what the accounts come to. Text runs no command
 * and reads no file here; were it otherwise, this target would find out the hard way. What is
 * shown of the accounts must be read again, without a word.
 */
#include "conf/config.h"
#include "conf/show.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every account must stand being copied, inherited from and asked. */
static void use(const struct account *a)
{
	struct account copy = {0};
	struct error error;

	if (account_copy(&copy, a) || account_inherit(&copy, a) || account_check(&copy, &error))
		abort();
	if (account_tls_mode(&copy) == ACCOUNT_TLS_NEVER && copy.tls == SETTING_ON)
		abort();
	if (account_port(&copy) < 0 || account_port(&copy) > 65535)
		abort();
	account_wants_auth(&copy);
	account_sender(&copy);
	account_clear(&copy);
}

static void show(const struct config *c)
{
	struct config again = {.home = "/home/joe"};
	struct error error;
	struct buf text;

	buf_init(&text, 64 * 1024 * 1024);
	for (size_t i = 0; i < c->count; i++)
		show_account(c, &c->accounts[i], &text);
	if (buf_failed(&text) || config_parse(&again, "shown", buf_span(&text), &error) ||
	    again.count != c->count || again.warnings.count > 0)
		abort();
	config_clear(&again);
	buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c = {.home = "/home/joe"};
	struct span text = {(const char *)data, size};
	struct error error;

	if (config_parse(&c, "conf", text, &error) && c.count > 0)
		abort();
	if (size <= 4096)
		show(&c);
	for (size_t i = 0; i < c.count; i++) {
		use(&c.accounts[i]);
		for (size_t k = 0; k < c.accounts[i].from.count; k++)
			config_match(&c, c.accounts[i].from.items[k]);
	}
	config_clear(&c);
	return 0;
}
