#!/usr/bin/env bats
# Parts of a system that mail what they have to say: the real programs, unpacked into build/ and run
# in a private mount namespace where /usr/sbin/sendmail is ours, as in callers.bats.

bats_require_minimum_version 1.5.0
load lib/common
load lib/callers

setup_file() {
	unpacked callers-system cron anacron at logwatch mdadm fail2ban sudo
}

setup() {
	caller_setup callers-system
	printf '%s\n' '#!/bin/sh' "cat '$home/body'; echo \"\$PATH\"" >job
	chmod 755 job
}

teardown() {
	relay_stop
}

# in_system SCRIPT: runs the shell script, which may use these:
#   until_sent NUMBER   waits until that message is at the relay
in_system() {
	in_world bash -c '
		until_sent() {
			for ((tries = 0; tries < 200; tries++)); do
				[ ! -e "relay/$1.envelope" ] || return 0
				sleep 0.05
			done
			return 1
		}
		'"$1"
}

# said: what the job says, and the PATH it has, is the body.
said() {
	cat arrived
	head -n -1 arrived | cmp - body
	tail -n 1 arrived | grep -q '^/'
}

@test "cron: a job's output, from root without a domain, to MAILTO" {
	in_system "
		printf '%s\n' MAILTO=bob@example.net '@reboot root $home/job' >/etc/crontab
		chmod 644 /etc/crontab
		rm -f /etc/cron.d/*
		cron -f & pid=\$!
		until_sent 1
		kill \$pid"
	sent ann@example.org bob@example.net
	said
	has 'To: bob@example.net'
	has "Subject: Cron <root@$(hostname)> $home/job"
	grep -qi '^from: .*root' head
	[ "$(tail -n 1 arrived)" = /usr/bin:/bin ]
	complete
}

@test "cron: what the relay refuses is in the log" {
	in_system "
		printf '%s\n' MAILTO=nobody@example.net '@reboot root $home/job' >/etc/crontab
		chmod 644 /etc/crontab
		rm -f /etc/cron.d/*
		echo 'logfile $home/log' >>.config/pennypost/config
		cron -f & pid=\$!
		for ((tries = 0; tries < 200; tries++)); do
			! grep -q 'status=refused' log 2>/dev/null || break
			sleep 0.05
		done
		kill \$pid"
	grep 'to=<nobody@example.net> .*status=refused: 550' log
	[ ! -e relay/1.message ]
}

@test "anacron" {
	in_system "
		mkdir /tmp/spool
		printf '%s\n' SHELL=/bin/sh MAILTO=bob@example.net '1 0 name $home/job' >/tmp/anacrontab
		sed -i '/^\.\$/d' body # there is no -i: that line would be the last
		anacron -d -f -n -s -t /tmp/anacrontab -S /tmp/spool
		until_sent 1"
	[ "$status" -eq 0 ]
	[[ $output != *'exited with status'* ]]
	sent ann@example.org bob@example.net
	grep -qx '.two dots' arrived # and that is what comes of the others
	grep -qx 'The end.' arrived
	has "Subject: Anacron job 'name' on $(hostname)"
	has 'To: bob@example.net'
	complete
}

@test "at" {
	in_system "
		# Its installation makes this file.
		install -o daemon -g daemon -m 600 /dev/null /var/spool/cron/atjobs/.SEQ
		printf '%s\n' 'aliases $home/aliases' >>.config/pennypost/config
		echo 'root: bob@example.net' >aliases
		chmod 600 aliases
		atd -f -b 0 & pid=\$!
		for ((tries = 0; tries < 100; tries++)); do
			[ ! -e /run/atd.pid ] || break
			sleep 0.05
		done
		at -f job now
		until_sent 1
		kill \$pid"
	sent ann@example.org bob@example.net
	said
	grep -qx 'Subject: Output from your job  *1' head
	complete
}

@test "logwatch" {
	in_system "
		mkdir -p /var/cache/logwatch
		echo 'Nov 23 10:00:00 box CRON[123]: (root) CMD (true)' >/var/log/syslog
		logwatch --output mail --format text --mailto bob@example.net --service cron --range all \
			--hostname box --detail high"
	[ "$status" -eq 0 ]
	sent ann@example.org bob@example.net
	has 'To: bob@example.net'
	has 'Subject: Logwatch for box (Linux)'
	grep -qx ' *true: 1 Time(s)' arrived
	complete
}

@test "mdadm --monitor --test" {
	in_system 'mdadm --monitor --oneshot --test --mail bob@example.net /dev/md0'
	sent ann@example.org bob@example.net
	has 'To: bob@example.net'
	has "Subject: TestMessage event on /dev/md0:$(hostname)"
	grep -q 'TestMessage event had been detected' arrived
	complete
}

@test "fail2ban: a jail that starts, bans and stops" {
	in_system "
		mkdir -p /tmp/conf /run/fail2ban
		cp -a /etc/fail2ban/. /tmp/conf
		cat >/tmp/conf/jail.local <<-END
			[DEFAULT]
			backend = polling
			[sshd]
			enabled = true
			logpath = /tmp/auth.log
			action = sendmail[name=sshd, sender=fail2ban@example.org, sendername=Fail2Ban, dest=bob@example.net]
		END
		: >/tmp/auth.log
		export PATH=/usr/sbin:/usr/bin PYTHONDONTWRITEBYTECODE=1
		client() { fail2ban-client -s /tmp/socket -p /tmp/pid \"\$@\"; }
		client -c /tmp/conf --logtarget /tmp/log -x start
		until_sent 1
		client set sshd banip 192.0.2.1
		until_sent 2
		client stop
		until_sent 3
		cat /tmp/log"
	[[ $output != *ERROR* ]]
	local n=0
	for what in 'started on' 'banned 192.0.2.1 from' 'stopped on'; do
		n=$((n + 1))
		envelope_is $n fail2ban@example.org bob@example.net
		read_message $n
		has "Subject: [Fail2Ban] sshd: $what $(hostname)"
		has 'From: Fail2Ban <fail2ban@example.org>'
		has 'To: bob@example.net'
		grep -qx 'Fail2Ban' arrived
	done
	[ ! -e relay/4.message ]
}

@test "sudo" {
	in_system "
		cat >/tmp/sudoers <<-END
			Defaults mail_always, mailto=\"bob@example.net\", mailfrom=\"sudo@example.org\", !use_pty, !log_exit_status
			root ALL=(ALL) ALL
		END
		install -m 440 /tmp/sudoers /etc/sudoers
		# It sends a mail about it, too, when it cannot find its own host.
		echo \"127.0.1.1 \$(hostname)\" >>/etc/hosts
		# It says HOME=/ to its mailer, so the system's configuration is the one.
		file=\$(env -i /usr/sbin/sendmail -bC 2>&1 | sed 's/.* in //')
		mkdir -p \"\${file%/*}\"
		mv .config/pennypost/config \"\$file\"
		sudo -n -u nobody true
		until_sent 1"
	[ -e relay/1.message ]
	envelope_is 1 ann@example.org bob@example.net
	read_message 1
	has 'To: bob@example.net'
	has 'From: sudo@example.org'
	has "Subject: *** SECURITY information for $(hostname) ***"
	grep -q 'USER=nobody ; COMMAND=/usr/bin/true' arrived
	complete
}
