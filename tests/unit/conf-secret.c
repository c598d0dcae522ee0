/* Where passwords come from, and that they stay there. */
#include "conf/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/keys.h"
#include "test.h"

static struct account a;
static struct secret_sources sources;
static struct buf out;
static struct error e;
static char directory[] = "/tmp/pennypost-secret.XXXXXX";
static char path[128];

static const char *put(const char *name, mode_t mode, const char *data, size_t len)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	f = fopen(path, "w");
	if (f) {
		fwrite(data, 1, len, f);
		fclose(f);
	}
	chmod(path, mode);
	return path;
}

#define PUT(name, mode, text) put(name, mode, text, sizeof(text) - 1)

static void begin(void)
{
	account_clear(&a);
	sources = (struct secret_sources){0};
	keys_set_value(&a, "relay", "submission://joe@mail.example.org", &e);
}

static void set(const char *key, const char *value)
{
	if (keys_set_value(&a, key, value, &e))
		test_fail(__FILE__, __LINE__, e.text);
}

/* The secret, or the error in the place of one. */
static const char *get(void)
{
	buf_wipe(&out);
	buf_init(&out, SECRET_MAX);
	e = (struct error){0};
	if (secret_get(&a, &sources, &out, &e) == 0)
		return out.data;
	CHECK_INT(e.class, ERROR_LOCAL);
	CHECK_INT(e.stage, STAGE_CONFIG);
	CHECK(!strstr(e.text, "hunter2"));
	return e.text;
}

static void the_account_says_where(void)
{
	begin();
	set("password", "hunter2");
	CHECK_STR(get(), "hunter2");
	set("passwordeval", "echo 'hunter2 x'");
	CHECK_STR(get(), "hunter2 x");
	set("password_file", PUT("p", 0600, "hunter2\r\n"));
	CHECK_STR(get(), "hunter2");
	set("password_credential", "p");
	CHECK(strstr(get(), "CREDENTIALS_DIRECTORY is not set"));
	sources.credentials_directory = directory;
	CHECK_STR(get(), "hunter2");
	set("password_credential", "missing");
	CHECK(strstr(get(), "there is no missing in "));
}

static void commands_do_not_see_our_secrets(void)
{
	begin();
	setenv("PENNYPOST_PASSWORD", "hunter2", 1);
	setenv("SEEN", "yes", 1);
	set("passwordeval", "echo \"x$PENNYPOST_PASSWORD$SEEN\"");
	CHECK_STR(get(), "xyes");
	unsetenv("PENNYPOST_PASSWORD");
	set("passwordeval", "echo hunter2; exit 3");
	CHECK(strncmp(get(), "passwordeval: ", 14) == 0);
	set("passwordeval", "true");
	CHECK_STR(get(), "passwordeval: the password is empty");
	set("passwordeval", "printf 'hunter2\\nmore\\n'");
	CHECK_STR(get(), "passwordeval: there is more than one line: end the command with \"| "
			 "head -n 1\" "
			 "if the first is the password");
	set("passwordeval", "printf 'hunter2\\n\\n'");
	CHECK_STR(get(), "passwordeval: there is more than one line: end the command with \"| "
			 "head -n 1\" "
			 "if the first is the password");
	set("passwordeval", "printf 'hunter2\\000x'");
	CHECK_STR(get(), "passwordeval: the password holds a NUL byte");
	set("passwordeval", "printf %12288s x");
	CHECK_INT(strlen(get()), SECRET_MAX);
	set("passwordeval", "printf %12289s hunter2");
	CHECK_STR(get(), "passwordeval: the password is too long");
	set("passwordeval", "printf %99999s hunter2");
	CHECK(strncmp(get(), "passwordeval: ", 14) == 0);
}

static void files_must_be_closed(void)
{
	begin();
	set("password_file", PUT("p", 0640, "hunter2"));
	CHECK(strstr(get(), "chmod 600 "));
	set("password_file", PUT("p", 0604, "hunter2"));
	CHECK(strstr(get(), "is open to others"));
	set("password_file", "/nonexistent");
	CHECK_STR(get(), "password_file: cannot open /nonexistent: No such file or directory");
	set("password_file", "/dev/null");
	CHECK(strncmp(get(), "password_file: cannot open /dev/null: ", 38) == 0);
	set("password_file", PUT("p", 0400, "\n"));
	CHECK_STR(get(), "password_file: the password is empty");
	if (geteuid() == 0) {
		CHECK_INT(chown(PUT("p", 0600, "hunter2"), 12345, 0), 0);
		CHECK(strstr(get(), "is owned by user 12345"));
		unlink(path);
	}
}

static void the_surroundings_come_last(void)
{
	begin();
	CHECK(strncmp(get(), "no password for joe at mail.example.org: ", 41) == 0);
	sources.password_file = PUT("p", 0444, "hunter2\n");
	CHECK_STR(get(), "hunter2");
	chmod(path, 0466);
	CHECK(strstr(get(), "chmod go-w "));
	sources.password_file = NULL;
	sources.credentials_directory = directory;
	sources.netrc = "/nonexistent";
	CHECK(strncmp(get(), "no password", 11) == 0);
	PUT(SECRET_CREDENTIAL, 0400, "hunter2");
	CHECK_STR(get(), "hunter2");
	set("password", "other");
	CHECK_STR(get(), "other");
}

static void netrc_must_be_closed_when_it_is_used(void)
{
	begin();
	sources.netrc = PUT("netrc", 0644, "machine x login joe password hunter2");
	CHECK(strncmp(get(), "no password", 11) == 0);
	sources.netrc =
		PUT("netrc", 0644, "machine mail.example.org login joe password hunter2");
	CHECK(strstr(get(), "chmod 600 "));
	CHECK_INT(out.len, 0);
	chmod(path, 0600);
	CHECK_STR(get(), "hunter2");
	sources.netrc = PUT("netrc", 0600, "machine mail.example.org\nhunter2");
	CHECK(strstr(get(), "/netrc: line 2: machine, default, login"));
}

static void clean(void)
{
	static const char *const names[] = {"p", "netrc", SECRET_CREDENTIAL};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	buf_init(&out, SECRET_MAX);
	TEST_RUN(the_account_says_where);
	TEST_RUN(commands_do_not_see_our_secrets);
	TEST_RUN(files_must_be_closed);
	TEST_RUN(the_surroundings_come_last);
	TEST_RUN(netrc_must_be_closed_when_it_is_used);
	account_clear(&a);
	buf_wipe(&out);
	clean();
	return test_done();
}
