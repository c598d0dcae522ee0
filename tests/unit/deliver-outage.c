/* Which relays are down: the file and what becomes of it. */
#include "deliver/outage.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

enum { NOW = 1000000 };

static struct outages o;

static void parse(const char *text)
{
	outages_clear(&o);
	outages_parse(&o, span_of(text), NOW);
}

static void takes_what_it_could_have_written(void)
{
	parse("1000001 a:25\n1000600 b:465\n");
	CHECK(outages_have(&o, "a:25"));
	CHECK(outages_have(&o, "b:465"));
	CHECK(!outages_have(&o, "c:465"));
	CHECK(!o.changed);
}

static void passes_over_the_rest(void)
{
	parse("1000000 over:25\n1000601 far:25\n9999999999999999999 far:25\n-1 x\n 1000001 x\n"
	      "1000001\n1000001 \n1000001 a\x1b[m\nx 1000001\n\n1000001 cut");
	CHECK_INT(o.count, 0);
	parse("1000001 a\n1000002 a\n");
	CHECK_INT(o.count, 1);
}

static void is_bounded(void)
{
	char name[32];

	parse("");
	for (int i = 0; i < 2 * OUTAGES_MAX; i++) {
		snprintf(name, sizeof(name), "relay-%d", i);
		outages_add(&o, name, NOW);
	}
	CHECK_INT(o.count, OUTAGES_MAX);
	CHECK(!outages_have(&o, "relay-0"));
	CHECK(outages_have(&o, name));
}

static void reads_what_it_wrote(void)
{
	char directory[] = "/tmp/deliver-outage.XXXXXX";
	char path[200], up[100];
	struct stat st;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(up, sizeof(up), "%s/state/pennypost", directory);
	snprintf(path, sizeof(path), "%s/outages", up);
	parse("");
	outages_add(&o, "a:25", NOW);
	outages_add(&o, "b:25", NOW);
	outages_remove(&o, "a:25");
	outages_remove(&o, "none");
	outages_save(&o, path);
	CHECK(!o.changed);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(up, &st) == 0 && (st.st_mode & 07777) == 0700);
	outages_clear(&o);
	outages_load(&o, path, NOW + 1);
	CHECK_INT(o.count, 1);
	CHECK(outages_have(&o, "b:25"));
	outages_clear(&o);
	outages_load(&o, path, NOW + OUTAGE_SECONDS);
	CHECK_INT(o.count, 0);
	CHECK_INT(chmod(path, 0666), 0);
	outages_load(&o, path, NOW);
	CHECK_INT(o.count, 0);
	/* A link is no file, and what it leads to stays as it is. */
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("elsewhere", path), 0);
	outages_load(&o, path, NOW);
	outages_add(&o, "c:25", NOW);
	outages_save(&o, path);
	CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
	snprintf(path, sizeof(path), "%s/elsewhere", up);
	CHECK_INT(access(path, F_OK), -1);
	outages_clear(&o);
	snprintf(path, sizeof(path), "%s/outages", up);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(rmdir(up), 0);
	snprintf(up, sizeof(up), "%s/state", directory);
	CHECK_INT(rmdir(up), 0);
	CHECK_INT(rmdir(directory), 0);
}

static void does_without_a_place(void)
{
	parse("");
	outages_load(&o, NULL, NOW);
	outages_add(&o, "a:25", NOW);
	outages_save(&o, NULL);
	outages_add(&o, "a:25", NOW);
	outages_save(&o, "/proc/no/such/place/outages");
	CHECK(outages_have(&o, "a:25"));
	outages_clear(&o);
}

int main(void)
{
	TEST_RUN(takes_what_it_could_have_written);
	TEST_RUN(passes_over_the_rest);
	TEST_RUN(is_bounded);
	TEST_RUN(reads_what_it_wrote);
	TEST_RUN(does_without_a_place);
	return test_done();
}
