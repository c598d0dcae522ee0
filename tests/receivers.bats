#!/usr/bin/env bats
# One flight to every kind of server: Postfix, Exim, Dovecot, OpenSMTPD and aiosmtpd, unpacked into
# build/, each in a private mount namespace (tests/lib/world) but aiosmtpd, which needs none.

bats_require_minimum_version 1.5.0
load lib/common
load lib/receivers

# begin_world NAME: starts tests/lib/NAME in a world, with its files in SHARES/NAME.
begin_world() {
	local share=$SHARES/$1
	"$ROOT/tests/lib/world" "$share" "$ROOT/build/$1" -- "$ROOT/tests/lib/$1" "$share" \
		>"$share/start.out" 2>&1 3>&- &
	echo $! >"$share/pid"
}

setup_file() {
	export SHARES=$BATS_FILE_TMPDIR
	have_world >/dev/null || return 0
	local unpack=$ROOT/tests/lib/unpack name key
	"$unpack" "$ROOT/build/servers" postfix dovecot-core dovecot-submissiond dovecot-lmtpd
	"$unpack" "$ROOT/build/exim" exim4-daemon-heavy exim4-base
	"$unpack" "$ROOT/build/opensmtpd" opensmtpd
	"$unpack" "$ROOT/build/aiosmtpd" python3-aiosmtpd python3-public python3-attr
	for name in servers exim opensmtpd aiosmtpd; do
		key=()
		[ $name != opensmtpd ] || key=(localhost 127.0.0.1 -newkey rsa:2048)
		"$ROOT/tests/lib/ca" "$SHARES/$name/ca" "${key[@]}"
		printf '%s\n' "$PASSWORD" >"$SHARES/$name/password"
		[ $name = aiosmtpd ] || begin_world $name
	done
	"$ROOT/tests/lib/aiosmtpd-server" "$SHARES/aiosmtpd" "$ROOT/build/aiosmtpd" \
		>"$SHARES/aiosmtpd/start.out" 2>&1 3>&- &
	echo $! >"$SHARES/aiosmtpd/pid"
	for name in servers exim opensmtpd aiosmtpd; do
		within 30 test -f "$SHARES/$name/ports" ||
			{ cat "$SHARES/$name"/*.out "$SHARES/$name"/*.log; return 1; }
	done
}

teardown_file() {
	touch "$SHARES"/{servers,exim,opensmtpd,aiosmtpd}/stop 2>/dev/null || return 0
	for file in "$SHARES"/*/pid; do
		within 10 gone "$(cat "$file")" || kill -KILL "$(cat "$file")"
	done
}

setup() {
	need_world
	for file in "$SHARES"/*/ports; do
		. "$file"
	done
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
}

# use SERVER: sets what a delivery is about: the port's variable, by SHARE the server's files, and
# a message's id.
use() {
	server=$1
	new_id
	case $server in
	postfix_* | dovecot_*) SHARE=$SHARES/servers ;;
	*) SHARE=$SHARES/${server%%_*} ;;
	esac
}

# send OPTION-OR-RECIPIENT...: sends the file "message".
send() {
	run --separate-stderr "$PENNYPOST" -C config -v "$@" <message
	echo "$stderr"
	[[ $stderr != *"$PASSWORD"* ]]
}

# nth PATTERN: the number of the first line shown that matches.
nth() {
	grep -nm1 -E -- "$1" <<<"$stderr" | cut -d: -f1
}

# grouped CODE COMMAND...: AUTH and each COMMAND left before the answer CODE to AUTH was read.
grouped() {
	local answer
	answer=$(nth "^< $1")
	shift
	for command in AUTH "$@"; do
		[ "$(nth "^> $command")" -lt "$answer" ]
	done
}

# one_by_one CODE: MAIL left after the answer CODE to AUTH, or not at all.
one_by_one() {
	local mail
	mail=$(nth '^> MAIL')
	[ -z "$mail" ] || [ "$(nth "^< $1")" -lt "$mail" ]
}

# rides SERVER COMMAND...: a small message in a flight of AUTH and each COMMAND, to three recipients of
# whom one is refused; without a COMMAND, one by one.
rides() {
	use "$1"
	shift
	configure "$server" on
	compose 40
	send bob@example.test nobody@example.test carol@example.test
	[ "$status" -eq 67 ]
	[[ $stderr == *'<bob@example.test> sent'*'<nobody@example.test> refused: 5'*'<carol@example.test> sent'* ]]
	[ $# -eq 0 ] || grouped 235 "$@"
	[ $# -gt 0 ] || one_by_one 235
	arrived bob
	arrived carol
}

@test "Postfix, one flight with AUTH, one of three refused" {
	rides postfix_tls MAIL RCPT BDAT QUIT
	rides postfix_starttls MAIL RCPT BDAT QUIT
}
@test "Exim, one flight with AUTH, one of three refused" {
	rides exim_tls MAIL RCPT BDAT QUIT
	rides exim_starttls MAIL RCPT BDAT QUIT
}
@test "Dovecot, one flight with AUTH, one of three refused" {
	rides dovecot_tls MAIL RCPT BDAT QUIT
	rides dovecot_starttls MAIL RCPT BDAT QUIT
}
@test "OpenSMTPD, which groups nothing, one of three refused" {
	rides opensmtpd_tls
	rides opensmtpd_starttls
}
@test "aiosmtpd, as it comes and with PIPELINING, one of three refused" {
	rides aiosmtpd_tls
	rides aiosmtpd_starttls
	rides aiosmtpd_grouped MAIL RCPT DATA
}

# fails SERVER COMMAND...: AUTH fails in a flight with each COMMAND; without one, before MAIL.
fails() {
	use "$1"
	shift
	local refused=$id
	configure "$server" on
	compose 40
	echo wrong >password
	send bob@example.test carol@example.test
	[ "$status" -eq 77 ]
	[[ ${stderr##*pennypost: } == *535* ]]
	[ $# -eq 0 ] || grouped 535 "$@"
	[ $# -gt 0 ] || one_by_one 535
	new_id
	configure "$server" on
	compose 40
	send bob@example.test
	[ "$status" -eq 0 ]
	arrived bob
	id=$refused
	run ! find_mail bob
	run ! find_mail carol
}

@test "Postfix, AUTH fails in the flight: exit 77, nothing is delivered" {
	fails postfix_tls MAIL RCPT BDAT QUIT
	fails postfix_starttls MAIL RCPT BDAT QUIT
}
@test "Exim, AUTH fails in the flight: exit 77, nothing is delivered" {
	fails exim_tls MAIL RCPT BDAT QUIT
	fails exim_starttls MAIL RCPT BDAT QUIT
}
@test "Dovecot, AUTH fails in the flight: exit 77, nothing is delivered" {
	fails dovecot_tls MAIL RCPT BDAT QUIT
	fails dovecot_starttls MAIL RCPT BDAT QUIT
}
@test "OpenSMTPD, AUTH fails: exit 77, nothing is delivered" {
	fails opensmtpd_tls
	fails opensmtpd_starttls
}
@test "aiosmtpd, AUTH fails, also in the flight: exit 77, nothing is delivered" {
	fails aiosmtpd_tls
	fails aiosmtpd_starttls
	fails aiosmtpd_grouped MAIL RCPT DATA
}

# unchanged LINES WAY OPTION...: a message of LINES through $server; BDAT or DATA left as the WAY is:
# data, one (chunk) or many.
unchanged() {
	local lines=$1 way=$2 chunks
	shift 2
	new_id
	compose "$lines"
	send "$@" bob@example.test
	[ "$status" -eq 0 ]
	chunks=$(grep -c '^> BDAT' <<<"$stderr") || :
	case $way in
	data) [ "$chunks" -eq 0 ] && [[ $stderr == *'> DATA'* ]] ;;
	one) [ "$chunks" -eq 1 ] ;;
	many) [ "$chunks" -gt 1 ] ;;
	esac
	arrived bob
}

# every_way SERVER: the same message by DATA one by one, in one chunk that rides, and in many.
every_way() {
	use "$1"
	configure "$server" on
	unchanged 3000 data --flight=careful
	unchanged 3000 one --flight-size=1000000
	unchanged 3000 many --flight-size=1
	unchanged 1 one --flight-size=1
}

@test "Postfix, DATA, one chunk and many: the same message" { every_way postfix_tls; }
@test "Exim, DATA, one chunk and many: the same message" { every_way exim_tls; }
@test "Dovecot, DATA, one chunk and many: the same message" { every_way dovecot_tls; }
@test "OpenSMTPD and aiosmtpd, DATA, careful or not: the same message" {
	for server in opensmtpd_tls aiosmtpd_tls aiosmtpd_grouped; do
		use $server
		configure $server on
		unchanged 3000 data --flight=careful
		unchanged 3000 data --flight-size=1
		unchanged 3000 data --flight-size=1000000
	done
}

# utf8 SERVER: mail to an address that needs SMTPUTF8, which is named in the header, too.
utf8() {
	use "$1"
	configure "$server" on
	compose 40
	sed -i 's/^To: .*/To: bøb@example.test/' message
	send bøb@example.test
	[ "$status" -eq 0 ]
	[[ $stderr =~ '> MAIL FROM:<ann@example.test>'[^$'\n']*' SMTPUTF8' ]]
	arrived bøb
}

@test "SMTPUTF8 to Postfix, Exim and aiosmtpd" {
	utf8 postfix_tls
	utf8 exim_tls
	utf8 aiosmtpd_tls
}

@test "an address that needs SMTPUTF8, and a server without it: a clear refusal" {
	use opensmtpd_tls
	configure $server on
	compose 40
	send bøb@example.test
	[ "$status" -ne 0 ]
	[[ $stderr == *'SMTPUTF8'* ]]
	[[ $stderr != *'> MAIL'* ]]
}

# report: sets found to the report on our message in ann's box, if there is one.
report() {
	found=$(grep -lrFx "Original-Envelope-Id: $id" "$SHARE/mail/ann/new" 2>/dev/null)
}

@test "Postfix reports success as asked: envelope id, original recipient, header only" {
	use postfix_tls
	configure $server on
	compose 40
	send -N success,failure -R hdrs -V "$id" bob@example.test
	[ "$status" -eq 0 ]
	[[ $stderr == *"> MAIL FROM:<ann@example.test> "*" RET=HDRS"*" ENVID=$id"* ]]
	[[ $stderr == *'> RCPT TO:<bob@example.test> '*'NOTIFY=SUCCESS,FAILURE'* ]]
	arrived bob
	within 10 report
	grep -Fx 'Original-Recipient: rfc822;bob@example.test' "$found"
	grep -Fx 'Action: delivered' "$found"
	grep -F "Message-ID: <$id>" "$found"
	run ! grep -F 'From here it is no mbox' "$found"
}

@test "Postfix reports nothing when nothing is to be reported" {
	use postfix_tls
	configure $server on
	compose 40
	send -N never -V "$id" bob@example.test
	[ "$status" -eq 0 ]
	[[ $stderr == *'NOTIFY=NEVER'* ]]
	arrived bob
	run ! report
}

@test "Exim without DSN: one line of warning, and the mail goes" {
	use exim_tls
	configure $server on
	compose 40
	send -N success -V "$id" bob@example.test
	[ "$status" -eq 0 ]
	[[ $stderr != *NOTIFY=* && $stderr != *ENVID=* ]]
	[ "$(grep -c '^pennypost: ' <<<"$stderr")" -eq 1 ]
	arrived bob
}

# lmtp OPTION...: mail to three recipients, of whom one is refused, over LMTP.
lmtp() {
	use dovecot_lmtp
	compose
	: >config
	send --tls=off --syslog=off --from=ann@example.test "$@" bob@example.test nobody@example.test \
		carol@example.test
	[ "$status" -eq 67 ]
	[[ $stderr == *'> LHLO'* ]]
	[[ $stderr == *'<bob@example.test> sent'*'<nobody@example.test> refused: 5'*'<carol@example.test> sent'* ]]
	arrived bob
	arrived carol
}

@test "Dovecot, LMTP over TCP, one of three refused" {
	lmtp "--relay=lmtp://127.0.0.1:$dovecot_lmtp"
	lmtp "--relay=lmtp://127.0.0.1:$dovecot_lmtp" --flight=careful
}
@test "Dovecot, LMTP over a unix socket, one of three refused" {
	lmtp --protocol=lmtp "--socket=$SHARES/servers/lmtp"
}

# logs_in SERVER: LOGIN, whose challenges come before the flight.
logs_in() {
	use "$1"
	configure "$server" login
	compose 40
	send bob@example.test
	[ "$status" -eq 0 ]
	[[ $stderr == *'> AUTH LOGIN'*'< 235'*'> MAIL'* ]]
	arrived bob
}

@test "LOGIN to Exim, OpenSMTPD and aiosmtpd" {
	logs_in exim_tls
	logs_in opensmtpd_tls
	logs_in aiosmtpd_tls
}

# swallows SERVER: every recipient is refused and the chunk behind them swallowed: each command has
# its one answer, and nothing in the message has one.
swallows() {
	use "$1"
	configure "$server" on
	compose 3000
	send --flight-size=1000000 nobody@example.test noone@example.test
	[ "$status" -eq 67 ]
	grouped 235 MAIL RCPT BDAT QUIT
	[ "$(sed -n '/^> QUIT/,$p' <<<"$stderr" | grep -c '^< [0-9]* ')" -eq 6 ]
	[[ $stderr == *'< 221 '* ]]
}

@test "Postfix, Exim and Dovecot swallow a refused chunk, and the flight stays level" {
	swallows postfix_tls
	swallows exim_tls
	swallows dovecot_tls
}

# overflows SERVER OPTION...: four recipients for a server that takes three at once.
overflows() {
	use "$1"
	shift
	configure "$server" on
	compose 40
	send "$@" ann@example.test bob@example.test carol@example.test bøb@example.test
	[ "$status" -eq 0 ]
	[[ $stderr == *'< 452 '* ]]
	[ "$(grep -c '^> MAIL' <<<"$stderr")" -eq 2 ]
	for box in ann bob carol bøb; do
		arrived $box
	done
}

@test "Postfix and Exim, 452 for a fourth recipient, who gets it by another transaction" {
	overflows postfix_tls
	overflows exim_tls
	overflows postfix_tls --flight=careful
	overflows exim_tls --flight-size=1
}

# found COUNT BOX: so many messages, at least, with our id have come to BOX.
found() {
	find_mail "$2"
	[ "$(wc -l <<<"$found")" -ge "$1" ]
}

# session SERVER OPTION...: more messages than any server takes of commands that bring it none, over
# one connection, RSET behind each but the last; and not one in doubt.
session() {
	local copies=() count=25
	use "$1"
	shift
	configure "$server" on
	compose 40
	for _ in {1..25}; do
		copies+=(message)
	done
	run --separate-stderr "$PENNYPOST" -C config -v "$@" --to bob@example.test --batch "${copies[@]}"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^> RSET' <<<"$stderr")" -eq 24 ]
	[ "$(grep -c '^> QUIT' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c '^< 250' <<<"$stderr")" -ge 100 ]
	# Exim delivers no more than ten of a connection at once.
	[ "$server" != exim_tls ] || count=10
	within 20 found $count bob
}

@test "Postfix, 25 messages over one connection" {
	session postfix_tls
	session postfix_tls --flight-size=1
	session postfix_tls --flight=careful
}
@test "Exim, 25 messages over one connection" {
	session exim_tls
	session exim_tls --flight=careful
}
@test "Dovecot, 25 messages over one connection" {
	session dovecot_tls
	session dovecot_tls --flight-size=1
}
@test "OpenSMTPD, 25 messages over one connection" { session opensmtpd_tls; }
@test "aiosmtpd, 25 messages over one connection" {
	session aiosmtpd_tls
	session aiosmtpd_grouped
}

# find_report: sets found to the report on our message in ann's box, if there is one.
find_report() {
	found=$(grep -lrF "In-Reply-To: <$id>" "$SHARE/mail/ann/new" 2>/dev/null)
}

@test "Postfix, a report on the one of two whom it refused" {
	use postfix_tls
	configure "$server" on
	sed -i "s:^queue off:queue_dir $PWD/queue\ndelivery queue\nrunner off:" config
	compose 40
	"$PENNYPOST" -C config bob@example.test nobody@example.test <message
	"$PENNYPOST" -C config -q || :
	"$PENNYPOST" -C config -q || :
	arrived bob
	within 10 find_report
	"$ROOT/tests/lib/read-report" "$found" >facts
	grep -qx 'Return-Path: <>' facts
	grep -qx 'To: ann@example.test' facts
	grep -qx 'status 1: Final-Recipient: rfc822; nobody@example.test' facts
	grep -qx 'status 1: Status: 5.1.1' facts
	grep -qx 'part: message/rfc822 8bit' facts
	grep -qx 'quote: Grüße, ✓' facts
}
