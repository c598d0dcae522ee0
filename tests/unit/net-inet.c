/* Addresses: text there and back, and the families by turns. */
#include "net/inet.h"

#include <stdlib.h>

#include "test.h"

static void list(struct inet_list *l, const char *text)
{
	char *copy = strdup(text);
	char *rest = copy;
	char *one;

	*l = (struct inet_list){0};
	while ((one = strsep(&rest, " ")) != NULL)
		CHECK(inet_parse(&l->items[l->count++], one, 25));
	free(copy);
}

static void interleaves(const char *from, const char *want)
{
	struct inet_list l;
	struct buf out;

	buf_init(&out, 1000);
	list(&l, from);
	inet_interleave(&l);
	for (size_t i = 0; i < l.count; i++) {
		buf_add_string(&out, i > 0 ? " " : "");
		inet_show(&l.items[i], &out);
		CHECK_INT(ntohs(l.items[i].four.sin_port), 25);
	}
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void takes_literals_alone(void)
{
	struct inet_address a;

	CHECK(inet_parse(&a, "2001:db8::1", 465));
	CHECK_INT(a.any.sa_family, AF_INET6);
	CHECK_INT(ntohs(a.six.sin6_port), 465);
	CHECK(!inet_parse(&a, "127.1", 465));
	CHECK(!inet_parse(&a, "[::1]", 465));
	CHECK(!inet_parse(&a, "localhost", 465));
	CHECK(!inet_parse(&a, "", 465));
	CHECK_INT(a.len, 0);
}

static bool is_loopback(const char *text)
{
	struct inet_address a;

	CHECK(inet_parse(&a, text, 25));
	return inet_is_loopback(&a);
}

static void knows_loopback(void)
{
	CHECK(is_loopback("127.0.0.1"));
	CHECK(is_loopback("127.255.0.9"));
	CHECK(is_loopback("::1"));
	CHECK(!is_loopback("128.0.0.1"));
	CHECK(!is_loopback("0.0.0.0"));
	CHECK(!is_loopback("::"));
	CHECK(!is_loopback("::ffff:192.0.2.1"));
}

static void takes_the_families_by_turns(void)
{
	interleaves("192.0.2.1", "192.0.2.1");
	interleaves("192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2");
	interleaves("::1 ::2 ::3 192.0.2.1", "::1 192.0.2.1 ::2 ::3");
	interleaves("192.0.2.1 192.0.2.2 ::1 ::2 ::3", "192.0.2.1 ::1 192.0.2.2 ::2 ::3");
}

static void copies_what_the_system_gives(void)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_scope_id = 3};
	struct inet_address a;

	CHECK(inet_copy(&a, (struct sockaddr *)&six, sizeof(six), 25));
	CHECK_INT(a.six.sin6_scope_id, 3);
	CHECK(!inet_copy(&a, (struct sockaddr *)&six, sizeof(struct sockaddr_in), 25));
	six.sin6_family = AF_UNIX;
	CHECK(!inet_copy(&a, (struct sockaddr *)&six, sizeof(six), 25));
	CHECK_INT(a.len, 0);
}

static void takes_each_address_once(void)
{
	struct inet_list l = {0};
	struct inet_address a;

	CHECK(inet_parse(&a, "127.0.0.1", 25));
	CHECK(inet_add(&l, &a));
	CHECK(inet_add(&l, &a));
	CHECK_INT(l.count, 1);
	for (uint32_t i = 1; i < INET_LIST_MAX; i++) {
		a.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
		CHECK(inet_add(&l, &a));
	}
	CHECK(inet_add(&l, &a));
	a.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK + INET_LIST_MAX);
	CHECK(!inet_add(&l, &a));
	CHECK_INT(l.count, INET_LIST_MAX);
}

int main(void)
{
	TEST_RUN(takes_literals_alone);
	TEST_RUN(knows_loopback);
	TEST_RUN(takes_the_families_by_turns);
	TEST_RUN(copies_what_the_system_gives);
	TEST_RUN(takes_each_address_once);
	return test_done();
}
