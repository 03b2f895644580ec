import { randomInt } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { IMAGE_PLACEHOLDER } from '@llava-ts/data';
import type { Turn } from '@llava-ts/data';
import type { RowOptions } from '@llava-ts/llava';
import type {
  AssistantHandlers,
  ChatChunkInput,
  ChatChunkMessage,
  ChatRequestMessage,
  ChatTurnMessage,
} from '@llava-ts/protos';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { answerQuestion } from '../answering.js';
import type { Desk } from '../answering.js';
import { apiError, failureDetails } from '../api-failure.js';
import { isBearer } from '../api-key.js';
import type { Conversation } from '../model/assistant.js';

/** What the service answers from. */
export interface RpcSite {
  readonly desk: Desk;
  /** That callers must send as `authorization: Bearer KEY`; null for none. */
  readonly apiKey: string | null;
  readonly limits: { readonly maxImages: number; readonly maxBodyBytes: number };
}

type ChatCall = ServerWritableStream<ChatRequestMessage, ChatChunkInput | ChatChunkMessage>;

/** The Assistant service. */
export function assistantHandlers(site: RpcSite): AssistantHandlers {
  return {
    Chat(call) {
      chat(site, call).then(
        () => call.end(),
        (error: unknown) => call.emit('error', rpcStatus(error)),
      );
    },
  };
}

async function chat({ desk, apiKey, limits }: RpcSite, call: ChatCall): Promise<void> {
  const authorization = call.metadata.get('authorization').map(String)[0];
  if (apiKey !== null && !isBearer(authorization, apiKey))
    throw apiError('refused', 'the API key is missing or wrong', { status: 401, code: null });
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  const { request } = call;
  const answered = await answerQuestion(desk, {
    conversation: readTurns(request.turns, limits.maxImages),
    options: options(request, desk.assistant.maxNewTokens),
    stops: request.stop.filter((stop) => stop !== '').slice(0, 4),
    onText: (text) => void call.write({ text }),
    signal: gone.signal,
  });
  call.write({
    finish: answered.finish === 'stop' ? 'FINISH_STOP' : 'FINISH_LENGTH',
    promptTokens: answered.promptTokens,
    completionTokens: answered.completionTokens,
  });
}

function readTurns(turns: readonly ChatTurnMessage[], maxImages: number): Conversation {
  const pictures = turns.flatMap(({ pictures: ofTurn }) => ofTurn);
  if (pictures.length > maxImages)
    throw new LlavaError('bad-input', `turns: at most ${maxImages} picture(s) are taken, got ${pictures.length}`);
  const read = ({ role, text, pictures: ofTurn }: ChatTurnMessage, index: number): Turn => {
    if (role === 'ROLE_UNSPECIFIED')
      throw new LlavaError('bad-input', `turns[${index}].role: expected user or assistant`);
    if (text.includes(IMAGE_PLACEHOLDER))
      throw new LlavaError('bad-input', `turns[${index}].text: holds a literal ${IMAGE_PLACEHOLDER}; give pictures`);
    if (role === 'ROLE_ASSISTANT' && ofTurn.length > 0)
      throw new LlavaError('bad-input', `turns[${index}].pictures: only a user shows pictures`);
    const value = [...ofTurn.map(() => IMAGE_PLACEHOLDER), text].join('\n');
    return { from: role === 'ROLE_USER' ? 'human' : 'gpt', value };
  };
  return { turns: turns.map(read), pictures };
}

function options(request: ChatRequestMessage, most: number): RowOptions {
  const { maxTokens, temperature, topP, topK, seed } = request;
  const inRange = temperature >= 0 && temperature <= 2 && topP >= 0 && topP <= 1;
  if (!inRange) throw new LlavaError('bad-input', 'temperature: expected 0 to 2; top_p: expected 0 to 1');
  return {
    maxNewTokens: maxTokens === 0 ? most : Math.min(maxTokens, most),
    temperature,
    seed: seed ?? randomInt(2 ** 31),
    ...(topP > 0 && { topP }),
    ...(topK > 0 && { topK }),
  };
}

const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  429: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

function rpcStatus(error: unknown): { code: status; details: string } {
  const code = CODES[failureDetails(error).status] ?? status.INTERNAL;
  return { code, details: code === status.INTERNAL ? 'the server failed; its log says why' : errorLine(error) };
}
