#!/usr/bin/env bats
# The name rmail: mail that came by UUCP.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD
	unset XDG_CONFIG_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	ln -s "$PENNYPOST" rmail
	relay_start relay --plain
	mkdir -p .config/pennypost
	printf '%s\n' 'host 127.0.0.1' "port $relay_port" 'domain here.example' 'from own@example.org' \
		'syslog off' 'queue off' >.config/pennypost/config
}

teardown() {
	relay_stop
}

# sent SENDER RECIPIENT...: that was the envelope, and the message has no line of UUCP.
sent() {
	count=$((${count-0} + 1))
	diff <(printf 'from: <%s>\n' "$1"; shift; printf 'to: <%s>\n' "$@") \
		<(grep -E '^(from|to): ' "relay/$count.envelope")
	run ! grep -q 'remote from' "relay/$count.message"
	grep -qx $'Subject: hi\r' "relay/$count.message"
	grep -qx $'behind the dot\r' "relay/$count.message"
}

mail='Subject: hi

hello
.
behind the dot'

@test "the lines above the message make its reverse-path" {
	printf '%s\n' 'From joe Mon Jan  1 00:00:00 2024 remote from a.example' "$mail" |
		./rmail ann@example.org bob
	sent joe@a.example ann@example.org bob@here.example
	printf '%s\n' 'From joe Mon Jan  1 00:00:00 2024 remote from a' \
		'>From ann Mon Jan  1 00:00:00 2024 remote from b' "$mail" | ./rmail c!dan
	sent 'a!b!ann@here.example' 'c!dan@here.example'
	printf '%s\n' 'From joe@x.example Mon Jan  1 00:00:00 2024' "$mail" >file
	./rmail ann@example.org <file
	sent joe@x.example ann@example.org
	printf '%s\n' "$mail" | ./rmail ann@example.org
	sent own@example.org ann@example.org
}

@test "lines that come in pieces, and a large message" {
	{
		printf 'From joe Mon Jan  1 00:00:00 2024 re'
		printf 'mote from a.example\n%s\n' "$mail"
		head -c 600000 /dev/zero | tr '\0' x | fold -w 70
	} | ./rmail ann@example.org
	sent joe@a.example ann@example.org
	[ "$(wc -c <relay/1.message)" -gt 600000 ]
}

@test "operands are recipients, whatever they look like" {
	run -64 ./rmail <<<"$mail"
	run -64 ./rmail -bs <<<"$mail"
	run -64 ./rmail -t ann@example.org <<<"$mail"
	run -64 ./rmail ann@example.org -X/file <<<"$mail"
	[ ! -e relay/1.message ]
	printf '%s\n' "$mail" | ./rmail -D x.example -T1 ann@example.org
	sent own@example.org ann@example.org
	printf '%s\n' "$mail" | ./rmail -- -bs@example.org
	sent own@example.org -bs@example.org
}

@test "a From line cannot bring commands along" {
	run -64 ./rmail ann@example.org <<<$'From a>b\rRSET x remote from y\n'"$mail"
	[ ! -e relay/1.message ]
	yes 'From joe x remote from abc' | head -n 10000 | (cat; echo "$mail") >file
	run -65 ./rmail ann@example.org <file
	[ ! -e relay/1.message ]
}
