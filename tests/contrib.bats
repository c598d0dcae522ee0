#!/usr/bin/env bats
# What is installed beside the program: the names of sendmail, the units that run the
# queue, its directory, the examples.

bats_require_minimum_version 1.5.0
load lib/common

setup_file() {
	export place=$BATS_FILE_TMPDIR/place
	meson setup "$BATS_FILE_TMPDIR/build" "$ROOT" --prefix="$place/usr" -Dtests=false \
		-Dunits=true -Dsendmail_links=true >"$BATS_FILE_TMPDIR/log" 2>&1 &&
		ninja -C "$BATS_FILE_TMPDIR/build" >>"$BATS_FILE_TMPDIR/log" 2>&1 &&
		DESTDIR=$BATS_FILE_TMPDIR/root meson install -C "$BATS_FILE_TMPDIR/build" \
			>>"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log"
		return 1
	}
	# The units name the program where it will be.
	mkdir -p "$place"
	cp -a "$BATS_FILE_TMPDIR/root$place/usr" "$place"
}

@test "the units are what systemd understands" {
	command -v systemd-analyze || skip 'systemd-analyze is missing (package systemd)'
	cd "$place/usr/lib/systemd"
	for unit in system/*; do
		run systemd-analyze verify --man=no --recursive-errors=no "./$unit"
		echo "$unit: $output"
		[ "$status" -eq 0 ]
		[[ $output != *"$unit"* ]]
	done
	for unit in user/*; do
		run systemd-analyze verify --user --man=no --recursive-errors=no "./$unit"
		echo "$unit: $output"
		[[ $output != *"$unit:"* ]]
	done
}

@test "the units, the cron line and the hook call the program where it is" {
	[ -x "$place/usr/bin/pennypost" ]
	# What comes again and again tries only what is due.
	for service in "$place"/usr/lib/systemd/*/pennypost-queue.service; do
		grep -q "^ExecStart=$place/usr/bin/pennypost -q --due$" "$service"
	done
	grep -q "^ExecStart=$place/usr/bin/pennypost -q$" "$place"/usr/lib/systemd/system/pennypost-flush.service
	grep -q "$place/usr/bin/pennypost -q --due" "$place/usr/share/doc/pennypost/examples/cron.d/pennypost"
	grep -q "^$place/usr/bin/pennypost -q" \
		"$place/usr/share/doc/pennypost/examples/networkmanager/90-pennypost"
	! grep -rq '@[A-Z]*@' "$place/usr/lib/systemd" "$place/usr/lib/tmpfiles.d" \
		"$place/usr/share/doc"
}

@test "the service of the system has a home, where root's queue is" {
	grep -qx User=root "$place/usr/lib/systemd/system/pennypost-queue.service"
}

@test "the network hook runs the queue when the network comes, and only then" {
	hook=$BATS_TEST_TMPDIR/hook
	sed "s,$place/usr/bin/pennypost,$BATS_TEST_TMPDIR/called," \
		"$place/usr/share/doc/pennypost/examples/networkmanager/90-pennypost" |
		sed 's,-d /run/systemd/system,-d /nonexistent,' >"$hook"
	mkfifo "$BATS_TEST_TMPDIR/said"
	printf '#!/bin/sh\necho "$HOME" "$@" >%s\n' "$BATS_TEST_TMPDIR/said" >"$BATS_TEST_TMPDIR/called"
	chmod 755 "$BATS_TEST_TMPDIR/called"
	sh -n "$hook"
	sh "$hook" eth0 down
	CONNECTIVITY_STATE=PORTAL sh "$hook" '' connectivity-change
	env -u HOME sh "$hook" eth0 up 3>&-
	read -r -t 10 said <"$BATS_TEST_TMPDIR/said"
	[ "$said" = "/root -q" ]
}

@test "the directory of queues is root's and closed to reading" {
	[ "$(id -u)" -eq 0 ] || skip 'only root makes it'
	run stat -c '%a %u %g' "$BATS_FILE_TMPDIR/root/var/spool/pennypost"
	echo "$output"
	[ "$output" = '1733 0 0' ]
	grep -q '^d /var/spool/pennypost 1733 root root -$' "$place/usr/lib/tmpfiles.d/pennypost.conf"
}

@test "the links lead to the program and its page from wherever they are mounted" {
	cd "$BATS_FILE_TMPDIR/root$place/usr"
	for link in sbin/sendmail lib/sendmail bin/mailq bin/newaliases; do
		[ -L "$link" ] && [ "$link" -ef bin/pennypost ]
		[[ $(readlink "$link") != /* ]]
	done
	for link in man8/sendmail.8 man1/mailq.1 man1/newaliases.1; do
		[ -L "share/man/$link" ] && [ "share/man/$link" -ef share/man/man1/pennypost.1 ]
	done
}

@test "the links are made again over themselves, and never over what is another's" {
	export DESTDIR=$BATS_TEST_TMPDIR
	cd "$DESTDIR"
	mkdir -p usr/bin usr/sbin etc/alternatives
	: >usr/bin/pennypost
	links() {
		run "$ROOT/contrib/install-links" /usr/bin/pennypost /usr/bin/mailq /usr/sbin/sendmail
		echo "$output"
	}
	for foreign in /etc/alternatives/mta ../bin/msmtp; do
		ln -sf "$foreign" usr/sbin/sendmail
		links
		[ "$status" -eq 1 ]
		[[ $output == "/usr/sbin/sendmail belongs to another program"* ]]
		[ "$(readlink usr/sbin/sendmail)" = "$foreign" ]
		[ ! -e usr/bin/mailq ]
	done
	rm usr/sbin/sendmail
	echo 'another mail system' >usr/sbin/sendmail
	links
	[ "$status" -eq 1 ]
	[ "$(cat usr/sbin/sendmail)" = 'another mail system' ]
	rm usr/sbin/sendmail
	for time in first again; do
		links
		[ "$status" -eq 0 ]
		[ "$(readlink usr/sbin/sendmail)" = ../bin/pennypost ]
		[ "$(readlink usr/bin/mailq)" = pennypost ]
	done
}

@test "the example of a configuration is one" {
	cp "$place/usr/share/doc/pennypost/examples/pennypost.conf.example" "$BATS_TEST_TMPDIR/conf"
	chmod 600 "$BATS_TEST_TMPDIR/conf"
	run "$place/usr/bin/pennypost" -C "$BATS_TEST_TMPDIR/conf" --dry-run ann@example.org \
		<<<'Subject: x'
	echo "$output"
	[ "$status" -eq 0 ]
}
