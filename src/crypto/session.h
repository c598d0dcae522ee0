/*
 * One TLS session of the client: what the operations of base/crypto.h whose names begin with
 * tls_ do. Handshake and records are here, the judgement on the certificate is in trust.c.
 */
#ifndef CRYPTO_SESSION_H
#define CRYPTO_SESSION_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>

#include "base/crypto.h"
#include "crypto/store.h"

enum {
	TLS_INPUT_MAX = 4096,
	TLS_OUTPUT_MAX = 1 << 17,
	TLS_FIRST_MAX = 64,
	TLS_HOST_MAX = 256,
	TLS_TRUST_MAX = 1536,
	TLS_THANKS_MAX = 128,
	TLS_PASSWORD_MAX = 1024,
	TLS_PRIORITIES_MAX = 4096
};

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int fd;
	char host[TLS_HOST_MAX]; /* as the certificate must have it: A-labels, no final dot */
	char *others[TLS_OTHERS_MAX]; /* or so, or NULL */
	const char *name;             /* the one of them that it has, else host */
	int family;                   /* of host when it is an address, else AF_UNSPEC */
	struct in6_addr address;      /* host in binary form, four bytes of it for IPv4 */
	bool verify;
	bool tickets;           /* they are wanted */
	int64_t ticket_expires; /* the one that resumes */
	enum tls_minimum minimum;
	enum tls_trust trusts;
	struct pins fingerprints; /* of the policy */
	struct pins pins, known;
	char *accept;
	struct tls_tlsa *tlsa; /* copies */
	size_t tlsa_count;
	gnutls_x509_crl_t *crls;
	unsigned crl_count;
	struct buf key_password; /* wiped */
	bool key_asked;          /* GnuTLS wanted it */
	struct store store;
	bool gathered;    /* what the chain needs of it was given to GnuTLS */
	bool named_store; /* store is the trust file of the policy, not the system's */

	char thanks[TLS_THANKS_MAX]; /* why the chain is trusted, for trust below */
	bool by_zone;                /* the zone names the certificate itself */

	bool judged;               /* trust_judge() has run: */
	bool verified;             /* the certificate proved host */
	char trust[TLS_TRUST_MAX]; /* why, or why not, in words */
	bool agreed;               /* GnuTLS is done with the handshake */
	bool done;                 /* and all of it is sent and found good */
	bool broken;               /* not even a close_notify can be sent */
	int interruptions;         /* warnings and requests to renegotiate */

	/* Bytes that came from the socket ahead of GnuTLS: it asks for a record's five bytes of
	 * header and then for its body, which would be two system calls each. */
	char input[TLS_INPUT_MAX];
	size_t input_start, input_end;
	uint64_t taken;            /* how many GnuTLS took of them so far */
	char first[TLS_FIRST_MAX]; /* the first bytes that came */
	size_t first_length;
	/* Records that the socket did not take yet. GnuTLS never sees it refuse any: a write of
	 * its that is interrupted while a key update arrives is sent twice (3.7.9). */
	struct buf output;
	size_t accepted; /* bytes of tls_write() whose record is among them */
};

struct tls *session_new(int fd, const struct tls_policy *policy, struct error *error);
enum tls_step session_handshake(struct tls *tls, struct error *error);
ssize_t session_read(struct tls *tls, void *data, size_t size, struct error *error);
ssize_t session_write(struct tls *tls, const void *data, size_t len, struct error *error);
size_t session_pending(struct tls *tls);
void session_close(struct tls *tls);
void session_free(struct tls *tls);
bool session_verified(struct tls *tls);
int session_ticket(struct tls *tls, struct buf *out, int64_t *expires);
int session_binding(struct tls *tls, const char **type, struct buf *out);

#endif
