/*
 * A channel: the way to an account's relay, with a session that stays open between messages, so
 * that the next one needs no new connection; or to the place on this machine where its messages
 * are kept (deliver/store.h), where nothing stays open.
 *
 * A session that the relay has ended meanwhile, or that has carried as many messages as the
 * relay takes (RFC 9422: MAILMAX), is followed by a new one where the next message asks for it.
 * Trouble before MAIL (no connection, no trust, the login refused) would be every message's: it
 * breaks the channel for good, so that nothing is tried again and again.
 */
#ifndef DELIVER_CHANNEL_H
#define DELIVER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "deliver/relay.h"
#include "smtp/send.h"

struct channel {
	struct relay_options relay;
	struct course course; /* kept where relay.watch is set */
	struct smtp *smtp;    /* NULL: no session is open, as always without a relay */
	struct relay_login login;
	uint64_t made; /* transactions of this session */
	bool careful;  /* the relay did not understand a flight: one command at a time */
	char where[RELAY_NAME_MAX]; /* the relay of the last session; "": it could not be had */
	struct error broken; /* why no session can be had; class none: nothing is known */
	STAILQ_ENTRY(channel) next;
};

/* Channels, one an account. */
STAILQ_HEAD(channels, channel);

/* Copies the options; what they point to is borrowed. No session is opened yet. The channel
 * must not be moved. */
void channel_init(struct channel *c, const struct relay_options *relay);
/* A session for the next message: the open one where it still is good, else a new one. Returns
 * 0, or -1 with *error. */
int channel_open(struct channel *c, struct error *error);
/* One transaction over the open session, as smtp_send(); careful, reused and login are set
 * here, and follower is taken out where the session will not carry it. */
void channel_send(struct channel *c, struct smtp_transaction *t);
/* Leaves with QUIT where that is possible, and waits for nothing. The channel may be opened
 * again. */
void channel_close(struct channel *c);
/* The same for good. */
void channel_clear(struct channel *c);

/* The channel for relay->account: made where there is none yet. NULL without memory. */
struct channel *channels_get(struct channels *all, const struct relay_options *relay);
/* Closes and frees all of them. */
void channels_clear(struct channels *all);

#endif
