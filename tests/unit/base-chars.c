/* The class table against its definitions. */
#include "base/chars.h"

#include <ctype.h>
#include <string.h>

#include "test.h"

static unsigned expected(int c)
{
	unsigned want = 0;

	if (c >= 0x80)
		return CHARS_UTF8;
	want |= isalpha(c) ? CHARS_ALPHA : 0;
	want |= isdigit(c) ? CHARS_DIGIT : 0;
	want |= c == ' ' || c == '\t' ? CHARS_BLANK : 0;
	want |= c == '\r' || c == '\n' ? CHARS_NEWLINE : 0;
	want |= iscntrl(c) ? CHARS_CONTROL : 0;
	want |= c && (isalnum(c) || strchr("!#$%&'*+-/=?^_`{|}~", c)) ? CHARS_ATEXT : 0;
	want |= isgraph(c) && c != ':' ? CHARS_FIELD : 0;
	want |= c && strchr("()<>[]:;@\\,.\"", c) ? CHARS_SPECIAL : 0;
	want |= c && (isalnum(c) || strchr("+/", c)) ? CHARS_BASE64 : 0;
	want |= isxdigit(c) ? CHARS_HEX : 0;
	want |= isgraph(c) ? CHARS_GRAPHIC : 0;
	return want;
}

static void table_is_as_defined(void)
{
	for (int c = 0; c < 256; c++)
		CHECK_INT(chars_table[c], expected(c));
}

static void lower_touches_only_ascii_capitals(void)
{
	for (int c = 0; c < 256; c++)
		CHECK_INT(chars_lower((char)c),
			  c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c);
}

int main(void)
{
	TEST_RUN(table_is_as_defined);
	TEST_RUN(lower_touches_only_ascii_capitals);
	return test_done();
}
