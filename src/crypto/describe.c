/* A session told for a person: see describe.h. */
#include "crypto/describe.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/certificate.h"

enum { DESCRIBE_CHAIN_MAX = 16 };

/* GnuTLS writes "(TLS1.3)-(ECDHE-...)-(...)"; the version is told apart. */
static char *describe_cipher(gnutls_session_t session)
{
	char *all = gnutls_session_get_desc(session);
	const char *rest = all ? strstr(all, ")-(") : NULL;
	char *copy = span_dup(span_of(rest ? rest + 2 : all));

	gnutls_free(all);
	return copy;
}

static int describe_chain(gnutls_session_t session, struct tls_info *info)
{
	unsigned count = 0;
	const gnutls_datum_t *peers = NULL;

	if (gnutls_certificate_type_get(session) == GNUTLS_CRT_X509)
		peers = gnutls_certificate_get_peers(session, &count);
	if (!peers)
		return 0;
	if (count > DESCRIBE_CHAIN_MAX)
		count = DESCRIBE_CHAIN_MAX;
	info->chain = calloc(count, sizeof(*info->chain));
	if (!info->chain)
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (certificate_describe(&peers[i], &info->chain[info->chain_length]) == 0)
			info->chain_length++;
	return 0;
}

int session_describe(struct tls *tls, struct tls_info *info, struct error *error)
{
	const char *version =
		gnutls_protocol_get_name(gnutls_protocol_get_version(tls->session));
	bool named = tls->family == AF_UNSPEC && tls->host[0];

	*info = (struct tls_info){
		.verified = tls->verified,
		.resumed = gnutls_session_is_resumed(tls->session) != 0,
		.version = span_dup(span_of(tls->done && version ? version : "")),
		.cipher = tls->done ? describe_cipher(tls->session) : span_dup(span_of("")),
		.sni = named ? span_dup(span_of(tls->host)) : NULL,
		.trust = span_dup(
			span_of(tls->judged ? tls->trust : "the relay showed no certificate")),
	};
	if (info->version && info->cipher && info->trust && (info->sni || !named) &&
	    describe_chain(tls->session, info) == 0)
		return 0;
	tls_info_clear(info);
	return error_set_memory(error);
}
