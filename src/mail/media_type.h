/*
 * Media types (RFC 2045 section 5.1, RFC 6838): what the name of a file says of its content,
 * and whether a type that somebody typed is one.
 */
#ifndef MAIL_MEDIA_TYPE_H
#define MAIL_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The type of files whose name ends so, by a table of our own, or NULL. */
const char *media_type_of(struct span name);
/* Whether text is a type with parameters that can stand in a field as it is: token "/" token,
 * each ";" token "=" (token or quoted string), in printable ASCII and blanks. */
bool media_type_is_valid(struct span text);
/* Whether text begins with the type or, where that ends in "/", with the kind of type. */
bool media_type_is(struct span text, const char *type);
/* Whether it has the parameter. text is valid. */
bool media_type_has(struct span text, const char *attribute);

#endif
