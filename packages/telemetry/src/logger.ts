/** Structured facts that go with a message. Never put secrets here. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** Where messages go. Every package takes one; none owns a global. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops everything: the default of library code. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
