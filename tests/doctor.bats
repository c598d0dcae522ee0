#!/usr/bin/env bats
# pennypost --doctor over set-ups with one fault each: the check that fails first is the one of the
# fault, and what it advises, applied as it stands (tests/lib/mend), mends it.

bats_require_minimum_version 1.5.0

load lib/common

setup_file() {
	"$ROOT/tests/lib/ca" "$BATS_FILE_TMPDIR/ca"
	"$ROOT/tests/lib/ca" "$BATS_FILE_TMPDIR/other" relay.example.net 192.0.2.9
	cd "$BATS_FILE_TMPDIR/ca"
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 60 \
			-subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
			-addext extendedKeyUsage=serverAuth -keyout self.key -out self.pem
		printf '%s\n' '[ca]' 'default_ca=past' '[past]' 'database=index' 'new_certs_dir=.' \
			'rand_serial=yes' 'unique_subject=no' 'default_md=sha256' 'policy=any' '[any]' \
			'commonName=supplied' >past.cnf
		: >index
		openssl ca -batch -notext -config past.cnf -cert ca.pem -keyfile ca.key \
			-startdate 20200101000000Z -enddate 20200201000000Z -extfile server.ext \
			-in server.csr -out expired.pem
		openssl ca -batch -notext -config past.cnf -cert ca.pem -keyfile ca.key -days 90 \
			-extfile server.ext -in server.csr -out good.pem
	} >more.log 2>&1 || { cat more.log; return 1; }
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ca=$BATS_FILE_TMPDIR/ca
	export HOME=$PWD/home
	mkdir -p home/.config/pennypost bin
	config=$HOME/.config/pennypost/config
	queue=$HOME/.local/state/pennypost/queue
	ln -s "$PENNYPOST" bin/pennypost
	printf '#!/bin/sh\nexit 1\n' >bin/crontab
	chmod +x bin/crontab
	PATH=$PWD/bin:$PATH
	unset XDG_CONFIG_HOME XDG_STATE_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE
	unset CREDENTIALS_DIRECTORY DBUS_SESSION_BUS_ADDRESS
	inside=()
	holder=
}

teardown() {
	relay_stop
	[ -z "$holder" ] || { kill "$holder" && wait "$holder"; } 2>/dev/null || :
}

# serve OPTION...: a relay in place of the one before; by "tls" or "starttls" it has a certificate.
serve() {
	relay_stop
	rm -rf relay
	local options=()
	for option; do
		case $option in
		tls | starttls) options+=("--$option" --cert "$ca/good.pem" --key "$ca/server.key") ;;
		*) options+=("$option") ;;
		esac
	done
	relay_start relay --port "${relay_port:-0}" "${options[@]}"
}

# configure LINE...: on top of what a relay by STARTTLS on this machine needs.
configure() {
	printf '%s\n' 'host localhost' "port $relay_port" 'from ann@example.org' \
		'domain example.org' 'tls on' "tls_trust_file $ca/ca.pem" 'timeout_scale 1' \
		'syslog off' "$@" >"$config"
	chmod 600 "$config"
}

# login LINE...: the same with a login.
login() {
	(umask 077; echo pa55word >password)
	configure 'user ann@example.org' "password_file $PWD/password" "$@"
}

# instead LINE: in place of the line of its word; "!WORD": without it.
instead() {
	local word=${1%% *}
	word=${word#!}
	sed -i "/^$word /d" "$config"
	[ "${1#!}" != "$1" ] || echo "$1" >>"$config"
}

# doctor OPTION...: its output in the file said; sets status.
doctor() {
	status=0
	"${inside[@]}" "$PWD/bin/pennypost" --doctor --json "$@" >said 2>said.errors || status=$?
	[ ! -s said.errors ] || { cat said.errors; return 1; }
}

# first: the first check that is not well, and how.
first() {
	jq -r 'select(.status == "failure" or .status == "warning") | "\(.check): \(.status)"' said |
		head -n 1
}

# fails CHECK [PATTERN [OPTION...]]: that check, and none before it; the pattern is in its text.
fails() {
	local check=$1 pattern=${2-}
	shift "$(($# < 2 ? $# : 2))"
	doctor "$@"
	jq -c . said
	[ "$(first)" = "$check: failure" ]
	[ "$status" -ne 0 ]
	jq -r --arg check "$check" 'select(.check == $check and .status == "failure").text' said |
		grep -q -- "$pattern"
}

# warns CHECK [PATTERN]: the same for a warning, with which mail would go.
warns() {
	doctor
	jq -c . said
	[ "$(first)" = "$1: warning" ]
	[ "$status" -eq 0 ]
	jq -r --arg check "$1" 'select(.check == $check and .status == "warning").text' said |
		grep -q -- "${2-}"
}

# mend CHECK KIND: applies the advice, which is of that kind.
mend() {
	run --separate-stderr "${inside[@]}" "$ROOT/tests/lib/mend" said "$1"
	echo "$output; $stderr"
	[ "$status" -eq 0 ]
	[ "${output%% *}" = "$2" ]
}

# well [OPTION...]: nothing fails and nothing is warned of.
well() {
	doctor "$@"
	jq -c . said
	[ -z "$(first)" ]
	[ "$status" -eq 0 ]
	jq -se '.[-1].mail_would_go' said
}

# go [OPTION...]: nothing fails, whatever is warned of.
go() {
	doctor "$@"
	jq -c . said
	[ "$status" -eq 0 ]
}

# own_network: what follows runs with a network of its own, where nothing is but loopback, and with
# mounts of its own.
own_network() {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	command -v ip >/dev/null || skip 'needs ip (iproute2)'
	own_mounts || skip 'needs mounts of its own'
	unshare --net "${mounts[@]}" sh -c 'ip link set lo up && echo up >up && exec sleep 300' \
		>/dev/null 2>&1 3>&- &
	holder=$!
	within 10 test -s up
	inside=(nsenter -t "$holder" --net --mount --root env -C "$PWD")
}

# serve_inside OPTION...: a relay in that network.
serve_inside() {
	mkdir -p relay
	: >relay/port
	"${inside[@]}" "$ROOT/tests/relay" --dir relay "$@" >relay/port 2>relay/errors 3>&- &
	relay_pid=$!
	within 10 test -s relay/port
	relay_port=$(cat relay/port)
}

# bind FILE LINE...: in those mounts the file holds just these lines.
bind() {
	local place=$1
	shift
	printf '%s\n' "$@" >"bound-${place##*/}"
	[ -e "$place" ] || skip "there is no $place"
	"${inside[@]}" mount --bind "$PWD/bound-${place##*/}" "$place"
}

@test "all is well" {
	serve starttls --auth ann@example.org:pa55word
	login
	well
	[ "$(jq -r 'select(.check).status' said | sort -u)" = ok ]
	[ ! -e relay/1.message ]
	run -0 pennypost --doctor
	[ "${lines[-1]}" = 'mail would go' ]
	[[ ${lines[0]} == 'ok '*'configuration '* ]]
	run ! grep -r pa55word said relay/relay.log
}

@test "--send-test sends one message, and nothing else does" {
	serve starttls --auth ann@example.org:pa55word
	login
	well --send-test=bob@example.net
	grep -q '^to: <bob@example.net>' relay/1.envelope
	grep -q '^Auto-Submitted: auto-generated' relay/1.message
	[ ! -e relay/2.message ]
	run -64 pennypost --send-test
}

@test "what depends on a failed check is not checked, and the first failure gives the status" {
	serve starttls --auth ann@example.org:pa55word
	login
	echo wrong >password
	fails login
	[ "$status" -eq 77 ]
	[ "$(jq -r 'select(.check == "sender").status' said)" = 'not checked' ]
	[ "$(jq -r 'select(.check == "queue").status' said)" = ok ]
	jq -se '.[-1] == {mail_would_go: false, failures: 1, warnings: 0, first_failure: "login", exit: 77}' said
	run -77 pennypost --doctor
	[ "${lines[-1]}" = 'mail would not go as it should: begin with login' ]
	[[ $output == *"run: (umask 077; cat > '$PWD/password')"* ]]
}

@test "--doctor takes one account and no recipients" {
	run -64 pennypost --doctor a b
	run -64 pennypost --doctor --to=a@example.org
	run -64 pennypost --doctor -a a b
}

@test "configuration: a word that is misspelt" {
	serve starttls
	configure
	sed -i 's/^host/hst/' "$config"
	fails configuration 'did you mean'
	[ "$status" -eq 78 ]
	mend configuration command
	well
}

@test "configuration: a value that is none" {
	serve starttls
	configure 'queue maybe'
	fails configuration 'is not on or off'
	mend configuration command
	well
}

@test "configuration: a password in a file that others can read" {
	serve starttls --auth ann@example.org:pa55word
	configure 'user ann@example.org' 'password pa55word'
	chmod 644 "$config"
	fails configuration 'open to everybody'
	run ! grep pa55word said
	mend configuration command
	well
}

@test "configuration: a file that others can write" {
	serve starttls
	configure
	chmod 620 "$config"
	fails configuration 'can be written by its group'
	mend configuration command
	well
}

@test "configuration: a file of somebody else's" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	serve starttls
	configure
	chown 12345 "$config"
	fails configuration 'is owned by user 12345'
	mend configuration command
	well
}

@test "configuration: words that contradict each other" {
	serve tls
	configure
	instead '!host' && instead '!port' && instead 'tls off'
	sed -i "1i relay submissions://localhost:$relay_port" "$config"
	fails configuration 'tls off contradicts'
	mend configuration command
	well
}

@test "configuration: two accounts of one name" {
	serve starttls
	configure 'account home' 'host localhost' 'account home' 'host relay.example.org'
	cp "$config" before
	fails configuration 'was defined at'
	mend configuration do
	[[ $output == *'another name'* ]]
	cmp before "$config"
	sed -i '0,/^account home/s//account work/' "$config"
	doctor work
	[ "$(jq -r 'select(.check == "configuration").status' said)" = ok ]
}

@test "account: nobody is called so" {
	serve starttls
	configure
	fails account 'no account is called "wrk"' wrk
	[ "$(jq -r 'select(.check == "configuration").status' said)" = ok ]
	mend account command
}

@test "account: it does not say where its relay is" {
	serve starttls
	configure
	instead '!host'
	fails account 'where its relay is'
	[ "$(jq -r 'select(.mend).mend.file' said)" = "$config" ]
	instead 'host localhost'
	well
}

@test "aliases: a line that is none" {
	serve starttls
	configure "aliases $PWD/aliases"
	printf '%s\n' '# ours' 'root admin@example.org' >aliases
	fails aliases 'aliases:2'
	mend aliases command
	well
}

@test "aliases: no such file" {
	serve starttls
	configure "aliases $PWD/aliases"
	warns aliases 'is not there'
	mend aliases command
	well
}

@test "log: its folder is not there" {
	serve starttls
	configure "logfile $PWD/logs/mail"
	warns log 'No such file'
	mend log command
	well
}

@test "secret: its file is not there" {
	serve starttls --auth ann@example.org:pa55word
	login
	rm password
	fails secret 'No such file'
	mend secret command <<<pa55word
	[ "$(stat -c %a password)" = 600 ]
	well
}

@test "secret: its file is open to others" {
	serve starttls --auth ann@example.org:pa55word
	login
	chmod 644 password
	fails secret 'open to others'
	mend secret command
	well
}

@test "secret: its file is empty" {
	serve starttls --auth ann@example.org:pa55word
	login
	: >password
	fails secret 'the password is empty'
	mend secret command <<<pa55word
	well
}

@test "secret: a blank behind it" {
	serve starttls --auth ann@example.org:pa55word
	login
	echo 'pa55word ' >password
	doctor
	[ "$(first)" = 'secret: warning' ]
	mend secret command
	well
}

@test "secret: a command that fails" {
	serve starttls --auth ann@example.org:pa55word
	login "passwordeval cat $PWD/locked 2>/dev/null"
	instead '!password_file'
	fails secret passwordeval
	mend secret do
	echo pa55word >locked
	well
}

@test "own name: not a full one" {
	serve starttls --hello example.org
	configure
	instead 'domain laptop'
	doctor
	[ "$(first)" = 'own name: warning' ]
	mend 'own name' line
	well
}

@test "own name: refused by the relay" {
	serve starttls --hello example.org
	configure
	instead 'domain host.example.com'
	fails hello 'name that we give in EHLO'
	mend hello line
	well
}

@test "sandbox: no network" {
	own_network
	"${inside[@]}" sh -c 'ip link add far type veth peer name near && ip addr add 192.0.2.1/24 dev far && ip link set far up'
	serve_inside --bind 192.0.2.1
	configure
	instead 'host 192.0.2.1' && instead 'tls off'
	outside=("${inside[@]}")
	inside+=(unshare --net)
	fails sandbox PrivateNetwork
	[ "$(jq -r 'select(.check == "connect").status' said)" = 'not checked' ]
	mend sandbox do
	inside=("${outside[@]}")
	well
}

@test "mailbox: the folder that it is to be in is not there" {
	printf '%s\n' "relay maildir:$PWD/mail/box" 'from ann@example.org' 'syslog off' >"$config"
	fails mailbox 'No such file'
	mend mailbox command
	well
	doctor --send-test
	[ "$status" -eq 0 ]
	[ "$(first)" = 'send test: warning' ]
	mend 'send test' do
}

@test "lookup: no such host" {
	own_network
	bind /etc/hosts '127.0.0.1 localhost relay.example.org'
	bind /etc/nsswitch.conf 'hosts: files'
	serve_inside
	configure 'tls off'
	instead 'host rely.example.org'
	instead 'tls off'
	"${inside[@]}" sh -c 'ip link add far type veth peer name near && ip link set far up'
	fails lookup 'no such host'
	mend lookup do
	instead 'host localhost'
	well
}

@test "lookup: the name servers give no answer" {
	own_network
	bind /etc/hosts '127.0.0.1 localhost'
	bind /etc/nsswitch.conf 'hosts: files dns'
	bind /etc/resolv.conf 'nameserver 127.0.0.1' 'options timeout:1 attempts:1'
	serve_inside
	configure
	instead 'host relay.example.org' && instead 'tls off'
	"${inside[@]}" sh -c 'ip link add far type veth peer name near && ip link set far up'
	fails lookup 'name servers give no answer'
	mend lookup do
	bind /etc/hosts '127.0.0.1 localhost relay.example.org'
	well
}

@test "connect: nothing listens there" {
	serve starttls
	configure
	relay_stop
	fails connect 'Connection refused'
	[ "$status" -eq 75 ]
	mend connect do
	serve starttls
	well
}

@test "connect: the relay is at another port" {
	own_network
	serve_inside --port 587
	configure
	instead 'port 2525' && instead 'tls off'
	fails connect 'port 587 of the host answers'
	mend connect line
	well
}

@test "connect: the first of two relays is down" {
	serve starttls
	configure
	instead "relay submission://127.0.0.1:1 submission://localhost:$relay_port"
	instead '!host' && instead '!port'
	warns connect 'Connection refused'
	mend connect do
	instead "relay submission://localhost:$relay_port"
	well
}

@test "connect: the first of two relays at one address is down" {
	serve starttls
	configure
	instead "relay submission://localhost:1 submission://localhost:$relay_port"
	instead '!host' && instead '!port'
	warns connect 'Connection refused'
}

@test "lookup: the relay has no address of the family that is wanted" {
	serve starttls
	configure
	instead 'host 127.0.0.1'
	fails lookup 'has no IPv6 address, and address_family (or -6) excludes' -6
	mend lookup do
	[[ $output == *'address_family any'* ]]
	well
}

@test "greeting: the command that leads to the relay fails" {
	serve starttls
	configure
	instead "relay pipe:sh -c 'exit 3'" && instead '!port' && instead 'tls off'
	fails greeting 'the command of pipe has ended with exit status 3'
	mend greeting do
	[[ $output == *'by hand'* ]]
}

@test "connect: the proxy is down" {
	serve starttls
	configure 'proxy socks5://127.0.0.1:1'
	fails connect 'Connection refused'
}

@test "connect: port 25 is blocked" {
	own_network
	"${inside[@]}" python3 -c '
import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 25))
s.listen(0)
full = [socket.socket() for _ in range(4)]
for one in full:
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", 25))
print("full", flush=True)
time.sleep(60)' >full 3>&- &
	blocker=$!
	within 10 test -s full
	serve_inside --port 587
	configure 'timeout 1'
	instead '!port' && instead 'tls off' && instead 'host 127.0.0.1'
	fails connect 'blocks port 25'
	mend connect line
	kill "$blocker"
	grep -q '^port 587$' "$config"
	well
}

@test "connect: IPv6 leads nowhere" {
	own_network
	bind /etc/hosts '::1 relay.example.org' '127.0.0.1 localhost relay.example.org'
	bind /etc/nsswitch.conf 'hosts: files'
	"${inside[@]}" sh -c 'ip link add far type veth peer name near && ip addr add 192.0.2.1/24 dev far &&
		ip -6 addr add 2001:db8::1/64 dev far nodad && ip link set far up'
	serve_inside
	configure
	instead 'host relay.example.org' && instead 'tls off'
	doctor
	jq -c . said
	[ "$(jq -r 'select(.check == "connect" and .status == "warning" and .mend).text' said)" ]
	mend connect line
	go
	[ -z "$(jq -r 'select(.check == "connect" and .status == "warning" and .mend).text' said)" ]
}

@test "greeting: the relay speaks TLS from the first byte" {
	serve tls
	configure
	fails greeting 'TLS from the first byte'
	mend greeting line
	grep -q '^tls_starttls off$' "$config"
	well
}

@test "greeting: the same with a URL" {
	serve tls --auth ann@example.org:pa55word
	login
	instead "relay submission://ann%40example.org@localhost:$relay_port"
	instead '!host' && instead '!port' && instead '!user'
	fails greeting 'TLS from the first byte'
	mend greeting line
	grep -q "^relay submissions://ann%40example.org@localhost:$relay_port\$" "$config"
	well
}

@test "greeting: the relay does not want this address" {
	serve --greeting '554 5.7.1 blocked using zen.spamhaus.org'
	configure
	instead 'tls off'
	fails greeting 'on a list of those that send spam'
	mend greeting do
	serve
	well
}

@test "tls: the relay wants STARTTLS" {
	serve starttls
	configure 'tls_starttls off'
	fails tls '220 relay.test'
	mend tls line
	well
}

@test "tls: the same with a URL" {
	serve starttls
	configure
	instead "relay submissions://localhost:$relay_port"
	instead '!host' && instead '!port'
	fails tls '220 relay.test'
	mend tls line
	well
}

@test "tls: a captive portal" {
	serve --portal
	configure 'tls_starttls off'
	fails tls 'a web server answers'
	mend tls do
	serve tls
	well
}

@test "tls: too old" {
	serve starttls --old-tls
	configure
	fails tls 'too old'
	mend tls do
	serve starttls
	well
}

@test "starttls: not offered, and no login" {
	serve
	configure
	fails starttls 'offers no STARTTLS'
	mend starttls line
	well
}

@test "starttls: not offered to a login, which never goes without TLS" {
	serve --auth ann@example.org:pa55word
	login
	fails starttls 'a password never goes without TLS'
	mend starttls line
	grep -q '^port 465$' "$config"
	run ! grep -q '^C: AUTH' relay/relay.log
}

@test "clock: far off" {
	[ -e "$PENNYPOST_BUILD/tests/crash/clock.so" ] || skip 'needs tests/crash/clock.so'
	serve starttls
	configure
	mv bin/pennypost bin/real
	printf '%s\n' '#!/bin/sh' "LD_PRELOAD=$PENNYPOST_BUILD/tests/crash/clock.so" \
		"CLOCK_LIE=\$(cat $PWD/lie)" 'export LD_PRELOAD CLOCK_LIE' \
		"exec $PENNYPOST \"\$@\"" >bin/pennypost
	printf '%s\n' '#!/bin/sh' '[ "$*" = "set-ntp true" ] && echo 0 >'"$PWD/lie" >bin/timedatectl
	chmod +x bin/pennypost bin/timedatectl
	echo -100000000 >lie
	fails clock 'before this program was installed'
	mend clock command
	well
}

@test "certificate: signed by itself" {
	serve --starttls --cert "$ca/self.pem" --key "$ca/self.key"
	configure
	fails certificate 'signed by itself'
	[ "$status" -eq 69 ]
	mend certificate line
	grep -q '^tls_fingerprint' "$config"
	well
}

@test "certificate: of an unknown CA" {
	serve starttls
	configure
	instead '!tls_trust_file'
	fails certificate 'is not among the CAs'
	mend certificate line
	well
}

@test "certificate: expired" {
	serve --starttls --cert "$ca/expired.pem" --key "$ca/server.key"
	configure
	fails certificate 'expired on 2020-02-01'
	mend certificate line
	warns certificate 'it ended [0-9]* days ago, on 2020-02-01'
}

@test "certificate: revoked" {
	printf '%s\n' '[ca]' 'default_ca=lists' '[lists]' "database=$PWD/index" 'default_md=sha256' \
		'default_crl_days=2' >lists.cnf
	: >index
	for what in "-revoke $ca/good.pem" '-gencrl -out crl.pem'; do
		# shellcheck disable=SC2086
		openssl ca -config lists.cnf -cert "$ca/ca.pem" -keyfile "$ca/ca.key" $what 2>/dev/null
	done
	serve starttls
	configure "tls_crl_file $PWD/crl.pem"
	cp "$config" before
	fails certificate revoked
	mend certificate do
	[[ $output == *"ask the relay's operator"*'change nothing'* ]]
	cmp before "$config"
	run ! grep -q tls_fingerprint said
}

@test "certificate: of another name than the one dialed, which it has, too" {
	printf '%s\n' 'subjectAltName=DNS:www.example.net,DNS:localhost' 'extendedKeyUsage=serverAuth' >two.ext
	openssl x509 -req -in "$ca/server.csr" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" -days 90 \
		-set_serial 7 -extfile two.ext -out two.pem 2>/dev/null
	serve --starttls --cert "$PWD/two.pem" --key "$ca/server.key"
	configure 'tls_host_override wrong.example.net'
	fails certificate 'not for this name'
	mend certificate line
	grep -q '^tls_host_override localhost$' "$config"
	well
}

@test "certificate: of another host" {
	local other=$BATS_FILE_TMPDIR/other
	serve --starttls --cert "$other/server.pem" --key "$other/server.key"
	configure
	instead "tls_trust_file $other/ca.pem"
	fails certificate 'not for this name'
	mend certificate line
	grep -q '^tls_host_override relay.example.net$' "$config"
	go
}

@test "certificate: not the one of the fingerprint" {
	serve starttls
	configure "tls_fingerprint $(printf '%064d' 7)"
	fails certificate 'not that of tls_fingerprint'
	mend certificate line
	well
}

@test "certificate: a key that is not the one of the first time" {
	serve --starttls --auth ann@example.org:pa55word --cert "$ca/self.pem" --key "$ca/self.key"
	login 'tls_trust first-use'
	instead '!tls_trust_file'
	well
	serve starttls --auth ann@example.org:pa55word
	fails certificate 'not the one that was there before.*; if its operator .* change nothing'
	mend certificate command
	well
}

@test "certificate: the same with the configuration that -C names" {
	serve --starttls --cert "$ca/self.pem" --key "$ca/self.key"
	configure 'tls_trust first-use'
	instead '!tls_trust_file'
	mv "$config" 'my config'
	well -C "$PWD/my config"
	pennypost -C 'my config' bob@example.net <<<'Subject: hi'
	serve starttls
	fails certificate 'not the one that was there before' -C "$PWD/my config"
	mend certificate command
	[[ $(jq -r 'select(.check == "certificate").mend.command' said) == \
		"pennypost -C '$PWD/my config' --trust-relay=localhost:"* ]]
	well -C "$PWD/my config"
}

@test "certificate: a key that is not among the pins" {
	serve starttls
	configure 'tls_pin sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
	fails certificate 'not among those of tls_pin; if its operator .* change nothing'
	mend certificate line
	well
}

@test "trust: nobody to ask for the zone's word" {
	serve starttls
	configure 'tls_trust dane-only'
	fails trust
	mend trust line
	grep -q '^tls_trust dane$' "$config"
}

@test "certificate: not looked at" {
	serve starttls
	configure 'tls_certcheck off'
	instead '!tls_trust_file'
	warns certificate 'proves nothing'
	mend certificate line
	fails certificate 'is not among the CAs'
	instead "tls_trust_file $ca/ca.pem"
	well
}

@test "certificate: about to expire" {
	serve --starttls --cert "$ca/server.pem" --key "$ca/server.key"
	configure
	warns certificate 'ends in'
	mend certificate do
	serve starttls
	well
}

@test "login: an application password is wanted" {
	serve starttls --auth ann@example.org:abcdefghijklmnop \
		--wrong '534 5.7.9 Application-specific password required'
	login
	fails login 'password made for programs'
	[ "$status" -eq 77 ]
	mend login command <<<abcdefghijklmnop
	well
}

@test "login: the password is wrong" {
	serve starttls --auth ann@example.org:pa55word
	login
	echo wrong >password
	fails login 'the password is wrong'
	mend login command <<<pa55word
	well
}

@test "login: the whole address is the login" {
	serve starttls --auth ann@example.org:pa55word
	login
	instead 'user ann'
	fails login 'whole address as the login'
	mend login line
	well
}

@test "login: SMTP AUTH is turned off for the organisation" {
	serve starttls --auth ann@example.org:pa55word \
		--say 'AUTH=535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.'
	login
	fails login 'has turned SMTP AUTH off'
	mend login do
	[[ $output == *'Set-CASMailbox -Identity ann@example.org'* ]]
	serve starttls --auth ann@example.org:pa55word
	well
}

@test "login: to a relay on this machine without TLS" {
	serve --auth ann@example.org:pa55word
	login
	instead '!tls' && instead '!tls_trust_file'
	fails login
	mend login line
	grep -q '^tls off$' "$config"
	well
}

@test "login: no user is named" {
	serve starttls --auth ann@example.org:pa55word
	login 'auth on'
	instead '!user'
	fails login 'names no user'
	mend login line
	well
}

@test "login: the relay has none" {
	serve starttls
	login
	fails login 'AUTH is not offered'
	mend login line
	well
}

@test "login: too many of them" {
	serve starttls --auth ann@example.org:pa55word --say 'AUTH=454 4.7.0 Too many login attempts, please try again later.'
	login
	fails login 'too many logins'
	mend login line
	serve starttls --auth ann@example.org:pa55word
	well
}

@test "sender: the relay wants a login" {
	serve starttls --auth ann@example.org:pa55word
	login 'auth off'
	fails sender 'wants a login'
	mend sender line
	well
}

@test "sender: not an address of the login" {
	serve starttls --auth ann@example.org:pa55word \
		--owner '553 5.7.1 <bob@example.org>: Sender address rejected: not owned by user ann@example.org'
	login
	instead 'from bob@example.org'
	fails sender 'may not send from this address'
	mend sender line
	well
}

@test "sender: no address, and one that the relay cannot write" {
	serve
	configure 'tls off'
	instead 'from @example.org'
	fails sender 'no mail can come from there'
	mend sender do
	[[ $output == *'behind "from"'* ]]
	instead $'from gr\303\274n@example.org'
	fails sender 'the relay knows no other letters'
	mend sender do
	[[ $output == *'an address in ASCII'* ]]
}

@test "send test: the sender is denied at the end" {
	serve starttls --auth ann@example.org:pa55word --say 'DATA=554 5.2.252 SendAsDenied; ann@example.org not allowed to send as bob@example.org'
	login
	instead 'from bob@example.org'
	fails 'send test' 'may not send from this address' --send-test
	mend 'send test' line
	grep -q '^from ann@example.org$' "$config"
	serve starttls --auth ann@example.org:pa55word
	well --send-test
}

@test "recipient: relay access denied" {
	serve starttls --auth ann@example.org:pa55word --lax
	login 'auth off'
	fails recipient 'Relay access denied'
	mend recipient line
	well
}

@test "recipient: greylisting, and no queue to wait in" {
	serve starttls --say 'RCPT=450 4.2.0 Greylisted, see https://postgrey.example/'
	configure 'queue off'
	fails recipient 'makes those whom it does not know wait'
	mend recipient line
	go
	[ "$(first)" = 'recipient: warning' ]
}

@test "recipient: the mailbox is full" {
	serve starttls --say 'RCPT=552 5.2.2 Over quota'
	configure
	fails recipient 'the mailbox is full'
	mend recipient do
	serve starttls
	well
}

@test "recipient: no relay chooses a command for a shell" {
	serve starttls --say 'RCPT=550 5.1.1 no such user: rm -rf ~'
	configure
	fails recipient 'no such user: rm'
	mend recipient do
}

@test "recipient: who is asked for more gets the account" {
	serve starttls --say 'RCPT=550 5.1.1 no such user'
	configure 'account work' 'host localhost' "port $relay_port" 'from ann@example.org' 'tls on' \
		"tls_trust_file $ca/ca.pem" 'domain example.org' 'syslog off'
	fails recipient 'no such user' work
	mend recipient do
	[[ $output == *"pennypost -v --doctor -a 'work' shows"* ]]
}

@test "capabilities: however many there are" {
	local offer
	offer=$(printf 'X%d %0400d\n' 1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0 9 0 10 0 11 0 12 0)
	serve --say "EHLO=250 relay.test"$'\n'"$offer" --say 'MAIL=250 2.1.0 Ok' --say 'RCPT=250 2.1.5 Ok'
	configure 'tls off'
	go
	jq -r 'select(.check == "capabilities").text' said >offered
	grep -q '^X1 0000' offered
	[ "$(wc -c <offered)" -gt 4000 ]
	run -0 pennypost --doctor
	[[ $output == *"capabilities   X1 0000"* ]]
}

@test "queue: open to others" {
	serve starttls
	configure
	mkdir -p "$queue"
	chmod 755 "$queue"
	fails queue 'is open to others'
	[ "$status" -eq 78 ]
	mend queue command
	well
}

@test "queue: a link" {
	serve starttls
	configure
	mkdir -p "${queue%/*}" elsewhere
	ln -s "$PWD/elsewhere" "$queue"
	fails queue 'is a link'
	mend queue command
	well
}

@test "queue: a file of the user" {
	serve starttls
	configure "queue_dir $PWD/notes"
	echo mine >notes
	fails queue 'is no directory'
	mend queue line
	[ "$(cat notes)" = mine ]
	well
	instead '!queue_dir'
	mkdir -p "${queue%/*}"
	rm -rf "$queue"
	echo mine >"$queue"
	fails queue 'is no directory'
	mend queue do
	[ "$(cat "$queue")" = mine ]
}

@test "queue: cannot be written" {
	own_network
	serve_inside
	configure
	instead 'tls off'
	mkdir -p "$queue"
	chmod 700 "$queue"
	"${inside[@]}" mount -t tmpfs -o ro,mode=700 tmpfs "$queue"
	fails queue 'cannot be written'
	mend queue command
	go
}

@test "queue: full" {
	own_network
	serve_inside
	configure
	instead 'tls off'
	mkdir -p "$queue"
	chmod 700 "$queue"
	"${inside[@]}" mount -t tmpfs -o size=100m,mode=700 tmpfs "$queue"
	"${inside[@]}" sh -c 'head -c 110M /dev/zero >"$1/.filler" || :' - "$queue" 2>/dev/null
	fails queue 'is full'
	mend queue do
	"${inside[@]}" rm "$queue/.filler"
	well
}

# old_entry WORD...: an entry that has waited for a day; sets id.
old_entry() {
	mkdir -p "$queue"
	chmod 700 "${queue%/*}" "$queue"
	id=$("$PENNYPOST_BUILD/tests/lib/queue-put" "$queue" 1 account=default to=bob@example.net "$@")
}

@test "backlog: dead mail" {
	serve starttls
	configure
	old_entry state=dead
	warns backlog '1 dead'
	mend backlog command
	well
}

@test "runner: nobody runs the queue" {
	serve starttls
	configure
	old_entry
	printf '%s\n' '#!/bin/sh' "case \$1 in -l) cat $PWD/cronfile ;; -) cat >$PWD/cronfile ;; esac" >bin/crontab
	: >cronfile
	doctor
	[ "$status" -eq 0 ]
	jq -se 'any(.check == "runner" and .status == "warning")' said
	mend runner command
	doctor
	[ "$(jq -r 'select(.check == "runner").status' said)" = ok ]
}

@test "sendmail: a link that leads nowhere" {
	own_network
	serve_inside
	configure
	instead 'tls off'
	mkdir empty
	"${inside[@]}" mount --bind "$PWD/empty" /usr/sbin
	ln -s /opt/gone empty/sendmail
	warns sendmail 'leads nowhere'
	mend sendmail command
	well
}

@test "a doctor waits for nobody for long" {
	python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port 3>&- &
	relay_pid=$!
	within 10 test -s port
	relay_port=$(cat port)
	configure
	local begun=$SECONDS
	fails greeting 'time'
	[ $((SECONDS - begun)) -lt 15 ]
}
