/* Other programs' configurations, made ours: what must be carried, said, and kept secret. */
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/import_dma.h"
#include "conf/import_esmtp.h"
#include "conf/import_msmtp.h"
#include "conf/import_nullmailer.h"
#include "conf/import_ssmtp.h"
#include "test.h"

static struct import_source files[10];
static struct buf made;
static struct config c;
static struct error e;

static void put(size_t n, const char *text)
{
	files[n] = (struct import_source){.path = "FILE", .text = span_of(text), .there = true};
}

/* Reads what was put; what comes out must be ours without a warning, with and without secrets.
 */
static void make(import_reader *read)
{
	struct import out = {.home = "/home/joe"};

	read(&out, files);
	CHECK(!out.failed);
	for (int secrets = 0; secrets < 2; secrets++) {
		buf_clear(&made);
		buf_init(&made, IMPORT_OUT_MAX);
		import_write(&out, secrets, &made);
		CHECK(!buf_failed(&made));
		CHECK(secrets || !strstr(made.data, "hunter2"));
		config_clear(&c);
		c.home = "/home/joe";
		e.text[0] = '\0';
		CHECK_INT(config_parse(&c, "made", buf_span(&made), &e), 0);
		CHECK_STR(e.text, "");
		CHECK_INT(c.warnings.count, 0);
	}
	import_clear(&out);
	memset(files, 0, sizeof(files));
}

static bool says(const char *text)
{
	if (strstr(made.data, text))
		return true;
	printf("# %s\n", made.data);
	return false;
}

static void msmtp_keeps_its_lines(void)
{
	put(0, "# mine\n\ndefaults\r\ntls on\nlogfile ~/log\n\naccount a\nhost x.example\n"
	       "user \"# u\"\npassword hunter2 # x\n#password hunter2\nfrom %U@x.example\n"
	       "add_missing_from_header off\nkeepbcc on\ntls_nocertcheck\nnonsense hunter2\n"
	       "tls_min_dh_prime_bits 512\nsyslog LOG_USER\n\naccount b : a\nport 26\n"
	       "account default : a\n");
	make(import_msmtp);
	CHECK(says("# mine\n\ndefaults\ntls                   on\n"));
	CHECK(says("\nlogfile               ~/log\n"));
	CHECK(says("\nuser                  \"# u\"\npassword              hunter2 # x\n"
		   "# (a password that did not count is left out)\n"
		   "from                  %U@x.example\nset_from_header       off\n"
		   "# keepbcc is not followed"));
	CHECK(says(
		"\ntls_certcheck         off\n# not taken over: unknown key \"nonsense\"\n"));
	CHECK(says("\naccount               b : a\nport                  26\n"));
	CHECK_INT(c.count, 3);
}

static void msmtp_resolves_auto_from(void)
{
	put(0, "defaults\nauto_from on\nmaildomain d.example\naccount a\nhost x\nfrom q@w\n"
	       "port 1\n\n# b\naccount b : a\nmaildomain e.example\naccount c\nauto_from off\n"
	       "from c@x\n");
	make(import_msmtp);
	CHECK(says(
		"# q@w\nport                  1\nfrom                  %U@d.example\n\n# b\n"));
	CHECK_STR(strchr(c.accounts[0].from.items[0], '@'), "@d.example");
	CHECK_STR(strchr(c.accounts[1].from.items[0], '@'), "@e.example");
	CHECK_STR(c.accounts[2].from.items[0], "c@x");
	put(0, "host x\nauto_from on\n");
	make(import_msmtp);
	CHECK(says("host                  x\nfrom                  %U\n"));
}

static void ssmtp_is_carried(void)
{
	put(IMPORT_SSMTP_CONF, "#x\nroot=postmaster@x.example\nMailHub=mail.x.example:587\n"
			       "AuthUser = joe\nAuthPass=hunter2#=:x\nUseSTARTTLS=YES\n"
			       "AuthMethod=CRAM-MD5\nrewriteDomain=x.example\n"
			       "hostname=h.x.example\nhunter2 y\n");
	put(IMPORT_SSMTP_REVALIASES, "# c\nroot:joe@isp.example:mail.isp.example:25\n");
	make(import_ssmtp);
	CHECK_STR(c.accounts[0].relay.host, "mail.x.example");
	CHECK_INT(c.accounts[0].relay.port, 587);
	CHECK_STR(c.accounts[0].password.data, "hunter2#=:x");
	CHECK_INT(c.accounts[0].auth, ACCOUNT_AUTH_CRAM_MD5);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_REQUIRED);
	CHECK_INT(c.accounts[0].allow_from_override, SETTING_OFF);
	CHECK_INT(c.accounts[0].tls_certcheck, SETTING_UNSET);
	CHECK_STR(c.accounts[0].domain, "x.example");
	CHECK(says("# UNSAFE: ssmtp did not check whose certificate"));
	CHECK(says("#     default: postmaster@x.example\n"));
	CHECK(says("~root/.config/pennypost/config"));
	CHECK(says("not known: FILE, line 10\n"));
	put(IMPORT_SSMTP_CONF, "mailhub=[::1]:2525\nUseTLS=yes\nFromLineOverride=yes\n");
	make(import_ssmtp);
	CHECK_STR(c.accounts[0].relay.host, "::1");
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_IMPLICIT);
	CHECK(says("--read-envelope-from"));
}

static void what_was_sent_in_the_clear(void)
{
	put(IMPORT_SSMTP_CONF, "mailhub=mail.x.example\n");
	make(import_ssmtp);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_NEVER);
	CHECK(says("# UNSAFE: ssmtp used no TLS"));
	put(IMPORT_SSMTP_CONF, "mailhub=mail.x.example\nAuthUser=a\nAuthPass=hunter2\n");
	make(import_ssmtp);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_REQUIRED);
	CHECK_INT(account_port(&c.accounts[0]), 25);
	CHECK(says("# UNSAFE: ssmtp sent the password without TLS"));
	put(IMPORT_SSMTP_CONF, "mailhub=localhost\nAuthUser=a\nAuthPass=hunter2\n");
	make(import_ssmtp);
	CHECK_INT(c.accounts[0].tls, SETTING_OFF);
	CHECK(!strstr(made.data, "UNSAFE"));
}

static void dma_is_carried(void)
{
	put(IMPORT_DMA_CONF, "# x\nSMARTHOST mail.x.example\nPORT 465\nSECURETRANSFER\n"
			     "AUTHPATH /etc/dma/auth.conf\nMAILNAME /etc/mailname\n"
			     "MASQUERADE joe@\nDEFER\nFULLBOUNCE\nINSECURE\n#NULLCLIENT\n");
	put(IMPORT_DMA_AUTH, "#a|mail.x.example:b\njoe|other.example:no\n"
			     "joe@x|mail.x.example:hunter2:|x\n");
	put(IMPORT_DMA_MAILNAME, " host.x.example \nmore\n");
	put(IMPORT_DMA_ALIASES, "");
	make(import_dma);
	CHECK_STR(c.accounts[0].user, "joe@x");
	CHECK_STR(c.accounts[0].password.data, "hunter2:|x");
	CHECK_STR(c.accounts[0].domain, "host.x.example");
	CHECK_STR(c.accounts[0].aliases, "FILE");
	CHECK_INT(c.accounts[0].delivery, ACCOUNT_DELIVERY_QUEUE);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_IMPLICIT);
	CHECK(says("\nfrom                  joe@%H\nallow_from_override   off\n"));
	CHECK(says("# UNSAFE: INSECURE"));
	put(IMPORT_DMA_CONF, "SMARTHOST mail.x.example\nSECURETRANSFER\nSTARTTLS\n"
			     "OPPORTUNISTIC_TLS\nMASQUERADE x.example\nNULLCLIENT\n");
	put(IMPORT_DMA_ALIASES, "");
	make(import_dma);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_IF_OFFERED);
	CHECK(!c.accounts[0].aliases);
	CHECK_STR(strchr(c.accounts[0].from.items[0], '@'), "@x.example");
	put(IMPORT_DMA_CONF, "MAILNAME x.example\nMASQUERADE a@%M\n");
	make(import_dma);
	CHECK(!c.accounts[0].relay.host);
	CHECK_INT(c.accounts[0].from.count, 0);
	CHECK(says("name a relay here"));
}

static void nullmailer_is_carried(void)
{
	put(IMPORT_NULLMAILER_REMOTES,
	    "# x\nsmtp.x.example smtp --port=587 starttls --user=joe pass='hunter2 \"x' "
	    "hunter2\n"
	    "b.example --tls --insecure x509cafile=/a\\ b source=127.0.0.1\n\n"
	    "10.0.0.1 qmqp\n");
	put(IMPORT_NULLMAILER_DEFAULTHOST, "h");
	put(IMPORT_NULLMAILER_DEFAULTDOMAIN, "x.example\n");
	put(IMPORT_NULLMAILER_ALLMAILFROM, "all@x.example\n");
	put(IMPORT_NULLMAILER_ADMINADDR, "admin@x.example\n");
	put(IMPORT_NULLMAILER_HELOHOST, "helo.x.example\n");
	put(IMPORT_NULLMAILER_QUEUELIFETIME, "86400\n");
	make(import_nullmailer);
	CHECK_INT(c.count, 3);
	CHECK_STR(c.accounts[0].name, "default");
	CHECK_STR(c.accounts[0].password.data, "hunter2 \"x");
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_REQUIRED);
	CHECK_STR(c.accounts[0].domain, "h.x.example");
	CHECK_INT(c.accounts[0].queue_lifetime, 86400);
	CHECK_STR(c.accounts[1].name, "remote2");
	CHECK_INT(account_port(&c.accounts[1]), 465);
	CHECK_STR(c.accounts[1].tls_trust_file, "/a b");
	CHECK_STR(c.accounts[1].source_ip, "127.0.0.1");
	CHECK_STR(c.accounts[2].from.items[0], "all@x.example");
	CHECK(says("#     default: admin@x.example\n"));
	CHECK(says("# UNSAFE: nullmailer did not check"));
	CHECK(says("QMQP"));
	put(IMPORT_NULLMAILER_REMOTES, "");
	make(import_nullmailer);
	CHECK_INT(c.count, 1);
	CHECK(!c.accounts[0].relay.host);
}

static void esmtp_is_carried(void)
{
	put(0,
	    "hostname = mail.x.example:25 # c\nusername \"jo\\\"e\"\npassword='hunter2 \\'x'\n"
	    "starttls = required\nqualifydomain = x.example\n"
	    "force reverse_path = \"%u@x.example\"\nmessage_id = disabled\nhunter2 = 1\n"
	    "preconnect = \"ssh -f x\"\nmda = \"/bin/x %T\"\n"
	    "identity = me@y.example\n\thostname = y.example\n\tstarttls=enabled\n"
	    "identity \"a b\"\nhostname z\n");
	make(import_esmtp);
	CHECK_INT(c.count, 2);
	CHECK_STR(c.accounts[0].user, "jo\"e");
	CHECK_STR(c.accounts[0].password.data, "hunter2 'x");
	CHECK_INT(account_port(&c.accounts[0]), 25);
	CHECK(account_tls_mode(&c.accounts[0]) == ACCOUNT_TLS_REQUIRED);
	CHECK_INT(c.accounts[0].set_msgid_header, SETTING_OFF);
	CHECK_STR(strchr(c.accounts[0].from.items[0], '@'), "@x.example");
	CHECK_STR(c.accounts[1].name, "me@y.example");
	CHECK_INT(account_port(&c.accounts[1]), 587);
	CHECK(account_tls_mode(&c.accounts[1]) == ACCOUNT_TLS_IF_OFFERED);
	CHECK(says("# not taken over: preconnect ssh -f x\n"));
	CHECK(says("# not taken over: the identity a b\n"));
	put(0, "identity a@x hostname x identity b@x hostname y");
	make(import_esmtp);
	CHECK_STR(config_default(&c)->relay.host, "x");
	CHECK_INT(c.count, 3);
}

static void foreign_values_stay_what_they_are(void)
{
	put(IMPORT_SSMTP_CONF, "mailhub=x y\nhostname=%H\nTLS_CA_File=~/x\nAuthUser=a\033b\n"
			       "rewriteDomain=a%Mb\n");
	make(import_ssmtp);
	CHECK(!c.accounts[0].domain && !c.accounts[0].user && !c.accounts[0].tls_trust_file);
	CHECK_INT(c.accounts[0].from.count, 0);
	put(0, "password = \"hunter2\\nx\"");
	make(import_esmtp);
	CHECK_INT(c.accounts[0].password.len, 0);
	put(0, "user \"hunter2\nhost \"\n");
	make(import_msmtp);
}

static void unsafe_files_are_said_to_be(void)
{
	put(0, "password hunter2\n");
	files[0].read_by_others = files[0].written_by_others = true;
	make(import_msmtp);
	CHECK(says("# UNSAFE: FILE can be written by others"));
	CHECK(says("# UNSAFE: FILE can be read by others"));
}

int main(void)
{
	buf_init(&made, 1);
	TEST_RUN(msmtp_keeps_its_lines);
	TEST_RUN(msmtp_resolves_auto_from);
	TEST_RUN(ssmtp_is_carried);
	TEST_RUN(what_was_sent_in_the_clear);
	TEST_RUN(dma_is_carried);
	TEST_RUN(nullmailer_is_carried);
	TEST_RUN(esmtp_is_carried);
	TEST_RUN(foreign_values_stay_what_they_are);
	TEST_RUN(unsafe_files_are_said_to_be);
	buf_clear(&made);
	config_clear(&c);
	return test_done();
}
