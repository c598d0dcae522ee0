/* Which relays are down: see outage.h. */
#include "deliver/outage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"

enum { OUTAGE_FILE_MAX = 32 * 1024, OUTAGE_NAME_MAX = 400, OUTAGE_PARTS = 3 };

void outages_clear(struct outages *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->items[i].relay);
	*o = (struct outages){0};
}

static size_t outages_find(const struct outages *o, struct span relay)
{
	size_t i = 0;

	while (i < o->count && !span_equals(relay, o->items[i].relay))
		i++;
	return i;
}

bool outages_have(const struct outages *o, const char *relay)
{
	return outages_find(o, span_of(relay)) < o->count;
}

static void outages_drop(struct outages *o, size_t i)
{
	free(o->items[i].relay);
	o->count--;
	memmove(&o->items[i], &o->items[i + 1], (o->count - i) * sizeof(o->items[0]));
}

/* Whether a name keeps to one line and has nothing that a terminal must not get. */
static bool outage_is_sane(struct span relay)
{
	for (size_t i = 0; i < relay.len; i++)
		if (chars_is(relay.data[i], CHARS_CONTROL))
			return false;
	return relay.len > 0 && relay.len <= OUTAGE_NAME_MAX;
}

static void outages_put(struct outages *o, struct span relay, int64_t until)
{
	size_t i = outages_find(o, relay);
	char *copy = outage_is_sane(relay) ? span_dup(relay) : NULL;

	if (!copy)
		return;
	if (i < o->count)
		outages_drop(o, i);
	else if (o->count == OUTAGES_MAX)
		outages_drop(o, 0);
	o->items[o->count++] = (struct outage){copy, until};
}

void outages_add(struct outages *o, const char *relay, int64_t now)
{
	outages_put(o, span_of(relay), now + OUTAGE_SECONDS);
	o->changed = true;
}

void outages_remove(struct outages *o, const char *relay)
{
	size_t i = outages_find(o, span_of(relay));

	if (i == o->count)
		return;
	outages_drop(o, i);
	o->changed = true;
}

static void outages_parse_line(struct outages *o, struct span line, int64_t now)
{
	int64_t until = 0;
	size_t i = 0;

	for (; i < line.len && i < 12 && chars_is(line.data[i], CHARS_DIGIT); i++)
		until = until * 10 + (line.data[i] - '0');
	if (i == 0 || i == line.len || line.data[i] != ' ' || until <= now ||
	    until > now + OUTAGE_SECONDS)
		return;
	outages_put(o, (struct span){line.data + i + 1, line.len - i - 1}, until);
}

void outages_parse(struct outages *o, struct span text, int64_t now)
{
	const char *end;

	while (text.len > 0 && (end = memchr(text.data, '\n', text.len)) != NULL) {
		struct span line = {text.data, (size_t)(end - text.data)};

		outages_parse_line(o, line, now);
		text = (struct span){end + 1, text.len - line.len - 1};
	}
}

void outages_load(struct outages *o, const char *path, int64_t now)
{
	struct buf text;
	struct stat st;
	int fd = path ? file_open(path, &st) : -1;

	*o = (struct outages){0};
	buf_init(&text, OUTAGE_FILE_MAX);
	if (fd >= 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	    file_read_all(fd, &text) == 0)
		outages_parse(o, buf_span(&text), now);
	if (fd >= 0)
		close(fd);
	buf_clear(&text);
}

static void outages_write(const struct outages *o, struct buf *out)
{
	for (size_t i = 0; i < o->count; i++)
		buf_printf(out, "%" PRId64 " %s\n", o->items[i].until, o->items[i].relay);
}

/* In the directory: a new file, then the old one's name. Two at once spoil nothing: one of them
 * gets no file of its own, or its outage is learnt again. */
static void outages_replace(int directory, const char *name, struct span text)
{
	char fresh[NAME_MAX];
	int fd;

	if (snprintf(fresh, sizeof(fresh), "%s.new", name) >= (int)sizeof(fresh))
		return;
	unlinkat(directory, fresh, 0);
	fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return;
	if (file_write_all(fd, text.data, text.len) ||
	    renameat(directory, fresh, directory, name))
		unlinkat(directory, fresh, 0);
	close(fd);
}

void outages_save(struct outages *o, const char *path)
{
	const char *slash = o->changed && path ? strrchr(path, '/') : NULL;
	int directory =
		slash ? file_open_own_directory((struct span){path, (size_t)(slash - path)},
						OUTAGE_PARTS)
		      : -1;
	struct buf text;

	buf_init(&text, OUTAGE_FILE_MAX);
	outages_write(o, &text);
	if (directory >= 0 && !buf_failed(&text))
		outages_replace(directory, slash + 1, buf_span(&text));
	if (directory >= 0)
		close(directory);
	buf_clear(&text);
	o->changed = false;
}
