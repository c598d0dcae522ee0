/* Options that choose an account, and words of the configuration as options. */
#include "cmd/option_row.h"
#include "cmd/option_sendmail.h"

/* -4 and -6 */
static int set_family(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	(void)value;
	return options_add_setting(o, "address_family", row->name, error);
}

/* A switch: the bare option means on, or auto where there is no on. */
static int set_switch(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	const char *bare = row->value_name[0] == 'a' ? "auto" : "on";

	return options_set_setting(o, row, value ? value : bare, error);
}

/* clang-format off */
static const struct options_row rows[] = {
	{.help = "Configuration"},
	{'C', "file", ONE, OURS, options_set_string, AT(config_file), "FILE", "read this file alone"},
	{'a', "account", ONE, ALL, options_set_string, AT(account), "NAME", "use this account"},

	{.help = "Words of the configuration, for this run (see pennypost.conf(5))"},
	{0, "relay", ONE, OURS, options_set_setting, 0, "URL", "the relay"},
	{0, "host", ONE, OURS, options_set_setting, 0, "HOST", "the relay's name"},
	{0, "port", ONE, OURS, options_set_setting, 0, "PORT", "its port"},
	{0, "socket", ONE, OURS, options_set_setting, 0, "FILE", "the relay's unix socket"},
	{0, "protocol", ONE, OURS, options_set_setting, 0, "smtp|lmtp", "what the relay speaks"},
	{0, "source-ip", ONE, OURS, options_set_setting, 0, "ADDRESS", "our address"},
	{0, "bind-interface", ONE, OURS, options_set_setting, 0, "NAME", "the network interface to leave by"},
	{'4', "ipv4", NO, OURS, set_family, 0, NULL, "connect to IPv4 addresses alone"},
	{'6', "ipv6", NO, OURS, set_family, 0, NULL, "connect to IPv6 addresses alone"},
	{0, "proxy", ONE, OURS, options_set_setting, 0, "URL", "the proxy on the way"},
	{0, "proxy-host", ONE, OURS, options_set_setting, 0, "HOST", "a SOCKS5 proxy"},
	{0, "proxy-port", ONE, OURS, options_set_setting, 0, "PORT", "its port"},
	{0, "proxy-passwordeval", ONE, OURS, options_set_setting, 0, "COMMAND", "it prints the proxy's password"},
	{0, "proxy-password-file", ONE, OURS, options_set_setting, 0, "FILE", "it holds the proxy's password"},
	{0, "proxy-cleartext", MAY, OURS, set_switch, 0, "on|off", "it may cross the network"},
	{0, "timeout", ONE, OURS, options_set_setting, 0, "SECONDS", "for connecting"},
	{0, "attempt-timeout", ONE, OURS, options_set_setting, 0, "SECONDS", "for all of an attempt"},
	{0, "timeout-scale", ONE, OURS, options_set_setting, 0, "PERCENT", "of the timeouts for replies"},
	{0, "flight", ONE, OURS, options_set_setting, 0, "grouped|careful", "commands together, or one by one"},
	{0, "flight-size", ONE, OURS, options_set_setting, 0, "BYTES", "of a message that leaves with its envelope"},
	{0, "domain", ONE, OURS, options_set_setting, 0, "DOMAIN", "of bare addresses, and our name"},
	{0, "tls", MAY, OURS, set_switch, 0, "on|off|auto", "encrypt"},
	{0, "tls-starttls", MAY, OURS, set_switch, 0, "on|off", "by STARTTLS, or from the first byte"},
	{0, "tls-certcheck", MAY, OURS, set_switch, 0, "on|off", "demand a good certificate"},
	{0, "tls-trust", ONE, OURS, options_set_setting, 0, "WAY", "whom to believe"},
	{0, "tls-trust-file", ONE, OURS, options_set_setting, 0, "FILE", "CAs to trust"},
	{0, "tls-crl-file", ONE, OURS, options_set_setting, 0, "FILE", "revoked certificates"},
	{0, "tls-fingerprint", ONE, OURS, options_set_setting, 0, "HEX", "the one certificate to trust"},
	{0, "tls-pin", ONE, OURS, options_set_setting, 0, "PIN", "the key it must have, too"},
	{0, "dane-resolver", ONE, OURS, options_set_setting, 0, "ADDRESS[@PORT]", "whom to ask, for dane"},
	{0, "dane-trust-anchor", ONE, OURS, options_set_setting, 0, "FILE", "of DNSSEC, in place of the root's"},
	{0, "tls-cert-file", ONE, OURS, options_set_setting, 0, "FILE", "our certificate"},
	{0, "tls-key-file", ONE, OURS, options_set_setting, 0, "FILE", "its key"},
	{0, "tls-key-password-file", ONE, OURS, options_set_setting, 0, "FILE", "it holds the key's password"},
	{0, "tls-key-passwordeval", ONE, OURS, options_set_setting, 0, "COMMAND", "it prints the key's password"},
	{0, "tls-min-version", ONE, OURS, options_set_setting, 0, "1.2|1.3", "of TLS"},
	{0, "tls-priorities", ONE, OURS, options_set_setting, 0, "STRING", "priorities of GnuTLS"},
	{0, "tls-host-override", ONE, OURS, options_set_setting, 0, "HOST", "name in the certificate"},
	{0, "tls-session-cache", MAY, OURS, set_switch, 0, "on|off", "resume TLS sessions"},
	{0, "tls-min-dh-prime-bits", ONE, OURS, options_set_setting, 0, "BITS", "no effect"},
	{0, "auth", MAY, OURS, set_switch, 0, "on|off|strong|METHOD", "authenticate"},
	{0, "auth-identity", ONE, OURS, options_set_setting, 0, "NAME", "act as somebody else"},
	{0, "user", ONE, OURS, options_set_setting, 0, "NAME", "the login"},
	{0, "passwordeval", ONE, OURS, options_set_setting, 0, "COMMAND", "it prints the password"},
	{0, "password-file", ONE, OURS, options_set_setting, 0, "FILE", "it holds the password"},
	{0, "password-credential", ONE, OURS, options_set_setting, 0, "NAME", "systemd credential with it"},
	{0, "password-keyring", ONE, OURS, options_set_setting, 0, "kernel|kernel:NAME|desktop", "keyring that holds it"},
	{0, "aliases", ONE, OURS, options_set_setting, 0, "FILE", "addresses of local names"},
	{0, "allow-from-override", MAY, OURS, set_switch, 0, "on|off", "let -f override from"},
	{0, "auto-from", MAY, OURS, set_switch, 0, "on|off", "obsolete: from %U@DOMAIN"},
	{0, "maildomain", ONE, OURS, options_set_setting, 0, "DOMAIN", "obsolete: its domain"},
	{0, "set-from-header", MAY, OURS, set_switch, 0, "on|off|auto", "replace, leave or add From"},
	{0, "add-missing-from-header", MAY, OURS, set_switch, 0, "on|off", "add From"},
	{0, "set-date-header", MAY, OURS, set_switch, 0, "auto|off", "add Date"},
	{0, "add-missing-date-header", MAY, OURS, set_switch, 0, "on|off", "add Date"},
	{0, "set-msgid-header", MAY, OURS, set_switch, 0, "auto|off", "add Message-ID"},
	{0, "remove-bcc-headers", MAY, OURS, set_switch, 0, "on|off", "no effect: Bcc is always removed"},
	{0, "deliver-by", ONE, OURS, options_set_setting, 0, "SECONDS[,R|N]", "then return it, or tell us"},
	{0, "require-tls", MAY, OURS, set_switch, 0, "on|off", "TLS all the way, or no delivery"},
	{0, "submitter", ONE, OURS, options_set_setting, 0, "ADDRESS", "for whom it is submitted"},
	{0, "undisclosed-recipients", MAY, OURS, set_switch, 0, "on|off", "hide all recipients"},
	{0, "queue", MAY, OURS, set_switch, 0, "on|off", "keep what cannot be sent now"},
	{0, "queue-dir", ONE, OURS, options_set_setting, 0, "DIR", "the queue's directory"},
	{0, "delivery", ONE, OURS, options_set_setting, 0, "interactive|background|queue",
	 "when to send"},
	{0, "queue-lifetime", ONE, OURS, options_set_setting, 0, "TIME", "then a message is given up"},
	{0, "duplicates", ONE, OURS, options_set_setting, 0, "rarely|never",
	 "whether what may have arrived is sent again"},
	{0, "connections", ONE, OURS, options_set_setting, 0, "NUMBER", "to a relay at once"},
	{0, "rate", ONE, OURS, options_set_setting, 0, "NUMBER/TIME", "of messages to a relay"},
	{0, "runner", MAY, OURS, set_switch, 0, "on|off", "start one for what was queued"},
	{'X', "logfile", ONE, OURS, options_set_setting, 0, "FILE", "log to this file"},
	{0, "log-format", ONE, OURS, options_set_setting, 0, "text|json", "of its lines"},
	{0, "logfile-time-format", ONE, OURS, options_set_setting, 0, "FORMAT", "how its lines begin"},
	{'L', NULL, ONE, ALL, options_set_log_tag, 0, "TAG", "put a tag behind our name in syslog"},
	{0, "syslog", MAY, OURS, set_switch, 0, "on|off|FACILITY", "log to syslog"},
};
/* clang-format on */

const struct options_table options_words = {rows, sizeof(rows) / sizeof(rows[0])};
