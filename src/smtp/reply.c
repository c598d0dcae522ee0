/* SMTP replies: see reply.h. */
#include "smtp/reply.h"

#include <string.h>

#include "base/chars.h"
#include "base/text.h"

void reply_init(struct reply *r)
{
	*r = (struct reply){0};
	buf_init(&r->text, REPLY_TEXT_MAX);
}

void reply_clear(struct reply *r)
{
	buf_clear(&r->text);
	reply_init(r);
}

/* Takes digits and a following dot (or, for the last part, a blank or the end) off text. */
static int reply_number(struct span *text, size_t most)
{
	size_t len = 0;
	int value = 0;

	while (len < text->len && len < most && chars_is(text->data[len], CHARS_DIGIT))
		value = value * 10 + (text->data[len++] - '0');
	if (len == 0)
		return -1;
	text->data += len;
	text->len -= len;
	return value;
}

/*
 * The enhanced status code that a reply's text may begin with (RFC 2034 section 4, RFC 3463
 * section 2); it counts only when its class is that of the reply code:
 *
 *   status-code = class "." subject "." detail
 *   class = "2" / "4" / "5"    subject = 1*3digit    detail = 1*3digit
 */
static void reply_parse_enhanced(struct reply *r, struct span text)
{
	int parts[3];

	for (int i = 0; i < 3; i++) {
		if (i > 0 && (text.len == 0 || text.data[0] != '.'))
			return;
		if (i > 0)
			text = (struct span){text.data + 1, text.len - 1};
		parts[i] = reply_number(&text, i == 0 ? 1 : 3);
		if (parts[i] < 0)
			return;
	}
	if ((text.len == 0 || chars_is(text.data[0], CHARS_BLANK)) && parts[0] == r->code / 100)
		memcpy(r->enhanced, parts, sizeof(parts));
}

/* The length of the first line of input with its end, 0 while there is none. */
static size_t reply_line_length(struct span input)
{
	const char *lf = input.len > 0 ? memchr(input.data, '\n', input.len) : NULL;

	return lf ? (size_t)(lf - input.data) + 1 : 0;
}

/*
 * One line without its end (RFC 5321 section 4.2):
 *
 *   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
 *   Reply-code = %x32-35 %x30-35 %x30-39
 *
 * Of the second digit only that it is one is asked. Returns 1 when the line was the last, 0,
 * -1.
 */
static int reply_parse_line(struct reply *r, struct span line, struct error *error)
{
	int code = 0;

	if (line.len >= 3 && line.data[0] >= '2' && line.data[0] <= '5' &&
	    chars_is(line.data[1], CHARS_DIGIT) && chars_is(line.data[2], CHARS_DIGIT))
		code = (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 +
		       (line.data[2] - '0');
	if (code == 0 || (line.len > 3 && line.data[3] != ' ' && line.data[3] != '-'))
		return error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
				 "the relay sent something that is no SMTP reply: \"%s\"",
				 TEXT_SHOW(line));
	if (r->lines > 0 && code != r->code)
		return error_set(
			error, ERROR_RELAY, STAGE_PROTOCOL,
			"the relay changed the reply code from %d to %d within one reply",
			r->code, code);
	r->code = code;
	if (r->lines > 0 && r->text.len < REPLY_TEXT_MAX)
		buf_add_char(&r->text, '\n');
	if (line.len > 4) {
		struct span text = {line.data + 4, line.len - 4};

		if (r->lines == 0)
			reply_parse_enhanced(r, text);
		if (text.len <= REPLY_TEXT_MAX - r->text.len)
			buf_add_span(&r->text, text);
	}
	r->lines++;
	return line.len == 3 || line.data[3] == ' ';
}

int reply_parse(struct reply *r, struct span input, size_t *used, struct error *error)
{
	int done = 0;

	*used = 0;
	while (!done) {
		size_t len = reply_line_length(input);
		struct span line = {input.data, len};

		if (len > REPLY_LINE_MAX || (len == 0 && input.len >= REPLY_LINE_MAX))
			return error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
					 "the relay sent a reply line of more than %d bytes",
					 REPLY_LINE_MAX);
		if (len == 0)
			return 0;
		if (r->lines == REPLY_LINES_MAX)
			return error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
					 "the relay sent a reply of more than %d lines",
					 REPLY_LINES_MAX);
		line.len -= len > 1 && line.data[len - 2] == '\r' ? 2 : 1;
		done = reply_parse_line(r, line, error);
		*used += len;
		input.data += len;
		input.len -= len;
	}
	return done;
}

bool reply_is_positive(const struct reply *r)
{
	return r->code / 100 == 2;
}

bool reply_is_intermediate(const struct reply *r)
{
	return r->code / 100 == 3;
}

bool reply_is_transient(const struct reply *r)
{
	return r->code / 100 == 4;
}

bool reply_is_permanent(const struct reply *r)
{
	return r->code / 100 == 5;
}

bool reply_is_refusal(const struct reply *r)
{
	return reply_is_transient(r) || reply_is_permanent(r);
}

void reply_show(const struct reply *r, struct buf *out)
{
	char shown[REPLY_SHOWN_MAX];
	struct buf text;

	buf_init(&text, REPLY_TEXT_MAX * 2);
	buf_printf(&text, "%03d ", r->code);
	for (size_t i = 0; i < r->text.len; i++) {
		if (r->text.data[i] == '\n')
			buf_add_string(&text, " / ");
		else
			buf_add_char(&text, r->text.data[i]);
	}
	buf_add_string(out, text_show(shown, sizeof(shown), span_trim(buf_span(&text))));
	buf_clear(&text);
}

int reply_refuse(const struct reply *r, enum error_class permanent, enum error_stage stage,
		 const char *what, struct error *error)
{
	enum error_class class = reply_is_transient(r) ? ERROR_TEMPORARY : permanent;
	struct buf shown;

	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	reply_show(r, &shown);
	if (reply_is_refusal(r))
		error_set(error, class, stage, "the relay refused %s: %s", what, shown.data);
	else
		error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
			  "the relay gave an answer to %s that makes no sense there: %s", what,
			  shown.data);
	error->code = r->code;
	memcpy(error->enhanced, r->enhanced, sizeof(error->enhanced));
	buf_clear(&shown);
	return -1;
}
