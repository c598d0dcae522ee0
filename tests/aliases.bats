#!/usr/bin/env bats
# Local names: aliases in the envelope and in the header, newaliases, -bv.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost
	for name in sendmail newaliases pennypost; do
		ln -s "$PENNYPOST" "$name"
	done
	configure
	printf '%s\n' 'From: root (Cron Daemon)' 'To: root' 'Subject: hi' '' hello >message
}

teardown() {
	relay_stop
}

# configure LINE...: an account, and what else it has.
configure() {
	printf '%s\n' 'account default' "host 127.0.0.1" "port ${relay_port:-1}" \
		'domain example.org' 'from default@example.org' "logfile $PWD/log" 'syslog off' \
		'queue off' "aliases $PWD/aliases" "$@" >config/pennypost/config
}

# aliases: the file, from standard input.
aliases() {
	cat >aliases
	chmod 644 aliases
}

# goes_to RECIPIENT... -- ARGUMENT...: mail is for these recipients.
goes_to() {
	local wanted=()
	while [ "$1" != -- ]; do
		wanted+=("recipient: <$1>")
		shift
	done
	shift
	diff <(printf '%s\n' "${wanted[@]}") <(./pennypost --dry-run "$@" <message | grep '^recipient: ')
}

# field NAME ARGUMENT...: the field of the message as it would leave.
field() {
	local name=$1
	shift
	./pennypost --dry-run "$@" <message | tr -d '\r' |
		sed -n "/^size: /,\$ { /^$name:/,/^[^ \t]*:/p }" |
		awk -v name="$name" '/^[^ \t]/ { on = index($0, name ":") == 1 } on'
}

# says LINE: standard error has it.
says() {
	printf '%s\n' "$stderr"
	grep -qxF -- "$1" <<<"$stderr"
}

@test "cron's mail to root reaches whom the alias names" {
	relay_start relay --plain
	configure
	aliases <<-'END'
		postmaster: root
		root:	admin, ops
		admin: "Admin" <admin@example.net>
		ops: ops@example.net
	END
	run -0 --separate-stderr ./sendmail -i -FCronDaemon -B8BITMIME -oem root <message
	[ -z "$output$stderr" ]
	diff <(sed -n 's/^to: //p' relay/1.envelope) - <<<$'<admin@example.net>\n<ops@example.net>'
	grep -qx $'To: root@example.org\r' relay/1.message
	grep -qx $'From: root@example.org (Cron Daemon)\r' relay/1.message
}

@test "names of this host are local, in envelope and header, and no other is" {
	aliases <<<'root: joe@example.net'
	local host short
	host=$(hostname)
	short=${host%%.*}
	goes_to joe@example.net -- root@localhost "root@$host" "Root <ROOT@$short>"
	goes_to root@example.org root@host.example -- root@example.org root@host.example
	goes_to nobody@localhost nobody@example.org -- nobody@localhost nobody
	printf '%s\n' "To: Root <root@$host>, root@localhost (R), root@example.org" '' x >message
	[ "$(field To -t)" = 'To: Root <joe@example.net>, root@example.org' ]
}

@test "local_domains adds to them" {
	configure 'local_domains mail.example.org, *.example.net'
	aliases <<<'root: joe@example.com'
	goes_to joe@example.com -- root@mail.example.org root@A.example.NET root@localhost
	goes_to root@example.net -- root@example.net
	configure 'local_domains a@b'
	run -78 --separate-stderr ./pennypost x <message
	[[ $stderr == *'local_domains: "a@b" is not a domain or a pattern'* ]]
}

@test "-n applies no aliases, and names are completed all the same" {
	aliases <<<'root: joe@example.net'
	goes_to root@example.org -- -n root
	[ "$(field To -n root)" = 'To: root@example.org' ]
	goes_to root@example.org -- '\root'
}

@test "names in the header become addresses that mean something elsewhere" {
	aliases <<-'END'
		root: joe@example.net
		list: a@x.example, b@x.example
	END
	printf '%s\n' 'From: =?UTF-8?Q?R=C3=B6t?= <root>' 'Sender: root' 'Reply-To: Root <root>' \
		'To: "Root, the" <root>, ann@example.com,' ' nobody (who?)' 'cc: us: list, Joe <joe>;' \
		'Resent-To: root' 'X-To: root' '' x >message
	[ "$(field From -t)" = 'From: =?UTF-8?Q?R=C3=B6t?= <root@example.org>' ]
	[ "$(field Sender -t)" = 'Sender: root@example.org' ]
	[ "$(field Reply-To -t)" = 'Reply-To: Root <joe@example.net>' ]
	[ "$(field To -t)" = $'To: "Root, the" <joe@example.net>, ann@example.com,\n nobody@example.org (who?)' ]
	[ "$(field cc -t)" = 'cc: us: list@example.org, Joe <joe@example.org>;' ]
	[ "$(field Resent-To -t)" = 'Resent-To: joe@example.net' ]
	[ "$(field X-To -t)" = 'X-To: root' ]
}

@test "a header is left alone when it is signed or shall be" {
	aliases <<<'root: joe@example.net'
	printf '%s\n' 'DKIM-Signature: v=1' 'To: root' '' x >message
	[ "$(field To root)" = 'To: root' ]
	goes_to joe@example.net -- root
	printf '%s\n' 'To: root' '' x >message
	configure 'rewrite_headers off'
	[ "$(field To root)" = 'To: root' ]
	goes_to joe@example.net -- root
}

@test "bare names in a header are completed without any aliases" {
	sed -i '/^aliases/d' config/pennypost/config
	[ "$(field To x@y.example)" = 'To: root@example.org' ]
	printf '%s\n' 'To: root@localhost' '' x >message
	[ "$(field To x@y.example)" = 'To: root@localhost' ]
}

@test "an alias of several is not spread out in a header" {
	printf 'all: %s\n' "$(printf 'u%d@example.net, ' {1..2})" | aliases
	printf '%s\n' 'To: all' '' x >message
	[ "$(field To all)" = 'To: all@example.org' ]
	[ "$(./pennypost --dry-run all <message | grep -c '^recipient: ')" -eq 2 ]
}

@test "commands and files are refused with a warning, and nothing is lost" {
	relay_start relay --plain
	configure
	aliases <<-END
		root: joe@example.net, "|touch $PWD/ran"
		decode: "|touch $PWD/ran"
		null: /dev/null
		trash: $PWD/trash
	END
	touch trash
	run -0 --separate-stderr ./sendmail root <message
	says "sendmail: $PWD/aliases:1: refused, because mail runs no commands: \"|touch $PWD/ran\""
	grep -q 'aliases:1: refused' log
	grep -qx 'to: <joe@example.net>' relay/1.envelope
	for name in decode null trash; do
		run -67 --separate-stderr ./sendmail "$name" <message
		[[ $stderr == *"mail for \"$name\" goes nowhere: all that its alias names is refused"* ]]
	done
	[ ! -e ran ]
	[ ! -s trash ]
	[ ! -e relay/2.message ]
}

@test "one who is refused by his alias stops nobody else" {
	relay_start relay --plain
	configure
	aliases <<<'null: /dev/null'
	local why="$PWD/aliases:1: mail for \"null\" goes nowhere: all that its alias names is refused"
	run -67 --separate-stderr ./sendmail joe@example.net null <message
	says 'sendmail: <joe@example.net> sent'
	says "sendmail: <null@example.org> refused: $why"
	grep -qx 'to: <joe@example.net>' relay/1.envelope
	[ "$(grep -c '^to:' relay/1.envelope)" -eq 1 ]
	grep -q "to=<null@example.org> .*status=refused: $why" log

	run -67 --separate-stderr ./pennypost --batch --to null --to ann@example.net message
	says "pennypost: message: message 1: <ann@example.net> sent; <null@example.org> refused: $why"
	grep -qx 'to: <ann@example.net>' relay/2.envelope

	run -67 --separate-stderr ./pennypost --json joe@example.net null <message
	[[ $output == *'"outcome":"partly","exit_code":67,'* ]]
	[[ $output == *'{"address":"null@example.org","status":"refused",'* ]]
	run -67 --separate-stderr ./pennypost --dry-run joe@example.net null <message
	[[ $output == *'recipient: <joe@example.net>'* ]]
	says "pennypost: <null@example.org> refused: $why"
}

@test "the queue takes the others when one is refused by his alias" {
	configure 'queue on' "queue_dir $PWD/queue" 'runner off' 'delivery queue'
	sed -i '/^queue off/d' config/pennypost/config
	aliases <<<'null: /dev/null'
	run -67 --separate-stderr ./sendmail joe@example.net null <message
	[[ $stderr == *'sendmail: <joe@example.net> queued as '* ]]
	[[ $stderr == *'sendmail: <null@example.org> refused: '* ]]
	grep -q 'to=<null@example.org> relay=- .*status=refused' log
	run -0 ./pennypost --list-queue --json
	[[ $output == *joe@example.net* && $output != *null@* ]]
	run -67 --separate-stderr ./pennypost --json joe@example.net null <message
	[[ $output == *'"attempt":0,'*'{"address":"joe@example.net","status":"queued"'* ]]
	[[ $output == *'{"address":"null@example.org","status":"refused"'* ]]
}

@test "a line that is none stops only the mail of the name it is for" {
	relay_start relay --plain
	configure
	aliases <<-'END'
		root joe@example.net
		postmaster: root
		ann: ann@example.net
	END
	local bad="$PWD/aliases:1: \"name: address\" is expected"
	run -0 --separate-stderr ./sendmail ann <message
	[ "$stderr" = "sendmail: $bad, and the line is passed over" ]
	grep -qx 'to: <ann@example.net>' relay/1.envelope
	grep -qF "$bad, and the line is passed over" log
	run -67 --separate-stderr ./sendmail ann postmaster <message
	says 'sendmail: <ann@example.net> sent'
	says "sendmail: <postmaster@example.org> refused: $bad"
	run -78 --separate-stderr ./sendmail root <message
	says "sendmail: $bad"
	[ ! -e relay/3.envelope ]
	run -0 --separate-stderr ./pennypost --batch --to ann message message
	[ "$(grep -cF "$bad" <<<"$stderr")" -eq 1 ]
	run -78 --separate-stderr ./newaliases
	says "newaliases: $bad"
	run -78 --separate-stderr ./pennypost --doctor
	[[ $output == *"$bad"* ]]
	run -78 --separate-stderr ./pennypost -bv ann root
	[[ $output == *'recipient: <ann@example.net>'* ]]
	[ "$(grep -cxF "pennypost: $bad" <<<"$stderr")" -eq 1 ]
}

@test "a client of -bs is told of one who is refused, and the sender of his alias" {
	relay_start relay --plain
	configure 'queue on' "queue_dir $PWD/queue" 'runner off'
	sed -i '/^queue off/d' config/pennypost/config
	printf '%s\n' 'null: /dev/null' 'root joe@example.net' | aliases
	run -0 --separate-stderr ./sendmail -bs <<-'END'
		HELO x
		MAIL FROM:<a@example.org>
		RCPT TO:<ann@example.net>
		RCPT TO:<null@localhost>
		DATA
		Subject: x

		.
		MAIL FROM:<a@example.org>
		RCPT TO:<root@localhost>
		DATA

		.
		QUIT
	END
	printf '%s\n' "$output"
	[ "$(sed -n 's/^to: //p' relay/1.envelope)" = '<ann@example.net>' ]
	[ ! -e relay/2.envelope ]
	[[ $output == *'354 '*'250 2.0.0 '*'354 '*'451 '*'"name: address" is expected'* ]]
	grep -qF 'and the line is passed over' log
	run -0 ./pennypost -q
	grep -q '^to: <a@example.org>' relay/2.envelope
	tr -d '\r' <relay/2.message >report
	grep -qx 'Final-Recipient: rfc822; null@localhost' report
	grep -qx 'Status: 5.1.1' report
	grep -qF 'mail for "null' report
}

@test "lists are included only where the account says so" {
	mkdir lists
	printf '%s\n' '# us' 'ann@example.net, Joe <joe@example.net>' '' '|/bin/x' >lists/us
	chmod 644 lists/us
	aliases <<<"us: eve@example.net, :include:$PWD/lists/us"
	goes_to eve@example.net -- us
	run -0 --separate-stderr ./pennypost --dry-run us <message
	says "pennypost: $PWD/aliases:1: refused, as \"aliases_include on\" is not said: :include:$PWD/lists/us"
	configure 'aliases_include on'
	goes_to eve@example.net ann@example.net joe@example.net -- us
	[ "$(field To us)" = 'To: root@example.org' ]
	chmod 666 lists/us
	run -67 --separate-stderr ./pennypost --dry-run us <message
	[[ $output == *'recipient: <eve@example.net>'* ]]
	[[ $stderr == *"<us@example.org> refused: $PWD/aliases:1: $PWD/lists/us can be written by everybody"* ]]
	rm lists/us
	aliases <<<"us: :include:$PWD/lists/us"
	run -78 --separate-stderr ./pennypost us <message
	[[ $stderr == *"$PWD/aliases:1: cannot open $PWD/lists/us"* ]]
	goes_to x@example.net -- x@example.net
}

@test "~/.forward is not read" {
	aliases <<<'a: b@example.net'
	echo joe@example.net >.forward
	goes_to "$(id -un)@example.org" -- "$(id -un)"
}

@test "a client of -bs gets what its recipients' aliases make of them" {
	relay_start relay --plain
	configure
	aliases <<-'END'
		root: joe@example.net, |x
		null: /dev/null
	END
	run -0 --separate-stderr ./sendmail -bs <<-'END'
		HELO x
		MAIL FROM:<a@example.org>
		RCPT TO:<root@localhost>
		DATA
		To: root

		.
		MAIL FROM:<a@example.org>
		RCPT TO:<null@localhost>
		DATA

		.
		QUIT
	END
	printf '%s\n' "$output"
	grep -qx 'to: <joe@example.net>' relay/1.envelope
	grep -qx $'To: joe@example.net\r' relay/1.message
	[[ $output == *'550 '*'goes nowhere'* ]]
	grep -q 'refused, because mail runs no commands' log
}

@test "each message of a batch has its warning" {
	aliases <<<'root: joe@example.net, |x'
	cp message other
	run -0 --separate-stderr ./pennypost --batch --dry-run --to root message other
	says "pennypost: message: message 1: $PWD/aliases:1: refused, because mail runs no commands: |x"
	says "pennypost: other: message 1: $PWD/aliases:1: refused, because mail runs no commands: |x"
}

@test "newaliases says that a file is fine, under all its names" {
	aliases <<-'END'
		# nobody of note
		postmaster: root
		root: joe@example.net,
		  ann@example.net
	END
	for call in ./newaliases './sendmail -bi' './sendmail -I' './pennypost -bi -v'; do
		run -0 --separate-stderr $call </dev/null
		[ -z "$stderr" ]
		[ "$output" = "$PWD/aliases: 2 aliases, longest 32 bytes, 36 bytes total" ]
	done
}

@test "newaliases tells all that is wrong, each with its line" {
	aliases <<-'END'
		root joe
		a: b@c@d
		pipe: |x, j@example.net
		l1: l2
		l2: l1
		A: x@y
		e:
		ok: :include:/nowhere
	END
	run -78 --separate-stderr ./newaliases
	[ -z "$output" ]
	diff <(sort <<<"$stderr") - <<-END
		newaliases: $PWD/aliases:1: "name: address" is expected
		newaliases: $PWD/aliases:2: address "b@c@d": it has more than one @
		newaliases: $PWD/aliases:3: refused, because mail runs no commands: |x
		newaliases: $PWD/aliases:4: the alias leads back to itself: l1, l2, l1
		newaliases: $PWD/aliases:6: the name has an entry already
		newaliases: $PWD/aliases:7: there is no address behind the colon
		newaliases: $PWD/aliases:8: refused, as "aliases_include on" is not said: :include:/nowhere
	END
	printf '%s\n' 'x: |y' 'z: /file' | aliases
	run -0 --separate-stderr ./newaliases
	[ "$(wc -l <<<"$stderr")" -eq 2 ]
	rm aliases
	run -78 --separate-stderr ./newaliases
	says "newaliases: cannot open $PWD/aliases: No such file or directory"
}

@test "newaliases checks the file of every account, once" {
	echo 'a: b@example.net' | tee one >two
	chmod 644 one two
	printf '%s\n' 'account a' "aliases $PWD/one" 'account b : a' 'account c' "aliases $PWD/two" \
		>config/pennypost/config
	run -0 --separate-stderr ./newaliases
	[ "$output" = "$PWD/one: 1 alias, longest 13 bytes, 13 bytes total
$PWD/two: 1 alias, longest 13 bytes, 13 bytes total" ]
	echo x >>two
	run -78 --separate-stderr ./newaliases
	says "newaliases: $PWD/two:2: \"name: address\" is expected"
	run -0 ./pennypost -a a -bi
}

@test "newaliases without configuration looks at /etc/aliases, and minds none" {
	need_world
	rm config/pennypost/config newaliases
	cp "$PENNYPOST" newaliases
	run -0 --separate-stderr "$ROOT/tests/lib/world" "$PWD" -- bash -c '
		cd "$HOME"
		rm -f /etc/aliases
		./newaliases
		echo "root: joe@example.net" >/etc/aliases
		chmod 644 /etc/aliases
		./newaliases
		echo x >>/etc/aliases
		./newaliases || echo "exit status $?"'
	printf '%s\n' "$output" "$stderr"
	[ "$output" = 'no account has aliases, and there is no /etc/aliases
/etc/aliases: 1 alias, longest 15 bytes, 15 bytes total (not in use: no account names it)
exit status 78' ]
	says 'newaliases: /etc/aliases:2: "name: address" is expected'
}

@test "-bv shows the way of each address, and sends nothing" {
	relay_start relay --plain
	configure 'account other' 'relay smtp://relay.example.net' 'tls off' \
		'domain example.org' 'from joe@example.net'
	aliases <<-'END'
		# who
		root: ann, joe@example.net
		ann: Ann <ann@example.net>
	END
	run -0 --separate-stderr ./sendmail -bv root@localhost x@example.net </dev/null
	printf '%s\n' "$output"
	[ -z "$stderr" ]
	diff - <(echo "$output") <<-END
		address: root@localhost
		alias: root: ann, joe@example.net ($PWD/aliases:2)
		alias: ann: Ann <ann@example.net> ($PWD/aliases:3)
		recipient: <ann@example.net>
		recipient: <joe@example.net>
		relay: 127.0.0.1:$relay_port, without TLS
		login: none
		account: default, $PWD/config/pennypost/config:1

		address: x@example.net
		recipient: <x@example.net>
		relay: 127.0.0.1:$relay_port, without TLS
		login: none
		account: default, $PWD/config/pennypost/config:1
	END
	run -0 --separate-stderr ./pennypost -bv -n -f joe@example.net 'Root <root>' </dev/null
	[[ $output == *'recipient: <root@example.org>'* ]]
	[[ $output == *'relay: smtp://relay.example.net:25, '* || $output == *'relay: relay.example.net:25, '* ]]
	[[ $output == *"account: other, $PWD/config/pennypost/config:10" ]]
	[ -z "$(ls relay | grep message || :)" ]
}

@test "a file that is missing has no aliases, and stops no mail" {
	configure 'aliases ~/gone'
	run -0 --separate-stderr "$PENNYPOST" --dry-run root ann@example.net <<<$'Subject: x\n\nx'
	[[ $output == *'recipient: <ann@example.net>'* ]]
	[[ $stderr == *"there is no aliases file $HOME/gone, so no alias applies" ]]
	mkdir gone
	run -78 "$PENNYPOST" --dry-run ann@example.net <<<$'Subject: x\n\nx'
}

@test "-bv says which address leads to nobody" {
	aliases <<-'END'
		null: /dev/null
		l1: l2
		l2: l1
	END
	run -67 --separate-stderr ./sendmail -bv null x@example.net
	[[ $output == *'address: null'*'recipient: <x@example.net>'* ]]
	says "sendmail: $PWD/aliases:1: mail for \"null\" goes nowhere: all that its alias names is refused"
	run -78 --separate-stderr ./sendmail -bv l1
	says "sendmail: $PWD/aliases:2: the alias leads back to itself: l1, l2, l1"
	run -64 --separate-stderr ./sendmail -bv 'a@b@c'
	run -64 --separate-stderr ./sendmail -bv </dev/null
	run -64 --separate-stderr ./pennypost -bv -t x@example.net </dev/null
}
