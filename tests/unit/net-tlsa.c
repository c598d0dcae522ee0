/* What a zone says of a certificate: the data of its records. */
#include "net/tlsa.h"

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

int main(void)
{
	TEST_RUN(reads_records);
	TEST_RUN(passes_over_what_is_of_no_use);
	return test_done();
}
