/* --dry-run: see dry_run.h. */
#include "cmd/dry_run.h"

#include <errno.h>
#include <inttypes.h>

#include "base/text.h"
#include "mail/outgoing.h"
#include "mail/wireform.h"

enum { DRY_RUN_BLOCK = 16 * 1024 };

static const char *dry_run_tls(const struct account *a)
{
	if (a->relay.scheme == ENDPOINT_SRV)
		return "what its SRV records name, with TLS";
	switch (account_tls_mode(a)) {
	case ACCOUNT_TLS_NEVER: return "without TLS";
	case ACCOUNT_TLS_IF_OFFERED: return "STARTTLS if offered";
	case ACCOUNT_TLS_REQUIRED: return "STARTTLS";
	case ACCOUNT_TLS_IMPLICIT: return "TLS from the first byte";
	}
	return "";
}

void dry_run_route(const struct account *a, FILE *out)
{
	struct endpoint owned;
	struct account view;
	struct buf account;
	char shown[300];

	for (size_t n = 0; account_view(a, n, &view, &owned) > 0; n++) {
		view.relay.port = account_port(&view);
		endpoint_show(&view.relay, shown, sizeof(shown));
		if (account_is_store(&view))
			fprintf(out, "relay: %s\n", TEXT_SHOW(span_of(shown)));
		else
			fprintf(out, "relay: %s, %s%s\n", TEXT_SHOW(span_of(shown)),
				dry_run_tls(&view),
				a->tls_certcheck == SETTING_OFF ? ", certificate not checked"
								: "");
		endpoint_clear(&owned);
	}
	if (account_wants_auth(a))
		fprintf(out, "login: %s\n",
			TEXT_SHOW(span_of(account_user(a) ? account_user(a) : "(none)")));
	else
		fprintf(out, "login: none\n");
	buf_init(&account, 8192);
	account_show(a, &account);
	fprintf(out, "account: %s\n", TEXT_SHOW(buf_span(&account)));
	buf_clear(&account);
}

static void dry_run_envelope(const struct envelope *e, FILE *out)
{
	fprintf(out, "sender: <%s>\n", e->sender.text ? e->sender.text : "");
	for (size_t i = 0; i < e->recipients.count; i++)
		fprintf(out, "recipient: <%s>\n", e->recipients.items[i].text);
}

/* The message as smtp/send.c puts it on the wire. A failed fwrite() shows at the end. */
static int dry_run_bytes(struct outgoing *message, FILE *out, struct error *error)
{
	struct wireform form;
	char block[DRY_RUN_BLOCK];
	struct span piece;
	int result;

	wireform_init(&form, true);
	while ((result = outgoing_next(message, &piece, error)) > 0)
		while (piece.len > 0)
			fwrite(block, 1, wireform_feed(&form, &piece, block, sizeof(block)),
			       out);
	fwrite(block, 1, wireform_finish(&form, block), out);
	fputs(".\r\n", out);
	return result;
}

int cmd_dry_run(const struct account *a, const struct envelope *e, const struct message *m,
		FILE *out, struct error *error)
{
	struct outgoing message = {.message = m};
	int failed = outgoing_open(&message,
				   account_is_store(a) ? OUTGOING_KEPT : OUTGOING_8BIT, error);

	if (!failed) {
		dry_run_route(a, out);
		dry_run_envelope(e, out);
		fprintf(out, "size: %" PRIu64 "\n\n", message.size);
		failed = dry_run_bytes(&message, out, error);
	}
	outgoing_clear(&message);
	if (failed)
		return -1;
	if (fflush(out) != 0 || ferror(out))
		return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				       "cannot write to standard output");
	return 0;
}
