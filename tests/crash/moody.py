#!/usr/bin/python3
"""A relay with moods, for tests/crash/run and, as a program, for tests/queue-*.bats.

It tells what came by the token of a message, which is its Subject; takes any envelope, offers
PIPELINING, and CHUNKING when asked to. What it does besides is its mood, which may change while it
runs: a set of words.

    down       nobody listens
    busy       421 instead of a greeting
    defer      451 to MAIL
    later      451 to recipients whose name begins with "later"
    slow       every verdict takes 20 ms
    tenth      550 to recipients r1, r2, ... whose number ends in 7
    short      no connection is for more than 20 messages, and says so (RFC 9422)
    drop       every fifth connection is dropped at its third message: before MAIL is answered, in
               the middle of the message, or behind its end, untaken, in turn
    lost       the connection ends instead of each verdict, the message is taken

Recipients whose name begins with "never" are refused for good.
"""

import json
import os
import re
import signal
import socket
import sys
import threading
import time


class Gone(Exception):
    pass


class Session:
    def __init__(self, relay, sock, number):
        self.relay, self.sock, self.number = relay, sock, number
        self.pending = bytearray()
        self.out = []
        self.messages = 0
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.chunks = None, [], None

    def flush(self):
        if self.out:
            self.sock.sendall(b"".join(self.out))
            self.out = []

    def fill(self):
        self.flush()
        data = self.sock.recv(262144)
        if not data:
            raise Gone()
        self.pending += data

    def line(self):
        while (end := self.pending.find(b"\r\n")) < 0:
            self.fill()
        line = bytes(self.pending[:end])
        del self.pending[:end + 2]
        return line

    def say(self, text):
        self.out.append(text.encode() + b"\r\n")

    def drops(self, phase):
        """Whether this connection ends here: the phase changes from one to the next."""
        return "drop" in self.relay.mood and self.number % 5 == 0 and self.messages == 3 and \
            phase == self.number // 5 % 3

    def drop(self):
        """Ends the connection; what was said before arrives (a reset would take it back)."""
        self.flush()
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(262144):
            pass
        raise Gone()

    def run(self):
        if "busy" in self.relay.mood:
            self.say("421 4.3.2 too busy")
            return self.flush()
        self.say("220 moody ESMTP")
        while True:
            line = self.line()
            verb, _, argument = line.decode("latin-1").partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                offered = ["moody", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"]
                offered += ["CHUNKING"] if self.relay.chunking else []
                offered += ["LIMITS MAILMAX=20"] if "short" in self.relay.mood else []
                for one in offered:
                    self.say("250%s%s" % ("-" if one is not offered[-1] else " ", one))
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return self.flush()
            elif verb in ("MAIL", "RCPT"):
                getattr(self, verb.lower())(re.search("<(.*?)>", argument).group(1))
            elif verb == "DATA" and self.recipients:
                self.say("354 go on")
                self.data()
            elif verb == "BDAT":
                self.bdat(argument)
            elif verb == "RSET":
                self.reset()
                self.say("250 2.0.0 ok")
            elif verb == "NOOP":
                self.say("250 2.0.0 ok")
            else:
                self.say("503 5.5.1 not now")

    def mail(self, path):
        self.messages += 1
        if self.drops(0):
            self.drop()
        self.reset()
        self.relay.mails += 1
        if "defer" in self.relay.mood:
            return self.say("451 4.3.0 later")
        self.sender = path
        return self.say("250 2.1.0 ok")

    def rcpt(self, path):
        self.relay.asked[path] = self.relay.asked.get(path, 0) + 1
        number = re.search(r"\d*", path[::-1].partition("@")[2]).group()[::-1]
        if self.sender is None:
            return self.say("503 5.5.1 MAIL first")
        if path.startswith("never") or (
                "tenth" in self.relay.mood and path[0] == "r" and number.endswith("7")):
            return self.say("550 5.1.1 nobody")
        if path.startswith("later") and "later" in self.relay.mood:
            return self.say("451 4.2.1 later")
        self.recipients.append(path)
        return self.say("250 2.1.5 ok")

    def data(self):
        if self.drops(1):
            self.drop()
        seen = 0
        if self.pending.startswith(b".\r\n"):
            end = -2
        else:
            while (end := self.pending.find(b"\r\n.\r\n", seen)) < 0:
                seen = max(0, len(self.pending) - 4)
                self.fill()
        message = bytes(self.pending[:max(end, 0)])
        del self.pending[:end + 5]
        self.take(message)

    def bdat(self, argument):
        size = int(argument.split()[0])
        if self.drops(1):
            self.drop()
        while len(self.pending) < size:
            self.fill()
        chunk = bytes(self.pending[:size])
        del self.pending[:size]
        if not self.recipients:
            return self.say("503 5.5.1 RCPT first")
        self.chunks = (self.chunks or b"") + chunk
        if argument.upper().endswith("LAST"):
            return self.take(self.chunks)
        return self.say("250 2.0.0 ok")

    def take(self, message):
        if self.drops(2):
            self.drop()
        if "slow" in self.relay.mood:
            time.sleep(0.02)
        self.relay.take(self.sender, self.recipients, message)
        self.reset()
        if "lost" in self.relay.mood:
            raise Gone()
        self.say("250 2.0.0 taken")


class Relay:
    def __init__(self, mood=(), chunking=False):
        self.mood = set()
        self.chunking = chunking
        self.lock = threading.Lock()
        self.active = 0
        self.forget()
        self.listener = self.bind(0)
        self.port = self.listener.getsockname()[1]
        self.open()
        self.change(mood)

    def forget(self):
        self.taken = []  # (sender, recipients, token, message)
        self.asked = {}  # how often RCPT named each
        self.mails = self.connections = self.most = 0

    @staticmethod
    def bind(port):
        """The port is held even while nobody listens, so that it is nobody else's."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def open(self):
        self.listener.listen(256)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def change(self, mood):
        """The words of the mood that holds from now on."""
        was, self.mood = self.mood, set(mood)
        if "down" in self.mood and "down" not in was:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = self.bind(self.port)
        elif "down" not in self.mood and "down" in was:
            self.open()

    def serve(self, listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.active += 1
                self.most = max(self.most, self.active)
                number = self.connections
            threading.Thread(target=self.talk, args=(sock, number), daemon=True).start()

    def talk(self, sock, number):
        sock.settimeout(20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Session(self, sock, number).run()
        except (Gone, OSError):
            pass
        finally:
            with self.lock:
                self.active -= 1
            sock.close()

    def take(self, sender, recipients, message):
        token = re.search(rb"(?im)^subject: *(.*?)\r?$", message)
        token = token.group(1).decode("latin-1") if token else "?"
        with self.lock:
            self.taken.append((sender, list(recipients), token, message))

    def settle(self):
        """Waits until every session has come to its end. Returns whether all have."""
        for _ in range(2000):
            with self.lock:
                if self.active == 0:
                    return True
            time.sleep(0.001)
        return False

    def report(self):
        """What happened, as JSON can say it: how often each recipient got each message."""
        got = {}
        with self.lock:
            for sender, recipients, token, _ in self.taken:
                for one in recipients:
                    key = "%s %s %s" % (sender or "<>", one, token)
                    got[key] = got.get(key, 0) + 1
            return {"got": got, "asked": dict(self.asked), "mails": self.mails,
                    "connections": self.connections, "most": self.most}


def main():
    """moody.py FOLDER [MOOD...]: prints its port; SIGHUP reads the mood from FOLDER/mood, and
    SIGUSR1 writes FOLDER/report (by rename)."""
    folder, mood = sys.argv[1], sys.argv[2:]
    relay = Relay(mood)

    def listen(*_):
        with open(os.path.join(folder, "mood"), encoding="ascii") as file:
            relay.change(file.read().split())
        os.unlink(os.path.join(folder, "mood"))

    def tell(*_):
        path = os.path.join(folder, "report")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(relay.report(), file)
        os.rename(path + ".new", path)

    signal.signal(signal.SIGHUP, listen)
    signal.signal(signal.SIGUSR1, tell)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.alarm(1800)
    print(relay.port, flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
