"""All-reduce of float32 gradients among processes with gloo, then fused AdamW in each: what data-parallel torch does per step on CPUs.

Arguments: processes, parameters.
"""
import os
import sys
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from protocol import serve


def prepare(rank, processes, parameters, place):
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    dist.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=processes)
    parameter = torch.nn.Parameter(torch.full((parameters,), 0.5))
    parameter.grad = torch.full((parameters,), 0.01)
    optimizer = torch.optim.AdamW([parameter], lr=1e-3, fused=True)

    def step():
        if processes > 1:
            dist.all_reduce(parameter.grad)
        parameter.grad.mul_(1 / processes)
        optimizer.step()

    return step


def follow(rank, processes, parameters, place, words):
    step = prepare(rank, processes, parameters, place)
    step()
    step()
    while words.get() == "step":
        step()


if __name__ == "__main__":
    processes, parameters = int(sys.argv[1]), int(sys.argv[2])
    context = mp.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        place, queues = os.path.join(folder, "gloo"), [context.Queue() for _ in range(processes - 1)]
        others = [
            context.Process(target=follow, args=(rank + 1, processes, parameters, place, words), daemon=True)
            for rank, words in enumerate(queues)
        ]
        for other in others:
            other.start()
        own = prepare(0, processes, parameters, place)

        def step():
            for words in queues:
                words.put("step")
            own()

        own()
        own()
        serve({"processes": processes}, step)
