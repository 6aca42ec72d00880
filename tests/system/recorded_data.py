"""The two recorded data sets of tests/fixtures, raw and in the pieces that the tests compare with."""

import functools
import json
import os
import re
import subprocess

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")

# How the sensors are split by topic, and the earthquakes by their net.
SENSOR_OPTIONS = ["--topic-from", "csv:2", "--topic-map", "dots", "--skip-lines", "1", "--time-from", "csv:1",
                  "--time-format", "%Y-%m-%d %H:%M:%S"]
QUAKE_OPTIONS = ["--topic-from", "json:/properties/net", "--time-from", "json:/properties/time", "--time-unit", "ms"]
SENSOR_COUNT = 321206
QUAKE_COUNT = 1707
LARGEST_SENSOR = "realKnownCause.machine_temperature_system_failure"


@functools.lru_cache(maxsize=None)
def raw(name):
    return subprocess.run(["zstd", "-dcq", os.path.join(FIXTURES, name + ".zst")], check=True, capture_output=True).stdout


def quakes():
    return raw("usgs-earthquakes-2018-02.ndjson")


def sensors():
    """With the header line."""
    return raw("nab-sensors.csv")


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def by_topic(lines, topic_of):
    """Topic to its lines, joined, in order."""
    topics = {}
    for line in lines:
        topics.setdefault(topic_of(line), []).append(line)
    return {topic: b"".join(parts) for topic, parts in topics.items()}


@functools.lru_cache(maxsize=None)
def sensor_topics():
    def topic(line):
        return re.sub(r"[^a-zA-Z0-9._-]", ".", line.split(b",", 2)[1].decode())
    return by_topic(sensors().splitlines(keepends=True)[1:], topic)


@functools.lru_cache(maxsize=None)
def quake_nets():
    return by_topic(quakes().splitlines(keepends=True), lambda line: json.loads(line)["properties"]["net"])


def quakes_by_update():
    """The same earthquakes in the order of their last revision: event times are out of order."""
    lines = quakes().splitlines(keepends=True)
    return b"".join(sorted(lines, key=lambda line: json.loads(line)["properties"]["updated"]))
