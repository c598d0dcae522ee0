/* Lines of UUCP: see uucp.h. */
#include "mail/uucp.h"

#include <string.h>

#include "base/chars.h"
#include "mail/header.h"

void uucp_init(struct uucp *u)
{
	buf_init(&u->hosts, UUCP_PATH_MAX);
	buf_init(&u->host, UUCP_PATH_MAX);
	buf_init(&u->user, UUCP_PATH_MAX);
}

void uucp_clear(struct uucp *u)
{
	buf_clear(&u->hosts);
	buf_clear(&u->host);
	buf_clear(&u->user);
}

static struct span span_word(struct span s)
{
	size_t len = 0;

	while (len < s.len && !chars_is(s.data[len], CHARS_BLANK))
		len++;
	return (struct span){s.data, len};
}

/* What stands behind the last "remote from", to its end or to a blank. */
static struct span line_host(struct span line)
{
	static const char phrase[] = " remote from ";
	size_t len = sizeof(phrase) - 1;

	for (size_t at = line.len; at >= len; at--)
		if (memcmp(line.data + at - len, phrase, len) == 0)
			return span_word((struct span){line.data + at, line.len - at});
	return (struct span){0};
}

bool uucp_feed(struct uucp *u, struct span line)
{
	struct span host;

	line = span_trim(line);
	if (line.len > 0 && line.data[0] == '>')
		line = (struct span){line.data + 1, line.len - 1};
	if (line.len < 6 || memcmp(line.data, "From ", 5) != 0 || header_is_field(line))
		return false;
	line = span_trim((struct span){line.data + 5, line.len - 5});
	host = line_host(line);
	buf_reset(&u->user);
	buf_add_span(&u->user, span_word(line));
	buf_reset(&u->host);
	buf_add_span(&u->host, host);
	buf_add_span(&u->hosts, host);
	if (host.len > 0)
		buf_add_char(&u->hosts, '!');
	return true;
}

bool uucp_any(const struct uucp *u)
{
	return u->user.len > 0 || buf_failed(&u->user) || buf_failed(&u->hosts);
}

bool uucp_path(const struct uucp *u, struct buf *out)
{
	bool full = u->host.len > 0 && strchr(u->host.data, '.');

	if (u->user.len == 0 || buf_failed(&u->user) || buf_failed(&u->hosts))
		return false;
	if (strchr(u->user.data, '@') || strcmp(u->user.data, "<>") == 0)
		buf_add_span(out, buf_span(&u->user));
	else if (full && !strchr(u->user.data, '!'))
		buf_printf(out, "%s@%s", u->user.data, u->host.data);
	else
		buf_printf(out, "%s%s", u->hosts.data, u->user.data);
	return !buf_failed(out);
}
