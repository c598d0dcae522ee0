#!/usr/bin/env bats
# Local names: aliases in the envelope and in the header.

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

@test "cron's mail to root reaches whom the alias names, in envelope and header" {
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
	grep -qx $'To: admin@example.net, ops@example.net\r' relay/1.message
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
	[ "$(field To -t)" = 'To: Root <joe@example.net>, joe@example.net (R), root@example.org' ]
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
	[ "$(field cc -t)" = 'cc: us: a@x.example, b@x.example, Joe <joe@example.org>;' ]
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

@test "a large alias is not spread out in a header" {
	printf 'all: %s\n' "$(printf 'u%d@example.net, ' {1..11})" | aliases
	printf '%s\n' 'To: all' '' x >message
	[ "$(field To all)" = 'To: all@example.org' ]
	[ "$(./pennypost --dry-run all <message | grep -c '^recipient: ')" -eq 11 ]
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
		run -67 --separate-stderr ./sendmail joe@example.net "$name" <message
		[[ $stderr == *"mail for \"$name\" goes nowhere: all that its alias names is refused"* ]]
	done
	[ ! -e ran ]
	[ ! -s trash ]
	[ ! -e relay/2.message ]
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
	run -78 --separate-stderr ./pennypost us <message
	[[ $stderr == *"$PWD/aliases:1: $PWD/lists/us can be written by everybody"* ]]
	rm lists/us
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
