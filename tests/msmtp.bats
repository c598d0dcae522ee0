#!/usr/bin/env bats
# The name msmtp: its files, its options and what they mean, its words. Ten files as people have
# them, and the two that come with it, are read and, where a relay can stand in, used.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD
	unset XDG_CONFIG_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY \
		SMTPSERVER EMAIL
	export XDG_STATE_HOME=$PWD/state
	ln -s "$PENNYPOST" msmtp
	ln -s "$PENNYPOST" pennypost
	printf 'Subject: hi\n\nhello\n' >message
}

teardown() {
	relay_stop
}

# rc: ~/.msmtprc, from standard input, where PORT is the relay's.
rc() {
	sed "s/PORT/${relay_port-25}/" >.msmtprc
	chmod 600 .msmtprc
}

# secure: a relay that demands TLS and the login joe, whose password is "hunter2 x".
secure() {
	"$ROOT/tests/lib/ca" ca
	relay_start relay "$@" --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
}

# shows LINE...: --show-config has each of the lines: key, value and where it comes from.
shows() {
	./msmtp --show-config >shown 2>said || { cat said; return 1; }
	local line
	for line; do
		tr -s ' ' <shown | grep -qxF -- "$line" || { echo "no: $line"; cat shown; return 1; }
	done
	run ! grep -q hunter2 shown said
	# What it shows is read as the same.
	(umask 077 && cp shown again)
	./pennypost -C again --show-config >twice
	diff <(sed '/^#/d; s/ *# [^#]*$//' shown) <(sed '/^#/d; s/ *# [^#]*$//' twice)
}

# sends OPTION...: a message gets to the relay, and nothing is said.
sends() {
	run --separate-stderr ./msmtp --syslog=off --queue=off "$@" ann@example.org <message
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	count=$((${count-0} + 1))
	[ -e "relay/$count.message" ]
}

@test "shape 1: Gmail, the password from gpg" {
	mkdir bin
	printf '#!/bin/sh\n[ "$*" = "--quiet --for-your-eyes-only --no-tty --decrypt %s/.pw.gpg" ] && echo "hunter2 x"\n' \
		"$PWD" >bin/gpg
	chmod +x bin/gpg
	secure --starttls
	rc <<-'END'
		# Gmail
		defaults
		auth           on
		tls            on
		tls_trust_file ~/ca/ca.pem
		logfile        ~/.msmtp.log

		account        gmail
		host           127.0.0.1
		port           PORT
		from           joe@gmail.example
		user           joe
		passwordeval   "gpg --quiet --for-your-eyes-only --no-tty --decrypt ~/.pw.gpg"

		account default : gmail
	END
	shows 'passwordeval gpg --quiet --for-your-eyes-only --no-tty --decrypt ~/.pw.gpg' \
		"from joe@gmail.example # $PWD/.msmtprc:11" \
		"tls_trust_file $PWD/ca/ca.pem # $PWD/.msmtprc:5"
	PATH=$PWD/bin:$PATH sends
	grep -qx 'from: <joe@gmail.example>' relay/1.envelope
	grep -q 'status=sent' .msmtp.log
}

@test "shape 2: several accounts, and a default of another name" {
	relay_start relay --plain
	rc <<-'END'
		account work
		host mail.work.example
		port 587
		tls on
		auth on
		user joe
		password "hunter2"
		from joe@work.example

		account private
		host 127.0.0.1
		port PORT
		from joe@home.example

		account default : private
	END
	shows "host mail.work.example # $PWD/.msmtprc:2" "# password is set ($PWD/.msmtprc:7)" \
		"account default # $PWD/.msmtprc:15" "from joe@home.example # $PWD/.msmtprc:13"
	sends
	sends -a private
	grep -qx 'from: <joe@home.example>' relay/2.envelope
	run -0 ./msmtp -P --from joe@work.example
	[[ $output == 'account '*work* ]]
}

@test "shape 3: the file of a system, with aliases and syslog" {
	relay_start relay --plain
	echo 'root: admin@example.org' >aliases
	chmod 644 aliases
	rc <<-'END'
		# Set default values for all following accounts.
		defaults
		auth           off
		tls            off
		aliases        ~/aliases
		syslog         LOG_MAIL

		account        relayhost
		host           127.0.0.1
		port           PORT
		from           %U@example.org
		set_from_header on
		allow_from_override off

		account default : relayhost
	END
	shows "syslog LOG_MAIL # $PWD/.msmtprc:6" "aliases $PWD/aliases # $PWD/.msmtprc:5" \
		"from $(id -un)@example.org # $PWD/.msmtprc:11"
	./msmtp --syslog=off -f other@example.net root <message
	grep -qx "from: <$(id -un)@example.org>" relay/1.envelope
	grep -qx 'to: <admin@example.org>' relay/1.envelope
	grep -q "^From: <\?$(id -un)@example.org" relay/1.message
}

@test "shape 4: TLS from the first byte on another port" {
	secure --tls
	rc <<-'END'
		account default
		host 127.0.0.1
		port PORT
		tls on
		tls_starttls off
		tls_trust_file ~/ca/ca.pem
		auth login
		user joe
		password hunter2 x
		from joe@example.org
	END
	shows "tls_starttls off # $PWD/.msmtprc:5" "auth login # $PWD/.msmtprc:7"
	sends
}

@test "shape 5: relays without TLS, on this machine and in the LAN" {
	relay_start relay --plain
	rc <<-'END'
		account default
		host 127.0.0.1
		port PORT
		from root@example.org
		account lan
		host relay.lan
		tls off
		from lan@example.org
	END
	shows '# tls off # default' "tls off # $PWD/.msmtprc:7" '# port 25 # default'
	sends
}

@test "shape 6: Office 365, a token from a script" {
	secure --starttls
	printf '#!/bin/sh\necho "hunter2 x"\n' >token
	chmod +x token
	rc <<-'END'
		account office
		auth xoauth2
		host 127.0.0.1
		port PORT
		protocol smtp
		from joe@example.org
		user joe
		tls on
		tls_starttls on
		tls_trust_file ~/ca/ca.pem
		passwordeval ~/token
		account default : office
	END
	shows "auth xoauth2 # $PWD/.msmtprc:2" 'passwordeval ~/token' "protocol smtp # $PWD/.msmtprc:5"
	run ./msmtp --syslog=off --queue=off ann@example.org <message
	# The relay of the tests has no XOAUTH2, and nothing else is tried.
	[ "$status" -eq 77 ]
	[[ $output == *[Xx][Oo][Aa][Uu][Tt][Hh]2* ]]
}

@test "shape 7: accounts by patterns" {
	relay_start relay --plain
	rc <<-'END'
		account org
		host 127.0.0.1
		port PORT
		from *@example.org
		account net
		host relay.example.net
		from [a-m]*@example.net
	END
	shows "from *@example.org # $PWD/.msmtprc:4" "from [a-m]*@example.net # $PWD/.msmtprc:7"
	sends -f anybody@example.org
	grep -qx 'from: <anybody@example.org>' relay/1.envelope
	run ./msmtp -P -f joe@example.net
	[[ $output == 'account '*net* ]]
}

@test "shape 8: lines made by eval" {
	relay_start relay --plain
	rc <<-'END'
		account default
		eval echo host 127.0.0.1
		eval echo port $MAIL_NUMBER
		eval printf 'from %s@example.org\nnot this one' joe
	END
	MAIL_NUMBER=$relay_port sends
	export MAIL_NUMBER=2525
	shows "host 127.0.0.1 # $PWD/.msmtprc:2" "port 2525 # $PWD/.msmtprc:3" \
		"from joe@example.org # $PWD/.msmtprc:4"
	grep -qx 'from: <joe@example.org>' relay/1.envelope
}

@test "shape 9: defaults, and accounts that inherit" {
	rc <<-'END'
		defaults
		tls on
		port 587
		account base
		host mail.example.org
		auth on
		user joe
		account one : base
		from one@example.org
		defaults
		port 465
		tls_starttls off
		account two : base,one
		from two@example.org
	END
	shows "from two@example.org # $PWD/.msmtprc:14" "port 465 # $PWD/.msmtprc:11" \
		"port 587 # $PWD/.msmtprc:3"
	[ "$(grep -c '^host  *mail.example.org' shown)" -eq 3 ]
}

@test "shape 10: tabs, CRLF, quotes, and words of old" {
	relay_start relay --plain
	printf '%s\r\n' '# from Windows' $'\taccount\t\tdefault' $'\thost\t127.0.0.1' \
		"port		$relay_port" 'user "joe smith"' 'auth off' 'auto_from on' \
		'maildomain "example.org"' 'add_missing_from_header on' 'tls_min_dh_prime_bits 1024' \
		'keepbcc off' 'timeout off' '' | rc
	./msmtp --show-config >shown 2>said
	cat said
	[ "$(wc -l <said)" -eq 4 ]
	grep -qx "msmtp: $PWD/.msmtprc:7: auto_from is obsolete: write \"from %U@example.org\", with your own domain" said
	tr -s ' ' <shown | grep -qxF "from $(id -un)@example.org # $PWD/.msmtprc:7"
	tr -s ' ' <shown | grep -qxF "user joe smith # $PWD/.msmtprc:5"
	run -0 ./msmtp --queue=off --syslog=off ann@example.org <message
	grep -qx "from: <$(id -un)@example.org>" relay/1.envelope
}

@test "the examples that come with msmtp" {
	rc <<-'END'
		defaults
		port 587
		tls on
		tls_starttls on
		account freemail
		host smtp.freemail.example
		from joe_smith@freemail.example
		auth on
		user joe.smith
		passwordeval gpg2 --no-tty -q -d ~/.msmtp-password.gpg
		account freemail2 : freemail
		from joey@freemail.example
		account company
		host mail.company.example
		from smithjoe@company.example
		auth on
		user company12345
		account default : freemail
	END
	shows "from joey@freemail.example # $PWD/.msmtprc:12" "user company12345 # $PWD/.msmtprc:17"
	rc <<-'END'
		account default
		host mail.oursite.example
		port 465
		tls on
		tls_starttls off
		from %U@oursite.example
		allow_from_override off
		set_from_header on
		syslog LOG_MAIL
	END
	shows "from $(id -un)@oursite.example # $PWD/.msmtprc:6" "syslog LOG_MAIL # $PWD/.msmtprc:9"
	# Tor, which is not running, is not passed by.
	rc <<<$'host x.example\nproxy_host 127.0.0.1\nproxy_port 1\ntls on'
	run -75 ./msmtp --queue=off ann@example.org <message
	[[ $output == *'the proxy 127.0.0.1:1: cannot connect: Connection refused'* ]]
}

@test "msmtp reads its own files where there is none of ours, and other names never do" {
	rc <<<$'account default\nhost one.example'
	mkdir -p .config/msmtp .config/pennypost
	echo 'host two.example' >.config/msmtp/config
	run -0 ./msmtp -P
	[[ $output == *one.example* ]]
	run -78 ./pennypost --show-config
	[[ $output == 'pennypost: nothing is configured: '* ]]
	ln -s "$PENNYPOST" sendmail
	run -78 ./sendmail ann@example.org <message
	rm .msmtprc
	run -0 ./msmtp -P
	[[ $output == *two.example* ]]
	echo 'host three.example' >.config/pennypost/config
	run -0 ./msmtp -P
	[[ $output == *three.example* ]]
	mkdir xdg
	run -78 env XDG_CONFIG_HOME="$PWD/xdg" ./msmtp -P
	mv .config/msmtp xdg
	run -0 env XDG_CONFIG_HOME="$PWD/xdg" ./msmtp -P
	[[ $output == *two.example* ]]
}

@test "msmtp's files must be as safe as ours" {
	rc <<<$'host one.example\npassword hunter2'
	chmod 640 .msmtprc
	run -78 ./msmtp -P
	[[ $output == *"holds a password and is open to its group: chmod 600 $PWD/.msmtprc" ]]
	rc <<<'host one.example'
	chmod 666 .msmtprc
	run -78 ./msmtp -P
	[[ $output == *'can be written by everybody'* ]]
}

@test "the system's msmtprc is read, and beaten by the user's" {
	need_world
	echo 'queue off' >.msmtprc
	chmod 600 .msmtprc
	# in_world SCRIPT: where /etc/msmtprc is one of root's.
	in_world() {
		run "$ROOT/tests/lib/world" "$PWD" -- env HOME="$PWD" /bin/bash -c "
			printf '%s\n' 'account default' 'host system.example' 'account other' \
				'host other.example' 'password hunter2' >/etc/msmtprc
			chmod 644 /etc/msmtprc
			cd '$PWD' && $1"
		echo "$output"
	}
	in_world 'rm .msmtprc; ./msmtp -P 2>&1'
	[[ $output == *'everybody on this machine can read'*'system.example'*'/etc/msmtprc:2'* ]]
	in_world 'printf "account default\nhost user.example\n" >.msmtprc; ./msmtp -P'
	[[ $output == *'user.example'* ]]
	in_world './msmtp -a other -P; ./msmtp -C .msmtprc -a other -P'
	[ "$(grep -c '^host  *other.example' <<<"$output")" -eq 2 ]
	in_world './pennypost -C .msmtprc -a other --show-config'
	[[ $output == *'no account is called "other"' ]]
}

@test "what msmtp queued is sent later by an account of its file" {
	relay_start relay --plain
	rc <<<$'account default\nhost 127.0.0.1\nport PORT\nfrom a@example.org\nsyslog off\nrunner off'
	relay_stop
	run -0 ./msmtp ann@example.org <message
	[[ $output == *'queued as'* ]]
	port=$relay_port
	./pennypost --list-queue --json | grep -qF "\"config\":\"$PWD/.msmtprc\""
	relay_start again --plain
	sed -i "s/^port .*/port $relay_port/" .msmtprc
	run -0 ./pennypost -q
	grep -qx 'to: <ann@example.org>' again/1.envelope
}

@test "--host reads no file, and goes with no account" {
	rc <<<'nonsense'
	relay_start relay --plain
	sends --host=127.0.0.1 --port="$relay_port" -f joe@example.org
	run -64 ./msmtp --host=127.0.0.1 -a default ann@example.org <message
	run -64 ./msmtp --host=127.0.0.1 --account=default -P
}

@test "SMTPSERVER and EMAIL are the last resort, and cannot bring words along" {
	relay_start relay --plain
	SMTPSERVER=127.0.0.1 EMAIL=joe@example.org sends --port="$relay_port"
	grep -qx 'from: <joe@example.org>' relay/1.envelope
	SMTPSERVER=$'x\nuser joe' run -78 ./msmtp -P
	SMTPSERVER=x EMAIL=$'x\npasswordeval touch ran' run ./msmtp -P
	[[ $output != *touch* ]]
	SMTPSERVER=127.0.0.1 run -78 ./pennypost --show-config
	rc <<<$'account default\nhost file.example'
	SMTPSERVER=127.0.0.1 run -0 ./msmtp -P
	[[ $output == *file.example* ]]
}

@test "-P shows the account in use and reads nothing" {
	rc <<<$'account default\nhost one.example\nfrom a@one.example\naccount two\nhost two.example\nfrom *@two.example\nuser joe\npassword hunter2'
	local option
	for option in '-P' '--pretend' '-P ann@example.org' '-P -f x@nowhere.example'; do
		run -0 ./msmtp $option <message
		[[ $output == *one.example* && $output != *two.example* ]]
	done
	for option in '-a two -P' '--account=two --pretend' '-P -f x@two.example' '-P --from=x@two.example'; do
		run -0 ./msmtp $option <message
		[[ $output == *'# password is set'* && $output != *one.example* && $output != *hunter2* ]]
	done
	exec 9<message
	./msmtp -P ann@example.org <&9 >/dev/null
	cat <&9 | cmp - message
	exec 9<&-
}

@test "a mode of msmtp that there is not says so, and what it does not have is refused" {
	rc <<<'host one.example'
	run -69 ./msmtp --rmqs=@example.org
	[[ $output == *'ETRN'*'no queue for us' ]]
	local option
	for option in -5 --ipv5 --nonsense; do
		run -64 ./msmtp $option ann@example.org <message
		[[ $output == *"there is no option $option"* ]]
	done
	secure --starttls
	run -0 ./msmtp --serverinfo --host=localhost --port="$relay_port" --tls --tls-trust-file=ca/ca.pem
	[[ $output == *'AUTH PLAIN'* ]]
	run -0 ./msmtp -S --host=localhost --port="$relay_port" --tls=on --tls-certcheck=off
}

@test "every option of msmtp is taken, set and unset" {
	relay_start relay --plain
	sends --host=127.0.0.1 --port="$relay_port" --source-ip= --proxy-host= --socket= \
		--timeout=30 --protocol=smtp --domain=x.example --auth=off --user= --passwordeval= \
		--tls=off --tls-starttls --tls-trust-file= --tls-crl-file= --tls-fingerprint= \
		--tls-key-file= --tls-cert-file= --tls-certcheck --tls-priorities= \
		--tls-host-override= --from=joe@example.org --dsn-notify=off --dsn-return=off \
		--set-from-header=auto --set-date-header --set-msgid-header=auto --remove-bcc-headers \
		--undisclosed-recipients --logfile="$PWD/log" --logfile-time-format='%Y is the year' \
		--aliases= -Ftest -B8BITMIME -bm -G -h1 -i -Ltag -m -n -Ox=y -ox --
	grep -q '^To: undisclosed-recipients:;' relay/1.message
	grep -q '^[0-9]* is the year .*status=sent' log
	sends --host 127.0.0.1 --port "$relay_port" -X "$PWD/other" -f joe@example.org \
		-t --read-recipients --auto-from=off --source-ip=127.0.0.1
	run -0 ./msmtp --host=127.0.0.1 --port="$relay_port" --syslog=off -f joe@example.org -N never \
		-R hdrs --read-envelope-from --maildomain=x.example ann@example.org <message
	[[ $output == *'maildomain is obsolete'* && $output == *'does not offer DSN'* ]]
	grep -q '^20[0-9-]*T' other
}

@test "a bad word, relay, login or certificate ends with msmtp's code" {
	rc <<<'nonsense'
	run -78 ./msmtp ann@example.org <message
	rc <<<$'host 127.0.0.1\nport 1\nqueue off\nsyslog off'
	run -75 ./msmtp ann@example.org <message
	run -64 ./msmtp <message
	run -64 ./msmtp --port=x ann@example.org <message
	secure --starttls
	local relay=(--host=127.0.0.1 --port="$relay_port" --tls --user=joe --syslog=off -f a@b.example)
	run -69 ./msmtp "${relay[@]}" ann@example.org <message
	run -77 ./msmtp "${relay[@]}" --tls-trust-file=ca/ca.pem --passwordeval='echo wrong' ann@example.org <message
	run -0 ./msmtp "${relay[@]}" --tls-trust-file=ca/ca.pem --passwordeval='echo "hunter2 x"' ann@example.org <message
	local word
	for word in ntlm digest-md5; do
		run -64 ./msmtp --host=x.example --auth=$word -P
		[[ $output == *"$word is broken and not supported"* ]]
	done
}
