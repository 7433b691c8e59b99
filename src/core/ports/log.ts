export type LogFields = Readonly<Record<string, unknown>>;

/** One JSON object a line; never given a token, key or signature. */
export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};
