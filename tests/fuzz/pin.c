/* Digests of certificates and keys: what was read is shown again and read as the same. */
#include "base/pin.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct pins keys = {.count = 0}, prints = {.count = 0};
	char shown[PIN_TEXT_SIZE];

	if (pins_read_fingerprints(&prints, text) == 0)
		for (size_t i = 0; i < prints.count; i++)
			if (prints.list[i].length != 32 && prints.list[i].length != 20)
				abort();
	if (pins_read_keys(&keys, text) == 0)
		for (size_t i = 0; i < keys.count; i++) {
			struct pins again = {.count = 0};

			pin_show(shown, keys.list[i].digest);
			if (keys.list[i].length != PIN_DIGEST_MAX ||
			    pins_read_keys(&again, span_of(shown)) ||
			    !pins_have(&keys, again.list[0].digest, PIN_DIGEST_MAX))
				abort();
		}
	return 0;
}
