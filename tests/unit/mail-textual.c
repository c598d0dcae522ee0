/* Texts, their charsets and their forms. */
#include "mail/textual.h"

#include <stdlib.h>

#include "test.h"

#define UE    "\303\274" /* small u with diaeresis */
#define WORDS "The quick brown fox jumps over the lazy dog and then on. "

struct outcome {
	char *content;
	char charset[CHARSET_NAME_MAX + 1];
	enum textual_form form;
	bool is_blank;
	int failed;
	struct error error;
};

static char *read_all(const struct assembly *a)
{
	struct assembly_reader r;
	struct span piece;
	struct buf out;
	struct error error;

	buf_init(&out, 1 << 24);
	CHECK_INT(assembly_reader_init(&r, a, &error), 0);
	while (assembly_reader_next(&r, &piece, &error) > 0)
		buf_add_span(&out, piece);
	assembly_reader_clear(&r);
	return buf_take(&out);
}

static struct outcome run(struct span text, size_t cut, const char *said, const char *likely)
{
	struct textual_charsets charsets = {said, likely};
	struct outcome o = {0};
	struct textual t;
	struct assembly a = {0};

	textual_init(&t, NULL);
	for (size_t at = 0; at < text.len; at += cut)
		CHECK_INT(textual_feed(&t,
				       (struct span){text.data + at,
						     text.len - at < cut ? text.len - at : cut},
				       &o.error),
			  0);
	o.is_blank = t.is_blank;
	o.failed = textual_settle(&t, &charsets, true, &o.error);
	o.form = t.form;
	memcpy(o.charset, t.charset, sizeof(o.charset));
	if (!o.failed)
		CHECK_INT(textual_write(&t, &a, &o.error), 0);
	o.content = read_all(&a);
	assembly_clear(&a);
	textual_clear(&t);
	return o;
}

static void check(const char *text, enum textual_form form, const char *charset,
		  const char *want)
{
	static const size_t cuts[] = {1, 3, 100000};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct outcome o = run(span_of(text), cuts[i], NULL, NULL);

		CHECK_INT(o.failed, 0);
		CHECK_INT(o.form, form);
		CHECK_STR(o.charset, charset);
		if (want)
			CHECK_STR(o.content, want);
		free(o.content);
	}
}

static void plain_text_stays(void)
{
	check("", TEXTUAL_PLAIN, "us-ascii", "");
	check("hello\n\n.\nworld\n", TEXTUAL_PLAIN, "us-ascii", "hello\n\n.\nworld\n");
	check("no end", TEXTUAL_PLAIN, "us-ascii", "no end\n");
	check("a\r\nb\r\n", TEXTUAL_PLAIN, "us-ascii", "a\r\nb\r\n");
	check(" a\tb\n> c\n", TEXTUAL_PLAIN, "us-ascii", " a\tb\n> c\n");
}

static void long_prose_flows(void)
{
	check("Hi,\n\n" WORDS WORDS "end\n From here\nFrom there\n", TEXTUAL_FLOWED, "us-ascii",
	      "Hi,\n\n"
	      "The quick brown fox jumps over the lazy dog and then on. The quick brown \n"
	      "fox jumps over the lazy dog and then on. end\n"
	      "  From here\n From there\n");
	check(WORDS "The quick > more > From the lazy dog and > and on\r\n", TEXTUAL_FLOWED,
	      "us-ascii",
	      "The quick brown fox jumps over the lazy dog and then on. The quick > more > \n"
	      " From the lazy dog and > and on\n");
	check(WORDS "The quick > sore > > the lazy dog and > and on\r\n", TEXTUAL_FLOWED,
	      "us-ascii",
	      "The quick brown fox jumps over the lazy dog and then on. The quick > sore > \n"
	      " > the lazy dog and > and on\n");
}

static void other_long_lines_do_not(void)
{
	check("  " WORDS WORDS "\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", NULL);
	check(WORDS " " WORDS "x\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", NULL);
	check(WORDS WORDS "\tx\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", NULL);
	check(WORDS "0123456789012345678901234567890123456789012345678901234567890123456789x\n",
	      TEXTUAL_QUOTED_PRINTABLE, "us-ascii", NULL);
}

static void what_would_be_lost_is_encoded(void)
{
	check("-- \nAnn\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", "--=20\nAnn\n");
	check("end ", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", "end=20\n");
	check("\033[1mred\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", "=1B[1mred\n");
	check("gr" UE "n = x", TEXTUAL_QUOTED_PRINTABLE, "utf-8", "gr=C3=BCn =3D x\n");
	check("end \r\n", TEXTUAL_QUOTED_PRINTABLE, "us-ascii", "end=20\n");
}

static void what_is_hardly_ascii_is_base64(void)
{
	char text[400] = "";
	struct outcome o;

	for (int i = 0; i < 150; i++)
		strlcat(text, UE, sizeof(text));
	check(text, TEXTUAL_BASE64, "utf-8", NULL);
	o = run((struct span){"a\0b\n", 4}, 1, NULL, NULL);
	CHECK_INT(o.form, TEXTUAL_BASE64_BYTES);
	CHECK_STR(o.content, "YQBiCg==");
	free(o.content);
	check("50%\r100%\n", TEXTUAL_BASE64_BYTES, "us-ascii", "NTAlDTEwMCUK");
	check("100%\r", TEXTUAL_BASE64_BYTES, "us-ascii", "MTAwJQ0=");
}

static void check_charset(const char *text, const char *said, const char *likely,
			  const char *want)
{
	struct outcome o = run(span_of(text), 2, said, likely);

	if (want)
		CHECK_STR(o.charset, want);
	CHECK_INT(o.failed, want ? 0 : -1);
	if (!want)
		CHECK_INT(o.error.class, ERROR_MESSAGE);
	free(o.content);
}

static void the_charset_is_never_wrong(void)
{
	check_charset("gr\374n", "ISO-8859-1", NULL, "iso-8859-1");
	check_charset("gr\374n", "utf-8", NULL, NULL);
	check_charset("gr\374n", "us-ascii", NULL, NULL);
	check_charset("gr\303", "utf-8", NULL, NULL);
	check_charset("gr\374n", NULL, "ISO-8859-15", "iso-8859-15");
	check_charset("gr\374n", NULL, "ANSI_X3.4-1968", "unknown-8bit");
	check_charset("gr" UE "n", NULL, "ANSI_X3.4-1968", "utf-8");
	check_charset("gr" UE "n", NULL, NULL, "utf-8");
	check_charset("green", "KOI8-R", NULL, "koi8-r");
	check_charset("green", NULL, "KOI8-R", "us-ascii");
}

static void blank_text_is_told(void)
{
	struct outcome o = run(span_of(" \n\t\r\n"), 1, NULL, NULL);

	CHECK(o.is_blank);
	free(o.content);
	o = run(span_of(" \n."), 1, NULL, NULL);
	CHECK(!o.is_blank);
	free(o.content);
}

/* Beyond what is kept in memory. */
static void long_text_goes_through(void)
{
	enum { COUNT = 20000 };
	struct buf text;
	struct outcome o;

	buf_init(&text, 1 << 24);
	for (int i = 0; i < COUNT; i++)
		buf_printf(&text, "line %d " UE "\n", i);
	o = run(buf_span(&text), 65536, NULL, NULL);
	CHECK_INT(o.form, TEXTUAL_QUOTED_PRINTABLE);
	CHECK(strstr(o.content, "line 19999 =C3=BC\n") != NULL);
	free(o.content);
	buf_clear(&text);
}

int main(void)
{
	TEST_RUN(plain_text_stays);
	TEST_RUN(long_prose_flows);
	TEST_RUN(other_long_lines_do_not);
	TEST_RUN(what_would_be_lost_is_encoded);
	TEST_RUN(what_is_hardly_ascii_is_base64);
	TEST_RUN(the_charset_is_never_wrong);
	TEST_RUN(blank_text_is_told);
	TEST_RUN(long_text_goes_through);
	return test_done();
}
