/*
 * Whether the peer's certificate proves that it is the relay we were told to talk to. This is
 * the only place that decides it.
 *
 * Asked is: a chain to a trusted CA by the rules of GnuTLS and its security profile, the host
 * name or address among the subject alternative names (RFC 6125; the common name counts for
 * nothing), the purpose of a TLS server, and that nothing of it was revoked, by the lists there
 * are and the staples that come. In the place of all that, dates included, stands a fingerprint
 * of the policy, which names one certificate "regardless of its contents" as msmtp has it; or
 * the key that was there before; or, where the relay's zone has records, what they say. A pin
 * is asked besides.
 */
#ifndef CRYPTO_TRUST_H
#define CRYPTO_TRUST_H

#include "crypto/session.h"

/* Reads what the policy names to trust: files and fingerprint. Returns 0, or -1 with *error
 * (local, stage config). */
int trust_prepare(struct tls *tls, const struct tls_policy *policy, struct error *error);
/* The verify function of the credentials, which runs inside the handshake. Fills tls->verified
 * and tls->trust. Returns 0, or a GnuTLS error code to end the handshake. */
int trust_judge(gnutls_session_t session);

/* The session goes on from one in which trust_judge() was content, under the same policy: no
 * certificate is shown. */
void trust_resumed(struct tls *tls);

#endif
