/* The one error value: see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"

/* For a class that has no exit status of its own. */
static const int stage_codes[] = {
	[STAGE_USAGE] = EX_USAGE,         [STAGE_CONFIG] = EX_CONFIG,
	[STAGE_INPUT] = EX_IOERR,         [STAGE_FILE] = EX_NOINPUT,
	[STAGE_SYNTAX] = EX_DATAERR,      [STAGE_RESOLVE] = EX_NOHOST,
	[STAGE_CONNECT] = EX_TEMPFAIL,    [STAGE_TLS] = EX_PROTOCOL,
	[STAGE_TRUST] = EX_UNAVAILABLE,   [STAGE_GREETING] = EX_PROTOCOL,
	[STAGE_EHLO] = EX_PROTOCOL,       [STAGE_STARTTLS] = EX_PROTOCOL,
	[STAGE_AUTH] = EX_NOPERM,         [STAGE_MAIL] = EX_UNAVAILABLE,
	[STAGE_RCPT] = EX_UNAVAILABLE,    [STAGE_DATA] = EX_UNAVAILABLE,
	[STAGE_VERDICT] = EX_UNAVAILABLE, [STAGE_COMMAND] = EX_PROTOCOL,
	[STAGE_PROTOCOL] = EX_PROTOCOL,   [STAGE_UNAVAILABLE] = EX_UNAVAILABLE,
};

int error_exit_code(const struct error *e)
{
	switch (e->class) {
	case ERROR_NONE: return EX_OK;
	case ERROR_TEMPORARY: return EX_TEMPFAIL;
	case ERROR_RECIPIENT: return EX_NOUSER;
	case ERROR_MESSAGE:
	case ERROR_RELAY:
	case ERROR_LOCAL: break;
	}
	return stage_codes[e->stage];
}

static void error_vset(struct error *e, enum error_class class, enum error_stage stage,
		       const char *format, va_list ap) __attribute__((format(printf, 4, 0)));

static void error_vset(struct error *e, enum error_class class, enum error_stage stage,
		       const char *format, va_list ap)
{
	*e = (struct error){.class = class, .stage = stage};
	vsnprintf(e->text, sizeof(e->text), format, ap);
	text_cut(e->text);
}

int error_set(struct error *e, enum error_class class, enum error_stage stage,
	      const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	error_vset(e, class, stage, format, ap);
	va_end(ap);
	return -1;
}

int error_set_errno(struct error *e, enum error_class class, enum error_stage stage, int number,
		    const char *format, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, format);
	error_vset(e, class, stage, format, ap);
	va_end(ap);
	e->number = number;
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", strerror(number));
	return -1;
}

int error_set_wrong_tls(struct error *e, enum error_stage stage, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	error_vset(e, ERROR_RELAY, stage, format, ap);
	va_end(ap);
	e->number = EPROTOTYPE;
	return -1;
}

int error_append(struct error *e, const char *text)
{
	size_t len = strlen(e->text);

	snprintf(e->text + len, sizeof(e->text) - len, "%s", text);
	text_cut(e->text);
	return -1;
}

int error_set_memory(struct error *e)
{
	return error_set_errno(e, ERROR_TEMPORARY, STAGE_INPUT, ENOMEM, "out of memory");
}

int error_prefix(struct error *e, const char *format, ...)
{
	char old[ERROR_TEXT_MAX];
	va_list ap;
	size_t len;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, "%s %s",
		 len > 0 && e->text[len - 1] == ':' ? "" : ":", old);
	text_cut(e->text);
	return -1;
}
