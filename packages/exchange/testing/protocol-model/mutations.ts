import type { LeaseResult, OpenRun } from '@llava-ts/trainer';
import type { PushContext } from '../../src/server/push-intake.js';
import type { ServedParameters } from '../../src/server/served-parameters.js';
import type { Mutation } from './model-run.js';

/** Rules of the protocol, each broken on purpose by wrapping the part that keeps it; a check that does not find one of them is worth nothing. */
export const MUTATIONS: Readonly<Record<string, () => Mutation>> = {
  'leases are added in the order of arrival': () => ({
    thread(methods) {
      let arrived = 0;
      const anew = (method: string) => (argument: unknown) => {
        arrived = 0;
        return methods[method]?.(argument);
      };
      return {
        ...methods,
        add(argument) {
          const result = methods['add']?.({ ...(argument as { lease: number }), lease: arrived });
          arrived += 1;
          return result;
        },
        apply: anew('apply'),
        discard: anew('discard'),
      };
    },
  }),
  'a lease that comes twice is added twice': () => {
    let again: ReadonlyMap<string, Float32Array>[] = [];
    return {
      pushes: withParameters((real) => ({
        judge: (lease) => (real.judge(lease) === 'stale' ? 'stale' : 'accepted'),
        accept(result, arrays) {
          if (real.judge(result.lease) === 'duplicate') again.push(copied(result).gradients);
          return real.accept(result, arrays);
        },
      })),
      thread: (methods) => ({
        ...methods,
        add(argument) {
          const { gradients } = argument as LeaseResult;
          for (const extra of again)
            for (const [name, values] of extra)
              gradients.get(name)?.forEach((value, i, sum) => (sum[i] = value + (values[i] ?? 0)));
          again = [];
          return methods['add']?.(argument);
        },
      }),
    };
  },
  'a lease is lost: it counts and is not added': () => ({
    thread: (methods) => ({
      ...methods,
      add(argument) {
        const { lease, gradients } = argument as { lease: number; gradients: LeaseResult['gradients'] };
        if (lease === 1) for (const values of gradients.values()) values.fill(0);
        return methods['add']?.(argument);
      },
    }),
  }),
  'a push of an earlier step counts for the step in work': () => ({
    pushes: withParameters((real) => ({
      find(id) {
        const { stage, version } = real.current();
        const lease = real.find({ stage, step: version, lease: id.lease });
        return lease && { ...lease, version: id.step };
      },
      judge: (lease) => real.judge({ ...lease, version: lease.step }),
      accept: (result, arrays) =>
        real.accept({ ...result, lease: { ...result.lease, version: result.lease.step } }, arrays),
    })),
  }),
  'anybody may push any lease': () => ({
    pushes: (context) => ({
      ...context,
      coordinator: { members: context.coordinator.members, wasGranted: () => true },
    }),
  }),
  'a worker that was given up may still push': () => ({
    pushes(context) {
      const { coordinator } = context;
      const known = new Map<string, ReturnType<typeof coordinator.members.require>>();
      const require = (incarnation: string) => {
        const member = known.get(incarnation) ?? coordinator.members.require(incarnation);
        known.set(incarnation, member);
        return member;
      };
      return {
        ...context,
        coordinator: { members: { require }, wasGranted: (member, lease) => coordinator.wasGranted(member, lease) },
      };
    },
  }),
  'numbers that are not finite are taken as zero': () => ({
    pushes: withParameters((real) => ({
      accept(result, arrays) {
        const gradients = new Map(
          [...result.gradients].map(([name, values]) => [
            name,
            values.map((value) => (Number.isNaN(value) ? 0 : value)),
          ]),
        );
        return real.accept({ ...result, gradients }, { ...arrays, finite: true });
      },
    })),
  }),
  'the lease of a worker that died stays its own': () => ({
    run: (run: OpenRun) => ({
      ...run,
      config: { ...run.config, exchange: { ...run.config.exchange, leaseTimeoutMs: 1e9 } },
    }),
    host: (host) => ({ ...host, tick: () => {} }),
  }),
  'a snapshot is newer than it says': () => ({
    snapshot: (snapshot) => ({
      ...snapshot,
      position: { ...snapshot.position, step: Math.max(0, snapshot.position.step - 1) },
    }),
  }),
  'what was added stays in the sum when a lease is left out': () => ({
    thread: (methods) => ({ ...methods, discard: () => {} }),
  }),
};

function withParameters(change: (real: ServedParameters) => Partial<ServedParameters>) {
  return (context: PushContext): PushContext => ({
    ...context,
    parameters: { ...context.parameters, ...change(context.parameters) },
  });
}

function copied(result: LeaseResult): LeaseResult {
  return { ...result, gradients: new Map([...result.gradients].map(([name, values]) => [name, values.slice()])) };
}
