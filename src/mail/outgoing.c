/* A message on its way to a relay: see outgoing.h. */
#include "mail/outgoing.h"

#include <stdlib.h>

enum { ROOM = 64 * 1024 };

static void close_readers(struct outgoing *o)
{
	message_reader_clear(&o->plain);
	recode_reader_free(o->recoded);
	free(o->room);
	o->recoded = NULL;
	o->room = NULL;
}

static void drop_plan(struct outgoing *o)
{
	if (o->planned)
		recode_clear(&o->plan);
	o->planned = false;
}

/* The plan stays as long as it is the one for what the relay takes. */
static int make_plan(struct outgoing *o, unsigned forbidden, unsigned takes,
		     struct error *error)
{
	if (o->planned && o->planned_for == takes)
		return 0;
	drop_plan(o);
	o->planned_for = takes;
	o->planned = true;
	if (recode_plan(&o->plan, o->message, forbidden, takes & OUTGOING_BINARY, error) == 0)
		return 0;
	drop_plan(o);
	return -1;
}

static int open_recoded(struct outgoing *o, unsigned forbidden, unsigned takes,
			struct error *error)
{
	if (make_plan(o, forbidden, takes, error))
		return -1;
	o->size = o->plan.size;
	o->warning = o->plan.warning;
	o->is_binary = o->plan.is_binary;
	if (o->is_binary) {
		wireform_init(&o->form, false);
		o->rest = (struct span){0};
		o->ended = false;
		o->room = malloc(ROOM);
		if (!o->room)
			return error_set_memory(error);
	}
	o->recoded = recode_reader_new(&o->plan, error);
	return o->recoded ? 0 : -1;
}

int outgoing_open(struct outgoing *o, unsigned takes, struct error *error)
{
	unsigned forbidden = takes & OUTGOING_KEPT
				     ? recode_needs_kept(o->message)
				     : recode_needs(o->message, takes & OUTGOING_8BIT);

	close_readers(o);
	if (forbidden)
		return open_recoded(o, forbidden, takes, error);
	o->size = message_size(o->message);
	o->warning = "";
	o->is_binary = false;
	return message_reader_init(&o->plain, o->message, error);
}

/* Binary content that goes by the wire form. Octets may end without a line end. */
static struct span pass(struct outgoing *o, enum weigh_choice form)
{
	struct span piece = o->rest;

	o->form.after_cr = false;
	o->form.line_start = form == WEIGH_BINARY_BYTES || piece.data[piece.len - 1] == '\n';
	o->rest = (struct span){0};
	return piece;
}

/* Only what is not binary content is made wire form here. */
static int next_in_wire_form(struct outgoing *o, struct span *piece, struct error *error)
{
	*piece = (struct span){0};
	while (piece->len == 0 && !o->ended) {
		enum weigh_choice form = WEIGH_KEEP;
		int more = 1;

		if (o->rest.len == 0) {
			more = recode_reader_next(o->recoded, &o->rest, error);
			form = recode_reader_form(o->recoded);
		}
		if (more < 0)
			return -1;
		o->ended = more == 0;
		if (o->ended)
			*piece = (struct span){o->room, wireform_finish(&o->form, o->room)};
		else if (form != WEIGH_KEEP)
			*piece = pass(o, form);
		else
			*piece = (struct span){
				o->room, wireform_feed(&o->form, &o->rest, o->room, ROOM)};
	}
	return piece->len > 0;
}

int outgoing_next(struct outgoing *o, struct span *piece, struct error *error)
{
	if (!o->recoded)
		return message_reader_next(&o->plain, piece, error);
	return o->is_binary ? next_in_wire_form(o, piece, error)
			    : recode_reader_next(o->recoded, piece, error);
}

void outgoing_clear(struct outgoing *o)
{
	close_readers(o);
	drop_plan(o);
}
