import type { LogFields, Logger } from '@llava-ts/telemetry';
import type { Environment } from './environment.js';

/** A logger that writes a line per message to standard error: time, level, message, fields. */
export function createLog(level: Environment['log']): Logger {
  const line = (name: string, message: string, fields: LogFields = {}): void => {
    const facts = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
    process.stderr.write(`${new Date().toISOString()} ${name} ${message}${facts.join('')}\n`);
  };
  return {
    debug: level === 'debug' ? (message, fields) => line('debug', message, fields) : () => {},
    info: level === 'quiet' ? () => {} : (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, fields) => line('error', message, fields),
  };
}
