/* Dates and identifiers: see date.h. No strftime(), which speaks the locale's language. */
#include "mail/date.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/duration.h"

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

void date_mbox(struct buf *out, time_t when)
{
	struct tm tm = {.tm_mday = 1, .tm_year = 70};

	gmtime_r(&when, &tm);
	buf_printf(out, "%s %s %2d %02d:%02d:%02d %04d", days[tm.tm_wday % 7],
		   months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		   tm.tm_year + 1900);
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

/* "2026-12-24", a day that there is, as its first second. Returns the rest, with data NULL when
 * it does not fit. */
static struct span date_take_day(struct span text, struct tm *day)
{
	int fields[3] = {0};
	struct span rest = date_take(text, "0000-00-00", fields);
	struct tm same;

	*day = (struct tm){
		.tm_year = fields[0] - 1900, .tm_mon = fields[1] - 1, .tm_mday = fields[2]};
	same = *day;
	timegm(&same);
	if (same.tm_mon != day->tm_mon || same.tm_mday != day->tm_mday)
		return (struct span){0};
	return rest;
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
	int clock[3] = {0}, offset = 0;
	struct tm day;
	struct span rest = date_take_day(text, &day);

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
	*when = timegm(&day) + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset;
	return 0;
}

/* The second at which local clocks show hour and minute, so many days after the day of base. */
static int date_local(struct tm base, int later, const int clock[2], int64_t *when)
{
	struct tm tm = {
		.tm_year = base.tm_year,
		.tm_mon = base.tm_mon,
		.tm_mday = base.tm_mday + later,
		.tm_hour = clock[0],
		.tm_min = clock[1],
		.tm_isdst = -1,
	};
	time_t seconds;

	if (clock[0] > 23 || clock[1] > 59)
		return -1;
	seconds = mktime(&tm);
	if (seconds == (time_t)-1 || tm.tm_hour != clock[0] || tm.tm_min != clock[1])
		return -1;
	*when = seconds;
	return 0;
}

/* "2026-12-24 18:30". */
static int date_parse_day(struct span text, int64_t *when)
{
	struct tm day;
	int clock[2] = {0};
	struct span rest = date_take_day(text, &day);

	if (rest.len == 0 || rest.data[0] != ' ')
		return -1;
	rest = date_take((struct span){rest.data + 1, rest.len - 1}, "00:00", clock);
	return rest.data && rest.len == 0 ? date_local(day, 0, clock, when) : -1;
}

/* "18:30", "today 18:30", "tomorrow 08:00". */
static int date_parse_clock(struct span text, int64_t now, int64_t *when)
{
	static const char *const names[] = {"today ", "tomorrow "};
	const time_t seconds = (time_t)now;
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	int clock[2] = {0};
	int day = -1;

	localtime_r(&seconds, &tm);
	for (int i = 0; i < 2; i++) {
		size_t len = strlen(names[i]);

		if (text.len > len && memcmp(text.data, names[i], len) == 0) {
			text = (struct span){text.data + len, text.len - len};
			day = i;
			break;
		}
	}
	text = date_take(text, "00:00", clock);
	if (!text.data || text.len > 0 || date_local(tm, day < 0 ? 0 : day, clock, when))
		return -1;
	return day < 0 && *when <= now ? date_local(tm, 1, clock, when) : 0;
}

int date_parse_future(struct span text, int64_t now, int64_t *when)
{
	int64_t found = 0;
	int seconds = 0;

	if (text.len > 0 && text.data[0] == '+') {
		if (duration_parse((struct span){text.data + 1, text.len - 1}, &seconds))
			return -1;
		found = now + seconds;
	} else if (date_parse_rfc3339(text, &found) && date_parse_day(text, &found) &&
		   date_parse_clock(text, now, &found)) {
		return -1;
	}
	if (found <= now)
		return -1;
	*when = found;
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
