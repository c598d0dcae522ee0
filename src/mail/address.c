/*
 * Addresses: see address.h.
 *
 * One token of look-ahead, and for each member of a list one look at what ends it: a "<" makes
 * what stands before it a display name, a ":" makes it a group's name, anything else an
 * address. So each byte is read twice at most. The local part is collected as the text it means
 * and written out again by the strict rules; nothing of the input's own quoting survives.
 */
#include "mail/address.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "mail/token.h"

struct parser {
	struct address_list *list;
	struct span rest;
	struct token token;  /* the current one; rest is behind it */
	const char *problem; /* what is wrong with the member, once something is */
	struct buf local;    /* what the local part means */
	struct buf text;     /* the address as it will be written */
	struct buf name;
	size_t local_len;
	bool verbatim; /* it is a bare name behind a backslash */
	bool in_group;
	bool null_allowed; /* "<>" is an address */
};

const char *address_domain(const struct address *a)
{
	return a->text && a->text[a->local_len] == '@' ? a->text + a->local_len + 1 : NULL;
}

void address_clear(struct address *a)
{
	free(a->text);
	free(a->name);
	*a = (struct address){0};
}

/* Cuts the list back to its first count addresses. */
static void list_cut(struct address_list *list, size_t count)
{
	while (list->count > count)
		address_clear(&list->items[--list->count]);
}

void address_list_clear(struct address_list *list)
{
	list_cut(list, 0);
	free(list->items);
	*list = (struct address_list){0};
}

/* Appends a, which the list then owns (also on failure: it is cleared). */
static int list_add_take(struct address_list *list, struct address *a)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 8;
		struct address *items = reallocarray(list->items, cap, sizeof(*items));

		if (!items) {
			address_clear(a);
			return -1;
		}
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = *a;
	return 0;
}

int address_list_add(struct address_list *list, const struct address *a)
{
	struct address copy = {
		.text = span_dup(span_of(a->text)),
		.local_len = a->local_len,
		.name = a->name ? span_dup(span_of(a->name)) : NULL,
		.verbatim = a->verbatim,
	};

	if (!copy.text || (a->name && !copy.name)) {
		address_clear(&copy);
		return -1;
	}
	return list_add_take(list, &copy);
}

void address_local_value(const struct address *a, struct buf *out)
{
	const struct token local = {
		.kind = a->text[0] == '"' ? TOKEN_QUOTED : TOKEN_ATOM,
		.text = {a->text, a->local_len},
	};

	token_add_value(out, &local);
}

static int fail(struct parser *p, const char *problem)
{
	p->problem = problem;
	return -1;
}

/* Makes the next token the current one. Returns 0 or -1. */
static int advance(struct parser *p)
{
	return token_next(&p->rest, &p->token, &p->problem) < 0 ? -1 : 0;
}

static bool is_word(const struct token *t)
{
	return t->kind == TOKEN_ATOM || t->kind == TOKEN_QUOTED;
}

/* What is wrong with bytes that are to stand in a path; NULL: nothing. */
static const char *bytes_problem(struct span s)
{
	while (s.len > 0) {
		size_t len = chars_is(s.data[0], CHARS_GRAPHIC) ? 1 : text_utf8_length(s);

		if (len == 0)
			return "it is not well-formed UTF-8";
		if (chars_is(s.data[0], CHARS_CONTROL) ||
		    (s.data[0] == '\xc2' && (unsigned char)s.data[1] < 0xa0))
			return "it holds a control character";
		s.data += len;
		s.len -= len;
	}
	return NULL;
}

/* Dot-string = Atom *("." Atom), RFC 5321 section 4.1.2, with the UTF-8 of RFC 6531. */
static bool is_dot_string(struct span s)
{
	char before = '.';

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '.' ? before == '.'
				     : !chars_is(s.data[i], CHARS_ATEXT | CHARS_UTF8))
			return false;
		before = s.data[i];
	}
	return before != '.';
}

/* Writes the local part, quoted if it must be. Quoted-string, RFC 5321 section 4.1.2. */
static int write_local(struct parser *p)
{
	struct span s = buf_span(&p->local);
	const char *problem = bytes_problem(s);

	if (problem)
		return fail(p, problem);
	if (is_dot_string(s)) {
		buf_add_span(&p->text, s);
	} else {
		buf_add_char(&p->text, '"');
		for (size_t i = 0; i < s.len; i++) {
			if (s.data[i] == '"' || s.data[i] == '\\')
				buf_add_char(&p->text, '\\');
			buf_add_char(&p->text, s.data[i]);
		}
		buf_add_char(&p->text, '"');
	}
	if (buf_failed(&p->local) || p->text.len > ADDRESS_LOCAL_MAX)
		return fail(p, "its local part is longer than 252 bytes");
	p->local_len = p->text.len;
	return 0;
}

/*
 * local-part = dot-atom / quoted-string / obs-local-part
 * obs-local-part = word *("." word)	RFC 5322 sections 3.4.1 and 4.4
 *
 * Dots may stand anywhere: a Japanese carrier (docomo) gave out "a..b" and "a.", which are then
 * written in quotes. Ends at the first token that is neither word nor dot.
 */
static int read_local(struct parser *p)
{
	bool after_word = false;

	buf_reset(&p->local);
	buf_reset(&p->text);
	while (is_word(&p->token) || token_is(&p->token, '.')) {
		if (after_word && is_word(&p->token))
			return fail(p, "two words have no comma or dot between them");
		after_word = is_word(&p->token);
		if (p->token.kind == TOKEN_QUOTED &&
		    memchr(p->token.text.data, '\n', p->token.text.len))
			return fail(p, "it holds a line break");
		token_add_value(&p->local, &p->token);
		if (advance(p))
			return -1;
	}
	return 0;
}

static bool is_label_char(char c)
{
	return chars_is(c, CHARS_ALNUM | CHARS_UTF8) || c == '-' || c == '_';
}

/* A label: letters, digits, hyphens, and the underscores that live names have. UTF-8 by RFC
 * 6531. */
static const char *label_problem(struct span label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_char(label.data[i]))
			return "its domain holds a character that no domain has";
	if (label.len > 63 && !text_is_8bit(label))
		return "a label of its domain is longer than 63 bytes";
	return bytes_problem(label);
}

/* Domain = sub-domain *("." sub-domain), blanks and comments around the dots by obs-domain of
 * RFC 5322 section 4.4. The dot at the end that says a name is absolute is dropped. */
static int read_name(struct parser *p)
{
	do {
		const char *problem;

		if (p->text.data[p->text.len - 1] == '.' && p->token.kind != TOKEN_ATOM)
			break;
		if (p->token.kind != TOKEN_ATOM)
			return fail(p, token_is(&p->token, '.')
					       ? "a label of its domain is empty"
					       : "its domain is empty");
		problem = label_problem(p->token.text);
		if (problem)
			return fail(p, problem);
		buf_add_span(&p->text, p->token.text);
		if (advance(p))
			return -1;
		if (!token_is(&p->token, '.'))
			return 0;
		buf_add_char(&p->text, '.');
	} while (advance(p) == 0);
	if (p->problem)
		return -1;
	if (token_is(&p->token, '.'))
		return fail(p, "a label of its domain is empty");
	buf_truncate(&p->text, p->text.len - 1);
	return 0;
}

/* address-literal = "[" ( IPv4 / "IPv6:" IPv6 / tag ":" 1*dcontent ) "]", RFC 5321
 * section 4.1.3; blanks within, by RFC 5322 section 3.4.1, are left out. */
static int read_literal(struct parser *p)
{
	struct span s = p->token.text;
	size_t start = p->text.len;

	for (size_t i = 0; i < s.len; i++) {
		if (chars_is(s.data[i], CHARS_BLANK | CHARS_NEWLINE))
			continue;
		if (!chars_is(s.data[i], CHARS_GRAPHIC) || s.data[i] == '\\')
			return fail(p, "its address literal holds a character that none has");
		buf_add_char(&p->text, s.data[i]);
	}
	if (p->text.len == start + 2)
		return fail(p, "its address literal is empty");
	return advance(p);
}

static int read_domain(struct parser *p)
{
	int result;

	buf_add_char(&p->text, '@');
	if (advance(p))
		return -1;
	result = p->token.kind == TOKEN_LITERAL ? read_literal(p) : read_name(p);
	if (result)
		return -1;
	if (p->text.len - p->local_len - 1 > ADDRESS_DOMAIN_MAX)
		return fail(p, "its domain is longer than 255 bytes");
	if (buf_failed(&p->text) || p->text.len > ADDRESS_PATH_MAX)
		return fail(p, "it is longer than 254 bytes");
	return 0;
}

/* A name without a domain is one on this machine: not where a file, a command or an option
 * would be taken for it further on. */
static const char *bare_problem(struct span local)
{
	switch (local.data[0]) {
	case '/': return "it is a file, not an address";
	case '|': return "it is a command, not an address";
	case ':': return "it is a file to include, not an address";
	case '-': return "it looks like an option, not like an address";
	default: return NULL;
	}
}

/* addr-spec = local-part "@" domain, or the local part alone. Ends at the first token behind
 * it. */
static int read_spec(struct parser *p)
{
	bool escaped = p->token.kind == TOKEN_ATOM && p->token.text.data[0] == '\\';
	const char *problem;

	p->verbatim = false;
	if (read_local(p))
		return -1;
	if (p->local.len == 0 && !buf_failed(&p->local))
		return fail(p, "its local part is empty");
	if (write_local(p))
		return -1;
	if (token_is(&p->token, '@'))
		return read_domain(p);
	p->verbatim = escaped;
	problem = bare_problem(buf_span(&p->local));
	return problem ? fail(p, problem) : 0;
}

/* Puts the address that was read on the list. */
static int push(struct parser *p)
{
	struct address a = {.local_len = p->local_len, .verbatim = p->verbatim};

	a.text = span_dup(buf_span(&p->text));
	if (a.text && p->name.len > 0)
		a.name = buf_take(&p->name);
	if (!a.text || (p->name.len > 0 && !a.name)) {
		address_clear(&a);
		return -1;
	}
	return list_add_take(p->list, &a);
}

/* Why the current token cannot follow an address. */
static int fail_behind(struct parser *p, bool in_angle)
{
	if (p->token.kind == TOKEN_END)
		return fail(p, "a < is not closed");
	if (token_is(&p->token, '@'))
		return fail(p, "it has more than one @");
	if (token_is(&p->token, '>'))
		return fail(p, "it has a > without a <");
	if (token_is(&p->token, ':'))
		return fail(p, "it has a colon outside quotes");
	if (in_angle)
		return fail(p, "something else than one address stands between < and >");
	return fail(p, "text follows the address without a comma");
}

/* obs-route = "@" domain *("," ["@" domain]) ":" -- passed over (RFC 5321 appendix C). */
static int skip_route(struct parser *p)
{
	while (!token_is(&p->token, ':')) {
		if (p->token.kind != TOKEN_ATOM && p->token.kind != TOKEN_LITERAL &&
		    !token_is(&p->token, '@') && !token_is(&p->token, ',') &&
		    !token_is(&p->token, '.'))
			return fail(p, "its source route is malformed");
		if (advance(p))
			return -1;
	}
	return advance(p);
}

/* angle-addr = "<" [obs-route] addr-spec ">", the current token being the "<". */
static int read_angle(struct parser *p)
{
	if (advance(p))
		return -1;
	if (token_is(&p->token, '>') && p->null_allowed) {
		buf_reset(&p->text);
		p->local_len = 0;
		return advance(p);
	}
	if (token_is(&p->token, '>'))
		return fail(p, "nothing stands between < and >");
	if (token_is(&p->token, '@') && skip_route(p))
		return -1;
	if (read_spec(p))
		return -1;
	if (!token_is(&p->token, '>'))
		return fail_behind(p, true);
	return advance(p);
}

/* phrase = 1*word / obs-phrase, where we take "@" too, because names like "ann@example.org
 * <ann@example.org>" are common. Collects the name up to the "<". */
static int read_phrase(struct parser *p)
{
	buf_reset(&p->name);
	while (!token_is(&p->token, '<')) {
		if (token_is(&p->token, '>'))
			return fail_behind(p, false);
		if (p->token.spaced && p->name.len > 0)
			buf_add_char(&p->name, ' ');
		token_add_value(&p->name, &p->token);
		if (advance(p))
			return -1;
	}
	return 0;
}

/* The same as find_end() for a member of plain characters, which most are; -1: it is none. */
static int find_plain_end(const struct parser *p)
{
	struct span s = p->rest;
	size_t i = 0;

	while (i < s.len && (chars_is(s.data[i], CHARS_ATEXT | CHARS_UTF8 | CHARS_BLANK) ||
			     s.data[i] == '.' || s.data[i] == '@'))
		i++;
	if (i == s.len)
		return 0;
	return s.data[i] == '<' || s.data[i] == ',' || s.data[i] == ';' ? s.data[i] : -1;
}

/* What ends the member that begins at the current token, or the phrase in it: one of < : , ; or
 * 0 for the end of the text; -1 on failure. */
static int find_end(struct parser *p)
{
	struct span rest = p->rest;
	struct token t = p->token;
	bool at = false;
	int end = t.kind == TOKEN_ATOM ? find_plain_end(p) : -1;

	if (end >= 0)
		return end;
	while (t.kind != TOKEN_END) {
		if (token_is(&t, '<') || token_is(&t, ',') || token_is(&t, ';'))
			return t.special;
		if (token_is(&t, ':'))
			return at ? fail(p, "it has a colon outside quotes") : ':';
		at = at || token_is(&t, '@');
		if (token_next(&rest, &t, &p->problem) < 0)
			return -1;
	}
	return 0;
}

/* group = display-name ":" [group-list] ";" -- the name is passed over. */
static int open_group(struct parser *p)
{
	if (p->in_group)
		return fail(p, "a group stands inside a group");
	p->in_group = true;
	while (!token_is(&p->token, ':'))
		if (advance(p))
			return -1;
	return advance(p);
}

/* One member of a list, beginning at the current token: a mailbox, or the opening of a group.
 */
static int read_member(struct parser *p)
{
	int end = find_end(p);

	if (end < 0)
		return -1;
	if (end == ':')
		return open_group(p);
	buf_reset(&p->name);
	if (end == '<' ? read_phrase(p) || read_angle(p) : read_spec(p))
		return -1;
	if (p->token.kind != TOKEN_END && !token_is(&p->token, ',') &&
	    !token_is(&p->token, ';'))
		return fail_behind(p, false);
	return push(p);
}

/* The member that begins at start, for an error: up to a comma behind what was read. */
static struct span offender(const struct parser *p, const char *start)
{
	struct span s = {start, (size_t)(p->rest.data + p->rest.len - start)};
	const char *comma = p->rest.len ? memchr(p->rest.data, ',', p->rest.len) : NULL;

	if (comma)
		s.len = (size_t)(comma - start);
	return span_trim(s);
}

/*
 * address-list = *([CFWS] ",") address *([CFWS] "," [address / CFWS])	RFC 5322
 * sections 3.4, 4.4
 *
 * A group may end with the text, as in "undisclosed-recipients:", and a ";" outside a group is
 * taken for a comma, because Outlook users write it.
 */
static int read_list(struct parser *p, struct error *error)
{
	const char *start = p->rest.data;

	if (advance(p))
		goto failed;
	while (p->token.kind != TOKEN_END) {
		start = p->token.text.data;
		if (token_is(&p->token, ';'))
			p->in_group = false;
		if (token_is(&p->token, ',') || token_is(&p->token, ';')) {
			if (advance(p))
				goto failed;
		} else if (read_member(p)) {
			goto failed;
		}
	}
	return 0;
failed:
	if (!p->problem)
		return error_set_memory(error);
	return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX, "address \"%s\": %s",
			 TEXT_SHOW(offender(p, start)), p->problem);
}

/* The length of the first run of a dot-atom (in_domain: of a label) in ASCII. */
static size_t plain_run(struct span s, bool in_domain)
{
	size_t i = 0;

	if (in_domain)
		while (i < s.len && is_label_char(s.data[i]) &&
		       !chars_is(s.data[i], CHARS_UTF8))
			i++;
	else
		while (i < s.len && chars_is(s.data[i], CHARS_ATEXT))
			i++;
	return i;
}

/* The length of the local part when text is an address in canonical form and nothing else, in
 * ASCII and without quotes; else 0. That is what nearly every recipient of a long list is, and
 * quickly seen. */
static size_t plain_local_length(struct span text)
{
	size_t local_len = 0, i = 0;

	if (text.len > ADDRESS_PATH_MAX)
		return 0;
	for (;; i++) {
		size_t run =
			plain_run((struct span){text.data + i, text.len - i}, local_len > 0);

		i += run;
		if (run == 0 || run > 63 || i == text.len)
			return run > 0 && run <= 63 ? local_len : 0;
		if (text.data[i] == '@' && local_len == 0 && i <= ADDRESS_LOCAL_MAX)
			local_len = i;
		else if (text.data[i] != '.')
			return 0;
	}
}

static int add_plain(struct address_list *list, struct span text, size_t local_len,
		     struct error *error)
{
	struct address a = {.text = span_dup(text), .local_len = local_len};

	return a.text && list_add_take(list, &a) == 0 ? 0 : error_set_memory(error);
}

static int parse(struct address_list *list, struct span text, bool null_allowed,
		 struct error *error)
{
	size_t local_len = plain_local_length(text);
	struct parser p = {.list = list, .rest = text, .null_allowed = null_allowed};
	size_t before = list->count;
	int result;

	if (local_len > 0)
		return add_plain(list, text, local_len, error);
	buf_init(&p.local, ADDRESS_LOCAL_MAX);
	buf_init(&p.text, 4 * ADDRESS_PATH_MAX);
	buf_init(&p.name, text.len);
	result = read_list(&p, error);
	if (result)
		list_cut(list, before);
	buf_clear(&p.local);
	buf_clear(&p.text);
	buf_clear(&p.name);
	return result;
}

int address_list_parse(struct address_list *list, struct span text, struct error *error)
{
	return parse(list, text, false, error);
}

int address_parse(struct address *a, struct span text, struct error *error)
{
	struct address_list list = {0};
	struct address null = {.text = NULL};
	int result = -1;

	if (parse(&list, text, true, error))
		goto out;
	if (list.count == 0 && span_trim(text).len == 0) {
		null.text = span_dup(span_of(""));
		if (!null.text || list_add_take(&list, &null)) {
			error_set_memory(error);
			goto out;
		}
	}
	if (list.count != 1) {
		error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
			  "address \"%s\": it names %zu addresses where one is wanted",
			  TEXT_SHOW(text), list.count);
		goto out;
	}
	*a = list.items[0];
	list.count = 0;
	result = 0;
out:
	address_list_clear(&list);
	return result;
}

int address_from_local(struct address *a, struct span text, struct error *error)
{
	struct parser p = {0};
	int result;

	buf_init(&p.local, ADDRESS_LOCAL_MAX);
	buf_init(&p.text, 4 * ADDRESS_PATH_MAX);
	buf_add_span(&p.local, text);
	result = text.len == 0 ? fail(&p, "it is empty") : write_local(&p);
	if (result)
		error_set(error, ERROR_MESSAGE, STAGE_SYNTAX, "local name \"%s\": %s",
			  TEXT_SHOW(text), p.problem);
	else
		*a = (struct address){.text = span_dup(buf_span(&p.text)),
				      .local_len = p.local_len};
	if (!result && !a->text)
		result = error_set_memory(error);
	buf_clear(&p.local);
	buf_clear(&p.text);
	return result;
}

/* The canonical form of a domain, with its "@", at the end of p->text. */
static int read_qualifier(struct parser *p, const char *domain)
{
	p->rest = span_of(domain);
	if (read_domain(p))
		return -1;
	return p->token.kind == TOKEN_END ? 0 : fail(p, "text follows the domain");
}

int address_list_qualify(struct address_list *list, const char *domain, struct error *error)
{
	struct parser p = {0};
	int result = -1;

	buf_init(&p.text, 4 * ADDRESS_PATH_MAX);
	if (read_qualifier(&p, domain)) {
		error_set(error, ERROR_MESSAGE, STAGE_SYNTAX, "domain \"%s\": %s",
			  TEXT_SHOW(span_of(domain)), p.problem);
		goto out;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct address *a = &list->items[i];
		char *text;

		if (a->local_len == 0 || address_domain(a))
			continue;
		if (a->local_len + p.text.len > ADDRESS_PATH_MAX) {
			error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				  "address \"%s%s\": it is longer than 254 bytes",
				  TEXT_SHOW(span_of(a->text)), TEXT_SHOW(buf_span(&p.text)));
			goto out;
		}
		text = realloc(a->text, a->local_len + p.text.len + 1);
		if (!text) {
			error_set_memory(error);
			goto out;
		}
		memcpy(text + a->local_len, p.text.data, p.text.len + 1);
		a->text = text;
	}
	result = 0;
out:
	buf_clear(&p.text);
	return result;
}

/* Hashing by a polynomial at a random point, modulo the prime 2^31 - 1: no sender can choose
 * addresses that fall together. */
enum { HASH_PRIME = 0x7fffffff };

/* Three bytes make one coefficient: a third of the divisions. */
static uint32_t hash_address(const struct address *a, uint32_t point)
{
	uint64_t h = a->local_len;
	uint32_t three = 0;
	size_t i;

	for (i = 0; a->text[i]; i++) {
		char c = i < a->local_len ? a->text[i] : chars_lower(a->text[i]);

		three = three << 8 | (unsigned char)c;
		if (i % 3 != 2)
			continue;
		h = (h * point + three) % HASH_PRIME;
		three = 0;
	}
	return (uint32_t)((h * point + three) % HASH_PRIME);
}

bool address_is_same(const struct address *a, const struct address *b)
{
	return a->local_len == b->local_len && memcmp(a->text, b->text, a->local_len) == 0 &&
	       span_equals_nocase(span_of(a->text + a->local_len), b->text + b->local_len);
}

int address_list_unique(struct address_list *list)
{
	uint32_t point = HASH_PRIME / 2 + arc4random_uniform(HASH_PRIME / 2);
	size_t size = 16, kept = 0;
	size_t *slots; /* 1 + the index of an address that is kept; 0: free */

	while (size < 2 * list->count)
		size *= 2;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct address *a = &list->items[i];
		size_t at = hash_address(a, point) & (size - 1);

		while (slots[at] && !address_is_same(&list->items[slots[at] - 1], a))
			at = (at + 1) & (size - 1);
		if (slots[at]) {
			address_clear(a);
			continue;
		}
		list->items[kept] = *a;
		slots[at] = ++kept;
	}
	list->count = kept;
	free(slots);
	return 0;
}
