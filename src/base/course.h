/*
 * The course of an attempt: the step it is at, the time that each took, and what has moved.
 *
 * Those who do the work (net/, smtp/, deliver/) note on the way what they do, for a caller who
 * wants a record or looks on; they show nothing themselves. Every function takes NULL, where
 * nobody asks, and costs a comparison then. Times are microseconds of the monotonic clock.
 */
#ifndef BASE_COURSE_H
#define BASE_COURSE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

enum course_step {
	COURSE_IDLE, /* between the others */
	COURSE_READ, /* the message, from its writer */
	COURSE_RESOLVE,
	COURSE_CONNECT,
	COURSE_PROXY,  /* is asked for the relay */
	COURSE_TLS,    /* STARTTLS, too */
	COURSE_WEIGH,  /* the message, for what the relay does not take */
	COURSE_HELLO,  /* the greeting, and what it is answered with */
	COURSE_SECRET, /* it is being obtained, from a person perhaps: nothing may be shown */
	COURSE_AUTH,
	COURSE_ENVELOPE,
	COURSE_DATA,
	COURSE_VERDICT, /* and what shows that it is one */
	COURSE_QUEUE,   /* into the queue */
	COURSE_STEPS
};

enum { COURSE_WAKE = 200 /* milliseconds: a wait is no longer without looking up */ };

struct course;

/* Who looks on. */
struct course_watch {
	/* Called with each step and whenever something has moved or COURSE_WAKE has passed; or
	 * NULL. It must not touch the course but to read it. */
	void (*look)(void *context, const struct course *c);
	void *context;
	bool wants_tls; /* what TLS came to, which takes some time to find out */
};

struct course {
	struct course_watch watch;
	enum course_step step;
	int64_t since; /* when it began */
	int64_t start;
	int64_t spent[COURSE_STEPS];
	uint64_t size, done;     /* bytes of the message, and those on their way; size 0: it
				    is not known */
	uint64_t sent, received; /* bytes of the conversation, without what TLS adds */
	unsigned round_trips;    /* waits for the relay's words, and in the TLS handshake */
	bool spoken;             /* we have, since the relay did */
	/* For a signal handler, which may look at any time. */
	volatile sig_atomic_t exposed; /* the end of data has left, and no verdict is there */
	volatile sig_atomic_t taken;   /* recipients who have it */
	/* The session: stays from one message to the next. */
	char host[256]; /* "": none was tried */
	int port;       /* 0: none, as with a unix socket */
	char address[64];
	int fd; /* its socket (borrowed), or -1 */
	bool has_tls;
	struct tls_info tls; /* has_tls and watch.wants_tls */
};

int64_t course_clock(void);
/* Copies the watch. */
void course_init(struct course *c, const struct course_watch *watch);
void course_clear(struct course *c);
/* A message: all but the session is new. */
void course_begin(struct course *c);
void course_enter(struct course *c, enum course_step step);
/* Ends the step under way. */
void course_rest(struct course *c);
/* The relay that is dialed; forgets the session before. */
void course_dial(struct course *c, const char *host, int port);
/* The message is read from its start. */
void course_open(struct course *c, uint64_t size);
/* Bytes of the message went on their way. */
void course_move(struct course *c, size_t len);
void course_note_sent(struct course *c, size_t len);
void course_note_received(struct course *c, size_t len);
/* When who waits for a deadline looks up first, which is by course_move() with nothing. */
int64_t course_wake(const struct course *c, int64_t deadline);
/* Waits until fd can be read, or the deadline, where somebody looks on; else not at all. */
void course_await(struct course *c, int fd, int64_t deadline);
/* Bytes that the system has taken and the relay has not: on a slow line, many. */
uint64_t course_unsent(const struct course *c);
/* As clock_poll(), looking up meanwhile. */
int course_poll(struct course *c, int fd, short events, int64_t deadline);

#endif
