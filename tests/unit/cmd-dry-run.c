/* What --dry-run shows: every line of it, and the bytes. */
#include "cmd/dry_run.h"

#include <stdlib.h>
#include <unistd.h>

#include "conf/keys.h"
#include "test.h"

static struct error error;

static struct message *message(const char *text)
{
	struct message *m;
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], text, strlen(text)) != (ssize_t)strlen(text))
		return NULL;
	close(ends[1]);
	m = message_read(ends[0], &(struct message_options){0}, &error);
	close(ends[0]);
	return m;
}

/* What is shown of an account (words separated by "|", "key=value"), for one message. The
 * caller frees it. */
static char *shown(const char *words, const char *text)
{
	struct account account = {0};
	struct envelope envelope = {0};
	struct message *m = message(text);
	char *copy = strdup(words), *rest = copy, *word, *out = NULL;
	size_t size;
	FILE *file = open_memstream(&out, &size);

	while ((word = strsep(&rest, "|")) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		CHECK_INT(keys_set_value(&account, word, value, &error), 0);
	}
	CHECK_INT(address_parse(&envelope.sender, span_of("<ann@example.org>"), &error), 0);
	CHECK_INT(address_list_parse(&envelope.recipients, span_of("b@x, \"c d\"@y"), &error),
		  0);
	CHECK(m && cmd_dry_run(&account, &envelope, m, file, &error) == 0);
	fclose(file);
	message_free(m);
	account_clear(&account);
	envelope_clear(&envelope);
	free(copy);
	return out;
}

static void shows_all_of_it(void)
{
	char *out = shown("relay=submission://ann@mail.example.org",
			  "Subject: hi\n\n.dot\nlone\tcr\n.\nend");

	CHECK_STR(out, "relay: mail.example.org:587, STARTTLS\n"
		       "login: ann\n"
		       "account: (unknown)\n"
		       "sender: <ann@example.org>\n"
		       "recipient: <b@x>\n"
		       "recipient: <\"c d\"@y>\n"
		       "size: 38\n"
		       "\n"
		       "Subject: hi\r\n\r\n..dot\r\nlone\tcr\r\n..\r\nend\r\n.\r\n");
	free(out);
}

static void starts(const char *words, const char *start)
{
	char *out = shown(words, "\n");

	out[strlen(out) > strlen(start) ? strlen(start) : strlen(out)] = '\0';
	CHECK_STR(out, start);
	free(out);
}

static void says_how_the_relay_is_reached(void)
{
	starts("relay=submissions://m.x",
	       "relay: m.x:465, TLS from the first byte\nlogin: none\n");
	starts("host=127.0.0.1|port=2525", "relay: 127.0.0.1:2525, without TLS\n");
	starts("relay=unix:/run/lmtp", "relay: unix:/run/lmtp, without TLS\n");
	starts("host=m.x|tls=auto|tls_certcheck=off",
	       "relay: m.x:25, STARTTLS if offered, certificate not checked\n");
	starts("host=m.x|tls_starttls=off|user=u|auth=plain",
	       "relay: m.x:465, TLS from the first byte\nlogin: u\n");
}

static void a_full_disk_is_an_error(void)
{
	FILE *full = fopen("/dev/full", "we");
	struct account account = {0};
	struct envelope envelope = {0};
	struct message *m = message("\n");

	CHECK(m && full && cmd_dry_run(&account, &envelope, m, full, &error) < 0);
	CHECK_INT(error_exit_code(&error), 74);
	if (full)
		fclose(full);
	message_free(m);
}

int main(void)
{
	TEST_RUN(shows_all_of_it);
	TEST_RUN(says_how_the_relay_is_reached);
	TEST_RUN(a_full_disk_is_an_error);
	return test_done();
}
