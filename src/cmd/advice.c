/* What to do about a failure: see advice.h. */
#include "cmd/advice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"

enum { ADVICE_WORDS_MAX = 8 };

/* What must be so for a row to fit. */
enum {
	IF_LOGIN = 1 << 0,
	IF_NO_LOGIN = 1 << 1,
	IF_BARE_USER = 1 << 2, /* the login is a name without a domain */
	IF_USER_ADDRESS = 1 << 3,
	IF_PORT_25 = 1 << 4,
	IF_FAR = 1 << 5 /* the relay is not on this machine */
};

#define AT(stage)  (1U << (stage))
#define AT_ANY     (~0U)
#define AT_SESSION (AT(STAGE_GREETING) | AT(STAGE_EHLO) | AT(STAGE_AUTH) | AT_SENDING)
#define AT_SENDING (AT(STAGE_MAIL) | AT(STAGE_RCPT) | AT(STAGE_DATA) | AT(STAGE_VERDICT))

struct advice_row {
	unsigned stages;
	unsigned conditions;
	int code;        /* 0: any; 4 or 5: of that class */
	int enhanced[3]; /* all 0: any */
	int number;      /* errno; 0: any */
	const char *words[ADVICE_WORDS_MAX];
	struct advice advice;
};

/* clang-format off */
static const struct advice_row rows[] = {
	/* The login. */
	{AT(STAGE_AUTH), IF_LOGIN, 534, {5, 7, 9}, 0, {NULL},
	 {"application-password", "the provider wants a password made for programs", ADVICE_PASSWORD, ""}},
	{AT(STAGE_AUTH), IF_LOGIN, 0, {0}, 0,
	 {"application-specific", "application password", "app password", "app-specific"},
	 {"application-password", "the provider wants a password made for programs", ADVICE_PASSWORD, ""}},
	{AT(STAGE_AUTH), IF_USER_ADDRESS, 535, {5, 7, 139}, 0, {"smtpclientauthentication", "disabled for the"},
	 {"smtp-auth-disabled", "the organisation has turned SMTP AUTH off", ADVICE_DO,
	  "its administrator says in the shell of Exchange: Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false"}},
	{AT(STAGE_AUTH), 0, 0, {0}, 0, {"basic authentication is disabled", "basic auth"},
	 {"basic-authentication", "the provider takes no passwords any more, only tokens of OAuth 2.0 (passwordeval writes one)",
	  ADVICE_LINE, "auth xoauth2"}},
	{AT(STAGE_AUTH), 0, 535, {5, 7, 139}, 0, {NULL},
	 {"smtp-auth-disabled", "a rule of the organisation forbids this login", ADVICE_DO,
	  "ask its administrator for authenticated SMTP for this mailbox"}},
	{AT(STAGE_AUTH), 0, 454, {4, 7, 0}, 0, {"too many"},
	 {"rate-limit", "too many logins: the provider has locked them for a while", ADVICE_LINE, "connections 1"}},
	{AT_SESSION, 0, 421, {0}, 0, {"too many", "too much", "concurrent", "rate"},
	 {"rate-limit", "the relay has had too much of us for now", ADVICE_LINE, "connections 1"}},
	{AT(STAGE_AUTH), 0, 4, {0}, 0, {NULL},
	 {"login-later", "the relay cannot check logins now", ADVICE_WAIT, "try again in a while"}},
	{AT(STAGE_AUTH), 0, 538, {0}, 0, {NULL},
	 {"needs-tls", "the relay wants TLS before a password", ADVICE_LINE, "tls on"}},
	{AT(STAGE_AUTH) | AT_SENDING, 0, 530, {0}, 0, {"starttls", "secure connection"},
	 {"needs-tls", "the relay wants TLS first", ADVICE_LINE, "tls on"}},
	{AT(STAGE_AUTH), IF_LOGIN | IF_BARE_USER, 535, {0}, 0, {NULL},
	 {"bare-user", "the relay does not know the login, or the password is wrong; most want the whole address as the login",
	  ADVICE_LINE, "user {from}"}},
	{AT(STAGE_AUTH), IF_LOGIN, 535, {0}, 0, {NULL},
	 {"password", "the password is wrong, or has been withdrawn, or a password made for programs is wanted (as with two-step verification)",
	  ADVICE_PASSWORD, ""}},
	{AT(STAGE_AUTH), 0, 534, {0}, 0, {NULL},
	 {"mechanism", "the mechanism is too weak for the relay", ADVICE_LINE, "auth strong"}},

	/* Who we are, for the relay. */
	{AT_ANY, IF_PORT_25 | IF_FAR, 5, {0}, 0,
	 {"spamhaus", "block list", "blocklist", "blacklist", "dnsbl", " rbl", "blocked using"},
	 {"block-list", "this machine's address is on a list of those that send spam, as the addresses of homes are",
	  ADVICE_PORT, "587"}},
	{AT_ANY, 0, 5, {0}, 0,
	 {"spamhaus", "block list", "blocklist", "blacklist", "dnsbl", " rbl", "blocked using"},
	 {"block-list", "this machine's address is on a list of those that send spam", ADVICE_DO,
	  "ask the keeper of the list, whom the relay names, to take the address off, or send by another relay"}},
	{AT_ANY, IF_PORT_25 | IF_FAR, 0, {0}, 0,
	 {"reverse dns", "ptr record", "reverse hostname", "rdns", "5.7.25", "reverse lookup"},
	 {"no-ptr", "the DNS has no name for this machine's address, which port 25 asks for", ADVICE_PORT, "587"}},
	{AT_ANY, 0, 0, {0}, 0,
	 {"reverse dns", "ptr record", "reverse hostname", "rdns", "5.7.25", "reverse lookup"},
	 {"no-ptr", "the DNS has no name for this machine's address", ADVICE_DO,
	  "let the provider of the address set its reverse name (PTR)"}},
	{AT(STAGE_EHLO), 0, 5, {0}, 0, {NULL},
	 {"own-name", "the relay does not like the name that we give in EHLO", ADVICE_LINE, "domain {domain}"}},
	{AT_SENDING, 0, 5, {0}, 0, {"helo command", "helo name", "ehlo name", "invalid helo", "fully-qualified hostname", "need fully-qualified host"},
	 {"own-name", "the relay does not like the name that we give in EHLO", ADVICE_LINE, "domain {domain}"}},

	/* Sender and recipient. */
	{AT(STAGE_SYNTAX), 0, 0, {0}, 0, {NULL},
	 {"no-address", "no mail can come from there", ADVICE_DO,
	  "write an address such as ann@example.org behind \"from\""}},
	{AT_SENDING, 0, 0, {0}, 0, {"cannot be written in ascii"},
	 {"no-smtputf8", "the relay knows no other letters in addresses", ADVICE_DO,
	  "write an address in ASCII behind \"from\", or send by a relay that offers SMTPUTF8"}},
	{AT_SENDING, IF_USER_ADDRESS, 5, {0}, 0,
	 {"not owned by", "sendasdenied", "not allowed to send as", "not permitted to send as", "send as", "5.7.60", "not your address"},
	 {"not-owner", "the login may not send from this address", ADVICE_LINE, "from {user}"}},
	{AT_SENDING, IF_USER_ADDRESS, 554, {5, 2, 252}, 0, {NULL},
	 {"not-owner", "the login may not send from this address", ADVICE_LINE, "from {user}"}},
	{AT_SENDING, 0, 5, {0}, 0,
	 {"not owned by", "sendasdenied", "not allowed to send as", "not permitted to send as", "send as", "5.7.60", "not your address"},
	 {"not-owner", "the login may not send from this address", ADVICE_DO,
	  "write an address of the login behind \"from\", or have the provider allow this one"}},
	{AT_SENDING, IF_NO_LOGIN, 530, {0}, 0, {NULL},
	 {"needs-login", "the relay wants a login before mail", ADVICE_LINE, "auth on"}},
	{AT_SENDING, IF_NO_LOGIN, 5, {0}, 0, {"authentication required", "authentication is required", "not authenticated", "must authenticate"},
	 {"needs-login", "the relay wants a login before mail", ADVICE_LINE, "auth on"}},
	{AT_SENDING, IF_NO_LOGIN, 5, {0}, 0, {"relay access denied", "relaying denied", "unable to relay", "relay not permitted", "not relay"},
	 {"relay-denied", "the relay takes mail for others only from those who log in, or from addresses it knows", ADVICE_LINE, "auth on"}},
	{AT_SENDING, 0, 5, {0}, 0, {"relay access denied", "relaying denied", "unable to relay", "relay not permitted", "not relay"},
	 {"relay-denied", "the relay takes no mail for others on this port, even from this login", ADVICE_PORT, "587"}},
	{AT(STAGE_MAIL), IF_USER_ADDRESS, 5, {0}, 0, {"domain not found", "does not exist", "unrouteable", "domain of sender", "5.1.8"},
	 {"sender-domain", "the DNS does not know the domain of the sender's address", ADVICE_LINE, "from {user}"}},
	{AT(STAGE_MAIL), IF_USER_ADDRESS, 553, {5, 7, 1}, 0, {NULL},
	 {"not-owner", "the login may not send from this address", ADVICE_LINE, "from {user}"}},
	{AT(STAGE_MAIL), IF_USER_ADDRESS, 550, {5, 7, 1}, 0, {NULL},
	 {"not-owner", "the login may not send from this address", ADVICE_LINE, "from {user}"}},
	{AT_SENDING, 0, 4, {0}, 0, {"greylist", "graylist", "grey-list", "greylisting"},
	 {"greylisting", "the relay makes those whom it does not know wait; the queue does that", ADVICE_WAIT, "nothing is to be done"}},
	{AT_SENDING, 0, 4, {4, 7, 1}, 0, {NULL},
	 {"greylisting", "the relay wants to be asked again later, as those do that greylist; the queue does that", ADVICE_WAIT,
	  "nothing is to be done"}},
	{AT_SENDING, 0, 0, {0}, 0, {"quota", "mailbox full", "mailbox is full", "over limit", "5.2.2", "4.2.2"},
	 {"over-quota", "the mailbox is full", ADVICE_DO, "remove mail from the mailbox of {from}"}},
	{AT_SENDING, 0, 452, {4, 3, 1}, 0, {NULL},
	 {"relay-full", "the relay has no room", ADVICE_WAIT, "try again in a while"}},
	{AT_SENDING, 0, 4, {0}, 0, {NULL},
	 {"later", "the relay wants to be asked again later; the queue does that", ADVICE_WAIT, "nothing is to be done"}},

	/* What is missing of pennypost itself. */
	{AT_ANY, 0, 0, {0}, 0, {"reinstall pennypost"},
	 {"incomplete", "a part of pennypost is missing, or of another version", ADVICE_DO,
	  "install pennypost again, whole"}},

	/* Greeting, STARTTLS, TLS. */
	{AT(STAGE_GREETING), IF_PORT_25 | IF_FAR, 554, {0}, 0, {NULL},
	 {"not-welcome", "the relay takes no connections from this address on port 25", ADVICE_PORT, "587"}},
	{AT(STAGE_GREETING), 0, 5, {0}, 0, {NULL},
	 {"not-welcome", "the relay takes no connections from this address", ADVICE_DO, "ask its operator"}},
	{AT(STAGE_GREETING) | AT(STAGE_TLS) | AT(STAGE_PROTOCOL), 0, 0, {0}, 0, {"http/1.", "<html", "<!doctype"},
	 {"captive-portal", "a web server answers in the place of the relay, as the portal of a hotel's or train's network does, or the port is one of the web",
	  ADVICE_DO, "log in to the network in a browser, or correct the port, and ask again"}},
	{AT(STAGE_STARTTLS), IF_NO_LOGIN, 0, {0}, EPROTOTYPE, {NULL},
	 {"no-starttls", "the relay offers no STARTTLS; without TLS everybody on the way can read the mail", ADVICE_LINE, "tls off"}},
	{AT(STAGE_STARTTLS), 0, 0, {0}, EPROTOTYPE, {NULL},
	 {"no-starttls", "the relay offers no STARTTLS, or somebody on the way takes it out; a password never goes without TLS", ADVICE_PORT, "465"}},
	{AT(STAGE_STARTTLS), 0, 4, {0}, 0, {NULL},
	 {"tls-later", "the relay cannot do TLS now", ADVICE_WAIT, "try again in a while, or tell its operator"}},
	{AT(STAGE_TLS), 0, 0, {0}, 0, {"neither tls 1.2 nor tls 1.3"},
	 {"old-tls", "the relay's TLS is too old to be safe (1.0 or 1.1)", ADVICE_DO, "its operator turns TLS 1.2 on"}},
	{AT(STAGE_TLS), 0, 0, {0}, 0, {"no algorithm is good enough"},
	 {"weak-tls", "the relay's algorithms are too weak, or it wants a certificate from us", ADVICE_DO,
	  "its operator updates them, or names the certificate for tls_cert_file"}},

	/* The way there. */
	{AT_ANY, 0, 0, {0}, 0, {"the command of pipe has ended"},
	 {"command-ended", "the command is the way to the relay, and it has given up", ADVICE_DO,
	  "run the command of pipe by hand: it must show the relay's greeting"}},
	{AT(STAGE_CONNECT), 0, 0, {0}, ECONNREFUSED, {NULL},
	 {"refused", "nothing listens at this port", ADVICE_DO, "start the relay at {host}, or write the port that it listens at"}},
	{AT(STAGE_CONNECT), IF_PORT_25 | IF_FAR, 0, {0}, ETIMEDOUT, {NULL},
	 {"port-25", "no answer: many networks let nothing out to port 25", ADVICE_PORT, "587"}},
	{AT(STAGE_CONNECT), 0, 0, {0}, ETIMEDOUT, {NULL},
	 {"no-answer", "no answer: a firewall drops the connection, or the host is down", ADVICE_DO,
	  "let the network's firewall pass connections to {host}, or try port 465 or 587"}},
	{AT(STAGE_CONNECT), 0, 0, {0}, ENETUNREACH, {NULL},
	 {"offline", "there is no way to the relay's network", ADVICE_DO, "bring this machine online; mail waits in the queue"}},
	{AT(STAGE_CONNECT), 0, 0, {0}, EHOSTUNREACH, {NULL},
	 {"unreachable", "the relay's host cannot be reached", ADVICE_DO, "see to the network between here and {host}"}},
	{AT(STAGE_CONNECT), 0, 0, {0}, ENOENT, {NULL},
	 {"no-socket", "the relay's socket is not there", ADVICE_DO, "start the relay, or write the path of its socket"}},
	{AT(STAGE_CONNECT) | AT(STAGE_RESOLVE), 0, 0, {0}, EPERM, {NULL},
	 {"forbidden", "the system forbids it: a firewall of this machine, or the sandbox of a service", ADVICE_DO,
	  "let it out: nft list ruleset shows a firewall; in a unit of systemd, RestrictAddressFamilies, IPAddressDeny and PrivateNetwork"}},
	{AT(STAGE_CONNECT) | AT(STAGE_RESOLVE), 0, 0, {0}, EACCES, {NULL},
	 {"forbidden", "the system forbids it, as SELinux, AppArmor and firewalls do", ADVICE_DO,
	  "look for a denial in the log: journalctl -k, ausearch -m avc"}},
	{AT(STAGE_RESOLVE), 0, 0, {0}, 0, {"has no srv record"},
	 {"no-srv", "the DNS names no relay for the domain", ADVICE_DO, "write the URL of the relay itself, as the provider names it"}},
	{AT(STAGE_RESOLVE), 0, 0, {0}, 0, {"offers no submission"},
	 {"no-submission", "the domain does not say where its relay is", ADVICE_DO,
	  "write the URL of the relay itself, as the provider names it"}},
	{AT(STAGE_RESOLVE), 0, 0, {0}, 0, {"excludes those that it has"},
	 {"other-family", "only addresses of the other family lead there", ADVICE_DO,
	  "write \"address_family any\", or leave -4 and -6 out"}},
	{AT(STAGE_RESOLVE), 0, 0, {0}, 0, {"no such host"},
	 {"no-such-host", "the DNS does not know the relay's name", ADVICE_DO, "correct the name {host} in the configuration"}},
	{AT(STAGE_RESOLVE), 0, 0, {0}, 0, {NULL},
	 {"no-dns", "the name servers give no answer", ADVICE_DO, "see to the network and to /etc/resolv.conf; mail waits in the queue"}},
};
/* clang-format on */

static bool advice_says(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text++)
		if (strncasecmp(text, word, len) == 0)
			return true;
	return false;
}

/* The relay's words; where it said nothing, ours. What stands before them may be an address. */
static const char *advice_text(const struct error *e)
{
	char code[16];
	const char *said;

	snprintf(code, sizeof(code), ": %d", e->code);
	said = e->code ? strstr(e->text, code) : NULL;
	return said ? said : e->text;
}

static bool advice_has_words(const struct advice_row *row, const char *text)
{
	if (!row->words[0])
		return true;
	for (size_t i = 0; i < ADVICE_WORDS_MAX && row->words[i]; i++)
		if (advice_says(text, row->words[i]))
			return true;
	return false;
}

static bool advice_has_code(const struct advice_row *row, const struct error *e)
{
	if (row->code != 0 && row->code != e->code && row->code != e->code / 100)
		return false;
	return row->enhanced[0] == 0 ||
	       memcmp(row->enhanced, e->enhanced, sizeof(e->enhanced)) == 0;
}

static bool advice_is_address(const char *text)
{
	return text && strchr(text, '@');
}

static bool advice_has_conditions(unsigned conditions, const struct advice_facts *f)
{
	if (conditions & IF_LOGIN && !f->login)
		return false;
	if (conditions & IF_NO_LOGIN && f->login)
		return false;
	if (conditions & IF_BARE_USER && (!f->user || advice_is_address(f->user)))
		return false;
	if (conditions & IF_USER_ADDRESS && (!f->login || !advice_is_address(f->user)))
		return false;
	if (conditions & IF_PORT_25 && f->port != 25)
		return false;
	return !(conditions & IF_FAR) || !f->local;
}

/* The fact at the start of template, a "{name}"; *used is the length of that. NULL: none. */
static const char *advice_fact(const struct advice_facts *f, const char *template, size_t *used)
{
	const char *domain = f->from ? strrchr(f->from, '@') : NULL;
	const struct {
		const char *name, *value;
	} facts[] = {
		{"{user}", f->user},
		{"{from}", f->from},
		{"{domain}", domain ? domain + 1 : NULL},
		{"{host}", f->host},
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		*used = strlen(facts[i].name);
		if (strncmp(template, facts[i].name, *used) == 0)
			return facts[i].value;
	}
	return NULL;
}

static bool advice_has_facts(const struct advice *a, const struct advice_facts *f)
{
	size_t used;

	for (const char *c = strchr(a->mend, '{'); c; c = strchr(c + 1, '{'))
		if (!advice_fact(f, c, &used))
			return false;
	return true;
}

const struct advice *advice_find(const struct error *e, const struct advice_facts *f)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct advice_row *row = &rows[i];

		if (row->stages & AT(e->stage) && advice_has_code(row, e) &&
		    (row->number == 0 || row->number == e->number) &&
		    advice_has_words(row, advice_text(e)) &&
		    advice_has_conditions(row->conditions, f) &&
		    advice_has_facts(&row->advice, f))
			return &row->advice;
	}
	return NULL;
}

void advice_fill(const struct advice *a, const struct advice_facts *f, struct buf *out)
{
	for (const char *c = a->mend; *c;) {
		size_t used = 1;
		const char *fact = *c == '{' ? advice_fact(f, c, &used) : NULL;

		if (fact)
			buf_add_string(out, fact);
		else
			buf_add(out, c, used = 1);
		c += used;
	}
}

/* Whether a shell sees nothing but words in it. */
static bool advice_is_plain(struct span command)
{
	static const char others[] = " -_./@:~+,='%";

	for (size_t i = 0; i < command.len; i++)
		if (!chars_is(command.data[i], CHARS_ALPHA | CHARS_DIGIT) &&
		    !memchr(others, command.data[i], sizeof(others) - 1))
			return false;
	return command.len > 0;
}

bool advice_command(const struct error *e, struct buf *out)
{
	static const char *const programs[] = {"chmod ",   "rm ",
					       "install ", "as root, install ",
					       "keyctl ",  "secret-tool store "};
	static const char *const ends[] = {", or ", " adds it"};
	const char *found = NULL;
	struct span command;

	if (e->class != ERROR_LOCAL || e->stage != STAGE_CONFIG || e->code != 0)
		return false;
	for (const char *c = strstr(e->text, ": "); c; c = strstr(c + 1, ": "))
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
			if (strncmp(c + 2, programs[i], strlen(programs[i])) == 0)
				found = strstr(c,
					       programs[i][0] == 'a' ? "install" : programs[i]);
	if (!found)
		return false;
	command = span_of(found);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *end = strstr(found, ends[i]);

		if (end && (size_t)(end - found) < command.len)
			command.len = (size_t)(end - found);
	}
	if (!advice_is_plain(command))
		return false;
	buf_add_span(out, command);
	return true;
}

const struct advice *advice_row(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n].advice : NULL;
}
