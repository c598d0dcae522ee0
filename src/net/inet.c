/* Addresses of the Internet: see inet.h. */
#include "net/inet.h"

#include <arpa/inet.h>
#include <string.h>

static void inet_set_port(struct inet_address *a, int port)
{
	if (a->any.sa_family == AF_INET)
		a->four.sin_port = htons((uint16_t)port);
	else
		a->six.sin6_port = htons((uint16_t)port);
}

bool inet_parse(struct inet_address *a, const char *text, int port)
{
	*a = (struct inet_address){0};
	if (inet_pton(AF_INET, text, &a->four.sin_addr) == 1) {
		a->four.sin_family = AF_INET;
		a->len = sizeof(a->four);
	} else if (inet_pton(AF_INET6, text, &a->six.sin6_addr) == 1) {
		a->six.sin6_family = AF_INET6;
		a->len = sizeof(a->six);
	} else {
		return false;
	}
	inet_set_port(a, port);
	return true;
}

bool inet_copy(struct inet_address *a, const struct sockaddr *from, socklen_t len, int port)
{
	*a = (struct inet_address){0};
	if ((from->sa_family != AF_INET || len != sizeof(a->four)) &&
	    (from->sa_family != AF_INET6 || len != sizeof(a->six)))
		return false;
	memcpy(&a->any, from, len);
	a->len = len;
	inet_set_port(a, port);
	return true;
}

bool inet_add(struct inet_list *l, const struct inet_address *a)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].len == a->len && memcmp(&l->items[i].any, &a->any, a->len) == 0)
			return true;
	if (l->count == INET_LIST_MAX)
		return false;
	l->items[l->count++] = *a;
	return true;
}

bool inet_is_loopback(const struct inet_address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
}

void inet_show(const struct inet_address *a, struct buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->four.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &a->six.sin6_addr, text, sizeof(text));
	buf_add_string(out, text);
}

/* The first address from `from` on that is, or is not, of the family; count if there is none.
 */
static size_t inet_find(const struct inet_list *l, size_t from, sa_family_t family, bool is)
{
	while (from < l->count && (l->items[from].any.sa_family == family) != is)
		from++;
	return from;
}

void inet_interleave(struct inet_list *l)
{
	const struct inet_list from = *l;
	sa_family_t family = l->count > 0 ? l->items[0].any.sa_family : AF_UNSPEC;
	size_t same = inet_find(&from, 0, family, true);
	size_t other = inet_find(&from, 0, family, false);
	bool turn = true;

	for (size_t i = 0; i < from.count; i++, turn = !turn)
		if (other == from.count || (turn && same < from.count)) {
			l->items[i] = from.items[same];
			same = inet_find(&from, same + 1, family, true);
		} else {
			l->items[i] = from.items[other];
			other = inet_find(&from, other + 1, family, false);
		}
}
