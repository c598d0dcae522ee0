/* Any login is taken: see anybody.h. */
#include "smtp/anybody.h"

#include <string.h>

#include "base/base64.h"
#include "base/chars.h"
#include "smtp/command.h"

/* message = [authzid] NUL authcid NUL passwd */
static bool anybody_is_plain(struct span message)
{
	const char *end = message.data + message.len;
	const char *name = memchr(message.data, '\0', message.len);
	const char *password = name ? memchr(name + 1, '\0', (size_t)(end - name - 1)) : NULL;

	return password && password > name + 1 && password + 1 < end &&
	       !memchr(password + 1, '\0', (size_t)(end - password - 1));
}

/* The challenge before a step. */
static bool anybody_ask(struct anybody *n, enum anybody_step step, struct answer *a)
{
	static const char *const challenges[] = {
		[ANYBODY_PLAIN] = "",
		[ANYBODY_NAME] = "VXNlcm5hbWU6",     /* "Username:" */
		[ANYBODY_PASSWORD] = "UGFzc3dvcmQ6", /* "Password:" */
	};

	n->step = step;
	answer_set(a, 334, NULL, "%s", challenges[step]);
	return true;
}

static bool anybody_hear(struct anybody *n, struct span response, struct answer *a)
{
	if (n->step == ANYBODY_NAME)
		return anybody_ask(n, ANYBODY_PASSWORD, a);
	if (n->step == ANYBODY_PLAIN && !anybody_is_plain(response))
		answer_set(a, 501, "5.5.2", "PLAIN wants a name and a password");
	else
		answer_set(a, 235, "2.7.0", "whoever you are");
	return false;
}

bool anybody_go_on(struct anybody *n, struct span line, struct answer *a)
{
	struct buf response;
	bool more = false;

	buf_init_secret(&response, COMMAND_LINE_MAX);
	if (span_equals(line, "*"))
		answer_set(a, 501, "5.7.0", "the login is given up");
	else if (base64_decode(&response, line))
		answer_set(a, 501, "5.5.2", "that is no base64");
	else
		more = anybody_hear(n, buf_span(&response), a);
	buf_wipe(&response);
	return more;
}

bool anybody_begin(struct anybody *n, struct span argument, struct answer *a)
{
	struct span mechanism = {argument.data, 0};
	struct span response;
	bool plain;

	while (mechanism.len < argument.len &&
	       !chars_is(argument.data[mechanism.len], CHARS_BLANK))
		mechanism.len++;
	response = span_trim(
		(struct span){argument.data + mechanism.len, argument.len - mechanism.len});
	plain = span_equals_nocase(mechanism, "PLAIN");
	if (!plain && !span_equals_nocase(mechanism, "LOGIN")) {
		answer_set(a, 504, "5.5.4", "PLAIN and LOGIN are taken here");
		return false;
	}
	n->step = plain ? ANYBODY_PLAIN : ANYBODY_NAME;
	if (response.len == 0)
		return anybody_ask(n, n->step, a);
	return anybody_go_on(n, span_equals(response, "=") ? (struct span){"", 0} : response,
			     a);
}
