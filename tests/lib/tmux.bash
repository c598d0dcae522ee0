# A real terminal for the tests: tmux on a socket of its own, with a shell in its only window. A test
# file says: load lib/tmux. What is waited for is looked for on the screen, as a person sees it, for
# $tmux_patience seconds at most.

tmux_patience=20

# tmux_need: skips the test where there is no tmux.
tmux_need() {
	command -v tmux >/dev/null || skip 'tmux is missing: apt-get install tmux'
}

# tmux_ask COMMAND WORD...: a command of tmux, to our server.
tmux_ask() {
	env -u TMUX tmux -u -f /dev/null -S "$tmux_folder/socket" "$@"
}

# tmux_start [COLUMNSxROWS]: the shell in a terminal of that size. Its prompt is "% ". Signals are
# as in a login, also where we run behind.
tmux_start() {
	local size=${1:-80x24}
	# The name of a socket must be short.
	tmux_folder=$(mktemp -d /tmp/pennypost-tmux-XXXXXX)
	tmux_ask new-session -d -x "${size%x*}" -y "${size#*x}" \
		env --default-signal TERM=screen PS1='% ' PS2='' HISTFILE= \
		bash --norc --noprofile 3>&- || { tmux_stop; return 1; }
	tmux_shell=$(tmux_ask display-message -p '#{pane_pid}')
	tmux_server=$(tmux_ask display-message -p '#{pid}')
	tmux_ask set-option -g history-limit 5000 \; set-option -g status off
	tmux_resize "$size"
	tmux_wait '^% $'
}

# tmux_resize COLUMNSxROWS
tmux_resize() {
	tmux_ask resize-window -x "${1%x*}" -y "${1#*x}"
}

# tmux_screen: what is on it, without blank lines at the end; lines that were wrapped are one.
tmux_screen() {
	tmux_ask capture-pane -p -J -S - | sed 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# tmux_type TEXT...: types it as it stands.
tmux_type() {
	tmux_ask send-keys -l -- "$*"
}

# tmux_key KEY...: presses C-c, C-z, Enter and the like.
tmux_key() {
	tmux_ask send-keys -- "$@"
}

# tmux_run COMMAND: types a command line.
tmux_run() {
	tmux_type "$*"
	tmux_key Enter
}

# tmux_shows PATTERN: whether a line of the screen matches (grep -E).
tmux_shows() {
	tmux_ask capture-pane -p -J -S - | grep -qE -- "$1"
}

# tmux_wait PATTERN: until tmux_shows. Fails with what is shown instead.
tmux_wait() {
	within "$tmux_patience" tmux_shows "$1" && return
	printf '# not on the screen: %s\n' "$1"
	tmux_screen
	return 1
}

# tmux_lacks PATTERN: fails if a line of the screen matches.
tmux_lacks() {
	tmux_shows "$1" || return 0
	printf '# on the screen: %s\n' "$1"
	tmux_screen
	return 1
}

# tmux_prompts: whether the shell asks for the next command.
tmux_prompts() {
	[ "$(tmux_ask capture-pane -p | grep . | tail -n 1)" = % ]
}

# tmux_status CODE: waits until the shell has its prompt again, and fails unless the command before
# ended with that.
tmux_status() {
	within "$tmux_patience" tmux_prompts || { printf '# no prompt\n'; tmux_screen; return 1; }
	tmux_run 'echo "status: $?."'
	tmux_wait '^status: [0-9]+\.$'
	tmux_shows "^status: $1\\.\$" || { printf '# not the status %s\n' "$1"; tmux_screen; return 1; }
}

# tmux_idles NAME: whether the only program of that name in the terminal sleeps, and has read all
# that was typed.
tmux_idles() {
	local pid
	pid=$(pgrep -s "$tmux_shell" -x "$1") || return 1
	python3 - "$pid" "$(tmux_ask display-message -p '#{pane_tty}')" <<-'END'
		import fcntl, os, struct, sys, termios
		tty = os.open(sys.argv[2], os.O_RDONLY | os.O_NOCTTY)
		unread = struct.unpack("i", fcntl.ioctl(tty, termios.FIONREAD, b"\0" * 4))[0]
		with open(f"/proc/{sys.argv[1]}/stat") as file:
		    state = file.read().rpartition(")")[2].split()[0]
		sys.exit(unread > 0 or state != "S")
	END
}

# tmux_clear: an empty screen, for what is waited for next.
tmux_clear() {
	tmux_key C-l
	tmux_ask send-keys -R \; clear-history
}

# tmux_is_gone: whether nothing runs in the terminal any more.
tmux_is_gone() {
	! pgrep -s "$tmux_shell" >/dev/null
}

# tmux_stop: ends the shell, what runs in it, and the server. Fails if something has to be killed.
tmux_stop() {
	local left=0
	[ -n "${tmux_folder-}" ] || return 0
	if [ -n "${tmux_server-}" ]; then
		kill "$tmux_server" 2>/dev/null || :
		within 10 tmux_is_gone || { left=1; ps -o pid,args -s "$tmux_shell"; }
		pkill -KILL -s "$tmux_shell" || :
	fi
	rm -rf "$tmux_folder"
	tmux_folder='' tmux_server=''
	return $left
}
