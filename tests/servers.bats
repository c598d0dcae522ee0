#!/usr/bin/env bats
# Mail through real servers: Postfix and Dovecot's submission service, unpacked into build/ and run
# in a private mount namespace (tests/lib/world, tests/lib/servers).

bats_require_minimum_version 1.5.0
load lib/common
load lib/receivers

setup_file() {
	export SHARE=$BATS_FILE_TMPDIR/share
	mkdir "$SHARE"
	have_world >/dev/null || return 0
	"$ROOT/tests/lib/unpack" "$ROOT/build/servers" postfix dovecot-core dovecot-submissiond \
		dovecot-lmtpd
	"$ROOT/tests/lib/ca" "$SHARE/ca"
	"$ROOT/tests/lib/ca" "$BATS_FILE_TMPDIR/other"
	printf '%s\n' "$PASSWORD" >"$SHARE/password"
	"$ROOT/tests/lib/world" "$SHARE" "$ROOT/build/servers" -- \
		"$ROOT/tests/lib/servers" "$SHARE" >"$SHARE/servers.out" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	within 30 test -f "$SHARE/ports" || { cat "$SHARE"/*.out "$SHARE"/*.log; return 1; }
}

teardown_file() {
	[ -f "$BATS_FILE_TMPDIR/pid" ] || return 0
	touch "$SHARE/stop"
	within 10 gone "$(cat "$BATS_FILE_TMPDIR/pid")" || kill -KILL "$(cat "$BATS_FILE_TMPDIR/pid")"
}

setup() {
	relay_pid=
	need_world
	. "$SHARE/ports"
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	new_id
}

teardown() {
	relay_stop
}

# delivers SERVER AUTH
delivers() {
	configure "$1" "$2"
	compose
	run --separate-stderr "$PENNYPOST" -C config -v -- bob@example.test <message
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ ${stderr^^} == *"AUTH ${2^^}"* ]]
	[[ $stderr != *"$PASSWORD"* ]]
	arrived bob
	grep -q 'ESMTPSA' "$found"
}

@test "Postfix, STARTTLS, PLAIN" { delivers postfix_starttls plain; }
@test "Postfix, STARTTLS, LOGIN" { delivers postfix_starttls login; }
@test "Postfix, STARTTLS, CRAM-MD5" { delivers postfix_starttls cram-md5; }
@test "Postfix, STARTTLS, SCRAM-SHA-1" { delivers postfix_starttls scram-sha-1; }
@test "Postfix, STARTTLS, SCRAM-SHA-256" { delivers postfix_starttls scram-sha-256; }
@test "Postfix, implicit TLS, PLAIN" { delivers postfix_tls plain; }
@test "Postfix, implicit TLS, LOGIN" { delivers postfix_tls login; }
@test "Postfix, implicit TLS, CRAM-MD5" { delivers postfix_tls cram-md5; }
@test "Dovecot, STARTTLS, PLAIN" { delivers dovecot_starttls plain; }
@test "Dovecot, STARTTLS, LOGIN" { delivers dovecot_starttls login; }
@test "Dovecot, STARTTLS, CRAM-MD5" { delivers dovecot_starttls cram-md5; }
@test "Dovecot, STARTTLS, SCRAM-SHA-1" { delivers dovecot_starttls scram-sha-1; }
@test "Dovecot, implicit TLS, SCRAM-SHA-256" { delivers dovecot_tls scram-sha-256; }
@test "Dovecot, implicit TLS, PLAIN" { delivers dovecot_tls plain; }
@test "Dovecot, implicit TLS, LOGIN" { delivers dovecot_tls login; }
@test "Dovecot, implicit TLS, CRAM-MD5" { delivers dovecot_tls cram-md5; }

# token SECONDS: a token for ann that holds so many seconds.
token() {
	python3 - "$1" <<-'END'
		import base64, hashlib, hmac, json, sys, time
		def part(data):
		    return base64.urlsafe_b64encode(data).rstrip(b"=")
		now = int(time.time())
		claims = {"sub": "ann", "iat": now - 3600, "nbf": now - 3600, "exp": now + int(sys.argv[1])}
		said = [part(json.dumps(x).encode()) for x in ({"alg": "HS256", "typ": "JWT"}, claims)]
		text = b".".join(said)
		text += b"." + part(hmac.digest(b"a key that signs tokens", text, hashlib.sha256))
		print(text.decode())
	END
}

@test "Postfix, a token by XOAUTH2" { PASSWORD=$(token 60) delivers postfix_starttls xoauth2; }
@test "Postfix, a token by OAUTHBEARER" { PASSWORD=$(token 60) delivers postfix_tls oauthbearer; }
@test "Dovecot, a token by XOAUTH2" { PASSWORD=$(token 60) delivers dovecot_tls xoauth2; }
@test "Dovecot, a token by OAUTHBEARER" { PASSWORD=$(token 60) delivers dovecot_starttls oauthbearer; }

@test "an expired token: exit 77, and the JSON of the relay is explained" {
	for server in postfix_tls dovecot_tls; do
		for mechanism in xoauth2 oauthbearer; do
			PASSWORD=$(token -60) configure $server $mechanism
			compose
			run --separate-stderr "$PENNYPOST" -C config -- bob@example.test <message
			echo "$stderr"
			[ "$status" -eq 77 ]
			[[ $stderr == *'get a new one (status: '*535* ]]
		done
	done
}

# undelivered: a message sent now arrives, and the one refused before did not.
undelivered() {
	local refused=$id
	id=after.$id
	compose
	configure "$1" on
	"$PENNYPOST" -C config -- bob@example.test <message
	arrived bob
	id=$refused
	run ! find_mail bob
}

# rejects_password SERVER AUTH
rejects_password() {
	new_id
	configure "$1" "$2"
	compose
	echo wrong >password
	run --separate-stderr "$PENNYPOST" -C config -- bob@example.test <message
	echo "$stderr"
	[ "$status" -eq 77 ]
	[[ $stderr == *535* ]]
	undelivered "$1"
}

@test "Postfix, a wrong password: exit 77, nothing is delivered" {
	for mechanism in plain login cram-md5 scram-sha-1 scram-sha-256 on strong; do
		rejects_password postfix_starttls "$mechanism"
	done
}

@test "Dovecot, a wrong password: exit 77, nothing is delivered" {
	for mechanism in plain login cram-md5 scram-sha-1 scram-sha-256 on strong; do
		rejects_password dovecot_tls "$mechanism"
	done
}

# rejects_ca SERVER
rejects_ca() {
	new_id
	configure "$1" on
	compose
	run --separate-stderr "$PENNYPOST" -C config -v \
		"--tls-trust-file=$BATS_FILE_TMPDIR/other/ca.pem" -- bob@example.test <message
	echo "$stderr"
	[ "$status" -eq 69 ]
	[[ $stderr != *"> AUTH"* ]]
	undelivered "$1"
}

@test "an unknown CA: exit 69, no login is tried, nothing is delivered" {
	for server in postfix_starttls postfix_tls dovecot_starttls dovecot_tls; do
		rejects_ca "$server"
	done
}

@test "a certificate for another name: exit 69" {
	"$ROOT/tests/lib/ca" wrong elsewhere.test 127.0.0.9
	relay_start relay --tls --cert wrong/server.pem --key wrong/server.key
	configure postfix_tls off
	sed -i -e "s/^port .*/port $relay_port/" \
		-e "s,^tls_trust_file .*,tls_trust_file $PWD/wrong/ca.pem," config
	compose
	run --separate-stderr "$PENNYPOST" -C config -- bob@example.test <message
	echo "$stderr"
	[ "$status" -eq 69 ]
	[ ! -e relay/1.message ]
	run --separate-stderr "$PENNYPOST" -C config --tls-host-override=elsewhere.test -- \
		bob@example.test <message
	echo "$stderr"
	relay_stop
	[ "$status" -eq 0 ]
	[ -e relay/1.message ]
}

# refuses_one SERVER
refuses_one() {
	configure "$1" on
	compose
	run --separate-stderr "$PENNYPOST" -C config -- bob@example.test nobody@example.test \
		carol@example.test <message
	echo "$stderr"
	[ "$status" -eq 67 ]
	[[ $stderr == *nobody@example.test*550* || $stderr == *550*nobody@example.test* ]]
	arrived bob
	arrived carol
}

@test "Postfix refuses one of three recipients: exit 67, the others get it" {
	refuses_one postfix_starttls
}

@test "Dovecot refuses one of three recipients: exit 67, the others get it" {
	refuses_one dovecot_starttls
}

@test "Postfix refuses all recipients: exit 67, nothing is delivered" {
	configure postfix_tls on
	compose
	run --separate-stderr "$PENNYPOST" -C config -- nobody@example.test <message
	echo "$stderr"
	[ "$status" -eq 67 ]
	undelivered postfix_tls
}

@test "bare addresses and -t work through Postfix, and Bcc is gone" {
	configure postfix_starttls on
	compose
	sed -i '1a Bcc: carol@example.test' message
	"$PENNYPOST" -C config -t <message
	sed -i '/^Bcc:/d' message
	arrived bob
	arrived carol
}
