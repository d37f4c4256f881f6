# Reads a TensorBoard event file with nothing but the standard library; prints one JSON object. A second implementation,
# written from the format's description: TFRecord framing, masked CRC-32C, protobuf wire format.
import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at : at + size], at + size
            assert len(value) == size
            if kind == 1:
                value = struct.unpack('<d', value)[0]
            if kind == 5:
                value = struct.unpack('<f', value)[0]
        found.setdefault(key >> 3, []).append(value)
    return found


data = open(sys.argv[1], 'rb').read()
at, events = 0, []
while at < len(data):
    (length,) = struct.unpack_from('<Q', data, at)
    if at + 16 + length > len(data):
        break  # cut off by a crash
    (length_crc,) = struct.unpack_from('<I', data, at + 8)
    content = data[at + 12 : at + 12 + length]
    (content_crc,) = struct.unpack_from('<I', data, at + 12 + length)
    assert length_crc == masked(data[at : at + 8]), 'CRC of a length'
    assert content_crc == masked(content), 'CRC of an event'
    at += 16 + length
    event = fields(content)
    out = {'time': event[1][0], 'step': event.get(2, [0])[0]}
    if 3 in event:
        out['version'] = event[3][0].decode()
    if 7 in event:
        out['status'] = fields(event[7][0])[1][0]
    for summary in event.get(5, []):
        for raw in fields(summary)[1]:
            value = fields(raw)
            out['tag'] = value[1][0].decode()
            if 2 in value:
                out['scalar'] = value[2][0]
            if 5 in value:
                h = fields(value[5][0])
                doubles = lambda raw: list(struct.unpack('<%dd' % (len(raw) // 8), raw))
                out['histogram'] = {
                    'totals': [h[n][0] for n in range(1, 6)],
                    'limits': doubles(h[6][0]),
                    'counts': doubles(h[7][0]),
                }
    events.append(out)
print(json.dumps(events))
