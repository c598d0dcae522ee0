/*
 * Getting the password of an account, at the moment it is needed and not before.
 *
 * In this order: `password`, `passwordeval`, `password_file`, the environment's password file,
 * a systemd credential, ~/.netrc by host and user, a prompt when there is a terminal to ask on.
 */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

enum { SECRET_MAX = 12 * 1024 };

/* What the world around offers; cmd/ fills it from the environment. */
struct secret_sources {
	const char *password_file;         /* PENNYPOST_PASSWORD_FILE, or NULL */
	const char *credentials_directory; /* CREDENTIALS_DIRECTORY, or NULL */
	const char *netrc;                 /* path of ~/.netrc, or NULL */
	bool may_prompt;                   /* a person sits at the terminal */
};

/* Appends the secret to out, a freshly initialised buffer of SECRET_MAX that the caller wipes.
 * One line end at its end is removed; NUL, CR and LF inside are refused. Returns 0, or -1 with
 * *error (local, stage config: exit 78) that says where it looked. */
int secret_get(const struct account *a, const struct secret_sources *sources, struct buf *out,
	       struct error *error);
/* The password that a netrc file holds for host and user. 1 found, 0 not, -1 error. */
int secret_from_netrc(struct span text, const char *host, const char *user, struct buf *out,
		      struct error *error);

#endif
