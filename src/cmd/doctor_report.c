/* What the doctor says: see doctor_report.h. */
#include "cmd/doctor_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cmd/advice.h"
#include "cmd/remedy.h"

/* Bytes of what is said, each of which may take six as JSON; and of its frame, with the name of
 * a file. */
enum { DOCTOR_SAID_MAX = 6 * (DOCTOR_TEXT_MAX + REMEDY_MAX + DOCTOR_TEXT_MAX) + 1024 };

static const char *const doctor_words[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_FAILURE] = "failure",
	[DOCTOR_UNCHECKED] = "not checked",
};

void doctor_init(struct doctor *d, struct context *x)
{
	*d = (struct doctor){.x = x, .why = ""};
	buf_init(&d->look.before, DOCTOR_NOTES_MAX);
	buf_init(&d->sender, 1024);
}

void doctor_clear(struct doctor *d)
{
	smtp_free(d->look.session);
	smtp_free(d->session);
	relay_trust_clear(&d->look.trust);
	tls_info_clear(&d->look.info);
	buf_clear(&d->look.before);
	buf_clear(&d->sender);
	account_clear(&d->account);
}

/* The account that is looked at, once there is one. */
static const struct account *doctor_account(const struct doctor *d)
{
	return d->has_account ? &d->account : NULL;
}

static void doctor_say_words(const struct doctor *d, enum doctor_status status,
			     const struct remedy *mend, const char *text)
{
	struct buf out;

	buf_init(&out, DOCTOR_SAID_MAX);
	buf_printf(&out, "%-11s  %-13s  ", doctor_words[status], d->check);
	text_escape(&out, span_of(text));
	if (mend && mend->kind != REMEDY_NONE) {
		buf_printf(&out, "\n%-11s  %-13s  ", "", "");
		remedy_show(mend, doctor_account(d), &out);
	}
	puts(out.data);
	buf_clear(&out);
}

static void doctor_json_mend(const struct doctor *d, const struct remedy *mend, struct json *j)
{
	static const char *const names[] = {[REMEDY_NONE] = "",
					    [REMEDY_LINE] = "line",
					    [REMEDY_COMMAND] = "command",
					    [REMEDY_DO] = "do"};
	struct buf file;

	json_name(j, "mend");
	json_open_object(j);
	json_name(j, names[mend->kind]);
	json_string(j, span_of(mend->text));
	buf_init(&file, DOCTOR_TEXT_MAX);
	if (mend->kind == REMEDY_LINE && d->has_account && remedy_file(&d->account, &file)) {
		json_name(j, "file");
		json_string(j, buf_span(&file));
		json_name(j, "account");
		json_string(j, span_of(d->account.name));
	}
	buf_clear(&file);
	json_close_object(j);
}

static void doctor_say_json(const struct doctor *d, enum doctor_status status,
			    const struct remedy *mend, const char *text)
{
	struct json j;
	struct buf out;

	buf_init(&out, DOCTOR_SAID_MAX);
	json_init(&j, &out);
	json_open_object(&j);
	json_name(&j, "check");
	json_string(&j, span_of(d->check));
	json_name(&j, "status");
	json_string(&j, span_of(doctor_words[status]));
	json_name(&j, "text");
	json_string(&j, span_of(text));
	if (mend && mend->kind != REMEDY_NONE)
		doctor_json_mend(d, mend, &j);
	json_close_object(&j);
	puts(out.data);
	buf_clear(&out);
}

static void doctor_say(struct doctor *d, enum doctor_status status, const struct remedy *mend,
		       const char *text)
{
	course_rest(context_talk(d->x));
	progress_begin(d->x->progress);
	if (d->x->options.json)
		doctor_say_json(d, status, mend, text);
	else
		doctor_say_words(d, status, mend, text);
	fflush(stdout);
}

/* What is too long is cut, and said all the same. */
static void __attribute__((format(printf, 2, 0)))
doctor_format(char text[DOCTOR_TEXT_MAX], const char *format, va_list ap)
{
	vsnprintf(text, DOCTOR_TEXT_MAX, format, ap);
	text_cut(text);
}

void doctor_ok(struct doctor *d, const char *format, ...)
{
	char text[DOCTOR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	doctor_format(text, format, ap);
	va_end(ap);
	doctor_say(d, DOCTOR_OK, NULL, text);
}

void doctor_warn(struct doctor *d, const struct remedy *mend, const char *format, ...)
{
	char text[DOCTOR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	doctor_format(text, format, ap);
	va_end(ap);
	d->warnings++;
	doctor_say(d, DOCTOR_WARNING, mend, text);
}

void doctor_fail(struct doctor *d, int code, const struct remedy *mend, const char *format, ...)
{
	char text[DOCTOR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	doctor_format(text, format, ap);
	va_end(ap);
	d->passed = false;
	if (d->failures++ == 0) {
		d->first = d->check;
		d->code = code;
	}
	doctor_say(d, DOCTOR_FAILURE, mend, text);
}

/* The command that shows more. */
static void doctor_say_again(const struct context *x, struct buf *out)
{
	buf_add_string(out, "pennypost -v --doctor");
	if (x->options.config_file) {
		buf_add_string(out, " -C ");
		text_quote(out, x->options.config_file);
	}
	if (x->options.account) {
		buf_add_string(out, " -a ");
		text_quote(out, x->options.account);
	}
}

/* What is known of an error, or else whom to ask. Returns whether it can only be waited for. */
static bool doctor_find_remedy(const struct doctor *d, const struct error *error,
			       struct remedy *found, struct buf *meaning)
{
	struct buf command;
	bool waits = false;

	if (remedy_find(doctor_account(d), &d->x->secrets, error, found, meaning, &waits))
		return waits;
	buf_init(&command, REMEDY_MAX);
	if (advice_command(error, &command)) {
		*found = remedy_command("%s", command.data);
	} else if (error->stage == STAGE_CONFIG) {
		*found = remedy_do("correct it by pennypost.conf(5)");
	} else {
		buf_reset(&command);
		doctor_say_again(d->x, &command);
		*found = remedy_do("ask the relay's operator; %s shows the conversation",
				   command.data);
	}
	buf_clear(&command);
	return false;
}

void doctor_fail_error(struct doctor *d, const struct error *error, const struct remedy *mend)
{
	struct remedy found = {.kind = REMEDY_NONE};
	struct buf meaning;
	bool waits = false;

	buf_init(&meaning, DOCTOR_TEXT_MAX);
	if (!mend || mend->kind == REMEDY_NONE) {
		waits = doctor_find_remedy(d, error, &found, &meaning);
		mend = &found;
	}
	if (waits && d->account.queue != SETTING_OFF) {
		d->passed = false;
		doctor_warn(d, mend, "%s%s", error->text, meaning.data);
	} else {
		if (waits)
			found = remedy_line("queue on");
		doctor_fail(d, error_exit_code(error), mend, "%s%s", error->text, meaning.data);
	}
	buf_clear(&meaning);
}

void doctor_unchecked(struct doctor *d, const char *because)
{
	char text[80];

	d->passed = false;
	snprintf(text, sizeof(text), "because of %s", because);
	doctor_say(d, DOCTOR_UNCHECKED, NULL, text);
}

static void doctor_conclude_json(const struct doctor *d)
{
	struct json j;
	struct buf out;

	buf_init(&out, DOCTOR_TEXT_MAX);
	json_init(&j, &out);
	json_open_object(&j);
	json_name(&j, "mail_would_go");
	json_bool(&j, d->failures == 0);
	json_name(&j, "failures");
	json_number(&j, d->failures);
	json_name(&j, "warnings");
	json_number(&j, d->warnings);
	json_name(&j, "first_failure");
	if (d->first)
		json_string(&j, span_of(d->first));
	else
		json_null(&j);
	json_name(&j, "exit");
	json_number(&j, d->code);
	json_close_object(&j);
	puts(out.data);
	buf_clear(&out);
}

int doctor_conclude(struct doctor *d)
{
	if (d->x->options.json)
		doctor_conclude_json(d);
	else if (d->failures > 0)
		printf("mail would not go as it should: begin with %s\n", d->first);
	else if (d->warnings > 0)
		printf("mail would go, with %u warning%s\n", d->warnings,
		       d->warnings == 1 ? "" : "s");
	else
		printf("mail would go\n");
	return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0;
}
