/* Questions: who answers them, and what is no answer. Typed lines come from a pipe. */
#include "cmd/prompt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static struct error e;
static struct buf said; /* what was shown by the last question */
static int shown_fd, real_error;
static const struct prompt nobody, script = {.yes = true}, person = {.terminal = true},
				   hasty = {.terminal = true, .yes = true};

static void type(const char *text)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	CHECK_INT(write(ends[1], text, strlen(text)), (int)strlen(text));
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	CHECK_INT(ftruncate(shown_fd, 0), 0);
	lseek(shown_fd, 0, SEEK_SET);
	dup2(shown_fd, STDERR_FILENO);
}

/* What was shown since. */
static const char *shown(void)
{
	fflush(stderr);
	dup2(real_error, STDERR_FILENO);
	buf_reset(&said);
	lseek(shown_fd, 0, SEEK_SET);
	buf_reserve(&said, 4096);
	said.len = (size_t)read(shown_fd, said.data, 4096);
	said.data[said.len] = '\0';
	return said.data;
}

static int consent(const struct prompt *p, bool usual, const char *typed)
{
	e = (struct error){0};
	type(typed);
	return prompt_consent(p, "--yes", usual, "May it?", &e);
}

static void consent_is_given_or_not(void)
{
	CHECK_INT(consent(&person, false, "y\n"), 1);
	CHECK_STR(shown(), "May it? [y/N] ");
	CHECK_INT(consent(&person, false, " YES \r\n"), 1);
	CHECK_INT(consent(&person, false, "\n"), 0);
	CHECK_INT(consent(&person, true, "\n"), 1);
	CHECK_INT(consent(&person, true, "no\n"), 0);
	CHECK_INT(consent(&person, true, "perhaps\nn\n"), 0);
	CHECK_STR(shown(), "May it? [Y/n] May it? [Y/n] ");
	CHECK_INT(consent(&person, true, "y"), -1);
	CHECK_INT(error_exit_code(&e), 64);
	CHECK_INT(consent(&script, false, ""), 1);
	CHECK_INT(consent(&hasty, false, ""), 1);
	CHECK_INT(consent(&nobody, true, "y\n"), -1);
	CHECK_STR(e.text, "there is no terminal to ask on: --yes is missing");
	CHECK_INT(error_exit_code(&e), 64);
	CHECK_STR(shown(), "");
}

static void an_offer_is_for_who_is_there(void)
{
	type("y\n");
	CHECK_INT(prompt_offer(&nobody, "Want it?", &e), 0);
	CHECK_INT(prompt_offer(&hasty, "Want it?", &e), 0);
	CHECK_INT(prompt_offer(&person, "Want it?", &e), 1);
	CHECK_STR(shown(), "Want it? [y/N] ");
}

static const char *line(const struct prompt *p, const char *usual, const char *typed)
{
	static struct buf out;

	buf_clear(&out);
	buf_init(&out, PROMPT_ANSWER_MAX);
	type(typed);
	return prompt_line(p, "--user", usual, "Who\x1b?", &out, &e) ? e.text : out.data;
}

static void lines_are_read_one_at_a_time(void)
{
	char large[PROMPT_ANSWER_MAX * 2];

	CHECK_STR(line(&person, "ann", "\n"), "ann");
	CHECK_STR(shown(), "Who\\x1B? [ann] ");
	CHECK_STR(line(&person, "ann", "  joe \nrest\n"), "joe");
	CHECK_STR(line(&person, NULL, "\n\njoe\n"), "joe");
	CHECK_STR(shown(), "Who\\x1B? Who\\x1B? Who\\x1B? ");
	CHECK_STR(line(&person, NULL, "\n"), "no answer was given");
	CHECK_STR(line(&script, "ann", "joe\n"), "ann");
	CHECK_STR(line(&hasty, "ann", "joe\n"), "ann");
	CHECK_STR(line(&nobody, NULL, "joe\n"),
		  "there is no terminal to ask on: --user is missing");
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 2] = '\n';
	large[sizeof(large) - 1] = '\0';
	CHECK_INT(strlen(line(&person, NULL, large)), PROMPT_ANSWER_MAX);
	shown();
}

static void numbers_have_a_range(void)
{
	type("0\n4\nx\n3\n");
	CHECK_INT(prompt_number(&person, 3, &e), 3);
	type("\n");
	CHECK_INT(prompt_number(&person, 3, &e), 1);
	type("2\n");
	CHECK_INT(prompt_number(&script, 3, &e), 1);
	CHECK_INT(prompt_number(&nobody, 3, &e), 1);
	type("");
	CHECK_INT(prompt_number(&person, 3, &e), -1);
	shown();
}

static void no_secret_without_a_terminal(void)
{
	struct buf out;

	buf_init_secret(&out, 100);
	type("hunter2\n");
	CHECK_INT(prompt_secret(&nobody, "--password-file", "Password:", &out, &e), -1);
	CHECK_STR(e.text, "there is no terminal to ask on: --password-file is missing");
	CHECK_INT(out.len, 0);
	buf_wipe(&out);
	shown();
}

static void what_is_said_is_escaped(void)
{
	type("");
	prompt_say("%s says %s", "evil\n", "\x1b[31m");
	CHECK_STR(shown(), "evil\\n says \\x1B[31m\n");
}

int main(void)
{
	char path[] = "/tmp/pennypost-prompt.XXXXXX";

	shown_fd = mkstemp(path);
	unlink(path);
	real_error = dup(STDERR_FILENO);
	buf_init(&said, 8192);
	TEST_RUN(consent_is_given_or_not);
	TEST_RUN(an_offer_is_for_who_is_there);
	TEST_RUN(lines_are_read_one_at_a_time);
	TEST_RUN(numbers_have_a_range);
	TEST_RUN(no_secret_without_a_terminal);
	TEST_RUN(what_is_said_is_escaped);
	buf_clear(&said);
	return test_done();
}
