import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';

/** HTTP/2 flow-control window of both sides. With gRPC's default of 64 KiB a 2 ms round trip leaves 18 MB/s. */
export const WINDOW_BYTES = 16 * 2 ** 20;

/** Size of a chunk's data if nobody says otherwise: within 256 KiB to 1 MiB grpc-js moves most. */
export const DEFAULT_CHUNK_BYTES = 512 * 2 ** 10;

/** Largest chunk that a server takes. */
export const MAX_CHUNK_BYTES = 2 ** 20;

/** Largest message of any kind: the table of tensors of a large model, or a chunk and its frame. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** Longest name, reason or key that is taken from the wire. */
export const MAX_TEXT_LENGTH = 256;

/** Most entries of `PushHeader.timings_ms`. */
export const MAX_TIMINGS = 16;

/** Most connections of a lane, and most connections of the gRPC port. */
export const MAX_LANES = 256;
export const MAX_CONNECTIONS = 1024;

/** Most members of a run, and most Joins in a second; more are told to come back. */
export const MAX_MEMBERS = 1024;
export const MAX_JOINS_PER_SECOND = 50;

/** Options of every channel: bounded messages, wide windows, quick reconnects, and a dead peer is noticed in seconds. */
export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc-node.flow_control_window': WINDOW_BYTES,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.dns_min_time_between_resolutions_ms': 2000,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
  // A connection of its own per channel: control messages never queue behind tensors.
  'grpc.use_local_subchannel_pool': 1,
};

/** Options of every server; its windows are set by `widenWindows`. */
export const SERVER_OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_concurrent_streams': 64,
  'grpc.enable_channelz': 0,
};
