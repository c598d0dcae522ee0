#!/usr/bin/env bats
# Programs with which people and scripts send mail, unpacked into build/ and run in a private mount
# namespace where /usr/sbin/sendmail is ours. What they hand over goes to tests/relay, which demands
# TLS and AUTH. Parts of a system that send mail are in callers-system.bats; Alpine's and Symfony's
# way, -bs, is in serve.bats.

bats_require_minimum_version 1.5.0
load lib/common
load lib/callers

setup_file() {
	unpacked callers git-email mutt neomutt s-nail bsd-mailx php-cli libmime-lite-perl \
		libemail-sender-perl
	unpacked callers-more mailutils ruby-mail
	unpacked callers-emacs emacs-nox
}

setup() {
	caller_setup callers
}

teardown() {
	relay_stop
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

@test "neomutt" {
	in_world neomutt -n -F /dev/null -e 'set from="Ann N <ann@example.org>" use_from=yes' \
		-e 'set use_envelope_from=yes envelope_from_address=bounce@example.org' \
		-e 'set record="" charset=utf-8 send_charset=utf-8 allow_8bit=yes dsn_notify=failure' \
		-s 'Grüße, neomutt' -c carol@example.com -b dave@example.com bob@example.net <body
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann N <ann@example.org>'
	has 'Cc: carol@example.com'
	lacks bcc
	complete
	decoded arrived | cmp - body
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

@test "Perl Email::Sender" {
	cat >mail.pl <<-'END'
		use Email::Sender::Simple qw(sendmail);
		use Email::Sender::Transport::Sendmail;
		use Email::Simple;
		open my $body, '<', 'body' or die;
		local $/;
		my $mail = Email::Simple->create(body => <$body>, header => [From => 'ann@example.org',
			To => 'bob@example.net', Subject => 'from Email::Sender',
			'Content-Type' => 'text/plain; charset=utf-8', 'Content-Transfer-Encoding' => '8bit']);
		my $transport = Email::Sender::Transport::Sendmail->new;
		sendmail($mail, { from => 'bounce@example.org', transport => $transport,
			to => ['bob@example.net', 'dave@example.com'] });
		eval { sendmail($mail, { from => 'a@example.org', to => 'nobody@example.net',
			transport => $transport }); 1 } and die 'a refusal that nobody saw';
	END
	in_world perl mail.pl
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net dave@example.com
	has 'Subject: from Email::Sender'
	complete
	cmp body arrived
}

@test "Python, by the recipe" {
	cat >mail.py <<-'END'
		import subprocess
		from email.message import EmailMessage
		mail = EmailMessage()
		mail["From"] = "Ann Ü <ann@example.org>"
		mail["To"] = "bob@example.net"
		mail["Bcc"] = "dave@example.com"
		mail["Subject"] = "Grüße, Python"
		mail.set_content(open("body").read(), cte="8bit")
		done = subprocess.run(["/usr/sbin/sendmail", "-t", "-oi"], input=mail.as_bytes(),
		                      capture_output=True, check=True)
		assert done.stdout == done.stderr == b"", done
		del mail["To"], mail["Bcc"]
		mail["To"] = "nobody@example.net"
		done = subprocess.run(["/usr/sbin/sendmail", "-t", "-oi"], input=mail.as_bytes())
		assert done.returncode == 67, done
	END
	in_world python3 mail.py
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net dave@example.com
	has 'Subject: =?utf-8?b?R3LDvMOfZSw=?= Python'
	lacks bcc
	complete
	cmp body arrived
}

@test "GNU mail" {
	layer=callers-more
	in_world mail.mailutils -s 'from mailutils' -r bounce@example.org -a 'Cc: carol@example.com' \
		-a 'Bcc: dave@example.com' bob@example.net <body
	[ "$status" -eq 0 ]
	sent bounce@example.org bob@example.net carol@example.com dave@example.com
	grep -qx 'To: <\?bob@example.net>\?' head
	has 'Subject: from mailutils'
	lacks bcc
	complete
	cmp body arrived
}

@test "Ruby's mail" {
	layer=callers-more
	cat >mail.rb <<-'END'
		require "mail"
		mail = Mail.new(charset: "UTF-8") do
		  from "Ann R <ann@example.org>"
		  to "Bob <bob@example.net>"
		  cc "carol@example.com"
		  bcc "dave@example.com"
		  subject "Grüße, Ruby"
		  body File.read("body")
		end
		mail.delivery_method :sendmail
		mail.deliver!
	END
	in_world ruby3.1 mail.rb
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann R <ann@example.org>'
	has 'To: Bob <bob@example.net>'
	lacks bcc
	complete
	decoded arrived | tr -d '\r' | diff body -
}

# emacs_mail INTERACTIVE: message-mode sends, as a person does by C-c C-c.
emacs_mail() {
	layer=callers-emacs
	cat >mail.el <<-END
		(require 'message)
		(setq user-full-name "Ann E" user-mail-address "ann@example.org" message-interactive $1
		      message-send-mail-function 'message-send-mail-with-sendmail
		      mail-specify-envelope-from t mail-envelope-from 'header
		      message-default-charset 'utf-8 mm-body-charset-encoding-alist '((utf-8 . 8bit)))
		(message-mail "Bob <bob@example.net>" "from Emacs"
		              '(("Cc" . "carol@example.com") ("Bcc" . "dave@example.com")))
		(message-goto-body)
		(let ((coding-system-for-read 'utf-8)) (insert-file-contents "body"))
		(message-send)
	END
	in_world emacs-nox -Q --batch -l mail.el
}

@test "Emacs, message-mode" {
	emacs_mail t
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net carol@example.com dave@example.com
	has 'From: Ann E <ann@example.org>'
	has 'To: Bob <bob@example.net>'
	has 'Subject: from Emacs'
	lacks bcc
	complete
	decoded arrived | diff body -
}

@test "Emacs takes what is queued as it was asked for as sent" {
	# It holds any word on standard error for a failure.
	sed -i -e 's/^queue off/queue on/' -e '$ a runner off' .config/pennypost/config
	relay_stop
	emacs_mail nil # by -odb
	[ "$status" -eq 0 ]
	echo 'delivery queue' >>.config/pennypost/config
	emacs_mail t
	[ "$status" -eq 0 ]
	[[ $output == *'Sending...done'* ]]
	[ "$(find .local/state/pennypost/queue -name '*.msg' | wc -l)" -eq 2 ]
	[ ! -e relay/1.message ]
}

@test "Emacs shows what a relay refuses" {
	emacs_mail t
	sed -i 's/bob@example.net/nobody@example.net/' mail.el
	in_world emacs-nox -Q --batch -l mail.el
	[ "$status" -ne 0 ]
	[[ $output == *'failed'* ]]
}

@test "Emacs, sendmail.el" {
	layer=callers-emacs
	cat >mail.el <<-'END'
		(require 'sendmail)
		(setq user-full-name "Ann E" user-mail-address "ann@example.org")
		(with-temp-buffer
		  (insert "To: bob@example.net\nBcc: dave@example.com\nSubject: from sendmail.el\n"
		          mail-header-separator "\n")
		  (let ((coding-system-for-read 'utf-8)) (insert-file-contents "body"))
		  (sendmail-send-it))
	END
	in_world emacs-nox -Q --batch -l mail.el
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net dave@example.com
	has 'To: bob@example.net'
	lacks bcc
	complete
	decoded arrived | diff body -
}
