/* Asking about an address: see verify_address.h. */
#include "cmd/verify_address.h"

#include <errno.h>
#include <stdio.h>

#include "mail/address.h"

static int verify_address_ask(struct smtp *s, const char *address, struct error *error)
{
	struct buf shown;
	int result;

	if (smtp_verify(s, address, error) < 0) {
		if (error->class == ERROR_RECIPIENT && error->code != 550 &&
		    error->code != 551 && error->code != 553)
			error->class = ERROR_RELAY;
		return -1;
	}
	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	reply_show(smtp_last_reply(s), &shown);
	result = printf("%s\n", shown.data) < 0 || fflush(stdout) != 0;
	buf_clear(&shown);
	if (result)
		return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				       "cannot write to standard output");
	return 0;
}

int cmd_verify_address(struct context *x)
{
	struct error error;
	const struct account *a = context_account(x, &error);
	struct address address = {0};
	struct relay_options relay;
	struct smtp *s = NULL;
	int result = -1;

	if (!a || address_parse(&address, span_of(x->options.address), &error) < 0)
		goto out;
	if (!address.text[0]) {
		error_set(&error, ERROR_LOCAL, STAGE_USAGE,
			  "--verify-address needs an address");
		goto out;
	}
	context_attend(x, "nothing was sent");
	relay = context_relay(x, a);
	relay.course = context_talk(x);
	s = relay_open(&relay, NULL, &error);
	if (!s) {
		relay_blame(a, &error);
		goto out;
	}
	result = verify_address_ask(s, address.text, &error);
	smtp_leave(s);
out:
	smtp_free(s);
	address_clear(&address);
	return result < 0 ? context_fail(x, &error) : 0;
}
