#!/usr/bin/env python3
"""Makes the golden record batches of this folder with real Kafka clients (see README.md).

A fake broker on 127.0.0.1 answers ApiVersions, Metadata and Produce, and writes the RecordBatch of each Produce request
to a file. librdkafka is driven through ctypes, kafkajs through node when --kafkajs names a folder with it installed,
kafka-python when --kafka-python says that this interpreter has it.

    python3 capture.py [--kafkajs DIR] [--kafka-python] [--out DIR]
"""
import argparse
import ctypes
import json
import pathlib
import socket
import struct
import subprocess
import threading

BASE_TIME = 1_500_000_000_000
TOPIC = "t"


def records():
    """(time, key, value, headers); the C++ test (tests/record/golden_batch_test.cpp) builds the same list."""
    out = [
        (BASE_TIME, b"k-0", b"first", []),
        (BASE_TIME + 5, None, b"null key", []),
        (BASE_TIME - 1000, b"", b"", []),
        (BASE_TIME + 10, b"tombstone", None, []),
        (BASE_TIME + 7, b"h", b"headers", [("trace", b"\x00\xff"), ("empty", b""), ("trace", b"again")]),
    ]
    for i in range(5, 40):
        out.append((BASE_TIME + 100 * i, b"key-%d" % i, b"value %d " % i * 20, []))
    return out


# --- the broker ------------------------------------------------------------------------------------------------------

PRODUCE, FETCH, METADATA, FIND_COORDINATOR, API_VERSIONS = 0, 1, 3, 10, 18
# Fetch and FindCoordinator are only announced: librdkafka asks for them before it writes magic 2, LZ4 and zstd.
SUPPORTED = [(PRODUCE, 0, 7), (FETCH, 4, 10), (METADATA, 1, 1), (FIND_COORDINATOR, 0, 0), (API_VERSIONS, 0, 0)]


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, fmt):
        out = struct.unpack_from(">" + fmt, self.data, self.at)
        self.at += struct.calcsize(">" + fmt)
        return out if len(out) > 1 else out[0]

    def text(self):
        size = self.take("h")
        return None if size < 0 else self.raw(size).decode()

    def raw(self, size):
        self.at += size
        return self.data[self.at - size:self.at]


class Broker:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.batches = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        stream = client.makefile("rb")
        while len(size := stream.read(4)) == 4:
            request = Reader(stream.read(struct.unpack(">i", size)[0]))
            api, version, correlation = request.take("hhi")
            request.text()  # client id
            answer = self.answer(api, version, request)
            if answer is not None:
                body = struct.pack(">i", correlation) + answer
                client.sendall(struct.pack(">i", len(body)) + body)

    def answer(self, api, version, request):
        if api == API_VERSIONS:  # version 0 for all: a client that asked for more tries again with it
            error = 0 if version == 0 else 35
            return struct.pack(">hi", error, len(SUPPORTED)) + b"".join(struct.pack(">hhh", *s) for s in SUPPORTED)
        if api == METADATA:
            broker = struct.pack(">ii", 1, 0) + text("127.0.0.1") + struct.pack(">ih", self.port, -1)
            partition = struct.pack(">hiiiiii", 0, 0, 0, 1, 0, 1, 0)
            topic = struct.pack(">ih", 1, 0) + text(TOPIC) + struct.pack(">bi", 0, 1) + partition
            return broker + struct.pack(">i", 0) + topic
        if api == PRODUCE:
            request.text()  # transactional id
            acks, _timeout, topics = request.take("hii")
            assert topics == 1
            topic, partitions = request.text(), request.take("i")
            assert partitions == 1
            _partition, size = request.take("ii")
            self.batches.append(request.raw(size))
            log_start = struct.pack(">q", 0) if version >= 5 else b""
            answer = struct.pack(">i", 1) + text(topic) + struct.pack(">iihqq", 1, 0, 0, 0, -1)
            return answer + log_start + struct.pack(">i", 0) if acks else None
        raise SystemExit(f"unexpected request {api} version {version}")


# --- the clients -----------------------------------------------------------------------------------------------------

def librdkafka(port, codec):
    lib = ctypes.CDLL("librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new", "rd_kafka_version_str"):
        getattr(lib, name).restype = ctypes.c_void_p
    pointer, size_t, why = ctypes.c_void_p, ctypes.c_size_t, ctypes.create_string_buffer(512)
    conf = pointer(lib.rd_kafka_conf_new())
    for name, value in {"bootstrap.servers": f"127.0.0.1:{port}", "compression.codec": codec, "linger.ms": "1000"}.items():
        assert lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), why, size_t(512)) == 0, why.value
    producer = pointer(lib.rd_kafka_new(0, conf, why, size_t(512)))
    assert producer, why.value
    topic_v, partition_v, value_v, key_v, flags_v, time_v, headers_v = 1, 3, 4, 5, 7, 8, 10  # rd_kafka_vtype_t
    for time, key, value, headers in records():
        made = pointer(lib.rd_kafka_headers_new(size_t(8)))
        for name, content in headers:
            raw_name = name.encode()
            lib.rd_kafka_header_add(made, raw_name, ctypes.c_ssize_t(len(raw_name)), content,
                                    ctypes.c_ssize_t(len(content)))
        error = lib.rd_kafka_producev(
            producer, topic_v, TOPIC.encode(), partition_v, ctypes.c_int32(0), flags_v, 2,  # RD_KAFKA_MSG_F_COPY
            key_v, key, size_t(len(key or b"")), value_v, value, size_t(len(value or b"")),
            time_v, ctypes.c_int64(time), headers_v, made, 0)
        assert error == 0, error
    assert lib.rd_kafka_flush(producer, 20_000) == 0
    lib.rd_kafka_destroy(producer)
    return ctypes.string_at(lib.rd_kafka_version_str()).decode()


KAFKAJS = """
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs');
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');
const [port, codec, json] = process.argv.slice(1);
const bytes = (hex) => (hex === null ? null : Buffer.from(hex, 'hex'));
const messages = JSON.parse(json).map(([timestamp, key, value, headers]) => {
  const out = { timestamp: String(timestamp), key: bytes(key), value: bytes(value), partition: 0, headers: {} };
  for (const [name, content] of headers) (out.headers[name] ||= []).push(bytes(content));
  return out;
});
(async () => {
  const producer = new Kafka({ brokers: ['127.0.0.1:' + port], logLevel: logLevel.ERROR }).producer();
  await producer.connect();
  await producer.send({ topic: 't', messages, acks: 1, compression: CompressionTypes[codec] });
  await producer.disconnect();
})();
"""


def kafkajs(port, codec, folder):
    hexed = lambda b: None if b is None else b.hex()
    plain = [(t, hexed(k), hexed(v), [(n, hexed(c)) for n, c in h]) for t, k, v, h in records()]
    subprocess.run(["node", "-e", KAFKAJS, str(port), codec, json.dumps(plain)], cwd=folder, check=True, timeout=60)
    return json.loads((folder / "node_modules/kafkajs/package.json").read_text())["version"]


def kafka_python(port, codec):
    import kafka  # pylint: disable=import-outside-toplevel
    producer = kafka.KafkaProducer(bootstrap_servers=f"127.0.0.1:{port}", compression_type=codec, linger_ms=1000,
                                   enable_idempotence=False)
    for time, key, value, headers in records():
        producer.send(TOPIC, value=value, key=key, headers=headers, partition=0, timestamp_ms=time)
    producer.flush(20)
    producer.close()
    return kafka.__version__


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--kafkajs", type=pathlib.Path)
    options.add_argument("--kafka-python", action="store_true")
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    chosen = options.parse_args()
    jobs = [("librdkafka", codec, lambda port, codec=codec: librdkafka(port, codec))
            for codec in ("none", "gzip", "snappy", "lz4", "zstd")]
    if chosen.kafkajs:
        jobs += [("kafkajs", codec.lower(), lambda port, codec=codec: kafkajs(port, codec, chosen.kafkajs))
                 for codec in ("None", "GZIP", "Snappy")]
    if chosen.kafka_python:
        jobs += [("kafka-python", codec, lambda port, codec=codec: kafka_python(port, codec))
                 for codec in ("snappy", "lz4")]
    for client, codec, run in jobs:
        broker = Broker()
        version = run(broker.port)
        assert len(broker.batches) == 1, f"{client} {codec}: {len(broker.batches)} batches instead of one"
        (chosen.out / f"{client}_{codec}.bin").write_bytes(broker.batches[0])
        print(f"{client} {version} {codec}: {len(broker.batches[0])} bytes")


main()
