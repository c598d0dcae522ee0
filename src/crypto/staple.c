/* Stapled OCSP: see staple.h. */
#include "crypto/staple.h"

#include <gnutls/ocsp.h>

/* What one staple says of its certificate. */
static unsigned staple_status(const gnutls_datum_t *staple)
{
	gnutls_ocsp_resp_t response = NULL;
	unsigned said = GNUTLS_OCSP_CERT_UNKNOWN;
	time_t revoked = -1;

	if (gnutls_ocsp_resp_init(&response) < 0)
		return GNUTLS_CERT_INVALID_OCSP_STATUS;
	if (gnutls_ocsp_resp_import(response, staple) < 0 ||
	    gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL, &said, NULL, NULL,
					&revoked, NULL) < 0)
		said = GNUTLS_OCSP_CERT_UNKNOWN;
	gnutls_ocsp_resp_deinit(response);
	if (said == GNUTLS_OCSP_CERT_GOOD)
		return 0;
	return said == GNUTLS_OCSP_CERT_REVOKED ? GNUTLS_CERT_REVOKED
						: GNUTLS_CERT_INVALID_OCSP_STATUS;
}

unsigned staple_judge(gnutls_session_t session, const struct chain *chain)
{
	unsigned status = 0;
	bool stapled = false;

	for (unsigned i = 0; i < chain->count && i < TRUST_CHAIN_MAX; i++) {
		gnutls_datum_t staple = {0};

		if (gnutls_ocsp_status_request_get2(session, i, &staple) < 0 ||
		    staple.size == 0)
			continue;
		stapled = true;
		status |= staple_status(&staple);
	}
	if (stapled && !gnutls_ocsp_status_request_is_checked(session, 0))
		status |= GNUTLS_CERT_INVALID_OCSP_STATUS;
	return status;
}
