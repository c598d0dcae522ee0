#!/usr/bin/env bats
# Running the queue: what leaves, in which order, what stays and until when, whoever dies in between.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY XDG_STATE_HOME
	mkdir -p config/pennypost
	runner=
}

teardown() {
	[ -z "$runner" ] || kill "$runner" 2>/dev/null || :
	[ -z "$runner" ] || wait "$runner" || :
	relay_stop
}

# serve OPTION...: a relay, and a configuration that leads to it.
serve() {
	relay_start relay --plain --chunking "$@"
	configure "$relay_port"
}

# again OPTION...: the relay goes, and comes back on the same port.
again() {
	local port=$relay_port
	relay_stop
	rm -rf relay
	relay_start relay --plain --chunking --port "$port" "$@"
}

# configure PORT WORD...: what leads to that port; each word is a line.
configure() {
	local port=$1
	shift
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $port" "queue_dir $PWD/queue" \
		"logfile $PWD/log" 'syslog off' "$@" >config/pennypost/config
}

# free_port: one where nobody listens.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# put COUNT WORD...: messages in the queue; prints their IDs.
put() {
	"$PENNYPOST_BUILD/tests/lib/queue-put" "$PWD/queue" "$@"
}

# later SECONDS COMMAND...: with a clock that is ahead.
later() {
	local seconds=$1
	shift
	env LD_PRELOAD="$PENNYPOST_BUILD/tests/crash/clock.so" CLOCK_LIE="$seconds" "$@"
}

# waiting: how many entries are in the queue.
waiting() {
	find queue -name '*.msg' -o -name '*.end' | wc -l
}

# is COUNT COMMAND...: whether the command prints that number.
is() {
	[ "$("${@:2}")" -eq "$1" ]
}

# turns: the round trips of the session.
turns() {
	sed -n 's/^-- \([0-9]*\) round trips/\1/p' relay/relay.log
}

# taken: how many messages the relay has taken.
taken() {
	find relay -name '*.message' | wc -l
}

# connections: how many the relay has seen.
connections() {
	grep -c 'C: EHLO' relay/relay.log
}

# recipients: of all messages in order, one line each.
recipients() {
	local n=0
	while [ -e "relay/$((n + 1)).message" ]; do
		n=$((n + 1))
		sed -n 's/^to: <\(.*\)>$/\1/p' "relay/$n.envelope" | paste -sd,
	done
}

# texts SENDER: the bodies of his messages in order of arrival at the relay, on one line.
texts() {
	local n=0
	while [ -e "relay/$((n + 1)).message" ]; do
		n=$((n + 1))
		! grep -q "^from: <$1>" "relay/$n.envelope" || tail -n 1 "relay/$n.message"
	done | tr -d '\r' | tr '\n' ' '
}

# pass ARGUMENT...: one pass by hand; sets status, output and stderr.
pass() {
	run --separate-stderr "$PENNYPOST" "$@" </dev/null
	printf '%s\n' "$stderr"
	[ -z "$output" ]
}

# runner_of PID: the process that makes the pass; root's is a child of the one that looks after all
# users.
runner_of() {
	if [ "$(id -u)" -eq 0 ]; then pgrep -P "$1"; else echo "$1"; fi
}

# asleep PID: whether the process waits for something.
asleep() {
	[ "$(sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f1)" = S ]
}

@test "what waits leaves over one connection, and nothing is left" {
	serve
	put 5 to=bob@example.net
	pass -q
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(taken)" -eq 5 ]
	[ "$(connections)" -eq 1 ]
	[ "$(find queue -type f ! -name lock | wc -l)" -eq 0 ]
	[ "$(grep -c 'queue-id=.* status=sent' log)" -eq 5 ]
}

@test "no message takes more than one turn of the relay" {
	serve
	put 20 to=bob@example.net
	pass -q
	# The greeting, EHLO, and one for each.
	[ "$(turns)" -le 22 ]
}

@test "nor by DATA, where each envelope rides with the message before it" {
	relay_start relay --plain
	configure "$relay_port"
	put 20 to=bob@example.net
	pass -q
	[ "$(taken)" -eq 20 ]
	[ "$(waiting)" -eq 0 ]
	# The first envelope comes to them, and a few where an order was late.
	echo "$(turns) turns"
	[ "$(turns)" -le 26 ]
}

@test "an empty queue, or none, is no trouble" {
	serve
	pass -q
	[ "$status" -eq 0 ]
	mkdir -m 700 queue
	pass -q -v
	[ "$status" -eq 0 ]
	[[ $stderr == *'0 sent, 0 in vain, 0 not tried'* ]]
}

@test "runq, sendmail -q and pennypost -q are the same" {
	serve
	local name
	for name in runq sendmail; do
		ln -s "$PENNYPOST" "$name"
	done
	put 1 to=bob@example.net
	pass -q
	put 1 to=bob@example.net
	PENNYPOST=./sendmail pass -q
	put 1 to=bob@example.net
	PENNYPOST=./runq pass
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 3 ]
}

@test "a deferred recipient waits, and only he is tried again" {
	serve --defer bob@example.net
	put 1 to=ann@example.net to=bob@example.net to=carl@example.net
	pass -q
	[ "$status" -eq 0 ]
	[ "$(recipients)" = ann@example.net,carl@example.net ]
	[ "$(waiting)" -eq 1 ]
	again
	pass -q
	[ "$status" -eq 0 ]
	[ "$(recipients)" = $'bob@example.net' ]
	[ "$(waiting)" -eq 0 ]
}

@test "a message that is not due waits, but for a person" {
	serve
	put 1 to=bob@example.net next=$(($(date +%s) + 600)) attempts=3
	PENNYPOST=timeout pass -s INT 2 "$PENNYPOST" -q1s
	[ "$(taken)" -eq 0 ]
	pass -q
	[ "$(taken)" -eq 1 ]
}

@test "with --due, a pass tries what is due alone" {
	serve
	put 1 to=bob@example.net next="$(($(date +%s) + 600))" from=later@example.org
	put 1 to=bob@example.net from=now@example.org
	pass -q --due
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 1 ]
	grep -q '^from: <now@' relay/1.envelope
	is 1 waiting
}

@test "what is held, or released later, waits for a person, too" {
	serve
	put 1 to=bob@example.net held=
	put 1 to=bob@example.net release=$(($(date +%s) + 600))
	pass -q
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 0 ]
	[ "$(waiting)" -eq 2 ]
	later 601 "$PENNYPOST" -q
	[ "$(taken)" -eq 1 ]
}

@test "a sender's messages keep their order, over four connections" {
	serve
	local n who
	for n in 1 2 3 4 5 6 7 8; do
		for who in ann bob carl dave eve; do
			put 1 "from=$who@example.org" to=x@example.net "text=Subject: hi

$n"
		done
	done
	pass -q
	[ "$(taken)" -eq 40 ]
	[ "$(connections)" -le 4 ]
	[ "$(connections)" -ge 2 ]
	for who in ann bob carl dave eve; do
		[ "$(texts "$who@example.org")" = '1 2 3 4 5 6 7 8 ' ]
	done
}

@test "no more connections than the account allows" {
	serve
	configure "$relay_port" 'connections 1'
	local who
	for who in ann bob carl dave eve; do
		put 4 "from=$who@example.org" to=x@example.net
	done
	pass -q
	[ "$(taken)" -eq 20 ]
	[ "$(connections)" -eq 1 ]
}

@test "a relay that is down is probed once, and not before its time" {
	configure "$(free_port)"
	local who n
	for n in 1 2 3 4 5; do
		for who in ann bob carl dave eve; do
			put 2 "from=$who@example.org" to=x@example.net
		done
	done
	pass -q -v
	[ "$status" -eq 0 ]
	[ "$(grep -c 'connecting to' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c 'is left alone for now: .*Connection refused' <<<"$stderr")" -eq 1 ]
	[ "$(waiting)" -eq 50 ]
	# Nobody's attempts were counted: there are no journals.
	[ "$(find queue -name '*.log' | wc -l)" -eq 0 ]
	PENNYPOST=timeout pass -s INT 2 "$PENNYPOST" -q1s -v
	! grep -q 'connecting to' <<<"$stderr"
	# A person need not wait.
	pass -q -v
	[ "$(grep -c 'connecting to' <<<"$stderr")" -eq 1 ]
}

@test "a relay that is back gets everything" {
	local port
	port=$(free_port)
	configure "$port"
	put 30 to=bob@example.net
	pass -q
	[ "$(waiting)" -eq 30 ]
	relay_start relay --plain --port "$port"
	later 200 timeout -s TERM 5 "$PENNYPOST" -q1s || [ $? -eq 124 ] || :
	[ "$(taken)" -eq 30 ]
	[ "$(waiting)" -eq 0 ]
}

@test "a 421 in the midst closes the relay for a while" {
	serve --busy 4
	configure "$relay_port" 'connections 1'
	put 10 to=bob@example.net
	pass -q
	[ "$status" -eq 0 ]
	[[ $stderr == *'is left alone for now'*'421'* ]]
	[ "$(taken)" -eq 3 ]
	[ "$(waiting)" -eq 7 ]
	# The one that heard it counts an attempt, the others are as they were.
	[ "$(find queue -name '*.log' | wc -l)" -eq 1 ]
	again
	pass -q
	[ "$(waiting)" -eq 0 ]
	[ "$(taken)" -eq 7 ]
}

@test "a runner that is killed leaves nothing doubled, and nothing behind" {
	touch wait
	serve --hold "$PWD/wait"
	put 3 to=bob@example.net
	"$PENNYPOST" -q &
	runner=$!
	within 10 test -e relay/held
	kill -9 "$(runner_of "$runner")"
	wait "$runner" || :
	runner=
	rm wait
	# The worker finishes what it has in hand, and ends.
	within 10 is 0 active
	pass -q
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 3 ]
	[ "$(waiting)" -eq 0 ]
}

# active: how many of our processes are at work here.
active() {
	pgrep -f -c "$PENNYPOST -q" || :
}

@test "a worker that is killed leaves one message in doubt, marked" {
	touch wait
	serve --hold "$PWD/wait"
	put 3 to=bob@example.net "text=Subject: hi
Message-ID: <same@example.org>

hello
"
	"$PENNYPOST" -q &
	runner=$!
	within 10 test -e relay/held
	kill -9 "$(pgrep -P "$(runner_of "$runner")")"
	rm wait
	wait "$runner"
	runner=
	# The relay may or may not have stored what it had.
	[ "$(find queue -name '*.end' | wc -l)" -eq 1 ]
	[ "$(waiting)" -eq 1 ]
	[ "$(taken)" -ge 2 ]
	# It is not tried again before ten minutes are over, not even for a person.
	pass -q
	[ "$(waiting)" -eq 1 ]
	later 590 "$PENNYPOST" -q
	[ "$(waiting)" -eq 1 ]
	later 610 "$PENNYPOST" -q
	[ "$(waiting)" -eq 0 ]
	grep -q 'queue-id=.* possible duplicate' log
	[ "$(taken)" -ge 3 ]
	[ "$(cat relay/*.message | grep -c 'Message-ID: <same@example.org>')" -eq "$(taken)" ]
}

@test "SIGTERM finishes the message in hand, and begins no other" {
	touch wait
	serve --hold "$PWD/wait"
	# That they are old is no reason to give them up untried.
	put 10 to=bob@example.net arrived="$(($(date +%s) - 600000))"
	"$PENNYPOST" -q &
	runner=$!
	within 10 test -e relay/held
	kill -TERM "$runner"
	within 10 asleep "$runner"
	rm wait
	wait "$runner"
	runner=
	[ "$(find queue -name '*.end' | wc -l)" -eq 0 ]
	[ "$(taken)" -eq 1 ]
	[ "$(waiting)" -eq 9 ]
	pass -q
	[ "$(taken)" -eq 10 ]
	[ "$(cat relay/*.envelope | grep -c '^to: <bob@')" -eq 10 ]
}

@test "SIGTERM leaves the message whose envelope is with the relay already" {
	touch wait
	relay_start relay --plain --hold "$PWD/wait"
	configure "$relay_port"
	put 4 to=bob@example.net
	"$PENNYPOST" -q &
	runner=$!
	within 10 test -e relay/held
	kill -TERM "$runner"
	within 10 asleep "$runner"
	rm wait
	wait "$runner"
	runner=
	[ "$(taken)" -eq 1 ]
	[ "$(find queue -name '*.msg' | wc -l)" -eq 3 ]
	[ "$(find queue -name '*.end' | wc -l)" -eq 0 ]
	pass -q
	[ "$(taken)" -eq 4 ]
}

@test "two runners at once double nothing" {
	serve
	put 60 to=bob@example.net
	local pids=() n
	for n in 1 2 3 4; do
		"$PENNYPOST" -q &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	[ "$(taken)" -eq 60 ]
	[ "$(waiting)" -eq 0 ]
}

@test "who wants all to be tried is told that another process runs the queue" {
	serve
	put 1 to=bob@example.net
	exec 7>queue/lock
	flock 7
	pass -q
	[ "$status" -eq 0 ]
	[[ $stderr == *"$PWD/queue: another process runs this queue already"* ]]
	pass -q --due
	[ -z "$stderr" ]
	exec 7>&-
	pass -q
	[ -z "$stderr" ]
	[ "$(taken)" -eq 1 ]
}

@test "-qI, -qR and -qS pick" {
	serve
	local id
	put 1 from=ann@example.org to=one@example.net
	put 1 from=bob@example.org to=two@example.net
	id=$(put 1 from=carl@example.org to=three@example.net)
	pass -qRTWO@
	[ "$(recipients)" = two@example.net ]
	pass "-qI$id"
	[ "$(recipients)" = $'two@example.net\nthree@example.net' ]
	pass -qSann@
	[ "$(recipients)" = $'two@example.net\nthree@example.net\none@example.net' ]
	pass -qXx
	[ "$status" -eq 64 ]
}

@test "-q1s goes on until it is told to stop, and sees what comes" {
	serve
	mkdir -m 700 queue
	"$PENNYPOST" -q1s &
	runner=$!
	put 1 to=bob@example.net
	within 10 is 1 taken
	put 1 to=bob@example.net
	within 10 is 2 taken
	kill -TERM "$runner"
	wait "$runner"
	runner=
}

@test "-q15m finds a queue that was made after it began" {
	serve
	"$PENNYPOST" -q15m &
	runner=$!
	sleep 1
	put 1 to=bob@example.net
	within 15 is 1 taken
	kill -TERM "$runner"
	wait "$runner"
	runner=
	# Root's is a process of its own, which ends first.
	! pgrep -f -- "^$PENNYPOST -q15m"
}

@test "-q15m reads the configuration for each pass" {
	serve
	good=$relay_port
	configure "$(free_port)"
	"$PENNYPOST" -q15m 2>told &
	runner=$!
	put 1 to=bob@example.net
	within 15 grep -q 'is left alone for now' log
	echo nonsense >config/pennypost/config
	touch queue
	within 15 grep -q nonsense told
	configure "$good"
	"$PENNYPOST" --retry all --runner off
	within 15 is 1 taken
	kill -TERM "$runner"
	wait "$runner"
	runner=
}

@test "nobody waits beside -q15m" {
	configure "$(free_port)"
	mkdir -m 700 queue
	"$PENNYPOST" -q15m 2>told &
	runner=$!
	within 10 test -e queue/waiter
	printf 'Subject: x\n\nx\n' | "$PENNYPOST" "$$@example.net" 2>/dev/null
	[ "$(waiting)" -eq 1 ]
	within 10 bash -c "! pgrep -f '$$@example.net$'"
	kill -TERM "$runner"
	wait "$runner"
	runner=
}

@test "a message that comes in the midst of a pass is part of it" {
	touch wait
	serve --hold "$PWD/wait"
	put 1 to=bob@example.net
	"$PENNYPOST" -q &
	runner=$!
	within 10 test -e relay/held
	put 1 from=eve@example.org to=carl@example.net
	rm wait
	wait "$runner"
	runner=
	[ "$(taken)" -eq 2 ]
}

@test "what a person wants tried in the midst of a pass is tried behind it" {
	touch wait
	serve --hold "$PWD/wait"
	put 1 to=bob@example.net
	local later
	later=$(put 1 to=carl@example.net from=other@example.org next="$(($(date +%s) + 3000))")
	"$PENNYPOST" -q1h </dev/null 3>&- &
	runner=$!
	within 10 test -e relay/held
	"$PENNYPOST" --retry "$later"
	sleep 1
	rm wait
	within 15 is 0 waiting
	[ "$(taken)" -eq 2 ]
}

@test "the rate is kept" {
	serve
	configure "$relay_port" 'rate 5/s'
	put 11 to=bob@example.net
	local begun=${EPOCHREALTIME/./}
	pass -q
	[ $((${EPOCHREALTIME/./} - begun)) -ge 2000000 ]
	[ "$(taken)" -eq 11 ]
	[ "$(connections)" -eq 1 ]
}

@test "the rate of an hour is kept, in this pass and the next" {
	serve
	configure "$relay_port" 'rate 3/h'
	put 8 to=bob@example.net
	pass -q
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 3 ]
	pass -q
	[ "$(taken)" -eq 3 ]
	later 1800 "$PENNYPOST" -q
	[ "$(taken)" -eq 3 ]
	later 3700 "$PENNYPOST" -q
	[ "$(taken)" -eq 6 ]
	is 2 waiting
}

@test "with duplicates never, what is in doubt fails" {
	serve
	configure "$relay_port" 'duplicates never' 'from me@example.org'
	put 1 from=ann@example.org to=bob@example.net state=marked
	pass -q
	[ "$(find queue -name '*.end' | wc -l)" -eq 1 ]
	later 610 "$PENNYPOST" -q
	[ "$(recipients)" = ann@example.org ]
	grep -q 'may have been delivered; it is not sent again' relay/1.message
	[ "$(waiting)" -eq 0 ]
}

@test "a damaged message is set aside, and the others leave" {
	serve
	local id
	id=$(put 1 to=bob@example.net)
	put 2 to=carl@example.net
	printf x | dd of="queue/$id.msg" bs=1 seek=$(($(stat -c %s "queue/$id.msg") - 3)) conv=notrunc status=none
	pass -q
	[ "$(taken)" -eq 2 ]
	[ -e "queue/$id.bad" ]
	grep -q "queue-id=$id .*damaged" log
	# So is one that can only be reported any more.
	id=$(put 1 to=bob@example.net failed)
	printf x | dd of="queue/$id.msg" bs=1 seek=$(($(stat -c %s "queue/$id.msg") - 3)) conv=notrunc status=none
	pass -q
	[ -e "queue/$id.bad" ]
	grep -q "queue-id=$id .*damaged" log
	pass -q
	[ "$status" -eq 0 ]
}

@test "a message whose time is over has one more try, and is returned" {
	serve --defer bob@example.net
	configure "$relay_port" 'queue_lifetime 2d'
	put 1 from=ann@example.org to=bob@example.net "arrived=$(($(date +%s) - 200000))"
	put 1 from=ann@example.org to=carl@example.net "arrived=$(($(date +%s) - 200000))"
	pass -q
	[ "$(recipients | sort)" = $'ann@example.org\ncarl@example.net' ]
	grep -q 'not delivered within 2 days; the last trouble was: 451 4.2.1' relay/*.message
	[ "$(waiting)" -eq 0 ]
}

@test "a message whose time is over while the relay is down is returned later" {
	local port
	port=$(free_port)
	configure "$port" 'queue_lifetime 2d'
	put 2 from=ann@example.org to=bob@example.net "arrived=$(($(date +%s) - 200000))"
	put 1 from=ann@example.org to=carl@example.net
	pass -q
	relay_start relay --plain --port "$port"
	pass -q
	[ "$(waiting)" -eq 0 ]
	[ "$(recipients | sort)" = $'ann@example.org\nann@example.org\ncarl@example.net' ]
	[ "$(cat relay/*.message | grep -c 'not delivered within 2 days')" -eq 4 ]
}

@test "a refused recipient is reported to the sender" {
	serve --refuse bob@example.net
	put 1 from=ann@example.org to=bob@example.net to=carl@example.net
	pass -q
	[ "$status" -eq 0 ]
	[ "$(recipients)" = $'carl@example.net\nann@example.org' ]
	[ "$(waiting)" -eq 0 ]
	grep -q '550 5.1.1 no such user here' relay/2.message
	grep -q '^from: <>' relay/2.envelope
}

@test "the account that a message waits for is not there" {
	serve
	put 1 to=bob@example.net account=gone
	put 1 to=carl@example.net
	pass -q
	[ "$status" -eq 0 ]
	[ "$(recipients)" = carl@example.net ]
	[ "$(waiting)" -eq 1 ]
	[[ $stderr == *'wait for the account "gone"'* ]]
	printf '%s\n' 'account gone' 'host 127.0.0.1' "port $relay_port" >>config/pennypost/config
	pass -q
	[ "$(waiting)" -eq 0 ]
}

@test "a message remembers its own configuration file" {
	serve
	sed 's/account default/account other/' config/pennypost/config >mine
	chmod 600 mine
	put 1 to=bob@example.net account=other "config=$PWD/mine"
	pass -q
	[ "$(taken)" -eq 1 ]
}

@test "without a network nothing is counted against anybody, and the status is 75" {
	serve
	[ "$(id -u)" -eq 0 ] || skip 'a private network namespace takes root'
	unshare -n true || skip 'no network namespaces here'
	# Not even against one whose time is over: it has a try as soon as there is one.
	put 2 to=bob@example.net
	put 1 to=bob@example.net arrived="$(($(date +%s) - 600000))"
	sed -i 's/^host .*/host 192.0.2.1/' config/pennypost/config
	PENNYPOST=unshare pass -n "$PENNYPOST" -q
	[ "$status" -eq 75 ]
	[ "$(find queue -name '*.log' | wc -l)" -eq 0 ]
	sed -i 's/^host .*/host 127.0.0.1/' config/pennypost/config
	later 1 timeout -s TERM 3 "$PENNYPOST" -q1s || :
	[ "$(taken)" -eq 3 ]
}

@test "who queues something stays for what is due soon" {
	serve
	put 1 to=bob@example.net next=$(($(date +%s) + 3)) attempts=1
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" -odb -f me@example.org carl@example.net
	within 10 is 1 taken
	[ "$(recipients)" = carl@example.net ]
	within 15 is 2 taken
	# Nothing is due any more, so nobody stays.
	within 10 is 0 others
}

# others: how many of the queue's locks are held. To try them would be to hold them, for a moment in
# which a runner gives up.
others() {
	local count=0 lock
	for lock in lock waiter; do
		! grep -qs ":$(stat -c %i "queue/$lock" 2>/dev/null) 0 EOF$" /proc/locks ||
			count=$((count + 1))
	done
	echo "$count"
}

@test "a relay that came back is not asked by a runner behind before its time" {
	configure "$(free_port)"
	put 1 to=bob@example.net
	pass -q
	[ "$(grep -c 'is left alone for now' log)" -eq 1 ]
	printf 'Subject: hi\n\nhello\n' | "$PENNYPOST" -odb -f "me.$$@example.org" carl@example.net
	within 10 is 2 waiting
	within 10 is 1 others
	[ "$(grep -c 'is left alone for now' log)" -eq 1 ]
	kill "$(sed -n "s/.* \([0-9]*\) [^ ]*:$(stat -c %i queue/waiter) 0 EOF$/\1/p" /proc/locks)"
	within 10 is 0 others
}

@test "root runs the queues of others, as each of them" {
	[ "$(id -u)" -eq 0 ] || skip 'to become others takes root'
	own_mounts || skip 'no mount namespaces here'
	serve
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || :
	cat >script <<-EOF
		set -eu
		mount -t tmpfs tmpfs /var/spool
		trap 'umount -l /var/spool' EXIT
		mkdir -m 1733 /var/spool/pennypost
		export HOME=$PWD/home PENNYPOST_RELAY=smtp://127.0.0.1:$relay_port
		mkdir -m 700 home
		for uid in 1 2 65534; do
			mkdir -m 700 /var/spool/pennypost/\$uid
			chown \$uid /var/spool/pennypost/\$uid
			setpriv --reuid=\$uid --regid=65534 --clear-groups "$PENNYPOST_BUILD/tests/lib/queue-put" \
				/var/spool/pennypost/\$uid 2 account=environment to=bob@example.net from=\$uid@example.org
		done
		# What is not a user's own is left alone.
		mkdir -m 700 /var/spool/pennypost/3
		ln -s /var/spool/pennypost/1 /var/spool/pennypost/4
		export ASAN_OPTIONS=detect_leaks=0
		strace -f -o "$PWD/trace" -e trace=setresuid,openat "$PENNYPOST" -q
		ls /var/spool/pennypost/1 /var/spool/pennypost/2 /var/spool/pennypost/65534
	EOF
	command -v strace >/dev/null || sed -i 's/strace .* "/"/' script
	run unshare "${mounts[@]}" sh script
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 6 ]
	[ "$(cat relay/*.envelope | grep -c '^from: <65534@example.org>')" -eq 2 ]
	[[ $output != *.msg* ]]
	[ -e trace ] || skip 'no strace here to see as whom they are opened'
	# Whoever opens a user's queue has become the user: his first call of all of these.
	local pid
	for pid in $(sed -n 's|^\([0-9]*\) .*openat(.*"/var/spool/pennypost/[0-9].*|\1|p' trace); do
		grep -E "^$pid .*(setresuid\(|pennypost/[0-9])" trace | head -n 1 | grep -q 'setresuid('
	done
}

# users_world: the start of a script that runs in a mount namespace with a spool for all users.
users_world() {
	[ "$(id -u)" -eq 0 ] || skip 'to become others takes root'
	own_mounts || skip 'no mount namespaces here'
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || :
	mkdir -m 700 home
	cat <<-EOF
		set -eu
		mount -t tmpfs tmpfs /var/spool
		trap 'umount -l /var/spool' EXIT
		mkdir -m 1733 /var/spool/pennypost
		export HOME=$PWD/home PENNYPOST_RELAY=smtp://127.0.0.1:$relay_port
		put() {
			uid=\$1
			shift
			[ -d /var/spool/pennypost/\$uid ] || mkdir -m 700 /var/spool/pennypost/\$uid
			chown \$uid /var/spool/pennypost/\$uid
			setpriv --reuid=\$uid --regid=65534 --clear-groups "$PENNYPOST_BUILD/tests/lib/queue-put" \
				/var/spool/pennypost/\$uid 1 to=bob@example.net from=\$uid@example.org "\$@"
		}
	EOF
}

@test "what a user has run for root has nothing of root's terminal" {
	serve --refuse bob@example.net
	users_world >script
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'tls off' \
		"failure_command $PWD/hook" 'syslog off' >one.conf
	printf '%s\n' '#!/bin/sh' "ps -o sid= -p \$\$ >$PWD/hooked/session" \
		"readlink /proc/\$\$/fd/* >$PWD/hooked/open" >hook
	chmod 755 hook
	mkdir -m 777 hooked
	chown 1 one.conf
	cat >>script <<-EOF
		put 1 account=default config=$PWD/one.conf
		"$PENNYPOST" -q
	EOF
	run unshare "${mounts[@]}" sh script
	echo "$output"
	[ "$status" -eq 0 ]
	[ -s hooked/session ]
	[ "$(cat hooked/session)" -ne "$(ps -o sid= -p $$)" ]
	# The message, nothing, nothing, and the script itself.
	cat hooked/open
	[ "$(grep -vcE '^/dev/null$|/var/spool/pennypost/1/|/hook$|/hooked/open$' hooked/open)" -eq 0 ]
}

@test "a user whose relay is silent keeps no other from being served" {
	serve
	users_world >script
	python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)' >silent 3>&- &
	local silent=$!
	while [ ! -s silent ]; do sleep 0.05; done
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $(cat silent)" 'syslog off' >one.conf
	chown 1 one.conf
	cat >>script <<-EOF
		put 1 account=default config=$PWD/one.conf
		put 2 account=environment
		"$PENNYPOST" -q &
		runner=\$!
		tries=0
		while [ -n "\$(ls /var/spool/pennypost/2/*.msg 2>&-)" ]; do sleep 0.1; done
		put 2 account=environment
		while [ -n "\$(ls /var/spool/pennypost/2/*.msg 2>&-)" ] && [ \$tries -lt 150 ]; do
			tries=\$((tries + 1))
			sleep 0.1
		done
		ls /var/spool/pennypost/1
		kill \$runner
		kill $silent
		wait \$runner || :
	EOF
	run timeout 60 unshare "${mounts[@]}" sh script 3>&-
	kill $silent 2>/dev/null || :
	wait $silent || :
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(taken)" -eq 2 ]
	[[ $output == *.msg* ]]
}

@test "-q1s reads a mended configuration, and ends at once with one that was never good" {
	serve
	put 1 to=bob@example.net account=new
	"$PENNYPOST" -q1s 2>errors &
	runner=$!
	within 10 grep -q 'wait for the account "new"' errors
	printf '%s\n' 'account new' 'host 127.0.0.1' "port $relay_port" >>config/pennypost/config
	within 10 is 1 taken
	kill -TERM "$runner"
	wait "$runner"
	runner=
	echo nonsense >>config/pennypost/config
	pass -q1s
	[ "$status" -eq 78 ]
}

@test "a user's -q1s goes on, too" {
	[ "$(id -u)" -eq 0 ] || skip 'done by the others, as no root'
	serve
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || :
	put 1 to=bob@example.net
	chown -R 65534 config queue
	: >log
	chown 65534 log
	setpriv --reuid=65534 --regid=65534 --clear-groups "$PENNYPOST" -q1s &
	runner=$!
	within 10 is 1 taken
	setpriv --reuid=65534 --regid=65534 --clear-groups "$PENNYPOST_BUILD/tests/lib/queue-put" \
		"$PWD/queue" 1 to=bob@example.net
	within 10 is 2 taken
	kill -TERM "$runner"
	wait "$runner"
	runner=
}

@test "root who may not become a user says so" {
	serve
	users_world >script
	cat >>script <<-EOF
		put 1 account=environment
		setpriv --bounding-set=-setuid,-setgid --inh-caps=-setuid,-setgid "$PENNYPOST" -q
	EOF
	run unshare "${mounts[@]}" sh script
	echo "$output"
	[ "$status" -eq 71 ]
	[[ $output == *"queue /var/spool/pennypost/1: cannot become user 1: Operation not permitted"* ]]
	[ "$(taken)" -eq 0 ]
}
