/*
 * What a signal ends: see interrupt.h. The handler reads a few words that are always whole and
 * writes what was made ready before; it calls nothing else.
 */
#include "cmd/interrupt.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cmd/written.h"

enum { INTERRUPT_TEXT_MAX = 512 };

static const int interrupt_numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { INTERRUPT_NUMBERS = sizeof(interrupt_numbers) / sizeof(interrupt_numbers[0]) };

static struct {
	bool caught;
	pid_t pid;
	char name[64];
	char prefix[INTERRUPT_TEXT_MAX]; /* "pennypost: box: message 3: interrupted: " */
	volatile sig_atomic_t prefix_length;
	const char *volatile words; /* where there is no message, or NULL */
	const struct course *volatile course;
	volatile sig_atomic_t taken, exposed; /* without a course */
	volatile sig_atomic_t recipients;
	volatile sig_atomic_t held;
	volatile sig_atomic_t told;
	volatile sig_atomic_t came; /* the signal, 0: none */
	volatile sig_atomic_t shown;
	struct sigaction before[INTERRUPT_NUMBERS];
} state;

/* A line being put together where nothing may be called. */
struct interrupt_text {
	char data[INTERRUPT_TEXT_MAX * 2 + PATH_MAX * 4];
	size_t len;
};

static void interrupt_add(struct interrupt_text *t, const char *text, size_t len)
{
	if (len > sizeof(t->data) - t->len)
		len = sizeof(t->data) - t->len;
	memcpy(t->data + t->len, text, len);
	t->len += len;
}

#define ADD(t, literal) interrupt_add((t), (literal), sizeof(literal) - 1)

static void interrupt_add_number(struct interrupt_text *t, unsigned long number)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	interrupt_add(t, digits + at, sizeof(digits) - at);
}

/* What of it the relay has. Returns whether that is all of it. */
static bool interrupt_tell(struct interrupt_text *t)
{
	const struct course *c = state.course;
	sig_atomic_t taken = c ? c->taken : state.taken;
	bool exposed = c ? c->exposed : state.exposed;

	if (state.told) {
		ADD(t, "nothing more is done");
		return false;
	}
	if (taken > 0 && taken >= state.recipients) {
		ADD(t, "the message has been sent");
		return true;
	}
	if (taken > 0) {
		ADD(t, "the message has been sent to ");
		interrupt_add_number(t, (unsigned long)taken);
		ADD(t, " of ");
		interrupt_add_number(t, (unsigned long)state.recipients);
		ADD(t, " recipients, ");
	}
	if (exposed)
		ADD(t, "the message may have been sent: the relay has all of it, and has not "
		       "answered");
	else if (taken > 0)
		ADD(t, "not to the others");
	else
		ADD(t, "the message has not been sent");
	return false;
}

/* Where the message is. */
static void interrupt_locate(struct interrupt_text *t)
{
	const char *words = state.words;
	const char *path = NULL;

	if (words)
		interrupt_add(t, words, strlen(words));
	else if (interrupt_tell(t))
		written_drop();
	else
		path = written_keep();
	if (path) {
		ADD(t, "; what you wrote is kept in ");
		interrupt_add(t, path, strlen(path));
	}
	ADD(t, "\n");
}

static void interrupt_handle(int number)
{
	struct interrupt_text t = {.len = 0};
	int kept = errno;
	ssize_t ignored;

	if (getpid() != state.pid) { /* a child that has not been told better */
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	if (state.held) {
		state.came = number;
		errno = kept;
		return;
	}
	process_end_waited();
	if (state.shown)
		ADD(&t, "\r\033[K");
	else if (number == SIGINT || number == SIGQUIT || state.words)
		ADD(&t, "\n"); /* behind the ^C that the terminal shows, or a question */
	interrupt_add(&t, state.prefix, (size_t)state.prefix_length);
	interrupt_locate(&t);
	ignored = write(STDERR_FILENO, t.data, t.len);
	(void)ignored;
	signal(number, SIG_DFL);
	raise(number);
	errno = kept;
}

static void interrupt_set_prefix(const char *what)
{
	state.prefix_length = 0;
	snprintf(state.prefix, sizeof(state.prefix), "%s: %sinterrupted: ", state.name, what);
	state.prefix_length = (sig_atomic_t)strlen(state.prefix);
}

void interrupt_begin(const char *name)
{
	struct sigaction action = {.sa_handler = interrupt_handle, .sa_flags = SA_RESTART};

	if (state.caught)
		return;
	text_show(state.name, sizeof(state.name), span_of(name));
	interrupt_set_prefix("");
	state.words = NULL;
	state.pid = getpid();
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < INTERRUPT_NUMBERS; i++)
		sigaddset(&action.sa_mask, interrupt_numbers[i]);
	for (size_t i = 0; i < INTERRUPT_NUMBERS; i++) {
		sigaction(interrupt_numbers[i], NULL, &state.before[i]);
		if (state.before[i].sa_handler != SIG_IGN)
			sigaction(interrupt_numbers[i], &action, NULL);
	}
	state.caught = true;
}

void interrupt_words(const char *words)
{
	state.words = words;
}

void interrupt_subject(const struct course *c, size_t recipients, const char *what)
{
	if (!state.caught)
		return;
	state.course = NULL;
	state.words = NULL;
	state.told = state.held = state.taken = state.exposed = 0;
	state.recipients = recipients > INT32_MAX ? INT32_MAX : (sig_atomic_t)recipients;
	interrupt_set_prefix(what);
	state.course = c;
}

void interrupt_hold(bool hold)
{
	state.held = state.caught && hold;
	if (state.came && !state.held)
		raise(state.came);
}

void interrupt_told(void)
{
	if (!state.held)
		return;
	state.told = 1;
	state.held = 0;
}

void interrupt_done(void)
{
	const struct course *c = state.course;

	if (!state.caught)
		return;
	state.held = 1;
	state.taken = c ? c->taken : 0;
	state.exposed = c && c->exposed;
	state.course = NULL;
}

bool interrupt_came(void)
{
	return state.came != 0;
}

void interrupt_line(bool shown)
{
	state.shown = shown;
}

void interrupt_end(void)
{
	if (!state.caught)
		return;
	interrupt_hold(false);
	for (size_t i = 0; i < INTERRUPT_NUMBERS; i++)
		if (state.before[i].sa_handler != SIG_IGN)
			sigaction(interrupt_numbers[i], &state.before[i], NULL);
	state.caught = false;
}
