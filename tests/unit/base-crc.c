/* CRC-32C: the values of RFC 3720 appendix B.4, in one piece and in all others. */
#include "base/crc.h"

#include "test.h"

static void vectors_of_the_rfc(void)
{
	unsigned char data[32] = {0};

	CHECK_INT(crc_add(0, data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	CHECK_INT(crc_add(0, data, 32), 0x62a8ab43);
	for (unsigned i = 0; i < 32; i++)
		data[i] = (unsigned char)i;
	CHECK_INT(crc_add(0, data, 32), 0x46dd794e);
	for (unsigned i = 0; i < 32; i++)
		data[i] = (unsigned char)(31 - i);
	CHECK_INT(crc_add(0, data, 32), 0x113fdb5c);
	CHECK_INT(crc_add(0, "123456789", 9), 0xe3069283);
}

static void pieces_give_the_same(void)
{
	unsigned char data[100];
	uint32_t all;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37 + 5);
	all = crc_add(0, data, sizeof(data));
	for (size_t a = 0; a <= sizeof(data); a++)
		CHECK_INT(crc_add(crc_add(0, data, a), data + a, sizeof(data) - a), all);
	CHECK_INT(crc_add(all, NULL, 0), all);
}

int main(void)
{
	TEST_RUN(vectors_of_the_rfc);
	TEST_RUN(pieces_give_the_same);
	return test_done();
}
