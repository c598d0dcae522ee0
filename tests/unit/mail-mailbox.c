/* Mailboxes: where messages begin and end, and what is theirs. */
#include "mail/mailbox.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

#define FROM "From ann@example.org Mon Nov 23 09:04:05 2026\n"

static char folder[] = "/tmp/mailbox-test-XXXXXX";
static struct buf joined;
static struct error error;
static size_t last_number;

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(in_folder(name), "w");

	CHECK(f && fwrite(text, 1, len, f) == len && fclose(f) == 0);
}

/* All messages, with "|" behind each; "!" for one that failed. */
static const char *messages(const char *name)
{
	struct mailbox *m = mailbox_open(in_folder(name), NULL, &error);
	struct mailbox_item item;
	int result;

	buf_clear(&joined);
	buf_init(&joined, 1 << 24);
	if (!m)
		return "(cannot open)";
	while ((result = mailbox_next(m, &item, &error)) != 0) {
		if (result > 0) {
			CHECK_INT(lseek(item.fd, 0, SEEK_CUR), 0);
			CHECK_INT(file_read_all(item.fd, &joined), 0);
			close(item.fd);
		}
		buf_add_char(&joined, result > 0 ? '|' : '!');
		last_number = item.number;
	}
	CHECK_INT(mailbox_next(m, &item, &error), 0);
	mailbox_free(m);
	return joined.data;
}

static const char *mbox(const char *text)
{
	put("mbox", text, strlen(text));
	return messages("mbox");
}

static void a_plain_file_is_one_message(void)
{
	CHECK_STR(mbox("Subject: x\n\n" FROM "\n>From y\n"),
		  "Subject: x\n\n" FROM "\n>From y\n|");
	CHECK_INT(last_number, 1);
	CHECK_STR(mbox("From here to there\n\nx\n"), "From here to there\n\nx\n|");
	CHECK_STR(mbox(""), "|");
}

static void separators_stand_behind_an_empty_line(void)
{
	CHECK_STR(mbox(FROM "A: 1\n\na\n\n" FROM "B: 2\n\nb\n"), "A: 1\n\na\n|B: 2\n\nb\n|");
	CHECK_INT(last_number, 2);
	CHECK_STR(mbox(FROM "A: 1\n\na\n" FROM "b\n"), "A: 1\n\na\n" FROM "b\n|");
	CHECK_STR(mbox(FROM "A: 1\n\na\n\n\n\n" FROM "B: 2\n\n"), "A: 1\n\na\n\n\n|B: 2\n|");
	CHECK_STR(mbox(FROM "A: 1\n\na\n\nFrom 9:00 on\n\nFrom Rome\n"),
		  "A: 1\n\na\n\nFrom 9:00 on\n\nFrom Rome\n|");
}

static void lines_may_end_in_cr_lf(void)
{
	CHECK_STR(mbox("From a Mon Nov 23 09:04:05 2026\r\nA: 1\r\n\r\na\r\n\r\n"
		       "From a Mon Nov 23 09:04:05 +0100 2026\r\nB: 2\r\n\r\n\r\nb"),
		  "A: 1\r\n\r\na\r\n|B: 2\r\n\r\n\r\nb|");
}

static void one_sign_of_quoting_is_taken_off(void)
{
	CHECK_STR(mbox(FROM "A: 1\n\n>From x\n>>>From y\n> From z\n>from\n\n>From q"),
		  "A: 1\n\nFrom x\n>>From y\n> From z\n>from\n\nFrom q|");
}

static void the_last_line_may_lack_its_end(void)
{
	CHECK_STR(mbox("From a Mon Nov 23 09:04:05 2026"), "|");
	CHECK_STR(mbox(FROM), "|");
	CHECK_STR(mbox(FROM "A: 1"), "A: 1|");
}

/* Lines that meet the ends of blocks in every way. */
static void blocks_cut_nothing(void)
{
	static char text[200000];

	for (size_t pad = 65400; pad < 65700; pad++) {
		size_t len = 0;
		const char *got;

		len += (size_t)snprintf(text, sizeof(text), FROM "A: 1\n\n");
		memset(text + len, 'a', pad - len);
		len = pad;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"\n\n" FROM "\n>From\n>From b\n");
		put("mbox", text, len);
		got = messages("mbox");
		CHECK_INT(last_number, 2);
		CHECK_STR(strchr(got, '|') ? strchr(got, '|') : "", "|\n>From\nFrom b\n|");
	}
}

static void a_maildir_gives_new_before_cur(void)
{
	mkdir(in_folder("md"), 0700);
	CHECK_STR(messages("md"), "(cannot open)");
	mkdir(in_folder("md/new"), 0700);
	mkdir(in_folder("md/cur"), 0700);
	mkdir(in_folder("md/tmp"), 0700);
	CHECK_STR(messages("md"), "");
	put("md/cur/1:2,S", "c1", 2);
	put("md/new/2", "n2", 2);
	put("md/new/1", FROM, sizeof(FROM) - 1);
	put("md/new/.hidden", "h", 1);
	put("md/tmp/1", "t1", 2);
	mkdir(in_folder("md/new/1a"), 0700);
	CHECK_STR(messages("md"), FROM "|!n2|c1|");
	CHECK_INT(last_number, 4);
}

static void what_is_no_mailbox_is_refused(void)
{
	CHECK_STR(messages("nothing"), "(cannot open)");
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_INPUT);
	CHECK(strncmp(error.text, "cannot open: ", 13) == 0);
	mkfifo(in_folder("fifo"), 0600);
	CHECK_STR(messages("fifo"), "(cannot open)");
	CHECK_STR(error.text, "neither a file nor a Maildir folder");
}

int main(void)
{
	static const char *const made[] = {
		"md/cur/1:2,S", "md/new/2", "md/new/1", "md/new/.hidden",
		"md/tmp/1",     "fifo",     "mbox"};
	static const char *const folders[] = {"md/new/1a", "md/new", "md/cur", "md/tmp", "md"};

	CHECK(mkdtemp(folder) != NULL);
	buf_init(&joined, 1 << 24);
	TEST_RUN(a_plain_file_is_one_message);
	TEST_RUN(separators_stand_behind_an_empty_line);
	TEST_RUN(lines_may_end_in_cr_lf);
	TEST_RUN(one_sign_of_quoting_is_taken_off);
	TEST_RUN(the_last_line_may_lack_its_end);
	TEST_RUN(blocks_cut_nothing);
	TEST_RUN(a_maildir_gives_new_before_cur);
	TEST_RUN(what_is_no_mailbox_is_refused);
	buf_clear(&joined);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		unlink(in_folder(made[i]));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		rmdir(in_folder(folders[i]));
	rmdir(folder);
	return test_done();
}
