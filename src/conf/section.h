/*
 * An account added to a configuration file, or to a new one. Nothing that is there is changed
 * or lost: what is there and the new section go to a passing file beside it, which takes its
 * place when it is read as it is meant and is on the disk; until then the old one stands.
 */
#ifndef CONF_SECTION_H
#define CONF_SECTION_H

#include "conf/config.h"

struct section {
	const char *path; /* where it is a link, the file behind it */
	enum config_trust trust;
	const struct account *account; /* what it must come to, defaults of the file and all */
	struct span heading;           /* what a new file begins with */
	struct span text;              /* "account NAME" and its words, whole lines */
	bool secret;                   /* the file is to be closed to others from now on */
};

/* Adds it. A new file has mode 0600, or 0644 without a secret, and the directories above it are
 * made; an old one keeps owner and mode. Returns 0, or -1 with *error (local, stage config) and
 * everything as it was. */
int section_add(const struct section *s, struct error *error);

#endif
