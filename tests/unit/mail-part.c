/* The walk over a message's parts, fed whole, byte by byte and in pieces of odd lengths. What
 * was walked is written down: "<L:head>" a header with its kind (Leaf, Multipart, meSsage,
 * sealed #) and "|" where a blank line ended it, "(text)" content, "." its end, "[text]" glue.
 */
#include "mail/part.h"

#include <stdlib.h>

#include "test.h"

enum { OUT_MAX = 4 << 20 };

/* A text given out so many bytes at a time. */
struct cut_text {
	struct span rest;
	size_t cut;
	bool breaks; /* an error stands at its end */
};

static int next_cut(void *context, struct span *piece, struct error *error)
{
	struct cut_text *c = context;

	if (c->rest.len == 0 && c->breaks)
		return error_set(error, ERROR_LOCAL, STAGE_INPUT, "disk on fire");
	*piece = (struct span){c->rest.data, c->rest.len < c->cut ? c->rest.len : c->cut};
	c->rest.data += piece->len;
	c->rest.len -= piece->len;
	return piece->len > 0;
}

static void note(const struct part_walk *w, const struct part_piece *piece, char *open,
		 struct buf *out)
{
	static const char marks[][2] = {
		[PART_HEADER] = "<>", [PART_CONTENT] = "()", [PART_GLUE] = "[]"};

	if (*open && *open != marks[piece->event][1])
		buf_add_char(out, *open);
	if (piece->event == PART_END) {
		*open = '\0';
		buf_add_char(out, '.');
		return;
	}
	if (*open != marks[piece->event][1] || piece->event == PART_HEADER)
		buf_add_char(out, marks[piece->event][0]);
	*open = marks[piece->event][1];
	if (piece->event == PART_HEADER)
		buf_printf(out, "%c:", "LMS#"[w->kind]);
	buf_add_span(out, piece->text);
	if (piece->event == PART_HEADER && w->has_blank)
		buf_add_char(out, '|');
	if (piece->event == PART_HEADER) {
		buf_add_char(out, '>');
		*open = '\0';
	}
}

/* What the walk over text gives; the caller frees it. */
static char *walk(struct span text, size_t cut)
{
	struct cut_text source = {.rest = text, .cut = cut};
	struct part_piece piece;
	struct error error;
	struct part_walk w;
	struct buf out;
	char open = '\0';
	int more;

	buf_init(&out, OUT_MAX);
	CHECK_INT(part_walk_init(&w, next_cut, &source, &error), 0);
	while ((more = part_walk_next(&w, &piece, &error)) > 0)
		note(&w, &piece, &open, &out);
	if (open)
		buf_add_char(&out, open);
	CHECK_INT(more, 0);
	part_walk_clear(&w);
	return buf_take(&out);
}

static void check(const char *text, const char *want)
{
	static const size_t cuts[] = {SIZE_MAX, 1, 2, 3, 7, 61};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char *got = walk(span_of(text), cuts[i]);

		CHECK_STR(got, want);
		free(got);
	}
}

#define MIXED       "Content-Type: multipart/mixed; boundary=b\n"
#define MULTI(name) "Content-Type: multipart/mixed; boundary=" name "\n"

static void a_message_without_parts_is_a_leaf(void)
{
	check("", "<L:>.");
	check("A: b\n", "<L:A: b\n>.");
	check("A: b\n\n", "<L:A: b\n|>.");
	check("A: b\n\nx\n--b\n", "<L:A: b\n|>(x\n--b\n).");
	check("\nx", "<L:|>(x).");
	check("x", "<L:>(x).");
	check("A: b\r\n c\r\n\r\nx\r\n", "<L:A: b\n c\n|>(x\r\n).");
}

static void parts_stand_between_boundaries(void)
{
	check(MIXED "\npreamble\n--b\n\none\n--b\nA: b\n\ntwo\n\n--b--\nepilogue\n",
	      "<M:" MIXED "|>[preamble\n--b\n]<L:|>(one).[\n--b\n]<L:A: b\n|>(two\n)."
	      "[\n--b--\nepilogue\n]");
	check(MIXED "\n--b\r\n\r\none\r\n--b--\r\n",
	      "<M:" MIXED "|>[--b\r\n]<L:|>(one).[\r\n--b--\r\n]");
}

static void the_line_end_before_a_boundary_belongs_to_it(void)
{
	check(MIXED "\n--b\n\n\n--b\n\n--b\n--b--",
	      "<M:" MIXED "|>[--b\n]<L:|>.[\n--b\n]<L:|>.[--b\n]<L:>.[--b--]");
	check(MIXED "\n--b\n\nno line end--b\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:|>(no line end--b).[\n--b--\n]");
	check(MIXED "\n--b\n\nx\r\r\n--b--\n", "<M:" MIXED "|>[--b\n]<L:|>(x\r).[\r\n--b--\n]");
}

static void a_binary_part_may_end_in_a_cr(void)
{
	check(MIXED "\n--b\nContent-Transfer-Encoding: binary\n\nx\r\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:Content-Transfer-Encoding: binary\n|>(x\r).[\n--b--\n]");
	check(MIXED "\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx\r\n--b--\r\n",
	      "<M:" MIXED
	      "|>[--b\r\n]<L:Content-Transfer-Encoding: binary\n|>(x).[\r\n--b--\r\n]");
	check(MIXED "\n--b\nContent-Transfer-Encoding: 8bit\n\nx\r\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:Content-Transfer-Encoding: 8bit\n|>(x).[\r\n--b--\n]");
	/* What is between parts is not content. */
	check(MIXED "Content-Transfer-Encoding: binary\n\nx\r\n--b\n\ny\r\n--b--\nz\r\n",
	      "<M:" MIXED "Content-Transfer-Encoding: binary\n|>[x\r\n--b\n]<L:|>(y)."
	      "[\r\n--b--\nz\r\n]");
}

static void a_boundary_is_a_whole_line(void)
{
	check(MIXED "\n--b \t\n\n--bb\n--b-\n--b--x\n -- b\n --b\n---b\n--\n--B\n--b-- \n",
	      "<M:" MIXED "|>[--b \t\n]<L:|>(--bb\n--b-\n--b--x\n -- b\n --b\n---b\n--\n--B)."
	      "[\n--b-- \n]");
	check("Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n\nx\n--a\n--a b--\n",
	      "<M:Content-Type: multipart/mixed; boundary=\"a b\"\n|>[--a b\n]<L:|>(x\n--a)."
	      "[\n--a b--\n]");
	/* Its closing one looks like another's. */
	check(MULTI("b") "\n--b\n" MULTI("b--") "\n--b--\n\nx\n--b----\n",
	      "<M:" MULTI("b") "|>[--b\n]<M:" MULTI("b--") "|>[--b--\n]<L:|>(x)."
							   "[\n--b----\n]");
}

static void boundaries_may_begin_like_others(void)
{
	check(MULTI("b") "\n--b\n" MULTI("bb") "\n--bb\n\nx\n--bb--\n--b\n\ny\n--b--\n",
	      "<M:" MULTI("b") "|>[--b\n]<M:" MULTI("bb") "|>[--bb\n]<L:|>(x)."
							  "[\n--bb--\n--b\n]<L:|>(y)."
							  "[\n--b--\n]");
	check(MULTI("bb") "\n--bb\n" MULTI("b") "\n--b\n\nx\n--b--\n--bb\n\ny\n--bb--\n",
	      "<M:" MULTI("bb") "|>[--bb\n]<M:" MULTI("b") "|>[--b\n]<L:|>(x)."
							   "[\n--b--\n--bb\n]<L:|>(y)."
							   "[\n--bb--\n]");
}

static void an_outer_boundary_ends_what_is_open(void)
{
	check(MULTI("a") "\n--a\n" MULTI("b") "\n--b\n\nx\n--a\n\n--b\n--a--\n",
	      "<M:" MULTI("a") "|>[--a\n]<M:" MULTI("b") "|>[--b\n]<L:|>(x)."
							 "[\n--a\n]<L:|>(--b).[\n--a--\n]");
	/* In the middle of a header, too. */
	check(MIXED "\n--b\nA: b\n--b\nB: c\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:A: b\n>.[--b\n]<L:B: c\n>.[--b--\n]");
}

static void the_end_may_be_missing(void)
{
	check(MIXED "\n", "<M:" MIXED "|>");
	check(MIXED "\n--b", "<M:" MIXED "|>[--b]<L:>.");
	check(MIXED "\n--b\n", "<M:" MIXED "|>[--b\n]<L:>.");
	check(MIXED "\n--b\n\nx\n", "<M:" MIXED "|>[--b\n]<L:|>(x\n).");
	check(MIXED "\n--b\n\nx\r", "<M:" MIXED "|>[--b\n]<L:|>(x\r).");
	check(MIXED "\n--b\n\nx\n-", "<M:" MIXED "|>[--b\n]<L:|>(x\n-).");
	check(MIXED "\n--b\nA: b", "<M:" MIXED "|>[--b\n]<L:A: b>.");
}

static void messages_within_are_gone_into(void)
{
	check("Content-Type: message/rfc822\n\nA: b\n\nx\n",
	      "<S:Content-Type: message/rfc822\n|><L:A: b\n|>(x\n).");
	check("Content-Type: message/rfc822\n\n" MIXED "\n--b\n\nx\n--b--\n",
	      "<S:Content-Type: message/rfc822\n|><M:" MIXED "|>[--b\n]<L:|>(x).[\n--b--\n]");
	check("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nA: b\n",
	      "<L:Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n|>(A: "
	      "b\n).");
	check("Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nx\n--b--\n",
	      "<M:Content-Type: multipart/digest; boundary=b\n|>[--b\n]<S:|><L:A: b\n|>(x)."
	      "[\n--b--\n]");
}

static void what_is_sealed_is_not_gone_into(void)
{
	check("Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n",
	      "<#:Content-Type: multipart/signed; boundary=b\n|>(--b\n\nx\n--b--\n).");
	check(MULTI("a") "\n--a\nContent-Type: multipart/signed; boundary=b\n\n--b\n--a--\n",
	      "<M:" MULTI("a") "|>[--a\n]<#:Content-Type: multipart/signed; boundary=b\n|>"
			       "(--b).[\n--a--\n]");
	check("DKIM-Signature: x\n" MIXED "\n--b\n",
	      "<#:DKIM-Signature: x\n" MIXED "|>(--b\n).");
	check(MIXED "\n--b\nDKIM-Signature: x\n\ny\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:DKIM-Signature: x\n|>(y).[\n--b--\n]");
	check("Content-Type: multipart/mixed\n\n--b\n",
	      "<#:Content-Type: multipart/mixed\n|>(--b\n).");
	check("Content-Type: message/partial\n\nA: b\n",
	      "<#:Content-Type: message/partial\n|>(A: b\n).");
}

static void the_header_ends_where_no_field_is(void)
{
	check(MIXED "\n--b\nA: b\n c\nno field\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:A: b\n c\n>(no field).[\n--b--\n]");
	check(MIXED "\n--b\n folded\n--b--\n",
	      "<M:" MIXED "|>[--b\n]<L:>( folded).[\n--b--\n]");
	check("Content-Type: multipart/mixed;\n\tboundary\n = (c)\n b\n\n--b\n\nx\n--b--\n",
	      "<M:Content-Type: multipart/mixed;\n\tboundary\n = (c)\n b\n|>[--b\n]<L:|>(x)."
	      "[\n--b--\n]");
	check("A: b\rc\n\nx\ry\n", "<L:A: b c\n|>(x\ry\n).");
}

/* Too deep, too long and too large for the window. */
static void bounds_are_kept(void)
{
	struct buf text;
	char *got;

	buf_init(&text, OUT_MAX);
	for (int i = 0; i <= PART_DEPTH_MAX; i++)
		buf_printf(&text, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
			   i);
	got = walk(buf_span(&text), 1000);
	CHECK(strstr(got, "<#:Content-Type: multipart/mixed; boundary=b100\n|>(--b100\n).") !=
	      NULL);
	free(got);
	buf_reset(&text);
	buf_add_string(&text, MIXED "\n--b\n\n--b");
	for (int i = 0; i < 2000; i++)
		buf_add_char(&text, ' ');
	buf_add_string(&text, "x\n--b--\n");
	got = walk(buf_span(&text), SIZE_MAX);
	CHECK(strstr(got, "x).[\n--b--\n]") != NULL);
	free(got);
	buf_reset(&text);
	buf_add_string(&text, MIXED "\n--b\n\n");
	for (int i = 0; i < 200000; i++)
		buf_add_string(&text, "\r-\n");
	buf_add_string(&text, "\n--b--\n");
	got = walk(buf_span(&text), 65521);
	CHECK(strstr(got, "\r-\n).[\n--b--\n]") != NULL);
	CHECK_INT(strlen(got), text.len + strlen("<M:|>[]<L:|>().[]") - 2);
	free(got);
	buf_clear(&text);
}

static void errors_are_those_of_the_source(void)
{
	struct cut_text source = {span_of(MIXED "\n--b\n\nx"), 5, true};
	struct part_piece piece;
	struct error error = {0};
	struct part_walk w;
	int more;

	CHECK_INT(part_walk_init(&w, next_cut, &source, &error), 0);
	while ((more = part_walk_next(&w, &piece, &error)) > 0)
		continue;
	CHECK_INT(more, -1);
	CHECK_STR(error.text, "disk on fire");
	part_walk_clear(&w);
}

int main(void)
{
	TEST_RUN(a_message_without_parts_is_a_leaf);
	TEST_RUN(parts_stand_between_boundaries);
	TEST_RUN(the_line_end_before_a_boundary_belongs_to_it);
	TEST_RUN(a_binary_part_may_end_in_a_cr);
	TEST_RUN(a_boundary_is_a_whole_line);
	TEST_RUN(boundaries_may_begin_like_others);
	TEST_RUN(an_outer_boundary_ends_what_is_open);
	TEST_RUN(the_end_may_be_missing);
	TEST_RUN(messages_within_are_gone_into);
	TEST_RUN(what_is_sealed_is_not_gone_into);
	TEST_RUN(the_header_ends_where_no_field_is);
	TEST_RUN(bounds_are_kept);
	TEST_RUN(errors_are_those_of_the_source);
	return test_done();
}
