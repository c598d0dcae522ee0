#!/usr/bin/env bats
# TLS sessions that go on from the one before, and what must begin anew.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	"$ROOT/tests/lib/ca" ca
	"$ROOT/tests/lib/ca" other
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD
	unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
	tickets=$HOME/.cache/pennypost/tickets
	cp "$BATS_FILE_TMPDIR/ca/ca.pem" ca.pem
	(umask 077 && echo secret >password)
	relay_start relay --cert "$BATS_FILE_TMPDIR/ca/server.pem" \
		--key "$BATS_FILE_TMPDIR/ca/server.key" --auth ann:secret --tls
	relay=submissions://ann@localhost:$relay_port
	count=0
}

teardown() {
	relay_stop
}

# send new|resumed OPTION...: a message arrives, by a session of that kind.
send() {
	local kind=$1
	shift
	run --separate-stderr "$PENNYPOST" -v "--relay=$relay" --tls-trust-file=ca.pem --syslog=off \
		--password-file=password "$@" -f ann@example.test -- bob@example.test \
		<<<'Subject: hello'
	echo "$stderr"
	[ "$status" -eq 0 ]
	count=$((count + 1))
	cat "relay/$count.envelope"
	grep -qx 'login: ann' "relay/$count.envelope"
	if [ "$kind" = resumed ]; then
		grep -qx 'resumed: yes' "relay/$count.envelope"
		[[ $stderr == *'TLS is on, TLS1.'?', resumed: the session goes on from an earlier one'* ]]
	else
		run ! grep -q '^resumed' "relay/$count.envelope"
		[[ $stderr == *'TLS is on, TLS1.'?': the certificate '* ]]
	fi
}

@test "a session goes on from the one before, under TLS 1.3 and 1.2" {
	send new
	[ "$(stat -c %a "$tickets")" = 700 ]
	[ "$(find "$tickets" -type f | wc -l)" -eq 1 ]
	[ "$(stat -c %a "$tickets"/*)" = 600 ]
	send resumed
	send resumed
	send new --tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS1.2
	send resumed --tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS1.2
	# No new ticket came with it, and the old one was used.
	send new --tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS1.2
	send resumed
	! grep -rqF secret "$HOME/.cache"
}

@test "whatever is demanded of the relay, the session was proved by the same" {
	local pin
	pin=$("$PENNYPOST" "--relay=$relay" --tls-trust-file=ca.pem --server-info | sed -n 's/.*\(sha256\/\/[^ ]*\).*/\1/p' | head -1)
	send new
	send new --tls-pin="$pin"
	send new --tls-min-version=1.3
	send new --tls-host-override=localhost --tls-crl-file="$(crl)"
	send new --source-ip=127.0.0.1 --tls-fingerprint="$(openssl x509 -in \
		"$BATS_FILE_TMPDIR/ca/server.pem" -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)"
	send resumed
	# Another CA in the file of the same name: the ticket is not even looked at.
	send resumed
	cp "$BATS_FILE_TMPDIR/other/ca.pem" ca.pem
	run "$PENNYPOST" "--relay=$relay" --tls-trust-file=ca.pem --syslog=off --queue=off \
		--password-file=password -f ann@example.test -- bob@example.test <<<'Subject: hello'
	[ "$status" -eq 69 ]
}

# ends [SECONDS]: when the only ticket does; with SECONDS, so much earlier from now on.
ends() {
	python3 - "$tickets"/* "${1-0}" <<-'END'
		import struct, sys
		name, less = sys.argv[1], int(sys.argv[2])
		with open(name, "rb") as file:
		    magic, expires, length, _ = struct.unpack("@8sqII", file.read(24))
		    ticket = file.read()
		expires -= less
		head, crc = struct.pack("@8sqI", magic, expires, length), 0xffffffff
		for byte in head + ticket:
		    crc ^= byte
		    for _ in range(8):
		        crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
		if less:
		    with open(name, "r+b") as file:
		        file.write(head + struct.pack("@I", crc ^ 0xffffffff))
		print(expires)
	END
}

@test "no chain of sessions outlives what the first one proved" {
	local first
	send new
	first=$(ends 5000)
	send resumed
	[ "$(ends)" -eq "$first" ]
	send resumed
	[ "$(ends)" -eq "$first" ]
}

# crl: an empty list of the CA, as a file name.
crl() {
	cat >crl.conf <<-END
		[ca]
		default_ca = this
		[this]
		database = $PWD/index
		crlnumber = $PWD/number
		default_md = sha256
		default_crl_days = 2
	END
	: >index
	echo 01 >number
	openssl ca -gencrl -config crl.conf -keyfile "$BATS_FILE_TMPDIR/ca/ca.key" \
		-cert "$BATS_FILE_TMPDIR/ca/ca.pem" -out crl.pem 2>/dev/null
	echo "$PWD/crl.pem"
}

@test "a CA that leaves the system's store is not trusted on by a ticket" {
	local store mounts
	store=$(sed -n 's/.*PENNYPOST_TRUST_FILE=\\*"\([^"\\]*\).*/\1/p' "$PENNYPOST_BUILD/build.ninja" | head -n 1)
	[ -f "$store" ] || skip 'no system store in one file'
	own_mounts || skip 'no mounts of its own'
	# try: sends with the store that system.pem is.
	try() {
		run unshare "${mounts[@]}" bash -ec 'mount --bind system.pem "$1"; shift; "$@" || code=$?
			umount "$0"; exit ${code-0}' "$store" "$store" "$PENNYPOST" -v "--relay=$relay" \
			--syslog=off --queue=off --password-file=password -f ann@example.test -- \
			bob@example.test <<<'Subject: hello'
		echo "$status $output"
	}
	cat ca.pem "$BATS_FILE_TMPDIR/other/ca.pem" >system.pem
	try
	[ "$status" -eq 0 ]
	try
	[ "$status" -eq 0 ]
	[[ $output == *', resumed: '* ]]
	cp "$BATS_FILE_TMPDIR/other/ca.pem" system.pem
	try
	[ "$status" -eq 69 ]
	[[ $output == *'not among the CAs'* ]]
}

@test "off is off, nobody else's directory is used, and a relay that forgot is none the worse" {
	send new --tls-session-cache=off
	send new --tls-session-cache=off
	[ ! -e "$tickets" ]
	send new
	chmod 755 "$tickets"
	send new
	chmod 700 "$tickets"
	for file in "$tickets"/*; do
		head -c 100 /dev/urandom >"$file"
	done
	send new
	send resumed
	relay_stop
	rm -r relay
	relay_start relay --port "$relay_port" --cert "$BATS_FILE_TMPDIR/ca/server.pem" \
		--key "$BATS_FILE_TMPDIR/ca/server.key" --auth ann:secret --tls
	count=0
	send new
	send resumed
	XDG_CACHE_HOME=/proc send new
	HOME=/nonexistent send new
}

@test "STARTTLS resumes, too, and who only looks keeps nothing" {
	relay_stop
	rm -r relay
	relay_start relay --cert "$BATS_FILE_TMPDIR/ca/server.pem" \
		--key "$BATS_FILE_TMPDIR/ca/server.key" --auth ann:secret --starttls
	relay=submission://ann@localhost:$relay_port
	"$PENNYPOST" "--relay=$relay" --tls-trust-file=ca.pem --server-info >/dev/null
	[ ! -e "$tickets" ]
	send new
	send resumed
}
