/*
 * The system calls that leave something behind outside the process, and what they act on.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum call_kind {
	CALL_OPEN,  /* creates or truncates, by its flags */
	CALL_NAMES, /* changes a directory */
	CALL_DATA,  /* changes what is in a file, or says something to a peer */
	CALL_SYNC,  /* fsync and fdatasync */
	CALL_LOCK,  /* flock and the locks of fcntl */
	CALL_CLOSE,
	CALL_PROCESS, /* fork, exit, kill */
	CALL_PEER,    /* connect, shutdown */
	CALL_READ     /* of standard input: leaves nothing, but may fail */
};

struct call {
	long number;
	const char *name;
	enum call_kind kind;
	int directory; /* argument with the descriptor that path is relative to, -1: none */
	int path;      /* argument with the path, -1: none */
	int fd;        /* argument with the descriptor, -1: none */
	int flags;     /* of CALL_OPEN: argument with the flags */
};

/* A system call at its beginning. */
struct called {
	pid_t pid;
	const struct call *call;
	uint64_t arguments[6];
	char target[4096]; /* the path it acts on, or what /proc calls its descriptor */
};

/* Fills *c for the call `number` of pid. Returns whether it leaves anything behind. */
bool call_look(struct called *c, pid_t pid, long number, const uint64_t arguments[6]);
/* The flags of a CALL_OPEN. */
int call_open_flags(const struct called *c);
/* Whether its target is in that folder. */
bool call_is_below(const struct called *c, const char *folder);
/* Whether it returns at once whatever others do: then it can be waited for. */
bool call_is_quick(const struct called *c);

#endif
