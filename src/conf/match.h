/* Addresses against the patterns of `from`. */
#ifndef CONF_MATCH_H
#define CONF_MATCH_H

#include <stdbool.h>

/* Whether the address is one that the pattern means: "*" any run of bytes, "?" any one, "[a-z]"
 * and
 * "[!a-z]" one of a set, in no locale; "\" takes the next byte as it is. What stands before the
 * address's last "@" is compared exactly, what stands behind it without regard to case (RFC
 * 5321 section 2.4). Time is at most the product of the lengths. */
bool match_address(const char *pattern, const char *address);

#endif
