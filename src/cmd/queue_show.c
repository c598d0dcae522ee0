/* One message of the queue: see queue_show.h. */
#include "cmd/queue_show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/queue_look.h"
#include "cmd/queue_walk.h"

enum { SHOW_MAX = 256 * 1024 * 1024, SHOW_BLOCK = 32 * 1024 };

/* What it comes to; flat, for queue_walk(). */
struct queue_show {
	int number;   /* errno of writing; then nothing more is written */
	int code;     /* the first exit status that is not 0 */
	bool found[]; /* of options.ids */
};

static void show_fail(struct queue_show *t, const struct context *x, const struct error *error)
{
	int code = context_fail(x, error);

	if (t->code == 0)
		t->code = code;
}

static void show_write(struct queue_show *t, struct buf *out)
{
	if (buf_failed(out) && !t->number)
		t->number = ENOMEM;
	if (!t->number && file_write_all(STDOUT_FILENO, out->data, out->len))
		t->number = errno;
	buf_reset(out);
}

/* Bytes of the message; a terminal gets what it shows and nothing that it obeys. A character
 * that is cut in two by the end of a piece is shown as bytes. */
static void show_piece(struct buf *out, struct span piece, bool escape)
{
	while (escape && piece.len > 0) {
		const char *end = memchr(piece.data, '\n', piece.len);
		size_t len = end ? (size_t)(end - piece.data) : piece.len;
		bool crlf = end && len > 0 && end[-1] == '\r';

		text_escape(out, (struct span){piece.data, len - crlf});
		if (end)
			buf_add_char(out, '\n');
		piece.data += len + (end ? 1 : 0);
		piece.len -= len + (end ? 1 : 0);
	}
	buf_add_span(out, piece);
}

/* What is behind the envelope, also when its checksum is wrong: that is told as well. */
static void show_message(struct queue_show *t, const struct context *x, struct entry *e)
{
	bool escape = isatty(STDOUT_FILENO);
	char block[SHOW_BLOCK];
	struct error error;
	struct buf out;
	ssize_t n;

	if (entry_open_message(e, &error))
		show_fail(t, x, &error);
	buf_init(&out, SHOW_BLOCK * 8);
	while (!t->number && (n = read(e->fd, block, sizeof(block))) > 0) {
		show_piece(&out, (struct span){block, (size_t)n}, escape);
		show_write(t, &out);
	}
	buf_clear(&out);
}

static void show_entry(struct queue_show *t, struct context *x, struct spool *s,
		       struct queue_look *l)
{
	char name[SPOOL_NAME_SIZE];
	struct buf out;

	spool_name(name, l->entry.id, l->entry.state);
	buf_init(&out, SHOW_MAX);
	if (x->options.json) {
		l->view.uid = getuid();
		queue_format_json(&out, &l->view);
	} else {
		queue_format_words(&out, &l->view);
		buf_printf(&out, "file: %s/%s\n\n", TEXT_SHOW(span_of(spool_path(s))), name);
	}
	show_write(t, &out);
	buf_clear(&out);
	if (x->options.json || l->view.damage)
		return;
	l->entry.fd = spool_open_name(s, name, O_RDONLY);
	if (l->entry.fd >= 0)
		show_message(t, x, &l->entry);
}

/* The state of an entry by its ID, for a damaged one: the names are tried. */
static enum entry_state show_state(struct spool *s, const char *id)
{
	enum entry_state state = ENTRY_WAITING;
	char name[SPOOL_NAME_SIZE];

	for (; state < ENTRY_BAD; state++) {
		spool_name(name, id, state);
		if (faccessat(spool_fd(s), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			break;
	}
	return state;
}

static int show_queue(struct context *x, struct spool *s, void *tally, struct error *error)
{
	struct queue_show *t = tally;
	struct queue_look look;
	struct health health;

	(void)error;
	health_load(&health, s);
	for (size_t i = 0; i < x->options.ids.count; i++) {
		struct spool_item item = {.state = show_state(s, x->options.ids.items[i])};

		if (t->found[i])
			continue;
		strlcpy(item.id, x->options.ids.items[i], sizeof(item.id));
		t->found[i] = queue_look(&look, x, s, &item);
		if (t->found[i]) {
			queue_look_relay(&look, &health);
			show_entry(t, x, s, &look);
		}
		queue_look_clear(&look);
	}
	health_clear(&health);
	return 0;
}

static void show_miss(struct queue_show *t, const struct context *x)
{
	const struct strv *ids = &x->options.ids;
	struct error error;

	for (size_t i = 0; i < ids->count; i++)
		if (!t->found[i]) {
			error_set(&error, ERROR_LOCAL, STAGE_UNAVAILABLE,
				  "message %s is not in the queue", ids->items[i]);
			show_fail(t, x, &error);
		}
}

int cmd_queue_show(struct context *x)
{
	size_t size = sizeof(struct queue_show) + x->options.ids.count * sizeof(bool);
	struct queue_show *tally = calloc(1, size);
	struct error error;
	int code;

	if (!tally) {
		error_set_memory(&error);
		return context_fail(x, &error);
	}
	if (queue_walk(x, show_queue, tally, size, &error))
		show_fail(tally, x, &error);
	show_miss(tally, x);
	if (tally->number && tally->number != EPIPE) {
		error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, tally->number,
				"cannot write to standard output");
		show_fail(tally, x, &error);
	}
	code = tally->code;
	free(tally);
	return code;
}
