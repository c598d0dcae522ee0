/* The search for CAs in a PEM file (RFC 7468): see store.h. */
#include "crypto/store.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/chars.h"
#include "base/file.h"

enum {
	STORE_FILE_MAX = 16 << 20, /* bytes, of a directory's files together */
	STORE_FILES_MAX = 4096,
	STORE_CERTIFICATE_MAX = 1 << 16, /* bytes of one, DER */
	STORE_HEAD = 480, /* bytes of one that nearly always hold its names; a multiple of 3 */
	STORE_WANTED_MAX = 96, /* names looked for */
	STORE_TAKEN_MAX = 64,  /* certificates handed out */
	DER_SEQUENCE = 0x30,
	DER_VERSION = 0xa0
};

void store_init(struct store *s)
{
	buf_init(&s->pem, STORE_FILE_MAX);
}

void store_clear(struct store *s)
{
	buf_clear(&s->pem);
}

/* Appends a file, in one piece of the right size: growing would copy it again and again. */
static int store_read(struct store *s, int fd, const struct stat *st)
{
	size_t end = s->pem.len + (size_t)st->st_size;
	ssize_t n = 0;

	if (st->st_size > STORE_FILE_MAX || buf_reserve(&s->pem, (size_t)st->st_size)) {
		errno = EFBIG;
		return -1;
	}
	while (s->pem.len < end &&
	       (n = read(fd, s->pem.data + s->pem.len, end - s->pem.len)) > 0)
		s->pem.len += (size_t)n;
	s->pem.data[s->pem.len] = '\0';
	return n < 0 ? -1 : 0;
}

/* "2e5ac55d.0", as openssl rehash calls a certificate; lists of revoked ones are .r0. */
static bool store_is_hash(const char *name)
{
	size_t len = 0;

	while (chars_is(name[len], CHARS_HEX))
		len++;
	if (len != 8 || name[len] != '.' || !name[len + 1])
		return false;
	for (len++; name[len]; len++)
		if (!chars_is(name[len], CHARS_DIGIT))
			return false;
	return true;
}

/* The files of a directory to read: those of the hashes if there is any, else all but hidden
 * ones. Returns 0, or -1 with errno. */
static int store_list(DIR *directory, struct strv *names, bool *hashed)
{
	size_t seen = 0;
	struct dirent *d;

	*hashed = false;
	while (errno = 0, (d = readdir(directory))) {
		bool is_hash = store_is_hash(d->d_name);

		if (d->d_name[0] == '.' || (*hashed && !is_hash))
			continue;
		if (++seen > STORE_FILES_MAX) {
			errno = EFBIG;
			return -1;
		}
		if (is_hash && !*hashed) {
			strv_clear(names);
			*hashed = true;
		}
		if (strv_add(names, span_of(d->d_name)))
			return -1;
	}
	return errno ? -1 : 0;
}

/* One file of a directory; what cannot be opened or is no file (a link that leads nowhere) is
 * none of it. A line end parts it from the next. */
static int store_load_one(struct store *s, const char *path)
{
	struct stat st;
	int fd = file_open(path, &st);
	int result;

	if (fd < 0)
		return 0;
	result = store_read(s, fd, &st);
	buf_add_char(&s->pem, '\n');
	close(fd);
	return result;
}

static int store_load_directory(struct store *s, const char *path)
{
	DIR *directory = opendir(path);
	struct strv names = {0};
	struct buf one;
	bool hashed;
	int result;

	if (!directory)
		return -1;
	buf_init(&one, PATH_MAX);
	result = store_list(directory, &names, &hashed);
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		buf_reset(&one);
		buf_printf(&one, "%s/%s", path, names.items[i]);
		result = store_load_one(s, one.data);
	}
	buf_clear(&one);
	strv_clear(&names);
	closedir(directory);
	return result;
}

int store_load(struct store *s, const char *path)
{
	struct stat st;
	int fd = file_open(path, &st);
	int result;

	if (fd < 0)
		return stat(path, &st) == 0 && S_ISDIR(st.st_mode)
			       ? store_load_directory(s, path)
			       : -1;
	result = store_read(s, fd, &st);
	close(fd);
	return result;
}

/* One TLV off the front of rest: *item is all of it, *content what its length covers. With
 * partial, an item that goes on beyond rest is taken as far as it goes. */
static int der_next(struct span *rest, struct span *item, struct span *content, bool partial)
{
	const unsigned char *p = (const unsigned char *)rest->data;
	size_t head = 2;
	size_t len;

	if (rest->len < 2)
		return -1;
	len = p[1];
	if (len >= 0x80) {
		size_t bytes = len & 0x7f;

		if (bytes < 1 || bytes > 3 || rest->len < 2 + bytes)
			return -1;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | p[2 + i];
		head += bytes;
	}
	if (len > rest->len - head) {
		if (!partial)
			return -1;
		len = rest->len - head;
	}
	*item = (struct span){rest->data, head + len};
	*content = (struct span){rest->data + head, len};
	*rest = (struct span){rest->data + head + len, rest->len - head - len};
	return 0;
}

static int der_enter(struct span *rest)
{
	struct span item;
	struct span content;

	if (rest->len == 0 || (unsigned char)rest->data[0] != DER_SEQUENCE ||
	    der_next(rest, &item, &content, true))
		return -1;
	*rest = content;
	return 0;
}

/*
 * Certificate    ::= SEQUENCE { tbsCertificate TBSCertificate, ... }
 * TBSCertificate ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1, serialNumber,
 * signature, issuer Name, validity, subject Name, ... }
 */
int store_certificate_names(struct span der, struct span *issuer, struct span *subject)
{
	struct span items[5] = {0}; /* serialNumber, signature, issuer, validity, subject */
	struct span content;

	if (der_enter(&der) || der_enter(&der))
		return -1;
	if (der.len > 0 && (unsigned char)der.data[0] == DER_VERSION &&
	    der_next(&der, &items[0], &content, false))
		return -1;
	for (size_t i = 0; i < 5; i++)
		if (der_next(&der, &items[i], &content, false))
			return -1;
	*issuer = items[2];
	*subject = items[4];
	return 0;
}

/* The next certificate of the PEM text: *body is what stands between its lines. Returns 1, or 0
 * at the end. Blocks of other kinds are passed over. The lines are found by their dashes, which
 * base64 has none of. */
static int pem_next(struct span *rest, struct span *body)
{
	static const char dashes[] = "-----";

	for (;;) {
		const char *begin = memmem(rest->data, rest->len, "-----BEGIN ", 11);
		const char *stop = rest->data + rest->len;
		const char *label = begin ? begin + 11 : NULL;
		const char *start =
			label ? memmem(label, (size_t)(stop - label), dashes, 5) : NULL;
		const char *end =
			start ? memchr(start + 5, '-', (size_t)(stop - start - 5)) : NULL;
		struct span name;

		if (!end)
			return 0;
		name = (struct span){label, (size_t)(start - label)};
		*body = (struct span){start + 5, (size_t)(end - start - 5)};
		*rest = (struct span){end, (size_t)(stop - end)};
		if ((span_equals(name, "CERTIFICATE") ||
		     span_equals(name, "X509 CERTIFICATE")) &&
		    rest->len > 9 && memcmp(end, "-----END ", 9) == 0)
			return 1;
	}
}

bool store_has_certificate(const struct store *s)
{
	struct span rest = buf_span(&s->pem);
	struct span body;
	struct span issuer;
	struct span subject;
	struct buf der;
	bool found = false;

	buf_init(&der, STORE_CERTIFICATE_MAX);
	while (!found && pem_next(&rest, &body)) {
		buf_reset(&der);
		found = base64_decode_lines(&der, body) == 0 &&
			store_certificate_names(buf_span(&der), &issuer, &subject) == 0;
	}
	buf_clear(&der);
	return found;
}

/* One search under way. The names it adds are spans into the certificates taken, which are kept
 * for that. */
struct search {
	struct span wanted[STORE_WANTED_MAX];
	size_t wanted_count;
	struct span taken[STORE_TAKEN_MAX]; /* where each began in the PEM text */
	struct strv kept;
	unsigned char values[256]; /* the six bits of each base64 character, 0xff for others */
	store_take *take;
	void *context;
};

static bool search_wants(const struct search *s, struct span name)
{
	for (size_t i = 0; i < s->wanted_count; i++)
		if (s->wanted[i].len == name.len &&
		    memcmp(s->wanted[i].data, name.data, name.len) == 0)
			return true;
	return false;
}

/* Returns whether the name is new. */
static bool search_add(struct search *s, struct span name)
{
	if (s->wanted_count == STORE_WANTED_MAX || search_wants(s, name))
		return false;
	s->wanted[s->wanted_count++] = name;
	return true;
}

static bool search_has_taken(const struct search *s, struct span body)
{
	for (size_t i = 0; i < s->kept.count; i++)
		if (s->taken[i].data == body.data)
			return true;
	return false;
}

static void search_set_values(unsigned char values[256])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	memset(values, 0xff, 256);
	for (unsigned char i = 0; letters[i]; i++)
		values[(unsigned char)letters[i]] = i;
}

/* The first bytes of a PEM body, until out is full or anything but base64 and line ends comes.
 * This loop is most of what a search costs, and that most of what TLS costs us: hence no
 * base64_decode_lines(), which is strict and twenty times slower. Whatever matches is decoded
 * again by that. */
static struct span search_head(const struct search *s, struct span body,
			       unsigned char out[STORE_HEAD])
{
	const unsigned char *p = (const unsigned char *)body.data;
	const unsigned char *end = p + body.len;
	size_t len = 0;
	uint32_t bits = 0;

	while (len < STORE_HEAD && end - p >= 4) {
		unsigned char a = s->values[p[0]], b = s->values[p[1]], c = s->values[p[2]],
			      d = s->values[p[3]];

		if ((a | b | c | d) > 63) {
			if (*p != '\n' && *p != '\r')
				break;
			p++;
			continue;
		}
		bits = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
		out[len++] = (unsigned char)(bits >> 16);
		out[len++] = (unsigned char)(bits >> 8);
		out[len++] = (unsigned char)bits;
		p += 4;
	}
	return (struct span){(const char *)out, len};
}

/* Whether a certificate's subject is looked for. */
static bool search_matches(const struct search *s, struct span body, struct buf *der)
{
	unsigned char head[STORE_HEAD];
	struct span issuer;
	struct span subject;

	if (store_certificate_names(search_head(s, body, head), &issuer, &subject) == 0)
		return search_wants(s, subject);
	buf_reset(der);
	return base64_decode_lines(der, body) == 0 &&
	       store_certificate_names(buf_span(der), &issuer, &subject) == 0 &&
	       search_wants(s, subject);
}

/* Hands a certificate out. Returns 1 when its issuer is one more name to look for, 0, or -1. */
static int search_take(struct search *s, struct span body, struct buf *der)
{
	struct span issuer;
	struct span subject;
	char *copy;

	if (s->kept.count == STORE_TAKEN_MAX)
		return 0;
	buf_reset(der);
	if (base64_decode_lines(der, body))
		return 0;
	copy = span_dup(buf_span(der));
	s->taken[s->kept.count] = body;
	if (strv_add_take(&s->kept, copy) || s->take(s->context, buf_span(der)))
		return -1;
	if (store_certificate_names((struct span){copy, der->len}, &issuer, &subject))
		return 0;
	return search_add(s, issuer);
}

/* One pass over the store. Returns 1 when another is needed, 0, or -1. */
static int search_pass(struct search *s, struct span rest, struct buf *der)
{
	struct span body;
	int more = 0;

	while (pem_next(&rest, &body)) {
		int result;

		if (!search_matches(s, body, der) || search_has_taken(s, body))
			continue;
		result = search_take(s, body, der);
		if (result < 0)
			return -1;
		more |= result;
	}
	return more;
}

int store_find(const struct store *s, const struct span *chain, size_t count, store_take *take,
	       void *context)
{
	struct search search = {.take = take, .context = context};
	struct span issuer;
	struct span subject;
	struct buf der;
	int more = 1;

	buf_init(&der, STORE_CERTIFICATE_MAX);
	search_set_values(search.values);
	for (size_t i = 0; i < count && search.wanted_count < STORE_WANTED_MAX / 2; i++) {
		if (store_certificate_names(chain[i], &issuer, &subject))
			continue;
		search_add(&search, issuer);
		search_add(&search, subject);
	}
	/* Each pass adds a name or is the last, so there is an end to them. */
	while (more > 0)
		more = search_pass(&search, buf_span(&s->pem), &der);
	strv_clear(&search.kept);
	buf_clear(&der);
	return more;
}
