/* The file of known keys: what it gives away can be read as pins. */
#include "queue/known.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct pins read = {.count = 0};
	struct buf pins;
	size_t line;
	int count;

	buf_init(&pins, 64 * 1024);
	count = known_parse(text, "a.example", 465, &pins, &line);
	if (count > 0 && count <= PINS_MAX &&
	    (pins_read_keys(&read, buf_span(&pins)) || read.count != (size_t)count))
		abort();
	if (count == 0 && pins.len > 0)
		abort();
	buf_clear(&pins);
	return 0;
}
