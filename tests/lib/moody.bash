# What tests/queue-*.bats share: a relay with moods (tests/crash/moody.py), and pennypost as sendmail
# with a queue of its own.

# queue_setup [LINE...]: the folder of the test with sendmail and a configuration with the LINEs.
queue_setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config XDG_STATE_HOME=$PWD/state
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost relay
	ln -sf "$PENNYPOST" sendmail
	ln -sf "$PENNYPOST" mailq
	SPOOL=$XDG_STATE_HOME/pennypost/queue
	TRACE=$PENNYPOST_BUILD/tests/crash/trace
	moody_start
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $moody_port" 'domain example.org' \
		'from ann@example.org' 'syslog off' 'runner off' "logfile $PWD/log" "$@" \
		>config/pennypost/config
}

# moody_start [MOOD...]
moody_start() {
	rm -f relay/port
	python3 "$ROOT/tests/crash/moody.py" "$PWD/relay" "$@" >relay/port 2>relay/errors 3>&- &
	moody_pid=$!
	within 10 test -s relay/port || { cat relay/errors; return 1; }
	moody_port=$(cat relay/port)
}

moody_stop() {
	[ -z "${moody_pid-}" ] || { kill "$moody_pid" && wait "$moody_pid"; } 2>/dev/null || :
	moody_pid=
}

# mood [WORD...]: what the relay is like from now on.
mood() {
	echo "$*" >relay/mood
	kill -HUP "$moody_pid"
	within 10 test ! -e relay/mood
}

# report EXPRESSION: of what the relay saw, by Python: got (how often each "sender recipient
# subject" came), asked (how often RCPT named each), mails, connections, most (at once).
report() {
	rm -f relay/report
	kill -USR1 "$moody_pid"
	within 10 test -e relay/report
	python3 -c 'import json, sys
globals().update(json.load(open("relay/report")))
print(eval(sys.argv[1]))' "$1"
}

# came SUBJECT [RECIPIENT]: how often.
came() {
	report "sum(n for k, n in got.items() if k.split(' ', 2)[1:] == ['${2-bob@example.net}', '$1'])"
}

# letter SUBJECT [LINES]: a message.
letter() {
	printf '%s\n' 'From: ann@example.org' 'To: bob@example.net' "Subject: $1" ''
	yes 'to be or not to be, that is the question' | head -n "${2-3}" || :
}

# later SECONDS COMMAND...: by a clock that is so far ahead.
later() {
	local lie=$1
	shift
	CLOCK_LIE=$lie LD_PRELOAD=$PENNYPOST_BUILD/tests/crash/clock.so "$@"
}

# waiting: the files of entries in the spool.
waiting() {
	find "$SPOOL" -type f ! -name lock ! -name waiter ! -name relays -printf '%f\n' 2>/dev/null
}

# empty: nothing is in the spool but locks and notes.
empty() {
	[ -z "$(waiting)" ]
}
