/* Dates in no locale but ours, and identifiers that are unique and well-formed. */
#include "mail/date.h"

#include <locale.h>
#include <stdlib.h>

#include "base/chars.h"
#include "test.h"

static void check_date(const char *zone, time_t when, const char *want)
{
	struct buf b;

	buf_init(&b, 100);
	setenv("TZ", zone, 1);
	tzset();
	date_rfc5322(&b, when);
	CHECK_STR(b.data, want);
	buf_clear(&b);
}

static void dates_are_local_with_their_offset(void)
{
	setlocale(LC_ALL, "");
	check_date("UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000");
	check_date("UTC0", 1795433046, "Mon, 23 Nov 2026 11:24:06 +0000");
	check_date("XST-1", 1795433046, "Mon, 23 Nov 2026 12:24:06 +0100");
	check_date("XST3:30", 1795433046, "Mon, 23 Nov 2026 07:54:06 -0330");
	check_date("XST-5:45", 1795433046, "Mon, 23 Nov 2026 17:09:06 +0545");
	check_date("XST12", 0, "Wed, 31 Dec 1969 12:00:00 -1200");
	check_date("UTC0", 951782400, "Tue, 29 Feb 2000 00:00:00 +0000");
}

static void rfc3339_is_written_in_utc_and_read_with_any_offset(void)
{
	static const struct {
		const char *text;
		int64_t when;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-23T11:24:06Z", 1795433046},
		{"2026-11-23t12:24:06.789+01:00", 1795433046},
		{"2026-11-23 07:54:06-03:30", 1795433046},
		{"2000-02-29T23:59:60z", 951868800},
	};
	static const char *const bad[] = {"",
					  "2026-11-23",
					  "2026-11-23T11:24:06",
					  "2026-11-23T11:24Z",
					  "2026-02-29T00:00:00Z",
					  "2026-13-01T00:00:00Z",
					  "2026-00-01T00:00:00Z",
					  "2026-01-00T00:00:00Z",
					  "2026-01-01T24:00:00Z",
					  "2026-01-01T00:60:00Z",
					  "2026-01-01T00:00:00.Z",
					  "2026-01-01T00:00:00+1:00",
					  "2026-01-01T00:00:00+24:00",
					  "2026-01-01T00:00:00Zx",
					  "2026-01-01_00:00:00Z",
					  "26-01-01T00:00:00Z"};
	struct buf b;
	int64_t when = -1;

	buf_init(&b, 100);
	date_rfc3339(&b, 1795433046);
	CHECK_STR(b.data, "2026-11-23T11:24:06Z");
	buf_clear(&b);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_INT(date_parse_rfc3339(span_of(good[i].text), &when), 0);
		CHECK_INT(when, good[i].when);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(date_parse_rfc3339(span_of(bad[i]), &when), -1);
}

static void check_domain(const char *domain, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	date_message_id(&b, 1795433046, domain);
	CHECK_INT(strncmp(b.data, "<20261123112406.", 16), 0);
	CHECK_STR(b.len > 32 ? b.data + 32 : "", want);
	for (size_t i = 16; i < 32 && i < b.len; i++)
		CHECK(chars_is(b.data[i], CHARS_ALNUM));
	buf_clear(&b);
}

static void identifiers_end_in_a_dot_atom(void)
{
	check_domain("example.org", "@example.org>");
	check_domain("my_host.Example", "@my_host.Example>");
	check_domain("", "@localhost>");
	check_domain(NULL, "@localhost>");
	check_domain("...", "@localhost>");
	check_domain(".a..b.", "@a.b>");
	check_domain("[127.0.0.1]", "@127.0.0.1>");
	check_domain("[IPv6:::1]", "@IPv6---1>");
	check_domain("a>\r\nBcc: x", "@a---Bcc--x>");
	check_domain("gr\303\274n", "@gr--n>");
}

static void identifiers_differ(void)
{
	struct buf a, b;

	buf_init(&a, 100);
	buf_init(&b, 100);
	date_message_id(&a, 0, "x");
	date_message_id(&b, 0, "x");
	CHECK(strcmp(a.data, b.data) != 0);
	buf_clear(&a);
	buf_clear(&b);
}

static void a_long_domain_is_cut(void)
{
	char domain[2000];
	struct buf b;

	memset(domain, 'a', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	buf_init(&b, 1000);
	date_message_id(&b, 0, domain);
	CHECK(!buf_failed(&b));
	CHECK_INT(b.len, 33 + 255 + 1);
	buf_clear(&b);
}

static int64_t future(const char *text, int64_t now)
{
	int64_t when = -2;

	return date_parse_future(span_of(text), now, &when) ? -1 : when;
}

static void a_time_to_come_is_said_in_many_ways(void)
{
	const int64_t now = 1795433046; /* 2026-11-23T12:24:06+01:00 */

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	CHECK_INT(future("2026-11-23T11:24:07Z", now), now + 1);
	CHECK_INT(future("2026-11-23T11:24:06Z", now), -1);
	CHECK_INT(future("+2h", now), now + 7200);
	CHECK_INT(future("+1d12h", now), now + 129600);
	CHECK_INT(future("18:30", now), 1795455000);
	CHECK_INT(future("12:25", now), 1795433100);
	CHECK_INT(future("12:24", now), 1795433040 + 86400);
	CHECK_INT(future("08:00", now), 1795417200 + 86400);
	CHECK_INT(future("today 18:30", now), 1795455000);
	CHECK_INT(future("today 08:00", now), -1);
	CHECK_INT(future("tomorrow 08:00", now), 1795417200 + 86400);
	CHECK_INT(future("tomorrow 00:00", now), 1795388400 + 86400);
	CHECK_INT(future("2026-12-24 18:30", now), 1798133400);
	CHECK_INT(future("2027-07-01 12:00", now), 1814436000); /* in summer */
	CHECK_INT(future("2027-02-29 12:00", now), -1);
	CHECK_INT(future("2027-03-28 02:30", now), -1); /* no clock shows it */
	CHECK_INT(future("2020-01-01 00:00", now), -1);
}

static void what_is_no_time_to_come_is_refused(void)
{
	static const char *const bad[] = {
		"",         "+",           "+2",      "+0s",
		"2h",       "24:00",       "8:00",    "08:60",
		"08:00 ",   "tomorrow",    "today",   "Tomorrow 08:00",
		"monday",   "18:30 today", "now",     "tomorrow  08:00",
		"18:30:00", "2026-12-24",  "+-5m",    "1798133400",
		"+2h ",     "18.30",       "6:30 pm", "2026-12-24T18:30"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (future(bad[i], 1795433046) != -1)
			test_fail(__FILE__, __LINE__, bad[i]);
}

int main(void)
{
	TEST_RUN(dates_are_local_with_their_offset);
	TEST_RUN(rfc3339_is_written_in_utc_and_read_with_any_offset);
	TEST_RUN(identifiers_end_in_a_dot_atom);
	TEST_RUN(identifiers_differ);
	TEST_RUN(a_long_domain_is_cut);
	TEST_RUN(a_time_to_come_is_said_in_many_ways);
	TEST_RUN(what_is_no_time_to_come_is_refused);
	return test_done();
}
