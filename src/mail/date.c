/* Dates and identifiers: see date.h. No strftime(), which speaks the locale's language. */
#include "mail/date.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

enum { DOMAIN_MAX = 255 };

void date_rfc5322(struct buf *out, time_t when)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	long minutes;

	localtime_r(&when, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	buf_printf(out, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday % 7],
		   tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		   tm.tm_sec, tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* The domain as a dot-atom: other characters become hyphens, brackets and needless dots go. */
static void add_safe_domain(struct buf *out, struct span domain)
{
	size_t start = out->len;

	for (size_t i = 0; i < domain.len && out->len - start < DOMAIN_MAX; i++) {
		char c = domain.data[i];

		if (c == '.' && (out->len == start || out->data[out->len - 1] == '.'))
			continue;
		if (c != '[' && c != ']')
			buf_add_char(out, chars_is(c, CHARS_ALNUM) || c == '.' || c == '_'
						  ? c
						  : '-');
	}
	if (out->len > start && out->data[out->len - 1] == '.')
		buf_truncate(out, out->len - 1);
	if (out->len == start)
		buf_add_string(out, "localhost");
}

void date_message_id(struct buf *out, time_t when, const char *domain)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[16];
	struct tm tm = {.tm_mday = 1, .tm_year = 70};

	gmtime_r(&when, &tm);
	arc4random_buf(random, sizeof(random));
	buf_printf(out, "<%04d%02d%02d%02d%02d%02d.", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	for (size_t i = 0; i < sizeof(random); i++)
		buf_add_char(out, digits[random[i] & 31]);
	buf_add_char(out, '@');
	add_safe_domain(out, span_of(domain));
	buf_add_char(out, '>');
}
