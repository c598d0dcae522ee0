/*
 * Certificates made on the spot, and a TLS server in a child process, for the tests of TLS.
 */
#ifndef TESTS_UNIT_CRYPTO_PKI_H
#define TESTS_UNIT_CRYPTO_PKI_H

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "net/conn.h"
#include "test.h"

extern const struct crypto crypto_module;

enum { PKI_DAY = 86400 };

struct pki_spec {
	const char *name;    /* the common name, which is also the file's */
	const char *dns[3];  /* alternative names */
	const char *ip;      /* one more */
	const char *mail;    /* and one more */
	const char *purpose; /* NULL: TLS server */
	int from, until;     /* days from now; both 0: -1 to 30 */
	bool ca;
	unsigned rsa; /* bits; 0: ECDSA on P-256 */
	bool plain;   /* without key identifiers */
	bool staple;  /* demands a staple (RFC 7633) */
};

struct pki {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	char file[128]; /* the certificate in PEM form */
};

static char pki_directory[] = "/tmp/crypto-pki.XXXXXX";

static inline void pki_check(int code, int line)
{
	if (code >= 0)
		return;
	printf("Bail out! crypto-pki.h:%d: %s\n", line, gnutls_strerror(code));
	exit(1);
}

#define PKI_CHECK(code) pki_check(code, __LINE__)

static inline void pki_set_up(void)
{
	if (!mkdtemp(pki_directory))
		abort();
	crypto_linked = &crypto_module;
}

static inline void pki_tear_down(void)
{
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", pki_directory, (char *)NULL);
		_exit(1);
	}
	wait(NULL);
}

/* "DIRECTORY/name" into out, of 128 bytes. */
static inline const char *pki_path(char *out, const char *name)
{
	snprintf(out, 128, "%s/%s", pki_directory, name);
	return out;
}

static inline void pki_write(const char *path, const char *mode, const void *data, size_t len)
{
	FILE *file = fopen(path, mode);

	if (!file || fwrite(data, 1, len, file) != len || fclose(file))
		abort();
}

static inline void pki_add_names(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
	unsigned char ip[16];

	for (int i = 0; i < 3 && spec->dns[i]; i++)
		PKI_CHECK(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_DNSNAME, spec->dns[i], (unsigned)strlen(spec->dns[i]),
			GNUTLS_FSAN_APPEND));
	if (spec->ip) {
		int family = strchr(spec->ip, ':') ? AF_INET6 : AF_INET;

		inet_pton(family, spec->ip, ip);
		PKI_CHECK(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, ip,
							       family == AF_INET ? 4 : 16,
							       GNUTLS_FSAN_APPEND));
	}
	if (spec->mail)
		PKI_CHECK(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_RFC822NAME, spec->mail, (unsigned)strlen(spec->mail),
			GNUTLS_FSAN_APPEND));
}

static inline void pki_demand_staple(gnutls_x509_crt_t crt)
{
	static const unsigned char status_request[] = {0x30, 3, 2, 1, 5};

	PKI_CHECK(gnutls_x509_crt_set_extension_by_oid(
		crt, "1.3.6.1.5.5.7.1.24", status_request, sizeof(status_request), 0));
}

static inline void pki_make_key(struct pki *p, unsigned rsa)
{
	PKI_CHECK(gnutls_x509_privkey_init(&p->key));
	PKI_CHECK(gnutls_x509_privkey_generate(
		p->key, rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
		rsa ? rsa : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
}

/* Makes a certificate signed by issuer, or by itself when that is NULL. */
static inline struct pki pki_make(const struct pki_spec *spec, const struct pki *issuer)
{
	static unsigned char serial[4] = {1};
	struct pki p = {0};
	const struct pki *signer = issuer ? issuer : &p;
	unsigned char id[64];
	size_t size = sizeof(id);
	char dn[128];
	time_t now = time(NULL);
	int from = spec->from || spec->until ? spec->from : -1;
	int until = spec->from || spec->until ? spec->until : 30;
	gnutls_datum_t pem;

	pki_make_key(&p, spec->rsa);
	PKI_CHECK(gnutls_x509_crt_init(&p.crt));
	PKI_CHECK(gnutls_x509_crt_set_version(p.crt, 3));
	serial[3]++;
	PKI_CHECK(gnutls_x509_crt_set_serial(p.crt, serial, sizeof(serial)));
	snprintf(dn, sizeof(dn), "CN=%s,O=Test", spec->name);
	PKI_CHECK(gnutls_x509_crt_set_dn(p.crt, dn, NULL));
	PKI_CHECK(gnutls_x509_crt_set_activation_time(p.crt, now + from * PKI_DAY));
	PKI_CHECK(gnutls_x509_crt_set_expiration_time(p.crt, now + until * PKI_DAY));
	PKI_CHECK(gnutls_x509_crt_set_key(p.crt, p.key));
	PKI_CHECK(gnutls_x509_crt_set_basic_constraints(p.crt, spec->ca, -1));
	PKI_CHECK(gnutls_x509_crt_set_key_usage(
		p.crt, spec->ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
				: GNUTLS_KEY_DIGITAL_SIGNATURE));
	if (!spec->ca)
		PKI_CHECK(gnutls_x509_crt_set_key_purpose_oid(
			p.crt, spec->purpose ? spec->purpose : GNUTLS_KP_TLS_WWW_SERVER, 0));
	pki_add_names(p.crt, spec);
	if (spec->staple)
		pki_demand_staple(p.crt);
	if (!spec->plain) {
		PKI_CHECK(gnutls_x509_crt_get_key_id(p.crt, 0, id, &size));
		PKI_CHECK(gnutls_x509_crt_set_subject_key_id(p.crt, id, size));
		size = sizeof(id);
		PKI_CHECK(gnutls_x509_crt_get_key_id(signer->crt, 0, id, &size));
		PKI_CHECK(gnutls_x509_crt_set_authority_key_id(p.crt, id, size));
	}
	PKI_CHECK(gnutls_x509_crt_sign2(p.crt, signer->crt, signer->key, GNUTLS_DIG_SHA256, 0));
	PKI_CHECK(gnutls_x509_crt_export2(p.crt, GNUTLS_X509_FMT_PEM, &pem));
	snprintf(p.file, sizeof(p.file), "%s/%s.pem", pki_directory, spec->name);
	pki_write(p.file, "w", pem.data, pem.size);
	gnutls_free(pem.data);
	return p;
}

static inline void pki_free(struct pki *p)
{
	if (p->crt)
		gnutls_x509_crt_deinit(p->crt);
	if (p->key)
		gnutls_x509_privkey_deinit(p->key);
	*p = (struct pki){0};
}

/* What the server does behind the handshake. */
enum pki_act {
	PKI_ECHO,        /* sends back what comes, until the orderly end */
	PKI_HELLO_BYE,   /* says "hello" and ends in order */
	PKI_HELLO_CUT,   /* says "hello" and drops the line */
	PKI_UPDATE,      /* demands new keys (TLS 1.3), then echoes */
	PKI_RENEGOTIATE, /* asks for a new handshake (TLS 1.2), then says "hello" */
	PKI_BIND,        /* says the channel binding as it knows it, and ends in order */
	PKI_SINK         /* reads all, and exits 0 when there was not one record too many */
};

struct pki_server {
	const struct pki *chain[4]; /* leaf first */
	const char *priorities;     /* NULL: NORMAL */
	enum pki_act act;
	bool tickets;
	const struct pki *client_ca; /* demands a certificate of it */
	const char *staple;          /* a file with an OCSP response, DER */
};

static inline int pki_echo(gnutls_session_t s)
{
	char data[4096];
	ssize_t n;

	while ((n = gnutls_record_recv(s, data, sizeof(data))) > 0 || n == GNUTLS_E_AGAIN ||
	       n == GNUTLS_E_INTERRUPTED)
		if (n > 0 && gnutls_record_send(s, data, (size_t)n) != n)
			return 1;
	return n == 0 ? 0 : 2;
}

static inline int pki_sink(gnutls_session_t s)
{
	static char data[16384];
	ssize_t n;
	size_t records = 0, total = 0;

	while ((n = gnutls_record_recv(s, data, sizeof(data))) > 0) {
		records++;
		total += (size_t)n;
		usleep(200);
	}
	return n == 0 && records == (total + 16383) / 16384 ? 0 : 3;
}

/* RFC 9266 section 2 spelled out, RFC 5929 section 3 as GnuTLS has it. */
static inline int pki_bind(gnutls_session_t s)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	gnutls_datum_t unique = {0};
	char exported[32];

	if (gnutls_protocol_get_version(s) < GNUTLS_TLS1_3) {
		PKI_CHECK(gnutls_session_channel_binding(s, GNUTLS_CB_TLS_UNIQUE, &unique));
		gnutls_record_send(s, unique.data, unique.size);
		gnutls_free(unique.data);
	} else {
		PKI_CHECK(gnutls_prf_rfc5705(s, sizeof(label) - 1, label, 0, "",
					     sizeof(exported), exported));
		gnutls_record_send(s, exported, sizeof(exported));
	}
	return gnutls_bye(s, GNUTLS_SHUT_WR) < 0 ? 10 : 0;
}

static inline int pki_act(gnutls_session_t s, enum pki_act act)
{
	char data[100];
	ssize_t n;

	switch (act) {
	case PKI_SINK: return pki_sink(s);
	case PKI_BIND: return pki_bind(s);
	case PKI_UPDATE:
		if (gnutls_session_key_update(s, GNUTLS_KU_PEER) < 0)
			return 4;
		return pki_echo(s);
	case PKI_RENEGOTIATE:
		if (gnutls_rehandshake(s) < 0)
			return 5;
		if (gnutls_record_send(s, "hello", 5) != 5)
			return 6;
		while ((n = gnutls_record_recv(s, data, sizeof(data))) < 0 &&
		       !gnutls_error_is_fatal((int)n))
			continue;
		return n == 0 ? 0 : 7;
	case PKI_HELLO_BYE:
	case PKI_HELLO_CUT:
		if (gnutls_record_send(s, "hello", 5) != 5)
			return 8;
		return act == PKI_HELLO_BYE && gnutls_bye(s, GNUTLS_SHUT_WR) < 0 ? 9 : 0;
	case PKI_ECHO: break;
	}
	return pki_echo(s);
}

/* Whatever it says, while GnuTLS's own way staples nothing that says "revoked". */
static inline int pki_staple(gnutls_session_t s, void *path, gnutls_datum_t *response)
{
	(void)s;
	return gnutls_load_file(path, response);
}

static inline int pki_serve(int fd, const struct pki_server *server)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_crt_t list[4];
	gnutls_session_t s;
	gnutls_datum_t ticket_key;
	int count = 0;
	int code;

	alarm(20);
	PKI_CHECK(gnutls_certificate_allocate_credentials(&credentials));
	for (; count < 4 && server->chain[count]; count++)
		list[count] = server->chain[count]->crt;
	if (count > 0)
		PKI_CHECK(gnutls_certificate_set_x509_key(credentials, list, count,
							  server->chain[0]->key));
	if (server->staple)
		gnutls_certificate_set_ocsp_status_request_function(
			credentials, pki_staple, (void *)(uintptr_t)server->staple);
	PKI_CHECK(gnutls_init(&s, GNUTLS_SERVER | GNUTLS_NO_SIGNAL));
	PKI_CHECK(gnutls_priority_set_direct(
		s, server->priorities ? server->priorities : "NORMAL", NULL));
	PKI_CHECK(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, credentials));
	if (server->client_ca) {
		PKI_CHECK(gnutls_certificate_set_x509_trust_file(
			credentials, server->client_ca->file, GNUTLS_X509_FMT_PEM));
		gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(s, NULL, 0);
	}
	if (server->tickets) {
		PKI_CHECK(gnutls_session_ticket_key_generate(&ticket_key));
		PKI_CHECK(gnutls_session_ticket_enable_server(s, &ticket_key));
	}
	gnutls_transport_set_int(s, fd);
	do
		code = gnutls_handshake(s);
	while (code < 0 && !gnutls_error_is_fatal(code));
	if (code < 0)
		gnutls_alert_send_appropriate(s, code);
	return code < 0 ? 20 : pki_act(s, server->act);
}

/* Starts the server on one end of a socket pair and returns a connection on the other. */
static inline struct conn *pki_start(const struct pki_server *server, pid_t *child)
{
	int fds[2];
	int small = 4096;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fflush(stdout);
	*child = fork();
	if (*child == 0) {
		close(fds[0]);
		_exit(pki_serve(fds[1], server));
	}
	close(fds[1]);
	return conn_new(fds[0]);
}

/* Ends the connection and returns the server's exit status. */
static inline int pki_stop(struct conn *c, pid_t child)
{
	int status = 0;

	conn_free(c);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

#endif
