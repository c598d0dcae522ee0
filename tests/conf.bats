#!/usr/bin/env bats
# The configuration as a user meets it: files, errors, the choice of the account, passwords.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/xdg
	mkdir -p xdg/pennypost
	conf=xdg/pennypost/config
}

teardown() {
	relay_stop
}

# configure: the user's file, from standard input.
configure() {
	cat >$conf
	chmod 600 $conf
}

# route OPTION...: what --dry-run shows above the message.
route() {
	printf 'Subject: hi\n\nhello\n' |
		"$PENNYPOST" --dry-run "$@" ann@example.org 2>&1 | sed '/^$/,$d'
}

# fails STATUS TEXT COMMAND...: COMMAND exits with STATUS and says TEXT, and no secret.
fails() {
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	printf '%s\n' "$output"
	[ "$status" -eq "$status_wanted" ]
	[[ $output == *"$text"* ]]
	[[ $output != *hunter2* ]]
}

# says TEXT COMMAND...: what COMMAND writes holds TEXT.
says() {
	local text=$1
	shift
	run "$@"
	printf '%s\n' "$output"
	[[ $output == *"$text"* ]]
}

submit() {
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" "$@" ann@example.org
}

@test "every word of the table has its paragraph in the manual page" {
	cd "$ROOT"
	diff <(sed -n 's/^\t{"\([a-z_]*\)", [a-z_]*set_.*/\1/p' src/conf/keys_*.c | sort) \
		<(sed -n 's/^\.It Ic //p' man/pennypost.conf.5 | sed 's/ , Ic /\n/g' |
			sed 's/ .*//' | grep -vx 'account\|defaults\|include\|eval' | sort)
}

@test "the examples of the manual pages and of contrib are read without an error" {
	local read=0
	awk '/^\.Bd -literal/ { n++; inside = 1; next } /^\.Ed/ { inside = 0 }
		inside { print > ("example" n) }' "$ROOT/man/pennypost.conf.5" "$ROOT/man/pennypost-cookbook.7"
	echo 'root: ann@example.org' >aliases
	for file in example*; do
		grep -q '^relay  ' "$file" || continue
		sed 's,/etc/aliases,~/aliases,' "$file" >$conf
		chmod 600 $conf
		echo "$file"
		route | grep '^relay: '
		read=$((read + 1))
	done
	[ "$read" -ge 14 ]
	configure <"$ROOT/contrib/pennypost.conf.example"
	says 'relay: smtp.example.org:465, TLS from the first byte' route
}

@test "an msmtp user's file works" {
	configure <<-'END'
		# Set default values for all following accounts.
		defaults
		port 587
		tls on
		tls_trust_file /etc/ssl/certs/ca-certificates.crt
		logfile ~/.msmtp.log
		tls_min_dh_prime_bits 1024

		account freemail
		host smtp.freemail.example
		from joe_smith@freemail.example
		auth on
		user joe.smith
		passwordeval gpg2 --no-tty -q -d ~/.msmtp-password.gpg

		account freemail2 : freemail
		from joey@freemail.example

		account isp
		host mail.isp.example
		auto_from on
		maildomain isp.example
		auth on
		user 12345
		password secret#123 "x"
		tls_starttls off
		port 465

		account default : freemail
	END
	says 'relay: smtp.freemail.example:587, STARTTLS' route
	says 'login: joe.smith' route -f joey@freemail.example
	says 'sender: <joey@freemail.example>' route -a freemail2
	says 'relay: mail.isp.example:465, TLS from the first byte' route -a isp
}

@test "errors name file, line and key, and say what is accepted" {
	configure <<-END
		relay submissions://smtp.example.org
		tls maybe
	END
	fails 78 "/config:2: tls: \"maybe\" is not on, off or auto" submit
	configure <<-END

		paswordeval hunter2
	END
	fails 78 '/config:2: unknown key "paswordeval": did you mean "passwordeval"?' submit
	configure <<<'password=hunter2'
	fails 78 '/config:1: unknown key "password...": a key and its value are separated by a blank' submit
	configure <<<'password=hun "ter2'
	fails 78 '/config:1: password: ' submit
	configure <<<'host joe:hunter2@smtp.example.org'
	fails 78 '/config:1: host: a name or address has no "@"' submit
	configure <<<'relay submissions://joe:hunter2@smtp.example.org'
	fails 78 '/config:1: relay: ' submit
	printf 'user "joe\n' | configure
	fails 78 '/config:1: user: the closing quote is missing' submit
	printf 'user j\0oe\n' | configure
	fails 78 '/config:1: the line holds a control character (0x00)' submit
	configure <<<'proxy_host 127 0'
	fails 78 '/config:1: proxy_host: "127 0" is not a host name' submit
	configure <<-END
		account a
		relay submissions://smtp.example.org
		tls off
	END
	fails 78 '/config:1: account a: tls off contradicts the relay submissions://' submit
	configure <<<'account a'
	fails 78 'no account is called "b"' submit -a b
	fails 78 '/config:1: account a does not say where its relay is' submit
	fails 78 '/config:1: account a does not say where its relay is' submit --dry-run
	fails 78 '/config:1: account a does not say where its relay is' "$PENNYPOST" --server-info
	fails 78 'cannot open nowhere: No such file' submit -C nowhere
}

@test "a file with a password must be closed, one that others write is refused" {
	configure <<-END
		relay submissions://joe@smtp.example.org
		password hunter2
	END
	says 'login: joe' route
	chmod 640 $conf
	fails 78 "holds a password and is open to its group: chmod 600 $PWD/$conf" submit
	chmod 604 $conf
	fails 78 'holds a password and is open to everybody' submit
	sed -i 1q $conf
	says 'login: joe' route
	chmod 664 $conf
	fails 78 "can be written by its group, who could send mail and passwords elsewhere: chmod go-w $PWD/$conf" submit
	chmod 602 $conf
	fails 78 'can be written by everybody' submit
}

@test "a pipe is no configuration and no password file" {
	mkfifo pipe
	fails 78 "cannot open pipe: it is not a regular file" submit -C pipe
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2'
	printf '%s\n' "relay submission://joe@127.0.0.1:$relay_port" "password_file $PWD/pipe" | configure
	fails 78 "cannot open $PWD/pipe: it is not a regular file" submit \
		--tls-trust-file "$PWD/ca/ca.pem"
}

@test "somebody else's file is refused" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	configure <<<'relay submissions://smtp.example.org'
	chown 12345 $conf
	fails 78 'is owned by user 12345' submit
	fails 78 'is owned by user 12345' submit -C $conf
}

@test "an included file is read in place and checked the same way" {
	configure <<-END
		account a
		include parts/relay
		user ann
	END
	mkdir xdg/pennypost/parts
	echo 'relay submissions://joe@smtp.example.org' >xdg/pennypost/parts/relay
	says 'login: ann' route
	says 'relay: smtp.example.org:465' route
	chmod 666 xdg/pennypost/parts/relay
	fails 78 '/config:2: ' submit
	fails 78 'parts/relay can be written by everybody' submit
	rm xdg/pennypost/parts/relay
	fails 78 '/config:2: cannot open ' submit
	echo 'include ../config' >xdg/pennypost/parts/relay
	fails 78 'parts/relay:1: the file includes itself' submit
}

@test "-a, the sender, the From field, then the default choose the account" {
	configure <<-END
		account one
		relay submission://one.example
		from joe@one.example
		account two
		relay submission://two.example
		from joe@two.example, *@lists.example
		account default
		relay submission://default.example
		from joe@default.example
	END
	says 'relay: default.example:587' route
	says 'relay: one.example:587' route -a one
	says 'sender: <joe@two.example>' route -a two
	says 'relay: one.example:587' route -f joe@ONE.example
	says 'relay: two.example:587' route -f any@lists.example
	says 'sender: <any@lists.example>' route -f any@lists.example
	says 'relay: default.example:587' route -f nobody@nowhere.example
	says 'relay: two.example:587' \
		"$PENNYPOST" --dry-run ann@example.org <<<'From: Joe <joe@two.example>'
}

@test "options beat the file" {
	configure <<-END
		relay smtp://smtp.example.org
		from joe@example.org
	END
	says 'relay: smtp.example.org:2525, STARTTLS' route --port 2525
	says 'relay: smtp.example.org:25, without TLS' route --tls=off
	says 'relay: other.example:465, TLS from the first byte' route --relay submissions://other.example
	says 'contradicts' route --relay submissions://other.example --tls=off
}

@test "an option that contradicts another account stops nothing" {
	configure <<-END
		account home
		relay submissions://smtp.example.org
		account work
		relay smtp://smtp.example.net
		from joe@example.net
	END
	says 'relay: smtp.example.net:25, without TLS' route --tls=off -f joe@example.net
	fails 78 'account home: tls off contradicts' submit --tls=off
	fails 78 'account home: tls off contradicts' submit --tls=off -a home
	fails 78 'account home: tls off contradicts' submit --tls=off --server-info
}

@test "aliases send local names on" {
	configure <<-END
		relay smtp://127.0.0.1
		domain host.example.org
		aliases ~/aliases
	END
	printf '%s\n' 'root: a@b@c' >aliases
	chmod 644 aliases
	fails 78 "$HOME/aliases:1: " route_of root
	printf '%s\n' '# mail' 'root: joe@example.org,' '  eve@example.org # both' 'x: |/bin/cat' >aliases
	says 'joe@example.org' route_of root
	says 'eve@example.org' route_of root
	says 'nobody@host.example.org' route_of nobody
	fails 67 "$HOME/aliases:4: refused, because mail runs no commands: |/bin/cat" route_of x
	says "$HOME/aliases:4: mail for \"x\" goes nowhere" route_of x
}

@test "an aliases file that others can write is refused" {
	configure <<-END
		relay smtp://127.0.0.1
		domain host.example.org
		aliases ~/aliases
	END
	printf '%s\n' 'root: joe@example.org' 'x: a@b.c' 'x: d@e.f' >aliases
	chmod 644 aliases
	says 'recipient: <joe@example.org>' route_of root
	fails 78 "$HOME/aliases:3: the name has an entry already" route_of x
	chmod 664 aliases
	fails 78 "$HOME/aliases can be written by its group, who could send mail elsewhere: chmod go-w $HOME/aliases" route_of root
	chmod 646 aliases
	fails 78 'can be written by everybody' route_of root
	[ "$(id -u)" -eq 0 ] || return 0
	chmod 644 aliases
	chown 12345 aliases
	fails 78 "$HOME/aliases is owned by user 12345" route_of root
}

route_of() {
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" --dry-run "$1"
}

@test "no word of text runs a command but passwordeval and eval, and that when needed" {
	configure <<-END
		relay submission://joe@127.0.0.1:1
		passwordeval touch "$PWD/ran"; echo hunter2
		from \`touch ran\`@example.org
		domain host.example
		queue off
	END
	route >/dev/null
	run submit
	[ "$status" -eq 75 ]
	[ ! -e ran ]
	configure <<<'eval echo relay smtp://eval.example'
	says 'relay: eval.example:25' route
	configure <<<'eval echo hunter2 >&2; exit 3'
	says '/config:1: eval: ' route
}

# session SOURCE...: submits to a relay that wants joe's password; the lines of SOURCE say where it is.
session() {
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	{
		printf '%s\n' "relay submission://joe@127.0.0.1:$relay_port" "tls_trust_file $PWD/ca/ca.pem" \
			'from joe@example.org' 'syslog off' 'queue off'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | configure
	run -0 submit
	[ -z "$output" ]
	relay_stop
	rm -r relay
}

@test "the password comes from each of its sources" {
	"$ROOT/tests/lib/ca" ca
	session 'password hunter2 x'
	session 'password "hunter2 x"'
	session 'passwordeval echo "hunter2 x"'
	(umask 077 && printf 'hunter2 x\n' >secret)
	session 'password_file ~/secret'
	PENNYPOST_PASSWORD_FILE=$PWD/secret session
	mkdir credentials
	cp secret credentials/pennypost.password
	cp secret credentials/mail
	CREDENTIALS_DIRECTORY=$PWD/credentials session
	CREDENTIALS_DIRECTORY=$PWD/credentials session 'password_credential mail'
	(umask 077 && printf 'machine 127.0.0.1 login joe password "hunter2 x"\n' >.netrc)
	session
	rm .netrc
	# A desktop's keyring, by who would ask it.
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'echo "$*" >>'"$PWD/asked" 'echo "hunter2 x"' >bin/secret-tool
	chmod +x bin/secret-tool
	PATH=$PWD/bin:$PATH session 'password_keyring desktop'
	PATH=$PWD/bin:$PATH DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent session
	[ "$(sort -u asked)" = 'lookup service smtp host 127.0.0.1 user joe' ]
}

@test "the password comes from the kernel's keyring" {
	"$ROOT/tests/lib/ca" ca
	for name in pennypost:joe@127.0.0.1 'another name'; do
		printf 'hunter2 x' | keyctl padd user "$name" @u >/dev/null
	done
	session 'password_keyring kernel'
	session 'password_keyring "kernel:another name"'
	keyctl unlink "$(keyctl search @u user 'another name')" @u
	keyctl unlink "$(keyctl search @u user pennypost:joe@127.0.0.1)" @u
}

@test "a password that cannot be had is an error that says where it was looked for" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	for line in 'password_file /nonexistent' 'passwordeval false' 'passwordeval true' \
		'password_credential mail' 'password_keyring kernel' 'password_keyring desktop' \
		'timeout 10'; do
		printf '%s\n' "relay submission://joe@127.0.0.1:$relay_port" "tls_trust_file $PWD/ca/ca.pem" \
			'from joe@example.org' 'syslog off' 'queue off' "$line" | configure
		fails 78 'pass' submit
	done
	[[ $output == *'no password for joe at 127.0.0.1: '*'.netrc has none'* ]]
}

# with_terminals COMMAND...: runs COMMAND where there are pseudo-terminals: a bare chroot has none, and
# root gives it some in a mount namespace of its own.
with_terminals() {
	if python3 -c 'import os; os.openpty()' 2>/dev/null; then
		"$@"
	else
		unshare --mount sh -c 'mount -t devpts -o ptmxmode=666 devpts /dev/pts && exec "$0" "$@"' "$@"
	fi
}

@test "a secret of the environment does not follow an account that is led elsewhere" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	printf '%s\n' 'account a' 'relay submission://joe@127.0.0.2' 'user joe' 'tls on' \
		"tls_trust_file $PWD/ca/ca.pem" 'from joe@example.org' 'syslog off' 'queue off' | configure
	mkdir credentials
	(umask 077 && printf 'hunter2 x\n' | tee secret >credentials/pennypost.password)
	local moved=(-a a --host 127.0.0.1 --port "$relay_port")
	PENNYPOST_PASSWORD_FILE=$PWD/secret fails 78 'no password for joe' submit "${moved[@]}"
	CREDENTIALS_DIRECTORY=$PWD/credentials fails 78 'no password for joe' submit "${moved[@]}"
	CREDENTIALS_DIRECTORY=$PWD/credentials PENNYPOST_PASSWORD_FILE=/nonexistent \
		submit "${moved[@]}" --password-credential=pennypost.password
	submit "${moved[@]}" --password-file="$PWD/secret"
	(umask 077 && printf 'machine 127.0.0.1 login joe password "hunter2 x"\n' >.netrc)
	submit "${moved[@]}"
	[ -e relay/3.message ]
}

@test "no other relay takes the place of the account's by a port or a proxy" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --tls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	"$ROOT/tests/lib/proxy" >proxy.log 2>proxy.errors 3>&- &
	local proxy=$! says='withheld, because the command line changed the relay, or whom' trust
	within 10 test -s proxy.log
	local through=(--proxy "socks5://127.0.0.1:$(head -n 1 proxy.log)")
	(umask 077 && printf 'hunter2 x\n' >secret)
	printf '%s\n' 'account a' "relay submissions://joe@127.0.0.1:$relay_port" 'password_file ~/secret' \
		'tls_session_cache off' 'from joe@example.org' 'syslog off' 'queue off' >plain
	for trust in "--tls-trust-file=$PWD/ca/ca.pem" --tls-trust=first-use \
		"--tls-fingerprint=$(openssl x509 -in ca/server.pem -outform DER | sha256sum | cut -d' ' -f1)"; do
		configure <plain
		for way in "${through[*]}" "--port $relay_port"; do
			# shellcheck disable=SC2086
			fails 78 "$says" submit -a a $way "$trust"
			# shellcheck disable=SC2086
			fails 78 "$says" submit $way "$trust"
		done
	done
	fails 69 'is not among the CAs' submit -a a "${through[@]}"
	[ ! -e relay/1.message ]
	{ cat plain; echo "tls_trust_file $PWD/ca/ca.pem"; } | configure
	submit -a a "${through[@]}" --port "$relay_port"
	submit -a a "${through[@]}" "--tls-trust-file=$PWD/ca/ca.pem" --password-file="$PWD/secret"
	[ -e relay/2.message ]
	kill "$proxy"
}

@test "a secret of the environment stays with the relay of the environment" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --tls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	(umask 077 && printf 'hunter2 x\n' >secret)
	export PENNYPOST_RELAY=submissions://joe@127.0.0.1:1 PENNYPOST_PASSWORD_FILE=$PWD/secret
	local moved=(--relay "submissions://joe@127.0.0.1:$relay_port" --syslog=off --queue=off
		"--tls-trust-file=$PWD/ca/ca.pem")
	fails 78 'no password for joe' submit "${moved[@]}"
	fails 78 'no password for joe' submit --port "$relay_port" --tls-trust=first-use --syslog=off \
		--queue=off
	submit "${moved[@]}" --password-file="$PWD/secret"
	[ -e relay/1.message ]
}

# on_terminal ANSWER COMMAND...: runs COMMAND on a terminal of its own and types ANSWER when asked for a
# password; writes what the terminal showed.
on_terminal() {
	with_terminals timeout 30 python3 - "$@" <<-'END'
		import os, pty, sys
		pid, terminal = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		shown = b""
		while True:
		    try:
		        data = os.read(terminal, 4096)
		    except OSError:
		        data = b""
		    if not data:
		        break
		    shown += data
		    if b"password for" in data:
		        os.write(terminal, sys.argv[1].encode() + b"\n")
		sys.stdout.write(shown.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

@test "the password is asked for on a terminal only, and not shown" {
	with_terminals true || skip 'no pseudo-terminals: /dev/pts is not mounted'
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'joe:hunter2 x'
	printf '%s\n' "relay submission://joe@127.0.0.1:$relay_port" "tls_trust_file $PWD/ca/ca.pem" \
		'from joe@example.org' 'syslog off' 'queue off' | configure
	printf 'Subject: hi\n\nhello\n' >message
	run -0 on_terminal 'hunter2 x' sh -c '"$0" ann@example.org <message' "$PENNYPOST"
	[[ $output == *'password for joe at 127.0.0.1: '* ]]
	[[ $output != *hunter2* ]]
	run -78 on_terminal '' sh -c '"$0" ann@example.org <message' "$PENNYPOST"
	[[ $output == *'password: '* ]]
	ln -s "$PENNYPOST" sendmail
	run on_terminal 'hunter2 x' sh -c './sendmail ann@example.org <message'
	[ "$status" -ne 0 ]
	[[ $output == *'no password for joe at 127.0.0.1: the account names none'* ]]
}

@test "a file of one's own that cannot be read is an error; somebody else's is none" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	command -v setpriv || skip 'no setpriv'
	export XDG_CONFIG_HOME=$(mktemp -d)
	conf=$XDG_CONFIG_HOME/pennypost/config
	mkdir -m 755 "${conf%/*}"
	chmod 755 "$XDG_CONFIG_HOME"
	cp "$PENNYPOST" "$XDG_CONFIG_HOME/own"
	echo 'relay smtp://127.0.0.1:1' >$conf
	chmod 0 $conf
	run -78 setpriv --reuid 12345 --clear-groups "$XDG_CONFIG_HOME/own" ann@example.org </dev/null
	chmod 700 "${conf%/*}"
	local first=$output
	run -78 setpriv --reuid 12345 --clear-groups "$XDG_CONFIG_HOME/own" ann@example.org </dev/null
	rm -r "$XDG_CONFIG_HOME"
	[ "$first" = "own: cannot open $conf: Permission denied" ]
	[[ $output == *'no relay is configured'* ]]
}

@test "a password that is withheld from another relay is said to be" {
	relay_start relay --plain --auth 'joe:hunter2'
	printf '%s\n' 'account a' 'host mail.example.org' 'tls off' 'user joe' 'password hunter2' \
		'from joe@example.org' 'syslog off' 'queue off' | configure
	fails 78 "the account's own is withheld, because the command line changed the relay" \
		submit -a a --host 127.0.0.1 --port "$relay_port"
}

# line TEXT...: --show-config has the line, whatever its blanks.
line() {
	local text
	for text; do
		tr -s ' ' <<<"$output" | grep -qxF -- "$text" || { echo "no: $text"; echo "$output"; return 1; }
	done
}

@test "--show-config tells every value and where it comes from" {
	mkdir xdg/pennypost/parts
	printf '%s\n' 'tls_certcheck on' 'logfile ~/log' >xdg/pennypost/parts/common
	configure <<-'END'
		defaults
		include parts/common
		account one
		relay submission://joe%40x@one.example
		password hunter2
		from joe@one.example, *@lists.example
		account two
		host two.example
		passwordeval echo "a" # b
		user two
		eval echo rate 30/min
	END
	run -0 "$PENNYPOST" --show-config --queue-lifetime 36h
	[[ $output != *hunter2* ]]
	local file=$PWD/$conf
	line "account one # $file:3" "relay submission://joe%40x@one.example # $file:4" \
		"# password is set ($file:5)" "from joe@one.example, *@lists.example # $file:6" \
		"tls_certcheck on # $PWD/xdg/pennypost/parts/common:1" \
		"logfile $HOME/log # $PWD/xdg/pennypost/parts/common:2" \
		"# $file:9" 'passwordeval echo "a" # b' "rate 30/min # $file:11" \
		'queue_lifetime 1d12h # command line' '# port 587 # default' '# tls on # default' \
		'# timeout 60 # default'
	[ "$(grep -c '^account ' <<<"$output")" -eq 2 ]
	run -0 "$PENNYPOST" --show-config -a two
	[[ $output == 'account '*two* && $output != *one.example* ]]
	run -0 "$PENNYPOST" --show-config -f any@lists.example
	[[ $output == 'account '*one* && $output != *two.example* ]]
	run -0 "$PENNYPOST" --show-config -f '<joe@nowhere.example>'
	[[ $output == 'account '*one* ]]
	# What it says is a configuration, too.
	"$PENNYPOST" --show-config >again
	chmod 600 again
	"$PENNYPOST" -C again --show-config | diff <(sed '/^#/d; s/ *# [^#]*$//') <(sed '/^#/d; s/ *# [^#]*$//' again)
}

@test "--show-config of the environment, of options, and of what cannot be used" {
	PENNYPOST_RELAY=submissions://e.example PENNYPOST_PASSWORD_FILE=$PWD/secret \
		run -0 "$PENNYPOST" --show-config
	line 'account default # environment' \
		'relay submissions://e.example # environment, PENNYPOST_RELAY' \
		'# PENNYPOST_PASSWORD_FILE has the password of an account that names none (environment)'
	run -0 "$PENNYPOST" --show-config --host=o.example --tls=off
	line 'host o.example # command line' 'tls off # command line'
	fails 78 'nothing is configured' "$PENNYPOST" --show-config
	configure <<<$'account a\nuser x\npassword hunter2'
	run -0 "$PENNYPOST" --show-config
	fails 78 'does not say where its relay is' "$PENNYPOST" --show-config -a a
	run -0 "$PENNYPOST" --show-config -a a --host=o.example
	line '# its password is withheld, because the command line changed the relay, or whom to take for it'
	fails 64 'no place for' "$PENNYPOST" --show-config ann@example.org
	run -74 sh -c '"$0" --show-config >/dev/full' "$PENNYPOST"
}

@test "the canonical name of the host, and a log with times of one's own" {
	relay_start relay --plain
	configure <<-END
		host 127.0.0.1
		port $relay_port
		from a@%C
		logfile ~/log
		logfile_time_format <%Y>
		syslog off
		queue off
	END
	submit
	grep -q '^<20[0-9][0-9]> .*status=sent' log
	run -0 "$PENNYPOST" --show-config
	[[ $output != *%C* ]]
	fails 64 'a format of strftime(3)' submit --logfile-time-format="$(printf '%0300d' 0)"
}
