/* Encoded words: what is encoded, how long it may be, what is left alone. */
#include "mail/mime.h"

#include <stdlib.h>

#include "base/text.h"
#include "test.h"

#define UE      "\303\274" /* small u with diaeresis */
#define Q(text) "=?UTF-8?Q?" text "?="

static char *phrase(const char *name)
{
	struct buf b;

	buf_init(&b, 100000);
	mime_phrase(&b, span_of(name));
	return buf_take(&b);
}

static void check_phrase(const char *name, const char *want)
{
	char *got = phrase(name);

	CHECK_STR(got, want);
	free(got);
}

static void names_become_phrases(void)
{
	check_phrase("", "\"\"");
	check_phrase("Ann", "Ann");
	check_phrase("Ann Smith", "Ann Smith");
	check_phrase(" Ann ", "Ann");
	check_phrase("Ann  Smith", "\"Ann  Smith\"");
	check_phrase("J. Smith", "\"J. Smith\"");
	check_phrase("Smith, Ann", "\"Smith, Ann\"");
	check_phrase("Ann \"A\" \\ S", "\"Ann \\\"A\\\" \\\\ S\"");
	check_phrase("a\r\nBcc: x@y", "\"a  Bcc: x@y\"");
	check_phrase("J" UE "rgen M" UE "ller", "=?UTF-8?B?SsO8cmdlbiBNw7xsbGVy?=");
	check_phrase(UE ", (x) \"_?=", "=?UTF-8?B?w7wsICh4KSAiXz89?=");
	check_phrase("J" UE "rgen Schmidt", Q("J=C3=BCrgen_Schmidt"));
	check_phrase("J\374rgen", "=?unknown-8bit?Q?J=FCrgen?=");
	check_phrase("\345\261\261\347\224\260\345\244\252\351\203\216",
		     "=?UTF-8?B?5bGx55Sw5aSq6YOO?=");
}

/* Every line of text at most max bytes, the first beginning at column. */
static bool lines_fit(const char *text, size_t column, size_t max)
{
	for (; *text; text++) {
		column = *text == '\n' ? 0 : column + 1;
		if (column > max)
			return false;
	}
	return true;
}

static void long_names_are_folded_between_characters(void)
{
	char name[3001] = "";
	char *got;

	for (size_t i = 0; i < 1000; i++)
		memcpy(name + 3 * i, "\345\261\261", 4);
	for (size_t cut = 0; cut < 3; cut++) {
		name[3000 - 3 * cut] = '\0';
		got = phrase(name);
		CHECK(lines_fit(got, 16, 76));
		/* 3 bytes are 4 of base64: a word of whole characters needs no pad */
		CHECK(strstr(got, "=?=") == NULL);
		free(got);
	}
	memset(name, 'a', 3000);
	got = phrase(name);
	CHECK(lines_fit(got, 16, 76));
	free(got);
}

/* What becomes of a header of one field. */
static char *encode(const char *text)
{
	struct header h;
	struct error error;
	struct buf out;

	buf_init(&out, 1 << 24);
	CHECK_INT(header_parse(&h, span_of(text), &error), 0);
	CHECK_INT(mime_encode_header(&h, &error), 0);
	header_render(&h, &out);
	header_clear(&h);
	return buf_take(&out);
}

static void fields_are_encoded_where_they_may_be(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		/* unstructured */
		{"Subject: " UE "\n", "Subject: "
				      "=?UTF-8?B?w7w=?="
				      "\n"},
		{"Subject:" UE "\n", "Subject: "
				     "=?UTF-8?B?w7w=?="
				     "\n"},
		{"Subject: a  b " UE " c\n", "Subject: a  b "
					     "=?UTF-8?B?w7w=?="
					     " c\n"},
		{"subject : " UE " " UE "  x\n", "subject : "
						 "=?UTF-8?B?w7wgw7w=?="
						 "  x\n"},
		{"Subject: " UE ", (x) \"_?=\n", "Subject: "
						 "=?UTF-8?B?w7ws?="
						 " (x) \"_?=\n"},
		{"Subject: " UE "=_?\n", "Subject: =?UTF-8?B?w7w9Xz8=?=\n"},
		{"Subject: a\n " UE "\n\tb\n", "Subject: a\n "
					       "=?UTF-8?B?w7w=?="
					       "\n\tb\n"},
		{"Subject: " UE "\n\t" UE "\n", "Subject: =?UTF-8?B?w7wJw7w=?=\n"},
		{"Subject: "
		 "=?UTF-8?B?w7w=?="
		 " " UE " " Q("x") "\n",
		 "Subject: "
		 "=?UTF-8?B?w7w=?="
		 " " Q("_=C3=BC_") " " Q("x") "\n"},
		{"Subject: " UE "  \n", "Subject: "
					"=?UTF-8?B?w7w=?="
					"  \n"},
		{"Subject: \374ber " UE "\n", "Subject: =?unknown-8bit?B?/GJlciDDvA==?=\n"},
		{"X-Thing: " UE "\n", "X-Thing: "
				      "=?UTF-8?B?w7w=?="
				      "\n"},
		{"Content-Description: " UE "\n", "Content-Description: "
						  "=?UTF-8?B?w7w=?="
						  "\n"},
		{"Subject: " UE, "Subject: "
				 "=?UTF-8?B?w7w=?="
				 "\n"},
		/* addresses */
		{"To: J" UE " <a@b>\n", "To: "
					"=?UTF-8?B?SsO8?="
					" <a@b>\n"},
		{"To:J" UE "<a@b>\n", "To: "
				      "=?UTF-8?B?SsO8?="
				      " <a@b>\n"},
		{"To: \"M" UE ", J" UE "\" <a@b>\n", "To: =?UTF-8?B?TcO8LCBKw7w=?= <a@b>\n"},
		{"To: \"M" UE "\\\"\" <a@b>\n", "To: "
						"=?UTF-8?B?TcO8Ig==?="
						" <a@b>\n"},
		{"To: x@y, J. M" UE " J" UE " C <a@b>, \"D.\" <e@f>\n",
		 "To: x@y, J. "
		 "=?UTF-8?B?TcO8IErDvA==?="
		 " C <a@b>, \"D.\" <e@f>\n"},
		{"To: \"a" UE "\"b <a@b>,\n c@d\n", "To: " Q("a=C3=BCb") " <a@b>,\n c@d\n"},
		{"To: a@b (K" UE "ln (am Rh" UE "n))\n", "To: a@b ("
							 "=?UTF-8?B?S8O8bG4=?="
							 " (am "
							 "=?UTF-8?B?UmjDvG4=?="
							 "))\n"},
		{"To: J" UE "(K" UE ")<a@b>\n", "To: "
						"=?UTF-8?B?SsO8?="
						" ("
						"=?UTF-8?B?S8O8?="
						")<a@b>\n"},
		{"To: (\\)" UE ") a@b\n", "To: ("
					  "=?UTF-8?B?KcO8?="
					  ") a@b\n"},
		{"To: Gr" UE "n: a@b, J" UE " <c@d>;\n", "To: "
							 "=?UTF-8?B?R3LDvG4=?="
							 " : a@b, "
							 "=?UTF-8?B?SsO8?="
							 " <c@d>;\n"},
		{"Cc: j" UE "@b, <k" UE "@c>, \"l" UE "\"@d, m@" UE ".org\n", NULL},
		{"Cc: j" UE "@b J" UE " <k" UE "@c>\n", "Cc: "
							"=?UTF-8?B?asO8QGIgSsO8?="
							" <k" UE "@c>\n"},
		{"To: <@a,@b" UE ":c@d>, J" UE " <e@f>\n", "To: <@a,@b" UE ":c@d>, "
							   "=?UTF-8?B?SsO8?="
							   " <e@f>\n"},
		{"List-Id: J" UE " <x.y>\n", "List-Id: "
					     "=?UTF-8?B?SsO8?="
					     " <x.y>\n"},
		{"Keywords: a, " UE ", b\n", "Keywords: a, "
					     "=?UTF-8?B?w7w=?="
					     " , b\n"},
		/* malformed: from there on as it came */
		{"To: J" UE " <a@b>, \"" UE "\n", "To: "
						  "=?UTF-8?B?SsO8?="
						  " <a@b>, \"" UE "\n"},
		{"To: " UE ")\n", NULL},
		{"To: " UE "\n", NULL},
		/* names of files */
		{"Content-Type: text/plain; name=\"" UE "\"\n",
		 "Content-Type: text/plain;\n\tname*=utf-8''%C3%BC\n"},
		{"Content-Disposition: attachment; filename=" UE "\n",
		 "Content-Disposition: attachment;\n\tfilename*=utf-8''%C3%BC\n"},
		{"Content-Type: text/plain; name=\"\344\"\n", NULL},
		/* not ours */
		{"Received: from " UE "\n", NULL},
		{"Message-ID: <" UE "@x>\n", NULL},
		{"References: <" UE "@x>\n", NULL},
		{"DKIM-Signature: " UE "\n", NULL},
		{"List-Unsubscribe: <mailto:" UE "@x>\n", NULL},
		{"MIME-Version: 1.0 (" UE ")\n", NULL},
		/* ASCII */
		{"Subject: =?UTF-8?Q?x?=\n folded \n", NULL},
		{"X: \n", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = encode(rows[i].text);

		CHECK_STR(got, rows[i].want ? rows[i].want : rows[i].text);
		free(got);
	}
}

static void lines_stay_short(void)
{
	static const char *const heads[] = {
		"Subject: ", "To: ", "X-A-Very-Long-Field-Name-Indeed: "};
	struct buf b;
	char *got;

	buf_init(&b, 100000);
	for (size_t h = 0; h < 3; h++) {
		for (size_t plain = 0; plain < 80; plain++) {
			buf_reset(&b);
			buf_add_string(&b, heads[h]);
			for (size_t i = 0; i < plain; i++)
				buf_add_char(&b, i % 9 == 8 ? ' ' : 'x');
			for (size_t i = 0; i < 40; i++)
				buf_add_string(&b, i % 3 ? " b" UE UE UE "b" : " abcd");
			buf_add_string(&b, h == 1 ? " <a@b.org>\n" : "\n");
			got = encode(b.data);
			CHECK(lines_fit(got, 0, 76));
			CHECK(!text_is_8bit(span_of(got)));
			CHECK(strstr(got, "\n \n") == NULL);
			free(got);
		}
	}
	buf_clear(&b);
}

static void added_fields_count_too(void)
{
	struct header h = {0};
	struct error error;

	CHECK_INT(header_add(&h, "Subject", UE), 0);
	CHECK_INT(mime_encode_header(&h, &error), 0);
	CHECK_STR(h.added.items[0], "Subject: "
				    "=?UTF-8?B?w7w=?="
				    "\n");
	header_clear(&h);
}

static void what_is_left_is_told(void)
{
	static const struct {
		const char *text;
		bool before, after;
	} rows[] = {
		{"To: a@b\n", false, false},
		{"To: " UE " <a@b>\n", true, false},
		{"To: " UE "@b\n", true, true},
		{"Received: " UE "\n", true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header h;
		struct error error;

		CHECK_INT(header_parse(&h, span_of(rows[i].text), &error), 0);
		CHECK(header_is_8bit(&h) == rows[i].before);
		CHECK_INT(mime_encode_header(&h, &error), 0);
		CHECK(header_is_8bit(&h) == rows[i].after);
		header_drop(&h, HEADER_TO);
		header_drop(&h, HEADER_RECEIVED);
		CHECK(!header_is_8bit(&h));
		CHECK_INT(header_add(&h, "X", UE), 0);
		CHECK(header_is_8bit(&h));
		header_clear(&h);
	}
}

int main(void)
{
	TEST_RUN(names_become_phrases);
	TEST_RUN(long_names_are_folded_between_characters);
	TEST_RUN(fields_are_encoded_where_they_may_be);
	TEST_RUN(lines_stay_short);
	TEST_RUN(added_fields_count_too);
	TEST_RUN(what_is_left_is_told);
	return test_done();
}
