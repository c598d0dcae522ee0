/*
 * CRC-32C, eight bytes at a time ("slicing by 8"): the remainder of each of the eight comes
 * from a table of its own. Tables are linear over exclusive or, so that eight constants make
 * one.
 */
#include "base/crc.h"

#define TWO(x, a)                     (x), (x) ^ (a)
#define FOUR(x, a, b)                 TWO(x, a), TWO((x) ^ (b), a)
#define EIGHT(x, a, b, c)             FOUR(x, a, b), FOUR((x) ^ (c), a, b)
#define HEX(x, a, b, c, d)            EIGHT(x, a, b, c), EIGHT((x) ^ (d), a, b, c)
#define FIVE(x, a, b, c, d, e)        HEX(x, a, b, c, d), HEX((x) ^ (e), a, b, c, d)
#define SIX(x, a, b, c, d, e, f)      FIVE(x, a, b, c, d, e), FIVE((x) ^ (f), a, b, c, d, e)
#define SEVEN(x, a, b, c, d, e, f, g) SIX(x, a, b, c, d, e, f), SIX((x) ^ (g), a, b, c, d, e, f)
/* All 256 exclusive ors of the constants: those of the bits that the index has. */
#define ALL(a, b, c, d, e, f, g, h)                                                            \
	{                                                                                      \
		SEVEN(0, a, b, c, d, e, f, g), SEVEN(h, a, b, c, d, e, f, g)                   \
	}

/* [k][n]: the remainder of the byte n with k bytes behind it; bits reflected, polynomial
 * 0x1EDC6F41. */
static const uint32_t crc_table[8][256] = {
	ALL(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc,
	    0x82f63b78),
	ALL(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604,
	    0xfbc3faf9),
	ALL(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9,
	    0x8b277743),
	ALL(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7,
	    0x52a0c93f),
	ALL(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae,
	    0x6ea2d55c),
	ALL(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb,
	    0x1c08b7d6),
	ALL(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a,
	    0xf56e0ef4),
	ALL(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32,
	    0x34019664),
};

static uint32_t crc_load(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

uint32_t crc_add(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t low, high;

	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8) {
		low = crc_load(p) ^ crc;
		high = crc_load(p + 4);
		crc = crc_table[7][low & 0xff] ^ crc_table[6][low >> 8 & 0xff] ^
		      crc_table[5][low >> 16 & 0xff] ^ crc_table[4][low >> 24] ^
		      crc_table[3][high & 0xff] ^ crc_table[2][high >> 8 & 0xff] ^
		      crc_table[1][high >> 16 & 0xff] ^ crc_table[0][high >> 24];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
