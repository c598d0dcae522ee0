#!/usr/bin/env bats
# What programs say to sendmail: the command line of every caller we know of, and what comes of it at
# a relay, envelope and message; and what a hostile caller may say in it, or in a header read by -t.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost
	for name in sendmail pennypost; do
		ln -s "$PENNYPOST" "$name"
	done
	relay_start relay --plain
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'domain example.org' \
		'from default@example.org' "logfile $PWD/log" 'syslog off' 'queue off' >config/pennypost/config
	printf '%s\n' 'From: Ann <ann@example.org>' 'To: to@example.net' 'Cc: cc@example.net' \
		'Bcc: bcc@example.net' 'Subject: hi' 'Date: Mon, 01 Jan 2024 00:00:00 +0000' \
		'Message-ID: <1@example.org>' '' 'hello' '..two' '.' 'behind the dot' >message
	grep -v ^From: message >nameless
	sed -e '/^Bcc/d' -e 's/$/\r/' message >whole
	sed -e '/^\.\r*$/,$d' -e 's/^\.\././' whole >cut
	count=0
}

teardown() {
	relay_stop
}

# arrived SENDER RECIPIENTS: the next message at the relay has that envelope (recipients are
# separated by blanks), and there is none behind it.
arrived() {
	count=$((count + 1))
	[ -e "relay/$count.message" ]
	[ ! -e "relay/$((count + 1)).message" ]
	grep -qx "from: <$1>" "relay/$count.envelope"
	diff <(sed -n 's/^to: <\(.*\)>$/\1/p' "relay/$count.envelope" | sort) \
		<(tr ' ' '\n' <<<"$2" | sort)
}

# table: each line of standard input is CALLER | whole or cut | SENDER | RECIPIENTS | ARGUMENTS.
# SENDER "own" is the account's, RECIPIENTS "header" are those of To, Cc and Bcc; the arguments are
# quoted as for a shell. The caller is told nothing; the message arrives as it is, without Bcc, whole
# or up to its dot.
table() {
	local caller end sender recipients arguments
	while IFS='|' read -r caller end sender recipients arguments; do
		echo "$caller: sendmail $arguments"
		read -r end <<<"$end"
		read -r sender <<<"$sender"
		read -r recipients <<<"$recipients"
		[ "$sender" != own ] || sender=default@example.org
		[ "$recipients" != header ] || recipients='bcc@example.net cc@example.net to@example.net'
		eval "set -- $arguments"
		./sendmail "$@" <message >said 2>errors || { cat errors; false; }
		cat errors
		[ ! -s said ]
		# -v shows the conversation; of -N one is told that this relay knows nothing of it.
		case $arguments in *-v* | *-N*) ;; *) [ ! -s errors ] ;; esac
		arrived "$sender" "$recipients"
		cmp "$end" "relay/$count.message"
	done
	[ "$count" -gt 0 ]
}

@test "cron, at and anacron of all kinds" {
	table <<-'END'
		cron of Debian | whole | own | root@example.org | -FCronDaemon -i -B8BITMIME -oem root
		cronie | whole | root@example.org | header | -FCronDaemon -i -odi -oem -oi -t -f root
		cron of FreeBSD | whole | own | header | -FCronDaemon -odi -oem -oi -t
		cron of old | cut | own | root@example.org | -FCronDaemon -odi -oem -or0s root
		systemd-cron | whole | own | root@example.org | -i -B8BITMIME root
		bcron | whole | own | root@example.org | -FCronDaemon -i -odi root
		busybox crond | whole | own | header | -ti
		dcron | whole | own | header | -t -oem -i
		fcron | cut | own | ann@example.org | -Ffcron -odi ann
		anacron | cut | own | root@example.org | -FAnacron -odi root
		atd | whole | own | ann@example.org | -i ann
		atrun | cut | own | ann@example.org | -F 'Atrun Service' -odi -oem ann
	END
}

@test "what sends patches" {
	table <<-'END'
		git send-email | whole | a@x.example | b@x.example c@x.example | -f a@x.example -i b@x.example c@x.example
		git without a sender | whole | own | b@x.example | -i b@x.example
		b4 | whole | a@x.example | b@x.example | -i -f a@x.example b@x.example
		stgit | whole | own | header | -t -i
		quilt | cut | a@x.example | b@x.example c@x.example | -f 'Ann <a@x.example>' b@x.example c@x.example
		mercurial | cut | a@x.example | b@x.example c@x.example | -f a@x.example b@x.example c@x.example
	END
}

@test "mail readers" {
	table <<-'END'
		mutt | whole | own | b@x.example | -oem -oi -- b@x.example
		mutt | whole | a@x.example | b@x.example | -oem -oi -B8BITMIME -f a@x.example -N delay,failure -R hdrs -- b@x.example
		neomutt | whole | a@x.example | b@x.example | -oem -oi -B8BITMIME -f a@x.example -N never -R full -- b@x.example
		bsd-mailx | whole | own | header | -i -t
		bsd-mailx | whole | a@x.example | header | -i -t -f a@x.example -v -m
		s-nail | whole | a@x.example | b@x.example c@x.example | -i -m -v -F Ann -f a@x.example -- b@x.example c@x.example
		mailutils | whole | a@x.example | header | -oi -f a@x.example -t
		Emacs, message | whole | a@x.example | header | -oi -f a@x.example -t
		Emacs, message | whole | a@x.example | header | -oi -f a@x.example -oem -odb -t
		Emacs, resending | whole | a@x.example | b@x.example c@x.example | -oi -f a@x.example -oem -odb 'b@x.example, c@x.example'
		Emacs, sendmail | whole | a@x.example | header | -oi -f a@x.example -oA/etc/aliases -oem -odb -t
		feedmail | whole | a@x.example | header | -i -fa@x.example -oep -t
		Alpine | whole | own | header | -t -oem -oi
		nmh | whole | own | header | -m -t -i
		nmh | whole | own | header | -m -t -i -v
		Claws | whole | own | header | -t -i
		Evolution | whole | a@x.example | b@x.example | -i -f a@x.example -- b@x.example
	END
}

@test "languages and their libraries" {
	table <<-'END'
		PHP | whole | own | header | -t -i
		PHP | whole | a@x.example | header | -t -i -fa@x.example
		PHPMailer | whole | a@x.example | header | -oi -fa@x.example -t
		PHPMailer | whole | own | header | -oi -t
		Symfony | whole | a@x.example | b@x.example | -i -fa@x.example -- b@x.example
		Symfony | cut | a@x.example | b@x.example | -fa@x.example -- b@x.example
		Swift Mailer | whole | a@x.example | header | -t -i -fa@x.example
		PEAR | whole | a@x.example | b@x.example c@x.example | -i -fa@x.example -- b@x.example c@x.example
		Horde | whole | a@x.example | b@x.example | -i -f a@x.example -- b@x.example
		Nodemailer | whole | a@x.example | b@x.example | -i -f a@x.example b@x.example
		Ruby's mail | whole | a@x.example | b@x.example c@x.example | -i -f a@x.example -- b@x.example c@x.example
		Ruby's mail of old | whole | own | header | -i -t
		MIME::Lite | whole | a@x.example | header | -t -oi -oem -fa@x.example
		Mail::Mailer | cut | own | header | -t
		Email::Sender | whole | a@x.example | b@x.example | -i -f a@x.example -- b@x.example
		Python | whole | own | header | -t -oi
	END
}

@test "what reports by itself" {
	table <<-'END'
		unattended-upgrades | whole | own | header | -oi -t
		apt-listchanges | whole | own | header | -oi -t
		logwatch | cut | own | header | -t
		mdadm | cut | own | header | -t
		fail2ban | cut | a@x.example | b@x.example | -f a@x.example b@x.example
		fail2ban, xarf | cut | a@x.example | b@x.example c@x.example | -f a@x.example b@x.example c@x.example
		rkhunter | cut | own | root@example.org | root
		sudo | cut | own | header | -t
		bts | cut | own | header | -t
		reportbug | whole | own | header | -oi -t
		Bacula | cut | a@x.example | header | -fa@x.example -t
		LSF | whole | own | ann@example.org | -oi -F'LSF on x' ann
	END
}

@test "lists, tickets and delivery agents" {
	table <<-'END'
		RT | whole | | header | -oi -t -f '<>'
		RT | whole | a@x.example | header | -oi -t -f a@x.example
		RT | whole | own | header | -oi -ODeliveryMode=b -OErrorMode=m -t
		Mailman 2 | cut | a@x.example | b@x.example c@x.example | -f a@x.example b@x.example c@x.example
		Sympa | whole | | b@x.example | -oi -odi -oem -N success,delay,failure -V id1 -f '' -- b@x.example
		Sympa | whole | a@x.example | b@x.example | -oi -odi -oem -f a@x.example -- b@x.example
		Dovecot | whole | a@x.example | b@x.example | -i -f a@x.example -- b@x.example
		Dovecot | whole | | b@x.example | -i -f '<>' -- b@x.example
		Cyrus | whole | | b@x.example | -i -f '<>' -- b@x.example
		procmail | whole | own | b@x.example | -oi b@x.example
		vacation | cut | | header | -eq -f '<>' -t
		SpamAssassin | whole | a@x.example | b@x.example | -oi -f a@x.example b@x.example
	END
}

@test "options behind operands, clusters, values of all kinds, lists" {
	table <<-'END'
		any | whole | a@x.example | b@x.example c@x.example | b@x.example -oi c@x.example -r a@x.example
		any | whole | a@x.example | b@x.example bcc@example.net cc@example.net to@example.net | b@x.example -tifa@x.example
		any | whole | own | b@x.example | -o i -o r -h 3 -Ac -A m -L tag -p ESMTP b@x.example
		any | cut | own | b@x.example | -d -d8.99 -e -E -J b@x.example -mnGUxsc -T -B 7BIT -p SMTP:host
		any | cut | own | b@x.example | -O IgnoreDots=no -i -OIgnoreDots=false b@x.example
		any | whole | own | b@x.example | -o7 -o8 -oAaliases -om -oo -oT5d -oitrue b@x.example
		any | cut | own | b@x.example c@x.example d@x.example | 'B (the b) <b@x.example>, group: c@x.example, D <d@x.example>;' b@x.example
		any | whole | "a:b"@x.example | "c,d"@x.example | -f '"a:b"@x.example' -i '"c,d"@x.example'
		any | whole | own | -b@x.example | -i -- -b@x.example
		any | whole | own | b@x.example | -a default -i b@x.example
		any | cut | own | b@x.example | -- b@x.example
		any | cut | | b@x.example | -f '' b@x.example
		any | cut | | b@x.example | -f '<>' -bm b@x.example
	END
}

@test "-F names who has no From, and no more" {
	./sendmail -i -FCronDaemon b@x.example <nameless
	./sendmail -i -F 'Ann Ångström, "A"' -f a@x.example b@x.example <nameless
	./sendmail -i -F Other b@x.example <message
	grep -qx $'From: CronDaemon <default@example.org>\r' relay/1.message
	python3 -c 'import email.header, email.policy, email
m = email.message_from_binary_file(open("relay/2.message", "rb"), policy=email.policy.default)
a = m["from"].addresses
assert len(a) == 1 and a[0].addr_spec == "a@x.example", a
assert a[0].display_name == "Ann Ångström, \"A\"", a'
	cmp whole relay/3.message
}

# hostile: what each argument below may hold.
hostile=($'a@x.example\rRCPT TO:<evil@x.example>' $'a@x.example\nRCPT TO:<evil@x.example>'
	$'a@x.example\r\nRCPT TO:<evil@x.example>' $'a@x.example>\r\nDATA\r\n.' $'\r\na@x.example'
	$'a\x01@x.example' $'a\x1b[31m@x.example' $'a\x7f@x.example' $'<a@x.example> BODY=8BITMIME\r\n'
	$'"a\r\nRSET"@x.example' $'a@x.example (\n)' $'a@[127.0.0.1\r\n]' $'a@x\xff.example')

# harmless: whether it was sent or not, nobody evil got anything, and no header or command is new.
harmless() {
	local got
	got=$(cat relay/relay.log relay/*.envelope relay/*.message 2>/dev/null | tr '\r' '\n')
	run ! grep -E '^(C: )?(RCPT TO:<|to: <|To: |Bcc: |X-)evil' <<<"$got"
	run ! grep -E '^(C: )?(RSET|DATA.+)$' <<<"$got"
	run ! grep -P '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' <<<"$got"
}

@test "control characters in the command line are refused or never leave" {
	local value option
	for value in "${hostile[@]}"; do
		for option in -f -r -F; do
			run ./sendmail -i "$option$value" b@x.example <nameless
			echo "$option $(printf %q "$value"): $status $output"
			[ "$status" -eq 64 ] || [ "$option$value" = $'-Fa@x\xff.example' ]
		done
		run -64 ./sendmail -i "$value" <message
		run -64 ./sendmail -i -- b@x.example "$value" <message
	done
	[ "$(find relay -name '*.message' | wc -l)" -le 1 ]
	harmless
}

@test "control characters in options that are passed on or ignored go nowhere" {
	local value option
	for value in "${hostile[@]}"; do
		for option in -N -R -V -B -h -L -p -A -O -o -X -C -D -d -E -e -J -T; do
			# What is wrong in these stops nothing.
			run ./sendmail -i "$option$value" -f a@x.example b@x.example <message
			[ "$status" -eq 0 ] || { printf '%q' "$option$value"; echo "$output"; false; }
			arrived a@x.example b@x.example
			cmp whole "relay/$count.message"
		done
	done
	harmless
	run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]' log
}

@test "control characters in a header that -t reads are refused or never leave" {
	python3 - <<-'END'
		import subprocess
		fields = [b"To: a@x.example\rRCPT TO:<evil@x.example>", b"To: a@x.example\r\rBcc: evil@x.example",
		          b'To: "a\rRCPT TO:<evil@x.example>"@x.example', b'To: "a\r\n RSET\r\n DATA"@x.example',
		          b"To: <a@x.example>\x0bevil@x.example", b"To: a@x.example\x00, evil@x.example",
		          b"To: a\x1b[31m@x.example", b"To: a@x.example\x7f", b"Bcc: a@x.example\r\n \revil@x.example",
		          b"To: <a@x.example> SIZE=1\r\n \r\n evil", b"Cc:\r\n a@x.example\r\n\t(\r\n .\r\n )",
		          b"To: a@x.example\nX: x\rTo: evil@x.example\r\r X: x"]
		for field in fields:
		    done = subprocess.run(["./sendmail", "-i", "-t"], input=field + b"\r\nSubject: x\r\n\r\nbody\r\n",
		                          capture_output=True)
		    print(field, done.returncode, done.stderr.decode())
		    assert done.returncode in (0, 65, 67), field
		    assert b"\x1b" not in done.stderr and b"\r" not in done.stderr
	END
	local got
	got=$(cat relay/*.envelope | grep '^to: ' | sort -u)
	echo "$got"
	[ "$got" = 'to: <a@x.example>' ]
	harmless
}

@test "no end of data hides in a message" {
	# The relay takes nothing but CRLF; another one might be led astray by what looks like it.
	python3 - <<-'END'
		import email, glob, itertools, subprocess
		ends = [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\r", b"\r\n\r", b"\n\n", b"\r\r\n", b"x"]
		evil = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<evil@x.example>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n"
		head = b"From: a@x.example\nTo: b@x.example\nSubject: %d\n\n"
		n = 0
		for before, dots, behind in itertools.product(ends, (b".", b".."), ends):
		    body = b"one" + before + dots + behind + evil
		    n += 1
		    done = subprocess.run(["./sendmail", "-t", "-i"], input=head % n + body, capture_output=True)
		    assert done.returncode == 0, (before, behind, done.stderr)
		    with open("relay/%d.message" % n, "rb") as file:
		        raw = file.read()
		    assert len(glob.glob("relay/*.message")) == n, (before, behind)
		    assert raw.replace(b"\r\n", b"").count(b"\r") == 0 == raw.replace(b"\r\n", b"").count(b"\n")
		    message = email.message_from_bytes(raw)
		    assert message["Subject"] == str(n)
		    whole = message.get_payload(decode=True)
		    words = lambda text: b"".join(text.split())
		    assert words(whole) == words(body), (before, behind, raw)
		# Without -i a line with a dot ends the message, and what is behind it goes nowhere.
		for before, behind in itertools.product(ends, ends):
		    n += 1
		    done = subprocess.run(["./sendmail", "-t"], input=head % n + b"one" + before + b"." + behind + evil,
		                          capture_output=True)
		    assert done.returncode == 0, (before, behind, done.stderr)
		    assert len(glob.glob("relay/*.message")) == n, (before, behind)
	END
	run ! grep -q '^\(from\|to\): <evil' relay/*.envelope
	[ "$(sort -u <(sed -n 's/^to: //p' relay/*.envelope))" = '<b@x.example>' ]
}

@test "-L puts a tag behind our name in syslog, and nothing in front of it" {
	need_world
	mkdir share
	cp -L "$PENNYPOST" share/sendmail
	mkdir -p share/.config/pennypost
	# The machine's queue must not take the first of them.
	printf '%s\n' 'relay smtp://127.0.0.1:1' 'queue off' >share/.config/pennypost/config
	run "$ROOT/tests/lib/world" "$PWD/share" -- python3 -c '
import os, socket, subprocess
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
log.settimeout(10)
env = {"HOME": "'"$PWD"'/share"}
for tag in "sm-mta.7", "sshd[1]: evil", "":
    subprocess.run(["./sendmail", "-L", tag, "-f", "a@x.example", "b@x.example"], env=env,
                   cwd="'"$PWD"'/share", input=b"", stderr=subprocess.DEVNULL)
    while True:
        line = log.recv(9999).decode()
        if "to=<b@x.example>" in line:
            print(line.split(None, 3)[3])
            break'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[0]} == pennypost/sm-mta.7\[* ]]
	[[ ${lines[1]} == pennypost\[* ]]
	[[ ${lines[2]} == pennypost\[* ]]
}

@test "sendmail opens no file and runs nothing that a caller names" {
	command -v strace >/dev/null || skip 'no strace'
	mkdir bait
	printf '%s\n' 'account default' 'host 127.0.0.1' 'port 1' >bait/config
	printf '%s\n' 'root: |touch bait/run' >bait/aliases
	for name in sendmail send-mail; do
		ln -sf "$PENNYPOST" "$name"
		strace -f -qq -o trace ./"$name" -X "$PWD/bait/x" -C "$PWD/bait/config" -D "$PWD/bait/d" \
			"-OQueueDirectory=$PWD/bait" "-oQ$PWD/bait" -O "AliasFile=$PWD/bait/aliases" \
			"-oA$PWD/bait/aliases" "-L$PWD/bait/l" "-d0-99.9" "-oH$PWD/bait/h" "-p$PWD/bait/p" \
			"-be\${run{/bin/touch bait/run}}" b@x.example <message 2>errors || [ $? -eq 64 ]
		strace -f -qq -o trace2 ./"$name" -X "$PWD/bait/x" -C "$PWD/bait/config" -D "$PWD/bait/d" \
			"-OQueueDirectory=$PWD/bait" "-oQ$PWD/bait" -O "AliasFile=$PWD/bait/aliases" \
			"-oA$PWD/bait/aliases" "-L$PWD/bait/l" "-oH$PWD/bait/h" "-p$PWD/bait/p" "-E$PWD/bait/e" \
			"-T$PWD/bait/t" "-J$PWD/bait/j" "-B$PWD/bait/b" -F '|touch bait/run' -f "$PWD/bait/f@x.example" \
			-i "$PWD/bait/file@x.example" '"|touch+bait/run"@x.example' <message
		run ! grep -E '(open|openat|creat|stat|access|rename|unlink|link|mkdir|readlink)[a-z0-9]*\(.*bait' trace trace2
		[ "$(cat trace trace2 | grep -c 'execve(')" -eq 2 ]
	done
	[ "$(ls bait)" = "$(printf 'aliases\nconfig')" ]
	local refused=0
	for what in "|touch $PWD/bait/run" "$PWD/bait/file" ":include:$PWD/bait/aliases" "\\|touch bait/run"; do
		run ./sendmail -i "$what" <message
		echo "$what: $status $output"
		[ "$status" -eq 0 ] || refused=$((refused + 1))
	done
	[ "$(ls bait)" = "$(printf 'aliases\nconfig')" ]
	for option in --passwordeval="touch bait/run" --logfile="$PWD/bait/l" --file="$PWD/bait/config" \
		--aliases=x --queue-dir="$PWD/bait"; do
		run -64 ./sendmail "$option" b@x.example <message
	done
	[ "$(ls bait)" = "$(printf 'aliases\nconfig')" ]
	grep -q 'option -X .*/x is ignored' log
	grep -q 'option -C .*/config is ignored' log
	grep -q 'option -O QueueDirectory is ignored' log
}
