/*
 * The words of the configuration: one table, one row a key, with its setter and whether it
 * makes sense in an account. `account`, `defaults`, `include` and `eval` are the grammar's own.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

/* How the grammar treats a key's value. */
enum {
	KEYS_REST =
		1
		<< 0, /* it is the rest of the line as it stands: "#" and quotes belong to it */
	KEYS_FILE = 1 << 1, /* a file name: "~/" at its start is the home directory */
	KEYS_SECRET =
		1 << 2, /* it must not be shown, and the file that holds it must be closed */
	KEYS_NAMES =
		1 << 3, /* %H, %M and %U in it stand for this host, its mail name, the user */
	KEYS_BARE = 1 << 4,    /* whatever it is, it was never meant to begin with "= " */
	KEYS_PASSING = 1 << 5, /* it shapes the message, or says what becomes of it here: who
				  sends it later need not know */
	KEYS_URL = 1 << 6 /* a relay, in which a file may be named (expand_home_in_url()) */
};

/* Sets one key from its argument, NULL for none (booleans are on and off; a key that takes on
 * means on without argument; most texts are unset without). Unknown key or bad value: -1 with
 * *error (local, stage config) that names key and value (never a secret) and says what is
 * accepted; the caller prefixes file and line. Keys may come in any order. */
int keys_set_value(struct account *a, const char *key, const char *value, struct error *error);
/* What is to be said to who uses the key with this value, because it is obsolete or not
 * followed: "is obsolete: ...", to stand behind the key. NULL: nothing. */
const char *keys_advice(const char *key, const char *value);
/* Works out what several words come to together: to be called when all are said, and again when
 * others were. Returns 0, or -1 with *error. */
int keys_settle(struct account *a, struct error *error);
/* How many bytes of a word may be shown as a key, though it is none: what stands behind them
 * may be a secret ("password=secret"). */
size_t keys_name_length(const char *word);
/* The flags of a key, 0 for one that is not known. */
unsigned keys_flags(const char *key);
/* What a key leaves at its offset in an account. */
enum keys_kind {
	KEYS_KIND_NONE, /* nothing, or what another key shows */
	KEYS_KIND_TEXT, /* char *, NULL: unset */
	KEYS_KIND_SWITCH,
	KEYS_KIND_NUMBER,   /* int, 0: unset */
	KEYS_KIND_DURATION, /* int of seconds, likewise */
	KEYS_KIND_LIST,     /* struct strv */
	KEYS_KIND_RELAY,    /* these know their members themselves */
	KEYS_KIND_HOST,
	KEYS_KIND_SOCKET,
	KEYS_KIND_PROTOCOL,
	KEYS_KIND_FLIGHT,
	KEYS_KIND_AUTH,
	KEYS_KIND_SECRET,
	KEYS_KIND_TRUST,
	KEYS_KIND_VERSION,
	KEYS_KIND_DELIVERY,
	KEYS_KIND_DUPLICATES,
	KEYS_KIND_RATE,
	KEYS_KIND_FACILITY,
	KEYS_KIND_FAMILY,
	KEYS_KIND_PROXY
};

struct keys_look {
	const char *name;
	enum keys_kind kind;
	size_t offset;
};

/* The n-th key for show.c: 1, or 0 behind the last. */
int keys_look(size_t n, struct keys_look *look);
/* The n-th key's name in the order of the table, NULL behind the last: for tests against the
 * manual page. */
const char *keys_name(size_t n);

#endif
