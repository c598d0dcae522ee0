/*
 * The module of GSSAPI: see gssapi.h. The context is set up for smtp@HOST with mutual
 * authentication and the credentials that the system's library finds (KRB5CCNAME, kinit). No
 * security layer is taken: TLS is one. Getting a service ticket asks a KDC, for as long as
 * krb5.conf lets it.
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sasl/gssapi.h"

enum { GSSAPI_NAME_MAX = 300, GSSAPI_LAYER_NONE = 1, GSSAPI_WHY_MAX = 600 };

extern const struct gssapi gssapi_module;

struct session {
	gss_ctx_id_t context;
	gss_name_t target;
	bool established;
	bool complete;
};

static gss_buffer_desc session_buffer(struct span s)
{
	gss_buffer_desc b = {.length = s.len};

	memcpy(&b.value, &s.data, sizeof(b.value));
	return b;
}

/* Appends all that the library has to say on a status. */
static void session_explain(struct buf *why, OM_uint32 status, int type)
{
	OM_uint32 more = 0;

	do {
		gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
		OM_uint32 minor;

		if (GSS_ERROR(gss_display_status(&minor, status, type, gss_mech_krb5, &more,
						 &text)))
			return;
		if (why->len > 0)
			buf_add_string(why, ": ");
		buf_add(why, text.value, text.length);
		gss_release_buffer(&minor, &text);
	} while (more != 0);
}

static int session_fail(OM_uint32 major, OM_uint32 minor, enum error_class class,
			struct error *error)
{
	struct buf why;

	buf_init(&why, GSSAPI_WHY_MAX);
	/* "Unspecified failure" says nothing where a minor code says more. */
	if (minor == 0 || GSS_ROUTINE_ERROR(major) != GSS_S_FAILURE)
		session_explain(&why, major, GSS_C_GSS_CODE);
	if (minor == (OM_uint32)KRB5_KDC_UNREACH)
		class = ERROR_TEMPORARY;
	if (minor != 0)
		session_explain(&why, minor, GSS_C_MECH_CODE);
	error_set(error, class, STAGE_AUTH, "GSSAPI: %s%s", TEXT_SHOW(buf_span(&why)),
		  GSS_ROUTINE_ERROR(major) == GSS_S_NO_CRED ? "; kinit gets a ticket" : "");
	buf_clear(&why);
	return -1;
}

static int session_begin(struct session *s, const struct sasl_credentials *who,
			 struct error *error)
{
	OM_uint32 major, minor = 0;
	gss_buffer_desc text;
	struct buf name;

	if (!who->host)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "GSSAPI needs the relay's host name");
	buf_init(&name, GSSAPI_NAME_MAX);
	buf_printf(&name, "smtp@%s", who->host);
	text = session_buffer(buf_span(&name));
	major = gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &s->target);
	buf_clear(&name);
	return GSS_ERROR(major) ? session_fail(major, minor, ERROR_LOCAL, error) : 0;
}

/* One step of setting up the context (RFC 4752 section 3.1). */
static int session_establish(struct session *s, struct span challenge, struct buf *out,
			     struct error *error)
{
	OM_uint32 wanted = GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG;
	gss_buffer_desc in = session_buffer(challenge);
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor = 0, ignored, flags = 0;
	int failed = 0;

	major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &s->context, s->target,
				     gss_mech_krb5, wanted, 0, GSS_C_NO_CHANNEL_BINDINGS,
				     challenge.len > 0 ? &in : GSS_C_NO_BUFFER, NULL, &token,
				     &flags, NULL);
	buf_add(out, token.value, token.length);
	gss_release_buffer(&ignored, &token);
	s->established = major == GSS_S_COMPLETE;
	if (GSS_ERROR(major))
		failed = session_fail(major, minor, ERROR_RELAY, error);
	else if (s->established && (flags & wanted) != wanted)
		failed = error_set(error, ERROR_RELAY, STAGE_AUTH,
				   "GSSAPI: the relay did not prove who it is");
	return failed;
}

/* The last step: the relay says which security layers it has, we answer that we want none, and
 * as whom we act. */
static int session_negotiate(struct session *s, const struct sasl_credentials *who,
			     struct span challenge, struct buf *out, struct error *error)
{
	gss_buffer_desc in = session_buffer(challenge);
	gss_buffer_desc plain = GSS_C_EMPTY_BUFFER, wrapped = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor = 0, ignored;
	bool offers_none;
	struct buf answer;

	major = gss_unwrap(&minor, s->context, &in, &plain, NULL, NULL);
	if (GSS_ERROR(major))
		return session_fail(major, minor, ERROR_RELAY, error);
	offers_none = plain.length == 4 && *(const char *)plain.value & GSSAPI_LAYER_NONE;
	gss_release_buffer(&ignored, &plain);
	if (!offers_none)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "GSSAPI: the relay wants a security layer inside of TLS");
	buf_init(&answer, SASL_RESPONSE_MAX);
	buf_add(&answer, "\x01\0\0", 4);
	buf_add_string(&answer, who->identity ? who->identity : "");
	in = session_buffer(buf_span(&answer));
	major = gss_wrap(&minor, s->context, 0, GSS_C_QOP_DEFAULT, &in, NULL, &wrapped);
	buf_add(out, wrapped.value, wrapped.length);
	gss_release_buffer(&ignored, &wrapped);
	buf_clear(&answer);
	s->complete = !GSS_ERROR(major);
	return s->complete ? 0 : session_fail(major, minor, ERROR_LOCAL, error);
}

static int session_respond(void **session, const struct sasl_exchange *x, struct span challenge,
			   struct buf *out, struct error *error)
{
	struct session *s = *session;

	if (!s) {
		s = *session = calloc(1, sizeof(*s));
		if (!s)
			return error_set_memory(error);
		s->context = GSS_C_NO_CONTEXT;
		if (session_begin(s, x->who, error))
			return -1;
	}
	return s->established ? session_negotiate(s, x->who, challenge, out, error)
			      : session_establish(s, challenge, out, error);
}

static bool session_is_complete(const void *session)
{
	const struct session *s = session;

	return s && s->complete;
}

static void session_clear(void *session)
{
	struct session *s = session;
	OM_uint32 ignored;

	if (!s)
		return;
	gss_delete_sec_context(&ignored, &s->context, GSS_C_NO_BUFFER);
	gss_release_name(&ignored, &s->target);
	free(s);
}

__attribute__((visibility("default"))) const struct gssapi gssapi_module = {
	.abi = GSSAPI_ABI,
	.respond = session_respond,
	.is_complete = session_is_complete,
	.clear = session_clear,
};
