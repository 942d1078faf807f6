#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A broker of AMQP 1.0 on 127.0.0.1, as small as tests need one: amqp_broker.py PORT [WORD=N]...
#
# One queue, whatever the address: messages, a line each, in the file "queue", before they are accepted; the first "done" of them have been
# taken by a consumer, which is the number in the file "done". It begins with what is there. Who sends has credit=N (default 100), topped
# up when half of it is used. A message in which POISON stands is rejected; each so many-th is released (release=N), as a broker does
# that has no room now. Who receives is sent as much as he grants, in order, and what he has not accepted when he goes is the next one's.
import os
import sys

from proton import Delivery, Message
from proton.handlers import MessagingHandler
from proton.reactor import Container

port = sys.argv[1]
words = {name: int(n) for name, n in (word.split("=") for word in sys.argv[2:])}


class Broker(MessagingHandler):
    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False, auto_settle=True)
        self.credit = words.get("credit", 100)
        self.file = open("queue", "ab+", buffering=0)
        self.file.seek(0)
        self.messages = self.file.read().splitlines()
        self.done = int(open("done").read() or 0) if os.path.exists("done") else 0
        self.note = os.open("done", os.O_WRONLY | os.O_CREAT, 0o666)
        self.next = self.done
        self.seen = 0
        self.consumer = None

    def on_start(self, event):
        event.container.listen("127.0.0.1:" + port)

    def on_link_opening(self, event):
        link = event.link
        if link.is_receiver:
            link.target.address = link.remote_target.address
            link.flow(self.credit)
        else:
            link.source.address = link.remote_source.address
            self.consumer = link
            self.next = self.done

    def on_message(self, event):
        body = event.message.body
        body = bytes(body) if isinstance(body, (bytes, memoryview)) else body.encode()
        self.seen += 1
        if b"POISON" in body:
            self.settle(event.delivery, Delivery.REJECTED)
        elif words.get("release") and self.seen % words["release"] == 0:
            self.settle(event.delivery, Delivery.RELEASED)
        else:
            self.file.write(body + b"\n")
            self.messages.append(body)
            self.settle(event.delivery, Delivery.ACCEPTED)
        link = event.link
        if link.credit <= self.credit // 2:
            link.flow(self.credit - link.credit)
        self.send()

    @staticmethod
    def settle(delivery, state):
        delivery.update(state)
        delivery.settle()

    def on_sendable(self, event):
        self.send()

    def send(self):
        while self.consumer and self.consumer.credit > 0 and self.next < len(self.messages):
            self.consumer.send(Message(self.messages[self.next]))
            self.next += 1

    def on_accepted(self, event):
        self.done += 1
        os.pwrite(self.note, b"%d" % self.done, 0)

    def on_link_closed(self, event):
        if event.link == self.consumer:
            self.consumer = None

    def on_disconnected(self, event):
        if self.consumer and event.connection == self.consumer.connection:
            self.consumer = None


Container(Broker()).run()
