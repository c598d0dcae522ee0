/* Dates and identifiers: see date.h. No strftime(), which speaks the locale's language. */
#include "mail/date.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

enum { DOMAIN_MAX = 255 };

static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void date_rfc5322(struct buf *out, time_t when)
{
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	long minutes;

	localtime_r(&when, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	buf_printf(out, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday % 7],
		   tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		   tm.tm_sec, tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void date_short(struct buf *out, time_t when)
{
	struct tm tm = {.tm_mday = 1, .tm_year = 70};

	localtime_r(&when, &tm);
	buf_printf(out, "%s %s %2d %02d:%02d:%02d", days[tm.tm_wday % 7],
		   months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void date_rfc3339(struct buf *out, int64_t when)
{
	const time_t seconds = (time_t)when;
	struct tm tm = {.tm_mday = 1, .tm_year = 70};

	gmtime_r(&seconds, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Takes text through a picture of digits ("0") and of characters that stand for themselves;
 * the numbers go to fields in turn. Returns the rest, with data NULL when it does not fit. */
static struct span date_take(struct span text, const char *picture, int *fields)
{
	size_t len = strlen(picture);

	if (text.len < len)
		return (struct span){0};
	for (size_t i = 0; i < len; i++) {
		char c = text.data[i];

		if (picture[i] != '0' && c != picture[i])
			return (struct span){0};
		if (picture[i] != '0')
			fields++;
		else if (chars_is(c, CHARS_DIGIT))
			*fields = *fields * 10 + (c - '0');
		else
			return (struct span){0};
	}
	return (struct span){text.data + len, text.len - len};
}

/* The offset at the end, in seconds: "Z", "+01:00"; "z" is allowed too. */
static int date_take_offset(struct span text, int *offset)
{
	int fields[2] = {0};
	bool west = text.len > 0 && text.data[0] == '-';

	if (text.len == 1 && chars_lower(text.data[0]) == 'z')
		return 0;
	if (text.len != 6 || (text.data[0] != '+' && !west) ||
	    !date_take((struct span){text.data + 1, 5}, "00:00", fields).data ||
	    fields[0] > 23 || fields[1] > 59)
		return -1;
	*offset = (fields[0] * 60 + fields[1]) * (west ? -60 : 60);
	return 0;
}

/*
 * RFC 3339 section 5.6, where "T" may be a "t" or, for people, a space:
 *
 *   full-date = 4DIGIT "-" 2DIGIT "-" 2DIGIT
 *   partial-time = 2DIGIT ":" 2DIGIT ":" 2DIGIT ["." 1*DIGIT]
 *   time-offset = "Z" / (("+" / "-") 2DIGIT ":" 2DIGIT)
 *   date-time = full-date "T" partial-time time-offset
 */
int date_parse_rfc3339(struct span text, int64_t *when)
{
	int day[3] = {0}, clock[3] = {0}, offset = 0;
	struct span rest = date_take(text, "0000-00-00", day);
	struct tm tm, same;
	int64_t seconds;

	if (rest.len == 0 || (chars_lower(rest.data[0]) != 't' && rest.data[0] != ' '))
		return -1;
	rest = date_take((struct span){rest.data + 1, rest.len - 1}, "00:00:00", clock);
	if (rest.len > 1 && rest.data[0] == '.' && chars_is(rest.data[1], CHARS_DIGIT))
		do
			rest = (struct span){rest.data + 1, rest.len - 1};
		while (rest.len > 0 && chars_is(rest.data[0], CHARS_DIGIT));
	if (rest.len == 0 || date_take_offset(rest, &offset) || clock[0] > 23 ||
	    clock[1] > 59 || clock[2] > 60)
		return -1;
	tm = (struct tm){.tm_year = day[0] - 1900, .tm_mon = day[1] - 1, .tm_mday = day[2]};
	same = tm;
	seconds = timegm(&same);
	if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday) /* no such day */
		return -1;
	*when = seconds + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset;
	return 0;
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
