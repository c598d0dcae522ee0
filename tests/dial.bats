#!/usr/bin/env bats
# Reaching the relay: addresses that race, commands, descriptors, proxies.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY XDG_STATE_HOME
	export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/xdg
	mkdir -p xdg/pennypost
	conf=xdg/pennypost/config
	echo 'hosts: files dns' >nsswitch.conf
	echo 'nameserver 127.0.0.1' >resolv.conf
	echo '127.0.0.1 localhost' >hosts
}

teardown() {
	relay_stop
	[ -z "${proxy_pid-}" ] || { kill "$proxy_pid" && wait "$proxy_pid"; } 2>/dev/null || :
}

# configure: the user's file, from standard input.
configure() {
	cat >$conf
	chmod 600 $conf
}

# send OPTION...: a small message.
send() {
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" -f ann@example.org "$@" bob@example.org
}

# fails STATUS TEXT COMMAND...: COMMAND exits with STATUS and says TEXT, and no secret.
fails() {
	local status_wanted=$1 text=$2
	shift 2
	run "$@"
	printf 'status %s: %s\n' "$status" "$output"
	[ "$status" -eq "$status_wanted" ]
	[[ $output == *"$text"* ]]
	[[ $output != *hunter2* ]]
}

need_netns() {
	"$ROOT/tests/lib/netns" "$BATS_TEST_TMPDIR" true 2>/dev/null || skip 'no network of its own'
}

# world SCRIPT: runs it in a network of its own (tests/lib/netns), with these functions.
world() {
	"$ROOT/tests/lib/netns" "$BATS_TEST_TMPDIR" bash -euc \
		"BATS_TEST_DIRNAME='$ROOT/tests'; . '$ROOT/tests/lib/common.bash'
		$(declare -f send); trap relay_stop EXIT; $1" 3>&-
}

# proxy_start OPTION...: starts tests/lib/proxy; sets proxy_port and proxy_pid.
proxy_start() {
	rm -f proxy.log
	"$ROOT/tests/lib/proxy" "$@" >proxy.log 2>proxy.errors 3>&- &
	proxy_pid=$!
	within 10 test -s proxy.log
	proxy_port=$(head -n 1 proxy.log)
}

# asked LINE: the proxy was asked for it last.
asked() {
	tail -n 1 proxy.log
	[ "$(tail -n 1 proxy.log)" = "$1" ]
}

@test "a black hole does not keep the next address waiting" {
	need_netns
	printf '%s relay.test\n' 2001:db8::7 192.0.2.7 127.0.0.1 >>hosts
	run world 'relay_start relay; send -v --relay "smtp://relay.test:$relay_port" --tls off'
	echo "$output"
	[ "$status" -eq 0 ]
	[ -e relay/1.message ]
	first=$(grep -n '^\* 2001:db8::7 has not answered within 250 ms: trying' <<<"$output")
	last=$(grep -n '^\* connected to 127.0.0.1$' <<<"$output")
	[ "${first%%:*}" -lt "${last%%:*}" ]
}

@test "an address that refuses is passed over at once" {
	need_netns
	printf '%s relay.test\n' ::1 127.0.0.9 127.0.0.1 >>hosts
	run world 'relay_start relay; send -v --relay "smtp://relay.test:$relay_port" --tls off'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'* connected to 127.0.0.1'* ]]
	[[ $output != *'has not answered'* ]]
}

@test "localhost is this machine, whoever says otherwise" {
	need_netns
	printf '%s\n' '198.51.100.1 localhost' '127.0.0.1 localhost' >hosts
	run world 'ip address add 198.51.100.1/24 dev lo
		relay_start there --bind 198.51.100.1 --port 2525
		there=$relay_pid
		send --relay smtp://localhost:2525 --syslog off || echo "first $?"
		relay_start here --port 2525
		send --relay smtp://localhost:2525 --syslog off
		kill $there'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'Connection refused'*'first 75'* ]]
	[ -e here/1.message ]
	[ ! -e there/1.message ]
}

@test "-4 and -6 leave the other family alone" {
	need_netns
	printf '%s relay.test\n' 2001:db8::7 127.0.0.1 >>hosts
	run world 'relay_start relay; send -v -4 --relay "smtp://relay.test:$relay_port" --tls off'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *2001:db8* ]]
	fails 75 'cannot connect: Connection timed out' world \
		'send -6 --timeout 1 --relay smtp://relay.test:25 --tls off'
	echo '127.0.0.1 four.test' >>hosts
	run world 'send -6 --relay smtp://four.test:25 --tls off'
	[[ $output == *'"four.test" has no IPv6 address'* ]] ||
		[[ $output == *'cannot look up "four.test" now'* ]]
	ln -s "$PENNYPOST" sendmail
	run ./sendmail -4 bob@example.org </dev/null
	[[ $output != *-4* ]]
}

@test "bind_interface and source_ip choose the way out" {
	need_netns
	run world 'relay_start relay
		send --relay "smtp://127.0.0.1:$relay_port" --bind-interface lo --source-ip 127.0.0.5,::1
		cat relay/1.envelope
		send --relay "smtp://127.0.0.1:$relay_port" --bind-interface hole --timeout 1 || echo "$?"'
	echo "$output"
	[ "$status" -eq 0 ]
	[ -e relay/1.message ]
	[ ! -e relay/2.message ]
	[ "${lines[-1]}" = 75 ]
	fails 75 'cannot connect: No such device; check bind_interface' world \
		'send --relay smtp://127.0.0.1 --bind-interface wlan77'
}

@test "a silent name server costs no more than the timeout" {
	need_netns
	echo 'nameserver 192.0.2.7' >resolv.conf
	fails 75 'cannot look up "relay.test" now: the name servers give no answer' world \
		'SECONDS=0; send --relay smtp://relay.test --timeout 1; code=$?
		[ "$SECONDS" -lt 4 ]; exit $code'
}

@test "a silent name server does not keep us from our own name" {
	need_netns
	printf '%s\n' 'nameserver 192.0.2.7' 'options timeout:30' >resolv.conf
	# shellcheck disable=SC2016
	run world 'relay_start relay; SECONDS=0; export PENNYPOST relay_port
		unshare --uts bash -c "hostname bare; printf \"Subject: hi\n\n\" |
			$PENNYPOST -f ann --relay smtp://127.0.0.1:$relay_port --tls off bob@example.org"
		[ "$SECONDS" -lt 25 ] || echo "took $SECONDS"; cat relay/1.envelope'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'from: <ann@bare>'* ]]
	[[ $output != *took* ]]
	echo '127.0.0.1 bare.example.org bare' >>hosts
	run world 'relay_start relay
		unshare --uts bash -c "hostname bare; printf \"Subject: hi\n\n\" |
			$PENNYPOST -f ann --relay smtp://127.0.0.1:$relay_port --tls off bob@example.org"
		cat relay/1.envelope'
	[[ $output == *'from: <ann@bare.example.org>'* ]]
}

@test "attempt_timeout covers what the relay takes its time for" {
	relay_start relay --hold held.file
	touch held.file
	SECONDS=0
	fails 75 'no clear answer to the end of data' \
		send --relay "smtp://127.0.0.1:$relay_port" --attempt-timeout 1
	[ "$SECONDS" -lt 20 ]
	rm held.file
}

@test "a command leads to the relay" {
	relay_start relay
	cat >link <<-'END'
		#!/bin/bash
		exec 9<>"/dev/tcp/$1/$2"
		echo "args: $* env: ${HIDDEN-}" >seen
		cat <&9 & cat >&9; kill $!
	END
	chmod +x link
	configure <<-END
		relay pipe:$PWD/link %h %p 'two words' "\$HOME;id"
		host 127.0.0.1
		port $relay_port
		tls off
	END
	HIDDEN=hunter2 run -0 send -v
	echo "$output"
	[ -e relay/1.message ]
	[[ $output == *'* connected to a command'* ]]
	[[ $output == *'> EHLO ['* ]] || [[ $output == *'> EHLO '*.* ]]
	[ "$(cat seen)" = "args: 127.0.0.1 $relay_port two words \$HOME;id env: " ]
}

@test "behind a command and a descriptor no secret goes in clear, and TLS wants a name" {
	relay_start relay --auth ann:hunter2
	configure <<-END
		relay pipe:bash -c "exec 9<>/dev/tcp/127.0.0.1/$relay_port; cat <&9 & cat >&9"
		user ann
		password hunter2
		tls off
		queue off
	END
	fails 77 'not protected by verified TLS' send
	run ! grep -r hunter2 relay
	sed -i '/^tls/d' $conf
	fails 78 'does not say what the relay is called' send
	echo 'host relay.test' >>$conf
	fails 76 'does not offer STARTTLS' send
}

@test "TLS goes through a command" {
	"$ROOT/tests/lib/ca" ca relay.test
	relay_start relay --tls --cert ca/server.pem --key ca/server.key --auth ann:hunter2
	configure <<-END
		relay pipe:bash -c "exec 9<>/dev/tcp/127.0.0.1/$relay_port; cat <&9 & cat >&9"
		host relay.test
		tls_starttls off
		tls_trust_file $PWD/ca/ca.pem
		user ann
		password hunter2
	END
	run -0 send
	[ -e relay/1.message ]
	sed -i 's/^host.*/host other.test/; $aqueue off' $conf
	fails 69 'other.test' send
}

@test "a command that cannot run or ends says so" {
	fails 78 'cannot run "/no/such": No such file or directory' \
		send --relay pipe:/no/such --host a.test --tls off
	fails 75 'the relay closed the connection' \
		send --relay pipe:true --host a.test --tls off
	fails 75 'the relay closed the connection; the command of pipe has ended with exit status 3' \
		send --relay "pipe:sh -c 'exit 3'" --host a.test --tls off
	fails 75 'has ended by signal 9' \
		send --relay "pipe:sh -c 'kill -9 \$\$'" --host a.test --tls off
	fails 64 'has a quote that is not closed' send --relay "pipe:a 'b"
}

@test "a descriptor is taken over, by pennypost alone" {
	relay_start relay
	exec 7<>"/dev/tcp/127.0.0.1/$relay_port"
	run -0 send --relay fd:7 --tls off
	exec 7>&-
	[ -e relay/1.message ]
	fails 78 'there is no descriptor 7' send --relay fd:7 --tls off
	exec 7</dev/null
	fails 78 'descriptor 7 is not a connected stream socket' send --relay fd:7 --tls off
	exec 7<>"/dev/tcp/127.0.0.1/$relay_port"
	ln -s "$PENNYPOST" sendmail
	printf '%s\n' 'relay fd:7' 'tls off' 'queue off' | configure
	run ./sendmail bob@example.org <<<'Subject: hi'
	echo "$output"
	exec 7>&-
	[[ $output == *'there is no descriptor 7'* ]]
	[ ! -e relay/2.message ]
}

@test "no option of sendmail's names a command, a descriptor or a proxy" {
	relay_start relay
	ln -s "$PENNYPOST" sendmail
	printf 'relay smtp://127.0.0.1:%s\n' "$relay_port" | configure
	for option in "--relay=pipe:touch $PWD/ran" --proxy=http://127.0.0.1:9 --relay=fd:7; do
		fails 64 'is not sendmail' ./sendmail "$option" bob@example.org </dev/null
	done
	[ ! -e ran ]
}

@test "SOCKS5 gets the name and looks nothing up here" {
	relay_start relay
	proxy_start
	run -0 send --relay "smtp://no-such-host.invalid:$relay_port" --tls off \
		--proxy "socks5://127.0.0.1:$proxy_port"
	asked "socks5 no-such-host.invalid $relay_port"
	[ -e relay/1.message ]
	run -0 send --relay "smtp://127.0.0.1:$relay_port" --tls off \
		--proxy-host 127.0.0.1 --proxy-port "$proxy_port"
	asked "socks5 127.0.0.1 $relay_port"
	run -0 send --relay "smtp://[2001:db8::1]:$relay_port" --tls off \
		--proxy-host localhost --proxy-port "$proxy_port"
	asked "socks5 2001:db8::1 $relay_port"
	run -0 send --relay "smtp://bücher.example:$relay_port" --tls off \
		--proxy-host localhost --proxy-port "$proxy_port"
	asked "socks5 xn--bcher-kva.example $relay_port"
}

@test "HTTP connects, and what follows its answer is the relay's" {
	relay_start relay
	proxy_start
	run -0 send --relay "smtp://relay.invalid:$relay_port" --tls off \
		--proxy "http://127.0.0.1:$proxy_port"
	asked "http relay.invalid $relay_port"
	run -0 send --relay "smtp://[::1]:$relay_port" --tls off \
		--proxy "http://127.0.0.1:$proxy_port"
	asked "http [::1] $relay_port"
	[ -e relay/2.message ]
}

@test "answers may come byte by byte" {
	relay_start relay
	proxy_start --drip --login ann:hunter2
	echo hunter2 >secret
	chmod 600 secret
	for kind in socks5 http; do
		run -0 send --relay "smtp://relay.invalid:$relay_port" --tls off \
			--proxy "$kind://ann@127.0.0.1:$proxy_port" --proxy-password-file secret
		asked "$kind relay.invalid $relay_port login"
	done
}

@test "a login at the proxy: from a command, refused, missing" {
	relay_start relay
	proxy_start --login ann:hunter2
	for kind in socks5 http; do
		run -0 send --relay "smtp://relay.invalid:$relay_port" --tls off -v \
			--proxy "$kind://ann@127.0.0.1:$proxy_port" \
			--proxy-passwordeval 'echo hunter2'
		asked "$kind relay.invalid $relay_port login"
		[[ $output != *hunter2* && $output != *aHVudGVyMg* ]]
		fails 77 "the proxy 127.0.0.1:$proxy_port: it refuses the login" \
			send --relay "smtp://relay.invalid:$relay_port" --tls off \
			--proxy "$kind://ann@127.0.0.1:$proxy_port" --proxy-passwordeval 'echo no'
		fails 77 "it wants a login: put a user into its URL" \
			send --relay "smtp://relay.invalid:$relay_port" --tls off \
			--proxy "$kind://127.0.0.1:$proxy_port"
		fails 78 'its user has no password' \
			send --relay "smtp://relay.invalid:$relay_port" --tls off \
			--proxy "$kind://ann@127.0.0.1:$proxy_port"
	done
}

@test "the proxy's password stays here, and goes to no proxy of the command line" {
	need_netns
	cat >script <<-'END'
		ip address add 198.51.100.1/24 dev lo
		sed 's/"127.0.0.1", 0/"198.51.100.1", 0/' "$ROOT/tests/lib/proxy" >proxy.py
		python3 proxy.py --login ann:hunter2 >proxy.log 2>&1 &
		within 10 test -s proxy.log
		port=$(head -n 1 proxy.log)
		relay_start relay
		set -- --relay "smtp://relay.invalid:$relay_port" --tls off \
			--proxy "socks5://ann@198.51.100.1:$port" --proxy-passwordeval 'echo hunter2'
		send "$@" || echo "first $?"
		send "$@" --proxy-cleartext || echo "second $?"
		kill %1
	END
	run world '. ./script'
	echo "$output"
	[[ $output == *'its password would cross the network in clear'*'first 78'* ]]
	[[ $output != *second* ]]
	[ -e relay/1.message ]
	relay_start relay2
	proxy_start
	printf '%s\n' 'account a' "relay smtp://relay.invalid:$relay_port" 'tls off' \
		'proxy socks5://ann@127.0.0.1:9' 'proxy_passwordeval echo hunter2; touch asked' |
		configure
	fails 78 'its user has no password' \
		send -a a --proxy "socks5://ann@127.0.0.1:$proxy_port"
	[ ! -e asked ]
}

@test "a proxy that fails is named, and what it says is escaped" {
	fails 75 'the proxy 127.0.0.1:1: cannot connect: Connection refused; is it running' \
		send --relay smtp://relay.invalid --tls off --proxy socks5://127.0.0.1:1
	proxy_start
	fails 75 "the proxy 127.0.0.1:$proxy_port: it cannot connect to relay.invalid port 1: the connection was refused" \
		send --relay smtp://relay.invalid:1 --tls off --proxy "socks5://127.0.0.1:$proxy_port"
	fails 75 'port 1: 502 Bad Gateway' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "http://127.0.0.1:$proxy_port"
	kill "$proxy_pid"
	proxy_start --answer 'HTTP/1.1 403 \x1b[31mNo\r\n\r\n'
	fails 77 'port 1: 403 \x1B[31mNo' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "http://127.0.0.1:$proxy_port"
	kill "$proxy_pid"
	proxy_start --answer 'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n'
	fails 77 'port 1: 403 No' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "http://127.0.0.1:$proxy_port"
	kill "$proxy_pid"
	proxy_start --answer '220 mail.example.org ESMTP\r\n'
	fails 76 'what answers there is no SOCKS5 proxy' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "socks5://127.0.0.1:$proxy_port"
	fails 76 'what answers there is no HTTP proxy' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "http://127.0.0.1:$proxy_port"
	kill "$proxy_pid"
	proxy_start --answer '\x05\x02'
	fails 77 'its rules do not allow that' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "socks5://127.0.0.1:$proxy_port"
	kill "$proxy_pid"
	proxy_start --answer '\x05'
	fails 75 'the connection was closed instead of an answer' \
		send --relay smtp://relay.invalid:1 --tls off --proxy "socks5://127.0.0.1:$proxy_port"
}

@test "behind a proxy localhost is not this machine" {
	relay_start relay --auth ann:hunter2
	proxy_start
	configure <<-END
		relay smtp://ann@127.0.0.1:$relay_port
		proxy socks5://127.0.0.1:$proxy_port
		password hunter2
		queue off
	END
	fails 76 'does not offer STARTTLS' send
	echo 'tls off' >>$conf
	fails 77 'not protected by verified TLS' send
	run ! grep -rq hunter2 relay
	echo 'proxy off' >>$conf
	run -0 send
}

@test "TLS through a proxy knows the relay by its name" {
	"$ROOT/tests/lib/ca" ca relay.invalid
	relay_start relay --tls --cert ca/server.pem --key ca/server.key
	for kind in socks5 http; do
		proxy_start
		run -0 send --relay "submissions://relay.invalid:$relay_port" \
			--tls-trust-file ca/ca.pem --proxy "$kind://127.0.0.1:$proxy_port"
		kill "$proxy_pid"
	done
	[ -e relay/2.message ]
}

# used N: message N arrived there.
used() {
	[ -e "$1/$2.message" ]
}

@test "the next relay is taken where one is dead, and the dead one is remembered" {
	relay_start second
	configure <<-END
		relay smtp://127.0.0.1:1 smtp://127.0.0.1:$relay_port
		tls off
		logfile $PWD/log
	END
	run -0 send -v
	echo "$output"
	[[ $output == *'* 127.0.0.1:1: cannot connect: Connection refused'*'; trying the next relay'* ]]
	used second 1
	grep -q "127.0.0.1:1: cannot connect.*trying the next relay" log
	grep -q "relay=127.0.0.1:$relay_port .*status=sent" log
	grep -q ' 127.0.0.1:1$' .local/state/pennypost/outages
	[ "$(stat -c %a .local/state/pennypost/outages)" = 600 ]
	run -0 send -v
	used second 2
	[[ $output != *'127.0.0.1:1:'* ]]
	# Only the order: when the other is dead, it is tried all the same.
	relay_stop
	fails 75 "127.0.0.1:$relay_port: cannot connect: Connection refused" send --queue=off
	[[ $output == *'; 127.0.0.1:1: cannot connect'* ]]
}

@test "a home that cannot be written, and a memory that is damaged or another's, do no harm" {
	relay_start second
	configure <<-END
		relay smtp://127.0.0.1:1 smtp://127.0.0.1:$relay_port
		tls off
	END
	mkdir -p .local/state/pennypost
	printf '99999999999 127.0.0.1:%s\nrubbish\0\n' "$relay_port" >.local/state/pennypost/outages
	run -0 send -v
	[[ $output == *'127.0.0.1:1: cannot connect'* ]]
	rm -r .local
	ln -s /dev/null .local
	run -0 send
	rm .local
	mkdir -p .local/state/pennypost
	chown 12345 .local/state/pennypost
	run -0 send
	[ ! -e .local/state/pennypost/outages ]
	used second 3
}

@test "a relay that has no time now is followed by the next" {
	relay_start second
	python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"421 4.3.2 busy\r\n")
    c.close()' >busy.port 3>&- &
	proxy_pid=$!
	within 10 test -s busy.port
	configure <<-END
		relay smtp://127.0.0.1:$(cat busy.port) smtp://127.0.0.1:$relay_port
		tls off
	END
	run -0 send -v
	echo "$output"
	[[ $output == *'421 4.3.2 busy; trying the next relay'* ]]
	used second 1
}

@test "a relay that is not who it should be is followed by the next" {
	"$ROOT/tests/lib/ca" ca relay.test
	relay_start false --tls --cert ca/server.pem --key ca/server.key
	proxy_pid=$relay_pid
	false=$relay_port
	relay_start second
	configure <<-END
		relay submissions://localhost:$false smtp://127.0.0.1:$relay_port
		tls_trust_file $PWD/ca/ca.pem
	END
	run -0 send -v
	echo "$output"
	[[ $output == *'does not prove that this is localhost'*'; trying the next relay'* ]]
	used second 1
}

@test "a refused login or message leads to no other relay" {
	relay_start first --auth ann:other
	one=$relay_pid
	first=$relay_port
	relay_start second
	configure <<-END
		relay smtp://127.0.0.1:$first smtp://127.0.0.1:$relay_port
		tls off
		user ann
		password hunter2
		queue off
	END
	fails 77 "pennypost: 127.0.0.1:$first: the relay refused" send
	fails 77 '535' "$PENNYPOST" --verify-address bob@example.org
	sed -i '/^user/d; /^password/d' $conf
	kill "$one"
	relay_stop
	relay_start third --refuse bob@example.org
	one=$relay_pid
	first=$relay_port
	relay_start fourth
	sed -i "s|^relay.*|relay smtp://127.0.0.1:$first smtp://127.0.0.1:$relay_port|" $conf
	fails 67 '550' send
	kill "$one"
	run ! used second 1
	run ! used fourth 1
}

@test "what the relays of a list demand is checked, and the command line replaces all" {
	configure <<<'relay smtp://a.test submissions://b.test nonsense://c.test'
	fails 78 '/config:1: relay: relay URL "nonsense://c.test" does not begin' send
	configure <<-END
		relay smtp://a.test submissions://b.test
		tls off
	END
	fails 78 'tls off contradicts the relay submissions://' send
	relay_start relay
	configure <<<'relay smtp://a.test:1 smtp://b.test:1'
	run -0 send --relay "smtp://127.0.0.1:$relay_port"
	run -0 send --dry-run --relay 'submissions://a.test smtp://b.test'
	[[ $output == *'relay: a.test:465, TLS'*$'\nrelay: b.test:25, STARTTLS'* ]]
}

@test "the queue remembers and fails over, too" {
	relay_start second
	configure <<-END
		relay smtp://127.0.0.1:1 smtp://127.0.0.1:$relay_port
		tls off
		delivery queue
		runner off
	END
	run -0 send
	run -0 "$PENNYPOST" -q
	used second 1
	grep -q ' 127.0.0.1:1$' .local/state/pennypost/outages
}

# srv SCRIPT: runs it in a world with the records of the file `records`, and two relays whose
# certificates are for mail.example.org: TLS from the first byte on port 2465, STARTTLS on 2587.
srv() {
	need_netns
	[ -d ca ] || "$ROOT/tests/lib/ca" ca "${certificate:-mail.example.org}"
	printf '%s\n' 'hosts: dns' >nsswitch.conf
	rm -f dns.log
	run world "PYTHONUNBUFFERED=1 '$ROOT/tests/lib/dns' records >dns.log 2>&1 & dns=\$!
		relay_start tls --tls --port 2465 --cert ca/server.pem --key ca/server.key
		first=\$relay_pid
		relay_start starttls --starttls --port 2587 --cert ca/server.pem --key ca/server.key
		trap 'kill \$dns \$first; relay_stop' EXIT
		within 10 test -s dns.log
		try() { send --tls-trust-file ca/ca.pem --attempt-timeout 20 \"\$@\"; }
		$1"
	echo "status $status: $output"
}

@test "SRV: priority comes first, then submissions" {
	cat >records <<-END
		_submissions._tcp.example.org SRV 1 0 2465 mail.example.org
		_submission._tcp.example.org SRV 1 0 2587 mail.example.org
		mail.example.org A 127.0.0.1
	END
	srv 'try --relay srv://example.org
		sed -i "s/SRV 1 0 2587/SRV 0 0 2587/" records
		try --relay srv://example.org'
	[ "$status" -eq 0 ]
	used tls 1
	used starttls 1
	[ "$(grep -c SRV dns.log)" -eq 4 ]
}

@test "SRV: a dead target is followed by the next, and remembered" {
	cat >records <<-END
		_submissions._tcp.example.org SRV 0 0 1 mail.example.org
		_submissions._tcp.example.org SRV 1 0 2465 mail.example.org
		mail.example.org A 127.0.0.1
	END
	srv 'try -v --relay srv://example.org; echo again; try -v --relay srv://example.org'
	[ "$status" -eq 0 ]
	[[ $output == *'mail.example.org:1: cannot connect'*'trying the next relay'*again* ]]
	[[ ${output#*again} != *'mail.example.org:1:'* ]]
	used tls 2
}

@test "SRV: a service that is not offered, none at all, a resolver in trouble" {
	cat >records <<-END
		_submissions._tcp.no.example SRV 0 0 0 .
		_submission._tcp.no.example SRV 0 0 0 .
		none.example A 127.0.0.1
		_submissions._tcp.half.example SRV 0 0 0 .
		_submission._tcp.half.example SRV 0 0 2587 mail.half.example
		mail.half.example A 127.0.0.1
		_submissions._tcp.bad.example SERVFAIL
		_submission._tcp.bad.example SERVFAIL
		_submissions._tcp.junk.example GARBAGE
		_submission._tcp.junk.example GARBAGE
		_submissions._tcp.mute.example SILENT
		_submission._tcp.mute.example SILENT
		_submissions._tcp.stall.example STALL
		_submission._tcp.stall.example STALL
	END
	certificate=mail.half.example srv 'try --relay srv://half.example
		for name in no none bad junk; do
			try --relay srv://$name.example || echo "$name $?"
		done
		try --attempt-timeout 1 --relay srv://mute.example || echo "mute $?"
		timeout 30 "$PENNYPOST" --relay srv://stall.example --timeout 1 --queue off --syslog off \
			-f ann@example.org bob@example.org </dev/null || echo "stall $?"'
	used starttls 1
	[[ $output == *'"no.example" says that it offers no submission'*$'\nno 68'* ]]
	[[ $output == *'"none.example" has no SRV record'*$'\nnone 68'* ]]
	[[ $output == *'of "bad.example" now'*$'\nbad 75'* ]]
	[[ $output == *'of "junk.example" now'*$'\njunk 75'* ]]
	[[ $output == *'of "mute.example" now'*$'\nmute 75'* ]]
	[[ $output == *'of "stall.example" now'*$'\nstall 75'* ]]
}

@test "SRV: a target elsewhere must prove to be the domain, or who we say it is" {
	cat >records <<-END
		_submissions._tcp.example.net SRV 0 0 2465 mail.example.org
		mail.example.org A 127.0.0.1
	END
	srv 'try --relay srv://ann@example.net --auth off || echo "unproven $?"
		try --relay srv://example.net --tls-host-override mail.example.org'
	[ "$status" -eq 0 ]
	[[ $output == *'does not prove that this is example.net'*$'\nunproven 69'* ]]
	used tls 1
	run ! used tls 2
	rm -r ca
	certificate=example.net srv 'try --relay srv://example.net'
	[ "$status" -eq 0 ]
}

@test "SRV: TLS cannot be turned off" {
	fails 78 'tls off contradicts the relay srv://' send --relay srv://example.org --tls off
}
