/*
 * Addresses in a header put right: see rewrite.h. A field is cut into members at its commas,
 * and into pieces below that; of each member the piece of text that is its address is known, so
 * that all the rest can be copied.
 */
#include "mail/rewrite.h"

#include <string.h>

#include "base/chars.h"
#include "mail/token.h"

enum {
	LINE_WANTED = 76,
	LINE_LIMIT = 900 /* of what was there before: well below RFC 5322's 998 */
};

/* A member of an address list, as it stands. */
struct member {
	struct span text; /* up to what ends it, which is not in it */
	struct span
		address; /* what stands between "<" and ">", or all but blanks and comments */
	struct span domain; /* behind the "@"; len 0: there is none */
	bool usable;        /* it may be an address */
	bool is_group;      /* it is the name of a group: a colon ends it */
	char end;           /* the comma, semicolon or colon; 0 at the end */
};

struct writer {
	const struct rewrite *rewrite;
	bool recipient;
	struct span body;         /* all of the field */
	struct address_list seen; /* what stands in it, from the first name that is replaced */
	struct buf *out;
	size_t before;   /* bytes of the present line that are not in out */
	size_t line;     /* where the rest of it begins there */
	size_t comma;    /* and where it goes on behind its last comma; 0: it has none */
	bool owes_comma; /* behind the last member that was put */
	bool changed;
	struct error *error;
};

static const char *span_end(struct span s)
{
	return s.data + s.len;
}

/* Takes a piece into the address of the member. */
static void member_take(struct member *m, const struct token *t)
{
	if (t->kind == TOKEN_BLANK || t->kind == TOKEN_COMMENT)
		return;
	if (m->address.len == 0)
		m->address.data = t->text.data;
	m->address.len = (size_t)(span_end(t->text) - m->address.data);
	if (token_is(t, '@'))
		m->domain = (struct span){span_end(t->text), 0};
	else if (m->domain.data)
		m->domain.len = (size_t)(span_end(t->text) - m->domain.data);
}

static bool ends_member(const struct token *t)
{
	return token_is(t, ',') || token_is(t, ';') || token_is(t, ':');
}

/* Takes the next member off *rest, what ends it included. Returns 1; 0 at the end; -1 when it
 * is no text of tokens. */
static int member_next(struct span *rest, struct member *m)
{
	enum { PLAIN, ANGLE, BEHIND } place = PLAIN;
	struct token t = {0};
	const char *problem;
	int result;

	*m = (struct member){.text = {rest->data, 0}, .usable = true};
	while ((result = token_next_piece(rest, &t, &problem)) > 0) {
		if (place != ANGLE && ends_member(&t))
			break;
		m->text.len = (size_t)(span_end(t.text) - m->text.data);
		if (token_is(&t, '<')) {
			m->usable = place == PLAIN;
			place = ANGLE;
			m->address = m->domain = (struct span){0};
		} else if (token_is(&t, '>') && place == ANGLE)
			place = BEHIND;
		else if (place != BEHIND)
			member_take(m, &t);
		else if (t.kind != TOKEN_BLANK && t.kind != TOKEN_COMMENT)
			m->usable = false;
	}
	m->end = result > 0 ? t.special : '\0';
	m->is_group = m->end == ':';
	return result < 0 ? -1 : result > 0 || m->text.len > 0;
}

static size_t column(const struct writer *w)
{
	return w->before + w->out->len - w->line;
}

/* A line begins at this place of out. */
static void line_begins(struct writer *w, size_t at)
{
	w->before = 0;
	w->line = at;
	w->comma = 0;
}

/* Folds at an index of out that stands in the present line, before the blank that is there or
 * before a new one. */
static void fold_at(struct writer *w, size_t at)
{
	bool blank = at < w->out->len && chars_is(w->out->data[at], CHARS_BLANK);
	size_t more = blank ? 1 : 2;

	if (buf_reserve(w->out, more))
		return;
	memmove(w->out->data + at + more, w->out->data + at, w->out->len - at + 1);
	memcpy(w->out->data + at, "\n ", more);
	w->out->len += more;
	line_begins(w, at + 1);
}

/* Folds at the last comma when what comes would make the line longer than that. */
static void fold_before(struct writer *w, size_t len, size_t limit)
{
	if (w->comma > 0 && column(w) + len > limit)
		fold_at(w, w->comma);
}

/* Copies what stays. */
static void put(struct writer *w, struct span text)
{
	const char *lf = text.len > 0 ? memrchr(text.data, '\n', text.len) : NULL;
	const char *first = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
	struct span rest = {text.data, first ? (size_t)(first - text.data) : text.len};

	if (span_trim(rest).len > 0)
		fold_before(w, rest.len, LINE_LIMIT);
	buf_add_span(w->out, text);
	if (lf)
		line_begins(w, w->out->len - (size_t)(span_end(text) - lf - 1));
}

static void put_comma(struct writer *w)
{
	buf_add_char(w->out, ',');
	w->comma = w->out->len;
	w->owes_comma = false;
}

/* Whether nothing but blanks stands in the present line. */
static bool line_is_blank(const struct writer *w)
{
	struct span line = {w->out->data + w->line, w->out->len - w->line};

	return w->before == 0 && span_trim(line).len == 0;
}

/* Puts one of the addresses that a name has become; where no comma serves to fold the line, it
 * is folded before the address. No line is made of blanks alone (RFC 5322 section 2.2.3). */
static void put_address(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	fold_before(w, len, LINE_WANTED);
	if (column(w) + len > LINE_LIMIT && !line_is_blank(w))
		fold_at(w, w->out->len);
	buf_add_string(w->out, text);
}

/* The first takes the place of the name, with all that stands around it; the others follow. */
static void put_replaced(struct writer *w, const struct member *m,
			 const struct address_list *list)
{
	const char *behind = span_end(m->address);

	put(w, (struct span){m->text.data, (size_t)(m->address.data - m->text.data)});
	put_address(w, list->items[0].text);
	put(w, (struct span){behind, (size_t)(span_end(m->text) - behind)});
	for (size_t i = 1; i < list->count; i++) {
		put_comma(w);
		buf_add_char(w->out, ' ');
		put_address(w, list->items[i].text);
	}
	w->changed = true;
}

/* encoded-word = "=?" charset "?" encoding "?" text "?=" (RFC 2047): a name that somebody took
 * for an address. */
static bool is_encoded(struct span s)
{
	return s.len > 4 && memcmp(s.data, "=?", 2) == 0 &&
	       memcmp(span_end(s) - 2, "?=", 2) == 0;
}

/* Whether what it leads to may be asked for: a bare name, or one of a domain of interest. */
static bool is_wanted(const struct writer *w, const struct member *m)
{
	const struct rewrite *r = w->rewrite;

	if (!m->usable || m->is_group || m->address.len == 0 || is_encoded(m->address))
		return false;
	return !m->domain.data || (r->is_local && r->is_local(r->context, m->domain));
}

/* Notes what stands in the field and stays. */
static int see_others(struct writer *w)
{
	struct span rest = w->body;
	struct member m;
	int failed = 0;

	while (!failed && w->seen.count < REWRITE_SEEN_MAX && member_next(&rest, &m) > 0) {
		struct address address = {0};
		struct error unread;

		if (m.domain.data && m.usable && !is_wanted(w, &m) &&
		    address_parse(&address, m.address, &unread) == 0)
			failed = address_list_add(&w->seen, &address);
		address_clear(&address);
	}
	return failed;
}

static bool was_seen(const struct writer *w, const struct address *a)
{
	for (size_t i = 0; i < w->seen.count; i++)
		if (address_is_same(&w->seen.items[i], a))
			return true;
	return false;
}

/* Takes out of a list what stands in the field already, and notes the rest of it. */
static int drop_seen(struct writer *w, struct address_list *list)
{
	size_t kept = 0;

	if (!w->recipient || (w->seen.count == 0 && see_others(w)))
		return w->recipient ? error_set_memory(w->error) : 0;
	for (size_t i = 0; i < list->count; i++) {
		struct address *a = &list->items[i];

		if (was_seen(w, a)) {
			address_clear(a);
			continue;
		}
		if (w->seen.count < REWRITE_SEEN_MAX && address_list_add(&w->seen, a))
			return error_set_memory(w->error);
		list->items[kept++] = *a;
		if (kept <= i)
			*a = (struct address){0};
	}
	list->count = kept;
	return 0;
}

/* Returns 1; 0 when it was left out; -1. */
static int put_member(struct writer *w, const struct member *m)
{
	struct address address = {0};
	struct address_list list = {0};
	struct error unread;
	bool found;
	int result = 0;

	if (is_wanted(w, m) && address_parse(&address, m->address, &unread) == 0 &&
	    address.text[0])
		result = w->rewrite->look_up(w->rewrite->context, &address, w->recipient, &list,
					     w->error);
	found = list.count > 0;
	if (result == 0 && found)
		result = drop_seen(w, &list);
	if (result == 0 && w->owes_comma && (!found || list.count > 0))
		put_comma(w);
	if (result == 0 && list.count > 0)
		put_replaced(w, m, &list);
	else if (result == 0 && !found)
		put(w, m->text);
	w->changed = w->changed || found;
	if (result == 0)
		result = !found || list.count > 0;
	address_clear(&address);
	address_list_clear(&list);
	return result;
}

/* Puts what ends a member. A comma waits for the next one that is put: where that was left out
 * the comma is, too. */
static void put_end(struct writer *w, const struct member *m, bool was_put)
{
	if (m->end == ',') {
		w->owes_comma = w->owes_comma || was_put;
	} else if (m->end) {
		w->owes_comma = false;
		buf_add_char(w->out, m->end);
	}
}

int rewrite_body(const struct rewrite *r, bool recipient, size_t before, struct span body,
		 struct buf *out, struct error *error)
{
	struct writer w = {.rewrite = r,
			   .recipient = recipient,
			   .body = body,
			   .out = out,
			   .before = before,
			   .line = out->len,
			   .error = error};
	struct member m;
	int result = 0, was_put = 1;

	while (!buf_failed(out) && (result = member_next(&body, &m)) > 0) {
		was_put = put_member(&w, &m);
		if (was_put < 0)
			break;
		put_end(&w, &m, was_put > 0);
	}
	if (w.owes_comma && (was_put > 0 || line_is_blank(&w)))
		put_comma(&w);
	address_list_clear(&w.seen);
	if (was_put < 0)
		return -1;
	return result == 0 && w.changed && !buf_failed(out);
}

struct field {
	enum header_id id;
	enum rewrite_part part;
	bool recipient;
};

static const struct field *field_find(enum header_id id)
{
	static const struct field fields[] = {
		{HEADER_TO, REWRITE_RECIPIENTS, true},
		{HEADER_CC, REWRITE_RECIPIENTS, true},
		{HEADER_REPLY_TO, REWRITE_RECIPIENTS, true},
		{HEADER_RESENT_TO, REWRITE_RECIPIENTS, true},
		{HEADER_RESENT_CC, REWRITE_RECIPIENTS, true},
		{HEADER_RESENT_FROM, REWRITE_RECIPIENTS, false},
		{HEADER_RESENT_SENDER, REWRITE_RECIPIENTS, false},
		{HEADER_FROM, REWRITE_AUTHORS, false},
		{HEADER_SENDER, REWRITE_AUTHORS, false},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].id == id)
			return &fields[i];
	return NULL;
}

static bool is_signed(const struct header *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (!h->fields[i].dropped &&
		    (h->fields[i].id == HEADER_DKIM_SIGNATURE ||
		     span_starts_nocase(h->fields[i].name, "arc-") ||
		     span_equals_nocase(h->fields[i].name, "domainkey-signature")))
			return true;
	return false;
}

/* What the header may still grow by. */
static size_t header_room(const struct header *h)
{
	size_t size = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!h->fields[i].dropped)
			size += h->fields[i].raw.len;
	return size < REWRITE_HEADER_MAX ? REWRITE_HEADER_MAX - size : 0;
}

static int rewrite_field(struct header_field *f, bool recipient, const struct rewrite *r,
			 size_t *room, struct error *error)
{
	struct buf body;
	int result;

	header_settle(f);
	buf_init(&body, f->body.len + *room);
	result = rewrite_body(r, recipient, (size_t)(f->body.data - f->raw.data), f->body,
			      &body, error);
	if (result > 0) {
		*room -= body.len > f->body.len ? body.len - f->body.len : 0;
		result = header_set_body(f, buf_span(&body)) ? error_set_memory(error) : 0;
	}
	buf_clear(&body);
	return result;
}

int rewrite_header(struct header *h, enum rewrite_part part, const struct rewrite *r,
		   struct error *error)
{
	size_t room = header_room(h);

	if (is_signed(h))
		return 0;
	for (size_t i = 0; i < h->count; i++) {
		const struct field *known = field_find(h->fields[i].id);

		if (known && known->part == part && !h->fields[i].dropped &&
		    rewrite_field(&h->fields[i], known->recipient, r, &room, error))
			return -1;
	}
	return 0;
}
