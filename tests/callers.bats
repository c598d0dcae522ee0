#!/usr/bin/env bats
# Real programs that call sendmail, unpacked into build/ and run in a private mount namespace where
# /usr/sbin/sendmail is ours. What they hand over goes to tests/relay, which demands TLS and AUTH.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	export SHARE=$BATS_FILE_TMPDIR/share
	mkdir "$SHARE"
	have_world >/dev/null || return 0
	"$ROOT/tests/lib/unpack" "$ROOT/build/callers" git-email mutt s-nail bsd-mailx php-cli \
		libmime-lite-perl
	"$ROOT/tests/lib/ca" "$SHARE/ca"
}

setup() {
	need_world
	home=$SHARE/$BATS_TEST_NUMBER
	mkdir -p "$home/.config/pennypost"
	cd "$home"
	relay_start relay --starttls --cert "$SHARE/ca/server.pem" --key "$SHARE/ca/server.key" \
		--auth 'ann:a secret' --refuse nobody@example.net
	cat >.config/pennypost/config <<-END
		account default
		host 127.0.0.1
		port $relay_port
		from ann@example.org
		from_full_name "Ann of the Account"
		tls on
		tls_trust_file $SHARE/ca/ca.pem
		auth on
		user ann
		password "a secret"
		syslog off
		queue off
	END
	chmod 600 .config/pennypost/config
	printf '%s\n' 'A first line.' '.' '..two dots' 'From here on: Grüße ✓' '' 'The end.' >body
}

teardown() {
	relay_stop
}

# in_world COMMAND...: runs it where sendmail is ours; the working directory is the test's own.
in_world() {
	run "$ROOT/tests/lib/world" "$SHARE" "$ROOT/build/callers" -- env -i PATH=/usr/sbin:/usr/bin \
		HOME="$home" USER=root LOGNAME=root LC_ALL=C.UTF-8 TERM=dumb /bin/bash -c '
			for path in /usr/sbin/sendmail /usr/lib/sendmail; do
				rm -f "$path"
				ln -s "$0" "$path"
			done
			# s-nail believes the passwd entry, not HOME.
			sed -i "/^root:/s,:/root:,:$HOME:," /etc/passwd
			cd "$HOME" && exec "$@"' "$PENNYPOST" "$@"
	echo "$output"
}

# sent SENDER RECIPIENT...: one message arrived, with just this envelope; sets head and body.
sent() {
	[ -f relay/1.message ]
	[ ! -e relay/2.message ]
	envelope_is 1 "$@"
	read_message 1
}

# envelope_is NUMBER SENDER RECIPIENT...
envelope_is() {
	local number=$1
	cat "relay/$number.envelope"
	grep -qx "from: <$2>" "relay/$number.envelope"
	shift 2
	diff <(grep '^to:' "relay/$number.envelope" | sort) \
		<(printf 'to: <%s>\n' "$@" | sort)
}

# read_message NUMBER: its unfolded header in the file head, its body in the file arrived.
read_message() {
	tr -d '\r' <"relay/$1.message" >plain
	sed '/^$/,$d' plain | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]/ /g' >head
	sed '1,/^$/d' plain >arrived
	cat head
}

# has FIELD: the header has it once, exactly so; "has" compares case of names, too.
has() {
	[ "$(grep -cxF -e "$1" head)" -eq 1 ]
}

# lacks NAME
lacks() {
	! grep -qi "^$1:" head
}

# decoded FILE: quoted-printable or base64 undone as the header says.
decoded() {
	case $(grep -i '^content-transfer-encoding:' head) in
	*quoted-printable*) python3 -c 'import quopri, sys
sys.stdout.buffer.write(quopri.decodestring(sys.stdin.buffer.read()))' <"$1" ;;
	*base64*) base64 -d <"$1" ;;
	*) cat "$1" ;;
	esac
}

complete() {
	grep -qi '^date: ' head
	grep -qi '^message-id: <.*@.*>$' head
}

repository() {
	git init -q repository
	cd repository
	git config user.name 'Ann Ängström'
	git config user.email ann@example.org
	git config sendemail.confirm never
	cp ../body file
	git add file
	git commit -q -m 'file: say hello' -m 'A body, with ünïcödé in it.'
	git format-patch -q -o .. --root HEAD
	cd ..
}

@test "git send-email: recipients as arguments, Bcc in the envelope alone" {
	repository
	in_world git -C repository send-email --smtp-server=/usr/sbin/sendmail --suppress-cc=all \
		--to='Bob <bob@example.net>' --cc=carol@example.com --bcc=dave@example.com \
		../0001-file-say-hello.patch
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'To: Bob <bob@example.net>'
	has 'Cc: carol@example.com'
	has 'Subject: [PATCH] file: say hello'
	has 'From: =?UTF-8?q?Ann=20=C3=84ngstr=C3=B6m?= <ann@example.org>'
	lacks bcc
	complete
	sed '1,/^$/d' 0001-file-say-hello.patch | cmp - arrived
}

@test "git send-email finds sendmail by itself, and --envelope-sender is kept" {
	repository
	in_world git -C repository send-email --suppress-cc=all --envelope-sender=bounce@example.org \
		--to=bob@example.net ../0001-file-say-hello.patch
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net
	sed '1,/^$/d' 0001-file-say-hello.patch | cmp - arrived
}

@test "git send-email sends a series" {
	repository
	cp 0001-file-say-hello.patch 0002-again.patch
	in_world git -C repository send-email --suppress-cc=all --to=bob@example.net \
		../0001-file-say-hello.patch ../0002-again.patch
	[ "$status" -eq 0 ]
	envelope_is 1 ann@example.org bob@example.net
	envelope_is 2 ann@example.org bob@example.net
	[ ! -e relay/3.message ]
}

@test "git send-email reports a refused recipient" {
	repository
	in_world git -C repository send-email --suppress-cc=all --to=nobody@example.net \
		../0001-file-say-hello.patch
	[ "$status" -ne 0 ]
	[ ! -e relay/1.message ]
}

@test "mutt" {
	in_world mutt -n -F /dev/null -e 'set from="Ann M <ann@example.org>" use_from=yes' \
		-e 'set record="" charset=utf-8 send_charset=utf-8 allow_8bit=yes' -s 'Grüße, mutt' \
		-c carol@example.com -b dave@example.com bob@example.net <body
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann M <ann@example.org>'
	has 'To: bob@example.net'
	has 'Cc: carol@example.com'
	has 'Subject: =?utf-8?B?R3LDvMOfZSw=?= mutt'
	lacks bcc
	complete
	decoded arrived | cmp - body
}

@test "mutt with an envelope sender and an attachment" {
	head -c 60000 /dev/urandom >blob
	in_world mutt -n -F /dev/null -e 'set from=ann@example.org use_from=yes record=""' \
		-e 'set use_envelope_from=yes envelope_from_address=bounce@example.org' -s attached \
		-a blob -- bob@example.net <body
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net
	python3 -c 'import email, sys
m = email.message_from_binary_file(open("relay/1.message", "rb"))
sys.stdout.buffer.write(m.get_payload()[1].get_payload(decode=True))' | cmp - blob
}

@test "s-nail" {
	in_world s-nail -:/ -S v15-compat -S ttycharset=utf-8 -S sendcharsets=utf-8 \
		-r 'Ann S <ann@example.org>' -s 'Grüße, s-nail' -c carol@example.com \
		-b dave@example.com bob@example.net <body
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann S <ann@example.org>'
	has 'To: bob@example.net'
	has 'Cc: carol@example.com'
	lacks bcc
	complete
	decoded arrived | cmp - body
}

@test "s-nail with mta-bcc-ok leaves it to us to drop Bcc" {
	in_world s-nail -:/ -S v15-compat -S mta-bcc-ok -r ann@example.org -s bcc \
		-b dave@example.com bob@example.net <body
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net dave@example.com
	lacks bcc
}

@test "bsd-mailx: -t, and From from the account" {
	in_world bsd-mailx -s 'from bsd-mailx' -c carol@example.com -b dave@example.com \
		bob@example.net <body
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'To: bob@example.net'
	has 'Cc: carol@example.com'
	has 'Subject: from bsd-mailx'
	grep -qx 'From: .*ann@example.org>\?' head
	lacks bcc
	complete
	cmp body arrived
}

@test "bsd-mailx with -r" {
	in_world bsd-mailx -r bounce@example.org -s x bob@example.net <body
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net
	cmp body arrived
}

@test "PHP mail()" {
	cat >mail.php <<-'END'
		<?php
		exit(mail("Bob <bob@example.net>", "from PHP", file_get_contents("body"),
			"From: Ann P <ann@example.org>\r\nBcc: dave@example.com\r\n" .
			"Cc: carol@example.com\r\nMIME-Version: 1.0\r\n" .
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit")
			? 0 : 1);
	END
	in_world php8.2 -n mail.php
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'To: Bob <bob@example.net>'
	has 'From: Ann P <ann@example.org>'
	has 'Subject: from PHP'
	lacks bcc
	complete
	diff body <(sed -e '$ { /^$/d }' arrived)
}

@test "PHP mail() with -f, and false for a refused recipient" {
	cat >mail.php <<-'END'
		<?php
		$sent = mail("bob@example.net", "s", "b", "From: ann@example.org", "-fbounce@example.org");
		exit($sent && !mail("nobody@example.net", "s", "b") ? 0 : 1);
	END
	in_world php8.2 -n mail.php
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net
}

@test "PHP mail() cannot make us write a file or read another configuration" {
	cat >mail.php <<-'END'
		<?php
		exit(mail("bob@example.net", "s", "<?php evil", "From: ann@example.org",
			"-OQueueDirectory=/tmp -X{$argv[1]}/written -C{$argv[1]}/other") ? 0 : 1);
	END
	echo 'account default' >other
	in_world php8.2 -n mail.php "$home"
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net
	[ ! -e written ]
}

@test "Perl MIME::Lite" {
	cat >mail.pl <<-'END'
		use MIME::Lite;
		open my $body, '<', 'body' or die;
		local $/;
		my $mail = MIME::Lite->new(From => 'Ann L <ann@example.org>', To => 'bob@example.net',
			Cc => 'carol@example.com', Bcc => 'dave@example.com', Subject => 'from MIME::Lite',
			Type => 'text/plain; charset=utf-8', Encoding => '8bit', Data => <$body>);
		$mail->send('sendmail') or die;
	END
	in_world perl mail.pl
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann L <ann@example.org>'
	has 'To: bob@example.net'
	has 'Cc: carol@example.com'
	has 'Subject: from MIME::Lite'
	lacks bcc
	complete
	diff body arrived
}
