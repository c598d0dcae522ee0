#!/usr/bin/env bats
# Debian's package of contrib/deb: what lintian says of it, and how it is installed, used and removed
# in a bare Debian (tests/lib/bare), whose files change in memory alone (tests/lib/world).

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	export SHARE=$BATS_FILE_TMPDIR/share
	mkdir "$SHARE"
	have_world >/dev/null || return 0
	mkdir -p "$ROOT/build/deb"
	DEB=$(find "$ROOT/build/deb" -name 'pennypost_*.deb')
	if [ -z "$DEB" ] || changed_since "$DEB"; then
		"$ROOT/contrib/deb"
		DEB=$(find "$ROOT/build/deb" -name 'pennypost_*.deb')
	fi
	export DEB
	"$ROOT/tests/lib/bare" "$ROOT/build/package" "$DEB bsd-mailx cron at" \
		'--no-install-recommends exim4-daemon-light' '--no-install-recommends msmtp-mta'
	"$ROOT/tests/lib/ca" "$SHARE/ca"
}

setup() {
	need_world
	relay_pid=
	relay=$SHARE/relay$BATS_TEST_NUMBER
}

teardown() {
	relay_stop
}

# changed_since FILE: whether something is newer that the package is made of.
changed_since() {
	cd "$ROOT"
	[ -n "$(find meson.build meson_options.txt COPYING README src man contrib -newer "$1" -print -quit)" ]
}

# a_relay: one that demands TLS and a login.
a_relay() {
	relay_start "$relay" --starttls --cert "$SHARE/ca/server.pem" --key "$SHARE/ca/server.key" \
		--auth 'host17:a secret'
}

# on_debian FUNCTION: runs it, until its first error, in the bare Debian, with the variables and
# functions of here.
on_debian() {
	{
		declare -f
		declare -p DEB SHARE relay
		echo "relay_port=${relay_port-}"
		echo 'exec 9>&2; BASH_XTRACEFD=9; set -eEx -o pipefail; cd /tmp'
		echo 'trap "echo not so: \$BASH_COMMAND" ERR'
		echo "$1"
	} >"$SHARE/script"
	run env WORLD_BASE="$ROOT/build/package/root" "$ROOT/tests/lib/world" "$SHARE" -- env -i \
		HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
		DEBIAN_FRONTEND=noninteractive /bin/bash "$SHARE/script"
	echo "$output"
	[ "$status" -eq 0 ]
}

# What follows runs there.

# apt ARGUMENT...: apt-get that asks nothing and reaches no network.
apt() {
	apt-get -qq -o APT::Sandbox::User=root "$@" </dev/null 2>&1
}

# configure: the relay, its CA among those of the system, and somebody who reads root's mail.
configure() {
	cp "$SHARE/ca/ca.pem" /usr/local/share/ca-certificates/test.crt
	update-ca-certificates >/dev/null 2>&1
	cat >/etc/pennypost.conf <<-END
		relay    submission://host17@127.0.0.1:$relay_port
		password a secret
		from     host17@example.org
		domain   host17.example.org
		aliases  /etc/aliases
		syslog   off
	END
	echo 'root: admin@example.org' >/etc/aliases
}

# arrives NUMBER RECIPIENT WORDS: waits for the relay's message of that number.
arrives() {
	within 30 test -f "$relay/$1.message"
	grep -qx "to: <$2>" "$relay/$1.envelope"
	grep -qx 'login: host17' "$relay/$1.envelope"
	grep -q "$3" "$relay/$1.message"
}

# submit COMMAND...: a message to it; sets status and said.
submit() {
	status=0
	said=$(printf 'Subject: x\n\nx\n' | "$@" 2>&1) || status=$?
}

# as_nobody COMMAND...: somebody without a home, but with a password.
as_nobody() {
	chgrp nogroup /etc/pennypost.conf
	setpriv --reuid nobody --regid nogroup --clear-groups "$@"
}

# listed FILE: writes what is on the machine but for the diaries of dpkg and apt.
listed() {
	find / -xdev \( -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \
		-o -path /var/log -o -path /tmp -o -path /run -o -path /dev -o -path /proc \) -prune \
		-o ! -name ld.so.cache -printf '%p %M %U:%G %l\n' | sort >"$1"
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]
}

not() {
	! "$@"
}

ours() {
	for name in /usr/sbin/sendmail /usr/lib/sendmail /usr/bin/mailq /usr/bin/newaliases; do
		[ "$name" -ef /usr/bin/pennypost ]
	done
}

@test "lintian finds no error and no warning" {
	cd "$ROOT"
	run lintian --allow-root --fail-on error,warning build/deb/*.changes
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the version of the package is that of the program" {
	[ "$(dpkg-deb -f "$DEB" Version)" = "$("$PENNYPOST" --version | sed 's/.* //')" ]
}

installs_bare() {
	apt update
	apt install "$DEB"
	ours
	[ "$(stat -c '%a %U:%G' /var/spool/pennypost)" = '1733 root:root' ]
	[ "$(stat -c '%a %U:%G' /etc/pennypost.conf)" = '640 root:mail' ]
	[ -L /etc/systemd/system/timers.target.wants/pennypost-queue.timer ]
	[ -L /etc/systemd/user/timers.target.wants/pennypost-queue.timer ]
	# Without a relay nothing is taken, and a line says what to do.
	submit sendmail root
	[ "$status" -eq 78 ]
	[[ $said == *'no relay is configured'*/etc/pennypost.conf* ]]
	[ "$(mailq)" = 'Mail queue is empty' ]
	[ "$(dpkg --verify pennypost)" = '' ]
	# What the configuration proposes is one.
	echo 'root: admin@example.org' >/etc/aliases
	sed 's/^#\([a-z]\)/\1/' /etc/pennypost.conf >conf
	grep -q '^aliases' conf
	submit pennypost -C conf --dry-run root
	[ "$status" -eq 0 ]
	grep -q 'admin@example.org' <<<"$said"
}

@test "it installs on a bare Debian and says what is missing" {
	on_debian installs_bare
}

sends() {
	apt update
	apt install "$DEB" bsd-mailx cron at
	configure
	echo test | mail -s 'from mail' root
	arrives 1 admin@example.org 'Subject: from mail'
	# What is there when cron comes up runs at once.
	echo '@reboot root echo said by a job' >/etc/cron.d/job
	cron -f &
	arrives 2 admin@example.org 'said by a job'
	grep -q '(Cron Daemon)' "$relay/2.message"
	echo 'echo said later' | at now
	atd -f &
	arrives 3 admin@example.org 'said later'
	[ "$(mailq)" = 'Mail queue is empty' ]
}

@test "mail, cron and at send as soon as a relay is named" {
	a_relay
	on_debian sends
}

checks_aliases() {
	apt update
	apt install "$DEB"
	configure
	newaliases
}

@test "newaliases checks the aliases" {
	relay_port=25
	on_debian checks_aliases
}

removes() {
	apt update
	# shellcheck disable=SC2046
	apt install ca-certificates $(dpkg-deb -f "$DEB" Depends | sed 's/([^)]*)//g; s/,//g')
	listed before
	dpkg -i "$DEB"
	configure
	submit sendmail root
	[ "$status" -eq 0 ]
	arrives 1 admin@example.org 'Subject: x'
	submit as_nobody sendmail -odq root
	[ "$status" -eq 0 ]
	pennypost -q
	arrives 2 admin@example.org 'Subject: x'
	[ -d "/var/spool/pennypost/$(id -u nobody)" ]
	dpkg -r pennypost 2>&1 | tee said
	not grep -q 'mail that waits' said
	[ -f /etc/pennypost.conf ]
	[ "$(find /usr /lib/systemd -xdev -name '*pennypost*')" = '' ]
	dpkg -P pennypost
	rm /etc/aliases /usr/local/share/ca-certificates/test.crt
	# What lies in a home is its owner's.
	rm -r /root/.cache/pennypost
	rmdir /root/.cache
	update-ca-certificates --fresh >/dev/null 2>&1
	listed after
	diff before after
}

@test "installed, used and removed, it leaves nothing behind" {
	a_relay
	on_debian removes
}

keeps_mail() {
	apt update
	apt install "$DEB"
	configure
	# Nothing listens there now.
	submit sendmail root
	[ "$status" -eq 0 ]
	[[ $said == *'queued as'* ]]
	submit as_nobody sendmail root
	[ "$status" -eq 0 ]
	[[ $said == *'queued as'* ]]
	find /root/.local/state/pennypost/queue /var/spool/pennypost -name '*.msg' | sort >before
	[ "$(wc -l <before)" -eq 2 ]
	dpkg -r pennypost 2>&1 | tee said
	grep -q 'mail that waits to be sent stays where it is' said
	grep -q 'in 2 Requests' said
	[ -f /etc/pennypost.conf ]
	dpkg -P pennypost 2>&1 | tee said
	grep -q 'mail that waits to be sent is left in /var/spool/pennypost' said
	[ ! -e /etc/pennypost.conf ]
	find /root/.local/state/pennypost/queue /var/spool/pennypost -name '*.msg' | sort | diff before -
	# Back again, it sends what it finds.
	dpkg -i "$DEB"
	grep -q 'in 2 Requests' <<<"$(mailq)"
}

@test "mail that waits outlives removing and purging, and both say so" {
	a_relay
	relay_stop
	on_debian keeps_mail
}

keeps_configuration() {
	apt update
	apt install "$DEB"
	echo '# mine' >/etc/pennypost.conf
	chmod 600 /etc/pennypost.conf
	dpkg -i "$DEB"
	dpkg -r pennypost
	dpkg -i "$DEB"
	[ "$(cat /etc/pennypost.conf)" = '# mine' ]
	[ "$(stat -c %a /etc/pennypost.conf)" = 600 ]
	rm /etc/pennypost.conf
	dpkg -i "$DEB"
	[ ! -e /etc/pennypost.conf ]
}

@test "the configuration is its owner's, who may also remove it" {
	on_debian keeps_configuration
}

replaces() {
	apt update
	for other in exim4-daemon-light msmtp-mta; do
		apt install --no-install-recommends "$other"
		installed "$other"
		not ours
		apt install --no-install-recommends "$DEB"
		installed pennypost
		not installed "$other"
		ours
	done
	# And the other way round.
	apt install --no-install-recommends exim4-daemon-light
	installed exim4-daemon-light
	not installed pennypost
	[ /usr/sbin/sendmail -ef /usr/sbin/exim4 ]
}

@test "it takes the place of another mail system, and another takes its" {
	on_debian replaces
}
