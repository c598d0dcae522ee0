/* Files on their way into a message. */
#include "mail/attachment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

static char folder[] = "/tmp/pennypost-attachment.XXXXXX";

/* A file of that name; the path is good until the next call. */
static const char *make(const char *name, const char *content, size_t len)
{
	static char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, content, len) == (ssize_t)len);
	close(fd);
	return path;
}

static char *content_of(struct attachment *a)
{
	struct assembly to = {0};
	struct assembly_reader r;
	struct error error;
	struct span piece;
	struct buf out;

	buf_init(&out, 1 << 20);
	CHECK_INT(attachment_write(a, &to, &error), 0);
	CHECK_INT(assembly_reader_init(&r, &to, &error), 0);
	while (assembly_reader_next(&r, &piece, &error) > 0)
		buf_add_span(&out, piece);
	assembly_reader_clear(&r);
	assembly_clear(&to);
	return buf_take(&out);
}

static void check(struct attachment a, const char *fields, const char *content)
{
	struct error error = {0};
	struct buf out;
	char *got;

	buf_init(&out, 1 << 16);
	CHECK_INT(attachment_open(&a, NULL, &error), 0);
	CHECK_STR(error.text, "");
	attachment_fields(&a, &out);
	CHECK_STR(out.data, fields);
	got = content_of(&a);
	CHECK_STR(got, content);
	free(got);
	buf_clear(&out);
	attachment_clear(&a);
}

static void files_are_base64(void)
{
	check((struct attachment){.path = make("a.png", "\1\2\3", 3)},
	      "Content-Type: image/png\nContent-Transfer-Encoding: base64\n"
	      "Content-Disposition: attachment;\n\tfilename=\"a.png\"\n",
	      "AQID");
	check((struct attachment){.path = make("a.txt", "abc\n", 4),
				  .type = "text/csv; charset=utf-8",
				  .name = "x/y z.csv"},
	      "Content-Type: text/csv; charset=utf-8\nContent-Transfer-Encoding: base64\n"
	      "Content-Disposition: attachment;\n\tfilename=\"y z.csv\"\n",
	      "YWJjCg==");
	check((struct attachment){.path = make("empty.bin", "", 0)},
	      "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
	      "Content-Disposition: attachment;\n\tfilename=\"empty.bin\"\n",
	      "");
}

static void inline_files_have_an_id(void)
{
	check((struct attachment){.path = make("my logo.gif", "GIF", 3), .is_inline = true},
	      "Content-Type: image/gif\nContent-Transfer-Encoding: base64\n"
	      "Content-ID: <my_logo.gif>\n"
	      "Content-Disposition: inline;\n\tfilename=\"my logo.gif\"\n",
	      "R0lG");
}

static void messages_go_as_they_are(void)
{
	static const char text[] = "From ann\nSubject: x\n\n\303\274\n";

	check((struct attachment){.path = make("m.eml", text, sizeof(text) - 1)},
	      "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n"
	      "Content-Disposition: attachment;\n\tfilename=\"m.eml\"\n",
	      "Subject: x\n\n\303\274\n");
	check((struct attachment){.path = make("m.eml", "A: b\n\n\r\r\n", 9)},
	      "Content-Type: message/rfc822\nContent-Transfer-Encoding: binary\n"
	      "Content-Disposition: attachment;\n\tfilename=\"m.eml\"\n",
	      "A: b\n\n\r\r\n");
	check((struct attachment){.path = make("m.eml", "none", 4)},
	      "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
	      "Content-Disposition: attachment;\n\tfilename=\"m.eml\"\n",
	      "bm9uZQ==");
}

static void refuse(struct attachment a, int code)
{
	struct error error = {0};

	CHECK_INT(attachment_open(&a, NULL, &error), -1);
	CHECK_INT(error_exit_code(&error), code);
	attachment_clear(&a);
}

static void what_cannot_go_is_refused(void)
{
	refuse((struct attachment){.path = "/dev/null/file"}, 66);
	refuse((struct attachment){.path = folder}, 66);
	refuse((struct attachment){.path = make("a", "x", 1), .type = "multipart/mixed"}, 64);
	refuse((struct attachment){.path = make("a", "x", 1), .type = "message/partial"}, 64);
	refuse((struct attachment){.path = make("a", "x", 1), .type = "x"}, 64);
	refuse((struct attachment){.path = make("a", "x", 1), .type = "message/rfc822"}, 65);
}

static void ids_are_plain(void)
{
	struct buf out;

	buf_init(&out, 100);
	attachment_id(span_of("a b-c.d<\303\274>"), &out);
	CHECK_STR(out.data, "a_b-c.d____");
	buf_clear(&out);
}

int main(void)
{
	char command[64];

	CHECK(mkdtemp(folder) != NULL);
	TEST_RUN(files_are_base64);
	TEST_RUN(inline_files_have_an_id);
	TEST_RUN(messages_go_as_they_are);
	TEST_RUN(what_cannot_go_is_refused);
	TEST_RUN(ids_are_plain);
	for (const char *const *name = (const char *const[]){"a.png", "a.txt", "empty.bin",
							     "my logo.gif", "m.eml", "a", NULL};
	     *name; name++) {
		snprintf(command, sizeof(command), "%s/%s", folder, *name);
		unlink(command);
	}
	rmdir(folder);
	return test_done();
}
