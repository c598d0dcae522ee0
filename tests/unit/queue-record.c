/* Records: no value can forge a field, and no damage goes unseen. */
#include "queue/record.h"

#include <stdlib.h>

#include "test.h"

static void fields_come_back(void)
{
	static const char hostile[] = "x\nend 8:00000000\n\0to 1:a\n";
	struct span value = {hostile, sizeof(hostile) - 1};
	struct span records, fields;
	struct record_field f;
	struct buf b;
	int64_t number;

	buf_init(&b, 1000);
	buf_add_string(&b, "before");
	record_add(&b, "text", value);
	record_add_number(&b, "next", INT64_MAX);
	record_add(&b, "empty", (struct span){0});
	record_end(&b, 6);
	records = (struct span){b.data + 6, b.len - 6};
	CHECK_INT(record_split(&records, &fields), 1);
	CHECK_INT(records.len, 0);
	CHECK_INT(record_split(&records, &fields), 0);
	CHECK_INT(record_next(&fields, &f), 1);
	CHECK(span_equals(f.name, "text"));
	CHECK_INT(f.value.len, value.len);
	CHECK(memcmp(f.value.data, hostile, value.len) == 0);
	CHECK_INT(record_next(&fields, &f), 1);
	CHECK_INT(record_number(f.value, &number), 0);
	CHECK(number == INT64_MAX);
	CHECK_INT(record_next(&fields, &f), 1);
	CHECK_INT(f.value.len, 0);
	CHECK_INT(record_next(&fields, &f), 0);
	buf_clear(&b);
}

static void two_records(struct buf *b, size_t *first)
{
	buf_init(b, 1000);
	record_add(b, "a", span_of("one"));
	record_end(b, 0);
	*first = b->len;
	record_add(b, "b", span_of("two\n"));
	record_end(b, *first);
}

/* Whatever is cut off or changed, what is left of the front is whole. */
static void damage_is_seen(void)
{
	struct span records, fields;
	struct buf b;
	size_t first;

	two_records(&b, &first);
	for (size_t len = 0; len < b.len; len++) {
		records = (struct span){b.data, len};
		CHECK_INT(record_split(&records, &fields), len == 0 ? 0 : len < first ? -1 : 1);
		if (len > first)
			CHECK_INT(record_split(&records, &fields), -1);
	}
	for (size_t at = 0; at < b.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			b.data[at] = (char)(b.data[at] ^ (1 << bit));
			records = buf_span(&b);
			if (at < first)
				CHECK_INT(record_split(&records, &fields), -1);
			else
				CHECK(record_split(&records, &fields) == 1 &&
				      record_split(&records, &fields) == -1);
			b.data[at] = (char)(b.data[at] ^ (1 << bit));
		}
	buf_clear(&b);
}

static void what_is_no_field(void)
{
	static const char *const bad[] = {
		"a",
		"a 1",
		"a 1:",
		"a 1:x",
		"a 1:xy\n",
		"a 01:x\n",
		"a :x\n",
		"a -1:x\n",
		"A 1:x\n",
		" 1:x\n",
		"a  1:x\n",
		"a 18446744073709551617:x\n",
		"a 99999999999999999999999999:x\n",
		"abcdefghijklmnopqrstuvwxyzabcdefg 1:x\n",
	};
	struct record_field f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct span s = span_of(bad[i]);

		CHECK_INT(record_next(&s, &f), -1);
	}
}

static void a_record_has_a_field(void)
{
	struct span fields, records;
	struct buf b;

	buf_init(&b, 100);
	record_end(&b, 0);
	records = buf_span(&b);
	CHECK_INT(record_split(&records, &fields), -1);
	buf_clear(&b);
}

static void numbers(void)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "01",
					  "0x1",
					  "1.",
					  "9223372036854775808",
					  "99999999999999999999"};
	int64_t n = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(record_number(span_of(bad[i]), &n), -1);
	CHECK_INT(n, 7);
	CHECK_INT(record_number(span_of("0"), &n), 0);
	CHECK_INT(n, 0);
	CHECK_INT(record_number(span_of("9223372036854775807"), &n), 0);
	CHECK(n == INT64_MAX);
}

int main(void)
{
	TEST_RUN(fields_come_back);
	TEST_RUN(damage_is_seen);
	TEST_RUN(what_is_no_field);
	TEST_RUN(a_record_has_a_field);
	TEST_RUN(numbers);
	return test_done();
}
