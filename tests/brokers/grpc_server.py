#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# A server of gRPC on 127.0.0.1: grpc_server.py PORT FILE [WORD=VALUE]...
#
#   /weir.Records/Send   a stream of records either way: what comes is a line of FILE, and then its number, which stands in front of it, is
#                        answered; "reject NUMBER" where POISON stands in it.  After quota=N records of a call: RESOURCE_EXHAUSTED.
#   /weir.Records/Feed   a stream of records, and one answer at its end: how many they were.  With hold=PATH nothing is read, and so no
#                        window granted, before PATH is there.
#
# The messages are the records themselves.
import concurrent.futures
import os
import sys
import time

import grpc

port, path = sys.argv[1:3]
words = dict(word.split("=", 1) for word in sys.argv[3:])
quota = int(words.get("quota", 0))
file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)


def send(records, context):
    for n, record in enumerate(records, 1):
        if quota and n > quota:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more in this call")
        number = record.split(b"\t", 1)[0]
        if b"POISON" in record:
            yield b"reject " + number
        else:
            os.write(file, record + b"\n")
            yield number


def feed(records, context):
    while "hold" in words and not os.path.exists(words["hold"]):
        time.sleep(0.05)
    count = 0
    for count, record in enumerate(records, 1):
        os.write(file, record + b"\n")
    return str(count).encode()


handlers = {"Send": grpc.stream_stream_rpc_method_handler(send), "Feed": grpc.stream_unary_rpc_method_handler(feed)}
server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("weir.Records", handlers),))
if server.add_insecure_port("127.0.0.1:" + port) == 0:
    sys.exit("no port")
server.start()
server.wait_for_termination()
