/* A message on its way to a relay: see outgoing.h. */
#include "mail/outgoing.h"

static void close_readers(struct outgoing *o)
{
	message_reader_clear(&o->plain);
	recode_reader_free(o->recoded);
	o->recoded = NULL;
}

/* The plan stays as long as it is the one for what the relay takes. */
static int open_recoded(struct outgoing *o, unsigned forbidden, struct error *error)
{
	if (o->plan.forbidden != forbidden) {
		recode_clear(&o->plan);
		if (recode_plan(&o->plan, o->message, forbidden, error)) {
			recode_clear(&o->plan);
			return -1;
		}
	}
	o->recoded = recode_reader_new(&o->plan, error);
	o->size = o->plan.size;
	o->warning = o->plan.warning;
	return o->recoded ? 0 : -1;
}

int outgoing_open(struct outgoing *o, bool takes_8bit, struct error *error)
{
	unsigned forbidden = recode_needs(o->message, takes_8bit);

	close_readers(o);
	if (forbidden)
		return open_recoded(o, forbidden, error);
	o->size = message_size(o->message);
	o->warning = "";
	return message_reader_init(&o->plain, o->message, error);
}

int outgoing_next(struct outgoing *o, struct span *piece, struct error *error)
{
	return o->recoded ? recode_reader_next(o->recoded, piece, error)
			  : message_reader_next(&o->plain, piece, error);
}

void outgoing_clear(struct outgoing *o)
{
	close_readers(o);
	recode_clear(&o->plan);
}
