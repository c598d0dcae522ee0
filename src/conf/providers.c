/* Large mail providers: see providers.h. */
#include "conf/providers.h"

#include <string.h>
#include <strings.h>

#define APP      PROVIDER_APP_PASSWORD
#define TOKEN    PROVIDER_TOKEN
#define MAILBOX  PROVIDER_PASSWORD
#define IMPLICIT PROVIDER_IMPLICIT
#define STARTTLS PROVIDER_STARTTLS

static const struct provider rows[] = {
	{"Gmail", "gmail.com googlemail.com", "smtp.gmail.com", 465, IMPLICIT, APP,
	 "turn on 2-Step Verification, then make an app password at "
	 "https://myaccount.google.com/apppasswords"},
	{"Outlook.com",
	 "outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.jp hotmail.com "
	 "hotmail.de hotmail.fr hotmail.es hotmail.it hotmail.co.uk live.com live.de live.fr "
	 "live.nl live.co.uk msn.com passport.com",
	 "smtp-mail.outlook.com", 587, STARTTLS, TOKEN,
	 "Microsoft takes no passwords here: a command has to print an OAuth2 access token "
	 "(scope SMTP.Send)"},
	{"Microsoft 365", ".onmicrosoft.com", "smtp.office365.com", 587, STARTTLS, TOKEN,
	 "the tenant's administrator has to allow authenticated SMTP for the mailbox, and a "
	 "command has to print an OAuth2 access token (scope SMTP.Send)"},
	{"Fastmail", "fastmail.com fastmail.fm fastmail.net fastmail.org fastmail.de sent.com",
	 "smtp.fastmail.com", 465, IMPLICIT, APP,
	 "make an app password with access to SMTP under Settings, Privacy & Security"},
	{"Yahoo",
	 "yahoo.com yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.ca yahoo.in yahoo.co.uk "
	 "yahoo.co.in yahoo.com.au yahoo.com.br ymail.com rocketmail.com myyahoo.com",
	 "smtp.mail.yahoo.com", 465, IMPLICIT, APP,
	 "make an app password under Account Security at https://login.yahoo.com"},
	{"AOL", "aol.com aim.com", "smtp.aol.com", 465, IMPLICIT, APP,
	 "make an app password under Account Security at https://login.aol.com"},
	{"iCloud", "icloud.com me.com mac.com", "smtp.mail.me.com", 587, STARTTLS, APP,
	 "make an app-specific password at https://account.apple.com"},
	{"GMX", "gmx.de gmx.net gmx.at gmx.ch", "mail.gmx.net", 465, IMPLICIT, MAILBOX,
	 "allow POP3 and IMAP in the settings of the mailbox first; with two-factor "
	 "authentication an application password is needed"},
	{"GMX", "gmx.com gmx.us gmx.co.uk gmx.fr gmx.es", "mail.gmx.com", 465, IMPLICIT,
	 MAILBOX, "allow POP3 and IMAP in the settings of the mailbox first"},
	{"WEB.DE", "web.de", "smtp.web.de", 587, STARTTLS, MAILBOX,
	 "allow POP3 and IMAP in the settings of the mailbox first; with two-factor "
	 "authentication an application password is needed"},
	{"Telekom", "t-online.de magenta.de", "securesmtp.t-online.de", 465, IMPLICIT, APP,
	 "set the password for e-mail programs in the customer centre; it is not that of the "
	 "login"},
	{"Posteo", "posteo.de posteo.net posteo.org posteo.eu posteo.at posteo.ch", "posteo.de",
	 465, IMPLICIT, MAILBOX, NULL},
	{"mailbox.org", "mailbox.org", "smtp.mailbox.org", 465, IMPLICIT, MAILBOX,
	 "with two-factor authentication an application password is needed"},
	{"Zoho", "zoho.com zohomail.com", "smtp.zoho.com", 465, IMPLICIT, MAILBOX,
	 "with two-factor authentication make an app password under Security at "
	 "https://accounts.zoho.com"},
	{"Zoho", "zoho.eu zohomail.eu", "smtp.zoho.eu", 465, IMPLICIT, MAILBOX,
	 "with two-factor authentication make an app password under Security at "
	 "https://accounts.zoho.eu"},
	{"Proton Mail Bridge", "proton.me protonmail.com protonmail.ch pm.me", "127.0.0.1",
	 1025, PROVIDER_CLEAR, APP,
	 "it has to run on this machine, and shows the password to use under Mailbox details "
	 "(SMTP)"},
	{"Tuta", "tuta.com tutanota.com tutanota.de tuta.io tutamail.com keemail.me", NULL, 0,
	 IMPLICIT, MAILBOX, "it offers no SMTP: only its own programs send from there"},
	{"HEY", "hey.com", NULL, 0, IMPLICIT, MAILBOX,
	 "it offers no SMTP: only its own programs send from there"},
	{"Yandex", "yandex.com", "smtp.yandex.com", 465, IMPLICIT, APP,
	 "allow IMAP in the settings, then make an app password at "
	 "https://id.yandex.com/security"},
	{"Yandex", "yandex.ru ya.ru", "smtp.yandex.ru", 465, IMPLICIT, APP,
	 "allow IMAP in the settings, then make an app password at "
	 "https://id.yandex.ru/security"},
	{"Mail.ru", "mail.ru inbox.ru list.ru bk.ru internet.ru", "smtp.mail.ru", 465, IMPLICIT,
	 APP, "make a password for external applications in the settings, under security"},
	{"QQ Mail", "qq.com foxmail.com", "smtp.qq.com", 465, IMPLICIT, APP,
	 "turn on SMTP in the settings of the account: the authorisation code that is shown is "
	 "the password"},
	{"NetEase", "163.com", "smtp.163.com", 465, IMPLICIT, APP,
	 "turn on SMTP in the settings: the authorisation code that is shown is the password"},
	{"Seznam", "seznam.cz email.cz post.cz", "smtp.seznam.cz", 465, IMPLICIT, MAILBOX,
	 "allow IMAP, POP3 and SMTP in the settings of the mailbox first"},
	{"Orange", "orange.fr wanadoo.fr", "smtp.orange.fr", 465, IMPLICIT, MAILBOX, NULL},
	{"Free", "free.fr", "smtp.free.fr", 465, IMPLICIT, MAILBOX,
	 "turn on authenticated SMTP in the management of the mailbox first"},
	{"Mailfence", "mailfence.com", "smtp.mailfence.com", 465, IMPLICIT, MAILBOX, NULL},
	{"Runbox", "runbox.com runbox.no", "mail.runbox.com", 465, IMPLICIT, MAILBOX,
	 "with two-factor authentication an app password is needed"},
	{"Disroot", "disroot.org", "disroot.org", 465, IMPLICIT, MAILBOX, NULL},
	{"Kolab Now", "kolabnow.com kolabnow.ch", "smtp.kolabnow.com", 465, IMPLICIT, MAILBOX,
	 NULL},
};

/* Whether a word of the list is the domain, or what it is below. */
static bool provider_lists(const char *list, struct span domain)
{
	while (*list) {
		struct span word = {list, strcspn(list, " ")};
		size_t before = domain.len > word.len ? domain.len - word.len : 0;

		if (domain.len >= word.len && (before > 0) == (word.data[0] == '.') &&
		    strncasecmp(domain.data + before, word.data, word.len) == 0)
			return true;
		list += word.len + (list[word.len] == ' ');
	}
	return false;
}

const struct provider *provider_find(struct span domain)
{
	for (size_t i = 0; domain.len > 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (provider_lists(rows[i].domains, domain))
			return &rows[i];
	return NULL;
}

const struct provider *provider_of_host(struct span host)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].host && span_equals_nocase(host, rows[i].host))
			return &rows[i];
	return NULL;
}

const struct provider *provider_row(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n] : NULL;
}
