/* Reaching a relay, on loopback and over unix sockets. */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static struct error error;

/* A socket bound to a free port of 127.0.0.1. */
static int bind_port(int *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &size))
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

static struct conn *dial_host(const char *host, int port, const char *source, int64_t timeout)
{
	struct dial_options options = {.timeout = timeout, .source_ip = source};
	char text[100];
	struct endpoint e = {.scheme = ENDPOINT_SMTP, .port = port};
	struct conn *c;

	snprintf(text, sizeof(text), "%s", host);
	e.host = text;
	error = (struct error){0};
	c = dial(&e, &options, &error);
	return c;
}

static void connects(const char *host, const char *source, const char *want)
{
	struct buf out;
	int port;
	int server = bind_port(&port);
	struct conn *c;

	buf_init(&out, 200);
	CHECK_INT(listen(server, 1), 0);
	c = dial_host(host, port, source, 5000);
	CHECK(c != NULL);
	if (c) {
		conn_local_literal(c, &out);
		buf_add_char(&out, ' ');
		conn_peer(c, &out);
		CHECK_STR(out.data, want);
		CHECK(conn_is_loopback(c));
		CHECK(!conn_is_trusted_unix(c));
	} else {
		printf("# %s\n", error.text);
	}
	conn_free(c);
	close(server);
	buf_clear(&out);
}

static void connects_to_an_address(void)
{
	connects("127.0.0.1", NULL, "[127.0.0.1] 127.0.0.1");
	connects("::ffff:127.0.0.1", NULL, "[127.0.0.1] 127.0.0.1");
	connects("127.0.0.1", "127.0.0.2", "[127.0.0.2] 127.0.0.1");
}

/* The name may have ::1 too, where nobody listens: then the second address must do. */
static void connects_to_a_name(void)
{
	connects("localhost", NULL, "[127.0.0.1] 127.0.0.1");
}

static void explains_a_refused_connection(void)
{
	int port;
	int server = bind_port(&port);

	CHECK(dial_host("127.0.0.1", port, NULL, 1000) == NULL);
	CHECK_STR(error.text,
		  "cannot connect: Connection refused; is the relay running, and is "
		  "the port right");
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(error.stage, STAGE_CONNECT);
	CHECK_INT(error.number, ECONNREFUSED);
	CHECK_INT(error_exit_code(&error), 75);
	close(server);
}

/* A full backlog on Linux leaves further connections unanswered. */
static void stops_at_the_deadline(void)
{
	struct conn *first[3];
	int64_t start;
	int port;
	int server = bind_port(&port);

	CHECK_INT(listen(server, 0), 0);
	for (int i = 0; i < 3; i++)
		first[i] = dial_host("127.0.0.1", port, NULL, 100);
	start = clock_now();
	CHECK(dial_host("127.0.0.1", port, NULL, 100) == NULL);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK(clock_now() - start >= 100 && clock_now() - start < 2000);
	for (int i = 0; i < 3; i++)
		conn_free(first[i]);
	close(server);
}

static void refuses_a_bad_source(void)
{
	CHECK(dial_host("127.0.0.1", 9, "eth0", 100) == NULL);
	CHECK_STR(error.text, "source_ip \"eth0\" is no IP address, nor one of IPv4 and one of "
			      "IPv6");
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK(dial_host("127.0.0.1", 9, "::1", 100) == NULL);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK(strstr(error.text, "; check source_ip") != NULL);
}

static void knows_no_such_host(void)
{
	CHECK(dial_host("no-such-host.invalid", 25, NULL, 100) == NULL);
	CHECK_INT(error.stage, STAGE_RESOLVE);
	CHECK(strstr(error.text, "\"no-such-host.invalid\"") != NULL);
	CHECK(error.class == ERROR_RELAY || error.class == ERROR_TEMPORARY);
}

static void reaches_a_unix_socket(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct dial_options options = {.timeout = 300};
	char directory[] = "/tmp/net-dial.XXXXXX";
	struct endpoint e = {.scheme = ENDPOINT_UNIX, .path = a.sun_path};
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct conn *c[4] = {0};
	int i;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", directory);
	CHECK(dial(&e, &options, &error) == NULL);
	CHECK_INT(error.number, ENOENT);
	CHECK(strstr(error.text, "is this its socket") != NULL);
	CHECK_INT(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK(dial(&e, &options, &error) == NULL);
	CHECK_INT(error.number, ECONNREFUSED);
	CHECK_INT(listen(server, 0), 0);
	for (i = 0; i < 4 && (i == 0 || c[i - 1]); i++)
		c[i] = dial(&e, &options, &error);
	CHECK(c[0] && conn_is_trusted_unix(c[0]) && !conn_is_loopback(c[0]));
	CHECK(c[3] == NULL);
	CHECK_INT(error.number, ETIMEDOUT);
	for (i = 0; i < 4; i++)
		conn_free(c[i]);
	close(server);
	unlink(a.sun_path);
	rmdir(directory);
}

int main(void)
{
	TEST_RUN(connects_to_an_address);
	TEST_RUN(connects_to_a_name);
	TEST_RUN(explains_a_refused_connection);
	TEST_RUN(stops_at_the_deadline);
	TEST_RUN(refuses_a_bad_source);
	TEST_RUN(knows_no_such_host);
	TEST_RUN(reaches_a_unix_socket);
	return test_done();
}
