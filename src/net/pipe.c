/* A relay at the other end of a command: see pipe.h. */
#include "net/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/process.h"
#include "base/text.h"

enum { PIPE_WORD_MAX = 4096, PIPE_WORDS_MAX = 256 };

/* Where the splitter stands. */
struct pipe_splitter {
	const char *at;
	const struct pipe_target *target;
	char quote; /* the one that is open, or NUL */
};

static int pipe_error(struct error *error, const char *text)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the command of pipe: %s", text);
}

/* %h, %p or %%: at stands behind the percent sign. */
static int pipe_substitute(struct pipe_splitter *s, struct buf *word, struct error *error)
{
	char c = *s->at;

	s->at += c != '\0';
	if (c == '%')
		buf_add_char(word, '%');
	else if (c == 'h' && s->target && !s->target->host)
		return pipe_error(error, "has a %h, but no \"host\" says what it stands for");
	else if (c == 'h' && s->target)
		buf_add_string(word, s->target->host);
	else if (c == 'p' && s->target)
		buf_printf(word, "%d", s->target->port);
	else if (c != 'h' && c != 'p')
		return pipe_error(error, "has a \"%\" that is not %h, %p or %%");
	return 0;
}

/* word = 1*( any / "\" any / quoted ) up to a blank */
static int pipe_word(struct pipe_splitter *s, struct buf *word, struct error *error)
{
	for (; *s->at && (s->quote || !chars_is(*s->at, CHARS_BLANK));) {
		char c = *s->at++;

		if (s->quote ? c == s->quote : c == '"' || c == '\'') {
			s->quote = s->quote ? '\0' : c;
		} else if (c == '%') {
			if (pipe_substitute(s, word, error))
				return -1;
		} else if (c == '\\' && s->quote != '\'') {
			if (!*s->at)
				return pipe_error(error, "ends in a backslash");
			buf_add_char(word, *s->at++);
		} else {
			buf_add_char(word, c);
		}
	}
	if (s->quote)
		return pipe_error(error, "has a quote that is not closed");
	return buf_failed(word) ? pipe_error(error, "has a word that is too long") : 0;
}

static int pipe_words(struct pipe_splitter *s, struct strv *argv, struct error *error)
{
	struct buf word;
	int failed = 0;

	buf_init(&word, PIPE_WORD_MAX);
	for (;;) {
		while (chars_is(*s->at, CHARS_BLANK) && *s->at)
			s->at++;
		if (failed || !*s->at)
			break;
		buf_reset(&word);
		failed = pipe_word(s, &word, error);
		if (!failed && argv->count == PIPE_WORDS_MAX)
			failed = pipe_error(error, "has too many words");
		if (!failed && strv_add(argv, buf_span(&word)))
			failed = error_set_memory(error);
	}
	buf_clear(&word);
	return failed;
}

int pipe_split(const char *command, const struct pipe_target *target, struct strv *argv,
	       struct error *error)
{
	struct pipe_splitter s = {.at = command, .target = target};
	int failed;

	*argv = (struct strv){0};
	for (const char *c = command; *c; c++)
		if (chars_is(*c, CHARS_CONTROL) && *c != '\t')
			return pipe_error(error, "has a control character");
	failed = pipe_words(&s, argv, error);
	if (!failed && (argv->count == 0 || !argv->items[0][0]))
		failed = pipe_error(error, "is empty");
	if (failed)
		strv_clear(argv);
	return failed;
}

/* argv as execvp(3) wants it; the strings stay the list's. */
static char **pipe_argv(const struct strv *words)
{
	char **argv = calloc(words->count + 1, sizeof(*argv));

	for (size_t i = 0; argv && i < words->count; i++)
		argv[i] = words->items[i];
	return argv;
}

int pipe_open(const char *command, const struct pipe_target *target, pid_t *pid,
	      struct error *error)
{
	struct strv words;
	char **argv;
	int ends[2] = {-1, -1};
	int number = 0;

	if (pipe_split(command, target, &words, error))
		return -1;
	argv = pipe_argv(&words);
	if (!argv)
		number = ENOMEM;
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ||
		 process_start(argv, ends[1], pid))
		number = errno;
	free(argv);
	if (ends[1] >= 0)
		close(ends[1]);
	if (number) {
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number, "cannot run \"%s\"",
				TEXT_SHOW(span_of(words.items[0])));
		if (ends[0] >= 0)
			close(ends[0]);
		ends[0] = -1;
	}
	strv_clear(&words);
	return ends[0];
}
