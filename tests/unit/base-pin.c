/* Digests of certificates and keys as text. */
#include "base/pin.h"

#include "test.h"

#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX1 "000102030405060708090a0b0c0d0e0f10111213"
#define KEY  "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const unsigned char digest[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
				       11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
				       22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static int fingerprints(struct pins *p, const char *text)
{
	*p = (struct pins){.count = 0};
	return pins_read_fingerprints(p, span_of(text));
}

static int keys(struct pins *p, const char *text)
{
	*p = (struct pins){.count = 0};
	return pins_read_keys(p, span_of(text));
}

static void reads_fingerprints(void)
{
	struct pins p;

	CHECK_INT(fingerprints(&p, HEX), 0);
	CHECK_INT(p.count, 1);
	CHECK(pins_have(&p, digest, 32));
	CHECK(!pins_have(&p, digest, 20));
	CHECK(!pins_have(&p, digest + 1, 31));
	CHECK_INT(fingerprints(&p, "00:01:02:03:04:05:06:07:08:09:0A:0b:0C:0D:0E:0F:10:11:12:"
				   "13, " HEX),
		  0);
	CHECK_INT(p.count, 2);
	CHECK(pins_have(&p, digest, 20));
	CHECK(pins_have(&p, digest, 32));
	CHECK_INT(fingerprints(&p, ""), -1);
	CHECK_INT(fingerprints(&p, " , "), -1);
	CHECK_INT(fingerprints(&p, HEX "0"), -1);
	CHECK_INT(fingerprints(&p, HEX "00"), -1);
	CHECK_INT(fingerprints(&p, HEX "," HEX1 "g"), -1);
	CHECK_INT(fingerprints(&p, KEY), -1);
}

static void reads_keys(void)
{
	struct pins p;
	char shown[PIN_TEXT_SIZE];

	CHECK_INT(keys(&p, KEY), 0);
	CHECK(pins_have(&p, digest, 32));
	CHECK_INT(keys(&p, HEX ";" KEY), 0);
	CHECK_INT(p.count, 2);
	CHECK_INT(keys(&p, HEX1), -1);
	CHECK_INT(keys(&p, "sha256//"), -1);
	CHECK_INT(keys(&p, "sha256//AAEC"), -1);
	CHECK_INT(keys(&p, "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), -1);
	CHECK_INT(keys(&p, "sha1//AAECAwQFBgcICQoLDA0ODxAREhM="), -1);
	CHECK_INT(keys(&p, ""), -1);
	pin_show(shown, digest);
	CHECK_STR(shown, KEY);
}

static void takes_no_more_than_it_can_hold(void)
{
	struct pins p = {.count = 0};

	for (int i = 0; i < PINS_MAX; i++)
		CHECK_INT(pins_read_keys(&p, span_of(KEY)), 0);
	CHECK_INT(pins_read_keys(&p, span_of(KEY)), -1);
	CHECK_INT(p.count, PINS_MAX);
}

int main(void)
{
	TEST_RUN(reads_fingerprints);
	TEST_RUN(reads_keys);
	TEST_RUN(takes_no_more_than_it_can_hold);
	return test_done();
}
