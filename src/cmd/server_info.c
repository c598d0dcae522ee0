/* What a relay says of itself: see server_info.h. */
#include "cmd/server_info.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "deliver/relay_trust.h"

enum { SERVER_INFO_VALUE_MAX = 256 * 1024 };

/* One line; the value may come from the relay and is escaped. */
static void server_info_line(const char *label, struct span value)
{
	struct buf shown;

	buf_init(&shown, SERVER_INFO_VALUE_MAX);
	text_escape(&shown, value);
	printf("%s%s\n", label, shown.data);
	buf_clear(&shown);
}

static void server_info_reply(const char *label, const struct reply *r)
{
	struct buf shown;

	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	reply_show(r, &shown);
	printf("%s%s\n", label, shown.data);
	buf_clear(&shown);
}

static void server_info_capabilities(const char *title, const struct smtp *s)
{
	const struct capabilities *c = smtp_capabilities(s);

	printf("%s:\n", title);
	for (size_t i = 0; i < c->count; i++) {
		const struct capability *one = &c->items[i];
		struct buf line;

		buf_init(&line, REPLY_TEXT_MAX);
		buf_add_span(&line, one->keyword);
		if (one->parameters.len > 0)
			buf_add_char(&line, ' ');
		buf_add_span(&line, one->parameters);
		server_info_line("  ", buf_span(&line));
		buf_clear(&line);
	}
	if (c->count == 0)
		printf("  (nothing)\n");
}

static void server_info_date(const char *label, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm parts;
	char text[64];

	if (!gmtime_r(&when, &parts) ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		snprintf(text, sizeof(text), "%lld", (long long)seconds);
	printf("%s%s\n", label, text);
}

static void server_info_certificate(const struct tls_certificate *c, size_t n)
{
	printf("certificate %zu:\n", n);
	server_info_line("  subject: ", span_of(c->subject));
	server_info_line("  issuer: ", span_of(c->issuer));
	server_info_line("  names: ", span_of(c->names));
	server_info_line("  key: ", span_of(c->key));
	server_info_date("  valid from: ", c->not_before);
	server_info_date("  valid until: ", c->not_after);
	printf("  SHA-256: %s\n", c->sha256);
	printf("  SHA-1: %s\n", c->sha1);
	printf("  key: %s\n", c->pin);
}

/* The TLS session. Returns 0; -1 with *error when it should be trusted and is not. */
static int server_info_tls(const struct account *a, struct smtp *s, struct error *error)
{
	struct tls_info info = {0};
	int result = 0;

	if (smtp_tls_state(s, &info, error) < 0)
		return -1;
	server_info_line("TLS: ", span_of(info.version));
	server_info_line("cipher: ", span_of(info.cipher));
	if (info.sni)
		server_info_line("server name sent: ", span_of(info.sni));
	printf("trusted: %s\n", info.verified ? "yes" : "no");
	server_info_line("why: ", span_of(info.trust));
	for (size_t i = 0; i < info.chain_length; i++)
		server_info_certificate(&info.chain[i], i);
	if (!info.verified && a->tls_certcheck != SETTING_OFF)
		result = error_set(error, ERROR_RELAY, STAGE_TRUST, "%s", info.trust);
	tls_info_clear(&info);
	return result;
}

/* The whole of it, in the order in which a submission meets it. */
static int server_info_show(const struct account *a, struct smtp *s, struct error *error)
{
	struct course *course = conn_course(wire_conn(smtp_wire(s)));
	bool implicit = conn_is_tls(wire_conn(smtp_wire(s)));
	struct error distrust = {.class = ERROR_NONE};
	struct buf peer;

	buf_init(&peer, 300);
	conn_peer(wire_conn(smtp_wire(s)), &peer);
	server_info_line("address: ", buf_span(&peer));
	buf_clear(&peer);
	if (implicit)
		server_info_tls(a, s, &distrust);
	if (smtp_hello(s, error) < 0)
		return -1;
	course_rest(course);
	server_info_reply("greeting: ", smtp_greeting(s));
	server_info_capabilities(implicit ? "offered under TLS" : "offered before TLS", s);
	if (smtp_open(s, error) < 0)
		return -1;
	course_rest(course);
	if (!implicit && conn_is_tls(wire_conn(smtp_wire(s)))) {
		server_info_tls(a, s, &distrust);
		server_info_capabilities("offered under TLS", s);
	}
	smtp_leave(s);
	if (distrust.class != ERROR_NONE) {
		*error = distrust;
		return -1;
	}
	return 0;
}

int cmd_server_info(struct context *x)
{
	struct error error;
	const struct account *a = context_account(x, &error);
	struct relay_trust trust = {.is_first = false};
	struct relay_options relay;
	struct smtp *s;
	char shown[300];
	int result;

	if (!a)
		return context_fail(x, &error);
	context_attend(x, "nothing was sent");
	relay = context_relay(x, a);
	relay.inspect = true;
	relay.course = context_talk(x);
	s = relay_dial(&relay, &trust, &error);
	course_rest(relay.course);
	server_info_line("relay: ",
			 span_of(s ? smtp_where(s) : relay_show(a, shown, sizeof(shown))));
	if (!s)
		relay_blame(a, &error);
	result = s ? server_info_show(a, s, &error) : -1;
	if (s && result < 0)
		relay_advise(a, &error);
	smtp_free(s);
	relay_trust_clear(&trust);
	if ((fflush(stdout) != 0 || ferror(stdout)) && result == 0)
		result = error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, errno,
					 "cannot write to standard output");
	return result < 0 ? context_fail(x, &error) : 0;
}
