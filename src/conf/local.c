/* Which domains are this machine: see local.h. */
#include "conf/local.h"

#include <string.h>

#include "conf/match.h"
#include "net/hostname.h"

enum { NAME_MAX_LENGTH = 1024, PATTERN_MAX = 64 * 1024 };

/* A pattern over the domain alone: match_address() takes what stands behind an "@" in any case.
 */
static bool matches(const char *pattern, struct span domain)
{
	struct buf p, d;
	bool found;

	buf_init(&p, PATTERN_MAX);
	buf_init(&d, NAME_MAX_LENGTH);
	buf_printf(&p, "@%s", pattern);
	buf_add_char(&d, '@');
	buf_add_span(&d, domain);
	found = !buf_failed(&p) && !buf_failed(&d) && match_address(p.data, d.data);
	buf_clear(&p);
	buf_clear(&d);
	return found;
}

/* What stands before the first dot. */
static struct span first_label(struct span name)
{
	const char *dot = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;

	return (struct span){name.data, dot ? (size_t)(dot - name.data) : name.len};
}

static void know_host(struct local *l)
{
	if (l->known)
		return;
	l->known = true;
	buf_init(&l->host, NAME_MAX_LENGTH);
	buf_init(&l->full, NAME_MAX_LENGTH);
	hostname_short(&l->host);
}

/* The bare name, the name as it is set, or the full one. */
static bool is_host(struct local *l, struct span domain)
{
	char label[256];
	struct span short_name;

	know_host(l);
	short_name = first_label(buf_span(&l->host));
	if (short_name.len == 0 || short_name.len >= sizeof(label))
		return false;
	memcpy(label, short_name.data, short_name.len);
	label[short_name.len] = '\0';
	if (!span_equals_nocase(first_label(domain), label))
		return false;
	if (span_equals_nocase(domain, label) || span_equals_nocase(domain, l->host.data))
		return true;
	if (!l->looked_up)
		hostname_full(&l->full, true);
	l->looked_up = true;
	return l->full.len > 0 && span_equals_nocase(domain, l->full.data);
}

bool local_is_domain(struct local *l, struct span domain)
{
	if (span_equals_nocase(domain, "localhost") ||
	    span_equals_nocase(domain, "localhost.localdomain"))
		return true;
	for (size_t i = 0; l->patterns && i < l->patterns->count; i++)
		if (matches(l->patterns->items[i], domain))
			return true;
	return is_host(l, domain);
}

void local_clear(struct local *l)
{
	if (!l->known)
		return;
	buf_clear(&l->host);
	buf_clear(&l->full);
	l->known = l->looked_up = false;
}
