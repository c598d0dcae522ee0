/* What the rows of all keys share: see key.h. */
#include "conf/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int key_refuse(const struct key *key, const char *value, const char *accepted,
	       struct error *error)
{
	if (!value || !*value)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s wants an argument: %s",
				 key->name, accepted);
	if (key->flags & KEYS_SECRET)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s: the value is not %s",
				 key->name, accepted);
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s: \"%s\" is not %s", key->name,
			 TEXT_SHOW(span_of(value)), accepted);
}

int key_put_text(struct account *a, size_t offset, const char *value, struct error *error)
{
	char **member = (char **)(void *)((char *)a + offset);
	char *copy = NULL;

	if (value && *value && !(copy = strdup(value)))
		return error_set_memory(error);
	free(*member);
	*member = copy;
	account_mark(a, offset);
	return 0;
}

void key_put_number(struct account *a, size_t offset, int number)
{
	memcpy((char *)a + offset, &number, sizeof(number));
	account_mark(a, offset);
}

int key_put_choice(struct account *a, const struct key *key, const struct choice *choice,
		   const char *value, const char *accepted, struct error *error)
{
	if (!choice)
		return key_refuse(key, value, accepted, error);
	key_put_number(a, key->offset, choice->value);
	return 0;
}

static int number_parse(const struct key *key, const char *value, int *number,
			struct error *error)
{
	char accepted[64];
	const char *wrong = "";

	if (value)
		*number = (int)strtonum(value, 1, key->accepts, &wrong);
	if (!wrong)
		return 0;
	snprintf(accepted, sizeof(accepted), "a number from 1 to %u", key->accepts);
	return key_refuse(key, value, accepted, error);
}

int key_set_text(struct account *a, const struct key *key, const char *value,
		 struct error *error)
{
	return key_put_text(a, key->offset, value, error);
}

int key_set_switch(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	static const char *const accepted[] = {
		[KEY_ON | KEY_OFF] = "on or off",
		[KEY_OFF | KEY_AUTO] = "auto or off",
		[KEY_ON | KEY_OFF | KEY_AUTO] = "on, off or auto",
	};

	if (!value || !*value)
		value = key->accepts & KEY_ON ? "on" : "auto";
	if (key->accepts & KEY_ON && strcmp(value, "on") == 0)
		key_put_number(a, key->offset, SETTING_ON);
	else if (key->accepts & KEY_OFF && strcmp(value, "off") == 0)
		key_put_number(a, key->offset, SETTING_OFF);
	else if (key->accepts & KEY_AUTO && strcmp(value, "auto") == 0)
		key_put_number(a, key->offset, SETTING_AUTO);
	else
		return key_refuse(key, value, accepted[key->accepts], error);
	return 0;
}

int key_set_number(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	int number = 0;

	if (number_parse(key, value, &number, error))
		return -1;
	key_put_number(a, key->offset, number);
	return 0;
}

int key_set_host_name(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (value && *value && !endpoint_host_is_sane(span_of(value)))
		return key_refuse(key, value, "a host name", error);
	return key_put_text(a, key->offset, value, error);
}

int key_set_nothing(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	(void)a, (void)key, (void)value, (void)error;
	return 0;
}
