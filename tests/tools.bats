#!/usr/bin/env bats
# The tests' own tools: tests/lib/tally counts right, tests/relay refuses what it should, and
# tests/lib/world changes nothing outside.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	relay_pid=
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	relay_stop
}

# counts LINE OPTION...: what tally says last of the file "tap" (or the files named).
counts() {
	local want=$1
	shift
	run "$ROOT/tests/lib/tally" "$@"
	echo "$output"
	[ "${lines[-1]}" = "$want" ]
}

@test "tally counts what passed, failed and was skipped, and skips are no passes" {
	printf '%s\n' 1..4 'ok 1 - a' 'not ok 2 - b' '# not ok' 'ok 3 # skip no root' \
		'ok 4 d # SKIP' >tap
	counts '1 passed, 1 failed, 2 skipped' tap
	[ "$status" -eq 1 ]
	counts '1 passed, 3 failed' --strict tap
	[ "$status" -eq 1 ]
	printf '%s\n' 1..1 'ok 1 skips nothing' >tap
	counts '1 passed, 0 failed' tap
	[ "$status" -eq 0 ]
}

@test "tally fails what never reported, a file without a plan or that is not there" {
	printf '%s\n' 1..3 'ok 1 a' >tap
	counts '1 passed, 2 failed' tap
	printf '%s\n' 'ok 1 a' >tap
	counts '1 passed, 1 failed' tap
	counts '0 passed, 1 failed' nowhere
	printf '1..0\n' >tap
	counts '0 passed, 0 failed' tap
	[ "$status" -eq 1 ]
}

@test "tally reads Meson's log" {
	printf '%s\n' '{"name": "a", "stdout": "ok 1 - x\nok 2 - y\n1..2\n", "result": "OK"}' \
		'{"name": "b", "stdout": "ok 1 - x\n1..1\n", "result": "ERROR"}' \
		'{"name": "c", "stdout": "ok 1 - x\n", "result": "TIMEOUT"}' \
		'{"name": "d", "stdout": "", "result": "OK"}' \
		'{"name": "e", "stdout": "", "result": "SKIP"}' \
		'{"name": "f", "stdout": "not ok 1\nnot ok 2\n1..2\n", "result": "FAIL"}' >log.json
	counts '4 passed, 4 failed, 1 skipped' log.json
}

# talk FORMAT [WORD...]: what the relay answers to all that printf makes of it, sent in one piece.
talk() {
	printf "$@" >request
	exec 5<>"/dev/tcp/127.0.0.1/$relay_port"
	cat request >&5
	timeout 10 cat <&5
	exec 5>&-
}

# hears TEXT: the answers hold it.
hears() {
	tr -d '\r' <answers
	grep -qF -e "$1" answers
}

envelope='EHLO a\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'

@test "the relay takes a good message, and stores it without the dots of transparency" {
	relay_start relay
	talk "${envelope}"'Subject: x\r\n\r\n..\r\n..a\r\n.\r\nQUIT\r\n' >answers
	hears '250 2.0.0 stored as 1'
	printf 'Subject: x\r\n\r\n.\r\n.a\r\n' | cmp - relay/1.message
	talk "${envelope}"'.\r\nQUIT\r\n' >answers
	[ -f relay/2.message ]
	[ ! -s relay/2.message ]
}

@test "the relay refuses bare line ends, NUL, long lines and 8-bit that was not announced" {
	relay_start relay
	talk "${envelope}"'a\nb\r\n.\r\nQUIT\r\n' >answers
	hears '554 5.6.0 bare'
	talk "${envelope}"'a\rb\r\n.\r\nQUIT\r\n' >answers
	hears '554 5.6.0 bare'
	talk "${envelope}"'a\0b\r\n.\r\nQUIT\r\n' >answers
	hears '554 5.6.0 bare'
	talk "${envelope}"'\303\251\r\n.\r\nQUIT\r\n' >answers
	hears '554 5.6.3'
	talk "${envelope}"'%01000d\r\n.\r\nQUIT\r\n' 1 >answers
	hears '554 5.6.0 a line'
	talk 'EHLO a\nQUIT\r\n' >answers
	hears '500 5.5.2'
	[ ! -e relay/1.message ]
}

@test "the relay wants TLS and AUTH before MAIL, and nothing behind STARTTLS" {
	"$ROOT/tests/lib/ca" ca
	relay_start relay --starttls --cert ca/server.pem --key ca/server.key --auth ann:x
	talk 'EHLO a\r\nMAIL FROM:<a@example.org>\r\nAUTH PLAIN AGFubgB4\r\nQUIT\r\n' >answers
	hears '530 5.7.0 STARTTLS first'
	hears '538 5.7.11'
	talk 'EHLO a\r\nSTARTTLS\r\nEHLO a\r\n' >answers
	hears '501 5.5.4 STARTTLS is the last'
	relay_stop
	relay_start open --auth ann:x
	talk 'EHLO a\r\nMAIL FROM:<a@example.org>\r\nAUTH PLAIN AGFubgB5\r\nQUIT\r\n' >answers
	hears '530 5.7.0 AUTH first'
	hears '535 5.7.8'
	talk 'EHLO a\r\nAUTH PLAIN AGFubgB4\r\nQUIT\r\n' >answers
	hears '235'
}

@test "a world shows its share and its layers, and writes nothing outside" {
	need_world
	mkdir -p share layer/usr/bin
	printf '#!/bin/sh\necho layered\n' >layer/usr/bin/pennypost-layered
	chmod +x layer/usr/bin/pennypost-layered
	run "$ROOT/tests/lib/world" share layer -- /bin/sh -c \
		"pennypost-layered; echo here >$PWD/share/file; touch /etc/pennypost-world; exit 3"
	[ "$status" -eq 3 ]
	[ "$output" = layered ]
	[ "$(cat share/file)" = here ]
	[ ! -e /etc/pennypost-world ]
	[ ! -e /usr/bin/pennypost-layered ]
}
