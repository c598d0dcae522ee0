/* TLS: see doctor_tls.h. */
#include "cmd/doctor_tls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "cmd/remedy.h"
#include "cmd/doctor_relay.h"

enum {
	DOCTOR_DAY = 24 * 60 * 60,
	DOCTOR_EXPIRY = 14,    /* days before the end from which on there is a warning */
	DOCTOR_SKEW = 10 * 60, /* seconds between two clocks that go unnoticed */
	DOCTOR_DAY_MAX = 32
};

static const char *doctor_show_time(char out[DOCTOR_DAY_MAX], int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm parts;

	if (!gmtime_r(&when, &parts) ||
	    strftime(out, DOCTOR_DAY_MAX, "%Y-%m-%d %H:%M UTC", &parts) == 0)
		snprintf(out, DOCTOR_DAY_MAX, "%" PRId64, seconds);
	return out;
}

static const char *doctor_trust_words(const struct account *a)
{
	if (a->tls_certcheck == SETTING_OFF)
		return "everybody: \"tls_certcheck off\"";
	if (a->tls_fingerprint)
		return "the certificate with the fingerprint of tls_fingerprint";
	switch (a->tls_trust) {
	case ACCOUNT_TRUST_FIRST_USE: return "the key that the relay had the first time";
	case ACCOUNT_TRUST_DANE: return "what the relay's zone says (DANE), else a CA";
	case ACCOUNT_TRUST_DANE_ONLY: return "what the relay's zone says (DANE)";
	case ACCOUNT_TRUST_CA: break;
	}
	return a->tls_trust_file ? "the CAs of tls_trust_file" : "the CAs of the system";
}

void doctor_trust(struct doctor *d)
{
	struct doctor_look *l = &d->look;
	struct remedy m = {.kind = REMEDY_NONE};
	bool refused;

	doctor_look(d);
	refused = !l->session &&
		  (l->error.stage == STAGE_TRUST || l->error.stage == STAGE_CONFIG ||
		   l->error.stage == STAGE_RESOLVE);
	if (refused && d->account.tls_trust == ACCOUNT_TRUST_DANE_ONLY)
		m = remedy_line("tls_trust dane");
	if (refused)
		doctor_fail_error(d, &l->error, &m);
	else
		doctor_ok(d, "%s%s", doctor_trust_words(&d->account),
			  d->account.tls_pin ? ", and a key of tls_pin" : "");
}

void doctor_tls(struct doctor *d)
{
	struct doctor_look *l = &d->look;
	struct remedy m = {.kind = REMEDY_NONE};

	doctor_look(d);
	if (l->step == DOCTOR_STEP_TLS || l->step == DOCTOR_STEP_DIAL) {
		if (l->error.number == EPROTOTYPE && strstr(l->error.text, "\"220"))
			m = remedy_line_tls(&d->account, false);
		doctor_fail_error(d, &l->error, &m);
		return;
	}
	if (!l->tls) {
		doctor_ok(d, "none: the account wants it only where it is offered");
		return;
	}
	doctor_ok(d, "%s, %s", l->info.version, l->info.cipher);
}

/* When our program was put here: before that no clock can be right. */
static int64_t doctor_installed(void)
{
	struct stat st;

	return stat("/proc/self/exe", &st) == 0 ? (int64_t)st.st_mtime : 0;
}

/* The time in the greeting, as Sendmail and Postfix can be told to show it: "220 host ESMTP;
 * Mon, 23 Nov 2026 18:00:00 +0000". False when there is none. */
static bool doctor_greeting_time(const struct doctor *d, int64_t *when)
{
	const struct reply *r = d->look.session ? smtp_greeting(d->look.session) : NULL;
	const char *comma = r && r->text.data ? strchr(r->text.data, ',') : NULL;
	struct tm parts = {0};
	const char *end = NULL;
	int zone;

	for (; comma && !end; comma = strchr(comma + 1, ','))
		end = strptime(comma + 1, " %d %b %Y %H:%M:%S", &parts);
	if (!end || sscanf(end, " %5d", &zone) != 1)
		return false;
	*when = (int64_t)timegm(&parts) - (zone / 100 * 60 + zone % 100) * 60;
	return true;
}

/* Whether every certificate of the chain begins in the future: the fault is hardly theirs. */
static bool doctor_all_to_come(const struct tls_info *info, int64_t now)
{
	for (size_t i = 0; i < info->chain_length; i++)
		if (info->chain[i].not_before <= now)
			return false;
	return info->chain_length > 0;
}

void doctor_clock(struct doctor *d)
{
	const struct remedy m = remedy_command("timedatectl set-ntp true");
	int64_t now = time(NULL);
	int64_t installed = doctor_installed();
	int64_t theirs = now;
	bool told = doctor_greeting_time(d, &theirs);
	int64_t skew = now > theirs ? now - theirs : theirs - now;
	char one[DOCTOR_DAY_MAX], two[DOCTOR_DAY_MAX];

	doctor_show_time(one, now);
	if (now < installed - DOCTOR_DAY)
		doctor_fail(d, 78, &m, "it says %s, before this program was installed (%s)",
			    one, doctor_show_time(two, installed));
	else if (skew > DOCTOR_DAY)
		doctor_fail(d, 78, &m, "it says %s, and the relay's says %s", one,
			    doctor_show_time(two, theirs));
	else if (!told && doctor_all_to_come(&d->look.info, now))
		doctor_fail(d, 78, &m,
			    "it says %s, and every certificate of the relay begins later (%s)",
			    one, doctor_show_time(two, d->look.info.chain[0].not_before));
	else if (skew > DOCTOR_SKEW)
		doctor_warn(d, &m, "it says %s, and the relay's says %s", one,
			    doctor_show_time(two, theirs));
	else
		doctor_ok(d, "%s", one);
}

/* Whether a name of a certificate, perhaps one with "*." in front, is the host's. */
static bool doctor_name_covers(struct span name, const char *host)
{
	const char *dot = strchr(host, '.');

	if (name.len > 2 && memcmp(name.data, "*.", 2) == 0 && dot) {
		name = (struct span){name.data + 1, name.len - 1};
		host = dot;
	}
	return span_equals_nocase(name, host);
}

/* The next of the certificate's names from *at on, which moves behind it; empty: there is none.
 */
static struct span doctor_next_name(const char **at)
{
	size_t len = strcspn(*at, ",");
	struct span name = {*at, len};

	*at += len;
	*at += strspn(*at, ", ");
	return name;
}

/* The name of a host that was dialed, where the certificate has it. */
static bool doctor_dialed_name(const struct doctor *d, const struct tls_certificate *c,
			       char *out, size_t size)
{
	for (size_t i = 0; i < d->target_count; i++)
		for (const char *at = c->names; *at;)
			if (doctor_name_covers(doctor_next_name(&at), d->targets[i].host)) {
				snprintf(out, size, "%s", d->targets[i].host);
				return true;
			}
	return false;
}

/* The first name of the certificate, if it is fit to be a host's. */
static bool doctor_first_name(const struct tls_certificate *c, char *out, size_t size)
{
	const char *at = c->names;
	struct span name = doctor_next_name(&at);

	snprintf(out, size, "%.*s", (int)name.len, name.data);
	return name.len > 0 && name.len < size && !memchr(name.data, '*', name.len) &&
	       endpoint_host_is_sane(name);
}

/* Why a certificate is not believed, and what can be done about it here. */
static void doctor_fail_certificate(struct doctor *d)
{
	static const char other_key[] = "; if its operator has not changed it, somebody else "
					"answers in its place: change nothing then";
	const struct tls_info *info = &d->look.info;
	const struct tls_certificate *c = info->chain_length > 0 ? &info->chain[0] : NULL;
	struct remedy m = remedy_do("ask the relay's operator");
	const char *meaning = "";
	char name[256];

	if (!c) {
		meaning = "; it has shown none";
	} else if (strstr(info->trust, "revoked") || strstr(info->trust, "proof of validity")) {
		m = remedy_do("ask the relay's operator for a new certificate; change nothing "
			      "here");
	} else if (strstr(info->trust, "revocation data")) {
		m = remedy_do("get the lists of tls_crl_file anew");
	} else if (strstr(info->trust, "not the one that was there before")) {
		m = remedy_command("%s%s", d->look.trust.accept.data, c->pin);
		meaning = other_key;
	} else if (strstr(info->trust, "not among those of tls_pin")) {
		m = remedy_line("tls_pin %s", c->pin);
		meaning = other_key;
	} else if (strstr(info->trust, "TLSA")) {
		m = remedy_do("tell the relay's operator");
	} else if (strstr(info->trust, "not for this name") &&
		   (doctor_dialed_name(d, c, name, sizeof(name)) ||
		    doctor_first_name(c, name, sizeof(name)))) {
		m = remedy_line("tls_host_override %s", name);
		meaning = "; if that is not a name of your provider's, another answers in his "
			  "place, such as the portal of a hotel's network: change nothing then";
	} else {
		m = remedy_line("tls_fingerprint %s", c->sha256);
		meaning =
			c->not_after < (int64_t)time(NULL)
				? "; its operator has to renew it; until then it can be "
				  "trusted "
				  "by its fingerprint, if that is the one he tells"
				: "; it can be trusted by its fingerprint, if that is the one "
				  "which the operator tells";
	}
	doctor_fail(d, 69, &m, "%s%s", info->trust, meaning);
}

static void doctor_judge_dates(struct doctor *d)
{
	const struct tls_info *info = &d->look.info;
	struct remedy m = remedy_do("tell the relay's operator to renew it");
	int64_t now = time(NULL);
	char day[DOCTOR_DAY_MAX];
	int64_t left;

	if (info->chain_length == 0)
		return;
	left = (info->chain[0].not_after - now) / DOCTOR_DAY;
	doctor_show_time(day, info->chain[0].not_after);
	if (info->chain[0].not_after < now)
		doctor_warn(d, &m, "%s; it ended %" PRId64 " days ago, on %s", info->trust,
			    -left, day);
	else if (left < DOCTOR_EXPIRY)
		doctor_warn(d, &m, "%s; it ends in %" PRId64 " days, on %s", info->trust, left,
			    day);
	else
		doctor_ok(d, "%s; until %s, %" PRId64 " days", info->trust, day, left);
}

void doctor_certificate(struct doctor *d)
{
	struct remedy m = remedy_line("tls_certcheck on");

	if (!d->look.tls)
		doctor_ok(d, "none: there is no TLS");
	else if (!d->look.info.verified && d->account.tls_certcheck == SETTING_OFF)
		doctor_warn(d, &m,
			    "it proves nothing, and is not asked to (tls_certcheck off): %s",
			    d->look.info.trust);
	else if (!d->look.info.verified)
		doctor_fail_certificate(d);
	else
		doctor_judge_dates(d);
}
