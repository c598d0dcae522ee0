/* The data of a TLSA record: what is usable lies within, and is as long as its digest. */
#include "net/tlsa.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rdata = {(const char *)data, size};
	struct tls_tlsa record;

	if (tlsa_parse(rdata, &record))
		return 0;
	if (record.data.len + 3 != size || record.data.data != rdata.data + 3 ||
	    record.usage > TLS_TLSA_DANE_EE || record.selector > TLS_TLSA_KEY ||
	    (record.matching == TLS_TLSA_SHA256 && record.data.len != 32) ||
	    (record.matching == TLS_TLSA_SHA512 && record.data.len != 64))
		abort();
	return 0;
}
