/*
 * Questions: see prompt.h. The terminal stays as it is but for readpassphrase(3), which puts it
 * back before a signal is heard. Answers are read byte by byte, so that nothing of the next one
 * is lost.
 */
#include "cmd/prompt.h"

#include <errno.h>
#include <readpassphrase.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { PROMPT_SAID_MAX = 8192 };

void prompt_init(struct prompt *p, bool yes)
{
	p->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	p->yes = yes;
}

bool prompt_may_ask(const struct prompt *p)
{
	return p->terminal && !p->yes;
}

void prompt_say(const char *format, ...)
{
	struct buf text, shown;
	va_list ap;

	buf_init(&text, PROMPT_SAID_MAX);
	buf_init(&shown, PROMPT_SAID_MAX * 4);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	text_escape(&shown, buf_span(&text));
	fprintf(stderr, "%s\n", shown.data);
	buf_clear(&text);
	buf_clear(&shown);
}

static int prompt_missing(const char *option, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "there is no terminal to ask on: %s is missing", option);
}

static int prompt_ended(struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_USAGE, "no answer was given");
}

static void prompt_show(const char *question, const char *hint)
{
	struct buf shown;

	buf_init(&shown, PROMPT_SAID_MAX * 4);
	text_escape(&shown, span_of(question));
	if (hint) {
		buf_add_string(&shown, " [");
		text_escape(&shown, span_of(hint));
		buf_add_char(&shown, ']');
	}
	fprintf(stderr, "%s ", shown.data);
	fflush(stderr);
	buf_clear(&shown);
}

/* One line without its end and the blanks around it. Returns 0, or -1 with *error at the end of
 * input. What is beyond the ceiling is dropped. */
static int prompt_read(struct buf *line, struct error *error)
{
	char c = '\0';
	ssize_t n;

	buf_reset(line);
	while ((n = read(STDIN_FILENO, &c, 1)) == 1 || (n < 0 && errno == EINTR)) {
		if (n == 1 && c == '\n')
			return 0;
		if (n == 1 && line->len < line->max)
			buf_add_char(line, c);
	}
	fputc('\n', stderr);
	return prompt_ended(error);
}

/* An answer to a question of yes or no. */
static int prompt_yes(bool usual, const char *question, struct error *error)
{
	struct buf line;
	int result = -1;
	bool told = false;

	buf_init(&line, PROMPT_ANSWER_MAX);
	while (result < 0) {
		struct span answer;

		prompt_show(question, usual ? "Y/n" : "y/N");
		if (prompt_read(&line, error))
			break;
		answer = span_trim(buf_span(&line));
		told = span_equals_nocase(answer, "y") || span_equals_nocase(answer, "yes");
		if (told || answer.len == 0 || span_equals_nocase(answer, "n") ||
		    span_equals_nocase(answer, "no"))
			result = told || (answer.len == 0 && usual);
	}
	buf_clear(&line);
	return result;
}

int prompt_consent(const struct prompt *p, const char *option, bool usual, const char *question,
		   struct error *error)
{
	if (p->yes)
		return 1;
	return p->terminal ? prompt_yes(usual, question, error) : prompt_missing(option, error);
}

int prompt_offer(const struct prompt *p, const char *question, struct error *error)
{
	return prompt_may_ask(p) ? prompt_yes(false, question, error) : 0;
}

int prompt_line(const struct prompt *p, const char *option, const char *usual,
		const char *question, struct buf *out, struct error *error)
{
	struct span answer = {NULL, 0};
	struct buf line;
	int result = 0;

	if (usual && !prompt_may_ask(p)) {
		buf_add_string(out, usual);
		return 0;
	}
	if (!p->terminal)
		return prompt_missing(option, error);
	buf_init(&line, PROMPT_ANSWER_MAX);
	while (result == 0 && answer.len == 0) {
		prompt_show(question, usual);
		result = prompt_read(&line, error);
		answer = span_trim(buf_span(&line));
		if (answer.len == 0 && usual)
			answer = span_of(usual);
	}
	if (result == 0)
		buf_add_span(out, answer);
	buf_clear(&line);
	return result;
}

int prompt_number(const struct prompt *p, int count, struct error *error)
{
	const char *wrong = NULL;
	struct buf line;
	int number = 1;

	if (!prompt_may_ask(p))
		return 1;
	buf_init(&line, PROMPT_ANSWER_MAX);
	do {
		buf_reset(&line);
		if (prompt_line(p, NULL, "1", "Number", &line, error))
			number = -1;
		else
			number = (int)strtonum(line.data, 1, count, &wrong);
	} while (number >= 0 && wrong);
	buf_clear(&line);
	return number;
}

int prompt_secret(const struct prompt *p, const char *option, const char *question,
		  struct buf *out, struct error *error)
{
	char answer[PROMPT_SECRET_MAX] = "";
	struct buf shown;
	int result = 0;

	if (!p->terminal)
		return prompt_missing(option, error);
	buf_init(&shown, PROMPT_SAID_MAX);
	text_escape(&shown, span_of(question));
	buf_add_char(&shown, ' ');
	if (!readpassphrase(shown.data, answer, sizeof(answer), RPP_REQUIRE_TTY) || !answer[0])
		result = prompt_ended(error);
	else
		buf_add_string(out, answer);
	explicit_bzero(answer, sizeof(answer));
	buf_clear(&shown);
	return result;
}
