/* Where mail would go: see resolve.h. A message without content is made ready for each address,
 * as one that is submitted would be, and thrown away. */
#include "cmd/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "cmd/dry_run.h"
#include "cmd/submit.h"
#include "deliver/submission.h"

static int resolve_no_piece(void *context, struct span *piece, struct error *error)
{
	(void)context, (void)piece, (void)error;
	return 0;
}

static void resolve_show(const struct submission *s, const struct strv *trace)
{
	for (size_t i = 0; i < trace->count; i++)
		printf("alias: %s\n", trace->items[i]);
	if (!s)
		return;
	for (size_t i = 0; i < s->envelope.recipients.count; i++)
		printf("recipient: <%s>\n", s->envelope.recipients.items[i].text);
	dry_run_route(s->account, stdout);
}

/* What would become of a message to the request's recipients. */
static int resolve_message(struct context *x, struct submission_request *request,
			   struct error *error)
{
	const struct message_options options = submit_options();
	struct strv trace = {0};
	struct submission s = {0};
	struct message *m = message_read_pieces(resolve_no_piece, NULL, &options, error);
	int failed = -1;

	request->trace = &trace;
	if (m)
		failed = submission_prepare(&s, m, &x->config, request, error);
	for (size_t i = 0; i < s.notes.count; i++)
		if (context_is_new(x, s.notes.items[i]))
			context_tell(x, s.notes.items[i]);
	for (size_t i = 0; i < s.warnings.count; i++)
		context_tell(x, s.warnings.items[i]);
	resolve_show(failed ? NULL : &s, &trace);
	if (!failed && s.refused.names.count > 0) {
		*error = s.refused.error;
		failed = -1;
	}
	submission_clear(&s);
	strv_clear(&trace);
	message_free(m);
	return failed;
}

/* One address; error lines follow those on standard output. */
static int resolve_address(struct context *x, const struct address *a, bool first)
{
	struct submission_request request = submit_request(x);
	struct strv recipients = {0};
	struct buf word;
	struct error error;
	int code = EX_OK;

	buf_init(&word, 2 * ADDRESS_PATH_MAX);
	buf_printf(&word, "%s%s", a->verbatim ? "\\" : "", a->text);
	printf("%saddress: %s\n", first ? "" : "\n", TEXT_SHOW(buf_span(&word)));
	request.recipients = &recipients;
	request.read_recipients = false;
	if (buf_failed(&word) || strv_add(&recipients, buf_span(&word)))
		error_set_memory(&error);
	if (recipients.count == 0 || resolve_message(x, &request, &error)) {
		fflush(stdout);
		context_tell(x, error.text);
		code = error_exit_code(&error);
	}
	strv_clear(&recipients);
	buf_clear(&word);
	return code;
}

/* The addresses of an operand. */
static int resolve_operand(struct context *x, const char *operand, bool *first)
{
	struct address_list list = {0};
	struct error error;
	int code = EX_OK;

	if (address_list_parse(&list, span_of(operand), &error)) {
		error_prefix(&error, "recipient \"%s\"", TEXT_SHOW(span_of(operand)));
		context_tell(x, error.text);
		code = EX_USAGE;
	}
	for (size_t i = 0; i < list.count; i++) {
		int result = resolve_address(x, &list.items[i], *first);

		code = code == EX_OK ? result : code;
		*first = false;
	}
	address_list_clear(&list);
	return code;
}

int cmd_resolve(struct context *x)
{
	const struct strv *operands = &x->options.recipients;
	struct error error;
	bool first = true;
	int code = EX_OK;

	for (size_t i = 0; i < operands->count; i++) {
		int result = resolve_operand(x, operands->items[i], &first);

		code = code == EX_OK ? result : code;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, errno,
				"cannot write to standard output");
		return context_fail(x, &error);
	}
	return code;
}
