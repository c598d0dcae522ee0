/* "~" and "%" in values: see expand.h. */
#include "conf/expand.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "net/hostname.h"

enum { MAILNAME_MAX = 64 * 1024 };

static void value_replace(struct buf *value, struct buf *expanded)
{
	buf_reset(value);
	buf_add_span(value, buf_span(expanded));
	value->failed |= buf_failed(expanded);
	buf_wipe(expanded);
}

int expand_home(struct buf *value, const char *home, struct error *error)
{
	struct passwd *passwd;
	struct buf expanded;

	if (value->len == 0 || value->data[0] != '~' ||
	    (value->len > 1 && value->data[1] != '/'))
		return 0;
	if (!home || !*home) {
		passwd = getpwuid(getuid());
		home = passwd ? passwd->pw_dir : NULL;
	}
	if (!home || !*home)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"no home directory is known for \"~\": write the path in full");
	buf_init(&expanded, value->max);
	buf_add_string(&expanded, home);
	buf_add_string(&expanded, value->data + 1);
	value_replace(value, &expanded);
	return buf_failed(value) ? error_set_memory(error) : 0;
}

int expand_home_in_url(struct buf *url, const char *home, struct error *error)
{
	size_t scheme = span_starts_nocase(buf_span(url), "maildir:") ? 8
			: span_starts_nocase(buf_span(url), "mbox:")  ? 5
								      : 0;
	struct buf path, expanded;
	int failed;

	if (scheme == 0 || url->data[scheme] != '~')
		return 0;
	buf_init(&path, url->max);
	buf_init(&expanded, url->max);
	buf_add_string(&path, url->data + scheme);
	failed = expand_home(&path, home, error);
	buf_add(&expanded, url->data, scheme);
	buf_add_span(&expanded, buf_span(&path));
	buf_clear(&path);
	value_replace(url, &expanded);
	return failed || !buf_failed(url) ? failed : error_set_memory(error);
}

static int add_user(struct buf *out, struct error *error)
{
	struct passwd *passwd = getpwuid(getuid());

	if (!passwd)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%%U: the user %ld has no login name", (long)getuid());
	buf_add_string(out, passwd->pw_name);
	return 0;
}

static int add_host(struct buf *out, struct error *error)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || !*name)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%%H: this host has no name");
	buf_add_string(out, name);
	return 0;
}

/* As the resolver has it; its bare name where that knows no better. */
static int add_canonical(struct buf *out, struct error *error)
{
	return hostname_full(out, true) ? add_host(out, error) : 0;
}

static int add_mailname(struct buf *out, struct error *error)
{
	struct buf file;
	struct span line;
	int result;

	buf_init(&file, MAILNAME_MAX);
	result = file_load("/etc/mailname", &file, error);
	line = buf_span(&file);
	if (result == 0) {
		line.len = strcspn(line.data, "\n");
		buf_add_span(out, span_trim(line));
	} else
		error_prefix(error, "%%M");
	buf_clear(&file);
	return result;
}

static int add_name(struct buf *out, char letter, struct error *error)
{
	switch (letter) {
	case 'U': return add_user(out, error);
	case 'H': return add_host(out, error);
	case 'M': return add_mailname(out, error);
	case 'C': return add_canonical(out, error);
	default: buf_printf(out, "%%%c", letter);
	}
	return 0;
}

int expand_names(struct buf *value, struct error *error)
{
	struct buf expanded;

	if (!strchr(value->data, '%'))
		return 0;
	buf_init(&expanded, value->max);
	for (const char *p = value->data; *p; p++) {
		if (*p != '%' || !p[1])
			buf_add_char(&expanded, *p);
		else if (add_name(&expanded, *++p, error)) {
			buf_clear(&expanded);
			return -1;
		}
	}
	value_replace(value, &expanded);
	return buf_failed(value) ? error_set_memory(error) : 0;
}
