/*
 * What --configure knows as it goes on: the parts of it are configure_find.h (the relay),
 * configure_try.h (whether it takes us), configure_password.h (where the password lies) and
 * configure_write.h (the file).
 */
#ifndef CMD_CONFIGURE_SETUP_H
#define CMD_CONFIGURE_SETUP_H

#include "base/buf.h"
#include "cmd/configure_draft.h"
#include "cmd/context.h"
#include "cmd/prompt.h"
#include "conf/config.h"
#include "conf/providers.h"
#include "mail/address.h"

/* Where the password is to lie. */
enum setup_keep {
	SETUP_KEEP_NOWHERE, /* there is none, or it is typed each time */
	SETUP_KEEP_SAID,    /* where the command line says: it is there already */
	SETUP_KEEP_DESKTOP,
	SETUP_KEEP_KERNEL,
	SETUP_KEEP_FILE
};

struct setup {
	struct context *x;
	struct prompt prompt;
	struct address address;
	struct buf domain;               /* of the address, in A-labels */
	const struct provider *provider; /* or NULL */
	char *path;                      /* of the configuration */
	bool exists;
	enum config_trust trust;
	struct config there; /* what it holds already */
	char *name;          /* of the new account */
	char *relay;         /* its URL, NULL: the command line says where it is */
	struct buf found;    /* how it was found, a sentence; may be empty */
	bool no_login;       /* the relay asks for none */
	struct draft draft;
	enum setup_keep keep;
	char *password_path; /* of SETUP_KEEP_FILE */
	struct buf secret;   /* what is to be put there, wiped */
};

/* The last value that the command line has for a word of the configuration, or NULL. */
const char *setup_option(const struct setup *s, const char *key);
/* Whether the command line says where the relay is. */
bool setup_has_relay(const struct setup *s);
/* Adds a word of the command line to the draft; the name of a file becomes absolute. Returns 0,
 * or -1 with *error. */
int setup_add_option(const struct setup *s, struct draft *d, const struct options_setting *word,
		     struct error *error);
/* Adds the words of the command line to the draft, but those that say where a password is.
 * Returns 0, or -1 with *error. */
int setup_add_options(const struct setup *s, struct draft *d, struct error *error);

/* From here on the configuration is written: a signal that ends us says so. */
void setup_is_written(void);

#endif
