// The port of an application's Redis connection, independent of its library.

/** Name in upper case, then arguments. */
export type Command = readonly [name: string, ...args: string[]];

/** A connection. Its calls reject with errors of the library or the server. */
export interface Connection {
  /** Whether keys are in slots. A command, transaction or script may use keys of one slot only. */
  readonly isCluster: boolean;
  /** Whether the library resends commands in flight after a lost connection. They may then run twice. */
  readonly mayResend: boolean;
  isReady(): boolean;
  /**
   * Registers a listener for errors outside of commands, such as a wrong password on connecting. Without a
   * listener, such an error ends the process.
   */
  onError(listener: (cause: unknown) => void): void;
  /** Resolves with the reply in RESP2 format. */
  send(command: Command): Promise<unknown>;
  /** Runs MULTI, the commands and EXEC. Resolves with the replies; each refusal is an `Error`. */
  transact(commands: readonly Command[]): Promise<readonly unknown[]>;
}
