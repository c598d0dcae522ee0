/* Whether a message is said to be binary, wherever in it the field stands. */
#include "mail/binary.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

#define PARTS "Content-Type: multipart/mixed; boundary=b\n\n"

static bool says(struct span text)
{
	const struct message_options options = {0};
	struct error error;
	struct message *m;
	int fd = file_temporary("/dev/shm");
	bool said;

	CHECK(fd >= 0 && file_write_all(fd, text.data, text.len) == 0);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	m = message_read(fd, &options, &error);
	said = m && binary_is_said(m);
	CHECK(m != NULL);
	message_free(m);
	close(fd);
	return said;
}

static void the_field_is_found(void)
{
	CHECK(says(span_of(PARTS "--b\nContent-Transfer-Encoding: binary\n\nx\n--b--\n")));
	CHECK(says(span_of(PARTS "--b\r\nCONTENT-transfer-encoding :BINARY\r\n\r\nx")));
	CHECK(says(span_of(PARTS "--b\nContent-Transfer-Encoding:\n\tbinary\n\nx")));
	CHECK(says(span_of(PARTS "--b\nContent-Transfer-Encoding: (c) binary\n\nx")));
	CHECK(says(
		span_of("Content-Type: message/rfc822\n\nContent-Transfer-Encoding: binary")));
	CHECK(!says(span_of(PARTS "--b\nContent-Transfer-Encoding: base64\n\nx")));
	CHECK(!says(span_of(PARTS "--b\nContent-Transfer: binary\n\n: binary")));
	CHECK(!says(span_of(PARTS)));
	CHECK(!says(span_of("A: b\n\nContent-Transfer-Encoding: binary\n")));
}

/* Around the ends of the window, and of the blocks that a message is read in. */
static void it_is_found_wherever_it_stands(void)
{
	static const size_t places[] = {0, 16 * 1024, 32 * 1024, 64 * 1024, 300 * 1024};
	struct buf text;

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (size_t at = places[i]; at < places[i] + 900; at += i < 2 ? 1 : 7) {
			buf_reset(&text);
			buf_add_string(&text, PARTS);
			buf_reserve(&text, at);
			while (text.len < at)
				buf_add_char(&text, ':');
			buf_add_string(&text, "\nContent-Transfer-Encoding: binary\n\nx");
			if (!says(buf_span(&text)))
				CHECK_INT(at, -1);
		}
	buf_clear(&text);
}

int main(void)
{
	TEST_RUN(the_field_is_found);
	TEST_RUN(it_is_found_wherever_it_stands);
	return test_done();
}
