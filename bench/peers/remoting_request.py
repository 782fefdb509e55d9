"""A single RocketMQ remoting request: enough to create a topic and to ask whether a broker is registered.

frame: 4 B length of what follows | 4 B (serialisation << 24 | header length) | header as JSON | body; big endian
"""

import json
import socket
import struct

from lib.processes import BenchError

UPDATE_AND_CREATE_TOPIC = 17
UPDATE_AND_CREATE_SUBSCRIPTION_GROUP = 200
GET_ROUTE_INFO_BY_TOPIC = 105
GET_BROKER_CLUSTER_INFO = 106
SUCCESS = 0
FRAME_BYTES_MAX = 64 << 20


class RemotingError(BenchError):
    """The server refused, or did not speak the protocol."""


def _read_exactly(connection, count):
    chunks = bytearray()
    while len(chunks) < count:
        chunk = connection.recv(count - len(chunks))
        if not chunk:
            raise RemotingError("the connection was closed")
        chunks += chunk
    return bytes(chunks)


def ask(port, code, fields, body=b"", *, timeout_seconds=5):
    """Sends one request to 127.0.0.1:`port`; returns (response code, remark, body)."""
    header = json.dumps({"code": code, "language": "OTHER", "version": 0, "opaque": 1, "flag": 0,
                         "extFields": fields}).encode()
    frame = struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body
    with socket.create_connection(("127.0.0.1", port), timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(frame)
        length, mark = struct.unpack(">II", _read_exactly(connection, 8))
        if length > FRAME_BYTES_MAX:
            raise RemotingError(f"a frame of {length} bytes")
        rest = _read_exactly(connection, length - 4)
    header_bytes = mark & 0xFFFFFF
    answer = json.loads(rest[:header_bytes])
    return answer["code"], answer.get("remark"), rest[header_bytes:]


def create_topic(broker_port, topic, queues):
    """Creates or alters `topic` with `queues` read and write queues."""
    code, remark, _ = ask(broker_port, UPDATE_AND_CREATE_TOPIC, {
        "topic": topic, "defaultTopic": "TBW102", "readQueueNums": str(queues), "writeQueueNums": str(queues),
        "perm": "6", "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}, timeout_seconds=60)
    if code != SUCCESS:
        raise RemotingError(f"topic {topic} was refused with {code}: {remark}")


def has_route(name_server_port, topic):
    """Whether the name server knows a broker that serves `topic`; False while nobody answers."""
    try:
        code, _, _ = ask(name_server_port, GET_ROUTE_INFO_BY_TOPIC, {"topic": topic}, timeout_seconds=1)
    except (OSError, RemotingError):
        return False
    return code == SUCCESS


def has_broker(name_server_port, broker_name):
    """Whether `broker_name` is registered; False while nobody answers."""
    try:
        code, _, body = ask(name_server_port, GET_BROKER_CLUSTER_INFO, {}, timeout_seconds=1)
    except (OSError, RemotingError):
        return False
    return code == SUCCESS and f'"{broker_name}"'.encode() in body


def set_group(broker_port, group, *, consuming):
    """Creates or alters a consumer group; with `consuming` False its pulls are refused."""
    settings = json.dumps({"groupName": group, "consumeEnable": consuming, "consumeFromMinEnable": True,
                           "consumeBroadcastEnable": True, "retryQueueNums": 1, "retryMaxTimes": 16}).encode()
    code, remark, _ = ask(broker_port, UPDATE_AND_CREATE_SUBSCRIPTION_GROUP, {}, settings)
    if code != SUCCESS:
        raise RemotingError(f"group {group} was refused with {code}: {remark}")
