/* Sessions that outlive a message: see channel.h. */
#include "deliver/channel.h"

#include <stdio.h>
#include <stdlib.h>

#include "deliver/store.h"

void channel_init(struct channel *c, const struct relay_options *relay)
{
	*c = (struct channel){.relay = *relay};
	if (!relay->watch)
		return;
	course_init(&c->course, relay->watch);
	c->relay.course = &c->course;
}

/* Whether the open session takes another message after so many. */
static bool channel_has_room(const struct channel *c, uint64_t made)
{
	uint64_t most = capabilities_limit(smtp_capabilities(c->smtp), "MAILMAX");

	return most == 0 || made < most;
}

/* Whether the open session may carry one more. */
static bool channel_is_good(struct channel *c)
{
	return channel_has_room(c, c->made) && wire_is_idle(smtp_wire(c->smtp));
}

/* A session with the relay, unless the channel is broken. */
static void channel_open_session(struct channel *c)
{
	bool broken = c->broken.class != ERROR_NONE;
	struct error why = {0};

	if (c->smtp && !broken && channel_is_good(c)) {
		wire_set_limit(smtp_wire(c->smtp), relay_deadline(c->relay.account));
		return;
	}
	channel_close(c);
	c->where[0] = '\0';
	if (broken)
		return;
	c->smtp = relay_open(&c->relay, c->careful ? NULL : &c->login, &why);
	/* What was refused before another mechanism was taken stands there as well. */
	if (!c->smtp)
		c->broken = why;
	else
		snprintf(c->where, sizeof(c->where), "%s", smtp_where(c->smtp));
}

int channel_open(struct channel *c, struct error *error)
{
	if (!account_is_store(c->relay.account))
		channel_open_session(c);
	if (c->broken.class == ERROR_NONE)
		return 0;
	*error = c->broken;
	return -1;
}

/* What wants mending wants it for every message. */
static void channel_send_to_store(struct channel *c, struct smtp_transaction *t)
{
	store_send(&c->relay, t);
	if (t->trouble.class == ERROR_LOCAL && t->trouble.stage == STAGE_CONFIG)
		c->broken = t->trouble;
}

static void channel_send_to_relay(struct channel *c, struct smtp_transaction *t)
{
	t->careful = t->careful || c->careful;
	t->reused = c->made > 0;
	t->login = c->login.is_due ? &c->login.login : NULL;
	if (!channel_has_room(c, c->made + 1))
		t->follower = NULL;
	smtp_send(c->smtp, t);
	c->made++;
	if (t->again && t->login && t->trouble.stage == STAGE_AUTH)
		c->relay.refused = t->login->mechanism;
	if (t->login_said)
		relay_login_clear(&c->login);
	t->login = NULL;
	if (t->again) {
		c->careful = true;
		channel_close(c);
	} else if (t->trouble.class != ERROR_NONE && t->trouble.stage == STAGE_AUTH) {
		c->broken = t->trouble;
	}
}

void channel_send(struct channel *c, struct smtp_transaction *t)
{
	if (account_is_store(c->relay.account))
		channel_send_to_store(c, t);
	else
		channel_send_to_relay(c, t);
}

void channel_close(struct channel *c)
{
	if (c->smtp)
		smtp_leave(c->smtp);
	smtp_free(c->smtp);
	c->smtp = NULL;
	c->made = 0;
	relay_login_clear(&c->login);
}

void channel_clear(struct channel *c)
{
	channel_close(c);
	course_clear(c->relay.course);
}

struct channel *channels_get(struct channels *all, const struct relay_options *relay)
{
	struct channel *c;

	STAILQ_FOREACH (c, all, next)
		if (c->relay.account == relay->account)
			return c;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	channel_init(c, relay);
	STAILQ_INSERT_TAIL(all, c, next);
	return c;
}

void channels_clear(struct channels *all)
{
	struct channel *c;

	while ((c = STAILQ_FIRST(all)) != NULL) {
		STAILQ_REMOVE_HEAD(all, next);
		channel_clear(c);
		free(c);
	}
}
