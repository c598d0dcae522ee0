#!/usr/bin/env bats
# SMTP spoken to us: -bs and --listen. What a client hands over goes the way of any other message.
# Postfix's smtp-source, swaks and msmtp are unpacked into build/.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	"$ROOT/tests/lib/unpack" "$ROOT/build/clients" postfix swaks msmtp
}

setup() {
	listener=
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
	listen_stop
	relay_stop
}

# free_port: a port that nobody listens at.
free_port() {
	python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

can_connect() {
	if [[ $1 == /* ]]; then [ -S "$1" ]; else (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; fi
}

# listen OPTION...: our listener; sets port and listener (its process).
listen() {
	port=$(free_port)
	./pennypost --listen "127.0.0.1:$port" --listen "unix:$PWD/socket" "$@" 2>listener.log 3>&- &
	listener=$!
	within 10 can_connect "$port" || { cat listener.log; false; }
	within 10 can_connect "$PWD/socket"
}

listen_stop() {
	[ -z "$listener" ] || { kill "$listener" && wait "$listener"; } 2>/dev/null || :
	listener=
}

# client PROGRAM OPTION...: one that was unpacked.
client() {
	local tree=$ROOT/build/clients/usr program=$1
	shift
	LD_LIBRARY_PATH=$tree/lib/postfix:$tree/lib/x86_64-linux-gnu "$tree/$program" "$@"
}

# dialogue LINE...: says the lines to the listener, each when the answer to the last is there.
dialogue() {
	python3 - "$port" "$@" <<-'END'
		import socket, sys
		with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
		    lines = s.makefile("rb")

		    def answer():
		        for line in lines:
		            print(line.decode().rstrip("\r\n"))
		            if line[3:4] != b"-":
		                return

		    answer()
		    for line in sys.argv[2:]:
		        s.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")
		        answer()
	END
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

@test "-bs: LMTP behind us answers for each recipient, and so do reports" {
	relay --lmtp --refuse-late no@example.net
	configure 'protocol lmtp'
	talk 'EHLO me' 'MAIL FROM:<a@example.org>' 'RCPT TO:<no@example.net>' \
		'RCPT TO:<yes@example.net>' DATA 'Subject: hi' '' x . \
		'MAIL FROM:<a@example.org>' 'RCPT TO:<no@example.net>' DATA x . QUIT -- ./sendmail -bs
	[ "$codes" = '220 250 250 250 250 354 250 250 250 354 550 221 ' ]
	[ "$(queued)" -eq 1 ]
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

@test "-bs: a terminal, as a person types" {
	relay
	cat >type <<-'END'
		import os, pty, select, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv("./sendmail", ["sendmail", "-bs"])
		said = b""

		def answered(words):
		    global said
		    end = time.monotonic() + 10
		    while words not in said:
		        assert time.monotonic() < end, said
		        if select.select([fd], [], [], 0.1)[0]:
		            said += os.read(fd, 4096)
		    said = said[said.index(words) + len(words):]

		answered(b"220 ")
		for line, words in ((b"EHLO me", b"250 HELP"), (b"MAIL FROM:<a@b>", b"250 2.1.0"),
		                    (b"RCPT TO:<c@d>", b"250 2.1.5"), (b"DATA", b"354 "),
		                    (b"Subject: x\n\nhi\n.", b"250 2.0.0"), (b"QUIT", b"221 ")):
		    os.write(fd, line + b"\n")
		    answered(words)
		assert os.waitpid(pid, 0)[1] == 0
	END
	run -0 python3 type
	[ -e relay/1.message ]
}

@test "-bs: who is on another machine is sent away, whatever inetd says" {
	need_world
	relay
	cat >inetd <<-'END'
		import socket, subprocess
		server = socket.create_server(("10.9.9.1", 2525))
		open("ready", "w").close()
		for _ in range(2):
		    inner, _ = server.accept()
		    subprocess.run(["./sendmail", "-bs"], stdin=inner, stdout=inner, stderr=inner)
		    inner.close()
	END
	run "$ROOT/tests/lib/world" "$BATS_TEST_TMPDIR" -- unshare -n bash -c '
		cd "$HOME/.."
		ip link set lo up
		unshare -n sleep 60 &
		there=$!
		until [ "$(readlink /proc/$there/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.1; done
		ip link add here type veth peer name there netns $there || exit 99
		ip addr add 10.9.9.1/24 dev here
		ip link set here up
		nsenter -t $there -n ip addr add 10.9.9.2/24 dev there
		nsenter -t $there -n ip link set there up
		python3 inetd &
		until [ -e ready ]; do sleep 0.1; done
		ask="exec 7<>/dev/tcp/10.9.9.1/2525; read -r -t 5 line <&7; echo \"\$line\""
		nsenter -t $there -n bash -c "$ask"
		bash -c "$ask"
		kill $there'
	[ "$status" -ne 99 ] || skip 'no veth'
	echo "$output"
	[[ ${lines[0]} == '554 5.7.1 '* ]]
	[[ ${lines[1]} == '220 '* ]]
}

@test "--listen: our own client, by DATA and by BDAT, over TCP and a unix socket" {
	relay --chunking
	listen
	{
		printf 'From: a@example.org\nSubject: dots\n\n.\n..\nFrom x\n'
		seq 1 20000
	} >message
	run -0 ./pennypost --relay "smtp://127.0.0.1:$port" -f a@example.org to@example.net <message
	run -0 ./pennypost --relay "unix:$PWD/socket" -f a@example.org to@example.net one@example.net \
		--flight careful <message
	for n in 1 2; do
		diff <(sed '1,/^\r$/d' relay/$n.message | tr -d '\r') <(sed '1,/^$/d' message)
		grep -q '^Received: from ' relay/$n.message
	done
	grep -qx 'to: <one@example.net>' relay/2.envelope
	# What it offers is what our client wants to see.
	run -0 ./pennypost --relay "smtp://127.0.0.1:$port" --server-info
	for word in PIPELINING SIZE 8BITMIME SMTPUTF8 CHUNKING BINARYMIME DSN; do
		[[ $output == *$word* ]]
	done
	relay_stop
	relay_start plain --plain --refuse no@example.net --port "$(sed -n 's/^port //p' home/.config/pennypost/config)"
	run -69 ./pennypost --relay "smtp://127.0.0.1:$port" -f a@example.org no@example.net <message
	[[ $output == *'550 '* ]]
}

# nasty FOLDER: messages of every kind of line end and dot, by a fixed seed; the last thirty without
# a lone CR.
nasty() {
	mkdir "$1"
	python3 - "$1" <<-'END'
		import random, sys
		random.seed(5)
		parts = [b"\r", b"\n", b"\r\n", b".", b"..", b"x", b"From x", b"\n.\n", b"\r\n.\r\n", b"\xc3\xa9",
		         b"QUIT", b"MAIL FROM:<evil@b>", b"y" * 997, b" ", b"\n\n"]
		for n in range(100, 160):
		    body = b"".join(random.choices(parts[n >= 130:], k=random.choice((3, 30, 3000))))
		    with open(f"{sys.argv[1]}/{n}", "wb") as f:
		        f.write(b"From: a@example.org\nDate: Mon, 01 Jan 2024 00:00:00 +0000\nMessage-ID: <"
		                + str(n).encode() + b"@example.org>\n\n" + body)
	END
}

@test "--listen: what goes through us arrives as what is sent at once" {
	relay --chunking
	listen
	nasty box
	run -0 ./pennypost --batch -f a@example.org --to to@example.net box/*
	relay_stop
	relay_start through --plain --chunking --port "$relay_port"
	run -0 ./pennypost --relay "smtp://127.0.0.1:$port" --batch -f a@example.org --to to@example.net box/*
	relay_stop
	relay_start smtplib --plain --port "$relay_port"
	run -0 python3 -c 'import smtplib, sys
for name in sys.argv[2:]:
    with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
        text = open(name, "rb").read()
        text = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        s.sendmail("a@example.org", ["to@example.net"], text)' "$port" box/1[3-5]?
	for ((n = 1; n <= 60; n++)); do
		sed '/^Received:/,/^\t/d' through/$n.message | cmp - relay/$n.message
	done
	for ((n = 1; n <= 30; n++)); do
		sed '/^Received:/,/^\t/d' smtplib/$n.message | cmp - relay/$((n + 30)).message
	done
	[ ! -e smtplib/31.message ]
}

@test "--listen: other clients" {
	relay
	listen
	printf 'Subject: hi\r\n\r\n.\r\nhello\r\n' >message
	run -0 curl -sS --url "smtp://127.0.0.1:$port" --mail-from a@example.org \
		--mail-rcpt to@example.net --upload-file message
	run -0 python3 -c 'import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
assert s.sendmail("a@example.org", ["to@example.net", "two@example.net"], open("message").read()) == {}
try:
    s.sendmail("a@example.org", ["@"], "x")
    sys.exit(1)
except smtplib.SMTPRecipientsRefused as e:
    assert e.recipients["@"][0] == 501, e.recipients
s.send_message(__import__("email").message_from_string("From: a@b\nTo: to@example.net\n\nx"))
s.quit()' "$port"
	run -0 client bin/swaks --server "127.0.0.1:$port" --from a@example.org --to to@example.net
	run -0 client bin/swaks --server "127.0.0.1:$port" --from a@example.org --to to@example.net --pipeline
	run -0 client bin/swaks --socket socket --from a@example.org --to to@example.net
	run -0 client bin/msmtp --file=/dev/null --host=127.0.0.1 --port="$port" --from=a@example.org \
		to@example.net <message
	[ "$(ls relay/*.message | wc -l)" -eq 7 ]
	run -0 client sbin/smtp-source -f a@example.org -t to@example.net -m 40 -s 8 -l 3000 "127.0.0.1:$port"
	run -0 client sbin/smtp-source -f a@example.org -t to@example.net -m 10 -d -r 3 "unix:$PWD/socket"
	[ "$(ls relay/*.message | wc -l)" -eq 57 ]
}

@test "--listen: a stranger's lines end in CRLF, and a browser is no client" {
	relay
	listen
	run dialogue "${envelope[@]}" DATA $'x\n.\nMAIL FROM:<evil@example.org>\r\n.' QUIT
	[[ $output == *'550 5.5.2 '*'221 '* ]]
	run dialogue $'EHLO x\nMAIL FROM:<a@b>' QUIT
	[[ $output == *'500 5.5.2 '* ]]
	run dialogue 'POST / HTTP/1.1' 'EHLO x'
	[[ $output == *'421 4.7.0 '* ]]
	[[ $output != *'250'* ]]
	run dialogue 'MAIL FROM:<a@b>' 'EHLO x' $'MAIL FROM:<a@b> BODY=8BITMIME ENVID=a+0Db' $'RCPT TO:<a\tb@c>' QUIT
	grep -c '^50[13] ' <<<"$output" | grep -qx 3
	[ ! -e relay/1.envelope ]
}

@test "--listen: at loopback addresses and unix sockets alone" {
	configure
	for where in 0.0.0.0:2525 '[::]:2525' 192.0.2.1:2525 example.org:2525 :2525 localhost:x unix:x; do
		echo "$where"
		run -78 ./pennypost --listen "$where" </dev/null
	done
	echo x >file
	run -78 ./pennypost --listen "unix:$PWD/file"
	[ "$(cat file)" = x ]
	run -64 ./sendmail --listen localhost:2525
	rm home/.config/pennypost/config
	run -78 ./pennypost --listen "127.0.0.1:$(free_port)"
	[[ $output == *'no relay is configured'* ]]
}

@test "--listen: limits" {
	relay
	listen --max-size 5000 --max-recipients 2 --max-connections 2 --max-time 3s
	run dialogue 'EHLO x' 'MAIL FROM:<a@b> SIZE=5001' 'MAIL FROM:<a@b>' 'RCPT TO:<a@b>' 'RCPT TO:<b@b>' \
		'RCPT TO:<c@b>' DATA "$(printf '%06000d\r\n.' 1)" QUIT
	[[ $output == *'552 5.3.4 '*'452 4.5.3 '*'552 5.3.4 '*'221 '* ]]
	exec 7<>"/dev/tcp/127.0.0.1/$port" 8<>"/dev/tcp/127.0.0.1/$port"
	read -r -t 5 line <&7
	read -r -t 5 line <&8
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	! read -r -t 0.5 line <&9
	# Their time is over, and so the next one's comes.
	read -r -t 5 line <&7
	[[ $line == '421 4.4.2 '* ]]
	read -r -t 5 line <&9
	[[ $line == '220 '* ]]
	exec 7>&- 8>&- 9>&-
}

@test "--listen: SIGTERM ends it behind the messages that are under way" {
	relay --hold hold
	listen
	touch hold relay/hold
	./pennypost --relay "smtp://127.0.0.1:$port" --queue off -f a@example.org to@example.net <<<x &
	sender=$!
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	read -r -t 5 line <&7
	within 10 test -e relay/held
	kill "$listener"
	read -r -t 5 line <&7
	[[ $line == '421 4.3.2 '* ]]
	exec 7>&-
	within 5 eval '! can_connect "$port"'
	kill -0 "$listener"
	rm -f hold relay/hold
	wait "$sender"
	wait "$listener"
	listener=
	[ ! -e socket ]
	[ -e relay/1.message ]
}

@test "--listen: systemd's sockets, those that listen and those that are accepted" {
	relay
	cat >activate <<-'END'
		import os, socket, sys
		accept, argv = sys.argv[1] == "accept", sys.argv[2:]
		server = socket.create_server(("127.0.0.1", 0))
		open("port.tmp", "w").write(str(server.getsockname()[1]))
		os.rename("port.tmp", "port")
		handed = server.accept()[0] if accept else server
		os.dup2(handed.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.execv(argv[0], argv)
	END
	for form in listen accept; do
		rm -f port
		python3 activate $form ./pennypost --listen systemd 3>&- &
		listener=$!
		within 10 test -e port
		port=$(cat port)
		run -0 ./pennypost --relay "smtp://127.0.0.1:$port" -f a@example.org to@example.net <<<x
		[ $form = accept ] || kill "$listener"
		wait "$listener"
		listener=
	done
	[ -e relay/2.message ]
	run -64 ./pennypost --listen systemd
}

@test "-bd -q: a daemon that listens and runs the queue" {
	need_world
	relay
	listen -odq -q1s
	run -0 ./pennypost --relay "smtp://127.0.0.1:$port" -f a@example.org to@example.net <<<x
	within 20 test -e relay/1.message
	kill "$listener"
	wait "$listener"
	listener=
	# The real thing wants port 25, and a process that nobody else here sees.
	run -0 "$ROOT/tests/lib/world" "$BATS_TEST_TMPDIR" -- unshare -n bash -c '
		ip link set lo up
		cd "$HOME/.." && ./sendmail -bd || exit 1
		exec 7<>/dev/tcp/127.0.0.1/25
		read -r -t 5 line <&7
		[[ $line == "220 "* ]]'
}

@test "--listen: a relay that is ourselves is found out" {
	port=$(free_port)
	relay_port=$port
	configure
	./pennypost --listen "127.0.0.1:$port" 3>&- &
	listener=$!
	within 10 can_connect "$port"
	run -69 ./pennypost --queue off -f a@example.org to@example.net <<<x
	[[ $output == *'5.4.6 '* ]]
}
