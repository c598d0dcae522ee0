/* What a sender wishes: see wishes.h. */
#include "mail/wishes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"
#include "base/text.h"
#include "mail/date.h"

static int wishes_refuse(const char *word, const char *wanted, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_USAGE, "\"%s\" is not %s",
			 TEXT_SHOW(span_of(word)), wanted);
}

/* The bit of one condition, 0 when there is no such. */
static unsigned wishes_condition(struct span name)
{
	if (span_equals_nocase(name, "success"))
		return WISHES_SUCCESS;
	if (span_equals_nocase(name, "failure"))
		return WISHES_FAILURE;
	if (span_equals_nocase(name, "delay"))
		return WISHES_DELAY;
	return span_equals_nocase(name, "never") ? WISHES_NEVER : 0;
}

/*
 * RFC 3461 section 4.1:
 *
 *   notify-esmtp-value = "NEVER" / 1#notify-list-element
 *   notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
 */
int wishes_set_notify(struct wishes *w, const char *word, struct error *error)
{
	const char *rest = word;
	unsigned all = 0;

	if (strcmp(word, "off") == 0)
		return w->notify = 0;
	for (;;) {
		struct span name = {rest, strcspn(rest, ",")};
		unsigned one = wishes_condition(span_trim(name));

		all |= one;
		if (!one || (all & WISHES_NEVER && all != WISHES_NEVER))
			return wishes_refuse(word,
					     "\"never\", or some of success, failure and delay "
					     "with commas between them",
					     error);
		if (!rest[name.len])
			break;
		rest += name.len + 1;
	}
	w->notify = all;
	return 0;
}

int wishes_set_return(struct wishes *w, const char *word, struct error *error)
{
	if (strcasecmp(word, "full") == 0)
		w->ret = WISHES_RETURN_FULL;
	else if (strcasecmp(word, "hdrs") == 0 || strcasecmp(word, "headers") == 0)
		w->ret = WISHES_RETURN_HEADERS;
	else if (strcmp(word, "off") == 0)
		w->ret = WISHES_RETURN_UNSAID;
	else
		return wishes_refuse(word, "full or headers", error);
	return 0;
}

int wishes_set_envelope_id(struct wishes *w, const char *word, struct error *error)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < len; i++)
		if (!chars_is(word[i], CHARS_GRAPHIC) && word[i] != ' ')
			len = 0;
	if (len == 0 || len > WISHES_ENVELOPE_ID_MAX)
		return wishes_refuse(
			word, "an envelope identifier: 1 to 100 printable ASCII characters",
			error);
	w->envelope_id = word;
	return 0;
}

/* A number of seconds that fits the nine digits of the RFCs; -1 for anything else. */
static int wishes_seconds(struct span digits)
{
	int value = 0;

	if (digits.len == 0 || digits.len > 9)
		return -1;
	for (size_t i = 0; i < digits.len; i++) {
		if (!chars_is(digits.data[i], CHARS_DIGIT))
			return -1;
		value = value * 10 + (digits.data[i] - '0');
	}
	return value > 0 ? value : -1;
}

/*
 * RFC 2852 section 4, with a comma allowed, because a shell takes the semicolon for its own:
 *
 *   by-value = by-time ";" by-mode [by-trace]
 *   by-mode  = "N" / "R"
 *   by-trace = "T"
 *
 * A by-time of zero or below belongs to relays alone.
 */
int wishes_set_deliver_by(struct wishes *w, const char *word, struct error *error)
{
	struct span digits = {word, strcspn(word, ",;")};
	const char *mode = word[digits.len] ? word + digits.len + 1 : "R";
	int seconds = wishes_seconds(digits);
	bool trace = mode[0] && (mode[1] == 'T' || mode[1] == 't');

	if (strcmp(word, "off") == 0) {
		w->deliver_by = 0;
		return 0;
	}
	if (seconds < 0 || !mode[0] || !strchr("RrNn", mode[0]) || mode[1 + trace])
		return wishes_refuse(word,
				     "a number of seconds from 1 to 999999999, with \",R\" or "
				     "\",N\" behind it, or \",RT\" or \",NT\"",
				     error);
	w->deliver_by = seconds;
	w->deliver_by_mode = strchr("Rr", mode[0]) ? 'R' : 'N';
	w->deliver_by_trace = trace;
	return 0;
}

int wishes_set_hold_for(struct wishes *w, const char *word, struct error *error)
{
	int seconds = wishes_seconds(span_of(word));

	if (seconds < 0)
		return wishes_refuse(word, "a number of seconds from 1 to 999999999", error);
	w->hold_for = seconds;
	return 0;
}

int wishes_set_hold_until(struct wishes *w, const char *word, struct error *error)
{
	int64_t when = 0;

	if (date_parse_rfc3339(span_of(word), &when) || when <= 0)
		return wishes_refuse(word, "a time such as 2026-12-24T18:00:00+01:00", error);
	w->hold_until = when;
	return 0;
}
