#!/usr/bin/env bats
# Completions, in the shells that they are for, and the colours of the configuration.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	"$ROOT/tests/lib/unpack" "$ROOT/build/shells" zsh fish vim-nox
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config XDG_STATE_HOME=$PWD/state TERM=dumb
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost bin
	made=$PENNYPOST_BUILD/contrib/completions
	ln -s "$PENNYPOST" bin/pennypost
	printf '%s\n' 'defaults' 'syslog off' 'from ann@example.org' 'account fastmail' \
		'host 127.0.0.1' 'account work' 'host 127.0.0.1' >config/pennypost/config
	chmod 600 config/pennypost/config
	bin/pennypost -odq -a work bob@example.net </dev/null 2>queued
	id=$(sed -n 's/.*queued as //p' queued)
}

@test "bash completes options, their values, accounts and queue ids" {
	printf '%s\n' "PATH=$PWD/bin:\$PATH" "PS1='ready '" 'bind "set bell-style none"' \
		"source $made/pennypost" >rc
	"$ROOT/tests/lib/terminal" expect 'ready ' send 'pennypost --verify-a\t' \
		expect 'pennypost --verify-address' send '\x15pennypost --account fa\t' \
		expect '--account fastmail' send '\x15pennypost -a wo\t' expect '-a work' \
		send '\x15pennypost --tls=o\t\t' expect 'off' send '\x15pennypost -C rc\t' \
		expect '-C rc' send "\\x15pennypost --show ${id:0:3}\\t" expect "--show $id" \
		send '\x15exit\r' -- bash --noprofile --rcfile rc -i
}

@test "bash completes our other names where they are ours" {
	ln -s "$PENNYPOST" bin/msmtp
	ln -s "$PENNYPOST" bin/sendmail
	printf '#!/bin/sh\n' >bin/mailq
	chmod +x bin/mailq
	run -0 env PATH="$PWD/bin:$PATH" bash --noprofile --norc -c "source $made/pennypost
		complete -p pennypost msmtp sendmail
		! complete -p mailq || exit 1
		COMP_WORDS=(sendmail -) COMP_CWORD=1
		_pennypost sendmail - sendmail && echo \"letters: \${COMPREPLY[*]}\"
		_pennypost msmtp --serverin msmtp && echo \"words: \${COMPREPLY[*]}\"
		_pennypost msmtp fa --account && echo \"accounts: \${COMPREPLY[*]}\""
	echo "$output"
	grep -qx 'complete -F _pennypost msmtp' <<<"$output"
	grep -qx 'letters: -t.* -q.*' <<<"$output"
	! grep -- '^letters: .*--' <<<"$output"
	grep -qx 'words: --serverinfo' <<<"$output"
	grep -qx 'accounts: fastmail' <<<"$output"
}

@test "zsh completes options, their values, accounts and queue ids" {
	have_world >/dev/null || skip "needs a mount namespace"
	printf '%s\n' "PATH=$PWD/bin:\$PATH" "PS1='ready '" "fpath=($made \$fpath)" 'unsetopt beep' \
		'autoload -U compinit && compinit -u -D' 'compdef _pennypost pennypost' >.zshrc
	"$ROOT/tests/lib/terminal" expect 'ready ' send 'pennypost --verify-a\t' \
		expect '--verify-address' send '\x15pennypost --account fa\t' \
		expect 'fastmail' send '\x15pennypost -a wo\t' expect 'work' \
		send '\x15pennypost --tls-c\ton\t' expect 'certcheck' \
		send "\\x15pennypost --show ${id:0:3}\\t" expect "$id" \
		send '\x15exit\r' -- "$ROOT/tests/lib/world" "$PWD" "$ROOT/build/shells" -- \
		env ZDOTDIR="$PWD" zsh -i
}

@test "fish completes options, their values, accounts and queue ids" {
	have_world >/dev/null || skip "needs a mount namespace"
	local ask
	for ask in '--verify-a:--verify-address' '--account fa:fastmail' '-a wo:work' \
		'--tls=o:--tls=off' "--show ${id:0:3}:$id" '--aliases que:queued'; do
		run "$ROOT/tests/lib/world" "$PWD" "$ROOT/build/shells" -- env -C "$PWD" PATH="$PWD/bin:$PATH" \
			fish --no-config -c "source $made/pennypost.fish; complete -C 'pennypost ${ask%%:*}'"
		echo "$ask: $output"
		grep -q -e "^${ask#*:}" <<<"$output"
	done
}

@test "every option that --help shows is completed, and every word of the configuration coloured" {
	local option key
	bin/pennypost --help | grep -oE -e '--[a-z][a-z0-9-]+' | sort -u >options
	[ "$(wc -l <options)" -gt 50 ]
	while read -r option; do
		grep -q -e "$option[ ']" "$made/pennypost"
		grep -q -e "'\\*$option[=[]" "$made/_pennypost"
		grep -q -e " -l ${option#--}[ ']" "$made/pennypost.fish"
	done <options
	cat "$ROOT"/src/conf/keys_*.c | grep -oE '^	\{"[a-z_]+"' | tr -d '\t{"' >keys
	[ "$(wc -l <keys)" -gt 50 ]
	while read -r key; do
		grep -qE "[(|]$key(\\\\|$)" "$made/pennypost.vim"
	done <keys
}
