#!/usr/bin/env bats
# What becomes of a message while its caller waits: sent, queued, refused, some of each; and where it
# must not be queued. What a runner does with it is another matter: there is none here, but where a
# test asks for it.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home
	unset XDG_CONFIG_HOME XDG_STATE_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p home/.config/pennypost
	for name in sendmail pennypost msmtp; do
		ln -s "$PENNYPOST" "$name"
	done
	printf '%s\n' 'From: Ann <ann@example.org>' 'To: to@example.net' 'Subject: hi' \
		'Date: Mon, 01 Jan 2024 00:00:00 +0000' 'Message-ID: <1@example.org>' '' 'hello' >message
	queue=$HOME/.local/state/pennypost/queue
	outside=
}

teardown() {
	relay_stop
	[ -z "${silent-}" ] || kill "$silent" 2>/dev/null || :
	[ -z "$outside" ] || rm -rf "$outside"
}

# configure LINE...: an account whose relay is away, and these lines.
configure() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port ${relay_port:-1}" 'tls off' \
		'domain example.org' 'from ann@example.org' "logfile $PWD/log" 'syslog off' 'runner off' \
		"$@" >home/.config/pennypost/config
	chmod 600 home/.config/pennypost/config
}

# serve OPTION...: a relay, and a configuration that leads to it.
serve() {
	relay_start relay --plain "$@"
	configure
}

# send CODE COMMAND...: gives the message to COMMAND, which must exit with CODE and write nothing to
# standard output; sets stderr.
send() {
	local code=$1
	shift
	run --separate-stderr "$@" <message
	echo "exit $status, not $code: $*" "$stderr"
	[ "$status" -eq "$code" ]
	[ -z "$output" ]
}

# queued: how many entries there are.
queued() {
	find "$queue" -name '*.msg' -o -name '*.end' 2>/dev/null | wc -l
}

nothing_queued() {
	[ "$(queued)" -eq 0 ]
}

# entry: the only entry.
entry() {
	[ "$(queued)" -eq 1 ]
	find "$queue" -name '*.msg' -o -name '*.end'
}

# sent: how many messages arrived.
sent() {
	find relay -name '*.message' | wc -l
}

# says PATTERN...: the lines of standard error, all of them.
says() {
	local line=0
	for pattern; do
		[[ ${stderr_lines[line]} == $pattern ]] || { echo "no match: $pattern"; return 1; }
		line=$((line + 1))
	done
	[ "${#stderr_lines[@]}" -eq "$line" ]
}

@test "what is sent leaves nothing behind" {
	serve
	send 0 ./pennypost a@example.net
	[ -z "$stderr" ]
	[ "$(sent)" -eq 1 ]
	[ ! -e "$HOME/.local" ]
}

@test "a relay that is away: queued, and it says so in one line" {
	configure
	send 0 ./pennypost a@example.net b@example.net
	says 'pennypost: queued as ?????*: 127.0.0.1:1: cannot connect: *'
	grep -qx 'to 13:a@example.net' "$(entry)"
	grep -qx 'to 13:b@example.net' "$(entry)"
	grep -qx 'account 7:default' "$(entry)"
	grep -qx 'attempts 1:1' "$(entry)"
	run ! grep -q '^config' "$(entry)"
	tail -n 2 "$(entry)" | cmp - <(printf '\nhello\n')
	local id=$(basename "$(entry)" .msg)
	[[ $stderr == *"queued as $id: "* ]]
	[ "$(grep -c 'to=<.*status=deferred: ' log)" -eq 2 ]
	[ "$(grep -c "queue-id=$id from=<ann@example.org> to=<.@example.net> account=default .*status=queued" log)" -eq 2 ]
	[ "$(stat -c %a "$queue")" = 700 ]
	[ "$(stat -c %a "$(entry)")" = 600 ]
}

@test "a name that does not resolve for now is queued, one that does not exist under sendmail alone" {
	configure 'host relay.invalid'
	send 68 ./pennypost a@example.net
	says 'pennypost: *relay.invalid*; not queued'
	[ "$(queued)" -eq 0 ]
	send 0 ./sendmail a@example.net
	says 'sendmail: queued as *relay.invalid*'
	[ "$(queued)" -eq 1 ]
}

@test "sent, deferred and refused: a line each, the code of the refusal, and only the deferred queued" {
	serve --refuse bob@example.net --defer eve@example.net
	send 67 ./sendmail ann@example.net bob@example.net eve@example.net
	says 'sendmail: <ann@example.net> sent' \
		'sendmail: <bob@example.net> refused: 550 5.1.1 *' \
		'sendmail: <eve@example.net> queued as *: 451 4.2.1 try again later'
	[ "$(sent)" -eq 1 ]
	[ "$(grep -c '^to ' "$(entry)")" -eq 1 ]
	grep -qx 'to 15:eve@example.net' "$(entry)"
}

@test "sent and deferred: exit status 0, and a line each" {
	serve --defer eve@example.net
	send 0 ./pennypost ann@example.net eve@example.net
	says 'pennypost: <ann@example.net> sent' 'pennypost: <eve@example.net> queued as *: 451 *'
	[ "$(queued)" -eq 1 ]
}

@test "all refused: nothing is queued" {
	serve --refuse bob@example.net
	send 67 ./sendmail bob@example.net
	says 'sendmail: <bob@example.net> refused: 550 *'
	[ ! -e "$HOME/.local" ]
}

@test "refused and deferred, with nowhere to queue: 75, because the caller must come again" {
	serve --refuse bob@example.net --defer eve@example.net
	configure 'queue off'
	send 75 ./sendmail bob@example.net eve@example.net
	says 'sendmail: <bob@example.net> refused: 550 *' 'sendmail: <eve@example.net> deferred: 451 *'
	[ ! -e "$HOME/.local" ]
}

@test "queue: only queued, though the relay is there" {
	serve
	for words in -odq -odd '-O DeliveryMode=q' -ODeliveryMode=defer -bq; do
		rm -rf "$queue"
		send 0 ./sendmail $words a@example.net
		[ -z "$stderr" ]
		[ "$(queued)" -eq 1 ]
		run ! grep -q '^attempts [0-9]*:[1-9]' "$(entry)"
	done
	send 0 ./pennypost --delivery queue a@example.net
	says 'pennypost: queued as ????????????'
	send 0 ./pennypost --delivery=queue a@example.net
	[ "$(queued)" -eq 3 ]
	configure 'delivery queue'
	send 0 ./pennypost a@example.net
	[ "$(queued)" -eq 4 ]
	[ ! -e relay/relay.log ] || run ! grep -q MAIL relay/relay.log
	send 0 ./sendmail -odi a@example.net # the command line beats the configuration
	[ "$(sent)" -eq 1 ]
}

@test "background: queued before exit status 0" {
	serve
	send 0 ./sendmail -odb a@example.net
	[ -z "$stderr" ]
	[ "$(queued)" -eq 1 ]
	[ "$(sent)" -eq 0 ]
	configure 'delivery background'
	send 0 ./pennypost a@example.net
	says 'pennypost: queued as ????????????'
	[ "$(queued)" -eq 2 ]
	send 0 ./sendmail a@example.net
	[ -z "$stderr" ]
	send 0 ./sendmail -v a@example.net
	says 'sendmail: queued as ????????????'
}

@test "background: a runner takes it from there, and standard error is not held open" {
	serve
	configure 'runner on'
	local start=$SECONDS
	run --separate-stderr ./sendmail -odb a@example.net <message
	[ "$status" -eq 0 ]
	[ $((SECONDS - start)) -lt 5 ]
	within 10 test -e relay/1.message
	within 10 nothing_queued
	configure "queue_dir $PWD/other" 'runner on'
	send 0 ./pennypost -C home/.config/pennypost/config --delivery background a@example.net
	within 10 test -e relay/2.message
}

@test "an interactive message that is deferred wakes a runner" {
	serve --defer eve@example.net
	configure 'runner on'
	./sendmail -odq a@example.net <message 2>errors
	[ "$(queued)" -eq 1 ]
	send 0 ./sendmail eve@example.net
	within 10 test -e relay/1.message
	grep -q '^to: <a@example.net>' relay/1.envelope
	stop_runner
}

@test "a message that is sent wakes a runner for those that wait, once a minute" {
	serve
	./sendmail -odq a@example.net <message 2>errors
	configure 'runner off'
	send 0 ./sendmail b@example.net
	configure 'runner on'
	touch "$queue/lock" # as when one was woken just now
	send 0 ./sendmail b@example.net
	sleep 0.5
	[ "$(queued)" -eq 1 ]
	touch -d '2 minutes ago' "$queue/lock"
	send 0 ./sendmail b@example.net
	within 10 nothing_queued
	[ "$(sent)" -eq 4 ]
}

# stop_runner: ends the one that waits behind a submission.
stop_runner() {
	local pid
	for pid in $(pgrep -x sendmail; pgrep -x pennypost); do
		grep -qz "^HOME=$HOME\$" "/proc/$pid/environ" 2>/dev/null && kill "$pid"
	done
	return 0
}

@test "background with nowhere to queue is interactive, and says so" {
	serve
	configure "queue_dir $PWD/message/queue"
	send 0 ./sendmail -odb a@example.net
	says 'sendmail: not sent in the background: *'
	[ "$(sent)" -eq 1 ]
	grep -q 'not sent in the background: ' log
	configure "queue off"
	send 0 ./sendmail -odb a@example.net
	[ -z "$stderr" ]
	[ "$(sent)" -eq 2 ]
	relay_stop
	configure "queue_dir $PWD/message/queue"
	send 75 ./sendmail -odb a@example.net
	says 'sendmail: not sent in the background: *' 'sendmail: 127.0.0.1:*: cannot connect: *'
}

@test "queue with nowhere to queue: 75 with the reason, and nothing is sent" {
	serve
	configure 'queue off'
	send 75 ./sendmail -odq a@example.net
	says 'sendmail: not queued: the queue is off'
	configure "queue_dir $PWD/message/queue"
	send 75 ./sendmail -odq a@example.net
	says 'sendmail: not queued: *message/queue*'
	[ "$(sent)" -eq 0 ]
}

@test "a queue of somebody else, a link or an open one is refused, with the command that mends it" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	configure
	mkdir -p "$queue"
	chmod 700 "$queue"
	chown 12345 "$queue"
	send 75 ./sendmail a@example.net
	says "sendmail: 127.0.0.1:1: cannot connect: *; not queued: *$queue*belongs to user 12345*mv *"
	chown 0 "$queue"
	chmod 755 "$queue"
	send 75 ./sendmail a@example.net
	says "*; not queued: *$queue*chmod 700 *"
	rmdir "$queue"
	mkdir -m 700 real
	ln -s "$PWD/real" "$queue"
	send 75 ./sendmail a@example.net
	says "*; not queued: *$queue*is a link*"
	[ -z "$(ls real)" ]
}

# as_stranger COMMAND...: as a user whom passwd does not know, in a directory that he can reach.
as_stranger() {
	[ -n "$outside" ] || outside=$(mktemp -d)
	chmod 755 "$outside"
	cp -L "$PENNYPOST" "$outside/pennypost"
	ln -sf pennypost "$outside/sendmail"
	(cd "$outside" && exec setpriv --reuid 12345 --clear-groups "$@")
}

# as_stranger_without_spool COMMAND...: the same, where the system has no spool, whatever it has.
as_stranger_without_spool() {
	as_stranger true
	(cd "$outside" && exec unshare "${mounts[@]}" sh -ec '
		mount -t tmpfs -o mode=755 tmpfs /var/spool
		trap "umount -l /var/spool" EXIT
		setpriv --reuid 12345 --clear-groups "$@"' sh "$@")
}

@test "a state directory that cannot be written, and none for the system: 75" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	command -v setpriv || skip 'no setpriv'
	own_mounts || skip 'no mount namespaces here'
	outside=$(mktemp -d)
	mkdir "$outside/home" "$outside/home/.local"
	chown 12345 "$outside/home"
	export PENNYPOST_RELAY=smtp://127.0.0.1:1 HOME=$outside/home
	send 75 as_stranger_without_spool ./sendmail a@example.net
	says '*cannot connect: *; not queued: *cannot make the queue *Permission denied*'
	chown 0 "$outside/home" # as of www-data, whose home is the web's
	send 75 as_stranger_without_spool ./sendmail a@example.net
	says '*cannot connect: *; not queued: *as root, install -d -m 1733 /var/spool/pennypost*'
	unset HOME
	send 75 as_stranger_without_spool ./sendmail -odq a@example.net
	says 'sendmail: not queued: *as root, install -d -m 1733 /var/spool/pennypost*'
}

@test "without a home of one's own, queue_dir says where" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	command -v setpriv || skip 'no setpriv'
	outside=$(mktemp -d)
	install -d -m 700 -o 12345 "$outside/queue"
	printf '%s\n' 'relay smtp://127.0.0.1:1' 'syslog off' 'runner off' 'domain example.org' \
		"queue_dir $outside/queue" >"$outside/config"
	unset HOME
	send 0 as_stranger ./pennypost -C config a@example.net
	queue=$outside/queue
	[ "$(stat -c %u "$(entry)")" = 12345 ]
	grep -q "^config [0-9]*:$outside/config\$" "$(entry)"
	chown 0 "$outside/queue"
	send 75 as_stranger ./pennypost -C config a@example.net
	says "*cannot use the queue $outside/queue: it belongs to user 0: mv *"
}

@test "the system's spool takes those without a home" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	need_world
	mkdir share
	cp -L "$PENNYPOST" share/sendmail
	run "$ROOT/tests/lib/world" "$PWD/share" -- /bin/sh -c "
		cd '$PWD/share'
		install -d -m 1733 /var/spool/pennypost
		export PENNYPOST_RELAY=smtp://127.0.0.1:1
		unset HOME
		printf 'Subject: x\n\nx\n' | setpriv --reuid 33 --clear-groups ./sendmail -v -odq a@example.net &&
		ls -ln /var/spool/pennypost/33"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'queued as '*' 33 '*.msg ]]
}

@test "what options made or changed is not queued, unless they only shape the message" {
	configure
	send 75 ./pennypost --host 127.0.0.1 --port 1 --tls off --syslog off --domain example.org a@example.net
	says '*cannot connect: *; not queued: nobody could send it later, because "host" was said on the command line alone'
	send 75 ./pennypost --timeout 5 a@example.net
	says '*; not queued: *"timeout"*'
	send 75 ./pennypost -a default --delivery queue --port 2 a@example.net
	says 'pennypost: not queued: *"port"*'
	[ ! -e "$HOME/.local" ]
	send 0 ./pennypost -a default -f x@example.org -F 'Ann Other' -N failure -R hdrs -V 1 \
		--set-date-header off --undisclosed-recipients --logfile other a@example.net
	[ "$(queued)" -eq 1 ]
}

@test "an account of the environment is queued under its name" {
	export PENNYPOST_RELAY=smtp://127.0.0.1:1
	send 0 ./sendmail a@example.net
	grep -qx 'account 11:environment' "$(entry)"
}

@test "-C is kept as an absolute path without links" {
	configure
	mkdir sub
	mv home/.config/pennypost/config sub/config
	ln -s sub/config link
	send 0 ./pennypost -C link a@example.net
	grep -q "^config [0-9]*:$(realpath sub/config)\$" "$(entry)"
}

@test "a password that only a person knows is no reason to queue, one in netrc is none against it" {
	command -v script || skip 'no script(1)'
	configure 'auth on' 'user joe'
	typed() {
		script -qec "./pennypost a@example.net" /dev/null <message
	}
	run typed
	echo "$output"
	[ "$status" -eq 75 ]
	[[ $output == *'not queued: nobody could send it later, because the password is typed'* ]]
	printf 'machine 127.0.0.1 login joe password secret\n' >"$HOME/.netrc"
	chmod 600 "$HOME/.netrc"
	run typed
	echo "$output"
	[ "$status" -eq 0 ]
	run ! grep -r secret "$queue"
}

@test "--at and --hold queue for later, and say when" {
	serve
	TZ=UTC0 send 0 ./pennypost --at 2999-12-24T18:00:00Z a@example.net
	says 'pennypost: queued as *, to be sent at Tue, 24 Dec 2999 18:00:00 +0000'
	grep -qx 'release 11:32503053600' "$(entry)"
	send 0 ./pennypost --hold 2h a@example.net
	says 'pennypost: queued as *, to be sent at *'
	send 0 ./pennypost --at 'tomorrow 08:00' a@example.net
	[ "$(queued)" -eq 3 ]
	[ "$(sent)" -eq 0 ]
	send 64 ./pennypost --at yesterday a@example.net
	send 64 ./pennypost --at '2020-01-01 08:00' a@example.net
	send 75 ./pennypost --queue off --hold 2h a@example.net
	says 'pennypost: not queued: the queue is off'
}

@test "wishes are kept, and a hold becomes the queue's" {
	configure 'dsn_notify failure,delay'
	send 0 ./pennypost --hold-for 3600 --deliver-by 7200,N -R hdrs -V 'my id' --submitter joe@example.org \
		--require-tls a@example.net
	run ! grep -qi '^hold' "$(entry)"
	grep -q '^release 10:' "$(entry)"
	grep -a -q '7200' "$(entry)"
	grep -a -q 'my id' "$(entry)"
	grep -a -q 'joe@example.org' "$(entry)"
}

@test "a batch queues what is deferred, one line a message" {
	serve --refuse bob@example.net --defer eve@example.net
	for to in ann eve bob; do
		printf 'From me@example.org Mon Nov 23 09:04:05 2026\nTo: %s@example.net\n\nhi\n\n' "$to"
	done >box
	run --separate-stderr ./pennypost --batch -t box
	echo "$stderr"
	[ "$status" -eq 67 ]
	says 'pennypost: box: message 2: <eve@example.net> queued as *: 451 *' \
		'pennypost: box: message 3: <bob@example.net> refused: 550 *'
	[ "$(sent)" -eq 1 ]
	[ "$(queued)" -eq 1 ]
	run --separate-stderr ./pennypost --batch --delivery queue -t box
	[ "$status" -eq 0 ]
	[ "$(queued)" -eq 4 ]
	[ "${#stderr_lines[@]}" -eq 3 ]
}

@test "callers: cronie, RT, Emacs and Alpine, with the relay there and away" {
	serve
	send 0 ./sendmail -FCronDaemon -i -odi -oem -oi -t -f root
	[ "$(sent)" -eq 1 ]
	[ -z "$stderr" ]
	send 0 ./sendmail -oi -ODeliveryMode=b -OErrorMode=m -t
	[ "$(queued)" -eq 1 ]
	send 0 ./sendmail -oi -f ann@example.org -oem -odb -t
	[ "$(queued)" -eq 2 ]
	relay_stop
	send 0 ./sendmail -FCronDaemon -i -odi -oem -oi -t -f root
	says 'sendmail: queued as *: 127.0.0.1:*: cannot connect: *'
	[ "$(queued)" -eq 3 ]
}

@test "killed in the middle of an attempt: no exit status 0, and nothing is left" {
	configure
	python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
held = []
while True:
    held.append(s.accept())
    open("accepted", "a").write("one\n")' >port &
	silent=$!
	within 10 test -s port
	relay_port=$(cat port) configure
	local met=0
	for signal in TERM INT HUP; do
		# A shell has its background ignore SIGINT, and nohup(1) all of them SIGHUP.
		env --default-signal=INT,HUP,TERM ./sendmail a@example.net <message 2>errors &
		local pid=$! code=0
		met=$((met + 1))
		within 20 bash -c '[ "$(cat accepted 2>/dev/null | wc -l)" -eq "$1" ]' - "$met"
		kill -$signal "$pid"
		wait "$pid" || code=$?
		[ "$code" -eq $((128 + $(kill -l $signal))) ]
	done
	[ ! -e "$HOME/.local" ]
}

@test "a message that does not come to an account is not queued" {
	echo 'nonsense' >home/.config/pennypost/config
	send 78 ./sendmail a@example.net
	rm home/.config/pennypost/config
	send 78 ./sendmail a@example.net
	[ ! -e "$HOME/.local" ]
}

@test "a full disk: the caller is told, and nothing is left" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	need_world
	mkdir share
	cp -L "$PENNYPOST" share/sendmail
	run "$ROOT/tests/lib/world" "$PWD/share" -- /bin/sh -c "
		cd '$PWD/share'
		export PENNYPOST_RELAY=smtp://127.0.0.1:1 HOME=/tmp/home
		mkdir -p /tmp/home/.local
		mount -t tmpfs -o size=64k,mode=755 tmpfs /tmp/home/.local
		(printf 'Subject: x\n\n'; head -c 200000 /dev/zero | tr '\\0' x | fold) |
			./sendmail a@example.net
		echo \"status \$?\"
		find /tmp/home/.local -type f | wc -l"
	echo "$output"
	[[ $output == *'not queued: '*'No space left on device'* ]]
	[[ $output == *$'status 75\n0' ]]
}
