#!/usr/bin/env bats
# Trust that is built up: relays known by the key they had the first time, and our own key, in a
# file with a password or in a token (SoftHSM, unpacked into build/).

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	"$ROOT/tests/lib/ca" one
	"$ROOT/tests/lib/ca" two
	"$ROOT/tests/lib/ca" us 'ann at home'
	openssl x509 -req -in us/server.csr -CA us/ca.pem -CAkey us/ca.key -set_serial 3 -days 2 \
		-extfile <(echo extendedKeyUsage=clientAuth) -out us/server.pem
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ca=$BATS_FILE_TMPDIR
	relay_pid=
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_STATE_HOME XDG_CONFIG_HOME
	known=$HOME/.local/state/pennypost/queue/known_relays
	echo secret >password
	chmod 600 password
}

teardown() {
	relay_stop
}

# relay CA OPTION...: one with that CA's certificate, on the port of the one before.
relay() {
	local which=$1
	shift
	rm -rf relay
	relay_start relay --port "${relay_port-0}" --cert "$ca/$which/server.pem" \
		--key "$ca/$which/server.key" --auth ann:secret "${@---tls}"
}

# send OPTION...
send() {
	run --separate-stderr "$PENNYPOST" "--relay=submissions://ann@localhost:$relay_port" \
		--tls-trust=first-use --syslog=off --runner=off --password-file=password "$@" \
		-f ann@example.test -- bob@example.test <<<'Subject: hello'
	echo "$stderr"
}

pin_of() {
	openssl x509 -in "$ca/$1/server.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
		openssl dgst -sha256 -binary | base64
}

@test "the first key is put down, and then demanded" {
	relay one
	send -v --logfile="$PWD/log"
	[ "$status" -eq 0 ]
	[[ $stderr == *"localhost:$relay_port is new here: its key sha256//$(pin_of one) is trusted"* ]]
	grep -q 'is new here' log
	[ "$(cat "$known")" = "localhost $relay_port sha256 $(pin_of one)" ]
	[ "$(stat -c %a "$known")" = 600 ]
	send -v
	[ "$status" -eq 0 ]
	[[ $stderr != *"new here"* ]]
	relay_stop
	relay two
	send
	[ "$status" -eq 69 ]
	[[ $stderr == *"accept it with: pennypost --trust-relay=localhost:$relay_port=sha256//$(pin_of two)"* ]]
	[ ! -e relay/1.message ]
	run ! grep -q AUTH relay/relay.log
}

@test "the command in the message accepts the change, and only that key" {
	relay one
	send
	relay_stop
	relay two
	send
	command=${stderr##*accept it with: pennypost }
	"$PENNYPOST" "${command%%; *}"
	send
	[ "$status" -eq 0 ]
	relay_stop
	relay one
	send
	[ "$status" -eq 69 ]
	[ "$(wc -l <"$known")" -eq 1 ]
}

@test "a key is known for a port of a host alone, and over STARTTLS it is the same" {
	relay one --starttls
	send "--relay=submission://ann@localhost:$relay_port"
	[ "$status" -eq 0 ]
	send "--relay=submission://ann@127.0.0.1:$relay_port"
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$known")" -eq 2 ]
	relay_stop
	relay two --starttls
	send "--relay=submission://ann@localhost:$relay_port"
	[ "$status" -eq 69 ]
	run ! grep -q AUTH relay/relay.log
}

@test "whose key is known must offer TLS" {
	relay one --starttls
	send "--relay=smtp://ann@127.0.0.1:$relay_port" --tls=auto
	[ "$status" -eq 0 ]
	relay_stop
	relay one --plain
	send "--relay=smtp://127.0.0.1:$relay_port" --tls=auto --auth=off
	[ "$status" -eq 76 ]
	[[ $stderr == *'does not offer STARTTLS, and nothing is sent without it'* ]]
	[ ! -e relay/1.message ]
}

@test "called as sendmail a changed key keeps the mail in the queue" {
	relay one
	ln -s "$PENNYPOST" sendmail
	mkdir -p .config/pennypost
	printf '%s\n' 'account default' "relay submissions://ann@localhost:$relay_port" \
		'tls_trust first-use' "password_file $PWD/password" 'runner off' 'syslog off' \
		>.config/pennypost/config
	./sendmail -f ann@example.test bob@example.test <<<'Subject: hello'
	[ -e relay/1.message ]
	relay_stop
	relay two
	run --separate-stderr ./sendmail -f ann@example.test bob@example.test <<<'Subject: hello'
	echo "$stderr"
	[ "$status" -eq 0 ]
	[[ $stderr == *"queued as"*"its key is not the one that was there before"* ]]
	[ ! -e relay/1.message ]
	"$PENNYPOST" --list-queue | grep -q bob@example.test
	"$PENNYPOST" "--trust-relay=localhost:$relay_port=sha256//$(pin_of two)"
	"$PENNYPOST" -q
	[ -e relay/1.message ]
}

@test "--server-info looks, and learns nothing" {
	relay one
	send --server-info
	[ "$status" -eq 0 ]
	[[ $output == *"key: sha256//$(pin_of one)"* ]]
	[[ $output == *"why: the certificate's key is the first one seen here"* ]]
	[ ! -e "$known" ]
}

@test "a file of keys that cannot be read or written is no excuse" {
	relay one
	mkdir -p "${known%/*}"
	chmod 700 "${known%/*}"
	echo 'localhost all welcome' >"$known"
	chmod 600 "$known"
	send
	[ "$status" -eq 78 ]
	[[ $stderr == *"known_relays:1: this is not host, port, sha256 and a digest"* ]]
	rm "$known"
	mkdir "$known"
	send
	[ "$status" -ne 0 ]
	[ ! -e relay/1.message ]
	run ! grep -q AUTH relay/relay.log
}

@test "what --trust-relay does not understand it refuses" {
	for word in localhost localhost:25 "localhost:25=$(pin_of one)" localhost=sha256//x \
		"localhost:0=sha256//$(pin_of one)" ":25=sha256//$(pin_of one)"; do
		run "$PENNYPOST" "--trust-relay=$word"
		echo "$word: $output"
		[ "$status" -eq 64 ]
	done
	[ ! -e "$known" ]
}

# shows OPTION...: sends with a certificate of ours, which the relay demands.
shows() {
	send "--tls-trust=ca" "--tls-trust-file=$ca/one/ca.pem" "$@"
}

@test "our key in a file with a password" {
	relay one --tls --client-ca "$ca/us/ca.pem"
	openssl pkcs8 -topk8 -in "$ca/us/server.key" -passout pass:sesame -out key.pem
	echo sesame >pin
	chmod 600 pin
	shows "--tls-cert-file=$ca/us/server.pem" --tls-key-file=key.pem --tls-key-password-file=pin
	[ "$status" -eq 0 ]
	grep -qx 'client: ann at home' relay/1.envelope
	shows "--tls-cert-file=$ca/us/server.pem" --tls-key-file=key.pem '--tls-key-passwordeval=echo sesame'
	[ "$status" -eq 0 ]
	shows "--tls-cert-file=$ca/us/server.pem" --tls-key-file=key.pem
	[ "$status" -eq 78 ]
	[[ $stderr == *"it wants a password: set tls_key_password_file or tls_key_passwordeval"* ]]
	shows "--tls-cert-file=$ca/us/server.pem" --tls-key-file=key.pem '--tls-key-passwordeval=echo open'
	[ "$status" -eq 78 ]
	[[ $stderr == *"right?"* && $stderr != *sesame* ]]
	chmod 644 pin
	shows "--tls-cert-file=$ca/us/server.pem" --tls-key-file=key.pem --tls-key-password-file=pin
	[ "$status" -eq 78 ]
	[[ $stderr == *"open to others"* ]]
}

@test "no PIN stands in a URI" {
	relay_port=1
	for word in cert key; do
		send "--tls-$word-file=pkcs11:token=letters;object=ann?pin-value=1234"
		[ "$status" -eq 78 ] || [ "$status" -eq 64 ]
		[[ $stderr == *"tls_${word}_file: a PKCS#11 URI must not hold the PIN (pin-value): use tls_key"* ]]
		[[ $stderr != *1234* ]]
		printf 'account a\nrelay submissions://a.example\ntls_%s_file pkcs11:x?Pin-Value=1234\n' $word >config
		run -78 "$PENNYPOST" -C config --show-config
		[[ $output != *1234* ]]
	done
}

@test "our key in a token: PKCS#11" {
	need_world
	"$ROOT/tests/lib/unpack" "$ROOT/build/softhsm" softhsm2
	export SOFTHSM2_CONF=$PWD/softhsm2.conf
	printf 'directories.tokendir = %s/tokens\n' "$PWD" >softhsm2.conf
	mkdir tokens
	openssl pkcs8 -topk8 -nocrypt -in "$ca/us/server.key" -out ann.p8
	cp "$ca/us/server.pem" ann.pem
	cp "$ca/one/ca.pem" ca.pem
	relay one --tls --client-ca "$ca/us/ca.pem"
	echo 1234 >pin
	chmod 600 pin
	printf '%s\n' "relay submissions://ann@localhost:$relay_port" 'tls_trust_file ca.pem' \
		'tls_cert_file pkcs11:token=letters;object=ann;type=cert' \
		'tls_key_file pkcs11:token=letters;object=ann;type=private' \
		'password_file password' 'queue off' 'syslog off' 'from ann@example.test' >common
	{ printf 'account right\ntls_key_password_file pin\n'; cat common; } >config
	{ printf 'account wrong\ntls_key_passwordeval echo 4321\n'; cat common; } >>config
	# A wrong PIN is tried once, which locks nothing.
	cat >inside <<-END
		cd $PWD
		exec 2>&1
		softhsm2-util --init-token --free --label letters --pin 1234 --so-pin 12345678
		softhsm2-util --import ann.p8 --token letters --label ann --id 01 --pin 1234
		p11tool --login --set-pin=1234 --write --load-certificate ann.pem --label ann --id 01 \
			pkcs11:token=letters
		for account in wrong right; do
			echo 'Subject: hello' | $PENNYPOST -C config -a \$account bob@example.test
			echo "\$account: \$?"
		done
	END
	run "$ROOT/tests/lib/world" "$PWD" "$ROOT/build/softhsm" -- sh "$PWD/inside"
	echo "$output"
	[[ $output == *"is the password of tls_key_password_file or tls_key_passwordeval right?"* ]]
	[[ $output == *"wrong: 78"*"right: 0"* ]]
	grep -qx 'client: ann at home' relay/1.envelope
}
