/* What the rows of all options share: see option_row.h. */
#include "cmd/option_row.h"

#include <stdlib.h>
#include <string.h>

int options_set_nothing(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	(void)o, (void)row, (void)value, (void)error;
	return 0;
}

int options_set_flag(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	(void)value, (void)error;
	*(bool *)((char *)o + row->where) = true;
	return 0;
}

int options_set_string(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	char **member = (char **)(void *)((char *)o + row->where);
	char *copy = strdup(value);

	if (!copy)
		return error_set_memory(error);
	free(*member);
	*member = copy;
	return 0;
}

int options_set_setting(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	return options_add_setting(o, row->name, value, error);
}

void options_set_unavailable(struct options *o, const char *name, const char *instead)
{
	o->mode = MODE_UNAVAILABLE;
	o->mode_name = name;
	o->instead = instead;
}
