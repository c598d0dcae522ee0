/* Where clients find us. */
#include "net/listener.h"

#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static struct error error;

static const char *shown(const struct listener *l)
{
	static char text[300];
	struct buf out;

	buf_init(&out, 4096);
	listener_show(l, &out);
	snprintf(text, sizeof(text), "%s", out.data);
	buf_clear(&out);
	return text;
}

static int open_at(struct listener *all, size_t *count, const char *url, int port)
{
	struct endpoint e;
	int failed;

	*count = 0;
	if (endpoint_parse(&e, span_of(url), &error))
		return -2;
	if (port)
		e.port = port;
	failed = listener_open(all, count, &e, &error);
	endpoint_clear(&e);
	return failed;
}

static void any_port_is_one_that_is_free(void)
{
	struct listener all[LISTENER_MAX], other[LISTENER_MAX];
	size_t count, others;
	const char *port;
	int number;

	CHECK_INT(open_at(all, &count, "smtp://127.0.0.1", LISTENER_ANY_PORT), 0);
	CHECK_INT(count, 1);
	CHECK(strncmp(shown(&all[0]), "127.0.0.1:", 10) == 0);
	port = strchr(shown(&all[0]), ':') + 1;
	number = (int)strtonum(port, 1, 65535, &port);
	CHECK(number > 0);
	CHECK_INT(open_at(other, &others, "smtp://127.0.0.1", number), -1);
	CHECK(strstr(error.text, "cannot listen at 127.0.0.1:"));
	CHECK_INT(open_at(other, &others, "smtp://127.0.0.1", LISTENER_ANY_PORT), 0);
	listener_close(other, others, true);
	listener_close(all, count, true);
}

static void the_addresses_of_localhost_share_it(void)
{
	struct listener all[LISTENER_MAX];
	char first[16];
	size_t count;

	CHECK_INT(open_at(all, &count, "smtp://localhost", LISTENER_ANY_PORT), 0);
	CHECK(count > 0);
	snprintf(first, sizeof(first), "%s", strrchr(shown(&all[0]), ':'));
	for (size_t i = 1; i < count; i++)
		CHECK_STR(strrchr(shown(&all[i]), ':'), first);
	listener_close(all, count, true);
}

static void a_unix_socket_is_shown_as_it_is_named(void)
{
	char folder[] = "/tmp/listener-test-XXXXXX", url[64];
	struct listener all[LISTENER_MAX];
	size_t count;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(url, sizeof(url), "unix:%s/socket", folder);
	CHECK_INT(open_at(all, &count, url, 0), 0);
	CHECK_STR(shown(&all[0]), url);
	listener_close(all, count, true);
	CHECK_INT(rmdir(folder), 0);
}

static void strangers_are_not_listened_for(void)
{
	struct listener all[LISTENER_MAX];
	size_t count;

	CHECK_INT(open_at(all, &count, "smtp://192.0.2.1", LISTENER_ANY_PORT), -1);
	CHECK(strstr(error.text, "192.0.2.1, at any port: only at loopback"));
	CHECK_INT(open_at(all, &count, "smtp://[::2]:2525", 0), -1);
	CHECK_INT(open_at(all, &count, "smtp://example.org:2525", 0), -1);
	CHECK_INT(count, 0);
}

int main(void)
{
	TEST_RUN(any_port_is_one_that_is_free);
	TEST_RUN(the_addresses_of_localhost_share_it);
	TEST_RUN(a_unix_socket_is_shown_as_it_is_named);
	TEST_RUN(strangers_are_not_listened_for);
	return test_done();
}
