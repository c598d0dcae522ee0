/* Tickets on disk: see tickets.h. */
#include "net/tickets.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/file.h"

enum {
	FILE_NAME_MAX = TICKETS_NAME * 2 + 1,
	PASSING_MAX = 24,
	CLEAR_ONE_IN = 16,
	DIRECTORY_PARTS = 3,
	BIND_MAX = 256 * 1024
};

/* What stands before a ticket. It is read where it was written, so the machine's order will do.
 */
struct head {
	char magic[8];
	int64_t expires;
	uint32_t length;
	uint32_t crc; /* of what precedes it, and of the ticket */
};

static const char magic[8] = "pptick1";

/* Text with its length, so that no two policies come to the same bytes. */
static void bind_span(struct buf *out, struct span text)
{
	buf_printf(out, "%zu:", text.len);
	buf_add_span(out, text);
}

/* A file by what changes when it does; NULL and what is no file by its name. Returns whether it
 * is one. */
static bool bind_file(struct buf *out, const char *path)
{
	struct stat st;

	bind_span(out, span_of(path));
	if (!path || stat(path, &st))
		return false;
	buf_printf(out, "%lld.%09ld,%lld.%09ld,%lld,%llu,%llu;", (long long)st.st_mtim.tv_sec,
		   st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
		   (long long)st.st_size, (unsigned long long)st.st_dev,
		   (unsigned long long)st.st_ino);
	return true;
}

/* Whether the CAs of the system may have a say. */
static bool asks_system(const struct tls_policy *p)
{
	return p->trust == TLS_TRUST_CA && !p->trust_file && !p->fingerprint;
}

int tickets_name(const struct crypto *crypto, const struct tls_policy *p,
		 unsigned char name[TICKETS_NAME])
{
	const char *const texts[] = {p->scope, p->host,  p->priorities, p->fingerprint,
				     p->pins,  p->known, p->others[0],  p->others[1]};
	const char *const files[] = {p->trust_file, p->crl_file, p->cert_file, p->key_file};
	struct buf all;
	int length = -1;
	bool seen;

	buf_init(&all, BIND_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bind_span(&all, span_of(texts[i]));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		bind_file(&all, files[i]);
	seen = !asks_system(p) || bind_file(&all, crypto->system_trust_file);
	buf_printf(&all, "%d,%d,%d,%zu;", p->verify, (int)p->trust, (int)p->minimum,
		   p->tlsa_count);
	for (size_t i = 0; i < p->tlsa_count; i++) {
		buf_printf(&all, "%d,%d,%d,", (int)p->tlsa[i].usage, (int)p->tlsa[i].selector,
			   (int)p->tlsa[i].matching);
		bind_span(&all, p->tlsa[i].data);
	}
	if (seen && !buf_failed(&all))
		length = crypto->digest(CRYPTO_SHA256, buf_span(&all), name);
	buf_clear(&all);
	return length == TICKETS_NAME ? 0 : -1;
}

static uint32_t head_crc(const struct head *h, const char *ticket)
{
	return crc_add(crc_add(0, h, offsetof(struct head, crc)), ticket, h->length);
}

static void file_name(char out[FILE_NAME_MAX], const unsigned char name[TICKETS_NAME])
{
	for (size_t i = 0; i < TICKETS_NAME; i++)
		snprintf(out + i * 2, 3, "%02x", name[i]);
}

/* A name that nobody else has. */
static void passing_name(char out[PASSING_MAX])
{
	snprintf(out, PASSING_MAX, ".%08x%08x", arc4random(), arc4random());
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static int directory_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !is_ours(&st))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The same, which is made, with what is missing above it: ~/.cache, but no home. */
static int directory_make(const char *path)
{
	int made = file_open_own_directory(span_of(path), DIRECTORY_PARTS);

	if (made >= 0)
		close(made);
	return directory_open(path);
}

static bool ticket_read(int fd, int64_t now, struct buf *out, int64_t *expires)
{
	struct stat st;
	struct head h;
	struct buf all;
	bool good = false;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !is_ours(&st))
		return false;
	buf_init_secret(&all, sizeof(h) + TICKETS_MAX);
	if (file_read_all(fd, &all) == 0 && all.len >= sizeof(h)) {
		memcpy(&h, all.data, sizeof(h));
		good = memcmp(h.magic, magic, sizeof(magic)) == 0 &&
		       h.length == all.len - sizeof(h) &&
		       h.crc == head_crc(&h, all.data + sizeof(h)) && h.expires > now &&
		       h.expires <= now + TICKETS_LIFETIME;
		if (good)
			buf_add(out, all.data + sizeof(h), h.length);
		*expires = h.expires;
	}
	buf_wipe(&all);
	return good && !buf_failed(out);
}

/* The rename decides who has it. */
bool tickets_take(const char *directory, const unsigned char name[TICKETS_NAME], int64_t now,
		  struct buf *out, int64_t *expires)
{
	char file[FILE_NAME_MAX], passing[PASSING_MAX];
	int dir = directory_open(directory);
	bool found = false;
	int fd;

	if (dir < 0)
		return false;
	file_name(file, name);
	passing_name(passing);
	if (renameat(dir, file, dir, passing) == 0) {
		fd = openat(dir, passing, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		unlinkat(dir, passing, 0);
		found = fd >= 0 && ticket_read(fd, now, out, expires);
		if (fd >= 0)
			close(fd);
	}
	close(dir);
	return found;
}

/* Removes what is too old and, when there are too many, whatever is met. */
static void directory_clear(int dir, int64_t now)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again >= 0 ? fdopendir(again) : NULL;
	const struct dirent *entry;
	size_t kept = 0;
	struct stat st;

	if (!list && again >= 0)
		close(again);
	while (list && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (st.st_mtime + TICKETS_LIFETIME < now || kept >= TICKETS_FILES)
			unlinkat(dir, entry->d_name, 0);
		else
			kept++;
	}
	if (list)
		closedir(list);
}

static int ticket_write(int fd, const struct head *h, struct span ticket)
{
	struct buf all;
	int result;

	buf_init_secret(&all, sizeof(*h) + TICKETS_MAX);
	buf_add(&all, h, sizeof(*h));
	buf_add_span(&all, ticket);
	result = buf_failed(&all) ? -1 : file_write_all(fd, all.data, all.len);
	buf_wipe(&all);
	return result;
}

void tickets_keep(const char *directory, const unsigned char name[TICKETS_NAME],
		  struct span ticket, int64_t now, int64_t expires)
{
	struct head h = {.expires = now + TICKETS_LIFETIME, .length = (uint32_t)ticket.len};
	char file[FILE_NAME_MAX], passing[PASSING_MAX];
	int dir, fd;

	if (ticket.len == 0 || ticket.len > TICKETS_MAX ||
	    (dir = directory_make(directory)) < 0)
		return;
	if (arc4random_uniform(CLEAR_ONE_IN) == 0)
		directory_clear(dir, now);
	memcpy(h.magic, magic, sizeof(magic));
	if (expires < h.expires)
		h.expires = expires;
	h.crc = head_crc(&h, ticket.data);
	file_name(file, name);
	passing_name(passing);
	fd = openat(dir, passing, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		bool failed = ticket_write(fd, &h, ticket);

		if (close(fd) || failed || renameat(dir, passing, dir, file))
			unlinkat(dir, passing, 0);
	}
	close(dir);
}
