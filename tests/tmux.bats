# A person at a real terminal: what is shown, what Ctrl-C leaves at every point, and that the
# terminal is afterwards as it was.

load lib/common
load lib/account
load lib/tmux
bats_require_minimum_version 1.5.0

setup() {
	tmux_need
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home XDG_CONFIG_HOME= XDG_STATE_HOME= TMPDIR=$PWD/kept
	unset PENNYPOST_RELAY NO_COLOR VISUAL EDITOR
	mkdir home kept
	ln -s "$PENNYPOST" pennypost
	printf 'From: ann@example.org\nSubject: test\n\nHello.\n' >message
	tmux_start
	tmux_run 'stty -g >before'
}

teardown() {
	slow_stop
	relay_stop
	[ -z "${proxy_pid-}" ] || { kill "$proxy_pid" && wait "$proxy_pid"; } 2>/dev/null || :
	tmux_stop
}

# ended CODE: the command ended so, and the terminal is as it was.
ended() {
	tmux_status "$1"
	tmux_run 'stty -g >after; echo "seen: $?."'
	tmux_wait '^seen: 0\.$'
	cmp before after
}

# interrupted TEXT: Ctrl-C ends it, and says that.
interrupted() {
	tmux_key C-c
	tmux_wait "^pennypost: (.*: )?interrupted: $1"
	ended 130
	tmux_clear
}

# runs PATTERN: whether such a command runs in the terminal.
runs() {
	pgrep -s "$tmux_shell" -f "$1" >/dev/null
}

gone() {
	! runs "$1"
}

# kept TEXT: the only file of what a person wrote holds that, and is named on the screen.
kept() {
	local files=(kept/*)
	[ "${#files[@]}" -eq 1 ]
	tmux_shows "what you wrote is kept in $PWD/${files[0]}\$"
	[ "$(cat "${files[0]}")" = "$1" ]
	[ "$(stat -c %a "${files[0]}")" = 600 ]
	rm "${files[0]}"
}

# an_editor LINE...: a script to be the editor; its file is $1.
an_editor() {
	printf '%s\n' '#!/bin/sh' "$@" >editor
	chmod +x editor
	export EDITOR=$PWD/editor
	tmux_run "export EDITOR=$EDITOR"
}

@test "Ctrl-C keeps what was typed, and says where" {
	relay_port=1
	configure
	for command in './pennypost -s x bob@example.org' './pennypost bob@example.org'; do
		for key in C-c 'C-\'; do
			tmux_run "$command"
			within 10 tmux_idles pennypost
			tmux_type 'Subject: first'
			tmux_key Enter
			within 10 tmux_idles pennypost
			tmux_type half
			tmux_wait '^half'
			tmux_key "$key"
			tmux_wait '^pennypost: interrupted: the message has not been sent; what'
			[ "$key" = C-c ] && ended 130 || ended 131
			kept 'Subject: first'
			tmux_clear
		done
	done
	# Nothing was typed: nothing is kept.
	tmux_run './pennypost -s x bob@example.org'
	tmux_wait 'end it with Ctrl-D'
	interrupted 'the message has not been sent$'
	[ -z "$(ls kept)" ]
}

@test "what was typed and does not go is kept; what goes, or is queued, is not" {
	relay_port=1
	configure 'queue off'
	for command in './pennypost -s x bob@example.org' './pennypost bob@example.org'; do
		tmux_run "$command"
		within 10 tmux_idles pennypost
		tmux_type 'Subject: first'
		tmux_key Enter C-d
		tmux_wait 'what you wrote is kept'
		ended 75
		kept 'Subject: first'
		tmux_clear
	done
	configure
	tmux_run './pennypost -s x bob@example.org'
	within 10 tmux_idles pennypost
	tmux_type hello
	tmux_key Enter . Enter
	tmux_wait '^pennypost: queued as'
	ended 0
	[ -z "$(ls kept)" ]
	relay_start relay
	configure
	tmux_run './pennypost -s x bob@example.org'
	within 10 tmux_idles pennypost
	tmux_type hello
	tmux_key Enter C-d
	ended 0
	[ -z "$(ls kept)" ]
	# No file that nobody asked for under this name.
	ln -s "$PENNYPOST" sendmail
	tmux_clear
	tmux_run './sendmail -f ann@example.org nobody'
	within 10 tmux_idles sendmail
	tmux_type hello
	tmux_key Enter C-c
	ended 130
	[ -z "$(ls kept)" ]
}

@test "Ctrl-C while a text that was edited is being sent" {
	slow verdict
	an_editor 'echo edited >>"$1"'
	tmux_clear
	tmux_run './pennypost --edit -s x bob@example.org'
	tmux_wait 'waiting for the verdict'
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: the message may have been sent: .*; what you wrote is'
	ended 130
	kept edited
}

@test "an editor that is stopped, interrupted, killed, or ends with an error" {
	relay_port=1
	configure 'queue off'
	an_editor 'echo edited >>"$1"; stty -echo raw' 'echo ready; echo $$ >editor.pid' 'exec sleep 60'
	tmux_run './pennypost --edit -s x bob@example.org'
	tmux_wait ready
	kill -KILL "$(cat editor.pid)"
	tmux_wait 'the editor ".*" failed, so nothing is sent'
	ended 66
	kept edited
	tmux_clear
	an_editor 'echo edited >>"$1"' 'echo ready' 'exec sleep 60'
	tmux_run './pennypost --edit -s x bob@example.org'
	tmux_wait ready
	tmux_key C-z
	tmux_wait Stopped
	tmux_clear
	tmux_run fg
	within 10 tmux_idles pennypost
	tmux_key C-c
	tmux_wait 'the editor ".*" failed, so nothing is sent'
	ended 66
	kept edited
	tmux_clear
	an_editor 'echo ready' 'exit 1'
	tmux_run './pennypost --edit -s x bob@example.org'
	tmux_wait 'the editor ".*" failed, so nothing is sent'
	ended 66
	[ -z "$(ls kept)" ]
}

@test "vi: what is written goes, :cq sends nothing" {
	command -v vi >/dev/null || skip 'vi is missing: apt-get install vim-tiny'
	relay_start relay
	configure
	tmux_run 'export VISUAL=vi'
	for end in ':wq' ':cq'; do
		tmux_clear
		tmux_run './pennypost --edit -s x bob@example.org'
		tmux_wait '^~'
		tmux_type iHello.
		tmux_key Escape
		tmux_wait Hello
		tmux_run ":w"
		tmux_wait written
		tmux_run "$end"
		[ $end = :wq ] && ended 0 || ended 66
	done
	within 5 grep -qa '^Hello' relay/1.message
	kept 'Hello.'
	[ ! -e relay/2.message ]
}

@test "Ctrl-C ends the command that is to say the password" {
	relay_start relay --auth ann:secret
	configure 'auth on' 'user ann' 'passwordeval touch asked; sleep 47; echo secret'
	tmux_run './pennypost bob@example.org <message'
	within 10 runs 'sleep 47'
	interrupted 'the message has not been sent$'
	within 10 gone 'sleep 47'
}

# full: a port of this machine at which a connection never comes about: its backlog is full.
full() {
	python3 - >port 3>&- <<-'END' &
		import signal, socket
		signal.alarm(300)
		listener = socket.create_server(("127.0.0.1", 0), backlog=0)
		waiting = []
		for _ in range(4):
		    one = socket.socket()
		    one.setblocking(False)
		    one.connect_ex(listener.getsockname())
		    waiting.append(one)
		print(listener.getsockname()[1], flush=True)
		signal.pause()
	END
	slow_pid=$!
	within 10 test -s port
	relay_port=$(cat port)
	configure
}

@test "Ctrl-C at each step says where the message is, and nothing is queued" {
	tmux_run '(cat message; sleep 40) | ./pennypost bob@example.org'
	tmux_wait 'reading the message'
	interrupted 'the message has not been sent$'
	full
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'connecting to 127.0.0.1: 2 s'
	interrupted 'the message has not been sent$'
	slow hello
	configure 'proxy socks5://127.0.0.1:'"$relay_port" 'proxy_cleartext on' 'host relay.example.org' 'tls on'
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'asking the proxy for relay.example.org: 2 s'
	interrupted 'the message has not been sent$'
	configure 'tls on' 'tls_starttls off'
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'starting TLS with 127.0.0.1'
	interrupted 'the message has not been sent$'
	configure
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'waiting for the greeting of 127.0.0.1'
	interrupted 'the message has not been sent$'
	slow auth
	configure 'auth on' 'user ann' 'passwordeval echo secret'
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'logging in at 127.0.0.1'
	interrupted 'the message has not been sent$'
	for verb in mail rcpt; do
		slow $verb
		tmux_run './pennypost bob@example.org <message'
		tmux_wait 'naming the recipients to 127.0.0.1'
		interrupted 'the message has not been sent$'
	done
	yes 'The quick brown fox jumps over the lazy dog.' | head -c 8000000 >>message
	slow data
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'sending to 127.0.0.1: '
	interrupted 'the message has not been sent$'
	slow verdict
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'waiting for the verdict of 127.0.0.1'
	interrupted 'the message may have been sent: the relay has all of it, and has not answered$'
	[ -z "$(ls kept)" ]
	[ ! -e home/.local/state/pennypost/queue ]
}

@test "a password that is asked for: no echo, and all is as it was, whatever ends it" {
	relay_start relay --auth ann:secret
	configure 'auth on' 'user ann'
	for key in C-c 'C-\'; do
		tmux_run './pennypost bob@example.org <message'
		tmux_wait '^password for ann at 127.0.0.1:'
		within 10 tmux_idles pennypost
		tmux_type sec
		tmux_key "$key"
		tmux_wait 'interrupted: the message has not been sent$'
		[ "$key" = C-c ] && ended 130 || ended 131
		tmux_lacks 'sec$'
		tmux_clear
	done
	tmux_run './pennypost bob@example.org <message'
	tmux_wait '^password for ann at 127.0.0.1:'
	within 10 tmux_idles pennypost
	tmux_type sec
	tmux_key C-z
	tmux_wait Stopped
	tmux_run 'stty -g >after; echo "seen: $?."'
	tmux_wait '^seen: 0\.$'
	cmp before after
	tmux_clear
	tmux_run fg
	tmux_wait '^password for ann at 127.0.0.1:'
	within 10 tmux_idles pennypost
	tmux_type secret
	tmux_key Enter
	ended 0
	tmux_lacks 'secret'
	[ -s relay/1.message ]
}

@test "Ctrl-Z and fg: it goes on, and draws again" {
	slow verdict
	tmux_run './pennypost bob@example.org <message'
	tmux_wait 'waiting for the verdict'
	tmux_key C-z
	tmux_wait Stopped
	tmux_clear
	# Behind, it leaves the terminal alone.
	tmux_run bg
	tmux_run 'sleep 1; echo "slept"'
	tmux_wait '^slept$'
	tmux_lacks waiting
	tmux_run fg
	tmux_wait 'waiting for the verdict'
	touch go
	ended 0
	tmux_lacks waiting
}

# narrow_shows: whether what fits of the line is shown, in its place below the prompt.
narrow_shows() {
	[[ $(tmux_ask capture-pane -p | tail -n 1) == w* || $(tmux_ask capture-pane -p) == *$'\n'w* ||
		$(tmux_ask capture-pane -p) == w* ]]
}

@test "narrow windows: one line, whatever becomes of the window" {
	slow verdict
	for size in 40x10 20x5 7x3 2x2; do
		tmux_resize $size
		tmux_run 'clear; ./pennypost bob@example.org <message'
		within 10 test -e at-verdict
		within 10 narrow_shows
		touch go
		within 10 gone './pennypost'
		rm go at-verdict
		tmux_resize 80x24
		ended 0
		tmux_lacks '^wait'
	done
	tmux_run 'clear; ./pennypost bob@example.org <message'
	tmux_wait 'waiting for the verdict of 127.0.0.1'
	for size in 200x50 30x8 1x1 80x24; do
		tmux_resize $size
		[ $size = 1x1 ] || tmux_wait "^$(printf 'waiting for the verdict of 127.0.0.1' | head -c $((${size%x*} - 1)))"
	done
	interrupted 'the message may have been sent'
}

@test "closing the window ends it, and the text is kept" {
	relay_port=1
	configure
	tmux_run './pennypost -s x bob@example.org'
	within 10 tmux_idles pennypost
	tmux_type hello
	tmux_key Enter
	within 10 tmux_idles pennypost
	tmux_ask kill-server
	within 10 tmux_is_gone
	[ "$(cat kept/*)" = hello ]
}

@test "the line is there with a pipe behind, and plain where that is wished" {
	slow verdict
	tmux_run './pennypost --json bob@example.org <message | cat'
	tmux_wait 'waiting for the verdict'
	tmux_ask capture-pane -p -e >colours
	grep -q $'\033\[36mwaiting' colours
	touch go
	tmux_wait '"outcome":"sent"'
	tmux_lacks 'waiting'
	rm go
	tmux_clear
	tmux_run 'NO_COLOR=1 ./pennypost bob@example.org <message'
	tmux_wait 'waiting for the verdict'
	tmux_ask capture-pane -p -e >colours
	run -1 grep -q $'\033\[36m' colours
	touch go
	ended 0
	rm -f go at-verdict
	tmux_clear
	tmux_run 'TERM=dumb ./pennypost bob@example.org <message'
	within 10 test -e at-verdict
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: the message may have been sent'
	ended 130
	tmux_lacks 'waiting'
}

@test "--doctor and --server-info show what they wait for, and end in order" {
	slow hello
	for command in --doctor --server-info; do
		tmux_run "./pennypost $command"
		tmux_wait '^waiting for the greeting of 127.0.0.1: 2 s'
		tmux_key C-c
		tmux_wait '^pennypost: interrupted: nothing was sent$'
		ended 130
		tmux_lacks '^waiting'
		tmux_clear
	done
	configure 'auth on' 'user ann' 'passwordeval sleep 47'
	tmux_run './pennypost --doctor'
	within 10 runs 'sleep 47'
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: nothing was sent$'
	within 10 gone 'sleep 47'
	ended 130
	tmux_clear
	slow verdict
	tmux_run './pennypost --doctor --send-test'
	tmux_wait '^waiting for the verdict of 127.0.0.1'
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: the test message may have been sent$'
	ended 130
	tmux_clear
	touch go
	tmux_run './pennypost --doctor'
	tmux_wait '^mail would go'
	tmux_lacks '^waiting'
	# Warnings are no failure.
	ended 0
}

@test "--configure: Ctrl-C writes nothing, or says that it is written" {
	slow hello
	rm home/.config/pennypost/config
	local command="./pennypost --configure ann@example.org --host 127.0.0.1 --port $relay_port --tls off --auth off"
	tmux_run "$command"
	tmux_wait '^waiting for the greeting of 127.0.0.1'
	interrupted 'nothing was written$'
	touch go
	tmux_run "$command"
	tmux_wait 'Shall it be written'
	within 10 tmux_idles pennypost
	interrupted 'nothing was written$'
	[ ! -e home/.config/pennypost/config ]
	tmux_run "$command"
	tmux_wait 'Shall it be written'
	tmux_key y Enter
	tmux_wait 'Shall a test mail be sent'
	within 10 tmux_idles pennypost
	interrupted 'the configuration is written$'
	grep -q '^port' home/.config/pennypost/config
	# And a password that is asked for.
	rm -r home/.config go
	tmux_run "./pennypost --configure ann@example.org --host 127.0.0.1 --port $relay_port --tls off --user ann"
	tmux_wait '^waiting for the greeting of 127.0.0.1'
	touch go
	tmux_wait 'Number'
	tmux_key Enter
	tmux_wait '[Pp]assword'
	within 10 tmux_idles pennypost
	tmux_type secret
	interrupted 'nothing was written$'
	tmux_lacks secret
	[ -z "$(find home/.config -type f 2>/dev/null)" ]
}

@test "-q: the first Ctrl-C waits for the message under way, the second does not" {
	slow verdict
	for n in 1 2; do ./pennypost --delivery queue bob@example.org <message 2>/dev/null; done
	tmux_run './pennypost -q'
	within 10 test -e at-verdict
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: it ends behind the message under way'
	touch go
	ended 0
	[ "$(./pennypost --queue-dir "$PWD/home/.local/state/pennypost/queue" -bP)" = 1 ]
	rm go at-verdict
	tmux_clear
	tmux_run './pennypost -q'
	within 10 test -e at-verdict
	tmux_key C-c
	tmux_wait '^pennypost: interrupted: it ends behind the message under way'
	tmux_key C-c
	ended 130
	within 10 gone './pennypost'
	[ "$(./pennypost --queue-dir "$PWD/home/.local/state/pennypost/queue" -bP)" = 1 ]
}
