#!/usr/bin/env bats
# Messages that are kept on this machine: accounts with a Maildir or an mbox file for a relay, on
# every road that a message may go, and --catch. Python's mailbox module and mutt (unpacked into
# build/) read what is there.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	"$ROOT/tests/lib/unpack" "$ROOT/build/readers" mutt
}

setup() {
	catcher='' holder=''
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home
	unset XDG_CONFIG_HOME XDG_STATE_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p home/.config/pennypost
	for name in sendmail pennypost; do
		ln -s "$PENNYPOST" "$name"
	done
	queue=$HOME/.local/state/pennypost/queue
	printf '%s\n' 'To: bob@example.net' 'Bcc: carol@example.com' 'Subject: kept' \
		'Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: 8bit' '' >head
	printf '%s\n' 'From here on' '>From there' '>>From' . .. 'Grüße' '' 'the end' >body
	cat head body >message
}

teardown() {
	catch_stop
	[ -z "$holder" ] || { kill "$holder" && wait "$holder"; } 2>/dev/null || :
	if mountpoint -q "$BATS_TEST_TMPDIR/small" 2>/dev/null; then
		umount "$BATS_TEST_TMPDIR/small"
	fi
}

# catch OPTION...: keeps in caught what comes to port; sets catcher (its process).
catch() {
	rm -f where
	./pennypost --catch caught "$@" >where 2>catch.log 3>&- &
	catcher=$!
	within 10 test -s where || { cat catch.log; false; }
	port=$(sed -n 's/^listens at 127.0.0.1://p' where)
}

# says LINE...: a session with what catches; the replies.
says() {
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

catch_stop() {
	[ -z "$catcher" ] || { kill "$catcher" && wait "$catcher"; } 2>/dev/null || :
	catcher=
}

# configure RELAY LINE...: an account that has this place for a relay.
configure() {
	local relay=$1
	shift
	printf '%s\n' 'account default' "relay $relay" 'domain example.org' 'from ann@example.org' \
		"logfile $PWD/log" 'syslog off' 'runner off' "$@" >home/.config/pennypost/config
	chmod 600 home/.config/pennypost/config
}

# mail KIND PLACE: what Python's mailbox module finds there: of each message the envelope, and a
# digest of its body; unquoted, as readers of mboxrd do.
mail() {
	python3 - "$@" <<-'END'
		import hashlib, mailbox, re, sys
		kind, place = sys.argv[1:]
		box = mailbox.Maildir(place, create=False) if kind == "maildir" else mailbox.mbox(place, create=False)
		for key in sorted(box.keys()):
		    data = box.get_bytes(key)
		    head, body = data.split(b"\n\n", 1)
		    if kind == "mbox":
		        body = re.sub(rb"(?m)^>(>*From )", rb"\1", body)
		        if body.endswith(b"\n\n"):
		            body = body[:-1]
		    fields = box.get_message(key)
		    print(fields["Return-Path"], *fields.get_all("X-Original-To", []),
		          hashlib.md5(body).hexdigest())
	END
}

digest() {
	md5sum <"$1" | cut -d ' ' -f 1
}

queued() {
	find "$queue" -name '*.msg' -o -name '*.end' 2>/dev/null | wc -l
}

# files FOLDER: how many are there.
files() {
	find "$1" -type f | wc -l
}

# kept PLACE: the one message of a Maildir.
kept() {
	[ "$(files "$1")" -eq 1 ] && cat "$1"/new/*
}

@test "a Maildir: the envelope on top, the body octet for octet" {
	configure 'maildir:~/Mail'
	run --separate-stderr ./sendmail -i -t -f ann@example.org <message
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	kept home/Mail >got
	sed '1,/^$/d' got | cmp - body
	sed '/^$/,$d' got >got.head
	diff <(head -n 6 got.head) - <<-END
		Return-Path: <ann@example.org>
		X-Original-To: bob@example.net
		X-Original-To: carol@example.com
		To: bob@example.net
		Subject: kept
		Content-Type: text/plain; charset=utf-8
	END
	grep -q '^Date: ' got.head
	grep -q '^Message-ID: ' got.head
	grep -qx 'From: ann@example.org' got.head
	! grep -qi '^bcc' got.head
	run mail maildir home/Mail
	[ "$output" = "<ann@example.org> bob@example.net carol@example.com $(digest body)" ]
	[ "$(stat -c %a home/Mail home/Mail/new home/Mail/new/*)" = $'700\n700\n600' ]
	grep -q 'relay=maildir:.*/home/Mail .*status=sent: 250 2.0.0 kept as new/[0-9]*\.M' log
}

@test "an mbox file: readers find each message, whole" {
	configure 'mbox:~/box'
	./sendmail -i -t <message
	./sendmail -f '<>' -i dave@example.net <body
	./pennypost -t <message
	run mail mbox home/box
	diff <(echo "$output") - <<-END
		<ann@example.org> bob@example.net carol@example.com $(digest body)
		<> dave@example.net $(digest body)
		<ann@example.org> bob@example.net carol@example.com $(digest body)
	END
	[ "$(grep -c '^From ' home/box)" -eq 3 ]
	grep -qx 'From MAILER-DAEMON .* 20[0-9][0-9]' home/box
	[ "$(stat -c %a home/box)" -eq 600 ]
	# Our own reader has them, too, and can send them on.
	run -0 ./pennypost --relay maildir:"$PWD/again" --batch --to eve@example.net home/box
	[ "$(files again)" -eq 3 ]
	mail maildir again | grep -c "$(digest body)" | grep -qx 3
}

@test "mutt reads both" {
	tree=$ROOT/build/readers/usr
	for relay in maildir:"$PWD/dir" mbox:"$PWD/box"; do
		configure "$relay"
		./sendmail -i -t <message
		./sendmail -i -t <message
	done
	mkdir home/Mail # it would ask
	for box in dir box; do
		LD_LIBRARY_PATH=$tree/lib/x86_64-linux-gnu TERM=xterm timeout 20 script -qec \
			"$tree/bin/mutt -n -F /dev/null -e 'push <refresh><exit>' -R -f $PWD/$box" \
			/dev/null >mutt.log </dev/null || :
		grep -q "Mutt: $box \[Msgs:2" mutt.log || { cat -v mutt.log; false; }
		[ "$(grep -o 'ann@example.org ([^)]*) kept' mutt.log | wc -l)" -eq 2 ]
	done
}

@test "discard takes and forgets" {
	configure discard:
	run --separate-stderr ./sendmail -i -t <message
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	grep -q 'relay=discard: .*status=sent: 250 2.0.0 thrown away' log
	[ "$(queued)" -eq 0 ]
	run -69 --separate-stderr ./pennypost --relay discard: --hold-for 60 -t <message
	[[ $stderr == 'pennypost: discard: no message is held back where there is no relay; '* ]]
}

@test "by --relay and by PENNYPOST_RELAY, but never by an option of sendmail's" {
	./pennypost --relay maildir:'~/a' -t <message
	PENNYPOST_RELAY=maildir:$PWD/b ./sendmail -i -t <message
	[ "$(files home/a)" -eq 1 ]
	[ "$(files b)" -eq 1 ]
	configure "maildir:$PWD/c"
	run ./sendmail --relay "maildir:$PWD/d" -i -t <message
	[ "$status" -eq 64 ]
	run ./sendmail --catch "$PWD/d"
	[ "$status" -eq 64 ]
	[ ! -e d ]
}

@test "words that ask something of a server are errors" {
	for word in 'tls on' 'tls auto' 'auth on' 'user ann' 'passwordeval echo x' 'protocol lmtp'; do
		configure "maildir:$PWD/d" "$word"
		run ./pennypost -t <message
		echo "$output"
		[ "$status" -eq 78 ]
		[[ $output == *"${word%% *} contradicts the relay maildir:"* ]]
	done
	[ ! -e d ]
	configure "maildir:$PWD/d" 'tls off' 'auth off'
	./pennypost -t <message
	for option in --server-info '--verify-address bob@example.net'; do
		# shellcheck disable=SC2086
		run ./pennypost $option
		[ "$status" -eq 78 ]
		[[ $output == *'there is no server to ask'* ]]
	done
}

@test "--dry-run and -v say where it goes" {
	configure "maildir:$PWD/d"
	run -0 ./pennypost --dry-run -t <message
	[[ $output == *"relay: maildir:$PWD/d"* ]]
	[[ $output == *'recipient: <carol@example.com>'* ]]
	[ ! -e d ]
	run --separate-stderr ./pennypost -v -t <message
	[[ $stderr == *"* kept as new/$(basename d/new/*)"* ]]
}

@test "lines of any length and lone CRs are kept, a NUL is encoded" {
	configure "maildir:$PWD/d"
	{
		printf 'MIME-Version: 1.0\nSubject: x\n\n'
		head -c 100000 /dev/zero | tr '\0' x
		printf 'a\rb\nno end of line'
	} | tee long | ./sendmail bob@example.net
	kept d | sed '1,/^$/d' | cmp - <(sed '1,/^$/d' long; echo)
	rm -r d
	printf 'MIME-Version: 1.0\nContent-Type: text/plain\n\na\0b\n' | ./sendmail bob@example.net
	kept d >got
	grep -qi '^content-transfer-encoding: ' got
	! grep -q "$(printf 'a\\x00b')" got
}

@test "the queue: what was queued is kept by the runner" {
	configure "maildir:$PWD/d"
	./sendmail -i -odq -t <message
	./sendmail -i -odq -f '' dave@example.net <body
	[ "$(queued)" -eq 2 ]
	[ ! -e d ]
	run -0 ./sendmail -q
	[ "$(queued)" -eq 0 ]
	[ "$(files d)" -eq 2 ]
	mail maildir d | grep -qx "<ann@example.org> bob@example.net carol@example.com $(digest body)"
	grep -q 'queue-id=.*status=sent: 250 2.0.0 kept as' log
	configure "mbox:$PWD/box"
	for i in 1 2 3 4 5; do ./sendmail -i -odq -t <message; done
	run -0 ./sendmail -q
	[ "$(mail mbox box | uniq -c | sed 's/^ *//')" = "5 <ann@example.org> bob@example.net carol@example.com $(digest body)" ]
}

@test "-bs and --batch: many messages" {
	configure "maildir:$PWD/d"
	printf '%s\r\n' 'EHLO x' 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA 'Subject: 1' '' x . \
		'MAIL FROM:<b@example.org>' 'RCPT TO:<c@example.org>' DATA 'Subject: 2' '' y . QUIT |
		./sendmail -bs >out
	[ "$(grep -c '250 2.0.0 kept as new/' out)" -eq 2 ]
	run -0 ./pennypost --batch -t message message message
	[ "$(files d/new)" -eq 5 ]
	[ "$(files d)" -eq 5 ]
}

@test "a place that is not there is a relay's trouble: 78, and sendmail queues" {
	configure "maildir:$PWD/not/there"
	run ./pennypost -t <message
	[ "$status" -eq 78 ]
	[[ $output == *"maildir:$PWD/not/there: cannot open it: No such file or directory"* ]]
	[ "$(queued)" -eq 0 ]
	run ./sendmail -i -t <message
	[ "$status" -eq 0 ]
	[ "$(queued)" -eq 1 ]
	run ./sendmail -q
	[ "$(queued)" -eq 1 ]
	mkdir not
	run -0 ./sendmail -q
	[ "$(queued)" -eq 0 ]
	[ "$(files not/there)" -eq 1 ]
}

@test "who may not write there is told" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can make it so'
	mkdir closed
	chmod 755 "$BATS_TEST_TMPDIR" closed
	command -v setpriv || skip 'setpriv is missing (package util-linux)'
	# The tree may lie where nobody else gets at it.
	install -m 755 "$PENNYPOST" own
	run setpriv --reuid 65534 --clear-groups env HOME=/nonexistent ./own -t --syslog=off \
		--relay "maildir:$PWD/closed/d" <message
	echo "$output"
	[ "$status" -eq 78 ]
	[[ $output == *'cannot open it: Permission denied'* ]]
	# Nor does root write where others could lead him.
	mkdir theirs
	chown 65534 theirs
	run ./pennypost -t --relay "maildir:$PWD/theirs" <message
	[ "$status" -eq 78 ]
	[[ $output == *'belongs to another user'* ]]
	[ "$(files theirs)" -eq 0 ]
	mkdir roots
	ln -s ../roots theirs/link
	run -0 ./pennypost -t --relay "maildir:$PWD/theirs/link" <message
	[ "$(files roots)" -eq 1 ]
	chown -h 65534 theirs/link
	run ./pennypost -t --relay "maildir:$PWD/theirs/link" <message
	[ "$status" -eq 78 ]
	[[ $output == *'symbolic link of another user'* ]]
	[ "$(files roots)" -eq 1 ]
	echo precious >file
	ln file theirs/box
	run ./pennypost -t --relay "mbox:$PWD/theirs/box" <message
	[ "$status" -eq 78 ]
	[[ $output == *'hard link'* ]]
	[ "$(cat file)" = precious ]
}

@test "a full disk defers, and leaves nothing" {
	[ "$(id -u)" -eq 0 ] || skip 'only root mounts one'
	mkdir small
	mount -t tmpfs -o size=128k,mode=700 small small 2>/dev/null || skip 'no tmpfs can be mounted'
	{
		cat head
		head -c 200000 /dev/zero | base64
	} >large
	for relay in maildir:"$PWD/small/d" mbox:"$PWD/small/box"; do
		configure "$relay"
		./sendmail -i -t <message
		find small -type f -exec cat {} + | md5sum >before
		run ./pennypost -t <large
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *queued*'No space left on device'* ]]
		find small -type f -exec cat {} + | md5sum | cmp - before
		[ "$(queued)" -eq 1 ]
		run ./pennypost --queue=off -t <large
		[ "$status" -eq 75 ]
		mount -o remount,size=2m small
		run -0 ./pennypost -q
		[ "$(queued)" -eq 0 ]
		[ "$(find small -type f -exec cat {} + | wc -c)" -gt 270000 ]
		find small -mindepth 1 -delete
		mount -o remount,size=128k small
	done
}

@test "a file that is locked is waited for, and then it is the queue's" {
	configure "mbox:$PWD/box" 'timeout 1'
	touch box
	python3 -c 'import fcntl, signal
box = open("box", "r+")
fcntl.flock(box, fcntl.LOCK_EX)
print("locked", flush=True)
signal.pause()' >locked 3>&- &
	holder=$!
	within 10 test -s locked
	run ./pennypost -t <message
	[ "$status" -eq 0 ]
	[[ $output == *queued*'another program keeps it locked'* ]]
	[ "$(queued)" -eq 1 ]
	kill "$holder"
	wait "$holder" || :
	holder=''
	run -0 ./pennypost -q
	[ "$(queued)" -eq 0 ]
	[ "$(grep -c '^From ' box)" -eq 1 ]
}

@test "--catch keeps what comes as it comes, with the envelope" {
	# No configuration is read, not even one that cannot be.
	echo nonsense >home/.config/pennypost/config
	export PENNYPOST_RELAY=smtp://192.0.2.1
	catch --listen 127.0.0.1:0 --listen "unix:$PWD/socket"
	grep -qx "listens at unix:$PWD/socket" where
	head='Subject: Grüße' text=$'From: x\r\nBCC: hidden@example.org\r\nReturn-Path: <x@y>\r\n\r\nFrom me\r\n..\r\nGrüße'
	run says 'EHLO me' 'MAIL FROM:<ann@example.org> SMTPUTF8 BODY=8BITMIME' 'RCPT TO:<root>' \
		'RCPT TO:<bob@example.net>' DATA "$head"$'\r\n'"$text"$'\r\n.' QUIT
	echo "$output"
	name=$(sed -n 's/^250 2.0.0 kept as //p' <<<"$output")
	[ -f "caught/$name" ]
	diff <(sed '/^\t/d; s/^Received: .* with ESMTP;$/Received:/' "caught/$name") - <<-END
		Return-Path: <ann@example.org>
		X-Original-To: root
		X-Original-To: bob@example.net
		Received:
		$head
		From: x
		BCC: hidden@example.org
		Return-Path: <x@y>
		
		From me
		.
		Grüße
	END
	run says 'EHLO me' 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA . QUIT
	[ "$(files caught)" -eq 2 ]
	grep -lqx 'Return-Path: <>' caught/new/*
	# Our own client, by the unix socket, too.
	PENNYPOST_RELAY=unix:$PWD/socket ./sendmail -i -t -f ann@example.org <message
	[ "$(files caught)" -eq 3 ]
	mail maildir caught | grep -qx "<ann@example.org> bob@example.net carol@example.com $(digest body)"
	[ ! -e "$queue" ]
	[ ! -s catch.log ]
}

@test "--catch takes any login, and keeps nothing of it" {
	catch --listen 127.0.0.1:0
	python3 - "$port" <<-'END'
		import smtplib, sys
		for mechanism in ("PLAIN", "LOGIN"):
		    with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
		        s.ehlo()
		        s.esmtp_features["auth"] = mechanism
		        s.login("somebody", "correct horse")
		        s.sendmail("a@example.org", ["b@example.org"], "Subject: x\r\n\r\nx\r\n")
	END
	[ "$(files caught)" -eq 2 ]
	printf '%s' 'correct horse' >secret
	./pennypost --host=127.0.0.1 --port="$port" --tls=off --auth=on --user=somebody \
		--passwordeval="cat $PWD/secret" -f a@example.org b@example.org <message
	[ "$(files caught)" -eq 3 ]
	! grep -rqE 'somebody|correct horse|AGNvcnJlY3Q|Y29ycmVjdCBob3JzZQ' caught catch.log where
}

@test "--catch: sends nothing, whatever else is said" {
	for option in '--relay smtp://127.0.0.1:1' '--host 127.0.0.1' '-C x' '-a x' '-q5m' '--at +1h' \
		'--dry-run' '-bs' 'a@example.org'; do
		# shellcheck disable=SC2086
		run ./pennypost --catch caught --listen 127.0.0.1:0 $option </dev/null
		echo "$option: $output"
		[ "$status" -eq 64 ]
	done
	run ./pennypost --catch ''
	[ "$status" -eq 64 ]
	run ./pennypost --catch no/where --listen 127.0.0.1:0
	[ "$status" -eq 78 ]
	[[ $output == *"--catch $PWD/no/where: cannot open it"* ]]
	[ ! -e caught ]
}

@test "--catch listens at localhost:1025 where nothing else is said" {
	[ "$(id -u)" -eq 0 ] || skip 'only root makes a network of its own'
	unshare --net true 2>/dev/null || skip 'no network namespace'
	unshare --net sh -c 'ip link set lo up && exec ./pennypost --catch caught' >where 3>&- &
	catcher=$!
	within 10 test -s where
	grep -qx 'listens at 127.0.0.1:1025' where
	[ -d caught/new ]
}

@test "--catch: 250 is said when the file and its name are durable" {
	command -v strace || skip 'strace is missing'
	strace -f -o trace -e trace=fsync,linkat,sendto,sendmsg,write,writev \
		./pennypost --catch caught --listen 127.0.0.1:0 >where 3>&- &
	catcher=$!
	within 10 test -s where
	port=$(sed -n 's/^listens at 127.0.0.1://p' where)
	says 'EHLO me' 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA $'x: y\r\n.' QUIT
	kill "$(pgrep -P "$catcher")"
	wait "$catcher" || :
	catcher=
	sed -n '/RCPT TO\|recipient is good/,$p' trace |
		sed -n 's/^[0-9]* *//; s/^\(fsync\|linkat\).*= 0$/\1/p; s/^[a-z]*(.*250 2.0.0 kept as.*/250/p' \
			>order
	[ "$(tail -n 4 order | tr '\n' ' ')" = 'fsync linkat fsync 250 ' ] || { cat trace; false; }
}

@test "--catch: SIGTERM and SIGINT end it behind the message under way" {
	for signal in TERM INT; do
		rm -f where
		# bash has SIGINT ignored in what it starts behind itself.
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' ./pennypost --catch caught --listen 127.0.0.1:0 >where 3>&- &
		catcher=$!
		within 10 test -s where
		port=$(sed -n 's/^listens at 127.0.0.1://p' where)
		python3 - "$port" "$catcher" $signal <<-'END'
			import os, signal, socket, sys
			s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
			lines = s.makefile("rb")
			for line in ["", "HELO me", "MAIL FROM:<>", "RCPT TO:<a@example.org>", "DATA"]:
			    if line:
			        s.sendall(line.encode() + b"\r\n")
			    lines.readline()
			s.sendall(b"Subject: under way\r\n\r\n")
			os.kill(int(sys.argv[2]), getattr(signal, "SIG" + sys.argv[3]))
			try:
			    while True:
			        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
			except ConnectionError:
			    pass
			s.sendall(b"the end\r\n.\r\n")
			answer = lines.readline()
			assert answer.startswith(b"250 2.0.0 kept as"), answer
		END
		wait "$catcher"
		catcher=
	done
	[ "$(files caught/new)" -eq 2 ]
}

@test "--catch: many clients at once, and every message whole" {
	catch --listen 127.0.0.1:0 --max-connections 8
	python3 - "$port" <<-'END'
		import smtplib, sys, threading

		def client(n):
		    with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
		        for i in range(10):
		            s.sendmail("c%d@example.org" % n, ["m%d@example.org" % i],
		                       ("Subject: x\r\n\r\n" + "%d %d\r\n" % (n, i) * 1000).encode())

		threads = [threading.Thread(target=client, args=(n,)) for n in range(16)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
	END
	[ "$(files caught/new)" -eq 160 ]
	[ "$(files caught)" -eq 160 ]
	python3 - <<-'END'
		import mailbox
		seen = set()
		for m in mailbox.Maildir("caught", create=False):
		    n, i = m["Return-Path"][2:].split("@")[0], m["X-Original-To"][1:].split("@")[0]
		    assert m.get_payload() == "%s %s\n" % (n, i) * 1000, m
		    seen.add((n, i))
		assert len(seen) == 160, len(seen)
	END
}

@test "--catch: a client is told where there is no room, and nothing is left" {
	[ "$(id -u)" -eq 0 ] || skip 'only root mounts a small disk'
	mkdir small
	mount -t tmpfs -o size=64k,mode=700 small small 2>/dev/null || skip 'no tmpfs can be mounted'
	ln -s small/box caught
	mkdir small/box
	catch --listen 127.0.0.1:0 --max-size 1000000
	line=$(printf 'x%.0s' {1..900})
	large=$(for ((i = 0; i < 100; i++)); do printf '%s\r\n' "$line"; done)
	run says 'EHLO me' 'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA \
		"${large%$'\r'}"$'\r\n.' \
		'MAIL FROM:<>' 'RCPT TO:<a@example.org>' DATA $'x: y\r\n.' QUIT
	echo "$output"
	[[ $output == *'451 4.0.0 maildir:'*'No space left on device'* ]]
	[[ $output == *'250 2.0.0 kept as new/'* ]]
	[ "$(files small)" -eq 1 ]
	[ ! -e "$queue" ]
}

# struck WHAT CALL: one submission after the other, each struck (strace's inject) at the next of
# these calls, until one is not any more. After each nothing in PWD but whole messages, and one for
# each that was said to be sent: there, or in the queue.
struck() {
	local what=$1 call=$2 n=0 status whole
	while [ $n -lt 60 ]; do
		n=$((n + 1))
		rm -rf d box "$queue" trace
		mkdir -p "$queue"
		status=0
		strace -qq -f -o trace -e "trace=$call" -e "inject=$call:$what:when=$n" \
			./sendmail -i -t <large 2>errors || status=$?
		whole=0
		for file in d/new/*; do
			[ -f "$file" ] || continue
			sed '1,/^$/d' "$file" | cmp - large.body || return 1
			whole=$((whole + 1))
		done
		if [ -s box ]; then
			mail mbox box | grep -qx "<ann@example.org> bob@example.net $(digest large.body)" ||
				{ echo "$what $call $n: a part in box"; return 1; }
			whole=$((whole + 1))
		fi
		if [ "$status" -eq 0 ] && [ $((whole + $(queued))) -eq 0 ]; then
			echo "$what $call $n: lost"
			cat errors trace
			return 1
		fi
		grep -q 'INJECTED\|+++ killed\|^[0-9]* *--- SIG' trace || return 0
		strikes=$((strikes + 1))
	done
	echo "$what $call: there is no end"
	return 1
}

@test "killed or failed at any call: whole messages only, and none is lost" {
	command -v strace || skip 'strace is missing'
	{
		printf 'To: bob@example.net\n\n'
		head -c 150000 /dev/zero | base64
	} >large
	sed '1,/^$/d' large >large.body
	strikes=0
	configure "maildir:$PWD/d"
	for call in mkdirat write fsync linkat unlinkat; do
		struck signal=KILL $call
		struck error=EIO $call
		struck error=ENOSPC $call
	done
	[ "$strikes" -gt 30 ]
	configure "mbox:$PWD/box"
	for call in write fsync; do
		struck signal=TERM $call
		struck error=ENOSPC $call
	done
	[ "$strikes" -gt 50 ]
	echo "# $strikes strikes" >&3
}
