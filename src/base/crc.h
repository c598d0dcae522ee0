/*
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4): shows that stored bytes are damaged. No
 * protection against somebody who means to change them.
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what crc is the checksum of (0: of nothing) and the len bytes behind it. */
uint32_t crc_add(uint32_t crc, const void *data, size_t len);

#endif
