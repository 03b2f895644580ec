"""The peer's end of the benchmark protocol: see benchmarks/src/contestant.ts."""
import json
import resource
import sys
import time


def serve(ready, step):
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({"peakBytes": peak}), flush=True)
            return
        started = time.perf_counter()
        step()
        print(json.dumps({"ms": (time.perf_counter() - started) * 1e3}), flush=True)
