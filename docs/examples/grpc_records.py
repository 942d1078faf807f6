#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# Records to a method of gRPC, one message each, in one call that ends when standard input does: docs/recipes/grpc.md.
#
#   grpc_records.py HOST:PORT /package.Service/Method            the method answers once, at the end
#   grpc_records.py --answers HOST:PORT /package.Service/Method  it answers as it goes: each answer is a line on standard output
#
# A message is the bytes of its record here. Who has messages of protobuf gives stream_stream() and stream_unary() a request_serializer and a
# response_deserializer: what his message makes of a record, and which number stands in an answer.
#
# The next line is read when the one before has gone into the window that the server grants: nothing but that window, and what gRPC
# has on its way to the socket, is between weir and the server.
#
# Status: 0 when the server ended the call with OK, 75 when it said that it cannot now, 1 when it said anything else.
import os
import sys

import grpc

LATER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED, grpc.StatusCode.DEADLINE_EXCEEDED)


def records():
    for line in sys.stdin.buffer:
        yield line.rstrip(b"\n")


def say(answer):
    os.write(1, answer + b"\n")


def main():
    arguments = sys.argv[1:]
    answers = arguments[:1] == ["--answers"]
    if len(arguments) != 2 + answers:
        sys.exit("usage: grpc_records.py [--answers] HOST:PORT /package.Service/Method")
    target, method = arguments[-2:]
    channel = grpc.insecure_channel(target)
    try:
        if answers:
            for answer in channel.stream_stream(method)(records()):
                say(answer)
        else:
            say(channel.stream_unary(method)(records()))
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details()}", file=sys.stderr, flush=True)
        return 75 if error.code() in LATER else 1
    return 0


# Not sys.exit(): it would wait for the thread that reads standard input.
os._exit(main())
