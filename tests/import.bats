#!/usr/bin/env bats
# --import: other programs' files as ours, and where their passwords may go.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD
	unset XDG_CONFIG_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	umask 077
}

teardown() {
	relay_stop
}

# imported PROGRAM [FILE]: ours in the file "ours", which is read without a word.
imported() {
	"$PENNYPOST" --import "$@" >ours 2>said || { cat said; return 1; }
	cat ours
	[ ! -s said ]
	"$PENNYPOST" -C ours --show-config >shown 2>said || { cat said; return 1; }
	[ ! -s said ]
}

# meaning: --show-config less comments and origins.
meaning() {
	sed '/^#/d; s/ *# [^#]*$//' "$@"
}

# has LINE...: the lines are in --show-config, without their origins.
has() {
	local line
	for line; do
		meaning shown | tr -s ' ' | grep -qxF -- "$line" || { echo "no: $line"; cat shown; return 1; }
	done
}

@test "msmtp's file comes out with the same meaning, twice" {
	cat >rc <<-'END'
		# all of them
		defaults
		tls on
		port 587
		auto_from on
		maildomain example.org

		account one
		host mail.example.org
		auth on
		user "joe smith"
		passwordeval "gpg -dq ~/pw.gpg"
		add_missing_from_header off
		tls_nocertcheck
		logfile ~/log
		tls_min_dh_prime_bits 1024

		account two : one
		maildomain example.net
		password "hunter2 x"
		keepbcc off
		account default : two
	END
	imported msmtp rc
	grep -qx '# all of them' ours
	grep -qx 'logfile  *~/log' ours
	"$PENNYPOST" -C rc --show-config 2>/dev/null | meaning >before
	diff before <(meaning shown)
	cp ours first
	imported msmtp first
	"$PENNYPOST" -C first --show-config | diff <(meaning) <(meaning shown)
}

@test "msmtp's proxy is ours" {
	printf '%s\n' 'account default' 'host mail.example.org' 'proxy_host 127.0.0.1' \
		'proxy_port 9050' 'from ann@example.org' >rc
	imported msmtp rc
	has 'proxy socks5://127.0.0.1:9050'
	! grep -i '# .*proxy' ours
}

@test "the user's msmtprc is found, else the system's" {
	echo 'host mine.example' >.msmtprc
	imported msmtp
	has 'host mine.example'
	grep -qF "configuration of msmtp: $PWD/.msmtprc" ours
	mkdir -p .config/msmtp
	mv .msmtprc .config/msmtp/config
	imported msmtp
	has 'host mine.example'
	need_world
	rm -r .config
	run "$ROOT/tests/lib/world" "$PWD" -- env HOME="$PWD" sh -c '
		echo "host system.example" >/etc/msmtprc
		mkdir -p /etc/ssmtp && echo "mailhub=ssmtp.example" >/etc/ssmtp/ssmtp.conf
		"$0" --import msmtp; "$0" --import ssmtp' "$PENNYPOST"
	[[ $output == *$'host                  system.example'*'host                  ssmtp.example'* ]]
}

@test "ssmtp's files" {
	mkdir ssmtp
	printf '%s\n' 'root=postmaster@example.org' 'mailhub=mail.example.org:587' 'AuthUser=joe' \
		'AuthPass=hunter2' 'UseSTARTTLS=YES' 'rewriteDomain=example.org' \
		'hostname=host.example.org' 'FromLineOverride=NO' >ssmtp/ssmtp.conf
	echo 'root:joe@isp.example:mail.isp.example' >ssmtp/revaliases
	imported ssmtp ssmtp
	has 'host mail.example.org' 'port 587' 'tls on' 'user joe' 'domain example.org' \
		"from $(id -un)@example.org" 'allow_from_override off' 'set_from_header on'
	grep -q '^# UNSAFE: ssmtp did not check' ours
	grep -q 'from joe@isp.example' ours
	imported ssmtp ssmtp/ssmtp.conf
	grep -q 'from joe@isp.example' ours
}

@test "dma's files" {
	mkdir dma
	printf '%s\n' 'SMARTHOST mail.example.org' 'PORT 465' 'SECURETRANSFER' \
		'AUTHPATH /etc/dma/auth.conf' 'MASQUERADE cron@example.org' 'MAILNAME h.example.org' \
		>dma/dma.conf
	echo 'joe|mail.example.org:hunter2' >dma/auth.conf
	imported dma dma
	has 'host mail.example.org' 'port 465' 'tls_starttls off' 'user joe' \
		'from cron@example.org' 'domain h.example.org'
	grep -qx 'password  *hunter2' ours
}

@test "nullmailer's files" {
	mkdir nullmailer
	echo "mail.example.org smtp --port=587 --starttls --user=joe --pass='hunter2 x'" \
		>nullmailer/remotes
	echo me.example.org >nullmailer/me
	echo admin@example.org >nullmailer/adminaddr
	echo 172800 >nullmailer/queuelifetime
	imported nullmailer nullmailer
	has 'host mail.example.org' 'tls_starttls on' 'domain me.example.org' 'queue_lifetime 2d'
	grep -qx 'password  *hunter2 x' ours
	grep -qx '#     default: admin@example.org' ours
}

@test "esmtp's file" {
	cat >.esmtprc <<-'END'
		hostname = mail.example.org:25
		username = "joe"
		password = "hunter2"
		starttls = required
		identity = ann@example.net
		    hostname = mail.example.net
	END
	imported esmtp
	has 'account default' 'user joe' 'tls_starttls on' 'account ann@example.net' 'port 587' \
		'from ann@example.net'
}

@test "what was imported sends" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	mkdir nullmailer
	echo "127.0.0.1 --port=$relay_port --starttls --user=joe --pass=hunter2\ x --x509cafile=$PWD/ca/ca.pem auth-login" \
		>nullmailer/remotes
	imported nullmailer nullmailer
	printf 'Subject: hi\n\nhello\n' |
		"$PENNYPOST" -C ours --syslog=off --queue=off -f joe@example.org ann@example.org
	[ -e relay/1.message ]
}

@test "a password goes to a closed file, or to a pipe that was meant, and nowhere else" {
	printf '%s\n' 'host x.example' 'password hunter2' '#password hunter2' \
		'# password=hunter2' '## Password: hunter2' '#passwd hunter2' >rc
	local import=("$PENNYPOST" --import msmtp rc)
	run --separate-stderr "${import[@]}"
	[ "$status" -eq 0 ]
	[[ $output$stderr != *hunter2* ]]
	[[ $output == *'password_file ~/.config/pennypost/password'* ]]
	[ "$stderr" = 'pennypost: passwords are left out: they are written to a file that is closed to others alone (umask 077), or with --with-passwords to a pipe' ]
	"${import[@]}" --with-passwords | grep -q '^password  *hunter2'
	"${import[@]}" >closed
	grep -q '^password  *hunter2' closed
	[ "$(grep -c hunter2 closed)" -eq 1 ]
	local mode
	for mode in 640 604 644; do
		: >open
		chmod $mode open
		"${import[@]}" --with-passwords >open
		run ! grep hunter2 open
	done
	chmod 644 rc
	"${import[@]}" | grep '^# UNSAFE: rc can be read by others'
}

@test "what cannot be imported" {
	run -64 "$PENNYPOST" --import sendmail
	[[ $output == *'knows msmtp, ssmtp, dma, nullmailer and esmtp, not "sendmail"' ]]
	run -78 "$PENNYPOST" --import ssmtp nowhere
	[[ $output == *'cannot open nowhere/ssmtp.conf: No such file or directory' ]]
	run -64 "$PENNYPOST" --import ssmtp a b
	run -64 "$PENNYPOST" --with-passwords ann@example.org </dev/null
	mkfifo pipe
	run -78 "$PENNYPOST" --import msmtp pipe
	ln -s "$PENNYPOST" sendmail
	run -64 ./sendmail --import msmtp
	echo 'host x.example' >rc
	run -74 sh -c '"$0" --import msmtp rc >/dev/full' "$PENNYPOST"
}
