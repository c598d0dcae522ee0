#!/usr/bin/env bats
# What a zone says of the relay's certificate: a name server with signed zones (nsd and
# ldns-signzone, unpacked into build/), and one relay that goes by all their names.

bats_require_minimum_version 1.5.0
load lib/common

# The key of a certificate; digests of it, and of the certificate itself.
key() {
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER
}

key_digest() {
	key "$1" | sha256sum | cut -d' ' -f1
}

key_digest_512() {
	key "$1" | sha512sum | cut -d' ' -f1
}

digest() {
	openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1
}

tool() {
	local program=$1
	shift
	LD_LIBRARY_PATH=$libraries "$ROOT/build/dns/usr/bin/$program" "$@"
}

# zone NAME OPTION...: signs the zone in the file NAME; its key becomes a trust anchor.
zone() {
	local name=$1 key
	shift
	key=$(tool ldns-keygen -a ECDSAP256SHA256 -k "$name")
	tool ldns-signzone "$@" "$name" "$key"
	cat "$key.key" >>anchors
}

# head_of NAME: the first records of a zone.
head_of() {
	printf '%s\n' "\$ORIGIN $1." '$TTL 3600' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' \
		'ns A 127.0.0.1'
}

make_zones() {
	local leaf strong ca cert zero=0000000000000000000000000000000000000000000000000000000000000000
	strong=$(key_digest_512 ca/server.pem)
	leaf=$(key_digest ca/server.pem)
	cert=$(digest ca/server.pem)
	ca=$(digest ca/ca.pem)
	{
		head_of good.example
		printf "_$relay_port._tcp.%s TLSA %s\n" \
			ee "3 1 1 $leaf" ee-certificate "3 0 1 $cert" ee-wrong "3 1 1 $zero" \
			ta "2 0 1 $ca" two.labels "2 0 1 $ca" ta-wrong "2 0 1 $zero" \
			pkix-ee "1 1 1 $leaf" pkix-ta "0 0 1 $ca" pkix-wrong "1 1 1 $zero" \
			several "3 1 1 $zero" several "3 1 1 $leaf" \
			useless "9 9 9 00" useless "3 1 1 0102" \
			weak "3 1 2 $zero$zero" weak "3 1 1 $leaf" \
			strong "3 1 2 $strong" strong "3 1 1 $zero" \
			whole "3 1 2 $zero$zero" whole "3 1 0 $(key ca/server.pem | od -An -v -tx1 | tr -d ' \n')" \
			apart "3 1 2 $zero$zero" apart "3 0 1 $cert" \
			alias-own "3 1 1 $leaf" alias-wrong "3 1 1 $leaf" alias-out "3 1 1 $leaf" \
			alias-better "3 1 1 $zero"
		printf '%s CNAME %s\n' alias ee alias-own none alias-wrong ee-wrong alias-better ee \
			alias-out ee.plain.example. deep.alias ta alias-two two.labels
		printf '%s A 127.0.0.1\n' ee ee-wrong ta two.labels none
		# What a domain offers: NAME.TARGET.
		printf "_submissions._tcp.%s SRV 0 0 $relay_port %s\n" ee.srv ee wrong.srv ee-wrong \
			srv-two two.labels own.srv none srv-out ee.plain.example. alias.srv deep.alias
		echo "_submission._tcp.ee.srv SRV 0 0 0 ."
	} >good.example
	for name in stale bogus plain; do
		{ head_of $name.example; printf '%s\n' "_$relay_port._tcp.ee TLSA 3 1 1 $leaf" \
			'ee A 127.0.0.1' "_submissions._tcp SRV 7 0 $relay_port ee"; } >$name.example
	done
	echo "_submissions._tcp.away SRV 0 0 $relay_port ee.good.example." >>plain.example
	zone good.example
	zone stale.example -i 20200101000000 -e 20210101000000
	zone bogus.example
	sed -i "s/$leaf/$zero/; s/SRV\t7 /SRV\t8 /" bogus.example.signed
	grep -q 'SRV.8 ' bogus.example.signed
	cp plain.example plain.example.signed
}

# serve_dns: nsd takes no port 0, so it gets one by lot until it is content.
serve_dns() {
	local tries=0
	while [ $((tries += 1)) -lt 10 ]; do
		dns_port=$((20000 + RANDOM % 12000))
		{
			printf '%s\n' 'server:' "ip-address: 127.0.0.1@$dns_port" "zonesdir: $PWD" 'database: ""' \
				'username: ""' 'chroot: ""' "pidfile: $PWD/nsd.pid" "xfrdfile: $PWD/xfrd" \
				"zonelistfile: $PWD/zones" 'server-count: 1' 'remote-control:' 'control-enable: no'
			for name in good stale bogus plain; do
				printf '%s\n' 'zone:' "name: $name.example" "zonefile: $name.example.signed"
			done
		} >nsd.conf
		LD_LIBRARY_PATH=$libraries "$ROOT/build/dns/usr/sbin/nsd" -d -c nsd.conf \
			>nsd.log 2>&1 3>&- &
		dns_pid=$!
		within 5 grep -q 'nsd started' nsd.log && kill -0 $dns_pid && return
	done
	cat nsd.log
	return 1
}

setup_file() {
	"$ROOT/tests/lib/unpack" "$ROOT/build/dns" nsd ldnsutils
	libraries=$(echo "$ROOT"/build/dns/usr/lib/*-linux-*)
	cd "$BATS_FILE_TMPDIR"
	"$ROOT/tests/lib/ca" ca '*.good.example'
	"$ROOT/tests/lib/ca" other
	cat ca/server.pem ca/ca.pem >chain.pem
	relay_start relay --tls --cert chain.pem --key ca/server.key --auth ann:secret
	echo "$relay_pid" >pids
	make_zones
	serve_dns
	echo "$dns_pid" >>pids
	"$ROOT/tests/lib/proxy" >proxy.log 2>proxy.errors 3>&- &
	echo $! >>pids
	within 10 test -s proxy.log
	proxy_port=$(head -n 1 proxy.log)
	export relay_port dns_port proxy_port
	echo secret >password
	chmod 600 password
}

teardown_file() {
	# shellcheck disable=SC2046
	kill $(cat "$BATS_FILE_TMPDIR/pids")
}

setup() {
	[ -e "$PENNYPOST_BUILD/src/dane.so" ] || skip 'built without DANE'
	cd "$BATS_FILE_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR
	rm -f relay/*.message relay/relay.log
}

# send NAME OPTION...: NAME is the relay's, or srv:// and the domain of the relay; those are found
# by a proxy.
send() {
	local name=$1 way
	shift
	way=("--relay=submissions://ann@127.0.0.1:$relay_port" "--tls-host-override=$name")
	case $name in
	srv://*) way=("--relay=srv://ann@${name#srv://}" "--proxy=socks5://127.0.0.1:$proxy_port") ;;
	esac
	run --separate-stderr "$PENNYPOST" "${way[@]}" --tls-trust=dane "--dane-resolver=127.0.0.1@$dns_port" \
		"--dane-trust-anchor=$PWD/anchors" "--tls-trust-file=$PWD/other/ca.pem" --queue=off \
		--syslog=off --timeout=10 --password-file=password "$@" -f ann@example.test -- \
		bob@example.test <<<'Subject: hello'
	echo "$name: $stderr"
}

accepts() {
	send "$@"
	[ "$status" -eq 0 ]
	rm relay/*.message
}

# refuses CODE WORDS NAME OPTION...
refuses() {
	local code=$1 words=$2
	shift 2
	rm -f relay/relay.log
	send "$@"
	[ "$status" -eq "$code" ]
	[[ $stderr == *"$words"* ]]
	[ -z "$(ls relay/*.message 2>/dev/null)" ]
	! grep -q AUTH relay/relay.log 2>/dev/null
}

@test "usage 3: the certificate or its key, whatever its names say" {
	accepts ee.good.example
	accepts ee-certificate.good.example
	accepts several.good.example
	accepts ee.good.example --tls-trust=dane-only
	refuses 69 'TLSA records of its zone is about it' ee-wrong.good.example
	refuses 69 'TLSA records of its zone is about it' ee-wrong.good.example "--tls-trust-file=$PWD/ca/ca.pem"
}

@test "usage 2: the CA, and names count" {
	accepts ta.good.example
	refuses 69 'not for this name' two.labels.good.example
	refuses 69 'TLSA records of its zone is about it' ta-wrong.good.example
}

@test "usages 0 and 1: besides the usual check" {
	for name in pkix-ee pkix-ta; do
		accepts $name.good.example "--tls-trust-file=$PWD/ca/ca.pem"
		refuses 69 'not among the CAs' $name.good.example
	done
	refuses 69 'TLSA records of its zone is about it' pkix-wrong.good.example "--tls-trust-file=$PWD/ca/ca.pem"
}

@test "no record, or none of use: the usual check, or nothing" {
	for name in none useless; do
		accepts $name.good.example "--tls-trust-file=$PWD/ca/ca.pem"
		refuses 69 'not among the CAs' $name.good.example
		refuses 69 'has no signed TLSA record' $name.good.example --tls-trust=dane-only \
			"--tls-trust-file=$PWD/ca/ca.pem"
	done
}

@test "an unsigned zone proves nothing" {
	refuses 69 'not among the CAs' ee.plain.example
	refuses 69 'has no signed TLSA record' ee.plain.example --tls-trust=dane-only
}

@test "a zone that is stale or was changed: later, perhaps" {
	refuses 75 'the DNS does not prove what it says' ee.stale.example
	refuses 75 'the DNS does not prove what it says' ee.bogus.example
	refuses 75 'the DNS does not prove what it says' none.stale.example "--tls-trust-file=$PWD/ca/ca.pem"
}

@test "nobody answers: later, perhaps; no trust anchor: a fault of ours" {
	refuses 75 'nobody answers in time what the address of' ee.good.example --dane-resolver=127.0.0.1@1 --timeout=2
	refuses 78 'cannot use /nonexistent' ee.good.example --dane-trust-anchor=/nonexistent
}

@test "of the digests of one kind the strongest counts" {
	refuses 69 'none of the 1 usable TLSA records' weak.good.example
	accepts strong.good.example
	accepts whole.good.example
	accepts apart.good.example
}

@test "an alias: the records of where it leads, else its own, as far as all is signed" {
	accepts alias.good.example
	accepts alias-own.good.example
	accepts alias-better.good.example
	refuses 69 'TLSA records of its zone is about it' alias-wrong.good.example
	accepts alias-out.good.example
	refuses 69 'has no signed TLSA record' alias-two.plain.example --tls-trust=dane-only
}

@test "an alias: the certificate is for either name" {
	accepts deep.alias.good.example -v
	[[ $stderr == *'the certificate is for ta.good.example,'* ]]
	accepts alias-two.good.example -v
	[[ $stderr == *'the certificate is for alias-two.good.example,'* ]]
}

@test "srv:// in a signed zone: the records of the server that it names" {
	accepts srv://ee.srv.good.example
	accepts srv://ee.srv.good.example. --tls-trust=dane-only
	refuses 69 'TLSA records of its zone is about it' srv://wrong.srv.good.example
	accepts srv://alias.srv.good.example
}

@test "srv:// in a signed zone: the certificate is for the domain or the server" {
	local ca=--tls-trust-file=$PWD/ca/ca.pem
	accepts srv://srv-two.good.example -v
	[[ $stderr == *'the certificate is for srv-two.good.example,'* ]]
	# No TLSA records there: the usual check.
	accepts srv://own.srv.good.example "$ca" -v
	[[ $stderr == *'the certificate is for none.good.example,'* ]]
	accepts srv://srv-out.good.example "$ca" -v
	[[ $stderr == *'the certificate is for srv-out.good.example,'* ]]
	refuses 69 'not among the CAs' srv://srv-out.good.example
	refuses 69 'has no signed TLSA record' srv://srv-out.good.example "$ca" --tls-trust=dane-only
}

@test "srv:// in an unsigned zone: TLSA records count for nothing" {
	local ca=--tls-trust-file=$PWD/ca/ca.pem
	for name in plain.example away.plain.example; do
		refuses 69 'that lead there are not signed (DNSSEC)' srv://$name
		refuses 69 "does not prove that this is ${name/#plain/ee.plain}" srv://$name "$ca"
		refuses 69 "SRV records of \"$name\" are not signed" srv://$name "$ca" \
			--tls-trust=dane-only
	done
	accepts srv://away.plain.example "$ca" --tls-host-override=ee.good.example
}

@test "srv:// in a zone that is stale or was changed: later, perhaps" {
	refuses 75 'the DNS does not prove what it says of _submission' srv://stale.example
	refuses 75 'the DNS does not prove what it says of _submissions._tcp.bogus.example' \
		srv://bogus.example "--tls-trust-file=$PWD/ca/ca.pem"
	refuses 75 'nobody answers in time what the SRV records of' srv://ee.srv.good.example \
		--dane-resolver=127.0.0.1@1 --timeout=2
	refuses 68 'has no SRV record' srv://none.good.example
}

@test "a zone that does not answer takes no longer than the attempt may" {
	local began=$SECONDS mute
	coproc MUTE { exec python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()' 3>&-; }
	read -r mute <&"${MUTE[0]}"
	refuses 75 'nobody answers in time' ee.good.example --dane-resolver=127.0.0.1@"$mute" --timeout=20 \
		--attempt-timeout=1
	eval "exec ${MUTE[1]}>&-"
	[ $((SECONDS - began)) -le 8 ]
}

@test "a relay whose zone has records must offer TLS" {
	"$ROOT/tests/relay" --dir clear --bind 127.0.0.2 --port "$relay_port" >clear.port 2>&1 3>&- &
	local clear=$! lost='does not offer STARTTLS, and nothing is sent without it'
	local auto=("--relay=smtp://127.0.0.2:$relay_port" --tls=auto)
	within 10 test -s clear.port
	refuses 76 "$lost" ee.good.example "${auto[@]}"
	refuses 76 "$lost" ee.good.example "${auto[@]}" --tls-trust=dane-only
	[ ! -e clear/1.message ]
	send none.good.example "${auto[@]}"
	kill $clear
	[ "$status" -eq 0 ]
	[ -e clear/1.message ]
}

@test "a pin counts besides" {
	refuses 69 'not among those of tls_pin' ee.good.example \
		--tls-pin=0000000000000000000000000000000000000000000000000000000000000000
}

@test "--server-info tells of it" {
	run --separate-stderr "$PENNYPOST" "--relay=submissions://127.0.0.1:$relay_port" \
		--tls-host-override=ee.good.example --tls-trust=dane "--dane-resolver=127.0.0.1@$dns_port" \
		"--dane-trust-anchor=$PWD/anchors" --server-info
	echo "$output" "$stderr"
	[ "$status" -eq 0 ]
	[[ $output == *"why: the certificate is the one that the relay's zone names (DANE)"* ]]
}
