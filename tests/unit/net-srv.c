/* SRV records: messages, and the order of targets. */
#include "net/srv.h"

#include <stdlib.h>

#include "test.h"

static struct srv_list list;

/* A header with one question and so many answers. */
#define HEAD(answers) "\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION      "\7example\3org\0\0\x21\0\1"
#define RECORD(len)   "\xc0\x0c\0\x21\0\1\0\0\0\7\0" len
#define ONE           "\0\7\0\1\2\x4b"

static int parse(const char *data, size_t len)
{
	list = (struct srv_list){0};
	return srv_parse((struct span){data, len}, SRV_SUBMISSION, &list);
}

#define PARSE(text) parse(text, sizeof(text) - 1)

static void takes_a_target(void)
{
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\15") ONE "\4mail\xc0\x0c"), 0);
	CHECK_INT(list.count, 1);
	CHECK_STR(list.items[0].host, "mail.example.org");
	CHECK_INT(list.items[0].priority, 7);
	CHECK_INT(list.items[0].weight, 1);
	CHECK_INT(list.items[0].port, 587);
	CHECK_INT(list.items[0].service, SRV_SUBMISSION);
}

static void knows_that_a_service_is_not_offered(void)
{
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\7") "\0\0\0\0\0\0\0"), 0);
	CHECK_INT(list.count, 0);
	CHECK(list.denied[SRV_SUBMISSION]);
	CHECK(!list.denied[SRV_SUBMISSIONS]);
}

static void passes_over_what_is_no_target(void)
{
	/* an alias, a name that is none, a port of 0, a dot inside a label */
	CHECK_INT(PARSE(HEAD("\1") QUESTION "\xc0\x0c\0\5\0\1\0\0\0\7\0\2\xc0\x0c"), 0);
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\15") ONE "\4ma\nl\xc0\x0c"), 0);
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\15") "\0\7\0\1\0\0\4mail\xc0\x0c"), 0);
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\15") ONE "\4ma.l\xc0\x0c"), 0);
	CHECK_INT(PARSE(HEAD("\0") QUESTION), 0);
	CHECK_INT(list.count, 0);
	CHECK(!list.denied[SRV_SUBMISSION]);
}

static void refuses_what_is_malformed(void)
{
	static const char whole[] = HEAD("\1") QUESTION RECORD("\15") ONE "\4mail\xc0\x0c";

	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		CHECK_INT(parse(whole, len), -1);
	/* a name that points at itself, two at each other, a label of a reserved kind, data
	 * shorter than its numbers */
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\10") ONE "\xc0\x33\0\0"), -1);
	CHECK_INT(PARSE(HEAD("\0") "\xc0\x0c\0\x21\0\1"), -1);
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\10") ONE "\x80x\0"), -1);
	CHECK_INT(PARSE(HEAD("\1") QUESTION RECORD("\5") "\0\1\0\1\2"), -1);
	CHECK_INT(list.count, 0);
}

static void takes_the_data_of_one_record(void)
{
	static const char data[] = ONE "\4mail\7example\3org";

	list = (struct srv_list){0};
	CHECK_INT(srv_parse_target((struct span){data, sizeof(data)}, SRV_SUBMISSIONS, &list),
		  0);
	CHECK_INT(list.count, 1);
	CHECK_STR(list.items[0].host, "mail.example.org");
	CHECK_INT(list.items[0].port, 587);
	CHECK_INT(list.items[0].service, SRV_SUBMISSIONS);
	CHECK(!list.items[0].proved);
	for (size_t len = 0; len < sizeof(data); len++)
		CHECK_INT(srv_parse_target((struct span){data, len}, SRV_SUBMISSIONS, &list),
			  -1);
	CHECK_INT(srv_parse_target((struct span){ONE, 7}, SRV_SUBMISSIONS, &list), 0);
	CHECK(list.denied[SRV_SUBMISSIONS]);
	CHECK_INT(list.count, 1);
}

static void keeps_as_many_as_it_can(void)
{
	struct buf message;

	buf_init(&message, 4096);
	buf_add(&message, HEAD("\x64") QUESTION, sizeof(HEAD("\x64") QUESTION) - 1);
	for (int i = 0; i < 100; i++)
		buf_add(&message, RECORD("\15") ONE "\4mail\xc0\x0c",
			sizeof(RECORD("\15") ONE "\4mail\xc0\x0c") - 1);
	CHECK_INT(parse(message.data, message.len), 0);
	CHECK_INT(list.count, SRV_TARGETS_MAX);
	buf_clear(&message);
}

static void add(enum srv_service service, int priority, int weight, const char *host)
{
	struct srv_target *t = &list.items[list.count++];

	*t = (struct srv_target){.service = service,
				 .priority = (uint16_t)priority,
				 .weight = (uint16_t)weight,
				 .port = 1};
	snprintf(t->host, sizeof(t->host), "%s", host);
}

static uint32_t lowest(uint32_t bound)
{
	(void)bound;
	return 0;
}

static uint32_t highest(uint32_t bound)
{
	return bound - 1;
}

static void is_ordered(uint32_t (*random)(uint32_t), const char *want)
{
	char got[100] = "";

	list = (struct srv_list){0};
	add(SRV_SUBMISSION, 1, 0, "e");
	add(SRV_SUBMISSIONS, 1, 9, "c");
	add(SRV_SUBMISSION, 0, 5, "a");
	add(SRV_SUBMISSIONS, 1, 1, "d");
	add(SRV_SUBMISSIONS, 1, 0, "b");
	srv_order(&list, random);
	for (size_t i = 0; i < list.count; i++)
		snprintf(got + i, sizeof(got) - i, "%s", list.items[i].host);
	CHECK_STR(got, want);
}

/* Priority first, whatever the service; then submissions; then by weight, where one without can
 * come first, too. */
static void orders_targets(void)
{
	is_ordered(lowest, "abcde");
	is_ordered(highest, "adcbe");
}

static void draws_by_weight(void)
{
	int first = 0;

	for (int i = 0; i < 2000; i++) {
		list = (struct srv_list){0};
		add(SRV_SUBMISSION, 1, 30, "x");
		add(SRV_SUBMISSION, 1, 10, "y");
		srv_order(&list, arc4random_uniform);
		first += list.items[0].host[0] == 'x';
	}
	CHECK(first > 1350 && first < 1650);
}

static void knows_what_is_below(void)
{
	CHECK(srv_is_below("mail.example.org", "example.org"));
	CHECK(srv_is_below("MAIL.Example.org", "example.ORG."));
	CHECK(srv_is_below("example.org", "example.org"));
	CHECK(!srv_is_below("mailexample.org", "example.org"));
	CHECK(!srv_is_below("example.org.evil.example", "example.org"));
	CHECK(!srv_is_below("org", "example.org"));
	CHECK(!srv_is_below("example.org", ""));
}

int main(void)
{
	TEST_RUN(takes_a_target);
	TEST_RUN(knows_that_a_service_is_not_offered);
	TEST_RUN(passes_over_what_is_no_target);
	TEST_RUN(refuses_what_is_malformed);
	TEST_RUN(takes_the_data_of_one_record);
	TEST_RUN(keeps_as_many_as_it_can);
	TEST_RUN(orders_targets);
	TEST_RUN(draws_by_weight);
	TEST_RUN(knows_what_is_below);
	return test_done();
}
