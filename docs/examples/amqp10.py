#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Records to a node of AMQP 1.0, and from one: docs/recipes/amqp.md.
#
#   amqp10.py send HOST:PORT ADDRESS [CREDITS]   a line on standard input is a message. Its number, which stands in front of it and a tab, is
#                                                printed when it is accepted, "reject NUMBER" when it is rejected. What is released is sent
#                                                again. The file CREDITS is told how many more may come: the link's credit
#   amqp10.py receive HOST:PORT ADDRESS CREDIT   a message is a line on standard output, and is accepted when that is written. Credit for so
#                                                many is granted, and topped up as they are written
#
# Status: 0 when all that came was settled, 75 when the connection or the link broke.
import collections
import os
import sys
import threading

from proton import Message, Terminus
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, AtLeastOnce, Container, EventInjector, LinkOption


# RabbitMQ makes a queue that outlives it only for who says that he wants his deliveries to.
class Durable(LinkOption):
    def apply(self, link):
        (link.target if link.is_sender else link.source).durability = Terminus.DELIVERIES


class Client(MessagingHandler):
    def __init__(self, url, address, **options):
        super().__init__(**options)
        self.url, self.address = url, address

    def on_start(self, event):
        connection = event.container.connect(self.url, reconnect=False, allowed_mechs="ANONYMOUS PLAIN", heartbeat=30)
        self.open(event.container, connection)

    def give_up(self, what):
        print("amqp10:", what, file=sys.stderr, flush=True)
        os._exit(75)

    def on_transport_error(self, event):
        self.give_up(event.transport.condition)

    def on_disconnected(self, event):
        self.give_up("the connection broke")

    def on_link_error(self, event):
        self.give_up(event.link.remote_condition)

    def on_connection_error(self, event):
        self.give_up(event.connection.remote_condition)

    # Proton hides a closing without an error.
    def on_link_closed(self, event):
        self.give_up("the link was closed")


class Sender(Client):
    def __init__(self, url, address, credits_path):
        super().__init__(url, address)
        self.grants = open(credits_path, "w", buffering=1) if credits_path else None
        self.granted = 0  # and not come yet
        self.waiting = collections.deque()
        self.room = threading.Semaphore(1000)  # for what has been read and not been sent
        self.sent = {}
        self.ended = False

    def open(self, container, connection):
        self.sender = container.create_sender(connection, self.address, options=[AtLeastOnce(), Durable()])
        self.injector = EventInjector()
        container.selectable(self.injector)
        threading.Thread(target=self.read, daemon=True).start()

    # Nothing of Proton may be touched here, but the injector.
    def read(self):
        for line in sys.stdin.buffer:
            self.room.acquire()
            self.injector.trigger(ApplicationEvent("record", subject=line.rstrip(b"\n")))
        self.injector.trigger(ApplicationEvent("end"))

    def on_record(self, event):
        self.granted -= 1
        self.waiting.append(event.subject)
        self.go_on()

    def on_end(self, event):
        self.ended = True
        self.go_on()

    def on_sendable(self, event):
        self.go_on()

    def go_on(self):
        while self.waiting and self.sender.credit > 0:
            record = self.waiting.popleft()
            self.room.release()
            message = Message(body=record, durable=True, inferred=True)
            self.sent[self.sender.send(message).tag] = record
        more = self.sender.credit - len(self.waiting) - max(self.granted, 0)
        if self.grants and more > 0 and not self.ended:
            self.granted = max(self.granted, 0) + more
            try:
                print(more, file=self.grants)
            except BrokenPipeError:
                self.grants = None
        if self.ended and not self.waiting and not self.sent:
            os._exit(0)

    def settled(self, event, word):
        os.write(1, word + self.sent.pop(event.delivery.tag).split(b"\t", 1)[0] + b"\n")
        self.go_on()

    def on_accepted(self, event):
        self.settled(event, b"")

    def on_rejected(self, event):
        self.settled(event, b"reject ")

    # Modified, too.
    def on_released(self, event):
        self.waiting.append(self.sent.pop(event.delivery.tag))
        self.room.acquire(blocking=False)
        self.go_on()


class Receiver(Client):
    def __init__(self, url, address, credit):
        super().__init__(url, address, prefetch=0, auto_accept=False)
        self.credit = credit

    def open(self, container, connection):
        container.create_receiver(connection, self.address, options=[AtLeastOnce(), Durable()]).flow(self.credit)

    def on_message(self, event):
        body = event.message.body
        line = (bytes(body) if isinstance(body, (bytes, memoryview)) else str(body).encode()) + b"\n"
        while line:
            line = line[os.write(1, line):]
        self.accept(event.delivery)
        if event.receiver.credit <= self.credit // 2:
            event.receiver.flow(self.credit - event.receiver.credit)


def main():
    match sys.argv[1:]:
        case ["send", url, address, *rest] if len(rest) <= 1:
            Container(Sender(url, address, rest[0] if rest else None)).run()
        case ["receive", url, address, credit]:
            Container(Receiver(url, address, int(credit))).run()
        case _:
            sys.exit("usage: amqp10.py send HOST:PORT ADDRESS [CREDITS], or receive HOST:PORT ADDRESS CREDIT")


try:
    main()
except BrokenPipeError:
    os._exit(1)
