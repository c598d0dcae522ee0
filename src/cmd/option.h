/*
 * The command line: what it may say, and its parser. The options are rows of option_table.h.
 *
 * The rules are those of sendmail rather than of getopt_long(3): options and operands in any
 * order, values glued or in the next word, letters in clusters (-ti), and letters that take a
 * value only when it is glued, so that a bare -q never eats a recipient. Called as sendmail,
 * send-mail, mailq, runq or newaliases no option opens a file it names or runs a command it
 * names, and what is unknown is passed over with a note, but for the long options of our other
 * names: they are refused, so that --dry-run never sends. Called by any other name there are
 * those besides, and what is unknown is an error.
 */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum options_mode {
	MODE_SUBMIT,
	MODE_BATCH, /* options.files */
	MODE_SERVER_INFO,
	MODE_VERIFY_ADDRESS, /* options.address */
	MODE_TRUST_RELAY,    /* options.relay_key */
	MODE_RESOLVE,        /* -bv: options.recipients */
	MODE_NEWALIASES,     /* -bi */
	MODE_DOCTOR,         /* options.account, options.json, options.send_test */
	MODE_QUEUE_LIST,     /* options.list, options.json, options.verbose */
	MODE_QUEUE_SHOW,     /* options.ids, options.json */
	MODE_QUEUE_STEER,    /* options.steer, options.ids */
	MODE_QUEUE_CHECK,    /* options.older_than, options.older_critical */
	MODE_SERVE,          /* -bs */
	MODE_LISTEN,         /* options.listen or .catch, options.detach, options.max_* */
	MODE_QUEUE_RUN,      /* options.queue_every, options.queue_id and so on */
	MODE_CONFIG_CHECK,   /* -bC */
	MODE_SHOW_CONFIG,    /* options.one */
	MODE_IMPORT,         /* options.import, options.with_passwords */
	MODE_CONFIGURE,      /* options.address, .keyring, .probe, .system, .yes, .dry_run */
	MODE_VERSION,
	MODE_HELP,
	MODE_UNAVAILABLE /* one that we do not have: an error once all is read */
};

/* What was said of a line that is just a dot. */
enum options_dot {
	OPTIONS_DOT_UNSET, /* nothing: the name we were called by and standard input decide */
	OPTIONS_DOT_ENDS,  /* -oifalse: it ends the message */
	OPTIONS_DOT_STAYS  /* -i: it is a line like others */
};

/* What is shown of the queue. */
enum options_list {
	OPTIONS_LIST_MESSAGES,
	OPTIONS_LIST_COUNT, /* -bP: how many messages */
	OPTIONS_LIST_RELAYS /* -bh: the relays that are left alone for now */
};

/* What is done to entries of the queue. */
enum options_steer {
	OPTIONS_RETRY,
	OPTIONS_REMOVE,
	OPTIONS_CANCEL,
	OPTIONS_HOLD,
	OPTIONS_RELEASE
};

/* A word of the configuration given on the command line, for keys_set_value(). */
struct options_setting {
	char *key;   /* as in the configuration: with underscores */
	char *value; /* NULL: none was given */
};

/* An option of those that compose a message. */
struct options_piece {
	const char *name; /* the long one, of the table; not owned */
	char *value;      /* without line ends, but in --body; NULL: it takes none */
};

/* What the command line says. Strings are owned; NULL means not given. */
struct options {
	bool sendmail; /* called by a name of sendmail's */
	bool msmtp;    /* called msmtp */
	bool rmail;    /* called rmail: one of sendmail's names, but with operands alone */
	enum options_mode mode;
	const char *mode_name;  /* of MODE_UNAVAILABLE, "-bt (address test)"; not owned */
	const char *instead;    /* what to do then; not owned */
	struct strv recipients; /* operands and --to as they came: each an address list */
	struct strv files;      /* MODE_BATCH: operands, which are files then */
	struct strv to;         /* --to; with the others in recipients when all is read */
	bool read_recipients;   /* -t */
	bool no_aliases;        /* -n */
	enum options_dot dot;
	char *sender; /* -f as it came: "", "<>", "a@b", "<a@b>" */
	bool read_envelope_from;
	char *full_name;    /* -F; holds no control character */
	char *envelope_id;  /* -V, checked */
	int hold_for;       /* --hold-for: seconds, 0: not */
	int64_t hold_until; /* --hold-until: seconds since the epoch, 0: not */
	int64_t release; /* --at, --hold: keep it until then, seconds since the epoch; 0: not */
	bool verbose;
	bool brief;    /* --quiet: nothing is said but of what fails */
	bool quiet;    /* -eq: of what becomes of a message the exit status tells alone */
	unsigned hops; /* -h: relays that had it before us */
	char *log_tag; /* -L: our name in syslog, "pennypost/TAG" */
	bool dry_run;
	bool one;          /* --pretend of msmtp's: one account, whoever it is */
	char *config_file; /* -C, not under a name of sendmail's */
	char *account;     /* -a, likewise */
	char *address;     /* --verify-address, --configure */
	char *import;      /* --import: the other program's name */
	bool with_passwords;
	char *relay_key;    /* --trust-relay */
	bool send_test;     /* --send-test */
	char *test_address; /* its address; NULL: the account's own */
	char *keyring;      /* --keyring: "kernel", "desktop" */
	bool probe;
	bool system;
	bool yes;
	enum options_steer steer;
	struct strv ids;                  /* of entries of the queue, or "all" */
	enum options_list list;           /* MODE_QUEUE_LIST */
	bool json;                        /* --json */
	int older_than;                   /* --older-than: seconds, 0: not said */
	int older_critical;               /* its second time, likewise */
	int queue_every;                  /* -q15m: seconds; 0: once */
	bool due;                         /* --due: with -q, only what is */
	char *queue_id;                   /* -qI */
	char *queue_recipient;            /* -qR */
	char *queue_sender;               /* -qS */
	struct options_setting *settings; /* in their order */
	size_t setting_count;
	struct options_piece *pieces; /* in their order. Where there are any, standard input is
					 text and no message */
	size_t piece_count;
	struct strv listen;  /* --listen: HOST:PORT, unix:/path, systemd */
	char *catch;         /* --catch: the Maildir that keeps what comes */
	bool detach;         /* -bd: become a daemon */
	int max_connections; /* of clients; 0: not said, as with the next three */
	int max_size;        /* bytes of a message */
	int max_recipients;
	int max_time;      /* of a session, seconds */
	struct strv notes; /* for the log: what was passed over; complete sentences, escaped */
};

/* Reads the whole command line into *o, which is initialised here. Returns 0, or -1 with *error
 * (local, stage usage; stage unavailable for a mode that we do not have); options_clear() is
 * due either way. */
int options_parse(struct options *o, int argc, char *const argv[], struct error *error);
/* Whether --quiet counts: -v has the last word. */
bool options_are_brief(const struct options *o);
/* Whether --json is for the result of a submission. */
bool options_want_result(const struct options *o);
void options_clear(struct options *o);
/* Whether a name to be called by, or its path, is one of sendmail's. */
bool options_is_sendmail(const char *path);

#endif
