/* A message composed of options: see compose.h. First all options are read, then the files are
 * opened, then the text is read: what is wrong is said before anybody has typed a word. */
#include "cmd/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/charset.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "cmd/editor.h"
#include "cmd/submit.h"
#include "cmd/written.h"
#include "mail/compose.h"
#include "mail/edit.h"
#include "mail/html.h"
#include "mail/intake.h"
#include "mail/page.h"

enum {
	COMPOSE_FIELDS_MAX = MESSAGE_HEADER_MAX / 2,
	COMPOSE_ID_MAX = 900, /* bytes of a message-id, so that its field needs no folding */
};

/* A message in the making. */
struct composing {
	struct context *x;
	struct composed *result;
	struct course *course;             /* of what is read, where somebody looks on */
	const char *directory;             /* for temporary files */
	char locale[CHARSET_NAME_MAX + 1]; /* the charset of arguments, and likely of text */
	struct strv strings;               /* arguments in UTF-8, as long as it lasts */
	struct address_list to, cc, bcc, reply_to, from;
	struct buf fields; /* of --header */
	const char *subject, *in_reply_to, *charset, *body, *html;
	bool edit, skip_empty;
	struct attachment *files;
	size_t count;
	struct textual text, page;
};

static int compose_usage(struct error *error, const char *option, const char *value,
			 const char *why)
{
	return error_set(error, ERROR_LOCAL, STAGE_USAGE, "option --%s: \"%s\" %s", option,
			 TEXT_SHOW(span_of(value)), why);
}

/* The charset of the locale, which nothing else here depends on. */
static void compose_find_locale(struct composing *c)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (locale == (locale_t)0)
		return;
	strlcpy(c->locale, nl_langinfo_l(CODESET, locale), sizeof(c->locale));
	freelocale(locale);
}

/* An argument in UTF-8, NULL with *error. In a locale that knows only ASCII, UTF-8 is taken for
 * what it is. */
static const char *compose_string(struct composing *c, const char *value, struct error *error)
{
	struct span text = span_of(value);
	struct charset charset;
	struct buf out;
	int failed;

	if (text_is_utf8(text))
		return value;
	buf_init(&out, text.len * 4 + 1);
	failed = !c->locale[0] || charset_is_utf8(c->locale) ||
		 charset_open(&charset, c->locale);
	if (!failed) {
		failed = charset_feed(&charset, text, &out) || charset_finish(&charset);
		charset_close(&charset);
	}
	if (failed) {
		buf_clear(&out);
		error_set(error, ERROR_LOCAL, STAGE_USAGE,
			  "\"%s\" is not text in the charset of the locale", TEXT_SHOW(text));
		return NULL;
	}
	if (strv_add_take(&c->strings, buf_take(&out))) {
		error_set_memory(error);
		return NULL;
	}
	return c->strings.items[c->strings.count - 1];
}

static int compose_take_string(struct composing *c, const char **member, const char *value,
			       struct error *error)
{
	*member = compose_string(c, value, error);
	return *member ? 0 : -1;
}

/* Addresses of an option; those of recipients count. */
static int compose_take_addresses(struct composing *c, const char *option, const char *value,
				  struct address_list *list, struct error *error)
{
	const char *text = compose_string(c, value, error);

	if (!text)
		return -1;
	if (address_list_parse(list, span_of(text), error)) {
		error->class = ERROR_LOCAL;
		error->stage = STAGE_USAGE;
		return error_prefix(error, "%s \"%s\"", option, TEXT_SHOW(span_of(text)));
	}
	if (list != &c->reply_to && strv_add(&c->result->recipients, span_of(text)))
		return error_set_memory(error);
	return 0;
}

/* "<ID>", of printable ASCII. */
static int compose_take_id(struct composing *c, const char *value, struct error *error)
{
	struct span id = span_trim(span_of(value));
	struct buf text;

	if (id.len > 1 && *id.data == '<' && id.data[id.len - 1] == '>') {
		id.data++;
		id.len -= 2;
	}
	for (size_t i = 0; i <= id.len; i++)
		if (id.len == 0 || id.len > COMPOSE_ID_MAX ||
		    (i < id.len &&
		     (!chars_is(id.data[i], CHARS_GRAPHIC) || strchr("<>", id.data[i]))))
			return compose_usage(error, "in-reply-to", value,
					     "is not a Message-ID, such as <7@example.org>");
	buf_init(&text, COMPOSE_ID_MAX + 3);
	buf_printf(&text, "<%.*s>", (int)id.len, id.data);
	if (strv_add_take(&c->strings, buf_take(&text)))
		return error_set_memory(error);
	c->in_reply_to = c->strings.items[c->strings.count - 1];
	return 0;
}

/* Whether a field is made by something else: an option, the parts, or those who carry mail. A
 * name that ends in a hyphen stands for all that begin so. */
static bool compose_makes(struct span name)
{
	static const char *const made[] = {
		"bcc",         "cc",           "content-", "dkim-signature", "from",
		"in-reply-to", "mime-version", "received", "reply-to",       "resent-",
		"return-path", "subject",      "to",
	};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (made[i][strlen(made[i]) - 1] == '-' ? span_starts_nocase(name, made[i])
							: span_equals_nocase(name, made[i]))
			return true;
	return false;
}

/* Whether --header has said a field of that name. */
static bool compose_has_field(const struct composing *c, const char *name)
{
	struct span left = buf_span(&c->fields);
	size_t len = strlen(name);

	while (left.len > 0 && !buf_failed(&c->fields)) {
		const char *end = memchr(left.data, '\n', left.len);
		size_t line = (size_t)(end - left.data) + 1;

		if (line > len && left.data[len] == ':' && span_starts_nocase(left, name))
			return true;
		left.data += line;
		left.len -= line;
	}
	return false;
}

/* Whether it is a field that stands but once (RFC 5322 section 3.6), and is there already. */
static bool compose_is_second(const struct composing *c, struct span name)
{
	static const char *const once[] = {"date", "message-id", "references", "sender"};

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (span_equals_nocase(name, once[i]))
			return compose_has_field(c, once[i]);
	return false;
}

/* "Name: value" */
static int compose_take_field(struct composing *c, const char *value, struct error *error)
{
	const char *text = compose_string(c, value, error);
	size_t len = text ? strcspn(text, ":") : 0;

	if (!text)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (!chars_is(text[i], CHARS_FIELD))
			len = 0;
	if (len == 0 || text[len] != ':')
		return compose_usage(error, "header", value,
				     "is not a field, such as \"X-Job: 7\"");
	if (compose_makes((struct span){text, len}))
		return compose_usage(error, "header", value,
				     "is a field that is made of other options, or not here");
	if (compose_is_second(c, (struct span){text, len}))
		return compose_usage(error, "header", value,
				     "is a field that a message has only once");
	buf_add(&c->fields, text, len);
	buf_add_string(&c->fields, ": ");
	buf_add_span(&c->fields, span_trim(span_of(text + len + 1)));
	buf_add_char(&c->fields, '\n');
	return 0;
}

static int compose_take_charset(struct composing *c, const char *value, struct error *error)
{
	struct charset charset;
	bool known = charset_is_utf8(value) || charset_is_ascii(value);

	for (const char *p = value; *p; p++)
		if (!chars_is(*p, CHARS_ALNUM) && !strchr("-_.:+", *p))
			return compose_usage(error, "charset", value, "is not a charset");
	if (!known && *value && strlen(value) <= CHARSET_NAME_MAX &&
	    charset_open(&charset, value) == 0) {
		charset_close(&charset);
		known = true;
	}
	if (!known)
		return compose_usage(error, "charset", value,
				     "is not a charset that is known here and that text in a "
				     "message may be in");
	c->charset = value;
	return 0;
}

/* "FILE" or "FILE;type=TYPE", the last of these when there are several. */
static int compose_take_file(struct composing *c, const char *value, bool is_inline,
			     struct error *error)
{
	static const char word[] = ";type=";
	const char *at = value, *type = NULL;
	struct attachment *grown;
	struct attachment *file;

	while ((at = strstr(at, word)) != NULL)
		type = at++;
	grown = reallocarray(c->files, c->count + 1, sizeof(*grown));
	if (!grown)
		return error_set_memory(error);
	c->files = grown;
	file = &grown[c->count];
	*file = (struct attachment){.is_inline = is_inline};
	if (strv_add(&c->strings,
		     (struct span){value, type ? (size_t)(type - value) : strlen(value)}))
		return error_set_memory(error);
	file->path = c->strings.items[c->strings.count - 1];
	file->type = type ? type + sizeof(word) - 1 : NULL;
	c->count++;
	return 0;
}

static int compose_take_name(struct composing *c, const char *value, struct error *error)
{
	if (c->count == 0)
		return compose_usage(error, "name-attachment", value,
				     "names the --attach or --inline before it, and there is "
				     "none");
	return compose_take_string(c, &c->files[c->count - 1].name, value, error);
}

/* The options, and what they do. */
static int compose_take(struct composing *c, const char *name, const char *value,
			struct error *error)
{
	if (strcmp(name, "subject") == 0)
		return compose_take_string(c, &c->subject, value, error);
	if (strcmp(name, "cc") == 0)
		return compose_take_addresses(c, "--cc", value, &c->cc, error);
	if (strcmp(name, "bcc") == 0)
		return compose_take_addresses(c, "--bcc", value, &c->bcc, error);
	if (strcmp(name, "reply-to") == 0)
		return compose_take_addresses(c, "--reply-to", value, &c->reply_to, error);
	if (strcmp(name, "in-reply-to") == 0)
		return compose_take_id(c, value, error);
	if (strcmp(name, "header") == 0)
		return compose_take_field(c, value, error);
	if (strcmp(name, "charset") == 0)
		return compose_take_charset(c, value, error);
	if (strcmp(name, "inline") == 0 || strcmp(name, "attach") == 0)
		return compose_take_file(c, value, *name == 'i', error);
	if (strcmp(name, "name-attachment") == 0)
		return compose_take_name(c, value, error);
	if (strcmp(name, "body") == 0)
		c->body = value;
	else if (strcmp(name, "html") == 0)
		c->html = value;
	else if (strcmp(name, "save-sent") == 0)
		c->result->save_sent = value;
	else if (strcmp(name, "edit") == 0)
		c->edit = true;
	else
		c->skip_empty = true;
	return 0;
}

static int compose_read_options(struct composing *c, struct error *error)
{
	const struct options *o = &c->x->options;
	const char *sender = o->sender;

	for (size_t i = 0; i < o->recipients.count; i++)
		if (compose_take_addresses(c, "recipient", o->recipients.items[i], &c->to,
					   error))
			return -1;
	for (size_t i = 0; i < o->piece_count; i++)
		if (compose_take(c, o->pieces[i].name, o->pieces[i].value, error))
			return -1;
	if (c->to.count + c->cc.count + c->bcc.count == 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "no recipients: name them, also with --cc or --bcc");
	/* What is wrong with it is said by whoever makes the envelope. */
	if (sender && (sender = compose_string(c, sender, error)) == NULL)
		return -1;
	if (sender)
		address_list_parse(&c->from, span_of(sender), error);
	return 0;
}

static int compose_open_files(struct composing *c, struct error *error)
{
	struct strv ids = {0};
	int failed = 0;

	for (size_t i = 0; i < c->count && !failed; i++) {
		struct attachment *a = &c->files[i];
		struct buf id;

		if (!a->name && compose_take_string(c, &a->name, a->path, error)) {
			strv_clear(&ids);
			return error_append(error, ": name it with --name-attachment");
		}
		a->course = c->course;
		failed = attachment_open(a, c->directory, error);
		if (failed || !a->is_inline)
			continue;
		buf_init(&id, ATTACHMENT_NAME_MAX + 1);
		attachment_id(span_of(a->found_name), &id);
		for (size_t k = 0; k < ids.count && !failed; k++)
			if (strcmp(ids.items[k], id.data) == 0)
				failed =
					compose_usage(error, "inline", a->path,
						      "has the name of another, and HTML could "
						      "not tell them apart");
		if (!failed && strv_add_take(&ids, buf_take(&id)))
			failed = error_set_memory(error);
		buf_clear(&id);
	}
	strv_clear(&ids);
	return failed;
}

/* Reads fd to its end. A dot may end it. What is typed is noted. */
static int compose_read(struct textual *text, int fd, bool end_at_dot, struct course *course,
			struct error *error)
{
	struct intake intake;
	struct span bytes;
	int got = intake_init(&intake, fd, end_at_dot, error);

	while (got == 0) {
		course_await(course, fd, CLOCK_NEVER);
		got = intake_next(&intake, &bytes, error);
		if (got <= 0)
			break;
		course_move(course, bytes.len);
		if (fd == STDIN_FILENO)
			written_add(NULL, bytes);
		got = textual_feed(text, bytes, error);
	}
	intake_clear(&intake);
	return got;
}

static int compose_read_file(struct textual *text, const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	int failed;

	if (!file)
		return error_set_errno(error, ERROR_LOCAL, STAGE_FILE, errno, "cannot open %s",
				       TEXT_SHOW(span_of(path)));
	failed = compose_read(text, fileno(file), false, NULL, error);
	if (failed) {
		error->stage = STAGE_FILE;
		error_prefix(error, "%s", TEXT_SHOW(span_of(path)));
	}
	fclose(file);
	return failed;
}

/* HTML says itself what charset it is in, or is taken for the locale's. */
static int compose_settle_page(struct composing *c, struct error *error)
{
	char own[CHARSET_NAME_MAX + 1], block[1024];
	struct textual_charsets charsets = {c->charset, c->locale[0] ? c->locale : NULL};
	struct span start;

	if (compose_read_file(&c->page, c->html, error) ||
	    stash_read(&c->page.text, 0, block, sizeof(block), &start, error) < 0)
		return -1;
	if (c->page.text.length > 0 && html_charset(start, own, sizeof(own)))
		charsets.likely = own;
	return textual_settle(&c->page, &charsets, false, error);
}

/* Lets the user write it, beginning with what there is. */
static int compose_edit(struct composing *c, struct error *error)
{
	int fd = -1, failed;

	if (c->text.last != '\n' && textual_feed(&c->text, span_of("\n"), error))
		return -1;
	failed = editor_run(&c->text.text, c->directory, &fd, error);
	textual_clear(&c->text);
	textual_init(&c->text, c->directory);
	if (!failed)
		failed = compose_read(&c->text, fd, false, NULL, error);
	if (fd >= 0)
		close(fd);
	return failed;
}

/* Whether a file that goes with the message is standard input: then that is no text. */
static bool compose_attaches_input(const struct composing *c)
{
	static const char *const names[] = {"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"};
	bool found = false;

	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			found = found || strcmp(c->files[i].path, names[k]) == 0;
	return found;
}

static int compose_read_input(struct composing *c, struct error *error)
{
	bool typed = isatty(STDIN_FILENO);
	bool dot = c->x->options.dot == OPTIONS_DOT_UNSET
			   ? typed
			   : c->x->options.dot == OPTIONS_DOT_ENDS;

	if (c->body)
		return textual_feed(&c->text, span_of(c->body), error);
	if ((typed && (c->edit || c->html)) || compose_attaches_input(c))
		return 0;
	if (typed) {
		written_begin(c->directory);
		fprintf(stderr, "%s: type the text, and end it with Ctrl-D%s\n", c->x->name,
			dot ? " or a line that is just a dot" : "");
	}
	return compose_read(&c->text, STDIN_FILENO, dot, typed ? NULL : c->course, error);
}

static int compose_read_text(struct composing *c, struct error *error)
{
	struct textual_charsets charsets = {c->charset, c->locale[0] ? c->locale : NULL};

	if ((c->html && compose_settle_page(c, error)) || compose_read_input(c, error) ||
	    (c->edit && compose_edit(c, error)))
		return -1;
	if (c->html && c->text.is_blank) {
		textual_clear(&c->text);
		textual_init(&c->text, c->directory);
		charsets = (struct textual_charsets){NULL, "utf-8"};
		if (page_to_text(&c->page, &c->text, error))
			return -1;
	}
	if (textual_settle(&c->text, &charsets, true, error))
		return -1;
	if (strcmp(c->text.charset, "unknown-8bit") == 0)
		context_tell(c->x, "the text is not in UTF-8 nor in the charset of the locale, "
				   "so readers can only guess: say --charset");
	return 0;
}

/* One field of addresses, each on a line of its own. */
static void compose_add_list(struct buf *out, const char *name, const struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i == 0)
			buf_printf(out, "%s: ", name);
		else
			buf_add_string(out, ",\n ");
		edit_mailbox(out, &list->items[i]);
	}
	if (list->count > 0)
		buf_add_char(out, '\n');
}

/* From is added by others where no name was said with it. */
static void compose_add_from(const struct composing *c, struct buf *out)
{
	const char *full_name = c->x->options.full_name;
	struct address_list from = c->from;

	if (from.count == 1 && from.items[0].name && !full_name)
		compose_add_list(out, "From", &from);
}

static void compose_fields(const struct composing *c, struct buf *out)
{
	compose_add_from(c, out);
	compose_add_list(out, "To", &c->to);
	compose_add_list(out, "Cc", &c->cc);
	if (c->to.count + c->cc.count == 0)
		buf_add_string(out, "To: undisclosed-recipients:;\n");
	compose_add_list(out, "Reply-To", &c->reply_to);
	if (c->subject)
		buf_printf(out, "Subject: %s\n", c->subject);
	if (c->in_reply_to)
		buf_printf(out, "In-Reply-To: %s\n", c->in_reply_to);
	if (c->in_reply_to && !compose_has_field(c, "references"))
		buf_printf(out, "References: %s\n", c->in_reply_to);
	buf_add_span(out, buf_span(&c->fields));
}

static int compose_make(struct composing *c, struct error *error)
{
	bool has_text = !c->text.is_blank || (c->count == 0 && !c->html);
	struct compose parts = {
		.text = has_text ? &c->text : NULL,
		.html = c->html ? &c->page : NULL,
		.files = c->files,
		.count = c->count,
	};
	struct buf fields;

	buf_init(&fields, COMPOSE_FIELDS_MAX * 2);
	compose_fields(c, &fields);
	if (buf_failed(&fields) || buf_failed(&c->fields)) {
		error_set(error, ERROR_LOCAL, STAGE_USAGE,
			  "the fields of the message are longer than %d bytes",
			  COMPOSE_FIELDS_MAX);
	} else {
		parts.fields = buf_span(&fields);
		c->result->message = compose_message(&parts, error);
	}
	buf_clear(&fields);
	return c->result->message ? 1 : -1;
}

static int compose_all(struct composing *c, struct error *error)
{
	compose_find_locale(c);
	if (compose_read_options(c, error) || compose_open_files(c, error) ||
	    compose_read_text(c, error))
		return -1;
	if (c->skip_empty && c->text.is_blank && c->count == 0 && !c->html)
		return 0;
	return compose_make(c, error);
}

int compose(struct context *x, struct composed *result, struct error *error)
{
	struct composing c = {
		.x = x,
		.result = result,
		.directory = submit_options().temporary_dir,
	};
	int made;

	*result = (struct composed){0};
	buf_init(&c.fields, COMPOSE_FIELDS_MAX);
	textual_init(&c.text, c.directory);
	textual_init(&c.page, c.directory);
	c.course = context_reads(x, -1);
	made = compose_all(&c, error);
	context_has_read(x);
	textual_clear(&c.text);
	textual_clear(&c.page);
	for (size_t i = 0; i < c.count; i++)
		attachment_clear(&c.files[i]);
	free(c.files);
	address_list_clear(&c.to);
	address_list_clear(&c.cc);
	address_list_clear(&c.bcc);
	address_list_clear(&c.reply_to);
	address_list_clear(&c.from);
	buf_clear(&c.fields);
	strv_clear(&c.strings);
	return made;
}

void compose_clear(struct composed *c)
{
	message_free(c->message);
	strv_clear(&c->recipients);
	*c = (struct composed){0};
}
