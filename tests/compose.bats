#!/usr/bin/env bats
# Messages composed of options, text and files. What arrives is read back by Python's email package,
# and by mutt, munpack and ripmime.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	local tool
	readers=$ROOT/build/readers
	"$ROOT/tests/lib/unpack" "$readers" mutt mpack ripmime
	export PATH=$readers/usr/bin:$PATH
	LD_LIBRARY_PATH=$(find "$readers" -name 'lib*.so*' -printf '%h\n' | sort -u | tr '\n' ':')
	export readers_libraries=$LD_LIBRARY_PATH
	unset LD_LIBRARY_PATH
	for tool in mutt munpack ripmime; do
		[ -x "$readers/usr/bin/$tool" ]
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config XDG_STATE_HOME=$PWD/state
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY VISUAL EDITOR TMPDIR
	mkdir -p config/pennypost
	ue=$(printf '\303\274')
}

teardown() {
	relay_stop
}

# serve OPTION...: a relay, and a configuration that leads to it.
serve() {
	relay_start relay --plain "$@"
	configure
}

configure() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port ${relay_port:-1}" 'domain example.org' \
		'from ann@example.org' 'syslog off' 'runner off' "$@" >config/pennypost/config
}

# compose ARGUMENT...: runs it with standard input from the file text; what it says is shown and
# kept in status and stderr.
compose() {
	[ -e text ] || : >text
	run --separate-stderr "$PENNYPOST" "$@" <text
	printf '%s\n' "$stderr"
	[ -z "$output" ]
}

# arrives ARGUMENT...: the same, and the message has arrived. What Python reads is in the file
# seen and the leaves in the folder leaves.
arrives() {
	count=$((${count:-0} + 1))
	compose "$@"
	[ "$status" -eq 0 ]
	within 5 test -e "relay/$count.message"
	rm -rf leaves
	"$ROOT/tests/lib/read-composed" "relay/$count.message" leaves >seen
	cat seen
	! grep DEFECT seen
}

# with_readers COMMAND...
with_readers() {
	LD_LIBRARY_PATH=$readers_libraries "$@"
}

# shape: the parts alone.
shape() {
	grep -v '^[A-Z][A-Za-z-]*: ' seen
}

@test "a subject and some text make a message" {
	serve
	printf 'hello\n.\nFrom here\n' >text
	arrives -s 'Backup failed' bob@example.net
	[ "$(shape)" = 'text/plain charset=us-ascii 7bit' ]
	grep -x 'Subject: Backup failed' seen
	grep -x 'To: bob@example.net' seen
	grep -x 'From: ann@example.org' seen
	cmp text leaves/1
	grep -x 'from: <ann@example.org>' relay/1.envelope
	grep -qi '^Date: ' relay/1.message
	grep -qi '^Message-ID: <' relay/1.message
	grep -q '^MIME-Version: 1.0' relay/1.message
}

@test "every option has its field" {
	serve
	echo hi >text
	arrives --subject "Gr${ue}n = rot" --to 'Bob Bell <bob@example.net>, c@example.net' \
		--cc "Zo$ue <zoe@example.net>" --bcc hidden@example.net --reply-to 'r@example.net' \
		--in-reply-to '7.x@example.net' --header "X-Job: 7 $ue" \
		--from "\"Lee, Ann\" <lee@example.org>" dave@example.net
	cat >expected <<-END
		From: "Lee, Ann" <lee@example.org>
		To: dave@example.net, Bob Bell <bob@example.net>, c@example.net
		Cc: Zo$ue <zoe@example.net>
		Reply-To: r@example.net
		Subject: Gr${ue}n = rot
		In-Reply-To: <7.x@example.net>
		References: <7.x@example.net>
		X-Job: 7 $ue
		text/plain charset=us-ascii 7bit
	END
	diff expected seen
	grep -x 'from: <lee@example.org>' relay/1.envelope
	for to in dave bob c zoe hidden; do
		grep -x "to: <$to@example.net>" relay/1.envelope
	done
	! grep -a hidden relay/1.message
	arrives -F "Ann $ue" -f x@example.org --bcc bob@example.net --body here
	grep -x "From: Ann $ue <x@example.org>" seen
	grep -x 'To: undisclosed-recipients:;' seen
	[ "$(cat leaves/1)" = here ]
}

@test "no field stands twice that may stand but once" {
	serve
	arrives -s x --in-reply-to 7@example.net --header 'references: <1@example.net> <7@example.net>' \
		--header 'X-References: 1' --header 'X-Job: 1' --header 'X-Job: 2' bob@example.net
	[ "$(grep -i '^references:' seen)" = 'References: <1@example.net> <7@example.net>' ]
	[ "$(grep -c '^X-Job:' seen)" -eq 2 ]
	for field in Date Message-ID References Sender; do
		compose -s x --header "$field: <a@example.net>" --header "${field,,}: <b@example.net>" \
			bob@example.net
		[ "$status" -eq 64 ]
		[[ $stderr == *'has only once'* ]]
	done
	[ ! -e relay/2.message ]
}

@test "text has the form that it needs" {
	local prose
	serve
	prose='The quick brown fox jumps over the lazy dog and goes on from here. '
	printf '%s%s\n\nshort\n' "$prose" "${prose% }" >text
	arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=us-ascii format=flowed 7bit' ]
	# What flows together is what was written (RFC 3676 section 4.1).
	sed -e ':a' -e '/ $/{N;s/ \n/ /;ba' -e '}' leaves/1 | diff text -
	printf 'Gr%sn\n-- \nAnn\n' "$ue" >text
	arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=utf-8 quoted-printable' ]
	cmp text leaves/1
	printf 'name=%0300d\n\033[1mbold\n' 7 >text
	arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=us-ascii quoted-printable' ]
	cmp text leaves/1
	for _ in {1..99}; do printf '%s' "$ue$ue$ue "; done >text
	echo >>text
	arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=utf-8 base64' ]
	tr -d '\r' <leaves/1 | cmp text -
	head -c 5000 /dev/urandom >text
	printf '\0' >>text
	LC_ALL=C arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=unknown-8bit base64' ]
	cmp text leaves/1
}

@test "the charset of text is never wrong" {
	serve
	printf 'gr\374n\n' >text
	arrives bob@example.net -s x --charset ISO-8859-1
	[ "$(shape)" = 'text/plain charset=iso-8859-1 quoted-printable' ]
	cmp text leaves/1
	arrives bob@example.net -s x
	[ "$(shape)" = 'text/plain charset=unknown-8bit quoted-printable' ]
	cmp text leaves/1
	[[ $stderr == *'say --charset'* ]]
	compose bob@example.net -s x --charset utf-8
	[ "$status" -eq 65 ]
	printf 'gr%sn\n' "$ue" >text
	LC_ALL=C arrives bob@example.net -s "gr${ue}n"
	[ "$(shape)" = 'text/plain charset=utf-8 quoted-printable' ]
	grep -x "Subject: gr${ue}n" seen
	for name in utf-16 utf-7 nonsense 'a b' ''; do
		compose bob@example.net -s x --charset "$name"
		[ "$status" -eq 64 ]
	done
	compose bob@example.net -s "$(printf 'gr\374n')"
	[ "$status" -eq 64 ]
	[ ! -e relay/4.message ]
}

# mutt_saves MESSAGE COUNT: mutt saves parts 2 to COUNT under the names that it reads, in the folder
# saved. It wants a terminal.
mutt_saves() {
	local keys=v
	rm -rf saved && mkdir saved
	{ echo 'From ann@example.org Mon Nov 23 09:04:05 2026'; tr -d '\r' <"$1"; } >saved/.mbox
	for ((n = 1; n < $2; n++)); do
		keys+='js<enter>'
	done
	printf '%s\n' 'set folder=. charset=utf-8 noresolve nomark_old nomove noconfirmappend quit=yes' \
		"push '${keys}qx'" >saved/.muttrc
	(cd saved && TERM=vt100 with_readers timeout 20 script -qec 'mutt -n -F .muttrc -R -f .mbox' \
		/dev/null </dev/null >.screen)
	ls saved
}

# unpacked MESSAGE FILE...: munpack and ripmime find the files in the message, whatever they call
# them.
unpacked() {
	local message=$PWD/$1 tool file one found
	shift
	rm -rf read && mkdir read read/munpack read/ripmime
	(cd read/munpack && with_readers munpack -t -q "$message" >&2 </dev/null)
	(cd read/ripmime && with_readers ripmime -i "$message" -d . >&2)
	for tool in munpack ripmime; do
		for file; do
			found=
			for one in read/$tool/*; do
				! cmp -s "$one" "$file" || found=$one
			done
			[ -n "$found" ] || { echo "$tool does not find $file"; ls -l read/*; return 1; }
		done
	done
}

@test "files arrive byte for byte in every reader" {
	serve --chunking
	echo 'See there.' >text
	head -c 100000 /dev/urandom >noise.bin
	seq 2000 >log.txt
	printf 'no end' >end.csv
	: >empty.dat
	arrives -s files --attach log.txt --attach noise.bin --attach end.csv --attach empty.dat \
		bob@example.net
	cat >expected <<-'END'
		multipart/mixed
		  text/plain charset=us-ascii 7bit
		  text/plain charset=us-ascii base64 attachment name='log.txt'
		  application/octet-stream base64 attachment name='noise.bin'
		  text/csv charset=us-ascii base64 attachment name='end.csv'
		  application/octet-stream base64 attachment name='empty.dat'
	END
	shape | diff expected -
	cmp text leaves/1
	cmp log.txt leaves/2
	cmp noise.bin leaves/3
	cmp end.csv leaves/4
	cmp empty.dat leaves/5
	unpacked relay/1.message log.txt noise.bin end.csv
	mutt_saves relay/1.message 5
	for file in log.txt noise.bin end.csv empty.dat; do
		cmp "$file" "saved/$file"
	done
}

@test "names of files are kept, whatever they are" {
	local long name
	serve
	long=$(printf 'n%.0s' {1..240}).txt
	mkdir -p deep/folder
	for name in 'a b.txt' 'quo"ted".txt' 'back\slash.txt' "gr${ue}n & rot.txt" "$long" \
		"semi;colon=;type.txt" "per%cent'.txt" '.hidden.txt' '=?utf-8?q?x?=.txt' \
			"$ue$ue$ue$ue$ue$ue$ue$ue$ue$ue$ue$ue.txt"; do
		echo "$name" >"deep/folder/$name"
		arrives -s x --body hi --attach "deep/folder/$name" bob@example.net
		python3 - "$name" <<-'END' | grep -F -f - seen
			import sys
			print("name=" + repr(sys.argv[1]))
		END
		cmp "deep/folder/$name" leaves/2
		mutt_saves "relay/$count.message" 2
		cmp "deep/folder/$name" "saved/$name"
		! grep -a 'deep' "relay/$count.message"
	done
	arrives -s x --attach 'deep/folder/a b.txt' --name-attachment "../x/$ue.log" bob@example.net
	grep -F "name='$ue.log'" seen
	arrives -s x --attach "deep/folder/a b.txt" --name-attachment '/' bob@example.net
	grep -F "name='attachment'" seen
	compose -s x --name-attachment x bob@example.net
	[ "$status" -eq 64 ]
}

@test "a very long name, and one in another charset" {
	local long
	serve
	echo x >file
	long=$(printf "$ue%.0s" {1..300}).txt
	arrives -s x --attach file --name-attachment "$long" bob@example.net
	grep -F "name='$long'" seen
	long=$(printf 'n%.0s' {1..2000}).txt
	arrives -s x --attach file --name-attachment "$long" bob@example.net
	grep -E "name='n{1020}\.txt'" seen
	mv file "$(printf 'gr\374n')"
	compose -s x --attach "$(printf 'gr\374n')" bob@example.net
	[ "$status" -eq 64 ]
	[[ $stderr == *--name-attachment* ]]
	arrives -s x --attach "$(printf 'gr\374n')" --name-attachment "gr${ue}n" bob@example.net
	grep -F "name='gr${ue}n'" seen
}

@test "types come from the option, the name or the content" {
	serve
	printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0' >picture
	printf 'words\n' >README
	printf 'caf\351\n' >latin.txt
	printf 'gr%sn\n' "$ue" >utf.txt
	arrives -s x --attach 'picture;type=image/x-odd; a="b;c"' --attach README --attach latin.txt \
		--attach utf.txt --attach 'README;type=text/csv;charset=utf-8' bob@example.net
	cat >expected <<-'END'
		multipart/mixed
		  image/x-odd base64 attachment name='picture'
		  text/plain charset=us-ascii base64 attachment name='README'
		  text/plain charset=unknown-8bit base64 attachment name='latin.txt'
		  text/plain charset=utf-8 base64 attachment name='utf.txt'
		  text/csv charset=utf-8 base64 attachment name='README'
	END
	shape | diff expected -
	for type in text 'text/' 'a/b c' 'multipart/mixed' 'message/partial' 'a/b;c' 'a/b;c="d'; do
		compose -s x --attach "README;type=$type" bob@example.net
		[ "$status" -eq 64 ]
	done
}

@test "libmagic is asked where the name says nothing" {
	[ -e "$PENNYPOST_BUILD/src/magic.so" ] || skip 'built without libmagic: libmagic-dev'
	serve
	printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0' >picture
	cp picture picture.txt
	printf 7 >VERSION
	arrives -s x --attach picture --attach picture.txt --attach VERSION bob@example.net
	grep "image/png base64 attachment name='picture'" seen
	grep "text/plain .*name='picture.txt'" seen
	grep "text/plain charset=us-ascii base64 attachment name='VERSION'" seen
	echo x >a.txt
	ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=openat "$PENNYPOST" -s x --attach a.txt bob@example.net <text
	! grep magic trace
}

@test "HTML has its text beside it, and what it shows" {
	serve
	printf '<p>Gr&uuml;n <a href="https://example.org/x">there</a><img src="cid:my_logo.png">\n' >p.html
	head -c 999 /dev/urandom >'my logo.png'
	echo data >data.csv
	arrives -s x --html p.html --inline 'my logo.png' --attach data.csv bob@example.net
	cat >expected <<-'END'
		multipart/mixed
		  multipart/alternative
		    text/plain charset=utf-8 quoted-printable
		    multipart/related
		      text/html charset=us-ascii quoted-printable
		      image/png base64 inline name='my logo.png' id=<my_logo.png>
		  text/csv charset=us-ascii base64 attachment name='data.csv'
	END
	shape | diff expected -
	[ "$(cat leaves/1)" = "Gr${ue}n there <https://example.org/x>" ]
	cmp p.html leaves/2
	cmp 'my logo.png' leaves/3
	unpacked relay/1.message 'my logo.png' data.csv
	echo 'Read the HTML.' >text
	arrives -s x --html p.html bob@example.net
	[ "$(shape | head -n 1)" = multipart/alternative ]
	cmp text leaves/1
	arrives -s x --body 'see it' --inline 'my logo.png' bob@example.net
	[ "$(shape | tail -n 1)" = "  image/png base64 inline name='my logo.png' id=<my_logo.png>" ]
	mkdir other && cp 'my logo.png' other/my_logo.png
	compose -s x --html p.html --inline 'my logo.png' --inline other/my_logo.png bob@example.net
	[ "$status" -eq 64 ]
}

@test "HTML is in the charset that it names" {
	serve
	printf '<meta charset="iso-8859-1">gr\374n\n' >p.html
	arrives -s x --html p.html bob@example.net
	[ "$(shape | tail -n 1)" = '  text/html charset=iso-8859-1 quoted-printable' ]
	[ "$(cat leaves/1)" = "gr${ue}n" ]
	cmp p.html leaves/2
}

@test "a message is forwarded as one" {
	serve
	printf 'From ann Mon Nov 23 09:04:05 2026\nFrom: x@example.org\nSubject: the first\n\nhello\n' >m.eml
	arrives -s 'Fwd: the first' --body 'see below' --attach m.eml bob@example.net
	[ "$(shape | tail -n 1)" = "  message/rfc822 7bit attachment name='m.eml' subject=the first" ]
	tail -n +2 m.eml | cmp - leaves/2
	# From a FIFO, too.
	mkfifo pipe.eml
	cat m.eml >pipe.eml &
	arrives -s 'Fwd: the first' --body 'see below' --attach pipe.eml bob@example.net
	tail -n +2 m.eml | cmp - leaves/2
	echo 'no message' >m.eml
	arrives -s x --attach m.eml bob@example.net
	grep "application/octet-stream base64 attachment name='m.eml'" seen
	compose -s x --attach 'm.eml;type=message/rfc822' bob@example.net
	[ "$status" -eq 65 ]
}

@test "a forwarded message with 8-bit text or long lines suits the relay" {
	serve --no-8bitmime
	printf 'Subject: one\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\ngr%sn %01200d\n' \
		"$ue" 7 >m.eml
	arrives -s x --attach m.eml bob@example.net
	grep 'message/rfc822 7bit attachment' seen
	! LC_ALL=C grep -q '[^ -~[:space:]]' relay/1.message
	python3 - <<-'END'
		import email, email.policy
		with open("relay/1.message", "rb") as file:
		    message = email.message_from_binary_file(file, policy=email.policy.default)
		inner = message.get_payload(0).get_payload(0)
		assert inner.get_content().rstrip("\n") == "gr\u00fcn %01200d" % 7, inner
	END
	relay_stop
	rm -r relay
	count=0
	serve
	printf 'Subject: one\n\ngr%sn\n' "$ue" >m.eml
	arrives -s x --attach m.eml bob@example.net
	grep 'message/rfc822 8bit attachment' seen
	cmp m.eml leaves/1
}

@test "files that are no regular ones are read first" {
	serve
	mkfifo fifo.txt
	head -c 700000 /dev/urandom >noise
	cat noise >fifo.txt &
	arrives -s x --attach fifo.txt --attach <(echo from a command) --name-attachment out.txt \
		--attach /proc/self/status bob@example.net
	cmp noise leaves/1
	[ "$(cat leaves/2)" = 'from a command' ]
	grep -q '^Pid:' leaves/3
	echo input >text
	arrives -s x --attach /dev/stdin --name-attachment in.bin bob@example.net
	[ "$(cat leaves/1)" = input ]
	[ ! -e leaves/2 ]
	: >text
	exec 7<noise
	arrives -s x --attach /dev/fd/7 bob@example.net
	exec 7<&-
	cmp noise leaves/1
}

@test "a file that cannot be had stops the message" {
	serve
	echo x >closed
	chmod 0 closed
	for file in missing . ''; do
		compose -s x --attach "$file" bob@example.net
		[ "$status" -eq 66 ]
	done
	[ "$(id -u)" -eq 0 ] || {
		compose -s x --attach closed bob@example.net
		[ "$status" -eq 66 ]
	}
	compose -s x --html missing bob@example.net
	[ "$status" -eq 66 ]
	[ ! -e relay/1.message ]
}

# sends_slowly: sends big, and stops the relay when some of it is on its way. Sets sender.
sends_slowly() {
	rm -f big said
	truncate -s 120M big
	"$PENNYPOST" "$@" -s x --body hi --attach big bob@example.net </dev/null >said 2>&1 3>&- &
	sender=$!
	# Without a pause: all of it takes but a moment.
	until has_read "$sender" 2000000; do
		kill -0 "$sender" || { cat said; return 1; }
	done
	kill -STOP "$relay_pid"
}

# has_read PID BYTES
has_read() {
	local word bytes
	read -r word bytes <"/proc/$1/io" 2>/dev/null && [ "$word" = rchar: ] && [ "$bytes" -gt "$2" ]
}

# ends_badly: lets the relay go on; the message is neither there nor in the queue.
ends_badly() {
	local code=0
	kill -CONT "$relay_pid"
	wait "$sender" || code=$?
	cat said
	[ "$code" -eq 75 ]
	grep 'big changed while it was being read' said
	[ -z "$("$PENNYPOST" --list-queue | grep ann@)" ]
	relay_stop
	! ls relay/*.message
}

@test "a file that shrinks while it is sent never arrives as whole" {
	serve --size 200000000
	sends_slowly
	truncate -s 50M big
	ends_badly
}

@test "a file that grows while it is sent never arrives as whole" {
	serve --chunking --size 200000000
	sends_slowly
	truncate -s 130M big
	ends_badly
}

@test "a file that is written to while it is sent never arrives as whole" {
	serve --size 200000000
	sends_slowly
	printf x | dd of=big bs=1 seek=1000 conv=notrunc 2>dd
	ends_badly
}

@test "what is queued is whole" {
	relay_start relay --plain
	relay_stop
	configure
	head -c 300000 /dev/urandom >noise.bin
	echo later >text
	compose -s x --attach noise.bin bob@example.net
	[ "$status" -eq 0 ]
	compose -odq -s y --attach noise.bin bob@example.net
	[ "$status" -eq 0 ]
	compose --at +1h -s z --attach noise.bin bob@example.net
	[ "$status" -eq 0 ]
	cp noise.bin kept
	rm -r noise.bin text relay
	relay_start relay --plain
	configure
	"$PENNYPOST" --release all
	"$PENNYPOST" -q
	within 10 test -e relay/3.message
	for n in 1 2 3; do
		rm -rf leaves
		"$ROOT/tests/lib/read-composed" relay/$n.message leaves
		[ "$(cat leaves/1)" = later ]
		cmp kept leaves/2
	done
}

@test "more files than a process may have open" {
	local options=()
	serve
	ulimit -Sn 100
	for n in {1..300}; do
		echo "$n" >"file$n.txt"
		options+=(--attach "file$n.txt")
	done
	arrives -s many "${options[@]}" bob@example.net
	[ "$(grep -c 'attachment name' seen)" -eq 300 ]
	[ "$(cat leaves/300)" = 300 ]
}

@test "nothing can be put into the header, or between the parts" {
	serve
	for option in --subject --cc --bcc --reply-to --in-reply-to --header --charset --html --inline \
		--attach --name-attachment --save-sent; do
		for end in $'\n' $'\r' $'\r\n'; do
			compose -s x "$option=x: y${end}Bcc: evil@example.net" bob@example.net
			[ "$status" -eq 64 ]
			[[ $stderr == *'holds a line end'* ]]
		done
	done
	compose -s x --to $'bob@example.net\nBcc: evil@example.net'
	[ "$status" -ne 0 ]
	compose -s x bob@example.net $'x\r\nRCPT TO:<evil@example.net>'
	[ "$status" -eq 64 ]
	for field in 'To: x' 'content-type: x' 'Bcc: x' 'Resent-To: x' 'MIME-Version: x' 'no colon' ': x' \
		'a b: c' 'Subject: x'; do
		compose -s x --header "$field" bob@example.net
		[ "$status" -eq 64 ]
	done
	for id in 'a b' '<>' '<a<b>' ''; do
		compose -s x --in-reply-to "$id" bob@example.net
		[ "$status" -eq 64 ]
	done
	[ ! -e relay/1.message ]
	# A body that looks like a message, or a boundary, is text.
	printf 'Bcc: evil@example.net\n\n--=_x\n' >text
	echo x >file
	arrives -s x --attach file bob@example.net
	cmp text leaves/1
	! grep evil relay/1.envelope
}

@test "under the names of sendmail nothing of this is there" {
	serve
	ln -s "$PENNYPOST" sendmail
	echo secret >file
	for option in attach html inline save-sent subject body; do
		run -64 ./sendmail "--$option=file" bob@example.net <<<hello
	done
	run -0 ./sendmail -i -s bob@example.net <<<$'Subject: a message\n\nhello'
	grep -a 'a message' relay/1.message
}

@test "it composes where a message is to be sent, and for somebody" {
	serve
	compose -s x
	[ "$status" -eq 64 ]
	[[ $stderr == *'no recipients'* ]]
	compose -s x -t bob@example.net
	[ "$status" -eq 64 ]
	compose -s x --batch text
	[ "$status" -eq 64 ]
	compose -s x --list-queue
	[ "$status" -eq 64 ]
	run -74 sh -c '"$1" -s x bob@example.net <&-' sh "$PENNYPOST"
}

@test "nothing is sent where there is nothing to send" {
	serve
	printf ' \n\n' >text
	compose --skip-empty -s x bob@example.net
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ ! -e relay/1.message ]
	echo x >file
	arrives --skip-empty -s x --attach file bob@example.net
	echo words >text
	arrives --skip-empty -s x bob@example.net
	: >text
	arrives -s x bob@example.net
	[ "$(shape)" = 'text/plain charset=us-ascii 7bit' ]
}

@test "--dry-run shows it, and what there is of options goes with it" {
	configure
	echo hello >text
	run -0 "$PENNYPOST" --dry-run -s 'a subject' -N success --attach text bob@example.net <text
	[[ $output == *'Subject: a subject'* ]]
	[[ $output == *aGVsbG8K* ]]
	[[ $output == *$'\nrecipient: <bob@example.net>\n'* ]]
}

@test "what a message must have, it has whatever the account says of others" {
	serve
	configure 'set_from_header off' 'set_date_header off' 'set_msgid_header off'
	arrives -s x --body hi root
	grep -x 'From: ann@example.org' seen
	grep -x 'To: root@example.org' seen
	grep -qi '^Date: ' relay/1.message
	grep -qi '^Message-ID: <' relay/1.message
}

@test "a copy is kept of what has gone" {
	serve --refuse no@example.net
	echo hello >text
	head -c 1000 /dev/urandom >file
	arrives -s x --attach file --bcc eve@example.net --save-sent maildir:sent bob@example.net
	[ "$(ls sent/new | wc -l)" -eq 1 ]
	tr -d '\r' <relay/1.message | cmp - sent/new/*
	compose -s x --save-sent maildir:sent no@example.net
	[ "$status" -eq 67 ]
	compose -s x --save-sent maildir:sent no@example.net bob@example.net
	[ "$status" -eq 67 ]
	[ "$(ls sent/new | wc -l)" -eq 2 ]
	[ -z "$(ls sent/tmp)" ]
	compose -odb -s x --save-sent 'maildir:~/sent' bob@example.net
	[ "$status" -eq 0 ]
	[ "$(ls sent/new | wc -l)" -eq 3 ]
	for place in sent maildir: mbox:x; do
		compose -s x --save-sent "$place" bob@example.net
		[ "$status" -eq 64 ]
	done
	compose -s x --save-sent maildir:none/there bob@example.net
	[ "$status" -eq 78 ]
	[[ $output$stderr == *'./none/ must be there, as only the last part'* ]]
	[ ! -e none ]
}

# typed KEYS ARGUMENT...: runs it on a terminal where somebody types KEYS (printf's).
typed() {
	local keys=$1
	shift
	printf '%q ' "$PENNYPOST" "$@" >command
	echo '; echo "status $?"' >>command
	# The keys come when it asks for them, or else they would be eaten by what starts it.
	mkfifo keys
	(
		within 10 grep -q -e 'type the text' -e 'status' screen
		printf "$keys"
		within 10 grep -q status screen
	) >keys 3>&- &
	local typist=$!
	script -qefc "sh command" screen <keys >/dev/null 2>&1
	wait "$typist"
	rm keys
	cat screen
}

@test "text is typed on a terminal" {
	serve
	: >screen
	typed 'hello there\n.\n' -s x bob@example.net
	grep -q 'end it with Ctrl-D or a line that is just a dot' screen
	grep -q 'status 0' screen
	within 5 grep -qa '^hello there' relay/1.message
	: >screen
	typed 'with a\n.\ndot\n\004' -i -s x bob@example.net
	grep -q 'status 0' screen
	within 5 grep -qa '^dot' relay/2.message
}

# an_editor LINE...: a script to be the editor; its file is $1.
an_editor() {
	printf '%s\n' '#!/bin/sh' "$@" >editor
	chmod +x editor
}

@test "text is written in an editor" {
	serve
	export TMPDIR=$PWD/tmp
	mkdir tmp
	an_editor '[ "$1" = -x ] && shift' 'echo edited >>"$1"'
	: >screen
	VISUAL="$PWD/editor -x" EDITOR=false typed '' --edit --body first -s x bob@example.net
	grep -q 'status 0' screen
	within 5 grep -qa '^edited' relay/1.message
	[ -z "$(ls tmp)" ]
	# Saved as a new file of that name, as many do.
	an_editor 'echo anew >"$1.new" && mv "$1.new" "$1"'
	: >screen
	EDITOR=$PWD/editor typed '' --edit -s x bob@example.net
	within 5 grep -qa '^anew' relay/2.message
	for lines in true ': >"$1"' false 'echo lost >"$1"; exit 3'; do
		an_editor "$lines"
		: >screen
		EDITOR=$PWD/editor typed '' --edit --body first -s x bob@example.net
		grep -q 'status 66' screen
		grep -q 'nothing is sent' screen
	done
	# Whatever was written in vain is there.
	[ "$(cat tmp/*)" = lost ]
	grep -q 'what you wrote is kept in' screen
	rm tmp/*
	relay_stop
	configure 'queue off'
	an_editor 'echo dear >>"$1"'
	: >screen
	EDITOR=$PWD/editor typed '' --edit -s x bob@example.net
	! grep -q 'status 0' screen
	grep -q 'what you wrote is kept in' screen
	grep -q dear tmp/*
	run -64 setsid -w "$PENNYPOST" --edit -s x bob@example.net </dev/null
}

# peak COMMAND...: runs it and says the most memory it had, in kB, to the file peak.
peak() {
	python3 - "$@" <<-'END'
		import os, sys
		pid = os.fork()
		if pid == 0:
		    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
		    os.execv(sys.argv[1], sys.argv[1:])
		_, status, usage = os.wait4(pid, 0)
		with open("peak", "w") as file:
		    print(usage.ru_maxrss, file=file)
		sys.exit(os.waitstatus_to_exitcode(status))
	END
}

# BENCH_SLOW=1 sends 2 GB.
@test "a file of any size takes the same memory" {
	local size=200000000 sent port
	[ -z "${BENCH_SLOW-}" ] || size=2000000000
	ninja -C "$PENNYPOST_BUILD" tests/bench/sink >build.log || { cat build.log; false; }
	"$ROOT/tests/lib/ca" "$PWD/ca"
	mkfifo stop
	"$PENNYPOST_BUILD/tests/bench/sink" ca/server.pem ca/server.key <stop >sink.log 3>&- &
	local sink=$!
	exec 8>stop
	within 10 test -s sink.log
	read -r port _ <sink.log
	truncate -s $size big.bin
	peak "$PENNYPOST" --host=127.0.0.1 --port="$port" --tls=off --syslog=off -f ann@example.org -s big \
		--body hi --attach big.bin bob@example.net
	exec 8>&-
	wait "$sink"
	cat sink.log peak
	# Four letters for three bytes, and a line end for 76 letters.
	sent=$(sed -n 's/^ann .*bytes \([0-9]*\).*/\1/p' sink.log)
	[ "$sent" -gt $(((size + 2) / 3 * 4 / 76 * 78)) ]
	[ "$(cat peak)" -lt $((16 * 1024)) ]
}
