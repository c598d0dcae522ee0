/*
 * A conversation of replies: read whole and read in pieces must come to the same, within
 * bounds, and what is shown of it holds no control character. The first byte is the size of the
 * pieces.
 */
#include "smtp/reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct error *e)
{
	if (e->class != ERROR_RELAY || e->stage != STAGE_PROTOCOL || !e->text[0])
		abort();
	for (const char *p = e->text; *p; p++)
		if (chars_is(*p, CHARS_CONTROL))
			abort();
}

static void check_reply(const struct reply *r)
{
	struct error error;
	struct buf shown;

	if (r->code < 200 || r->code > 599 || r->lines < 1 || r->lines > REPLY_LINES_MAX ||
	    r->text.len > REPLY_TEXT_MAX || buf_failed(&r->text))
		abort();
	if (r->enhanced[0] && r->enhanced[0] != r->code / 100)
		abort();
	buf_init(&shown, REPLY_SHOWN_MAX);
	reply_show(r, &shown);
	if (buf_failed(&shown) || shown.len < 3)
		abort();
	for (size_t i = 0; i < shown.len; i++)
		if (chars_is(shown.data[i], CHARS_CONTROL))
			abort();
	buf_clear(&shown);
	if (reply_refuse(r, ERROR_RECIPIENT, STAGE_RCPT, "RCPT", &error) != -1 ||
	    error.code != r->code)
		abort();
}

/* Reads one reply from input, of which at most step bytes more are there each time. */
static int parse(struct reply *r, struct span input, size_t step, size_t *taken)
{
	struct error error;
	size_t have = 0;
	size_t used = 0;
	int done = 0;

	*taken = 0;
	while (done == 0 && have < input.len) {
		have = input.len - have < step ? input.len : have + step;
		done = reply_parse(r, (struct span){input.data + *taken, have - *taken}, &used,
				   &error);
		*taken += used;
		if (*taken > have)
			abort();
	}
	if (done < 0)
		check_error(&error);
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size > 0 ? data[0] + (size_t)1 : 1;
	struct span input = {(const char *)data + 1, size > 0 ? size - 1 : 0};
	struct reply whole, cut;
	size_t taken, taken_cut;
	int done = 1;

	reply_init(&whole);
	reply_init(&cut);
	while (done > 0 && input.len > 0) {
		done = parse(&whole, input, input.len, &taken);
		/* Where it is wrong, how far it was read depends on the pieces. */
		if (parse(&cut, input, step, &taken_cut) != done ||
		    (done >= 0 && taken_cut != taken))
			abort();
		if (done > 0) {
			check_reply(&whole);
			if (whole.code != cut.code || whole.lines != cut.lines ||
			    whole.text.len != cut.text.len ||
			    memcmp(whole.text.data, cut.text.data, cut.text.len) != 0 ||
			    memcmp(whole.enhanced, cut.enhanced, sizeof(cut.enhanced)) != 0)
				abort();
		}
		reply_clear(&whole);
		reply_clear(&cut);
		input.data += taken;
		input.len -= taken;
	}
	return 0;
}
