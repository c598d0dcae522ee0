/* What is known of relays: see health.h. */
#include "queue/health.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/file.h"
#include "base/text.h"
#include "queue/fresh.h"
#include "queue/record.h"
#include "queue/schedule.h"

enum { HEALTH_TEXT_MAX = 512, HEALTH_RELAYS_MAX = 1000, HEALTH_FILE_MAX = 8 * 1024 * 1024 };

static const char health_name[] = "relays";

void health_clear(struct health *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->relays[i].account);
		free(h->relays[i].config);
		free(h->relays[i].text);
		free(h->relays[i].sends);
	}
	free(h->relays);
	*h = (struct health){0};
}

static bool health_is(const struct health_relay *r, const char *account, const char *config)
{
	return strcmp(r->account, account) == 0 && string_equals(r->config, config);
}

struct health_relay *health_relay(struct health *h, const char *account, const char *config)
{
	size_t cap = h->cap ? h->cap * 2 : 4;
	struct health_relay *relays;
	struct health_relay new = {0};

	for (size_t i = 0; i < h->count; i++)
		if (health_is(&h->relays[i], account, config))
			return &h->relays[i];
	if (h->count == h->cap) {
		relays = reallocarray(h->relays, cap, sizeof(*relays));
		if (!relays)
			return NULL;
		h->relays = relays;
		h->cap = cap;
	}
	new.account = strdup(account);
	new.config = config ? strdup(config) : NULL;
	if (!new.account || (config && !new.config)) {
		free(new.account);
		free(new.config);
		return NULL;
	}
	h->relays[h->count] = new;
	return &h->relays[h->count++];
}

void health_failed(struct health_relay *r, const char *text, uint32_t random, int64_t now)
{
	char shown[HEALTH_TEXT_MAX + 1];

	if (r->failures < UINT_MAX)
		r->failures++;
	r->next = schedule_next(r->failures, random, now);
	free(r->text);
	r->text = strdup(text_show(shown, sizeof(shown), span_of(text)));
}

void health_worked(struct health_relay *r)
{
	r->failures = 0;
	r->next = 0;
	free(r->text);
	r->text = NULL;
}

void health_sent(struct health_relay *r, int64_t when, unsigned count)
{
	struct health_sends *last;

	if (!r->sends)
		r->sends = calloc(HEALTH_SENDS_MAX, sizeof(*r->sends));
	if (!r->sends)
		return;
	if (r->send_count < HEALTH_SENDS_MAX)
		r->send_count++;
	last = &r->sends[r->send_count - 1];
	last->when = when;
	last->count = count < UINT_MAX - last->count ? last->count + count : UINT_MAX;
}

void health_forget_sent(struct health_relay *r)
{
	free(r->sends);
	r->sends = NULL;
	r->send_count = 0;
}

/* The file: a record on reports, then one for each relay that something is known against. */
static void health_write(const struct health *h, struct buf *out)
{
	size_t start = out->len;

	record_add_number(out, "reports-since", h->reports_since);
	record_add_number(out, "reports", h->reports);
	record_end(out, start);
	for (size_t i = 0; i < h->count; i++) {
		const struct health_relay *r = &h->relays[i];

		if (r->failures == 0 && r->next == 0 && r->send_count == 0)
			continue;
		start = out->len;
		record_add(out, "account", span_of(r->account));
		if (r->config)
			record_add(out, "config", span_of(r->config));
		record_add_number(out, "failures", r->failures);
		record_add_number(out, "next", r->next);
		if (r->text)
			record_add(out, "text", span_of(r->text));
		for (size_t n = 0; n < r->send_count; n++) {
			record_add_number(out, "sent-at", r->sends[n].when);
			record_add_number(out, "sent", r->sends[n].count);
		}
		record_end(out, start);
	}
}

/* A text without NUL, as a string. */
static char *health_string(struct span value)
{
	return value.len < 4096 && !memchr(value.data, '\0', value.len) ? span_dup(value)
									: NULL;
}

/* The messages that a relay got lately. */
static void health_read_sends(struct health_relay *r, struct span fields)
{
	struct record_field f;
	int64_t number, when = 0;

	health_forget_sent(r);
	while (record_next(&fields, &f) == 1)
		if (record_number(f.value, &number))
			continue;
		else if (span_equals(f.name, "sent-at"))
			when = number;
		else if (span_equals(f.name, "sent") && number <= UINT_MAX)
			health_sent(r, when, (unsigned)number);
}

/* One relay's record, or the one on reports. */
static void health_read_record(struct health *h, struct span fields)
{
	struct health_relay *r = NULL;
	char *account = NULL, *config = NULL;
	struct span all = fields;
	struct record_field f;
	struct span text = {0};
	int64_t number, failures = 0, next = 0;

	while (record_next(&fields, &f) == 1) {
		if (span_equals(f.name, "account") && !account)
			account = health_string(f.value);
		else if (span_equals(f.name, "config") && !config)
			config = health_string(f.value);
		else if (span_equals(f.name, "text"))
			text = f.value;
		else if (record_number(f.value, &number))
			continue;
		else if (span_equals(f.name, "failures") && number <= UINT_MAX)
			failures = number;
		else if (span_equals(f.name, "next"))
			next = number;
		else if (span_equals(f.name, "reports-since"))
			h->reports_since = number;
		else if (span_equals(f.name, "reports") && number <= UINT_MAX)
			h->reports = (unsigned)number;
	}
	if (account && h->count < HEALTH_RELAYS_MAX)
		r = health_relay(h, account, config);
	if (r) {
		char shown[HEALTH_TEXT_MAX + 1];

		r->failures = (unsigned)failures;
		r->next = next;
		free(r->text);
		r->text = text.len > 0 ? strdup(text_show(shown, sizeof(shown), text)) : NULL;
		health_read_sends(r, all);
	}
	free(account);
	free(config);
}

static uint32_t health_checksum(const struct health *h, struct buf *text)
{
	buf_init(text, HEALTH_FILE_MAX);
	health_write(h, text);
	return crc_add(0, text->data, text->len);
}

void health_load(struct health *h, struct spool *s)
{
	struct span rest, fields;
	struct stat st;
	struct buf text;
	int fd = spool_open_file(s, health_name, O_RDONLY, &st);

	*h = (struct health){0};
	buf_init(&text, HEALTH_FILE_MAX);
	if (fd >= 0 && file_read_all(fd, &text) == 0) {
		rest = buf_span(&text);
		while (record_split(&rest, &fields) == 1)
			health_read_record(h, fields);
	}
	if (fd >= 0)
		close(fd);
	buf_clear(&text);
	h->saved = health_checksum(h, &text);
	buf_clear(&text);
}

void health_save(struct health *h, struct spool *s)
{
	struct fresh file;
	struct buf text;
	uint32_t checksum = health_checksum(h, &text);

	if (!buf_failed(&text) && checksum != h->saved && fresh_open_named(&file, s) == 0) {
		if (file_write_all(file.fd, text.data, text.len) == 0 &&
		    fresh_replace(&file, s, health_name) == 0)
			h->saved = checksum;
		fresh_drop(&file, s);
	}
	buf_clear(&text);
}
