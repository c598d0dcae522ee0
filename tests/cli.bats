#!/usr/bin/env bats
# The command line of the built program: what our names have in common and what not, modes, usage
# errors, and what becomes of them. What callers of sendmail say is in argv.bats.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost
	for name in sendmail send-mail mailq newaliases msmtp pennypost; do
		ln -s "$PENNYPOST" "$name"
	done
	printf '%s\n' 'From: Ann <ann@example.org>' 'To: to@example.net' 'Cc: cc@example.net' \
		'Bcc: bcc@example.net' 'Subject: hi' 'Date: Mon, 01 Jan 2024 00:00:00 +0000' \
		'Message-ID: <1@example.org>' '' 'hello' '..two' '.' 'behind the dot' >message
	count=0
}

teardown() {
	relay_stop
}

# serve OPTION...: a relay, and a configuration that leads to it.
serve() {
	relay_start relay --plain "$@"
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'domain example.org' \
		'from default@example.org' "logfile $PWD/log" 'syslog off' 'queue off' >config/pennypost/config
}

# caller SENDER RECIPIENTS ARGUMENT...: sendmail with the arguments sends the message in silence,
# from SENDER to RECIPIENTS (separated by blanks).
caller() {
	local sender=$1 recipients=$2
	shift 2
	echo "sendmail $*"
	run --separate-stderr ./sendmail "$@" <message
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	count=$((count + 1))
	[ ! -e "relay/$((count + 1)).message" ]
	grep -qx "from: <$sender>" "relay/$count.envelope"
	diff <(sed -n 's/^to: <\(.*\)>$/\1/p' "relay/$count.envelope" | sort) \
		<(tr ' ' '\n' <<<"$recipients" | sort)
}

# whole, cut: whether the line with a dot was part of the message that arrived last.
whole() {
	grep -q 'behind the dot' "relay/$count.message"
	grep -qx $'..two\r' "relay/$count.message"
}

cut() {
	run ! grep -q 'behind the dot' "relay/$count.message"
	grep -qx $'.two\r' "relay/$count.message"
}

@test "send-mail is sendmail, msmtp and pennypost leave dots alone" {
	serve
	./send-mail b@x.example <message
	count=1
	cut
	./msmtp --read-envelope-from -t <message
	count=2
	whole
	grep -qx 'from: <ann@example.org>' relay/2.envelope
	./pennypost b@x.example <message
	count=3
	whole
	./pennypost -oifalse b@x.example <message
	count=4
	cut
}

@test "sendmail refuses our long options, so that none of them sends" {
	serve
	local option
	for option in --dry-run --help --version --server-info --relay=smtp://x.example --tls; do
		run -64 --separate-stderr ./sendmail "$option" b@x.example <message
		[ "$stderr" = "sendmail: option ${option%=*} is not sendmail's: call pennypost with it" ]
	done
	[ ! -e relay/1.message ]
	caller default@example.org b@x.example --unknown b@x.example
	grep -q 'the unknown option --unknown is ignored' log
}

@test "an unknown option is noted by sendmail and refused by pennypost" {
	serve
	caller default@example.org b@x.example -Zt b@x.example --nonsense
	grep -q 'the unknown option -Zt is ignored' log
	run --separate-stderr ./pennypost -Z b@x.example <message
	[ "$status" -eq 64 ]
	[ "$stderr" = 'pennypost: there is no option -Z (see --help)' ]
	run --separate-stderr ./pennypost --nonsense=secret b@x.example <message
	[ "$status" -eq 64 ]
	[ "$stderr" = 'pennypost: there is no option --nonsense (see --help)' ]
	[ ! -e relay/2.message ]
}

@test "usage errors end with 64, and nothing is sent" {
	serve
	local line
	while read -r line; do
		echo "$line"
		eval "set -- $line"
		run --separate-stderr "./$@" <message
		echo "$stderr"
		[ "$status" -eq 64 ]
		[ -n "$stderr" ] && [ -z "$output" ]
	done <<-'END'
		sendmail
		sendmail -t -f
		sendmail -bZ b@x.example
		sendmail -F "$(printf 'a\nb')" b@x.example
		sendmail -f "$(printf 'a@x\nRSET')" b@x.example
		sendmail "$(printf 'a@x\r\nRSET')"
		pennypost
		pennypost --host
		pennypost --dry-run=yes b@x.example
		pennypost --password=secret b@x.example
		pennypost --password secret b@x.example
		pennypost --port=x b@x.example
		pennypost --tls=maybe b@x.example
		pennypost --auth=magic b@x.example
		pennypost --verify-address
		pennypost --verify-address=
	END
	[ ! -e relay/1.message ]
}

@test "a full name is 512 bytes long at most" {
	serve
	local name
	name=$(printf '%0512d' 0)
	printf 'Subject: hi\n\nhi\n' | ./sendmail -F "$name" b@x.example
	tr -d '\r\n ' <relay/1.message | grep -q "From:$name<"
	run -64 --separate-stderr ./sendmail -F "${name}0" b@x.example <message
	[ "$stderr" = 'sendmail: the name of option -F is longer than 512 bytes' ]
	[ ! -e relay/2.message ]
}

@test "--password is refused with the reason, and not repeated" {
	run --separate-stderr ./pennypost --password=hunter2 b@x.example <message
	[ "$status" -eq 64 ]
	[[ $stderr == *'every user of this machine can read command lines'* ]]
	[[ $stderr != *hunter2* ]]
}

@test "a mode that there is not ends with 69 and reads nothing" {
	serve
	local line
	while read -r line; do
		echo "$line"
		exec 9<message
		run --separate-stderr ./$line <&9
		echo "$stderr"
		[ "$status" -eq 69 ]
		[ -z "$output" ]
		[[ $stderr == *': there is no mode -'*' here: '* ]]
		cat <&9 | cmp - message
		exec 9<&-
	done <<-'END'
		sendmail -bt
		sendmail -ba b@x.example
		sendmail -bH
		sendmail -bS
		sendmail -Mrm 1abc
		sendmail -Q
		sendmail -Qspam -qRb
		msmtp -bt
		pennypost -bt
	END
	run --separate-stderr ./sendmail -bt </dev/null
	[ "$stderr" = 'sendmail: there is no mode -bt (address test) here: -bv shows where an address leads' ]
	[ ! -e relay/1.message ]
}

@test "-bC checks the configuration in silence, and says what is wrong with it" {
	serve
	run -0 ./sendmail -bC <message
	[ -z "$output" ]
	printf '%s\n' 'account base' 'auth plain' >>config/pennypost/config
	run -0 ./sendmail -bC
	printf '%s\n' 'account bad' 'host x.example' 'tls maybe' >config/pennypost/config
	run -78 ./pennypost -bC
	[[ $output == *'config:3: '* ]]
	: >config/pennypost/config
	run -78 ./sendmail -bC
	[[ $output == 'sendmail: no relay is configured'* ]]
	[ ! -e relay/1.message ]
}

@test "-bV shows the version, and submits nothing" {
	serve
	run -0 ./sendmail -bV b@x.example <message
	[ "$output" = "$(./pennypost --version)" ]
	[ ! -e relay/1.message ]
}

@test "-eq: what becomes of a message the exit status and the log tell alone" {
	serve --refuse refused@x.example
	for mode in -eq -oeq -OErrorMode=quiet; do
		run -67 ./sendmail $mode refused@x.example b@x.example <message
		[ -z "$output" ]
		run -64 ./sendmail $mode a@b@c <message
		[ -z "$output" ]
	done
	[ "$(grep -c 'to=<refused@x.example> .* status=refused: 550' log)" -eq 3 ]
	for mode in '' -em -oep -oew -oee -OErrorMode=p -eq\ -v; do
		run -67 ./sendmail $mode refused@x.example <message
		[[ $output == *'550 5.1.1'* ]]
	done
}

@test "-h and Received fields: what came through more than 50 relays goes round in circles" {
	serve
	caller default@example.org b@x.example -h 50 b@x.example
	caller default@example.org b@x.example -h nonsense b@x.example
	grep -q 'option -h nonsense is ignored' log
	run -69 --separate-stderr ./sendmail -h 51 b@x.example <message
	[[ $stderr == 'sendmail: the message came through 51 relays, which is a loop: at most 50 are allowed' ]]
	for i in $(seq 51); do echo "Received: by host$i"; done | cat - message >looped
	run -69 ./pennypost b@x.example <looped
	sed 1d looped | ./sendmail b@x.example
	[ -e relay/3.message ]
	[ ! -e relay/4.message ]
	grep -q 'which is a loop' log
}

@test "--dry-run shows the route, the envelope and the exact bytes, and connects to nobody" {
	run --separate-stderr ./pennypost --relay=submissions://me@mail.example.net --dry-run \
		-f '<a@x.example>' -t b@x.example <message
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	./pennypost --relay submissions://me@mail.example.net -P -f a@x.example b@x.example -t \
		<message >shown
	diff - shown <<-END
		relay: mail.example.net:465, TLS from the first byte
		login: me
		account: command line
		sender: <a@x.example>
		recipient: <b@x.example>
		recipient: <to@example.net>
		recipient: <cc@example.net>
		recipient: <bcc@example.net>
		size: 185

		From: Ann <ann@example.org>$(printf '\r')
		To: to@example.net$(printf '\r')
		Cc: cc@example.net$(printf '\r')
		Subject: hi$(printf '\r')
		Date: Mon, 01 Jan 2024 00:00:00 +0000$(printf '\r')
		Message-ID: <1@example.org>$(printf '\r')
		$(printf '\r')
		hello$(printf '\r')
		...two$(printf '\r')
		..$(printf '\r')
		behind the dot$(printf '\r')
		.$(printf '\r')
	END
	size=$(sed '1,/^$/d' shown | sed 's/^\.//' | head -n -1 | wc -c)
	grep -qx "size: $size" shown
}

@test "what --dry-run shows is what the relay gets" {
	serve
	./pennypost --dry-run b@x.example <message | sed '1,/^$/d' | sed 's/^\.//' | head -n -1 >shown
	./pennypost b@x.example <message
	cmp shown relay/1.message
}

@test "the log has one line a recipient, whatever becomes of it" {
	serve --refuse b@example.net
	run -67 ./sendmail a@example.net b@example.net <message
	[ "$(grep -c 'to=<' log)" -eq 2 ]
	grep -q 'bytes of input behind the line with a dot were not sent' log
	[ "$(wc -l <log)" -eq 3 ]
	relay_stop
	run -75 ./sendmail a@example.net <message
	[ "$(grep -c 'to=<' log)" -eq 3 ]
}

@test "the log names a Message-ID that we added, and the size even where the relay is away" {
	serve
	printf 'Subject: x\n\nhi\n' | ./pennypost bob@example.org
	id=$(sed -n 's/^Message-ID: \(.*\)\r$/\1/p' relay/1.message)
	[ -n "$id" ]
	grep -qF "message-id=$id status=sent" log
	relay_stop
	run ! ./pennypost bob@example.org <<<$'Subject: x\n\nhi'
	tail -n 1 log | grep -q ' size=[1-9][0-9]* message-id=<.*> status=deferred'
}

@test "what fails before the attempt is in the account's log" {
	serve
	printf '%s\n' "aliases $PWD/aliases" >>config/pennypost/config
	printf '%s\n' 'x: |/bin/cat' >aliases
	chmod 644 aliases
	run -64 ./sendmail a@b@c <message
	grep -q 'recipient "a@b@c": ' log
	run -64 ./sendmail -f 'a@b@d' a@b.example <message
	grep -q 'sender (-f): .*a@b@d' log
	run -65 ./sendmail -t <<<'To: a@b@e'
	grep -q 'a@b@e' log
	run -67 ./sendmail x <message
	grep -q 'refused, because mail runs no commands' log
	grep -q 'goes nowhere' log
	run -65 bash -c "printf 'a: \\0\\n' | ./sendmail a@b.example"
	grep -q 'NUL' log
	run -64 ./sendmail <message
	grep -q 'no recipients' log
	[ "$(wc -l <log)" -eq 7 ]
	[ ! -e relay/1.message ]
}

@test "what the relay says is followed by what mends it, once" {
	serve --say 'RCPT=550 5.7.1 relay access denied'
	printf '%s\n' 'account default' "relay smtp://127.0.0.1:$relay_port" >config/pennypost/config
	chmod 600 config/pennypost/config
	run -67 --separate-stderr ./pennypost a@example.net b@example.net <message
	echo "$stderr"
	[[ ${stderr_lines[0]} == *'<a@example.net> refused: 550 5.7.1 relay access denied; the relay takes mail'* ]]
	[[ ${stderr_lines[0]} == *"; write: auth on (in account default of $PWD/config/pennypost/config)" ]]
	[[ ${stderr_lines[1]} == *'<b@example.net> refused: 550 5.7.1 relay access denied' ]]
	serve --say 'MAIL=550 5.7.60 not permitted to send as'
	run -69 --separate-stderr ./pennypost --relay="smtp://127.0.0.1:$relay_port" a@example.net <message
	echo "$stderr"
	[[ $stderr == *'not permitted to send as; the login may not send from this address; do: '* ]]
	serve --say 'RCPT=451 4.7.1 greylisted'
	run -75 --separate-stderr ./pennypost --relay="smtp://127.0.0.1:$relay_port" --queue=off \
		a@example.net <message
	echo "$stderr"
	[[ $stderr == *' 451 4.7.1 greylisted' ]]
}

@test "the name we are called by cannot reach a terminal" {
	serve --refuse a@example.net
	name=$'x\e[31m'
	run -67 --separate-stderr bash -c 'exec -a "$0" ./pennypost a@example.net' "$name" <message
	echo "$stderr"
	[[ $stderr == 'x\x1B[31m: <a@example.net> refused: 550'* ]]
	run -69 --separate-stderr bash -c 'exec -a "$0" ./pennypost -bt' "$name" <message
	[[ $stderr == 'x\x1B[31m: there is no mode -bt'* ]]
}

@test "words of the configuration on the command line" {
	relay_start relay --plain
	./pennypost --host 127.0.0.1 --port="$relay_port" --domain=x.example --from a \
		--syslog=off -X "$PWD/log" --tls=off --auth=off b <message
	grep -qx 'from: <a@x.example>' relay/1.envelope
	grep -qx 'to: <b@x.example>' relay/1.envelope
	[ -s log ]
	PENNYPOST_RELAY=smtp://127.0.0.1:$relay_port ./sendmail -f a@x.example b@x.example <message
	[ -e relay/2.message ]
}

@test "every option of msmtp for a word of its configuration is known" {
	run --separate-stderr ./msmtp --host=127.0.0.1 --domain=x.example --maildomain=x.example \
		--auto-from=off --auto-from on --proxy-host= --proxy-port=1 \
		--add-missing-from-header=off --add-missing-date-header off \
		--logfile-time-format=%s --tls-min-dh-prime-bits=1024 --dry-run \
		-f a@x.example b@x.example <<<'Subject: hi'
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[[ $output == *$'\nrecipient: <b@x.example>\n'* ]]
	run ! grep -q '^From:\|^Date:' <<<"$output"
	run ./msmtp --host=127.0.0.1 --proxy-host='p example' b@x.example </dev/null
	[[ $output == *'proxy_host: "p example" is not a host name or address' ]]
}

@test "--help and --version" {
	run --separate-stderr ./pennypost --help
	[ "$status" -eq 0 ]
	[[ $output == 'usage: pennypost'* ]]
	[ -z "$stderr" ]
	! grep -E '.{81}|[ ]$' <<<"$output"
	run ./pennypost --version
	[[ $output =~ ^pennypost\ [0-9] ]]
	run bash -c './pennypost --help >/dev/full'
	[ "$status" -eq 74 ]
}

@test "--server-info tells who a relay is, and 69 when it cannot be trusted" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth 'ann:pw'
	local relay=submission://ann@localhost:$relay_port
	run --separate-stderr ./pennypost --relay "$relay" --tls-trust-file "$PWD/ca/ca.pem" \
		--server-info
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == *$'\ngreeting: 220 '* ]]
	local parts='offered before TLS:*  STARTTLS*TLS: TLS1.3*offered under TLS:*  AUTH PLAIN '
	[[ $output == *$parts* ]]
	[[ $output == *$'\ntrusted: yes\n'* ]]
	[[ $output == *'  names: localhost, 127.0.0.1'* ]]
	print=$(openssl x509 -in ca/server.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')
	grep -qi "SHA-256: $print" <<<"$output"

	mkdir other
	"$ROOT/tests/lib/ca" other
	run --separate-stderr ./pennypost --relay "$relay" --tls-trust-file "$PWD/other/ca.pem" \
		--server-info
	echo "$output$stderr"
	[ "$status" -eq 69 ]
	[[ $output == *$'\ntrusted: no\n'*'  subject: CN=localhost'*'offered under TLS:'* ]]
	[[ $stderr == 'pennypost: the certificate does not prove'* ]]
	run ! grep -q 'C: AUTH' relay/*

	run --separate-stderr ./pennypost --relay "$relay" --tls-certcheck=off --server-info
	[ "$status" -eq 0 ]
	[[ $output == *$'\ntrusted: no\n'* ]]
}

@test "a closed standard input is no empty message" {
	serve
	run -74 --separate-stderr bash -c './pennypost ann@example.net <&-'
	[ "$stderr" = "pennypost: cannot read the message: Bad file descriptor" ]
	run -74 bash -c './sendmail ann@example.net <&- >&-'
	[ ! -e relay/1.envelope ]
	run -0 ./pennypost ann@example.net </dev/null
	[ -e relay/1.envelope ]
	run -0 bash -c './pennypost --version <&-'
	run -74 bash -c './sendmail -bs <&-'
}

@test "the log says refused of a recipient alone, and failed of the way to the relay" {
	serve --refuse b@example.net
	run -67 ./pennypost b@example.net <message
	grep -q 'to=<b@example.net> .* status=refused: 550' log
	printf '%s\n' 'tls off' 'user ann' 'password secret' >>config/pennypost/config
	chmod 600 config/pennypost/config
	run -77 ./pennypost b@example.net <message
	grep -q 'to=<b@example.net> .* status=failed: 127.0.0.1' log
}
