# What a person at a terminal sees of a submission that takes long, and what Ctrl-C leaves.

load lib/common
load lib/account
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home XDG_CONFIG_HOME= XDG_STATE_HOME= TMPDIR=$PWD TERM=xterm
	unset PENNYPOST_RELAY NO_COLOR
	mkdir home
	ln -s "$PENNYPOST" pennypost
	ln -s "$PENNYPOST" sendmail
	printf 'From: ann@example.org\nSubject: test\n\nHello.\n' >message
}

teardown() {
	slow_stop
	relay_stop
}

# terminal WORD...: tests/lib/terminal.
terminal() {
	"$ROOT/tests/lib/terminal" "$@"
}

# on_terminal COMMAND...: what it writes to a terminal of its own, of $columns, byte by byte.
on_terminal() {
	python3 - "${columns:-80}" "$@" <<-'END'
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
		    os.execvp(sys.argv[2], sys.argv[2:])
		while True:
		    try:
		        data = os.read(fd, 65536)
		    except OSError:
		        break
		    if not data:
		        break
		    sys.stdout.buffer.write(data)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

# big MEGABYTES: message becomes that large.
big() {
	{ cat message; yes 'The quick brown fox jumps over the lazy dog and runs away into the wood.' |
		head -c "${1}000000"; echo; } >grown
	mv grown message
}

@test "what is over within a second shows nothing" {
	relay_start relay
	configure
	run -0 on_terminal sh -c './pennypost bob@example.org <message'
	[ -z "$output" ]
}

@test "a wait is shown with its step, and gone at the end" {
	slow verdict
	run -0 terminal expect 'waiting for the verdict of 127.0.0.1' expect ': 2 s' \
		send '\x1a' -- sh -c 'trap "" TSTP; (sleep 5; touch go) & ./pennypost bob@example.org <message; echo done'
	[[ $output == *$'\rdone'* ]]
}

@test "each step has its words" {
	for step in 'hello:greeting of' 'mail:naming the recipients to'; do
		slow "${step%%:*}"
		run -130 terminal expect "${step#*:} 127.0.0.1" send '\x03' -- \
			sh -c './pennypost bob@example.org <message'
		kill "$slow_pid"
		rm -f port at-*
	done
}

@test "bytes, rate and time left" {
	big 4
	slow none 1000000
	run -0 terminal expect 'sending to 127.0.0.1: ' expect ' %, ' expect ' MB of 4.' \
		expect ' kB/s, ' expect ' s left' -- sh -c './pennypost bob@example.org <message'
}

@test "at most five redraws a second, each on one line" {
	big 3
	slow none 1000000
	for columns in 80 20 7; do
		local start=$(date +%s%N)
		columns=$columns run -0 on_terminal sh -c './pennypost bob@example.org <message'
		local took=$((($(date +%s%N) - start) / 100000000))
		printf %s "$output" | python3 -c '
import re, sys
shown = sys.stdin.buffer.read()
assert b"\n" not in shown and shown.endswith(b"\r\033[K"), shown
lines = shown.split(b"\r")[1:-1]
most = int(sys.argv[2]) // 2 + 1
assert 1 + 2 * (int(sys.argv[1]) > 7) <= len(lines) <= most, (len(lines), most)
for line in lines:
    assert line.endswith(b"\033[K"), line
    text = re.sub(rb"\033\[[0-9]*[mK]", b"", line)
    assert 0 < len(text) < int(sys.argv[1]), line' "$columns" "$took"
	done
}

@test "colour, but not with NO_COLOR; nothing on a terminal that is dumb" {
	slow verdict
	(sleep 2 && touch go) 3>&- &
	run -0 on_terminal sh -c './pennypost bob@example.org <message'
	[[ $output == *$'\033[36mwaiting'* ]]
	rm go
	(sleep 2 && touch go) 3>&- &
	NO_COLOR=1 run -0 on_terminal sh -c './pennypost bob@example.org <message'
	[[ $output == *waiting* && $output != *$'\033[36m'* ]]
	rm go
	(sleep 2 && touch go) 3>&- &
	TERM=dumb run -0 on_terminal sh -c './pennypost bob@example.org <message'
	[ -z "$output" ]
}

@test "nothing as sendmail, with --quiet, or where standard error is a file" {
	slow verdict
	(sleep 2 && touch go) 3>&- &
	run -0 on_terminal sh -c './sendmail -C home/.config/pennypost/config bob@example.org <message; :'
	[ -z "$output" ]
	rm -f go
	(sleep 2 && touch go) 3>&- &
	run -0 on_terminal sh -c './pennypost --quiet bob@example.org <message'
	[ -z "$output" ]
	rm go
	(sleep 2 && touch go) 3>&- &
	run -0 on_terminal sh -c './pennypost bob@example.org <message 2>errors'
	[ -z "$output" ]
	[ ! -s errors ]
}

@test "--quiet: what is queued is not told, what fails is" {
	relay_port=1
	configure
	run -0 ./pennypost --quiet bob@example.org <message
	[ -z "$output" ]
	configure 'queue off'
	run -75 ./pennypost --quiet bob@example.org <message
	[[ $output == *refused* ]]
	run -0 sh -c './pennypost --queue-dir "$PWD/home/.local/state/pennypost/queue" -bP'
	[ "$output" = 1 ]
}

@test "-v: the conversation, and the line below it" {
	slow verdict
	run -0 terminal expect '< 354' expect 'waiting for the verdict' expect '< 250 2.0.0 taken' -- \
		sh -c '(sleep 2; touch go) & ./pennypost -v bob@example.org <message'
}

@test "a message is said on a clean line" {
	slow verdict
	run -0 terminal expect 'waiting for the verdict' -- sh -c "
		(sleep 2; kill $slow_pid) & ./pennypost bob@example.org <message"
	[[ $output == *$'\rpennypost: '*"queued as"* ]]
}

@test "--batch: which of how many" {
	slow mail
	for n in 1 2 3; do cp message "m$n"; done
	run -0 terminal expect '1 of 3: naming' -- \
		sh -c '(sleep 2; touch go) & ./pennypost --batch --to bob@example.org m1 m2 m3'
}

@test "reading is shown, too" {
	relay_start relay
	configure
	run -0 terminal expect 'reading the message: ' expect 'kB' -- sh -c '
		{ cat message; for i in 1 2 3 4 5 6 7 8; do sleep 0.3; head -c 100000 /dev/zero | tr "\0" "x\n"; echo; done; } |
		./pennypost bob@example.org'
}

@test "Ctrl-C at each step says where the message is" {
	for step in hello mail data; do
		[ $step != data ] || big 8
		slow $step
		run -130 terminal expect '127.0.0.1' send '\x03' expect \
			'pennypost: interrupted: the message has not been sent' -- \
			sh -c 'stty -g >before; trap "stty -g >after" EXIT; trap "" INT; (trap - INT; exec ./pennypost bob@example.org <message)'
		cmp before after
		kill "$slow_pid"
		rm -f port at-*
	done
	slow verdict
	run -130 terminal expect 'verdict' send '\x03' expect \
		'interrupted: the message may have been sent: the relay has all of it' -- \
		sh -c './pennypost bob@example.org <message'
}

@test "Ctrl-C while the message is typed, and while it is read" {
	relay_port=1
	configure
	run -130 terminal send 'Subject: x\r' expect 'ready' send '\x03' expect \
		'interrupted: the message has not been sent' -- sh -c '
		(until grep -q "^SigCgt:.*4007" "/proc/$$/status"; do sleep 0.1; done; echo ready) &
		exec ./pennypost bob@example.org'
	run -130 terminal expect 'reading' send '\x03' expect \
		'interrupted: the message has not been sent' -- sh -c '
		{ cat message; for i in 1 2 3 4 5 6 7; do sleep 0.3; yes | head -c 100000; done; sleep 60; } |
		./pennypost bob@example.org'
}

@test "Ctrl-C at the prompt for a password" {
	relay_start relay --auth ann:secret
	configure 'auth on' 'user ann'
	# readpassphrase(3) sees no signal between its prompt and its read.
	run -130 terminal expect 'assword' expect 'ready' send '\x03' expect \
		'interrupted: the message has not been sent' -- sh -c '
		(until awk "/^State/ { s = \$2 } /^SigCgt/ { exit s != \"S\" || \$2 !~ /38....\$/ }" "/proc/$$/status"
		do sleep 0.1; done; sleep 0.1; echo ready) & exec ./pennypost bob@example.org <message'
}

@test "Ctrl-C in a batch names the message" {
	slow verdict
	for n in 1 2 3; do cp message "m$n"; done
	run -130 terminal expect '1 of 3: waiting for the verdict' send '\x03' expect \
		'm1: message 1: interrupted: the message may have been sent' -- \
		./pennypost --batch --to bob@example.org m1 m2 m3
}

@test "what ignores SIGINT goes on ignoring it" {
	slow verdict
	run -0 terminal expect 'verdict' send '\x03' -- \
		sh -c '(sleep 3; touch go) & trap "" INT; ./pennypost bob@example.org <message'
	[[ $output != *interrupted* ]]
}

@test "-q by hand: which of how many" {
	slow mail
	for n in 1 2 3; do ./pennypost --delivery queue bob@example.org <message 2>/dev/null; done
	local user=()
	if [ "$(id -u)" -eq 0 ]; then
		chown -R 54321 . && chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$PWD" || skip 'no other user'
		# The tree may lie where nobody else gets at it.
		rm -f pennypost && install -m 755 "$PENNYPOST" pennypost
		user=(setpriv --reuid 54321 --clear-groups)
		"${user[@]}" test -x ./pennypost || skip 'another user cannot come here'
	fi
	run -0 terminal expect 'of 3: sending' -- \
		"${user[@]}" sh -c '(sleep 3; touch go) & ./pennypost -q; echo done'
	[[ $output == *$'\rdone'* ]]
}
