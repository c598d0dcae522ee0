/* Handshakes, records and endings of TLS, by way of a connection. */
#include "crypto-pki.h"

static struct pki ca, leaf;
static struct error error;
static pid_t child;

static int64_t soon(void)
{
	return clock_in(10000);
}

static struct conn *start(const struct pki_server *server, const struct tls_policy *policy)
{
	struct conn *c = pki_start(server, &child);
	struct tls_policy usual = {.host = "h", .verify = true, .trust_file = ca.file};

	error = (struct error){0};
	if (conn_start_tls(c, policy ? policy : &usual, soon(), &error) && !policy) {
		printf("# %s\n", error.text);
		test_fail(__FILE__, __LINE__, "the handshake failed");
	}
	return c;
}

/* Reads until len bytes are there. */
static bool fill_to(struct conn *c, size_t len)
{
	while (conn_input(c).len < len)
		if (conn_fill(c, soon(), &error) != 1)
			return false;
	return true;
}

static void echoes(const struct pki_server *server, size_t len)
{
	struct conn *c = start(server, NULL);
	char *data = malloc(len);

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7 + i / 256);
	CHECK_INT(conn_write(c, data, len, soon(), &error), 0);
	CHECK(fill_to(c, len));
	CHECK_INT(conn_input(c).len, len);
	CHECK(memcmp(conn_input(c).data, data, len) == 0);
	if (error.text[0])
		printf("# %s\n", error.text);
	free(data);
	CHECK_INT(pki_stop(c, child), 0);
}

static const char *const versions[] = {
	"NORMAL:-VERS-ALL:+VERS-TLS1.3",
	"NORMAL:-VERS-ALL:+VERS-TLS1.2",
};

static void carries_bytes_both_ways(void)
{
	for (int i = 0; i < 2; i++)
		for (int tickets = 0; tickets < 2; tickets++) {
			struct pki_server server = {.chain = {&leaf},
						    .priorities = versions[i],
						    .tickets = tickets};

			echoes(&server, 1);
			echoes(&server, 700000);
		}
}

/* A key update must be answered, from within whatever call comes next. */
static void changes_keys_on_demand(void)
{
	struct pki_server server = {
		.chain = {&leaf}, .priorities = versions[0], .act = PKI_UPDATE};

	echoes(&server, 10);
	echoes(&server, 300000);
}

static void writes_full_records(void)
{
	static char data[1 << 20];
	struct pki_server server = {.chain = {&leaf}, .act = PKI_SINK};
	struct conn *c = start(&server, NULL);

	for (int i = 0; i < 16; i++)
		CHECK_INT(conn_write(c, data + i * 65536, 65536, soon(), &error), 0);
	CHECK_INT(pki_stop(c, child), 0);
}

static void tells_an_orderly_end_from_a_cut(void)
{
	for (int i = 0; i < 2; i++) {
		struct pki_server server = {.chain = {&leaf},
					    .priorities = versions[i],
					    .act = PKI_HELLO_BYE,
					    .tickets = true};
		struct conn *c = start(&server, NULL);

		CHECK(fill_to(c, 5));
		CHECK(span_equals(conn_input(c), "hello"));
		CHECK_INT(conn_fill(c, soon(), &error), 0);
		CHECK_INT(conn_fill(c, soon(), &error), 0);
		pki_stop(c, child);

		server.act = PKI_HELLO_CUT;
		c = start(&server, NULL);
		CHECK(fill_to(c, 5));
		CHECK_INT(conn_fill(c, soon(), &error), -1);
		CHECK_INT(error.class, ERROR_TEMPORARY);
		CHECK_INT(error.stage, STAGE_TLS);
		CHECK_STR(error.text, "the relay cut the TLS connection short");
		CHECK(span_equals(conn_input(c), "hello"));
		pki_stop(c, child);
	}
}

static void does_not_renegotiate(void)
{
	struct pki_server server = {
		.chain = {&leaf}, .priorities = versions[1], .act = PKI_RENEGOTIATE};
	struct conn *c = start(&server, NULL);

	CHECK(fill_to(c, 5));
	CHECK(span_equals(conn_input(c), "hello"));
	pki_stop(c, child);
}

static void refuses_old_protocols(void)
{
	struct pki_server server = {.chain = {&leaf},
				    .priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1"};
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	struct conn *c = start(&server, &policy);

	CHECK(!conn_is_tls(c));
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_TLS);
	CHECK(strstr(error.text, "neither TLS 1.2 nor TLS 1.3") != NULL);
	pki_stop(c, child);
}

/* A handshake that proves nobody must fail although it has no certificate to refuse. */
static void refuses_a_relay_without_certificate(void)
{
	struct pki_server server = {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH"};
	struct tls_policy policy = {.host = "h",
				    .verify = true,
				    .priorities =
					    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH"};
	struct conn *c = start(&server, &policy);

	CHECK(!conn_is_tls(c) && !conn_is_verified(c));
	CHECK_INT(error.class, ERROR_RELAY);
	pki_stop(c, child);
}

static void shows_its_own_certificate(void)
{
	struct pki client = pki_make(
		&(struct pki_spec){.name = "client", .purpose = GNUTLS_KP_TLS_WWW_CLIENT}, &ca);
	struct pki_server server = {.chain = {&leaf}, .client_ca = &ca};
	char path[128];
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	gnutls_datum_t pem;
	struct conn *c;

	for (int i = 0; i < 2; i++) {
		server.priorities = versions[i];
		c = start(&server, &policy);
		CHECK(!conn_is_tls(c) || conn_fill(c, soon(), &error) == -1);
		CHECK(strstr(error.text, "the relay ends TLS with the alert ") != NULL);
		CHECK_INT(error.class, ERROR_RELAY);
		CHECK_INT(error.stage, STAGE_TLS);
		pki_stop(c, child);
	}
	PKI_CHECK(gnutls_x509_privkey_export2(client.key, GNUTLS_X509_FMT_PEM, &pem));
	pki_write(pki_path(path, "key"), "w", pem.data, pem.size);
	pki_write(client.file, "a", pem.data, pem.size);
	gnutls_free(pem.data);
	policy.cert_file = client.file;
	for (int i = 0; i < 4; i++) {
		server.priorities = versions[i & 1];
		policy.key_file = i & 2 ? path : NULL;
		c = start(&server, &policy);
		CHECK(conn_is_verified(c));
		CHECK_INT(conn_write(c, "x", 1, soon(), &error), 0);
		CHECK(fill_to(c, 1));
		CHECK_INT(pki_stop(c, child), 0);
	}
	policy.key_file = ca.file;
	pki_stop(start(&server, &policy), child);
	CHECK_INT(error.stage, STAGE_CONFIG);
	CHECK(strstr(error.text, "cannot use the TLS client certificate") != NULL);
	policy.cert_file = NULL;
	pki_stop(start(&server, &policy), child);
	CHECK_INT(error.stage, STAGE_CONFIG);
	pki_free(&client);
}

/* A connection whose peer says text and then waits, or goes when text is NULL. */
static struct conn *start_plain(const char *text, int *peer)
{
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	struct conn *c;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	c = conn_new(fds[0]);
	*peer = fds[1];
	if (text)
		CHECK_INT(write(*peer, text, strlen(text)), strlen(text));
	else
		shutdown(*peer, SHUT_WR);
	error = (struct error){0};
	CHECK_INT(conn_start_tls(c, &policy, clock_in(200), &error), -1);
	return c;
}

static void explains_an_answer_in_clear(void)
{
	static const char *const answers[] = {"220 mail.example.org ESMTP\x1b[2J\r\nx",
					      "421 go away\r\n", "2",
					      "HTTP/1.1 400 Bad Request\r\n"};
	struct tls_info info;
	int peer;

	for (size_t i = 0; i < 4; i++) {
		struct conn *c = start_plain(answers[i], &peer);

		CHECK_INT(error.class, ERROR_RELAY);
		CHECK_INT(error.stage, STAGE_TLS);
		CHECK(strstr(error.text, "does not answer in TLS but says \"") != NULL);
		CHECK(strchr(error.text, 0x1b) == NULL);
		if (i == 0)
			CHECK(strstr(error.text, "\"220 mail.example.org ESMTP\\x1B[2J\"") !=
			      NULL);
		CHECK(!conn_is_tls(c) && !conn_is_verified(c));
		CHECK_INT(conn_fill(c, clock_in(100), &error), -1);
		CHECK_INT(conn_describe_tls(c, &info, &error), 0);
		CHECK_STR(info.trust, "the relay showed no certificate");
		tls_info_clear(&info);
		conn_free(c);
		close(peer);
	}
}

static void a_handshake_has_its_deadline_and_its_end(void)
{
	int peer;
	int64_t begin = clock_now();
	struct conn *c = start_plain("", &peer);

	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(error.stage, STAGE_TLS);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK(clock_now() - begin < 2000);
	conn_free(c);
	close(peer);
	c = start_plain(NULL, &peer);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_STR(error.text, "the relay cut the TLS handshake short");
	conn_free(c);
	close(peer);
}

/* One byte every 20 ms, for ever: the deadline is the whole handshake's. */
static void a_drip_does_not_hold_us(void)
{
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	int64_t begin = clock_now();
	struct conn *c;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		static const char record[] = "\x16\x03\x03\x3f\xff\x02";

		close(fds[0]);
		alarm(20);
		for (size_t i = 0;; i++) {
			if (send(fds[1], i < 6 ? &record[i] : "", 1, MSG_NOSIGNAL) != 1)
				_exit(0);
			usleep(20000);
		}
	}
	close(fds[1]);
	c = conn_new(fds[0]);
	CHECK_INT(conn_start_tls(c, &policy, clock_in(300), &error), -1);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK(clock_now() - begin >= 300 && clock_now() - begin < 2000);
	CHECK_INT(pki_stop(c, child), 0);
}

static void points_at_an_error_in_the_priorities(void)
{
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {
		.host = "h", .verify = true, .priorities = "NORMAL:+NONSENSE:%COMPAT"};

	pki_stop(start(&server, &policy), child);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_CONFIG);
	CHECK_STR(error.text,
		  "tls_priorities \"NORMAL:+NONSENSE:%COMPAT\" has an error at character "
		  "8: \"+NONSENSE:%COMPAT\"");
	policy.priorities = NULL;
	policy.host = "a\xff";
	pki_stop(start(&server, &policy), child);
	CHECK_INT(error.stage, STAGE_CONFIG);
}

static void keeps_what_it_is_told_after_a_failed_write(void)
{
	static char data[1 << 20];
	struct pki_server server = {.chain = {&leaf}, .act = PKI_HELLO_CUT};
	struct conn *c = start(&server, NULL);
	int result = 0;

	for (int i = 0; i < 10 && result == 0; i++)
		result = conn_write(c, data, sizeof(data), soon(), &error);
	CHECK_INT(result, -1);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK(span_equals(conn_input(c), "hello"));
	pki_stop(c, child);
}

/* Both ends have the same binding, of the type that the version asks for. */
static void binds_to_the_channel(void)
{
	static const char *const types[] = {"tls-exporter", "tls-unique"};
	struct buf data;

	for (int i = 0; i < 2; i++) {
		struct pki_server server = {
			.chain = {&leaf}, .priorities = versions[i], .act = PKI_BIND};
		struct conn *c = start(&server, NULL);
		const char *type = NULL;

		buf_init(&data, 100);
		CHECK_INT(conn_channel_binding(c, &type, &data), 0);
		CHECK_STR(type, types[i]);
		CHECK_INT(data.len, i == 0 ? 32 : 12);
		CHECK(fill_to(c, data.len));
		CHECK_INT(conn_input(c).len, data.len);
		CHECK(memcmp(conn_input(c).data, data.data, data.len) == 0);
		/* Who leaves before the server has ended breaks its last write. */
		CHECK_INT(conn_fill(c, clock_in(10000), &error), 0);
		CHECK_INT(pki_stop(c, child), 0);
		buf_clear(&data);
	}
}

/* RFC 7627: without it two sessions of TLS 1.2 may share what tls-unique is made of. */
static void does_not_bind_to_what_can_be_copied(void)
{
	struct pki_server server = {.chain = {&leaf},
				    .priorities =
					    "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH",
				    .act = PKI_HELLO_BYE};
	struct conn *c = start(&server, NULL);
	const char *type = NULL;
	struct buf data;

	buf_init(&data, 100);
	CHECK_INT(conn_channel_binding(c, &type, &data), -1);
	CHECK(!type);
	CHECK_INT(data.len, 0);
	CHECK(fill_to(c, 5));
	CHECK_INT(conn_fill(c, clock_in(10000), &error), 0);
	CHECK_INT(pki_stop(c, child), 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	pki_set_up();
	ca = pki_make(&(struct pki_spec){.name = "ca", .ca = true}, NULL);
	leaf = pki_make(&(struct pki_spec){.name = "leaf", .dns = {"h"}}, &ca);
	TEST_RUN(carries_bytes_both_ways);
	TEST_RUN(changes_keys_on_demand);
	TEST_RUN(writes_full_records);
	TEST_RUN(tells_an_orderly_end_from_a_cut);
	TEST_RUN(does_not_renegotiate);
	TEST_RUN(refuses_old_protocols);
	TEST_RUN(refuses_a_relay_without_certificate);
	TEST_RUN(shows_its_own_certificate);
	TEST_RUN(explains_an_answer_in_clear);
	TEST_RUN(a_handshake_has_its_deadline_and_its_end);
	TEST_RUN(a_drip_does_not_hold_us);
	TEST_RUN(points_at_an_error_in_the_priorities);
	TEST_RUN(binds_to_the_channel);
	TEST_RUN(does_not_bind_to_what_can_be_copied);
	TEST_RUN(keeps_what_it_is_told_after_a_failed_write);
	pki_free(&ca);
	pki_free(&leaf);
	pki_tear_down();
	return test_done();
}
