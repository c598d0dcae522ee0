/* Mail by UUCP: see rmail.h. */
#include "cmd/rmail.h"

#include <string.h>
#include <unistd.h>

#include "mail/intake.h"
#include "mail/uucp.h"

enum { RMAIL_HEAD_MAX = 64 * 1024 };

/* What was read to find the lines, then the rest as it comes. */
struct rmail {
	struct intake intake;
	struct buf head;
	size_t used; /* of the head, by the lines */
	bool head_done;
};

static int rmail_next(void *context, struct span *piece, struct error *error)
{
	struct rmail *r = context;

	if (r->head_done)
		return intake_next(&r->intake, piece, error);
	r->head_done = true;
	*piece = (struct span){r->head.data + r->used, r->head.len - r->used};
	return piece->len > 0 ? 1 : intake_next(&r->intake, piece, error);
}

/* Takes the lines off the head. Returns whether all is known of them: they end in it. */
static bool rmail_take_lines(struct rmail *r, struct uucp *u)
{
	for (;;) {
		const char *start = r->head.data + r->used;
		const char *end = memchr(start, '\n', r->head.len - r->used);

		if (!end)
			return false;
		if (!uucp_feed(u, (struct span){start, (size_t)(end - start)}))
			return true;
		r->used += (size_t)(end - start) + 1;
	}
}

static int rmail_refuse(struct error *error)
{
	return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
			 "the lines of UUCP above the message say too much");
}

/* Reads on until the lines end. What begins otherwise may be as long as it likes. */
static int rmail_read_lines(struct rmail *r, struct uucp *u, struct error *error)
{
	struct span bytes, rest;
	int result;

	while (!rmail_take_lines(r, u)) {
		rest = (struct span){r->head.data + r->used, r->head.len - r->used};
		if (r->head.len >= RMAIL_HEAD_MAX)
			return rest.len == 0 || uucp_feed(u, rest) ? rmail_refuse(error) : 0;
		result = intake_next(&r->intake, &bytes, error);
		if (result <= 0)
			return result;
		buf_add_span(&r->head, bytes);
		if (buf_failed(&r->head))
			return error_set_memory(error);
	}
	return 0;
}

/* Appends the sender, if the lines say one. */
static int rmail_sender(const struct uucp *u, char **sender, struct error *error)
{
	struct buf path;

	if (!uucp_any(u))
		return 0;
	buf_init(&path, UUCP_PATH_MAX);
	if (!uucp_path(u, &path)) {
		buf_clear(&path);
		return rmail_refuse(error);
	}
	*sender = buf_take(&path);
	return *sender ? 0 : error_set_memory(error);
}

struct message *rmail_read(const struct message_options *options, char **sender,
			   struct error *error)
{
	struct rmail r = {0};
	struct message *m = NULL;
	struct uucp u;

	*sender = NULL;
	buf_init(&r.head, RMAIL_HEAD_MAX + INTAKE_BLOCK);
	uucp_init(&u);
	if (intake_init(&r.intake, STDIN_FILENO, false, error) == 0 &&
	    rmail_read_lines(&r, &u, error) == 0 && rmail_sender(&u, sender, error) == 0)
		m = message_read_pieces(rmail_next, &r, options, error);
	intake_clear(&r.intake);
	uucp_clear(&u);
	buf_clear(&r.head);
	return m;
}
