// What is asked of a connection that an application has to its Redis, whichever library made it.

/** A name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: string[]];

/** One connection. What its calls reject with is the library's own error, or the server's. */
export interface Connection {
  /** Keys lie in slots: one command, one transaction and one script are about keys of one slot. */
  readonly isCluster: boolean;
  /** Does it send again what was on its way as it was lost? Then a command may run twice. */
  readonly mayResend: boolean;
  isReady(): boolean;
  /**
   * Tells of errors that no command meets, such as a password that is refused as it connects. With a
   * listener, none of them ends the process.
   */
  onError(listener: (cause: unknown) => void): void;
  /** Resolves with the reply as RESP2 has it. */
  send(command: Command): Promise<unknown>;
  /** MULTI, the commands, EXEC: resolves with the replies, an `Error` in the place of each refusal. */
  transact(commands: readonly Command[]): Promise<readonly unknown[]>;
}
