/* What is in the directory of the queue: see spool_list.h. */
#include "queue/spool_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

/* What a name in the directory is. */
enum spool_kind { SPOOL_ENTRY, SPOOL_JOURNAL, SPOOL_LEFTOVER, SPOOL_OURS, SPOOL_FOREIGN };

static enum spool_kind spool_kind(const char *name, struct spool_item *item)
{
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : 0;

	if (strcmp(name, "lock") == 0 || strcmp(name, "waiter") == 0 ||
	    strcmp(name, "relays") == 0 || strcmp(name, "known_relays") == 0 ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return SPOOL_OURS;
	if (strncmp(name, ".tmp-", 5) == 0)
		return SPOOL_LEFTOVER;
	if (len == 0 || len > SPOOL_ID_MAX)
		return SPOOL_FOREIGN;
	memcpy(item->id, name, len);
	item->id[len] = '\0';
	if (!spool_is_id(item->id))
		return SPOOL_FOREIGN;
	if (strcmp(dot, ".log") == 0)
		return SPOOL_JOURNAL;
	return spool_state_of(dot, &item->state) ? SPOOL_ENTRY : SPOOL_FOREIGN;
}

static int spool_list_add(struct spool_list *list, const struct spool_item *item)
{
	struct spool_item *items;
	size_t cap = list->cap ? list->cap * 2 : 64;

	if (list->count == list->cap) {
		items = reallocarray(list->items, cap, sizeof(*items));
		if (!items)
			return -1;
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = *item;
	return 0;
}

static void spool_warn(const struct spool *s, struct spool_list *list, const char *name,
		       const char *what)
{
	struct buf text;

	if (list->warnings.count >= SPOOL_WARNINGS_MAX)
		return;
	buf_init(&text, ERROR_TEXT_MAX);
	if (list->warnings.count == SPOOL_WARNINGS_MAX - 1)
		buf_printf(&text, "more in the queue %s is passed over",
			   TEXT_SHOW(span_of(spool_path(s))));
	else
		buf_printf(&text, "%s in the queue %s is passed over: it is %s",
			   TEXT_SHOW(span_of(name)), TEXT_SHOW(span_of(spool_path(s))), what);
	strv_add_take(&list->warnings, buf_take(&text));
}

/* Sorts one name of the directory into the right list. */
static int spool_list_name(const struct spool *s, const struct dirent *d,
			   struct spool_list *list, struct spool_list *journals)
{
	struct spool_item item = {0};

	switch (spool_kind(d->d_name, &item)) {
	case SPOOL_ENTRY: break;
	case SPOOL_JOURNAL: return journals ? spool_list_add(journals, &item) : 0;
	case SPOOL_FOREIGN: spool_warn(s, list, d->d_name, "none of our files"); return 0;
	case SPOOL_LEFTOVER:
	case SPOOL_OURS: return 0;
	}
	if (d->d_type == DT_REG || d->d_type == DT_UNKNOWN)
		return spool_list_add(list, &item);
	spool_warn(s, list, d->d_name, d->d_type == DT_LNK ? "a link" : "no plain file");
	return 0;
}

/* A descriptor of its own to read the directory with, because reading moves it. */
static DIR *spool_open_listing(const struct spool *s)
{
	int fd = openat(spool_fd(s), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !directory)
		close(fd);
	return directory;
}

static int spool_compare(const void *a, const void *b)
{
	const struct spool_item *left = a, *right = b;

	return strcmp(left->id, right->id);
}

/* Sorts, and drops what was seen under two names, because it was renamed meanwhile. */
static void spool_list_sort(struct spool_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), spool_compare);
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->items[i].id, list->items[kept].id) != 0)
			list->items[++kept] = list->items[i];
	list->count = kept + 1;
}

static int spool_read(struct spool *s, struct spool_list *list, struct spool_list *journals,
		      struct error *error)
{
	DIR *directory = spool_open_listing(s);
	const struct dirent *d = NULL;
	int failed = 0;

	errno = directory ? 0 : errno;
	while (directory && !failed && (errno = 0, d = readdir(directory)) != NULL)
		failed = spool_list_name(s, d, list, journals);
	if (failed)
		error_set_memory(error);
	else if (errno)
		failed = error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
					 "cannot read the queue %s",
					 TEXT_SHOW(span_of(spool_path(s))));
	if (directory)
		closedir(directory);
	spool_list_sort(list);
	return failed;
}

int spool_list(struct spool *s, struct spool_list *list, struct error *error)
{
	return spool_read(s, list, NULL, error);
}

void spool_list_clear(struct spool_list *list)
{
	free(list->items);
	strv_clear(&list->warnings);
	*list = (struct spool_list){0};
}

/* Whether any entry waits. */
static bool spool_has_waiting(const struct spool *s)
{
	DIR *directory = spool_open_listing(s);
	const struct dirent *d;
	struct spool_item item;
	bool found = false;

	while (directory && !found && (d = readdir(directory)) != NULL)
		found = spool_kind(d->d_name, &item) == SPOOL_ENTRY &&
			(item.state == ENTRY_WAITING || item.state == ENTRY_MARKED);
	if (directory)
		closedir(directory);
	return found;
}

/* The time is that of the lock's file, which nobody writes. */
bool spool_wants_run(struct spool *s, int seconds)
{
	time_t now = time(NULL);
	const char *lock = spool_lock_name(SPOOL_LOCK_RUN);
	struct stat st;
	int fd;

	if (fstatat(spool_fd(s), lock, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime <= now + 1 && now - st.st_mtime < seconds) /* clocks differ a little */
		return false;
	if (!spool_has_waiting(s))
		return false;
	fd = spool_open_file(s, lock, O_RDWR | O_CREAT, &st);
	if (fd < 0)
		return false;
	futimens(fd, NULL);
	close(fd);
	return true;
}

/* Removes a temporary file unless its writer is still at it. */
static void spool_clean_leftover(const struct spool *s, const char *name)
{
	int fd = spool_open_name(s, name, O_RDWR); /* NFS locks nothing else exclusively */
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == spool_uid(s) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(spool_fd(s), name, 0);
	close(fd);
}

void spool_clean(struct spool *s)
{
	struct spool_list list = {0}, journals = {0};
	struct error error;
	char name[SPOOL_NAME_SIZE];
	DIR *directory = spool_open_listing(s);
	const struct dirent *d;

	while (directory && (d = readdir(directory)) != NULL)
		if (strncmp(d->d_name, ".tmp-", 5) == 0)
			spool_clean_leftover(s, d->d_name);
	if (directory)
		closedir(directory);
	if (spool_read(s, &list, &journals, &error) == 0)
		for (size_t i = 0; i < journals.count; i++) {
			if ((list.count > 0 &&
			     bsearch(&journals.items[i], list.items, list.count,
				     sizeof(*list.items), spool_compare)) ||
			    spool_has(s, journals.items[i].id))
				continue;
			spool_journal_name(name, journals.items[i].id);
			unlinkat(spool_fd(s), name, 0);
		}
	spool_list_clear(&list);
	spool_list_clear(&journals);
}
