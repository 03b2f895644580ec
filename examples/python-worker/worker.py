"""A worker in Python: joins a run, pulls the parameters, computes a trivial gradient, pushes it. See docs/protocol.md.

    pip install grpcio grpcio-tools
    python worker.py HOST:PORT FROZEN_DIGEST ENGINE_VERSION
"""
import pathlib, queue, sys, tempfile, threading, time, uuid, zlib
from array import array

import grpc
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"
generated = tempfile.mkdtemp()
names = [f"llava/v1/{name}.proto" for name in ("common", "coordinator", "parameters")]
protoc.main(["protoc", f"-I{PROTOS}", f"--python_out={generated}", f"--grpc_python_out={generated}", *names])
sys.path.insert(0, generated)
from llava.v1 import common_pb2 as c, coordinator_pb2 as co, coordinator_pb2_grpc, parameters_pb2 as p, parameters_pb2_grpc  # noqa: E402

address, frozen_digest, engine_version = sys.argv[1:4]
channel = grpc.insecure_channel(address)
coordinator, parameters = coordinator_pb2_grpc.CoordinatorStub(channel), parameters_pb2_grpc.ParametersStub(channel)

incarnation = str(uuid.uuid4())
mark = c.Fingerprint(protocol_version=1)
run = coordinator.Join(co.JoinRequest(worker=f"python-{incarnation[:8]}", incarnation=incarnation, fingerprint=mark), timeout=10)
mark.config_digest, mark.frozen_digest, mark.engine_version = run.config_digest, frozen_digest, engine_version
member = c.Member(run_id=run.run_id, generation=run.generation, incarnation=incarnation)

up = queue.Queue()  # what goes up the session: hello first, then heartbeats, Ready and Leave
up.put(co.SessionUp(hello=co.SessionHello(member=member)))


def beat():
    for sequence in range(1, 2**31):
        time.sleep(run.heartbeat_ms / 1000)
        up.put(co.SessionUp(heartbeat=co.Heartbeat(sequence=sequence, phase=co.Heartbeat.PHASE_COMPUTING)))


def pull(grant):  # the table of tensors and their float32 values, one after the other
    header, payload = None, bytearray()
    want = p.PullRequest(member=member, stage=grant.lease.stage, version=grant.version, encoding=c.ENCODING_FLOAT32)
    for part in parameters.Pull(want, timeout=60):
        if part.HasField("header"):
            header = part.header
        payload += part.chunk.data  # empty for other parts
    assert (part.end.bytes, part.end.crc32) == (len(payload), zlib.crc32(payload))
    return header, array("f", bytes(payload))


def push(grant, header, gradient):
    payload, size = gradient.tobytes(), run.chunk_bytes
    first = p.PushHeader(member=member, lease=grant.lease, version=grant.version, encoding=c.ENCODING_FLOAT32,
                         layout_digest=header.layout_digest, label_tokens=grant.count, loss_sum=1.0)
    parts = [p.PushPart(header=first)]
    parts += [p.PushPart(chunk=c.Chunk(offset=at, data=payload[at : at + size])) for at in range(0, len(payload), size)]
    parts += [p.PushPart(commit=c.Commit(bytes=len(payload), crc32=zlib.crc32(payload)))]
    return parameters.Push(iter(parts), timeout=60)


threading.Thread(target=beat, daemon=True).start()
stage, ready = run.stage, co.SessionUp(ready=co.Ready(fingerprint=mark, prepared_stage=run.stage))
for down in coordinator.Session(iter(up.get, None)):
    kind = down.WhichOneof("message")
    if kind == "grant":
        header, values = pull(down.grant)
        learning = array("f")  # the trivial gradient: a thousandth of the parameters, as if the loss were their sum of squares
        at = 0
        for tensor in header.tensors:
            size = 1
            for axis in tensor.shape:
                size *= axis
            if tensor.learns:
                learning.extend(value / 1000 for value in values[at : at + size])
            at += size
        outcome = push(down.grant, header, learning)
        print(f"step {down.grant.lease.step} lease {down.grant.lease.lease}: {p.PushReply.Outcome.Name(outcome.outcome)}", flush=True)
    elif kind == "stage_change":
        ready.ready.prepared_stage = down.stage_change.stage
    elif kind in ("done", "drain"):
        up.put(co.SessionUp(leave=co.Leave(reason=kind)))
        up.put(None)
        print(kind, flush=True)
        break
    if kind in ("welcome", "grant", "stage_change"):
        up.put(ready)
channel.close()
