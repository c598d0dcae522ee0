#!/usr/bin/env bats
# Channel binding against TLS and SCRAM of other people (tests/lib/gsasl-relay: OpenSSL, GNU SASL),
# and with somebody in between.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	"$ROOT/tests/lib/ca" "$BATS_FILE_TMPDIR/ca"
}

setup() {
	gsasl_relay=$PENNYPOST_BUILD/tests/lib/gsasl-relay
	[ -x "$gsasl_relay" ] || skip 'gsasl-relay was not built: libgsasl-dev, libssl-dev'
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	ca=$BATS_FILE_TMPDIR/ca
}

teardown() {
	exec 7>&-
	[ -z "${pids-}" ] || kill $pids 2>/dev/null || :
}

# serve VERSION MECHANISM...: starts gsasl-relay; sets port.
serve() {
	mkfifo stop
	"$gsasl_relay" "$ca/server.pem" "$ca/server.key" 'p@ss, w=rd' "$@" <stop >log 2>&1 3>&- &
	exec 7>stop
	within 10 test -s log
	port=$(head -n 1 log)
}

# between OLD NEW: a man in the middle with a certificate that is good all the same, who puts NEW
# for OLD in what the relay says; sets port to his.
between() {
	python3 "$ROOT/tests/lib/between" "$ca" "$port" "$@" >between 2>&1 3>&- &
	pids=$!
	within 10 test -s between
	port=$(cat between)
}

# attempt AUTH [LINE...]: one mail, with these lines more in the configuration.
attempt() {
	{
		printf '%s\n' "relay submissions://ann@localhost:$port" 'from ann@example.test' \
			'syslog off' "tls_trust_file $ca/ca.pem" "auth $1" "${@:2}"
	} >config
	printf '%s' "${password-p@ss, w=rd}" >password
	echo "password_file $PWD/password" >>config
	chmod 600 config password
	run --separate-stderr "$PENNYPOST" -C config -v -- bob@example.test <<<'Subject: x'
	echo "$stderr"
	cat log
}

# binds VERSION AUTH MECHANISM
binds() {
	serve "$1" PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS
	attempt "$2"
	[ "$status" -eq 0 ]
	[ "$(tail -n +2 log)" = "$3 ok" ]
}

@test "TLS 1.3: auth strong takes SCRAM-SHA-256-PLUS, by tls-exporter" {
	binds 1.3 strong SCRAM-SHA-256-PLUS
}

@test "TLS 1.3: SCRAM-SHA-1-PLUS" { binds 1.3 scram-sha-1-plus SCRAM-SHA-1-PLUS; }
@test "TLS 1.3: SCRAM-SHA-256, named, says that it does not bind" { binds 1.3 scram-sha-256 SCRAM-SHA-256; }

@test "TLS 1.2: auth strong takes SCRAM-SHA-256-PLUS, by tls-unique" {
	binds 1.2 strong SCRAM-SHA-256-PLUS
}

@test "TLS 1.2: SCRAM-SHA-1-PLUS" { binds 1.2 scram-sha-1-plus SCRAM-SHA-1-PLUS; }

@test "no -PLUS is offered: SCRAM all the same" {
	serve 1.3 SCRAM-SHA-1 SCRAM-SHA-256
	attempt strong
	[ "$status" -eq 0 ]
	[ "$(tail -n +2 log)" = 'SCRAM-SHA-256 ok' ]
}

@test "a wrong password: exit 77, and PLAIN is not tried after -PLUS" {
	serve 1.3 PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS
	password=wrong attempt strong
	[ "$status" -eq 77 ]
	[[ $(tail -n +2 log) == 'SCRAM-SHA-256-PLUS GSASL'* ]]
	[ "$(wc -l <log)" -eq 2 ]
	[[ $stderr != *'AUTH PLAIN ***'* ]]
}

@test "somebody with a trusted certificate in between: found out, exit 77" {
	serve 1.3 PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS
	between nothing nothing
	attempt strong
	[ "$status" -eq 77 ]
	[[ $(tail -n +2 log) == 'SCRAM-SHA-256-PLUS GSASL'* ]]
	[[ $stderr != *'AUTH PLAIN ***'* ]]
}

@test "... who takes the offer of -PLUS away: found out, exit 77" {
	serve 1.3 PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS
	between ' SCRAM-SHA-256-PLUS' ''
	attempt scram-sha-256
	[ "$status" -eq 77 ]
	[[ $stderr != *PLUS* ]]
	[[ $(tail -n +2 log) == 'SCRAM-SHA-256 GSASL'* ]]
}

@test "... is not found out by who does not bind: the test is a test" {
	serve 1.3 PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS
	between nothing nothing
	attempt scram-sha-256
	[ "$status" -eq 0 ]
	[ "$(tail -n +2 log)" = 'SCRAM-SHA-256 ok' ]
}
