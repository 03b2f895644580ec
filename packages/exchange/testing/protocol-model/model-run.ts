import { PROTOCOL_VERSION, type PushHeaderMessage } from '@llava-ts/protos';
import { LlavaError, silentLogger } from '@llava-ts/telemetry';
import type { Lease, LeaseId, OpenRun, RunConfig, RunSnapshot } from '@llava-ts/trainer';
import { preparePull } from '../../src/server/pull-handler.js';
import type { PushContext } from '../../src/server/push-intake.js';
import { createRunHost, type RunHost } from '../../src/server/run-host.js';
import type { Member, MemberLink } from '../../src/server/members.js';
import { memoryRecorder } from '../toy-run.js';
import { createAppliedSteps, Violation } from './applied-steps.js';
import { integerResult } from './integer-device.js';
import { beginPush, type MadePush, type ModelPush, type PushAnswer } from './model-push.js';
import type { SequentialRun } from './sequential-run.js';
import { createSteppedThread, type SteppedThread, type ThreadMethods } from './stepped-thread.js';

/** What can happen next. `who` and `pick` choose among what there is. */
export interface ModelAction {
  readonly kind: (typeof ACTIONS)[number];
  readonly who: number;
  readonly pick: number;
}

/** Every kind of action; the usual ones stand here more than once, so that runs get somewhere. */
export const ACTIONS = [
  ...([
    'deliver',
    'deliver',
    'deliver',
    'deliver',
    'deliver nan',
    'deliver nan',
    'thread',
    'thread',
    'thread',
  ] as const),
  ...(['enter', 'enter', 'ask', 'ask', 'compute', 'compute nan', 'begin', 'begin', 'send', 'send', 'send'] as const),
  ...(['repeat', 'repeat', 'forge', 'damage', 'cut push', 'cut session', 'die', 'leave', 'hand back'] as const),
  ...(['pass', 'pass', 'pause', 'resume', 'resume', 'resume', 'snapshot', 'rewind'] as const),
] as const;

/** One rule that is broken on purpose. */
export interface Mutation {
  readonly thread?: (methods: ThreadMethods) => ThreadMethods;
  readonly pushes?: (context: PushContext) => PushContext;
  readonly snapshot?: (snapshot: RunSnapshot) => RunSnapshot;
  readonly host?: (host: RunHost) => RunHost;
  readonly run?: (run: OpenRun) => OpenRun;
}

/** How a run is explored. */
export interface ModelRunOptions {
  /** Gives the run at its beginning. */
  readonly open: () => OpenRun;
  readonly sequential: SequentialRun;
  readonly policy: NonNullable<RunConfig['train']['badGradients']>;
  /** Lets timers see that time has passed. */
  readonly advanceTimers: (ms: number) => void;
  readonly mutation?: Mutation;
  /** Counts what happened. */
  readonly seen: Map<string, number>;
}

/** A server and its workers in memory: everything but the wire and the threads is the real thing. */
export interface ModelRun {
  /** @throws {Violation} */
  act(action: ModelAction): Promise<void>;
  /** Whatever was left behind, one living worker ends the run. @throws {Violation} */
  finish(): Promise<void>;
}

const WORKERS = ['a', 'b', 'c', 'last'];
const HEARTBEAT_TIMEOUT_MS = 8000;
const MOST_TURNS = 150;

interface ModelWorker {
  readonly name: string;
  process: number;
  member: Member | null;
  link: MemberLink | null;
  stage: number;
  lease: Lease | null;
}

const keyOf = ({ stage, step, lease }: LeaseId): string => `${stage}/${step}/${lease}`;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Starts a run. */
export async function startModelRun(options: ModelRunOptions): Promise<ModelRun> {
  const { open, sequential, policy, seen, mutation = {} } = options;
  let nowMs = 0;
  let host: RunHost;
  let pushes: PushContext;
  let thread: SteppedThread;
  let recorder: ReturnType<typeof memoryRecorder>;
  let saved: RunSnapshot | null = null;
  /** Of this server: failures by lease, leases by member, leases answered `accepted`. */
  let failures = new Map<string, number>();
  let granted = new Map<Member, Set<string>>();
  let accepted = new Set<string>();
  let mustFail = false;
  /** Never forgotten: what an earlier server's workers sent may arrive at the next one. */
  const made: MadePush[] = [];
  let sending: ModelPush[] = [];
  const workers = WORKERS.map((name): ModelWorker => ({
    name,
    process: 0,
    member: null,
    link: null,
    stage: 0,
    lease: null,
  }));
  const most = policy === 'stop' ? 1 : 3;
  const mayBeSkipped = (lease: LeaseId): boolean => policy === 'skip' && (failures.get(keyOf(lease)) ?? 0) >= most;
  const applied = createAppliedSteps(open(), { sequential, mayBeSkipped });
  const note = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);

  async function start(): Promise<void> {
    thread = createSteppedThread(applied, mutation.thread);
    const memory = memoryRecorder();
    recorder = {
      ...memory,
      step(facts, at) {
        applied.check(facts, at.boundary());
        return memory.step(facts, at);
      },
    };
    const run = mutation.run?.(open()) ?? open();
    const { badGradients: _, ...train } = run.config.train;
    const real = await createRunHost({
      run: { ...run, config: { ...run.config, train: { ...train, badGradients: policy } } },
      runId: 'model',
      recorder,
      ...(saved && { resumed: mutation.snapshot?.(saved) ?? saved }),
      frozenDigest: null,
      heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      laneAddress: () => '',
      logger: silentLogger,
      now: () => nowMs,
      unixMs: () => nowMs,
      startThread: thread.start,
    });
    real.ending.ended.catch(() => {});
    host = mutation.host?.(real) ?? real;
    pushes = mutation.pushes?.(host.pushes) ?? host.pushes;
    failures = new Map();
    granted = new Map();
    accepted = new Set();
    mustFail = false;
  }

  /** The server dies, and another one goes on from the last snapshot. */
  async function rewind(): Promise<void> {
    saved = recorder.snapshots.at(-1) ?? saved;
    for (const push of sending.splice(0)) push.cut();
    host.coordinator.close(new LlavaError('unavailable', 'the server died'));
    await host.close();
    for (const worker of workers) forget(worker);
    applied.rewind(saved?.position ?? null);
    await start();
  }

  function forget(worker: ModelWorker): void {
    Object.assign(worker, { member: null, link: null, lease: null });
  }
  function linkOf(worker: ModelWorker): MemberLink {
    const link: MemberLink = {
      grant({ lease, version, first, count }) {
        if (worker.link !== link || worker.member === null) return;
        worker.lease = { ...lease, version, first, count };
        granted.set(worker.member, (granted.get(worker.member) ?? new Set()).add(keyOf(lease)));
      },
      stageChange: (stage) => void (worker.stage = stage),
      done: () => {},
      drain: () => {},
      cancel(lease) {
        if (worker.lease !== null && keyOf(worker.lease) === keyOf(lease)) worker.lease = null;
      },
      end(error) {
        if (worker.link === link && error !== null) forget(worker);
      },
    };
    return link;
  }
  const generation = (): number => host.pushes.identity.generation;
  const speaker = (worker: ModelWorker): PushHeaderMessage['member'] => ({
    runId: 'model',
    generation: generation(),
    incarnation: `${worker.name}-${worker.process}`,
  });
  function fingerprint() {
    const { configDigest } = host.pushes.identity;
    return { protocolVersion: PROTOCOL_VERSION, configDigest, frozenDigest: 'frozen', engineVersion: 'integers' };
  }

  function enter(worker: ModelWorker): void {
    if (worker.member !== null) return;
    const { incarnation = '' } = speaker(worker) ?? {};
    try {
      worker.member = host.coordinator.join({ worker: worker.name, incarnation, fingerprint: fingerprint() });
    } catch (error) {
      if (error instanceof LlavaError && error.code === 'refused') return note('a namesake is refused');
      throw error;
    }
    attach(worker);
  }
  function attach(worker: ModelWorker): void {
    worker.link = linkOf(worker);
    host.coordinator.attach(speaker(worker), worker.lease === null ? [] : [worker.lease], worker.link);
  }
  function ask({ member, link, lease, stage }: ModelWorker): void {
    if (member !== null && link !== null && lease === null) host.coordinator.ready(member, fingerprint(), stage);
  }
  function compute(worker: ModelWorker, nan: boolean): void {
    const { lease } = worker;
    if (lease === null) return;
    worker.lease = null;
    const { stage, version } = lease;
    const member = speaker(worker);
    let layoutDigest: string;
    try {
      const request = { member, stage, version, encoding: 'ENCODING_FLOAT32' } as Parameters<typeof preparePull>[1];
      layoutDigest = preparePull(host.pulls, request).header.layoutDigest ?? '';
    } catch (error) {
      if (error instanceof LlavaError && error.code === 'refused') return note('a pull is refused');
      throw error;
    }
    const served = host.pulls.parameters.tensors().filter(({ learns }) => learns);
    const { gradients, ...facts } = integerResult(lease, new Map(served.map(({ name, values }) => [name, values])));
    const payload = Float32Array.from(served.flatMap(({ name }) => [...(gradients.get(name) ?? [])]));
    if (nan) payload[payload.length - 1] = NaN;
    const id = { stage, step: lease.step, lease: lease.lease };
    const rest = { encoding: 'ENCODING_FLOAT32', timingsMs: {}, tokens: 0, truncatedSamples: 0 } as const;
    made.push({ header: { ...rest, ...facts, member, lease: id, version, layoutDigest }, payload, fit: !nan });
  }

  /** What the protocol says of a header, from what was seen of grants and steps. */
  function isRight({ member, lease, version }: PushHeaderMessage): boolean {
    const at = applied.position();
    if (member === null || lease === null || at === null) return false;
    if (member.runId !== 'model' || member.generation !== generation()) return false;
    const sender = host.coordinator.members.all().find(({ incarnation }) => incarnation === member.incarnation);
    if (sender === undefined || granted.get(sender)?.has(keyOf(lease)) !== true) return false;
    return lease.stage === at.stage && lease.step === at.step && version === at.step;
  }
  function begin(push: MadePush): void {
    const right = isRight(push.header);
    sending.push(beginPush(pushes, push, (answer) => judge(push, answer, right)));
  }
  function judge({ header, fit }: MadePush, { error, outcome, whole }: PushAnswer, right: boolean): void {
    const { lease } = header;
    if (lease === null) return;
    note(outcome ?? 'refused');
    if (error instanceof LlavaError && error.code === 'internal') applied.break(error.message);
    if (outcome !== null && !right) applied.break(`a push that is stale or foreign was ${outcome}`);
    if (outcome === 'duplicate' && !applied.has(lease) && !accepted.has(keyOf(lease)) && !mayBeSkipped(lease))
      applied.break('a lease that nobody delivered was called a duplicate');
    if (outcome === 'accepted') accept(lease, whole && fit);
    if (error instanceof LlavaError && error.code === 'bad-input' && whole && !fit) fail(lease, true);
  }
  function accept(lease: LeaseId, usable: boolean): void {
    const key = `${applied.attempt()}: ${keyOf(lease)}`;
    if (!usable) applied.break('a push that is damaged or not finite was accepted');
    if (accepted.has(key)) applied.break('a lease was accepted twice');
    accepted.add(key).add(keyOf(lease));
  }
  function fail(lease: LeaseId, unfit: boolean): void {
    note(unfit ? 'gradients are not finite' : 'a worker cannot');
    const times = (failures.get(keyOf(lease)) ?? 0) + 1;
    failures.set(keyOf(lease), times);
    if (times >= most && !(unfit && policy === 'skip')) mustFail = true;
  }

  function forge(push: MadePush, pick: number): void {
    const { header } = push;
    const { member, lease } = header;
    if (member === null || lease === null) return;
    const forged: Partial<PushHeaderMessage>[] = [
      { member: { ...member, incarnation: `${WORKERS[pick % WORKERS.length]}-${pick % 2}` } },
      { member: { ...member, generation: generation() } },
      { member: { ...member, runId: 'another' } },
      { lease: { ...lease, step: lease.step + 1 } },
      { lease: { ...lease, step: lease.step + 1 }, version: header.version + 1 },
      { lease: { ...lease, lease: lease.lease === 0 ? 1 : 0 } },
      { lease: { ...lease, stage: 1 - lease.stage } },
      { version: header.version + 1 },
      { lease: null },
    ];
    const changed = { ...header, ...forged[pick % forged.length] };
    // What it claims to be may be right by chance; then its numbers are not what that lease's would be, and it is not sent.
    if (!isRight(changed)) begin({ ...push, header: changed });
  }

  function pass(ms: number, silent: number): void {
    nowMs += ms;
    options.advanceTimers(ms);
    for (const [index, { member, link }] of workers.entries()) {
      if (member === null || link === null || (silent >> index) & 1) continue;
      const beat = { sequence: 0, phase: 'PHASE_WAITING', residentBytes: 0, device: '', lastError: '' } as const;
      host.coordinator.heartbeat(member, beat);
    }
    host.tick();
  }
  function handBack(worker: ModelWorker, failed: boolean): void {
    const { member, lease } = worker;
    if (member === null || lease === null) return;
    worker.lease = null;
    if (failed) fail(lease, false);
    host.coordinator.release(member, lease, 'it cannot', failed);
  }
  function die(worker: ModelWorker): void {
    if (worker.member !== null && worker.link !== null) host.coordinator.detach(worker.member, worker.link);
    forget(worker);
    worker.process += 1;
    worker.stage = 0;
  }
  function cutSession(worker: ModelWorker, lost: boolean): void {
    if (worker.member === null || worker.link === null) return;
    host.coordinator.detach(worker.member, worker.link);
    if (lost) worker.lease = null;
    attach(worker);
  }
  function leave(worker: ModelWorker): void {
    const { member } = worker;
    forget(worker);
    if (member !== null) host.coordinator.leave(member, 'enough');
  }
  function send(pick: number, damaged: boolean): void {
    const push = sending[pick % Math.max(1, sending.length)];
    if (push !== undefined && !push.send(damaged)) sending = sending.filter((other) => other !== push);
  }

  /** All that a worker does for a lease, as far as it gets. */
  function deliver(worker: ModelWorker, nan: boolean): void {
    enter(worker);
    ask(worker);
    const before = made.length;
    compute(worker, nan);
    const push = made[before];
    if (push === undefined) return;
    begin(push);
    const sent = sending.pop();
    while (sent?.send(false) === true);
  }
  async function perform({ kind, who, pick }: ModelAction): Promise<void> {
    const worker = workers[who % 3];
    const any = made[pick % Math.max(1, made.length)];
    if (worker === undefined) return;
    if (kind === 'enter') enter(worker);
    else if (kind === 'ask') ask(worker);
    else if (kind === 'compute' || kind === 'compute nan') compute(worker, kind === 'compute nan');
    else if (kind === 'deliver' || kind === 'deliver nan') deliver(worker, kind === 'deliver nan');
    else if (kind === 'begin' && made.length > 0) begin(made.at(-1 - (pick % Math.min(2, made.length))) as MadePush);
    else if (kind === 'repeat' && any !== undefined) begin(any);
    else if (kind === 'forge' && any !== undefined) forge(any, pick);
    else if (kind === 'send' || kind === 'damage') send(pick, kind === 'damage');
    else if (kind === 'cut push') sending.splice(pick % Math.max(1, sending.length), 1)[0]?.cut();
    else if (kind === 'cut session') cutSession(worker, pick % 2 === 1);
    else if (kind === 'die') die(worker);
    else if (kind === 'leave') leave(worker);
    else if (kind === 'hand back') handBack(worker, pick % 3 === 0);
    else if (kind === 'thread') thread.step();
    else if (kind === 'pass') pass(1000 * (1 + (pick % 4)), pick >> 2);
    else if (kind === 'pause') host.control.pause();
    else if (kind === 'resume') host.control.resume();
    else if (kind === 'snapshot') host.control.snapshot().catch(() => {});
    else if (kind === 'rewind' && pick % 4 === 0) await rewind();
  }
  async function act(action: ModelAction): Promise<void> {
    if (host.ending.state() === null) {
      note(action.kind);
      await perform(action);
    }
    await settle();
    await mind();
  }
  /** Looks at what became of it. */
  async function mind(): Promise<void> {
    const failed = host.ending.state() === 'FAILED';
    if (failed && !mustFail) {
      await host.ending.ended.catch((error: unknown) =>
        applied.break(`the run failed: ${error instanceof Error ? error.stack : String(error)}`),
      );
    }
    if (mustFail && host.ending.state() === null) applied.break('a run went on that had to fail');
    const violation = applied.violation();
    if (violation !== null) throw violation;
    if (!failed) return;
    note('a run fails');
    while (thread.step()) await settle();
    await settle();
    await rewind();
  }

  async function turn(worker: ModelWorker): Promise<void> {
    pass(4000, 0b0111);
    await settle();
    enter(worker);
    for (let leases = 0; leases < 4; leases++) {
      ask(worker);
      if (worker.lease === null) continue;
      const before = made.length;
      compute(worker, false);
      if (made.length > before) begin(made.at(-1) as MadePush);
      while (sending.length > 0) send(0, false);
      do await settle();
      while (thread.step());
      await mind();
    }
    do await settle();
    while (thread.step());
    await mind();
  }

  await start();
  return {
    act,
    async finish() {
      const last = workers.at(-1) as ModelWorker;
      for (const worker of workers) die(worker);
      for (let turns = 0; host.ending.state() !== 'DONE'; turns++) {
        if (turns > MOST_TURNS)
          throw new Violation(
            `one living worker could not end the run: ${host.coordinator.waitingFor() ?? 'no lease comes'}`,
          );
        if (host.ending.state() === null) host.control.resume();
        await turn(last);
      }
      for (const member of host.coordinator.members.all()) host.coordinator.leave(member, 'the run is over');
      await settle();
      applied.checkLedger();
      note('runs');
      const violation = applied.violation();
      for (const { kind = '' } of host.events.recent()) note(String(kind).replace('KIND_', ''));
      for (const push of sending.splice(0)) push.cut();
      await host.close();
      if (violation !== null) throw violation;
    },
  };
}
