/*
 * What another program's configuration comes to in ours: lines in order, words and remarks. One
 * file a program reads text and adds lines; this one keeps, judges and writes them.
 *
 * Nothing here opens a file or runs a command. Text is foreign: a word is tried on an account
 * before it is taken, and what ours would refuse, or would read as more than it says, becomes a
 * remark. Safe ways are not given up on the way: where the other program did not check
 * certificates or said passwords in the clear, ours does not, and a remark that begins with
 * "UNSAFE" says so.
 *
 * A call that finds no memory marks the whole as failed; later ones do nothing.
 */
#ifndef CONF_IMPORT_H
#define CONF_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "conf/account.h"

enum { IMPORT_TEXT_MAX = 1024 * 1024, IMPORT_OUT_MAX = 16 * 1024 * 1024 };

enum import_kind { IMPORT_BLANK, IMPORT_REMARK, IMPORT_WORD };

struct import_line {
	enum import_kind kind;
	char *word;  /* of IMPORT_WORD */
	char *value; /* NULL: none; the text of a remark */
};

/* A file of the other program's, as it was found. */
struct import_source {
	const char *path; /* for remarks */
	struct span text;
	bool there;
	bool read_by_others;
	bool written_by_others;
};

struct import {
	struct import_line *lines;
	size_t count, cap;
	bool failed;
	bool secret;          /* there is a password among them */
	struct account trial; /* what the words of the section come to */
	const char *home;     /* for "~/" in what is tried; may be NULL */
};

enum import_tls {
	IMPORT_TLS_NONE,
	IMPORT_TLS_OFFERED,
	IMPORT_TLS_STARTTLS,
	IMPORT_TLS_IMPLICIT
};

/* A relay, as the other program used it. */
struct import_relay {
	const char *program;
	const char *host; /* "name", "name:port", "[address]:port", "address" */
	const char *port; /* if host has none */
	enum import_tls tls;
	bool verified; /* it looked at the certificate */
	bool login;
};

/* Reads the files that its program has, in the order that its header names. */
typedef void import_reader(struct import *out, const struct import_source *files);

void import_clear(struct import *i);
void import_blank(struct import *i);
void import_remark(struct import *i, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "account NAME", with a blank line before it. */
void import_account(struct import *i, const char *name);
bool import_has_account(const struct import *i, const char *name);
/* "defaults", likewise. */
void import_defaults(struct import *i);
/* A word whose value is taken as it stands; NULL or empty: nothing is added. */
void import_word(struct import *i, const char *word, const char *value);
/* The same of a value in which %U and its like are ours. */
void import_pattern(struct import *i, const char *word, const char *value);
/* A line that is in our words already; its value may be NULL. Nothing is tried of what only the
 * machine can tell. */
void import_ours(struct import *i, const char *word, const char *value);
/* A line of the grammar's own, as it is. */
void import_raw(struct import *i, const char *word, const char *value);
/* host, port and the words of TLS. */
void import_relay(struct import *i, const struct import_relay *r);
/* What is wrong with a file itself; secret: it is the one that may hold a password. */
void import_judge(struct import *i, const struct import_source *source, bool secret);
/* A remark that a line is not known to its program: it is named by its number, because what
 * stands there may be a part of a password. */
void import_unknown(struct import *i, const struct import_source *source, const char *at);

/* The next line of a text, without blanks around it; false at the end. */
bool import_next_line(struct span *text, struct span *line);
/* The first line of a source, trimmed, as a string that the caller frees; NULL: none. */
char *import_first_line(const struct import_source *source);

/* All of it as text. Without secrets a password is a remark on how to give it. */
void import_write(const struct import *i, bool secrets, struct buf *out);

#endif
