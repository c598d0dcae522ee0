/*
 * The one error value: what failed, at which step, what the server said, what to do.
 *
 * A function that can fail takes a struct error as its last parameter and writes it only on
 * failure. The class is chosen once, where the error is born; error_exit_code() maps class and
 * stage to sysexits(3), and deliver/ maps the class to what happens to the message. The text is
 * complete as it stands, lower case, without a full stop, and holds no byte that a terminal or
 * a log could take for anything but text: server words and foreign names are escaped on the way
 * in (text_escape() of base/text.h).
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* Whose trouble it is. */
enum error_class {
	ERROR_NONE,
	ERROR_RECIPIENT, /* the relay refused a recipient for good */
	ERROR_MESSAGE,   /* the message or its sender is at fault, for good */
	ERROR_TEMPORARY, /* 4xx, a lost connection, a timeout: the same again may work later */
	ERROR_RELAY,     /* the relay, our account or trust in it: mending is needed */
	ERROR_LOCAL      /* usage, configuration, this machine */
};

/* The step that failed. Names are those of RFC 5321 where it has one. */
enum error_stage {
	STAGE_USAGE,   /* the command line */
	STAGE_CONFIG,  /* the configuration, and the secret it names */
	STAGE_INPUT,   /* reading the message, temporary files */
	STAGE_FILE,    /* a file that was named to be sent, or an editor for text */
	STAGE_SYNTAX,  /* an address or field of the message is malformed */
	STAGE_RESOLVE, /* looking up the relay's name */
	STAGE_CONNECT, /* TCP or unix socket */
	STAGE_TLS,     /* the handshake and the records */
	STAGE_TRUST,   /* the certificate does not prove who the relay is */
	STAGE_GREETING,
	STAGE_EHLO, /* also HELO and LHLO */
	STAGE_STARTTLS,
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,       /* DATA or BDAT, before the end of data */
	STAGE_VERDICT,    /* between the end of data and its reply: may have been delivered */
	STAGE_COMMAND,    /* NOOP, RSET, VRFY, QUIT */
	STAGE_PROTOCOL,   /* the relay does not keep to SMTP, at whatever step */
	STAGE_UNAVAILABLE /* a mode that we do not have */
};

enum { ERROR_TEXT_MAX = 2048 };

struct error {
	enum error_class class;
	enum error_stage stage;
	int code;        /* SMTP reply code, 0 if none */
	int enhanced[3]; /* enhanced status code (RFC 3463), all 0 if none */
	int number;      /* errno, 0 if none */
	char text[ERROR_TEXT_MAX];
};

/* Both write *e whole and return -1, so that a caller can return what they return. A text
 * beyond ERROR_TEXT_MAX - 1 bytes is cut at a character. The second appends ": " and
 * strerror(number). */
int error_set(struct error *e, enum error_class class, enum error_stage stage,
	      const char *format, ...) __attribute__((format(printf, 4, 5)));
int error_set_errno(struct error *e, enum error_class class, enum error_stage stage, int number,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A relay that seems to speak TLS in the other way than we do, from the first byte or by
 * STARTTLS: class relay, number EPROTOTYPE, so that who knows the configuration can say what to
 * write there. */
int error_set_wrong_tls(struct error *e, enum error_stage stage, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts text behind the text. Returns -1. */
int error_append(struct error *e, const char *text);
/* The answer to a failed allocation. */
int error_set_memory(struct error *e);
/* Puts "prefix: " before the text, without a second colon behind one; class and stage stay.
 * Returns -1. */
int error_prefix(struct error *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The exit status of sysexits(3) for an error: the one table, shown in pennypost(1). */
int error_exit_code(const struct error *e);

#endif
