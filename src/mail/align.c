/* Another author's address: see align.h. */
#include "mail/align.h"

#include <stdlib.h>
#include <string.h>

#include "mail/edit.h"

enum { ALIGN_BODY_MAX = 64 * 1024 };

/* The mailboxes of a field; none when it is malformed. */
static void align_read(struct address_list *list, struct span body)
{
	struct error ignored;

	address_list_parse(list, body, &ignored);
}

/* The old way to say the name, which cron still has: a comment behind the only address. Returns
 * the empty span where there is none, or one that wants a parser. */
static struct span align_comment(struct span body)
{
	const char *open = body.len > 0 ? memrchr(body.data, '(', body.len) : NULL;
	struct span inner = {0};

	if (!open || body.data[body.len - 1] != ')')
		return inner;
	inner.data = open + 1;
	inner.len = (size_t)(body.data + body.len - 1 - inner.data);
	for (size_t i = 0; i < inner.len; i++)
		if (strchr(")\\\"\n", inner.data[i]))
			return (struct span){0};
	return span_trim(inner);
}

/* The display name of the first author, or NULL, also for one beyond all measure; to be freed.
 */
static char *align_name(struct span body)
{
	struct address_list list = {0};
	char *name = NULL;

	align_read(&list, body);
	if (list.count > 0 && list.items[0].name && list.items[0].name[0])
		name = span_dup(span_of(list.items[0].name));
	else if (list.count == 1 && align_comment(body).len > 0)
		name = span_dup(align_comment(body));
	address_list_clear(&list);
	if (name && strlen(name) > ADDRESS_NAME_MAX) {
		free(name);
		name = NULL;
	}
	return name;
}

int align_replace_from(struct header *h, const struct address *author, struct error *error)
{
	char *name = align_name(header_body(h, HEADER_FROM));
	struct address shown = *author;
	struct buf body;
	int failed;

	if (name)
		shown.name = name;
	buf_init(&body, ALIGN_BODY_MAX);
	edit_mailbox(&body, &shown);
	header_drop(h, HEADER_FROM);
	failed = buf_failed(&body) || header_add(h, "From", body.data);
	buf_clear(&body);
	free(name);
	return failed ? error_set_memory(error) : 0;
}

/* Whether an answer to these could arrive. */
static bool align_can_answer(struct span body)
{
	struct address_list list = {0};
	bool result;

	align_read(&list, body);
	result = list.count > 0;
	for (size_t i = 0; i < list.count; i++)
		result = result && address_domain(&list.items[i]);
	address_list_clear(&list);
	return result;
}

/* A field of another name with what the one of this id says. */
static int align_keep(struct header *h, enum header_id id, const char *name)
{
	char *body = span_dup(header_body(h, id));
	int result = body ? header_add(h, name, body) : -1;

	free(body);
	return result;
}

int align_from(struct header *h, const struct address *author, struct error *error)
{
	bool answer = header_body(h, HEADER_REPLY_TO).len == 0 &&
		      align_can_answer(header_body(h, HEADER_FROM));
	bool sender = header_find(h, HEADER_SENDER) != NULL;

	if ((sender && align_keep(h, HEADER_SENDER, "X-Original-Sender")) ||
	    align_keep(h, HEADER_FROM, answer ? "Reply-To" : "X-Original-From"))
		return error_set_memory(error);
	header_drop(h, HEADER_SENDER);
	if (answer)
		header_drop(h, HEADER_REPLY_TO);
	return align_replace_from(h, author, error);
}
