#!/usr/bin/env bats
# Many messages in the queue, and a relay that is down, up, slow, refuses one in ten and drops one
# connection in five. QUEUE_STORM is their number (500).

load lib/common
load lib/moody

setup() {
	queue_setup 'report_limit 10000'
	many=${QUEUE_STORM-500}
}

teardown() {
	moody_stop
}

# fill: as many messages, from 20 senders, each to a recipient of his own.
fill() {
	local i
	for ((i = 0; i < many; i++)); do
		printf '%s\n' "From: s$((i % 20))@example.org" 'To: you' "Subject: $i" '' text |
			./sendmail -i -odq -f "s$((i % 20))@example.org" "r$i@example.net" 2>said || return 1
	done
	[ "$(waiting | wc -l)" -eq "$many" ]
}

# flush LIE: runs the queue by a clock that is so far ahead.
flush() {
	later "$1" ./sendmail -q 2>said || echo "-q: $? $(cat said)"
}

@test "a storm" {
	mood down
	fill

	# Down: it is asked once, not once a message, and not at all until the next probe.
	flush 0
	[ "$(waiting | grep -c '\.msg$')" -eq "$many" ]
	mood busy
	flush 60
	[ "$(report connections)" -le 4 ]
	asked=$(report connections)
	mood defer
	flush 20000
	[ "$(report "mails <= $many")" = True ]

	# Slow, refusing and dropping: in the end every message is there once, or refused and told of.
	mood slow tenth short drop
	lie=40000
	until empty || [ "$lie" -gt 400000 ]; do
		flush "$lie"
		lie=$((lie + 15000))
	done
	empty || { echo "$(waiting | wc -l) of $many wait"; waiting | head -n 5; tail -n 5 log; false; }
	report '"%d connections, %d at once, %d attempts" % (connections, most, mails)'
	[ "$(report 'max(got.values())')" -eq 1 ]
	[ "$(report "sum(k.split()[1].startswith('r') for k in got)")" -eq $((many - many / 10)) ]
	[ "$(report "sum(n for k, n in got.items() if k.startswith('<> '))")" -eq $((many / 10)) ]
	# Four, and those that the relay has not yet seen end.
	[ "$(report 'most <= 8')" = True ]
	# Once while the relay deferred all, once or little more since, nobody again and again; and
	# there are little more connections than 20 messages each make necessary.
	[ "$(report "sum(n for r, n in asked.items() if r.startswith('r'))")" -le $((many * 2 + many / 5)) ]
	[ "$(report "max(n for r, n in asked.items() if r.startswith('r'))")" -le 5 ]
	[ "$(report connections)" -le $((asked + 50 + many / 10)) ]
}
