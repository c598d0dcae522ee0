#!/usr/bin/env bats
# --configure: the relay is found, the password put away, the account written; or nothing is.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY XDG_CONFIG_HOME XDG_STATE_HOME
	unset DBUS_SESSION_BUS_ADDRESS
	export HOME=$BATS_TEST_TMPDIR
	conf=.config/pennypost/config
	echo 'hosts: files dns' >nsswitch.conf
	echo 'nameserver 127.0.0.1' >resolv.conf
	echo '127.0.0.1 localhost' >hosts
	(umask 077 && echo 'hunter2 x' >secret)
}

teardown() {
	relay_stop
}

# submissions [OPTION...]: a relay with TLS from the first byte that wants the login of ann.
submissions() {
	[ -d ca ] || "$ROOT/tests/lib/ca" ca
	relay_start relay --tls --cert ca/server.pem --key ca/server.key \
		--auth 'ann@example.org:hunter2 x' "$@"
}

# configure OPTION...: by a script, with that relay.
configure() {
	"$PENNYPOST" --configure ann@example.org --relay "submissions://localhost:$relay_port" \
		--tls-trust-file ca/ca.pem --user ann@example.org "$@" </dev/null
}

# typed STEP... -- OPTION...: the same at a terminal.
typed() {
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	run "$ROOT/tests/lib/terminal" "${steps[@]}" -- bash -c \
		'"$@"; code=$?; stty -a | grep -qw echo && stty -a | grep -qw icanon || echo INSANE; exit $code' \
		bash "$PENNYPOST" --configure ann@example.org \
		--relay "submissions://localhost:$relay_port" --tls-trust-file ca/ca.pem "$@"
	echo "status $status: $output"
	[[ $output != *hunter2* && $output != *INSANE* ]]
}

# fails STATUS TEXT COMMAND...: COMMAND exits with STATUS and says TEXT, and no secret.
fails() {
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	printf 'status %s: %s\n' "$status" "$output"
	[ "$status" -eq "$status_wanted" ]
	[[ $output == *"$text"* ]]
	[[ $output != *hunter2* ]]
}

# nothing: not a byte was written.
nothing() {
	[ ! -e .config ]
}

# mode FILE: its permissions.
mode() {
	stat -c %a "$1"
}

# sends: what was written works.
sends() {
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" "$@" bob@example.org
}

@test "the providers are known without a network" {
	"$ROOT/tests/lib/netns" "$PWD" true 2>/dev/null || skip 'no network of its own'
	without_network() {
		run --separate-stderr "$ROOT/tests/lib/netns" "$PWD" "$PENNYPOST" --configure "$1" --dry-run
		echo "status $status: $output"
		echo "$stderr"
	}
	while read -r address relay; do
		without_network "$address"
		[ "$status" -eq 0 ]
		[[ $output == *$'\naccount default\n'*$'\nrelay '"$relay"$'\n'*"user $address"* ]]
	done <<-END
		ann@gmail.com submissions://smtp.gmail.com
		ann@googlemail.com submissions://smtp.gmail.com
		ann@icloud.com submission://smtp.mail.me.com
		ann@fastmail.com submissions://smtp.fastmail.com
		ann@web.de submission://smtp.web.de
		ann@posteo.de submissions://posteo.de
		ann@hotmail.com submission://smtp-mail.outlook.com
		ann@firm.onmicrosoft.com submission://smtp.office365.com
		ann@pm.me smtp://127.0.0.1:1025
	END
	[[ $output == *$'\ntls off\n'* ]]
	without_network ann@hotmail.com
	[[ $output == *$'\nauth xoauth2\n'* ]]
	without_network ann@tuta.com
	[ "$status" -eq 68 ]
	[[ $stderr == *'Tuta: it offers no SMTP'* ]]
	nothing
}

@test "a script says all of it" {
	submissions
	run -0 configure --password-file secret --yes
	echo "$output"
	[[ $output != *hunter2* ]]
	[[ $output == *'AUTH PLAIN'*'takes the login'*'written: account default in '* ]]
	[ "$(mode $conf)" = 644 ]
	[ "$(mode .config/pennypost)" = 700 ]
	grep -qx "password_file $PWD/secret" $conf
	run -0 "$PENNYPOST" -bC
	run -0 sends
	grep -q 'login: ann@example.org' relay/1.envelope
}

@test "a command with the password closes the file" {
	submissions
	run -0 configure --passwordeval "cat $PWD/secret" --yes
	[ "$(mode $conf)" = 600 ]
	run -0 sends
}

@test "the kernel's keyring takes it" {
	submissions
	run -0 configure --password-file secret --keyring kernel --yes
	! grep -q "$PWD/secret" $conf
	grep -qx 'password_keyring kernel' $conf
	rm secret
	run -0 sends
	keyctl unlink "$(keyctl search @u user pennypost:ann@example.org@localhost)" @u
}

@test "the desktop's keyring takes it on standard input" {
	submissions
	mkdir bin
	cat >bin/secret-tool <<-END
		#!/bin/sh
		echo "\$*" >>$PWD/asked
		case \$1 in store) cat >$PWD/ring ;; lookup) cat $PWD/ring ;; esac
	END
	chmod +x bin/secret-tool
	PATH=$PWD/bin:$PATH run -0 configure --password-file secret --keyring desktop --yes
	rm secret
	PATH=$PWD/bin:$PATH run -0 sends
	run cat asked
	[ "${lines[0]}" = 'store --label=pennypost service smtp host localhost user ann@example.org' ]
	! grep -q hunter2 asked
	printf '#!/bin/sh\nexit 1\n' >bin/secret-tool
	rm -r .config
	(umask 077 && echo 'hunter2 x' >secret)
	PATH=$PWD/bin:$PATH fails 78 'secret-tool cannot put' configure --password-file secret \
		--keyring desktop --yes
	nothing
}

@test "without a terminal what is missing is named, and nothing is asked" {
	submissions
	fails 64 '--yes is missing' configure --password-file secret
	fails 64 '--password-file, --passwordeval or --keyring is missing' configure --yes
	fails 64 '--password-file or --passwordeval is missing' configure --keyring kernel --yes
	fails 64 '--password-file, --passwordeval or --keyring is missing' \
		"$PENNYPOST" --configure ann@gmail.com --yes </dev/null
	fails 64 'needs an address such as' "$PENNYPOST" --configure ann </dev/null
	fails 64 'needs an address such as' "$PENNYPOST" --configure 'a*n@example.org' </dev/null
	fails 64 '--keyring goes with --configure' "$PENNYPOST" --keyring kernel ann@example.org </dev/null
	fails 64 "is not sendmail's" bash -c "exec -a sendmail '$PENNYPOST' --configure a@b" </dev/null
	nothing
}

@test "what does not work is not written" {
	submissions
	(umask 077 && echo wrong >wrong)
	fails 77 '535' configure --password-file wrong --yes
	fails 78 'open to others' configure --password-file <(echo x) --password-file ca/ca.pem --yes
	fails 69 'certificate' "$PENNYPOST" --configure ann@example.org \
		--relay "submissions://localhost:$relay_port" --password-file secret --yes </dev/null
	relay_stop
	fails 75 'cannot connect' configure --password-file secret --yes
	nothing
}

@test "what was configured stays, byte for byte" {
	submissions
	mkdir -p .config/pennypost
	printf '# mine\naccount work\nhost relay.example\nfrom joe@work.example\n# no end' >$conf
	chmod 640 $conf
	cp $conf before
	fails 64 '--yes is missing' configure --password-file secret
	cmp $conf before
	run -0 configure --password-file secret --yes
	head -c "$(stat -c %s before)" $conf | cmp - before
	[ "$(mode $conf)" = 640 ]
	grep -qx 'account example' $conf
	run -0 sends -a example
	[ "$(ls -A .config/pennypost)" = config ]
	cp $conf before
	fails 78 'account example is for ann@example.org already' configure --password-file secret --yes
	fails 78 'has an account work already' configure -a work --password-file secret --yes
	fails 64 'cannot be the name of an account' configure -a 'a:b' --password-file secret --yes
	printf 'nonsense\n' >>$conf
	cp $conf before
	fails 78 'nonsense' configure -a other --password-file secret --yes
	printf 'defaults\ntls_certcheck off\n' >$conf
	cp $conf before
	fails 78 'the defaults that stand there change' configure --password-file secret --yes
	cmp $conf before
	[ "$(ls -A .config/pennypost)" = config ]
}

@test "--dry-run prints what would be written" {
	submissions
	run -0 --separate-stderr configure --password-file secret --dry-run
	nothing
	printf '%s\n' "$output" >shown
	run -0 configure --password-file secret --yes
	cmp shown $conf
}

@test "--system writes root's file, and root alone" {
	submissions
	[ "$(id -u)" -eq 0 ] || skip 'that needs root'
	own_mounts || skip 'no mounts of our own'
	run setpriv --reuid 65534 --clear-groups "$PENNYPOST" --configure ann@example.org --system \
		--relay smtp://localhost --auth off --yes </dev/null
	echo "$output"
	[ "$status" -eq 78 ]
	[[ $output == *"/pennypost.conf is root's: call it as root"* ]]
	place=${output#*: }
	place=${place%/pennypost.conf is root*}
	mkdir etc
	run unshare "${mounts[@]}" bash -euc "
		mkdir -p '$place'
		mount --bind etc '$place'
		'$PENNYPOST' --configure ann@example.org --system --relay submissions://localhost:$relay_port \
			--tls-trust-file ca/ca.pem --password-file secret --yes </dev/null
		printf 'hi\n' | '$PENNYPOST' bob@example.org
		umount '$place'"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(mode etc/pennypost.conf)" = 644 ]
	[ -e relay/1.message ]
	nothing
}

@test "at a terminal it asks" {
	submissions
	typed expect 'Login [ann@example.org]' send '\r' expect 'lie?' expect 'nobody else can read' \
		expect 'Number [1]' send '9\r' expect 'Number [1]' send '\r' \
		expect 'Password for ann@example.org at localhost:' send 'wrong\r' expect 535 \
		expect 'another password? [Y/n]' send 'y\r' expect 'Password' send 'hunter2 x\r' \
		expect 'takes the login' expect 'written to' expect 'written? [Y/n]' send '\r' \
		expect 'written: account default' expect 'test mail be sent to ann@example.org? [y/N]' \
		send 'y\r' expect 'took the test mail' --
	[ "$status" -eq 0 ]
	[ "$(mode $conf)" = 644 ]
	[ "$(mode .config/pennypost/default.password)" = 600 ]
	grep -q '^Subject: pennypost works' relay/1.message
	run -0 sends
	typed expect 'Number' send '3\r' expect Command: send "cat $PWD/secret\\r" \
		expect 'already. Shall example be added to it? [y/N]' send '\r' \
		-- --user ann@example.org -a example
	[ "$status" -eq 64 ]
	! grep -q 'account example' $conf
	typed expect 'Number' send '4\r' expect Password send 'hunter2 x\r' expect 'added to it?' send 'y\r' \
		expect 'password for' send 'hunter2 x\r' expect 'mail would go' \
		expect 'test mail' send '\r' -- --user ann@example.org -a example
	[ "$status" -eq 0 ]
	[ "$(sed -n '/^account example/,$p' $conf | grep -c password)" -eq 0 ]
}

@test "an interrupt at any question leaves nothing and a sane terminal" {
	submissions
	steps=(expect Login INT '\r' expect Number INT '\r' expect 'Password for' INT 'hunter2 x\r'
		expect 'be written?' INT)
	for ((n = 2; n < ${#steps[@]}; n += 4)); do
		before=()
		for ((i = 0; i < n; i++)); do
			[ "${steps[i]}" = INT ] && before+=(send) || before+=("${steps[i]}")
		done
		typed "${before[@]}" send '\x03' --
		[ "$status" -eq 130 ]
		[[ $output == *'interrupted: nothing was written'* ]]
		nothing
	done
	typed expect Login send '\x04' --
	[ "$status" -eq 64 ]
	[[ $output == *'no answer was given'* ]]
	typed expect Login send '\r' expect Number send '\r' expect 'Password for' send '\r' --
	[ "$status" -eq 64 ]
	nothing
}

# srv SCRIPT: runs it in a network of its own with the records of the file `records`, and two relays
# for ann whose certificates are for NAME (mail.example.org): TLS from the first byte on port 465,
# STARTTLS on 587.
srv() {
	"$ROOT/tests/lib/netns" "$PWD" true 2>/dev/null || skip 'no network of its own'
	echo 'hosts: dns' >nsswitch.conf
	[ -d ca ] || "$ROOT/tests/lib/ca" ca "${certificate:-mail.example.org}"
	rm -f dns.log
	run "$ROOT/tests/lib/netns" "$PWD" bash -euc \
		"BATS_TEST_DIRNAME='$ROOT/tests'; . '$ROOT/tests/lib/common.bash'
		PYTHONUNBUFFERED=1 '$ROOT/tests/lib/dns' records >dns.log 2>&1 & dns=\$!
		rm -rf implicit starttls
		tls=(--cert ca/server.pem --key ca/server.key --auth 'ann@example.org:hunter2 x')
		relay_start implicit --tls --port 465 \"\${tls[@]}\"
		first=\$relay_pid
		relay_start starttls --starttls --port 587 \"\${tls[@]}\"
		trap 'kill \$dns \$first; relay_stop' EXIT
		within 10 test -s dns.log
		set_up() { $PENNYPOST --configure ann@example.org --tls-trust-file ca/ca.pem \"\$@\"; }
		try() { set_up --password-file secret --yes \"\$@\" </dev/null; }
		$1" 3>&-
	echo "status $status: $output"
	[[ $output != *hunter2* ]]
}

@test "SRV: the domain says where" {
	cat >records <<-END
		_submissions._tcp.example.org SRV 1 0 1 mail.example.org
		_submissions._tcp.example.org SRV 2 0 465 mail.example.org
		_submission._tcp.example.org SRV 3 0 587 mail.example.org
		mail.example.org A 127.0.0.1
	END
	srv 'try'
	[ "$status" -eq 0 ]
	[[ $output == *'mail.example.org:1: cannot connect'*'mail.example.org:465: TLS'* ]]
	grep -qx 'relay submissions://mail.example.org' $conf
	grep -qx '# The relay that the domain names in the DNS.' $conf
	rm -r .config
	sed -i /_submissions/d records
	srv 'try'
	[ "$status" -eq 0 ]
	grep -qx 'relay submission://mail.example.org' $conf
}

@test "SRV: a name elsewhere is not believed unseen" {
	printf '%s\n' '_submissions._tcp.example.org SRV 1 0 465 mail.hoster.example' \
		'mail.hoster.example A 127.0.0.1' >records
	certificate=mail.hoster.example srv 'try'
	[ "$status" -eq 64 ]
	[[ $output == *'the DNS leads to mail.hoster.example, which is not below example.org: '*'--relay submissions://mail.hoster.example is missing' ]]
	nothing
	srv "set_up() { '$ROOT/tests/lib/terminal' expect 'It is not below example.org' expect '[y/N]' \
			send '\\r' expect 'Shall smtp.example.org and mail.example.org be tried' \
			send '\\r' expect 'Relay, such as' send '\\x03' -- \
			$PENNYPOST --configure ann@example.org --tls-trust-file ca/ca.pem; }
		set_up"
	[ "$status" -eq 130 ]
	nothing
	[ ! -s implicit/relay.log ]
	srv 'set_up --dry-run'
	[ "$status" -eq 0 ]
	[[ $output == *'# The relay that the domain names in the DNS. It is not below example.org.'* ]]
	nothing
	srv 'try --relay submissions://mail.hoster.example'
	[ "$status" -eq 0 ]
}

@test "SRV: no certificate, no secret; odd answers are errors" {
	echo '_submissions._tcp.example.org SRV 1 0 465 evil.example.org
		evil.example.org A 127.0.0.1' >records
	srv 'try --user ann@example.org'
	[ "$status" -ne 0 ]
	[[ $output == *'certificate'* ]]
	! grep -rq 'login' implicit
	for records in '_submissions._tcp.example.org GARBAGE' '_submissions._tcp.example.org SERVFAIL' \
		'_submissions._tcp.example.org SRV 0 0 465 .' \
		'_submissions._tcp.example.org SRV 0 0 465 -x\;$(id).example.org'; do
		printf '%s\n' "$records" >records
		srv try
		[ "$status" -eq 64 ]
		[[ $output == *'--relay is missing, or --probe'* ]]
	done
	nothing
}

@test "SRV: for a provider the table has the last word" {
	printf '%s\n' '_submissions._tcp.gmail.com SRV 1 0 465 mail.evil.example' \
		'smtp.gmail.com A 127.0.0.1' 'mail.evil.example A 127.0.0.1' >records
	certificate=smtp.gmail.com srv "$PENNYPOST --configure ann@gmail.com --tls-trust-file ca/ca.pem \
		--user ann@example.org --password-file secret --yes </dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"the DNS leads to mail.evil.example, which is not Gmail's: that is not used"* ]]
	grep -qx 'relay submissions://smtp.gmail.com' $conf
}

@test "usual names are tried with consent alone" {
	echo 'mail.example.org A 127.0.0.1' >records
	srv try
	[ "$status" -eq 64 ]
	! grep -q '^mail.example.org' dns.log
	srv 'try --probe'
	[ "$status" -eq 0 ]
	grep -qx 'relay submissions://mail.example.org' $conf
}

@test "hostile words of a relay are escaped" {
	cat >greets <<-'END'
		#!/usr/bin/python3
		import socket
		s = socket.create_server(("127.0.0.1", 0))
		print(s.getsockname()[1], flush=True)
		while True:
		    c, _ = s.accept()
		    f = c.makefile("rwb")
		    f.write(b"220 \x1b[31mevil\r\n"); f.flush()
		    for line in f:
		        f.write(b"250-evil\r\n250 AUTH \x1b]0;evil\x07 PLAIN\r\n" if line[:4] == b"EHLO"
		                else b"221 bye\r\n")
		        f.flush()
	END
	chmod +x greets
	./greets >port 2>errors 3>&- &
	relay_pid=$!
	within 10 test -s port
	run "$PENNYPOST" --configure ann@example.org --relay "smtp://127.0.0.1:$(cat port)" --auth off --yes </dev/null
	echo "$output"
	[[ $output == *'it offers AUTH \x1B]0;evil\x07 PLAIN'* ]]
	[[ $output != *$'\x1b'* && $output != *$'\x07'* ]]
}

@test "called msmtp it prints a configuration, and asks and writes nothing" {
	ln -s "$PENNYPOST" msmtp
	printf '%s\n' '_submission._tcp.example.org SRV 1 0 587 mail.example.org' \
		'_submissions._tcp.other.example SRV 1 0 465 mail.hoster.example' >records
	srv './msmtp --configure ann@example.org 2>/dev/null >one
		./msmtp --configure ann@gmail.com 2>/dev/null >two
		./msmtp --configure ann@other.example 2>/dev/null >three
		./msmtp --configure ann@none.example && exit 1
		true'
	[ "$status" -eq 0 ]
	nothing
	grep -v '^#' one >words
	diff words - <<-END
		account ann@example.org
		host mail.example.org
		port 587
		tls on
		tls_starttls on
		auth on
		user ann@example.org
		from ann@example.org
	END
	grep -qx 'host smtp.gmail.com' two
	grep -qx 'tls_starttls off' two
	grep -q '^# Only the DNS says so, and it is not below other.example' three
	for file in one two three; do
		chmod 600 $file
		run -0 "$PENNYPOST" -C $file --show-config
	done
}
