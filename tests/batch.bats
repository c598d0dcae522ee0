#!/usr/bin/env bats
# --batch: many messages out of files, over as few connections as can be.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost
}

teardown() {
	relay_stop
}

# serve OPTION...: a relay, and a configuration that leads to it.
serve() {
	relay_start relay --plain "$@"
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'domain example.org' \
		'from me@example.org' "logfile $PWD/log" 'syslog off' 'queue off' >config/pennypost/config
}

# message TO WORDS: one on standard output.
message() {
	printf '%s\n' 'From: me@example.org' "To: $1@example.net" 'Subject: hi' \
		'Date: Mon, 01 Jan 2024 00:00:00 +0000' "Message-ID: <$1@example.org>" '' "$2"
}

# mbox TO...: an mbox file of messages to them, on standard output.
mbox() {
	for to; do
		echo 'From me@example.org Mon Nov 23 09:04:05 2026'
		message "$to" ">From $to"
		echo
	done
}

# batch ARGUMENT...: runs it; sets status, output and stderr.
batch() {
	run --separate-stderr "$PENNYPOST" --batch "$@" </dev/null
	printf '%s\n' "$stderr"
	[ -z "$output" ]
}

# connections: how many the relay has seen.
connections() {
	grep -c 'C: EHLO' relay/relay.log
}

# arrived: the recipients, in order.
arrived() {
	local n=0
	while [ -e "relay/$((n + 1)).message" ]; do
		n=$((n + 1))
		sed -n 's/^to: <\(.*\)@example.net>$/\1/p' "relay/$n.envelope"
	done | tr '\n' ' '
}

@test "files, mbox files and Maildir folders go over one connection" {
	serve
	message ann one >one.eml
	mbox bob carl >box
	mkdir -p dir/new dir/cur dir/tmp
	message eve four >dir/new/4
	message dave five >dir/cur/1:2,S
	batch -t one.eml box dir
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(arrived)" = 'ann bob carl eve dave ' ]
	[ "$(connections)" -eq 1 ]
	[ "$(tail -n 1 relay/2.message)" = $'From bob\r' ]
	[ -e dir/new/4 ]
	[ "$(grep -c 'status=sent' log)" -eq 5 ]
}

@test "--to names the recipients of each message" {
	serve
	mbox ann bob >box
	batch --to list@example.net box
	[ "$status" -eq 0 ]
	[ "$(arrived)" = 'list list ' ]
	batch box
	[ "$status" -eq 64 ]
	[[ $stderr == *'no recipients: name them with --to'* ]]
	run --separate-stderr "$PENNYPOST" -t --batch
	[ "$status" -eq 64 ]
	[[ $stderr == *'wants files'* ]]
}

@test "a message that fails is told and stops nothing" {
	serve --refuse bob@example.net --defer eve@example.net
	mbox ann bob carl >box
	printf 'Subject: nobody\n\nx\n' >nobody.eml
	batch -t box missing nobody.eml box
	[ "$status" -eq 67 ]
	[ "$(arrived)" = 'ann carl ann carl ' ]
	[ "$(connections)" -eq 1 ]
	[ "$(wc -l <<<"$stderr")" -eq 4 ]
	[[ ${stderr_lines[0]} == *': box: message 2: <bob@example.net> refused: 550 '* ]]
	[[ $stderr == *': missing: cannot open: No such file'* ]]
	[[ $stderr == *': nobody.eml: message 1: no recipients'* ]]
	mbox bob eve >box
	batch -t box
	[ "$status" -eq 75 ]
}

@test "a message with refused recipients says so in one line" {
	serve --refuse bob@example.net
	mbox ann >box
	batch --to bob@example.net -t box
	[ "$status" -eq 67 ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[[ $stderr == *'<bob@example.net> refused: 550 '*'; <ann@example.net> sent' ]]
}

@test "messages of two accounts take two connections, however mixed" {
	serve
	printf '%s\n' 'account work : default' 'from joe@example.com' >>config/pennypost/config
	mbox ann bob carl dave >box
	awk '/^From: /{n++; if (n % 2 == 0) $0 = "From: joe@example.com"} 1' box >mixed
	batch -t mixed
	[ "$status" -eq 0 ]
	[ "$(arrived)" = 'ann bob carl dave ' ]
	[ "$(connections)" -eq 2 ]
	grep -qx 'from: <joe@example.com>' relay/4.envelope
}

# resident MAILBOX: kilobytes of memory that sending it took at the most.
resident() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$PENNYPOST" --batch -t "$1"
}

@test "memory does not grow with the mailbox" {
	serve
	mbox ann bob >small
	mbox carl >large
	head -c 30000000 /dev/zero | tr '\0' 'x' | fold -w 70 >>large
	printf '\n\n' >>large
	mbox dave >>large
	[ "$(resident large)" -lt $(($(resident small) + 4000)) ]
	[ "$(arrived)" = 'carl dave ann bob ' ]
}

@test "--dry-run shows each message" {
	serve
	mbox ann bob >box
	run "$PENNYPOST" --batch --dry-run -t box
	[ "$status" -eq 0 ]
	[ "$(grep -c '^recipient: ' <<<"$output")" -eq 2 ]
	[ ! -e relay/relay.log ]
}
