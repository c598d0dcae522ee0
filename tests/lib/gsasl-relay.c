/*
 * A submission server of other people's parts: TLS from the first byte by OpenSSL, SCRAM with
 * channel binding, GSSAPI and EXTERNAL by GNU SASL. It shares no code with what it tests.
 *
 *	gsasl-relay CERTIFICATE KEY PASSWORD VERSION MECHANISMS...
 *
 * VERSION is 1.2 or 1.3; user is ann. It listens on a free port of loopback and prints it as
 *its first line, then a line a login: the mechanism, and "ok" or what GNU SASL says. It ends
 *when its standard input does.
 */
#include <arpa/inet.h>
#include <gsasl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16384, BINDING_MAX = 64 };

struct relay {
	SSL_CTX *tls;
	Gsasl *sasl;
	const char *password;
	char **mechanisms; /* NULL ends them */
	SSL *session;
	char line[LINE_MAX_BYTES];
};

static int fail(const char *what)
{
	fprintf(stderr, "gsasl-relay: %s\n", what);
	exit(1);
}

static bool say(struct relay *r, const char *text)
{
	return SSL_write(r->session, text, (int)strlen(text)) > 0 &&
	       SSL_write(r->session, "\r\n", 2) > 0;
}

/* The next line into r->line, without its end. */
static bool hear(struct relay *r)
{
	size_t len = 0;

	while (len < sizeof(r->line) - 1 && SSL_read(r->session, r->line + len, 1) == 1) {
		if (r->line[len] == '\n') {
			while (len > 0 && r->line[len - 1] == '\r')
				len--;
			r->line[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

/* The channel binding as GNU SASL wants it: in base64. RFC 9266 and RFC 5929. */
static void set_binding(struct relay *r, Gsasl_session *s, Gsasl_property which)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char data[BINDING_MAX];
	size_t len = 32;
	char *text = NULL;
	size_t text_len;

	if (which == GSASL_CB_TLS_EXPORTER) {
		if (SSL_export_keying_material(r->session, data, len, label, sizeof(label) - 1,
					       NULL, 0, 0) != 1)
			fail("no exporter");
	} else {
		len = SSL_session_reused(r->session)
			      ? SSL_get_finished(r->session, data, sizeof(data))
			      : SSL_get_peer_finished(r->session, data, sizeof(data));
	}
	if (gsasl_base64_to((const char *)data, len, &text, &text_len) != GSASL_OK)
		fail("no memory");
	gsasl_property_set(s, which, text);
	gsasl_free(text);
}

/* A certificate for ann, whoever signed it, acts as ann. */
static bool is_certified(const struct relay *r, Gsasl_session *s)
{
	X509 *certificate = SSL_get1_peer_certificate(r->session);
	const char *as = gsasl_property_fast(s, GSASL_AUTHZID);
	char name[64] = "";

	if (certificate)
		X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
					  name, sizeof(name));
	X509_free(certificate);
	return strcmp(name, "ann") == 0 && (!as || !*as || strcmp(as, "ann") == 0);
}

/* Any certificate will do for TLS. */
static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good, (void)store;
	return 1;
}

/* Who offers no -PLUS has no binding: else GNU SASL takes our "y" for what an attacker left. */
static bool can_bind(const struct relay *r)
{
	for (char **m = r->mechanisms; *m; m++)
		if (strstr(*m, "-PLUS"))
			return true;
	return false;
}

/* ann is ann, and may act as sales. */
static bool may_act(Gsasl_session *s)
{
	const char *name = gsasl_property_fast(s, GSASL_GSSAPI_DISPLAY_NAME);
	const char *as = gsasl_property_fast(s, GSASL_AUTHZID);

	return name && strcmp(name, "ann@EXAMPLE.TEST") == 0 &&
	       (!as || !*as || strcmp(as, "sales") == 0);
}

static int answer(Gsasl *sasl, Gsasl_session *s, Gsasl_property property)
{
	struct relay *r = gsasl_callback_hook_get(sasl);
	bool modern = SSL_version(r->session) >= TLS1_3_VERSION;

	switch (property) {
	case GSASL_SERVICE: gsasl_property_set(s, property, "smtp"); return GSASL_OK;
	case GSASL_HOSTNAME: gsasl_property_set(s, property, "localhost"); return GSASL_OK;
	case GSASL_VALIDATE_GSSAPI: return may_act(s) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_VALIDATE_EXTERNAL:
		return is_certified(r, s) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_PASSWORD: gsasl_property_set(s, property, r->password); return GSASL_OK;
	case GSASL_CB_TLS_EXPORTER:
	case GSASL_CB_TLS_UNIQUE:
		if (!can_bind(r) || (property == GSASL_CB_TLS_EXPORTER) != modern)
			return GSASL_NO_CALLBACK;
		set_binding(r, s, property);
		return GSASL_OK;
	default: return GSASL_NO_CALLBACK;
	}
}

/* One exchange, r->line being the response that begins it. */
static int exchange(struct relay *r, Gsasl_session *s, const char *response)
{
	char said[LINE_MAX_BYTES];
	char *out = NULL;
	int code;

	do {
		code = gsasl_step64(s, response, &out);
		if (code != GSASL_OK && code != GSASL_NEEDS_MORE)
			return code;
		snprintf(said, sizeof(said), "334 %s", out ? out : "");
		if (out && *out && (!say(r, said) || !hear(r)))
			return GSASL_AUTHENTICATION_ERROR;
		gsasl_free(out);
		out = NULL;
		response = r->line;
	} while (code == GSASL_NEEDS_MORE);
	return *response == '*' ? GSASL_AUTHENTICATION_ERROR : code;
}

static bool authenticate(struct relay *r)
{
	char *name = r->line + strlen("AUTH ");
	char *initial = strchr(name, ' ');
	char mechanism[64];
	Gsasl_session *s = NULL;
	int code;

	if (initial)
		*initial++ = '\0';
	snprintf(mechanism, sizeof(mechanism), "%s", name);
	if (!initial && (!say(r, "334 ") || !hear(r)))
		return false;
	if (!initial)
		initial = r->line;
	else if (strcmp(initial, "=") == 0)
		initial++;
	if (gsasl_server_start(r->sasl, mechanism, &s) != GSASL_OK)
		return say(r, "504 5.5.4 unknown");
	code = exchange(r, s, initial);
	printf("%s %s\n", mechanism, code == GSASL_OK ? "ok" : gsasl_strerror_name(code));
	fflush(stdout);
	gsasl_finish(s);
	return say(r, code == GSASL_OK ? "235 2.7.0 welcome" : "535 5.7.8 no");
}

static bool greet(struct relay *r)
{
	char offer[1024] = "250-AUTH";

	for (char **m = r->mechanisms; *m; m++) {
		size_t len = strlen(offer);

		snprintf(offer + len, sizeof(offer) - len, " %s", *m);
	}
	return say(r, "250-relay.test") && say(r, offer) && say(r, "250 8BITMIME");
}

/* The message is read and forgotten. */
static bool take_message(struct relay *r)
{
	if (!say(r, "354 go ahead"))
		return false;
	while (hear(r))
		if (strcmp(r->line, ".") == 0)
			return say(r, "250 2.0.0 taken");
	return false;
}

static void serve(struct relay *r)
{
	bool going = say(r, "220 relay.test ESMTP");

	while (going && hear(r)) {
		if (strncmp(r->line, "EHLO ", 5) == 0)
			going = greet(r);
		else if (strncmp(r->line, "AUTH ", 5) == 0)
			going = authenticate(r);
		else if (strcmp(r->line, "DATA") == 0)
			going = take_message(r);
		else if (strcmp(r->line, "QUIT") == 0)
			going = say(r, "221 2.0.0 bye") && false;
		else
			going = say(r, "250 2.0.0 fine");
	}
}

static int listen_here(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t size = sizeof(here);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, size) || listen(fd, 5) ||
	    getsockname(fd, (struct sockaddr *)&here, &size))
		fail("cannot listen");
	printf("%d\n", ntohs(here.sin_port));
	fflush(stdout);
	return fd;
}

static void set_up(struct relay *r, char *argv[])
{
	int version = strcmp(argv[4], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;

	r->password = argv[3];
	r->mechanisms = argv + 5;
	r->tls = SSL_CTX_new(TLS_server_method());
	if (!r->tls || SSL_CTX_use_certificate_chain_file(r->tls, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(r->tls, argv[2], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_set_min_proto_version(r->tls, version) != 1 ||
	    SSL_CTX_set_max_proto_version(r->tls, version) != 1)
		fail("cannot set up TLS");
	SSL_CTX_set_verify(r->tls, SSL_VERIFY_PEER, take_any);
	if (gsasl_init(&r->sasl) != GSASL_OK)
		fail("cannot set up SASL");
	gsasl_callback_set(r->sasl, answer);
	gsasl_callback_hook_set(r->sasl, r);
}

int main(int argc, char *argv[])
{
	static struct relay r;
	struct pollfd wait[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};

	if (argc < 6)
		return fail(
			"usage: gsasl-relay CERTIFICATE KEY PASSWORD VERSION MECHANISMS...");
	signal(SIGPIPE, SIG_IGN);
	set_up(&r, argv);
	wait[1].fd = listen_here();
	while (poll(wait, 2, -1) > 0 && wait[0].revents == 0) {
		int fd = accept(wait[1].fd, NULL, NULL);

		alarm(30);
		r.session = SSL_new(r.tls);
		SSL_set_fd(r.session, fd);
		if (SSL_accept(r.session) == 1)
			serve(&r);
		SSL_shutdown(r.session);
		SSL_free(r.session);
		close(fd);
		alarm(0);
	}
	gsasl_done(r.sasl);
	SSL_CTX_free(r.tls);
	return 0;
}
