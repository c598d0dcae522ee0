/*
 * TLS on GnuTLS: see session.h and base/crypto.h. TLS 1.2 and 1.3 only (RFC 8996), the medium
 * security profile.
 */
#include "crypto/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/chars.h"
#include "base/text.h"
#include "crypto/crl.h"
#include "crypto/primitive.h"
#include "crypto/tlsa.h"
#include "crypto/trust.h"

static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM";

enum {
	SESSION_INTERRUPTIONS_MAX =
		32,             /* warnings and the like before we have enough of them */
	SESSION_PARTS_MAX = 16, /* pieces of a write, more are copied first */
	RECORD_TYPE_FIRST = 20, /* change_cipher_spec, RFC 8446 section 5.1 */
	RECORD_TYPE_LAST = 23   /* application_data */
};

/* GnuTLS reads the socket through this: as much as there is, in one system call. */
static ssize_t session_pull(gnutls_transport_ptr_t context, void *data, size_t size)
{
	struct tls *tls = context;
	size_t have = tls->input_end - tls->input_start;
	ssize_t n;

	if (have == 0) {
		do
			n = recv(tls->fd, tls->input, sizeof(tls->input), 0);
		while (n < 0 && errno == EINTR);
		if (n <= 0) {
			gnutls_transport_set_errno(tls->session, errno);
			return n;
		}
		tls->input_start = 0;
		tls->input_end = have = (size_t)n;
		for (size_t i = 0; i < have && tls->first_length < sizeof(tls->first); i++)
			tls->first[tls->first_length++] = tls->input[i];
	}
	if (have > size)
		have = size;
	memcpy(data, tls->input + tls->input_start, have);
	tls->input_start += have;
	tls->taken += have;
	return (ssize_t)have;
}

/* Sends without waiting. Returns the bytes taken, 0 when there is no room, or -1 with errno. */
static ssize_t session_send(const struct tls *tls, const struct msghdr *message)
{
	ssize_t n;

	do
		n = sendmsg(tls->fd, message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

/* GnuTLS writes through this: what the socket does not take stays in tls->output. */
static ssize_t session_push(gnutls_transport_ptr_t context, const giovec_t *parts, int count)
{
	struct tls *tls = context;
	struct iovec vector[SESSION_PARTS_MAX];
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)count};
	ssize_t sent = 0;
	size_t total = 0;

	for (int i = 0; i < count && i < SESSION_PARTS_MAX; i++)
		vector[i] = (struct iovec){parts[i].iov_base, parts[i].iov_len};
	if (tls->output.len == 0 && count <= SESSION_PARTS_MAX)
		sent = session_send(tls, &message);
	for (int i = 0; sent >= 0 && i < count; i++) {
		size_t len = parts[i].iov_len;
		size_t done = (size_t)sent > total ? (size_t)sent - total : 0;

		if (done < len)
			buf_add(&tls->output, (const char *)parts[i].iov_base + done,
				len - done);
		total += len;
	}
	if (sent >= 0 && !buf_failed(&tls->output))
		return (ssize_t)total;
	gnutls_transport_set_errno(tls->session, sent < 0 ? errno : ENOBUFS);
	return -1;
}

/* Whether the peer's first bytes cannot be TLS: most often a server that speaks SMTP in clear.
 */
static bool session_is_plain(const struct tls *tls)
{
	return tls->first_length > 0 &&
	       (tls->first[0] < RECORD_TYPE_FIRST || tls->first[0] > RECORD_TYPE_LAST);
}

static int session_explain_plain(const struct tls *tls, struct error *error)
{
	struct span said = {tls->first, tls->first_length};
	const char *line = memchr(said.data, '\n', said.len);

	if (line)
		said.len = (size_t)(line - said.data);
	return error_set_wrong_tls(error, STAGE_TLS,
				   "the relay does not answer in TLS but says \"%s\"",
				   TEXT_SHOW(span_trim(said)));
}

static int session_explain_alert(struct tls *tls, struct error *error)
{
	gnutls_alert_description_t alert = gnutls_alert_get(tls->session);
	const char *name = gnutls_alert_get_name(alert);
	const char *hint = "";

	if (alert == GNUTLS_A_PROTOCOL_VERSION)
		hint = tls->minimum == TLS_MINIMUM_1_3
			       ? "; it has no TLS 1.3, which tls_min_version demands"
			       : "; it has neither TLS 1.2 nor TLS 1.3";
	else if (alert == GNUTLS_A_HANDSHAKE_FAILURE || alert == GNUTLS_A_INSUFFICIENT_SECURITY)
		hint = "; no algorithm is good enough for both, or it wants a client "
		       "certificate";
	else if (alert == GNUTLS_A_UNRECOGNIZED_NAME)
		hint = "; it does not know itself by this host name";
	else if (alert == GNUTLS_A_CERTIFICATE_REQUIRED || alert == GNUTLS_A_BAD_CERTIFICATE ||
		 alert == GNUTLS_A_UNKNOWN_CA || alert == GNUTLS_A_CERTIFICATE_EXPIRED ||
		 alert == GNUTLS_A_CERTIFICATE_REVOKED ||
		 alert == GNUTLS_A_CERTIFICATE_UNKNOWN ||
		 alert == GNUTLS_A_UNSUPPORTED_CERTIFICATE || alert == GNUTLS_A_ACCESS_DENIED)
		hint = "; check tls_cert_file and tls_key_file";
	return error_set(error, ERROR_RELAY, STAGE_TLS,
			 "the relay ends TLS with the alert \"%s\"%s", name ? name : "unknown",
			 hint);
}

/* What a GnuTLS error code means for the one who wants to send mail. */
static int session_fail(struct tls *tls, int code, struct error *error)
{
	tls->broken = true;
	if (!tls->done && session_is_plain(tls))
		return session_explain_plain(tls, error);
	switch (code) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return error_set(error, ERROR_RELAY, STAGE_TRUST, "%s", tls->trust);
	case GNUTLS_E_FATAL_ALERT_RECEIVED: return session_explain_alert(tls, error);
	case GNUTLS_E_PREMATURE_TERMINATION:
		return error_set(error, ERROR_TEMPORARY, STAGE_TLS,
				 "the relay cut the TLS %s short",
				 tls->done ? "connection" : "handshake");
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		return error_set_errno(error, ERROR_TEMPORARY,
				       tls->done ? STAGE_CONNECT : STAGE_TLS, errno,
				       "the connection to the relay was lost");
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return error_set(error, ERROR_RELAY, STAGE_TLS,
				 tls->minimum == TLS_MINIMUM_1_3
					 ? "the relay has no TLS 1.3, which tls_min_version "
					   "demands"
					 : "the relay has neither TLS 1.2 nor TLS 1.3");
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_ERROR:
		return error_set(error, ERROR_RELAY, STAGE_TRUST,
				 "the relay showed no certificate that could prove who it is");
	case GNUTLS_E_MEMORY_ERROR: return error_set_memory(error);
	default:
		return error_set(error, ERROR_RELAY, STAGE_TLS, "TLS with the relay failed: %s",
				 gnutls_strerror(code));
	}
}

/* Sends what waits in tls->output. Returns TLS_DONE when there is nothing more of it. */
static enum tls_step session_flush(struct tls *tls, struct error *error)
{
	while (tls->output.len > 0) {
		struct iovec rest = {tls->output.data, tls->output.len};
		ssize_t n =
			session_send(tls, &(struct msghdr){.msg_iov = &rest, .msg_iovlen = 1});

		if (n == 0)
			return TLS_WANT_WRITE;
		if (n < 0) {
			session_fail(tls, GNUTLS_E_PUSH_ERROR, error);
			return TLS_FAILED;
		}
		buf_consume(&tls->output, (size_t)n);
	}
	return TLS_DONE;
}

/* What to do about a code below zero that came from the handshake or a record: TLS_WANT_*,
 * TLS_FAILED with *error, or TLS_DONE for "the same again". before is how much input waited
 * when the call began: GnuTLS also says "again" after messages of its own, such as tickets, and
 * then what waits here must be read before anybody polls. */
static enum tls_step session_resume(struct tls *tls, int code, uint64_t before,
				    struct error *error)
{
	size_t waiting = tls->input_end - tls->input_start;

	switch (code) {
	case GNUTLS_E_AGAIN:
		if (!tls->done && session_is_plain(tls))
			break;
		return waiting > 0 && tls->taken != before ? TLS_DONE : TLS_WANT_READ;
	case GNUTLS_E_INTERRUPTED: return TLS_DONE;
	case GNUTLS_E_REHANDSHAKE:
		/* RFC 5246 section 7.4.1.1: a client may refuse, and nothing here needs it. */
		gnutls_alert_send(tls->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
		/* fall through */
	case GNUTLS_E_WARNING_ALERT_RECEIVED:
		if (++tls->interruptions <= SESSION_INTERRUPTIONS_MAX)
			return TLS_DONE;
		break;
	default: break;
	}
	session_fail(tls, code, error);
	return TLS_FAILED;
}

/* Lets the relay know why, for its log, when the fault is ours to name (RFC 8446 section 6.2).
 */
static void session_send_alert(struct tls *tls, int code)
{
	if (code != GNUTLS_E_PULL_ERROR && code != GNUTLS_E_PUSH_ERROR &&
	    code != GNUTLS_E_FATAL_ALERT_RECEIVED && code != GNUTLS_E_PREMATURE_TERMINATION &&
	    !session_is_plain(tls))
		gnutls_alert_send_appropriate(tls->session, code);
}

enum tls_step session_handshake(struct tls *tls, struct error *error)
{
	enum tls_step step = session_flush(tls, error);
	int code = tls->agreed ? GNUTLS_E_SUCCESS : GNUTLS_E_INTERRUPTED;

	while (code != GNUTLS_E_SUCCESS && step == TLS_DONE) {
		uint64_t before = tls->taken;

		code = gnutls_handshake(tls->session);
		if (code < 0)
			step = session_resume(tls, code, before, error);
		if (step == TLS_FAILED)
			session_send_alert(tls, code);
		else if (tls->output.len > 0)
			step = session_flush(tls, error);
	}
	tls->agreed = code == GNUTLS_E_SUCCESS;
	if (step != TLS_DONE)
		return step;
	if (gnutls_session_is_resumed(tls->session))
		trust_resumed(tls);
	/* Custom priorities can agree on a handshake without certificates, which asks nobody.
	 */
	if (tls->verify && !tls->verified) {
		session_fail(tls, GNUTLS_E_CERTIFICATE_ERROR, error);
		return TLS_FAILED;
	}
	tls->done = true;
	return TLS_DONE;
}

ssize_t session_read(struct tls *tls, void *data, size_t size, struct error *error)
{
	enum tls_step step = TLS_DONE;
	ssize_t n = -1;

	while (n < 0 && step == TLS_DONE) {
		uint64_t before = tls->taken;

		n = gnutls_record_recv(tls->session, data, size);
		if (n < 0)
			step = session_resume(tls, (int)n, before, error);
	}
	return n < 0 ? step : n;
}

/* One record a call at the most. Its bytes count as written when the last of it is sent, so
 * that nobody takes for sent what waits here. */
ssize_t session_write(struct tls *tls, const void *data, size_t len, struct error *error)
{
	enum tls_step step = session_flush(tls, error);
	ssize_t n = step == TLS_DONE && tls->accepted > 0 ? (ssize_t)tls->accepted : -1;

	while (n < 0 && step == TLS_DONE) {
		uint64_t before = tls->taken;

		n = gnutls_record_send(tls->session, data, len);
		if (n < 0)
			step = session_resume(tls, (int)n, before, error);
	}
	tls->accepted = n > 0 ? (size_t)n : tls->accepted;
	if (step == TLS_DONE)
		step = session_flush(tls, error);
	if (step != TLS_DONE)
		return step;
	tls->accepted = 0;
	return n;
}

size_t session_pending(struct tls *tls)
{
	return gnutls_record_check_pending(tls->session) + (tls->input_end - tls->input_start);
}

void session_close(struct tls *tls)
{
	if (tls->done && !tls->broken)
		gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	tls->broken = true;
}

void session_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->session)
		gnutls_deinit(tls->session);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	store_clear(&tls->store);
	buf_clear(&tls->output);
	buf_wipe(&tls->key_password);
	tlsa_clear(tls);
	crl_clear(tls);
	for (size_t i = 0; i < TLS_OTHERS_MAX; i++)
		free(tls->others[i]);
	free(tls->accept);
	free(tls);
}

bool session_verified(struct tls *tls)
{
	return tls->done && tls->verified;
}

/* TLS 1.3 has tickets arrive behind the handshake, with what is read first. */
int session_ticket(struct tls *tls, struct buf *out, int64_t *expires)
{
	bool modern = gnutls_protocol_get_version(tls->session) >= GNUTLS_TLS1_3;
	bool resumed = gnutls_session_is_resumed(tls->session);
	gnutls_datum_t data = {0};

	/* Under TLS 1.2 a session that was resumed has the old ticket still. */
	if (!tls->tickets || !session_verified(tls) ||
	    ((modern || resumed) &&
	     !(gnutls_session_get_flags(tls->session) & GNUTLS_SFLAGS_SESSION_TICKET)))
		return -1;
	*expires = gnutls_certificate_expiration_time_peers(tls->session);
	if (resumed && tls->ticket_expires < *expires)
		*expires = tls->ticket_expires;
	if (*expires <= 0 || gnutls_session_get_data2(tls->session, &data) < 0)
		return -1;
	buf_add(out, data.data, data.size);
	explicit_bzero(data.data, data.size);
	gnutls_free(data.data);
	return buf_failed(out) ? -1 : 0;
}

int session_binding(struct tls *tls, const char **type, struct buf *out)
{
	bool modern = gnutls_protocol_get_version(tls->session) >= GNUTLS_TLS1_3;
	gnutls_datum_t data = {0};

	if (!tls->done || (!modern && !gnutls_session_ext_master_secret_status(tls->session)) ||
	    gnutls_session_channel_binding(
		    tls->session, modern ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE,
		    &data) < 0)
		return -1;
	*type = modern ? "tls-exporter" : "tls-unique";
	buf_add(out, data.data, data.size);
	gnutls_free(data.data);
	return buf_failed(out) ? -1 : 0;
}

/* The host as certificates and SNI have it. */
static int session_set_host(struct tls *tls, const struct tls_policy *policy,
			    struct error *error)
{
	const char *host = policy->host;
	struct span name = span_of(host);
	struct buf ascii;
	int result = -1;

	buf_init(&ascii, sizeof(tls->host) - 1);
	if (host && inet_pton(AF_INET, host, &tls->address) == 1)
		tls->family = AF_INET;
	else if (host && inet_pton(AF_INET6, host, &tls->address) == 1)
		tls->family = AF_INET6;
	if (tls->family == AF_UNSPEC && name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	if (!text_is_8bit(name)) {
		buf_add_span(&ascii, name);
		result = 0;
	} else {
		result = primitive_idna(name, &ascii);
	}
	if (name.len == 0 && policy->verify && !policy->fingerprint &&
	    policy->trust != TLS_TRUST_KEY)
		result = error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"TLS needs to know the relay's host name to check its certificate: "
			"set tls_host_override, or tls_certcheck off");
	else if (result || buf_failed(&ascii))
		result = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "\"%s\" is no host name that a certificate could have",
				   TEXT_SHOW(name));
	else
		memcpy(tls->host, ascii.data, ascii.len + 1);
	buf_clear(&ascii);
	return result;
}

/* What takes away the versions that are too old, behind any priority string. */
static const char *const session_minimum[] = {
	[TLS_MINIMUM_UNSET] = "",
	[TLS_MINIMUM_1_2] = ":-VERS-TLS1.1:-VERS-TLS1.0:-VERS-SSL3.0",
	[TLS_MINIMUM_1_3] = ":-VERS-TLS1.2:-VERS-TLS1.1:-VERS-TLS1.0:-VERS-SSL3.0",
};

static int session_refuse_priorities(const char *all, int code, const char *bad,
				     struct error *error)
{
	if (code == GNUTLS_E_INVALID_REQUEST && bad)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls_priorities \"%s\" has an error at character %zu: \"%s\"",
				 TEXT_SHOW(span_of(all)), (size_t)(bad - all) + 1,
				 TEXT_SHOW(span_of(bad)));
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "tls_priorities \"%s\": %s",
			 TEXT_SHOW(span_of(all)), gnutls_strerror(code));
}

static int session_set_priorities(struct tls *tls, const struct tls_policy *policy,
				  struct error *error)
{
	const char *bad = NULL;
	struct buf all;
	int code;
	int result = 0;

	buf_init(&all, TLS_PRIORITIES_MAX);
	buf_add_string(&all, policy->priorities ? policy->priorities : priorities);
	buf_add_string(&all, session_minimum[policy->minimum]);
	code = buf_failed(&all) ? GNUTLS_E_MEMORY_ERROR
				: gnutls_priority_set_direct(tls->session, all.data, &bad);
	if (code < 0)
		result = session_refuse_priorities(all.data, code, bad, error);
	buf_clear(&all);
	return result;
}

static int session_set_up(struct tls *tls, const struct tls_policy *policy, struct error *error)
{
	/* To receive tickets costs, where nothing keeps them. A relay that we have been at
	 * shares secp256r1 with us, as every one must (RFC 8446 section 9.1): a second key,
	 * made in case it did not, would be for nothing. */
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			 (tls->tickets ? 0 : GNUTLS_NO_TICKETS) |
			 (policy->ticket.len > 0 ? GNUTLS_KEY_SHARE_TOP : 0);

	if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0 ||
	    gnutls_init(&tls->session, flags) < 0)
		return error_set_memory(error);
	if (session_set_host(tls, policy, error) ||
	    session_set_priorities(tls, policy, error) || trust_prepare(tls, policy, error))
		return -1;
	/* One that GnuTLS cannot read is none. */
	if (tls->tickets && policy->ticket.len > 0)
		gnutls_session_set_data(tls->session, policy->ticket.data, policy->ticket.len);
	gnutls_session_set_ptr(tls->session, tls);
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_vec_push_function(tls->session, session_push);
	gnutls_transport_set_pull_function(tls->session, session_pull);
	gnutls_certificate_set_verify_function(tls->credentials, trust_judge);
	/* An address is no name: RFC 6066 section 3. */
	if ((tls->family == AF_UNSPEC && tls->host[0] &&
	     gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->host,
				    strlen(tls->host)) < 0) ||
	    gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
		return error_set_memory(error);
	return 0;
}

struct tls *session_new(int fd, const struct tls_policy *policy, struct error *error)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls) {
		error_set_memory(error);
		return NULL;
	}
	tls->fd = fd;
	tls->family = AF_UNSPEC;
	tls->verify = policy->verify;
	tls->tickets = policy->verify && policy->tickets;
	tls->ticket_expires = policy->ticket_expires;
	tls->minimum = policy->minimum;
	store_init(&tls->store);
	buf_init(&tls->output, TLS_OUTPUT_MAX);
	buf_init_secret(&tls->key_password, TLS_PASSWORD_MAX);
	if (session_set_up(tls, policy, error)) {
		session_free(tls);
		return NULL;
	}
	return tls;
}
