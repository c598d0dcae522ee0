/* What a zone says of a certificate: the data of its records. */
#include "net/tlsa.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct tls_tlsa record;

static int parse(const char *data, size_t len)
{
	return tlsa_parse((struct span){data, len}, &record);
}

static void reads_records(void)
{
	char rdata[3 + 64] = {3, 1, 1};

	CHECK_INT(parse(rdata, 3 + 32), 0);
	CHECK_INT(record.usage, TLS_TLSA_DANE_EE);
	CHECK_INT(record.selector, TLS_TLSA_KEY);
	CHECK_INT(record.matching, TLS_TLSA_SHA256);
	CHECK_INT(record.data.len, 32);
	CHECK(record.data.data == rdata + 3);
	rdata[2] = 2;
	CHECK_INT(parse(rdata, sizeof(rdata)), 0);
	CHECK_INT(record.matching, TLS_TLSA_SHA512);
	rdata[0] = rdata[1] = rdata[2] = 0;
	CHECK_INT(parse(rdata, 4), 0);
	CHECK_INT(record.usage, TLS_TLSA_PKIX_TA);
	CHECK_INT(record.data.len, 1);
}

static void passes_over_what_is_of_no_use(void)
{
	char rdata[3 + 64] = {3, 1, 1};

	for (size_t len = 0; len < 3 + 32; len++)
		CHECK_INT(parse(rdata, len), -1);
	CHECK_INT(parse(rdata, 3 + 33), -1);
	rdata[2] = 2;
	CHECK_INT(parse(rdata, 3 + 32), -1);
	rdata[2] = 3;
	CHECK_INT(parse(rdata, 3 + 32), -1);
	rdata[2] = 1;
	rdata[1] = 2;
	CHECK_INT(parse(rdata, 3 + 32), -1);
	rdata[1] = 1;
	rdata[0] = 4;
	CHECK_INT(parse(rdata, 3 + 32), -1);
	rdata[0] = (char)255;
	CHECK_INT(parse(rdata, 3 + 32), -1);
	rdata[0] = rdata[1] = rdata[2] = 0;
	CHECK_INT(parse(rdata, 3), -1);
}

/* Usage, selector and matching of each, as digits; those that are left go back as such. */
static const char *weed(const char *digits)
{
	static char left[100];
	struct tlsa_set set = {0};
	size_t len = 0;

	set.records = calloc(strlen(digits) / 3, sizeof(*set.records));
	CHECK(set.records != NULL);
	for (const char *d = digits; set.records && *d; d += 3)
		set.records[set.count++] =
			(struct tls_tlsa){.usage = (enum tls_tlsa_usage)(d[0] - '0'),
					  .selector = (enum tls_tlsa_selector)(d[1] - '0'),
					  .matching = (enum tls_tlsa_matching)(d[2] - '0'),
					  .data = {strdup("x"), 1}};
	tlsa_weed(&set);
	for (size_t i = 0; i < set.count; i++) {
		left[len++] = (char)('0' + set.records[i].usage);
		left[len++] = (char)('0' + set.records[i].selector);
		left[len++] = (char)('0' + set.records[i].matching);
	}
	left[len] = '\0';
	tlsa_set_clear(&set);
	return left;
}

static void leaves_the_strongest_digest_of_each_kind(void)
{
	CHECK_STR(weed(""), "");
	CHECK_STR(weed("311"), "311");
	CHECK_STR(weed("311312311"), "312");
	CHECK_STR(weed("312311"), "312");
	CHECK_STR(weed("310311312310"), "310312310");
	CHECK_STR(weed("310311"), "310311");
	CHECK_STR(weed("311302212012"), "311302212012");
	CHECK_STR(weed("301211202312311"), "301211202312");
}

int main(void)
{
	TEST_RUN(reads_records);
	TEST_RUN(passes_over_what_is_of_no_use);
	TEST_RUN(leaves_the_strongest_digest_of_each_kind);
	return test_done();
}
