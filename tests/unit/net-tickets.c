/* Tickets on disk: taken once, and only when nobody else can have touched them. */
#include "net/tickets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char top[] = "/tmp/pennypost-tickets.XXXXXX";
static char directory[64];
static unsigned char one[TICKETS_NAME] = {1}, two[TICKETS_NAME] = {2};

/* The ticket, or "" when there is none. */
static const char *take(const unsigned char *name, int64_t now)
{
	static char shown[64];
	int64_t expires = 0;
	struct buf out;

	buf_init_secret(&out, TICKETS_MAX);
	snprintf(shown, sizeof(shown), "%s",
		 tickets_take(directory, name, now, &out, &expires) ? out.data : "");
	CHECK(!*shown || (expires > now && expires <= now + TICKETS_LIFETIME));
	buf_wipe(&out);
	return shown;
}

static void keep(const unsigned char *name, const char *text)
{
	tickets_keep(directory, name, span_of(text), 1000, 2000);
}

/* The path of the only file. */
static const char *only_file(void)
{
	static char path[400];
	DIR *list = opendir(directory);
	const struct dirent *entry;
	int count = 0;

	while (list && (entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
			count++;
		}
	if (list)
		closedir(list);
	CHECK_INT(count, 1);
	return path;
}

static void a_ticket_is_taken_once(void)
{
	CHECK_STR(take(one, 1000), "");
	keep(one, "first");
	keep(two, "other");
	keep(one, "second");
	CHECK_STR(take(one, 1000), "second");
	CHECK_STR(take(one, 1000), "");
	CHECK_STR(take(two, 1000), "other");
}

static void a_ticket_has_its_time(void)
{
	keep(one, "x");
	CHECK_STR(take(one, 2000), "");
	keep(one, "x");
	CHECK_STR(take(one, 1999), "x");
	tickets_keep(directory, one, span_of("x"), 1000, INT64_MAX);
	CHECK_STR(take(one, 1000 + TICKETS_LIFETIME), "");
	/* A clock that was set back makes no ticket older than the most it may be. */
	tickets_keep(directory, one, span_of("x"), 1000, INT64_MAX);
	CHECK_STR(take(one, 999), "");
}

static void damaged_or_open_files_are_none(void)
{
	const char *path;
	struct stat st;

	keep(one, "x");
	path = only_file();
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(truncate(path, st.st_size - 1), 0);
	CHECK_STR(take(one, 1000), "");
	for (int i = 0; i < (int)st.st_size; i++) {
		int fd;
		char c = 0;

		keep(one, "x");
		fd = open(only_file(), O_RDWR);
		CHECK_INT(pread(fd, &c, 1, i), 1);
		c ^= 1;
		CHECK_INT(pwrite(fd, &c, 1, i), 1);
		close(fd);
		CHECK_STR(take(one, 1000), "");
	}
	keep(one, "x");
	CHECK_INT(chmod(only_file(), 0640), 0);
	CHECK_STR(take(one, 1000), "");
	keep(one, "x");
	path = only_file();
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK_STR(take(one, 1000), "");
	keep(one, "x");
	CHECK_INT(chmod(directory, 0750), 0);
	CHECK_STR(take(one, 1000), "");
	keep(two, "y");
	CHECK_INT(chmod(directory, 0700), 0);
	CHECK_STR(take(two, 1000), "");
	CHECK_STR(take(one, 1000), "x");
}

static void too_much_is_not_kept(void)
{
	static char big[TICKETS_MAX + 1];

	memset(big, 'x', sizeof(big));
	tickets_keep(directory, one, (struct span){big, sizeof(big)}, 1000, 2000);
	tickets_keep(directory, one, (struct span){big, 0}, 1000, 2000);
	CHECK_STR(take(one, 1000), "");
	for (int i = 0; i < 2000; i++) {
		unsigned char name[TICKETS_NAME] = {(unsigned char)i, (unsigned char)(i >> 8)};

		tickets_keep(directory, name, span_of("x"), 1000, 2000);
	}
	{
		DIR *list = opendir(directory);
		int count = 0;

		while (list && readdir(list))
			count++;
		if (list)
			closedir(list);
		CHECK(count < TICKETS_FILES + 300);
	}
}

static void one_of_many_gets_it(void)
{
	int got = 0;

	keep(one, "x");
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			_exit(take(one, 1000)[0] == 'x');
	for (int i = 0; i < 20; i++) {
		int status;

		wait(&status);
		got += WEXITSTATUS(status);
	}
	CHECK_INT(got, 1);
}

/* All that was bound, folded together: enough to tell two names apart. */
static int fold(enum crypto_digest d, struct span data, unsigned char out[CRYPTO_DIGEST_MAX])
{
	(void)d;
	memset(out, 0, CRYPTO_DIGEST_MAX);
	for (size_t i = 0; i < data.len; i++)
		for (int k = 0; k < CRYPTO_DIGEST_MAX; k++)
			out[k] = (unsigned char)(out[k] * 31 + data.data[i] + k);
	return CRYPTO_DIGEST_MAX;
}

static char store[64];
static struct crypto crypto = {.abi = CRYPTO_ABI, .system_trust_file = store, .digest = fold};

/* Whether a policy has another name than the last one it had. */
static bool is_renamed(const struct tls_policy *policy)
{
	static unsigned char last[TICKETS_NAME];
	unsigned char now[TICKETS_NAME];
	bool other;

	CHECK_INT(tickets_name(&crypto, policy, now), 0);
	other = memcmp(now, last, sizeof(now)) != 0;
	memcpy(last, now, sizeof(now));
	return other;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* By its size, by another file in its place, and by one that claims to be as old. */
static void the_systems_store_is_part_of_the_name(void)
{
	struct tls_policy policy = {.host = "relay.test", .verify = true};
	unsigned char name[TICKETS_NAME];
	struct timespec old[2];
	char other[80];
	struct stat st;

	put(store, "one CA");
	CHECK(is_renamed(&policy));
	CHECK(!is_renamed(&policy));
	put(store, "one CA, two");
	CHECK(is_renamed(&policy));
	CHECK_INT(stat(store, &st), 0);
	snprintf(other, sizeof(other), "%s.new", store);
	put(other, "two CA, one");
	old[0] = st.st_atim;
	old[1] = st.st_mtim;
	CHECK_INT(utimensat(AT_FDCWD, other, old, 0), 0);
	CHECK_INT(rename(other, store), 0);
	CHECK(is_renamed(&policy));
	CHECK(!is_renamed(&policy));
	CHECK_INT(unlink(store), 0);
	CHECK_INT(tickets_name(&crypto, &policy, name), -1);
	crypto.system_trust_file = NULL;
	CHECK_INT(tickets_name(&crypto, &policy, name), -1);
	crypto.system_trust_file = store;
}

static void who_asks_others_does_without_it(void)
{
	struct tls_policy by_file = {.host = "relay.test", .trust_file = "/dev/null"};
	struct tls_policy by_key = {.host = "relay.test", .trust = TLS_TRUST_KEY};
	struct tls_policy by_digest = {.host = "relay.test", .fingerprint = "00"};
	struct tls_policy *const all[] = {&by_file, &by_key, &by_digest};

	for (int i = 0; i < 3; i++) {
		unlink(store);
		CHECK(is_renamed(all[i]));
		put(store, "a CA");
		CHECK(!is_renamed(all[i]));
	}
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	snprintf(store, sizeof(store), "%s/store.pem", top);
	snprintf(directory, sizeof(directory), "%s/cache/pennypost/tickets", top);
	TEST_RUN(a_ticket_is_taken_once);
	TEST_RUN(a_ticket_has_its_time);
	TEST_RUN(damaged_or_open_files_are_none);
	TEST_RUN(one_of_many_gets_it);
	TEST_RUN(too_much_is_not_kept);
	TEST_RUN(the_systems_store_is_part_of_the_name);
	TEST_RUN(who_asks_others_does_without_it);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", top, NULL);
		_exit(127);
	}
	wait(NULL);
	return test_done();
}
