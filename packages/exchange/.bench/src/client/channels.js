import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { loadLlavaV1 } from '@llava-ts/protos';
import { CHANNEL_OPTIONS } from '../wire/limits.js';
import { fastParametersService } from '../wire/parts.js';
/** Opens nothing yet: gRPC connects with the first call. */
export function createChannels(address, security = credentials.createInsecure()) {
    const coordinator = new (loadLlavaV1().Coordinator)(address, security, CHANNEL_OPTIONS);
    const ParametersConstructor = makeGenericClientConstructor(fastParametersService(), 'Parameters');
    const shards = new Map();
    return {
        coordinator,
        parameters(shard) {
            const target = shard.address === '' ? address : shard.address;
            const known = shards.get(target);
            if (known !== undefined)
                return known;
            const channel = new ParametersConstructor(target, security, CHANNEL_OPTIONS);
            shards.set(target, channel);
            return channel;
        },
        close() {
            coordinator.close();
            for (const channel of shards.values())
                channel.close();
        },
    };
}
//# sourceMappingURL=channels.js.map