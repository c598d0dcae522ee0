/* What options there are: see option_table.h. */
#include "cmd/option_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/option_row.h"

enum { NOTE_MAX = 1024 };

/* In the order of --help. */
static const struct options_table *const tables[] = {
	&options_message, &options_mode,  &options_queue,
	&options_about,   &options_words, &options_accepted,
};

const struct options_row *options_row(size_t n)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (n < tables[i]->count)
			return &tables[i]->rows[n];
		n -= tables[i]->count;
	}
	return NULL;
}

int options_note(struct options *o, struct error *error, const char *format, ...)
{
	struct buf text;
	va_list ap;
	int result;

	buf_init(&text, NOTE_MAX);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	result = strv_add(&o->notes, buf_span(&text));
	buf_clear(&text);
	return result < 0 ? error_set_memory(error) : 0;
}

int options_add_setting(struct options *o, const char *key, const char *value,
			struct error *error)
{
	struct options_setting *grown, *s;

	grown = reallocarray(o->settings, o->setting_count + 1, sizeof(*grown));
	if (!grown)
		return error_set_memory(error);
	o->settings = grown;
	s = &grown[o->setting_count++];
	s->key = strdup(key);
	s->value = value ? strdup(value) : NULL;
	if (!s->key || (value && !s->value))
		return error_set_memory(error);
	for (char *c = s->key; *c; c++)
		if (*c == '-')
			*c = '_';
	return 0;
}
