/*
 * Names made addresses, in envelope and header: aliases, this machine's own domains, and the
 * domain that completes what has none.
 */
#ifndef DELIVER_NAMING_H
#define DELIVER_NAMING_H

#include "base/error.h"
#include "conf/aliases.h"
#include "conf/local.h"
#include "deliver/submission.h"
#include "mail/rewrite.h"

/* Zero it before use. */
struct naming {
	struct aliases *aliases; /* NULL: none apply */
	struct local local;
};

/* Puts in place of the submission's recipients what the aliases of its account make of them,
 * unless the request wants none, and sees whether they hold for its sender; what is refused
 * there is added to its warnings, and who by that is not reached to its refused. Returns 0, or
 * -1 with *error (aliases_apply()). */
int naming_resolve(struct naming *n, struct submission *s,
		   const struct submission_request *request, struct error *error);
/* Whom to tell of a message that a name of this machine has sent, by its reverse-path: appends
 * what the account's aliases, as they are now, make of the name, completed by domain; the path
 * itself where they do not know it or lead nowhere. Returns 0, or -1 without memory. */
int naming_find_sender(const struct account *a, const char *path, const char *domain,
		       struct address_list *list);
/* What bare addresses are completed with: the account's domain, else our full name, else our
 * bare one, so that a relay which refuses it names us. Never the domain of `from`: a local
 * "root" must not become somebody else's root at a large provider. needed: it may be looked up.
 */
void naming_find_domain(struct submission *s, bool needed);
/* Rewrites a part of the header (mail/rewrite.h) by the same aliases and domain, unless the
 * account wants that left alone. Where no alias helps and no domain is known, names stay.
 * Returns 0, or -1 with *error. */
int naming_rewrite(struct naming *n, struct submission *s, enum rewrite_part part,
		   struct error *error);
void naming_clear(struct naming *n);

#endif
