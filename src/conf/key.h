/*
 * The rows of the table of keys.h, which is cut by what the keys are about: keys_relay.c,
 * keys_auth.c, keys_tls.c, keys_message.c, keys_queue.c and keys_log.c, each with the setters
 * that its keys alone have; here is what they share. Who adds a key adds a member to struct
 * account, a row here and a paragraph at the same place of pennypost.conf(5).
 */
#ifndef CONF_KEY_H
#define CONF_KEY_H

#include <stddef.h>

#include "base/error.h"
#include "conf/account.h"
#include "conf/choice.h"
#include "conf/keys.h"

struct key;

/* Sets the key from its argument, NULL for none. Returns 0, or -1 with *error, as
 * keys_set_value() says. */
typedef int key_setter(struct account *a, const struct key *key, const char *value,
		       struct error *error);

/* What a switch accepts. */
enum {
	KEY_ON = 1 << 0,
	KEY_OFF = 1 << 1,
	KEY_AUTO = 1 << 2,
	KEY_ON_OFF = KEY_ON | KEY_OFF,
	KEY_AUTO_OFF = KEY_AUTO | KEY_OFF,
	KEY_ON_OFF_AUTO = KEY_ON | KEY_OFF | KEY_AUTO
};

/* Which values ask for something unusual, of which the advice speaks. */
enum key_asks { KEY_ASKS_ALWAYS, KEY_ASKS_UNLESS_OFF, KEY_ASKS_IF_OFF, KEY_ASKS_IF_GIVEN };

struct key {
	const char *name; /* NULL ends a table */
	key_setter *set;
	enum keys_kind kind; /* what the setter leaves at the offset */
	size_t offset;       /* of the member of struct account, KEY_AT() */
	unsigned flags;      /* of keys.h */
	unsigned accepts;    /* a switch: of KEY_ON and the like; the largest number */
	const char *advice;  /* what to say of the word to who uses it; NULL: nothing */
	enum key_asks asks;
};

#define KEY_AT(member) offsetof(struct account, member)

/* In the order of pennypost.conf(5). */
extern const struct key keys_relay[];
extern const struct key keys_auth[];
extern const struct key keys_tls[];
extern const struct key keys_message[];
extern const struct key keys_queue[];
extern const struct key keys_log[];

/* A text; none or an empty one unsets it. */
key_setter key_set_text;
/* On, off or auto, whichever the row accepts; none is on, else auto. */
key_setter key_set_switch;
/* A number from 1 to what the row accepts. */
key_setter key_set_number;
/* The name of a host; none unsets it. */
key_setter key_set_host_name;
/* msmtp's words whose meaning changes nothing that matters here: checked by nobody. */
key_setter key_set_nothing;

/* The usual complaint: "tls: "maybe" is not on, off or auto". Returns -1. */
int key_refuse(const struct key *key, const char *value, const char *accepted,
	       struct error *error);
/* Sets the member at the offset to a copy, NULL where the value is none or empty. Returns 0, or
 * -1 with *error; to unset one does not fail. */
int key_put_text(struct account *a, size_t offset, const char *value, struct error *error);
void key_put_number(struct account *a, size_t offset, int number);
/* Sets the key's member, an int, to what was chosen by the value, NULL: none of the accepted.
 * Returns 0, or -1 with *error. */
int key_put_choice(struct account *a, const struct key *key, const struct choice *choice,
		   const char *value, const char *accepted, struct error *error);

#endif
