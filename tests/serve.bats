#!/usr/bin/env bats
# SMTP spoken to us: -bs. What a client hands over goes the way of any other message.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home
	unset XDG_CONFIG_HOME XDG_STATE_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p home/.config/pennypost
	for name in sendmail pennypost; do
		ln -s "$PENNYPOST" "$name"
	done
	queue=$HOME/.local/state/pennypost/queue
}

teardown() {
	relay_stop
}

# configure LINE...: an account whose relay is the one that runs, or is away.
configure() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port ${relay_port:-1}" 'tls off' \
		'domain example.org' 'from ann@example.org' "logfile $PWD/log" 'syslog off' 'runner off' \
		"$@" >home/.config/pennypost/config
	chmod 600 home/.config/pennypost/config
}

# relay OPTION...: a relay, and a configuration that leads to it.
relay() {
	relay_start relay --plain "$@"
	configure
}

# talk LINE... -- COMMAND...: says the lines, each with CRLF; sets output and codes.
talk() {
	local lines=()
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	printf '%s\r\n' "${lines[@]}" >input
	run --separate-stderr "$@" <input
	echo "$output" "$stderr"
	# shellcheck disable=SC2001
	codes=$(sed -n 's/^\([0-9][0-9][0-9]\) .*/\1/p' <<<"$output" | tr '\n' ' ')
}

queued() {
	find "$queue" -name '*.msg' -o -name '*.end' 2>/dev/null | wc -l
}

envelope=('EHLO me' 'MAIL FROM:<bob@example.org>' 'RCPT TO:<to@example.net>')

@test "-bs sends, under each of our names, with the envelope of its commands" {
	relay
	n=0
	for name in sendmail pennypost; do
		n=$((n + 1))
		talk "${envelope[@]}" 'RCPT TO:<two@example.net>' DATA 'To: nobody@example.com' \
			'Bcc: hidden@example.com' '' '..dot' . QUIT -- ./$name -bs -oem
		[ "$status" -eq 0 ]
		[ "$codes" = '220 250 250 250 250 354 250 221 ' ]
		[ -z "$stderr" ]
		[[ $output == *"250 2.0.0 stored as $n"* ]]
		diff relay/$n.envelope - <<-END
			from: <bob@example.org>
			to: <to@example.net>
			to: <two@example.net>
			hello: example.org
			login: 
			tls: 
			size: $(wc -c <relay/$n.message)
		END
		grep -qx $'.dot\r' relay/$n.message
		grep -q '^Date: ' relay/$n.message
		grep -q '^Message-ID: ' relay/$n.message
		grep -qx $'From: bob@example.org\r' relay/$n.message
		! grep -qi '^bcc\|^received' relay/$n.message
	done
}

@test "-bs: several messages share the way to the relay" {
	relay
	talk "${envelope[@]}" DATA x . 'MAIL FROM:<>' 'RCPT TO:<root>' DATA y . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 250 250 250 354 250 221 ' ]
	grep -qx 'from: <>' relay/2.envelope
	grep -qx 'to: <root@example.org>' relay/2.envelope
	[ "$(grep -c "round trip" relay/relay.log)" -eq 1 ] || { cat relay/relay.log; false; }
}

@test "-bs: the relay's refusals are passed on, as they are" {
	relay --refuse no@example.net --defer later@example.net
	configure 'queue off'
	talk 'EHLO me' 'MAIL FROM:<a@example.org>' 'RCPT TO:<no@example.net>' DATA x . \
		'MAIL FROM:<a@example.org>' 'RCPT TO:<later@example.net>' DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 550 250 250 354 451 221 ' ]
	relay_says=$(grep -o '550 .*' log | head -n 1)
	[[ $output == *"${relay_says}"* ]]
	# One answer for two of whom one got it, and no queue for a report: the answer says who.
	talk 'EHLO me' 'MAIL FROM:<a@example.org>' 'RCPT TO:<no@example.net>' \
		'RCPT TO:<yes@example.net>' DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 250 354 550 221 ' ]
	[[ $output == *'<yes@example.net> sent'* ]]
	[[ $output == *'<no@example.net> refused'* ]]
}

@test "-bs: who is refused beside others is reported to the sender" {
	relay --refuse no@example.net
	talk 'EHLO me' 'MAIL FROM:<a@example.org>' 'RCPT TO:<no@example.net>' \
		'RCPT TO:<yes@example.net>' DATA 'Subject: hi' '' x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 250 354 250 221 ' ]
	[ -e relay/1.message ]
	[ "$(queued)" -eq 1 ]
	run -0 ./sendmail -q
	[ "$(queued)" -eq 0 ] || ./sendmail -q
	grep -qx 'from: <>' relay/2.envelope
	grep -qx 'to: <a@example.org>' relay/2.envelope
	grep -q 'no@example.net' relay/2.message
	[ ! -e relay/3.message ]
}

@test "-bs: what can wait is queued, and the modes of delivery are obeyed" {
	configure
	talk "${envelope[@]}" DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 250 221 ' ]
	[[ $output == *'queued as'* ]]
	[ "$(queued)" -eq 1 ]
	relay --defer to@example.net
	talk "${envelope[@]}" DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 250 221 ' ]
	[ "$(queued)" -eq 2 ]
	for mode in -odb -odq '-O DeliveryMode=b'; do
		rm -rf "$queue"
		# shellcheck disable=SC2086
		talk "${envelope[@]}" DATA x . QUIT -- ./sendmail -bs $mode
		[ "$codes" = '220 250 250 250 354 250 221 ' ]
		[ "$(queued)" -eq 1 ]
	done
}

@test "-bs: a queue that cannot be written is no 250" {
	mkdir -p "${queue%/*}"
	touch "$queue"
	configure
	talk "${envelope[@]}" DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 451 221 ' ]
	talk "${envelope[@]}" DATA x . QUIT -- ./sendmail -bs -odq
	[ "$codes" = '220 250 250 250 354 451 221 ' ]
}

@test "-bs: trouble with our account is nothing that a client can mend" {
	relay --auth 'ann:right'
	configure 'user ann' 'password wrong' 'auth plain'
	talk "${envelope[@]}" DATA x . QUIT -- ./pennypost -bs
	[ "$codes" = '220 250 250 250 354 451 221 ' ]
	echo 'nonsense' >home/.config/pennypost/config
	talk "${envelope[@]}" -- ./pennypost -bs
	[ "$status" -eq 78 ]
	[ "$codes" = '421 ' ]
}

@test "-bs: a message that does not end is not sent" {
	relay
	talk "${envelope[@]}" DATA x -- ./sendmail -bs
	[ "$status" -eq 74 ]
	printf '%s\r\n' "${envelope[@]}" 'BDAT 5' xxx 'BDAT 20 LAST' x >input
	run -74 ./sendmail -bs <input
	[ ! -e relay/1.envelope ]
}

@test "-bs: lines of LF are heard on a pipe; CRLF is what they began with, CRLF ends them" {
	relay
	printf '%s\n' "${envelope[@]}" DATA 'Subject: hi' '' '..x' . QUIT | ./sendmail -bs
	[ -e relay/1.message ]
	printf '%s\r\n' "${envelope[@]}" DATA $'x\n.\nMAIL FROM:<evil@example.org>\nRCPT TO:<x@y>\nDATA\nz' \
		. QUIT | ./sendmail -bs
	[ -e relay/2.message ]
	[ ! -e relay/3.message ]
	grep -qx $'MAIL FROM:<evil@example.org>\r' relay/2.message
}

@test "-bs: octets go by BDAT, and arrive" {
	relay --chunking --binarymime
	printf 'MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\1\n\r\r\n.\n\377' >octets
	{
		printf 'EHLO me\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT %s LAST\r\n' \
			"$(wc -c <octets)"
		cat octets
		printf 'QUIT\r\n'
	} | ./sendmail -bs
	tail -c 9 relay/1.message | cmp - <(printf '\0\1\n\r\r\n.\n\377')
	relay_stop
	relay_start plain --plain
	configure
	{
		printf 'EHLO me\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT %s LAST\r\n' \
			"$(wc -c <octets)"
		cat octets
		printf 'QUIT\r\n'
	} | ./sendmail -bs
	grep -qix $'content-transfer-encoding: base64\r' plain/1.message
	sed '1,/^\r$/d' plain/1.message | base64 -di | cmp - <(printf '\0\1\n\r\r\n.\n\377')
}

@test "-bs: a loop through ourselves ends" {
	relay
	hops=()
	for ((i = 0; i < 51; i++)); do
		hops+=('Received: from x by y; Mon, 01 Jan 2024 00:00:00 +0000')
	done
	talk "${envelope[@]}" DATA "${hops[@]}" 'Subject: x' '' x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 554 221 ' ]
	[[ $output == *'554 5.4.6 '* ]]
	[ ! -e relay/1.message ]
}

@test "-bs: an inetd's socket hears SMTP and nothing else, and is a stranger" {
	relay
	cat >inetd <<-'END'
		import socket, subprocess, sys
		server = socket.create_server(("127.0.0.1", 0))
		client = socket.create_connection(server.getsockname())
		inner, _ = server.accept()
		child = subprocess.Popen(sys.argv[1:], stdin=inner, stdout=inner, stderr=inner)
		inner.close()
		client.sendall(sys.stdin.buffer.read())
		try:
		    client.shutdown(socket.SHUT_WR)
		except OSError:
		    pass  # it is gone already
		while data := client.recv(65536):
		    sys.stdout.buffer.write(data)
		sys.exit(child.wait())
	END
	talk "${envelope[@]}" DATA 'Subject: x' '' x . QUIT -- python3 inetd ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 250 221 ' ]
	grep -q '^Received: from \[127.0.0.1\] by .* with ESMTP;' relay/1.message
	talk "${envelope[@]}" DATA $'x\n.\ny' . QUIT -- python3 inetd ./sendmail -bs
	[ "$codes" = '220 250 250 250 354 550 221 ' ]
	echo 'nonsense' >home/.config/pennypost/config
	talk "${envelope[@]}" -- python3 inetd ./sendmail -bs
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[ "$codes" = '421 ' ]
	[ ! -e relay/2.message ]
}

@test "-bs: the dialogues of Symfony's and Alpine's transports" {
	relay
	cat >symfony <<-'END'
		import subprocess, sys
		p = subprocess.Popen(["./sendmail", "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

		def ask(line, *codes):
		    if line is not None:
		        p.stdin.write(line.encode() + b"\r\n")
		        p.stdin.flush()
		    text = b""
		    while True:
		        got = p.stdout.readline()
		        text += got
		        if got[3:4] != b"-":
		            break
		    assert int(got[:3]) in codes, (line, text)
		    return text

		ask(None, 220)
		assert b"8BITMIME" in ask("EHLO [127.0.0.1]", 250)
		for n in range(2):
		    ask("MAIL FROM:<ann@example.org>", 250)
		    ask("RCPT TO:<to@example.net>", 250, 251, 252)
		    ask("DATA", 354)
		    p.stdin.write(b"From: ann@example.org\r\nTo: to@example.net\r\nSubject: hi\r\n\r\n..x\r\n")
		    ask("\r\n.", 250)
		    ask("NOOP", 250)
		ask("MAIL FROM:<ann@example.org>", 250)
		ask("RCPT TO:<not an address>", 501)
		ask("RSET", 250)
		ask("QUIT", 221)
		assert p.wait() == 0
	END
	run -0 python3 symfony
	[ -e relay/2.message ]
	cat >alpine <<-'END'
		import subprocess
		p = subprocess.Popen(["./sendmail", "-bs", "-odb", "-oem"], stdin=subprocess.PIPE,
		                     stdout=subprocess.PIPE)

		def ask(line, code):
		    if line is not None:
		        p.stdin.write(line + b"\r\n")
		        p.stdin.flush()
		    while True:
		        got = p.stdout.readline()
		        if got[3:4] != b"-":
		            break
		    assert got.startswith(code), (line, got)

		ask(None, b"220")
		ask(b"EHLO host.example.org", b"250")
		ask(b"MAIL FROM:<ann@example.org> RET=FULL BODY=8BITMIME", b"250")
		ask(b"RCPT TO:<to@example.net> NOTIFY=DELAY,FAILURE", b"250")
		ask(b"DATA", b"354")
		p.stdin.write("Subject: hi\r\n\r\nGrüße\r\n".encode())
		ask(b".", b"250")
		ask(b"QUIT", b"221")
		assert p.wait() == 0
	END
	configure
	run -0 python3 alpine
	[ "$(queued)" -eq 1 ]
}
