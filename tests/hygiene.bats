#!/usr/bin/env bats
# In what state callers start sendmail: descriptors closed or left over, signals blocked, limits, an
# empty environment, no terminal, odd argument vectors. Mail is sent all the same, or a line says why
# not, and nothing of the caller's is kept.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD
	unset XDG_CONFIG_HOME XDG_STATE_HOME PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p .config/pennypost
	ln -s "$PENNYPOST" sendmail
	relay_start relay --plain
	configure 'queue off'
	printf '%s\n' 'From: Ann <ann@example.org>' 'Subject: hi' '' 'hello' >message
	count=0
}

teardown() {
	relay_stop
}

# configure LINE...
configure() {
	printf '%s\n' 'account default' 'host 127.0.0.1' "port $relay_port" 'domain example.org' \
		'from ann@example.org' "logfile $PWD/log" 'syslog off' "$@" >.config/pennypost/config
	chmod 600 .config/pennypost/config
}

# asking: a relay that demands a password.
asking() {
	relay_stop
	relay_start demanding --plain --auth 'ann:a secret'
}

# one_more: another message has arrived, and no second one.
one_more() {
	count=$((count + 1))
	[ -e "relay/$count.message" ]
	[ ! -e "relay/$((count + 1)).message" ]
}

# started CODE ARGUMENTS: Python's CODE runs in the child before sendmail is executed with the
# arguments (a Python expression); sets status, output and stderr. Nothing waits longer than 20 s.
started() {
	run --separate-stderr timeout 20 python3 -c '
import ctypes, fcntl, os, resource, signal, subprocess, sys
def before():
    exec(sys.argv[1])
done = subprocess.run(eval(sys.argv[2]), executable="./sendmail", stdin=open("message"),
                      preexec_fn=before, close_fds=False, restore_signals=False)
sys.exit(done.returncode)' "$1" "${2-['sendmail', 'b@example.net']}"
	echo "$1: $status $output $stderr"
}

@test "standard output and error may be closed, missing or broken" {
	local code
	for code in 'os.close(1)' 'os.close(2)' 'os.close(1); os.close(2)' \
		'r, w = os.pipe(); os.close(r); os.dup2(w, 1); os.dup2(w, 2)' \
		'os.dup2(os.open("/dev/full", os.O_WRONLY), 1); os.dup2(1, 2)'; do
		started "$code"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		one_more
		# What is said of a failure goes nowhere; the exit status tells it.
		started "$code" '["sendmail", "a@b@c"]'
		[ "$status" -eq 64 ]
	done
}

@test "no descriptor of the configuration, the log or the relay takes the place of a closed one" {
	started 'os.close(0); os.close(1); os.close(2)'
	[ "$status" -eq 74 ]
	started 'os.close(1); os.close(2)' '["sendmail", "-v", "b@example.net"]'
	[ "$status" -eq 0 ]
	one_more
	run ! grep -q '^[<>]' log relay/1.message
}

@test "nothing of the caller's is kept by who delivers behind his back" {
	configure 'delivery background'
	relay_stop
	relay_start slow --plain --hold "$PWD/hold"
	configure 'delivery background'
	: >hold
	# $( ) waits for everybody who has the pipe; so does a reader of descriptor 9.
	run timeout 10 bash -c 'exec 9> >(cat >/dev/null); ./sendmail -odb b@example.net <message 2>&1'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ ! -e slow/1.message ]
	within 10 test -e slow/held
	rm hold
	within 10 test -e slow/1.message
	within 10 bash -c '! ls .local/state/pennypost/queue/*.msg .local/state/pennypost/queue/*.end 2>/dev/null'
}

@test "descriptors left over, up to the limit, are closed" {
	started 'for n in range(3, 200): os.dup2(0, n, True)' '["sendmail", "b@example.net"]'
	[ "$status" -eq 0 ]
	one_more
	started 'resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)); [os.dup2(0, n, True) for n in range(3, 32)]'
	[ "$status" -eq 0 ]
	one_more
}

@test "signals: ignored, blocked, pending" {
	local code
	for code in 'signal.signal(signal.SIGPIPE, signal.SIG_DFL)' \
		'signal.signal(signal.SIGPIPE, signal.SIG_IGN)' 'signal.signal(signal.SIGCHLD, signal.SIG_IGN)' \
		'signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())' \
		'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE]); os.kill(os.getpid(), signal.SIGPIPE)' \
		'signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.signal(signal.SIGXFSZ, signal.SIG_DFL)'; do
		started "$code"
		[ "$status" -eq 0 ]
		one_more
	done
	# A child of ours is waited for, though the caller ignored SIGCHLD.
	asking
	configure 'queue off' 'tls off' 'auth on' 'user ann' 'passwordeval exit 7'
	started 'signal.signal(signal.SIGCHLD, signal.SIG_IGN)'
	[ "$status" -eq 78 ]
	[[ $stderr == *'exit status 7'* ]]
}

@test "an empty environment, or an odd one" {
	local code
	for code in 'os.environ.clear()' 'os.environ["HOME"] = "/nonexistent"' 'os.environ["HOME"] = "relative"' \
		'os.environ["HOME"] = ""' 'del os.environ["HOME"]'; do
		run --separate-stderr python3 -c '
import os, sys
exec(sys.argv[1])
os.environ["PENNYPOST_RELAY"] = sys.argv[2]
os.execve("./sendmail", ["sendmail", "-f", "a@x.example", "b@example.net"], dict(os.environ))' \
			"$code" "smtp://127.0.0.1:$relay_port" <message
		echo "$code: $status $output$stderr"
		[ "$status" -eq 0 ]
		[ -z "$output$stderr" ]
		one_more
	done
	for name in PATH USER LOGNAME SHELL LANG LC_ALL TERM TZ MAIL TMPDIR; do
		env -u "$name" ./sendmail b@example.net <message
		one_more
		env "$name=/nonexistent/;\$(touch run)%s" ./sendmail b@example.net <message
		one_more
	done
	[ ! -e run ]
	# Names that are there twice, without "=", or very long.
	python3 -c '
import ctypes, os
c = ctypes.CDLL(None)
env = [b"HOME=" + os.getcwd().encode(), b"HOME=/nonexistent", b"nothing", b"=x", b"", b"A=" + b"x" * 100000]
argv = [b"sendmail", b"b@example.net"]
array = lambda words: (ctypes.c_char_p * (len(words) + 1))(*words, None)
c.execve(b"./sendmail", array(argv), array(env))' <message
	one_more
}

@test "no terminal, another session, a terminal that nobody is asked at" {
	setsid -w ./sendmail b@example.net <message
	one_more
	setsid -w ./sendmail b@example.net <message >/dev/null 2>&1
	one_more
	asking
	configure 'queue off' 'tls off' 'auth on' 'user ann'
	# Called as sendmail, no password is asked for, even where a person could type it.
	run timeout 20 script -qec "setsid -w ./sendmail b@example.net <message; exit \$?" /dev/null </dev/null
	echo "$output"
	[ "$status" -eq 78 ]
	run timeout 20 script -qec './sendmail b@example.net <message' /dev/null </dev/null
	[ "$status" -eq 78 ]
	run -78 timeout 20 setsid -w ./sendmail b@example.net <message
}

@test "umasks: what is written is for us alone, and can be read by us" {
	for mask in 0 022 0777; do
		rm -rf log .local
		(umask "$mask" && exec ./sendmail b@example.net <message)
		one_more
		[ "$(stat -c %a log)" = 600 ]
	done
	for mask in 0 0777; do
		rm -rf .local
		configure 'delivery queue'
		(umask "$mask" && exec ./sendmail b@example.net <message)
		[ "$(stat -c %a .local/state/pennypost/queue)" = 700 ]
		[ "$(stat -c %a .local/state/pennypost/queue/*.msg)" = 600 ]
	done
}

@test "limits of the caller" {
	local code
	for code in FSIZE,0 CORE,0 STACK,262144 NOFILE,16 DATA,33554432 MEMLOCK,0 CPU,5; do
		started "resource.setrlimit(resource.RLIMIT_${code%,*}, (${code#*,},) * 2)"
		[ "$status" -eq 0 ]
		one_more
	done
	# A large message cannot be held where no file may be written, and says so.
	{ cat message && yes 'a line of thirty-two characters..' | head -c 20000000; } >large
	mv large message
	run bash -c 'cat message | { ulimit -f 0 && exec ./sendmail b@example.net; }'
	echo "$status: $output"
	[ "$status" -eq 75 ]
	[ "${#lines[@]}" -eq 1 ]
	[ ! -e "relay/$((count + 1)).message" ]
}

@test "argument vectors: none at all, an empty name, very long ones" {
	run -64 --separate-stderr python3 -c 'import ctypes
c = ctypes.CDLL(None)
none = (ctypes.c_char_p * 1)(None)
c.execve(b"./sendmail", none, none)' <message
	[ -z "$output" ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	started pass '["", "b@example.net"]'
	[ "$status" -eq 0 ]
	one_more
	started pass '["/" * 100000 + "sendmail", "b@example.net"]'
	[ "$status" -eq 0 ]
	one_more
	started pass '["x" * 100000, "b@example.net"]'
	[ "$status" -eq 0 ]
	one_more
	# 5000 recipients in one argument, and as many in as many.
	started pass '["sendmail", ", ".join("u%d@x.example" % n for n in range(5000))]'
	[ "$status" -eq 0 ]
	one_more
	[ "$(grep -c '^to: ' "relay/$count.envelope")" -eq 5000 ]
	started pass '["sendmail"] + ["u%d@x.example" % n for n in range(5000)]'
	[ "$status" -eq 0 ]
	one_more
	[ "$(grep -c '^to: ' "relay/$count.envelope")" -eq 5000 ]
	local what
	for what in '"-f" + "x" * 100000 + "@example.org"' '"-F" + "x" * 100000' '"x" * 100000 + "@example.org"' \
		'"(" * 100000 + "a@x.example"' '"<" * 100000' '"\"" * 99999' '"," * 100000 + ";" * 1000' '"a:" * 50000'; do
		started pass "['sendmail', 'b@example.net', $what]"
		[ "$status" -eq 64 ] || [ "$status" -eq 0 ]
		[ "${#stderr}" -lt 3000 ]
		[ "$status" -ne 0 ] || one_more
	done
	# What is passed over may be as long as it likes.
	started pass '["sendmail", "b@example.net", "-X" + "x" * 100000, "-O" + "y" * 100000, "-" + "Z" * 100000, "--" + "w" * 100000, "-V" + "v" * 100000, "-L" + "t" * 9999, "-h" + "1" * 9999]'
	[ "$status" -eq 0 ]
	one_more
	[ "$(wc -L <log)" -lt 5000 ]
}
