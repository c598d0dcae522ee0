/*
 * All cryptography behind one table of operations, in a module that is loaded on first need.
 *
 * Linking GnuTLS costs every run more than a plaintext submission costs in all, so the program
 * does not link it: crypto_load() opens the module (src/crypto) from the fixed absolute path
 * crypto_module_path, which main.c sets at build time. A unit test may link the module and set
 * crypto_linked instead.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/pin.h"

enum crypto_digest { CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256 };
enum { CRYPTO_DIGEST_MAX = 32, CRYPTO_ABI = 7, TLS_OTHERS_MAX = 2 };

/* A record of the relay's zone on its certificate (RFC 6698 section 2.1). */
enum tls_tlsa_usage {
	TLS_TLSA_PKIX_TA, /* a CA of its chain, which the usual check must be content with, too
			   */
	TLS_TLSA_PKIX_EE, /* itself, likewise */
	TLS_TLSA_DANE_TA, /* the CA that alone is trusted */
	TLS_TLSA_DANE_EE  /* itself, whatever its names and dates say */
};
enum tls_tlsa_selector { TLS_TLSA_CERTIFICATE, TLS_TLSA_KEY };
enum tls_tlsa_matching { TLS_TLSA_EXACT, TLS_TLSA_SHA256, TLS_TLSA_SHA512 };

struct tls_tlsa {
	enum tls_tlsa_usage usage;
	enum tls_tlsa_selector selector;
	enum tls_tlsa_matching matching;
	struct span data;
};

/* Who says which certificate is good. */
enum tls_trust {
	TLS_TRUST_CA, /* the CAs of trust_file, or the zone where there are records of it */
	TLS_TRUST_KEY /* whoever was there before: `known` */
};

enum tls_minimum { TLS_MINIMUM_UNSET, TLS_MINIMUM_1_2, TLS_MINIMUM_1_3 };

/* What a TLS session must prove, and how. Strings are borrowed until crypto->tls_new returns.
 */
struct tls_policy {
	const char *host;                   /* the name or address the certificate must carry */
	const char *others[TLS_OTHERS_MAX]; /* or one of these names, in A-labels; NULL: none */
	bool verify;                        /* false: no certificate is required to be good */
	enum tls_trust trust;
	const char *trust_file;   /* PEM file of trusted CAs, or a directory of such files (one
				     made by openssl rehash: what it has a hash for); NULL: the
				     system's */
	const char *crl_file;     /* PEM file of revocation lists, or NULL */
	const char *cert_file;    /* client certificate (PEM, or a PKCS#11 URI), or NULL */
	const char *key_file;     /* its private key, likewise; NULL: in cert_file */
	struct span key_password; /* of the key, or the token's PIN; empty: none */
	const char *priorities;   /* GnuTLS priority string, or NULL for ours */
	enum tls_minimum minimum; /* besides; unset: 1.2, or what priorities say */
	const char *fingerprint; /* of the relay's certificate (base/pin.h), which then alone is
				    trusted, whatever its names and dates say; or NULL */
	const char *pins;        /* of keys (base/pin.h): the certificate must have one of them
				    besides all else; or NULL */
	const char *known;       /* TLS_TRUST_KEY: the keys it may have, as pins; NULL: any, for
				    it is the first time */
	const char *accept;      /* and the command that makes another one known, up to that */
	const struct tls_tlsa *tlsa; /* authentic and usable records: they decide */
	size_t tlsa_count;
	const char *tickets; /* the directory where tickets are kept (net/tickets.h); NULL: none
				are taken */
	const char *scope;   /* what they are bound to besides all else that stands here: the
				relay's address and our login */
	bool *resumes;       /* set where there was one to resume by; or NULL */
	struct span ticket;  /* of tls_ticket(), under this same policy, to resume; or empty */
	int64_t ticket_expires; /* and its end, in seconds since the epoch */
};

/* One certificate of the chain, for a person. Strings are owned by the struct tls_info. */
struct tls_certificate {
	char *subject;
	char *issuer;
	char *names;                   /* subject alternative names, separated by ", " */
	char *key;                     /* "RSA 2048", "ECDSA 256" */
	int64_t not_before, not_after; /* seconds since the epoch */
	char sha256[65];
	char sha1[41];
	char pin[PIN_TEXT_SIZE]; /* of its key: "sha256//BASE64" */
};

/* The state of a session after its handshake. Freed by tls_info_clear(). */
struct tls_info {
	char *version; /* "TLS1.3" */
	char *cipher;  /* "(ECDHE-X25519)-(ECDSA-SECP256R1-SHA256)-(AES-256-GCM)" */
	char *sni;     /* the server name sent, or NULL */
	bool verified; /* the certificate proved host, by the policy */
	bool resumed;
	char *trust; /* why it is trusted or not, in words */
	struct tls_certificate *chain;
	size_t chain_length;
};

struct tls; /* one session; the module's own */

/* What a step of the session wants next. */
enum tls_step { TLS_DONE = 0, TLS_FAILED = -1, TLS_WANT_READ = -2, TLS_WANT_WRITE = -3 };

struct crypto {
	unsigned abi;                  /* CRYPTO_ABI */
	const char *system_trust_file; /* the system's store, where it is one PEM file */
	/* The digest of data into out; returns its length in bytes, or -1. */
	int (*digest)(enum crypto_digest d, struct span data,
		      unsigned char out[CRYPTO_DIGEST_MAX]);
	/* HMAC of RFC 2104; returns its length, or -1. */
	int (*hmac)(enum crypto_digest d, struct span key, struct span data,
		    unsigned char out[CRYPTO_DIGEST_MAX]);
	/* PBKDF2 of RFC 8018 with that digest's HMAC, one digest long; iterations from 1.
	 * Returns its length, or -1. */
	int (*pbkdf2)(enum crypto_digest d, struct span password, struct span salt,
		      unsigned iterations, unsigned char out[CRYPTO_DIGEST_MAX]);
	/* A user name or password as both sides must have it before they compute with it:
	 * OpaqueString of RFC 8265, which took the place of SASLprep. Appends to out, which the
	 * caller wipes. Returns 0, or -1 when it is not UTF-8 or holds characters that
	 * are not allowed. */
	int (*normalize)(struct span text, struct buf *out);
	/* A UTF-8 domain as A-labels (IDNA 2008); appends to out. Returns 0 or -1. */
	int (*idna)(struct span domain, struct buf *out);
	/* A client session over fd, which must be non-blocking and stays the caller's. NULL
	 * with *error (stage TLS or trust or config) on failure. */
	struct tls *(*tls_new)(int fd, const struct tls_policy *policy, struct error *error);
	/* One step of the handshake. The certificate is judged inside: when the policy demands
	 * a good one, TLS_DONE is never returned without it. */
	enum tls_step (*tls_handshake)(struct tls *tls, struct error *error);
	/* Bytes read, 0 at an orderly end (close_notify), or an enum tls_step below zero. */
	ssize_t (*tls_read)(struct tls *tls, void *data, size_t size, struct error *error);
	/* Bytes written; after TLS_WANT_* the same bytes must be offered again. */
	ssize_t (*tls_write)(struct tls *tls, const void *data, size_t len,
			     struct error *error);
	/* Decrypted bytes that wait inside the session: poll(2) does not know of them. */
	size_t (*tls_pending)(struct tls *tls);
	/* Sends close_notify if it can without waiting. */
	void (*tls_close)(struct tls *tls);
	void (*tls_free)(struct tls *tls);
	/* Whether the peer proved to be the policy's host (tls_info.verified, without the
	 * rest). */
	bool (*tls_verified)(struct tls *tls);
	/* The session's channel binding (RFC 5056): *type is "tls-exporter" under TLS 1.3 (RFC
	 * 9266), "tls-unique" before (RFC 5929), its data is appended to out. -1 when there is
	 * none that can be trusted: without the extended master secret of RFC 7627 two
	 * sessions of TLS 1.2 can be made to have the same. */
	int (*tls_binding)(struct tls *tls, const char **type, struct buf *out);
	/* Appends to out what resumes the session, once (a secret), and puts in *expires when
	 * its certificate does, or the ticket that resumed this session: no chain of sessions
	 * outlives what the first one proved. -1 when the relay gave nothing new of the kind,
	 * or has not proved who it is. */
	int (*tls_ticket)(struct tls *tls, struct buf *out, int64_t *expires);
	/* Fills *info (to be cleared with tls_info_clear()). Also after a handshake that failed
	 * for want of trust, as far as things went. Returns 0 or -1. */
	int (*tls_describe)(struct tls *tls, struct tls_info *info, struct error *error);
};

/* The name under which the module exports its table: extern const struct crypto crypto_module.
 */
#define CRYPTO_SYMBOL "crypto_module"

extern const char *crypto_module_path;
extern const struct crypto *crypto_linked;

/* The table, loading the module at the first call. NULL with *error (local, stage TLS) when it
 * cannot be loaded. */
const struct crypto *crypto_load(struct error *error);
void tls_info_clear(struct tls_info *info);

#endif
