/* What is known of relays: kept, forgiven, and never in the way when its file is damaged. */
#include "queue/health.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool.h"

static void kept_between_passes(void)
{
	struct health h;
	struct health_relay *r;

	health_load(&h, spool);
	CHECK_INT(h.count, 0);
	r = health_relay(&h, "work", NULL);
	health_failed(r, "421 go\naway", 0, 1000);
	health_failed(r, "421 go\naway", 0, 1000);
	CHECK_INT(r->failures, 2);
	CHECK_INT(r->next, 1000 + 240 - 48);
	health_relay(&h, "work", "/etc/other");
	h.reports = 7;
	h.reports_since = 900;
	health_save(&h, spool);
	health_clear(&h);

	health_load(&h, spool);
	CHECK_INT(h.count, 1);
	r = health_relay(&h, "work", NULL);
	CHECK_INT(r->failures, 2);
	CHECK_STR(r->text, "421 go\\naway");
	CHECK_INT(h.reports, 7);
	CHECK_INT(h.reports_since, 900);
	health_worked(r);
	CHECK_INT(r->next, 0);
	health_failed(health_relay(&h, "work", "/etc/other"), "x", 0, 5);
	health_save(&h, spool);
	health_clear(&h);

	health_load(&h, spool);
	CHECK_INT(h.count, 1);
	CHECK_STR(h.relays[0].config, "/etc/other");
	health_clear(&h);
}

static void what_was_sent(void)
{
	struct health h;
	struct health_relay *r;

	health_load(&h, spool);
	r = health_relay(&h, "busy", NULL);
	for (int i = 0; i < HEALTH_SENDS_MAX + 3; i++)
		health_sent(r, 1000 + i, 2);
	health_save(&h, spool);
	health_clear(&h);
	health_load(&h, spool);
	r = health_relay(&h, "busy", NULL);
	CHECK_INT(r->failures, 0);
	CHECK_INT(r->send_count, HEALTH_SENDS_MAX);
	CHECK_INT(r->sends[0].when, 1000);
	CHECK_INT(r->sends[0].count, 2);
	CHECK_INT(r->sends[HEALTH_SENDS_MAX - 1].when, 1000 + HEALTH_SENDS_MAX + 2);
	CHECK_INT(r->sends[HEALTH_SENDS_MAX - 1].count, 8);
	health_forget_sent(r);
	health_save(&h, spool);
	health_clear(&h);
}

static void written_when_it_differs(void)
{
	struct stat before, after;
	struct health h;

	health_load(&h, spool);
	CHECK_INT(fstatat(spool_fd(spool), "relays", &before, 0), 0);
	health_save(&h, spool);
	CHECK_INT(fstatat(spool_fd(spool), "relays", &after, 0), 0);
	CHECK_INT(before.st_ino, after.st_ino);
	health_clear(&h);
}

static void damage_is_ignorance(void)
{
	char data[4096];
	struct health h;
	ssize_t len;
	int fd;

	health_load(&h, spool);
	health_failed(health_relay(&h, "home", NULL), "no route", 1, 5);
	health_save(&h, spool);
	health_clear(&h);
	fd = openat(spool_fd(spool), "relays", O_RDONLY);
	len = read(fd, data, sizeof(data));
	close(fd);
	for (ssize_t at = 0; at < len; at++) {
		data[at] ^= 1;
		spool_write_file("relays", data, (size_t)len);
		health_load(&h, spool);
		CHECK(h.count <= 1);
		health_clear(&h);
		data[at] ^= 1;
	}
	unlinkat(spool_fd(spool), "relays", 0);
	CHECK_INT(mkfifoat(spool_fd(spool), "relays", 0600), 0);
	health_load(&h, spool);
	CHECK_INT(h.count, 0);
	health_clear(&h);
	unlinkat(spool_fd(spool), "relays", 0);
}

int main(void)
{
	spool_setup(false);
	TEST_RUN(kept_between_passes);
	TEST_RUN(what_was_sent);
	TEST_RUN(written_when_it_differs);
	TEST_RUN(damage_is_ignorance);
	spool_teardown();
	return test_done();
}
