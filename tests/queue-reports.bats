#!/usr/bin/env bats
# What senders are told of queued messages that failed: reports at a relay, read by Python's email
# package (tests/lib/read-report).

load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	compose 'the body'
}

teardown() {
	relay_stop
}

# begin OPTION...: a relay that refuses bob, defers carol and takes 8-bit mail, and the file "config"
# for it; words of the configuration may be added to it.
begin() {
	relay_start relay --plain --refuse bob@example.net --defer carol@example.net "$@"
	cat >config <<-END
		defaults
		tls off
		syslog off
		logfile $PWD/log
		queue_dir $PWD/queue
		delivery queue
		runner off
		domain host.example
		account work
		host 127.0.0.1
		port $relay_port
	END
}

# compose LINE...: the file "message".
compose() {
	{
		printf '%s\n' 'From: ann@example.org' 'To: bob@example.net' \
			'Message-ID: <1@example.org>' 'Date: Mon, 23 Nov 2026 12:00:00 +0000' \
			'Subject: =?UTF-8?Q?gr=C3=BC=C3=9Fe?=' 'MIME-Version: 1.0' \
			'Content-Type: text/plain; charset=utf-8' 'Content-Transfer-Encoding: 8bit' ''
		printf '%s\n' "$@"
	} >message
}

# queue OPTION-OR-RECIPIENT...: queues the file "message", from ann unless it says otherwise.
queue() {
	local sender=(-f ann@example.org)
	[[ " $* " != *' -f '* ]] || sender=()
	"$PENNYPOST" -C config "${sender[@]}" "$@" <message
}

# flush: a pass over the queue, and another for the reports that it made.
flush() {
	"$PENNYPOST" -C config -q || :
	"$PENNYPOST" -C config -q || :
}

# reports: how many have arrived.
reports() {
	grep -l '^from: <>$' relay/*.envelope 2>/dev/null | wc -l
}

# left STATE: how many entries of the queue are called ID.STATE.
left() {
	find queue -name "*.$1" | wc -l
}

# read_report: what is in the one report that arrived, into "facts".
read_report() {
	local envelope
	envelope=$(grep -l '^from: <>$' relay/*.envelope)
	"$ROOT/tests/lib/read-report" "${envelope%.envelope}.message" >facts || { cat facts; return 1; }
	grep '^to: ' "$envelope"
}

# says LINE...: each is a line of "facts".
says() {
	local line
	for line; do
		grep -qxF -- "$line" facts || { echo "missing: $line"; cat facts; return 1; }
	done
}

# silent PATTERN: no line of "facts" matches.
silent() {
	! grep -E -- "$1" facts
}

@test "one of two recipients refused: the sender is told, the other has it" {
	begin
	queue -V QQ1 bob@example.net dave@example.net
	flush
	grep -qx 'to: <dave@example.net>' relay/1.envelope
	[ "$(reports)" -eq 1 ]
	[ "$(read_report)" = 'to: <ann@example.org>' ]
	says 'To: ann@example.org' 'Subject: Undelivered mail: grüße' \
		'Auto-Submitted: auto-replied' 'In-Reply-To: <1@example.org>' \
		'References: <1@example.org>' \
		'part: text/plain 8bit' 'part: message/delivery-status 7bit' \
		'part: message/rfc822 7bit' \
		'status 0: Original-Envelope-Id: QQ1' \
		'status 1: Final-Recipient: rfc822; bob@example.net' 'status 1: Action: failed' \
		'status 1: Status: 5.1.1' 'status 1: Remote-MTA: dns; 127.0.0.1' \
		'status 1: Diagnostic-Code: smtp; 550 5.1.1 no such user here' \
		'words:     Subject:    grüße' 'words:     bob@example.net' \
		'words:         The relay 127.0.0.1 said: 550 5.1.1 no such user here' \
		'quote: the body'
	grep -q '^status 1: Last-Attempt-Date: ' facts
	silent '^status 2|dave'
	grep -q '^From: Mail delivery on .*<MAILER-DAEMON@host.example>$' facts ||
		grep -q '^From: "Mail delivery on .*" <MAILER-DAEMON@host.example>$' facts
	[ "$(left msg)" -eq 0 ]
	flush
	[ "$(reports)" -eq 1 ]
}

@test "what root has sent comes back to whom the alias of root names" {
	begin
	printf '%s\n' 'root: admin@example.com' >aliases
	chmod 600 aliases
	echo "aliases $PWD/aliases" >>config
	queue -f root bob@example.net
	queue -f root@host.example bob@example.net
	flush
	diff <(sed -n 's/^to: //p' $(grep -l '^from: <>$' relay/*.envelope) | sort) - <<-'END'
		<admin@example.com>
		<root@host.example>
	END
	[ "$(left msg)" -eq 0 ]
}

@test "a relay without 8BITMIME gets the report in seven bits" {
	begin --no-8bitmime
	compose 'Grüße'
	queue bob@example.net
	flush
	read_report
	says 'Content-Transfer-Encoding: 7bit' 'part: text/plain quoted-printable' \
		'part: message/rfc822 7bit' 'quote: Gr=C3=BC=C3=9Fe' 'words:     Subject:    grüße'
}

@test "a relay with 8BITMIME gets it as it is" {
	begin
	compose 'Grüße'
	queue bob@example.net
	flush
	read_report
	says 'Content-Transfer-Encoding: 8bit' 'part: message/rfc822 8bit' 'quote: Grüße'
}

@test "RET says how much comes back" {
	begin
	queue -R hdrs bob@example.net
	flush
	read_report
	says 'part: text/rfc822-headers 7bit' 'quote: Message-ID: <1@example.org>'
	silent '^quote: the body'
}

@test "a large message comes back as its header, unless asked for" {
	begin
	compose $(seq -f line%g 10000)
	queue bob@example.net
	flush
	read_report
	says 'part: text/rfc822-headers 7bit'
	rm relay/*.envelope
	queue -R full bob@example.net
	flush
	read_report
	says 'part: message/rfc822 7bit' 'quote: line10000'
}

@test "NOTIFY says whether there is a report of a failure" {
	local wish
	for wish in never success delay success,delay; do
		relay_stop
		rm -rf queue relay log
		begin
		queue -N "$wish" bob@example.net
		flush
		[ "$(reports)" -eq 0 ]
		[ "$(left msg)" -eq 0 ]
	done
	queue -N failure,success bob@example.net
	flush
	[ "$(reports)" -eq 1 ]
}

@test "a message from the null path is never answered, and stays for a person" {
	begin
	queue -f '<>' bob@example.net
	flush
	[ "$(reports)" -eq 0 ]
	[ "$(left dead)" -eq 1 ]
	[ "$(left msg)" -eq 0 ]
	grep -q 'from=<> status=dead' log
	flush
	[ "$(left dead)" -eq 1 ]
}

@test "a report that is refused stays for a person, and goes round no more" {
	begin --refuse ann@example.org
	queue bob@example.net
	flush
	flush
	[ "$(reports)" -eq 0 ]
	[ "$(left dead)" -eq 1 ]
	[ "$(left msg)" -eq 0 ]
	"$PENNYPOST" -C config -bp | grep -q ann@example.org
}

@test "beyond the limit one report lists the rest" {
	begin
	echo 'report_limit 2' >>config
	local i
	for i in 1 2 3 4 5; do
		sed "s/<1@/<$i@/" message >other
		"$PENNYPOST" -C config -f ann@example.org bob@example.net <other
	done
	flush
	[ "$(reports)" -eq 2 ]
	[ "$(left msg)" -eq 0 ]
	local digest
	digest=$(grep -l '^Subject: Undelivered mail: 4 messages' relay/*.message)
	"$ROOT/tests/lib/read-report" "$digest" >facts
	says 'status 4: Final-Recipient: rfc822; bob@example.net' \
		'status 4: X-Original-Message-ID: <5@example.org>' \
		'words:     Message-ID: <5@example.org>'
	silent '^status 5'
	queue bob@example.net
	flush
	[ "$(reports)" -eq 2 ]
	[ "$(left msg)" -eq 1 ]
	rm queue/relays # which counts them: an hour is over
	flush
	[ "$(reports)" -eq 3 ]
	[ "$(left msg)" -eq 0 ]
}

@test "a delay is told once, when asked for" {
	begin
	echo 'delay_notice 1s' >>config
	queue -N delay carol@example.net
	sleep 1.2
	flush
	[ "$(reports)" -eq 1 ]
	read_report
	says 'Subject: Delayed mail: grüße' 'status 1: Action: delayed' \
		'status 1: Diagnostic-Code: smtp; 451 4.2.1 try again later' \
		'part: text/rfc822-headers 7bit'
	grep -q '^status 1: Will-Retry-Until: ' facts
	flush
	[ "$(reports)" -eq 1 ]
	[ "$(left msg)" -eq 1 ]
}

@test "what is not asked for is no delay to be told" {
	begin
	echo 'delay_notice 1s' >>config
	queue carol@example.net
	sleep 1.2
	flush
	[ "$(reports)" -eq 0 ]
}

@test "a message whose time is over comes back" {
	begin
	echo 'queue_lifetime 1s' >>config
	queue carol@example.net
	sleep 2.2
	flush
	[ "$(reports)" -eq 1 ]
	read_report
	says 'status 1: Status: 4.4.7'
	[ "$(left msg)" -eq 0 ]
}

@test "the command is told with the message on its standard input" {
	begin
	printf '#!/bin/sh\n{ echo "$1 $PENNYPOST_ID ${SECRET-clean}"; cat; } >>%s\n' "$PWD/told" >hook
	chmod +x hook
	echo "failure_command $PWD/hook word" >>config
	SECRET=s queue bob@example.net dave@example.net
	SECRET=s flush
	[[ $(head -n 1 told) =~ ^word\ [a-z0-9]+\ clean$ ]]
	tail -n +2 told | cmp - message
	[ "$(reports)" -eq 1 ]
}

@test "a command that fails is logged, and stops nothing" {
	begin
	echo "failure_command $PWD/nowhere" >>config
	queue bob@example.net
	flush
	[ "$(reports)" -eq 1 ]
	grep -q 'failure_command: .*exit status 127' log
}

@test "an account's own address is in the From of its reports" {
	begin
	echo 'from me@example.org' >>config
	echo 'allow_from_override on' >>config
	queue bob@example.net
	flush
	read_report
	grep -q '^From: .*<me@example.org>$' facts
}

@test "what a message says forges nothing" {
	begin
	compose '--=_' '' 'Final-Recipient: rfc822; eve@example.org'
	queue bob@example.net
	flush
	read_report
	silent '^status 2|^status .*eve'
}

@test "a recipient beyond ASCII is of the type utf-8, in ASCII" {
	begin
	queue 'jürgen@example.net'
	flush
	read_report
	says 'status 1: Final-Recipient: utf-8; j\x{FC}rgen@example.net' 'status 1: Action: failed' \
		'words:     jürgen@example.net' 'part: message/delivery-status 7bit'
}
