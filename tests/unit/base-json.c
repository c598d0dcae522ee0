/* JSON as it is written: values, commas, escapes. */
#include "base/json.h"

#include "test.h"

static struct buf out;
static struct json json;

static void begin(void)
{
	buf_init(&out, 4096);
	json_init(&json, &out);
}

static void check(const char *want)
{
	CHECK(!buf_failed(&out));
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void values_are_parted_by_commas(void)
{
	begin();
	json_open_object(&json);
	json_name(&json, "a");
	json_number(&json, -1);
	json_name(&json, "b");
	json_open_array(&json);
	json_bool(&json, true);
	json_bool(&json, false);
	json_null(&json);
	json_open_object(&json);
	json_close_object(&json);
	json_close_array(&json);
	json_name(&json, "c");
	json_open_array(&json);
	json_close_array(&json);
	json_name(&json, "d");
	json_string(&json, span_of(""));
	json_close_object(&json);
	check("{\"a\":-1,\"b\":[true,false,null,{}],\"c\":[],\"d\":\"\"}");
}

static void string(struct span s, const char *want)
{
	begin();
	json_string(&json, s);
	check(want);
}

static void what_is_not_printable_ascii_is_escaped(void)
{
	string(span_of("plain text, /slashes/ and 'quotes'"),
	       "\"plain text, /slashes/ and 'quotes'\"");
	string(span_of("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	string((struct span){"a\0b\x1b\x7f", 5}, "\"a\\u0000b\\u001b\\u007f\"");
	string(span_of("J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x93\xa7"),
	       "\"J\\u00fcrgen \\u20ac \\ud83d\\udce7\"");
}

static void what_is_no_utf8_is_replaced(void)
{
	string(span_of("a\xff\xc3z"), "\"a\\ufffd\\ufffdz\"");
	string(span_of("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	string(span_of("\xe2\x82"), "\"\\ufffd\\ufffd\"");
}

int main(void)
{
	TEST_RUN(values_are_parted_by_commas);
	TEST_RUN(what_is_not_printable_ascii_is_escaped);
	TEST_RUN(what_is_no_utf8_is_replaced);
	return test_done();
}
