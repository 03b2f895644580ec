import { Client, Server, ServerCredentials, credentials, status } from '@grpc/grpc-js';

const raw = {
  requestSerialize: (b) => b,
  requestDeserialize: (b) => b,
  responseSerialize: (b) => b,
  responseDeserialize: (b) => b,
};
const method = (service, name, requestStream, responseStream) => ({
  path: `/llava.v1.${service}/${name}`,
  requestStream,
  responseStream,
  ...raw,
});
const METHODS = {
  Join: method('Coordinator', 'Join', false, false),
  Session: method('Coordinator', 'Session', true, true),
  Pull: method('Parameters', 'Pull', false, true),
  Push: method('Parameters', 'Push', true, false),
};
const LATE_MS = 300;
const LOST = { code: status.UNAVAILABLE, details: 'lost on the way' };
const LIMITS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/**
 * A gRPC proxy that knows nothing of what it carries, and does one thing to every so-manieth call of a method: loses the request, loses the
 * response, delivers the call twice or late, or cuts its stream.
 */
export async function startMessageProxy(target, { method: name, fault, every }) {
  const client = new Client(target, credentials.createInsecure(), LIMITS);
  const server = new Server(LIMITS);
  let calls = 0;
  let faults = 0;
  const hit = (called) => called === name && ++calls % every === 0 && faults < 8 && ++faults > 0;

  /** Sends whole requests on; gives all that comes back. */
  function forward(called, requests) {
    const { path, requestSerialize, responseDeserialize } = METHODS[called];
    const options = { deadline: Date.now() + 20_000 };
    return new Promise((resolve) => {
      const answers = [];
      if (called === 'Pull') {
        const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, requests[0], options);
        call.on('data', (part) => answers.push(part));
        call.on('error', (error) => resolve({ error }));
        call.on('end', () => resolve({ answers }));
        return;
      }
      const done = (error, answer) => resolve(error ? { error } : { answers: [answer] });
      if (called === 'Join')
        return client.makeUnaryRequest(path, requestSerialize, responseDeserialize, requests[0], options, done);
      const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, options, done);
      call.on('error', () => {});
      for (const part of requests) call.write(part);
      call.end();
    });
  }

  async function carry(called, requests) {
    if (!hit(called)) return forward(called, requests);
    if (fault === 'request lost') return { error: LOST };
    if (fault === 'response lost') {
      await forward(called, requests);
      return { error: LOST };
    }
    if (fault === 'delivered twice') {
      const [first] = await Promise.all([forward(called, requests), forward(called, requests)]);
      return first;
    }
    // Late: the caller hears that it failed and goes on; the message arrives after its next ones.
    setTimeout(() => void forward(called, requests), LATE_MS);
    return { error: LOST };
  }

  const plain = ({ code, details }) => ({ code, details });
  server.addService(METHODS, {
    Join: async (call, callback) => {
      const { error, answers } = await carry('Join', [call.request]);
      callback(error ? plain(error) : null, answers?.[0]);
    },
    Push(call, callback) {
      const requests = [];
      call.on('data', (part) => requests.push(part));
      call.on('end', async () => {
        const { error, answers } = await carry('Push', requests);
        callback(error ? plain(error) : null, answers?.[0]);
      });
    },
    async Pull(call) {
      const { error, answers } = await carry('Pull', [call.request]);
      if (error) return void call.emit('error', plain(error));
      for (const part of answers) call.write(part);
      call.end();
    },
    Session(call) {
      const { path, requestSerialize, responseDeserialize } = METHODS.Session;
      const on = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      call
        .on('data', (up) => on.write(up))
        .on('end', () => on.end())
        .on('cancelled', () => on.cancel())
        .on('error', () => {});
      on.on('data', (down) => call.write(down))
        .on('end', () => call.end())
        .on('error', (error) => call.emit('error', plain(error)));
      if (hit('Session')) setTimeout(() => on.cancel(), LATE_MS);
    },
  });
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    faults: () => faults,
    close() {
      client.close();
      server.forceShutdown();
    },
  };
}
