/* What a header contributes to the envelope: see envelope.h. */
#include "mail/envelope.h"

#include "base/text.h"

void envelope_clear(struct envelope *e)
{
	address_clear(&e->sender);
	address_list_clear(&e->recipients);
}

static bool names_recipients(enum header_id id, bool resent)
{
	switch (id) {
	case HEADER_TO:
	case HEADER_CC:
	case HEADER_BCC: return !resent;
	case HEADER_RESENT_TO:
	case HEADER_RESENT_CC:
	case HEADER_RESENT_BCC: return resent;
	default: return false;
	}
}

int envelope_from_header(struct envelope *e, const struct header *h, struct error *error)
{
	size_t first = 0, end = h->count;
	bool resent = header_resent_block(h, &first, &end);

	if (!resent) {
		first = 0;
		end = h->count;
	}
	for (size_t i = first; i < end; i++) {
		const struct header_field *f = &h->fields[i];

		if (f->dropped || !names_recipients(f->id, resent))
			continue;
		if (address_list_parse(&e->recipients, f->body, error))
			return error_prefix(error, "%s", TEXT_SHOW(f->name));
	}
	return 0;
}
