#!/usr/bin/env bats
# Channel binding, EXTERNAL and GSSAPI against TLS and SASL of other people (tests/lib/gsasl-relay:
# OpenSSL, GNU SASL, MIT Kerberos), and with somebody in between.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	"$ROOT/tests/lib/ca" "$BATS_FILE_TMPDIR/ca"
}

setup() {
	gsasl_relay=$PENNYPOST_BUILD/tests/lib/gsasl-relay
	[ -x "$gsasl_relay" ] || skip 'gsasl-relay was not built: libgsasl-dev, libssl-dev'
	gsasl_has_gssapi=$(ldd "$gsasl_relay" | grep gss) || :
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
	rm -f between
	python3 "$ROOT/tests/lib/between" "$ca" "$port" "$@" >between 2>&1 3>&- &
	pids="${pids-} $!"
	within 10 test -s between
	port=$(cat between)
}

# attempt AUTH [LINE...]: one mail, with these lines more in the configuration.
attempt() {
	{
		printf '%s\n' "relay submissions://ann@localhost:$port" 'from ann@example.test' \
			'syslog off' 'queue off' "tls_trust_file $ca/ca.pem" "auth $1" "${@:2}"
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

@test "EXTERNAL: our certificate, and no word more" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ann \
		-keyout ann.key -out ann.pem 2>/dev/null
	serve 1.3 PLAIN EXTERNAL
	attempt on "relay submissions://localhost:$port" "tls_cert_file $PWD/ann.pem" \
		"tls_key_file $PWD/ann.key"
	[ "$status" -eq 0 ]
	attempt external "tls_cert_file $PWD/ann.pem" "tls_key_file $PWD/ann.key"
	[ "$status" -eq 0 ]
	attempt external
	[ "$status" -eq 77 ]
	[[ $stderr == *'know us by our certificate: 535'* ]]
	[ "$(tail -n +2 log)" = $'EXTERNAL ok\nEXTERNAL ok\nEXTERNAL GSASL_AUTHENTICATION_ERROR' ]
}

# kerberos: a realm of its own: a KDC on loopback, its tools unpacked and run from build/krb5. Sets
# the environment of client and service; the ticket of ann is got by "login".
kerberos() {
	[ -e "$PENNYPOST_BUILD/src/gssapi.so" ] || skip 'built without GSSAPI: libkrb5-dev'
	[[ $gsasl_has_gssapi ]] || skip 'GNU SASL without GSSAPI'
	local krb5=$ROOT/build/krb5 kdc_port
	"$ROOT/tests/lib/unpack" "$krb5" krb5-kdc krb5-admin-server krb5-user
	krb5_library=$(find "$krb5/usr/lib" -path '*/krb5/plugins/kdb')
	krb5_library=${krb5_library%/krb5/plugins/kdb}
	krb5_path=$krb5/usr/sbin:$krb5/usr/bin
	kdc_port=$(python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	export KRB5_CONFIG=$PWD/krb5.conf KRB5_KDC_PROFILE=$PWD/kdc.conf KRB5CCNAME=FILE:$PWD/tickets
	export KRB5_KTNAME=FILE:$PWD/smtp.keytab KRB5RCACHEDIR=$PWD
	printf '%s\n' '[libdefaults]' 'default_realm = EXAMPLE.TEST' 'dns_lookup_kdc = false' \
		'dns_lookup_realm = false' 'dns_canonicalize_hostname = false' 'rdns = false' \
		'qualify_shortname = ""' \
		'[realms]' "EXAMPLE.TEST = {" "kdc = 127.0.0.1:$kdc_port" '}' '[domain_realm]' \
		'localhost = EXAMPLE.TEST' >krb5.conf
	printf '%s\n' '[kdcdefaults]' "kdc_listen = 127.0.0.1:$kdc_port" \
		"kdc_tcp_listen = 127.0.0.1:$kdc_port" '[realms]' 'EXAMPLE.TEST = {' \
		"database_name = $PWD/principal" "key_stash_file = $PWD/stash" '}' '[dbmodules]' \
		"db_module_dir = $krb5_library/krb5/plugins/kdb" '[logging]' "kdc = FILE:$PWD/kdc.log" \
		>kdc.conf
	tool kdb5_util create -r EXAMPLE.TEST -s -P master >tools 2>&1
	tool kadmin.local addprinc -randkey smtp/localhost >>tools 2>&1
	tool kadmin.local addprinc -pw secret ann >>tools 2>&1
	tool kadmin.local ktadd -k smtp.keytab smtp/localhost >>tools 2>&1
	LD_LIBRARY_PATH=$krb5_library "$krb5/usr/sbin/krb5kdc" -n >>tools 2>&1 3>&- &
	pids="${pids-} $!"
	within 10 login
}

# tool PROGRAM ARGUMENT...: one of Kerberos's.
tool() {
	LD_LIBRARY_PATH=$krb5_library PATH=$krb5_path:$PATH "$@"
}

login() {
	tool kinit ann <<<secret >>tools 2>&1
}

@test "GSSAPI: a ticket of Kerberos, and whom we act as" {
	kerberos || { cat tools kdc.log; return 1; }
	serve 1.3 PLAIN GSSAPI
	attempt gssapi
	[ "$status" -eq 0 ]
	attempt gssapi 'auth_identity sales'
	[ "$status" -eq 0 ]
	attempt gssapi 'auth_identity root'
	[ "$status" -eq 77 ]
	[[ $stderr == *'refused our Kerberos ticket: 535'* ]]
	[ "$(tail -n +2 log)" = $'GSSAPI ok\nGSSAPI ok\nGSSAPI GSASL_AUTHENTICATION_ERROR' ]
}

@test "GSSAPI: no ticket, an unknown relay, no KDC: it is said why" {
	kerberos || { cat tools kdc.log; return 1; }
	serve 1.3 PLAIN GSSAPI
	tool kdestroy
	attempt gssapi
	[ "$status" -eq 77 ]
	[[ ${stderr,,} == *gssapi:*credential* ]]
	login
	attempt gssapi "relay submissions://127.0.0.1:$port"
	[ "$status" -eq 77 ]
	[[ $stderr == *GSSAPI:*'not found in Kerberos database'* ]]
	[ "$(wc -l <log)" -eq 1 ]
	[[ $stderr != *'> AUTH PLAIN'* ]]
	login
	kill "$pids"
	attempt gssapi
	[ "$status" -eq 75 ]
	[[ $stderr == *'Cannot contact any KDC'* ]]
}
