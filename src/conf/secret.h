/*
 * Getting the password of an account, at the moment it is needed and not before.
 *
 * In this order: the one of `password`, `passwordeval`, `password_file`, `password_credential`,
 * `password_keyring` that the account has; if it has none, the environment's password file, the
 * systemd credential SECRET_CREDENTIAL if there is one, ~/.netrc by host and user, the
 * desktop's keyring where there is a desktop, a prompt when there is a terminal to ask on. A
 * source that is named and fails is an error; the next one is not tried.
 */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

enum {
	SECRET_MAX = 12 * 1024,
	SECRET_NAME_MAX = 1024,         /* of a key in the kernel's keyring */
	SECRET_COMMAND_TIME = 60 * 1000 /* milliseconds for a command that knows one */
};

#define SECRET_CREDENTIAL "pennypost.password"

/* Variables of our environment that hold secrets: no command inherits them. NULL ends the list.
 */
extern const char *const secret_environment[];

/* What the world around offers; cmd/ fills it from the environment. */
struct secret_sources {
	const char *password_file;         /* PENNYPOST_PASSWORD_FILE, or NULL */
	const char *credentials_directory; /* CREDENTIALS_DIRECTORY, or NULL */
	const char *netrc;                 /* path of ~/.netrc, or NULL */
	bool desktop;                      /* a desktop's session bus is there: its keyring
					      may be asked */
	bool may_prompt;                   /* a person sits at the terminal */
};

/* What a person, netrc and keyrings call the account's relay. */
const char *secret_host(const struct account *a);
/* Appends what `password_keyring kernel` calls its key: "pennypost:USER@HOST". */
void secret_key_name(const struct account *a, struct buf *out);
/* Whether only a person at the terminal can tell the account's secret: no command, file or
 * credential has it, so nobody could log in later without him. */
bool secret_is_typed(const struct account *a, const struct secret_sources *sources);
/* As secret_get(), of the user of the account's proxy, who has one. */
int secret_get_proxy(const struct account *a, struct buf *out, struct error *error);
/* Appends the secret to out, a freshly initialised buffer of SECRET_MAX that the caller wipes.
 * One line end at its end is removed; an empty one, and NUL, CR or LF inside, are refused. A
 * file that the account names, and netrc, must belong to root or the user and be closed to
 * group and others; of one that the environment names (a container's secret, open to all who
 * live there) and of a credential only writing by others is refused. Returns 0, or -1 with
 * *error (local, stage config: exit 78) that says where it looked. */
int secret_get(const struct account *a, const struct secret_sources *sources, struct buf *out,
	       struct error *error);
/* Likewise the password of the TLS client's key, or the PIN of its token; nothing is appended
 * where the account names none. */
int secret_get_key(const struct account *a, struct buf *out, struct error *error);

#endif
