/* The keys of relays that were seen before. */
#include "queue/known.h"

#include "spool.h"

#define KEY_A "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "sha256//AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct error error;
static struct buf pins;

static int find(const char *host, int port)
{
	buf_reset(&pins);
	error = (struct error){0};
	return known_find(spool, host, port, &pins, &error);
}

static void keeps_a_key_for_host_and_port(void)
{
	struct spool_list list = {0};
	struct stat st;

	CHECK_INT(find("mail.example", 465), 0);
	CHECK_INT(known_put(spool, "mail.example", 465, KEY_A, true, &error), 0);
	CHECK_INT(find("MAIL.example", 465), 1);
	CHECK_STR(pins.data, KEY_A);
	CHECK_INT(find("mail.example", 587), 0);
	CHECK_INT(find("mail.exampl", 465), 0);
	CHECK_INT(known_put(spool, "mail.example", 587, KEY_B, true, &error), 0);
	CHECK_INT(find("mail.example", 587), 1);
	CHECK_STR(pins.data, KEY_B);
	CHECK_INT(find("mail.example", 465), 1);
	CHECK_INT(fstatat(spool_fd(spool), KNOWN_FILE, &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(spool_list(spool, &list, &error), 0);
	CHECK_INT(list.warnings.count, 0);
	spool_list_clear(&list);
}

static void a_first_key_replaces_none(void)
{
	CHECK_INT(known_put(spool, "mail.example", 465, KEY_A, true, &error), 0);
	CHECK_INT(known_put(spool, "mail.example", 465, KEY_B, true, &error), -1);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK_INT(find("mail.example", 465), 1);
	CHECK_STR(pins.data, KEY_A);
	CHECK_INT(known_put(spool, "mail.example", 465, KEY_B, false, &error), 0);
	CHECK_INT(find("mail.example", 465), 1);
	CHECK_STR(pins.data, KEY_B);
	CHECK_INT(find("mail.example", 587), 1);
}

static void reads_what_people_write(void)
{
	static const char text[] =
		"# mine\n\n  a.example\t25  sha256 "
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n"
		"A.EXAMPLE 25 sha256 AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

	spool_write_file(KNOWN_FILE, text, sizeof(text) - 1);
	CHECK_INT(find("a.example", 25), 2);
	CHECK_STR(pins.data, KEY_A "," KEY_B);
	CHECK_INT(known_put(spool, "b.example", 25, KEY_A, true, &error), 0);
	CHECK_INT(find("a.example", 25), 2);
	CHECK_INT(known_put(spool, "a.example", 25, KEY_B, false, &error), 0);
	CHECK_INT(find("a.example", 25), 1);
	CHECK_INT(find("b.example", 25), 1);
}

static void a_line_it_cannot_read_is_an_error(void)
{
	static const char *const bad[] = {
		"\na.example 25 sha256\n",
		"\na.example 25 sha1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		"\na.example 25 sha256 AAEC\n",
		"\na.example 25 sha256 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= x\n",
		"\na.example 25 sha256 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,AAEC\n",
		"\nnonsense",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		spool_write_file(KNOWN_FILE, bad[i], strlen(bad[i]));
		CHECK_INT(find("b.example", 25), -1);
		CHECK_INT(error.stage, STAGE_CONFIG);
		CHECK(strstr(error.text, "/known_relays:2: this is not host, port") != NULL);
		CHECK_INT(known_put(spool, "b.example", 25, KEY_A, true, &error), -1);
	}
}

static void a_file_of_others_is_not_used(void)
{
	spool_write_file(KNOWN_FILE, "", 0);
	if (fchmodat(spool_fd(spool), KNOWN_FILE, 0666, 0))
		exit(1);
	CHECK_INT(find("a.example", 25), -1);
	CHECK(strstr(error.text, "not yours alone") != NULL);
	unlinkat(spool_fd(spool), KNOWN_FILE, 0);
	if (symlinkat("/dev/null", spool_fd(spool), KNOWN_FILE))
		exit(1);
	CHECK_INT(find("a.example", 25), -1);
}

int main(void)
{
	buf_init(&pins, 4096);
	spool_setup(false);
	TEST_RUN(keeps_a_key_for_host_and_port);
	TEST_RUN(a_first_key_replaces_none);
	TEST_RUN(reads_what_people_write);
	TEST_RUN(a_line_it_cannot_read_is_an_error);
	TEST_RUN(a_file_of_others_is_not_used);
	spool_teardown();
	buf_clear(&pins);
	return test_done();
}
